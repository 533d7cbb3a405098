"""Our own exports, `recagent.profile/1`, read back: facts stay what they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from recagent_catalogs.store import Catalog

from ..backups import back_up
from ..event_rows import StoredEvent
from ..export import is_export, read_export
from ..store import UserStore
from .entries import Entry
from .importing import Written, alone, new_batch
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
    for event in events:
        if event.kind in _NOT_READ:
            continue
        known = event.catalog != catalog.path.name or not event.item
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
        known = {_same(event) for event in store.events(profile, undone=True)}
        new = [replace(e, batch=batch) for e in history.events if _same(e) not in known]
        if new and not dry_run:
            back_up(store)
            store.commit(events=new)
    counted = Counter(event.kind for event in new)
    return Written(batch if new and not dry_run else "", counted, len(history.events) - len(new))


def _same(event: StoredEvent) -> tuple[object, ...]:
    """Facts of one key are one fact."""
    when = round(event.time, 3)
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
