"""What the models make of histories whose continuation is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats, Rows

from .blend import blend
from .features import FirstStage, Scored
from .groups import Cut, Group, candidates, make_group, moment, score_cuts
from .metrics import hit_rate, hits_of, ndcg, stacked
from .ranker import Ranker
from .ranking import combined
from .scores import RANKED
from .stats import TimedStats
from .topk import largest

CUTOFF = 10
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
    lists = {model: pool[best_places(scores, ties)] for model, scores in models.items()}
    group = make_group(first, stats, cut, scored, rows)
    return Measured(cut, lists, group, blend(scored, rows, first.usual_length))


def ranked_lists(
    measured: Sequence[Measured], ranker: Ranker, ties: np.random.Generator
) -> list[Rows]:
    """What the ranker makes of the candidates, combined with the blend as it is when asked."""
    predicted = ranker.predict(np.concatenate([one.group.features for one in measured]))
    ends = np.cumsum([len(one.group.rows) for one in measured])
    lists = []
    for one, scores in zip(measured, np.split(predicted, ends[:-1]), strict=True):
        final = combined(scores, one.blended, one.cut.history)
        lists.append(one.group.rows[best_places(final, ties)])
    return lists


def figures(measured: Sequence[Measured], ranked: Sequence[Rows]) -> dict[str, dict[str, float]]:
    """NDCG@10 and HR@10 of every model, the ranker's where it has lists, and how many people."""
    if not measured:
        return {}
    lists = {model: [one.lists[model] for one in measured] for model in measured[0].lists}
    if ranked:
        lists["ranker"] = list(ranked)
    targets = [one.cut.targets for one in measured]
    return {model: _figures(rows, targets) for model, rows in lists.items()}


def ndcg_each(lists: Sequence[Rows], measured: Sequence[Measured]) -> NDArray[np.float64]:
    """NDCG@10 of each list, float64 [m]."""
    targets = [one.cut.targets for one in measured]
    if not targets:
        return np.zeros(0)
    n_items = 1 + max(int(rows.max(initial=0)) for rows in (*lists, *targets))
    hits = hits_of(stacked(lists, CUTOFF), targets, n_items)
    return ndcg(hits, np.array([len(rows) for rows in targets]), CUTOFF)


def final_lists(
    measured: Sequence[Measured], ranker: Ranker | None, ties: np.random.Generator
) -> list[Rows]:
    """The best ten of each as they are served: the ranker's, or the blend's where none runs."""
    if ranker is None or not measured:
        return [one.lists["blend"] for one in measured]
    return ranked_lists(measured, ranker, ties)


def _figures(lists: Sequence[Rows], targets: Sequence[Rows]) -> dict[str, float]:
    n_items = 1 + max(int(rows.max(initial=0)) for rows in (*lists, *targets))
    hits = hits_of(stacked(lists, CUTOFF), targets, n_items)
    relevant = np.array([len(rows) for rows in targets])
    mean_ndcg, mean_hr = ndcg(hits, relevant, CUTOFF).mean(), hit_rate(hits, CUTOFF).mean()
    at = f"@{CUTOFF}"
    return {
        f"ndcg{at}": round(float(mean_ndcg), 5),
        f"hr{at}": round(float(mean_hr), 5),
        "users": len(lists),
    }


def best_places(scores: Floats, rng: np.random.Generator) -> NDArray[np.int64]:
    """Where the ten largest scores stand, best first; ties at random, so that they win nothing."""
    count = min(CUTOFF, len(scores))
    cut = np.partition(scores, -count)[-count]
    places = np.flatnonzero(scores >= cut)
    order = np.lexsort((rng.random(len(places)), -scores[places]))
    return places[order][:count]
