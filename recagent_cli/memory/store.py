"""The user store: events, sessions and turns of all profiles in one SQLite file.

Every row carries a checksum, because SQLite hands out a flipped byte without a word; a row whose
checksum fails is left out and named in `damaged`.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from recagent_catalogs.errors import BadInput, NotFound

from .checksums import checksum, event_checksum
from .event_rows import EVENT_COLUMNS, StoredEvent, event_of, write_event
from .ledger import MISCOUNTED, next_number
from .session_rows import (
    HEAD_COLUMNS,
    SESSION_COLUMNS,
    SessionHead,
    StoredSession,
    delete_with_session,
    no_session,
    write_session,
)
from .store_file import StoreFile, immediate


class UserStore(StoreFile):
    """The store of all profiles. Nothing is made on disk before something is written."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.damaged: list[str] = []
        self._counted: set[str] = set()

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
        self._count(profile)
        where = ["profile = ?"]
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
            f"SELECT checksum, {EVENT_COLUMNS}, id FROM events"
            f" WHERE {' AND '.join(where)} ORDER BY id"
        )
        # Those taken back are left out here: by the file a flipped byte would take one back.
        found = self._whole(self.select(sql, arguments))
        return found if undone else [event for event in found if not event.undone]

    def _whole(self, rows: Sequence[tuple[Any, ...]]) -> list[StoredEvent]:
        """The events of rows of (checksum, values, id), without the damaged ones."""
        found = []
        for sum_, *values in rows:
            if event_checksum(values) != sum_:
                self.damaged.append(f"event {values[-1]}")
                continue
            found.append(event_of(values))
        return found

    def _count(self, profile: str) -> None:
        """Hold the facts of a profile against the ledger, once."""
        if profile not in self._counted:
            self._counted.add(profile)
            for catalog, kind in self.select(MISCOUNTED, [profile]):
                about = f" about {catalog}" if catalog else ""
                self.damaged.append(f"how many {kind}{about} there are")

    def all_events(
        self, connection: sqlite3.Connection, profile: str, catalog: str
    ) -> list[StoredEvent]:
        """Those of a profile and catalog within a transaction, also those taken back."""
        sql = (
            f"SELECT checksum, {EVENT_COLUMNS}, id FROM events"
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
        sql = f"SELECT checksum, {SESSION_COLUMNS} FROM sessions WHERE id = ? AND profile = ?"
        found = next(self._sessions(sql, [session_id, profile]), None)
        if found is not None:
            return found
        if f"session {session_id}" in self.damaged:
            raise BadInput(f"the session {session_id!r} is damaged", path=self.path)
        raise no_session(session_id)

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
        known = {str(name): str(about) for name, about in self.select(sql, [profile])}
        if part in known:
            return part, known[part]
        found = [one for one in known if one.startswith(part) or one.endswith(f"-{part}")]
        if not part or not found:
            raise no_session(part)
        if len(found) > 1:
            told = ", ".join(found[-3:]) + (", …" if len(found) > 3 else "")
            raise NotFound(
                f"{len(found)} sessions begin or end with {part!r}: {told}",
                hint="recagent session list",
            )
        return found[0], known[found[0]]

    def has_session(self, session_id: str) -> bool:
        """Whether there is a session of that full id, whoever's."""
        return bool(self.select("SELECT 1 FROM sessions WHERE id = ?", [session_id]))

    def bus_of(self, session_id: str, profile: str) -> bytes | None:
        """The stored bus of a session of this profile, unchecked; None where there is none."""
        sql = "SELECT bus FROM sessions WHERE id = ? AND profile = ?"
        return next((bytes(row[0]) for row in self.select(sql, (session_id, profile))), None)

    def last_session(self, profile: str, catalog: str | None = None) -> StoredSession | None:
        """The session of this profile, and catalog, that was used last."""
        arguments = [profile] if catalog is None else [profile, catalog]
        one_catalog = "" if catalog is None else " AND catalog = ?"
        sql = (
            f"SELECT checksum, {SESSION_COLUMNS} FROM sessions WHERE id = (SELECT id FROM sessions"
            f" WHERE profile = ?{one_catalog} ORDER BY updated DESC, id DESC LIMIT 1)"
        )
        return next(self._sessions(sql, arguments), None)

    def sessions(self, profile: str) -> list[SessionHead]:
        """All sessions of a profile, last used first, without their buses."""
        sql = (
            f"SELECT head, {HEAD_COLUMNS},"
            " (SELECT count(*) FROM turns WHERE turns.session = sessions.id), body, turns.checksum"
            " FROM sessions LEFT JOIN turns ON turns.session = id AND number = 1"
            " WHERE profile = ? ORDER BY updated DESC, id DESC"
        )
        found = []
        for head, *values, body, sum_ in self.select(sql, [profile]):
            if checksum(values[:-1]) != head:
                self.damaged.append(f"session {values[0]}")
                continue
            whole = body is not None and checksum((values[0], 1, body)) == sum_
            found.append(replace(SessionHead(*values), first=body if whole else ""))
        return found

    def session_ids(self, profile: str) -> list[str]:
        """Ids of all sessions of a profile, the damaged ones too."""
        sql = "SELECT id FROM sessions WHERE profile = ? ORDER BY id"
        return [str(row[0]) for row in self.select(sql, [profile])]

    def _sessions(self, sql: str, arguments: Sequence[str]) -> Iterator[StoredSession]:
        for row in self.select(sql, arguments):
            if checksum(row[1:]) != row[0]:
                self.damaged.append(f"session {row[1]}")
                continue
            names = SESSION_COLUMNS.split(", ")
            yield StoredSession(**dict(zip(names, row[1:], strict=True)), turns=self._turns(row[1]))

    def _turns(self, session_id: str) -> tuple[str, ...]:
        sql = "SELECT checksum, session, number, body FROM turns WHERE session = ? ORDER BY number"
        bodies = []
        for row in self.select(sql, [session_id]):
            if checksum(row[1:]) != row[0]:
                self.damaged.append(f"turn {row[2]} of session {session_id}")
                continue
            bodies.append(row[3])
        return tuple(bodies)

    def profiles(self) -> list[str]:
        """Names of the profiles of which something is kept, in order."""
        sql = "SELECT profile FROM events UNION SELECT profile FROM sessions ORDER BY 1"
        return [str(name) for (name,) in self.select(sql, ())]

    # -- writing ---------------------------------------------------------------------------------

    def commit(
        self,
        *,
        events: Sequence[StoredEvent] = (),
        session: StoredSession | None = None,
        new_turns: Sequence[str] = (),
        traces: Sequence[str] = (),
        lessons: Sequence[str] = (),
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
            traces: of each new turn, in order; "" where there is none.
            lessons: what they taught, to be kept with the session.

        Raises:
            NotFound: a session of that id belongs to another profile.
            RecagentError: the store cannot be written.
        """
        with self.transaction() as connection:
            number = None if session is None else write_session(connection, session, new_turns)
            if session is not None and any(traces):
                self._write_traces(connection, session, (number or 0) - len(traces), traces)
            if session is not None and lessons:
                from .lesson_rows import write_lessons  # it stands above

                of = session.profile, session.catalog, session.id
                write_lessons(connection, *of, lessons)
            numbers: dict[int, int] = {}
            written: list[int] = []
            first = next_number(connection, "events") if events else 0
            for at, event in enumerate(events, start=first):
                if session is not None and event.session == session.id:
                    event = replace(event, turn=number)
                if event.because in numbers:
                    event = replace(event, because=numbers[event.because])
                written.append(write_event(connection, event, number=at))
                numbers[event.id] = written[-1]
                numbers.pop(0, None)
        return written

    def _write_traces(
        self,
        connection: sqlite3.Connection,
        session: StoredSession,
        before: int,
        traces: Sequence[str],
    ) -> None:
        from .trace_rows import new_trace, write_trace  # it stands above

        for number, lines in enumerate(traces, start=before + 1):
            if lines:
                of = session.profile, session.catalog, session.id
                write_trace(connection, new_trace(*of, number, lines))

    def undo_event(self, event: StoredEvent) -> None:
        """Mark an event as undone; it stays in the file and counts no more."""
        with self.transaction() as connection:
            write_event(connection, replace(event, undone=int(time.time())), anew=False)

    def delete_session(self, session_id: str, profile: str) -> None:
        """Remove a session of this profile: its turns, what was said and shown in them, its bus.

        Nothing of it stays in the file (`secure_delete`) or in the log beside it. Verdicts and
        tastes that it gave are the profile's and stay.

        Raises:
            NotFound: this profile has none of that id.
        """
        if not self.path.exists():
            raise no_session(session_id)
        with self.connection() as connection:
            with immediate(connection):
                gone = connection.execute(
                    "DELETE FROM sessions WHERE id = ? AND profile = ?", (session_id, profile)
                )
                if not gone.rowcount:
                    raise no_session(session_id)
                delete_with_session(connection, session_id)
                said = "session = ? AND profile = ? AND kind IN ('said', 'shown')"
                mine = (session_id, profile)
                # What was learned of it and accepted stands by itself from now on.
                sql = (
                    f"SELECT checksum, {EVENT_COLUMNS}, id FROM events WHERE profile = ? AND"
                    f" kind = 'learned' AND because IN (SELECT id FROM events WHERE {said})"
                )
                for event in self._whole(connection.execute(sql, (profile, *mine)).fetchall()):
                    write_event(connection, replace(event, because=0), anew=False)
                connection.execute(f"DELETE FROM events WHERE {said}", mine)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
