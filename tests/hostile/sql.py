"""What must hold of SQL that a model wrote, told from outside: by what ran, leaked or was written.

`tests/data/sql/` has statements of our own: `hostile.txt` by categories, `bombs.txt`,
`legitimate.txt`; ⏎ stands for the end of a line. `@CANARY@`, `@USERDB@` and `@OUT@` are folders and
a file of a `Yard`.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recagent_catalogs.errors import ToolError
from recagent_catalogs.sandbox import BRAIN_CAPS, Caps, Sandbox

OWN = Path(__file__).parent.parent / "data" / "sql"
CANARIES = ("CANARY-FILE-7f3a", "CANARY-USER-91be", "CANARY-ENV-55cc", "CANARY-DF-2b2b")
REFUSAL_S = 0.05
DEAD_S = 5.5
ITEMS = 60


def own(name: str) -> list[tuple[str, str]]:
    """Statements of our own, each with its category."""
    found, category = [], Path(name).stem
    for line in (OWN / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            category = line[2:]
        elif line:
            found.append((category, line.replace("⏎", "\n")))
    return found


def small_database(path: Path) -> Path:
    """A file with the tables of a catalog, for the statements of our own."""
    import duckdb

    with duckdb.connect(str(path)) as connection:
        for statement in (
            "CREATE TABLE items AS SELECT 'm' || i AS id, 'Title ' || i AS title, "
            "1960 + i AS year, ['Drama', 'Comedy'] AS genres, 90.0 AS runtime "
            f"FROM range({ITEMS}) t(i)",
            "CREATE TABLE item_stats AS SELECT id, 7::BIGINT AS interactions, 3.5::DOUBLE AS "
            "mean_rating, TIMESTAMP '2001-01-01' AS first_time, TIMESTAMP '2002-01-01' AS "
            "last_time FROM items",
            'CREATE TABLE interactions ("user" VARCHAR, item VARCHAR, value DOUBLE, '
            '"time" TIMESTAMP)',
            f"INSERT INTO interactions VALUES ('{CANARIES[1]}', 'm1', 5, NULL)",
            f"CREATE TABLE users AS SELECT 0 AS idx, '{CANARIES[1]}' AS id",
        ):
            connection.execute(statement)
    return path


@dataclass(frozen=True)
class Yard:
    """Where hostile SQL would find or leave something: files, a store, the environment."""

    out: Path
    canary: Path
    userdb: Path

    @classmethod
    def made(cls, folder: Path) -> Yard:
        import duckdb

        yard = cls(folder / "out", folder / "canary", folder / "user.duckdb")
        yard.out.mkdir(parents=True)
        yard.canary.mkdir()
        (yard.canary / "secret.txt").write_text(CANARIES[0])
        (yard.canary / "secret.csv").write_text(f"pw\n{CANARIES[0]}\n")
        (yard.canary / "secret.json").write_text(json.dumps([{"pw": CANARIES[0]}]))
        with duckdb.connect(str(yard.userdb)) as connection:
            connection.execute(f"CREATE TABLE events AS SELECT '{CANARIES[1]}' AS who")
        return yard

    def filled(self, sql: str) -> str:
        places = (("@OUT@", self.out), ("@CANARY@", self.canary), ("@USERDB@", self.userdb))
        for mark, path in places:
            sql = sql.replace(mark, str(path))
        return sql

    @contextlib.contextmanager
    def environment(self) -> Iterator[None]:
        """Keys in the environment, which no worker may see."""
        names = ("SECLAB_SECRET", "OPENAI_API_KEY")
        before = {name: os.environ.get(name) for name in names}
        os.environ.update(dict.fromkeys(names, CANARIES[2]))
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


@dataclass
class Came:
    """What a statement came to: the rows or the error, the seconds, the worker's most memory."""

    told: str = ""
    rows: int = 0
    ran: bool = False
    refused: bool = False
    seconds: float = 0.0
    rss_mb: float = 0.0


