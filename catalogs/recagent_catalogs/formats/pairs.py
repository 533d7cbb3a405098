"""Interactions from any table: ids looked up, values and times read, row by row into arrays."""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np

from ..data import InteractionTable
from ..errors import BadInput
from ..report import Log
from ..text import clean
from .delimited import DelimitedTable
from .files import SourceFile
from .times import NO_TIME, WRITINGS, counted

_Number = TypeVar("_Number", int, float)
_UNKNOWN, _UNUSABLE = -1, -2
ID_CAP = 1_000
"""Characters of an id; what is longer is a text that slipped into the wrong column."""
_MOST = 3e38
"""Values are kept as float32."""
NO_VALUE = frozenset(("", "null", "none", "n/a", "na", "-", "\\n", "unknown", "?"))
"""How it is written, folded, that there is no value."""
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+")
_REMEMBERED = 10_000
_SEARCHED = 1_000_000
_FAR = 100
"""A rating so many times the middle one is a slip."""
_BOOLEANS = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0}
EXPLICIT_NAMES = frozenset(
    "rating ratings score stars star overall grade points recommend recommended is_recommended "
    "review_score user_rating liked like vote".split()
)
"""Folded names of value columns that hold a verdict; any other value is a strength."""


class Table(Protocol):
    """Rows with names; what every format module reads from."""

    @property
    def file(self) -> SourceFile:
        """The file, for messages."""
        ...

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        ...

    @property
    def left_out(self) -> int:
        """Rows that the last `rows()` could not take apart and left out."""
        ...

    def rows(self) -> Iterator[tuple[int, list[Any]]]:
        """Line number and cells, aligned with `columns`."""
        ...


@dataclass(frozen=True)
class PairColumns:
    """Which column of a table holds what; names as in the file."""

    user: str
    item: str
    value: str | None = None
    time: str | None = None
    explicit: bool | None = None
    """Whether the value is a rating; None: by its name."""


@dataclass
class _Reader:
    """The state of one pass: ids seen, arrays filled.

    `user_of` and `row_of` remember what a raw cell stands for, so that ids are cleaned once and not
    once a row; so does `value_of` while there are few different values (ratings).
    """

    table: Table
    columns: PairColumns
    rows_of: Mapping[str, int]
    log: Log
    users: dict[str, int] = field(default_factory=dict)
    user: array[int] = field(default_factory=lambda: array("i"))
    item: array[int] = field(default_factory=lambda: array("i"))
    value: array[float] = field(default_factory=lambda: array("f"))
    time: array[int] = field(default_factory=lambda: array("q"))
    user_of: dict[Any, int] = field(default_factory=dict)
    row_of: dict[Any, int] = field(default_factory=dict)
    value_of: dict[Any, float] = field(default_factory=dict)
    parse_time: Callable[[Any], int] = int
    read: int = 0
    cells: list[Any] = field(default_factory=list)
    lines: list[tuple[int, int]] = field(default_factory=list)
    """Where it changes how far the line is from the number of the interaction: (number, line)."""
    comma_line: int = 0
    other_line: int = 0
    unknown: int = 0
    unknown_line: int = 0
    examples: list[str] = field(default_factory=list)


def read_pairs(
    table: Table,
    columns: PairColumns,
    rows_of: Mapping[str, int],
    log: Log,
    progress: Callable[[int], None] = lambda rows: None,
) -> InteractionTable:
    """Read interactions.

    Args:
        table: the rows.
        columns: which column holds what.
        rows_of: item id -> row of the item table; interactions with other items are dropped.
        log: where warnings and dropped rows go.
        progress: told the number of rows read, now and then.

    Raises:
        BadInput: a value or time that cannot be read, with line and column; no item known at all.
    """
    reader = _Reader(table, columns, rows_of, log)
    places = [
        -1 if name is None else table.columns.index(name)
        for name in (columns.user, columns.item, columns.value, columns.time)
    ]
    rows = table.rows
    if isinstance(table, DelimitedTable):
        rows = table.rows_after
        for line, block in table.plain_blocks():
            if not _take_block(reader, line, block, *places):
                for number, row in enumerate(zip(*block, strict=True), start=line):
                    _take(reader, number, list(row), *places)
            reader.read += len(block[0])
            progress(reader.read)
    for line, cells in rows():
        reader.read += 1
        if reader.read % 50_000 == 0:
            progress(reader.read)
        _take(reader, line, cells, *places)
    return _finish(reader)


