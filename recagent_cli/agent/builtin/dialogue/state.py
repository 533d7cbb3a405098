"""The request over turns: what still holds from before, what this turn changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from recagent_catalogs.errors import BadCondition
from recagent_catalogs.schema import Role
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import fold
from recagent_tools.conditions import Condition, parse_condition

from ...request import Intent, Mention, Request, Wish
from ..meaning.reading import Reading
from ..readers.numbers import ORDER
from ..words.lexicon import singular
from ..words.tokens import Text

NO_STATE = frozenset((Intent.ITEM_INFO, Intent.AGGREGATE, Intent.OUT_OF_SCOPE, Intent.UNCLEAR))
"""Requests of these intents stand beside the state; the one before them still holds."""
EMPTY = Request(Intent.RECOMMEND)
LOOK = 20
"""So much of the watchlist is shown where that is asked."""
WATCHLIST = Request(Intent.RECOMMEND, count=LOOK, wanted=True, seen_too=True)
_LEAVES = frozenset(("surprise", "unsure"))
"""Acts of somebody who leaves the choice to us, out of all there is."""

_ANEW = re.compile(
    r"^(?:(?:ok|okay|now|then|so|well|hey|please|and now) )*"
    r"(?:(?:can you |could you )?(?:find|show|give|get|recommend|suggest)(?: me| us)? "
    r"(?:an?|something) |something (?:with|by|from|starring|directed by) )"
    r"(?!\w+er\b|more\b|less\b|other\b|else\b|like\b)(?:\w+ ?){1,4}$"
)
"""A sentence that names what is wanted from the start: "find me a western"."""


def starts_afresh(reading: Reading, before: Request, shown: bool) -> bool:
    """Whether the turn is clearly a new request after one that was answered."""
    if "start_over" in reading.acts or before.intent is Intent.CLOSING:
        return True
    if (
        not shown
        or reading.pointed
        or reading.among
        or reading.acts & {"also", "more", "instead", "among"}
    ):
        return False
    if "surprise" in reading.acts and not (reading.wants_something or reading.liked):
        return True
    asked = bool(reading.acts & {"request", "similar"})
    held = bool(before.conditions or before.liked or before.search or before.wishes)
    if before.base and not held:  # a set was opened: "find me a western" does not mean in it
        return reading.kinds >= (1 if asked else 2)
    if held and reading.kinds and _ANEW.match(reading.text.joined):
        return True
    whole = asked or reading.named_items or reading.text.words[:1] in (("a",), ("an",), ("some",))
    return held and reading.kinds >= (2 if whole else 3)


_TAKE_BACK = re.compile(
    r"\b(?:forget|drop|ditch|scratch|scrap|remove|lose|ignore|never mind|nevermind|dont need)"
    r"(?: about)?(?: the)? (?P<what>(?!it\b|that\b|all\b|everything\b)\w+(?: \w+)?)"
)


def take_back(text: Text, reading: Reading, before: Request, catalog: Catalog) -> Request:
    """The earlier request without what is taken back by name: "forget Denzel".

    What was read of the name in this turn is dropped from the reading.
    """
    match = _TAKE_BACK.search(text.joined)
    if match is None:
        return before
    first, *rest = match["what"].split()
    year = catalog.schema.one(Role.YEAR)
    gone = [
        c
        for c in _read(before.conditions, catalog)
        if _names(c, first)
        or _said_again(c, reading)
        or first[:1].isdigit()
        and year is not None
        and c.column == year.name
    ]
    wishes = [w for w in before.wishes if first in fold(w.text).split()]
    liked = [m for m in before.liked if first in fold(m.title).split()]
    if not gone and not wishes and not liked:
        return before
    dropped = {(c.column, value) for c in gone for value in c.values}
    reading.freed.add("")
    reading.conditions = [
        c for c in reading.conditions if not any((c.column, v) in dropped for v in c.values)
    ]
    reading.wishes = [w for w in reading.wishes if first not in fold(w.text).split()]
    reading.liked = [m for m in reading.liked if m.id not in _ids(liked)]
    words = {first, *rest, *match[0].split()}
    reading.unused = [word for word in reading.unused if fold(word) not in words]
    reading.search = [word for word in reading.search if word not in words]
    reading.acts.discard("start_over")
    kept = (text for text in before.conditions if text not in set(map(str, gone)))
    return replace(
        before,
        conditions=tuple(kept),
        wishes=tuple(w for w in before.wishes if w not in wishes),
        liked=tuple(m for m in before.liked if m not in liked),
    )


def _said_again(condition: Condition, reading: Reading) -> bool:
    """Whether the words taken back mean this condition too: "french" is a language and a place."""
    return any(
        new.column == condition.column and set(new.values) & set(condition.values)
        for new in reading.conditions
        if condition.operator == "has"
    )


def _names(condition: Condition, word: str) -> bool:
    """Whether the word stands in one of the values: "denzel", or a plural of it."""
    words = {w for v in condition.values if isinstance(v, str) for w in fold(v).split()}
    return bool(words & {word, word.removesuffix("s"), singular(word)})


def merge(
    reading: Reading, before: Request, intent: Intent, shown: bool, catalog: Catalog
) -> Request:
    """The request of this turn with what still holds merged in."""
    added = bool(reading.acts & {"also"}) and not reading.acts & {"swap"}
    earlier = _read(before.conditions, catalog)
    earlier = [c for c in earlier if c.column not in reading.freed]
    replaces = shown and not added
    _permit(reading, earlier)
    _widen(reading, earlier, catalog)
    conditions = _merge_conditions(earlier, reading.conditions, replaces, catalog)
    disliked = _mentions(before.disliked, reading.disliked)
    liked = [
        m
        for m in _mentions(before.liked, reading.liked)
        if m.id is None or m.id not in _ids(reading.disliked)
    ]
    disliked = [m for m in disliked if m.id is None or m.id not in _ids(reading.liked)]
    held = dict(before.weights)
    if any(abs(weight) >= ORDER for weight in reading.weights.values()):
        held = {name: weight for name, weight in held.items() if abs(weight) < ORDER}
    weights = {**held, **reading.weights}
    search = " ".join(dict.fromkeys(reading.search))
    if search and before.search and not replaces and search not in before.search:
        search = f"{before.search} {search}"
    return Request(
        intent=intent,
        liked=tuple(liked),
        disliked=tuple(disliked),
        seen=tuple(_mentions(before.seen, reading.seen)),
        about=tuple(_mentions((), reading.about)),
        conditions=tuple(map(str, conditions)),
        wishes=_wishes(before.wishes, reading.wishes),
        weights=tuple(weights.items()),
        search=search or before.search,
        count=reading.count if reading.count is not None else before.count,
        question=reading.question,
        among=reading.among,
        at_most=before.at_most,
        seen_too=before.seen_too,
        wanted=before.wanted,
        unused=tuple(reading.unused),
        limits=tuple(dict.fromkeys(reading.limits)),
        clarify=reading.clarify,
        options=reading.options,
        base=0 if _leaves_the_list(reading, intent) else before.base,
    )


def _leaves_the_list(reading: Reading, intent: Intent) -> bool:
    """Whether what comes next is looked for in the whole catalog: a surprise, others like one."""
    praised = intent is Intent.FEEDBACK and bool(reading.liked)
    return praised or bool(reading.acts & _LEAVES)


def _permit(reading: Reading, earlier: list[Condition]) -> None:
    """What was left out and is fine now is not left out any more; it is not wanted either."""
    left_out = {(c.column, v) for c in earlier if c.operator == "lacks" for v in c.values}
    for pair in reading.allowed & {(name, str(v)) for name, v in left_out}:
        column, value = pair
        earlier[:] = [_without(c, {value}, "lacks") if c.column == column else c for c in earlier]
        earlier[:] = [c for c in earlier if c.values]
        wanted = Condition(column, "has", (value,))
        reading.conditions = [c for c in reading.conditions if c != wanted]


def _widen(reading: Reading, earlier: list[Condition], catalog: Catalog) -> None:
    """What comes on top of a period ("or the 2000s" after "from the 90s") makes it longer."""
    year, words = catalog.schema.one(Role.YEAR), reading.text.words
    added = words[:1] in (("or",), ("also",)) or words[-1:] in (("too",), ("also",))
    if year is None or not added:
        return
    before = next((c for c in earlier if c.column == year.name), None)
    for i, condition in enumerate(reading.conditions):
        if before is None or condition.column != year.name:
            continue
        ends = (*_span_of(before), *_span_of(condition))
        if None not in ends:
            known = [float(end) for end in ends if end is not None]
            reading.conditions[i] = Condition(year.name, "..", (min(known), max(known)))


def _span_of(condition: Condition) -> tuple[float | None, float | None]:
    first, last = condition.values[0], condition.values[-1]
    return (
        float(first) if isinstance(first, (int, float)) else None,
        float(last) if isinstance(last, (int, float)) else None,
    )


def alone(reading: Reading, intent: Intent) -> Request:
    """The request of this turn by itself, beside the conversation's state."""
    return Request(
        intent=intent,
        liked=tuple(reading.liked),
        disliked=tuple(reading.disliked),
        seen=tuple(reading.seen),
        about=tuple(_mentions((), reading.about)),
        conditions=tuple(map(str, dict.fromkeys(reading.conditions))),
        wishes=tuple(reading.wishes),
        weights=tuple(reading.weights.items()),
        search=" ".join(dict.fromkeys(reading.search)),
        count=reading.count,
        question=reading.question,
        among=reading.among,
        unused=tuple(reading.unused),
        limits=tuple(dict.fromkeys(reading.limits)),
        clarify=reading.clarify,
        options=reading.options,
    )


