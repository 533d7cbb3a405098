"""The blend: a weighted sum of standard scores; ranks where no ranker can, and insures it."""

from __future__ import annotations

import numpy as np

from recagent_catalogs.interactions import Floats, Rows

from .features import Scored

LIKES = {"als": 1.0, "cooccurrence": 1.0, "content": 0.3}
NEXT = {"als": 0.5, "cooccurrence": 0.5, "transitions": 1.2, "content": 0.2}


def blend(scored: Scored, rows: Rows) -> Floats:
    """float32 [len(rows)], standard scores with fixed weights; zero for an empty history."""
    weights = NEXT if scored.history.ordered else LIKES
    total = np.zeros(len(rows), dtype=np.float32)
    for name, scores in scored.scores.items():
        if name in weights:
            total += np.float32(weights[name]) * scores.z(rows)
    return total


def standardised(values: Floats) -> Floats:
    """Mean 0, deviation 1; all zero where they are all the same."""
    deviation = float(values.std()) if len(values) else 0.0
    if deviation < 1e-9:
        return np.zeros_like(values)
    return np.asarray((values - values.mean()) / deviation, dtype=np.float32)
