"""What the built-in brain does with lists and sets, and what it says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rapidfuzz import process

from ...brain import Call, Observation, PastTurn, Step, TurnView
from ...request import GOING, MAKING, Operation, Request
from ..parse import wants_list
from ..readers.trail import turn_of
from .relax import would_among
from .wording import join, list_text, number, order_of

MOST_AT_ONCE = 10
"""So many items of a set are shown where nobody said how many."""
MOST_NAMED = 6
SIMILAR = 60.0


def to_do(request: Request) -> list[Operation]:
    """The operations that are to be run.

    A request that goes back and changes something there makes a list of its own, from the request
    that held there: there is no need to stand there first, and it is one change to be undone.
    """
    return [op for op in request.operations if op.op not in GOING or not wants_list(request)]


def operation_calls(view: TurnView) -> tuple[Call, ...]:
    """The calls that do what the request says to lists and sets, in its order."""
    calls: list[Call] = []
    begun = False
    for operation in to_do(view.request):
        if operation.op == "union" and not begun and view.context.shown:
            # The list as it was shown is joined, not all that it was taken from.
            calls.append(_call(calls, {"op": "among_shown"}))
        calls.append(_call(calls, _arguments(operation, begun or bool(view.context.shown))))
        begun = begun or operation.op in (*MAKING, "list")
    return tuple(calls)


def _arguments(operation: Operation, on_something: bool) -> dict[str, Any]:
    op: str = operation.op
    if op in ("union", "intersect") and not on_something:
        op = "load"
    made: dict[str, Any] = {"op": op}
    if op == "list":
        return {**made, "number": operation.number}
    if name := source_name(operation):
        made["name"] = name
    if operation.all:
        made["all"] = True
    return made


def _call(calls: Sequence[Call], arguments: dict[str, Any]) -> Call:
    return Call("candidates", arguments, id=f"candidates-op{len(calls)}")


def source_name(operation: Operation) -> str:
    """What the tool calls the set or list of an operation: "weekend", "list 2"."""
    return operation.name or (f"list {operation.number}" if operation.number else "")


@dataclass
class Done:
    """What became of the operations of a turn.

    Attributes:
        said: what happened, a sentence each.
        failed: why the first that could not be done could not; empty where all were.
        moved: whether a list is to be shown again as it was.
        made: whether the candidates are another set now.
    """

    said: list[str] = field(default_factory=list)
    failed: str = ""
    moved: bool = False
    made: bool = False


def unnamed(request: Request) -> bool:
    """Whether something is to be saved and nobody said under which name."""
    return any(op.op == "save" and not op.name for op in request.operations)


def done(view: TurnView) -> Done:
    """Read the observations of the step that ran the operations."""
    found = Done()
    ran = [o for o in view.steps[0][1] if o.call.arguments.get("op") != "among_shown"]
    for operation, observation in zip(to_do(view.request), ran, strict=False):
        if observation.error:
            found.failed = _why_not(operation, observation, view)
            break
        found.moved |= operation.op in GOING
        found.made |= operation.op in MAKING
        if told := _happened(operation, observation, view):
            found.said.append(told)
    if found.made:
        found.said.append(_set_text(view))
    elif found.moved:
        found.said.append(_place_text(view))
    return found


def _happened(operation: Operation, observation: Observation, view: TurnView) -> str:
    data: Mapping[str, Any] = observation.data if isinstance(observation.data, dict) else {}
    if operation.op == "save":
        count = int(data.get("count", 0))
        one = count == 1
        these = "this one" if one else f"these {number(count)}"
        return f"Saved {these} as '{data.get('name', operation.name)}'."
    if operation.op == "forget":
        return f"The set '{data.get('name', operation.name)}' is deleted; its items stay."
    if operation.op == "sets":
        return _sets_text(data, view)
    return _diff_text(operation, data, view) if operation.op == "diff" else ""


def _sets_text(data: Mapping[str, Any], view: TurnView) -> str:
    items = view.context.catalog.schema.items
    sets = [f"'{name}' ({count:,})" for name, count in dict(data.get("sets", {})).items()]
    lines = [
        f"Sets: {', '.join(sets)}." if sets else 'No set is saved yet; say "save as …" at a list.'
    ]
    for shown in list(data.get("lists", ()))[-MOST_AT_ONCE:]:
        turn = turn_of(int(shown["number"]), view.history)
        told = described_list(turn, view) if turn else f"{shown['count']:,} {items}."
        stands = " It stands now." if shown["number"] == data.get("list") else ""
        lines.append(f"List {shown['number']}: {told}{stands}")
    return "\n".join(lines)


def _diff_text(operation: Operation, data: Mapping[str, Any], view: TurnView) -> str:
    against = f"'{operation.name}'" if operation.name else f"list {operation.number}"
    against = against if operation.name or operation.number else "the list before"
    counts = dict(data.get("counts", {}))
    parts = [
        f"{word}: {_titles(data.get(key, ()), int(counts.get(key, 0)), view)}"
        for word, key in (("new", "added"), ("gone", "gone"))
        if counts.get(key)
    ]
    if counts.get("moved") and not parts:
        parts.append("the same in another order")
    if not parts:
        return f"Nothing changed against {against}."
    told = "; ".join(parts)
    now, then = data.get("only_now", ()), data.get("only_then", ())
    why = [f"now {', '.join(now)}"] if now else []
    why += [f"then {', '.join(then)}"] if then else []
    return f"Against {against}, {told}." + (f" What made it: {'; '.join(why)}." if why else "")


def _titles(ids: Sequence[str], count: int, view: TurnView) -> str:
    catalog = view.context.catalog
    rows = [row for row in map(catalog.row_of, ids[:MOST_NAMED]) if row is not None]
    labels = [catalog.label(row) for row in rows]
    more = count - len(labels)
    return join([*labels, f"{more:,} more"] if more > 0 else labels)


def _place_text(view: TurnView) -> str:
    """Which list stands after a step back or forth."""
    standing = view.context.bus.standing
    if not standing:
        return "That was the first list; nothing is shown now."
    last = [op.op for op in view.request.operations if op.op in GOING][-1]
    before = next((t.number for t in reversed(view.history) if t.number), 0)
    word = "This is" if before == standing else "Forward to" if last == "redo" else "Back to"
    turn = turn_of(standing, view.history)
    told = described_list(turn, view) if turn else f"{len(view.context.bus.shown):,} items."
    return f"{word} list {standing}: {told}"


def described_list(turn: PastTurn, view: TurnView) -> str:
    """A list in one sentence: "Five Sci-Fi films from the 1990s."."""
    request = turn.request
    if request is None or any(op.op in MAKING for op in request.operations):
        first, mark, _ = turn.text.partition(". ")
        return first + "." if mark else turn.text
    catalog = view.context.catalog
    first_row = turn.shown[0] if order_of(request, catalog) and turn.shown else None
    return list_text(request, catalog, len(turn.shown), first_row)


def _set_text(view: TurnView) -> str:
    """What is in the list now: "weekend and this list: 9 films."."""
    schema, count = view.context.catalog.schema, len(view.context.bus)
    said = ""
    ran = [o for o in view.steps[0][1] if o.call.arguments.get("op") != "among_shown"]
    for operation, observation in zip(to_do(view.request), ran, strict=False):
        name = source_name(operation)
        if observation.call.arguments.get("op") in ("load", "list"):
            said = name
        elif operation.op == "union":
            said = f"{said} and {name}" if said else f"{name} and this list"
        elif operation.op == "minus":
            said = f"{said or _narrowed_set(view)} without {name}"
        elif operation.op == "intersect":
            said = f"in {said or _narrowed_set(view)} and in {name}"
    said = (
        said[:1].upper() + said[1:] if said.startswith(("this", "the candidates", "in ")) else said
    )
    if not count:
        return f"{said}: no {schema.item}."
    return f"{said}: {count:,} {schema.item if count == 1 else schema.items}."


def _narrowed_set(view: TurnView) -> str:
    """What an operation took something from: all candidates, which may be more than the list."""
    bus = view.context.bus
    stages = [s for s in bus.path() if s.tool == "candidates" and s.arguments.get("op") in MAKING]
    whole = bool(stages) and stages[-1].before > len(view.context.shown)
    return "the candidates" if whole else "this list"


def _why_not(operation: Operation, observation: Observation, view: TurnView) -> str:
    bus = view.context.bus
    if operation.op in ("undo", "redo"):
        return f"There is nothing {'further ' if _some(view) else ''}to {operation.op}."
    lists = len(bus.lists)
    if operation.number and not 0 < operation.number <= lists:
        known = f"there are lists 1 to {lists}" if lists > 1 else "there is one list so far"
        if operation.number == -1 or not lists:
            return "No list was shown yet."
        return f"There is no list {operation.number}; {known}."
    if operation.name and operation.op != "save":
        return _no_such_set(operation.name, list(bus.saved))
    if operation.op == "diff":
        return "There is no list before this one."
    told = observation.text.removeprefix("error: ")
    return f"That could not be done: {told}."


def _some(view: TurnView) -> bool:
    """Whether some of the steps were done."""
    return any(not o.error for o in view.steps[0][1])


def _no_such_set(name: str, saved: Sequence[str]) -> str:
    if not saved:
        return f"There is no set called '{name}'; none is saved yet."
    best = process.extractOne(name, saved, score_cutoff=SIMILAR)
    known = [best[0]] if best else saved[:MOST_NAMED]
    verb, names = "is" if len(known) == 1 else "are", join([f"'{one}'" for one in known])
    return f"There is no set called '{name}'; there {verb} {names}."


def rows_to_show(view: TurnView, result: Done) -> list[int]:
    """The rows that the operations leave to be shown, in their order."""
    bus = view.context.bus
    if result.made:
        few = len(bus) if len(bus) <= MOST_AT_ONCE else view.default_count
        count = view.request.count or few
        return [int(row) for row in bus.rows()[:count]]
    return list(bus.shown) if result.moved else []


def operated(view: TurnView) -> Step:
    """The end of a turn that does nothing but what the operations say."""
    result = done(view)
    if result.failed and result.made:
        return Step(text=result.failed)  # half a sum of sets is none
    text = " ".join(part for part in (*result.said, result.failed) if part)
    rows = rows_to_show(view, result)
    if not rows:
        return Step(text=text)
    ids = view.context.catalog.ids(rows)
    call = Call("present", {"items": ids, "count": len(ids), "text": text}, id="present-op")
    return Step(calls=(call,), thought="show the list")


# --- lists on the candidates of another list -----------------------------------------------------


def not_yet(
    view: TurnView, conditions: Sequence[str], gone: Sequence[str]
) -> tuple[list[str], list[str]]:
    """The conditions and the ids to be left out that the base does not already heed."""
    turn = base_turn(view)
    if turn is None or turn.request is None:
        return list(conditions), list(gone)
    before = turn.request
    out = {mention.id for mention in (*before.disliked, *before.seen)}
    return [c for c in conditions if c not in before.conditions], [i for i in gone if i not in out]


def shown_of(view: TurnView) -> list[str]:
    """Ids of what was shown of the base: what was shown before it is new there."""
    rows = [row for t in view.history if t.number >= view.request.base for row in t.shown]
    return view.context.catalog.ids(list(dict.fromkeys(rows)))


def base_turn(view: TurnView) -> PastTurn | None:
    """The turn of the list on whose candidates the conditions work."""
    return turn_of(view.request.base, view.history)


def on_a_list(request: Request) -> bool:
    """Whether the conditions work on another list's candidates or on a set, not on all items."""
    return bool(request.base) or has_a_set(request)


