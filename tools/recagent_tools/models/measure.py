"""NDCG and hit rate at 10, all items ranked."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats, Rows

CUTOFF = 10
_DISCOUNT = 1 / np.log2(np.arange(2, CUTOFF + 2))


@dataclass
class Tally:
    """Sums over users: `ndcg` and `hits` lists, one entry a user."""

    ndcg: list[float] = field(default_factory=list)
    hits: list[float] = field(default_factory=list)

    def add(self, top: Rows, targets: Rows) -> None:
        """Count one list, best first, against what the person took (at least one item)."""
        relevant = np.isin(top[:CUTOFF], targets)
        self.ndcg.append(ndcg(relevant, len(targets)))
        self.hits.append(float(relevant.any()))

    def row(self) -> dict[str, float | int]:
        """Means and the number of users."""
        users = len(self.ndcg)
        mean_ndcg = float(np.mean(self.ndcg)) if users else 0.0
        mean_hits = float(np.mean(self.hits)) if users else 0.0
        return {"ndcg@10": round(mean_ndcg, 5), "hr@10": round(mean_hits, 5), "users": users}


def ndcg(relevant: NDArray[np.bool_], n_targets: int) -> float:
    """NDCG of a list of at most 10 (Järvelin and Kekäläinen, 2002), binary gains."""
    gain = float(_DISCOUNT[: len(relevant)][relevant].sum())
    return gain / float(_DISCOUNT[: min(CUTOFF, max(1, n_targets))].sum())


def best_unseen(scores: Floats, seen: Rows, rng: np.random.Generator) -> Rows:
    """The ten best rows not in `seen`; ties are broken at random, so that they win nothing."""
    others = scores.astype(np.float64)
    others[seen] = -np.inf
    count = min(CUTOFF, len(others))
    cut = np.partition(others, -count)[-count]
    rows = np.flatnonzero(others >= cut)
    order = np.lexsort((rng.random(len(rows)), -others[rows]))
    return rows[order][:count].astype(np.int32)
