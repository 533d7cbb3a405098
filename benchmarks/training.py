"""Training: time, memory and growth of every step, beside implicit alone on the same matrix.

    python benchmarks/training.py [--sizes 100K,1M] [--data FOLDER …] [--threads N] [--parts …]
        [--json]

Sizes are numbers of synthetic interactions (100K, 1M, 5M, 20M; only what is asked for is run), and
FOLDER is anything that `recagent catalog add` reads (MovieLens, or a table of items and one of
interactions). Every part of every size runs in a process of its own:

    ingest      files -> the catalog's directory (sorting, arrays, search index, SQL tables)
    retrievers  catalog -> sequences -> matrix -> ALS and every other retriever, one by one
    peer        implicit's ALS alone: its `fit` with our settings, from a ready CSR matrix
    build       the whole of `recagent build`: folds, rankers, measuring, refit, writing

Memory is the peak of the resident set (mapped files included) above that of the process before the
step's data was touched, with all libraries loaded and used once; bytes an interaction. Exponents
are slopes of log(seconds) over log(interactions) by least squares.

The synthetic people have what makes real data hard: about 160 likes each, log-normal, 20 at least;
items by a Zipf-Mandelbrot law, their number growing with the 0.6th power of the interactions (3,700
at 1M, 22,000 at 20M); each person prefers 4 of 20 topics, takes runs from one topic (an order to
learn from) and a third by fame alone; nothing twice; half-star ratings by person, item and luck;
times rise within sittings. The ratings file is sorted by user, not by time, as MovieLens is.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != Path(__file__).resolve().parent]

import numpy as np  # noqa: E402 - files beside this one must not shadow a library's import

PARTS = ("ingest", "retrievers", "peer", "build")
UNITS = {"K": 1_000, "M": 1_000_000}
PEOPLE_PER = 160
ITEMS_AT_1M = 3_700
ITEM_GROWTH = 0.6
TOPICS = 20
BLOCK = 4_096
STATUS = Path("/proc/self/status")


# --- synthetic data ------------------------------------------------------------------------------


def make_files(count: int, folder: Path) -> None:
    """Write `movies.csv` and `ratings.csv` with about `count` interactions."""
    import duckdb

    rng = np.random.default_rng(count)
    n_items = int(ITEMS_AT_1M * (count / 1e6) ** ITEM_GROWTH)
    topic_of = rng.integers(0, TOPICS, n_items)
    user, item = draw_pairs(count, max(50, count // PEOPLE_PER), topic_of, rng)
    rating, moment = verdicts(user, item, n_items, rng), times(user, rng)
    kinds = [f"Topic {number}" for number in range(TOPICS)]
    with (folder / "movies.csv").open("w", encoding="utf-8") as file:
        file.write("movieId,title,genres\n")
        for row in range(n_items):
            year = 1950 + (row * 7919) % 70
            file.write(f"{row + 1},Film number {row + 1} ({year}),{kinds[topic_of[row]]}\n")
    table = {"u": user, "i": item, "r": rating, "t": moment}
    connection = duckdb.connect(config={"threads": 2})
    connection.register("pairs", table)
    connection.execute(
        'COPY (SELECT u + 1 AS "userId", i + 1 AS "movieId", r AS rating, t AS timestamp '
        f"FROM pairs) TO '{folder / 'ratings.csv'}' (HEADER)"
    )


def draw_pairs(
    count: int, n_users: int, topic_of: np.ndarray[Any, Any], rng: np.random.Generator
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """User and item of every interaction, users ascending, a user's items in their order."""
    n_items = len(topic_of)
    fame = (np.arange(n_items) + 0.012 * n_items) ** -1.1
    fame = rng.permutation(fame / fame.sum())
    by_topic = np.argsort(topic_of, kind="stable")
    mass = np.cumsum(fame[by_topic])
    begins = np.searchsorted(topic_of[by_topic], np.arange(TOPICS + 1))
    edges = np.concatenate(([0.0], mass))[begins]
    lengths = rng.lognormal(0, 0.95, n_users)
    lengths = np.maximum(20, lengths * (count / n_users) / lengths.mean())
    lengths = np.minimum(lengths * count / lengths.sum(), n_items * 0.4)
    wanted = lengths.astype(np.int64)
    # what comes twice is dropped: so more is drawn, much more where a person takes a lot
    drawn = np.ceil(lengths * (1.7 + 8 * lengths / n_items)).astype(np.int64)
    mixes = rng.integers(0, TOPICS, (n_users, 4))
    users, items = [], []
    for begin in range(0, n_users, BLOCK):
        end = min(begin + BLOCK, n_users)
        part = np.repeat(np.arange(begin, end), drawn[begin:end])
        runs = np.cumsum(rng.random(len(part)) < 0.2)
        topics = mixes[part, rng.choice(4, runs[-1] + 1, p=[0.5, 0.2, 0.15, 0.15])[runs]]
        places = edges[topics] + rng.random(len(part)) * (edges[topics + 1] - edges[topics])
        anywhere = rng.random(len(part)) < 0.35
        places[anywhere] = rng.random(int(anywhere.sum()))
        taken = by_topic[np.minimum(np.searchsorted(mass, places), n_items - 1)]
        first = np.sort(np.unique(part * n_items + taken, return_index=True)[1])
        part, taken = part[first], taken[first]
        starts = np.searchsorted(part, np.arange(begin, end))
        kept = np.arange(len(part)) - starts[part - begin] < wanted[part]
        users.append(part[kept].astype(np.int32))
        items.append(taken[kept].astype(np.int32))
    return np.concatenate(users), np.concatenate(items)


