"""Fitting the rating model at a build, and measuring its errors on ratings held back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats, Rows

from .ratings import KNOWN, LEVELS, RatingModel, Values
from .retriever import Setting
from .sequences import Sequences

FACTORS = 6
MODELS = 4
"""So many are fitted; the mean of four of 6 factors is better by .008 on ML-100K than one of 12."""
QUICK_MODELS = 2
MANY_ITEMS = 200_000
"""Of more items one model is fitted: four would take half a gigabyte of a million."""
ROUNDS = 12
QUICK_ROUNDS = 6
MORE_ROUNDS = 4
"""Rounds on everything, after those without the held-back ratings."""
FEWEST = 50
"""Fewer ratings teach nothing that their mean does not say."""
FEWEST_VALUES = 3
"""Two different values are verdicts, no ratings."""
MOST_RATINGS = 5_000_000
MOST_USERS = 100_000
MOST_ITEMS = 100_000
"""Of more, users are drawn at random and the items rated most are taken. All other items are
solved once at the end; those that nobody drawn rated get their shrunken mean."""
HELD_BACK = 0.1
MOST_HELD_BACK = 20_000
MOST_ASKED, QUICKLY_ASKED = 400, 150
"""So many users are folded in to measure errors, each with none, 5, 15 and all of their ratings."""
COLD = (0, 5, 15)
FEWEST_ERRORS = 100
"""A group with fewer takes the quantiles of all."""
UPPER, LOWER = 0.5, 0.2
"""A bare like counts as the mean of the upper half of all ratings, a dislike as that of the lowest
fifth: people rate mostly what they like, so that a low rating in the middle of the scale says no
more than "so so"."""
BLOCK = 20_000
FIRST_SPREAD = 0.3


@dataclass(frozen=True)
class Ratings:
    """Who rated what how; n of them.

    Attributes:
        user: int32 [n], ascending.
        item: int32 [n].
        value: float32 [n].
        shape: number of users and items.
    """

    user: Rows
    item: Rows
    value: Floats
    shape: tuple[int, int]

    @classmethod
    def of(cls, sequences: Sequences) -> Ratings | None:
        """Those of the data; None where values are no ratings on a scale, or too few."""
        rating = sequences.rating
        if rating is None or len(sequences) < FEWEST:
            return None
        if not any(len(np.unique(part)) >= FEWEST_VALUES for part in (rating[:BLOCK], rating)):
            return None
        shape = (sequences.n_users, sequences.n_items)
        return cls(sequences.user, sequences.item, rating, shape)

    def __len__(self) -> int:
        return len(self.value)

    def take(self, keep: NDArray[Any] | slice) -> Ratings:
        """Only those of a mask or of places."""
        return replace(self, user=self.user[keep], item=self.item[keep], value=self.value[keep])

    def of_items(self, rows: Rows) -> Ratings:
        """Only those of some items, which are numbered anew by their place in `rows`."""
        place = np.full(self.shape[1], -1, dtype=np.int32)
        place[rows] = np.arange(len(rows), dtype=np.int32)
        item = place[self.item]
        some = self.take(item >= 0)
        return replace(some, item=item[item >= 0], shape=(self.shape[0], len(rows)))

    def rated(self) -> Rows:
        """The items of any rating, int32 [m], ascending."""
        return np.flatnonzero(np.bincount(self.item, minlength=self.shape[1])).astype(np.int32)

    def sampled(self, rng: np.random.Generator) -> Ratings:
        """At most `MOST_RATINGS` of at most `MOST_USERS` users drawn at random, numbered anew."""
        counts = np.bincount(self.user, minlength=self.shape[0])
        if len(self) <= MOST_RATINGS and np.count_nonzero(counts) <= MOST_USERS:
            return self
        order = rng.permutation(self.shape[0])
        drawn = order[(counts[order] > 0) & (np.cumsum(counts[order]) <= MOST_RATINGS)]
        chosen = np.zeros(self.shape[0], dtype=bool)
        chosen[drawn[:MOST_USERS]] = True
        some = self.take(chosen[self.user])
        user = (np.cumsum(chosen) - 1)[some.user].astype(np.int32)
        return replace(some, user=user, shape=(int(chosen.sum()), self.shape[1]))

    def matrices(self, centre: float, unit: float) -> tuple[Any, Any]:
        """Scipy CSR [users, items]: ones, and the ratings in standard deviations."""
        import scipy.sparse

        ones = np.ones(len(self), dtype=np.float32)
        told = ((self.value - centre) / unit).astype(np.float32)
        place = (self.user, self.item)
        first = scipy.sparse.csr_matrix((ones, place), shape=self.shape)
        # an entry that is stored as 0 stays: both have the same pattern
        return first, scipy.sparse.csr_matrix((told, place), shape=self.shape)


@dataclass
class Side:
    """Bias and factors of all users, or of all items.

    Attributes:
        mean: float32 [n, d]; of who has no ratings, the prior's.
        packed: float32 [n, d (d + 1) / 2], the upper triangles of the covariances.
        prior: float64 [d], the prior's variances.
    """

    mean: Floats
    packed: Floats
    prior: Values


def fit_ratings(
    sequences: Sequences, setting: Setting
) -> tuple[RatingModel, dict[str, Any]] | None:
    """The rating model and what was measured on the ratings held back.

    Args:
        sequences: what users rated.
        setting: seed, and whether speed counts more.

    Returns:
        The model; and {"held_back", "rmse", "mae", "rmse_mean"}: of people by all their other
        ratings, the last for guessing the mean. None where there are no ratings on a scale.
    """
    whole = Ratings.of(sequences)
    if whole is None:
        return None
    rng = np.random.default_rng([setting.seed, 6])
    drawn = whole.sampled(rng)
    rated = drawn.rated()  # nothing is to be fitted of the others
    common = rated if len(rated) <= MOST_ITEMS else _common(drawn)
    kept = drawn.of_items(common)
    share = min(HELD_BACK, MOST_HELD_BACK / len(kept))
    held = rng.random(len(kept)) < share
    known = kept.take(~held)
    streams = rng.spawn(_models(whole.shape[1], setting))
    fits = [Fit(known, FACTORS, stream, common) for stream in streams]
    for fit in fits:
        fit.run(QUICK_ROUNDS if setting.quick else ROUNDS)
    most = QUICKLY_ASKED if setting.quick else MOST_ASKED
    scores, measured = errors(joined(fits), known, kept.take(held), rng, most)
    for fit in fits:
        fit.learn_from(kept)
        fit.run(MORE_ROUNDS)
        if common is not rated:
            fit.take_items(drawn.of_items(rated))
    fitted = replace(joined(fits), quantiles=quantiles_of(*scores))
    return _with_means(_scattered(fitted, rated, whole.shape[1]), whole, drawn), measured


def _models(n_items: int, setting: Setting) -> int:
    """How many are fitted."""
    if n_items > MANY_ITEMS:
        return 1
    return QUICK_MODELS if setting.quick else MODELS


def joined(fits: Sequence[Fit]) -> RatingModel:
    """What was learnt in several fits of the same ratings, without quantiles."""
    value = np.sort(fits[0].ratings.value)
    diagonal = fits[0].upper[0] == fits[0].upper[1]
    return RatingModel(
        np.stack([fit.items.mean for fit in fits], axis=1),
        np.stack([fit.items.packed[:, diagonal] for fit in fits], axis=1),
        np.stack([fit.users.prior for fit in fits]),
        np.array([fit.noise for fit in fits]),
        fits[0].centre,
        fits[0].unit,
        (float(value[0]), float(value[-1])),
        float(value[int(len(value) * (1 - UPPER)) :].mean(dtype=np.float64)),
        float(value[: max(1, int(len(value) * LOWER))].mean(dtype=np.float64)),
        np.ones((len(KNOWN), LEVELS), dtype=np.float32),
    )


def _common(ratings: Ratings) -> Rows:
    """The items rated most, int32 [MOST_ITEMS], ascending."""
    counts = np.bincount(ratings.item, minlength=ratings.shape[1])
    return np.sort(np.argsort(-counts, kind="stable")[:MOST_ITEMS]).astype(np.int32)


def _scattered(model: RatingModel, rows: Rows, n_items: int) -> RatingModel:
    """A model of some items as one of all; the others are what an item is before any rating."""
    if len(rows) == n_items:
        return model
    shape = (n_items, *model.items.shape[1:])
    items, spread = np.zeros(shape, dtype=np.float32), np.empty(shape, dtype=np.float32)
    items[rows] = model.items
    spread[:] = _item_prior(shape[-1] - 1)
    spread[rows] = model.spread
    return replace(model, items=items, spread=spread)


def _item_prior(factors: int) -> Values:
    """The variances of an item's bias and factors that a fit begins with, float64 [factors + 1]."""
    variances: Values = np.r_[0.3, np.full(factors, 1 / max(1, factors))]
    return variances


