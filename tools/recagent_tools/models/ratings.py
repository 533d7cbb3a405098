"""What a person would rate an item, with an interval: biases and factors with their uncertainty.

    r_ui = mu + b_u + b_i + p_u . q_i + noise,    noise ~ N(0, tau_u)

The biases are the baseline of Koren ("Factor in the neighbors", 2010); factors and biases are
normal, and what is kept of an item is the mean and the variance of each (variational Bayes: Lim and
Teh, "Variational Bayesian approach to movie rating prediction", 2007). Of users nothing is kept:
whoever asks is folded in from their own ratings by one solve in as many unknowns as an item has
numbers, so that a rating counts at once. Items of few ratings are uncertain and so say little.
Of several such models, fitted from other random beginnings, the mean is told: small ones that err
differently are better than a large one.

The interval is mean -+ q s: s is the standard deviation that the model expects of the error, q the
quantile of |error| / s among ratings that were held back at the build, by how many ratings of the
person are known (split-conformal: Angelopoulos and Bates, "A gentle introduction to conformal
prediction", 2021, sections 2.2 and 4.1). So it covers as often as it says, whether the model is
right or not, for people and items like those of the data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats, Rows

from .history import History
from .sparse import load_array

Values = NDArray[np.float64]

ITEMS = "ratings.items.npy"
SPREAD = "ratings.spread.npy"
NUMBERS = "ratings.numbers.npy"
QUANTILES = "ratings.quantiles.npy"
FILES = (ITEMS, SPREAD, NUMBERS, QUANTILES)

LEVEL = 0.8
"""How often the interval covers where nobody says."""
LEVELS = 99
"""The quantiles kept: of 1 %, 2 %, ... 99 % coverage."""
KNOWN = (0, 1, 10, 30)
"""Quantiles are kept for people of whom at least so many ratings are known."""
NOISE_PRIOR = 20.0
"""The noise of all counts in a person's own like so many ratings."""
NOISE_STEPS = 3
MOST_MODELS, MOST_NUMBERS = 16, 65
"""More models, or numbers an item, no build writes: a fold-in takes the cube of them."""
LEAST, MOST = 1e-9, 1e9
"""Bounds of variances in a file, in squared standard deviations; fitted ones are 1e-6 to 10."""
LARGEST = 1e12
FARTHEST = 1e4
"""And of the single numbers, in points of the scale; and of an item's."""


@dataclass(frozen=True)
class Person:
    """Who asks, folded in.

    Attributes:
        mean: float64 [m, d], the bias and the factors, by each of m models.
        cov: float64 [m, d, d], their covariance.
        noise: float64 [m], variance of what the model cannot tell of this person's ratings.
        known: number of ratings they are known by.
    """

    mean: Values
    cov: Values
    noise: Values
    known: int


