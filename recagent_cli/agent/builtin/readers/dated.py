"""Names with their year in brackets: "Nothing to Hide (2019)" is one name, whatever it consists of.

Nobody writes a wish for a period so; and a name of which the catalog knows only a part is not that
part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..words.lexicon import Lexicon
from ..words.tokens import Text
from .spans import Span

SCORE = 9.5
"""Above every reading of its words, below titles that are known with that year, and quotes."""
LONGEST = 9
CUES = frozenset(
    "like liked likes love loved enjoyed hated seen saw watched played read finished called "
    "titled named to about of".split()
)
_YEAR = re.compile(r"(?:18|19|20)\d\d")
_LISTING = frozenset(("and", "or", "then", "also"))


class DatedNames:
    """Finds names by the year in brackets behind them.

    Args:
        lexicon: stop words, words of asking.
        items: words for items in general.
    """

    def __init__(self, lexicon: Lexicon, items: frozenset[str]) -> None:
        self._lexicon = lexicon
        self._items = items

    def spans(self, text: Text, found: Sequence[Span]) -> Iterator[Span]:
        """A "name" for each, its year within; none where a title with that year is found.

        Args:
            text: the request.
            found: readings so far.
        """
        known = {s.end - 1 for s in found if s.kind == "title" and s.data.year}
        for place in range(1, len(text.words)):
            if not self._bracketed(text, place) or place in known:
                continue
            start = self._start(text, place, found)
            if start < place and self._cued(text, start) and not _read(start, place, found):
                yield Span(start, place + 1, "name", text.as_typed(start, place + 1), SCORE)

    def _bracketed(self, text: Text, place: int) -> bool:
        """Whether a year and nothing else stands in the brackets."""
        token = text.tokens[place]
        behind = text.raw[token.end : token.end + 1]
        return (
            _YEAR.fullmatch(token.word) is not None
            and token.gap.strip() in ("(", "[")
            and behind in (")", "]")
        )

    def _start(self, text: Text, end: int, found: Sequence[Span]) -> int:
        """Where the name before the bracket begins: at a capital, or after a word of asking."""
        first = end - 1
        while first > max(0, end - LONGEST) and self._goes_on(text, first):
            first -= 1
        titles = {s.start: s.end for s in found if s.kind == "title" and s.end < end}
        for i in range(end - 2, first, -1):
            begun = [s for s, e in titles.items() if e == i and s >= first]
            if text.words[i] in _LISTING and begun:
                first = i + 1  # "Whiplash and Spree (2020)"
                break
        while first < end and not self._begins_name(text, first):
            first += 1
        return first

    def _goes_on(self, text: Text, at: int) -> bool:
        """Whether the name may go on to the left of the word."""
        gap = text.gap(at).strip()
        if text.tokens[at].sentence != text.tokens[at - 1].sentence or "," in gap or '"' in gap:
            return False
        before = text.words[at - 1]
        if text.mixed_case and text.tokens[at - 1].capital:
            return True
        return text.mixed_case and (before in self._lexicon.stop or self._joined(text, at - 1))

    def _joined(self, text: Text, at: int) -> bool:
        """Whether a word in lower case stands between two with capitals ("Milk is rarely Blue")."""
        return at > 0 and text.tokens[at - 1].capital and text.words[at - 1] not in ("i", "im")

    def _cued(self, text: Text, start: int) -> bool:
        """Whether a name is to be expected: it has capitals, or stands behind a word of liking."""
        if text.mixed_case or text.tokens[start].capital:
            return True
        before = text.words[start - 1] if start else ""
        return before in CUES or before in self._items

    def _begins_name(self, text: Text, at: int) -> bool:
        """Whether a name can begin here."""
        word, lexicon = text.words[at], self._lexicon
        if text.mixed_case and not text.tokens[at].capital:
            return False
        if text.begins_sentence(at) and (word in lexicon.stop or word in lexicon.filler):
            return word in ("the", "a", "an", "no") or self._capital_behind(text, at)
        return word not in ("i", "im", "ive", "id")

    def _capital_behind(self, text: Text, at: int) -> bool:
        """Whether small words and a capital follow: "Nothing to Hide", not "How about The Last"."""
        stop, place = self._lexicon.stop, at + 1
        while place < len(text.words) and text.words[place] in stop:
            if text.tokens[place].capital:
                return False
            place += 1
        return at + 1 < place < len(text.words) and text.tokens[place].capital


def _read(start: int, end: int, found: Sequence[Span]) -> bool:
    """Whether all of the words are a kind or a period: "thrillers (1990)"."""
    plain = ("value", "compound", "period", "item", "mood", "nation")
    read = {i for s in found if s.kind in plain for i in range(s.start, s.end)}
    return all(i in read for i in range(start, end))
