"""Answers recorded from real providers, replayed; skipped where the recordings are not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from recagent_catalogs.errors import ModelError
from recagent_cli.agent.text_protocol import read_text
from recagent_cli.agent.wire import Reply
from recagent_cli.testing import Answer, FakeServer

from .llm_bench import HELLO, LITELLM_WARNS, client_of, litellm_ready

__all__ = ["litellm_ready"]
pytestmark = [*LITELLM_WARNS, pytest.mark.usefixtures("litellm_ready")]

REASONS = {
    "anthropic_400_unpaired_tool_use": "refused",
    "anthropic_sse_overloaded": "server",
    "cloudflare_502_html": "server",
    "gemini_429_resource_exhausted": "rate_limit",
    "groq_200_sse_tool_use_failed": "bad_answer",
    "groq_400_tool_use_failed": "bad_answer",
    "ollama_400_no_tools": "no_tools",
    "openai_400_context_length": "context",
    "openai_429_tpm": "rate_limit",
}
DROPPED = frozenset(("content-length", "transfer-encoding", "content-encoding", "content-type"))


@pytest.fixture(scope="module")
def wire(bench_data: Path) -> Path:
    folder = bench_data / "wire"
    if not folder.is_dir():
        pytest.skip("there are no recordings in RECAGENT_BENCH_DATA")
    return folder


def recordings(wire: Path, *kinds: str) -> list[tuple[str, dict[str, Any]]]:
    found = ((path.stem, json.loads(path.read_text())) for path in sorted(wire.glob("*.json")))
    return [(name, data) for name, data in found if data["expect"]["kind"] in kinds]


def answer_of(recording: dict[str, Any]) -> Answer:
    headers = tuple((k, v) for k, v in recording["headers"].items() if k.lower() not in DROPPED)
    body = (
        recording["body"] if isinstance(recording["body"], str) else json.dumps(recording["body"])
    )
    if recording["stream"] and recording["status"] == 200:
        return Answer(events=(body,), headers=headers)
    content_type = recording["headers"].get("content-type", "application/json")
    return Answer(status=recording["status"], body=body, content_type=content_type, headers=headers)


def replay(recording: dict[str, Any], *, tries: int = 1) -> Reply:
    with FakeServer(*[answer_of(recording)] * tries) as server:
        stream = bool(recording["stream"]) or recording["status"] != 200
        model = recording["litellm_model"]
        return client_of(server, stream=stream, model=model).complete(HELLO)


def test_recorded_calls(wire: Path) -> None:
    found = recordings(wire, "tools")
    assert len(found) >= 10
    for name, recording in found:
        reply = replay(recording)
        assert reply.calls and reply.complete, name
        for call in reply.calls:
            assert call.whole and call.name and isinstance(json.loads(call.arguments), dict), name
        if "parallel" in name:
            assert len(reply.calls) >= 2, name
        if "gemini3" in name:
            assert "thought" in f"{reply.calls[0].id}{reply.calls[0].extra}", name
        if "thinking" in name:
            (block,) = (reply.extra or {})["thinking_blocks"]
            assert block["signature"] and block["thinking"], name
        assert reply.prompt_tokens and reply.completion_tokens, name


def test_recorded_texts(wire: Path) -> None:
    for name, recording in recordings(wire, "text"):
        reply = replay(recording)
        assert len(reply.text) > 10 and not reply.calls and reply.complete, name
        assert reply.prompt_tokens and reply.completion_tokens, name


def test_recorded_errors(wire: Path) -> None:
    found = recordings(wire, "error")
    assert {name for name, _ in found} <= set(REASONS)
    for name, recording in found:
        with pytest.raises(ModelError) as caught:
            replay(recording, tries=4)
        assert caught.value.reason == REASONS[name], (name, caught.value.message)


def test_recorded_cut_never_runs(wire: Path) -> None:
    for name, recording in recordings(wire, "truncated"):
        reply = replay(recording)
        assert reply.calls and not any(call.whole for call in reply.calls), name


def test_recorded_block(wire: Path) -> None:
    for name, recording in recordings(wire, "blocked", "empty"):
        reply = replay(recording)
        assert reply.finish == "content_filter" and not reply.text, name


def test_recorded_call_in_text(wire: Path) -> None:
    for name, recording in recordings(wire, "tool_in_text"):
        reply = replay(recording)
        (call,) = read_text(reply.text, ["LLM_Tool_RAG"]).calls
        assert call.name == "LLM_Tool_RAG" and "term" in call.arguments, name
