from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from recagent_catalogs.bundled import install_bundled, read_bundled
from recagent_catalogs.data import ItemTable
from recagent_catalogs.errors import NotFound
from recagent_catalogs.report import Log
from recagent_catalogs.schema import CatalogSchema, Column, Role
from recagent_catalogs.shipped import bundled_names
from recagent_catalogs.simulate import (
    FIRST_DAY,
    LAST_DAY,
    MIN_LIKES,
    Taste,
    derived_tastes,
    simulate,
)
from recagent_catalogs.store import Catalog


def test_movies_come_first() -> None:
    assert bundled_names()[0] == "movies"


@pytest.mark.parametrize("name", bundled_names())
def test_the_shipped_files_have_no_slip(name: str) -> None:
    log = Log(skip_bad_rows=True)
    _, items = read_bundled(name, log)
    assert [str(warning) for warning in log.warnings] == []
    assert log.dropped == []
    assert len(items) >= 250


@pytest.fixture(scope="module")
def movies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    folder = tmp_path_factory.mktemp("bundled")
    install_bundled("movies", folder / "movies")
    catalog = Catalog.open(folder / "movies")
    yield catalog
    catalog.close()


def test_the_installed_catalog(movies: Catalog) -> None:
    assert movies.schema.simulated and movies.report["simulated"]
    assert (movies.report["feedback"], movies.report["order"]) == ("pairs", "time")
    data = movies.interactions
    assert data is not None and data.value is None and not data.explicit
    assert int(movies.popularity.min()) >= MIN_LIKES
    assert movies.words("genres").resolve("science fiction") == "Sci-Fi"
    popular = np.sort(movies.popularity)[::-1]
    assert popular[0] > 2.5 * np.median(popular)  # a long tail, as real data have


def test_an_unknown_name(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no bundled catalog 'wines'"):
        install_bundled("wines", tmp_path / "x")


def checkerboard(n: int = 60) -> ItemTable:
    """Items of two kinds that share nothing."""
    schema = CatalogSchema(
        "toy",
        (
            Column("id", Role.ID), Column("title", Role.TITLE), Column("year", Role.YEAR),
            Column("tags", Role.TAGS),
        ),
    )  # fmt: skip
    return ItemTable(
        schema,
        {
            "id": [str(row) for row in range(n)],
            "title": [f"Item {row}" for row in range(n)],
            "year": [2022 if row < 4 else 1990 for row in range(n)],
            "tags": [["even" if row % 2 == 0 else "odd"] for row in range(n)],
        },
    )


TASTES = [Taste("even", 1.0, tuple(range(0, 60, 2))), Taste("odd", 1.0, tuple(range(1, 60, 2)))]


def test_the_same_seed_gives_the_same_people() -> None:
    first, second, other = (
        simulate(checkerboard(), TASTES, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert np.array_equal(first.item, second.item)
    assert first.time is not None and second.time is not None
    assert np.array_equal(first.time, second.time)
    assert len(first) != len(other) or not np.array_equal(first.item, other.item)


def test_likes_are_dated_distinct_and_after_the_release() -> None:
    people = simulate(checkerboard(), TASTES, np.random.default_rng(0))
    assert people.time is not None and people.time_kind == "seconds" and people.value is None
    assert FIRST_DAY.timestamp() <= people.time.min() and people.time.max() <= LAST_DAY.timestamp()
    pairs = people.user.astype(np.int64) * 60 + people.item
    assert len(np.unique(pairs)) == len(pairs)
    assert np.bincount(people.item, minlength=60).min() >= MIN_LIKES
    new = people.time[people.item < 4]
    assert new.min() >= np.datetime64("2022-06-01").astype("datetime64[s]").astype(np.int64)


def test_people_keep_to_their_taste() -> None:
    board = checkerboard()
    people = simulate(board, [TASTES[0]], np.random.default_rng(0))
    even = (people.item % 2 == 0).mean()
    assert even > 0.8
    both = simulate(board, TASTES, np.random.default_rng(0))
    kind = both.item % 2 == 0
    share = np.bincount(both.user, weights=kind) / np.bincount(both.user)
    # Mixed people exist, but far more than chance alone would give take mostly one kind.
    assert ((share < 0.2) | (share > 0.8)).mean() > 0.25


def test_tastes_are_derived_where_none_are_written() -> None:
    table = checkerboard(12)
    names = {taste.name: taste.rows for taste in derived_tastes(table)}
    assert names["tags: even"] == (0, 2, 4, 6, 8, 10)
    people = simulate(table, [], np.random.default_rng(0))
    assert np.bincount(people.item, minlength=12).min() >= MIN_LIKES
