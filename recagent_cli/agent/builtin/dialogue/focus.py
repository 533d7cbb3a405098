"""The item that is talked about, which "it" and "that" then mean."""

from __future__ import annotations

from collections.abc import Sequence

from recagent_catalogs.store import Catalog

from ...brain import PastTurn
from ...request import Intent, Mention, Request
from .state import EMPTY, NO_STATE


def in_focus(history: Sequence[PastTurn], catalog: Catalog) -> Mention | None:
    """The item last asked about, praised or taken; none once another list is there or wanted."""
    focus: Mention | None = None
    before = EMPTY
    for turn in history:
        request = turn.request
        if request is None:
            continue
        named = _named(request, before)
        if named:
            focus = named[0] if len(named) == 1 else None
        elif _asks_anew(request, before):
            focus = None
        if focus is not None and turn.shown and focus.id not in catalog.ids(list(turn.shown)):
            focus = None
        if request.intent not in NO_STATE and request.intent is not Intent.CLOSING:
            before = request
    return focus


def _named(request: Request, before: Request) -> list[Mention]:
    """Items of the catalog that this turn names or points at."""
    found = {m.id: m for m in request.about if m.id is not None}
    if not found:
        for name in ("liked", "disliked", "seen"):
            known = {m.id for m in getattr(before, name)}
            for mention in getattr(request, name):
                if mention.id is not None and mention.id not in known:
                    found[mention.id] = mention
    return list(found.values())


def _asks_anew(request: Request, before: Request) -> bool:
    """Whether other items are wanted than before."""
    if request.intent not in (Intent.RECOMMEND, Intent.REFINE, Intent.MORE):
        return False
    return request.intent is Intent.MORE or request.conditions != before.conditions
