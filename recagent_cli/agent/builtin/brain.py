"""The built-in brain: a fixed policy from a typed request to tool calls. No model, no network.

A turn is one to four steps: narrow the candidates by what must hold; where nothing is left, give
up the condition at fault and say so; score and rank the rest; present. Questions and small talk
end without a list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from recagent_tools.conditions import evaluate, parse_condition
from recagent_tools.explain import MOST_EXPLAINED, is_shown
from recagent_tools.house import rules_against, short_of, told_against
from recagent_tools.personal import empty_watchlist, left_out_text, rules_out
from recagent_tools.rowset import RowSet

from ..brain import Call, Step, TurnView, Usage
from ..events import Event
from ..request import Intent, Request
from .answers import places
from .answers.answers import average_answer, count_answer, item_answer, list_answer, most_answer
from .answers.memory import memory_answer
from .answers.rating import rating_answer
from .answers.relax import (
    applied_text,
    counted,
    offered,
    only_one,
    unasked,
    way_text,
    would_among,
    would_text,
)
from .answers.talk import examples, not_understood, talk_answer, what_i_can
from .answers.why import why_answer
from .answers.why_not import why_not_answer
from .answers.wording import known_text, list_text, noted, order_of
from .dialogue.about_memory import memory_of
from .dialogue.state import looks
from .meaning.acts import find_acts
from .parse import wants_list
from .scoring import (
    is_candidate,
    limits_of,
    n_matching,
    ordered_ids,
    ranking,
    retrieval,
    wish_words,
)
from .steps import call_of, ids_of, is_offered, request_before
from .told import labels_told, told_of
from .words.lexicon import lexicon
from .words.tokens import tokenize

MOST_COMPARED = 5
MOST_ASKED = 4
"""So many items are explained, or told why not, in one answer."""
MOST_ALIKE = 20
"""Of so many that are most like a title, the newest or longest is looked for."""
ALIKE = "what is most alike"
LIMITED = "so many of one, and no more"
DRAWN_FROM = 100
"""A surprise is one of so many that fit best."""


class BuiltinBrain:
    """Implements the `Brain` protocol. Keeps nothing between steps: the view holds all it needs."""

    name = "builtin"

    def usage(self) -> Usage | None:
        """It costs nothing."""
        return None

    def next_step(self, view: TurnView, emit: Callable[[Event], None]) -> Step:
        """The next step of the turn, by the request's intent and what the steps before left."""
        request = view.request
        if not view.tools:
            return Step(text="I could not finish within this turn's budget.")
        if request.operations:
            return self._with_operations(view)
        return self._answer(view)

    def _with_operations(self, view: TurnView) -> Step:
        """What is said to lists and sets first, then what else is asked."""
        if places.unnamed(view.request):
            return Step(text='Under which name? Say "save as weekend", or any other.')
        if not places.to_do(view.request):
            return self._answer(view)
        if not view.steps:
            thought = "what is to be done with lists and sets"
            return Step(calls=places.operation_calls(view), thought=thought)
        pure = view.request.intent is Intent.CHIT_CHAT and not view.request.clarify
        if pure or places.done(view).failed:
            return places.operated(view)
        return self._answer(replace(view, steps=view.steps[1:]))

    def _answer(self, view: TurnView) -> Step:
        request = view.request
        if request.clarify and must_ask(request):
            return _ask(view, request.clarify, request.options)
        if request.intent is Intent.ITEM_INFO:
            return self._item_info(view)
        works = request.question is not None and request.question.kind == "items"
        if request.intent is Intent.AGGREGATE and not (works and request.conditions):
            return self._aggregate(view)
        if wants_list(request) or works:
            step = self._list(view)
            if step.calls or not step.text:
                return step
            return replace(step, text=f"{self._noted(view)} {step.text}".strip())
        return self._talk(view)

    # --- lists -----------------------------------------------------------------------------------

    def _list(self, view: TurnView) -> Step:
        if view.request.limits and must_ask(view.request) and not _surprise(view):
            told = " ".join(view.request.limits)
            return Step(
                text=f"{told} So I have nothing to go by. {what_i_can(view.context.catalog)}"
            )
        if view.context.only_wanted and not view.context.profile.wanted:
            return Step(text=empty_watchlist(view.context.catalog))
        if not view.steps:
            return Step(
                calls=tuple(self._narrow(view, view.request.conditions)),
                thought="narrow by what must hold",
            )
        if _cannot_be_shown(view):
            return Step(text=_nothing(view))
        if view.steps[-1][0].thought == LIMITED:
            return self._score(view, *self._given_up(view))
        if _surprise(view) and len(view.context.bus) > view.default_count:
            return self._at_random(view)
        if view.request.liked and len(view.context.bus) > 1 and self._in_order(view):
            return self._alike_in_order(view)
        conditions, said = self._given_up(view)
        if places.on_a_list(view.request) and not view.request.among:
            if not len(view.context.bus):
                return Step(text=places.none_left(view))
            if view.request.base and (told := places.none_among(view)):
                return Step(text=told)
            if places.keeps_order(view):
                return self._as_they_stand(view)
        if not _found(view) and view.context.relaxed is None and len(view.steps) < 4:
            return self._relaxed(view)
        if not len(view.context.bus):
            return Step(text=_nothing(view))
        return self._score(view, conditions, said)

    def _at_random(self, view: TurnView) -> Step:
        """A surprise: drawn from what fits best, by the context's randomness."""
        count = view.request.count or view.default_count
        if len(view.steps) == 1:
            first = "for_user" if is_offered(view, "for_user") else "popular"
            limits = limits_of(view.request)
            best = call_of(view, "rank", by="fit", top=DRAWN_FROM, **limits)
            calls = [call_of(view, first), best]
            calls.append(call_of(view, "draw", count=count))
            return Step(calls=tuple(calls), thought="what fits best")
        count = min(count, len(view.context.bus))
        told = f"{list_text(view.request, view.context.catalog, count)} Drawn at random; say it "
        told += "again for others."
        return Step(calls=(call_of(view, "present", count=count, text=told),))

    def _as_they_stand(self, view: TurnView) -> Step:
        """The candidates of a list or set in their own order: no ranking was asked for."""
        request, catalog = view.request, view.context.catalog
        rows = places.in_order(view)[: request.count or view.default_count]
        text = list_text(replace(request, at_most=()), catalog, len(rows))
        text = places.left_text(view, request_before(view), text)
        ids = catalog.ids(rows)
        return Step(calls=(call_of(view, "present", items=ids, count=len(ids), text=text),))

    def _in_order(self, view: TurnView) -> bool:
        """Whether what is like a title is wanted in the order of a number, and nothing fails."""
        made = len(view.steps) == 1 or view.steps[-1][0].thought == ALIKE
        return made and order_of(view.request, view.context.catalog) is not None

    def _alike_in_order(self, view: TurnView) -> Step:
        """The newest or longest of what is most like the named titles."""
        request, catalog = view.request, view.context.catalog
        if len(view.steps) == 1:
            calls = [*retrieval(view, request, ""), ranking(view, request)]
            calls.append(call_of(view, "rank", by="fit", top=MOST_ALIKE))
            return Step(calls=tuple(calls), thought=ALIKE)
        ids = ordered_ids(view, replace(request, liked=()), "")
        ids = [id for id in ids if id not in ids_of(request.liked)]
        count = min(request.count or view.default_count, len(ids))
        text = list_text(request, catalog, count, catalog.row_of(ids[0]) if ids else None)
        return Step(calls=(call_of(view, "present", items=ids[:count], count=count, text=text),))

    def _narrow(self, view: TurnView, conditions: Sequence[str]) -> list[Call]:
        """The candidates that count, then the conditions, so that what they leave is the list."""
        request = view.request
        among = request.among and view.context.shown and not request.exclude_shown
        gone = ids_of([*request.seen, *request.disliked])
        calls = [] if places.has_a_set(request) else [call_of(view, "candidates", op="start")]
        if among:
            calls = [call_of(view, "candidates", op="among_shown")]
        elif request.base and calls:
            calls = [call_of(view, "candidates", op="start", number=request.base)]
            conditions, gone = places.not_yet(view, conditions, gone)
        if request.exclude_shown and request.base:
            shown = places.shown_of(view)
            calls += [call_of(view, "candidates", op="drop_shown", items=shown)] * bool(shown)
        elif request.exclude_shown and (view.context.shown or view.context.shown_before):
            calls.append(call_of(view, "candidates", op="drop_shown"))
        if gone:
            calls.append(call_of(view, "candidates", op="drop", items=gone))
        calls += [call_of(view, "personal")] * rules_out(view.context)
        if conditions:
            alone = among or places.on_a_list(request)
            enough = 1 if alone else request.count or view.default_count
            calls.append(call_of(view, "filter", where=list(conditions), enough=enough))
        return [*self._facts(view), *calls]

    def _facts(self, view: TurnView) -> list[Call]:
        """What the person told of items in this turn, as `remember` calls."""
        if not is_offered(view, "remember") or view.steps:
            return []
        return [
            call_of(view, "remember", kind=kind, items=items)
            for kind, items in told_of(view).items()
            if items
        ]

    def _given_up(self, view: TurnView) -> tuple[tuple[str, ...], str]:
        """The conditions of the last attempt, and what was given up on the way."""
        way = view.context.relaxed
        if way is None:
            return view.request.conditions, ""
        return way.conditions, applied_text(way, view.context.catalog)

    def _relaxed(self, view: TurnView) -> Step:
        """Nothing is left: the way out that may be taken unasked, or a question."""
        context, request, catalog = view.context, view.request, view.context.catalog
        if told := left_out_text(context, request.conditions):
            return Step(text=told)
        ways, counts = context.relaxations, counted(view)
        if request.among and not request.exclude_shown:
            return Step(text=f"None of those fits{would_among(view)}.")
        if ruled := rules_against(request.conditions, catalog):
            told = told_against(ruled, short_of(request.conditions, catalog))
            return Step(text=f"{told[0].upper()}{told[1:]}{would_text(ways, catalog)}.")
        if counts and self._used_up(view):
            return Step(text=f"There is nothing more that fits{would_text(ways, catalog)}.")
        if (way := unasked(ways)) is not None:
            thought = applied_text(way, catalog)
            return Step(calls=tuple(self._narrow(view, way.conditions)), thought=thought)
        free = bool(request.liked or request.search or request.wishes or request.weights)
        offers = offered(ways, free=free) or only_one(
            counts.get("conditions", []), counts.get("alone", []) if not ways else []
        )
        if not offers:
            return Step(text=_nothing(view))
        context.relaxations = [*offers, *(way for way in ways if way not in offers)]
        context.offered = len(offers)
        base = _base(view)
        options = [way_text(way, catalog, base) for way in offers]
        asked = f"No {catalog.schema.item} here is all of that. What may I change?"
        return _ask(view, asked, options)

    def _used_up(self, view: TurnView) -> bool:
        """Whether items meet the conditions, and all of them are out: shown, seen or disliked."""
        catalog = view.context.catalog
        masks = [evaluate(parse_condition(t, catalog), catalog) for t in view.request.conditions]
        allowed = view.context.bus.everything.mask()
        return bool(masks) and bool(np.logical_and.reduce([allowed, *masks]).any())

    def _score(self, view: TurnView, conditions: tuple[str, ...], said: str) -> Step:
        """Score, rank and present what is left."""
        request = replace(view.request, conditions=conditions)
        words = request.search or wish_words(request)
        seeds = set(ids_of(request.liked))
        left = n_matching(view, words, seeds)
        if words and not left:
            if request.search:  # of wishes that nothing carries the list's own sentence tells
                said = f"{said} Nothing among them matches '{words}'.".strip()
            request, words, left = replace(request, search=""), "", len(view.context.bus)
        count, catalog = request.count or view.default_count, view.context.catalog
        ordered = ordered_ids(view, request, words)
        first = catalog.row_of(ordered[0]) if ordered else None
        limited = view.steps[-1][0].thought == LIMITED
        calls = (
            [call_of(view, "search", text=words)] * bool(words)
            if ordered
            else [*retrieval(view, request, words), ranking(view, request)]
        )
        if request.at_most and not ordered and not limited:
            return Step(calls=tuple(calls), thought=LIMITED)  # it then can be said how many stay
        calls = [] if limited else calls
        left = len(ordered) if ordered and request.at_most else left
        held = 0 if limited else sum(1 for i in seeds if is_candidate(view, i))
        shown = max(1, min(count, left - (0 if words else held)))
        text = " ".join(
            part
            for part in (
                _answered(view),
                self._noted(view),
                said,
                list_text(request, catalog, shown, first),
            )
            if part
        )
        if shown < count and not looks(request):
            uncounted = words or view.context.relaxed or request.at_most
            few = [] if uncounted else view.context.relaxations
            more = would_text(few, catalog)
            text += f" There {'is' if shown == 1 else 'are'} no more than that{more}."
        calls.append(call_of(view, "present", items=ordered[:count], count=count, text=text))
        return Step(calls=tuple(calls), thought="score, rank, present")

    def _noted(self, view: TurnView) -> str:
        """A word on what was remembered in the midst of a conversation."""
        return noted(labels_told(view)) if view.context.shown else ""

    # --- answers without a list ------------------------------------------------------------------

    def _item_info(self, view: TurnView) -> Step:
        kind = view.request.question.kind if view.request.question is not None else ""
        if kind == "why_not":
            return self._why_not(view)
        if kind == "why":
            return self._why(view)
        if kind == "compare":
            return self._compare(view)
        named = ids_of(view.request.about)
        if view.request.question is not None and view.request.question.kind == "rating":
            return self._rating(view, named)
        if named and not view.steps and is_offered(view, "item_info"):
            return Step(calls=(call_of(view, "item_info", items=named[:8]),))
        if not view.request.about and view.request.clarify:
            return Step(text=view.request.clarify)
        return Step(text=item_answer(view.request, view))

    def _why_not(self, view: TurnView) -> Step:
        """What keeps items, or all of a kind, out of the list."""
        request = view.request
        named = ids_of(request.about)[:MOST_ASKED]
        if not view.steps and is_offered(view, "why_not"):
            calls = [call_of(view, "why_not", item=id) for id in named]
            if not named and request.conditions:
                calls = [call_of(view, "why_not", where=request.conditions[0])]
            if calls:
                return Step(calls=tuple(calls), thought="why not")
        return Step(text=why_not_answer(view))

    def _why(self, view: TurnView) -> Step:
        """The evidence for items of a list, in words."""
        named = ids_of(view.request.about)[:MOST_EXPLAINED]
        rows = [view.context.catalog.row_of(id) for id in named]
        if rows and not any(row is not None and is_shown(row, view.context) for row in rows):
            return self._why_not(view)  # "why Heat?" of what is in no list
        if named and not view.steps and is_offered(view, "explain"):
            return Step(calls=(call_of(view, "explain", items=named),), thought="why these")
        return Step(text=why_answer(view))

    def _rating(self, view: TurnView, named: Sequence[str]) -> Step:
        """What the person would give the items asked about."""
        calls = self._facts(view)
        if named and not view.steps and is_offered(view, "predict_rating"):
            calls += [call_of(view, "predict_rating", item=id) for id in named[:4]]
        if calls:
            return Step(calls=tuple(calls))
        return Step(text=rating_answer(view) if view.request.about else view.request.clarify)

    def _compare(self, view: TurnView) -> Step:
        """Items side by side, and which suits the person better."""
        if not view.steps:
            named = ids_of(view.request.about)[:MOST_COMPARED]
            calls = (*self._facts(view), call_of(view, "compare", items=named))
            return Step(calls=calls, thought="compare")
        told = view.steps[-1][1][-1]
        return Step(text=item_answer(view.request, view) if told.error else told.text)

    def _aggregate(self, view: TurnView) -> Step:
        question = view.request.question
        if question is not None and question.kind in ("most", "items") and not question.column:
            return Step(text=" ".join(view.request.limits) or what_i_can(view.context.catalog))
        if not view.steps:
            op = "among_shown" if view.request.among and view.context.shown else "start"
            calls = [call_of(view, "candidates", op=op)]
            if view.request.conditions:
                calls.append(call_of(view, "filter", where=list(view.request.conditions)))
            if words := view.request.search:
                calls.append(call_of(view, "search", text=words))
            return Step(calls=tuple(calls))
        kind = view.request.question.kind if view.request.question else "count"
        return Step(text=_AGGREGATES[kind](view.request, view))

    def _talk(self, view: TurnView) -> Step:
        """Small talk, thanks, feedback without a wish, nothing understood."""
        if (
            act := memory_of(view.utterance, view.context.catalog, request_before(view))
        ) is not None:
            return Step(text=memory_answer(act, view.context))
        facts = self._facts(view)
        if facts:
            return Step(calls=tuple(facts))
        request, catalog = view.request, view.context.catalog
        if request.intent is Intent.UNCLEAR:
            return _ask(view, not_understood(catalog), examples(catalog))
        if request.intent is Intent.CHIT_CHAT and not request.clarify:
            if (told := self._about_me(view)) is not None:
                return told
        return Step(text=talk_answer(view))

    def _about_me(self, view: TurnView) -> Step | None:
        """What is known of the person, if that is asked."""
        acts = find_acts(tokenize(view.utterance), lexicon(), ())
        if all(act.name != "about_me" for act in acts) or not is_offered(view, "user_info"):
            return None
        if not view.steps:
            return Step(calls=(call_of(view, "user_info"),))
        told = view.steps[-1][1][-1].data
        return Step(text=known_text(told if isinstance(told, dict) else {}))


