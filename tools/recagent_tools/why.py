"""Why an item is in a list: the evidence, recomputed by the code that made the list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from pydantic import ValidationError

from recagent_catalogs.interactions import Rows
from recagent_catalogs.schema import NUMBER_ROLES

from .asked import kinds_asked
from .bus import CandidateBus, Stage
from .bus_copy import at_stage
from .conditions import evaluate
from .evidence import Evidence, FeatureShare, ScorePart, StagePlace
from .filter import conditions_of
from .liked import like_shares, shared_values, taken_together
from .models.feature_words import feature_words
from .models.features import feature_names
from .models.history import History
from .provenance import made_again, provenance
from .rank import RankArguments, ranked_history, scored_parts
from .replay import replay, situation_of
from .retrieve import profile_history
from .tastes import of_part
from .together import WORDS, fares_of
from .toolbox import ToolContext

MOST_LOOKED_AT = 20
"""Likes whose values are compared with the item's: those that add most."""
SAME = 1e-3
"""A score that differs by no more is the one of then: sums of 32-bit floats differ by less."""
PART_WORDS = {
    "fit": "fit to what you like",
    "search": "match of the words",
    "likeness": "likeness to what you named",
    "kinship": "same kinds and name",
    "refused": "likeness to what you refused",
    "answers": "what you know and don't know",
    "novelty": "being little known",
    "recency": "being new",
    "popularity": "being popular",
    "exposure": "being rarely shown",
    "rating": "being well rated",
}
UNKNOWN = "what everybody likes"
"""What fit is where nothing is known of the person."""


def evidence_of(row: int, context: ToolContext) -> Evidence:
    """All that speaks for and against an item where a list was made.

    Args:
        row: the item.
        context: of the turn that made the list, its bus standing there (`ToolContext.of_list`).
    """
    catalog, bus = context.catalog, context.bus
    ranking = ranking_of(bus)
    before = None if ranking is None else ranked_context(ranking, context)
    history = _history(context, before)
    shown, rating = bus.shown, float(catalog.mean_rating[row])
    found = Evidence(
        row,
        number=bus.standing,
        place=shown.index(row) + 1 if row in shown else None,
        of=len(shown),
        stages=tuple(_places(row, bus)),
        conditions=conditions_met(row, context),
        taken_by=int(catalog.popularity[row]),
        mean_rating=None if np.isnan(rating) else rating,
        order=_order(context),
        fares=fares_of([row], bus)[0],
    )
    found = _with_likes(found, history, context)
    found = _with_features(found, history, context)
    if ranking is not None and before is not None:
        found = _with_parts(found, ranking, before)
    return found


def _order(context: ToolContext) -> str:
    """The column whose numbers order the list; "" where a score does."""
    bus = context.bus
    if context.order is None or bus.now.candidates is None:
        return "" if context.order is None else context.order[0]
    scored = bus.now.order is not None or bool(bus.scores())
    first = [int(row) for row in bus.rows()[: len(bus.shown)]]
    return "" if scored and first == [*bus.shown] else context.order[0]


def ranking_of(bus: CandidateBus) -> Stage | None:
    """The stage that gave the present candidates their score; None where they were not ranked."""
    if "score" not in bus.scores():
        return None
    ranked = (s for s in reversed(made_again(bus)) if s.tool == "rank" and "by" in s.arguments)
    return next((stage for stage in ranked if "score" in stage.scores), None)


def ranked_context(ranking: Stage, context: ToolContext) -> ToolContext | None:
    """The context of the stage that was ranked; None where its candidates cannot be had again."""
    if ranking.parent is None:
        return None
    loaded = ranking.number not in {stage.number for stage in context.bus.path()}
    known = situation_of(context, ranking, context.bus) if loaded else None
    before = replace(known or context, bus=at_stage(context.bus, ranking.parent))
    if ranking.inputs is not None and (then := situation_of(context, ranking, context.bus)):
        # What the turn said after the ranking ("without the first") was no part of it.
        before = replace(before, liked=then.liked, disliked=then.disliked, wishes=then.wishes)
    if before.bus.now.candidates is None:
        from .registry import load_toolbox  # it registers the tool that asks for this evidence

        if not replay(before.bus, load_toolbox(), before):
            return None
    return before


def _history(context: ToolContext, before: ToolContext | None) -> History:
    """What the models knew of the person when they chose; nothing where none was asked."""
    if before is not None:
        return ranked_history(before)
    path = provenance(context.bus.stages, context.bus.cursor)
    if any(stage.tool in ("similar", "for_user") for stage in path):
        return profile_history(context)
    return History.empty()


def _places(row: int, bus: CandidateBus) -> Iterator[StagePlace]:
    """The stages, and the item's place among the candidates of those that order them."""
    for stage in provenance(bus.stages, bus.cursor):
        order, of = stage.order, stage.after
        if stage.recipe is not None and stage.recipe.op != "load":
            # Only a set that was added brought something in, and only what it held.
            order = _added(row, stage, bus) if stage.recipe.op == "union" else None
            of = of if order is None else len(order)
        found = np.flatnonzero(order == row) if order is not None else np.empty(0, np.int64)
        place = int(found[0]) + 1 if len(found) else None
        yield StagePlace(stage.number, stage.tool, stage.note, place, of if place else stage.after)


