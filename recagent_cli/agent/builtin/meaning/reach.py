"""Where a negation ends before what is wanted again: "no gore directed by John Carpenter"."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ..readers.spans import Span
from ..words.lexicon import Lexicon
from ..words.tokens import Text

_LONGEST_CUE = 3
_NOUNS = ("value", "compound", "item", "count")
_WANTED = frozenset("something anything stuff one ones".split())
_JOINING = frozenset("and or nor but".split())
_EMPTY = ("act", "item", "lead")


class Reach:
    """Tells where a negation that follows a wanted noun ends: at the next thing said of that noun.

    Nothing said of the negated noun itself is cut off: in "no films directed by Nolan" there is no
    other, and in "comedies, but no sequels from the 80s" the comedies are out of reach.

    Args:
        text: the turn.
        spans: its readings.
        cues: phrases of the schema that lead to people.
        lexicon: phrases that begin a new description, stop words.
        items: words for items.
    """

    def __init__(
        self,
        text: Text,
        spans: Sequence[Span],
        cues: Mapping[str, Collection[str]],
        lexicon: Lexicon,
        items: frozenset[str],
    ) -> None:
        self._text = text
        self._stop = lexicon.stop | items | _WANTED
        self._read = {i for s in spans if s.kind not in _EMPTY for i in range(s.start, s.end)}
        wanted = {i for s in spans if s.kind in _NOUNS for i in range(s.start, s.end)}
        named = items | _WANTED
        self._wanted = wanted | {i for i, word in enumerate(text.words) if word in named}
        self._people = {i for s in spans if s.kind == "person" for i in range(s.start, s.end)}
        self._bounds = {s.start for s in spans if s.kind == "period"}
        self._bounds |= {
            start for s in spans if s.kind == "person" for start in _led(text, s, cues)
        }
        self._bounds |= {
            i
            for i in range(len(text.words))
            for size in (1, 2, 3)
            if text.phrase(i, i + size) in lexicon.bounds and i not in self._read - self._bounds
        }

    def ends(self, cue: int, start: int, at: int) -> bool:
        """Whether the negation of the words from `start` ends before the word `at`.

        Args:
            cue: where the negation stands.
            start: its first negated word.
            at: the word in question, behind `start`.
        """
        text = self._text
        if at not in self._bounds or text.words[at - 1] in _JOINING:
            return False
        held = range(start, at)
        if not any(i in self._read or text.words[i] not in self._stop for i in held):
            return False  # "movies not directed by …", "no movies from …"
        first = cue
        while first and not text.begins_sentence(first):
            first -= 1
        apart = "," in text.gap(cue) or (cue > 0 and text.words[cue - 1] in _JOINING)
        if apart and not self._people.intersection(held):
            return False
        return any(i in self._wanted for i in range(first, cue))


def _led(text: Text, span: Span, cues: Mapping[str, Collection[str]]) -> list[int]:
    """Where a cue that leads to a person begins, the longest first."""
    sizes = range(min(_LONGEST_CUE, span.start), 0, -1)
    starts = (span.start - size for size in sizes)
    return [i for i in starts if text.phrase(i, span.start) in cues][:1]
