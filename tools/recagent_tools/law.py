"""Keeps a candidate bus to the rules that hold: nothing they keep out is in any of its stages.

The first stage of a bus is then what the rules allow, so that no step back, no set and no list of
before leads beyond it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .rowset import RowSet
from .stages import Place, ShownList, Stage, order_within

if TYPE_CHECKING:
    from .bus import CandidateBus


@dataclass(frozen=True, eq=False)
class Law:
    """What rules allow.

    Attributes:
        hidden: bool [n_items], true for what they keep out.
        allowed: the rest.
        note: what the funnel calls them: "rule kids".
    """

    hidden: NDArray[np.bool_]
    allowed: RowSet
    note: str

    @classmethod
    def of(cls, hidden: NDArray[np.bool_], names: Sequence[str]) -> Law:
        """The law of rules of these names, which together keep out what `hidden` says."""
        note = f"rule{'s' * (len(names) > 1)} {' and '.join(names)}"
        return cls(hidden, RowSet.of_mask(~hidden), note)

    def kept(self, stage: Stage) -> Stage:
        """A stage without what is kept out."""
        if stage.candidates is None:
            return stage
        if stage.tool == "start":
            after = self.allowed.count
            return replace(stage, candidates=self.allowed, after=after, note=self.note)
        inside = stage.candidates & self.allowed
        if inside.count == stage.after:
            return stage
        order, scores = order_within(stage, inside)
        return replace(stage, candidates=inside, order=order, scores=scores, after=inside.count)


def put_under(bus: CandidateBus, law: Law | None) -> None:
    """Let a law hold on a bus from now on, in its whole history; None is none.

    What a law before took from lists and sets does not come back.
    """
    bus.law = law
    for number, stage in enumerate(bus.stages):
        if law is not None:
            bus.stages[number] = law.kept(stage)
        elif stage.tool == "start" and stage.candidates is not None:
            everything = RowSet.all(bus.n_items)
            bus.stages[number] = replace(
                stage, candidates=everything, after=everything.count, note=""
            )
    if law is None:
        return
    bus.lists[:] = [_without(shown, law) for shown in bus.lists]
    bus.done = [_place(place, bus.lists) for place in bus.done]
    bus.undone = [_place(place, bus.lists) for place in bus.undone]
    bus.cursor, bus.standing = _place(bus.place, bus.lists)


def _without(shown: ShownList, law: Law) -> ShownList:
    rows = tuple(row for row in shown.rows if not law.hidden[row])
    return shown if len(rows) == len(shown.rows) else replace(shown, rows=rows)


def _place(place: Place, lists: Sequence[ShownList]) -> Place:
    """A list of which nothing is left cannot stand."""
    cursor, standing = place
    return cursor, standing if standing and lists[standing - 1].rows else 0
