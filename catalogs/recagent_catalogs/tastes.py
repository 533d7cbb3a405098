"""Tastes: lists of items that people love together, and what follows from the lists.

A written taste loves its items by place. Beside them it takes mildly to a few items that are like
them in words (tags, categories, people, series) but on no list with them, and tastes whose lists
overlap are near each other: who has one has easily the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .data import ItemTable
from .schema import Role

HALVED = 6.0
"""The place of a list at which love is half that of the first."""
FITTING = 40
"""Items of like words that a taste takes to mildly."""
MILD = 0.15
"""How much, at most, where the first of the list is 1."""
OWN_LISTS = 2
"""An item on fewer lists is added to those it fits best, mildly."""
SPECIFIC = {Role.GROUP: 2.0, Role.PEOPLE: 1.2, Role.TAGS: 1.0, Role.CATEGORIES: 0.7}
"""How much a shared value of a column says."""
EVENED = 0.6
"""Power of the written weights: a rare taste is still some people's first."""
EVEN = 0.02
"""Nearness of tastes that share nothing, where equal lists have 1."""

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class Taste:
    """A taste: its name, how common it is, and the rows of its items, best-loved first."""

    name: str
    weight: float
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Tastes:
    """All tastes of a catalog as arrays.

    Attributes:
        love: float32 [tastes, items], how much each taste loves each item (0-1).
        weights: float64 [tastes], how common each is; sums to 1.
        beside: float64 [tastes, tastes], by row: how likely each is as another taste of somebody
            who has this one, summed up, so that the last is 1.
    """

    love: Matrix
    weights: NDArray[np.float64]
    beside: NDArray[np.float64]

    @classmethod
    def of(cls, items: ItemTable, written: Sequence[Taste]) -> Tastes:
        """From the written tastes; from what items share where none are written."""
        tastes = list(written) or derived_tastes(items) or [_everything(len(items))]
        love = np.zeros((len(tastes), len(items)), dtype=np.float32)
        for number, taste in enumerate(tastes):
            place = np.arange(len(taste.rows)) if written else np.zeros(len(taste.rows))
            love[number, list(taste.rows)] = 1.0 / (1.0 + place / HALVED)
        weights = np.array([taste.weight for taste in tastes], dtype=np.float64) ** EVENED
        weights /= weights.sum()
        fit = _fit(items, love)
        lists = np.count_nonzero(love, axis=0)
        fit[love > 0] = 0.0
        beside = _beside(love, weights)
        _take_to(love, fit)
        _adopt(love, fit, np.flatnonzero(lists < OWN_LISTS))
        return cls(love, weights, beside)

    def add_love(
        self, rate: Matrix, people: NDArray[np.int64], tastes: NDArray[np.int64], shares: Matrix
    ) -> None:
        """Add to the rates of these people what one taste of each loves, times its share.

        Args:
            rate: float32 [everybody, items], contiguous.
            people: [k], rows of `rate`, each once.
            tastes: [k], a taste of each.
            shares: float32 [k], its share.
        """
        starts, items, loved = self._lists
        lengths = starts[tastes + 1] - starts[tastes]
        entries = np.repeat(starts[tastes] - np.cumsum(lengths) + lengths, lengths)
        entries += np.arange(len(entries))
        cells = np.repeat(people * rate.shape[1], lengths) + items[entries]
        rate.reshape(-1)[cells] += loved[entries] * np.repeat(shares, lengths)

    @cached_property
    def _lists(self) -> tuple[NDArray[np.int64], NDArray[np.int64], Matrix]:
        """`love` without its zeros: where each taste starts, the items, how much they are loved."""
        taste, items = np.nonzero(self.love)
        counts = np.bincount(taste, minlength=len(self.love))
        starts = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        return starts, items, self.love[taste, items]


def _everything(n_items: int) -> Taste:
    return Taste("everything", 1.0, tuple(range(n_items)))


def _fit(items: ItemTable, love: Matrix) -> Matrix:
    """How like the items of each taste each item is in words, 0-1 [tastes, items]."""
    rows, codes, worth = _words(items)
    n_items = len(items)
    if not len(rows):
        return np.zeros_like(love)
    lengths = np.sqrt(np.bincount(rows, weights=worth**2, minlength=n_items)) + 1.0
    fit = np.zeros_like(love)
    n_words = int(codes.max()) + 1
    weighed = worth / lengths[rows]
    for number, loved in enumerate(love):
        mine = np.flatnonzero((loved > 0)[rows])
        profile = np.bincount(codes[mine], loved[rows[mine]] * weighed[mine], n_words)
        fit[number] = np.bincount(rows, profile[codes] * weighed, n_items)
    fit /= np.maximum(fit.max(axis=1, keepdims=True), np.float32(1e-9))
    return fit


def _words(items: ItemTable) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """(row, word, what the word says) of every word of every item that another item has too."""
    rows: list[int] = []
    codes: list[int] = []
    worth: list[float] = []
    code = 0
    for role, says in SPECIFIC.items():
        for column in items.schema.with_role(role):
            for having in _shared(items, column.name).values():
                if len(having) > 1:
                    rows += having
                    codes += [code] * len(having)
                    worth += [says * float(np.log(len(items) / len(having)))] * len(having)
                    code += 1
    return np.array(rows, dtype=np.int64), np.array(codes, dtype=np.int64), np.array(worth)


def _take_to(love: Matrix, fit: Matrix) -> None:
    """Let each taste take mildly to the items off its list that fit it best."""
    count = min(FITTING, love.shape[1])
    best = np.argpartition(-fit, count - 1, axis=1)[:, :count]
    mild = np.take_along_axis(fit, best, axis=1)
    least = mild.min(axis=1, keepdims=True)
    mild = MILD * (mild - least) / np.maximum(1.0 - least, 1e-6)
    kept = np.maximum(np.take_along_axis(love, best, axis=1), mild.astype(np.float32))
    np.put_along_axis(love, best, kept, axis=1)


def _adopt(love: Matrix, fit: Matrix, rows: NDArray[np.int64]) -> None:
    """Add items that are on few lists to the two lists that fit them best."""
    for rank in range(min(2, len(fit))):
        best = np.argsort(-fit[:, rows], axis=0, kind="stable")[rank]
        good = fit[best, rows] > 0
        love[best[good], rows[good]] = np.maximum(love[best[good], rows[good]], MILD)


def _beside(love: Matrix, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """`Tastes.beside`: by overlap of the lists (their cosine) and how common the other one is."""
    lengths = np.sqrt(np.square(love).sum(axis=1, keepdims=True))
    near = np.empty((len(love), len(love)))
    for number, loved in enumerate(love):
        on = np.flatnonzero(loved)
        near[number] = love[:, on] @ loved[on]
    near /= np.maximum(lengths * lengths.T, 1e-9)
    if len(near) > 1:
        np.fill_diagonal(near, 0.0)
    chances = (near + EVEN * near.mean()) * weights + 1e-12
    summed = np.cumsum(chances, axis=1)
    return np.asarray(summed / summed[:, -1:], dtype=np.float64)


def derived_tastes(items: ItemTable) -> list[Taste]:
    """Tastes out of what items share: tags, people, series, pairs of categories, decades of a kind.

    They serve where no tastes are written.
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
