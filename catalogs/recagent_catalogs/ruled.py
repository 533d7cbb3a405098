"""A catalog as somebody may see it from whom rules keep some of its items.

Rows stay what they are, so that models, masks and sessions go on to fit. What is kept out cannot be
found by id, title or words, and where something of before still holds its row, it has no title.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .interactions import Floats, Interactions, Rows
from .store import Catalog, Item
from .text import fold
from .title_index import TitleIndex

Mask = NDArray[np.bool_]
LONGEST_TITLE = 12
"""Words of a title that is looked for in a text."""
KEPT_OUT = "kept out"
"""The id of an item that is kept out, wherever its row is asked for."""


@dataclass(frozen=True, eq=False)
class Ruled:
    """What one rule keeps out.

    Attributes:
        name: of the rule, for people.
        mask: bool [n_items], true for what it keeps out.
    """

    name: str
    mask: Mask

    @cached_property
    def count(self) -> int:
        """How many items."""
        return int(np.count_nonzero(self.mask))


class RuledCatalog(Catalog):
    """A catalog without what rules keep out. `whole` is the catalog with everything."""

    def __init__(self, whole: Catalog) -> None:
        super().__init__(whole.path, whole.schema, whole._meta)
        self.whole = whole
        # Arrays are opened once for both.
        self._words, self._numbers = whole._words, whole._numbers

    def keep_out(self, rules: Sequence[Ruled]) -> None:
        """Let these rules hold from now on, and no others."""
        self.rules = tuple(rule for rule in rules if rule.count)
        self.hidden = None
        for rule in self.rules:
            self.hidden = rule.mask if self.hidden is None else self.hidden | rule.mask
        self.__dict__.pop("popularity", None)
        self.titles.hidden = self.hidden

    # -- the whole catalog's, opened once --------------------------------------------------------

    @cached_property
    def _sqlite(self):  # type: ignore[no-untyped-def]
        return self.whole._sqlite

    @cached_property
    def interactions(self) -> Interactions | None:
        """As of the whole catalog: what people took is no list of items."""
        return self.whole.interactions

    @cached_property
    def mean_rating(self) -> Floats:
        """As of the whole catalog."""
        return self.whole.mean_rating

    def close(self) -> None:
        """Close the whole catalog."""
        self.__dict__.pop("_sqlite", None)
        self.whole.close()

    # -- without what is kept out ----------------------------------------------------------------

    def is_hidden(self, row: int) -> bool:
        """Whether a rule keeps the item out."""
        return self.hidden is not None and bool(self.hidden[row])

    def ruled_by(self, row: int) -> str:
        """The first rule that keeps the item out; "" for none."""
        return next((rule.name for rule in self.rules if rule.mask[row]), "")

    @cached_property
    def popularity(self) -> Rows:
        """int32 [n_items]: as of the whole catalog, 0 for what is kept out."""
        if self.hidden is None:
            return self.whole.popularity
        return np.where(self.hidden, 0, self.whole.popularity).astype(np.int32)

    @cached_property
    def titles(self) -> TitleIndex:
        """Finds items by title."""
        return self.whole.new_titles()

    def items(self, rows: Sequence[int]) -> list[Item]:
        """The items of these rows; of what is kept out only that it is.

        Raises:
            IndexError: a row outside the catalog.
        """
        found = self.whole.items(rows)
        if self.hidden is None:
            return found
        return [self._masked(item.row) if self.hidden[item.row] else item for item in found]

    def _masked(self, row: int) -> Item:
        columns: dict[str, Any] = {
            column.name: [] if isinstance(value, list) else None
            for column, value in zip(
                self.schema.shown, self.whole.item(row).columns.values(), strict=True
            )
        }
        return Item(row, KEPT_OUT, told_kept_out(self.ruled_by(row)), None, columns)

    def ids(self, rows: Sequence[int]) -> list[str]:
        """The ids of these rows; `KEPT_OUT` for what is kept out."""
        found = self.whole.ids(rows)
        if self.hidden is None:
            return found
        return [
            KEPT_OUT if self.hidden[int(row)] else id for row, id in zip(rows, found, strict=True)
        ]

    def label(self, row: int) -> str:
        """The title of one row with its year; of what is kept out only that it is."""
        return told_kept_out(self.ruled_by(row)) if self.is_hidden(row) else self.whole.label(row)

    def row_of(self, id: str) -> int | None:
        """The row of the item with exactly this id; None where there is none, or it is kept out."""
        row = self.whole.row_of(id)
        return None if row is None or self.is_hidden(row) else row

    def rows_of(self, ids: Iterable[str]) -> dict[str, int]:
        """The rows of the items with exactly these ids, without what is kept out."""
        found = self.whole.rows_of(ids)
        return {id: row for id, row in found.items() if not self.is_hidden(row)}

    def search(self, text: str, limit: int) -> tuple[Rows, Floats]:
        """The items whose words match, without what is kept out."""
        rows, scores = self.whole.search(text, limit)
        if self.hidden is None or not len(rows):
            return rows, scores
        kept = ~self.hidden[rows]
        return rows[kept], scores[kept]

    # -- what is named all the same --------------------------------------------------------------

    def names_hidden(self, text: str) -> str:
        """The rule that keeps out what a text is the title or the id of; "" where none does.

        A title that something else in the catalog bears as well is not kept out.
        """
        if self.hidden is None:
            return ""
        row = self.whole.row_of(text.strip().removeprefix("id:").strip())
        if row is None:
            matches = self.whole.titles.find(text, limit=4, cutoff=94.0)
            best = [m.row for m in matches if m.score == matches[0].score]
            if not best or any(not self.is_hidden(found) for found in best):
                return ""
            row = best[0]
        return self.ruled_by(row)

    def hidden_in(self, words: Sequence[str]) -> list[tuple[int, int, int]]:
        """The titles of kept out items in folded words: first word, the one after the last, row.

        Longest first, also one within another; only whole titles and other titles of an item.
        """
        if self.hidden is None:
            return []
        index, found = self.whole.titles, list[tuple[int, int, int]]()
        spans = index.stretches(words, LONGEST_TITLE)
        for start, end in sorted(spans, key=lambda span: (span[0] - span[1], span[0])):
            rows = [row for row, kind in index.exact_kinds(" ".join(words[start:end])) if kind < 2]
            if rows and all(self.hidden[row] for row in rows):
                found.append((start, end, rows[0]))
        return found


def told_kept_out(rule: str) -> str:
    """What stands in place of a title."""
    return f"(kept out by the rule '{rule}')"


def words_of(text: str) -> list[str]:
    """The folded words of a text, as titles are looked for in it."""
    return fold(text).split()
