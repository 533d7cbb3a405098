"""Exact largest scores: of an array, and of inner products with many factors; NumPy only.

No approximate index: up to millions of items the exact answer costs less than one reading of the
factors, and it stays exact under filters, where graph indexes lose most of what they should find.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats, Rows

from .sparse import load_array

Mask = NDArray[np.bool_]
Best = tuple[Rows, Floats]
"""Rows int32, best first, ties by row; and their scores."""
Places = NDArray[np.int64]

STEP = 64
"""Every 64th score is looked at to guess where the k-th best lies."""
SHORT = 4096
"""Below so many scores guessing costs more than it saves."""
BLOCK = 4096
"""Rows multiplied at once: 1 MB of 64 factors, which stays in a core's second cache."""
FIRST = 4
"""Blocks multiplied at once before there is a k-th best: small catalogs are done in one go."""
GATHERED = 0.12
"""Up to this share of the items the allowed ones are gathered, above it all are multiplied."""
PARTS = ("factors", "rows", "places", "norms")


def largest(scores: Floats, k: int) -> Rows:
    """The rows of the `k` largest scores, best first, ties by row; int32 [min(k, n)].

    The same rows as a stable argsort gives. A threshold guessed from a sample leaves little more
    than `k` scores to sort; where the sample misled, the next guess is lower.

    Args:
        scores: float32 [n], no NaN; -inf is allowed.
        k: how many.
    """
    n = len(scores)
    k = min(k, n)
    if k <= 0:
        return np.empty(0, dtype=np.int32)
    rows = _above_guess(scores, k) if n >= SHORT else None
    values = scores if rows is None else scores.take(rows)
    chosen = _ordered(values, k)
    return (chosen if rows is None else rows.take(chosen)).astype(np.int32)


def true_rows(mask: Mask) -> Places:
    """The rows that are True, int64 ascending: `np.flatnonzero`, twice as fast where few are.

    Args:
        mask: bool [n].
    """
    whole = len(mask) // 8 * 8
    if whole < SHORT or not mask.flags.c_contiguous:
        return np.flatnonzero(mask)
    eights = np.flatnonzero(mask[:whole].view(np.uint64) != 0)
    if len(eights) > whole // 128:
        return np.flatnonzero(mask)
    place = np.flatnonzero(mask[:whole].reshape(-1, 8).take(eights, axis=0))
    rows = eights.take(place >> 3) * 8 + (place & 7)
    return np.concatenate((rows, whole + np.flatnonzero(mask[whole:])))


def _above_guess(scores: Floats, k: int) -> Places | None:
    """At least `k` rows that hold the `k` largest, ascending; None where guessing does not pay."""
    sample = scores[::STEP]
    wanted = k / STEP
    place = int(wanted + 4 * wanted**0.5 + 4)
    while place < len(sample) // 4:
        cut = np.partition(sample, len(sample) - place)[len(sample) - place]
        rows = true_rows(scores >= cut)
        if len(rows) >= k:
            return rows
        place *= 4
    return None


def _ordered(values: Floats, k: int) -> Places:
    """Places of the `k` largest of `values`, best first, ties by place; 0 < k <= len(values)."""
    if k < len(values):
        cut = np.partition(values, len(values) - k)[len(values) - k]
        above = np.flatnonzero(values > cut)
        tied = np.flatnonzero(values == cut)[: k - len(above)]
        # sorted apart: with many ties the stable sort sees only those that stay
        return np.concatenate((above[np.argsort(-values[above], kind="stable")], tied))
    return np.argsort(-values, kind="stable")


