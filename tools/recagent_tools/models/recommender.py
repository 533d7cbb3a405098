"""Retrieve, then rank: the whole recommender without a catalog around it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from recagent_catalogs.interactions import Floats, Rows

from .blend import blend, standardised
from .features import FirstStage, Scored, best_counts, feature_matrix
from .history import History
from .ranker import Ranker
from .ranking import combined
from .scores import Mask, top_rows
from .stats import ItemStats, Popularity

REMEMBERED = 4
"""Histories whose scores are kept: retrieval and ranking ask for the same ones."""
CANDIDATES = 500
"""How many candidates are ranked for a list."""
RankerOf = Callable[[str], Ranker | None]


class Recommender:
    """The retrievers and rankers of one fit; they are read only.

    Args:
        first: the retrievers.
        ranker_of: gives the ranker of a kind of history, "likes" or "next", or None.
        content_share: additional weight of content for unordered histories, for interactions that
            were drawn by a generator: the items' own words know more of likeness than drawn people.
    """

    def __init__(
        self, first: FirstStage, ranker_of: RankerOf, *, content_share: float = 0.0
    ) -> None:
        self.first, self.ranker_of = first, ranker_of
        self.content_share = np.float32(content_share)
        self._scored: OrderedDict[bytes, Scored] = OrderedDict()

    @property
    def stats(self) -> ItemStats:
        """The counts of the items."""
        popular = self.first.retrievers["popularity"]
        assert isinstance(popular, Popularity)
        return popular.stats

    def scored(self, history: History) -> Scored:
        """What the retrievers say of a history; the last few are remembered."""
        key = history.key()
        if key not in self._scored:
            self._scored[key] = self.first.scored(history)
            if len(self._scored) > REMEMBERED:
                self._scored.popitem(last=False)
        return self._scored[key]

    def ranker(self, history: History) -> Ranker | None:
        """The ranker for this kind of history, if there is one that runs."""
        return self.ranker_of("next" if history.ordered else "likes")

    def retrieve(self, history: History, k: int, mask: Mask | None = None) -> Rows:
        """The union of every retriever's best, at most `k` rows, best place first; int32.

        Where they have less than `k` to offer, popular items follow, down to those never taken.

        Args:
            history: its own items are never returned.
            k: how many at most.
            mask: bool [n_items], the only rows allowed.
        """
        lists = []
        if history.n_liked:
            scored = self.scored(history)
            lists = [scores.top(k, mask)[0] for scores in scored.scores.values()]
        found = interleaved(lists, k)
        if len(found) < k:
            popular = self.first.retrievers["popularity"].score(history).top(k, mask)[0]
            found = interleaved([np.concatenate((found, popular))], k)
        return found

    def rank(self, rows: Rows, history: History) -> Floats:
        """How well each row fits the history, float32 [len(rows)], about standardised.

        The ranker joined with the blend; the blend alone where there is no ranker; popularity and
        ratings where nothing is known of the person.
        """
        scored = self.scored(history)
        blended = blend(scored, rows)
        if not history.n_liked:
            return standardised(self._general(rows) + blended)
        ranker = self.ranker(history)
        if ranker is None:
            total = standardised(blended)
        else:
            features = feature_matrix(self.first, self.stats, scored, rows, self._best_counts)
            total = combined(ranker.predict(features), blended, history)
        if self.content_share and not history.ordered:
            total = total + self.content_share * scored.scores["content"].z(rows)
        return total

    def top(self, histories: Sequence[History], k: int, mask: Mask | None = None) -> list[Rows]:
        """The best `k` unseen rows for each history, best first, int32."""
        return [self._top(history, k, mask) for history in histories]

    def _top(self, history: History, k: int, mask: Mask | None) -> Rows:
        rows = np.sort(self.retrieve(history, max(CANDIDATES, k), mask))
        return rows[top_rows(self.rank(rows, history), k)]

    @cached_property
    def _best_counts(self) -> Floats:
        return best_counts(self.stats)

    def _general(self, rows: Rows) -> Floats:
        """Popularity of all times and of late, and ratings, for people of whom nothing is known."""
        stats = self.stats
        counts = np.log1p(stats.count[rows]) + np.log1p(stats.recent[rows])
        return standardised(counts) + np.float32(0.5) * standardised(stats.rating[rows])


def interleaved(lists: Sequence[Rows], k: int) -> Rows:
    """First places of every list, then second places, and so on; each row once, at most `k`."""
    longest = max((len(rows) for rows in lists), default=0)
    grid = np.full((longest, len(lists)), -1, dtype=np.int32)
    for column, rows in enumerate(lists):
        grid[: len(rows), column] = rows
    flat = grid.ravel()
    flat = flat[flat >= 0]
    return flat[np.sort(np.unique(flat, return_index=True)[1])][:k]
