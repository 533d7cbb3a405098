"""Full-text search: SQLite FTS5, bm25 over folded text; one column of it a schema column."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import numpy as np

from .interactions import Floats, Rows
from .schema import CatalogSchema, Column, Role
from .text import fold

WEIGHTS = {
    Role.TITLE: 10.0, Role.ALIAS: 8.0, Role.GROUP: 5.0, Role.PEOPLE: 5.0, Role.TAGS: 4.0,
    Role.CATEGORIES: 3.0, Role.FACET: 2.0, Role.TEXT: 1.0,
}  # fmt: skip
"""The roles that are searched, and how much a word found there counts."""
_MAX_WORDS = 24
_STOP = frozenset(
    "a an and are about as at be by for from i in is it like me my of on or some something that "
    "the this to want was with".split()
)


def indexed(schema: CatalogSchema) -> tuple[Column, ...]:
    """The columns that the index holds, in the schema's order."""
    return schema.with_role(*WEIGHTS)


def index_name(column: Column) -> str:
    """The name of a schema column inside the index; the title's is fixed, others are prefixed."""
    return "title" if column.role is Role.TITLE else f"c_{column.name}"


def create_index(connection: sqlite3.Connection, schema: CatalogSchema) -> None:
    """Create the empty table `text_index`. It keeps no copy of the text (contentless)."""
    names = ", ".join(index_name(column) for column in indexed(schema))
    connection.execute(
        f"CREATE VIRTUAL TABLE text_index USING fts5({names}, content='', "
        "tokenize='porter unicode61')"
    )


def search(
    connection: sqlite3.Connection, schema: CatalogSchema, text: str, limit: int
) -> tuple[Rows, Floats]:
    """The items that hold the words: rows int32 and bm25 scores float32, best first.

    All words are asked for first; where no item holds them all, any of them. Function words count
    only where there is nothing else. Odd query text finds nothing; it never raises.
    """
    words = list(dict.fromkeys(fold(text).split()))[:_MAX_WORDS]
    words = [word for word in words if word not in _STOP] or words
    weights = ", ".join(str(WEIGHTS[column.role]) for column in indexed(schema))
    query = (
        f"SELECT rowid, -bm25(text_index, {weights}) AS score FROM text_index "
        "WHERE text_index MATCH ? ORDER BY score DESC, rowid LIMIT ?"
    )
    for glue in (" ", " OR "):
        found = _run(connection, query, glue.join(f'"{word}"' for word in words), limit)
        if found:
            break
    rows = np.fromiter((row for row, _ in found), dtype=np.int32, count=len(found))
    return rows, np.fromiter((score for _, score in found), dtype=np.float32, count=len(found))


def _run(
    connection: sqlite3.Connection, query: str, match: str, limit: int
) -> list[tuple[int, float]]:
    if not match or limit <= 0:
        return []
    try:
        return connection.execute(query, (match, limit)).fetchall()
    except (sqlite3.OperationalError, UnicodeEncodeError):
        return []  # text that FTS5 cannot tokenize holds no word of ours


def rows_with_phrase(
    connection: sqlite3.Connection, column: Column, words: Sequence[str]
) -> list[int]:
    """The rows in whose column these words may stand side by side, up to stemming; ascending."""
    phrase = '"' + " ".join(words) + '"'
    query = "SELECT rowid, 0.0 FROM text_index WHERE text_index MATCH ? ORDER BY rowid LIMIT ?"
    return [row for row, _ in _run(connection, query, f"{index_name(column)} : {phrase}", 2**31)]
