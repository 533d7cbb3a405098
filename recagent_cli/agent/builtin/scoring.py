"""How the built-in brain scores and orders the candidates of a list."""

from __future__ import annotations

import numpy as np

from recagent_catalogs.store import Catalog
from recagent_tools.by_number import by_number
from recagent_tools.collapse import collapsed
from recagent_tools.rank import ASPECTS, MAX_WEIGHT

from ..brain import Call, TurnView
from ..request import Request
from .answers.wording import AGAINST, PART, order_of
from .readers.numbers import MOST
from .steps import call_of, ids_of, is_offered

MOST_SEEDS = 20
NOT_POPULAR = -1.5
"""The weight of popularity where that is all that is said of what is wanted."""
OLD = -2.2
"""And of recency."""
GEM = 1.5
"""How much fame counts against what is to be like a named title, and a hidden gem."""
DOMINANT = 0.85
"""A weight from which on the aspect itself is asked for ("the most popular"), not a flavour."""


def retrieval(view: TurnView, request: Request, words: str) -> list[Call]:
    """The retrieval that fits: words, seeds, the person, or popularity."""
    calls = [call_of(view, "search", text=words)] if words else []
    liked, unlike = ids_of(request.liked)[:MOST_SEEDS], ids_of(request.disliked)
    if liked and len(view.context.bus) > 1:
        calls.append(call_of(view, "similar", liked=liked, unlike=unlike))
    elif is_offered(view, "for_user") and not words:
        calls.append(call_of(view, "for_user"))
    elif not words and not request.wishes and not _weights(request, view.context.catalog):
        calls.append(call_of(view, "popular", window="all"))
    return calls


def ranking(view: TurnView, request: Request) -> Call:
    """The order that the request asks for."""
    own = view.context.weights  # `rank` takes what was given in numbers as it is
    weights = _weights(request, view.context.catalog)
    weights = {name: weight for name, weight in weights.items() if name not in own}
    main = max(weights, key=lambda name: weights[name], default="")
    alone = main in ("popularity", "recency", "rating") and weights[main] >= DOMINANT
    by = main if alone and not request.liked else "fit"
    free = not request.liked and not any(w.values for w in request.wishes)
    if weights.get("novelty", 0) > 0.5:
        # Where nobody rated, "rating" is popularity again, the opposite of a hidden gem.
        if np.isnan(view.context.catalog.mean_rating).all():
            weights.pop("rating", None)
        if free:
            weights["fit"] = 0.3
        if request.liked:
            # What is like a known film and unknown is mostly what nobody took; a gem was found.
            weights["popularity"] = -GEM
            del weights["novelty"]
    elif free and -MAX_WEIGHT < weights.get("popularity", 0.0) <= -DOMINANT:
        # Of an unknown person fit is popularity again; unrated, the obscurest would come first.
        weights |= {"fit": 0.0, "popularity": NOT_POPULAR}
        weights.setdefault("rating", 0.7)
    elif free and weights.get("recency", 0.0) <= -DOMINANT:
        weights["recency"] = OLD
    rest = [f"{name}={weight:g}" for name, weight in weights.items() if by == "fit" or name != by]
    return call_of(view, "rank", by=by, weights=rest, **limits_of(request))


def limits_of(request: Request) -> dict[str, list[str]]:
    """How many may share a value, as an argument of `rank`; empty where any number may."""
    most = [f"{column}={n}" for column, n in request.at_most]
    return {"at_most": most} if most else {}


def ordered_ids(view: TurnView, request: Request, words: str) -> list[str]:
    """Ids of the candidates by the number or year asked for; empty where no order is wanted.

    Where wishes are known as values, only what carries one of them counts.
    """
    catalog = view.context.catalog
    wanted = order_of(request, catalog)
    if wanted is None or request.liked:
        return []
    mask = view.context.bus.candidates.mask()
    if words:
        found = np.zeros(catalog.n_items, dtype=bool)
        found[catalog.search(words, 5_000)[0]] = True
        mask = mask & found
    for wish in request.wishes:
        if wish.values and wish.weight > 0 and not wish.text.endswith((AGAINST, PART)):
            carrying = np.zeros(catalog.n_items, dtype=bool)
            for column, value in wish.values:
                carrying[catalog.words(column).rows_with(value)] = True
            mask = mask & carrying if (mask & carrying).any() else mask
    name, weight = wanted
    best = by_number(np.flatnonzero(mask).astype(np.int32), name, weight, catalog)
    if request.at_most:
        best = best[collapsed(best, dict(request.at_most), catalog)[0]]
    return catalog.ids([int(row) for row in best[:MOST]])


def n_matching(view: TurnView, words: str, seeds: set[str]) -> int:
    """How many candidates but the seeds the search will leave; all of them without words."""
    context = view.context
    if not words:
        return len(context.bus)
    rows, _ = context.catalog.search(words, 5_000)
    mask = context.bus.candidates.mask().copy()
    mask[[row for id in seeds if (row := context.catalog.row_of(id)) is not None]] = False
    return int(mask[rows].sum()) if len(rows) else 0


def is_candidate(view: TurnView, id: str) -> bool:
    """Whether the item of that id is still a candidate."""
    row = view.context.catalog.row_of(id)
    return row is not None and row in view.context.bus.candidates


def wish_words(request: Request) -> str:
    """Words of wishes to search for, where nothing else says what is wanted."""
    if request.liked or request.weights or any(w.values and w.weight > 0 for w in request.wishes):
        return ""
    return " ".join(w.search for w in request.wishes if w.weight > 0 and w.search)[:80]


def _weights(request: Request, catalog: Catalog) -> dict[str, float]:
    """The aspects that `rank` takes; no rating where nobody rated, as it would be popularity."""
    weights = {name: weight for name, weight in request.weights if name in ASPECTS and weight}
    if weights.get("rating", 0) < 0 and np.isnan(catalog.mean_rating).all():
        del weights["rating"]
    return weights
