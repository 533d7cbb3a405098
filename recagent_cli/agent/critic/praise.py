"""Superlatives, comparisons, awards and fame: what is counted must be so, the rest is struck."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.schema import Role
from recagent_catalogs.text import fold

from .fault import Fault
from .sentences import Sentence
from .subjects import Subjects
from .titles import Named
from .world import World

_BEST = re.compile(
    r"\b(?P<of>one of\s+)?(?:the|my|its|our|their)\s+(?:\w+\s+){0,2}?(?P<word>(?:best|"
    r"highest|top|most highly|worst|"
    r"lowest)[\s-]?(?:rated|reviewed|scored)|most (?:popular|watched|played|seen|read|"
    r"loved|acclaimed|"
    r"famous)|least (?:popular|known)|best[- ]known|best|greatest|finest|newest|latest|most recent|"
    r"oldest|earliest|youngest|[a-z]{3,}est)\b",
    re.IGNORECASE,
)
_WORLDWIDE = re.compile(
    r"\b(?:ever|of all time|in history|in the (?:whole )?(?:world|catalog(?:ue)?|genre)|of its "
    r"(?:time|decade|year|kind)|ever made|of the (?:decade|century|year|genre|\d{2,4}s))\b",
    re.IGNORECASE,
)
_AWARDS = re.compile(
    r"\b(?:oscars?|academy awards?|emmys?|grammys?|golden globes?|baftas?|palme d['’]or|"
    r"award[- ]winning|awards?|nominat(?:ed|ions?)|box[- ]office|blockbusters?|"
    r"best[- ]?sell(?:er|ing)|"
    r"sold (?:over|more)|grossed|record[- ]breaking|(?:game|film|movie|book) of the year|critics|"
    r"critically|prize|won(?!['’]t))\b",
    re.IGNORECASE,
)
_LOVED = re.compile(
    r"\b(?:highly[- ]rated|well[- ]rated|well[- ]received|acclaimed|universally loved|"
    r"top[- ]rated)\b",
    re.IGNORECASE,
)
_KNOWN = re.compile(
    r"\b(?:hugely popular|very popular|popular|famous|world[- ]famous|well[- ]known|"
    r"everyone (?:loves|"
    r"knows|likes)|everybody (?:loves|knows)|a hit|fan[- ]favou?rite|crowd[- ]pleaser|"
    r"widely loved|beloved)\b",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"\b(?:little[- ]known|obscure|hidden gem|overlooked|underrated|unknown|nobody knows)\b",
    re.IGNORECASE,
)
_NEVER = re.compile(
    r"\b(?:nobody|no one|no-one|everyone|everybody|all critics|guaranteed|scientifically|proven|"
    r"banned|illegal|true story|real (?:story|events|life))\b",
    re.IGNORECASE,
)
_COMPARED = re.compile(
    r"\b(longer|shorter|newer|older|later|earlier|better rated|more popular|less popular|"
    r"better[- ]known)\s+than\s+[\"“*]*$",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"\b(?:top pick|best match|best fit|closest match|first choice|top choice|"
    r"top of (?:the|this|your) list|"
    r"number one|my favou?rite)\b",
    re.IGNORECASE,
)
_SERIES = re.compile(
    r"\b(?:part of|belongs? to|entry in|instalment of|chapter of)\s+(?:the\s+)?"
    r"([A-Z0-9][^.,;]{1,50}?)\s+(?:series|franchise|saga|trilogy|universe)\b"
)
_SHARED = re.compile(r"\b(sequel|prequel|remake|spin-?off)\b", re.IGNORECASE)
Test = Callable[[int], bool]


def praise_faults(
    sentence: Sentence, named: Sequence[Named], subjects: Subjects, world: World
) -> Iterator[Fault]:
    """What a sentence says beyond a row: places, fame, prizes, comparisons."""
    text = sentence.text
    for one in named:
        at, end = one.start - sentence.start, one.end - sentence.start
        text = text[:at] + " " * (end - at) + text[end:]
    judge = _Judge(sentence, text, named, subjects, world)
    if re.search(r"\bif you\b|\bwould you\b|\?\s*$", text, re.IGNORECASE):
        return
    yield from judge.superlatives()
    yield from judge.compared()
    yield from judge.series(sentence.text)
    yield from judge.words(_AWARDS, "praise", judge.says)
    yield from judge.words(_NEVER, "praise", judge.says)
    yield from judge.words(_SHARED, "praise", judge.says_or_series)
    yield from judge.words(_LOVED, "praise", judge.is_loved)
    yield from judge.words(_KNOWN, "praise", judge.is_known)
    yield from judge.words(_UNKNOWN, "praise", judge.is_unknown)
    yield from judge.words(_PLACE, "rank", judge.is_first)


class _Judge:
    """Judges one sentence."""

    def __init__(
        self,
        sentence: Sentence,
        text: str,
        named: Sequence[Named],
        subjects: Subjects,
        world: World,
    ) -> None:
        self.sentence, self.text, self.named = sentence, text, named
        self.subjects, self.world = subjects, world

    def words(self, pattern: re.Pattern[str], kind: str, test: Test) -> Iterator[Fault]:
        """Faults for words that do not hold of their subject."""
        for match in pattern.finditer(self.text):
            place = self.sentence.start + match.start()
            if pattern is _UNKNOWN and match.start() and match[0][0].isupper():
                continue  # "Unknown Worlds" is a name
            before = set(self.sentence.before(place, 3))
            if before & {"not", "no", "never", "without", "hardly", "less"}:
                continue
            rows = self.subjects.at(place).rows or self.world.rows
            if rows and all(test(row) for row in rows):
                continue
            yield self._fault(match, kind)

    def _fault(self, match: re.Match[str], kind: str, truth: str = "") -> Fault:
        at = self.sentence.start
        text = match[0].strip()
        return Fault("factual", kind, text, at + match.start(), at + match.end(), text, truth)

    # -- tests -----------------------------------------------------------------------------------

    def says(self, row: int) -> bool:
        """Whether the item's own words say so."""
        words = self.world.words(row)
        found = [*_AWARDS.finditer(self.text), *_NEVER.finditer(self.text)]
        return bool(found) and all(
            f" {fold(match[0])} " in words or _in_asked(match[0], self.world) for match in found
        )

    def says_or_series(self, row: int) -> bool:
        """A sequel belongs to a series, or says that it is one."""
        match = _SHARED.search(self.text)
        group = self.world.schema.one(Role.GROUP)
        said = match is not None and f" {fold(match[1])} " in self.world.words(row)
        return said or (group is not None and bool(self.world.cell(row, group.name)))

    def is_loved(self, row: int) -> bool:
        """Rated at least as well as the middle of the catalog."""
        rating = self.world.rating(row)
        if rating is None:
            return False
        return rating >= float(np.nanmedian(self.world.catalog.mean_rating))

    def _share_above(self, row: int) -> float:
        return float((self.world.catalog.popularity > self.world.taken(row)).mean())

    def is_known(self, row: int) -> bool:
        """Among the third that most people took."""
        return self.world.taken(row) > 0 and self._share_above(row) <= 0.34

    def is_unknown(self, row: int) -> bool:
        """Not among the fifth that most people took."""
        return self._share_above(row) >= 0.2

    def is_first(self, row: int) -> bool:
        """The first of the list."""
        return bool(self.world.rows) and self.world.rows[0] == row

    # -- superlatives ----------------------------------------------------------------------------

    def superlatives(self) -> Iterator[Fault]:
        """`the best rated`, `the longest of these`, `one of the newest`."""
        for match in _BEST.finditer(self.text):
            word = fold(match["word"])
            measure = self._measure(word)
            place = self.sentence.start + match.start()
            subject = self.subjects.at(place)
            if measure is None:
                if word in ("best", "greatest", "finest") and not self._is_ours(subject.one, match):
                    yield self._fault(match, "rank")
                continue
            one = subject.one
            if one is None:
                if not self.world.rows or re.search(r"\bfirst\b", self.text):
                    continue
                yield self._fault(match, "rank")
                continue
            if not self._leads(one, measure, some=bool(match["of"])):
                yield self._fault(match, "rank")

    def _is_ours(self, one: int | None, match: re.Match[str]) -> bool:
        """Whether "the best" holds: first of the list or, of all there are, best rated."""
        if one is None:
            return True
        if _WORLDWIDE.search(self.text[match.end() :]) or match["of"]:
            rating = self.world.catalog.mean_rating
            mine = self.world.rating(one)
            if mine is None:
                return False
            share = float(np.nanmean(rating > mine))
            return share <= (0.1 if match["of"] else 0.0)
        return self.is_first(one)

    def _measure(self, word: str) -> tuple[str, float] | None:
        """What a superlative counts and its sign; None where nothing is counted."""
        if "rated" in word or "review" in word or "scored" in word or word == "most acclaimed":
            return "rating", -1.0 if word.startswith(("worst", "lowest")) else 1.0
        if word.startswith(("most ", "least ", "best known")) and "recent" not in word:
            return "taken", -1.0 if word.startswith("least") else 1.0
        if word in ("newest", "latest", "most recent", "youngest"):
            return "year", 1.0
        if word in ("oldest", "earliest"):
            return "year", -1.0
        for column in self.world.schema.with_role(Role.NUMBER):
            for words, sign in ((column.low, -1.0), (column.high, 1.0)):
                for base in words:
                    stem = fold(base)
                    if word in (stem + "est", stem + "st", stem[:-1] + "iest"):
                        return column.name, sign
        return None

    def _all(self, name: str) -> NDArray[np.floating]:
        """The measure of every item of the catalog; NaN where unknown."""
        catalog = self.world.catalog
        if name == "rating":
            return catalog.mean_rating
        if name == "taken":
            return catalog.popularity.astype(np.float64)
        column = self.world.schema.one(Role.YEAR) if name == "year" else None
        if name == "year" and column is None:
            return np.full(catalog.n_items, np.nan)
        return catalog.numbers(column.name if column else name)

    def _leads(self, row: int, measure: tuple[str, float], *, some: bool) -> bool:
        name, sign = measure
        values = sign * self._all(name)
        mine = float(values[row])
        if np.isnan(mine):
            return False
        if not _WORLDWIDE.search(self.text):
            if row not in self.world.rows:
                return False
            values = values[list(self.world.rows)]
        above = int((values > mine).sum())
        return above == 0 or (some and above <= len(values) // 3)

    # -- series

    def series(self, text: str) -> Iterator[Fault]:
        """`part of the Alien series`: the item's own."""
        column = self.world.schema.one(Role.GROUP)
        for match in _SERIES.finditer(text) if column is not None else ():
            one = self.subjects.at(self.sentence.start + match.start()).one
            if one is None or column is None or re.match(r"no\b|a\b", match[1]):
                continue
            own = self.world.cell(one, column.name)
            told = f" {fold(match[1])} "
            if not any(told in f" {fold(name)} " for name in (*own, self.world.item(one).title)):
                yield self._fault(match, "value", ", ".join(own))

    # -- comparisons -----------------------------------------------------------------------------

    def compared(self) -> Iterator[Fault]:
        """`longer than Heat`."""
        for one in self.named:
            if not one.rows:
                continue
            match = _COMPARED.search(self.text[: one.start - self.sentence.start])
            if match is None:
                continue
            row = self.subjects.at(self.sentence.start + match.start()).one
            if row is None or row == one.rows[0]:
                continue
            mine, other = (self._compare(match[1].lower(), r) for r in (row, one.rows[0]))
            if mine is None or other is None or not mine > other:
                yield self._fault(match, "rank")

    def _compare(self, word: str, row: int) -> float | None:
        world = self.world
        if word in ("newer", "later"):
            return _signed(world.item(row).year, 1.0)
        if word in ("older", "earlier"):
            return _signed(world.item(row).year, -1.0)
        if word == "better rated":
            return world.rating(row)
        if "popular" in word or "known" in word:
            return (-1.0 if word.startswith("less") else 1.0) * world.taken(row)
        numbers = world.numbers(row)
        for column in world.schema.with_role(Role.NUMBER):
            if column.unit and column.name in numbers:
                return (1.0 if word == "longer" else -1.0) * numbers[column.name]
        return None


def _signed(value: float | int | None, sign: float) -> float | None:
    return None if value is None else sign * float(value)


def _in_asked(text: str, world: World) -> bool:
    return fold(text) in world.asked
