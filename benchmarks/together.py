"""Whom does a list for several people serve? NDCG@10 of each member, by strategy.

    python benchmarks/together.py [--data FOLDER] [--groups 300] [--users 200] [--json]

FOLDER is anything that `recagent catalog add` reads with ratings of MovieLens's csv files; default:
$RECAGENT_BENCH_DATA/datasets/ml-latest-small. Sample people are taken out before anything is
fitted. Of each, a random half of the items liked (rated 4 and more) and of those disliked (2.5 and
less) is told, at most 20 of either; the rest of the likes is the truth. Groups of two, three and
four of them are drawn at random. The list of ten is made by the program's own tools: `personal`,
`for_user`, `rank` with a company. What one member was told is seen for all, in every arm, and no
truth.

* one: the list of one member, the first drawn, served to all.
* average, least-misery, most-pleasure: as `--together` has them.
* without misery: the average of the items whose fit is above the middle for everybody
  (Masthoff 2011), tried out here only.
* each alone: everybody gets a list of their own; what no common list can be expected to reach.

Of each list the mean and the minimum of the members' NDCG@10 are told, and how many of its items
the members (in the part that was not told) rated 2.5 or less; differences to "one" are paired by
groups.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the program

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from recagent_catalogs.ingest import ingest  # noqa: E402
from recagent_catalogs.store import Catalog  # noqa: E402
from recagent_cli.evaluation.bootstrap import Resampling  # noqa: E402
from recagent_tools.bus import CandidateBus  # noqa: E402
from recagent_tools.models.engine import Engine  # noqa: E402
from recagent_tools.models.training import build  # noqa: E402
from recagent_tools.rank import RankArguments, scored_parts  # noqa: E402
from recagent_tools.registry import load_toolbox  # noqa: E402
from recagent_tools.together import STRATEGIES, Companion, Company, Strategy  # noqa: E402
from recagent_tools.toolbox import EmptyProfile, ToolContext  # noqa: E402

K, MOST_TOLD, LEAST_LIKED = 10, 20, 20
LIKED, DISLIKED = 4.0, 2.5
ARMS = ("one", *STRATEGIES, "without misery", "each alone")
TOOLBOX = load_toolbox(plugins=False)


@dataclass(frozen=True)
class Person:
    """What is told of a held-out person, and what is not."""

    profile: EmptyProfile
    likes: frozenset[int]
    dislikes: frozenset[int]


def split(data: Path, folder: Path, users: int) -> dict[str, list[tuple[str, float]]]:
    """Copy the data without sample people; returns their (item, rating)."""
    folder.mkdir()
    for path in data.glob("*.csv"):
        if path.name != "ratings.csv":
            shutil.copy(path, folder / path.name)
    rated: dict[str, list[tuple[str, float]]] = {}
    with (data / "ratings.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    for user, item, rating, _ in rows:
        rated.setdefault(user, []).append((item, float(rating)))
    able = (user for user, told in rated.items() if sum(r >= LIKED for _, r in told) >= LEAST_LIKED)
    chosen = np.random.default_rng(0).permutation(sorted(able))[:users].tolist()
    gone = set(chosen)
    with (folder / "ratings.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(row for row in rows if row[0] not in gone)
    return {user: rated[user] for user in chosen}


def halved(
    ratings: Sequence[tuple[str, float]], catalog: Catalog, rng: np.random.Generator
) -> Person:
    """A person of whom half is told."""
    rows = [(row, r) for item, r in ratings if (row := catalog.row_of(item)) is not None]
    parts = []
    for wanted in (
        [row for row, r in rows if r >= LIKED],
        [row for row, r in rows if r <= DISLIKED],
    ):
        drawn = rng.permutation(np.array(wanted, dtype=np.int64)).tolist()
        told = min(MOST_TOLD, len(drawn) // 2)
        parts.append((drawn[:told], drawn[told:]))
    (liked, likes), (disliked, dislikes) = parts
    profile = EmptyProfile(liked=liked, disliked=disliked, seen=(*liked, *disliked))
    return Person(profile, frozenset(likes), frozenset(dislikes))


def listed(context: ToolContext, arm: str) -> list[int]:
    """The ten that the program's tools come to."""
    context = replace(
        context, bus=CandidateBus(context.catalog.n_items, context.catalog.fingerprint)
    )
    calls: list[tuple[str, dict[str, Any]]] = [("personal", {}), ("for_user", {})]
    calls += [] if arm == "without misery" else [("rank", {"top": K})]
    for name, arguments in calls:
        ran = TOOLBOX.run(name, arguments, context)
        assert not ran.error, ran.result.text
    if arm != "without misery":
        return [int(row) for row in context.bus.rows()[:K]]
    rows = context.bus.rows()
    scored = scored_parts(context, rows, RankArguments())
    misery = np.min(list(scored.people.values()), axis=0) < 0
    return [int(row) for row in rows[np.lexsort((rows, -scored.total, misery))][:K]]


