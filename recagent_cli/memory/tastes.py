"""Tastes: what the events say of one item or value, by weight. docs/memory.md has the formulas.

`P(t+1) = P(t) + η·ΔP` with `ΔP = importance·(e − P(t))`, where P(t) has decayed by `2^(−Δt/h)`
since it was last moved and e is what the event says, -1 to 1: exponential smoothing (Brown, 1956)
with exponential forgetting (Ding and Li, 2005, "Time weight collaborative filtering"). An event
that contradicts P overrules it: P starts again at nought, so that the latest word has the sign.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from operator import attrgetter
from typing import Literal, overload

from .event_rows import StoredEvent

DAY_S = 86_400.0
FAINT = 0.05
"""A weight below this says nothing any more."""
NO_VERDICT = 0.25
"""A rating nearer than this to the middle of the scale, as a share of half of it, is no verdict."""

IMPORTANCE = {
    "set": 1.0,
    "never": 1.0,
    "liked": 1.0,
    "disliked": 1.0,
    "rated": 1.0,
    "accepted": 0.5,
    "rejected": 0.5,
    "said": 0.5,
    "learned": 0.3,
}
"""How much an event of a kind counts; those of other kinds move nothing."""
_TIME, _ID = attrgetter("time"), attrgetter("id")
SAID_IN_ONE = "interview-"
"""So begins the batch of what was said, not brought from elsewhere."""
SAYS = {"liked": 1.0, "disliked": -1.0, "never": -1.0, "accepted": 1.0, "rejected": -1.0}

Stance = Literal["like", "dislike", "expect"]
Scale = tuple[float, float]
Key = tuple[str, str]


@dataclass(frozen=True)
class Learning:
    """How fast a profile moves and forgets; the settings `profile.*` hold it.

    Attributes:
        eta: η of `P(t+1) = P(t) + η·ΔP`, 0 to 1.
        half_life_days: of long-term tastes; 0: they do not fade.
        mood_hours: half-life of what was asked for in passing ("expect"); 0: none of it is kept.
        repeat_days: what was shown in so many last days is not shown again; 0 for no such rule.
    """

    eta: float = 0.5
    half_life_days: float = 365.0
    mood_hours: float = 6.0
    repeat_days: float = 0.0


@dataclass(frozen=True)
class Taste:
    """What the events say of one item or value: derived, with what it was derived from.

    Attributes:
        column: the catalog's column; "" where `value` is the id of an item.
        value: the value ("Sci-Fi", "Ridley Scott"), or the item's id.
        stance: like, dislike, or expect: asked for in passing, the mood of a session.
        weight: -1 to 1, as it is now, decayed since `confirmed`.
        importance: 0 to 1: how much each event of its kind counts; docs/memory.md has the table.
        half_life_days: after which it has lost half its weight; infinite for what holds for ever.
        confirmed: when it was last said, seconds since 1970 (UTC).
        events: ids of the events that speak for it, oldest first.
        against: ids of the events that contradict it and are overruled by later ones.
        forever: whether it is never wanted again.
    """

    column: str
    value: str
    stance: Stance
    weight: float
    importance: float
    half_life_days: float
    confirmed: float
    events: tuple[int, ...] = ()
    against: tuple[int, ...] = ()
    forever: bool = False


def says(event: StoredEvent, scale: Scale | None) -> float | None:
    """What an event says of its item or value, -1 to 1; None where it is no word on it.

    A rating is stretched from the scale to -1 … 1; near the middle (`NO_VERDICT`) it says 0.

    Args:
        event: of any kind.
        scale: lowest and highest rating of the catalog; None: ratings say nothing.
    """
    fixed = SAYS.get(event.kind)
    if fixed is not None:
        return fixed
    value = event.value
    if event.kind == "rated":
        return None if value is None or event.column else points_say(value, scale)
    if event.kind == "set":
        return None if value is None else _held(value)
    if event.kind == "said" or (event.kind == "learned" and event.column):
        return 1.0 if value is None else _held(value)
    return None


def points_say(points: float, scale: Scale | None) -> float | None:
    """What a rating says, -1 to 1: 0 near the middle of the scale; None where there is no scale."""
    if scale is None or scale[1] <= scale[0]:
        return None
    share = _held(2 * (points - scale[0]) / (scale[1] - scale[0]) - 1)
    return share if abs(share) >= NO_VERDICT else 0.0


def _held(value: float) -> float:
    return max(-1.0, min(1.0, value))


def _decay(seconds: float, half_life: float) -> float:
    """The share that is left; a half-life of 0 or less is none: it does not fade."""
    return float(2.0 ** (-max(0.0, seconds) / half_life)) if half_life > 0 else 1.0


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


class Weight:
    """The lasting weight of one item or value, event by event.

    Attributes:
        value: P at the time `at`.
        at: of the last event that moved it, seconds.
        never: whether it is never wanted again.
        stated: whether the person's own word or act stands behind it, not only what was learned.
        told: (id, sign) of each event that said something, oldest first.
        sign: of the event that decides.
        kind: of the event that decides; "" before there is one.
    """

    __slots__ = ("at", "eta", "half_life", "kind", "never", "sign", "stated", "told", "value")

    def __init__(self, learning: Learning) -> None:
        self.eta = _held(max(0.0, learning.eta))
        self.half_life = learning.half_life_days * DAY_S
        self.value, self.at, self.sign, self.kind = 0.0, 0.0, 0, ""
        self.never = self.stated = False
        self.told: list[tuple[int, int]] = []

    def now(self, now: float) -> float:
        """P, decayed."""
        return self.value if self.never else self.value * _decay(now - self.at, self.half_life)

    def add(self, event: StoredEvent, says: float, time: float) -> None:
        """Move it by an event, which is later than all before."""
        kind, sign = event.kind, _sign(says)
        held = self.now(time)
        opposed = sign * self.sign < 0
        self.told.append((event.id, sign))
        if kind == "learned" and opposed and self.stated and abs(held) >= FAINT:
            return  # what was only learned never overrules a person's own word
        if kind == "never" or (self.never and not opposed and kind != "set"):
            self.value, self.never = -1.0, True
        elif kind == "set":
            self.value, self.never = says, False
        else:
            held = 0.0 if opposed else held
            self.value = held + self.eta * IMPORTANCE[kind] * (says - held)
            self.never = False
        self.at = time
        if sign or kind == "set":
            self.sign, self.kind = sign, kind
            self.stated = kind != "learned" or (self.stated and not opposed)

    def taste(self, key: Key, now: float) -> Taste:
        """As it is now; it has been told something."""
        return Taste(
            *key,
            "dislike" if self.sign < 0 else "like",
            self.now(now),
            IMPORTANCE[self.kind or "rated"],
            float("inf") if self.never or self.half_life <= 0 else self.half_life / DAY_S,
            self.at,
            tuple(id for id, sign in self.told if sign == self.sign),
            tuple(id for id, sign in self.told if sign != self.sign),
            self.never,
        )


class Mood:
    """What was asked for in passing: it rises with each asking, and is gone within a day or two."""

    __slots__ = ("against", "at", "eta", "half_life", "ids", "value")

    def __init__(self, learning: Learning) -> None:
        self.eta = _held(max(0.0, learning.eta)) * IMPORTANCE["said"]
        self.half_life = learning.mood_hours * 3600
        self.value, self.at = 0.0, 0.0
        self.ids: list[int] = []
        self.against: list[int] = []

    def now(self, now: float) -> float:
        """The weight, decayed."""
        return self.value * _decay(now - self.at, self.half_life) if self.half_life > 0 else 0.0

    def add(self, event: StoredEvent, says: float, time: float) -> None:
        """Asked for once more; what is not wanted is no mood."""
        if says > 0:
            held = self.now(time)
            self.value, self.at = held + self.eta * (says - held), time
            self.ids.append(event.id)

    def end(self) -> None:
        """A later word against it."""
        self.value = 0.0
        self.against += self.ids
        self.ids = []

    def taste(self, key: Key, now: float) -> Taste:
        """As it is now."""
        return Taste(
            *key,
            "expect",
            self.now(now),
            IMPORTANCE["said"],
            self.half_life / DAY_S,
            self.at,
            tuple(self.ids),
            tuple(self.against),
        )


def told(
    events: Iterable[StoredEvent], learning: Learning, scale: Scale | None, now: float
) -> tuple[Weight, Mood]:
    """Weight and mood of one item or value.

    Args:
        events: about it, in the order of `in_time`.
        learning: how fast it moves and forgets.
        scale: lowest and highest rating of the catalog.
        now: a time after which no event counts as later.
    """
    weight, mood = Weight(learning), Mood(learning)
    for event in events:
        said = says(event, scale)
        if said is None:
            continue
        time = min(event.time, now)
        if event.kind == "said":
            mood.add(event, said, time)
            continue
        weight.add(event, said, time)
        if said < 0 and event.kind != "learned":
            mood.end()
    return weight, mood


def in_time(events: Iterable[StoredEvent], now: float) -> list[StoredEvent]:
    """The events in the order in which they were true: by time, then as they were written.

    A history that was imported tells of earlier days than what was said before it.
    """
    ordered = sorted(events, key=_TIME)
    if ordered and ordered[-1].time > now:
        ordered = sorted(settled(ordered, now), key=lambda event: (event.time, event.id))
    return ordered


def settled(events: Iterable[StoredEvent], now: float) -> list[StoredEvent]:
    """The events by number, those of a time to come as of a time at which they can have been.

    Such a time is that of a wrong clock. It counts as that of the next fact that was said, at most
    as now, so that every later word is later. What was imported may tell of earlier days and says
    nothing of when it was written.
    """
    found, latest = [], now
    for event in reversed(sorted(events, key=_ID)):
        if event.time > now:
            event = replace(event, time=latest)
        elif not event.batch or event.batch.startswith(SAID_IN_ONE):
            latest = min(latest, event.time)
        found.append(event)
    return found[::-1]


def standing(events: Sequence[StoredEvent]) -> list[StoredEvent]:
    """Without what was learned from events that are taken back or gone."""
    if not any(event.kind == "learned" and event.because for event in events):
        return list(events)
    ids = {event.id for event in events}
    return [e for e in events if e.kind != "learned" or not e.because or e.because in ids]


class Tastes(Sequence[Taste]):
    """Tastes, the heaviest first, made when somebody looks: most turns never do."""

    def __init__(self, make: Callable[[], list[Taste]]) -> None:
        self._make = make

    @cached_property
    def _all(self) -> tuple[Taste, ...]:
        return tuple(sorted(self._make(), key=lambda t: (-abs(t.weight), t.column, t.value)))

    @overload
    def __getitem__(self, index: int) -> Taste: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Taste, ...]: ...

    def __getitem__(self, index: int | slice) -> Taste | tuple[Taste, ...]:
        return self._all[index]

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Taste]:
        return iter(self._all)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._all == tuple(other)

    def __hash__(self) -> int:
        return hash(self._all)

    def __repr__(self) -> str:
        return repr(self._all)
