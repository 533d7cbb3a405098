"""The one client of litellm.

litellm retries under the hood and raises many classes of errors. None of that leaves this file:
what comes back is a `Reply` or a `ModelError`. `litellm_loading` imports it.
"""

from __future__ import annotations

import math
import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from recagent_catalogs.errors import ModelError
from recagent_catalogs.text import clean

from .assembly import Assembly
from .hosts import Guard, check_address, check_provider, host_of
from .litellm_loading import load, wait
from .model_errors import Failure, failure, no_answer
from .model_names import at_base, suggestions, wire_model
from .sight import check_sight, image_part
from .transport import close_stream, hanging_up, isolate
from .watchdog import Broken, Patience, Stalled, Work
from .wire import Message, Reply, ToolSchema

NO_KEY = "no-key"
"""Sent where a server needs no key but the wire wants one."""
ECHO_REASONING = frozenset(("deepseek", "moonshot"))
"""Providers that want their reasoning text back; others refuse the field."""
MARKS_CACHE = frozenset(("anthropic",))
"""Providers that keep of a prompt only what is marked; a mark holds all before it, tools first."""
_BASELESS = frozenset(("ollama_chat", "ollama"))
_WHOLE_ONLY = frozenset(("cohere_chat", "cohere"))
"""Providers whose streams litellm cannot read: it stumbles over the names of the events."""


@dataclass(frozen=True)
class Facts:
    """What is known of a model without asking it.

    Attributes:
        context: the context window, tokens; None where it is not known.
        context_asked: whether the server is asked for a window of that size.
        priced: whether there is a price for it.
    """

    context: int | None
    context_asked: bool
    priced: bool


