"""References of a plan to earlier results: their grammar, what they mean, and filling them in.

After ReWOO (Xu et al., 2023). A reference is::

    $STEP                 $1      the id of the first row, or the only value of it
    $STEP.FIELD           $1.title        of the first row
    $STEP[N].FIELD        $1[2].title     of a row, counted from 0
    $STEP[*].FIELD        $1[*].title     of all rows, as a list
    ….FIELD[N]            $1.genres[0]    one entry of a value that is a list

STEP is the number of an earlier call of the turn, from 1, or the "id" that was given to it (of the
newest call before, where the rest of a plan gives an id anew). Rows
are those of `look_up` and `item_info`, else the items that stand in the call's result; a field that
the result has beside them (`$2.left`) is meant where no row is named. A reference is a whole value,
or stands within a text; there it needs a field or a row, so that "$20" stays an amount.

What is filled in is data: in SQL and in conditions it becomes a quoted literal, whatever it holds,
and a reference that stands where no literal can is refused. What is filled in is not read again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from recagent_catalogs.text import clean, fold

from .brain import Observation

MOST_VALUES = 50
VALUE_CHARS = 300

_STEP = r"\$(?P<step>\d{1,3}|[A-Za-z_]\w{0,30})"
_PATH = (
    r"(?:\.rows(?=\[))?(?P<row>\[(?:\d{1,4}|\*)\])?"
    r"(?:\.(?P<field>[A-Za-z_]\w{0,63})(?P<part>\[(?:\d{1,4}|\*)\])?)?"
)
REFERENCE = re.compile(r"(?<![\w$])" + _STEP + _PATH, re.A)
_QUOTED_IN_SQL = re.compile(r"""\w?'(?:[^']|'')*'|"(?:[^"]|"")*\"""")


class BadReference(Exception):
    """A reference that means nothing in the results there are; the text is for the model."""


@dataclass(frozen=True)
class Reference:
    """A reference as it was written; row and part are a position, "*" for all, or None."""

    step: str
    row: int | str | None = None
    field: str | None = None
    part: int | str | None = None
    text: str = ""


@dataclass
class Results:
    """What the calls of the turn gave so far, by number from 1 and by id.

    Attributes:
        given: (fields beside the rows, the rows) of each call; None for one without a result.
        ids: number of a call, by its id; of the newest one where an id is given anew.
    """

    given: list[tuple[Mapping[str, Any], list[Mapping[str, Any]]] | None] = field(
        default_factory=list
    )
    ids: dict[str, int] = field(default_factory=dict)

    def add(self, id: str, observation: Observation | None) -> None:
        """The next call's result; None or an error where it gave none."""
        usable = observation is not None and not observation.error
        self.given.append(_rows(observation) if observation is not None and usable else None)
        if id:
            self.ids[id] = len(self.given)

    def repeat(self, id: str, number: int) -> None:
        """The next call's result is that of an earlier one; 0 for none."""
        self.given.append(self.given[number - 1] if number else None)
        if id:
            self.ids[id] = len(self.given)

    def value(self, reference: Reference) -> Any:
        """What a reference means: text, number, truth, or a list of these.

        Raises:
            BadReference: nothing.
        """
        number = self.ids.get(reference.step) or step_number(reference.step)
        given = self.given[number - 1] if 0 < number <= len(self.given) else None
        if given is None:
            raise BadReference(f"{reference.text}: step {reference.step} gave no result")
        beside, rows = given
        if reference.row is None and reference.field and _key(beside, reference.field) is not None:
            return _usable(_of(beside, reference), reference)
        if reference.row == "*":
            values = [_of(row, reference) for row in rows]
            return _usable([v for v in values if v is not None], reference)
        position = reference.row if isinstance(reference.row, int) else 0
        if position >= len(rows):
            raise BadReference(f"{reference.text}: step {reference.step} gave {len(rows)} rows")
        return _usable(_of(rows[position], reference), reference)


