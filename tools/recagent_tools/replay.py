"""Makes the candidates of stages again that kept only their recipe.

A recipe of sets is followed by the bus itself. A tool is run again on the stage before, with its
arguments and with what was known when it ran: the person's likes, wishes and history of then, not
of now. The stage is filled in only where as many candidates come out as then.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from recagent_catalogs.errors import ToolError

from .bus import CandidateBus, Stage
from .rowset import RowSet
from .toolbox import EmptyProfile, Toolbox, ToolContext


def replay(
    bus: CandidateBus, toolbox: Toolbox, context: ToolContext, number: int | None = None
) -> bool:
    """Fill in a stage and all before it on its path.

    Args:
        bus: its history.
        toolbox: the tools that made the stages.
        context: its catalog and engine; what was known of the person comes from the stages.
        number: of the stage; the present one where None.

    Returns:
        Whether it worked; where it does not (the models or a plug-in have changed) the stages stay
        as they are.
    """
    path = bus.path(number)
    kept = max((n for n, stage in enumerate(path) if stage.candidates is not None), default=-1)
    made: Stage | None = path[kept] if kept >= 0 else None
    for stage in path[kept + 1 :]:
        again = _again(stage, made, bus, toolbox, context)
        if again is None:
            return False
        made = bus.stages[stage.number] = again
    return True


def _again(
    stage: Stage, parent: Stage | None, bus: CandidateBus, toolbox: Toolbox, context: ToolContext
) -> Stage | None:
    """The stage with its candidates; None where the recipe does not give as many as then."""
    if stage.tool == "start":
        return replace(stage, candidates=RowSet.all(bus.n_items))
    if parent is None:
        return None
    if stage.recipe is not None:
        try:
            candidates, order, scores = bus.follow(stage.recipe, parent)
        except (ToolError, ValueError):
            return None
    else:
        trial = CandidateBus(bus.n_items, bus.fingerprint, [replace(parent, number=0, parent=None)])
        known = situation_of(context, stage, bus)
        if known is None:
            return None
        ran = toolbox.run(stage.tool, dict(stage.arguments), replace(known, bus=trial))
        if ran.error or trial.now.candidates is None:
            return None
        candidates, order, scores = trial.candidates, trial.now.order, trial.now.scores
    if candidates.count != stage.after:
        return None
    return replace(stage, candidates=candidates, order=order, scores=dict(scores))


def situation(context: ToolContext) -> str:
    """What a tool may know of the person beside its arguments, as a JSON text."""
    told = {
        "user": context.user,
        "liked": [int(row) for row in context.liked],
        "disliked": [int(row) for row in context.disliked],
        "wishes": [list(wish) for wish in context.wishes],
        "profile": {
            "liked": [int(row) for row in context.profile.liked],
            "disliked": [int(row) for row in context.profile.disliked],
            "seen": [int(row) for row in context.profile.seen],
        },
    }
    return json.dumps(told, separators=(",", ":"))


def situation_of(context: ToolContext, stage: Stage, bus: CandidateBus) -> ToolContext | None:
    """The context in which the stage's tool ran; None where that was not kept.

    A stage of a bus that noted no situations gets the context given.
    """
    fresh = replace(
        context,
        notices=[],
        liked=list(context.liked),
        disliked=list(context.disliked),
        reasons={},
        remembered=[],
        weights={},  # they stand in the arguments of `rank`
        rng=np.random.default_rng(0),
    )
    if stage.inputs is None:
        return fresh
    text = bus.inputs[stage.inputs]
    if not text:
        return None
    try:
        told: Mapping[str, Any] = json.loads(text)
        person = told["profile"]
        return replace(
            fresh,
            user=told["user"],
            liked=[int(row) for row in told["liked"]],
            disliked=[int(row) for row in told["disliked"]],
            wishes=[(str(c), str(value), float(weight)) for c, value, weight in told["wishes"]],
            profile=EmptyProfile(
                liked=[int(row) for row in person["liked"]],
                disliked=[int(row) for row in person["disliked"]],
                seen=[int(row) for row in person["seen"]],
            ),
        )
    except (ValueError, TypeError, KeyError, RecursionError):  # a file that somebody wrote
        return None
