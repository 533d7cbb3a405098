"""Makes parts of a batch job in a process of its own: numbers come in, outcomes go out, by line.

The end of standard input is the end of it, so that no worker outlives the job that started it.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path
from typing import Any

from recagent_catalogs.errors import RecagentError


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Work for the catalog of argv[1], the models of argv[2], the parts of argv[3], job argv[4]."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    try:
        _work(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), json.loads(sys.argv[4]))
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")
    except RecagentError as error:
        _say({"failed": error.message})
    except OSError as error:
        _say({"failed": error.strerror or str(error), "full": error.errno == errno.ENOSPC})


def _work(directory: Path, models: Path, place: Path, told: dict[str, Any]) -> None:
    from recagent_catalogs.store import Catalog
    from recagent_tools.models.engine import Engine

    from .recommend_all import Job, Parts, make_part

    job = Job(**told)
    catalog = Catalog.open(directory)
    engine = Engine.open(catalog, models)
    if catalog.fingerprint != job.catalog or build_of(engine) != job.build:
        raise RecagentError("the catalog or its models were replaced meanwhile")
    parts = Parts(place, job)
    for line in sys.stdin:
        number = int(line)
        parts.write(number, make_part(engine, job, number))
        _say({"done": number})


def build_of(engine: Any) -> str:
    """The name of an engine's build; "" where there is none."""
    return str((engine.manifest or {}).get("build", ""))


if __name__ == "__main__":
    main()
