"""Known themes that are no value of the catalog: searched for in its text, in words it has.

A table of books without tags still tells of a dystopia in its descriptions; "dystopian" finds none.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from functools import lru_cache

from recagent_catalogs.store import Catalog

from ..words.lexicon import Lexicon, key_of, singular
from ..words.tokens import Text
from .spans import Span

LONGEST = 4
"""Words in the longest theme."""
MANY = 500
"""More hits than this are not counted."""
CUES = frozenset("about with of on featuring involving without no".split())


class ThemeReader:
    """Finds themes of the lexicon that the catalog has only in its text.

    Args:
        catalog: whose text is searched.
        lexicon: groups of words that mean the same theme.
        known: keys of phrases that are values of the catalog; their groups are no themes.
    """

    def __init__(self, catalog: Catalog, lexicon: Lexicon, known: Container[str]) -> None:
        self._search = catalog.search
        self._lexicon = lexicon
        self._groups: dict[str, tuple[str, ...]] = {}
        for group in lexicon.kinds:
            keys = [key_of(word) for word in group]
            if not any(key in known for key in keys):
                for key in keys:
                    self._groups.setdefault(key, group)
        self._words = lru_cache(maxsize=1_000)(self._find)

    def spans(self, text: Text, items: Container[str]) -> Iterator[Span]:
        """Every believable reading as a theme; data is what to search for."""
        words = text.words
        for start in range(len(words)):
            for end in range(start + 1, min(start + LONGEST, len(words)) + 1):
                if text.tokens[end - 1].sentence != text.tokens[start].sentence:
                    break
                head = " ".join(words[start : end - 1])
                last = singular(words[end - 1])
                key = f"{head} {last}" if head else last
                if key not in self._groups or not self._believed(text, start, end, items):
                    continue
                if found := self._words(key, text.phrase(start, end)):
                    yield Span(start, end, "theme", found, 2.5 + 1.2 * (end - start - 1))

    def _believed(self, text: Text, start: int, end: int, items: Container[str]) -> bool:
        """Whether the words are rare, or stand where a theme does ("a dog book", "about dogs")."""
        lexicon = self._lexicon
        if end - start > 1:
            return True
        if any(w not in lexicon.common and w not in lexicon.stop for w in text.words[start:end]):
            return True
        after = text.words[end] if end < len(text.words) else ""
        before = text.words[start - 1] if start else ""
        return after in items and after not in ("one", "ones") or before in CUES

    def _find(self, key: str, typed: str) -> str:
        """The words of the theme that the text holds: as typed, else the commonest; or ""."""
        if self._all(typed):
            return typed
        counts = {word: self._all(word) for word in self._groups[key]}
        best = max(counts, key=lambda word: counts[word])
        return best if counts[best] else ""

    def _all(self, phrase: str) -> int:
        """How many items hold all the words."""
        rows: set[int] | None = None
        for word in phrase.split():
            found = set(self._search(word, MANY)[0].tolist())
            rows = found if rows is None else rows & found
        return len(rows or ())
