"""A list that a model shows of candidates that nothing ranked is ranked first, by visible calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from recagent_catalogs.store import Catalog
from recagent_cli import Assistant
from recagent_cli.agent.brain import Call, Step
from recagent_cli.agent.events import Event, ToolStarted
from recagent_cli.testing import ScriptedBrain


def asked(assistant: Assistant, said: str, *calls: Call) -> tuple[list[str], list[int], list[str]]:
    """The tools that ran, the rows shown, and the corrections."""
    assistant.agent.brain = ScriptedBrain([Step(calls=(call,)) for call in calls])
    heard: list[Event] = []
    turn = assistant.ask(said, on_event=heard.append, keep=False)
    ran = [event.tool for event in heard if isinstance(event, ToolStarted)]
    return ran, list(turn.rows), [text for kind, text in turn.notices if kind == "correction"]


@pytest.fixture
def assistant(home: Path) -> Assistant:
    return Assistant("films")


def test_present_alone_shows_what_is_ranked(assistant: Assistant, films: Catalog) -> None:
    ran, rows, _ = asked(assistant, "surprise me", Call("present", {"count": 4}))
    assert ran == ["popular", "rank", "present"]
    assert rows != [0, 1, 2, 3]
    assert rows == [item.row for item in assistant.recommend(count=4)]


def test_filter_and_present_show_the_best_of_what_is_left(assistant: Assistant) -> None:
    where = {"where": ["year 1990..2010"]}
    present = Call("present", {"count": 3})
    ran, rows, _ = asked(assistant, "from 1990 to 2010", Call("filter", where), present)
    assert ran[0] == "filter" and ran[-2:] == ["rank", "present"]
    best = assistant.recommend(where=where["where"], count=3)
    assert rows == [item.row for item in best]


def test_the_words_of_the_person_shape_the_ranking(assistant: Assistant) -> None:
    ran, rows, _ = asked(assistant, "something like Orbit of Ash", Call("present", {"count": 2}))
    assert ran == ["similar", "rank", "present"] and rows[0] == 3


def test_a_list_that_was_ranked_or_named_is_shown_as_it_is(assistant: Assistant) -> None:
    ran, _, _ = asked(assistant, "good", Call("popular", {}), Call("present", {"count": 2}))
    assert ran == ["popular", "present"]
    ran, rows, _ = asked(assistant, "good", Call("present", {"items": ["f05", "f02"]}))
    assert ran == ["present"] and rows == [4, 1]


def test_what_code_puts_in_is_not_said_to_be_ranked_where_nothing_ranked(
    assistant: Assistant,
) -> None:
    present = Call("present", {"items": ["f06"]})
    ran, rows, told = asked(assistant, "4 films from 1990 to 2010", present, present)
    assert "rank" not in ran and rows[0] == 5 and len(rows) == 4
    assert any("put in: " in line for line in told)
    assert not any("ranking" in line for line in told)
