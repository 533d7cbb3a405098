"""The tables of the store, and the steps from one version of them to the next."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from .checksums import checksum
from .ledger import LEDGER, note_numbers

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
    # A trace is a turn's events, a line of JSON each; `kept` are those that serve as examples.
    # What a session gave goes with it.
    """
    CREATE TABLE traces (
        id INTEGER PRIMARY KEY AUTOINCREMENT, profile TEXT NOT NULL, catalog TEXT NOT NULL,
        session TEXT NOT NULL, turn INTEGER NOT NULL, created REAL NOT NULL,
        kept INTEGER NOT NULL DEFAULT 0, lines TEXT NOT NULL, checksum BLOB NOT NULL
    );
    CREATE INDEX traces_of ON traces (profile, catalog, kept);
    CREATE INDEX traces_in ON traces (session, turn);
    CREATE TABLE lessons (
        id INTEGER PRIMARY KEY AUTOINCREMENT, profile TEXT NOT NULL, catalog TEXT NOT NULL,
        session TEXT NOT NULL, created REAL NOT NULL, text TEXT NOT NULL, checksum BLOB NOT NULL
    );
    CREATE INDEX lessons_of ON lessons (profile, catalog)
    """,
    # The checksum of a fact holds its number as well, and a ledger which rows there are: a row that
    # a flipped byte takes out of its page leaves no other trace.
    LEDGER,
)
"""Step n brings the file from version n to n + 1. Steps are only ever added."""


def migrate(connection: sqlite3.Connection) -> None:
    """Take the steps that are missing, within a transaction."""
    connection.create_function(
        "row_checksum", -1, lambda *values: checksum(values), deterministic=True
    )
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    for step in range(version, len(MIGRATIONS)):
        for statement in _statements(MIGRATIONS[step]):
            connection.execute(statement)
    note_numbers(connection)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _statements(step: str) -> Iterator[str]:
    """The statements of a step; those within a trigger stay with it."""
    begun = ""
    for part in step.split(";"):
        begun += part + ";"
        if sqlite3.complete_statement(begun):
            if begun.strip(" \n;"):
                yield begun
            begun = ""
