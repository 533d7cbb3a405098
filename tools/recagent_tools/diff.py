"""What differs between two places of a bus: items added, gone and moved, and the conditions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Rows

from .bus import CandidateBus
from .stages import Stage, path_told

Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Moved:
    """Items that have another place, in the order of now: three columns, int32, equally long.

    Attributes:
        rows: the items.
        then: their places then, from 1.
        now: their places now, from 1.
    """

    rows: Rows
    then: Rows
    now: Rows

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        return self.first(len(self))

    def first(self, count: int) -> Iterator[tuple[int, int, int]]:
        """(row, place then, place now) of the first ones."""
        columns = (column[:count].tolist() for column in (self.rows, self.then, self.now))
        return zip(*columns, strict=True)


SAID = frozenset(("filter", "similar", "search", "candidates"))
"""Tools that do what a person said; the others order."""
UNSAID = frozenset(("among_shown", "save"))
"""Operations on the candidates of which a person said nothing."""


@dataclass(frozen=True)
class Difference:
    """How one list or set differs from an earlier one.

    Attributes:
        added: rows of now that were not there then, int32, in the order of now.
        gone: rows of then that are not there now, int32, in the order of then.
        moved: what has another place; empty where one has no order.
        only_now, only_then: what a person asked for on one path and not on the other: conditions,
            likes, words, sets.
    """

    added: Rows
    gone: Rows
    moved: Moved
    only_now: tuple[str, ...]
    only_then: tuple[str, ...]


def difference(
    now: Sequence[int] | Rows,
    then: Sequence[int] | Rows,
    *,
    ordered: bool = True,
    path_now: Sequence[Stage] = (),
    path_then: Sequence[Stage] = (),
) -> Difference:
    """Compare two lists or sets of rows, and how they came about.

    Args:
        now: int32, each row once; best first where `ordered`.
        then: the same of the earlier one.
        ordered: whether places mean anything.
        path_now: the stages that led to now.
        path_then: and to then.

    An item has moved where its place is another one, also among those that are in both.
    """
    present, past = np.asarray(now, dtype=np.int32), np.asarray(then, dtype=np.int32)
    stays = np.isin(present, past, assume_unique=True)
    stayed = np.isin(past, present, assume_unique=True)
    moved = Moved(*(np.zeros(0, dtype=np.int32),) * 3)
    if ordered:
        moved = _moved(present[stays], np.flatnonzero(stays), past[stayed], np.flatnonzero(stayed))
    did_now, did_then = _done_on(path_now), _done_on(path_then)
    return Difference(
        present[~stays],
        past[~stayed],
        moved,
        tuple(text for text in did_now if text not in did_then),
        tuple(text for text in did_then if text not in did_now),
    )


def _moved(now: Rows, at_now: Indices, then: Rows, at_then: Indices) -> Moved:
    """Those that stand elsewhere, of the items in both.

    Args:
        now: int32, rows, each once.
        at_now: their places from 0, ascending.
        then: the same rows, perhaps in another order.
        at_then: their places from 0, ascending.
    """
    order_now, order_then = np.argsort(now), np.argsort(then)
    place_then = np.empty(len(now), dtype=np.int64)  # of each row of `now`
    place_then[order_now] = at_then[order_then]
    among_both = np.empty(len(now), dtype=np.int64)
    among_both[order_now] = order_then
    differs = (among_both != np.arange(len(now))) & (place_then != at_now)
    columns = (now[differs], place_then[differs] + 1, at_now[differs] + 1)
    return Moved(*(column.astype(np.int32) for column in columns))


def _done_on(path: Sequence[Stage]) -> list[str]:
    """What a person asked of a path, each once: conditions as they stand, likes, words, sets.

    How the candidates were ordered, and that it went on with the list shown, nobody said.
    """
    done: list[str] = []
    for stage in path:
        if stage.tool not in SAID or stage.arguments.get("op") in UNSAID:
            continue
        if stage.tool == "similar" and not stage.sorts:
            continue  # the named ones left
        texts = stage.texts("where") if stage.tool == "filter" else []
        texts = texts or [stage.note]
        done.extend(text for text in texts if text)
    return list(dict.fromkeys(done))


def path_of_list(bus: CandidateBus, number: int) -> list[Stage]:
    """The stages that led to a list; none for list 0."""
    return path_told(bus.stages, bus.list_at(number).stage) if number else []
