"""Tables of records: JSON, JSON lines, and lines of one user's sequence."""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Iterator
from itertools import islice
from typing import Any

from ..errors import BadInput
from ..report import Log
from .delimited import MAX_COLUMNS
from .files import MAX_LITERAL, WIDE, SourceFile

MAX_LINE = 32 << 20
MAX_JSON = 256 << 20
"""A JSON array is read whole; past this, JSON lines are the better file."""
MOST_KEYS = 5_000
_KEYS_FROM = 2_000
"""The columns are the keys of so many first records."""


class _NoRecord(Exception):
    """A text that is no record; `row` is its line, counted from the text's first."""

    def __init__(self, message: str, row: int = 1) -> None:
        super().__init__(message)
        self.row = row


class JsonTable:
    """A JSON array of objects, or one object a line (JSON, or Python literals)."""

    kind = "json"

    def __init__(self, file: SourceFile, log: Log) -> None:
        """Look at the beginning.

        Raises:
            BadInput: empty, not JSON, not a list of objects.
        """
        self.file = file
        self.left_out = 0
        self._nan = False
        self._twice = self._text = ""
        self._python = False
        facts = file.facts
        start = facts.head.lstrip(b"\xef\xbb\xbf \t\r\n")
        if not start:
            raise BadInput("the file is empty", path=file.name)
        self._array = start[:1] == b"["
        if facts.nul_line is not None and (self._array or not log.skip_bad_rows):
            raise BadInput("a NUL byte", path=file.name, line=facts.nul_line)
        if facts.encoding.startswith(WIDE):
            raise BadInput(
                f"{facts.encoding.upper()}, JSON is UTF-8", path=file.name, hint="save it as UTF-8"
            )
        if facts.encoding == "utf-8-sig":
            log.warn("byte order mark removed", file.name)
        if facts.bad_line is not None:
            log.warn(f"not UTF-8, read as {facts.encoding}", file.name, facts.bad_line)
        if not self._array and facts.lines == 1 and file.base.endswith(".json"):
            raise BadInput("one object, a list of objects is needed", path=file.name, line=1)
        # These lines are read once more as rows; what is wrong with them is told then.
        self._log = Log(log.skip_bad_rows)
        keys: dict[str, None] = {}
        for line, record in islice(self._records(), _KEYS_FROM):
            keys.update(dict.fromkeys(record))
            if len(keys) > MOST_KEYS:
                raise BadInput(
                    f"more than {MOST_KEYS:,} different keys: are they values?", path=file.name,
                    line=line, hint="every record needs the same keys: id, title, …",
                )  # fmt: skip
        if not keys:
            raise BadInput("the file has no usable rows", path=file.name, line=1)
        self.columns = list(keys)[:MAX_COLUMNS]
        if len(keys) > MAX_COLUMNS:
            message = f"{len(keys):,} keys, only the first {MAX_COLUMNS} are read"
            log.warn(message, file.name, 1)
        self._python, self._log = False, log

    def rows(self) -> Iterator[tuple[int, list[Any]]]:
        """Line (of an array: number of the record) and cells; None where a record lacks a key."""
        self.left_out, self._twice = 0, ""
        told = False
        for line, record in self._records():
            if self._nan:
                self._nan = False
                self._empty_nan(record, line)
            if self._twice and not told:
                told = True
                message = "a key stands twice in a record: the last one counts"
                self._log.warn(message, self.file.name, line, self._twice)
            yield line, [record.get(name) for name in self.columns]

    def as_it_stood(self, cells: list[Any]) -> str:
        """The line of the record that was given last; "" in an array."""
        return self._text

    def _empty_nan(self, record: dict[str, Any], line: int) -> None:
        for name, value in record.items():
            if isinstance(value, float) and not math.isfinite(value):
                message = "NaN or Infinity is no JSON: left empty"
                self._log.warn(message, self.file.name, line, name)
                record[name] = None

    def _records(self) -> Iterator[tuple[int, dict[str, Any]]]:
        for line, record in self._whole() if self._array else self._by_line():
            if isinstance(record, dict):
                yield line, record
            else:
                self._bad_row(
                    f"an object was expected, found {type(record).__name__}", line, record
                )

    def _bad_row(self, message: str, line: int, row: object) -> None:
        self.left_out += 1
        self._log.bad_row(message, file=self.file.name, line=line, row=row)

    def _whole(self) -> Iterator[tuple[int, Any]]:
        if self.file.facts.size > MAX_JSON:
            raise BadInput(
                f"a JSON array of more than {MAX_JSON >> 20} MB", path=self.file.name,
                hint="convert it to JSON lines (one object a line)",
            )  # fmt: skip
        with self.file.open() as stream:
            text = stream.read().decode(self.file.facts.encoding, "replace")
        try:
            records = self._parse(text, 1)
        except _NoRecord as error:
            raise BadInput(str(error), path=self.file.name, line=error.row) from error
        yield from enumerate(records, start=1)

    def _by_line(self) -> Iterator[tuple[int, Any]]:
        for number, raw, text in self._lines():
            if b"\0" in raw:
                self._bad_row("a NUL byte", number, text)
                continue
            self._text = text
            try:
                record = self._parse(text, number)
            except _NoRecord as error:
                self._bad_row(str(error), number, text)
                continue
            yield number, record

    def _lines(self) -> Iterator[tuple[int, bytes, str]]:
        """Number, bytes and text of every line that is not blank."""
        encoding = self.file.facts.encoding
        with self.file.open() as stream:
            number = 0
            while raw := stream.readline(MAX_LINE):
                number += 1
                if len(raw) >= MAX_LINE:
                    raise BadInput(
                        f"a line of more than {MAX_LINE >> 20} MB", path=self.file.name, line=number
                    )
                if text := raw.decode(encoding, "replace").strip():
                    yield number, raw, text
                encoding = encoding.removesuffix("-sig")

    def _parse(self, text: str, line: int) -> Any:
        try:
            return self._loads(text)
        except RecursionError:
            raise _NoRecord("nested too deep") from None
        except json.JSONDecodeError as error:
            if not text.startswith(("{'", "{u'", '{u"') if not self._python else "{"):
                raise _NoRecord(
                    f"no valid JSON: {error.msg} (character {error.colno})", error.lineno
                ) from error
        except ValueError as error:  # digits past the limit
            raise _NoRecord("a number of too many digits") from error
        record = self._literal(text)
        if not self._python:
            self._python = True
            self._log.warn("Python literals, not JSON", self.file.name, line)
        return record

    def _loads(self, text: str) -> Any:
        return json.loads(text, parse_constant=self._constant, object_pairs_hook=self._object)

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        record = dict(pairs)
        if len(record) != len(pairs) and not self._twice:
            self._twice = next(key for n, (key, _) in enumerate(pairs) if key in dict(pairs[:n]))
        return record

    def _constant(self, name: str) -> float:
        self._nan = True
        return float(name.replace("Infinity", "inf"))

    def _literal(self, text: str) -> Any:
        try:
            # What is no JSON then (tuples, joined or triple-quoted strings) goes the slow way.
            return self._loads(_as_json(text))
        except (ValueError, RecursionError):
            pass
        try:
            if len(text) > MAX_LITERAL:
                raise ValueError("too long for Python's parser")
            return ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
            raise _NoRecord("no valid record") from error


