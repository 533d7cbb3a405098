"""What surrounds a span: the negation it stands under, the acts of its clause, the list shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from recagent_catalogs.schema import Role

from ...request import Mention
from ..readers.spans import Span
from ..words.vocabulary import Value
from .acts import Act, compares
from .reading import Reading
from .references import Reference, pointed
from .scopes import Scope

if TYPE_CHECKING:
    from .reader import Reader

_SUBJECTS = frozenset(
    "it that this he she they those these one movie film game book story plot".split()
)
TOO = frozenset(("too", "way", "a"))
"""First words of what is said to be amiss: "too slow", "a bit dull"."""
_FAULTS = frozenset("too bit little more again another isnt wasnt not way".split())
_COPULAS = frozenset(
    (
        "is was are were looks look looked seems seem seemed sounds sound sounded isnt wasnt arent "
        "werent feels felt gets got"
    ).split()
)
_JOINED_COPULAS = frozenset("its thats hes shes theyre".split())
_BEFORE_SUBJECT = frozenset(
    "that this the first second third last next other original whole all of both".split()
)
_THIRD = frozenset("he she it they".split())
_TASTES = frozenset(
    "hates hate likes loves wants want prefers prefer enjoys dislikes love stand".split()
)
_MODALS = frozenset(
    (
        "should must can could would may might will has have needs need doesnt dont does do did "
        "didnt not shouldnt cant"
    ).split()
)
_NEW_CLAUSE = frozenset("but i we im id ill ive want please something anything".split())
_VERDICTS = frozenset(("seen", "praise", "blame", "reject", "not_seen"))
_BEFORE_PREDICATE = frozenset(
    (
        "a an the very really so too pretty quite bit little more just kind sort of not like kinda "
        "super such also rather extremely much most and or one actually definitely still always "
        "kind type again with only basically mostly similar"
    ).split()
)
_OPENERS = frozenset(
    (
        "but and yes yeah yep no ok okay because cause since think thought heard said know believe "
        "although though as oh well wow so lol guess sure hear agree ya yea however while either"
    ).split()
)


_WE = frozenset(("i", "we", "im", "ive"))
_LUKEWARM = frozenset("ok okay alright decent fine mediocre".split())


def _new_clause(words: Sequence[str]) -> bool:
    return any(w in ("that", "it", "this", "which") for w in words[:-1]) and any(
        w in ("was", "is", "were") for w in words
    )


_MINDS_NOT = re.compile(
    r"\b(?:dont|do not|didnt|did not|wouldnt|never) (?:really |actually |even |exactly )?"
    r"(?:mind|hate|dislike|detest|despise|object to)(?: some| any| the| a| a bit of)?$"
    r"|\b(?:im|i am|were|we are) (?:totally |perfectly |also )?(?:ok|okay|fine|cool) with"
    r"(?: some| any| the| a)?$"
)
"""What is only not minded is allowed, and not asked for."""


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
        talking: bool = False,
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
        self.talking = talking or bool(shown)
        self.vocabulary = reader.vocabulary
        self.values: list[tuple[Span, Value, str]] = []
        self.partly_named: set[str] = set()
        self.opened: set[int] = set()
        self.named: list[tuple[Span, Mention]] = []

    def describes(self, span: Span) -> bool:
        """Whether the words tell of what was seen or offered ("that was hilarious")."""
        if span.kind not in ("value", "mood", "quality", "compound", "period", "person"):
            return False
        if self._spoken_of() and not self.overdone(span) and self._told(span):
            return True
        return any(
            act.start <= span.start and span.end <= act.end and self._tells(act, span)
            for act in self.acts
        )

    def _spoken_of(self) -> bool:
        """Whether there is anything that "it" can be."""
        return self.talking or bool(self.named) or self.focus is not None

    def _told(self, span: Span) -> bool:
        if span.kind != "person" and (self._predicate(span) or self._comment(span)):
            return True
        return self._told_by_third(span)

    def _tells(self, act: Act, span: Span) -> bool:
        """Whether the act's words say something of what was offered, or nothing of items."""
        if act.name in ("smalltalk", "asks_back", "bye", "thanks", "thanked", "greet", "ack"):
            return True
        if act.name not in ("praise", "blame", "accept", "seen"):
            return False
        return act.start < span.start or self.talking and self._whole_sentence(act)

    def _whole_sentence(self, act: Act) -> bool:
        """Whether the act stands alone: "Very good movie."."""
        return self.text.begins_sentence(act.start) and (
            act.end >= len(self.text.words) or self.text.begins_sentence(act.end)
        )

    def blames(self, span: Span) -> bool:
        """Whether what is told of the offer is meant as a fault: "more slapstick than I wanted"."""
        return bool(_FAULTS & set(self.text.words[max(0, span.start - 6) : span.start]))

    def compared(self, span: Span) -> bool:
        """Whether what was offered is compared with what the span names."""
        return self.talking and compares(self.text, span.start)

    def _predicate(self, span: Span) -> bool:
        """Whether the words are said of something talked of: "it looks scary", "is it a comedy"."""
        words, place = self.text.words, span.start - 1
        described = {
            i
            for other in self.spans
            if other.kind in ("value", "mood", "quality", "compound", "period")
            for i in range(other.start, other.end)
        }
        while (
            place >= 0
            and (words[place] in _BEFORE_PREDICATE or place in described)
            and self._joined(place + 1)
        ):
            place -= 1
        if place < 0 or not self._joined(place + 1):
            return False
        if words[place] in _JOINED_COPULAS:
            return self._opens_clause(place)
        if words[place] in _SUBJECTS and place and words[place - 1] in _COPULAS:
            # Of "is it scary" it is what a question asks.
            return self.reading.question is None and self._opens_clause(place - 1)
        if words[place] not in _COPULAS or not place or not self._joined(place):
            return False
        return self._named_before(place) or self._subject_before(place)

    def _subject_before(self, index: int) -> bool:
        """Whether "it", "that one" or the like stands before the word and opens its clause."""
        words, place = self.text.words, index - 1
        if words[place] not in _SUBJECTS:
            return False
        while place and words[place - 1] in _BEFORE_SUBJECT and self._joined(place):
            place -= 1
        return self._opens_clause(place)

    def _told_by_third(self, span: Span) -> bool:
        """Whether the clause tells of somebody or something: "he turns up in many comedies"."""
        words, place = self.text.words, span.start - 1
        while place >= 0 and self._joined(place + 1):
            if "," in self.text.gap(place + 1) or words[place] in _NEW_CLAUSE:
                return False
            if words[place] in _THIRD and self._opens_clause(place):
                return words[place + 1] not in _MODALS and not self._tastes(place)
            place -= 1
        return False

    def _tastes(self, place: int) -> bool:
        """Whether it is told what somebody likes or wants: "she hates horror"."""
        said = self.text.words[place + 1 : place + 4]
        return self.text.words[place] in ("he", "she", "they") and bool(_TASTES & set(said))

    def _comment(self, span: Span) -> bool:
        """Whether the sentence only adds to a verdict: "Watched that. Rather gory."."""
        start, end = span.start, span.end
        while start and self._joined(start) and self.text.words[start - 1] in _BEFORE_PREDICATE:
            start -= 1
        whole = self.text.begins_sentence(start) and not (
            end < len(self.text.words) and (self._joined(end))
        )
        return (
            whole
            and start < span.start
            and any(a.end <= start and a.name in _VERDICTS for a in self.acts)
        )

    def _joined(self, index: int) -> bool:
        """Whether no sentence begins at the word."""
        return index >= len(self.text.words) or not self.text.begins_sentence(index)

    def _named_before(self, index: int) -> bool:
        """Whether a title ends right before the word."""
        return any(s.kind == "title" and s.end == index for s in self.spans)

    def _opens_clause(self, index: int) -> bool:
        """Whether a clause begins at the word."""
        if self.text.begins_sentence(index) or "," in self.text.gap(index):
            return True
        return self.text.words[index - 1] in _OPENERS

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

    def _describes_next(self, other: Span, span: Span) -> bool:
        """Whether a tag, a mood or a quality stands right before a kind: "boring dramas"."""
        if other.end != span.start or self.text.gap(span.start).strip():
            return False
        if other.kind == "value":
            return not any(value.role is Role.CATEGORIES for value in other.data)
        return other.kind in ("mood", "quality", "theme")

    def _modified(self, span: Span, scope: Scope) -> bool:
        """Whether the excluded kind carries a description ("stupid comedy", "mix of horror")."""
        if any(self._describes_next(other, span) for other in self.spans):
            return True
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
        first = span.start
        while not self.text.begins_sentence(first):
            first -= 1
        if _MINDS_NOT.search(self.text.phrase(first, span.start)):
            return True
        return any(
            act.name == "fine" and 0 <= act.start - span.end <= 1 for act in self.acts
        ) and any(scope.end <= span.start for scope in self.scopes)

    def acts_near(self, span: Span) -> set[str]:
        """Acts of the span's clause: in its sentence, not beyond a "but" or a new "I"."""
        sentence = self.text.tokens[span.start].sentence
        near: set[str] = set()
        cuts = self._own_clauses()
        for act in self.acts:
            if self.text.tokens[act.start].sentence != sentence:
                continue
            low, high = min(act.end, span.end), max(act.start, span.start)
            between = self.text.words[low:high]
            if "but" in between or "though" in between:
                continue
            if act.start > span.start and not _WE.isdisjoint(between):
                continue
            if any(min(act.start, span.start) < cut <= max(act.start, span.start) for cut in cuts):
                continue
            if act.name in ("seen", "not_seen") and act.start > span.start and _new_clause(between):
                continue  # "I saw Ali, that was good, haven't seen the others"
            if self.lukewarm(act):
                continue
            near.add(act.name)
        return near

    def _own_clauses(self) -> list[int]:
        """Where a new clause tells of what was seen: "like Heat, have already seen Alien"."""
        names = [span.start for span in self.spans if span.kind in ("title", "name")]
        # "1 was great, the third was dull": each of them is the subject of its own.
        joined = {r.end + 1 for r in self.references}  # "1 and 3 were dull"
        after = ((r.start, self.text.words[r.end : r.end + 1]) for r in self.references)
        cuts = [
            start
            for start, word in after
            if start and start not in joined and word and word[0] in _COPULAS
        ]
        for act in self.acts:
            comma = (
                i for i in range(max(1, act.start - 2), act.start + 1) if "," in self.text.gap(i)
            )
            at = next(comma, None)
            if act.name == "seen" and at is not None and any(act.end <= n for n in names):
                cuts.append(at)
        return cuts

    def lukewarm(self, act: Act) -> bool:
        """Whether praise is none: "it was okay"."""
        return act.name == "praise" and self.text.words[act.end - 1] in _LUKEWARM

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
        return [row for row in liked if row is not None] or self.reading.seeds
