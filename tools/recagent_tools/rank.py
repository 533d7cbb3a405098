"""Item ranking: how well each candidate fits, joined with named aspects by weights."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from recagent_catalogs.errors import ToolError
from recagent_catalogs.interactions import Floats, Rows
from recagent_catalogs.schema import Role

from .asked import asked_parts
from .kin import kin
from .models.blend import standardised
from .models.diversity import HEAD, POOL, Traits, reranked
from .models.history import History
from .references import preview
from .retrieve import named_titles, profile_history
from .rowset import RowSet
from .toolbox import Arguments, Tool, ToolContext, ToolResult

VALUES = ("novelty", "recency", "popularity", "exposure", "rating")
"""Aspects that are one value an item. The list is the exact top k of a weighted sum, so a larger
weight never lowers the list's sum of the aspect (while `diversity` is 0)."""
ASPECTS = ("novelty", "diversity", "recency", "popularity", "exposure", "rating")
MAX_WEIGHT = 5.0
MAX_DIVERSITY = 1.0
LIKENESS_WEIGHT = 1.5
"""How much likeness to named items weighs. What is like one film is a question of that film, what
fits ten likes is a question of taste: fit counts k/3 of its weight for k < 3 named items."""
UNKNOWN_FIT = 0.5
"""What fit counts where nothing is known of the person and a mood is asked for: fit is then general
popularity, and would put the same bestsellers into every mood."""
REFUSED_FROM = 1.0
"""Standard deviations of likeness to a refused item from which on a candidate sinks: what has no
more than its kind in common with it stays."""
SEARCH_WEIGHT = 0.5
"""How much a match of the words searched for weighs against fit, both standardised."""


class RankArguments(Arguments):
    """Arguments of `rank`."""

    by: Literal["fit", "popularity", "recency", "rating"] = Field(
        default="fit", description="Counts first."
    )
    weights: list[str] = Field(
        default=[],
        description='"novelty=.4", "popularity=-1", "recency=1", "rating=.5", "exposure=1", '
        '"diversity=.5".',
    )
    top: int = Field(default=0, description="Keep only the best; 0 keeps all.")


def parse_weights(texts: Sequence[str]) -> dict[str, float]:
    """Read `aspect=weight` texts.

    Raises:
        ToolError: unknown aspect, no number, or out of range; the text names what is allowed.
    """
    weights: dict[str, float] = {}
    for text in texts:
        name, _, value = text.partition("=")
        name = name.strip().lower()
        if name not in (*ASPECTS, "fit"):
            raise ToolError(f"no aspect {name!r}", hint="aspects: fit, " + ", ".join(ASPECTS))
        try:
            weight = float(value)
        except ValueError:
            raise ToolError(f"{text!r} needs a number", hint=f"{name}=.5") from None
        most = MAX_DIVERSITY if name == "diversity" else MAX_WEIGHT
        if not -most <= weight <= most:
            raise ToolError(f"{name} must be between -{most:g} and {most:g}")
        weights[name] = weight
    return weights


def aspect(name: str, rows: Rows, context: ToolContext) -> Floats:
    """One named aspect of the candidates, larger is more of it; float32 [m], not standardised.

    * novelty: self-information -log2 of the share of people who took the item, in bits (Zhou et
      al. 2010), and popularity: the logarithm of their number, the same for all of the long tail:
      "nothing popular" asks for no blockbusters, not for what nobody took.
    * recency: the year; without years, when it was first taken. What is unknown counts as average.
    * exposure: how much less lists show the item than its share of what people take would deserve.
    * rating: the mean rating, drawn to the catalog's; without ratings, popularity.
    """
    if name == "recency":
        return recency(rows, context)
    if name == "exposure":
        return deserved_exposure(context)[rows]
    if name == "rating":
        return shrunk_rating(rows, context)
    taken = np.asarray(context.engine.popularity("all")[rows], dtype=np.float32)
    if name == "popularity":
        return np.log1p(np.maximum(taken, context.engine.recommender.stats.tail))
    people = max(1, context.catalog.n_users, int(taken.max(initial=0)))
    return np.asarray(-np.log2((taken + 1) / (people + 1)), dtype=np.float32)


