"""Implicit ALS (Hu, Koren and Volinsky, 2008): item factors, and users by fold-in.

Nobody's factors are stored: a person is always folded in from their history, so a like counts at
once. The usual fold-in takes every unnamed item for a zero, which is wrong for few items. Here a
Gaussian prior stands in: mean and covariance of the fitted users' factors. On ML-1M that took
NDCG@10 for five named items from .533 to .634 (validation users).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats, Rows

from .history import History
from .retriever import Retriever, Setting, TrainingData
from .scores import Best, DenseScores, Mask, Scores, nothing
from .sparse import load_array
from .threads import blas_threads, calm_openmp
from .topk import FactorIndex

Doubles = NDArray[np.float64]

FACTORS = 64
CONFIDENCE = 5.0
REGULARIZATION = 10.0
ITERATIONS = 6
"""From five on NDCG@10 no longer moves on MovieLens 100K and latest-small."""
SHRINK_AT = 90
"""Percentile of the factors' lengths by which cosines are shrunk."""
SAMPLED = 4_096
DENSE_ITEMS = 50_000
"""Above, everybody is scored alone, and only where it is asked."""
HALF_LIFE = 40.0
"""An ordered history counts half as much this many items back."""


@dataclass(frozen=True)
class FoldIn:
    """What solves for a person's factors.

    Attributes:
        gram: float64 [f, f], Y'Y.
        precision: float64 [f, f], inverse covariance of the fitted users' factors.
        mean: float64 [f], their mean.
        item_mean: float64 [f], mean of the items' factors.
        fixed: weights of the unnamed items as zeros and of the prior; None for `prior_weights`.
    """

    gram: Doubles
    precision: Doubles
    mean: Doubles
    item_mean: Doubles
    fixed: tuple[float, float] | None = None
    _kept: dict[tuple[float, float], tuple[Doubles, Doubles]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @classmethod
    def of(cls, items: Floats, users: Floats) -> FoldIn:
        """From fitted factors."""
        factors = np.asarray(items, dtype=np.float64)
        people = np.asarray(users, dtype=np.float64)
        people = people[np.any(people != 0, axis=1)]
        size = factors.shape[1]
        centre = factors.mean(axis=0) if len(factors) else np.zeros(size)
        if len(people) < 2:
            return cls(factors.T @ factors, np.eye(size), np.zeros(size), centre)
        centred = people - people.mean(axis=0)
        covariance = centred.T @ centred / len(people)
        # few people span few directions; the ridge keeps the others possible
        covariance += np.eye(size) * (1e-2 * np.trace(covariance) / size + 1e-9)
        precision = np.linalg.inv(covariance)
        return cls(factors.T @ factors, precision, people.mean(axis=0), centre)

    @classmethod
    def plain(cls, items: Floats, regularization: float) -> FoldIn:
        """The fold-in of the paper: zeros for all that is unnamed, and no prior but the ridge."""
        factors = np.asarray(items, dtype=np.float64)
        size = factors.shape[1]
        ridge = regularization * np.eye(size)
        return cls(factors.T @ factors, ridge, np.zeros(size), factors.mean(axis=0), (1.0, 1.0))

    def weighed(self, weights: Floats) -> tuple[float, float]:
        """Weight of the unnamed items as zeros and of the prior, for a history's weights [k]."""
        return self.fixed or prior_weights(int(np.count_nonzero(weights > 0)))

    def equations(self, factors: Floats, weights: Floats) -> tuple[Doubles, Doubles]:
        """A [f, f] and b [f] of A x = b for the items' factors [k, f] and their weights [k].

        (w0 Y'Y + l S^-1 + sum (a|w| - w0) y y') x = sum over likes of a w y + l S^-1 m. A dislike
        has the same confidence with target 0.
        """
        rest, trust = self.weighed(weights)
        taken = factors.astype(np.float64)
        confidence = CONFIDENCE * np.abs(weights.astype(np.float64))
        likes = np.where(weights > 0, confidence, 0.0)
        left = rest * self.gram + trust * self.precision
        left += (taken * (confidence - rest * np.minimum(1.0, confidence))[:, None]).T @ taken
        return left, likes @ taken + trust * (self.precision @ self.mean)

    def few(self, factors: Floats, weights: Floats) -> Doubles:
        """The solution of `equations` for few items [k, f]: it solves k equations instead of f.

        With P the part of A that no item changes, m = P^-1 (the part of b), T the factors, D their
        weights in A and c those in b: x = m + P^-1 T' (c - D s), where (I + T P^-1 T' D) s =
        T m + T P^-1 T' c (Woodbury).
        """
        rest, trust = self.weighed(weights)
        inverse, centre = self._solved(rest, trust)
        taken = factors.astype(np.float64)
        confidence = CONFIDENCE * np.abs(weights.astype(np.float64))
        likes = np.where(weights > 0, confidence, 0.0)
        inside = confidence - rest * np.minimum(1.0, confidence)
        spread = taken @ inverse
        among = spread @ taken.T
        left = among * inside
        left.flat[:: len(left) + 1] += 1
        answers = np.linalg.solve(left, taken @ centre + among @ likes)
        solution: Doubles = centre + (likes - inside * answers) @ spread
        return solution

    def shares(self, factors: Floats, weights: Floats, item: Floats) -> tuple[Doubles, float]:
        """What each item of a history adds to the score of an item, and what the prior does.

        Exact: they sum to the score (Hu, Koren and Volinsky 2008, section 5; with a prior of mean m
        its part of b is one more term). A dislike has target 0, so it adds nothing by itself: it
        lowers what the likes near it add.

        Args:
            factors: float32 [k, f], of the items of the history.
            weights: float32 [k], theirs.
            item: float32 [f], the factors of the item scored.

        Returns:
            float64 [k], and the prior's share.
        """
        left, _ = self.equations(factors, weights)
        seen = np.linalg.solve(left, item.astype(np.float64))
        likes = CONFIDENCE * np.maximum(weights.astype(np.float64), 0.0)
        prior = self.weighed(weights)[1] * float((self.precision @ self.mean) @ seen)
        return likes * (factors.astype(np.float64) @ seen), prior

    def _solved(self, rest: float, trust: float) -> tuple[Doubles, Doubles]:
        """Inverse of the part of A that no item changes, and the solution without any item."""
        if (rest, trust) not in self._kept:
            inverse = np.linalg.inv(rest * self.gram + trust * self.precision)
            inverse = (inverse + inverse.T) / 2
            centre = inverse @ (trust * (self.precision @ self.mean))
            self._kept[rest, trust] = inverse, centre
        return self._kept[rest, trust]


def prior_weights(n_liked: int) -> tuple[float, float]:
    """Weight of the unnamed items as zeros (w0) and of the prior (l), by the number of likes."""
    if n_liked <= 1:
        return 0.0, 0.3
    if n_liked < 15:
        return 0.02, 0.3
    return (0.1, 1.0) if n_liked < 60 else (1.0, 1.0)


class FactorScores(Scores):
    """Inner products of a person's factors with the items'; only what is asked is multiplied."""

    def __init__(self, index: FactorIndex, person: Floats, fold: FoldIn, seen: Rows) -> None:
        """Person float32 [f]."""
        super().__init__(len(index), seen)
        self.index, self.person, self.fold = index, person, fold

    def of(self, rows: Rows) -> Floats:
        """Multiplied."""
        return self.index.of(self.person, rows)

    def dense(self) -> Floats:
        """One product with all."""
        return self.index.dense(self.person)

    def top(self, k: int, mask: Mask | None = None) -> Best:
        """Exact; long factors are read first, and no more than can matter."""
        return self.index.top(self.person, k, mask, self.seen)

    def moments(self) -> tuple[float, float]:
        """In closed form: the mean of the products is the product with the mean."""
        person = self.person.astype(np.float64)
        taken = self.index.vectors(self.seen).astype(np.float64) @ person
        count = max(1, self.n_items - len(self.seen))
        mean = (self.n_items * float(self.fold.item_mean @ person) - float(taken.sum())) / count
        square = (float(person @ self.fold.gram @ person) - float(taken @ taken)) / count
        return mean, float(np.sqrt(max(square - mean * mean, 0.0)))


class ALS(Retriever):
    """The items' factors, longest first, and what folds a person in."""

    name: ClassVar[str] = "als"

    def __init__(self, index: FactorIndex, fold: FoldIn, backend: str = "implicit") -> None:
        self.index, self.fold, self.backend = index, fold, backend
        self.n_items = len(index)

    @classmethod
    def fit(cls, data: TrainingData, setting: Setting) -> Self:
        """By implicit; by NumPy where implicit or its OpenMP library cannot be loaded."""
        matrix = data.sequences.matrix
        try:
            items, users = _fit_implicit(matrix, setting)
            backend = "implicit"
        except (ImportError, OSError):
            items, users = fit_numpy(matrix, setting)
            backend = "numpy"
        return cls(FactorIndex.of_factors(items), FoldIn.of(items, users), backend)

    def person(self, history: History) -> Floats:
        """float32 [f], the factors of the person with this history."""
        if 2 * len(history) > self.index.size:
            return np.linalg.solve(*self._equations(history)).astype(np.float32)
        vectors = self.index.vectors(history.rows)
        return self.fold.few(vectors, history.faded(HALF_LIFE)).astype(np.float32)

    def _equations(self, history: History) -> tuple[Doubles, Doubles]:
        return self.fold.equations(self.index.vectors(history.rows), history.faded(HALF_LIFE))

    def score(self, history: History) -> Scores:
        """Inner products; nothing for an empty history."""
        if not len(history):
            return nothing(self.n_items, history.rows)
        return FactorScores(self.index, self.person(history), self.fold, history.rows)

    def score_many(self, histories: Sequence[History]) -> list[Scores]:
        """One matrix product for all, as long as what comes of it stays small."""
        if self.n_items > DENSE_ITEMS:
            return [self.score(history) for history in histories]
        if len(histories) == 1:
            return [self.score(histories[0])]
        people = np.zeros((len(histories), self.index.size), dtype=np.float32)
        for position, history in enumerate(histories):
            if len(history):
                people[position] = self.person(history)
        products = np.asarray((people @ self.index.factors.T)[:, self.index.places], np.float32)
        return [
            DenseScores(row, history.rows) if len(history) else self.score(history)
            for row, history in zip(products, histories, strict=True)
        ]

    def contributions(self, row: int, history: History) -> tuple[Floats, float]:
        """How much each item of the history adds to the score of `row`, float32 [k]; the prior's.

        Exact: they sum to the score; see `FoldIn.shares`.
        """
        taken, item = self.index.vectors(history.rows), self.index.vectors(np.array([row]))[0]
        shares, prior = self.fold.shares(taken, history.faded(HALF_LIFE), item)
        return shares.astype(np.float32), prior

    @cached_property
    def sample(self) -> Rows:
        """Evenly spaced rows, `SAMPLED` at most, for what is standardised by a sample."""
        step = max(1, self.n_items // SAMPLED)
        return np.arange(step // 2, self.n_items, step, dtype=np.int32)

    @cached_property
    def _shrink(self) -> float:
        lengths = np.linalg.norm(self.index.vectors(self.sample), axis=1)
        return float(np.percentile(lengths, SHRINK_AT)) if len(lengths) else 0.0

    def shrunk_cosine(self, row: int, rows: Rows) -> Floats:
        """Cosine of the item's factors with those of `rows`, short ones shrunk; float32 [m].

        Factors of items that few people took are short and point anywhere.
        """
        own, others = self.index.vectors(np.array([row]))[0], self.index.vectors(rows)
        length = float(np.linalg.norm(own))
        if length < 1e-9:
            return np.zeros(len(rows), dtype=np.float32)
        bottom = (np.linalg.norm(others, axis=1) + self._shrink) * length
        return np.asarray(others @ own / bottom, dtype=np.float32)

    def similar(self, row: int) -> Floats:
        """Cosine of the item's factors with every item's, float32 [n_items]."""
        own = self.index.vectors(np.array([row]))[0]
        norms = np.linalg.norm(self.index.factors, axis=1)[self.index.places]
        bottom = np.maximum(norms * np.linalg.norm(own), 1e-12)
        return np.asarray(self.index.dense(own) / bottom, dtype=np.float32)

    def save(self, directory: Path) -> None:
        """The index, and `als.prior.npy` (Y'Y, precision and both means stacked)."""
        fold = self.fold
        prior = np.vstack((fold.gram, fold.precision, fold.mean[None], fold.item_mean[None]))
        self.index.save(directory, self.name)
        np.save(directory / "als.prior.npy", prior, allow_pickle=False)

    @classmethod
    def load(cls, directory: Path, n_items: int) -> Self:
        """Factors memory-mapped."""
        index = FactorIndex.load(directory, cls.name, n_items)
        size = index.size
        prior = load_array(directory / "als.prior.npy", np.float64, (2 * size + 2, size))
        fold = FoldIn(prior[:size], prior[size : 2 * size], prior[2 * size], prior[2 * size + 1])
        return cls(index, fold, "loaded")


def _fit_implicit(matrix: Any, setting: Setting) -> tuple[Floats, Floats]:
    """Item and user factors by implicit.

    Raises:
        ImportError, OSError: implicit or libgomp cannot be loaded.
    """
    calm_openmp()
    from implicit.cpu.als import AlternatingLeastSquares

    with blas_threads(1):
        model = AlternatingLeastSquares(
            factors=FACTORS,
            regularization=REGULARIZATION,
            iterations=ITERATIONS // 2 if setting.quick else ITERATIONS,
            num_threads=setting.threads,
            random_state=setting.seed,
        )
        model.fit(_confidences(matrix), show_progress=False)
    return np.ascontiguousarray(model.item_factors), np.ascontiguousarray(model.user_factors)


def _confidences(matrix: Any) -> Any:
    """The matrix times `CONFIDENCE`; of ones without a copy, which would take 8 bytes an entry."""
    import scipy.sparse

    entries = matrix.data * np.float32(CONFIDENCE)
    if len(entries) and entries.min() == entries.max():
        entries = np.broadcast_to(entries[:1].copy(), len(entries))
    indices = (matrix.indices, matrix.indptr)
    return scipy.sparse.csr_matrix((entries, *indices), shape=matrix.shape)


def fit_numpy(matrix: Any, setting: Setting, *, factors: int = 32) -> tuple[Floats, Floats]:
    """Item and user factors by exact solves in NumPy; slower, and with fewer factors.

    Args:
        matrix: scipy CSR of ones [n_users, n_items].
        setting: seed and speed.
        factors: how many.
    """
    rng = np.random.default_rng(setting.seed)
    users = rng.random((matrix.shape[0], factors)) * 0.01
    items = rng.random((matrix.shape[1], factors)) * 0.01
    transposed = matrix.T.tocsr()
    for _ in range(ITERATIONS // 2 if setting.quick else ITERATIONS):
        users = _solve_rows(matrix, items)
        items = _solve_rows(transposed, users)
    return items.astype(np.float32), users.astype(np.float32)


def _solve_rows(matrix: Any, fixed: Doubles) -> Doubles:
    """The factors of every row, the other side's being fixed; zero for an empty row."""
    size = fixed.shape[1]
    base = fixed.T @ fixed + REGULARIZATION * np.eye(size)
    out = np.zeros((matrix.shape[0], size))
    filled = np.flatnonzero(np.diff(matrix.indptr))
    for block in np.array_split(filled, max(1, len(filled) // 1024)):
        left = np.empty((len(block), size, size))
        right = np.empty((len(block), size))
        for place, row in enumerate(block):
            taken = fixed[matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]]
            left[place] = base + (CONFIDENCE - 1) * (taken.T @ taken)
            right[place] = CONFIDENCE * taken.sum(axis=0)
        out[block] = np.linalg.solve(left, right[..., None])[..., 0]
    return out
