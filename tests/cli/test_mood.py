"""What a turn asks for in passing is noted; what it excludes or only asks about is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from recagent_catalogs.store import Catalog
from recagent_cli import Assistant
from recagent_cli.agent.request import Intent, Request, Wish
from recagent_cli.memory.event_rows import StoredEvent
from recagent_cli.memory.mood import MOST, asked_for
from recagent_cli.memory.tastes import Learning


@pytest.fixture
def assistant(home: Path) -> Iterator[Assistant]:
    with Assistant("films") as made:
        yield made


def said(assistant: Assistant) -> list[tuple[str, str]]:
    events = assistant.store.events("me", "films", ("said",))
    return [(event.column, event.text) for event in events]


@pytest.mark.usefixtures("home")
def test_of_no_mood_nothing_is_noted() -> None:
    with Assistant("films", learning=Learning(mood_hours=0)) as assistant:
        assistant.ask("sci-fi but no horror", session=assistant.new_session())
        assert said(assistant) == []


def test_kinds_asked_for_are_the_mood(assistant: Assistant) -> None:
    session = assistant.new_session()
    assistant.ask("sci-fi but no horror", session=session)
    assert said(assistant) == [("genres", "Sci-Fi")]
    assistant.ask("shorter than 120 minutes", session=session)
    assistant.ask("how many comedies are there?", session=session)
    assert said(assistant) == [("genres", "Sci-Fi")]  # which still holds, and is said once
    profile = assistant.profile()
    (mood,) = [taste for taste in profile.tastes if taste.stance == "expect"]
    assert (mood.value, mood.events) == ("Sci-Fi", (1,)) and mood.weight == pytest.approx(
        0.25, 1e-3
    )
    assert profile.wishes == ()


def test_items_that_a_list_should_be_like_are_the_mood(assistant: Assistant) -> None:
    assistant.ask("something like Orbit of Ash")
    (event,) = assistant.store.events("me", "films", ("said",))
    assert assistant.catalog.row_of(event.item) is not None and event.column == ""
    profile = assistant.profile()
    assert [taste.stance for taste in profile.tastes] == ["expect"]
    assert profile.liked == profile.seen == ()
    assistant.ask("I love Orbit of Ash")  # which is more than a mood
    assert [e.kind for e in assistant.store.events("me", "films", ("said", "liked"))] == [
        "said",
        "liked",
    ]


def test_what_is_asked_for_somebody_else_is_not_the_persons_mood(assistant: Assistant) -> None:
    user = assistant.catalog.user_id(0)
    assistant.ask("sci-fi", user=user)
    assistant.ask("drama", keep=False)
    assert said(assistant) == []


def test_what_is_noted_a_turn_is_bounded(films: Catalog) -> None:
    wishes = tuple(Wish(f"a t{n} one", (("tags", f"t{n}"), ("tags", "poetic"))) for n in range(30))
    wishes += (Wish("dull", (("tags", "dull"),), weight=-1.0),)
    request = Request(Intent.RECOMMEND, wishes=wishes, conditions=("genres has Drama", "no such"))
    found = asked_for(request, None, films)
    assert len(found) == MOST and found[:2] == [("genres", "Drama", 1.0), ("tags", "t0", 1.0)]
    assert asked_for(request, request, films) == []
    assert asked_for(Request(Intent.AGGREGATE, conditions=("genres has Drama",)), None, films) == []


def test_what_was_learned_of_a_mood_outlives_it(assistant: Assistant) -> None:
    """A value often asked for, which the person accepted as a taste: the asking passes."""
    asked = StoredEvent("me", "films", "said", column="genres", text="Drama", time=1_700_000_000.0)
    assistant.store.commit(events=[asked])
    accepted = replace(asked, kind="learned", time=0.0, because=1)
    assistant.store.commit(events=[accepted, replace(accepted, text="Comedy", because=99)])
    ((column, value, weight),) = assistant.profile().wishes
    assert (column, value) == ("genres", "Drama") and weight == pytest.approx(0.15, abs=1e-4)


@pytest.mark.parametrize("words", ["I love dramas", "we really love drama movies"])
def test_to_love_is_no_romance(assistant: Assistant, words: str) -> None:
    turn = assistant.ask(words)
    assert turn.request.conditions == ("genres has Drama",)
    assert assistant.profile().wishes[0][:2] == ("genres", "Drama")


def test_a_love_story_is_one(assistant: Assistant) -> None:
    request = assistant.ask("I want a love story", keep=False).request
    assert "genres has Romance" in request.conditions