def _beginning(rows: Rows, factors: int, rng: np.random.Generator) -> Values:
    """Random factors, float64 [len(rows), factors], `rows` ascending.

    Drawn for all rows and kept of these, a block at a time: so what an item begins with does not
    depend on which others were rated.
    """
    spread = FIRST_SPREAD / max(1.0, factors**0.5)
    found = np.empty((len(rows), factors))
    for begin in range(0, int(rows[-1]) + 1 if len(rows) else 0, BLOCK):
        first, last = np.searchsorted(rows, (begin, begin + BLOCK))
        block = rng.normal(0.0, spread, (BLOCK, factors))
        found[first:last] = block[rows[first:last] - begin]
    return found


class Fit:
    """Alternating updates of users and items, each given the other's means and covariances.

    Of items whose ratings were taken out of more, `rows` says which they are, ascending.
    """

    def __init__(
        self,
        ratings: Ratings,
        factors: int,
        rng: np.random.Generator,
        rows: Rows | None = None,
    ) -> None:
        self.ratings = ratings
        self.centre = float(ratings.value.mean(dtype=np.float64))
        self.unit = float(ratings.value.std(dtype=np.float64))
        size = factors + 1
        self.upper = np.triu_indices(size)
        n_users, n_items = ratings.shape
        self.users = self._side(n_users, np.r_[0.2, np.ones(factors)])
        self.items = self._side(n_items, _item_prior(factors))
        rated = ratings.rated()
        own = rated if rows is None else rows[rated]
        self.items.mean[rated, 1:] = _beginning(own, factors, rng)
        self.noise = 0.7
        self.learn_from(ratings)

    def _side(self, n: int, prior: Values) -> Side:
        size = len(prior)
        packed = np.zeros((n, len(self.upper[0])), dtype=np.float32)
        packed[:, self.upper[0] == self.upper[1]] = prior
        return Side(np.zeros((n, size), dtype=np.float32), packed, prior)

    def learn_from(self, ratings: Ratings) -> None:
        """Take other ratings of the same users and items; what was learnt stays."""
        self.ratings = ratings
        self._ones, self._told = ratings.matrices(self.centre, self.unit)
        self._ones_by_item, self._told_by_item = self._ones.T.tocsr(), self._told.T.tocsr()

    def run(self, rounds: int) -> None:
        """So many rounds: users, items, then the priors and the noise."""
        for _ in range(rounds):
            self._solve(self._ones, self._told, self.users, self.items)
            self.solve_items()
            self._learn_spreads()

    def take_items(self, ratings: Ratings) -> None:
        """Take other items, with ratings by the same users, and solve them once."""
        self.items = self._side(ratings.shape[1], self.items.prior)
        self.learn_from(ratings)
        self.solve_items()

    def solve_items(self) -> None:
        """All items once, given the users."""
        self._solve(self._ones_by_item, self._told_by_item, self.items, self.users)

    def _solve(self, ones: Any, told: Any, own: Side, other: Side) -> None:
        """Posterior of every row of `own` with ratings: ridge regression on (1, factors)."""
        features, packed, shifted = self._features(other)
        rows, columns = self.upper
        size = len(own.prior)
        filled = np.flatnonzero(np.diff(ones.indptr))
        gram = np.empty((min(BLOCK, len(filled)), size, size))
        for begin in range(0, len(filled), BLOCK):
            part = filled[begin : begin + BLOCK]
            sums = (ones[part] @ packed) / self.noise
            block = gram[: len(sums)]
            block[:, rows, columns] = sums
            block[:, columns, rows] = sums
            block[:, np.arange(size), np.arange(size)] += 1 / own.prior
            cov = np.linalg.inv(block)
            aimed = (told[part] @ features - ones[part] @ shifted) / self.noise
            own.mean[part] = (cov @ aimed[:, :, None])[:, :, 0]
            own.packed[part] = cov[:, rows, columns]

    def _features(self, other: Side) -> tuple[Floats, Floats, Floats]:
        """(1, factors) of the other side: means, expected squares (packed), times the bias."""
        rows, columns = self.upper
        size = len(other.prior)
        features = other.mean.copy()
        bias = features[:, :1].copy()
        features[:, 0] = 1.0
        packed = features[:, rows] * features[:, columns]
        packed[:, size:] += other.packed[:, size:]
        shifted = features * bias
        shifted[:, 1:] += other.packed[:, 1:size]  # the bias and the factors vary together
        return features, packed, shifted

    def _learn_spreads(self) -> None:
        """The variance of the users' numbers, of the items' biases, and of the noise."""
        diagonal = self.upper[0] == self.upper[1]
        for side, rated in ((self.users, self._ones), (self.items, self._ones_by_item)):
            filled = np.diff(rated.indptr) > 0
            found = (side.mean[filled] ** 2 + side.packed[filled][:, diagonal]).mean(axis=0)
            found = np.maximum(found, 1e-6)
            # of factors only one side's size can be told: the items' is held
            side.prior[: None if side is self.users else 1] = (
                found if side is self.users else found[:1]
            )
        self.noise = max(self._expected_error(), 1e-4)

    def _expected_error(self) -> float:
        """Mean of the squared error, what is uncertain of users and items added; of a sample."""
        some = self.ratings.take(slice(None, None, max(1, len(self.ratings) // BLOCK)))
        total, size = 0.0, len(self.users.prior)
        twice = np.where(self.upper[0] == self.upper[1], 1.0, 2.0).astype(np.float32)
        item_features, item_squares, _ = self._features(self.items)
        user_features, user_squares, _ = self._features(self.users)
        for begin in range(0, len(some), BLOCK):
            part = slice(begin, begin + BLOCK)
            u, i = some.user[part], some.item[part]
            told = (some.value[part] - self.centre) / self.unit
            told -= self.users.mean[u, 0] + self.items.mean[i, 0]
            told -= (self.users.mean[u, 1:] * self.items.mean[i, 1:]).sum(axis=1)
            mine, theirs = self.users.packed[u] * twice, self.items.packed[i] * twice
            variance = (mine * item_squares[i]).sum(axis=1)
            variance += (theirs * user_squares[u]).sum(axis=1)
            # both hold the product of the covariances: once too often
            variance -= (mine[:, size:] * self.items.packed[i][:, size:]).sum(axis=1)
            total += float((told**2).sum() + variance.sum())
        return total / len(some)


def _with_means(model: RatingModel, whole: Ratings, drawn: Ratings) -> RatingModel:
    """Items that nobody drawn rated get the mean of their ratings, shrunken to that of all."""
    prior = float(model.spread[:, :, 0].max(initial=0.0)) or 1.0
    unknown = np.bincount(drawn.item, minlength=model.n_items) == 0
    rated = np.bincount(whole.item, minlength=model.n_items)
    there = np.flatnonzero(unknown & (rated > 0))
    if not len(there):
        return model
    told = (whole.value - model.centre) / model.unit
    sums = np.bincount(whole.item, told, minlength=model.n_items)
    noise = float((model.noise + model.prior[:, 0]).mean())
    model.items[there, :, 0] = (sums[there] / (rated[there] + noise / prior))[:, None]
    model.spread[there, :, 0] = (1 / (rated[there] / noise + 1 / prior))[:, None]
    return model


def errors(
    model: RatingModel, known: Ratings, held: Ratings, rng: np.random.Generator, most: int
) -> tuple[tuple[NDArray[np.int64], Values], dict[str, Any]]:
    """Errors on held-back ratings, of people by none, 5, 15 and all of their known ratings.

    Returns:
        (how many ratings were known, |error| / expected standard deviation), one entry each; and
        the figures of those by all.
    """
    people = np.unique(held.user)
    if len(people) > most:
        people = np.sort(rng.choice(people, most, replace=False))
    mine, theirs = _by_user(known), _by_user(held)
    counts: list[int] = []
    scores: list[Values] = []
    found: list[Values] = []
    for user in people.tolist():
        rows, values = (part[mine[user] : mine[user + 1]] for part in (known.item, known.value))
        asked, given = (part[theirs[user] : theirs[user + 1]] for part in (held.item, held.value))
        order = rng.permutation(len(rows))
        for k in (*(k for k in COLD if k < len(rows)), len(rows)):
            some = order[:k]
            person = model.fold_in(
                dict(zip(rows[some].tolist(), values[some].tolist(), strict=True))
            )
            mean, deviation = model.expected(person, asked.astype(np.int32))
            error = np.abs(np.clip(mean, *model.scale) - given)
            scores.append(np.abs(mean - given) / deviation)
            counts += [k] * len(error)
        found.append(error)
    if not found:
        return (np.empty(0, np.int64), np.empty(0)), {}
    last = np.concatenate(found)
    told = {
        "held_back": len(last),
        "rmse": round(float(np.sqrt((last**2).mean())), 4),
        "mae": round(float(last.mean()), 4),
        "rmse_mean": round(float(np.sqrt(((held.value - model.centre) ** 2).mean())), 4),
    }
    return (np.array(counts), np.concatenate(scores)), told


def _by_user(ratings: Ratings) -> NDArray[np.int64]:
    """Where each user's ratings begin; users ascend."""
    return np.searchsorted(ratings.user, np.arange(ratings.shape[0] + 1))


def quantiles_of(known: NDArray[np.int64], scores: Values) -> Floats:
    """float32 [4, 99]: the ceil((n + 1) level)-th smallest score of each group of `KNOWN`."""
    group = np.searchsorted(KNOWN, known, side="right") - 1
    found = np.ones((len(KNOWN), LEVELS), dtype=np.float32)
    levels = np.arange(1, LEVELS + 1) / 100
    for place in range(len(KNOWN)):
        mine = scores[group == place]
        mine = np.sort(mine if len(mine) >= FEWEST_ERRORS else scores)
        if len(mine):
            rank = np.ceil((len(mine) + 1) * levels).astype(int)
            found[place] = mine[np.minimum(rank, len(mine)) - 1]
    return found
