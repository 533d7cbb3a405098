"""Who took what, when: arrays, sorted by user and then by time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int32]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Interactions:
    """Interactions in the order (user, time, row of the file); n of them.

    Attributes:
        user: int32 [n], index of the user, ascending.
        item: int32 [n], row number of the item.
        value: float32 [n], rating or strength; None for bare pairs.
        time: int64 [n], seconds since 1970, or a running number where only an order is known; None
            where nothing is known of the order.
        indptr: int64 [n_users + 1], where each user's interactions begin.
        n_items: number of items of the catalog.
        explicit: whether `value` is a rating (low is bad), not a strength (plays, purchases).
    """

    user: Rows
    item: Rows
    value: Floats | None
    time: NDArray[np.int64] | None
    indptr: NDArray[np.int64]
    n_items: int
    explicit: bool = False

    def __len__(self) -> int:
        return len(self.item)

    @property
    def n_users(self) -> int:
        """Number of users."""
        return len(self.indptr) - 1

    def history(self, user: int) -> slice:
        """Where that user's interactions stand, oldest first."""
        return slice(int(self.indptr[user]), int(self.indptr[user + 1]))
