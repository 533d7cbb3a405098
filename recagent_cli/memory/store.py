"""The user store: events, sessions and turns in one SQLite file.

WAL, `synchronous=FULL`, a busy timeout of 30 s and one short `BEGIN IMMEDIATE` a command: 100
processes that write at once lose nothing. Every row carries a checksum, because SQLite hands out a
flipped byte without a word; a row whose checksum fails is left out and named in `damaged`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recagent_catalogs.errors import BadInput, RecagentError

from ..paths import make_dir

BUSY_TIMEOUT_S = 30.0
BACKUPS_KEPT = 3
BACKUP_EVERY_S = 24 * 3600
EVENT_KINDS = (
    "said",
    "liked",
    "disliked",
    "rated",
    "seen",
    "shown",
    "accepted",
    "rejected",
    "never",
    "imported",
)

MIGRATIONS = (
    """
    CREATE TABLE events (
        id INTEGER PRIMARY KEY, profile TEXT NOT NULL, catalog TEXT NOT NULL, kind TEXT NOT NULL,
        item TEXT NOT NULL, value REAL, text TEXT NOT NULL, source TEXT NOT NULL,
        session TEXT NOT NULL, turn INTEGER, time REAL NOT NULL, undone INTEGER NOT NULL DEFAULT 0,
        checksum BLOB NOT NULL
    );
    CREATE INDEX events_of ON events (profile, catalog, kind);
    CREATE TABLE sessions (
        id TEXT PRIMARY KEY, profile TEXT NOT NULL, catalog TEXT NOT NULL,
        fingerprint TEXT NOT NULL, created REAL NOT NULL, updated REAL NOT NULL,
        bus BLOB NOT NULL, checksum BLOB NOT NULL
    );
    CREATE INDEX sessions_of ON sessions (profile, catalog, updated);
    CREATE TABLE turns (
        session TEXT NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL, checksum BLOB NOT NULL,
        PRIMARY KEY (session, number)
    );
    """,
)
"""Step n brings the file from version n to n + 1. Steps are only ever added."""

_EVENT_COLUMNS = "profile, catalog, kind, item, value, text, source, session, turn, time, undone"
_SESSION_COLUMNS = "id, profile, catalog, fingerprint, created, updated, bus"


@dataclass(frozen=True)
class StoredEvent:
    """One fact with its source. `item` is a catalog id, `time` seconds since 1970 (UTC)."""

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
    id: int = 0


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


def checksum(values: Sequence[Any]) -> bytes:
    """Eight bytes over the values of a row, their types included."""
    digest = hashlib.blake2b(digest_size=8)
    for value in values:
        if isinstance(value, bytes):
            digest.update(b"b%d:" % len(value) + value)
        else:
            text = "n" if value is None else f"{type(value).__name__}:{value!r}"
            digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return digest.digest()


class UserStore:
    """The store of all profiles. Nothing is made on disk before something is written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged: list[str] = []

    # -- reading ---------------------------------------------------------------------------------

    def events(
        self, profile: str, catalog: str | None = None, kinds: Sequence[str] = ()
    ) -> list[StoredEvent]:
        """Events that hold, oldest first."""
        where, arguments = ["profile = ?", "undone = 0"], [profile]
        if catalog is not None:
            where.append("catalog = ?")
            arguments.append(catalog)
        if kinds:
            where.append(f"kind IN ({', '.join('?' * len(kinds))})")
            arguments.extend(kinds)
        sql = (
            f"SELECT id, checksum, {_EVENT_COLUMNS} FROM events"
            f" WHERE {' AND '.join(where)} ORDER BY id"
        )
        found = []
        for row in self._select(sql, arguments):
            if checksum(row[2:]) != row[1]:
                self.damaged.append(f"event {row[0]}")
                continue
            names = _EVENT_COLUMNS.split(", ")
            found.append(StoredEvent(**dict(zip(names, row[2:], strict=True)), id=row[0]))
        return found

    def session(self, session_id: str) -> StoredSession | None:
        """The session of that id with its turns, or None."""
        sql = f"SELECT checksum, {_SESSION_COLUMNS} FROM sessions WHERE id = ?"
        return next(iter(self._sessions(sql, [session_id])), None)

    def last_session(self, profile: str, catalog: str) -> StoredSession | None:
        """The session of this profile and catalog that was used last."""
        sql = (
            f"SELECT checksum, {_SESSION_COLUMNS} FROM sessions"
            " WHERE profile = ? AND catalog = ? ORDER BY updated DESC, id DESC LIMIT 1"
        )
        return next(iter(self._sessions(sql, [profile, catalog])), None)

    def sessions(self, profile: str) -> list[StoredSession]:
        """All sessions of a profile, last used first."""
        sql = (
            f"SELECT checksum, {_SESSION_COLUMNS} FROM sessions"
            " WHERE profile = ? ORDER BY updated DESC, id DESC"
        )
        return list(self._sessions(sql, [profile]))

    def _sessions(self, sql: str, arguments: list[str]) -> Iterator[StoredSession]:
        for row in self._select(sql, arguments):
            if checksum(row[1:]) != row[0]:
                self.damaged.append(f"session {row[1]}")
                continue
            names = _SESSION_COLUMNS.split(", ")
            yield StoredSession(**dict(zip(names, row[1:], strict=True)), turns=self._turns(row[1]))

    def _turns(self, session_id: str) -> tuple[str, ...]:
        sql = "SELECT checksum, session, number, body FROM turns WHERE session = ? ORDER BY number"
        bodies = []
        for row in self._select(sql, [session_id]):
            if checksum(row[1:]) != row[0]:
                self.damaged.append(f"turn {row[2]} of session {session_id}")
                continue
            bodies.append(row[3])
        return tuple(bodies)

    # -- writing ---------------------------------------------------------------------------------

    def commit(
        self,
        *,
        events: Sequence[StoredEvent] = (),
        session: StoredSession | None = None,
        turns_from: int = 0,
    ) -> None:
        """Write events and a session in one transaction.

        Args:
            events: facts to append; a time of 0 becomes now.
            session: the session as it is now; its turns from number `turns_from` on are new.
            turns_from: how many of its turns are in the store already.

        Raises:
            RecagentError: the store cannot be written.
        """
        now = time.time()
        with self._connection() as connection, _immediate(connection):
            for event in events:
                if event.kind not in EVENT_KINDS:
                    raise ValueError(f"unknown kind of event {event.kind!r}")
                values = (
                    event.profile,
                    event.catalog,
                    event.kind,
                    event.item,
                    event.value,
                    event.text,
                    event.source,
                    event.session,
                    event.turn,
                    event.time or now,
                    event.undone,
                )
                connection.execute(
                    f"INSERT INTO events ({_EVENT_COLUMNS}, checksum)"
                    f" VALUES ({', '.join('?' * 12)})",
                    (*values, checksum(values)),
                )
            if session is not None:
                _write_session(connection, session, turns_from)

    def undo_event(self, event: StoredEvent) -> None:
        """Mark an event as undone; it stays in the file and counts no more."""
        values = (
            event.profile,
            event.catalog,
            event.kind,
            event.item,
            event.value,
            event.text,
            event.source,
            event.session,
            event.turn,
            event.time,
            1,
        )
        with self._connection() as connection, _immediate(connection):
            connection.execute(
                "UPDATE events SET undone = 1, checksum = ? WHERE id = ?",
                (checksum(values), event.id),
            )

    def delete_session(self, session_id: str) -> bool:
        """Remove a session and its turns; False where there is none."""
        with self._connection() as connection, _immediate(connection):
            connection.execute("DELETE FROM turns WHERE session = ?", (session_id,))
            return (
                connection.execute("DELETE FROM sessions WHERE id = ?", (session_id,)).rowcount > 0
            )

    # -- the file --------------------------------------------------------------------------------

    def _select(self, sql: str, arguments: Sequence[Any]) -> list[tuple[Any, ...]]:
        if not self.path.exists():
            return []
        with self._connection() as connection:
            return connection.execute(sql, arguments).fetchall()

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection: sqlite3.Connection | None = None
        try:
            if not self.path.exists():
                make_dir(self.path.parent, private=True)
                os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600))
            connection = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA secure_delete=ON")
            self._migrate(connection)
            yield connection
        except sqlite3.DatabaseError as error:
            raise _told(error, self.path) from error
        except OSError as error:
            raise RecagentError(
                f"{self.path}: cannot be opened: {error.strerror or error}",
                hint="set RECAGENT_HOME to a folder that you can write to",
            ) from error
        finally:
            if connection is not None:
                connection.close()

    def _migrate(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise BadInput(
                "made by a newer recagent", path=self.path, hint="upgrade recagent to read it"
            )
        if version == len(MIGRATIONS):
            return
        with _immediate(connection):
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            for step in range(version, len(MIGRATIONS)):
                for statement in MIGRATIONS[step].split(";"):
                    if statement.strip():
                        connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    def back_up(self, *, now: float | None = None) -> Path | None:
        """Copy the store aside once a day, keeping the last three copies; returns the new copy."""
        if not self.path.exists():
            return None
        folder = make_dir(self.path.parent / "backups", private=True)
        copies = sorted(folder.glob("user-*.sqlite"))
        moment = time.time() if now is None else now
        if copies and moment - copies[-1].stat().st_mtime < BACKUP_EVERY_S:
            return None
        target = folder / time.strftime("user-%Y%m%d-%H%M%S.sqlite", time.gmtime(moment))
        temporary = target.with_suffix(".tmp")
        with self._connection() as source:
            copy = sqlite3.connect(temporary)
            try:
                source.backup(copy)
            finally:
                copy.close()
        temporary.chmod(0o600)
        temporary.replace(target)
        for old in copies[: max(0, len(copies) + 1 - BACKUPS_KEPT)]:
            old.unlink(missing_ok=True)
        return target


def _write_session(connection: sqlite3.Connection, session: StoredSession, turns_from: int) -> None:
    values = (
        session.id,
        session.profile,
        session.catalog,
        session.fingerprint,
        session.created,
        session.updated,
        session.bus,
    )
    connection.execute(
        f"INSERT OR REPLACE INTO sessions ({_SESSION_COLUMNS}, checksum)"
        f" VALUES ({', '.join('?' * 8)})",
        (*values, checksum(values)),
    )
    for number, body in enumerate(session.turns[turns_from:], start=turns_from):
        row = (session.id, number, body)
        connection.execute(
            "INSERT OR REPLACE INTO turns (session, number, body, checksum) VALUES (?, ?, ?, ?)",
            (*row, checksum(row)),
        )


@contextlib.contextmanager
def _immediate(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _told(error: sqlite3.DatabaseError, path: Path) -> RecagentError:
    text = str(error)
    if "locked" in text or "busy" in text:
        return RecagentError(f"{path}: in use by another process for over {BUSY_TIMEOUT_S:.0f} s")
    if "full" in text:
        return RecagentError(f"{path}: the disk is full", hint="free some space and try again")
    if "readonly" in text or "unable to open" in text:
        return RecagentError(
            f"{path}: cannot be written", hint="set RECAGENT_HOME to a folder that you can write to"
        )
    return BadInput(
        f"damaged: {text}",
        path=path,
        hint="move it away, or put back the newest copy of the backups folder beside it",
    )
