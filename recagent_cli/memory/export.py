"""A profile as JSON lines, `recagent.profile/1`, written and read back: docs/memory.md, "Export".

The file is its owner's, and comes back from anywhere: what is read is cleaned and checked.
"""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from recagent_catalogs.errors import BadInput
from recagent_catalogs.text import TITLE_CAP, clean

from .event_rows import EVENT_KINDS, StoredEvent

SCHEMA = "recagent.profile/1"
MAX_ID = 500
"""Characters of a name, an id or a session."""
MAX_NUMBER = (1 << 53) - 1
"""Of a fact or a turn; what JSON readers hold exactly."""
LONGEST = 1 << 20
"""Characters of a line; a longer one is none of ours."""
Titled = Callable[[str, str], tuple[str, int | None]]
"""(catalog, item) -> title and year; ("", None) where they are not known."""


def export_lines(
    events: Iterable[StoredEvent], profile: str, titled: Titled, *, now: float
) -> Iterator[str]:
    """The head, and a line for each fact, also for those taken back; without line ends.

    Args:
        events: all of the profile, oldest first.
        profile: its name.
        titled: gives an item's title and year.
        now: seconds since 1970 (UTC), told as the time of the export.
    """
    facts = list(events)
    yield _line({"schema": SCHEMA, "profile": profile, "made": moment(now), "facts": len(facts)})
    for event in facts:
        yield _line(fact_json(event, titled))


def fact_json(event: StoredEvent, titled: Titled) -> dict[str, Any]:
    """A fact with its source, as a line of an export holds it."""
    title, year = titled(event.catalog, event.item) if event.item else ("", None)
    return {
        "fact": event.id,
        "catalog": event.catalog,
        "kind": event.kind,
        "item": event.item,
        "title": title,
        "year": year,
        "column": event.column,
        "text": event.text,
        "value": event.value,
        "source": event.source,
        "session": event.session,
        "turn": event.turn,
        "time": moment(event.time),
        "undone": bool(event.undone),
        "batch": event.batch,
        "because": event.because,
    }


def moment(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC, to the microsecond."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="microseconds")


def is_export(first_line: str) -> bool:
    """Whether a file that begins with this line is an export of ours."""
    try:
        head = json.loads(first_line[:LONGEST])
    except (ValueError, RecursionError):
        return False
    return isinstance(head, dict) and head.get("schema") == SCHEMA


def read_export(lines: Iterable[str], profile: str, *, path: str = "") -> list[StoredEvent]:
    """The facts of an export, as facts of `profile`, in the order of the file.

    Their `id` is the number in the file, to which `because` refers; `UserStore.commit` gives both
    anew. Those taken back are `undone`.

    Args:
        lines: of the file.
        profile: whose they become.
        path: how the file is called in errors.

    Raises:
        BadInput: it is no such file, or a line is wrong; the message names the line.
    """
    events: list[StoredEvent] = []
    for number, line in enumerate(lines, start=1):
        if number == 1:
            if not is_export(line):
                raise BadInput(f"{path}:1: no export of a profile: its first line has no {SCHEMA}")
        elif line.strip():
            try:
                events.append(_fact(json.loads(line[:LONGEST]), profile))
            except (ArithmeticError, AttributeError, LookupError, RecursionError) as error:
                raise BadInput(f"{path}:{number}: no fact: {clean(error, 200)}") from error
            except (ValueError, TypeError) as error:
                raise BadInput(f"{path}:{number}: no fact: {clean(error, 200)}") from error
    return events


def _fact(told: dict[str, Any], profile: str) -> StoredEvent:
    kind = str(told["kind"])
    if kind not in EVENT_KINDS:
        raise ValueError(f"unknown kind {kind!r}")
    column, item = _text(told, "column", MAX_ID), _text(told, "item", MAX_ID)
    text = _text(told, "text", TITLE_CAP if column else 2_000)
    if column and item:
        raise ValueError("it is of an item and of a value")
    return StoredEvent(
        profile,
        _text(told, "catalog", MAX_ID),
        kind,
        item,
        _number(told.get("value")),
        text=text,
        source=_text(told, "source", TITLE_CAP),
        session=_text(told, "session", MAX_ID),
        turn=None if told.get("turn") is None else _count(told, "turn"),
        time=_seconds(told["time"]),
        undone=int(bool(told.get("undone"))),
        column=column,
        batch=_text(told, "batch", MAX_ID),
        because=_count(told, "because"),
        id=_count(told, "fact"),
    )


def _text(told: dict[str, Any], key: str, cap: int) -> str:
    value = told.get(key) or ""
    if not isinstance(value, str):
        raise TypeError(f"{key} is no text")
    return clean(value, cap)


def _count(told: dict[str, Any], key: str) -> int:
    value = told.get(key) or 0
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_NUMBER:
        raise ValueError(f"{key} {value!r} is no number")
    return value


def _number(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"value {value!r} is no number")
    return float(value)


def _seconds(value: object) -> float:
    when = datetime.datetime.fromisoformat(str(value))
    if when.tzinfo is None:
        when = when.replace(tzinfo=datetime.UTC)
    moment(when.timestamp())  # what cannot be told is no time
    return max(0.0, when.timestamp())


def _line(told: dict[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False)
