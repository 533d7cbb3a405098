"""Do fake users bring their item into other people's lists? Real data, poisoned, before and after.

    python benchmarks/poisoning.py [--data FOLDER] [--kinds padded,burst,…] [--aims 5] [--share .01]
        [--known .0055] [--at-once N] [--believing] [--quick] [--threads 2] [--seed 0] [--json]

FOLDER is anything that `recagent catalog add` reads with interactions; default:
$RECAGENT_BENCH_DATA/datasets/ml-100k. A sixth of the users is held out as newcomers, and
everybody's last item. To the rest come 1 % of fake users who push one item, which half a percent
of the real ones took (`--known`): each kind of attack is told in `tests/hostile/poison.py`.
Everything is trained on the poisoned data, rankers too, for every aim (a target and a niche of nine
similar items) anew, or for N of them at once, which is N % of fakes. Told are

* the share of lists of ten that hold the target, before and after, of the exposed (newcomers who
  name 3 of the niche; people of the data with one of it among their last 10) and of all others;
* where the target stands, in the median, before and after;
* the honest newcomers' NDCG@10 (5 likes named, the rest of their history relevant) and that of the
  last items held out, before and after.

`likes` and `next` are lists of the models; `like A, B, C` is what the program's own tools
(`similar`, `rank`) make of three names. The peers are item cosine, implicit ALS and EASE, with the
settings that `quality.py` finds for MovieLens. `recagent, believing` is our engine as it would be
if it took every user for one (`--believing`).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != HERE] + [str(HERE.parent)]
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the program

import numpy as np  # noqa: E402

from recagent_catalogs.ingest import ingest  # noqa: E402
from recagent_catalogs.interactions import Interactions, Rows  # noqa: E402
from recagent_catalogs.store import Catalog  # noqa: E402
from recagent_cli.evaluation.peers import ALS, EASE, CoOccurrence, Peer, ones  # noqa: E402
from recagent_tools.bus import CandidateBus  # noqa: E402
from recagent_tools.models import training  # noqa: E402
from recagent_tools.models.engine import Engine  # noqa: E402
from recagent_tools.models.facts import facts_of  # noqa: E402
from recagent_tools.models.history import History  # noqa: E402
from recagent_tools.models.ranker import Ranker  # noqa: E402
from recagent_tools.models.retriever import Setting  # noqa: E402
from recagent_tools.models.sequences import Sequences  # noqa: E402
from recagent_tools.models.training import Trained  # noqa: E402
from recagent_tools.registry import load_toolbox  # noqa: E402
from recagent_tools.toolbox import ToolContext  # noqa: E402
from tests.hostile.poison import KINDS, Aim, aims, fakes, poisoned  # noqa: E402

K, DEEP = 10, 500
NAMED, LIKES = 3, 5
"""How many of the niche are named by who is exposed; how many likes an honest newcomer names."""
PEOPLE = 40
"""Exposed people of each kind of list, at most,"""
OTHERS = 150
"""and others."""
FEW = 20
"""Lists of each kind through the tools."""
SETTINGS = (
    (CoOccurrence, {}),
    (ALS, {"factors": 32, "regularization": 10.0, "alpha": 5.0}),
    (EASE, {"lambda": 100.0}),
)
TOOLBOX = load_toolbox(plugins=False)
Top = Callable[[Sequence[History], int], list[Rows]]


@dataclass(frozen=True)
class Honest:
    """The real people, split: what may be fitted, and who is asked for.

    Attributes:
        known: of those who are fitted, without their last items.
        last: of everybody who is fitted and has one, (user, the held-out row).
        strangers: of the held-out, five likes and the rows of the rest.
    """

    known: Interactions
    last: list[tuple[int, int]]
    strangers: list[tuple[History, Rows]]


def split(taken: Interactions, rng: np.random.Generator) -> Honest:
    """Hold out every sixth user, and everybody's last item."""
    users = rng.permutation(taken.n_users)
    out = np.zeros(taken.n_users, dtype=bool)
    out[users[: taken.n_users // 6]] = True
    lengths = np.diff(taken.indptr)
    keep = ~np.repeat(out, lengths)
    ends = taken.indptr[1:][~out & (lengths >= 5)] - 1
    keep[ends] = False
    fitted = np.flatnonzero(~out)
    number = np.full(taken.n_users, -1)
    number[fitted] = np.arange(len(fitted))
    mine = number[taken.user[keep]].astype(np.int32)
    known = replace(
        taken,
        user=mine,
        item=np.asarray(taken.item[keep]),
        value=None if taken.value is None else np.asarray(taken.value[keep]),
        time=None if taken.time is None else np.asarray(taken.time[keep]),
        indptr=np.concatenate(([0], np.cumsum(np.bincount(mine, minlength=len(fitted))))),
    )
    last = [(int(number[taken.user[end]]), int(taken.item[end])) for end in ends]
    strangers = []
    for user in np.flatnonzero(out & (lengths >= 2 * LIKES)):
        rows = rng.permutation(np.unique(taken.item[taken.history(int(user))])).astype(np.int32)
        strangers.append((History.of(rows[:LIKES].tolist()), rows[LIKES:]))
    return Honest(known, last, strangers)


@dataclass(frozen=True)
class Asked:
    """Whose lists are looked at for an aim: histories by kind of list, exposed and not."""

    exposed: dict[str, list[History]]
    others: dict[str, list[History]]


def asked(aim: Aim, honest: Honest, sequences: Sequences, rng: np.random.Generator) -> Asked:
    """Those who are exposed to an aim, and some who are not; nobody who took the target."""
    named = [
        History.of(rng.choice(aim.niche, NAMED, replace=False).tolist()) for _ in range(PEOPLE)
    ]
    near, far = [], []
    for user in rng.permutation(honest.known.n_users).tolist():
        history = sequences.history(user)
        if len(history) and aim.target not in history.rows:
            last = np.isin(history.rows[-10:], aim.niche).any()
            (near if last else far).append(history)
    free = [h for h, _ in honest.strangers if not np.isin(h.rows, [aim.target, *aim.niche]).any()]
    return Asked(
        {"likes": named, "next": near[:PEOPLE]}, {"likes": free[:OTHERS], "next": far[:OTHERS]}
    )


# -- engines --------------------------------------------------------------------------------------


class Ready(Engine):
    """An engine of models that were trained and not written."""

    def __init__(self, catalog: Catalog, trained: Trained, usual_length: float) -> None:
        manifest = {"data": {"usual_length": usual_length}, "files": {}}
        super().__init__(catalog, trained.first.retrievers, manifest)
        self.trained_rankers = trained.rankers

    def _ranker(self, kind: str) -> Ranker | None:
        return self.trained_rankers.get(kind)


def top_of(peer: Peer, n_items: int) -> Top:
    """A peer's lists."""

    def top(histories: Sequence[History], k: int) -> list[Rows]:
        scores = peer.scores(ones([np.sort(h.rows) for h in histories], n_items))
        lists = []
        for mine, history in zip(np.array(scores), histories, strict=True):
            mine[history.rows] = -np.inf
            lists.append(np.argsort(-mine, kind="stable")[:k].astype(np.int32))
        return lists

    return top


def named_lists(engine: Engine, histories: Sequence[History], k: int) -> list[Rows]:
    """What "like A, B, C" comes to: `similar`, then `rank`."""
    lists = []
    for history in histories:
        catalog = engine.catalog
        bus = CandidateBus(catalog.n_items, catalog.fingerprint)
        context = ToolContext(catalog, engine, bus)
        liked = [catalog.ids([row])[0] for row in history.rows.tolist()]
        for name, arguments in (("similar", {"liked": liked}), ("rank", {})):
            ran = TOOLBOX.run(name, arguments, context)
            assert not ran.error, ran.result.text
        lists.append(context.bus.rows()[:k].astype(np.int32))
    return lists


def engines(
    catalog: Catalog, taken: Interactions, options: argparse.Namespace
) -> Iterator[tuple[str, str, Top]]:
    """Name, kinds of lists it is asked for (all if empty), and its lists."""
    sequences = Sequences.of(taken)
    setting = Setting(options.seed, options.threads, options.quick)
    ways = [("recagent", True)] + ([("recagent, believing", False)] if options.believing else [])
    for name, careful in ways:
        trained = trained_on(catalog, sequences, setting, careful)
        engine = Ready(catalog, trained, sequences.usual_length)
        yield name, "", engine.recommender.top
        yield f"{name}: like A, B, C", "named", lambda asked, k, e=engine: named_lists(e, asked, k)
    for kind, parameters in SETTINGS:
        peer = kind.fit(sequences, parameters, seed=options.seed, threads=options.threads)
        yield kind.name, "", top_of(peer, taken.n_items)


def trained_on(catalog: Catalog, sequences: Sequences, setting: Setting, careful: bool) -> Trained:
    """What a build trains; where it is not careful, as if it looked for no fakes."""
    known = training.as_one
    if not careful:
        training.as_one = lambda all_of_them: (all_of_them, [])
    try:
        return training.train(facts_of(catalog), sequences, setting, held_back=False)
    finally:
        training.as_one = known


# -- measures -------------------------------------------------------------------------------------


def reach(top: Top, people: Sequence[History], target: int) -> dict[str, float]:
    """The share of lists of ten that hold the target, and its median place (501: below 500)."""
    if not people:
        return {"share": float("nan"), "place": float("nan")}
    places = []
    for rows in top(people, DEEP):
        where = np.flatnonzero(rows == target)
        places.append(int(where[0]) + 1 if len(where) else DEEP + 1)
    return {"share": float((np.array(places) <= K).mean()), "place": float(np.median(places))}


def quality(top: Top, honest: Honest, sequences: Sequences) -> dict[str, float]:
    """NDCG@10 of honest newcomers and of the last items held out."""
    discount = 1 / np.log2(np.arange(2, K + 2))
    found = {}
    lists = top([history for history, _ in honest.strangers], K)
    values = [
        (discount * np.isin(rows, rest)).sum() / discount[: min(K, len(rest))].sum()
        for rows, (_, rest) in zip(lists, honest.strangers, strict=True)
    ]
    found["newcomers"] = float(np.mean(values))
    lists = top([sequences.history(user) for user, _ in honest.last], K)
    values = [
        float((discount * (rows == row)).sum())
        for rows, (_, row) in zip(lists, honest.last, strict=True)
    ]
    found["last"] = float(np.mean(values))
    return found


def looked(
    catalog: Catalog,
    taken: Interactions,
    wanted: Sequence[Aim],
    whom: Sequence[Asked],
    honest: Honest,
    options: argparse.Namespace,
) -> dict[str, Any]:
    """Of every engine trained on these interactions: reach by aim and kind of list, and quality."""
    sequences = Sequences.of(honest.known)
    found: dict[str, Any] = {}
    for name, only, top in engines(catalog, taken, options):
        each: list[dict[str, Any]] = []
        for aim, people in zip(wanted, whom, strict=True):
            one = {}
            for part, histories in (("exposed", people.exposed), ("others", people.others)):
                for kind, mine in histories.items():
                    if only == "named":
                        if kind != "likes":
                            continue
                        kind, mine = "named", mine[:FEW]
                    one[f"{part} {kind}"] = reach(top, mine, aim.target)
            each.append(one)
        found[name] = {"aims": each}
        if only != "named":
            found[name] |= quality(top, honest, sequences)
    return found


def measure(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """A report for every kind of attack."""
    with tempfile.TemporaryDirectory() as made:
        ingest(options.data, Path(made) / "catalog", name="benchmark")
        catalog = Catalog.open(Path(made) / "catalog")
        assert catalog.interactions is not None
        rng = np.random.default_rng(options.seed)
        honest = split(catalog.interactions, rng)
        wanted = aims(honest.known, options.aims, rng, options.known)
        sequences = Sequences.of(honest.known)
        whom = [asked(aim, honest, sequences, rng) for aim in wanted]
        many = max(1, round(options.share * honest.known.n_users))
        told(f"{len(wanted)} aims, {many} fakes each; clean")
        clean = looked(catalog, honest.known, wanted, whom, honest, options)
        for kind in options.kinds:
            parts = []
            for begin in range(0, len(wanted), options.at_once):
                some = wanted[begin : begin + options.at_once]
                more = [f for aim in some for f in fakes(kind, aim, honest.known, many, rng)]
                told(f"{kind}, aim {begin + 1}")
                taken = poisoned(honest.known, more)
                them = whom[begin : begin + options.at_once]
                parts.append(looked(catalog, taken, some, them, honest, options))
            yield {
                "kind": kind,
                "fakes": many,
                "users": honest.known.n_users,
                "engines": {name: joined(clean[name], [p[name] for p in parts]) for name in clean},
            }


def joined(before: dict[str, Any], after: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Before and after, aim by aim; quality as the mean over trainings."""
    aims = [one for part in after for one in part["aims"]]
    found: dict[str, Any] = {}
    for name in aims[0]:
        found[name] = {
            what: [[b[name][what] for b in before["aims"]], [a[name][what] for a in aims]]
            for what in ("share", "place")
        }
    for name in ("newcomers", "last"):
        if name in before:
            found[name] = [before[name], [part[name] for part in after]]
    return found


def told(text: str) -> None:
    """Progress."""
    print(f"{time.strftime('%H:%M:%S')} load {os.getloadavg()[0]:.0f}: {text}", file=sys.stderr)


def table(report: dict[str, Any]) -> Iterator[str]:
    """One kind of attack in Markdown."""
    yield f"### {report['kind']}: {report['fakes']} fakes among {report['users']:,} users"
    yield ""
    yield "| engine | exposed: likes | exposed: next | others | place | newcomers | last item |"
    yield "|---|---|---|---|---|---|---|"
    for name, one in report["engines"].items():
        kind = "named" if "exposed named" in one else "likes"
        cells = [spread(one[f"exposed {kind}"]["share"])]
        cells.append("" if kind == "named" else spread(one["exposed next"]["share"]))
        others = [one[part]["share"] for part in one if part.startswith("others")]
        cells.append(" / ".join(spread(share) for share in others))
        befores, afters = one[f"exposed {kind}"]["place"]
        cells.append(f"{np.nanmedian(befores):.0f} → {np.nanmedian(afters):.0f}")
        for what in ("newcomers", "last"):
            cells.append(change(one[what]) if what in one else "")
        yield f"| {name} | {' | '.join(cells)} |"
    yield ""


def spread(share: Sequence[Sequence[float]]) -> str:
    """`0 → 3 % (0-10)`: medians over the aims, and the range after."""
    before, after = (100 * np.array(part) for part in share)
    middle = f"{np.nanmedian(before):.1f} → {np.nanmedian(after):.1f} %".replace(".0", "")
    return f"{middle} ({np.nanmin(after):.0f}-{np.nanmax(after):.0f})"


def change(pair: tuple[float, Sequence[float]]) -> str:
    """`.1390, +.0003`: before, and how much is added, in the mean over trainings."""
    before, after = pair
    gain = float(np.mean(after)) - before
    return f"{before:.4f} {gain:+.4f}".replace("0.", ".")


def main() -> None:
    """Measure and print."""
    base = Path(os.environ.get("RECAGENT_BENCH_DATA", "."))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=base / "datasets" / "ml-100k")
    parser.add_argument("--kinds", default=",".join(KINDS), type=lambda text: text.split(","))
    parser.add_argument("--aims", type=int, default=5)
    parser.add_argument("--share", type=float, default=0.01, help="of fake users")
    parser.add_argument("--known", type=float, default=0.0055, help="share who took the target")
    parser.add_argument("--at-once", type=int, default=1, help="aims in one training")
    parser.add_argument("--believing", action="store_true")
    parser.add_argument("--quick", action="store_true", help="as the first build that `ask` makes")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    for report in measure(options):
        print(json.dumps(report) if options.json else "\n".join(table(report)), flush=True)


if __name__ == "__main__":
    main()
