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
from .beside import Beside
from .brain import Step, TurnView, Usage
from .budget import CHARS_PER_TOKEN, Budget, Limits, weight_of
from .demonstrations import Demonstrations
from .events import Event, ModelAnswered
from .instructions import plan_prompt, system_prompt, tool_schemas
from .known import key_of
from .litellm_adapter import LiteLLMClient
from .litellm_loading import warm
from .model_errors import no_images
from .opening import Opening
from .options import Mode, ModelOptions, Strategy
from .planning import Planning
from .probe import probe
from .text_gate import TextGate
from .text_protocol import read_text, strip_thinking
from .transcript import Round, Transcript
from .tried import DEAD_ENDS, dead_ends, tried, ways_out
from .watchdog import Patience
from .wire import Message, ModelClient, Reply, ToolSchema, WireCall
from .written import WrittenCalls
from .written_plan import ANSWER

__all__ = ["LLMBrain", "Mode", "open_brain", "probe"]

Emit = Callable[[Event], None]
MENDS = 2
"""How often in a row an answer may be sent back before the turn is closed."""
BLIND = "none"
"""What is remembered of the sight of a model that cannot look at pictures."""


def _unheard(event: Event) -> None:
    """Where an event goes outside of a turn."""


@dataclass
class _Turn:
    """What the brain remembers of the turn that runs."""

    budget: Budget
    opening: Opening
    rounds: list[Round] = field(default_factory=list)
    written: WrittenCalls = field(default_factory=WrittenCalls)
    mends: int = 0
    problem: str = "it came to no end"
    closings: int = 0
    compact: bool = False
    plan: Planning | None = None
    ways_told: bool = False
    emit: Emit = _unheard

    @property
    def hopeless(self) -> bool:
        """Whether too many answers in a row led nowhere, or the last word was missed twice."""
        return self.mends > MENDS + bool(self.written.stop) or self.closings > 1


@dataclass(frozen=True)
class _Prompt:
    """What is sent for one answer.

    Attributes:
        view: the turn, with the tools that may be called in it.
        messages: the conversation.
        tools: as they are listed on the wire; none where calls are written as text.
        weight: how much that is, by `weight_of`.
        may_call: whether the wire allows calls.
        mode: "native", "text" or "plan".
        closing: whether only what ends the turn may be called.
    """

    view: TurnView
    messages: list[Message]
    tools: tuple[ToolSchema, ...]
    weight: int
    may_call: bool
    mode: str
    closing: bool


