"""Why an item is where it is, in figures out of the models and the bus; no prose.

What is said of it in words is made elsewhere, and checked against this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .models.feature_words import ABOUT_YOU
from .together import Fares

WhyNotKind = Literal[
    "shown",
    "named",
    "shown_before",
    "seen",
    "disliked",
    "never",
    "never_value",
    "recent",
    "unwanted",
    "condition",
    "set",
    "words",
    "retrieved",
    "cut",
    "ranked",
    "drawn",
    "forgotten",
]
"""Where an item of the catalog is with regard to a list; see `WhyNot`."""
ChangeKind = Literal["drop", "widen", "add", "more", "weight", "unsee", "like"]

TELLING = 0.02
"""Shares of the ranker's score that are smaller are not told one by one."""


@dataclass(frozen=True)
class StagePlace:
    """A stage that the item went through.

    Attributes:
        number: of the stage on the bus.
        tool: its tool.
        note: its line of the funnel.
        place: the item's place among the stage's candidates, from 1; None where they have no order.
        of: number of candidates it left.
    """

    number: int
    tool: str
    note: str
    place: int | None
    of: int


@dataclass(frozen=True)
class LikeShare:
    """What one item of the person's history adds to the ALS score of the item.

    Exact: the shares of all likes and the prior's share sum to the score (Hu, Koren and Volinsky
    2008, section 5).
    """

    row: int
    share: float


@dataclass(frozen=True)
class Together:
    """Of `of` people who took the liked item `row`, `both` took this one too."""

    row: int
    both: int
    of: int


@dataclass(frozen=True)
class FeatureShare:
    """What a feature adds to the ranker's score (SHAP value of the tree model).

    Attributes:
        name: column of the feature matrix.
        words: what it means, for people.
        value: of the feature; None where unknown.
        share: added to the score; all of them and the ranker's base sum to it.
    """

    name: str
    words: str
    value: float | None
    share: float


@dataclass(frozen=True)
class ScorePart:
    """One part of the final score: parts sum to the score in the column `score` of the bus."""

    name: str
    words: str
    share: float


@dataclass(frozen=True)
class SharedValue:
    """A path from a liked item over a value of a column to this item: Alien, director, Scott."""

    liked: int
    column: str
    value: str


@dataclass(frozen=True)
class Evidence:
    """All that speaks for an item of a list.

    Attributes:
        row: the item.
        number: of the list; 0 where it is judged without one.
        place: in the list, from 1; None where it is not in it.
        of: how many items the list has.
        candidates: how many were ranked.
        score: the final one; None without a ranking.
        stages: that it went through, in order.
        conditions: that it meets, as the grammar of `filter` writes them.
        parts: of the final score, largest share first.
        likes: what each like adds to the ALS score, largest first; `likes_prior` is the prior's
            share and `likes_score` the sum.
        likes_by: "als"; "content" where ALS does not know the item: shares are then how alike the
            words are; "" without likes.
        features: what each feature adds to the ranker's score, largest first in size;
            `features_base` is the base and `features_score` the sum. Empty without a ranker.
        together: co-occurrence counts, most telling first; empty where people are simulated.
        shared: values shared with liked items, people first.
        taken_by: users who took it.
        mean_rating: of those who rated it; None where nobody did.
        order: column whose numbers order the list; "" where a score does.
        recomputed: whether the profile or the models have changed since the list was made, so
            that figures are of now and not of then.
        fares: where the list is for several people, how each one fares with the item. Likes and
            features are of the person who asks.
    """

    row: int
    number: int = 0
    place: int | None = None
    of: int = 0
    candidates: int = 0
    score: float | None = None
    stages: tuple[StagePlace, ...] = ()
    conditions: tuple[str, ...] = ()
    parts: tuple[ScorePart, ...] = ()
    likes: tuple[LikeShare, ...] = ()
    likes_prior: float = 0.0
    likes_score: float = 0.0
    likes_by: str = ""
    features: tuple[FeatureShare, ...] = ()
    features_base: float = 0.0
    features_score: float = 0.0
    together: tuple[Together, ...] = ()
    shared: tuple[SharedValue, ...] = ()
    taken_by: int = 0
    mean_rating: float | None = None
    order: str = ""
    recomputed: bool = False
    fares: Fares | None = None

    def grouped(self) -> list[tuple[str, float]]:
        """What the ranker made of the item, (words, share), largest in size first.

        Features of the same words are one; what is the same for all items is left out, and what
        counts little.
        """
        sums: dict[str, float] = {}
        for feature in self.features:
            if feature.words != ABOUT_YOU:
                sums[feature.words] = sums.get(feature.words, 0.0) + feature.share
        told = [(words, share) for words, share in sums.items() if abs(share) >= TELLING]
        return sorted(told, key=lambda pair: -abs(pair[1]))


