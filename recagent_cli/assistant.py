"""The Python API, and the one place where everything is wired."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from recagent_catalogs.errors import BadInput, NotFound, RecagentError, ToolError
from recagent_catalogs.sandbox import PERSON_TABLES, TIMEOUT_S, Rows, Sandbox
from recagent_catalogs.store import Catalog
from recagent_tools.bus import CandidateBus
from recagent_tools.bus_file import bus_from_bytes, bus_to_bytes
from recagent_tools.comparison import Comparison, compare
from recagent_tools.conditions import Condition, parse_condition
from recagent_tools.evidence import Evidence, WhyNot
from recagent_tools.explain import explained
from recagent_tools.filter import MOST_TOLD
from recagent_tools.models.engine import Engine
from recagent_tools.predict import PredictedRating, predicted_rating
from recagent_tools.rank import parse_weights
from recagent_tools.references import resolve
from recagent_tools.registry import load_toolbox
from recagent_tools.relaxation import MAX_CONDITIONS, Census
from recagent_tools.replay import replay
from recagent_tools.retrieve import profile_history
from recagent_tools.rowset import RowSet
from recagent_tools.toolbox import Ran, Toolbox, ToolContext
from recagent_tools.why_not import why_not

from .agent.brain import Brain, PastTurn
from .agent.builtin.brain import BuiltinBrain
from .agent.builtin.parse import Parser
from .agent.events import Event, Notice, Progress, TurnFinished
from .agent.explaining import Scene, explain
from .agent.explaining.alone import Explanation, refine_alone
from .agent.loop import Agent
from .agent.operations import check, conditions, rows_of, utterance_of
from .agent.past_context import context_of_list
from .agent.plan import DryToolbox, Plan, apart
from .agent.request import GOING, Intent, Mention, Operation, Request
from .agent.session import Session, without_lists
from .agent.turn import ShownItem, Turn, past_from_json, past_to_json, scores_of, shown_items
from .library import DEFAULT_CATALOG, FIRST_ANSWER_S, Library
from .memory.profile import KINDS, Profile, derive
from .memory.store import StoredEvent, StoredSession, UserStore
from .paths import Paths, find_paths
from .semantic import THRESHOLD

EventFunction = Callable[[Event], None]


def ignore(event: Event) -> None:
    """An event that nobody watches."""


class Assistant:
    """A catalog, its models, a brain and a person's memory: ask, recommend, look up.

    Args:
        catalog: name of a catalog; the bundled movies where none is named.
        model: a language model as litellm names it; None for the built-in brain.
        api_base: address of an OpenAI-compatible server, for `model`.
        profile: whose profile is used.
        fallback: whether the built-in brain answers where the model fails.
        build: whether models are trained first where there are none.
        incognito: whether nothing of the turns is kept.
        seed: seed of everything random; with 0, "surprise me" changes by the day.
        count: how many items an answer shows where nobody said.
        style: how items are explained: "fit" (why it fits this person), "facts" or "short".
        semantic: folder of a model of sentence embeddings, by which moods that no word list knows
            are read as the nearest tags; none by default.
        semantic_threshold: the cosine from which on a tag is near.
        paths: where things are kept; by default as `RECAGENT_HOME` or the platform has it.
        on_event: takes every event of every turn, and progress.

    Raises:
        NotFound: there is no such catalog.
    """

    def __init__(
        self,
        catalog: str = DEFAULT_CATALOG,
        *,
        model: str | None = None,
        api_base: str | None = None,
        profile: str = "me",
        fallback: bool = True,
        build: bool = True,
        incognito: bool = False,
        seed: int = 0,
        count: int = 5,
        style: str = "fit",
        max_steps: int = 8,
        timeout_s: float = 120.0,
        semantic: str | Path | None = None,
        semantic_threshold: float = THRESHOLD,
        paths: Paths | None = None,
        on_event: EventFunction = ignore,
    ) -> None:
        self.paths = paths or find_paths()
        self.on_event = on_event
        self.profile_name = profile
        self.incognito = incognito
        self.count = count
        self.seed = seed
        self.notices: list[tuple[str, str]] = []
        started = time.monotonic()
        self.library = Library(
            self.paths,
            lambda text, share: self.on_event(Progress(text, share)),
            Path(semantic).absolute() if semantic else None,
        )
        self.catalog: Catalog = self.library.open(catalog)
        self.engine: Engine = self._open_engine(build, started + FIRST_ANSWER_S)
        self.store = UserStore(self.paths.store)
        self.sandbox = Sandbox(self.catalog.path / "catalog.duckdb")
        self.toolbox = load_toolbox()
        self.parser = Parser(
            self.catalog,
            matcher=self.library.matcher(
                self.catalog, semantic_threshold, lambda text: self._notice("catalog", text)
            ),
        )
        self.builtin = BuiltinBrain()
        brain: Brain = self.builtin
        if model:
            from .agent.llm import open_brain

            brain = open_brain(model, api_base=api_base, timeout_s=timeout_s)
        self.agent = Agent(
            self.toolbox,
            brain,
            self._read,
            fallback=self.builtin if model and fallback else None,
            default_count=count,
            max_steps=max_steps,
            style=style,
        )

    # -- opening ---------------------------------------------------------------------------------

    def _open_engine(self, build: bool, deadline: float) -> Engine:
        engine = self.library.engine(self.catalog)
        if not engine.trained and build and self._worth_training():
            left = max(0.0, deadline - time.monotonic())
            try:
                if self.library.build_within(self.catalog.path.name, left):
                    engine = self.library.engine(self.catalog)
                else:
                    self._notice(
                        "catalog",
                        "the models are still being trained in the background; this answer comes "
                        "from content and popularity",
                    )
            except RecagentError as error:
                self._notice("catalog", f"{error.message}; answering from content and popularity")
        for notice in engine.notices:
            self._notice("catalog", notice)
        return engine

    def _worth_training(self) -> bool:
        interactions = self.catalog.interactions
        return interactions is not None and len(interactions) > 0

    def _notice(self, kind: str, text: str) -> None:
        self.notices.append((kind, text))
        self.on_event(Notice(kind, text))

    def take_notices(self) -> list[tuple[str, str]]:
        """What the person should be told and was not yet, each once, as (kind, text).

        The next turn takes them by itself into its notices; for commands that make none.
        """
        taken = list(dict.fromkeys(self.notices))
        self.notices.clear()
        return taken

    def close(self) -> None:
        """End the SQL worker."""
        self.sandbox.close()

    def __enter__(self) -> Assistant:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- asking ----------------------------------------------------------------------------------

    def new_session(self) -> Session:
        """A session whose bus holds the whole catalog."""
        return Session(
            self.catalog.path.name, CandidateBus(self.catalog.n_items, self.catalog.fingerprint)
        )

    def ask(
        self,
        text: str,
        *,
        session: Session | None = None,
        user: str | None = None,
        like: Sequence[str] = (),
        weights: Sequence[str] = (),
        count: int | None = None,
        keep: bool = True,
        on_event: EventFunction | None = None,
    ) -> Turn:
        """Answer one utterance.

        Args:
            text: in the person's own words.
            session: the session it belongs to; a new one where None.
            user: a user of the catalog's data, for whom to answer.
            like: further liked items, by title or id.
            weights: aspects of `rank` with their weight, as in `recommend`; they count before
                those that the words ask for.
            count: how many items.
            keep: whether turn, session and facts are stored.
            on_event: takes the events of this turn; by default the assistant's own.

        Raises:
            BadInput: nothing was said, or a weight is wrong.
            NotFound: no such user or item.
            ModelError: the model failed and there is no fallback.
            Cancelled: Ctrl-C.
        """
        if not text.strip():
            raise BadInput("nothing was asked", hint='recagent ask "90s sci-fi like Alien"')
        session = session or self.new_session()
        context = self.context(session, user)
        context.weights = _own_weights(weights)
        context.liked.extend(resolve_title(title, context) for title in like)
        self.agent.default_count = count or self.count
        return self._turn(self.agent, text, session, context, keep, on_event)

    def operate(
        self,
        operations: Sequence[Operation] = (),
        *,
        session: Session,
        drop: Sequence[str] = (),
        where: Sequence[str] = (),
        user: str | None = None,
        count: int | None = None,
        keep: bool = True,
        on_event: EventFunction | None = None,
    ) -> Turn:
        """Go to a list, join sets, save one, drop items: without words that have to be read.

        The built-in brain does it, whichever brain talks. It is a turn like any other, which
        `undo` takes back. Where something fails nothing is done.

        Args:
            operations: what to do with lists and sets, in order.
            session: the session it belongs to.
            drop: items to leave out of what stands then: ids, titles, or "#2" of the list.
            where: conditions that the candidates must meet besides, in the grammar of `filter`.
            user: a user of the catalog's data, for whom to rank.
            count: how many items of another set are shown; by default as many as stand now.
            keep: whether turn and session are stored.
            on_event: takes the events of this turn; by default the assistant's own.

        Raises:
            NotFound: no such list, set, item or user.
            BadInput: a condition is wrong, there is nothing to undo, or nothing to do.
        """
        context = self.context(session, user)
        context.shown = session.shown
        if not (operations or drop or where):
            raise BadInput("no operation was given", hint="undo, redo, list, save, load, union …")
        if (drop or where) and any(op.op in GOING for op in operations):
            raise BadInput("going to a list and narrowing it are two operations")
        check(operations, context)
        rows, met = rows_of(drop, context), conditions(where, context)
        request = self.parser.operated(
            operations, session.turns, shown=session.shown, dropped=rows, where=met
        )
        standing = len(session.shown)
        request = replace(request, count=count)
        agent = replace(self.agent, brain=self.builtin, fallback=None)
        agent.default_count = count or standing or self.count
        labels = [self.catalog.label(row) for row in rows]
        said = utterance_of(operations, labels, met)
        return self._turn(agent, said, session, context, keep, on_event, request)

    def _turn(
        self,
        agent: Agent,
        text: str,
        session: Session,
        context: ToolContext,
        keep: bool,
        on_event: EventFunction | None,
        request: Request | None = None,
    ) -> Turn:
        """Run a turn and keep it."""
        emit = on_event or self.on_event
        before = session.bus.mark()
        # The turn is over once it is kept and its notices are complete, not before.
        turn = agent.turn(
            text,
            session,
            context,
            lambda e: None if isinstance(e, TurnFinished) else emit(e),
            request,
        )
        failed = [entry.error for entry in turn.trace if entry.error]
        if request is not None and failed:
            session.bus.back_to(before)
            session.turns.pop()
            raise BadInput(failed[0].removeprefix("error: "))
        if keep and not self.incognito:
            try:
                self._keep(session, turn)
            except NotFound:  # the session is somebody else's
                raise
            except RecagentError as error:  # the answer is there and must not be lost
                self._notice("catalog", f"this turn could not be kept: {error.message}")
        turn = replace(turn, notices=(*self.take_notices(), *turn.notices))
        emit(TurnFinished(turn))
        return turn

    def plan(
        self,
        text: str,
        *,
        session: Session | None = None,
        user: str | None = None,
        like: Sequence[str] = (),
        weights: Sequence[str] = (),
        count: int | None = None,
    ) -> Plan:
        """What `ask` would do: the calls of the built-in brain and how many items they leave.

        Conditions and retrievers run, so the counts are exact; nothing is ranked, shown or kept,
        and no model is called. The arguments are those of `ask`.

        Raises:
            BadInput: nothing was said, or a weight is wrong.
            NotFound: no such user or item.
        """
        if not text.strip():
            raise BadInput("nothing was asked", hint='recagent ask "90s sci-fi like Alien"')
        held = session or self.new_session()
        trial = Session(held.catalog, apart(held.bus), held.id, list(held.turns))
        context = self.context(trial, user)
        context.weights = _own_weights(weights)
        context.liked.extend(resolve_title(title, context) for title in like)
        dry = DryToolbox(self.toolbox)
        agent = replace(self.agent, toolbox=dry, brain=self.builtin, fallback=None)
        agent.default_count = count or self.count
        turn = agent.turn(text, trial, context, ignore)
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

    def _read(self, utterance: str, session: Session) -> Request:
        return self.parser.parse(
            utterance, session.turns, shown=session.shown, sets=tuple(session.bus.saved)
        )

    def context(self, session: Session, user: str | None) -> ToolContext:
        """What the tools may touch in a turn of this session."""
        return ToolContext(
            catalog=self.catalog,
            engine=self.engine,
            bus=session.bus,
            sandbox=self.sandbox,
            profile=self.profile(),
            user=self.user_index(user),
            made_for=lambda number: session.made_for(number, self.catalog),
            may_remember=not self.incognito,
            rng=np.random.default_rng(self.seed or datetime.date.today().toordinal()),
            of_list=lambda number: self.context_of_list(session, number),
        )

    def context_of_list(self, session: Session, number: int = 0) -> ToolContext:
        """What the tools could touch in the turn that made a list, on a bus that stands there.

        The profile and the models are those of now. 0 is the list that stands, -1 the last one.

        Raises:
            ToolError: there is no such list.
        """
        return context_of_list(self.context(session, None), session, number)

    def user_index(self, user: str | None) -> int | None:
        """The index of a user of the catalog's data.

        Raises:
            NotFound: there is none of that id.
        """
        if user is None:
            return None
        index = self.catalog.user_index(user)
        if index is None:
            known = (
                f"it has {self.catalog.n_users:,} users, the first is {self.catalog.user_id(0)!r}"
                if self.catalog.n_users
                else "it has no users"
            )
            raise NotFound(f"no user {user!r} in the catalog {self.catalog.name}", hint=known)
        return index

    def profile(self) -> Profile:
        """What is known of the person, in rows of this catalog."""
        if self.incognito:
            return Profile()
        events = self.store.events(self.profile_name, self.catalog.path.name, KINDS)
        self._tell_damage()
        return derive(events, self.catalog)

    def _tell_damage(self) -> None:
        if self.store.damaged:
            rows = ", ".join(self.store.damaged[:5])
            self._notice("catalog", f"damaged rows of the store were left out: {rows}")
            self.store.damaged.clear()

    def _keep(self, session: Session, turn: Turn) -> None:
        """Write the turn, the session and its facts, in one transaction."""
        ids = self.catalog.ids([row for _, row in turn.remembered])
        events = [
            self._event(kind, item, source=turn.utterance[:200], session=session)
            for (kind, _), item in zip(turn.remembered, ids, strict=True)
        ]
        events += [
            self._event("shown", item.id, source="present", session=session) for item in turn.items
        ]
        now = time.time()
        stored = StoredSession(
            session.id,
            self.profile_name,
            session.catalog,
            self.catalog.fingerprint,
            now,
            now,
            bus_to_bytes(session.bus),
        )
        self._back_up()
        new = session.turns[session.saved_turns :]
        bodies = [past_to_json(past, self.catalog.ids(past.shown)) for past in new]
        self.store.commit(events=events, session=stored, new_turns=bodies)
        session.saved_turns = len(session.turns)

    def _back_up(self) -> None:
        """Copy the store once a day; an answer does not depend on it."""
        try:
            self.store.back_up()
        except (OSError, RecagentError) as error:
            self._notice("catalog", f"the store could not be backed up: {error}")

    def _event(
        self,
        kind: str,
        item: str,
        *,
        source: str,
        session: Session | None = None,
    ) -> StoredEvent:
        return StoredEvent(
            self.profile_name,
            self.catalog.path.name,
            kind,
            item,
            source=source,
            session=session.id if session else "",
        )

    def note(self, kind: str, rows: Sequence[int], *, source: str) -> None:
        """Write a fact about items down: liked, disliked, seen, never."""
        self.store.commit(
            events=[self._event(kind, item, source=source) for item in self.catalog.ids(rows)]
        )

    # -- sessions --------------------------------------------------------------------------------

    def load_session(self, session_id: str | None = None) -> Session | None:
        """The session of that id, or the one used last; None where there is no last one.

        Raises:
            NotFound: there is no session of that id, or it is another profile's.
            BadInput: it is damaged.
        """
        name = self.catalog.path.name
        if session_id is None:
            last = self.store.last_session(self.profile_name, name)
            self._tell_damage()
            return None if last is None else self._restore(last)
        stored = self.store.session(session_id, self.profile_name)
        self._tell_damage()
        if stored.catalog != name:
            raise NotFound(
                f"the session {session_id!r} is about the catalog {stored.catalog}",
                hint=f"recagent … -c {stored.catalog} --session {session_id}",
            )
        return self._restore(stored)

    def _restore(self, stored: StoredSession) -> Session:
        turns: list[PastTurn] = []
        for body in stored.turns:
            past, ids = past_from_json(body)
            rows = tuple(row for row in map(self.catalog.row_of, ids) if row is not None)
            turns.append(replace(past, shown=rows))
        bus = CandidateBus(self.catalog.n_items, self.catalog.fingerprint)
        if stored.fingerprint == self.catalog.fingerprint:
            bus = self._restored_bus(stored.bus)
        else:
            self._notice(
                "catalog", "the catalog has changed since this session; its candidates start anew"
            )
        if not bus.lists:
            turns = [without_lists(turn) for turn in turns]
        return Session(stored.catalog, bus, stored.id, turns, saved_turns=len(turns))

    def _restored_bus(self, blob: bytes) -> CandidateBus:
        """A stored bus; a stage too large to be stored is made again from its recipe."""
        try:
            bus = bus_from_bytes(blob, self.catalog.n_items)
        except ValueError:
            self._notice("catalog", "the session's candidates are unreadable; they start anew")
            return CandidateBus(self.catalog.n_items, self.catalog.fingerprint)
        if bus.now.candidates is None:
            context = ToolContext(self.catalog, self.engine, bus, self.sandbox)
            if not replay(bus, self.toolbox, context):
                bus.start()
                self._notice("catalog", "the candidates of this session were lost; they start anew")
        return bus

    def why_not(
        self, reference: str, *, session: Session | str | None = None, number: int = 0
    ) -> tuple[WhyNot, ToolContext]:
        """Why an item of the catalog is not in a list of a session, and what would bring it in.

        Args:
            reference: its title or its id; "#2" is the second of the list that stands.
            session: the session or its id; the one used last where None.
            number: of the list; 0 is the one that stands, else the last one.

        Returns:
            The answer, and the context of the turn that made the list.

        Raises:
            NotFound: no such session, list or item.
        """
        held = session if isinstance(session, Session) else self.load_session(session)
        if held is None or not held.bus.lists:
            raise NotFound("no list was shown yet", hint='recagent ask "90s sci-fi like Alien"')
        now = self.context(held, None)
        now.shown = held.shown
        row = resolve_title(reference, now)
        try:
            then = self.context_of_list(held, number)
        except ToolError as error:
            raise NotFound(error.message, hint=error.hint) from error
        return why_not(row, then), then

    def why(self, reference: str, *, session: Session | str | None = None) -> Evidence:
        """Why an item is in a list of a session: the evidence, in figures.

        Args:
            reference: its place in the list that stands ("2"), its title or its id.
            session: the session or its id; the one used last where None.

        Raises:
            NotFound: no such session, item or place, or an item that is in none of its lists.
        """
        if not isinstance(session, Session):
            session = self.load_session(session)
        if session is None or not session.shown:
            raise NotFound("no list was shown yet", hint='recagent ask "90s sci-fi like Alien"')
        context = self.context(session, None)
        context.shown = session.shown
        row = resolve_shown(reference, context)
        found = explained(row, context)
        if found is None:
            title = self.catalog.item(row).title
            raise NotFound(
                f"{self.catalog.label(row)} is in no list of this session",
                hint=f'recagent why-not "{title}" says why not',
            )
        return found

    def standing(self, session: Session) -> tuple[ShownItem, ...]:
        """The list that stands, as it was shown; empty where none does."""
        number = session.bus.standing
        if not number:
            return shown_items(items := self.catalog.items(session.shown), [None] * len(items), {})
        context = self.context_of_list(session, number)
        request = session.request_of(number) or Request(Intent.RECOMMEND)
        items = self.catalog.items(session.shown)
        scene = Scene(session.shown, context, request, self.agent.style)
        told = explain(items, {}, scene, profile_history(context))
        reasons = {one.row: one.text for one in told}
        return shown_items(items, scores_of(session.shown, context.bus), reasons)

    def candidates(self, session: Session, count: int | None = None) -> tuple[ShownItem, ...]:
        """The candidates of a session, best first where they are ranked; all without `count`."""
        rows = [int(row) for row in session.bus.rows()[:count]]
        return shown_items(self.catalog.items(rows), scores_of(rows, session.bus), {})

    def compare(
        self,
        references: Sequence[str],
        *,
        session: Session | str | None = None,
        user: str | None = None,
    ) -> tuple[Comparison, ToolContext]:
        """Two to five items side by side, and what sets them apart for the person.

        Args:
            references: titles or ids; with a session also "#2" of the list that stands.
            session: a session or its id, by the likes of whose list they are compared too.
            user: a user of the catalog's data, for whom to compare.

        Returns:
            The comparison, and the context that it was made in.

        Raises:
            NotFound: no such session, user or item.
            BadInput: fewer than two different items, or more than five.
        """
        held = self.load_session(session) if isinstance(session, str) else session
        now = self.context(held or self.new_session(), user)
        now.shown = held.shown if held is not None else ()
        rows = [resolve_title(reference, now) for reference in references]
        then = now
        if held is not None and held.bus.lists and user is None:
            then = self.context_of_list(held)
        try:
            return compare(rows, then), then
        except ToolError as error:
            raise BadInput(error.message, hint=error.hint) from error

    # -- without words ---------------------------------------------------------------------------

    def recommend(
        self,
        *,
        user: str | None = None,
        like: Sequence[str] = (),
        unlike: Sequence[str] = (),
        where: Sequence[str] = (),
        weights: Sequence[str] = (),
        count: int = 10,
    ) -> tuple[ShownItem, ...]:
        """Items for a user of the data, for likes, for the profile, or the popular ones.

        Args:
            user: a user of the catalog's data.
            like: liked items, by title or id.
            unlike: disliked ones.
            where: conditions in the grammar of `filter`.
            weights: aspects of `rank` with their weight: "novelty=.5", "popularity=-1".
            count: how many items.

        Raises:
            NotFound: no such user or item.
            BadInput: a condition or a weight is wrong.
        """
        context, liked, disliked = self._asked_for(user, like, unlike, weights)
        return self._ranked(context, liked, disliked, where, count, weights)

    def plan_recommend(
        self,
        *,
        user: str | None = None,
        like: Sequence[str] = (),
        unlike: Sequence[str] = (),
        where: Sequence[str] = (),
        weights: Sequence[str] = (),
        count: int = 10,
    ) -> Plan:
        """What `recommend` would do, as `plan` tells it. The arguments are those of `recommend`.

        Raises:
            NotFound: no such user or item.
            BadInput: a condition or a weight is wrong.
        """
        context, liked, disliked = self._asked_for(user, like, unlike, weights)
        dry = DryToolbox(self.toolbox)
        self._retrieve(dry, context, liked, disliked, where)
        if len(context.bus):
            dry.run("rank", {"top": count, "weights": list(weights)}, context)
        shown = min(count, len(context.bus))
        return Plan(None, tuple(dry.steps), shown, notices=tuple(self.take_notices()))

    def _asked_for(
        self,
        user: str | None,
        like: Sequence[str],
        unlike: Sequence[str],
        weights: Sequence[str],
    ) -> tuple[ToolContext, list[int], list[int]]:
        """A context with a bus of its own, the rows liked and disliked."""
        _own_weights(weights)
        context = self.context(self.new_session(), user)
        liked = [resolve_title(title, context) for title in like]
        disliked = [resolve_title(title, context) for title in unlike]
        return context, liked, disliked

    def similar(self, title: str, *, count: int = 10) -> tuple[ShownItem, ...]:
        """Items like one item, whoever asks.

        Raises:
            NotFound: no such item.
        """
        context = self.context(self.new_session(), None)
        context.profile = Profile()
        return self._ranked(context, [resolve_title(title, context)], [], (), count)

    def predict_rating(
        self, reference: str, *, user: str | None = None, session: Session | None = None
    ) -> PredictedRating:
        """What a person would rate an item, by their ratings, likes and dislikes of others.

        Args:
            reference: id or title, or "#2" of the list that the session shows.
            user: a user of the catalog's data; None: the own profile.
            session: to whose list "#2" refers.

        Raises:
            NotFound: no such item or user, no ratings to learn from, or models without them.
        """
        context = self.context(session or self.new_session(), user)
        context.shown = session.shown if session is not None else ()
        return predicted_rating(resolve_title(reference, context), context)

    def _ranked(
        self,
        context: ToolContext,
        liked: Sequence[int],
        disliked: Sequence[int],
        where: Sequence[str],
        count: int,
        weights: Sequence[str] = (),
    ) -> tuple[ShownItem, ...]:
        """A list made by the same tools that a brain calls, in the order that it would."""
        bus = context.bus
        conditions = self._retrieve(self.toolbox, context, liked, disliked, where)
        if not len(bus):
            self._tell_ways(conditions, liked)
            return ()
        _call(self.toolbox, "rank", {"top": count, "weights": list(weights)}, context)
        for kind, text in context.notices:
            self._notice(kind, text)
        rows = [int(row) for row in bus.rows()]
        request = Request(
            Intent.RECOMMEND,
            liked=tuple(Mention("", item, "") for item in self.catalog.ids(liked)),
            conditions=tuple(where),
        )
        items = self.catalog.items(rows)
        scene = Scene(rows, context, request, self.agent.style)
        reasons = {one.row: one.text for one in explain(items, {}, scene, profile_history(context))}
        scores = bus.scores()["score"]
        return shown_items(items, [float(score) for score in scores], reasons)

    def refine(
        self, item: str, text: str, *, user: str | None = None, liked: Sequence[str] = ()
    ) -> Explanation:
        """Check an explanation that was written elsewhere, and mend it.

        Args:
            item: what it explains, by title or id.
            text: the explanation.
            user: a user of the catalog's data, to whom it is told.
            liked: what they like, by title or id.

        Raises:
            NotFound: no such item or user.
        """
        context = self.context(self.new_session(), user)
        row = resolve_title(item, context)
        context.liked.extend(resolve_title(title, context) for title in liked)
        return refine_alone(row, text, context, self.agent.style, self.agent.brain)

    def _tell_ways(self, conditions: Sequence[Condition], liked: Sequence[int]) -> None:
        """That nothing is left, and the smallest changes that leave something, as notices."""
        self._notice("limit", "nothing is left under these conditions")
        if not 0 < len(set(conditions)) <= MAX_CONDITIONS:
            return
        n_items, items = self.catalog.n_items, self.catalog.schema
        base = RowSet.all(n_items) - RowSet.of_rows(liked, n_items)
        for way in Census(conditions, self.catalog, base).relaxations()[:MOST_TOLD]:
            noun = items.item if way.left == 1 else items.items
            self._notice("limit", f"{way.text()}: {way.left:,} {noun}")

    def _retrieve(
        self,
        toolbox: Toolbox,
        context: ToolContext,
        liked: Sequence[int],
        disliked: Sequence[int],
        where: Sequence[str],
    ) -> list[Condition]:
        """Narrow the candidates by the conditions, then by what is liked or by the person."""
        conditions = [parse_condition(text, self.catalog) for text in where]
        for text in where:
            _call(toolbox, "filter", {"where": [text]}, context)
        if liked or disliked:
            named = {"liked": self.catalog.ids(liked), "unlike": self.catalog.ids(disliked)}
            _call(toolbox, "similar", named, context)
        elif context.user is not None or context.profile.liked:
            _call(toolbox, "for_user", {}, context)
        return conditions

    def call_tool(self, name: str, arguments: dict[str, object], session: Session) -> Ran:
        """Run one tool by hand on a session's candidates; nothing is stored."""
        context = self.context(session, None)
        context.shown, context.shown_before = session.shown, session.shown_before
        return self.toolbox.run(name, arguments, context)

    def query(self, sql: str, *, max_rows: int = 1_000_000, timeout_s: float = TIMEOUT_S) -> Rows:
        """One SELECT over items, item_stats and interactions, in the sandbox.

        Raises:
            BadInput: refused, wrong, or stopped at the timeout.
        """
        try:
            return self.sandbox.query(
                sql,
                tables=PERSON_TABLES,
                max_rows=max_rows,
                max_bytes=1 << 30,
                timeout_s=timeout_s,
            )
        except ToolError as error:
            raise BadInput(error.message, hint=error.hint) from error


