"""What the answers of an interview say of every item: a regression on who took what together.

The models know what people took; that somebody does not know what most people took is an answer,
too, which they can hardly use. Ridge regression from the answers to every item can: it needs only
the covariance of the items asked for with all others. Measured by `benchmarks/interview.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats, Rows

from .models.blend import standardised
from .toolbox import ToolContext

ANSWERS = 1.0
"""Standard deviations of fit that the answers move an item."""
RIDGE = 10.0
"""People whose answers the prior is worth."""
MOST_TAKERS = 20_000
"""So many of those who took an item are looked at."""
LATEST = 50
"""So many of the likes and of the unknown items are regressed on, the latest ones."""
NAME = "answers"
"""Of this part of a score."""


def answered_parts(rows: Rows, context: ToolContext) -> list[tuple[str, Floats]]:
    """What answers add to the candidates' scores, float32 [m]; nothing outside an interview.

    Interactions that a generator drew say nothing of what goes with not knowing an item.
    """
    taken = context.catalog.interactions
    if not context.unknown or taken is None or context.catalog.schema.simulated:
        return []
    yes, no = [*map(int, context.profile.liked)][-LATEST:], [*map(int, context.unknown)][-LATEST:]
    asked = np.array([*dict.fromkeys((*yes, *no))], dtype=np.int64)
    expected = Regression.of(taken.item, taken.indptr, taken.n_items, asked).expected(yes)
    return [(NAME, np.float32(ANSWERS) * standardised(expected[rows]))]


@dataclass(frozen=True)
class Regression:
    """From whether somebody knows some items to whether they take any.

    Attributes:
        asked: int64 [k], the rows asked for.
        mean: float64 [n_items], the share of people who took each item.
        covariance: float64 [k, n_items], of the items asked for with all, times the people.
    """

    asked: NDArray[np.int64]
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]

    @classmethod
    def of(
        cls, item: Rows, indptr: NDArray[np.int64], n_items: int, asked: NDArray[np.int64]
    ) -> Regression:
        """Of who took what.

        Args:
            item: int32 [n], rows, those of a user together.
            indptr: int64 [n_users + 1], where each user's begin.
            n_items: number of items.
            asked: int64 [k], rows, each once.
        """
        people = max(1, int(np.count_nonzero(np.diff(indptr))))
        mean = np.bincount(item, minlength=n_items) / people
        known = np.zeros(n_items, dtype=bool)
        known[asked] = True
        places = np.flatnonzero(known[item])
        user = np.searchsorted(indptr, places, side="right") - 1
        together = np.zeros((len(asked), n_items))
        for line, row in zip(together, asked.tolist(), strict=True):
            takers = np.unique(user[item[places] == row])
            step = 1 + len(takers) // MOST_TAKERS
            some = takers[::step]
            if len(some):
                line += np.bincount(item[_spans(indptr, some)], minlength=n_items) * (
                    len(takers) / len(some)
                )
        return cls(asked, mean, together - people * np.outer(mean[asked], mean))

    def expected(self, yes: Sequence[int]) -> Floats:
        """How likely somebody who knows these items, not the others asked for, takes each."""
        answers = np.isin(self.asked, np.asarray(yes, dtype=np.int64)) - self.mean[self.asked]
        left = self.covariance[:, self.asked] + RIDGE * np.eye(len(self.asked))
        weights = np.linalg.solve(left, answers)
        return np.asarray(self.mean + weights @ self.covariance, dtype=np.float32)


def _spans(indptr: NDArray[np.int64], users: NDArray[np.int64]) -> NDArray[np.int64]:
    """The places of all interactions of these users, one after the other."""
    lengths = indptr[users + 1] - indptr[users]
    ends = np.cumsum(lengths)
    places: NDArray[np.int64] = np.arange(ends[-1]) + np.repeat(
        indptr[users] - ends + lengths, lengths
    )
    return places
