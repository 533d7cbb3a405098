"""The brain that asks a language model.

After ReAct (Yao et al., 2023), with several calls in a step. It gives the loop only calls that can
run: what a model wrote wrongly is answered here, by code, and goes back with the reason.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from recagent_catalogs.errors import ModelError
from recagent_catalogs.text import clean
from recagent_prompts import render

from .arguments import ArgumentError, parse_arguments
from .brain import Call, Step, TurnView, Usage
from .budget import Budget, Limits
from .demonstrations import Demonstrations
from .events import Event, ModelAnswered
from .instructions import plan_prompt, system_prompt, tool_schemas
from .litellm_adapter import LiteLLMClient, warm
from .opening import Opening
from .options import Mode, ModelOptions, Strategy
from .planning import Planning
from .probe import probe
from .text_gate import TextGate
from .text_protocol import read_text, strip_thinking
from .transcript import Round, Transcript
from .watchdog import Patience
from .wire import Message, ModelClient, Reply, ToolSchema, WireCall
from .written import WrittenCalls
from .written_plan import ANSWER

__all__ = ["LLMBrain", "Mode", "open_brain", "probe"]

Emit = Callable[[Event], None]
MENDS = 2
"""How often in a row an answer may be sent back before the turn is closed."""


@dataclass
class _Turn:
    """What the brain remembers of the turn that runs."""

    budget: Budget
    opening: Opening
    rounds: list[Round] = field(default_factory=list)
    written: WrittenCalls = field(default_factory=WrittenCalls)
    mends: int = 0
    compact: bool = False
    plan: Planning | None = None


class LLMBrain:
    """Asks a model what to do next.

    Args:
        client: carries messages to the model.
        mode: native calls, calls as text, or native until the model shows that it has none.
        strategy: step by step, or the whole plan first.
        limits: what a turn may cost.
        known_modes: what was learned of models, by name; keep it between sessions to learn once.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        client: ModelClient,
        *,
        mode: Mode = "auto",
        strategy: Strategy = "react",
        limits: Limits | None = None,
        known_modes: MutableMapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = client.model
        self._client = client
        self._mode = mode
        self._strategy = strategy
        self._limits = limits or Limits()
        self._known: MutableMapping[str, str] = {} if known_modes is None else known_modes
        self._clock = clock
        self._examples = Demonstrations()
        self._turn = self._begin(Opening())
        self._prompts: dict[tuple[str, bool, bool, str], str] = {}

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
            self._turn = self._begin(Opening(view, self._examples))
        self._turn.written.note(view)
        if self._turn.plan is not None and (step := self._turn.plan.next(view)) is not None:
            return step
        while True:
            if spent := self._turn.budget.spent():
                return self._give_up(view, f"the model's budget is spent ({spent})")
            if self._turn.mends > MENDS:
                return self._hopeless(view)
            gate = TextGate(emit)
            reply = self._ask(view, gate, emit)
            step = self._read(reply, view, gate, emit)
            if step is not None:
                return step

    def _begin(self, said: Opening) -> _Turn:
        turn = _Turn(Budget(self._limits, self._client.model, self._clock), said)
        if self._strategy == "plan":
            turn.plan = Planning(turn.written, turn.rounds)
        return turn

    def _plans(self, view: TurnView) -> bool:
        """Whether the next answer is to be a plan."""
        plan = self._turn.plan
        if plan is not None and plan.asked and self._must_close(view):
            plan.stop()
        return plan is not None and bool(plan.asked)

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

    def _ask(self, view: TurnView, gate: TextGate, emit: Emit) -> Reply:
        """One answer; learns that a model has no tools, and shortens what is too long, once."""
        while True:
            try:
                return self._send(view, gate, emit)
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

    def _send(self, view: TurnView, gate: TextGate, emit: Emit) -> Reply:
        turn, planned = self._turn, self._plans(view)
        text_mode = planned or self.mode == "text"
        tools = tool_schemas(view.tools)
        system = self._system(view, tools, text_mode, planned)
        said = turn.opening.told("plan" if planned else self.mode)
        transcript = Transcript(system, said, text_mode, turn.compact)
        messages = transcript.build(view, turn.rounds, self._closing_note(view))
        may_call = bool(self._closers(view)) or not self._must_close(view)
        listed = () if text_mode else tuple(tools)
        began = self._clock()
        reply = self._client.complete(
            messages,
            listed,
            may_call=may_call,
            on_text=None if text_mode else gate,
            seconds=turn.budget.seconds_left(),
        )
        turn.budget.spend(reply, sum(len(m.content) for m in messages))
        mode = "plan" if planned else self.mode
        emit(_answered(self.name, mode, messages, listed, reply, self._clock() - began))
        return reply

    def _system(
        self, view: TurnView, tools: Sequence[ToolSchema], text_mode: bool, planned: bool
    ) -> str:
        """The system prompt, made once for a catalog and a mode, so that its bytes stay."""
        listed = ",".join(tool.name for tool in tools) if text_mode else ""
        key = (view.context.catalog.fingerprint, text_mode, planned, listed)
        if key not in self._prompts:
            catalog = view.context.catalog
            self._prompts[key] = (
                plan_prompt(catalog, tools)
                if planned
                else system_prompt(catalog, tools, text_mode=text_mode)
            )
        return self._prompts[key]

    def _must_close(self, view: TurnView) -> bool:
        return self._turn.written.circle or not view.tools or self._only_closers(view)

    def _only_closers(self, view: TurnView) -> bool:
        return all(tool.ends_turn for tool in view.tools)

    def _closers(self, view: TurnView) -> list[str]:
        return [tool.name for tool in view.tools if tool.ends_turn]

    def _closing_note(self, view: TurnView) -> str:
        if not self._must_close(view):
            return ""
        why = (
            "the same calls came again and again"
            if self._turn.written.circle
            else "no steps are left"
        )
        return render("close", why=why, closers=self._closers(view))

    # reading

    def _read(self, reply: Reply, view: TurnView, gate: TextGate, emit: Emit) -> Step | None:
        """A step out of an answer; None where the model has to be asked again."""
        text, written = self._parts(reply, view)
        if self._refused(reply) and not text and not written:
            raise ModelError(
                f"{self.name}: the model declined to answer",
                reason="refused",
                hint="word the request differently, or ask without a model",
            )
        plan = self._turn.plan
        if plan is not None and plan.asked:
            step, read = plan.read(text, written, reply, view)
            emit(read)
            if step is None or step.calls:
                return step
            text, written = step.text, []
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
        plans = self._turn.plan is not None and bool(self._turn.plan.asked)
        if plans:
            names.append(ANSWER)
        found = read_text(reply.text, names, complete=reply.complete)
        if found.calls and not plans and self._mode == "auto" and self.mode == "native":
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
        calls, echoed, answers = self._turn.written.made(written, view)
        message = Message("assistant", text, calls=tuple(echoed), extra=_own(reply))
        step = len(view.steps) if calls else None
        self._turn.rounds.append(Round(message, answers, step))
        if not calls:
            self._turn.mends += 1
            return None
        self._turn.mends = 0
        return Step(tuple(calls), thought="" if streamed else clean(text, 1_000), extra=_own(reply))

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
        return Step(
            (Call("present", {"count": view.default_count}, self._turn.written.new_id("closing")),)
        )