class FactorIndex:
    """Exact maximum inner products: factors sorted by length, read until nothing longer is left.

    By Cauchy and Schwarz no score exceeds the product of the lengths, so reading stops at the
    first block whose longest factor cannot reach the k-th best (the length-based pruning of LEMP:
    Teflioudi and others, 2015). Scores are inner products of one vector with one other
    (`np.vecdot`), whatever the route, so that equal factors have equal scores and `top` and `of`
    agree to the last bit.

    Attributes:
        factors: float32 [n, f], longest first.
        rows: int32 [n], the item of each place.
        places: int32 [n], the place of each item.
        norms: float32 [ceil(n / BLOCK)], the largest length in each block of places.
    """

    def __init__(self, factors: Floats, rows: Rows, places: Rows, norms: Floats) -> None:
        self.factors, self.rows, self.places, self.norms = factors, rows, places, norms

    @classmethod
    def of_factors(cls, factors: Floats) -> Self:
        """From factors float32 [n, f] by item, in memory."""
        rows, places, norms = _by_length(factors)
        return cls(np.asarray(factors, np.float32).take(rows, axis=0), rows, places, norms)

    @staticmethod
    def write(factors: Floats, directory: Path, name: str) -> None:
        """Write the index of float32 [n, f] as `name.*.npy`, a block of factors in memory at once.

        Args:
            factors: by item; may be memory-mapped.
            directory: where to.
            name: the first part of the files' names.
        """
        rows, places, norms = _by_length(factors)
        for part, array in (("rows", rows), ("places", places), ("norms", norms)):
            np.save(directory / f"{name}.{part}.npy", array, allow_pickle=False)
        with (directory / f"{name}.factors.npy").open("wb") as file:
            header = {"descr": "<f4", "fortran_order": False, "shape": factors.shape}
            np.lib.format.write_array_header_1_0(file, header)
            for begin in range(0, len(rows), BLOCK):
                block = factors.take(rows[begin : begin + BLOCK], axis=0)
                file.write(np.ascontiguousarray(block, dtype="<f4").data)

    def save(self, directory: Path, name: str) -> None:
        """Write `name.factors.npy`, `name.rows.npy`, `name.places.npy`, `name.norms.npy`."""
        for part in PARTS:
            np.save(directory / f"{name}.{part}.npy", getattr(self, part), allow_pickle=False)

    @classmethod
    def load(cls, directory: Path, name: str, n_items: int) -> Self:
        """Open memory-mapped what `write` or `save` wrote.

        Raises:
            OSError: a file is missing.
            ValueError: the files do not fit each other or the number of items.
        """
        file = {part: directory / f"{name}.{part}.npy" for part in PARTS}
        factors = load_array(file["factors"], np.float32)
        if factors.ndim != 2 or len(factors) != n_items:
            raise ValueError(f"{file['factors'].name}: not one row an item")
        rows = load_array(file["rows"], np.int32, (n_items,))
        places = load_array(file["places"], np.int32, (n_items,))
        norms = load_array(file["norms"], np.float32, (-(-n_items // BLOCK),))
        return cls(factors, rows, places, norms)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def size(self) -> int:
        """Numbers of a factor, f."""
        return int(self.factors.shape[1])

    def vectors(self, rows: NDArray[Any]) -> Floats:
        """float32 [len(rows), f], the factors of these items."""
        return self.factors.take(self.places.take(rows), axis=0)

    def of(self, x: Floats, rows: NDArray[Any]) -> Floats:
        """float32 [len(rows)], the scores of these items for `x`, float32 [f]."""
        return np.asarray(np.vecdot(self.vectors(rows), _query(x)), dtype=np.float32)

    def dense(self, x: Floats) -> Floats:
        """float32 [n], the scores of all items, by row."""
        x, out = _query(x), np.empty(len(self), dtype=np.float32)
        for begin in range(0, len(self), BLOCK):
            part = slice(begin, begin + BLOCK)
            out[self.rows[part]] = np.vecdot(self.factors[part], x)
        return out

    def top(
        self, x: Floats, k: int, mask: Mask | None = None, without: NDArray[Any] | None = None
    ) -> Best:
        """The `k` items of the largest scores; fewer only where fewer are allowed.

        Memory does not grow with the number of items beyond the mask's own.

        Args:
            x: float32 [f].
            k: how many.
            mask: bool [n_items], the only items allowed.
            without: rows of few items that are not allowed: a person's history.
        """
        search = _Search(self, _query(x), k, mask, without)
        if k > 0 and len(self):
            if mask is None or np.count_nonzero(mask) > GATHERED * len(self):
                search.scan()
            else:
                search.gather(true_rows(mask))
        return search.best()


class _Search:
    """One search: the best so far, and the score below which nothing more is of interest.

    Blocks are multiplied by the BLAS, whose sums round differently by place; whatever comes within
    that rounding of the k-th best is scored once more, by `np.vecdot`, and only that score counts.
    Whether an item is allowed is looked up only when its score would do.
    """

    def __init__(
        self,
        index: FactorIndex,
        x: Floats,
        k: int,
        mask: Mask | None,
        without: NDArray[Any] | None,
    ) -> None:
        self.index, self.x, self.k, self.mask = index, x, k, mask
        self.without = np.empty(0, np.int32) if without is None else np.sort(without)
        self.length = float(np.sqrt(np.dot(x.astype(np.float64), x)))
        self.rounding = 4 * index.size * float(np.finfo(np.float32).eps)
        longest = float(index.norms[0]) if len(index.norms) else 0.0
        self.slack = self.rounding * self.length * longest
        self.floor = -np.inf
        self.waiting = 0
        self.rows = [np.empty(0, dtype=np.int32)]
        self.scores = [np.empty(0, dtype=np.float32)]

    def best(self) -> Best:
        """What was found, best first."""
        if self.waiting:
            self._keep()
        rows, scores = self.rows[0], self.scores[0]
        order = np.argsort(-scores)
        ranked = scores[order]
        if np.any(ranked[1:] == ranked[:-1]):
            order = np.lexsort((rows, -scores))
        return rows[order], scores[order]

    def scan(self) -> None:
        """Read the blocks, longest factors first."""
        factors, norms = self.index.factors, self.index.norms.tolist()
        block, step = 0, FIRST
        while block < len(norms) and not self._out_of_reach(norms[block]):
            begin = block * BLOCK
            scores = factors[begin : begin + step * BLOCK] @ self.x
            if scores.max() >= self.floor:
                near = np.flatnonzero(scores >= self._least(scores))
                self._take(begin + near, scores.take(near))
            block, step = block + step, 1

    def gather(self, rows: NDArray[Any]) -> None:
        """Read only these items, all of them allowed by the mask, longest factors first."""
        index, self.mask = self.index, None
        places = np.sort(index.places.take(rows))
        begin, step = 0, FIRST * BLOCK
        while begin < len(places):
            part = places[begin : begin + step]
            if self._out_of_reach(float(index.norms[part[0] // BLOCK])):
                return
            scores = index.factors.take(part, axis=0) @ self.x
            near = np.flatnonzero(scores >= self.floor)
            self._take(part.take(near), scores.take(near))
            begin, step = begin + step, BLOCK

    def _out_of_reach(self, norm: float) -> bool:
        """Whether no factor of that length can come among the best."""
        return norm * self.length * (1 + self.rounding) < self.floor

    def _least(self, scores: Floats) -> float:
        """What a score needs to be looked at: at first, to be among the best of the first ones."""
        count = self.k + len(self.without)
        if self.floor > -np.inf or self.mask is not None or len(scores) <= count:
            return self.floor
        return float(np.partition(scores, len(scores) - count)[len(scores) - count]) - self.slack

    def _take(self, places: NDArray[Any], rough: Floats) -> None:
        """Join the allowed ones of these candidates with the best so far."""
        if self.mask is None:
            places, rough = self._nearest(places, rough, self.k + len(self.without))
        rows = self.index.rows.take(places)
        allowed = self._allowed(rows)
        if allowed is not None:
            places, rough = self._nearest(places[allowed], rough[allowed], self.k)
            rows = self.index.rows.take(places)
        if not len(rows):
            return
        self.rows.append(rows)
        self.scores.append(np.vecdot(self.index.factors.take(places, axis=0), self.x))
        self.waiting += len(rows)
        enough = len(self.rows[0]) + self.waiting >= self.k
        # raising the floor costs as much as a hundred candidates too many
        if enough and (self.floor == -np.inf or 2 * self.waiting > self.k):
            self._keep()

    def _nearest(
        self, places: NDArray[Any], rough: Floats, count: int
    ) -> tuple[NDArray[Any], Floats]:
        """Those that can be among the `count` best of these."""
        if len(rough) <= count:
            return places, rough
        cut = np.partition(rough, len(rough) - count)[len(rough) - count]
        near = np.flatnonzero(rough >= cut - self.slack)
        return places.take(near), rough.take(near)

    def _allowed(self, rows: Rows) -> Mask | None:
        """Which of the rows are; None if all."""
        allowed = None if self.mask is None else self.mask.take(rows)
        if len(self.without):
            place = np.searchsorted(self.without, rows)
            fresh = self.without.take(place, mode="clip") != rows
            allowed = fresh if allowed is None else allowed & fresh
        return allowed

    def _keep(self) -> None:
        """Only the `k` best stay, ties by row; the floor rises to the last of them."""
        rows, scores = np.concatenate(self.rows), np.concatenate(self.scores)
        drop = len(scores) - self.k
        if drop >= 0 and self.k > 0:
            cut = np.partition(scores, drop)[drop]
            above, tied = np.flatnonzero(scores > cut), np.flatnonzero(scores == cut)
            kept = np.concatenate((above, tied[np.argsort(rows[tied])[: self.k - len(above)]]))
            rows, scores = rows[kept], scores[kept]
            self.floor = float(cut) - self.slack
        self.rows, self.scores, self.waiting = [rows], [scores], 0


def _query(x: NDArray[Any]) -> Floats:
    return np.ascontiguousarray(x, dtype=np.float32)


def _by_length(factors: Floats) -> tuple[Rows, Rows, Floats]:
    """Rows longest first, the place of each row, and the largest length in each block."""
    n = len(factors)
    lengths = np.empty(n, dtype=np.float32)
    for begin in range(0, n, BLOCK):
        block = np.asarray(factors[begin : begin + BLOCK], dtype=np.float64)
        lengths[begin : begin + BLOCK] = np.sqrt(np.vecdot(block, block))
    rows = np.argsort(-lengths, kind="stable").astype(np.int32)
    places = np.empty(n, dtype=np.int32)
    places[rows] = np.arange(n, dtype=np.int32)
    return rows, places, lengths[rows[::BLOCK]]
