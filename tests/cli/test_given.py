"""Ratings that are given in words: read, noted with their value, and used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recagent_cli import Assistant
from recagent_cli.agent.builtin.readers.given import read_given
from recagent_cli.agent.request import Question

TITLES = frozenset(("heat", "the godfather", "casino", "taken 3", "dr strangelove", "12 monkeys"))


@pytest.fixture
def assistant(home: Path) -> Iterator[Assistant]:
    with Assistant("films") as made:
        yield made


def read(text: str) -> list[tuple[str, float, float]]:
    return [(g.name, g.value, g.best) for g in read_given(text, TITLES.__contains__).given]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I gave Heat 5 stars", [("Heat", 5, 5)]),
        ("i gave heat five stars.", [("heat", 5, 5)]),
        ("I rate Heat 5 of 5", [("Heat", 5, 5)]),
        ("I rated Heat 4.5", [("Heat", 4.5, 5)]),
        ("I'd rate Heat an 8/10", [("Heat", 8, 10)]),
        ("I would give Heat four and a half stars", [("Heat", 4.5, 5)]),
        ("I'd give it 2", [("it", 2, 5)]),
        ("I'd give it 2, show me comedies", [("it", 2, 5)]),
        ("Heat: 4/5", [("Heat", 4, 5)]),
        ("Heat 9/10", [("Heat", 9, 10)]),
        ("Heat: 4/5, Casino: 2/5", [("Heat", 4, 5), ("Casino", 2, 5)]),
        ("Heat - 85%", [("Heat", 85, 100)]),
        ("Heat: ★★★★", [("Heat", 4, 5)]),
        ("I give Heat 5 stars and The Godfather 4", [("Heat", 5, 5), ("The Godfather", 4, 5)]),
        ("I gave 5 stars to Heat", [("Heat", 5, 5)]),
        ("5 stars for Heat!", [("Heat", 5, 5)]),
        ("I gave Taken 3 2 stars", [("Taken 3", 2, 5)]),
        ("I gave 12 Monkeys 4", [("12 Monkeys", 4, 5)]),
        ("I gave Dr. Strangelove 5 stars", [("Dr. Strangelove", 5, 5)]),
        ("I gave Nosuchfilm 5 stars", [("Nosuchfilm", 5, 5)]),
    ],
)
def test_what_was_given(text: str, found: list[tuple[str, float, float]]) -> None:
    assert read(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "give me 5 films like Heat",
        "I gave up after 10 minutes",
        "I gave it 10 minutes",
        "I'll give Heat a try",
        "I gave my brother 5 dollars",
        "what would I give Heat?",
        "how many stars would I give Heat",
        "films rated 4 and above",
        "thrillers with 4 stars",
        "something with at least 4/5",
        "2 films for Friday",
        "Taken 3",
        "I like Heat, 3 more like it",
        "I gave Heat to a friend",
    ],
)
def test_what_is_no_rating(text: str) -> None:
    assert read(text) == []


@given(st.text(max_size=80))
def test_any_text_is_read(text: str) -> None:
    found = read_given(text, lambda phrase: len(phrase) == 3)
    assert all(0 <= one.share <= 1 for one in found.given)
    assert found.given or found.rest == text


def test_the_rest_is_read_as_ever() -> None:
    found = read_given("I gave Heat 1 star, show me comedies", TITLES.__contains__)
    assert found.rest == 'I hated "Heat". show me comedies'


def verdicts(assistant: Assistant, text: str) -> tuple[list[str], list[str], list[str]]:
    request = assistant.parser.parse(text)
    return tuple(  # type: ignore[return-value]
        [m.title for m in part] for part in (request.liked, request.disliked, request.seen)
    )


OTHER = "Paper Lanterns"
ASH = "Orbit of Ash (1996)"


@pytest.mark.parametrize(
    ("text", "liked", "disliked"),
    [
        ("I gave Orbit of Ash 5 stars", [ASH], []),
        ("I gave Orbit of Ash 1 star", [], [ASH]),
        ("Orbit of Ash: 4/5", [ASH], []),
        ("Orbit of Ash: 2/5", [], [ASH]),
    ],
)
def test_liked_from_seven_tenths_on_and_disliked_up_to_four(
    assistant: Assistant, text: str, liked: list[str], disliked: list[str]
) -> None:
    request = assistant.parser.parse(text)
    assert verdicts(assistant, text)[:2] == (liked, disliked)
    assert not (request.wishes or request.weights or request.unused)


def test_in_between_it_was_seen(assistant: Assistant) -> None:
    assert verdicts(assistant, "I gave Orbit of Ash 3 stars") == ([], [], [ASH])


def test_a_rating_is_noted_with_its_value_and_used(assistant: Assistant) -> None:
    session = assistant.new_session()
    assistant.ask("I gave Orbit of Ash 8/10", session=session)
    row = assistant.parser.parse("who made Orbit of Ash").about[0].id
    assert row is not None
    catalog_row = assistant.catalog.row_of(row)
    assert dict(assistant.profile().ratings) == {catalog_row: 4.0}
    told = assistant.ask("what would I give Orbit of Ash?", session=session)
    assert "You gave Orbit of Ash (1996) 4 of 5" in told.text


def test_a_bad_rating_is_no_like(assistant: Assistant) -> None:
    assistant.ask("I gave Orbit of Ash 1 star")
    profile = assistant.profile()
    assert not profile.liked and len(profile.disliked) == 1
    assert list(profile.ratings.values()) == [assistant.engine.ratings.scale[0]]


def test_a_rating_of_nothing_asks_which(assistant: Assistant) -> None:
    turn = assistant.ask("I'd give it 2")
    assert turn.text.startswith("Which one do you mean?") and not turn.items


# --- questions of taste note nothing -------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("what would I think of Orbit of Ash?", "rating"),
        ("what would I make of Orbit of Ash?", "rating"),
        ("would Orbit of Ash suit me?", "rating"),
        ("would Orbit of Ash be something for me?", "rating"),
        ("which of Orbit of Ash and {} would I like more?", "compare"),
        ("which would I like better, Orbit of Ash or {}?", "compare"),
        ("which one would I enjoy more: Orbit of Ash or {}", "compare"),
        ("would I prefer Orbit of Ash or {}?", "compare"),
    ],
)
def test_a_question_of_taste(assistant: Assistant, words: str, kind: str) -> None:
    other = OTHER
    words = words.format(other)
    request = assistant.parser.parse(words)
    assert request.question == Question(kind)  # type: ignore[arg-type]
    assert len(request.about) == (2 if kind == "compare" else 1)
    assert not (request.liked or request.disliked or request.seen or request.unused)
    assistant.ask(words)
    assert not assistant.profile().seen


@pytest.mark.parametrize(
    "words",
    ["I loved {}, what would I think of Orbit of Ash?", "I loved {}. Would I like Orbit of Ash?"],
)
def test_what_is_said_before_the_question_counts(assistant: Assistant, words: str) -> None:
    other = assistant.catalog.items(assistant.catalog.titles.exact(OTHER.lower()))[0]
    request = assistant.parser.parse(words.format(other.title))
    assert request.question == Question("rating")
    assert [m.title for m in request.about] == [ASH]
    assert [m.id for m in request.liked] == [other.id]
    assistant.ask(words.format(other.title))
    assert [assistant.catalog.ids([row])[0] for row in assistant.profile().liked] == [other.id]
