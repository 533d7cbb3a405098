"""The candidate bus: the candidates of a conversation and the history of how they came about.

After InteRecAgent's candidate bus (Huang et al., "Recommender AI Agent"), with four changes: it is
an append-only history of stages, it outlives the turn and the process, it knows which stage
dropped an item, and every list that was shown is a place to come back to. Candidates are arrays of
rows or a packed mask, never objects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from recagent_catalogs.errors import ToolError
from recagent_catalogs.interactions import Floats, Rows
from recagent_catalogs.text import clean

from .rowset import RowSet

Place = tuple[int, int]
"""Where a bus stands: the number of the present stage, and of the list that stands (0: none)."""


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


@dataclass
class CandidateBus:
    """The stages so far, the lists shown, a cursor, named sets.

    A change appends a stage and moves the cursor to it; `undo` and `redo` move the cursor. A list
    that is shown is one change with all that was done for it, so that `undo` then stands where the
    list before it stands.

    Attributes:
        n_items: items of the catalog.
        fingerprint: of the catalog's data.
        stages: the history; only ever appended.
        lists: the lists shown, list n at n - 1; only ever appended.
        cursor: number of the present stage.
        standing: number of the list that stands, 0 for none.
        done: places that `undo` goes back to, the last one first undone.
        undone: places that `redo` goes to.
        saved: number of the stage that holds a named set.
    """

    n_items: int
    fingerprint: str = ""
    stages: list[Stage] = field(default_factory=list)
    lists: list[ShownList] = field(default_factory=list)
    cursor: int = 0
    standing: int = 0
    done: list[Place] = field(default_factory=list)
    undone: list[Place] = field(default_factory=list)
    saved: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.stages:
            everything = RowSet.all(self.n_items)
            self.stages.append(
                Stage(0, "start", {}, everything, None, {}, self.n_items, self.n_items)
            )

    @property
    def now(self) -> Stage:
        """The stage under the cursor."""
        return self.stages[self.cursor]

    @property
    def candidates(self) -> RowSet:
        """The candidates under the cursor.

        Raises:
            ToolError: the stage kept only its recipe; `replay` makes it again.
        """
        if self.now.candidates is None:
            raise ToolError(
                f"the {self.now.after:,} candidates of this step were too many to be kept",
                hint="candidates(op=start) begins again",
            )
        return self.now.candidates

    def __len__(self) -> int:
        return self.now.after

    def rows(self) -> Rows:
        """The candidates, best first where the stage ranks, else ascending; int32."""
        return self.now.order if self.now.order is not None else self.candidates.rows()

    def scores(self) -> Mapping[str, Floats]:
        """The named score columns, aligned with `rows()`."""
        return self.now.scores

    def start(self) -> Stage:
        """Begin again from the whole catalog; what was before stays in the history."""
        return self._append("start", {}, RowSet.all(self.n_items), None, {}, 0.0, "", parent=None)

    def narrow(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        keep: RowSet,
        *,
        ms: float = 0.0,
        note: str = "",
    ) -> Stage:
        """Keep only the candidates in `keep`; order and scores of the rest stay as they were."""
        after = self.candidates & keep
        before_rows = self.rows()
        inside = None
        if self.now.order is not None or self.now.scores:
            inside = after.mask()[before_rows]
        order = before_rows[inside] if self.now.order is not None and inside is not None else None
        scores = {name: column[inside] for name, column in self.now.scores.items()}
        return self._append(tool, arguments, after, order, scores, ms, note)

    def score(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        columns: Mapping[str, Floats],
        *,
        order: Rows | None = None,
        ms: float = 0.0,
        note: str = "",
    ) -> Stage:
        """Add score columns, and perhaps an order.

        Args:
            tool: name of the tool.
            arguments: its arguments.
            columns: float32, aligned with `order` if given, else with `rows()`.
            order: int32, candidates best first; a subset of the present ones drops the others.
            ms: how long it took.
            note: one line for the funnel.

        Raises:
            ValueError: an order with items that are no candidates, or columns of another length.
        """
        rows = self.rows() if order is None else np.asarray(order, dtype=np.int32)
        if any(len(column) != len(rows) for column in columns.values()):
            raise ValueError("score columns must be aligned with the candidates")
        candidates = self.candidates
        kept: dict[str, Floats] = dict(self.now.scores)
        if order is not None:
            candidates = RowSet.of_rows(rows, self.n_items)
            if candidates.count != len(rows) or (candidates & self.candidates) != candidates:
                raise ValueError("an order may hold only candidates, each once")
            if kept:
                position = np.zeros(self.n_items, dtype=np.int32)
                position[self.rows()] = np.arange(len(self), dtype=np.int32)
                kept = {name: column[position[rows]] for name, column in kept.items()}
        else:
            order = self.now.order
        kept.update(columns)
        return self._append(tool, arguments, candidates, order, kept, ms, note)

    def replace(
        self, tool: str, arguments: Mapping[str, Any], rows: Rows, *, note: str = ""
    ) -> Stage:
        """Put another set in place (union, a named set), in the order given."""
        order = np.asarray(rows, dtype=np.int32)
        candidates = RowSet.of_rows(order, self.n_items)
        if candidates.count != len(order):
            raise ValueError("each candidate once")
        return self._append(tool, arguments, candidates, order, {}, 0.0, note)

    def _append(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        candidates: RowSet,
        order: Rows | None,
        scores: Mapping[str, Floats],
        ms: float,
        note: str,
        parent: int | None = -1,
    ) -> Stage:
        stage = Stage(
            number=len(self.stages),
            tool=tool,
            arguments=dict(arguments),
            candidates=candidates,
            order=order,
            scores=dict(scores),
            before=self.n_items if tool == "start" else self.now.after,
            after=candidates.count,
            ms=ms,
            note=clean(note, 200),
            parent=self.cursor if parent == -1 else parent,
        )
        self.stages.append(stage)
        self._move((stage.number, self.standing))
        return stage

    def _move(self, place: Place) -> None:
        self.done.append(self.place)
        self.undone.clear()
        self.cursor, self.standing = place

    # -- places ----------------------------------------------------------------------------------

    @property
    def place(self) -> Place:
        """Where the bus stands."""
        return self.cursor, self.standing

    @property
    def shown(self) -> tuple[int, ...]:
        """Rows of the list that stands; empty where none does."""
        return self.lists[self.standing - 1].rows if self.standing else ()

    @property
    def shown_ever(self) -> tuple[int, ...]:
        """All rows shown so far, each once, oldest first; what was undone was shown too."""
        return tuple(dict.fromkeys(row for shown in self.lists for row in shown.rows))

    def _is_a_list(self, place: Place) -> bool:
        """Whether nothing was done since the list that stands was shown (or the bus was made)."""
        cursor, standing = place
        return cursor == (self.lists[standing - 1].stage if standing else 0)

    def show(self, rows: Sequence[int]) -> ShownList:
        """Number a list that is shown of the present candidates.

        All changes since the list before it are from now on one change, that `undo` takes back.
        The list that stands, shown again, keeps its number.

        Args:
            rows: the rows shown, best first.
        """
        if self.standing and self._is_a_list(self.place) and self.shown == tuple(rows):
            return self.lists[self.standing - 1]
        while self.done and not self._is_a_list(self.done[-1]):
            self.done.pop()
        if self._is_a_list(self.place):  # another list of the same candidates
            self.done.append(self.place)
        self.undone.clear()
        shown = ShownList(len(self.lists) + 1, self.cursor, tuple(int(row) for row in rows))
        self.lists.append(shown)
        self.standing = shown.number
        return shown

    def settle(self) -> None:
        """Stand where the list stands, without what was done since and came to no list."""
        while self.done and not self._is_a_list(self.place):
            self.cursor, self.standing = self.done.pop()

    def list_at(self, number: int) -> ShownList:
        """The list of that number; -1 is the last one shown.

        Raises:
            ToolError: there is none.
        """
        if number == -1 and self.lists:
            return self.lists[-1]
        if not 1 <= number <= len(self.lists):
            count = len(self.lists)
            raise ToolError(
                f"there is no list {number}",
                hint=f"lists 1 to {count}" if count else "no list was shown yet",
            )
        return self.lists[number - 1]

    def at_list(self, number: int) -> CandidateBus:
        """A bus of its own that stands where that list was shown; this one stays as it is.

        Raises:
            ToolError: there is no such list.
        """
        found = self.list_at(number)
        return CandidateBus(
            self.n_items,
            self.fingerprint,
            list(self.stages),
            list(self.lists),
            found.stage,
            found.number,
            saved=dict(self.saved),
        )

    def go_to(self, number: int) -> ShownList:
        """Stand where that list was shown; `undo` takes it back.

        Raises:
            ToolError: there is no such list.
        """
        found = self.list_at(number)
        if self.place != (found.stage, found.number):
            self._move((found.stage, found.number))
        return found

    def undo(self) -> Place | None:
        """Stand where the bus stood before the last change; None at the beginning."""
        if not self.done:
            return None
        self.undone.append(self.place)
        self.cursor, self.standing = self.done.pop()
        return self.place

    def redo(self) -> Place | None:
        """Take the last `undo` back; None where there is none."""
        if not self.undone:
            return None
        self.done.append(self.place)
        self.cursor, self.standing = self.undone.pop()
        return self.place

    def mark(self) -> Mark:
        """The present moment, for `back_to`."""
        return Mark(
            self.place,
            tuple(self.done),
            tuple(self.undone),
            tuple(self.saved.items()),
            len(self.lists),
        )

    def back_to(self, mark: Mark) -> None:
        """Stand where the bus stood at `mark`; the stages made since stay in the history."""
        self.cursor, self.standing = mark.place
        self.done, self.undone = list(mark.done), list(mark.undone)
        self.saved = dict(mark.saved)
        del self.lists[mark.n_lists :]

    # -- named sets ------------------------------------------------------------------------------

    def save_as(self, name: str, rows: Sequence[int] | None = None) -> Stage:
        """Give a set a name: these rows in their order, or the present candidates.

        A name that is taken is given anew. It is no change that `undo` takes back.

        Raises:
            ValueError: a row twice, or outside the catalog.
        """
        if rows is None:
            self.saved[name] = self.cursor
            return self.now
        order = np.asarray(rows, dtype=np.int32)
        candidates = RowSet.of_rows(order, self.n_items)
        if candidates.count != len(order):
            raise ValueError("each candidate once")
        stage = Stage(
            number=len(self.stages),
            tool="candidates",
            arguments={"op": "save", "name": name},
            candidates=candidates,
            order=order,
            scores={},
            before=self.now.after,
            after=candidates.count,
            note=clean(f"set {name}", 200),
            parent=self.cursor,
        )
        self.stages.append(stage)
        self.saved[name] = stage.number
        return stage

    def named(self, name: str) -> Stage:
        """The stage saved under that name.

        Raises:
            KeyError: there is none.
        """
        return self.stages[self.saved[name]]

    # -- history ---------------------------------------------------------------------------------

    def path(self) -> list[Stage]:
        """The stages that led from the beginning to the present one."""
        steps = [self.now]
        while (parent := steps[-1].parent) is not None:
            steps.append(self.stages[parent])
        return steps[::-1]

    def dropped_by(self, row: int) -> Stage | None:
        """The stage on the present path that dropped the item; None while it is a candidate."""
        inside = False
        for stage in self.path():
            if stage.candidates is None:
                continue
            present = row in stage.candidates
            if inside and not present:
                return stage
            inside = inside or present
        return None

    def funnel(self) -> str:
        """The present path in one line: `9,742 → 312 (genres has Sci-Fi) → ranked → 5`.

        The last number is that of the items shown, where a list stands here.
        """
        parts = []
        for stage in self.path():
            changed = stage.tool == "start" or stage.after != stage.before
            count = f"{stage.after:,}" if changed else ""
            note = stage.note
            parts.append(f"{count} ({note})" if count and note else count or note)
        if self.standing and self._is_a_list(self.place):
            parts.append(f"{len(self.shown):,}")
        return " → ".join(part for part in parts if part)
