"""Finds the item of the catalog that a row of a history means.

Three outcomes. *Matched*: an id that both sides have; or the whole title (any writing that the
catalog knows: other article, numerals, original title) with a year that differs by one at most, or
with the people, or without a rival; or one part of a title, or a spelling very near to it, with
the same year. *Doubtful*: the same with less: several items, another year, a part or a spelling
without a year. *Missing*: nothing of that.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from recagent_catalogs.schema import Role
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import TITLE_CAP, clean, fold
from recagent_catalogs.titles import FULL, PART, canonical, split_title

from .entries import Entry
from .external import ExternalIds

Outcome = Literal["matched", "doubtful", "missing"]
Strength = Literal["title", "part", "spelling"]
_ITSELF, _OTHER_WRITING = 100.0, 99.0
"""Whoever writes "Heat" means "Heat" before "The Heat"."""

SURE, UNDATED, LIKELY, WITH_YEAR = 86.0, 88.0, 84.0, 74.0
"""A spelling of the first score is taken with the same year. It is asked without a year from the
second one on, with a year that is near from the third, with the same year from the last one."""
FUZZY_UP_TO = 20_000
"""So many different titles are looked for by their spelling; of the rest only exact ones."""
OFFERED = 4
_NEAR_YEARS = 3
"""A whole title whose year is off by two or three may be meant."""
_REMEMBERED = 50_000
_MARKS = re.compile(r"[™®©℠]")
_SERIES = re.compile(r"\s*\([^()]*#\s*\d[^()]*\)\s*$")
_EDITION = re.compile(
    r"\s*(?:[-–—:]\s*|\()?\b(?:the\s+)?(?:(?:game of the year|goty|definitive|deluxe|complete|"
    r"enhanced|special|legendary|ultimate|gold|anniversary|collector'?s|director'?s|extended|"
    r"final|standard|remastered|hd)\s+)+(?:edition|cut|version|collection)?\)?\s*$",
    re.I,
)
_SPLIT = re.compile(r"\s*:\s+|\s+[-–—]\s+")


@dataclass(frozen=True)
class Match:
    """What a row may mean.

    Attributes:
        outcome: matched, doubtful or missing.
        rows: the item; of a doubtful one what it may be, the likeliest first, four at most.
        how: why, in a few words.
    """

    outcome: Outcome
    rows: tuple[int, ...] = ()
    how: str = ""

    @property
    def row(self) -> int | None:
        """The item, where it is sure."""
        return self.rows[0] if self.outcome == "matched" else None


MISSING = Match("missing")


@dataclass(frozen=True)
class _Candidate:
    """An item that a title may mean: how much of the title agrees, and by how much the year."""

    row: int
    strength: Strength
    score: float
    years: int | None
    """The difference; None where one side has no year."""
    people: bool | None
    """Whether somebody is the same; None where one side has nobody."""


class Matcher:
    """Matches entries to one catalog, and remembers what it found."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._found: OrderedDict[object, Match] = OrderedDict()
        self.searched = 0
        """Titles looked for by their spelling."""

    @cached_property
    def external(self) -> ExternalIds:
        """The ids of other sites that the catalog has."""
        return ExternalIds(self._catalog)

    @cached_property
    def _nouns(self) -> frozenset[str]:
        schema = self._catalog.schema
        return frozenset(map(fold, (schema.item, schema.items, *schema.aliases)))

    @cached_property
    def _people(self) -> tuple[str, ...]:
        return tuple(column.name for column in self._catalog.schema.with_role(Role.PEOPLE))

    @staticmethod
    def key(entry: Entry) -> tuple[object, ...]:
        """Entries of one key mean the same item."""
        ids = tuple(sorted(entry.ids.items()))
        return (fold(entry.title), entry.others, entry.year, entry.people, ids, entry.form)

    def match(self, entry: Entry, key: object = None) -> Match:
        """What an entry means."""
        key = self.key(entry) if key is None else key
        known = self._found.get(key)
        if known is not None:
            self._found.move_to_end(key)
            return known
        found = self._look(entry)
        self._found[key] = found
        if len(self._found) > _REMEMBERED:
            self._found.popitem(last=False)
        return found

    def _look(self, entry: Entry) -> Match:
        # A game of a film has the film's name; a catalog of games may have it.
        if entry.form and fold(entry.form) not in self._nouns:
            return Match("missing", (), f"{entry.form}, not {self._catalog.schema.item}")
        return self._by_id(entry) or self._by_title(entry)

    # --- by id -----------------------------------------------------------------------------------

    def _by_id(self, entry: Entry) -> Match | None:
        for site, value in entry.ids.items():
            row = self.external.row(site, value)
            if row is not None:
                return Match("matched", (row,), f"{site} id")
        for value in entry.ids.values():
            row = self._catalog.row_of(value) if value else None
            if row is None:
                continue
            # Numbers of two sites look alike: without a title the caller must know the site.
            if not entry.title:
                return Match("matched", (row,), "id")
            if self._is_called(row, entry):
                return Match("matched", (row,), "id and title")
        return None

    def _is_called(self, row: int, entry: Entry) -> bool:
        from rapidfuzz import fuzz

        mine = canonical(fold(self._catalog.item(row).title))
        said = [canonical(fold(text)) for text, _ in _writings(entry)]
        return any(fuzz.token_set_ratio(mine, text) >= SURE for text in said if text)

    # --- by title --------------------------------------------------------------------------------

    def _by_title(self, entry: Entry) -> Match:
        writings = list(_writings(entry))
        if not writings:
            return MISSING
        year = entry.year if entry.year is not None else _year_in(entry.title)
        candidates = self._exact(writings, year, entry)
        best = _decide(candidates, entry, self._popular)
        if best.outcome == "matched" or self.searched >= FUZZY_UP_TO:
            return best
        self.searched += 1
        more = candidates + self._near(writings, year, entry, {c.row for c in candidates})
        return _decide(more, entry, self._popular)

    def _exact(
        self, writings: Sequence[tuple[str, bool]], year: int | None, entry: Entry
    ) -> list[_Candidate]:
        found: dict[int, _Candidate] = {}
        for text, whole in writings:
            for row, kind in self._catalog.titles.exact_kinds(fold(text)):
                if not whole and kind == PART:
                    continue  # two parts of titles: other volumes of one series
                strength: Strength = "part" if kind == PART or not whole else "title"
                score = _ITSELF if kind == FULL else _OTHER_WRITING
                held = found.get(row)
                if held is None or (held.strength, -held.score) > (strength, -score):
                    if held is None or strength == "title":
                        found[row] = self._candidate(row, strength, score, year, entry)
        return list(found.values())

    def _near(
        self, writings: Sequence[tuple[str, bool]], year: int | None, entry: Entry, known: set[int]
    ) -> list[_Candidate]:
        found: dict[int, _Candidate] = {}
        for text, whole in writings:
            folded = fold(text)
            if not whole or len(folded) < 4:
                continue
            numbers = _numbers(canonical(folded))
            for match in self._catalog.titles.find(folded, limit=8, cutoff=WITH_YEAR):
                if match.row in known or match.score <= found.get(match.row, _NONE).score:
                    continue
                if _numbers(canonical(fold(match.title))) == numbers:
                    found[match.row] = self._candidate(
                        match.row, "spelling", match.score, year, entry
                    )
        return list(found.values())

    def _candidate(
        self,
        row: int,
        strength: Strength,
        score: float,
        year: int | None,
        entry: Entry,
    ) -> _Candidate:
        mine = self._catalog.titles.year(row)
        apart = None if mine is None or year is None else abs(mine - year)
        return _Candidate(row, strength, score, apart, self._shares_people(row, entry.people))

    def _shares_people(self, row: int, people: Sequence[str]) -> bool | None:
        if not people or not self._people:
            return None
        columns = self._catalog.item(row).columns
        mine = _name_words(name for column in self._people for name in columns.get(column) or ())
        return bool(mine & _name_words(people)) if mine else None

    def _popular(self, row: int) -> int:
        return int(self._catalog.popularity[row])


