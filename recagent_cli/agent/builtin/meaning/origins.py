"""Spans that say where something comes from, which language it speaks, or where it is set."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from recagent_catalogs.schema import Role
from recagent_tools.conditions import Condition

from ...request import Wish
from ..answers.wording import join
from ..readers.spans import Span
from ..words.vocabulary import Origin, Value
from .clauses import Clauses

_PLAYS_IN = re.compile(
    r"\b(?:set|sets|plays?|takes? place|taking place|happens?|about|around)"
    r"(?: \w+)?(?: in| on)?(?: the)?$"
)
AVOID = -1.0
"""Weight of what is to be avoided."""
SOFTENED = 2.5
"""Weight of a value that was wanted outright and is now a wish."""


class Origins(Clauses):
    """Turns nations, languages and settings into values and wishes."""

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
