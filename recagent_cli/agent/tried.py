"""What was tried in a turn, told to the model in few words: dead ends are to be seen, not run into.

After self-inspiring planning (RecMind: Wang et al., 2023): at every step the model sees also those
paths of the turn that it has left. Most of the time they stand in its own calls and their results;
this is for where these were shortened, or where it has to find another way.
"""

from __future__ import annotations

import json
from collections.abc import Collection

from recagent_catalogs.errors import ToolError
from recagent_catalogs.text import clean
from recagent_prompts import render
from recagent_tools.filter import relaxation_report
from recagent_tools.rowset import RowSet

from .brain import Observation, TurnView

MOST_TOLD = 12
CALL_CHARS = 120
REPORT_CHARS = 1_200
MOST_FOUND = 5_000
"""So many hits of a search are looked at, as by the search itself."""
DEAD_ENDS = 2
"""After so many results without a candidate the ways out are counted for the model."""


def tried(view: TurnView) -> str:
    """The calls of this turn with the candidates before and after each; "" where none ran."""
    changing = _changing(view)
    counts: dict[tuple[str, str], int] = {}
    for observation in _ran(view):
        key = _told(observation), _came(observation, observation.call.name in changing)
        counts[key] = counts.get(key, 0) + 1
    if not counts:
        return ""
    lines = [{"call": call, "came": came, "again": again} for (call, came), again in counts.items()]
    return render("tried", tried=lines[-MOST_TOLD:], left_out=max(0, len(lines) - MOST_TOLD))


def dead_ends(view: TurnView) -> int:
    """How often in this turn a call left no candidates, or a search found none."""
    changing = _changing(view)
    return sum(_is_empty(o, changing) for o in _ran(view))


def ways_out(view: TurnView) -> str:
    """What the conditions on the way to the last dead end leave, and the smallest changes."""
    changing = _changing(view)
    last = next((o for o in reversed(_ran(view)) if _is_empty(o, changing)), None)
    if last is None:
        return ""
    bus, words = view.context.bus, ""
    number = next((stage.number for stage in reversed(bus.stages) if stage.after == 0), bus.cursor)
    among, hits = None, 0
    if last.after:  # a search without a hit: they stand as they were
        number, words = bus.cursor, str(last.call.arguments.get("text", ""))
        found, _ = view.context.catalog.search(words, limit=MOST_FOUND)
        among, hits = RowSet.of_rows(found, bus.n_items), len(found)
    try:
        report = relaxation_report(view.context, number, among)
    except ToolError:  # too much was left out of the history
        report = ""
    if len(report) > REPORT_CHARS:
        report = report[:REPORT_CHARS] + "… (cut)"
    return render(
        "dead_end",
        funnel=clean(bus.funnel(number), 400),
        words=clean(words, CALL_CHARS),
        hits=hits,
        report=clean(report, 2_000, newlines=True),
    )


def _changing(view: TurnView) -> set[str]:
    """Names of tools that make other candidates."""
    named = {tool.name for tool in (*view.listed, *view.tools) if tool.changes_bus}
    return named | {o.call.name for o in _ran(view) if o.before != o.after}


def _is_empty(observation: Observation, changing: Collection[str]) -> bool:
    """Whether a call came to nothing: no candidates, however many there were, or no hit."""
    if observation.error:
        return False
    if isinstance(observation.data, dict) and observation.data.get("found") == 0:
        return True
    return observation.after == 0 and (
        bool(observation.before) or observation.call.name in changing
    )


def _ran(view: TurnView) -> list[Observation]:
    return [one for _, observations in view.steps for one in observations if one.after is not None]


def _told(observation: Observation) -> str:
    arguments = json.dumps(observation.call.arguments, ensure_ascii=False)
    return clean(f"{observation.call.name} {arguments}", CALL_CHARS)


def _came(observation: Observation, changes: bool) -> str:
    if observation.error:
        return "failed"
    return f"{observation.before:,} -> {observation.after:,}" if changes else "done"
