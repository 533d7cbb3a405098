"""What was tried in a turn, told to the model in few words: dead ends are to be seen, not run into.

After self-inspiring planning (RecMind: Wang et al., 2023): at every step the model sees also those
paths of the turn that it has left. Most of the time they stand in its own calls and their results;
this is for where these were shortened, or where it has to find another way.
"""

from __future__ import annotations

import json

from recagent_catalogs.errors import ToolError
from recagent_catalogs.text import clean
from recagent_prompts import render
from recagent_tools.filter import relaxation_report

from .brain import Observation, TurnView

MOST_TOLD = 12
CALL_CHARS = 120
REPORT_CHARS = 1_200
DEAD_ENDS = 2
"""After so many results without a candidate the ways out are counted for the model."""


def tried(view: TurnView) -> str:
    """The calls of this turn with the candidates before and after each; "" where none ran."""
    changing = {tool.name for tool in view.tools if tool.changes_bus}
    changing |= {o.call.name for o in _ran(view) if o.before != o.after}
    counts: dict[tuple[str, str], int] = {}
    for observation in _ran(view):
        key = _told(observation), _came(observation, observation.call.name in changing)
        counts[key] = counts.get(key, 0) + 1
    if not counts:
        return ""
    lines = [{"call": call, "came": came, "again": again} for (call, came), again in counts.items()]
    return render("tried", tried=lines[-MOST_TOLD:], left_out=max(0, len(lines) - MOST_TOLD))


def dead_ends(view: TurnView) -> int:
    """How often in this turn a call left no candidates."""
    return sum(bool(o.before) and o.after == 0 for o in _ran(view))


def ways_out(view: TurnView) -> str:
    """What the conditions on the way to the last dead end leave, and the smallest changes."""
    bus = view.context.bus
    stage = next((stage for stage in reversed(bus.stages) if stage.after == 0), None)
    if stage is None:
        return ""
    try:
        report = relaxation_report(view.context, stage.number)
    except ToolError:  # too much was left out of the history
        report = ""
    if len(report) > REPORT_CHARS:
        report = report[:REPORT_CHARS] + "… (cut)"
    funnel = clean(bus.funnel(stage.number), 400)
    return render("dead_end", funnel=funnel, report=clean(report, 2_000, newlines=True))


def _ran(view: TurnView) -> list[Observation]:
    return [one for _, observations in view.steps for one in observations if one.after is not None]


def _told(observation: Observation) -> str:
    arguments = json.dumps(observation.call.arguments, ensure_ascii=False)
    return clean(f"{observation.call.name} {arguments}", CALL_CHARS)


def _came(observation: Observation, changes: bool) -> str:
    if observation.error:
        return "failed"
    return f"{observation.before:,} -> {observation.after:,}" if changes else "done"
