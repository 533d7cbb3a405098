"""What a person's likes have to do with an item: shares of its score, counts, common values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recagent_catalogs.schema import Role
from recagent_catalogs.store import Catalog

from .evidence import LikeShare, SharedValue, Together
from .models.history import History
from .toolbox import ToolContext

ENOUGH_TOGETHER = 5
"""Fewer people who took both are no evidence, and may be known by name."""
MOST_SHARED = 8


@dataclass(frozen=True)
class LikeShares:
    """What the likes add to the score of an item; see `Evidence`."""

    by: str
    likes: tuple[LikeShare, ...]
    prior: float
    score: float


def like_shares(row: int, history: History, context: ToolContext) -> LikeShares:
    """What each like of a history adds to the score of an item, largest first."""
    by, shares, prior = context.engine.shares(row, history)
    liked = np.flatnonzero(history.weights > 0)
    order = liked[np.argsort(-shares[liked], kind="stable")]
    likes = tuple(LikeShare(int(history.rows[n]), float(shares[n])) for n in order)
    score = float(shares[liked].sum(dtype=np.float64)) + prior
    return LikeShares(by, likes if by else (), prior, score)


def taken_together(
    row: int, history: History, context: ToolContext, least: int = ENOUGH_TOGETHER
) -> tuple[Together, ...]:
    """Likes that people took together with an item, most telling first; at least `least` of them.

    Counts of simulated people would be worth nothing, so there are none in such a catalog.
    """
    if context.catalog.schema.simulated:
        return ()
    found = context.engine.together(row, history.liked())
    return tuple(Together(*counts) for counts in found if counts[1] >= least)


def shared_values(row: int, liked: Sequence[int], catalog: Catalog) -> tuple[SharedValue, ...]:
    """Values that an item has in common with liked ones, most telling first.

    People before series, tags and kinds, then what few items have; each value once, with the first
    of the liked items that has it.
    """
    schema, told = catalog.schema, []
    roles = (Role.PEOPLE, Role.GROUP, Role.TAGS, Role.CATEGORIES)
    for rank, role in enumerate(roles):
        for column in schema.with_role(role):
            words = catalog.words(column.name)
            indptr, codes, _ = words.forward()
            mine = {int(code) for code in codes[indptr[row] : indptr[row + 1]]}
            for place, other in enumerate(liked):
                if other == row:
                    continue
                theirs = (int(code) for code in codes[indptr[other] : indptr[other + 1]])
                for code in theirs:
                    if code in mine:
                        mine.discard(code)
                        value = SharedValue(other, column.name, str(words.values[code]))
                        told.append((rank, int(words.counts[code]), place, value))
    told.sort(key=lambda entry: entry[:3])
    return tuple(value for *_, value in told[:MOST_SHARED])
