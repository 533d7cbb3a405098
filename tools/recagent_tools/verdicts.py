"""What a person's words and ratings say of items, as the weights of a history."""

from __future__ import annotations

from .toolbox import ProfileView

WEAKEST = 0.4
"""The weight of a rating in the middle of the scale, as in training."""
UNKNOWN = -0.5
"""The weight of an item that a person does not know, as they said when they were asked: who has not
met what most have met takes less of what is like it. On ML-100K it took NDCG@10 after five answers
from .514 to .524 and after ten from .536 to .561 (`benchmarks/interview.py`)."""


def verdicts(profile: ProfileView, scale: tuple[float, float] | None) -> dict[int, float]:
    """The weight of each item that the profile likes or dislikes, by row, oldest first.

    The profile says which it is, by the latest word or rating. A word weighs 1. A rating weighs
    .4 + .6 d, where d is its distance from the middle of the scale, 0 to 1: the best is a like of
    1, the worst a dislike of 1. A rating that a later word contradicts says nothing.

    Args:
        profile: of whom.
        scale: lowest and highest points of the catalog; None where it has no ratings.
    """
    found: dict[int, float] = {}
    for rows, sign in ((profile.liked, 1.0), (profile.disliked, -1.0), (profile.never, -1.0)):
        for row in map(int, rows):
            found.pop(row, None)
            found[row] = sign
            if scale is not None and row in profile.ratings and scale[1] > scale[0]:
                from_middle = sign * _from_middle(profile.ratings[row], scale)
                if from_middle > 0:
                    found[row] = sign * (WEAKEST + (1 - WEAKEST) * min(1.0, from_middle))
    for row in map(int, profile.never):
        found[row] = -1.0
    return found


def _from_middle(points: float, scale: tuple[float, float]) -> float:
    low, high = scale
    return 2 * (points - low) / (high - low) - 1
