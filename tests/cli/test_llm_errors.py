"""What goes wrong at a model, through real sockets: mapped, tried again, never with a key."""

from __future__ import annotations

import importlib.metadata
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recagent_catalogs.errors import BadInput, ModelError
from recagent_cli.agent import litellm_loading
from recagent_cli.agent.litellm_adapter import LiteLLMClient
from recagent_cli.agent.litellm_loading import load
from recagent_cli.agent.llm import LLMBrain
from recagent_cli.agent.model_errors import redact, retry_after
from recagent_cli.agent.model_names import sends_to, suggestions, wire_model
from recagent_cli.agent.watchdog import Patience
from recagent_cli.assistant import Assistant
from recagent_cli.testing import Answer, FakeCall, FakeServer, Received, ScriptedBrain
from recagent_cli.ui.chat import Chat
from recagent_cli.ui.chat_commands import COMMANDS

from .llm_bench import (
    HELLO,
    IMPATIENCE,
    LITELLM_WARNS,
    PATIENCE,
    Bench,
    Clock,
    bench,
    client_of,
    litellm_ready,
)

__all__ = ["bench", "litellm_ready"]
pytestmark = [*LITELLM_WARNS, pytest.mark.usefixtures("litellm_ready")]
OK = Answer(text="ok")
KEY = "sk-canary1234567890abcdef"


def error_body(message: str, **rest: Any) -> dict[str, Any]:
    return {"error": {"message": message, **rest}}


def failing(*answers: Answer, dialect: str = "openai", stream: bool = True) -> ModelError:
    """The error that these answers end in."""
    with FakeServer(*answers) as server, pytest.raises(ModelError) as caught:
        client_of(server, dialect, stream=stream).complete(HELLO)
    assert caught.value.hint and "\n" not in caught.value.message
    return caught.value


