"""People and makers in a request: full names, and surnames that are unambiguous."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from recagent_catalogs.schema import Column, Role
from recagent_catalogs.store import Catalog

from ..words.caches import cached
from ..words.lexicon import Lexicon, key_of
from ..words.tokens import Text
from ..words.vocabulary import Value
from .familiar import FamiliarNames
from .spans import Span

WELL_KNOWN = 10_000
"""So many of a column's names, the most frequent, may be said by surname or shortened."""
_PARTICLES = frozenset("van von de del della di da la le el al st mac mc bin ten ter".split())
_SIBLINGS = frozenset(("brothers", "bros", "sisters", "siblings"))


@dataclass(frozen=True)
class Person:
    """A name as values of columns of people, the likeliest column first.

    `any_of` where the values are several people of one name ("the coen brothers").
    """

    values: tuple[Value, ...]
    any_of: bool = False


def nearest(word: str, known: Collection[str], reach: int) -> str | None:
    """The known word at so few slips that begins with the same letter."""
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    near = process.extractOne(word, known, scorer=OSA.distance, score_cutoff=reach)
    return near[0] if near is not None and near[0][0] == word[0] else None


def _short_forms(name: str, company: frozenset[str]) -> Iterator[str]:
    """A folded name without the words of a firm, with initials run together or left out."""
    words = name.split()
    kept = len(words)
    while kept > 1 and words[kept - 1] in company:
        kept -= 1
    if kept < len(words):
        yield " ".join(words[:kept])
        return
    initials = 0
    while initials < len(words) - 1 and len(words[initials]) == 1:
        initials += 1
    if initials > 1:
        yield "".join(words[:initials]) + " " + " ".join(words[initials:])
    full = [word for word in words if len(word) > 1]
    if 1 < len(full) < len(words):
        yield " ".join(full)
    for place in range(1, len(words) - 1):
        if words[place] in _PARTICLES and len(words[place - 1]) > 0:
            yield " ".join(words[place:])
            break


