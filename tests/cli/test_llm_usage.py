"""What a model consumed: with the turn, over the session, in every output; real sockets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from recagent_cli.testing import Answer, FakeServer

from ..conftest import DATA, Ran, RunCommand
from .llm_bench import LITELLM_WARNS, PRESENT, call, calls, litellm_ready

__all__ = ["litellm_ready"]
pytestmark = [*LITELLM_WARNS, pytest.mark.usefixtures("litellm_ready")]
SCHEMAS = DATA.parents[1] / "docs" / "schemas"
FILTER = call("filter", {"where": ["genres has Drama"]})
DRAMAS = calls(FILTER, PRESENT, usage=(1_000, 30), cached=800)
SUMS = ("answers", "calls", "prompt_tokens", "completion_tokens", "cached_tokens")


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as made:
        yield made


def checked(ran: Ran, schema: str) -> Any:
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    jsonschema.validate(told, json.loads((SCHEMAS / f"{schema}.json").read_text()))
    return told


def test_usage_is_kept_with_the_turn(recagent: RunCommand, home: Path, server: FakeServer) -> None:
    ask = ("ask", "-m", "openai/any", "--api-base", server.url)
    server.script(DRAMAS, DRAMAS)
    first = checked(recagent(*ask, "dramas", "--json"), "recagent.turn-1")
    assert first["usage"] == {
        "model": "openai/any",
        "calls": 1,
        "prompt_tokens": 1_000,
        "completion_tokens": 30,
        "cost_usd": None,
        "cached_tokens": 800,
    }
    assert (
        checked(recagent("ask", "--continue", "more", "--json"), "recagent.turn-1")["usage"] is None
    )
    ran = recagent(*ask, "--continue", "others", "-v")
    assert "openai/any · 1 call · 1,000 + 30 tokens (800 cached) · cost unknown" in ran.err
    whole = "2 answers · 2 calls · 2,000 + 60 tokens (1,600 cached) · cost unknown"
    assert f"this session: {whole}" in ran.err and "$0" not in ran.err + ran.out
    told = checked(recagent("session", "show", "--json"), "recagent.report-1")
    assert [bool(turn["usage"]) for turn in told["turns"]] == [True, False, True]
    assert [told["usage"][name] for name in SUMS] == [2, 2, 2_000, 60, 1_600]
    assert told["usage"]["cost_usd"] is None and told["usage"]["cost_unknown"] == 2
    export = checked(recagent("session", "export", "--json"), "recagent.session-1")
    assert export["usage"] == told["usage"]
    for words in (("--continue",), ()):
        ran = recagent("chat", *words, stdin="/continue\n/cost\n/new\n/cost\n")
        assert f"this session: {whole}" in " ".join(ran.err.split())
        assert ran.err.rstrip().endswith("the built-in brain answered, on this machine")


def test_a_chat_with_a_model_that_there_is_none_of_does_not_start(
    recagent: RunCommand, home: Path
) -> None:
    ran = recagent("chat", "-m", "gtp-4o-mini", stdin="dramas\n")
    assert ran.code == 5 and "no such model" in ran.err and not ran.out
    ran = recagent("chat", "-m", "anthropic/claude-of-tomorrow", stdin="/quit\n")
    assert ran.code == 0, "its provider is known; what it has, it says itself"


def test_tokens_of_a_model_that_failed_are_told(
    recagent: RunCommand, home: Path, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECAGENT_MODEL", "openai/any")
    monkeypatch.setenv("RECAGENT_API_BASE", server.url)
    refused = Answer(status=401, body={"error": {"message": "no", "code": "invalid_api_key"}})
    server.script(calls(FILTER, usage=(700, 10)), refused, refused)
    told = checked(recagent("ask", "dramas", "--json"), "recagent.turn-1")
    assert told["brain"] == "builtin" and told["cut"] and told["items"]
    assert told["usage"]["prompt_tokens"] == 700 == told["session_usage"]["prompt_tokens"]
    told = checked(recagent("ask", "--continue", "more dramas", "--json"), "recagent.turn-1")
    assert told["brain"] == "builtin" and told["usage"] is None, "it never answered"
    assert told["session_usage"]["answers"] == 1
