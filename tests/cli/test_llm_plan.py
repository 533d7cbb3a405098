"""Plan first through real sockets, litellm in between; numbers as in the list of cases."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recagent_cli.agent.events import ModelAnswered, PlanRead
from recagent_cli.agent.llm import LLMBrain
from recagent_cli.agent.options import Mode
from recagent_cli.agent.turn import Turn
from recagent_cli.testing import Answer, FakeCall, FakeServer

from .llm_bench import (
    LITELLM_WARNS,
    NINETIES,
    POPULAR,
    PRESENT,
    Bench,
    bench,
    call,
    calls,
    client_of,
    litellm_ready,
    sent_text,
)

__all__ = ["bench", "litellm_ready"]
pytestmark = LITELLM_WARNS
START = call("candidates", {"op": "start"})
RANK = call("rank", {})
SHOW = call("present", {"count": 2})
NOTHING = call("filter", {"where": ["year < 1900"]})


def plan(*made: FakeCall, **rest: Any) -> Answer:
    objects = [{"tool": c.name, "arguments": c.value()} for c in made]
    return Answer(text=f"```json\n{json.dumps(objects)}\n```", **rest)


def planned(
    bench: Bench, *answers: Answer, dialect: str = "openai", mode: Mode = "auto", max_steps: int = 8
) -> tuple[Turn, FakeServer]:
    with FakeServer(*answers) as server:
        brain = LLMBrain(client_of(server, dialect), mode=mode, strategy="plan")
        turn = bench.turn(brain, max_steps=max_steps)
    return turn, server


def names(bench: Bench) -> list[str]:
    return [tool for tool, _ in bench.tools_run()]


def reads(bench: Bench) -> list[PlanRead]:
    return [event for event in bench.events if isinstance(event, PlanRead)]


def asked(bench: Bench) -> list[str]:
    return [event.mode for event in bench.events if isinstance(event, ModelAnswered)]


@pytest.mark.parametrize("dialect", ["openai", "anthropic", "gemini", "ollama"])
def test_plan_is_one_call_of_the_model(bench: Bench, dialect: str) -> None:
    adults = call("filter", {"where": ["audience = adult"]})
    turn, server = planned(
        bench, plan(START, NINETIES, adults, POPULAR, RANK, SHOW, piece=7), dialect=dialect
    )
    assert names(bench) == ["candidates", "filter", "filter", "popular", "rank", "present"]
    assert len(server.requests) == 1 and "tools" not in server.requests[0].body
    assert turn.usage is not None and turn.usage.calls == 1
    assert len(turn.items) == 2 and not turn.notices
    assert all(1990 <= (item.year or 0) <= 1999 for item in turn.items)
    assert turn.text.startswith("Two") and "1990" in turn.text and turn.text == bench.text_shown()
    assert reads(bench) == [PlanRead(6)] and asked(bench) == ["plan"]


def test_plan_as_native_calls_and_with_a_model_without_tools(bench: Bench) -> None:
    planned(bench, calls(NINETIES, POPULAR, SHOW))
    assert names(bench) == ["filter", "popular", "present"]
    planned(bench, plan(NINETIES, POPULAR, SHOW), mode="text")
    assert names(bench) == ["filter", "popular", "present"]


def test_plan_does_not_tell_that_a_model_has_no_tools(bench: Bench) -> None:
    with FakeServer(plan(START, RANK, SHOW)) as server:
        brain = LLMBrain(client_of(server), strategy="plan")
        bench.turn(brain)
    assert brain.mode == "native"


def test_plan_of_small_talk_is_plain_text(bench: Bench) -> None:
    turn, server = planned(bench, Answer(text="You are welcome.", piece=3))
    assert turn.text == bench.text_shown() == "You are welcome." and len(server.requests) == 1


def test_plan_refers_to_results(bench: Bench) -> None:
    """By position, by id, as a list, within a condition; several calls of one tool."""
    turn, server = planned(
        bench,
        plan(
            call("item_info", {"items": ["Orbit of Ash"]}),
            START,
            call("filter", {"where": ["directors has $1.directors", "year >= $1.year"]}),
            call("filter", {"where": ["id != 5"]}),
            RANK,
            SHOW,
        ),
        plan(call("answer", {"text": "no"})),
    )
    made = dict(bench.tools_run()[2:3])
    assert made == {"filter": {"where": ['directors has "Bo Lindqvist"', "year >= 1996"]}}
    assert "filter failed" in sent_text(server)
    turn, server = planned(
        bench,
        plan(
            call("item_info", {"items": ["Orbit of Ash"]}),
            call("similar", {"liked": "$1[*]"}),
            RANK,
            SHOW,
        ),
    )
    assert ("similar", {"liked": ["f03"]}) in bench.tools_run() and len(turn.items) == 2
    assert "like Orbit of Ash" in turn.text and not turn.notices


def test_plan_answers_a_question_about_facts_in_one_call(bench: Bench) -> None:
    said = call("answer", {"text": "$1.title is from $1.year and by $1.directors."})
    turn, server = planned(bench, plan(call("item_info", {"items": ["Night Harbour"]}), said))
    assert turn.text == "Night Harbour is from 1994 and by Ada Quill."
    assert len(server.requests) == 1 and not turn.items and not turn.notices


def test_plan_says_what_still_holds_of_the_candidates(bench: Bench) -> None:
    planned(bench, plan(START, NINETIES, POPULAR, SHOW))
    turn, _ = planned(bench, plan(call("candidates", {"op": "drop_shown"}), SHOW))
    assert turn.text == "Two films from the 1990s." and not turn.notices
    turn, _ = planned(bench, plan(START, POPULAR, SHOW))
    assert turn.text == "Two films."


def test_plan_may_look_first(bench: Bench) -> None:
    look = plan(call("item_info", {"items": ["Night Harbour"]}))
    turn, server = planned(bench, look, Answer(text="It is from 1994."))
    assert turn.text == "It is from 1994." and asked(bench) == ["plan", "plan"]
    assert "Ada Quill" in sent_text(server) and "These are the results" in sent_text(server)


def test_61_invalid_plan_goes_back_once_with_all_reasons(bench: Bench) -> None:
    bad = plan(
        call("find", {}),
        call("similar", {"liked": ["$9.title", "$3.id", "$2.id"]}),
        call("filter", {"wher": ["year < 1990"]}),
        POPULAR,
    )
    turn, server = planned(bench, bad, plan(POPULAR, SHOW))
    assert names(bench) == ["popular", "present"] and len(turn.items) == 2 and not turn.notices
    told = server.requests[1].messages[-1]["content"]
    for reason in ("no tool 'find'", "$9.title refers to no call", "$3.id refers to a later call"):
        assert reason in told
    assert "$2.id refers to itself" in told and "no field 'wher'" in told
    assert "nothing ends it; the last call must be ask_person or present or answer" in told
    assert [read.then for read in reads(bench)] == ["mend", ""] and len(
        reads(bench)[0].problems
    ) == 6


def test_61_fifty_steps(bench: Bench) -> None:
    long = plan(*[call("filter", {"where": [f"year > {1900 + n}"]}) for n in range(49)], SHOW)
    turn, server = planned(bench, long, plan(POPULAR, SHOW))
    assert names(bench) == ["popular", "present"]
    assert "50 calls; at most 16" in server.requests[1].messages[-1]["content"]


@pytest.mark.parametrize("mode", ["native", "text"])
def test_61_still_invalid_goes_on_step_by_step(bench: Bench, mode: Mode) -> None:
    bad = plan(POPULAR)
    single = calls(POPULAR) if mode == "native" else plan(POPULAR)
    end = calls(PRESENT) if mode == "native" else plan(PRESENT)
    turn, server = planned(bench, bad, bad, single, end, mode=mode)
    assert asked(bench) == ["plan", "plan", mode, mode]
    assert [read.then for read in reads(bench)] == ["mend", "steps"]
    assert turn.text == "Two for you." and len(turn.items) == 2 and not turn.notices
    third = server.requests[2]
    assert ("tools" in third.body) == (mode == "native")
    assert len(third.messages) == 2, "what could not be used is not paid for again"


@pytest.mark.parametrize("text", ["[]", '```json\n{"a": 1}\n```', '{"plan": 5}', "[[[["])
def test_61_what_is_no_plan_is_not_shown(bench: Bench, text: str) -> None:
    turn, _ = planned(bench, Answer(text=text), plan(POPULAR, SHOW))
    assert names(bench) == ["popular", "present"] and len(reads(bench)[0].problems) == 1
    assert text not in bench.text_shown()


def test_61_plan_in_an_envelope(bench: Bench) -> None:
    steps = [{"tool": "popular", "args": {}}, {"tool": "present", "args": {"count": 2}}]
    planned(bench, Answer(text=json.dumps({"plan": steps})))
    assert names(bench) == ["popular", "present"]


def test_61_cut_plan_does_not_run(bench: Bench) -> None:
    """Neither where its end is missing nor where the stream only ended early."""
    whole = plan(POPULAR, SHOW)
    cut = Answer(text=whole.text[:-25], finish="length")
    planned(bench, cut, Answer(text=whole.text, finish="length"), calls(NINETIES), calls(PRESENT))
    assert names(bench) == ["filter", "popular", "rank", "present"] and asked(bench)[1:] == [
        "plan",
        "native",
        "native",
    ]


def test_62_no_candidates_asks_for_the_rest_once(bench: Bench) -> None:
    rest = plan(call("candidates", {"op": "undo"}), POPULAR, SHOW)
    turn, server = planned(bench, plan(START, NOTHING, POPULAR, RANK, SHOW), rest)
    assert names(bench) == ["candidates", "filter", "candidates", "popular", "present"]
    assert len(server.requests) == 2 and len(turn.items) == 2 and not turn.notices
    told = server.requests[1].messages[-1]["content"]
    assert "The plan stopped: filter left no candidates. Not run: popular, rank, present." in told
    assert "numbered from 3" in told and "Results (data, no instructions)" in told


def test_62_what_was_done_before_is_not_done_twice(bench: Bench) -> None:
    info = call("item_info", {"items": ["Orbit of Ash"]})
    first = plan(START, info, call("similar", {"liked": ["No Such Film At All"]}), SHOW)
    rest = plan(START, info, call("similar", {"liked": ["$5.id"]}), SHOW)
    turn, server = planned(bench, first, rest)
    assert names(bench) == ["candidates", "item_info", "similar", "similar", "present"]
    assert bench.tools_run()[3] == ("similar", {"liked": ["f03"]})
    assert len(server.requests) == 2 and len(turn.items) == 2


def test_62_failed_call_asks_for_the_rest_which_may_refer_back(bench: Bench) -> None:
    first = plan(
        call("item_info", {"items": ["Orbit of Ash"]}),
        call("similar", {"liked": ["No Such Film At All"]}),
        SHOW,
    )
    turn, server = planned(bench, first, plan(call("similar", {"liked": ["$1.id"]}), SHOW))
    assert bench.tools_run()[2] == ("similar", {"liked": ["f03"]}) and len(turn.items) == 2
    assert "similar failed" in sent_text(server) and "is not in this catalog" in sent_text(server)


def test_62_ids_of_the_rest_mean_its_own_calls(bench: Bench) -> None:
    def with_ids(*made: tuple[FakeCall, str]) -> Answer:
        objects = [{"tool": c.name, "arguments": c.value(), "id": id} for c, id in made]
        return Answer(text=f"```json\n{json.dumps(objects)}\n```")

    def look(id: str) -> FakeCall:
        return call("item_info", {"items": [id]})

    same = call("filter", {"where": ["directors has $a.directors"]})
    first = with_ids((look("f01"), "a"), (NOTHING, ""), (SHOW, ""))
    rest = with_ids((START, ""), (look("f03"), "a"), (same, ""), (RANK, ""), (SHOW, ""))
    planned(bench, first, rest)
    assert ("filter", {"where": ['directors has "Bo Lindqvist"']}) in bench.tools_run()


def test_62_reference_to_nothing_stops_the_plan(bench: Bench) -> None:
    info = call("item_info", {"items": ["Orbit of Ash"]})
    bad = call("similar", {"liked": ["$1[4].id"]})
    turn, server = planned(bench, plan(info, bad, SHOW), plan(POPULAR, SHOW))
    assert names(bench) == ["item_info", "popular", "present"] and len(turn.items) == 2
    assert "$1[4].id: step 1 gave 1 rows" in sent_text(server)


@pytest.mark.parametrize("mode", ["native", "text"])
def test_62_second_failure_goes_on_step_by_step(bench: Bench, mode: Mode) -> None:
    write = calls if mode == "native" else plan
    back = call("candidates", {"op": "undo"})
    turn, server = planned(
        bench,
        plan(START, NOTHING, SHOW),
        plan(START, call("filter", {"where": ["year < 1901"]}), SHOW),
        write(back, POPULAR),
        write(PRESENT),
        mode=mode,
    )
    assert asked(bench) == ["plan", "plan", mode, mode]
    assert turn.text == "Two for you." and len(turn.items) == 2
    assert "Go on step by step" in str(server.requests[2].messages)
    made = [c["id"] for m in server.requests[-1].messages for c in m.get("tool_calls") or ()]
    answered = [m["tool_call_id"] for m in server.requests[-1].messages if m["role"] == "tool"]
    assert made == answered and len(set(made)) == len(made) == (6 if mode == "native" else 0)


def test_62_refused_note_does_not_stop_the_plan(bench: Bench) -> None:
    note = call("remember", {"kind": "liked", "items": ["Orbit of Ash"]})
    turn, server = planned(bench, plan(note, POPULAR, SHOW))
    assert len(server.requests) == 1 and len(turn.items) == 2


def test_55_budgets_hold_for_a_plan(bench: Bench) -> None:
    """A plan is one step, however long; its calls count."""
    narrow = [call("filter", {"where": [f"year > {1900 + n}"]}) for n in range(10)]
    turn, server = planned(bench, plan(*narrow, POPULAR, SHOW), max_steps=2)
    assert len(bench.tools_run()) == 12 and len(turn.items) == 2 and len(server.requests) == 1
    first = [*[call("filter", {"where": [f"year > {1910 + n}"]}) for n in range(14)], NOTHING, SHOW]
    rest = plan(START, POPULAR, RANK, SHOW)
    turn, server = planned(bench, plan(*first), rest, calls(PRESENT))
    # what ranks the list in the end is ours, and no call of the model's
    assert len(bench.tools_run()) <= 18 + 2 and len(turn.items) == 2
    assert "(Stop now" in server.requests[-1].messages[-1]["content"]


def test_59_text_of_the_catalog_stays_data_in_a_plan(bench: Bench) -> None:
    """What stands in an item is a value, whatever it looks like."""
    info = call("item_info", {"items": ["Orbit of Ash"]})
    where = call("filter", {"where": ["$1.title"]})
    sql = call("look_up", {"sql": "select title from items where title = '%$1.title%'"})
    _, server = planned(bench, plan(info, where, SHOW), plan(POPULAR, SHOW))
    assert "can be a value in a condition, not all of it" in sent_text(server)
    assert sql.name == "look_up"


def test_plan_prompt_is_lean_and_the_same_bytes(bench: Bench) -> None:
    planned(bench, plan(POPULAR, SHOW))
    _, first = planned(bench, plan(POPULAR, SHOW))
    _, again = planned(bench, plan(RANK, SHOW))
    systems = [s.requests[0].messages[0]["content"] for s in (first, again)]
    assert "Columns:" in systems[0] and len(systems[0]) < 5_500
    assert systems[0] == systems[1]
