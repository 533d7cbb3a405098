from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from recagent_catalogs.errors import BadInput, ToolError
from recagent_catalogs.sandbox import PERSON_TABLES, Caps, Sandbox
from recagent_catalogs.sandbox_gate import Refused, check
from recagent_catalogs.store import Catalog

TABLES = frozenset(("items", "item_stats"))

EDGES = (
    "",
    "SELECT 'a\0b'",
    "SELECT " + "(" * 3000 + "1" + ")" * 3000,
    "SELECT " + "[" * 3000 + "1" + "]" * 3000,
    "SELECT " + "NOT " * 3000 + "true",
    "SELECT 1" + " + 1" * 4000,
    "SELECT * FROM items WHERE " + " OR ".join(["year = 1"] * 1900),
    "SELECT '" + "x" * 30_000 + "'",
    "WITH " + ", ".join(f"t{n} AS (FROM t{n - 1})" for n in range(1, 700)) + " FROM t699",
    "SELECT * FROM " + "(SELECT * FROM " * 700 + "items" + ")" * 700,
)


@pytest.fixture(scope="module")
def parser() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def sandbox(films: Catalog) -> Iterator[Sandbox]:
    with Sandbox(films.path / "catalog.duckdb") as sandbox:
        yield sandbox


@pytest.mark.parametrize("sql", EDGES)
def test_what_is_too_deep_or_too_long_ends_in_an_error(sandbox: Sandbox, sql: str) -> None:
    with pytest.raises(ToolError):
        sandbox.query(sql)
    assert sandbox.query("SELECT 1").rows == [[1]]


def test_what_the_query_gives(sandbox: Sandbox) -> None:
    result = sandbox.query("SELECT title, year, genres FROM items WHERE year = 1994 ORDER BY id")
    assert result.columns == ["title", "year", "genres"]
    assert result.rows == [
        ["Night Harbour", 1994, ["Thriller", "Crime"]],
        ["The Glass Orchard", 1994, ["Drama", "Romance"]],
    ]
    assert not result.cut


def test_rows_over_the_cap_are_cut_and_said(sandbox: Sandbox) -> None:
    result = sandbox.query("SELECT i FROM range(1000) t(i)", caps=Caps(rows=10))
    assert len(result.rows) == 10 and result.cut


def test_a_wrong_query_says_what_is_wrong(sandbox: Sandbox) -> None:
    with pytest.raises(ToolError, match="titel"):
        sandbox.query("SELECT titel FROM items")


def test_a_person_may_read_interactions(sandbox: Sandbox) -> None:
    sql = "SELECT count(*) FROM interactions"
    assert sandbox.query(sql, tables=PERSON_TABLES).rows[0][0] > 100


def test_a_runaway_query_is_stopped_and_the_next_one_works(films: Catalog) -> None:
    with Sandbox(films.path / "catalog.duckdb", timeout_s=0.3) as sandbox:
        for sql in (
            "SELECT sum(a.i * b.i) FROM range(10000000) a(i), range(10000000) b(i)",
            "SELECT rpad(title, 1000000000, 'y') FROM items",
            "SELECT damerau_levenshtein(repeat('xyz', 70000), repeat('zyx', 70000))",
        ):
            assert sandbox.query("SELECT 1").rows == [[1]]
            with pytest.raises(ToolError):
                sandbox.query(sql)


def test_after_a_fault_within_duckdb_the_next_query_has_a_new_worker(films: Catalog) -> None:
    with Sandbox(films.path / "catalog.duckdb") as sandbox:
        sandbox.query("SELECT 1")
        first = sandbox._process
        with pytest.raises(ToolError):
            sandbox.query("SELECT reservoir_quantile(x, 0.5, 1000000000) FROM range(10) t(x)")
        assert sandbox.query("SELECT 1").rows == [[1]] and sandbox._process is not first


def test_the_worker_knows_no_secret(films: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "canary-1f3a")
    with Sandbox(films.path / "catalog.duckdb") as sandbox:
        sandbox.query("SELECT 1")
        assert sandbox._process is not None
        environment = Path(f"/proc/{sandbox._process.pid}/environ")
        if environment.exists():
            assert b"canary" not in environment.read_bytes()


def test_a_worker_that_was_killed_is_started_again(films: Catalog) -> None:
    with Sandbox(films.path / "catalog.duckdb") as sandbox:
        sandbox.query("SELECT 1")
        assert sandbox._process is not None
        sandbox._process.kill()
        sandbox._process.wait()
        assert sandbox.query("SELECT 1").rows == [[1]]


def test_ctrl_c_leaves_no_answer_for_the_next_query(
    films: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sandbox(films.path / "catalog.duckdb") as sandbox:
        sandbox.query("SELECT 1")

        def interrupted(clock: object) -> str:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(sandbox, "_receive", interrupted)
            sandbox.query("SELECT 'first'")
        assert sandbox.query("SELECT 'second'").rows == [["second"]]


def test_no_database_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such database"):
        Sandbox(tmp_path / "none.duckdb").query("SELECT 1")


def test_unknown_kinds_of_node_fail_closed(parser: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(Refused):
        check("PIVOT items ON year USING count(*)", TABLES, parser)


def test_the_worker_imports_nothing_of_ours() -> None:
    code = (
        "import sys, recagent_catalogs.sandbox_worker;"
        "print([m for m in sys.modules if m.startswith(('numpy', 'recagent_tools', 'rich'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.strip() == "[]"


def test_the_corpus_of_attacks(bench_data: Path, parser: duckdb.DuckDBPyConnection) -> None:
    tables = frozenset(("items", "item_stats", "ratings"))
    for line in (bench_data / "attacks" / "sql_attacks.jsonl").read_text().splitlines():
        attack = json.loads(line)
        if attack["expect"] == "reject":
            with pytest.raises(Refused):
                check(attack["sql"], tables, parser)
    for line in (bench_data / "attacks" / "sql_legit.jsonl").read_text().splitlines():
        check(json.loads(line)["sql"], tables, parser)
