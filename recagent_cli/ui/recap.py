"""Where one was: what stands when a conversation goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from recagent_catalogs.text import clean

from ..agent.request import GOING, Intent

if TYPE_CHECKING:
    from recagent_catalogs.store import Catalog

    from ..agent.brain import PastTurn
    from ..agent.session import Session

MOST = 7
"""So many items of the list are told again."""
_DAY = 86_400.0


def where_one_was(session: Session, catalog: Catalog) -> list[str]:
    """What the session was about and its list that stands, or the question that is open.

    The numbers are those that words and commands go by. Empty for a new session.
    """
    if not session.turns:
        return []
    last = session.turns[-1]
    count = len(session.turns)
    facts = [f"{count} turn{'s' * (count != 1)}"]
    if last.kept.time:
        facts.append(when_told(last.kept.time, time.time()))
    if last.user is not None:
        facts.append(f"for user {clean(last.user, 60)}")
    if last.together is not None:
        facts.append(f"with {clean(', '.join(last.together.names), 60)}")
    first = next((turn for turn in session.turns if is_asked(turn)), session.turns[0])
    lines = [f"going on with “{clean(first.utterance, 60)}” ({', '.join(facts)})"]
    if last.options:
        lines.append(clean(last.text, 200))
        lines += [f"  {n}. {clean(option)}" for n, option in enumerate(last.options, start=1)]
        return lines
    if not session.shown:
        return lines
    number = session.bus.standing
    lines.append(f"list {number}:" if number else "the last list:")
    lines += [
        f"  {place}. {clean(catalog.label(row))}"
        for place, row in enumerate(session.shown[:MOST], start=1)
    ]
    if len(session.shown) > MOST:
        lines.append(f"  … and {len(session.shown) - MOST} more")
    return lines


def is_asked(turn: PastTurn) -> bool:
    """Whether something was asked for: a command, "more" or a step back says little of a talk."""
    request = turn.request
    if turn.utterance.startswith("/") or turn.utterance.casefold() == "more":
        return False
    if request is None:
        return True
    return request.intent is not Intent.MORE and not any(
        op.op in GOING for op in request.operations
    )


def when_told(moment: float, now: float) -> str:
    """How long ago, for people: `just now`, `5 min ago`, `yesterday`; the date after a week."""
    past = max(0.0, now - moment)
    today, then = time.localtime(now), time.localtime(moment)
    days = (_noon(today) - _noon(then)) / _DAY
    if past < 60:
        return "just now"
    if past < 3600:
        return f"{past / 60:.0f} min ago"
    if past < 6 * 3600 or round(days) <= 0:
        return f"{past / 3600:.0f} h ago"
    if round(days) == 1:
        return "yesterday"
    if round(days) < 7:
        return f"{days:.0f} days ago"
    return time.strftime("%Y-%m-%d", then)


def _noon(of: time.struct_time) -> float:
    return time.mktime((of.tm_year, of.tm_mon, of.tm_mday, 12, 0, 0, 0, 0, -1))
