"""The lists of a batch job as one file: Parquet by DuckDB, the text formats line by line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recagent_catalogs.errors import RecagentError

from .recommend_all import Entries, Parts, refused, told
from .ui.clean_json import dumps
from .ui.render import separated_lines

if TYPE_CHECKING:
    from recagent_catalogs.store import Catalog

COLUMNS = ("user", "rank", "id", "title", "year", "score")
WHOLE = "whole"
"""The output before it is renamed, among the parts."""
AT_ONCE = 1000
PARQUET = """
COPY (
    SELECT names.id AS "user", lists.rank, items.id, items.title, items.year, lists.score
    FROM lists JOIN names ON names.index = lists.user JOIN items ON items.row = lists.row
    ORDER BY lists.user, lists.rank
) TO ? (FORMAT parquet, COMPRESSION zstd)
"""
Cells = tuple[str, str, int | None]
"""Id, title and year of an item."""


def write_file(parts: Parts, catalog: Catalog, out: Path) -> int:
    """Write all lists in the job's format; the file appears whole, by one rename.

    Args:
        parts: a finished job.
        catalog: what its users and items are called.
        out: the file; one that is there is replaced.

    Returns:
        How many lines it has, without a header.

    Raises:
        BadInput: it cannot be written.
        RecagentError: the disk is full.
    """
    whole = parts.place / f"{WHOLE}.{parts.job.format}"
    with told(out):
        if parts.job.format == "parquet":
            count = write_parquet(parts, catalog, whole)
        else:
            with whole.open("w", encoding="utf-8", newline="") as file:
                count = write_text(parts, catalog, file.write)
        handle = os.open(whole, os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(whole, out)
    return count


def write_text(parts: Parts, catalog: Catalog, write: Callable[[str], Any]) -> int:
    """Write csv, tsv or JSON lines, a part at a time; returns the number of lines."""
    cells = _cells_of(parts, catalog)
    form, count = parts.job.format, 0
    separator = {"csv": ",", "tsv": "\t"}.get(form, "")
    if separator:
        write(separated_lines([COLUMNS], separator))
    for entries in _all(parts):
        lines = list(_lines(entries, catalog, cells))
        count += len(lines)
        if separator:
            write(separated_lines(lines, separator))
        else:
            write("".join(dumps(dict(zip(COLUMNS, line, strict=True))) + "\n" for line in lines))
    return count


def write_parquet(parts: Parts, catalog: Catalog, file: Path) -> int:
    """Write a Parquet file: user, id and title text, rank and year INTEGER, score FLOAT.

    Raises:
        BadInput: it cannot be written.
        RecagentError: the disk is full.
    """
    import duckdb

    cells = _cells_of(parts, catalog)
    users = parts.job.users
    names = {
        "index": np.arange(users, dtype=np.int32),
        "id": _texts([catalog.user_id(user) for user in range(users)]),
    }
    items = {
        "row": np.fromiter(cells, dtype=np.int32, count=len(cells)),
        "id": _texts([cell[0] for cell in cells.values()]),
        "title": _texts([cell[1] for cell in cells.values()]),
        "year": np.array([_number(cell[2]) for cell in cells.values()], dtype=np.float64),
    }
    connection = duckdb.connect()
    try:
        connection.register("given_names", names)
        connection.register("given_items", items)
        connection.execute(
            'CREATE TABLE names AS SELECT "index", id::VARCHAR AS id FROM given_names'
        )
        connection.execute(
            "CREATE TABLE items AS SELECT row, id::VARCHAR AS id, title::VARCHAR AS title, "
            "CASE WHEN isnan(year) THEN NULL ELSE year::INTEGER END AS year FROM given_items"
        )
        connection.execute(
            'CREATE TABLE lists ("user" INTEGER, rank INTEGER, row INTEGER, score FLOAT)'
        )
        count = 0
        for entries in _all(parts):
            given = {
                name: np.ascontiguousarray(entries[name]) for name in entries.dtype.names or ()
            }
            connection.register("given", given)
            connection.execute('INSERT INTO lists SELECT "user", rank, row, score FROM given')
            count += len(entries)
        connection.execute(PARQUET, [str(file)])
        return count
    except duckdb.Error as error:
        why = " ".join(str(error).split())
        raise refused(file, "No space left" in why, why) from error
    finally:
        connection.close()


def _all(parts: Parts) -> Iterator[Entries]:
    for number in range(parts.job.n_parts):
        try:
            yield parts.read(number)
        except (OSError, ValueError, EOFError) as error:
            raise RecagentError(
                f"a part of the lists is damaged: {parts.place}",
                hint="the same call makes it again",
            ) from error


def _cells_of(parts: Parts, catalog: Catalog) -> dict[int, Cells]:
    """What the items that stand in any list are called, by row."""
    named = np.zeros(catalog.n_items, dtype=bool)
    for entries in _all(parts):
        named[entries["row"]] = True
    rows = np.flatnonzero(named).tolist()
    cells: dict[int, Cells] = {}
    for begin in range(0, len(rows), AT_ONCE):
        for item in catalog.items(rows[begin : begin + AT_ONCE]):
            cells[item.row] = (item.id, item.title, item.year)
    return cells


def _lines(
    entries: Entries, catalog: Catalog, cells: dict[int, Cells]
) -> Iterator[tuple[str, int, str, str, int | None, float]]:
    user, name = -1, ""
    for index, rank, row, score in entries.tolist():
        if index != user:
            user, name = index, catalog.user_id(index)
        yield (name, rank, *cells[row], round(score, 4))


def _texts(values: list[str]) -> Any:
    """An array of Python texts; DuckDB reads no other kind without padding."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _number(value: int | None) -> float:
    return np.nan if value is None else float(value)
