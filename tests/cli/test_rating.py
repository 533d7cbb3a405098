"""What the person would rate an item: the tool, the Python API, the questions, the sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from recagent_catalogs.errors import NotFound
from recagent_cli import Assistant
from recagent_cli.agent.builtin.answers.rating import rating_sentence
from recagent_cli.agent.request import Question
from recagent_cli.memory.event_rows import StoredEvent
from recagent_cli.memory.profile import derive
from recagent_tools.predict import PredictedRating

FOUND = PredictedRating(
    "h", "Heat (1995)", 3.94, 2.96, 4.81, 0.8, 7, None, 3.4, 3.91, 102, (0.5, 5.0)
)


@pytest.fixture
def assistant(home: Path) -> Iterator[Assistant]:
    with Assistant("films") as made:
        yield made


# -- sentences ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "liking", "said"),
    [
        ({}, False, "You would give Heat (1995) about 3.9 of 5 (3 to 4.8, four times of five)."),
        (
            {},
            True,
            "Probably: you would give Heat (1995) about 3.9 of 5 (3 to 4.8, four times of five).",
        ),
        (
            {"usual": 4.5},
            True,
            "Probably not: you would give Heat (1995) about 3.9 of 5 (3 to 4.8, four times of "
            "five).",
        ),
        (
            {"usual": 4.0, "level": 0.95},
            True,
            "Perhaps: you would give Heat (1995) about 3.9 of 5 (3 to 4.8, 95% of the time).",
        ),
        (
            {"given": 4.5},
            False,
            "You gave Heat (1995) 4.5 of 5; by your other ratings I would have said 3.9 of 5 "
            "(3 to 4.8, four times of five).",
        ),
        (
            {"known": 0},
            True,
            "Nobody knows yet: I know no rating of yours, and people gave Heat (1995) 3.9 of 5 "
            "on average.",
        ),
        (
            {"known": 0, "mean_rating": None},
            False,
            "Nobody knows yet: I know no rating of yours, and too few people have rated Heat "
            "(1995) to tell.",
        ),
        (
            {"known": 0, "given": 2},
            False,
            "You gave Heat (1995) 2 of 5; people gave it 3.9 of 5 on average.",
        ),
        (
            {"scale": (0.0, 100.0), "rating": 71.6, "low": 50.2, "high": 93.0},
            False,
            "You would give Heat (1995) about 72 of 100 (50 to 93, four times of five).",
        ),
    ],
)
def test_sentences(changes: dict[str, object], liking: bool, said: str) -> None:
    assert rating_sentence(replace(FOUND, **changes), liking=liking) == said  # type: ignore[arg-type]


# -- reading --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "how would I rate {}?",
        "would I like {}?",
        "what would I give {}",
        "how many stars would I give {}?",
        "do you think I would enjoy {}",
        "How do you think I'd rate {}?",
        "my rating for {}?",
        "do you think I'd like {}?",
    ],
)
@pytest.mark.parametrize("title", ["Orbit of Ash", "orbit of ash"])
def test_a_question_of_what_i_would_give(assistant: Assistant, words: str, title: str) -> None:
    request = assistant.parser.parse(words.format(title))
    assert request.question == Question("rating")
    assert [m.title for m in request.about] == ["Orbit of Ash (1996)"]
    assert not (request.liked or request.unused)


@pytest.mark.parametrize(
    "words",
    [
        "I would like Orbit of Ash",
        "would I like something like Orbit of Ash?",
        "if I liked Orbit of Ash what else would I like",
        "how is Orbit of Ash rated?",
        "I would give Orbit of Ash 5 stars",
        "I don't think I'd like Orbit of Ash",
    ],
)
def test_what_asks_something_else(assistant: Assistant, words: str) -> None:
    assert assistant.parser.parse(words).question != Question("rating")


# -- the person -----------------------------------------------------------------------------------


def test_a_user_of_the_data_is_known_by_their_ratings(assistant: Assistant) -> None:
    user = assistant.user_index("u1")
    assert user is not None
    mine = assistant.engine.user_ratings(user)
    found = assistant.predict_rating("Orbit of Ash", user="u1")
    row = assistant.catalog.row_of(found.id)
    assert row is not None
    assert found.known == len(mine) - (row in mine) and found.given == mine.get(row)
    assert 1 <= found.low <= found.rating <= found.high <= 5 == found.scale[1]
    rated = assistant.catalog.label(next(iter(mine)))
    again = assistant.predict_rating(rated, user="u1")
    assert again.given == next(iter(mine.values())) and again.known == len(mine) - 1


def test_nobody_in_particular(assistant: Assistant) -> None:
    found = assistant.predict_rating("Orbit of Ash")
    assert found.known == 0 and found.given is None
    assert assistant.ask("would I like Orbit of Ash?").text.startswith("Nobody knows yet: ")
    with pytest.raises(NotFound, match="u999"):
        assistant.predict_rating("Orbit of Ash", user="u999")
    with pytest.raises(NotFound, match="not in this catalog"):
        assistant.predict_rating("No Such Film At All")


def test_likes_and_ratings_of_the_profile_count(assistant: Assistant) -> None:
    before = assistant.predict_rating("Orbit of Ash").rating
    rows = [row for row in range(assistant.catalog.n_items)]
    target = assistant.catalog.row_of(assistant.predict_rating("Orbit of Ash").id)
    others = [row for row in rows if row != target][:4]
    assistant.note("disliked", others, source="test")
    disliked = assistant.predict_rating("Orbit of Ash")
    assert disliked.known == 4 and disliked.rating < before and disliked.given is None
    events = [
        assistant._sessions.event("rated", item, source="test")
        for item in assistant.catalog.ids(others)
    ]
    assistant.store.commit(events=[replace(event, value=5.0) for event in events])
    rated = assistant.predict_rating("Orbit of Ash")
    assert rated.known == 4 and rated.rating > before  # points stand above the verdicts
    assert assistant.ask("how would I rate Orbit of Ash?").text.startswith("You would give Orbit")


def test_the_latest_rating_of_an_item_holds(assistant: Assistant) -> None:
    def rated(item: str, value: float | None) -> StoredEvent:
        return StoredEvent("me", "films", "rated", item, value)

    events = [rated("f01", 2.0), rated("f02", 3.0), rated("f01", 4.5), rated("f03", None)]
    profile = derive([*events, rated("gone", 1.0)], assistant.catalog)
    assert profile.ratings == {
        assistant.catalog.row_of("f01"): 4.5,
        assistant.catalog.row_of("f02"): 3.0,
    }


# -- tool and turn --------------------------------------------------------------------------------


def test_the_tool_is_offered_once_a_list_was_shown(assistant: Assistant) -> None:
    session = assistant.new_session()
    tool = assistant.toolbox.get("predict_rating")
    assert tool is not None and tool.group == "explanation"
    assert not tool.offered(assistant.context(session, None))
    turn = assistant.ask("westerns", session=session)
    ran = assistant.call_tool("predict_rating", {"item": "#2"}, session)
    assert not ran.error and ran.result.data["id"] == turn.items[1].id
    low, high = ran.result.data["scale"]
    assert low <= ran.result.data["low"] <= ran.result.data["rating"] <= high
    wrong = assistant.call_tool("predict_rating", {"item": "#9"}, session)
    assert wrong.error and "2 items" in wrong.result.text


def test_the_second_one_of_the_list(assistant: Assistant) -> None:
    session = assistant.new_session()
    turn = assistant.ask("westerns", session=session, user="u1")
    told = assistant.ask("what would I give the second one?", session=session, user="u1")
    assert turn.items[1].title in told.text and " of 5" in told.text
    assert [call.tool for call in told.trace] == ["predict_rating"]
    assert told.request.question == Question("rating")
    found = assistant.predict_rating("#2", user="u1", session=session)
    assert found.id == turn.items[1].id
    after = assistant.ask("who directed it?", session=session, user="u1")
    assert turn.items[1].title in after.text


def test_models_without_ratings_say_build_again(assistant: Assistant) -> None:
    manifest = assistant.engine.manifest
    assert manifest is not None and assistant.engine.rates
    for name in [name for name in manifest["files"] if name.startswith("ratings.")]:
        del manifest["files"][name]
    del manifest["ratings"]
    assert not assistant.engine.rates
    text = assistant.ask("would I like Orbit of Ash?").text
    assert text.startswith("These models know nothing of ratings yet; build again. Orbit of Ash")


def test_a_catalog_without_ratings_says_so(home: Path) -> None:
    with Assistant("movies", build=False) as bare:
        with pytest.raises(NotFound, match="no ratings to learn from"):
            bare.predict_rating("Alien")
        text = bare.ask("would I like Alien?").text
        assert "no ratings" in text and "You would give" not in text
        session = bare.new_session()
        bare.ask("westerns", session=session)
        ran = bare.call_tool("predict_rating", {"item": "#1"}, session)
        assert ran.error and "no ratings to learn from" in ran.result.text
        context = bare.context(session, None)
        context.shown = session.shown
        tool = bare.toolbox.get("predict_rating")
        assert tool is not None and not tool.offered(context)
