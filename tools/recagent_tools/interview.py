"""Which items to ask a person of whom little is known: those whose answers split tastes.

Greedy D-optimal design (Golbandi, Koren and Lempel 2010 name the goal, the criterion is the
classical one): a person's factors have a Gaussian prior, that of the fold-in; every question takes
the item whose answer shrinks it most, times the root of how many know the item, for an answer that
is mostly "not seen" tells little and tires. Where nobody took anything the values of the items
(kinds, tags) stand in for factors. Measured by `benchmarks/interview.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats, Rows
from recagent_catalogs.schema import WORD_ROLES, Role
from recagent_catalogs.store import Catalog

from .models.als import ALS, CONFIDENCE
from .models.engine import Engine
from .personal import rows_with
from .toolbox import ProfileView

Doubles = NDArray[np.float64]

FRIENDLY = 0.5
"""Power of the popularity. With 0 three of ten are known on ML-100K, with .5 four; with 1 more, but
NDCG@10 after five answers fell from .451 to .424 on latest-small (yes alone, 457 people)."""
POOL = 3_000
"""Only so many of the best known items are asked for: nobody knows the others."""
MOST_VALUES = 64
TINY = 1e-12
MOST_KNOWN = 200
"""So many of the items that are known already are taken into account, the latest ones."""
_BY_CONTENT = (Role.CATEGORIES, Role.TAGS, Role.GROUP, Role.PEOPLE)


def questions(
    catalog: Catalog, engine: Engine, count: int, profile: ProfileView, known: Collection[int] = ()
) -> list[int]:
    """Rows of items to ask for, the most telling first; at most `count`, each once.

    The same for the same data and profile. None that the profile has a verdict on, that is seen or
    never wanted, or has a value that is never wanted.

    Args:
        catalog: whose items.
        engine: its models, which need not be trained.
        count: how many.
        profile: what is known already; its verdicts count as answered.
        known: further rows that are not asked for.

    Returns:
        Rows; empty where the items can't be told apart: nobody took any, and no values of theirs
        are known.
    """
    judged = [*map(int, profile.liked), *map(int, profile.disliked)][-MOST_KNOWN:]
    known_by = engine.popularity("all")
    barred = _barred(catalog, profile) | set(map(int, known))
    pool, weight = _pool(catalog, known_by, barred)
    als = engine.recommender.first.retrievers.get("als")
    if isinstance(als, ALS):
        vectors = als.index.vectors(pool).astype(np.float64)
        if vectors.any():
            prior = np.asarray(np.linalg.inv(als.fold.precision), dtype=np.float64)
            answered = als.index.vectors(np.asarray(judged, dtype=np.int32)).astype(np.float64)
            return [int(pool[n]) for n in spread(vectors, weight, count, prior, answered)]
    both = value_vectors(catalog, [*pool.tolist(), *judged])
    vectors, answered = both[: len(pool)], both[len(pool) :]
    prior = np.eye(both.shape[1])
    return [int(pool[n]) for n in spread(vectors, weight, count, prior, answered)]


def spread(
    vectors: Doubles, weight: Doubles, count: int, prior: Doubles, answered: Doubles
) -> list[int]:
    """The lines whose answers shrink the uncertainty most, one after the other.

    Args:
        vectors: float64 [n, f]; a line of zeros is never chosen.
        weight: float64 [n], what each answer is worth by itself.
        count: how many at most.
        prior: float64 [f, f], the covariance of what is asked about.
        answered: float64 [k, f], lines that are answered already.

    Returns:
        Places in `vectors`, each once; of equals the first.
    """
    covariance = np.array(prior, dtype=np.float64)
    for line in answered:
        covariance = _shrunk(covariance, line)
    left, chosen = np.asarray(vectors.any(axis=1)), list[int]()
    for _ in range(min(count, int(left.sum()))):
        gain = CONFIDENCE * ((vectors @ covariance) * vectors).sum(axis=1)
        worth = np.where(left, weight * np.log1p(np.maximum(gain, 0.0)), -1.0)
        best = float(worth.max())
        # rounded, so that the last bits of another BLAS do not choose
        place = int(np.argmax(np.round(worth / (best if best > TINY else 1.0), 9)))
        chosen.append(place)
        left[place] = False
        covariance = _shrunk(covariance, vectors[place])
    return chosen


def _shrunk(covariance: Doubles, line: Doubles) -> Doubles:
    """The covariance after an answer about a line (Sherman and Morrison)."""
    known = covariance @ line
    less: Doubles = covariance - np.outer(known, known) * (
        CONFIDENCE / (1 + CONFIDENCE * float(line @ known))
    )
    return less


def value_vectors(catalog: Catalog, rows: Sequence[int]) -> Doubles:
    """The values of items, float64 [n, f], lines of length 1; of an item without any 0.

    Of the first of kinds, tags, series and people that tells items apart: its most frequent values.

    Args:
        catalog: whose items.
        rows: of the items, n of them.
    """
    for column in (c for role in _BY_CONTENT for c in catalog.schema.with_role(role)):
        words = catalog.words(column.name)
        indptr, codes, _ = words.forward()
        counts = np.asarray(words.counts)
        shared = np.flatnonzero((counts > 1) & (counts < catalog.n_items))
        if len(shared) < 2:
            continue
        best = shared[np.argsort(-counts[shared], kind="stable")[:MOST_VALUES]]
        place = np.full(len(counts), -1)
        place[best] = np.arange(len(best))
        vectors = np.zeros((len(rows), len(best)))
        for line, row in enumerate(rows):
            mine = place[codes[indptr[row] : indptr[row + 1]]]
            vectors[line, mine[mine >= 0]] = 1.0
        length = np.sqrt(vectors.sum(axis=1, keepdims=True))
        shares: Doubles = vectors / np.maximum(length, 1.0)
        return shares
    return np.zeros((len(rows), 1))


def _pool(catalog: Catalog, taken: Floats, barred: Collection[int]) -> tuple[Rows, Doubles]:
    """The best known items that may be asked for, and the root of how well known each is.

    Args:
        catalog: whose items.
        taken: float32 [n_items], by how many people.
        barred: rows that may not be asked for.
    """
    known = np.asarray(taken, dtype=np.float64)
    if not known.any():  # what much is written of is what people are likelier to know
        known = _described(catalog)
    allowed = np.ones(catalog.n_items, dtype=bool)
    allowed[sorted(barred)] = False
    rows = np.flatnonzero(allowed)
    rows = rows[np.argsort(-known[rows], kind="stable")[:POOL]]
    return rows.astype(np.int32), known[rows] ** FRIENDLY


def _described(catalog: Catalog) -> Doubles:
    """How many values each item has, and one more; float64 [n_items]."""
    count = np.ones(catalog.n_items)
    for column in catalog.schema.columns:
        if column.role in WORD_ROLES:
            count += np.diff(catalog.words(column.name).forward()[0])
    return count


def _barred(catalog: Catalog, profile: ProfileView) -> set[int]:
    """Items that something is known of, or that are never wanted."""
    lists: Sequence[Collection[int]] = (
        profile.liked, profile.disliked, profile.seen, profile.never, profile.ratings,
    )  # fmt: skip
    barred = {int(row) for rows in lists for row in rows}
    if catalog.hidden is not None:
        barred.update(np.flatnonzero(catalog.hidden).tolist())
    for column, value in profile.never_values:
        barred.update(rows_with(catalog, column, value).tolist())
    return barred
