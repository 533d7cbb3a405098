"""`recagent doctor --model`: one tiny tool call, and what it shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from recagent_cli.agent.known import KnownModels, key_of
from recagent_cli.agent.litellm_adapter import LiteLLMClient
from recagent_cli.agent.probe import ONCE, Probe, probe
from recagent_cli.testing import Answer, FakeCall, FakeServer

from ..conftest import RunCommand
from .llm_bench import LITELLM_WARNS, litellm_ready

__all__ = ["litellm_ready"]
pytestmark = [*LITELLM_WARNS, pytest.mark.usefixtures("litellm_ready")]
CALLED = Answer(calls=(FakeCall("note_number", {"number": 7}),))
WRITTEN = Answer(text='```json\n{"tool": "note_number", "arguments": {"number": "7"}}\n```')
WRONG = Answer(calls=(FakeCall("note_number", {"number": 8}),))
NO_TOOLS = Answer.error("no_tools")


def probed(*answers: Answer, provider: str = "ollama") -> tuple[Probe, FakeServer, dict[str, str]]:
    known: dict[str, str] = {}
    with FakeServer(*answers, provider=provider) as server:
        client = LiteLLMClient(server.model, api_base=server.api_base, patience=ONCE)
        found = probe(server.model, api_base=server.api_base, client=client, known=known)
    assert found.asked == len(server.requests) <= 2
    return found, server, known


@pytest.mark.parametrize(
    ("answers", "calls", "right", "streams"),
    [
        ((CALLED,), "native", True, True),
        ((WRITTEN,), "text", True, True),
        ((WRONG,), "native", False, True),
        ((NO_TOOLS, WRITTEN), "text", True, True),
        ((Answer(text="Seven!"), WRITTEN), "text", True, True),
        ((Answer(text="Seven!"), Answer(text="Seven!")), "none", False, True),
        ((NO_TOOLS, Answer(text="Seven!")), "none", False, True),
    ],
)
def test_41_what_a_model_can_do(
    answers: tuple[Answer, ...], calls: str, right: bool, streams: bool
) -> None:
    found, server, known = probed(*answers)
    assert (found.calls, found.right, found.streams) == (calls, right, streams)
    assert list(known.values()) == ([] if calls == "none" else [calls])
    assert (found.context, found.context_asked) == (16_384, True) and not found.priced
    assert [well for what, well, _ in found.rows() if what == "model calls"] == [right]
    if len(answers) == 2:
        assert "note_number: Note a number" in str(server.requests[1].body)
        assert "tools" not in server.requests[1].body


def test_a_server_that_cannot_stream_is_found_out() -> None:
    empty = Answer(events=("data: [DONE]\n\n",))
    found, server, _ = probed(empty, CALLED, provider="openai")
    assert found.calls == "native" and found.streams is False
    assert [bool(request.body.get("stream")) for request in server.requests] == [True, False]
    found, server, _ = probed(CALLED, provider="cohere")
    assert found.calls == "native" and found.streams is None


def test_doctor_tells_it_in_rows_and_remembers(home: Path, recagent: RunCommand) -> None:
    with FakeServer(NO_TOOLS, WRITTEN, provider="llamacpp") as server:
        ran = recagent("doctor", "-m", "fake.gguf", "--api-base", server.api_base)
    rows = {line[:16].strip(): line[16:] for line in ran.out.splitlines() if "model " in line}
    assert ran.code == 0 and not ran.err
    assert f"fake.gguf at 127.0.0.1:{server.port}" in rows["model reached"]
    assert "it writes them as text" in ran.out and "sends token counts: 100 + 20" in ran.out
    assert "not known" in rows["model price"]
    kept = KnownModels(home / "cache" / "language-models.json")
    assert kept[key_of("fake.gguf", server.api_base)] == "text"


def test_doctor_in_json(home: Path, recagent: RunCommand) -> None:
    with FakeServer(CALLED, provider="groq") as server:
        words = ("doctor", "-m", server.model, "--api-base", server.api_base, "--json")
        ran = recagent(*words)
    told: dict[str, Any] = json.loads(ran.out)["probe"]
    seconds = told.pop("seconds")
    assert 0 < seconds < 30
    assert told == {
        "model": "groq/fake",
        "host": f"127.0.0.1:{server.port}",
        "asked": 1,
        "calls": "native",
        "right": True,
        "streams": True,
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "priced": False,
        "context": None,
        "context_asked": False,
    }
    with FakeServer(Answer.error("auth")) as server:
        ran = recagent("doctor", "-m", "openai/x", "--api-base", server.url, "--json")
    assert ran.code == 5 and len(server.requests) == 1
    probed = json.loads(ran.out)["probe"]
    assert probed["reason"] == "auth" and probed["hint"], "one document, and all is in it"


def test_what_was_known_of_its_sight_is_forgotten() -> None:
    with FakeServer(CALLED, provider="ollama") as server:
        sight = key_of(server.model, server.api_base, "sight")
        known = {sight: "none", "sight of another": "none"}
        client = LiteLLMClient(server.model, api_base=server.api_base, patience=ONCE)
        probe(server.model, api_base=server.api_base, client=client, known=known)
    assert sight not in known and "sight of another" in known
