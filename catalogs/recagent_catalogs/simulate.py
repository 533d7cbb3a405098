"""Simulated people for the bundled catalogs: who liked what, when.

Every person is a mixture of two to five tastes (lists of items, best-loved first) with an own
activity. What they take follows from taste, from an item's general popularity, and from chance; one
of the tastes changes on the way, tastes come in bouts, and nothing is taken before it was released.
The result is bare dated likes: no verdicts are made up. It says nothing about real people; it gives
models a shape to learn that is like that of real data (long tail, neighbourhoods, order).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .data import InteractionTable, ItemTable
from .schema import Role

FIRST_DAY = datetime(2018, 1, 1, tzinfo=UTC)
LAST_DAY = datetime(2025, 12, 31, tzinfo=UTC)
USERS_PER_ITEM = 3.3
LIKES_PER_ITEM = 167
MAX_USERS, MAX_LIKES = 5_000, 250_000
"""More would not teach a model more, and somebody waits for the first build."""
MIN_LIKES = 4
"""Every item gets at least so many."""
SLOTS = 5
"""Tastes a person may have."""
CURIOSITY = 0.004
"""The rate of an item of no taste of the person's."""
_SECONDS_A_YEAR = 365.25 * 86_400
NEW_FOR_S = 1.5 * _SECONDS_A_YEAR
"""So long a release counts as new and is taken more often."""
_CHUNK = 500
"""People drawn at a time: bounds the memory at a few chunk × items matrices."""

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class Taste:
    """A taste: its name, how common it is, and the rows of its items, best-loved first."""

    name: str
    weight: float
    rows: tuple[int, ...]


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
        love: float32 [tastes, items], how much each taste loves each item (0-1).
        weights: how common each taste is; sums to 1.
        fame: float32 [items], the factor of an item's popularity.
        released: int64 [items], seconds since 1970.
    """

    love: Matrix
    weights: NDArray[np.float64]
    fame: Matrix
    released: NDArray[np.int64]


def derived_tastes(items: ItemTable) -> list[Taste]:
    """Tastes out of what items share: tags, people, series, pairs of categories, decades of a kind.

    They stand beside the written tastes, and alone where a catalog has none.
    """
    groups: dict[str, list[int]] = {}
    for column in items.schema.with_role(Role.TAGS, Role.PEOPLE, Role.GROUP):
        least = 2 if column.role is Role.GROUP else 3 if column.role is Role.PEOPLE else 6
        shared = _shared(items, column.name)
        groups |= {f"{column.name}: {v}": rows for v, rows in shared.items() if len(rows) >= least}
    if categories := items.schema.one(Role.CATEGORIES):
        groups |= _pairs_of_categories(items, categories.name)
    most = max(len(items) // 5, 8)
    return [
        Taste(name, float(len(rows) ** 0.8), tuple(rows))
        for name, rows in sorted(groups.items())
        if len(rows) <= most
    ]


def _shared(items: ItemTable, name: str) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row, cell in enumerate(items.cells[name]):
        for value in cell if isinstance(cell, list) else [cell] if cell else []:
            found.setdefault(value, []).append(row)
    return found


def _pairs_of_categories(items: ItemTable, name: str) -> dict[str, list[int]]:
    year = items.schema.one(Role.YEAR)
    years: list[Any] = items.cells[year.name] if year else [None] * len(items)
    found: dict[str, list[int]] = {}
    for row, cell in enumerate(items.cells[name]):
        for other in cell[1:]:
            found.setdefault(f"{cell[0]} + {other}", []).append(row)
        if cell and (year_of := years[row]):
            found.setdefault(f"{cell[0]}, {year_of // 20 * 20}s", []).append(row)
    return {key: rows for key, rows in found.items() if len(rows) >= 5}


def simulate(
    items: ItemTable, tastes: Sequence[Taste], rng: np.random.Generator
) -> InteractionTable:
    """Draw the interactions of a catalog.

    Args:
        items: the catalog's items.
        tastes: written tastes; the derived ones are added, so that every item belongs somewhere.
        rng: seeded; the same generator state gives the same people.

    Returns:
        Dated likes without values, by user; about `LIKES_PER_ITEM` × items, and `USERS_PER_ITEM` ×
        items people, up to `MAX_LIKES` and `MAX_USERS`.
    """
    n_items = len(items)
    n_users = min(max(round(n_items * USERS_PER_ITEM), 40), MAX_USERS)
    love, weights = _taste_matrix(n_items, tastes, derived_tastes(items))
    world = _World(love, weights, np.exp(_fame(items, tastes, rng)), _release_times(items))
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


def _taste_matrix(
    n_items: int, written: Sequence[Taste], derived: Sequence[Taste]
) -> tuple[Matrix, NDArray[np.float64]]:
    """How much each taste loves each item [tastes, items], and how common each taste is."""
    tastes = [*written, *derived]
    love = np.zeros((max(len(tastes), 1), n_items), dtype=np.float32)
    for number, taste in enumerate(tastes):
        position = np.arange(len(taste.rows))
        loved = 1.0 / (1.0 + position / 12.0) if number < len(written) else np.ones(len(position))
        love[number, list(taste.rows)] = loved
    if not tastes:
        return love, np.ones(1)
    weights = np.array([taste.weight for taste in tastes], dtype=np.float64)
    share = 0.75 if written and derived else 1.0
    weights[: len(written)] *= share / max(weights[: len(written)].sum(), 1e-9)
    rest = 1.0 - share if written else 1.0
    weights[len(written) :] *= rest / max(weights[len(written) :].sum(), 1e-9)
    return love, weights / weights.sum()


def _fame(items: ItemTable, tastes: Sequence[Taste], rng: np.random.Generator) -> Matrix:
    """Log popularity of each item.

    Chance, how often and how high the written tastes name it, and what makes an item known
    anywhere: much-employed people, a series, words that most items share.
    """
    fame = rng.normal(0.0, 0.55, len(items))
    for taste in tastes:
        rows = np.array(taste.rows, dtype=np.int64)
        fame[rows] += 0.5 / (1.0 + np.arange(len(rows)) / 10.0)
    for role, strength in ((Role.PEOPLE, 0.3), (Role.GROUP, 0.2), (Role.FACET, 0.3)):
        for column in items.schema.with_role(role):
            fame += strength * _shared_by_many(items, column.name)
    return fame.astype(np.float32)


def _shared_by_many(items: ItemTable, name: str) -> NDArray[np.float64]:
    """How widely an item's values are shared, standardised [items]."""
    counts = {value: len(rows) for value, rows in _shared(items, name).items()}
    cells = (c if isinstance(c, list) else [c] if c else [] for c in items.cells[name])
    raw = np.array([np.log1p(sum(counts[v] for v in cell) / max(len(cell), 1)) for cell in cells])
    spread = float(raw.std())
    return (raw - raw.mean()) / spread if spread else np.zeros(len(items))


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
    people = len(activity)
    begin, end = _lifetimes(people, rng)
    middle = begin + (end - begin) // 2
    tastes, shares = _mixtures(people, world.weights, rng)
    taken = np.zeros((people, world.love.shape[1]), dtype=bool)
    parts = []
    halves = (activity - activity // 2, activity // 2)
    for wanted, since, until in zip(halves, (begin, middle), (middle, end), strict=True):
        parts.append(_phase(tastes, shares, wanted, since, until, taken, world, rng))
        _drift(tastes, world.weights, rng)
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
    people: int, weights: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.int64], Matrix]:
    """Up to five tastes a person [people, 5] and their shares; unused ones have share 0."""
    tastes = rng.choice(len(weights), size=(people, SLOTS), p=weights)
    shares = rng.gamma(1.2, 1.0, (people, SLOTS)) + 0.05
    shares[np.arange(SLOTS) >= rng.integers(2, 6, people)[:, None]] = 0.0
    shares /= shares.sum(axis=1, keepdims=True)
    return tastes, shares.astype(np.float32)


