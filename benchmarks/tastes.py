"""Do learned tastes help? NDCG@10 of held-out people, with and without what their likes came to.

    python benchmarks/tastes.py [--data FOLDER] [--users 200] [--likes 5] [--arm critic] [--json]

FOLDER is anything that `recagent catalog add` reads with ratings; default:
$RECAGENT_BENCH_DATA/datasets/ml-latest-small. Sample people are taken out before anything is
fitted. Of each, the first likes (ratings of 4 and more, in their order) are told one by one, each
against a list of ten that the program showed before it; what is learned of them is what
`recagent_cli.memory.generalising` keeps ("critic"), or its first proposal unexamined ("every").
"stated" is what people would say who know ten likes more: the two kinds that stand out most, as
"I love westerns" counts. Later likes are the held-out truth; the ranking is that of `rank` over
the best 1,000 of the models, without the likes told. `weight` is `TASTE` of
`recagent_tools.tastes`: chosen on the even people, reported on the odd ones, paired.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the program

import numpy as np  # noqa: E402

from recagent_catalogs.ingest import ingest  # noqa: E402
from recagent_catalogs.schema import Role  # noqa: E402
from recagent_catalogs.store import Catalog  # noqa: E402
from recagent_cli.evaluation.bootstrap import Resampling  # noqa: E402
from recagent_cli.memory.generalising import generalise, proposals  # noqa: E402
from recagent_cli.memory.tastes import IMPORTANCE, Learning  # noqa: E402
from recagent_tools import tastes  # noqa: E402
from recagent_tools.bus import CandidateBus  # noqa: E402
from recagent_tools.models.engine import Engine  # noqa: E402
from recagent_tools.models.training import build  # noqa: E402
from recagent_tools.rank import RankArguments, scored_parts  # noqa: E402
from recagent_tools.retrieve import profile_history  # noqa: E402
from recagent_tools.toolbox import EmptyProfile, ToolContext  # noqa: E402

WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 3.0, 6.0)
K, POOL, KNOWN = 10, 1_000, 10
LIKED = 4.0
Wishes = tuple[tuple[str, str, float], ...]


def split(data: Path, folder: Path, users: int, likes: int) -> dict[str, list[str]]:
    """Copy the data without sample people; returns their liked items' ids in their order."""
    folder.mkdir()
    for path in data.glob("*.csv"):
        if path.name != "ratings.csv":
            shutil.copy(path, folder / path.name)
    liked: dict[str, list[tuple[float, str]]] = {}
    with (data / "ratings.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    for user, item, rating, when in rows:
        if float(rating) >= LIKED:
            liked.setdefault(user, []).append((float(when), item))
    fit = sorted(user for user, items in liked.items() if len(items) >= 2 * likes + K)
    chosen = np.random.default_rng(0).permutation(fit)[:users].tolist()
    with (folder / "ratings.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(row for row in rows if row[0] not in set(chosen))
    return {user: [item for _, item in sorted(liked[user])] for user in chosen}


def ranked(context: ToolContext, liked: Sequence[int], wishes: Wishes) -> tuple[Any, Any, Any]:
    """The best by the models without what was told, their fit, and what the tastes add."""
    profile = EmptyProfile(liked=liked, wishes=wishes)
    history = profile_history(replace(context, profile=profile))
    mask = np.ones(context.catalog.n_items, dtype=bool)
    mask[list(liked)] = False
    rows = np.asarray(context.engine.retrieve(history, POOL, mask), dtype=np.int32)
    bus = CandidateBus(context.catalog.n_items, context.catalog.fingerprint)
    parts = scored_parts(replace(context, bus=bus, profile=profile), rows, RankArguments()).parts
    added = [part for name, part in parts.items() if tastes.of_part(name) is not None]
    return rows, parts["fit"], np.sum(added, axis=0) if added else np.zeros(len(rows))


def learned(context: ToolContext, told: Sequence[int], learning: Learning, arm: str) -> Wishes:
    """The tastes that the likes, told one by one, come to."""
    wishes: dict[tuple[str, str], float] = {}
    for n, row in enumerate(told):
        now = tuple((c, v, w) for (c, v), w in wishes.items())
        rows, fit, _ = ranked(context, told[:n], ())
        shown = rows[np.lexsort((rows, -fit))][:K].tolist()
        acting = replace(context, profile=EmptyProfile(liked=told[:n], wishes=now))
        if arm == "critic":
            found = generalise(row, 1, shown, acting, learning)
            pairs = [(found.column, found.value)] if found and found.kind == "learned" else []
        else:
            others = [other for other in shown if other != row]
            pairs = list(proposals(row, told[: n + 1], others, context.catalog))[:1]
        for pair in pairs:
            held = wishes.get(pair, 0.0)
            wishes[pair] = held + learning.eta * IMPORTANCE["learned"] * (1 - held)
    return tuple((c, v, w) for (c, v), w in wishes.items())


def stated(context: ToolContext, known: Sequence[int], learning: Learning) -> Wishes:
    """What a person would say of their kinds, who knows some more likes: the two most telling."""
    catalog = context.catalog
    found: list[tuple[float, tuple[str, str]]] = []
    for column in catalog.schema.with_role(Role.CATEGORIES):
        words = catalog.words(column.name)
        for value, count in zip(words.values, words.counts, strict=True):
            own = int(words.mask([value])[list(known)].sum())
            more = own - count / catalog.n_items * len(known)
            found.append((float(more), (column.name, str(value))))
    best = sorted(found, reverse=True)[:2]
    return tuple((*pair, learning.eta * IMPORTANCE["liked"]) for more, pair in best if more > 0)


def measure(data: Path, users: int, likes: int, arm: str) -> dict[str, Any]:
    """NDCG@10 by weight: float64 [people, weights], and what was learned."""
    with tempfile.TemporaryDirectory() as made:
        work = Path(made)
        people = split(data, work / "data", users, likes)
        ingest(work / "data", work / "catalog", name="benchmark")
        catalog = Catalog.open(work / "catalog")
        build(catalog, work / "models")
        engine = Engine.open(catalog, work / "models")
        bus = CandidateBus(catalog.n_items, catalog.fingerprint)
        context = ToolContext(catalog, engine, bus)
        learning = Learning()
        found: dict[str, Any] = {"people": len(people), "likes": likes, "arms": {}}
        for name in (arm,) if arm else ("critic", "every", "stated"):
            found["arms"][name] = _of_arm(context, people, likes, learning, name)
        found["verdict_ms"] = _verdict_ms(context, people, likes, learning)
    return found


def _of_arm(
    context: ToolContext,
    people: dict[str, list[str]],
    likes: int,
    learning: Learning,
    arm: str,
) -> dict[str, Any]:
    values, counts = [], []
    for items in people.values():
        rows = [row for item in items if (row := context.catalog.row_of(item)) is not None]
        told, known, rest = rows[:likes], rows[likes : likes + KNOWN], set(rows[likes + KNOWN :])
        if arm == "stated":
            wishes = stated(context, known, learning)
        else:
            wishes = learned(context, told, learning, arm)
        pool, fit, added = ranked(context, told, wishes)
        gains = []
        for weight in WEIGHTS:
            score = fit + added * (weight / tastes.TASTE)
            best = pool[np.lexsort((pool, -score))][:K]
            gains.append(_ndcg([row in rest for row in best.tolist()], len(rest)))
        values.append(gains)
        counts.append(len(wishes))
    table = np.array(values)
    even, odd = table[::2], table[1::2]
    chosen = int(np.argmax(even.mean(axis=0)))
    gain = odd[:, [chosen]] - odd[:, [0]]
    around = Resampling(len(odd), np.random.default_rng(1)).intervals(gain)[0]
    per_weight = Resampling(len(table), np.random.default_rng(1))
    all_gains = table - table[:, [0]]
    return {
        "learned": float(np.mean(counts)),
        "chosen_on": {str(w): float(v) for w, v in zip(WEIGHTS, even.mean(axis=0), strict=True)},
        "reported": {str(w): float(v) for w, v in zip(WEIGHTS, odd.mean(axis=0), strict=True)},
        "weight": WEIGHTS[chosen],
        "gain": float(gain.mean()),
        "gain_ci": [float(end) for end in around],
        "all_gain_ci": {
            str(w): [float(g), *map(float, ci)]
            for w, g, ci in zip(
                WEIGHTS, all_gains.mean(axis=0), per_weight.intervals(all_gains), strict=True
            )
        },
    }


def _ndcg(hits: Sequence[bool], n_wanted: int) -> float:
    discount = 1 / np.log2(np.arange(2, K + 2))
    return float((discount[: len(hits)] * hits).sum() / discount[: min(K, n_wanted)].sum())


def _verdict_ms(
    context: ToolContext, people: dict[str, list[str]], likes: int, learning: Learning
) -> float:
    """The median time of one verdict, in ms."""
    times = []
    for items in list(people.values())[:40]:
        rows = [row for item in items if (row := context.catalog.row_of(item)) is not None]
        acting = replace(context, profile=EmptyProfile(liked=rows[:likes]))
        started = time.perf_counter()
        generalise(rows[likes], 1, rows[likes + 1 : likes + K], acting, learning)
        times.append((time.perf_counter() - started) * 1000)
    return float(np.median(times))


def main() -> None:
    """Measure and print."""
    data = Path(os.environ.get("RECAGENT_BENCH_DATA", "."))
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, default=data / "datasets" / "ml-latest-small")
    arguments.add_argument("--users", type=int, default=200)
    arguments.add_argument("--likes", type=int, default=5)
    arguments.add_argument("--arm", choices=["critic", "every", "stated"], default="")
    arguments.add_argument("--json", action="store_true")
    given = arguments.parse_args()
    found = measure(given.data, given.users, given.likes, given.arm)
    if given.json:
        print(json.dumps(found))
        return
    took = f"a verdict takes {found['verdict_ms']:.1f} ms"
    print(f"{found['people']} people, {found['likes']} likes told; {took}")
    for name, arm in found["arms"].items():
        print(f"\n{name}: {arm['learned']:.1f} tastes a person, NDCG@{K}")
        print(f"{'weight':>8}  {'chosen on':>9}  {'reported':>8}  gain of all, 95 %")
        for weight in map(str, WEIGHTS):
            gain, low, high = arm["all_gain_ci"][weight]
            print(
                f"{weight:>8}  {arm['chosen_on'][weight]:9.4f}  {arm['reported'][weight]:8.4f}"
                f"  {gain:+.4f} [{low:+.4f}, {high:+.4f}]"
            )
        low, high = arm["gain_ci"]
        print(f"weight {arm['weight']:g}: gain {arm['gain']:+.4f} [{low:+.4f}, {high:+.4f}]")


if __name__ == "__main__":
    main()
