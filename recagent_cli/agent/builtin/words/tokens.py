"""A request as tokens: folded, with their place and case in the text, and cut into clauses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from recagent_catalogs.text import fold

MAX_TOKENS = 400
"""What is read of a long text; the rest is reported as unread."""

MOST_DIGITS = 9
"""A longer number counts nothing, and Python refuses to read very long ones."""

_TOKEN = re.compile(r"\d+[.,]\d+(?!\w)|[^\W_]+(?:['’][^\W_]+)*|&", re.UNICODE)
_YEAR = re.compile(r"(?:18|19|20)\d\d")
_ENDS_CLAUSE = re.compile(r"[.;!?()\n\[\]{}|]|(?:\s[-–—]+\s)")


@dataclass(frozen=True)
class Token:
    """One folded word.

    Attributes:
        word: folded.
        start, end: its place in the text.
        gap: what stands between the word before and this one.
        capital: whether it begins with a capital letter or is a number.
        sentence: number of its sentence-like piece, cut at . ; ! ? and brackets.
    """

    word: str
    start: int
    end: int
    gap: str
    capital: bool
    sentence: int


@dataclass(frozen=True)
class Text:
    """An utterance and its tokens."""

    raw: str
    tokens: tuple[Token, ...]
    cut: bool

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The folded words."""
        return tuple(token.word for token in self.tokens)

    @cached_property
    def joined(self) -> str:
        """The folded words with one space between, for patterns."""
        return " ".join(self.words)

    @cached_property
    def starts(self) -> dict[int, int]:
        """Place in `joined` of each word's first letter, to the word's number."""
        places, position = {}, 0
        for number, word in enumerate(self.words):
            places[position] = number
            position += len(word) + 1
        return places

    @cached_property
    def mixed_case(self) -> bool:
        """Whether capitals mean something: the sender uses both cases."""
        inner = [t for i, t in enumerate(self.tokens) if not self.begins_sentence(i)]
        lower = sum(t.word.isalpha() and not t.capital for t in inner)
        upper = sum(t.word.isalpha() and t.capital for t in inner)
        return bool(upper) and lower > 0

    def begins_sentence(self, index: int) -> bool:
        """Whether the token is the first of its sentence."""
        return index == 0 or self.tokens[index].sentence != self.tokens[index - 1].sentence

    def phrase(self, start: int, end: int) -> str:
        """The folded words of a stretch."""
        return " ".join(self.words[start:end])

    def as_typed(self, start: int, end: int) -> str:
        """The stretch as the person wrote it, an open bracket closed."""
        typed = " ".join(self.raw[self.tokens[start].start : self.tokens[end - 1].end].split())
        return typed + ")" if typed.count("(") > typed.count(")") else typed

    def gap(self, index: int) -> str:
        """What stands before a token; after the last one, the rest of the text."""
        if index < len(self.tokens):
            return self.tokens[index].gap
        return self.raw[self.tokens[-1].end :] if self.tokens else self.raw


def whole(word: str) -> int | None:
    """The number that a word of digits is, or None: no superscripts, and none beyond all use."""
    return int(word) if len(word) <= MOST_DIGITS and word.isdecimal() else None


def tokenize(raw: str) -> Text:
    """Cut an utterance into tokens."""
    tokens: list[Token] = []
    last, sentence, cut = 0, 0, False
    for match in _TOKEN.finditer(raw):
        if len(tokens) >= MAX_TOKENS:
            cut = True
            break
        gap = raw[last : match.start()]
        if tokens and _ENDS_CLAUSE.search(_without_year_marks(gap, match, tokens[-1])):
            sentence += 1
        for word in _words(match[0]):
            capital = match[0][0].isupper() or match[0][0].isdigit()
            tokens.append(Token(word, match.start(), match.end(), gap, capital, sentence))
            gap = ""
        if match[0][0].isdigit() and last < match.start() and raw[match.start() - 1] in "$€£":
            tokens.append(Token("dollars", match.start(), match.end(), "", False, sentence))
        last = match.end()
    return Text(raw, tuple(tokens), cut)


def _without_year_marks(gap: str, match: re.Match[str], last: Token) -> str:
    """What stands before a word, without the brackets of a year: "Rope (1948) drags"."""
    if _YEAR.fullmatch(match[0]):
        gap = gap.replace("(", "")
    return gap.replace(")", "", 1) if _YEAR.fullmatch(last.word) else gap


def _words(typed: str) -> Sequence[str]:
    if typed[0].isdigit() and any(mark in typed for mark in ".,"):
        whole, _, part = typed.replace(",", ".").partition(".")
        return [whole + part] if len(part) == 3 and "," in typed else [f"{whole}.{part}"]
    return fold(typed).split()
