"""What one retriever says of all items for one history, without a number for each of them.

Nothing here grows with the catalog unless a model has something to say of every item: sparse models
keep the items they reach, factor models multiply only the rows that are asked for, and the moments
which standardise scores come in closed form or from what is stored.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats, Rows

from .topk import Best as Best
from .topk import Mask as Mask
from .topk import largest, true_rows

RANKED = 500
"""Ranks are exact up to here; everything behind counts as this."""
FLAT = 1e-9
"""Scores that deviate less are all the same."""


class Scores(ABC):
    """Scores of `n_items` items for one history; more is better.

    Attributes:
        n_items: how many items there are.
        seen: int32 [k], rows of the history: never among the best, and no part of the moments.
    """

    def __init__(self, n_items: int, seen: Rows) -> None:
        self.n_items, self.seen = n_items, seen

    @abstractmethod
    def of(self, rows: Rows) -> Floats:
        """float32 [len(rows)], of these items."""

    @abstractmethod
    def top(self, k: int, mask: Mask | None = None) -> Best:
        """At most `k` best unseen items of which the model has something good to say.

        Args:
            k: how many.
            mask: bool [n_items], the only items allowed.
        """

    @abstractmethod
    def moments(self) -> tuple[float, float]:
        """Mean and deviation over all unseen items."""

    def dense(self) -> Floats:
        """float32 [n_items], of all items."""
        return self.of(np.arange(self.n_items, dtype=np.int32))

    @cached_property
    def best(self) -> Best:
        """The best `RANKED`."""
        return self.top(RANKED)

    @cached_property
    def scale(self) -> tuple[np.float32, np.float32]:
        """Mean, and one by the deviation; 0 where all are the same."""
        mean, deviation = self.moments()
        return np.float32(mean), np.float32(0 if deviation < FLAT else 1 / deviation)

    def z(self, rows: Rows) -> Floats:
        """Standard scores of these rows; all zero where the model has nothing to say."""
        mean, factor = self.scale
        return (self.of(rows) - mean) * factor

    def log_rank(self, values: Floats) -> Floats:
        """Log of the rank that scores have; of equal ones all have the worst; float32."""
        return log_rank(self.best[1][::-1], values)


class SparseScores(Scores):
    """Scores of the few items that a model reaches; all others have 0."""

    def __init__(self, n_items: int, seen: Rows, rows: Rows, values: Floats) -> None:
        """Rows int32 ascending, each once; values float32."""
        super().__init__(n_items, seen)
        self.rows, self.values = rows, values

    def of(self, rows: Rows) -> Floats:
        """Looked up; 0 where nothing is said."""
        if not len(self.rows):
            return np.zeros(len(rows), dtype=np.float32)
        place = np.minimum(np.searchsorted(self.rows, rows), len(self.rows) - 1)
        return np.where(self.rows[place] == rows, self.values[place], np.float32(0))

    def top(self, k: int, mask: Mask | None = None) -> Best:
        """Only scores above 0."""
        rows, values = self._unseen
        good = values > 0 if mask is None else (values > 0) & mask[rows]
        rows, values = rows[good], values[good]
        chosen = largest(values, k)
        return rows[chosen], values[chosen]

    def moments(self) -> tuple[float, float]:
        """From the entries; the others are zeros."""
        _, values = self._unseen
        count = max(1, self.n_items - len(self.seen))
        mean = float(values.sum(dtype=np.float64)) / count
        square = float(np.dot(values, values)) / count
        return mean, float(np.sqrt(max(square - mean * mean, 0.0)))

    @cached_property
    def _unseen(self) -> Best:
        if not len(self.seen):
            return self.rows, self.values
        keep = unseen(self.rows, self.seen)
        return self.rows[keep], self.values[keep]


class DenseScores(Scores):
    """Scores that are there for every item."""

    def __init__(self, values: Floats, seen: Rows) -> None:
        """Values float32 [n_items]."""
        super().__init__(len(values), seen)
        self.values = values

    def of(self, rows: Rows) -> Floats:
        """Taken out."""
        return self.values[rows]

    def dense(self) -> Floats:
        """As they are; not to be changed."""
        return self.values

    def top(self, k: int, mask: Mask | None = None) -> Best:
        """All items are ranked."""
        if mask is None:
            rows = largest(self.values, k + len(self.seen))
            rows = rows[~np.isin(rows, self.seen)][:k]
        else:
            allowed = true_rows(mask)
            allowed = allowed[unseen(allowed, self.seen)]
            rows = allowed[largest(self.values[allowed], k)].astype(np.int32)
        values = self.values[rows]
        told = values > -np.inf
        return rows[told], values[told]

    def moments(self) -> tuple[float, float]:
        """Over all but the seen ones."""
        taken = self.values[self.seen].astype(np.float64)
        count = max(1, self.n_items - len(self.seen))
        mean = (float(self.values.sum(dtype=np.float64)) - float(taken.sum())) / count
        square = (float(np.dot(self.values, self.values)) - float(taken @ taken)) / count
        return mean, float(np.sqrt(max(square - mean * mean, 0.0)))


def unseen(rows: NDArray[Any], seen: Rows) -> Mask:
    """Which of the rows, ascending and each once, are not seen; bool [len(rows)]."""
    keep = np.ones(len(rows), dtype=bool)
    if len(rows):
        place = np.minimum(np.searchsorted(rows, seen), len(rows) - 1)
        keep[place[rows[place] == seen]] = False
    return keep


def nothing(n_items: int, seen: Rows) -> SparseScores:
    """What a model says that has nothing to say."""
    return SparseScores(n_items, seen, np.empty(0, np.int32), np.empty(0, np.float32))


def rooted(values: Floats) -> Floats:
    """Square roots that keep their sign.

    Sums of few large weights have heavy tails; their roots are what can be standardised.
    """
    return np.asarray(np.sign(values) * np.sqrt(np.abs(values)), dtype=np.float32)


def log_rank(ascending: Floats, values: Floats) -> Floats:
    """Log of the ranks of values among `ascending` ones; of equal values all have the worst."""
    rank = len(ascending) - np.searchsorted(ascending, values, side="left")
    return np.log(np.maximum(rank, 1)).astype(np.float32)
