"""The bus as a tool: look, go back, name sets, join and compare them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast, get_args

import numpy as np
from pydantic import Field

from recagent_catalogs.errors import ToolError
from recagent_catalogs.interactions import Rows
from recagent_catalogs.text import clean, fold

from .bus import CandidateBus, Combine, ShownList, Stage
from .diff import Difference, difference
from .operations import OperationKind, ToolOperation
from .references import preview, resolve_all
from .retrieve import named_titles
from .stages import path_told
from .toolbox import OWN, Arguments, Tool, ToolContext, ToolResult

MOST_SETS = 200
"""Named sets of one session."""
NAME_CAP = 60
TOLD = 50
"""Ids of a difference that are told; the counts are of all."""
NAMED_HERE = 8
"""Items of a difference whose titles stand in the text."""
_LIST = re.compile(r"\s*list\s*(-?\d{1,9})\s*", re.I)
COMMAND_WORDS = frozenset(
    (*get_args(OperationKind), "set", "lists", "back", "forward", "go", "start", "over", "again")
) | {"more", "help", "why", "compare", "drop", "without", "the", "first", "last", "previous"}
"""A name of nothing but these would take a command's place: "undo", "go back"."""


class CandidatesArguments(Arguments):
    """Arguments of `candidates`."""

    op: ToolOperation = Field(
        description="start: whole catalog; list: back to NUMBER; save to diff: NAME; drop: ITEMS."
    )
    name: str = Field(default="", description='Of a set, or "list 2".')
    number: int = Field(default=0)
    all: bool = Field(default=False, json_schema_extra=OWN)
    """Save all candidates, not the list."""
    items: list[str] = Field(default=[])


@dataclass(frozen=True)
class Source:
    """Another set: a list that was shown, or a named one.

    Attributes:
        words: what the funnel calls it.
        stage: number of the stage that led to it.
        rows: of a list, best first; None for a named set, which is its stage's candidates.
    """

    words: str
    stage: int
    rows: tuple[int, ...] | None = None


def candidates(context: ToolContext, arguments: CandidatesArguments) -> ToolResult:
    """Run one operation on the bus."""
    bus = context.bus
    match arguments.op:
        case "start":
            bus.start(arguments.number)
        case "undo" | "redo" | "list":
            return _go(context, arguments)
        case "save" | "forget" | "sets":
            return _names(context, arguments)
        case "load" | "union" | "minus" | "intersect":
            _combine(context, arguments)
        case "diff":
            return _diff(context, arguments)
        case "among_shown":
            if not context.shown:
                raise ToolError("nothing was shown yet")
            rows = np.asarray(context.shown, dtype=np.int32)
            bus.replace("candidates", {"op": arguments.op}, rows, note="the list shown")
        case "drop_shown":
            _drop_shown(context, arguments)
        case "drop":
            _drop(context, arguments)
        case "show":
            pass
    text = f"{len(bus):,} candidates: {bus.funnel()}"
    shown_too = preview(context) if len(bus) < bus.everything.count else ""
    return ToolResult(f"{text}\n{shown_too}" if shown_too else text, {"left": len(bus)})


def _go(context: ToolContext, arguments: CandidatesArguments) -> ToolResult:
    """Undo, redo, back to a list: what stands afterwards."""
    bus = context.bus
    if arguments.op == "list":
        bus.go_to(arguments.number or _number_in(arguments.name))
    elif (bus.undo() if arguments.op == "undo" else bus.redo()) is None:
        raise ToolError(f"nothing to {arguments.op}")
    if bus.lists:  # a bus that began anew with changed data leaves what was shown before it
        context.shown = bus.shown
    text = f"{len(bus):,} candidates: {bus.funnel()}"
    if bus.standing:
        text += f"\nlist {bus.standing} stands:\n{preview(context, rows=bus.shown)}"
    data = {"left": len(bus), "list": bus.standing, "ids": context.catalog.ids(list(bus.shown))}
    return ToolResult(text, data)


def _number_in(name: str) -> int:
    """The number in "list 2" or "2".

    Raises:
        ToolError: there is none.
    """
    match = _LIST.fullmatch(name) or re.fullmatch(r"(-?\d{1,9})", name.strip())
    if match is None:
        raise ToolError("list: which one?", hint="number=1 is the first, -1 the last")
    return int(match[1])


def _drop(context: ToolContext, arguments: CandidatesArguments) -> None:
    rows, problems = resolve_all(arguments.items, context)
    if not rows:
        raise ToolError("; ".join(problems) or "drop: no item named")
    named = {"op": "drop", "items": context.catalog.ids(rows)}
    context.bus.drop("candidates", named, rows, note=f"without {named_titles(context, rows)}")


