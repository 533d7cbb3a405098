"""The metrics, for every person separately. Checked against ir-measures by a test.

Lists are int32 [m, k], best first, -1 where a list ends early; relevance is binary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Rows

Values = NDArray[np.float64]
Hits = NDArray[np.bool_]


def stacked(lists: Sequence[Rows], k: int) -> Rows:
    """int32 [m, k], -1 where a list is shorter."""
    table = np.full((len(lists), k), -1, dtype=np.int32)
    for line, rows in zip(table, lists, strict=True):
        line[: len(rows)] = rows[:k]
    return table


def hits_of(lists: Rows, targets: Sequence[Rows], n_items: int) -> Hits:
    """Which places of the lists hold a target, bool [m, k]."""
    owner = np.repeat(np.arange(len(targets)), [len(rows) for rows in targets])
    wanted = owner * n_items + np.concatenate([np.asarray(rows, np.int64) for rows in targets])
    found = np.isin(np.arange(len(lists))[:, None] * n_items + lists.astype(np.int64), wanted)
    return found & (lists >= 0)


def hit_rate(hits: Hits, k: int) -> Values:
    """1 where at least one of the first `k` is a target."""
    return np.asarray(hits[:, :k].any(axis=1), dtype=np.float64)


def ndcg(hits: Hits, n_relevant: NDArray[np.int64], k: int) -> Values:
    """Normalised discounted cumulative gain (Järvelin and Kekäläinen, 2002), gains 0 and 1.

    0 where nothing is relevant.
    """
    top = hits[:, :k]
    discount = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate(([np.inf], np.cumsum(discount)))[np.minimum(n_relevant, k)]
    gain: Values = np.sum(top * discount[: top.shape[1]], axis=1)
    return gain / ideal


def recall(hits: Hits, n_relevant: NDArray[np.int64], k: int) -> Values:
    """Share of the targets among the first `k`: the textbook's recall, divided by all targets."""
    return np.asarray(hits[:, :k].sum(axis=1) / np.maximum(n_relevant, 1), dtype=np.float64)


def truncated_recall(hits: Hits, n_relevant: NDArray[np.int64], k: int) -> Values:
    """Recall divided by min(k, number of targets), as Liang et al. (2018) report it."""
    return recall(hits, np.minimum(n_relevant, k), k)


def reciprocal_rank(hits: Hits) -> Values:
    """1 / place of the first target; 0 where the list holds none."""
    first = hits.argmax(axis=1) + 1
    return np.where(hits.any(axis=1), 1 / first, 0.0)


def coverage(lists: Rows, n_allowed: int, k: int) -> float:
    """Share of the allowed items that stand among the first `k` of at least one list."""
    shown = np.unique(lists[:, :k])
    return float(np.count_nonzero(shown >= 0)) / max(1, n_allowed)


def novelty(lists: Rows, counts: NDArray[np.int64], n_users: int, k: int) -> Values:
    """Mean of -log2(share of the users who took the item), in bits; NaN for an empty list.

    An item that nobody took counts as if one had. Mean self-information of Zhou et al. (2010).
    """
    bits = -np.log2(np.maximum(counts, 1) / max(1, n_users))
    top = lists[:, :k]
    return _row_means(bits[top], top >= 0)


def distances(rows: Rows, words: Any) -> Values:
    """1 - Jaccard of the items' words, [k, k]; NaN where one of the two has none.

    Args:
        rows: int32 [k], no -1.
        words: SciPy CSR of ones, [n_items, words].
    """
    mine = words[rows]
    both = (mine @ mine.T).toarray()
    size = np.diff(mine.indptr).astype(np.float64)
    size[size == 0] = np.nan
    return np.asarray(1 - both / (size[:, None] + size[None] - both), dtype=np.float64)


def diversity(lists: Rows, words: Any, cutoffs: Sequence[int]) -> Values:
    """Mean distance of the pairs of a list (Ziegler et al., 2005), [m, cutoffs]; NaN if none."""
    out = np.full((len(lists), len(cutoffs)), np.nan)
    for line, rows in zip(out, lists, strict=True):
        table = distances(rows[rows >= 0], words)
        for place, k in enumerate(cutoffs):
            top = table[:k, :k]
            pairs = top[np.triu_indices(len(top), 1)]
            if not np.isnan(pairs).all():
                line[place] = np.nanmean(pairs)
    return out


def _row_means(values: Values, keep: Hits) -> Values:
    """Means over what is kept in each row; NaN where nothing is."""
    count = keep.sum(axis=1)
    total = np.where(keep, values, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
