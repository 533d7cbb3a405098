"""What people take next: windowed transitions between items, both directions."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from .history import History
from .retriever import Retriever, Setting, TrainingData
from .scores import Scores, SparseScores, nothing, rooted
from .sequences import Sequences
from .sparse import SparseRows, largest_per_row

WINDOW = 10
KEPT = 200
BACKWARD = 0.5
"""Weight of "j came before i" beside "j came after i"."""
LAST = 10
HALF_LIFE = 3.0
SHRINK = 20.0
"""Added to the count of i: what followed an item once is no habit."""
OTHER_POWER = 0.1


class Transitions(Retriever):
    """Row i holds how often j stood within `WINDOW` places after i (and, weaker, before it).

    A place g off counts 1 / sqrt(g). Scores sum the rows of the last ten items. Without an order in
    the data it has nothing to learn from and scores nothing.
    """

    name: ClassVar[str] = "transitions"

    def __init__(self, weights: SparseRows) -> None:
        self.weights = weights
        self.n_items = weights.n_columns

    @classmethod
    def fit(cls, data: TrainingData, setting: Setting) -> Self:
        """Count the pairs of the window."""
        import scipy.sparse

        sequences = data.sequences
        shape = (sequences.n_items, sequences.n_items)
        counts = scipy.sparse.csr_matrix(shape, dtype=np.float32)
        if sequences.ordered:
            for gap in range(1, WINDOW + 1):
                counts = counts + _pairs(sequences, gap, shape)
        counts = (counts + np.float32(BACKWARD) * counts.T).tocsr()
        taken = np.bincount(sequences.item, minlength=sequences.n_items).astype(np.float32)
        row = np.repeat(np.arange(shape[0]), np.diff(counts.indptr))
        other = np.maximum(taken, 1) ** np.float32(OTHER_POWER)
        bottom = (taken + np.float32(SHRINK))[row] * other[counts.indices]
        counts.data = (counts.data / bottom).astype(np.float32)
        return cls(largest_per_row(counts, KEPT))

    def score(self, history: History) -> Scores:
        """From the last ten items; of an unordered history all count alike."""
        recent = history.last(LAST) if history.ordered else history
        if not len(recent):
            return nothing(self.n_items, history.rows)
        rows, sums = self.weights.combined(recent.rows, recent.faded(HALF_LIFE))
        return SparseScores(self.n_items, history.rows, rows, rooted(sums))

    def save(self, directory: Path) -> None:
        """`transitions.*.npy`."""
        self.weights.save(directory, self.name)

    @classmethod
    def load(cls, directory: Path, n_items: int) -> Self:
        """Memory-mapped."""
        weights = SparseRows.load(directory, cls.name, n_items)
        if weights.n_rows != n_items:
            raise ValueError("transitions: not one row an item")
        return cls(weights)


def _pairs(sequences: Sequences, gap: int, shape: tuple[int, int]) -> Any:
    """Counts of "column came exactly `gap` places after row", by the gap's root."""
    import scipy.sparse

    same = sequences.user[gap:] == sequences.user[:-gap]
    earlier, later = sequences.item[:-gap][same], sequences.item[gap:][same]
    ones = np.full(len(earlier), gap**-0.5, dtype=np.float32)
    pairs = scipy.sparse.csr_matrix((ones, (earlier, later)), shape=shape)
    pairs.sum_duplicates()
    return pairs
