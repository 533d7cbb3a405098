"""Lasting tastes of values, as part of the ranking: small, and behind whatever is asked for now.

Measured by `benchmarks/tastes.py`; docs/memory.md tells what came out.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from recagent_catalogs.errors import BadCondition
from recagent_catalogs.interactions import Floats, Rows
from recagent_catalogs.schema import WORD_ROLES

from .asked import carried
from .conditions import parse_condition
from .toolbox import ToolContext

TASTE = 0.25
"""Standard deviations of fit that a taste of weight 1 moves an item. Tastes that people state help
at .25 and harm at 6; what is learned from a few likes neither helps nor harms at .25."""
MOST = 12
"""So many of the heaviest tastes count; more would cost time and hardly move anything."""
FIRST_WORD = "taste "
"""Before "column=value" in the names of these parts of a score."""


def lasting_tastes(context: ToolContext) -> list[tuple[str, str, float]]:
    """The tastes that count in this turn, as ("column", "value", weight -1 to 1), heaviest first.

    A taste of what was named in this turn, for or against, is passed over: the words of now count
    instead. None count in a list for a named user of the data.
    """
    if context.user is not None or not context.profile.wishes:
        return []
    named = set(_named(context))
    known = [wish for wish in context.profile.wishes if wish[:2] not in named]
    return sorted(known, key=lambda wish: (-abs(wish[2]), wish[:2]))[:MOST]


def taste_parts(rows: Rows, context: ToolContext) -> list[tuple[str, Floats]]:
    """What each taste adds to the candidates' scores: names "taste column=value", float32 [m]."""
    told = []
    schema = context.catalog.schema
    for column, value, weight in lasting_tastes(context):
        described = schema.find(column)
        if described is None or described.name != column or described.role not in WORD_ROLES:
            continue
        if context.catalog.words(column).code(value) is None:
            continue
        part = np.float32(TASTE * weight) * carried(column, [value], rows, context)
        told.append((f"{FIRST_WORD}{column}={value}", part.astype(np.float32)))
    return told


def of_part(name: str) -> tuple[str, str] | None:
    """("column", "value") of the part of a score that is a taste; None for any other part."""
    if not name.startswith(FIRST_WORD):
        return None
    column, _, value = name.removeprefix(FIRST_WORD).partition("=")
    return column, value


def _named(context: ToolContext) -> Iterator[tuple[str, str]]:
    """The values that the turn's wishes and the conditions of the candidates speak of."""
    yield from ((column, value) for column, value, _ in context.wishes)
    for stage in context.bus.path():
        for text in stage.texts("where") if stage.tool == "filter" else ():
            try:
                condition = parse_condition(text, context.catalog)
            except BadCondition:
                continue
            yield from ((condition.column, str(value)) for value in condition.values)
