"""Our own exports, `recagent.profile/1`, read back: facts stay what they are."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from recagent_catalogs.store import Catalog

from ..backups import back_up
from ..event_rows import StoredEvent
from ..export import is_export, read_export
from ..store import UserStore
from ..tastes import settled
from .entries import Entry
from .importing import Written, alone, new_batch, rating_scale
from .matching import Matcher
from .sources import Source, check_unpacked

_NOT_READ = ("paused", "forgotten")
"""Whether anything is noted, and what is kept, is decided where one is."""


@dataclass(frozen=True)
class OwnHistory:
    """The facts of an export.

    Attributes:
        source: the file.
        events: its facts, as facts of the profile that imports them.
        moved: how many were found again by their title, as the catalog has other ids here.
        lost: of items that the catalog does not have here; they are kept for when it has.
    """

    source: Source
    events: tuple[StoredEvent, ...]
    moved: int
    lost: int


def is_ours(source: Source) -> bool:
    """Whether a file is an export of a profile."""
    if source.file.facts.encoding not in ("utf-8", "utf-8-sig"):
        return False
    return is_export(next(_lines(source), ""))


def read_ours(source: Source, catalog: Catalog, profile: str) -> OwnHistory:
    """Read an export whole; facts of `catalog` whose id it lacks are looked for by their title.

    Raises:
        BadInput: a line is wrong; the message names it.
    """
    check_unpacked(source)
    events = read_export(_lines(source), profile, path=source.name)
    titles = _titles(source) if _unknown(events, catalog) else {}
    matcher = Matcher(catalog)
    kept, moved, lost = [], 0, 0
    mine = [e for e in events if e.kind == "rated" and e.catalog == catalog.path.name]
    scale = rating_scale(catalog) if mine else None
    for event in events:
        if event.kind in _NOT_READ:
            continue
        known = event.catalog != catalog.path.name or not event.item
        if not known and scale and event.kind == "rated" and event.value is not None:
            event = replace(event, value=max(scale[0], min(scale[1], event.value)))
        if not known and catalog.row_of(event.item) is None:
            title, year = titles.get(event.item, ("", None))
            row = matcher.match(Entry(title, year=year)).row if title else None
            if row is None:
                lost += 1
            else:
                event = replace(event, item=catalog.ids([row])[0])
                moved += 1
        kept.append(event)
    return OwnHistory(source, tuple(kept), moved, lost)


def write_ours(
    history: OwnHistory, store: UserStore, profile: str, *, dry_run: bool = False
) -> Written:
    """Write the facts that are not there yet, in one transaction and one batch.

    Raises:
        RecagentError: the store cannot be written.
    """
    batch = new_batch()
    with alone(store, dry_run):
        there = _There.of(store.events(profile, undone=True))
        new, known = _new(history.events, there, batch)
        if new and not dry_run:
            back_up(store)
            store.commit(events=new)
    counted = Counter(event.kind for event in new)
    return Written(batch if new and not dry_run else "", counted, known)


@dataclass(frozen=True)
class _There:
    """Numbers of the facts in the store, by what they say and when.

    Attributes:
        counting: of those that count, and of those that the person took back one by one; they do
            not come back with a file. An import that was taken back whole may come again.
        taken: of all those taken back.
        undone: the same, as numbers alone.
    """

    counting: dict[_Said, int]
    taken: dict[_Said, int]
    undone: frozenset[int]

    @classmethod
    def of(cls, stored: Sequence[StoredEvent]) -> _There:
        held = {event.batch for event in stored if not event.undone} | {""}
        counting, taken = dict[_Said, int](), dict[_Said, int]()
        for event in sorted(stored, key=lambda each: not each.undone):
            for said in (_said(event), _said(event, dated=False)):
                if not event.undone or event.batch in held:
                    counting[said] = event.id
                if event.undone:
                    taken[said] = event.id
        return cls(counting, taken, frozenset(e.id for e in stored if e.undone))

    def number(self, event: StoredEvent, now: float) -> int | None:
        """Of the same fact; where a wrong clock dated it to days to come, of whatever day."""
        said = _said(event, dated=event.time <= now)
        return self.counting.get(said, self.taken.get(said) if event.undone else None)


_Said = tuple[object, ...]


def _new(events: Sequence[StoredEvent], there: _There, batch: str) -> tuple[list[StoredEvent], int]:
    """The facts that are not in the store, as they are to be written, and how many are.

    In `because` stands the number of a fact of the store, or that of a new one, which is below
    nought. What was learned of a fact that is neither, or was taken back here, counts nowhere and
    is left out.
    """
    now = time.time()
    numbers: dict[int, int] = {}
    new: list[StoredEvent] = []
    known = 0
    told = sorted(events, key=lambda event: event.id)
    for read, event in zip(told, settled(told, now), strict=True):
        number, cause = there.number(read, now), numbers.get(event.because, 0)
        if number is not None:
            known += 1
        elif _lost(event, cause, there):
            continue
        else:
            number = -1 - len(new)
            undone = int(now) if event.undone else 0
            new.append(replace(event, id=number, because=cause, batch=batch, undone=undone))
        if event.id:
            numbers[event.id] = number
    return new, known


def _lost(event: StoredEvent, cause: int, there: _There) -> bool:
    """Whether it was learned of a fact that is not there, or counts no more."""
    if event.kind != "learned" or not event.because or event.undone:
        return False
    return not cause or cause in there.undone


def _said(event: StoredEvent, *, dated: bool = True) -> _Said:
    """Facts of one key are one fact."""
    when = round(event.time, 3) if dated else None
    value = event.value
    return (event.catalog, event.kind, event.item, event.column, event.text, value, when)


def _unknown(events: Sequence[StoredEvent], catalog: Catalog) -> bool:
    mine = {e.item for e in events if e.catalog == catalog.path.name and e.item}
    return any(catalog.row_of(item) is None for item in mine)


def _titles(source: Source) -> dict[str, tuple[str, int | None]]:
    """Title and year by id, as the export tells them beside its facts."""
    import json

    found: dict[str, tuple[str, int | None]] = {}
    for line in _lines(source):
        if line.strip():
            told = json.loads(line)
            title, year = told.get("title"), told.get("year")
            if isinstance(title, str) and title and isinstance(told.get("item"), str):
                found[told["item"]] = (title, year if isinstance(year, int) else None)
    return found


def _lines(source: Source) -> Iterator[str]:
    with source.file.open() as stream:
        for number, raw in enumerate(stream):
            text = raw.decode("utf-8", "replace")
            yield text if number else text.lstrip("\ufeff")