_AGGREGATES = {
    "count": count_answer,
    "most": most_answer,
    "list": list_answer,
    "average": average_answer,
}


def _found(view: TurnView) -> bool:
    """Whether a candidate is left besides the named ones."""
    bus = view.context.bus
    if not view.request.conditions or len(bus) > len(view.context.liked):
        return len(bus) > 0
    return (bus.candidates - RowSet.of_rows(view.context.liked, bus.n_items)).count > 0


def _base(view: TurnView) -> RowSet:
    """The candidates on which the last `filter` worked."""
    bus = view.context.bus
    stages = [stage for stage in bus.path() if stage.tool == "filter"]
    n_last = sum(
        len(call.arguments["where"]) for call in view.steps[-1][0].calls if call.name == "filter"
    )
    first = stages[-n_last:][0] if stages else bus.now
    before = bus.stages[first.parent] if first.parent is not None else first
    base = before.candidates or bus.everything
    return base - RowSet.of_rows(view.context.liked, bus.n_items)


def _nothing(view: TurnView) -> str:
    """What is said where nothing is left and nothing can be given up."""
    catalog, request = view.context.catalog, view.request
    if left_out := left_out_text(view.context, request.conditions):
        return left_out
    told = (
        "Nothing is left: you have seen all that fits."
        if request.exclude_shown and not request.conditions
        else "Nothing in this catalog fits."
    )
    return f"{told} {what_i_can(catalog)}"


