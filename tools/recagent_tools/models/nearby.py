"""What is taken near what: a closed-form item model over short windows instead of whole histories.

EASE (Steck, 2019) explains an item by everything else that its users took. Here only what stands
near counts: the Gram matrix is that of a triangular window which slides along every history, so
that it is as if each stretch of a history were a user. On MovieLens 100K that took the best single
retriever's NDCG@10 for the next item from .12 to .14 (second-last items).
"""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats

from .closed_form import empty, most_popular, pruned, spread
from .history import History
from .item_weights import ItemWeights
from .retriever import Setting, TrainingData
from .scores import Scores, SparseScores, nothing, rooted
from .sequences import Sequences

WINDOW = 40
"""A pair g places apart counts 1 - g / 40."""
DROPOUT = 0.7
"""Share of a window that is thought away, see `ease`."""
RIDGE = 30.0
BACKWARD = 0.6
"""Weight of "j came before i" beside "j came after i" in what is to be explained."""
MOST_ITEMS = 4_000
"""Only the most popular: three matrices of 4 n^2 bytes, and 2.3 n^3 multiplications."""
QUICK_ITEMS = 1_500
KEPT = 300
STRIP = 1 << 18
"""Places whose pairs are counted at once."""
LAST = 30
HALF_LIFE = 4.0
NEWEST = 3
NEARBY_FEATURES: tuple[str, ...] = tuple(f"nearby.{place}" for place in range(1, NEWEST + 1))


class Nearby(ItemWeights):
    """Row i holds what having just taken i says for every other item."""

    name: ClassVar[str] = "nearby"

    @classmethod
    def fit(cls, data: TrainingData, setting: Setting) -> Self:
        """Solve for the most popular items; nothing is learnt where there is no order."""
        sequences = data.sequences
        most = min(setting.solved, QUICK_ITEMS if setting.quick else MOST_ITEMS)
        taken = np.bincount(sequences.item, minlength=sequences.n_items)
        chosen = most_popular(taken, most)
        if not sequences.ordered or not len(chosen):
            return cls(empty(sequences.n_items))
        ahead = window_counts(sequences, chosen)
        weights = near_weights(ahead, taken[chosen].astype(np.float32))
        return cls(spread(pruned(weights, KEPT), chosen, sequences.n_items))

    def score(self, history: History) -> Scores:
        """Sum over the last 30 items, fading fast; of an unordered history all count alike."""
        recent = history.last(LAST) if history.ordered else history
        if not len(recent):
            return nothing(self.n_items, history.rows)
        rows, sums = self.weights.combined(recent.rows, _fading(recent))
        return SparseScores(self.n_items, history.rows, rows, rooted(sums))

    def features(self, history: History, rows: NDArray[np.int32]) -> Floats:
        """float32 [len(rows), 3]: the weights from each of the last three; NaN without an order."""
        out = np.full((len(rows), NEWEST), np.nan, dtype=np.float32)
        if not history.ordered:
            return out
        out[:] = 0
        for place, item in enumerate(history.rows[::-1][:NEWEST].tolist()):
            columns, values = self.weights.row(item)
            if len(columns):
                at = np.minimum(np.searchsorted(columns, rows), len(columns) - 1)
                out[:, place] = np.where(columns[at] == rows, values[at], 0)
        return out


def window_counts(sequences: Sequences, chosen: NDArray[np.int64]) -> Floats:
    """float32 [n, n]: how near after the row's item the column's came, summed over all histories.

    Args:
        sequences: what users took; other items keep their places between the chosen ones.
        chosen: rows of the n items, ascending.
    """
    size = len(chosen)
    place = np.full(sequences.n_items, -1, dtype=np.int64)
    place[chosen] = np.arange(size)
    out = np.zeros((size, size), dtype=np.float32)
    near = np.array([1 - gap / WINDOW for gap in range(1, WINDOW)], dtype=np.float32)
    for begin in range(0, len(sequences), STRIP):
        # the strip, and what stands after it in reach of its last item
        part = slice(begin, begin + STRIP + WINDOW)
        item, last = place[sequences.item[part]], _ends(sequences, begin, len(sequences.item[part]))
        for gap in range(1, min(WINDOW, len(item))):
            first = np.flatnonzero(last[:STRIP][: len(item) - gap] >= gap)
            cells = item[first] * size + item[first + gap]
            cells = cells[(item[first] >= 0) & (item[first + gap] >= 0)]
            np.add.at(out.reshape(-1), cells, near[gap - 1])
    return out


def _ends(sequences: Sequences, begin: int, count: int) -> NDArray[np.int64]:
    """How many items of the same user follow each of these places, int64 [count]."""
    places = np.arange(begin, begin + count)
    return sequences.indptr[np.searchsorted(sequences.indptr, places, side="right")] - 1 - places


def near_weights(ahead: Floats, taken: Floats) -> Floats:
    """float32 [n, n], solving (G + D) B = ahead + .6 ahead'; the diagonal is set to 0.

    G is the windows' Gram matrix ahead + ahead', its diagonal `taken`, and D what dropout and ridge
    add to it.
    """
    from scipy.linalg import lapack

    gram = ahead + ahead.T
    diagonal = taken / np.float32(1 - DROPOUT) + np.float32(RIDGE)
    np.fill_diagonal(gram, diagonal)
    # a unit diagonal keeps float32 exact enough
    scale = (1 / np.sqrt(diagonal)).astype(np.float32)
    gram *= scale[:, None]
    gram *= scale
    wanted = ahead + np.float32(BACKWARD) * ahead.T
    wanted *= scale[:, None]
    factor, failed = lapack.spotrf(gram.T, lower=1, overwrite_a=1)
    if not failed:
        solved, failed = lapack.spotrs(factor, wanted, lower=1)
    if failed:
        raise np.linalg.LinAlgError("nearby: the Gram matrix is not positive definite")
    out: Floats = np.ascontiguousarray(solved) * scale[:, None]
    np.fill_diagonal(out, 0)
    return out


def _fading(recent: History) -> Floats:
    """1 for the newest, halved every four items back; how well a rating was says little here."""
    signs = np.sign(recent.weights)
    return History(recent.rows, signs, recent.ordered).faded(HALF_LIFE)