def recency(rows: Rows, context: ToolContext) -> Floats:
    """Year, or how late an item was first taken, float32 [m]; the mean where unknown."""
    column = context.catalog.schema.one(Role.YEAR)
    if column is not None:
        when = np.asarray(context.catalog.numbers(column.name)[rows], dtype=np.float32)
    else:
        when = -np.asarray(context.engine.recommender.stats.age[rows], dtype=np.float32)
    known = when[~np.isnan(when)]
    middle = known.mean() if len(known) else 0.0
    return np.where(np.isnan(when), middle, when).astype(np.float32)


def deserved_exposure(context: ToolContext) -> Floats:
    """Logarithm of deserved over given exposure, float32 [n_items]; 0 where it is not known.

    Deserved is the item's share of all that people took, times the places of the lists looked at:
    exposure in proportion to merit (Singh & Joachims, KDD 2018; Biega et al., SIGIR 2018). One
    place is added to both, so that chance does not decide on rare items.
    """
    given = np.asarray(context.engine.exposure(), dtype=np.float32)
    taken = np.asarray(context.engine.popularity("all"), dtype=np.float32)
    places, all_taken = float(given.sum()), float(taken.sum())
    if not places or not all_taken:
        return np.zeros(len(taken), dtype=np.float32)
    deserved = taken * np.float32(places / all_taken)
    return np.asarray(np.log((deserved + 1) / (given + 1)), dtype=np.float32)


def shrunk_rating(rows: Rows, context: ToolContext, prior: float = 10.0) -> Floats:
    """Mean rating shrunk towards the catalog's by `prior` ratings; popularity without ratings."""
    means = context.catalog.mean_rating
    if not len(means) or np.all(np.isnan(means)):
        return np.log1p(context.engine.popularity("all")[rows]).astype(np.float32)
    overall = float(np.nanmean(means))
    counts = context.catalog.popularity[rows].astype(np.float32)
    own = np.nan_to_num(means[rows], nan=overall)
    return ((own * counts + overall * prior) / (counts + prior)).astype(np.float32)


def fit(rows: Rows, history: History, context: ToolContext) -> Floats:
    """How well each candidate fits the history, standardised; float32 [m]."""
    return standardised(context.engine.rank(rows, history))


@dataclass(frozen=True)
class ScoredParts:
    """The final score of m candidates, as the sum that it is.

    Attributes:
        parts: float64 [m] by name, each with its weight: "fit"; "kinds" and "wish column=value" of
            what was asked; "search", "likeness", "kinship" and "refused" of the words and items
            named; and the aspects.
        aspects: float32 [m] by name, without weights: fit and the aspects, standardised.
    """

    parts: dict[str, NDArray[np.float64]]
    aspects: dict[str, Floats]

    @property
    def total(self) -> NDArray[np.float64]:
        """The score, float64 [m], lest rounding put a lesser item into the top k."""
        total = np.zeros(len(self.aspects["fit"]))
        for part in self.parts.values():
            total += part
        return total


def scored_parts(context: ToolContext, rows: Rows, arguments: RankArguments) -> ScoredParts:
    """The parts of the score of `rows`, all candidates of the bus in its order."""
    history = ranked_history(context)
    weights = _weights(arguments, history, context)
    aspects = {"fit": fit(rows, history, context)}
    parts = {"fit": weights.pop("fit") * aspects["fit"].astype(np.float64)}
    for name, told in (*asked_parts(rows, context), *_from_the_bus(context, rows)):
        parts[name] = told.astype(np.float64)
    # What fits and was asked for, brought down to deviation 1: then a weight of 1 can be seen.
    relevance = np.sum(list(parts.values()), axis=0)
    level = max(1.0, float(relevance.std()) if len(relevance) else 0.0)
    parts = {name: part / level for name, part in parts.items()}
    for name, weight in weights.items():
        aspects[name] = standardised(aspect(name, rows, context))
        parts[name] = weight * aspects[name].astype(np.float64)
    return ScoredParts(parts, aspects)


def _weights(arguments: RankArguments, history: History, context: ToolContext) -> dict[str, float]:
    """The weight of fit and of every aspect that is one value an item."""
    weights = parse_weights(arguments.weights)
    weights.pop("diversity", None)
    usual = _fit_weight(history, context) if arguments.by == "fit" else 0.25
    weights.setdefault("fit", usual)
    if arguments.by != "fit":
        weights[arguments.by] = weights.get(arguments.by, 0.0) + 2.0
    return weights


