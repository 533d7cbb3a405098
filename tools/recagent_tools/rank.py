"""Item ranking: how well each candidate fits, joined with named aspects by weights."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from recagent_catalogs.errors import ToolError
from recagent_catalogs.interactions import Floats, Rows
from recagent_catalogs.schema import Role

from .answered import answered_parts
from .asked import asked_parts
from .collapse import collapsed, parse_limits, told_limits
from .kin import kin
from .models.blend import standardised
from .models.diversity import HEAD, POOL, Traits, reranked
from .models.history import History
from .personal import before_ranking
from .references import preview
from .retrieve import named_titles, profile_history
from .tastes import taste_parts
from .together import FIT, PLACE, WORDS, each, joined, places
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
SHOWN = 10
"""So much of the list counts for what a weight did."""
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
    top: int = 0
    """Keep only the best so many; 0 keeps all."""
    at_most: list[str] = Field(default=[], description='Of one: "series=1", "COLUMN=2".')


def parse_weights(texts: Sequence[str]) -> dict[str, float]:
    """Read `aspect=weight` texts, or lists of them with commas.

    Raises:
        ToolError: unknown aspect, no number, or out of range; the text names what is allowed.
    """
    weights: dict[str, float] = {}
    for text in (part for told in texts for part in told.split(",") if part.strip()):
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
            named; "taste column=value" of what the person lastingly likes; "answers" of an
            interview; and the aspects.
        aspects: float32 [m] by name, without weights: fit and the aspects, standardised.
        people: where the list is for several, float64 [m] by name: how well each candidate fits
            that one, lasting tastes and all, of which "fit" is joined.
        level: by what these were divided in "fit".
    """

    parts: dict[str, NDArray[np.float64]]
    aspects: dict[str, Floats]
    people: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    level: float = 1.0

    @property
    def total(self) -> NDArray[np.float64]:
        """The score, float64 [m], lest rounding put a lesser item into the top k."""
        total = np.zeros(len(self.aspects["fit"]))
        for part in self.parts.values():
            total += part
        return total

    def alone(self, name: str) -> NDArray[np.float64]:
        """The score that the candidates would have for one of several people, float64 [m]."""
        return self.total - self.parts["fit"] + self.people[name] / self.level


def scored_parts(context: ToolContext, rows: Rows, arguments: RankArguments) -> ScoredParts:
    """The parts of the score of `rows`, all candidates of the bus in its order."""
    history = ranked_history(context)
    weights = _weights(arguments, history, context)
    people: dict[str, NDArray[np.float64]] = {}
    tastes: list[tuple[str, Floats]] = []
    if context.company is None:
        aspects = {"fit": fit(rows, history, context)}
        parts = {"fit": weights["fit"] * aspects["fit"].astype(np.float64)}
        tastes = [*taste_parts(rows, context), *answered_parts(rows, context)]
    else:
        fits, people = _of_each(context, rows, arguments)
        aspects = {"fit": joined(fits, context.company.by).astype(np.float32)}
        parts = {"fit": joined(people, context.company.by)}
    weights.pop("fit")
    for name, told in (*asked_parts(rows, context), *_from_the_bus(context, rows), *tastes):
        parts[name] = told.astype(np.float64)
    # What fits and was asked for, brought down to deviation 1: then a weight of 1 can be seen.
    relevance = np.sum(list(parts.values()), axis=0)
    level = max(1.0, float(relevance.std()) if len(relevance) else 0.0)
    parts = {name: part / level for name, part in parts.items()}
    for name, weight in weights.items():
        aspects[name] = standardised(aspect(name, rows, context))
        parts[name] = weight * aspects[name].astype(np.float64)
    return ScoredParts(parts, aspects, people, level)


def _of_each(
    context: ToolContext, rows: Rows, arguments: RankArguments
) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]]]:
    """Of each of several people by name the fit, and the fit by its weight with their tastes."""
    fits, people = {}, {}
    for name, one in each(context):
        history = ranked_history(one)
        fits[name] = fit(rows, history, one).astype(np.float64)
        people[name] = _weights(arguments, history, one)["fit"] * fits[name]
        for _, taste in taste_parts(rows, one):
            people[name] = people[name] + taste
    return fits, people


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
    arguments = _with_own(arguments, context)
    weights = parse_weights(arguments.weights)
    limits = parse_limits(arguments.at_most, context.catalog)
    before_ranking(context)
    if not len(context.bus):
        raise ToolError("there are no candidates to rank that the person wants")
    rows = context.bus.rows()
    scored = scored_parts(context, rows, arguments)
    total = scored.total
    notes = [
        _says_nothing(name)
        for name, part in scored.aspects.items()
        if name in VALUES and not part.any() and len(rows) > 2  # of one or two it goes unsaid
    ]
    making = _Order(rows, limits, arguments.top, context)
    ordered, order = making.of(total, weights.get("diversity", 0.0))
    # What a limit drops leaves as a step of its own, which can be told and taken back.
    too_many = np.setdiff1d(ordered, order)
    told_here = told_limits(limits, context.catalog)
    ranked_by = arguments.model_copy(update={"at_most": []}) if len(too_many) else arguments
    notes += [] if making.told_apart else [_says_nothing("diversity")]
    moved = _moved(weights, scored, order, making)
    columns = {name: part[ordered] for name, part in scored.aspects.items()}
    columns["score"] = total[ordered].astype(np.float32)
    for name, own in scored.people.items():
        columns[FIT + name] = own[ordered].astype(np.float32)
        columns[PLACE + name] = places(scored.alone(name))[ordered].astype(np.float32)
    ms = (time.perf_counter() - started) * 1000
    context.bus.score(
        "rank",
        ranked_by.model_dump(),
        columns,
        order=rows[ordered],
        ms=ms,
        note=_note(context, arguments, moved, "" if len(too_many) else told_here),
    )
    if len(too_many):
        limit = {"at_most": list(arguments.at_most)}
        context.bus.drop("rank", limit, rows[too_many].tolist(), note=told_here)
    context.notices.extend(("limit", note) for note in notes)
    lines = [f"{len(context.bus):,} candidates, best first:", preview(context, 12), *notes]
    aspects = {name: asdict(one) for name, one in moved.items()}
    return ToolResult("\n".join(lines), {"left": len(context.bus), "aspects": aspects})


