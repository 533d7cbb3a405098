"""Which item a word of a sentence is said of: the title named last, "it", a list number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from recagent_catalogs.text import fold

from .sentences import Sentence
from .titles import Named
from .world import World

_JOINED = re.compile(r"^[\s\"”’*]*(?:\(\d{4}\))?[\s\"”’*]*(?:,|and|&|or|, and)[\s\"“‘*]*$")
_SINGLE = re.compile(
    r"\b(?:it|its|it['’]s|this(?:\s+one)?|that\s+one|which|that\s+(?:film|movie|game|book|item))\b",
    re.I,
)
_NUMBERED = re.compile(r"(?:#\s?|\bnumber\s|\bno\.\s?)(\d{1,2})\b", re.IGNORECASE)
_AT_HEAD = re.compile(r"^\s*#?(\d{1,2})[.):]\s")
_ORDINAL = re.compile(
    r"\bthe\s+(first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last)"
    r"(?:\s+(?:one|film|movie|game|book|item|pick|title|choice|of\s+(?:these|them)))?\b(?!\s+(?:\d|"
    r"act|half|time|part|world|person|hour|chapter|season))",
    re.IGNORECASE,
)
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth".split()
_ALL = re.compile(
    r"\b(?:all|both|each|every(?:\s?one)?|these|those|they|them|their)\b(?!\s+(?:time|"
    r"over|of\s+time"
    r"|ages|the\s+way|about|who|along|that))",
    re.IGNORECASE,
)

_OWN_HEAD = re.compile(
    r",\s+(?:and\s+|while\s+)?(?:[A-ZÀ-Þ][\w.'’-]+\s+)+(?:\w+\s+)?in\s+[\"“*]*$|"
    r",?\s+and\s+the\s+\w+est\s+[\"“*]*$"
)
_CONTRAST = re.compile(r",\s+(?:but|while|though)\b")
_SOME = re.compile(
    r"\b(?:one|two|three|four|five|some|many|most|few|several|none|half|\d+)\s+of\s+(?:all\s+)?$",
    re.IGNORECASE,
)
_MANY = {"picks", "titles", "options", "suggestions", "choices", "items", "recommendations"}
_NOT_OURS = {"of", "other", "than", "like", "most", "similar", "such", "his", "her", "many", "few"}


@dataclass(frozen=True)
class Subject:
    """What something is said of: one item, several of which all are meant, or nobody knows."""

    rows: tuple[int, ...]
    every: bool = False

    @property
    def one(self) -> int | None:
        """The one item that is meant, or None."""
        return self.rows[0] if len(self.rows) == 1 else None


class Subjects:
    """The items a sentence talks of, by place; remembers the last one for the next sentence."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._last = world.asked_about
        self._events: list[tuple[int, Subject]] = []
        self._sentence = Sentence("", 0)

    def begin(self, sentence: Sentence, named: Sequence[Named]) -> None:
        """Read the next sentence."""
        self._sentence = sentence
        world = self._world
        events: list[tuple[int, Subject]] = []
        real = [one for one in named if one.rows and not one.reference]
        for one, before in zip(real, [None, *real], strict=False):
            rows, gap = one.rows[:1], ""
            if before is not None and events:
                gap = sentence.text[before.end - sentence.start : one.start - sentence.start]
                if _JOINED.match(gap):
                    rows = (*events[-1][1].rows, *rows)
            start = one.start
            if before is not None and (own := _OWN_HEAD.search(gap)):
                start = before.end + own.start()  # "…, Keanu Reeves in The Matrix"
            events.append((start, Subject(rows, every=len(rows) > 1)))
        masked = _masked(sentence, named)
        compared = [one.rows[0] for one in named if one.rows and one.reference]
        for match in _ALL.finditer(masked):
            if _SOME.search(masked[: match.start()]):
                continue
            if world.about is not None:
                both = (world.about, *compared) if match[0].lower() == "both" else ()
                if both:
                    events.append((sentence.start + match.start(), Subject(both, every=True)))
                continue
            group = next((s for _, s in reversed(events) if s.every), None)
            rows = group.rows if group else world.rows or self._last
            if len(rows) > 1:
                events.append((sentence.start + match.start(), Subject(rows, every=True)))
        events.extend(self._numbered(sentence, masked, bool(real)))
        if not real and len(world.rows) > 1 and self._is_of_the_list(masked):
            events.append((sentence.start, Subject(world.rows, every=True)))
        for match in _SINGLE.finditer(masked):
            place = sentence.start + match.start()
            known = [e for e in events if e[0] <= place]
            if not known and self._last:
                events.append((place, Subject(self._last[:1])))
        self._events = sorted(events, key=lambda event: event[0])

    def _is_of_the_list(self, masked: str) -> bool:
        """Whether a sentence speaks of several items: "Five films of the 1990s"."""
        schema = self._world.schema
        nouns = {fold(word) for word in (schema.items, *schema.aliases)} | _MANY
        words = [fold(word) for word in re.findall(r"[^\W_]+", masked)]
        for place, word in enumerate(words):
            if word in nouns and word.endswith("s"):
                return not _NOT_OURS & set(words[max(0, place - 2) : place])
        return False

    def _numbered(
        self, sentence: Sentence, masked: str, has_title: bool
    ) -> list[tuple[int, Subject]]:
        rows = self._world.rows or tuple(int(row) for row in self._world.context.shown)
        found: list[tuple[int, Subject]] = []

        def add(place: int, number: int) -> None:
            if 1 <= number <= len(rows):
                found.append((sentence.start + place, Subject((rows[number - 1],))))

        if not has_title and (match := _AT_HEAD.match(masked)):
            add(match.start(), int(match[1]))
        if self._world.about is None:
            for match in _ORDINAL.finditer(masked):
                word = match[1].lower()
                add(match.start(), len(rows) if word == "last" else _ORDINALS.index(word) + 1)
        return found

    def at(self, place: int) -> Subject:
        """What the words at that place are said of."""
        before = [subject for start, subject in self._events if start <= place]
        if before:
            return before[-1]
        if self._world.about is not None:
            return Subject((self._world.about,))
        first = self._events[0] if self._events else None
        if first is not None and not _CONTRAST.search(self._gap(place, first[0])):
            return first[1]
        return Subject(self._last or (self._world.rows if len(self._world.rows) == 1 else ()))

    def _gap(self, start: int, end: int) -> str:
        at = self._sentence.start
        return self._sentence.text[max(0, start - at) : max(0, end - at)]

    def end(self) -> None:
        """The sentence is over; the next "it" is what was named last."""
        if self._world.about is None:
            single = [s.rows for _, s in self._events if not s.every]
            if single:
                self._last = single[-1]


def _masked(sentence: Sentence, named: Sequence[Named]) -> str:
    """The sentence with blanks in place of titles."""
    text = sentence.text
    for one in named:
        start, end = one.start - sentence.start, one.end - sentence.start
        text = text[:start] + " " * (end - start) + text[end:]
    return text
