"""What the models make of histories whose continuation is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from recagent_catalogs.interactions import Floats, Rows

from .blend import blend
from .features import FirstStage, Scored
from .groups import Cut, Group, candidates, make_group, moment, score_cuts
from .measure import Tally, best_unseen
from .ranker import Ranker
from .ranking import combined
from .scores import RANKED
from .stats import TimedStats
from .topk import largest

MANY_ITEMS = 50_000
"""Above, a model's list is looked for among the best of all models, not among all items."""
MEASURED_TOP = 100
"""Candidates of each retriever that the ranker orders when it is measured."""


@dataclass(frozen=True)
class Measured:
    """One cut, measured.

    Attributes:
        cut: what was known, and what came of it.
        lists: the best unseen rows of every model, best first.
        group: the candidates that a ranker is to order.
        blended: float32, the blend's scores of these candidates.
    """

    cut: Cut
    lists: Mapping[str, Rows]
    group: Group
    blended: Floats


def measure_cuts(
    first: FirstStage, stats: TimedStats, cuts: Sequence[Cut], ties: np.random.Generator
) -> list[Measured]:
    """Every cut; equal scores are ordered by `ties`."""
    return [_measure(first, stats, cut, scored, ties) for cut, scored in score_cuts(first, cuts)]


def _measure(
    first: FirstStage, stats: TimedStats, cut: Cut, scored: Scored, ties: np.random.Generator
) -> Measured:
    then = moment(stats, cut)
    rows = candidates(scored, then, MEASURED_TOP, 0)
    pool = np.arange(len(then.count), dtype=np.int32)
    if len(pool) > MANY_ITEMS:
        pool = np.union1d(candidates(scored, then, RANKED, 0), largest(then.count, RANKED))
    pool = np.setdiff1d(pool, cut.history.rows).astype(np.int32)
    models = {"popularity": then.count[pool]}
    models |= {name: scores.of(pool) for name, scores in scored.scores.items()}
    models["blend"] = blend(scored, pool, first.usual_length)
    nothing = np.empty(0, np.int32)
    lists = {model: pool[best_unseen(scores, nothing, ties)] for model, scores in models.items()}
    group = make_group(first, stats, cut, scored, rows)
    return Measured(cut, lists, group, blend(scored, rows, first.usual_length))


def ranked_lists(
    measured: Sequence[Measured], ranker: Ranker, ties: np.random.Generator
) -> list[Rows]:
    """What the ranker makes of the candidates, combined with the blend as it is when asked."""
    nothing = np.empty(0, np.int32)
    predicted = ranker.predict(np.concatenate([one.group.features for one in measured]))
    ends = np.cumsum([len(one.group.rows) for one in measured])
    lists = []
    for one, scores in zip(measured, np.split(predicted, ends[:-1]), strict=True):
        final = combined(scores, one.blended, one.cut.history)
        lists.append(one.group.rows[best_unseen(final, nothing, ties)])
    return lists


def tallied(measured: Sequence[Measured], ranked: Sequence[Rows]) -> dict[str, Tally]:
    """The figures of every model; the ranker's where it has lists."""
    tallies: dict[str, Tally] = {}
    for one in measured:
        for model, rows in one.lists.items():
            tallies.setdefault(model, Tally()).add(rows, one.cut.targets)
    for one, rows in zip(measured, ranked, strict=False):
        tallies.setdefault("ranker", Tally()).add(rows, one.cut.targets)
    return tallies