def _call(toolbox: Toolbox, name: str, arguments: dict[str, Any], context: ToolContext) -> None:
    ran = toolbox.run(name, arguments, context)
    if ran.error:
        raise RecagentError(f"{name}: {ran.result.text}")


def resolve_shown(reference: str, context: ToolContext) -> int:
    """The row that a person's words mean, where a bare number is a place in the list shown.

    Raises:
        NotFound: nothing is called so, or the list is shorter.
    """
    text = reference.strip()
    number = text.removeprefix("#")
    if number.isdigit() and int(number) <= len(context.shown):
        text = f"#{number}"
    elif number.isdigit() and context.catalog.row_of(text) not in context.shown:
        raise NotFound(f"{text}: the list has {len(context.shown)} items")
    return resolve_title(text, context)


def _own_weights(texts: Sequence[str]) -> dict[str, float]:
    """Weights as a person gave them.

    Raises:
        BadInput: an unknown aspect, no number, out of range.
    """
    try:
        return parse_weights(texts)
    except ToolError as error:
        raise BadInput(f"weight: {error.message}", hint=error.hint) from error


def resolve_title(reference: str, context: ToolContext) -> int:
    """The row that a person's words mean.

    Raises:
        NotFound: nothing is called so; the hint names the nearest titles.
    """
    try:
        return resolve(reference, context)
    except ToolError as error:
        raise NotFound(error.message, hint=error.hint) from error
