"""A condition made just wide enough for one item."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from recagent_catalogs.schema import NUMBER_ROLES
from recagent_catalogs.store import Catalog

from .conditions import Condition


def wide_enough(condition: Condition, row: int, catalog: Catalog) -> Condition | None:
    """The condition wide enough for an item that fails it; None where only leaving it out would do.

    Whatever meets the condition meets the wider one too. A number goes as far as the item's; words
    get the rarest of the item's beside them; what is excluded is excluded no more where the item
    has it.
    """
    column = catalog.schema.column(condition.column)
    if column.role in NUMBER_ROLES:
        own = float(catalog.numbers(column.name)[row])
        return None if np.isnan(own) else _number(condition, own)
    if condition.operator in ("~", "!~"):
        return None
    words = catalog.words(column.name)
    mine = words.of(row)
    if condition.operator == "lacks":
        kept = tuple(value for value in condition.values if value not in mine)
        return replace(condition, values=kept) if kept else None
    if not mine:
        return None
    if condition.operator in ("<=", ">="):
        return replace(condition, values=(mine[0],)) if mine[0] in column.order else None
    rarest = min(mine, key=lambda value: len(words.rows_with(value)))
    return Condition(column.name, "has", (*condition.values, rarest))


def _number(condition: Condition, own: float) -> Condition | None:
    """A condition on a number, up to the item's own."""
    match condition.operator:
        case "<" | "<=":
            return replace(condition, operator="<=", values=(own,))
        case ">" | ">=":
            return replace(condition, operator=">=", values=(own,))
        case "=":
            value = float(str(condition.values[0]))
            return Condition(condition.column, "..", (min(value, own), max(value, own)))
        case "..":
            low, high = (None if v is None else float(v) for v in condition.values)
            low = low if low is None else min(low, own)
            high = high if high is None else max(high, own)
            return replace(condition, values=(low, high))
    return None
