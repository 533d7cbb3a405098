"""Slips of the fingers in words that are no titles: kinds, surnames, the words of asking."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from recagent_catalogs.schema import Role

from ..words.lexicon import key_of, singular
from ..words.tokens import Text
from .people import Person, nearest
from .spans import Span

if TYPE_CHECKING:
    from ..meaning.reader import Reader

MOST = 20
"""So many unused words of a turn are looked at."""
LEAST = {"kind": 5, "name": 6, "asking": 6}
"""Letters that a word must have to be taken for another one."""
_IDLE_LONG = 9


class Slips:
    """Mends single words that nothing else could read."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.asks = lru_cache(maxsize=10_000)(self._asks)
        """Whether a word is a slipped word of asking ("somthing", "reccommend")."""

    @cached_property
    def _kinds(self) -> dict[str, Span]:
        """Single words of broad kinds, for mending slips like "comdey"."""
        found: dict[str, Span] = {}
        for key, values in self._reader.vocabulary.values.items():
            broad = tuple(v for v in values if v.role is Role.CATEGORIES)
            if broad and " " not in key and len(key) >= LEAST["kind"]:
                found[key] = Span(0, 1, "value", broad, 3.0)
        return found

    @cached_property
    def _asking(self) -> list[str]:
        lexicon = self._reader.lexicon
        words = lexicon.stop | lexicon.filler | self._reader.items
        return sorted(word for word in words if len(word) >= LEAST["asking"])

    def _asks(self, word: str) -> bool:
        lexicon = self._reader.lexicon
        if len(word) < LEAST["asking"] or word in lexicon.common or not word.isalpha():
            return False
        reach = 2 if len(word) >= _IDLE_LONG else 1
        near = nearest(word, self._asking, reach)
        return near is not None and not len(self._reader.catalog.search(word, 1)[0])

    def spans(self, text: Text, free: Collection[int]) -> Iterator[Span]:
        """Unused words read as kinds or people that are spelt nearly so."""
        lexicon = self._reader.lexicon
        for i in sorted(free)[:MOST]:
            word = singular(text.words[i])
            if (
                len(word) < LEAST["kind"]
                or word in lexicon.common
                or text.words[i] in lexicon.acts
                or key_of(word) in self._reader.vocabulary.columns
            ):
                continue
            if text.mixed_case and text.tokens[i].capital and not text.begins_sentence(i):
                continue
            near = nearest(word, list(self._kinds), 2 if len(word) >= 8 else 1)
            if near is not None:
                yield Span(i, i + 1, "value", self._kinds[near].data, 3.0)
            elif person := self._surname(text, i):
                yield Span(i, i + 1, "person", person, 3.0)

    def _surname(self, text: Text, index: int) -> Person | None:
        """A surname that is spelt nearly so, where one is to be expected."""
        word, reader = text.words[index], self._reader
        if len(word) < LEAST["name"] or not self._names_maker(text.words, index):
            return None
        if len(reader.catalog.search(word, 1)[0]):
            return None  # a word of the catalog's text is no slip
        return reader.people.slipped(word)

    def _names_maker(self, words: Sequence[str], index: int) -> bool:
        """Whether a word for items or a kind follows ("a hitchcok thriller"), or "by" is before."""
        after = words[index + 1] if index + 1 < len(words) else ""
        before = words[index - 1] if index else ""
        kind = any(
            v.role is Role.CATEGORIES for v in self._reader.vocabulary.values.get(key_of(after), ())
        )
        return after in self._reader.items or kind or before in ("by", "from")
