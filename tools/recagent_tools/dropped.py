"""Where an item of the catalog was lost on the way to a list: exactly one answer for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from recagent_catalogs.interactions import Floats, Rows
from recagent_catalogs.schema import NUMBER_ROLES, Role
from recagent_catalogs.store import Catalog

from .bus import Stage
from .by_number import by_number
from .conditions import Condition, evaluate
from .evidence import FailedCondition, RetrieverPlace, WhyNot, WhyNotKind
from .filter import conditions_of
from .lost import lost_against
from .models.history import History
from .provenance import made_again
from .replay import situation_of
from .retrieve import profile_history
from .together import ruled_out_by_others
from .toolbox import ProfileView, ToolContext

RETRIEVERS = ("similar", "for_user", "popular")
SEEDS_LEAVE = ("similar", "for_user")
"""Tools whose list is of what goes with the items named, without these."""
MOST_PLACED = 200_000
"""Among more candidates an item's place by the retrievers is not looked for."""
MOST_VALUES = 6


def lost_at(row: int, context: ToolContext) -> WhyNot:
    """The one answer for an item, without what would bring it in.

    Args:
        row: the item.
        context: that of the turn that made the list, with the bus standing at it.
    """
    bus = context.bus
    shown, path = bus.shown, made_again(bus)
    conditions = conditions_of(path, context.catalog)
    missed = [(condition, not holds(condition, row, context.catalog)) for condition in conditions]
    answer = WhyNot(
        row,
        "shown",
        number=bus.standing,
        of=len(shown),
        candidates=len(bus),
        failed=tuple(failing(c, row, context.catalog) for c, fails in missed if fails),
        met=tuple(str(c) for c, fails in missed if not fails),
    )
    if row in shown:
        return replace(answer, place=shown.index(row) + 1)
    lost, stage = dropping(path, row, context.catalog)
    if not lost:
        return _behind(answer, path, context)
    if stage is None:
        return replace(answer, kind="forgotten")
    answer = replace(answer, stage=stage.number, note=stage.note)
    kind = _kind(stage, row, path, context)
    if kind in ("seen", "disliked", "never", "set") and (by := _by_others(stage, row, context)):
        return replace(answer, kind=by, others=True)
    match kind:
        case "retrieved":
            return replace(answer, kind=kind, retrieved=_places(stage, row, context))
        case "words":
            return replace(answer, kind=kind, words=str(stage.arguments.get("text", "")))
        case "seen":
            return replace(answer, kind=kind, user=stage.tool == "for_user" and _of_user(context))
        case "never":
            key = ("", context.catalog.ids([row])[0])
            return replace(answer, kind=kind, undo=context.profile.never_by.get(key, 0))
        case "never_value":
            key = (str(stage.arguments.get("column", "")), str(stage.arguments.get("value", "")))
            undo = context.profile.never_by.get(key, 0)
            return replace(answer, kind=kind, words=key[1], undo=undo)
    return replace(answer, kind=kind)


def _by_others(stage: Stage, row: int, context: ToolContext) -> WhyNotKind | None:
    """Why another of the people keeps an item out that the person who asks would not."""
    own = context.profile
    if any(row in rows for rows in (own.seen, own.disliked, own.never)):
        return None
    if stage.tool not in ("personal", "for_user"):
        return None
    return ruled_out_by_others(row, context)


def _of_user(context: ToolContext) -> bool:
    return context.user is not None


def dropping(path: Sequence[Stage], row: int, catalog: Catalog) -> tuple[bool, Stage | None]:
    """Whether the item is no candidate any more, and the stage after which it was none.

    Of stages that kept only their recipe it is told by their conditions whether they dropped it.
    No stage is told where that is not known: of those that came into question not enough was kept.
    """
    kept = [n for n, stage in enumerate(path) if stage.candidates is not None]
    last = max((n for n in kept if row in path[n].set), default=-1)
    if last == len(path) - 1:
        return False, None
    lost = next((n for n in kept if n > last), None)
    between = path[last + 1 : None if lost is None else lost + 1]
    for stage in between:
        if any(not holds(c, row, catalog) for c in conditions_of([stage], catalog)):
            return True, stage
    told = lost is not None and len(between) == 1 and last >= 0
    return True, between[0] if told else None