def _as_json(text: str) -> str:
    """A Python literal as JSON, which is read ten times faster; "" where that needs a real parser.

    Without double quotes and backslashes every other piece between single quotes is a string.
    """
    if '"' in text or "\\" in text or "\0" in text:
        return ""
    pieces = text.split("'")
    between = "\0".join(pieces[::2]).replace("u\0", "\0")
    for python, javascript in (("None", "null"), ("True", "true"), ("False", "false")):
        between = between.replace(python, javascript)
    pieces[::2] = between.split("\0")
    return '"'.join(pieces)


class SequenceTable:
    """Lines of `user item item item …`, in the order in which the user took them; no header."""

    kind = "sequences"
    columns = ["user", "item", "order"]
    left_out = 0

    def __init__(self, file: SourceFile) -> None:
        self.file = file

    @classmethod
    def recognise(cls, file: SourceFile) -> SequenceTable | None:
        """The table, where the file's first lines are of this kind; else None."""
        head = file.facts.head.decode("utf-8", "replace")
        lines = [line.split() for line in head.splitlines()[:8]]
        if len(lines) > 1 and file.facts.lines > len(lines):
            lines = lines[:-1]  # the head may end within a line
        lengths = {len(words) for words in lines}
        if (
            any(mark in head for mark in ",;|\t{<")
            or min(lengths, default=0) < 2
            or len(lengths) < 2
        ):
            return None
        return cls(file)

    def rows(self) -> Iterator[tuple[int, list[Any]]]:
        """Line, and [user, item, position]."""
        with self.file.open() as stream:
            for number, raw in enumerate(stream, start=1):
                user, *items = raw.decode("utf-8", "replace").split() or [""]
                for position, item in enumerate(items):
                    yield number, [user, item, position]
