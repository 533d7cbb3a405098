"""Makes the candidates of stages again that kept only their recipe.

A recipe of sets is followed by the bus itself. A tool is run again on the stage before, with its
arguments and with what was known when it ran: the person's likes, wishes and history of then, not
of now. The stage is filled in only where as many candidates come out as then, and where the models
are those of then.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from recagent_catalogs.errors import ToolError

from .bus import CandidateBus, Stage
from .bus_copy import at_stage
from .tastes import lasting_tastes
from .together import company_then, situation_with
from .toolbox import EmptyProfile, Toolbox, ToolContext

WITHOUT_MODELS = ("filter", "candidates", "personal")
"""Tools that make the same of the same candidates, whatever was learnt since."""


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
    for each in _needed(bus, bus.cursor if number is None else number):
        stage = bus.stages[each]
        parent = None if stage.parent is None else bus.stages[stage.parent]
        again = _again(stage, parent, bus, toolbox, context)
        if again is None:
            return False
        bus.stages[each] = again
    return True


def _needed(bus: CandidateBus, number: int) -> list[int]:
    """Numbers of the stages to be made for one, it among them, each after those it is made of."""
    found: set[int] = set()
    waiting: list[int | None] = [number]
    while waiting:
        at = waiting.pop()
        if at is None or at in found or bus.stages[at].candidates is not None:
            continue
        found.add(at)
        recipe = bus.stages[at].recipe
        waiting += [bus.stages[at].parent, None if recipe is None else recipe.stage]
    return sorted(found)


def _again(
    stage: Stage, parent: Stage | None, bus: CandidateBus, toolbox: Toolbox, context: ToolContext
) -> Stage | None:
    """The stage with its candidates; None where the recipe does not give as many as then."""
    if stage.tool == "start":
        return replace(stage, candidates=bus.everything, after=bus.everything.count)
    if parent is None:
        return None
    if stage.recipe is not None:
        try:
            candidates, order, scores = bus.follow(stage.recipe, parent)
        except (ToolError, ValueError):
            return None
    else:
        trial = at_stage(bus, parent.number)  # with its path: a ranking asks what was asked for
        known = situation_of(context, stage, bus)
        if known is None or not _same_models(context, stage, bus):
            return None
        ran = toolbox.run(stage.tool, dict(stage.arguments), replace(known, bus=trial))
        if ran.error or trial.now.candidates is None:
            return None
        candidates, order, scores = trial.candidates, trial.now.order, trial.now.scores
    made = replace(stage, candidates=candidates, order=order, scores=dict(scores))
    if bus.law is not None:  # it may hold since that stage was made, and takes some of it
        made = bus.law.kept(replace(made, after=candidates.count))
        return made if made.after <= stage.after else None
    return made if candidates.count == stage.after else None


def situation(context: ToolContext) -> str:
    """What a tool may know of the person beside its arguments, as a JSON text."""
    told = {
        "build": _build(context),
        "user": context.user,
        "liked": [int(row) for row in context.liked],
        "disliked": [int(row) for row in context.disliked],
        "wishes": [list(wish) for wish in context.wishes],
        "profile": {
            "liked": [int(row) for row in context.profile.liked],
            "disliked": [int(row) for row in context.profile.disliked],
            "seen": [int(row) for row in context.profile.seen],
            "wishes": [[c, v, round(w, 4)] for c, v, w in lasting_tastes(context)],
            "ratings": [[int(row), value] for row, value in context.profile.ratings.items()],
        },
    }
    if context.seen_too:
        told["seen_too"] = True
    if context.company is not None:
        told["with"] = situation_with(context.company)
    return json.dumps(told, separators=(",", ":"))


def _build(context: ToolContext) -> str:
    """The name of the models' build; "" where there is none."""
    return str((context.engine.manifest or {}).get("build", ""))


def _same_models(context: ToolContext, stage: Stage, bus: CandidateBus) -> bool:
    """Whether the stage's tool would ask the models that it asked then, or asks none.

    Other models choose as many candidates, but others.
    """
    if stage.inputs is None or stage.tool in WITHOUT_MODELS:
        return True
    known = json.loads(bus.inputs[stage.inputs])
    return bool(known.get("build") == _build(context))


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
        stated=[],
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
        company = company_then(told["with"], context) if told.get("with") else None
        if told.get("with") and company is None:
            return None  # others than then would choose others
        return replace(
            fresh,
            company=company,
            user=told["user"],
            liked=[int(row) for row in told["liked"]],
            disliked=[int(row) for row in told["disliked"]],
            wishes=[(str(c), str(value), float(weight)) for c, value, weight in told["wishes"]],
            profile=EmptyProfile(
                liked=[int(row) for row in person["liked"]],
                disliked=[int(row) for row in person["disliked"]],
                seen=[int(row) for row in person["seen"]],
                wishes=[(str(c), str(v), float(w)) for c, v, w in person.get("wishes", [])],
                # not kept by an earlier version, whose tools did not go by them
                ratings={int(row): float(value) for row, value in person.get("ratings", ())},
            ),
            seen_too=bool(told.get("seen_too", False)),
        )
    except (ValueError, TypeError, KeyError, RecursionError):  # a file that somebody wrote
        return None
