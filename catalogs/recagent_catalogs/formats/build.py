"""A table of items and a plan for its columns -> an `ItemTable`, with line numbers."""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from unicodedata import normalize

from .. import hidden
from ..data import ItemTable
from ..errors import BadInput
from ..report import Log
from ..schema import CatalogSchema, Column, Role, Vocabulary
from ..text import TEXT_CAP, TITLE_CAP, clean, fold
from ..titles import article_first, split_title
from .files import MAX_LITERAL
from .pairs import NO_VALUE, Table, as_it_stood, file_entry, id_text, wrong_id

VALUE_CAP = 120
"""Characters of a word in a list."""
MAX_VALUES = 200
"""Words in one cell."""
_REMEMBERED = 50_000
_ODD_SPACES = re.compile("[\v\f\x1c-\x1f\x85]")
_YEAR = re.compile(r"(?<!\d)(1[0-9]\d\d|20\d\d)(?!\d)")
_BEFORE_CHRIST = re.compile(r"(?<!\d)(\d{1,4})\s*B\.?\s*C(?:\.?\s*E)?\b", re.IGNORECASE)
_LOOSE_NUMBER = re.compile(r"^[^\d+-]{0,4}\s*([+-]?\d+(?:[.,]\d+)?)\s*[^\d]{0,12}$")
_MISSING = NO_VALUE | {"nan"}


@dataclass(frozen=True)
class ColumnPlan:
    """What becomes of one column of the source.

    Attributes:
        source: its name in the file.
        column: the catalog's column.
        separator: divides a cell into values, for list roles; "" where the cell is a list already,
            or one written as JSON or Python.
        how: "name", "values", "given" or "format"; for the report.
    """

    source: str
    column: Column
    separator: str = ""
    how: str = "name"


@dataclass
class _Builder:
    """The state of one pass over the rows."""

    schema: CatalogSchema
    plan: Sequence[ColumnPlan]
    log: Log
    split_years: bool
    first_wins: bool
    cells: dict[str, list[Any]] = field(default_factory=dict)
    weights: dict[str, list[list[float]]] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)
    folded_ids: dict[str, str] = field(default_factory=dict)
    told: dict[str, int] = field(default_factory=dict)
    first: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    lists: frozenset[str] = frozenset()
    words: dict[str, dict[str, str]] = field(default_factory=dict)
    """By column: a word as it stands in the file -> as it is kept."""
    spellings: dict[str, dict[str, str]] = field(default_factory=dict)
    table: Table = field(init=False)
    file: str = ""
    line: int = 0
    id_place: int = 0

    @property
    def id_name(self) -> str:
        """What the file calls the column of ids."""
        return next(entry.source for entry in self.plan if entry.column.role is Role.ID)

    def note(self, message: str, name: str, times: int = 1) -> None:
        """Count something to warn of; told once with its first line."""
        key = f"{message}\0{name}"
        self.told[key] = self.told.get(key, 0) + times
        self.first.setdefault(key, (self.file, self.line, name))


def build_items(
    tables: Iterable[Table],
    schema: CatalogSchema,
    plan: Sequence[ColumnPlan],
    log: Log,
    *,
    split_years: bool = False,
    first_wins: bool = False,
    progress: Callable[[int], None] = lambda rows: None,
) -> ItemTable:
    """Read items.

    Args:
        tables: the files, each with the columns that the plan names.
        schema: of the catalog to be.
        plan: which column becomes what; exactly one id.
        log: where warnings and dropped rows go.
        split_years: whether titles end in "(1999)".
        first_wins: a repeated id is nothing to tell of (items out of interactions).
        progress: told the number of rows read, now and then.

    Raises:
        BadInput: an empty or repeated id, no rows; with line and column.
    """
    builder = _Builder(schema, plan, log, split_years, first_wins)
    builder.cells = {column.name: [] for column in schema.columns}
    builder.lists = frozenset(column.name for column in schema.columns if column.is_list)
    rows = 0
    for table in tables:
        rows += _read_table(builder, table, rows, progress)
    if not builder.seen:
        raise BadInput("the file has no usable rows", path=builder.file, line=1)
    _tell(builder)
    return ItemTable(schema, builder.cells, builder.weights)


