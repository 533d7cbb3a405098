"""How the values of one turn are joined: both, either, left out, or only wished for."""

from __future__ import annotations

import numpy as np

from recagent_catalogs.schema import Role
from recagent_tools.conditions import Condition, evaluate

from ...request import Wish
from ..readers.spans import Span
from ..words.vocabulary import Value
from .known import Known
from .origins import AVOID, SOFTENED

_HEDGES = frozenset(("preferably", "ideally", "maybe", "possibly", "perhaps", "bonus"))
FEW = 5
"""So many items should be left where tags are joined."""


class Joining(Known):
    """Joins the values into conditions and wishes."""

    def group_values(self) -> None:
        """Join the values into conditions, wishes and searches by their polarity."""
        wanted: list[tuple[Span, Value]] = []
        self._contradict()
        for span, value, polarity in self.values:
            typed = self.text.as_typed(span.start, span.end)
            if polarity == "ok":
                self.reading.allowed.add(value.pair)
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
                if any(a.name == "fine" and 0 <= a.start - span.end <= 1 for a in self.acts):
                    self.reading.allowed.add(value.pair)
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
        first, *others = (evaluate(c, self.reader.catalog) for c in self.reading.conditions)
        for mask in others:
            first = first & mask
        return int(np.count_nonzero(first))

    def _tagged_person(self, value: Value) -> None:
        """Say that a name was found only among tags, where no column knows people."""
        words = value.value.split()
        if self.reader.people.columns or len(words) < 2 or not all(w[:1].isupper() for w in words):
            return
        self.reading.limits.append(
            f"This catalog has no column of people; I looked for {value.value!r} in tags and text."
        )

    def _preferred(self, span: Span) -> bool:
        """Whether it is a mere extra: a hedge before it, a plain wish before the hedge."""
        words = self.text.words
        hedges = (i for i in range(max(0, span.start - 3), span.start) if words[i] in _HEDGES)
        hedge = next(hedges, None)
        return hedge is not None and any(
            sign == "+" and other.end <= hedge for other, _, sign in self.values
        )

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
