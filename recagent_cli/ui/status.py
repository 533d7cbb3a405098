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


@dataclass
class Spent:
    """What the models of a conversation consumed so far.

    Attributes:
        tokens: of prompts and answers; None where no model told.
        cost_usd: what is known of the price; None where nothing is.
    """

    tokens: int | None = None
    cost_usd: float | None = None

    def add(self, usage: Usage | None) -> None:
        """Count a turn in."""
        if usage is None:
            return
        if usage.prompt_tokens is not None or usage.completion_tokens is not None:
            used = (usage.prompt_tokens or 0) + (usage.completion_tokens or 0)
            self.tokens = (self.tokens or 0) + used
        if usage.cost_usd is not None:
            self.cost_usd = (self.cost_usd or 0.0) + usage.cost_usd


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
    if chat.spent.tokens is not None:
        told.append(Part(f"{chat.spent.tokens:,} tokens", 2))
    if chat.spent.cost_usd is not None:
        told.append(Part(f"${chat.spent.cost_usd:.4f}", 3))
    if assistant.profile_name != DEFAULT_PROFILE:
        told.append(Part(f"as {clean(assistant.profile_name, 20)}", 7))
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
