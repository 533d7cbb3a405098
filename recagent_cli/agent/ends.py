"""Ends that a brain does not come to by itself: which list closes the turn, and whose.

A model that answers and yet gets nowhere (a budget is spent, it goes round in a circle, nothing it
writes can be used) has not failed as one that cannot be reached: its turn ends with a list, whoever
asked for the model. The list is the one on the bus where that is all that was asked for, else the
built-in brain makes it from the person's words.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recagent_catalogs.errors import BadCondition, ModelError
from recagent_tools.bus import Mark
from recagent_tools.conditions import evaluate, parse_condition
from recagent_tools.personal import rules_out

from .brain import Call, TurnView
from .builtin.answers.wording import list_text
from .builtin.brain import must_ask
from .builtin.parse import wants_list
from .builtin.scoring import n_matching, ranking, retrieval, wish_words
from .request import Intent

SHORT = frozenset(("budget", "stuck", "bad_answer", "context"))
"""Reasons of a `ModelError` that a turn survives, also where the model was named: it was there."""
LISTING = (Intent.RECOMMEND, Intent.REFINE, Intent.MORE, Intent.UNCLEAR)
"""What is asked for where a list may close the turn."""


def is_short(error: ModelError) -> bool:
    """Whether the model was reached and could go no further, as against one that failed."""
    return error.reason in SHORT


def owes_list(view: TurnView) -> bool:
    """Whether a turn is to end with a list: words alone are no answer to it.

    Not so where nothing is said of what is wanted, so that a question back is as good, where what
    was told was noted ("I love westerns"), where the watchlist that is meant is empty, and where
    lists are gone back to or kept.
    """
    request, context = view.request, view.context
    if not wants_list(request) or request.operations:
        return False
    if request.intent is Intent.RECOMMEND and must_ask(request):
        return False
    if context.remembered or context.stated:
        return False
    return not (context.only_wanted and not context.profile.wanted)


def closing_calls(view: TurnView, began: Mark) -> list[Call]:
    """The calls that show the candidates as they stand; none where they are no list of this turn.

    Args:
        view: the turn, as far as it came.
        began: the bus before it.
    """
    request, bus = view.request, view.context.bus
    made = bus.place != began.place and (
        len(bus) < bus.everything.count or bus.now.order is not None
    )
    # What is done with lists, and how many of a series there may be, the built-in brain sees to.
    simple = not (request.operations or request.base or request.at_most or request.weights)
    if not (made and simple and len(bus) and request.intent in LISTING):
        return []
    count, ranked = request.count or view.default_count, bus.now.order is not None
    if not holds(view, [int(row) for row in bus.rows()[: count if ranked else None]]):
        return []
    calls = [Call("personal", {})] * rules_out(view.context)
    calls += [Call("rank", {})] * (not ranked)
    return [*calls, Call("present", {"count": count})]


def calls_before(view: TurnView, call: Call) -> list[Call]:
    """What ranks the candidates where a list of them is asked for that nothing put in order.

    Such a list would be the first of the catalog. The calls are those of the built-in brain, by the
    person's words and by what is known of them.

    Args:
        view: the turn, with all tools on offer.
        call: what a model calls.
    """
    bus, request = view.context.bus, view.request
    if call.name != "present" or call.arguments.get("items") or bus.now.order is not None:
        return []
    if not len(bus) or bus.standing and bus.settled:  # a list that stands has its order
        return []
    words = request.search or wish_words(request)
    words = words if n_matching(view, words, set()) else ""
    return [*retrieval(view, request, words), ranking(view, request)]


def holds(view: TurnView, rows: Sequence[int]) -> bool:
    """Whether a list is what the person's words demand, as the built-in parser reads them.

    Args:
        view: the turn.
        rows: of the list, in order.
    """
    request, context = view.request, view.context
    catalog, listed = context.catalog, set(rows)
    named = (*request.liked, *request.disliked, *request.seen)
    if not rows or listed & {catalog.row_of(m.id) for m in named if m.id is not None}:
        return False
    if request.exclude_shown and listed & {*context.shown, *context.shown_before}:
        return False
    if request.among and not listed <= set(context.shown):
        return False
    at = np.array(rows, dtype=np.intp)
    for text in request.conditions:
        try:
            met = evaluate(parse_condition(text, catalog), catalog)[at]
        except BadCondition:  # of data that have changed
            continue
        if not met.all():
            return False
    return True


def text_over(view: TurnView, rows: Sequence[int]) -> str:
    """What is said over a list that closes the turn in place of its brain."""
    return list_text(view.request, view.context.catalog, len(rows))
