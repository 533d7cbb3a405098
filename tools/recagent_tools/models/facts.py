"""What is known of the items besides who took them, as arrays: words by column, prose, years."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats, Rows
from recagent_catalogs.schema import WORD_ROLES, Role

if TYPE_CHECKING:
    from recagent_catalogs.store import Catalog


@dataclass(frozen=True)
class WordPart:
    """One column of words, by item (CSR).

    Attributes:
        role: the column's role.
        indptr: int64 [n_items + 1].
        codes: int32 [nnz], codes of the words.
        weights: float32 [nnz], counts of a tag, or None.
    """

    role: Role
    indptr: NDArray[np.int64]
    codes: Rows
    weights: Floats | None = None


@dataclass(frozen=True)
class ItemFacts:
    """The facts of `n_items` items.

    Attributes:
        n_items: how many.
        parts: the columns of words.
        titles: one a row, or empty.
        texts: prose, one a row, or empty.
        year: float32 [n_items], NaN where unknown.
    """

    n_items: int
    parts: Sequence[WordPart] = ()
    titles: Sequence[str] = ()
    texts: Sequence[str] = ()
    year: Floats = field(default_factory=lambda: np.empty(0, np.float32))

    def years(self) -> Floats:
        """float32 [n_items]; all NaN where the catalog has no year."""
        if len(self.year) == self.n_items:
            return self.year
        return np.full(self.n_items, np.nan, dtype=np.float32)


def facts_of(catalog: Catalog, *, prose: bool = True) -> ItemFacts:
    """Read the facts of a catalog; without `prose` only arrays, which takes milliseconds."""
    parts = []
    for column in catalog.schema.columns:
        if column.role in WORD_ROLES:
            indptr, codes, weights = catalog.words(column.name).forward()
            parts.append(WordPart(column.role, indptr, codes, weights))
    titles, texts = _prose(catalog) if prose else ([], [])
    return ItemFacts(catalog.n_items, parts, titles, texts, year_of(catalog))


def year_of(catalog: Catalog) -> Floats:
    """float32 [n_items], NaN where unknown."""
    column = catalog.schema.one(Role.YEAR)
    if column is None:
        return np.full(catalog.n_items, np.nan, dtype=np.float32)
    return np.asarray(catalog.numbers(column.name), dtype=np.float32)


def _prose(catalog: Catalog) -> tuple[list[str], list[str]]:
    """Titles and joined texts, in row order."""
    title = catalog.schema.with_role(Role.TITLE)[0].name
    text = [column.name for column in catalog.schema.with_role(Role.TEXT)]
    names = ", ".join(f'"{name}"' for name in (title, *text))
    connection = catalog.connect()
    try:
        rows = connection.execute(f"SELECT {names} FROM items ORDER BY rowid").fetchall()
    finally:
        connection.close()
    titles = [str(row[0] or "") for row in rows]
    texts = [" ".join(str(cell) for cell in row[1:] if cell) for row in rows] if text else []
    return titles, texts
