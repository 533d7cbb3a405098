"""A plan as a model writes it: an ordered list of calls, which may refer to results before them.

After InteRecAgent (Huang et al., 2023: the whole plan first) and ReWOO (Xu et al., 2023: references
to results that are not known yet). A plan is read and checked here before anything of it runs, and
its references (`plan_values.py`) are filled in here, step by step. Nothing here asks a model or
runs a tool.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from recagent_tools.toolbox import Tool

from .arguments import (
    ArgumentError,
    coerce,
    describe,
    example_of,
    fields_named,
    parse_arguments,
    tool_name,
    unknown_tool,
)
from .plan_values import (
    LANGUAGES,
    REFERENCE,
    Results,
    filled,
    in_text,
    misplaced,
    references,
    step_number,
)
from .wire import WireCall

ANSWER = "answer"
"""Ends a plan with words and without a list; no tool, for nothing runs."""
ANSWER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"text": {"type": "string"}},
    "required": ["text"],
}
MOST_CALLS = 16
LOOKING = ("information", "explanation")
"""Groups of tools with which a plan may end: then the model reads the result and goes on."""


class PlanError(Exception):
    """A plan that cannot run. `problems` holds all reasons, for the model."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class PlannedCall:
    """One call of a plan that was checked; `arguments` have the tool's own names of fields."""

    name: str
    arguments: dict[str, Any]
    id: str = ""


def read_plan(
    written: Sequence[WireCall], tools: Sequence[Tool], results: Results | None = None
) -> tuple[PlannedCall, ...]:
    """The calls of a plan, checked before anything runs.

    An id names one call of a plan. That of a call before this plan may be given anew; from then
    on it means the new call, as it does in `Results`.

    Args:
        written: the calls as they were read, in order.
        tools: those that may be called.
        results: of calls before this plan, which it may refer to.

    Raises:
        PlanError: it cannot run; with all reasons at once.
    """
    before = results or Results()
    problems: list[str] = []
    if len(written) > MOST_CALLS:
        problems.append(f"{len(written)} calls; at most {MOST_CALLS}")
    made: list[PlannedCall | None] = []
    known = dict(before.ids)
    ids = {wire.id: len(before.given) + n for n, wire in enumerate(written, 1) if wire.id}
    given = Counter(wire.id for wire in written if wire.id)
    problems += [f"the id {id[:40]!r} is given {n} times" for id, n in given.items() if n > 1]
    last = len(before.given) + len(written)
    for position, wire in enumerate(written[:MOST_CALLS], 1):
        number = len(before.given) + position
        call, wrong = _checked(wire, tools)
        if call is not None:
            wrong += _bad_references(call, number, last, {**ids, **known})
        problems += [f"call {number} ({wire.name[:40]}): {reason}" for reason in wrong]
        made.append(call)
        if wire.id:
            known[wire.id] = number
    problems += _bad_end(made, len(before.given), tools)
    if problems:
        raise PlanError(problems)
    return tuple(call for call in made if call is not None)


def resolved(call: PlannedCall, results: Results, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with what their references mean; types are checked by whoever runs the call.

    Raises:
        BadReference: a reference means nothing, or stands where nothing can be filled in.
    """
    properties: Mapping[str, Any] = schema.get("properties", {})
    made: dict[str, Any] = {}
    for name, value in call.arguments.items():
        fill = LANGUAGES.get((call.name, name), in_text)
        several = properties.get(name, {}).get("type") == "array"
        if several and isinstance(value, str) and references(value, results.ids):
            value = [value]
        made[name] = filled(value, results, fill)
    return made


# reading


def _checked(wire: WireCall, tools: Sequence[Tool]) -> tuple[PlannedCall | None, list[str]]:
    """One call against its tool: name, fields, types; a reference passes for any type."""
    names = [*(tool.name for tool in tools), ANSWER]
    name = tool_name(wire.name, names)
    if name is None:
        return None, [unknown_tool(wire.name, names)]
    tool = next((tool for tool in tools if tool.name == name), None)
    schema = ANSWER_SCHEMA if tool is None else tool.schema()
    try:
        if not wire.whole:
            raise ArgumentError("the answer broke off inside this call")
        given = fields_named(parse_arguments(wire.arguments), schema)
        masked = coerce(_masked(given, schema), schema)
        if tool is not None:
            tool.arguments.model_validate(masked)
    except ArgumentError as error:
        return None, [str(error)]
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:3])
        return None, [f"{told}; {describe(schema)}"]
    return PlannedCall(name, given, wire.id), []


def _masked(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with an example where a reference is a whole value."""
    masked = {}
    for name, value in arguments.items():
        part = schema["properties"][name]
        item = part.get("items", {}) if part.get("type") == "array" else part
        if isinstance(value, list):
            masked[name] = [example_of(item) if _is_whole(entry) else entry for entry in value]
        else:
            masked[name] = example_of(part) if _is_whole(value) else value
    return masked


def _is_whole(value: Any) -> bool:
    """Whether a value may be nothing but a reference."""
    return isinstance(value, str) and REFERENCE.fullmatch(value.strip()) is not None


def _bad_references(call: PlannedCall, number: int, last: int, ids: Mapping[str, int]) -> list[str]:
    """References to anything but earlier calls, or where none can stand."""
    wrong = []
    for reference in references(call.arguments, ids):
        target = ids.get(reference.step) or step_number(reference.step)
        if not 0 < target < number:
            kind = "a later call" if number < target <= last else "no call"
            kind = "itself" if target == number else kind
            wrong.append(f"{reference.text} refers to {kind}; only to earlier ones")
    for name, value in call.arguments.items():
        if (call.name, name) in LANGUAGES:
            entries = value if isinstance(value, list) else [value]
            wrong += [
                reason
                for entry in entries
                if isinstance(entry, str)
                for reason in misplaced(entry, ids, LANGUAGES[call.name, name])
            ]
    return wrong


def _bad_end(made: Sequence[PlannedCall | None], before: int, tools: Sequence[Tool]) -> list[str]:
    """What is wrong with the plan's end: it is missing, or it comes too early."""
    ending = {ANSWER, *(tool.name for tool in tools if tool.ends_turn)}
    looking = {tool.name for tool in tools if tool.group in LOOKING}
    if not made:
        return ["it has no calls"]
    wrong = [
        f"call {before + n} ({call.name}) ends the turn; nothing may follow it"
        for n, call in enumerate(made[:-1], 1)
        if call is not None and call.name in ending
    ]
    last = made[-1]
    if last is not None and last.name not in ending | looking:
        closers = [*(tool.name for tool in tools if tool.ends_turn), ANSWER]
        wrong.append(f"nothing ends it; the last call must be {' or '.join(closers)}")
    return wrong
