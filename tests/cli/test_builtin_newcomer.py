"""What somebody who has never seen the program writes: short names, asides, bare questions."""

from __future__ import annotations

import pytest

from recagent_catalogs.store import Catalog
from recagent_cli.agent.brain import PastTurn
from recagent_cli.agent.builtin.parse import Parser
from recagent_cli.agent.request import Intent, Request
from tests.cli import builtin_catalogs


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return builtin_catalogs.films(tmp_path_factory.mktemp("films"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return builtin_catalogs.plain_films(tmp_path_factory.mktemp("plain"))


class Talk:
    """A conversation with the parser alone; the list shown is given by hand."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.parser = Parser(catalog, year=lambda: 2026)
        self.history: list[PastTurn] = []

    def say(self, utterance: str, *shown: str) -> Request:
        request = self.parser.parse(utterance, self.history)
        rows = tuple(self.catalog.titles.exact(title.lower())[0] for title in shown)
        self.history.append(PastTurn(utterance, "", rows, request))
        return request


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
