"""Faults that come in several dialects, each in its own form; numbers as in the list of cases.

Azure, Groq, DeepSeek, Anthropic, Gemini and Ollama as recorded; Mistral as documented.
"""

from __future__ import annotations

import json
import random
import threading
from typing import Any

import pytest

from recagent_catalogs.errors import ModelError
from recagent_cli.agent.litellm_adapter import LiteLLMClient
from recagent_cli.agent.llm import LLMBrain
from recagent_cli.agent.watchdog import Patience
from recagent_cli.testing import PROVIDERS, Answer, FakeCall, FakeServer

from .llm_bench import (
    HELLO,
    LITELLM_WARNS,
    NINETIES,
    PATIENCE,
    POPULAR,
    PRESENT,
    Bench,
    Clock,
    bench,
    calls,
    litellm_ready,
)

__all__ = ["bench", "litellm_ready"]
pytestmark = [*LITELLM_WARNS, pytest.mark.usefixtures("litellm_ready")]
END = Answer(calls=(PRESENT,))
FAMILIES = ["openai", "anthropic", "gemini", "ollama"]


def client(server: FakeServer, *, stream: bool = True, patience: Patience = PATIENCE) -> Any:
    clock = Clock()
    return LiteLLMClient(
        server.model,
        api_base=server.api_base,
        stream=stream,
        patience=patience,
        clock=clock,
        sleep=clock.sleep,
    )


@pytest.mark.parametrize("stream", [True, False])
def test_08_signature_goes_back_streamed_and_whole(bench: Bench, stream: bool) -> None:
    signature = "U0lHTkFUVVJF" * 40
    first = calls(FakeCall("popular", {}, signature=signature))
    with FakeServer(first, END, provider="gemini") as server:
        bench.turn(LLMBrain(client(server, stream=stream)))
    (part,) = (
        part
        for message in server.requests[1].messages
        for part in message["parts"]
        if "function_call" in part or "functionCall" in part
    )
    assert part["thoughtSignature"] == signature


@pytest.mark.parametrize(("provider", "back"), [("deepseek", True), ("groq", False)])
def test_09_reasoning_goes_back_only_where_it_is_wanted(
    bench: Bench, provider: str, back: bool
) -> None:
    first = calls(POPULAR, thinking="Hm, popular ones.", piece=5)
    with FakeServer(first, END, provider=provider) as server:
        turn = bench.turn(LLMBrain(client(server)))
    assistant = next(m for m in server.requests[1].messages if m["role"] == "assistant")
    assert (assistant.get("reasoning_content") == "Hm, popular ones.") == back
    assert len(turn.items) == 2 and "Hm" not in bench.text_shown()


@pytest.mark.parametrize("provider", [*FAMILIES, "groq", "mistral", "deepseek"])
def test_14_18_neither_finish_word_nor_end_mark(provider: str) -> None:
    """A text counts as whole all the same; a call does where its arguments are whole."""
    endless = Answer(text="Hello.", finish="", done=False, usage=None)
    called = Answer(calls=(FakeCall("popular", {"window": "all"}),), finish="", done=False)
    with FakeServer(endless, called, provider=provider) as server:
        reply = client(server).complete(HELLO)
        assert reply.text == "Hello." and reply.complete and not reply.prompt_tokens
        (call,) = client(server).complete(HELLO).calls
    assert json.loads(call.arguments) == {"window": "all"} and call.whole


@pytest.mark.parametrize(
    ("provider", "finish"),
    [
        ("openai", "length"),
        ("anthropic", "max_tokens"),
        ("gemini", "MAX_TOKENS"),
        ("ollama", "length"),
        ("mistral", "model_length"),
        ("anthropic", "model_context_window_exceeded"),
    ],
)
def test_35_36_cut_by_length(provider: str, finish: str) -> None:
    """Text is kept and marked; a call inside of which it was cut never runs."""
    cut = Answer(text="Here are some", finish=finish, piece=4)
    inside = Answer(calls=(FakeCall("filter", '{"where": ["year 19'),), finish=finish)
    with FakeServer(cut, cut, inside, provider=provider) as server:
        for stream in (True, False):
            reply = client(server, stream=stream).complete(HELLO)
            assert reply.text == "Here are some" and not reply.complete
        if provider in ("openai", "mistral"):  # the others send objects, which are whole or not
            (call,) = client(server).complete(HELLO).calls
            assert not call.whole


