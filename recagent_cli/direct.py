"""Lists that are asked for without words, made by the same tools that a brain calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from recagent_catalogs.errors import BadInput, RecagentError
from recagent_tools.conditions import Condition, parse_condition
from recagent_tools.filter import MOST_TOLD
from recagent_tools.personal import (
    NO_WATCHLIST,
    SEEN_TOO,
    asked_values,
    fill_watchlist,
    left_out_text,
    rules_out,
)
from recagent_tools.relaxation import MAX_CONDITIONS, Census
from recagent_tools.retrieve import knows_the_person, profile_history
from recagent_tools.rowset import RowSet
from recagent_tools.together import fares_of
from recagent_tools.toolbox import Toolbox, ToolContext

from .agent.explaining import Scene, explain
from .agent.plan import DryToolbox, PlanStep
from .agent.request import Intent, Mention, Request
from .agent.turn import ShownItem, shown_items
from .named import resolve_title


@dataclass(frozen=True)
class Wanted:
    """What a list is asked for by, and how long it may be.

    Attributes:
        liked, disliked: rows.
        where: conditions in the grammar of `filter`.
        weights: aspects of `rank` with their weight: "novelty=.5".
        count: how many items.
        seen_too: whether what the person has seen may be among them.
        only_wanted: whether only the watchlist is meant.
    """

    liked: Sequence[int]
    disliked: Sequence[int] = ()
    where: Sequence[str] = ()
    weights: Sequence[str] = ()
    count: int = 10
    seen_too: bool = False
    only_wanted: bool = False

    @classmethod
    def named(
        cls,
        context: ToolContext,
        like: Sequence[str],
        unlike: Sequence[str],
        where: Sequence[str],
        weights: Sequence[str],
        count: int,
        seen_too: bool = False,
        only_wanted: bool = False,
    ) -> Wanted:
        """The same, of items that are named by title or id.

        Raises:
            NotFound: no such item.
        """
        liked = [resolve_title(title, context) for title in like]
        disliked = [resolve_title(title, context) for title in unlike]
        return cls(liked, disliked, where, weights, count, seen_too, only_wanted)


@dataclass(frozen=True)
class Direct:
    """Makes lists on the bus of a context.

    Attributes:
        toolbox: the tools.
        style: how items are explained.
        notice: takes (kind, text) of what the person should be told.
    """

    toolbox: Toolbox
    style: str
    notice: Callable[[str, str], None]

    def ranked(self, context: ToolContext, wanted: Wanted) -> tuple[ShownItem, ...]:
        """A list made by the same tools that a brain calls, in the order that it would."""
        bus = context.bus
        conditions = _retrieve(self.toolbox, context, wanted)
        if not len(bus):
            self._tell_ways(conditions, wanted.liked, context)
            return ()
        arguments = {"top": wanted.count, "weights": list(wanted.weights)}
        _call(self.toolbox, "rank", arguments, context)
        for kind, text in context.notices:
            self.notice(kind, text)
        rows = [int(row) for row in bus.rows()]
        request = Request(
            Intent.RECOMMEND,
            liked=tuple(Mention("", item, "") for item in context.catalog.ids(wanted.liked)),
            conditions=tuple(wanted.where),
        )
        scores = [float(score) for score in bus.scores()["score"]]
        return told_items(rows, scores, context, request, self.style)

    def planned(self, context: ToolContext, wanted: Wanted) -> tuple[PlanStep, ...]:
        """The calls of `ranked`, which narrow the candidates and rank nothing."""
        dry = DryToolbox(self.toolbox)
        _retrieve(dry, context, wanted)
        if len(context.bus):
            dry.run("rank", {"top": wanted.count, "weights": list(wanted.weights)}, context)
        return tuple(dry.steps)

    def _tell_ways(
        self, conditions: Sequence[Condition], liked: Sequence[int], context: ToolContext
    ) -> None:
        """That nothing is left, and the smallest changes that leave something, as notices."""
        if told := left_out_text(context, map(str, conditions)):
            self.notice("limit", told.replace(f'Say "{SEEN_TOO}"', "Give --seen-too"))
            return
        self.notice("limit", "nothing is left under these conditions")
        if not 0 < len(set(conditions)) <= MAX_CONDITIONS:
            return
        n_items, items = context.catalog.n_items, context.catalog.schema
        base = context.bus.everything - RowSet.of_rows(liked, n_items)
        for way in Census(conditions, context.catalog, base).relaxations()[:MOST_TOLD]:
            noun = items.item if way.left == 1 else items.items
            self.notice("limit", f"{way.text()}: {way.left:,} {noun}")


def told_items(
    rows: Sequence[int],
    scores: Sequence[float | None],
    context: ToolContext,
    request: Request,
    style: str,
) -> tuple[ShownItem, ...]:
    """Items of a list with their scores, each explained."""
    items = context.catalog.items(rows)
    scene = Scene(rows, context, request, style)
    told = explain(items, {}, scene, profile_history(context))
    reasons = {one.row: one.text for one in told}
    return shown_items(items, scores, reasons, fares=fares_of(rows, context.bus))


def _retrieve(toolbox: Toolbox, context: ToolContext, wanted: Wanted) -> list[Condition]:
    """Narrow the candidates by the conditions, then by what is liked or by the person."""
    catalog = context.catalog
    conditions = [parse_condition(text, catalog) for text in wanted.where]
    context.seen_too, context.only_wanted = wanted.seen_too, wanted.only_wanted
    context.asked = asked_values(wanted.where, catalog)
    if context.only_wanted and not context.profile.wanted:
        raise BadInput(NO_WATCHLIST, hint=fill_watchlist(catalog))
    if rules_out(context):
        _call(toolbox, "personal", {}, context)
    for text in wanted.where:
        _call(toolbox, "filter", {"where": [text]}, context)
    if wanted.liked or wanted.disliked:
        named = {"liked": catalog.ids(wanted.liked), "unlike": catalog.ids(wanted.disliked)}
        _call(toolbox, "similar", named, context)
    elif knows_the_person(context):
        _call(toolbox, "for_user", {}, context)
    return conditions


def _call(toolbox: Toolbox, name: str, arguments: dict[str, Any], context: ToolContext) -> None:
    ran = toolbox.run(name, arguments, context)
    if ran.error:
        raise RecagentError(f"{name}: {ran.result.text}")
