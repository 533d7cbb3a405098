"""A yes to a question that the assistant asked: what was asked for is then wanted."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..meaning.reading import Reading
from ..words.patterns import Pattern
from ..words.tokens import Text, tokenize

_ASKED = Pattern(
    r"\b(?:(?:do|would|did|are|were|will) (?:you|u) (?:\w+ ){0,2}?(?:like|love|enjoy|want|prefer|"
    r"fancy|into|looking|interested|thinking|hoping|mind|mood|fan)\b|(?:how|what) about\b|"
    r"is (?:it|that|this) \w+ ?\w* (?:you|u) (?:want|like|need))"
)
_YES = Pattern(
    r"^(?:(?:oh|ok|okay|well|ah|hmm|um|haha|wow|thanks|thank you) )*"
    r"(?:yes|yeah|yea|yeh|ya|yep|yup|yas|sure|definitely|absolutely|of course|certainly|exactly|"
    r"totally|indeed|please do|why not|i do|i am|i would|id love (?:that|to|one|some)|"
    r"(?:i )?(?:really )?(?:love|like|enjoy|adore) (?:them|those|it|that|these)|"
    r"(?:that|it) would be|(?:that )?sounds)\b"
)
_BUT = Pattern(r"\b(?:no|not|dont|but|rather|instead|except)\b")


def affirmed(text: Text, said: str, read: Callable[[Text], Reading]) -> Reading | None:
    """What the assistant's last question names, where the turn says yes to it.

    Args:
        text: the person's turn.
        said: what the assistant said before.
        read: reads a text by itself.
    """
    if not said or not _YES.match(text.joined) or _BUT.search(text.joined):
        return None
    for question in _questions(said):
        words = tokenize(question)
        asked = read(words) if _ASKED.search(words.joined) else None
        if asked is not None and (asked.conditions or asked.wishes or asked.weights):
            return asked
    return None


def _questions(said: str) -> list[str]:
    """The questions at the end of what was said, the last first."""
    sentences = [s for s in re.split(r"(?<=[.!?])\s+|\n", said.strip()) if s]
    return [s for s in reversed(sentences[-3:]) if s.endswith("?")]


def take_over(reading: Reading, asked: Reading) -> None:
    """Add what was said yes to; what the person says of the same sort goes before."""
    own = {c.column for c in reading.conditions}
    taken = [c for c in asked.conditions if c.column not in own]
    reading.conditions += taken
    reading.wishes += [w for w in asked.wishes if w.weight > 0]
    for name, weight in asked.weights.items():
        reading.weights.setdefault(name, weight)
    reading.unused = [] if len(reading.text.words) <= 2 else reading.unused
    reading.acts = (reading.acts | {"request"}) - {"accept", "praise", "seen"}
