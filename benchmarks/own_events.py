"""Is folding a person in as good as training with their events? NDCG@10 of held-out people.

    python benchmarks/own_events.py [--data FOLDER] [--users 200] [--json]

FOLDER is anything that `recagent catalog add` reads with interactions; default:
$RECAGENT_BENCH_DATA/datasets/ml-latest-small. Sample people are drawn and halved. One training has
everybody but the second half, the other everybody but the first, each of the halves without their
last item. For a person of the first half the first models so know their events ("trained") and the
second never saw them and fold them in ("folded in"), at the same amount of data; for the second
half it is the reverse. Both get the same history and are asked for ten items; the last item taken
is the truth. `likes` asks without the order, as a profile does; `next` with it.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the program

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from recagent_catalogs.ingest import ingest  # noqa: E402
from recagent_catalogs.store import Catalog  # noqa: E402
from recagent_cli.evaluation.bootstrap import Resampling  # noqa: E402
from recagent_tools.models.facts import facts_of  # noqa: E402
from recagent_tools.models.folds import SHORTEST  # noqa: E402
from recagent_tools.models.history import History  # noqa: E402
from recagent_tools.models.metrics import hits_of, ndcg, stacked  # noqa: E402
from recagent_tools.models.recommender import Recommender, content_share  # noqa: E402
from recagent_tools.models.retriever import Setting  # noqa: E402
from recagent_tools.models.sequences import Sequences  # noqa: E402
from recagent_tools.models.training import train  # noqa: E402

K = 10


def without(data: Sequences, gone: NDArray[np.int64], cut: NDArray[np.int64]) -> Sequences:
    """The data without some users, and without the last item of others."""
    keep = np.ones(data.n_users, dtype=bool)
    keep[gone] = False
    return data.without_last(cut).of_users(keep)


def asked(
    model: Recommender, data: Sequences, users: NDArray[np.int64], *, ordered: bool
) -> NDArray[np.float64]:
    """NDCG@10 of each user's last item, float64 [users]."""
    lengths = data.lengths()
    histories = []
    for user in users.tolist():
        history = data.history(user, int(lengths[user]) - 1)
        histories.append(history if ordered else History(history.rows, history.weights))
    targets = [data.item[data.indptr[user + 1] - 1 : data.indptr[user + 1]] for user in users]
    lists = model.top(histories, K)
    hits = hits_of(stacked(lists, K), targets, data.n_items)
    return ndcg(hits, np.ones(len(targets), dtype=np.int64), K)


def compared(catalog: Catalog, users: int, seed: int, threads: int) -> dict[str, Any]:
    """Both ways of asking, with paired intervals."""
    assert catalog.interactions is not None
    data, facts = Sequences.of(catalog.interactions), facts_of(catalog)
    rng, setting = np.random.default_rng(seed), Setting(seed, threads)
    able = np.flatnonzero(data.lengths() > SHORTEST)
    drawn = rng.permutation(able)[: min(users, len(able) // 2)]
    halves = drawn[::2], drawn[1::2]
    share, models = content_share(catalog.schema), []
    for gone in (halves[1], halves[0]):
        begun = time.perf_counter()
        known = without(data, gone, drawn)
        trained = train(facts, known, setting, held_back=False)
        models.append(trained.recommender(content_share=share))
        print(f"trained in {time.perf_counter() - begun:.1f} s", flush=True)
    found: dict[str, Any] = {"users": len(drawn), "items": data.n_items}
    for kind in ("likes", "next") if data.ordered else ("likes",):
        told = [asked(models[n], data, halves[n], ordered=kind == "next") for n in (0, 1)]
        folded = [asked(models[1 - n], data, halves[n], ordered=kind == "next") for n in (0, 1)]
        trained_in, folded_in = np.concatenate(told), np.concatenate(folded)
        apart = trained_in - folded_in
        low, high = Resampling(len(apart), rng).intervals(apart[:, None])[0]
        found[kind] = {
            "folded in": round(float(folded_in.mean()), 4),
            "trained": round(float(trained_in.mean()), 4),
            "difference": round(float(apart.mean()), 4),
            "interval": [round(float(low), 4), round(float(high), 4)],
        }
    return found


def main() -> None:
    """Run it and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    base = Path(os.environ.get("RECAGENT_BENCH_DATA", "."))
    parser.add_argument("--data", type=Path, default=base / "datasets" / "ml-latest-small")
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "data"
        ingest(options.data, place, name="data")
        found = compared(Catalog.open(place), options.users, options.seed, options.threads)
    if options.json:
        print(json.dumps(found))
        return
    print(f"{found['users']} held-out users, {found['items']:,} items; NDCG@10 of their last item")
    for kind in ("likes", "next"):
        if kind in found:
            told = found[kind]
            print(
                f"{kind}: folded in {told['folded in']:.4f}, trained {told['trained']:.4f}, "
                f"difference {told['difference']:+.4f} {told['interval']}"
            )


if __name__ == "__main__":
    main()
