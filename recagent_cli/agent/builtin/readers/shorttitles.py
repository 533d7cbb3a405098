"""Short ways to say a title: its subtitle ("Skyrim"), its initials ("botw"), words run together."""

from __future__ import annotations

import re
from functools import cached_property

from recagent_catalogs.schema import Role
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import fold
from recagent_catalogs.title_index import TitleMatch

from ..words.lexicon import Lexicon

SCORE = 95.0
MOST = 20_000
"""Initials of more titles than this are not looked at."""
_INITIALS = range(3, 7)
"""Letters that initials may have."""
_GLUED = 6
"""Letters that a word must have to be two run together."""
_LONGEST = 40
"""Letters of the longest word that is looked at: every cut of it is looked up."""
_SMALL = frozenset(("the", "a", "an"))
_HEAD = re.compile(r"[:–—]|\s-\s")


class ShortTitles:
    """Finds the item that is meant by a short form of its title.

    Args:
        catalog: whose titles.
        lexicon: ordinary words: what is made of them alone is no short form.
    """

    def __init__(self, catalog: Catalog, lexicon: Lexicon) -> None:
        self._catalog = catalog
        self._plain = lexicon.common | lexicon.stop | lexicon.filler
        self._title = catalog.schema.one(Role.TITLE)

    def find(self, typed: str) -> TitleMatch | None:
        """The item of which this is a short form, or None."""
        folded = fold(typed)
        words = folded.split()
        if not words or all(word in self._plain for word in words):
            return None
        row = self._subtitle(folded)
        if row is None and len(words) == 1 and len(folded) in _INITIALS:
            row = self._initials.get(folded)
        if row is None:
            row = self._run_together(words)
        if row is None:
            return None
        item = self._catalog.items([row])[0]
        return TitleMatch(row, item.title, item.year, SCORE, False)

    def _subtitle(self, folded: str) -> int | None:
        """The one title, or the first of its series, that ends in these words after a colon."""
        if self._title is None:
            return None
        rows = self._catalog.rows_with_text(self._title.name, folded)[:50]
        found = []
        for item in self._catalog.items([int(row) for row in rows]):
            head, *rest = _HEAD.split(item.title, maxsplit=1)
            whole, tail = fold(item.title), fold(rest[0]) if rest else ""
            # "Zelda: Ocarina of Time" begins within the head and ends with the title.
            within = tail and whole.endswith(f" {folded}") and len(folded) > len(tail)
            if tail == folded or within:
                found.append(item.row)
        return found[0] if len(found) == 1 else None

    def _run_together(self, words: list[str]) -> int | None:
        """The title of which two words were written as one ("halflife 2")."""
        for place, word in enumerate(words):
            if not _GLUED <= len(word) <= _LONGEST or word in self._plain:
                continue
            for cut in range(3, len(word) - 2):
                parted = [*words[:place], word[:cut], word[cut:], *words[place + 1 :]]
                if rows := self._catalog.titles.exact(" ".join(parted)):
                    return int(rows[0])
        return None

    @cached_property
    def _initials(self) -> dict[str, int]:
        """Initials of titles, of what stands after their colon, and of series, to the best known.

        What several well-known items share means none of them.
        """
        catalog, found = self._catalog, dict[str, list[int]]()
        if catalog.n_items > MOST:
            return {}
        for item in catalog.items(range(catalog.n_items)):
            _, *rest = _HEAD.split(item.title, maxsplit=1)
            for part in (item.title, *rest):
                for letters in _letters(part):
                    found.setdefault(letters, []).append(item.row)
        for column in catalog.schema.with_role(Role.GROUP):
            words = catalog.words(column.name)
            for value in words.values:
                rows = words.rows_with(value)
                first = min(rows.tolist(), key=lambda row: (_year(catalog, row), row))
                for letters in _letters(value):
                    found[letters] = [first]
        return {letters: rows[0] for letters, rows in found.items() if len(set(rows)) == 1}


def _year(catalog: Catalog, row: int) -> int:
    return catalog.items([row])[0].year or 9999


def _letters(name: str) -> set[str]:
    """The initials of a name of several words, with and without an article before it."""
    words = fold(name).split()
    forms = {"".join(word[0] for word in words)}
    if words and words[0] in _SMALL:
        forms.add("".join(word[0] for word in words[1:]))
    return {letters for letters in forms if len(letters) in _INITIALS and letters.isalpha()}
