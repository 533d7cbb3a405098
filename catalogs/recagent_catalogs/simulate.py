"""Simulated people for the bundled catalogs: who liked what, when.

Every person has two to five tastes (lists of items, best-loved first), mostly near each other, and
an own activity. What they take follows from taste, a little from an item's general popularity, and
from chance; one of the tastes changes on the way, tastes come in bouts, and nothing is taken before
it was released. The result is bare dated likes: no verdicts are made up. It says nothing about real
people; it gives models a shape to learn that is like that of real data (long tail, neighbourhoods,
order).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from .data import InteractionTable, ItemTable
from .schema import Role
from .tastes import Matrix, Taste, Tastes

FIRST_DAY = datetime(2018, 1, 1, tzinfo=UTC)
LAST_DAY = datetime(2025, 12, 31, tzinfo=UTC)
USERS_PER_ITEM = 2.2
LIKES_PER_ITEM = 100
MAX_USERS, MAX_LIKES = 4_000, 200_000
"""More would not teach a model more, and somebody waits for the first build."""
MIN_LIKES = 5
"""Every item gets at least so many."""
SLOTS = 5
"""Tastes a person may have."""
NEAR = 0.8
"""Share of a person's further tastes that are near the first; the others are anybody's."""
FAME = 1.3
"""Power of general popularity: how much likelier the known is taken than taste alone says."""
CHANCE = 0.2
"""Deviation of the part of an item's fame that has no reason."""
CURIOSITY = 0.0004
"""The rate of an item of no taste of the person's."""
NEW = 1.8
"""The factor of what is new."""
_SECONDS_A_YEAR = 365.25 * 86_400
NEW_FOR_S = 1.5 * _SECONDS_A_YEAR
"""So long a release counts as new and is taken more often."""
_CHUNK = 200
"""People drawn at a time: few enough that their rates stay in the processor's cache."""


@dataclass(frozen=True)
class _Draw:
    """What the people of one chunk took: aligned arrays."""

    user: NDArray[np.int32]
    item: NDArray[np.int32]
    time: NDArray[np.int64]


@dataclass(frozen=True)
class _World:
    """What all people share.

    Attributes:
        tastes: what is loved.
        fame: float32 [items], the factor of an item's popularity.
        released: int64 [items], seconds since 1970.
    """

    tastes: Tastes
    fame: Matrix
    released: NDArray[np.int64]


@dataclass(frozen=True)
class _People:
    """Some people: their tastes [people, SLOTS], the shares of these, and what they have taken."""

    tastes: NDArray[np.int64]
    shares: Matrix
    taken: NDArray[np.bool_]


def simulate(
    items: ItemTable, tastes: Sequence[Taste], rng: np.random.Generator
) -> InteractionTable:
    """Draw the interactions of a catalog.

    Args:
        items: the catalog's items.
        tastes: written tastes; where there are none, tastes are derived from what items share.
        rng: seeded; the same generator state gives the same people.

    Returns:
        Dated likes without values, by user; about `LIKES_PER_ITEM` × items, and `USERS_PER_ITEM` ×
        items people, up to `MAX_LIKES` and `MAX_USERS`.
    """
    n_items = len(items)
    n_users = min(max(round(n_items * USERS_PER_ITEM), 40), MAX_USERS)
    all_tastes = Tastes.of(items, tastes)
    world = _World(all_tastes, _fame(all_tastes, rng), _release_times(items))
    activity = _activity(n_users, n_items, rng)
    draws = [
        _draw(start, activity[start : start + _CHUNK], world, rng)
        for start in range(0, n_users, _CHUNK)
    ]
    draws.append(_rescue(draws, world, n_users, rng))
    user = np.concatenate([draw.user for draw in draws])
    names = [f"u{number:05d}" for number in range(1, n_users + 1)]
    item = np.concatenate([draw.item for draw in draws])
    moments = np.concatenate([draw.time for draw in draws])
    order = np.lexsort((moments, user))
    return InteractionTable(names, user[order], item[order], None, moments[order], "seconds")


