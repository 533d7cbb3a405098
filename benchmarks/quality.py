"""Quality of recommendations: our engine beside what people would use instead, on any dataset.

    python benchmarks/quality.py FOLDER [--interactions FILE] [--protocol leave-last-out,k-items]
        [--k 1,3,5,10,20] [--min-item-count 5] [--at 10,20,100] [--folds N] [--users N] [--seed 0]
        [--threads 2] [--skip-bad-rows] [--lenskit PYTHON] [--json]

FOLDER is anything that `recagent catalog add` reads, a folder or a file of items (default:
ml-latest-small of $RECAGENT_BENCH_DATA/datasets). It becomes a catalog in a temporary directory.
Splits, metrics, settings of the peers and intervals are those of `recagent eval`
(docs/evaluation.md): everything is fitted on the training part, all items are ranked, settings are
chosen within the training part. `--protocol all` runs leave-last-out, global-time, k-items and
strong, those that the data can do.

Peers: popularity, implicit's ALS, item cosine, EASE, and with `--lenskit PYTHON` (an interpreter
that has LensKit) its item kNN and its implicit ALS, which run in a process of their own
(`lenskit_peer.py`) on two arrays, who took what in the training part and what is known of the
people asked for; lists are made from its scores as for every other peer. Its settings are chosen
like theirs, its defaults among them:

    lenskit_knn   max_nbrs 20 (default), 50, 100, 200, 1,000
    lenskit_als   defaults (50 factors, regularization .1, weight 40); 32 factors x regularization
                  1, 10, 100 x weight 1, 5, 20; 128 factors x regularization 100 x weight 1, 5

Differences (ours - peer) and ratios (mean of ours / mean of the peer's) have paired 95 % intervals
by 1,000 resamples of the people. `better` and `worse` are shares of the people with a higher and a
lower NDCG than the peer gives them. Under k-items our engine is trained once for all k that leave
the same training part, so `seconds` of the others are those of asking alone.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self

sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != Path(__file__).resolve().parent]

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the program

import numpy as np  # noqa: E402 - files beside this one must not shadow a library's import
from numpy.typing import NDArray  # noqa: E402

from recagent_catalogs.errors import BadInput, RecagentError  # noqa: E402
from recagent_catalogs.ingest import ingest  # noqa: E402
from recagent_catalogs.interactions import Floats  # noqa: E402
from recagent_catalogs.store import Catalog  # noqa: E402
from recagent_cli.evaluation.compare import Comparison, Options, metric_names  # noqa: E402
from recagent_cli.evaluation.ours import Ours  # noqa: E402
from recagent_cli.evaluation.peers import (  # noqa: E402
    NEVER,
    PEERS,
    Parameters,
    Peer,
    PeerMissing,
)
from recagent_cli.evaluation.report import OURS, Report  # noqa: E402
from recagent_cli.evaluation.splits import PROTOCOLS, Plan, check_protocol  # noqa: E402
from recagent_tools.models.facts import ItemFacts  # noqa: E402
from recagent_tools.models.retriever import Setting  # noqa: E402
from recagent_tools.models.sequences import Sequences  # noqa: E402

SCHEMA = "recagent.bench.quality/1"
DRAWS = 1000
Values = NDArray[np.float64]
Progress = Callable[[str, float], None]


# -- LensKit --------------------------------------------------------------------------------------


class Worker:
    """The process that has LensKit, and the directory where arrays are handed over."""

    def __init__(self, python: str, place: Path, threads: int) -> None:
        script = Path(__file__).resolve().with_name("lenskit_peer.py")
        few = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "LK_NUM_BACKEND_THREADS": "1"}
        environment = {**os.environ, **few, "LK_NUM_THREADS": str(threads)}
        environment.pop("PYTHONPATH", None)  # that of this project is not LensKit's
        self.place, self.fits = place, 0
        self.errors = (place / "stderr.txt").open("w+", encoding="utf-8")
        try:
            self.process = subprocess.Popen(
                [python, str(script)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.errors,
                env=environment,
                text=True,
            )
        except OSError as error:
            raise PeerMissing(f"{python} cannot be run: {error.strerror}") from error
        self.version = str(self._answer()["lenskit"])

    def fit(self, scorer: str, settings: Parameters, train: Sequences, seed: int) -> int:
        """Train; the number of the model, of which the last one is kept."""
        path = self.place / "train.npz"
        np.savez(path, user=train.user, item=train.item)
        self._do(do="fit", scorer=scorer, settings=dict(settings), seed=seed, train=str(path))
        self.fits += 1
        return self.fits

    def scores(self, histories: Any) -> Floats:
        """float32 [m, n_items] for CSR [m, n_items], NaN where there is none."""
        asked, out = self.place / "histories.npz", self.place / "scores.npz"
        np.savez(
            asked,
            item=histories.indices.astype(np.int32),
            indptr=histories.indptr.astype(np.int64),
            n_items=histories.shape[1],
        )
        self._do(do="score", histories=str(asked), scores=str(out))
        with np.load(out) as found:
            return np.asarray(found["scores"], dtype=np.float32)

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.errors.close()

    def _do(self, **order: Any) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(order) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # what it said before it ended is told by the missing answer
        self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.errors.seek(0)
            said = self.errors.read().strip().splitlines() or ["no reason given"]
            raise PeerMissing(f"its process ended: {said[-1]}")
        answer: dict[str, Any] = json.loads(line)
        return answer


class LensKit(Peer):
    """One of LensKit's scorers, by way of the worker."""

    worker: ClassVar[Worker]
    scorer: ClassVar[str]

    def __init__(self, number: int) -> None:
        self.number = number

    @classmethod
    def fit(cls, train: Sequences, parameters: Parameters, *, seed: int, threads: int) -> Self:
        """Train in the other process; its threads were said when it started."""
        return cls(cls.worker.fit(cls.scorer, parameters, train, seed))

    def scores(self, histories: Any) -> Floats:
        """LensKit's; items without one come after all others, as for every peer."""
        assert self.number == self.worker.fits, "the other process keeps only its last model"
        scores = self.worker.scores(histories)
        return np.where(np.isnan(scores), np.float32(NEVER), scores)


