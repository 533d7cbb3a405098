"""A build that was not made here is tried in a process of its own before this one uses it.

Whoever changes a model can write its checksums anew. So what holds a build's numbers against each
other, loads its trees and asks everything of it runs in a child, which may crash, hang or eat all
the memory it is allowed: `python -m recagent_tools.models.trial CATALOG BUILD`. It writes a line
for each part that passed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recagent_catalogs import children

if TYPE_CHECKING:
    from .engine import Engine

PARTS = ("retrievers", "rankers")
"""What is tried, in this order: without rankers one can do."""
SECONDS = 4.0
BYTES_A_SECOND = 100e6
"""A large build may take longer to be read."""
MEMORY = 3 << 30
LARGEST = 1e12
"""No weight of a real model comes near it; sums of more overflow."""
MANY = 1 << 22
"""Numbers that are looked at together."""


def try_build(catalog: Path, directory: Path, rankers: bool, size: int) -> dict[str, str]:
    """What is wrong with each of `PARTS`; "" where nothing is.

    Args:
        catalog: the catalog's directory.
        directory: the build's, its checksums verified.
        rankers: whether they are to be tried at all.
        size: of the build, bytes.
    """
    # Nothing is ever written to it: it closes with this process, and ends the child.
    ours, theirs = os.pipe()
    process = subprocess.Popen(
        [
            *children.python(__name__),
            str(catalog.absolute()),
            str(directory.absolute()),
            *(["rankers"] if rankers else []),
        ],
        env=children.environment(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1"),
        stdin=ours,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(ours)
    why = "it ended the process that tried it"
    try:
        said, _ = process.communicate(timeout=SECONDS + size / BYTES_A_SECOND)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
        why = "it came to no end when it was tried"
    finally:  # Ctrl-C, too
        process.kill()
        os.close(theirs)
    return {part: _outcomes(said).get(part, why) for part in PARTS}


def _outcomes(said: bytes) -> dict[str, str]:
    told: dict[str, str] = {}
    for line in said.splitlines():
        try:
            told |= {str(part): str(why)[:200] for part, why in json.loads(line).items()}
        except (ValueError, AttributeError):
            continue  # a library that talks on stdout
    return told


def check_retrievers(engine: Engine) -> None:
    """Look at all numbers of a build, then ask everything of it that needs no ranker.

    Raises:
        Exception: whatever is wrong with it.
    """
    import numpy as np

    from .history import History

    first = engine.recommender.first
    for name, retriever in first.retrievers.items():
        for where, thing in _parts(retriever, name):
            _check(thing, where)
    _check(engine.exposure(), "exposure")
    _check_held_back(engine)
    n_items = engine.catalog.n_items
    rows = np.arange(n_items, dtype=np.int32)
    chosen = np.unique(np.linspace(0, n_items - 1, 8).astype(np.int32)) if n_items else rows
    weights = np.ones(len(chosen), dtype=np.float32)
    for history in (History(rows[:0], weights[:0]), History(chosen, weights, engine.ordered)):
        engine.likeness(history, rows)
        engine.recommender.retrieve(history, 50)
        for name in engine.names(history):
            _check(engine.scores(name, history, rows), name)
    if engine.rates:
        model = engine.ratings
        for begin in range(0, n_items, MANY // 64):
            model.predict(model.fold_in({}), rows[begin : begin + MANY // 64])
        engine.predict_rating(rows[:50], {int(row): sum(model.scale) / 2 for row in chosen})
    if (
        engine.rating_scale is not None
        and not engine.rating_scale[0] < engine.rating_scale[1] < 1e9
    ):
        raise ValueError("the ratings' scale is none")


def _check_held_back(engine: Engine) -> None:
    taken, measured = engine.catalog.interactions, engine.held_back()
    if measured is not None:
        _within(measured[0], taken.n_users if taken else 0, "held back")
        _check(measured[1], "held back")


def check_rankers(engine: Engine) -> None:
    """Load every ranker, and rank by it.

    Raises:
        Exception: whatever is wrong with one.
    """
    import numpy as np

    from .features import KINDS, feature_names
    from .history import History

    rng = np.random.default_rng(0)
    for kind in KINDS:
        ranker = engine.recommender.ranker_of(kind)
        if ranker is None:
            continue
        matrix = rng.normal(scale=20, size=(2_000, len(feature_names(kind)))).astype(np.float32)
        matrix[rng.random(matrix.shape) < 0.1] = np.nan
        _check(ranker.predict(matrix), kind)
        _check(ranker.contributions(matrix[:20]), kind)
    n_items = engine.catalog.n_items
    for ordered in (False, True):
        liked = np.arange(min(5, n_items), dtype=np.int32)
        history = History(liked, np.ones(len(liked), dtype=np.float32), ordered)
        engine.rank(np.arange(n_items, dtype=np.int32)[:500], history)


def _parts(thing: Any, name: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """The arrays and sparse matrices that a retriever holds, wherever they hang from it."""
    import numpy as np

    from .sparse import SparseRows
    from .topk import FactorIndex
    from .transitions import LagTable

    if isinstance(thing, np.ndarray | SparseRows | FactorIndex | LagTable):
        yield name, thing
    if isinstance(thing, np.ndarray) or depth > 4:
        return
    for key, value in getattr(thing, "__dict__", {}).items():
        if isinstance(value, np.ndarray) or type(value).__module__.startswith(__package__ or "-"):
            yield from _parts(value, f"{name}.{key}", depth + 1)


def _check(thing: Any, where: str) -> None:
    """Numbers are finite and of a size that models have, columns are columns.

    Raises:
        ValueError: they are not.
    """
    import numpy as np

    from .sparse import SparseRows
    from .topk import FactorIndex
    from .transitions import LagTable

    if isinstance(thing, SparseRows):
        _within(thing.indices, thing.n_columns, where)
    elif isinstance(thing, LagTable):
        _within(thing.indices, len(thing.taken), where)
    elif isinstance(thing, FactorIndex):
        everything = np.arange(len(thing), dtype=np.int32)
        _within(thing.rows, len(thing), where)
        if not np.array_equal(thing.places[thing.rows], everything):
            raise ValueError(f"{where}: places and rows are not each other's")
    if not isinstance(thing, np.ndarray):
        return
    if thing.dtype.kind != "f":
        return
    flat = thing.reshape(-1)
    for begin in range(0, len(flat), MANY):
        part = flat[begin : begin + MANY]
        # an age of what was never taken is unknown, and said so by NaN
        ok = (np.abs(part) <= LARGEST) | (np.isnan(part) & where.endswith(".age"))
        if not ok.all():
            raise ValueError(f"{where}: numbers that no model has")


def _within(indices: Any, count: int, where: str) -> None:
    if len(indices) and not 0 <= int(indices.min()) <= int(indices.max()) < count:
        raise ValueError(f"{where}: columns out of range")


def _limit() -> None:
    """No core file, no more memory and time than a trial needs, no file written.

    Where the system knows no such limits, the parent's clock is left.
    """
    if sys.platform == "win32":
        return
    import resource

    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CPU, 600),
    ):
        resource.setrlimit(what, (most, most))


def _limit_memory(size: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    most = MEMORY + 2 * size
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def main() -> None:
    """Try the build argv[2] of the catalog argv[1]."""
    from recagent_catalogs.store import Catalog

    from .artefacts import MANIFEST
    from .engine import Engine

    children.end_with_parent()
    directory = Path(sys.argv[2])
    _limit()
    _limit_memory(sum(entry.stat().st_size for entry in os.scandir(directory)))
    catalog = Catalog.open(Path(sys.argv[1]))
    manifest = json.loads((directory / MANIFEST).read_bytes())
    checks = {"retrievers": check_retrievers, "rankers": check_rankers}
    engine: Engine | None = None
    for part in PARTS if "rankers" in sys.argv[3:] else PARTS[:1]:
        why = ""
        try:
            engine = engine or Engine.of_build(catalog, directory, manifest)
            checks[part](engine)
            why = "; ".join(engine.notices) if part == "rankers" else ""
        except Exception as error:  # of a stranger's numbers anything may come
            why = " ".join(f"{error}".split()) or type(error).__name__
        sys.stdout.write(json.dumps({part: why}) + "\n")
        sys.stdout.flush()
        if why:
            break
    os._exit(0)  # what was loaded need not be freed, and may not be fit to be


if __name__ == "__main__":
    main()
