"""A kind of the catalog is that kind, even where a maker or a title has it in its name."""

from __future__ import annotations

import pytest

from recagent_cli.agent.builtin.parse import Parser
from tests.cli import builtin_catalogs

MAKER = "Meadow Quest|2015|Adventure|Tower Defense Studios|PC|co-op|5|farming|all|"
PART = "Beacon: A Walking Simulator|2018|Adventure|Deep Well|PC|co-op|5|farming|all|"
TAGGED = (
    "Rampart {n}|2016|Strategy|Small Fish|PC|co-op|5|tower defense|all|",
    "Long Road {n}|2019|Adventure|Deep Well|PC|co-op|5|walking simulator|all|",
)
GAMES = "\n".join([MAKER, PART, *(row.format(n=n) for row in TAGGED for n in range(60))])


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Parser:
    folder = tmp_path_factory.mktemp("kinds")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(builtin_catalogs, "GAMES", GAMES)
        return Parser(builtin_catalogs.games(folder), year=lambda: 2026)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("tower defense games", ("tags has tower-defence",)),
        ("tower defense, no farming", ("tags has tower-defence", "tags lacks farming")),
        ("games by Tower Defense", ("developers has Tower Defense Studios",)),
        ("a walking simulator", ("tags has walking-sim",)),
    ],
)
def test_kinds_win_over_short_names(parser: Parser, text: str, where: tuple[str, ...]) -> None:
    request = parser.parse(text)
    assert set(request.conditions) == set(where) and not request.liked


def test_a_title_marked_as_one_stays(parser: Parser) -> None:
    request = parser.parse("something like A Walking Simulator")
    assert [m.title for m in request.liked] == ["Beacon: A Walking Simulator (2018)"]
