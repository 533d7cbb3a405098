"""The rows of a file, whatever it is written in: text tables, JSON of any nesting, JSON lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from recagent_catalogs.errors import BadInput
from recagent_catalogs.formats.delimited import DelimitedTable
from recagent_catalogs.formats.files import WIDE
from recagent_catalogs.formats.roles import bare
from recagent_catalogs.report import Log
from recagent_catalogs.text import clean

from .entries import Cells
from .sources import Source, check_unpacked

MAX_OBJECT = 32 << 20
"""A JSON object is read whole; a list of objects may be as large as any history."""
MAX_CELL = 2_000
"""Characters of a cell that are looked at: reviews and notes are not read."""
_SAMPLE = 300
_DEEP = 4
_FEW = 200

Rows = Callable[[], Iterator[tuple[int, Cells]]]


@dataclass(frozen=True)
class HistoryTable:
    """A file as rows.

    Attributes:
        titles: its columns as the file writes them, by bare name; nested JSON is written with
            points: "movie.ids.imdb".
        rows: gives line (of a JSON list: number of the record) and cells, anew at each call.
        length: about how many rows there are.
        schema: what a JSON object says that it is ("recagent.profile/1"), or "".
        body: that object, where it says so.
        warnings: what a careful person would want to know.
    """

    titles: Mapping[str, str]
    rows: Rows
    length: int
    schema: str = ""
    body: Mapping[str, Any] | None = None
    warnings: tuple[str, ...] = ()

    @property
    def columns(self) -> frozenset[str]:
        """Their bare names."""
        return frozenset(self.titles)


def open_table(source: Source) -> HistoryTable:
    """Look at a file's beginning and say how its rows are read.

    Raises:
        BadInput: it is empty, too large, no table, of no encoding; with the line where known.
    """
    with plainly_told():
        check_unpacked(source)
        start = source.file.facts.head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
        if source.file.facts.encoding.startswith(WIDE):
            start = source.file.facts.head.decode(source.file.facts.encoding, "ignore").lstrip(
                "\ufeff \t\r\n"
            )
        if source.file.base.endswith((".json", ".jsonl", ".ndjson")) or start[:1] in ("{", "["):
            return _json_table(source, start)
        return _text_table(source)


class plainly_told:
    """Errors of the readers of catalogs, with a hint that fits a history."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, BadInput) and "Parquet" in error.message:
            error.hint = "save it as CSV or JSON lines"
        elif isinstance(error, BadInput) and "--skip-bad-rows" in error.hint:
            nul = "NUL" in error.message
            error.hint = (
                "is it a text file? save it as UTF-8 and try again"
                if nul
                else "mend or remove that line and try again; nothing was imported"
            )


def _text_table(source: Source) -> HistoryTable:
    log = Log()
    table = DelimitedTable(source.file, log)
    keys = [bare(column) for column in table.columns]
    titles: dict[str, str] = {}
    for key, column in zip(keys, table.columns, strict=True):
        if key:
            titles.setdefault(key, clean(column, 80))
    first = {key: keys.index(key) for key in titles}
    places = [(place, key) for key, place in first.items()]

    def rows() -> Iterator[tuple[int, Cells]]:
        with plainly_told():
            read = DelimitedTable(source.file, Log())
            for line, row in read.rows():
                cells = {key: cell[:MAX_CELL] for place, key in places if (cell := row[place])}
                yield line, cells
            if read.left_out:
                raise BadInput(
                    "the last row is cut short", path=source.name, line=source.file.facts.lines,
                    hint="was it downloaded to its end? nothing was imported",
                )  # fmt: skip

    warnings = tuple(str(w) for w in log.warnings if "UTF-8" in w.message)
    return HistoryTable(titles, rows, max(source.file.facts.lines - 1, 0), warnings=warnings)


# --- JSON ----------------------------------------------------------------------------------------


