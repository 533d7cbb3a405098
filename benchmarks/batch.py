"""Lists for everybody: what a user costs, beside the matrix product alone, and how it grows.

    python benchmarks/batch.py [FOLDER …] [--sizes 10000,100000,1000000] [--users 5000] [--runs 5]
                               [--parts ab] [--json]

  a  exact top 10 by factors (64 numbers, synthetic) for blocks of users, what they took left out:
     our kernel against the matrix product alone (tiles of the same shape, scores overwritten), and
     against implicit's `recommend`. Two kinds of factors: `flat`, all about equally long, where
     nothing can be skipped; `skewed`, lengths after Pareto as real ones have, where reading stops
     early. The run ends if our lists are not those of `FactorIndex.top`.
  b  the whole engine (retrieval, 1,000 candidates, features, ranker) on each FOLDER, a dataset with
     interactions (default: ml-latest-small and ml-100k of $RECAGENT_BENCH_DATA/datasets), against
     the same lists made one user at a time, and against ALS alone (fold-in and our kernel).

Everything alternates in one process on one thread; CPU seconds are medians over the runs, ratios
medians of each run's own ratio, with their range. Sizes that would not fit in half of the free
memory are skipped, and said so. The load of the machine stands beside each figure.
"""

from __future__ import annotations

import os

# as the workers of the batch job set them
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from recagent_tools.models.als import ALS
from recagent_tools.models.history import History
from recagent_tools.models.memory import free_memory
from recagent_tools.models.threads import blas_threads
from recagent_tools.models.topk import BLOCK, FactorIndex
from recagent_tools.models.topk_many import ITEMS, PEOPLE, top_many

K = 10
FACTORS = 64
TAKEN = 100
MOST_USERS = 400
"""Of a dataset, for part b."""
Call = Callable[[], Any]


@dataclass
class Row:
    """One line of the tables: seconds a 1,000 users."""

    part: str
    case: str
    peer: str
    items: int
    users: int
    ours_cpu_s: float
    ours_wall_s: float
    peer_cpu_s: float
    peer_wall_s: float
    ratio: float
    range: tuple[float, float]
    load: float
    goal: str = ""


def timed(call: Call) -> tuple[float, float]:
    """CPU seconds and wall seconds of a call."""
    cpu, wall = time.process_time(), time.perf_counter()
    call()
    return time.process_time() - cpu, time.perf_counter() - wall


def compare(
    part: str,
    case: str,
    n_items: int,
    users: int,
    ours: Call,
    peers: dict[str, Call],
    runs: int,
    goals: dict[str, str],
) -> list[Row]:
    """Ours and each peer, alternating."""
    for call in (ours, *peers.values()):
        call()
    taken = [[timed(ours), *(timed(peer) for peer in peers.values())] for _ in range(runs)]
    rows = []
    for place, name in enumerate(peers, start=1):
        ratios = sorted(run[0][0] / run[place][0] for run in taken)
        each = [
            round(1000 / users * median(run[which][clock] for run in taken), 4)
            for which in (0, place)
            for clock in (0, 1)
        ]
        rows.append(
            Row(
                *(part, case, name, n_items, users, *each),
                ratio=round(median(ratios), 3),
                range=(round(ratios[0], 3), round(ratios[-1], 3)),
                load=round(os.getloadavg()[0], 1),
                goal=goals.get(name, ""),
            )
        )
    return rows


# -- a: factors -----------------------------------------------------------------------------------


def product(factors: np.ndarray, people: np.ndarray) -> None:
    """The matrix product alone, in tiles, each over the one before."""
    tile = np.empty((BLOCK, PEOPLE), dtype=np.float32)
    for begin in range(0, len(people), PEOPLE):
        block = np.ascontiguousarray(people[begin : begin + PEOPLE].T)
        for first in range(0, len(factors), ITEMS):
            part = factors[first : first + ITEMS]
            row = first % BLOCK
            np.matmul(part, block, out=tile[row : row + len(part), : block.shape[1]])


def implicits(factors: np.ndarray, people: np.ndarray, taken: list[np.ndarray]) -> Call:
    """implicit's own batch route on the same factors."""
    import scipy.sparse
    from implicit.cpu.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(factors=factors.shape[1], num_threads=1)
    model.item_factors, model.user_factors = factors, people
    indptr = np.concatenate(([0], np.cumsum([len(rows) for rows in taken])))
    indices = np.concatenate(taken)
    ones = np.ones(len(indices), dtype=np.float32)
    shape = (len(people), len(factors))
    matrix = scipy.sparse.csr_matrix((ones, indices, indptr), shape=shape)
    users = np.arange(len(people))

    def call() -> None:
        with blas_threads(1):
            model.recommend(users, matrix, N=K, filter_already_liked_items=True)

    return call