def _read_table(builder: _Builder, table: Table, rows: int, progress: Callable[[int], None]) -> int:
    """Read the rows of one file; returns how many."""
    read, before = 0, len(builder.seen)
    builder.table, builder.file = table, table.file.name
    places = _places(table, builder.plan)
    builder.id_place = next(
        place
        for place, entry in zip(places, builder.plan, strict=True)
        if entry.column.role is Role.ID
    )
    for line, cells in table.rows():
        read += 1
        builder.line = line
        _take(builder, cells, places)
        if read % 1_000 == 0:
            progress(rows + read)
    builder.log.read(file_entry(table, read, len(builder.seen) - before))
    return read


def _places(table: Table, plan: Sequence[ColumnPlan]) -> list[int]:
    missing = [entry.source for entry in plan if entry.source not in table.columns]
    if missing:
        raise BadInput(
            f"no column {missing[0]!r}; columns: {clean(', '.join(table.columns), 300)}",
            path=table.file.name,
            line=1,
        )
    return [table.columns.index(entry.source) for entry in plan]


def _take(builder: _Builder, cells: list[Any], places: list[int]) -> None:
    row: dict[str, Any] = {}
    weights: dict[str, list[float]] = {}
    for entry, place in zip(builder.plan, places, strict=True):
        if entry.column.role is Role.ID:
            id = _id(builder, cells, entry, place)
            if id is None:
                return
            row[entry.column.name] = id
        else:
            value = _cell(builder, entry, cells[place])
            if isinstance(value, dict):
                weights[entry.column.name] = list(value.values())
                value = list(value)
            row[entry.column.name] = value
    _finish_title(builder, row)
    if not _is_new(builder, row, cells):
        return
    for name, values in builder.cells.items():
        values.append(row.get(name, [] if name in builder.lists else None))
        if name in weights or name in builder.weights:
            known = builder.weights.setdefault(name, [[1.0] * len(v) for v in values[:-1]])
            known.append(weights.get(name, [1.0] * len(values[-1])))


def _id(builder: _Builder, cells: list[Any], entry: ColumnPlan, place: int) -> str | None:
    raw = cells[place]
    id = id_text(raw)
    if not id:
        # With `first_wins` the same rows are read again as interactions, which tells of it.
        if not builder.first_wins:
            builder.log.bad_row(
                wrong_id(raw), file=builder.file, line=builder.line, column=place + 1,
                name=entry.source, row=as_it_stood(builder.table, cells),
            )  # fmt: skip
        return None
    if isinstance(raw, str) and raw != id:
        builder.note("spaces or hidden characters around ids removed", entry.source)
    return id


def _is_new(builder: _Builder, row: dict[str, Any], raw: list[Any]) -> bool:
    """Whether the id is new; the same row twice is dropped, another row of that id is bad."""
    ids = next(c.name for c in builder.schema.columns if c.role is Role.ID)
    id = row[ids]
    before = builder.seen.get(id)
    if before is None:
        builder.seen[id] = len(builder.seen)
        alike = id.casefold() if id.isascii() else normalize("NFKC", id).casefold()
        if builder.folded_ids.setdefault(alike, id) != id:
            message = "ids that differ only in upper and lower case, or in how signs are composed, "
            message += "are different items"
            builder.note(message, builder.id_name)
        return True
    if builder.first_wins:
        return False
    same = all(
        cells[before] == row.get(name, cells[before]) for name, cells in builder.cells.items()
    )
    if same:
        builder.note("the same row twice: the first one counts", builder.id_name)
        builder.log.drop("the same row twice", builder.file, builder.line, name=builder.id_name)
    else:
        builder.log.bad_row(
            f"repeated id: {clean(id, 80)!r} stands for different rows",
            file=builder.file, line=builder.line, column=builder.id_place + 1,
            name=builder.id_name,
            row=as_it_stood(builder.table, raw),
        )  # fmt: skip
    return False


