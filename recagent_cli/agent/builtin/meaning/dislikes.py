"""A dislike that goes on in the next turn: "I hate Schwarzenegger", "and Stallone"."""

from __future__ import annotations

from dataclasses import replace

from ..words.tokens import Text
from .reading import Reading

_JOINS = frozenset(("and", "or", "nor", "also"))
_TURNS = frozenset("i we but like love want some something a an the with more please".split())
MOST_WORDS = 5


def goes_on(text: Text) -> bool:
    """Whether a turn only adds names to what was said before: "and Stallone"."""
    words = text.words
    short = 1 < len(words) <= MOST_WORDS
    return short and words[0] in _JOINS and not _TURNS & set(words[1:])


def dislikes_on(reading: Reading, before: Reading) -> None:
    """Leave out what is named now as well, where the last turn did nothing but dislike.

    Only a verb of dislike goes on so: after "no horror" another kind may as well be a wish.
    """
    disliking = "blame" in before.acts or {"hate", "stand", "dislike"} & set(before.text.words)
    wished = before.liked or before.wishes or before.search or "request" in before.acts
    only = all(c.operator == "lacks" for c in before.conditions)
    left_out = before.conditions or before.disliked
    if not (disliking and only and left_out) or wished:
        return
    reading.conditions = [
        replace(c, operator="lacks") if c.operator == "has" else c for c in reading.conditions
    ]
    reading.disliked.extend(reading.liked)
    reading.liked = []
