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
from .hashes import hash_texts
from .interactions import Floats, Rows
from .postings import Postings
from .prefixes import Prefixes
from .schema import Column, Role, Vocabulary
from .text import fold
from .textblock import TextBlock

LARGE = 10_000
"""With more values than this a column is looked up in arrays on disk, not in dictionaries, and what
needs every value at hand (surnames, near spellings) knows the most frequent `WELL_KNOWN` only."""
WELL_KNOWN = 20_000
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
        return self._value_texts.all()

    @cached_property
    def folded(self) -> list[str]:
        """The folded values, in code order."""
        return self._folded_texts.all()

    def value(self, code: int) -> str:
        """The value of a code."""
        return self._value_texts[code] if self.large else self.values[code]

    def best_known(self, limit: int) -> list[str]:
        """The folded values of the first codes: the most frequent."""
        if not self.large:
            return self.folded[:limit]
        return self._folded_texts.many(range(min(limit, len(self.counts))))

    @property
    def large(self) -> bool:
        """Whether the column has more values than dictionaries are made for."""
        return len(self.counts) > LARGE

    @cached_property
    def _value_texts(self) -> TextBlock:
        return TextBlock.load(self._directory, f"word.{self.column.name}.values", len(self.counts))

    @cached_property
    def _folded_texts(self) -> TextBlock:
        return TextBlock.load(self._directory, f"word.{self.column.name}.folded", len(self.counts))

    @cached_property
    def _hashes(self) -> Postings:
        name = f"word.{self.column.name}.hash"
        if Postings.exists(self._directory, name):
            return Postings.load(self._directory, name)
        return _hashed(self._folded_texts)  # a catalog of an earlier release

    @cached_property
    def _codes(self) -> dict[str, int]:
        return {value: code for code, value in enumerate(self.values)}

    @cached_property
    def _folded_codes(self) -> dict[str, int]:
        # Reversed, so that of two values which fold alike the more frequent stays.
        return {text: code for code, text in reversed(list(enumerate(self.folded)))}

    def known(self, folded: Sequence[str]) -> NDArray[np.bool_]:
        """Which of many folded texts are values; all are looked up at once."""
        if not self.large:
            return np.fromiter((text in self._folded_codes for text in folded), bool, len(folded))
        found: NDArray[np.bool_] = self._hashes.places(hash_texts(folded)) >= 0
        return found

    def code_of(self, folded: str) -> int | None:
        """The code of the value that is written so when folded; of several the most frequent."""
        if not self.large:
            return self._folded_codes.get(folded)
        return next(iter(self._codes_of(folded)), None)

    def _codes_of(self, folded: str) -> list[int]:
        codes = self._hashes.find(hash_texts([folded])[0]).tolist()
        return [code for code in codes if self._folded_texts[code] == folded]

    def code(self, value: str) -> int | None:
        """The code of exactly this value, or None."""
        if not self.large:
            return self._codes.get(value)
        return next((c for c in self._codes_of(fold(value)) if self._value_texts[c] == value), None)

    def resolve(self, text: str) -> str | None:
        """The value of the data that `text` means, or None.

        In this order: the value itself, folded, the schema's synonyms, the general synonyms, and
        for categories, tags and facets the same again in the singular.
        """
        if self.code(text) is not None:
            return text
        wanted = fold(text)
        for form in (wanted, *self._singulars(wanted)):
            if form and (code := self._find(form)) is not None:
                return self.value(code)
        return None

    def _singulars(self, folded: str) -> tuple[str, ...]:
        if self.column.role not in _INFLECTED or not folded.endswith("s") or len(folded) < 4:
            return ()
        if folded.endswith("ies"):
            return (folded[:-3] + "y", folded[:-1])
        return (folded[:-1], folded[:-2]) if folded.endswith("es") else (folded[:-1],)

    def _find(self, folded: str) -> int | None:
        code = self.code_of(folded)
        if code is None and (value := self._vocabulary.synonyms.get(folded)) is not None:
            code = self.code_of(fold(value))
        if code is None:
            same = general_synonyms().get((str(self.column.role), folded), ())
            found = (self.code_of(word) for word in same)
            code = next((other for other in found if other is not None), None)
        return code

    def near(self, text: str, limit: int) -> list[tuple[str, float]]:
        """The values nearest in spelling with their score (0-100), best first, frequent first."""
        from rapidfuzz import fuzz, process

        wanted = fold(text)
        best: dict[int, float] = {}
        scorers = (fuzz.ratio,) if self.large else (fuzz.ratio, fuzz.token_sort_ratio)
        for scorer in scorers:
            found = process.extract(
                wanted, self._scanned, scorer=scorer, limit=limit, score_cutoff=50
            )
            for _, score, code in found:
                best[code] = max(best.get(code, 0.0), float(score))
        ranked = sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))
        return [(self.value(code), score) for code, score in ranked[:limit]]

    def beginning(self, folded: str, limit: int) -> list[str]:
        """The values that begin so (people by their surnames too), the most frequent first."""
        codes = self._prefixes.beginning(folded)
        if len(codes) > 2 * limit:  # each stands there twice at most
            codes = np.partition(codes, 2 * limit)[: 2 * limit]
        return [self.value(code) for code in np.unique(codes)[:limit].tolist()]

    @cached_property
    def _prefixes(self) -> Prefixes:
        return Prefixes.of(self._folded_texts, last_words=self.column.role is Role.PEOPLE)

    @cached_property
    def _scanned(self) -> list[str]:
        return self.best_known(WELL_KNOWN)

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
        return [self.value(code) for code in codes[indptr[row] : indptr[row + 1]]]

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
    TextBlock.of(values).save(directory, f"word.{name}.values")
    folded = TextBlock.of([fold(value) for value in values])
    folded.save(directory, f"word.{name}.folded")
    if len(values) > LARGE:
        _hashed(folded).save(directory, f"word.{name}.hash")
    if weights is not None:
        flat = np.fromiter((w for cell in weights for w in cell), dtype=np.float32)
        arrays.save(directory, f"word.{name}.weights", flat)


def _hashed(folded: TextBlock) -> Postings:
    """Hash of a folded value, to the codes, the most frequent first."""
    return Postings.of(folded.hashes(), np.arange(len(folded), dtype=np.int32))


def _pointers(lengths: NDArray[np.generic]) -> NDArray[np.int64]:
    indptr = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=indptr[1:])
    return indptr