class LLMBrain(Beside):
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
        self._prompts: dict[tuple[str, str, str], str] = {}
        self._key = key_of(client.model, getattr(client, "api_base", None))
        self._sight = key_of(client.model, getattr(client, "api_base", None), "sight")
        self._told_unpriced = False

    @property
    def mode(self) -> str:
        """How the model is asked now: "native" or "text"."""
        if self._mode == "auto":
            return self._known.get(self._key, "native")
        return self._mode

    def usage(self) -> Usage | None:
        """What this turn consumed so far."""
        return self._turn.budget.usage()

    def next_step(self, view: TurnView, emit: Emit) -> Step:
        """The next step of the turn.

        Raises:
            ModelError: the model cannot be reached, refuses, or comes to no end (`ends.SHORT`).
        """
        if not view.steps:
            if ready := getattr(
                self._client, "ready", None
            ):  # others' may have nothing to wait for
                ready()
            self._turn = self._begin(Opening(view, self._examples))
        self._turn.emit = emit
        self._turn.written.note(view)
        self._take_objection(view)
        if self._turn.plan is not None and (step := self._turn.plan.next(view)) is not None:
            return step
        self._tell_ways(view)
        if self._turn.plan is not None and not self._turn.plan.asked:  # it goes on step by step
            self._turn.plan.look(view)
        while not self._turn.hopeless:
            prompt = self._prompt(view)
            gate = TextGate(emit)
            reply = self._asked(prompt, gate, emit)
            step = None if reply is None else self._read(reply, prompt.view, gate, emit)
            if step is not None:
                return step
        why = self._turn.written.stop or self._turn.problem
        if why == view.spent:
            raise ModelError(why, reason="budget")
        raise ModelError(f"{self.name}: {why}", reason="stuck")

    def _begin(self, said: Opening) -> _Turn:
        turn = _Turn(Budget(self._limits, self._client.model, self._clock), said)
        if self._strategy == "plan":
            turn.plan = Planning(turn.written, turn.rounds)
        return turn

    def _plans(self, why_stop: str) -> bool:
        """Whether the next answer is to be a plan."""
        plan = self._turn.plan
        if plan is not None and plan.asked and why_stop:
            plan.stop()
        return plan is not None and bool(plan.asked)

    def may_answer_again(self) -> bool:
        """Whether the turn's budget holds one more answer."""
        return not self._turn.budget.spent(self._turn.budget.sent)

    def _beside(
        self, what: str, task: str, material: str, tools: Sequence[ToolSchema] = ()
    ) -> Reply | None:
        """The answer to a question that is no step of the turn; None where it fails."""
        turn = self._turn
        messages = [Message("system", task), Message("user", material)]
        if turn.budget.spent(weight_of(messages, tools)):
            return None
        began = self._clock()
        try:
            reply = self._client.complete(
                messages, tools, may_call=bool(tools), seconds=turn.budget.seconds_left()
            )
        except ModelError:
            return None
        turn.budget.spend(reply, weight_of(messages, tools))
        seconds = self._clock() - began
        turn.emit(_answered(self.name, what, messages, tools, reply, seconds))
        return reply

    def _take_objection(self, view: TurnView) -> None:
        """Keep closing words that the loop sent back, with the reason, as what was said here."""
        step = view.steps[-1][0] if view.steps else None
        if step is not None and step.objection:
            made = Message("assistant", step.text, extra=step.extra)
            number = len(view.steps) - 1
            self._turn.rounds.append(Round(made, step=number, note=step.objection))

    # asking

    def _asked(self, prompt: _Prompt, gate: TextGate, emit: Emit) -> Reply | None:
        """One answer; None where something was learned from an error, so that it is asked anew."""
        if prompt.view.pictures and self._known.get(self._sight) == BLIND:
            raise no_images(self.name)
        try:
            return self._send(prompt, gate, emit)
        except ModelError as error:
            if error.reason == "no_images":
                self._known[self._sight] = BLIND
            if self._changed_by(error):
                return None
            left, calls = self._turn.budget.seconds_left(), self._turn.budget.calls
            if error.reason == "timeout" and calls and left is not None and left <= 0:
                raise ModelError(self._turn.budget.spent(), reason="budget") from error
            raise

    def _changed_by(self, error: ModelError) -> bool:
        """Whether another try makes sense because something was learned from the error."""
        if error.reason == "no_tools" and self._mode == "auto" and self.mode == "native":
            self._known[self._key] = "text"
            return True
        if error.reason == "context" and not self._turn.compact:
            self._turn.compact = True
            return True
        if error.reason == "bad_answer":
            return self._count_mend("the server could not read it; check the tool call")
        return False

    def _prompt(self, view: TurnView) -> _Prompt:
        """The next prompt: with the tools that the budget still allows, within the window.

        Raises:
            ModelError: the budget allows no further answer, or it is too long for the model.
        """
        turn = self._turn
        why = self._stop(view)
        prompt = self._built(view, why)
        window = getattr(self._client, "window", None)  # others' clients may not know it
        if window is not None and not turn.compact and prompt.weight > _room(window):
            turn.compact = True
            prompt = self._built(view, why)
        if window is not None and prompt.weight > _room(window):
            # Ollama cuts the beginning of what is too long without a word: the instructions.
            told = f"{self.name}: the conversation is too long for its {window:,} tokens"
            raise ModelError(told, reason="context", hint="begin a new session")
        if spent := turn.budget.spent(prompt.weight):
            raise turn.budget.error(spent)
        last = turn.budget.calls_left(prompt.weight) == 1
        if last and not why and prompt.mode != "plan":  # a plan needs no further answer
            prompt = self._built(view, "this is the last answer that the budget allows")
        return prompt

    def _built(self, view: TurnView, why: str) -> _Prompt:
        """The messages and tools; `why` only tools that end the turn are left, or ""."""
        mode = "plan" if self._plans(why) else self.mode
        plan = self._turn.plan
        if plan is not None and plan.looked:  # item text was read: only words are left
            view = replace(view, tools=())
        text_mode, closers = mode != "native", [t for t in view.tools if t.ends_turn]
        allowed = replace(view, tools=closers) if why else view
        every = tuple(tool_schemas(view.listed or view.tools))
        # Where nothing ends a turn but text, the tools stay listed: earlier calls refer to them.
        tools = tuple(tool_schemas(closers)) if why and closers else every
        notes = [render("close", why=why, closers=[t.name for t in closers])] if why else []
        if self._turn.compact or self._turn.mends or why:
            notes.insert(0, tried(view))
        system = self._system(view, every, mode)  # tools listed in it are refused, not left out
        # Examples are the first to go where it is too long.
        said = self._turn.opening.told("native" if self._turn.compact else mode)
        unread = plan is not None and not plan.looked
        transcript = Transcript(system, said, text_mode, self._turn.compact, unread)
        messages = transcript.build(view, self._turn.rounds, "".join(notes))
        listed = () if text_mode else tools
        weight = weight_of(messages, listed)
        may_call = bool(closers) or (not why and bool(view.tools))
        return _Prompt(allowed, messages, listed, weight, may_call, mode, bool(why))

    def _send(self, prompt: _Prompt, gate: TextGate, emit: Emit) -> Reply:
        began = self._clock()
        reply = self._client.complete(
            prompt.messages,
            prompt.tools,
            may_call=prompt.may_call,
            on_text=gate if prompt.mode == "native" else None,
            seconds=self._turn.budget.seconds_left(),
        )
        self._turn.budget.spend(reply, prompt.weight)
        self._turn.closings += prompt.closing
        self._tell_unpriced(prompt.view)
        seconds = self._clock() - began
        emit(_answered(self.name, prompt.mode, prompt.messages, prompt.tools, reply, seconds))
        return reply

    def _tell_unpriced(self, view: TurnView) -> None:
        """Say, once, that dollars cannot be counted, and what is held instead."""
        budget = self._turn.budget
        if budget.unpriced and not self._told_unpriced:
            self._told_unpriced = True
            told = f"the price of {self.name} is unknown, so no limit in dollars can be held; "
            view.context.notices.append(("model", f"{told}{budget.tokens:,} tokens are the limit"))

    def _tell_ways(self, view: TurnView) -> None:
        """After the second result without a candidate: what the conditions leave, once."""
        turn = self._turn
        if turn.ways_told or not turn.rounds or dead_ends(view) < DEAD_ENDS:
            return
        turn.ways_told = True
        turn.rounds.append(Round(Message("assistant"), note=ways_out(view)))

    def _system(self, view: TurnView, tools: Sequence[ToolSchema], mode: str) -> str:
        """The system prompt, made once for a catalog and a mode, so that its bytes stay."""
        listed = ",".join(tool.name for tool in tools) if mode != "native" else ""
        key = (view.context.catalog.fingerprint, mode, listed)
        if key not in self._prompts:
            catalog = view.context.catalog
            self._prompts[key] = (
                plan_prompt(catalog, tools)
                if mode == "plan"
                else system_prompt(catalog, tools, text_mode=mode == "text")
            )
        return self._prompts[key]

    def _stop(self, view: TurnView) -> str:
        """Why only what ends the turn may still be called; "" while all may."""
        return self._turn.written.stop or view.spent

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
            if read is not None:
                emit(read)
            if step is None or step.calls:
                return step
            text, written = step.text, []
        if written and not view.tools:
            text, written = text or _spoken(written), []
        if written:
            return self._with_calls(reply, view, text, written, emit, streamed=gate.shown)
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
            if self._mode == "auto" and self._key not in self._known:
                self._known[self._key] = "native"
            return strip_thinking(reply.text), list(reply.calls)
        names = [tool.name for tool in view.listed or view.tools]
        plans = self._turn.plan is not None and bool(self._turn.plan.asked)
        if plans:
            names.append(ANSWER)
        found = read_text(reply.text, names, complete=reply.complete)
        if found.calls and not plans and self._mode == "auto" and self._key not in self._known:
            self._known[self._key] = "text"
        return found.text, list(found.calls)

    def _with_calls(
        self,
        reply: Reply,
        view: TurnView,
        text: str,
        written: Sequence[WireCall],
        emit: Emit,
        *,
        streamed: bool,
    ) -> Step | None:
        """The step with those calls that can run; the others are answered here."""
        calls, echoed, answers = self._turn.written.made(written, view)
        for refused in self._turn.written.refused:
            emit(refused)
        self._turn.written.refused.clear()
        message = Message("assistant", text, calls=tuple(echoed), extra=_own(reply))
        step = len(view.steps) if calls else None
        self._turn.rounds.append(Round(message, answers, step))
        if not calls:
            self._turn.mends += 1
            self._turn.problem = view.spent or "its calls could not be used"
            return None
        self._turn.mends = 0
        return Step(tuple(calls), thought="" if streamed else clean(text, 1_000), extra=_own(reply))

    # ends

    def _count_mend(self, problem: str) -> bool:
        """Tell the model what was wrong. True while another try is allowed."""
        self._turn.mends += 1
        self._turn.problem = "its answers could not be used"
        note = render("mend", problem=problem)
        self._turn.rounds.append(Round(Message("assistant"), note=note))
        return not self._turn.hopeless


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


def _room(window: int) -> int:
    """What a prompt may weigh in a window of so many tokens: the answer needs room as well."""
    return CHARS_PER_TOKEN * (window - min(1_024, window // 4))


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
