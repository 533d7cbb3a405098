"""Ranks for a digest: the same items by the facts of now and by those of then, and says why."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import cached_property

from recagent_catalogs.schema import Role
from recagent_catalogs.store import Item
from recagent_tools.bus import CandidateBus
from recagent_tools.evidence_json import taken_verb
from recagent_tools.liked import like_shares, shared_values, taken_together
from recagent_tools.models.history import History
from recagent_tools.personal import keep_to
from recagent_tools.rank import RankArguments, rank
from recagent_tools.retrieve import ForUserArguments, for_user, knows_the_person, profile_history
from recagent_tools.toolbox import ToolContext

from .digest import MOVING, Digester, Kind, News, likes_anything
from .memory.profile import Profile

BEST = 20
"""So many items are the person's best; in a small catalog the best fifth, three at least."""
FITS = 0.05
"""A new item fits if it stands in this best share of the catalog, or among the best."""
SHARED = 3


class Look:
    """One look for news.

    Args:
        digester: whose.
        now: the profile as it is.
        fresh: numbers of the facts noted since.
        arrived: rows that came into the catalog since.
        told: rows that were told before and may be told again.
    """

    def __init__(
        self,
        digester: Digester,
        now: Profile,
        fresh: Collection[int],
        arrived: Collection[int],
        told: Collection[int],
    ) -> None:
        self.digester, self.now, self.fresh = digester, now, fresh
        self.catalog = digester.catalog
        self.context, self.rows, self.scores = self._ranked(now)
        self.history = profile_history(self.context)
        self.arrived, self.told = arrived, told

    def news(self) -> list[News]:
        """All of it, in the order of the ranking; items of the watchlist are known already."""
        n_items = self.catalog.n_items
        best = min(BEST, max(3, n_items // 5))
        fitting = max(best, int(FITS * n_items))
        places = {row: place for place, row in enumerate(self.rows)}
        before = self._before(best) if self.fresh else {*self.rows[:best]}
        wanted = {*map(int, self.now.wanted)}
        kinds: dict[int, Kind] = {}
        for row in self.rows[:fitting]:
            if row in self.arrived:
                kinds[row] = "new"
        for row in self.rows[:best]:
            if row not in kinds and row not in before and row not in wanted:
                kinds[row] = "fits"
        for row in self.told:
            if row in places and row not in kinds:
                kinds[row] = "again"
        rows = sorted(kinds, key=places.__getitem__)
        items = self.catalog.items(rows)
        made = (self._made(item, kinds[item.row], places[item.row]) for item in items)
        return [one for one in made if one is not None]

    def _ranked(self, profile: Profile) -> tuple[ToolContext, list[int], list[float]]:
        """What a list for the person would be: the context, rows and scores, best first."""
        catalog = self.digester.catalog
        bus = CandidateBus(catalog.n_items, catalog.fingerprint)
        context = ToolContext(catalog, self.digester.engine, bus, profile=profile)
        keep_to(context)
        if len(bus) and knows_the_person(context):
            for_user(context, ForUserArguments())
        if not len(bus):
            return context, [], []
        rank(context, RankArguments())
        return context, bus.rows().tolist(), bus.scores()["score"].tolist()

    def _before(self, best: int) -> set[int]:
        """The person's best of the same items, by the facts of before; none where none said so."""
        now, fresh = self.now, self.fresh
        early = [e for e in self.digester.events if e.kind != "shown" and e.id not in fresh]
        then = self.digester.derived(early)
        if not likes_anything(then):
            return set()
        judged = dict.fromkeys((*now.seen, *now.liked, *now.disliked))
        held = replace(
            then,
            seen=tuple(judged),
            never=now.never,
            never_values=now.never_values,
            never_by=now.never_by,
            recent=now.recent,
        )
        return {*self._ranked(held)[1][:best]}

    # -- why -------------------------------------------------------------------------------------

    def _made(self, item: Item, kind: Kind, place: int) -> News | None:
        """The news of an item; None where no fact of the person makes it one."""
        only_fresh = kind == "fits"
        told, facts = self._cause(item, only_fresh)
        if not told:
            return None
        if kind == "new":
            told = f"new in {self.catalog.name}; {told}"
        elif kind == "fits":
            told = f"because you {told}" if told.startswith("like ") else f"because {told}"
        return News(item, kind, told, facts, self.scores[place], place)

    def _cause(self, item: Item, only_fresh: bool) -> tuple[str, tuple[int, ...]]:
        """What of the person speaks for an item, and the facts that say so; "" for nothing.

        The like that adds most to its score; where that is none, or one that was known already, a
        liked value that it has.
        """
        likes = [like for like in self._likes(item.row) if like[1] > 0]
        fresh = self._fresh_likes if only_fresh else None
        best = next((row for row, _ in likes[:1] if fresh is None or row in fresh), None)
        if best is None:
            if value := self._value(item, only_fresh):
                return value
            best = next((row for row, _ in likes if fresh is None or row in fresh), None)
        if best is None:
            return "", ()
        liked = self.catalog.item(best)
        shared = self._in_common(item.row, best)
        facts = self._facts_of("", liked.id, only_fresh)
        return f"like {liked.title}" + (f"; {shared}" if shared else ""), facts

    def _likes(self, row: int) -> list[tuple[int, float]]:
        """(row, share) of the likes that add to the score of an item, largest first."""
        if not self.history.n_liked:
            return []
        shares = like_shares(row, self.history, self.context).likes
        return [(like.row, like.share) for like in shares if like.row != row]

    @cached_property
    def _fresh_likes(self) -> set[int]:
        """Rows of what was liked since."""
        ids = [e.item for e in self.digester.events if e.id in self.fresh and not e.column]
        liked = {*map(int, self.now.liked)}
        return {row for row in self.catalog.rows_of(ids).values() if row in liked} if ids else set()

    def _value(self, item: Item, only_fresh: bool) -> tuple[str, tuple[int, ...]] | None:
        """The heaviest liked value that an item has, and the facts that say so."""
        for column, value, weight in self.now.wishes:
            cell = item.columns.get(column)
            has = value in cell if isinstance(cell, list) else value == str(cell)
            facts = self._facts_of(column, value, only_fresh) if has and weight > 0 else ()
            if facts:
                return f"you like {value}", facts
        return None

    def _facts_of(self, column: str, value: str, only_fresh: bool) -> tuple[int, ...]:
        return tuple(
            event.id
            for event in self.digester.events
            if event.kind in MOVING
            and event.column == column
            and (event.text if column else event.item) == value
            and (not only_fresh or event.id in self.fresh)
        )

    def _in_common(self, row: int, liked: int) -> str:
        """What tells most of why a like speaks for an item: a person, takers, tags and kinds."""
        shared = self._shared(row, liked)
        if not shared.startswith("same"):
            for one in taken_together(row, History.of([liked]), self.context):
                verb = taken_verb(self.catalog)
                return f"{one.both:,} of {one.of:,} who {verb} it {verb} this too"
        return shared

    def _shared(self, row: int, liked: int) -> str:
        """What two items have in common: a person, else tags and kinds."""
        found: list[str] = []
        for path in shared_values(row, [liked], self.catalog):
            column = self.catalog.schema.column(path.column)
            if column.role is Role.PEOPLE:
                return f"same {column.label or column.name} {path.value}"
            if column.role in (Role.TAGS, Role.CATEGORIES) and path.value not in found:
                found.append(path.value)
        return "both " + ", ".join(found[:SHARED]) if found else ""
