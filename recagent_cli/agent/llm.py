"""The brain that asks a language model.

After ReAct (Yao et al., 2023), with several calls in a step. It gives the loop only calls that can
run: what a model wrote wrongly is answered here, by code, and goes back with the reason.
"""

from __future__ import annotations

import contextlib
import json
import time
import zlib
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from recagent_catalogs.errors import ModelError
from recagent_catalogs.text import clean
from recagent_prompts import render
from recagent_tools.bus import CandidateBus

from .arguments import ArgumentError, coerce, parse_arguments, tool_name, unknown_tool
from .brain import Call, Observation, Step, TurnView, Usage
from .budget import Budget, Limits
from .events import Event, TextDelta
from .instructions import system_prompt, tool_schemas
from .litellm_adapter import LiteLLMClient, warm
from .probe import probe
from .text_protocol import may_hold_call, read_text, strip_thinking
from .transcript import Round, Transcript, opening, result_json
from .watchdog import Patience
from .wire import Message, ModelClient, Reply, ToolSchema, WireCall

__all__ = ["LLMBrain", "Mode", "open_brain", "probe"]

Mode = Literal["auto", "native", "text"]
Emit = Callable[[Event], None]
MENDS = 2
"""How often in a row an answer may be sent back before the turn is closed."""
SAME_CALL_LIMIT = 3
MAX_CALLS_IN_STEP = 16
ORDER_LOOKED_AT = 1_000


@dataclass
class _Turn:
    """What the brain remembers of the turn that runs."""

    budget: Budget
    opening: str
    rounds: list[Round] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    asked: dict[str, int] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    mends: int = 0
    circle: bool = False
    compact: bool = False


