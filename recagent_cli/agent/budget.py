"""What one turn may cost: model calls, tokens, dollars, seconds; checked before every call."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from recagent_catalogs.errors import ModelError

from .brain import Usage
from .model_errors import no_answer
from .wire import Message, Reply, ToolSchema

CHARS_PER_TOKEN = 4
"""For the budget only, where a provider sends no usage. Never shown as usage."""
ANSWER_TOKENS = 150
"""An answer, as long as none came."""
_NO_WORD = re.compile(r"[^A-Za-z \u0080-\U0010ffff]")
_BEYOND = re.compile(r"[^\x00-\x7f]+")


@dataclass(frozen=True)
class Limits:
    """The limits of a turn; None is no limit."""

    model_calls: int | None = 10
    """Answers of the model, those included which had to be mended."""
    tokens: int | None = 60_000
    """Prompt and completion together."""
    cost_usd: float | None = None
    seconds: float | None = 120.0


def weight(text: str) -> int:
    """How long a text is for a tokenizer, in characters of plain English: four are a token.

    Digits and punctuation count twice; of other scripts ten bytes are three tokens. For prompts,
    schemas and JSON of items within a sixth of `o200k_base`; for other scripts between that and
    the older `cl100k_base`.
    """
    beyond = sum(len(part.encode("utf-8", "replace")) for part in _BEYOND.findall(text))
    strange = sum(map(len, _BEYOND.findall(text)))
    return len(text) - strange + len(_NO_WORD.findall(text)) + (beyond * 6) // 5


def weight_of(messages: Sequence[Message], tools: Sequence[ToolSchema] = ()) -> int:
    """The same of all that is sent with a prompt."""
    total = sum(weight(json.dumps(tool.to_wire(), ensure_ascii=False)) for tool in tools)
    for message in messages:
        total += weight(message.content) + 4 * CHARS_PER_TOKEN
        total += sum(weight(call.name) + weight(call.arguments) for call in message.calls)
        total += sum(picture.tokens for picture in message.images) * CHARS_PER_TOKEN
    return total


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
    priced: float = 0.0
    """Dollars as far as prices are known."""
    sent: int = 0
    """How long the last prompt was, by `weight_of`."""
    _scale: float = 1.0
    _written: int = 0

    def __post_init__(self) -> None:
        self.started_s = self.clock()

    def spend(self, reply: Reply, sent_chars: int) -> None:
        """Book one answer. One unknown figure makes the sum unknown, never too small.

        Args:
            reply: the answer.
            sent_chars: how much was sent, by `weight_of`.
        """
        self.calls += 1
        self.sent = sent_chars
        self.prompt_tokens = _sum(self.prompt_tokens, reply.prompt_tokens)
        self.completion_tokens = _sum(self.completion_tokens, reply.completion_tokens)
        self.cost_usd = _sum(self.cost_usd, reply.cost_usd)
        if reply.cached_tokens is not None:
            self.cached_tokens = (self.cached_tokens or 0) + reply.cached_tokens
        self.priced += reply.cost_usd or 0.0
        written = sum(weight(call.arguments) for call in reply.calls) + weight(reply.text)
        prompt, answer = sent_chars // CHARS_PER_TOKEN, written // CHARS_PER_TOKEN
        if reply.prompt_tokens and prompt:
            self._scale = reply.prompt_tokens / reply.answers / prompt
        answered = answer if reply.completion_tokens is None else reply.completion_tokens
        self._written += answered
        self.counted += (prompt if reply.prompt_tokens is None else reply.prompt_tokens) + answered

    @property
    def unpriced(self) -> bool:
        """Whether a limit in dollars cannot be held, because the price is unknown."""
        return self.limits.cost_usd is not None and self.cost_usd is None

    @property
    def tokens(self) -> int | None:
        """The limit in tokens; where dollars were limited and cannot be counted there is one."""
        if self.limits.tokens is None and self.unpriced:
            return Limits().tokens
        return self.limits.tokens

    def calls_left(self, sent_chars: int = 0) -> int | None:
        """How many more answers there may be, prompts being as long as that; None: no limit.

        Args:
            sent_chars: of the next prompt, by `weight_of`; 0 asks only whether a limit is reached.
        """
        counts = [count for _, count in self._left(sent_chars)]
        return min(counts) if counts else None

    def spent(self, sent_chars: int = 0) -> str:
        """Which limit allows no further answer, in words for the person; "" where none does."""
        return next((words for words, count in self._left(sent_chars) if count <= 0), "")

    def error(self, told: str) -> ModelError:
        """What to raise where a limit is reached: no answer in the time of the turn is a failure.

        Args:
            told: the limit, see `spent`.
        """
        left_s = self.seconds_left()
        if self.calls or left_s is None or left_s > 0:
            return ModelError(told, reason="budget")
        return no_answer(self.model, f"time was up after {self.limits.seconds:.3g} s")

    def _left(self, sent_chars: int) -> list[tuple[str, int]]:
        """Each limit that is set: what is said where it is reached, and the answers it allows."""
        limits, found = self.limits, list[tuple[str, int]]()
        calls = f"{self.calls} {'call' if self.calls == 1 else 'calls'}"
        if limits.model_calls is not None:
            words = f"{limits.model_calls} model calls are made"
            found.append((words, limits.model_calls - self.calls))
        next_tokens = self._foreseen(sent_chars) if sent_chars else 1
        if (most := self.tokens) is not None:
            words = f"{most:,} tokens are spent after {calls}"
            if self.counted < most:
                words = f"{most:,} tokens hold no further call after {calls} ({self.counted:,})"
            if not self.calls:
                tokens = "token does" if most == 1 else "tokens do"
                words = f"{most:,} {tokens} not hold one call (about {next_tokens:,})"
            found.append((words, (most - self.counted) // next_tokens))
        if limits.cost_usd is not None and self.priced > 0:
            each = self.priced / max(self.counted, 1) * next_tokens
            words = f"${limits.cost_usd:.2g} are spent after {calls} (${self.priced:.2g})"
            left = limits.cost_usd - self.priced
            found.append((words, int(left / each) if left > 0 else 0))
        if (left_s := self.seconds_left()) is not None:
            each_s = (self.clock() - self.started_s) / max(self.calls, 1)
            enough = max(1, int(left_s / each_s)) if each_s > 0 else 1_000
            words = f"{limits.seconds:g} seconds are spent after {calls}"
            found.append((words, enough if left_s > 0 else 0))
        return found

    def _foreseen(self, sent_chars: int) -> int:
        """Tokens of the next prompt with its answer, by what the provider counted before."""
        answer = self._written // self.calls if self.calls else ANSWER_TOKENS
        return max(1, int(sent_chars / CHARS_PER_TOKEN * self._scale) + answer)

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