def _finish_title(builder: _Builder, row: dict[str, Any]) -> None:
    """Take the title apart; a missing one is the id."""
    schema = builder.schema
    title = schema.one(Role.TITLE)
    assert title is not None
    text = row.get(title.name) or next(
        (row[c.name] for c in schema.with_role(Role.ALIAS) if row.get(c.name)), None
    )
    if not text:
        ids = schema.one(Role.ID)
        assert ids is not None
        if title.name in row:
            builder.note("empty titles: the id is shown instead", title.name)
        row[title.name] = row[ids.name]
        return
    year = schema.one(Role.YEAR)
    if not builder.split_years:
        row[title.name] = article_first(text)
        return
    parts = split_title(text, brackets=False)
    row[title.name] = parts.title
    if year is not None and row.get(year.name) is None:
        row[year.name] = parts.year


def _cell(builder: _Builder, entry: ColumnPlan, raw: Any) -> Any:
    role = entry.column.role
    if entry.column.is_list:
        return _list_cell(builder, entry, raw)
    if role is Role.YEAR:
        return _year(builder, entry, raw)
    if role is Role.NUMBER:
        return _number(builder, entry, raw)
    if role is Role.TEXT:
        return _text(builder, entry, raw, TEXT_CAP)
    if role is Role.OTHER and isinstance(raw, list | dict):
        return clean(json.dumps(raw, ensure_ascii=False, default=str), TEXT_CAP)
    text = _text(builder, entry, raw, TEXT_CAP if role in (Role.URL, Role.OTHER) else TITLE_CAP)
    if text and role in (Role.AUDIENCE, Role.GROUP):
        return _admitted(builder, entry, text)
    return text


def _text(builder: _Builder, entry: ColumnPlan, raw: Any, cap: int) -> str | None:
    if raw is None or isinstance(raw, float) and math.isnan(raw):
        return None
    if isinstance(raw, list):
        raw = ", ".join(str(part) for part in raw)
    text = raw if isinstance(raw, str) else str(raw)
    cleaned = clean(text, cap)
    if cleaned != text.strip():
        if len(text) > cap and cleaned.endswith("…"):
            if entry.column.role is not Role.TEXT:
                builder.note(f"cut to {cap} characters", entry.source)
        elif " ".join(cleaned.split()) != " ".join(text.split()) or _ODD_SPACES.search(text):
            builder.note(hidden.MESSAGE, entry.source, max(1, hidden.removed(text, cleaned)))
            return cleaned.strip() or None
        if count := hidden.removed(text, cleaned):
            builder.note(hidden.MESSAGE, entry.source, count)
    return cleaned.strip() or None


def _year(builder: _Builder, entry: ColumnPlan, raw: Any) -> int | None:
    if raw is None or str(raw).strip().casefold() in _MISSING:
        return None
    year = year_of(raw)
    if year is None:
        builder.note("years that cannot be are left empty", entry.source)
    return year


def year_of(raw: Any) -> int | None:
    """The year of a cell: a year, a date however it is written, or a time since 1970; else None."""
    if isinstance(raw, date):
        return raw.year
    text = str(raw).strip()
    number: int | None = None
    try:
        number = int(float(text))
    except (ValueError, OverflowError):
        if match := _BEFORE_CHRIST.search(text):
            number = -int(match[1])
        elif match := _YEAR.search(text):
            number = int(match[1])
    if number is not None and 10**11 < number < 5 * 10**12:  # milliseconds since 1970
        number //= 1000
    if number is not None and 10**8 < number < 5 * 10**9:  # seconds since 1970
        number = datetime.fromtimestamp(number, UTC).year
    elif number is not None and 10_000_000 < number < 30_000_000:  # 19990324
        number //= 10_000
    return number if number and -3000 <= number <= 2100 else None


def _number(builder: _Builder, entry: ColumnPlan, raw: Any) -> float | None:
    number = loose_number(raw)
    if math.isnan(number):
        if isinstance(raw, str) and raw.strip().casefold() not in _MISSING:
            builder.note("what is no number is left empty", entry.source)
        return None
    if math.isinf(number):
        builder.note("infinite numbers are left empty", entry.source)
        return None
    return number


