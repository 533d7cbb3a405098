"""Exact largest inner products for many people at once: a matrix product, and little beside it.

A tile of scores (people x items) is multiplied, compared with what each person's k-th best was so
far, and overwritten while it is still in the cache: the scores of all items never reach the memory.
Everybody's factors are divided by their own k-th best, so that the whole tile is compared with one
number, which costs a third of a comparison with a column.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats, Rows

from .topk import BLOCK, Best, FactorIndex, true_rows

PEOPLE = 1024
"""People of a tile; fewer read the factors more often, more do not fit the cache."""
ITEMS = 256
"""Items multiplied at once: what is compared next is still in the second cache."""
READ = 4096
"""Items after which the hits are gathered; a divisor of the index's own blocks."""
ONE = np.float32(1)
TINY = 1e-6
"""A share of the largest possible score; what is smaller cannot be divided by."""
FIRST = 512
"""So many scores of each person, or four times `k`, give the first guess at the k-th best."""
PLAIN = 8
"""With less than so many times the items of the guess there is nothing to gain by it."""

Counts = NDArray[np.int64]


def top_many(
    index: FactorIndex, people: Floats, k: int, without: Sequence[Rows] | None = None
) -> list[Best]:
    """`FactorIndex.top` for each of many people: the same rows and scores, to the last bit.

    Args:
        index: the items' factors, longest first; whoever can be reached by none that is left is
            done.
        people: float32 [u, f].
        k: how many items each.
        without: for each person the rows that are not allowed, each once: what they have seen.

    Returns:
        For each person rows int32, best first, ties by row, and their scores; fewer than `k` only
        where fewer are allowed.
    """
    people = np.ascontiguousarray(people, dtype=np.float32)
    seen = without if without is not None else [np.empty(0, np.int32)] * len(people)
    k = min(k, len(index))
    if k <= 0:
        return [(np.empty(0, np.int32), np.empty(0, np.float32))] * len(people)
    plain = len(index) < PLAIN * max(FIRST, 4 * k)
    tile = np.empty(0 if plain else READ * min(len(people), PEOPLE), dtype=np.float32)
    found: list[Best] = []
    for begin in range(0, len(people), PEOPLE):
        part = slice(begin, begin + PEOPLE)
        if plain:
            found += _plainly(index, people[part], k, seen[part])
        else:
            found += _by_floors(_Block(index, people[part], k, seen[part], tile), seen[part])
    return found


def _plainly(index: FactorIndex, people: Floats, k: int, seen: Sequence[Rows]) -> list[Best]:
    """All scores of everybody, then the best of each: for few items, or many wanted."""
    scores = np.matmul(people, index.factors.T)
    slack = _slack(index, people)
    found = []
    for person, row, rows, loose in zip(people, scores, seen, slack, strict=True):
        row[index.places.take(rows)] = -np.inf
        cut = np.partition(row, len(row) - k)[len(row) - k]
        place = np.flatnonzero((row >= cut - loose) & (row > -np.inf))
        exact = np.vecdot(index.factors.take(place, axis=0), person)
        found.append(_ordered(index.rows.take(place), exact, k))
    return found


def _by_floors(block: _Block, seen: Sequence[Rows]) -> list[Best]:
    block.search()
    found = block.best()
    for user in block.given_up.tolist():
        found[user] = block.index.top(block.people[user], block.k, None, seen[user])
    return found


def _ordered(rows: Rows, scores: Floats, k: int) -> Best:
    order = np.lexsort((rows, -scores))[:k]
    return rows[order], scores[order]


def _lengths(people: Floats) -> NDArray[np.float64]:
    return np.asarray(np.sqrt(np.vecdot(people.astype(np.float64), people)))


def _slack(index: FactorIndex, people: Floats) -> Floats:
    """How far two ways of adding up may differ, with room to spare; float32 [u]."""
    rounding = 4 * index.size * float(np.finfo(np.float32).eps)
    return np.asarray(rounding * float(index.norms[0]) * _lengths(people), dtype=np.float32)


