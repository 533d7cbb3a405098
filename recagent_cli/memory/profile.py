"""The profile: what the person likes, dislikes, has seen and never wants, derived from events.

The latest word on an item or value holds: liked after disliked is liked. How much each weighs is
in `tastes.py`; docs/memory.md tells all of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from recagent_catalogs.store import Catalog

from .event_rows import EVENT_KINDS, StoredEvent
from .tastes import (
    DAY_S,
    FAINT,
    SAYS,
    Key,
    Learning,
    Mood,
    Scale,
    Stance,
    Taste,
    Tastes,
    Weight,
    in_time,
    says,
    standing,
    told,
)

__all__ = [
    "GROUPS",
    "KINDS",
    "Learning",
    "Profile",
    "Stance",
    "Taste",
    "derive",
    "groups_of",
    "reach",
]

SEEN = frozenset(("seen", "liked", "disliked", "rated", "never", "imported"))
KINDS = tuple(kind for kind in EVENT_KINDS if kind not in ("proposed", "paused"))
"""The kinds of event that a profile is made of."""
MOODS_LAST = 10
"""Half-lives after which a mood is gone: less than a thousandth of it is left."""


@dataclass(frozen=True)
class Profile:
    """Rows of the present catalog, oldest first; `seen` is all that must not be offered again.

    Attributes:
        liked, disliked, seen: rows.
        ratings: in points, on the catalog's scale, by row; the latest of an item holds.
        never: those of `disliked` that are never wanted again.
        taken: those of `liked` that were only taken from a list, without another word on them.
        turned_down: those of `disliked` that were only refused in a list.
        wanted: rows of the watchlist; what was seen after it was put there is off it.
        recent: rows shown of late that must not be repeated yet.
        tastes: all that is known of items and values, the heaviest first.
        wishes: ("column", "value", weight) of the values, as the ranking takes them: lasting
            tastes of values that the catalog has, each at least .05 strong, the heaviest first.
        never_values: ("column", "value") of those that are never wanted again; their weight in
            `wishes` is -1.
        never_by: id of the last event that says "never" of a value ("column", "value"), or of an
            item ("", its id), for whoever wants to take it back.
    """

    never: Sequence[int] = field(default=(), kw_only=True)
    taken: Sequence[int] = field(default=(), kw_only=True)
    turned_down: Sequence[int] = field(default=(), kw_only=True)
    liked: Sequence[int] = ()
    disliked: Sequence[int] = ()
    seen: Sequence[int] = ()
    ratings: Mapping[int, float] = field(default_factory=dict)
    wanted: Sequence[int] = field(default=(), kw_only=True)
    recent: Sequence[int] = field(default=(), kw_only=True)
    tastes: Sequence[Taste] = field(default=(), kw_only=True)
    wishes: tuple[tuple[str, str, float], ...] = field(default=(), kw_only=True)
    never_values: tuple[tuple[str, str], ...] = field(default=(), kw_only=True)
    never_by: Mapping[tuple[str, str], int] = field(default_factory=dict, kw_only=True)


def reach(learning: Learning, now: float) -> dict[str, float]:
    """From when on events of a kind count, seconds since 1970; earlier ones need not be read."""
    moods = MOODS_LAST * max(0.0, learning.mood_hours) * 3600
    return {"said": now - moods, "shown": now - max(0.0, learning.repeat_days) * DAY_S}


GROUPS: dict[str, tuple[str, ...]] = {
    "liked": ("liked",),
    "disliked": ("disliked",),
    "never": ("never",),
    "taken": ("accepted",),
    "turned_down": ("rejected",),
    "rated": ("rated",),
    "watchlist": ("wanted",),
    "seen": ("seen",),
    "imported": ("imported",),
    "set": ("set",),
    "learned": ("learned",),
}
"""Facts of items, as they are listed, and their kinds."""
_BARE = ("accepted", "rejected")
"""What was only taken or refused in a list."""


@dataclass
class _Facts:
    """What the events say of items, by id; dictionaries are ordered sets, the last word last."""

    sign: dict[str, int] = field(default_factory=dict)
    words: dict[str, list[StoredEvent]] = field(default_factory=dict)
    """The verdicts since the last one that said otherwise."""
    never: set[str] = field(default_factory=set)
    seen: dict[str, None] = field(default_factory=dict)
    rated: dict[str, float] = field(default_factory=dict)
    wanted: dict[str, StoredEvent] = field(default_factory=dict)
    recent: dict[str, None] = field(default_factory=dict)

    def add(self, event: StoredEvent, scale: Scale | None) -> None:
        """Take an event about an item, later than all before."""
        kind, item = event.kind, event.item
        if kind in SEEN:
            self.seen[item] = None  # which leaves it where it stood
            self.wanted.pop(item, None)
        word = SAYS.get(kind)
        if word is not None:
            self._judge(event, word)
        elif kind == "rated" or kind == "set":
            word = says(event, scale)
            if word is not None and (word or kind == "set"):
                self._judge(event, word)
            if kind == "rated" and event.value is not None:
                low, high = scale or (event.value, event.value)
                self.rated[item] = max(low, min(high, event.value))
        elif kind == "wanted":
            self.wanted.pop(item, None)
            if event.value != 0:
                self.wanted[item] = event
        elif kind == "shown":
            self.recent.pop(item, None)
            self.recent[item] = None

    def _judge(self, event: StoredEvent, word: float) -> None:
        kind, item = event.kind, event.item
        if kind == "never":
            self.never.add(item)
        elif word > 0 or kind == "set":
            self.never.discard(item)
        sign = (word > 0) - (word < 0)
        if self.sign.pop(item, 0) == sign != 0:
            self.words[item].append(event)
        else:
            self.words[item] = [event]
        if sign:
            self.sign[item] = sign

    def bare(self, kind: str) -> Iterator[str]:
        """The items of which an event of that kind is all that was said."""
        for item in self.sign:
            words = self.words[item]
            if words[-1].kind == kind and all(event.kind in _BARE for event in words):
                yield item

    def verdict(self, item: str) -> StoredEvent | None:
        """The word on an item that holds: never before plain words before what was only taken."""
        words = self.words.get(item, [])
        for kinds in (("never",) * (item in self.never), ("liked", "disliked"), _BARE):
            if found := [event for event in words if event.kind in kinds]:
                return found[-1]
        return None


def groups_of(
    events: Iterable[StoredEvent], *, scale: Scale | None = None, now: float | None = None
) -> dict[str, tuple[StoredEvent, ...]]:
    """The facts of items that hold, by the names of `GROUPS`, newest first; as `derive` has them.

    Args:
        events: of one person and one catalog, none undone.
        scale: lowest and highest rating of the catalog; None: ratings are no verdicts.
        now: seconds since 1970 (UTC); the present by default.
    """
    facts, latest = _Facts(), dict[tuple[str, str], StoredEvent]()
    for event in standing(in_time(events, time.time() if now is None else now)):
        if event.item and not event.column:
            facts.add(event, scale)
            latest.pop((event.kind, event.item), None)
            latest[event.kind, event.item] = event

    def holds(event: StoredEvent) -> bool:
        item = event.item
        if event.kind in SAYS:
            return event is facts.verdict(item)
        if event.kind == "set":
            return any(event is word for word in facts.words[item])
        return event.kind != "wanted" or item in facts.wanted

    held = [event for event in reversed(latest.values()) if holds(event)]
    found = {name: tuple(e for e in held if e.kind in kinds) for name, kinds in GROUPS.items()}
    return {name: group for name, group in found.items() if group}


def derive(
    events: Iterable[StoredEvent],
    catalog: Catalog,
    *,
    learning: Learning | None = None,
    now: float | None = None,
    scale: Scale | None = None,
) -> Profile:
    """The profile that the events add up to; items that the catalog lost are passed over.

    Args:
        events: of one person and this catalog, none undone; `reach` tells which need not be read.
        catalog: whose rows are given.
        learning: how fast it moves and forgets.
        now: seconds since 1970 (UTC) at which it is looked at; the present by default.
        scale: lowest and highest rating of the catalog; None: ratings are no verdicts.
    """
    learning = learning or Learning()
    moment = time.time() if now is None else now
    ordered = standing(in_time(events, moment))
    shown_from = reach(learning, moment)["shown"] if learning.repeat_days > 0 else float("inf")
    facts, values = _Facts(), dict[Key, list[StoredEvent]]()
    for event in ordered:
        if event.column:
            values.setdefault((event.column, event.text), []).append(event)
        elif event.item and (event.kind != "shown" or event.time >= shown_from):
            facts.add(event, scale)
    weighed = {key: told(about, learning, scale, moment) for key, about in values.items()}
    wishes = _wishes(weighed, catalog, moment)

    def tastes() -> list[Taste]:
        items: dict[Key, list[StoredEvent]] = {}
        for event in ordered:
            if event.item and not event.column:
                items.setdefault(("", event.item), []).append(event)
        every = {key: told(about, learning, scale, moment) for key, about in items.items()}
        return [t for key, pair in {**weighed, **every}.items() for t in _tastes(key, pair, moment)]

    never = tuple((column, value) for column, value, _ in wishes if weighed[column, value][0].never)
    said = {(e.column, e.text if e.column else e.item): e.id for e in ordered if e.kind == "never"}
    items = _rows(facts, catalog)
    return replace(items, tastes=Tastes(tastes), wishes=wishes, never_values=never, never_by=said)


def _tastes(key: Key, weighed: tuple[Weight, Mood], now: float) -> list[Taste]:
    """The lasting taste, if anything was said, and the mood, if it has not passed."""
    weight, mood = weighed
    found = [weight.taste(key, now)] if weight.told else []
    return [*found, mood.taste(key, now)] if mood.now(now) >= FAINT else found


def _wishes(
    weighed: Mapping[Key, tuple[Weight, Mood]], catalog: Catalog, now: float
) -> tuple[tuple[str, str, float], ...]:
    found = []
    for (column, value), (weight, _) in weighed.items():
        strong = weight.now(now)
        if abs(strong) >= FAINT and _has(catalog, column, value):
            found.append((column, value, strong))
    return tuple(sorted(found, key=lambda wish: (-abs(wish[2]), wish[0], wish[1])))


def _has(catalog: Catalog, column: str, value: str) -> bool:
    """Whether the catalog has this value still."""
    try:
        return catalog.words(column).code(value) is not None
    except KeyError:
        return False


def _rows(facts: _Facts, catalog: Catalog) -> Profile:
    """The facts about items, in rows of the catalog; all ids are looked up at once."""
    named = {*facts.sign, *facts.seen, *facts.wanted, *facts.recent}
    rows = catalog.rows_of(named) if named else {}

    def known(items: Iterable[str]) -> tuple[int, ...]:
        return tuple(rows[item] for item in items if item in rows)

    return Profile(
        taken=known(facts.bare("accepted")),
        turned_down=known(facts.bare("rejected")),
        never=known(item for item in facts.sign if item in facts.never),
        liked=known(item for item, sign in facts.sign.items() if sign > 0),
        disliked=known(item for item, sign in facts.sign.items() if sign < 0),
        seen=known(facts.seen),
        ratings={rows[item]: value for item, value in facts.rated.items() if item in rows},
        wanted=known(facts.wanted),
        recent=known(facts.recent),
    )
