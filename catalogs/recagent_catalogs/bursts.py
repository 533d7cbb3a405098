"""Users who look alike and push an item: the trace that bought or made-up users leave.

Whoever makes up users to bring an item before others gives all of them the same few items, so that
it stands beside these (a segment attack: Mobasher and others, 2007, "Toward trustworthy recommender
systems"), and perhaps popular ones besides. Such a group is told from people of one taste by two
signs: its members share nearly all that is rare in their histories (Lam and others watched for
this in groups of "shilling" profiles; here cosine of items weighted by rarity), and one item has
most of its people from the group, while what they took besides has other people, too. Without the
second sign it may be anything: newcomers who were shown the same list, or what one shop sells under
five numbers.

Every user is brought to 64 numbers by random projection, so that all may be compared with all (with
1,024 drawn ones in larger data, which finds groups that are a few thousandths of the people); what
looks alike then is compared exactly. Needs NumPy only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .interactions import Floats, Rows
from .schema import Role
from .text import clean

if TYPE_CHECKING:
    from .data import ItemTable
    from .sorting import Sorted

ALIKE = 0.6
"""Cosine from which on two users look alike. In MovieLens 100K the eighth-nearest of a user is .46
at most; made-up users that share ten rare items reach .75 with forty popular items besides."""
PERHAPS = 0.42
"""The same by projections, which err by about .1."""
JOINS = 0.55
"""Cosine with the middle of a group from which on a user belongs to it."""
FEWEST = 5
"""Members of a group, and items of a member."""
MAJORITY = 0.5
"""What is pushed has at least half as many takers in the group as outside."""
LINKS = 0.3
"""An item that so great a share of the group took belongs to what it has in common."""
PUSHED_MOST = 1 / 4
"""Where more of it is nearly as dominated as the most, or half of the rest is mostly theirs, too,
it is no push: the items are all theirs."""
DIMENSIONS = 64
PROBES = 1_024
BLOCK = 1 << 18
"""Interactions that are looked at at once,"""
PROJECTED = 1 << 12
"""and projected: a megabyte of numbers, which a cache holds."""
MOST_LOOKED_AT = 256
"""Users who may be the middle of a group, those with the nearest beside them first."""
MOST_TOLD = 20
"""Groups in the report, and ids of each."""

Told = dict[str, Any]


@dataclass(frozen=True)
class Group:
    """Users who look alike.

    Attributes:
        users: int32, ascending.
        pushed: int32, the items that have most of their takers from among them; the most first.
    """

    users: Rows
    pushed: Rows


@dataclass(frozen=True)
class _Taken:
    """Who took what: int32 [n], int64 [users + 1], and the items' rarity float32 [n_items]."""

    item: Rows
    indptr: NDArray[np.int64]
    rarity: Floats
    length: Floats

    def of(self, user: int) -> Rows:
        """A user's items."""
        return np.asarray(self.item[self.indptr[user] : self.indptr[user + 1]])

    def direction(self, user: int) -> Floats:
        """Float32 [n_items], of length 1."""
        vector = np.zeros_like(self.rarity)
        rows = self.of(user)
        vector[rows] = self.rarity[rows] / self.length[user]
        return vector

    def cosines(self, direction: Floats, users: NDArray[np.int64]) -> Floats:
        """With each of the users, all of whom have items; float32 [len(users)]."""
        if not len(users):
            return np.zeros(0, dtype=np.float32)
        begin = self.indptr[users]
        many = self.indptr[users + 1] - begin
        starts = np.cumsum(many) - many
        rows = self.item[np.repeat(begin - starts, many) + np.arange(many.sum())]
        sums = np.add.reduceat((direction * self.rarity)[rows], starts)
        return np.asarray(sums / self.length[users], dtype=np.float32)


def groups(item: Rows, indptr: NDArray[np.int64], n_items: int) -> list[Group]:
    """Groups that push an item, the largest first; no user is in two.

    Args:
        item: int32 [n], by user, each item once a user.
        indptr: int64 [n_users + 1], where each user's begin.
        n_items: number of items.
    """
    lengths = np.diff(indptr)
    if len(lengths) < 4 * FEWEST or not len(item):
        return []
    count = np.zeros(n_items, dtype=np.int64)
    for begin in range(0, len(item), BLOCK):
        count += np.bincount(item[begin : begin + BLOCK], minlength=n_items)
    people = max(int(np.count_nonzero(lengths)), int(count.max()))
    rarity = np.log(people / np.maximum(count, 1)).astype(np.float32)
    taken, sketches = _sketches(item, np.asarray(indptr, dtype=np.int64), rarity)
    found: list[Group] = []
    free = np.asarray((lengths >= FEWEST) & (taken.length > 0))
    for probe, near in _candidates(sketches, free):
        near = near[free[near]]
        if not free[probe] or len(near) < FEWEST:
            continue
        group = _grown(probe, near, taken, sketches, free)
        pushed = _pushed(group, taken, count) if len(group) >= FEWEST else np.empty(0, np.int32)
        if len(pushed):
            found.append(Group(group, pushed))
            free[group] = False
    return sorted(found, key=lambda one: -len(one.users))


