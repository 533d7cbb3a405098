"""A first profile: what the person liked, disliked, has seen and never wants, derived from events.

The latest word on an item holds: liked after disliked is liked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from recagent_catalogs.store import Catalog

from .store import StoredEvent

OPINIONS = {
    "liked": "liked",
    "disliked": "disliked",
    "never": "never",
    "accepted": "liked",
    "rejected": "disliked",
}
SEEN = ("seen", "liked", "disliked", "rated", "never", "imported")
KINDS = tuple(sorted({*OPINIONS, *SEEN}))
"""The kinds of event that a profile is made of. Most events are of another: what was shown."""


Stance = Literal["like", "dislike", "expect"]


@dataclass(frozen=True)
class Learning:
    """How fast a profile moves and forgets; the settings `profile.*` hold it.

    Attributes:
        eta: η of `P(t+1) = P(t) + η·ΔP`, 0 to 1.
        half_life_days: of long-term tastes.
        mood_hours: half-life of what was asked for in passing ("expect").
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


@dataclass(frozen=True)
class Profile:
    """Rows of the present catalog, oldest first; `seen` is all that must not be offered again.

    Attributes:
        liked, disliked, seen: rows.
        ratings: in points, on the catalog's scale, by row; the latest of an item holds.
        never: those of `disliked` that are never wanted again.
        wanted: rows of the watchlist.
        recent: rows shown of late that must not be repeated yet.
        tastes: all that is known of items and values, the heaviest first.
        wishes: ("column", "value", weight) of the values, as the ranking takes them.
    """

    never: Sequence[int] = field(default=(), kw_only=True)
    liked: Sequence[int] = ()
    disliked: Sequence[int] = ()
    seen: Sequence[int] = ()
    ratings: Mapping[int, float] = field(default_factory=dict)
    wanted: Sequence[int] = field(default=(), kw_only=True)
    recent: Sequence[int] = field(default=(), kw_only=True)
    tastes: tuple[Taste, ...] = field(default=(), kw_only=True)
    wishes: tuple[tuple[str, str, float], ...] = field(default=(), kw_only=True)


def derive(
    events: Iterable[StoredEvent],
    catalog: Catalog,
    *,
    learning: Learning | None = None,
    now: float | None = None,
) -> Profile:
    """The profile that the events add up to; items that the catalog lost are passed over.

    Args:
        events: of one person and this catalog, oldest first.
        catalog: whose rows are given.
        learning: how fast it moves and forgets.
        now: seconds since 1970 (UTC) at which it is looked at; the present by default.
    """
    opinion: dict[str, str] = {}
    seen: dict[str, None] = {}
    rated: dict[str, float] = {}
    for event in events:
        if event.column:
            continue
        if event.kind in OPINIONS:
            opinion.pop(event.item, None)
            opinion[event.item] = OPINIONS[event.kind]
        if event.kind in SEEN:
            seen[event.item] = None
        if event.kind == "rated" and event.value is not None:
            rated[event.item] = event.value
    rows = {item: catalog.row_of(item) for item in {*opinion, *seen}}

    def known(items: Iterable[str]) -> tuple[int, ...]:
        return tuple(row for item in items if (row := rows[item]) is not None)

    return Profile(
        never=known(item for item, word in opinion.items() if word == "never"),
        liked=known(item for item, word in opinion.items() if word == "liked"),
        disliked=known(item for item, word in opinion.items() if word in ("disliked", "never")),
        seen=known(seen),
        ratings={row: value for item, value in rated.items() if (row := rows[item]) is not None},
    )
