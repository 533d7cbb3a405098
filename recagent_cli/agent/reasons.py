"""Why an item is in the list, in a few words, made by code from wishes, conditions and models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recagent_catalogs.errors import BadCondition
from recagent_catalogs.schema import Role
from recagent_catalogs.store import Catalog, Item
from recagent_tools.conditions import parse_condition
from recagent_tools.evidence_json import taken_verb
from recagent_tools.models.history import History
from recagent_tools.toolbox import ToolContext

from .request import Request

MAX_PARTS = 3
MAX_SHARED = 3
ENOUGH_TOGETHER = 5
"""Fewer people who took both are no evidence, and may be known by name."""


def reasons_for(
    items: Sequence[Item], request: Request, context: ToolContext, history: History
) -> dict[int, str]:
    """One reason for each item, by row.

    In this order: the likes that brought it in, what it shares with them, the wishes and conditions
    it meets, and for an item with none of these, how it is received. What the person named now
    comes before what is known from earlier, which counts only where nothing was named.
    """
    catalog = context.catalog
    wanted = _wanted_values(request, catalog)
    if context.liked:
        history = History.of(context.liked)
    elif wanted and context.user is None:
        history = History.empty()
    seeds = _seed_rows(history)
    seed_items = {item.row: item for item in catalog.items(seeds)} if seeds else {}
    made = {}
    for item in items:
        parts: list[str] = []
        liked, together = _because(item, context, history, seed_items)
        if liked is not None:
            parts.append(f"like {liked.title}")
            shared = _shared(item, liked, catalog)
            if together and not shared.startswith("same"):
                shared = together
            if shared:
                parts.append(shared)
        met = [value for name, value in wanted if value in _cell(item, name)]
        told = " ".join(parts).casefold()
        fresh = [v for v in dict.fromkeys(met) if v.casefold() not in told][:MAX_SHARED]
        if fresh:
            parts.append(", ".join(fresh))
        if not parts or (liked is None and len(parts) < 2):
            parts.extend(_reception(item, context))
        made[item.row] = "; ".join(parts[:MAX_PARTS])
    return made


def _seed_rows(history: History) -> list[int]:
    return [int(row) for row in history.rows[history.weights > 0]][-20:]


def _because(
    item: Item, context: ToolContext, history: History, seeds: dict[int, Item]
) -> tuple[Item | None, str]:
    """The like that contributed most to this item, and how many took both.

    Counts of simulated people would be worth nothing, so there are none in such a catalog.
    """
    if not seeds:
        return None, ""
    evidence = context.engine.evidence(item.row, history)
    for row, share in evidence.get("because", ()):
        if share > 0 and int(row) in seeds:
            counts = {int(seed): (both, of) for seed, both, of in evidence["cooccurrence"]}
            both, of = counts.get(int(row), (0, 0))
            if both < ENOUGH_TOGETHER or context.catalog.schema.simulated:
                return seeds[int(row)], ""
            verb = taken_verb(context.catalog)
            return seeds[int(row)], f"{both:,} of {of:,} who {verb} it {verb} this too"
    return None, ""


def _shared(item: Item, liked: Item, catalog: Catalog) -> str:
    """What two items have in common: people first, then tags, then categories."""
    for column in catalog.schema.with_role(Role.PEOPLE):
        both = [name for name in _cell(item, column.name) if name in _cell(liked, column.name)]
        if both:
            return f"same {column.label or column.name} {both[0]}"
    found: list[str] = []
    for column in (
        *catalog.schema.with_role(Role.TAGS),
        *catalog.schema.with_role(Role.CATEGORIES),
    ):
        mine, theirs = _cell(item, column.name), _cell(liked, column.name)
        found.extend(value for value in mine if value in theirs and value not in found)
    return "both " + ", ".join(found[:MAX_SHARED]) if found else ""


def _wanted_values(request: Request, catalog: Catalog) -> list[tuple[str, str]]:
    """The ("column", "value") pairs that were asked for, hard and soft."""
    wanted: list[tuple[str, str]] = []
    for text in request.conditions:
        try:
            condition = parse_condition(text, catalog)
        except BadCondition:
            continue
        if condition.operator == "has":
            wanted.extend((condition.column, str(value)) for value in condition.values)
    for wish in request.wishes:
        if wish.weight > 0:
            wanted.extend(wish.values)
    return wanted


def _cell(item: Item, column: str) -> list[str]:
    value = item.columns.get(column)
    if isinstance(value, list):
        return value
    return [str(value)] if value not in (None, "") else []


def _reception(item: Item, context: ToolContext) -> list[str]:
    """How an item is received: its mean rating, or how popular it is among the catalog's items."""
    catalog = context.catalog
    taken = int(catalog.popularity[item.row])
    rating = float(catalog.mean_rating[item.row])
    if taken >= 5 and not np.isnan(rating):
        if catalog.verdicts:
            return [f"{rating:.0%} of {taken:,} liked it"]
        return [f"rated {rating:.1f} by {taken:,}"]
    if taken and not catalog.schema.simulated:
        share = float((catalog.popularity > taken).mean())
        if share < 0.05:
            return ["among the most popular"]
    return []