class LLMBrain:
    """Asks a model what to do next.

    Args:
        client: carries messages to the model.
        mode: native calls, calls as text, or native until the model shows that it has none.
        limits: what a turn may cost.
        known_modes: what was learned of models, by name; keep it between sessions to learn once.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        client: ModelClient,
        *,
        mode: Mode = "auto",
        limits: Limits | None = None,
        known_modes: MutableMapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = client.model
        self._client = client
        self._mode = mode
        self._limits = limits or Limits()
        self._known: MutableMapping[str, str] = {} if known_modes is None else known_modes
        self._clock = clock
        self._turn = self._begin("")
        self._prompts: dict[tuple[str, bool, str], str] = {}

    @property
    def mode(self) -> str:
        """How the model is asked now: "native" or "text"."""
        if self._mode == "auto":
            return self._known.get(self._client.model, "native")
        return self._mode

    def usage(self) -> Usage | None:
        """What this turn consumed so far."""
        return self._turn.budget.usage()

    def next_step(self, view: TurnView, emit: Emit) -> Step:
        """The next step of the turn.

        Raises:
            ModelError: the model cannot be reached, refuses, or answers nothing usable.
        """
        if not view.steps:
            self._turn = self._begin(opening(view))
        self._note_results(view)
        while True:
            if spent := self._turn.budget.spent():
                return self._give_up(view, f"the model's budget is spent ({spent})")
            if self._turn.mends > MENDS:
                return self._hopeless(view)
            gate = _TextGate(emit)
            reply = self._ask(view, gate)
            step = self._read(reply, view, gate)
            if step is not None:
                return step

    def _begin(self, said: str) -> _Turn:
        return _Turn(Budget(self._limits, self._client.model, self._clock), said)

    def rewrite(self, task: str, material: str) -> str:
        """The model's answer to a task beside the steps of the turn; "" where it fails.

        It counts against the turn's budget, and is not asked where that is spent.
        """
        turn = self._turn
        if turn.budget.spent():
            return ""
        messages = [Message("system", task), Message("user", material)]
        try:
            reply = self._client.complete(
                messages, (), may_call=False, seconds=turn.budget.seconds_left()
            )
        except ModelError:
            return ""
        turn.budget.spend(reply, sum(len(message.content) for message in messages))
        return strip_thinking(reply.text)

    # asking

    def _ask(self, view: TurnView, gate: _TextGate) -> Reply:
        """One answer; learns that a model has no tools, and shortens what is too long, once."""
        while True:
            try:
                return self._send(view, gate)
            except ModelError as error:
                if not self._changed_by(error):
                    raise

    def _changed_by(self, error: ModelError) -> bool:
        """Whether another try makes sense because something was learned from the error."""
        if error.reason == "no_tools" and self._mode == "auto" and self.mode == "native":
            self._known[self._client.model] = "text"
            return True
        if error.reason == "context" and not self._turn.compact:
            self._turn.compact = True
            return True
        if error.reason == "bad_answer":
            return self._count_mend("the server could not read it; check the tool call")
        return False

    def _send(self, view: TurnView, gate: _TextGate) -> Reply:
        turn, text_mode = self._turn, self.mode == "text"
        tools = tool_schemas(view.tools)
        system = self._system(view, tools, text_mode)
        transcript = Transcript(system, turn.opening, text_mode, turn.compact)
        messages = transcript.build(view, turn.rounds, self._closing_note(view))
        may_call = bool(self._closers(view)) or not self._must_close(view)
        reply = self._client.complete(
            messages,
            () if text_mode else tools,
            may_call=may_call,
            on_text=None if text_mode else gate,
            seconds=turn.budget.seconds_left(),
        )
        turn.budget.spend(reply, sum(len(m.content) for m in messages))
        return reply

    def _system(self, view: TurnView, tools: Sequence[ToolSchema], text_mode: bool) -> str:
        """The system prompt, made once for a catalog and a mode, so that its bytes stay."""
        listed = ",".join(tool.name for tool in tools) if text_mode else ""
        key = (view.context.catalog.fingerprint, text_mode, listed)
        if key not in self._prompts:
            self._prompts[key] = system_prompt(view.context.catalog, tools, text_mode=text_mode)
        return self._prompts[key]

    def _must_close(self, view: TurnView) -> bool:
        return self._turn.circle or not view.tools or self._only_closers(view)

    def _only_closers(self, view: TurnView) -> bool:
        return all(tool.ends_turn for tool in view.tools)

    def _closers(self, view: TurnView) -> list[str]:
        return [tool.name for tool in view.tools if tool.ends_turn]

    def _closing_note(self, view: TurnView) -> str:
        if not self._must_close(view):
            return ""
        why = "the same calls came again and again" if self._turn.circle else "no steps are left"
        return render("close", why=why, closers=self._closers(view))

    # reading

    def _read(self, reply: Reply, view: TurnView, gate: _TextGate) -> Step | None:
        """A step out of an answer; None where the model has to be asked again."""
        text, written = self._parts(reply, view)
        if self._refused(reply) and not text and not written:
            raise ModelError(
                f"{self.name}: the model declined to answer",
                reason="refused",
                hint="word the request differently, or ask without a model",
            )
        if written and not view.tools:
            text, written = text or _spoken(written), []
        if written:
            return self._with_calls(reply, view, text, written, streamed=gate.shown)
        if not text:
            self._count_mend("it was empty")
            return None
        gate.finish(text)
        if not reply.complete:
            view.context.notices.append(("cut", "the model's answer broke off"))
        return Step(text=text)

    def _refused(self, reply: Reply) -> bool:
        return reply.finish == "content_filter" or bool((reply.extra or {}).get("refusal"))

    def _parts(self, reply: Reply, view: TurnView) -> tuple[str, list[WireCall]]:
        """Prose and calls, native or written into the text; auto mode remembers the latter."""
        if reply.calls:
            return strip_thinking(reply.text), list(reply.calls)
        names = [tool.name for tool in view.tools]
        found = read_text(reply.text, names, complete=reply.complete)
        if found.calls and self._mode == "auto" and self.mode == "native":
            self._known[self._client.model] = "text"
        return found.text, list(found.calls)

    def _with_calls(
        self,
        reply: Reply,
        view: TurnView,
        text: str,
        written: Sequence[WireCall],
        *,
        streamed: bool,
    ) -> Step | None:
        """The step with those calls that can run; the others are answered here."""
        calls: list[Call] = []
        echoed: list[WireCall] = []
        answers: dict[str, str] = {}
        trail = [_state(view.context.bus)]
        for wire in written:
            call, answer = self._call(wire, view, trail, full=len(calls) >= MAX_CALLS_IN_STEP)
            arguments = json.dumps(call.arguments, ensure_ascii=False)
            echoed.append(WireCall(call.name, arguments, call.id, wire.extra))
            trail.append(f"{call.name}{arguments}")
            if answer is None:
                calls.append(call)
            else:
                answers[call.id] = answer
        message = Message("assistant", text, calls=tuple(echoed), extra=_own(reply))
        step = len(view.steps) if calls else None
        self._turn.rounds.append(Round(message, answers, step))
        if not calls:
            self._turn.mends += 1
            return None
        self._turn.mends = 0
        return Step(tuple(calls), thought="" if streamed else clean(text, 1_000), extra=_own(reply))

    def _call(
        self, wire: WireCall, view: TurnView, trail: Sequence[str], *, full: bool
    ) -> tuple[Call, str | None]:
        """A call as it can run, and, where it cannot or must not, the answer to it."""
        names = [tool.name for tool in view.tools]
        name = tool_name(wire.name, names)
        plain = Call(name or _safe(wire.name), {}, self._id(wire.id), wire.extra)
        if name is None:
            return plain, result_json(unknown_tool(wire.name, names), error=True)
        tool = next(tool for tool in view.tools if tool.name == name)
        try:
            if not wire.whole:
                raise ArgumentError("the answer broke off inside this call; write it again")
            arguments = coerce(parse_arguments(wire.arguments), tool.schema())
        except ArgumentError as error:
            return plain, result_json(f"{name}: {error}", error=True)
        call = replace(plain, arguments=arguments)
        if tool.ends_turn:
            return call, None
        if full or self._turn.circle:
            return call, result_json("not run: no more calls now", error=True)
        return call, self._guard(call, trail)

    def _guard(self, call: Call, trail: Sequence[str]) -> str | None:
        """The cached result of an identical call; the third one ends the tools.

        Identical is the same tool with the same arguments on the same candidates, behind the same
        calls of its step: a second undo is not.
        """
        turn = self._turn
        key = json.dumps([call.name, call.arguments, *trail], sort_keys=True)
        turn.keys[call.id] = key
        count = turn.asked[key] = turn.asked.get(key, 0) + 1
        cached = turn.results.get(key)
        if cached is None:
            return None
        turn.circle = count >= SAME_CALL_LIMIT
        note = "you made this very call before, with this result; do something else"
        return json.dumps({"note": note, "before": json.loads(cached)}, ensure_ascii=False)

    def _note_results(self, view: TurnView) -> None:
        """Remember what the calls of the last step gave."""
        observations: Sequence[Observation] = view.steps[-1][1] if view.steps else ()
        for observation in observations:
            key = self._turn.keys.get(observation.call.id)
            if key is not None:
                self._turn.results[key] = result_json(observation.text, error=observation.error)

    def _id(self, given: str) -> str:
        """The call's own id, or an invented one where it is empty or was used before."""
        used = self._turn.ids
        if given and given not in used:
            used.add(given)
            return given
        invented = f"call_{len(used) + 1}"
        while invented in used:
            invented += "x"
        used.add(invented)
        return invented

    # ends

    def _count_mend(self, problem: str) -> bool:
        """Tell the model what was wrong. True while another try is allowed."""
        self._turn.mends += 1
        note = render("mend", problem=problem)
        self._turn.rounds.append(Round(Message("assistant"), note=note))
        return self._turn.mends <= MENDS

    def _hopeless(self, view: TurnView) -> Step:
        """Too many answers in a row that could not be used."""
        if view.steps:
            return self._give_up(view, "the model's answers could not be used")
        raise ModelError(
            f"{self.name}: {MENDS + 1} answers in a row could not be used",
            reason="bad_answer",
            hint="try again, or choose another model",
        )

    def _give_up(self, view: TurnView, why: str) -> Step:
        """End the turn with the best list there is, and say what was cut.

        Raises:
            ModelError: there is no list yet: the other brain may do better.
        """
        bus = view.context.bus
        chosen = len(bus) < bus.n_items or bus.now.order is not None
        if not chosen or not any(tool.name == "present" for tool in view.tools):
            raise ModelError(
                f"{self.name}: {why}, and there is no list yet",
                reason="bad_answer",
                hint="try again, or choose another model",
            )
        view.context.notices.append(("cut", f"{why}; this is the best list so far"))
        return Step((Call("present", {"count": view.default_count}, self._id("closing")),))