def verdicts(
    user: np.ndarray[Any, Any],
    item: np.ndarray[Any, Any],
    n_items: int,
    rng: np.random.Generator,
) -> np.ndarray[Any, Any]:
    """Half stars from 0.5 to 5."""
    quality = rng.normal(3.3, 0.45, n_items).astype(np.float32)
    mildness = rng.normal(0.2, 0.4, int(user[-1]) + 1).astype(np.float32)
    stars = quality[item] + mildness[user] + 0.85 * rng.standard_normal(len(user), dtype=np.float32)
    return np.clip(np.round(stars * 2) / 2, 0.5, 5).astype(np.float32)


def times(user: np.ndarray[Any, Any], rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """Seconds since 1970: minutes within a sitting, weeks between them."""
    gaps = rng.exponential(90, len(user))
    later = rng.random(len(user)) < 0.04
    gaps[later] += rng.exponential(14 * 86_400, int(later.sum()))
    run = np.cumsum(gaps)
    first = np.flatnonzero(np.diff(user, prepend=-1))
    start = rng.uniform(9.5e8, 1.4e9, len(first))
    offset = np.repeat(start - run[first], np.diff(np.append(first, len(user))))
    return (run + offset).astype(np.int64)


# --- what a process notes of itself --------------------------------------------------------------


def memory(key: str) -> int:
    """Bytes of this process: "VmRSS" now, "VmHWM" at most since `forget_peak`."""
    for line in STATUS.read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) << 10
    return 0


