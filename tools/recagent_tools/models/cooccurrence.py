"""Item-item co-occurrence: asymmetric cosine (Aiolli, 2013), the largest weights of a row kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np

from recagent_catalogs.interactions import Floats, Rows

from .history import History
from .item_weights import ItemWeights
from .retriever import Setting, TrainingData
from .scores import Scores, SparseScores, nothing, rooted
from .sparse import SparseRows, largest_per_row

KEPT = 200
LIKED_POWER = 0.7
OTHER_POWER = 0.3
SHRINK = 5.0
"""Added to every item's count: one shared user is no evidence."""
LONGEST_HISTORY = 300
"""Older items of a user are not paired: the work grows with the square of a history's length."""
HALF_LIFE = 10.0
BLOCK_ENTRIES = 1 << 20
"""Entries of the product that are held at once by each thread, 8 bytes each."""


class CoOccurrence(ItemWeights):
    """c_ij / ((c_i + 5)^.7 (c_j + 5)^.3): i was liked, j is scored; c counts users.

    The mild power on j keeps rare items from winning by one shared user: a niche attack that put
    its target before everybody under plain cosine reached 18 % of them under such weights.
    """

    name: ClassVar[str] = "cooccurrence"

    @classmethod
    def fit(cls, data: TrainingData, setting: Setting) -> Self:
        """Count pairs of items taken by the same user, block by block of the rows."""
        # without times and ratings, which nothing here needs and the cut would copy
        bare = replace(data.sequences, rating=None, time=None)
        matrix = bare.newest(LONGEST_HISTORY).matrix
        users_of = matrix.T.tocsr()
        counts = np.diff(users_of.indptr).astype(np.float32) + np.float32(SHRINK)

        def block(begin: int, end: int) -> SparseRows:
            product = _weights(users_of[begin:end] @ matrix, begin, counts)
            return SparseRows.from_scipy(largest_per_row(product, KEPT).to_scipy())

        edges = _edges(users_of, matrix)
        # SciPy and NumPy let go of the interpreter's lock in their loops
        with ThreadPoolExecutor(setting.threads) as pool:
            return cls(SparseRows.stacked(list(pool.map(block, edges[:-1], edges[1:]))))

    def score(self, history: History) -> Scores:
        """Root of the sum over the history; newer items count more where there is an order."""
        recent = history.last(LONGEST_HISTORY)
        if not len(recent):
            return nothing(self.n_items, history.rows)
        rows, sums = self.weights.combined(recent.rows, recent.faded(HALF_LIFE))
        return SparseScores(self.n_items, history.rows, rows, rooted(sums))

    def nearest(self, history: History, rows: Rows) -> Floats:
        """The largest single weight to a liked item instead of the sum, float32 [len(rows)]."""
        recent = history.liked().last(LONGEST_HISTORY)
        return self.weights.weighted_max(recent.rows, recent.weights, rows)

    def pairs(self, row: int, counts: Floats) -> tuple[Rows, Floats]:
        """The kept neighbours of `row`, ascending, and how many users took both; float32.

        Args:
            row: an item.
            counts: float32 [n_items], users who took each item, as at the fit.
        """
        columns, values = self.weights.row(row)
        own = (counts[row] + np.float32(SHRINK)) ** np.float32(LIKED_POWER)
        others = (counts[columns] + np.float32(SHRINK)) ** np.float32(OTHER_POWER)
        return columns, np.asarray(np.rint(values * own * others), dtype=np.float32)


def _edges(users_of: Any, matrix: Any) -> list[int]:
    """Where blocks of rows begin, and the end: such that a block's product stays small."""
    n_items = matrix.shape[1]
    pairs = users_of @ np.diff(matrix.indptr).astype(np.float64)
    entries = np.cumsum(np.minimum(pairs, n_items))
    inner = np.searchsorted(entries, np.arange(BLOCK_ENTRIES, entries[-1], BLOCK_ENTRIES))
    edges: list[int] = np.unique(np.concatenate(([0], inner, [n_items]))).tolist()
    return edges


def _weights(product: Any, begin: int, counts: Floats) -> Any:
    """Counts of a block of rows as weights, in place, without the diagonal."""
    lengths = np.diff(product.indptr)
    end = begin + len(lengths)
    other = counts ** np.float32(-OTHER_POWER)
    product.data *= other[product.indices]
    product.data *= np.repeat(counts[begin:end] ** np.float32(-LIKED_POWER), lengths)
    own = np.repeat(np.arange(begin, end, dtype=product.indices.dtype), lengths)
    product.data[product.indices == own] = 0
    return product
