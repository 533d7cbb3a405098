"""What closed-form item models share: which items, how many fit, weights made sparse again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats

from .memory import free_memory
from .sparse import SparseRows

MOST_ITEMS = 8_000
DENSE = 15.0
"""Items a user from which on data is dense."""
MATRICES = 4
"""Dense matrices held at once while one is inverted."""
FREE_SHARE = 0.25
"""Share of the free memory that they may take."""
FEWEST_USERS = 3
"""What fewer people took is told by the retrievers that need no solving."""

Places = NDArray[np.int64]


def fitting(processes: int = 1) -> int:
    """How many items a dense solve may have: 8,000, or what a quarter of the memory holds.

    Args:
        processes: how many solve at once, and share that quarter.
    """
    cells = FREE_SHARE * free_memory() / (processes * MATRICES * np.dtype(np.float32).itemsize)
    return min(MOST_ITEMS, int(cells**0.5))


def most_popular(taken: NDArray[np.int64], count: int) -> Places:
    """Rows of the `count` items with the most users, at least 3 each; ascending."""
    best = np.argsort(-taken, kind="stable")[:count]
    return np.sort(best[taken[best] >= FEWEST_USERS])


def pruned(weights: Floats, kept: int, *, signed: bool = False) -> SparseRows:
    """The `kept` largest weights of each row of a dense matrix.

    Args:
        weights: float32 [n, n].
        kept: how many.
        signed: also negative ones, by their size; else only positive ones.
    """
    count = min(kept, weights.shape[1])
    size = np.abs(weights) if signed else weights
    columns = np.argpartition(-size, count - 1, axis=1)[:, :count]
    columns.sort(axis=1)
    values = np.take_along_axis(weights, columns, axis=1)
    told = values != 0 if signed else values > 0
    indptr = np.concatenate(([0], np.cumsum(told.sum(axis=1)))).astype(np.int64)
    return SparseRows(indptr, columns[told].astype(np.int32), values[told], weights.shape[1])


def spread(weights: SparseRows, chosen: Places, n_items: int) -> SparseRows:
    """The same weights with one row and one column for every item."""
    lengths = np.zeros(n_items, dtype=np.int64)
    lengths[chosen] = np.diff(weights.indptr)
    indptr = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    columns = chosen[weights.indices].astype(np.int32)
    return SparseRows(indptr, columns, weights.data, n_items)


def empty(n_items: int) -> SparseRows:
    """No weights at all."""
    nothing = np.zeros(n_items + 1, dtype=np.int64)
    return SparseRows(nothing, np.empty(0, np.int32), np.empty(0, np.float32), n_items)
