"""One fold of the cross-fitting: retrievers fitted on the other folds' users, groups of its own.

So the first stage of a group has seen nothing of its user. A few users of each fold are kept from
the rankers as well: they are measured as newcomers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from .als import ALS
from .closed_form import DENSE
from .content import Content
from .cooccurrence import CoOccurrence
from .ease import Ease
from .facts import ItemFacts
from .features import KINDS, FirstStage
from .groups import Cut, Group, likes_cuts, next_cuts, training_groups
from .history import History
from .measured import Measured, measure_cuts
from .nearby import Nearby
from .retriever import Retriever, Setting, TrainingData
from .sequences import Sequences
from .stats import Popularity, TimedStats
from .transitions import Transitions
from .user_knn import UserKNN

FOLDS = 3
SHORTEST = 3
"""Users with fewer items are neither learnt from nor measured."""
NEWCOMERS = 240
NEWCOMER_LIKES = 5
SHORTEST_NEWCOMER = 10
FOLDED = 200_000
"""Interactions that the folds share; of larger data a sample of the users."""
GROUPS = {"likes": 1600, "next": 6000}
"""Groups that the rankers learn from."""
CUTS = {"likes": 1.0, "next": 3.0}
"""Cuts that are tried for a group: on sparse data most ordered ones miss their target."""
MOST_CUTS = {"likes": 2, "next": 12}
"""Cuts of one user."""
QUICK_GROUPS = {"likes": 360, "next": 360}

Users = NDArray[np.int64]


@dataclass(frozen=True)
class Folds:
    """What all folds share.

    Attributes:
        known: what may be learnt from.
        content: the content retriever, which interactions play no part in.
        year: float32 [n_items].
        usual_length: items of a user of all the data: every fit goes by the same.
        users: of each fold, int64.
        setting: how to fit.
    """

    known: Sequences
    content: Content
    year: NDArray[np.float32]
    usual_length: float
    users: Sequence[Users]
    setting: Setting

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of histories that the data has."""
        return KINDS if self.known.ordered else KINDS[:1]

    def share(self, kind: str) -> int:
        """How many groups of a kind one fold is to make."""
        return (QUICK_GROUPS if self.setting.quick else GROUPS)[kind] // len(self.users)


@dataclass(frozen=True)
class FoldResult:
    """Groups by kind, and the measured newcomers."""

    groups: Mapping[str, Sequence[Group]]
    newcomers: Sequence[Measured]


def folds_of(
    known: Sequences,
    content: Content,
    year: NDArray[np.float32],
    usual_length: float,
    setting: Setting,
    rng: np.random.Generator,
) -> Folds:
    """Split the users; no folds where there are too few of them."""
    sampled = _sample(known, rng)
    users = rng.permutation(np.flatnonzero(sampled.lengths() >= SHORTEST))
    parts = np.array_split(users, FOLDS)
    enough = len(users) >= 2 * len(parts)
    return Folds(sampled, content, year, usual_length, parts if enough else [], setting)


def _sample(known: Sequences, rng: np.random.Generator) -> Sequences:
    """Users who together have about `FOLDED` interactions; everybody in smaller data."""
    if len(known) <= FOLDED:
        return known
    users = rng.permutation(known.n_users)
    total = np.cumsum(known.lengths()[users])
    wanted = np.zeros(known.n_users, dtype=bool)
    wanted[users[: int(np.searchsorted(total, FOLDED)) + 1]] = True
    return known.of_users(wanted)


def fit_first_stage(
    sequences: Sequences,
    content: Content,
    year: NDArray[np.float32],
    usual_length: float,
    setting: Setting,
) -> FirstStage:
    """Every retriever on these sequences; on sparse data neighbours do better than EASE."""
    data = TrainingData(sequences, ItemFacts(sequences.n_items))
    kinds: list[type[Retriever]] = [ALS, UserKNN, CoOccurrence, Popularity]
    if usual_length >= DENSE:
        kinds.append(Ease)
    if sequences.ordered:
        kinds += [Nearby, Transitions]
    retrievers: dict[str, Retriever] = {kind.name: kind.fit(data, setting) for kind in kinds}
    retrievers["content"] = content
    return FirstStage(retrievers, year, usual_length)


def run_fold(folds: Folds, number: int) -> FoldResult:
    """Fit on the others, make the groups, measure the newcomers; the same wherever it runs."""
    cutting, sampling, ties = np.random.default_rng([folds.setting.seed, number]).spawn(3)
    known, users = folds.known, folds.users[number]
    mine = np.zeros(known.n_users, dtype=bool)
    mine[users] = True
    others = known.of_users(~mine)
    first = fit_first_stage(others, folds.content, folds.year, folds.usual_length, folds.setting)
    stats = TimedStats(others)
    kept, learners = _split(folds, users)
    newcomers = measure_cuts(first, stats, _strangers(known, kept, cutting), ties)
    groups = {}
    for kind in folds.kinds:
        cuts = fold_cuts(folds, kind, learners, cutting)
        made = training_groups(kind, first, stats, cuts, sampling)
        groups[kind] = list(islice(made, folds.share(kind)))
    return FoldResult(groups, newcomers)


def _split(folds: Folds, users: Users) -> tuple[Users, Users]:
    """Users of the fold to be measured as newcomers, and the others."""
    long_enough = users[folds.known.lengths()[users] >= SHORTEST_NEWCOMER]
    most = NEWCOMERS // 3 if folds.setting.quick else NEWCOMERS
    kept = long_enough[: min(most // len(folds.users), len(long_enough) // 6)]
    return kept, np.setdiff1d(users, kept)


def fold_cuts(folds: Folds, kind: str, users: Users, rng: np.random.Generator) -> list[Cut]:
    """Histories of these users, cut at random; a fold's share of them."""
    most = int(CUTS[kind] * folds.share(kind))
    each = int(np.clip(most // max(1, len(users)), 1, MOST_CUTS[kind]))
    if len(users) * each > most:
        users = rng.choice(users, max(1, most // each), replace=False)
    make = likes_cuts if kind == "likes" else next_cuts
    cuts = make(folds.known, users.tolist(), each, rng)
    # not all of them are used where most hit their target
    return [cuts[place] for place in rng.permutation(len(cuts))]


def _strangers(known: Sequences, users: Users, rng: np.random.Generator) -> list[Cut]:
    """Users as strangers who name five of their items."""
    cuts = []
    for user in users.tolist():
        shuffled = rng.permutation(known.history(user).rows)
        named = History.of(shuffled[:NEWCOMER_LIKES].tolist())
        cuts.append(Cut(named, shuffled[NEWCOMER_LIKES:]))
    return cuts
