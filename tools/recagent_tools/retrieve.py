"""Item retrieval: by seeds, by history, by words, by popularity. Each scores the candidates."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from recagent_catalogs.errors import ToolError
from recagent_catalogs.interactions import Floats, Rows

from .models.blend import standardised
from .models.history import History
from .references import preview, resolve_all
from .rowset import RowSet
from .together import each, joined
from .toolbox import Arguments, Tool, ToolContext, ToolResult
from .verdicts import UNKNOWN, verdicts

KEEP = 1_000
"""How many candidates a soft retriever leaves; the ranker looks at all of them."""


class SimilarArguments(Arguments):
    """Arguments of `similar`."""

    liked: list[str]
    unlike: list[str] = Field(default=[])


class ForUserArguments(Arguments):
    """Arguments of `for_user`: none."""


class SearchArguments(Arguments):
    """Arguments of `search`."""

    text: str


class PopularArguments(Arguments):
    """Arguments of `popular`."""

    window: Literal["all", "recent"] = Field(default="all")


def keep_best(blend: Floats, rows: Rows, keep: int = KEEP) -> tuple[Rows, Rows]:
    """The best `keep` rows, best first, ties by row; and their positions in `rows`."""
    if len(rows) > keep:
        top = np.argpartition(-blend, keep - 1)[:keep]
    else:
        top = np.arange(len(rows))
    order = top[np.lexsort((rows[top], -blend[top]))].astype(np.int32)
    return rows[order].astype(np.int32), order


def score_by_history(
    context: ToolContext,
    tool: str,
    arguments: dict[str, object],
    history: History,
    started: float,
    *,
    seeds: History | None = None,
    note: str = "",
) -> None:
    """Add one score column per retriever and keep the candidates that are best on the whole.

    `seeds` adds the column `likeness`, how alike a candidate is to the items named.
    """
    rows = context.bus.rows()
    if len(rows) > KEEP:
        inside = context.bus.candidates.mask()
        rows = context.engine.retrieve(history, KEEP, inside)
        if context.seen_too and seeds is None:  # the models bring only what was not taken
            own = history.liked().rows
            rows = np.union1d(rows, own[inside[own]]).astype(np.int32)
    names = context.engine.names(history)
    columns = {name: context.engine.scores(name, history, rows) for name in names}
    if seeds is not None:
        columns["likeness"] = context.engine.likeness(seeds, rows)
    blend = np.sum([standardised(column) for column in columns.values()], axis=0)
    kept, order = keep_best(np.asarray(blend, dtype=np.float32), rows)
    columns = {name: column[order].astype(np.float32) for name, column in columns.items()}
    ms = (time.perf_counter() - started) * 1000
    context.bus.score(tool, arguments, columns, order=kept, ms=ms, note=note)


def similar(context: ToolContext, arguments: SimilarArguments) -> ToolResult:
    """Score the candidates by their likeness to seeds; the seeds themselves leave."""
    started = time.perf_counter()
    liked, problems = resolve_all(arguments.liked, context)
    disliked, more_problems = resolve_all(arguments.unlike, context)
    if not liked and not disliked:
        raise ToolError("; ".join([*problems, *more_problems]) or "similar: no item named")
    _remember_seeds(context, liked, disliked)
    named = [context.catalog.ids([row])[0] for row in liked]
    seeds = {"liked": named, "unlike": [context.catalog.ids([row])[0] for row in disliked]}
    leaving = [*liked, *disliked]
    if (context.bus.candidates & RowSet.of_rows(leaving, context.catalog.n_items)).count:
        context.bus.drop(
            "similar", dict(seeds), leaving, note=f"without {named_titles(context, leaving)}"
        )
    named_items = History.of(liked, disliked)
    note = f"{'like' if liked else 'unlike'} {named_titles(context, liked or disliked)}"
    score_by_history(
        context, "similar", dict(seeds), named_items, started, seeds=named_items, note=note
    )
    lines = [f"{len(context.bus):,} candidates, most alike first:", preview(context), *problems]
    return ToolResult("\n".join(lines), {"liked": named, "left": len(context.bus)})


def named_titles(context: ToolContext, rows: Sequence[int]) -> str:
    """Titles for the funnel: "Alien", "Alien and Heat", "Alien, Heat and 3 more"."""
    titles = [item.title for item in context.catalog.items(list(rows[:2]))]
    if len(rows) > len(titles):
        return f"{', '.join(titles)} and {len(rows) - len(titles)} more"
    return " and ".join(titles)


def _remember_seeds(context: ToolContext, liked: list[int], disliked: list[int]) -> None:
    context.liked.extend(row for row in liked if row not in context.liked)
    context.disliked.extend(row for row in disliked if row not in context.disliked)


def profile_history(context: ToolContext) -> History:
    """What is known of the person: the named user's history, else the profile and this request."""
    if context.user is not None:
        return context.engine.user_history(context.user)
    scale = context.engine.rating_scale if context.profile.ratings else None
    told = verdicts(context.profile, scale)
    for rows, weight in ((context.disliked, -1.0), (context.liked, 1.0)):
        for row in rows:
            told.pop(row, None)  # the latest word
            told[row] = weight
    for row in context.unknown:
        told.setdefault(int(row), UNKNOWN)
    # likes first, in their order, then what is refused: that has none
    rows = [row for row, weight in told.items() if weight > 0]
    rows += sorted(row for row, weight in told.items() if weight < 0)
    weights = np.array([told[row] for row in rows], dtype=np.float32)
    return History(np.array(rows, dtype=np.int32), weights)


