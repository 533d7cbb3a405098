"""What the built-in brain does when too little meets all that was asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from recagent_catalogs.store import Catalog
from recagent_cli.agent.brain import PastTurn
from recagent_cli.agent.builtin.answers.relax import unasked, way_text, would_text
from recagent_cli.agent.turn import past_from_json, past_to_json
from recagent_tools.conditions import parse_condition
from recagent_tools.relaxation import Census, Relaxation
from recagent_tools.rowset import RowSet
from tests.cli import builtin_catalogs
from tests.cli.test_builtin_dialogue import Chat, labels


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return builtin_catalogs.films(tmp_path_factory.mktemp("films"))


@pytest.fixture
def chat(films: Catalog, tmp_path: Path) -> Chat:
    return Chat(films, tmp_path)


def ways(catalog: Catalog, *texts: str, enough: int = 1) -> list[Relaxation]:
    conditions = [parse_condition(text, catalog) for text in texts]
    return Census(conditions, catalog, RowSet.all(catalog.n_items)).relaxations(enough)


# --- which way -----------------------------------------------------------------------------------


def test_years_are_widened_first(films: Catalog) -> None:
    found = unasked(ways(films, "genres has Western", "year 1994..1996"))
    assert found is not None and found.left == 1
    assert found.conditions == ("genres has Western", "year 1991..1999")


def test_both_becomes_either(films: Catalog) -> None:
    found = unasked(ways(films, "genres has Western", "genres has Musical"))
    assert found is not None and found.conditions == ("genres has Western | Musical",)


@pytest.mark.parametrize(
    "texts",
    [
        ("genres has Western", "genres lacks Drama"),
        ("genres has Western", "cast has Bill Murray"),
        ("genres has Horror", "audience <= all"),
        ("genres lacks Comedy", "cast has Bill Murray"),
        ("year 2050..2059",),
    ],
)
def test_nothing_dear_is_given_up_unasked(films: Catalog, texts: tuple[str, ...]) -> None:
    found = ways(films, *texts)
    assert unasked(found) is None


def test_of_two_equally_small_ways_neither_is_taken(films: Catalog) -> None:
    found = ways(films, "genres has Sci-Fi", "runtime <= 110", "year 1982..1994")
    first, second = found[:2]
    assert first.weight == second.weight and unasked(found) is None
    assert unasked(found[:1]) == first


def test_a_way_names_what_it_leaves(films: Catalog) -> None:
    found = ways(films, "genres has Western", "cast has Bill Murray")
    told = [way_text(way, films, RowSet.all(films.n_items)) for way in found]
    assert "without 'with Bill Murray': Unforgiven (1992)" in told
    many = ways(films, "genres has Sci-Fi", "cast has Bill Murray")
    told = [way_text(way, films, RowSet.all(films.n_items)) for way in many]
    assert f"without 'with Bill Murray': {many[-1].left} films" in told


def test_what_would_give_more_in_words(films: Catalog) -> None:
    found = ways(films, "genres has Western", "runtime <= 100", "cast has Bill Murray")
    assert would_text(found[:0], films) == ""
    assert all(would_text([way], films).endswith(f"there would be {way.left}") for way in found)


def test_what_is_dear_is_named_only_where_nothing_else_helps(films: Catalog) -> None:
    found = ways(films, "genres has Western", "cast has Bill Murray")
    dear = [way for way in found if way.dear]
    cheap = [way for way in found if not way.dear]
    assert dear and cheap
    assert would_text([*dear, *cheap], films) == would_text(cheap[:1], films)
    assert would_text(dear, films) == would_text(dear[:1], films) != ""


# --- whole turns ---------------------------------------------------------------------------------


def test_a_cheap_way_is_taken_and_said(chat: Chat) -> None:
    turn = chat.say("westerns from 1994 to 1996")
    assert labels(turn) == ["Unforgiven (1992)"]
    assert "Nothing fits with 'from 1994 to 1996', so I widened it to" in turn.text
    told = turn.to_json()["relaxations"]
    assert [way["applied"] for way in told] == [True] + [False] * (len(told) - 1)
    change = {"condition": "year 1994..1996", "becomes": "year 1991..1999"}
    assert told[0] == {"changes": [change], "left": 1, "applied": True}


def test_what_to_give_up_is_asked_where_it_is_dear(chat: Chat) -> None:
    turn = chat.say("something with Bill Murray, no comedies")
    assert turn.items == () and turn.question and turn.options
    assert not any(way["applied"] for way in turn.to_json()["relaxations"])
    assert len(turn.to_json()["relaxations"]) >= len(turn.options)
    answered = chat.say("1")
    assert answered.items and len(answered.request.conditions) == 1


@pytest.mark.parametrize("number", [1, 2])
def test_the_option_picked_is_what_comes(chat: Chat, number: int) -> None:
    turn = chat.say("a western with Bill Murray")
    way = turn.relaxations[number - 1]
    answered = chat.say(str(number))
    assert answered.request.conditions == way.conditions
    assert len(answered.items) == min(5, way.left)


def test_a_choice_survives_the_process(chat: Chat) -> None:
    past = chat.say("a western with Bill Murray").past()
    kept, _ = past_from_json(past_to_json(past, []))
    assert past.relaxations and kept.relaxations == past.relaxations
    assert PastTurn("", "", ()).relaxations == ()


def test_another_question_offers_no_ways_out(chat: Chat) -> None:
    turn = chat.say("90s films like Alein")
    assert turn.options and turn.past().relaxations == ()


def test_too_few_says_what_would_give_more(chat: Chat) -> None:
    turn = chat.say("5 sci-fi films from the 1980s")
    assert 0 < len(turn.items) < 5 and turn.relaxations[0].left >= 5
    would = f"no more than that; with 'up to 1999' there would be {turn.relaxations[0].left}."
    assert would in turn.text or would.replace("up to 1999", "from 1970 to 1999") in turn.text


def test_enough_says_nothing(chat: Chat) -> None:
    turn = chat.say("3 dramas")
    assert len(turn.items) == 3
    assert "there would be" not in turn.text and turn.to_json()["relaxations"] == []


def test_among_what_was_shown(chat: Chat) -> None:
    chat.say("comedies")
    turn = chat.say("only the horror ones among these")
    assert turn.items == () and turn.text.startswith("None of those fits")


def test_among_a_list_what_would_give_some_of_it_is_told(chat: Chat) -> None:
    chat.say("sci-fi films")
    turn = chat.say("only the ones from the 1960s among these")
    kept = [way for way in turn.relaxations if 0 < way.left < 5]
    assert turn.items == () and turn.text.startswith("None of those fits")
    assert ("there would be" in turn.text) == bool(kept)


def test_only_the_named_film_fits(chat: Chat) -> None:
    turn = chat.say("films like Alien directed by Ridley Scott from the 1970s")
    assert "Alien (1979)" not in labels(turn)
    assert turn.question or "nothing more that fits" in turn.text


def test_where_no_three_changes_help_one_wish_is_offered(chat: Chat) -> None:
    words = (
        "a western musical horror from the 1950s with Bill Murray and Brad Pitt under 60 minutes"
    )
    turn = chat.say(words)
    assert turn.items == () and turn.options
    answered = chat.say("1")
    assert answered.items
