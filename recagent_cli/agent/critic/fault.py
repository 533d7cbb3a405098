"""What is wrong with a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Aspect = Literal["factual", "personal", "coherent", "concise"]


@dataclass(frozen=True)
class Fault:
    """Something a text says that it must not say.

    Attributes:
        aspect: "factual": against the row or the catalog; "personal": of the person, who never said
            or did so (or nothing of them where it is wanted); "coherent": stronger or weaker than
            the item's place and predicted liking; "concise": too long, or said already.
        kind: what the claim is about: title, year, number, person, value, rank, praise, count,
            address, code, unproven (a word that nothing licenses), relation, taste, place, liking,
            length, repeated, filler, missing.
        text: the words.
        start, end: where they stand in the plain text (`plain`).
        told: what is claimed.
        truth: what holds instead, for people; "" where nothing is known.
        mend: what to put in place of `text`; "" where only striking helps.
    """

    aspect: Aspect
    kind: str
    text: str
    start: int
    end: int
    told: str
    truth: str = ""
    mend: str = ""

    def to_json(self) -> dict[str, str]:
        """The fault as `recagent.explanation/1` and turns print it."""
        return {"aspect": self.aspect, "kind": self.kind, "told": self.told, "truth": self.truth}
