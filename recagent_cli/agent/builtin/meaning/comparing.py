"""Asks to compare items: "Heat or Ronin?", "which is better for me, the first or the third?"."""

from __future__ import annotations

import re

from ...request import Question
from ..answers.aggregates import RATING
from .reading import Reading

_COMPARES = re.compile(
    r"\b(?:compare|comparison|differences?|differ|vs|versus|or|better|rather|than)\b|"
    r"\bwhich (?:of|one)\b|\bset(?:s)? .*\bapart\b"
)
FEWEST, MOST = 2, 5


def asks_to_compare(reading: Reading) -> bool:
    """Whether several items are named, and asked for is which, or how they differ.

    Where a column is asked for ("which is shorter, Heat or Ronin?") that is the answer.
    """
    known = {mention.id for mention in reading.about}
    if reading.question not in (Question("attribute", ""), Question("attribute", RATING)):
        return False
    if not FEWEST <= len(known) <= MOST or None in known or reading.wants_something:
        return False
    return bool(_COMPARES.search(reading.text.joined))
