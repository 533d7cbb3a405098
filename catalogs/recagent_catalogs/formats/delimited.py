"""Text tables: CSV, TSV and their kin, with right line numbers; what was mended is told."""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO

import numpy as np

from ..errors import BadInput
from ..report import Log
from ..text import clean
from .files import WIDE, SourceFile
from .kinds import refuse_other_kinds

MAX_FIELD = 4 << 20
"""Characters a field may have; past it a quote was not closed, or the file is no table."""
MAX_COLUMNS = 200
_CHUNK = 1 << 18
_ASCII_LIKE = frozenset(("utf-8", "cp1252", "latin-1"))
"""Encodings whose lines and delimiters can be found among the bytes."""
_DELIMITERS = ("\t", "::", "|", ";", ",")
_SEP = re.compile(r"[\"']?sep=(.?)[\"']?", re.IGNORECASE)
"""How Excel is told the delimiter."""
_LOOK_AHEAD = 20
"""Lines after an open quote that are looked at, to tell where its row ends."""


class DelimitedTable:
    """A text file with one row a line.

    Attributes:
        file: the file.
        columns: the names in the header, trimmed; empty ones are called `column_3`.
        delimiter: as detected.
        left_out: rows that could not be taken apart, of the last pass.
        kind: "csv", for messages.
    """

    kind = "text table"

    def __init__(
        self,
        file: SourceFile,
        log: Log,
        *,
        header: list[str] | None = None,
        delimiter: str = "",
        quiet_encoding: bool = False,
    ) -> None:
        """Look at the file's beginning.

        Args:
            file: the file.
            log: where warnings go.
            header: the column names of a format that has no header line.
            delimiter: where it is known; else it is detected.
            quiet_encoding: the format is known not to be UTF-8.

        Raises:
            BadInput: empty, no table, a NUL byte.
        """
        self.file = file
        self._log = log
        self._stray = False
        self._told: set[str] = set()
        self._header: list[str] = []
        self._header_again = b""
        self._text: Sequence[str] = ()
        self._has_header = header is None
        self._cut = 0
        self.left_out = 0
        self._plain, self._ended = 0, False
        self._check_bytes()
        first = self._first_line()
        self._check_nul()
        self.delimiter = delimiter or self._said or detect_delimiter(first)
        if header is not None:
            self.columns = header
            self._cut = len(header)
        else:
            self.columns, self._cut = self._read_header()
        if self.file.facts.bad_line is not None and not quiet_encoding:
            self._tell_encoding(self.file.facts.bad_line)

    def _check_bytes(self) -> None:
        facts = self.file.facts
        name = self.file.name
        if facts.size == 0 or not facts.head.strip(b"\xef\xbb\xbf \t\r\n"):
            raise BadInput("the file is empty", path=name)
        refuse_other_kinds(facts.head, name)
        if not self._log.skip_bad_rows:
            self._refuse_nul()
        if facts.encoding == "utf-8-sig":
            self._log.warn("byte order mark removed", name)
        if facts.encoding.startswith(WIDE):
            self._log.warn(f"not UTF-8, read as {facts.encoding}", name)
        if facts.mixed_ends:
            self._log.warn("line ends of several kinds", name)

    def _check_nul(self) -> None:
        """A NUL byte in a row makes that row bad, one before or in the header the whole file."""
        line = self.file.facts.nul_line
        if self._has_header and line is not None and line <= self.first_line:
            self._refuse_nul()

    def _refuse_nul(self) -> None:
        line = self.file.facts.nul_line
        if line is not None:
            column = self._column_of_nul(line)
            hint = "is it a text file? if it is, leave such rows out with --skip-bad-rows"
            raise BadInput(f"{column}a NUL byte", path=self.file.name, line=line, hint=hint)

    def _tell_encoding(self, line: int) -> None:
        facts = self.file.facts
        message = f"not UTF-8, read as {facts.encoding}"
        if facts.encoding.startswith("utf-8"):
            message = "not UTF-8, bytes that cannot be read are replaced"
        self._log.warn(message, self.file.name, line, self._column_at(line, facts.bad_at))

    def _column_at(self, line: int, at: int) -> str:
        """The name of the column in which a byte of a line stands; "" where that is not sure."""
        with self.file.open() as stream:
            raw = next(islice(stream, line - 1, None), b"")
        whole, before = (
            "".join(part.decode("latin-1").split('"')[::2]).count(self.delimiter)
            for part in (raw, raw[:at])
        )
        known = line > self.first_line and whole + 1 == len(self.columns)
        return self.columns[before] if known else ""

    def _column_of_nul(self, line: int) -> str:
        with self.file.open() as stream:
            lines = [stream.readline(MAX_FIELD) for _ in range(line)]
        delimiter = detect_delimiter(lines[0].decode("latin-1")).encode()
        number = lines[-1].split(b"\0")[0].count(delimiter)
        names = lines[0].decode("latin-1").strip().split(delimiter.decode())
        return f"column {clean(names[number], 80)}: " if number < len(names) and line > 1 else ""

    def _first_line(self) -> str:
        self.first_line, self._said = 1, ""
        for number, line in enumerate(self._lines(), start=1):
            said = _SEP.fullmatch(line.strip()) if number == 1 else None
            if said:
                self._said = said[1] or "\t"
                self._log.warn("a line for spreadsheets left out", self.file.name, number)
            elif line.strip() and not line.lstrip().startswith("#"):
                self.first_line = number
                return line.rstrip("\r\n")
            elif line.strip():
                self._log.warn("comment line left out", self.file.name, number)
        raise BadInput("the file has no rows", path=self.file.name)

    def _read_header(self) -> tuple[list[str], int]:
        for _, cells in self._parsed():
            names = [clean(cell, 200).strip() for cell in cells]
            break
        if any(cell != name for cell, name in zip(cells, names, strict=True) if len(cell) < 200):
            message = "spaces around column names removed"
            if any(cell.strip() != name for cell, name in zip(cells, names, strict=True)):
                message = "hidden characters in column names removed"
            self._log.warn(message, self.file.name, self.first_line)
        self._header = cells
        if len(names) > MAX_COLUMNS:
            self._log.warn(
                f"{len(names)} columns, only the first {MAX_COLUMNS} are read",
                self.file.name,
                self.first_line,
            )
        kept = [name or f"column_{n}" for n, name in enumerate(names[:MAX_COLUMNS], start=1)]
        self._remark_names(names[:MAX_COLUMNS])
        return kept, len(names)

    def _remark_names(self, names: list[str]) -> None:
        """Warn of columns without a name, and of names that stand twice."""
        file, line = self.file.name, self.first_line
        # A delimiter at the end of every line makes no column.
        if "" in names[:-1]:
            place = names.index("") + 1
            self._log.warn("a column without a name", file, line, f"column_{place}")
        seen: dict[str, str] = {}
        for name in names:
            if name and seen.setdefault(name.casefold(), name) is not name:
                self._log.warn("a column name that stands twice", file, line, name)
                return

    def rows(self) -> Iterator[tuple[int, list[Any]]]:
        """Line number and cells of every row, cells aligned with `columns`.

        Raises:
            BadInput: a row with another number of fields, an unclosed quote, a NUL byte; with
                `skip_bad_rows` only an unclosed quote of which it cannot be told where it ends.
        """
        return self._rows(0)

    def _rows(self, done: int) -> Iterator[tuple[int, list[Any]]]:
        """All rows but the first `done`, which have a line each."""
        self.left_out = 0
        skipped = done + self._has_header if done else 0
        parsed = self._parsed(skipped)
        if self._has_header and not skipped:
            next(parsed)
        width, cut = self._cut, len(self.columns)
        blank = 0
        for line, cells in parsed:
            if len(cells) != width:
                if not any(cell.strip() for cell in cells):
                    blank += 1
                    if blank == 1:
                        self._log.warn("blank lines left out", self.file.name, line)
                    continue
                if not self._mend_width(cells, line, width):
                    continue
            if cells == self._header:
                self._left_out("the header once more", line)
                continue
            yield line, cells if cut == width else cells[:cut]

    def as_it_stood(self, cells: list[Any]) -> str:
        """The text of the row that was given last; of `plain_blocks`, that of these cells."""
        return "".join(self._text).rstrip("\r\n") or self.delimiter.join(map(str, cells))

    def plain_blocks(self) -> Iterator[tuple[int, list[Sequence[str]]]]:
        """The first rows by column, as long as nothing about them is odd: no quotes, no blanks.

        Several thousand rows at once: the line of the first, and a sequence of cells for each of
        `columns`. What does not come this way comes by `rows_after`.
        """
        self._plain, self._ended, self._text = 0, False, ()
        above = self.first_line - (not self._has_header)
        facts = self.file.facts
        if facts.nul_line is not None or facts.encoding not in _ASCII_LIKE:
            return
        with self.file.open() as stream:
            header = [stream.readline() for _ in range(above)]
            self._header_again = header[-1].rstrip(b"\r\n") if self._has_header else b""
            if any(line.count(b'"') % 2 or b"\r" in line.rstrip(b"\r\n") for line in header):
                return  # the header is not where its line ends
            for lines in _blocks_of_lines(stream):
                block = self._columns(lines, facts.encoding)
                if block is None:
                    return
                yield above + self._plain + 1, block
                self._plain += len(block[0])
        self._ended = True

    def _columns(self, lines: bytes, encoding: str) -> list[Sequence[str]] | None:
        """The cells of several lines by column; None if there is anything that needs care."""
        lines = lines.removesuffix(b"\r").replace(b"\r\n", b"\n")
        again = self._header_again
        if again and (lines.startswith(again) or b"\n" + again in lines):
            return None
        if b'"' in lines or b"\r" in lines or self._cut != len(self.columns):
            return None
        if len(self.delimiter) > 1:
            rows = [
                line.split(self.delimiter) for line in lines.decode(encoding, "replace").split("\n")
            ]
            return list(zip(*rows, strict=True)) if {*map(len, rows)} == {self._cut} else None
        if not _is_grid(lines, self.delimiter.encode(), self._cut):
            return None
        # all cells at once: a list for every row would cost more than the rest together
        cells = lines.decode(encoding, "replace").replace("\n", self.delimiter)
        flat = cells.split(self.delimiter)
        return [flat[place :: self._cut] for place in range(self._cut)]

    def rows_after(self) -> Iterator[tuple[int, list[Any]]]:
        """What `rows` gives after the rows that `plain_blocks` gave."""
        return iter(()) if self._ended else self._rows(self._plain)

    def _mend_width(self, cells: list[str], line: int, width: int) -> bool:
        """Whether a row of another width can be used all the same; `cells` is mended in place."""
        if len(cells) > width and not any(cells[width:]):
            del cells[width:]
            return True
        if cells[0].startswith("#"):
            self._left_out("comment line left out", line)
            return False
        if len(cells) < width and line == self.file.facts.lines and not self.file.facts.finished:
            self.left_out += 1
            self._log.drop("last row cut short", self.file.name, line, cells)
            self._log.warn("the last row is cut short and left out", self.file.name, line)
            return False
        message = f"row with another number of fields: {len(cells)} where {width} were expected"
        self._bad_row(message, line, self.as_it_stood(cells))
        return False

    def _left_out(self, what: str, line: int) -> None:
        """Tell once of lines that are no rows."""
        if what not in self._told:
            self._told.add(what)
            self._log.warn(what, self.file.name, line)

    def _bad_row(self, message: str, line: int, row: object, name: str = "") -> None:
        if not self._cut:
            hint = "the first line must name the columns"
            raise BadInput(message, path=self.file.name, line=line, hint=hint)
        self.left_out += 1
        self._log.bad_row(message, file=self.file.name, line=line, name=name, row=row)

    def _lines(self) -> Iterator[str]:
        with self.file.open() as stream:
            encoding = self.file.facts.encoding
            text = io.TextIOWrapper(stream, encoding=encoding, errors="replace", newline="")
            yield from text

    def _parsed(self, skipped: int = 0) -> Iterator[tuple[int, list[str]]]:
        """Every row from the header on but `skipped` lines, with the line it begins on."""
        rows = self._split(skipped) if len(self.delimiter) > 1 else self._quoted(skipped)
        nul = self.file.facts.nul_line is not None
        for line, cells, text in rows:
            self._text = text
            if nul and any("\0" in part for part in text):
                self._bad_row("a NUL byte", line, "".join(text))
                continue
            yield line, cells

    def _split(self, skipped: int) -> Iterator[tuple[int, list[str], Sequence[str]]]:
        """Line, cells and text of every row where there are no quotes."""
        for number, line in enumerate(self._lines(), start=1):
            if number >= self.first_line + skipped:
                yield number, line.rstrip("\r\n").split(self.delimiter), (line,)

    def _quoted(self, skipped: int) -> Iterator[tuple[int, list[str], Sequence[str]]]:
        """Line, cells and text of every row where quotes may hold delimiters and line ends."""
        csv.field_size_limit(MAX_FIELD)
        feed = _Feed(self._lines(), self.first_line - 1 + skipped)
        reader = csv.reader(feed, delimiter=self.delimiter, strict=True)
        while True:
            feed.begin()
            try:
                cells: list[str] | None = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                cells = self._mend_quotes(feed, str(error))
                reader = csv.reader(feed, delimiter=self.delimiter, strict=True)
            else:
                if len(feed.row) > 1 and self._swallowed(feed.row, cells):
                    self._unclosed(feed, self._field_of_quote(feed.row))
                    continue
            if cells is None:
                continue
            if not self._stray and len(feed.row) == 1 and '"' in feed.row[0]:
                self._note_stray(feed, cells)
            yield feed.start, cells, feed.row

    def _swallowed(self, lines: Sequence[str], cells: Sequence[str] | None) -> bool:
        """Whether a "row" of several lines is one with an open quote and the good rows after it."""
        return cells is not None and 0 < self._cut != len(cells) and self._are_rows(lines[1:])

    def _are_rows(self, lines: Sequence[str]) -> bool:
        """Whether lines that stand within quotes look like rows of the table."""
        written = [line for line in lines[:_LOOK_AHEAD] if line.strip()]
        return sum(map(self._is_row, written)) * 2 > len(written)

    def _is_row(self, line: str) -> bool:
        """Whether a line alone has the right number of fields, its quotes observed or not."""
        if line.count(self.delimiter) + 1 == self._cut:
            return True
        try:
            return any(
                len(row) == self._cut for row in csv.reader([line], delimiter=self.delimiter)
            )
        except csv.Error:
            return False

    def _note_stray(self, feed: _Feed, cells: list[str]) -> None:
        """Tell once of quotes within an unquoted field; they are kept."""
        for name, cell in zip(getattr(self, "columns", cells), cells, strict=False):
            if '"' in cell and '""' not in feed.row[0]:
                self._stray = True
                self._log.warn("stray quotes kept", self.file.name, feed.start, name)
                return

    def _mend_quotes(self, feed: _Feed, problem: str) -> list[str] | None:
        """The cells of a row that is not quoted by the rules; None if it is left out."""
        name = self._field_of_quote(feed.row)
        several = len(feed.row) > 1
        endless = "unexpected end" in problem or ("limit" in problem and several)
        if endless or several and self._is_row(feed.row[-1]) and self._are_rows(feed.row[1:]):
            self._unclosed(feed, name)
            return None
        if "limit" in problem:
            message = f"a field of more than {MAX_FIELD:,} characters"
            self._bad_row(message, feed.start, feed.row[0][:MAX_FIELD], name)
            return None
        escape = "\\" if any('\\"' in part for part in feed.row) else None
        try:
            rows = list(
                csv.reader(
                    feed.row, delimiter=self.delimiter, escapechar=escape, strict=bool(escape)
                )
            )
        except csv.Error as error:
            message = f"quotes that cannot be read: {error}"
            self._bad_row(message, feed.start, "".join(feed.row), name)
            return None
        self._log.warn(
            "quotes escaped by a backslash" if escape else "stray quotes kept as they can be read",
            self.file.name, feed.start, name,
        )  # fmt: skip
        return rows[0]

    def _unclosed(self, feed: _Feed, name: str) -> None:
        """A quote that is never closed: its line is bad, and reading goes on with the next one.

        Raises:
            BadInput: bad rows are not left out, or what follows does not look like rows, so that
                nobody can tell where the field was meant to end.
        """
        message = "a quote is opened and never closed"
        after = feed.row[1:]
        alone = not any(line.strip() for line in after[:_LOOK_AHEAD])
        if self._log.skip_bad_rows and not alone and not self._are_rows(after):
            raise BadInput(
                f"{f'column {name}: ' if name else ''}{message}, and which lines belong to its row "
                "cannot be told",
                path=self.file.name, line=feed.start, hint=f"mend the quote in line {feed.start}",
            )  # fmt: skip
        self._bad_row(message, feed.start, feed.row[0], name)
        feed.back()

    def _field_of_quote(self, lines: list[str]) -> str:
        """The name of the column of the first field that opens with a quote; or ""."""
        names = getattr(self, "columns", ())
        for name, field in zip(names, lines[0].split(self.delimiter), strict=False):
            if field.startswith('"') or len(field) > MAX_FIELD:
                return str(name)
        return ""


