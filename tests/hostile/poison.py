"""Fake users who push an item, of several kinds, beside the real interactions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats, Interactions, Rows

KINDS = (
    *("filler", "short", "segment", "padded", "burst", "spread"),
    *("scattered", "copied", "random", "niches"),
)
"""What the fakes took besides the target. Filler: 49 of the 100 most popular items. Short: 9 of
the 20 most popular. Segment: the niche. Padded: the niche and 40 of the 100 most popular. Burst: as
padded, all of them within an hour, the target amid the niche. Spread: as padded, each over two
months, rated with the two best values in turn. Scattered: 6 of the niche and 40 items drawn by
popularity, each fake its own. Copied: half of what a real fan of the niche took, and 6 of the
niche. Random: the niche and 40 items of any popularity, each fake its own. Niches: each fake the
next of five niches, of which the first is the aim's."""
AT_ONCE = ("burst",)
NICHE, NAMED = 9, 6
STEP = 40
"""Seconds between two interactions of a fake, about."""
SPREAD = 60 * 86_400
"""Seconds over which it is spread where it is."""


@dataclass(frozen=True)
class Aim:
    """What is pushed, and before whom: the target, and mutually similar items, int32 [9]."""

    target: int
    niche: Rows


@dataclass(frozen=True)
class Fake:
    """What a fake user took, oldest first, and when; int32 [k], int64 [k].

    Attributes:
        value: how it was rated, float32 [k]; None: all with the best.
    """

    rows: Rows
    time: NDArray[np.int64]
    value: Floats | None = None


def aims(
    taken: Interactions, many: int, rng: np.random.Generator, known: float = 0.0055
) -> list[Aim]:
    """Targets that a share `known` of the users took, about, and niches of what 2 to 6.5 % did.

    A niche is an item drawn at random and those nearest to it by cosine; no two share an item.
    """
    matrix = _matrix(taken)
    count = np.asarray(matrix.sum(axis=0)).ravel()
    share = count / max(1, taken.n_users)
    band = np.flatnonzero((share >= 0.02) & (share <= 0.065))
    targets = np.flatnonzero((share >= 0.727 * known) & (share <= 1.273 * known) & (count >= 2))
    scaled = matrix[:, band].multiply(1 / np.sqrt(count[band])).tocsr()
    cosine = (scaled.T @ scaled).toarray()
    free = np.ones(len(band), dtype=bool)
    found: list[Aim] = []
    for seed, target in zip(rng.permutation(len(band)), rng.permutation(targets), strict=False):
        if not free[seed] or free.sum() < NICHE:
            continue
        near = np.argsort(-np.where(free, cosine[seed], -1), kind="stable")[:NICHE]
        free[near] = False
        if target in band[near]:
            continue
        found.append(Aim(int(target), band[near].astype(np.int32)))
        if len(found) == many:
            break
    return found


