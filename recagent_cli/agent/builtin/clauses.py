"""What surrounds a span: the negation it stands under, the acts of its clause, the list shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..request import Mention
from .acts import Act
from .reading import Reading
from .references import Reference, pointed
from .scopes import Scope
from .spans import Span
from .vocabulary import Value

if TYPE_CHECKING:
    from .reader import Reader


_SAID = ("value", "mood", "quality")
_DEGREES = frozenset(
    "a an the such really so very pretty quite kind sort of bit more like just all rather".split()
)
_IS = frozenset("is was are were s looks looked seems seemed sounds sounded".split())
_SUBJECT = frozenset("it that this they those these".split())
_BEFORE_CLAUSE = frozenset(
    "yes yeah yea ya oh ok okay lol haha wow well no think guess believe know say because cause "
    "and although though but".split()
)


class Clauses:
    """The chosen spans of one turn with their surroundings."""

    def __init__(
        self,
        reader: Reader,
        reading: Reading,
        spans: list[Span],
        acts: list[Act],
        scopes: list[Scope],
        references: list[Reference],
        shown: Sequence[int],
        focus: int | None = None,
        offered: int | None = None,
    ) -> None:
        self.reader = reader
        self.reading = reading
        self.text = reading.text
        self.spans = spans
        self.acts = acts
        qualities = [s for s in spans if s.kind == "quality"]
        # In "less popular comedies" the "less" belongs to the quality, and reaches no further.
        self.scopes = [
            scope
            for scope in scopes
            if not any(s.start <= scope.cue and scope.start < s.end for s in qualities)
        ]
        self.references = references
        self.shown = shown
        self.focus = focus
        self.offered = offered
        self.vocabulary = reader.vocabulary
        self.values: list[tuple[Span, Value, str]] = []
        self.partly_named: set[str] = set()
        self.opened: set[int] = set()
        self.named: list[tuple[Span, Mention]] = []

    def describes(self, span: Span) -> bool:
        """Whether the words praise or blame what was seen or offered ("that was hilarious")."""
        if span.kind in ("value", "mood", "quality", "period", "compound") and self._predicate(
            span
        ):
            return True
        if span.kind not in _SAID:
            return False
        return any(
            act.name in ("praise", "blame", "accept", "seen")
            and act.start < span.start
            and span.end <= act.end
            for act in self.acts
        )

    def _predicate(self, span: Span) -> bool:
        """Whether the words say what something named or shown is ("it's a 90s classic").

        Only at the start of a clause: "as long as it is funny" is a wish.
        """
        if not (self.named or self.shown or self.focus is not None):
            return False
        start = span.start
        while start and self.text.words[start - 1] in _DEGREES | self._read_before(start):
            start -= 1
        words = self.text.words
        if start and words[start - 1] in _IS:
            start -= 1
            if not start or words[start - 1] not in _SUBJECT:
                return False
            start -= 1
        elif start and words[start - 1] in ("its", "thats", "theyre"):
            start -= 1
        else:
            return False
        return (
            self.text.begins_sentence(start)
            or "," in self.text.gap(start)
            or words[start - 1] in _BEFORE_CLAUSE
        )

    def _read_before(self, end: int) -> set[str]:
        """The words of a reading that ends there ("90s" in "it's a 90s classic")."""
        return {
            word
            for s in self.spans
            if s.end == end and s.kind in ("value", "mood", "quality", "period", "compound")
            for word in self.text.words[s.start : s.end]
        }

    def scope(self, span: Span) -> Scope | None:
        """The negation that the span stands under, if any."""
        for scope in self.scopes:
            if scope.start <= span.start < scope.end:
                return scope
            if scope.cue <= span.start and span.end <= scope.start:
                return None
        return None

    def polarity(self, span: Span) -> str:
        """Returns "+" wanted, "-" excluded, "~" rather not, "ok" allowed but not asked for."""
        scope = self.scope(span)
        if scope is None and self.overdone(span):
            return "-" if span.kind == "mood" else "~"
        if scope is None and self._outweighed(span):
            return "~"
        if scope is None:
            return "ok" if self._allowed(span) else "+"
        if scope.soft or (span.kind in ("value", "compound") and self._modified(span, scope)):
            return "~"
        return "-"

    def overdone(self, span: Span) -> bool:
        """Whether the words say that there is too much of it: "too violent"."""
        before = self.text.words[max(0, span.start - 2) : span.start]
        return (
            span.kind in ("value", "mood", "quality")
            and before[-1:] == ("too",)
            and before[:1] not in (("not",), ("nothing",), ("never",))
        )

    def _outweighed(self, span: Span) -> bool:
        """Whether more of something else is wanted: "more atmosphere than jump scares"."""
        words, start = self.text.words, span.start
        if (
            span.kind not in ("value", "mood", "compound")
            or not start
            or words[start - 1] != "than"
        ):
            return False
        return any(word in ("more", "rather", "less") for word in words[max(0, start - 6) : start])

    def _modified(self, span: Span, scope: Scope) -> bool:
        """Whether the excluded kind carries a description ("stupid comedy", "mix of horror")."""
        between = self.text.words[scope.start : span.start]
        readings = {
            i
            for other in self.spans
            if other.kind in ("value", "item", "person", "compound", "title")
            for i in range(other.start, other.end)
        }
        stop = self.reader.lexicon.stop | self.reader.items
        return any(
            word not in stop
            and (scope.start + i) not in readings
            and word
            not in (
                "want",
                "watching",
                "see",
                "watch",
                "interested",
                "genre",
                "recommend",
                "suggest",
            )
            for i, word in enumerate(between)
        )

    def _allowed(self, span: Span) -> bool:
        return any(
            act.name == "fine" and 0 <= act.start - span.end <= 1 for act in self.acts
        ) and any(scope.end <= span.start for scope in self.scopes)

    def acts_near(self, span: Span) -> set[str]:
        """Acts of the span's clause: in its sentence, not beyond a "but" or a new "I"."""
        sentence = self.text.tokens[span.start].sentence
        near: set[str] = set()
        for act in self.acts:
            if self.text.tokens[act.start].sentence != sentence:
                continue
            low, high = min(act.end, span.end), max(act.start, span.start)
            between = self.text.words[low:high]
            if "but" in between or "though" in between:
                continue
            if act.start > span.start and any(w in ("i", "we", "im", "ive") for w in between):
                continue
            near.add(act.name)
        return near

    def reference_rows(self, named: bool = True) -> list[int]:
        """What a comparison ("older", "shorter") is with: what is pointed at, shown, or named.

        Args:
            named: whether the comparison may be with an item that is named in the turn.
        """
        rows = [
            row
            for ref in self.references
            for row in pointed(ref, self.shown)
            if ref.plural or not ref.pronoun
        ]
        if rows or self.shown or not named:
            return rows or list(self.shown)
        liked = (self.reader.catalog.row_of(m.id) for m in self.reading.liked if m.id is not None)
        return [row for row in liked if row is not None]
