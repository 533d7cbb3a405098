"""What would bring an item into a list: changes of its request, each tried out.

The tools of the list are run again with the changes, on a bus of its own; what is named here makes
the item a candidate, and the place told is the one it then has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import zip_longest
from typing import Any

import numpy as np

from recagent_catalogs.errors import ToolError
from recagent_catalogs.interactions import Floats
from recagent_catalogs.schema import WORD_ROLES, Role

from .bus import CandidateBus, Stage
from .conditions import Condition, evaluate, parse_condition
from .dialogue import MAX_SHOWN
from .dropped import RETRIEVERS, is_limit, lost_at
from .evidence import Change, WayIn, WhyNot
from .models.blend import standardised
from .provenance import provenance
from .rank import MAX_WEIGHT, VALUES, aspect, parse_weights
from .references import resolve
from .retrieve import KEEP
from .stages import texts_in
from .toolbox import EmptyProfile, ProfileView, Toolbox, ToolContext
from .why import ranking_of
from .wider import wide_enough

MOST_CHANGES = 6
MOST_TRIED = 3
WEIGHTS = (0.5, 1.0, 2.0, 3.0, 4.0, 5.0)
DECADE = 10
Run = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Plan:
    """The calls that made a list, and what they knew.

    Attributes:
        calls: tools with their arguments, in order, from the whole catalog on.
        context: what they may touch; its bus is left alone.
    """

    calls: tuple[Run, ...]
    context: ToolContext


@dataclass(frozen=True)
class Trial:
    """A plan that was run.

    Attributes:
        plan: what was run.
        context: afterwards, on the bus of the trial.
        made: number of the call that made each stage, by the stage's number.
    """

    plan: Plan
    context: ToolContext
    made: Mapping[int, int]

    @property
    def bus(self) -> CandidateBus:
        """The candidates that came of it."""
        return self.context.bus

    @property
    def left(self) -> int:
        """How many candidates the conditions and steps left, before the best were kept."""
        count, scored = self.bus.n_items, False
        for stage in self.bus.path():
            # a search drops what has none of the words, it does not keep the best
            if stage.tool not in (*RETRIEVERS, "rank", "personal") or not (scored or stage.scores):
                count = stage.after
            scored = scored or bool(stage.scores)
        return count

    def place(self, row: int) -> int | None:
        """The item's place among the candidates, from 1; None without an order."""
        if self.bus.now.order is None or row not in self.bus.candidates:
            return None
        return int(np.flatnonzero(self.bus.rows() == row)[0]) + 1


def ways_in(answer: WhyNot, context: ToolContext) -> tuple[WayIn, ...]:
    """What would bring the item in, smallest change first; empty where it is in, or nothing would.

    Args:
        answer: why it is not in the list.
        context: that of the turn that made the list, with the bus standing at it.
    """
    if answer.kind in ("shown", "forgotten") or not context.bus.standing:
        return ()
    plan = plan_of(context)
    if answer.kind == "drawn":
        if answer.candidates > MAX_SHOWN:
            return tuple(_few_enough(answer, plan))
        all_of_them = Change("more", str(answer.of), str(answer.candidates))
        return (WayIn((all_of_them,), answer.candidates, None),)
    ways = _ways_up(answer, plan) if answer.kind == "ranked" else _ways_back(answer.row, plan)
    return tuple(dict.fromkeys(way for way in ways if way is not None))


def plan_of(context: ToolContext) -> Plan:
    """The calls that led to the present candidates; a tool that made two stages is one call."""
    path = provenance(context.bus.stages, context.bus.cursor)[1:]
    calls: list[Run] = []
    for stage, after in zip_longest(path, path[1:]):
        if is_limit(stage) and calls and calls[-1][0] == "rank":
            calls[-1][1]["at_most"] = stage.arguments["at_most"]
            continue
        first = after is not None and after.tool == stage.tool and _drops_only(stage, context.bus)
        if first and stage.tool in (*RETRIEVERS, "rank"):
            continue
        if stage.tool == "personal":
            context = _as_then(stage, context)
        if stage.tool not in ("start", "draw") and not _made_elsewhere(stage, context.bus):
            calls.append((stage.tool, dict(stage.arguments)))
    return Plan(tuple(calls), context)


