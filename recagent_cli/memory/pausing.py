"""Whether anything is noted of a profile at all."""

from __future__ import annotations

from .event_rows import StoredEvent
from .store import UserStore


def paused_since(store: UserStore, profile: str) -> float | None:
    """Since when nothing is noted of a profile, seconds since 1970 (UTC); None while all is."""
    since: float | None = None
    for event in store.events(profile, "", ("paused",)):
        if not event.value:
            since = None
        elif since is None:
            since = event.time
    return since


def pause(store: UserStore, profile: str, *, source: str, resume: bool = False) -> bool:
    """Note nothing of a profile from now on, or again; returns whether that is news."""
    if (paused_since(store, profile) is None) == resume:
        return False
    store.commit(
        events=[StoredEvent(profile, "", "paused", value=float(not resume), source=source)]
    )
    return True
