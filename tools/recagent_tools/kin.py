"""What a candidate has in common with named items besides who took them: its kinds, its name.

Who likes X is told of few things; of what X is, everybody knows the kinds and the series. In
ReDial's dialogues both find more of what people were told of next than factors and counts alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recagent_catalogs.interactions import Floats, Rows
from recagent_catalogs.schema import Role
from recagent_catalogs.text import fold

from .models.blend import standardised
from .models.topk import largest
from .toolbox import ToolContext

KINDS = 0.5
"""What a standard deviation of being of the same kinds counts."""
SERIES = 4.0
"""What bearing the same name counts at most: "Toy Story" of "Toy Story 2"."""
FEWEST_LETTERS = 3
MOST_COMPARED = 200
"""Candidates whose names are compared, the most alike: their texts have to be read for it."""


def kin(rows: Rows, likeness: Floats, named: Sequence[int], context: ToolContext) -> Floats:
    """How much each candidate is of the kinds and the series of the named items.

    Args:
        rows: int32 [m], the candidates.
        likeness: float32 [m], how alike they are by all else.
        named: the items named.
        context: holds the catalog.

    Returns:
        float32 [m], about in standard deviations of fit.
    """
    if not len(named) or not len(rows):
        return np.zeros(len(rows), dtype=np.float32)
    alike = kinds_alike(rows, named, context)
    # Without people's choices likeness is told by kinds and words alone: not twice.
    total = np.float32(KINDS if context.engine.trained else 0.0) * standardised(alike)
    compared = largest(likeness, MOST_COMPARED)
    # "The Heat" shares a word with "Heat" and is no more of it than another comedy.
    share = names_alike(rows[compared], named, context) * np.minimum(alike[compared], 1.0)
    total[compared] += np.float32(SERIES) * share
    return np.asarray(total, dtype=np.float32)


def kinds_alike(rows: Rows, named: Sequence[int], context: ToolContext) -> Floats:
    """Mean cosine of the kinds with those of the named items, rare kinds counting more; 0 to 1."""
    total = np.zeros(len(rows), dtype=np.float32)
    columns = context.catalog.schema.with_role(Role.CATEGORIES)
    for column in columns:
        words = context.catalog.words(column.name)
        indptr, codes, _ = words.forward()
        weight = np.log(context.catalog.n_items / np.maximum(np.asarray(words.counts), 1.0))
        wanted = np.zeros(len(weight))
        for row in named:
            mine = codes[indptr[row] : indptr[row + 1]]
            wanted[mine] += weight[mine] / max(float(np.linalg.norm(weight[mine])), 1e-9)
        lengths = indptr[rows + 1] - indptr[rows]
        place = np.repeat(np.arange(len(rows)), lengths)
        starts = np.repeat(indptr[rows] - (np.cumsum(lengths) - lengths), lengths)
        theirs = codes[starts + np.arange(len(place))]
        dots = np.bincount(place, weight[theirs] * wanted[theirs], minlength=len(rows))
        norms = np.sqrt(np.bincount(place, weight[theirs] ** 2, minlength=len(rows)))
        total += (dots / np.maximum(norms, 1e-9) / len(named)).astype(np.float32)
    return np.asarray(total / max(1, len(columns)), dtype=np.float32)


def names_alike(rows: Rows, named: Sequence[int], context: ToolContext) -> Floats:
    """The largest share of a named item's title, rare words counting more, that is in another's."""
    titles = [name_words(item.title) for item in context.catalog.items(rows.tolist())]
    theirs = [name_words(item.title) for item in context.catalog.items(list(named))]
    names = Names([*titles, *theirs])
    total = np.zeros(len(names.titles), dtype=np.float32)
    for words in theirs:
        total = np.maximum(total, names.alike(words))
    return total[: len(titles)]


class Names:
    """Titles as sets of words, and how much each word tells among them."""

    def __init__(self, titles: Sequence[frozenset[str]]) -> None:
        self.titles = titles
        self._bearers: dict[str, list[int]] = {}
        for place, words in enumerate(titles):
            for word in words:
                self._bearers.setdefault(word, []).append(place)
        self._sizes = np.array([self._size(words) for words in titles], dtype=np.float32)

    def alike(self, words: frozenset[str]) -> Floats:
        """Squared cosine of every title with these words, float32, 0 to 1."""
        shared = np.zeros(len(self.titles), dtype=np.float32)
        for word in words:
            if bearers := self._bearers.get(word):
                shared[bearers] += self._weight(word)
        return np.asarray(shared**2 / np.maximum(self._size(words) * self._sizes, 1e-9), np.float32)

    def _size(self, words: frozenset[str]) -> float:
        return sum(self._weight(word) for word in words)

    def _weight(self, word: str) -> float:
        return float(np.log((len(self.titles) + 1) / max(1, len(self._bearers.get(word, ())))))


def name_words(title: str) -> frozenset[str]:
    """The words of a title that name something; no numbers, no years."""
    return frozenset(
        word for word in fold(title).split() if len(word) >= FEWEST_LETTERS and word.isalpha()
    )
