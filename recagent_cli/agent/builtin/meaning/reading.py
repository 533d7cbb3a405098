"""What one turn says, by itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from recagent_tools.conditions import Condition

from ...request import Mention, Question, Wish
from ..readers.spans import Span
from ..words.tokens import Text


@dataclass
class Reading:
    """What one turn says. Fields are named as in `Request`."""

    text: Text
    seeds: list[int] = field(default_factory=list)
    """Rows of what was liked in earlier turns: "but shorter" compares with them."""
    spans: list[Span] = field(default_factory=list)
    """The chosen readings of the turn's stretches."""
    topics: list[tuple[int, int]] = field(default_factory=list)
    """Stretches that say what the story is about, as (first word, end)."""
    acts: set[str] = field(default_factory=set)
    liked: list[Mention] = field(default_factory=list)
    disliked: list[Mention] = field(default_factory=list)
    seen: list[Mention] = field(default_factory=list)
    about: list[Mention] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    alternatives: set[str] = field(default_factory=set)
    wishes: list[Wish] = field(default_factory=list)
    weights: dict[str, float] = field(default_factory=dict)
    search: list[str] = field(default_factory=list)
    count: int | None = None
    question: Question | None = None
    among: bool = False
    freed: set[str] = field(default_factory=set)
    unused: list[str] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    lacking: str = ""
    """The limit that a number is asked for of which the catalog has none ("shorter")."""
    clarify: str = ""
    options: tuple[str, ...] = ()
    contradicted: str = ""
    """What is wanted and excluded at once, in words."""
    seen_it: bool = False
    """Whether what was offered is said to be known ("seen it"), and not only something named."""
    wished_at: int = -1
    """Number of the last word that names a wish."""
    thanked_at: int = -1
    """Number of the last word of thanks or farewell."""
    faults: bool = False
    """Whether something is said to be amiss with what was offered ("a bit too slow")."""
    refused: str = ""
    """Why no list can answer the turn."""
    pointed: bool = False
    described: list[str] = field(default_factory=list)
    """What was said of an item named or offered ("it's a 90s classic"); no wish."""
    allowed: set[tuple[str, str]] = field(default_factory=set)
    """Column and value of what may be there again ("thrillers are fine")."""
    asks_on: bool = False
    """Whether a question is followed by a request: "Is it any good? What else do you have?"."""
    named_items: bool = False
    """Whether a word for items in general ("a movie") stands in the turn."""

    @property
    def asks_fact(self) -> bool:
        """Whether numbers and qualities in the turn are what is asked for, and no wish."""
        return self.question is not None and self.question.kind in ("attribute", "average")

    @property
    def wants_something(self) -> bool:
        """Whether the turn names any wish beside titles."""
        return bool(self.conditions or self.wishes or self.weights or self.search)

    @property
    def kinds(self) -> int:
        """How many different sorts of wishes the turn names."""
        columns = {c.column for c in self.conditions}
        return (
            len(columns) + bool(self.liked) + bool(self.wishes or self.weights) + bool(self.search)
        )
