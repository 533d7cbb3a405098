"""Relations between items: same, shared, also by, before and after, places: proven or a fault."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from recagent_catalogs.schema import Column, Role
from recagent_catalogs.text import fold

from ..builtin.words.lexicon import lexicon
from . import measures as m
from .fault import Fault
from .licence import stem, stems, values_of
from .sentences import Sentence
from .subjects import Subjects
from .titles import Named
from .world import World

_T = "\x01"
"""Stands for each letter of a title, so that places stay as they are."""
_N = r"(?P<n>\d+|an?|" + "|".join(m.SMALL) + r")"
_SAME = re.compile(r"\b(?:the|its|their)?\s*same\s+(\w+)(?:\s+(\w+))?", re.IGNORECASE)
_SHARES = re.compile(
    r"\b(?:shar(?:e|es|ed|ing)|ha(?:s|ve))\s+(?:(?:a|an|the|its|their|both|that|one)\s+)?"
    r"(?P<what>[^,;.\x01]{2,60}?)(?:\s+(?:with|in common)\b|,|[.!;]|$)",
    re.IGNORECASE,
)
_ABOUT_MOOD = frozenset(
    "mood spirit feel feeling vibe tone vein energy way taste thing reason kind appeal direction "
    "time evening night breath line".split()
)
_ALSO = re.compile(
    r"\balso\s+(?:by|from|\w+ed(?:\s+by)?|made|wrote|written|stars?|starring|features?|featuring|"
    r"appears?|plays?|behind|helmed|has|have|with)\b|"
    r"\b(?:again|once more)\s+(?:by|with|\w+ed by)\b|"
    r"\b(?:reunit\w+|returns?)\b",
    re.IGNORECASE,
)
_WHO = re.compile(r"\b(?:who|whom|whose|he|she)\b[^\x01;.]*" + _T, re.IGNORECASE)
_TIME = re.compile(
    rf"(?:\b{_N}\s+(?:years?|decades?)\s+)?(?:(?<=\s)|^)(?P<way>after|before|earlier than|"
    rf"later than|older than|younger than|newer than|ahead of|prior to|following)\s+"
    rf"[\"“*]*(?P<t>{_T})",
    re.IGNORECASE,
)
_YEARS = re.compile(
    rf"\b{_N}\s+(?:years?|decades?)\s+(?:old|ago|later|earlier|apart|after|before|younger|older|"
    r"newer|since)\b|\b(?:last|this|next|past|recent)\s+(?:year|month|decade|week|century)s?\b|"
    r"\b(?:turned|turns|aged)\s+\d",
    re.IGNORECASE,
)
_IMPERATIVE = re.compile(r"^\W*(?:start|begin|watch|play|read|see|try|save|keep|go)\b", re.I)
_NOT_OF_IT = re.compile(
    r"\d\s*$|\b(?:minutes?|hours?|how|as|so|not|something|anything|years?)\s+$", re.IGNORECASE
)
_ALIKE = re.compile(
    r"\b(?:like[sd]?|love[sd]?|enjoy(?:ed|s)?|similar|akin|close[rst]*|near\w*|remind\w*|resembl\w*|"
    r"recall\w*|echo\w*|spirit|vein|mood|tone|feel|fans?|than|unlike|seen|saw|watched|played|read|"
    r"asked|named|mentioned|chose|picked|after|before|likeness|goes with|next to|beside)\b",
    re.IGNORECASE,
)
_APART = re.compile(r"[;:.–—]|,\s+(?:and|but|while|then|or)?|\b(?:but|while|then|so)\b")
_JOINED = re.compile(r"[\s\"”“*(\d)]*(?:,|and|or|&|nor|and the \w+est)?[\s\"“*]*")
_OF_OTHERS = re.compile(
    r"\s+(?:time|enough|scene|look|shot|take|story|lines?|night|way|words|list)\b", re.IGNORECASE
)
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth".split()
_ORDINAL = re.compile(
    r"\b(?:(?P<word>" + "|".join(_ORDINALS) + r"|last)|(?P<digits>\d{1,2})(?:st|nd|rd|th))\b",
    re.IGNORECASE,
)
_TOPS = re.compile(
    r"\b(?:tops?|heads?|leads)\s+(?:the|this|your|my)\s+(?:\w+\s+)?(?:list|picks|ranking)\b|"
    r"\bat the (?:top|head)\b|\bnumber one\b|\bbest (?:match|fit)\b|"
    r"\b(?:fits?|suits?|matche?s?) (?:\w+ ){0,3}best\b|"
    r"\btop (?:pick|choice|spot|of)\b|\bnr\.? ?1\b",
    re.IGNORECASE,
)
_SIGNS = re.compile(r"[★☆⭐✩✪]|\*{3,}|[$€£¥]|\b[MDCLXVI]{4,}\b")
_BARE_MOST = re.compile(
    r"(?<!\bthe)(?<!\bits)(?<!\bmy)(?<!\bour)\s(?:longest|shortest|newest|oldest|latest|earliest|"
    r"youngest|lowest|highest|briefest)\b",
    re.IGNORECASE,
)
_THAN = re.compile(
    r"\b(?:longer|shorter|newer|older|younger|later|earlier|higher|lower|fewer|bigger|larger|"
    r"cheaper|better[- ]known|better rated|(?:more|less) (?:popular|famous|recent|known|watched|"
    r"played|expensive))\b(?!\s+than\s+[\"“*]*(?:\x01|about|around|\d|"
    + "|".join((*m.SMALL, "an hour", "a hundred")) + r"))",
    re.IGNORECASE,
)  # fmt: skip
_WISHES = re.compile(
    r"\b(?:something|anything|a|an|one|if|prefer|want|like|rather|lean\w*)\s+(?:\w+\s+){0,5}?$",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\b(?:if you|would you|do you|shall i|should i|tell me|for something)\b|\?\s*$", re.IGNORECASE
)
_PERSON = r"(?<!\w)((?:[A-ZÀ-Þ][\w'’.-]+\s+(?:(?:and|&)\s+)?){1,6})"
_ROLE = re.compile(_PERSON + r"(?:\w+ly\s+)?([a-z]+)\s+(?P<into>in\s+)?[\"“*]*\x01")
_PART = re.compile(
    _PERSON + r"(?:is|was|plays|played|portrays|portrayed|as)\s+(?:the|an?|his|her)\s+(\w+)"
)
"""A part in a story, which no column holds."""
_KIDS = re.compile(r"\b(?:kids?|child(?:ren)?|famil(?:y|ies)|all ages|toddlers?|everyone)\b", re.I)


class Relations:
    """The relations of one sentence; `proven` are places that need no other licence."""

    def __init__(
        self, sentence: Sentence, named: Sequence[Named], subjects: Subjects, world: World
    ) -> None:
        self.sentence, self.subjects, self.world = sentence, subjects, world
        self.named = [one for one in named if one.rows]
        text = sentence.text
        for one in named:
            at, end = one.start - sentence.start, one.end - sentence.start
            text = text[:at] + _T * (end - at) + text[end:]
        self.text = text
        self.proven: list[tuple[int, int]] = []

    def faults(self) -> Iterator[Fault]:
        """Relations that are not so, or that nothing proves."""
        for step in (
            self._signs,
            self._same,
            self._shared,
            self._behind,
            self._also,
            self._time,
            self._places,
            self._compared,
            self._roles,
            self._parts,
            self._lengths,
            self._nobody,
            self._between,
            self._ages,
        ):
            yield from step()

    # -- help ------------------------------------------------------------------------------------

    def _fault(self, match: re.Match[str], kind: str = "relation", truth: str = "") -> Fault:
        at = self.sentence.start
        start, end = match.span()
        told = self.sentence.text[start:end].strip()
        return Fault("factual", kind, told, at + start, at + start + len(told), told, truth)

    def _prove(self, match: re.Match[str]) -> None:
        at = self.sentence.start
        self.proven.append((at + match.start(), at + match.end()))

    def _settle(self, match: re.Match[str], holds: bool) -> Iterator[Fault]:
        if holds:
            self._prove(match)
        else:
            yield self._fault(match)

    def _rows(self, place: int) -> list[int]:
        """All items that a relation at that place is between."""
        mine = self.subjects.at(self.sentence.start + place).rows
        own = () if self.world.about is None else (self.world.about,)
        return list(dict.fromkeys((*own, *mine, *(one.rows[0] for one in self.named))))

    def _title(self, place: int) -> int | None:
        at = self.sentence.start + place
        return next((one.rows[0] for one in self.named if one.start <= at < one.end), None)

    def _columns(self, noun: str) -> list[Column]:
        """The columns that a noun names, in either number."""
        root = stem(noun)
        found = []
        for column in self.world.schema.columns:
            for text in (column.name, column.label, *column.aliases):
                words = fold(text).split() if text else []
                if words and root == stem(words[-1]):
                    found.append(column)
                    break
        return found

    def _in_common(self, noun: str, rows: Sequence[int], *, whole: bool = False) -> bool | None:
        """Whether items agree in what a noun names (`whole`: in all); None where in no column."""
        if noun in ("year", "decade"):
            years = {self.world.item(row).year for row in rows}
            if noun == "decade":
                years = {None if year is None else year // 10 for year in years}
            return len(years) == 1 and None not in years
        columns = self._columns(noun)
        if not columns and noun in ("people", "makers", "team", "maker", "creator", "creators"):
            columns = list(self.world.schema.with_role(Role.PEOPLE))
        if not columns:
            return None
        for column in columns:
            cells = [set(self.world.cell(row, column.name)) for row in rows]
            common = set.intersection(*cells) if cells else set()
            # "the same actors" and "the same cast" are more than one, unless there is only one.
            several = noun.endswith("s") or noun in ("cast", "crew", "team")
            least = 2 if several and max(map(len, cells), default=0) > 1 else 1
            least = max(map(len, cells), default=1) if whole else least
            if len(common) >= least:
                return True
        return False

    # -- same ------------------------------------------------------------------------------------

    def _signs(self) -> Iterator[Fault]:
        for match in _SIGNS.finditer(self.text):
            yield self._fault(match, "number")

    def _same(self) -> Iterator[Fault]:
        for match in _SAME.finditer(self.text):
            rows = self._rows(match.start())
            noun = fold(match[1])
            if noun in _ABOUT_MOOD and not self._columns(noun):
                self._prove(match)
                continue
            if match[2] and match[2][0].isupper() and self._columns(noun):
                name = fold(match[2]).split()  # "same cast Tom Reeve": only this one is named
                holds = all(word in stems(row, self.world) for row in rows for word in name)
            else:
                holds = bool(self._in_common(noun, rows))
            yield from self._settle(match, len(rows) > 1 and holds)

    def _shared(self) -> Iterator[Fault]:
        for match in _SHARES.finditer(self.text):
            has = match[0].lower().startswith("ha")
            if has and "in common" not in match[0].lower() or re.search(r"\bsame\b", match[0]):
                continue
            rows, what = self._rows(match.start()), fold(match["what"]).split()
            holds = len(rows) > 1 and bool(what)
            if holds:
                whole = bool({"whole", "entire", "all"} & set(what))
                agreed = self._in_common(what[-1], rows, whole=whole)
                mood = what[-1] in _ABOUT_MOOD and agreed is None
                if agreed is None and not mood:
                    agreed = all(
                        word in stems(row, self.world) or stem(word) in stems(row, self.world)
                        for row in rows
                        for word in what
                        if word not in ("and", "the", "a", "of")
                    )
                holds = mood or bool(agreed)
            yield from self._settle(match, holds)

    def _behind(self) -> Iterator[Fault]:
        """`by the director of Alien`, `from the makers of …`."""
        names = {"man", "men", "woman", "people", "makers?", "minds?", "team", "creators?"}
        for column in self.world.schema.with_role(Role.PEOPLE):
            names |= {re.escape(n) for n in (*column.aliases, column.label, column.name) if n}
            names |= {re.escape(n.rstrip("s")) for n in (column.label, column.name) if n}
        pattern = re.compile(
            rf"\b({'|'.join(sorted(names, key=len, reverse=True))})\s+(?:of|behind)\s+"
            rf"[\"“*]*({_T})",
            re.IGNORECASE,
        )
        for match in pattern.finditer(self.text):
            other = self._title(match.start(2))
            rows = [row for row in self._rows(match.start()) if row != other]
            linked = re.search(r"\b(?:also|same|too|again|later|then|by|from)\b", self.text, re.I)
            if other is None or not rows and not linked:
                continue
            pairs = [(other, row) for row in rows]
            noun = fold(match[1])
            noun = noun if self._columns(noun) else "people"
            yield from self._settle(
                match, bool(pairs) and all(self._in_common(noun, pair) for pair in pairs)
            )

    def _also(self) -> Iterator[Fault]:
        """`who also made Alien`, `also by Ridley Scott`: the person stands in both rows."""
        for pattern in (_WHO, _ALSO):
            for match in pattern.finditer(self.text):
                rows = self._rows(match.start())
                before = re.search(r"((?:[A-ZÀ-Þ][\w'’.-]+\s*)+),?\s*$", self.text[: match.start()])
                behind = re.match(r"\s*((?:[A-ZÀ-Þ][\w'’.-]+\s*)+)", self.text[match.end() :])
                name = before or behind
                people = fold(name[1]).split() if name else []
                holds = (
                    len(rows) > 1
                    and bool(people)
                    and all(word in stems(row, self.world) for row in rows for word in people)
                )
                yield from self._settle(match, holds)

    # -- time ------------------------------------------------------------------------------------

    def _time(self) -> Iterator[Fault]:
        read: list[tuple[int, int]] = []
        for match in _TIME.finditer(self.text):
            read.append(match.span())
            if _IMPERATIVE.match(self.text) and not match["n"]:
                self._prove(match)
                continue
            other = self._title(match.start("t"))
            mine = self.subjects.at(self.sentence.start + match.start()).one
            years = [None if r is None else self.world.item(r).year for r in (mine, other)]
            yield from self._settle(match, _years_hold(years, match))
        for match in _YEARS.finditer(self.text):
            if not any(a < match.end() and match.start() < b for a, b in read):
                yield self._fault(match, "year")

    # -- places ----------------------------------------------------------------------------------

    def _places(self) -> Iterator[Fault]:
        for match in _TOPS.finditer(self.text):
            yield from self._settle(match, self._is_at(match, 1))
        for match in _ORDINAL.finditer(self.text):
            if self._is_of_the_row(match):
                continue
            word = (match["word"] or "").lower()
            place = _ORDINALS.index(word) + 1 if word in _ORDINALS else int(match["digits"] or 0)
            place = len(self.world.rows) if word == "last" else place
            if not self.named and self.world.about is None:
                if place <= max(len(self.world.rows), len(self.world.context.shown)):
                    self._prove(match)
                    continue
            yield from self._settle(match, self._is_at(match, place))

    def _is_of_the_row(self, match: re.Match[str]) -> bool:
        """Whether the item's own words say so, with the word behind it: "first person"."""
        behind = re.match(r"[\s-]+([^\W_]+)", self.text[match.end() :])
        rows = self._rows(match.start())
        return behind is not None and any(
            f" {fold(match[0])} {fold(behind[1])} " in self.world.words(row) for row in rows
        )

    def _is_at(self, match: re.Match[str], place: int) -> bool:
        rows = self.world.rows
        row: int | None
        if self.named:
            at = self.sentence.start + match.start()
            here = [one for one in self.named if one.end <= at and not one.reference][-1:]
            behind = next((one for one in self.named if one.start >= at), None)
            gap = (
                ""
                if behind is None
                else self.text[match.end() : behind.start - self.sentence.start]
            )
            if behind is not None and re.search(r"\b(?:is|are|was|be|pick|choice)\b|:", gap):
                here = [behind]
            meant = here[0] if here else behind
            row = None if meant is None else meant.rows[0]
        else:
            row = self.world.about
        return row is not None and 1 <= place <= len(rows) and rows[place - 1] == row

    def _compared(self) -> Iterator[Fault]:
        """`longer` without what it is longer than, unless it is a wish: "something newer"."""
        for match in _BARE_MOST.finditer(self.text):
            yield self._fault(match, "rank")
        for match in _THAN.finditer(self.text):
            if _OPEN.search(self.text) or _WISHES.search(self.text[: match.start()]):
                self._prove(match)
                continue
            if re.search(r"\bor\s+$", self.text[: match.start()]):
                continue
            yield self._fault(match, "rank")

    def _between(self) -> Iterator[Fault]:
        """Any other verb between two items ("picks up where … stops") has no proof."""
        if _OPEN.search(self.text) or _IMPERATIVE.match(self.text):
            return
        at = self.sentence.start
        ends = [one.end - at for one in self.named]
        heads = [*ends[:-1]] if self.world.about is None else [0, *ends[:-1]]
        titles = self.named[1:] if self.world.about is None else self.named
        for start, one in zip(heads, titles, strict=False):
            end = one.start - at
            gap = self.text[start:end]
            if len({o.rows[0] for o in self.named}) == 1 and self.world.about is None:
                continue
            if one.rows[0] == self.world.about or _ALIKE.search(gap) or _APART.search(gap):
                continue
            if _JOINED.fullmatch(gap) or any(
                a - at < end and start < b - at for a, b in self.proven
            ):
                continue
            yield Fault("factual", "relation", gap.strip(), at + start, at + end, gap.strip())

    # -- columns ---------------------------------------------------------------------------------

    def _roles(self) -> Iterator[Fault]:
        """`Al Pacino directed Heat`: the verb's column must hold the name."""
        for match in _ROLE.finditer(self.text):
            row = self._title(match.end() - 1)
            columns = [
                column
                for column in self.world.schema.with_role(Role.PEOPLE)
                if match[2] not in lexicon().stop
                and any(
                    stem(match[2]) == stem(fold(c).split()[0])
                    or (match["into"] and fold(c).endswith(" in"))
                    for c in (*column.cues, *column.aliases)
                )
            ]
            if row is None or not columns:
                continue
            held = fold(" . ".join(p for c in columns for p in self.world.cell(row, c.name)))
            words = [w for w in fold(match[1]).split() if w not in lexicon().stop]
            if held and not all(stem(word) in held for word in words):
                yield self._fault(match, "person")

    def _parts(self) -> Iterator[Fault]:
        """`Al Pacino plays the detective`: he must be one of those who are in it."""
        columns = [
            column
            for column in self.world.schema.with_role(Role.PEOPLE)
            if any(fold(cue).endswith(" in") for cue in column.cues)
        ]
        for match in _PART.finditer(self.text):
            name = fold(match[1])
            if not columns or not self.world.is_a_person(name) or self._columns(fold(match[2])):
                continue
            rows = self.subjects.at(self.sentence.start + match.start()).rows or self.world.rows
            held = [p for row in rows for c in columns for p in self.world.cell(row, c.name)]
            if not self.world.is_person_of(name, held):
                yield self._fault(match, "person")

    def _nobody(self) -> Iterator[Fault]:
        """`no stars`, `part of no series`: the column must be empty."""
        for match in re.finditer(r"\b(?:no|without|nobody|lacks)\s+(?:an?\s+)?(\w+)", self.text):
            columns = [
                c for c in self._columns(fold(match[1])) if c.role in (Role.PEOPLE, Role.GROUP)
            ]
            rows = self.subjects.at(self.sentence.start + match.start()).rows or self.world.rows
            if columns and any(self.world.cell(row, c.name) for row in rows for c in columns):
                yield self._fault(match)

    def _lengths(self) -> Iterator[Fault]:
        """`a short film`, `a new one`: against the numbers of the catalog."""
        if _OPEN.search(self.text):
            return
        for words, name, low in self._number_words():
            for match in re.finditer(rf"(?<![\w-])(?:{'|'.join(words)})(?![\w-])", self.text, re.I):
                before = self.text[: match.start()]
                if _NOT_OF_IT.search(before):
                    continue
                if _OF_OTHERS.match(self.text[match.end() :]):
                    continue
                rows = self.subjects.at(self.sentence.start + match.start()).rows
                rows = rows or self.world.rows
                holds = bool(rows) and all(self._is_extreme(row, name, low) for row in rows)
                yield from self._settle(match, holds)

    def _number_words(self) -> Iterator[tuple[list[str], str, bool]]:
        schema = self.world.schema
        year = schema.one(Role.YEAR)
        if year is not None:
            new = ["new", "brand[- ]new", "recent", "modern", "contemporary", "fresh release"]
            yield new, year.name, False
            yield ["old", "vintage", "classic", "golden age"], year.name, True
        for column in schema.with_role(Role.NUMBER):
            for words, low in ((column.low, True), (column.high, False)):
                plain = [re.escape(w) for w in words if not w.endswith("er")]
                plain += ["brief"] if low and "short" in words else []
                if plain:
                    yield plain, column.name, low

    def _is_extreme(self, row: int, name: str, low: bool) -> bool:
        """Whether an item's number is in the outer two fifths of the catalog."""
        mine = self.world.numbers(row).get(name)
        if mine is None:
            return False
        bound = self.world.quantile(name, 0.4 if low else 0.6)
        if name == getattr(self.world.schema.one(Role.YEAR), "name", "") and not low:
            return mine >= self.world.quantile(name, 1.0) - 3
        return mine <= bound if low else mine >= bound

    def _ages(self) -> Iterator[Fault]:
        """`for kids`, `suitable for all ages`: only what the audience column says."""
        column = self.world.schema.one(Role.AUDIENCE)
        for match in _KIDS.finditer(self.text):
            rows = self.subjects.at(self.sentence.start + match.start()).rows or self.world.rows
            word = fold(match[0])
            if any(role is Role.CATEGORIES for _, _, role in values_of(word, self.world)):
                continue  # a kind, and held against the row as one
            if rows and all(f" {word} " in self.world.words(row) for row in rows):
                continue
            if column is None or not column.order or not rows:
                yield self._fault(match, "value")
                continue
            lowest = column.order[0]
            fits = all(self.world.cell(row, column.name) == [lowest] for row in rows)
            denied = re.search(r"\bnot (?:\w+ )?for\s+(?:\w+\s+)?$", self.text[: match.start()])
            if denied:
                fits = not any(self.world.cell(row, column.name) == [lowest] for row in rows)
            yield from self._settle(match, fits)


def _years_hold(years: Sequence[int | None], match: re.Match[str]) -> bool:
    """Whether one year lies before or after the other, by as many years as are told."""
    mine, other = years
    if mine is None or other is None:
        return False
    later = match["way"].lower().split()[0] in ("after", "later", "younger", "newer", "following")
    gap = mine - other if later else other - mine
    if match["n"]:
        decades = "decade" in match[0].lower()
        return gap == m.value(match["n"]) * (10 if decades else 1)
    return gap > 0