def _as_then(stage: Stage, context: ToolContext) -> ToolContext:
    """The context with the watchlist, or what was shown of late, that a rule went by."""
    rule = stage.arguments.get("rule")
    if rule not in ("recent", "wanted") or stage.recipe is None:
        return context
    rows = tuple(map(int, stage.recipe.rows))
    profile = known_as(context.profile, **{rule: rows})
    return replace(context, profile=profile, only_wanted=rule == "wanted" or context.only_wanted)


def _made_elsewhere(stage: Stage, bus: CandidateBus) -> bool:
    """Whether the stage took candidates over from stages that are run themselves."""
    if stage.arguments.get("op") == "save":  # rows, which loading it by its name brings
        return True
    recipe = stage.recipe
    if recipe is None or recipe.op != "load" or recipe.stage is None:
        return False
    return bus.stages[recipe.stage].arguments.get("op") != "save"


def _drops_only(stage: Stage, bus: CandidateBus) -> bool:
    before = None if stage.parent is None else bus.stages[stage.parent]
    if before is None or stage.sorts:
        return False
    return set(stage.scores) == set(before.scores)


def tried(plan: Plan, toolbox: Toolbox) -> Trial | None:
    """Run a plan from the whole catalog; None where one of its tools fails."""
    context, trial = plan.context, plan.context.bus.copy()
    trial.standing = 0
    trial.start()
    run_in = replace(
        context,
        bus=trial,
        liked=list(context.liked),
        disliked=list(context.disliked),
        notices=[],
        rng=np.random.default_rng(0),
    )
    made: dict[int, int] = {}
    for number, (tool, arguments) in enumerate(plan.calls):
        before = len(trial.stages)
        if toolbox.run(tool, dict(arguments), run_in).error:
            return None
        made |= dict.fromkeys(range(before, len(trial.stages)), number)
    return Trial(plan, run_in, made)


def _toolbox() -> Toolbox:
    from .registry import load_toolbox  # it stands above: it registers the tool that asks here

    return load_toolbox()


def _few_enough(answer: WhyNot, plan: Plan) -> Iterator[WayIn]:
    """Of a draw: the widest condition besides that leaves no more than are drawn."""
    context, toolbox = plan.context, _toolbox()
    rows = context.bus.rows()
    counted = []
    for condition in conditions_met(answer.row, context):
        count = int(evaluate(condition, context.catalog)[rows].sum())
        if count <= answer.of:
            counted.append((count, condition))
    counted.sort(key=lambda each: -each[0])
    for _, condition in counted[:MOST_TRIED]:
        changed, changes = _adding(condition, plan, len(plan.calls))
        trial = tried(changed, toolbox)
        inside = trial is not None and answer.row in trial.bus.candidates
        if trial is not None and inside and len(trial.bus) <= answer.of:
            yield WayIn(tuple(changes), len(trial.bus), None)
            return


# --- of an item that was dropped -----------------------------------------------------------------


def _ways_back(row: int, plan: Plan) -> Iterator[WayIn | None]:
    """With what it fails made just wide enough, and with what it fails left out."""
    toolbox = _toolbox()
    yield _back(row, plan, toolbox, widen=True)
    yield _back(row, plan, toolbox, widen=False)


def _back(row: int, plan: Plan, toolbox: Toolbox, *, widen: bool) -> WayIn | None:
    """One change after the other, until nothing drops the item."""
    changes: list[Change] = []
    for _ in range(MOST_CHANGES):
        trial = tried(plan, toolbox)
        if trial is None:
            return None
        if row in trial.bus.candidates:
            return _finished(changes, trial, row)
        changed = _changed(lost_at(row, trial.context), trial, widen)
        if changed is None:
            return None
        plan, more = changed
        changes += more
    return None


def _finished(changes: Sequence[Change], trial: Trial, row: int) -> WayIn | None:
    return WayIn(tuple(changes), trial.left, trial.place(row)) if changes else None


