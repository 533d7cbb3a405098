"""Sparse rows in three plain arrays, memory-mapped at serving time, when SciPy is not needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.arrays import read_array
from recagent_catalogs.interactions import Floats, Rows

SAMPLE_STEP = 8
"""Of long rows every so many entries tell where the largest begin."""
LONG = 100
"""Rows that are longer than this in the mean are copied in one piece each."""
DENSE_PER_ENTRY = 16
"""Adding up into a dense array beats sorting up to so many columns an entry."""


@dataclass(frozen=True)
class SparseRows:
    """A sparse matrix by rows (CSR).

    Attributes:
        indptr: int64 [n_rows + 1].
        indices: int32 [nnz], columns.
        data: float32 [nnz].
        n_columns: number of columns.
    """

    indptr: NDArray[np.int64]
    indices: Rows
    data: Floats
    n_columns: int

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.indptr) - 1

    @classmethod
    def from_scipy(cls, matrix: Any) -> SparseRows:
        """The same matrix, columns ascending within a row."""
        csr = matrix.tocsr()
        csr.sort_indices()
        return cls(
            csr.indptr.astype(np.int64),
            csr.indices.astype(np.int32, copy=False),
            csr.data.astype(np.float32, copy=False),
            int(csr.shape[1]),
        )

    @classmethod
    def stacked(cls, parts: Sequence[SparseRows]) -> SparseRows:
        """Matrices of the same columns, one below the other; at least one."""
        ends = np.cumsum([0, *(part.indptr[-1] for part in parts)])
        indptr = [part.indptr[1:] + end for part, end in zip(parts, ends[:-1], strict=True)]
        return cls(
            np.concatenate(([0], *indptr)),
            np.concatenate([part.indices for part in parts]),
            np.concatenate([part.data for part in parts]),
            parts[0].n_columns,
        )

    def to_scipy(self) -> Any:
        """The same matrix as scipy CSR."""
        import scipy.sparse

        shape = (self.n_rows, self.n_columns)
        return scipy.sparse.csr_matrix((self.data, self.indices, self.indptr), shape=shape)

    def transposed(self) -> SparseRows:
        """Rows and columns exchanged; NumPy only."""
        order = np.argsort(self.indices, kind="stable")
        row = np.repeat(np.arange(self.n_rows, dtype=np.int32), np.diff(self.indptr))
        counts = np.bincount(self.indices, minlength=self.n_columns)
        indptr = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        return SparseRows(indptr, row[order], self.data[order], self.n_rows)

    def row(self, row: int) -> tuple[Rows, Floats]:
        """Columns and values of one row."""
        begin, end = int(self.indptr[row]), int(self.indptr[row + 1])
        return self.indices[begin:end], self.data[begin:end]

    def gather(self, rows: NDArray[Any]) -> tuple[Rows, Floats, NDArray[np.int64]]:
        """The entries of several rows one after the other: columns, values, the rows' lengths."""
        begins = self.indptr[rows]
        lengths: NDArray[np.int64] = self.indptr[np.asarray(rows) + 1] - begins
        if len(lengths) and lengths.sum() > LONG * len(lengths):
            ends = (begins + lengths).tolist()
            parts = [slice(*part) for part in zip(begins.tolist(), ends, strict=True)]
            columns = np.concatenate([self.indices[part] for part in parts])
            return columns, np.concatenate([self.data[part] for part in parts]), lengths
        offsets = np.repeat(begins - np.cumsum(lengths) + lengths, lengths)
        entries = offsets + np.arange(len(offsets))
        return self.indices[entries], self.data[entries], lengths

    def weighted_sum(self, rows: NDArray[Any], weights: NDArray[Any]) -> Floats:
        """Sum of weight times row, dense float32 [n_columns]."""
        columns, values, lengths = self.gather(rows)
        weighted = values * np.repeat(np.asarray(weights, np.float32), lengths)
        return np.bincount(columns, weighted, minlength=self.n_columns).astype(np.float32)

    def combined(self, rows: NDArray[Any], weights: NDArray[Any]) -> tuple[Rows, Floats]:
        """Sum of weight times row where it is not empty: columns int32 ascending, float32."""
        columns, values, lengths = self.gather(rows)
        weighted = values * np.repeat(np.asarray(weights, np.float32), lengths)
        return summed(columns, weighted, self.n_columns)

    def weighted_max(self, rows: NDArray[Any], weights: NDArray[Any], wanted: Rows) -> Floats:
        """Largest weight times value over these rows in each column wanted, at least 0."""
        columns, values, lengths = self.gather(rows)
        best = np.zeros(len(wanted), dtype=np.float32)
        if not len(wanted):
            return best
        order = np.argsort(wanted)
        place = order[np.minimum(np.searchsorted(wanted, columns, sorter=order), len(wanted) - 1)]
        hit = wanted[place] == columns
        weighted = values * np.repeat(np.asarray(weights, np.float32), lengths)
        np.maximum.at(best, place[hit], weighted[hit])
        return best

    def save(self, directory: Path, name: str) -> None:
        """Write `name.indptr.npy`, `name.indices.npy`, `name.data.npy`."""
        for part in ("indptr", "indices", "data"):
            np.save(directory / f"{name}.{part}.npy", getattr(self, part), allow_pickle=False)

    @classmethod
    def load(cls, directory: Path, name: str, n_columns: int) -> SparseRows:
        """Open memory-mapped what `save` wrote.

        Raises:
            OSError: a file is missing.
            ValueError: the arrays do not fit each other.
        """
        indptr, indices, data = (
            load_array(directory / f"{name}.{part}.npy", dtype)
            for part, dtype in (("indptr", np.int64), ("indices", np.int32), ("data", np.float32))
        )
        if len(indptr) == 0 or int(indptr[0]) != 0 or len(indices) != len(data):
            raise ValueError(f"{name}: not a sparse matrix")
        if int(indptr[-1]) != len(indices) or bool(np.any(indptr[1:] < indptr[:-1])):
            raise ValueError(f"{name}: row pointers out of range")
        return cls(indptr, indices, data, n_columns)


