"""What people would use instead of our engine: a few lines each, sharing no code with it.

All of them see who took what, as ones; none sees ratings, times or words.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats, Rows
from recagent_tools.models.history import History
from recagent_tools.models.memory import free_memory
from recagent_tools.models.sequences import Sequences
from recagent_tools.models.threads import blas_threads, calm_openmp

from .lists import Pool, best_unseen

Parameters = Mapping[str, float]

NEVER = -1e30
"""Score of an item that a peer knows nothing of: after all others, but still a list's filling."""
DENSE_ITEMS = 8000
"""More items are never solved densely: the time grows with the cube, 40 s on one thread here."""
DENSE_BYTES = 16
"""Bytes a cell of the dense solve at its peak: sparse and dense products, float64, the weights."""
ALS_ITERATIONS = 15
CELLS = 4_000_000
"""Scores held at once."""


class PeerMissing(Exception):
    """A peer cannot run here; the text says why."""


class Peer(ABC):
    """Fitted on interactions alone; scores every item for a history."""

    name: ClassVar[str]
    grid: ClassVar[tuple[Parameters, ...]] = ({},)
    """Settings to choose from."""
    notes: str = ""
    """What is to be said of this fit, or empty."""

    @classmethod
    @abstractmethod
    def fit(cls, train: Sequences, parameters: Parameters, *, seed: int, threads: int) -> Self:
        """Learn from the training part.

        Raises:
            PeerMissing: a library cannot be loaded.
        """

    @abstractmethod
    def scores(self, histories: Any) -> Floats:
        """float32 [m, n_items] for histories as CSR of ones, [m, n_items]."""

    def top(self, histories: Sequence[History], k: int, pool: Pool) -> list[Rows]:
        """The best `k` unseen rows of the pool for each history."""
        lists: list[Rows] = []
        for batch in _batches(histories, pool.n_items):
            scores = self.scores(ones([history.rows for history in batch], pool.n_items))
            lists.extend(best_unseen(scores, batch, pool, k))
        return lists


class Popularity(Peer):
    """How many users took an item, the same for everybody."""

    name = "popularity"

    def __init__(self, counts: Floats) -> None:
        self.counts = counts

    @classmethod
    def fit(cls, train: Sequences, parameters: Parameters, *, seed: int, threads: int) -> Self:
        """Count."""
        return cls(np.bincount(train.item, minlength=train.n_items).astype(np.float32))

    def scores(self, histories: Any) -> Floats:
        """The counts, for everyone."""
        return np.broadcast_to(self.counts, histories.shape)


class ALS(Peer):
    """Implicit ALS (Hu, Koren and Volinsky, 2008) by implicit, people folded in as it does.

    The usual fold-in: everything not named is a zero of weight 1. The strongest regularization is
    there for sparse data: on the reviews of Steam 100 takes NDCG@10 from .07 to .17.
    """

    name = "als"
    grid = tuple(
        {"factors": factors, "regularization": regularization, "alpha": alpha}
        for factors in (32, 128)
        for regularization in (1.0, 10.0, 100.0)
        for alpha in (1.0, 5.0, 20.0)
    )

    def __init__(self, model: Any, known: NDArray[np.bool_]) -> None:
        self.model, self.known = model, known

    @classmethod
    def fit(cls, train: Sequences, parameters: Parameters, *, seed: int, threads: int) -> Self:
        """By implicit."""
        calm_openmp()
        with blas_threads(1):
            try:
                from implicit.cpu.als import AlternatingLeastSquares
            except (ImportError, OSError) as error:
                raise PeerMissing(f"implicit cannot be loaded: {error}") from error
            model = AlternatingLeastSquares(
                factors=int(parameters["factors"]),
                regularization=parameters["regularization"],
                alpha=parameters["alpha"],
                iterations=ALS_ITERATIONS,
                num_threads=threads,
                random_state=seed,
            )
            model.fit(matrix_of(train), show_progress=False)
        return cls(model, np.bincount(train.item, minlength=train.n_items) > 0)

    def scores(self, histories: Any) -> Floats:
        """Inner products with the folded-in people."""
        people = self.model.recalculate_user(np.arange(histories.shape[0]), histories)
        scores = np.asarray(people @ self.model.item_factors.T, dtype=np.float32)
        scores[:, ~self.known] = NEVER
        return scores