def _drift(
    tastes: NDArray[np.int64], weights: NDArray[np.float64], rng: np.random.Generator
) -> None:
    """Half of the people exchange their first taste."""
    change = rng.random(len(tastes)) < 0.5
    tastes[change, 0] = rng.choice(len(weights), size=int(change.sum()), p=weights)


def _phase(
    tastes: NDArray[np.int64],
    shares: Matrix,
    wanted: NDArray[np.int64],
    since: NDArray[np.int64],
    until: NDArray[np.int64],
    taken: NDArray[np.bool_],
    world: _World,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """One phase of the lives of a chunk of people, dated in bouts of one taste.

    Each takes the `wanted` items with the largest rate / exponential noise: sampling without
    replacement in proportion to the rates (the Gumbel trick without its logarithms).
    """
    rate = np.full(taken.shape, CURIOSITY, dtype=np.float32)
    for slot in range(SLOTS):
        rate += world.love[tastes[:, slot]] * shares[:, slot, None]
    rate *= world.fame
    new = np.flatnonzero(world.released > FIRST_DAY.timestamp() - NEW_FOR_S)
    age = since[:, None] - world.released[new]
    rate[:, new] *= np.where(age < 0, 0.0, np.where(age < NEW_FOR_S, 2.2, 1.0))
    rate[taken] = 0.0
    rate /= rng.standard_exponential(taken.shape, dtype=np.float32) + np.float32(1e-9)
    n_items = len(world.fame)
    most = min(int(wanted.max(initial=1)), n_items)
    best = np.argpartition(rate, n_items - most, axis=1)[:, -most:]
    people = np.arange(len(taken))[:, None]
    ranked = best[people, np.argsort(-rate[people, best], axis=1)]
    user, position = np.nonzero(np.arange(most) < wanted[:, None])
    item = ranked[user, position]
    able = rate[user, item] > 0
    user, item = user[able], item[able]
    taken[user, item] = True
    mine, owned = tastes[user], shares[user]
    reasons = np.stack([world.love[mine[:, slot], item] * owned[:, slot] for slot in range(SLOTS)])
    bout = np.argmax(reasons, axis=0)
    return user, item, _dates(user, bout, since, until, rng)


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
    """Give every item `MIN_LIKES` likes, from people who took something of the same taste."""
    user = np.concatenate([draw.user for draw in draws])
    item = np.concatenate([draw.item for draw in draws])
    love, released = world.love, world.released
    counts = np.bincount(item, minlength=len(released))
    users, items, moments = [], [], []
    for row in np.flatnonzero(counts < MIN_LIKES):
        kin = np.flatnonzero(love[love[:, row] > 0].sum(axis=0) > 0)
        fans = np.unique(user[np.isin(item, kin)])
        fans = np.setdiff1d(fans if len(fans) >= 40 else np.arange(n_users), user[item == row])
        lacking = min(MIN_LIKES - int(counts[row]), len(fans))
        users.append(rng.choice(fans, size=lacking, replace=False))
        items.append(np.full(lacking, row))
        latest = int(LAST_DAY.timestamp())
        earliest = max(int(FIRST_DAY.timestamp()), int(released[row]))
        moments.append(rng.integers(earliest, latest, lacking))
    if not users:
        none = np.empty(0, dtype=np.int32)
        return _Draw(none, none, none.astype(np.int64))
    return _Draw(
        np.concatenate(users).astype(np.int32), np.concatenate(items).astype(np.int32),
        np.concatenate(moments).astype(np.int64),
    )  # fmt: skip
