"""The ledger: how many rows of each kind the store has, and the sum of their numbers.

A checksum proves the rows that are read. That a row is there no more, because a flipped byte took
it out of its page or out of an index, shows only in a count that is kept elsewhere. SQLite's own
triggers keep it, in the transaction of the row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

A, B = 1_000_003, 7_919
"""`proof` is A times `n` plus B times `ids`: a line of the ledger that was damaged itself shows."""

GROUPED = {
    "events": ("profile", "catalog", "kind", "id"),
    "sessions": ("profile", "catalog", "''", "0"),
    "turns": ("session", "''", "''", "number"),
    "traces": ("profile", "catalog", "''", "id"),
    "lessons": ("profile", "catalog", "''", "id"),
}
"""By table what its rows are grouped by, and their number."""
NUMBERED = ("events", "traces", "lessons")
"""Tables whose numbers are never given twice."""
LAST, GONE = "last", "gone"
"""Lines that count no rows: of the number given last in a table, of a turn lost for good."""
_PROOF = f"{A} * n + {B} * ids"


@dataclass(frozen=True)
class Group:
    """Rows that are counted together.

    Attributes:
        table: of the store.
        owner: the profile; of turns the session.
        catalog, kind: "" where the table is not grouped by it.
    """

    table: str
    owner: str
    catalog: str
    kind: str

    def __str__(self) -> str:
        about = f" about {self.catalog}" if self.catalog else ""
        of = f"session {self.owner}" if self.table == "turns" else self.owner
        return f"{self.kind or self.table}{about} of {of}"


def _of(row: str, name: str) -> str:
    return name if name.startswith("'") or name.isdigit() else f"{row}.{name}"


def _added(table: str, row: str) -> str:
    owner, catalog, kind, number = (_of(row, name) for name in GROUPED[table])
    return f"""
        INSERT INTO ledger VALUES ('{table}', {owner}, {catalog}, {kind}, 1, {number},
            {A} + {B} * {number})
        ON CONFLICT (of, owner, catalog, kind) DO UPDATE
        SET n = n + 1, ids = ids + excluded.ids, proof = proof + excluded.proof;
        """


def _taken(table: str, row: str) -> str:
    owner, catalog, kind, number = (_of(row, name) for name in GROUPED[table])
    where = f"of = '{table}' AND owner = {owner} AND catalog = {catalog} AND kind = {kind}"
    return f"""
        UPDATE ledger SET n = n - 1, ids = ids - {number}, proof = proof - {A} - {B} * {number}
            WHERE {where};
        DELETE FROM ledger WHERE {where} AND n <= 0;
        """


def _triggers(table: str) -> str:
    names = [name for name in GROUPED[table] if name.isalpha()]
    moved = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in names)
    return f"""
    CREATE TRIGGER {table}_added AFTER INSERT ON {table} BEGIN
        {_added(table, "NEW")}
    END;
    CREATE TRIGGER {table}_taken AFTER DELETE ON {table} BEGIN {_taken(table, "OLD")} END;
    CREATE TRIGGER {table}_moved AFTER UPDATE ON {table} WHEN {moved} BEGIN
        {_taken(table, "OLD")} {_added(table, "NEW")}
    END;
    """


def _tallies(table: str) -> str:
    owner, catalog, kind, number = GROUPED[table]
    return (
        f"SELECT '{table}' AS of, {owner} AS owner, {catalog} AS catalog, {kind} AS kind,"
        f" count(*) AS n, sum({number}) AS ids FROM {table} GROUP BY 1, 2, 3, 4"
    )


def _begun() -> str:
    """The statements that fill the ledger from the rows that there are."""
    return "".join(
        f"INSERT INTO ledger SELECT *, {_PROOF} FROM ({_tallies(table)});" for table in GROUPED
    )


LEDGER = f"""
    UPDATE events SET checksum = row_checksum(profile, catalog, kind, item, value, text, source,
            session, turn, time, undone, "column", batch, because, id)
        WHERE checksum = row_checksum(profile, catalog, kind, item, value, text, source,
            session, turn, time, undone, "column", batch, because);
    CREATE TABLE ledger (
        of TEXT NOT NULL, owner TEXT NOT NULL, catalog TEXT NOT NULL, kind TEXT NOT NULL,
        n INTEGER NOT NULL, ids INTEGER NOT NULL, proof INTEGER NOT NULL,
        PRIMARY KEY (of, owner, catalog, kind)
    ) WITHOUT ROWID;
    {_begun()}
    {"".join(_triggers(table) for table in GROUPED)}
    """
"""The step of the store's version that brought the ledger."""


