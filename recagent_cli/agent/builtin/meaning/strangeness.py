"""What a catalog cannot know or does not hold: what people are beside their names; other things."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from recagent_catalogs.schema import Role

from ..readers.spans import Span
from ..words.lexicon import key_of
from ..words.tokens import Text

if TYPE_CHECKING:
    from ..words.lexicon import Lexicon
    from ..words.vocabulary import Vocabulary
    from .reading import Reading

_ARTICLES = frozenset(("a", "an", "the", "some", "all"))


class StrangenessReader:
    """Finds wishes of a kind that no catalog here can meet, so that they can be said.

    Args:
        vocabulary: the catalog's words.
        lexicon: the general words.
    """

    def __init__(self, vocabulary: Vocabulary, lexicon: Lexicon) -> None:
        self._vocabulary = vocabulary
        self._lexicon = lexicon
        people = {key_of(word) for word in lexicon.missing.get("people", ()) if " " not in word}
        columns = vocabulary.columns.items()
        self._makers = people | {key for key, column in columns if column.role is Role.PEOPLE}

    def spans(self, text: Text) -> Iterator[Span]:
        """What people should be ("directed by a woman", "female authors"); kind "trait"."""
        for start, word in enumerate(text.words):
            if word not in self._lexicon.traits:
                continue
            end = start + 1
            while end < len(text.words) and text.words[end] in self._lexicon.traits:
                end += 1
            made = end < len(text.words) and key_of(text.words[end]) in self._makers
            end += made
            first = start
            while first and text.words[first - 1] in _ARTICLES:
                first -= 1
            by = first > 0 and text.words[first - 1] == "by"
            if by:
                first -= 1 + (first > 1 and text.words[first - 2] in self._lexicon.before_names)
            if (by or made) and not self._vocabulary.named(text.phrase(start, end)):
                yield Span(first, end, "trait", text.as_typed(first, end), 7.0)

    def other_things(self, reading: Reading) -> None:
        """Say that there are no books among films, where a book is asked for."""
        text, items = reading.text, self._vocabulary.items
        read = {i for span in reading.spans for i in range(span.start, span.end)}
        for i, word in enumerate(text.words):
            after = text.words[i + 1] if i + 1 < len(text.words) else ""
            if word not in self._lexicon.things or word in items or after in items or i in read:
                continue
            schema = self._vocabulary.schema
            reading.limits.append(f"There are only {schema.items} here ({word!r}).")
            reading.unused = [said for said in reading.unused if said.lower() != word]
            reading.search = [said for said in reading.search if said != word]
            return
