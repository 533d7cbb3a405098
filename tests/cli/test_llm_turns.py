"""The LLM brain through real sockets, litellm in between; numbers as in the list of cases."""

from __future__ import annotations

import importlib
import json
import re
from dataclasses import replace
from typing import Any

import pytest

from recagent_catalogs.errors import ModelError, ToolError
from recagent_cli.agent import litellm_loading
from recagent_cli.agent.budget import Budget, Limits, weight
from recagent_cli.agent.events import ModelAnswered, TextDelta, ToolFinished
from recagent_cli.agent.litellm_adapter import LiteLLMClient
from recagent_cli.agent.llm import LLMBrain, Mode
from recagent_cli.agent.request import Intent, Request
from recagent_cli.agent.text_protocol import write_calls
from recagent_cli.agent.wire import Reply, WireCall
from recagent_cli.testing import Answer, FakeCall, FakeServer, Received
from recagent_tools.registry import load_toolbox
from recagent_tools.toolbox import Arguments, Tool, Toolbox, ToolContext, ToolResult

from .llm_bench import (
    HELLO,
    LITELLM_WARNS,
    NINETIES,
    PATIENCE,
    POPULAR,
    PRESENT,
    Bench,
    Clock,
    ask,
    bench,
    call,
    calls,
    client_of,
    litellm_ready,
    sent_text,
)

__all__ = ["bench", "litellm_ready"]
pytestmark = LITELLM_WARNS
END = Answer(calls=(PRESENT,))
NOTHING = Answer(text="There is nothing.")
RANKED = ["popular", "rank", "present"]
"""A list that is shown though nothing ranked the candidates is ranked first."""
EACH = pytest.mark.parametrize("dialect", ["openai", "anthropic", "gemini", "ollama"])


def names(bench: Bench) -> list[str]:
    return [tool for tool, _ in bench.tools_run()]


@EACH
def test_01_single_call_whole(bench: Bench, dialect: str) -> None:
    turn, server = ask(bench, calls(NINETIES), END, dialect=dialect, stream=False)
    assert bench.tools_run()[0] == ("filter", {"where": ["year 1990..1999"]})
    assert len(turn.items) == 2 and all(1990 <= (item.year or 0) <= 1999 for item in turn.items)
    assert len(server.requests) == 2


@EACH
def test_02_streamed_in_one_character_pieces(bench: Bench, dialect: str) -> None:
    turn, _ = ask(bench, calls(NINETIES, piece=1), calls(PRESENT, piece=1), dialect=dialect)
    assert names(bench) == ["filter", *RANKED] and turn.text == "Two for you."


@EACH
def test_03_two_parallel_streamed(bench: Bench, dialect: str) -> None:
    turn, server = ask(bench, calls(NINETIES, POPULAR, piece=3), END, dialect=dialect)
    assert names(bench) == ["filter", "popular", "present"]
    assert len(turn.items) == 2 and len(server.requests) == 2


def test_04_four_parallel(bench: Bench) -> None:
    start = call("candidates", {"op": "start"})
    ask(bench, calls(start, NINETIES, POPULAR, call("rank", {})), END)
    assert names(bench) == ["candidates", "filter", "popular", "rank", "present"]


def test_05_same_tool_twice(bench: Bench) -> None:
    drama = call("filter", {"where": ["genres has Drama"]})
    turn, server = ask(bench, calls(NINETIES, drama), END)
    assert names(bench) == ["filter", "filter", *RANKED]
    results = [m for m in server.requests[1].messages if m["role"] == "tool"]
    assert len({m["tool_call_id"] for m in results}) == 2
    assert turn.items and all("Drama" in item.columns["genres"] for item in turn.items)


def test_06_text_before_calls_goes_back_and_is_no_answer(bench: Bench) -> None:
    turn, server = ask(bench, calls(POPULAR, text="Let me look.", piece=2), END)
    assert server.requests[1].messages[2]["content"] == "Let me look."
    assert bench.text_shown() == turn.text == "Two for you."


def test_07_thinking_and_signature_go_back(bench: Bench) -> None:
    first = calls(POPULAR, thinking="I must count.", signature="c2ln", piece=4)
    _, server = ask(bench, first, END, dialect="anthropic")
    assistant = next(m for m in server.requests[1].messages if m["role"] == "assistant")
    block = next(b for b in assistant["content"] if b["type"] == "thinking")
    assert block == {"type": "thinking", "thinking": "I must count.", "signature": "c2ln"}


def test_08_thought_signature_goes_back(bench: Bench) -> None:
    signature = "U0lHTkFUVVJF" * 40
    _, server = ask(bench, calls(call("popular", {}, signature=signature)), END, dialect="gemini")
    assert signature in sent_text(server)


def test_09_reasoning_with_empty_content(bench: Bench) -> None:
    turn, _ = ask(bench, calls(POPULAR, thinking="Hm, popular ones.", piece=5), END)
    assert names(bench) == ["popular", "present"]
    assert "Hm" not in bench.text_shown() + turn.text


def test_10_whole_call_in_one_chunk(bench: Bench) -> None:
    ask(bench, calls(NINETIES, POPULAR, piece=0), END)
    assert names(bench) == ["filter", "popular", "present"]


@pytest.mark.parametrize("written", ["null", "", "{}", '""'])
def test_11_no_arguments(bench: Bench, written: str) -> None:
    ask(bench, calls(call("popular", written)), END)
    assert bench.tools_run()[0] == ("popular", {})


