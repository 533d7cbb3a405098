"""The store, verified: file, log, tables, indexes, every row, and what is missing."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from recagent_catalogs.text import clean

from ..memory.backups import copies_of
from ..memory.ledger import GROUPED, NUMBERED, Tally, gone, miscounted, read_ledger
from ..memory.migrations import MIGRATIONS, migrate
from ..memory.store_file import UNREADABLE, StoreFile
from .findings import REPAIR, Checked, Finding, Watch, unwatched
from .log_file import LogFile, read_log
from .rows import TABLES, Table, lenient, rows_of

MOST_TOLD = 20
"""Findings of one kind that are told one by one; of more the number."""


@dataclass
class StoreLook:
    """What a look at one file of a store found.

    Attributes:
        path: the file.
        wrong: what is wrong, (where within the file, what), in the order it was found.
        counts: whole rows by table.
        newer: whether a newer recagent made it, so that it is left alone.
    """

    path: Path
    wrong: list[tuple[str, str]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    newer: bool = False

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.wrong and not self.newer


GONE = "is not there, though there is a copy of it"


def check_store(path: Path, watch: Watch = unwatched) -> Checked:
    """Verify the store, as the person is told."""
    if not os.path.lexists(path):
        if not copies_of(StoreFile(path)):
            return Checked("store", "nothing is noted yet")
        return Checked("store", "not read", (Finding("store", f"{path}: file", GONE, REPAIR),))
    look = look_at(path, watch)
    if look.newer:
        newer = Finding("store", str(path), "made by a newer recagent", "upgrade recagent")
        return Checked("store", "not read", (newer,))
    found = [Finding("store", f"{path}: {where}", text, REPAIR) for where, text in look.wrong]
    return Checked("store", told_counts(look.counts), tuple(found))


def told_counts(counts: Counter[str]) -> str:
    """The numbers of rows for people: "12 facts, 3 sessions, 9 turns"."""
    nouns = ("fact", "session", "turn", "trace", "lesson")
    numbers = (counts[table.name] for table in TABLES)

    pairs = zip(numbers, nouns, strict=True)
    return ", ".join(f"{n:,} {noun}{'s' * (n != 1)}" for n, noun in pairs)


def look_at(path: Path, watch: Watch = unwatched, *, copy: bool = False) -> StoreLook:
    """Verify a file of a store; nothing is written, and its log stays.

    Args:
        path: the file.
        watch: is told how far it is.
        copy: whether it is one that nobody writes; it may be of an older version.
    """
    look = StoreLook(path)
    kind = path.stat().st_mode
    if not stat.S_ISREG(kind):
        look.wrong.append(("file", "is no file"))
        return look
    if path.stat().st_size == 0:
        if not _log_of(path).exists():
            look.wrong.append(("file", "is empty"))
        return look
    log = LogFile(0) if copy else check_log(path)
    if log.damaged:
        look.wrong.append(("log", log.damaged))
    try:
        opened = open_to_read(path, copy=copy, kept=bool(log.damaged))
        with contextlib.closing(opened) as connection:
            connection.execute("BEGIN")
            if _version_fits(connection, look, copy):
                _look_into(connection, look, watch)
    except UNREADABLE as error:
        look.wrong.append(("file", _plain(error)))
    return look


def open_to_read(path: Path, *, copy: bool = False, kept: bool = False) -> sqlite3.Connection:
    """A connection that writes nothing.

    One that could leaves no files of readers behind; but in its end it would write a damaged log's
    good part into the file, and remove the rest.

    Args:
        path: the file.
        copy: whether nobody writes it, so that neither log nor lock is needed.
        kept: whether its log must stay as it is.

    Raises:
        sqlite3.DatabaseError: it cannot be opened.
    """
    uri = path.absolute().as_uri()
    log = _log_of(path)
    logged = log.exists() and log.stat().st_size
    live = ["?mode=ro"] if kept else ["?mode=rw", "?mode=ro"]
    ways = ["?immutable=1"] if copy else live + ["?immutable=1"] * (not logged)
    for way in ways:
        connection = sqlite3.connect(uri + way, uri=True, timeout=30.0, isolation_level=None)
        try:
            connection.execute("PRAGMA query_only=ON")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            return connection
        except sqlite3.OperationalError:
            connection.close()
            if way == ways[-1]:
                raise
        except UNREADABLE:
            connection.close()
            raise
    raise AssertionError


def check_log(path: Path) -> LogFile:
    """The log of a store; while another process writes, what looks damaged is looked at again."""
    log = _log_of(path)
    found = LogFile(0)
    for _ in range(3):
        try:
            before = log.read_bytes()
        except OSError:
            return LogFile(0)
        found = read_log(before)
        if not found.damaged:
            return found
        with contextlib.suppress(OSError):
            if log.read_bytes() == before:
                return found
    return found


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _plain(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "its tables cannot be read"
    text = clean(str(error))
    return "is no store: its header is damaged" if "not a database" in text else text


def _version_fits(connection: sqlite3.Connection, look: StoreLook, copy: bool) -> bool:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == len(MIGRATIONS):
        return True
    schema = _schema_of(connection)
    if schema == _schema():
        look.wrong.append(("header", f"says version {version}, and is of {len(MIGRATIONS)}"))
        return True
    if version > len(MIGRATIONS):
        look.newer = True
        return False
    if not schema:
        look.wrong.append(("file", "holds no tables"))
        return False
    if not copy:
        look.wrong.append(("file", f"of version {version}: any other command brings it up to date"))
        return False
    _look_into_older(connection, look)
    return False


def _look_into_older(connection: sqlite3.Connection, look: StoreLook) -> None:
    """A copy of an older version: brought up in memory, where its rows then prove themselves."""
    look.wrong += _integrity(connection)
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
        connection.backup(copy)
        migrate(copy)
        _look_into(copy, look, unwatched)


def _look_into(connection: sqlite3.Connection, look: StoreLook, watch: Watch) -> None:
    watch("the store's pages and indexes", 0.05)
    look.wrong += _integrity(connection)
    if _schema_of(connection) != _schema():
        look.wrong.append(("tables", "are not those of this version"))
    seen: dict[str, set[tuple[object, ...]]] = {}
    for place, table in enumerate(TABLES):
        watch(f"{table.noun}s", 0.1 + 0.8 * place / len(TABLES))
        seen[table.name] = set()
        try:
            _look_at_rows(connection, table, look, seen[table.name])
        except UNREADABLE as error:
            if "decode" in str(error):
                lenient(connection)
                seen[table.name].clear()
                _look_at_rows(connection, table, look, seen[table.name])
            else:
                look.wrong.append((table.name, _plain(error)))
    lenient(connection)
    try:
        seen["turns"] |= gone(connection)
        look.wrong += _missing(connection)
    except UNREADABLE as error:
        look.wrong.append(("ledger", _plain(error)))
    look.wrong += _relations(seen)


def _look_at_rows(
    connection: sqlite3.Connection, table: Table, look: StoreLook, seen: set[tuple[object, ...]]
) -> None:
    """Prove every row; those that are whole are counted, the others told."""
    whole, bad = 0, []
    keep = table.name in ("sessions", "turns")
    for row, proved in rows_of(connection, table):
        if keep:
            seen.add(table.key_of(row))
        if proved:
            whole += 1
        else:
            bad.append(table.named(row))
    look.counts[table.name] = whole
    look.wrong += [(row, "the checksum of the row fails") for row in bad[:MOST_TOLD]]
    if len(bad) > MOST_TOLD:
        look.wrong.append((table.name, f"{len(bad) - MOST_TOLD:,} more rows of {len(bad):,}"))


def _integrity(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """What SQLite says of its pages, indexes and links between them."""
    for (told,) in connection.execute(f"PRAGMA integrity_check({MOST_TOLD})"):
        for line in str(told).splitlines():
            if line != "ok" and not line.startswith("***"):
                yield "pages", line


def _relations(seen: dict[str, set[tuple[object, ...]]]) -> Iterator[tuple[str, str]]:
    """Turns whose session is not there, and numbers that are missing between others."""
    sessions = {key[0] for key in seen["sessions"]}
    numbers: dict[object, set[object]] = {}
    for session, number in seen["turns"]:
        numbers.setdefault(session, set()).add(number)
    for session, held in numbers.items():
        if session not in sessions:
            yield f"session {session}", f"is not there, though {len(held)} of its turns are"
        whole = [number for number in held if isinstance(number, int)]
        missing = sorted(set(range(1, max(whole, default=0) + 1)) - set(whole))[:MOST_TOLD]
        if missing:
            told = ", ".join(map(str, missing))
            yield f"session {session}", f"turns that are missing: {told}"


def _missing(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Rows that the ledger has, and the tables have not; and the other way round."""
    for tally in miscounted(connection):
        yield str(tally.group), told_tally(tally)
    told, damaged = read_ledger(connection)
    lasts = {group.owner: n for group, (n, _) in told.items() if group.table == "last"}
    sql = f"SELECT name, seq FROM sqlite_sequence WHERE name IN {NUMBERED}"
    held = dict(connection.execute(sql))
    for table in NUMBERED:
        if (held.get(table) or 0) != lasts.get(table, 0):
            yield table, "the number that was given last is damaged"
    for group in damaged:
        if group.table not in GROUPED:
            yield "ledger", f"the line of {group.table} {group.owner} is damaged"


def told_tally(tally: Tally) -> str:
    """A miscount for people."""
    if tally.told is None:
        return "the count of these rows is damaged"
    (told, ids), (there, here) = tally.told, tally.there
    if there < told:
        which = f": number {ids - here}" if told - there == 1 and ids > here else ""
        return f"{told - there:,} of {told:,} rows are missing{which}"
    if there > told:
        return f"{there:,} rows, where {told:,} were written"
    return "the numbers of these rows are not those that were written"


@cache
def _schema() -> frozenset[tuple[str, ...]]:
    """Tables, indexes and triggers of this version, as SQLite keeps them."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection)
        return _schema_of(connection)


def _schema_of(connection: sqlite3.Connection) -> frozenset[tuple[str, ...]]:
    sql = "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master"
    rows = connection.execute(sql).fetchall()
    return frozenset((kind, name, of, " ".join(text.split())) for kind, name, of, text in rows)
