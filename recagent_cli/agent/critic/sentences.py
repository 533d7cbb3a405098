"""A model's text made plain, and cut into sentences and words with their places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from recagent_catalogs.text import clean, fold

_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,300}>")
_MARKUP = re.compile(r"\*\*|__|`|^#+\s*", re.MULTILINE)
_ENDS = re.compile(
    r"(?<!\n\d\.)(?<!\n\d\d\.)(?<=[.!?])[\"”’)]*\s+(?=[\"“‘#*A-Z0-9À-Þ]|\((?!\d{4}\)))|\n+"
)
_ABBREVIATED = re.compile(r"(?:\b[A-Z]|\b(?:Mr|Mrs|Ms|Dr|St|vs|Jr|Sr|No|Vol|Pt|etc|e\.g|i\.e))\.$")
_WORD = re.compile(r"[^\W_]+(?:['’´`-][^\W_]+)*|&")
_POSSESSIVE = re.compile(r"['’]s$|(?<=s)['’]$")


def plain(text: str) -> str:
    """The text without escapes, hidden characters, links, tags and markup, on lines as it was."""
    text = _LINK.sub(r"\1", clean(text, newlines=True))
    return _TAG.sub("", text).strip()


def without_marks(text: str) -> str:
    """Plain text without the signs of bold, italic and headings."""
    text = _MARKUP.sub("", text)
    return re.sub(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])", r"\1", text)


@dataclass(frozen=True)
class Word:
    """A word of a sentence: as written, its place in the whole text, and folded."""

    text: str
    start: int
    end: int
    folded: str

    @property
    def capital(self) -> bool:
        """Whether it is written with a capital or begins with a digit."""
        return self.text[0].isupper() or self.text[0].isdigit()


@dataclass(frozen=True)
class Sentence:
    """A sentence and where it stands in the plain text."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """Place after its last character."""
        return self.start + len(self.text)

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """Its words; hyphened words are as many as they fold to."""
        return tuple(self._words(bare=True))

    @cached_property
    def whole_words(self) -> tuple[Word, ...]:
        """The same with the ending of a genitive: "Who's" may begin a title."""
        return tuple(self._words(bare=False))

    def _words(self, *, bare: bool) -> Iterator[Word]:
        for match in _WORD.finditer(self.text):
            kept = _POSSESSIVE.sub("", match[0]) if bare else match[0]
            for piece in re.finditer(r"[^-]+", kept):
                start = self.start + match.start() + piece.start()
                folded = fold(piece[0])
                if folded:
                    yield Word(piece[0], start, start + len(piece[0]), folded.replace(" ", ""))

    def before(self, place: int, count: int = 4) -> list[str]:
        """The folded words before a place, in the same clause, the last one last."""
        clause_start = self.start
        for match in re.finditer(r"[,;:()—–]|\bbut\b|\bwhile\b|\band\b", self.text):
            if self.start + match.end() <= place:
                clause_start = self.start + match.end()
        words = [w.folded for w in self.words if clause_start <= w.start and w.end <= place]
        return words[-count:]


def sentences(text: str, titles: Iterable[str] = ()) -> list[Sentence]:
    """The sentences of a plain text; each line and each list entry is at least one.

    Args:
        text: without markup.
        titles: what must stay in one piece though it has a full stop within.
    """
    whole = [
        (1 + match.start(), 1 + match.end())
        for title in titles
        for match in re.finditer(re.escape(title), text)
    ]
    found: list[Sentence] = []
    start = 0
    padded = "\n" + text  # so that a number at the very beginning is seen as a list's
    for match in _ENDS.finditer(padded):
        if match.start() > 0 and _ABBREVIATED.search(padded[: match.start()][-6:]):
            continue
        if any(first < match.start() < last for first, last in whole):
            continue
        found.append(Sentence(padded[start : match.start()], start - 1))
        start = match.end()
    found.append(Sentence(padded[start:], start - 1))
    trimmed = []
    for sentence in found:
        kept = sentence.text.strip()
        if kept:
            lead = len(sentence.text) - len(sentence.text.lstrip())
            trimmed.append(Sentence(kept, sentence.start + lead))
    return trimmed