@pytest.mark.parametrize("ids", [("", ""), ("0", "0"), ("a" * 400, "b" * 400), ("x", "")])
def test_12_ids_empty_duplicate_long(bench: Bench, ids: tuple[str, str]) -> None:
    first = calls(call("popular", {}, id=ids[0]), call("filter", NINETIES.arguments, id=ids[1]))
    again = calls(call("rank", {}, id=ids[0]))
    _, server = ask(bench, first, again, END, stream=False)
    messages = server.requests[-1].messages
    made = [c["id"] for m in messages for c in m.get("tool_calls") or ()]
    answered = [m["tool_call_id"] for m in messages if m["role"] == "tool"]
    assert made == answered and len(set(made)) == 3 and all(made)
    assert ids[0] == "" or made[0] == ids[0]


def test_13_finish_stop_with_calls(bench: Bench) -> None:
    ask(bench, calls(POPULAR, finish="stop"), END)
    assert names(bench) == ["popular", "present"]


@pytest.mark.parametrize("dialect", ["openai", "gemini"])
def test_14_no_finish_at_the_end(bench: Bench, dialect: str) -> None:
    turn, _ = ask(
        bench, calls(POPULAR, finish=""), Answer(text="Hello.", finish=""), dialect=dialect
    )
    assert names(bench) == ["popular"] and turn.text == "Hello."
    assert not [n for n in turn.notices if n[0] == "cut"]


def test_15_first_chunk_without_choices(bench: Bench) -> None:
    ask(bench, calls(POPULAR, empty_choices=True), END)
    assert names(bench) == ["popular", "present"]


@pytest.mark.parametrize("usage", [(120, 30), None])
def test_16_17_last_chunk_without_choices_and_no_usage(bench: Bench, usage: Any) -> None:
    turn, _ = ask(bench, calls(POPULAR, usage=usage), calls(PRESENT, usage=usage))
    assert turn.usage is not None and turn.usage.calls == 2
    expected = (240, 60) if usage else (None, None)
    assert (turn.usage.prompt_tokens, turn.usage.completion_tokens) == expected


def test_18_no_done(bench: Bench) -> None:
    turn, _ = ask(bench, calls(POPULAR, done=False), calls(PRESENT, done=False))
    assert len(turn.items) == 2


@pytest.mark.parametrize("stream", [True, False])
def test_19_ollama_native(bench: Bench, stream: bool) -> None:
    """Object arguments and no ids; the context size is asked for."""
    _, server = ask(bench, calls(NINETIES, POPULAR), END, dialect="ollama", stream=stream)
    assert names(bench) == ["filter", "popular", "present"]
    assert server.requests[0].body["options"]["num_ctx"] > 4096


def test_20_call_in_the_content_switches_to_text(bench: Bench) -> None:
    written = '{"name": "filter", "parameters": {"where": ["year 1990..1999"]}}'
    with FakeServer(Answer(text=written, piece=3), Answer(text=fence(PRESENT))) as server:
        brain = LLMBrain(client_of(server, "ollama"))
        turn = bench.turn(brain)
    assert names(bench) == ["filter", *RANKED] and len(turn.items) == 2
    assert brain.mode == "text" and bench.text_shown() == turn.text
    assert "tools" in server.requests[0].body and "tools" not in server.requests[1].body


def fence(*made: FakeCall, key: str = "arguments") -> str:
    objects = [{"tool": c.name, key: c.value()} for c in made]
    return f"Here we go.\n```json\n{json.dumps(objects)}\n```"


def test_21_fenced_with_parameters(bench: Bench) -> None:
    turn, server = ask(
        bench,
        Answer(text=fence(NINETIES, key="parameters")),
        Answer(text=fence(PRESENT)),
        mode="text",
    )
    assert names(bench) == ["filter", *RANKED] and turn.text == "Two for you."
    roles = [m["role"] for m in server.requests[1].messages]
    assert roles == ["system", "user", "assistant", "user"]


def test_22_example_in_prose_does_not_run(bench: Bench) -> None:
    text = 'You could write `{"tool": "popular", "arguments": {}}` to see what is popular.'
    turn, _ = ask(bench, Answer(text=text, piece=7), mode="native")
    assert names(bench) == [] and bench.text_shown() == turn.text


def test_23_several_text_calls(bench: Bench) -> None:
    ask(bench, Answer(text=fence(NINETIES, POPULAR)), Answer(text=fence(PRESENT)), mode="text")
    assert names(bench) == ["filter", "popular", "present"]


def test_25_malformed_arguments_are_told_and_mended(bench: Bench) -> None:
    broken = calls(call("filter", '{"where": ["year 1990..1999" "x"}'))
    _, server = ask(bench, broken, calls(NINETIES), END)
    assert names(bench) == ["filter", *RANKED]
    told = next(m for m in server.requests[1].messages if m["role"] == "tool")
    assert "not valid JSON" in told["content"]


def test_26_double_encoded(bench: Bench) -> None:
    ask(bench, calls(call("filter", json.dumps(json.dumps(NINETIES.arguments)))), END)
    assert bench.tools_run()[0] == ("filter", {"where": ["year 1990..1999"]})


