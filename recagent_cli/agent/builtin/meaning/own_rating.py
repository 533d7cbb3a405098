"""What the person would give: "how would I rate Heat?", "would I like the second one?"."""

from __future__ import annotations

from dataclasses import replace

from ...request import Question, Request
from ..answers.aggregates import RATING
from ..words.patterns import Pattern
from ..words.tokens import Text

MINE = Pattern(
    r"\b(?:(?:would|will|might) (?:i|we) (?:\w+ly )?(?:like|enjoy|love|hate|rate|give|score)"
    r"|(?:how|what|whether|if|think|believe|guess|rating|stars|points|much) (?:that )?"
    r"(?:(?:i|we) (?:would|will|might)|id|ill) (?:\w+ly )?(?:like|enjoy|love|hate|rate|give|score)"
    r"|my (?:\w+ )?(?:rating|score) (?:of|for|on)) "
    r"(?:x|it|that|this|these|those|them|the|number|no)\b"
)
"""The title's words stand as x."""
_OWN = Pattern(
    r"\b(?:(?:would|will|might) (?:i|we)|(?:i|we) (?:would|will|might)|id|ill) (?:\w+ly )?"
    r"(?:like|enjoy|love|hate|rate|give|score)\b|\bmy (?:\w+ )?(?:rating|score) (?:of|for|on)\b"
)

_DOUBTS = Pattern(r"\byou (?:think|believe|guess|reckon) (?:that )?(?:id|i would) like\b")


def asks_whether_liked(text: Text) -> bool:
    """Whether "I'd like" asks for no items: "do you think I'd like Heat?"."""
    return bool(_DOUBTS.search(text.joined))


GIVES = frozenset(("rate", "give", "score", "predict", "expected", "predicted", "stars", "points"))
"""Words that such a question uses up."""


def own_rating(request: Request, text: Text) -> Request:
    """The request; where it asks what the person would give, as `Question("rating")`."""
    if request.question != Question("attribute", RATING) or not _OWN.search(text.joined):
        return request
    unused = tuple(word for word in request.unused if word.lower() not in GIVES)
    return replace(request, question=Question("rating"), unused=unused)