_NONE = _Candidate(-1, "spelling", 0.0, None, None)


def _writings(entry: Entry) -> Iterable[tuple[str, bool]]:
    """The titles of an entry, each with whether it is a whole one.

    Then what is left of them without an edition, a series in brackets, a subtitle.
    """
    seen: set[str] = set()
    wholes: list[str] = []
    for raw in (entry.title, *entry.others):
        text = _SERIES.sub("", _MARKS.sub("", clean(raw, TITLE_CAP)))
        split = split_title(text, brackets=False)
        for whole in (split.title, split_title(text).title):
            if (folded := fold(whole)) and folded not in seen:
                seen.add(folded)
                wholes.append(whole)
                yield whole, len(wholes) == 1 or whole == split.title
    for whole in wholes:
        plain = _EDITION.sub("", whole)
        for part in (plain, _SPLIT.split(plain, maxsplit=1)[0]):
            if (folded := fold(part)) and folded not in seen:
                seen.add(folded)
                yield part, False


def _decide(candidates: Sequence[_Candidate], entry: Entry, popular: Callable[[int], int]) -> Match:
    """What the candidates of an entry amount to."""
    graded = [(grade, c) for c in candidates if (grade := _grade(c, entry)) is not None]
    if not graded:
        return MISSING
    graded.sort(key=lambda p: (-p[0], p[1].years or 0, -p[1].score, -popular(p[1].row), p[1].row))
    top, best = graded[0]
    if top >= _SURE_GRADE:
        alike = (top, best.years, best.score)
        rivals = [c for grade, c in graded[1:] if (grade, c.years, c.score) == alike]
        if not rivals or best.years == 0 and best.strength == "title":
            # Of two entries of one title and year the better known one is meant.
            return Match("matched", (best.row,), _how(best))
    return Match("doubtful", tuple(c.row for _, c in graded[:OFFERED]), _how(best))


