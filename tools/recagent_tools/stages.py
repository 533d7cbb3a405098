"""What a candidate bus is made of: stages, recipes, lists shown, places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from recagent_catalogs.interactions import Floats, Rows

from .rowset import RowSet

Place = tuple[int, int]
"""Where a bus stands: the number of the present stage, and of the list that stands (0: none)."""


def _no_rows() -> Rows:
    return np.zeros(0, dtype=np.int32)


@dataclass(frozen=True)
class Recipe:
    """How a stage is made of its parent's candidates and another set, without its tool.

    Attributes:
        op: load (the other set in place of the candidates), union, minus or intersect.
        rows: the other set, int32, in its order.
        stage: or the number of the stage that holds it.
    """

    op: Literal["load", "union", "minus", "intersect"]
    rows: Rows = field(default_factory=_no_rows)
    stage: int | None = None


@dataclass(frozen=True)
class Stage:
    """One entry of the bus's history: a tool ran and left these candidates.

    Attributes:
        number: counts from 0; stage 0 is the whole catalog.
        tool: name of the tool; "start" for the whole catalog.
        arguments: what it was called with (JSON values).
        candidates: the set afterwards; None where only the recipe was kept.
        order: int32 [count], the candidates best first, where the stage ranks; else None.
        scores: named float32 columns, aligned with `order` if there is one, else with
            `candidates.rows()`.
        before, after: number of candidates.
        ms: how long it took, milliseconds.
        note: one line for the funnel ("not Horror").
        parent: number of the stage it was made from.
        recipe: how to make it again; None: by its tool and arguments.
        inputs: number of what was known when the tool ran, in the bus's `inputs`.
        sorts: whether it put the candidates into an order of its own.
    """

    number: int
    tool: str
    arguments: Mapping[str, Any]
    candidates: RowSet | None
    order: Rows | None
    scores: Mapping[str, Floats]
    before: int
    after: int
    ms: float = 0.0
    note: str = ""
    parent: int | None = None
    recipe: Recipe | None = None
    inputs: int | None = None
    sorts: bool = False

    @property
    def set(self) -> RowSet:
        """The candidates of a stage that has them.

        Raises:
            ValueError: it kept only its recipe.
        """
        if self.candidates is None:
            raise ValueError("only the recipe was kept")
        return self.candidates

    def rows(self) -> Rows:
        """The candidates, best first where the stage ranks, else ascending; int32.

        Raises:
            ValueError: it kept only its recipe.
        """
        return self.order if self.order is not None else self.set.rows()


@dataclass(frozen=True)
class ShownList:
    """A list that was shown, which can be come back to.

    Attributes:
        number: counts from 1.
        stage: number of the stage whose candidates it was taken from.
        rows: int32 [k], the rows shown, best first.
    """

    number: int
    stage: int
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Mark:
    """A moment of a bus, for `back_to`."""

    place: Place
    done: tuple[Place, ...]
    undone: tuple[Place, ...]
    saved: tuple[tuple[str, int], ...]
    n_lists: int


def funnel_parts(path: Sequence[Stage]) -> list[str]:
    """One text for each stage of a path that tells something: `312 (Sci-Fi)`, `ranked`.

    What was put into an order only for the next stage to order it anew tells nothing.
    """
    parts = []
    for stage, after in zip(path, [*path[1:], None], strict=True):
        changed = stage.parent is None or stage.after != stage.before
        if not changed and stage.sorts and after is not None and after.sorts:
            continue
        count = f"{stage.after:,}" if changed else ""
        parts.append(f"{count} ({stage.note})" if count and stage.note else count or stage.note)
    return [part for part in parts if part]


def places_of(rows: Rows, as_set: RowSet, stage: Stage) -> Rows:
    """Where these candidates of a stage stand in its `rows()`; int32 [len(rows)].

    Args:
        rows: int32, any order.
        as_set: the same rows.
        stage: with its candidates.
    """
    present = stage.rows()
    if stage.order is None:
        return np.searchsorted(present, rows).astype(np.int32)
    if len(rows) * 8 > as_set.n_items:
        position = np.empty(as_set.n_items, dtype=np.int32)
        position[present] = np.arange(len(present), dtype=np.int32)
        return position[rows]
    # Of few rows no array with an entry for every item is made.
    places = np.flatnonzero(as_set.holds(present)).astype(np.int32)
    by_row = np.argsort(present[places])
    return places[by_row][np.searchsorted(present[places][by_row], rows)]
