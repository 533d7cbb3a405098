"""Where a request says what the story is about: "about a deep sea diver", "in which a dog talks".

A stretch after such words is no title and no name by itself, and ends where another wish begins
("starring", "from the 80s", "and was rated").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from recagent_catalogs.schema import Role

from ..words.lexicon import Lexicon
from ..words.tokens import Text
from .spans import Span

if TYPE_CHECKING:
    from ..meaning.reading import Reading

_CUES = re.compile(
    r"(?<!\S)(?:(?:about|involving|involves|concerning|regarding|"
    r"(?:revolv|center|centr|focus|focuss)(?:ing|s|es|ed) (?:around|on|upon|about)|"
    r"(?:deals|deal|dealing|dealt|to do) with|(?:set|based) (?:in|on|at|during|around|aboard)|"
    r"tak(?:es|ing) place (?:in|on|at|during|around|aboard)|themes? of|in which|where)(?!\S)"
    r"|with (?:the |an? )?(?=(?:\S+ ){1,6}scenes?(?!\S))"
    r"|(?:plays?|played|playing|as|has|had|have|having|contains|includes|with) (?=an? \S)"
    r"|features? (?=an? \S)|(?:on|aboard|inside) (?=an? \S))"
)
_PEOPLE_ACT = frozenset(
    "star stars starred starring play plays played playing act acts acted acting appear appears "
    "appeared feature features featured featuring voice voices voiced cast was is".split()
)
_ASKED = re.compile(
    r"(?:^| )(?:tell (?:me|us)(?: \w+)*|what|how|know|knew|think|thought|thoughts|info|information|"
    r"details|detail|more|hear|heard|hearing|talk|talking|talked|care|cares|sure|worried|excited|"
    r"read|feel|feels|feeling|opinion|opinions|ask|asking|asked|forget|forgot|reviews?|saying|say|"
    r"said|mind|picky|facts|crazy|wild|good|bad|great|liked?|loved?|hated|interesting|it|that|"
    r"mad|wondering|curious|things?|way)$"
)
_NEVER = frozenset(
    (
        "rating ratings score similar same it that this them those these me you him her us as "
        "anything half now"
    ).split()
)
_ENDS = frozenset(
    (
        "starring stars starred directed director directing released made produced rated rating "
        "ratings received receiving received scored scoring averaging averaged please did does do "
        "came can could would thanks thank featuring costarring but instead"
    ).split()
)
_TURNS = frozenset(
    (
        "is was were are has had have received got gets came stars starred starring directed made "
        "released won rated i you did does do"
    ).split()
)
_OF_ITEMS = frozenset(
    "has had have having with contains includes feature features on aboard inside".split()
)
_ARTICLES_OF_ITEMS = (("a",), ("an",), ("any",), ("some",), ("what",), ("which",))
_SCENES = frozenset(("scene", "scenes"))
_RELATIVE = frozenset(("that", "which", "and", "or"))
_CUTTING = frozenset("period audience number count person stranger lead order title name".split())


class TopicReader:
    """Finds stretches that say what the story is about.

    Args:
        lexicon: stop words.
        items: words for items in general.
    """

    def __init__(self, lexicon: Lexicon, items: frozenset[str]) -> None:
        self._lexicon = lexicon
        self._items = items

    def find(self, text: Text) -> list[tuple[int, int]]:
        """The stretches as (first word, farthest end)."""
        found: list[tuple[int, int]] = []
        for match in _CUES.finditer(text.joined):
            cue = text.starts[match.start()]
            start = cue + len(match[0].split())
            while start < len(text.words) and text.words[start] in ("the", "a", "an"):
                start += 1
            if found and start < found[-1][1] or not self._opens(text, match[0], cue, start):
                continue
            end = self._reach(text, start)
            if match[0].startswith("with "):
                end = next((i for i in range(start, end) if text.words[i] in _SCENES), end)
            if end > start:
                found.append((start, end))
        return found

    def _opens(self, text: Text, cue: str, at: int, start: int) -> bool:
        """Whether these words open a topic here."""
        if start >= len(text.words) or text.begins_sentence(at + 1) or text.words[start] in _NEVER:
            return False
        if cue == "in which" and text.words[start] in self._items:
            return False
        word, before = cue.split()[0], text.words[:at]
        if any(text.begins_sentence(i) for i in range(at + 1, start + 1)):
            return False
        if word == "about":
            said = " ".join(before[-5:])
            return not _ASKED.search(said) and not text.words[start][0].isdigit()
        if word in ("where", "as", "plays", "play", "played", "playing", "in"):
            if not at or text.begins_sentence(at):
                return False
            if word == "as":
                return bool(_PEOPLE_ACT.intersection(before[-7:])) or "with" in before[-4:]
            return word == "in" or before[-1] in self._items or not word.startswith("where")
        if word == "with" and "scene" in text.words[start : start + 7]:
            return True
        if word in _OF_ITEMS:
            return self._said_of_items(text, at)
        return True

    def _said_of_items(self, text: Text, at: int) -> bool:
        """Whether "has a …" is said of items: a word for them right before, or one word between.

        Kinds in the plural are items too ("mysteries on an island").
        """
        near = text.words[max(0, at - 2) : at]
        plural = near[-1:] and near[-1].endswith("ies")
        return plural or any(word in self._items and word not in ("one", "ones") for word in near)

    def _reach(self, text: Text, start: int) -> int:
        """Where the stretch ends at the latest."""
        end = start
        while end < len(text.words) and not (end > start and text.begins_sentence(end)):
            word = text.words[end]
            after = text.words[end + 1] if end + 1 < len(text.words) else ""
            if end > start and (word in _ENDS or word in _RELATIVE and after in _TURNS | _ENDS):
                break
            if word == "in" and self._names_items(text, end + 1):
                break
            if end > start and "," in text.gap(end) and after in _TURNS | _ENDS:
                break
            end += 1
        return end

    def _names_items(self, text: Text, index: int) -> bool:
        """Whether a word for items follows soon: "the victim of a horror story"."""
        near = text.words[index : index + 4]
        return near[:1] in _ARTICLES_OF_ITEMS and bool(self._items.intersection(near))

    def clear(self, text: Text, spans: Sequence[Span]) -> Iterator[Span]:
        """The candidates without titles and names that are but words of a topic."""
        topics = self.find(text)
        for span in spans:
            inside = any(s - 2 < span.start and span.end <= e and span.end > s for s, e in topics)
            if inside and span.kind in ("title", "person") and not self._marked(text, span):
                continue
            opens = any(s == span.start for s, _ in topics)
            if opens and span.kind == "stranger" and text.words[span.start - 1] == "about":
                continue  # a story about somebody: they need not play in it
            yield span

    def _marked(self, text: Text, span: Span) -> bool:
        """Whether the words are marked as a name: by quotes, a year, capitals or a role."""
        if span.score >= 9.0:
            return True
        before = text.words[span.start - 1] if span.start else ""
        if span.kind == "person" and before in self._lexicon.before_names:
            return True
        return text.mixed_case and text.tokens[span.start].capital

    def stretches(self, text: Text, spans: Sequence[Span]) -> list[tuple[int, int]]:
        """The topics as (first word, end), cut where another wish begins."""
        found = []
        for start, end in self.find(text):
            for span in spans:
                graded = span.kind == "quality" and "rating" in dict(span.data.weights)
                if span.kind in _CUTTING and span.start < end and span.end > start:
                    end = span.start
                elif graded and start <= span.start < end:
                    end = span.start
            read = {i for span in spans for i in range(span.start, span.end)}
            while end > start and self._idle(text.words[end - 1]) and end - 1 not in read:
                end -= 1
            if end > start:
                found.append((start, end))
        return found

    def _idle(self, word: str) -> bool:
        """Whether a topic does not end in this word; "world war i" does end in its number."""
        return word in self._items or len(word) > 1 and word in self._lexicon.stop


def runs(places: Sequence[int]) -> list[tuple[int, int]]:
    """Runs of neighbouring word numbers as (first, end)."""
    found: list[tuple[int, int]] = []
    for i in places:
        if found and found[-1][1] == i:
            found[-1] = (found[-1][0], i + 1)
        else:
            found.append((i, i + 1))
    return found


def unknown_topics(places: Sequence[int], reading: Reading) -> list[tuple[int, int]]:
    """Topics right before a word for items of which nothing is found: "a curling movie".

    A tag right before belongs to it ("a dog sled movie").
    """
    told = {i for start, end in reading.topics for i in range(start, end)}
    starts = {
        s.end: s.start
        for s in reading.spans
        if s.kind == "value" and all(v.role is Role.TAGS for v in s.data)
    }
    found = runs([i for i in places if i not in told])
    return [(starts.get(start, start), end) for start, end in found]
