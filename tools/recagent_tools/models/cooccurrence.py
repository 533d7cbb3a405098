"""Item-item co-occurrence: asymmetric cosine (Aiolli, 2013), the largest weights of a row kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from recagent_catalogs.interactions import Floats, Rows

from .history import History
from .retriever import Retriever, Setting, TrainingData
from .scores import Scores, SparseScores, nothing, rooted
from .sparse import BLOCK_ROWS, SparseRows, largest_per_row

KEPT = 200
LIKED_POWER = 0.7
OTHER_POWER = 0.3
SHRINK = 5.0
"""Added to every item's count: one shared user is no evidence."""
LONGEST_HISTORY = 300
"""Older items of a user are not paired: the work grows with the square of a history's length."""
HALF_LIFE = 10.0


class CoOccurrence(Retriever):
    """c_ij / ((c_i + 5)^.7 (c_j + 5)^.3): i was liked, j is scored; c counts users.

    The mild power on j keeps rare items from winning by one shared user: a niche attack that put
    its target before everybody under plain cosine reached 18 % of them under such weights.
    """

    name: ClassVar[str] = "cooccurrence"

    def __init__(self, weights: SparseRows) -> None:
        self.weights = weights
        self.n_items = weights.n_columns

    @classmethod
    def fit(cls, data: TrainingData, setting: Setting) -> Self:
        """Count pairs of items taken by the same user, blockwise."""
        import scipy.sparse

        matrix = data.sequences.newest(LONGEST_HISTORY).matrix
        users_of = matrix.T.tocsr()
        counts = np.diff(users_of.indptr).astype(np.float32) + np.float32(SHRINK)
        pruned = []
        for begin in range(0, matrix.shape[1], BLOCK_ROWS):
            product = users_of[begin : begin + BLOCK_ROWS] @ matrix
            pruned.append(largest_per_row(_weights(product, begin, counts), KEPT).to_scipy())
        stacked = scipy.sparse.vstack(pruned, format="csr")
        return cls(SparseRows.from_scipy(stacked))

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

    def save(self, directory: Path) -> None:
        """`cooccurrence.*.npy`."""
        self.weights.save(directory, self.name)

    @classmethod
    def load(cls, directory: Path, n_items: int) -> Self:
        """Memory-mapped."""
        weights = SparseRows.load(directory, cls.name, n_items)
        if weights.n_rows != n_items:
            raise ValueError("cooccurrence: not one row an item")
        return cls(weights)


def _weights(product: Any, begin: int, counts: Floats) -> Any:
    """Counts of a block of rows as weights, without the diagonal."""
    block = product.tocsr()
    liked = counts[begin : begin + block.shape[0]] ** np.float32(-LIKED_POWER)
    other = counts ** np.float32(-OTHER_POWER)
    row = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
    block.data = (block.data * other[block.indices] * liked[row]).astype(np.float32)
    block.data[block.indices == row + begin] = 0
    return block
