"""A catalog's own words and the lexicons in one table: which phrase may mean what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from recagent_catalogs.schema import WORD_ROLES, Column, Role
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import bare_title, fold

from ..readers.spans import Span
from .lexicon import Lexicon, Mood, Nation, folded_key, key_of, singular
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
_NAMED = frozenset(("no", "not", "except", "without", "like"))
_LOVING = frozenset(
    ("i", "we", "they", "also", "really", "just", "absolutely", "truly", "always", "do", "still")
)
"""After these "love" is what somebody does: "I love dramas" wants no romance."""
_SERIES = frozenset(
    ("series", "saga", "franchise", "universe", "movies", "films", "games", "books")
)
_ORDER = (Role.CATEGORIES, Role.FACET, Role.PEOPLE, Role.TAGS, Role.GROUP)
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


@dataclass(frozen=True)
class Origin:
    """A word for where something comes from, with the values of the catalog that it means.

    `adjective` is "french" as against "france"; `countries`, `languages`, `settings` (tags) and
    `tags` (the same, and others that go with it) are empty where the catalog has no such values.
    """

    nation: Nation
    adjective: bool
    countries: tuple[Value, ...]
    languages: tuple[Value, ...]
    settings: tuple[Value, ...]
    tags: tuple[Value, ...]


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
        self._own: dict[str, list[Value]] = {}
        """The catalog's values and their own other names as written, folded."""
        self.nations: dict[str, Origin] = {}
        for column in self.schema.with_role(*WORD_ROLES):
            if column.role not in (Role.PEOPLE, Role.AUDIENCE):
                self._add_column(column)
        self._add_groups(self.lexicon.kinds, (Role.CATEGORIES, Role.TAGS, Role.FACET))
        self._add_groups(self.lexicon.fallback_kinds, (Role.CATEGORIES,), only_new=True)
        self._add_nations()
        self.verbs = self._verb_forms()
        self.cues = self._cues()
        self.columns = self._column_words()
        self.pointers = frozenset(word for cue in self.cues for word in cue.split())

    # --- building --------------------------------------------------------------------------------

    def _item_words(self) -> frozenset[str]:
        schema = self.schema
        words = (schema.item, schema.items, *schema.aliases)
        keys = {key_of(word) for word in words} | {fold(word) for word in words}
        return frozenset(keys | {"one", "ones"} - {""})

    def _verb_forms(self) -> frozenset[str]:
        """The forms of what one does with this catalog's items ("cook", "cooking", "cooked")."""
        verb = fold(self.schema.verb).split()[:1]
        stems = {verb[0], verb[0].removesuffix("e")} if verb else set()
        return frozenset((*verb, *(f"{s}{end}" for s in stems for end in ("s", "ing", "ed"))))

    def _add_column(self, column: Column) -> None:
        words = self.catalog.words(column.name)
        idle = self.lexicon.stop | self.lexicon.filler
        declared = self.schema.vocabularies.get(column.name)
        loose = declared is None or not declared.closed
        for folded, value, count in zip(words.folded, words.values, words.counts, strict=True):
            parts = folded.split()
            if len(parts) > LONGEST:
                continue
            if (loose or len(parts) == 1) and all(p in idle or p in self.items for p in parts):
                continue  # people's own tags hold "to see" and "watched"
            entry = Value(column.name, value, column.role, int(count))
            self._own.setdefault(folded, []).append(entry)
            self._add_key(folded_key(folded), entry)
        known = self.schema.vocabularies.get(column.name)
        for word, wanted in known.synonyms.items() if known else ():
            if (code := words.code(wanted)) is not None:
                entry = Value(column.name, wanted, column.role, int(words.counts[code]))
                self._own.setdefault(fold(word), []).append(entry)
                self._add(word, entry)

    def _add(self, phrase: str, value: Value) -> None:
        self._add_key(key_of(phrase), value)

    def _add_key(self, key: str, value: Value) -> None:
        entries = self.values.setdefault(key, [])
        if value not in entries:
            entries.append(value)

    def _add_groups(
        self, groups: Iterable[Sequence[str]], roles: Sequence[Role], *, only_new: bool = False
    ) -> None:
        for group in groups:
            found = self._first_known(group, roles)
            for word in group if found else ():
                known = self.values.get(key_of(word), [])
                if found and not any(v.role is found.role or only_new for v in known):
                    self._add(word, found)

    def _first_known(self, group: Sequence[str], roles: Sequence[Role]) -> Value | None:
        for role in roles:
            for word in group:
                for value in self._own.get(word, ()):
                    if value.role is role:
                        return value
        return None

    def _add_nations(self) -> None:
        for nation in self.lexicon.nations:
            countries = self._exactly(nation.countries, (Role.FACET,))
            languages = self._exactly(nation.languages, (Role.FACET,))
            settings = self._exactly((*nation.names, *nation.words), (Role.TAGS,))
            for adjective, words in ((True, nation.words), (False, nation.names)):
                tags = (*settings, *self._exactly(nation.tags, (Role.TAGS,)))
                origin = Origin(nation, adjective, countries, languages, settings, tags)
                self.nations.update((key_of(word), origin) for word in words)

    def _exactly(self, names: Iterable[str], roles: Sequence[Role]) -> tuple[Value, ...]:
        """The values of those names, of the first role that has any."""
        for role in roles:
            found = dict.fromkeys(
                value
                for name in names
                for value in self.values.get(key_of(name), ())
                if value.role is role
            )
            if found:
                return tuple(found)
        return ()

    @cached_property
    def home_language(self) -> Value | None:
        """The language that most items are in, which "foreign" leaves out."""
        found = [v for nation in self.nations.values() for v in nation.languages]
        return max(found, key=lambda value: value.count, default=None)

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
            loving = start > 0 and words[start] == "love" and words[start - 1] in _LOVING
            longest = 1 if loving else LONGEST
            for end in range(start + 1, min(start + longest, len(words)) + 1):
                if end - start > 1 and text.tokens[end - 1].sentence != text.tokens[start].sentence:
                    break
                head = " ".join(words[start : end - 1])
                key = f"{head} {singular(words[end - 1])}" if head else singular(words[start])
                self._readings(found, text, key, start, end)
        return found

    def _readings(self, found: list[Span], text: Text, key: str, start: int, end: int) -> None:
        extra = 1.2 * (end - start - 1)
        lexicon = self.lexicon
        values = self._believable(self.values.get(key, ()), text, start, end)
        if values:
            score = max(_BASE[value.role] for value in values) + extra
            found.append(Span(start, end, "value", tuple(values), score))
        mood = lexicon.moods.get(key) or self._more_of(key)
        if mood is not None and not (mood.firm and values):
            found.append(Span(start, end, "mood", mood, 2.9 + extra))
        if (quality := lexicon.qualities.get(key)) is not None:
            found.append(Span(start, end, "quality", quality, 2.8 + extra))
        if (audience := lexicon.audiences.get(key)) is not None:
            found.append(Span(start, end, "audience", audience, 3.7 + extra))
        together = all("," not in text.gap(i) for i in range(start + 1, end))
        if together and (compound := lexicon.compounds.get(key)) is not None:
            found.append(Span(start, end, "compound", compound, 4.0 + extra))
        if (nation := self.nations.get(key)) is not None:
            found.append(Span(start, end, "nation", nation, 3.4 + extra))
        elif key in lexicon.foreign:
            found.append(Span(start, end, "foreign", None, 3.4 + extra))
        if key in self.items and key not in ("one",):
            found.append(Span(start, end, "item", key, 2.0 + extra))

    def _more_of(self, key: str) -> Mood | None:
        """The mood whose comparative or superlative a single word is: "happier", "quietest"."""
        for ending in ("er", "est"):
            if " " in key or not key.endswith(ending) or len(key) < len(ending) + 3:
                continue
            stem = key.removesuffix(ending)
            for form in (stem, f"{stem}e", f"{stem[:-1]}y" if stem[-1] == "i" else "", stem[:-1]):
                if form and form in self.lexicon.moods and form not in self.lexicon.stop:
                    return self.lexicon.moods[form]
        return None

    def _believable(self, values: Iterable[Value], text: Text, start: int, end: int) -> list[Value]:
        """The values without groups (franchises) that the words do not name as they are written.

        "the coen brothers" names no series "Brother", and "big" no series of that name.
        """
        kept = []
        for value in values:
            if value.role is Role.GROUP:
                words = text.words[start:end]
                if " ".join(words) not in (fold(value.value), bare_title(fold(value.value))):
                    continue
                ordinary = all(w in self.lexicon.common or w in self.lexicon.stop for w in words)
                if len(words) > 2 and not self.catalog.titles.exact(" ".join(words)):
                    ordinary = False
                after = text.words[end] if end < len(text.words) else ""
                before = text.words[start - 1] if start else ""
                capital = text.mixed_case and text.tokens[start].capital and start
                if ordinary and after not in _SERIES and before not in _NAMED and not capital:
                    continue
            kept.append(value)
        return kept

    def best(self, values: Sequence[Value], columns: Sequence[str] = ()) -> Value:
        """The likeliest of several values: of a column that was pointed at, else by role."""

        def rank(value: Value) -> tuple[bool, int, int]:
            return value.column not in columns, _ORDER.index(value.role), -value.count

        best = min(values, key=rank)
        # "open world" as a tag of 90 items says more than as another word for a kind of 30; what
        # stands on fewer items is a shade of the kind ("scary" beside Horror).
        exact = [v for v in values if v.role is Role.TAGS and v.column not in columns]
        wider = max(exact, key=lambda value: value.count, default=best)
        known = fold(best.value) != fold(wider.value)
        return wider if known and wider.count > best.count and best.column not in columns else best
