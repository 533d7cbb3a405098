"""Popularity and its kin, at any moment of the data and never from its future."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats

from .history import History
from .retriever import Retriever, Setting, TrainingData
from .scores import DenseScores, Scores
from .sequences import Sequences
from .sparse import load_array

MOMENTS = 32
RECENT_SHARE = 0.1
"""The recent window is as long as the time that the newest tenth of the interactions took."""
RATING_SHRINK = 8.0


@dataclass(frozen=True)
class ItemStats:
    """What can be counted of each item up to some moment; float32 [n_items] each.

    Attributes:
        count: users who took it.
        recent: those of the recent window.
        rating: mean rating drawn towards the overall mean, 0 where there are no ratings.
        age: time since it was first taken, as a share of the data's span; NaN if never or unknown.
    """

    count: Floats
    recent: Floats
    rating: Floats
    age: Floats

    @classmethod
    def of_counts(cls, count: NDArray[np.int32]) -> ItemStats:
        """Where nothing but counts is known."""
        counts = np.asarray(count, dtype=np.float32)
        unknown = np.full(len(counts), np.nan, dtype=np.float32)
        return cls(counts, counts, np.zeros(len(counts), np.float32), unknown)


class TimedStats:
    """Counts by item, cumulative over up to `MOMENTS` moments (one where there is no time)."""

    def __init__(self, sequences: Sequences) -> None:
        self.sequences = sequences
        self.edges: NDArray[np.int64] = np.zeros(1, np.int64)
        self.window = 0
        moment = np.zeros(len(sequences), dtype=np.int64)
        time = sequences.time
        if time is not None and len(time):
            ordered = np.sort(time)
            marks = np.linspace(0, len(ordered) - 1, MOMENTS).astype(np.int64)
            self.edges = np.unique(ordered[marks])
            self.window = int(ordered[-1] - ordered[int((1 - RECENT_SHARE) * (len(time) - 1))])
            moment = np.searchsorted(self.edges, time, side="left")
        self.counts = self._cumulative(moment, None)
        self.ratings = None
        if sequences.rating is not None:
            self.ratings = self._cumulative(moment, sequences.rating)
        self.first = self._first()
        self._kept: dict[int, ItemStats] = {}

    def _cumulative(self, moment: NDArray[np.int64], values: Floats | None) -> Floats:
        """float32 [moments, n_items], sums of everything no later than that moment."""
        shape = (len(self.edges), self.sequences.n_items)
        cells = moment * shape[1] + self.sequences.item
        sums = np.bincount(cells, values, minlength=shape[0] * shape[1]).reshape(shape)
        return sums.cumsum(axis=0).astype(np.float32)

    def _first(self) -> NDArray[np.float64]:
        """When each item was first taken, NaN where never or unknown."""
        first = np.full(self.sequences.n_items, np.nan)
        time = self.sequences.time
        if time is not None:
            newest_first = np.argsort(-time, kind="stable")
            first[self.sequences.item[newest_first]] = time[newest_first]
        return first

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
        since = int(np.searchsorted(self.edges, self.edges[upto] - self.window, side="right")) - 1
        if self.window and since >= 0:
            recent = count - self.counts[since]
        rating = np.zeros(n_items, dtype=np.float32)
        if self.ratings is not None and count.sum() > 0:
            sums = self.ratings[upto]
            overall = np.float32(sums.sum() / count.sum())
            rating = (sums + RATING_SHRINK * overall) / (count + RATING_SHRINK)
        span = max(1, int(self.edges[-1] - self.edges[0]))
        age = np.where(count > 0, (self.edges[upto] - self.first) / span, np.nan)
        return ItemStats(count, recent, rating.astype(np.float32), age.astype(np.float32))


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
        return cls(TimedStats(data.sequences).now())

    def score(self, history: History) -> Scores:
        """log(1 + count), whatever the history."""
        return DenseScores(self._scores, history.rows)

    def save(self, directory: Path) -> None:
        """`popularity.npy`, float32 [4, n_items]."""
        stacked = np.stack([getattr(self.stats, field.name) for field in fields(ItemStats)])
        np.save(directory / "popularity.npy", stacked, allow_pickle=False)

    @classmethod
    def load(cls, directory: Path, n_items: int) -> Self:
        """Memory-mapped."""
        shape = (len(fields(ItemStats)), n_items)
        return cls(ItemStats(*load_array(directory / "popularity.npy", np.float32, shape)))
