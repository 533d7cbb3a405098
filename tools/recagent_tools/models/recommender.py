"""Retrieve, then rank: the whole recommender without a catalog around it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats, Rows
from recagent_catalogs.schema import CatalogSchema

from .als import FactorScores
from .blend import blend, standardised
from .features import FirstStage, Scored, feature_matrix
from .history import History
from .ranker import Ranker
from .ranking import combined
from .scores import RANKED, Best, Mask, Scores
from .stats import ItemStats, Popularity
from .topk import largest
from .topk_many import top_many

REMEMBERED = 4
"""Histories whose scores are kept: retrieval and ranking ask for the same ones."""
CANDIDATES = 500
"""How many candidates are ranked for a list."""
BLOCK_BYTES = 64 << 20
"""What the scores of a block of histories may take; one number an item and history is reckoned."""
MOST_AT_ONCE = 64
"""From here on a larger block of histories saves nothing more."""
SIMULATED = 0.5
RankerOf = Callable[[str], Ranker | None]


def content_share(schema: CatalogSchema) -> float:
    """Weight of content for named likes where the interactions were drawn by a generator.

    The items' own words know more of likeness than drawn people do.
    """
    return SIMULATED if schema.simulated else 0.0


class Recommender:
    """The retrievers and rankers of one fit; they are read only.

    Args:
        first: the retrievers.
        ranker_of: gives the ranker of a kind of history, "likes" or "next", or None.
        content_share: additional weight of content for unordered histories.
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
        return self.ranker_of(history.kind)

    def retrieve(self, history: History, k: int, mask: Mask | None = None) -> Rows:
        """The union of every retriever's best, at most `k` rows, best place first; int32.

        Where they have less than `k` to offer, popular items follow, down to those never taken.

        Args:
            history: its own items are never returned.
            k: how many at most.
            mask: bool [n_items], the only rows allowed.
        """
        scored = self.scored(history) if history.n_liked else Scored(history, {})
        return self._candidates(scored, k, mask, {})

    def rank(self, rows: Rows, history: History) -> Floats:
        """How well each row fits the history, float32 [len(rows)], about standardised.

        The ranker joined with the blend; the blend alone where there is no ranker; popularity and
        ratings where nothing is known of the person.
        """
        return self._rank([self.scored(history)], [rows])[0]

    def top(self, histories: Sequence[History], k: int, mask: Mask | None = None) -> list[Rows]:
        """The best `k` unseen rows for each history, best first, int32."""
        return [rows for rows, _ in self.lists(histories, k, mask)]

    def lists(
        self,
        histories: Sequence[History],
        k: int,
        mask: Mask | None = None,
        *,
        candidates: int = CANDIDATES,
    ) -> list[Best]:
        """The best `k` unseen rows for each history, best first, ties by row, and their scores.

        A history's list does not depend on the others. Scores are standardised over its candidates.

        Args:
            histories: scored and ranked a block at once.
            k: how many rows each; fewer only where fewer are allowed.
            mask: bool [n_items], the only rows allowed.
            candidates: how many are ranked, at least `k`.
        """
        size = BLOCK_BYTES // max(1, 4 * len(self.stats.count))
        size = max(1, min(MOST_AT_ONCE, size))
        found: list[Best] = []
        for begin in range(0, len(histories), size):
            block = [self.first.scored(history) for history in histories[begin : begin + size]]
            wanted = max(candidates, k)
            factors = best_of_factors(block, wanted) if mask is None else [{}] * len(block)
            rows = [
                np.sort(self._candidates(scored, wanted, mask, known))
                for scored, known in zip(block, factors, strict=True)
            ]
            for mine, total in zip(rows, self._rank(block, rows), strict=True):
                scores = standardised(np.nan_to_num(total))
                chosen = largest(scores, k)
                found.append((mine[chosen], scores[chosen]))
        return found

    def _candidates(
        self, scored: Scored, k: int, mask: Mask | None, known: Mapping[str, Best]
    ) -> Rows:
        """Every retriever's best, then popular items; at most `k` in all, best place first.

        Args:
            scored: what the retrievers say.
            k: how many at most.
            mask: the only rows allowed.
            known: the best `k` of some retrievers.
        """
        lists = []
        if scored.history.n_liked:
            lists = [
                _best(scores, k, mask, known.get(name)) for name, scores in scored.scores.items()
            ]
        found = interleaved(lists, k)
        if len(found) < k:
            popular = self.first.retrievers["popularity"].score(scored.history).top(k, mask)[0]
            found = interleaved([np.concatenate((found, popular))], k)
        return found

    def _rank(self, block: Sequence[Scored], rows: Sequence[Rows]) -> list[Floats]:
        """`rank` for several histories: their features are predicted in one call a ranker."""
        predicted = self._predicted(block, rows)
        totals = []
        for scored, mine, ranked in zip(block, rows, predicted, strict=True):
            history, blended = scored.history, blend(scored, mine, self.first.usual_length)
            if not history.n_liked:
                totals.append(standardised(self._general(mine) + blended))
                continue
            total = standardised(blended)
            if ranked is not None:
                total = combined(ranked, blended, history)
            if self.content_share and not history.ordered:
                total = total + self.content_share * scored.scores["content"].z(mine)
            totals.append(total)
        return totals

    def _predicted(self, block: Sequence[Scored], rows: Sequence[Rows]) -> list[Floats | None]:
        """What the rankers say of the rows of each history; None where no ranker runs."""
        predicted: list[Floats | None] = [None] * len(block)
        for kind in dict.fromkeys(each.history.kind for each in block):
            mine = [
                place
                for place, each in enumerate(block)
                if each.history.n_liked and each.history.kind == kind
            ]
            ranker = self.ranker(block[mine[0]].history) if mine else None
            if ranker is None:
                continue
            features = [self._features(block[place], rows[place]) for place in mine]
            ends = np.cumsum([len(matrix) for matrix in features])
            joined = features[0] if len(features) == 1 else np.concatenate(features)
            parts = np.split(ranker.predict(joined), ends[:-1])
            for place, part in zip(mine, parts, strict=True):
                predicted[place] = part
        return predicted

    def _features(self, scored: Scored, rows: Rows) -> Floats:
        return feature_matrix(self.first, self.stats, scored, rows)

    def explained(self, row: int, history: History) -> tuple[Floats, NDArray[np.float64]] | None:
        """What the ranker makes of one item; None where no ranker ranks for this history.

        Returns:
            Its features, float32 [F], NaN where unknown; and what each adds to the ranker's score,
            float64 [F + 1], the last one the base. They sum to the score before it is standardised.
        """
        ranker = self.ranker(history) if history.n_liked else None
        if ranker is None:
            return None
        features = self._features(self.scored(history), np.array([row], dtype=np.int32))
        return features[0], ranker.contributions(features)[0]

    def _general(self, rows: Rows) -> Floats:
        """Popularity of all times and of late, and ratings, for people of whom nothing is known."""
        stats = self.stats
        counts = np.log1p(stats.count[rows]) + np.log1p(stats.recent[rows])
        return standardised(counts) + np.float32(0.5) * standardised(stats.rating[rows])


