"""Answers to a question with numbered options: "2", "the first", "yes", or the option's own words.

An option stands for what the person might have written instead, so that an answer needs no memory
of its own: the earlier utterance is read again with the option in place of what was in doubt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from recagent_catalogs.text import fold
from recagent_tools.relaxation import changed

from ...brain import PastTurn
from ...request import Intent, Request
from ..words.lexicon import Lexicon
from ..words.tokens import Text, whole

OTHER = "no, something else"
"""The last option of a question whether a title was meant."""
_LEAD = re.compile(
    r"^(?:(?:ok|okay|well|yes|yeah|please|i mean|i meant|i choose|i take|ill take|take|the|option|"
    r"number|nr|no|choice|answer) )*"
)
_TAIL = re.compile(
    r"(?: (?:one|option|choice|answer|please|then|thanks|of course|it is|is fine))*$"
)
_YES = frozenset(
    (
        "yes", "y", "yeah", "yep", "yup", "ya", "sure", "right", "correct", "exactly", "ok",
        "okay", "yes i did", "i did", "yes i do", "that one", "thats it", "thats the one", "it is",
        "true", "indeed", "yes exactly", "yes that one", "yes thats it", "yes thats the one",
    )
)  # fmt: skip
_NO = frozenset(
    (
        "no", "n", "nope", "nah", "neither", "none", "none of them", "none of those",
        "none of these", "not that", "not that one", "no neither", "something else", "no i didnt",
        "i didnt", "no thanks",
    )
)  # fmt: skip
_NUMBER = re.compile(r"^\D{0,3}(\d{1,2})\D{0,3}$")


def chosen(text: Text, options: Sequence[str], lexicon: Lexicon) -> int | None:
    """Which option an answer picks, from 0; None where it is no answer to the question."""
    said = text.joined
    full = [fold(option) for option in options]
    for names in (full, [re.sub(r" \d{4}$", "", option) for option in full]):
        if names.count(said) == 1:
            return names.index(said)
    if OTHER in options:
        if said in _YES:
            return 0
        if said in _NO:
            return list(options).index(OTHER)
    picked = _TAIL.sub("", _LEAD.sub("", said + " ").strip())
    place = lexicon.ordinals.get(picked) or lexicon.numbers.get(picked)
    if place is None:
        place = whole(picked)
    if place is None:
        return None
    place = place - 1 if place > 0 else len(options) + place
    return place if 0 <= place < len(options) else None


def number_alone(raw: str) -> int | None:
    """The number, where a turn is nothing else: "2", "#2", "2."."""
    match = _NUMBER.match(raw.strip())
    return int(match[1]) if match else None


def said_instead(option: str, last: PastTurn) -> str:
    """What the person would have written, had the option been clear from the beginning."""
    request = last.request
    if request is None or request.intent is Intent.UNCLEAR:
        return option
    named = (*request.liked, *request.disliked, *request.seen, *request.about)
    for mention in named:
        if mention.id is None and mention.text and mention.text in last.utterance:
            return last.utterance.replace(mention.text, f'"{option}"')
    return option


def given_up(place: int, last: PastTurn) -> Request | None:
    """The request with the changes that the picked option stands for; None where for none."""
    if last.request is None or place >= len(last.relaxations):
        return None
    return replace(
        last.request,
        intent=Intent.REFINE,
        conditions=changed(last.request.conditions, last.relaxations[place]),
        operations=(),
        unused=(),
        limits=(),
    )
