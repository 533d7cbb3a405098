"""One turn whose model is asked for the whole plan first, and what follows when that fails.

The plan is asked for once; one that cannot run goes back once with all reasons; one that stops on
its way (a call failed, or no candidates are left) is continued by one more answer. After that the
turn goes on step by step. All of that without a word of any item's text (`unread.py`): a model that
wants to look at a result is given it, and from then on has words left, and no calls.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from recagent_catalogs.text import clean
from recagent_prompts import render
from recagent_tools.toolbox import Tool

from .arguments import ArgumentError, parse_arguments
from .brain import Observation, Step, TurnView
from .events import PlanRead
from .plan_summary import summary
from .plan_values import BadReference, Results
from .transcript import Round, result_json
from .unread import looks
from .wire import Message, Reply, WireCall
from .written import WrittenCalls
from .written_plan import (
    ANSWER,
    ANSWER_SCHEMA,
    PlanError,
    PlannedCall,
    read_plan,
    resolved,
)

Asked = Literal["plan", "mend", "rest", ""]
ECHOED_CHARS = 6_000
MOST_REASONS = 12


@dataclass
class Planning:
    """The plans of one turn.

    Attributes:
        written: ids, repair and the guard of the turn.
        rounds: of the turn; those of plans stand among them.
        asked: what the model is to write next: the plan, a better one, the rest of it; "" for a
            single step, or while a plan runs.
        looked: whether the model is given the results to read, and may call nothing any more.
    """

    written: WrittenCalls
    rounds: list[Round]
    asked: Asked = "plan"
    looked: bool = False
    _tools: tuple[Tool, ...] = ()
    _left: list[PlannedCall] = field(default_factory=list)
    _results: Results = field(default_factory=Results)
    _round: Round | None = None
    """Of the plan that runs."""
    _stopped: Round | None = None
    _running: PlannedCall | None = None
    _made: dict[str, int] = field(default_factory=dict)
    """Number of a call's result, by the call."""
    _begun: bool = False
    _continued: bool = False
    _why: str = ""
    _skipped: list[str] = field(default_factory=list)

    def stop(self) -> None:
        """No more plans: the turn goes on step by step."""
        self.asked, self._round = "", None
        self._forget_attempts()
        if self._stopped is not None:
            self._stopped.note = self._note(again=False)

    def read(
        self, text: str, calls: Sequence[WireCall], reply: Reply, view: TurnView
    ) -> tuple[Step | None, PlanRead | None]:
        """What an answer gives.

        Returns:
            The step that it is: words that end the turn, or the first call of its plan; None where
            the model has to be asked again. And what is told of a plan.
        """
        if text and not calls and not _looks_like_json(text):
            return Step(text=text), None
        if self.looked:
            said = _said_in(calls)
            self.asked = ""  # what is written behind a look is words; another try is none of a plan
            return (Step(text=said), None) if said else (None, None)
        try:
            if not calls:
                raise PlanError(["it is no list of calls" if text else "it was empty"])
            if not reply.complete:
                raise PlanError(["it broke off before its end; write a shorter one"])
            plan = read_plan(calls, view.tools, self._results)
        except PlanError as error:
            return None, self._refused(reply, error.problems)
        self._take_up(plan, text, view)
        return self.next(view), PlanRead(len(plan))

    def next(self, view: TurnView) -> Step | None:
        """The running plan's next step; None where the model has to be asked."""
        if self._round is None:
            return None
        view = replace(view, tools=self._tools)  # in the loop's last step fewer are offered
        if self._running is not None and (why := self._why_stop(view)):
            self._interrupt(why)
            return None
        ended = self._running is not None and _ends(self._running.name, view)
        while self._left:
            step = self._step(self._left.pop(0), view)
            if step is not None or self._round is None:
                return step
        if ended:
            self.stop()  # what it ended with was not taken
        else:
            self.look(view)
            self._interrupt("")
        return None

    def look(self, view: TurnView) -> None:
        """See whether the model asked for a result to read, not as a part of a plan that goes on.

        Args:
            view: the turn; the plan that ran, or the single step, is at its end.
        """
        last = view.steps[-1][1] if view.steps else ()
        self.looked = self.looked or looks(last, (*view.listed, *view.tools))

    # reading

    def _take_up(self, plan: Sequence[PlannedCall], text: str, view: TurnView) -> None:
        """The plan runs; attempts before it are forgotten."""
        self._forget_attempts()
        self._tools, self._left = tuple(view.tools), list(plan)
        self._continued = self.asked == "rest"
        self._round, self._running = Round(Message("assistant", text)), None
        self._begun = False
        self.rounds.append(self._round)
        self.asked = ""

    def _refused(self, reply: Reply, problems: Sequence[str]) -> PlanRead:
        """A plan that cannot run: back to the model once, then step by step."""
        told = tuple(clean(problem, 600) for problem in problems[:MOST_REASONS])
        if self.asked != "plan":
            self.stop()
            return PlanRead(0, told, "steps")
        self.asked = "mend"
        echoed = clean(reply.text, ECHOED_CHARS, newlines=True)
        note = render("plan_mend", problems=told)
        self.rounds.append(Round(Message("assistant", echoed), note=note))
        return PlanRead(0, told, "mend")

    def _forget_attempts(self) -> None:
        self.rounds[:] = [made for made in self.rounds if made.message.calls or not made.note]

    # running

    def _step(self, call: PlannedCall, view: TurnView) -> Step | None:
        """One call as a step of the loop; None where nothing of it runs."""
        self._running = None
        try:
            arguments = resolved(call, self._results, _schema(call.name, view))
        except BadReference as error:
            wire = WireCall(call.name, _json(call.arguments), self.written.new_id(call.id))
            self._echo([wire], {wire.id: result_json(str(error), error=True)})
            self._results.add(call.id, None)
            self._interrupt(str(error))
            return None
        if call.name == ANSWER:
            self._round = None
            return Step(text=str(arguments.get("text", "")))
        wire = WireCall(call.name, _json(arguments), call.id)
        made, echoed, answers = self.written.made([wire], view)
        self._echo(echoed, answers)
        key = call.name + _json(arguments)
        if not made:
            self._results.repeat(call.id, self._made.get(key, 0))
            if key not in self._made:
                self._interrupt(f"{call.name} did not run")
            return None  # an identical call: nothing has changed since, its result stands
        assert self._round is not None
        self._round.planned.append(len(view.steps))
        self._running, self._made[key] = call, len(self._results.given) + 1
        ready, began = made[0], not self._begun
        self._begun = True
        if ready.name == "present" and not str(ready.arguments.get("text", "")).strip():
            words = summary(view, ready.arguments)
            ready = replace(ready, arguments={**ready.arguments, "text": words})
        return Step((ready,), planned=not began)

    def _why_stop(self, view: TurnView) -> str:
        """Take in what the last call gave; why the plan cannot go on, "" where it can."""
        assert self._running is not None
        observations = view.steps[-1][1] if view.steps else ()
        self._results.add(self._running.id, observations[0] if observations else None)
        return _stopping(observations, view)

    def _echo(self, calls: Sequence[WireCall], answers: Mapping[str, str]) -> None:
        """A call that ran, or could not, as it goes back to the model."""
        assert self._round is not None
        message = self._round.message
        self._round.message = replace(message, calls=(*message.calls, *calls))
        self._round.answers.update(answers)

    def _interrupt(self, why: str) -> None:
        """The plan stops: the model is asked for the rest once, and then for single steps."""
        self._stopped, self._round = self._round, None
        self._why = why
        self._skipped = [call.name for call in self._left]
        self._left, self._running = [], None
        self.asked = "" if self._continued else "rest"
        assert self._stopped is not None
        self._stopped.note = self._note(again=bool(self.asked))

    def _note(self, *, again: bool) -> str:
        return render(
            "plan_stopped",
            why=clean(self._why, 600),
            skipped=self._skipped,
            ran=len(self._results.given),
            again=again,
            words=self.looked,
        )