def _take_block(
    reader: _Reader, line: int, block: list[Sequence[str]], user: int, item: int, value: int,
    moment: int,
) -> bool:  # fmt: skip
    """Rows given by column, at a tenth of the time; False, and nothing taken, if any is odd."""
    for cell in dict.fromkeys(block[item]):
        if cell not in reader.row_of:
            reader.row_of[cell] = reader.rows_of.get(id_text(cell), _UNKNOWN)
    rows = list(map(reader.row_of.__getitem__, block[item]))
    if min(rows) < 0:
        # an id that is empty must be told as such, not as unknown
        for cell in dict.fromkeys(block[item]):
            if not id_text(cell):
                reader.row_of.pop(cell, None)
        return False
    people = [cell for cell in dict.fromkeys(block[user]) if cell not in reader.user_of]
    if not all(map(id_text, people)):
        return False
    try:
        if any("_" in "\n".join(block[place]) for place in (value, moment) if place >= 0):
            return False  # Python reads 1_000 as a number, people's files mean something else
        numbers = np.fromiter(map(float, block[value] if value >= 0 else ()), np.float64)
        times = np.fromiter(map(reader.parse_time, block[moment] if moment >= 0 else ()), np.int64)
    except (ValueError, TypeError, OverflowError):
        return False
    if not (np.abs(numbers) <= _MOST).all():
        return False
    for cell in people:
        reader.user_of[cell] = reader.users.setdefault(id_text(cell), len(reader.users))
    _at_line(reader, line)
    codes = np.fromiter(map(reader.user_of.__getitem__, block[user]), np.int32, len(rows))
    reader.user.frombytes(codes.tobytes())
    reader.item.frombytes(np.array(rows, dtype=np.int32).tobytes())
    reader.value.frombytes(numbers.astype(np.float32).tobytes())
    reader.time.frombytes(times.tobytes())
    return True


def _take(
    reader: _Reader, line: int, cells: list[Any], user: int, item: int, value: int, moment: int
) -> None:
    """One row; -1 stands for a column that is not there."""
    reader.cells = cells
    row = _known(reader.row_of, cells[item])
    if row is None:
        row = _row(reader, cells[item], line, item)
    code = _known(reader.user_of, cells[user])
    if code is None and row >= 0:
        code = _user(reader, cells[user], line, user)
    if row < 0 or code is None:
        if row == _UNKNOWN:
            _unknown(reader, cells[item], line)
        return
    number = seconds = 0
    if value >= 0:
        known = _known(reader.value_of, cells[value])
        if known is None:
            known = _value(reader, cells[value], line, value)
            if known is None:
                return
        number = known  # type: ignore[assignment]
    if moment >= 0:
        try:
            seconds = reader.parse_time(cells[moment])
        except (ValueError, TypeError, OverflowError):
            found = _time(reader, cells[moment], line, moment)
            if found is None:
                return
            seconds = found
        if not NO_TIME <= seconds <= -NO_TIME:
            _bad(reader, f"not a time: {clean(cells[moment], 60)!r}", line, moment)
            return
    _at_line(reader, line)
    reader.user.append(code)
    reader.item.append(row)
    if value >= 0:
        reader.value.append(number)
    if moment >= 0:
        reader.time.append(seconds)


def _known(found: dict[Any, _Number], cell: Any) -> _Number | None:
    """What a cell stands for, if it came before; lists and objects of JSON never did."""
    try:
        return found.get(cell)
    except TypeError:
        return None


def _at_line(reader: _Reader, line: int) -> None:
    """Remember that the next interaction, and those after it, stand in this and the next lines."""
    number, known = len(reader.item), reader.lines
    if len(known) < _REMEMBERED and (not known or line - number != known[-1][1] - known[-1][0]):
        known.append((number, line))


def _line_of(reader: _Reader, number: int) -> int | None:
    """The line of an interaction that was kept; None where the file is too uneven to know."""
    if len(reader.lines) >= _REMEMBERED:
        return None
    return max(
        (line + number - first for first, line in reader.lines if first <= number), default=None
    )