def _fame(tastes: Tastes, rng: np.random.Generator) -> Matrix:
    """The factor of each item's popularity: how much it is loved in all, to a power, and chance."""
    expected = tastes.weights @ tastes.love
    known = np.maximum(expected / max(float(expected.mean()), 1e-12), 1e-3) ** FAME
    return (known * np.exp(rng.normal(0.0, CHANCE, len(known)))).astype(np.float32)


def _release_times(items: ItemTable) -> NDArray[np.int64]:
    """Seconds since 1970 of the middle of each item's year; long ago where it is unknown."""
    year = items.schema.one(Role.YEAR)
    years = items.cells[year.name] if year else [None] * len(items)
    known = np.array([1900 if value is None else value for value in years], dtype=np.float64)
    moments = (known + 0.5 - 1970.0) * _SECONDS_A_YEAR
    return np.minimum(moments, LAST_DAY.timestamp() - 90 * 86_400).astype(np.int64)


def _activity(n_users: int, n_items: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Likes per person: lognormal, as in real data, and never most of the catalog."""
    mean = min(LIKES_PER_ITEM * n_items, MAX_LIKES) / n_users
    drawn = rng.lognormal(np.log(mean) - 0.32, 0.8, n_users)
    return np.clip(drawn, min(6, n_items), max(n_items * 0.3, 1)).astype(np.int64)


def _draw(
    first: int, activity: NDArray[np.int64], world: _World, rng: np.random.Generator
) -> _Draw:
    """Draw one chunk of people: tastes, then two phases of their life with one taste exchanged."""
    begin, end = _lifetimes(len(activity), rng)
    middle = begin + (end - begin) // 2
    tastes, shares = _mixtures(len(activity), world.tastes, rng)
    people = _People(tastes, shares, np.zeros((len(activity), len(world.fame)), dtype=bool))
    parts = []
    halves = (activity - activity // 2, activity // 2)
    for wanted, since, until in zip(halves, (begin, middle), (middle, end), strict=True):
        parts.append(_phase(people, wanted, since, until, world, rng))
        _drift(people, world.tastes, rng)
    user, item, moment = (np.concatenate(column) for column in zip(*parts, strict=True))
    return _Draw((user + first).astype(np.int32), item.astype(np.int32), moment.astype(np.int64))


def _lifetimes(
    people: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    first, last = FIRST_DAY.timestamp(), LAST_DAY.timestamp()
    begin = rng.uniform(first, last - 120 * 86_400, people)
    end = np.minimum(begin + rng.exponential(2.5 * _SECONDS_A_YEAR, people) + 60 * 86_400, last)
    return begin.astype(np.int64), end.astype(np.int64)


def _mixtures(
    people: int, tastes: Tastes, rng: np.random.Generator
) -> tuple[NDArray[np.int64], Matrix]:
    """Up to five tastes a person [people, SLOTS] and their shares; unused ones have share 0."""
    chosen = np.empty((people, SLOTS), dtype=np.int64)
    chosen[:, 0] = rng.choice(len(tastes.weights), size=people, p=tastes.weights)
    for slot in range(1, SLOTS):
        chosen[:, slot] = _another(chosen[:, 0], tastes, rng)
    shares = rng.gamma(1.2, 1.0, (people, SLOTS)) + 0.05
    shares[np.arange(SLOTS) >= rng.integers(2, SLOTS + 1, people)[:, None]] = 0.0
    shares /= shares.sum(axis=1, keepdims=True)
    return chosen, shares.astype(np.float32)


def _another(of: NDArray[np.int64], tastes: Tastes, rng: np.random.Generator) -> NDArray[np.int64]:
    """A further taste for people who have the tastes `of`: mostly one near it."""
    drawn = rng.choice(len(tastes.weights), size=len(of), p=tastes.weights)
    near = np.flatnonzero(rng.random(len(of)) < NEAR)
    beside = tastes.beside[of[near]]
    drawn[near] = (beside < rng.random(len(near))[:, None]).sum(axis=1)
    return np.minimum(drawn, len(tastes.weights) - 1)


def _drift(people: _People, tastes: Tastes, rng: np.random.Generator) -> None:
    """Half of the people exchange their first taste for one beside their second."""
    change = np.flatnonzero(rng.random(len(people.tastes)) < 0.5)
    people.tastes[change, 0] = _another(people.tastes[change, 1], tastes, rng)


def _phase(
    people: _People,
    wanted: NDArray[np.int64],
    since: NDArray[np.int64],
    until: NDArray[np.int64],
    world: _World,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """One phase of the lives of a chunk of people, dated in bouts of one taste.

    Each takes the `wanted` items with the largest rate / exponential noise: sampling without
    replacement in proportion to the rates (the Gumbel trick without its logarithms).
    """
    rate = _rates(people, since, world)
    noise = rng.standard_exponential(rate.shape, dtype=np.float32)
    noise += np.float32(1e-9)
    rate /= noise
    most = min(int(wanted.max(initial=1)), rate.shape[1])
    best = np.argpartition(rate, rate.shape[1] - most, axis=1)[:, -most:]
    everybody = np.arange(len(rate))[:, None]
    ranked = best[everybody, np.argsort(-rate[everybody, best], axis=1)]
    user, position = np.nonzero(np.arange(most) < wanted[:, None])
    item = ranked[user, position]
    able = rate[user, item] > 0
    user, item = user[able], item[able]
    people.taken[user, item] = True
    mine, owned = people.tastes[user], people.shares[user]
    love = world.tastes.love
    reasons = np.stack([love[mine[:, slot], item] * owned[:, slot] for slot in range(SLOTS)])
    return user, item, _dates(user, np.argmax(reasons, axis=0), since, until, rng)


def _rates(people: _People, since: NDArray[np.int64], world: _World) -> Matrix:
    """How likely each person takes each item now, float32 [people, items]; 0 where they cannot."""
    rate = np.full(people.taken.shape, CURIOSITY, dtype=np.float32)
    for slot in range(SLOTS):
        having = np.flatnonzero(people.shares[:, slot])
        world.tastes.add_love(
            rate, having, people.tastes[having, slot], people.shares[having, slot]
        )
    rate *= world.fame
    new = np.flatnonzero(world.released > FIRST_DAY.timestamp() - NEW_FOR_S)
    age = since[:, None] - world.released[new]
    rate[:, new] *= np.where(age < 0, 0.0, np.where(age < NEW_FOR_S, NEW, 1.0))
    rate[people.taken] = 0.0
    return rate


def _dates(
    user: NDArray[np.int64],
    bout: NDArray[np.int64],
    since: NDArray[np.int64],
    until: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """A moment within the phase: people follow one taste for a while, then another."""
    centre = rng.random((len(since), SLOTS))
    place = np.clip(centre[user, bout] + rng.normal(0.0, 0.14, len(user)), 0.0, 1.0)
    return (since[user] + place * (until[user] - since[user])).astype(np.int64)


def _rescue(draws: Sequence[_Draw], world: _World, n_users: int, rng: np.random.Generator) -> _Draw:
    """Give every item `MIN_LIKES` likes, from people who took most of the same taste."""
    user = np.concatenate([draw.user for draw in draws])
    item = np.concatenate([draw.item for draw in draws])
    love, released = world.tastes.love, world.released
    counts = np.bincount(item, minlength=len(released))
    users, items, moments = [], [], []
    latest = int(LAST_DAY.timestamp())
    for row in np.flatnonzero(counts < MIN_LIKES):
        loved = love[np.argmax(love[:, row])].astype(np.float64) + 1e-6
        fans = np.bincount(user, weights=loved[item], minlength=n_users)
        fans[user[item == row]] = 0.0
        lacking = min(MIN_LIKES - int(counts[row]), int(np.count_nonzero(fans)))
        users.append(rng.choice(n_users, size=lacking, replace=False, p=fans / fans.sum()))
        items.append(np.full(lacking, row))
        earliest = max(int(FIRST_DAY.timestamp()), int(released[row]))
        moments.append(rng.integers(earliest, latest, lacking))
    if not users:
        none = np.empty(0, dtype=np.int32)
        return _Draw(none, none, none.astype(np.int64))
    return _Draw(
        np.concatenate(users).astype(np.int32), np.concatenate(items).astype(np.int32),
        np.concatenate(moments).astype(np.int64),
    )  # fmt: skip
