"""A copy of a candidate bus, which may stand elsewhere: what is done on it leaves the bus alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .bus import CandidateBus


def copy_of(bus: CandidateBus) -> CandidateBus:
    """A bus of its own with the same history, at the same place, with nothing to undo."""
    known = len(bus.stages)

    def remake(stage: int) -> bool:
        made = bus.remake is not None and stage < known and bus.remake(stage)
        other.stages[:known] = bus.stages[:known]
        return made

    other = replace(
        bus,
        stages=list(bus.stages),
        lists=list(bus.lists),
        done=[],
        undone=[],
        saved=dict(bus.saved),
        inputs=list(bus.inputs),
        remake=remake,
    )
    return other


def at_stage(bus: CandidateBus, stage: int, standing: int = 0) -> CandidateBus:
    """A copy that stands at the stage of that number, and at a list where one is given."""
    other = copy_of(bus)
    other.cursor, other.standing = stage, standing
    return other
