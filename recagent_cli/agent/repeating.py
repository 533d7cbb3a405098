"""A brain that makes the calls of a trace again, so that a turn is run anew without a model.

The turn goes through the loop as any other does: same tools, same context, same end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from recagent_catalogs.errors import ModelError
from recagent_tools.bus import Mark
from recagent_tools.toolbox import Toolbox, ToolContext

from .brain import Call, Step, TurnView
from .events import SENT_BACK, Event, ToolFinished
from .model_errors import redactor
from .tracing import Trace, TracedCall

Outcome = Literal["same", "counts", "items", "error", "result", "not repeated"]


class Repeating:
    """The calls of a trace as a brain; where one brain failed, it fails there as well.

    Args:
        trace: whose calls.
        toolbox: knows what words for the person a call needs; a trace has them at its end only.
    """

    def __init__(self, trace: Trace, toolbox: Toolbox) -> None:
        self.name = str(trace.head["brain"])
        self._last_name = trace.brain
        self._end = trace.end
        self._toolbox = toolbox
        calls = trace.calls
        self._settled, self._shown = settled(trace, calls), trace.shown
        self._behind: list[Call] = []
        self._place: Mark | None = None
        count = 2 if trace.fell_back else 1
        self._parts = [self._steps(calls, part) for part in range(count)]

    def next_step(self, view: TurnView, emit: Callable[[Event], None]) -> Step:
        """All calls of the brain that is on at once; then the end, or its failure.

        Raises:
            ModelError: the brain of then failed here.
        """
        while self._parts and self._parts[0]:
            calls = self._parts[0].pop(0)
            if calls is self._behind:
                self._place = view.context.bus.mark()
            if calls:
                return Step(calls=tuple(calls))
        self._parts = self._parts[1:]
        if self._parts:
            self.name = self._last_name
            raise ModelError("the brain failed here", reason="server")
        return self._mended(view.context)

    def _steps(self, calls: Sequence[TracedCall], part: int) -> list[list[Call]]:
        """The calls of a brain; apart those behind an answer that was sent back and yet shown."""
        steps: list[list[Call]] = [[]]
        for call in calls:
            if call is self._settled:
                steps.append(self._behind)
            elif call.part == part and again(call):
                steps[-1].append(self._call(call))
        return steps

    def _mended(self, context: ToolContext) -> Step:
        """The answer that was sent back and shown after all, as code mended it; else the end."""
        if self._settled is None:
            return Step()
        self._settled, bus = None, context.bus
        rows = (context.catalog.row_of(id) for id in self._shown)
        held = all(row in bus.candidates for row in rows if row is not None)
        if self._place is not None and not held:
            bus.back_to(self._place)  # as it was where nothing came of what followed
        return Step(calls=(Call("present", {"items": list(self._shown)}, "again"),))

    def usage(self) -> None:
        """It costs nothing."""

    def _call(self, call: TracedCall) -> Call:
        arguments = dict(call.arguments or {})
        tool = self._toolbox.get(call.tool)
        if tool is not None and tool.ends_turn:
            words = {"question": self._end["question"] or "?", "options": self._end["options"]}
            known = tool.arguments.model_fields
            arguments = {**{n: v for n, v in words.items() if n in known}, **arguments}
        return Call(call.tool, arguments, f"again-{id(call)}")


def again(call: TracedCall) -> bool:
    """Whether a call is made again: an answer that was sent back changed nothing."""
    return repeatable(call) and not went_back(call)


def went_back(call: TracedCall) -> bool:
    """Whether a call was an answer that failed its review."""
    return call.error and call.text.startswith(SENT_BACK)


def settled(trace: Trace, calls: Sequence[TracedCall]) -> TracedCall | None:
    """The answer that was sent back and shown after all, as no other came; None where one did."""
    lists = [call for call in calls if call.tool == "present"]
    if trace.fell_back or not trace.shown or not all(call.error for call in lists):
        return None
    return next((call for call in lists if went_back(call)), None)


def repeatable(call: TracedCall) -> bool:
    """Whether enough of a call is known to make it again."""
    return call.arguments is not None


@dataclass(frozen=True)
class RepeatedCall:
    """A call that was made again.

    Attributes:
        tool, arguments: what was called.
        outcome: "same"; else what is not: the "counts" of candidates, the "items", the "error",
            the "result" in words; or "not repeated".
        told: the first difference in words; "" where there is none.
    """

    tool: str
    arguments: Mapping[str, Any]
    outcome: Outcome
    told: str = ""


def compared(
    calls: Sequence[TracedCall],
    made: Sequence[ToolFinished],
    ids: Callable[[Sequence[int]], Sequence[str]],
    *,
    same_data: bool,
) -> list[RepeatedCall]:
    """What each call of a trace gave, beside what it gave now.

    Args:
        calls: as they were.
        made: those that could be repeated, in the same order.
        ids: of rows.
        same_data: whether rows mean the same now.
    """
    waiting, hide, found = list(made), redactor(), []
    for call in calls:
        arguments = call.arguments or {}
        if went_back(call):
            found.append(RepeatedCall(call.tool, arguments, "same"))
        elif not repeatable(call):
            told = "its arguments were too long to be kept"
            found.append(RepeatedCall(call.tool, arguments, "not repeated", told))
        elif not waiting:
            told = "the turn ended before it"
            found.append(RepeatedCall(call.tool, arguments, "not repeated", told))
        else:
            event = waiting.pop(0)
            outcome, told = _difference(call, event, ids, hide, same_data)
            found.append(RepeatedCall(call.tool, arguments, outcome, told))
    return found


def _difference(
    call: TracedCall,
    event: ToolFinished,
    ids: Callable[[Sequence[int]], Sequence[str]],
    hide: Callable[[str], str],
    same_data: bool,
) -> tuple[Outcome, str]:
    text = hide(event.text)
    if call.text.endswith("…"):  # of a long text only the beginning was kept
        text = f"{text[: len(call.text) - 1]}…"
    if call.error != event.error:
        was, now = (_error_told(t, e) for t, e in ((call.text, call.error), (text, event.error)))
        return "error", f"{was} then, {now} now"
    if (call.before, call.after) != (event.before, event.after):
        was = f"{call.before:,} → {call.after:,}"
        return "counts", f"{was} then, {event.before:,} → {event.after:,} now"
    first = tuple(ids(event.left.rows)) if event.left is not None else ()
    if first != call.first:
        return "items", first_difference(call.first, first)
    if same_data and event.left is not None and event.left.digest != call.digest:
        return "items", f"others behind the first {len(first)}"
    if text != call.text:
        return "result", _words_apart(call.text, text)
    return "same", ""


def _error_told(text: str, error: bool) -> str:
    return text.removeprefix("error: ")[:120] if error else "no error"


def first_difference(then: Sequence[str], now: Sequence[str]) -> str:
    """Where two lists of ids part, in words; "" where they do not."""
    for place, (was, is_) in enumerate(zip(then, now, strict=False), start=1):
        if was != is_:
            return f"place {place} was {was}, is {is_}"
    return "" if len(then) == len(now) else f"{len(then)} then, {len(now)} now"


def _words_apart(then: str, now: str) -> str:
    """The first line of two texts that is another."""
    for was, is_ in zip(then.split("\n"), now.split("\n"), strict=False):
        if was != is_:
            place = next((n for n, (a, b) in enumerate(zip(was, is_, strict=False)) if a != b), 0)
            begin = max(0, place - 20)
            return f"'{was[begin : begin + 60]}' then, '{is_[begin : begin + 60]}' now"
    return "longer or shorter"
