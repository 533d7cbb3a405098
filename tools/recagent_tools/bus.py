"""The candidate bus: the candidates of a conversation and the history of how they came about.

After InteRecAgent's candidate bus (Huang et al., "Recommender AI Agent"), with three changes: it is
an append-only history of stages, it outlives the turn and the process, and it knows which stage
dropped an item. Candidates are arrays of rows or a packed mask, never objects.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.errors import ToolError
from recagent_catalogs.interactions import Floats, Rows
from recagent_catalogs.text import clean

MAX_SAVED_ROWS = 100_000
"""A stage with more candidates is saved as its recipe only."""
MAX_SAVED_BYTES = 4_000_000
"""Arrays of a saved bus, newest stages first; the others are saved as recipes."""


@dataclass(frozen=True)
class RowSet:
    """An immutable set of rows out of `n_items`: all, an int32 id array, or a packed mask."""

    n_items: int
    count: int
    rows_: Rows | None = None
    bits: NDArray[np.uint8] | None = None

    @classmethod
    def all(cls, n_items: int) -> RowSet:
        """Every row."""
        return cls(n_items, n_items)

    @classmethod
    def of_rows(cls, rows: Sequence[int] | NDArray[Any], n_items: int) -> RowSet:
        """These rows, in any order, without duplicates afterwards."""
        unique = np.unique(np.asarray(rows, dtype=np.int32))
        if len(unique) and (unique[0] < 0 or unique[-1] >= n_items):
            raise ValueError("row outside the catalog")
        if len(unique) == n_items:
            return cls.all(n_items)
        if len(unique) * 32 <= n_items:
            return cls(n_items, len(unique), rows_=unique)
        mask = np.zeros(n_items, dtype=bool)
        mask[unique] = True
        return cls(n_items, len(unique), bits=np.packbits(mask))

    @classmethod
    def of_mask(cls, mask: NDArray[np.bool_]) -> RowSet:
        """The rows where the mask (bool [n_items]) is true."""
        count = int(np.count_nonzero(mask))
        if count == len(mask):
            return cls.all(len(mask))
        if count * 32 <= len(mask):
            return cls(len(mask), count, rows_=np.flatnonzero(mask).astype(np.int32))
        return cls(len(mask), count, bits=np.packbits(mask))

    @property
    def is_all(self) -> bool:
        """Whether every row is in."""
        return self.count == self.n_items

    def rows(self) -> Rows:
        """The rows, ascending, int32."""
        if self.rows_ is not None:
            return self.rows_
        if self.bits is None:
            return np.arange(self.n_items, dtype=np.int32)
        return np.flatnonzero(self.mask()).astype(np.int32)

    def mask(self) -> NDArray[np.bool_]:
        """Bool [n_items]."""
        if self.bits is not None:
            return np.unpackbits(self.bits, count=self.n_items).view(np.bool_)
        mask = np.ones(self.n_items, dtype=bool) if self.rows_ is None else None
        if mask is None:
            mask = np.zeros(self.n_items, dtype=bool)
            mask[self.rows_] = True
        return mask

    def __contains__(self, row: int) -> bool:
        if not 0 <= row < self.n_items:
            return False
        if self.rows_ is not None:
            position = int(np.searchsorted(self.rows_, row))
            return position < len(self.rows_) and int(self.rows_[position]) == row
        if self.bits is not None:
            return bool(self.bits[row >> 3] & (128 >> (row & 7)))
        return True

    def __and__(self, other: RowSet) -> RowSet:
        if self.is_all:
            return other
        if other.is_all:
            return self
        if self.rows_ is not None and other.rows_ is not None:
            both = np.intersect1d(self.rows_, other.rows_, assume_unique=True)
            return RowSet(self.n_items, len(both), rows_=both)
        return RowSet.of_mask(self.mask() & other.mask())

    def __or__(self, other: RowSet) -> RowSet:
        return RowSet.of_mask(self.mask() | other.mask())

    def __sub__(self, other: RowSet) -> RowSet:
        return RowSet.of_mask(self.mask() & ~other.mask())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RowSet):
            return NotImplemented
        return (self.n_items, self.count) == (other.n_items, other.count) and bool(
            np.array_equal(self.rows(), other.rows())
        )

    __hash__ = None  # type: ignore[assignment]


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


@dataclass
class CandidateBus:
    """The stages so far, a cursor, named sets; a change appends, `undo` moves the cursor."""

    n_items: int
    fingerprint: str = ""
    stages: list[Stage] = field(default_factory=list)
    undone: list[int] = field(default_factory=list)
    cursor: int = 0
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
        self.cursor = stage.number
        self.undone.clear()
        return stage

    def mark(self) -> tuple[int, list[int], dict[str, int]]:
        """Where the bus stands, for `back_to`."""
        return self.cursor, list(self.undone), dict(self.saved)

    def back_to(self, mark: tuple[int, list[int], dict[str, int]]) -> None:
        """Stand where the bus stood at `mark`; what was done since stays in the history."""
        self.cursor, undone, saved = mark
        self.undone, self.saved = list(undone), dict(saved)

    def undo(self) -> Stage | None:
        """Go back to the stage that the present one was made from; None at the beginning."""
        parent = self.now.parent
        if parent is None:
            return None
        self.undone.append(self.cursor)
        self.cursor = parent
        return self.now

    def redo(self) -> Stage | None:
        """Take the last `undo` back; None where there is none."""
        if not self.undone:
            return None
        self.cursor = self.undone.pop()
        return self.now

    def save_as(self, name: str) -> None:
        """Give the present candidates a name."""
        self.saved[name] = self.cursor

    def named(self, name: str) -> Stage:
        """The stage saved under that name.

        Raises:
            KeyError: there is none.
        """
        return self.stages[self.saved[name]]

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
        """The present path in one line: `9,742 → 312 (genres has Sci-Fi) → ranked → 5`."""
        parts = []
        for stage in self.path():
            changed = stage.tool == "start" or stage.after != stage.before
            count = f"{stage.after:,}" if changed else ""
            note = stage.note
            parts.append(f"{count} ({note})" if count and note else count or note)
        return " → ".join(part for part in parts if part)

    def to_bytes(self) -> bytes:
        """The bus as an npz archive without pickles: small stages whole, large ones as recipes."""
        arrays: dict[str, NDArray[Any]] = {}
        meta: list[dict[str, Any]] = []
        whole = self._saved_whole()
        for stage in self.stages:
            kept = stage.number in whole
            kind = "recipe"
            if kept and stage.candidates is not None and stage.candidates.is_all:
                kind = "all"
            elif kept:
                kind = "rows"
                rows = stage.order if stage.order is not None else stage.candidates.rows()  # type: ignore[union-attr]
                arrays[f"{stage.number}.rows"] = rows
                for name, column in stage.scores.items():
                    arrays[f"{stage.number}.score.{name}"] = column.astype(np.float32)
            meta.append(
                {
                    "tool": stage.tool,
                    "arguments": dict(stage.arguments),
                    "kind": kind,
                    "ordered": stage.order is not None,
                    "before": stage.before,
                    "after": stage.after,
                    "ms": stage.ms,
                    "note": stage.note,
                    "parent": stage.parent,
                    "scores": sorted(stage.scores) if kind == "rows" else [],
                }
            )
        head = {
            "schema": "recagent.bus/1",
            "n_items": self.n_items,
            "fingerprint": self.fingerprint,
            "cursor": self.cursor,
            "saved": self.saved,
            "undone": self.undone,
            "stages": meta,
        }
        arrays["head"] = np.frombuffer(json.dumps(head).encode(), dtype=np.uint8)
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
        return buffer.getvalue()

    def _saved_whole(self) -> set[int]:
        """Numbers of the stages whose arrays are saved: the present one, then the newest."""
        whole: set[int] = set()
        room = MAX_SAVED_BYTES
        for stage in sorted(self.stages, key=lambda s: (s.number != self.cursor, -s.number)):
            size = 0
            if stage.candidates is not None and not stage.candidates.is_all:
                size = stage.after * 4 * (1 + len(stage.scores))
            if stage.candidates is None or (size and stage.after > MAX_SAVED_ROWS):
                continue
            if size <= room:
                whole.add(stage.number)
                room -= size
        return whole

    @classmethod
    def from_bytes(cls, blob: bytes) -> CandidateBus:
        """Read what `to_bytes` gave; stages kept as recipes have no candidates until replayed.

        Raises:
            ValueError: it is no bus.
        """
        try:
            with np.load(io.BytesIO(blob), allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
            head = json.loads(arrays["head"].tobytes())
            if head["schema"] != "recagent.bus/1":
                raise ValueError("unknown schema")
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"not a saved bus: {error}") from error
        n_items = int(head["n_items"])
        stages = []
        for number, meta in enumerate(head["stages"]):
            candidates: RowSet | None = None
            order: Rows | None = None
            if meta["kind"] == "all":
                candidates = RowSet.all(n_items)
            elif meta["kind"] == "rows":
                rows = arrays[f"{number}.rows"].astype(np.int32)
                candidates = RowSet.of_rows(rows, n_items)
                order = rows if meta["ordered"] else None
            stages.append(
                Stage(
                    number,
                    meta["tool"],
                    meta["arguments"],
                    candidates,
                    order,
                    {name: arrays[f"{number}.score.{name}"] for name in meta["scores"]},
                    meta["before"],
                    meta["after"],
                    meta["ms"],
                    meta["note"],
                    meta["parent"],
                )
            )
        return cls(
            n_items,
            head["fingerprint"],
            stages,
            list(head["undone"]),
            head["cursor"],
            dict(head["saved"]),
        )
