"""What a turn says that lasts: the watchlist, what was seen, and tastes of values."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from recagent_catalogs.errors import BadCondition
from recagent_tools.conditions import Condition, parse_condition

from ...request import Intent, Mention, Request, Stated
from ..meaning.reader import Reader
from ..readers.watchlist import Watch
from ..words.lexicon import key_of
from ..words.patterns import Pattern
from ..words.tokens import Text, tokenize, whole
from ..words.vocabulary import Vocabulary
from .state import EMPTY, WATCHLIST, carried

_ALL = re.compile(
    r"^(?:all (?:of )?)?(?:them|these|those|they)(?: all)?$|^(?:all|everything)$", re.I
)
_TWO = re.compile(r"^both(?: of (?:them|these|those))?$", re.I)
_IT = re.compile(r"^(?:it|this|that)(?: one)?$", re.I)
_VAGUE = re.compile(r"^\s*(?:it|this|that|them|these|those|one|both)\b", re.I)
_SPLIT = re.compile(r"\s*(?:,|&|\band\b)\s*", re.I)
WHICH = "Which one do you mean? Name it, or say its number in the list."
"""Asked where the watchlist is to change and nothing is pointed at."""
_LISTS = (Intent.RECOMMEND, Intent.REFINE, Intent.MORE)
_BESIDE = (Intent.FEEDBACK, Intent.CLOSING)
"""Kinds of turn that stay what they are where an item is put on the watchlist by the way."""


def of_watchlist(
    said: str,
    watch: Watch,
    parse: Callable[[str], Request],
    held: Request,
    reader: Reader,
    shown: Sequence[int],
    focus: int | None,
) -> Request:
    """The request of a turn that speaks of the watchlist or of what was seen.

    Args:
        said: the turn.
        watch: what was found in it.
        parse: reads the rest as any other turn.
        held: the request that held before.
        reader: resolves what is to be put on it.
        shown: rows of the list last shown.
        focus: row of the item just talked about.
    """
    if watch.asks:
        return replace(WATCHLIST, limits=parse(watch.rest).limits if watch.rest else ())
    add, lost = _mentions(watch.add, reader, shown, focus)
    off, lost_too = _mentions(watch.take_off, reader, shown, focus)
    vague = watch.add and not watch.take_off and all(map(_VAGUE.match, watch.add))
    request = parse(said) if vague else _of_the_rest(said, watch, parse, held)
    if watch.take_off and not (watch.add or watch.rest):
        request = carried(held, Intent.FEEDBACK)  # "2 is no longer on my list" wants none shorter
    if (watch.add or watch.take_off) and not (add or off):
        if vague and (one := _only_one(request)) is not None:
            return replace(request, want=(one,))  # "5 looks good, put it on my list"
        if vague:  # "I'll put it on my list": what was offered is taken
            return request if watch.rest or not shown else replace(request, clarify=WHICH)
        limits = tuple(dict.fromkeys((*lost, *lost_too)))
        asked = " ".join(limits) or WHICH
        return replace(carried(held, Intent.CHIT_CHAT), clarify=asked)
    return replace(
        request,
        want=add,
        unwant=off,
        wanted=request.wanted if watch.only is None else watch.only,
        seen_too=request.seen_too if watch.seen_too is None else watch.seen_too,
        limits=tuple(dict.fromkeys((*request.limits, *lost, *lost_too))),
    )


def _only_one(request: Request) -> Mention | None:
    """The one item that a verdict beside it is about."""
    if request.intent is not Intent.FEEDBACK or request.exclude_shown:
        return None
    known = [mention for mention in request.about if mention.id is not None]
    return known[0] if len(known) == 1 else None


def _of_the_rest(
    said: str, watch: Watch, parse: Callable[[str], Request], held: Request
) -> Request:
    """What else is said; where that is nothing, what held goes on."""
    rest = parse(watch.rest) if watch.rest else None
    noting = bool(watch.add or watch.take_off)
    if rest is not None and rest.intent in _LISTS or not noting and _is_clear(rest):
        return rest or held
    whole_turn = parse(said) if noting else None
    if whole_turn is not None and whole_turn.intent in _BESIDE:
        again = whole_turn.exclude_shown and rest is not None
        return replace(whole_turn, exclude_shown=again, unused=rest.unused if rest else ())
    if _is_clear(rest):
        return rest or held
    unused = rest.unused if rest is not None else ()
    return replace(carried(held, Intent.FEEDBACK if noting else _on(held)), unused=unused)


_TAKES = Pattern(
    r"\b(?:ill|i will|im|i am|we will|were|lets|let us|gonna|i think) (?:\w+ly )?(?:just )?"
    r"(?:take|taking|pick|choose|go with|going with|go for|going for|settle for|"
    r"start with|try|have|watch|play|read)\b"
    r"|\b(?:i|we) (?:take|pick|picked|choose|chose)\b"
    r"|^(?:ok |okay |yes |great |perfect |fine )*(?:the \w+|number \w+|\d+)(?: one)? "
    r"(?:it is|then|please)$"
)


def takes(text: Text) -> bool:
    """Whether the words take what they name: "I'll take the second", "2 it is"."""
    return _TAKES.search(text.joined) is not None


def taken(
    request: Request, text: Text, held: Callable[[], Request], shown: Collection[str]
) -> Request:
    """The request; where it only takes what was offered, by number or title, as feedback.

    Args:
        request: as it was read.
        text: the turn.
        held: gives the request that held before.
        shown: ids of the list last shown.
    """
    if "?" in text.raw or not shown or request.question is not None or not takes(text):
        return request
    if request.intent is Intent.ITEM_INFO and request.about:
        return replace(carried(held(), Intent.FEEDBACK), about=request.about)
    before = held()
    new = tuple(mention for mention in request.liked if mention not in before.liked)
    only = request.conditions == before.conditions and request.wishes == before.wishes
    if new and only and all(mention.id in shown for mention in new):
        return replace(carried(before, Intent.FEEDBACK), about=new)
    return request


def _is_clear(request: Request | None) -> bool:
    return request is not None and request.intent is not Intent.UNCLEAR


def _on(held: Request) -> Intent:
    return Intent.RECOMMEND if held is EMPTY else Intent.REFINE


def _mentions(
    phrases: Sequence[str], reader: Reader, shown: Sequence[int], focus: int | None
) -> tuple[tuple[Mention, ...], tuple[str, ...]]:
    """The items that words point at or name, each once; and what cannot be found."""
    found: dict[str, Mention] = {}
    limits: list[str] = []
    for phrase in phrases:
        mentions, lost = _named(phrase.strip(), reader, shown, focus)
        found |= {m.id: m for m in mentions if m.id is not None and m.id not in found}
        limits += lost
    return tuple(found.values()), tuple(limits)


def _named(
    phrase: str, reader: Reader, shown: Sequence[int], focus: int | None
) -> tuple[list[Mention], list[str]]:
    if _IT.match(phrase) and (focus is not None or len(shown) == 1):
        return [reader.mention(phrase, shown[0] if focus is None else focus)], []
    if _IT.match(phrase) or _VAGUE.match(phrase) and not shown:
        return [], []
    if _ALL.match(phrase) or (_TWO.match(phrase) and len(shown) == 2):
        return [reader.mention(phrase, row) for row in shown], []
    parts = [part for part in _SPLIT.split(phrase) if part]
    if len(parts) > 1 and not reader.catalog.titles.exact(key_of(phrase)):
        each = [_named(part, reader, shown, focus) for part in parts]
        if all(mentions for mentions, _ in each):
            return [m for mentions, _ in each for m in mentions], []
    number = whole(phrase.lstrip("#"))
    if number is not None and 0 < number <= len(shown):
        return [reader.mention(phrase, shown[number - 1])], []
    reading = reader.read(tokenize(phrase), shown, focus)
    mentions = [m for m in (*reading.about, *reading.liked) if m.id is not None]
    return mentions, [] if mentions else reading.limits


def stating(request: Request, stated: Sequence[Stated], vocabulary: Vocabulary) -> Request:
    """The request with the tastes stated: what is not liked is left out at once, never asked for.

    "Horror isn't for me" names a kind, and wants none of it.
    """
    if not stated:
        return request
    conditions, wishes = list(request.conditions), list(request.wishes)
    for one in (one for one in stated if one.kind != "liked"):
        has, lacks = (str(Condition(one.column, op, (one.value,))) for op in ("has", "lacks"))
        conditions = [lacks if text == has else text for text in conditions]
        values = [v for v in vocabulary.named(one.value) if v.pair == (one.column, one.value)]
        hard = one.kind == "never" and any(map(vocabulary.fits_condition, values))
        if hard and not _left_out(one, conditions, vocabulary):
            conditions.append(lacks)
            wishes = [w for w in wishes if (one.column, one.value) not in w.values]
    return replace(
        request, stated=tuple(stated), conditions=tuple(conditions), wishes=tuple(wishes)
    )


def _left_out(one: Stated, conditions: Sequence[str], vocabulary: Vocabulary) -> bool:
    """Whether a condition leaves the value out already."""
    for text in conditions:
        try:
            condition = parse_condition(text, vocabulary.catalog)
        except BadCondition:
            continue
        if condition.operator == "lacks" and condition.column == one.column:
            if one.value in condition.values:
                return True
    return False
