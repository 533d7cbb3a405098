"""Features of (history, item) pairs, the same code at training and at serving time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from recagent_catalogs.interactions import Floats, Rows

from .content import GROUPS, Content
from .cooccurrence import CoOccurrence
from .history import History
from .nearby import NEARBY_FEATURES, Nearby
from .retriever import Retriever
from .scores import FLAT, Scores, log_rank
from .stats import ItemStats
from .transitions import LAG_FEATURES, Transitions

KINDS = ("likes", "next")
"""Of histories, and of rankers: named items without order, and what was taken in its order."""
SCORED: Mapping[str, tuple[str, ...]] = {
    "likes": ("als", "user_knn", "ease", "cooccurrence", "content"),
    "next": ("als", "nearby", "transitions", "cooccurrence", "content"),
}
"""The retrievers that are asked for each kind of history."""
PLAIN = (
    "popularity.count",
    "popularity.recent",
    "popularity.trend",
    "popularity.rank",
    "popularity.gap",
    "popularity.rarest_gap",
    "rating",
    "age",
    "activity",
    "activity.gap",
    "history.length",
    "history.popularity",
    "history.spread",
    "history.activity",
    "year",
    "year.gap",
    "year.nearest",
)
STEPS: Mapping[str, tuple[str, ...]] = {"likes": (), "next": (*LAG_FEATURES, *NEARBY_FEATURES)}
"""What the newest items say, each by itself."""


def feature_names(kind: str) -> tuple[str, ...]:
    """The columns of `feature_matrix` for that kind of history."""
    scored = (f"{name}.{sign}" for name in SCORED[kind] for sign in ("z", "share", "rank"))
    affinities = ("cooccurrence.nearest", *(f"content.{group}" for group in GROUPS))
    return (*scored, *affinities, *STEPS[kind], *PLAIN)


@dataclass(frozen=True)
class FirstStage:
    """The retrievers of one fit, and what they were fitted to.

    Attributes:
        retrievers: by name.
        year: float32 [n_items], of the items, NaN where unknown.
        usual_length: how many items a user has.
    """

    retrievers: Mapping[str, Retriever]
    year: Floats
    usual_length: float = 0.0

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
        """What the retrievers for its kind say of that history."""
        asked = self.personal(history.kind)
        return Scored(history, {name: self.retrievers[name].score(history) for name in asked})

    def scored_many(self, histories: Sequence[History]) -> list[Scored]:
        """`scored` for several histories at once."""
        found: list[dict[str, Scores]] = [{} for _ in histories]
        for kind in KINDS:
            places = [n for n, history in enumerate(histories) if history.kind == kind]
            asked = [histories[place] for place in places]
            for name in self.personal(kind) if asked else ():
                many = self.retrievers[name].score_many(asked)
                for place, scores in zip(places, many, strict=True):
                    found[place][name] = scores
        return [Scored(*pair) for pair in zip(histories, found, strict=True)]

    def personal(self, kind: str) -> tuple[str, ...]:
        """The retrievers that look at a history of that kind."""
        return tuple(name for name in SCORED[kind] if name in self.retrievers)


@dataclass(frozen=True)
class Scored:
    """What the retrievers say of one history."""

    history: History
    scores: Mapping[str, Scores]


def feature_matrix(first: FirstStage, stats: ItemStats, scored: Scored, rows: Rows) -> Floats:
    """float32 [len(rows), F], columns as `feature_names`; NaN where something is unknown.

    Args:
        first: the fitted retrievers.
        stats: the counts at the moment of asking.
        scored: the history and the scores for it.
        rows: int32, the items.
    """
    history = scored.history
    columns: list[Floats] = []
    for name in SCORED[history.kind]:
        columns.extend(_score_features(scored, name, rows))
    columns.extend(_affinities(first, history, rows))
    if history.ordered:
        columns.extend(_steps(first, history, rows))
    columns.extend(_popularity(stats, history, rows))
    columns.extend(_years(first.year, history, rows))
    return np.stack(columns, axis=1).astype(np.float32)


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


def _steps(first: FirstStage, history: History, rows: Rows) -> list[Floats]:
    lags, near = first.retrievers.get("transitions"), first.retrievers.get("nearby")
    unknown = np.full(len(rows), np.nan, dtype=np.float32)
    columns = [unknown] * len(LAG_FEATURES)
    if isinstance(lags, Transitions):
        columns = list(lags.features(history, rows).T)
    if isinstance(near, Nearby):
        return [*columns, *near.features(history, rows).T]
    return [*columns, *[unknown] * len(NEARBY_FEATURES)]


def _popularity(stats: ItemStats, history: History, rows: Rows) -> list[Floats]:
    count, recent = np.log1p(stats.count[rows]), np.log1p(stats.recent[rows])
    activity = stats.activity[rows]
    mine = np.log1p(stats.count[history.rows])
    usual = rarest = spread = active = np.float32(np.nan)
    if len(history):
        usual, rarest, spread = mine.mean(), mine.min(), mine.std()
        active = stats.activity[history.rows].mean()
    ones = np.ones(len(rows), dtype=np.float32)
    return [
        count,
        recent,
        recent - count,
        log_rank(stats.best_counts, stats.count[rows]),
        count - usual,
        count - rarest,
        stats.rating[rows],
        stats.age[rows],
        activity,
        activity - active,
        ones * np.float32(np.log1p(len(history))),
        ones * usual,
        ones * spread,
        ones * active,
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
