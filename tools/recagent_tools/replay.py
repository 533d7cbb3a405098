"""Makes the candidates of a stage again that kept only its recipe."""

from __future__ import annotations

from dataclasses import replace

from .bus import CandidateBus
from .toolbox import Toolbox, ToolContext


def replay(bus: CandidateBus, toolbox: Toolbox, context: ToolContext) -> bool:
    """Fill in the present stage from the nearest kept one before it, by running its tools again.

    Returns:
        Whether it worked; where a tool fails now (the data have changed), the stage stays as it is.
    """
    path = bus.path()
    kept = max((n for n, stage in enumerate(path) if stage.candidates is not None), default=None)
    if kept is None:
        return False
    trial = CandidateBus(bus.n_items, bus.fingerprint, [replace(path[kept], number=0, parent=None)])
    run_in = replace(context, bus=trial)
    for stage in path[kept + 1 :]:
        if stage.tool == "start":
            trial.start()
        elif toolbox.run(stage.tool, dict(stage.arguments), run_in).error:
            return False
        bus.stages[stage.number] = replace(
            stage,
            candidates=trial.candidates,
            order=trial.now.order,
            scores=dict(trial.scores()),
            after=len(trial),
        )
    return True
