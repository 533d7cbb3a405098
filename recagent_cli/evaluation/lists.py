"""Lists of the best: which items may be recommended, and how scores become lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats, Rows
from recagent_tools.models.history import History


@dataclass(frozen=True)
class Pool:
    """The items that may be recommended, the same for every engine.

    Attributes:
        rows: int32 [p]; of items with equal scores the one that stands first here wins.
        n_items: number of items of the catalog.
    """

    rows: Rows
    n_items: int

    @classmethod
    def of(
        cls, allowed: NDArray[np.bool_], counts: NDArray[np.int64], rng: np.random.Generator
    ) -> Pool:
        """Allowed rows, the most taken first and at random among equals.

        So where an engine has nothing to say, the bestsellers follow, and the order in the file
        wins nothing.
        """
        order = np.lexsort((rng.random(len(allowed)), -counts))
        return cls(order[allowed[order]].astype(np.int32), len(allowed))

    @cached_property
    def mask(self) -> NDArray[np.bool_]:
        """The pool as bool [n_items]."""
        mask = np.zeros(self.n_items, dtype=bool)
        mask[self.rows] = True
        return mask

    def only(self, keep: NDArray[np.bool_]) -> Pool:
        """The part of the pool that the mask (bool [n_items]) keeps."""
        return Pool(self.rows[keep[self.rows]], self.n_items)


def best_unseen(scores: Floats, histories: Sequence[History], pool: Pool, k: int) -> list[Rows]:
    """The `k` best rows of the pool outside each history, best first; fewer only in a small pool.

    Args:
        scores: float32 [m, n_items], finite.
        histories: m of them.
        pool: what may be recommended.
        k: length of the lists.

    Returns:
        m arrays, int32.
    """
    scores = scores.copy()
    for values, history in zip(scores, histories, strict=True):
        values[history.rows] = -np.inf
    return [_best(values, pool.rows, k) for values in scores[:, pool.rows]]


def _best(values: Floats, rows: Rows, k: int) -> Rows:
    count = min(k, int(np.count_nonzero(values > -np.inf)))
    if not count:
        return np.empty(0, dtype=np.int32)
    cut = np.partition(values, -count)[-count]
    places = np.flatnonzero(values >= cut)
    return rows[places[np.argsort(-values[places], kind="stable")[:count]]]
