"""Characters that nobody sees: counted where cleaning took them out of a stranger's text."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

MESSAGE = "control or hidden characters removed"
"""How a data report tells of them; with how many."""
LOOKED_AT = 100_000
_BLANK = frozenset("\t\n\v\f\r \x85\xa0\u2028\u2029")
_EMPTY = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks without a picture, beside what Unicode itself calls control or format."""


def removed(raw: str, cleaned: str) -> int:
    """How many control, format, private and invisible characters of a text did not stay.

    Args:
        raw: the text as it came; its first 100,000 characters are looked at.
        cleaned: what `text.clean` left of it.
    """
    if raw.strip() == cleaned or (raw.isascii() and raw.isprintable()):
        return 0
    gone = Counter(raw[:LOOKED_AT]) - Counter(cleaned)
    return sum(count for char, count in gone.items() if char not in _BLANK and is_hidden(char))


def is_hidden(char: str) -> bool:
    """Whether a character has no picture of its own."""
    return unicodedata.category(char)[0] == "C" or _EMPTY.match(char) is not None
