"""The calls that a model wrote, made into calls that can run; the others are answered here."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from recagent_tools.bus import CandidateBus

from .arguments import ArgumentError, coerce, parse_arguments, tool_name, unknown_tool
from .brain import Call, Observation, TurnView
from .events import CallRefused
from .transcript import OWN_ID, result_json
from .wire import WireCall

SAME_CALL_LIMIT = 3
MOST_FAULTS = 3
"""So often a tool may be called wrongly, or fail, in a row: two repairs, then it is closed."""
MOST_WRITTEN = 32
"""Calls of one answer that are looked at, and one more that ends the turn: a turn has 16."""
CIRCLE = "the same calls came again and again"
ORDER_LOOKED_AT = 1_000


@dataclass
class WrittenCalls:
    """What was called in one turn, and what came of it.

    Attributes:
        ids: of calls, given or invented.
        asked: how often each call was made, by its key.
        results: what it gave, by its key.
        keys: of calls, by their ids.
        faults: how often in a row each tool was called wrongly or failed, by its name.
        moved: keys of calls that changed the candidates.
        steps: how often each answer with all its calls came on the same candidates.
        refused: calls that cannot run, until whoever asks takes them.
        stop: why there are no more calls, in a few words for the model; "" while there are.
    """

    ids: set[str] = field(default_factory=set)
    asked: dict[str, int] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    moved: set[str] = field(default_factory=set)
    steps: dict[str, int] = field(default_factory=dict)
    refused: list[CallRefused] = field(default_factory=list)
    stop: str = ""
    _before: str = ""
    _trail: list[str] = field(default_factory=list)
    """The candidates before the answer that is read, and its calls so far that may change them."""
    _stand: set[str] = field(default_factory=set)
    """Keys of its calls so far."""

    def made(
        self, written: Sequence[WireCall], view: TurnView
    ) -> tuple[list[Call], list[WireCall], dict[str, str]]:
        """The calls of one answer.

        Returns:
            Those that can run; all of them as they go back to the model; the answers, by id, to
            those that do not run.
        """
        calls: list[Call] = []
        echoed: list[WireCall] = []
        answers: dict[str, str] = {}
        written = _first(written, view)
        self._before = state_of(view.context.bus)
        self._count_step(written)
        self._trail, self._stand, spoiled = [self._before], set(), ""
        reading = {tool.name for tool in (*view.listed, *view.tools) if not tool.changes_bus}
        for wire in written:
            call, answer = self._call(wire, view)
            arguments = json.dumps(call.arguments, ensure_ascii=False)
            echoed.append(WireCall(call.name, arguments, call.id, wire.extra))
            if call.name not in reading:
                self._trail.append(f"{call.name}{arguments}")
            if answer is None:
                calls.append(replace(call, behind=spoiled))
            else:
                answers[call.id] = answer
                if call.name not in reading and _is_error(answer):
                    spoiled = spoiled or call.name
        return calls, echoed, answers

    def _call(self, wire: WireCall, view: TurnView) -> tuple[Call, str | None]:
        """A call as it can run, and, where it cannot or must not, the answer to it."""
        names = [tool.name for tool in view.tools]
        name = tool_name(wire.name, names)
        plain = Call(name or _safe(wire.name), {}, self.new_id(wire.id), wire.extra)
        if name is None:
            self._fault("")
            problem = _not_now(wire.name, view) or unknown_tool(wire.name, names)
            self.refused.append(CallRefused(plain.name, {}, problem))
            return plain, result_json(problem, error=True)
        tool = next(tool for tool in view.tools if tool.name == name)
        if self.faults.get(name, 0) >= MOST_FAULTS:
            told = f"not run: {name} failed {MOST_FAULTS} times; do without it"
            return plain, result_json(told, error=True)
        given: dict[str, Any] = {}
        try:
            if not wire.whole:
                raise ArgumentError("the answer broke off inside this call; write it again")
            given = parse_arguments(wire.arguments)
            arguments = coerce(given, tool.schema())
        except ArgumentError as error:
            self._fault(name)
            self.refused.append(CallRefused(name, given, str(error)))
            return plain, result_json(f"{name}: {error}", error=True)
        call = replace(plain, arguments=arguments)
        if tool.ends_turn:
            return call, None
        answer = self._guard(call)
        if answer is None and self.stop:
            answer = result_json("not run: no more calls now", error=True)
        return call, answer

    def _count_step(self, written: Sequence[WireCall]) -> None:
        """The third time that the same calls come on the same candidates ends the tools."""
        key = json.dumps([self._before, *([wire.name, wire.arguments] for wire in written)])
        count = self.steps[key] = self.steps.get(key, 0) + 1
        if count >= SAME_CALL_LIMIT:
            self.stop = CIRCLE

    def _fault(self, name: str) -> None:
        """Count a call that could not be read or run; "" is a tool that there is not."""
        self.faults[name] = self.faults.get(name, 0) + 1

    def _guard(self, call: Call) -> str | None:
        """The cached result of an identical call; the third one ends the tools.

        Identical is the same tool with the same arguments on the same candidates, behind the same
        calls of its step that may change them: a second undo is not. A call that changed the
        candidates, which are now again as they were before it, is run again: what it gave no longer
        stands.
        """
        key = _key(call, self._trail)
        if key in self._stand:  # in this very answer: it has not run yet, and will once
            return json.dumps({"note": "the same call stands before this one; see its result"})
        self._stand.add(key)
        self.keys[call.id] = key
        count = self.asked[key] = self.asked.get(key, 0) + 1
        cached = self.results.get(key)
        if cached is None or key in self.moved:
            return None
        if count >= SAME_CALL_LIMIT:
            self.stop = CIRCLE
        note = "you made this very call before, with this result; do something else"
        return json.dumps({"note": note, "before": json.loads(cached)}, ensure_ascii=False)

    def note(self, view: TurnView) -> None:
        """Remember what the calls of the last step gave; many that fail in a row end the tools."""
        observations: Sequence[Observation] = view.steps[-1][1] if view.steps else ()
        moved = bool(observations) and state_of(view.context.bus) != self._before
        changing = {tool.name for tool in view.tools if tool.changes_bus} if moved else set()
        for observation in observations:
            name = observation.call.name
            if observation.before is None:  # nothing ran
                continue
            if observation.error:
                self._fault(name)
            else:
                self.faults.pop(name, None)
                self.faults.pop("", None)
            key = self.keys.get(observation.call.id)
            if key is not None:
                self.results[key] = result_json(observation.text, error=observation.error)
                if name in changing or observation.before != observation.after:
                    self.moved.add(key)
        self._keep_read(view, observations)
        if sum(self.faults.values()) >= 2 * MOST_FAULTS:
            self.stop = "too many calls failed"

    def _keep_read(self, view: TurnView, observations: Sequence[Observation]) -> None:
        """What was read of the candidates as they now are stands for the next answer, too."""
        changing = {tool.name for tool in (*view.listed, *view.tools) if tool.changes_bus}
        now = [state_of(view.context.bus)]
        for observation in reversed(observations):
            if observation.call.name in changing:
                return
            if observation.before is not None and observation.call.id in self.keys:
                key = _key(observation.call, now)
                self.asked.setdefault(key, 1)
                self.results[key] = result_json(observation.text, error=observation.error)

    def new_id(self, given: str) -> str:
        """The call's own id, or an invented one where it is empty, used before, or ours."""
        used = self.ids
        if given and given not in used and not OWN_ID.fullmatch(given):
            used.add(given)
            return given
        invented = f"call_{len(used) + 1}"
        while invented in used:
            invented += "x"
        used.add(invented)
        return invented


