"""One step wider: what a single condition becomes when a little more is let in.

One next value for each condition: the decades beside a decade, some years or minutes further out,
the kind that goes most with the one asked for, the next word of a column with an order. People,
makers, series, platforms, texts and exclusions have no next value: they hold or they do not.
"""

from __future__ import annotations

from dataclasses import replace
from math import floor, log10

import numpy as np

from recagent_catalogs.schema import Column, Role
from recagent_catalogs.store import Catalog
from recagent_catalogs.words import WordColumn

from .conditions import Condition

DECADE = 10
MINUTES = frozenset(("min", "mins", "minute", "minutes"))
SHARE = 0.125
"""A step of a number without minutes, before it is rounded as people say it."""
MOST_COUNTED = 10_000
"""So many carriers of a kind, evenly spread, tell which kind goes with it."""


def widen(condition: Condition, catalog: Catalog) -> Condition | None:
    """The condition one step wider; None where it has no next value.

    Whatever meets the condition meets the wider one too.

    Raises:
        KeyError: the catalog has no such column.
    """
    column = catalog.schema.column(condition.column)
    if column.role is Role.YEAR:
        return _wider_years(condition, catalog)
    if column.role is Role.NUMBER:
        return _wider_number(condition, column, catalog)
    if column.order:
        return _wider_words(condition, column)
    if column.role is Role.CATEGORIES and condition.operator == "has":
        values = tuple(str(value) for value in condition.values)
        beside = neighbour(catalog.words(column.name), values, catalog.n_items)
        return None if beside is None else replace(condition, values=(*values, beside))
    return None