def summed(columns: Rows, values: Floats, n_columns: int) -> tuple[Rows, Floats]:
    """Values added up by column: columns int32 ascending, float32; those that sum to 0 may stay."""
    if n_columns <= DENSE_PER_ENTRY * len(columns):
        sums = np.bincount(columns, values, minlength=n_columns)
        # compared first: to find what is not 0 among numbers costs five times as much
        found = np.flatnonzero(sums != 0)
        return found.astype(np.int32), sums[found].astype(np.float32)
    return _sorted_sums(columns, values)


def _sorted_sums(columns: Rows, values: Floats) -> tuple[Rows, Floats]:
    """By sorting, a third cheaper than by `np.unique`."""
    packed = columns.astype(np.int64) << 32
    packed |= np.arange(len(packed))
    packed.sort()
    ordered = (packed >> 32).astype(np.int32)
    begins = np.flatnonzero(np.diff(ordered, prepend=-1))
    if not len(begins):
        return columns, values
    # the lower half of each number is where its value stands
    moved = values.take(packed.astype(np.uint32))
    sums = np.add.reduceat(moved, begins, dtype=np.float64)
    return ordered.take(begins), sums.astype(np.float32)


def load_array(path: Path, dtype: Any, shape: tuple[int, ...] | None = None) -> NDArray[Any]:
    """Open a `.npy` file memory-mapped and read-only, as a plain array.

    Raises:
        OSError: it is missing.
        ValueError: no npy file, or another type or shape than asked for.
    """
    array = read_array(path)
    if array.dtype != np.dtype(dtype) or (shape is not None and array.shape != shape):
        raise ValueError(f"{path.name}: expected {np.dtype(dtype)} {shape or ''}")
    return array


def largest_per_row(matrix: Any, count: int) -> SparseRows:
    """The `count` largest positive entries of each row of a SciPy CSR matrix, in its own order."""
    csr = matrix.tocsr()
    indptr = csr.indptr.astype(np.int64)
    lengths = np.diff(indptr)
    cut = np.zeros(len(lengths), dtype=csr.data.dtype)
    for row in np.flatnonzero(lengths > count).tolist():
        cut[row] = max(0, _nth_largest(csr.data[indptr[row] : indptr[row + 1]], count))
    limits = np.repeat(cut, lengths)
    keep = csr.data > limits
    _keep_tied(keep, np.flatnonzero((csr.data == limits) & (limits > 0)), indptr, count)
    kept = np.concatenate(([0], np.cumsum(_row_sums(keep, indptr))))
    return SparseRows(
        kept,
        csr.indices[keep].astype(np.int32, copy=False),
        csr.data[keep].astype(np.float32, copy=False),
        int(csr.shape[1]),
    )


def _nth_largest(values: NDArray[Any], n: int) -> Any:
    """The n-th largest of more than n values."""
    some = values[::SAMPLE_STEP]
    if len(some) > 2 * n:
        # n of the sampled values are no smaller, so what is smaller cannot be the n-th of all
        values = values[values >= np.partition(some, -n)[-n]]
    return np.partition(values, -n)[-n]


def _keep_tied(
    keep: NDArray[np.bool_], tied: NDArray[np.int64], indptr: NDArray[np.int64], count: int
) -> None:
    """Mark as many of the tied entries (places, ascending) as a row lacks, the first ones."""
    row = np.searchsorted(indptr, tied, side="right") - 1
    rank = np.arange(len(tied)) - np.searchsorted(row, row)
    keep[tied[rank < (count - _row_sums(keep, indptr))[row]]] = True


def _row_sums(mask: NDArray[np.bool_], indptr: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many entries of each row are marked, int64 [n_rows]."""
    sums = np.diff(indptr)
    filled = sums > 0
    if filled.any():
        sums[filled] = np.add.reduceat(mask, indptr[:-1][filled], dtype=np.int64)
    return sums