def open_brain(
    model: str,
    *,
    api_base: str | None = None,
    options: ModelOptions | None = None,
    known_modes: MutableMapping[str, str] | None = None,
) -> LLMBrain:
    """A brain on litellm, as the settings name it. Imports litellm in a thread.

    Args:
        model: as litellm names it.
        api_base: address of the person's own server.
        options: how it is asked, and what a turn may cost.
        known_modes: see `LLMBrain`.
    """
    warm()
    options = options or ModelOptions()
    seconds = options.limits.seconds
    patience = Patience()
    if seconds is not None:
        patience = replace(patience, first_s=min(patience.first_s, seconds), total_s=seconds)
    client = LiteLLMClient(model, api_base=api_base, patience=patience)
    return LLMBrain(
        client,
        mode=options.mode,
        strategy=options.strategy,
        limits=options.limits,
        known_modes=known_modes,
    )


def _answered(
    model: str,
    mode: str,
    messages: Sequence[Message],
    tools: Sequence[ToolSchema],
    reply: Reply,
    seconds: float,
) -> ModelAnswered:
    """The event of one answer."""
    prefix = hashlib.sha256(messages[0].content.encode())
    prefix.update(json.dumps([tool.to_wire() for tool in tools]).encode())
    whole = prefix.copy()
    for message in messages[1:]:
        whole.update(repr(message).encode())
    return ModelAnswered(
        model,
        mode,
        prefix.hexdigest()[:16],
        whole.hexdigest()[:16],
        seconds * 1000,
        len(reply.calls),
        reply.finish,
        reply.prompt_tokens,
        reply.completion_tokens,
        reply.cost_usd,
    )


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
