"""The words of one column: codes, inverted lists, and finding the value that somebody meant."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import arrays
from .interactions import Floats, Rows
from .schema import Column, Role, Vocabulary
from .text import fold

_INFLECTED = frozenset((Role.CATEGORIES, Role.TAGS, Role.FACET))
"""Roles whose values are looked up in the singular too; names of people are not."""


class WordColumn:
    """A column with a vocabulary (list roles, audience, group), opened from a catalog's arrays.

    Attributes:
        column: the schema's column.
    """

    def __init__(self, directory: Path, column: Column, vocabulary: Vocabulary, n_items: int):
        self.column = column
        self._directory = directory
        self._vocabulary = vocabulary
        self._n_items = n_items

    def _array(self, part: str) -> NDArray[np.generic]:
        return arrays.load(self._directory, f"word.{self.column.name}.{part}")

    @cached_property
    def counts(self) -> Rows:
        """int32 [values]: number of items a value."""
        return self._array("counts").astype(np.int32, copy=False)

    @cached_property
    def values(self) -> list[str]:
        """The values in code order, the most frequent first."""
        name = f"word.{self.column.name}.values"
        return arrays.load_texts(self._directory, name, len(self.counts))

    @cached_property
    def folded(self) -> list[str]:
        """The folded values, in code order."""
        name = f"word.{self.column.name}.folded"
        return arrays.load_texts(self._directory, name, len(self.counts))

    @cached_property
    def _codes(self) -> dict[str, int]:
        return {value: code for code, value in enumerate(self.values)}

    @cached_property
    def _folded_codes(self) -> dict[str, int]:
        # Reversed, so that of two values which fold alike the more frequent stays.
        return {text: code for code, text in reversed(list(enumerate(self.folded)))}

    @cached_property
    def _surnames(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for code, text in enumerate(self.folded):
            _, space, last = text.rpartition(" ")
            if space:
                found.setdefault(last, []).append(code)
        return found

    def code(self, value: str) -> int | None:
        """The code of exactly this value, or None."""
        return self._codes.get(value)

    def resolve(self, text: str) -> str | None:
        """The value of the data that `text` means, or None.

        In this order: the value itself, folded, the schema's synonyms, the general synonyms, and
        for categories, tags and facets the same again in the singular.
        """
        if text in self._codes:
            return text
        wanted = fold(text)
        for form in (wanted, *self._singulars(wanted)):
            if form and (code := self._find(form)) is not None:
                return self.values[code]
        return None

    def _singulars(self, folded: str) -> tuple[str, ...]:
        if self.column.role not in _INFLECTED or not folded.endswith("s") or len(folded) < 4:
            return ()
        if folded.endswith("ies"):
            return (folded[:-3] + "y", folded[:-1])
        return (folded[:-1], folded[:-2]) if folded.endswith("es") else (folded[:-1],)

    def _find(self, folded: str) -> int | None:
        code = self._folded_codes.get(folded)
        if code is None and (value := self._vocabulary.synonyms.get(folded)) is not None:
            code = self._folded_codes.get(fold(value))
        if code is None:
            same = general_synonyms().get((str(self.column.role), folded), ())
            codes = [self._folded_codes[word] for word in same if word in self._folded_codes]
            code = codes[0] if codes else None
        return code

    def by_surname(self, text: str) -> str | None:
        """The person who is meant by a surname alone: the only one, or by far the best-known."""
        codes = self._surnames.get(fold(text), [])
        if not codes:
            return None
        if len(codes) > 1 and self.counts[codes[0]] < 3 * self.counts[codes[1]]:
            return None
        return self.values[codes[0]]

    def near(self, text: str, limit: int) -> list[tuple[str, float]]:
        """The values nearest in spelling with their score (0-100), best first, frequent first."""
        from rapidfuzz import fuzz, process

        wanted = fold(text)
        best: dict[int, float] = {}
        for scorer in (fuzz.ratio, fuzz.token_sort_ratio):
            found = process.extract(
                wanted, self.folded, scorer=scorer, limit=limit, score_cutoff=50
            )
            for _, score, code in found:
                best[code] = max(best.get(code, 0.0), float(score))
        ranked = sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))
        return [(self.values[code], score) for code, score in ranked[:limit]]

    def rows_with(self, value: str) -> Rows:
        """The rows of the items that have exactly this value, ascending int32; a view."""
        code = self.code(value)
        if code is None:
            return np.empty(0, dtype=np.int32)
        start, end = self._inverted_ptr[code : code + 2]
        return self._inverted[start:end]

    def mask(self, values: Sequence[str]) -> NDArray[np.bool_]:
        """Bool [n_items]: which items have any of the values."""
        mask = np.zeros(self._n_items, dtype=bool)
        for value in values:
            mask[self.rows_with(value)] = True
        return mask

    def of(self, row: int) -> list[str]:
        """The values of one item, in the order of its cell."""
        indptr, codes, _ = self.forward()
        return [self.values[code] for code in codes[indptr[row] : indptr[row + 1]]]

    def forward(self) -> tuple[NDArray[np.int64], Rows, Floats | None]:
        """Item -> codes in CSR form: indptr int64 [n_items + 1], codes int32, weights or None.

        Weights (float32) are how often a value was given to the item (users' tags); None where
        cells are sets.
        """
        return self._forward

    @cached_property
    def _forward(self) -> tuple[NDArray[np.int64], Rows, Floats | None]:
        indptr = self._array("forward_ptr").astype(np.int64, copy=False)
        codes = self._array("forward").astype(np.int32, copy=False)
        weights = None
        if arrays.exists(self._directory, f"word.{self.column.name}.weights"):
            weights = self._array("weights").astype(np.float32, copy=False)
        return indptr, codes, weights

    @cached_property
    def _inverted_ptr(self) -> NDArray[np.int64]:
        return self._array("inverted_ptr").astype(np.int64, copy=False)

    @cached_property
    def _inverted(self) -> Rows:
        return self._array("inverted").astype(np.int32, copy=False)


@lru_cache(maxsize=1)
def general_synonyms() -> Mapping[tuple[str, str], tuple[str, ...]]:
    """(role, folded word) -> folded words that mean the same, from `vocabularies/categories.toml`.

    They hold for every catalog; which of them is a value is for the data to say.
    """
    file = resources.files("recagent_catalogs") / "vocabularies" / "categories.toml"
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for group in data["group"]:
        words = tuple(dict.fromkeys(fold(word) for word in group["words"]))
        for role in group["roles"]:
            for word in words:
                known = found.get((role, word), ())
                found[role, word] = known + tuple(w for w in words if w not in known)
    return found


def write_words(
    directory: Path,
    name: str,
    cells: Sequence[Sequence[str]],
    weights: Sequence[Sequence[float]] | None = None,
) -> None:
    """Write the arrays of one word column; `cells` has one list of values an item.

    Args:
        directory: the catalog's `arrays`.
        name: the column's name.
        cells: the values of each item, each value once.
        weights: aligned with `cells`, where values carry counts.
    """
    counted: dict[str, int] = {}
    for cell in cells:
        for value in cell:
            counted[value] = counted.get(value, 0) + 1
    values = sorted(counted, key=lambda value: (-counted[value], value))
    code_of = {value: code for code, value in enumerate(values)}
    lengths = np.fromiter((len(cell) for cell in cells), dtype=np.int64, count=len(cells))
    forward = np.fromiter(
        (code_of[value] for cell in cells for value in cell), dtype=np.int32, count=lengths.sum()
    )
    counts = np.fromiter((counted[value] for value in values), dtype=np.int32, count=len(values))
    rows = np.repeat(np.arange(len(cells), dtype=np.int32), lengths)
    arrays_of: dict[str, NDArray[Any]] = {
        "counts": counts,
        "forward_ptr": _pointers(lengths),
        "forward": forward,
        "inverted_ptr": _pointers(counts),
        "inverted": rows[np.argsort(forward, kind="stable")],
    }
    for part, array in arrays_of.items():
        arrays.save(directory, f"word.{name}.{part}", array)
    arrays.save_texts(directory, f"word.{name}.values", values)
    arrays.save_texts(directory, f"word.{name}.folded", (fold(value) for value in values))
    if weights is not None:
        flat = np.fromiter((w for cell in weights for w in cell), dtype=np.float32)
        arrays.save(directory, f"word.{name}.weights", flat)


def _pointers(lengths: NDArray[np.generic]) -> NDArray[np.int64]:
    indptr = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=indptr[1:])
    return indptr
