"""Counts of tokens that are none: taken as unknown, and the answer is kept; real sockets."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recagent_cli.agent.litellm_adapter import LiteLLMClient
from recagent_cli.agent.model_errors import failure
from recagent_cli.agent.wire_counts import WholeCounts, whole_counts
from recagent_cli.fake_providers import PROVIDERS, Speaker
from recagent_cli.testing import Answer, FakeCall, FakeServer

from .llm_bench import HELLO, LITELLM_WARNS, PATIENCE, litellm_ready

__all__ = ["litellm_ready"]
pytestmark = LITELLM_WARNS
EVERY = pytest.mark.parametrize("provider", ["openai", "anthropic", "gemini", "ollama", "cohere"])
USAGE = (471_100, 471_200)
POPULAR = FakeCall("popular", {"window": "all", "note": '"prompt_tokens": 1.5, "usage": "x"'})
ANSWER = Answer(calls=(POPULAR,), usage=USAGE)
NONE = ("1.5", "-7", '"n/a"', "null", "NaN", '{"a": 1}', "9" * 24)


def told(speaker: Speaker, value: str, *, stream: bool) -> Answer:
    """The provider's answer with this in place of each count."""

    def changed(part: bytes) -> bytes:
        for count in (*USAGE, sum(USAGE)):
            part = part.replace(str(count).encode(), value.encode())
        return part

    if stream:
        return Answer(events=tuple(changed(part) for part in speaker.parts(ANSWER)))
    return Answer(body=changed(json.dumps(speaker.whole(ANSWER)).encode()))


@pytest.mark.usefixtures("litellm_ready")
@EVERY
@pytest.mark.parametrize("stream", [True, False])
def test_56_counts_that_are_none_lose_no_answer(provider: str, stream: bool) -> None:
    speaker = PROVIDERS[provider]
    streams = stream and provider != "cohere"
    bad = [told(speaker, value, stream=streams) for value in NONE]
    with FakeServer(*bad, provider=provider) as server:
        client = LiteLLMClient(
            server.model, api_base=server.api_base, stream=stream, patience=PATIENCE
        )
        for value in NONE:
            reply = client.complete(HELLO)
            assert [json.loads(call.arguments) for call in reply.calls] == [POPULAR.arguments]
            assert (reply.prompt_tokens, reply.completion_tokens) == (None, None), value
    assert len(server.requests) == len(NONE), "none was asked again"


@pytest.mark.usefixtures("litellm_ready")
@pytest.mark.parametrize("provider", ["openai", "anthropic", "gemini", "cohere"])
def test_56_usage_that_is_no_object(provider: str) -> None:
    whole = PROVIDERS[provider].whole(ANSWER)
    name = "usageMetadata" if provider == "gemini" else "usage"
    values = ("none", [1], 5, None)
    with FakeServer(
        *[Answer(body={**whole, name: value}) for value in values], provider=provider
    ) as server:
        client = LiteLLMClient(server.model, api_base=server.api_base, stream=False)
        for _ in values:
            reply = client.complete(HELLO)
            assert len(reply.calls) == 1 and reply.prompt_tokens is None


class Plain:
    """The decoder of a body that is not packed."""

    def decode(self, data: bytes) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.sampled_from(sorted(PROVIDERS)), st.sampled_from(NONE))
def test_any_cut_of_the_bytes_gives_the_same(seed: int, provider: str, value: str) -> None:
    random_, speaker = random.Random(seed), PROVIDERS[provider]
    sent = b"".join(str(e).encode() if isinstance(e, str) else e for e in speaker.parts(ANSWER))
    assert whole_counts(sent, null=True) == sent, "what is right is left"
    sent = sent.replace(str(USAGE[0]).encode(), value.encode())
    decoder, got, rest = WholeCounts(Plain()), b"", sent
    while rest:
        cut = random_.randint(1, 200)
        got, rest = got + decoder.decode(rest[:cut]), rest[cut:]
    assert got + decoder.flush() == whole_counts(sent)


def test_no_words_of_pydantic() -> None:
    said = "3 validation errors for Usage\nprompt_tokens\n  Input should be a valid integer [x]"
    shown = failure(ValueError(said), model="m").error.message
    assert "wrong kind" in shown and "validation" not in shown and "Input" not in shown
