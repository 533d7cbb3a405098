"""How alike two items are, for "like X": three signs joined, with less regard for popularity.

What a newcomer who likes X will take next is near a bestseller list (with one like it was 9 % of a
catalog in 1,000 lists); what is *like X* is another question. Here the cosine of ALS factors
(shrunk, because short factors point anywhere), co-occurrence normalised symmetrically, and content.
"""

from __future__ import annotations

import numpy as np

from recagent_catalogs.interactions import Floats

from .als import ALS
from .blend import standardised
from .cooccurrence import CoOccurrence
from .features import FirstStage
from .history import History

SHRINK_AT = 90
"""Percentile of the factors' lengths by which cosines are shrunk."""
SYMMETRY = 0.2
"""c_ij / (c_i^.7 c_j^.3) divided by c_j^.2 orders as the cosine c_ij / sqrt(c_i c_j)."""
CONTENT_SHARE = 0.7


def likeness(first: FirstStage, counts: Floats, history: History) -> Floats:
    """float32 [n_items]: mean likeness to the liked items less that to the disliked ones.

    Args:
        first: the retrievers.
        counts: float32 [n_items], users who took each item.
        history: the named items; only the sign of their weights counts.
    """
    total = np.zeros(len(counts), dtype=np.float32)
    for sign, chosen in ((1.0, history.weights > 0), (-0.5, history.weights < 0)):
        rows = history.rows[chosen]
        for row in rows.tolist():
            total += np.float32(sign / len(rows)) * _to_one(first, counts, row)
    return total


def _to_one(first: FirstStage, counts: Floats, row: int) -> Floats:
    seed = History.of([row])
    parts = []
    als = first.retrievers.get("als")
    if isinstance(als, ALS):
        parts.append(standardised(_shrunk_cosine(als.factors, row)))
    together = first.retrievers.get("cooccurrence")
    if isinstance(together, CoOccurrence):
        even = together.scores(seed) / np.maximum(counts, 1.0) ** np.float32(SYMMETRY)
        parts.append(standardised(np.sqrt(np.maximum(even, 0.0)).astype(np.float32)))
    content = standardised(first.retrievers["content"].scores(seed))
    parts.append(np.float32(CONTENT_SHARE if parts else 1.0) * content)
    return np.asarray(np.sum(parts, axis=0), dtype=np.float32)


def _shrunk_cosine(factors: Floats, row: int) -> Floats:
    lengths = np.linalg.norm(factors, axis=1)
    own = float(lengths[row])
    if own < 1e-9:
        return np.zeros(len(factors), dtype=np.float32)
    shrink = float(np.percentile(lengths, SHRINK_AT))
    return np.asarray(factors @ factors[row] / ((lengths + shrink) * own), dtype=np.float32)
