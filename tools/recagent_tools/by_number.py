"""The order of items by a column of numbers."""

from __future__ import annotations

import numpy as np

from recagent_catalogs.interactions import Rows
from recagent_catalogs.store import Catalog


def by_number(rows: Rows, column: str, sign: float, catalog: Catalog) -> Rows:
    """The rows whose number is known, best first; of equal numbers the most popular first.

    Args:
        rows: int [n], ascending: what is equal in popularity too stays in this order.
        column: of numbers.
        sign: above 0 the largest number is best, below 0 the smallest.
        catalog: that has it.
    """
    numbers = np.asarray(catalog.numbers(column), dtype=np.float64)
    known = rows[~np.isnan(numbers[rows])]
    return known[np.lexsort((-catalog.popularity[known], -np.sign(sign) * numbers[known]))]