def rank(context: ToolContext, arguments: RankArguments) -> ToolResult:
    """Order the candidates by a weighted sum of standardised aspects, then by diversity."""
    if not len(context.bus):
        raise ToolError("there are no candidates to rank", hint="relax a condition first")
    started = time.perf_counter()
    diversity = parse_weights(arguments.weights).get("diversity", 0.0)
    drop_seen(context)
    rows = context.bus.rows()
    scored = scored_parts(context, rows, arguments)
    total = scored.total
    order = np.lexsort((rows, -total))
    notes = [
        _says_nothing(name)
        for name, part in scored.aspects.items()
        if name in VALUES and not part.any() and len(rows) > 2  # of one or two it goes unsaid
    ]
    if diversity:
        order, known = _diversified(order, rows, total, diversity, arguments.top, context)
        notes += [] if known else [_says_nothing("diversity")]
    if arguments.top > 0:
        order = order[: arguments.top]
    columns = {name: part[order] for name, part in scored.aspects.items()}
    columns["score"] = total[order].astype(np.float32)
    ms = (time.perf_counter() - started) * 1000
    context.bus.score(
        "rank",
        arguments.model_dump(),
        columns,
        order=rows[order],
        ms=ms,
        note=_note(context, arguments),
    )
    context.notices.extend(("limit", note) for note in notes)
    lines = [f"{len(context.bus):,} candidates, best first:", preview(context, 12), *notes]
    return ToolResult("\n".join(lines), {"left": len(context.bus)})


def _note(context: ToolContext, arguments: RankArguments) -> str:
    """What the funnel says of the ranking: by what it is, where not by fit alone."""
    if arguments.by != "fit":
        return f"ranked by {arguments.by}"
    if "likeness" in context.bus.scores() and context.liked:
        return f"ranked by likeness to {named_titles(context, context.liked)}"
    return "ranked"


def _says_nothing(name: str) -> str:
    return f"The weight of {name} changes nothing: the data do not tell these items apart in it."


def _diversified(
    order: NDArray[np.intp],
    rows: Rows,
    total: NDArray[np.float64],
    weight: float,
    top: int,
    context: ToolContext,
) -> tuple[NDArray[np.intp], bool]:
    """The order with its head re-ranked by MMR; and whether anything is known to compare by."""
    length = max(HEAD, top)
    pool = order[: max(POOL, 4 * top)]
    traits = Traits.read(context.engine.recommender.first, rows[pool])
    places = reranked(total[pool], traits, weight, length)
    return np.concatenate((pool[places], order[len(pool) :])), traits.told_apart or len(pool) < 2


def _fit_weight(history: History, context: ToolContext) -> float:
    """What fit counts where nobody says; never dependent on the weights of the aspects."""
    if not history.n_liked and any(weight > 0 for _, _, weight in context.wishes):
        return UNKNOWN_FIT
    named = len(context.liked)
    return min(1.0, named / 3) if "likeness" in context.bus.scores() and named else 1.0


def ranked_history(context: ToolContext) -> History:
    """What is known of the person; named items count in the order of being named.

    What was taken after them, where the data have an order, tells more of one or a few named items
    than the taste of all who took them: over a whole catalog it finds a tenth more of what ReDial's
    people were told of next; within a list's conditions less.
    """
    history = profile_history(context)
    if "likeness" not in context.bus.scores() or context.user is not None:
        return history
    return replace(history, ordered=context.engine.ordered)


def drop_seen(context: ToolContext) -> None:
    """What the person has seen is not offered again, unless nothing else is left."""
    seen = [int(row) for row in context.profile.seen]
    if not seen:
        return
    left = (context.bus.candidates - RowSet.of_rows(seen, context.catalog.n_items)).count
    if 0 < left < len(context.bus):
        context.bus.drop("rank", {}, seen, note="not seen yet")


def _from_the_bus(context: ToolContext, rows: Rows) -> list[tuple[str, Floats]]:
    """What words searched for and named items, liked or refused, say of the candidates."""
    columns = context.bus.scores()
    told = []
    if "search" in columns:
        told.append(("search", np.float32(SEARCH_WEIGHT) * standardised(columns["search"])))
    if "likeness" in columns:
        alike = columns["likeness"]
        told.append(("likeness", np.float32(LIKENESS_WEIGHT) * standardised(alike)))
        told.append(("kinship", kin(rows, alike, context.liked, context)))
    elif context.disliked:
        refused = History.of([], context.disliked)
        unlike = standardised(context.engine.likeness(refused, rows))
        told.append(("refused", np.minimum(np.float32(0), unlike + np.float32(REFUSED_FROM))))
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
