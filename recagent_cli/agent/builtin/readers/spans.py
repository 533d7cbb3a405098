"""Candidate readings of stretches of a request, and the choice of the best that fit together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Span:
    """One reading of the words from `start` to before `end`.

    Attributes:
        start, end: word numbers.
        kind: title, value, person, mood, quality, audience, compound, period, number, count, act,
            negation, reference, comparison, column, item, name.
        data: what it means; its type goes with the kind.
        score: how strong the evidence is; readings of the same words compete by it.
    """

    start: int
    end: int
    kind: str
    data: Any
    score: float

    def __len__(self) -> int:
        return self.end - self.start

    def overlaps(self, other: Span) -> bool:
        """Whether both read a common word."""
        return self.start < other.end and other.start < self.end


def choose(candidates: Iterable[Span]) -> list[Span]:
    """The best readings of which no two share a word, in the order of the text.

    Greedy by score (joint optimisation gained nothing in trials); equal scores prefer more words,
    then the earlier.
    """
    taken: list[Span] = []
    used: set[int] = set()
    for span in sorted(candidates, key=lambda s: (-s.score, -len(s), s.start, s.kind)):
        place = range(span.start, span.end)
        if not any(word in used for word in place):
            taken.append(span)
            used.update(place)
    return sorted(taken, key=lambda span: span.start)
