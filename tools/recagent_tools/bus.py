"""The candidate bus: the candidates of a conversation and the history of how they came about.

After InteRecAgent's candidate bus (Huang et al., "Recommender AI Agent"), with four changes: it is
an append-only history of stages, it outlives the turn and the process, it knows which stage
dropped an item, and every list that was shown is a place to come back to. Candidates are arrays of
rows or a packed mask, never objects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from recagent_catalogs.errors import ToolError
from recagent_catalogs.interactions import Floats, Rows
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import clean

from .bus_copy import at_stage, copy_of
from .law import Law, put_under
from .provenance import provenance
from .recipes import follow
from .rowset import RowSet
from .stages import (
    ARROW,
    Combine,
    Mark,
    Place,
    Recipe,
    ShownList,
    Stage,
    brief_parts,
    dropper,
    each_once,
    funnel_parts,
    list_numbered,
    one_line,
    order_within,
    path_told,
    scores_in_order,
)

__all__ = ["CandidateBus", "Combine", "Mark", "Place", "Recipe", "ShownList", "Stage"]


BRIEF_CAP = 150
"""Characters of a brief funnel: two lines of 80 with what may stand before it."""


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
        inputs: what was known when tools ran, besides their arguments: JSON texts, each once.
        situation: number in `inputs` of what is known now.
        remake: makes the candidates of a stage again that kept only its recipe; whether it could.
        law: what rules allow at all; None: everything.
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
    inputs: list[str] = field(default_factory=list)
    situation: int | None = None
    remake: Callable[[int], bool] | None = field(default=None, repr=False, compare=False)
    law: Law | None = field(default=None, repr=False, compare=False)
    # The place last left where a list stood, and what `redo` would have gone to from there.
    _before: tuple[Place, tuple[Place, ...]] = field(
        default=((0, 0), ()), repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if not self.stages:
            everything = RowSet.all(self.n_items)
            self.stages.append(
                Stage(0, "start", {}, everything, None, {}, self.n_items, self.n_items)
            )

    def obey(self, catalog: Catalog) -> None:
        """Keep to the rules that hold of a catalog now, in the whole history."""
        hidden = catalog.hidden
        if hidden is not (None if self.law is None else self.law.hidden):
            self.under_rules(catalog)

    def under_rules(self, catalog: Catalog) -> None:
        """The same of a bus out of a file, of which nobody knows what it was kept to."""
        names = [rule.name for rule in catalog.rules]
        put_under(self, None if catalog.hidden is None else Law.of(catalog.hidden, names))

    @property
    def everything(self) -> RowSet:
        """What a bus begins with: the whole catalog, or what rules allow of it."""
        return RowSet.all(self.n_items) if self.law is None else self.law.allowed

    @property
    def now(self) -> Stage:
        """The stage under the cursor."""
        return self.stages[self.cursor]

    def whole(self, number: int) -> Stage:
        """The stage of that number with its candidates, made again from its recipe if need be.

        Raises:
            ToolError: it kept only its recipe, and that cannot be followed now.
        """
        stage = self._made(number)
        if stage.candidates is None:
            raise ToolError(
                f"the {stage.after:,} candidates of this step were too many to be kept",
                hint="candidates(op=start) begins again",
            )
        return stage

    def _made(self, number: int) -> Stage:
        """The stage of that number, made again where it kept only its recipe and can be."""
        if self.stages[number].candidates is None and self.remake is not None:
            self.remake(number)
        return self.stages[number]

    @property
    def candidates(self) -> RowSet:
        """The candidates under the cursor.

        Raises:
            ToolError: the stage kept only its recipe, and that cannot be followed now.
        """
        return self.whole(self.cursor).set

    def __len__(self) -> int:
        return self.now.after

    def rows(self) -> Rows:
        """The candidates, best first where the stage ranks, else ascending; int32.

        Raises:
            ToolError: as `candidates`.
        """
        return self.whole(self.cursor).rows()

    def scores(self) -> Mapping[str, Floats]:
        """The named score columns, aligned with `rows()`; none where they cannot be made again."""
        return self._made(self.cursor).scores

    def start(self, number: int = 0) -> Stage:
        """Begin again; what was before stays in the history.

        Args:
            number: of the list whose candidates to begin with; 0 for the whole catalog. It does
                not stand again by that.

        Raises:
            ToolError: there is no such list.
        """
        if number:
            stage = self.list_at(number).stage
            if stage != self.cursor:
                self._move((stage, self.standing))
            return self.now
        return self._append("start", {}, RowSet.all(self.n_items), None, {}, 0.0, "", parent=None)

    def narrow(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        keep: RowSet,
        *,
        ms: float = 0.0,
        note: str = "",
        recipe: Recipe | None = None,
    ) -> Stage:
        """Keep only the candidates in `keep`; order and scores of the rest stay as they were."""
        after = self.candidates & keep
        order, scores = order_within(self.now, after)
        return self._append(tool, arguments, after, order, scores, ms, note, recipe)

    def drop(
        self, tool: str, arguments: Mapping[str, Any], rows: Sequence[int], *, note: str = ""
    ) -> Stage:
        """Remove these rows; how is kept with the stage, whoever else may have dropped them."""
        gone = np.unique(np.asarray(rows, dtype=np.int32))
        keep = RowSet.all(self.n_items) - RowSet.of_rows(gone, self.n_items)
        return self.narrow(tool, arguments, keep, note=note, recipe=Recipe("minus", gone))

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
        sorts = order is not None
        if order is None:
            order = self.now.order
        else:
            candidates = RowSet.of_rows(rows, self.n_items)
            if candidates.count != len(rows) or (candidates & self.candidates) != candidates:
                raise ValueError("an order may hold only candidates, each once")
            kept = scores_in_order(rows, candidates, self.now, but=columns)
        kept.update(columns)
        return self._append(tool, arguments, candidates, order, kept, ms, note, sorts=sorts)

    def put_first(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        rows: Rows,
        *,
        ms: float = 0.0,
        note: str = "",
    ) -> Stage:
        """Put these candidates before the others, which stay in their order.

        Raises:
            ValueError: a row twice, or of no candidate.
        """
        recipe = Recipe("first", rows)
        made = self.follow(recipe, self.whole(self.cursor))
        return self._append(tool, arguments, *made, ms, note, recipe, sorts=True)

    def replace(
        self, tool: str, arguments: Mapping[str, Any], rows: Rows, *, note: str = ""
    ) -> Stage:
        """Put another set in place, in the order given.

        Raises:
            ValueError: a row twice, or outside the catalog.
        """
        order, candidates = each_once(rows, self.n_items)
        recipe = Recipe("load", order)
        return self._append(tool, arguments, candidates, order, {}, 0.0, note, recipe)

    def combine(
        self,
        op: Combine,
        arguments: Mapping[str, Any],
        *,
        rows: Sequence[int] | None = None,
        stage: int | None = None,
        note: str = "",
        tool: str = "candidates",
    ) -> Stage:
        """Join the candidates with another set: rows in their order, or those of a stage.

        The other set is kept by its stage or its rows, never by a name, which may come to mean
        another set. What is in both keeps its place; of a union the others follow in their order.

        Raises:
            ToolError: the stage cannot be made again.
            ValueError: neither or both sets given, a row twice or outside the catalog.
        """
        if (rows is None) == (stage is None):
            raise ValueError("either rows or a stage")
        if stage is None:
            recipe = Recipe(op, np.array(rows, dtype=np.int32))
        else:
            recipe = Recipe(op, stage=stage)
        candidates, order, scores = self.follow(recipe, self.whole(self.cursor))
        return self._append(tool, arguments, candidates, order, scores, 0.0, note, recipe)

    def follow(
        self, recipe: Recipe, parent: Stage
    ) -> tuple[RowSet, Rows | None, Mapping[str, Floats]]:
        """What a recipe makes of a stage's candidates: the set, its order, its scores.

        Raises:
            ToolError: the recipe's own stage cannot be made again.
            ValueError: a row twice or outside the catalog.
        """
        source = None if recipe.stage is None else self.whole(recipe.stage)
        return follow(recipe, parent, source, self.n_items)

    def situated(self, known: str) -> None:
        """Note what is known beside a tool's arguments (a JSON text) for the stages to come."""
        if self.situation is None or self.inputs[self.situation] != known:
            if known not in self.inputs:
                self.inputs.append(known)
            self.situation = self.inputs.index(known)

    def _append(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        candidates: RowSet,
        order: Rows | None,
        scores: Mapping[str, Floats],
        ms: float,
        note: str,
        recipe: Recipe | None = None,
        parent: int | None = -1,
        sorts: bool = False,
        move: bool = True,
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
            recipe=recipe,
            sorts=sorts,
            inputs=None if recipe or tool == "start" else self.situation,
        )
        if self.law is not None:
            stage = self.law.kept(stage)
        self.stages.append(stage)
        if move:
            self._move((stage.number, self.standing))
        return stage

    def _move(self, place: Place) -> None:
        if self.settled:
            self._before = (self.place, tuple(self.undone))
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

    @property
    def settled(self) -> bool:
        """Whether nothing was done since the list that stands was shown (or the bus was made)."""
        return self._is_a_list(self.place)

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

    def one_change(self, mark: Mark) -> None:
        """Make all that was done since `mark` one change: `undo` then stands where it was."""
        self.done = [*mark.done, mark.place]

    def settle(self) -> None:
        """Stand where the list stands, without what was done since and came to no list.

        `redo` then does what it did there.
        """
        if self.settled:
            return
        while self.done and not self.settled:
            self.cursor, self.standing = self.done.pop()
        place, undone = self._before
        if place == self.place:
            self.undone = list(undone)

    def list_at(self, number: int) -> ShownList:
        """The list of that number; -1 is the last one shown.

        Raises:
            ToolError: there is none.
        """
        return list_numbered(number, self.lists)

    def at_list(self, number: int) -> CandidateBus:
        """A bus of its own that stands where that list was shown; this one stays as it is.

        Raises:
            ToolError: there is no such list.
        """
        found = self.list_at(number)
        return at_stage(self, found.stage, found.number)

    def copy(self) -> CandidateBus:
        """A bus of its own with the same history, at the same place, with nothing to undo."""
        return copy_of(self)

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
        saved = tuple(self.saved.items())
        return Mark(self.place, tuple(self.done), tuple(self.undone), saved, len(self.lists))

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
        order, candidates = each_once(rows, self.n_items)
        known, recipe = {"op": "save", "name": name}, Recipe("load", order)
        stage = self._append(
            "candidates", known, candidates, order, {}, 0.0, f"set {name}", recipe, move=False
        )
        self.saved[name] = stage.number
        return stage

    def named(self, name: str) -> Stage:
        """The stage saved under that name.

        Raises:
            KeyError: there is none.
        """
        return self.stages[self.saved[name]]

    def forget(self, name: str) -> None:
        """Take a set's name away; its stage stays in the history.

        Raises:
            KeyError: there is no such set.
        """
        del self.saved[name]

    # -- history ---------------------------------------------------------------------------------

    def path(self, number: int | None = None) -> list[Stage]:
        """The stages that led from the beginning to a stage; to the present one without number."""
        steps = [self.now if number is None else self.stages[number]]
        while (parent := steps[-1].parent) is not None:
            steps.append(self.stages[parent])
        return steps[::-1]

    def dropped_by(self, row: int, number: int | None = None) -> Stage | None:
        """The last stage on the path to a stage that dropped the item; None for its candidates.

        Every item of the catalog either is a candidate or was dropped by a stage. A stage that
        kept only its recipe is made again; where that fails the next one on the path answers.

        Args:
            row: of the catalog.
            number: of the stage; the present one where None.
        """
        steps = provenance(self.stages, self.cursor if number is None else number)
        return dropper(row, [self._made(step.number) for step in steps])

    def funnel(self, number: int | None = None, *, brief: bool = False) -> str:
        """The path in one line: `9,742 → 312 (Sci-Fi) → 41 (1990-1999) → ranked → 5`.

        The last number is that of the items shown, where a list stands here. What was put into an
        order only for the next stage to order it anew is left out; what led to a loaded set stands
        before it. `brief` begins with that set, and has at most two lines of 80.
        """
        path = path_told(self.stages, self.cursor if number is None else number)
        parts = brief_parts(path) if brief else funnel_parts(path)
        if number is None and self.standing and self._is_a_list(self.place):
            shown = f"{len(self.shown):,}"
            known = brief and len(self.shown) == self.now.after
            # "10 (with weekend)" says it already
            if not known and not parts[-1].startswith(f"{shown} ("):
                parts.append(shown)
        return one_line(parts, BRIEF_CAP) if brief else ARROW.join(parts)
