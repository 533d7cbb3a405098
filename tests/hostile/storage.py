"""What must hold of a damaged store: it is found out, or nothing that was kept has changed."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from recagent_catalogs.errors import RecagentError
from recagent_cli.care.store_check import look_at
from recagent_cli.memory.event_rows import StoredEvent, write_event
from recagent_cli.memory.lesson_rows import lessons_of, write_lessons
from recagent_cli.memory.session_rows import StoredSession, write_session
from recagent_cli.memory.store import UserStore
from recagent_cli.memory.trace_rows import new_trace, traces_of, write_trace

Rows = dict[str, list[tuple[Any, ...]]]
"""The rows of a store by table."""
PROFILES = ("me", "ben")
TABLES = ("events", "sessions", "turns", "traces", "lessons", "ledger", "sqlite_sequence")


def make_store(path: Path, facts: int = 60, seed: int = 1) -> UserStore:
    """A store with facts, conversations, traces and lessons of two profiles."""
    draw = random.Random(seed)
    store = UserStore(path)
    with store.transaction() as connection:
        for profile in PROFILES:
            for n in range(facts):
                write_event(connection, _event(profile, n, draw))
            for number in range(3):
                _write_session(connection, f"{profile}-{number}", profile, draw)
    return store


def _event(profile: str, n: int, draw: random.Random) -> StoredEvent:
    return StoredEvent(
        profile, draw.choice(["films", "toys"]),
        draw.choice(["liked", "rated", "seen", "said"]), item=f"f{n:04}",
        value=draw.choice([None, 4.0, 2.5]), source="recagent rate", time=1.7e9 + n,
    )  # fmt: skip


def _write_session(
    connection: sqlite3.Connection, id: str, profile: str, draw: random.Random
) -> None:
    bus = draw.randbytes(1_500)
    session = StoredSession(id, profile, "films", "abc", 1.7e9, 1.7e9 + 1, bus)
    turns = [json.dumps({"utterance": "a western, please", "number": n}) for n in range(2)]
    write_session(connection, session, turns)
    for turn in (1, 2):
        lines = json.dumps({"schema": "recagent.trace/1"}) + '\n{"event": "end"}'
        write_trace(connection, new_trace(profile, "films", id, turn, lines))
    write_lessons(connection, profile, "films", id, [f"genres is not a number ({id})"])


def rows_in(path: Path) -> Rows:
    """All rows of all tables, as SQLite reads them."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return {
            table: sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr)
            for table in TABLES
        }


def told_by(store: UserStore) -> list[Any]:
    """All that the store tells of both profiles, through its own doors.

    Raises:
        RecagentError: it cannot be read.
    """
    told: list[Any] = []
    for profile in PROFILES:
        told += [store.events(profile, undone=True), store.events(profile, "films", ("liked",))]
        told += [store.sessions(profile), traces_of(store, profile), lessons_of(store, profile)]
        told += [store.session(id, profile) for id in store.session_ids(profile)]
    return told


def flipped(raw: bytes, at: int, bit: int) -> bytes:
    """The bytes with one bit turned."""
    changed = bytearray(raw)
    changed[at] ^= 1 << bit
    return bytes(changed)


def silent_change(
    folder: Path, raw: bytes, rows: dict[str, list[tuple[Any, ...]]]
) -> Iterator[str]:
    """What is wrong of a damaged file that `doctor --verify` calls whole; nothing if it says so.

    Args:
        folder: a folder that may be emptied.
        raw: the damaged file.
        rows: what the whole one had.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    path = folder / "user.sqlite"
    path.write_bytes(raw)
    if not look_at(path).whole:
        return
    now = rows_in(path)
    yield from (f"{table} changed" for table in TABLES if now[table] != rows[table])
    store = UserStore(path)
    try:
        told_by(store)
    except RecagentError as error:
        yield f"called whole, but: {error.message}"
    yield from (f"called whole, but damaged: {row}" for row in store.damaged)


def silently_wrong(folder: Path, raw: bytes, told: list[Any]) -> Iterator[str]:
    """What a command would take for true of a damaged file without a word."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    store = UserStore(folder / "user.sqlite")
    store.path.write_bytes(raw)
    try:
        now = told_by(store)
    except RecagentError:
        return
    if now != told and not store.damaged:
        yield "something else is told, and nothing said"