def with_verdicts(request: Request, beside: Request) -> Request:
    """The request with what a question beside it said of items: "great film, who made it?"."""
    liked = {m.id for m in beside.liked}
    disliked = {m.id for m in beside.disliked}
    return replace(
        request,
        liked=tuple(
            m for m in _mentions(request.liked, beside.liked) if not m.id or m.id not in disliked
        ),
        disliked=tuple(
            m for m in _mentions(request.disliked, beside.disliked) if not m.id or m.id not in liked
        ),
        seen=tuple(_mentions(request.seen, beside.seen)),
    )


def without_facts(request: Request) -> Request:
    """The request without what was said once and is kept elsewhere: tastes, the watchlist."""
    if not (request.stated or request.want or request.unwant):
        return request
    return replace(request, stated=(), want=(), unwant=())


def looks(request: Request) -> bool:
    """Whether it was only asked what is on the watchlist: what held before still does."""
    return request.wanted and request == replace(WATCHLIST, limits=request.limits)


def carried(before: Request, intent: Intent) -> Request:
    """Earlier wishes under a turn that adds none (thanks, small talk)."""
    return replace(
        before,
        intent=intent,
        operations=(),
        about=(),
        question=None,
        among=False,
        exclude_shown=False,
        unused=(),
        limits=(),
        clarify="",
        options=(),
    )


