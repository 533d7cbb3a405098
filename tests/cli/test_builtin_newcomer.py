"""What somebody who has never seen the program writes: short names, asides, bare questions."""

from __future__ import annotations

import pytest

from recagent_catalogs.store import Catalog
from recagent_cli.agent.request import Intent
from tests.cli import builtin_catalogs
from tests.cli.test_builtin_dialogue import Talk


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return builtin_catalogs.films(tmp_path_factory.mktemp("films"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return builtin_catalogs.plain_films(tmp_path_factory.mktemp("plain"))


@pytest.fixture
def talk(films: Catalog) -> Talk:
    return Talk(films)


@pytest.mark.parametrize(
    ("utterance", "condition"),
    [
        ("something wth bil murray", "cast has Bill Murray"),
        ("a comedy with billy murray", "cast has Bill Murray"),
        ("anything with tom hank", "cast has Tom Hanks"),
        ("movies with leo dicaprio", "cast has Leonardo DiCaprio"),
        ("a drama with jimmy stewart", "cast has James Stewart"),
        ("films by f f coppola", "directors has Francis Ford Coppola"),
    ],
)
def test_names_as_people_say_them(talk: Talk, utterance: str, condition: str) -> None:
    request = talk.say(utterance)
    assert condition in request.conditions
    assert not request.search


@pytest.mark.parametrize(
    "utterance",
    [
        "something my friend Tom would like",
        "a film for my son Clint",
        "films with tom hollander",
        "something with bill nighy",
        "robert bruce is a king",
        "a drama with Clint Stone",
        "films with jean-pierre leaud",
    ],
)
def test_other_people_of_that_given_name_are_nobody_here(talk: Talk, utterance: str) -> None:
    assert not [c for c in talk.say(utterance).conditions if c.startswith(("cast", "directors"))]


@pytest.mark.parametrize(
    "utterance",
    ["i'm not a big fan of horror", "not a big fan of romance but i love drama",
     "there is a big difference, i want thrillers", "we had a heat wave, something funny"],
)  # fmt: skip
def test_an_article_before_it_makes_no_title(talk: Talk, utterance: str) -> None:
    assert not talk.say(utterance).liked


def test_a_title_of_small_words_after_something_like(talk: Talk) -> None:
    assert [m.title for m in talk.say("something like up").liked] == ["Up (2009)"]


def test_like_that_is_no_title(talk: Talk) -> None:
    assert not talk.say("something like that").liked


def test_who_appears_most_is_no_name(talk: Talk) -> None:
    request = talk.say("which actor appears most in thrillers?")
    assert request.intent is Intent.AGGREGATE
    assert (request.search, request.limits) == ("", ())


@pytest.mark.parametrize(
    ("utterance", "titles"),
    [
        ("tell me about heat", {"Heat (1995)"}),
        ("should i watch heat", {"Heat (1995)"}),
        ("should we see heat tonight?", {"Heat (1995)"}),
        ("heat or inception?", {"Heat (1995)", "Inception (2010)"}),
        ("heat vs inception", {"Heat (1995)", "Inception (2010)"}),
        ("which is longer, psycho or titanic?", {"Psycho (1960)", "Titanic (1997)"}),
        ("which one is better, heat or the usual suspects?",
         {"Heat (1995)", "The Usual Suspects (1995)"}),
        ("is titanic longer than psycho?", {"Psycho (1960)", "Titanic (1997)"}),
        ("should i watch vertigo or psycho", {"Vertigo (1958)", "Psycho (1960)"}),
    ],
)  # fmt: skip
def test_a_title_in_lower_case_where_only_a_title_stands(
    talk: Talk, utterance: str, titles: set[str]
) -> None:
    request = talk.say(utterance)
    assert request.intent is Intent.ITEM_INFO
    assert {m.title for m in request.about} == titles
    assert not (request.conditions or request.liked or request.search)


@pytest.mark.parametrize(
    "utterance",
    ["comedy or drama?", "horror or thriller", "tell me about westerns", "should i watch a comedy",
     "tell me about yourself", "something new or old?"],
)  # fmt: skip
def test_kinds_are_no_titles_to_compare(talk: Talk, utterance: str) -> None:
    request = talk.say(utterance)
    assert not (request.about or request.liked)


@pytest.mark.parametrize(
    ("utterance", "column"),
    [("the plot?", "description"), ("the cast?", "cast"), ("director?", "directors"),
     ("and the runtime?", "runtime"), ("how many minutes?", "runtime"), ("plot?", "description")],
)  # fmt: skip
def test_a_bare_question_is_on_the_item_talked_of(talk: Talk, utterance: str, column: str) -> None:
    talk.say("thrillers", "Heat", "Se7en")
    talk.say("the second one")
    request = talk.say(utterance)
    assert request.intent is Intent.ITEM_INFO
    assert [m.title for m in request.about] == ["Se7en (1995)"]
    assert request.question is not None
    assert request.question.column in (column, "")
    assert not (request.search or request.unused)


def test_numbers_of_the_list_after_a_verdict(talk: Talk) -> None:
    talk.say("crime films", "Heat", "Se7en", "The Usual Suspects", "The Godfather")
    request = talk.say("I've seen 2 and 4")
    assert [m.title for m in request.seen] == ["Se7en (1995)", "The Godfather (1972)"]
    assert not request.unused


def test_a_number_of_items_is_no_place_in_the_list(talk: Talk) -> None:
    talk.say("crime films", "Heat", "Se7en", "The Usual Suspects")
    assert not talk.say("I've seen 2 films this week").seen


@pytest.mark.parametrize(
    ("utterance", "condition"),
    [
        ("anything by the director of alien", "directors has Ridley Scott"),
        ("other films by the director of Vertigo", "directors has Alfred Hitchcock"),
        ("a thriller by the same director as Vertigo", "directors has Alfred Hitchcock"),
    ],
)
def test_who_made_a_title(talk: Talk, utterance: str, condition: str) -> None:
    request = talk.say(utterance)
    assert condition in request.conditions
    assert not request.liked


@pytest.mark.parametrize(
    ("utterance", "condition"),
    [
        ("I have 2 hours", "runtime <= 120"),
        ("i've got about 90 minutes tonight", "runtime <= 90"),
        ("we only have an hour and a half, something funny", "runtime <= 90"),
    ],
)
def test_time_one_has_is_the_most_an_item_may_take(
    talk: Talk, utterance: str, condition: str
) -> None:
    assert condition in talk.say(utterance).conditions


def test_other_hours_are_no_length(talk: Talk) -> None:
    for utterance in ("i had a 2 hour drive, need a comedy", "i have 2 hours of homework"):
        conditions = talk.say(utterance).conditions
        assert not any(condition.startswith("runtime") for condition in conditions)


def test_a_dislike_goes_on(talk: Talk) -> None:
    talk.say("i hate tom hanks", "Heat")
    request = talk.say("and bill murray")
    assert set(request.conditions) == {"cast lacks Tom Hanks", "cast lacks Bill Murray"}


def test_a_wish_after_a_dislike_is_no_dislike(talk: Talk) -> None:
    talk.say("i hate horror", "Heat")
    assert "genres has Comedy" in talk.say("and i love comedies").conditions
    assert "genres has Thriller" in talk.say("a thriller please").conditions


def test_what_is_dropped_is_dropped_wherever_it_stands(talk: Talk) -> None:
    talk.say("japanese films", "Seven Samurai")
    assert not talk.say("drop japanese").conditions


def test_what_was_never_wanted_is_left_out_when_dropped(talk: Talk) -> None:
    assert talk.say("drop horror").conditions == ("genres lacks Horror",)


def test_a_kind_after_not_too_is_still_wanted(talk: Talk) -> None:
    assert "genres has Comedy" in talk.say("a not too violent comedy").conditions
    assert "genres lacks Horror" not in talk.say("nothing too long, horror").conditions


def test_a_first_turn_on_what_was_hardly_seen_asks_for_it(talk: Talk) -> None:
    request = talk.say("i haven't seen many westerns")
    assert request.intent is Intent.RECOMMEND
    assert "genres has Western" in request.conditions
