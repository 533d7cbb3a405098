"""The fake server as each provider, litellm in between: answers, errors, one dialogue, one bus.

OpenAI, Azure, Groq, DeepSeek, Anthropic, Gemini and Ollama are held against recorded answers; what
Mistral, OpenRouter, vLLM, llama.cpp, LM Studio and Cohere send is written from their documentation.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recagent_catalogs.errors import ModelError
from recagent_cli.agent.litellm_adapter import LiteLLMClient
from recagent_cli.agent.llm import LLMBrain
from recagent_cli.agent.watchdog import Patience
from recagent_cli.agent.wire import Reply, ToolSchema
from recagent_cli.fake_providers import KINDS
from recagent_cli.testing import PROVIDERS, Answer, FakeCall, FakeServer

from .llm_bench import (
    HELLO,
    LITELLM_WARNS,
    NINETIES,
    PATIENCE,
    Bench,
    Clock,
    bench,
    call,
    calls,
    litellm_ready,
)

__all__ = ["bench", "litellm_ready"]
pytestmark = [*LITELLM_WARNS, pytest.mark.usefixtures("litellm_ready")]
ONCE = Patience(first_s=30.0, between_s=30.0, total_s=60.0, tries=1)
TOOL = ToolSchema("popular", "Popular items.", {"type": "object", "properties": {}})
PLANS_ONLY = frozenset(("cohere",))
"""Text beside calls is a plan there, which litellm drops."""
FLAT = frozenset(("mistral", "vllm"))
"""Their errors have no key "error", so litellm does not see them in a stream."""


def client(server: FakeServer, *, stream: bool = True, patience: Patience = ONCE) -> LiteLLMClient:
    clock = Clock()
    return LiteLLMClient(
        server.model,
        api_base=server.api_base,
        stream=stream,
        patience=patience,
        clock=clock,
        sleep=clock.sleep,
    )


def made(reply: Reply) -> list[tuple[str, Any, bool]]:
    return [(call.name, json.loads(call.arguments), call.whole) for call in reply.calls]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_03_05_06_10_13_15_16_17_answers_of_every_provider(provider: str) -> None:
    """Two parallel calls behind text, in pieces or whole; the finish word may lie."""
    two = (FakeCall("popular", {"window": "all"}), FakeCall("popular", {"window": "caf\u00e9"}))
    first = Answer(text="Let me see.", calls=two, piece=3, thinking="Hm.", signature="c2ln")
    lying = Answer(calls=two[:1], finish="stop" if provider != "anthropic" else None, usage=None)
    with FakeServer(first, first, lying, provider=provider) as server:
        streamed = client(server).complete(HELLO, [TOOL])
        whole = client(server, stream=False).complete(HELLO, [TOOL])
        lied = client(server).complete(HELLO, [TOOL])
    expected = [("popular", {"window": "all"}, True), ("popular", {"window": "caf\u00e9"}, True)]
    for reply in (streamed, whole):
        assert made(reply) == expected and reply.complete
        assert reply.text == ("" if provider in PLANS_ONLY else "Let me see.")
        assert (reply.prompt_tokens, reply.completion_tokens) == (100, 20)
        assert reply.cost_usd is None
    assert made(lied) == expected[:1] and not lied.prompt_tokens


def own_kinds(provider: str) -> list[str]:
    """Those errors that this provider writes otherwise than OpenAI does."""
    faults, openai = PROVIDERS[provider].faults, PROVIDERS["openai"].faults
    return [kind for kind in KINDS if provider == "openai" or faults[kind] != openai[kind]]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_37_38_40_41_42_43_44_45_46_49_errors_of_every_provider(provider: str) -> None:
    for kind in own_kinds(provider):
        with FakeServer(Answer.error(kind), provider=provider) as server:
            with pytest.raises(ModelError) as caught:
                client(server).complete(HELLO, [TOOL])
        expected = "server" if kind == "overloaded" else kind
        assert caught.value.reason == expected, (kind, caught.value.message)
        told = caught.value.message
        assert caught.value.hint and len(told) < 300
        assert not any(word in told for word in ("\n", "Traceback", '{"', "litellm")), told


@pytest.mark.parametrize("provider", PROVIDERS)
def test_47_48_errors_with_status_200(provider: str) -> None:
    """At once: tried again. Behind shown text: the text is kept and marked as cut."""
    ok, error = Answer(text="ok"), Answer.error("overloaded", in_stream=True)
    late = Answer.error("overloaded", in_stream=True, text="Some words.")
    if provider == "cohere":  # never streamed, and litellm takes its error for a broken answer
        return
    with FakeServer(error, ok, late, provider=provider) as server:
        assert client(server, patience=PATIENCE).complete(HELLO).text == "ok"
        reply = client(server, patience=PATIENCE).complete(HELLO)
    assert reply.text == "Some words." and reply.complete == (provider in FLAT)
    assert len(server.requests) == 3


def test_45_retry_after_of_an_error() -> None:
    clock = Clock()
    limited = Answer.error("rate_limit", "slow down", retry_after_s=3)
    with FakeServer(limited, Answer(text="ok"), provider="groq") as server:
        model = LiteLLMClient(
            server.model, api_base=server.api_base, clock=clock, sleep=clock.sleep
        )
        assert model.complete(HELLO).text == "ok"
    assert 3.0 <= clock.now < 3.2


def test_what_cannot_be_played_is_said() -> None:
    with pytest.raises(ValueError, match="no provider 'nobody': openai, azure"):
        FakeServer(provider="nobody")
    with pytest.raises(ValueError, match="no kind of error 'anger': auth"):
        Answer.error("anger")


# one dialogue, one bus

SAVED = call("candidates", {"op": "save", "name": "weekend"})
DIALOGUE: tuple[tuple[str, tuple[Answer, ...]], ...] = (
    (
        "something from the nineties",
        (
            calls(
                call("candidates", {"op": "start"}),
                NINETIES,
                call("rank", {"by": "popularity"}),
                piece=9,
            ),
            calls(call("present", {"count": 3, "text": "Three for you."}), piece=9),
        ),
    ),
    (
        "only dramas of those",
        (
            calls(
                call("candidates", {"op": "among_shown"}),
                call("filter", {"where": ["genres has Drama"]}),
                call("present", {"count": 1, "text": "This one."}),
                piece=9,
            ),
        ),
    ),
    ("undo", (calls(call("candidates", {"op": "undo"}), call("present", {"text": "As before."})),)),
    ("keep them as weekend", (calls(SAVED), Answer(text="Saved.", piece=9))),
    (
        "now older ones",
        (
            calls(call("Filter", {"where": "year <= 1994", "limit": None}), piece=9),
            calls(call("filter", {"conditions": ["year <= 1994"]})),
            calls(call("present", {"count": "2", "text": "Two for you."})),
        ),
    ),
)


def held(bench: Bench, provider: str) -> list[Any]:
    """Hold the dialogue, every second turn without streams; what stands after each turn."""
    fresh, stands = Bench(bench.catalog, bench.engine), []
    script = [answer for _, answers in DIALOGUE for answer in answers]
    with FakeServer(*script, provider=provider) as server:
        for number, (said, _) in enumerate(DIALOGUE):
            turn = fresh.turn(LLMBrain(client(server, stream=number % 2 == 0)), said)
            bus = fresh.session.bus
            stages = tuple((stage.tool, str(stage.arguments)) for stage in bus.stages)
            saved = {name: tuple(bus.named(name).rows()) for name in bus.saved}
            stands.append((turn.text, turn.rows, turn.number, tuple(bus.rows()), stages, saved))
    assert len(server.requests) == len(script), provider
    return stands


def test_the_same_dialogue_ends_in_the_same_bus_with_every_provider(bench: Bench) -> None:
    expected = held(bench, "openai")
    texts = [text for text, *_ in expected]
    assert texts == ["Three for you.", "This one.", "As before.", "Saved.", "Two for you."]
    assert expected[2][1] == expected[0][1] != expected[1][1] and expected[4][1]
    assert expected[3][5] and len(expected[4][4]) > len(expected[0][4])
    for provider in PROVIDERS:
        if provider != "openai":
            assert held(bench, provider) == expected, provider


# as recorded

PLAIN = Answer(
    text="Let me see.", calls=(FakeCall("weather", {"location": "x"}, signature="c2ln"),), piece=3
)
WORDS = Answer(text="Hello there.", piece=3)
THOUGHT = Answer(thinking="Hm.", signature="c2ln", calls=PLAIN.calls, piece=3)
RECORDED: dict[str, tuple[str, Answer]] = {
    "openai_tool": ("openai", PLAIN),
    "openai_tool_stream": ("openai", PLAIN),
    "openai_parallel_stream": ("openai", PLAIN),
    "openai_text_stream": ("openai", WORDS),
    "azure_tool_stream_empty_first_choices": ("azure", PLAIN),
    "groq_parallel_stream": ("groq", PLAIN),
    "deepseek_reasoning_parallel": ("deepseek", THOUGHT),
    "anthropic_tool": ("anthropic", PLAIN),
    "anthropic_tool_stream": ("anthropic", PLAIN),
    "anthropic_parallel_stream": ("anthropic", PLAIN),
    "anthropic_text_stream": ("anthropic", WORDS),
    "anthropic_thinking_tool_stream": ("anthropic", THOUGHT),
    "gemini_tool": ("gemini", PLAIN),
    "gemini_tool_stream": ("gemini", PLAIN),
    "gemini3_tool_signature": ("gemini", PLAIN),
    "ollama_native_tool": ("ollama", PLAIN),
    "ollama_native_text_stream": ("ollama", WORDS),
    "anthropic_400_unpaired_tool_use": ("anthropic", Answer.error("refused")),
    "anthropic_sse_overloaded": ("anthropic", Answer.error("overloaded", in_stream=True)),
    "gemini_429_resource_exhausted": ("gemini", Answer.error("rate_limit")),
    "groq_400_tool_use_failed": ("groq", Answer.error("bad_answer")),
    "groq_200_sse_tool_use_failed": (
        "groq",
        Answer.error("bad_answer", in_stream=True, thinking="Hm.", text="So."),
    ),
    "ollama_400_no_tools": ("ollama", Answer.error("no_tools")),
    "openai_400_context_length": ("openai", Answer.error("context")),
    "openai_429_tpm": ("openai", Answer.error("rate_limit")),
}
NOT_PLAYED = (
    "latency_checkpoint",  # Azure's timings
    "thoughtsTokenCount",
    "functionCall.id",  # Gemini 3 sends one where it likes
    "error.errors",
    "finishMessage",
    "system_fingerprint",
)


def paths(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    yield at, "int" if isinstance(value, float) else type(value).__name__
    if isinstance(value, dict):
        for key, part in value.items():
            if not at.endswith((".args", ".input", "function.arguments")):
                yield from paths(part, f"{at}.{key}")
    elif isinstance(value, list):
        for part in value:
            yield from paths(part, f"{at}[]")


def shape(body: Any) -> dict[tuple[str, str], set[str]]:
    """Types by event and path, of a body or of a stream."""
    text = body if isinstance(body, str) else json.dumps(body)
    events: list[tuple[str, Any]] = []
    if "data:" in text:
        for block in text.replace("\r\n", "\n").split("\n\n"):
            fields = dict(line.partition(":")[::2] for line in block.split("\n") if line)
            if (data := fields.get("data", "[DONE]").strip()) != "[DONE]":
                events.append((fields.get("event", "").strip(), json.loads(data)))
    elif "\n{" in text.strip():
        events = [("", json.loads(line)) for line in text.splitlines() if line.startswith("{")]
    else:
        events = [("", json.loads(text))]
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for name, event in events:
        for at, kind in paths(event):
            found[name, at].add(kind)
    return found


@pytest.mark.parametrize("name", RECORDED)
def test_the_fake_writes_what_was_recorded(name: str, bench_data: Path) -> None:
    """Every path that a provider sent is sent, with a type that it had."""
    recording = json.loads((bench_data / "wire" / f"{name}.json").read_text())
    provider, answer = RECORDED[name]
    speaker = PROVIDERS[provider]
    if recording["stream"]:
        played = shape(b"".join(speaker.stream(answer)).decode())
    elif answer.failing:
        status, body = speaker.fault(answer)
        played = shape(body)
        assert status == recording["status"]
    else:
        played = shape(speaker.whole(answer))
    for (event, at), kinds in shape(recording["body"]).items():
        if any(word in at for word in NOT_PLAYED):
            continue
        assert (event, at) in played, (event, at)
        both = played[event, at] & kinds
        nothing = {"NoneType"} in (kinds, played[event, at])
        assert both or nothing, (event, at, kinds, played[event, at])
