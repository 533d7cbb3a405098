"""Where no list stands, a model states nothing of an "it" that is nobody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from recagent_cli import Assistant
from recagent_cli.agent.critic import ground
from recagent_cli.agent.request import Intent, Mention, Request
from recagent_cli.paths import Paths

LIES = (
    "It was directed by Alfred Hitchcock.",
    "It is from 1952.",
    "This one stars Tom Hanks.",
    "They are from 1999.",
    "The best film here is a comedy with Brad Pitt.",
    "That one runs 90 minutes.",
    "These are French.",
    "Its director is Michael Mann.",
    "Your list is saved.",
    "You will never see it again.",
)
HARMLESS = (
    "It is good.",
    "It may take a moment.",
    "Is it a comedy that you want?",
    "If it should be a comedy, say so.",
    "It could be a comedy, or a drama.",
    "Tell me more, and I will find it.",
)


@pytest.fixture(scope="module")
def movies(bundled_home: Path) -> Iterator[Assistant]:
    paths = Paths(bundled_home / "data", bundled_home / "config", bundled_home / "cache")
    with Assistant("movies", incognito=True, paths=paths) as assistant:
        yield assistant


def test_facts_of_nobody_are_struck_and_the_rest_stays(movies: Assistant) -> None:
    context = movies.context(movies.new_session(), None)
    for text in LIES:
        told, corrections = ground(f"{text} Enjoy.", (), context)
        assert (told, len(corrections)) == ("Enjoy.", 1), text
    for text in HARMLESS:
        assert ground(text, (), context) == (text, [])
    # What a tool counted may be told.
    assert ground("It has 43 films.", (), context, counted={43.0})[0]


def test_it_is_the_item_that_was_asked_about_or_told_of(movies: Assistant) -> None:
    context = movies.context(movies.new_session(), None)
    row = movies.catalog.titles.find("Heat", limit=1)[0].row
    (item_id,) = movies.catalog.ids([row])
    asked = Request(Intent.ITEM_INFO, about=(Mention("Heat", item_id, "Heat"),))
    true, lie = "It was directed by Michael Mann.", "It runs 90 minutes, so it is over soon."
    for options in ({"request": asked}, {"told": [row]}):
        assert ground(f"{true} {lie}", (), context, **options)[0] == true


def test_what_was_saved_or_noted_may_be_said(movies: Assistant) -> None:
    session = movies.new_session()
    context = movies.context(session, None)
    context.bus.save_as("mine", [1, 2])
    assert ground("Your list is saved.", (), context)[0] == "Your list is saved."
    context.remembered.append(("never", 3))
    assert ground("You will never see it again.", (), context)[0]
