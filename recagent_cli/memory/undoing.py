"""Takes facts back, with all that was learned of them; and what waits for the person's word."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import replace

from recagent_catalogs.errors import NotFound

from .event_rows import StoredEvent, write_event
from .store import UserStore

NOT_FACTS = ("said", "shown", "paused", "proposed", "learned")
"""Kinds that are noted in passing: the newest of another kind is what `undo` means. What was
learned goes with the fact that it was learned from."""


def take_back(
    store: UserStore, profile: str, numbers: Collection[int] = (), *, batch: str = ""
) -> list[StoredEvent]:
    """Mark facts as undone, and what was learned of them; oldest first.

    They are looked at and marked in one transaction: of two that take the same back one does.

    Args:
        store: the store.
        profile: whose facts.
        numbers: of the facts; without them and `batch` the newest.
        batch: all that came with this import.

    Raises:
        NotFound: one is not there, was taken back before, or was forgotten; then none is.
    """
    if not store.path.exists():
        raise _nothing(numbers, batch)
    with store.transaction() as connection:
        events = {event.id: event for event in store.events(profile, undone=True)}
        holding = [event for event in events.values() if not event.undone]
        if batch:
            numbers = [event.id for event in holding if event.batch == batch]
        elif not numbers:
            numbers = [event.id for event in holding if event.kind not in NOT_FACTS][-1:]
        if not numbers:
            raise _nothing(numbers, batch)
        for number in numbers:
            check(number, events)
        gone = set(numbers)
        for event in holding:
            if event.because in gone:
                gone.add(event.id)
        taken = [event for event in holding if event.id in gone]
        now = int(time.time())
        for event in taken:
            write_event(connection, replace(event, undone=now), anew=False)
    return taken


def check(number: int, events: dict[int, StoredEvent]) -> StoredEvent:
    """The fact of that number, if it counts.

    Raises:
        NotFound: it does not; the message says why.
    """
    event = events.get(number)
    if event is None:
        raise NotFound(
            f"no fact {number}: it was forgotten, or never was", hint="recagent profile show"
        )
    if event.undone:
        raise NotFound(f"fact {number} was taken back already", hint="recagent profile show")
    return event


def _nothing(numbers: Collection[int], batch: str) -> NotFound:
    if batch:
        return NotFound(f"nothing that counts came with {batch!r}", hint="recagent profile show")
    told = "nothing is known yet" if not numbers else f"no fact {min(numbers)}"
    return NotFound(told, hint="recagent profile show")


def pending(store: UserStore, profile: str, catalog: str | None = None) -> list[StoredEvent]:
    """What was generalised and waits for the person's word, oldest first."""
    return store.events(profile, catalog, ("proposed",))


def decide(
    store: UserStore, profile: str, numbers: Collection[int], *, accept: bool
) -> list[StoredEvent]:
    """Let what waits count, or not; returns what was decided on.

    What is accepted becomes a like or dislike, the person's own word, which stands whatever becomes
    of what it was learned from; what is refused stays in the store as taken back, so that it is not
    proposed again.

    Raises:
        NotFound: one of them does not wait; then nothing is decided.
    """
    if not store.path.exists():
        raise _nothing(numbers, "")
    with store.transaction() as connection:
        waiting = {event.id: event for event in pending(store, profile)}
        missing = [number for number in numbers if number not in waiting]
        if missing:
            raise NotFound(
                f"{missing[0]} does not wait for your word", hint="recagent profile pending"
            )
        chosen = [waiting[number] for number in dict.fromkeys(numbers)]
        for event in chosen:
            write_event(connection, replace(event, undone=int(time.time())), anew=False)
            if accept:
                write_event(connection, _accepted(event))
    return chosen


def _accepted(event: StoredEvent) -> StoredEvent:
    likes = event.value is None or event.value >= 0
    return StoredEvent(
        event.profile,
        event.catalog,
        "liked" if likes else "disliked",
        event.item,
        text=event.text,
        source=f"you accepted {event.id}",
        column=event.column,
    )
