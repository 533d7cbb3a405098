"""The plan of a turn: which tools would run, with which arguments, and how many they would leave.

The built-in brain's own policy makes it, on a bus of its own, with a toolbox that runs what narrows
the candidates, and ranks only where a limit needs the order to be counted. So a plan and the real
turn cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, fields
from typing import Any

from recagent_catalogs.errors import ToolError
from recagent_tools.bus import CandidateBus
from recagent_tools.personal import before_ranking
from recagent_tools.rank import RankArguments, parse_weights
from recagent_tools.toolbox import Ran, Toolbox, ToolContext, ToolResult

from .request import Request

SILENT = ("remember", "ask_person", "present")
"""Calls after which the candidates are those of before."""


@dataclass(frozen=True)
class PlanStep:
    """One call that would be made.

    Attributes:
        tool, arguments: the call; `present` tells how many items, never which.
        before, after: number of candidates.
        stages: (note, number of candidates) of each condition or other change in it.
        error: what would fail, "" for nothing.
    """

    tool: str
    arguments: Mapping[str, Any]
    before: int
    after: int
    stages: tuple[tuple[str, int], ...] = ()
    error: str = ""

    def to_json(self) -> dict[str, Any]:
        """The step as `docs/json.md` describes it."""
        told: dict[str, Any] = {
            "tool": self.tool,
            "arguments": dict(self.arguments),
            "before": self.before,
            "after": self.after,
            "stages": [{"note": note, "after": after} for note, after in self.stages],
        }
        return {**told, "error": self.error} if self.error else told


@dataclass(frozen=True)
class Plan:
    """What a request would do.

    Attributes:
        request: how it was read; None for a plan that was not made from words.
        steps: the calls, in order.
        shown: how many items would be shown; 0 for an answer without a list.
        text: the answer in words; of a list, its heading.
        question, options: set where the answer would be a question back.
        notices: (kind, text).
        brain: who would decide; the plan is the built-in brain's.
    """

    request: Request | None
    steps: tuple[PlanStep, ...]
    shown: int
    text: str = ""
    question: str = ""
    options: tuple[str, ...] = ()
    notices: tuple[tuple[str, str], ...] = ()
    brain: str = "builtin"

    def to_json(self) -> dict[str, Any]:
        """The body of `recagent.report/1` of the kind "plan"."""
        return {
            "brain": self.brain,
            "steps": [step.to_json() for step in self.steps],
            "shown": self.shown,
            "text": self.text,
            "question": {"text": self.question, "options": list(self.options)}
            if self.question
            else None,
            "request": self.request.to_json() if self.request else None,
            "notices": [{"kind": kind, "text": text} for kind, text in self.notices],
        }


class DryToolbox(Toolbox):
    """Runs what narrows and retrieves; notes what would be ranked and shown.

    Attributes:
        steps: the calls so far.
        shown: how many items `present` would show.
    """

    def __init__(self, toolbox: Toolbox) -> None:
        super().__init__(list(toolbox))
        self._real = toolbox
        self.steps: list[PlanStep] = []
        self.shown = 0

    def run(self, name: str, arguments: dict[str, Any], context: ToolContext) -> Ran:
        """Run one call as the real toolbox would, but rank and show nothing."""
        first = len(context.bus.stages)
        told = dict(arguments)
        checked = self._rank_of(arguments) if name == "rank" and len(context.bus) else None
        # How many a limit leaves only the order tells.
        if checked is not None and not checked.at_most:
            self._prepare(context)
            ran = _ranked(context, checked)
        else:
            ran = super().run(name, arguments, context)
        if name == "present" and context.presented is not None:
            self.shown = len(context.presented)
            context.presented = None
            told = {"count": self.shown}
        if name == "ask_person":  # the question is told by itself
            told = {}
        made = context.bus.stages[first:]
        stages = tuple((stage.note or stage.tool, stage.after) for stage in made)
        error = ran.result.text if ran.error else ""
        self.steps.append(PlanStep(name, told, ran.before, ran.after, stages, error))
        return ran

    def _prepare(self, context: ToolContext) -> None:
        """Stages of earlier turns are made again by the tools that made them."""
        self._real._prepare(context)

    def _rank_of(self, arguments: dict[str, Any]) -> RankArguments | None:
        """The arguments of `rank`; None where it would refuse them."""
        try:
            checked = self.check("rank", arguments)
            assert isinstance(checked, RankArguments)
            parse_weights(checked.weights)
        except ToolError:
            return None
        return checked


def _ranked(context: ToolContext, arguments: RankArguments) -> Ran:
    """What `rank` would leave: the same candidates in whatever order, cut to the top."""
    before = len(context.bus)
    before_ranking(context)
    rows = context.bus.rows()[: arguments.top or None]
    context.bus.score("rank", arguments.model_dump(), {}, order=rows, note="ranked")
    left = len(context.bus)
    return Ran(ToolResult(f"{left:,} candidates", {"left": left}), False, before, left, 0.0)


def apart(bus: CandidateBus) -> CandidateBus:
    """A bus of its own with the same history; what is done on it leaves the other as it is."""
    copied = copy(bus)
    for part in fields(bus):
        setattr(copied, part.name, copy(getattr(bus, part.name)))
    return copied


def plan_rows(plan: Plan) -> list[list[str]]:
    """A plan for people: tool, what it is called with or what holds then, candidates left."""
    lines: list[list[str]] = []
    for step in plan.steps:
        told = _told(step)
        lines.append([step.tool, told, "" if step.tool in SILENT else f"{step.after:,}"])
        if len(step.stages) > 1:
            lines += [["", f"  {note}", f"{after:,}"] for note, after in step.stages]
    return lines


def read_as(request: Request) -> str:
    """How an utterance was read, in one line."""
    parts = [str(request.intent).replace("_", " ")]
    for word, mentions in (("like", request.liked), ("not like", request.disliked)):
        if mentions:
            parts.append(f"{word} {', '.join(mention.title for mention in mentions)}")
    parts += list(request.conditions)
    parts += [wish.text for wish in request.wishes if not wish.text.endswith(")")]
    parts += [f"{name} {weight:+g}" for name, weight in request.weights]
    parts += [f'words "{request.search}"'] if request.search else []
    parts += [f"{op.op} {op.name or op.number or ''}".strip() for op in request.operations]
    parts += [f"{request.count} of them"] if request.count else []
    return "; ".join(parts)


def _told(step: PlanStep) -> str:
    """The arguments of a call in one line; what a person has no use for is left out."""
    parts = []
    for name, value in step.arguments.items():
        if name == "text" and step.tool == "present" or value in ("", [], 0, None, False):
            continue
        parts.append(f"{name} {_value(value)}")
    return "; ".join([*parts, *([step.error] if step.error else [])])


def _value(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value))
    return f"{value}"