def knows_the_person(context: ToolContext) -> bool:
    """Whether anything that the person liked is known, be it by a named user's history."""
    if context.user is not None or context.profile.liked:
        return True
    return context.company is not None and any(o.profile.liked for o in context.company.others)


def for_user(context: ToolContext, arguments: ForUserArguments) -> ToolResult:
    """Score the candidates for the person; what was taken before leaves."""
    started = time.perf_counter()
    if context.company is not None:
        return _for_all(context, started)
    history = profile_history(context)
    if not len(history.rows):
        raise ToolError("nothing is known of this person yet", hint="use similar or popular")
    taken, note = history.rows, "not taken before"
    if context.seen_too:
        taken, note = history.rows[history.weights < 0], "not disliked"
    if (context.bus.candidates & RowSet.of_rows(taken, context.catalog.n_items)).count:
        context.bus.drop("for_user", {}, taken.tolist(), note=note)
    who = "you" if context.user is None else f"user {context.catalog.user_id(context.user)}"
    score_by_history(context, "for_user", {}, history, started, note=f"for {who}")
    lines = [f"{len(context.bus):,} candidates, most fitting first:", preview(context)]
    return ToolResult("\n".join(lines), {"left": len(context.bus)})


def _for_all(context: ToolContext, started: float) -> ToolResult:
    """Score the candidates for several people: each one's best, then the best of all by all."""
    people = each(context)
    histories = {name: profile_history(one) for name, one in people}
    known = {name: history for name, history in histories.items() if len(history.rows)}
    if not known or context.company is None:
        raise ToolError("nothing is known of these people yet", hint="use similar or popular")
    taken = np.concatenate(
        [h.rows[h.weights < 0] if context.seen_too else h.rows for h in known.values()]
    )
    taken = taken[context.bus.candidates.mask()[taken]]
    if len(taken):
        note = "not disliked" if context.seen_too else "not taken before"
        context.bus.drop("for_user", {}, np.unique(taken).tolist(), note=f"{note} by any of you")
    rows = context.bus.rows()
    if len(rows) > KEEP:
        inside = context.bus.candidates.mask()
        found = [context.engine.retrieve(history, KEEP, inside) for history in histories.values()]
        if context.seen_too:  # the models bring only what was not taken
            liked = [history.liked().rows for history in histories.values()]
            found += [own[inside[own]] for own in liked]
        rows = np.unique(np.concatenate(found)).astype(np.int32)
    blends = {name: _blend(history, rows, context) for name, history in histories.items()}
    blend = joined(blends, context.company.by).astype(np.float32)
    kept, order = keep_best(blend, rows)
    ms = (time.perf_counter() - started) * 1000
    columns = {"together": blend[order]}
    context.bus.score("for_user", {}, columns, order=kept, ms=ms, note="for all of you")
    lines = [f"{len(context.bus):,} candidates, most fitting first:", preview(context)]
    return ToolResult("\n".join(lines), {"left": len(context.bus)})


def _blend(history: History, rows: Rows, context: ToolContext) -> NDArray[np.float64]:
    """What all retrievers say of a history, standardised, so that people can be compared."""
    scores = (context.engine.scores(name, history, rows) for name in context.engine.names(history))
    return standardised(np.sum([standardised(one) for one in scores], axis=0)).astype(np.float64)


def search(context: ToolContext, arguments: SearchArguments) -> ToolResult:
    """Keep the candidates whose title, people, tags or text match the words."""
    started = time.perf_counter()
    found, scores = context.catalog.search(arguments.text, limit=5 * KEEP)
    inside = context.bus.candidates.mask()[found] if len(found) else np.zeros(0, dtype=bool)
    found, scores = found[inside].astype(np.int32), scores[inside].astype(np.float32)
    if not len(found):
        return ToolResult(
            f"nothing among the {len(context.bus):,} candidates matches {arguments.text!r}; "
            "the candidates are unchanged",
            {"found": 0},
        )
    ms = (time.perf_counter() - started) * 1000
    note = f'matches "{arguments.text}"'
    context.bus.score(
        "search", arguments.model_dump(), {"search": scores}, order=found, ms=ms, note=note
    )
    return ToolResult(
        "\n".join([f"{len(found):,} candidates match:", preview(context)]), {"found": len(found)}
    )


def popular(context: ToolContext, arguments: PopularArguments) -> ToolResult:
    """Score the candidates by popularity."""
    started = time.perf_counter()
    rows = context.bus.rows()
    column = context.engine.popularity(arguments.window)[rows].astype(np.float32)
    kept, order = keep_best(column, rows)
    ms = (time.perf_counter() - started) * 1000
    note = "popular" if arguments.window == "all" else "popular lately"
    context.bus.score(
        "popular",
        arguments.model_dump(),
        {"popularity": column[order]},
        order=kept,
        ms=ms,
        note=note,
    )
    lines = [f"{len(context.bus):,} candidates, most popular first:", preview(context)]
    return ToolResult("\n".join(lines), {"left": len(context.bus)})


TOOLS = (
    Tool(
        "similar",
        "retrieval",
        "Find candidates like the named items, which leave.",
        SimilarArguments,
        similar,
        changes_bus=True,
    ),
    Tool(
        "for_user",
        "retrieval",
        "Find candidates that fit what is known of this person.",
        ForUserArguments,
        for_user,
        changes_bus=True,
        offered=knows_the_person,
    ),
    Tool(
        "search",
        "retrieval",
        "Keep candidates whose title, people, tags or text match words; for topics no column has.",
        SearchArguments,
        search,
        changes_bus=True,
    ),
    Tool(
        "popular",
        "retrieval",
        "Order candidates by popularity.",
        PopularArguments,
        popular,
        changes_bus=True,
    ),
)