def neighbour(words: WordColumn, values: tuple[str, ...], n_items: int) -> str | None:
    """The value that goes most with the given ones in this catalog; None where none does.

    By the log-likelihood ratio of standing together (Dunning 1993, "Accurate methods for the
    statistics of surprise and coincidence"), of those that stand together more often than by
    chance: plain lift would name what is rare, plain counts what stands everywhere.

    Args:
        words: the column.
        values: exact values of it.
        n_items: items of the catalog.
    """
    one = len(values) == 1
    rows = words.rows_with(values[0]) if one else np.flatnonzero(words.mask(values))
    rows = rows[:: max(1, -(-len(rows) // MOST_COUNTED))]
    if not len(rows):
        return None
    indptr, codes, _ = words.forward()
    starts, lengths = indptr[rows], indptr[rows + 1] - indptr[rows]
    before = np.cumsum(lengths) - lengths
    places = np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))
    together = np.bincount(codes[places], minlength=len(words.counts)).astype(np.float64)
    for value in values:
        if (code := words.code(value)) is not None:
            together[code] = 0
    chance = words.counts * (len(rows) / n_items)
    more = together > chance
    told = np.where(more, together * np.log(np.maximum(together, 1) / chance) - together, -np.inf)
    told = np.where(more, told + chance, -np.inf)
    best = int(np.argmax(told)) if len(told) else 0
    return words.value(best) if len(told) and more[best] else None


# --- years ---------------------------------------------------------------------------------------


def _wider_years(condition: Condition, catalog: Catalog) -> Condition | None:
    """Decades by a decade on either side, other years by three or five."""
    operator = condition.operator
    if operator == "!=":
        return None
    if operator in ("<", "<=", ">", ">="):
        return replace(condition, values=(_further_year(operator, _float(condition.values[0])),))
    low, high = (
        (_number(condition.values[0]),) * 2
        if operator == "="
        else (_number(condition.values[0]), _number(condition.values[1]))
    )
    if low is None and high is None:
        return None
    if low is None or high is None:
        end = _further_year(">=", low) if low is not None else _further_year("<=", _float(high))
        return replace(condition, values=(end, None) if low is not None else (None, end))
    whole = low % DECADE == 0 and high % DECADE == DECADE - 1
    step = DECADE if whole else 3 if high - low < 5 else 5
    years = catalog.numbers(condition.column)
    oldest, newest = (float(f.reduce(years)) if len(years) else np.nan for f in (np.fmin, np.fmax))
    wide = (
        None if low - step < oldest else low - step,
        None if high + step > newest else high + step,
    )
    if wide == (None, None):  # on both sides past all there is: as good as no condition
        wide = (low - step, high + step)
    return Condition(condition.column, "..", wide)


def _further_year(operator: str, year: float) -> float:
    """The next decade from the turn of one, else five years further out."""
    turn = DECADE - 1 if operator == "<=" else 0
    step = DECADE if year % DECADE == turn else 5
    return year - step if operator in (">", ">=") else year + step


# --- numbers -------------------------------------------------------------------------------------


def _wider_number(condition: Condition, column: Column, catalog: Catalog) -> Condition | None:
    operator = condition.operator
    if operator == "!=":
        return None
    typical = _typical(catalog, column) if 0.0 in condition.values else 0.0
    if operator == "..":
        low, high = (_number(value) for value in condition.values)
    else:
        value = _float(condition.values[0])
        low = value if operator in ("=", ">", ">=") else None
        high = value if operator in ("=", "<", "<=") else None
    wide_low = None if low is None else _further(low, -1, column, typical)
    wide_high = None if high is None else _further(high, 1, column, typical)
    if (wide_low, wide_high) == (low, high):
        return None
    if operator in ("..", "="):
        return Condition(column.name, "..", (wide_low, wide_high))
    return replace(condition, values=(wide_high if wide_low is None else wide_low,))


def _typical(catalog: Catalog, column: Column) -> float:
    """The middle of the column's numbers above 0; 0.0 where there are none."""
    numbers = catalog.numbers(column.name)
    above = numbers[numbers > 0]
    return float(np.median(above)) if len(above) else 0.0


def _further(value: float, way: int, column: Column, typical: float) -> float:
    """A number one step further out, as people say it; 0 stays the least there is."""
    if column.unit.strip().lower() in MINUTES:
        step, grid = (15.0, 5.0) if abs(value) >= 60 else (5.0, 1.0)
    else:
        size = abs(value) if value else typical
        if not size:
            return value
        step, grid = step_of(size)
    if value >= 0 and way < 0 and value - step < 0:
        return 0.0
    told = round((value + way * step) / grid) * grid
    told = told if (told - value) * way > 0 else value + way * step
    return float(round(told, 6))


def step_of(size: float) -> tuple[float, float]:
    """How far a number of that size is widened, and to what it is then rounded.

    The step is the one of 1, 2, 5, 10, 20, 50, … nearest to an eighth of the number.

    Args:
        size: above 0.
    """
    power = 10.0 ** floor(log10(size * SHARE))
    step = min((1, 2, 5, 10), key=lambda k: abs(log10(size * SHARE / power / k))) * power
    lead = round(step / 10.0 ** floor(log10(step) + 1e-9))
    return step, step / lead if lead > 1 else step / 2


# --- words with an order -------------------------------------------------------------------------


def _wider_words(condition: Condition, column: Column) -> Condition | None:
    """The next word of the order; for single words their neighbours on both sides."""
    order, last = column.order, len(column.order) - 1
    if condition.operator in ("<=", ">=", "=") and condition.values[0] not in order:
        return None
    if condition.operator in ("<=", ">="):
        place = order.index(str(condition.values[0]))
        beside = place + (1 if condition.operator == "<=" else -1)
        return replace(condition, values=(order[beside],)) if 0 <= beside <= last else None
    if condition.operator not in ("=", "has"):
        return None
    held = {order.index(str(value)) for value in condition.values if value in order}
    wide = {p for place in held for p in (place - 1, place, place + 1) if 0 <= p <= last}
    if wide == held:
        return None
    unordered = [str(value) for value in condition.values if value not in order]
    return Condition(column.name, "has", (*(order[p] for p in sorted(wide)), *unordered))


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))


def _float(value: object) -> float:
    return float(str(value))