def _schema(name: str, view: TurnView) -> Mapping[str, Any]:
    if name == ANSWER:
        return ANSWER_SCHEMA
    return next((tool.schema() for tool in view.tools if tool.name == name), {})


def _ends(name: str, view: TurnView) -> bool:
    return any(tool.name == name and tool.ends_turn for tool in view.tools)


def _stopping(observations: Sequence[Observation], view: TurnView) -> str:
    """Why a plan cannot go on after these results; "" where it can."""
    tools = {tool.name: tool for tool in view.tools}
    for observation in observations:
        tool = tools.get(observation.call.name)
        # What is only noted fails by itself: nothing after it builds on it.
        noted = tool is not None and tool.group == "dialogue" and not tool.ends_turn
        if observation.error and not noted:
            return f"{observation.call.name} failed"
        if tool is not None and tool.changes_bus and not len(view.context.bus):
            return f"{observation.call.name} left no candidates"
    return ""


def _looks_like_json(text: str) -> bool:
    return text.lstrip()[:1] in ("{", "[") or "```" in text


def _said_in(calls: Sequence[WireCall]) -> str:
    """The words in a call that ends a turn, where only words are taken."""
    for call in calls:
        if call.name in (ANSWER, "present"):
            with contextlib.suppress(ArgumentError):
                text = parse_arguments(call.arguments, whole=call.whole).get("text")
                if isinstance(text, str) and text.strip():
                    return text.strip()
    return ""


def _json(arguments: object) -> str:
    return json.dumps(arguments, ensure_ascii=False)