def test_27_wrong_types(bench: Bench) -> None:
    wrong = calls(call("filter", {"where": "year 1990..1999"}), call("rank", {"top": "3"}))
    end = calls(call("present", {"count": "2", "items": None, "text": ["Done."]}))
    turn, _ = ask(bench, wrong, end)
    assert bench.tools_run()[1] == ("rank", {"top": 3})
    assert len(turn.items) == 2 and turn.text == "Done."


def test_28_missing_and_extra_fields(bench: Bench) -> None:
    answers = calls(call("filter", {"conditions": ["year 1990..1999"]})), calls(call("filter", {}))
    _, server = ask(bench, *answers, calls(NINETIES), END)
    first, second = (
        [m["content"] for m in server.requests[n].messages if m["role"] == "tool"][-1]
        for n in (1, 2)
    )
    assert "no field 'conditions'" in first and "'where' is missing" in second
    assert "Example" in second and names(bench) == ["filter", *RANKED]


def test_29_unknown_near_prefixed_names(bench: Bench) -> None:
    prefixed = calls(call("functions.Popular", {}), call("filters", NINETIES.arguments))
    _, server = ask(bench, prefixed, calls(NINETIES), END)
    assert names(bench) == ["popular", "filter", "present"]
    results = [m["content"] for m in server.requests[1].messages if m["role"] == "tool"]
    assert len(results) == 2 and "Did you mean filter" in results[1]


def test_31_identical_calls_end_the_tools(bench: Bench) -> None:
    info = call("user_info", {})
    turn, server = ask(bench, *[calls(info)] * 3, Answer(text="Well then."))
    assert names(bench) == ["user_info"] and turn.text == "Well then."
    assert "you made this very call before" in sent_text(server, 2)
    assert "came again and again" in sent_text(server, 3)


def test_31_undo_twice_is_not_identical(bench: Bench) -> None:
    undo = call("candidates", {"op": "undo"})
    first = calls(NINETIES, call("filter", {"where": ["genres has Drama"]}))
    ask(bench, first, calls(undo), calls(undo), END)
    assert names(bench) == ["filter", "filter", "candidates", "candidates", *RANKED]


def test_32_a_b_a_b_loop(bench: Bench) -> None:
    one, two = call("user_info", {}), call("item_info", {"items": ["f01"]})
    again = [calls(one), calls(two)] * 3
    turn, server = ask(bench, *again)
    assert names(bench)[:2] == ["user_info", "item_info"]
    assert turn.brain == "builtin" and turn.items and turn.cut, "no list yet: ours is shown"
    assert turn.usage is not None and turn.usage.calls == len(server.requests)
    told = dict(turn.notices)["cut"]
    assert "the same calls came again and again; the built-in brain answers instead" in told
    turn, server = ask(bench, calls(NINETIES), *again)
    assert turn.brain == "openai/fake" and turn.cut
    assert turn.items and all(1990 <= (item.year or 0) <= 1999 for item in turn.items)
    assert "this is the list as far as it was made" in dict(turn.notices)["cut"]
    assert tools_of(server) == {"ask_person", "present"}, "the third one ended the tools"


def test_32_what_was_undone_runs_again_but_not_for_ever(bench: Bench) -> None:
    undo = call("candidates", {"op": "undo"})
    turn, server = ask(bench, *[calls(NINETIES), calls(undo)] * 3, END)
    assert names(bench) == ["filter", "candidates", "filter", "candidates", *RANKED]
    assert tools_of(server) == {"ask_person", "present"} and not turn.cut


def tools_of(server: FakeServer, number: int = -1) -> set[str]:
    return {t["function"]["name"] for t in server.requests[number].body["tools"]}


def test_33_never_stops_calling(bench: Bench) -> None:
    """The last step offers only what ends the turn; the turn ends with the best list."""
    steps = [calls(call("filter", {"where": [f"year >= {1980 + n}"]})) for n in range(12)]
    turn, server = ask(bench, *steps, max_steps=4)
    assert turn.items and "cut" in dict(turn.notices)
    offered = [t["function"]["name"] for t in server.requests[3].body["tools"]]
    assert offered == ["ask_person", "present"]


@pytest.mark.parametrize("mode", ["native", "text"])
@pytest.mark.parametrize(("limits", "steps"), [(None, 2), (Limits(model_calls=2), 8)])
def test_33_55_a_call_of_a_withheld_tool_is_refused(
    bench: Bench, mode: Mode, limits: Limits | None, steps: int
) -> None:
    """A model may call what its last prompt does not offer; the list that it made stays."""
    late = call("filter", {"where": ["year < 1900"]})
    said = [calls(NINETIES), calls(late), calls(late)]
    if mode == "text":
        said = [
            Answer(text=write_calls([WireCall(one.calls[0].name, one.calls[0].text())]))
            for one in said
        ]
    turn, server = ask(bench, *said, mode=mode, limits=limits, max_steps=steps)
    assert [made for made in bench.tools_run() if made[0] == "filter"] == [
        ("filter", {"where": ["year 1990..1999"]})
    ]
    assert turn.brain == "openai/fake" and turn.cut
    assert turn.items and all(1990 <= (item.year or 0) <= 1999 for item in turn.items)
    assert "Stop now" in sent_text(server)


