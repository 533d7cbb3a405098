"""Years, lengths, ratings, shares and counts, against the row they are said of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from recagent_catalogs.schema import WORD_ROLES, Column, Role
from recagent_catalogs.text import fold

from . import measures as m
from .fault import Fault
from .measures import SMALL
from .sentences import Sentence
from .subjects import Subject, Subjects
from .titles import Named
from .world import World, to_number

_N = r"(\d+(?:[.,]\d+)*|" + "|".join(SMALL) + r"|an?(?=\s+(?:hour|hundred))|ninety|sixty|hundred)"
_DECADE = re.compile(
    r"\b(?:(early|mid|late)[\s-]+)?(?:the\s+)?['’]?((?:1[89]|20)?\d0)['’]?s\b|\b(?:the\s+)?"
    r"(twenties|thirties|forties|fifties|sixties|seventies|eighties|nineties)\b",
    re.IGNORECASE,
)
_RANGE = re.compile(
    r"\b((?:1[89]|20)\d\d)\s*(?:-|–|—|to|and|until)\s*((?:(?:1[89]|20)\d\d)|\d\d)\b"
)
_YEAR = re.compile(
    r"(?<![\d.,#$€£:])\b((?:1[89]|20)\d\d)\b(?![\d%]|[.,]\d|\s*(?:min|people|users))"
)
_LIMIT = re.compile(
    r"\b(under|below|less than|shorter than|at most|up to|fewer than|no more than|within|before|"
    r"over|above|more than|longer than|at least|upwards of|after|since|"
    r"about|around|roughly|nearly|almost|some|approximately|circa|just under|just over)\s+"
    r"(?:the\s+|year\s+)?$",
    re.IGNORECASE,
)
_NOTHING = re.compile(r"\s*(?:nothing|none|no\s)", re.IGNORECASE)
"""A sentence on what there is not names years of no item."""
_RATED = re.compile(
    rf"\b(?:rated|rating|rates?|score[sd]?|scoring|average[sd]?|mean)\b[^.;\d]{{0,24}}?\b{_N}\b(?!\s*%)",
    re.IGNORECASE,
)
_OUT_OF = re.compile(
    rf"\b{_N}\s*(?:/|\bout of\b)\s*{_N}\b(?!/)|\b(?!one\s+stars){_N}[\s-]+stars?\b",
    re.IGNORECASE,
)
_SHARE = re.compile(rf"\b{_N}\s*(?:%|per\s?cent\b|percent\b)", re.IGNORECASE)
_OF = re.compile(r"\b(\d[\d,]*)\s+(?:out\s+)?of\s+(?:the\s+)?(\d[\d,]*)\b", re.IGNORECASE)
_OF_THEM = re.compile(
    r"\bof (\d[\d,]*) (?:people|users) who [^.;\d]*?,\s*(\d[\d,]*) \w+ (?:this|it)\b", re.IGNORECASE
)
_PLACE = re.compile(
    r"(?:#\s?|\bnumber\s|\bno\.\s?|\bnr\.?\s|\brank(?:ed|s)?\s(?:at\s)?#?)(\d{1,4}|one|"
    r"two|three)\b",
    re.IGNORECASE,
)
_PEOPLE = re.compile(
    r"\b(\d[\d,]*)\s+(?:(?:other|different)\s+)?(?:people|users|viewers|players|readers|customers|"
    r"ratings|votes|reviews|fans|persons|likes|plays)\b",
    re.IGNORECASE,
)
_BARE = re.compile(r"(?<![\w.,])\$?€?£?(\d+(?:[.,]\d+)*)\b")
_LISTED = re.compile(r"(?:\s*\d{1,2}[.)])?\s*(\d{1,2})[.)]\s*")
_HOURS = re.compile(
    r"\b(\d{1,2})\s*h(?:ours?|rs?)?\s*(?:and\s+)?(\d{1,2})\s*(?:m|min|minutes)?\b", re.I
)

Make = Callable[..., Fault]


def number_faults(
    sentence: Sentence, named: Sequence[Named], subjects: Subjects, world: World
) -> Iterator[Fault]:
    """What is wrong with the numbers of a sentence; each number is looked at once."""
    reader = _Reader(sentence, named, subjects, world)
    yield from reader.dated()
    for step in (
        reader.places,
        reader.decades,
        reader.ranges,
        reader.shares,
        reader.pairs,
        reader.out_of,
        reader.people,
        reader.hours,
        reader.measures,
        reader.rated,
        reader.years,
        reader.counts,
        reader.others,
    ):
        yield from step()


class _Reader:
    """Reads one sentence; what was read is blanked, so that nothing is read twice."""

    def __init__(
        self, sentence: Sentence, named: Sequence[Named], subjects: Subjects, world: World
    ) -> None:
        self.sentence, self.named, self.subjects, self.world = sentence, named, subjects, world
        self.text = sentence.text
        for one in named:
            self._blank(one.start - sentence.start, one.end - sentence.start)
            if one.year is not None:
                at = one.year_at - sentence.start
                self._blank(at, at + 4)
        # "1. Alien 2. Heat": the number of the next entry ends this one.
        if (listed := _LISTED.fullmatch(self.text)) and 0 < int(listed[1]) <= len(world.rows):
            self._blank(*listed.span(1))
        for value in self._values_with_digits():
            for match in re.finditer(rf"(?<!\w){re.escape(value)}(?!\w)", self.text):
                self._blank(*match.span())
        head = re.match(r"^\s*\d{1,2}[.):](?=\s)", self.text)
        if head:
            self._blank(0, head.end())

    def _values_with_digits(self) -> set[str]:
        """Values of the items whose digits count nothing: "Bay 12 Games", "PlayStation 4"."""
        rows = {*self.world.rows, *self._compared()}
        if self.world.about is not None:
            rows.add(self.world.about)
        values = (value for row in rows for value in self.world.values(row, *WORD_ROLES))
        return {value for value in values if re.search(r"\d", value) and not value.isdigit()}

    def _blank(self, start: int, end: int) -> None:
        self.text = self.text[:start] + " " * (end - start) + self.text[end:]

    def _found(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        for match in list(pattern.finditer(self.text)):
            if self.text[match.start() : match.end()] == match[0]:
                yield match

    def _fault(
        self, kind: str, start: int, end: int, truth: str = "", mend: str = "", told: str = ""
    ) -> Fault:
        text = self.sentence.text[start:end]
        at = self.sentence.start
        return Fault("factual", kind, text, at + start, at + end, told or text, truth, mend)

    def _subject(self, place: int) -> Subject:
        return self.subjects.at(self.sentence.start + place)

    def _holds(self, subject: Subject, test: Callable[[int], bool]) -> bool:
        """Whether it is so of the subject; where nobody knows of which, of some item shown."""
        if subject.rows:
            return all(test(row) for row in subject.rows)
        return any(test(row) for row in (*self.world.rows, *self._compared()))

    def _compared(self) -> list[int]:
        return [row for one in self.named for row in one.rows]

    def _nothing_shown(self, subject: Subject) -> bool:
        return not subject.rows and not self.world.rows and not self._compared()

    def _near_or_range(self, start: int) -> str:
        match = _LIMIT.search(self.text[:start])
        return match[1].lower() if match else ""

    # -- years -----------------------------------------------------------------------------------

    def dated(self) -> Iterator[Fault]:
        """`Alien (1997)`: the year of the title it stands behind."""
        for one in self.named:
            if one.year is None or not one.rows:
                continue
            years = {self.world.item(row).year for row in one.rows}
            if one.year not in years:
                at = one.year_at - self.sentence.start
                right = str(next(iter(years))) if len(years) == 1 and None not in years else ""
                told = f"{one.text} ({one.year})"
                yield self._fault("year", at, at + 4, right, right, told)

    def decades(self) -> Iterator[Fault]:
        """`from the 1990s`, `an eighties film`."""
        for match in self._found(_DECADE):
            first = m.decade(match)
            subject = self._subject(match.start())
            self._blank(*match.span())
            if first is None or self._nothing_shown(subject):
                continue
            spans = {"early": (0, 3), "mid": (4, 6), "late": (7, 9)}
            low, high = spans.get((match[1] or "").lower(), (0, 9))
            if not self._years_hold(
                subject, first + low, first + high
            ) and not self._asked_for_years(subject, first, first + 9):
                yield self._fault("year", *match.span(), self._year_of(subject))

    def ranges(self) -> Iterator[Fault]:
        """`from 1990 to 1999`."""
        for match in self._found(_RANGE):
            low, high = int(match[1]), int(match[2])
            high = high if high > 99 else low // 100 * 100 + high
            subject = self._subject(match.start())
            self._blank(*match.span())
            if self._nothing_shown(subject):
                continue
            if not self._years_hold(subject, low, high):
                yield self._fault("year", *match.span(), self._year_of(subject))

    def years(self) -> Iterator[Fault]:
        """`made in 1979`, `before 1990`."""
        if _NOTHING.match(self.text):
            return
        for match in self._found(_YEAR):
            year, limit = int(match[1]), self._near_or_range(match.start())
            subject = self._subject(match.start())
            self._blank(*match.span())
            if self._nothing_shown(subject):
                continue
            low, high = year, year
            if limit in ("before", "under", "below"):
                low, high = 0, year - 1
            elif limit in ("up to", "at most"):
                low = 0
            elif limit in ("after", "over", "above", "since", "at least"):
                low, high = year + (limit == "after"), 9999
            elif limit in ("about", "around", "circa", "roughly"):
                low, high = year - 2, year + 2
            if subject.one is None and str(year) in self.world.asked:
                continue
            if not self._years_hold(subject, low, high):
                right = self._year_of(subject)
                mend = right if low == high == year and right.isdigit() else ""
                yield self._fault("year", *match.span(), right, mend)

    def _years_hold(self, subject: Subject, low: int, high: int) -> bool:
        return self._holds(subject, lambda row: self._year_within(row, low, high))

    def _year_within(self, row: int, low: int, high: int) -> bool:
        year = self.world.item(row).year
        if year is not None and low <= year <= high:
            return True
        words = self.world.words(row).split()
        own = [w for w in words if w.isdigit() and len(w) == 4 and int(w) != year]
        return any(low <= int(word) <= high for word in own)

    def _asked_for_years(self, subject: Subject, low: int, high: int) -> bool:
        """A decade tagged ("1980s" as a theme) is said of the item by its words."""
        return bool(subject.rows) and all(
            f" {low}s " in self.world.words(row) for row in subject.rows
        )

    def _year_of(self, subject: Subject) -> str:
        if subject.one is None:
            return ""
        year = self.world.item(subject.one).year
        return "" if year is None else str(year)

    # -- ratings and shares ----------------------------------------------------------------------

    def rated(self) -> Iterator[Fault]:
        """`rated 4.2`."""
        for match in self._found(_RATED):
            start, end = match.span(1)
            value = m.value(match[1])
            yield from self._rating(start, end, match[1], value, match.start())

    def out_of(self) -> Iterator[Fault]:
        """`4.2/5`, `8 out of 10`, `5 stars`."""
        for match in self._found(_OUT_OF):
            group = 1 if match[1] else 3
            start = match.start(group)
            scale = m.value(match[2]) if match[2] else 0.0
            value = m.value(match[group])
            subject = self._subject(start)
            top = self._top_of_scale()
            if scale and scale not in (top,) and scale > 10 and "/" not in match[0]:
                continue  # "97 of 212" is a count
            if scale and scale != top:
                self._blank(*match.span())
                if not self._nothing_shown(subject):
                    yield self._fault("number", *match.span(), self._rating_of(subject))
                continue
            yield from self._rating(start, match.end(), match[group], value, start)

    def _rating(self, start: int, end: int, text: str, value: float, place: int) -> Iterator[Fault]:
        subject = self._subject(place)
        span = (start, end)
        self._blank(*span)
        digits = len(text.partition(".")[2]) if "." in text else 0
        room = 0.5 * 10**-digits + 1e-6

        def test(row: int) -> bool:
            rating = self.world.rating(row)
            return rating is not None and abs(rating - value) <= room

        if self._nothing_shown(subject) or self._holds(subject, test):
            return
        right = self._rating_of(subject)
        mend = right if self.sentence.text[start:end] == text else ""
        yield self._fault("number", *span, right, mend)

    def _rating_of(self, subject: Subject) -> str:
        rating = None if subject.one is None else self.world.rating(subject.one)
        return "" if rating is None or self.world.catalog.verdicts else f"{rating:.1f}"

    def _top_of_scale(self) -> float:
        taken = self.world.catalog.interactions
        if taken is None or taken.value is None or not taken.explicit:
            return 0.0
        return float(taken.value[:100_000].max())

    def shares(self) -> Iterator[Fault]:
        """`99 %`: only where the data say so."""
        for match in self._found(_SHARE):
            value = m.value(match[1])
            subject = self._subject(match.start())
            self._blank(*match.span())

            def test(row: int, value: float = value) -> bool:
                rating = self.world.rating(row)
                verdict = self.world.catalog.verdicts and rating is not None
                shares = [100 * both / of for _, both, of in self.world.together(row) if of]
                shares += [100 * rating] if verdict and rating is not None else []
                return any(abs(share - value) <= 0.6 for share in shares)

            if not self._holds(subject, test):
                yield self._fault("number", *match.span())

    def pairs(self) -> Iterator[Fault]:
        """`97 of 212 who liked it liked this`: what the data count; or the other way round."""
        for match in [*self._found(_OF_THEM), *self._found(_OF)]:
            turned = match.re is _OF_THEM
            both, of = to_number(match[1 + turned]), to_number(match[2 - turned])
            subject = self._subject(match.start())
            self._blank(*match.span())
            counts = {both, of} <= self.world.counts

            def test(row: int, both: float = both, of: float = of) -> bool:
                return any((both, of) == (b, o) for _, b, o in self.world.together(row))

            this = self.world.about if turned else None
            if not counts and not (self._holds(subject, test) if this is None else test(this)):
                yield self._fault("number", *match.span())

    def people(self) -> Iterator[Fault]:
        """`seen by 146 people`."""
        for match in self._found(_PEOPLE):
            value = to_number(match[1])
            subject = self._subject(match.start())
            self._blank(*match.span())

            def test(row: int, value: float = value) -> bool:
                pairs = self.world.together(row)
                return value == self.world.taken(row) or any(value in p[1:] for p in pairs)

            if not self._holds(subject, test):
                one = subject.one
                right = "" if one is None else f"{self.world.taken(one):,}"
                yield self._fault("number", *match.span(), right)

    # -- lengths and other columns with a unit ---------------------------------------------------

    def hours(self) -> Iterator[Fault]:
        """`1 h 57 min`."""
        for match in self._found(_HOURS):
            value = 60.0 * int(match[1]) + int(match[2])
            yield from self._measure(match, value, ("min", "minutes"), 0.5)

    def measures(self) -> Iterator[Fault]:
        """`117 minutes`, `a two-hour film`, `under 90 min`; any unit of the catalog."""
        for names in m.units(self.world):
            units = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
            pattern = re.compile(rf"\b{_N}[\s-]*(?:{units})\b", re.IGNORECASE)
            for match in self._found(pattern):
                value = m.value(match[1])
                half = re.match(r"\s*(?:and a half|½)", self.text[match.end() :])
                value += 0.5 if half else 0.0
                yield from self._measure(match, value, names, 0.5)

    def _measure(
        self, match: re.Match[str], value: float, names: Sequence[str], room: float
    ) -> Iterator[Fault]:
        subject = self._subject(match.start())
        limit = self._near_or_range(match.start())
        start, end = match.span()
        self._blank(start, end)
        if self._nothing_shown(subject):
            return
        held = list(self._in_unit(names))
        if self._holds(
            subject,
            lambda row: any(
                m.fits(value, self.world.numbers(row)[c.name] / scale, limit, room, scale)
                for c, scale in held
                if c.name in self.world.numbers(row)
            ),
        ):
            return
        right, mend = "", ""
        if subject.one is not None and len(held) == 1:
            column, scale = held[0]
            known = self.world.numbers(subject.one).get(column.name)
            if known is not None:
                right = f"{known:g} {column.unit}"
                plain = scale == 1 and match.re is not _HOURS and not limit
                mend = match[0].replace(match[1], f"{known:g}", 1) if plain else ""
        yield self._fault("number", start, end, right, mend)

    def _in_unit(self, names: Sequence[str]) -> Iterator[tuple[Column, float]]:
        """The number columns in this unit, and how many of theirs make one of it."""
        wanted = {fold(name) for name in names}
        for column in self.world.schema.with_role(Role.NUMBER):
            mine = {fold(name) for name in m.names_of(column.unit, column)}
            if mine & wanted:
                yield column, 1.0
            elif "min" in mine and "hours" in wanted:
                yield column, 60.0
            elif "hours" in mine and "min" in wanted:
                yield column, 1 / 60

    # -- counts and the rest ---------------------------------------------------------------------

    def places(self) -> Iterator[Fault]:
        """`#1`, `ranked 3`."""
        rows = self.world.rows
        for match in self._found(_PLACE):
            number = int(m.value(match[1]))
            subject = self._subject(match.start())
            self._blank(*match.span())
            one = subject.one
            if one is None:
                if not 1 <= number <= max(len(rows), len(self.world.context.shown)):
                    yield self._fault("rank", *match.span())
            elif one in rows and rows.index(one) + 1 != number:
                yield self._fault("rank", *match.span(), f"place {rows.index(one) + 1}")
            elif one not in rows and (one not in self.world.context.shown):
                yield self._fault("rank", *match.span())

    def counts(self) -> Iterator[Fault]:
        """`five films`: how many are shown, or were counted."""
        nouns = "|".join(sorted(map(re.escape, m.nouns(self.world)), key=len, reverse=True))
        word = r"(?:[^\W\d_][\w'’-]*\s+){0,3}?"
        pattern = re.compile(rf"(?<![\w-]){_N}\s+{word}(?:{nouns})\b", re.IGNORECASE)
        for match in self._found(pattern):
            if re.search(r"\bof\b|\bthe\b", match[0][len(match[1]) :], re.IGNORECASE):
                continue
            value = m.value(match[1])
            start, end = match.span(1)
            self._blank(start, end)
            if value == 1 or value in self.world.counts:
                continue
            own = [one for one in self.named if one.rows]
            if value == len(own) or (value < len(self.world.rows) and not match[1].isdigit()):
                continue
            yield self._fault("count", start, match.end(), f"{len(self.world.rows)}")

    def others(self) -> Iterator[Fault]:
        """Any number that is left must stand in the row."""
        for match in self._found(_BARE):
            value = to_number(match[1])
            subject = self._subject(match.start())
            before = self.text[max(0, match.start() - 2) : match.start()]
            if before.endswith("$") or match[0][0] in "$€£":
                pass
            elif value in self.world.counts and not subject.rows:
                continue
            if self._holds(subject, partial(self._speaks_of, value)):
                continue
            if not subject.rows and value in self._value_counts():
                continue
            if value in self._compared_figures():
                continue
            yield self._fault("number", *match.span())

    def _speaks_of(self, value: float, row: int) -> bool:
        """Whether the row, or what people did with the item, has that number."""
        if value in self.world.figures(row) or value == self.world.taken(row):
            return True
        return any(value in pair[1:] for pair in self.world.together(row))

    def _value_counts(self) -> set[float]:
        """How many items have the values that the sentence names, and how many values there are."""
        found: set[float] = set()
        words = [word.folded for word in self.sentence.words]
        for column in self.world.schema.columns:
            if column.role not in WORD_ROLES:
                continue
            known = self.world.catalog.words(column.name)
            found.add(float(len(known.counts)))
            for length in (1, 2, 3):
                for first in range(len(words) - length + 1):
                    code = known.code_of(" ".join(words[first : first + length]))
                    if code is not None:
                        found.add(float(known.counts[code]))
        return found

    def _compared_figures(self) -> set[float]:
        references = [row for one in self.named if one.reference for row in one.rows]
        return {figure for row in references for figure in self.world.figures(row)}