class ItemKNN(LensKit):
    """`ItemKNNScorer` for implicit feedback."""

    name, scorer = "lenskit_knn", "item-knn"
    grid = tuple({"max_nbrs": count} for count in (20, 50, 100, 200, 1000))


def als_setting(factors: int, regularization: float, weight: float) -> Parameters:
    """By LensKit's names."""
    return {"embedding_size": factors, "regularization": regularization, "weight": weight}


class ImplicitMF(LensKit):
    """`ImplicitMFScorer`."""

    name, scorer = "lenskit_als", "implicit-mf"
    grid = (
        als_setting(50, 0.1, 40),
        *(als_setting(32, reg, weight) for reg in (1, 10, 100) for weight in (1, 5, 20)),
        *(als_setting(128, 100, weight) for weight in (1, 5)),
    )


@contextmanager
def lenskit(python: str | None, threads: int) -> Iterator[tuple[list[type[Peer]], str]]:
    """LensKit's peers, and its version or why they are left out."""
    if python is None:
        yield [], "left out: no interpreter that has it was named (--lenskit PYTHON)"
        return
    with tempfile.TemporaryDirectory() as place:
        try:
            worker = Worker(python, Path(place), threads)
        except PeerMissing as error:
            yield [], f"left out: {error}"
            return
        LensKit.worker = worker
        try:
            yield [ItemKNN, ImplicitMF], worker.version
        finally:
            worker.close()


# -- the comparison -------------------------------------------------------------------------------


class Remembered(Ours):
    """Our engine, trained once for every training part that is the same."""

    kept: ClassVar[dict[bytes, Ours]] = {}

    def __init__(
        self,
        facts: ItemFacts,  # of the catalog, and so the same in the whole run, as is the share
        train: Sequences,
        setting: Setting,
        progress: Progress,
        share: float = 0.0,
    ) -> None:
        digest = hashlib.sha256(train.item.tobytes())
        digest.update(train.indptr.tobytes() + repr(setting).encode())
        known = self.kept.get(digest.digest())
        if known is None:
            super().__init__(facts, train, setting, progress, share)
            self.kept[digest.digest()] = self
        else:
            self.notices, self.recommender = known.notices, known.recommender


def ratios(ours: Values, peer: Values, rng: np.random.Generator) -> list[float] | None:
    """Mean of ours / mean of the peer's, with its 95 % interval over resampled people.

    None where the peer has found nothing in some resample.
    """
    people = len(ours)
    times = rng.multinomial(people, np.full(people, 1 / people), size=DRAWS)
    below = times @ peer
    if below.min() <= 0:
        return None
    low, high = np.percentile((times @ ours) / below, (2.5, 97.5))
    return [round(float(value), 4) for value in (ours.mean() / peer.mean(), low, high)]


