"""People with a like taste: what the users took who share most with the history."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from recagent_catalogs.interactions import Floats, Rows

from .history import History
from .retriever import Retriever, Setting, TrainingData
from .scores import Scores, SparseScores, nothing, rooted
from .sequences import Sequences
from .sparse import SparseRows
from .topk import largest

NEAREST = 100
LENGTH_POWER = 0.3
LIKENESS_POWER = 2.0
"""Squared, the likeness of the nearest counts most, and the number of them hardly matters."""
MOST_USERS = 20_000
NEWEST = 1_000
MOST_ENTRIES = 4_000_000


class UserKNN(Retriever):
    """The sum of the items of the nearest users, weighted by likeness.

    Likeness is (shared items / user's items ^ .3) ^ 2. Stored are the items of each user and,
    transposed, the users of each item; of many users those with the longest histories.
    """

    name: ClassVar[str] = "user_knn"

    def __init__(self, items_of: SparseRows, users_of: SparseRows) -> None:
        self.items_of, self.users_of = items_of, users_of
        self.n_items = items_of.n_columns
        lengths = np.maximum(np.diff(items_of.indptr), 1).astype(np.float32)
        self._scale = lengths ** np.float32(-LENGTH_POWER)

    @classmethod
    def fit(cls, data: TrainingData, setting: Setting) -> Self:
        """Keep the newest 1,000 items of each user, and at most 20,000 users."""
        kept = replace(data.sequences, rating=None, time=None).newest(NEWEST)
        items_of = SparseRows.from_scipy(kept.matrix[_longest(kept)])
        return cls(items_of, items_of.transposed())

    def score(self, history: History) -> Scores:
        """Root of the sum; nothing where nobody shares anything."""
        liked = history.liked().last(NEWEST)
        if not len(liked):
            return nothing(self.n_items, history.rows)
        users, weights = self._nearest(*self.users_of.combined(liked.rows, liked.weights))
        rows, sums = self.items_of.combined(users, weights)
        return SparseScores(self.n_items, history.rows, rows, rooted(sums))

    def _nearest(self, users: Rows, shared: Floats) -> tuple[Rows, Floats]:
        """The nearest of these users, ascending, and their squared likeness."""
        likeness = shared * self._scale[users]
        best = np.sort(largest(likeness, NEAREST))
        return users[best], likeness[best] ** np.float32(LIKENESS_POWER)

    def save(self, directory: Path) -> None:
        """`user_knn.items.*.npy` and `user_knn.users.*.npy`."""
        self.items_of.save(directory, f"{self.name}.items")
        self.users_of.save(directory, f"{self.name}.users")

    @classmethod
    def load(cls, directory: Path, n_items: int) -> Self:
        """Memory-mapped."""
        items_of = SparseRows.load(directory, f"{cls.name}.items", n_items)
        users_of = SparseRows.load(directory, f"{cls.name}.users", items_of.n_rows)
        if users_of.n_rows != n_items:
            raise ValueError("user_knn: not one row an item")
        return cls(items_of, users_of)


def _longest(sequences: Sequences) -> Rows:
    """Users with items, those with the most first chosen; ascending."""
    lengths = sequences.lengths()
    best = np.argsort(-lengths, kind="stable")[:MOST_USERS]
    best = best[(lengths[best] > 0) & (np.cumsum(lengths[best]) <= MOST_ENTRIES)]
    return np.sort(best).astype(np.int32)
