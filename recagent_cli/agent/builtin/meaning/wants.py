"""Spans that say what is wanted: kinds, people, moods, audiences."""

from __future__ import annotations

from collections.abc import Sequence
from os.path import commonprefix

import numpy as np

from recagent_catalogs.schema import Column, Role
from recagent_catalogs.text import fold
from recagent_tools.conditions import Condition

from ...request import Wish
from ..answers.wording import AGAINST, PART, join
from ..readers.people import Person
from ..readers.spans import Span
from ..words.lexicon import Audience, Compound, Mood, key_of
from ..words.vocabulary import Value
from .joining import Joining
from .known import TASTE
from .measures import Measures
from .origins import AVOID, Origins

CORE = 2
"""How many of a mood's values say it outright; the rest only lean towards it."""
LESS = -0.6
"""Weight of what speaks against a mood."""


class Wants(Joining, Origins, Measures):
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
        if polarity == "~" and value.role is Role.CATEGORIES and shades:
            # Among horror films "less scary" is less of what is tagged so.
            typed = self.text.as_typed(span.start, span.end)
            if fold(shades[0].value) == fold(typed) != fold(value.value):
                self.reading.wishes.append(Wish(f"{typed}{PART}", (shades[0].pair,), "", AVOID))

    def _compared_with(self, span: Span) -> bool:
        """Whether likeness or liking ends right before ("fan of"), or praise follows."""
        after = span.end + (self.text.words[span.end : span.end + 1] in (("is",), ("was",)))
        return any(
            (act.name in ("similar", "taste") and act.end == span.start)
            or (act.name == "praise" and act.start in (span.end, after))
            for act in self.acts
        )

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
        question = self.reading.question
        works = question is not None and question.kind == "items"  # "what else has she made?"
        if self.polarity(span) == "+" and self._likened(span) and not works:
            self._like_person(span, person)
            return
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
        self._say_whom(span, value)

    def _say_whom(self, span: Span, value: Value) -> None:
        """Say who is meant where the name was not typed as it is written ("arnie")."""
        said = self.text.words[span.start : span.end]
        name = fold(value.value)
        known = " ".join(said), " ".join(said).removesuffix("s")
        parts = {*name.split(), *(f"{part}s" for part in name.split())}
        if parts.issuperset(said) or any(words in name for words in known):
            return
        typed = self.text.as_typed(span.start, span.end)
        if "".join(said) not in name.replace(" ", ""):
            self.reading.limits.append(f"I took {typed!r} for {value.value}.")

    def _likened(self, span: Span) -> bool:
        """Whether something like a person's items is asked for ("bands like Radiohead")."""
        words, start = self.text.words, span.start
        if any(act.name == "similar" and act.end == start for act in self.acts):
            return True
        before = words[start - 2] if start > 1 else ""
        return words[start - 1 : start] == ("like",) and (
            before in self.reader.items or before in self.vocabulary.columns
        )

    def _like_person(self, span: Span, person: Person) -> None:
        """Like a person or maker is like what is best known of theirs.

        "Authors like Le Guin" are others; "books like Le Guin's" may be hers.
        """
        value = self.reader.people.column_for(person, self.text, span.start, span.end)
        values = person.values if person.any_of else (value,)
        catalog = self.reader.catalog
        rows = np.concatenate([catalog.words(v.column).rows_with(v.value) for v in values])
        best = sorted(set(rows.tolist()), key=lambda row: -int(catalog.popularity[row]))[:TASTE]
        typed = self.text.as_typed(span.start, span.end)
        self.reading.liked.extend(self.reader.mention(typed, row) for row in best)
        named = join([mention.title for mention in self.reading.liked[-len(best) :]])
        self.reading.limits.append(f"I took {typed!r} for {named}.")
        noun = self.text.words[max(0, span.start - 3) : span.start]
        if any(self.vocabulary.columns.get(key_of(word)) == self._column(value) for word in noun):
            for other in values:
                self.reading.conditions.append(Condition(other.column, "lacks", (other.value,)))

    def _column(self, value: Value) -> Column:
        return self.reader.schema.column(value.column)

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

    def on_theme(self, span: Span) -> None:
        """A theme that only the text tells of."""
        words: str = span.data
        if self.polarity(span) in ("-", "~"):
            typed = self.text.as_typed(span.start, span.end)
            self.reading.wishes.append(Wish(typed, (), words, AVOID))
            return
        self.reading.topics.append((span.start, span.end))
        if words not in self.reading.search:
            self.reading.search.append(words)

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