def _added(row: int, stage: Stage, bus: CandidateBus) -> Rows | None:
    """The set that a union added, in its order; None where the item was a candidate before."""
    recipe, parent = stage.recipe, None if stage.parent is None else bus.stages[stage.parent]
    if recipe is None or parent is None or parent.candidates is None or row in parent.candidates:
        return None
    if recipe.stage is None:
        return recipe.rows
    source = bus.stages[recipe.stage]
    return None if source.candidates is None else source.rows()


def conditions_met(row: int, context: ToolContext) -> tuple[str, ...]:
    """The conditions on the way to the present candidates that hold of the item, canonical."""
    path = provenance(context.bus.stages, context.bus.cursor)
    told = conditions_of(path, context.catalog)
    return tuple(dict.fromkeys(str(c) for c in told if evaluate(c, context.catalog)[row]))


def _with_likes(found: Evidence, history: History, context: ToolContext) -> Evidence:
    """The likes' shares, the counts of people, and the values in common."""
    added = like_shares(found.row, history, context)
    first = [like.row for like in added.likes[:MOST_LOOKED_AT]]
    return replace(
        found,
        likes=added.likes,
        likes_prior=added.prior,
        likes_score=added.score,
        likes_by=added.by,
        together=taken_together(found.row, history, context),
        shared=shared_values(found.row, first, context.catalog),
    )


def _with_features(found: Evidence, history: History, context: ToolContext) -> Evidence:
    """What the ranker made of the item, where one ranked."""
    explained = context.engine.recommender.explained(found.row, history)
    if explained is None:
        return found
    values, shares = explained
    features = [
        FeatureShare(
            name, feature_words(name), None if np.isnan(value) else float(value), float(share)
        )
        for name, value, share in zip(feature_names(history.kind), values, shares[:-1], strict=True)
    ]
    features.sort(key=lambda feature: -abs(feature.share))
    return replace(
        found,
        features=tuple(features),
        features_base=float(shares[-1]),
        features_score=float(shares.sum()),
    )


def _with_parts(found: Evidence, ranking: Stage, before: ToolContext) -> Evidence:
    """The parts of the final score, made again from the candidates that were ranked."""
    try:
        arguments = RankArguments.model_validate(dict(ranking.arguments))
    except ValidationError:  # ranked by another version
        return found
    rows = before.bus.rows()
    where = np.flatnonzero(rows == found.row)
    if not len(where):
        return found
    scored = scored_parts(before, rows, arguments)
    shares = {name: float(part[where[0]]) for name, part in scored.parts.items()}
    parts = [
        ScorePart(name, part_words(name, before, share), share) for name, share in shares.items()
    ]
    parts.sort(key=lambda part: -part.share)
    score = sum(shares.values())
    then = _score_of(found.row, ranking)
    return replace(
        found,
        candidates=len(rows),
        score=score,
        parts=tuple(parts),
        recomputed=then is None or abs(then - score) > SAME,
    )


def _score_of(row: int, stage: Stage) -> float | None:
    """The score of an item as a stage has it."""
    rows: Rows | None = stage.order
    if rows is None and stage.candidates is not None:
        rows = stage.candidates.rows()
    where = np.empty(0, np.int64) if rows is None else np.flatnonzero(rows == row)
    return float(stage.scores["score"][where[0]]) if len(where) else None


def part_words(name: str, context: ToolContext, share: float = 0.0) -> str:
    """What a part of the score means, for people; with its share, against the other candidates."""
    if name == "fit" and context.company is not None:
        return f"fit to all of you, {WORDS[context.company.by]}"
    if name == "fit" and not ranked_history(context).n_liked:
        return UNKNOWN
    if name == "kinds":
        values = [value for _, group in kinds_asked(context) for value in group]
        kinds = " and ".join(dict.fromkeys(values))
        # All of them are of these kinds, or nearly: what counts is how little else they are.
        if not share:
            return f"being purely {kinds}"
        return f"{'more' if share > 0 else 'less'} purely {kinds} than the others"
    if (taste := of_part(name)) is not None:
        like = next((w > 0 for c, v, w in context.profile.wishes if (c, v) == taste), True)
        return f"that you {'like' if like else 'do not like'} {taste[1]}"
    if name.startswith("wish "):
        column, _, value = name.removeprefix("wish ").partition("=")
        schema = context.catalog.schema
        if schema.find(column) is not None and schema.column(column).role in NUMBER_ROLES:
            return f"{value} {column.replace('_', ' ')}, as you wished"
        return f"being {' or '.join(list(dict.fromkeys(value.split('|')))[:3])}"
    return PART_WORDS.get(name, name)
