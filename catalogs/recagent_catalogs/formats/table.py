"""Any table: CSV and its kin, TSV, Parquet, JSON, JSON lines; packed by gzip or not."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from ..data import InteractionTable, ItemTable
from ..errors import BadInput
from ..report import GuessedRole, Log
from ..schema import CatalogSchema, Column, Role, load_schema
from ..text import clean
from .build import ColumnPlan, build_items
from .delimited import DelimitedTable
from .files import SourceFile
from .pairs import PairColumns, Table, read_pairs
from .records import JsonTable, ParquetTable, SequenceTable
from .roles import (
    find_column,
    guess_items,
    guess_pairs,
    item_column,
    looks_like_header,
    part_column,
    plan_for_schema,
    title_column,
)

SAMPLE = 2_000
"""Rows that roles are guessed from."""
_TABLE_SUFFIXES = (
    ".csv",
    ".tsv",
    ".txt",
    ".dat",
    ".data",
    ".parquet",
    ".json",
    ".jsonl",
    ".ndjson",
    ".inter",
)
_ODD_NAME = re.compile(r"[^\w \-./()%#&+:]")

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Wanted:
    """What the person said about the columns; names as in the file, any case."""

    title: str | None = None
    id: str | None = None
    year: str | None = None
    user: str | None = None
    item: str | None = None
    value: str | None = None
    time: str | None = None
    schema: Path | None = None


def open_table(file: SourceFile, log: Log, *, pairs: bool = False) -> Table:
    """Open a file as the kind of table that its name and its beginning say.

    Args:
        file: the file.
        log: where warnings go.
        pairs: whether interactions are expected; they may come without a header.

    Raises:
        BadInput: empty, damaged, or not what its name says.
    """
    base = file.base
    if base.endswith(".parquet"):
        return ParquetTable(file, log)
    if base.endswith((".json", ".jsonl", ".ndjson")):
        return JsonTable(file, log)
    if base.endswith(".txt") and (sequences := SequenceTable.recognise(file)):
        return sequences
    table = DelimitedTable(file, log)
    if table.delimiter != "," and base.endswith(".csv"):
        log.warn(f"the columns are divided by {table.delimiter!r}, not by a comma", file.name)
    return _without_header(table, file, log, pairs) or table


def _without_header(
    table: DelimitedTable, file: SourceFile, log: Log, pairs: bool
) -> DelimitedTable | None:
    """The same file read without a header line, where it has none and its layout is known."""
    if looks_like_header(table.columns):
        return None
    width, mark = len(table.columns), table.delimiter
    header: list[str] | None = None
    if mark == "::" and width == 3 and not table.columns[2].isdigit():
        header = ["itemId", "title", "genres"]
    elif (pairs or mark in ("::", "\t")) and width in (2, 3, 4) and table.columns[0].isdigit():
        header = ["userId", "itemId", "rating", "timestamp"][:width]
    if header is None:
        return None
    log.warn(f"no header line: taken as {', '.join(header)}", file.name, 1)
    return DelimitedTable(file, log, header=header, delimiter=mark)


def sample_of(table: Table, file: SourceFile) -> list[list[Any]]:
    """The first rows, read apart, so that what is wrong with them is told only once."""
    quiet = Log(skip_bad_rows=True)
    return [cells for _, cells in islice(open_table(file, quiet).rows(), SAMPLE)]


def is_pairs(columns: Sequence[str]) -> bool:
    """Whether a table with these columns holds interactions."""
    return part_column(columns, "user") is not None and (
        item_column(columns) is not None or title_column(columns) is not None
    )


def choose_files(
    files: dict[str, SourceFile], source: Path
) -> tuple[SourceFile, SourceFile | None]:
    """The items and the interactions among the tables of a folder.

    Raises:
        BadInput: none, or several that it could be.
    """
    items: list[SourceFile] = []
    pairs: list[SourceFile] = []
    for base, file in files.items():
        if base.endswith(_TABLE_SUFFIXES):
            columns = open_table(file, Log(skip_bad_rows=True)).columns
            (pairs if is_pairs(columns) else items).append(file)
    if len(items) == 1 and len(pairs) <= 1:
        return items[0], pairs[0] if pairs else None
    if len(pairs) == 1 and not items:
        return pairs[0], None
    found = ", ".join(sorted(f.path.name for f in (*items, *pairs))) or "no table"
    raise BadInput(
        f"cannot tell the items from the interactions in this folder: {clean(found, 300)}",
        path=source,
        hint="name the file with the items, and --interactions FILE",
    )


def read_tables(
    items_file: SourceFile,
    pairs_file: SourceFile | None,
    name: str,
    wanted: Wanted,
    log: Log,
    progress: Progress,
) -> tuple[ItemTable, InteractionTable | None, list[GuessedRole]]:
    """Read a table of items, and one of interactions if there is one.

    A single table of interactions gives the items too: every item that occurs.

    Raises:
        BadInput: with file, line and column.
    """
    progress("reading items", 0.02)
    table = open_table(items_file, log)
    sample = sample_of(table, items_file)
    alone = pairs_file is None and wanted.schema is None and is_pairs(table.columns)
    pair_columns = _pair_columns(table, wanted) if alone else None
    schema, plan, split_years = _plan(table, sample, name, wanted, pair_columns, log)

    def report(rows: int) -> None:
        progress(f"reading items: {rows:,}", 0.1)

    first_wins = pair_columns is not None
    items = build_items(
        [table], schema, plan, log, split_years=split_years, first_wins=first_wins, progress=report
    )
    roles = [
        GuessedRole(e.source, e.column.name, str(e.column.role), e.how, e.separator) for e in plan
    ]
    known = {entry.column.name for entry in plan}
    roles += [
        GuessedRole("", c.name, str(c.role), "made") for c in schema.columns if c.name not in known
    ]
    pairs = None
    if pair_columns is not None:
        pairs = _read_pairs(items_file, table, pair_columns, items, log, progress)
        roles += _pair_roles(pair_columns)
    elif pairs_file is not None:
        other = open_table(pairs_file, log, pairs=True)
        pair_columns = _pair_columns(other, wanted)
        pairs = _read_pairs(pairs_file, other, pair_columns, items, log, progress)
        roles += _pair_roles(pair_columns)
    return items, pairs, roles


def _pair_columns(table: Table, wanted: Wanted) -> PairColumns:
    return guess_pairs(
        table.columns, table.file.name, user=wanted.user, item=wanted.item, value=wanted.value,
        time=wanted.time,
    )  # fmt: skip


def _pair_roles(columns: PairColumns) -> list[GuessedRole]:
    parts = {
        "user": columns.user,
        "item": columns.item,
        "value": columns.value,
        "time": columns.time,
    }
    return [
        GuessedRole(source, part, "interaction", "name") for part, source in parts.items() if source
    ]


def _read_pairs(
    file: SourceFile,
    table: Table,
    columns: PairColumns,
    items: ItemTable,
    log: Log,
    progress: Progress,
) -> InteractionTable:
    progress("reading interactions", 0.15)
    rows_of = {id: row for row, id in enumerate(items.ids)}

    def report(rows: int) -> None:
        progress(f"reading interactions: {rows:,}", min(0.15 + rows / 5e7, 0.45))

    return read_pairs(table, columns, rows_of, log, report)


def _plan(
    table: Table,
    sample: Sequence[Sequence[Any]],
    name: str,
    wanted: Wanted,
    pairs: PairColumns | None,
    log: Log,
) -> tuple[CatalogSchema, tuple[ColumnPlan, ...], bool]:
    file, columns = table.file.name, table.columns
    if wanted.schema is not None:
        schema, plan, missing = plan_for_schema(
            load_schema(wanted.schema).renamed(name), columns, sample
        )
        for column in missing:
            log.warn(f"no column {column!r}, which {wanted.schema.name} names", file, 1)
        _require(schema, plan, columns, file)
        return schema, plan, False
    given = _given(columns, wanted, file)
    if pairs is not None:
        return _plan_of_pairs(table, sample, name, given, pairs, log)
    ids = next((source for source, role in given.items() if role is Role.ID), item_column(columns))
    if ids is None:
        raise _no_id(columns, file)
    guess = guess_items(name, columns, sample, given, ids=ids)
    for entry in guess.plan:
        if _ODD_NAME.search(entry.source):
            log.warn(f"an odd column name; it is called {entry.column.name}", file, 1, entry.source)
    if not any(entry.column.role is Role.TITLE for entry in guess.plan):
        log.warn("no column of titles: the ids are shown instead", file, 1, "title")
    return guess.schema, guess.plan, guess.split_years


def _require(
    schema: CatalogSchema, plan: Sequence[ColumnPlan], columns: Sequence[str], file: str
) -> None:
    ids = schema.one(Role.ID)
    assert ids is not None
    if not any(entry.column.role is Role.ID for entry in plan):
        raise BadInput(
            f"no column {ids.name!r}; columns: {clean(', '.join(columns), 300)}", path=file, line=1
        )


def _given(columns: Sequence[str], wanted: Wanted, file: str) -> dict[str, Role]:
    said = (
        (wanted.id, Role.ID, "--id-column"),
        (wanted.title, Role.TITLE, "--title-column"),
        (wanted.year, Role.YEAR, "--year-column"),
    )
    return {find_column(columns, word, file, option): role for word, role, option in said if word}


def _no_id(columns: Sequence[str], file: str) -> BadInput:
    listed = clean(", ".join(columns), 300)
    if looks_like_header(columns):
        return BadInput(
            f"no column of ids (item_id, id, …); columns: {listed}", path=file, line=1,
            hint="name it with --id-column",
        )  # fmt: skip
    return BadInput(
        f"no header line is recognised; the first line reads: {listed}", path=file, line=1,
        hint="the first line must name the columns; name the ids with --id-column",
    )  # fmt: skip


def _plan_of_pairs(
    table: Table,
    sample: Sequence[Sequence[Any]],
    name: str,
    given: dict[str, Role],
    pairs: PairColumns,
    log: Log,
) -> tuple[CatalogSchema, tuple[ColumnPlan, ...], bool]:
    """Items out of interactions: the item's id, its title if there is one, and nothing else."""
    own = {pairs.user, pairs.value, pairs.time}
    titles = title_column([c for c in table.columns if c not in own and c != pairs.item])
    columns = [Column("id", Role.ID), Column("title", Role.TITLE)]
    plan = [ColumnPlan(pairs.item, columns[0])]
    title = next((source for source, role in given.items() if role is Role.TITLE), titles)
    if title is not None:
        plan.append(ColumnPlan(title, columns[1]))
    else:
        log.warn("no column of titles: the ids are shown instead", table.file.name, 1)
    guess = guess_items(name, table.columns, sample, {}, ids="", skip=frozenset(table.columns))
    words = guess.schema
    schema = CatalogSchema(name, tuple(columns), words.item, words.items, words.aliases, words.verb)
    return schema, tuple(plan), False
