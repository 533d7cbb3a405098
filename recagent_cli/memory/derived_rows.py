"""What is made of conversations and kept beside them, traces and lessons: read and removed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .checksums import checksum
from .lesson_rows import COLUMNS as LESSON
from .store_file import StoreFile
from .trace_rows import COLUMNS as TRACE

Derived = tuple[str, int]
"""A table, and the number of a row."""


@dataclass(frozen=True)
class DerivedRow:
    """A row that is made of a conversation.

    Attributes:
        of: which one.
        catalog, session: about what, and where it was said; "" where nobody knows.
        created: seconds since 1970 (UTC).
        texts: all that it tells; None where it cannot be read.
    """

    of: Derived
    catalog: str
    session: str
    created: float
    texts: Sequence[str] | None


def derived_rows(store: StoreFile, profile: str) -> list[DerivedRow]:
    """All of a profile, the damaged ones too."""
    found = []
    for table, (columns, texts_of) in TABLES.items():
        sql = f"SELECT id, checksum, {columns} FROM {table} WHERE profile = ?"
        for id, sum_, *values in store.select(sql, [profile]):
            of = dict(zip(columns.split(", "), values, strict=True))
            texts = texts_of(values[-1]) if checksum(values) == sum_ else None
            row = DerivedRow((table, id), of["catalog"], of["session"], of["created"], texts)
            found.append(row)
    return found


def delete_derived(connection: sqlite3.Connection, profile: str, rows: Collection[Derived]) -> None:
    """Delete these rows of a profile within a transaction."""
    for table, number in rows:
        if table in TABLES:
            sql = f"DELETE FROM {table} WHERE id = ? AND profile = ?"
            connection.execute(sql, (number, profile))


def _texts_of_lines(lines: str) -> list[str] | None:
    try:
        return list(_texts([json.loads(line) for line in lines.split("\n")]))
    except ValueError:
        return None


def _texts(value: Any) -> Iterator[str]:
    """All texts of a JSON value, its keys too."""
    if isinstance(value, dict):
        yield from map(str, value)
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, str):
        yield value


TABLES: dict[str, tuple[str, Callable[[str], list[str] | None]]] = {
    "traces": (TRACE, _texts_of_lines),
    "lessons": (LESSON, lambda text: [text]),
}
"""Tables with their columns, the last of which tells what is said in it."""
