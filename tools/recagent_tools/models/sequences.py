"""Interactions as the models learn from them: each item once a user, oldest first, with weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats, Interactions, Rows

from .history import History

WEAKEST_LIKE = 0.4
"""Weight of the lowest rating; the highest has 1. People mostly take what they expect to like, so
that even a low rating tells what kind of item someone takes."""


@dataclass(frozen=True)
class Sequences:
    """What each user took, oldest first, each item once (its first time).

    Attributes:
        user: int32 [n], ascending.
        item: int32 [n].
        weight: float32 [n], in [0.4, 1] for ratings, else 1.
        rating: float32 [n], or None where values are no ratings.
        time: int64 [n], or None where nothing is known of the order.
        indptr: int64 [n_users + 1].
        n_items: number of items.
    """

    user: Rows
    item: Rows
    weight: Floats
    rating: Floats | None
    time: NDArray[np.int64] | None
    indptr: NDArray[np.int64]
    n_items: int

    @classmethod
    def of(cls, interactions: Interactions) -> Sequences:
        """Drop repeated pairs and turn ratings into weights."""
        keys = interactions.user.astype(np.int64) * interactions.n_items + interactions.item
        first = np.sort(np.unique(keys, return_index=True)[1])
        rating = None
        if interactions.explicit and interactions.value is not None:
            rating = np.asarray(interactions.value[first], dtype=np.float32)
        user = np.asarray(interactions.user[first])
        return cls(
            user,
            np.asarray(interactions.item[first]),
            like_weights(rating) if rating is not None else np.ones(len(first), np.float32),
            rating,
            None if interactions.time is None else np.asarray(interactions.time[first]),
            _pointers(user, interactions.n_users),
            interactions.n_items,
        )

    @property
    def n_users(self) -> int:
        """Number of users."""
        return len(self.indptr) - 1

    @property
    def ordered(self) -> bool:
        """Whether the order of a user's items is known."""
        return self.time is not None

    def __len__(self) -> int:
        return len(self.item)

    def lengths(self) -> NDArray[np.int64]:
        """int64 [n_users], number of items of each user."""
        lengths: NDArray[np.int64] = np.diff(self.indptr)
        return lengths

    def take(self, keep: NDArray[np.bool_]) -> Sequences:
        """Only the interactions of the mask (bool [n]); users keep their index."""
        user = self.user[keep]
        return Sequences(
            user,
            self.item[keep],
            self.weight[keep],
            None if self.rating is None else self.rating[keep],
            None if self.time is None else self.time[keep],
            _pointers(user, self.n_users),
            self.n_items,
        )

    def without_last(self, users: NDArray[Any]) -> Sequences:
        """Everything but the last item of these users, each of whom has one."""
        keep = np.ones(len(self), dtype=bool)
        keep[self.indptr[np.asarray(users) + 1] - 1] = False
        return self.take(keep)

    def newest(self, count: int) -> Sequences:
        """Only the last `count` items of each user."""
        age = self.indptr[self.user + 1] - 1 - np.arange(len(self))
        kept = age < count
        return self if kept.all() else self.take(kept)

    def history(self, user: int, end: int | None = None) -> History:
        """A user's items as a history, the first `end` of them if given."""
        begin, stop = int(self.indptr[user]), int(self.indptr[user + 1])
        stop = stop if end is None else min(begin + end, stop)
        return History(self.item[begin:stop], self.weight[begin:stop], self.ordered)

    @cached_property
    def matrix(self) -> Any:
        """Scipy CSR float32 [n_users, n_items] of ones; shared, so never changed in place."""
        import scipy.sparse

        ones = np.ones(len(self), dtype=np.float32)
        shape = (self.n_users, self.n_items)
        # a copy: sorting the indices in place would destroy the order in time
        matrix = scipy.sparse.csr_matrix((ones, self.item.copy(), self.indptr), shape=shape)
        matrix.sort_indices()
        return matrix


def like_weights(rating: Floats, scale: tuple[float, float] | None = None) -> Floats:
    """Ratings as weights, float32 in [0.4, 1]; all 1 where the scale is empty or a single value.

    Args:
        rating: float32 [n].
        scale: lowest and highest rating of the catalog; those of `rating` if None.
    """
    if not len(rating):
        return np.ones(0, dtype=np.float32)
    low, high = scale or (float(rating.min()), float(rating.max()))
    if high <= low:
        return np.ones(len(rating), dtype=np.float32)
    share = np.clip((rating - low) / (high - low), 0, 1)
    return np.asarray(WEAKEST_LIKE + (1 - WEAKEST_LIKE) * share, dtype=np.float32)


def _pointers(user: Rows, n_users: int) -> NDArray[np.int64]:
    counts = np.bincount(user, minlength=n_users)
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
