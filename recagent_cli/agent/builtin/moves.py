"""What a turn does to what was offered: five moves, read from its acts and what it names."""

from __future__ import annotations

from collections.abc import Collection

from recagent_catalogs.store import Catalog

from ..request import Intent, Mention, Request
from .gate import Facts
from .reading import Reading

MOVES = ("seen", "reject", "accept", "critique", "inquire")
_LIKES = frozenset(("praise", "taste"))


def moves(facts: Facts, request: Request, offered: Collection[int], catalog: Catalog) -> set[str]:
    """The moves of a turn; several are common ("seen it, too long. Something shorter?").

    Args:
        facts: the turn, as the gate looks at it.
        request: what the turn was read as.
        offered: rows of what was offered last.
        catalog: whose rows these are.
    """
    reading, acts = facts.reading, facts.acts
    after_offer = facts.shown or facts.said

    def among(mentions: Collection[Mention]) -> bool:
        rows = (catalog.row_of(m.id) for m in mentions if m.id is not None)
        return any(row in offered for row in rows)

    named = [*reading.liked, *reading.seen, *reading.disliked, *reading.about]
    beside = bool(named) and not among(named) and not reading.pointed
    found: set[str] = set()
    if ("seen" in acts and not beside) or among(reading.seen):
        found.add("seen")
    liked_it = reading.pointed or not (beside or facts.content or reading.liked)
    if after_offer and acts & _LIKES:
        if among(reading.liked) or liked_it and not acts & {"accept", "not_seen"}:
            found.add("seen")
    if acts & {"reject", "blame"} or (after_offer and reading.disliked):
        found.add("reject")
    if "accept" in acts and "reject" not in acts:
        found.add("accept")
    if _inquires(facts, request):
        found.add("inquire")
    if after_offer and _criticises(facts, request):
        found.add("critique")
    return found


def _inquires(facts: Facts, request: Request) -> bool:
    return request.intent is Intent.ITEM_INFO and facts.reading.question is not None


def _criticises(facts: Facts, request: Request) -> bool:
    """Whether the turn asks for something else than what was offered, or says what is amiss."""
    reading, acts = facts.reading, facts.acts
    if reading.faults and not acts & {"praise", "accept"}:
        return True
    if request.intent not in (Intent.REFINE, Intent.RECOMMEND, Intent.FEEDBACK):
        return False
    if reading.pointed and "similar" in acts:
        return True
    if facts.asked == "open" or acts & {"accept"}:
        return False
    return _narrows(reading)


def _narrows(reading: Reading) -> bool:
    return bool(reading.conditions or reading.weights or reading.wishes)