class PeopleReader:
    """Finds the names of a catalog's people.

    Args:
        catalog: whose people.
        lexicon: ordinary words.
        cues: phrase that points to a column, to names of columns.
        values: what the other columns hold, by `key_of`; no maker is called by that for short.
    """

    def __init__(
        self,
        catalog: Catalog,
        lexicon: Lexicon,
        cues: dict[str, list[str]],
        values: Mapping[str, Sequence[Value]],
    ) -> None:
        self._catalog = catalog
        self._lexicon = lexicon
        self._cues = cues
        self._values = values
        self._places = frozenset(
            place for nation in lexicon.nations for place in (*nation.names, *nation.words)
        )
        self.columns: tuple[Column, ...] = catalog.schema.with_role(Role.PEOPLE)
        self._cached_names = cached(20_000)(self._named_in)
        self.near = cached(1_000)(self._nearest)
        """The person whose name is nearest to what was typed, with a score of 0-100."""
        self._strange: frozenset[str] = frozenset()

    def _named_in(self, folded: str) -> list[Value]:
        found = []
        for column in self.columns:
            words = self._catalog.words(column.name)
            if (code := words.code_of(folded)) is not None:
                count = int(words.counts[code])
                found.append(Value(column.name, words.value(code), Role.PEOPLE, count))
        return found

    def _named(self, folded: str) -> list[Value]:
        """The values of that name, one a column."""
        return list(self._cached_names(folded))

    @cached_property
    def _well_known(self) -> list[str]:
        """The folded names whose surnames and short forms are understood, each once."""
        parts = (self._catalog.words(c.name).best_known(WELL_KNOWN) for c in self.columns)
        return list(dict.fromkeys(name for part in parts for name in part))

    def _unknown(self, text: Text) -> frozenset[str]:
        """The phrases of the text that are no names, as far as large columns tell; at once."""
        large = [w for c in self.columns if (w := self._catalog.words(c.name)).large]
        if not large or len(large) < len(self.columns):
            return frozenset()
        n = len(text.words)
        phrases = [text.phrase(s, e) for s in range(n) for e in range(s + 1, min(s + 5, n) + 1)]
        phrases += [phrase[:-1] for phrase in phrases if phrase.endswith("s")]
        known = np.any([words.known(phrases) for words in large], axis=0) if phrases else ()
        return frozenset(name for name, found in zip(phrases, known, strict=True) if not found)

    @cached_property
    def _surnames(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for folded in self._well_known:
            last = folded[folded.rfind(" ") + 1 :]
            if len(folded) > len(last) > 2 and last not in self._lexicon.company:
                found.setdefault(last, []).append(folded)
        return found

    @cached_property
    def _short(self) -> dict[str, list[str]]:
        """Other ways to say a name, to the names: "le guin", "jrr tolkien", "supergiant"."""
        found: dict[str, list[str]] = {}
        for folded in self._well_known:
            for short in _short_forms(folded, self._lexicon.company):
                found.setdefault(short, []).append(folded)
        return found

    def _shortened(self, phrase: str) -> list[Value]:
        """The values of the one person or maker of whom this is a short form."""
        names = [name for name in self._short.get(phrase, ()) if name != phrase]
        if len(names) > 1:
            names = sorted(names, key=lambda name: -self._count(name))
            if self._count(names[0]) < 3 * self._count(names[1]):
                return []
        return self._named(names[0]) if names else []

    def spans(self, text: Text) -> Iterator[Span]:
        """Every reading of a stretch as a known person; data is a `Person`."""
        if not self.columns:
            return
        words = text.words
        self._strange = self._unknown(text)
        for start in range(len(words)):
            for end in range(start + 1, min(start + 5, len(words)) + 1):
                values = self._find(text, start, end)
                if values:
                    person = self._ranked(values, text, start, end)
                    yield Span(start, end, "person", person, self._score(text, start, end, values))
            if family := self._family(text, start):
                yield Span(start, start + 2, "person", Person(family, True), 5.5)
            if values := self._surname(text, start):
                score = 2.7 + self._pointed(text, start, start + 1)
                person = self._ranked(values, text, start, start + 1)
                yield Span(start, start + 1, "person", person, score)
        yield from self._called(text)

    @cached_property
    def _familiar(self) -> FamiliarNames:
        return FamiliarNames(self._well_known, self._count, self._lexicon)

    def _called(self, text: Text) -> Iterator[Span]:
        """People who are not called by a name of the catalog as it stands."""
        pointed = partial(self._pointed, text)
        for span in self._familiar.spans(text, pointed):
            values = self._named(span.data)
            person = self._ranked(values, text, span.start, span.end)
            score = span.score + pointed(span.start, span.end) * (len(span) > 1)
            yield Span(span.start, span.end, "person", person, score)

    def _find(self, text: Text, start: int, end: int) -> list[Value]:
        phrase = text.phrase(start, end)
        values = [] if phrase in self._strange else self._named(phrase)
        if not values and end - start > 1 and phrase.endswith("s"):
            values = (
                [] if phrase[:-1] in self._strange else self._named(phrase[:-1])
            )  # "spike lees films"
        if not values and (self._pointed(text, start, end) > 1 or not self._holds(phrase)):
            values = self._shortened(phrase)
        if not values:
            return []
        if end - start == 1 and not self._single(text, start):
            return []
        return values

    def _holds(self, phrase: str) -> bool:
        """Whether another column has that very value: "open world" is a tag, no studio."""
        return any(value.role is not Role.GROUP for value in self._values.get(key_of(phrase), ()))

    def _single(self, text: Text, index: int) -> bool:
        """Whether a name of one word ("Madonna", "Valve") is to be believed here."""
        word = text.words[index]
        lexicon = self._lexicon
        if word in lexicon.stop or word in lexicon.filler:
            return False
        if word in lexicon.common:
            return self._pointed(text, index, index + 1) > 1
        return True

    def _score(self, text: Text, start: int, end: int, values: list[Value]) -> float:
        base = 5.0 + 0.6 * (end - start - 2) if end - start > 1 else 2.6
        return base + self._pointed(text, start, end)

    def _pointed(self, text: Text, start: int, end: int) -> float:
        before = text.words[max(0, start - 3) : start]
        score = 0.0
        if before and (
            before[-1] in self._lexicon.before_names
            or (
                before[-1] in ("and", "or") and any(w in self._lexicon.before_names for w in before)
            )
        ):
            score += 1.4
        if end < len(text.words) and text.words[end] in self._lexicon.after_names:
            score += 0.7
        if text.mixed_case:
            score += 0.5 if all(text.tokens[i].capital for i in range(start, end)) else -0.5
        return score

    def _surname(self, text: Text, index: int) -> list[Value]:
        word = text.words[index]
        lexicon = self._lexicon
        if word in lexicon.stop or word in lexicon.filler:
            return []
        names = self._surnames.get(word)
        after = text.words[index + 1] if index + 1 < len(text.words) else ""
        if (
            word in lexicon.given
            and after
            and not text.begins_sentence(index + 1)
            and not (after in lexicon.stop or after in lexicon.filler or after in lexicon.generic)
        ):
            return []  # the first name of somebody else
        if text.phrase(index, index + 1) in self._places and not self._pointed(
            text, index, index + 1
        ):
            return []
        if names is None and word.endswith("s"):
            names, word = self._surnames.get(word[:-1]), word[:-1]
        if not names or word in lexicon.common and self._pointed(text, index, index + 1) < 1.4:
            return []
        if text.mixed_case and not text.tokens[index].capital or self._part_of_name(text, index):
            return []
        pointed = set(self._pointed_columns(text, index, index + 1))
        fitting = [name for name in names if pointed & {v.column for v in self._named(name)}]
        ranked = sorted(fitting or names, key=lambda name: -self._count(name))
        # One person far better known than the namesakes is who is meant.
        if len(ranked) > 1 and self._count(ranked[0]) < 3 * self._count(ranked[1]):
            return []
        return self._named(ranked[0]) if self._count(ranked[0]) >= 2 or len(ranked) == 1 else []

    def slipped(self, word: str) -> Person | None:
        """The well-known person whose surname is spelt nearly so."""
        near = nearest(word, list(self._surnames), 2 if len(word) >= 9 else 1)
        if near is None:
            return None
        ranked = sorted(self._surnames[near], key=lambda name: -self._count(name))
        if len(ranked) > 1 and self._count(ranked[0]) < 3 * self._count(ranked[1]):
            return None
        return Person(tuple(self._named(ranked[0]))) if self._count(ranked[0]) > 1 else None

    def _family(self, text: Text, index: int) -> tuple[Value, ...]:
        """Siblings who work together, of one column: "the coen brothers"."""
        if index + 1 >= len(text.words) or text.words[index + 1] not in _SIBLINGS:
            return ()
        found: dict[str, list[Value]] = {}
        for name in self._surnames.get(text.words[index], ()):
            for value in self._named(name):
                found.setdefault(value.column, []).append(value)
        several = [values for values in found.values() if len(values) > 1]
        if not several:
            return ()
        best = max(several, key=lambda values: sum(v.count for v in values))
        most = max(v.count for v in best)
        return tuple(v for v in best if v.count * 2 >= most)

    def _part_of_name(self, text: Text, index: int) -> bool:
        """Whether a word that nobody knows stands before: then it is another name's end."""
        if not index or text.begins_sentence(index) or "," in text.gap(index):
            return False
        before, lexicon = text.words[index - 1], self._lexicon
        known = before in lexicon.stop or before in lexicon.filler or before in lexicon.common
        known = (
            known
            or before in lexicon.before_names
            or before in lexicon.moods
            or before in lexicon.qualities
        )
        return not known and not before.isdigit()

    def _count(self, name: str) -> int:
        return max(value.count for value in self._named(name))

    def _ranked(self, values: list[Value], text: Text, start: int, end: int) -> Person:
        """The values of one name, that of the column meant first."""
        first = self.column_for(Person(tuple(values)), text, start, end)
        return Person((first, *(value for value in values if value != first)))

    def column_for(self, person: Person, text: Text, start: int, end: int) -> Value:
        """The column meant: one that a cue points to, else where the person stands most often."""
        pointed = self._pointed_columns(text, start, end)
        for name in pointed:
            for value in person.values:
                if value.column == name:
                    return value
        return max(person.values, key=lambda value: value.count)

    def _pointed_columns(self, text: Text, start: int, end: int) -> list[str]:
        found: list[str] = []
        for size in (3, 2, 1):
            for back in range(5):
                begin = start - size - back
                if begin < 0:
                    continue
                between = text.words[begin + size : start]
                names = self._cues.get(text.phrase(begin, begin + size), ())
                if names and (
                    not between
                    or all(
                        w in ("the", "and", "or", "a")
                        or w in self._lexicon.generic
                        or w.isalpha()
                        and back < 5
                        and "and" in between
                        for w in between
                    )
                ):
                    found.extend(names)
            if end + size <= len(text.words):
                found.extend(self._cues.get(text.phrase(end, end + size), ()))
                for cue, names in self._cues.items():
                    if (
                        size == 1
                        and cue.endswith(" by")
                        and text.words[end] in (cue[:-3], cue[:-4])
                    ):
                        found.extend(names)
        return found

    def _nearest(self, typed: str) -> tuple[Value, float] | None:
        best: tuple[Value, float] | None = None
        for column in self.columns:
            words = self._catalog.words(column.name)
            for value, score in words.near(typed, 1):
                code = words.code(value)
                if code is not None and (best is None or score > best[1]):
                    best = (Value(column.name, value, Role.PEOPLE, int(words.counts[code])), score)
        return best