def open_brain(
    model: str,
    *,
    api_base: str | None = None,
    timeout_s: float = 120.0,
    mode: Mode = "auto",
    limits: Limits | None = None,
    known_modes: MutableMapping[str, str] | None = None,
) -> LLMBrain:
    """A brain on litellm, as the settings name it. Imports litellm in a thread.

    Args:
        model: as litellm names it.
        api_base: address of the person's own server.
        timeout_s: what the model may take for one turn, retries included, seconds.
        mode: how it is asked.
        limits: what a turn may cost; `timeout_s` is its seconds.
        known_modes: see `LLMBrain`.
    """
    warm()
    patience = Patience(first_s=min(60.0, timeout_s), total_s=timeout_s)
    client = LiteLLMClient(model, api_base=api_base, patience=patience)
    limits = replace(limits or Limits(), seconds=timeout_s)
    return LLMBrain(client, mode=mode, limits=limits, known_modes=known_modes)


class _TextGate:
    """Lets text through as it arrives, until it may be a call; then the rest waits for the end."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._held = ""
        self._seen = ""
        self.shown = False

    def __call__(self, piece: str) -> None:
        """A piece of text."""
        self._seen += piece
        self._held += piece
        if not may_hold_call(self._seen):
            self._let_out()

    def finish(self, text: str) -> None:
        """It was prose after all: show what was held, or the whole where nothing was shown yet."""
        if not self.shown:
            self._held = text
        if self._held:
            self._let_out()

    def _let_out(self) -> None:
        self.shown = True
        self._emit(TextDelta(self._held))
        self._held = ""


def _state(bus: CandidateBus) -> str:
    """A short mark of the candidates and their order: equal candidates give equal marks."""
    stage = bus.now
    kept = stage.candidates
    parts = [] if kept is None else [part for part in (kept.rows_, kept.bits) if part is not None]
    parts += [] if stage.order is None else [stage.order[:ORDER_LOOKED_AT]]
    marks = [zlib.crc32(part.tobytes()) for part in parts]
    return f"{len(bus)}:{marks}"


def _spoken(written: Sequence[WireCall]) -> str:
    """The sentence inside a closing call that came although no tools were offered."""
    for wire in written:
        with contextlib.suppress(ArgumentError):
            text = parse_arguments(wire.arguments, whole=wire.whole).get("text")
            if isinstance(text, str) and text.strip():
                return text.strip()
    return ""


def _own(reply: Reply) -> dict[str, Any] | None:
    """The provider's own fields of an answer, to go back unchanged."""
    extra = {key: value for key, value in (reply.extra or {}).items() if key != "refusal"}
    if reply.thought and "thinking_blocks" not in extra:
        extra["reasoning_content"] = reply.thought
    return extra or None


def _safe(name: str) -> str:
    """An unknown tool's name in letters that every provider takes back."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in name)[:64]
    return kept if kept[:1].isalpha() or kept[:1] == "_" else f"_{kept}"[:64]
