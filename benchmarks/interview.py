"""What an interview is worth: NDCG@10 after 5 and 10 answers, by which items were asked for.

    python benchmarks/interview.py [FOLDER] [--folds 3] [--answers 5,10] [--seed 0] [--threads 1]
        [--json]

FOLDER is anything that `recagent catalog add` reads with interactions (default: ml-100k of
$RECAGENT_BENCH_DATA/datasets). The people with 20 items or more are split into folds, and
everything (models, counts, the choice of the questions) is fitted without those of the fold, so
that each is a newcomer once. A person says yes to an item that is in their history and no, which is
"not seen", to any other; the ranking is that of the engine for the history that the program makes
of it (`recagent_tools.verdicts`). What is to be found is the rest of the history; the items asked
for by any of the lists are hidden from all of them, in the lists and in what is to be found, so
that they can be compared.

    popular    the items that most people took
    telling    `recagent_tools.interview.questions`, as `recagent start` asks
    unweighted the same criterion without popularity

    yes        only what was said yes to counts, as in every list after the first one
    yes+no     what they do not know is in the history, too, with a weight of `verdicts.UNKNOWN`
    first list the same and the answers' part of the score (`recagent_tools.answered`), as after
               the interview
    regression that part alone: no models but the counts of who took what together

Differences to `popular` are paired by person, in the same column, with 95 % intervals by 1,000
resamples of the people.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != Path(__file__).resolve().parent]

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the program

import numpy as np  # noqa: E402 - files beside this one must not shadow a library's import
from numpy.typing import NDArray  # noqa: E402

from recagent_catalogs.ingest import ingest  # noqa: E402
from recagent_catalogs.interactions import Rows  # noqa: E402
from recagent_catalogs.store import Catalog  # noqa: E402
from recagent_cli.evaluation.bootstrap import Resampling  # noqa: E402
from recagent_tools.answered import ANSWERS, Regression  # noqa: E402
from recagent_tools.interview import POOL, questions, spread  # noqa: E402
from recagent_tools.models.als import ALS  # noqa: E402
from recagent_tools.models.blend import standardised  # noqa: E402
from recagent_tools.models.engine import Engine  # noqa: E402
from recagent_tools.models.facts import facts_of  # noqa: E402
from recagent_tools.models.history import History  # noqa: E402
from recagent_tools.models.recommender import CANDIDATES, Recommender, content_share  # noqa: E402
from recagent_tools.models.retriever import Setting  # noqa: E402
from recagent_tools.models.sequences import Sequences  # noqa: E402
from recagent_tools.models.training import train  # noqa: E402
from recagent_tools.toolbox import EmptyProfile  # noqa: E402
from recagent_tools.verdicts import UNKNOWN  # noqa: E402

SCHEMA = "recagent.bench.interview/1"
K, SHORTEST = 10, 20
DISCOUNT = 1 / np.log2(np.arange(2, K + 2))
MODES = ("yes", "yes+no", "first list", "regression")
Values = NDArray[np.float64]
Measured = dict[tuple[str, int, str], list[float]]


def asked_for(catalog: Catalog, engine: Engine, most: int) -> dict[str, list[int]]:
    """The rows that each list asks for, in order."""
    counts = np.asarray(engine.popularity("all"), dtype=np.float64)
    best = np.argsort(-counts, kind="stable")
    als = engine.recommender.first.retrievers["als"]
    assert isinstance(als, ALS)
    pool = best[:POOL].astype(np.int32)
    vectors = als.index.vectors(pool).astype(np.float64)
    prior, none = np.linalg.inv(als.fold.precision), np.empty((0, als.index.size))
    unweighted = spread(vectors, np.ones(len(pool)), most, prior, none)
    return {
        "popular": best[:most].tolist(),
        "telling": questions(catalog, engine, most, EmptyProfile()),
        "unweighted": [int(pool[place]) for place in unweighted],
    }


def histories(asked: Sequence[int], people: Sequence[frozenset[int]], no: float) -> list[History]:
    """What is known of each after the answers; `no` is the weight of what they don't know."""
    told = []
    for taken in people:
        yes = [row for row in asked if row in taken]
        not_seen = [row for row in asked if row not in taken] if no else []
        weights = [1.0] * len(yes) + [no] * len(not_seen)
        told.append(History(np.array(yes + not_seen, np.int32), np.array(weights, np.float32)))
    return told


def first_lists(
    known: Sequences,
    asked: Sequence[int],
    people: Sequence[frozenset[int]],
    serving: Recommender,
    mask: NDArray[np.bool_],
) -> dict[str, list[Rows]]:
    """The lists by the program's sum of fit and answers, and by the answers alone."""
    rows = np.array(asked, dtype=np.int64)
    model = Regression.of(known.item, known.indptr, known.n_items, rows)
    joined, alone = [], []
    for taken, history in zip(people, histories(asked, people, UNKNOWN), strict=True):
        expected = model.expected([row for row in asked if row in taken])
        best = np.argsort(-np.where(mask, expected, -np.inf), kind="stable")[:K]
        alone.append(best.astype(np.int32))
        found = np.sort(serving.retrieve(history, CANDIDATES, mask))
        fit = standardised(serving.rank(found, history))
        total = fit + np.float32(ANSWERS) * standardised(expected[found])
        joined.append(found[np.argsort(-total, kind="stable")[:K]])
    return {"first list": joined, "regression": alone}