class LiteLLMClient:
    """Carries messages to one model, through litellm.

    Args:
        model: the name as litellm takes it ("gpt-4o-mini", "anthropic/…", "ollama_chat/…"); with
            `api_base` a bare name is taken as that of an OpenAI-compatible server.
        api_base: address of the server. Then only `RECAGENT_API_KEY` is sent to it, never a
            provider's own key.
        api_key: instead of the environment's.
        stream: whether to ask for the answer in pieces.
        patience: timeouts and retries.
        context_tokens: the context window to ask Ollama for; its own default is too small.
        temperature: None leaves it to the provider.
        clock, sleep: seconds, monotonic; injected by tests.
        rng: jitter of the back-off.

    Raises:
        BadInput: `api_base` is no address.
    """

    def __init__(
        self,
        model: str,
        *,
        api_base: str | None = None,
        api_key: str | None = None,
        stream: bool = True,
        patience: Patience | None = None,
        context_tokens: int = 16_384,
        temperature: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        rng: random.Random | None = None,
    ) -> None:
        check_address(api_base)
        self.model = model
        self.api_base = api_base
        self.stream = stream
        self.patience = patience or Patience()
        self._api_key = api_key
        self._context_tokens = context_tokens
        self._temperature = temperature
        self._clock, self._sleep = clock, sleep
        self._rng = rng or random.Random(0)
        self._wire_model = wire_model(model, api_base)
        self._provider = self._wire_model.partition("/")[0] if "/" in self._wire_model else ""

    @property
    def window(self) -> int | None:
        """Tokens of a prompt with its answer; None: unknown."""
        if self._provider in _BASELESS:
            return self._context_tokens
        costs = {} if self.api_base else getattr(load(), "model_cost", {})
        return costs.get(self._wire_model, {}).get("max_input_tokens") or None

    def ready(self) -> None:
        """Wait until litellm is loaded: that is this machine's time, not the model's.

        Raises:
            ModelError: litellm is missing, or was not there within `Patience.load_s`.
        """
        wait(self.patience.load_s)

    def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSchema] = (),
        *,
        may_call: bool = True,
        on_text: Callable[[str], None] | None = None,
        seconds: float | None = None,
    ) -> Reply:
        """One answer of the model; see `ModelClient.complete`."""
        self.ready()
        allowed = min(seconds, self.patience.total_s) if seconds else self.patience.total_s
        deadline = self._clock() + allowed
        shown: list[str] = []

        def show(piece: str) -> None:
            shown.append(piece)
            if on_text is not None:
                on_text(piece)

        stream, lost = self.streams, list[Reply]()
        for attempt in range(1, self.patience.tries + 1):
            try:
                reply = self._once(messages, tools, may_call, show, deadline, stream)
            except _Failed as failed:
                self._wait(failed.failure, attempt, deadline, again=not shown)
                lost.append(failed.counted)
                continue
            if not stream or not _is_empty(reply) or attempt == self.patience.tries:
                break
            # A server that cannot stream, or a refusal, whose words litellm's streams drop.
            stream = False
            lost.append(reply)
        return _with_lost(reply, lost)

    @property
    def streams(self) -> bool:
        """Whether answers are asked for in pieces."""
        return self.stream and self._provider not in _WHOLE_ONLY

    def facts(self) -> Facts:
        """What is known of the model without asking it.

        Raises:
            ModelError: litellm is missing, or must not ask this provider.
        """
        litellm = self._litellm()
        try:
            told = litellm.get_model_info(self._wire_model)
        # It raises bare Exceptions for models that it does not know.
        except Exception:
            told = {}
        if self._provider in _BASELESS:
            context: int | None = self._context_tokens
        else:
            context = _count(told, "max_input_tokens")
        usage = {"prompt_tokens": 1_000_000, "completion_tokens": 1_000_000}
        priced = not self.api_base and _cost(litellm, self._wire_model, usage) is not None
        return Facts(context, self._provider in _BASELESS, priced)

    def _wait(self, failed: Failure, attempt: int, deadline: float, *, again: bool) -> None:
        """Back off before the next try, or raise."""
        patience = self.patience
        if not (failed.again and again) or attempt >= patience.tries:
            # What is behind it holds the provider's own words, and those may hold a key.
            raise failed.error from None
        backoff = min(patience.base_s * 2 ** (attempt - 1), patience.cap_s)
        wait_s = backoff * (0.5 + self._rng.random() / 2)
        if failed.wait_s is not None:
            if failed.wait_s > patience.cap_s:
                failed.error.hint = f"the provider says to wait {_duration(failed.wait_s)}"
                raise failed.error from None
            wait_s = max(failed.wait_s, 0.0) + self._rng.random() * min(backoff, 0.1)
        if self._clock() + wait_s >= deadline:
            raise failed.error from None
        self._sleep(wait_s)

    def _once(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSchema],
        may_call: bool,
        show: Callable[[str], None],
        deadline: float,
        stream: bool,
    ) -> Reply:
        """One try.

        Raises:
            _Failed: mapped, before anything usable came.
        """
        work = Work(lambda job: self._run(job, messages, tools, may_call, stream))
        made = Assembly()
        complete = True
        try:
            for chunk in work.pieces(self.patience, deadline, self._clock):
                if piece := made.add(chunk):
                    show(piece)
        except Stalled as stalled:
            why = f"{stalled.what} {stalled.seconds:.3g} s"
            ended = no_answer(self.model, why)
            complete = self._salvage(work, made, ended, messages)
        except Broken as broken:
            complete = self._salvage(work, made, broken.error, messages)
        return self._finished(work, made, complete=complete)

    def _salvage(
        self, work: Work, made: Assembly, error: BaseException, messages: Sequence[Message]
    ) -> bool:
        """Keep text that was already shown, else raise. Always False: it is not complete."""
        failed = failure(
            error,
            model=self.model,
            provider=self._provider,
            own_base=self.api_base is not None,
            pictures=any(message.images for message in messages),
            address=self._host,
        )
        if not "".join(made.text).strip() or failed.error.reason in ("bad_answer", "refused"):
            raise _Failed(self._suggested(failed), self._counted(Reply(), work))
        return False

    @property
    def _host(self) -> str:
        """Host and port of the person's own server; "" where there is none."""
        return clean(host_of(self.api_base), 200) if self.api_base else ""

    def _suggested(self, failed: Failure) -> Failure:
        """An unknown name gets the nearest known ones."""
        if failed.error.reason != "not_found":
            return failed
        if self._wire_model.startswith("ollama_chat/"):
            name = self._wire_model.partition("/")[2]
            failed.error.hint = f"get it first: ollama pull {name}"
        elif self.api_base is None and (near := suggestions(self.model)):
            failed.error.hint = "did you mean " + ", ".join(near) + "?"
        return failed

    def _finished(self, work: Work, made: Assembly, *, complete: bool) -> Reply:
        reply = made.reply(complete=complete, ended=work.ended_well)
        return self._counted(reply, work)

    def _counted(self, reply: Reply, work: Work) -> Reply:
        """With what the provider counted."""
        usage = work.usage
        prompt, completion = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
        if prompt is None and completion is None:
            return reply
        return replace(
            reply,
            prompt_tokens=prompt,
            completion_tokens=completion,
            cached_tokens=_count(usage, "cached_tokens"),
            cost_usd=None if self.api_base else work.cost_usd,
        )

    def _run(
        self,
        job: Work,
        messages: Sequence[Message],
        tools: Sequence[ToolSchema],
        may_call: bool,
        stream: bool,
    ) -> None:
        """In the worker thread: ask, and put every chunk into the queue."""
        litellm = self._litellm()
        clients, guard = isolate(litellm), Guard(self.model, self.api_base, self._key())
        clients.keep_to(guard)
        arguments = self._arguments(litellm, messages, tools, may_call, stream)
        job.hang_up = hanging_up(clients.cache_dict)
        if job.abandoned:  # before there was anything to hang up
            return
        try:
            answer = litellm.completion(**arguments)
            if stream:
                _read_stream(job, answer)
            else:
                job.usage = _told_usage([getattr(answer, "usage", None)])
                job.put(answer)
        except Exception:  # of any class, as all that litellm raises
            if guard.astray is not None:
                raise guard.astray from None
            raise
        finally:
            clients.flush_cache()
            job.cost_usd = _cost(litellm, self._wire_model, job.usage)

    def _litellm(self) -> Any:
        """The module, once it is known that it may be asked for this model."""
        litellm = load()
        self._wire_model = at_base(self._wire_model, self.api_base, litellm)
        check_provider(self._wire_model, self.api_base)
        return litellm

    def _arguments(
        self,
        litellm: Any,
        messages: Sequence[Message],
        tools: Sequence[ToolSchema],
        may_call: bool,
        stream: bool,
    ) -> dict[str, Any]:
        model, provider, *_ = litellm.get_llm_provider(self._wire_model, api_base=self.api_base)
        self._provider = provider
        if any(message.images for message in messages):
            check_sight(litellm, self.model, model, provider, self.api_base)
        arguments: dict[str, Any] = {
            "model": self._wire_model,
            "messages": [_to_wire(message, provider) for message in messages],
            "stream": stream,
            "max_retries": 0,
            "timeout": self.patience.first_s,
            "drop_params": True,
        }
        if tools:
            if "tools" not in (litellm.get_supported_openai_params(model, provider) or ("tools",)):
                raise ModelError(f"{self.model}: no support for tools", reason="no_tools", hint="")
            arguments["tools"] = [tool.to_wire() for tool in tools]
            arguments["tool_choice"] = "auto" if may_call else "none"
        if stream:
            arguments["stream_options"] = {"include_usage": True}
        if self._temperature is not None:
            arguments["temperature"] = self._temperature
        if provider in _BASELESS:
            arguments["num_ctx"] = self._context_tokens
        arguments.update(self._address())
        return arguments

    def _address(self) -> dict[str, str]:
        """Base and key. A provider's key from the environment never goes to another host."""
        key = {"api_key": self._key()} if self._key() else {}
        return {**key, **({"api_base": self.api_base} if self.api_base else {})}

    def _key(self) -> str:
        """What is sent as the key; empty: the provider's own, which litellm finds."""
        if self._api_key or not self.api_base:
            return self._api_key or ""
        return os.environ.get("RECAGENT_API_KEY") or NO_KEY


