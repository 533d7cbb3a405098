"""Reads a saved bus from bytes that anybody may have written: every number is checked.

Nothing is allocated before it is known to be no larger than the file may hold.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Floats, Rows
from recagent_catalogs.text import clean

from .bus import CandidateBus, Combine, Place, Recipe, ShownList, Stage
from .rowset import RowSet

FIRST, SECOND = "recagent.bus/1", "recagent.bus/2"
MAX_UNPACKED = 64_000_000
"""Bytes of all arrays: the first schema's head was not limited."""
MAX_LIST_ROWS = 1_000_000
"""Rows of all lists, which become objects."""
MAX_ITEMS = 2**31 - 1
Array = NDArray[Any]


def read_bus(blob: bytes, n_items: int | None) -> CandidateBus:
    """The bus; raises ValueError, or whatever else the bytes provoke."""
    arrays = _arrays(blob)
    head = json.loads(arrays["head"].tobytes())
    if head["schema"] not in (FIRST, SECOND):
        raise ValueError("unknown schema")
    items = _between(head["n_items"], 0, MAX_ITEMS)
    if n_items is not None and items != n_items:
        raise ValueError(f"of {items:,} items, the catalog has {n_items:,}")
    reader = _Reader(head, arrays, items, head["schema"] == FIRST)
    return reader.bus()


def _arrays(blob: bytes) -> dict[str, Array]:
    """The archive's arrays, each one-dimensional, of a plain type and as long as it says."""
    arrays: dict[str, Array] = {}
    with zipfile.ZipFile(io.BytesIO(blob)) as archive:
        infos = archive.infolist()
        if sum(info.file_size for info in infos) > MAX_UNPACKED:
            raise ValueError("too large")
        for info in infos:
            with archive.open(info) as file:
                raw = io.BytesIO(file.read(info.file_size))
            version = np.lib.format.read_magic(raw)
            if version != (1, 0):
                raise ValueError("unknown array format")
            shape, _, dtype = np.lib.format.read_array_header_1_0(raw)
            body = raw.read()
            if dtype not in (np.dtype("<i4"), np.dtype("<f4"), np.dtype("u1")) or len(shape) != 1:
                raise ValueError("unknown array type")
            if shape[0] * dtype.itemsize != len(body):
                raise ValueError("an array of another length")
            arrays[info.filename.removesuffix(".npy")] = np.frombuffer(body, dtype=dtype)
    return arrays


