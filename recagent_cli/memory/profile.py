"""A first profile: what the person liked, disliked, has seen and never wants, derived from events.

The latest word on an item holds: liked after disliked is liked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

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


@dataclass(frozen=True)
class Profile:
    """Rows of the present catalog, oldest first; `seen` is all that must not be offered again.

    `ratings` are those in points, on the catalog's scale; the latest of an item holds.

    `never` are those of `disliked` that are never wanted again.
    """

    never: Sequence[int] = field(default=(), kw_only=True)
    liked: Sequence[int] = ()
    disliked: Sequence[int] = ()
    seen: Sequence[int] = ()
    ratings: Mapping[int, float] = field(default_factory=dict)


def derive(events: Iterable[StoredEvent], catalog: Catalog) -> Profile:
    """The profile that the events add up to; items that the catalog lost are passed over."""
    opinion: dict[str, str] = {}
    seen: dict[str, None] = {}
    rated: dict[str, float] = {}
    for event in events:
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
