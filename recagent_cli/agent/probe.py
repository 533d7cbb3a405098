"""One tiny question to a model, to see what it can do; `recagent doctor --model` asks it."""

from __future__ import annotations

import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Literal

from recagent_catalogs.errors import ModelError

from .arguments import ArgumentError, coerce, parse_arguments
from .instructions import tools_as_text
from .known import key_of
from .litellm_adapter import Facts, LiteLLMClient
from .model_names import sends_to
from .text_protocol import read_text
from .watchdog import Patience
from .wire import Message, ModelClient, Reply, ToolSchema

Calls = Literal["native", "text", "none"]
_TOOL = ToolSchema(
    "note_number",
    "Note a number.",
    {
        "type": "object",
        "properties": {"number": {"type": "integer", "description": "The number."}},
        "required": ["number"],
    },
)
_SYSTEM = "You are being tested. Do what is asked, by a tool call."
_ASK = Message("user", "Note the number 7 with the tool note_number.")
ONCE = Patience(tries=1)


@dataclass(frozen=True)
class Probe:
    """What a model can do, as far as one or two answers show it.

    Attributes:
        model: its name.
        host: where it was asked.
        asked: how many answers were asked for.
        seconds: until the first one was whole.
        calls: native tool calls, calls written as text, or none that are understood.
        right: whether the call was the one that was asked for, argument and all.
        streams: whether the answer came as a stream; None where that cannot be told.
        prompt_tokens: of the first answer; None where the provider sends no usage.
        completion_tokens: the same.
        priced: whether a price is known, so that costs can be told and limited.
        context: the context window in tokens, or None where it is not known.
        context_asked: whether recagent asks the server for that size.
    """

    model: str
    host: str
    asked: int
    seconds: float
    calls: Calls
    right: bool
    streams: bool | None
    prompt_tokens: int | None
    completion_tokens: int | None
    priced: bool
    context: int | None
    context_asked: bool

    def rows(self) -> list[tuple[str, bool, str]]:
        """What, whether it is well, and how it stands with a hint; for people."""
        return [
            ("model reached", True, f"{self.model} at {self.host}, in {self.seconds:.1f} s"),
            ("model calls", self.right, self._calls()),
            ("model streams", self.streams is not False, self._streams()),
            ("model usage", True, self._usage()),
            ("model price", True, self._price()),
            ("model context", True, self._context()),
        ]

    def _calls(self) -> str:
        if self.calls == "none":
            return "made no tool call, not as text either; expect poor results, try another model"
        how = {
            "native": "native tool calls",
            "text": "no native tool calls; it writes them as text, which is understood (--mode text"
            " saves a question)",
        }[self.calls]
        return how if self.right else f"{how}; but not the call that was asked for"

    def _streams(self) -> str:
        if self.streams is None:
            return "not tried: this provider is asked for whole answers"
        return "yes" if self.streams else "no: answers come whole, after a wait"

    def _usage(self) -> str:
        if self.prompt_tokens is None:
            return "sends no token counts; --max-tokens goes by estimates"
        return f"sends token counts: {self.prompt_tokens:,} + {self.completion_tokens or 0:,}"

    def _price(self) -> str:
        return "known" if self.priced else "not known; --max-cost cannot hold, --max-tokens can"

    def _context(self) -> str:
        if self.context is None:
            return "not known; a request that is too long is shortened once"
        if self.context_asked:
            return f"{self.context:,} tokens are asked for"
        return f"{self.context:,} tokens"


def probe(
    model: str,
    *,
    api_base: str | None = None,
    client: ModelClient | None = None,
    known: MutableMapping[str, str] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Probe:
    """What a model can do. Asks for one answer, at most for two.

    Args:
        model: as litellm names it.
        api_base: address of the person's own server.
        client: instead of one for this model.
        known: takes how the model calls tools; see `KnownModels`.
        clock: seconds, monotonic.

    Raises:
        ModelError: it cannot be reached, or refuses.
    """
    client = client or LiteLLMClient(model, api_base=api_base, patience=ONCE)
    # First, as it imports litellm, whose seconds are not the model's.
    facts = client.facts() if isinstance(client, LiteLLMClient) else Facts(None, False, False)
    if known is not None:  # a server that was updated may see by now
        known.pop(key_of(model, api_base, "sight"), None)
    started = clock()
    first = _first(client)
    seconds = clock() - started
    called = _called(first)
    last, asked = first, 1
    if not called:
        last, asked = _again(client, first), 2
        called = _called(last)
    kind, right = called or ("none", False)
    if called and known is not None:
        known[key_of(model, api_base)] = kind
    return Probe(
        model=client.model,
        host=sends_to(model, api_base),
        asked=asked,
        seconds=seconds,
        calls=kind,
        right=right,
        streams=_streams(client, first, last),
        prompt_tokens=last.prompt_tokens if last else None,
        completion_tokens=last.completion_tokens if last else None,
        priced=facts.priced,
        context=facts.context,
        context_asked=facts.context_asked,
    )


def _first(client: ModelClient) -> Reply | None:
    """The answer to native tools; None where there are none."""
    try:
        return client.complete([Message("system", _SYSTEM), _ASK], [_TOOL])
    except ModelError as error:
        if error.reason != "no_tools":
            raise
        return None


def _again(client: ModelClient, first: Reply | None) -> Reply | None:
    """The answer to tools as text; or once more as a whole, where the stream was empty."""
    if first is not None and not first.text.strip() and isinstance(client, LiteLLMClient):
        client.stream = False
        system, tools = _SYSTEM, [_TOOL]
    else:
        system, tools = f"{_SYSTEM}\n\n{tools_as_text([_TOOL])}", []
    try:
        return client.complete([Message("system", system), _ASK], tools)
    except ModelError as error:
        if first is None:
            raise
        return None if error.reason == "no_tools" else first


def _called(reply: Reply | None) -> tuple[Calls, bool] | None:
    """How the call came, and whether it is the one that was asked for; None without a call."""
    if reply is None:
        return None
    kind: Calls = "native" if reply.calls else "text"
    calls = reply.calls or read_text(reply.text, [_TOOL.name], complete=reply.complete).calls
    if not calls:
        return None
    try:
        given = coerce(parse_arguments(calls[0].arguments), _TOOL.parameters)
    except ArgumentError:
        given = {}
    return kind, (calls[0].name, given) == (_TOOL.name, {"number": 7})


def _streams(client: ModelClient, first: Reply | None, last: Reply | None) -> bool | None:
    """Whether what was asked for as a stream came as one."""
    if isinstance(client, LiteLLMClient) and not client.streams:
        return None if last is first else False
    came = first or last
    return came is not None and bool(came.text.strip() or came.calls)
