"""Events as rows of the store: their kinds, their columns, how one is written."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .checksums import event_checksum
from .ledger import next_number

EVENT_KINDS = (
    "said",
    "liked",
    "disliked",
    "rated",
    "seen",
    "wanted",
    "shown",
    "accepted",
    "rejected",
    "never",
    "imported",
    "set",
    "learned",
    "proposed",
    "paused",
    "forgotten",
)
"""`wanted` is on the watchlist (value 0: off it again), `set` a weight that the person gave,
`learned` what a verdict was generalised to, `proposed` the same as it waits for the person's word,
`paused` (value 1 or 0) whether anything is noted, `forgotten` that something was, and no more of
it. docs/memory.md tells them all."""

EVENT_COLUMNS = (
    "profile, catalog, kind, item, value, text, source, session, turn, time, undone, "
    '"column", batch, because'
)
_FIELDS = (*EVENT_COLUMNS.replace('"', "").split(", "), "id")


@dataclass(frozen=True)
class StoredEvent:
    """One fact with its source: of an item, or of a value of one of the catalog's columns.

    Attributes:
        profile, catalog: whose, and about which catalog.
        kind: one of `EVENT_KINDS`.
        item: a catalog id; "" where the fact is of a value.
        value: points of a rating, a weight; else None.
        text: with `column`, the value ("Sci-Fi"); else what was said.
        source: where it comes from, for people: the person's words, "chat /like", a file's name.
        session, turn: of the conversation, where it was one.
        time: seconds since 1970 (UTC).
        undone: when it was taken back, and counts no more, seconds since 1970; 1 where that is not
            known, 0 while it counts.
        column: the catalog's column whose value is meant ("genres"); "" for facts of items.
        batch: the import or interview that it came with, so that all of it can be taken back.
        because: id of the event that it was learned from; 0 for none.
        id: its number in the store; 0 before it is written.
    """

    profile: str
    catalog: str
    kind: str
    item: str = ""
    value: float | None = None
    text: str = ""
    source: str = ""
    session: str = ""
    turn: int | None = None
    time: float = 0.0
    undone: int = 0
    column: str = ""
    batch: str = ""
    because: int = 0
    id: int = 0


def event_of(values: Sequence[Any]) -> StoredEvent:
    """The event of the values of `EVENT_COLUMNS`, and its number behind them."""
    # A frozen dataclass sets each field by a call; thousands are read in every turn.
    event = StoredEvent.__new__(StoredEvent)
    event.__dict__.update(zip(_FIELDS, values, strict=True))
    return event


def _event_values(event: StoredEvent, moment: float) -> tuple[Any, ...]:
    """The values of `EVENT_COLUMNS`."""
    return (
        event.profile,
        event.catalog,
        event.kind,
        event.item,
        event.value,
        event.text,
        event.source,
        event.session,
        event.turn,
        moment,
        event.undone,
        event.column,
        event.batch,
        event.because,
    )


def write_event(
    connection: sqlite3.Connection, event: StoredEvent, *, anew: bool = True, number: int = 0
) -> int:
    """Append an event, or write the one of its number as it is now; returns its number.

    Args:
        connection: within a transaction.
        event: what is written.
        anew: whether it is appended.
        number: what it gets then, where many are written and `next_number` was asked once; 0: asks.
    """
    if event.kind not in EVENT_KINDS:
        raise ValueError(f"unknown kind of event {event.kind!r}")
    now = time.time()
    values = _event_values(
        event, min(event.time, now) if anew and event.time else event.time or now
    )
    if not anew:
        names = ", ".join(f"{name} = ?" for name in EVENT_COLUMNS.split(", "))
        connection.execute(
            f"UPDATE events SET {names}, checksum = ? WHERE id = ?",
            (*values, event_checksum((*values, event.id)), event.id),
        )
        return event.id
    number = number or next_number(connection, "events")
    row = (*values, number)
    connection.execute(
        f"INSERT INTO events ({EVENT_COLUMNS}, id, checksum) VALUES ({', '.join('?' * 16)})",
        (*row, event_checksum(row)),
    )
    return number