def _cannot_be_shown(view: TurnView) -> bool:
    """Whether the list of the step before failed: the same again would fail again."""
    return any(o.call.name == "present" and o.error for o in view.steps[-1][1])


def _ask(view: TurnView, question: str, options: Sequence[str]) -> Step:
    """A question back with numbered options; its text alone where no question may be asked."""
    if not is_offered(view, "ask_person"):
        return Step(text=" ".join([question, *options]))
    return Step(calls=(call_of(view, "ask_person", question=question, options=list(options)),))


def _answered(view: TurnView) -> str:
    """The answer to a question that was asked before the list was."""
    request = view.request
    if request.question is None or request.question.kind != "attribute" or not request.about:
        return ""
    return item_answer(request, view)


def _surprise(view: TurnView) -> bool:
    """Whether the person leaves the choice to us, and says nothing else of what is to be shown."""
    request = view.request
    if request.liked or request.wishes or request.weights or request.search:
        return False
    acts = {act.name for act in find_acts(tokenize(view.utterance), lexicon(), ())}
    return "surprise" in acts or "unsure" in acts and not request.conditions


def must_ask(request: Request) -> bool:
    """Whether nothing sensible can be done without the answer."""
    if request.intent is Intent.ITEM_INFO:
        return not request.about
    if not wants_list(request):
        return False
    known = any(m.id is not None for m in request.liked)
    if request.options:
        return not known
    return not (known or request.conditions or request.search or request.wishes or request.weights)
