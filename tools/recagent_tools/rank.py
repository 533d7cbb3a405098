"""Item ranking: how well each candidate fits, joined with named aspects by weights."""

from __future__ import annotations

import time
from typing import Literal

import numpy as np
from pydantic import Field

from recagent_catalogs.errors import ToolError
from recagent_catalogs.interactions import Floats, Rows
from recagent_catalogs.schema import Role

from .bus import RowSet
from .models.blend import standardised
from .models.history import History
from .references import preview
from .retrieve import profile_history
from .toolbox import Arguments, Tool, ToolContext, ToolResult

ASPECTS = ("novelty", "popularity", "recency", "rating")
MAX_WEIGHT = 5.0
LIKENESS_WEIGHT = 1.5
"""How much likeness to named items weighs. What is like one film is a question of that film, what
fits ten likes is a question of taste: fit counts k/3 of its weight for k < 3 named items."""
SEARCH_WEIGHT = 0.5
"""How much a match of the words searched for weighs against fit, both standardised."""


class RankArguments(Arguments):
    """Arguments of `rank`."""

    by: Literal["fit", "popularity", "recency", "rating"] = Field(
        default="fit", description="What counts first."
    )
    weights: list[str] = Field(
        default=[],
        description='Further aspects, -5 to 5: "novelty=.4", "popularity=-1", "recency=1".',
    )
    top: int = Field(default=0, description="Keep only the best; 0 keeps all.")


def parse_weights(texts: list[str]) -> dict[str, float]:
    """Read `aspect=weight` texts.

    Raises:
        ToolError: unknown aspect or no number; the text names the aspects.
    """
    weights: dict[str, float] = {}
    for text in texts:
        name, _, value = text.partition("=")
        name = name.strip().lower()
        if name not in (*ASPECTS, "fit"):
            raise ToolError(f"rank: no aspect {name!r}", hint="aspects: fit, " + ", ".join(ASPECTS))
        try:
            weight = float(value)
        except ValueError:
            raise ToolError(f"rank: {text!r} needs a number", hint=f"{name}=.5") from None
        if not -MAX_WEIGHT <= weight <= MAX_WEIGHT:
            raise ToolError(f"rank: {name} must be between -{MAX_WEIGHT:g} and {MAX_WEIGHT:g}")
        weights[name] = weight
    return weights


def aspect(name: str, rows: Rows, context: ToolContext) -> Floats:
    """One named aspect of the candidates, larger is more of it; float32 [m], not standardised."""
    if name in ("popularity", "novelty"):
        taken = np.log1p(context.engine.popularity("all")[rows]).astype(np.float32)
        return taken if name == "popularity" else -taken
    if name == "recency":
        column = context.catalog.schema.one(Role.YEAR)
        if column is None:
            return np.zeros(len(rows), dtype=np.float32)
        years = context.catalog.numbers(column.name)[rows]
        return np.nan_to_num(years, nan=float(np.nanmin(years)) if len(years) else 0.0)
    return shrunk_rating(rows, context)


def shrunk_rating(rows: Rows, context: ToolContext, prior: float = 10.0) -> Floats:
    """Mean rating shrunk towards the catalog's mean by `prior` ratings; zeros without ratings."""
    means = context.catalog.mean_rating
    if not len(means) or np.all(np.isnan(means)):
        return np.log1p(context.engine.popularity("all")[rows]).astype(np.float32)
    overall = float(np.nanmean(means))
    counts = context.catalog.popularity[rows].astype(np.float32)
    own = np.nan_to_num(means[rows], nan=overall)
    return ((own * counts + overall * prior) / (counts + prior)).astype(np.float32)


def fit(rows: Rows, history: History, context: ToolContext) -> Floats:
    """How well each candidate fits history and wishes, standardised; float32 [m]."""
    return standardised(context.engine.rank(rows, history, wishes=context.wishes))


def rank(context: ToolContext, arguments: RankArguments) -> ToolResult:
    """Order the candidates by a weighted sum of standardised aspects."""
    if not len(context.bus):
        raise ToolError("there are no candidates to rank", hint="relax a condition first")
    started = time.perf_counter()
    weights = parse_weights(arguments.weights)
    _drop_seen(context)
    rows = context.bus.rows()
    weights.setdefault("fit", _fit_weight(context) if arguments.by == "fit" else 0.25)
    if arguments.by != "fit":
        weights[arguments.by] = weights.get(arguments.by, 0.0) + 2.0
    parts = {"fit": fit(rows, profile_history(context), context)}
    for name in weights:
        if name != "fit":
            parts[name] = standardised(aspect(name, rows, context))
    total = np.sum([weights[name] * part for name, part in parts.items()], axis=0)
    total = np.asarray(total + _from_the_bus(context), dtype=np.float32)
    order = np.lexsort((rows, -total))
    if arguments.top > 0:
        order = order[: arguments.top]
    columns = {name: part[order] for name, part in parts.items()}
    columns["score"] = total[order]
    ms = (time.perf_counter() - started) * 1000
    context.bus.score(
        "rank", arguments.model_dump(), columns, order=rows[order], ms=ms, note="ranked"
    )
    lines = [f"{len(context.bus):,} candidates, best first:", preview(context, 12)]
    return ToolResult("\n".join(lines), {"left": len(context.bus)})


def _fit_weight(context: ToolContext) -> float:
    named = len(context.liked)
    return min(1.0, named / 3) if "likeness" in context.bus.scores() and named else 1.0


def _drop_seen(context: ToolContext) -> None:
    """What the person has seen is not offered again, unless nothing else is left."""
    seen = [int(row) for row in context.profile.seen]
    if not seen:
        return
    n_items = context.catalog.n_items
    keep = RowSet.all(n_items) - RowSet.of_rows(seen, n_items)
    left = (context.bus.candidates & keep).count
    if 0 < left < len(context.bus):
        context.bus.narrow("rank", {}, keep, note="not seen yet")


def _from_the_bus(context: ToolContext) -> Floats | float:
    """What retrieval by words and by named items says of the candidates."""
    columns = context.bus.scores()
    told: Floats | float = 0.0
    if "search" in columns:
        told = told + SEARCH_WEIGHT * standardised(columns["search"])
    if "likeness" in columns:
        told = told + LIKENESS_WEIGHT * standardised(columns["likeness"])
    return told


TOOLS = (
    Tool(
        "rank",
        "ranking",
        "Order the candidates, best first; call it last, before present.",
        RankArguments,
        rank,
        changes_bus=True,
    ),
)
