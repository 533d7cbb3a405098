"""Counts over the shown list: `none of these is …`, `two of them are by …`, `only Heat is …`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from recagent_catalogs.schema import Role
from recagent_catalogs.text import fold

from . import measures as m
from .fault import Fault
from .licence import own_words, plain_words, stem, stems, values_of
from .people import _cued as cued
from .sentences import Sentence, Word
from .titles import Named
from .world import World

_NUMBERS = r"\d+|" + "|".join(m.SMALL)
_TAKES_PEOPLE = re.compile(
    rf"\b(?:most|half|many|few|some|all|{_NUMBERS})\s+(?:of\s+|in\s+)?(?:(?:the|all)\s+)?(?:those|"
    r"people|viewers|fans|users|players|readers|critics|audiences|watchers)\b",
    re.IGNORECASE,
)
_ONLY = re.compile(r"\bonly\s+(?P<rest>[^,;.]+)", re.IGNORECASE)
_FIGURE = re.compile(
    rf"\b(?P<limit>longer than|more than|over|at least|shorter than|less than|under|below|"
    rf"at most|up to|about|around|exactly)?\s*(?P<n>{_NUMBERS}|an?)[\s-]+"
    r"(?P<unit>minutes?|mins?|hours?|hrs?)(?:\s+long)?\b",
    re.IGNORECASE,
)
_BY_YEAR = re.compile(
    r"\b(?P<way>before|after|since|from|in|until|of)?\s*(?:the\s+)?(?P<year>(?:1[89]|20)\d\d)"
    r"(?P<s>s)?(?:\s+or\s+(?P<or>earlier|later|before|after))?(?!\d)",
    re.IGNORECASE,
)
_LINKS = frozenset(
    "is are was were be has have had runs run by star stars starring with from".split()
)

Holds = Callable[[int], bool]


class Counting:
    """The quantifiers of one sentence; `proven` are places that are counted and so."""

    def __init__(self, sentence: Sentence, named: Sequence[Named], world: World) -> None:
        self.sentence, self.world = sentence, world
        self.named = [one for one in named if one.rows]
        self.rows = world.rows
        text = sentence.text
        for one in named:
            at, end = one.start - sentence.start, one.end - sentence.start
            text = text[:at] + "\x01" * (end - at) + text[end:]
        self.text = text
        self.proven: list[tuple[int, int]] = []

    def faults(self) -> Iterator[Fault]:
        """What is counted wrongly, or cannot be counted."""
        for match in _TAKES_PEOPLE.finditer(self.text):
            if not match[0][0].isdigit():
                yield self._fault(match.start(), match.end(), "number")
        yield from self._only()
        for match in self._quantifiers():
            rows = self.rows or tuple(int(row) for row in self.world.context.shown)
            total = len(rows)
            wanted = self._wanted(match, total)
            if wanted is None:
                continue
            end = self._end(match.end())
            holds = self._predicate(match.end(), end)
            count = None if holds is None else sum(map(holds, rows))
            if count is None or not wanted(count):
                told = "" if count is None else f"{count} of {total}"
                yield self._fault(match.start(), end, "count", told)
                return
            at = self.sentence.start
            self.proven.append((at + match.start(), at + end))

    def _fault(self, start: int, end: int, kind: str, truth: str = "") -> Fault:
        at = self.sentence.start
        told = self.sentence.text[start:end].strip()
        return Fault("factual", kind, told, at + start, at + start + len(told), told, truth)

    def _quantifiers(self) -> Iterator[re.Match[str]]:
        nouns = "|".join(re.escape(n) for n in (*m.nouns(self.world), self.world.schema.item))
        words = rf"(?:{_NUMBERS}|{nouns})"
        here = r"(?:here|of these|in this list|on the list)"
        says = r"(?=\s+(?:is|are|was|were|has|have|runs?|stars?|came|comes?)\b)"
        pattern = (
            rf"\b(?P<all>all|each|every|both|none|neither|half|most|few|some|several|many|no|"
            rf"{_NUMBERS})\s+(?:but\s+(?P<but>{_NUMBERS})\s+)?"
            rf"(?:of\s+(?:the\s+)?(?:these|those|them|{words})(?:\s+{words})?"
            rf"|(?:(?P<five>{_NUMBERS})|(?:{nouns}))(?:\s+{here})?{says}|one\b)"
            rf"|\b(?P<none>nothing|none)\s+{here}|\b(?P<these>they)\s+all\b"
        )
        return re.finditer(pattern, self.text, re.IGNORECASE)

    def _wanted(self, match: re.Match[str], total: int) -> Callable[[int], bool] | None:
        """Which counts agree with the quantifier."""
        word = fold(match["all"] or match["none"] or match["these"] or "")
        if match["five"] and m.value(match["five"]) != total:
            return lambda count: False
        if word in ("none", "neither", "nothing", "no"):
            return lambda count: count == 0
        if word in ("all", "each", "every", "both", "they"):
            missing = int(m.value(match["but"])) if match["but"] else 0
            return lambda count: count == total - missing and (word != "both" or total == 2)
        if word in m.SMALL or word.isdigit():
            number = int(m.value(word))
            return lambda count: count == number
        simple: dict[str, Callable[[int], bool]] = {
            "half": lambda count: 2 * count == total,
            "most": lambda count: 2 * count > total,
            "many": lambda count: 2 * count > total,
            "few": lambda count: 0 < 2 * count <= total,
            "some": lambda count: count > 0,
            "several": lambda count: count > 2,
        }
        return simple.get(word)

    def _end(self, start: int) -> int:
        match = re.search(
            r"[;:!?]|\.(?!\d)|,|\s[–—-]\s|\b(?:but|while|so|because|and all)\b", self.text[start:]
        )
        return start + match.start() if match else len(self.text)

    def _only(self) -> Iterator[Fault]:
        for match in _ONLY.finditer(self.text):
            if re.search(r"\b(?:if|when|whether) you\b", self.text, re.IGNORECASE):
                self._prove(match.start(), match.start() + 4)
                continue
            title = next(
                (o for o in self.named if o.start - self.sentence.start == match.start("rest")),
                None,
            )
            holds = None
            if title is not None and self.rows:
                start = title.end - self.sentence.start
                holds = self._predicate(start, match.end())
            if holds is None or title is None:
                yield self._fault(match.start(), match.end(), "relation")
            elif [row for row in self.rows if holds(row)] != [title.rows[0]]:
                yield self._fault(match.start(), match.end(), "count")
            else:
                self._prove(match.start(), match.end())

    def _prove(self, start: int, end: int) -> None:
        self.proven.append((self.sentence.start + start, self.sentence.start + end))

    # -- predicates ------------------------------------------------------------------------------

    def _predicate(self, start: int, end: int) -> Holds | None:
        """A test of a row for what a stretch says; None where it cannot be tested."""
        text = self.text[start:end]
        if "\x01" in text or re.search(
            r"\b(?:not|no|never|without|than each|or)\b(?!\s+(?:earlier|later|before|after))", text
        ):
            return None
        tests: list[Holds] = []
        for pattern, make in ((_FIGURE, self._figure), (_BY_YEAR, self._year)):
            for match in pattern.finditer(text):
                tests.append(make(match))
            text = pattern.sub(lambda found: " " * len(found[0]), text)
        words = [w for w in self.sentence.words if self._within(w, start, end, text)]
        done: set[int] = set()
        for length in (4, 3, 2, 1):
            for first in range(len(words) - length + 1):
                part = words[first : first + length]
                if done & {w.start for w in part}:
                    continue
                test = self._phrase(part)
                if test is not None:
                    tests.append(test)
                    done |= {w.start for w in part}
        plain = plain_words()
        for word in words:
            if word.start in done or stem(word.folded) in plain.free or word.folded in _LINKS:
                continue
            if stem(word.folded) in own_words(self.world) and not word.capital:
                continue
            if stem(word.folded) in plain.guarded:
                return None
            tests.append(self._word(word))
        return lambda row: all(test(row) for test in tests)

    def _within(self, word: Word, start: int, end: int, text: str) -> bool:
        at = word.start - self.sentence.start
        return start <= at < end and text[at - start] != " "

    def _phrase(self, part: Sequence[Word]) -> Holds | None:
        told = " ".join(word.folded for word in part)
        plain = plain_words()
        if len(part) == 1 and stem(told) in plain.free | own_words(self.world):
            return None
        meant = values_of(told, self.world)
        people = [(c, v) for c, v, role in meant if role is Role.PEOPLE]
        if people:
            _, columns = cued(part, self.sentence, self.world)
            names = {c.name for c in columns} or {c for c, _ in people}
            value = people[0][1]
            return lambda row: any(value in self.world.cell(row, name) for name in names)
        if not meant:
            return None
        kinds = [(c, v) for c, v, role in meant if role is Role.CATEGORIES] or [
            (c, v) for c, v, _ in meant
        ]
        return lambda row: any(v in self.world.cell(row, c) for c, v in kinds)

    def _word(self, word: Word) -> Holds:
        root = stem(word.folded)
        return lambda row: bool({word.folded, root} & stems(row, self.world))

    def _figure(self, match: re.Match[str]) -> Holds:
        value = m.value(match["n"]) * (60 if match["unit"].lower().startswith("h") else 1)
        limit = (match["limit"] or "").lower()

        def test(row: int) -> bool:
            numbers = self.world.numbers(row)
            for column in self.world.schema.with_role(Role.NUMBER):
                unit = fold(column.unit)
                if column.name in numbers and unit[:1] in ("m", "h"):
                    known = numbers[column.name] * (60 if unit.startswith("h") else 1)
                    return m.fits(value, known, limit, 0.5, 1)
            return False

        return test

    def _year(self, match: re.Match[str]) -> Holds:
        first = int(match["year"])
        low, high = first, first + (9 if match["s"] else 0)
        way, more = (match["way"] or "").lower(), (match["or"] or "").lower()
        if way == "before":
            low, high = 0, first - 1
        elif way in ("after", "since"):
            low, high = (high + 1 if way == "after" else low), 9999
        elif more in ("earlier", "before") or way == "until":
            low = 0
        elif more:
            high = 9999

        def test(row: int) -> bool:
            year = self.world.item(row).year
            return year is not None and low <= year <= high

        return test
