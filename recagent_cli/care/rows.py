"""The rows of the store, each proved by its checksum."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..memory.checksums import checksum, event_checksum
from ..memory.event_rows import EVENT_COLUMNS
from ..memory.lesson_rows import COLUMNS as LESSON_COLUMNS
from ..memory.session_rows import SESSION_COLUMNS
from ..memory.trace_rows import COLUMNS as TRACE_COLUMNS

Values = tuple[Any, ...]


@dataclass(frozen=True)
class Table:
    """How the rows of a table are read and proved.

    Attributes:
        name: of the table.
        noun: what one row is called.
        columns: in the order in which they are read; `checksum` is the last.
        proved: whether the values of those columns fit their checksum.
        key: places of the columns that name a row.
        time: place of the column that tells when it was, seconds since 1970; None where none does.
    """

    name: str
    noun: str
    columns: tuple[str, ...]
    proved: Callable[[Values], bool]
    key: tuple[int, ...]
    time: int | None = None

    @property
    def select(self) -> str:
        """The query for all rows."""
        names = ", ".join(f'"{name}"' for name in self.columns)
        return f"SELECT {names} FROM {self.name}"

    @property
    def insert(self) -> str:
        """The statement that writes a row again."""
        names = ", ".join(f'"{name}"' for name in self.columns)
        marks = ", ".join("?" * len(self.columns))
        return f"INSERT OR IGNORE INTO {self.name} ({names}) VALUES ({marks})"

    def key_of(self, row: Values) -> Values:
        """What names a row among those of its table."""
        return tuple(row[place] for place in self.key)

    def named(self, row: Values) -> str:
        """A row for people: "event 12"."""
        key = self.key_of(row)
        if self.name == "turns":
            return f"turn {key[1]} of session {key[0]}"
        return f"{self.noun} {key[0]}"


def _names(text: str, *more: str) -> tuple[str, ...]:
    return (*text.replace('"', "").split(", "), *more, "checksum")


def _session_proved(row: Values) -> bool:
    *values, head, sum_ = row
    return (checksum(values), checksum(values[:-1])) == (sum_, head)


TABLES = (
    Table(
        "events", "event", _names(EVENT_COLUMNS, "id"),
        lambda row: event_checksum(row[:-1]) == row[-1], key=(14,), time=9,
    ),
    Table("sessions", "session", _names(SESSION_COLUMNS, "head"), _session_proved, (0,), 5),
    Table(
        "turns", "turn", ("session", "number", "body", "checksum"),
        lambda row: checksum(row[:-1]) == row[-1], key=(0, 1),
    ),
    Table(
        "traces", "trace", _names(TRACE_COLUMNS, "id"),
        lambda row: checksum(row[:-2]) == row[-1], key=(7,), time=4,
    ),
    Table(
        "lessons", "lesson", _names(LESSON_COLUMNS, "id"),
        lambda row: checksum(row[:-2]) == row[-1], key=(5,), time=3,
    ),
)  # fmt: skip
"""All tables that hold what a person said."""
BY_NAME = {table.name: table for table in TABLES}


def lenient(connection: sqlite3.Connection) -> None:
    """Let bytes that are no text be read, as what no checksum fits."""
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")


def rows_of(connection: sqlite3.Connection, table: Table) -> Iterator[tuple[Values, bool]]:
    """Each row of a table, and whether its checksum holds.

    Raises:
        sqlite3.DatabaseError: the table cannot be read to its end.
    """
    for row in connection.execute(table.select):
        try:
            yield row, table.proved(row)
        except (TypeError, ValueError):
            yield row, False
