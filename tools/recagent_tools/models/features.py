"""Features of (history, item) pairs, the same code at training and at serving time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from recagent_catalogs.interactions import Floats, Rows

from .content import GROUPS, Content
from .cooccurrence import CoOccurrence
from .history import History
from .retriever import Retriever
from .scores import FLAT, RANKED, Scores, log_rank
from .stats import ItemStats

SCORED = ("als", "cooccurrence", "transitions", "content")
"""Retrievers with features of their own."""
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
        """What every retriever but popularity says of that history."""
        return Scored(
            history, {name: self.retrievers[name].score(history) for name in self.personal}
        )

    def scored_many(self, histories: Sequence[History]) -> list[Scored]:
        """`scored` for several histories at once."""
        many = {name: self.retrievers[name].score_many(histories) for name in self.personal}
        return [
            Scored(history, {name: scores[position] for name, scores in many.items()})
            for position, history in enumerate(histories)
        ]

    @property
    def personal(self) -> tuple[str, ...]:
        """The retrievers that look at the history."""
        return tuple(name for name in SCORED if name in self.retrievers)


@dataclass(frozen=True)
class Scored:
    """What the retrievers say of one history."""

    history: History
    scores: Mapping[str, Scores]


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
    scores = scored.scores[name]
    values, best = scores.of(rows), scores.best[1]
    mean, factor = scores.scale
    top = float(best[0]) if len(best) else 0.0
    share = values / np.float32(max(abs(top), FLAT))
    return [(values - mean) * factor, share, scores.log_rank(values)]


def _affinities(first: FirstStage, history: History, rows: Rows) -> list[Floats]:
    unknown = np.full(len(rows), np.nan, dtype=np.float32)
    nearest, content = unknown, [unknown] * len(GROUPS)
    if first.cooccurrence is not None:
        nearest = first.cooccurrence.nearest(history, rows)
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
        log_rank(popular, stats.count[rows]),
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
