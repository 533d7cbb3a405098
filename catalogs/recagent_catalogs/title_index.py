"""Finds items by their titles, in arrays that are written with the catalog and memory-mapped."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import arrays
from .hashes import hash_stretches, hash_texts
from .interactions import Floats, Rows
from .near import SCAN_UP_TO, NearTexts
from .postings import Postings
from .prefixes import Prefixes
from .text import ARTICLES, fold
from .textblock import TextBlock
from .titles import ALIAS, FULL, NEAR, NUMERALS, PART, STRENGTH, canonical, marked_forms

_QUOTES = "\"'`“”‘’«»„"
_ASKED_YEAR = re.compile(r"^(?P<title>.*\S)[\s,]*?[\s(\[,](?P<year>(?:18|19|20)\d\d)[)\]]?$")
_MOST_COVERING = 200
LEAST, FEWEST = 60.0, 40
"""Near spellings are looked for down to this score and so many, once for all who ask again."""


@dataclass(frozen=True)
class TitleMatch:
    """An item found by its title.

    Attributes:
        row: the item.
        title: its title as the catalog has it.
        year: its year, if known.
        score: 0-100; 100 is the title itself, 92 the part before or after a colon.
        exact: whether the words are a writing of the whole title (and the year agrees, if given).
    """

    row: int
    title: str
    year: int | None
    score: float
    exact: bool


class TitleIndex:
    """Finds items by title; opened from a catalog's arrays and its `search.sqlite`.

    Attributes:
        hidden: bool [n_items], true for items that are not found; None where all are.
    """

    hidden: NDArray[np.bool_] | None = None

    def __init__(
        self,
        directory: Path,
        connection: sqlite3.Connection,
        popularity: Rows,
        years: Floats | None,
    ) -> None:
        self._directory = directory
        self._connection = connection
        self._popularity = popularity
        self._years = years
        self._written_alike = lru_cache(maxsize=256)(self._look_near)

    # --- what is on disk -------------------------------------------------------------------------

    @cached_property
    def _rows(self) -> Rows:
        return arrays.load_list(self._directory, "titles.rows", "iu")

    @cached_property
    def _kinds(self) -> NDArray[np.uint8]:
        kinds = arrays.load_list(self._directory, "titles.kinds", "u")
        if len(kinds) != len(self._rows):
            raise arrays.damaged(self._directory / "titles.kinds.npy")
        return kinds

    @cached_property
    def _texts(self) -> TextBlock:
        return TextBlock.load(self._directory, "titles.forms", len(self._rows))

    @cached_property
    def _hashes(self) -> Postings:
        if Postings.exists(self._directory, "titles.hash"):
            return Postings.load(self._directory, "titles.hash")
        # A catalog of an earlier release: made for this process.
        self._rows_of(np.arange(len(self._rows)))
        return _hash_forms(self._texts, self._rows, self._kinds, self._popularity)

    @cached_property
    def _near_texts(self) -> NearTexts:
        numbers = _near_numbers(self._kinds)
        if Postings.exists(self._directory, "titles.near.words"):
            return NearTexts.load(self._directory, "titles.near", self._texts, numbers)
        return NearTexts.of(self._texts, numbers, large=False)

    @cached_property
    def _prefixes(self) -> Prefixes:
        return Prefixes.load(self._directory, "titles.order", self._texts)

    def _rows_of(self, forms: NDArray[np.integer] | Sequence[int]) -> list[int]:
        """The rows of the items with the forms of those numbers."""
        numbers = np.asarray(forms, dtype=np.int64)
        if len(numbers) and not 0 <= numbers.min() <= numbers.max() < len(self._rows):
            raise arrays.damaged(self._directory / "titles.hash.entries.npy")
        rows: list[int] = self._rows[numbers].tolist()
        if rows and not 0 <= min(rows) <= max(rows) < len(self._popularity):
            raise arrays.damaged(self._directory / "titles.rows.npy")
        return rows

    @property
    def forms(self) -> list[str]:
        """Every folded form of every title, in row order."""
        return self._texts.all()

    # --- exact forms -----------------------------------------------------------------------------

    def stretches(self, words: Sequence[str], longest: int) -> list[tuple[int, int]]:
        """The stretches of folded words that `exact` finds: first word, and the one after the last.

        All are looked up at once; the longest come first of each start.
        """
        if not words:
            return []
        starts, ends, hashes = hash_stretches(words, longest)
        found = self._hashes.places(hashes) >= 0
        number = np.full((len(words) + 1, len(words) + 1), -1, dtype=np.int32)
        number[starts, ends] = np.arange(len(starts))
        article = np.fromiter((word in ARTICLES for word in words), bool, len(words))
        headed = np.flatnonzero(article[starts] & (ends - starts > 1))
        found[headed] |= found[number[starts[headed] + 1, ends[headed]]]
        others = [n for n in self._with_numerals(words, starts, ends) if not found[n]]
        if others:
            plain = [canonical(" ".join(words[starts[n] : ends[n]])) for n in others]
            found[others] = self._hashes.places(hash_texts(plain)) >= 0
        kept = np.flatnonzero(found)
        return list(zip(starts[kept].tolist(), ends[kept].tolist(), strict=True))

    def _with_numerals(
        self, words: Sequence[str], starts: NDArray[np.int64], ends: NDArray[np.int64]
    ) -> list[int]:
        """The stretches that have another writing for their numbers."""
        places = [n for n, word in enumerate(words) if word in NUMERALS]
        return [
            n
            for place in places
            for n in np.flatnonzero((starts <= place) & (ends > place)).tolist()
        ]

    def exact(self, folded: str) -> list[int]:
        """The rows with a title, alias or variant equal to the folded text.

        Whole titles come before parts of one, the most popular first among equals.
        """
        return [row for row, _ in self._exact(folded)]

    def names_of(self, row: int) -> list[str]:
        """The folded texts that name this item before any other: titles, writings, parts of one."""
        forms = self._texts
        own = (forms[int(number)] for number in np.flatnonzero(self._rows == row))
        return [text for text in dict.fromkeys(own) if self.exact(text)[:1] == [row]]

    def exact_kind(self, folded: str) -> int | None:
        """The strongest of FULL, ALIAS, PART with which the text names an item, or None."""
        return min((kind for _, kind in self._exact(folded)), default=None)

    def exact_kinds(self, folded: str) -> list[tuple[int, int]]:
        """The rows of `exact` with their kinds, in that order."""
        return self._exact(folded)

    def _exact(self, folded: str) -> list[tuple[int, int]]:
        if not folded:
            return []
        found: dict[int, int] = {}
        texts = dict.fromkeys((folded, canonical(folded)))
        for text, place in zip(texts, self._hashes.places(hash_texts([*texts])), strict=True):
            numbers = self._hashes.at(int(place)) if place >= 0 else self._hashes.entries[:0]
            if not len(numbers) or self._texts[int(numbers[0])] != text:
                continue  # two texts of one hash: as good as never, and then not found
            rows, kinds = self._rows_of(numbers), (self._kinds[numbers] & STRENGTH).tolist()
            for row, kind in zip(rows, kinds, strict=True):
                if self.hidden is None or not self.hidden[row]:
                    found[row] = min(kind, found.get(row, PART))
        if len(texts) == 1:
            return list(found.items())
        return sorted(found.items(), key=lambda p: (p[1] == PART, -self._popular(p[0]), p[0]))

    def _popular(self, row: int) -> int:
        return int(self._popularity[row])

    # --- near spellings --------------------------------------------------------------------------

    def find(self, text: str, limit: int = 5, cutoff: float = 84.0) -> list[TitleMatch]:
        """The items that a title as somebody typed it may mean, best first, then most popular.

        Understands "Alien (1979)", "alien 1979", quotes. Exact forms are found first, then near
        spellings; numbers in the title must agree ("Rocky 2" is not "Rocky 3"), and so must a year
        that was given, to within one; else the match is no longer exact and scores at most 90.
        """
        text = text.strip().strip(_QUOTES).strip()
        whole = fold(text)
        year: int | None = None
        if self.exact_kind(whole) not in (FULL, ALIAS) and (match := _ASKED_YEAR.match(text)):
            whole, year = fold(match["title"].strip(_QUOTES + " ,")), int(match["year"])
        scores = {row: (92.0 if kind == PART else 100.0) for row, kind in self._exact(whole)}
        if not scores or max(scores.values()) < 100.0:
            for row, score in self._near(whole, limit * 8, cutoff):
                scores[row] = max(score, scores.get(row, 0.0))
        return self._matches(scores, year, limit, cutoff)

    def knows(self, word: str) -> bool:
        """Whether any title holds this very word, folded."""
        return self._near_texts.knows(word)

    def holding(self, words: Sequence[str], limit: int) -> list[int]:
        """Rows of items of which a title holds all of the folded words, ascending."""
        forms = self._near_texts.holding(words, limit)
        rows = self._rows_of(forms)
        kept = zip(forms, rows, strict=True)
        found = {row for form, row in kept if self._kinds[form] & STRENGTH != PART}
        return sorted(found if self.hidden is None else (r for r in found if not self.hidden[r]))

    def beginning(self, folded: str, limit: int) -> list[int]:
        """Rows of items with a title, or a part of one, that begins so; the best-known first.

        Whole titles come before parts of one. It looks at those that begin so, and no others.
        """
        forms = self._prefixes.beginning(folded)
        if self.hidden is not None:
            forms = forms[~self.hidden[self._rows[forms]]]
        rows, strength = self._rows[forms], self._kinds[forms] & STRENGTH
        known = self._popularity[rows].astype(np.int64)
        order = -known
        if len(forms) > 4 * limit:  # a title has at most a few forms
            best = np.argpartition(order, 4 * limit)[: 4 * limit]
            rows, strength, order = rows[best], strength[best], order[best]
        kept = np.lexsort((rows, order, strength == PART))
        return list(dict.fromkeys(rows[kept].tolist()))[:limit]

    def year(self, row: int) -> int | None:
        """The year of an item, if known."""
        if self._years is None or np.isnan(self._years[row]):
            return None
        return int(self._years[row])

    def _matches(
        self, scores: dict[int, float], year: int | None, limit: int, cutoff: float
    ) -> list[TitleMatch]:
        found = []
        for row, score in scores.items():
            if self.hidden is not None and self.hidden[row]:
                continue
            known = self.year(row)
            if year is not None and known is not None and abs(known - year) > 1:
                score = min(score, 90.0)
            elif year is not None and known != year:
                score -= 0.5
            if score >= cutoff:
                found.append((row, known, score))
        found.sort(key=lambda entry: (-entry[2], -self._popular(entry[0]), entry[0]))
        return [
            TitleMatch(row, self._title(row), known, round(score, 1), score >= 99.5)
            for row, known, score in found[:limit]
        ]

    def _look_near(self, wanted: str, cutoff: float, limit: int) -> list[tuple[int, float]]:
        return self._near_texts.near(wanted, cutoff, limit)

    def _near(self, folded: str, limit: int, cutoff: float) -> list[tuple[int, float]]:
        wanted = canonical(folded)
        if len(wanted) < 3:
            return []
        numbers = _numbers(wanted)
        limit = max(limit, FEWEST)
        out = []
        for form, score in self._written_alike(wanted, min(cutoff, LEAST), limit):
            if score < cutoff:
                break
            if _numbers(canonical(self._texts[form])) != numbers:
                continue
            # A near part of a title is weaker than a near title; nothing fuzzy counts as exact.
            part = self._kinds[form] & STRENGTH == PART
            kept = min(score - 8.0, 91.0) if part else min(score, 99.0)
            if kept >= cutoff:
                out.append((self._rows_of([form])[0], float(kept)))
        return out + self._covering(wanted, numbers, limit, cutoff)

    def _covering(
        self, wanted: str, numbers: list[str], limit: int, cutoff: float
    ) -> list[tuple[int, float]]:
        """Titles that hold all the words, where the words are most of the title."""
        words = wanted.split()
        if len(words) < 2:
            return []
        out = []
        for form in self._near_texts.holding(words, _MOST_COVERING):
            if self._kinds[form] & STRENGTH == PART:
                continue
            title = canonical(self._texts[form])
            covered = len(wanted) / max(len(title), 1)
            if 0.5 <= covered <= 1 and _numbers(title) == numbers:
                out.append((self._rows_of([form])[0], 84.0 + 8.0 * covered))
        return [pair for pair in out if pair[1] >= cutoff][:limit]

    def _title(self, row: int) -> str:
        query = "SELECT title FROM items WHERE row = ?"
        found: tuple[str] | None = self._connection.execute(query, (row,)).fetchone()
        return found[0] if found else ""


def _numbers(text: str) -> list[str]:
    return sorted(word for word in text.split() if word.isdigit())


# --- writing -------------------------------------------------------------------------------------


def write_titles(
    directory: Path,
    titles: Iterable[tuple[str, Sequence[str]]],
    popularity: Rows,
    *,
    scan_up_to: int = SCAN_UP_TO,
) -> None:
    """Write the arrays that `TitleIndex` opens.

    Args:
        directory: the catalog's `arrays`.
        titles: title and other titles of each item, in row order.
        popularity: of the items; the best-known comes first among equals.
        scan_up_to: with more forms than this, near spellings get arrays of their own.
    """
    forms, kinds, counts = bytearray(), bytearray(), []
    for title, others in titles:
        marked = marked_forms(title, others)
        counts.append(len(marked))
        for form, kind in marked:
            forms += form.encode("utf-8", "replace")
            forms.append(10)
            kinds.append(kind)
    rows = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    strength = np.frombuffer(kinds, dtype=np.uint8)
    texts = TextBlock.of_bytes(forms)
    texts.save(directory, "titles.forms")
    arrays.save(directory, "titles.rows", rows)
    arrays.save(directory, "titles.kinds", strength)
    _hash_forms(texts, rows, strength, popularity).save(directory, "titles.hash")
    numbers = _near_numbers(strength)
    if len(numbers) > scan_up_to:
        Prefixes.of(texts).save(directory, "titles.order")
        NearTexts.of(texts, numbers, large=True).save(directory, "titles.near")


def _near_numbers(kinds: NDArray[np.uint8]) -> NDArray[np.int32]:
    """The forms in which slips are looked for; all, where an earlier release marked none."""
    marked = np.flatnonzero(kinds & NEAR)
    return (marked if len(marked) else np.arange(len(kinds))).astype(np.int32)


def _hash_forms(
    texts: TextBlock, rows: Rows, kinds: NDArray[np.uint8], popularity: Rows
) -> Postings:
    """Hash of a form, to the forms' numbers: whole titles first, then the best-known."""
    hashes = texts.hashes()
    order = np.lexsort((rows, -popularity[rows].astype(np.int64), (kinds & STRENGTH) == PART))
    return Postings.of(hashes[order], order.astype(np.int32))
