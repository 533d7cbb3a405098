"""Why an item is where it is, in figures out of the models and the bus; no prose.

What is said of it in words is made elsewhere, and checked against this.
"""

from __future__ import annotations

from dataclasses import dataclass


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
        features: what each feature adds to the ranker's score, largest first in size;
            `features_base` is the base and `features_score` the sum. Empty without a ranker.
        together: co-occurrence counts, most telling first; empty where people are simulated.
        shared: values shared with liked items, people first.
        taken_by: users who took it.
        mean_rating: of those who rated it; None where nobody did.
        recomputed: whether the profile or the models have changed since the list was made, so
            that figures are of now and not of then.
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
    features: tuple[FeatureShare, ...] = ()
    features_base: float = 0.0
    features_score: float = 0.0
    together: tuple[Together, ...] = ()
    shared: tuple[SharedValue, ...] = ()
    taken_by: int = 0
    mean_rating: float | None = None
    recomputed: bool = False