def has_a_set(request: Request) -> bool:
    """Whether the request joins sets or lists."""
    return any(op.op in MAKING for op in request.operations)


def keeps_order(view: TurnView) -> bool:
    """Whether the candidates stay in the order of the list or set that they come from."""
    request = view.request
    if not on_a_list(request) or request.among:
        return False
    turn = base_turn(view)
    before = turn.request if turn is not None else None
    of_base = before or Request(request.intent)
    return (
        {m.id for m in request.liked} <= {m.id for m in of_base.liked}
        and set(request.wishes) <= set(of_base.wishes)
        and set(request.weights) <= set(of_base.weights)
        and request.search == of_base.search
    )


def in_order(view: TurnView) -> list[int]:
    """The candidates in that order: of the list that stands first what was shown."""
    bus, request = view.context.bus, view.request
    rows = [int(row) for row in bus.rows()[: 4 * MOST_AT_ONCE + (request.count or 0)]]
    standing = next((t.number for t in reversed(view.history) if t.number), 0)
    if request.base and request.base == standing:
        first = [row for row in view.context.shown if row in bus.candidates]
        rows = list(dict.fromkeys([*first, *rows]))
    return rows


def left_text(view: TurnView, before: Request, told: str) -> str:
    """The sentence above a list in its own order: what was taken out of it, where it is from."""
    known = {mention.id for mention in before.disliked}
    new = [m.title for m in view.request.disliked if m.id is not None and m.id not in known]
    parts = [f"Without {join(new[:MOST_NAMED])}."] if new else []
    parts.append(told)
    turn = base_turn(view)
    request = turn.request if turn is not None else None
    if request is not None and has_a_set(request):
        parts.append(f"Out of list {view.request.base}.")
    return " ".join(parts)


def none_among(view: TurnView) -> str:
    """What is said where what is to be left out was not there; "" where something was."""
    request, bus, catalog = view.request, view.context.bus, view.context.catalog
    turn = base_turn(view)
    before = turn.request if turn is not None else None
    if before is None or request.operations or request.conditions != before.conditions:
        return ""
    known = {mention.id for mention in before.disliked}
    new = [m.id for m in request.disliked if m.id is not None and m.id not in known]
    rows = [row for row in map(catalog.row_of, new) if row is not None]
    base = bus.list_at(request.base)
    there = bus.whole(base.stage).candidates
    if not rows or there is None or any(row in there or row in base.rows for row in rows):
        return ""
    verb = "is" if len(rows) == 1 else "are"
    return f"{join([catalog.label(row) for row in rows])} {verb} not among them."


def none_left(view: TurnView) -> str:
    """What is said where nothing of the list or set is left."""
    items = view.context.catalog.schema.items
    if view.request.exclude_shown:
        return "That was all of this list."
    would = would_among(view)
    return f'None of its {items} fits{would}. The list stays; "start over" takes all {items}.'
