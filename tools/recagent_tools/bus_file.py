"""A candidate bus as bytes: small stages whole, large ones as their recipes; never over 5 MB.

An npz archive without pickles: `head` (JSON in UTF-8), and three pools that it points into, `rows`
(int32), `scores` (float32) and `lists` (int32). What is most likely needed again is kept first: the
present stage, the named sets, the stages that lists were shown of, then the newest. A stage without
room for its rows keeps its recipe; when even the recipes get too many, the oldest are forgotten.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bus import CandidateBus, Recipe, Stage
from .bus_reader import read_bus

SCHEMA = "recagent.bus/2"
MAX_SAVED_ROWS = 100_000
"""A stage with more candidates is saved as its recipe only."""
MAX_SAVED_BYTES = 3_400_000
"""Rows and scores of stages and recipes."""
MAX_LIST_BYTES = 600_000
"""Rows of the lists shown, newest first; of the others only the number is left."""
MAX_HEAD_BYTES = 700_000
"""The head, compressed."""
MAX_ARGUMENTS = 20_000
"""Characters of a stage's arguments, and of what was known when it was made (ten times as many)."""
MAX_PLACES = 1_000
"""Places that undo and redo go to."""


class _Pool:
    """Arrays of one kind behind each other; equal ones stand there once."""

    def __init__(self, dtype: type[np.generic]) -> None:
        self._dtype = np.dtype(dtype)
        self._known: dict[bytes, list[int]] = {}
        self._length = 0

    def size_of(self, array: NDArray[Any]) -> int:
        """Bytes that adding it would take."""
        raw = np.ascontiguousarray(array, dtype=self._dtype).tobytes()
        return 0 if raw in self._known else len(raw)

    def add(self, array: NDArray[Any]) -> list[int]:
        """Its place: [offset, length]."""
        raw = np.ascontiguousarray(array, dtype=self._dtype).tobytes()
        if raw not in self._known:
            length = len(raw) // self._dtype.itemsize
            self._known[raw] = [self._length, length]
            self._length += length
        return self._known[raw]

    def array(self) -> NDArray[Any]:
        """All of them."""
        return np.frombuffer(b"".join(self._known), dtype=self._dtype)


def bus_to_bytes(bus: CandidateBus) -> bytes:
    """The bus as an npz archive, under 5,000,000 bytes."""
    lists = _Pool(np.int32)
    kept_lists = _lists(bus, lists)
    numbers = list(_by_need(bus))
    many = len(numbers)
    while True:
        rows, scores = _Pool(np.int32), _Pool(np.float32)
        head = {
            "schema": SCHEMA,
            "n_items": bus.n_items,
            "fingerprint": bus.fingerprint,
            "cursor": bus.cursor,
            "standing": bus.standing if bus.standing and kept_lists[bus.standing - 1][1] else 0,
            "lists": kept_lists,
            "done": bus.done[-MAX_PLACES:],
            "undone": bus.undone[-MAX_PLACES:],
            "saved": bus.saved,
            **_stages(bus, numbers[:many], rows, scores),
        }
        text = json.dumps(head, separators=(",", ":"), ensure_ascii=False).encode()
        if many <= 1 or len(zlib.compress(text, 1)) <= MAX_HEAD_BYTES:
            break
        many //= 2
    return _archive(
        head=np.frombuffer(text, dtype=np.uint8),
        rows=rows.array(),
        scores=scores.array(),
        lists=lists.array(),
    )


