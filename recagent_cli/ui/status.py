"""The status line of the chat: where one is, in as many words as there is room for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recagent_catalogs.text import clean

from ..agent.usage import spent, usages_of
from .lines import cost_told

if TYPE_CHECKING:
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
    if (total := spent(usages_of(chat.session.turns))) is not None:
        if total.prompt_tokens is not None and total.completion_tokens is not None:
            told.append(Part(f"{total.prompt_tokens + total.completion_tokens:,} tokens", 2))
        if total.cost_at_least_usd is not None:
            more = "" if total.cost_usd is not None else "+"
            told.append(Part(cost_told(total.cost_at_least_usd) + more, 3))
    if assistant.profile_name != DEFAULT_PROFILE:
        told.append(Part(f"as {clean(assistant.profile_name, 20)}", 7))
    if (others := assistant.with_now(chat.session).names) and chat.user is None:
        told.append(Part(f"with {clean(', '.join(others), 30)}", 7))
    if assistant.incognito:
        told.append(Part("incognito", 9))
    elif chat.paused:
        told.append(Part("paused", 8))
    return told


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