@dataclass(frozen=True)
class FailedCondition:
    """A condition that an item does not meet.

    Attributes:
        text: as the grammar of `filter` writes it.
        column: of the schema.
        value: what the item has instead, for people ("117 min", "Horror, Sci-Fi"); "" where
            nothing is known.
    """

    text: str
    column: str
    value: str


@dataclass(frozen=True)
class RetrieverPlace:
    """The item's place by one retriever among the candidates that it was asked about, from 1."""

    name: str
    place: int
    of: int


@dataclass(frozen=True)
class Change:
    """One change of a request.

    Attributes:
        kind: "drop" a condition, search words or a step; "widen" a condition; "add" one; show
            "more" items; give a "weight" to an aspect; "unsee" the item (take back that it was
            seen, shown or disliked); "like": not name it as liked.
        was: the condition, words or step as it was; "" where there was none.
        now: what stands in its place: the condition, "novelty=1", the number of items; "" for
            nothing.
    """

    kind: ChangeKind
    was: str = ""
    now: str = ""


@dataclass(frozen=True)
class WayIn:
    """Changes that together would make the item a candidate, tried out.

    Attributes:
        changes: all of them are needed.
        left: how many items then meet the conditions.
        place: the item's place then; None where the candidates have no order.
    """

    changes: tuple[Change, ...]
    left: int
    place: int | None


@dataclass(frozen=True)
class WhyNot:
    """Why an item is not in a list, or where in it it is: one answer for each of the catalog.

    Attributes:
        row: the item.
        kind: "shown" (it is in the list) · "named" by the person as liked, so that the list is of
            what is like it · "shown_before" · "seen" · "disliked" · "never" · "never_value" (it has
            a value that is never wanted) · "recent" (shown of late) · "unwanted" (not on the
            watchlist, which alone was meant) · "condition" (it failed one first) · "set"
            (left out by an operation on lists and sets) · "words" (the words searched for) ·
            "retrieved" (not among the best that the models brought) · "cut" (behind the last one
            that the ranking kept) · "ranked" (a candidate, behind the list) · "drawn" (it was in
            the pool of a random draw) · "forgotten" (of the steps to the list too little was kept
            to tell).
        number: of the list; 0 where none was shown.
        of: how many items the list has.
        place: in the list where it is shown, else among the candidates; None without an order.
        candidates: how many there are at the end.
        stage: number, on the bus, of the stage that dropped it; None while it is a candidate.
        note: that stage's line of the funnel.
        failed: all conditions of the request that it fails, in their order.
        met: those that it meets.
        last: row of the last item shown, with which it is compared.
        lost: what the score has less than that of `last`, largest loss first; they sum to the
            difference.
        retrieved: its places by the retrievers, where they dropped it.
        user: whether it was left out for being in the history of a user of the data.
        words: that it does not match, for "words"; the value, for "never_value".
        order: column by whose numbers the list is ordered; "" where a score orders it.
        value: what it has in that column, for people; "" where it is not known.
        others: whether it is kept out by another of the people for whom the list is, not by the
            person who asks.
        undo: id of the event by which it or its value is never wanted; 0 where not known.
        ways: what would bring it in, smallest first.
    """

    row: int
    kind: WhyNotKind
    number: int = 0
    of: int = 0
    place: int | None = None
    candidates: int = 0
    stage: int | None = None
    note: str = ""
    failed: tuple[FailedCondition, ...] = ()
    met: tuple[str, ...] = ()
    last: int | None = None
    lost: tuple[ScorePart, ...] = ()
    retrieved: tuple[RetrieverPlace, ...] = ()
    user: bool = False
    words: str = ""
    order: str = ""
    value: str = ""
    others: bool = False
    undo: int = 0
    ways: tuple[WayIn, ...] = ()
