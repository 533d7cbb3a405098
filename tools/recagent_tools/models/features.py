"""Features of (history, item) pairs, the same code at training and at serving time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from recagent_catalogs.interactions import Floats, Rows

from .content import GROUPS, Content
from .cooccurrence import CoOccurrence
from .history import History
from .retriever import Retriever, top_rows
from .stats import ItemStats

RANKED = 500
"""Ranks are exact up to here; everything behind counts as this."""
FLAT = 1e-9
"""Scores that deviate less are all the same."""
SCORED = ("als", "cooccurrence", "transitions", "content")
"""Retrievers with features of their own."""
HEAVY_TAILED = frozenset(("cooccurrence", "transitions", "content"))
"""Sums of few large weights: their square root is what is standardised."""
FEATURES: tuple[str, ...] = (
    *(f"{name}.{kind}" for name in SCORED for kind in ("z", "share", "rank")),
    "cooccurrence.nearest",
    *(f"content.{group}" for group in GROUPS),
    "popularity.count",
    "popularity.recent",
    "popularity.trend",
    "popularity.rank",
    "popularity.gap",
    "rating",
    "age",
    "history.length",
    "history.popularity",
    "year",
    "year.gap",
    "year.nearest",
)


@dataclass(frozen=True)
class FirstStage:
    """The retrievers of one fit, and the years of the items (float32 [n_items], NaN unknown)."""

    retrievers: Mapping[str, Retriever]
    year: Floats

    @property
    def content(self) -> Content | None:
        """The content retriever."""
        found = self.retrievers.get("content")
        return found if isinstance(found, Content) else None

    @property
    def cooccurrence(self) -> CoOccurrence | None:
        """The co-occurrence retriever."""
        found = self.retrievers.get("cooccurrence")
        return found if isinstance(found, CoOccurrence) else None

    def scored(self, history: History) -> Scored:
        """Score every item with every retriever but popularity."""
        return Scored(
            history,
            {name: self.retrievers[name].scores(history) for name in self.personal},
        )

    def scored_many(self, histories: Sequence[History]) -> list[Scored]:
        """`scored` for several histories at once."""
        many = {name: self.retrievers[name].scores_many(histories) for name in self.personal}
        return [
            Scored(history, {name: scores[position] for name, scores in many.items()})
            for position, history in enumerate(histories)
        ]

    @property
    def personal(self) -> tuple[str, ...]:
        """The retrievers that look at the history."""
        return tuple(name for name in SCORED if name in self.retrievers)


@dataclass(frozen=True)
class Standard:
    """What standardises one retriever's scores; items of the history play no part.

    Attributes:
        mean, deviation: of all other items.
        rows: int32, up to `RANKED` best rows, best first; of sparse scores only those above 0.
        best: float32, their scores, ascending.
    """

    mean: float
    deviation: float
    rows: Rows
    best: Floats

    @classmethod
    def of(cls, scores: Floats, seen: Rows, floor: float) -> Standard:
        """From all scores, float32 [n_items], and the history's rows; best are above `floor`."""
        others = scores.copy()
        others[seen] = 0
        count = max(1, len(scores) - len(seen))
        mean = float(others.sum(dtype=np.float64)) / count
        square = float(np.dot(others, others)) / count
        others[seen] = -np.inf
        rows = top_rows(others, RANKED)
        best = others[rows]
        said = best > floor
        rows, best = rows[said], best[said]
        return cls(mean, float(np.sqrt(max(square - mean * mean, 0.0))), rows, best[::-1])