def forget_peak() -> None:
    """Let the peak begin anew (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")


class Steps:
    """Wall and CPU seconds and peak bytes of the steps of this process."""

    def __init__(self) -> None:
        self.base = memory("VmRSS")
        self.found: dict[str, dict[str, float]] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        forget_peak()
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.found[name] = {
            "wall_s": time.perf_counter() - wall,
            "cpu_s": time.process_time() - cpu,
            "peak_bytes": memory("VmHWM") - self.base,
            "left_bytes": memory("VmRSS") - self.base,
        }


def run_part(part: str, source: Path, work: Path, threads: int) -> dict[str, Any]:
    """One part in this process."""
    return {"make": make, "ingest": ingest, "retrievers": retrievers, "peer": peer, "build": build}[
        part
    ](source, work, threads)


def make(source: Path, work: Path, threads: int) -> dict[str, Any]:
    source.mkdir(exist_ok=True)
    make_files(int(source.name), source)
    return {}


def ingest(source: Path, work: Path, threads: int) -> dict[str, Any]:
    from recagent_catalogs.ingest import ingest as add
    from recagent_catalogs.store import Catalog

    with tempfile.TemporaryDirectory() as place:
        small = Path(place) / "small"
        small.mkdir()
        make_files(2_000, small)
        add(small, Path(place) / "catalog", name="small")
    steps = Steps()
    with steps.step("ingest"):
        add(source, work / "catalog", name="measured")
    interactions = Catalog.open(work / "catalog").interactions
    assert interactions is not None
    size = {
        "interactions": len(interactions),
        "users": interactions.n_users,
        "items": interactions.n_items,
    }
    return {"steps": steps.found, "size": size}


def _warm(threads: int) -> Any:
    """Load and use once what fitting needs; returns the setting."""
    import scipy.sparse

    from recagent_tools.models.als import _fit_implicit
    from recagent_tools.models.retriever import Setting
    from recagent_tools.models.threads import calm_openmp

    calm_openmp()
    setting = Setting(0, threads)
    little = scipy.sparse.random(50, 40, 0.2, format="csr", dtype=np.float32, rng=0)
    little.data[:] = 1
    _fit_implicit(little, setting)
    return setting


def retrievers(source: Path, work: Path, threads: int) -> dict[str, Any]:
    from recagent_catalogs.store import Catalog
    from recagent_tools.models.facts import facts_of
    from recagent_tools.models.retriever import TrainingData
    from recagent_tools.models.sequences import Sequences

    setting, kinds = _warm(threads), retriever_kinds()
    catalog = Catalog.open(work / "catalog")
    facts = facts_of(catalog)
    steps = Steps()
    with steps.step("sequences"):
        interactions = catalog.interactions
        assert interactions is not None
        data = TrainingData(Sequences.of(interactions), facts)
    with steps.step("matrix"):
        matrix = data.sequences.matrix
    del matrix
    for kind in kinds:
        with steps.step(kind.name):
            kind.fit(data, setting)
    return {"steps": steps.found}


def retriever_kinds() -> list[Any]:
    """Every retriever there is, ALS first."""
    from importlib import import_module
    from pkgutil import iter_modules

    import recagent_tools.models as package
    from recagent_tools.models.retriever import Retriever

    for module in iter_modules(package.__path__):
        import_module(f"{package.__name__}.{module.name}")
    return sorted(Retriever.__subclasses__(), key=lambda kind: (kind.name != "als", kind.name))


def peer(source: Path, work: Path, threads: int) -> dict[str, Any]:
    import scipy.sparse
    from implicit.cpu.als import AlternatingLeastSquares

    from recagent_catalogs.store import Catalog
    from recagent_tools.models.als import CONFIDENCE, FACTORS, ITERATIONS, REGULARIZATION
    from recagent_tools.models.threads import blas_threads

    _warm(threads)
    interactions = Catalog.open(work / "catalog").interactions
    assert interactions is not None
    steps = Steps()
    with steps.step("given CSR"):
        shape = (interactions.n_users, interactions.n_items)
        weights = np.full(len(interactions), CONFIDENCE, dtype=np.float32)
        entries = np.array(interactions.item)
        matrix = scipy.sparse.csr_matrix((weights, entries, interactions.indptr), shape=shape)
    with steps.step("implicit alone"), blas_threads(1):
        AlternatingLeastSquares(
            factors=FACTORS, regularization=REGULARIZATION, iterations=ITERATIONS,
            num_threads=threads, random_state=0,
        ).fit(matrix, show_progress=False)  # fmt: skip
    return {"steps": steps.found}


def build(source: Path, work: Path, threads: int) -> dict[str, Any]:
    from recagent_catalogs.store import Catalog
    from recagent_tools.models.training import build as train

    _warm(threads)
    catalog = Catalog.open(work / "catalog")
    steps = Steps()
    with steps.step("build"):
        report = train(catalog, work / "models", threads=threads)
    return {"steps": steps.found, "laps_s": report.seconds, "metrics": report.metrics}


# --- all sizes -----------------------------------------------------------------------------------


def child(part: str, source: Path, work: Path, threads: int) -> dict[str, Any]:
    """A part in a process of its own."""
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--part", part, "--threads", str(threads)]
    command += ["--source", str(source), "--work", str(work)]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{part} of {source} failed: {done.stderr.decode()[-1500:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measure(
    label: str, source: Path, work: Path, parts: Sequence[str], threads: int
) -> dict[str, Any]:
    """Every part of one data set."""
    result: dict[str, Any] = {"data": label, "threads": threads, "steps": {}}
    for part in ("ingest", *(part for part in parts if part != "ingest")):
        found = child(part, source, work, threads)
        # long runs are sometimes ended early: what is known is told
        print(json.dumps({"data": label, **found}), file=sys.stderr, flush=True)
        result["steps"].update(found.pop("steps"))
        result.update(found)
    count = result["size"]["interactions"]
    for step in result["steps"].values():
        step["peak_b_each"] = round(step.pop("peak_bytes") / count, 1)
        step["left_b_each"] = round(step.pop("left_bytes") / count, 1)
        step["wall_s"], step["cpu_s"] = round(step["wall_s"], 3), round(step["cpu_s"], 3)
    return summed_up(result)


def summed_up(result: dict[str, Any]) -> dict[str, Any]:
    """What GOALS.md asks for: the chain's peak, and ratios to implicit alone."""
    steps = result["steps"]
    chain = [steps[name] for name in ("ingest", "sequences", "matrix", "als") if name in steps]
    result["chain_peak_b_each"] = max(step["peak_b_each"] for step in chain)
    alone = steps.get("implicit alone")
    if alone:
        for name in ("als", "build"):
            if name in steps:
                result[f"{name}_to_implicit"] = {
                    clock: round(steps[name][clock] / alone[clock], 2)
                    for clock in ("wall_s", "cpu_s")
                }
    return result


