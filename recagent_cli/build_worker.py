"""Trains a catalog's models in a process of its own: a first answer need not wait for the end.

Progress and outcome are JSON lines on stdout; whoever read them may have gone.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from recagent_catalogs.errors import RecagentError


def _say(message: dict[str, Any]) -> None:
    try:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()
    except OSError:
        # The reader has gone: the build goes on, its words go nowhere.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")


def main() -> None:
    """Build the catalog of argv[1] into the models directory argv[2]."""
    from recagent_catalogs.store import Catalog
    from recagent_tools.models.training import build

    try:
        catalog = Catalog.open(Path(sys.argv[1]))
        build(
            catalog,
            Path(sys.argv[2]),
            progress=lambda text, share: _say({"text": text, "share": share}),
            quick=True,
        )
    except RecagentError as error:
        _say({"outcome": "failed", "message": error.message})
    else:
        _say({"outcome": "built"})


if __name__ == "__main__":
    main()
