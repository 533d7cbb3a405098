"""What differs between two places of a bus: items added, gone and moved, and the conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recagent_catalogs.interactions import Rows

from .bus import CandidateBus
from .stages import Stage


@dataclass(frozen=True)
class Difference:
    """How one list or set differs from an earlier one.

    Attributes:
        added: rows of now that were not there then, int32, in the order of now.
        gone: rows of then that are not there now, int32, in the order of then.
        moved: (row, place then, place now), places from 1; empty where one has no order.
        only_now, only_then: what the paths' stages did, as the funnel words it, that the other's
            did not.
    """

    added: Rows
    gone: Rows
    moved: tuple[tuple[int, int, int], ...]
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
    moved: list[tuple[int, int, int]] = []
    if ordered:
        kept_now, kept_then = present[stays], past[stayed]
        differs = kept_now != kept_then
        place_now = np.flatnonzero(stays)[differs] + 1
        place_then = np.flatnonzero(stayed)[differs] + 1
        before = dict(zip(kept_then[differs].tolist(), place_then.tolist(), strict=True))
        moved = [
            (row, before[row], place)
            for row, place in zip(kept_now[differs].tolist(), place_now.tolist(), strict=True)
            if before[row] != place
        ]
    did_now, did_then = _done_on(path_now), _done_on(path_then)
    return Difference(
        present[~stays],
        past[~stayed],
        tuple(moved),
        tuple(text for text in did_now if text not in did_then),
        tuple(text for text in did_then if text not in did_now),
    )


def _done_on(path: Sequence[Stage]) -> list[str]:
    """What the stages of a path did to the candidates, each once: conditions as they stand."""
    done: list[str] = []
    for stage in path:
        if stage.recipe is not None and stage.arguments.get("op") == "save":
            continue  # a name changes nothing
        where = stage.arguments.get("where") if stage.tool == "filter" else None
        texts = [str(text) for text in where] if isinstance(where, list) else [stage.note]
        done.extend(text for text in texts if text)
    return list(dict.fromkeys(done))


def path_of_list(bus: CandidateBus, number: int) -> list[Stage]:
    """The stages that led to a list; none for list 0."""
    return bus.path(bus.list_at(number).stage) if number else []