def _row(reader: _Reader, cell: Any, line: int, place: int) -> int:
    """The row of an item's id, `_UNKNOWN`, or `_UNUSABLE`."""
    id = id_text(cell)
    if not id:
        _bad(reader, wrong_id(cell, "item id"), line, place)
        return _UNUSABLE
    row = reader.rows_of.get(id, _UNKNOWN)
    reader.row_of[cell] = row
    return row


def _user(reader: _Reader, cell: Any, line: int, place: int) -> int | None:
    id = id_text(cell)
    if not id:
        _bad(reader, wrong_id(cell, "user id"), line, place)
        return None
    code = reader.users.setdefault(id, len(reader.users))
    reader.user_of[cell] = code
    return code


def _unknown(reader: _Reader, item: Any, line: int) -> None:
    reader.unknown += 1
    reader.unknown_line = reader.unknown_line or line
    if len(reader.examples) < 3:
        reader.examples.append(clean(item, 60))
    name = reader.columns.item
    reader.log.drop("item is not in the catalog", reader.table.file.name, line, name=name)


def _bad(reader: _Reader, message: str, line: int, place: int) -> None:
    reader.log.bad_row(
        message,
        file=reader.table.file.name,
        line=line,
        column=place + 1,
        name=reader.table.columns[place],
        row=as_it_stood(reader.table, reader.cells),
    )


def _value(reader: _Reader, cell: Any, line: int, place: int) -> float | None:
    text = "" if cell is None else str(cell).strip()
    if text.casefold() in NO_VALUE:
        name = reader.table.columns[place]
        reader.log.drop("no value", reader.table.file.name, line, name=name)
        return None
    number = _loose_number(cell, text)
    if number is None:
        _bad(reader, f"not a number: {clean(text, 60)!r}", line, place)
        return None
    if not abs(number) <= _MOST:
        _bad(reader, f"not a finite number: {clean(text, 60)}", line, place)
        return None
    if "," in text and not reader.comma_line:
        reader.comma_line = line
    if len(reader.value_of) < _REMEMBERED:
        reader.value_of[cell] = number
    return number


def _loose_number(cell: Any, text: str) -> float | None:
    """A number, a yes or no, a decimal comma; None for anything else, also for "1,234"."""
    if text.casefold() in _BOOLEANS:
        return _BOOLEANS[text.casefold()]
    if "_" in text or _THOUSANDS.fullmatch(text):
        return None
    try:
        return float(text.replace(",", ".") if isinstance(cell, str) else cell)
    except (TypeError, ValueError, OverflowError):
        return None


def _time(reader: _Reader, cell: Any, line: int, place: int) -> int | None:
    if cell is None or str(cell).strip().casefold() in NO_VALUE:
        return NO_TIME
    # Another writing than that of the rows before, or the first row: find it.
    for parse in WRITINGS:
        try:
            moment = parse(cell)
        except (ValueError, TypeError, OverflowError):
            continue
        if reader.parse_time is not parse and reader.time and reader.time[-1] != NO_TIME:
            reader.other_line = reader.other_line or line
        reader.parse_time = parse
        return moment
    _bad(reader, f"not a time: {clean(cell, 60)!r}", line, place)
    return None


def id_text(cell: Any) -> str:
    """An id as text: trimmed; whole floats without ".0"; an unusable one is empty."""
    if isinstance(cell, str):
        text = cell if cell.isascii() and cell.isprintable() else clean(cell, ID_CAP + 1)
        return text.strip() if len(text) <= ID_CAP else ""
    if cell is None or isinstance(cell, dict | list | tuple):
        return ""
    if isinstance(cell, float):
        if not math.isfinite(cell):
            return ""
        return str(int(cell)) if cell.is_integer() else str(cell)
    return id_text(str(cell))


def wrong_id(cell: Any, what: str = "id") -> str:
    """What is wrong with an id of which `id_text` makes nothing."""
    if isinstance(cell, dict | list | tuple):
        return f"{what} that is neither text nor a number"
    if isinstance(cell, str) and len(cell.strip()) > ID_CAP:
        return f"{what} of more than {ID_CAP:,} characters"
    return f"empty {what}"


