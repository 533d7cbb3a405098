"""Sessions of a profile about a catalog: kept in the store, and restored from it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from recagent_catalogs.errors import NotFound, RecagentError
from recagent_catalogs.sandbox import Sandbox
from recagent_catalogs.store import Catalog
from recagent_tools.bus import CandidateBus
from recagent_tools.bus_file import bus_from_bytes, bus_to_bytes
from recagent_tools.models.engine import Engine
from recagent_tools.replay import replay
from recagent_tools.together import Company, With
from recagent_tools.toolbox import Toolbox, ToolContext

from .agent.brain import PastTurn
from .agent.builtin.readers.given import given_to, read_given
from .agent.ruled import scrub_notes
from .agent.session import Session, numbered, relist, without_lists
from .agent.turn import Turn, past_from_json, past_to_json
from .memory.backups import back_up
from .memory.consolidation import consolidate
from .memory.erasing import last_forgotten
from .memory.event_rows import StoredEvent
from .memory.keeping import Begun, alone
from .memory.mood import asked_for
from .memory.pausing import paused_since
from .memory.profile import KINDS, Learning, Profile, derive, reach
from .memory.session_rows import StoredSession
from .memory.store import UserStore

_WANTED = {"wanted": 1.0, "unwanted": 0.0}
"""What is written with a fact of the watchlist: on it, or off it again."""


@dataclass(frozen=True)
class Sessions:
    """What the store holds of one profile and one catalog.

    Attributes:
        store: where it is kept.
        profile_name: whose it is.
        catalog, engine, toolbox, sandbox: with which a session's candidates are made again.
        notice: takes (kind, text) of what was damaged, lost, or could not be kept.
        learning: how fast the profile moves and forgets.
    """

    store: UserStore
    profile_name: str
    catalog: Catalog
    engine: Engine
    toolbox: Toolbox
    sandbox: Sandbox
    notice: Callable[[str, str], None]
    learning: Learning = field(default_factory=Learning)

    @property
    def paused(self) -> bool:
        """Whether the person wants nothing noted now."""
        return paused_since(self.store, self.profile_name) is not None

    def new(self) -> Session:
        """A session whose bus holds the whole catalog."""
        begun = last_forgotten(self.store, self.profile_name)
        return Session(self.catalog.path.name, self._new_bus(), forgotten=begun)

    def load(self, session_id: str | None = None) -> Session | None:
        """The session of that id, or the one used last; None where there is no last one.

        Raises:
            NotFound: there is no session of that id, or it is another profile's.
            BadInput: it is damaged.
        """
        name, begun = self.catalog.path.name, last_forgotten(self.store, self.profile_name)
        if session_id is None:
            last = self.store.last_session(self.profile_name, name)
            self._tell_damage()
            return None if last is None else self._restore(last, begun)
        stored = self.store.session(session_id, self.profile_name)
        self._tell_damage()
        if stored.catalog != name:
            raise NotFound(
                f"the session {session_id!r} is about the catalog {stored.catalog}",
                hint=f"recagent … -c {stored.catalog} --session {session_id}",
            )
        return self._restore(stored, begun)

    def profile(self, session: str = "") -> Profile:
        """What is known of the person, in rows of this catalog.

        Args:
            session: id of the session that asks: what it showed itself is no repeat.
        """
        now, repeats = time.time(), self.learning.repeat_days > 0
        events = self.store.events(
            self.profile_name,
            self.catalog.path.name,
            [kind for kind in KINDS if repeats or kind != "shown"],
            since=reach(self.learning, now),
        )
        self._tell_damage()
        if repeats and session:
            events = [e for e in events if e.kind != "shown" or e.session != session]
        scale = self.engine.rating_scale
        return derive(events, self.catalog, learning=self.learning, now=now, scale=scale)

    def company(self, together: With) -> Company | None:
        """Those people, with what is known of each."""
        from .together import open_company  # it reads other profiles by this

        return open_company(self, together)

    def begin(self) -> Begun:
        """What stands as a turn begins, for `keep`."""
        return Begun.now(self.store, self.profile_name)

    def keep(self, session: Session, turn: Turn, begun: Begun | None = None) -> list[StoredEvent]:
        """Write the turn, the session and its facts, in one transaction; the facts, numbered.

        Args:
            session: whose last turn it is.
            turn: it.
            begun: what stood when it began: where something was forgotten since, or the profile
                paused, nothing is written.
        """
        ids = self.catalog.ids([row for _, row in turn.remembered])
        events = [
            self.event(
                "wanted" if kind == "unwanted" else kind,
                item,
                value=_WANTED.get(kind),
                source=turn.utterance[:200],
                session=session,
            )
            for (kind, _), item in zip(turn.remembered, ids, strict=True)
        ]
        events += [
            self.event("rated", item, value=value, source=turn.utterance[:200], session=session)
            for item, value in self._ratings_told(turn, set(ids))
        ]
        events += [
            self.event(
                kind, column=column, text=value, source=turn.utterance[:200], session=session
            )
            for kind, column, value in turn.stated
        ]
        events += self._asked(session, turn)
        events += [
            self.event("shown", item.id, source="present", session=session) for item in turn.items
        ]
        self._back_up()
        with alone(self.store):
            if begun is not None and (ended := begun.ended(self.begin())):
                session.private = True
                self.notice("catalog", ended)
                return []
            if self._may_keep(session):
                self._take_sets(session)
                return self._write(session, events)
            return self._commit([replace(event, session="") for event in events])

    def _asked(self, session: Session, turn: Turn) -> list[StoredEvent]:
        """What the turn asked for in passing, unless it was for others, too, or for them alone."""
        if turn.user is not None or turn.together is not None or self.learning.mood_hours <= 0:
            return []
        before = session.turns[-2].request if len(session.turns) > 1 else None
        lasting = {(column, value) for _, column, value in turn.stated}
        lasting |= {("", id) for id in self.catalog.ids([row for _, row in turn.remembered])}
        events = []
        for column, value, weight in asked_for(turn.request, before, self.catalog):
            of = {"column": column, "text": value} if column else {"item": value}
            if (column, value) not in lasting:
                said = turn.utterance[:200]
                events.append(self.event("said", **of, value=weight, source=said, session=session))
        return events

    def _may_keep(self, session: Session) -> bool:
        """Whether nothing of a session must stay out of the store; the lock is held."""
        if session.private:
            return False
        if last_forgotten(self.store, self.profile_name) != session.forgotten:
            told = (
                "something was forgotten meanwhile, which this conversation may know: it is kept "
                "no more; facts are. A new one is kept again"
            )
        elif session.saved_turns and not self.store.has_session(session.id):
            told = "this session was deleted meanwhile: it is kept no more; facts are"
        else:
            return True
        session.private = True
        self.notice("catalog", told)
        return False

    def _commit(self, events: Sequence[StoredEvent]) -> list[StoredEvent]:
        """Write facts; as they are written, with their numbers."""
        ids = self.store.commit(events=events)
        return [replace(event, id=id) for event, id in zip(events, ids, strict=True)]

    def _write(self, session: Session, events: Sequence[StoredEvent]) -> list[StoredEvent]:
        """Write the session with its new turns, and the facts."""
        now, blob = time.time(), bus_to_bytes(session.bus)
        stored = StoredSession(
            session.id,
            self.profile_name,
            session.catalog,
            self.catalog.fingerprint,
            now,
            now,
            blob,
        )
        new = session.turns[session.saved_turns :]
        bodies = [past_to_json(past, self.catalog.ids(past.shown)) for past in new]
        traces = [*[""] * len(bodies), *session.traces][-len(bodies) :] if bodies else []
        ids = self.store.commit(
            events=events,
            session=stored,
            new_turns=bodies,
            traces=traces,
            lessons=tuple(session.lessons),
        )
        session.saved_turns = len(session.turns)
        session.traces.clear()
        session.lessons.clear()
        session.in_store(blob)
        return [replace(event, id=id) for event, id in zip(events, ids, strict=True)]

    def learn(
        self, kept: Sequence[StoredEvent], shown: Sequence[int], context: ToolContext
    ) -> None:
        """Learn from facts that were just written, and say what; an answer does not depend on it.

        Args:
            kept: the facts, with their numbers.
            shown: rows of the list on which the verdicts are.
            context: with the profile of before them.
        """
        from .memory.learning import Learner  # most commands learn nothing

        name, scale = self.catalog.path.name, self.engine.rating_scale
        learner = Learner(self.store, self.profile_name, name, self.learning, scale)
        context = replace(context, company=None)  # it is the person's own, whoever the list was for
        try:
            for kind, text in learner.learn(kept, shown, context):
                self.notice(kind, text)
        except RecagentError as error:
            self.notice("catalog", f"nothing could be learned from that: {error.message}")

    def _take_sets(self, session: Session) -> None:
        """Take over the sets that another process saved in this session meanwhile."""
        if not session.kept:
            return
        blob = self.store.bus_of(session.id, self.profile_name)
        if blob is None or hash(blob) == session.kept:
            return
        try:
            other = bus_from_bytes(blob, self.catalog.n_items)
        except ValueError:  # damaged: what is written now is whole
            return
        for name, number in other.saved.items():
            stage = other.stages[number]
            new = name not in session.kept_sets and name not in session.bus.saved
            if new and stage.candidates is not None:
                session.bus.save_as(name, [int(row) for row in stage.rows()])
        self.notice(
            "catalog",
            "another command went on with this session meanwhile; its sets are kept, the list "
            "that stands is this one",
        )

    def _ratings_told(self, turn: Turn, noted: set[str]) -> list[tuple[str, float]]:
        """Ratings given in words to items of which something was noted, on the catalog's scale."""
        ratings = read_given(turn.utterance, self.catalog.titles.exact)
        if not (ratings.given and noted and self.engine.rates):
            return []
        low, high = self.engine.ratings.scale
        request, told = turn.request, []
        for mention in (*request.liked, *request.disliked, *request.seen):
            given = given_to(mention.text, ratings) if mention.id in noted else None
            if given is not None and mention.id is not None:
                told.append((mention.id, max(low, given.share * high)))
        return list(dict(told).items())

    def note(
        self,
        kind: str,
        rows: Sequence[int] = (),
        *,
        values: Sequence[tuple[str, str]] = (),
        value: float | None = None,
        source: str,
        session: Session | None = None,
    ) -> list[StoredEvent]:
        """Write a fact down: of items, or of values as ("column", "value"); `value`: its points.

        It is of the session, where that is kept, and of its last turn: it goes with them.
        """
        of = (
            session if session is not None and session.saved_turns and not session.private else None
        )
        events = [
            self.event(kind, item, value=value, source=source, session=of)
            for item in self.catalog.ids(rows)
        ]
        events += [
            self.event(kind, column=column, text=text, value=value, source=source, session=of)
            for column, text in values
        ]
        turn = of.saved_turns if of is not None else None
        return self._commit([replace(event, turn=turn) for event in events])

    def event(
        self,
        kind: str,
        item: str = "",
        *,
        source: str,
        session: Session | None = None,
        value: float | None = None,
        column: str = "",
        text: str = "",
    ) -> StoredEvent:
        """A fact about an item, or a value of a column, as the store takes it."""
        return StoredEvent(
            self.profile_name,
            self.catalog.path.name,
            kind,
            item,
            None if value is None else float(value),  # a whole number would not come back as one
            text=text,
            source=source,
            session=session.id if session else "",
            column=column,
        )

    def _back_up(self) -> None:
        """Copy the store once a day, then consolidate it; an answer does not depend on it."""
        try:
            if back_up(self.store) is not None:
                here = self.profile_name, self.catalog.path.name
                consolidate(
                    self.store,
                    self.learning,
                    now=time.time(),
                    scale_of=lambda *of: self.engine.rating_scale if of == here else None,
                )
        except (OSError, RecagentError) as error:
            self.notice("catalog", f"the store could not be backed up: {error}")

    def _tell_damage(self) -> None:
        if self.store.damaged:
            rows = ", ".join(self.store.damaged[:5])
            self.notice("catalog", f"damaged rows of the store were left out: {rows}")
            self.store.damaged.clear()

    def _new_bus(self) -> CandidateBus:
        bus = CandidateBus(self.catalog.n_items, self.catalog.fingerprint)
        bus.obey(self.catalog)
        return bus

    def _restore(self, stored: StoredSession, begun: int) -> Session:
        turns: list[PastTurn] = []
        for body in stored.turns:
            past, ids = past_from_json(body)
            rows = tuple(row for row in map(self.catalog.row_of, ids) if row is not None)
            turns.append(replace(past, shown=rows))
        bus = self._new_bus()
        if stored.fingerprint == self.catalog.fingerprint:
            bus = self._restored_bus(stored.bus)
            if not bus.lists and not any(turn.number for turn in turns):
                relist(bus, turns)
        else:
            self.notice(
                "catalog", "the catalog has changed since this session; its candidates start anew"
            )
        if not bus.lists:
            turns = [without_lists(turn) for turn in turns]
        else:
            turns = numbered(turns, bus)
        session = Session(
            stored.catalog, bus, stored.id, turns, saved_turns=len(turns), forgotten=begun
        )
        session.in_store(stored.bus)
        return session

    def _restored_bus(self, blob: bytes) -> CandidateBus:
        """A stored bus; a stage too large to be stored is made again from its recipe."""
        try:
            bus = bus_from_bytes(blob, self.catalog.n_items)
        except ValueError:
            self.notice("catalog", "the session's candidates are unreadable; they start anew")
            return self._new_bus()
        bus.under_rules(self.catalog)
        scrub_notes(bus, self.catalog)

        def remake(number: int) -> bool:
            context = ToolContext(self.catalog, self.engine, bus, self.sandbox)
            context.open_company = self.company
            return replay(bus, self.toolbox, context, number)

        bus.remake = remake
        if bus.now.candidates is None and not remake(bus.cursor):
            bus.start()
            self.notice("catalog", "the candidates of this session were lost; they start anew")
        return bus