def _first(written: Sequence[WireCall], view: TurnView) -> Sequence[WireCall]:
    """The calls of an answer without its flood: the first ones, and one that ends the turn."""
    if len(written) <= MOST_WRITTEN:
        return written
    ends = {tool.name for tool in view.tools if tool.ends_turn}
    last = [wire for wire in written[MOST_WRITTEN:] if wire.name in ends][:1]
    return [*written[:MOST_WRITTEN], *last]


def _key(call: Call, trail: Sequence[str]) -> str:
    return json.dumps([call.name, call.arguments, *trail], sort_keys=True)


def _is_error(answer: str) -> bool:
    """Whether the answer to a call that did not run, or the one it had before, is an error."""
    told = json.loads(answer)
    return "error" in told.get("before", told)


def _not_now(written: str, view: TurnView) -> str:
    """What to tell a model that calls a tool which it knows and that makes no sense yet."""
    known = {tool.name: tool for tool in view.listed}
    name = tool_name(written, list(known))
    if name is None:
        return ""
    explains = known[name].group == "explanation"
    return f"{name}: not now; " + ("once a list was shown" if explains else "do without it")


def state_of(bus: CandidateBus) -> str:
    """A short mark of the candidates and their order: equal candidates give equal marks."""
    stage = bus.now
    kept = stage.candidates
    parts = [] if kept is None else [part for part in (kept.rows_, kept.bits) if part is not None]
    parts += [] if stage.order is None else [stage.order[:ORDER_LOOKED_AT]]
    marks = [zlib.crc32(part.tobytes()) for part in parts]
    return f"{len(bus)}:{marks}"


def _safe(name: str) -> str:
    """An unknown tool's name in letters that every provider takes back."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in name)[:64]
    return kept if kept[:1].isalpha() or kept[:1] == "_" else f"_{kept}"[:64]
