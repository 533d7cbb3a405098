"""What there is to tell of a session's bus: its lists, sets, stages, and what changed between two.

Each function gives JSON values, for `recagent.report/1`, and nothing that a terminal must draw.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from typing import Any

import numpy as np

from recagent_catalogs.errors import NotFound, ToolError
from recagent_catalogs.interactions import Rows
from recagent_catalogs.store import Catalog
from recagent_tools.bus import CandidateBus
from recagent_tools.candidates import find_set, find_source
from recagent_tools.diff import difference, path_of_list
from recagent_tools.stages import path_told

from .agent.session import Session
from .named import whole_number


def lists_told(session: Session) -> list[dict[str, Any]]:
    """The lists shown: number, how many items of how many candidates, what was asked, the path."""
    bus = session.bus
    asked: dict[int, str] = {}
    for turn in session.turns:
        asked.setdefault(turn.number, turn.utterance)
    return [
        {
            "list": shown.number,
            "items": len(shown.rows),
            "candidates": bus.stages[shown.stage].after,
            "stands": shown.number == bus.standing,
            "asked": asked.get(shown.number, ""),
            "funnel": bus.funnel(shown.stage),
        }
        for shown in bus.lists
    ]


def sets_told(bus: CandidateBus) -> list[dict[str, Any]]:
    """The named sets: name, number of items, how they came about."""
    return [
        {"set": name, "items": bus.stages[number].after, "funnel": bus.funnel(number)}
        for name, number in sorted(bus.saved.items())
    ]


def history_told(bus: CandidateBus) -> list[dict[str, Any]]:
    """The stages, oldest first; `list` is the list last shown of one, `here` where the bus is."""
    shown = {one.stage: one.number for one in bus.lists}
    return [
        {
            "stage": stage.number,
            "tool": stage.tool,
            "note": stage.note,
            "before": stage.before,
            "after": stage.after,
            "ms": round(stage.ms, 2),
            "parent": stage.parent,
            "list": shown.get(stage.number),
            "here": stage.number == bus.cursor,
            "arguments": dict(stage.arguments),
        }
        for stage in bus.stages
    ]


def difference_told(
    bus: CandidateBus, catalog: Catalog, first: str = "", second: str = ""
) -> dict[str, Any]:
    """What changed from one list or set to another.

    Args:
        bus: holds both.
        catalog: for titles.
        first: a set's name, or the number of a list; by default the list before the second.
        second: likewise; by default the list that stands, else the present candidates.

    Raises:
        NotFound: there is no such list or set, or none before.
    """
    try:
        name, now, path, ordered = _side(bus, second or _here(bus))
        first = first or _before(bus, name)
        then_name, then, then_path, then_ordered = _side(bus, first)
    except ToolError as error:
        raise NotFound(error.message, hint=error.hint) from error
    both = ordered and then_ordered
    found = difference(now, then, ordered=both, path_now=path, path_then=then_path)

    def items(rows: Iterable[int]) -> list[dict[str, Any]]:
        return [
            {"id": item.id, "title": item.title, "year": item.year}
            for item in catalog.items([int(row) for row in rows])
        ]

    moved = items(row for row, _, _ in found.moved)
    return {
        "from": then_name,
        "to": name,
        "added": items(found.added),
        "gone": items(found.gone),
        "moved": [
            {**item, "was": was, "is": now_at}
            for item, (_, was, now_at) in zip(moved, found.moved, strict=True)
        ],
        "only_from": list(found.only_then),
        "only_to": list(found.only_now),
    }


def _here(bus: CandidateBus) -> str:
    return f"list {bus.standing}" if bus.standing else ""


def _before(bus: CandidateBus, name: str) -> str:
    """The list before a list; before anything else, the list that stands."""
    number = int(name.removeprefix("list ")) - 1 if name.startswith("list ") else bus.standing
    if number < 1:
        raise ToolError("there is no list before this one", hint=f"lists: 1 to {len(bus.lists)}")
    return f"list {number}"


def _side(bus: CandidateBus, text: str) -> tuple[str, Rows, Any, bool]:
    """A list or set by its name: what it is called, its rows, the stages to it, whether ordered."""
    if not text:
        return (
            "the candidates",
            bus.rows(),
            path_told(bus.stages, bus.cursor),
            bus.now.order is not None,
        )
    if whole_number(text.lstrip("-")) is not None and find_set(bus, text) is None:
        text = f"list {text}"
    source = find_source(bus, text)
    if source.rows is not None:
        number = int(source.words.removeprefix("list "))
        return source.words, np.asarray(source.rows, np.int32), path_of_list(bus, number), True
    stage = bus.whole(source.stage)
    return source.words, stage.rows(), path_told(bus.stages, source.stage), stage.order is not None


# -- tables ---------------------------------------------------------------------------------------

Table = tuple[tuple[str, ...], list[list[Any]]]
NARROW = 60
"""Columns of a terminal below which tables leave out what matters least."""
"""Heads and rows."""


def lists_table(session: Session) -> Table:
    """The lists shown; on a narrow terminal without the candidates."""
    heads = ("list", "items", "asked") if _narrow() else ("list", "items", "candidates", "asked")
    told = lists_told(session)
    rows = [[*(one[key] for key in heads), "stands" if one["stands"] else ""] for one in told]
    return (*heads, ""), rows


def sets_table(bus: CandidateBus) -> Table:
    """The named sets."""
    rows = [[one["set"], one["items"], one["funnel"]] for one in sets_told(bus)]
    return ("set", "items", "how it came about"), rows


def _narrow() -> bool:
    return shutil.get_terminal_size().columns < NARROW


def history_table(bus: CandidateBus) -> Table:
    """The stages; on a narrow terminal by their notes and counts."""
    heads: tuple[str, ...] = ("stage", "tool", "note", "before", "after", "ms", "list")
    if _narrow():
        heads = ("stage", "note", "after", "list")
    told = history_told(bus)
    rows = [[*(one[key] for key in heads), "here" if one["here"] else ""] for one in told]
    return (*heads, ""), rows


def difference_table(told: dict[str, Any]) -> Table:
    """What `difference_told` told."""
    rows: list[list[Any]] = [["+", _label(item), "", ""] for item in told["added"]]
    rows += [["-", _label(item), "", ""] for item in told["gone"]]
    rows += [["moved", _label(item), item["was"], item["is"]] for item in told["moved"]]
    rows += [["only then", text, "", ""] for text in told["only_from"]]
    rows += [["only now", text, "", ""] for text in told["only_to"]]
    return ("", f"from {told['from']} to {told['to']}", "was", "is"), rows


def _label(item: dict[str, Any]) -> str:
    return item["title"] if item["year"] is None else f"{item['title']} ({item['year']})"
