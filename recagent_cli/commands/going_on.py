"""Going on with an earlier session from the command line."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from recagent_catalogs.errors import NotFound

if TYPE_CHECKING:
    from ..agent.session import Session
    from ..assistant import Assistant

TOLD_AFTER_S = 12 * 3600
"""Whoever goes on with a session older than this is told which one it is."""


def held_session(assistant: Assistant, session: str | None) -> Session:
    """The session named, else the last one of this profile and catalog.

    Raises:
        NotFound: there is none. What is said refers to one, so nothing else is answered.
    """
    held = assistant.load_session(session)
    if held is None:
        raise NotFound(
            f"no session about {assistant.catalog.name} yet to go on with",
            hint="without --continue a new one begins",
        )
    return held


def is_old(held: Session) -> bool:
    """Whether a person may have forgotten what the session was about."""
    last = held.turns[-1].kept.time if held.turns else 0.0
    return 0 < last < time.time() - TOLD_AFTER_S


def going_on(held: Session) -> str:
    """One line: with which session it goes on."""
    from ..ui.recap import when_told

    told = when_told(held.turns[-1].kept.time, time.time())
    return f"going on with {held.id}, of {told}: {held.turns[0].utterance}"
