"""The user store: events, sessions and turns in one SQLite file.

WAL, `synchronous=FULL`, a busy timeout of 30 s and one short `BEGIN IMMEDIATE` a command: 100
processes that write at once lose nothing. Every row carries a checksum, because SQLite hands out a
flipped byte without a word; a row whose checksum fails is left out and named in `damaged`.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from recagent_catalogs.errors import BadInput, NotFound, RecagentError
from recagent_catalogs.locks import locked

from ..paths import make_dir, unwritable
from .checksums import checksum, event_checksum

BUSY_TIMEOUT_S = 30.0
BACKUPS_KEPT = 3
BACKUP_EVERY_S = 24 * 3600
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
    """
    ALTER TABLE sessions ADD COLUMN head BLOB;
    UPDATE sessions SET head = row_checksum(id, profile, catalog, fingerprint, created, updated)
        WHERE checksum = row_checksum(id, profile, catalog, fingerprint, created, updated, bus);
    CREATE INDEX sessions_listed
        ON sessions (profile, updated DESC, id DESC, catalog, fingerprint, created, head)
    """,
    """
    ALTER TABLE events ADD COLUMN "column" TEXT NOT NULL DEFAULT '';
    ALTER TABLE events ADD COLUMN batch TEXT NOT NULL DEFAULT '';
    ALTER TABLE events ADD COLUMN because INTEGER NOT NULL DEFAULT 0;
    UPDATE events SET checksum = row_checksum(profile, catalog, kind, item, value, text, source,
            session, turn, time, undone, "column", batch, because)
        WHERE checksum = row_checksum(profile, catalog, kind, item, value, text, source,
            session, turn, time, undone)
    """,
    # AUTOINCREMENT: the number of a fact that was forgotten never comes to mean another one.
    """
    CREATE TABLE numbered (
        id INTEGER PRIMARY KEY AUTOINCREMENT, profile TEXT NOT NULL, catalog TEXT NOT NULL,
        kind TEXT NOT NULL, item TEXT NOT NULL, value REAL, text TEXT NOT NULL,
        source TEXT NOT NULL, session TEXT NOT NULL, turn INTEGER, time REAL NOT NULL,
        undone INTEGER NOT NULL DEFAULT 0, checksum BLOB NOT NULL,
        "column" TEXT NOT NULL DEFAULT '', batch TEXT NOT NULL DEFAULT '',
        because INTEGER NOT NULL DEFAULT 0
    );
    INSERT INTO numbered SELECT id, profile, catalog, kind, item, value, text, source, session,
        turn, time, undone, checksum, "column", batch, because FROM events;
    DROP TABLE events;
    ALTER TABLE numbered RENAME TO events;
    CREATE INDEX events_of ON events (profile, catalog, kind)
    """,
)
"""Step n brings the file from version n to n + 1. Steps are only ever added."""

_EVENT_COLUMNS = (
    "profile, catalog, kind, item, value, text, source, session, turn, time, undone, "
    '"column", batch, because'
)
_EVENT_FIELDS = (*_EVENT_COLUMNS.replace('"', "").split(", "), "id")
_LEAST_LOG = 32 + 24 + 512
"""Bytes of a log with one page of the smallest size that there is."""
_HEAD_COLUMNS = "id, profile, catalog, fingerprint, created, updated"
_SESSION_COLUMNS = f"{_HEAD_COLUMNS}, bus"


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
        undone: whether it counts no more.
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


class DiskRefuses(RecagentError):
    """The disk is full, or fails."""


class UserStore:
    """The store of all profiles. Nothing is made on disk before something is written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged: list[str] = []

    # -- reading ---------------------------------------------------------------------------------

    def events(
        self,
        profile: str,
        catalog: str | None = None,
        kinds: Sequence[str] = (),
        *,
        undone: bool = False,
        since: Mapping[str, float] | None = None,
    ) -> list[StoredEvent]:
        """Events that hold, oldest first.

        Args:
            profile: whose.
            catalog: about which; None for all.
            kinds: only these; all if none is named.
            undone: also those taken back.
            since: of these kinds only those from that time on, seconds since 1970, and those from
                which something was learned.
        """
        where = ["profile = ?"] + ["undone = 0"] * (not undone)
        arguments: list[str | float] = [profile]
        if catalog is not None:
            where.append("catalog = ?")
            arguments.append(catalog)
        if kinds:
            where.append(f"kind IN ({', '.join('?' * len(kinds))})")
            arguments.extend(kinds)
        for kind, time_s in (since or {}).items():
            causes = "SELECT because FROM events WHERE profile = ? AND kind = 'learned'"
            where.append(f"(kind != ? OR time >= ? OR id IN ({causes}))")
            arguments.extend((kind, time_s, profile))
        sql = (
            f"SELECT id, checksum, {_EVENT_COLUMNS} FROM events"
            f" WHERE {' AND '.join(where)} ORDER BY id"
        )
        return self._whole(self._select(sql, arguments))

    def _whole(self, rows: Sequence[tuple[Any, ...]]) -> list[StoredEvent]:
        """The events of rows of (id, checksum, values), without the damaged ones."""
        found = []
        for id, sum_, *values in rows:
            if event_checksum(values) != sum_:
                self.damaged.append(f"event {id}")
                continue
            # A frozen dataclass sets each field by a call; thousands are read in every turn.
            event = StoredEvent.__new__(StoredEvent)
            event.__dict__.update(zip(_EVENT_FIELDS, (*values, id), strict=True))
            found.append(event)
        return found

    def all_events(
        self, connection: sqlite3.Connection, profile: str, catalog: str
    ) -> list[StoredEvent]:
        """Those of a profile and catalog within a transaction, also those taken back."""
        sql = (
            f"SELECT id, checksum, {_EVENT_COLUMNS} FROM events"
            " WHERE profile = ? AND catalog = ? ORDER BY id"
        )
        return self._whole(connection.execute(sql, (profile, catalog)).fetchall())

    def session(self, session_id: str, profile: str) -> StoredSession:
        """The session of that id, if it is of this profile, with its turns.

        Args:
            session_id: its id, or enough of its beginning or of its end.
            profile: whose.

        Raises:
            NotFound: this profile has none of that id, or several that begin so.
            BadInput: it has, but it is damaged.
        """
        session_id = self.full_id(session_id, profile)
        sql = f"SELECT checksum, {_SESSION_COLUMNS} FROM sessions WHERE id = ? AND profile = ?"
        found = next(self._sessions(sql, [session_id, profile]), None)
        if found is not None:
            return found
        if f"session {session_id}" in self.damaged:
            raise BadInput(f"the session {session_id!r} is damaged", path=self.path)
        raise _no_session(session_id)

    def full_id(self, part: str, profile: str) -> str:
        """The id of this profile's session that is called, begins or ends so.

        Raises:
            NotFound: there is none, or several.
        """
        return self._named(part, profile)[0]

    def catalog_of(self, part: str, profile: str) -> str:
        """The catalog that a session is about; `part` and errors as of `full_id`."""
        return self._named(part, profile)[1]

    def _named(self, part: str, profile: str) -> tuple[str, str]:
        sql = "SELECT id, catalog FROM sessions WHERE profile = ? ORDER BY id"
        known = {str(name): str(about) for name, about in self._select(sql, [profile])}
        if part in known:
            return part, known[part]
        found = [one for one in known if one.startswith(part) or one.endswith(f"-{part}")]
        if not part or not found:
            raise _no_session(part)
        if len(found) > 1:
            told = ", ".join(found[-3:]) + (", …" if len(found) > 3 else "")
            raise NotFound(
                f"{len(found)} sessions begin or end with {part!r}: {told}",
                hint="recagent session list",
            )
        return found[0], known[found[0]]

    def has_session(self, session_id: str) -> bool:
        """Whether there is a session of that full id, whoever's."""
        return bool(self._select("SELECT 1 FROM sessions WHERE id = ?", [session_id]))

    def bus_of(self, session_id: str, profile: str) -> bytes | None:
        """The stored bus of a session of this profile, unchecked; None where there is none."""
        sql = "SELECT bus FROM sessions WHERE id = ? AND profile = ?"
        return next((bytes(row[0]) for row in self._select(sql, (session_id, profile))), None)

    def last_session(self, profile: str, catalog: str | None = None) -> StoredSession | None:
        """The session of this profile, and catalog, that was used last."""
        arguments = [profile] if catalog is None else [profile, catalog]
        one_catalog = "" if catalog is None else " AND catalog = ?"
        sql = (
            f"SELECT checksum, {_SESSION_COLUMNS} FROM sessions WHERE id = (SELECT id FROM sessions"
            f" WHERE profile = ?{one_catalog} ORDER BY updated DESC, id DESC LIMIT 1)"
        )
        return next(self._sessions(sql, arguments), None)

    def sessions(self, profile: str) -> list[SessionHead]:
        """All sessions of a profile, last used first, without their buses."""
        sql = (
            f"SELECT head, {_HEAD_COLUMNS},"
            " (SELECT count(*) FROM turns WHERE turns.session = sessions.id), body, turns.checksum"
            " FROM sessions LEFT JOIN turns ON turns.session = id AND number = 1"
            " WHERE profile = ? ORDER BY updated DESC, id DESC"
        )
        found = []
        for head, *values, body, sum_ in self._select(sql, [profile]):
            if checksum(values[:-1]) != head:
                self.damaged.append(f"session {values[0]}")
                continue
            whole = body is not None and checksum((values[0], 1, body)) == sum_
            found.append(replace(SessionHead(*values), first=body if whole else ""))
        return found

    def session_ids(self, profile: str) -> list[str]:
        """Ids of all sessions of a profile, the damaged ones too."""
        sql = "SELECT id FROM sessions WHERE profile = ? ORDER BY id"
        return [str(row[0]) for row in self._select(sql, [profile])]

    def _sessions(self, sql: str, arguments: Sequence[str]) -> Iterator[StoredSession]:
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
        new_turns: Sequence[str] = (),
    ) -> list[int]:
        """Write events and a session in one transaction; returns the events' numbers.

        The new turns are numbered after those in the store, whoever wrote them: two processes that
        go on with one session both keep what they add. The bus is that of the later one.

        Args:
            events: facts to append; a time of 0 becomes now, and the turn of those of the session
                is the number that its last new turn gets. Those that have a number already, of
                whatever kind, get a new one, and `because` of later ones that names it follows.
            session: the session as it is now; its `turns` are not looked at, and when it was first
                created stays as it is in the store.
            new_turns: JSON texts of the turns to add.

        Raises:
            NotFound: a session of that id belongs to another profile.
            RecagentError: the store cannot be written.
        """
        with self.transaction() as connection:
            number = None if session is None else write_session(connection, session, new_turns)
            numbers: dict[int, int] = {}
            written: list[int] = []
            for event in events:
                if session is not None and event.session == session.id:
                    event = replace(event, turn=number)
                event = replace(event, because=numbers.get(event.because, event.because))
                written.append(write_event(connection, event))
                numbers[event.id] = written[-1]
                numbers.pop(0, None)
        return written

    def undo_event(self, event: StoredEvent) -> None:
        """Mark an event as undone; it stays in the file and counts no more."""
        with self.transaction() as connection:
            write_event(connection, replace(event, undone=1), anew=False)

    def delete_session(self, session_id: str, profile: str) -> None:
        """Remove a session of this profile: its turns, what was said and shown in them, its bus.

        Nothing of it stays in the file (`secure_delete`) or in the log beside it. Verdicts and
        tastes that it gave are the profile's and stay.

        Raises:
            NotFound: this profile has none of that id.
        """
        if not self.path.exists():
            raise _no_session(session_id)
        with self._connection() as connection:
            with _immediate(connection):
                gone = connection.execute(
                    "DELETE FROM sessions WHERE id = ? AND profile = ?", (session_id, profile)
                )
                if not gone.rowcount:
                    raise _no_session(session_id)
                connection.execute("DELETE FROM turns WHERE session = ?", (session_id,))
                connection.execute(
                    "DELETE FROM events WHERE session = ? AND kind IN ('said', 'shown')",
                    (session_id,),
                )
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    # -- the file --------------------------------------------------------------------------------

    def _select(self, sql: str, arguments: Sequence[Any]) -> list[tuple[Any, ...]]:
        if not self.path.exists():
            return []
        try:
            with self._connection() as connection:
                return connection.execute(sql, arguments).fetchall()
        except DiskRefuses:
            # With a log beside it that holds a page the file alone is not the whole truth.
            log = self.path.with_name(f"{self.path.name}-wal")
            if log.exists() and log.stat().st_size >= _LEAST_LOG:
                raise
            return self._read_alone(sql, arguments)

    def _read_alone(self, sql: str, arguments: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Read without the shared file that WAL makes for readers too: a full disk has no room."""
        connection = sqlite3.connect(f"{self.path.absolute().as_uri()}?immutable=1", uri=True)
        try:
            return connection.execute(sql, arguments).fetchall()
        except sqlite3.DatabaseError as error:
            raise _told(error, self.path) from error
        finally:
            connection.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write in one go or not at all, for the rooms beside this one.

        Raises:
            RecagentError: the store cannot be written.
        """
        with self._connection() as connection, _immediate(connection):
            yield connection

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection: sqlite3.Connection | None = None
        try:
            if not self.path.exists():
                make_dir(self.path.parent, private=True)
                os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600))
            connection = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA secure_delete=ON")
            self._prepare(connection)
            yield connection
        except sqlite3.DatabaseError as error:
            raise _told(error, self.path) from error
        except OSError as error:
            raise unwritable(self.path, error, "cannot be opened") from error
        finally:
            if connection is not None:
                connection.close()

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Bring a new or an older file to what this version wants, one process at a time."""
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise BadInput(
                "made by a newer recagent", path=self.path, hint="upgrade recagent to read it"
            )
        mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
        if version == len(MIGRATIONS) and mode == "wal":
            return
        with locked(self.path.with_name(f".{self.path.name}.lock")):
            _switch_to_wal(connection)
            _migrate(connection)

    def profiles(self) -> list[str]:
        """Names of the profiles of which something is kept, in order."""
        sql = "SELECT profile FROM events UNION SELECT profile FROM sessions ORDER BY 1"
        return [str(name) for (name,) in self._select(sql, ())]

    def back_up(self, *, now: float | None = None) -> Path | None:
        """Copy the store aside once a day, keeping the last three copies; returns the new copy.

        Raises:
            RecagentError: the copy cannot be made.
        """
        if not self.path.exists():
            return None
        folder = make_dir(self.path.parent / "backups", private=True)
        moment = time.time() if now is None else now
        try:
            with locked(folder / ".lock", seconds=0) as held:
                return self._copy(folder, moment) if held and _is_due(folder, moment) else None
        except OSError as error:
            raise unwritable(folder, error) from error

    def copies(self) -> list[Path]:
        """The copies that `back_up` made and kept, oldest first."""
        return _copies(self.path.parent / "backups")

    def _copy(self, folder: Path, moment: float) -> Path:
        target = folder / time.strftime("user-%Y%m%d-%H%M%S.sqlite", time.gmtime(moment))
        temporary = folder / "next.tmp"
        temporary.unlink(missing_ok=True)
        with self._connection() as source:
            copy = sqlite3.connect(temporary)
            try:
                source.backup(copy)
            finally:
                copy.close()
        temporary.chmod(0o600)
        temporary.replace(target)
        for old in _copies(folder)[:-BACKUPS_KEPT]:
            old.unlink(missing_ok=True)
        return target


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Done once a file. SQLite's busy timeout does not hold for it: tried until nobody reads."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() >= deadline:
                raise
            time.sleep(0.01)


def _migrate(connection: sqlite3.Connection) -> None:
    connection.create_function(
        "row_checksum", -1, lambda *values: checksum(values), deterministic=True
    )
    with _immediate(connection):
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        for step in range(version, len(MIGRATIONS)):
            for statement in MIGRATIONS[step].split(";"):
                if statement.strip():
                    connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _copies(folder: Path) -> list[Path]:
    """The copies of a store, oldest first."""
    return sorted(folder.glob("user-*.sqlite"))


def _is_due(folder: Path, moment: float) -> bool:
    copies = _copies(folder)
    return not copies or moment - copies[-1].stat().st_mtime >= BACKUP_EVERY_S


def _no_session(session_id: str) -> NotFound:
    return NotFound(f"no session {session_id!r}", hint="recagent session list")


def _event_values(event: StoredEvent, moment: float) -> tuple[Any, ...]:
    """The values of `_EVENT_COLUMNS`."""
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


def write_event(connection: sqlite3.Connection, event: StoredEvent, *, anew: bool = True) -> int:
    """Append an event, or write the one of its number as it is now; returns its number."""
    if event.kind not in EVENT_KINDS:
        raise ValueError(f"unknown kind of event {event.kind!r}")
    values = _event_values(event, event.time or time.time())
    if not anew:
        names = ", ".join(f"{name} = ?" for name in _EVENT_COLUMNS.split(", "))
        connection.execute(
            f"UPDATE events SET {names}, checksum = ? WHERE id = ?",
            (*values, checksum(values), event.id),
        )
        return event.id
    written = connection.execute(
        f"INSERT INTO events ({_EVENT_COLUMNS}, checksum) VALUES ({', '.join('?' * 15)})",
        (*values, checksum(values)),
    )
    return int(written.lastrowid or 0)


def write_session(
    connection: sqlite3.Connection, session: StoredSession, new_turns: Sequence[str] = ()
) -> int:
    """Write the session and append its new turns; returns the number of the last one."""
    held = connection.execute(
        "SELECT profile, created FROM sessions WHERE id = ?", (session.id,)
    ).fetchone()
    if held is not None and held[0] != session.profile:
        raise _no_session(session.id)
    known = held is not None and isinstance(held[1], float)
    head = (
        session.id,
        session.profile,
        session.catalog,
        session.fingerprint,
        held[1] if known else float(session.created),
        float(session.updated),
    )
    connection.execute(
        f"INSERT OR REPLACE INTO sessions ({_SESSION_COLUMNS}, head, checksum)"
        f" VALUES ({', '.join('?' * 9)})",
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
    if "disk I/O" in text:
        return DiskRefuses(f"{path}: the disk refuses: {text}", hint="is it full, or failing?")
    if "full" in text:
        return DiskRefuses(f"{path}: the disk is full", hint="free some space and try again")
    if "readonly" in text or "unable to open" in text:
        return RecagentError(
            f"{path}: cannot be written", hint="set RECAGENT_HOME to a folder that you can write to"
        )
    return BadInput(
        f"damaged: {text}",
        path=path,
        hint="move it away, or put back the newest copy of the backups folder beside it",
    )
