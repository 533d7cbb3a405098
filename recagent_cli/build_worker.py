"""Trains a catalog's models in a process of its own: a first answer need not wait for the end.

Progress and outcome are JSON lines on stdout; whoever read them may have gone. The lock is this
process's own, so that it lasts exactly as long as the training does.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from recagent_catalogs.errors import RecagentError
from recagent_catalogs.locks import locked

from .library import BUILDING
from .own_builds import is_stale

BUSY_AFTER_S = 0.5
"""Longer than anybody who only looks whether the lock is free holds it."""


def _say(message: dict[str, Any]) -> None:
    try:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()
    except OSError:
        # The reader has gone: the build goes on, its words go nowhere.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")


def main() -> None:
    """Build the catalog of argv[1] into the models directory argv[2], with the model of argv[3]."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    directory, models, *semantic = map(Path, sys.argv[1:])
    try:
        models.mkdir(parents=True, exist_ok=True)
        with locked(models / BUILDING, seconds=BUSY_AFTER_S) as held:
            if held:
                _train(directory, models, semantic[0] if semantic else None)
        _say({"outcome": "built" if held else "busy"})
    except RecagentError as error:
        _say({"outcome": "failed", "message": error.message})
    except OSError as error:
        _say({"outcome": "failed", "message": f"{models}: {error.strerror or error}"})


def _train(directory: Path, models: Path, semantic: Path | None) -> None:
    from recagent_catalogs.store import Catalog
    from recagent_tools.models.engine import Engine
    from recagent_tools.models.training import build

    catalog = Catalog.open(directory)
    engine = Engine.open(catalog, models)
    if engine.trained and not engine.damaged and not is_stale(models):
        return  # another process was a moment faster

    def train(folder: Path | None) -> None:
        build(
            catalog,
            models,
            progress=lambda text, share: _say({"text": text, "share": share}),
            quick=True,
            semantic=folder,
        )

    try:
        train(semantic)
    except RecagentError:
        if semantic is None:
            raise
        train(None)  # what is wrong with that folder is told where it is used


if __name__ == "__main__":
    main()
