from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from recagent_catalogs.errors import BadInput, ToolError
from recagent_catalogs.sandbox import PERSON_TABLES, Caps, Sandbox
from recagent_catalogs.sandbox_gate import Refused, check
from recagent_catalogs.store import Catalog

TABLES = frozenset(("items", "item_stats"))

HARMLESS = (
    "SELECT title, year FROM items WHERE list_contains(genres, 'Sci-Fi') ORDER BY year",
    "SELECT year // 10 * 10 AS decade, count(*) FROM items GROUP BY decade ORDER BY decade",
    "WITH old AS (SELECT * FROM items WHERE year < 2000) SELECT count(*) FROM old",
    "SELECT unnest(genres) AS g, count(*) FROM items GROUP BY g ORDER BY 2 DESC, 1",
    "SELECT title FROM items WHERE title ILIKE '%orbit%' OR about LIKE '%O''Brien%'",
    "SELECT i.title, s.mean_rating FROM items i JOIN item_stats s USING (id) ORDER BY 1",
    "SELECT title FROM items QUALIFY rank() OVER (ORDER BY year) < 3",
    "FROM items SELECT title LIMIT 2",
    "SUMMARIZE items",
    "SELECT max(year) FROM items; -- the newest",
)
HOSTILE = (
    "SELECT content FROM read_text('/etc/hostname')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT getenv('HOME')",
    "SELECT current_setting('temp_directory')",
    "COPY items TO '/tmp/stolen.csv'",
    "EXPORT DATABASE '/tmp/stolen'",
    "ATTACH '/tmp/x.db'",
    "INSTALL httpfs",
    "SET log_query_path='/tmp/log'",
    "PRAGMA database_list",
    "DROP TABLE items",
    "INSERT INTO items (title) VALUES ('x')",
    "CREATE TEMP VIEW items AS SELECT 1",
    "SELECT 1; SELECT 2",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM interactions",
    "SELECT * FROM main.items",
    "WITH items AS (SELECT 1) SELECT * FROM items",
    "WITH interactions AS (SELECT * FROM interactions) SELECT * FROM interactions",
    "SELECT b.* FROM (WITH users AS (SELECT 1) SELECT * FROM users) a, users b",
    "SELECT b.* FROM (WITH duckdb_tables AS (SELECT 1) FROM duckdb_tables) a, duckdb_tables b",
    "SELECT b.* FROM (WITH sqlite_master AS (SELECT 1) FROM sqlite_master) a, sqlite_master b",
    "EXPLAIN SELECT 1",
    "PREPARE q AS SELECT 1",
    "CALL pragma_version()",
    "SELECT * FROM glob('/etc/*')",
    "SELECT nextval('s')",
    "",
    "SELECT 'a\0b'",
    "SELECT " + "(" * 3000 + "1" + ")" * 3000,
    "SELECT '" + "x" * 30_000 + "'",
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


@pytest.mark.parametrize("sql", HARMLESS)
def test_harmless_queries_run(sandbox: Sandbox, sql: str) -> None:
    assert sandbox.query(sql).columns


@pytest.mark.parametrize("sql", HOSTILE)
def test_hostile_queries_are_refused(sandbox: Sandbox, sql: str) -> None:
    with pytest.raises(ToolError, match="refused"):
        sandbox.query(sql)


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


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT sum(a.i * b.i) FROM range(10000000) a(i), range(10000000) b(i)",
        "SELECT len(generate_series(1, 3000000000))",
        "SELECT damerau_levenshtein(repeat('ab', 100000), repeat('ba', 100000))",
    ],
)
def test_a_runaway_query_is_stopped_and_the_next_one_works(films: Catalog, sql: str) -> None:
    with Sandbox(films.path / "catalog.duckdb") as sandbox:
        sandbox.query("SELECT 1")
        started = time.monotonic()
        with pytest.raises(ToolError):
            sandbox.query(sql, timeout_s=0.3)
        assert time.monotonic() - started < 5
        assert sandbox.query("SELECT 1").rows == [[1]]


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