def test_34_empty_answers(bench: Bench) -> None:
    turn, server = ask(bench, Answer(), Answer(), Answer(text="Hello there."))
    assert turn.text == "Hello there." and "it was empty" in sent_text(server)
    turn, server = ask(bench, *[Answer()] * 8)
    assert turn.brain == "builtin" and turn.items and turn.cut
    assert "its answers could not be used" in dict(turn.notices)["cut"]


def test_35_cut_in_text(bench: Bench) -> None:
    turn, _ = ask(bench, Answer(text="Here are some", finish="length", piece=3))
    assert (
        turn.text == "Here are some" and dict(turn.notices)["cut"] == "the model's answer broke off"
    )


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
def test_36_cut_inside_arguments_does_not_run(bench: Bench, dialect: str) -> None:
    events = 9 if dialect == "openai" else 12
    cut = calls(
        call("filter", {"where": ["year 1990..1999", "genres has Drama"]}),
        piece=2,
        end_after=events,
    )
    _, server = ask(bench, cut, calls(NINETIES), END, dialect=dialect)
    assert names(bench) == ["filter", *RANKED]
    assert bench.tools_run()[0][1] == NINETIES.arguments
    assert "broke off inside this call" in sent_text(server, 1)


def test_36_length_inside_arguments_does_not_run(bench: Bench) -> None:
    cut = calls(call("filter", '{"where": ["year 1990..1999"'), finish="length")
    ask(bench, cut, calls(POPULAR), END)
    assert names(bench) == ["popular", "present"]


def test_37_content_filter_and_refusal(bench: Bench) -> None:
    refusals = (
        [Answer(finish="content_filter")],
        [Answer(refusal="I can't help with that."), Answer(refusal="I can't help with that.")],
        [
            Answer(
                status=400,
                body={
                    "error": {
                        "message": "triggering content management policy",
                        "code": "content_filter",
                    }
                },
            )
        ],
    )
    for answers in refusals:
        with pytest.raises(ModelError) as caught:
            ask(bench, *answers)
        assert caught.value.reason == "refused" and caught.value.hint


def test_38_context_overflow_compacts_once(bench: Bench) -> None:
    long = {
        "error": {"message": "maximum context length is 8192", "code": "context_length_exceeded"}
    }
    over = Answer(status=400, body=long)
    turn, server = ask(bench, calls(NINETIES), over, END)
    assert len(turn.items) == 2 and len(server.requests) == 3 and not turn.cut
    assert "Tried so far" in sent_text(server) and "filter" in sent_text(server)
    turn, server = ask(bench, over, over)
    assert len(server.requests) == 2 and turn.brain == "builtin" and turn.items and turn.cut
    assert "too long for the model" in dict(turn.notices)["cut"]


def test_38_ollama_is_compacted_before_it_cuts_by_itself(bench: Bench) -> None:
    """Ollama drops the beginning of what is too long, the instructions, and says nothing."""
    item = call("item_info", {"items": [f"f{n:02}" for n in range(1, 11)]})
    again = call("look_up", {"sql": "SELECT * FROM items"})
    long = [calls(item), calls(NINETIES, again), END]
    for window, requests in ((4_500, 3), (16_384, 3), (2_000, 0)):
        fresh = Bench(bench.catalog, bench.engine)
        with FakeServer(*long) as server:
            client = client_of(server, "ollama")
            client._context_tokens = window
            turn = fresh.turn(LLMBrain(client))
        assert len(server.requests) == requests and turn.items
        compacted = "Tried so far" in (sent_text(server) if requests else "")
        assert compacted == (window == 4_500)
        assert turn.cut == (window == 2_000)
        assert all(weight(str(request.body)) / 4 < window for request in server.requests)


def test_40_400_on_the_schema_falls_to_text(bench: Bench) -> None:
    refused = Answer(
        status=400, body={"error": {"message": "Invalid schema for function 'filter'"}}
    )
    turn, server = ask(bench, refused, Answer(text=fence(PRESENT)))
    assert turn.text == "Two for you." and "tools" not in server.requests[1].body


def test_41_no_tools_falls_to_text_and_is_remembered(bench: Bench) -> None:
    refused = Answer(status=400, body={"error": "llama2 does not support tools"})
    known: dict[str, str] = {}
    with FakeServer(
        refused, Answer(text=fence(POPULAR)), Answer(text=fence(PRESENT)), Answer(text="Bye.")
    ) as server:
        brain = LLMBrain(client_of(server, "ollama"), known_modes=known)
        turn = bench.turn(brain)
        bench.turn(brain, "thanks")
    assert names(bench) == [] and len(turn.items) == 2
    assert list(known.values()) == ["text"] and next(iter(known)).startswith("ollama_chat/llama3.1")
    assert ["tools" in r.body for r in server.requests] == [True, False, False, False]


def test_49_tool_use_failed_in_both_forms(bench: Bench) -> None:
    error = {
        "message": "Tool call validation failed",
        "code": "tool_use_failed",
        "failed_generation": "{}",
    }
    body = Answer(status=400, body={"error": error})
    event = Answer(events=(f"data: {json.dumps({'error': error})}\n\n",))
    for answer in (body, event):
        turn, server = ask(bench, answer, END)
        assert turn.items and "check the tool call" in sent_text(server)


