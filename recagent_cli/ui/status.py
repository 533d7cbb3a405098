"""The status line of the chat: where one is, in as many words as there is room for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recagent_catalogs.text import clean

if TYPE_CHECKING:
    from ..agent.brain import Usage
    from .chat import Chat

DEFAULT_PROFILE = "me"
BETWEEN = " · "


@dataclass(frozen=True)
class Part:
    """A part of the line; of two that do not fit, the one with the lower `weight` goes."""

    text: str
    weight: int


def status_line(chat: Chat, width: int) -> str:
    """The line, no wider than `width` cells."""
    return fitted(parts(chat), width)


def parts(chat: Chat) -> list[Part]:
    """Catalog, brain, candidates of the list, what a model cost, and what is out of the usual."""
    assistant, bus = chat.assistant, chat.session.bus
    brain = assistant.agent.brain.name
    told = [Part(clean(assistant.catalog.name, 30), 6)]
    told.append(Part("built-in brain" if brain == "builtin" else clean(brain, 40), 4))
    if bus.lists:
        n = len(bus)
        told.append(Part(f"{n:,} candidate{'s' * (n != 1)}", 5))
    tokens, cost = spent(chat.usages)
    if tokens is not None:
        told.append(Part(f"{tokens:,} tokens", 2))
    if cost is not None:
        told.append(Part(f"${cost:.4f}", 3))
    if assistant.profile_name != DEFAULT_PROFILE:
        told.append(Part(f"as {clean(assistant.profile_name, 20)}", 7))
    if (others := assistant.with_now(chat.session).names) and chat.user is None:
        told.append(Part(f"with {clean(', '.join(others), 30)}", 7))
    if assistant.incognito:
        told.append(Part("incognito", 9))
    elif chat.paused:
        told.append(Part("paused", 8))
    return told


def spent(usages: Sequence[Usage]) -> tuple[int | None, float | None]:
    """Tokens and dollars of all answers; None where none of them told."""
    tokens = [
        (one.prompt_tokens or 0) + (one.completion_tokens or 0)
        for one in usages
        if one.prompt_tokens is not None or one.completion_tokens is not None
    ]
    costs = [one.cost_usd for one in usages if one.cost_usd is not None]
    return (sum(tokens) if tokens else None), (sum(costs) if costs else None)


def fitted(parts: Sequence[Part], width: int) -> str:
    """The parts side by side, without the least of them where there is no room."""
    from rich.cells import cell_len, set_cell_size

    kept = list(parts)
    while kept:
        line = BETWEEN.join(part.text for part in kept)
        if cell_len(line) <= width:
            return line
        if len(kept) == 1:
            return set_cell_size(line, max(width - 1, 0)).rstrip() + "…" if width > 1 else ""
        kept.remove(min(kept, key=lambda part: part.weight))
    return ""
