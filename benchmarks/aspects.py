"""What the weights of `rank` do to the lists of known people: diversity, and each aspect by itself.

    python benchmarks/aspects.py [--data FOLDER] [--users 500] [--count 10] [--json]

FOLDER is anything that `recagent catalog add` reads; default:
$RECAGENT_BENCH_DATA/datasets/ml-latest-small. Everybody's last interaction is held back before
anything is fitted; then sample people get lists. NDCG and HR are those of the held-back item.
`diversity` is the mean unlikeness of two items of a list as `rank` measures it, `kinds` the same by
Jaccard's coefficient of their categories alone; `lower` counts the lists of which some beginning is
less diverse than that of weight 0. `sum` is an aspect's sum over a list in standard deviations of
the person's candidates, `falls` the lists in which it fell while the weight rose.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the program

import numpy as np  # noqa: E402

from recagent_catalogs.ingest import ingest  # noqa: E402
from recagent_catalogs.schema import Role  # noqa: E402
from recagent_catalogs.store import Catalog  # noqa: E402
from recagent_tools.bus import CandidateBus  # noqa: E402
from recagent_tools.models.diversity import POOL, Traits, reranked  # noqa: E402
from recagent_tools.models.engine import Engine  # noqa: E402
from recagent_tools.models.training import build  # noqa: E402
from recagent_tools.rank import VALUES, RankArguments, rank  # noqa: E402
from recagent_tools.retrieve import ForUserArguments, for_user  # noqa: E402
from recagent_tools.toolbox import ToolContext  # noqa: E402

DIVERSITY = (-0.5, 0.0, 0.25, 0.5, 0.75, 1.0)
WEIGHTS = (-2.0, -1.0, 0.0, 0.5, 1.0, 2.0)
ROUNDING = 1e-4
"""Scores are kept as float32: a smaller difference is none."""


@dataclass(frozen=True)
class Person:
    """Somebody whose last interaction was held back, with the candidates that fit them."""

    context: ToolContext
    target: int

    def ranked(self, weights: Sequence[str]) -> np.ndarray[Any, Any]:
        """All candidates in the order of these weights."""
        rank(self.context, RankArguments(weights=list(weights)))
        rows = self.context.bus.rows()
        return rows

    def column(self, name: str) -> np.ndarray[Any, Any]:
        """A score column of the last ranking, which is then taken back."""
        values = self.context.bus.scores()[name] if name else np.empty(0)
        self.context.bus.undo()
        return values


def without_last(catalog: Catalog) -> dict[int, int]:
    """Take everybody's last interaction out of the catalog's arrays; that item, by user.

    Only of those who have two, and only where the item is new to them.
    """
    taken = catalog.interactions
    if taken is None:
        sys.exit("this catalog has no interactions")
    keep, last = np.ones(len(taken), dtype=bool), {}
    for user in range(taken.n_users):
        rows = np.asarray(taken.item[taken.history(user)])
        if len(rows) > 1 and rows[-1] not in rows[:-1]:
            keep[taken.indptr[user + 1] - 1] = False
            last[user] = int(rows[-1])
    lengths = np.add.reduceat(keep.astype(np.int64), np.asarray(taken.indptr[:-1]))
    kept = replace(
        taken,
        user=taken.user[keep],
        item=taken.item[keep],
        value=None if taken.value is None else taken.value[keep],
        time=None if taken.time is None else taken.time[keep],
        indptr=np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
    )
    catalog.__dict__["interactions"] = kept
    counts = np.bincount(kept.item, minlength=catalog.n_items)
    catalog.__dict__["popularity"] = counts.astype(np.int32)
    if kept.explicit and kept.value is not None:
        sums = np.bincount(kept.item, kept.value, minlength=catalog.n_items)
        means = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
        catalog.__dict__["mean_rating"] = means.astype(np.float32)
    return last


def people(catalog: Catalog, engine: Engine, last: dict[int, int], count: int) -> list[Person]:
    """Sample people with their candidates."""
    rng = np.random.default_rng(0)
    users = rng.permutation(np.array(sorted(last), dtype=np.int64))[:count]
    found = []
    for user in users.tolist():
        context = ToolContext(catalog, engine, CandidateBus(catalog.n_items), user=user)
        for_user(context, ForUserArguments())
        found.append(Person(context, last[user]))
    return found


def hits(order: np.ndarray[Any, Any], target: int, count: int) -> tuple[float, float]:
    """HR and NDCG of one held-back item."""
    place = np.flatnonzero(order[:count] == target)
    return (1.0, 1 / float(np.log2(place[0] + 2))) if len(place) else (0.0, 0.0)


def unlike_kinds(catalog: Catalog, rows: np.ndarray[Any, Any]) -> float:
    """1 - mean Jaccard coefficient of the categories of two items."""
    kinds = catalog.schema.one(Role.CATEGORIES)
    if kinds is None:
        return float("nan")
    words = catalog.words(kinds.name)
    sets = [set(words.of(int(row))) for row in rows]
    pairs = [(a, b) for i, a in enumerate(sets) for b in sets[:i]]
    return 1 - float(np.mean([len(a & b) / max(1, len(a | b)) for a, b in pairs]))


def prefixes(traits: Traits, places: Sequence[int]) -> np.ndarray[Any, Any]:
    """The diversity of every beginning of two items or more."""
    chosen = np.asarray(places, dtype=np.int32)
    return np.array([traits.diversity(chosen[:n]) for n in range(2, len(chosen) + 1)])


def diversity_table(found: list[Person], count: int) -> list[dict[str, float]]:
    catalog = found[0].context.catalog
    rows: dict[float, list[tuple[float, ...]]] = {weight: [] for weight in DIVERSITY}
    for person in found:
        plain = person.ranked([])
        person.column("")
        pool = plain[:POOL]
        traits = Traits.read(person.context.engine.recommender.first, pool)
        place = {int(row): n for n, row in enumerate(pool)}
        base = prefixes(traits, list(range(min(count, len(pool)))))
        for weight in DIVERSITY:
            order = person.ranked([f"diversity={weight}"])
            person.column("")
            shown = order[:count]
            measured = prefixes(traits, [place[int(row)] for row in shown])
            lower = bool(np.any(measured < base - ROUNDING)) and weight > 0
            hit, gain = hits(order, person.target, count)
            kinds = unlike_kinds(catalog, shown)
            rows[weight].append((measured[-1], kinds, hit, gain, lower))
    names = ("diversity", "kinds", "hr", "ndcg")
    return [
        {
            "weight": weight,
            **{name: round(float(np.mean([row[n] for row in told])), 4)
               for n, name in enumerate(names)},
            "lower": sum(int(row[4]) for row in told),
        }
        for weight, told in rows.items()
    ]  # fmt: skip


def value_table(found: list[Person], name: str, count: int) -> list[dict[str, float]]:
    catalog = found[0].context.catalog
    sums: list[list[float]] = []
    other: dict[float, list[tuple[float, ...]]] = {weight: [] for weight in WEIGHTS}
    for person in found:
        mine = []
        for weight in WEIGHTS:
            order = person.ranked([f"{name}={weight}"])
            hit, gain = hits(order, person.target, count)
            mine.append(float(person.column(name)[:count].sum()))
            other[weight].append((hit, gain, unlike_kinds(catalog, order[:count])))
        sums.append(mine)
    told = np.array(sums)
    falls = (np.diff(told, axis=1) < -ROUNDING).any(axis=1)
    means = told.mean(axis=0)
    return [
        {
            "weight": weight,
            "sum": round(float(means[n]), 3),
            **{
                part: round(float(np.mean([row[m] for row in other[weight]])), 4)
                for m, part in enumerate(("hr", "ndcg", "kinds"))
            },
            "falls": int(falls.sum()),
        }
        for n, weight in enumerate(WEIGHTS)
    ]


def timing(engine: Engine, n_items: int) -> dict[str, float]:
    """Milliseconds of re-ranking, best of five: candidates with the traits read, by size."""
    found = {}
    for size, length in ((200, 10), (200, 50), (1_000, 10), (1_000, 50)):
        if size > n_items:
            continue
        rows = np.argsort(-engine.popularity("all"), kind="stable")[:size].astype(np.int32)
        relevance = np.linspace(1, 0, size, dtype=np.float64)
        best = float("inf")
        for _ in range(5):
            started = time.perf_counter()
            reranked(relevance, Traits.read(engine.recommender.first, rows), 0.5, length)
            best = min(best, time.perf_counter() - started)
        found[f"{size} candidates, list of {length}"] = round(1000 * best, 2)
    return found


def table(rows: list[dict[str, float]]) -> str:
    head = "| " + " | ".join(rows[0]) + " |"
    lines = ["| " + " | ".join(f"{value:g}" for value in row.values()) + " |" for row in rows]
    return "\n".join([head, "|" + "---|" * len(rows[0]), *lines])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=None)
    parser.add_argument("--users", type=int, default=500)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    bench = Path(os.environ.get("RECAGENT_BENCH_DATA", ""))
    data = options.folder or bench / "datasets" / "ml-latest-small"
    if not data.exists():
        sys.exit("no data: give --data FOLDER or set RECAGENT_BENCH_DATA")
    with tempfile.TemporaryDirectory() as work:
        place = Path(work)
        ingest(data, place / "catalog", name=data.stem)
        catalog = Catalog.open(place / "catalog")
        last = without_last(catalog)
        build(catalog, place / "models", progress=lambda text, share: None)
        engine = Engine.open(catalog, place / "models")
        found = people(catalog, engine, last, options.users)
        result: dict[str, Any] = {
            "data": data.stem,
            "people": len(found),
            "count": options.count,
            "diversity": diversity_table(found, options.count),
            "values": {name: value_table(found, name, options.count) for name in VALUES},
            "rerank_ms": timing(engine, catalog.n_items),
        }
        catalog.close()
    if options.json:
        print(json.dumps(result, indent=1))
        return
    print(f"{data.stem}: {len(found)} people, lists of {options.count}\n\ndiversity")
    print(table(result["diversity"]))
    for name, rows in result["values"].items():
        print(f"\n{name}\n{table(rows)}")
    print("\nre-ranking, ms: " + json.dumps(result["rerank_ms"]))


if __name__ == "__main__":
    main()
