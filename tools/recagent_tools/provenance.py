"""The stages whose work the candidates of a bus are, wherever they were made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .stages import Stage

if TYPE_CHECKING:
    from .bus import CandidateBus


def provenance(stages: Sequence[Stage], number: int) -> list[Stage]:
    """The stages that made what a stage holds, from the beginning on.

    As the path to it, but for what put another set in the place of the candidates: that set's own
    stages come before it then, or nothing but the whole catalog where it is a set of rows. What was
    done before is no part of it.

    Args:
        stages: of the bus, by number.
        number: of the stage.
    """
    steps = [stages[number]]
    while (parent := steps[-1].parent) is not None:
        recipe = steps[-1].recipe
        if recipe is None or recipe.op != "load":
            steps.append(stages[parent])
        elif recipe.stage is not None and recipe.stage < steps[-1].number:
            steps.append(stages[recipe.stage])
        else:
            root = stages[parent]
            while root.parent is not None:
                root = stages[root.parent]
            steps.append(root)
    return steps[::-1]


def made_again(bus: CandidateBus) -> list[Stage]:
    """The stages that made the present candidates, those made again that kept only a recipe.

    What cannot be made again stays without its candidates.
    """
    for stage in provenance(bus.stages, bus.cursor):
        if stage.candidates is None and bus.remake is not None:
            bus.remake(stage.number)
    return provenance(bus.stages, bus.cursor)
