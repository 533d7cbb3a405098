"""Traces as rows of the store: written with their turn, the newest kept, a few for good."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any

from recagent_catalogs.errors import BadInput, NotFound

from .checksums import checksum
from .store import UserStore

MAX_TRACES = 200
"""Traces of a profile; older ones go, but for those that were kept."""
MAX_KEPT = 50
"""Traces of a profile that serve as demonstrations."""
COLUMNS = "profile, catalog, session, turn, created, kept, lines"
_NAMES = tuple(COLUMNS.split(", "))


@dataclass(frozen=True)
class StoredTrace:
    """A trace as it is kept: its lines as one text.

    Attributes:
        profile, catalog, session, turn: of which turn.
        created: when it was written, seconds since 1970 (UTC).
        kept: 1 where it serves as a demonstration.
        lines: `recagent.trace/1`.
        id: its number; 0 before it is written.
    """

    profile: str
    catalog: str
    session: str
    turn: int
    created: float
    kept: int
    lines: str
    id: int = 0


def write_trace(connection: sqlite3.Connection, trace: StoredTrace) -> int:
    """Write a trace within the transaction of its turn; the oldest ones over the limit go.

    Its head is told the number of the last fact there is.
    """
    facts = connection.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()[0]
    head, _, rest = trace.lines.partition("\n")
    head = json.dumps({**json.loads(head), "facts": facts}, ensure_ascii=False)
    values = astuple(replace(trace, lines=f"{head}\n{rest}"))[:-1]
    written = connection.execute(
        f"INSERT INTO traces ({COLUMNS}, checksum) VALUES ({', '.join('?' * 8)})",
        (*values, checksum(values)),
    )
    old = "SELECT id FROM traces WHERE profile = ? AND kept = 0 ORDER BY id DESC LIMIT -1 OFFSET ?"
    connection.execute(f"DELETE FROM traces WHERE id IN ({old})", (trace.profile, MAX_TRACES))
    return int(written.lastrowid or 0)


def traces_of(
    store: UserStore,
    profile: str,
    catalog: str | None = None,
    *,
    session: str | None = None,
    kept: bool = False,
) -> list[StoredTrace]:
    """Traces of a profile, newest first; damaged ones are left out and named in `store.damaged`.

    Args:
        store: the store.
        profile: whose.
        catalog: about which; None for all.
        session: of which; None for all.
        kept: whether only those that serve as demonstrations.
    """
    where, arguments = ["profile = ?"], [profile]
    for name, value in (("catalog", catalog), ("session", session)):
        if value is not None:
            where.append(f"{name} = ?")
            arguments.append(value)
    if kept:
        where.append("kept = 1")
    sql = f"SELECT id, checksum, {COLUMNS} FROM traces WHERE {' AND '.join(where)}"
    return _whole(store, store.select(f"{sql} ORDER BY id DESC", arguments))


def count_traces(store: UserStore, profile: str) -> int:
    """How many traces there are of a profile, damaged ones too."""
    sql = "SELECT count(*) FROM traces WHERE profile = ?"
    return int(next(iter(store.select(sql, [profile])), (0,))[0])


def trace_named(store: UserStore, profile: str, reference: str) -> StoredTrace:
    """The trace of a number; "last" is the newest one, -1 too, -2 the one before it.

    Raises:
        NotFound: there is none.
        BadInput: it is damaged, or that names none.
    """
    text = reference.strip().lstrip("#")
    back = "1" if text in ("last", "") else text[1:] if text[:1] == "-" else ""
    if not (back or text).isdecimal() or len(text) > 15:
        raise BadInput(f"no trace is called {reference!r}", hint="a number, last, or -2")
    sql = f"SELECT id, checksum, {COLUMNS} FROM traces WHERE profile = ?"
    if back:
        rows = store.select(f"{sql} ORDER BY id DESC LIMIT 1 OFFSET ?", [profile, int(back) - 1])
        rows = rows if int(back) else []
    else:
        rows = store.select(f"{sql} AND id = ?", [profile, int(text)])
    if not rows:
        raise NotFound(f"no trace {reference!r}", hint="recagent trace list")
    found = _whole(store, rows)
    if not found:
        raise BadInput(f"the trace {rows[0][0]} is damaged", path=store.path)
    return found[0]


def set_kept(store: UserStore, trace: StoredTrace, kept: bool) -> None:
    """Let a trace serve as a demonstration, or no longer.

    Raises:
        BadInput: there are too many already.
        NotFound: it is gone.
    """
    values = astuple(replace(trace, kept=int(kept)))[:-1]
    with store.transaction() as connection:
        if kept:
            sql = "SELECT count(*) FROM traces WHERE profile = ? AND kept = 1"
            if connection.execute(sql, (trace.profile,)).fetchone()[0] >= MAX_KEPT:
                raise BadInput(f"{MAX_KEPT} traces are kept already", hint="recagent trace unkeep")
        done = connection.execute(
            "UPDATE traces SET kept = ?, checksum = ? WHERE id = ? AND profile = ?",
            (int(kept), checksum(values), trace.id, trace.profile),
        )
        if not done.rowcount:
            raise NotFound(f"no trace {trace.id}", hint="recagent trace list")


def _whole(store: UserStore, rows: Sequence[tuple[Any, ...]]) -> list[StoredTrace]:
    found = []
    for id, sum_, *values in rows:
        if checksum(values) != sum_:
            store.damaged.append(f"trace {id}")
            continue
        found.append(StoredTrace(**dict(zip(_NAMES, values, strict=True)), id=id))
    return found


def new_trace(profile: str, catalog: str, session: str, turn: int, lines: str) -> StoredTrace:
    """A trace of now, to be written."""
    return StoredTrace(profile, catalog, session, turn, time.time(), 0, lines)
