"""What the person would give: "how would I rate Heat?", "would I like the second one?"."""

from __future__ import annotations

import re
from dataclasses import replace

from ...request import Question, Request
from ..answers.aggregates import RATING
from ..words.patterns import Pattern
from ..words.tokens import Text, tokenize

MINE = Pattern(
    r"\b(?:(?:would|will|might) (?:i|we) (?:\w+ly )?(?:like|enjoy|love|hate|rate|give|score)"
    r"|(?:how|what|whether|if|think|believe|guess|rating|stars|points|much) (?:that )?"
    r"(?:(?:i|we) (?:would|will|might)|id|ill) (?:\w+ly )?(?:like|enjoy|love|hate|rate|give|score)"
    r"|my (?:\w+ )?(?:rating|score) (?:of|for|on)"
    r"|what (?:would|will|might) (?:i|we) (?:\w+ly )?(?:think of|think about|make of|say to|say of)"
    r"|(?:would|will|might) (?:i|we) (?:\w+ly |rather )?prefer) "
    r"(?:x|it|that|this|these|those|them|the|number|no)\b"
    r"|\b(?:would|will|might) (?:x|it|that|this)(?: \w+)*? (?:suit|please|"
    r"be (?:something|anything|good|right|any good|the thing|a good \w+) for) (?:me|us)\b"
    r"|\bwhich (?:one |(?:one )?of (?:the|these|those|them|x)(?: \w+)*? )?"
    r"(?:would|will|might) (?:i|we) (?:\w+ly |rather )?(?:like|enjoy|love|prefer|rate)\b"
)
"""The title's words stand as x."""
_OWN = Pattern(
    r"\b(?:(?:would|will|might) (?:i|we)|(?:i|we) (?:would|will|might)|id|ill) (?:\w+ly )?"
    r"(?:rather )?(?:like|enjoy|love|hate|rate|give|score|prefer|think|make of|say to|say of)\b"
    r"|\bmy (?:\w+ )?(?:rating|score) (?:of|for|on)\b"
    r"|\b(?:would|will|might) .*(?:suit|please|for) (?:me|us)\b"
)
_AFTER_A_STATEMENT = re.compile(
    r"^(?P<told>\s*(?:i|we|my)\b.+?)(?<!\bdr)(?<!\bmr)[,;.!:]\s+(?:(?:and|but|so|then)\s+)*"
    r"(?P<asked>(?:(?:what|how|which|do)\b.{0,70}?\s+(?:would|will|might|i['’]?d)|would|will|might)"
    r"\s.+)$",
    re.I | re.S,
)


_DOUBTS = Pattern(r"\byou (?:think|believe|guess|reckon) (?:that )?(?:id|i would) like\b")


def asks_whether_liked(text: Text) -> bool:
    """Whether "I'd like" asks for no items: "do you think I'd like Heat?"."""
    return bool(_DOUBTS.search(text.joined))


GIVES = frozenset(
    "rate give score predict expected predicted stars points suit please think make".split()
)
"""Words that such a question uses up."""


def told_before(raw: str) -> tuple[str, str] | None:
    """What is told, and the question after it: "I loved Heat, what would I think of Ronin?"."""
    match = _AFTER_A_STATEMENT.match(raw)
    if match is None or not _OWN.search(tokenize(match["asked"]).joined):
        return None
    return match["told"], match["asked"]


def own_rating(request: Request, text: Text) -> Request:
    """The request; where it asks what the person would give, as `Question("rating")`."""
    if request.question != Question("attribute", RATING) or not _OWN.search(text.joined):
        return request
    unused = tuple(word for word in request.unused if word.lower() not in GIVES)
    return replace(request, question=Question("rating"), unused=unused)