def _is_grid(lines: bytes, delimiter: bytes, width: int) -> bool:
    """Whether every line has `width` cells."""
    signs = np.frombuffer(lines + b"\n", np.uint8)
    ends = signs[(signs == delimiter[0]) | (signs == 10)] == 10
    if len(ends) % width:
        return False
    each = ends.reshape(-1, width)
    return bool(each[:, -1].all()) and int(np.count_nonzero(ends)) == len(each)


def _blocks_of_lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a file, many at once, without the end of the last one."""
    rest = b""
    while chunk := stream.read(_CHUNK):
        lines, _, rest = (rest + chunk).rpartition(b"\n")
        yield lines
    if rest:
        yield rest


class _Feed:
    """Lines for `csv.reader`, remembering those of the present row."""

    def __init__(self, lines: Iterator[str], skip: int) -> None:
        self._lines = lines
        for _ in range(skip):
            next(lines)
        self._again: deque[str] = deque()
        self.number = skip
        self.start = skip + 1
        self.row: list[str] = []

    def begin(self) -> None:
        """A new row begins with the next line."""
        self.row = []

    def back(self) -> None:
        """All lines of the present row but its first are to be read again."""
        self._again.extendleft(reversed(self.row[1:]))
        self.number = self.start

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.number += 1
        if not self.row:
            self.start = self.number
        self.row.append(line)
        return line


def detect_delimiter(line: str) -> str:
    """The delimiter of a header or first row: the one that occurs most, outside of quotes."""
    outside = "".join(line.split('"')[::2])
    if outside.count("::") >= 2:
        return "::"
    counts = {mark: outside.count(mark) for mark in _DELIMITERS if mark != "::"}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] else ","