def _read_stream(job: Work, stream: Any) -> None:
    """Hand on the chunks; close the connection whatever happens."""
    try:
        for chunk in stream:
            if job.abandoned:
                return
            job.put(chunk)
    finally:
        close_stream(stream)
        # The raw chunks hold the provider's own usage; what the stream sums up is litellm's guess.
        job.usage = _told_usage([getattr(c, "usage", None) for c in getattr(stream, "chunks", ())])
    job.ended_well = any(
        getattr(stream, name, "") is not None
        for name in ("received_finish_reason", "intermittent_finish_reason")
    )


def _to_wire(message: Message, provider: str) -> dict[str, Any]:
    """One message in OpenAI's shape, with the provider's own fields where they came from."""
    wire: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.role == "system" and provider in MARKS_CACHE:
        mark = {"cache_control": {"type": "ephemeral"}}
        wire["content"] = [{"type": "text", "text": message.content, **mark}]
    if message.images:
        words = [{"type": "text", "text": message.content}] if message.content else []
        wire["content"] = [*map(image_part, message.images), *words]
    if message.role == "tool":
        wire |= {"tool_call_id": message.call_id, "name": message.name}
    if message.calls:
        wire["content"] = message.content or None
        wire["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
                **({"provider_specific_fields": call.extra} if call.extra else {}),
            }
            for call in message.calls
        ]
    extra = message.extra or {}
    if blocks := extra.get("thinking_blocks"):
        wire["thinking_blocks"] = blocks
    if provider in ECHO_REASONING and extra.get("reasoning_content"):
        wire["reasoning_content"] = extra["reasoning_content"]
    return wire


