"""A catalog's own words and the lexicons in one table: which phrase may mean what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from recagent_catalogs.schema import WORD_ROLES, Column, Role
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import fold

from .lexicon import Lexicon, key_of, singular
from .spans import Span
from .tokens import Text

LONGEST = 7
"""Words in the longest phrase that is looked up."""
_BASE = {
    Role.CATEGORIES: 3.6,
    Role.FACET: 3.3,
    Role.GROUP: 3.0,
    Role.TAGS: 2.7,
    Role.PEOPLE: 3.0,
}
_ORDER = (Role.CATEGORIES, Role.FACET, Role.PEOPLE, Role.GROUP, Role.TAGS)
WELL_COVERED = 0.4
"""Share of items with a tag from which on a tag is fit for a hard condition."""
ENOUGH = 4
"""Items that a tag must have to be a hard condition."""


@dataclass(frozen=True)
class Value:
    """A value of the catalog's vocabulary; `count` is the number of items that have it."""

    column: str
    value: str
    role: Role
    count: int

    @property
    def pair(self) -> tuple[str, str]:
        """("column", "value"), as wishes carry it."""
        return self.column, self.value


class Vocabulary:
    """Looks up phrases among a catalog's values and the lexicons.

    Args:
        catalog: whose words to use.
        lexicon: the general words.
    """

    def __init__(self, catalog: Catalog, lexicon: Lexicon) -> None:
        self.catalog = catalog
        self.lexicon = lexicon
        self.schema = catalog.schema
        self.items = self._item_words()
        self.values: dict[str, list[Value]] = {}
        self.unknown_nations: dict[str, str] = {}
        for column in self.schema.with_role(*WORD_ROLES):
            if column.role not in (Role.PEOPLE, Role.AUDIENCE):
                self._add_column(column)
        self._add_groups(self.lexicon.kinds, (Role.CATEGORIES, Role.TAGS, Role.FACET))
        self._add_nations()
        self.cues = self._cues()
        self.columns = self._column_words()
        self.pointers = frozenset(word for cue in self.cues for word in cue.split())

    # --- building --------------------------------------------------------------------------------

    def _item_words(self) -> frozenset[str]:
        schema = self.schema
        words = (schema.item, schema.items, *schema.aliases)
        keys = {key_of(word) for word in words} | {fold(word) for word in words}
        return frozenset(keys | {"one", "ones"} - {""})

    def _add_column(self, column: Column) -> None:
        words = self.catalog.words(column.name)
        idle = self.lexicon.stop | self.lexicon.filler
        for folded, value, count in zip(words.folded, words.values, words.counts, strict=True):
            parts = folded.split()
            if len(parts) > LONGEST or all(part in idle or part in self.items for part in parts):
                continue
            self._add(folded, Value(column.name, value, column.role, int(count)))
        known = self.schema.vocabularies.get(column.name)
        for word, wanted in known.synonyms.items() if known else ():
            if (code := words.code(wanted)) is not None:
                entry = Value(column.name, wanted, column.role, int(words.counts[code]))
                self._add(word, entry)

    def _add(self, phrase: str, value: Value) -> None:
        entries = self.values.setdefault(key_of(phrase), [])
        if value not in entries:
            entries.append(value)

    def _add_groups(self, groups: Iterable[Sequence[str]], roles: Sequence[Role]) -> None:
        for group in groups:
            found = self._first_known(group, roles)
            for word in group if found else ():
                known = self.values.get(key_of(word), [])
                if not any(value.role is found.role for value in known if found):
                    self._add(word, found) if found else None

    def _first_known(self, group: Sequence[str], roles: Sequence[Role]) -> Value | None:
        for role in roles:
            for word in group:
                for value in self.values.get(key_of(word), ()):
                    if value.role is role:
                        return value
        return None

    def _add_nations(self) -> None:
        for group in self.lexicon.nations:
            found = self._first_known(group, (Role.FACET, Role.TAGS))
            if found is not None:
                for word in group:
                    if not any(v.role is found.role for v in self.values.get(key_of(word), ())):
                        self._add(word, found)
            else:
                self.unknown_nations.update((key_of(word), group[0]) for word in group)

    def _cues(self) -> dict[str, list[str]]:
        """Phrase that points to a column, to the columns' names."""
        found: dict[str, list[str]] = {}
        for column in self.schema.columns:
            for cue in column.cues:
                found.setdefault(fold(cue), []).append(column.name)
        return found

    def _column_words(self) -> dict[str, Column]:
        """Word for a column ("directors", "runtime"), to the column."""
        found: dict[str, Column] = {}
        for column in self.schema.columns:
            for word in (column.name.replace("_", " "), column.label, *column.aliases):
                if word:
                    found.setdefault(key_of(word), column)
        return found

    # --- finding ---------------------------------------------------------------------------------

    def named(self, name: str) -> list[Value]:
        """The values that a lexicon's name stands for, at most one a column."""
        found: dict[str, Value] = {}
        for value in self.values.get(key_of(name), ()):
            found.setdefault(value.column, value)
        return list(found.values())

    def pairs(self, names: Iterable[str], at_most: int = 8) -> tuple[tuple[str, str], ...]:
        """("column", "value") of those of the names that this catalog has."""
        found = dict.fromkeys(value.pair for name in names for value in self.named(name))
        return tuple(found)[:at_most]

    @cached_property
    def hard_tags(self) -> bool:
        """Whether tags cover the catalog well enough for hard conditions."""
        column = self.schema.one(Role.TAGS)
        if column is None:
            return False
        indptr = self.catalog.words(column.name).forward()[0]
        tagged = int((indptr[1:] > indptr[:-1]).sum())
        return tagged >= WELL_COVERED * max(self.catalog.n_items, 1)

    def fits_condition(self, value: Value) -> bool:
        """Whether a hard condition on this value is sensible."""
        return value.role is not Role.TAGS or (self.hard_tags and value.count >= ENOUGH)

    def spans(self, text: Text) -> list[Span]:
        """Every reading of every stretch as a value or a lexicon's entry."""
        found: list[Span] = []
        words = text.words
        for start in range(len(words)):
            for end in range(start + 1, min(start + LONGEST, len(words)) + 1):
                if end - start > 1 and text.tokens[end - 1].sentence != text.tokens[start].sentence:
                    break
                head = " ".join(words[start : end - 1])
                key = f"{head} {singular(words[end - 1])}" if head else singular(words[start])
                self._readings(found, key, start, end)
        return found

    def _readings(self, found: list[Span], key: str, start: int, end: int) -> None:
        extra = 1.2 * (end - start - 1)
        lexicon = self.lexicon
        if values := self.values.get(key):
            score = max(_BASE[value.role] for value in values) + extra
            found.append(Span(start, end, "value", tuple(values), score))
        if (mood := lexicon.moods.get(key)) is not None:
            found.append(Span(start, end, "mood", mood, 2.9 + extra))
        if (quality := lexicon.qualities.get(key)) is not None:
            found.append(Span(start, end, "quality", quality, 2.8 + extra))
        if (audience := lexicon.audiences.get(key)) is not None:
            found.append(Span(start, end, "audience", audience, 3.7 + extra))
        if (compound := lexicon.compounds.get(key)) is not None:
            found.append(Span(start, end, "compound", compound, 4.0 + extra))
        if not values and (nation := self.unknown_nations.get(key)) is not None:
            found.append(Span(start, end, "nation", nation, 2.6 + extra))
        if key in self.items and key not in ("one",):
            found.append(Span(start, end, "item", key, 2.0 + extra))

    def best(self, values: Sequence[Value], columns: Sequence[str] = ()) -> Value:
        """The likeliest of several values: of a column that was pointed at, else by role."""

        def rank(value: Value) -> tuple[bool, int, int]:
            return value.column not in columns, _ORDER.index(value.role), -value.count

        return min(values, key=rank)
