"""Values that are not plainly wanted: all of it is known already, or it is excluded as well."""

from __future__ import annotations

import re

from recagent_catalogs.schema import Role
from recagent_tools.conditions import Condition

from ..answers.wording import condition_text
from ..readers.spans import Span
from ..words.vocabulary import Value
from .clauses import Clauses

_SEEN_ALL = re.compile(
    r"\b(?:seen|watched|read|played|know|heard|finished)(?: just| almost| nearly)? "
    r"(?:everything|all|every|each)(?: \w+)?(?: \w+)?(?: by| from| of| with| the| in)*$"
)
TASTE = 3
"""So many of the best-known items stand for all of a person or series."""


class Known(Clauses):
    """What the person knows all of, and what contradicts itself."""

    def _contradict(self) -> None:
        """Note what is wanted and left out at once."""
        wanted = {value.pair for _, value, polarity in self.values if polarity == "+"}
        for span, value, polarity in self.values:
            if polarity == "-" and value.pair in wanted and not self._narrowed(span):
                said = [
                    condition_text(Condition(value.column, op, (value.value,)), self.reader.schema)
                    for op in ("has", "lacks")
                ]
                self.reading.contradicted = f"'{said[0]}' and '{said[1]}'"

    def _narrowed(self, span: Span) -> bool:
        """Whether only a part of it is excluded: "horror, but no slasher horror"."""
        scope = self.scope(span)
        return scope is not None and any(
            other is not span
            and other.kind not in ("item", "order", "count")
            and scope.start <= other.start < scope.end
            for other in self.spans
        )

    def _both(self, value: Value) -> bool:
        """Whether the value is wanted as well; the contradiction, if it is one, is noted."""
        return any(v.pair == value.pair and sign == "+" for _, v, sign in self.values)

    def _seen_all(self, span: Span, value: Value) -> bool:
        """Whether all of a person or series is known: "seen everything by Tarantino"."""
        if value.role not in (Role.PEOPLE, Role.GROUP):
            return False
        before = " ".join(self.text.words[max(0, span.start - 6) : span.start])
        return bool(_SEEN_ALL.search(before))

    def _taste_of(self, typed: str, value: Value) -> None:
        """Leave a person's or series' items out, and look for what is like the best known."""
        catalog = self.reader.catalog
        rows = catalog.words(value.column).rows_with(value.value)
        best = sorted(rows.tolist(), key=lambda row: -int(catalog.popularity[row]))[:TASTE]
        self.reading.liked.extend(self.reader.mention(typed, row) for row in best)
        self.reading.conditions.append(Condition(value.column, "lacks", (value.value,)))