def _with_own(arguments: RankArguments, context: ToolContext) -> RankArguments:
    """The arguments with the weights that the person gave in numbers, which count before others.

    They so stand with the stage, which can be made again without the person.
    """
    if not context.weights:
        return arguments
    weights = {**parse_weights(arguments.weights), **context.weights}
    texts = [f"{name}={weight:g}" for name, weight in weights.items()]
    return arguments.model_copy(update={"weights": texts})


@dataclass
class _Order:
    """Puts the candidates into an order: by score, then for diversity, then within the limits."""

    rows: Rows
    limits: Mapping[str, int]
    top: int
    context: ToolContext
    told_apart: bool = True

    def of(
        self, total: NDArray[np.float64], diversity: float
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Places in `rows`, best first: in their order; and those that the limits leave.

        Where the best `top` are wanted, both are these.
        """
        order = np.lexsort((self.rows, -total))
        if diversity:
            order, self.told_apart = _diversified(
                order, self.rows, total, diversity, self.top, self.context
            )
        within = order
        if self.limits:
            within = order[collapsed(self.rows[order], self.limits, self.context.catalog)[0]]
        if self.top > 0:
            return within[: self.top], within[: self.top]
        return order, within


@dataclass(frozen=True)
class Moved:
    """What a weight did: the mean of the aspect over the head of the list without and with it.

    Attributes:
        weight: as it was set.
        before: novelty in bits, recency as a year, rating in the data's own units, popularity as
            the logarithm of the number of people, exposure as a logarithm; of diversity the mean
            unlikeness of two items, 0 to 1.
        after: the same of the list as it is.
    """

    weight: float
    before: float
    after: float


def _moved(
    weights: Mapping[str, float], scored: ScoredParts, order: NDArray[np.intp], making: _Order
) -> dict[str, Moved]:
    """What each weight did to the list, all others left as they are."""
    moved = {}
    diversity, total = weights.get("diversity", 0.0), scored.total
    for name, weight in weights.items():
        if name == "fit" or not weight:
            continue
        if name == "diversity":
            _, plain = making.of(total, 0.0)
        else:
            _, plain = making.of(total - scored.parts[name], diversity)
        heads = [making.rows[places[:SHOWN]] for places in (plain, order)]
        before, after = (_mean_of(name, head, making.context) for head in heads)
        moved[name] = Moved(weight, round(before, 4), round(after, 4))
    return moved


def _mean_of(name: str, head: Rows, context: ToolContext) -> float:
    """The mean of an aspect over a few items; of diversity that of their pairs."""
    if name == "diversity":
        traits = Traits.read(context.engine.recommender.first, head)
        return traits.diversity(np.arange(len(head), dtype=np.int32))
    return float(aspect(name, head, context).mean()) if len(head) else 0.0


def _note(
    context: ToolContext, arguments: RankArguments, moved: Mapping[str, Moved], limits: str
) -> str:
    """What the funnel says of the ranking: by what it is, what the weights did, the limits."""
    note = "ranked"
    if arguments.by != "fit":
        note = f"ranked by {arguments.by}"
    elif "likeness" in context.bus.scores() and context.liked:
        note = f"ranked by likeness to {named_titles(context, context.liked)}"
    if context.company is not None:
        note += f" for all of you {WORDS[context.company.by]}"
    if moved:
        note += ": " + ", ".join(_told(name, one) for name, one in moved.items())
    return f"{note}, {limits}" if limits else note


def _told(name: str, one: Moved) -> str:
    """`novelty .4 (2.1 → 3.4 bits)`."""
    weight = f"{one.weight:g}".replace("0.", ".", 1) if abs(one.weight) < 1 else f"{one.weight:g}"
    form = ".0f" if name == "recency" and one.after > 1000 else ".2f" if one.after < 1 else ".1f"
    unit = " bits" if name == "novelty" else ""
    return f"{name} {weight} ({one.before:{form}} → {one.after:{form}}{unit})"


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
