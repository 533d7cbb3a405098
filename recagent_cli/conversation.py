"""A stored session read back for people and programs, as it looked, without its catalog."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from recagent_tools.bus_file import bus_from_bytes

from .agent.brain import PastTurn
from .agent.kept import KeptItem
from .agent.turn import past_from_json
from .agent.usage import spent, usages_of
from .bus_report import sets_told
from .memory.session_rows import SessionHead, StoredSession

SESSION_SCHEMA = "recagent.session/1"
Relabel = Callable[[str], KeptItem]
"""Title and year of an id, for turns from before these were kept."""


def conversation(stored: StoredSession, relabel: Relabel | None = None) -> dict[str, Any]:
    """The session as `recagent.session/1`; the same bytes for the same session.

    Args:
        stored: from the store.
        relabel: names items of turns that know only their ids; by default by the id.
    """
    pasts = [past_from_json(body) for body in stored.turns]
    turns = [_turn(number, *past, relabel) for number, past in enumerate(pasts, start=1)]
    sets, funnel = _bus(stored.bus)
    total = spent(usages_of([past for past, _ in pasts]))
    return {
        "schema": SESSION_SCHEMA,
        "id": stored.id,
        "profile": stored.profile,
        "catalog": stored.catalog,
        "title": turns[0]["utterance"] if turns else "",
        "created": moment(stored.created),
        "updated": moment(stored.updated),
        "turns": turns,
        "usage": total.to_json() if total else None,
        "sets": sets,
        "funnel": funnel,
    }


def title_of(head: SessionHead) -> str:
    """What a session is about: its first utterance."""
    try:
        return str(json.loads(head.first)["utterance"])
    except (KeyError, TypeError, ValueError):
        return ""


def moment(seconds: float) -> str | None:
    """A time in UTC, ISO 8601, to the second; None for 0."""
    if not seconds:
        return None
    return datetime.fromtimestamp(int(seconds), UTC).isoformat().replace("+00:00", "Z")


def _turn(
    number: int, past: PastTurn, ids: Sequence[str], relabel: Relabel | None
) -> dict[str, Any]:
    items = past.kept.items
    if relabel is not None and not past.kept.time:
        items = tuple(map(relabel, ids))
    return {
        "number": number,
        "time": moment(past.kept.time),
        "utterance": past.utterance,
        "text": past.text,
        "options": list(past.options),
        "list": past.number,
        "items": [
            {"rank": rank, "id": one.id, "title": one.title, "year": one.year, "reason": one.reason}
            for rank, one in enumerate(items, start=1)
        ],
        "funnel": past.kept.funnel,
        "user": past.user,
        "with": list(past.together.names) if past.together else [],
        "brain": past.kept.brain,
        "usage": asdict(past.kept.usage) if past.kept.usage else None,
        "request": _request(past),
    }


def _request(past: PastTurn) -> dict[str, Any] | None:
    return None if past.request is None else past.request.to_json()


def _bus(blob: bytes) -> tuple[list[dict[str, Any]], str]:
    """The named sets and the path of what stands; nothing where the bus cannot be read."""
    try:
        bus = bus_from_bytes(blob)
    except ValueError:  # the turns are there all the same
        return [], ""
    return sets_told(bus), bus.funnel()
