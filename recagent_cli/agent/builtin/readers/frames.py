"""Sentences that name an item wherever its title stands: "who directed …", "what is … about".

A title there may be unknown to the catalog, or one ordinary word: the sentence says that it is one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from ..words.lexicon import Lexicon, singular
from ..words.patterns import Pattern, needs_of
from ..words.tables import load
from ..words.tokens import Text
from .linking import Title
from .spans import Span

KNOWN, UNKNOWN = 8.0, 6.7
"""Scores of a title in a frame: above kinds, periods and moods that its words may be as well."""
LEADING = 6.0
LONGEST = 14
"""Words in the longest name that is believed."""


@dataclass(frozen=True)
class Frames:
    """The patterns and words of `frames.toml`."""

    items: tuple[Pattern, ...]
    any: tuple[Pattern, ...]
    behind: tuple[Pattern, ...]
    pairs: tuple[Pattern, ...]
    called: tuple[str, ...]
    parts: frozenset[str]
    cut: re.Pattern[str]
    never: frozenset[str]
    leading: frozenset[str]
    points: frozenset[str]
    owners: frozenset[str]
    adverbs: frozenset[str]
    versions: frozenset[str]
    roughly: frozenset[str]
    grades: frozenset[str]


@lru_cache(maxsize=1)
def _frames() -> Frames:
    data = load("frames")
    apart = data["words_apart"]
    words = {
        name: frozenset(apart[name].split())
        for name in (
            "never",
            "leading",
            "points",
            "owners",
            "grades",
            "adverbs",
            "versions",
            "roughly",
        )
    }
    items, either, behind, pairs = (
        tuple(compile_frame(row, data["words"]) for row in data[key])
        for key in ("items", "any", "behind", "pairs")
    )
    parts = frozenset(word.replace("s?", "") for word in data["words"]["part"])
    called = tuple(data["called"])
    return Frames(
        items,
        either,
        behind,
        pairs,
        called,
        parts,
        re.compile(rf" (?:{'|'.join(apart['cut'])})(?: .*|$)"),
        **words,
    )


def compile_frame(pattern: str, words: dict[str, list[str]]) -> Pattern:
    """A frame as an expression: <name> becomes its words, `X` and `x` what the title is."""
    pattern = re.sub(r"<(\w+)>", lambda match: f"(?:{'|'.join(words[match[1]])})", pattern)
    pattern = re.sub(r"(?<![\w>])X$", r"(?P<x>\\S.*)$", pattern)
    pattern = re.sub(r"(?<!\w)x(?= )", r"(?P<x>\\S.*?)", pattern)
    pattern = re.sub(r"(?<![\w>])Y$", r"(?P<y>\\S.*)$", pattern)
    return Pattern(rf"(?<!\S){pattern}(?!\S)", needs_of(pattern))


class FrameReader:
    """Finds titles by the sentence around them.

    Args:
        lexicon: stop words, given names.
        items: words for items in general.
        exact: the rows whose folded title is exactly this, best first.
        kind: whether a phrase is a kind, mood or quality of this catalog.
    """

    def __init__(
        self,
        lexicon: Lexicon,
        items: frozenset[str],
        exact: Callable[[str], int | None],
        kind: Callable[[str], bool],
    ) -> None:
        self._lexicon = lexicon
        self._items = items - {"one", "ones"}
        self._exact = exact
        self._kind = kind
        self._frames = _frames()
        words = {"item": sorted(w for w in self._items if w.isalpha() and w == singular(w))}
        self._called = tuple(compile_frame(row, words) for row in self._frames.called)

    def spans(self, text: Text) -> Iterator[Span]:
        """Every name of an item by its sentence: a "title" with its row, or an unknown "name".

        The words that lead to it are "lead": no title ("the villain") and no wish ("top billing").
        """
        for start, end in sentences(text):
            words = " ".join(text.words[start:end])
            for frames, people in ((self._frames.items, False), (self._frames.any, True)):
                for frame in frames:
                    if match := frame.search(words):
                        yield from self._framed(text, start, words, match, people)

            for frame in self._frames.behind:
                if match := frame.search(words):
                    yield from self._known(text, start, words, match)
            for frame in self._frames.pairs:
                if match := frame.search(words):
                    yield from self._pair(text, start, words, match)
            for frame in self._called:
                if match := frame.search(words):
                    yield from self._after_item(text, start, words, match)

    def _known(self, text: Text, start: int, words: str, match: re.Match[str]) -> Iterator[Span]:
        """A title of the catalog right before what is asked of it: "the Titanic trailer"."""
        first = start + words[: match.start("x")].count(" ")
        last = first + len(match["x"].split())
        row = self._exact(text.phrase(first, last))
        plain = row is None or self._is_plain(text, first, last)
        if row is not None and not plain and self._nameable(text, first, last):
            yield Span(first, last, "title", Title(row), KNOWN)

    def _pair(self, text: Text, start: int, words: str, match: re.Match[str]) -> Iterator[Span]:
        """Two titles of the catalog that are compared: "heat or collateral?"."""
        found: list[Span] = []
        for name in ("x", "y"):
            first = start + words[: match.start(name)].count(" ")
            last = first + len(match[name].split())
            row = self._exact(text.phrase(first, last))
            if row is None or self._is_plain(text, first, last):
                return
            if not self._nameable(text, first, last):
                return
            found.append(Span(first, last, "title", Title(row), KNOWN + 0.1 * (last - first)))
        yield from found

    def _is_plain(self, text: Text, first: int, last: int) -> bool:
        """Whether the words are as well a kind, or say nothing."""
        phrase = text.phrase(first, last)
        return self._kind(phrase) or all(
            w in self._lexicon.filler or self._kind(w) for w in text.words[first:last]
        )

    def _after_item(
        self, text: Text, start: int, words: str, match: re.Match[str]
    ) -> Iterator[Span]:
        """A name after "the movie": not what only describes it ("the movie about …")."""
        first = start + words[: match.start("x")].count(" ")
        last = first + len(match["x"].split())
        if "about" in text.words[first + 1 : last]:  # the story, and no name behind it
            last = text.words.index("about", first + 1)
        article = text.words[first] in ("the", "a", "an")
        if self._exact(text.phrase(first, last)) is None or last - first == 1:
            if text.words[first] in self._lexicon.stop and not article:
                return
            if text.words[first] in self._frames.never or self._kind(text.words[first]):
                return
        if span := self._named(text, first, last, False):
            yield span

    def _framed(
        self, text: Text, start: int, words: str, match: re.Match[str], people: bool
    ) -> Iterator[Span]:
        place = start + words[: match.start()].count(" ")
        first = start + words[: match.start("x")].count(" ")
        last = first + len(match["x"].split())
        led = text.words[place:first]
        number = first + (text.words[first] in self._frames.roughly and first + 1 < last)
        if self._frames.grades.intersection(led) and self._counts(text, number):
            return  # "a rating of about seven"
        if led[-1:] == ("about",) and led[-2:-1] and led[-2] in self._items:
            return  # "stars in a film about …": the story
        if span := self._named(text, first, last, people):
            yield span
            for i in range(place, first):
                yield Span(i, i + 1, "lead", None, LEADING)

    def idle(self, text: Text, span: Span) -> bool:
        """Whether what looks like a title is a plain word here: "the plot", "his first movie"."""
        words = [w for w in text.words[span.start : span.end] if w not in self._lexicon.stop]
        if span.kind != "title" or span.score >= KNOWN or text.tokens[span.end - 1].capital:
            return False
        if len(words) == 1 and words[0].removesuffix("s") in self._frames.parts:
            return True
        if self._adverb(text, span):
            return True
        items = words[-1:] and words[-1] in self._items
        before = text.words[span.start - 1] if span.start else ""
        if items and {before, text.words[span.start]} & {"a", "an", "any", "some", "rated"}:
            return True  # "a silent movie", "an r rated disaster movie"
        return bool(items) and all(
            w in self._frames.leading or w in self._items or self._kind(w) for w in words
        )

    def _adverb(self, text: Text, span: Span) -> bool:
        """Whether the word only ends the sentence: "… in any movies together"."""
        last = span.end == len(text.words) or text.begins_sentence(span.end)
        return (
            last
            and len(span) == 1
            and text.words[span.start] in self._frames.adverbs
            and text.words[span.start - 1] in self._items
        )

    def _counts(self, text: Text, index: int) -> bool:
        """Whether a number stands there: "a rating of seven"."""
        return (
            text.words[index][0].isdigit()
            or text.words[index] in self._lexicon.numbers
            or any(text.phrase(index, index + size) in self._lexicon.audiences for size in (1, 2))
        )

    def _named(self, text: Text, start: int, end: int, people: bool) -> Span | None:
        if self._exact(text.phrase(start, end)) is None:
            start = self._skip_kind(text, start, end)
            start, end = self._cut(text, start, end)
        if end <= start or end - start > LONGEST:
            return None
        row = self._exact(text.phrase(start, end))
        if row is not None and self._nameable(text, start, end):
            return Span(start, end, "title", Title(row), KNOWN + 0.1 * (end - start))
        if not self._believable(text, start, end, people):
            return None
        return Span(start, end, "name", text.as_typed(start, end), UNKNOWN + 0.1 * (end - start))

    def _skip_kind(self, text: Text, start: int, end: int) -> int:
        """Past "the romance movie" or "the third" before a name."""
        words, place = text.words, start
        for i in range(start, min(start + 4, end)):
            if words[i] in self._items and i + 1 < end:
                before = words[start:i]
                leading = self._lexicon.stop | self._frames.leading
                if all(w in leading or self._kind(w) for w in before):
                    return i + 1
        if (
            words[place] in ("the", "a", "an")
            and place + 1 < end
            and words[place + 1] in self._frames.leading
        ):
            place += 2
        if words[place + 1 : place + 2] == ("of",) and words[place] in self._frames.versions:
            place += 2  # "the original version of …"
        return min(place, end - 1)

    def _cut(self, text: Text, start: int, end: int) -> tuple[int, int]:
        """Without what follows a name: "… with Tom Hanks", "… in 1990", "the … movies"."""
        phrase = text.phrase(start, end)
        if "about" in text.words[start + 1 : end - 1]:
            start = end - text.words[start:end][::-1].index("about")
            phrase = text.phrase(start, end)
        while (cut := self._frames.cut.search(phrase)) and self._exact(phrase) is None:
            phrase = phrase[: cut.start()]
        end = start + len(phrase.split())
        last = end
        while last - start > 1 and text.words[last - 1] in self._items:
            last -= 1
        if last == end or self._exact(phrase) is not None:
            return start, end
        if text.words[start] in ("a", "an", "any", "some"):
            return start, start
        return start + (text.words[start] == "the" and last - start > 1), last

    def _nameable(self, text: Text, start: int, end: int) -> bool:
        """Whether a known title may be meant: no pronoun, and no kind in the plural."""
        words = text.words[start:end]
        if all(w in self._lexicon.stop for w in words):
            return text.mixed_case and all(t.capital for t in text.tokens[start:end])
        return not (len(words) == 1 and (words[0] in self._frames.points or len(words[0]) < 3))

    def _believable(self, text: Text, start: int, end: int, people: bool) -> bool:
        """Whether words that no title has are a name: not a description, not a person."""
        words = text.words[start:end]
        lexicon = self._lexicon
        plain = [w for w in words if w not in lexicon.stop and w not in self._items]
        if not plain or words[0] in ("a", "an") or words[0] in self._frames.points:
            return False
        if words[0] in self._frames.owners and len(words) < 4:
            return False
        if any(w in self._items or w in self._frames.never for w in words):
            return False
        if all(
            w in lexicon.filler or w in self._frames.leading or w[0].isdigit() or self._kind(w)
            for w in plain
        ):
            return False
        if people and words[0] in lexicon.given:
            return False
        if len(words) > 1 and self._kind(words[0]) and words[1] in lexicon.stop:
            return False  # "comedies from …"
        if text.mixed_case:
            return any(t.capital for t in text.tokens[start:end])
        return True


def sentences(text: Text) -> Iterator[tuple[int, int]]:
    """The sentences as (first word, end)."""
    first = 0
    for i in range(1, len(text.words) + 1):
        if i == len(text.words) or text.begins_sentence(i):
            yield first, i
            first = i
