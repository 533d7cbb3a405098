"""Explanation: what the person would rate an item, with an interval."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .models.ratings import LEVEL
from .references import resolve
from .retrieve import profile_history
from .toolbox import Arguments, Tool, ToolContext, ToolResult

DRAWN = 10
"""Who has rated less than a few things gives in the mean what everybody does."""


@dataclass(frozen=True)
class PredictedRating:
    """What the person would give an item, in points of the catalog's scale.

    Attributes:
        id: of the item.
        title: with its year.
        rating: the expected one.
        low, high: between them the rating lies as often as `level` says.
        level: 0 to 1.
        known: by how many ratings of the person; likes and dislikes count as such.
        given: what the person gave themselves; None where they did not. The prediction does not
            look at it.
        usual: what the person gives in the mean, drawn to what people give by ten ratings.
        mean_rating: of all who rated the item; None where fewer than five did.
        people: how many took it.
        scale: the lowest and the highest rating there is.
    """

    id: str
    title: str
    rating: float
    low: float
    high: float
    level: float
    known: int
    given: float | None
    usual: float
    mean_rating: float | None
    people: int
    scale: tuple[float, float]

    def to_json(self) -> dict[str, Any]:
        """As JSON values; points with two decimals."""
        told = asdict(self)
        for name in ("rating", "low", "high", "usual", "mean_rating"):
            told[name] = None if told[name] is None else round(told[name], 2)
        return {**told, "scale": list(self.scale)}


class PredictRatingArguments(Arguments):
    """Arguments of `predict_rating`."""

    item: str


def ratings_of(context: ToolContext) -> dict[int, float]:
    """The person's ratings by row: a user of the data has their own; else those of the profile.

    What the person only liked or disliked counts as the rating that goes with such a verdict
    (`RatingModel.ratings_of`); a rating in points stands above it.

    Raises:
        NotFound: the catalog has no ratings to learn from, or its models know none.
    """
    model = context.engine.ratings
    if context.user is not None:
        return context.engine.user_ratings(context.user)
    given: Mapping[int, float] = context.profile.ratings
    return {**model.ratings_of(profile_history(context)), **given}


def predicted_rating(row: int, context: ToolContext, level: float = LEVEL) -> PredictedRating:
    """What the person would rate an item, by their ratings of others.

    Args:
        row: the item.
        context: holds catalog, models and person.
        level: how often the interval shall hold the rating.

    Raises:
        NotFound: as `ratings_of`.
    """
    ratings = ratings_of(context)
    given = ratings.pop(row, None)
    if context.user is None and row not in context.profile.ratings:
        given = None  # a like is no rating
    centre = context.engine.ratings.centre
    found = context.engine.predict_rating(np.array([row], np.int32), ratings, level=level)
    rating, low, high = (float(part[0]) for part in found)
    item = context.catalog.items([row])[0]
    mean = float(context.catalog.mean_rating[row])
    return PredictedRating(
        item.id,
        item.label,
        rating,
        low,
        high,
        level,
        len(ratings),
        given,
        (sum(ratings.values()) + DRAWN * centre) / (len(ratings) + DRAWN),
        None if np.isnan(mean) else mean,
        int(context.catalog.popularity[row]),
        context.engine.ratings.scale,
    )


def predict_rating(context: ToolContext, arguments: PredictRatingArguments) -> ToolResult:
    """What the person would rate one item."""
    told = predicted_rating(resolve(arguments.item, context), context).to_json()
    return ToolResult(json.dumps(told, ensure_ascii=False), told)


TOOLS = (
    Tool(
        "predict_rating",
        "explanation",
        "What the person would rate an item, and an 80 % interval.",
        PredictRatingArguments,
        predict_rating,
        offered=lambda context: bool(context.shown) and context.engine.rates,
    ),
)
