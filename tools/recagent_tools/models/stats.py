"""Popularity and its kin, at any moment of the data and never from its future."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats

from .history import History
from .retriever import Retriever, Setting, TrainingData
from .scores import RANKED, DenseScores, Scores
from .sequences import Sequences
from .sparse import load_array

MOMENTS = 32
STRIP = 1 << 18
"""Interactions counted at once."""
RECENT_SHARE = 0.1
"""The recent window is as long as the time that the newest tenth of the interactions took."""
RATING_SHRINK = 8.0
HEAD = 0.8
"""Share of the interactions that the short head has (Celma, 2008)."""


@dataclass(frozen=True)
class ItemStats:
    """What can be counted of each item up to some moment; float32 [n_items] each.

    Attributes:
        count: users who took it.
        recent: those of the recent window.
        rating: mean rating drawn towards the overall mean, 0 where there are no ratings.
        age: time since it was first taken, as a share of the data's span; NaN if never or unknown.
        activity: mean logarithm of the length of its users' histories, whatever the moment.
    """

    count: Floats
    recent: Floats
    rating: Floats
    age: Floats
    activity: Floats

    @cached_property
    def best_counts(self) -> Floats:
        """The largest counts, ascending: what the popularity rank is looked up in."""
        count = min(RANKED, len(self.count))
        return np.sort(np.partition(self.count, -count)[-count:])

    @cached_property
    def tail(self) -> np.float32:
        """The count from which on items make up 80 % of all that was taken: below is the tail."""
        ordered = np.sort(self.count)[::-1]
        total = np.cumsum(ordered, dtype=np.float64)
        if not len(ordered) or not total[-1]:
            return np.float32(0)
        return np.float32(ordered[int(np.searchsorted(total, HEAD * total[-1]))])

    @cached_property
    def rare(self) -> NDArray[np.bool_]:
        """The less popular half of the items that anybody took, and those that nobody did."""
        taken = self.count[self.count > 0]
        return self.count <= (np.median(taken) if len(taken) else np.inf)

    @classmethod
    def of_counts(cls, count: NDArray[np.int32]) -> ItemStats:
        """Where nothing but counts is known."""
        counts = np.asarray(count, dtype=np.float32)
        unknown = np.full(len(counts), np.nan, dtype=np.float32)
        nothing = np.zeros(len(counts), dtype=np.float32)
        return cls(counts, counts, nothing, unknown, nothing)


class TimedStats:
    """Counts by item, cumulative over up to `MOMENTS` moments (one where there is no time)."""

    def __init__(self, sequences: Sequences, *, only_now: bool = False) -> None:
        """Count.

        Args:
            sequences: what to count.
            only_now: for `now` alone: every other moment takes 8 bytes an item.
        """
        self.sequences = sequences
        self.edges: NDArray[np.int64] = np.zeros(1, np.int64)
        self.window, self.span = 0, 1
        if sequences.time is not None and len(sequences):
            self._mark(np.sort(sequences.time), only_now)
        self.counts = self._cumulative(None)
        self.ratings = None if sequences.rating is None else self._cumulative(sequences.rating)
        self.first = self._first()
        self.activity = self._activity()
        self._kept: dict[int, ItemStats] = {}

    def _mark(self, ordered: NDArray[np.int64], only_now: bool) -> None:
        """Choose the moments, out of all times, ascending."""
        marks = np.linspace(0, len(ordered) - 1, MOMENTS).astype(np.int64)
        self.edges = np.unique(ordered[marks])
        self.span = max(1, int(self.edges[-1] - self.edges[0]))
        self.window = int(ordered[-1] - ordered[int((1 - RECENT_SHARE) * (len(ordered) - 1))])
        if only_now:
            last = len(self.edges) - 1
            self.edges = self.edges[sorted({max(self._since(last), 0), last})]

    def _strips(self) -> Iterator[slice]:
        """All interactions, few at a time: what NumPy makes of them takes 8 bytes each and more."""
        for begin in range(0, len(self.sequences), STRIP):
            yield slice(begin, begin + STRIP)

    def _cumulative(self, values: Floats | None) -> Floats:
        """float32 [moments, n_items], sums of everything no later than that moment."""
        n_items, time = self.sequences.n_items, self.sequences.time
        sums = np.zeros(len(self.edges) * n_items, np.int32 if values is None else np.float64)
        for part in self._strips():
            cells = self.sequences.item[part].astype(np.int64)
            if time is not None:
                cells += np.searchsorted(self.edges, time[part], side="left") * n_items
            np.add.at(sums, cells, 1 if values is None else values[part].astype(np.float64))
        table = sums.reshape(len(self.edges), n_items)
        return np.cumsum(table, axis=0, out=table).astype(np.float32)

    def _first(self) -> NDArray[np.float64]:
        """When each item was first taken, NaN where never or unknown."""
        time = self.sequences.time
        first = np.full(self.sequences.n_items, np.inf)
        if time is not None:
            for part in self._strips():
                np.minimum.at(first, self.sequences.item[part], time[part].astype(np.float64))
        first[np.isinf(first)] = np.nan
        return first

    def _activity(self) -> Floats:
        """Mean logarithm of the history's length over the users of each item; 0 where nobody is."""
        n_items, logs = self.sequences.n_items, np.log1p(self.sequences.lengths())
        counts, sums = np.zeros(n_items, dtype=np.int64), np.zeros(n_items)
        for part in self._strips():
            item = self.sequences.item[part]
            counts += np.bincount(item, minlength=n_items)
            sums += np.bincount(item, logs[self.sequences.user[part]], minlength=n_items)
        return np.asarray(sums / np.maximum(counts, 1), dtype=np.float32)

    def _since(self, upto: int) -> int:
        """The last moment before the recent window of moment `upto`, -1 where there is none."""
        start = self.edges[upto] - self.window
        return int(np.searchsorted(self.edges, start, side="right")) - 1

    def now(self) -> ItemStats:
        """At the end of the data."""
        return self._moment(len(self.edges) - 1)

    def before(self, time: int) -> ItemStats:
        """Of what lies before `time` for certain: rounded down to one of the moments kept."""
        return self._moment(int(np.searchsorted(self.edges, time, side="left")) - 1)

    def _moment(self, upto: int) -> ItemStats:
        if upto not in self._kept:
            self._kept[upto] = self._count(upto)
        return self._kept[upto]

    def _count(self, upto: int) -> ItemStats:
        """Everything no later than edge `upto`; nothing at all for -1."""
        n_items = self.sequences.n_items
        if upto < 0:
            return ItemStats.of_counts(np.zeros(n_items, dtype=np.int32))
        count = recent = self.counts[upto]
        since = self._since(upto)
        if self.window and since >= 0:
            recent = count - self.counts[since]
        rating = np.zeros(n_items, dtype=np.float32)
        if self.ratings is not None and count.sum() > 0:
            sums = self.ratings[upto]
            overall = np.float32(sums.sum() / count.sum())
            rating = (sums + RATING_SHRINK * overall) / (count + RATING_SHRINK)
        age = np.where(count > 0, (self.edges[upto] - self.first) / self.span, np.nan)
        told = rating.astype(np.float32), age.astype(np.float32)
        return ItemStats(count, recent, *told, self.activity)


class Popularity(Retriever):
    """How many users took an item: the same list for everybody, as a logarithm."""

    name: ClassVar[str] = "popularity"

    def __init__(self, stats: ItemStats) -> None:
        self.stats = stats
        self.n_items = len(stats.count)
        self._scores = np.log1p(stats.count)

    @classmethod
    def fit(cls, data: TrainingData, setting: Setting) -> Self:
        """Count."""
        return cls(TimedStats(data.sequences, only_now=True).now())

    def score(self, history: History) -> Scores:
        """log(1 + count), whatever the history."""
        return DenseScores(self._scores, history.rows)

    def save(self, directory: Path) -> None:
        """`popularity.npy`, float32 [5, n_items]."""
        stacked = np.stack([getattr(self.stats, field.name) for field in fields(ItemStats)])
        np.save(directory / "popularity.npy", stacked, allow_pickle=False)

    @classmethod
    def load(cls, directory: Path, n_items: int) -> Self:
        """Memory-mapped."""
        shape = (len(fields(ItemStats)), n_items)
        return cls(ItemStats(*load_array(directory / "popularity.npy", np.float32, shape)))
