from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from recagent_catalogs import sandbox, sandbox_gate, sandbox_worker
from recagent_catalogs.errors import ToolError
from recagent_catalogs.sandbox import BRAIN_TABLES, Caps, Sandbox

from . import syntax_trees
from .sql import OWN, Bench, Yard, own, small_database

RECORDED = sorted(OWN.glob("trees-*.json"))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("sql")
    yard = Yard.made(folder / "yard")
    (folder / "data").mkdir()
    database = small_database(folder / "data" / "catalog.duckdb")
    with yard.environment(), Sandbox(database) as worker:
        worker.query("SELECT 1")
        yield Bench(worker, database, BRAIN_TABLES, yard)


@pytest.fixture(scope="module")
def parser() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@pytest.mark.parametrize("category", sorted({category for category, _ in own("hostile.txt")}))
def test_hostile_statements_neither_run_nor_leak_nor_write(bench: Bench, category: str) -> None:
    for _, sql in (one for one in own("hostile.txt") if one[0] == category):
        assert list(bench.hostile(sql)) == [], sql


def test_legitimate_queries_run(bench: Bench) -> None:
    for _, sql in own("legitimate.txt"):
        assert list(bench.legitimate(sql)) == [], sql


def test_a_worker_that_ran_out_of_memory_is_not_used_again(bench: Bench) -> None:
    bench.run("SELECT 1")
    before = bench.sandbox._process
    assert "memory" in bench.run("SELECT len(range(3000000000))").told
    assert bench.sandbox._process is not before
    assert bench.run("SELECT list_sum(range(1000))").ran


def test_times_with_a_zone_are_told_in_utc(bench: Bench) -> None:
    told = bench.run("SELECT TIMESTAMPTZ '2020-01-01 02:00:00+02', now()").told
    assert "2020-01-01 00:00:00+00:00" in told


def test_what_was_left_out_of_a_list_is_counted(bench: Bench) -> None:
    rows = bench.sandbox.query("SELECT range(5000)").rows
    assert rows[0][0][-1] == "… 4,800 more" and len(rows[0][0]) == 201
    whole = bench.sandbox.query("SELECT range(5000)", caps=Caps(cell=1_000_000)).rows
    assert len(whole[0][0]) == 5000


def test_rows_come_while_they_are_taken_and_what_is_left_ends_with_the_next(bench: Bench) -> None:
    stream = bench.sandbox.stream("SELECT i FROM range(1000000) t(i)", caps=Caps(10**9, 10**9))
    assert next(stream.batches)[0] == [0]
    assert bench.sandbox._lines.qsize() <= sandbox._LINES_AHEAD
    stream.batches.close()  # type: ignore[attr-defined]
    assert bench.sandbox.query("SELECT 'next'").rows == [["next"]]


def test_the_clock_runs_only_while_the_worker_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    clock = sandbox._Clock(5)
    with clock.running():
        now = 2.0
    now = 100.0
    assert clock.left_s == 3


def test_bytes_are_capped_and_the_cut_is_said(bench: Bench) -> None:
    sql = "SELECT repeat('x', 1000) FROM range(1000)"
    result = bench.sandbox.query(sql, caps=Caps(rows=1000, bytes=50_000))
    assert result.cut and 40 < len(result.rows) < 50


def test_the_limits_of_the_worker(bench: Bench) -> None:
    bench.run("SELECT 1")
    assert bench.sandbox._process is not None
    place = Path(f"/proc/{bench.sandbox._process.pid}")
    if not place.is_dir():
        pytest.skip("this system does not tell the limits of processes")
    lines = (place / "limits").read_text().splitlines()
    limits = {line[:26].strip(): line[26:].split()[:2] for line in lines}
    assert limits["Max file size"] == ["0", "0"]
    assert limits["Max core file size"] == ["0", "0"]
    assert limits["Max open files"] == ["64", "64"]
    assert int(limits["Max cpu time"][0]) < 60
    assert int(limits["Max data size"][0]) < 2 << 30
    assert int(limits["Max address space"][0]) < 4 << 30
    environment = (place / "environ").read_bytes().split(b"\0")
    assert not [line for line in environment if line and not line.startswith(b"LC_CTYPE=")]
    assert (place / "stat").read_text().rpartition(")")[2].split()[3] == str(
        bench.sandbox._process.pid
    ), "a session of its own"


@pytest.fixture
def database(bench: Bench, tmp_path: Path) -> str:
    """A file that no connection of this process has open: they would share their settings."""
    return str(shutil.copy(bench.database, tmp_path / "catalog.duckdb"))


@pytest.fixture
def locked(database: str) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = sandbox_worker.connect(database, 2000)
    yield connection
    connection.close()


