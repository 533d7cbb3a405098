"""What is known of a profile, over all its catalogs, with where each fact comes from."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from recagent_catalogs.errors import BadInput, NotFound, RecagentError
from recagent_catalogs.store import Catalog

from .library import Library
from .memory.event_rows import StoredEvent
from .memory.export import export_lines, fact_json, moment
from .memory.pausing import paused_since
from .memory.profile import GROUPS, SEEN, derive, groups_of
from .memory.store import UserStore
from .memory.tastes import IMPORTANCE, Learning, Mood, Scale, Taste, Weight, in_time, says, standing

if TYPE_CHECKING:
    from .targets import Target

VERDICTS = ("liked", "disliked", "never", "taken", "turned_down")
"""Groups of which an item is in one."""


@dataclass(frozen=True)
class Step:
    """How one fact moved a weight.

    Attributes:
        fact: its number.
        before: the weight, decayed to the moment of the fact.
        says: what the fact says, -1 to 1.
        importance: how much a fact of its kind counts.
        after: the weight then.
    """

    fact: int
    before: float
    says: float
    importance: float
    after: float


@dataclass(frozen=True)
class Origin:
    """Where what is known of a target comes from.

    Attributes:
        target: an item, a value or a fact.
        facts: about it, in the order in which they were true.
        steps: how they made its weight.
        taste: what they add up to; None where that is no taste.
    """

    target: Target
    facts: tuple[StoredEvent, ...]
    steps: tuple[Step, ...]
    taste: Taste | None


@dataclass(frozen=True)
class Known:
    """What is known about one catalog.

    Attributes:
        catalog: its name.
        there: whether the catalog is still there; else titles and tastes are not known.
        tastes: the heaviest first.
        groups: the facts of items that hold, by the names of `GROUPS`, newest first.
        pending: what waits for the person's word.
        facts: all that counts, oldest first, without what was only shown.
        shown: how many items were shown.
    """

    catalog: str
    there: bool
    tastes: tuple[Taste, ...]
    groups: Mapping[str, tuple[StoredEvent, ...]]
    pending: tuple[StoredEvent, ...]
    facts: tuple[StoredEvent, ...]
    shown: int


@dataclass
class Profiles:
    """One profile in the store, and the catalogs that it is about.

    Attributes:
        store: the store.
        name: of the profile.
        library: where the catalogs are.
        learning: how fast the profile moves and forgets.
    """

    store: UserStore
    name: str
    library: Library
    learning: Learning = field(default_factory=Learning)
    _open: dict[str, Catalog | None] = field(default_factory=dict)

    @property
    def paused(self) -> float | None:
        """Since when nothing is noted, seconds since 1970 (UTC); None while all is."""
        return paused_since(self.store, self.name)

    def events(self, catalog: str | None = None, *, undone: bool = False) -> list[StoredEvent]:
        """All facts of the profile, or those about one catalog."""
        return self.store.events(self.name, catalog, undone=undone)

    def catalog(self, name: str) -> Catalog | None:
        """The catalog of that name; None where it is not there any more, or damaged."""
        if name not in self._open:
            try:
                there = bool(name) and self.library.is_installed(name)
                self._open[name] = self.library.open(name) if there else None
            except RecagentError:
                self._open[name] = None
        return self._open[name]

    def forget_open(self, name: str) -> None:
        """Look again whether a catalog is there."""
        self._open.pop(name, None)

    def titled(self, catalog: str, item: str) -> tuple[str, int | None]:
        """Title and year of an item; the id where the catalog does not tell."""
        found = self.catalog(catalog)
        row = None if found is None else found.row_of(item)
        if found is None or row is None:
            return "", None
        return found.item(row).title, found.item(row).year

    def names(self, catalog: str, item: str) -> list[str]:
        """What people write for an item: its title, folded forms without article or subtitle."""
        found = self.catalog(catalog)
        row = None if found is None else found.row_of(item)
        if found is None or row is None:
            return []
        return [found.item(row).title, *found.titles.names_of(row)]

    def label(self, event: StoredEvent) -> str:
        """What a fact is about, for people: "Alien (1979)", "genres Horror"."""
        return self.label_of(event.catalog, event.column, event.text, event.item)

    def label_of(self, catalog: str, column: str, value: str, item: str = "") -> str:
        """The same of a taste: a value, or an item."""
        if column:
            found = self.catalog(catalog)
            try:
                name = found.schema.column(column).label if found else ""
            except KeyError:
                name = ""
            return f"{name or column.replace('_', ' ').removesuffix('s')} {value}"
        if not item:
            return value
        title, year = self.titled(catalog, item)
        return (f"{title} ({year})" if year else title) or item

    def scale(self, catalog: Catalog) -> Scale | None:
        """Lowest and highest rating of a catalog's data; None where nobody rated."""
        return self.library.engine(catalog).rating_scale

    # -- everything ------------------------------------------------------------------------------

    def known(self, catalog: str | None = None) -> list[Known]:
        """What is known about each catalog, those with the latest facts first."""
        by_catalog: dict[str, list[StoredEvent]] = {}
        for event in self.events(catalog):
            if event.catalog:
                by_catalog.setdefault(event.catalog, []).append(event)
        newest = sorted(by_catalog, key=lambda name: -by_catalog[name][-1].time)
        return [self._known(name, by_catalog[name]) for name in newest]

    def _known(self, name: str, events: Sequence[StoredEvent]) -> Known:
        catalog = self.catalog(name)
        tastes: tuple[Taste, ...] = ()
        scale = None
        if catalog is not None:
            scale = self.scale(catalog) if any(e.kind == "rated" for e in events) else None
            tastes = tuple(derive(events, catalog, learning=self.learning, scale=scale).tastes)
        facts = [event for event in events if event.kind not in ("shown", "proposed")]
        return Known(
            name,
            catalog is not None,
            tastes,
            groups_of(events, scale=scale),
            tuple(event for event in events if event.kind == "proposed"),
            tuple(facts),
            sum(event.kind == "shown" for event in events),
        )

    def fact_json(self, event: StoredEvent) -> dict[str, Any]:
        """A fact as in an export: its keys are those of `recagent.profile/1`."""
        return fact_json(event, self.titled)

    def taste_json(self, catalog: str, taste: Taste) -> dict[str, Any]:
        """A taste; an infinite half-life is null."""
        item = "" if taste.column else taste.value
        title, year = self.titled(catalog, item) if item else ("", None)
        return {
            "column": taste.column,
            "value": taste.value if taste.column else "",
            "item": item,
            "title": title,
            "year": year,
            "stance": taste.stance,
            "weight": round(taste.weight, 4),
            "importance": taste.importance,
            "half_life_days": None
            if taste.half_life_days == float("inf")
            else taste.half_life_days,
            "confirmed": moment(taste.confirmed),
            "facts": list(taste.events),
            "against": list(taste.against),
        }

    def to_json(self, known: Iterable[Known]) -> dict[str, Any]:
        """The body of `profile show --json`."""
        paused, told = self.paused, list(known)
        return {
            "profile": self.name,
            "paused": None if paused is None else moment(paused),
            "catalogs": [
                {
                    "catalog": one.catalog,
                    "there": one.there,
                    "tastes": [self.taste_json(one.catalog, taste) for taste in one.tastes],
                    **{name: [e.id for e in one.groups.get(name, ())] for name in GROUPS},
                    "pending": [event.id for event in one.pending],
                    "shown": one.shown,
                }
                for one in told
            ],
            "facts": [self.fact_json(e) for one in told for e in (*one.facts, *one.pending)],
        }

    # -- where it comes from -----------------------------------------------------------------------

    def about(self, catalog: str, column: str, value: str, item: str) -> list[StoredEvent]:
        """All that counts about an item or a value, in the order in which it was true."""
        every = self.events(catalog)
        mine = {
            event.id: event
            for event in every
            if (event.column, event.item) == (column, item)
            and (not column or event.text == value)
            and event.kind != "shown"
        }
        return [mine[event.id] for event in in_time(every, time.time()) if event.id in mine]

    def steps(self, catalog: str, events: Sequence[StoredEvent]) -> list[Step]:
        """How the facts about one item or value, in order, made its weight.

        The lasting weight; where nothing lasting was said, that of what was asked for in passing.
        """
        found = self.catalog(catalog)
        rated = found is not None and any(event.kind == "rated" for event in events)
        scale = self.scale(found) if found is not None and rated else None
        weight, mood = Weight(self.learning), Mood(self.learning)
        lasting: list[Step] = []
        passing: list[Step] = []
        counting = {e.id: e.time for e in standing(in_time(self.events(catalog), time.time()))}
        for event in events:
            if event.id not in counting:
                continue
            said, moment = says(event, scale), counting[event.id]
            if said is None:
                continue
            moved, steps = (mood, passing) if event.kind == "said" else (weight, lasting)
            before = moved.now(moment)
            moved.add(event, said, moment)
            if event.kind != "said" or said > 0:
                steps.append(Step(event.id, before, said, IMPORTANCE[event.kind], moved.value))
            if said < 0 and event.kind not in ("said", "learned"):
                mood.end()
        return lasting or passing

    def why_json(self, origin: Origin) -> dict[str, Any]:
        """The body of `profile why --json`."""
        target, taste = origin.target, origin.taste
        return {
            "catalog": target.catalog,
            "column": target.column,
            "value": target.value,
            "item": target.item,
            "label": self.label_of(target.catalog, target.column, target.value, target.item),
            "facts": [self.fact_json(event) for event in origin.facts],
            "taste": None if taste is None else self.taste_json(target.catalog, taste),
            "eta": self.learning.eta,
            "steps": [
                {"fact": step.fact}
                | {
                    name: round(getattr(step, name), 6)
                    for name in ("before", "says", "importance", "after")
                }
                for step in origin.steps
            ],
        }

    def taste(self, catalog: str, column: str, value: str) -> Taste | None:
        """The lasting taste of a value, or of an item (`column` "", `value` its id)."""
        found = self.catalog(catalog)
        if found is None:
            return None
        events = self.events(catalog)
        scale = self.scale(found) if any(e.kind == "rated" for e in events) else None
        tastes = derive(events, found, learning=self.learning, scale=scale).tastes
        mine = [taste for taste in tastes if (taste.column, taste.value) == (column, value)]
        return next((taste for taste in mine if taste.stance != "expect"), next(iter(mine), None))

    def origin(self, target: Target) -> Origin:
        """Where what is known of a target comes from.

        Raises:
            NotFound: nothing is known about it.
        """
        about = self.about(target.catalog, target.column, target.value, target.item)
        if target.fact and not any(event.id == target.fact for event in about):
            about += [event for event in self.events(undone=True) if event.id == target.fact]
        if not about:
            label = self.label_of(target.catalog, target.column, target.value, target.item)
            raise NotFound(f"nothing is known of you about {label}", hint="recagent profile show")
        steps = self.steps(target.catalog, about)
        taste = self.taste(target.catalog, target.column, target.value or target.item)
        return Origin(target, tuple(about), tuple(steps), taste)

    def set_weight(self, target: Target, weight: str, *, source: str) -> StoredEvent:
        """Note what the person thinks of an item or a value, over all that was said before.

        Raises:
            BadInput: it is no weight, or the target can have none.
        """
        kind, value = parse_weight(weight)
        if not (target.item or target.column):
            raise BadInput("only items and values have a weight", hint="recagent profile show")
        fact = StoredEvent(
            self.name,
            target.catalog,
            kind,
            target.item,
            value,
            text=target.value,
            source=source,
            column=target.column,
        )
        self.store.commit(events=[fact])
        written = self.store.events(self.name, target.catalog, (kind,))
        return written[-1] if written else fact

    # -- out of the house --------------------------------------------------------------------------

    def export_lines(self, catalog: str | None = None) -> Iterator[str]:
        """The profile, or what is about one catalog, as `recagent.profile/1`."""
        events = self.events(catalog, undone=True)
        return export_lines(events, self.name, self.titled, now=time.time())

    def export_rows(self, catalog: str | None = None) -> tuple[list[str], list[list[Any]]]:
        """The items with what is known of each: head and rows, for csv and tsv."""
        head = ["catalog", "id", "title", "year", "verdict", "rating", "seen", "watchlist", "time"]
        rows: list[list[Any]] = []
        for one in self.known(catalog):
            held: dict[str, dict[str, StoredEvent]] = {}
            for group, events in one.groups.items():
                for event in events:
                    held.setdefault(event.item, {})[group] = event
            had = {event.item for event in one.facts if event.kind in SEEN and not event.column}
            for item, facts in held.items():
                title, year = self.titled(one.catalog, item)
                verdict = next((name for name in VERDICTS if name in facts), None)
                rated, newest = facts.get("rated"), max(e.time for e in facts.values())
                kept = [verdict and verdict.replace("_", " "), rated.value if rated else None]
                kept += [item in had, "watchlist" in facts]
                rows.append([one.catalog, item, title, year, *kept, moment(newest)])
        return head, rows


def parse_weight(text: str) -> tuple[str, float | None]:
    """The kind of fact and its value that a person's word for a weight means.

    Raises:
        BadInput: it means none.
    """
    word = text.strip().casefold().replace("−", "-")
    if word in ("like", "liked", "love"):
        return "liked", None
    if word in ("dislike", "disliked", "hate"):
        return "disliked", None
    if word == "never":
        return "never", None
    try:
        value = float(word)
    except ValueError:
        value = float("nan")
    if not -1 <= value <= 1:
        raise BadInput(f"weight: {text!r} is none", hint="-1 to 1, or like, dislike, never")
    return "set", value


def fact_of(number: int, events: Iterable[StoredEvent]) -> StoredEvent:
    """The fact of that number, counting or not.

    Raises:
        NotFound: there is none.
    """
    for event in events:
        if event.id == number:
            return event
    raise NotFound(
        f"no fact {number}: it was forgotten, or never was", hint="recagent profile show"
    )
