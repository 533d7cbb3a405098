"""What the tests of the tools share."""

from __future__ import annotations

from pathlib import Path

import pytest

from recagent_catalogs.store import Catalog
from recagent_tools.bus import CandidateBus
from recagent_tools.models.engine import Engine
from recagent_tools.registry import load_toolbox
from recagent_tools.toolbox import Toolbox, ToolContext


@pytest.fixture
def context(films: Catalog, films_home: Path) -> ToolContext:
    engine = Engine.open(films, films_home / "data" / "models" / "films")
    return ToolContext(films, engine, CandidateBus(films.n_items, films.fingerprint))


@pytest.fixture(scope="module")
def toolbox() -> Toolbox:
    return load_toolbox()
