"""The blend: a weighted sum of standard scores; ranks where no ranker can, and insures it."""

from __future__ import annotations

import numpy as np

from recagent_catalogs.interactions import Floats, Rows

from .features import Scored

LIKES = {"als": 1.0, "cooccurrence": 1.0, "content": 0.3}
NEXT = {"als": 0.5, "cooccurrence": 0.5, "transitions": 1.2, "content": 0.2}


def blend(scored: Scored, rows: Rows | slice = slice(None)) -> Floats:
    """float32, standard scores added up with fixed weights; all zero for an empty history."""
    weights = NEXT if scored.history.ordered else LIKES
    parts = [weights[name] * scored.z(name, rows) for name in scored.scores if name in weights]
    if not parts:
        length = len(rows) if not isinstance(rows, slice) else 0
        return np.zeros(length, dtype=np.float32)
    return np.asarray(np.sum(parts, axis=0), dtype=np.float32)


def standardised(values: Floats) -> Floats:
    """Mean 0, deviation 1; all zero where they are all the same."""
    deviation = float(values.std()) if len(values) else 0.0
    if deviation < 1e-9:
        return np.zeros_like(values)
    return np.asarray((values - values.mean()) / deviation, dtype=np.float32)
