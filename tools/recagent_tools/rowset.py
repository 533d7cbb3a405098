"""An immutable set of a catalog's rows: all of them, an id array or a packed mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Rows

Bits = NDArray[np.uint8]
SPARSE = 32
"""An id of 4 bytes takes as much as the bits of 32 rows: fewer ids than that are kept as ids."""


@dataclass(frozen=True)
class RowSet:
    """An immutable set of rows out of `n_items`: all, an int32 id array, or a packed mask.

    The form follows from the count: equal sets have equal forms.
    """

    n_items: int
    count: int
    rows_: Rows | None = None
    bits: Bits | None = None

    @classmethod
    def all(cls, n_items: int) -> RowSet:
        """Every row."""
        return cls(n_items, n_items)

    @classmethod
    def of_rows(cls, rows: Sequence[int] | NDArray[Any], n_items: int) -> RowSet:
        """These rows, in any order, without duplicates afterwards.

        Raises:
            ValueError: a row outside the catalog.
        """
        given = np.asarray(rows, dtype=np.int32)
        if len(given) and (int(given.min()) < 0 or int(given.max()) >= n_items):
            raise ValueError("row outside the catalog")
        if len(given) * SPARSE > n_items:
            mask = np.zeros(n_items, dtype=bool)
            mask[given] = True
            return cls.of_mask(mask)
        ascending = len(given) < 2 or bool((given[1:] > given[:-1]).all())
        return cls._of_sorted(given.copy() if ascending else np.unique(given), n_items)

    @classmethod
    def of_mask(cls, mask: NDArray[np.bool_]) -> RowSet:
        """The rows where the mask (bool [n_items]) is true."""
        count = int(np.count_nonzero(mask))
        if count == len(mask):
            return cls.all(len(mask))
        if count * SPARSE <= len(mask):
            return cls(len(mask), count, rows_=np.flatnonzero(mask).astype(np.int32))
        return cls(len(mask), count, bits=np.packbits(mask))

    @classmethod
    def _of_sorted(cls, rows: Rows, n_items: int) -> RowSet:
        """Few rows, ascending, each once."""
        if len(rows) == n_items:
            return cls.all(n_items)
        return cls(n_items, len(rows), rows_=rows)

    @classmethod
    def _of_bits(cls, bits: Bits, n_items: int) -> RowSet:
        """A packed mask whose last bits, past the last row, are 0."""
        count = _count(bits)
        if count == n_items:
            return cls.all(n_items)
        if count * SPARSE <= n_items:
            return cls(n_items, count, rows_=_rows_of(bits))
        return cls(n_items, count, bits=bits)

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

    def first(self, count: int) -> Rows:
        """The lowest rows, at most so many, int32; of a large set without making all of them."""
        if self.bits is None:
            few = np.arange(min(count, self.n_items), dtype=np.int32)
            return few if self.rows_ is None else self.rows_[:count]
        length = 1024
        while length < len(self.bits) and _count(self.bits[:length]) < count:
            length *= 8
        return _rows_of(self.bits[:length])[:count]

    def mask(self) -> NDArray[np.bool_]:
        """Bool [n_items]."""
        if self.bits is not None:
            return np.unpackbits(self.bits, count=self.n_items).view(np.bool_)
        if self.rows_ is None:
            return np.ones(self.n_items, dtype=bool)
        mask = np.zeros(self.n_items, dtype=bool)
        mask[self.rows_] = True
        return mask

    def holds(self, rows: Rows) -> NDArray[np.bool_]:
        """Which of these rows (of the catalog, any order) are in; bool [len(rows)]."""
        if self.is_all:
            return np.ones(len(rows), dtype=bool)
        if self.bits is not None:
            found = self.bits[rows >> 3] & (128 >> (rows & 7)).astype(np.uint8)
            return np.asarray(found != 0)
        own = self.rows()
        if not len(own):
            return np.zeros(len(rows), dtype=bool)
        if len(rows) * 8 > self.n_items:
            return np.asarray(self.mask()[rows])
        place = np.minimum(np.searchsorted(own, rows), len(own) - 1)
        return np.asarray(own[place] == rows)

    def __contains__(self, row: int) -> bool:
        if not 0 <= row < self.n_items:
            return False
        if self.rows_ is not None:
            position = int(np.searchsorted(self.rows_, row))
            return position < len(self.rows_) and int(self.rows_[position]) == row
        if self.bits is not None:
            return bool(self.bits[row >> 3] & (128 >> (row & 7)))
        return True

    def _packed(self) -> Bits:
        """The packed mask; the set's own where it has one, which nobody may write to."""
        if self.bits is not None:
            return self.bits
        if self.rows_ is not None:
            return np.packbits(self.mask())
        bits = np.full((self.n_items + 7) // 8, 255, dtype=np.uint8)
        if self.n_items % 8:
            bits[-1] = (0xFF00 >> (self.n_items % 8)) & 0xFF
        return bits

    def __and__(self, other: RowSet) -> RowSet:
        if self.is_all:
            return other
        if other.is_all:
            return self
        for few, many in ((self, other), (other, self)):
            if few.rows_ is not None:
                return self._of_sorted(few.rows_[many.holds(few.rows_)], self.n_items)
        return self._of_bits(self._packed() & other._packed(), self.n_items)

    def __or__(self, other: RowSet) -> RowSet:
        if self.is_all or other.is_all:
            return RowSet.all(self.n_items)
        if not self.count or not other.count:
            return self if self.count else other
        return self._of_bits(self._packed() | other._packed(), self.n_items)

    def __sub__(self, other: RowSet) -> RowSet:
        if other.is_all:
            return RowSet.of_rows([], self.n_items)
        if not self.count or not other.count:
            return self
        if self.rows_ is not None:
            return self._of_sorted(self.rows_[~other.holds(self.rows_)], self.n_items)
        if other.rows_ is not None:  # a few leave: no need to look at the others
            bits = self._packed().copy()
            np.bitwise_and.at(bits, other.rows_ >> 3, ~(128 >> (other.rows_ & 7)).astype(np.uint8))
            return self._of_bits(bits, self.n_items)
        return self._of_bits(self._packed() & ~other._packed(), self.n_items)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RowSet):
            return NotImplemented
        if (self.n_items, self.count) != (other.n_items, other.count):
            return False
        if self.bits is not None and other.bits is not None:
            return bool(np.array_equal(self.bits, other.bits))
        return bool(np.array_equal(self.rows(), other.rows()))

    __hash__ = None  # type: ignore[assignment]


def _count(bits: Bits) -> int:
    """Number of ones; eight bytes at a time."""
    whole = len(bits) // 8 * 8
    words = np.bitwise_count(bits[:whole].view(np.uint64))
    return int(words.sum(dtype=np.int64)) + int(np.bitwise_count(bits[whole:]).sum(dtype=np.int64))


def _rows_of(bits: Bits) -> Rows:
    """The rows of few ones, ascending, without unpacking the bytes that have none; int32."""
    places = np.flatnonzero(bits)
    inside = np.unpackbits(bits[places]).reshape(-1, 8)
    which, bit = np.nonzero(inside)
    return (places[which] * 8 + bit).astype(np.int32)