@pytest.mark.parametrize(
    ("limits", "says", "asked"),
    [
        (Limits(model_calls=2), "2 model calls are made", 2),
        (Limits(tokens=5_500), "5,500 tokens hold no further call after 2 calls (5,000)", 2),
        (Limits(tokens=900), "900 tokens do not hold one call", 0),
    ],
)
def test_55_budgets_end_with_the_best_list(
    bench: Bench, limits: Limits, says: str, asked: int
) -> None:
    drama = call("filter", {"where": ["genres has Drama"]})
    steps = [calls(made, usage=(2_400, 100)) for made in (NINETIES, drama, POPULAR)]
    turn, server = ask(bench, *steps, limits=limits)
    assert says in dict(turn.notices)["cut"] and turn.cut and turn.items
    assert len(server.requests) == asked
    assert turn.brain == ("openai/fake" if asked else "builtin")
    if asked:
        assert tools_of(server, 0) > {"filter", "present"}
        assert tools_of(server) == {"ask_person", "present"}, "the last one that it allows"
        assert "last answer that the budget allows" in sent_text(server)


def test_55_the_last_answer_may_present(bench: Bench) -> None:
    turn, server = ask(bench, calls(NINETIES), END, limits=Limits(model_calls=2))
    assert len(turn.items) == 2 and not turn.cut and len(server.requests) == 2


def test_55_time_is_up_while_the_model_is_waited_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()

    def hangs(request: Received) -> Answer:
        clock.now += 80
        return Answer(text="late", delay_s=30)

    with FakeServer(calls(NINETIES), *[hangs] * PATIENCE.tries) as server:
        client = client_of(server, clock=clock)
        whole = client.complete

        def hurried(*said: Any, **how: Any) -> Reply:
            reply = whole(*said, **how)
            client.patience = replace(PATIENCE, first_s=0.2)
            return reply

        monkeypatch.setattr(client, "complete", hurried)
        turn = bench.turn(LLMBrain(client, limits=Limits(seconds=60), clock=clock))
    assert "60 seconds are spent after 1 call" in dict(turn.notices)["cut"]
    assert turn.items and turn.brain == "openai/fake"