def fakes(
    kind: str, aim: Aim, taken: Interactions, many: int, rng: np.random.Generator
) -> Iterator[Fake]:
    """So many fake users of a kind."""
    count = np.bincount(taken.item, minlength=taken.n_items)
    popular = np.argsort(-count, kind="stable")
    popular = popular[~np.isin(popular, [aim.target, *aim.niche])]
    first, last = (0, 1) if taken.time is None else (int(taken.time.min()), int(taken.time.max()))
    fans = _fans(taken, aim)
    niches = [aim.niche]
    if kind == "niches":
        niches += [other.niche for other in aims(taken, 4, rng)]
    for number in range(many):
        others: Sequence[int] | NDArray[np.int64] = []
        niche = aim.niche
        if kind == "filler":
            others, niche = rng.choice(popular[:100], 49, replace=False), aim.niche[:0]
        elif kind == "short":
            others, niche = rng.choice(popular[:20], 9, replace=False), aim.niche[:0]
        elif kind in ("padded", "burst", "spread"):
            others = rng.choice(popular[:100], 40, replace=False)
        elif kind == "scattered":
            share = count[popular] / count[popular].sum()
            others = rng.choice(popular, 40, replace=False, p=share)
        elif kind == "random":
            others = rng.choice(popular, 40, replace=False)
        elif kind == "niches":
            niche = niches[number % len(niches)]
            niche = niche[niche != aim.target]
        elif kind == "copied":
            own = np.unique(taken.item[taken.history(int(rng.choice(fans)))])
            own = own[~np.isin(own, [aim.target, *aim.niche])]
            others = rng.choice(own, max(1, len(own) // 2), replace=False)
        if kind in ("scattered", "copied"):
            niche = rng.choice(aim.niche, NAMED, replace=False)
        if kind in AT_ONCE:
            middle = len(niche) // 2
            niche = rng.permutation(niche)
            rows = [*others, *niche[:middle], aim.target, *niche[middle:]]
            begin = first + int(0.9 * (last - first)) + int(rng.integers(3600))
        else:
            rows = rng.permutation([*others, *niche, aim.target]).tolist()
            begin = int(rng.integers(first, last))
        steps = np.cumsum(rng.integers(1, 2 * STEP, len(rows)))
        value = None
        if kind == "spread":
            steps = np.sort(rng.integers(0, SPREAD, len(rows)))
            if taken.value is not None:
                value = np.unique(taken.value)[-2:][np.arange(len(rows)) % 2 - 1]
        yield Fake(np.array(rows, dtype=np.int32), (begin + steps).astype(np.int64), value)


def poisoned(taken: Interactions, more: Sequence[Fake]) -> Interactions:
    """The real interactions, and those of the fakes, who come last."""
    lengths = [len(fake.rows) for fake in more]
    item = np.concatenate([taken.item, *(fake.rows for fake in more)])
    value, time = taken.value, taken.time
    if value is not None:
        best = value.max()
        given = [np.full(len(f.rows), best) if f.value is None else f.value for f in more]
        value = np.concatenate([value, *given]).astype(np.float32)
    if time is not None:
        time = np.concatenate([time, *(fake.time for fake in more)])
    user = np.repeat(np.arange(len(more)), lengths) + taken.n_users
    indptr = np.concatenate((taken.indptr, taken.indptr[-1] + np.cumsum(lengths)))
    return replace(
        taken,
        user=np.concatenate((taken.user, user)).astype(np.int32),
        item=item.astype(np.int32),
        value=value,
        time=time,
        indptr=indptr.astype(np.int64),
    )


def _fans(taken: Interactions, aim: Aim) -> NDArray[np.int64]:
    """The twenty users who took most of the niche."""
    mine = np.isin(taken.item, aim.niche)
    return np.argsort(-np.bincount(taken.user[mine], minlength=taken.n_users), kind="stable")[:20]


def _matrix(taken: Interactions):  # type: ignore[no-untyped-def]  # noqa: ANN202
    import scipy.sparse

    ones = np.ones(len(taken), dtype=np.float32)
    shape = (taken.n_users, taken.n_items)
    matrix = scipy.sparse.csr_matrix((ones, (taken.user, taken.item)), shape=shape)
    matrix.data[:] = 1
    return matrix


def honest_people(users: int = 450, n_items: int = 400, seed: int = 0) -> Interactions:
    """Invented people: each has two of twenty tastes, and takes what is popular besides.

    Rated 1 to 5 over two years; some items hardly anybody took.
    """
    rng = np.random.default_rng(seed)
    fame = 1 / (8 + np.arange(n_items)) ** 1.1
    love = rng.random((20, n_items)) < 0.1
    tail = 3 * n_items // 4
    love[:, tail:] &= rng.random((20, n_items - tail)) < 0.3
    parts: list[tuple[Rows, NDArray[np.int64]]] = []
    for _ in range(users):
        mine = love[rng.choice(20, 2, replace=False)].sum(axis=0)
        chance = fame * (0.05 + mine)
        many = int(np.clip(rng.lognormal(3.2, 0.5), 10, n_items // 3))
        rows = rng.choice(n_items, many, replace=False, p=chance / chance.sum())
        begin = 1_600_000_000 + int(rng.integers(60_000_000))
        parts.append((rows.astype(np.int32), begin + np.cumsum(rng.integers(1, 90, many))))
    lengths = [len(rows) for rows, _ in parts]
    item = np.concatenate([rows for rows, _ in parts])
    return Interactions(
        user=np.repeat(np.arange(users, dtype=np.int32), lengths),
        item=item,
        value=rng.integers(1, 6, len(item)).astype(np.float32),
        time=np.concatenate([time for _, time in parts]).astype(np.int64),
        indptr=np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
        n_items=n_items,
        explicit=True,
    )
