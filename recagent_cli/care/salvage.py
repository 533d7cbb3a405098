"""All rows of a damaged store that prove themselves, and what the store says there should be."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ..memory.ledger import GROUPED, LAST, A, B, Group, read_ledger
from ..memory.migrations import migrate
from ..memory.store_file import UNREADABLE
from .pages import Record, page_size_of, records
from .rows import BY_NAME, TABLES, Table, Values, lenient, rows_of


@dataclass
class Salvaged:
    """What is left of a store.

    Attributes:
        rows: whole rows by table and key.
        damaged: keys by table of rows whose checksum fails, with what can be read of them.
        told: lines of the ledger that prove themselves: number of rows, sum of their numbers.
        doubted: groups whose line of the ledger is damaged.
        lasts: by table, the highest number that was ever given.
        counted: whether there is a ledger at all.
    """

    rows: dict[str, dict[Values, Values]] = field(
        default_factory=lambda: {table.name: {} for table in TABLES}
    )
    damaged: dict[str, dict[Values, Values]] = field(
        default_factory=lambda: {table.name: {} for table in TABLES}
    )
    told: dict[Group, tuple[int, int]] = field(default_factory=dict)
    doubted: set[Group] = field(default_factory=set)
    lasts: dict[str, int] = field(default_factory=dict)

    @property
    def counted(self) -> bool:
        """Whether there is a ledger at all."""
        return bool(self.told)

    def add(self, table: Table, row: Values, proved: bool) -> None:
        """Take a row, whole or damaged; one that is there already stays."""
        key = table.key_of(row)
        if proved:
            self.rows[table.name].setdefault(key, row)
            self.damaged[table.name].pop(key, None)
        elif key not in self.rows[table.name]:
            self.damaged[table.name].setdefault(key, row)


def group_of(table: Table, row: Values) -> Group:
    """The group in which the ledger counts a row."""
    named = dict(zip(table.columns, row, strict=True))
    owner, catalog, kind = (
        str(named.get(name, "")) if name.isalpha() else "" for name in GROUPED[table.name][:3]
    )
    return Group(table.name, owner, catalog, kind)


def salvage(copy: Path) -> Salvaged:
    """Read all that can be read.

    Args:
        copy: the damaged file with its log put in place, of which nobody else knows.
    """
    found = Salvaged()
    with contextlib.suppress(OSError, *UNREADABLE):
        _by_sql(copy, found)
    try:
        data = copy.read_bytes()
    except OSError:
        return found
    for record in records(data, page_size_of(data)):
        _take(record, found)
    return found


def read_whole(copy: Path) -> Salvaged:
    """The rows of a file that was verified, of this or an older version; it is not changed."""
    found = Salvaged()
    uri = f"{copy.absolute().as_uri()}?immutable=1"
    with (
        contextlib.closing(sqlite3.connect(uri, uri=True)) as file,
        contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as memory,
    ):
        file.backup(memory)
        migrate(memory)
        for table in TABLES:
            for row, proved in rows_of(memory, table):
                found.add(table, row, proved)
        found.told, found.doubted = read_ledger(memory)
    return found


def _by_sql(copy: Path, found: Salvaged) -> None:
    with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        lenient(connection)
        for table in TABLES:
            with contextlib.suppress(*UNREADABLE):
                for row, proved in rows_of(connection, table):
                    found.add(table, row, proved)
        with contextlib.suppress(*UNREADABLE):
            found.told, found.doubted = read_ledger(connection)
        with contextlib.suppress(*UNREADABLE):
            for name, seq in connection.execute("SELECT name, seq FROM sqlite_sequence"):
                if isinstance(seq, int):
                    found.lasts[str(name)] = seq


def _take(record: Record, found: Salvaged) -> None:
    """A carved record, into whichever table its columns and its checksum fit."""
    if record.number is None:
        _take_line(record.values, found)
        return
    fits = [table for table in TABLES if len(_stored(table.name)) == len(record.values)]
    rows = [_as_row(table, record) for table in fits]
    for table, row in zip(fits, rows, strict=True):
        if _proved(table, row):
            found.add(table, row, True)
            return
    for table, row in zip(fits, rows, strict=True):
        if _looks_like(table, row):
            found.add(table, row, False)
            return


def _take_line(values: tuple[Any, ...], found: Salvaged) -> None:
    if len(values) != 7 or not all(isinstance(value, str) for value in values[:4]):
        return
    *group, n, ids, proof = values
    if all(isinstance(value, int) for value in (n, ids, proof)) and proof == A * n + B * ids:
        if group[0] in (*GROUPED, LAST) and n > 0:
            found.told.setdefault(Group(*group), (n, ids))


def _proved(table: Table, row: Values) -> bool:
    try:
        return table.proved(row)
    except (TypeError, ValueError):
        return False


def _looks_like(table: Table, row: Values) -> bool:
    """Whether a damaged record is of that table: what names it, and its checksum, are there."""
    wanted = {"events": (int,), "traces": (int,), "lessons": (int,), "sessions": (str,)}
    kinds = wanted.get(table.name, (str, int))
    key = table.key_of(row)
    named = all(isinstance(part, kind) for part, kind in zip(key, kinds, strict=True))
    return named and isinstance(row[-1], bytes) and len(row[-1]) == 8


@cache
def _stored(name: str) -> tuple[tuple[str, str], ...]:
    """Columns of a table in the order they are stored, with their types."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection)
        told = connection.execute(f"PRAGMA table_info({name})").fetchall()
    return tuple((str(column[1]), str(column[2])) for column in told)


def _as_row(table: Table, record: Record) -> Values:
    """The values of a carved record in the order of `table.columns`."""
    named = dict(_named(table, record))
    return tuple(named[name] for name in table.columns)


def _named(table: Table, record: Record) -> Iterator[tuple[str, Any]]:
    for (name, kind), value in zip(_stored(table.name), record.values, strict=True):
        if name == "id" and kind == "INTEGER":
            yield name, record.number
        elif kind == "REAL" and isinstance(value, int):
            yield name, float(value)  # SQLite stores 4.0 as 4
        else:
            yield name, value


def orphans(rows: dict[str, dict[Values, Values]]) -> list[Values]:
    """Keys of turns whose session is not among the rows."""
    sessions = {key[0] for key in rows[BY_NAME["sessions"].name]}
    return [key for key in rows["turns"] if key[0] not in sessions]
