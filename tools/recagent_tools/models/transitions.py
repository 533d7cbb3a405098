"""What people take next: how often j came exactly g places after i, for every pair and small g."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats, Rows

from .history import History
from .retriever import Retriever, Setting, TrainingData
from .scores import Scores, SparseScores, nothing, rooted
from .sequences import Sequences
from .sparse import load_array, summed

LAGS = 10
"""Places that are told apart; also how many of the last items are looked at."""
KEPT = 300
BLOCK_PAIRS = 1 << 19
"""Pairs that are counted at once by each thread, about 100 bytes each."""
DENSE_PER_PAIR = 8
"""Marking pairs in a dense table beats sorting them up to so many cells a pair."""
BACKWARD = 0.5
"""Weight of "j came before i" where the pairs of a row are chosen."""
OTHER_POWER = 0.1
"""The chosen pairs are divided by this power of j's count, a mild guard against bestsellers."""
SHRINK = 3.0
"""Added to what followed i: what followed an item once is no habit."""
FADE = 0.8
"""A place further back in the history counts so much less."""
BEHIND = 0.6
"""Weight of "j usually comes before i" in the scores: orders are often reversed."""
WINDOWS = 6
BEHINDS = 3
LIFT_SHRINK = 5.0
LAG_FEATURES: tuple[str, ...] = (
    *(f"lag.{lag}" for lag in range(1, LAGS + 1)),
    "lag.sum",
    *(f"window.{place}" for place in range(1, WINDOWS + 1)),
    "window.best",
    *(f"before.{place}" for place in range(1, BEHINDS + 1)),
    "window.count",
    "window.lift",
)

Places = NDArray[np.int64]


@dataclass(frozen=True)
class LagTable:
    """Counts by ordered pair (i, j), rows compressed, columns ascending.

    Attributes:
        indptr: int64 [n_items + 1].
        indices: int32 [nnz], j.
        counts: uint16 [nnz, LAGS + 1]: j came exactly 1..LAGS places after i; j came before i
            within LAGS places.
        totals: float32 [n_items, LAGS + 1], the same over all j, before rare pairs were dropped.
        taken: float32 [n_items], users who took the item.
    """

    indptr: NDArray[np.int64]
    indices: Rows
    counts: NDArray[np.uint16]
    totals: Floats
    taken: Floats

    @cached_property
    def bottoms(self) -> tuple[Floats, Floats, Floats]:
        """One by the shrunk totals: of each lag [n, LAGS], of the window [n], backwards [n]."""
        one, rest = np.float32(1), np.float32(LAGS / 3 * SHRINK)
        window: Floats = self.totals[:, :LAGS].sum(axis=1)
        lags: Floats = one / (self.totals[:, :LAGS] + np.float32(SHRINK))
        return lags, one / (window + rest), one / (self.totals[:, LAGS] + rest)

    def of(self, item: int, columns: Rows) -> NDArray[np.uint16]:
        """Counts of the pairs (item, columns[m]), uint16 [m, LAGS + 1]; 0 where there is none."""
        begin, end = int(self.indptr[item]), int(self.indptr[item + 1])
        if begin == end:
            return np.zeros((len(columns), LAGS + 1), dtype=np.uint16)
        known = self.indices[begin:end]
        place = np.minimum(np.searchsorted(known, columns), end - begin - 1)
        found: NDArray[np.uint16] = self.counts[begin + place]
        found[known[place] != columns] = 0
        return found

    def entries(self, rows: Rows) -> tuple[Places, NDArray[np.int64]]:
        """Places of all pairs of several rows, one row after the other, and the rows' lengths."""
        begins = self.indptr[rows]
        lengths: NDArray[np.int64] = self.indptr[np.asarray(rows) + 1] - begins
        offsets = np.repeat(begins - np.cumsum(lengths) + lengths, lengths)
        return offsets + np.arange(len(offsets)), lengths


