"""What a damaged store becomes: its whole rows, and what its newest good copy has of the others."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from recagent_catalogs.errors import RecagentError

from ..memory.backups import copies_of
from ..memory.erasing import FORGOTTEN, mark_of
from ..memory.ledger import NUMBERED, Group, note_gone, note_numbers
from ..memory.migrations import migrate
from ..memory.store_file import StoreFile, immediate
from .rows import BY_NAME, TABLES, Table, Values
from .salvage import Salvaged, group_of, orphans, read_whole
from .store_check import look_at

NO_TEXT = "?"


@dataclass
class Restored:
    """The rows of a store put right, and what became of the others.

    Attributes:
        rows: all of it, by table and key.
        kept: how many rows were whole.
        copy: the good copy that was used; None where there is none.
        from_copy: rows taken from it.
        lost: rows lost for good, in words; those that are only known by their number in the end.
        lasts: by table, the highest number that was ever given.
        gone: turns lost for good, session and number.
        blind: whether nothing tells what else there was.
    """

    rows: dict[str, dict[Values, Values]]
    kept: int
    copy: Path | None = None
    from_copy: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    lasts: dict[str, int] = field(default_factory=dict)
    gone: list[tuple[str, int]] = field(default_factory=list)
    blind: bool = False


def good_copy(store: Path) -> Path | None:
    """The newest copy of the store that is whole, proved just now."""
    for copy in reversed(copies_of(StoreFile(store))):
        with contextlib.suppress(OSError):
            if look_at(copy, copy=True).whole:
                return copy
    return None


def restored(left: Salvaged, copy: Path | None, forgetting: Collection[str] = ()) -> Restored:
    """Decide what the store becomes.

    A row that is whole stays as it is. One that is damaged or missing comes from the copy. One that
    only the copy has was removed since, unless the ledger misses it; where there is no ledger left
    it comes back. Nothing comes back of whom something was forgotten since the copy was made.

    Args:
        left: what is left of the store.
        copy: a good copy of it; None for none.
        forgetting: owners, as `mark_of` has them, whose forgetting has not come to its end.
    """
    kept = sum(map(len, left.rows.values()))
    done = Restored(left.rows, kept, copy, blind=not left.counted)
    if copy is not None:
        _from_copy(left, read_whole(copy), done, forgetting)
    _tell_lost(left, done)
    _leave_orphans(done)
    tables = {name: rows for name, rows in done.rows.items() if name in NUMBERED}
    for name, rows in tables.items():
        place = BY_NAME[name].columns.index("id")
        highest = max((int(row[place]) for row in rows.values()), default=0)
        told = left.told.get(Group("last", name, "", ""), (0, 0))[0]
        done.lasts[name] = max(highest, told, left.lasts.get(name, 0))
    return done


def _from_copy(left: Salvaged, copy: Salvaged, done: Restored, forgetting: Collection[str]) -> None:
    outdated = _forgotten_since(left, copy, forgetting)
    for table in TABLES:
        here, damaged = left.rows[table.name], left.damaged[table.name]
        missing: dict[Group, list[Values]] = {}
        for key, row in copy.rows[table.name].items():
            owner = _owner(table, row, copy)
            if key in here or owner in outdated:
                continue
            if key in damaged:
                _take(table, key, row, done)
            else:
                missing.setdefault(group_of(table, row), []).append(key)
        for group, keys in missing.items():
            for key in _wanted(group, keys, left, done, table):
                _take(table, key, copy.rows[table.name][key], done)


def _take(table: Table, key: Values, row: Values, done: Restored) -> None:
    done.rows[table.name][key] = row
    done.from_copy.append(told_row(table, row))


def _wanted(
    group: Group, keys: list[Values], left: Salvaged, done: Restored, table: Table
) -> list[Values]:
    """Those of a group that only the copy has, and the ledger of the store misses."""
    if not left.counted or group in left.doubted:
        return keys
    told, ids = left.told.get(group, (0, 0))
    there = [row for row in done.rows[table.name].values() if group_of(table, row) == group]
    if len(there) >= told:
        return []
    if told - len(there) == 1 and table.name in NUMBERED:
        place = table.columns.index("id")
        number = ids - sum(int(row[place]) for row in there)
        return [key for key in keys if key[0] == number]
    return keys


def _owner(table: Table, row: Values, copy: Salvaged) -> str:
    """The profile a row belongs to."""
    if table.name == "turns":
        session = copy.rows["sessions"].get((row[0],))
        return str(session[1]) if session else NO_TEXT
    return str(row[table.columns.index("profile")])


def _forgotten_since(left: Salvaged, copy: Salvaged, forgetting: Collection[str]) -> set[str]:
    """Profiles of which something was forgotten after the copy was made.

    Forgetting makes its copies anew; between the two it may have been killed.
    """
    place = {name: n for n, name in enumerate(BY_NAME["events"].columns)}
    marks: list[dict[str, int]] = []
    for rows in (left.rows["events"], copy.rows["events"]):
        marks.append({})
        for row in rows.values():
            if row[place["kind"]] == FORGOTTEN:
                marks[-1][str(row[place["profile"]])] = int(row[place["id"]])
    for group, (_, ids) in left.told.items():
        if group.kind == FORGOTTEN:
            marks[0][group.owner] = max(ids, marks[0].get(group.owner, 0))
    profiles = {
        str(row[BY_NAME[name].columns.index("profile")])
        for name in ("events", "sessions", "traces", "lessons")
        for row in copy.rows[name].values()
    }
    late = {owner for owner, number in marks[0].items() if number > marks[1].get(owner, 0)}
    late.update(forgetting)
    return {profile for profile in profiles if mark_of(profile) in late or profile in late}


def _tell_lost(left: Salvaged, done: Restored) -> None:
    """What is lost for good: damaged rows that no copy has, and what the ledger misses still."""
    named: dict[Group, int] = {}
    for table in TABLES:
        for key, row in left.damaged[table.name].items():
            if table.name in NUMBERED and key[0] == 0:
                continue  # noughts where rows were, no row: the ledger tells how many are missing
            if key not in done.rows[table.name]:
                done.lost.append(told_row(table, row))
                group = group_of(table, row)
                named[group] = named.get(group, 0) + 1
                if table.name == "turns":
                    done.gone.append((str(key[0]), int(key[1])))
    for group, (told, _) in sorted(left.told.items(), key=str):
        if group.table not in BY_NAME:
            continue
        table = BY_NAME[group.table]
        there = sum(group_of(table, row) == group for row in done.rows[table.name].values())
        more = told - there - named.get(group, 0)
        if more > 0:
            done.lost.append(f"{more:,} more of {group}")


def _leave_orphans(done: Restored) -> None:
    """Turns without their session cannot be shown: they stay in the damaged file alone."""
    turns = done.rows["turns"]
    for key in orphans(done.rows):
        done.lost.append(f"{told_row(BY_NAME['turns'], turns.pop(key))} (its session is lost)")
    numbers: dict[str, set[int]] = {}
    for session, number in turns:
        numbers.setdefault(str(session), set()).add(int(number))
    sessions = {str(key[0]) for key in done.rows["sessions"]}
    done.gone = [(session, number) for session, number in done.gone if session in sessions]
    for session, held in numbers.items():
        missing = set(range(1, max(held) + 1)) - held
        done.gone += [(session, number) for number in missing]


def told_row(table: Table, row: Values) -> str:
    """A row for people: its number, when, of what kind, whose."""
    named = dict(zip(table.columns, row, strict=True))
    facts = [str(named[name]) for name in ("kind", "catalog", "profile") if named.get(name)]
    when = row[table.time] if table.time is not None else None
    if isinstance(when, float) and 0 < when < 4e9:
        facts.insert(0, time.strftime("%Y-%m-%d %H:%M", time.gmtime(when)))
    return f"{table.named(row)} ({', '.join(facts)})" if facts else table.named(row)


def write_store(path: Path, done: Restored, page_size: int) -> None:
    """Write the rows into a new file, and prove it.

    Raises:
        RecagentError: it cannot be written, or is not whole.
    """
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size={page_size}")
        connection.execute("PRAGMA secure_delete=ON")
        with immediate(connection):
            migrate(connection)
            for table in TABLES:
                rows = sorted(done.rows[table.name].items(), key=lambda item: item[0])
                connection.executemany(table.insert, (row for _, row in rows))
            for name, number in filter(lambda last: last[1], done.lasts.items()):
                connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (name,))
                connection.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (name, number))
            note_numbers(connection)
            for session, number in done.gone:
                note_gone(connection, session, number)
        connection.execute("PRAGMA journal_mode=WAL")
    look = look_at(path)
    if not look.whole:
        where, text = look.wrong[0]
        raise RecagentError(f"nothing was changed: what was repaired is not whole: {where}: {text}")
