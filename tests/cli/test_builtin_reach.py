"""How far a negation reaches, and what is compared with a named item."""

from __future__ import annotations

import pytest

from recagent_cli.agent.builtin.parse import Parser
from recagent_cli.agent.request import Intent
from tests.cli import builtin_catalogs


@pytest.fixture(scope="module")
def parsers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Parser]:
    made: dict[str, Parser] = {}
    for name in ("films", "games"):
        catalog = getattr(builtin_catalogs, name)(tmp_path_factory.mktemp(name))
        made[name] = Parser(catalog, year=lambda: 2026)
    return made


@pytest.mark.parametrize(
    ("said", "conditions"),
    [
        ("drama with no romance directed by Clint Eastwood", {"directors has Clint Eastwood"}),
        ("a comedy without Bill Murray starring Tom Hanks", {"cast has Tom Hanks"}),
        ("crime films not starring Al Pacino by David Fincher", {"directors has David Fincher"}),
        ("a comedy without Bill Murray released before 1990", {"year ..1989"}),
        ("thrillers with no pirates from the 90s", {"year 1990..1999", "tags lacks pirates"}),
        ("sci-fi without robots made after 1990", {"year 1991..", "tags lacks robots"}),
        # What is said of the negated noun itself stays negated.
        ("no films directed by Clint Eastwood", {"directors lacks Clint Eastwood"}),
        ("dramas that are not directed by Clint Eastwood", {"directors lacks Clint Eastwood"}),
        ("dramas without Tom Hanks or Al Pacino", {"cast lacks Tom Hanks", "cast lacks Al Pacino"}),
        ("nothing made before 1990", {"year 1990.."}),
    ],
)
def test_a_negation_ends_where_the_wanted_is_described_again(
    parsers: dict[str, Parser], said: str, conditions: set[str]
) -> None:
    assert conditions <= set(parsers["films"].parse(said).conditions)


def test_what_is_said_of_a_negated_noun_is_not_asked_for(parsers: dict[str, Parser]) -> None:
    request = parsers["films"].parse("crime films, but no thrillers directed by David Fincher")
    assert "directors has David Fincher" not in request.conditions
    weights = parsers["films"].parse("dramas without Tom Hanks rated above 7").weights
    assert dict(weights).get("rating", 0) >= 0


@pytest.mark.parametrize(
    ("said", "condition"),
    [
        ("comedies starring anyone but Tom Hanks", "cast lacks Tom Hanks"),
        ("dramas with somebody other than Brad Pitt", "cast lacks Brad Pitt"),
        ("I wouldn't say no to a western", "genres has Western"),
        ("can't say no to a musical", "genres has Musical"),
        ("I don't want anything that isn't a western", "genres has Western"),
        ("horror that isn't a thriller", "genres has Horror"),
    ],
)
def test_two_negations_and_everyone_but(
    parsers: dict[str, Parser], said: str, condition: str
) -> None:
    request = parsers["films"].parse(said)
    assert request.intent is Intent.RECOMMEND
    assert condition in request.conditions


@pytest.mark.parametrize(
    ("catalog", "said", "condition"),
    [
        ("films", "a film shorter than Heat", "runtime < 170"),
        ("films", "something longer than Contact", "runtime > 150"),
        ("films", "not as long as Heat", "runtime < 170"),
        ("films", "not longer than Contact", "runtime <= 150"),
        ("films", "a drama no longer than Gran Torino", "runtime <= 116"),
        ("games", "games shorter than Celeste", "hours < 8"),
    ],
)
def test_a_number_is_compared_with_a_named_item(
    parsers: dict[str, Parser], catalog: str, said: str, condition: str
) -> None:
    request = parsers[catalog].parse(said)
    assert condition in request.conditions
    assert not request.disliked


def test_what_was_expected_is_no_item_to_compare_with(parsers: dict[str, Parser]) -> None:
    assert not parsers["films"].parse("it was longer than I expected").conditions
    assert parsers["films"].parse("longer than two hours").conditions == ("runtime > 120",)
