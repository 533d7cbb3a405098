"""What a turn does to what was offered: five moves, read from its acts and what it names."""

from __future__ import annotations

import re
from collections.abc import Collection

from recagent_catalogs.store import Catalog

from ...request import Intent, Mention, Request
from ..meaning.reading import Reading
from .gate import Facts

MOVES = ("seen", "reject", "accept", "critique", "inquire")
_TO_US = re.compile(
    r"\b(?:have|did|do) (?:you|u) (?:ever |also |already )?(?:see|seen|watch|like|love|read)"
)
_BUT_LIKED = re.compile(
    r"\b(?:but|though|although) (?:i|we) (?:(?:do|did|really|also|always|usually|generally) )*"
    r"(?:like|love|enjoy|adore)\b"
)
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
    if "seen" in acts and (reading.seen_it or not beside) or among(reading.seen):
        found.add("seen")
    known = reading.pointed or not (beside or facts.content or reading.liked)
    if after_offer and acts & _LIKES and not acts & {"accept", "reject"}:
        if among(reading.liked) or known and "not_seen" not in acts:
            found.add("seen")  # praise of what was offered comes from those who know it
    if acts & {"reject", "blame"} or (after_offer and reading.disliked):
        found.add("reject")
    if "reject" not in acts and ("accept" in acts or after_offer and _warms(facts)):
        found.add("accept")
    if _inquires(facts, request):
        found.add("inquire")
    if (facts.shown or facts.said and facts.stateful) and _criticises(facts, request):
        found.add("critique")
    return found


def _warms(facts: Facts) -> bool:
    """Whether what is not known yet has something that is liked: "no, but I love westerns"."""
    acts = facts.acts
    if not {"not_seen", "taste"} <= acts or acts & {"request", "more", "blame", "similar"}:
        return False
    return bool(_BUT_LIKED.search(facts.reading.text.joined)) and not facts.reading.liked


def _inquires(facts: Facts, request: Request) -> bool:
    if request.intent is not Intent.ITEM_INFO or facts.reading.question is None:
        return False
    return not _TO_US.search(facts.reading.text.joined)


def _criticises(facts: Facts, request: Request) -> bool:
    """Whether the turn asks for something else than what was offered, or says what is amiss."""
    reading, acts = facts.reading, facts.acts
    if reading.faults and not acts & {"praise", "accept"}:
        return True
    if request.intent not in (Intent.REFINE, Intent.RECOMMEND, Intent.FEEDBACK):
        return False
    if acts & {"thanks", "bye"} and not facts.asks:
        return False
    if "similar" in acts and "taste" not in acts and (reading.pointed or not reading.liked):
        return True
    if facts.asked in ("open", "offer", "how") or "accept" in acts:
        return False
    if acts & {"praise", "seen"} and not facts.asks and not acts & {"reject", "blame", "more"}:
        return False  # "we loved it, so scary": says how it was
    return _narrows(reading)


def _narrows(reading: Reading) -> bool:
    return bool(reading.conditions or reading.weights or reading.wishes)
