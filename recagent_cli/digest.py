"""What is new for a person in a catalog, or newly fits them, since they were told last.

New is an item that came into the catalog since and is among what fits the person best. Newly
fitting is an item among their best that would not be there without what was noted since: the same
models rank the same items twice, by the facts of now and by those of then, so that neither another
build nor the passing of time makes news. Each comes with what made it, or is not told at all.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from recagent_catalogs.locks import locked
from recagent_catalogs.store import Catalog, Item
from recagent_tools.models.engine import Engine

from .memory.erasing import last_forgotten
from .memory.event_rows import StoredEvent
from .memory.marks import UNASKED, Mark, Marks, hashed, new_rows, taken_until
from .memory.pausing import paused_since
from .memory.profile import KINDS, Learning, Profile, derive
from .memory.store import UserStore
from .memory.tastes import IMPORTANCE
from .paths import Paths, make_dir

MOVING = tuple(kind for kind in IMPORTANCE if kind != "said")
"""Kinds of facts by which an item may come to fit; what was asked for in passing is none."""
Kind = Literal["new", "fits", "again"]


@dataclass(frozen=True)
class News:
    """An item that is news.

    Attributes:
        item: the item.
        kind: "new" in the catalog, newly "fits", or told "again".
        reason: what made it news, and what it has to do with the person.
        facts: numbers of the facts by which it fits.
        score: of the ranking.
        place: in it, from 0.
    """

    item: Item
    kind: Kind
    reason: str
    facts: tuple[int, ...]
    score: float
    place: int


@dataclass(frozen=True)
class Found:
    """What was looked for, and when.

    Attributes:
        since: when the person was told last, seconds since 1970 (UTC); None for never.
        news: the best of it, as much as was asked for.
        more: how much else there is.
        known: whether anything is known of the person by which something could fit.
        fact: number of the last fact that was looked at.
        forgotten: as `last_forgotten` was then.
    """

    since: float | None = None
    news: tuple[News, ...] = ()
    more: int = 0
    known: bool = False
    fact: int = 0
    forgotten: int = 0


@dataclass
class Digester:
    """Finds what is news for one person in one catalog, and notes that it was told.

    Attributes:
        paths: where marks are kept.
        store: the facts.
        profile: whose.
        catalog, engine: what is ranked, by which models.
        learning: how fast the profile moves and forgets.
        events: the facts of the last look, oldest first, without passing moods.
    """

    paths: Paths
    store: UserStore
    profile: str
    catalog: Catalog
    engine: Engine
    learning: Learning = field(default_factory=Learning)
    events: list[StoredEvent] = field(init=False, default_factory=list)

    @property
    def marks(self) -> Marks:
        """Where it is noted up to what the person was told."""
        return Marks(self.paths.digests, self.profile, self.catalog.path.name)

    @property
    def keeps(self) -> bool:
        """Whether anything may be noted of the person."""
        return paused_since(self.store, self.profile) is None

    @property
    def knows(self) -> bool:
        """Whether anything was ever noted of anybody: before that, nothing is made on disk."""
        return self.store.path.exists()

    def look(self, mark: Mark | None, count: int, *, again: bool = False) -> Found:
        """What is news since a mark, best first, new and newly fitting items in turns.

        Args:
            mark: up to where the person was told; None: of nothing.
            count: so many at most.
            again: also what was told before and is neither seen nor refused since.
        """
        forgotten = last_forgotten(self.store, self.profile)
        kinds = [kind for kind in KINDS if kind != "said"]
        self.events = self.store.events(self.profile, self.catalog.path.name, kinds)
        since = None if mark is None else mark.time
        moving = [event for event in self.events if event.kind in MOVING]
        found = Found(since, fact=max((e.id for e in moving), default=0), forgotten=forgotten)
        now = self.derived(self.events)
        if not likes_anything(now):
            return found
        from_fact = 0 if mark is None else mark.before if again else mark.fact
        fresh = {e.id for e in moving if e.id > from_fact}
        arrived = {} if mark is None else dict.fromkeys(new_rows(self.catalog, mark).tolist())
        told = self._told()
        if not fresh and not arrived and not (again and told):
            return replace(found, known=True)
        from .digest_look import Look  # ranking takes half of the time of a start

        news = Look(self, now, fresh, arrived, told if again else {}).news()
        if not again:
            shown = {**told, **self._shown_since(since)}
            news = [one for one in news if one.item.row not in shown]
        ordered = _in_turns(news)
        more = max(0, len(ordered) - count)
        return replace(found, known=True, news=tuple(ordered[:count]), more=more)

    def keep(self, found: Found, kind: str, session: str = "") -> None:
        """Note what was told, so that it is not told again, and move the mark.

        Nothing is noted of items where something was forgotten since they were looked for.

        Args:
            found: as `look` gave it.
            kind: of the mark, "digest" or "chat".
            session: id of the conversation, if it was told in one.

        Raises:
            RecagentError: it cannot be written.
        """
        source = UNASKED[kind == "chat"]
        events = [
            StoredEvent(
                self.profile,
                self.catalog.path.name,
                "shown",
                one.item.id,
                source=source,
                session=session,
            )
            for one in found.news
        ]
        lock = make_dir(self.store.path.parent, private=True) / "keep.lock"
        with locked(lock):
            if events and last_forgotten(self.store, self.profile) == found.forgotten:
                self.store.commit(events=events)
        self._move(found, kind)

    def _move(self, found: Found, kind: str) -> None:
        """Move a mark to what was looked at, unless it stands there."""
        old = self.marks.read(kind)
        same = old is not None and old.fingerprint == self.catalog.fingerprint
        if old is not None and same and old.fact == found.fact and not found.news:
            return
        before = 0 if old is None else old.fact if old.fact != found.fact else old.before
        known = old.known if old is not None and same else hashed(self.catalog.all_ids())
        until = old.taken_until if old is not None and same else taken_until(self.catalog)
        here = self.catalog.fingerprint
        self.marks.write(kind, Mark(time.time(), found.fact, before, here, until, known))

    # -- what is known ---------------------------------------------------------------------------

    def derived(self, events: Sequence[StoredEvent]) -> Profile:
        """The profile that these facts add up to."""
        scale = self.engine.rating_scale
        return derive(events, self.catalog, learning=self.learning, scale=scale)

    def _told(self) -> dict[int, None]:
        """Rows of what was shown unasked before."""
        return self._rows(e for e in self.events if e.kind == "shown" and e.source in UNASKED)

    def _shown_since(self, since: float | None) -> dict[int, None]:
        """Rows of what any list showed since: whoever saw it there need not be told."""
        begin = float("inf") if since is None else since
        return self._rows(e for e in self.events if e.kind == "shown" and e.time >= begin)

    def _rows(self, events: Iterable[StoredEvent]) -> dict[int, None]:
        ids = [event.item for event in events if event.item]
        return dict.fromkeys(self.catalog.rows_of(ids).values()) if ids else {}


def likes_anything(profile: Profile) -> bool:
    """Whether anything is known by which an item could fit the person."""
    return bool(profile.liked) or any(weight > 0 for *_, weight in profile.wishes)


def _in_turns(news: Sequence[News]) -> list[News]:
    """The best of each kind first, then the second of each: no kind hides the other."""
    seen: dict[Kind, int] = {}
    placed = []
    for one in news:
        seen[one.kind] = seen.get(one.kind, 0) + 1
        placed.append((one.kind == "again", seen[one.kind], one.place, one))
    return [entry[-1] for entry in sorted(placed, key=lambda entry: entry[:3])]
