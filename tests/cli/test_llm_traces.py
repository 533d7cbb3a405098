"""Traces of turns that a model drove, over a real socket; run again without it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recagent_cli import Assistant
from recagent_cli.testing import Answer, FakeServer

from ..conftest import RunCommand
from .llm_bench import LITELLM_WARNS, NINETIES, POPULAR, PRESENT, call, calls, litellm_ready
from .test_forgetting import holding

__all__ = ["litellm_ready"]
pytestmark = [*LITELLM_WARNS, pytest.mark.usefixtures("litellm_ready")]
SECRET = "canary-7e57-key"
DRAMAS = call("filter", {"where": ["genres has Drama"]})
WRONG = call("filter", {"where": ["colour is red"]})
REFUSED = Answer(status=400, body={"error": {"message": f"no {SECRET}"}})
TURNS: tuple[tuple[str, list[Answer]], ...] = (
    (
        "I loved Paper Lanterns",
        [
            calls(call("remember", {"kind": "liked", "items": ["Paper Lanterns"]})),
            calls(call("similar", {"liked": ["Paper Lanterns"]}), call("rank", {}), PRESENT),
        ],
    ),
    ("films of the 90s", [calls(NINETIES, POPULAR), calls(PRESENT)]),
    ("dramas of the 90s", [calls(WRONG), calls(DRAMAS, call("rank", {})), calls(PRESENT)]),
    (
        "how many are there?",
        [calls(call("look_up", {"sql": "SELECT count(*) FROM items"})), Answer(text="16.")],
    ),
    (
        "what do I like?",
        [calls(call("user_info", {})), Answer(text="You like Paper Lanterns.")],
    ),
    ("back", [calls(call("candidates", {"op": "undo"})), calls(call("present", {"count": 3}))]),
    ("a western", [calls(DRAMAS), *[calls(WRONG)] * 5]),
    ("some drama", [calls(DRAMAS), REFUSED]),
)


def test_a_models_turns_give_the_same_again_and_hold_no_key(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    answers = [answer for _, told in TURNS for answer in told]
    with FakeServer(*answers) as server:
        base = server.url.replace("http://", f"http://me:{SECRET}@")
        with Assistant("films", model="openai/any", api_base=base, build=False) as assistant:
            session = assistant.new_session()
            for said, _ in TURNS:
                assistant.ask(said, session=session)
    with Assistant("films", build=False) as assistant:  # without the model
        traces = assistant.traces()[::-1]
        again = [assistant.replay(trace.id) for trace in traces]
    assert [r.trace.utterance for r in again if not r.same or r.notes] == []
    assert [trace.utterance for trace in traces] == [said for said, _ in TURNS]
    assert [trace.models for trace in traces] == [2, 2, 3, 2, 2, 2, 6, 1]
    assert [len(trace.calls) for trace in traces[:6]] == [4, 3, 4, 1, 1, 2]
    assert traces[2].calls[0].error and not traces[0].fell_back
    assert [(trace.end["cut"], trace.fell_back) for trace in traces[5:]] == [
        (False, False),
        (True, True),
        (True, True),
    ]
    asked = [told for trace in traces for told in trace.events if told["event"] == "model"]
    assert len({told["prefix_hash"] for told in asked}) < len(asked) / 3
    assert len({told["prompt_hash"] for told in asked}) == len(asked)
    assert traces[0].brain == "openai/any" and traces[-1].brain == "builtin"
    assert holding(home, SECRET) == set()
    text = json.dumps([trace.lines() for trace in traces])
    assert SECRET not in text and "[key]" in text


def test_a_models_turn_may_be_kept_and_the_chat_says_how(home: Path, recagent: RunCommand) -> None:
    with FakeServer(calls(NINETIES), calls(PRESENT)) as server:
        flags = ("-m", "openai/any", "--api-base", server.url)
        ran = recagent("chat", *flags, stdin="films of the 90s\n/good\n/trace\n/quit\n")
    assert "/trace keep 1 makes it an example" in ran.out + ran.err
    assert "model: openai/any, native, 1 call" in ran.out
    page = recagent("trace", "show").out
    assert "model: openai/any" in page and max(map(len, page.splitlines())) <= 80
    heads = json.loads(recagent("trace", "list", "--json").out)["traces"]
    assert heads[0]["model_calls"] == 2 and heads[0]["tokens"]
    ran = recagent("chat", "--continue", stdin="/trace keep\n/good\n")
    said = ran.out + ran.err
    assert "trace 1 is kept" in said and "makes it" not in said
    assert json.loads(recagent("trace", "list", "--json").out)["traces"][0]["kept"]
