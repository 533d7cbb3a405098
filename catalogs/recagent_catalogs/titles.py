"""Titles: how they are written in files, and how people write them."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import arrays
from .interactions import Floats, Rows
from .text import bare_title, fold

FULL, ALIAS, PART = 0, 1, 2
"""How strongly a form stands for an item: the title itself; another writing of it (without article,
other numerals, original title); only the part before or after a colon or dash."""

_YEAR_AT_END = re.compile(
    r"^(?P<title>.*\S)\s*\((?P<year>(?:18|19|20)\d\d)(?:\s*[-–]\s*(?:\d{4})?)?\)\s*$"
)
_BRACKETS = re.compile(r"\s*\(([^()]+)\)\s*$")
_AKA = re.compile(r"^(?:a\.?k\.?a\.?|aka)\s*:?\s*", re.I)
_ARTICLE_AT_END = re.compile(
    r"^(?P<rest>.+?),\s*(?P<article>The|A|An|Le|La|Les|L'|Il|Lo|Gli|El|Los|Las|Der|Die|Das|Den|Det|"
    r"Un|Une|Una|Uno|Os|As)$"
)
_SUBTITLE = re.compile(r"\s*:\s+|\s+[-–—]\s+")
_NO_TITLE = re.compile(
    r"\b(?:edition|cut|version|remaster\w*|season \d+|part \d+|vol\w*\.? \d+)\b", re.I
)
_PARTS = frozenset(("part", "pt", "episode", "chapter", "volume", "vol"))
_ROMAN = {
    "i": "1",
    "ii": "2",
    "iii": "3",
    "iv": "4",
    "v": "5",
    "vi": "6",
    "vii": "7",
    "viii": "8",
    "ix": "9",
    "x": "10",
    "xi": "11",
    "xii": "12",
    "xiii": "13",
    "xiv": "14",
    "xv": "15",
    "xvi": "16",
}
_NUMBER_WORDS = {
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
    "eleven": "11",
    "twelve": "12",
    "thirteen": "13",
}
_QUOTES = "\"'`“”‘’«»„"
_ASKED_YEAR = re.compile(r"^(?P<title>.*\S)[\s,]*?[\s(\[,](?P<year>(?:18|19|20)\d\d)[)\]]?$")


@dataclass(frozen=True)
class RawTitle:
    """A title taken apart: the title as people say it, its year, and other titles in brackets."""

    title: str
    year: int | None
    aliases: tuple[str, ...] = ()


def split_title(raw: str, *, brackets: bool = True) -> RawTitle:
    """Take "Matrix, The (1999)" or "Seven (a.k.a. Se7en) (1995)" apart.

    Args:
        raw: the title as the file has it.
        brackets: whether a trailing bracket holds another title (as in MovieLens).
    """
    text, year = raw.strip(), None
    if match := _YEAR_AT_END.match(text):
        text, year = match["title"], int(match["year"])
    aliases: list[str] = []
    while brackets and (found := _BRACKETS.search(text)) and found.start() > 0:
        inside = found[1].strip()
        if _NO_TITLE.search(inside):
            break
        aliases.insert(0, article_first(_AKA.sub("", inside)))
        text = text[: found.start()].rstrip()
    return RawTitle(article_first(text), year, tuple(alias for alias in aliases if fold(alias)))


def article_first(title: str) -> str:
    """Turn "Matrix, The" into "The Matrix", and the head of "Matrix, The: Reloaded" likewise."""
    head, colon, tail = title.partition(": ")
    if colon and _ARTICLE_AT_END.match(head):
        return f"{article_first(head)}: {tail}"
    match = _ARTICLE_AT_END.match(title)
    if match is None:
        return title
    glue = "" if match["article"].endswith("'") else " "
    return f"{match['article']}{glue}{match['rest']}"


def canonical(folded: str) -> str:
    """A folded title without article, numerals as digits, "part" and "episode" before them dropped.

    "the godfather part ii" and "godfather 2" become the same.
    """
    words = bare_title(folded).split()
    out: list[str] = []
    for position, word in enumerate(words):
        number = _NUMBER_WORDS.get(word)
        if number is None and position:
            number = _ROMAN.get(word)
        if number is not None or word.isdigit():
            if out and out[-1] in _PARTS and len(out) > 1:
                out.pop()
            out.append(number or word)
        else:
            out.append(word)
    return " ".join(out)


def title_forms(title: str, aliases: Sequence[str] = ()) -> Iterator[tuple[str, int]]:
    """Every folded way to write a title with its strength, each form once."""
    seen: set[str] = set()
    for form, kind in _all_forms(title, aliases):
        if form and form not in seen:
            seen.add(form)
            yield form, kind


def _all_forms(title: str, aliases: Sequence[str]) -> Iterator[tuple[str, int]]:
    full = fold(title)
    yield full, FULL
    for text in (full, *(fold(alias) for alias in aliases)):
        yield text, ALIAS
        bare = bare_title(text)
        if bare != text:
            yield bare, ALIAS
            yield f"{bare} {text.split(' ', 1)[0]}", ALIAS
        yield canonical(text), ALIAS
    yield canonical(full), ALIAS
    parts = [fold(part) for part in _SUBTITLE.split(title)]
    for position, part in enumerate(parts):
        # A tail of one word ("Origins", "Part 2") says nothing by itself; a head does ("Rambo").
        # "Part II" of one film is no name for it either.
        if len(parts) > 1 and (position == 0 or _says_something(part)):
            yield part, PART
            yield canonical(part), PART


def _says_something(tail: str) -> bool:
    words = bare_title(tail).split()
    return len(words) > 1 and not (len(words) == 2 and words[0] in _PARTS)


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
    """Finds items by title; opened from a catalog's arrays and its `search.sqlite`."""

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

    @cached_property
    def _rows(self) -> Rows:
        return arrays.load(self._directory, "titles.rows")

    @cached_property
    def _kinds(self) -> NDArray[np.uint8]:
        return arrays.load(self._directory, "titles.kinds")

    @cached_property
    def forms(self) -> list[str]:
        """Every folded form of every title, in row order."""
        return arrays.load_texts(self._directory, "titles.forms", len(self._rows))

    def exact(self, folded: str) -> list[int]:
        """The rows with a title, alias or variant equal to the folded text.

        Whole titles come before parts of one, the most popular first among equals.
        """
        return [row for row, _ in self._exact(folded)]

    def exact_kind(self, folded: str) -> int | None:
        """The strongest of FULL, ALIAS, PART with which the text names an item, or None."""
        return min((kind for _, kind in self._exact(folded)), default=None)

    def _exact(self, folded: str) -> list[tuple[int, int]]:
        if not folded:
            return []
        query = "SELECT row, min(kind) FROM titles WHERE form IN (?, ?) GROUP BY row"
        found = self._connection.execute(query, (folded, canonical(folded))).fetchall()
        return sorted(
            found, key=lambda pair: (pair[1] == PART, -int(self._popularity[pair[0]]), pair[0])
        )

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

    def _matches(
        self, scores: dict[int, float], year: int | None, limit: int, cutoff: float
    ) -> list[TitleMatch]:
        found = []
        for row, score in scores.items():
            known = self._year(row)
            if year is not None and known is not None and abs(known - year) > 1:
                score = min(score, 90.0)
            elif year is not None and known != year:
                score -= 0.5
            if score >= cutoff:
                found.append((row, known, score))
        found.sort(key=lambda entry: (-entry[2], -int(self._popularity[entry[0]]), entry[0]))
        return [
            TitleMatch(row, self._title(row), known, round(score, 1), score >= 99.5)
            for row, known, score in found[:limit]
        ]

    def _near(self, folded: str, limit: int, cutoff: float) -> list[tuple[int, float]]:
        from rapidfuzz import fuzz, process

        wanted = canonical(folded)
        if len(wanted) < 3:
            return []
        numbers = _numbers(wanted)
        found = process.extract(
            wanted, self.forms, scorer=fuzz.ratio, score_cutoff=cutoff, limit=limit
        )
        out = []
        for form, score, position in found:
            if _numbers(canonical(form)) != numbers:
                continue
            # A near part of a title is weaker than a near title; nothing fuzzy counts as exact.
            kept = min(score - 8.0, 91.0) if self._kinds[position] == PART else min(score, 99.0)
            if kept >= cutoff:
                out.append((int(self._rows[position]), float(kept)))
        return out + self._covering(wanted, numbers, limit, cutoff)

    def _covering(
        self, wanted: str, numbers: list[str], limit: int, cutoff: float
    ) -> list[tuple[int, float]]:
        """Titles that hold all the words, where the words are most of the title."""
        words = wanted.split()
        if len(words) < 2:
            return []
        phrase = " ".join(f'"{word}"' for word in words)
        rows = self._connection.execute(
            "SELECT rowid FROM text_index WHERE text_index MATCH ? LIMIT 200",
            (f"title : ({phrase})",),
        ).fetchall()
        out = []
        for (row,) in rows:
            title = canonical(fold(self._title(row)))
            covered = len(wanted) / max(len(title), 1)
            if 0.5 <= covered <= 1 and _numbers(title) == numbers:
                out.append((int(row), 84.0 + 8.0 * covered))
        return [pair for pair in out if pair[1] >= cutoff][:limit]

    def _year(self, row: int) -> int | None:
        if self._years is None or np.isnan(self._years[row]):
            return None
        return int(self._years[row])

    def _title(self, row: int) -> str:
        query = "SELECT title FROM items WHERE row = ?"
        found: tuple[str] | None = self._connection.execute(query, (row,)).fetchone()
        return found[0] if found else ""


def _numbers(text: str) -> list[str]:
    return sorted(word for word in text.split() if word.isdigit())
