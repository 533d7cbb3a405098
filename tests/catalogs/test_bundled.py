from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from recagent_catalogs.bundled import install_bundled, read_bundled
from recagent_catalogs.errors import NotFound
from recagent_catalogs.report import Log
from recagent_catalogs.shipped import bundled_names
from recagent_catalogs.simulate import FIRST_DAY, LAST_DAY, MIN_LIKES
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


def test_the_films_have_a_long_tail(movies: Catalog) -> None:
    counts = np.sort(movies.popularity).astype(np.float64)
    n = len(counts)
    gini = float((2 * np.arange(1, n + 1) - n - 1) @ counts / (n * counts.sum()))
    assert 0.45 < gini < 0.7
    assert 0.05 < counts[-(n // 100) :].sum() / counts.sum() < 0.15
    assert 20 <= np.median(counts) <= 60
    # nothing is everybody's: what all people take says nothing of taste
    assert counts[-1] < 0.3 * movies.n_users


def test_there_are_as_many_films_likes_as_promised(movies: Catalog) -> None:
    taken = movies.interactions
    assert taken is not None and taken.time is not None
    assert taken.n_users == 4_000
    assert 180_000 < len(taken.item) < 220_000
    each = np.bincount(taken.user)
    assert each.min() >= 5 and 25 <= np.median(each) <= 60 and each.max() > 200
    year = 365.25 * 86_400
    place = (np.asarray(taken.time) - FIRST_DAY.timestamp()) / year
    assert place.min() >= 0 and place.max() <= (LAST_DAY - FIRST_DAY).days / 365.25 + 0.01
    by_year = np.bincount(place.astype(int), minlength=8)[:8] / len(place)
    assert (by_year > 0.02).all()


def test_an_unknown_name(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no bundled catalog 'wines'"):
        install_bundled("wines", tmp_path / "x")
