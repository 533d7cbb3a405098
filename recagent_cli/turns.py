"""Turns of a session: run and kept, done without words, or only planned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from recagent_catalogs.errors import BadInput, NotFound, RecagentError
from recagent_catalogs.text import fold
from recagent_tools.toolbox import ToolContext

from . import __version__
from .agent.brain import Brain
from .agent.builtin.parse import Parser
from .agent.builtin.words.tokens import tokenize
from .agent.events import Event, TurnFinished
from .agent.lessons import Lessons
from .agent.loop import Agent
from .agent.operations import check, conditions, rows_of, see_among, utterance_of
from .agent.picture import Picture
from .agent.plan import DryToolbox, Plan
from .agent.request import GOING, MAKING, Operation, Request
from .agent.session import Session
from .agent.tracing import Tracing
from .agent.turn import Turn
from .agent.usage import spent, usages_of
from .sessions import Sessions

EventFunction = Callable[[Event], None]


def ignore(event: Event) -> None:
    """An event that nobody watches."""


@dataclass(frozen=True)
class Turns:
    """Runs turns.

    Attributes:
        agent: who answers.
        builtin: the brain of what is done without words, and of plans.
        parser: reads operations as a request.
        sessions: where turns are kept; None where nothing is.
        count: how many items are shown where nobody said.
        emit: takes the events.
        notice: takes (kind, text) of what went wrong beside a turn.
        take_notices: gives what the person was not yet told.
    """

    agent: Agent
    builtin: Brain
    parser: Parser
    sessions: Sessions | None
    count: int
    emit: EventFunction
    notice: Callable[[str, str], None]
    take_notices: Callable[[], list[tuple[str, str]]]

    def run(
        self,
        text: str,
        session: Session,
        context: ToolContext,
        request: Request | None = None,
        pictures: Sequence[Picture] = (),
    ) -> Turn:
        """Run a turn and keep it; of pictures only their names."""
        emit, before = self.emit, session.bus.mark()
        begun = self.sessions.begin() if self.sessions is not None else None
        trace = None if begun is None else Tracing(len(session.turns), context, version=__version__)

        lessons = Lessons(context.catalog, self.agent.toolbox)

        def told(event: Event) -> None:
            if trace is not None:
                trace(event)
            lessons(event)
            # The turn is over once it is kept and its notices are complete, not before.
            if not isinstance(event, TurnFinished):
                emit(event)

        turn = self.agent.turn(text, session, context, told, request, pictures)
        failed = [entry.error for entry in turn.trace if entry.error]
        if request is not None and failed:
            session.bus.back_to(before)
            session.turns.pop()
            raise BadInput(failed[0].removeprefix("error: "))
        if self.sessions is None:
            session.private = True
        else:
            try:
                session.traces.append(trace.text() if trace is not None else "")
                session.lessons += lessons.learned
                kept = self.sessions.keep(session, turn, begun)
                self.sessions.learn(kept, context.shown, context)
            except NotFound:  # the session is somebody else's
                raise
            except RecagentError as error:  # the answer is there and must not be lost
                nothing = ", nothing of it is noted" if turn.remembered or turn.stated else ""
                self.notice("catalog", f"this turn could not be kept{nothing}: {error.message}")
                mine = tuple(said for said in turn.notices if said[0] != "noted")
                turn = replace(turn, notices=mine)
        if trace is not None and trace.lost:
            self.notice("catalog", f"no trace of this turn: {trace.lost}")
        if request is None:
            self._tell_doubt(turn)
        notices = (*self.take_notices(), *turn.notices)
        turn = replace(turn, notices=notices, spent=spent(usages_of(session.turns)))
        emit(TurnFinished(turn))
        return turn

    def _tell_doubt(self, turn: Turn) -> None:
        """That a word was taken for a set, where it says something of the catalog as well."""
        for name in dict.fromkeys(op.name for op in turn.request.operations if op.op in MAKING):
            found = self.parser.read(tokenize(name)).conditions if name else []
            values = {fold(str(value)) for condition in found for value in condition.values}
            # "crime night" is no condition, though one word of it is
            if found and (len(name.split()) == 1 or fold(name) in values):
                told = f"I took '{name}' for your set, not for a condition"
                self.notice("limit", told)

    def operate(
        self,
        operations: Sequence[Operation],
        session: Session,
        context: ToolContext,
        *,
        drop: Sequence[str],
        where: Sequence[str],
        count: int | None,
    ) -> Turn:
        """`Assistant.operate`."""
        context.shown = session.shown
        if not (operations or drop or where):
            raise BadInput("no operation was given", hint="undo, redo, list, save, load, union …")
        if (drop or where) and any(op.op in GOING for op in operations):
            raise BadInput("going to a list and narrowing it are two operations")
        check(operations, context)
        rows, met = rows_of(drop, context), conditions(where, context)
        if not operations:
            see_among(rows, context)
        request = self.parser.operated(
            operations, session.turns, shown=session.shown, dropped=rows, where=met
        )
        standing = len(session.shown)
        request = replace(request, count=count)
        agent = replace(self.agent, brain=self.builtin, fallback=None)
        agent.default_count = count or standing or self.count
        labels = [context.catalog.label(row) for row in rows]
        said = utterance_of(operations, labels, met)
        return replace(self, agent=agent).run(said, session, context, request)

    def plan(self, text: str, session: Session, context: ToolContext, count: int | None) -> Plan:
        """`Assistant.plan`, on a session of its own."""
        dry = DryToolbox(self.agent.toolbox)
        agent = replace(self.agent, toolbox=dry, brain=self.builtin, fallback=None)
        agent.default_count = count or self.count
        turn = agent.turn(text, session, context, ignore)
        return Plan(
            turn.request,
            tuple(dry.steps),
            dry.shown,
            turn.text,
            turn.question,
            turn.options,
            (*self.take_notices(), *(told for told in turn.notices if told[0] != "noted")),
            self.agent.brain.name,
        )
