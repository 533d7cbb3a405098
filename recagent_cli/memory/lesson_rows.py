"""Lessons as rows of the store: one line each, at most 20 of a profile and catalog."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass

from recagent_catalogs.errors import NotFound

from .checksums import checksum
from .store import UserStore

MOST_LESSONS = 20
COLUMNS = "profile, catalog, session, created, text"


@dataclass(frozen=True)
class StoredLesson:
    """What failed in a session and was mended.

    Attributes:
        id: its number, which never comes to mean another one.
        profile, catalog: whose, about which.
        session: where it was met last; it goes with it.
        created: when it was met last, seconds since 1970 (UTC).
        text: the line.
    """

    id: int
    profile: str
    catalog: str
    session: str
    created: float
    text: str


def write_lessons(
    connection: sqlite3.Connection,
    profile: str,
    catalog: str,
    session: str,
    texts: Sequence[str],
    *,
    now: float | None = None,
) -> None:
    """Write lessons within a transaction.

    One that is there already gets the new date; of more than `MOST_LESSONS` those go that were not
    met for the longest time.
    """
    created = time.time() if now is None else now
    for text in dict.fromkeys(texts):
        connection.execute(
            "DELETE FROM lessons WHERE profile = ? AND catalog = ? AND text = ?",
            (profile, catalog, text),
        )
        values = (profile, catalog, session, created, text)
        connection.execute(
            f"INSERT INTO lessons ({COLUMNS}, checksum) VALUES (?, ?, ?, ?, ?, ?)",
            (*values, checksum(values)),
        )
    old = (
        "SELECT id FROM lessons WHERE profile = ? AND catalog = ?"
        " ORDER BY created DESC, id DESC LIMIT -1 OFFSET ?"
    )
    connection.execute(f"DELETE FROM lessons WHERE id IN ({old})", (profile, catalog, MOST_LESSONS))


def lessons_of(store: UserStore, profile: str, catalog: str | None = None) -> list[StoredLesson]:
    """The lessons of a profile, met last first; damaged rows are named in `store.damaged`.

    Args:
        store: the store.
        profile: whose.
        catalog: about which; None for all.
    """
    where, arguments = "profile = ?", [profile]
    if catalog is not None:
        where, arguments = f"{where} AND catalog = ?", [profile, catalog]
    sql = f"SELECT id, checksum, {COLUMNS} FROM lessons WHERE {where}"
    found = []
    for id, sum_, *values in store.select(f"{sql} ORDER BY created DESC, id DESC", arguments):
        if checksum(values) != sum_:
            store.damaged.append(f"lesson {id}")
            continue
        found.append(StoredLesson(id, *values))
    return found


def remove_lesson(store: UserStore, profile: str, number: int) -> None:
    """Remove one.

    Raises:
        NotFound: this profile has none of that number.
    """
    sql = "SELECT 1 FROM lessons WHERE id = ? AND profile = ?"
    if not store.select(sql, [number, profile]):  # no store is made for nothing
        raise NotFound(f"no lesson {number}", hint="recagent lessons list")
    with store.transaction() as connection:
        sql = "DELETE FROM lessons WHERE id = ? AND profile = ?"
        connection.execute(sql, (number, profile))


def clear_lessons(store: UserStore, profile: str, catalog: str | None = None) -> int:
    """Remove all of a profile, or those about one catalog, the damaged ones too; how many."""
    where, arguments = "profile = ?", [profile]
    if catalog is not None:
        where, arguments = f"{where} AND catalog = ?", [profile, catalog]
    if not store.select(f"SELECT 1 FROM lessons WHERE {where} LIMIT 1", arguments):
        return 0
    with store.transaction() as connection:
        return connection.execute(f"DELETE FROM lessons WHERE {where}", arguments).rowcount
