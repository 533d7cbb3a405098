"""What any fan would insist on, held against the models of the bundled catalogs.

Ranks are generous, so that the tests are about taste and not about how the dice fell; the tables in
`docs/neighbours.md` show how near things really are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from recagent_catalogs.interactions import Floats
from recagent_cli.assistant import Assistant
from recagent_cli.paths import Paths
from recagent_tools.models.als import ALS
from recagent_tools.models.artefacts import open_build

NEAR, NEAR_BY_ALS = 30, 60
"""Places within which a related item is found, of 2,945 films or 1,122 games."""
FAR = 60
"""Places within which what has nothing to do with it is not."""
MARGIN = 1.8
"""Times the NDCG@10 of popularity; measured: three times and more."""
MOVIES_NEAR = """
alien-1979 aliens-1986
alien-1979 the-thing-1982
toy-story-1995 toy-story-2-1999
toy-story-1995 monsters-inc-2001
amelie-2001 the-city-of-lost-children-1995
heat-1995 the-departed-2006
the-matrix-1999 blade-runner-1982
the-matrix-1999 terminator-2-judgment-day-1991
the-godfather-1972 the-godfather-part-ii-1974
the-godfather-1972 goodfellas-1990
spirited-away-2001 my-neighbor-totoro-1988
pulp-fiction-1994 reservoir-dogs-1992
love-actually-2003 notting-hill-1999
stalker-1979 solaris-1972
blade-runner-1982 blade-runner-2049-2017
dune-2021 dune-part-two-2024
parasite-2019 memories-of-murder-2003
casablanca-1942 the-maltese-falcon-1941
get-out-2017 us-2019
hereditary-2018 midsommar-2019
airplane-1980 the-naked-gun-1988
seven-samurai-1954 yojimbo-1961
before-sunrise-1995 before-sunset-2004
the-good-the-bad-and-the-ugly-1966 a-fistful-of-dollars-1964
""".split()
MOVIES_FAR = """
alien-1979 love-actually-2003
toy-story-1995 goodfellas-1990
alien-1979 schindlers-list-1993
stalker-1979 home-alone-1990
the-exorcist-1973 frozen-2013
airplane-1980 schindlers-list-1993
love-actually-2003 the-texas-chain-saw-massacre-1974
spirited-away-2001 the-departed-2006
seven-samurai-1954 mean-girls-2004
""".split()
GAMES_NEAR = """
portal-2007 portal-2-2011
stardew-valley-2016 harvest-moon-1996
dark-souls-2011 bloodborne-2015
the-secret-of-monkey-island-1990 day-of-the-tentacle-1993
the-sims-2000 the-sims-2-2004
""".split()
GAMES_FAR = """
stardew-valley-2016 doom-1993
dark-souls-2011 the-sims-2000
""".split()


def _pairs(words: list[str]) -> list[tuple[str, str]]:
    return list(zip(words[::2], words[1::2], strict=True))


def test_there_are_forty_relations() -> None:
    assert len(MOVIES_NEAR + MOVIES_FAR + GAMES_NEAR + GAMES_FAR) == 2 * 40


class Neighbours:
    """Places of items near an item, by everything and by ALS alone."""

    def __init__(self, name: str, paths: Paths) -> None:
        self.assistant = Assistant(name, paths=paths, build=False)
        self.catalog = self.assistant.catalog
        assert self.assistant.engine.trained
        found = open_build(paths.models / name, self.catalog.fingerprint)
        assert found is not None
        self.als = ALS.load(found[0], self.catalog.n_items)
        self.shown: dict[str, list[str]] = {}

    def row(self, item: str) -> int:
        row = self.catalog.row_of(item)
        assert row is not None, item
        return row

    def place(self, item: str, other: str) -> int:
        """Of `other` in what `recagent similar` answers, from 1; 1,000 where it is not there."""
        self.row(other)
        if item not in self.shown:
            self.shown[item] = [one.id for one in self.assistant.similar(item, count=300)]
        listed = self.shown[item]
        return listed.index(other) + 1 if other in listed else 1_000

    def place_by_als(self, item: str, other: str) -> int:
        """Of `other` by the cosine of item factors, from 1."""
        cosine: Floats = self.als.similar(self.row(item))
        cosine[self.row(item)] = -np.inf
        return 1 + int(np.count_nonzero(cosine > cosine[self.row(other)]))


@pytest.fixture(scope="module")
def neighbours(bundled_home: Path) -> Iterator[Callable[[str], Neighbours]]:
    home = bundled_home
    paths = Paths(home / "data", home / "config", home / "cache")
    opened: dict[str, Neighbours] = {}

    def of(name: str) -> Neighbours:
        if name not in opened:
            opened[name] = Neighbours(name, paths)
        return opened[name]

    yield of
    for one in opened.values():
        one.assistant.close()


@pytest.mark.parametrize(("item", "other"), _pairs(MOVIES_NEAR))
def test_films_that_belong_together(
    neighbours: Callable[[str], Neighbours], item: str, other: str
) -> None:
    assert neighbours("movies").place(item, other) <= NEAR
    assert neighbours("movies").place_by_als(item, other) <= NEAR_BY_ALS


@pytest.mark.parametrize(("item", "other"), _pairs(GAMES_NEAR))
def test_games_that_belong_together(
    neighbours: Callable[[str], Neighbours], item: str, other: str
) -> None:
    assert neighbours("games").place(item, other) <= NEAR
    assert neighbours("games").place_by_als(item, other) <= NEAR_BY_ALS


@pytest.mark.parametrize(("item", "other"), _pairs(MOVIES_FAR))
def test_films_that_do_not(neighbours: Callable[[str], Neighbours], item: str, other: str) -> None:
    assert neighbours("movies").place(item, other) > FAR
    assert neighbours("movies").place_by_als(item, other) > FAR


@pytest.mark.parametrize(("item", "other"), _pairs(GAMES_FAR))
def test_games_that_do_not(neighbours: Callable[[str], Neighbours], item: str, other: str) -> None:
    assert neighbours("games").place(item, other) > FAR
    assert neighbours("games").place_by_als(item, other) > FAR


@pytest.mark.parametrize("name", ["movies", "games"])
def test_models_beat_popularity_by_a_wide_margin(bundled_home: Path, name: str) -> None:
    builds = bundled_home / "data" / "models" / name
    manifest = json.loads(next(builds.glob("*/manifest.json")).read_text(encoding="utf-8"))
    ndcg = {row["model"]: row["ndcg@10"] for row in manifest["metrics"]}
    if "ranker" in ndcg:  # there is none where LightGBM cannot run
        assert ndcg["ranker"] >= MARGIN * ndcg["popularity"]
    assert ndcg["als"] >= MARGIN * ndcg["popularity"]
