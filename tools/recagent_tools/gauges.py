"""How well an item of a list fits and how little known it is, 0 to 1, to be seen at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from .asked import kinds_asked
from .provenance import provenance
from .rank import VALUES, RankArguments, parse_weights, ranked_history
from .stages import Stage
from .together import each
from .toolbox import ToolContext

FEW = 20
"""Of fewer candidates the last one is the zero of fit: half of them would stand at zero else."""


@dataclass(frozen=True)
class Gauge:
    """What bars tell of an item.

    Attributes:
        fit: 0 to 1; what speaks for the item beside novelty, popularity and other aspects that
            were weighed in: 1 is the best of the candidates that were ranked, 0 the middle one
            (the last of few) and all behind it. None where they were not ranked by what is known
            or asked, or only the best were kept.
        novelty: 0 to 1; the self-information -log2 of the share of people who took the item,
            between that of the item taken most (0) and of one that nobody took (1). None
            without interactions.
    """

    fit: float | None = None
    novelty: float | None = None


def gauges(rows: Sequence[int], context: ToolContext) -> list[Gauge]:
    """The gauges of the items of a list, in its order.

    Args:
        rows: of the items.
        context: of the turn that made the list, its bus standing there.
    """
    fits, novelties = _fits(rows, context), _novelties(rows, context)
    return [Gauge(fit, novelty) for fit, novelty in zip(fits, novelties, strict=True)]


def _novelties(rows: Sequence[int], context: ToolContext) -> Sequence[float | None]:
    taken = context.engine.popularity("all")
    most = float(taken.max(initial=0))
    if most <= 0:
        return [None] * len(rows)
    bits = np.log1p(np.asarray(taken[list(rows)], dtype=np.float64))
    return [float(1 - bit / np.log1p(most)) for bit in bits]


def _fits(rows: Sequence[int], context: ToolContext) -> Sequence[float | None]:
    ranking = _ranking(context)
    relevance = None if ranking is None else _relevance(ranking)
    if ranking is None or relevance is None or not _says_something(context, ranking):
        return [None] * len(rows)
    best = float(relevance.max())
    zero = float(np.median(relevance) if len(relevance) >= FEW else relevance.min())
    if best - zero <= 1e-6:
        return [None] * len(rows)
    shares = np.clip((relevance - zero) / (best - zero), 0, 1)
    wanted = set(rows)
    found = {
        int(row): float(share)
        for row, share in zip(ranking.rows(), shares, strict=True)
        if int(row) in wanted
    }
    return [found.get(row) for row in rows]


def _ranking(context: ToolContext) -> Stage | None:
    """The stage that ranked all the candidates, as far as it is at hand."""
    bus = context.bus
    for stage in reversed(provenance(bus.stages, bus.cursor)):
        if stage.tool == "rank" and "by" in stage.arguments:
            whole = stage.candidates is not None and "score" in stage.scores
            return stage if whole else None
    return None


def _relevance(ranking: Stage) -> NDArray[np.float64] | None:
    """The score without the aspects that were weighed in, float64 [m]; None where cut."""
    try:
        arguments = RankArguments.model_validate(dict(ranking.arguments))
    except ValidationError:  # ranked by another version
        return None
    if arguments.top:
        return None
    weights = parse_weights(arguments.weights)
    if arguments.by != "fit":
        weights[arguments.by] = weights.get(arguments.by, 0.0) + 2.0
    relevance = ranking.scores["score"].astype(np.float64)
    for name, weight in weights.items():
        if name in VALUES and weight:
            if name not in ranking.scores:
                return None
            relevance -= weight * ranking.scores[name]
    return relevance if len(relevance) else None


def _says_something(context: ToolContext, ranking: Stage) -> bool:
    """Whether fit is more than general popularity: something is known of the person, or asked."""
    if {"likeness", "search"} & set(ranking.scores) or context.wishes or context.disliked:
        return True
    known = [one for _, one in each(context)] or [context]
    return bool(kinds_asked(context)) or any(ranked_history(one).n_liked > 0 for one in known)