def exponents(results: Sequence[dict[str, Any]]) -> dict[str, float]:
    """By step: the slope of log(CPU seconds) over log(interactions), where there are sizes."""
    slopes = {}
    for name in results[0]["steps"] if len(results) > 1 else ():
        seconds = [result["steps"][name]["cpu_s"] for result in results]
        counts = [math.log(result["size"]["interactions"]) for result in results]
        if min(seconds) > 0:
            slopes[name] = round(float(np.polyfit(counts, np.log(seconds), 1)[0]), 2)
    return slopes


def show(results: Sequence[dict[str, Any]], slopes: dict[str, float]) -> None:
    """Tables for a screen."""
    for result in results:
        size = result["size"]
        print(
            f"\n{result['data']}: {size['interactions']:,} interactions, {size['users']:,} users, "
            f"{size['items']:,} items, {result['threads']} threads"
        )
        print(f"{'step':16}{'wall s':>9}{'CPU s':>9}{'peak B':>9}{'left B':>9}{'exponent':>10}")
        for name, step in result["steps"].items():
            print(
                f"{name:16}{step['wall_s']:9.2f}{step['cpu_s']:9.2f}{step['peak_b_each']:9.1f}"
                f"{step['left_b_each']:9.1f}{slopes.get(name, ''):>10}"
            )
        for key in ("laps_s", "chain_peak_b_each", "als_to_implicit", "build_to_implicit"):
            if key in result:
                print(f"{key}: {result[key]}")


def number(text: str) -> int:
    """5M -> 5,000,000."""
    return int(float(text.rstrip("KMkm")) * UNITS.get(text[-1].upper(), 1))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="100K,1M", help="numbers of synthetic interactions")
    parser.add_argument("--data", type=Path, nargs="*", default=[], help="real data sets, as well")
    parser.add_argument("--threads", type=int, default=0, help="default: as training does")
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--json", action="store_true")
    for hidden in ("--part", "--source", "--work"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    from recagent_tools.models.threads import training_threads

    options = parse()
    threads = options.threads or training_threads()
    if options.part:
        print(json.dumps(run_part(options.part, Path(options.source), Path(options.work), threads)))
        return
    parts = options.parts.split(",")
    synthetic, real = [], []
    for text in filter(None, options.sizes.split(",")):
        with tempfile.TemporaryDirectory() as work:
            source = Path(work) / str(number(text))
            child("make", source, Path(work), threads)
            synthetic.append(measure(text, source, Path(work), parts, threads))
    for folder in options.data:
        with tempfile.TemporaryDirectory() as work:
            real.append(measure(folder.name, folder, Path(work), parts, threads))
    slopes = exponents(synthetic)
    if options.json:
        print(json.dumps({"results": synthetic + real, "exponents": slopes}, indent=2))
    else:
        show(synthetic + real, slopes)


if __name__ == "__main__":
    main()