def _between(value: Any, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{str(value)[:40]} is not between {low} and {high}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")
    return value


@dataclass(frozen=True)
class _Part:
    """Rows of the catalog, each once: int32 in their order, and as a set."""

    rows: Rows
    as_set: RowSet

    @cached_property
    def ascending(self) -> bool:
        return bool(np.all(self.rows[1:] > self.rows[:-1]))

    @cached_property
    def told(self) -> tuple[int, ...]:
        return tuple(self.rows.tolist())


@dataclass
class _Reader:
    """One file's head and arrays."""

    head: Mapping[str, Any]
    arrays: Mapping[str, Array]
    n_items: int
    first: bool
    _known: dict[tuple[str, int, int], _Part] = field(default_factory=dict)
    _unpacked: dict[str, int] = field(default_factory=dict)

    def bus(self) -> CandidateBus:
        head = self.head
        metas = head["stages"]
        if not isinstance(metas, list) or not metas:
            raise ValueError("no stages")
        inputs = [_text(text) for text in head.get("inputs", [])]
        # Of a stage that points nowhere it is not known what it was made with.
        n_known = len(inputs)
        inputs.append("")
        stages = [self._stage(number, meta, n_known) for number, meta in enumerate(metas)]
        last = len(stages) - 1
        lists = [] if self.first else self._lists(last)
        cursor = _between(head["cursor"], 0, last)
        saved = {
            clean(_text(name), 60): _between(at, 0, last) for name, at in head["saved"].items()
        }
        bus = CandidateBus(
            self.n_items,
            _text(head["fingerprint"]),
            stages,
            lists,
            cursor,
            saved=saved,
            inputs=inputs,
        )
        if self.first:  # undo went along the path, and redo is lost
            bus.done = [(stage.number, 0) for stage in bus.path()[:-1]]
            return bus
        bus.standing = _between(head["standing"], 0, len(lists))
        if bus.standing and not bus.shown:
            raise ValueError("the list that stands is not there")
        bus.done = [self._place(place, last, lists) for place in head["done"]]
        bus.undone = [self._place(place, last, lists) for place in head["undone"]]
        return bus

    @staticmethod
    def _place(place: Any, last: int, lists: list[ShownList]) -> Place:
        cursor, standing = place
        number = _between(standing, 0, len(lists))
        # A list whose rows found no room cannot stand again.
        kept = number if number and lists[number - 1].rows else 0
        return _between(cursor, 0, last), kept

    def _lists(self, last: int) -> list[ShownList]:
        if len(self.arrays["lists"]) > MAX_LIST_ROWS:
            raise ValueError("lists too large")
        lists = []
        for number, (stage, place) in enumerate(self.head["lists"], 1):
            rows = () if place is None else self._rows("lists", place).told
            lists.append(ShownList(number, _between(stage, 0, last), rows))
        return lists

    def _part(self, pool: str, place: Any) -> Array:
        """A part of a pool."""
        offset, length = place
        array = self.arrays[pool]
        _between(offset, 0, len(array))
        return array[offset : offset + _between(length, 0, len(array) - offset)]

    def _rows(self, pool: str, place: Any) -> _Part:
        """A part of a pool, made once for all that point to it.

        In a pool equal arrays stand once and none overlap: more in sum than the pool holds is no
        saved bus, and would take more memory than the file.
        """
        rows = self._part(pool, place)
        key = (pool, place[0], place[1])
        if key not in self._known:
            self._unpacked[pool] = self._unpacked.get(pool, 0) + len(rows)
            if self._unpacked[pool] > len(self.arrays[pool]):
                raise ValueError("parts that overlap")
            self._known[key] = self._checked(rows)
        return self._known[key]

    def _checked(self, rows: Array) -> _Part:
        """Rows of the catalog, each once."""
        if rows.dtype != np.int32:
            raise ValueError("rows that are none")
        as_set = RowSet.of_rows(rows, self.n_items)
        if as_set.count != len(rows):
            raise ValueError("rows that are none, or twice")
        return _Part(rows, as_set)

    def _stage(self, number: int, meta: Any, n_inputs: int) -> Stage:
        if meta is None:  # forgotten: as if all had begun here
            count = self.n_items
            return Stage(number, "forgotten", {}, None, None, {}, count, count, inputs=n_inputs)
        parent = meta["parent"]
        arguments = meta["arguments"]
        if not isinstance(arguments, dict):
            raise ValueError("arguments that are none")
        candidates, order, scores = self._candidates(number, meta)
        after = _between(meta["after"], 0, self.n_items)
        if candidates is not None and candidates.count != after:
            raise ValueError("a stage of another length")
        ms = float(meta["ms"])
        at = meta.get("inputs")
        return Stage(
            number,
            clean(_text(meta["tool"]), 60),
            arguments,
            candidates,
            order,
            scores,
            _between(meta["before"], 0, self.n_items),
            after,
            ms if math.isfinite(ms) else 0.0,
            clean(_text(meta["note"]), 200),
            None if parent is None else _between(parent, 0, number - 1),
            self._recipe(number, meta.get("recipe")),
            None if at is None else n_inputs if at == -1 else _between(at, 0, n_inputs - 1),
            meta.get("sorts") is True,
        )

    def _recipe(self, number: int, told: Any) -> Recipe | None:
        if told is None:
            return None
        op = told["op"]
        if op not in (*get_args(Combine), "first"):
            raise ValueError("an unknown recipe")
        if "stage" in told and op != "first":
            return Recipe(op, stage=_between(told["stage"], 0, number - 1))
        return Recipe(op, self._rows("rows", told["rows"]).rows)

    def _candidates(
        self, number: int, meta: Mapping[str, Any]
    ) -> tuple[RowSet | None, Rows | None, dict[str, Floats]]:
        """The set, its order, its scores."""
        if meta["kind"] == "all":
            return RowSet.all(self.n_items), None, {}
        if meta["kind"] != "rows":
            return None, None, {}
        if self.first:
            part = self._checked(self.arrays[f"{number}.rows"])
            columns = {name: self.arrays[f"{number}.score.{name}"] for name in meta["scores"]}
        else:
            part = self._rows("rows", meta["rows"])
            told = meta["scores"].items()
            columns = {_text(name): self._part("scores", place) for name, place in told}
        for column in columns.values():
            if column.dtype != np.float32 or len(column) != len(part.rows):
                raise ValueError("scores of another length or type")
        ordered = meta["ordered"] is True
        if not ordered and not part.ascending:
            raise ValueError("rows out of order")
        return part.as_set, part.rows if ordered else None, columns
