from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from recagent_catalogs.ingest import ingest
from recagent_catalogs.store import Catalog

from .helpers import movielens_folder


@pytest.fixture(scope="session")
def movielens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    """The ten films of `helpers.MOVIES` with their ratings and tags."""
    folder: Path = tmp_path_factory.mktemp("movielens")
    ingest(movielens_folder(folder / "source"), folder / "ml", name="ml")
    catalog = Catalog.open(folder / "ml")
    yield catalog
    catalog.close()