def loose_number(raw: Any) -> float:
    """A number, also with a currency or unit around it ("$9.99", "120 min"); else NaN."""
    try:
        return float(raw)
    except (TypeError, ValueError):
        match = _LOOSE_NUMBER.match(str(raw).strip()) if raw is not None else None
        return float(match[1].replace(",", ".")) if match else math.nan


def _list_cell(builder: _Builder, entry: ColumnPlan, raw: Any) -> list[str] | dict[str, float]:
    values = split_cell(raw, entry.separator)
    if isinstance(values, dict):
        counted = {clean(key, VALUE_CAP): count for key, count in values.items() if fold(str(key))}
        best = sorted(counted.items(), key=lambda pair: -pair[1])[:MAX_VALUES]
        return dict(best)
    known = builder.words.setdefault(entry.column.name, {})
    out: dict[str, None] = {}
    if len(values) > MAX_VALUES:
        builder.note(f"only the first {MAX_VALUES} values of a cell are kept", entry.source)
    for value in values[:MAX_VALUES]:
        kept = known.get(value) or _word(builder, entry, value)
        if kept:
            out[kept] = None
        if count := 0 if value in known else hidden.removed(value, kept or ""):
            builder.note(hidden.MESSAGE, entry.source, count)
        elif kept and len(known) < _REMEMBERED:
            known[value] = kept
    return list(out)


def _word(builder: _Builder, entry: ColumnPlan, raw: str) -> str | None:
    text = clean(raw, VALUE_CAP).strip()
    if len(raw) > VALUE_CAP and text.endswith("…"):
        builder.note(f"cut to {VALUE_CAP} characters", entry.source)
    # A value of nothing but signs ("—", "?") names nothing and could not be asked for.
    return _admitted(builder, entry, text) if fold(text) else None


def split_cell(raw: Any, separator: str) -> list[str] | dict[str, float]:
    """The values of a list cell: a list, a {value: count} object, or text to be divided."""
    if isinstance(raw, dict):
        counts = {str(k): float(v) for k, v in raw.items() if isinstance(v, int | float)}
        return counts if len(counts) == len(raw) else [str(key) for key in raw]
    if isinstance(raw, list | tuple):
        return [_name_of(value) for value in raw if value is not None]
    text = "" if raw is None else str(raw).strip()
    if text.casefold() in _MISSING:
        return []
    if text[0] in "[{" and text[-1] in "]}" and (literal := _literal(text)) is not None:
        return split_cell(literal, separator)
    return text.split(separator) if separator else [text]


def _name_of(value: Any) -> str:
    """The words of a list's entry; of an object, its name."""
    if isinstance(value, dict):
        for key in ("name", "title", "label", "value"):
            if key in value:
                return str(value[key])
        return ""
    return str(value)


def _literal(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text) if len(text) <= MAX_LITERAL else None
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _admitted(builder: _Builder, entry: ColumnPlan, text: str) -> str | None:
    """The vocabulary's spelling of a value; with a closed vocabulary, None for any other value."""
    words = builder.schema.vocabularies.get(entry.column.name)
    if words is None or not (words.values or entry.column.order):
        return text
    spelling = _spellings(builder, words, entry.column).get(fold(text))
    if spelling is None and words.closed:
        builder.note(f"value outside of the vocabulary left out: {clean(text, 40)!r}", entry.source)
        return None
    return spelling or text


def _spellings(builder: _Builder, words: Vocabulary, column: Column) -> dict[str, str]:
    if column.name not in builder.spellings:
        values = {fold(value): value for value in (*column.order, *words.values)}
        builder.spellings[column.name] = {**words.synonyms, **values}
    return builder.spellings[column.name]


def _tell(builder: _Builder) -> None:
    for key, count in builder.told.items():
        file, line, name = builder.first[key]
        message = key.partition("\0")[0]
        builder.log.warn(f"{message} ({count:,}×)" if count > 1 else message, file, line, name)
