"""Intervals of means and of paired differences, by resampling the people."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

DRAWS = 1000
BLOCK = 100
"""Draws held at once: 100 x 20,000 people are 8 MB."""
TAILS = (2.5, 97.5)


class Resampling:
    """The same `DRAWS` resamples of `m` people for everything, so that differences stay paired.

    Args:
        m: number of people.
        rng: makes the resamples; the same seed gives the same ones.
    """

    def __init__(self, m: int, rng: np.random.Generator) -> None:
        self.m, self._seed = m, int(rng.integers(2**63))

    def intervals(self, values: Values) -> Values:
        """95 % percentile intervals of the means of the columns.

        Args:
            values: float64 [m, c]; NaN where a person has no value, who then counts in no mean.

        Returns:
            float64 [c, 2], low and high; NaN where nobody has a value.
        """
        known = ~np.isnan(values)
        filled = np.where(known, values, 0.0)
        rng = np.random.default_rng(self._seed)
        means = []
        for _ in range(DRAWS // BLOCK):
            times = self._draw(rng)
            with np.errstate(invalid="ignore", divide="ignore"):
                means.append((times @ filled) / (times @ known.astype(np.float32)))
        return _percentiles(np.concatenate(means))

    def _draw(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """How often each person was drawn, float32 [BLOCK, m]."""
        drawn = rng.integers(self.m, size=(BLOCK, self.m))
        drawn += np.arange(BLOCK)[:, None] * self.m
        times = np.bincount(drawn.ravel(), minlength=BLOCK * self.m)
        return times.reshape(BLOCK, self.m).astype(np.float32)


def means_of(values: Values) -> Values:
    """Column means without NaN, NaN where nobody has a value; float64 [c]."""
    known = ~np.isnan(values)
    total, count = np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _percentiles(means: Values) -> Values:
    out = np.full((means.shape[1], 2), np.nan)
    for line, column in zip(out, means.T, strict=True):
        drawn = column[~np.isnan(column)]
        if len(drawn):
            line[:] = np.percentile(drawn, TAILS)
    return out
