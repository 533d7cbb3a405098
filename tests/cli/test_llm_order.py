"""Several calls in one answer: what runs, what is answered without having run, what is told."""

from __future__ import annotations

from typing import Any

import pytest

from recagent_catalogs.errors import ModelError
from recagent_cli.agent.builtin.brain import BuiltinBrain
from recagent_cli.agent.builtin.parse import Parser
from recagent_cli.agent.request import Request
from recagent_cli.agent.session import Session
from recagent_cli.agent.turn import Turn
from recagent_cli.testing import Answer, FakeCall, FakeServer

from .llm_bench import (
    LITELLM_WARNS,
    NINETIES,
    PRESENT,
    Bench,
    ask,
    bench,
    call,
    calls,
    litellm_ready,
    sent_text,
)

__all__ = ["bench", "litellm_ready"]
pytestmark = LITELLM_WARNS
OLD = call("filter", {"where": ["year < 1900"]})
RANK = call("rank")
THREE = call("present", {"count": 3, "text": "Three for you."})
QUESTION = call("ask_person", {"question": "Which decade?", "options": ["1990s", "2000s"]})
INFO = call("item_info", {"items": ["f01"]})
LOOKS = [call("item_info", {"items": [f"f{n:02d}"]}) for n in range(1, 17)]
NO_HORROR = call("filter", {"where": ["genres lacks Horror"]})


def names(turn: Turn) -> list[str]:
    return [entry.tool for entry in turn.trace]


def told(turn: Turn, kind: str) -> str:
    return "\n".join(text for k, text in turn.notices if k == kind)


def results(server: FakeServer) -> dict[str, str]:
    """What the last request tells of each call, by its id."""
    messages = server.requests[-1].messages
    return {m["tool_call_id"]: m["content"] for m in messages if m["role"] == "tool"}


# --- what ends the turn ends it ------------------------------------------------------------------


@pytest.mark.parametrize("behind", [[OLD], [THREE], [QUESTION], [OLD, THREE]])
def test_nothing_runs_behind_the_call_that_ended_the_turn(
    bench: Bench, behind: list[FakeCall]
) -> None:
    turn, server = ask(bench, calls(NINETIES, PRESENT, *behind))
    assert names(turn) == ["filter", "popular", "rank", "present"] and len(server.requests) == 1
    assert len(turn.items) == 2 and not turn.question
    assert turn.funnel.startswith("16 → 4 (1990-1999) → ") and len(bench.session.bus) == 4


def test_a_question_that_came_first_ends_the_turn(bench: Bench) -> None:
    turn, _ = ask(bench, calls(NINETIES, QUESTION, PRESENT))
    assert turn.question == "Which decade?" and not turn.items


def test_undo_after_calls_behind_the_list(bench: Bench) -> None:
    """The candidates of the list are those that it was made of, so going back finds it again."""
    parser = Parser(bench.catalog)

    def read(said: str, session: Session) -> Request:
        return parser.parse(said, session.turns, shown=session.shown)

    first, _ = ask(bench, calls(NINETIES, PRESENT, OLD))
    builtin = BuiltinBrain()
    assert bench.turn(builtin, "only dramas", read=read).items
    back = bench.turn(builtin, "undo", read=read)
    assert back.items and back.rows == first.rows


# --- a list that builds on a call which failed ---------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        call("filter", {"where": ["genres has Scy-Fi"]}),
        call("filter", '{"where": ['),
        call("exclude", {"genre": "Horror"}),
    ],
)
def test_a_list_waits_for_the_call_that_failed(bench: Bench, wrong: FakeCall) -> None:
    held = call("present", {"count": 3, "text": "Three for you."}, id="held")
    turn, server = ask(bench, calls(wrong, RANK, held), calls(NINETIES, PRESENT))
    assert len(server.requests) == 2 and wrong.name in results(server)["held"]
    assert "not shown" in results(server)["held"]
    assert [item.year for item in turn.items] == [1994, 1996]
    assert not turn.cut and not turn.notices


