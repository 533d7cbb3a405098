"""What a warm turn costs, part by part, and how it grows with the catalog.

    python benchmarks/serving.py [FOLDER] [--sizes 10000,100000,1000000] [--runs 7]
                                 [--parts abcdef] [--json]

FOLDER is a dataset with interactions (default: ml-latest-small of $RECAGENT_BENCH_DATA/datasets):
our ALS is fitted on it, and `synthetic.py` makes catalogs of any size in its likeness. Sizes that
would not fit in half of the free memory are skipped, and said so. Each figure is the mean over the
same persons, ours and the peer's alternating in one process on one thread; milliseconds of CPU are
medians over the runs, ratios medians of each run's own ratio, with their range. Wherever our answer
must equal the plain one, the run ends if it does not.

  a  exact top 500: against reading the factors once (a matrix-vector product), and argpartition
  b  the same under filters that allow .1, 1, 12 and 50 % of the items
  c  the 500 largest of an array of scores: against argpartition
  d  500 rows x 100 trees: LightGBM's C library against its package on 1 and on 4 threads
  e  folding in a person of 5 to 20 likes: against implicit's `recalculate_user`
  f  the whole turn, filter -> 500 -> features -> 100 trees -> 10, for a history that is new and for
     one that was asked about before: against reading the factors once
"""

from __future__ import annotations

import os

# as the command line sets them: a turn runs on one thread
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from synthetic import Real, Synthetic, ranker_text, real

from recagent_tools.models.als import ALS
from recagent_tools.models.history import History
from recagent_tools.models.lightgbm_library import NativeBooster
from recagent_tools.models.recommender import Recommender
from recagent_tools.models.topk import largest

K = 500
SHARES = (0.001, 0.01, 0.12, 0.5)
PERSONS = 16
FEW_PERSONS = 4
"""From ten million items on: a reading of their factors takes a fifth of a second."""
BYTES_AN_ITEM = 900
"""Factors, their index, neighbours, words and counts of a synthetic item, while they are made."""
Call = Callable[[int], Any]


@dataclass
class Row:
    """One line of the tables."""

    part: str
    case: str
    peer: str
    n: int
    ours_ms: float
    peer_ms: float
    ratio: float
    range: tuple[float, float]
    goal: str = ""
    note: dict[str, float] = field(default_factory=dict)


def cpu_ms(call: Call, before: Call | None, persons: int) -> float:
    """Mean milliseconds of CPU a call; `before` is not counted."""
    total = 0.0
    for person in range(persons):
        if before is not None:
            before(person)
        started = time.process_time()
        call(person)
        total += time.process_time() - started
    return 1000 * total / persons


def compare(
    part: str,
    case: str,
    n: int,
    ours: Call,
    peers: dict[str, Call],
    options: argparse.Namespace,
    *,
    before: Call | None = None,
    persons: int = PERSONS,
    goal: str = "",
) -> list[Row]:
    """Ours against each peer, alternating."""
    cpu_ms(ours, before, persons)
    runs: list[list[float]] = []
    for _ in range(options.runs):
        mine = cpu_ms(ours, before, persons)
        runs.append([mine, *(cpu_ms(peer, None, persons) for peer in peers.values())])
    rows = []
    for place, name in enumerate(peers, start=1):
        ratios = sorted(run[0] / run[place] for run in runs)
        rows.append(
            Row(
                part,
                case,
                name,
                n,
                round(median(run[0] for run in runs), 4),
                round(median(run[place] for run in runs), 4),
                round(median(ratios), 3),
                (round(ratios[0], 3), round(ratios[-1], 3)),
                goal if place == 1 else "",
            )
        )
    return rows