class CoOccurrence(Peer):
    """Plain item cosine: the sum of c_ij / sqrt(c_i c_j) over the items i of the history."""

    name = "cooccurrence"

    def __init__(self, scaled: Any, table: Floats | None) -> None:
        self.scaled, self.table = scaled, table

    @classmethod
    def fit(cls, train: Sequences, parameters: Parameters, *, seed: int, threads: int) -> Self:
        """Columns of length 1; their products as a table where that is small."""
        import scipy.sparse

        matrix = matrix_of(train)
        lengths = np.sqrt(np.bincount(train.item, minlength=train.n_items))
        scaled = matrix @ scipy.sparse.diags(1 / np.maximum(lengths, 1))
        scaled = scaled.tocsr().astype(np.float32)
        if train.n_items > most_dense():
            return cls(scaled, None)
        table = (scaled.T @ scaled).toarray()
        return cls(scaled, table)

    def scores(self, histories: Any) -> Floats:
        """Every item's summed cosine; without a table by way of the users."""
        if self.table is not None:
            return np.asarray(histories @ self.table, dtype=np.float32)
        users = histories @ self.scaled.T
        return np.asarray((users @ self.scaled).toarray(), dtype=np.float32)


class EASE(Peer):
    """EASE^R (Steck, 2019): item weights in closed form, B_ij = -P_ij / P_jj off the diagonal."""

    name = "ease"
    grid = tuple({"lambda": value} for value in (30.0, 100.0, 300.0, 1000.0, 3000.0, 10000.0))

    def __init__(self, rows: Rows, weights: Floats, notes: str = "") -> None:
        self.rows, self.weights, self.notes = rows, weights, notes

    @classmethod
    def fit(
        cls,
        train: Sequences,
        parameters: Parameters,
        *,
        seed: int,
        threads: int,
        most: int | None = None,
    ) -> Self:
        """On all items, or on the `most` popular ones where they are more than fit."""
        counts = np.bincount(train.item, minlength=train.n_items)
        taken = int(np.count_nonzero(counts))
        size = min(taken, most or most_dense())
        rows = np.sort(np.argsort(-counts, kind="stable")[:size]).astype(np.int32)
        matrix = matrix_of(train)[:, rows]
        with blas_threads(threads):
            weights = solve_ease((matrix.T @ matrix).toarray(), parameters["lambda"])
        notes = f"ease knows the {size:,} most popular of {taken:,} items" if size < taken else ""
        return cls(rows, weights, notes)

    def scores(self, histories: Any) -> Floats:
        """The summed weights of the history's items."""
        scores = np.full(histories.shape, NEVER, dtype=np.float32)
        scores[:, self.rows] = histories[:, self.rows] @ self.weights
        return scores


def solve_ease(gram: Any, penalty: float) -> Floats:
    """The weights B, float32 [n, n], of the Gram matrix [n, n] and lambda."""
    from scipy.linalg.lapack import dpotrf, dpotri

    gram = np.asfortranarray(gram, dtype=np.float64)
    gram[np.diag_indices(len(gram))] += penalty
    # by Cholesky and in place: half the time and a third of the memory of a general inverse
    factor, failed = dpotrf(gram, lower=True, clean=True, overwrite_a=True)
    inverse, _ = dpotri(factor, lower=True, overwrite_c=True)
    if failed:
        raise np.linalg.LinAlgError("the Gram matrix is not positive definite")
    diagonal = np.diag(inverse).astype(np.float32)
    weights = np.tril(inverse.astype(np.float32), -1)
    weights += weights.T.copy()
    weights /= -diagonal
    return np.asarray(weights, dtype=np.float32)


def most_dense() -> int:
    """How many items a dense n x n solve may have: a quarter of the free memory, at most 8,000."""
    return int(min(DENSE_ITEMS, (free_memory() / 4 / DENSE_BYTES) ** 0.5))


def matrix_of(train: Sequences) -> Any:
    """SciPy CSR float32 [n_users, n_items] of ones."""
    return ones(np.split(train.item, train.indptr[1:-1]), train.n_items)


def ones(rows: Sequence[Rows], n_items: int) -> Any:
    """SciPy CSR float32 [len(rows), n_items] with ones where each row says."""
    from scipy.sparse import csr_matrix

    ends = np.cumsum([0, *map(len, rows)])
    columns = np.concatenate([*rows, np.empty(0, np.int32)]).astype(np.int32)
    matrix = csr_matrix((np.ones(len(columns), np.float32), columns, ends), (len(rows), n_items))
    matrix.sort_indices()
    return matrix


def _batches(histories: Sequence[History], n_items: int) -> Iterator[Sequence[History]]:
    size = max(1, min(256, CELLS // max(1, n_items)))
    for begin in range(0, len(histories), size):
        yield histories[begin : begin + size]


PEERS: tuple[type[Peer], ...] = (Popularity, ALS, CoOccurrence, EASE)
