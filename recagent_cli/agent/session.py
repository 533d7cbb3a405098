"""A session: turns with one bus."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from recagent_catalogs.store import Catalog
from recagent_tools.bus import CandidateBus
from recagent_tools.together import With
from recagent_tools.toolbox import MadeFor

from .brain import PastTurn
from .request import Request


def new_session_id() -> str:
    """A short id that sorts by time: `20261121-142233-1f3a`."""
    return time.strftime("%Y%m%d-%H%M%S-") + secrets.token_hex(2)


@dataclass
class Session:
    """Turns with one bus.

    Attributes:
        id: its name on disk.
        catalog: name of the catalog.
        bus: the candidates, with their history.
        turns: earlier turns, oldest first.
        saved_turns: how many of them are in the store already.
        kept: hash of the bus as it was last read from the store or written there; 0 for never.
        kept_sets: names of its sets then.
        private: whether it holds turns that must not be kept: those of then, and what is made of
            them, stay out of the store.
        forgotten: what had been forgotten when it was begun or read, as `last_forgotten` has it.
        traces: of the turns that are not in the store yet, in their order; "" for none.
        lessons: what these turns taught about the tools.
        unknown: rows that the person was asked for and does not know; they are not stored.
    """

    catalog: str
    bus: CandidateBus
    id: str = field(default_factory=new_session_id)
    turns: list[PastTurn] = field(default_factory=list)
    saved_turns: int = 0
    kept: int = 0
    kept_sets: frozenset[str] = frozenset()
    private: bool = False
    forgotten: int = 0
    unknown: tuple[int, ...] = ()
    traces: list[str] = field(default_factory=list)
    lessons: list[str] = field(default_factory=list)

    def in_store(self, blob: bytes) -> None:
        """Note that these are the bytes of its bus in the store."""
        self.kept, self.kept_sets = hash(blob), frozenset(self.bus.saved)

    @property
    def shown(self) -> tuple[int, ...]:
        """Rows of the list that stands; of the list last shown where the bus began anew."""
        if self.bus.lists:
            return self.bus.shown
        for turn in reversed(self.turns):
            if turn.shown:
                return turn.shown
        return ()

    @property
    def user(self) -> str | None:
        """The user of the catalog's data for whom the last turn was asked."""
        return self.turns[-1].user if self.turns else None

    def user_in(self, catalog: Catalog) -> str | None:
        """For whom it goes on where nobody is named: its user, if the data still know them."""
        user = self.user
        return None if user is None or catalog.user_index(user) is None else user

    @property
    def together(self) -> With:
        """With whom the last turn was asked."""
        return (self.turns[-1].together if self.turns else None) or With()

    @property
    def shown_before(self) -> tuple[int, ...]:
        """All rows shown so far, without duplicates, oldest first."""
        # A bus that began anew with changed data knows nothing of the lists before.
        return tuple(dict.fromkeys(row for turn in self.turns for row in turn.shown))

    def request_of(self, number: int) -> Request | None:
        """The request that list `number` answered; None where there is no such list."""
        turn = self._turn_of(number)
        return turn.request if turn else None

    def made_for(self, number: int, catalog: Catalog) -> MadeFor:
        """For what list `number` was made; for nothing in particular where no request did."""
        turn = self._turn_of(number)
        if turn is None or turn.request is None:
            return MadeFor()
        request = turn.request
        # Turns stored by an earlier version know only what their request named.
        liked = turn.liked or [m.id for m in request.liked if m.id is not None]
        disliked = turn.disliked or [m.id for m in request.disliked if m.id is not None]
        return MadeFor(
            _rows(liked, catalog),
            _rows(disliked, catalog),
            request.wished,
            None if turn.user is None else catalog.user_index(turn.user),
            turn.together,
        )

    def _turn_of(self, number: int) -> PastTurn | None:
        """The turn that made list `number`: later ones only stand on it.

        Where two processes went on with one session, both may have shown a list of that number:
        it is the one whose rows are the list's.
        """
        lists = self.bus.lists
        rows = lists[number - 1].rows if 0 < number <= len(lists) else None
        made = [t for t in self.turns if number and t.number == number and t.request is not None]
        return next((turn for turn in made if turn.shown == rows), made[0] if made else None)


def relist(bus: CandidateBus, turns: Sequence[PastTurn]) -> None:
    """Make lists of what turns showed, on a bus from before lists were kept.

    The last one stands on the candidates that the bus was left with, where these begin with it;
    of the others only what was shown is known.
    """
    cursor, shown = bus.cursor, [turn.shown for turn in turns if turn.shown]
    fits = bool(shown) and tuple(map(int, bus.rows()[: len(shown[-1])])) == shown[-1]
    bus.cursor, bus.done, bus.undone = 0, [], []
    for n, rows in enumerate(shown, 1):
        if n == len(shown) and fits:
            bus.done.append(bus.place)
            bus.cursor = cursor
        else:
            bus.start()
            found = np.array(list(dict.fromkeys(rows)), dtype=np.int32)
            bus.replace("candidates", {"op": "among_shown"}, found, note="the list shown")
        bus.show(rows)


def numbered(turns: Sequence[PastTurn], bus: CandidateBus) -> list[PastTurn]:
    """The turns with the numbers of their lists, where they are from before lists had numbers."""
    made, standing = list(turns), 0
    for place, turn in enumerate(turns):
        if turn.number:
            break
        at_next = standing < len(bus.lists) and bus.lists[standing].rows == turn.shown
        standing += bool(turn.shown) and at_next
        made[place] = replace(turn, number=standing)
    return made


def without_lists(turn: PastTurn) -> PastTurn:
    """A turn of a bus that began anew: what was asked still holds, of the whole catalog."""
    request = turn.request
    if request is not None:
        request = replace(request, base=0, operations=())
    return replace(turn, number=0, request=request)


def _rows(ids: Sequence[str], catalog: Catalog) -> tuple[int, ...]:
    return tuple(row for id in ids if (row := catalog.row_of(id)) is not None)