def succeeding(
    *answers: Answer, dialect: str = "openai", stream: bool = True, patience: Patience = PATIENCE
) -> tuple[str, Clock]:
    """The text after all tries, and the clock that was slept on."""
    clock = Clock()
    with FakeServer(*answers) as server:
        client = client_of(server, dialect, stream=stream, patience=patience, clock=clock)
        text = client.complete(HELLO).text
        assert len(server.requests) == len(answers)
    return text, clock


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("dialect", ["openai", "anthropic", "gemini", "ollama"])
def test_42_key_refused_without_the_key(
    status: int, dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECAGENT_API_KEY", KEY)
    body = error_body(f"Incorrect API key provided: {KEY}. See https://x.test?key={KEY}")
    error = failing(Answer(status=status, body=body), dialect=dialect)
    assert error.reason == "auth" and "RECAGENT_API_KEY" in error.hint
    assert KEY not in error.message + error.hint


def test_42_no_key_set() -> None:
    with pytest.raises(ModelError) as caught:
        LiteLLMClient("gpt-4o-mini").complete(HELLO)
    assert caught.value.reason == "auth" and caught.value.message == "gpt-4o-mini: no key is set"
    assert "OPENAI_API_KEY" in caught.value.hint


def test_43_unknown_model_is_answered_with_near_names() -> None:
    with pytest.raises(ModelError) as caught:
        LiteLLMClient("gpt-4o-mni").complete(HELLO)
    assert caught.value.reason == "not_found" and "gpt-4o-mini" in caught.value.hint
    body = {"error": 'model "llama9" not found, try pulling it first'}
    error = failing(Answer(status=404, body=body), dialect="ollama")
    assert error.reason == "not_found" and "ollama pull llama3.1" in error.hint


def test_44_out_of_credit() -> None:
    quota = error_body("You exceeded your current quota", code="insufficient_quota")
    balance = error_body("Your credit balance is too low to access the Anthropic API")
    assert failing(Answer(status=402, body=error_body("Insufficient Balance"))).reason == "credit"
    assert failing(Answer(status=429, body=quota)).reason == "credit"
    assert failing(Answer(status=400, body=balance), dialect="anthropic").reason == "credit"


@pytest.mark.parametrize(
    ("headers", "message", "seconds"),
    [
        ((("retry-after", "2"),), "slow down", 2.0),
        ((("retry-after-ms", "6"),), "slow down", 0.006),
        ((), "Rate limit reached. Please try again in 1.5s. Contact us", 1.5),
        ((), "slow down", 0.0),
    ],
)
def test_45_rate_limit_waits_as_told(
    headers: tuple[tuple[str, str], ...], message: str, seconds: float
) -> None:
    limited = Answer(status=429, body=error_body(message), headers=headers)
    text, clock = succeeding(limited, OK)
    assert text == "ok" and seconds <= clock.now <= seconds + 0.2


def test_45_absurd_wait_is_an_error_at_once() -> None:
    error = failing(Answer(status=429, body=error_body("slow"), headers=(("retry-after", "3600"),)))
    assert error.reason == "rate_limit" and "60 minutes" in error.hint


@pytest.mark.parametrize(
    ("dialect", "answer"),
    [
        ("openai", Answer(status=500, body=error_body("boom"))),
        (
            "openai",
            Answer(
                status=502,
                body="<html><title>502</title><p>Bad</p></html>",
                content_type="text/html",
            ),
        ),
        ("openai", Answer(status=503, body=error_body("busy"))),
        (
            "anthropic",
            Answer(
                status=529,
                body={
                    "type": "error",
                    "error": {"type": "overloaded_error", "message": "Overloaded"},
                },
            ),
        ),
    ],
)
def test_46_server_errors_are_tried_again(dialect: str, answer: Answer) -> None:
    assert succeeding(answer, OK, dialect=dialect)[0] == "ok"
    error = failing(*[answer] * 4, dialect=dialect)
    assert error.reason == "server" and "<" not in error.message


def test_47_error_event_at_once_and_after_text() -> None:
    event = (
        'event: error\ndata: {"type":"error","error":{"type":"overloaded_error",'
        '"message":"Overloaded"}}\n\n'
    )
    assert succeeding(Answer(events=(event,)), OK, dialect="anthropic")[0] == "ok"
    chunk = (
        'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":'
        '[{"index":0,"delta":{"content":"One two"},"finish_reason":null}]}\n\n'
    )
    broken = 'data: {"error":{"message":"engine down","type":"server_error"}}\n\n'
    with FakeServer(Answer(events=(chunk, broken))) as server:
        reply = client_of(server).complete(HELLO)
    assert reply.text == "One two" and not reply.complete and len(server.requests) == 1


@pytest.mark.parametrize("stream", [True, False])
def test_48_error_object_with_status_200(stream: bool) -> None:
    broken = Answer(body=error_body("something broke", code=500))
    assert succeeding(broken, OK, stream=stream)[0] == "ok"


@pytest.mark.parametrize("model", ["openai/x", "anthropic/claude-x", "gemini/g", "ollama_chat/l"])
def test_50_refused(model: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    clock = Clock()
    client = LiteLLMClient(
        model,
        api_base=f"http://someone:s3cretword@127.0.0.1:{port}/v1",
        patience=PATIENCE,
        clock=clock,
        sleep=clock.sleep,
    )
    with pytest.raises(ModelError) as caught:
        client.complete(HELLO)
    assert caught.value.reason == "unreachable" and "--api-base" in caught.value.hint
    assert f"cannot be reached at 127.0.0.1:{port}" in caught.value.message
    assert "someone" not in caught.value.message and "s3cretword" not in caught.value.message
    assert len(clock.slept) == PATIENCE.tries - 1


def test_50_unknown_host_and_tls() -> None:
    with FakeServer() as server:
        for base in ("http://no-such-host.invalid", f"https://127.0.0.1:{server.port}"):
            clock = Clock()
            client = LiteLLMClient("openai/x", api_base=base, clock=clock, sleep=clock.sleep)
            with pytest.raises(ModelError) as caught:
                client.complete(HELLO)
            assert caught.value.reason == "unreachable"


def test_50_hang_before_the_first_byte() -> None:
    patience = Patience(first_s=0.3, between_s=0.3, total_s=10.0, tries=1)
    started = time.monotonic()
    with FakeServer(Answer(text="late", delay_s=30)) as server:
        with pytest.raises(ModelError) as caught:
            client_of(server, patience=patience).complete(HELLO)
    assert caught.value.reason == "timeout" and time.monotonic() - started < 25
    assert "nothing came for 0.3 s" in caught.value.message


def test_50_a_stall_in_mid_text_keeps_what_was_shown() -> None:
    with FakeServer(Answer(text="abcdefgh", piece=1, stall_after=4)) as server:
        reply = client_of(server, patience=replace(IMPATIENCE, between_s=0.2)).complete(HELLO)
        # A busy machine may stand still before, too.
        assert reply.text and "abc".startswith(reply.text) and not reply.complete
        assert len(server.requests) == 1


def test_50_a_call_that_stalls_is_asked_for_again() -> None:
    stalled = Answer(calls=(FakeCall("popular", {"window": "all"}),), piece=1, stall_after=5)
    assert succeeding(stalled, OK, patience=IMPATIENCE)[0] == "ok"


def test_51_cut_in_text_and_in_arguments() -> None:
    with FakeServer(Answer(text="abcdefgh", piece=1, cut_after=4)) as server:
        reply = client_of(server).complete(HELLO)
        assert reply.text == "abc" and not reply.complete and len(server.requests) == 1
    cut = Answer(calls=(FakeCall("popular", {"window": "all"}),), piece=1, cut_after=5)
    assert succeeding(cut, OK)[0] == "ok"


@pytest.mark.parametrize("dialect", ["openai", "anthropic", "gemini", "ollama"])
@pytest.mark.parametrize("body", ["hello", "", "<html>hi</html>", "[]", "null"])
def test_52_no_json(dialect: str, body: str) -> None:
    error = failing(*[Answer(body=body, content_type="text/plain")] * 5, dialect=dialect)
    assert error.reason in ("bad_answer", "server", "unreachable")


def test_53_crlf_comments_and_split_characters() -> None:
    head = '"id":"1","object":"chat.completion.chunk","created":1,"model":"m"'
    text = f'data: {{{head},"choices":[{{"index":0,"delta":{{"content":"caf\u00e9"}}}}]}}\r\n\r\n'
    raw = text.encode()
    middle = raw.index(b"\xc3") + 1
    done = f'data: {{{head},"choices":[{{"index":0,"delta":{{}},"finish_reason":"stop"}}]}}\r\n\r\n'
    events = (": ping\r\n\r\n", raw[:middle], raw[middle:], done, "data: [DONE]\r\n\r\n")
    with FakeServer(Answer(events=events)) as server:
        assert client_of(server).complete(HELLO).text == "caf\u00e9"


def test_54_ctrl_c_while_waiting_then_the_next_turn_works(bench: Bench) -> None:
    from recagent_catalogs.errors import Cancelled

    def interrupts(request: Received) -> Answer:
        # While the main thread waits for a stream that stands still.
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        return Answer(text="abcdef", piece=1, stall_after=4)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with FakeServer(interrupts, OK) as server:
            brain, began = LLMBrain(client_of(server)), time.monotonic()
            with pytest.raises(Cancelled):
                bench.turn(brain)
            assert time.monotonic() - began < PATIENCE.between_s / 2, "it waited for the stream"
            assert bench.turn(brain).text == "ok"
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(bench.session.turns) == 1


def test_a_failure_in_a_chat_is_covered_by_the_other_brain(bench: Bench) -> None:
    with FakeServer(*[Answer(status=500, body=error_body("boom"))] * 4) as server:
        turn = bench.turn(LLMBrain(client_of(server)), fallback=ScriptedBrain(name="builtin"))
    assert turn.brain == "builtin" and "boom" in dict(turn.notices)["fallback"]


@pytest.fixture
def no_litellm(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    monkeypatch.delitem(sys.modules, "litellm")
    yield monkeypatch


def test_65_litellm_missing(no_litellm: pytest.MonkeyPatch) -> None:
    no_litellm.setitem(sys.modules, "litellm", None)
    with pytest.raises(ModelError) as caught:
        LiteLLMClient("gpt-4o-mini").complete(HELLO)
    assert caught.value.reason == "missing" and "pip install" in caught.value.hint


@pytest.mark.parametrize(
    "source", ["import nothing_like_this", "x = (", "raise TypeError('old')", ""]
)
def test_65_litellm_broken(no_litellm: pytest.MonkeyPatch, tmp_path: Path, source: str) -> None:
    (tmp_path / "litellm.py").write_text(source)
    no_litellm.syspath_prepend(str(tmp_path))
    try:
        with pytest.raises(ModelError) as caught:
            LiteLLMClient("gpt-4o-mini").complete(HELLO)
    finally:
        sys.modules.pop("litellm", None)
    assert caught.value.reason == "missing"


def test_65_litellm_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(litellm_loading, "_loaded", None)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "1.40.2")
    with pytest.raises(ModelError, match=r"1\.40\.2 is too old: 1\.91"):
        load()


def test_a_providers_key_never_goes_to_another_host(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "OLLAMA_API_KEY")
    for name in names:
        monkeypatch.setenv(name, KEY)
    for dialect in ("openai", "anthropic", "gemini", "ollama"):
        with FakeServer(OK) as server:
            client_of(server, dialect).complete(HELLO)
        assert KEY not in str(server.requests[0])
    monkeypatch.setenv("RECAGENT_API_KEY", "mine-for-this-host")
    with FakeServer(OK) as server:
        client_of(server).complete(HELLO)
    assert server.requests[0].headers["authorization"] == "Bearer mine-for-this-host"


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    failing(Answer(status=400, body=error_body("bad")))
    failing(Answer(status=401, body=error_body("bad")), dialect="anthropic")
    assert capfd.readouterr() == ("", "")


def test_redact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_PROVIDER_TOKEN", "plainwordtoken")
    text = f"{KEY} AIzaSyA1234567890abcdef Bearer abc.def-ghi12 plainwordtoken https://u:p@h?key=zz9&a=1"
    shown = redact(text)
    for secret in (KEY, "AIzaSyA1234567890", "abc.def", "plainwordtoken", "u:p@", "zz9"):
        assert secret not in shown


@pytest.mark.parametrize(
    ("headers", "text", "seconds"),
    [
        ({"retry-after-ms": "6"}, "", 0.006),
        ({"retry-after": "7"}, "try again in 1s", 7.0),
        ({}, "Please try again in 6m0s.", 360.0),
        ({}, "Please try again in 20ms. Visit", 0.02),
        ({}, '"retryDelay": "34s"', 34.0),
        ({}, "Retry after 5 seconds", 5.0),
        ({"retry-after": "soon"}, "", None),
        ({"retry-after": "nan"}, "", None),
        ({}, "try later", None),
    ],
)
def test_retry_after(headers: dict[str, str], text: str, seconds: float | None) -> None:
    found = retry_after(headers, text)
    assert found == pytest.approx(seconds) if seconds is not None else found is None


def test_names_at_an_own_server() -> None:
    for name, model in (
        ("llama-3", "llama-3"),
        ("meta-llama/Llama-3", "meta-llama/Llama-3"),
        ("openai/x", "x"),
    ):
        with FakeServer(OK) as server:
            LiteLLMClient(name, api_base=server.url).complete(HELLO)
        assert server.requests[0].body["model"] == model
    assert wire_model("ollama/x", None) == "ollama_chat/x"
    assert sends_to("m", "http://box:8000/v1") == "box:8000"
    assert sends_to("anthropic/claude", None) == "anthropic"


def test_importing_the_brain_does_not_import_litellm() -> None:
    import subprocess

    code = "import sys, recagent_cli.agent.llm; sys.exit('litellm' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_streams_left_unread_do_not_block_the_next_request() -> None:
    """httpcore's pool waits for itself where a stream of its own is collected inside of it."""
    event = 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"}}\n\n'
    patience = Patience(first_s=30.0, between_s=30.0, total_s=60.0, tries=1)
    with FakeServer(*[Answer(events=(event, event))] * 20) as server:
        for _ in range(20):
            with pytest.raises(ModelError) as caught:
                client_of(server, "anthropic", patience=patience).complete(HELLO)
            assert caught.value.reason == "server"


def test_another_brain_in_the_middle_of_a_chat(home: Path) -> None:
    with Assistant("films") as assistant:
        chat = Chat(assistant, assistant.new_session())
        told: list[str] = []
        setattr(chat, "note", told.append)  # noqa: B010
        model = next(command.run for command in COMMANDS if command.name == "/model")
        model(chat, "")
        assert told[-1].startswith("the built-in brain answers")
        for name in ("nosuchprovider/x", "no-such-model"):
            with pytest.raises(BadInput, match="no such model") as refused:
                model(chat, name)
            assert "\n" not in str(refused.value)
        assert assistant.agent.brain.name == "builtin"
        model(chat, "openai/gpt-4.1-mini")
        assert assistant.agent.brain.name == "openai/gpt-4.1-mini" and "from now on" in told[-1]
        assert assistant.agent.fallback is assistant.builtin
        model(chat, "builtin")
        assert assistant.agent.brain is assistant.builtin and assistant.agent.fallback is None


def test_only_models_that_talk_are_suggested() -> None:
    for wrong in ("gpt-image-1-mini", "text-embedding-3-smal", "dall-e-33", "whisper-11", "tts-11"):
        for name in suggestions(wrong, 20):
            assert not re.search("image|embed|dall-e|whisper|tts|transcribe|rerank", name), name
    assert "gpt-4o-mini" in suggestions("gpt-4o-mni", 20)
