"""Training groups of the ranker: histories cut at random, candidates, labels. No target is leaked.

Users are split into folds; the retrievers that make a fold's features were fitted on the other
folds' users only, so that neither history nor targets of a group were seen by its first stage.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats, Rows

from .features import FirstStage, Scored, feature_matrix
from .history import History
from .sequences import Sequences
from .stats import ItemStats, TimedStats

MOST_NAMED = 0.85
"""Share of a history that is named at most."""
LATEST_POSITIONS = 16
"""Ordered cuts are made at one of so many last items of a user."""


@dataclass(frozen=True)
class Shape:
    """How the groups of one kind are made.

    Attributes:
        top, tail: best of each retriever, and of it among the less popular half of the items.
        random: rows drawn besides.
        rows: most rows of a group; targets are at most half.
    """

    top: int
    tail: int
    random: int
    rows: int


SHAPES = {"likes": Shape(60, 25, 10, 100), "next": Shape(80, 0, 0, 41)}
BATCH = 64


@dataclass(frozen=True)
class Cut:
    """A history and what came of it.

    Attributes:
        history: what is known.
        targets: int32, rows that the person took besides.
        time: the moment of asking, or None where it is not known.
    """

    history: History
    targets: Rows
    time: int | None = None


@dataclass(frozen=True)
class Group:
    """The candidates of one cut: rows int32 [m], features float32 [m, F], labels bool [m]."""

    rows: Rows
    features: Floats
    labels: NDArray[np.bool_]


def likes_cuts(
    sequences: Sequences, users: Sequence[int], per_user: int, rng: np.random.Generator
) -> list[Cut]:
    """Random items of a user without order, k log-uniform; the rest are targets."""
    cuts = []
    for user in users:
        items = sequences.history(user).rows
        most = min(int(MOST_NAMED * len(items)), len(items) - 2)
        for _ in range(per_user if most > 0 else 0):
            count = min(most, int(np.exp(rng.uniform(0, np.log(most + 1)))))
            shuffled = rng.permutation(items)
            cuts.append(Cut(History.of(shuffled[:count].tolist()), shuffled[count:]))
    return cuts


def next_cuts(
    sequences: Sequences, users: Sequence[int], per_user: int, rng: np.random.Generator
) -> list[Cut]:
    """The last item and random ones of the last 16 as targets, each after what came before it."""
    cuts = []
    for user in users:
        length = int(sequences.lengths()[user])
        earliest = max(1, length - LATEST_POSITIONS)
        others = np.arange(earliest, length - 1)
        more = rng.choice(others, min(per_user - 1, len(others)), replace=False)
        for position in [length - 1, *sorted(more.tolist())]:
            if position >= 1:
                cuts.append(next_cut(sequences, user, position))
    return cuts


def next_cut(sequences: Sequences, user: int, position: int) -> Cut:
    """What came before the item at `position` of a user's sequence, and that item."""
    place = int(sequences.indptr[user]) + position
    time = int(sequences.time[place]) if sequences.time is not None and sequences.dated else None
    return Cut(sequences.history(user, position), sequences.item[place : place + 1], time)


def candidates(scored: Scored, stats: ItemStats, top: int, tail: int) -> Rows:
    """The union of every retriever's best, and of its best among the less popular half; rows."""
    found = [np.empty(0, np.int32)]
    for scores in scored.scores.values():
        best = scores.best[0]
        found.append(best[:top])
        if tail:
            found.append(best[stats.rare[best]][:tail])
    return np.unique(np.concatenate(found))


def training_groups(
    kind: str,
    first: FirstStage,
    stats: TimedStats,
    cuts: Sequence[Cut],
    rng: np.random.Generator,
) -> Iterator[Group]:
    """A group for each cut with a target among its candidates; negatives are sampled."""
    shape = SHAPES[kind]
    for cut, scored in score_cuts(first, cuts):
        found = candidates(scored, moment(stats, cut), shape.top, shape.tail)
        drawn = rng.integers(0, stats.sequences.n_items, shape.random)
        found = np.setdiff1d(np.concatenate((found, drawn)), cut.history.rows).astype(np.int32)
        hit = np.isin(found, cut.targets)
        liked, others = found[hit], found[~hit]
        if len(liked) and len(others):
            rows = _sampled(liked, others, shape.rows, rng)
            yield make_group(first, stats, cut, scored, rows)


def score_cuts(first: FirstStage, cuts: Sequence[Cut]) -> Iterator[tuple[Cut, Scored]]:
    """Every cut with its scores, scored in batches."""
    for begin in range(0, len(cuts), BATCH):
        batch = cuts[begin : begin + BATCH]
        yield from zip(batch, first.scored_many([cut.history for cut in batch]), strict=True)


def make_group(first: FirstStage, stats: TimedStats, cut: Cut, scored: Scored, rows: Rows) -> Group:
    """The features and labels of these rows at the cut's moment."""
    features = feature_matrix(first, moment(stats, cut), scored, rows)
    return Group(rows, features, np.isin(rows, cut.targets))


def moment(stats: TimedStats, cut: Cut) -> ItemStats:
    """The counts at the cut's moment."""
    return stats.now() if cut.time is None else stats.before(cut.time)


def _sampled(liked: Rows, others: Rows, most: int, rng: np.random.Generator) -> Rows:
    """At most `most` rows, ascending: all targets (at most half of them) and random others."""
    if len(liked) > most // 2:
        liked = rng.choice(liked, most // 2, replace=False)
    space = most - len(liked)
    if len(others) > space:
        others = rng.choice(others, space, replace=False)
    return np.sort(np.concatenate((liked, others))).astype(np.int32)