def _finish(reader: _Reader) -> InteractionTable:
    name, log = reader.table.file.name, reader.log
    if not reader.item:
        _nothing(reader)
    # the arrays that were filled are used as they are: a copy would take their memory twice
    item, user = np.frombuffer(reader.item, np.int32), np.frombuffer(reader.user, np.int32)
    value = np.frombuffer(reader.value, np.float32) if reader.columns.value else None
    kind, moments = "", None
    if reader.columns.time:
        raw, column = np.frombuffer(reader.time, np.int64), reader.columns.time
        kind, moments = counted(raw, name, column, log, lambda number: _line_of(reader, number))
    log.read(file_entry(reader.table, reader.read, len(item)))
    if reader.unknown:
        message = f"{reader.unknown:,} interactions with items that are not in the catalog"
        log.warn(message, name, reader.unknown_line, reader.columns.item)
    explicit = reader.columns.explicit
    if explicit is None:
        words = (reader.columns.value or "").casefold().replace(" ", "_")
        explicit = words in EXPLICIT_NAMES
    found = InteractionTable(
        list(reader.users), user, item, value, moments, kind,
        explicit=bool(explicit and value is not None),
    )  # fmt: skip
    _remark(reader, found)
    return found


def as_it_stood(table: Table, cells: list[Any]) -> str | list[Any]:
    """The text of the present row where the table has one, else its cells."""
    told = getattr(table, "as_it_stood", None)
    return (told(cells) if told else None) or cells


def file_entry(table: Table, read: int, kept: int) -> dict[str, Any]:
    """What the report says of a file; a file that is no text table has its kind for an encoding."""
    kind = getattr(table, "kind", "")
    return {
        "name": table.file.name,
        "encoding": table.file.facts.encoding if kind == "text table" else kind,
        "read": read + table.left_out,
        "kept": kept,
    }


def _nothing(reader: _Reader) -> None:
    name, column = reader.table.file.name, reader.columns.item
    if reader.unknown:
        known = ", ".join(clean(id, 60) for _, id in zip(range(3), reader.rows_of, strict=False))
        raise BadInput(
            f"column {column}: none of its ids is in the catalog (here: "
            f"{', '.join(reader.examples)}; in the catalog: {known})",
            path=name,
            line=reader.unknown_line,
            column=reader.table.columns.index(column) + 1,
            hint="is it the right file, the right column (--item-column)?",
        )
    raise BadInput("the file has no usable rows", path=name, line=None if reader.read else 1)


def _remark(reader: _Reader, found: InteractionTable) -> None:
    """Warn of what makes models weak."""
    name, log = reader.table.file.name, reader.log
    item, value = found.item, found.value
    if reader.comma_line:
        column = reader.columns.value or ""
        log.warn("decimal commas are read as points", name, reader.comma_line, column)
    if reader.other_line:
        column = reader.columns.time or ""
        log.warn("times are written in several ways", name, reader.other_line, column)
    if value is None:
        log.warn("no column of ratings: bare pairs, every one counts as a like", name, 1)
    elif value.min() < 0:
        line = _line_of(reader, int(np.argmax(value < 0)))
        log.warn("negative values", name, line, reader.columns.value or "")
    elif found.explicit and value.max() > _FAR * max(1.0, float(np.median(value))):
        line = _line_of(reader, int(np.argmax(value)))
        message = f"values from {value.min():g} to {value.max():g}: is that one scale?"
        log.warn(message, name, line, reader.columns.value or "")
    elif found.explicit and len(value) > 1 and value.min() == value.max():
        log.warn(
            "all ratings are equal: they tell no verdict", name, None, reader.columns.value or ""
        )
    if len(item) == 1:
        log.warn("a single interaction: nothing to learn from", name)
    elif len(reader.users) == 1:
        log.warn("a single user: models that learn from many people stay untrained", name)
    elif item.min() == item.max():
        log.warn("a single item has interactions", name)
    if repeated := len(found) - found.distinct:
        message = f"{repeated:,} repeated pairs of user and item: the last one counts"
        log.warn(message, name, _first_repeated(reader, found))


def _first_repeated(reader: _Reader, found: InteractionTable) -> int | None:
    """The line of the first repeated pair; of large data only the beginning is searched."""
    user, item = found.user[:_SEARCHED].astype(np.int64), found.item[:_SEARCHED]
    pairs = user * (int(item.max()) + 1) + item
    order = np.argsort(pairs, kind="stable")
    again = order[1:][np.diff(pairs[order]) == 0]
    return _line_of(reader, int(again.min())) if len(again) else None