def _read(conditions: Iterable[str], catalog: Catalog) -> list[Condition]:
    found = []
    for text in conditions:
        try:
            found.append(parse_condition(text, catalog))
        except BadCondition:
            continue  # the session's catalog was built anew without that value
    return found


def _merge_conditions(
    earlier: list[Condition], new: list[Condition], replaces: bool, catalog: Catalog
) -> list[Condition]:
    kept = list(earlier)
    for condition in new:
        role = catalog.schema.column(condition.column).role
        if role in (Role.YEAR, Role.NUMBER, Role.AUDIENCE, Role.GROUP):
            kept = [c for c in kept if c.column != condition.column or c in new]
        elif condition.operator == "has":
            opposite = set(condition.values)
            kept = [_without(c, opposite, "lacks") for c in kept]
            if replaces:
                kept = [
                    c
                    for c in kept
                    if c.column != condition.column or c.operator != "has" or c in new
                ]
        else:
            kept = [_without(c, set(condition.values), "has") for c in kept]
        kept = [c for c in kept if c.values]
        if condition not in kept:
            kept.append(condition)
    return kept


def _without(condition: Condition, values: set[str | float | None], operator: str) -> Condition:
    if condition.operator != operator:
        return condition
    return Condition(
        condition.column, operator, tuple(v for v in condition.values if v not in values)
    )


def _ids(mentions: Sequence[Mention]) -> set[str | None]:
    return {m.id for m in mentions}


def _mentions(before: Iterable[Mention], new: Iterable[Mention]) -> list[Mention]:
    found: dict[str, Mention] = {}
    for mention in (*before, *new):
        found.setdefault(mention.id or f"?{mention.text.casefold()}", mention)
    return list(found.values())


def _wishes(before: Iterable[Wish], new: Iterable[Wish]) -> tuple[Wish, ...]:
    found: dict[str, Wish] = {}
    for wish in (*before, *new):
        found[wish.text.casefold()] = wish
    return tuple(found.values())
