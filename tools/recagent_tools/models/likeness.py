"""How alike two items are, for "like X": three signs joined, with less regard for popularity.

What a newcomer who likes X will take next is near a bestseller list (with one like it was 9 % of a
catalog in 1,000 lists); what is *like X* is another question. Here the cosine of ALS factors
(shrunk, because short factors point anywhere), co-occurrence normalised symmetrically, and content.
"""

from __future__ import annotations

import numpy as np

from recagent_catalogs.interactions import Floats, Rows

from .als import ALS
from .features import FirstStage
from .history import History
from .scores import FLAT, Scores, SparseScores

SYMMETRY = 0.4
"""c_ij / (c_i^.7 c_j^.3) divided by c_j^.4: a little less regard for bestsellers than the cosine's
.2 has. Rare pairs do not win by it: see `_told`. Read by eye on MovieLens, Steam, our own films."""
CONTENT_SHARE = 1.2
BOUND = np.float32(8)
TOLD_BY = 10
HALF_TRUST = 5.0
"""Users who took both, a mean over the ten strongest neighbours, at which people's choice is half
believed. Steam's sparse reviews made "like Bastion" a list of what one reviewer had besides."""


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
    content = first.retrievers["content"].score(seed).z(rows)
    together = first.cooccurrence
    if together is None:
        return content
    both = together.pairs(row, counts)
    trust = _trust(both[1])
    neighbours = together.score(seed)
    taken = _bounded(_even(neighbours, both, counts).z(rows))
    als = first.retrievers.get("als")
    if isinstance(als, ALS):
        cosines = _scaled(als.shrunk_cosine(row, rows), als.shrunk_cosine(row, als.sample))
        taken = taken + _bounded(cosines) * _told(counts[rows])
    share = CONTENT_SHARE * trust + 1 - trust
    return np.asarray(np.float32(trust) * taken + np.float32(share) * content, dtype=np.float32)


def _trust(both: Floats) -> float:
    """How far to believe what people took with an item, 0 to 1: one shared user is no evidence."""
    told = float(np.sort(both)[-TOLD_BY:].sum()) / TOLD_BY
    return told / (told + HALF_TRUST)


def _even(scores: Scores, both: tuple[Rows, Floats], counts: Floats) -> Scores:
    """Co-occurrence with less regard for popularity, and for pairs that few users took."""
    rows, pairs = both
    values = scores.of(rows) / np.maximum(counts[rows], 1.0) ** np.float32(SYMMETRY / 2)
    even = np.asarray(values * _told(pairs), dtype=np.float32)
    return SparseScores(scores.n_items, scores.seen, rows, even)


def _told(users: Floats) -> Floats:
    """Significance of what so many users did (Herlocker et al., 1999): 0 for nobody, then to 1."""
    return np.asarray(np.sqrt(users / (users + np.float32(HALF_TRUST))), dtype=np.float32)


def _bounded(z: Floats) -> Floats:
    """Where few items have a score at all, theirs are dozens of deviations off."""
    return np.asarray(BOUND * np.tanh(z / BOUND), dtype=np.float32)


def _scaled(values: Floats, sample: Floats) -> Floats:
    """Standardised by the moments of a sample of all items."""
    deviation = float(sample.std()) if len(sample) else 0.0
    if deviation < FLAT:
        return np.zeros_like(values)
    return np.asarray((values - sample.mean()) / deviation, dtype=np.float32)
