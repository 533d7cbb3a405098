"""What one turn may cost: model calls, tokens, dollars, seconds; checked before every call."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .brain import Usage
from .wire import Reply

CHARS_PER_TOKEN = 4
"""For the budget only, where a provider sends no usage. Never shown as usage."""


@dataclass(frozen=True)
class Limits:
    """The limits of a turn; None is no limit."""

    model_calls: int | None = 10
    """Answers of the model, those included which had to be mended."""
    tokens: int | None = 60_000
    """Prompt and completion together."""
    cost_usd: float | None = None
    seconds: float | None = 120.0


@dataclass
class Budget:
    """What a turn has consumed, held against its limits."""

    limits: Limits
    model: str
    clock: Callable[[], float] = time.monotonic
    started_s: float = field(init=False)
    calls: int = 0
    prompt_tokens: int | None = 0
    completion_tokens: int | None = 0
    cost_usd: float | None = 0.0
    cached_tokens: int | None = None
    counted: int = 0
    """Tokens with estimates where nothing was sent."""

    def __post_init__(self) -> None:
        self.started_s = self.clock()

    def spend(self, reply: Reply, sent_chars: int) -> None:
        """Book one answer. One unknown figure makes the sum unknown, never too small."""
        self.calls += 1
        self.prompt_tokens = _sum(self.prompt_tokens, reply.prompt_tokens)
        self.completion_tokens = _sum(self.completion_tokens, reply.completion_tokens)
        self.cost_usd = _sum(self.cost_usd, reply.cost_usd)
        if reply.cached_tokens is not None:
            self.cached_tokens = (self.cached_tokens or 0) + reply.cached_tokens
        written = sum(len(call.arguments) for call in reply.calls) + len(reply.text)
        estimate = (sent_chars + written) // CHARS_PER_TOKEN
        known = (reply.prompt_tokens or 0) + (reply.completion_tokens or 0)
        self.counted += known or estimate

    def spent(self) -> str:
        """Which limit is reached, in words for the person; "" where none is."""
        limits = self.limits
        if limits.model_calls is not None and self.calls >= limits.model_calls:
            return f"{limits.model_calls} model calls"
        if limits.tokens is not None and self.counted >= limits.tokens:
            return f"{limits.tokens:,} tokens"
        if limits.cost_usd is not None and (self.cost_usd or 0.0) >= limits.cost_usd:
            return f"${limits.cost_usd:.2f}"
        left = self.seconds_left()
        return f"{limits.seconds:.0f} seconds" if left is not None and left <= 0 else ""

    def seconds_left(self) -> float | None:
        """What is left of the turn's time, or None without a limit."""
        if self.limits.seconds is None:
            return None
        return self.limits.seconds - (self.clock() - self.started_s)

    def usage(self) -> Usage:
        """The figures for the person; None for what is not known."""
        if not self.calls:
            return Usage(self.model)
        return Usage(
            self.model,
            self.calls,
            self.prompt_tokens,
            self.completion_tokens,
            self.cost_usd,
            self.cached_tokens,
        )


def _sum(one: Any, other: Any) -> Any:
    return None if one is None or other is None else one + other