def against(comparison: Comparison, report: Report, seed: int) -> dict[str, Any]:
    """By peer: the ratio of the leading metric, and for how many it is better or worse."""
    place = metric_names(report.cutoffs).index(report.leading)
    column = {
        engine: np.concatenate(measured.values)[:, place]
        for engine, measured in comparison.measured.items()
    }
    found = {}
    for peer in report.diffs:
        # the same resamples for every peer
        rng = np.random.default_rng([seed, 1])
        gain = column[OURS] - column[peer]
        found[peer] = {
            "ratio": ratios(column[OURS], column[peer], rng),
            "better": round(float((gain > 0).mean()), 4),
            "worse": round(float((gain < 0).mean()), 4),
        }
    return found


def measure(catalog: Catalog, options: Options, peers: Sequence[type[Peer]]) -> dict[str, Any]:
    """One protocol: `recagent.eval/1` with `against`."""
    started = time.perf_counter()
    assert catalog.interactions is not None
    sequences = Sequences.of(catalog.interactions)
    comparison = Comparison(catalog, sequences, options, told, peers=peers, ours=Remembered)
    report = comparison.run()
    report.seconds["total"] = round(time.perf_counter() - started, 3)
    told("", 1.0)
    return {**report.to_json(), "against": against(comparison, report, options.seed)}


def told(text: str, share: float) -> None:
    """The progress, where somebody looks; an empty text wipes it."""
    if sys.stderr.isatty():
        line = f"{share:4.0%} {text}" if text else ""
        print(f"\r{line:<78.78}\r", end="", file=sys.stderr)


def plans(options: argparse.Namespace, time_kind: str) -> Iterator[Plan]:
    """What is to be measured; protocols that the data cannot do are left out of `all`."""
    names = PROTOCOLS if options.protocol == "all" else options.protocol.split(",")
    for name in names:
        try:
            check_protocol(name, time_kind)
        except BadInput as error:
            if options.protocol != "all":
                raise
            print(f"{name} is left out: {error}", file=sys.stderr)
            continue
        plan = Plan(name, most=options.users)
        if not plan.by_time:
            plan = replace(plan, folds=options.folds)
        many = options.k if name == "k-items" else [plan.k]
        yield from (replace(plan, k=k) for k in many)