def next_number(connection: sqlite3.Connection, table: str) -> int:
    """The number that the next row of a table gets: above all that were ever given."""
    sql = (
        "SELECT max(seq, coalesce((SELECT n FROM ledger WHERE of = 'last' AND owner = ?1), 0))"
        " FROM sqlite_sequence WHERE name = ?1"
    )
    given = connection.execute(sql, (table,)).fetchone()
    if given is None:
        given = connection.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()
    return int(given[0]) + 1


def note_numbers(connection: sqlite3.Connection) -> None:
    """Write down which numbers were given last, at the end of a transaction."""
    connection.execute(
        f"INSERT INTO ledger SELECT 'last', name, '', '', seq, 0, {A} * seq FROM sqlite_sequence"
        f" WHERE name IN {NUMBERED} AND seq > 0 ON CONFLICT (of, owner, catalog, kind) DO UPDATE"
        " SET n = excluded.n, proof = excluded.proof WHERE excluded.n > n"
    )


def count_anew(connection: sqlite3.Connection) -> None:
    """Make the ledger follow the rows that there are, within a transaction."""
    connection.execute("DELETE FROM ledger")
    for statement in filter(None, _begun().split(";")):
        connection.execute(statement)
    note_numbers(connection)


MISCOUNTED = """
    WITH there AS MATERIALIZED (
        SELECT catalog, kind, count(*) AS n, sum(id) AS ids FROM events WHERE profile = ?1
        GROUP BY 1, 2
    ), told AS (
        SELECT catalog, kind, n, ids FROM ledger WHERE of = 'events' AND owner = ?1
    )
    SELECT catalog, kind FROM (SELECT * FROM there EXCEPT SELECT * FROM told)
    UNION SELECT catalog, kind FROM (SELECT * FROM told EXCEPT SELECT * FROM there)
    """
"""Catalogs and kinds of a profile's facts that are not as many as the ledger has."""


@dataclass(frozen=True)
class Tally:
    """What the ledger has of a group, and what there is.

    Attributes:
        group: which one.
        told: how many rows the ledger has, and the sum of their numbers; None where it has no
            line, or a damaged one.
        there: the same of the rows.
    """

    group: Group
    told: tuple[int, int] | None
    there: tuple[int, int]


def miscounted(connection: sqlite3.Connection) -> Iterator[Tally]:
    """The groups of which the ledger tells something else than the rows do.

    Raises:
        sqlite3.DatabaseError: the tables cannot be read.
    """
    told, damaged = read_ledger(connection)
    there: dict[Group, tuple[int, int]] = {}
    for table in GROUPED:
        for *group, n, ids in connection.execute(_tallies(table)):
            there[Group(*map(str, group))] = (n, ids)
    for group in {**told, **there, **dict.fromkeys(damaged)}:
        here = there.get(group, (0, 0))
        if group.table in (LAST, GONE):
            continue
        if group in damaged or told.get(group, (0, 0)) != here:
            yield Tally(group, told.get(group) if group not in damaged else None, here)


def read_ledger(
    connection: sqlite3.Connection,
) -> tuple[dict[Group, tuple[int, int]], set[Group]]:
    """The lines of the ledger that prove themselves, (rows, sum of numbers); and the others."""
    told: dict[Group, tuple[int, int]] = {}
    damaged: set[Group] = set()
    for *group, n, ids, proof in connection.execute("SELECT * FROM ledger"):
        one = Group(*map(str, group))
        if isinstance(n, int) and isinstance(ids, int) and proof == A * n + B * ids and n > 0:
            told[one] = (n, ids)
        else:
            damaged.add(one)
    return told, damaged


def note_gone(connection: sqlite3.Connection, session: str, number: int) -> None:
    """Write down that a turn is lost for good, so that it is not found missing again."""
    connection.execute(
        "INSERT INTO ledger VALUES (?, ?, ?, '', 1, 0, ?) ON CONFLICT DO NOTHING",
        (GONE, session, str(number), A),
    )


def gone(connection: sqlite3.Connection) -> set[tuple[str, int]]:
    """The turns that are lost for good: session and number."""
    told, _ = read_ledger(connection)
    return {(g.owner, int(g.catalog)) for g in told if g.table == GONE and g.catalog.isdecimal()}
