"""Consolidation: the store is kept small, and what it says stays the same.

Rows are only removed, never rewritten, so each that is left is a fact as it was said, with its
checksum; but for the time of those that a wrong clock dated to days to come. docs/memory.md has the
table of what goes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence

from .event_rows import StoredEvent, write_event
from .marks import UNASKED
from .profile import reach
from .store import UserStore
from .tastes import (
    DAY_S,
    FAINT,
    SAID_IN_ONE,
    SAYS,
    Key,
    Learning,
    Scale,
    in_time,
    says,
    settled,
    standing,
    told,
)

CROWDED = 1_000
"""So many events of a profile and catalog are worth looking through."""
KEPT_WORDS = 30
"""The latest events of an item or value that are kept. The weight before them is left to less than
a hundredth: with η = .5 what counts least, `learned`, leaves (1 - .15)^30 = .0076 of it."""
KEPT_SHOWN = 2_000
SHOWN_DAYS = 365.0
UNDONE_DAYS = 90.0
KEPT_TURNS = 2
"""Of what only the latest holds: the watchlist's on and off, pauses."""
KEPT_PROPOSED = 300
KEPT_NOTES = 300
ASKED_DAYS = 90.0
SURE_DAYS = 7
"""On so many days the latest facts must have been written before a clock is believed that says that
earlier ones are of a time to come: one that was put back must not cost a history its times."""
OFTEN = 3
"""Sessions in which a value was asked for, from which on it is proposed as a taste."""

_WORDS = frozenset((*SAYS, "rated", "set"))


def consolidate(
    store: UserStore,
    learning: Learning,
    *,
    now: float,
    scale_of: Callable[[str, str], Scale | None],
) -> int:
    """Remove what is superfluous in each profile and catalog with many events; returns how many.

    Args:
        store: of all profiles; all of it is one transaction.
        learning: how fast profiles move and forget.
        now: seconds since 1970.
        scale_of: gives the lowest and highest rating for (profile, catalog), where it is known.

    Raises:
        RecagentError: the store cannot be read or written.
    """
    removed = 0
    if not store.path.exists():
        return removed
    with store.transaction() as connection:
        _mend_times(store, connection, now)
        sql = "SELECT profile, catalog FROM events GROUP BY profile, catalog HAVING count(*) > ?"
        for profile, catalog in connection.execute(sql, (CROWDED,)).fetchall():
            events = store.all_events(connection, profile, catalog)
            scale = scale_of(profile, catalog)
            gone = superfluous(events, learning, now=now, scale=scale)
            connection.executemany("DELETE FROM events WHERE id = ?", [(id,) for id in gone])
            removed += len(gone)
    return removed


def _mend_times(store: UserStore, connection: sqlite3.Connection, now: float) -> None:
    """Give facts of a time to come one at which they can have been, before that time comes."""
    sql = "SELECT DISTINCT profile, catalog FROM events WHERE time > ?"
    for profile, catalog in connection.execute(sql, (now,)).fetchall():
        events = store.all_events(connection, profile, catalog)
        if _days_until(events, now) < SURE_DAYS:
            continue  # it may be the present clock that is wrong; `in_time` does without
        for event, mended in zip(events, settled(events, now), strict=True):
            if mended.time != event.time:
                write_event(connection, mended, anew=False)