@dataclass(frozen=True)
class RatingModel:
    """The items' numbers, and what is needed to fold a person in. Units: standard deviations.

    Attributes:
        items: float32 [n_items, m, d], bias and d - 1 factors of each item by m models; means.
        spread: float32 [n_items, m, d], their variances.
        prior: float64 [m, d], variances of people's bias and factors.
        noise: float64 [m], variance of an error.
        centre: mean of the ratings.
        unit: their standard deviation.
        scale: lowest and highest rating.
        liked, disliked: what a bare like and dislike count as, as ratings.
        quantiles: float32 [4, 99], of |error| / s by `KNOWN` and coverage.
    """

    items: Floats
    spread: Floats
    prior: Values
    noise: Values
    centre: float
    unit: float
    scale: tuple[float, float]
    liked: float
    disliked: float
    quantiles: Floats

    @property
    def n_items(self) -> int:
        """Number of items."""
        return len(self.items)

    def ratings_of(self, history: History) -> dict[int, float]:
        """Likes and dislikes as ratings: those that such people give in the mean, by row."""
        values = np.where(history.weights > 0, self.liked, self.disliked).tolist()
        return dict(zip(history.rows.tolist(), values, strict=True))

    def fold_in(self, ratings: Mapping[int, float]) -> Person:
        """A person by their ratings: the posterior of bias and factors, and of their noise.

        Args:
            ratings: by row; rows out of range and values that are no number are passed over.
        """
        kept = {r: v for r, v in ratings.items() if 0 <= r < self.n_items and np.isfinite(v)}
        rows = np.fromiter(kept.keys(), np.int64, len(kept))
        values = np.clip(np.fromiter(kept.values(), np.float64, len(kept)), *self.scale)
        told = (values - self.centre) / self.unit
        found = [self._folded(rows, told, part) for part in range(len(self.prior))]
        mean, cov, noise = (np.stack(parts) for parts in zip(*found, strict=True))
        return Person(mean, cov, noise, len(rows))

    def _folded(
        self, rows: NDArray[np.int64], told: Values, part: int
    ) -> tuple[Values, Values, Values]:
        """Mean, covariance and noise by one of the models."""
        means, spread = self._of(rows, part)
        rest = told - means[:, 0]
        features = means.copy()
        features[:, 0] = 1.0
        gram = features.T @ features
        gram[np.diag_indices_from(gram)] += np.r_[0.0, spread[:, 1:].sum(axis=0)]
        aimed, prior, usual = features.T @ rest, np.diag(1 / self.prior[part]), self.noise[part]
        noise = usual
        for _ in range(NOISE_STEPS):
            cov = np.linalg.inv(gram / noise + prior).astype(np.float64)
            mean = cov @ aimed / noise
            error = (rest - features @ mean) ** 2 + _quadratic(features, cov)
            error += spread[:, 0] + spread[:, 1:] @ mean[1:] ** 2
            noise = (NOISE_PRIOR * usual + error.sum()) / (NOISE_PRIOR + len(rows))
        return mean, cov, np.asarray(noise)

    def predict(
        self, person: Person, rows: Rows, level: float = LEVEL
    ) -> tuple[Floats, Floats, Floats]:
        """What a person would rate items: expected, lowest and highest; float32 [len(rows)] each.

        Args:
            person: as `fold_in` gives it.
            rows: int32, items.
            level: how often the interval shall hold the rating, 0.01 to 0.99.
        """
        mean, deviation = self.expected(person, rows)
        reach = self.quantile(person.known, level) * deviation
        low, high = self.scale
        told = (np.clip(part, low, high) for part in (mean, mean - reach, mean + reach))
        first, second, third = (part.astype(np.float32) for part in told)
        return first, second, third

    def expected(self, person: Person, rows: Rows) -> tuple[Values, Values]:
        """Mean and standard deviation of the rating, float64 [len(rows)], in points of the scale.

        The mean is not clipped. The variance adds up the person's, the item's and the noise.
        """
        told, variance = np.zeros(len(rows)), np.zeros(len(rows))
        models = zip(person.mean, person.cov, person.noise, strict=True)
        for part, (mean, cov, noise) in enumerate(models):
            means, spread = self._of(np.asarray(rows, dtype=np.int64), part)
            features = means.copy()
            features[:, 0] = 1.0
            told += features @ mean + means[:, 0]
            variance += noise + _quadratic(features, cov) + spread[:, 0]
            variance += spread[:, 1:] @ (mean[1:] ** 2 + np.diag(cov)[1:])
        many = len(self.prior)
        if not (np.isfinite(told) & (variance >= 0) & (variance < np.inf)).all():
            raise ValueError(f"{NUMBERS}: they do not fit {ITEMS}")
        return self.centre + self.unit * told / many, self.unit * np.sqrt(variance / many)

    def quantile(self, known: int, level: float) -> float:
        """The factor of the standard deviation at that coverage for `known` ratings."""
        group = int(np.searchsorted(KNOWN, known, side="right")) - 1
        place = min(max(round(level * 100), 1), LEVELS) - 1
        return float(self.quantiles[group, place])

    def _of(self, rows: NDArray[np.int64], part: int) -> tuple[Values, Values]:
        """Means and variances of items by one of the models, float64 [len(rows), d].

        Raises:
            ValueError: the files hold what no fit gives.
        """
        # Looked at only where it is read: a million items are not gone through to open them.
        means, spread = self.items[rows, part], self.spread[rows, part]
        if not (np.abs(means) <= FARTHEST).all() or not ((spread >= 0) & (spread <= MOST)).all():
            raise ValueError(f"{ITEMS}, {SPREAD}: out of range")
        return means.astype(np.float64), spread.astype(np.float64)

    def save(self, directory: Path) -> None:
        """Write four `.npy` files."""
        single = np.array([self.centre, self.unit, *self.scale, self.liked, self.disliked])
        many = np.full(1, len(self.prior))
        numbers = np.concatenate((single, many, self.noise, self.prior.ravel()), dtype=np.float64)
        arrays: tuple[NDArray[Any], ...] = (self.items, self.spread, numbers, self.quantiles)
        for name, array in zip(FILES, arrays, strict=True):
            np.save(directory / name, array, allow_pickle=False)

    @classmethod
    def load(cls, directory: Path, n_items: int) -> RatingModel:
        """Open memory-mapped what `save` wrote.

        Raises:
            OSError: a file is missing.
            ValueError: the files do not fit each other or the number of items, or hold what no fit
                gives; of the items' numbers that is told where they are read.
        """
        numbers = load_array(directory / NUMBERS, np.float64)
        if numbers.ndim != 1 or len(numbers) < 8 or not (abs(numbers) <= LARGEST).all():
            raise ValueError(f"{NUMBERS}: not the numbers of a rating model")
        centre, unit, low, high, liked, disliked = (float(n) for n in numbers[:6])
        many, rest = int(numbers[6]), np.array(numbers[7:])
        if not 1 <= many <= MOST_MODELS or min(unit, high - low) <= 0 or len(rest) % many:
            raise ValueError(f"{NUMBERS}: out of range")
        noise, prior = rest[:many], rest[many:].reshape(many, -1)
        if not 1 <= prior.shape[1] <= MOST_NUMBERS or rest.min() < LEAST or rest.max() > MOST:
            raise ValueError(f"{NUMBERS}: out of range")
        quantiles = load_array(directory / QUANTILES, np.float32, (len(KNOWN), LEVELS))
        # of NaN no comparison holds
        if not ((quantiles >= 0) & (quantiles <= MOST)).all() or (np.diff(quantiles) < 0).any():
            raise ValueError(f"{QUANTILES}: out of range")
        shape = (n_items, *prior.shape)
        return cls(
            load_array(directory / ITEMS, np.float32, shape),
            load_array(directory / SPREAD, np.float32, shape),
            prior,
            noise,
            centre,
            unit,
            (low, high),
            liked,
            disliked,
            quantiles,
        )


def _quadratic(features: Values, cov: Values) -> Values:
    """The form that `cov` gives of every row of features, float64 [n]."""
    product: Values = ((features @ cov) * features).sum(axis=1)
    return product