class _Block:
    """The search for one block of people whose k-th best is clearly above 0.

    Attributes:
        given_up: int64, the other people.
        active: int64, the people whom unread items can still reach.
        floor: float32 [u], what comes below is of no interest.
        filled: int64 [u], how many candidates each has.
        rough: float32 [u, width], their scores as the product gave them, -inf behind them.
        place: int32 [u, width], where they stand in the index.
    """

    def __init__(
        self, index: FactorIndex, people: Floats, k: int, seen: Sequence[Rows], tile: Floats
    ) -> None:
        """Tile float32 [people * READ], what is multiplied into, for one block after the other."""
        self.index, self.people, self.k, self.tile = index, people, k, tile
        self.lengths, self.slack = _lengths(people) * 1.001, _slack(index, people)
        self.floor = np.zeros(len(people), dtype=np.float32)
        self.scaled = people
        self.active = np.arange(len(people))
        self.filled = np.zeros(len(people), dtype=np.int64)
        self.rough = np.full((len(people), 8 * k), -np.inf, dtype=np.float32)
        self.place = np.empty((len(people), 8 * k), dtype=np.int32)
        self.reached = np.empty(READ * len(people), dtype=np.bool_)
        user = np.repeat(np.arange(len(seen)), [len(rows) for rows in seen])
        # one number for each pair of a person and a place, ascending
        self.seen = np.sort(user * len(index) + index.places.take(np.concatenate(seen)))

    def search(self) -> None:
        """Read the items, longest factors first."""
        n, begin = len(self.index), 0
        self._guess()
        while begin < n:
            # each doubling of what was read brings some `k` hits under floors that do not rise
            end = min(n, begin + READ, max(2 * begin, 2 * FIRST))
            self._leave(float(self.index.norms[begin // BLOCK]))
            if not len(self.active):
                break
            self._take(*self._hits(begin, end))
            if begin & (begin - 1) == 0:
                self._mend()
            begin = end
        self._mend()

    def best(self) -> list[Best]:
        """The best of each, scored once more as `FactorIndex` scores."""
        user, column = np.nonzero(self.rough >= self.floor[:, None])
        place = self.place[user, column]
        exact = np.vecdot(self.index.factors.take(place, axis=0), self.people.take(user, axis=0))
        rows = self.index.rows.take(place)
        order = np.lexsort((rows, -exact, user))
        rows, exact = rows[order], exact[order]
        ends = np.cumsum(np.bincount(user, minlength=len(self.people))).tolist()
        return [
            (rows[begin : min(begin + self.k, end)], exact[begin : min(begin + self.k, end)])
            for begin, end in zip([0, *ends[:-1]], ends, strict=True)
        ]

    def _guess(self) -> None:
        """The k-th best among a few is no more than the k-th best of all."""
        few, n = max(FIRST, 4 * self.k), len(self.index)
        scores = np.matmul(self.people, self.index.factors[:few].T)
        early = self.seen[self.seen % n < few]
        scores[early // n, early % n] = -np.inf
        self._raise(np.partition(scores, few - self.k, axis=1)[:, few - self.k])
        clear = self.floor > TINY * self.lengths * float(self.index.norms[0])
        self.active, self.given_up = np.flatnonzero(clear), np.flatnonzero(~clear)

    def _raise(self, cut: Floats) -> None:
        """New floors from everybody's k-th best so far."""
        self.floor = np.maximum(self.floor, cut - self.slack)
        above = np.where(self.floor > 0, self.floor, ONE)
        self.scaled = np.asarray(self.people / above[:, None], dtype=np.float32)

    def _mend(self) -> None:
        width = int(self.filled.max())
        if width >= self.k:
            told = self.rough[:, :width]
            self._raise(np.partition(told, width - self.k, axis=1)[:, width - self.k])

    def _leave(self, norm: float) -> None:
        """Who cannot be reached by factors of that length is done."""
        near = self.lengths[self.active] * norm >= self.floor[self.active]
        if not near.all():
            self.active = self.active[near]

    def _hits(self, begin: int, end: int) -> tuple[Counts, Counts, Floats]:
        """People, places and scores (over the floor) of what reaches the floor, by place."""
        people = np.ascontiguousarray(self.scaled.take(self.active, axis=0).T)
        shape = (end - begin, len(self.active))
        scores = self.tile[: shape[0] * shape[1]].reshape(shape)
        reached = self.reached[: shape[0] * shape[1]].reshape(shape)
        for first in range(0, shape[0], ITEMS):
            strip = slice(first, min(first + ITEMS, shape[0]))
            np.matmul(
                self.index.factors[begin + first : begin + strip.stop], people, out=scores[strip]
            )
            np.greater_equal(scores[strip], ONE, out=reached[strip])
        hits = true_rows(reached.ravel())
        place, line = np.divmod(hits, shape[1])
        return self.active[line], place + begin, scores.ravel().take(hits)

    def _take(self, user: Counts, place: Counts, scores: Floats) -> None:
        """Keep the hits that were not seen."""
        order = np.argsort(user.astype(np.int16), kind="stable")
        user, place, scores = user[order], place[order], scores[order]
        if len(self.seen):
            pair = user * len(self.index) + place  # ascending, so that looking up is quick
            fresh = self.seen.take(np.searchsorted(self.seen, pair), mode="clip") != pair
            user, place, scores = user[fresh], place[fresh], scores[fresh]
        counts = np.bincount(user, minlength=len(self.people))
        column = np.arange(len(user)) + (self.filled - np.cumsum(counts) + counts)[user]
        self.filled += counts
        self._widen(int(self.filled.max()))
        self.rough[user, column] = scores * self.floor[user]
        self.place[user, column] = place

    def _widen(self, width: int) -> None:
        more = width - self.rough.shape[1]
        if more > 0:
            add = ((0, 0), (0, max(more, self.rough.shape[1])))
            self.rough = np.pad(self.rough, add, constant_values=-np.inf)
            self.place = np.pad(self.place, add)
