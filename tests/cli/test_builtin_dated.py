"""Names with their year in brackets: one name, whatever its words are."""

from __future__ import annotations

import pytest

from recagent_catalogs.store import Catalog
from recagent_cli.agent.builtin.parse import Parser
from tests.cli import builtin_catalogs


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Parser:
    films: Catalog = builtin_catalogs.films(tmp_path_factory.mktemp("films"))
    return Parser(films, year=lambda: 2026)


@pytest.mark.parametrize(
    ("utterance", "liked"),
    [
        ("I liked Nowhere Again (2017) and The Matrix (1999)", "Nowhere Again (2017)"),
        ("Nothing to Declare (2019) was good", "Nothing to Declare (2019)"),
        ("How about The Last Drama He Made (2020) ?", "The Last Drama He Made (2020)"),
        ("i liked zorbax (2012)", "zorbax (2012)"),
        ("The Matrix and Spree (2020) are great", "Spree (2020)"),
        ("Any movie like No Sudden Comedy (2021)?", "No Sudden Comedy (2021)"),
    ],
)
def test_a_name_with_a_year_is_one_name(parser: Parser, utterance: str, liked: str) -> None:
    request = parser.parse(utterance)
    assert liked in [mention.text for mention in request.liked]
    assert request.conditions == ()
    assert request.clarify == ""
    assert any(liked in limit for limit in request.limits)


def test_a_known_title_with_its_year_is_linked(parser: Parser) -> None:
    request = parser.parse("something like Alien (1979)")
    assert [mention.title for mention in request.liked] == ["Alien (1979)"]


@pytest.mark.parametrize("utterance", ["thrillers (1995)", "a thriller (1995)"])
def test_a_kind_with_a_year_is_no_name(parser: Parser, utterance: str) -> None:
    request = parser.parse(utterance)
    assert request.liked == ()
    assert set(request.conditions) == {"genres has Thriller", "year = 1995"}


def test_another_year_makes_another_film(parser: Parser) -> None:
    """A nearest title of quite another year and name is not asked about."""
    request = parser.parse("I enjoyed Contract (2021)")
    assert [mention.id for mention in request.liked] == [None]
    assert request.clarify == ""