def _drop_shown(context: ToolContext, arguments: CandidatesArguments) -> None:
    """Leave out what was shown before, or of that only the items named."""
    rows: Sequence[int] = [*context.shown, *context.shown_before]
    told: dict[str, Any] = {"op": arguments.op}
    if arguments.items:
        named, _ = resolve_all(arguments.items, context)
        rows = [row for row in named if row in set(rows)]
        told["items"] = context.catalog.ids(rows)
    context.bus.drop("candidates", told, rows, note="not shown before")


# -- named sets ----------------------------------------------------------------------------------


def set_name(text: str) -> str:
    """A name for a set, as it is kept.

    Raises:
        ToolError: empty, a number, what a list is called, or a command.
    """
    name = " ".join(clean(text, NAME_CAP).split())
    if not name:
        raise ToolError("give the set a name")
    if _LIST.fullmatch(name):
        raise ToolError(f"{name!r} is the name of a list", hint="give the set another name")
    if re.fullmatch(r"[\s#.,+-]*\d+[\s.,]*", name):  # "diff 1 2" means lists
        raise ToolError(f"{name!r} is a number", hint="give the set a name in letters")
    if is_command(name):
        raise ToolError(f"{name!r} is a command", hint="give the set another name")
    return name


def is_command(name: str) -> bool:
    """Whether a name is made of nothing but words of commands."""
    return COMMAND_WORDS.issuperset(fold(name).split())


def find_set(bus: CandidateBus, text: str) -> str | None:
    """The kept name of a set, whatever its case; None where there is none."""
    wanted = " ".join(text.casefold().split())
    return next((name for name in bus.saved if name.casefold() == wanted), None)


def find_source(bus: CandidateBus, text: str) -> Source:
    """The set or list ("list 2", "list -1") of that name.

    Raises:
        ToolError: there is none; the hint names those there are.
    """
    if match := _LIST.fullmatch(text):
        shown = bus.list_at(int(match[1]))
        return Source(f"list {shown.number}", shown.stage, shown.rows)
    if not text.strip():
        raise ToolError("name a set or a list", hint=_known(bus))
    name = find_set(bus, text)
    if name is None:
        raise ToolError(f"no set called {clean(text, NAME_CAP)!r}", hint=_known(bus))
    return Source(name, bus.saved[name])


def _known(bus: CandidateBus) -> str:
    names = ", ".join(sorted(bus.saved)[:20]) or "none yet"
    lists = f"; lists: 1 to {len(bus.lists)}" if bus.lists else ""
    return f"sets: {names}{lists}"


def _names(context: ToolContext, arguments: CandidatesArguments) -> ToolResult:
    """Save, forget, tell the named sets."""
    bus = context.bus
    if arguments.op == "sets":
        return _sets(bus)
    if arguments.op == "forget":
        name = find_set(bus, arguments.name)
        if name is None:
            raise ToolError(f"no set called {clean(arguments.name, NAME_CAP)!r}", hint=_known(bus))
        _asked_for(name, arguments.op, context)
        bus.forget(name)
        return ToolResult(f"the set {name} is forgotten", {"name": name})
    name = set_name(arguments.name)
    _asked_for(name, arguments.op, context)
    stage = save(bus, name, context.shown, everything=arguments.all)
    return ToolResult(f"{name}: {stage.after:,} saved", {"name": name, "count": stage.after})


def _asked_for(name: str, op: str, context: ToolContext) -> None:
    """See that a model names and forgets only sets that the person named in this turn.

    What it does is told as a notice, for the sets are the person's.

    Raises:
        ToolError: the person did not say that name.
    """
    if context.said is None:
        return
    if f" {_plain(name)} " not in f" {_plain(context.said)} ":
        kept = "stays" if find_set(context.bus, name) else "was not saved"
        told = f"the model wanted to {op} a set that you did not name; it {kept}"
        if ("correction", told) not in context.notices:
            context.notices.append(("correction", told))
        raise ToolError(
            f"the person did not name the set {name!r}", hint=f"{op} only under a name they say"
        )
    done = {"save": "saved as", "forget": "forgot the set"}[op]
    context.notices.append(("noted", f"the model {done} '{name}'"))


def _plain(text: str) -> str:
    """Words alone, folded."""
    return " ".join(re.findall(r"\w+", fold(text)))


def save(
    bus: CandidateBus, name: str, shown: tuple[int, ...] | Any, *, everything: bool = False
) -> Stage:
    """Name the list shown, or all candidates; where no list stands, what they were narrowed to.

    A set of that name in another case is given anew.

    Raises:
        ToolError: there are too many sets, or no list stands and nothing was narrowed.
    """
    if not (everything or len(shown)) and len(bus) == bus.everything.count:
        raise ToolError("no list stands that could be saved", hint="--all saves all candidates")
    taken = find_set(bus, name)
    if taken is None and len(bus.saved) >= MOST_SETS:
        raise ToolError(f"there are {MOST_SETS} sets already", hint="forget one first")
    stage = bus.save_as(name, None if everything or not len(shown) else tuple(shown))
    if taken is not None and taken != name:
        bus.forget(taken)
    return stage


