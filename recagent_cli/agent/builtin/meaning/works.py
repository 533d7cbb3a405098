"""Questions for what somebody made: "what has she directed?", "was he ever in a western?"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from ...request import Question
from ..readers.spans import Span
from ..words.patterns import Pattern
from ..words.tokens import Text

_LEAD = (
    r"^(?:(?:and|so|yes|no|oh|ok|okay|hi|hello|hey|well|but|please|also|do you (?:happen to )?know|"
    r"(?:can|could|would) you (?:please )?tell me|tell me|i wonder|any idea) )*"
)
_DOES = (
    r"(?:ever |also |recently |not )?(?:direct|directed|make|made|been|be|star|starred|play|played|"
    r"act|acted|appear|appeared|write|wrote|written|produce|produced|done|in|work|worked|feature|"
    r"featured|create|created|release|released|develop|developed|publish|published|do)\b"
)
_WHAT = Pattern(
    _LEAD + r"(?:what|which)(?: \w+){0,4} (?:has|have|had|did|does|do|is|was|are|were) p " + _DOES
)
_KNOWS = Pattern(
    _LEAD + r"(?:what|which)(?: \w+){1,4} p (?:(?:has|have|had|is|was|are|were|did) )?" + _DOES
)
_EVER = Pattern(_LEAD + r"(?:has|have|had|did|does|do|was|were|is) p " + _DOES)
_LAST = Pattern(
    _LEAD + r"(?:what|whats|which)(?: is| was| are| were)? (?:the |p s? ?)?"
    r"(?:latest|newest|last|most recent|first|earliest|debut)\b.*"
)
_TASTE = Pattern(
    r"\b(?:good|great|best|top|favou?rites?|recommend|suggest|should|popular|famous|worth|must|"
    r"like|better|you)\b"
)
_PEOPLE = ("person", "stranger")


def asks_works(text: Text, spans: Sequence[Span]) -> Question | None:
    """What is asked of somebody's works, or None.

    Returns:
        "items" for the works themselves, "count" for whether there are any.
    """
    if any(s.kind in ("title", "name") for s in spans):
        return None
    starts = [i for i in range(len(text.words)) if text.begins_sentence(i)]
    for start, end in pairwise([*starts, len(text.words)]):
        words = _with_people(text, spans, start, end)
        if " p" not in words:
            continue
        asked = re.sub(_LEAD, "", words)
        if _TASTE.search(asked):
            continue
        if _WHAT.match(words) or _KNOWS.match(words) or _LAST.match(words):
            return Question("items")
        if _EVER.match(words):
            return Question("count")
    return None


def _with_people(text: Text, spans: Sequence[Span], start: int, end: int) -> str:
    """The sentence's words, each person one "p"."""
    words: list[str] = []
    known = any(s.kind in _PEOPLE and s.end <= start for s in spans)
    place = start
    while place < end:
        person = next((s for s in spans if s.start == place and s.kind in _PEOPLE), None)
        named = person or known and text.words[place] in ("he", "she", "they")
        words.append("p" if named else text.words[place])
        place = person.end if person else place + 1
    return " ".join(words)
