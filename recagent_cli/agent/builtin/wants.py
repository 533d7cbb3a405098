"""Spans that say what is wanted: kinds, people, moods, times, numbers, audiences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from os.path import commonprefix

import numpy as np

from recagent_catalogs.schema import Column, Role
from recagent_catalogs.text import fold
from recagent_tools.conditions import Condition, evaluate

from ..request import Wish
from .known import Known
from .lexicon import Audience, Compound, Mood, Quality
from .numbers import MOST, NumberRange
from .people import Person
from .periods import Period
from .spans import Span
from .vocabulary import Origin, Value
from .wording import AGAINST, PART, join

_PLAYS_IN = re.compile(
    r"\b(?:set|sets|plays?|takes? place|taking place|happens?|about|around)"
    r"(?: \w+)?(?: in| on)?(?: the)?$"
)
CORE = 2
"""How many of a mood's values say it outright; the rest only lean towards it."""
SOFTENED = 2.5
"""Weight of a tag that was wanted outright and is now a wish."""
FEW = 5
"""So many items should be left where tags are joined."""
RATED = 0.7
"""A weight from which on ratings themselves are asked for."""
AVOID, LESS = -1.0, -0.6
"""Weights of what is to be avoided, and of what speaks against a mood."""


class Wants(Known):
    """Turns spans into conditions, wishes and weights."""

    def on_value(self, span: Span) -> None:
        """A value of the vocabulary."""
        values: tuple[Value, ...] = span.data
        columns = [
            c
            for size in (3, 2, 1)
            for c in self.vocabulary.cues.get(
                self.text.phrase(max(0, span.start - size), span.start), ()
            )
        ]
        value = self.vocabulary.best(values, columns)
        polarity = self.polarity(span)
        if value.role is Role.GROUP and polarity == "+" and self._compared_with(span):
            self._like_series(span, value)
            return
        self.values.append((span, value, polarity))
        shades = [v for v in values if v.role is Role.TAGS and v.column != value.column]
        if polarity == "+" and value.role is Role.CATEGORIES and shades:
            typed = self.text.as_typed(span.start, span.end)
            if fold(shades[0].value) == fold(typed) != fold(value.value):
                self.reading.wishes.append(Wish(typed, (shades[0].pair,), "", 0.5))

    def _compared_with(self, span: Span) -> bool:
        return any(act.name == "similar" and act.end == span.start for act in self.acts)

    def _like_series(self, span: Span, value: Value) -> None:
        """Like a series is like its best-known item."""
        catalog = self.reader.catalog
        rows = catalog.words(value.column).rows_with(value.value)
        best = int(rows[int(np.argmax(catalog.popularity[rows]))])
        typed = self.text.as_typed(span.start, span.end)
        mention = self.reader.mention(typed, best)
        self.reading.liked.append(mention)
        self.reading.limits.append(f"I took {typed!r} for {mention.title}.")

    def on_compound(self, span: Span) -> None:
        """Two kinds in one word."""
        compound: Compound = span.data
        polarity = self.polarity(span)
        typed = self.text.as_typed(span.start, span.end)
        pairs = self.vocabulary.pairs(compound.wish)
        if polarity in ("-", "~"):
            found = pairs or self.vocabulary.pairs(compound.all)
            self.reading.wishes.append(Wish(typed, found, "" if found else typed, AVOID))
            return
        found_values = [v[0] for name in compound.all if (v := self.vocabulary.named(name))]
        for value in found_values:
            self.values.append((span, value, polarity))
        if pairs or not found_values:
            self.reading.wishes.append(Wish(typed, pairs, "" if pairs or found_values else typed))

    def on_person(self, span: Span) -> None:
        """A person or maker."""
        person: Person = span.data
        if (
            self.reading.question
            and self.reading.question.kind == "attribute"
            and any(s.kind == "title" for s in self.spans)
        ):
            return
        if person.any_of:
            polarity = self.polarity(span)
            self.values += [(span, value, polarity) for value in person.values]
            return
        value = self.reader.people.column_for(person, self.text, span.start, span.end)
        self.values.append((span, value, self.polarity(span)))

    def on_mood(self, span: Span) -> None:
        """A mood or theme that no column has."""
        mood: Mood = span.data
        typed = self.text.as_typed(span.start, span.end)
        values = self.vocabulary.pairs(mood.values)
        search = mood.search or ("" if values else typed.lower())
        if self.polarity(span) in ("-", "~"):
            if self.polarity(span) == "-" and self._tagged(typed, values):
                self._leave_out(values)
                return
            weight = AVOID if self.polarity(span) == "-" else LESS
            self.reading.wishes.append(Wish(typed, self._narrow(values), search, weight))
            return
        self._lean(typed, values, search)
        against = self.vocabulary.pairs(mood.avoid)
        if against:
            self.reading.wishes.append(Wish(f"{typed}{AGAINST}", against, "", LESS))
        for name, weight in mood.weights.items():
            self.reading.weights[name] = weight

    def _tagged(self, typed: str, values: tuple[tuple[str, str], ...]) -> bool:
        """Whether the word is a tag of this catalog, or a form of one ("violence")."""
        tags = {c.name for c in self.reader.schema.with_role(Role.TAGS)}
        said = fold(typed)
        return any(
            len(commonprefix([said, fold(value)])) >= max(3, len(value) - 2)
            for name, value in [pair for pair in values if pair[0] in tags][:CORE]
        )

    def _leave_out(self, values: tuple[tuple[str, str], ...]) -> None:
        """Leave out what carries the tags that say a mood outright: "nothing violent"."""
        tags = {c.name for c in self.reader.schema.with_role(Role.TAGS)}
        core = [pair for pair in values if pair[0] in tags][:CORE]
        for column in dict.fromkeys(name for name, _ in core):
            left_out = tuple(value for name, value in core if name == column)
            self.reading.conditions.append(Condition(column, "lacks", left_out))

    def _lean(self, typed: str, values: tuple[tuple[str, str], ...], search: str) -> None:
        """Wish for a mood: its first values fully, the rest in part."""
        broad = {c.name for c in self.reader.schema.with_role(Role.CATEGORIES)}
        itself = [v.pair for v in self.vocabulary.named(typed) if v.role is Role.TAGS]
        values = tuple(dict.fromkeys((*itself, *values)))
        core = tuple(pair for pair in values if pair[0] not in broad)[:CORE] or values[:CORE]
        self.reading.wishes.append(Wish(typed, core, search))
        if rest := tuple(pair for pair in values if pair not in core):
            self.reading.wishes.append(Wish(f"{typed}{PART}", rest, "", 0.35))

    def _narrow(self, values: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        """What to avoid: never a whole broad kind because of a mood."""
        broad = {c.name for c in self.reader.schema.with_role(Role.CATEGORIES)}
        narrow = tuple(pair for pair in values if pair[0] not in broad)
        return narrow or values[:1]

    def on_quality(self, span: Span) -> None:
        """How good, known or new; older or newer than what was shown."""
        quality: Quality = span.data
        polarity = self.polarity(span)
        if self.reading.question and self.reading.question.kind == "attribute":
            return
        comparative = self.text.phrase(span.start, span.end)
        if self.overdone(span) and "recency" in dict(quality.weights):
            comparative = "newer" if dict(quality.weights)["recency"] < 0 else "older"
        year = self.reader.schema.one(Role.YEAR)
        if year is not None and self._compared(comparative, year):
            return
        sign = 1.0 if polarity in ("+", "ok") else -1.0
        told = abs(dict(quality.weights).get("rating", 0.0)) >= RATED
        unrated = told and bool(np.isnan(self.reader.catalog.mean_rating).all())
        if unrated:
            self.reading.limits.append("This catalog has no ratings.")
        for name, weight in quality.weights:
            self.reading.weights[name] = round(sign * weight, 2)
        if sign > 0 and (pairs := self.vocabulary.pairs(quality.values)):
            self.reading.wishes.append(
                Wish(
                    self.text.as_typed(span.start, span.end),
                    pairs,
                    "",
                    SOFTENED if unrated else 0.5,
                )
            )

    def _compared(self, phrase: str, year: Column) -> bool:
        """Something older or newer than what was shown."""
        lexicon = self.reader.lexicon
        if phrase not in lexicon.older and phrase not in lexicon.newer:
            return False
        numbers = self.reader.catalog.numbers(year.name)[list(self.reference_rows())]
        known = numbers[~np.isnan(numbers)]
        if not len(known):
            return False
        middle = float(np.median(known)) if known.max() - known.min() > 15 else None
        if phrase in lexicon.older:
            limit = int(middle if middle is not None else known.min()) - 1
            self.reading.conditions.append(Condition(year.name, "..", (None, float(limit))))
        else:
            limit = int(middle if middle is not None else known.max()) + 1
            self.reading.conditions.append(Condition(year.name, "..", (float(limit), None)))
        return True

    def on_audience(self, span: Span) -> None:
        """For whom: a condition where a column knows, else kinds that carry it."""
        audience: Audience = span.data
        column = self.reader.schema.one(Role.AUDIENCE)
        typed = self.text.as_typed(span.start, span.end)
        if self.scope(span) is not None:
            return
        if column is not None and column.order:
            place = round(audience.level * (len(column.order) - 1))
            op = "=" if audience.level == 1.0 else "<="
            self.reading.conditions.append(Condition(column.name, op, (column.order[place],)))
        elif audience.level == 0.0 and (kinds := self._kinds_of(audience.values)):
            self.reading.conditions.append(
                Condition(kinds[0].column, "has", tuple(k.value for k in kinds))
            )
        if pairs := self.vocabulary.pairs(audience.values):
            self.reading.wishes.append(Wish(typed, pairs, "", 0.5))
        if pairs := self.vocabulary.pairs(audience.avoid):
            self.reading.wishes.append(Wish(f"{typed}{AGAINST}", pairs, "", AVOID))

    def _kinds_of(self, names: Sequence[str]) -> list[Value]:
        found: dict[str, Value] = {}
        for name in names:
            for value in self.vocabulary.named(name):
                if value.role is Role.CATEGORIES and fold(value.value) in {fold(n) for n in names}:
                    found.setdefault(value.value, value)
        return list(found.values())

    def on_period(self, span: Span) -> None:
        """A time: years, or when the story is set."""
        period: Period = span.data
        column = self.reader.schema.one(Role.YEAR)
        assert column is not None  # noqa: S101 - period spans exist only beside a year column
        typed = self.text.as_typed(span.start, span.end)
        if period.setting:
            decade = period.high is not None and period.high - (period.low or 0) == 9
            when = f"{period.low}s" if decade else str(period.low or period.high)
            pairs = tuple(v.pair for v in self.vocabulary.named(when) if v.role is Role.TAGS)
            self.reading.wishes.append(Wish(f"set {typed}", pairs, "" if pairs else when))
            return
        low = None if period.low is None else float(period.low)
        high = None if period.high is None else float(period.high)
        if self.polarity(span) in ("-", "~"):
            if low is None and high is not None:
                low, high = high + 1, None
            elif low is not None and high is None:
                high, low = low - 1, None
            else:
                self.reading.limits.append(f"I cannot leave a period out of the middle ({typed}).")
                return
        if low is not None and low == high:
            self.reading.conditions.append(Condition(column.name, "=", (low,)))
        else:
            self.reading.conditions.append(Condition(column.name, "..", (low, high)))

    def on_number(self, span: Span) -> None:
        """A range of a number column."""
        wanted: NumberRange = span.data
        if self.reading.question and self.reading.question.kind == "attribute":
            return
        numbers = self.reader.catalog.numbers(wanted.column)
        told = (s.data for s in self.spans if s.kind == "number" and s is not span)
        if wanted.how != "range" and any(
            n.how == "range" and n.column == wanted.column for n in told
        ):
            return  # "short, under five hours": the number says it
        if wanted.how != "range":
            condition = self._relative(wanted, numbers)
        elif wanted.low is not None and wanted.high is not None:
            condition = Condition(wanted.column, "..", (wanted.low, wanted.high))
        elif wanted.high is not None:
            condition = Condition(wanted.column, "<" if wanted.strict else "<=", (wanted.high,))
        else:
            condition = Condition(wanted.column, ">" if wanted.strict else ">=", (wanted.low,))
        if condition is not None:
            self.reading.conditions.append(condition)

    def _relative(
        self, wanted: NumberRange, numbers: np.ndarray[tuple[int], np.dtype[np.float32]]
    ) -> Condition | None:
        known = numbers[~np.isnan(numbers)]
        if wanted.how in ("below", "above") and self.reference_rows():
            there = numbers[self.reference_rows()]
            there = there[~np.isnan(there)]
            if len(there):
                return Condition(
                    wanted.column, "<" if wanted.how == "below" else ">", (float(np.median(there)),)
                )
        if not len(known):
            return None
        small = wanted.how in ("low", "below")
        limit = float(np.round(np.quantile(known, 0.3 if small else 0.7)))
        return Condition(wanted.column, "<=" if small else ">=", (limit,))

    def on_order(self, span: Span) -> None:
        """The most or least of a number or of years: "the shortest", "the oldest"."""
        if self.reading.question and self.reading.question.kind == "attribute":
            return
        if self.scope(span) is None:
            name, weight = span.data
            self.reading.weights[name] = weight

    def on_count(self, span: Span) -> None:
        """How many items."""
        self.reading.count = min(span.data, MOST)
        if span.data > MOST:
            self.reading.limits.append(f"I show at most {MOST} at once.")

    def on_nation(self, span: Span) -> None:
        """Where something comes from, which language it speaks, or where it is set."""
        origin: Origin = span.data
        polarity = self.polarity(span)
        typed = self.text.as_typed(span.start, span.end)
        if self._is_setting(span, origin):
            for value in origin.settings[:1]:
                self.values.append((span, value, polarity))
            if origin.settings:
                return
            if not origin.countries:
                self._unknown_place(typed, polarity, "")
                return
            items = self.reader.schema.items
            self.reading.limits.append(
                f"This catalog has no tag for {typed!r} as a setting; I took {items} made there."
            )
        countries, languages = self._origins(span, origin)
        if not countries and not languages:
            has = {c.label or c.name for c in self.reader.schema.with_role(Role.FACET)}
            lacks = "" if has & {"country", "countries", "language"} else "countries or languages"
            self._unknown_place(typed, polarity, lacks, origin)
            return
        if polarity in ("-", "~") and countries:
            languages = ()  # "no french films": one of the two is enough to leave out
        for values in (countries, languages):
            for value in values:
                self.values.append((span, value, polarity))

    def _origins(self, span: Span, origin: Origin) -> tuple[tuple[Value, ...], tuple[Value, ...]]:
        """The countries and the languages that must hold."""
        before = self.text.words[span.start - 1] if span.start else ""
        after = self.text.words[span.end] if span.end < len(self.text.words) else ""
        speaks = before in ("in", "speaking", "speak", "spoken") or after in (
            "language", "speaking", "spoken", "dialogue", "audio", "subtitles", "dub",
        )  # fmt: skip
        if speaks and origin.adjective and origin.languages:
            return (), origin.languages
        if not origin.adjective and origin.countries:
            return origin.countries, ()
        if not origin.countries or not origin.languages:
            return origin.countries, origin.languages
        made, spoken = self._rows_of(origin.countries), self._rows_of(origin.languages)
        both = np.intersect1d(made, spoken)
        return (origin.countries, origin.languages) if len(both) else (origin.countries, ())

    def _rows_of(self, values: Sequence[Value]) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
        words = self.reader.catalog.words(values[0].column)
        return np.concatenate([np.asarray(words.rows_with(v.value)) for v in values])

    def _is_setting(self, span: Span, origin: Origin) -> bool:
        """Whether a place is where it plays ("set in japan", "about japan")."""
        if origin.adjective:
            return False
        before = " ".join(self.text.words[max(0, span.start - 4) : span.start])
        return bool(_PLAYS_IN.search(before))

    def _unknown_place(
        self, typed: str, polarity: str, lacks: str, origin: Origin | None = None
    ) -> None:
        """Try tags, else the text, for a place that no column knows; and say so."""
        items = self.reader.schema.items
        pairs = tuple(value.pair for value in origin.tags[:6]) if origin else ()
        named = join([repr(value) for _, value in pairs])
        where = f"its tag{'s' * (len(pairs) > 1)} {named}" if pairs else "the text"
        why = f"has no column of {lacks}" if lacks else f"knows no {items} of {typed!r}"
        self.reading.limits.append(f"This catalog {why}; I looked for {typed!r} in {where}.")
        weight = AVOID if polarity in ("-", "~") else SOFTENED
        self.reading.wishes.append(Wish(typed, pairs, "" if pairs else typed.lower(), weight))

    def on_foreign(self, span: Span) -> None:
        """Not in the language that most items are in."""
        home = self.vocabulary.home_language
        typed = self.text.as_typed(span.start, span.end)
        if home is None:
            self._unknown_place(typed, "+", "countries or languages")
        else:
            wanted = self.scope(span) is not None and not typed.lower().startswith("no")
            operator = "has" if wanted else "lacks"
            self.reading.conditions.append(Condition(home.column, operator, (home.value,)))

    # --- values into conditions ------------------------------------------------------------------

    def group_values(self) -> None:
        """Join the values into conditions, wishes and searches by their polarity."""
        wanted: list[tuple[Span, Value]] = []
        self._contradict()
        for span, value, polarity in self.values:
            typed = self.text.as_typed(span.start, span.end)
            if polarity == "ok":
                continue
            if polarity == "+" and self._seen_all(span, value):
                self._taste_of(typed, value)
                continue
            if polarity == "~":
                self.reading.wishes.append(Wish(typed, (value.pair,), "", AVOID))
            elif polarity == "-" and self._both(value):
                continue
            elif polarity == "-":
                self.reading.conditions.append(Condition(value.column, "lacks", (value.value,)))
            elif not self.vocabulary.fits_condition(value) or self._preferred(span):
                self.reading.wishes.append(Wish(typed, (value.pair,), typed.lower()))
                if value.role is Role.TAGS and not self._preferred(span):
                    self.reading.search.append(typed.lower())
                    self._tagged_person(value)
            else:
                wanted.append((span, value))
        self._join(wanted)

    def soften(self) -> None:
        """Of several tags that hardly any item has together, keep the first; the rest are wishes.

        Tags are sparse: an item without one may well be about it.
        """
        catalog = self.reader.catalog
        schema = catalog.schema
        tags = [
            c
            for c in self.reading.conditions
            if c.operator == "has" and schema.column(c.column).role is Role.TAGS
        ]
        while len(tags) > 1 and self._left() < FEW:
            condition = tags.pop()
            self.reading.conditions.remove(condition)
            pairs = tuple((condition.column, str(value)) for value in condition.values)
            typed = " or ".join(str(v).replace("-", " ") for v in condition.values)
            self.reading.wishes.append(Wish(typed, pairs, "", SOFTENED))
            self.reading.limits.append(
                f"Hardly any {schema.item} has all of it; {typed!r} only moves the order."
            )

    def _left(self) -> int:
        """How many items meet all conditions."""
        masks = [evaluate(c, self.reader.catalog) for c in self.reading.conditions]
        return int(np.logical_and.reduce(masks).sum())

    def _tagged_person(self, value: Value) -> None:
        """Say that a name was found only among tags, where no column knows people."""
        words = value.value.split()
        if self.reader.people.columns or len(words) < 2 or not all(w[:1].isupper() for w in words):
            return
        self.reading.limits.append(
            f"This catalog has no column of people; I looked for {value.value!r} in tags and text."
        )

    def _preferred(self, span: Span) -> bool:
        before = self.text.words[max(0, span.start - 3) : span.start]
        return any(w in ("preferably", "ideally", "maybe", "possibly", "bonus") for w in before)

    def _join(self, wanted: list[tuple[Span, Value]]) -> None:
        """One condition a value (all must hold), or one for several joined by "or"."""
        groups: list[list[tuple[Span, Value]]] = []
        for span, value in wanted:
            same = [group for group in groups if group[-1][1].column == value.column]
            last = same[-1][-1] if same else None
            if last and (
                (last[0] == span and span.kind in ("nation", "person"))
                or (last[0] != span and self._either(last[0], span))
            ):
                same[-1].append((span, value))
            else:
                groups.append([(span, value)])
        for group in groups:
            values = tuple(dict.fromkeys(value.value for _, value in group))
            condition = Condition(group[0][1].column, "has", values)
            if condition not in self.reading.conditions:
                self.reading.conditions.append(condition)

    def _either(self, first: Span, second: Span) -> bool:
        """Whether two values are alternatives: "or", a comma, a slash, or plurals with "and"."""
        between = self.text.words[first.end : second.start]
        gap = self.text.gap(second.start if not between else first.end)
        if len(between) > 4:
            return False
        if "or" in between:
            return True
        if first.kind == "person" or second.kind == "person":
            return False
        if not between:
            return "," in gap or "/" in gap
        plural = all(self.text.words[s.end - 1].endswith("s") for s in (first, second))
        return "and" in between and plural
