"""Regular expressions that cost nothing until a text needs them.

Compiling all of the parser's takes 50 ms of every process, and most texts need few of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

_OPTIONAL = frozenset("?*{")
_LITERAL = re.compile(r"[a-z0-9 ]*")
_PIECE = re.compile(r"(?P<look>\(\?(?:[=!]|<[=!]))|(?P<group>\((?:\?:|\?P<\w+>)?)|\[[^\]]*\]|\\.|.")


class Pattern:
    """A regular expression that is compiled when it is first used.

    Args:
        expression: as `re.compile` takes it.
        needs: a text that lacks all strings of any of these has no match.
    """

    def __init__(self, expression: str, needs: tuple[tuple[str, ...], ...] = ()) -> None:
        self.expression = expression
        self._needs = needs

    def search(self, text: str) -> re.Match[str] | None:
        """The first match anywhere."""
        return self._compiled.search(text) if self._may_match(text) else None

    def match(self, text: str) -> re.Match[str] | None:
        """The match at the beginning."""
        return self._compiled.match(text) if self._may_match(text) else None

    def fullmatch(self, text: str) -> re.Match[str] | None:
        """The match of all of it."""
        return self._compiled.fullmatch(text) if self._may_match(text) else None

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """All matches."""
        return self._compiled.finditer(text) if self._may_match(text) else iter(())

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.expression)

    def _may_match(self, text: str) -> bool:
        return all(any(part in text for part in parts) for parts in self._needs)


def needs_of(expression: str) -> tuple[tuple[str, ...], ...]:
    """What every match of an expression holds, as far as that is plain to see.

    Of each group that cannot be left out, the letters that its alternatives begin with; groups
    without such letters, and words outside of groups, are passed over.
    """
    found: list[tuple[str, ...]] = []
    depth = begin = 0
    plain = True
    for piece in _PIECE.finditer(expression):
        sign = piece[0]
        if sign == "|" and depth == 0:
            return ()
        if piece["look"] or piece["group"]:
            if depth == 0:
                begin, plain = piece.end(), bool(piece["group"])
            depth += 1
        elif sign == ")":
            depth -= 1
            kept = expression[piece.end() : piece.end() + 1] not in _OPTIONAL
            if depth == 0 and plain and kept:
                parts = _beginnings(expression[begin : piece.start()])
                if all(parts):
                    found.append(tuple(dict.fromkeys(parts)))
    return tuple(sorted(found, key=len))


def _beginnings(alternatives: str) -> list[str]:
    """The letters that each alternative of a group begins with for sure."""
    parts, depth, first = [], 0, 0
    for piece in _PIECE.finditer(alternatives):
        if piece["look"] or piece["group"]:
            depth += 1
        elif piece[0] == ")":
            depth -= 1
        elif piece[0] == "|" and depth == 0:
            parts.append(alternatives[first : piece.start()])
            first = piece.end()
    return [_beginning(part) for part in (*parts, alternatives[first:])]


def _beginning(part: str) -> str:
    match = _LITERAL.match(part)
    letters = match[0] if match else ""
    return letters[:-1] if part[len(letters) : len(letters) + 1] in _OPTIONAL else letters