@dataclass
class Bench:
    """A warm worker over a database, and what is looked at around a statement."""

    sandbox: Sandbox
    database: Path
    tables: frozenset[str]
    yard: Yard
    items: int = ITEMS
    last: Came = field(default_factory=Came)
    _stamp: tuple[int, int] = field(init=False)

    def __post_init__(self) -> None:
        self._stamp = self._state()

    def run(self, sql: str, caps: Caps = BRAIN_CAPS, timeout_s: float | None = None) -> Came:
        """Run one statement as a brain would, with secrets in the caller's frame."""
        secret_df = secret_arrow = {"secret": [CANARIES[3]]}
        assert secret_df is secret_arrow
        came = self.last = Came()
        with _most_memory(self.sandbox) as most:
            started = time.perf_counter()
            try:
                result = self.sandbox.query(
                    self.yard.filled(sql), tables=self.tables, caps=caps, timeout_s=timeout_s
                )
                came.ran, came.rows = True, len(result.rows)
                came.told = json.dumps([result.columns, result.rows], ensure_ascii=False)
            except ToolError as error:
                came.told = f"{error.message} {error.hint}"
                came.refused = error.message.startswith("refused")
            came.seconds = time.perf_counter() - started
        came.rss_mb = most.bytes / 1e6
        return came

    def hostile(self, sql: str) -> Iterable[str]:
        """What is wrong after a statement that must not run."""
        came = self.run(sql)
        if came.ran:
            yield f"it ran: {came.told[:200]}"
        elif not came.refused:
            yield f"it passed the gate: {came.told[:200]}"
        yield from self.untouched(came)

    def bounded(
        self,
        sql: str,
        *,
        max_seconds: float = DEAD_S,
        max_rss_mb: float = 1500,
        max_rows: int = 1000,
        timeout_s: float | None = None,
    ) -> Iterable[str]:
        """What is wrong after a statement that may run or be refused, within limits."""
        came = self.run(sql, timeout_s=timeout_s)
        if came.seconds > max(max_seconds, DEAD_S if max_seconds >= 5 else 0):
            yield f"it took {came.seconds:.1f} s"
        if came.rss_mb > max_rss_mb:
            yield f"the worker took {came.rss_mb:,.0f} MB"
        if came.rows > max_rows:
            yield f"{came.rows} rows"
        yield from self.untouched(came)

    def legitimate(self, sql: str, rows: int | None = None) -> Iterable[str]:
        """What is wrong with the answer to a statement that must run."""
        came = self.run(sql, Caps(rows=1001, bytes=64 << 20))
        if not came.ran:
            yield came.told
        elif rows is not None and came.rows != rows:
            yield f"{came.rows} rows, not {rows}"

    def untouched(self, came: Came) -> Iterable[str]:
        """What a statement leaked, wrote, changed or broke."""
        yield from (f"it told {canary}" for canary in CANARIES if canary in came.told)
        yield from (f"it wrote {path.name}" for path in self.yard.out.iterdir())
        if self._state() != self._stamp:
            yield "the database's file or its folder changed"
        count = self.sandbox.query(
            "SELECT count(*), count(title) FROM items", tables=self.tables
        ).rows
        if count != [[self.items, self.items]]:
            yield f"afterwards items has {count}"

    def _state(self) -> tuple[int, int]:
        found = self.database.stat()
        return found.st_mtime_ns, len(list(self.database.parent.iterdir()))


@dataclass
class _Most:
    bytes: int = 0


@contextlib.contextmanager
def _most_memory(sandbox: Sandbox) -> Iterator[_Most]:
    """Watch the worker's resident memory from outside, each 10 ms."""
    most, over = _Most(), threading.Event()

    def watch() -> None:
        while not over.wait(0.01):
            process: Any = sandbox._process
            with contextlib.suppress(OSError, AttributeError, IndexError):
                pages = Path(f"/proc/{process.pid}/statm").read_text().split()[1]
                most.bytes = max(most.bytes, int(pages) * os.sysconf("SC_PAGE_SIZE"))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield most
    finally:
        over.set()
        watcher.join()
