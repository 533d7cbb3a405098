"""What a new user said to lists, sets and choices, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from recagent_catalogs.errors import RecagentError
from recagent_cli import Assistant
from recagent_cli.agent.request import Operation
from recagent_cli.agent.session import Session


@pytest.fixture
def assistant(home: Path) -> Iterator[Assistant]:
    with Assistant("films") as made:
        yield made


@pytest.fixture
def session(assistant: Assistant) -> Session:
    made = assistant.new_session()
    assistant.ask("comedies", session=made)
    return made


def ops(assistant: Assistant, said: str, session: Session) -> list[str]:
    request = assistant.parser.parse(
        said, session.turns, shown=session.shown, sets=tuple(session.bus.saved)
    )
    return [f"{op.op} {op.name or op.number or ''}".strip() for op in request.operations]


@pytest.mark.parametrize(
    "said", ["show me the lists", "show me all lists", "which list is this?", "what list am I on"]
)
def test_which_lists_there_are(assistant: Assistant, session: Session, said: str) -> None:
    assert ops(assistant, said, session) == ["sets"]
    assert "It stands now." in assistant.ask(said, session=session).text


def test_what_changed_before_any_list(assistant: Assistant) -> None:
    turn = assistant.ask("what changed?")
    assert not turn.items and "no list" in turn.text.lower()


def test_a_place_beyond_the_list(assistant: Assistant, session: Session) -> None:
    turn = assistant.ask("without the 20th", session=session)
    assert turn.text.startswith("The list has ") and not turn.items


def test_a_set_that_is_called_like_a_kind(assistant: Assistant, session: Session) -> None:
    assistant.ask("save as comedy", session=session)
    assistant.ask("save as w", session=session)
    for said in ("what is in w but not in comedy", "what is in w and not in comedy"):
        assert ops(assistant, said, session) == ["load w", "minus comedy"]
    assert ops(assistant, "what is in both w and comedy", session) == ["load w", "intersect comedy"]
    assert ops(assistant, "without comedy", session) == []


@pytest.mark.parametrize("name", ["1", " 2 ", "#3", "list 2", "-1"])
def test_a_number_is_no_name_of_a_set(assistant: Assistant, session: Session, name: str) -> None:
    with pytest.raises(RecagentError, match="is (?:a number|the name of a list)"):
        assistant.operate([Operation("save", name=name)], session=session)
    assert not session.bus.saved
    turn = assistant.ask("save as 1", session=session)
    assert not session.bus.saved and "is a number" in turn.text


def test_clear_begins_anew(assistant: Assistant, session: Session) -> None:
    request = assistant.parser.parse("clear", session.turns, shown=session.shown)
    assert not (request.conditions or request.search)


def test_why_a_title_that_there_is_not_is_not_there(assistant: Assistant, session: Session) -> None:
    turn = assistant.ask("why isn't Xyzzyplugh in the list", session=session)
    assert turn.text.startswith("Xyzzyplugh is not in this catalog.")


def test_a_choice_that_is_not_offered(assistant: Assistant) -> None:
    session = assistant.new_session()
    asked = assistant.ask("Laughing Stok or Paper Lantrns or anything, hmm gah", session=session)
    if not asked.options:
        asked = assistant.ask("qwertz uiop", session=session)
    assert asked.options
    turn = assistant.ask("9", session=session)
    told = f"There are {len(asked.options)} to choose from."
    assert told in turn.text or any(told == said for _, said in turn.notices)
