"""Any table: CSV and its kin, TSV, Parquet, JSON, JSON lines; packed by gzip or not."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
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
from .likely import likely_pairs, options
from .pairs import PairColumns, Table, id_text, read_pairs
from .parquet import ParquetTable
from .records import JsonTable, SequenceTable
from .roles import (
    find_column,
    guess_items,
    guess_pairs,
    item_column,
    looks_like_header,
    part_column,
    plan_for_schema,
    title_column,
    unique_columns,
)

SAMPLE = 2_000
"""Rows that roles are guessed from."""
MOST_TABLES = 50
"""Of so many tables in a folder it is looked which holds what."""
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
_PAPERS = ("readme", "license", "licence", "changelog", "citation", "notice")
"""How text files begin that lie beside data and are none."""
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
    if table.delimiter != "\t" and base.endswith(".tsv"):
        log.warn(f"the columns are divided by {table.delimiter!r}, not by a tab", file.name)
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
    tables = [
        file
        for base, file in files.items()
        if base.endswith(_TABLE_SUFFIXES) and not base.startswith(_PAPERS)
    ]
    if len(tables) > MOST_TABLES:
        raise BadInput(
            f"{len(tables):,} tables in this folder", path=source,
            hint="name the file with the items, and --interactions FILE",
        )  # fmt: skip
    for file in tables:
        columns = open_table(file, Log(skip_bad_rows=True)).columns
        (pairs if is_pairs(columns) else items).append(file)
    if len(items) == 1 and len(pairs) <= 1:
        return items[0], pairs[0] if pairs else None
    if len(pairs) == 1 and not items:
        return pairs[0], None
    if not items and not pairs:
        raise _no_table(source)
    found = ", ".join(sorted(f.path.name for f in (*items, *pairs)))
    raise BadInput(
        f"cannot tell the items from the interactions in this folder: {clean(found, 300)}",
        path=source,
        hint="name the file with the items, and --interactions FILE",
    )


def _no_table(source: Path) -> BadInput:
    """What to say of a folder with nothing that is known."""
    folders = {path.name for path in source.iterdir() if os.path.isdir(path)}
    names = sorted(f"{p.name}/" if p.name in folders else p.name for p in source.iterdir())
    looked = "looked for MovieLens (u.item, movies.dat, movies.csv) and tables ("
    hint = f"{looked}{', '.join(_TABLE_SUFFIXES)}; also with .gz)"
    if not names:
        return BadInput("the folder is empty", path=source, hint=hint)
    deeper = next((n for n in sorted(folders) if _holds_table(source / n)), None)
    if deeper is not None:
        hint = f"is it {source / deeper}? " + hint
    listed = clean(", ".join(names[:8]) + (", …" if len(names) > 8 else ""), 200)
    return BadInput(f"no table in this folder (it holds {listed})", path=source, hint=hint)


def _holds_table(folder: Path) -> bool:
    try:
        bases = [SourceFile(path).base for path in folder.iterdir()]
    except OSError:
        return False
    return any(base.endswith((*_TABLE_SUFFIXES, "u.item")) for base in bases)


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
    alone = pairs_file is None and wanted.schema is None and _said_pairs(table.columns, wanted)
    pair_columns = None
    if alone:
        pair_columns = _pair_columns(table, replace(wanted, item=wanted.item or wanted.id))
    schema, plan, split_years = _plan(table, sample, name, wanted, pair_columns, log)

    share = 0.13 if pairs_file is not None or alone else 0.45

    def report(rows: int) -> None:
        done = min(rows / _length(table), 1.0)
        progress(f"reading items: {rows:,}", 0.02 + share * done)

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
        # The first pass has told already which rows cannot be taken apart.
        again = open_table(items_file, Log(log.skip_bad_rows), pairs=True)
        pairs = _read_pairs(items_file, again, pair_columns, items, log, progress)
        _tell_unused(table, [*_parts(pair_columns), *(e.source for e in plan)], log)
        roles += _pair_roles(pair_columns)
    elif pairs_file is not None:
        other = open_table(pairs_file, log, pairs=True)
        pair_columns = _pair_columns(other, wanted)
        pairs = _read_pairs(pairs_file, other, pair_columns, items, log, progress)
        _tell_unused(other, _parts(pair_columns), log)
        roles += _pair_roles(pair_columns)
    return items, pairs, roles


def _said_pairs(columns: Sequence[str], wanted: Wanted) -> bool:
    """Whether a single table holds interactions, by its names or by what the person said."""
    users = wanted.user or part_column(columns, "user")
    return bool(wanted.item and users) or is_pairs(columns)


def _length(table: Table) -> int:
    """About how many rows a table has, for a bar."""
    return max(getattr(table, "length", 0) or table.file.facts.lines, 1)


def _pair_columns(table: Table, wanted: Wanted) -> PairColumns:
    try:
        return guess_pairs(
            table.columns, table.file.name, user=wanted.user, item=wanted.item, value=wanted.value,
            time=wanted.time,
        )  # fmt: skip
    except BadInput as error:
        if wanted.user or wanted.item:
            raise
        likely = options(likely_pairs(table.columns, sample_of(table, table.file)))
        if likely:
            error.hint = f"name its columns: {likely}"
        raise


def _tell_unused(table: Table, used: Sequence[str | None], log: Log) -> None:
    """Which columns of a table of interactions nobody reads."""
    unused = [column for column in table.columns if column not in used]
    if unused:
        log.warn(f"columns not used: {clean(', '.join(unused), 200)}", table.file.name, 1)


def _parts(columns: PairColumns) -> list[str | None]:
    return [columns.user, columns.item, columns.value, columns.time]


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
        done = min(rows / _length(table), 1.0)
        progress(f"reading interactions: {rows:,}", 0.15 + 0.3 * done)

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
    said, given = _given(columns, wanted, file)
    if pairs is not None:
        return _plan_of_pairs(table, sample, name, given, pairs, log)
    ids = said or item_column(columns)
    if ids is None:
        raise _no_id(table, sample)
    guess = guess_items(name, columns, sample, given, ids=ids, said=said is not None)
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


def _given(columns: Sequence[str], wanted: Wanted, file: str) -> tuple[str | None, dict[str, Role]]:
    """The column of ids that was named, and those of title and year; ids may be titles too."""

    def find(word: str | None, option: str) -> str | None:
        return find_column(columns, word, file, option) if word else None

    ids, title = find(wanted.id, "--id-column"), find(wanted.title, "--title-column")
    year = find(wanted.year, "--year-column")
    if year is not None and year in (ids, title):
        option = "--id-column" if year == ids else "--title-column"
        raise BadInput(
            f"the column {wanted.year!r} cannot be both {option} and --year-column", path=file,
            line=1, hint="a year at the end of the titles, as in Alien (1979), is found by itself",
        )  # fmt: skip
    named = ((title, Role.TITLE), (year, Role.YEAR))
    return ids, {source: role for source, role in named if source is not None}


def _no_id(table: Table, sample: Sequence[Sequence[Any]]) -> BadInput:
    columns, file = table.columns, table.file.name
    listed = clean(", ".join(columns), 200)
    unique = _unique_column(table, sample)
    pairs = "" if unique else options(likely_pairs(columns, sample))
    if pairs:
        return BadInput(
            f"no column of ids (item_id, id, …); columns: {listed}", path=file, line=1,
            hint=f"if it tells who took what, name its columns: {pairs}",
        )  # fmt: skip
    if looks_like_header(columns):
        hint = "name it with --id-column NAME (no text column of this file is unique)"
        if unique:
            hint = "name it with --id-column; a column of unique titles will do: " + unique
        return BadInput(
            f"no column of ids (item_id, id, …); columns: {listed}", path=file, line=1, hint=hint
        )
    hint = "the first line must name the columns; name the ids with --id-column"
    if unique:
        hint = f"the first line must name the columns; if it does, name the ids: {unique}"
    return BadInput(
        f"no header line is recognised; the first line reads: {listed}", path=file, line=1,
        hint=hint,
    )  # fmt: skip


def _unique_column(table: Table, sample: Sequence[Sequence[Any]]) -> str:
    """The option that names a text column without an empty or repeated value in the whole file."""
    names = unique_columns(table.columns, sample)
    seen: dict[int, set[str]] = {table.columns.index(name): set() for name in names}
    try:
        for _, cells in open_table(table.file, Log(skip_bad_rows=True)).rows() if seen else ():
            for place, values in list(seen.items()):
                value = id_text(cells[place])
                if not value or value in values:
                    del seen[place]
                values.add(value)
    except BadInput:
        return ""
    left = [name for name in names if table.columns.index(name) in seen]
    quote = "'" if left and '"' in left[0] else '"'
    return f"--id-column {quote}{clean(left[0], 80)}{quote}" if left else ""


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
