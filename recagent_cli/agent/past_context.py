"""What the tools could touch in the turn that made an earlier list, for whoever explains that list.

The profile and the models are those of now; everything else is as it was then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from recagent_tools.bus import CandidateBus
from recagent_tools.toolbox import ToolContext

from .brain import PastTurn
from .request import Intent, Request
from .session import Session


def context_of_list(now: ToolContext, session: Session, number: int) -> ToolContext:
    """The context of the turn that made a list, on a bus of its own that stands there.

    Args:
        now: a context of the present, of the same catalog.
        session: the session that showed the list.
        number: of the list; 0 is the one that stands, -1 the last one shown.

    Raises:
        ToolError: there is no such list.
    """
    bus = session.bus.at_list(number or session.bus.standing or -1)
    place = _made_at(session.turns, bus.standing)
    before, user = session.turns[:place], None
    request = session.request_of(bus.standing) or Request(Intent.RECOMMEND)
    if place < len(session.turns):
        user = session.turns[place].user
    liked, unlike = _seeds(bus)
    return replace(
        now,
        bus=bus,
        user=None if user is None else now.catalog.user_index(user),
        shown=_standing_after(before, bus),
        shown_before=tuple(dict.fromkeys(row for turn in before for row in turn.shown)),
        liked=_rows([*(m.id for m in request.liked), *liked], now),
        disliked=_rows([*(m.id for m in request.disliked), *unlike], now),
        wishes=[(column, value, w.weight) for w in request.wishes for column, value in w.values],
        presented=None,
        reasons={},
        text="",
        question=None,
        remembered=[],
        notices=[],
    )


def _made_at(turns: Sequence[PastTurn], number: int) -> int:
    """Place of the turn that showed the list first; after all of them while it is not kept yet."""
    return next((n for n, turn in enumerate(turns) if turn.number == number), len(turns))


def _standing_after(turns: Sequence[PastTurn], bus: CandidateBus) -> tuple[int, ...]:
    """Rows of the list that stood after these turns."""
    number = turns[-1].number if turns else 0
    return bus.lists[number - 1].rows if 0 < number <= len(bus.lists) else ()


def _seeds(bus: CandidateBus) -> tuple[list[str], list[str]]:
    """Ids that `similar` was called with on the way to the present candidates."""
    called = [stage.arguments for stage in bus.path() if stage.tool == "similar"]
    liked = [id for arguments in called for id in arguments.get("liked", ())]
    return liked, [id for arguments in called for id in arguments.get("unlike", ())]


def _rows(ids: Iterable[str | None], context: ToolContext) -> list[int]:
    found = (context.catalog.row_of(id) for id in ids if id is not None)
    return list(dict.fromkeys(row for row in found if row is not None))
