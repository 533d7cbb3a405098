"""Removes facts and sessions so that nothing of them is left in the files of the store.

Whatever is deleted is overwritten (`secure_delete`), the file is written anew without it (VACUUM)
and the write-ahead log emptied, and its copies made anew (`sweep`).
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from recagent_catalogs.errors import BadInput, RecagentError

from .backups import back_up, delete_backups, forgetting
from .derived_rows import Derived, delete_derived
from .event_rows import StoredEvent, write_event
from .session_rows import StoredSession, delete_with_session, write_session
from .store import UserStore

FORGOTTEN = "forgotten"
COMPACT_S = 10.0
"""How long other processes are waited for that still read what was deleted."""


@dataclass(frozen=True)
class Doomed:
    """What is to be removed of one profile.

    Attributes:
        facts: numbers of events.
        sessions: ids.
        reworded: events that stay, without the words that named what is forgotten.
        rewritten: sessions that stay, whose bus knew what is forgotten.
        derived: traces and lessons of what stays that may tell of it.
    """

    facts: Collection[int] = ()
    sessions: Collection[str] = ()
    reworded: Sequence[StoredEvent] = ()
    rewritten: Sequence[StoredSession] = ()
    derived: Collection[Derived] = ()


def last_forgotten(store: UserStore, profile: str) -> int:
    """A number that grows whenever something of the profile is forgotten; 0 for never.

    What another process still has in its memory may hold what is gone from the disk: whoever finds
    another number than before must not write that.
    """
    return max((mark.id for mark in store.events(mark_of(profile), "", (FORGOTTEN,))), default=0)


def mark_of(profile: str) -> str:
    """The owner of the mark: no profile can be called so, and it does not tell the name."""
    return "#" + hashlib.blake2b(profile.encode(), digest_size=8).hexdigest()


def erase(store: UserStore, profile: str, doomed: Doomed) -> None:
    """Delete it in one transaction, and leave a mark that tells other processes.

    Raises:
        RecagentError: the store cannot be written; then all is as it was.
    """
    owner = mark_of(profile)
    with forgetting(store, owner), store.transaction() as connection:
        for number in doomed.facts:
            connection.execute("DELETE FROM events WHERE id = ? AND profile = ?", (number, profile))
        for id in doomed.sessions:
            gone = connection.execute(
                "DELETE FROM sessions WHERE id = ? AND profile = ?", (id, profile)
            )
            if gone.rowcount:
                delete_with_session(connection, id)
        delete_derived(connection, profile, doomed.derived)
        now = {event.id: event for event in store.events(profile, undone=True)}
        for event in doomed.reworded:  # taken back meanwhile it stays so
            if event.id in now:
                left = replace(now[event.id], source=event.source, text=event.text)
                write_event(connection, left, anew=False)
        for session in doomed.rewritten:
            write_session(connection, session)
        connection.execute("DELETE FROM events WHERE profile = ?", (owner,))
        write_event(connection, StoredEvent(owner, "", FORGOTTEN))


def sweep(store: UserStore) -> None:
    """Leave nothing of what was deleted in the store, its log and its copies.

    Raises:
        RecagentError: as `compact`; or a copy cannot be deleted, or made.
    """
    copies = delete_backups(store)
    compact(store)
    if copies:  # not before: a copy has the free pages of the file as well
        with contextlib.suppress(BadInput):  # a damaged store is not copied
            back_up(store)


def compact(store: UserStore, *, seconds: float | None = None) -> None:
    """Write the file without what was deleted, and empty the log.

    Args:
        store: the store.
        seconds: how long other processes are waited for; `COMPACT_S` by default.

    Raises:
        RecagentError: another process goes on reading, so that what was deleted is still in the
            log, or the file cannot be written.
    """
    held = RecagentError(
        "what was forgotten counts no more, but is still in the files: another process reads them",
        hint="end it, then run recagent profile forget --finish",
    )
    try:
        connection = sqlite3.connect(
            store.path, timeout=COMPACT_S if seconds is None else seconds, isolation_level=None
        )
        try:
            connection.execute("PRAGMA temp_store=MEMORY")
            connection.execute("PRAGMA secure_delete=ON")
            connection.execute("VACUUM")
            busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise held from error
        raise RecagentError(
            f"{store.path}: {error}", hint="free some space and try again"
        ) from error
    if busy:
        raise held
