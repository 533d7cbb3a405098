"""Text tables: CSV, TSV and their kin, with right line numbers; what was mended is told."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from ..errors import BadInput
from ..report import Log
from ..text import clean
from .files import SourceFile

MAX_FIELD = 4 << 20
"""Characters a field may have; past it a quote was not closed, or the file is no table."""
MAX_COLUMNS = 200
_DELIMITERS = ("\t", "::", "|", ";", ",")


class DelimitedTable:
    """A text file with one row a line.

    Attributes:
        file: the file.
        columns: the names in the header, trimmed; empty ones are called `column_3`.
        delimiter: as detected.
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
        self._check_bytes(quiet_encoding)
        first = self._first_line()
        self.delimiter = delimiter or detect_delimiter(first)
        self._has_header = header is None
        if header is not None:
            self.columns = header
            self._cut = len(header)
        else:
            self.columns, self._cut = self._read_header()

    def _check_bytes(self, quiet_encoding: bool) -> None:
        facts = self.file.facts
        name = self.file.name
        if facts.size == 0 or not facts.head.strip(b"\xef\xbb\xbf \t\r\n"):
            raise BadInput("the file is empty", path=name)
        if facts.head[:4] == b"PAR1":
            raise BadInput("this is a Parquet file", path=name, hint="name it .parquet")
        if facts.nul_line is not None:
            column = self._column_of_nul(facts.nul_line)
            raise BadInput(
                f"{column}a NUL byte", path=name, line=facts.nul_line, hint="is it a text file?"
            )
        start = facts.head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
        if start[:1] == "<":
            raise BadInput("this is HTML or XML, no table", path=name, line=1)
        if start[:1] in "{[":
            raise BadInput("this is JSON, no text table", path=name, line=1, hint="name it .jsonl")
        if facts.encoding == "utf-8-sig":
            self._log.warn("byte order mark removed", name)
        if facts.bad_line is not None and not quiet_encoding:
            self._log.warn(f"not UTF-8, read as {facts.encoding}", name, facts.bad_line)
        if facts.mixed_ends:
            self._log.warn("line ends of several kinds", name)

    def _column_of_nul(self, line: int) -> str:
        with self.file.open() as stream:
            lines = [stream.readline(MAX_FIELD) for _ in range(line)]
        delimiter = detect_delimiter(lines[0].decode("latin-1")).encode()
        number = lines[-1].split(b"\0")[0].count(delimiter)
        names = lines[0].decode("latin-1").strip().split(delimiter.decode())
        return f"column {clean(names[number], 80)}: " if number < len(names) and line > 1 else ""

    def _first_line(self) -> str:
        self.first_line = 1
        for number, line in enumerate(self._lines(), start=1):
            if line.strip() and not line.lstrip().startswith("#"):
                self.first_line = number
                return line.rstrip("\r\n")
            if line.strip():
                self._log.warn("comment line left out", self.file.name, number)
        raise BadInput("the file has no rows", path=self.file.name)

    def _read_header(self) -> tuple[list[str], int]:
        for _, cells in self._parsed():
            names = [clean(cell, 200).strip() for cell in cells]
            break
        if any(cell != cell.strip() for cell in cells):
            self._log.warn("spaces around column names removed", self.file.name, self.first_line)
        if len(names) > MAX_COLUMNS:
            self._log.warn(
                f"{len(names)} columns, only the first {MAX_COLUMNS} are read",
                self.file.name,
                self.first_line,
            )
        kept = [name or f"column_{n}" for n, name in enumerate(names[:MAX_COLUMNS], start=1)]
        return kept, len(names)

    def rows(self) -> Iterator[tuple[int, list[Any]]]:
        """Line number and cells of every row, cells aligned with `columns`.

        Raises:
            BadInput: a row with another number of fields, an unclosed quote.
        """
        parsed = self._parsed()
        if self._has_header:
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
            yield line, cells if cut == width else cells[:cut]

    def _mend_width(self, cells: list[str], line: int, width: int) -> bool:
        """Whether a row of another width can be used all the same; `cells` is mended in place."""
        if len(cells) > width and not any(cells[width:]):
            del cells[width:]
            return True
        if len(cells) < width and line == self.file.facts.lines and not self.file.facts.finished:
            self._log.drop("last row cut short", self.file.name, line)
            self._log.warn("the last row is cut short and left out", self.file.name, line)
            return False
        self._log.bad_row(
            f"row with another number of fields: {len(cells)} where {width} were expected",
            file=self.file.name,
            line=line,
        )
        return False

    def _lines(self) -> Iterator[str]:
        with self.file.open() as stream:
            encoding = self.file.facts.encoding
            text = io.TextIOWrapper(stream, encoding=encoding, errors="replace", newline="")
            yield from text

    def _parsed(self) -> Iterator[tuple[int, list[str]]]:
        """Every row from the header on, with the line it begins on."""
        if len(self.delimiter) > 1:
            for number, line in enumerate(self._lines(), start=1):
                if number >= self.first_line:
                    yield number, line.rstrip("\r\n").split(self.delimiter)
            return
        csv.field_size_limit(MAX_FIELD)
        feed = _Feed(self._lines(), self.first_line - 1)
        reader = csv.reader(feed, delimiter=self.delimiter, strict=True)
        while True:
            feed.begin()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                cells = self._mend_quotes(feed, str(error))
                reader = csv.reader(feed, delimiter=self.delimiter, strict=True)
            if not self._stray and len(feed.row) == 1 and '"' in feed.row[0]:
                self._note_stray(feed, cells)
            yield feed.start, cells

    def _note_stray(self, feed: _Feed, cells: list[str]) -> None:
        """Tell once of quotes within an unquoted field; they are kept."""
        for name, cell in zip(getattr(self, "columns", cells), cells, strict=False):
            if '"' in cell and '""' not in feed.row[0]:
                self._stray = True
                self._log.warn("stray quotes kept", self.file.name, feed.start, name)
                return

    def _mend_quotes(self, feed: _Feed, problem: str) -> list[str]:
        name, line = self._field_of_quote(feed.row)
        where = {"path": self.file.name, "line": feed.start}
        if "unexpected end" in problem or ("limit" in problem and len(feed.row) > 1):
            raise BadInput(f"{name}a quote is opened and never closed", **where)  # type: ignore[arg-type]
        if "limit" in problem:
            raise BadInput(f"{name}a field of more than {MAX_FIELD:,} characters", **where)  # type: ignore[arg-type]
        escape = "\\" if any('\\"' in part for part in feed.row) else None
        try:
            rows = list(
                csv.reader(
                    feed.row, delimiter=self.delimiter, escapechar=escape, strict=bool(escape)
                )
            )
        except csv.Error as error:
            raise BadInput(f"{name}quotes that cannot be read: {error}", **where) from error  # type: ignore[arg-type]
        self._log.warn(
            "quotes escaped by a backslash" if escape else "stray quotes kept as they can be read",
            self.file.name, feed.start, line,
        )  # fmt: skip
        return rows[0]

    def _field_of_quote(self, lines: list[str]) -> tuple[str, str]:
        """The column of the first field that opens with a quote: for a message, and its name."""
        for number, field in enumerate(lines[0].split(self.delimiter)):
            if (field.startswith('"') or len(field) > MAX_FIELD) and number < len(
                getattr(self, "columns", ())
            ):
                return f"column {self.columns[number]}: ", self.columns[number]
        return "", ""


class _Feed:
    """Lines for `csv.reader`, remembering those of the present row."""

    def __init__(self, lines: Iterator[str], skip: int) -> None:
        self._lines = lines
        for _ in range(skip):
            next(lines)
        self.number = skip
        self.start = skip + 1
        self.row: list[str] = []

    def begin(self) -> None:
        """A new row begins with the next line."""
        self.row = []

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
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