@dataclass
class Scored:
    """All items' scores for one history, with what standardises them."""

    history: History
    scores: Mapping[str, Floats]
    _even: dict[str, Floats] = field(default_factory=dict)
    _standard: dict[str, Standard] = field(default_factory=dict)

    def even(self, name: str) -> Floats:
        """The scores, square-rooted where they are heavy-tailed; float32 [n_items]."""
        if name not in HEAVY_TAILED:
            return self.scores[name]
        if name not in self._even:
            self._even[name] = np.sqrt(np.maximum(self.scores[name], 0))
        return self._even[name]

    def standard(self, name: str) -> Standard:
        """What standardises the even scores of that retriever."""
        if name not in self._standard:
            floor = 0.0 if name in HEAVY_TAILED else -np.inf
            self._standard[name] = Standard.of(self.even(name), self.history.rows, floor)
        return self._standard[name]

    def z(self, name: str, rows: Rows | slice = slice(None)) -> Floats:
        """Standard scores of these rows; all zero where the retriever has nothing to say."""
        standard, even = self.standard(name), self.even(name)[rows]
        if standard.deviation < FLAT:
            return np.zeros_like(even)
        scale = np.float32(1 / standard.deviation)
        return (even - np.float32(standard.mean)) * scale


def feature_matrix(
    first: FirstStage, stats: ItemStats, scored: Scored, rows: Rows, popular: Floats
) -> Floats:
    """float32 [len(rows), len(FEATURES)]; NaN where something is unknown.

    Args:
        first: the fitted retrievers.
        stats: the counts at the moment of asking.
        scored: the history and the scores for it.
        rows: int32, the items.
        popular: `best_counts(stats)`.
    """
    columns: list[Floats] = []
    for name in SCORED:
        columns.extend(_score_features(scored, name, rows))
    columns.extend(_affinities(first, scored.history, rows))
    columns.extend(_popularity(stats, scored.history, rows, popular))
    columns.extend(_years(first.year, scored.history, rows))
    return np.stack(columns, axis=1).astype(np.float32)


def best_counts(stats: ItemStats) -> Floats:
    """The largest counts, ascending: what the popularity rank is looked up in."""
    count = min(RANKED, len(stats.count))
    return np.sort(np.partition(stats.count, -count)[-count:])


def _score_features(scored: Scored, name: str, rows: Rows) -> list[Floats]:
    if name not in scored.scores:
        return [np.full(len(rows), np.nan, dtype=np.float32)] * 3
    best = scored.standard(name).best
    even = scored.even(name)[rows]
    top = float(best[-1]) if len(best) else 0.0
    return [scored.z(name, rows), even / np.float32(max(abs(top), FLAT)), _log_rank(best, even)]


def _log_rank(best: Floats, values: Floats) -> Floats:
    """Log of the rank; of equal values all have the worst."""
    rank = len(best) - np.searchsorted(best, values, side="left")
    return np.log(np.maximum(rank, 1)).astype(np.float32)


def _affinities(first: FirstStage, history: History, rows: Rows) -> list[Floats]:
    unknown = np.full(len(rows), np.nan, dtype=np.float32)
    nearest, content = unknown, [unknown] * len(GROUPS)
    if first.cooccurrence is not None:
        nearest = first.cooccurrence.nearest(history)[rows]
    if first.content is not None:
        content = list(first.content.affinities(history, rows).T)
    return [nearest, *content]


def _popularity(stats: ItemStats, history: History, rows: Rows, popular: Floats) -> list[Floats]:
    count, recent = np.log1p(stats.count[rows]), np.log1p(stats.recent[rows])
    usual = float(np.log1p(stats.count[history.rows]).mean()) if len(history) else np.nan
    return [
        count,
        recent,
        recent - count,
        _log_rank(popular, stats.count[rows]),
        count - usual,
        stats.rating[rows],
        stats.age[rows],
        np.full(len(rows), np.log1p(len(history))),
        np.full(len(rows), usual),
    ]


def _years(year: Floats, history: History, rows: Rows) -> list[Floats]:
    mine = year[rows]
    known = year[history.rows]
    known = known[~np.isnan(known)]
    if not len(known):
        unknown = np.full(len(rows), np.nan, dtype=np.float32)
        return [mine, unknown, unknown]
    ordered = np.sort(known)
    after = np.clip(np.searchsorted(ordered, mine), 1, max(1, len(ordered) - 1))
    left, right = ordered[after - 1], ordered[np.minimum(after, len(ordered) - 1)]
    nearest = np.minimum(np.abs(mine - left), np.abs(mine - right))
    return [mine, mine - np.float32(known.mean()), nearest]
