"""A turn that the person keeps, made into an example for a model.

Of the turn it has the person's words and the calls that ran and led to its answer: no result, no
text of a model. What a trace holds is data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from recagent_catalogs.errors import RecagentError
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import clean
from recagent_tools.toolbox import Toolbox

from .brain import Call
from .demonstrations import After, Demonstration, conditions_hold, request_features
from .request import Intent, Request, request_from_json
from .tracing import Trace, TracedCall

MOST_CALLS = 8
REQUEST_CHARS = 200
NAMED_SETS = frozenset(("save", "load", "forget", "union", "minus", "intersect", "diff"))
GOING_ON = (Intent.REFINE, Intent.MORE)


def kept_example(trace: Trace, catalog: Catalog, toolbox: Toolbox) -> Demonstration | None:
    """The example that a kept turn gives; None where it shows nothing, lacks a step, or is stale.

    Args:
        trace: the turn.
        catalog: as it is now: a condition that it cannot read any more makes no example.
        toolbox: the tools there are now.
    """
    if trace.missed:
        return None  # it would teach to do without
    try:
        request = request_from_json(trace.end["request"])
        calls = tuple(_calls(trace.calls, toolbox))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    said = clean(trace.utterance, REQUEST_CHARS)
    if not said or not calls or len(calls) > MOST_CALLS or not conditions_hold(calls, catalog):
        return None
    if any(call.arguments.get("op") in NAMED_SETS for call in calls):
        return None  # of a set that may be another one, or none, by now
    features = request_features(request, catalog)
    if any(call.name == "remember" for call in calls):
        features.add("told")
    if trace.end.get("with"):
        features.add("with others")
    return Demonstration(
        f"trace {trace.id}", said, frozenset(features), calls, _after(request, calls), kept=True
    )


def _calls(traced: Sequence[TracedCall], toolbox: Toolbox) -> Iterator[Call]:
    """The calls of the brain that answered, from where it began with the candidates anew."""
    last = max((call.part for call in traced), default=0)
    mine = [call for call in traced if call.part == last and not call.error]
    starts = [
        n
        for n, call in enumerate(mine)
        if call.tool == "candidates" and (call.arguments or {}).get("op") == "start"
    ]
    for number, call in enumerate(mine):
        before = bool(starts) and number < starts[-1]
        tool = toolbox.get(call.tool)
        if tool is None or tool.own or call.arguments is None or (before and tool.changes_bus):
            continue
        given = _told(call.tool, call.arguments)
        known = tool.schema(own=False)["properties"]
        arguments = {name: value for name, value in given.items() if name in known}
        try:
            toolbox.check(call.tool, arguments)
        except RecagentError:
            continue
        yield Call(call.tool, arguments)


def _told(tool: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of `present` only how many, for the items will be others."""
    if tool != "present":
        return arguments
    count = len(arguments.get("items") or ()) or arguments.get("count") or 0
    return {"count": count} if count else {}


def _after(request: Request, calls: Sequence[Call]) -> After:
    """What has to be there: a list, where the turn went on from one."""
    goes_on = request.intent in GOING_ON or request.among or request.exclude_shown
    points = any(str(value).strip("[]'\" ").startswith("#") for c in calls for value in _items(c))
    return "list" if goes_on or points else ""


def _items(call: Call) -> list[Any]:
    found: list[Any] = []
    for value in call.arguments.values():
        found += value if isinstance(value, list) else [value]
    return found