@pytest.mark.parametrize(
    ("provider", "finish"),
    [
        ("openai", "content_filter"),
        ("azure", "content_filter"),
        ("anthropic", "refusal"),
        ("gemini", "SAFETY"),
        ("gemini", "PROHIBITED_CONTENT"),
    ],
)
def test_37_blocked_with_status_200(bench: Bench, provider: str, finish: str) -> None:
    """An empty answer that was blocked is a refusal. (Of Cohere's litellm drops the word.)"""
    with FakeServer(*[Answer(finish=finish)] * 8, provider=provider) as server:
        with pytest.raises(ModelError) as caught:
            bench.turn(LLMBrain(client(server)))
    assert caught.value.reason == "refused"


def test_37_gemini_blocks_the_prompt_itself(bench: Bench) -> None:
    """Written from the provider's documentation: no candidates at all."""
    blocked = {"promptFeedback": {"blockReason": "SAFETY"}, "modelVersion": "fake"}
    event = f"data: {json.dumps(blocked)}\r\n\r\n"
    answers = (Answer(events=(event,)), *[Answer(body=blocked)] * 4)
    with FakeServer(*answers, provider="gemini") as server:
        with pytest.raises(ModelError) as caught:
            bench.turn(LLMBrain(client(server)))
    assert caught.value.reason == "refused"


def test_24_an_invented_observation_ends_what_is_read(bench: Bench) -> None:
    """As small models write it: a whole run with results of its own making."""
    invented = (
        'Thought: narrow it.\nAction: filter\nAction Input: {"where": ["year 1990..1999"]}\n'
        "Observation: 1 left\nAction: present\nAction Input: "
        '{"count": 1, "text": "The Made Up One."}'
    )
    end = Answer(text='```json\n[{"tool": "present", "arguments": {"count": 2}}]\n```')
    with FakeServer(Answer(text=invented, piece=7), end, provider="ollama") as server:
        turn = bench.turn(LLMBrain(client(server)))
    assert [tool for tool, _ in bench.tools_run()] == ["filter", "popular", "rank", "present"]
    assert len(turn.items) == 2 and "Made Up" not in bench.text_shown() + turn.text
    assert "1 left" not in str(server.requests[1].body)


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_39_every_call_is_answered_directly_behind_it(bench: Bench, provider: str) -> None:
    """Also those that did not run: unknown, broken, behind what ended the turn; over turns."""
    first = calls(POPULAR, FakeCall("nosuch", {}), FakeCall("filter", {}), text="Hm.")
    last = calls(PRESENT, NINETIES)
    with FakeServer(first, last, Answer(text="Bye."), provider=provider) as server:
        brain = LLMBrain(client(server))
        bench.turn(brain)
        bench.turn(brain, "thanks")
    for request in server.requests:
        waiting: list[str] = []
        for message in request.messages:
            content = message.get("content")
            blocks = content if isinstance(content, list) else []
            answered = [b["tool_use_id"] for b in blocks if b["type"] == "tool_result"]
            answered += [message["tool_call_id"]] if message["role"] == "tool" else []
            assert waiting[: len(answered)] == answered
            waiting = waiting[len(answered) :]
            made = [b["id"] for b in blocks if b["type"] == "tool_use"]
            made += [call["id"] for call in message.get("tool_calls") or ()]
            assert not (made and waiting)
            waiting += made
            assert message["role"] in ("assistant", "tool") or not waiting
        assert not waiting
    assert len(server.requests) == 3


@pytest.mark.parametrize("provider", ["openai", "anthropic", "gemini", "ollama", "mistral"])
def test_39_no_note_comes_between_results_and_the_answer_to_them(
    bench: Bench, provider: str
) -> None:
    """Mistral refuses a person's message behind a result; Gemini wants turns to alternate."""
    steps = (calls(NINETIES), Answer(), calls(FakeCall("nosuch", {})), calls(POPULAR), END)
    with FakeServer(*steps, provider=provider) as server:
        turn = bench.turn(LLMBrain(client(server, stream=False)), max_steps=3)
    assert len(turn.items) == 2 and not turn.notices
    assert "it was empty" in str(server.requests[2].body)
    assert "Tried so far" in str(server.requests[2].body)
    assert "steps are taken" in str(server.requests[-1].body)
    for request in server.requests:
        kinds = []
        for message in request.messages:
            told = message.get("parts") or message.get("content")
            parts = told if isinstance(told, list) else [message]
            result = [
                p.get("type") == "tool_result"
                or "functionResponse" in p
                or "function_response" in p
                for p in parts
            ]
            assert all(result) or not any(result), "a result shares its message with nothing else"
            kinds.append("tool" if result[0] else message["role"])
        assert ("tool", "user") not in set(zip(kinds, kinds[1:], strict=False))
        if provider == "gemini":
            roles = [message["role"] for message in request.messages]
            assert all(a != b for a, b in zip(roles, roles[1:], strict=False))