def plain(scores: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """What most code does: argpartition, then sort."""
    if mask is not None:
        scores = np.where(mask, scores, np.float32(-np.inf))
    found = np.argpartition(-scores, min(K, len(scores) - 1))[:K]
    return found[np.argsort(-scores[found], kind="stable")]


def check(found: np.ndarray, wanted: np.ndarray, what: str) -> None:
    if not np.array_equal(found, wanted):
        sys.exit(f"{what}: not the same rows as the plain way gives")


def factor_rows(
    name: str, model: ALS, histories: list[History], options: argparse.Namespace
) -> Iterator[Row]:
    """Parts a and b."""
    index, n = model.index, model.n_items
    people = [model.person(history) for history in histories]
    read = {"GEMV": lambda i: index.factors @ people[i]}
    whole = {**read, "GEMV + argpartition": lambda i: plain(index.factors @ people[i])}
    if "a" in options.parts:
        for i, x in enumerate(people):
            check(index.top(x, K)[0], largest(index.dense(x), K), f"a, person {i}")
        goal = "<= 1.1 x"
        yield from compare(
            "a",
            f"top {K}, {name}",
            n,
            lambda i: index.top(people[i], K),
            whole,
            options,
            persons=len(people),
            goal=goal,
        )
    if "b" not in options.parts:
        return
    rng = np.random.default_rng(1)
    for share in SHARES:
        mask = rng.random(n) < share
        for x in people[:4]:
            scores = np.where(mask, index.dense(x), np.float32(-np.inf))
            wanted = largest(scores, min(K, int(mask.sum())))
            check(index.top(x, K, mask)[0], wanted, f"b, {share}")
        peers: dict[str, Call] = {
            "GEMV": read["GEMV"],
            "GEMV + argpartition": lambda i, mask=mask: plain(index.factors @ people[i], mask),
        }
        yield from compare(
            "b",
            f"top {K} of {100 * share:g} %, {name}",
            n,
            lambda i, mask=mask: index.top(people[i], K, mask),
            peers,
            options,
            persons=len(people),
        )


def largest_rows(model: ALS, histories: list[History], options: argparse.Namespace) -> list[Row]:
    """Part c."""
    scores = [model.index.dense(model.person(history)) for history in histories[:4]]
    for each in scores:
        check(largest(each, K), np.argsort(-each, kind="stable")[:K], "c")

    def bare(i: int) -> np.ndarray:
        return np.argpartition(scores[i % 4], len(scores[0]) - K)[-K:]

    peers: dict[str, Call] = {
        "argpartition, sorted": lambda i: plain(scores[i % 4]),
        "argpartition alone": bare,
    }
    goal = "<= 1/28 at 1M"
    n = model.n_items
    return compare(
        "c", f"{K} largest", n, lambda i: largest(scores[i % 4], K), peers, options, goal=goal
    )


def trees_rows(options: argparse.Namespace) -> list[Row]:
    """Part d."""
    import lightgbm

    text = ranker_text()
    native, package = NativeBooster(text), lightgbm.Booster(model_str=text.decode())
    rng = np.random.default_rng(2)
    matrix = rng.standard_normal((K, native.n_features)).astype(np.float32)
    matrix[rng.random(matrix.shape) < 0.1] = np.nan
    check(native.predict(matrix), package.predict(matrix, num_threads=1), "d")
    peers: dict[str, Call] = {
        "package, 1 thread": lambda i: package.predict(matrix, num_threads=1),
        "package, 4 threads": lambda i: package.predict(matrix, num_threads=4),
    }
    rows = compare("d", "500 rows x 100 trees", K, lambda i: native.predict(matrix), peers, options)
    started = time.perf_counter()
    for i in range(PERSONS):
        peers["package, 4 threads"](i)
    rows[1].note["peer_wall_ms"] = round(1000 * (time.perf_counter() - started) / PERSONS, 3)
    return rows


def fold_rows(source: Real, options: argparse.Namespace) -> list[Row]:
    """Part e."""
    import scipy.sparse
    from implicit.cpu.als import AlternatingLeastSquares

    model, histories = source.model, source.persons()
    theirs = AlternatingLeastSquares(model.index.size, num_threads=1)
    theirs.item_factors = source.factors
    taken = [
        scipy.sparse.csr_matrix(
            (5 * history.weights, (np.zeros_like(history.rows), history.rows)),
            shape=(1, model.n_items),
        )
        for history in histories
    ]
    peers: dict[str, Call] = {
        "implicit's recalculate_user": lambda i: theirs.recalculate_user(0, taken[i])
    }
    persons = min(PERSONS, len(histories))
    return compare(
        "e",
        f"fold-in of 5-20 likes, {source.name}",
        model.n_items,
        lambda i: model.person(histories[i]),
        peers,
        options,
        persons=persons,
        goal="<= .1 ms",
    )


def turn_rows(
    made: Synthetic, recommender: Recommender, options: argparse.Namespace
) -> Iterator[Row]:
    """Part f."""
    index, n = made.als.index, made.n
    people = [made.als.person(history) for history in made.histories]
    read: dict[str, Call] = {"GEMV": lambda i: index.factors @ people[i]}
    drawn = np.random.default_rng(3).random(n, dtype=np.float32)

    def turn(i: int, share: float | None) -> np.ndarray:
        mask = None if share is None else drawn < np.float32(share)
        rows = np.sort(recommender.retrieve(made.histories[i], K, mask))
        return rows[largest(recommender.rank(rows, made.histories[i]), 10)]

    def forget(i: int) -> None:
        recommender._scored.clear()

    def remember(i: int) -> None:
        forget(i)
        turn(i, None)

    for share in (None, *SHARES):
        name = "unfiltered" if share is None else f"{100 * share:g} % allowed"
        goal = "" if n != 1_000_000 else "<= 15 ms" if share is None else "<= 3 ms"
        for kind, before in (("new history", forget), ("known history", remember)):
            yield from compare(
                "f",
                f"turn, {name}, {kind}",
                n,
                lambda i, share=share: turn(i, share),
                read,
                options,
                before=before,
                persons=len(people),
                goal=goal,
            )


def growth(rows: list[Row]) -> dict[str, float]:
    """Exponent of our time over the sizes, by least squares on logarithms."""
    series: dict[str, dict[int, float]] = {}
    for row in rows:
        if row.part in "abcf":
            series.setdefault(f"{row.part}: {row.case}", {})[row.n] = row.ours_ms
    return {
        case: round(float(np.polyfit(np.log(list(ms)), np.log(list(ms.values())), 1)[0]), 2)
        for case, ms in series.items()
        if len(ms) > 1
    }


def free_bytes() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return 1024 * int(line.split()[1])
    return 8 << 30


def sized_rows(source: Real, n: int, options: argparse.Namespace) -> Iterator[Row]:
    """Everything that depends on the size."""
    if n * BYTES_AN_ITEM > free_bytes() / 2:
        print(f"skipped {n:,} items: half of the free memory is too small", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as folder:
        made = Synthetic(source, n, Path(folder))
        made.histories = made.histories[: PERSONS if n < 10_000_000 else FEW_PERSONS]
        yield from factor_rows("synthetic", made.als, made.histories, options)
        if "c" in options.parts:
            yield from largest_rows(made.als, made.histories, options)
        if "f" in options.parts:
            yield from turn_rows(made, made.recommender(), options)


def show(row: Row) -> None:
    low, high = row.range
    print(
        f"{row.part} {row.n:>10,}  {row.case:<44} {row.ours_ms:>9.3f} ms  {row.peer:<28}"
        f" {row.peer_ms:>9.3f} ms  {row.ratio:>7.3f} [{low}, {high}] {row.goal} {row.note or ''}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = Path(os.environ.get("RECAGENT_BENCH_DATA", ".")) / "datasets" / "ml-latest-small"
    parser.add_argument("folder", type=Path, nargs="?", default=default)
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--parts", default="abcdef")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.folder.is_dir():
        sys.exit("no dataset: give its FOLDER or set RECAGENT_BENCH_DATA")
    source = real(options.folder)
    rows: list[Row] = []

    def keep(found: Iterator[Row] | list[Row]) -> None:
        for row in found:
            rows.append(row)
            if not options.json:
                show(row)

    if "d" in options.parts:
        keep(trees_rows(options))
    if "e" in options.parts:
        keep(fold_rows(source, options))
    keep(factor_rows(source.name, source.model, source.persons()[:PERSONS], options))
    for n in [int(size) for size in options.sizes.split(",") if size]:
        keep(sized_rows(source, n, options))
    exponents, load = growth(rows), os.getloadavg()[0]
    if options.json:
        out = {"load": load, "rows": [asdict(row) for row in rows], "growth": exponents}
        print(json.dumps(out, indent=2))
        return
    for case, exponent in exponents.items():
        print(f"growth n^{exponent:<5} {case}")
    print(f"load average {load:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