def _changed(lost: WhyNot, trial: Trial, widen: bool) -> tuple[Plan, list[Change]] | None:
    """The plan without what dropped the item, and what was changed."""
    number = None if lost.stage is None else trial.made.get(lost.stage)
    if number is None:
        return None
    match lost.kind:
        case "condition":
            return _other_conditions(lost, trial.plan, widen)
        case "retrieved":
            return _narrower(lost, trial, number)
        case "named":
            return _not_liked(lost.row, trial.plan)
        case "seen" | "disliked" | "never" | "shown_before" | "recent" | "unwanted":
            return _unseen(lost, trial.plan, number)
        case "never_value":
            return _asked_for(lost, trial, number)
        case "cut" if is_limit(trial.bus.stages[lost.stage or 0]):
            calls = _with(trial.plan.calls, number, at_most=[])
            return replace(trial.plan, calls=calls), [Change("drop", lost.note)]
        case "cut" if trial.plan.calls[number][0] == "rank":
            cut = f"the cut at {trial.plan.calls[number][1].get('top', 0)}"
            calls = _with(trial.plan.calls, number, top=0)
            return replace(trial.plan, calls=calls), [Change("drop", cut)]
    tool, arguments = trial.plan.calls[number]
    if tool == "candidates" and arguments.get("op") == "drop":
        return _unseen(lost, trial.plan, number)
    calls = (*trial.plan.calls[:number], *trial.plan.calls[number + 1 :])
    was = lost.words if lost.kind == "words" else lost.note or tool
    return replace(trial.plan, calls=calls), [Change("drop", was)]


def _with(calls: Sequence[Run], number: int, **arguments: Any) -> tuple[Run, ...]:
    """The calls with other arguments for one of them."""
    tool, given = calls[number]
    return (*calls[:number], (tool, {**given, **arguments}), *calls[number + 1 :])


def _other_conditions(lost: WhyNot, plan: Plan, widen: bool) -> tuple[Plan, list[Change]] | None:
    """Every condition that the item fails made wide enough for it, or left out."""
    catalog, changes = plan.context.catalog, []
    instead: dict[str, str] = {}
    for failed in lost.failed:
        wider = wide_enough(parse_condition(failed.text, catalog), lost.row, catalog)
        now = str(wider) if wider is not None and widen else ""
        instead[failed.text] = now
        changes.append(Change("widen" if now else "drop", failed.text, now))
    calls: list[Run] = []
    for tool, arguments in plan.calls:
        if tool != "filter":
            calls.append((tool, arguments))
            continue
        told = [str(parse_condition(text, catalog)) for text in texts_in(arguments, "where")]
        kept = [now for text in told if (now := instead.get(text, text))]
        if kept:
            calls.append((tool, {**arguments, "where": kept}))
    return replace(plan, calls=tuple(calls)), changes


def _narrower(lost: WhyNot, trial: Trial, number: int) -> tuple[Plan, list[Change]] | None:
    """One more condition, which it meets and so few others that the retrievers keep them all."""
    before = trial.bus.stages[trial.bus.stages[lost.stage or 0].parent or 0]
    if before.candidates is None:
        return None
    inside = before.candidates.mask()
    counted = [
        (count, condition)
        for condition in conditions_met(lost.row, trial.context)
        if 1 < (count := int((inside & evaluate(condition, trial.context.catalog)).sum())) <= KEEP
    ]
    if not counted:
        return None
    _, condition = max(counted, key=lambda each: each[0])
    return _adding(condition, trial.plan, number)


def _adding(condition: Condition, plan: Plan, number: int) -> tuple[Plan, list[Change]]:
    """The plan with one more condition before a call."""
    added: Run = ("filter", {"where": [str(condition)]})
    calls = (*plan.calls[:number], added, *plan.calls[number:])
    return replace(plan, calls=calls), [Change("add", "", str(condition))]


