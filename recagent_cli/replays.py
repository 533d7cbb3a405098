"""Runs the tools of a trace again, without a model, from where its turn began; writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from recagent_catalogs.errors import NotFound, RecagentError
from recagent_tools.together import With
from recagent_tools.toolbox import ToolContext

from .agent.events import Event, ToolFinished
from .agent.loop import Agent
from .agent.past_context import context_of_list
from .agent.repeating import RepeatedCall, Repeating, compared, first_difference
from .agent.request import request_from_json
from .agent.session import Session
from .agent.tracing import Trace, build_of, known_digest, stand_at
from .agent.turn import Turn
from .contexts import Contexts
from .memory.profile import KINDS, Profile, derive, reach
from .sessions import Sessions
from .traces import Traces

MAX_CALLS = 10_000


@dataclass(frozen=True)
class Replay:
    """A turn that was run again.

    Attributes:
        trace: of it.
        calls: what each of its calls gave.
        shown: how the list differs, in words; "" where it does not.
        notes: what is not as it was then: data, models, what is known of the person, a turn before
            it of which nothing is left.
    """

    trace: Trace
    calls: tuple[RepeatedCall, ...]
    shown: str = ""
    notes: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether everything came out as it was."""
        return not self.shown and all(call.outcome == "same" for call in self.calls)

    def to_json(self) -> dict[str, Any]:
        """The body of a report of the kind `replay`."""
        head = self.trace.head
        return {
            "id": self.trace.id,
            "session": head["session"],
            "turn": head["turn"],
            "catalog": head["catalog"],
            "utterance": self.trace.utterance,
            "same": self.same,
            "notes": list(self.notes),
            "calls": [{**vars(call), "arguments": dict(call.arguments)} for call in self.calls],
            "shown": self.shown,
        }