def reports(
    catalog: Catalog, peers: Sequence[type[Peer]], options: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    """Of every plan that there are people for."""
    for plan in plans(options, catalog.time_kind):
        chosen = Options(plan, options.min_item_count, options.at, options.seed, options.threads)
        try:
            yield measure(catalog, chosen, peers)
        except BadInput as error:
            print(f"{plan.protocol}, k {plan.k}, is left out: {error}", file=sys.stderr)


# -- printing -------------------------------------------------------------------------------------


def table(report: dict[str, Any]) -> Iterator[str]:
    """One protocol in Markdown."""
    k = report["at"][0]
    many = f"{report['users']:,} people, {report['items']:,} items"
    likes = f", k = {report['k']}" if report["k"] else ""
    folds = f", {report['folds']} folds" if report["folds"] > 1 else ""
    yield f"{report['catalog']}, {report['protocol']}{likes}{folds}; {many}"
    yield ""
    names = [f"ndcg@{k}", f"hr@{k}", "mrr", f"tail_ndcg@{k}", f"coverage@{k}", f"novelty@{k}"]
    names = [name for name in [*names, f"diversity@{k}"] if report["engines"][OURS][name]]
    heads = [names[0], "95 %", *names[1:], "ours − it", "ours / it", "better / worse"]
    yield f"| engine | {' | '.join(heads)} |"
    yield "|" + "---|" * (len(heads) + 1)
    for engine, figures in report["engines"].items():
        first, *others = (digits(figures[name]) for name in names)
        cells = [engine, first, span(figures[f"ndcg@{k}_ci"], digits), *others]
        yield f"| {' | '.join(cells + beside(report, engine))} |"
    yield ""
    settings = [
        f"{peer}: " + " / ".join(setting(one) for one in rounds)
        for peer, rounds in report["settings"].items()
    ]
    yield f"Settings chosen: {'; '.join(settings)}."


def beside(report: dict[str, Any], engine: str) -> list[str]:
    """The cells that compare ours with this engine."""
    if engine == OURS:
        return ["", "", ""]
    found, (mean, *bounds) = report["against"][engine], report["diff"][engine]
    ratio = found["ratio"]
    return [
        f"{mean:+.4f} {span(bounds, lambda value: f'{value:+.4f}')}",
        f"{ratio[0]:.2f} {span(ratio[1:], lambda value: f'{value:.2f}')}" if ratio else "",
        f"{found['better']:.0%} / {found['worse']:.0%}",
    ]


def by_likes(found: Sequence[dict[str, Any]]) -> Iterator[str]:
    """k-items in Markdown: NDCG, tail NDCG and coverage, a column for each number of likes."""
    cut = found[0]["at"][0]
    for name in (f"ndcg@{cut}", f"tail_ndcg@{cut}", f"coverage@{cut}"):
        yield f"{found[0]['catalog']}, k-items, {name}"
        yield ""
        heads = (f"k = {one['k']} ({one['users']:,})" for one in found)
        yield f"| | {' | '.join(heads)} |"
        yield "|" + "---|" * (len(found) + 1)
        for engine in found[0]["engines"]:
            figures = [one["engines"].get(engine, {}) for one in found]
            cells = (
                f"{digits(one.get(name))} {span(one.get(f'{name}_ci'), digits)}".strip()
                for one in figures
            )
            yield f"| {engine} | {' | '.join(cells)} |"
        yield ""


def digits(value: float | None) -> str:
    """Three or four digits that count, without a leading zero."""
    if value is None:
        return ""
    return f"{value:.4f}".removeprefix("0") if abs(value) < 1 else f"{value:.2f}"


def span(bounds: Sequence[float] | None, form: Callable[[float], str]) -> str:
    """An interval, or nothing."""
    return f"[{form(bounds[0])}, {form(bounds[1])}]" if bounds else ""


def setting(chosen: dict[str, Any]) -> str:
    """What was chosen for a peer in one round."""
    shown = (f"{k} {v:g}" for k, v in chosen.items() if k not in ("ndcg", "users"))
    return ", ".join(shown)


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def numbers(text: str) -> tuple[int, ...]:
    """Comma-separated whole numbers, each once."""
    return tuple(dict.fromkeys(int(part) for part in text.split(",")))


def protocols(text: str) -> str:
    """`all`, or names of protocols.

    Raises:
        ArgumentTypeError: an unknown one.
    """
    unknown = [name for name in text.split(",") if name not in (*PROTOCOLS, "all")]
    if unknown or ("all" in text.split(",") and text != "all"):
        raise argparse.ArgumentTypeError("all, or some of " + ", ".join(PROTOCOLS))
    return text


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    data = Path(os.environ.get("RECAGENT_BENCH_DATA", "")) / "datasets" / "ml-latest-small"
    parser.add_argument("folder", nargs="?", type=Path, default=data)
    parser.add_argument("--interactions", type=Path, metavar="FILE")
    parser.add_argument("--skip-bad-rows", action="store_true")
    parser.add_argument("--protocol", type=protocols, default="leave-last-out,k-items")
    parser.add_argument("--k", type=numbers, default="1,3,5,10,20", help="likes under k-items")
    parser.add_argument("--min-item-count", type=int, default=5)
    parser.add_argument("--at", type=numbers, default="10,20,100", help="cut-offs")
    parser.add_argument("--folds", type=int, default=1, help="k-items, strong")
    parser.add_argument("--users", type=int, default=5_000, help="measure at most so many")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--lenskit", metavar="PYTHON", help="an interpreter that has LensKit")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def main() -> None:
    """Measure, and print Markdown or JSON."""
    options = arguments()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        more, about = stack.enter_context(lenskit(options.lenskit, options.threads))
        if not more:
            print(f"lenskit is {about}", file=sys.stderr)
        catalog = read(options, home / "catalog")
        found = []
        for report in reports(catalog, [*PEERS, *more], options):
            found.append(report)
            if not options.json:
                print("\n".join([*table(report), ""]), flush=True)
        whole = {
            "schema": SCHEMA,
            "command": shlex.join(["python", "benchmarks/quality.py", *sys.argv[1:]]),
            "date": time.strftime("%Y-%m-%d"),
            "machine": machine(),
            "lenskit": about,
            "reports": found,
        }
    likes = [report for report in found if report["protocol"] == "k-items"]
    if options.json:
        print(json.dumps(whole))
    elif len(likes) > 1:
        print("\n".join(by_likes(likes)))


def read(options: argparse.Namespace, place: Path) -> Catalog:
    """The dataset as a catalog."""
    name = options.folder.resolve().name.partition(".")[0]
    ingest(
        options.folder,
        place,
        name=name,
        interactions=options.interactions,
        skip_bad_rows=options.skip_bad_rows,
    )
    catalog = Catalog.open(place)
    if catalog.interactions is None or not len(catalog.interactions):
        raise BadInput(f"{options.folder}: no interactions to measure on")
    return catalog


if __name__ == "__main__":
    try:
        main()
    except RecagentError as error:
        sys.exit(f"{error}\n{error.hint}" if error.hint else str(error))
