"""What the items of a stranger's table are called, and in which unit a column counts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..text import fold

SHORTEST = 4
"""Letters that a file's name must have to be taken for a noun."""


@dataclass(frozen=True)
class Nouns:
    """Kinds of items that are known, and what tells nothing: `vocabularies/columns.toml`."""

    kinds: Sequence[Mapping[str, Any]]
    plain: frozenset[str]
    units: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def kind(self, name: str, columns: Sequence[str]) -> dict[str, Any]:
        """What the items are called, by the words in the catalog's and the columns' names.

        "albums.csv" holds albums, though most tables of music hold songs. What no kind knows is
        called as the file or its id: "cheeses.csv" and `cheese_id` hold cheeses.
        """
        own = fold(name).split()
        headers = [_words(column) for column in columns]
        words = {*own, *("".join(header) for header in headers)}
        words.update(word for header in headers for word in header if word != "id")
        best = max(self.kinds, key=lambda kind: _fit(kind, words, own))
        if not words.intersection(best["words"]):
            return self._unknown(own, headers)
        found = dict(best)
        ids = [header[0] for header in headers if len(header) == 2 and header[1] == "id"]
        for one, many in best.get("nouns", {}).items():
            if {one, many} & {*own[-1:], *ids[:1]}:
                found |= {"item": one, "items": many}
                break
        return found

    def _unknown(self, own: Sequence[str], headers: Sequence[Sequence[str]]) -> dict[str, Any]:
        """The noun that the name of the file, or of the ids, is."""
        ids = [header[0] for header in headers if len(header) == 2 and header[1] == "id"]
        for word in (*own[-1:], *ids[:1]):
            one = _single(word)
            usable = word.isalpha() and word.isascii() and len(word) >= SHORTEST
            if usable and not {word, one} & self.plain and (word != one or word in ids):
                many = word if word != one else f"{one}s"
                return {"item": one, "items": many, "aliases": (one, many)}
        return {}

    def unit(self, header: str) -> str:
        """The unit that the last word of a header names ("cook_time_min"), or ""."""
        words = _words(header)
        if len(words) < 2:
            return ""
        return next((unit for unit, names in self.units.items() if words[-1] in names), "")


def _fit(kind: Mapping[str, Any], words: set[str], own: Sequence[str]) -> tuple[int, int]:
    known = set(kind["words"])
    return 3 * len(known & set(own)) + len(words & known), len(known & set(own))


def _words(header: str) -> list[str]:
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header)
    return fold(split.replace("_", " ")).split()


def _single(word: str) -> str:
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us")) else word