class Transitions(Retriever):
    """Shares of what followed each of the last ten items, and of what came before them.

    Without an order in the data it has nothing to learn from and scores nothing. What followed an
    item exactly g places later, for each g apart, is what helps a ranker most on dense data.
    """

    name: ClassVar[str] = "transitions"

    def __init__(self, table: LagTable) -> None:
        self.table = table
        self.n_items = len(table.taken)

    @classmethod
    def fit(cls, data: TrainingData, setting: Setting) -> Self:
        """Count the pairs of the window."""
        return cls(lag_table(data.sequences, KEPT // 2 if setting.quick else KEPT, setting.threads))

    def score(self, history: History) -> Scores:
        """From the last ten items; of an unordered history all count alike."""
        recent = history.last(LAGS) if history.ordered else history
        if not len(recent):
            return nothing(self.n_items, history.rows)
        places, lengths = self.table.entries(recent.rows)
        values = self._shares(recent, places, lengths)
        columns, sums = summed(self.table.indices[places], values, self.n_items)
        return SparseScores(self.n_items, history.rows, columns, rooted(sums))

    def _shares(self, recent: History, places: Places, lengths: NDArray[np.int64]) -> Floats:
        """What each of these pairs adds to the score of its column."""
        _, window, before = self.table.bottoms
        age = np.arange(len(recent) - 1, -1, -1) if recent.ordered else np.zeros(len(recent))
        # what comes next depends little on how an item was rated
        weight = np.sign(recent.weights) * np.float32(FADE) ** age.astype(np.float32)
        counts = self.table.counts[places]
        ahead = counts[:, :LAGS].sum(axis=1, dtype=np.float32)
        behind = np.float32(BEHIND) * counts[:, LAGS]
        by_row = np.stack((weight * window[recent.rows], weight * before[recent.rows]))
        first, second = np.repeat(by_row, lengths, axis=1)
        return np.asarray(ahead * first + behind * second, dtype=np.float32)

    def features(self, history: History, rows: Rows) -> Floats:
        """float32 [len(rows), len(LAG_FEATURES)] of an ordered history; NaN where it has no order.

        Shares of what came exactly g after the item g from the end, and their sum; of the windows
        after each of the last six, and the largest; of what came before the last three; how often
        the row followed the last item at all; the windows' sum by the row's own count.
        """
        out = np.full((len(rows), len(LAG_FEATURES)), np.nan, dtype=np.float32)
        if not history.ordered or not len(rows):
            return out
        out[:] = 0
        newest = history.rows[::-1][:LAGS]
        if not len(newest):
            return out
        counts = np.stack([self.table.of(item, rows) for item in newest.tolist()])
        self._fill(out, counts.astype(np.float32), newest, rows)
        return out

    def _fill(self, out: Floats, counts: Floats, newest: Rows, rows: Rows) -> None:
        """Counts [k, m, LAGS + 1] as the columns of `out`."""
        lags, window, before = self.table.bottoms
        for place, item in enumerate(newest.tolist()):
            out[:, place] = counts[place, :, place] * lags[item, place]
        out[:, LAGS] = out[:, :LAGS].sum(axis=1)
        ahead = counts[:, :, :LAGS].sum(axis=2)
        shares = (ahead * window[newest][:, None])[:WINDOWS]
        begin = LAGS + 1
        out[:, begin : begin + len(shares)] = shares.T
        out[:, begin + WINDOWS] = shares.max(axis=0)
        begin += WINDOWS + 1
        behind = (counts[:, :, LAGS] * before[newest][:, None])[:BEHINDS]
        out[:, begin : begin + len(behind)] = behind.T
        out[:, -2] = ahead[0]
        out[:, -1] = shares.sum(axis=0) / (self.table.taken[rows] + np.float32(LIFT_SHRINK))

    def save(self, directory: Path) -> None:
        """`transitions.*.npy`."""
        for part in ("indptr", "indices", "counts", "totals", "taken"):
            path = directory / f"{self.name}.{part}.npy"
            np.save(path, getattr(self.table, part), allow_pickle=False)

    @classmethod
    def load(cls, directory: Path, n_items: int) -> Self:
        """Memory-mapped."""

        def part(name: str, dtype: Any, shape: tuple[int, ...] | None = None) -> NDArray[Any]:
            return load_array(directory / f"{cls.name}.{name}.npy", dtype, shape)

        indptr, indices = part("indptr", np.int64, (n_items + 1,)), part("indices", np.int32)
        if int(indptr[0]) != 0 or int(indptr[-1]) != len(indices) or np.any(np.diff(indptr) < 0):
            raise ValueError("transitions: row pointers out of range")
        counts = part("counts", np.uint16, (len(indices), LAGS + 1))
        totals = part("totals", np.float32, (n_items, LAGS + 1))
        return cls(LagTable(indptr, indices, counts, totals, part("taken", np.float32, (n_items,))))


def lag_table(sequences: Sequences, kept: int, threads: int = 1) -> LagTable:
    """Count every pair at most `LAGS` places apart; the `kept` most telling pairs of a row stay.

    Item by item: all pairs at once would take hundreds of bytes an interaction.
    """
    import scipy.sparse

    n_items = sequences.n_items
    places = np.arange(len(sequences) if sequences.ordered else 0, dtype=np.int32)
    item = sequences.item[: len(places)]
    starts = sequences.indptr if len(places) else np.zeros_like(sequences.indptr)
    # by item: where it stands, and in whose sequence; linear, and 8 bytes an interaction
    found = scipy.sparse.csr_matrix(
        (places, item, starts), shape=(sequences.n_users, n_items)
    ).tocsc()
    taken = _taken(sequences)
    inner = np.searchsorted(found.indptr, np.arange(0, len(places), BLOCK_PAIRS // (2 * LAGS)))
    edges = np.unique(np.concatenate(([0], inner, [n_items]))).tolist()

    def block(begin: int, end: int) -> tuple[NDArray[Any], ...]:
        return _block(sequences, found, taken, kept, (begin, end))

    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(block, edges[:-1], edges[1:]))
    lengths, indices, counts, totals = (np.concatenate(part) for part in zip(*parts, strict=True))
    indptr = np.concatenate(([0], np.cumsum(lengths)))
    return LagTable(indptr, indices, counts, totals, taken)


def _taken(sequences: Sequences) -> Floats:
    """Users of each item, float32 [n_items]."""
    return np.bincount(sequences.item, minlength=sequences.n_items).astype(np.float32)


def _block(
    sequences: Sequences, found: Any, taken: Floats, kept: int, rows: tuple[int, int]
) -> tuple[NDArray[Any], ...]:
    """Of some rows: entries of each, columns, counts, totals."""
    n_items, n_rows = sequences.n_items, rows[1] - rows[0]
    keys, kinds = _pairs(sequences, found, *rows)
    totals = np.bincount(keys // n_items * (LAGS + 1) + kinds, minlength=n_rows * (LAGS + 1))
    pairs, where = _distinct(keys, n_rows * n_items)
    counted = np.bincount(where * (LAGS + 1) + kinds, minlength=len(pairs) * (LAGS + 1))
    counts = np.minimum(counted, np.iinfo(np.uint16).max).astype(np.uint16).reshape(-1, LAGS + 1)
    keep = _most_telling(pairs, counts, taken, n_rows, kept)
    pairs = pairs[keep]
    lengths = np.bincount(pairs // n_items, minlength=n_rows)
    shaped = totals.astype(np.float32).reshape(n_rows, LAGS + 1)
    return lengths, (pairs % n_items).astype(np.int32), counts[keep], shaped


def _pairs(
    sequences: Sequences, found: Any, begin: int, end: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pairs of the rows as (i - begin) * n_items + j; their lag less one, `LAGS` for before."""
    part = slice(found.indptr[begin], found.indptr[end])
    places, user = found.data[part].astype(np.int64), found.indices[part]
    first, last = sequences.indptr[user], sequences.indptr[user + 1]
    lengths = np.diff(found.indptr[begin : end + 1])
    row = np.repeat(np.arange(end - begin, dtype=np.int64) * sequences.n_items, lengths)
    keys, kinds = [], []
    for gap in (*range(1, LAGS + 1), *range(-LAGS, 0)):
        other = places + gap
        inside = (other >= first) & (other < last)
        keys.append(row[inside] + sequences.item[other[inside]])
        kinds.append(np.full(len(keys[-1]), gap - 1 if gap > 0 else LAGS, dtype=np.int64))
    return np.concatenate(keys), np.concatenate(kinds)


def _distinct(keys: NDArray[np.int64], most: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """`np.unique` with the inverse, of keys below `most`; without sorting where they are dense."""
    if most > DENSE_PER_PAIR * len(keys):
        found, inverse = np.unique(keys, return_inverse=True)
        return found, inverse
    seen = np.zeros(most, dtype=bool)
    seen[keys] = True
    number = np.cumsum(seen)
    return np.flatnonzero(seen), number[keys] - 1


def _most_telling(
    pairs: NDArray[np.int64], counts: NDArray[np.uint16], taken: Floats, n_rows: int, kept: int
) -> NDArray[np.bool_]:
    """The `kept` heaviest pairs of each row; a pair g places apart counts 1 / sqrt(g)."""
    row, column = pairs // len(taken), pairs % len(taken)
    near = np.append(np.arange(1, LAGS + 1) ** -0.5, BACKWARD).astype(np.float32)
    weight = counts @ near / np.maximum(taken, 1)[column] ** np.float32(OTHER_POWER)
    order = np.lexsort((-weight, row))
    first = np.searchsorted(row, np.arange(n_rows))
    keep = np.empty(len(pairs), dtype=bool)
    keep[order] = np.arange(len(pairs)) - first[row[order]] < kept
    return keep