def _days_until(events: Sequence[StoredEvent], now: float) -> int:
    """On how many days the latest facts were written, back to the last one of a time to come."""
    days = set()
    for event in reversed(events):
        if event.time > now:
            break
        if not event.batch or event.batch.startswith(SAID_IN_ONE):
            days.add(event.time // DAY_S)
    return len(days)


def superfluous(
    events: Sequence[StoredEvent], learning: Learning, *, now: float, scale: Scale | None
) -> set[int]:
    """Ids of the events without which the profile is the same, to within a hundredth of a weight.

    What the person said is dropped only where many later words on the same item or value are there;
    what was learned also where it has faded.

    Args:
        events: all of one profile and catalog, also those undone, as they were written.
        learning: how fast it moves and forgets.
        now: seconds since 1970.
        scale: of ratings; where None, no word on an item that was rated is dropped.
    """
    holding = [event for event in events if not event.undone]
    kept = standing(holding)
    held, old = _ids(kept), now - UNDONE_DAYS * DAY_S
    ended = {event.id: max(event.time, event.undone) for event in events}
    gone = {
        event.id
        for event in events
        if event.id not in held and max(ended[event.id], _of_cause(event, ended)) < old
    }
    gone -= _ids(_refused(events))
    of_kind: dict[str, list[StoredEvent]] = {}
    targets: dict[Key, list[StoredEvent]] = {}
    for event in in_time(kept, now):
        of_kind.setdefault(event.kind, []).append(event)
        if event.kind in _WORDS or event.kind == "learned":
            key = (event.column, event.text) if event.column else ("", event.item)
            targets.setdefault(key, []).append(event)
    gone |= _ids(_repeated_marks(of_kind))
    gone |= _ids(_old_shown(of_kind.get("shown", ()), learning, now))
    gone |= _ids(_passed_moods(of_kind.get("said", ()), learning, now))
    gone |= _ids(of_kind.get("proposed", [])[:-KEPT_PROPOSED])
    for about in targets.values():
        gone |= _ids(_worn(about, learning, now=now, scale=scale))
    because = {event.id: event.because for event in events if event.because}
    needed = [from_ for id, from_ in because.items() if id not in gone]
    while needed:
        id = needed.pop()
        if id in gone:
            gone.discard(id)
            needed.append(because.get(id, 0))
    return gone


def _of_cause(event: StoredEvent, ended: Mapping[int, float]) -> float:
    """When the fact that it was learned from was said or taken back."""
    return ended.get(event.because, 0.0) if event.kind == "learned" else 0.0


def _ids(events: Iterable[StoredEvent]) -> set[int]:
    return {event.id for event in events}


def _repeated_marks(of_kind: dict[str, list[StoredEvent]]) -> Iterable[StoredEvent]:
    """That an item was seen or is in the history, once more in one import; watchlist and pauses."""
    for kind in ("seen", "imported", "wanted", "paused"):
        alike: dict[tuple[str, ...], list[StoredEvent]] = {}
        for event in of_kind.get(kind, ()):
            batch = "" if kind in ("wanted", "paused") else event.batch
            key = (event.item, event.column, event.text, batch)
            alike.setdefault(key, []).append(event)
        for same in alike.values():
            yield from same[1:-1] if kind in ("seen", "imported") else same[:-KEPT_TURNS]


def _old_shown(
    shown: Sequence[StoredEvent], learning: Learning, now: float
) -> Iterable[StoredEvent]:
    """All but the last time that an item was shown, asked for or not; and what is very long ago."""
    last = {(event.item, event.source in UNASKED): event for event in shown}
    recent = sorted(last.values(), key=lambda event: (event.time, event.id))[-KEPT_SHOWN:]
    oldest = now - max(SHOWN_DAYS, learning.repeat_days) * DAY_S
    repeats = now - learning.repeat_days * DAY_S
    held = _ids(event for event in recent if event.time >= oldest)
    held |= _ids(event for event in last.values() if event.time >= repeats)
    return [event for event in shown if event.id not in held]


def _passed_moods(
    said: Sequence[StoredEvent], learning: Learning, now: float
) -> Iterable[StoredEvent]:
    """What was asked for in passing so long ago that nothing is left of it.

    Of a value the last word in each of some late sessions stays a while: what is asked for often is
    proposed as a taste. Of notes on whole answers, which count for nothing, the latest stay.
    """
    since, asked = reach(learning, now)["said"], dict[Key, dict[str, StoredEvent]]()
    for event in said:
        if event.column and event.session and event.time >= now - ASKED_DAYS * DAY_S:
            sessions = asked.setdefault((event.column, event.text), {})
            sessions.pop(event.session, None)
            sessions[event.session] = event
    held = _ids(e for sessions in asked.values() for e in [*sessions.values()][-OFTEN:])
    passed = [event for event in said if (event.column or event.item) and event.time < since]
    notes = [event for event in said if not (event.column or event.item)]
    return [*(event for event in passed if event.id not in held), *notes[:-KEPT_NOTES]]


def _refused(events: Sequence[StoredEvent]) -> Iterable[StoredEvent]:
    """Of each value the last that was learned or proposed and taken back: never to come again."""
    undone = [event for event in events if event.undone]
    ended = _ids(undone)  # what went with its cause was not refused
    refused = (e for e in undone if e.kind in ("learned", "proposed") and e.because not in ended)
    return {(event.column, event.text): event for event in refused}.values()


def _worn(
    about: Sequence[StoredEvent], learning: Learning, *, now: float, scale: Scale | None
) -> list[StoredEvent]:
    """Events of one item or value behind its last ones, and what was learned and has faded.

    What stays: where it comes from (the first), the rating that holds, and a never-again with the
    word that lifted it.
    """
    rated = [event for event in about if event.kind == "rated"]
    if scale is None and rated:
        return []
    words = [e for e in about if e.kind in _WORDS and (says(e, scale) or e.kind == "set")]
    deciding = _ids(words)
    rest = [e for e in about if e.kind in _WORDS and e.id not in deciding]
    learned = [event for event in about if event.kind == "learned"]
    if learned == about and abs(told(about, learning, scale, now)[0].now(now)) < FAINT:
        return learned
    spared = _ids([*about[:1], *rated[-1:], *_nevers(words, scale)])
    early = (part[:-KEPT_WORDS] for part in (words, rest, learned))
    return [event for part in early for event in part if event.id not in spared]


def _nevers(words: Sequence[StoredEvent], scale: Scale | None) -> Iterable[StoredEvent]:
    """Each never-again, and the next word after it that lifts it."""
    open_ = False
    for event in words:
        lifts = event.kind == "set" or (says(event, scale) or 0.0) > 0
        if event.kind == "never" or (open_ and lifts):
            yield event
            open_ = event.kind == "never"
