"""How alike two items are, for "like X": three signs joined, with less regard for popularity.

What a newcomer who likes X will take next is near a bestseller list (with one like it was 9 % of a
catalog in 1,000 lists); what is *like X* is another question. Here the cosine of ALS factors
(shrunk, because short factors point anywhere), co-occurrence normalised symmetrically, and content.
"""

from __future__ import annotations

import numpy as np

from recagent_catalogs.interactions import Floats, Rows

from .als import ALS
from .cooccurrence import CoOccurrence
from .features import FirstStage
from .history import History
from .scores import FLAT, Scores, SparseScores

SYMMETRY = 0.2
"""c_ij / (c_i^.7 c_j^.3) divided by c_j^.2 orders as the cosine c_ij / sqrt(c_i c_j)."""
CONTENT_SHARE = 0.7


def likeness(first: FirstStage, counts: Floats, history: History, rows: Rows) -> Floats:
    """float32 [len(rows)]: mean likeness to the liked items less that to the disliked ones.

    Args:
        first: the retrievers.
        counts: float32 [n_items], users who took each item.
        history: the named items; only the sign of their weights counts.
        rows: int32, the items to compare with them.
    """
    total = np.zeros(len(rows), dtype=np.float32)
    for sign, chosen in ((1.0, history.weights > 0), (-0.5, history.weights < 0)):
        named = history.rows[chosen]
        for row in named.tolist():
            total += np.float32(sign / len(named)) * _to_one(first, counts, row, rows)
    return total


def _to_one(first: FirstStage, counts: Floats, row: int, rows: Rows) -> Floats:
    seed = History.of([row])
    parts = []
    als = first.retrievers.get("als")
    if isinstance(als, ALS):
        parts.append(_scaled(als.shrunk_cosine(row, rows), als.shrunk_cosine(row, als.sample)))
    together = first.retrievers.get("cooccurrence")
    if isinstance(together, CoOccurrence):
        parts.append(_even(together.score(seed), counts).z(rows))
    content = first.retrievers["content"].score(seed).z(rows)
    parts.append(np.float32(CONTENT_SHARE if parts else 1.0) * content)
    return np.asarray(np.sum(parts, axis=0), dtype=np.float32)


def _even(scores: Scores, counts: Floats) -> Scores:
    """Co-occurrence with less regard for popularity."""
    if not isinstance(scores, SparseScores):
        return scores
    less = np.maximum(counts[scores.rows], 1.0) ** np.float32(SYMMETRY / 2)
    return SparseScores(scores.n_items, scores.seen, scores.rows, scores.values / less)


def _scaled(values: Floats, sample: Floats) -> Floats:
    """Standardised by the moments of a sample of all items."""
    deviation = float(sample.std()) if len(sample) else 0.0
    if deviation < FLAT:
        return np.zeros_like(values)
    return np.asarray((values - sample.mean()) / deviation, dtype=np.float32)