def test_the_connection_is_locked_in_every_setting(locked: duckdb.DuckDBPyConnection) -> None:
    rows = locked.execute("SELECT lower(name), value FROM duckdb_settings()").fetchall()
    settings = {name: str(value).lower() for name, value in rows}
    for name, value in sandbox_worker.BEFORE_OPEN.items():
        if value in ("true", "false"):
            assert settings[name] == value, name
    assert settings["threads"] == "2" and settings["memory_limit"] == "488.2 mib"
    assert settings["enable_external_access"] == "false"
    # DuckDB does not tell the disabled file systems: what they do is seen.
    with pytest.raises(duckdb.PermissionException, match="disabled"):
        locked.execute("FROM read_text('/etc/hostname')")
    assert settings["lock_configuration"] == "true"
    assert settings["temp_directory"] == "" and settings["allowed_directories"] == "[]"
    if "max_execution_time" in settings:
        assert settings["max_execution_time"] == "2000"
    for statement in ("SET threads = 8", "RESET enable_external_access", "DELETE FROM items"):
        with pytest.raises(duckdb.Error):
            locked.execute(statement)


def test_a_lock_that_is_unknown_stops_the_worker(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox_worker, "AFTER_OPEN", ("SET no_such_lock=true",))
    with pytest.raises(duckdb.CatalogException):
        sandbox_worker.connect(database)


def test_settings_of_a_newer_duckdb_may_be_missing(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox_worker, "AFTER_OPEN", ("SET no_such_time={patience_ms}",))
    monkeypatch.setattr(sandbox_worker, "MAY_BE_UNKNOWN", ("no_such_time",))
    sandbox_worker.connect(database).close()


def test_a_persons_timeout_is_not_cut_by_duckdbs_own(bench: Bench) -> None:
    bench.sandbox.query("SELECT 1", timeout_s=30)
    assert bench.sandbox._patience_ms > 30_000
    bench.sandbox.query("SELECT 1")
    assert bench.sandbox._patience_ms == 3_000


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_the_gate_knows_all_kinds_of_a_recorded_version(path: Path) -> None:
    recorded = json.loads(path.read_text(encoding="utf-8"))
    recorded.pop("keys")
    assert set(recorded.pop("")) <= sandbox_gate.NODES
    for name, types in recorded.items():
        assert set(types) <= sandbox_gate._EXPRESSIONS[name]


def test_the_installed_duckdb_makes_the_trees_that_were_recorded() -> None:
    path = OWN / f"trees-{syntax_trees.version()}.json"
    assert path in RECORDED, "a new DuckDB: `just trees`, then look at what is new"
    now = syntax_trees.kinds(syntax_trees.trees())
    assert now == json.loads(path.read_text(encoding="utf-8")), "`just trees` and look at it"


def test_a_node_of_any_unknown_kind_is_refused(parser: duckdb.DuckDBPyConnection) -> None:
    sql = (
        "WITH a AS (SELECT CASE WHEN year > 1 THEN lower(title) END AS t FROM items) "
        "SELECT t, count(*) OVER (), x::INTEGER FROM a JOIN range(3) r(x) ON true WHERE t IN ('b')"
    )
    tree: dict[str, Any] = sandbox_gate.syntax_tree(sql, parser)
    sandbox_gate._check_select(tree, BRAIN_TABLES, frozenset())
    changed = 0
    for node in syntax_trees.nodes(tree):
        for key in ("type", "class"):
            if key in node:
                known, node[key] = node[key], "NEW_IN_DUCKDB_3"
                with pytest.raises(sandbox_gate.Refused):
                    sandbox_gate._check_select(tree, BRAIN_TABLES, frozenset())
                node[key] = known
                changed += 1
    assert changed > 25


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("PIVOT items ON year USING count(*)", "ON column IN"),
        ("EXPLAIN SELECT 1", "send the SELECT itself"),
        ("DROP TABLE items", "nothing here can be changed"),
        ("SELECT 1; SELECT 2", "one SELECT"),
        ("SELECT * FROM ratings", "tables: item_stats, items"),
        ("SHOW TABLES", "tables: item_stats, items"),
        ("SELECT * FROM main.items", "without schema"),
        ("SELECT $1", "write the value itself"),
        ("WITH items AS (SELECT 1) FROM items", "rename it"),
        ("SELECT current_user", "table.current_user"),
        ("SELECT titel FROM items", '"title"'),
        ("SELECT getenv('HOME')", "getenv"),
    ],
)
def test_a_refusal_says_what_to_do(bench: Bench, sql: str, said: str) -> None:
    with pytest.raises(ToolError) as refusal:
        bench.sandbox.query(sql)
    assert said in refusal.value.message