def _sketches(item: Rows, indptr: NDArray[np.int64], rarity: Floats) -> tuple[_Taken, Floats]:
    """Every user in few dimensions, float32 [n_users, 64], of length about 1; 0 for nobody."""
    rng = np.random.default_rng(0)
    signs = 2 * rng.integers(0, 2, (DIMENSIONS, len(rarity)), dtype=np.int8) - 1
    base = np.ascontiguousarray((signs * (rarity / np.float32(np.sqrt(DIMENSIONS)))).T)
    users = len(indptr) - 1
    out = np.zeros((users, DIMENSIONS), dtype=np.float32)
    square = np.zeros(users, dtype=np.float32)
    low = 0
    while low < users:
        high = int(np.searchsorted(indptr, indptr[low] + PROJECTED, side="right")) - 1
        high = min(max(high, low + 1), users)
        part = item[indptr[low] : indptr[high]]
        filled = np.flatnonzero(np.diff(indptr[low : high + 1]))
        if len(filled):
            begins = indptr[low + filled] - indptr[low]
            out[low + filled] = np.add.reduceat(base[part], begins, axis=0)
            square[low + filled] = np.add.reduceat(rarity[part] ** 2, begins)
        low = high
    length = np.sqrt(square)
    out /= np.maximum(length, np.float32(1e-6))[:, None]
    return _Taken(item, indptr, rarity, length), out


def _candidates(
    sketches: Floats, free: NDArray[np.bool_]
) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Users with several who perhaps look like them, and these; those with the nearest first."""
    probes = np.flatnonzero(free)
    if len(probes) > PROBES:
        probes = np.sort(np.random.default_rng(1).choice(probes, PROBES, replace=False))
    found = []
    for begin in range(0, len(probes), 256):
        some = probes[begin : begin + 256]
        cosines = sketches[some] @ sketches.T
        alike = cosines >= PERHAPS
        for place in np.flatnonzero(np.count_nonzero(alike, axis=1) >= FEWEST).tolist():
            near = np.flatnonzero(alike[place])
            near = near[free[near]]
            if len(near) >= FEWEST:
                fifth = np.partition(cosines[place, near], -FEWEST)[-FEWEST]
                found.append((float(fifth), int(some[place]), near))
    found.sort(key=lambda one: -one[0])
    for _, probe, near in found[:MOST_LOOKED_AT]:
        yield probe, near


def _grown(
    probe: int, near: NDArray[np.int64], taken: _Taken, sketches: Floats, free: NDArray[np.bool_]
) -> Rows:
    """Those who look like the probe, and like the middle of them; ascending."""
    alike = near[taken.cosines(taken.direction(probe), near) >= ALIKE]
    if len(alike) < FEWEST:
        return alike.astype(np.int32)
    middle = np.sum([taken.direction(user) for user in alike.tolist()], axis=0)
    middle /= max(float(np.sqrt((middle**2).sum())), 1e-6)
    centre = sketches[alike].sum(axis=0)
    centre /= max(float(np.sqrt((centre**2).sum())), 1e-6)
    wider = np.flatnonzero((sketches @ centre >= JOINS - 0.15) & free)
    return wider[taken.cosines(middle, wider) >= JOINS].astype(np.int32)


def _pushed(group: Rows, taken: _Taken, count: NDArray[np.int64]) -> Rows:
    """What has most of its takers from the group, where not all that links it has."""
    mine = np.concatenate([taken.of(user) for user in group.tolist()])
    inside = np.bincount(mine, minlength=len(count))
    links = np.flatnonzero(inside >= LINKS * len(group))
    odds = inside[links] / (count[links] - inside[links] + 1)
    most = float(odds.max(initial=0.0))
    theirs = odds >= most / 2
    if most < MAJORITY or theirs.mean() >= PUSHED_MOST or np.median(odds[~theirs]) >= 1:
        return np.empty(0, dtype=np.int32)
    chosen = (odds >= MAJORITY) & theirs & (inside[links] >= len(group) / 2)
    order = np.argsort(-odds[chosen], kind="stable")
    return links[chosen][order].astype(np.int32)


def told(found: list[Group], items: ItemTable, users: Sequence[str], data: Sorted) -> list[Told]:
    """Groups for the data report, the largest twenty; every text of the files cleaned and capped.

    Args:
        found: the groups.
        items: for the ids and titles of what is pushed.
        users: ids.
        data: the interactions that the groups were found in.
    """
    title = next(column.name for column in items.schema.columns if column.role is Role.TITLE)
    best = _best(data)
    groups = []
    for group in found[:MOST_TOLD]:
        parts = [data.read(*data.indptr[user : user + 2].tolist()) for user in group.users.tolist()]
        one: Told = {"users": len(group.users)}
        one["ids"] = [clean(users[user], 100) for user in group.users[:MOST_TOLD].tolist()]
        one["items"] = [
            {"id": clean(items.ids[row], 100), "title": clean(items.cells[title][row] or "", 300)}
            for row in group.pushed[:MOST_TOLD].tolist()
        ]
        one["within_s"] = one["best"] = None
        if "time" in data.files:
            moments = np.concatenate([part["time"] for part in parts])
            one["within_s"] = int(moments.max() - moments.min())
        if best is not None:
            values = np.concatenate([part["value"] for part in parts])
            one["best"] = round(float((values == best).mean()), 3)
        groups.append(one)
    return groups


def _best(data: Sorted) -> float | None:
    """The highest value anywhere; None without values."""
    if "value" not in data.files:
        return None
    steps = range(0, len(data), BLOCK)
    parts = (data.read(begin, min(begin + BLOCK, len(data)))["value"] for begin in steps)
    return max(float(part.max()) for part in parts)