def holds(condition: Condition, row: int, catalog: Catalog) -> bool:
    """Whether one item meets a condition."""
    return bool(evaluate(condition, catalog)[row])


def failing(condition: Condition, row: int, catalog: Catalog) -> FailedCondition:
    """A condition with what the item has instead."""
    value = own_value(condition.column, row, catalog, condition)
    return FailedCondition(str(condition), condition.column, value)


def own_value(column: str, row: int, catalog: Catalog, condition: Condition | None = None) -> str:
    """What an item has in a column, for people; "" where nothing is known.

    Of many values those come first that the condition names.
    """
    described = catalog.schema.column(column)
    if described.role in NUMBER_ROLES:
        number = float(catalog.numbers(column)[row])
        if np.isnan(number):
            return ""
        if described.role is Role.YEAR:
            return f"{number:.0f}"
        told = f"{number:,.0f}" if number.is_integer() else f"{number:,.4g}"
        return f"{told} {described.unit}".strip()
    item = catalog.item(row)
    if described.role is Role.TITLE:
        return item.title
    cell: Any = item.columns.get(column)
    if not isinstance(cell, list):
        return str(cell)[:80] if cell not in (None, "") else ""
    named = [str(v) for v in condition.values] if condition is not None else []
    first = [v for v in cell if v in named]
    values = [*first, *(v for v in cell if v not in first)]
    more = ["…"] * (len(values) > MOST_VALUES)
    return ", ".join([*map(str, values[:MOST_VALUES]), *more])


def _kind(stage: Stage, row: int, path: Sequence[Stage], now: ToolContext) -> WhyNotKind:
    """What the stage that dropped the item says of it, by what was known when it ran."""
    then = situation_of(now, stage, now.bus) or now
    by_name = stage.tool == "similar" and not _scores(stage, path)
    leaves = any(s.tool in SEEDS_LEAVE for s in path)
    if by_name and row in _rows(stage, "liked", now):
        return "named"
    if leaves and row in (*then.liked, *now.liked):
        return "named"
    if by_name and row in _rows(stage, "unlike", now):
        return "disliked"
    if leaves and row in (*then.disliked, *now.disliked):
        return "disliked"
    if stage.tool == "filter":
        return "condition"
    if stage.tool == "personal":
        return _ruled_out(stage, row, then.profile, now.profile)
    if stage.tool == "search":
        return "words"
    if not _scores(stage, path):
        return _left_out(stage, row, then.profile, now.profile)
    if stage.tool in RETRIEVERS:
        return "retrieved"
    return "cut"


def _scores(stage: Stage, path: Sequence[Stage]) -> bool:
    """Whether a stage gave scores by which it kept the best; else it dropped by name."""
    before = next((s for s in path if s.number == stage.parent), None)
    own = set(stage.scores) - set(before.scores if before is not None else ())
    return bool(own) or (stage.tool == "rank" and bool(stage.arguments))


def is_limit(stage: Stage) -> bool:
    """Whether a stage dropped what was too many of a value, `at_most` of `rank`."""
    return stage.tool == "rank" and "at_most" in stage.arguments and "by" not in stage.arguments


def _ruled_out(stage: Stage, row: int, then: ProfileView, now: ProfileView) -> WhyNotKind:
    """Of an item that the person's own profile kept out."""
    match stage.arguments.get("rule"):
        case "wanted":
            return "unwanted"
        case "recent":
            return "recent"
        case "never_value":
            return "never_value"
    if row in now.never:
        return "never"
    return "disliked" if row in then.disliked or row in now.disliked else "seen"


