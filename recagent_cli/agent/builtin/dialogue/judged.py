"""Verdicts in the request of a turn: on the right side, and of items that are surely meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from recagent_catalogs.text import fold

from ...request import Intent, Mention, Request
from ..meaning.verdicts import Verdict, verdict_at
from ..words.lexicon import lexicon
from ..words.tokens import Text
from .kept import WHICH
from .state import carried

_AGAIN = re.compile(
    r"\b(?:never(?: ever)?|dont(?: ever)?|do not(?: ever)?) "
    r"(?:show|recommend|suggest|offer|give|bring)(?: me| us)? "
    r"(?P<what>it|that|this|that one|this one|that \w+|this \w+) (?:again|ever|any ?more)\b"
)
_HIDES = re.compile(
    r"^(?:please |ok |okay |and |now )*(?:hide|ban|block|blacklist) "
    r"(?:the |number |that |this )*\w+(?: one| film| movie| game| book)?"
    r"(?: for good| forever| from me| please)*$"
)
_ONE = re.compile(r"^(?:that|this) \w+$")


def places_of(typed: str, text: Text) -> list[range]:
    """Where the words of a mention stand in the text, as numbers of words."""
    words = tuple(fold(typed).split())
    size = len(words)
    starts = range(len(text.words) - size + 1) if words else range(0)
    return [range(i, i + size) for i in starts if text.words[i : i + size] == words]


def named_in(request: Request, text: Text) -> dict[str, list[range]]:
    """Where the items of a request are named, by the words that name them."""
    named = (*request.liked, *request.disliked, *request.about, *request.seen)
    return {typed: places_of(typed, text) for typed in dict.fromkeys(m.text for m in named)}


def stated_of(mention: Mention, text: Text, named: Mapping[str, list[range]]) -> Verdict:
    """What the words state of an item; of one that is named twice the last word counts.

    `named` has the places of all items, as `named_in` gives them.
    """
    places = [place for found in named.values() for place in found]
    own = [verdict_at(text, p.start, p.stop, places) for p in named[mention.text]]
    return next((one for one in reversed(own) if one), "")


def is_vague(mention: Mention, shown: Sequence[str], focus: str | None) -> bool:
    """Whether only "that one" names the item, of several shown, none of which is talked of."""
    pronoun = fold(mention.text) in lexicon().pronouns
    return pronoun and len(shown) > 1 and mention.id != focus and mention.id in shown


def judged(
    request: Request,
    text: Text,
    held: Callable[[], Request],
    shown: Sequence[str],
    focus: Mention | None,
) -> Request:
    """The request with its items on the side that the words state.

    Args:
        request: as it was read.
        text: the turn.
        held: gives the request that held before.
        shown: ids of the list last shown.
        focus: the item that is talked about.
    """
    if request.question is not None or request.clarify and request.intent is not Intent.REFINE:
        return request
    if (never := _never_again(request, text, held, shown, focus)) is not None:
        return never
    known = focus.id if focus is not None else None
    new = [m for m in (*request.liked, *request.disliked) if places_of(m.text, text)]
    vague = [m for m in new if is_vague(m, shown, known) and _ONE.match(fold(m.text))]
    if vague and len(vague) == len(new) and request.intent is Intent.FEEDBACK:
        return replace(carried(held(), Intent.CHIT_CHAT), clarify=WHICH)
    named = named_in(request, text)
    wrong = [m for m in request.liked if stated_of(m, text, named) == "disliked"]
    right = [m for m in request.disliked if stated_of(m, text, named) == "liked"]
    if not wrong and not right:
        return request
    moved = replace(
        request,
        liked=tuple(m for m in (*request.liked, *right) if m not in wrong),
        disliked=tuple(m for m in (*request.disliked, *wrong) if m not in right),
    )
    return moved


def _never_again(
    request: Request,
    text: Text,
    held: Callable[[], Request],
    shown: Sequence[str],
    focus: Mention | None,
) -> Request | None:
    """The request of "never show me that again" and "hide the first one for good"."""
    if _HIDES.match(text.joined) and request.intent is Intent.ITEM_INFO and request.about:
        before = carried(held(), Intent.FEEDBACK)
        return replace(before, disliked=(*before.disliked, *request.about), exclude_shown=True)
    match = _AGAIN.search(text.joined)
    if match is None or not shown and focus is None or request.stated:
        return None
    new = [m for m in (*request.liked, *request.disliked) if places_of(m.text, text)]
    if new or request.conditions != held().conditions:
        return None
    if focus is None:
        return replace(carried(held(), Intent.CHIT_CHAT), clarify=WHICH)
    before = carried(held(), Intent.FEEDBACK)
    mention = replace(focus, text=match["what"])
    return replace(before, disliked=(*before.disliked, mention), exclude_shown=True)