def factor_rows(options: argparse.Namespace) -> Iterator[Row]:
    """Part a."""
    rng = np.random.default_rng(0)
    for n in options.sizes:
        # implicit holds the scores of a block of users over all items
        needed = 3 * 4 * n * FACTORS + 4 * n * 1_000
        if needed > free_memory() / 2:
            print(f"skipped {n:,} items: not enough free memory", file=sys.stderr)
            continue
        users = max(1_000, options.users // 5) if n > 200_000 else options.users
        for kind in ("flat", "skewed"):
            factors = rng.standard_normal((n, FACTORS), dtype=np.float32)
            if kind == "skewed":
                factors *= (rng.pareto(1.2, (n, 1)) + 0.05).clip(0, 20).astype(np.float32)
            people = rng.standard_normal((users, FACTORS), dtype=np.float32)
            taken = [np.unique(rng.integers(0, n, TAKEN, dtype=np.int32)) for _ in range(users)]
            index = FactorIndex.of_factors(factors)
            check(index, people, taken)
            yield from compare(
                "a",
                kind,
                n,
                users,
                lambda index=index, people=people, taken=taken: top_many(index, people, K, taken),
                {
                    "product alone": lambda f=factors, p=people: product(f, p),
                    "implicit": implicits(factors, people, taken),
                },
                options.runs,
                {"product alone": "<= 1.15", "implicit": "< 1"},
            )


def check(index: FactorIndex, people: np.ndarray, taken: list[np.ndarray]) -> None:
    some = slice(0, 50)
    for person, rows, (found, _) in zip(
        people[some], taken[some], top_many(index, people[some], K, taken[some]), strict=True
    ):
        if not np.array_equal(found, index.top(person, K, None, rows)[0]):
            sys.exit("not the rows that FactorIndex.top gives")


# -- b: the whole engine --------------------------------------------------------------------------


def engine_rows(folder: Path, options: argparse.Namespace) -> Iterator[Row]:
    """Part b, for one dataset."""
    from recagent_catalogs.ingest import ingest
    from recagent_catalogs.store import Catalog
    from recagent_tools.models.engine import Engine
    from recagent_tools.models.training import build
    from recagent_tools.retrieve import KEEP

    with tempfile.TemporaryDirectory() as home:
        ingest(folder, Path(home) / "catalog", name="bench")
        catalog = Catalog.open(Path(home) / "catalog")
        build(catalog, Path(home) / "models", threads=2, quick=True)
        engine = Engine.open(catalog, Path(home) / "models")
        step = -(-catalog.n_users // MOST_USERS)
        users = list(range(0, catalog.n_users, step))
        histories = [engine.user_history(user) for user in users]
        recommender = engine.recommender
        lists = lambda some: recommender.lists(some, K, candidates=KEEP)  # noqa: E731
        peers: dict[str, Call] = {
            "one user at a time": lambda: [lists([history]) for history in histories]
        }
        als = recommender.first.retrievers.get("als")
        if isinstance(als, ALS):
            peers["ALS alone"] = lambda: als_alone(als, histories)
        for alone, (rows, _) in zip(peers["one user at a time"](), lists(histories), strict=True):
            if not np.array_equal(alone[0][0], rows):
                sys.exit(f"{folder.name}: a block gives other lists than single calls")
        yield from compare(
            "b",
            folder.name,
            catalog.n_items,
            len(users),
            lambda: lists(histories),
            peers,
            options.runs,
            {},
        )


def als_alone(als: ALS, histories: list[History]) -> None:
    people = np.stack([als.person(history) for history in histories])
    top_many(als.index, people, K, [history.rows for history in histories])


# -- printing -------------------------------------------------------------------------------------


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="*", type=Path)
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--users", type=int, default=5_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--parts", default="ab")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    options.sizes = [int(size) for size in options.sizes.split(",")]
    rows: list[Row] = []
    if "a" in options.parts:
        rows += collected(factor_rows(options), options)
    if "b" in options.parts:
        data = Path(os.environ.get("RECAGENT_BENCH_DATA", "")) / "datasets"
        for folder in options.folder or [data / "ml-latest-small", data / "ml-100k"]:
            if folder.is_dir():
                rows += collected(engine_rows(folder, options), options)
            else:
                print(f"skipped {folder}: no such folder", file=sys.stderr)
    if options.json:
        print(json.dumps({"unit": "s / 1,000 users", "rows": [asdict(row) for row in rows]}))


def collected(rows: Iterator[Row], options: argparse.Namespace) -> list[Row]:
    """The rows; each is printed as it comes."""
    found = []
    for row in rows:
        found.append(row)
        if not options.json:
            low, high = row.range
            print(
                f"{row.part} {row.case:<16} {row.items:>9,} items  {row.ours_cpu_s:>8} s CPU "
                f"({row.ours_wall_s} wall) / {row.peer}: {row.peer_cpu_s} ({row.peer_wall_s} wall) "
                f"= {row.ratio} [{low}, {high}] {row.goal}  load {row.load}",
                flush=True,
            )
    return found


if __name__ == "__main__":
    main()