def found_in(text: str, ids: Mapping[str, int]) -> list[tuple[int, int, Reference]]:
    """Where references stand in a text, and which."""
    found: list[tuple[int, int, Reference]] = []
    for match in REFERENCE.finditer(text):
        path = match["row"] or match["field"]
        whole = match.start() == 0 and match.end() == len(text)
        if path or (whole and (match["step"].isdigit() or match["step"] in ids)):
            reference = Reference(
                match["step"],
                _position(match["row"]),
                match["field"],
                _position(match["part"]),
                match.group(0)[:60],
            )
            found.append((match.start(), match.end(), reference))
    return found


def _position(written: str | None) -> int | str | None:
    if written is None:
        return None
    return "*" if written == "[*]" else int(written[1:-1])


def step_number(step: str) -> int:
    """The number that a step's name is; 0 where it is a name."""
    return int(step) if step.isdigit() else 0


def references(value: Any, ids: Mapping[str, int]) -> list[Reference]:
    """The references in a value, however deep; `ids` are names that mean a step by themselves."""
    if isinstance(value, str):
        return [found for _, _, found in found_in(value, ids)]
    parts = value.values() if isinstance(value, dict) else value
    if not isinstance(value, dict | list):
        return []
    return [one for part in parts for one in references(part, ids)]


def misplaced(text: str, ids: Mapping[str, int], fill: Fill) -> list[str]:
    """Why references cannot stand where they do, whatever they will mean."""
    try:
        fill(text, found_in(text, ids), lambda reference: "x")
    except BadReference as error:
        return [str(error)]
    return []


# values


def _rows(observation: Observation) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    """What a result holds: fields beside the rows, and the rows."""
    data = observation.data
    if isinstance(data, list):
        return {}, [row for row in data if isinstance(row, dict)]
    rows: list[Mapping[str, Any]] = []
    for line in observation.text.split("\n"):
        if line.startswith("{"):
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(row, dict):
                rows.append(row)
    return (data if isinstance(data, dict) else {}), rows


def _key(row: Mapping[str, Any], name: str) -> str | None:
    if name in row:
        return name
    wanted = fold(name).replace(" ", "")
    return next((key for key in row if fold(str(key)).replace(" ", "") == wanted), None)


def _of(row: Mapping[str, Any], reference: Reference) -> Any:
    """The value of a field of one row, or of an entry of it."""
    if reference.field is None:
        if "id" not in row and len(row) != 1:
            raise BadReference(f"{reference.text}: which field? {', '.join(map(str, row))}")
        return row["id"] if "id" in row else next(iter(row.values()))
    key = _key(row, reference.field)
    if key is None:
        fields = ", ".join(map(str, list(row)[:20]))
        raise BadReference(f"{reference.text}: there is no such field; there are: {fields}")
    value = row[key]
    if isinstance(reference.part, int):
        parts = value if isinstance(value, list) else [value]
        if reference.part >= len(parts):
            raise BadReference(f"{reference.text}: it has {len(parts)} entries")
        return parts[reference.part]
    return value


def _usable(value: Any, reference: Reference) -> Any:
    """A value as it may be filled in: plain, clean, of bounded size.

    Raises:
        BadReference: it is empty, or no plain value.
    """
    if isinstance(value, list):
        flat: list[Any] = []
        for part in value:
            flat += part if isinstance(part, list) else [part]
        plain = [_plain(part, reference) for part in flat[: MOST_VALUES * 4] if part is not None]
        kept = list(dict.fromkeys(plain))[:MOST_VALUES]
        if not kept:
            raise BadReference(f"{reference.text} is empty")
        return kept
    if value is None or value == "":
        raise BadReference(f"{reference.text} is empty")
    return _plain(value, reference)


def _plain(value: Any, reference: Reference) -> str | int | float | bool:
    if isinstance(value, str):
        return clean(value, VALUE_CHARS)
    if isinstance(value, bool | int | float):
        return value
    raise BadReference(f"{reference.text} is no plain value")


# filling in

Place = tuple[int, int, Reference]
Fill = Callable[[str, Sequence[Place], Callable[[Reference], Any]], Any]


