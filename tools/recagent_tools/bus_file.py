"""A candidate bus as bytes: small stages whole, large ones as their recipes."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.interactions import Rows

from .bus import CandidateBus, ShownList, Stage
from .rowset import RowSet

SCHEMA = "recagent.bus/2"
MAX_SAVED_ROWS = 100_000
"""A stage with more candidates is saved as its recipe only."""
MAX_SAVED_BYTES = 4_000_000
"""Arrays of a saved bus, newest stages first; the others are saved as recipes."""


def bus_to_bytes(bus: CandidateBus) -> bytes:
    """The bus as an npz archive without pickles: small stages whole, large ones as recipes."""
    arrays: dict[str, NDArray[Any]] = {}
    meta: list[dict[str, Any]] = []
    whole = _saved_whole(bus)
    for stage in bus.stages:
        kept = stage.number in whole
        kind = "recipe"
        if kept and _is_plain(stage):
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
        "schema": SCHEMA,
        "n_items": bus.n_items,
        "fingerprint": bus.fingerprint,
        "cursor": bus.cursor,
        "standing": bus.standing,
        "lists": [[shown.stage, shown.rows] for shown in bus.lists],
        "done": bus.done,
        "undone": bus.undone,
        "saved": bus.saved,
        "stages": meta,
    }
    arrays["head"] = np.frombuffer(json.dumps(head).encode(), dtype=np.uint8)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def _saved_whole(bus: CandidateBus) -> set[int]:
    """Numbers of the stages whose arrays are saved: the present one, then the newest."""
    whole: set[int] = set()
    room = MAX_SAVED_BYTES
    for stage in sorted(bus.stages, key=lambda s: (s.number != bus.cursor, -s.number)):
        size = 0
        if not _is_plain(stage):
            size = stage.after * 4 * (1 + len(stage.scores))
        if stage.candidates is None or (size and stage.after > MAX_SAVED_ROWS):
            continue
        if size <= room:
            whole.add(stage.number)
            room -= size
    return whole


def _is_plain(stage: Stage) -> bool:
    """Whether it is the whole catalog and no more: without an order, without scores."""
    whole = stage.candidates is not None and stage.candidates.is_all
    return whole and stage.order is None and not stage.scores


def bus_from_bytes(blob: bytes) -> CandidateBus:
    """Read what `bus_to_bytes` gave; stages kept as recipes have no candidates until replayed.

    Raises:
        ValueError: it is no bus.
    """
    try:
        with np.load(io.BytesIO(blob), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        head = json.loads(arrays["head"].tobytes())
        if head["schema"] != SCHEMA:
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
    return CandidateBus(
        n_items,
        head["fingerprint"],
        stages,
        [ShownList(n, stage, tuple(rows)) for n, (stage, rows) in enumerate(head["lists"], 1)],
        head["cursor"],
        head["standing"],
        [(cursor, standing) for cursor, standing in head["done"]],
        [(cursor, standing) for cursor, standing in head["undone"]],
        dict(head["saved"]),
    )
