"""Names as people call somebody they know of: "Denzel", "Arnie", "P. T. Anderson", "bil murray"."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from ..words.lexicon import Lexicon
from ..words.tokens import Text
from .spans import Span

FULL, ALONE = 5.0, 2.7
CLEARLY = 3
"""How many times more items than the next one of that name somebody has who is meant by it."""
LEAST = 6
"""Items of somebody who may be called by the given name alone."""
SHORTEST = 3
_OWN = frozenset(("my", "our", "his", "her", "their", "friend", "named", "called", "im", "am"))
LONG = 8
"""Letters from which on a word may have two slips."""


class FamiliarNames:
    """Finds well-known people by given names, short names, initials, and names with a slip.

    Args:
        names: the folded names of well-known people.
        count: how many items a name stands with.
        lexicon: given names, short names, ordinary words.
    """

    def __init__(self, names: Iterable[str], count: Callable[[str], int], lexicon: Lexicon) -> None:
        self._count = count
        self._lexicon = lexicon
        self._first: dict[str, list[str]] = {}
        self._last: dict[str, list[str]] = {}
        self._all = frozenset(names)
        self._places = frozenset(name for nation in lexicon.nations for name in nation.names)
        for name in self._all:
            first, *rest = name.split()
            if rest and rest[-1] not in lexicon.company:
                self._first.setdefault(first, []).append(name)
                self._last.setdefault(rest[-1], []).append(name)

    def spans(self, text: Text, pointed: Callable[[int, int], float]) -> Iterator[Span]:
        """Readings as names, the data a folded name; what is no name as it stands.

        Args:
            text: the turn.
            pointed: how much the words around a stretch speak for a name.
        """
        for start in range(len(text.words)):
            for end in range(start + 2, min(start + 4, len(text.words)) + 1):
                if self._joined(text, start, end) and (name := self._full(text.words[start:end])):
                    yield Span(start, end, "person", name, FULL)
            name = self._given_alone(text, start, pointed)
            if name is not None:
                score = ALONE + pointed(start, start + 1) + self._over_surnames(text, start, name)
                yield Span(start, start + 1, "person", name, score)

    def _over_surnames(self, text: Text, index: int, name: str) -> float:
        """What speaks for somebody better known than all who have the word for a surname."""
        others = [self._count(other) for other in self._last.get(text.words[index], ())]
        return 0.4 if self._count(name) > CLEARLY * max(others, default=0) else -0.4

    def _joined(self, text: Text, start: int, end: int) -> bool:
        return not any(
            "," in text.gap(i) or text.begins_sentence(i) and len(text.words[i - 1]) > 1
            for i in range(start + 1, end)
        )

    def _plain(self, word: str) -> bool:
        lexicon = self._lexicon
        return word in lexicon.stop or word in lexicon.filler or word in lexicon.generic

    def _full(self, words: Sequence[str]) -> str | None:
        """The one person meant by a short name, initials or a slip before or in a surname."""
        *given, last = words
        if self._plain(last) or len(last) < SHORTEST or " ".join(words) in self._all:
            return None
        if last in self._last:
            fitting = [n for n in self._last[last] if self._gives(given, n.split()[:-1])]
            return self._clearest(fitting)
        if len(words) > 1 and given[0] in self._lexicon.given and last not in self._lexicon.common:
            firsts = (given[0], *self._lexicon.nicknames.get(given[0], ()))
            near = [n for first in firsts for n in self._first.get(first, ())]
            return self._clearest([n for n in near if self._same_rest(list(words[1:]), n)])
        return None

    def _gives(self, typed: Sequence[str], wanted: Sequence[str]) -> bool:
        """Whether the words before a surname are short for, or a slip of, the given names."""
        while min(len(typed), len(wanted)) > 1 and typed[-1] == wanted[-1]:  # "bob de niro"
            typed, wanted = typed[:-1], wanted[:-1]
        letters = "".join(typed)
        if letters == "".join(word[0] for word in wanted) and len(letters) > 1:
            return all(len(word) == 1 for word in typed) or len(typed) == 1
        if len(typed) != 1 or self._plain(typed[0]):
            return False
        word = typed[0]
        if set(self._lexicon.nicknames.get(word, ())) & {wanted[0]}:
            return True
        known = word in self._lexicon.given or word in self._first or word in self._lexicon.common
        return not known and _slipped(word, wanted[0])

    def _same_rest(self, typed: list[str], name: str) -> bool:
        """Whether the words after a given name are the rest of the name with one slip."""
        rest = [word for word in name.split()[1:] if len(word) > 1]
        if len(rest) != len(typed):
            return False
        different = [(a, b) for a, b in zip(typed, rest, strict=True) if a != b]
        return len(different) <= 1 and all(
            len(a) > SHORTEST and _slipped(a, b) for a, b in different
        )

    def _given_alone(
        self, text: Text, index: int, pointed: Callable[[int, int], float]
    ) -> str | None:
        """Who is meant by a given name or a short one alone ("some Denzel", "leo movies")."""
        word, lexicon = text.words[index], self._lexicon
        if len(word) < SHORTEST or self._plain(word) or word in lexicon.common:
            return None
        if _OWN & set(text.words[max(0, index - 3) : index]) or not self._marked(
            text, index, pointed
        ):
            return None
        after = text.words[index + 1] if index + 1 < len(text.words) else ""
        goes_on = after and not text.begins_sentence(index + 1) and "," not in text.gap(index + 1)
        if goes_on and not self._plain(after):
            return None  # somebody else's first name: "sharon stone" is no other Sharon
        if word in self._places or index and text.words[index - 1] in lexicon.given:
            return None
        firsts = (word, *lexicon.nicknames.get(word, ()))
        people = {name for first in firsts for name in self._first.get(first, ())}
        best = self._clearest(list(people))
        return best if best is not None and self._count(best) >= LEAST else None

    def _marked(self, text: Text, index: int, pointed: Callable[[int, int], float]) -> bool:
        """Whether something besides the word says that it is a name."""
        after = text.words[index + 1 : index + 2]
        named = text.words[index] in self._lexicon.given or (
            text.words[index] in self._lexicon.nicknames
        )
        capital = text.mixed_case and text.tokens[index].capital
        return named and (
            capital
            or pointed(index, index + 1) >= 1.0
            or bool(after and after[0] in self._lexicon.generic)
        )

    def _clearest(self, names: list[str]) -> str | None:
        ranked = sorted(set(names), key=lambda name: (-self._count(name), name))
        if len(ranked) > 1 and self._count(ranked[0]) < CLEARLY * self._count(ranked[1]):
            return None
        return ranked[0] if ranked else None


def _slipped(typed: str, wanted: str) -> bool:
    """Whether a word is another with a slip; people get the first letter right."""
    if len(typed) < SHORTEST or typed[0] != wanted[0]:
        return False
    from rapidfuzz.distance import OSA

    return bool(OSA.distance(typed, wanted) <= (2 if len(typed) >= LONG else 1))
