"""What the tools could touch in the turn that made an earlier list, for whoever explains that list.

The profile and the models are those of now; everything else is as it was then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from recagent_tools.bus import CandidateBus
from recagent_tools.past_lists import at_list
from recagent_tools.toolbox import ToolContext

from .brain import PastTurn
from .builtin.answers.wording import order_of
from .scope import set_scope
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
    before = session.turns[: _made_at(session.turns, bus.standing)]
    request = session.request_of(bus.standing)
    made = replace(
        at_list(replace(now, bus=bus), bus.standing),
        bus=bus,
        shown=_standing_after(before, bus),
        shown_before=tuple(dict.fromkeys(row for turn in before for row in turn.shown)),
        order=None if request is None else order_of(request, now.catalog),
        presented=None,
    )
    set_scope(made, request)
    return made


def _made_at(turns: Sequence[PastTurn], number: int) -> int:
    """Place of the turn that showed the list first; after all of them while it is not kept yet."""
    return next((n for n, turn in enumerate(turns) if turn.number == number), len(turns))


def _standing_after(turns: Sequence[PastTurn], bus: CandidateBus) -> tuple[int, ...]:
    """Rows of the list that stood after these turns."""
    number = turns[-1].number if turns else 0
    return bus.lists[number - 1].rows if 0 < number <= len(bus.lists) else ()
