"""LensKit as a peer of `quality.py`, run by an interpreter that has it.

    PYTHON benchmarks/lenskit_peer.py

`quality.py --lenskit PYTHON` starts it and talks to it by lines of JSON on standard input and
output, one answer a line; arrays go by files. First it says its version, then it is told

    {"do": "fit", "scorer": "item-knn", "settings": {…}, "seed": 0, "train": "train.npz"}
    {"do": "score", "histories": "histories.npz", "scores": "scores.npz"}

    train.npz       user, item        int32 [n], who took what, in the training part
    histories.npz   item, indptr      int32 [h], int64 [m + 1], what is known of m people
                    n_items           items are numbers below it
    scores.npz      scores            float32 [m, n_items], NaN where LensKit has none

It is told nothing else: no targets, ratings, times or names. People are always folded in from
their histories, also those of the training part. It needs only LensKit and what comes with it.
"""

# mypy: disable-error-code="import-not-found, import-untyped"
# LensKit is in an environment of its own

from __future__ import annotations

import json
import sys
import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any

# files beside this one must not shadow a library's import (`requests`)
sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != Path(__file__).resolve().parent]

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from lenskit import __version__  # noqa: E402
from lenskit.als import ImplicitMFScorer  # noqa: E402
from lenskit.data import ItemList, RecQuery, from_interactions_df  # noqa: E402
from lenskit.knn import ItemKNNScorer  # noqa: E402
from lenskit.training import TrainingOptions  # noqa: E402


def scorer_of(name: str, settings: dict[str, float]) -> Any:
    """LensKit's component; what is not in the settings has its default."""
    if name == "item-knn":
        return ItemKNNScorer(feedback="implicit", **settings)
    return ImplicitMFScorer(**settings)


def fit(order: dict[str, Any]) -> Any:
    """A scorer trained on who took what."""
    with np.load(order["train"]) as train:
        frame = pd.DataFrame({"user_id": train["user"], "item_id": train["item"]})
    scorer = scorer_of(order["scorer"], order["settings"])
    scorer.train(from_interactions_df(frame), TrainingOptions(rng=order["seed"]))
    return scorer


def score(scorer: Any, order: dict[str, Any]) -> None:
    """Every item for every history."""
    with np.load(order["histories"]) as asked:
        item, indptr, n_items = asked["item"], asked["indptr"], int(asked["n_items"])
    scores = np.full((len(indptr) - 1, n_items), np.nan, dtype=np.float32)
    known = np.sort(scorer.items.ids()).astype(np.int64)
    candidates = ItemList(item_ids=known)
    # 2025.8.1 ends in a panic when it is asked about an item that is new to it
    named = np.isin(item, known)
    for line, (begin, end) in zip(scores, pairwise(indptr), strict=True):
        history = item[begin:end][named[begin:end]]
        if len(history):
            found = scorer(RecQuery(history_items=ItemList(item_ids=history)), candidates)
            line[known] = found.scores("numpy")
    np.savez(order["scores"], scores=scores)


def main() -> None:
    """Answer orders until the input ends."""
    warnings.simplefilter("ignore")
    # whatever LensKit prints must not come between the answers
    answers, sys.stdout = sys.stdout, sys.stderr
    scorer = None
    print(json.dumps({"lenskit": __version__}), file=answers, flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "fit":
            scorer = fit(order)
        else:
            score(scorer, order)
        print(json.dumps({"done": order["do"]}), file=answers, flush=True)


if __name__ == "__main__":
    main()
