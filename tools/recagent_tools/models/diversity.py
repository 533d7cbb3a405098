"""How unlike the items of a list are, and a list re-ranked for it: maximal marginal relevance.

MMR (Carbonell & Goldstein, "The use of MMR", SIGIR 1998) builds a list item by item: each time the
candidate with the best sum of relevance and of unlikeness to what is already there. No sampling:
the same candidates give the same list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats, Rows

from .als import ALS
from .features import FirstStage
from .sparse import SparseRows

HEAD = 50
"""Items that are re-ranked where nobody says how long the list is."""
MOST_WORDS = 1_024
"""Shared words that are compared by, the weightiest first."""
ROUNDING = 1e-5
"""A smaller difference of two sums of unlikeness is none."""
POOL = 200
"""The best so many candidates may move up; four times the list where that is more."""


@dataclass(frozen=True)
class Traits:
    """What `m` items are compared by.

    Two items are alike by the mean of two cosines: of their words (categories, people, tags,
    title, weighted by TF-IDF) and of their ALS factors (whether the same people take both). What
    is unknown of an item counts as the average: neither alike nor unlike.

    Attributes:
        vectors: float32 [m, d], so that likeness is the inner product.
        unknown: (mean cosine times its share, bool [m] who is known) of parts with gaps.
    """

    vectors: Floats
    unknown: tuple[tuple[float, NDArray[np.bool_]], ...] = ()

    @classmethod
    def of(
        cls, rows: Rows, *, words: SparseRows | None = None, factors: Floats | None = None
    ) -> Self:
        """Of these rows.

        Args:
            rows: int32 [m].
            words: the weights of every item's words, or None.
            factors: float32 [m, f], aligned with `rows`, zeros where nobody took the item; or None.
        """
        parts = []
        if words is not None:
            parts.append(_words(words, rows))
        if factors is not None:
            parts.append(_units(np.asarray(factors, dtype=np.float32)))
        parts = [(vectors, known, mean) for vectors, known, mean in parts if known.sum() > 1]
        if not parts:
            return cls(np.zeros((len(rows), 0), dtype=np.float32))
        share = 1 / len(parts)
        vectors = np.concatenate([part[0] for part in parts], axis=1) * np.float32(share**0.5)
        gaps = tuple((share * mean, known) for _, known, mean in parts if not known.all())
        return cls(np.ascontiguousarray(vectors, dtype=np.float32), gaps)

    @classmethod
    def read(cls, first: FirstStage, rows: Rows) -> Self:
        """Of these rows, from the words and the factors that retrieval uses."""
        als, content = first.retrievers.get("als"), first.content
        return cls.of(
            rows,
            words=None if content is None else content.forward,
            factors=als.index.vectors(rows) if isinstance(als, ALS) else None,
        )

    @property
    def told_apart(self) -> bool:
        """Whether anything is known to compare by."""
        return bool(self.vectors.shape[1])

    def unlike(self, places: Rows, others: Rows | slice = slice(None)) -> Floats:
        """How unlike some items are to others, 0 to 1; float32 [len(places), len(others)]."""
        alike = self.vectors[places] @ self.vectors[others].T
        for mean, known in self.unknown:
            alike += np.float32(mean) * ~np.logical_and.outer(known[places], known[others])
        return np.asarray(1 - np.clip(alike, 0, 1), dtype=np.float32)

    def diversity(self, places: Rows) -> float:
        """Mean unlikeness of two items of a list, 0 to 1 (Ziegler et al. 2005); 0 below two."""
        n = len(places)
        if n < 2:
            return 0.0
        return float(_beginnings(self.unlike(places, places))[-1]) / (n * (n - 1) / 2)


_Compared = tuple[Floats, NDArray[np.bool_], float]
"""Vectors of length 1 (or 0), who has one, and the mean cosine of two that have."""


def _units(vectors: Floats) -> _Compared:
    lengths = np.linalg.norm(vectors, axis=1)
    known = lengths > 1e-9
    units = np.where(known[:, None], vectors / np.maximum(lengths, 1e-9)[:, None], 0)
    units = units.astype(np.float32)
    return units, known, _mean(units, int(known.sum()))


def _words(words: SparseRows, rows: Rows) -> _Compared:
    """The words that two candidates or more have; those of one make nothing alike."""
    columns, values, lengths = words.gather(rows)
    place = np.repeat(np.arange(len(rows)), lengths)
    norms = np.sqrt(np.bincount(place, values.astype(np.float64) ** 2, minlength=len(rows)))
    known = norms > 1e-9
    units = values / np.where(known, norms, 1.0)[place]
    terms, term = np.unique(columns, return_inverse=True)
    shared = np.bincount(term, minlength=len(terms)) > 1
    weight = np.bincount(term, units**2, minlength=len(terms)) * shared
    kept = np.argsort(-weight, kind="stable")[: min(int(shared.sum()), MOST_WORDS)]
    to = np.full(len(terms), -1, dtype=np.int64)
    to[kept] = np.arange(len(kept))
    used = to[term] >= 0
    dense = np.zeros((len(rows), len(kept)), dtype=np.float32)
    dense[place[used], to[term[used]]] = units[used]
    return dense, known, _mean(dense, int(known.sum()))


def _mean(dense: Floats, n: int) -> float:
    """Mean cosine of two of the `n` rows that are not 0, and of length 1 or less; at least 0."""
    if n < 2:
        return 0.0
    total = dense.sum(axis=0, dtype=np.float64)
    return max(0.0, (float(total @ total) - float((dense**2).sum())) / (n * (n - 1)))


def reranked(
    relevance: NDArray[np.floating], traits: Traits, weight: float, length: int = HEAD
) -> Rows:
    """An order of the candidates whose first `length` are chosen by MMR; int32 [m], places.

    A candidate's worth is (1 - |weight|) times its relevance, between 0 and 1 over the candidates,
    less `weight` times its likeness to the most alike item already chosen. A negative weight so
    asks for more of the same. Every beginning of the list is at least as diverse as the same
    beginning of the plain order (with a negative weight at most as diverse): candidates that would
    break this are passed over, and where that is not enough the plain order stays.

    Args:
        relevance: float [m], descending.
        traits: of the m candidates.
        weight: -1 to 1; 0 keeps the order.
        length: how many places are filled so.
    """
    m = len(relevance)
    plain = np.arange(m, dtype=np.int32)
    length = min(length, m)
    if weight == 0 or length < 2 or not traits.told_apart:
        return plain
    head = _greedy(_between_0_and_1(relevance), traits, weight, length)
    if head is None:
        return plain
    rest = np.ones(m, dtype=bool)
    rest[head] = False
    return np.concatenate((head, plain[rest])).astype(np.int32)


def _between_0_and_1(values: NDArray[np.floating]) -> NDArray[np.float64]:
    values = np.asarray(values, dtype=np.float64)
    span = float(values.max() - values.min())
    return (values - values.min()) / span if span > 0 else np.ones_like(values)


def _beginnings(unlike: Floats) -> NDArray[np.float64]:
    """Summed unlikeness of all pairs of every beginning of a list; [k, k] to float64 [k]."""
    return np.asarray(np.tril(unlike.astype(np.float64), -1).sum(axis=1).cumsum())


def _greedy(
    relevance: NDArray[np.float64], traits: Traits, weight: float, length: int
) -> Rows | None:
    """The places chosen; None where some beginning is less diverse than the plain order's."""
    sign = 1.0 if weight > 0 else -1.0
    head = np.arange(length, dtype=np.int32)
    plain = _beginnings(traits.unlike(head, head))
    told = (1.0 - abs(weight)) * relevance
    nearest, summed = np.zeros(len(relevance)), np.zeros(len(relevance))
    total = 0.0
    for step in range(length):
        fits = sign * (summed + (total - plain[step])) >= -ROUNDING
        worth = np.where(fits, told - weight * nearest, -np.inf)
        worth[head[:step]] = -np.inf
        pick = int(worth.argmax())
        if worth[pick] == -np.inf:
            return None
        head[step] = pick
        total += float(summed[pick])
        unlike = traits.unlike(head[step : step + 1])[0]
        nearest = np.maximum(nearest, 1.0 - unlike)
        summed += unlike
    return head