def conditions_met(row: int, context: ToolContext) -> Iterator[Condition]:
    """Single conditions that an item meets: each of its words, its decade."""
    catalog = context.catalog
    item = catalog.item(row)
    for column in catalog.schema.columns:
        cell = item.columns.get(column.name)
        if column.role in WORD_ROLES and cell:
            values = cell if isinstance(cell, list) else [cell]
            told = "=" if column.order else "has"
            yield from (Condition(column.name, told, (str(v),)) for v in values)
        elif column.role is Role.YEAR and item.year is not None:
            decade = float(item.year // DECADE * DECADE)
            yield Condition(column.name, "..", (decade, decade + DECADE - 1))


def _not_liked(row: int, plan: Plan) -> tuple[Plan, list[Change]]:
    """The plan without the item among what was named as liked."""
    context, id = plan.context, plan.context.catalog.ids([row])[0]
    calls: list[Run] = []
    for tool, arguments in plan.calls:
        if tool == "similar":
            seeds = {key: [i for i in arguments.get(key, ()) if i != id] for key in arguments}
            if not any(seeds.values()):
                tool, seeds = "popular", {}
            arguments = seeds
        calls.append((tool, arguments))
    liked = [each for each in context.liked if each != row]
    changed = replace(plan, calls=tuple(calls), context=replace(context, liked=liked))
    return changed, [Change("like", context.catalog.label(row))]


def _unseen(lost: WhyNot, plan: Plan, number: int) -> tuple[Plan, list[Change]] | None:
    """As if the item had not been seen, shown or refused."""
    if lost.user or lost.others:
        return None
    row, context = lost.row, plan.context
    profile = context.profile
    known = known_as(
        profile,
        liked=_but(row, profile.liked),
        disliked=_but(row, profile.disliked),
        seen=_but(row, profile.seen),
        never=_but(row, profile.never),
        recent=_but(row, profile.recent),
        wanted=[*profile.wanted, row] if lost.kind == "unwanted" else profile.wanted,
    )
    context = replace(
        context,
        profile=known,
        disliked=_but(row, context.disliked),
        shown=_but(row, context.shown),
        shown_before=_but(row, context.shown_before),
    )
    calls: list[Run] = []
    for place, (tool, arguments) in enumerate(plan.calls):
        given = arguments
        if tool == "similar":
            id = context.catalog.ids([row])[0]
            given = {**arguments, "unlike": [i for i in arguments.get("unlike", ()) if i != id]}
        elif tool == "candidates" and arguments.get("op") == "drop":
            left = _but(row, _resolved(arguments.get("items", ()), plan.context))
            if place == number and not left:
                continue
            given = {**arguments, "items": context.catalog.ids(left)} if left else arguments
        calls.append((tool, given))
    if calls == list(plan.calls) and context == plan.context:
        return None
    kind = "drop" if lost.kind == "set" else "unsee"
    changed = Change("drop", lost.note) if kind == "drop" else Change("unsee", lost.kind)
    return Plan(tuple(calls), context), [changed]


def _asked_for(lost: WhyNot, trial: Trial, number: int) -> tuple[Plan, list[Change]]:
    """As if a value that is never wanted had been asked for."""
    plan, stage = trial.plan, trial.bus.stages[lost.stage or 0]
    column, value = str(stage.arguments["column"]), str(stage.arguments["value"])
    asked = plan.context.asked | {(column, value)}
    told = plan.calls[number][1]
    calls = plan.calls
    if told.get("column"):  # said for that value alone, whatever is asked
        calls = (*calls[:number], *calls[number + 1 :])
    context = replace(plan.context, asked=asked)
    return Plan(calls, context), [Change("unsee", "never_value", value)]


def known_as(profile: ProfileView, **others: Any) -> EmptyProfile:
    """A profile with other rows or values in some of its parts."""
    parts = {part.name: getattr(profile, part.name) for part in fields(EmptyProfile)}
    return EmptyProfile(**{**parts, **others})


def _but(row: int, rows: Iterable[int]) -> list[int]:
    return [int(each) for each in rows if int(each) != row]


def _resolved(references: Iterable[object], context: ToolContext) -> list[int]:
    found = []
    for reference in references:
        try:
            found.append(resolve(str(reference), context))
        except ToolError:
            continue
    return found


# --- of a candidate that is behind the list ------------------------------------------------------


def _ways_up(answer: WhyNot, plan: Plan) -> Iterator[WayIn | None]:
    """More items, one more condition, another weight."""
    if answer.order or answer.place is None or answer.place <= answer.of:
        return
    if answer.place <= MAX_SHOWN:
        more = Change("more", str(answer.of), str(answer.place))
        yield WayIn((more,), answer.candidates, answer.place)
    toolbox = _toolbox()
    yield _first_of(_smaller_lists(answer, plan), answer, toolbox)
    yield _first_of(_other_weights(answer, plan), answer, toolbox)


def _first_of(
    plans: Iterator[tuple[Plan, list[Change]]], answer: WhyNot, toolbox: Toolbox
) -> WayIn | None:
    """The first of the plans, of a few, that brings the item into a list as long as it was."""
    for _, (plan, changes) in zip(range(MOST_TRIED), plans, strict=False):
        trial = tried(plan, toolbox)
        place = trial.place(answer.row) if trial is not None else None
        if trial is not None and place is not None and place <= answer.of:
            return WayIn(tuple(changes), trial.left, place)
    return None


def _smaller_lists(answer: WhyNot, plan: Plan) -> Iterator[tuple[Plan, list[Change]]]:
    """With one more condition, which few candidates before it meet; the widest first."""
    context = plan.context
    number = next((n for n, (tool, _) in enumerate(plan.calls) if tool in _SCORING), None)
    if number is None:
        return
    rows = context.bus.rows()
    ahead = rows[: (answer.place or 1) - 1]
    asked = set(answer.met)
    counted: list[tuple[int, Condition]] = []
    for condition in conditions_met(answer.row, context):
        mask = evaluate(condition, context.catalog)
        if str(condition) not in asked and int(mask[ahead].sum()) < answer.of:
            counted.append((int(mask[rows].sum()), condition))
    counted.sort(key=lambda each: -each[0])
    yield from (_adding(condition, plan, number) for _, condition in counted)


_SCORING = (*RETRIEVERS, "search", "rank")


def _other_weights(answer: WhyNot, plan: Plan) -> Iterator[tuple[Plan, list[Change]]]:
    """With the smallest other weight of an aspect that the item has more or less of."""
    context = plan.context
    ranked = ranking_of(context.bus)
    number = max((n for n, (tool, _) in enumerate(plan.calls) if tool == "rank"), default=None)
    if ranked is None or number is None or ranked.arguments.get("by", "fit") != "fit":
        return
    given = parse_weights([str(text) for text in ranked.arguments.get("weights", ())])
    if given.get("diversity"):
        return
    rows, scores = context.bus.rows(), np.asarray(context.bus.scores()["score"], dtype=np.float64)
    found = []
    for name in VALUES:
        values = standardised(aspect(name, rows, context)).astype(np.float64)
        weight = _smallest(scores, values, (answer.place or 1) - 1, answer.of)
        if weight and abs(given.get(name, 0.0) + weight) <= MAX_WEIGHT:
            # Who asks for a surprise or for the known knows what it means; few what exposure does.
            place = (name == "exposure", abs(weight), VALUES.index(name))
            found.append((place, name, given.get(name, 0.0) + weight))
    for _, name, weight in sorted(found):
        weights = {**given, name: weight}
        told = [f"{each}={value:g}" for each, value in weights.items()]
        changed = replace(plan, calls=_with(plan.calls, number, weights=told))
        was = f"{name}={given[name]:g}" if name in given else ""
        yield changed, [Change("weight", was, f"{name}={weight:g}")]


def _smallest(scores: Floats | Any, values: Any, place: int, wanted: int) -> float:
    """The smallest change of a weight, either way, by which `place` comes among the `wanted` best.

    0.0 where none does.
    """
    for size in WEIGHTS:
        for weight in (size, -size):
            total = scores + weight * values
            if int((total > total[place]).sum()) < wanted:
                return weight
    return 0.0
