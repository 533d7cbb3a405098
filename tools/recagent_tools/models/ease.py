"""EASE (Steck, 2019) with dropout in closed form: the item model for few named items.

A share p of every history is thought away (Steck, 2020: the diagonal of the Gram matrix is scaled
by 1 / (1 - p)), so that the weights are fitted to histories as short as those that newcomers name.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np

from recagent_catalogs.interactions import Floats

from .closed_form import MOST_ITEMS, empty, most_popular, pruned, spread
from .history import History
from .item_weights import ItemWeights
from .retriever import Setting, TrainingData
from .scores import Scores, SparseScores, nothing

DROPOUT = 0.9
"""Alone .99 is best for up to five items, .95 for ten or twenty, .7 for whole histories; beside ALS
and neighbours, which serve the few, what counts is the long end."""
RIDGE = 100.0
QUICK_ITEMS = 1_500
KEPT = 400
"""By row, as by column popular items lose what lifts them (NDCG -.02 to -.06 for five items); with
the negative ones, without which whole histories lose .008 to .02."""
LONGEST_HISTORY = 1_000


class Ease(ItemWeights):
    """Row i holds what liking i says for every other item; scores are sums of rows."""

    name: ClassVar[str] = "ease"

    @classmethod
    def fit(cls, data: TrainingData, setting: Setting) -> Self:
        """Invert the Gram matrix of the most popular items, 8,000 at most, quick 1,500."""
        matrix = replace(data.sequences, rating=None, time=None).newest(LONGEST_HISTORY).matrix
        taken = np.bincount(matrix.indices, minlength=matrix.shape[1])
        most = min(setting.solved, QUICK_ITEMS if setting.quick else MOST_ITEMS)
        chosen = most_popular(taken, most)
        if not len(chosen):
            return cls(empty(matrix.shape[1]))
        weights = item_weights(_gram(matrix[:, chosen]), DROPOUT, RIDGE)
        return cls(spread(pruned(weights, KEPT, signed=True), chosen, matrix.shape[1]))

    def score(self, history: History) -> Scores:
        """Sum over the newest 1,000 items."""
        recent = history.last(LONGEST_HISTORY)
        if not len(recent):
            return nothing(self.n_items, history.rows)
        rows, sums = self.weights.combined(recent.rows, recent.weights)
        return SparseScores(self.n_items, history.rows, rows, sums)


def item_weights(gram: Floats, dropout: float, ridge: float) -> Floats:
    """The item-item weights, float32 [n, n], zero diagonal; `gram` is used up.

    B = I - P / diag(P), P the inverse of the Gram matrix with c_i / (1 - p) + ridge as diagonal.
    The matrix is brought to a unit diagonal first, which keeps float32 exact enough.
    """
    from scipy.linalg import lapack

    diagonal = gram.diagonal() / np.float32(1 - dropout) + np.float32(ridge)
    scale = (1 / np.sqrt(diagonal)).astype(np.float32)
    np.fill_diagonal(gram, diagonal)
    gram *= scale[:, None]
    gram *= scale
    # the transpose is in LAPACK's order already, so that nothing is copied
    factor, failed = lapack.spotrf(gram.T, lower=1, overwrite_a=1)
    if not failed:
        inverse, failed = lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed:
        raise np.linalg.LinAlgError("ease: the Gram matrix is not positive definite")
    return _weights(inverse, scale)


def _weights(inverse: Floats, scale: Floats) -> Floats:
    """From the lower half of the scaled inverse."""
    lower = np.tril(inverse)
    full = lower + np.tril(lower, -1).T
    full *= scale[:, None]
    full *= scale
    out: Floats = -full / full.diagonal()
    np.fill_diagonal(out, 0)
    return out


def _gram(matrix: Any) -> Floats:
    """X'X as float32 [n, n]."""
    product: Floats = (matrix.T @ matrix).toarray()
    return product.astype(np.float32, copy=False)
