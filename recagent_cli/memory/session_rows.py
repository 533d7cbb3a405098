"""Sessions as rows of the store: their columns, their turns, how one is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from recagent_catalogs.errors import NotFound

from .checksums import checksum
from .ledger import GONE

HEAD_COLUMNS = "id, profile, catalog, fingerprint, created, updated"
SESSION_COLUMNS = f"{HEAD_COLUMNS}, bus"


@dataclass(frozen=True)
class StoredSession:
    """A session as it is kept: the bus as bytes, the turns as JSON texts."""

    id: str
    profile: str
    catalog: str
    fingerprint: str
    created: float
    updated: float
    bus: bytes
    turns: tuple[str, ...] = ()


@dataclass(frozen=True)
class SessionHead:
    """A session as a list of them shows it: without its bus, its turns only counted.

    `first` is the JSON text of its first turn, which says what it is about; "" for none.
    """

    id: str
    profile: str
    catalog: str
    fingerprint: str
    created: float
    updated: float
    n_turns: int = 0
    first: str = ""


def no_session(session_id: str) -> NotFound:
    """The error of a session that there is not."""
    return NotFound(f"no session {session_id!r}", hint="recagent session list")


OF_A_SESSION = ("turns", "traces", "lessons")
"""Tables whose rows go with their session."""


def delete_with_session(connection: sqlite3.Connection, session_id: str) -> None:
    """Delete what hangs on a session that was deleted."""
    for table in OF_A_SESSION:
        connection.execute(f"DELETE FROM {table} WHERE session = ?", (session_id,))
    connection.execute("DELETE FROM ledger WHERE of = ? AND owner = ?", (GONE, session_id))


def write_session(
    connection: sqlite3.Connection, session: StoredSession, new_turns: Sequence[str] = ()
) -> int:
    """Write the session and append its new turns; returns the number of the last one."""
    held = connection.execute(
        "SELECT profile, created FROM sessions WHERE id = ?", (session.id,)
    ).fetchone()
    if held is not None and held[0] != session.profile:
        raise no_session(session.id)
    known = held is not None and isinstance(held[1], float)
    head = (
        session.id,
        session.profile,
        session.catalog,
        session.fingerprint,
        held[1] if known else float(session.created),
        float(session.updated),
    )
    names = f"{SESSION_COLUMNS}, head, checksum"
    changed = ", ".join(f"{name} = excluded.{name}" for name in names.split(", ")[1:])
    connection.execute(
        f"INSERT INTO sessions ({names}) VALUES ({', '.join('?' * 9)})"
        f" ON CONFLICT (id) DO UPDATE SET {changed}",
        (*head, session.bus, checksum(head), checksum((*head, session.bus))),
    )
    return _append_turns(connection, session.id, new_turns)


def _append_turns(connection: sqlite3.Connection, session_id: str, bodies: Sequence[str]) -> int:
    """Add turns after the highest number there is, be its row damaged or not."""
    sql = "SELECT coalesce(max(number), 0) FROM turns WHERE session = ?"
    number = int(connection.execute(sql, (session_id,)).fetchone()[0])
    for body in bodies:
        number += 1
        row = (session_id, number, body)
        connection.execute(
            "INSERT INTO turns (session, number, body, checksum) VALUES (?, ?, ?, ?)",
            (*row, checksum(row)),
        )
    return number
