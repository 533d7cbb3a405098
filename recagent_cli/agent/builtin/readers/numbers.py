"""Numbers in a request: ranges of number columns ("under two hours"), and how many items."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite

from recagent_catalogs.schema import CatalogSchema, Column, Role
from recagent_catalogs.text import fold

from ..words.lexicon import Lexicon
from ..words.tokens import Text, whole
from .spans import Span

_THINGS = frozenset(
    "suggestions recommendations options picks ideas choices titles others things".split()
)
_HAVE = frozenset(("i", "we", "ive", "weve", "only", "just"))
_BARELY = frozenset(("only", "about", "around", "roughly", "just", "maybe", "like", "almost"))
_TO_USE = frozenset("tonight free left spare to before today now so for and".split())
_DESCRIBING = frozenset(
    (
        "good great nice different of or and other really very more new random please thanks pls"
    ).split()
)
_LIKED = frozenset("like love enjoy care into interested want".split())
_DENIED = {
    "not": {"below": "least", "above": "most"},
    "as": {"below": "above", "above": "below"},
}
MOST = 100
"""More items than this are never shown at once."""
ORDER = 5.0
"""Weight of a number column by whose values the list is to be ordered ("the shortest")."""


@dataclass(frozen=True)
class NumberRange:
    """A wish on a number column.

    `how` is "range" (from `low` to `high`; `strict` ends are left out), or "low" / "high" for words
    like "short", or "below" / "above" for comparatives ("shorter"), relative to what was shown or
    named; "most" / "least" where they are denied ("not longer than Heat").
    """

    column: str
    low: float | None = None
    high: float | None = None
    how: str = "range"
    strict: bool = False


_AT_MOST = (
    r"no more than|not more than|no longer than|not longer than|at most|max|"
    r"maximum|maximum of|up to|within|no over|not over|tops|limit of|no "
    r"higher than"
)
_LESS = r"under|less than|below|fewer than|shorter than|cheaper than|lower than|not even"
_AT_LEAST = (
    r"at least|no less than|not less than|no shorter than|minimum|min|minimum "
    r"of|not under|not below|from"
)
_MORE = r"over|more than|above|longer than|greater than|higher than|exceeding|beyond"
_ABOUT = r"about|around|roughly|approximately|circa|some|like|approx"
_TAIL_MOST = (
    r"(?:or|and) (?:less|under|shorter|fewer|below|cheaper)|max|maximum|tops|at most|at the most"
)
_TAIL_LEAST = r"(?:or|and) (?:more|longer|over|up|above|higher|better)|minimum|at least|plus"


def sensible(value: float) -> float:
    """A number as people say it: in fives from 50 up, whole from 5 up, else halves."""
    step = 5.0 if abs(value) >= 50 else 1.0 if abs(value) >= 5 else 0.5
    return round(value / step) * step


class NumberReader:
    """Reads number ranges for the columns of one schema.

    Args:
        schema: whose number columns to look for.
        lexicon: numbers and units.
    """

    def __init__(self, schema: CatalogSchema, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._columns = schema.with_role(Role.NUMBER)
        self.rated = any("rated" in c.aliases for c in self._columns)
        """Whether a column holds ratings, so that what is said of them is a number."""
        self._units = {c.name: _units(c, lexicon) for c in self._columns}
        number = "|".join(sorted(lexicon.numbers, key=len, reverse=True))
        self._number = rf"(?:\d+(?:\.\d+)?|an?|half an?|(?:{number})(?: (?:{number}))?)"
        self._number_words = number
        self._unit_words = {
            word
            for column in self._columns
            for phrase in (*self._units[column.name], fold(column.name), *map(fold, column.aliases))
            for word in phrase.split()
        }
        self._words = {
            fold(word): (c.name, side)
            for c in self._columns
            for side in ("low", "high")
            for word in getattr(c, side)
        }

        self._most = {
            f"{fold(word).removesuffix('e')}est": (c.name, -ORDER if side == "low" else ORDER)
            for c in self._columns
            for side in ("low", "high")
            for word in getattr(c, side)
            if " " not in fold(word)
        }
        if year := schema.one(Role.YEAR):
            self._most |= dict.fromkeys(("oldest", "earliest"), (year.name, -ORDER))
            self._most["newest"] = (year.name, ORDER)

    @cached_property
    def _count(self) -> re.Pattern[str]:
        number = self._number_words
        return re.compile(
            rf"\b(?P<lead>top |best |first |the |those |these |that |this |last |give me |"
            rf"show me |next |only |just |exactly )?"
            rf"(?P<n>\d{{1,3}}|[3-9]\d{{3}}|1000|(?:{number})(?: of)?)(?P<tail>"
            rf" of (?:them|those|these|the)| more| please| others?)?(?!\S)"
        )

    @cached_property
    def _patterns(self) -> dict[str, re.Pattern[str]]:
        return {column.name: self._compile(column) for column in self._columns}

    def _compile(self, column: Column) -> re.Pattern[str]:
        units = "|".join(sorted(map(re.escape, self._units[column.name]), key=len, reverse=True))
        names = [fold(n) for n in (column.name.replace("_", " "), *column.aliases)]
        name = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
        value = (
            (
                rf"(?P<a%s>{self._number})(?P<half%s> and a half)? ?(?P<u%s>{units})"
                rf"(?:(?P<ahalf%s> and a half)| ?(?:and )?(?P<b%s>{self._number}) "
                rf"?(?P<v%s>{units})?)?"
            )
            if units
            else r"(?P<a%s>\0)(?P<half%s>)(?P<u%s>)(?P<b%s>)(?P<v%s>)(?P<ahalf%s>)"
        )
        low = "|".join(f"{fold(w)} than" for w in column.low)
        high = "|".join(f"{fold(w)} than" for w in column.high)
        before = (
            rf"(?P<between>between)|(?P<most>{_AT_MOST})"
            rf"|(?P<less>{_LESS}{'|' + low if low else ''})"
            rf"|(?P<least>{_AT_LEAST})|(?P<more>{_MORE}{'|' + high if high else ''})|"
            rf"(?P<about>{_ABOUT})"
        )
        one, two = value % (("1",) * 6), value % (("2",) * 6)
        bare = self._number.replace("|an?|half an?", "")
        pattern = (
            rf"\b(?:(?:{name})(?: is| of| should be)? )?(?:(?:{before}) )?"
            rf"(?:(?P<x>{bare}) (?:(?:and|to) )?)?{one}(?: (?:and|to) {two})?"
            rf"(?: (?:(?P<tmost>{_TAIL_MOST})|(?P<tleast>{_TAIL_LEAST})))?(?!\S)"
        )
        named = (
            rf"|\b(?:{name})(?: is| of| should be)? (?:(?P<nmost>{_AT_MOST}|{_LESS})|"
            rf"(?P<nleast>{_AT_LEAST}|{_MORE})) "
            rf"(?P<nv>{bare})(?!\S)"
        )
        return re.compile(pattern + named)

    def spans(self, text: Text, items: frozenset[str]) -> Iterator[Span]:
        """Every reading of a stretch as a range of a number column; data is a `NumberRange`."""
        glued = any(word[0].isdigit() and not word.isdigit() for word in text.words)  # "2h"
        if glued or self._unit_words.intersection(text.words):
            for column in self._columns:
                for match in self._patterns[column.name].finditer(text.joined):
                    yield from self._span(text, match, column, items)
        for start, word in enumerate(text.words):
            if word in self._most:
                yield Span(start, start + 1, "order", self._most[word], 3.5)
            for end in (start + 1, start + 2):
                found = self._words.get(text.phrase(start, end)) if end <= len(text.words) else None
                if found:
                    yield from self._relative(text, start, end, *found)
            del word

    def _relative(self, text: Text, start: int, end: int, name: str, side: str) -> Iterator[Span]:
        word = text.words[start]
        before = text.words[start - 1] if start else ""
        following = text.words[end] if end < len(text.words) else ""
        compared = word.endswith("er") or before == "more"
        if before == "no" and following in _LIKED:
            return  # "I no longer like it"
        if before in ("less", "not", "too") and not compared:
            begin = start - (
                2
                if before == "too"
                and start > 1
                and text.words[start - 2] in ("not", "nothing", "isnt")
                else 1
            )
            # "too long" and "less long" compare; "not long", "not too long" do not.
            against = before == "less" or before == "too" and begin != start - 2
            how = (
                {"low": "above", "high": "below"}[side]
                if against
                else {"low": "high", "high": "low"}[side]
            )
            yield Span(begin, end, "number", NumberRange(name, how=how), 4.0)
            return
        if found := _against(text, start, end, compared):
            how = {"low": "below", "high": "above"}[side]
            how = how if found[2] == "" else _DENIED[found[2]][how]
            yield Span(found[0], found[1], "number", NumberRange(name, how=how), 3.4)
            return
        if (
            following in ("time", "ago", "as", "of", "before", "after")
            or before in ("how", "as", "so", "a", "that")
            and following not in ("one", "ones")
            and before == "how"
        ):
            return
        if compared:
            how = {"low": "below", "high": "above"}[side]
            yield Span(start, end, "number", NumberRange(name, how=how), 3.4)
        else:
            score = 3.4 + 1.2 * (end - start - 1)
            yield Span(start, end, "number", NumberRange(name, how=side), score)

    def _span(
        self, text: Text, match: re.Match[str], column: Column, items: frozenset[str]
    ) -> Iterator[Span]:
        start = text.starts.get(match.start())
        if start is None:
            return
        end = start + len(match[0].split())
        parts = match.groupdict()
        plus = any("+" in text.gap(i) for i in range(start + 1, end + 1))  # "100+ hours"
        if plus:
            parts["tleast"] = "plus"
        data = self._range(parts, column)
        if data is None:
            return
        compared = plus or any(
            match[name]
            for name in (
                "between",
                "most",
                "less",
                "least",
                "more",
                "about",
                "tmost",
                "tleast",
                "nv",
                "a2",
                "x",
            )
        )
        following = text.words[end] if end < len(text.words) else ""
        if (most := self._to_spend(text, start, end, match, data)) is not None:
            yield Span(start, end, "number", most, 6.0)
            return
        if not compared and following not in items:
            return  # "a 16 hour flight" says nothing about the item
        yield Span(start, end, "number", data, 6.0)

    def _to_spend(
        self, text: Text, start: int, end: int, match: re.Match[str], data: NumberRange
    ) -> NumberRange | None:
        """The most that an item may take where somebody says what they have: "I have 2 hours"."""
        before = [w for w in text.words[max(0, start - 5) : start] if w not in _BARELY]
        after = text.words[end] if end < len(text.words) else ""
        if before[-1:] not in (["have"], ["got"]) or not _HAVE & set(before[-3:]):
            return None
        ends = not after or text.begins_sentence(end) or "," in text.gap(end)
        if not (ends or after in _TO_USE) or match["most"] or match["least"] or match["between"]:
            return None
        value = self._value(match.groupdict(), "1", _column_named(self._columns, data.column))
        return None if value is None else NumberRange(data.column, None, value)

    def _range(self, found: Mapping[str, str | None], column: Column) -> NumberRange | None:
        if found["nv"]:
            value = self._plain(found["nv"])
            if value is None:
                return None
            return (
                NumberRange(column.name, None, value)
                if found["nmost"]
                else NumberRange(column.name, value)
            )
        first = self._value(found, "1", column)
        if first is None:
            return None
        second = self._value(found, "2", column)
        if second is None and found["x"]:
            x = self._plain(found["x"])
            unit = self._units[column.name].get(found["u1"] or "", 1.0)
            if x is not None:
                second, first = first, x * unit
        if second is not None:
            return NumberRange(column.name, min(first, second), max(first, second))
        if found["less"]:
            return NumberRange(column.name, None, first, strict=True)
        if found["more"]:
            return NumberRange(column.name, first, None, strict=True)
        if found["most"] or found["tmost"]:
            return NumberRange(column.name, None, first)
        if found["least"] or found["tleast"]:
            return NumberRange(column.name, first)
        return NumberRange(column.name, sensible(first * 0.88), sensible(first * 1.12))

    def _value(self, found: Mapping[str, str | None], part: str, column: Column) -> float | None:
        amount = found[f"a{part}"]
        if amount is None:
            return None
        units = self._units[column.name]
        plain = self._plain(amount)
        if plain is None:
            return None
        if found[f"half{part}"] or found[f"ahalf{part}"]:
            plain += 0.5
        unit = units[found[f"u{part}"] or ""]
        value = plain * unit
        if more := found[f"b{part}"]:
            extra = self._plain(more)
            smaller = found[f"v{part}"]
            finer = units.get(smaller, 1.0) if smaller else min(unit, unit / 60)
            value += (extra or 0.0) * finer
        return round(value, 3)

    def _plain(self, text: str) -> float | None:
        if text in ("a", "an"):
            return 1.0
        if text.startswith("half"):
            return 0.5
        if text[0].isdigit():
            number = float(text)
            return number if isfinite(number) else None
        values = [self._lexicon.numbers[word] for word in text.split()]
        if len(values) == 2 and values[1] == 100:
            return float(values[0] * 100)
        return float(sum(values))

    def counts(self, text: Text, items: frozenset[str], spans: list[Span]) -> Iterator[Span]:
        """Every reading of a number as how many items are wanted; data is an int."""
        numbers = self._lexicon.numbers
        if not any(word in numbers or word[0].isdigit() for word in text.words):
            return
        described = {
            i
            for span in spans
            if span.kind not in ("item", "act")
            for i in range(span.start, span.end)
        }
        for match in self._count.finditer(text.joined):
            lead, tail = (match["lead"] or "").strip(), (match["tail"] or "").strip()
            start = text.starts.get(match.start("n"))
            # "the two shortest"
            after = text.joined[match.end() :].split()[:1]
            if lead == "the" and after and after[0] in self._most:
                lead = "best"
            number = match["n"].split()[0]
            count = numbers.get(number, whole(number) or 0)
            before = text.words[start - 1] if start else ""
            if number == "one" and (
                before in self._lexicon.ordinals or before == "which" or before.isdigit()
            ):
                continue  # "the 1922 one"
            if (
                start is None
                or not 0 < count
                or count > MOST
                and not _names_items(text, start + 1, items, described)
                or lead in ("the", "those", "these", "that", "this", "last")
            ):
                continue
            end = start + len(match["n"].split()) + len(tail.split())
            if lead in ("top", "first", "next") and (
                lead != "first" or _names_items(text, end, items, described)
            ):
                yield Span(start - 1, end, "count", count, 4.6)
            elif lead == "best":
                yield Span(start, end, "count", count, 4.6)
            elif tail or (lead and end == len(text.words)):
                if number != "one" or tail in ("more", "please"):
                    yield Span(start, end, "count", count, 4.4)
            elif (
                _names_items(text, end, items, described)
                or (lead or start == 0)
                and _names_kinds(text, end, described)
            ) and not (number == "one" and match["n"].endswith("of")):
                yield Span(start, end, "count", count, 3.2)
            elif start == 0 and end == len(text.words) and number != "one":
                yield Span(start, end, "count", count, 3.0)


def _column_named(columns: Sequence[Column], name: str) -> Column:
    return next(column for column in columns if column.name == name)


def _against(text: Text, start: int, end: int, compared: bool) -> tuple[int, int, str] | None:
    """Where a comparison with something stands, and whether "not" or "as" turns it round.

    "Shorter than Heat", "not longer than Heat", "not as long as Heat".
    """
    words = text.words
    following = words[end] if end < len(words) else ""
    if compared and following == "than":
        denied = start > 0 and words[start - 1] in ("not", "no")
        return start - denied, end + 1, "not" if denied else ""
    if following == "as" and words[max(0, start - 2) : start] in (("not", "as"), ("not", "so")):
        return start - 2, end + 1, "as"
    return None


def _names_items(text: Text, start: int, items: frozenset[str], described: set[int]) -> bool:
    """Whether a word for items follows, after nothing but words that describe items."""
    for i in range(start, min(start + 6, len(text.words))):
        word = text.words[i]
        if i > start and text.begins_sentence(i):
            break
        if word in _THINGS or word in items and word not in ("one", "ones"):
            return True
        if i not in described and word not in _DESCRIBING:
            return False
    return bool(described & set(range(start, len(text.words))))


def _names_kinds(text: Text, start: int, described: set[int]) -> bool:
    """Whether kinds in the plural follow at once: "give me 3 westerns older than that"."""
    end = start
    while end < len(text.words) and end in described:
        end += 1
    return any(text.words[i].endswith("s") for i in range(start, end))


def _units(column: Column, lexicon: Lexicon) -> dict[str, float]:
    """The unit words of a column with their factor to the column's own unit."""
    own = column.unit.strip().lower()
    if not own and {"price", "cost"} & {column.name.lower(), *map(fold, column.aliases)}:
        own = "dollars"  # whatever the money, a bare number is in the column's own
    units: dict[str, float] = {}
    if not own and "cheap" in column.low:
        units = {fold(word): 1.0 for word in lexicon.units["money"] if fold(word)}
    for family in lexicon.units.values():
        if own in family:
            units = {
                fold(word): factor / family[own] for word, factor in family.items() if fold(word)
            }
    if own and fold(own):
        units.setdefault(fold(own), 1.0)
    for alias in (column.name.replace("_", " "), *column.aliases):
        if alias.endswith("s") and fold(alias) not in units:
            units[fold(alias)] = 1.0
    return units
