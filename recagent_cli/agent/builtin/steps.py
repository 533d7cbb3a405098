"""What every step of the built-in brain is made from: calls, ids, the tools on offer."""

from __future__ import annotations

from collections.abc import Sequence

from ..brain import Call, TurnView
from ..request import Intent, Mention, Request
from .dialogue.state import NO_STATE


def is_offered(view: TurnView, name: str) -> bool:
    """Whether a tool may be called in this step."""
    return any(tool.name == name for tool in view.tools)


def call_of(view: TurnView, name: str, **arguments: object) -> Call:
    """A call of a tool, with an id that no call of a step before has."""
    place = sum(len(step.calls) for step, _ in view.steps)
    return Call(name, dict(arguments), id=f"{name}-{place}")


def ids_of(mentions: Sequence[Mention]) -> list[str]:
    """Ids of the items mentioned, each once; without those that are not in the catalog."""
    return list(dict.fromkeys(m.id for m in mentions if m.id is not None))


def request_before(view: TurnView) -> Request:
    """The request of the turn before this one."""
    for turn in reversed(view.history):
        if turn.request is not None and turn.request.intent not in NO_STATE:
            return turn.request
    return Request(Intent.CHIT_CHAT)