def served(members: Sequence[Person], context: ToolContext, arm: str) -> list[list[int]]:
    """The list that each member gets."""
    seen = tuple({row: None for person in members for row in person.profile.seen})
    one, *others = (replace(person.profile, seen=seen) for person in members)
    if arm == "each alone":
        return [listed(replace(context, profile=p), arm) for p in (one, *others)]
    if arm == "one":
        return [listed(replace(context, profile=one), arm)] * len(members)
    by: Strategy = "average" if arm == "without misery" else arm  # type: ignore[assignment]
    company = Company("p0", tuple(Companion(f"p{n}", p) for n, p in enumerate(others, 1)), by)
    return [listed(replace(context, profile=one, company=company), arm)] * len(members)


def told(members: Sequence[Person], lists: Sequence[Sequence[int]]) -> tuple[float, float, float]:
    """The mean and the minimum of the members' NDCG@10, and of disliked items in a list."""
    seen = {row for person in members for row in person.profile.seen}
    discount = 1 / np.log2(np.arange(2, K + 2))
    values, disliked = [], []
    for person, rows in zip(members, lists, strict=True):
        truth = person.likes - seen
        hits = np.array([row in truth for row in rows], dtype=float)
        best = discount[: min(K, len(truth))].sum()
        values.append(float((discount[: len(hits)] * hits).sum() / best) if truth else 0.0)
        disliked.append(len(person.dislikes & set(rows)))
    return float(np.mean(values)), min(values), float(np.mean(disliked))


def measure(data: Path, groups: int, users: int, seed: int) -> dict[str, Any]:
    """Figures by size and arm."""
    with tempfile.TemporaryDirectory() as made:
        work = Path(made)
        people = split(data, work / "data", users)
        ingest(work / "data", work / "catalog", name="benchmark")
        catalog = Catalog.open(work / "catalog")
        build(catalog, work / "models")
        engine = Engine.open(catalog, work / "models")
        context = ToolContext(catalog, engine, CandidateBus(catalog.n_items, catalog.fingerprint))
        rng = np.random.default_rng(seed)
        persons = [halved(ratings, catalog, rng) for ratings in people.values()]
        table = np.zeros((groups, len(ARMS), 3))
        sizes = np.array([2 + n % 3 for n in range(groups)])
        for n, size in enumerate(sizes):
            members = [persons[one] for one in rng.choice(len(persons), size, replace=False)]
            for place, arm in enumerate(ARMS):
                table[n, place] = told(members, served(members, context, arm))
    found: dict[str, Any] = {"people": len(persons), "groups": groups}
    found["all"] = _figures(table)
    for size in (2, 3, 4):
        found[str(size)] = _figures(table[sizes == size])
    return found


def _figures(table: NDArray[np.float64]) -> dict[str, Any]:
    """Means by arm, and their paired differences to "one" and to the average."""
    sample = Resampling(len(table), np.random.default_rng(1))
    found = {}
    for place, arm in enumerate(ARMS):
        mean, least, disliked = table[:, place].mean(axis=0)
        figures = {"mean": mean, "min": least, "disliked": disliked}
        for against in ("one", "average"):
            apart = table[:, place] - table[:, ARMS.index(against)]
            ends = sample.intervals(apart)
            for n, name in enumerate(("mean", "min", "disliked")):
                figures[f"{name} - {against}"] = [float(apart[:, n].mean()), *map(float, ends[n])]
        found[arm] = figures
    return found


def main() -> None:
    """Measure and print."""
    base = Path(os.environ.get("RECAGENT_BENCH_DATA", "."))
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=base / "datasets" / "ml-latest-small")
    parser.add_argument("--groups", type=int, default=300)
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = measure(given.data, given.groups, given.users, given.seed)
    if given.json:
        print(json.dumps(found))
        return
    print(f"{found['groups']} groups of 2 to 4 out of {found['people']} held-out people, NDCG@{K}")
    for size in ("all", "2", "3", "4"):
        print(f"\n{size}{'mean':>20}  − one, 95 %{'min':>24}  − one, 95 %{'disliked':>22}")
        for arm, one in found[size].items():
            gains = [one[f"{name} - one"] for name in ("mean", "min")]
            ends = [f"{g:+.4f} [{low:+.4f}, {high:+.4f}]" for g, low, high in gains]
            print(
                f"{arm:<16}{one['mean']:8.4f}  {ends[0]:<28}{one['min']:8.4f}  {ends[1]:<28}"
                f"{one['disliked']:6.3f}"
            )


if __name__ == "__main__":
    main()
