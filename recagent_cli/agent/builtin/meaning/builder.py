"""Turns the chosen spans of one turn into its reading."""

from __future__ import annotations

from collections.abc import Callable

from recagent_catalogs.schema import Role
from recagent_catalogs.text import fold
from recagent_tools.conditions import Condition

from ..readers.spans import Span
from .clauses import TOO
from .naming import Naming
from .nearness import read_near
from .wants import Wants


class Builder(Wants, Naming):
    """Fills a `Reading` from spans, acts, scopes and references."""

    @property
    def _handlers(self) -> dict[str, Callable[[Span], None]]:
        return {
            "title": self.on_title,
            "name": self.on_name,
            "value": self.on_value,
            "compound": self.on_compound,
            "person": self.on_person,
            "mood": self.on_mood,
            "theme": self.on_theme,
            "quality": self.on_quality,
            "audience": self.on_audience,
            "period": self.on_period,
            "number": self.on_number,
            "count": self.on_count,
            "order": self.on_order,
            "nation": self.on_nation,
            "foreign": self.on_foreign,
            "extra": self.on_extra,
            "trait": self.on_trait,
            "titled": self.on_titled,
        }

    def on_trait(self, span: Span) -> None:
        """What the people should be; a catalog has only their names."""
        self.reading.limits.append(
            f"This catalog knows only the names of people; I could not look for {span.data!r}."
        )

    def on_titled(self, span: Span) -> None:
        """Words that the titles are to hold."""
        column = self.reader.schema.one(Role.TITLE)
        if column is not None:
            left_out = self.polarity(span) in ("-", "~")
            condition = Condition(column.name, "!~" if left_out else "~", (span.data,))
            self.reading.conditions.append(condition)

    def run(self) -> None:
        """Fill the reading."""
        self._free()
        # Names first: "newer than Dune" compares with what is named.
        for span in sorted(self.spans, key=lambda span: span.kind not in ("title", "name")):
            handler = self._handlers.get(span.kind)
            if handler is None or self._taken_back(span):
                continue
            if self.describes(span):
                self.reading.described.append(self.text.as_typed(span.start, span.end))
                self.reading.faults |= self.blames(span)
            else:
                handler(span)
                self.reading.wished_at = max(self.reading.wished_at, span.start)
        ends = [a.end for a in self.acts if a.name in ("thanks", "thanked", "bye")]
        self.reading.thanked_at = max(ends, default=0) - 1
        self.reading.faults |= self.talking and any(
            act.name in ("reject", "blame") and self.text.words[act.start] in TOO
            for act in self.acts
        )
        self.point()
        self.group_values()
        self.soften()
        self.exclude_partly_named()
        self.reading.named_items = any(
            s.kind == "item" and s.data not in ("one", "ones") for s in self.spans
        )
        self.reader.leftovers.report(
            self.reading, self.spans, self.acts, self.scopes, self.references
        )
        self.reading.unused = [w for w in self.reading.unused if fold(w) not in self.partly_named]
        if self.reader.matcher is not None:
            read_near(self, self.reader.matcher)

    # --- what is taken back ----------------------------------------------------------------------

    def _taken_back(self, span: Span) -> bool:
        """Whether the word names the column that is opened ("any platform is fine")."""
        return span.kind != "title" and any(span.start <= i < span.end for i in self.opened)

    def _free(self) -> None:
        """What is taken back: "any year is fine", "no matter the genre"."""
        words = self.text.words
        for act in self.acts:
            if act.name != "dont_care":
                continue
            reach = range(max(0, act.start - 3), min(len(words), act.end + 3))
            for i in reach:
                column = self.vocabulary.columns.get(words[i]) or self.vocabulary.columns.get(
                    words[i].removesuffix("s")
                )
                if column is None and words[i] in (
                    "year",
                    "years",
                    "decade",
                    "period",
                    "era",
                    "time",
                    "old",
                    "age",
                    "new",
                ):
                    column = self.reader.schema.one(Role.YEAR)
                if column is None and words[i] in ("long", "length"):
                    column = next(
                        (c for c in self.reader.schema.with_role(Role.NUMBER) if "long" in c.high),
                        None,
                    )
                if column is None and words[i] in ("actor", "actors", "director", "cast", "who"):
                    column = self.reader.schema.one(Role.PEOPLE)
                if (
                    column is not None
                    and self.text.tokens[i].sentence == self.text.tokens[act.start].sentence
                ):
                    self.reading.freed.add(column.name)
                    self.opened.add(i)
