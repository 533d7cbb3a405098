"""Interactions as the models learn from them: each item once a user, oldest first, with weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.arrays import release
from recagent_catalogs.interactions import Floats, Interactions, Rows

from .history import History

WEAKEST_LIKE = 0.4
"""Weight of the lowest rating; the highest has 1. People mostly take what they expect to like, so
that even a low rating tells what kind of item someone takes."""
BLOCK = 1 << 18
"""Interactions that are looked through at once."""

NO_MOMENT = 100_000_000
"""Times below, in seconds since 1970, are running numbers: nothing was logged before 1973."""


@dataclass(frozen=True)
class Sequences:
    """What each user took, oldest first, each item once (its first time).

    What can be told from the rest (users, weights) is made when it is asked for: at 20 million
    interactions 4 bytes each are 80 MB.

    Attributes:
        item: int32 [n].
        rating: float32 [n], or None where values are no ratings.
        time: int64 [n], or None where nothing is known of the order.
        indptr: int64 [n_users + 1].
        n_items: number of items.
        scale: lowest and highest rating of all the data, or None without ratings.
    """

    item: Rows
    rating: Floats | None
    time: NDArray[np.int64] | None
    indptr: NDArray[np.int64]
    n_items: int
    scale: tuple[float, float] | None = None

    @classmethod
    def of(cls, interactions: Interactions) -> Sequences:
        """The same interactions, mapped ones not copied, without repeated pairs."""
        rating = interactions.value if interactions.explicit else None
        indptr = np.asarray(interactions.indptr, dtype=np.int64)
        whole = cls(interactions.item, rating, interactions.time, indptr, interactions.n_items)
        first = _first_times(whole)
        kept = whole if first is None else whole.take(first)
        if kept.rating is None or not len(kept):
            return kept
        scale = (float(kept.rating.min()), float(kept.rating.max()))
        release(kept.rating)
        return replace(kept, scale=scale)

    @property
    def n_users(self) -> int:
        """Number of users."""
        return len(self.indptr) - 1

    @property
    def ordered(self) -> bool:
        """Whether the order of a user's items is known."""
        return self.time is not None

    @cached_property
    def dated(self) -> bool:
        """Whether times are moments that different users share, not places in a list."""
        return self.time is not None and bool(len(self)) and int(self.time.max()) > NO_MOMENT

    def __len__(self) -> int:
        return len(self.item)

    @property
    def usual_length(self) -> float:
        """Items of a user who has any, on average."""
        return len(self) / max(1, int(np.count_nonzero(self.lengths())))

    def lengths(self) -> NDArray[np.int64]:
        """int64 [n_users], number of items of each user."""
        lengths: NDArray[np.int64] = np.diff(self.indptr)
        return lengths

    @cached_property
    def user(self) -> Rows:
        """int32 [n], ascending."""
        return np.repeat(np.arange(self.n_users, dtype=np.int32), self.lengths())

    @cached_property
    def weight(self) -> Floats:
        """float32 [n], in [0.4, 1] for ratings, else 1."""
        return self._weights(slice(None))

    def _weights(self, part: slice) -> Floats:
        if self.rating is None:
            return np.ones(len(self.item[part]), dtype=np.float32)
        return like_weights(self.rating[part], self.scale)

    def take(self, keep: NDArray[np.bool_]) -> Sequences:
        """Only the interactions of the mask (bool [n]); users keep their index."""
        lengths = self.lengths()
        filled = lengths > 0
        if filled.any():
            lengths[filled] = np.add.reduceat(keep, self.indptr[:-1][filled], dtype=np.int64)
        return replace(
            self,
            item=self.item[keep],
            rating=None if self.rating is None else self.rating[keep],
            time=None if self.time is None else self.time[keep],
            indptr=np.concatenate(([0], np.cumsum(lengths))),
        )

    def of_users(self, wanted: NDArray[np.bool_]) -> Sequences:
        """Only the interactions of some users (bool [n_users]); all keep their index."""
        return self.take(np.repeat(wanted, self.lengths()))

    def without_last(self, users: NDArray[Any]) -> Sequences:
        """Everything but the last item of these users, each of whom has one."""
        keep = np.ones(len(self), dtype=bool)
        keep[self.indptr[np.asarray(users) + 1] - 1] = False
        return self.take(keep)

    def newest(self, count: int) -> Sequences:
        """Only the last `count` items of each user."""
        longer = np.flatnonzero(self.lengths() > count)
        if not len(longer):
            return self
        keep = np.ones(len(self), dtype=bool)
        for begin, end in zip(self.indptr[longer], self.indptr[longer + 1] - count, strict=True):
            keep[begin:end] = False
        return self.take(keep)

    def history(self, user: int, end: int | None = None) -> History:
        """A user's items as a history, the first `end` of them if given."""
        begin, stop = int(self.indptr[user]), int(self.indptr[user + 1])
        stop = stop if end is None else min(begin + end, stop)
        part = slice(begin, stop)
        return History(self.item[part], self._weights(part), self.ordered)

    @property
    def matrix(self) -> Any:
        """Scipy CSR float32 [n_users, n_items] of ones; made anew each time, 8 bytes an entry."""
        import scipy.sparse

        ones = np.ones(len(self), dtype=np.float32)
        shape = (self.n_users, self.n_items)
        # a copy: sorting the indices in place would destroy the order in time
        matrix = scipy.sparse.csr_matrix((ones, np.array(self.item), self.indptr), shape=shape)
        release(self.item)
        matrix.sort_indices()
        return matrix


def _first_times(sequences: Sequences) -> NDArray[np.bool_] | None:
    """Mask of the first time of each pair, bool [n]; None where no pair is repeated."""
    first: NDArray[np.bool_] | None = None
    ends = sequences.indptr
    low = 0
    while low < sequences.n_users:
        high = int(np.searchsorted(ends, ends[low] + BLOCK, side="right")) - 1
        high = max(high, low + 1)
        begin, end = int(ends[low]), int(ends[high])
        person = np.repeat(np.arange(high - low), np.diff(ends[low : high + 1]))
        pairs = person * sequences.n_items + sequences.item[begin:end]
        ordered = np.sort(pairs)
        if np.any(ordered[1:] == ordered[:-1]):
            first = np.ones(len(sequences), dtype=bool) if first is None else first
            first[begin:end] = False
            first[begin + np.unique(pairs, return_index=True)[1]] = True
        low = high
    release(sequences.item)
    return first


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
