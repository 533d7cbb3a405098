"""Hard conditions on the candidates; and, when too little is left, the smallest ways out."""

from __future__ import annotations

import time
from collections.abc import Sequence

from pydantic import Field

from recagent_catalogs.errors import BadCondition, ToolError
from recagent_catalogs.store import Catalog

from .conditions import Condition, evaluate, parse_condition, short
from .house import rules_against, short_of, told_against
from .references import preview
from .relaxation import MAX_CONDITIONS, Census, Relaxation
from .rowset import RowSet
from .stages import Stage
from .toolbox import OWN, Arguments, Tool, ToolContext, ToolResult

MOST_TOLD = 3
"""So many ways out are told a brain."""
MOST_LINES = 4
MOST_KEPT = 12
"""And so many are kept for code."""


class FilterArguments(Arguments):
    """Arguments of `filter`."""

    where: list[str] = Field(description='All must hold; also "title ~ alien".')
    enough: int = Field(default=1, ge=1, json_schema_extra=OWN)
    """How many are wanted; where fewer are left, ways out are told."""


def filter_candidates(context: ToolContext, arguments: FilterArguments) -> ToolResult:
    """Keep the candidates that meet all conditions; one stage of the bus for each."""
    if not arguments.where:
        raise ToolError("filter: no condition given")
    if len(arguments.where) > MAX_CONDITIONS:
        raise ToolError(f"filter: at most {MAX_CONDITIONS} conditions")
    try:
        conditions = [parse_condition(text, context.catalog) for text in arguments.where]
    except BadCondition as error:
        raise ToolError(error.message, hint=error.hint) from error
    bus = context.bus
    before = bus.candidates
    lines = []
    for condition in conditions:
        started = time.perf_counter()
        keep = RowSet.of_mask(evaluate(condition, context.catalog))
        ms = (time.perf_counter() - started) * 1000
        count = len(bus)
        note = short(condition, context.catalog.schema)
        bus.narrow("filter", {"where": [str(condition)]}, keep, ms=ms, note=note)
        lines.append(f"{condition}: {count:,} -> {len(bus):,}")
    data: dict[str, object] = {"left": len(bus), "conditions": [str(c) for c in conditions]}
    named = RowSet.of_rows(context.liked, before.n_items)  # what a list is to be like is not in it
    if _note_applied(context, conditions) or (bus.candidates - named).count >= arguments.enough:
        return ToolResult("\n".join([*lines, preview(context, 3)]), data)
    census = Census(conditions, context.catalog, before - named)
    ways = relaxations(census, arguments.enough)
    context.relaxations = ways[:MOST_KEPT]
    data |= {
        "conditions": [str(c) for c in census.conditions],
        "alone": list(census.alone),
        "without": list(census.without),
        "relaxations": [way.to_json() for way in context.relaxations],
        "of": census.total,
    }
    told = [preview(context, 3)] if len(bus) else ["nothing is left.", *_ruled(context)]
    if not before.count:  # of nothing every condition leaves nothing; what went before says why
        return ToolResult("\n".join([*lines, *told, _report(context)]).strip(), data)
    return ToolResult("\n".join([*_counted(census), *told, *_ways(ways)]), data)


def relaxations(census: Census, enough: int) -> list[Relaxation]:
    """All minimal ways to anything where nothing is left, else to enough, else to more."""
    wanted = enough if census.left else 1
    return census.relaxations(wanted) or census.relaxations(census.left + 1)


def _note_applied(context: ToolContext, conditions: Sequence[Condition]) -> bool:
    """Whether these conditions are a way out that was told before and leaves something."""
    now = {str(condition) for condition in conditions}
    if len(context.bus):
        for way in context.relaxations:
            if set(way.conditions) == now:
                context.relaxed = way
                return True
    context.relaxations, context.relaxed = [], None
    return False


def relaxation_report(context: ToolContext, number: int, among: RowSet | None = None) -> str:
    """What the conditions on the way to a stage leave, alone and one by one, and the ways out.

    Counted among the candidates that the conditions found: those conditions stand that came since
    the candidates were last replaced or thinned by something else, which may depend on them; what
    was only taken out stays out.

    Args:
        context: whose bus.
        number: of a stage of the bus.
        among: counts only these; all by default.

    Returns:
        Lines for a brain; "" where no condition stands on the way, or there was nothing before.

    Raises:
        ToolError: candidates on the way cannot be made again.
    """
    bus, path = context.bus, context.bus.path(number)
    since = max(n for n, stage in enumerate(path) if not n or _remakes(stage))
    conditions = conditions_of(path[since:], context.catalog)[:MAX_CONDITIONS]
    base = bus.whole(path[since].number).set
    for stage in path[since + 1 :]:
        if (recipe := stage.recipe) is not None and recipe.op == "minus":
            if recipe.stage is None:
                base -= RowSet.of_rows(recipe.rows, bus.n_items)
            else:
                base -= bus.whole(recipe.stage).set
    base = base if among is None else base & among
    if not conditions or not base.count:
        return ""
    census = Census(conditions, context.catalog, base)
    return "\n".join([*_counted(census), *_ways(relaxations(census, 1))])


def _remakes(stage: Stage) -> bool:
    """Whether a stage made other candidates, neither by a condition nor by taking some out."""
    if stage.tool == "filter":
        return False
    if stage.recipe is None:
        return stage.after != stage.before
    return stage.recipe.op not in ("minus", "first")


def _ruled(context: ToolContext) -> list[str]:
    """That rules of the house keep out all that is asked for: no step brings it in."""
    asked = conditions_of(context.bus.path(), context.catalog)
    texts = list(map(str, asked))
    names = rules_against(texts, context.catalog)
    if not names:
        return []
    told = told_against(names, short_of(texts, context.catalog))
    if ("rule", told) not in context.notices:
        context.notices.append(("rule", told))
    return [f"{told}; nothing brings it in"]


def _report(context: ToolContext) -> str:
    """The report on the way to the present candidates; "" where it cannot be made."""
    try:
        return relaxation_report(context, context.bus.cursor)
    except ToolError:  # too much was left out of the history
        return ""


def _counted(census: Census) -> list[str]:
    """What each condition leaves, by itself and when it is left out; in one line where many."""
    told = [
        f"{condition}: alone leaves {alone:,}; without it {without:,} are left"
        for condition, alone, without in zip(
            census.conditions, census.alone, census.without, strict=True
        )
    ]
    return told if len(told) <= MOST_LINES else [" · ".join(told)]


def _ways(ways: Sequence[Relaxation]) -> list[str]:
    """The smallest relaxations, one a line."""
    lines = [f"{way.text()}: {way.left:,}" for way in ways[:MOST_TOLD]]
    more = f" (of {len(ways):,})" if len(ways) > MOST_TOLD else ""
    return [f"smallest changes{more}: " + "; or ".join(lines)] if lines else []


def conditions_of(path: Sequence[Stage], catalog: Catalog) -> list[Condition]:
    """The conditions that stages filtered by, each once, in their order."""
    told = [text for s in path if s.tool == "filter" for text in s.texts("where")]
    found = []
    for text in dict.fromkeys(told):
        try:
            found.append(parse_condition(text, catalog))
        except BadCondition:  # of data that have changed
            continue
    return found


TOOLS = (
    Tool(
        "filter",
        "retrieval",
        "Keep only candidates that meet hard conditions. Use it first, for what must hold.",
        FilterArguments,
        filter_candidates,
        changes_bus=True,
    ),
)
