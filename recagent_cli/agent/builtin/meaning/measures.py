"""Spans that say when, how much, how good: periods, numbers, orders, qualities, counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from recagent_catalogs.schema import Column, Role
from recagent_tools.conditions import Condition

from ...request import Wish
from ..readers.numbers import MOST, NumberRange
from ..readers.periods import Period
from ..readers.spans import Span
from ..words.lexicon import Quality
from .clauses import Clauses
from .origins import SOFTENED

_OTHER_END = {
    "low": "high", "high": "low", "below": "above", "above": "below", "most": "above",
    "least": "below",
}  # fmt: skip
_SIGNS = {"below": "<", "above": ">", "most": "<=", "least": ">="}
RATED = 0.7
"""A weight from which on ratings themselves are asked for."""


class Measures(Clauses):
    """Turns what can be measured into ranges and weights."""

    def on_quality(self, span: Span) -> None:
        """How good, known or new; older or newer than what was shown."""
        quality: Quality = span.data
        polarity = self.polarity(span)
        if self.reading.asks_fact:
            return
        comparative = self.text.phrase(span.start, span.end)
        if self.overdone(span) and "recency" in dict(quality.weights):
            comparative = "newer" if dict(quality.weights)["recency"] < 0 else "older"
        year = self.reader.schema.one(Role.YEAR)
        if year is not None and self._compared(comparative, year, span):
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

    def _compared(self, phrase: str, year: Column, span: Span) -> bool:
        """Something older or newer than what was shown."""
        lexicon = self.reader.lexicon
        if phrase not in lexicon.older and phrase not in lexicon.newer:
            return False
        rows = self.reference_rows(self._compares(span))
        numbers = self.reader.catalog.numbers(year.name)[rows]
        known = numbers[~np.isnan(numbers)]
        if not len(known):
            return False
        middle = float(np.median(known)) if known.max() - known.min() > 15 else None
        if self.polarity(span) == "-":  # "nothing older than those"
            older = phrase in lexicon.older
            low, high = (float(known.min()), None) if older else (None, float(known.max()))
            self.reading.conditions.append(Condition(year.name, "..", (low, high)))
        elif phrase in lexicon.older:
            limit = int(middle if middle is not None else known.min()) - 1
            self.reading.conditions.append(Condition(year.name, "..", (None, float(limit))))
        else:
            limit = int(middle if middle is not None else known.max()) + 1
            self.reading.conditions.append(Condition(year.name, "..", (float(limit), None)))
        return True

    def _compares(self, span: Span) -> bool:
        """Whether "newer" stands beside what it compares with: "newer than X", "X but newer"."""
        words = self.text.words
        after = words[span.end : span.end + 2]
        before = words[max(0, span.start - 3) : span.start]
        return "than" in after or any(w in ("but", "only", "something", "just") for w in before)

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
        if self.reading.asks_fact:
            return
        numbers = self.reader.catalog.numbers(wanted.column)
        told = (s.data for s in self.spans if s.kind == "number" and s is not span)
        if wanted.how != "range" and any(
            n.how == "range" and n.column == wanted.column for n in told
        ):
            return  # "short, under five hours": the number says it
        if wanted.how != "range" and self._denied(span):
            wanted = replace(wanted, how=_OTHER_END[wanted.how])
        if self._with_nothing(span):
            return
        if wanted.how != "range":
            condition = self._relative(wanted, numbers, self._beside(span))
        elif wanted.low is not None and wanted.high is not None:
            condition = Condition(wanted.column, "..", (wanted.low, wanted.high))
        elif wanted.high is not None:
            condition = Condition(wanted.column, "<" if wanted.strict else "<=", (wanted.high,))
        else:
            condition = Condition(wanted.column, ">" if wanted.strict else ">=", (wanted.low,))
        if condition is not None:
            self.reading.conditions.append(condition)

    def _with_nothing(self, span: Span) -> bool:
        """Whether it is compared with no item: "longer than I expected"."""
        if self.text.words[span.end - 1] not in ("than", "as"):
            return False
        pointed = any(r.start == span.end for r in self.references)
        return not pointed and not self._beside(span)

    def _beside(self, span: Span) -> list[int]:
        """The item named right behind a comparison: "shorter than Heat"."""
        if self.text.words[span.end - 1] not in ("than", "as"):
            return []
        behind = [m.id for s, m in self.named if s.start == span.end and m.id is not None]
        rows = (self.reader.catalog.row_of(item) for item in behind)
        return [row for row in rows if row is not None]

    def _denied(self, span: Span) -> bool:
        """Whether a length stands under a hard negation that is no part of it ("anything long")."""
        scope = self.scope(span)
        return scope is not None and not scope.soft

    def _relative(
        self,
        wanted: NumberRange,
        numbers: np.ndarray[tuple[int], np.dtype[np.float32]],
        named: list[int],
    ) -> Condition | None:
        known = numbers[~np.isnan(numbers)]
        rows = named or self.reference_rows()
        if wanted.how in _SIGNS and rows:
            there = numbers[rows]
            there = there[~np.isnan(there)]
            if len(there):
                return Condition(wanted.column, _SIGNS[wanted.how], (float(np.median(there)),))
        if not len(known):
            return None
        small = wanted.how in ("low", "below", "most")
        limit = float(np.round(np.quantile(known, 0.3 if small else 0.7)))
        return Condition(wanted.column, "<=" if small else ">=", (limit,))

    def on_order(self, span: Span) -> None:
        """The most or least of a number or of years: "the shortest", "the oldest"."""
        if self.reading.asks_fact:
            return
        if self.scope(span) is None:
            name, weight = span.data
            self.reading.weights[name] = weight

    def on_count(self, span: Span) -> None:
        """How many items; the top ten are the best ten."""
        if self.shown and any(r.start <= span.start < r.end for r in self.references):
            return  # "the first two"
        best = self.reader.lexicon.qualities.get("top")
        if best is not None and self.text.words[span.start] == "top":
            for name, weight in best.weights:
                self.reading.weights.setdefault(name, weight)
        self.reading.count = min(span.data, MOST)
        if span.data > MOST:
            self.reading.limits.append(f"I show at most {MOST} at once.")
