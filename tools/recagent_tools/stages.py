"""What a candidate bus is made of: stages, recipes, lists shown, places."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from recagent_catalogs.errors import ToolError
from recagent_catalogs.interactions import Floats, Rows

from .rowset import RowSet

Place = tuple[int, int]
"""Where a bus stands: the number of the present stage, and of the list that stands (0: none)."""
Combine = Literal["load", "union", "minus", "intersect"]
"""How another set is joined with the candidates."""


def texts_in(arguments: Mapping[str, Any], name: str) -> list[str]:
    """The texts in a list that is an argument; none where it is anything else.

    Arguments come from files too, which anybody may have written.
    """
    told = arguments.get(name)
    if not isinstance(told, (list, tuple)):
        return []
    return [text for text in told if isinstance(text, str)]


ARROW = " → "
_BEFORE_AND_AFTER = re.compile(r" \([^()]*→[^()]*\)")


def _no_rows() -> Rows:
    return np.zeros(0, dtype=np.int32)


@dataclass(frozen=True)
class Recipe:
    """How a stage is made of its parent's candidates and another set, without its tool.

    Attributes:
        op: load (the other set in place of the candidates), union, minus, intersect, or first
            (the other set, which holds only candidates, before the rest of them).
        rows: the other set, int32, in its order.
        stage: or the number of the stage that holds it.
    """

    op: Combine | Literal["first"]
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

    def texts(self, argument: str) -> list[str]:
        """The texts in a list that was an argument; none where it is anything else."""
        return texts_in(self.arguments, argument)

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

    What was put into an order only for the next stage to order it anew tells nothing, nor does a
    set taken up right where it was made.
    """
    parts = []
    for last, stage, after in zip([None, *path], path, [*path[1:], None], strict=False):
        changed = last is None or stage.after != last.after
        if not changed and stage.sorts and after is not None and after.sorts:
            continue
        if not changed and last is not None and stage.note == last.note:
            continue
        count = f"{stage.after:,}" if changed else ""
        if last is None and is_ruled(stage):
            parts.append(f"{stage.before:,}")
        parts.append(f"{count} ({stage.note})" if count and stage.note else count or stage.note)
    return [part for part in parts if part]


def is_ruled(stage: Stage) -> bool:
    """Whether a stage begins with what rules allow of the catalog (`law.py`)."""
    return stage.tool == "start" and stage.after != stage.before


def brief_parts(path: Sequence[Stage]) -> list[str]:
    """The steps of a path that count, for a line under a list: `set horror: 5`, `3 (Korean)`.

    It begins where a set or a list last took the place of the candidates, leaves out what changed
    nothing, and says of the weights of a ranking only how large they are.
    """
    loads = [n for n, stage in enumerate(path) if stage.recipe and stage.recipe.op == "load"]
    begin = loads[-1] if loads else 0
    head, steps = path[begin], path[begin + 1 :]
    parts = [f"{head.note}: {head.after:,}" if head.note else f"{head.after:,}"]
    if is_ruled(head):
        parts = funnel_parts([head])
    sorted_last = next((stage for stage in reversed(steps) if stage.sorts), None)
    last = head
    for stage in steps:
        note = _BEFORE_AND_AFTER.sub("", stage.note)
        if stage.after != last.after:
            parts.append(f"{stage.after:,} ({note})" if note else f"{stage.after:,}")
        elif stage is sorted_last and note:
            parts.append(note)
        last = stage
    return parts


def one_line(parts: Sequence[str], cap: int) -> str:
    """The parts of a funnel with arrows; of more than `cap` characters the middle is left out."""
    kept = list(parts)
    told = ARROW.join(kept)
    while len(told) > cap and len(kept) > 2:
        del kept[1]
        told = ARROW.join([kept[0], "…", *kept[1:]])
    return told


def path_told(stages: Sequence[Stage], number: int) -> list[Stage]:
    """The stages that a funnel tells of, from the beginning on.

    As the path to a stage; but before a set or list that was loaded comes what led to that set, or
    the whole catalog, never what merely stood before.
    """
    steps = [stages[number]]
    while (parent := steps[-1].parent) is not None:
        stage = steps[-1]
        loads = stage.recipe is not None and stage.recipe.op == "load"
        if not loads or stage.arguments.get("op") != "load":
            steps.append(stages[parent])
            continue
        source = stage.recipe.stage if stage.recipe else None
        if source is not None and source < stage.number:
            steps.append(stages[source])
        else:
            steps.append(stages[0])
            break
    return steps[::-1]


def list_numbered(number: int, lists: Sequence[ShownList]) -> ShownList:
    """The list of that number; -1 is the last one shown.

    Raises:
        ToolError: there is none.
    """
    if number == -1 and lists:
        number = len(lists)
    if not 1 <= number <= len(lists):
        count = len(lists)
        raise ToolError(
            f"there is no list {number}",
            hint=f"lists 1 to {count}" if count else "no list was shown yet",
        )
    if not lists[number - 1].rows:
        raise ToolError(f"list {number} is too long ago, its items were not kept")
    return lists[number - 1]


def dropper(row: int, path: Sequence[Stage]) -> Stage | None:
    """The last stage of a path that dropped the item; None where its end holds it.

    Stages without candidates are passed over.
    """
    inside, found = True, None
    for stage in path:
        if stage.candidates is None:
            continue
        present = row in stage.candidates
        if inside and not present:
            found = stage
        inside = present
    return None if inside else found


def each_once(rows: Rows | Sequence[int], n_items: int) -> tuple[Rows, RowSet]:
    """Rows as an order (int32, a copy) and as a set.

    Raises:
        ValueError: a row twice, or outside the catalog.
    """
    order = np.array(rows, dtype=np.int32)
    candidates = RowSet.of_rows(order, n_items)
    if candidates.count != len(order):
        raise ValueError("each candidate once")
    return order, candidates


def order_within(stage: Stage, kept: RowSet) -> tuple[Rows | None, dict[str, Floats]]:
    """Order and scores of a stage, of those of its candidates that are kept."""
    order, scores = stage.order, dict(stage.scores)
    if (order is not None or scores) and kept.count < stage.after:
        inside = kept.holds(stage.rows())
        order = None if order is None else order[inside]
        scores = {name: column[inside] for name, column in scores.items()}
    return order, scores


def scores_in_order(
    rows: Rows, as_set: RowSet, stage: Stage, *, but: Container[str]
) -> dict[str, Floats]:
    """The score columns of a stage in the order of these of its candidates, `but` some."""
    carried = {name: column for name, column in stage.scores.items() if name not in but}
    if not carried:
        return {}
    places = places_of(rows, as_set, stage)
    return {name: column[places] for name, column in carried.items()}


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
