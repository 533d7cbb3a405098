"""Aspects of the ranking: as an option of `recommend`, in Python, and in a person's own words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recagent_catalogs.errors import BadInput
from recagent_catalogs.store import Catalog
from recagent_cli import Assistant
from recagent_cli.agent.builtin.parse import Parser
from recagent_cli.paths import Paths
from recagent_tools.rank import ASPECTS

from ..conftest import RunCommand


@pytest.fixture
def assistant(films_home: Path) -> Assistant:
    paths = Paths(films_home / "data", films_home / "config", films_home / "cache")
    return Assistant("films", paths=paths, incognito=True)


@pytest.mark.usefixtures("home")
def test_weights_order_the_list(recagent: RunCommand) -> None:
    def years(*weights: str) -> list[int]:
        options = [part for weight in weights for part in ("--weight", weight)]
        ran = recagent("recommend", "-n", "4", "--json", *options)
        assert ran.code == 0, ran.err
        return [item["year"] for item in json.loads(ran.out)["items"]]

    assert min(years("recency=5", "fit=0")) > max(years("recency=-5", "fit=0"))
    assert len(years("diversity=.5", "popularity=-1")) == 4


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("weight", "told"),
    [("fame=1", "aspects: fit"), ("novelty", "needs a number"), ("diversity=2", "-1 and 1")],
)
def test_a_wrong_weight_is_one_line(recagent: RunCommand, weight: str, told: str) -> None:
    ran = recagent("recommend", "--weight", weight)
    assert ran.code == 4 and ran.out == "" and told in ran.err and "weight" in ran.err


def test_help_names_every_aspect(recagent: RunCommand) -> None:
    page = recagent("recommend", "--help").out
    assert all(name in page for name in (*ASPECTS, "fit"))


def test_weights_in_python(assistant: Assistant) -> None:
    with assistant:
        newest = assistant.recommend(weights=["recency=5", "fit=0"], count=1)
        assert newest[0].year == 2022
        with pytest.raises(BadInput):
            assistant.recommend(weights=["recency=9"])


@pytest.mark.parametrize(
    ("text", "aspect", "sign"),
    [
        ("a varied mix of dramas", "diversity", 1),
        ("a good mix of comedies", "diversity", 1),
        ("a diverse list of films", "diversity", 1),
        ("different genres please", "diversity", 1),
        ("something different", "diversity", 1),
        ("films, a bit of everything", "diversity", 1),
        ("nothing popular", "popularity", -1),
        ("no blockbusters please", "popularity", -1),
        ("hidden gems", "novelty", 1),
        ("less known comedies", "novelty", 1),
        ("recent comedies", "recency", 1),
    ],
)
def test_words_become_weights(films: Catalog, text: str, aspect: str, sign: int) -> None:
    weights = dict(Parser(films).parse(text).weights)
    assert weights.get(aspect, 0.0) * sign > 0


def test_the_built_in_brain_passes_the_weights_on(assistant: Assistant) -> None:
    with assistant:
        turn = assistant.ask("a varied mix of films, nothing popular", keep=False)
    ranked = [call for call in turn.trace if call.tool == "rank"]
    weights = ranked[0].arguments["weights"]
    assert any(text.startswith("diversity=") for text in weights)
    assert any(text.startswith("popularity=-") for text in weights)
    assert "differ from each other" in turn.text