def _left_out(stage: Stage, row: int, then: ProfileView, now: ProfileView) -> WhyNotKind:
    """Of an item that a step left out by name: seen, disliked, shown before, or an operation.

    What was said in the turn itself is in the profile of now only.
    """
    if stage.tool == "candidates" and stage.arguments.get("op") == "drop_shown":
        return "shown_before"
    by_name = stage.tool == "candidates" and stage.arguments.get("op") == "drop"
    if stage.tool not in (*RETRIEVERS, "rank") and not by_name:
        return "set"
    if row in now.never:
        return "never"
    if row in then.disliked or row in now.disliked:
        return "disliked"
    seen = row in then.seen or row in now.seen
    return "set" if by_name and not seen else "seen"


def _places(stage: Stage, row: int, context: ToolContext) -> tuple[RetrieverPlace, ...]:
    """The item's place by each retriever among the candidates that the stage began with."""
    before = None if stage.parent is None else context.bus.stages[stage.parent]
    if before is None or before.candidates is None or before.after > MOST_PLACED:
        return ()
    rows, engine = before.candidates.rows(), context.engine
    if stage.tool == "popular":
        window = "recent" if stage.arguments.get("window") == "recent" else "all"
        taken = engine.popularity(window)  # type: ignore[arg-type]
        return (RetrieverPlace("popularity", _place(row, rows, taken[rows]), len(rows)),)
    then = situation_of(context, stage, context.bus) or context
    if stage.tool == "for_user" and then.company is not None:
        return ()  # no one's places alone decided
    history = profile_history(then)
    if stage.tool == "similar":
        history = History.of(*(_rows(stage, key, context) for key in ("liked", "unlike")))
    found = []
    for name in engine.names(history):
        place = _place(row, rows, engine.scores(name, history, rows))
        found.append(RetrieverPlace(name, place, len(rows)))
    return tuple(sorted(found, key=lambda each: each.place))


def _place(row: int, rows: Rows, scores: Floats) -> int:
    """The place of a row among rows, from 1; of equal scores the lower row comes first."""
    own = scores[int(np.searchsorted(rows, row))]
    return 1 + int((scores > own).sum()) + int((scores[rows < row] == own).sum())


def _rows(stage: Stage, key: str, context: ToolContext) -> list[int]:
    found = (context.catalog.row_of(id) for id in stage.texts(key))
    return [row for row in found if row is not None]


def drawn(path: Sequence[Stage]) -> bool:
    """Whether chance put the candidates into their order: nothing ranked them after a draw."""
    sorts = next((stage for stage in reversed(path) if stage.sorts), None)
    return sorts is not None and sorts.tool == "draw"


def _behind(answer: WhyNot, path: Sequence[Stage], context: ToolContext) -> WhyNot:
    """Of a candidate that is not in the list: its place, and what it lost on."""
    bus = context.bus
    if drawn(path):
        return replace(answer, kind="drawn")
    answer = replace(answer, kind="ranked")
    rows, scored = bus.rows(), bus.now.order is not None or bool(bus.scores())
    last = bus.shown[-1] if bus.shown else None
    prefix = list(bus.shown) == [int(row) for row in rows[: len(bus.shown)]]
    if context.order is not None and last is not None and not (scored and prefix):
        return _by_number(answer, rows, context)
    if not scored:
        return answer
    place = int(np.flatnonzero(rows == answer.row)[0]) + 1
    lost = lost_against(answer.row, last, context) if last is not None else ()
    return replace(answer, place=place, last=last, lost=lost)


def _by_number(answer: WhyNot, rows: Any, context: ToolContext) -> WhyNot:
    """Its place in a list that is ordered by a column of numbers."""
    assert context.order is not None  # noqa: S101 - the caller looked
    column, sign = context.order
    value = own_value(column, answer.row, context.catalog)
    answer = replace(answer, order=column, value=value, last=context.bus.shown[-1])
    best = by_number(np.sort(rows), column, sign, context.catalog)
    place = np.flatnonzero(best == answer.row)
    return replace(answer, place=int(place[0]) + 1) if len(place) else answer