def filled(value: Any, results: Results, fill: Fill) -> Any:
    """A value with its references filled in; a list that a reference means joins the list.

    Raises:
        BadReference: one means nothing, or stands where nothing can be filled in.
    """
    if isinstance(value, str):
        return fill(value, found_in(value, results.ids), results.value)
    if isinstance(value, list):
        joined: list[Any] = []
        for entry in value:
            made = filled(entry, results, fill)
            joined += made if isinstance(made, list) and isinstance(entry, str) else [made]
        return joined
    if isinstance(value, dict):
        return {key: filled(part, results, fill) for key, part in value.items()}
    return value


def in_text(text: str, places: Sequence[Place], value: Callable[[Reference], Any]) -> Any:
    """A whole value as it is, of its own type; within a text as text."""
    if len(places) == 1 and places[0][:2] == (0, len(text)):
        return value(places[0][2])
    return _replaced(text, [(start, end, _words(value(one))) for start, end, one in places])


def _words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _in_condition(text: str, places: Sequence[Place], value: Callable[[Reference], Any]) -> str:
    """Conditions of `filter`: a text becomes a quoted value, a list several of them."""
    pieces = []
    for start, end, reference in places:
        if (start, end) == (0, len(text)):
            raise BadReference(f"{reference.text} can be a value in a condition, not all of it")
        meant = value(reference)
        if text[start - 1 : start] == text[end : end + 1] == '"':
            start, end = start - 1, end + 1
        elif text.count('"', 0, start) % 2:
            pieces.append((start, end, _words(meant).replace('"', "")))
            continue
        values = meant if isinstance(meant, list) else [meant]
        pieces.append((start, end, " | ".join(map(_condition_value, values))))
    return _replaced(text, pieces)


def _condition_value(value: Any) -> str:
    if isinstance(value, str):
        return '"' + value.replace('"', "") + '"'
    return _words(value)


def _in_sql(text: str, places: Sequence[Place], value: Callable[[Reference], Any]) -> str:
    """SQL of `look_up`: literals only, and only where one can stand."""
    if not places:
        return text
    _only_plain_sql(text, places)
    quoted = [match.span() for match in _QUOTED_IN_SQL.finditer(text)]
    pieces = []
    for start, end, reference in places:
        inside = next((span for span in quoted if span[0] < start < span[1]), None)
        if inside is not None:
            if text[inside[0] : inside[1]] != f"'{text[start:end]}'":
                raise BadReference(
                    f"{reference.text} stands within quotes; in SQL it is a value of its own"
                )
            start, end = inside
        meant = value(reference)
        values = meant if isinstance(meant, list) else [meant]
        pieces.append((start, end, ", ".join(map(_sql_literal, values))))
    return _replaced(text, pieces)


def _only_plain_sql(text: str, places: Sequence[Place]) -> None:
    """See that it is certain where literals begin and end.

    Raises:
        BadReference: it is not.
    """
    first = places[0][2].text
    if places[0][:2] == (0, len(text)):
        raise BadReference(f"{first} can be a value in SQL, not all of it")
    outside = _QUOTED_IN_SQL.sub(" ", text)
    if any(mark in text for mark in ("--", "/*", "\\")) or set("'\"") & set(outside):
        raise BadReference(f"{first}: no comments, backslashes, open quotes beside it in SQL")
    if text.count("$") != len(places):
        raise BadReference(f"{first}: no other $ beside it in SQL")


def _sql_literal(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return repr(value)
    return "'" + str(value).replace("'", "''") + "'"


def _replaced(text: str, pieces: Sequence[tuple[int, int, str]]) -> str:
    out, position = [], 0
    for start, end, filled in pieces:
        out += [text[position:start], filled]
        position = end
    return "".join([*out, text[position:]])


LANGUAGES: dict[tuple[str, str], Fill] = {
    ("look_up", "sql"): _in_sql,
    ("filter", "where"): _in_condition,
}
"""Arguments that are written in a language of their own, and how a value is filled in there."""
