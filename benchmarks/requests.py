"""How well the built-in brain understands real requests, on other people's labels.

    python benchmarks/requests.py [--set DIR] [--catalog DIR] [--models DIR] [--only SET …]
        [--json] [--misses N] [--rows all|even|odd]

DIR holds any of `mit_movie_slots.jsonl`, `sgd_slots.jsonl`, `iard_dialogue_acts.jsonl`,
`requests.jsonl`, `music_ner.jsonl`, `crs_redial_*.jsonl`; default:
$RECAGENT_BENCH_DATA/requests. `--catalog` is a catalog's directory or a folder that
`recagent catalog add` reads (default:
$RECAGENT_BENCH_DATA/datasets/ml-latest-small). Every figure has a 95 % interval by bootstrap over
rows (over dialogues where there are some). `--rows even` measures every second row only, so that
what is tuned on those can be held against the others.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

HERE = str(Path(__file__).resolve().parent)
# Last in the path: this file's name must not shadow a library's import.
sys.path[:] = [p for p in sys.path if str(Path(p or ".").resolve()) != HERE] + [HERE]

import numpy as np  # noqa: E402
from understanding.domains import domains, music_ner  # noqa: E402
from understanding.iard import iard  # noqa: E402
from understanding.linking import linking, read_turns  # noqa: E402
from understanding.mit import mit  # noqa: E402
from understanding.redial import crs  # noqa: E402
from understanding.scoring import (  # noqa: E402
    YEAR_OF_THE_SETS,
    Misses,
    Row,
    Scores,
    amount,
    f1,
    interval,
    share,
)
from understanding.sgd import sgd  # noqa: E402
from understanding.turns import requests  # noqa: E402

from recagent_catalogs.store import Catalog  # noqa: E402
from recagent_cli.agent.builtin.parse import Parser  # noqa: E402

SHARES = (
    "joint", "wants_accuracy", "intent_accuracy", "r@1", "r@10", "r@50",
    "r@10_reachable", "r@10_product", "r@10_learned", "r@10_counts",
    "cased_recall", "lower_recall", "wrong_links",
)  # fmt: skip
AMOUNTS = {"closings": "closings_answered", "false_exclusions": "false_exclusions"}
GOALS = {
    "mit_movie_slots": {
        "span_f1": ".86", "value_f1": ".88", "span_f1_names": ".90", "value_f1_names": ".92",
    },
    "sgd_slots": {"slot_f1": ".94", "joint": ".88"},
    "iard": {"macro_f1": ".72"},
    "requests": {
        "wants_f1": ".93", "wants_accuracy": ".90", "state_f1_wanted": ".88", "state_f1_all": ".78",
        "linking_f1": ".90", "closings_answered": "1", "false_exclusions": "0",
    },
    "domains": {},
    "crs_redial": {"r@10": ".11", "r@10_learned": ".13", "r@10_counts": ".15"},
    "linking": {"cased_f1": ".92", "lower_f1": ".88", "wrong_links": ".04 at most"},
}  # fmt: skip


def summary(name: str, scores: Scores) -> dict[str, Any]:
    """Figures of one set, each with its interval."""
    if name == "iard":
        return _macro(scores)
    found: dict[str, Any] = {}
    for key, rows in scores.items():
        if key in AMOUNTS:
            value, around = interval(rows, amount)
            found[AMOUNTS[key]], found[f"{AMOUNTS[key]}_ci"] = value, around
            continue
        value, around = interval(rows, share if key in SHARES else f1)
        found[key], found[f"{key}_ci"] = value, around
    return found


def _macro(scores: Scores) -> dict[str, Any]:
    joined = [
        (group, [n for name in scores for n in scores[name][i][1]])
        for i, (group, _) in enumerate(scores["seen"])
    ]

    def macro(counts: np.ndarray[Any, Any]) -> float:
        return float(np.mean([f1(part) for part in counts.reshape(-1, 3)]))

    value, around = interval(joined, macro)
    parts = {name: interval(rows, f1)[0] for name, rows in scores.items()}
    return {"macro_f1": value, "macro_f1_ci": around, "parts": parts}


def read(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def open_catalog(path: Path, models: Path | None, work: Path) -> tuple[Catalog, Path]:
    """The catalog at a path, built first where it is a folder of data; and where its models are."""
    if (path / "catalog.duckdb").exists():
        return Catalog.open(path), models or path / "models"
    from recagent_catalogs.ingest import ingest
    from recagent_tools.models.training import build

    ingest(path, work / "catalog", name="benchmark")
    catalog = Catalog.open(work / "catalog")
    build(catalog, work / "models")
    return catalog, work / "models"


def run(
    folder: Path, catalog: Catalog, models: Path, only: Sequence[str], part: str = "all"
) -> tuple[dict[str, Any], Misses]:
    """Every set of the folder that is there and asked for; of its rows all, the even, the odd."""
    chosen = {"all": slice(None), "even": slice(0, None, 2), "odd": slice(1, None, 2)}[part]
    parser = Parser(catalog, year=lambda: YEAR_OF_THE_SETS)
    misses: Misses = []
    found: dict[str, Any] = {}
    sets: tuple[tuple[str, str, Callable[..., Scores]], ...] = (
        ("mit_movie_slots", "mit_movie_slots.jsonl", mit),
        ("sgd_slots", "sgd_slots.jsonl", sgd),
        ("iard", "iard_dialogue_acts.jsonl", iard),
        ("requests", "requests.jsonl", requests),
        ("domains", "requests.jsonl", domains),
        ("domains", "music_ner.jsonl", music_ner),
    )
    for name, file, measure in sets:
        if name in only and (folder / file).exists():
            figures = measure(read(folder / file)[chosen], parser, catalog, misses)
            found[name] = found.get(name, {}) | summary(name, figures)
    paths = sorted(folder.glob("crs_redial_*.jsonl")) if "crs_redial" in only else []
    for number, path in enumerate(paths):
        figures = summary("crs_redial", crs(read(path)[chosen], catalog, models))
        found |= {"crs_redial": figures} if number == 0 else {}
        found |= {path.stem: figures} if len(paths) > 1 else {}
    if "linking" in only and (rows := read_turns(folder)[chosen]):
        found["linking"] = summary("linking", linking(rows, parser, catalog, misses))
    return found, misses


def table(found: dict[str, Any]) -> str:
    lines = [f"{'set':<18}{'score':<20}{'value':>8}  {'95 %':<18}goal"]
    for name, figures in found.items():
        for key, value in figures.items():
            if key.endswith("_ci") or key == "parts":
                continue
            low, high = figures[f"{key}_ci"]
            goal = GOALS.get(name, {}).get(key, "")
            lines.append(f"{name:<18}{key:<20}{value:>8.3f}  [{low:.3f}, {high:.3f}]    {goal}")
        for part, value in figures.get("parts", {}).items():
            lines.append(f"{'':<18}  {part:<18}{value:>8.3f}")
    return "\n".join(lines)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    data = Path(os.environ.get("RECAGENT_BENCH_DATA", "."))
    arguments.add_argument("--set", type=Path, default=data / "requests")
    arguments.add_argument("--catalog", type=Path, default=data / "datasets" / "ml-latest-small")
    arguments.add_argument("--models", type=Path, default=None)
    arguments.add_argument("--only", nargs="*", choices=list(GOALS), help="only these sets")
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--rows", choices=["all", "even", "odd"], default="all")
    arguments.add_argument("--misses", type=int, default=0, help="print so many misses a set")
    options = arguments.parse_args()
    if not options.set.is_dir():
        sys.exit(f"requests.py: no folder {options.set}")
    with tempfile.TemporaryDirectory() as work:
        catalog, models = open_catalog(options.catalog, options.models, Path(work))
        found, misses = run(options.set, catalog, models, options.only or list(GOALS), options.rows)
        catalog.close()
    print(json.dumps(found, indent=1) if options.json else table(found))
    shown: dict[str, int] = {}
    for miss in misses:
        name = miss.split(" ", 1)[0]
        shown[name] = shown.get(name, 0) + 1
        if shown[name] <= options.misses:
            print(miss, file=sys.stderr)


if __name__ == "__main__":
    main()
