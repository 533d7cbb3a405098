"""SQL that a model wrote: every statement of the corpus and of our own, with the real limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from recagent_catalogs.sandbox import Sandbox
from tests.hostile.sql import DEAD_S, REFUSAL_S, Bench, Yard, own, small_database

from .trials import Corpora, Trial, tried

HOSTILE = "SQL: hostile statements"
BOUNDED = "SQL: resource bombs"
LEGITIMATE = "SQL: legitimate queries"
QUICK = "SQL: a refusal takes 50 ms at most"
DEAD = "SQL: a runaway is dead within 5.5 s"
STATS = (
    "SELECT i.item_id, i.title, i.year, i.genres, count(r.rating) n_ratings, "
    "avg(r.rating) avg_rating FROM items i LEFT JOIN ratings r USING (item_id) GROUP BY ALL"
)


def run(corpora: Corpora) -> Iterable[Trial]:
    folder = corpora.folder("sql")
    yard = Yard.made(folder / "yard")
    with yard.environment():
        (folder / "own").mkdir()
        database = small_database(folder / "own" / "catalog.duckdb")
        with Sandbox(database) as sandbox:
            bench = Bench(sandbox, database, frozenset(("items", "item_stats")), yard)
            bench.run("SELECT 1")  # the worker's start counts for no trial
            yield from _own_trials(bench)
        fixture = _fixture(corpora, folder / "fixture")
        if fixture is None:
            return
        database, tables, items = fixture
        with Sandbox(database) as sandbox:
            bench = Bench(sandbox, database, tables, yard, items)
            bench.run("SELECT 1")
            yield from _trials(corpora, bench)


def _fixture(corpora: Corpora, folder: Path) -> tuple[Path, frozenset[str], int] | None:
    """The corpus's tables as a DuckDB file, their names, the number of items."""
    import duckdb

    source = corpora.attacks / "sql_fixture" if corpora.attacks else None
    if source is None or not (source / "items.parquet").is_file():
        return None
    folder.mkdir()
    database = folder / "catalog.duckdb"
    names = {path.stem for path in source.glob("*.parquet")}
    with duckdb.connect(str(database)) as connection:
        for name in names:
            connection.execute(
                f'CREATE TABLE "{name}" AS FROM read_parquet(?)', [str(source / f"{name}.parquet")]
            )
        if "ratings" in names and "item_stats" not in names:
            connection.execute(f"CREATE VIEW item_stats AS {_stats(source)}")
            names.add("item_stats")
        row = connection.execute("SELECT count(title) FROM items").fetchone()
    return database, frozenset(names), int(row[0]) if row else 0


def _stats(source: Path) -> str:
    """The view as the corpus's README defines it."""
    readme = source / "README.txt"
    text = readme.read_text(encoding="utf-8") if readme.is_file() else ""
    found = re.search(r"view item_stats = (select .*?)\. ", text, re.S)
    return found[1] if found else STATS


def _trials(corpora: Corpora, bench: Bench) -> Iterator[Trial]:
    for attack in corpora.rows("sql_attacks.jsonl"):
        sql, name = attack["sql"], f"{attack['id']} {attack.get('category', '')}".strip()
        if attack.get("expect") == "bounded":
            limits = {
                key: attack[key]
                for key in ("max_seconds", "max_rss_mb", "max_rows")
                if attack.get(key) is not None
            }
            yield from _bomb(bench, name, sql, limits)
        else:
            yield from _hostile(bench, name, sql)
    for query in corpora.rows("sql_legit.jsonl"):
        yield tried(
            LEGITIMATE, query["id"], _check(bench.legitimate, query["sql"], query.get("rows"))
        )


def _own_trials(bench: Bench) -> Iterator[Trial]:
    for number, (category, sql) in enumerate(own("hostile.txt"), 1):
        yield from _hostile(bench, f"own-{number} {category}", sql)
    for number, (_, sql) in enumerate(own("bombs.txt"), 1):
        yield from _bomb(bench, f"own-bomb-{number}", sql, {})
    for number, (_, sql) in enumerate(own("legitimate.txt"), 1):
        yield tried(LEGITIMATE, f"own-{number}", _check(bench.legitimate, sql))


def _hostile(bench: Bench, name: str, sql: str) -> Iterator[Trial]:
    yield tried(HOSTILE, name, _check(bench.hostile, sql))
    yield _within(QUICK, name, bench.last.seconds, REFUSAL_S)


def _bomb(bench: Bench, name: str, sql: str, limits: dict[str, Any]) -> Iterator[Trial]:
    yield tried(BOUNDED, name, lambda: bench.bounded(sql, **limits))
    yield _within(DEAD, name, bench.last.seconds, DEAD_S)


def _within(row: str, name: str, seconds: float, limit_s: float) -> Trial:
    late = seconds > limit_s
    return Trial(row, name, not late, seconds, f"{seconds:.3f} s" if late else "")


def _check(check: Callable[..., Iterable[str]], *arguments: Any) -> Callable[[], Iterable[str]]:
    return lambda: check(*arguments)