_SURE_GRADE = 10


def _grade(found: _Candidate, entry: Entry) -> int | None:
    """How well a candidate fits: from `_SURE_GRADE` on it is meant, None: it is not."""
    years, people = found.years, found.people
    if entry.loose_year and people:
        years = 0 if years is not None and found.strength != "spelling" else years
    if people is False and years != 0:
        return None  # the same title by somebody else
    if found.strength == "title":
        if years is None:
            return 14 if people else 12
        if years <= 1:
            return (16 if years == 0 else 15) if people is not False else 6
        return 5 if years <= _NEAR_YEARS else None
    if years is not None and years > 1:
        return None
    if found.strength == "part":
        if years == 0 and people is not False:
            return 13
        return 11 if people and years is None else 4
    if found.score >= SURE and people is not False and (years == 0 or people):
        return 10
    if found.score < LIKELY:
        return 1 if years == 0 else None
    return 3 if years is not None else 2 if found.score >= UNDATED else None


def _how(found: _Candidate) -> str:
    """Why a candidate may be meant, in words."""
    what = {"title": "title", "part": "part of the title", "spelling": "a near spelling"}
    told = what[found.strength]
    if found.people:
        told += " and people"
    if found.years is None:
        return told + ("" if found.people else ", no year")
    return told + (" and year" if found.years == 0 else f", year off by {found.years}")


def _year_in(title: str) -> int | None:
    return split_title(clean(title, TITLE_CAP)).year


def _numbers(text: str) -> list[str]:
    return sorted(word for word in text.split() if word.isdigit())


def _name_words(people: Iterable[str]) -> frozenset[str]:
    """Words of names by which people are told: of three letters or more, initials left out."""
    return frozenset(word for name in people for word in fold(name).split() if len(word) > 2)