@pytest.mark.parametrize("provider", ["groq", "ollama"])
def test_49_bad_calls_are_told_and_written_anew(bench: Bench, provider: str) -> None:
    """In both forms: as an error, and, of Groq, as an event in a stream behind reasoning."""
    late = Answer.error("bad_answer", in_stream=provider == "groq", thinking="Hm.")
    with FakeServer(Answer.error("bad_answer"), late, END, provider=provider) as server:
        turn = bench.turn(LLMBrain(client(server)))
    assert len(turn.items) == 2 and "check the tool call" in str(server.requests[2].body)


@pytest.mark.parametrize("provider", [*FAMILIES, "groq"])
def test_51_cut_connections(provider: str) -> None:
    """Behind shown text: kept, marked, not asked again. Before it: asked again."""
    with FakeServer(
        Answer(text="abcdefgh", piece=1, cut_after=5),
        Answer(text="late", cut_after=0),
        Answer(text="ok"),
        provider=provider,
    ) as server:
        shown: list[str] = []
        reply = client(server).complete(HELLO, on_text=shown.append)
        assert reply.text == "".join(shown) and reply.text and "abcdefgh".startswith(reply.text)
        assert not reply.complete and len(server.requests) == 1
        assert client(server).complete(HELLO).text == "ok"


@pytest.mark.parametrize("provider", [*FAMILIES, "groq"])
def test_53_any_cut_of_the_bytes_gives_the_same_answer(provider: str) -> None:
    """Split characters, and lines that end as Windows ends them."""
    answer = Answer(text="Caf\u00e9 \u2014 \u6771\u4eac \U0001f3ac!", calls=(POPULAR,), piece=2)
    raw = b"".join(PROVIDERS[provider].stream(answer))
    windows = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    rng, scripts = random.Random(7), []
    for body in (raw, windows):
        cuts = sorted({0, len(body), *(rng.randrange(len(body)) for _ in range(60))})
        parts = tuple(body[one:other] for one, other in zip(cuts, cuts[1:], strict=False))
        scripts.append(Answer(events=parts))
    comments = b": waiting\n\n" + raw.replace(b"\n\n", b"\n\n: still\n\n")
    scripts += [Answer(events=(comments,))] if provider in ("openai", "groq", "anthropic") else []
    with FakeServer(*scripts, provider=provider) as server:
        for _ in scripts:
            reply = client(server).complete(HELLO)
            assert reply.text == answer.text and reply.complete
            assert [call.name for call in reply.calls] == ["popular"]


def test_53_invalid_bytes_are_no_end() -> None:
    """What is no UTF-8 becomes a mark of replacement, or an error of a known kind."""
    raw = b"".join(PROVIDERS["openai"].stream(Answer(text="Good day.")))
    broken = raw.replace(b"Good", b"G\xff\xfed")
    with FakeServer(*[Answer(events=(broken,))] * 5, provider="openai") as server:
        try:
            assert client(server).complete(HELLO).text.endswith("day.")
        except ModelError as error:
            assert error.reason in ("bad_answer", "server")


def test_66_four_providers_at_once(bench: Bench) -> None:
    """Turns in threads, each with its own provider: no answer strays."""
    texts: dict[str, str] = {}
    catalog, engine = bench.catalog, bench.engine

    def hold(provider: str) -> None:
        said = f"Hello from {provider}."
        with FakeServer(
            calls(NINETIES, piece=3), Answer(text=said, piece=2), provider=provider
        ) as s:
            mine = Bench(catalog, engine)
            texts[provider] = mine.turn(LLMBrain(client(s))).text

    threads = [threading.Thread(target=hold, args=(provider,)) for provider in FAMILIES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(texts) == sorted(FAMILIES)
    for provider, text in texts.items():
        assert not any(other in text for other in FAMILIES if other != provider)
