"""The loop: asks a brain for the next step, runs its calls, ends the turn with the best there is.

After ReAct (Yao et al.) over a candidate bus (InteRecAgent). It cannot tell the brains apart: what
differs is only whether a failure of this brain may be covered by another one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from recagent_catalogs.errors import Cancelled, ModelError
from recagent_catalogs.text import clean, fold
from recagent_tools.bus import Mark
from recagent_tools.gauges import gauges
from recagent_tools.retrieve import profile_history
from recagent_tools.together import fares_of
from recagent_tools.toolbox import Tool, Toolbox, ToolContext

from .brain import Brain, Call, Observation, PastTurn, Step, TurnView, Usage
from .builtin.told import told_of
from .critic import ground, ground_question, numbers_in
from .events import (
    Event,
    Notice,
    Thought,
    ToolFinished,
    ToolStarted,
    TurnFinished,
    TurnStarted,
)
from .explaining import Explained, Scene, explain
from .explaining.asking import asker
from .past_context import context_of_list
from .request import GOING, Request
from .scope import set_scope
from .session import Session
from .telling import Telling
from .turn import ShownItem, TraceEntry, Turn, scores_of, shown_items

NOTED = {
    "liked": "noted that you like",
    "disliked": "noted that you do not like",
    "seen": "noted as seen",
    "never": "noted, never again",
    "wanted": "on your watchlist now",
    "unwanted": "off your watchlist",
    "accepted": "noted as taken",
    "rejected": "noted, not that one",
}
"""What is said when a fact is written down; by kind of fact."""
PROSE = frozenset(("text", "reasons", "question", "options"))
"""Arguments that hold words for the person."""
MAX_STEPS = 8
MAX_CALLS = 16
Emit = Callable[[Event], None]
Reader = Callable[[str, Session], Request]


@dataclass
class Agent:
    """A brain, the tools, and a fallback.

    Attributes:
        toolbox: the tools.
        brain: who answers.
        read: the built-in parser: utterance and session to a `Request`.
        fallback: who answers where the brain cannot; None lets `ModelError` through.
        default_count: how many items are shown where nobody said.
        style: how items are explained: "fit", "facts" or "short".
    """

    toolbox: Toolbox
    brain: Brain
    read: Reader
    fallback: Brain | None = None
    default_count: int = 5
    max_steps: int = MAX_STEPS
    max_calls: int = MAX_CALLS
    style: str = "fit"

    def turn(
        self,
        utterance: str,
        session: Session,
        context: ToolContext,
        emit: Emit,
        request: Request | None = None,
    ) -> Turn:
        """Answer one utterance. The session's bus is left as the turn made it.

        Args:
            utterance: what the person said.
            session: what was before.
            context: what the tools may touch.
            emit: takes the events.
            request: what is wanted, where it need not be read out of the utterance.

        Raises:
            ModelError: the brain failed and there is no fallback.
            Cancelled: Ctrl-C; the bus is as it was before the turn.
        """
        said = clean(utterance, 20_000, newlines=True)
        running = _Running(self, said, session, context, emit, request)
        before = session.bus.mark()
        try:
            return running.run()
        except KeyboardInterrupt:
            session.bus.back_to(before)
            raise Cancelled("stopped; nothing of this turn was kept") from None
        except BaseException:
            session.bus.back_to(before)
            raise


@dataclass
class _Running:
    """The state of one turn while it runs."""

    agent: Agent
    utterance: str
    session: Session
    context: ToolContext
    emit: Emit
    given: Request | None = None
    notices: list[tuple[str, str]] = field(default_factory=list)
    trace: list[TraceEntry] = field(default_factory=list)
    fell_back: bool = False
    ran_out: bool = False
    closing: str = ""
    began: Mark | None = None
    """The bus before the turn."""
    telling: Telling | None = None
    steps: list[tuple[Step, tuple[Observation, ...]]] = field(default_factory=list)
    aspects: dict[str, dict[str, float]] = field(default_factory=dict)

    def run(self) -> Turn:
        brain = self.agent.brain
        self.emit(TurnStarted(self.utterance, brain.name))
        read = self.given or self.agent.read(self.utterance, self.session)
        request = self._with_options(with_weights(read, self.context.weights))
        asked_for = list(self.context.liked)
        before = self.session.bus.mark()
        self.began = before
        try:
            self._drive(brain, self._view(request))
        except ModelError as error:
            if self.agent.fallback is None:
                raise
            self.session.bus.back_to(before)
            self.context.begin(liked=asked_for)
            brain = self.agent.fallback
            self._fall_back(error, brain, request)
        turn = self._finish(request, brain)
        self.session.turns.append(self._kept(turn))
        self.emit(TurnFinished(turn))
        return turn

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
        )
        context.sayable = sayable(view)
        return view

    def _drive(self, brain: Brain, view: TurnView) -> None:
        """Step until the turn is over or a budget is spent."""
        self.steps = view.steps
        self.context.said = None if brain.name == "builtin" else self.utterance
        calls = 0
        # The limit is on what costs; a brain that is free ends by itself.
        most = MAX_STEPS if brain.usage() is None else max(2, self.agent.max_steps)
        for number in range(most):
            last = number == most - 1 or calls >= self.agent.max_calls
            view.tools = self._last_tools() if last else self.agent.toolbox.offered(self.context)
            step = self._step(brain, view)
            if step.thought and not self._is_foreign(brain):
                self.emit(Thought(step.thought))
            if not step.calls:
                self.closing = step.text
                return
            left = self.agent.max_calls - calls
            observations = [
                self._run(call) if n < left or _ends(call, view) else _over_budget(call)
                for n, call in enumerate(step.calls)
            ]
            calls += len(observations)
            view.steps.append((step, tuple(observations)))
            if self._is_over(step, observations):
                return
        self._notice("cut", "the step budget is spent; this is the best list so far")
        self.ran_out = True

    def _step(self, brain: Brain, view: TurnView) -> Step:
        """The brain's next step; a model's words are told as far as they are checked."""
        self.telling = self._new_telling(view.request)
        step = brain.next_step(view, self.telling)
        if step.calls:  # what stood before calls was no answer
            self.telling = self._new_telling(view.request)
        return step

    def _new_telling(self, request: Request) -> Telling:
        return Telling(lambda text: self._checked(text, (), request)[0], self.emit)

    def _is_foreign(self, brain: Brain) -> bool:
        """Whether a brain's words are a model's: shown only where they were checked."""
        return brain is not self.agent.fallback and brain.name != "builtin"

    def _last_tools(self) -> Sequence[Tool]:
        """In the last step only what ends the turn is offered."""
        offered = self.agent.toolbox.offered(self.context)
        return [tool for tool in offered if tool.ends_turn]

    def _run(self, call: Call) -> Observation:
        told = self._without_prose(call)
        self.emit(ToolStarted(call.id, call.name, told))
        ran = self.agent.toolbox.run(call.name, call.arguments, self.context)
        error = ran.result.text if ran.error else ""
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
                ran.result.text,
                ran.error,
            )
        )
        return Observation(call, ran.result.text, ran.result.data, ran.error)

    def _without_prose(self, call: Call) -> dict[str, Any]:
        """A call's arguments as they may be seen: a model's words are shown only once checked."""
        tool = self.agent.toolbox.get(call.name)
        if tool is None or not tool.ends_turn:
            return call.arguments
        return {name: value for name, value in call.arguments.items() if name not in PROSE}

    def _is_over(self, step: Step, observations: Sequence[Observation]) -> bool:
        for observation in observations:
            tool = self.agent.toolbox.get(observation.call.name)
            if tool is not None and tool.ends_turn and not observation.error:
                return True
        return False

    def _fall_back(self, error: ModelError, brain: Brain, request: Request) -> None:
        """The other brain answers, from the state before this turn, and says so."""
        hint = f" ({error.hint})" if error.hint else ""
        message = error.message.rstrip(". ")
        self._notice("fallback", f"{message}. The built-in brain answers instead.{hint}")
        self.fell_back = True
        self._drive(brain, self._view(request))

    def _notice(self, kind: str, text: str) -> None:
        self.notices.append((kind, text))
        self.emit(Notice(kind, text))

    def _finish(self, request: Request, brain: Brain) -> Turn:
        context = self.context
        rows = context.presented
        if rows is None and self.ran_out and len(context.bus) < context.bus.n_items:
            rows = [int(row) for row in context.bus.rows()[: self.agent.default_count]]
        rows = rows or []
        if rows:
            self._show(rows)
        funnel = context.bus.funnel()
        if not rows:
            context.bus.settle()
        text = context.text or self.closing
        foreign = self._is_foreign(brain)
        if foreign:
            text = self._grounded(text, rows, request)
        if self.telling is not None and self.given is None:
            self.telling.close(text)
        explained = self._explained(rows, request, brain if foreign else None)
        cut = self.ran_out or self.fell_back or any(kind == "cut" for kind, _ in context.notices)
        for kind, told in (*context.notices, *self._said(request, text)):
            self._notice(kind, told)
        question, options = context.question or ("", ())
        usage: Usage | None = brain.usage()
        return Turn(
            utterance=self.utterance,
            text=text or question,
            items=self._items(rows, request, explained),
            request=request,
            trace=tuple(self.trace),
            notices=tuple(self.notices),
            brain=brain.name,
            usage=usage,
            session=self.session.id,
            catalog=context.catalog.name,
            question=question,
            options=options,
            cut=cut,
            funnel=funnel,
            aspects=self.aspects if rows else {},
            number=context.bus.standing,
            user=None if context.user is None else context.catalog.user_id(context.user),
            liked=tuple(context.catalog.ids(context.liked)),
            disliked=tuple(context.catalog.ids(context.disliked)),
            relaxations=tuple(context.relaxations),
            relaxed=context.relaxed,
            offered=context.offered if context.question else 0,
            explained=explained,
            remembered=tuple(context.remembered),
            stated=tuple(context.stated),
            together=None if context.company is None else context.company.together,
        )

    def _show(self, rows: Sequence[int]) -> None:
        """The list stands; a new one is one change, wherever the turn went on its way to it."""
        bus, lists = self.context.bus, len(self.context.bus.lists)
        bus.show(rows)
        if self.began is not None and len(bus.lists) > lists:
            bus.one_change(self.began)

    def _explained(
        self, rows: Sequence[int], request: Request, brain: Brain | None
    ) -> tuple[Explained, ...]:
        """Why each item is in the list; what a model wrote is checked and refined first.

        `brain` is the model that wrote; None where all words are ours.
        """
        if not rows:
            return ()
        given = self.context.reasons if brain is not None else {}
        request, context = self._made_in(request)
        scene = Scene(rows, context, request, self.agent.style)
        rewrite = None if brain is None else asker(brain, scene)
        items = context.catalog.items(rows)
        explained = explain(items, given, scene, profile_history(context), rewrite)
        ways = {"model": "it was written anew", "mended": "it was mended"}
        for one in explained:
            if one.was_wrong:
                what = ways.get(one.source, "this one is ours")
                label = context.catalog.label(one.row)
                self._notice("correction", f"the model's reason for {label} was wrong; {what}")
        return explained

    def _made_in(self, request: Request) -> tuple[Request, ToolContext]:
        """What the list is told with: of an earlier one that stands again, as it was then."""
        context, number = self.context, self.context.bus.standing
        behind = self.session.request_of(number) if request.operations else None
        if behind is not None and context.of_list:
            return behind, context.of_list(number)
        return request, context

    def _grounded(self, text: str, rows: Sequence[int], request: Request) -> str:
        """A model's words without what is not true: its text and its question."""
        context = self.context
        text, corrections = self._checked(text, rows, request)
        if context.question is not None:
            question, options = context.question
            context.question, more = ground_question(question, options, context, request=request)
            corrections += more
        for correction in corrections:
            self._notice("correction", correction)
        return text or (self._plain_text(rows) if corrections else "")

    def _checked(self, text: str, rows: Sequence[int], request: Request) -> tuple[str, list[str]]:
        """A model's text without what is not true, and what was done to it."""
        counted, told = self._learned()
        return ground(text, rows, self.context, request=request, counted=counted, told=told)

    def _plain_text(self, rows: Sequence[int]) -> str:
        """What is said where nothing of a model's text was left."""
        schema = self.context.catalog.schema
        if self.context.question is not None:
            return ""
        if not rows:
            return "I have no answer to this that the catalog bears out."
        return f"{len(rows)} {schema.item if len(rows) == 1 else schema.items}."

    def _learned(self) -> tuple[set[float], list[int]]:
        """What the information tools of this turn counted, and the items they told of."""
        counted: set[float] = set()
        told: list[int] = []
        for step in self.steps:
            for observation in step[1]:
                tool = self.agent.toolbox.get(observation.call.name)
                if tool is None or tool.group != "information" or observation.error:
                    continue
                # A number that stands in the query itself was not counted by it.
                counted |= numbers_in(observation.text) - numbers_in(
                    str(observation.call.arguments)
                )
                told.extend(self._rows_of(observation.data))
        return counted, told

    def _rows_of(self, data: object) -> Iterator[int]:
        """The items that a tool's result names by id or title."""
        for entry in data if isinstance(data, list) else ():
            if not isinstance(entry, dict):
                continue
            catalog = self.context.catalog
            row = catalog.row_of(str(entry["id"])) if "id" in entry else None
            if row is not None:
                yield row
            elif "title" in entry:
                yield from catalog.titles.exact(fold(str(entry["title"])))

    def _said(self, request: Request, text: str) -> list[tuple[str, str]]:
        """What the request could not be read or answered in full; not twice what the text says."""
        said = [("limit", limit) for limit in request.limits if limit not in text]
        for kind in NOTED:
            rows = [row for noted, row in self.context.remembered if noted == kind]
            names = [self.context.catalog.label(row) for row in rows]
            names += [value for noted, _, value in self.context.stated if noted == kind]
            told = self.context.said is None and "Noted:" in text and all(n in text for n in names)
            if names and not told:
                said.append(("noted", f"{NOTED[kind]}: {', '.join(dict.fromkeys(names))}"))
        if request.unused:
            words = ", ".join(f"'{word}'" for word in request.unused)
            said.append(("unused", f"I did not use: {words}"))
        return said

    def _items(
        self, rows: Sequence[int], request: Request, explained: Sequence[Explained]
    ) -> tuple[ShownItem, ...]:
        if not rows:
            return ()
        items = self.context.catalog.items(rows)
        reasons = {one.row: one.text for one in explained}
        told, bus = gauges(rows, self._made_in(request)[1]), self.context.bus
        return shown_items(items, scores_of(rows, bus), reasons, told, fares_of(rows, bus))


def _ends(call: Call, view: TurnView) -> bool:
    return any(tool.name == call.name and tool.ends_turn for tool in view.tools)


def _over_budget(call: Call) -> Observation:
    return Observation(call, "error: not run, the calls of this turn are used up", error=True)


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