def best_of_factors(block: Sequence[Scored], k: int) -> list[dict[str, Best]]:
    """The best `k` of everybody's factor models, by name; for all at once a matrix product.

    The rows and scores are those that each finds alone.
    """
    found: list[dict[str, Best]] = [{} for _ in block]
    named: dict[str, list[tuple[int, FactorScores]]] = {}
    for place, scored in enumerate(block):
        for name, scores in scored.scores.items():
            if isinstance(scores, FactorScores):
                named.setdefault(name, []).append((place, scores))
    for name, models in named.items():
        people = np.stack([scores.person for _, scores in models])
        seen = [scores.seen for _, scores in models]
        lists = top_many(models[0][1].index, people, k, seen)
        for (place, _), best in zip(models, lists, strict=True):
            found[place][name] = best
    return found


def _best(scores: Scores, k: int, mask: Mask | None, found: Best | None) -> Rows:
    """The best `k` rows; what the features will ask of them besides is a part of the same list."""
    if mask is not None or k < RANKED:
        return scores.top(k, mask)[0]
    rows, values = found or scores.top(k)
    scores.best = rows[:RANKED], values[:RANKED]
    return rows


def interleaved(lists: Sequence[Rows], k: int) -> Rows:
    """First places of every list, then second places, and so on; each row once, at most `k`."""
    longest = max((len(rows) for rows in lists), default=0)
    if not longest:
        return np.empty(0, dtype=np.int32)
    grid = np.full((longest, len(lists)), -1, dtype=np.int32)
    for column, rows in enumerate(lists):
        grid[: len(rows), column] = rows
    flat = grid.ravel()
    flat = flat[flat >= 0]
    places = np.arange(len(flat))
    # written backwards, so that the first place of a row is what stays
    first = np.empty(int(flat.max()) + 1, dtype=np.int64)
    first[flat[::-1]] = places[::-1]
    found: Rows = flat[first[flat] == places][:k]
    return found