def test_it_waits_once_and_then_it_is_said(bench: Bench) -> None:
    wrong = call("filter", {"where": ["genres has Scy-Fi"]})
    turn, server = ask(bench, calls(wrong, THREE), calls(wrong, THREE))
    assert len(server.requests) == 2 and len(turn.items) == 3 and turn.cut
    assert told(turn, "cut") == "filter failed; the answer was made without it"


def test_a_list_that_waited_is_closed_by_code_where_nothing_better_comes(bench: Bench) -> None:
    wrong = call("filter", {"where": ["genres has Scy-Fi"]})
    gone = Answer(status=401, body={"error": {"message": "bad key"}})
    turn, _ = ask(bench, calls(NINETIES, wrong, THREE), gone)
    assert len(turn.items) == 5 - 1 and turn.cut and "as far as it was made" in told(turn, "cut")
    with pytest.raises(ModelError):  # where there is no list yet it is an error, as before
        ask(bench, calls(wrong), gone)


@pytest.mark.parametrize(
    "harmless",
    [
        call("remember", {"kind": "liked", "items": ["f05"]}),
        call("item_info", {"items": ["nothing like it"]}),
        call("item_info", "{"),
    ],
)
def test_what_the_list_does_not_build_on_holds_nothing_up(bench: Bench, harmless: FakeCall) -> None:
    turn, server = ask(bench, calls(NINETIES, harmless, PRESENT))
    assert len(turn.items) == 2 and len(server.requests) == 1 and not turn.cut


# --- over the limits -----------------------------------------------------------------------------


def test_calls_over_the_limit_are_told_and_the_list_waits(bench: Bench) -> None:
    turn, server = ask(bench, calls(*LOOKS, NO_HORROR, RANK, THREE), calls(THREE))
    assert len(server.requests) == 2 and "filter failed or was not run" in sent_text(server)
    assert "16 calls are made" in sent_text(server), "what is left to do is said with its reason"
    assert turn.cut and told(turn, "cut") == "16 calls are made; not run: filter, rank"


def test_a_list_within_the_limit_needs_no_word(bench: Bench) -> None:
    turn, server = ask(bench, calls(*LOOKS, PRESENT))
    assert len(turn.items) == 2 and not turn.cut and len(server.requests) == 1


@pytest.mark.parametrize("mode", ["native", "text"])
def test_33_the_steps_are_named_where_they_are_spent(bench: Bench, mode: Any) -> None:
    answers = [calls(call("filter", {"where": [f"year > {1980 + n}"]})) for n in range(12)]
    turn, _ = ask(bench, *answers, mode=mode, max_steps=4)
    assert told(turn, "cut") == "4 steps are taken; this is the list as far as it was made"


def test_what_came_in_the_last_step_is_said(bench: Bench) -> None:
    turn, _ = ask(bench, calls(NINETIES), calls(NO_HORROR, PRESENT), max_steps=2)
    assert len(turn.items) == 2
    assert told(turn, "cut") == "2 steps are taken; not run: filter"


# --- identical calls -----------------------------------------------------------------------------


def test_31_an_identical_call_runs_once_in_a_step_and_behind_others(bench: Bench) -> None:
    other = call("item_info", {"items": ["f02"]})
    turn, server = ask(
        bench, calls(INFO, INFO), calls(other, INFO), calls(NINETIES, INFO), calls(PRESENT)
    )
    asked = [entry.arguments["items"] for entry in turn.trace if entry.tool == "item_info"]
    assert asked == [["f01"], ["f02"], ["f01"]], "on other candidates it runs again"
    assert "the same call stands before this one" in sent_text(server)


def test_31_what_was_read_of_the_candidates_that_a_step_left_is_known(bench: Bench) -> None:
    turn, _ = ask(bench, calls(NINETIES, INFO), calls(INFO), calls(PRESENT))
    assert names(turn) == ["filter", "item_info", "popular", "rank", "present"]


def test_31_a_call_that_changes_the_candidates_runs_twice_in_a_step(bench: Bench) -> None:
    undo = call("candidates", {"op": "undo"})
    turn, _ = ask(bench, calls(NINETIES, NO_HORROR, undo, undo, PRESENT))
    assert names(turn) == [
        "filter",
        "filter",
        "candidates",
        "candidates",
        "popular",
        "rank",
        "present",
    ]
    assert turn.trace[-2].after == 16