def test_55_dollars_and_seconds(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    with FakeServer(calls(NINETIES), calls(call("rank"))) as server:
        client = client_of(server, clock=clock)
        whole = client.complete

        def slow(*said: Any, **how: Any) -> Reply:
            reply = whole(*said, **how)
            clock.now += 40  # here, not in the server's thread, which nobody waits for
            return reply

        monkeypatch.setattr(client, "complete", slow)
        turn = bench.turn(LLMBrain(client, limits=Limits(seconds=60), clock=clock))
    assert "60 seconds are spent after 2 calls" in dict(turn.notices)["cut"] and turn.items
    assert tools_of(server) == {"ask_person", "present"}, "twenty seconds are no two answers"
    budget = Budget(Limits(cost_usd=0.1), "m", Clock())
    budget.spend(Reply(prompt_tokens=900, completion_tokens=100, cost_usd=0.06), 3_600)
    assert budget.spent() == "" and budget.calls_left(3_600) == 0
    assert budget.spent(3_600) == "$0.1 are spent after 1 call ($0.06)"


@pytest.mark.parametrize("named", [True, False])
def test_55_loading_litellm_is_not_the_models_time(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    """With the server's address as without, where the window is looked up first."""
    clock, really = Clock(), importlib.import_module

    def slow(name: str) -> Any:
        clock.now += 5
        return really(name)

    monkeypatch.setattr(litellm_loading, "_loaded", None)
    monkeypatch.setattr(importlib, "import_module", slow)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with FakeServer(calls(NINETIES), END) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        brain = LLMBrain(
            LiteLLMClient(
                "openai/gpt-4o-mini",
                api_base=server.url if named else None,
                patience=replace(PATIENCE, total_s=4.0),
                clock=clock,
                sleep=clock.sleep,
            ),
            limits=Limits(seconds=4.0),
            clock=clock,
        )
        turn = bench.turn(brain)
        assert turn.items and not turn.cut and clock.now == 5 and len(server.requests) == 2


@pytest.mark.parametrize("named", [True, False])
def test_55_no_answer_in_the_time_of_the_turn_is_told_as_that(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with FakeServer(Answer(text="late", delay_s=30)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        client = LiteLLMClient(
            "openai/gpt-4o-mini",
            api_base=server.url if named else None,
            patience=replace(PATIENCE, total_s=0.3),
        )
        with pytest.raises(
            ModelError, match="no answer in time.* .time was up after 0.3 s"
        ) as said:
            bench.turn(LLMBrain(client, limits=Limits(seconds=0.3)))
    assert said.value.reason == "timeout", "it failed: no budget is told, no other brain answers"


def test_55_a_model_that_is_asked_too_late_gave_no_answer(bench: Bench) -> None:
    """The time of the turn is over before the first request is out: told as no answer, too."""
    clock = Clock()

    class Slow(LiteLLMClient):
        @property
        def window(self) -> int | None:
            clock.now += 5
            return None

    with FakeServer(END) as server:
        brain = LLMBrain(Slow("m", api_base=server.url), limits=Limits(seconds=4.0), clock=clock)
        with pytest.raises(ModelError, match="no answer in time .time was up after 4 s") as caught:
            bench.turn(brain)
    assert caught.value.reason == "timeout" and not server.requests


def test_55_a_list_that_breaks_what_was_asked_for_is_made_anew(bench: Bench) -> None:
    """What code closes must be what was asked for: not so where the model forgot a condition."""
    request = Request(Intent.RECOMMEND, conditions=("year < 1990", "genres lacks Horror"))
    drama = call("filter", {"where": ["genres has Drama"]})
    asked = call("filter", {"where": list(request.conditions)})
    for made in (NINETIES, drama, asked):
        with FakeServer(calls(made), calls(POPULAR)) as server:
            brain = LLMBrain(client_of(server), limits=Limits(model_calls=2))
            turn = bench.turn(brain, request=request)
        assert turn.items and turn.cut and all((item.year or 9999) < 1990 for item in turn.items)
        assert all("Horror" not in item.columns["genres"] for item in turn.items)
        assert turn.brain == ("openai/fake" if made is asked else "builtin")
        bench = Bench(bench.catalog, bench.engine)


def test_56_dollars_that_cannot_be_counted_are_said_once(bench: Bench) -> None:
    limits = Limits(tokens=None, cost_usd=0.5)
    with FakeServer(calls(POPULAR), END, Answer(text="Bye.")) as server:
        brain = LLMBrain(client_of(server), limits=limits)
        turn, again = bench.turn(brain), bench.turn(brain, "thanks")
    told = [text for kind, text in turn.notices if kind == "model"]
    assert len(told) == 1 and "is unknown" in told[0] and "60,000 tokens are the limit" in told[0]
    assert turn.items and not [kind for kind, _ in again.notices if kind == "model"]


@EACH
def test_56_cached_tokens_are_told(dialect: str) -> None:
    """Each provider has words of its own for them; Ollama has none."""
    for stream in (True, False):
        with FakeServer(Answer(text="ok", usage=(2_000, 20), cached=1_500)) as server:
            reply = client_of(server, dialect, stream=stream).complete(HELLO)
        assert (reply.prompt_tokens, reply.completion_tokens) == (2_000, 20)
        assert reply.cached_tokens == (None if dialect == "ollama" else 1_500)


@pytest.mark.parametrize("model", ["openai/gpt-4o-mini", "anthropic/claude-sonnet-4-5"])
def test_56_cached_tokens_cost_less(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    costs = []
    for cached in (0, 1_500):
        with FakeServer(Answer(text="ok", usage=(2_000, 20), cached=cached)) as server:
            name = model.partition("/")[0].upper()
            monkeypatch.setenv(f"{name}_API_BASE", server.url)
            monkeypatch.setenv(f"{name}_API_KEY", "sk-of-nobody")
            costs.append(LiteLLMClient(model).complete(HELLO).cost_usd)
    assert costs[0] and costs[1] and 0 < costs[1] < 0.9 * costs[0]


def test_the_prefix_is_marked_for_a_cache_that_wants_marks(bench: Bench) -> None:
    _, server = ask(bench, calls(POPULAR), END, dialect="anthropic")
    systems = [request.body["system"] for request in server.requests]
    assert systems[0] == systems[1] and len(systems) == 2
    assert systems[0][0]["cache_control"] == {"type": "ephemeral"}
    _, server = ask(bench, END)
    assert isinstance(server.requests[0].body["messages"][0]["content"], str)
    assert "cache_control" not in sent_text(server)


def test_56_what_was_asked_again_is_counted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty stream, then an error without a count: the event, the turn and its budget."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    empty = Answer(usage=(1_000, 50))
    failed = Answer.error("server")
    with FakeServer(empty, failed, calls(NINETIES, usage=(1_000, 20)), END) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        client = LiteLLMClient("openai/gpt-4o-mini", patience=PATIENCE)
        brain = LLMBrain(client, limits=Limits(tokens=20_000))
        turn = bench.turn(brain)
    assert len(server.requests) == 4 and turn.usage is not None and not turn.cut
    first, _ = (event for event in bench.events if isinstance(event, ModelAnswered))
    assert (first.prompt_tokens, first.completion_tokens) == (2_000, 70)
    assert (turn.usage.calls, turn.usage.prompt_tokens) == (2, 2_100)
    assert first.cost_usd == pytest.approx((2_000 * 0.15 + 70 * 0.6) / 1e6)
    budget = Budget(Limits(tokens=9_000), "m", Clock())
    budget.spend(Reply(prompt_tokens=4_000, completion_tokens=0, answers=2), 8_000)
    assert budget.calls_left(8_000) == 2, "a prompt of two thousand, sent twice"


def test_56_a_stream_that_broke_is_counted_as_far_as_it_was() -> None:
    """Anthropic counts the prompt in the first part."""
    broken = Answer(text="", thinking="hm", usage=(700, 9), cut_after=3)
    with FakeServer(broken, Answer(text="ok", usage=(700, 5)), provider="anthropic") as server:
        reply = client_of(server, "anthropic").complete(HELLO)
    assert (reply.text, reply.prompt_tokens, reply.answers) == ("ok", 1_400, 2)


def test_34_an_answer_cut_before_its_first_word_is_not_asked_again_whole(bench: Bench) -> None:
    """All was spent on thinking; the model is told that it was empty, within the turn's budget."""
    thought = Answer(thinking="hmm " * 50, finish="length", usage=(1_000, 8_000))
    with FakeServer(*[thought] * 8, provider="deepseek") as server:
        turn = bench.turn(LLMBrain(client_of(server), limits=Limits(tokens=20_000)))
    assert turn.usage is not None and turn.cut
    assert (len(server.requests), turn.usage.calls, turn.usage.completion_tokens) == (2, 2, 16_000)


def test_56_unknown_price_is_none(bench: Bench) -> None:
    turn, _ = ask(bench, END)
    assert turn.usage is not None and turn.usage.cost_usd is None
    assert turn.usage.prompt_tokens == 100


def test_57_model_switch_in_mid_session(bench: Bench) -> None:
    ask(bench, calls(NINETIES), END, dialect="openai")
    _, server = ask(
        bench,
        calls(call("candidates", {"op": "drop_shown"}), PRESENT),
        dialect="anthropic",
        utterance="more",
    )
    assert len(bench.session.turns) == 2
    assert "past_0" in sent_text(server) and "Two for you." in sent_text(server)
    first, second = (set(turn.shown) for turn in bench.session.turns)
    assert first and second and not first & second


def test_66_two_answers_at_once(bench: Bench) -> None:
    import threading

    replies: dict[str, str] = {}

    def work(name: str, server: FakeServer) -> None:
        replies[name] = client_of(server).complete(HELLO).text

    with (
        FakeServer(Answer(text="a" * 50, piece=1)) as one,
        FakeServer(Answer(text="b" * 50, piece=1)) as two,
    ):
        threads = [threading.Thread(target=work, args=pair) for pair in (("a", one), ("b", two))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert replies == {"a": "a" * 50, "b": "b" * 50}


def test_prefix_is_the_same_bytes_over_a_session(bench: Bench) -> None:
    with FakeServer(calls(NINETIES), END, Answer(text="Well."), Answer(text="Bye.")) as server:
        brain = LLMBrain(client_of(server))
        bench.turn(brain, "from the nineties")
        bench.turn(brain, "I see")
        bench.turn(brain, "thanks")
    bodies = [request.body for request in server.requests]
    prefixes = [json.dumps([b["messages"][0], b["tools"]]) for b in bodies]
    assert len(prefixes) >= 3 and len(set(prefixes)) == 1
    assert bodies[1]["messages"][:2] == bodies[0]["messages"]


def test_text_deltas_are_the_closing_text(bench: Bench) -> None:
    text = "You are welcome. I am glad to help. What would you like next?"
    turn, _ = ask(bench, Answer(text=text, piece=3))
    pieces = [e.text for e in bench.events if isinstance(e, TextDelta)]
    assert len(pieces) == 2 and "".join(pieces) == turn.text == text


def test_nothing_unchecked_is_told_while_it_comes(bench: Bench) -> None:
    text = "You are welcome. I love The Invented Title (1999). I am glad to help. What is next?"
    turn, _ = ask(bench, Answer(text=text, piece=4))
    pieces = [e.text for e in bench.events if isinstance(e, TextDelta)]
    assert "".join(pieces) == turn.text == "You are welcome. I am glad to help. What is next?"
    assert len(pieces) > 1 and any("Invented" in told for _, told in turn.notices)


class Numbered(Arguments):
    n: int = 0


def faulty(bench: Bench) -> Toolbox:
    """The tools, and four that go wrong: one raises, one is late, one tells a book, one nothing."""

    def raises(context: ToolContext, arguments: Arguments) -> ToolResult:
        raise ValueError("index\x1b[31m out of range")

    def late(context: ToolContext, arguments: Arguments) -> ToolResult:
        raise ToolError("stopped after 2 s", hint="ask for less")

    def huge(context: ToolContext, arguments: Arguments) -> ToolResult:
        return ToolResult("\n".join(json.dumps({"id": n, "text": "x" * 90}) for n in range(900)))

    def nothing(context: ToolContext, arguments: Arguments) -> ToolResult:
        return ToolResult("")

    made = [*load_toolbox(plugins=False)]
    for run in (raises, late, huge, nothing):
        made.append(Tool(run.__name__, "information", "For a test.", Numbered, run))
    return Toolbox(made)


def test_30_a_tool_raises_is_late_is_huge_finds_nothing(bench: Bench) -> None:
    bench.toolbox = faulty(bench)
    wrong = calls(*[call(name, {}) for name in ("raises", "late", "huge", "nothing")])
    none = calls(call("filter", {"where": ["year > 2090"]}))
    turn, server = ask(bench, wrong, none, calls(call("candidates", {"op": "undo"})), END)
    first, late, huge, nothing = (
        json.loads(m["content"]) for m in server.requests[1].messages if m["role"] == "tool"
    )
    assert first == {"error": "error: raises failed: ValueError: index out of range"}
    assert late == {"error": "error: stopped after 2 s (ask for less)"}
    assert len(str(huge)) < 4_000 and "cut" in str(huge) and nothing == {"result": ""}
    assert "nothing is left" in sent_text(server, 2) and "alone leaves 0" in sent_text(server, 2)
    assert len(turn.items) == 2 and not turn.cut


def test_30_a_tool_that_fails_again_and_again_is_closed(bench: Bench) -> None:
    bench.toolbox = faulty(bench)

    def wrong(name: str, column: str) -> list[Answer]:
        where = [f"{column} > {year}" for year in range(5)]
        return [
            calls(call(name, {"n": n}), call("filter", {"where": [condition]}))
            for n, condition in enumerate(where)
        ]

    again = wrong("raises", "year")
    turn, server = ask(bench, *again, END)
    assert names(bench).count("raises") == 3 and names(bench).count("filter") == 5
    assert "raises failed 3 times; do without it" in sent_text(server)
    assert len(turn.items) == 2 and not turn.cut
    turn, server = ask(bench, *wrong("late", "yeer"))
    assert turn.cut and turn.brain == "builtin" and turn.items
    assert "too many calls failed" in sent_text(server)
    assert tools_of(server) == {"ask_person", "present"}


def test_25_28_a_call_is_repaired_twice_at_most(bench: Bench) -> None:
    wrong = call("rank", {"top": "many"})
    steps = [calls(wrong, call("filter", {"where": [f"year > {y}"]})) for y in range(4)]
    _, server = ask(bench, *steps, END)
    told = [
        next(m["content"] for m in request.messages if "top" in str(m) and m["role"] == "tool")
        for request in server.requests[1:2]
    ]
    assert "'top' must be a whole number" in told[0]
    assert "rank failed 3 times; do without it" in sent_text(server)
    assert sent_text(server).count("must be a whole number") == 3 and names(bench)[4:] == RANKED


def test_dead_ends_are_told_with_the_ways_out_once(bench: Bench) -> None:
    """After RecMind: what was tried is seen; the bus says what each condition leaves."""
    first = call("filter", {"where": ["year < 1960", "genres has Horror"]})
    second = call("filter", {"where": ["year < 1960", "genres has Western", "runtime < 60"]})
    start = call("candidates", {"op": "start"})
    third = call("filter", {"where": ["year > 2050"]})
    turn, server = ask(
        bench, calls(first), calls(start, second), calls(start, third), calls(start, POPULAR), END
    )
    texts = [sent_text(server, number) for number in range(5)]
    assert "second time" not in texts[1] and "second time" in texts[2]
    report = next(m["content"] for m in server.requests[2].messages if "second time" in str(m))
    assert "smallest changes" in report and "genres has Western: alone leaves" in report
    assert "16 → 0" in report and len(report) < 2_000
    assert all(text.count("second time") == 1 for text in texts[2:]), "once in a turn"
    assert len(turn.items) == 2
    bodies = [request.messages for request in server.requests]
    assert bodies[3][: len(bodies[2])] == bodies[2], "what was said stays, byte for byte"


def test_nothing_of_nothing_is_a_dead_end_whose_ways_out_are_true(bench: Bench) -> None:
    """Counted from where the conditions stand; not of no candidates, of which all leave none."""
    old, drama = ({"where": [text]} for text in ("year < 1900", "genres has Drama"))
    _, server = ask(bench, calls(call("filter", old)), calls(call("filter", drama)), NOTHING)
    result = server.requests[2].messages[-1]["content"]
    assert "second time" in result and "genres has Drama: alone leaves 5" in result
    assert "smallest changes: without year < 1900: 5" in result
    assert "Drama: alone leaves 0" not in result


def test_ways_out_count_only_what_still_stands(bench: Bench) -> None:
    """What a search kept depends on the conditions before it; what was dropped stays out."""
    first = call("filter", {"where": ["year > 1980"]})
    found = call("search", {"text": "harbour"})
    dramas = call("filter", {"where": ["genres has Drama", "genres has Western"]})
    again = call("filter", {"where": ["genres has Comedy"]})
    _, server = ask(bench, calls(first, found), calls(dramas), calls(again), NOTHING)
    counts = [e.after for e in bench.events if isinstance(e, ToolFinished) and e.tool == "search"]
    note = json.loads(server.requests[3].messages[-1]["content"])["note"]
    assert "year > 1980: alone" not in note and "genres has Comedy: alone" in note
    left = [int(n.replace(",", "")) for n in re.findall(r"(?:alone leaves|it) ([\d,]+)", note)]
    assert left and max(left) <= counts[0] < 16


def test_searches_without_a_hit_are_dead_ends(bench: Bench) -> None:
    recent = call("filter", {"where": ["year > 2000"]})
    steps = [calls(call("search", {"text": text})) for text in ("harbour", "orbit")]
    _, server = ask(bench, calls(recent), *steps, NOTHING)
    note = json.loads(server.requests[3].messages[-1]["content"])["note"]
    assert '"orbit" finds 2 in the whole catalog, none of it among these candidates' in note
    assert "smallest changes: year > 1990 instead of year > 2000: 2" in note
    steps = [calls(call("search", {"text": text})) for text in ("zzzq", "qzzz")]
    _, server = ask(bench, calls(call("candidates", {"op": "start"})), *steps, NOTHING)
    note = json.loads(server.requests[3].messages[-1]["content"])["note"]
    assert '"qzzz" finds nothing in the whole catalog.' in note and "ways" not in note


def test_what_was_tried_is_told_where_the_model_is_asked_again(bench: Bench) -> None:
    undo = call("candidates", {"op": "undo"})
    _, server = ask(bench, calls(NINETIES), calls(undo), calls(NINETIES), Answer(), Answer(), END)
    told = json.loads(server.requests[-1].messages[-1]["content"])["note"]
    assert '- filter {"where": ["year 1990..1999"]}: 16 -> 4 (2 times)' in told
    assert '- candidates {"op": "undo"}: 4 -> 16' in told and "it was empty" in told
    assert "Tried so far" not in sent_text(server, 3), "while all goes well it costs nothing"
