"""A mood is tagged on few of the items that have it; what is like the tagged ones leans to it."""

from __future__ import annotations

import numpy as np

from recagent_catalogs.interactions import Floats, Rows

from .als import ALS
from .blend import standardised
from .features import FirstStage
from .sparse import SparseRows

FEWEST = 3
"""Items that must carry a word before others are compared with them."""
HALF_TRUST = 5.0
"""Users at which an item's factors are half believed; few users point anywhere."""


def leaning(first: FirstStage, counts: Floats, rows: Rows, carriers: Rows) -> Floats:
    """How far each candidate lies towards the items that carry a word, from the candidates' mean.

    The direction from the mean of the candidates to the mean of the carriers, in ALS factors (unit
    vectors, so that popularity plays no part) and in words; both standardised. Words held back from
    half of their carriers were so found again with an AUC of .84 on MovieLens latest-small (factors
    alone .81, genres alone .77, popularity .62).

    Args:
        first: the retrievers.
        counts: float32 [n_items], users who took each item.
        rows: int32 [m], the candidates.
        carriers: int32, the items that carry the word, of the whole catalog.

    Returns:
        float32 [m], mean 0; all 0 for fewer than three carriers.
    """
    parts = []
    if len(carriers) >= FEWEST and len(rows):
        als = first.retrievers.get("als")
        if isinstance(als, ALS):
            vectors = als.index.vectors
            leans = _by_factors(_units(vectors(rows)), _units(vectors(carriers)))
            parts.append(leans * np.sqrt(counts[rows] / (counts[rows] + np.float32(HALF_TRUST))))
        if first.content is not None:
            parts.append(_by_words(first.content.forward, rows, carriers))
    if not parts:
        return np.zeros(len(rows), dtype=np.float32)
    return standardised(np.asarray(np.sum(parts, axis=0), dtype=np.float32))


def _units(factors: Floats) -> Floats:
    lengths = np.linalg.norm(factors, axis=1, keepdims=True)
    return np.asarray(factors / np.maximum(lengths, 1e-9), dtype=np.float32)


def _by_factors(candidates: Floats, carriers: Floats) -> Floats:
    known = np.any(candidates != 0, axis=1)
    if not known.any():
        return np.zeros(len(candidates), dtype=np.float32)
    direction = carriers.mean(axis=0) - candidates[known].mean(axis=0)
    leans = np.zeros(len(candidates), dtype=np.float32)
    leans[known] = standardised(np.asarray(candidates[known] @ direction, dtype=np.float32))
    return leans


def _by_words(words: SparseRows, rows: Rows, carriers: Rows) -> Floats:
    direction = words.weighted_sum(carriers, np.full(len(carriers), 1 / len(carriers)))
    direction -= words.weighted_sum(rows, np.full(len(rows), 1 / len(rows)))
    columns, values, lengths = words.gather(rows)
    place = np.repeat(np.arange(len(rows)), lengths)
    found = np.bincount(place, values * direction[columns], minlength=len(rows))
    return standardised(found.astype(np.float32))