def _archive(**arrays: NDArray[Any]) -> bytes:
    """An npz archive; packed lightly, as rows and scores hardly get smaller by more effort."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as file:
                np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def _by_need(bus: CandidateBus) -> Iterator[int]:
    """Numbers of all stages, the most needed first."""
    needed = [
        bus.cursor,
        *bus.saved.values(),
        *(shown.stage for shown in reversed(bus.lists)),
        *range(len(bus.stages) - 1, -1, -1),
    ]
    return iter(dict.fromkeys(needed))


def _lists(bus: CandidateBus, pool: _Pool) -> list[list[Any]]:
    """Stage and place in the pool of each list; null for the rows of one that found no room."""
    room = MAX_LIST_BYTES
    kept: dict[int, list[int]] = {}
    for shown in sorted(bus.lists, key=lambda s: (s.number != bus.standing, -s.number)):
        rows = np.asarray(shown.rows, dtype=np.int32)
        size = pool.size_of(rows)
        if size <= room and len(rows):
            kept[shown.number] = pool.add(rows)
            room -= size
    return [[shown.stage, kept.get(shown.number)] for shown in bus.lists]


def _stages(
    bus: CandidateBus, numbers: Sequence[int], rows: _Pool, scores: _Pool
) -> dict[str, list[Any]]:
    """The stages of these numbers, null for the others, and the inputs that they point to."""
    room = MAX_SAVED_BYTES
    stages: list[dict[str, Any] | None] = [None] * len(bus.stages)
    inputs: list[str] = []
    for number in numbers:
        stage = bus.stages[number]
        meta = _told(stage)
        arguments = json.dumps(stage.arguments, ensure_ascii=False, default=str)
        fits = len(arguments) <= MAX_ARGUMENTS
        meta["arguments"] = json.loads(arguments) if fits else {}
        known = "" if stage.inputs is None else bus.inputs[stage.inputs]
        if stage.recipe is None and (not fits or len(known) > 10 * MAX_ARGUMENTS):
            known, meta["inputs"] = "", -1
        elif known:
            if known not in inputs:
                inputs.append(known)
            meta["inputs"] = inputs.index(known)
        room -= _add_recipe(stage.recipe, meta, rows, room)
        room -= _add_rows(stage, meta, rows, scores, room)
        stages[number] = meta
    return {"stages": stages, "inputs": inputs}


def _told(stage: Stage) -> dict[str, Any]:
    """What is small of a stage; what is as usual is left out."""
    told: dict[str, Any] = {
        "tool": stage.tool,
        "kind": "recipe",
        "before": stage.before,
        "after": stage.after,
        "ms": round(stage.ms, 3),
        "note": stage.note,
        "parent": stage.parent,
    }
    return told | ({"sorts": True} if stage.sorts else {})


def _add_recipe(recipe: Recipe | None, meta: dict[str, Any], rows: _Pool, room: int) -> int:
    """Write the recipe where there is room; how many bytes it took."""
    if recipe is None:
        return 0
    if recipe.stage is not None:
        meta["recipe"] = {"op": recipe.op, "stage": recipe.stage}
        return 0
    size = rows.size_of(recipe.rows)
    if size > room:
        meta["inputs"] = -1
        return 0
    meta["recipe"] = {"op": recipe.op, "rows": rows.add(recipe.rows)}
    return size


def _add_rows(stage: Stage, meta: dict[str, Any], rows: _Pool, scores: _Pool, room: int) -> int:
    """Write the stage's candidates where there is room; how many bytes they took."""
    if stage.candidates is None:
        return 0
    if stage.candidates.is_all and stage.order is None and not stage.scores:
        meta["kind"] = "all"
        return 0
    if stage.after > MAX_SAVED_ROWS or stage.after * 4 * (1 + len(stage.scores)) > room:
        return 0
    own = stage.rows()
    size = rows.size_of(own) + sum(scores.size_of(column) for column in stage.scores.values())
    meta["kind"], meta["ordered"] = "rows", stage.order is not None
    meta["rows"] = rows.add(own)
    meta["scores"] = {name: scores.add(column) for name, column in stage.scores.items()}
    return size


def bus_from_bytes(blob: bytes, n_items: int | None = None) -> CandidateBus:
    """Read what `bus_to_bytes` gave; stages kept as recipes have no candidates until replayed.

    The schema before (`recagent.bus/1`, without lists) is read too.

    Args:
        blob: the bytes, from anybody.
        n_items: of the catalog; None takes what the file says.

    Raises:
        ValueError: it is no bus, it is damaged, or it is of another catalog.
    """
    try:
        return read_bus(blob, n_items)
    except Exception as error:  # whatever the bytes are, they are no bus
        raise ValueError(f"not a saved bus: {type(error).__name__}: {error}") from error
