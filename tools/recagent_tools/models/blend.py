"""The blend: a weighted sum of standard scores; ranks where no ranker can, and insures it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from recagent_catalogs.interactions import Floats, Rows

from .closed_form import DENSE
from .features import Scored

LIKES: Mapping[str, Mapping[str, tuple[float, ...]]] = {
    "dense": {
        "als": (1.0, 1.0, 1.0, 1.0),
        "ease": (0.1, 0.3, 1.0, 1.0),
        "user_knn": (1.0, 1.0, 0.5, 0.0),
    },
    "sparse": {"cooccurrence": (1.0,), "user_knn": (1.0,), "content": (0.3,)},
    "thin": {"als": (1.0,), "content": (0.3,)},
}
"""Weights at `KNOTS` likes. Dense: MovieLens. Sparse: some eight items a user (Toys). Thin: one or
two (Steam), where nothing beats popularity and only content tells people apart."""
KNOTS = (1, 10, 20, 60)
SPARSE = 3.0
"""Items a user from which on data is more than thin."""
NEXT = {"nearby": 1.0, "transitions": 0.7, "als": 0.3, "cooccurrence": 0.3, "content": 0.1}


def blend(scored: Scored, rows: Rows, usual_length: float) -> Floats:
    """float32 [len(rows)], standard scores with fixed weights; zero for an empty history.

    Args:
        scored: what the retrievers say.
        rows: int32, the items.
        usual_length: how many items a user of the data has.
    """
    weights = NEXT if scored.history.ordered else _weights(scored.history.n_liked, usual_length)
    total = np.zeros(len(rows), dtype=np.float32)
    for name, scores in scored.scores.items():
        if weights.get(name):
            total += np.float32(weights[name]) * scores.z(rows)
    return total


def _weights(n_liked: int, usual_length: float) -> dict[str, float]:
    """For so many likes without an order."""
    kind = "dense" if usual_length >= DENSE else "sparse" if usual_length >= SPARSE else "thin"
    return {
        name: float(np.interp(n_liked, KNOTS[: len(knots)], knots))
        for name, knots in LIKES[kind].items()
    }


def standardised(values: Floats) -> Floats:
    """Mean 0, deviation 1; all zero where they are all the same."""
    deviation = float(values.std()) if len(values) else 0.0
    if deviation < 1e-9:
        return np.zeros_like(values)
    return np.asarray((values - values.mean()) / deviation, dtype=np.float32)
