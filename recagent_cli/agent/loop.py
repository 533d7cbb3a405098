"""The loop: asks a brain for the next step, runs its calls, ends the turn with the best there is.

After ReAct (Yao et al.) over a candidate bus (InteRecAgent). It cannot tell the brains apart: what
differs is only whether a failure of this brain may be covered by another one. What ends a turn that
its brain did not end is `ends.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from recagent_catalogs.errors import Cancelled, ModelError
from recagent_catalogs.text import clean
from recagent_tools.bus import CandidateBus, Mark
from recagent_tools.glimpse import glimpse
from recagent_tools.toolbox import Tool, Toolbox, ToolContext

from .brain import Brain, Call, Observation, PastTurn, Step, TurnView
from .builtin.brain import BuiltinBrain
from .builtin.told import told_of
from .course import Course, Emit
from .ends import calls_before, closing_calls, holds, is_short, text_over
from .events import (
    BrainReplaced,
    Thought,
    ToolFinished,
    ToolStarted,
    TurnFinished,
    TurnStarted,
)
from .finish import Finish, checked
from .in_order import InOrder
from .past_context import context_of_list
from .picture import WITHOUT_WORDS, Picture, noun_of
from .recalled import Recalled
from .request import GOING, Intent, Request
from .ruled import scrub_notes, scrubbed
from .scope import set_scope
from .second import SecondChance
from .session import Session
from .telling import Telling
from .turn import TraceEntry, Turn

PROSE = frozenset(("text", "reasons", "question", "options"))
"""Arguments that hold words for the person."""
MAX_STEPS = 8
MAX_CALLS = 16
Reader = Callable[[str, Session], Request]


@dataclass
class Agent:
    """A brain, the tools, and a fallback.

    Attributes:
        toolbox: the tools.
        brain: who answers.
        read: the built-in parser: utterance and session to a `Request`.
        fallback: who answers where the brain fails; None lets `ModelError` through.
        closer: who answers where the brain was there and came to no end.
        default_count: how many items are shown where nobody said.
        style: how items are explained: "fit", "facts" or "short".
        recall: gives what earlier sessions left for a model.
        critic: whether a model reviews its answer itself, after code did.
    """

    toolbox: Toolbox
    brain: Brain
    read: Reader
    fallback: Brain | None = None
    closer: Brain = field(default_factory=BuiltinBrain)
    default_count: int = 5
    max_steps: int = MAX_STEPS
    max_calls: int = MAX_CALLS
    style: str = "fit"
    recall: Callable[[], Recalled] = Recalled
    critic: bool = False

    def turn(
        self,
        utterance: str,
        session: Session,
        context: ToolContext,
        emit: Emit,
        request: Request | None = None,
        pictures: Sequence[Picture] = (),
    ) -> Turn:
        """Answer one utterance. The session's bus is left as the turn made it.

        Args:
            utterance: what the person said.
            session: what was before.
            context: what the tools may touch.
            emit: takes the events.
            request: what is wanted, where it need not be read out of the utterance.
            pictures: what the person shows besides.

        Raises:
            ModelError: the brain failed and there is no fallback, or none that needs no pictures.
            Cancelled: Ctrl-C; the bus is as it was before the turn.
        """
        said = clean(utterance, 20_000, newlines=True)
        running = _Running(self, said, session, context, emit, request, tuple(pictures))
        before = session.bus.mark()
        try:
            return running.run()
        except KeyboardInterrupt:
            session.bus.back_to(before)
            raise Cancelled("stopped; nothing of this turn was kept") from None
        except BaseException:
            session.bus.back_to(before)
            raise


class _Running(Course):
    """A turn while it runs: asks for steps, runs their calls."""

    chance: SecondChance | None = None
    """Reviews the answers of a model; None while the built-in brain answers."""
    held = False
    """Whether a list was held back because a call that it was to build on failed."""

    def run(self) -> Turn:
        brain = self.agent.brain
        self.emit(TurnStarted(self.said, brain.name))
        read = self.given or self._read()
        request = self._with_options(with_weights(read, self.context.weights))
        asked_for = list(self.context.liked)
        before = self.session.bus.mark()
        self.began = before
        view = self._view(request)
        try:
            self._drive(brain, view)
            self._settled()
        except ModelError as error:
            if not self._settled(error):
                brain = self._ended(error, view, brain, asked_for)
        turn = Finish(self, request, brain).turn()
        self.session.turns.append(self._kept(turn))
        self.emit(TurnFinished(turn))
        return turn

    def _read(self) -> Request:
        """The words as the built-in parser has them; "this" beside a picture is what it shows."""
        if not self.pictures:
            return self.agent.read(self.utterance, self.session)
        if self.utterance == WITHOUT_WORDS:
            return Request(Intent.RECOMMEND)
        apart = Session(self.session.catalog, CandidateBus(self.session.bus.n_items))
        return replace(self.agent.read(self.utterance, apart), unused=())

    def _needs_eyes(self, error: ModelError) -> bool:
        """Whether nothing but the picture was asked about, or the model has just not seen it."""
        wordless = bool(self.pictures) and self.utterance == WITHOUT_WORDS
        return wordless or error.reason in ("no_images", "bad_image")

    def _with_options(self, request: Request) -> Request:
        """The request with what was asked for beside the words."""
        context = self.context
        return replace(
            request,
            seen_too=request.seen_too or context.seen_too,
            wanted=request.wanted or context.only_wanted,
        )

    def _kept(self, turn: Turn) -> PastTurn:
        """What later turns build on: after a step back, the request of the list that stands."""
        past = turn.past()
        behind = self.session.request_of(turn.number)
        went = any(op.op in GOING for op in turn.request.operations)
        # A model may have gone back without the built-in parser having understood that.
        stood = self.began.place[1] if self.began else 0
        went = went or (turn.number not in (0, stood) and behind is not None)
        if not went or (behind is None and turn.items):
            return past  # went nowhere, or on from there: a list of its own
        return replace(past, request=behind or Request(turn.request.intent))

    def _view(self, request: Request) -> TurnView:
        context = self.context
        context.shown = self.session.shown
        context.shown_before = self.session.shown_before
        context.wishes = list(request.wished)
        context.pictures = len(self.pictures)
        set_scope(context, request)
        if context.of_list is None:
            context.of_list = lambda number: context_of_list(context, self.session, number)
        context.made_for = lambda number: self.session.made_for(number, context.catalog)
        context.sayable_values = sayable_values(request)
        context.seen_too = request.seen_too
        for mentions, rows in (
            (request.liked, context.liked),
            (request.disliked, context.disliked),
        ):
            found = (context.catalog.row_of(m.id) for m in mentions if m.id is not None)
            rows.extend(row for row in found if row is not None)
        view = TurnView(
            self.utterance,
            request,
            tuple(self.session.turns),
            self.agent.toolbox.offered(context),
            context,
            default_count=self.agent.default_count,
            style=self.agent.style,
            recall=self.agent.recall,
            listed=tuple(tool for tool in self.agent.toolbox if not tool.own),
            pictures=self.pictures,
        )
        context.sayable = sayable(view)
        return view

    def _drive(self, brain: Brain, view: TurnView) -> None:
        """Step until the turn is over.

        Raises:
            ModelError: the brain failed, or the steps are used up.
        """
        self.steps = view.steps
        self.context.said = None if brain.name == "builtin" else self.utterance
        self.chance = None
        if self.is_foreign(brain):
            self.chance = SecondChance(self, view, brain, self._run, self.agent.critic)
        order, self.held = InOrder(self._run, self.agent.max_calls, self._hold), False
        number = 0
        # The limit is on what costs; a brain that is free ends by itself.
        most = MAX_STEPS if brain.usage() is None else max(2, self.agent.max_steps)
        while number < most:
            view.spent = f"{most} steps are taken" if number == most - 1 else ""
            if order.left <= 0:
                view.spent = f"{order.most} calls are made"
            last = bool(view.spent)
            view.tools = self._last_tools() if last else self.agent.toolbox.offered(self.context)
            if self.chance is not None:
                self.chance.last = last
            step = self._step(brain, view)
            if step.thought and not self.is_foreign(brain):
                self.emit(Thought(step.thought))
            if not step.calls:
                if objection := self.chance.objection(step.text) if self.chance else "":
                    view.steps.append((replace(step, objection=objection), ()))
                    number += 1
                    continue
                self.closing, cut = step.text, order.told(view)
                self.context.notices += [("cut", cut)] * bool(cut)
                return
            number += not (step.planned and order.left > 0)
            observations, over = order.step(step, view)
            view.steps.append((step, tuple(observations)))
            if self.chance is not None:
                self.chance.end_if_empty()
            if over:
                self.context.notices += [("cut", order.cut)] * bool(order.cut)
                return
        raise ModelError(f"{most} steps are taken", reason="budget")

    def _hold(self) -> bool:
        """Whether a list waits for a call to be mended: once, and where its brain can answer."""
        may = self.chance is not None and self.chance.may_wait and not self.held
        self.held = self.held or may
        return may

    def _step(self, brain: Brain, view: TurnView) -> Step:
        """The brain's next step; a model's words are told as far as they are checked."""
        self.telling = self._new_telling(view.request)
        step = brain.next_step(view, self.telling)
        if step.calls:  # what stood before calls was no answer
            self.telling = self._new_telling(view.request)
        return step

    def _new_telling(self, request: Request) -> Telling:
        owed = self.chance is not None and self.chance.owes_list
        if self.agent.critic or owed:  # what may yet be taken back is not told
            return Telling(lambda text: "", self.emit)
        return Telling(lambda text: checked(self, text, (), request)[0], self.emit)

    def _last_tools(self) -> Sequence[Tool]:
        """In the last step only what ends the turn is offered."""
        offered = self.agent.toolbox.offered(self.context)
        return [tool for tool in offered if tool.ends_turn]

    def _run(self, call: Call) -> Observation:
        if self.chance is not None:
            view = replace(self.chance.view, tools=self.agent.toolbox.offered(self.context))
            for first in calls_before(view, call):
                self._run(first)
        told = self._without_prose(call)
        self.emit(ToolStarted(call.id, call.name, told))
        bus, stood = self.context.bus, self.context.bus.cursor
        before, known = bus.mark(), len(bus.stages)
        ran = self.agent.toolbox.run(call.name, call.arguments, self.context)
        text = ran.result.text
        scrub_notes(bus, self.context.catalog, known)
        if self.chance is not None:
            ran, text, call = self.chance.after(call, ran, before)
            told = self._without_prose(call)
            stood = bus.cursor if self.chance.refilled else stood
        text = scrubbed(text, self.context.catalog)
        error = text if ran.error else ""
        if isinstance(ran.result.data, dict) and "aspects" in ran.result.data:
            self.aspects = ran.result.data["aspects"]
        self.trace.append(TraceEntry(call.name, told, ran.before, ran.after, ran.ms, error))
        self.emit(
            ToolFinished(
                call.id,
                call.name,
                told,
                ran.before,
                ran.after,
                ran.ms,
                text,
                ran.error,
                glimpse(bus.now) if bus.cursor != stood else None,
            )
        )
        result = ran.result
        return Observation(call, result.text, result.data, ran.error, ran.before, ran.after)

    def _without_prose(self, call: Call) -> dict[str, Any]:
        """A call's arguments as they may be seen: a model's words are shown only once checked."""
        tool, told = self.agent.toolbox.get(call.name), call.arguments
        if tool is not None and tool.ends_turn:
            told = {name: value for name, value in told.items() if name not in PROSE}
        scrub: dict[str, Any] = scrubbed(told, self.context.catalog)
        return scrub

    def _ended(
        self, error: ModelError, view: TurnView, brain: Brain, liked: Sequence[int]
    ) -> Brain:
        """End a turn that its brain did not end; the brain whose answer it then is.

        Raises:
            ModelError: nobody else may answer.
        """
        other = self.agent.closer if is_short(error) else self.agent.fallback
        assert self.began is not None
        held = other is None and self.held  # a list came, and waited for a better one
        if (held or is_short(error)) and self._close(error, view, self.began):
            return brain
        if other is None:
            raise error
        if self._needs_eyes(error):
            raise error
        self._instead(error, other, view.request, liked)
        return other

    def _settled(self, error: ModelError | None = None) -> bool:
        """Whether an answer that was sent back is shown, mended, as no other came."""
        return self.chance is not None and self.chance.settle(error)

    def _close(self, error: ModelError, view: TurnView, before: Mark) -> bool:
        """Show what is on the bus, and say what was cut; False where that is not the answer."""
        self.chance = None  # what is shown now is not the model's answer
        calls = closing_calls(view, before)
        if any(self.agent.toolbox.get(call.name) is None for call in calls):
            return False
        for call in calls:
            if self._run(call).error:
                return False
        rows = self.context.presented or []
        if not holds(view, rows):
            return False
        self.context.text = text_over(view, rows)
        self.telling = self._new_telling(view.request)
        self.ran_out = True
        self.notice("cut", f"{_plain(error)}; this is the list as far as it was made")
        return True

    def _instead(
        self, error: ModelError, brain: Brain, request: Request, liked: Sequence[int]
    ) -> None:
        """The other brain answers, from the state before this turn, and says so."""
        assert self.began is not None
        self.session.bus.back_to(self.began)
        told = [notice for notice in self.context.notices if notice[0] == "model"]
        self.context.begin(liked=liked)
        self.emit(BrainReplaced(brain.name))
        self.context.notices += told
        hint = f" ({error.hint})" if error.hint else ""
        unseen = ""
        if self.pictures:
            unseen = f", by your words; nobody looked at the {noun_of(self.pictures)}"
        if is_short(error):
            self.notice("cut", f"{_plain(error)}; the built-in brain answers instead{unseen}")
        else:
            told_why = f"{_plain(error)}. The built-in brain answers instead{unseen}.{hint}"
            self.notice("fallback", told_why)
        self.fell_back = True
        self._drive(brain, self._view(request))


def _plain(error: ModelError) -> str:
    return error.message.rstrip(". ")


def with_weights(request: Request, weights: Mapping[str, float]) -> Request:
    """The request with the weights that were given in numbers, which count before its own."""
    return replace(request, weights=tuple({**dict(request.weights), **weights}.items()))


def sayable(view: TurnView) -> dict[int, frozenset[str]]:
    """What `remember` may write down in this turn: kinds of fact by row.

    What the built-in parser itself reads as said, and no more: what is only compared with, asked
    about, left out, or still holds from an earlier turn says nothing new of the person.
    """
    allowed: dict[int, set[str]] = {}
    for kind, said in told_of(view).items():
        also = ("seen",) if kind in ("liked", "disliked") else ()
        for row in map(view.context.catalog.row_of, said):
            if row is not None:
                allowed.setdefault(row, set()).update((kind, *also))
    return {row: frozenset(kinds) for row, kinds in allowed.items()}


def sayable_values(request: Request) -> dict[tuple[str, str], frozenset[str]]:
    """What `remember` may write down of values in this turn: what the words state, and no more."""
    allowed: dict[tuple[str, str], set[str]] = {}
    for one in request.stated:
        allowed.setdefault((one.column, one.value), set()).add(one.kind)
    return {pair: frozenset(kinds) for pair, kinds in allowed.items()}
