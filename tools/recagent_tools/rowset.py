"""An immutable set of a catalog's rows: all of them, an id array or a packed mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Rows


@dataclass(frozen=True)
class RowSet:
    """An immutable set of rows out of `n_items`: all, an int32 id array, or a packed mask."""

    n_items: int
    count: int
    rows_: Rows | None = None
    bits: NDArray[np.uint8] | None = None

    @classmethod
    def all(cls, n_items: int) -> RowSet:
        """Every row."""
        return cls(n_items, n_items)

    @classmethod
    def of_rows(cls, rows: Sequence[int] | NDArray[Any], n_items: int) -> RowSet:
        """These rows, in any order, without duplicates afterwards."""
        unique = np.unique(np.asarray(rows, dtype=np.int32))
        if len(unique) and (unique[0] < 0 or unique[-1] >= n_items):
            raise ValueError("row outside the catalog")
        if len(unique) == n_items:
            return cls.all(n_items)
        if len(unique) * 32 <= n_items:
            return cls(n_items, len(unique), rows_=unique)
        mask = np.zeros(n_items, dtype=bool)
        mask[unique] = True
        return cls(n_items, len(unique), bits=np.packbits(mask))

    @classmethod
    def of_mask(cls, mask: NDArray[np.bool_]) -> RowSet:
        """The rows where the mask (bool [n_items]) is true."""
        count = int(np.count_nonzero(mask))
        if count == len(mask):
            return cls.all(len(mask))
        if count * 32 <= len(mask):
            return cls(len(mask), count, rows_=np.flatnonzero(mask).astype(np.int32))
        return cls(len(mask), count, bits=np.packbits(mask))

    @property
    def is_all(self) -> bool:
        """Whether every row is in."""
        return self.count == self.n_items

    def rows(self) -> Rows:
        """The rows, ascending, int32."""
        if self.rows_ is not None:
            return self.rows_
        if self.bits is None:
            return np.arange(self.n_items, dtype=np.int32)
        return np.flatnonzero(self.mask()).astype(np.int32)

    def mask(self) -> NDArray[np.bool_]:
        """Bool [n_items]."""
        if self.bits is not None:
            return np.unpackbits(self.bits, count=self.n_items).view(np.bool_)
        mask = np.ones(self.n_items, dtype=bool) if self.rows_ is None else None
        if mask is None:
            mask = np.zeros(self.n_items, dtype=bool)
            mask[self.rows_] = True
        return mask

    def __contains__(self, row: int) -> bool:
        if not 0 <= row < self.n_items:
            return False
        if self.rows_ is not None:
            position = int(np.searchsorted(self.rows_, row))
            return position < len(self.rows_) and int(self.rows_[position]) == row
        if self.bits is not None:
            return bool(self.bits[row >> 3] & (128 >> (row & 7)))
        return True

    def __and__(self, other: RowSet) -> RowSet:
        if self.is_all:
            return other
        if other.is_all:
            return self
        if self.rows_ is not None and other.rows_ is not None:
            both = np.intersect1d(self.rows_, other.rows_, assume_unique=True)
            return RowSet(self.n_items, len(both), rows_=both)
        return RowSet.of_mask(self.mask() & other.mask())

    def __or__(self, other: RowSet) -> RowSet:
        return RowSet.of_mask(self.mask() | other.mask())

    def __sub__(self, other: RowSet) -> RowSet:
        return RowSet.of_mask(self.mask() & ~other.mask())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RowSet):
            return NotImplemented
        return (self.n_items, self.count) == (other.n_items, other.count) and bool(
            np.array_equal(self.rows(), other.rows())
        )

    __hash__ = None  # type: ignore[assignment]
