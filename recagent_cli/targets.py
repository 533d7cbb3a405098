"""What a person means by a fact's number, a value or a title, among all that is known of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from recagent_catalogs.errors import BadInput, NotFound
from recagent_catalogs.schema import WORD_ROLES
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import fold
from recagent_tools.references import SURE_SCORE

from .memory.event_rows import StoredEvent
from .profiles import Profiles, fact_of

NEAR = 4
"""So many near names are told."""


@dataclass(frozen=True)
class Target:
    """An item, a value of a column, or one fact.

    Attributes:
        catalog: its name.
        column, value: of a value.
        item: id of an item.
        fact: its number, where one was named.
    """

    catalog: str
    column: str = ""
    value: str = ""
    item: str = ""
    fact: int = 0

    @classmethod
    def of(cls, event: StoredEvent) -> Target:
        """What a fact is about."""
        value = event.text if event.column else ""
        return cls(event.catalog, event.column, value, event.item, event.id)


class Ambiguous(BadInput):
    """A name means several things.

    Attributes:
        options: (what to write, what it means) of each, in order.
        targets: the things.
    """

    def __init__(self, text: str, options: Sequence[str], targets: Sequence[Target]) -> None:
        super().__init__(f"{text!r} may be several", hint=" · ".join(options))
        self.options = tuple(options)
        self.targets = tuple(targets)


@dataclass
class Targets:
    """Finds what is meant.

    Attributes:
        profiles: the profile, and its catalogs.
        names: of the catalogs to look in, the one in use first.
    """

    profiles: Profiles
    names: Sequence[str]

    @classmethod
    def among(cls, profiles: Profiles, only: str | None, used: str) -> Targets:
        """In one catalog, or in that in use and all that something is known about."""
        if only is not None:
            return cls(profiles, [only])
        held = {event.catalog for event in profiles.events() if event.catalog}
        return cls(profiles, [used, *sorted(held - {used})])

    def find(self, text: str) -> Target:
        """The one thing that is meant.

        Raises:
            NotFound: nothing is called so; the hint names the nearest.
            Ambiguous: several are.
        """
        if (fact := self._fact(text)) is not None:
            return fact
        found = self.all(text)
        if not found:
            self._fact(f"#{text}")  # a number that is no title is that of a fact
            raise NotFound(f"{text!r} is not known", hint=self._near(text))
        if len(found) > 1:
            found = self._noted(found) or found
        if len(found) > 1:
            raise Ambiguous(text, [self.written(target) for target in found], found)
        return found[0]

    def _fact(self, text: str) -> Target | None:
        """The fact of a number; a number that no fact has may be a title."""
        number = text.strip().removeprefix("#")
        if not (number.isascii() and number.isdigit() and len(number) < 16):
            return None
        events = self.profiles.events(undone=True)
        if text.strip().startswith("#") or any(event.id == int(number) for event in events):
            return Target.of(fact_of(int(number), events))
        return None

    def all(self, text: str) -> list[Target]:
        """All that a name may mean, in the first catalog that knows it."""
        for name in self.names:
            if found := list(dict.fromkeys(self._in(name, text))):
                return found
        return []

    def meant(self, text: str) -> list[Target]:
        """Facts where only numbers are named, and each is one's; else as `everywhere`.

        Raises:
            NotFound: some of several numbers are facts', and not all.
        """
        words = [word.removeprefix("#") for word in text.split()]
        if len(words) < 2 or not all(word.isascii() and word.isdigit() for word in words):
            return self.everywhere(text)
        found = [self._fact(word) for word in words]
        known = [fact for fact in found if fact is not None]
        if len(known) < len(found) and (titled := self.everywhere(text)):
            return titled  # "2001 2010" may be a title
        if not known or len(known) == len(found):
            return known
        raise NotFound(
            f"no fact {words[found.index(None)]}: it was forgotten, or never was",
            hint="recagent profile show",
        )

    def everywhere(self, text: str) -> list[Target]:
        """All that a name means in all catalogs; else what it may mean in the first that knows it.

        A number is that of a fact, where there is one.
        """
        if (fact := self._fact(text)) is not None:
            return [fact]
        found = [t for name in self.names for t in self._in(name, text, exact=True)]
        return list(dict.fromkeys(found)) or self.all(text)

    def written(self, target: Target) -> str:
        """How a target is written so that it means nothing else."""
        if target.column:
            return f"{target.column}={target.value}"
        label = self.profiles.label_of(target.catalog, "", "", target.item)
        same = sum(
            self.profiles.label_of(target.catalog, "", "", t.item) == label
            for t in self._in(target.catalog, label)
            if t.item
        )
        return label if same < 2 else f"{label} id:{target.item}"

    def _in(self, name: str, text: str, *, exact: bool = False) -> Iterator[Target]:
        catalog = self.profiles.catalog(name)
        column, equals, value = (part.strip() for part in text.partition("="))
        if equals and value:
            values = list(self._value(name, catalog, column, value))
            yield from values
            if values or (catalog is not None and catalog.schema.find(column) is not None):
                return  # else no column is called so: it may be a title, "E=mc²"
        yield from self._held(name, text)
        if catalog is None:
            return
        id = text.split("id:", 1)[1].strip() if "id:" in text else text.strip()
        if catalog.row_of(id) is not None:
            yield Target(name, item=id)
            return
        for one in catalog.schema.with_role(*WORD_ROLES):
            code = catalog.words(one.name).code_of(fold(text))
            if code is not None:
                yield Target(name, one.name, catalog.words(one.name).value(code))
        matches = catalog.titles.find(text, limit=2 * NEAR, cutoff=SURE_SCORE)
        for match in matches:
            if match.score == matches[0].score and (match.exact or not exact):
                yield Target(name, item=catalog.ids([match.row])[0])

    def _value(
        self, name: str, catalog: Catalog | None, column: str, value: str
    ) -> Iterator[Target]:
        for target in self._held(name, value):
            if fold(target.column) == fold(column):
                yield target
        found = catalog.schema.find(column) if catalog is not None else None
        if catalog is None or found is None or found.role not in WORD_ROLES:
            return
        known = catalog.words(found.name).resolve(value)
        if known is not None:
            yield Target(name, found.name, known)

    def _held(self, name: str, text: str) -> Iterator[Target]:
        """Values of facts: what was learned of a catalog that has changed since can be named."""
        for event in self.profiles.events(name):
            if event.column and fold(event.text) == fold(text):
                yield Target(name, event.column, event.text)

    def _noted(self, found: Sequence[Target]) -> list[Target]:
        """Those about which something is noted."""
        noted = {
            (e.catalog, e.column, e.text if e.column else "", e.item)
            for e in self.profiles.events()
            if e.kind != "shown"
        }
        return [t for t in found if (t.catalog, t.column, t.value, t.item) in noted]

    def _near(self, text: str) -> str:
        """The nearest names, of the first catalog that has any."""
        column, equals, value = (part.strip() for part in text.partition("="))
        for name in self.names:
            catalog = self.profiles.catalog(name)
            if catalog is None:
                continue
            words = catalog.schema.with_role(*WORD_ROLES)
            if equals:
                one = catalog.schema.find(column)
                if one is None or one not in words:
                    return f"columns: {', '.join(each.name for each in words)}"
                near = [(v, s) for v, s in catalog.words(one.name).near(value, NEAR)]
                if near:
                    return f"nearest: {', '.join(f'{one.name}={v}' for v, _ in near)}"
                continue
            scored = [
                (score, f"{one.name}={word}")
                for one in words
                for word, score in catalog.words(one.name).near(text, 2)
                if score >= 70
            ]
            titles = catalog.titles.find(text, limit=NEAR, cutoff=60.0)
            scored += [(match.score, catalog.label(match.row)) for match in titles]
            if scored:
                best = sorted(scored, key=lambda pair: -pair[0])[:NEAR]
                return f"nearest: {', '.join(told for _, told in best)}"
        return "recagent profile show"