@dataclass
class Replays:
    """Runs traces again.

    Attributes:
        sessions: the catalog, the models, the tools and the store; its notices are taken here.
        agent: the loop.
        traces: of the profile.
    """

    sessions: Sessions
    agent: Agent
    traces: Traces
    _notes: list[str] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.sessions = replace(self.sessions, notice=lambda kind, text: None)

    def replay(self, reference: str) -> Replay:
        """Run a trace again.

        Raises:
            NotFound: there is none, or its catalog is another one.
            BadInput: it is damaged.
        """
        trace = self.traces.get(reference)
        if trace.head["catalog"] != self.sessions.catalog.path.name:
            raise NotFound(
                f"trace {trace.id} is about the catalog {trace.head['catalog']}",
                hint=f"recagent trace replay {trace.id} -c {trace.head['catalog']}",
            )
        self._notes.clear()
        session = self._before(trace)
        made: list[ToolFinished] = []
        try:
            turn: Turn | None = self._run(trace, session, made)
        except RecagentError as error:
            turn = None
            self._notes.append(f"it could not be run to its end: {error.message}")
        ids = self.sessions.catalog.ids
        calls = compared(trace.calls, made, ids, same_data=self._same_data(trace))
        return Replay(trace, tuple(calls), self._shown(trace, turn, session), tuple(self._notes))

    def _shown(self, trace: Trace, turn: Turn | None, session: Session) -> str:
        if turn is None:
            return "no list now" if trace.shown else ""
        now = [item.id for item in turn.items]
        if not now and trace.shown and all(call.tool != "present" for call in trace.calls):
            # Its steps were used up; the best candidates were shown.
            rows = [int(row) for row in session.bus.rows()[: len(trace.shown)]]
            now = self.sessions.catalog.ids(rows)
        return first_difference(trace.shown, now)

    def _same_data(self, trace: Trace) -> bool:
        return bool(trace.head["data"] == self.sessions.catalog.fingerprint)

    # -- where the turn began --------------------------------------------------------------------

    def _before(self, trace: Trace) -> Session:
        """The session as it was before the turn: its history, cut there, or made again."""
        if not self._same_data(trace):
            self._notes.append("the catalog's data have changed since")
        else:
            try:
                session = self.sessions.load(str(trace.head["session"]))
            except RecagentError:
                session = None
            if session is not None and stand_at(session.bus, trace.head["before"]):
                session.turns = session.turns[: int(trace.head["turns"])]
                return session
            self._notes.append("the session's candidates of then are not there any more")
        return self._made_again(trace)

    def _made_again(self, trace: Trace) -> Session:
        """The session made of the traces of its earlier turns, as far as there are any."""
        session, id = self.sessions.new(), str(trace.head["session"])
        session.id = id
        earlier = {
            int(one.head["turn"]): one
            for one in reversed(self.traces.list(session=id))
            if int(one.head["turn"]) < int(trace.head["turn"])
        }
        missing = []
        for number in range(1, int(trace.head["turn"])):
            if number not in earlier:
                missing.append(str(number))
                continue
            try:
                self._run(earlier[number], session, [])
            except RecagentError as error:
                self._notes.append(f"turn {number} before it cannot be run: {error.message}")
        if missing:
            self._notes.append(f"no trace is left of turn {', '.join(missing)} before it")
        return session

    # -- the turn --------------------------------------------------------------------------------

    def _run(self, trace: Trace, session: Session, made: list[ToolFinished]) -> Turn:
        context = self._context(trace, session)
        again = Repeating(trace, self.agent.toolbox)
        agent = replace(self.agent, brain=again, fallback=again, max_calls=MAX_CALLS)

        def note(event: Event) -> None:
            if isinstance(event, ToolFinished):
                made.append(event)

        request = request_from_json(trace.end["request"])
        return agent.turn(trace.utterance, session, context, note, request)

    def _context(self, trace: Trace, session: Session) -> ToolContext:
        """What the tools could touch then: the person as known then, the same dice."""
        head, end = trace.head, trace.end
        told = end["with"]
        together = With(tuple(told["names"]), told["by"]) if told else With()
        contexts = Contexts(self.sessions, False, int(head["seed"]), together)
        session.unknown = self._rows(head["unknown"])
        context = contexts.of(session, end["user"])
        context.profile = self._profile(trace)
        context.liked.extend(self._rows(head["liked"]))
        context.weights = {str(name): float(weight) for name, weight in head["weights"].items()}
        context.may_remember, context.noting = True, "noted"
        context.rng = np.random.default_rng(int(head["seed"]))
        context.of_list = lambda number: context_of_list(context, session, number)
        if build_of(context) != head["models"] and _MODELS not in self._notes:
            self._notes.append(_MODELS)
        return context

    def _rows(self, ids: Sequence[str]) -> tuple[int, ...]:
        rows = (self.sessions.catalog.row_of(id) for id in ids)
        return tuple(row for row in rows if row is not None)

    def _profile(self, trace: Trace) -> Profile:
        """What was known of the person when the turn began, out of the facts of then."""
        began, known = float(trace.head["began"]), str(trace.head["known"])
        # A fact is taken back at a whole second, which may be that in which the turn began.
        tried = [self._profile_at(trace, moment) for moment in (began, float(int(began)) - 0.5)]
        for profile in tried:
            if known_digest(profile) == known:
                return profile
        if self._same_data(trace) and _KNOWN not in self._notes:
            self._notes.append(_KNOWN)
        return tried[0]

    def _profile_at(self, trace: Trace, undone_after: float) -> Profile:
        sessions, learning = self.sessions, self.sessions.learning
        began, last = float(trace.head["began"]), int(trace.head["facts"])
        repeats = learning.repeat_days > 0
        events = [
            replace(event, undone=0)
            for event in sessions.store.events(
                sessions.profile_name,
                sessions.catalog.path.name,
                [kind for kind in KINDS if repeats or kind != "shown"],
                undone=True,
                since=reach(learning, began),
            )
            if event.id <= last and (not event.undone or event.undone > undone_after)
        ]
        if repeats:
            held = trace.head["session"]
            events = [e for e in events if e.kind != "shown" or e.session != held]
        scale = sessions.engine.rating_scale
        return derive(events, sessions.catalog, learning=learning, now=began, scale=scale)


_MODELS = "the models are not those of then"
_KNOWN = (
    "what was known of you then is not there any more: facts were forgotten or joined, or the "
    "settings of the profile are others"
)