def _told_usage(usages: Sequence[Any]) -> dict[str, int] | None:
    """What a provider counted, in one answer or in the chunks of one: the largest of each figure.

    litellm has the words of all providers for cached tokens in one place, and counts them among
    those of the prompt.
    """
    found: dict[str, int] = {}
    for usage in usages:
        details = getattr(usage, "prompt_tokens_details", None)
        for name, told in (
            ("prompt_tokens", _count(usage, "prompt_tokens") or None),
            ("completion_tokens", _count(usage, "completion_tokens") or None),
            ("cached_tokens", _count(details, "cached_tokens")),
            ("cache_creation_tokens", _count(details, "cache_creation_tokens")),
        ):
            if told is not None:
                found[name] = max(told, found.get(name, 0))
    return found if {"prompt_tokens", "completion_tokens"} & found.keys() else None


def _count(usage: Any, name: str) -> int | None:
    value = usage.get(name) if isinstance(usage, dict) else getattr(usage, name, None)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if value >= 0 else None


def _cost(litellm: Any, model: str, usage: Any) -> float | None:
    """Dollars by litellm's bundled price list; None where it has no price, or one of nothing."""
    prompt, completion = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    if prompt is None or completion is None:
        return None
    try:
        told = litellm.Usage(
            prompt_tokens=prompt,
            completion_tokens=completion,
            total_tokens=prompt + completion,
            prompt_tokens_details={"cached_tokens": _count(usage, "cached_tokens") or 0},
            cache_creation_input_tokens=_count(usage, "cache_creation_tokens") or 0,
        )
        parts = litellm.cost_per_token(model=model, usage_object=told)
    # It raises bare Exceptions for models that it does not know.
    except Exception:
        return None
    cost = float(sum(parts))
    return cost if math.isfinite(cost) and cost > 0 else None


def _with_lost(reply: Reply, lost: Sequence[Reply]) -> Reply:
    """With the tokens of answers that were of no use, and asked again: they are paid as well."""
    for other in lost:
        if other.prompt_tokens is None and other.completion_tokens is None:
            continue
        reply = replace(
            reply,
            prompt_tokens=_sum(reply.prompt_tokens, other.prompt_tokens),
            completion_tokens=_sum(reply.completion_tokens, other.completion_tokens),
            cached_tokens=_sum(reply.cached_tokens, other.cached_tokens),
            cost_usd=_sum(reply.cost_usd, other.cost_usd),
            answers=reply.answers + 1,
        )
    return reply


def _sum(kept: Any, lost: Any) -> Any:
    """What is not known of the answer is not known of the sum."""
    return None if kept is None else kept + (lost or 0)


def _is_empty(reply: Reply) -> bool:
    """Whether nothing came, though nothing was cut either: that would be cut again."""
    told = reply.text.strip() or reply.calls or reply.finish == "content_filter"
    return not told and reply.complete


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"


class _Failed(Exception):
    """A try failed, mapped; with what was counted of it."""

    def __init__(self, failed: Failure, counted: Reply) -> None:
        super().__init__(str(failed.error))
        self.failure = failed
        self.counted = counted