def _json_table(source: Source, start: str) -> HistoryTable:
    facts = source.file.facts
    if not start:
        raise BadInput("the file is empty", path=source.name)
    if facts.nul_line is not None:
        raise BadInput("a NUL byte", path=source.name, line=facts.nul_line, hint="--skip-bad-rows")
    by_line = start[:1] == "{" and not source.file.base.endswith(".json") or _is_lines(start)
    if by_line:
        records: Callable[[], Iterator[tuple[int, Any]]] = lambda: _lines(source)  # noqa: E731
        return _of_records(source, records, facts.lines)
    if start[:1] == "[":
        return _of_records(source, lambda: _listed(source), max(facts.size // 200, 1))
    return _of_object(source)


def _is_lines(start: str) -> bool:
    """Whether a text that begins with an object has a second one on its second line."""
    first, _, rest = start.partition("\n")
    if not rest.lstrip().startswith("{"):
        return False
    try:
        return isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False


def _of_object(source: Source) -> HistoryTable:
    """The longest list of objects inside of one."""
    if source.file.facts.size > MAX_OBJECT:
        raise BadInput(
            f"one JSON object of more than {MAX_OBJECT >> 20} MB", path=source.name,
            hint="write its list of items as JSON lines (one object a line)",
        )  # fmt: skip
    text = _text(source)
    try:
        body = json.loads(text)
    except RecursionError:
        raise BadInput("nested too deep", path=source.name) from None
    except json.JSONDecodeError as error:
        message = f"no valid JSON: {error.msg}"
        raise BadInput(message, path=source.name, line=error.lineno, column=error.colno) from error
    except ValueError as error:
        raise BadInput("a number of too many digits", path=source.name) from error
    schema = body.get("schema")
    if isinstance(schema, str) and schema.startswith("recagent."):
        return HistoryTable({}, lambda: iter(()), 0, schema=clean(schema, 80), body=body)
    lists = sorted(_lists(body, _DEEP), key=len, reverse=True)
    found = [record for listed in lists for record in listed] if lists else []
    if not found:
        keys = clean(", ".join(map(str, list(body)[:12])), 200)
        raise BadInput(
            f"no list of items in this JSON; its keys: {keys}", path=source.name, line=1,
            hint="a list of objects, or one object a line, is needed",
        )  # fmt: skip
    return _of_records(source, lambda: iter(list(enumerate(found, start=1))), len(found))


def _lists(value: Any, depth: int) -> Iterator[list[Any]]:
    """The lists of objects in a JSON value."""
    if depth == 0:
        return
    if isinstance(value, list):
        if value and all(isinstance(part, dict) for part in value):
            yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _lists(part, depth - 1)


def _of_records(
    source: Source, records: Callable[[], Iterator[tuple[int, Any]]], length: int
) -> HistoryTable:
    titles: dict[str, str] = {}
    for seen, (line, record) in enumerate(records()):
        for name in _flat(record, source, line):
            if (key := bare(name)) and len(titles) < _FEW:
                titles.setdefault(key, clean(name, 80))
        if seen >= _SAMPLE:
            break
    if not titles:
        raise BadInput("the list is empty", path=source.name, line=1)
    keys: dict[str, str] = {}

    def rows() -> Iterator[tuple[int, Cells]]:
        for line, record in records():
            cells: dict[str, str] = {}
            for name, value in _flat(record, source, line).items():
                key = keys.get(name)
                if key is None:
                    key = bare(name)
                    if len(keys) < 10 * _FEW:
                        keys[name] = key
                if key in titles:
                    cells.setdefault(key, value)
            yield line, cells

    return HistoryTable(titles, rows, length)


def _flat(record: Any, source: Source, line: int) -> dict[str, str]:
    """An object as cells, the keys of objects inside of it joined by points; no empty cells."""
    if not isinstance(record, dict):
        message = f"an object was expected, found {type(record).__name__}"
        raise BadInput(message, path=source.name, line=line)
    out: dict[str, str] = {}
    todo: list[tuple[str, Any, int]] = [("", record, _DEEP)]
    while todo and len(out) < _FEW:
        before, value, depth = todo.pop()
        if isinstance(value, dict):
            if depth:
                todo += [
                    (f"{before}.{key}" if before else str(key), part, depth - 1)
                    for key, part in reversed(list(value.items())[:_FEW])
                ]
        elif isinstance(value, list):
            words = [str(part) for part in value[:20] if isinstance(part, str | int | float)]
            if words:
                out[before] = ", ".join(words)[:MAX_CELL]
        elif value is not None and value != "":
            out[before] = str(value)[:MAX_CELL]
    return out


def _text(source: Source) -> str:
    with source.file.open() as stream:
        return stream.read().decode(source.file.facts.encoding, "replace").lstrip("\ufeff")


def _lines(source: Source) -> Iterator[tuple[int, Any]]:
    encoding = source.file.facts.encoding
    with source.file.open() as stream:
        texts = (
            _text(source).splitlines() if encoding.startswith(WIDE) else
            (raw.decode(encoding, "replace") for raw in stream)
        )  # fmt: skip
        for number, text in enumerate(texts, start=1):
            text = text.lstrip("\ufeff").strip()
            if not text:
                continue
            try:
                yield number, json.loads(text)
            except RecursionError:
                raise BadInput("nested too deep", path=source.name, line=number) from None
            except json.JSONDecodeError as error:
                raise BadInput(
                    f"no valid JSON: {error.msg}", path=source.name, line=number,
                    column=error.colno, hint="mend or remove that line; nothing was imported",
                ) from error  # fmt: skip
            except ValueError as error:
                raise BadInput(
                    "a number of too many digits", path=source.name, line=number,
                    hint="mend or remove that line; nothing was imported",
                ) from error  # fmt: skip


def _listed(source: Source) -> Iterator[tuple[int, Any]]:
    """The values of a JSON list, one at a time."""
    text = _text(source)
    decoder = json.JSONDecoder()
    number, place = 0, _after(text, 0) + 1
    while True:
        place = _after(text, place)
        if text[place : place + 1] == "]":
            return
        try:
            value, place = decoder.raw_decode(text, place)
        except RecursionError:
            raise BadInput("nested too deep", path=source.name, line=_line(text, place)) from None
        except json.JSONDecodeError as error:
            raise _no_json(source, text, error.pos, error.msg) from error
        except ValueError as error:
            raise _no_json(source, text, place, "a number of too many digits") from error
        number += 1
        yield number, value
        place = _after(text, place)
        mark = text[place : place + 1]
        if mark not in (",", "]"):
            problem = "the list is cut short" if not mark else "a comma was expected"
            raise _no_json(source, text, place, problem)
        place += mark == ","


def _after(text: str, place: int) -> int:
    """The place of the next sign that is no white space."""
    while text[place : place + 1] in (" ", "\t", "\n", "\r"):
        place += 1
    return place


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


def _no_json(source: Source, text: str, place: int, problem: str) -> BadInput:
    column = place - text.rfind("\n", 0, place)
    return BadInput(
        f"no valid JSON: {problem}", path=source.name, line=_line(text, place), column=column,
        hint="was it downloaded to its end? nothing was imported",
    )  # fmt: skip