def ndcg(rows: Rows, wanted: frozenset[int]) -> float:
    """NDCG@10 of a list; `wanted` holds at least one row."""
    hits = np.array([float(int(row) in wanted) for row in rows])
    return float(hits @ DISCOUNT[: len(hits)] / DISCOUNT[: min(K, len(wanted))].sum())


def fold(
    catalog: Catalog, sequences: Sequences, held: NDArray[Any], options: argparse.Namespace
) -> tuple[Measured, dict[str, list[int]]]:
    """The NDCG of each of the people held out, by list, number of answers and mode."""
    known = sequences.take(~np.isin(sequences.user, held))
    setting = Setting(seed=options.seed, threads=options.threads)
    trained = train(facts_of(catalog), known, setting, held_back=False)
    serving: Recommender = trained.recommender(content_share=content_share(catalog.schema))
    engine = Engine(catalog, trained.first.retrievers)
    lists = asked_for(catalog, engine, max(options.answers))
    hidden = frozenset(row for rows in lists.values() for row in rows)
    mask = np.ones(catalog.n_items, dtype=bool)
    mask[sorted(hidden)] = False
    people = [frozenset(sequences.history(int(user)).rows.tolist()) for user in held]
    people = [taken for taken in people if taken - hidden]
    found: Measured = {}
    nothing = serving.top([History.empty()], K, mask)[0]
    found["nothing", 0, "yes"] = [ndcg(nothing, taken - hidden) for taken in people]
    for name, rows in lists.items():
        for count in options.answers:
            asked = rows[:count]
            ranked = {
                "yes": serving.top(histories(asked, people, 0.0), K, mask),
                "yes+no": serving.top(histories(asked, people, UNKNOWN), K, mask),
                **first_lists(known, asked, people, serving, mask),
            }
            for mode, best in ranked.items():
                pairs = zip(best, people, strict=True)
                found[name, count, mode] = [ndcg(mine, taken - hidden) for mine, taken in pairs]
            found[name, count, "known"] = [float(len(taken & set(asked))) for taken in people]
    return found, lists


def measure(catalog: Catalog, options: argparse.Namespace) -> dict[str, Any]:
    """All folds joined: means, and differences to the popular items with their intervals."""
    assert catalog.interactions is not None
    sequences, started = Sequences.of(catalog.interactions), time.perf_counter()
    rng = np.random.default_rng(options.seed)
    people = rng.permutation(np.flatnonzero(sequences.lengths() >= SHORTEST))
    joined: Measured = {}
    lists: dict[str, list[int]] = {}
    for held in np.array_split(people, options.folds):
        found, lists = fold(catalog, sequences, np.sort(held), options)
        for key, values in found.items():
            joined.setdefault(key, []).extend(values)
    values = {key: np.array(found) for key, found in joined.items()}
    return {
        "schema": SCHEMA,
        "catalog": catalog.name,
        "people": len(values["nothing", 0, "yes"]),
        "folds": options.folds,
        "nothing": round(float(values["nothing", 0, "yes"].mean()), 4),
        "lists": [
            line(values, name, count, options.seed) for name in lists for count in options.answers
        ],
        "asked": {name: [catalog.label(row) for row in rows] for name, rows in lists.items()},
        "seconds": round(time.perf_counter() - started, 1),
    }


def line(
    values: Mapping[tuple[str, int, str], Values], name: str, count: int, seed: int
) -> dict[str, Any]:
    """One list after so many answers."""
    told: dict[str, Any] = {"list": name, "answers": count}
    told["known"] = round(float(values[name, count, "known"].mean()), 2)
    for mode in MODES:
        mine, popular = values[name, count, mode], values["popular", count, mode]
        told[mode] = round(float(mine.mean()), 4)
        if name != "popular":
            gain = (mine - popular)[:, None]
            low, high = Resampling(len(gain), np.random.default_rng([seed, 1])).intervals(gain)[0]
            told[f"{mode} - popular"] = [round(float(x), 4) for x in (gain.mean(), low, high)]
    return told


def table(report: dict[str, Any]) -> list[str]:
    """As Markdown."""
    lines = [
        f"{report['catalog']}: {report['people']:,} people, {report['folds']} folds; nothing known "
        f"{report['nothing']:.3f}",
        "",
        "| asked for | answers | known | yes | − popular | yes+no | first list | − popular | "
        "regression alone |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for one in report["lists"]:
        cells = [one["list"], str(one["answers"]), f"{one['known']:.2f}"]
        for mode in MODES:
            cells.append(f"{one[mode]:.4f}")
            if mode in ("yes", "first list"):
                gain = one.get(f"{mode} - popular")
                cells.append(f"{gain[0]:+.3f} [{gain[1]:.3f}, {gain[2]:.3f}]" if gain else "")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--answers", default="5,10")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    options.answers = [int(count) for count in options.answers.split(",")]
    data = os.environ.get("RECAGENT_BENCH_DATA", ".")
    folder = options.folder or Path(data) / "datasets" / "ml-100k"
    with tempfile.TemporaryDirectory() as place:
        ingest(folder, Path(place) / "catalog", name=folder.stem)
        report = measure(Catalog.open(Path(place) / "catalog"), options)
    print(json.dumps(report, indent=2) if options.json else "\n".join(table(report)))


if __name__ == "__main__":
    main()