def _sets(bus: CandidateBus) -> ToolResult:
    sets = {name: bus.stages[number].after for name, number in bus.saved.items()}
    lines = [f"{name}: {count:,}" for name, count in sets.items()] or ["no set was saved yet"]
    lines += [f"list {shown.number}: {_told_list(bus, shown)}" for shown in bus.lists[-20:]]
    lists = [{"number": shown.number, "count": len(shown.rows)} for shown in bus.lists]
    return ToolResult("\n".join(lines), {"sets": sets, "lists": lists, "list": bus.standing})


def _told_list(bus: CandidateBus, shown: ShownList) -> str:
    stands = ", stands now" if shown.number == bus.standing else ""
    return f"{len(shown.rows):,} of {bus.funnel(shown.stage)}{stands}"


def _combine(context: ToolContext, arguments: CandidatesArguments) -> None:
    bus = context.bus
    source = find_source(bus, arguments.name)
    op = cast(Combine, arguments.op)
    a_list = source.rows is not None
    words = source.words if a_list else f"set {source.words}" if op == "load" else source.words
    note = {"load": "", "union": "with ", "minus": "without ", "intersect": "also in "}[op] + words
    known = {"op": op, "name": source.words}
    if a_list:
        bus.combine(op, known, rows=source.rows, note=note)
    else:
        bus.combine(op, known, stage=source.stage, note=note)


# -- differences ---------------------------------------------------------------------------------


def compare(bus: CandidateBus, name: str = "", *, everything: bool = False) -> Difference:
    """The list that stands against a set, a list, or the list before it.

    Args:
        bus: its history.
        name: of a set or a list; empty for the list before.
        everything: compare all candidates, not the lists shown of them.

    Raises:
        ToolError: there is nothing to compare with.
    """
    source = find_source(bus, name) if name.strip() else _list_before(bus)
    listed = bus.standing and not everything
    now: Rows | tuple[int, ...] = bus.shown if listed else bus.rows()
    stage = bus.whole(source.stage) if everything or source.rows is None else None
    then: Rows | tuple[int, ...] = stage.rows() if stage else (source.rows or ())
    path_at = bus.list_at(bus.standing).stage if listed else bus.cursor
    has_order = stage is None or stage.order is not None
    return difference(
        now,
        then,
        ordered=has_order and bool(listed or bus.now.order is not None),
        path_now=path_told(bus.stages, path_at),
        path_then=path_told(bus.stages, source.stage),
    )


def _list_before(bus: CandidateBus) -> Source:
    number = (bus.standing or len(bus.lists) + 1) - 1
    if not 1 <= number <= len(bus.lists):
        raise ToolError("there is no list before this one", hint=_known(bus))
    return find_source(bus, f"list {number}")


def _diff(context: ToolContext, arguments: CandidatesArguments) -> ToolResult:
    catalog = context.catalog
    found = compare(context.bus, arguments.name, everything=arguments.all)
    lines = []
    for word, rows in (("added", found.added), ("gone", found.gone)):
        if len(rows):
            titles = ", ".join(catalog.label(int(row)) for row in rows[:NAMED_HERE])
            more = f" and {len(rows) - NAMED_HERE:,} more" if len(rows) > NAMED_HERE else ""
            lines.append(f"{word} ({len(rows):,}): {titles}{more}")
    if found.moved:
        told = [f"{catalog.label(row)} {a} → {b}" for row, a, b in found.moved.first(NAMED_HERE)]
        lines.append(f"moved ({len(found.moved):,}): {', '.join(told)}")
    for word, texts in (("only now", found.only_now), ("only then", found.only_then)):
        if texts:
            lines.append(f"{word}: {'; '.join(texts)}")
    data = {
        "added": catalog.ids(found.added[:TOLD].tolist()),
        "gone": catalog.ids(found.gone[:TOLD].tolist()),
        "moved": [
            {"id": catalog.ids([row])[0], "from": a, "to": b}
            for row, a, b in found.moved.first(TOLD)
        ],
        "counts": {
            "added": len(found.added),
            "gone": len(found.gone),
            "moved": len(found.moved),
        },
        "only_now": list(found.only_now),
        "only_then": list(found.only_then),
    }
    return ToolResult("\n".join(lines) or "no difference", data)


TOOLS = (
    Tool(
        "candidates",
        "bus",
        "Operations on candidates, named sets, lists shown.",
        CandidatesArguments,
        candidates,
        changes_bus=True,
    ),
)
