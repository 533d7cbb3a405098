"""Hard conditions on the candidates; and, when nothing is left, what each of them costs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from recagent_catalogs.errors import BadCondition, ToolError

from .conditions import Condition, evaluate, parse_condition
from .references import preview
from .rowset import RowSet
from .toolbox import Arguments, Tool, ToolContext, ToolResult

MAX_CONDITIONS = 12


@dataclass(frozen=True)
class Diagnosis:
    """Why nothing is left.

    Attributes:
        alone: how many candidates each condition would leave by itself.
        without: how many are left when that condition is dropped and the others stay.
    """

    conditions: tuple[str, ...]
    alone: tuple[int, ...]
    without: tuple[int, ...]

    @property
    def smallest(self) -> int | None:
        """Index of the condition whose removal leaves least, but something; None if none does."""
        found = [(count, i) for i, count in enumerate(self.without) if count]
        return min(found)[1] if found else None

    def text(self) -> str:
        """The diagnosis in one line per condition, and the smallest relaxation."""
        lines = [
            f"{condition}: alone leaves {alone:,}; without it {without:,} are left"
            for condition, alone, without in zip(
                self.conditions, self.alone, self.without, strict=True
            )
        ]
        if self.smallest is not None:
            lines.append(f"the smallest relaxation: leave out {self.conditions[self.smallest]}")
        return "\n".join(lines)


def diagnose(
    conditions: Sequence[Condition], context: ToolContext, candidates: RowSet
) -> Diagnosis:
    """Count what each single condition leaves of the candidates, and what is left without it."""
    masks = [evaluate(condition, context.catalog) for condition in conditions]
    base = candidates.mask()
    without = []
    for i in range(len(masks)):
        left = base.copy()
        for j, mask in enumerate(masks):
            if j != i:
                left &= mask
        without.append(int(left.sum()))
    alone = tuple(int((base & mask).sum()) for mask in masks)
    return Diagnosis(tuple(str(c) for c in conditions), alone, tuple(without))


class FilterArguments(Arguments):
    """Arguments of `filter`."""

    where: list[str] = Field(
        description='Conditions, all must hold: "genres has Sci-Fi", "genres lacks Horror | War", '
        '"year 1990..1999", "runtime <= 100", "title ~ alien".'
    )


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
        bus.narrow("filter", {"where": [str(condition)]}, keep, ms=ms, note=str(condition))
        lines.append(f"{condition}: {count:,} -> {len(bus):,}")
    data: dict[str, object] = {"left": len(bus), "conditions": [str(c) for c in conditions]}
    if len(bus):
        return ToolResult("\n".join([*lines, preview(context, 3)]), data)
    diagnosis = diagnose(conditions, context, before)
    data["alone"], data["without"] = list(diagnosis.alone), list(diagnosis.without)
    return ToolResult("\n".join([*lines, "nothing is left.", diagnosis.text()]), data)


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
