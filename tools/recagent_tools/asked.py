"""What was asked, as part of the ranking: kinds, moods and other wishes, by degree.

A condition keeps or drops an item; of those it keeps, some are more of what was asked: a film that
is nothing but science fiction more than one which is that among five kinds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from recagent_catalogs.interactions import Floats, Rows
from recagent_catalogs.schema import NUMBER_ROLES, WORD_ROLES, Role

from .conditions import parse_condition
from .models.blend import standardised
from .models.leaning import leaning
from .toolbox import ToolContext

WISH = 1.5
"""Standard deviations of fit that a wish of weight 1 moves an item."""
KIND = 0.5
"""What a standard deviation of being the kind asked for by a condition counts against fit. Kinds by
degree found 12 % more of the films that people were told of next in ReDial's dialogues."""
LEAN = 0.35
"""What a standard deviation of leaning to a mood counts against carrying its word."""
FARTHEST = 2.5
MOST_COMPARED = 50_000
"""Above so many candidates only the words themselves count: comparing all would take too long."""
ENTIRE = 2.0
"""How much more than usual an item with one word only can be of that word."""


def asked_parts(rows: Rows, context: ToolContext) -> list[tuple[str, Floats]]:
    """How much of what was asked each candidate is, in standard deviations of fit.

    Returns:
        Names and float32 [m]: "kinds" of the conditions on kinds, if there are any, and
        "wish column=value" of each wish.
    """
    told = []
    if kinds_asked(context):
        told.append(("kinds", np.float32(KIND) * standardised(_kinds(rows, context))))
    for column, values, weight in _grouped(context.wishes):
        met = np.float32(WISH * weight) * _wish(column, values, rows, context)
        told.append((f"wish {column}={'|'.join(values)}", met))
    return [(name, np.nan_to_num(np.asarray(part, dtype=np.float32))) for name, part in told]


def _grouped(wishes: Iterable[tuple[str, str, float]]) -> list[tuple[str, list[str], float]]:
    """Wishes of one column and weight together: each value counts, their carriers lean as one."""
    groups: dict[tuple[str, float], list[str]] = {}
    for column, value, weight in wishes:
        groups.setdefault((column, weight), []).append(value)
    return [(column, values, weight) for (column, weight), values in groups.items()]


def _kinds(rows: Rows, context: ToolContext) -> Floats:
    """Of the kinds that conditions ask for, how much each candidate is; summed over conditions."""
    total = np.zeros(len(rows), dtype=np.float32)
    for column, values in kinds_asked(context):
        total += _degree(column, rows, context) * _count(column, values, rows, context)
    return total


def kinds_asked(context: ToolContext) -> list[tuple[str, Sequence[str]]]:
    """The conditions on kinds that led from the whole catalog to the present candidates."""
    kinds = {column.name for column in context.catalog.schema.with_role(Role.CATEGORIES)}
    told = [
        text
        for stage in context.bus.path()
        if stage.tool == "filter"
        for text in stage.texts("where")
    ]
    found = (parse_condition(text, context.catalog) for text in dict.fromkeys(told))
    return [
        (condition.column, [str(value) for value in condition.values])
        for condition in found
        if condition.operator == "has" and condition.column in kinds
    ]


def carried(column: str, values: Sequence[str], rows: Rows, context: ToolContext) -> Floats:
    """How many of the values each candidate has, by how much a value says of it; float32 [m]."""
    return _degree(column, rows, context) * _count(column, values, rows, context)


def _count(column: str, values: Sequence[str], rows: Rows, context: ToolContext) -> Floats:
    """How many of the values each candidate has."""
    words = context.catalog.words(column)
    found = np.zeros(len(rows), dtype=np.float32)
    for value in values:
        found += words.mask([value])[rows]
    return found


def _degree(column: str, rows: Rows, context: ToolContext) -> Floats:
    """How much one value says of an item: 1 with as many values as usual, less with more."""
    indptr = context.catalog.words(column).forward()[0]
    lengths = (indptr[rows + 1] - indptr[rows]).astype(np.float32)
    some = lengths[lengths > 0]
    usual = float(np.median(some)) if len(some) else 1.0
    return np.asarray(0.5 + 0.5 * np.minimum(ENTIRE, usual / np.maximum(lengths, 1)), np.float32)


def _wish(column: str, values: list[str], rows: Rows, context: ToolContext) -> Floats:
    """How well each candidate meets a wish: about 1 for having a value of it."""
    try:
        described = context.catalog.schema.column(column)
    except KeyError:
        return np.zeros(len(rows), dtype=np.float32)
    if described.role in NUMBER_ROLES:
        return _number(column, values, rows, context)
    if described.role not in WORD_ROLES:
        return np.zeros(len(rows), dtype=np.float32)
    met = carried(column, values, rows, context)
    if described.role is Role.TAGS and len(rows) <= MOST_COMPARED:
        met += np.float32(LEAN) * _lean(column, values, rows, context)
    return met


def _lean(column: str, values: list[str], rows: Rows, context: ToolContext) -> Floats:
    """How much each candidate is like those tagged so; tags stand on few of what they fit."""
    carriers = np.flatnonzero(context.catalog.words(column).mask(values)).astype(np.int32)
    engine = context.engine
    leans = leaning(engine.recommender.first, engine.popularity("all"), rows, carriers)
    return np.clip(leans, -FARTHEST, FARTHEST)


def _number(column: str, values: list[str], rows: Rows, context: ToolContext) -> Floats:
    """Half the standard score of a number, up for "high" and down for "low"."""
    numbers = np.asarray(context.catalog.numbers(column)[rows], dtype=np.float32)
    known = numbers[~np.isnan(numbers)]
    filled = np.where(np.isnan(numbers), known.mean() if len(known) else 0.0, numbers)
    sign = sum({"high": 1.0, "low": -1.0}.get(value, 0.0) for value in values)
    return np.float32(sign / 2) * standardised(filled.astype(np.float32))
