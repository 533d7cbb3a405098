"""What is learned after a turn or a verdict was kept: written as `learned` or `proposed` facts.

`generalising` says what; here stands when, and what the person is told. A value that was asked for
in several sessions is proposed as well. What the person refused or took back never comes again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from recagent_catalogs.schema import Role
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import fold
from recagent_tools.toolbox import ToolContext

from .consolidation import OFTEN
from .event_rows import StoredEvent
from .generalising import Generalised, generalise
from .keeping import alone
from .store import UserStore
from .tastes import Learning, Scale, says

VERDICTS = ("liked", "disliked", "never", "rated")
"""Kinds of fact about items from which is learned. What was only taken or passed over says less."""
MOST_VERDICTS = 3
"""Of one turn; more come from a list that was brought along, and say little of what was shown."""


@dataclass(frozen=True)
class Learner:
    """Learns for one profile about one catalog.

    Attributes:
        store: where it is written.
        profile, catalog: whose, and about which catalog.
        learning: how fast the profile moves.
        scale: lowest and highest rating; None where ratings are no verdicts.
    """

    store: UserStore
    profile: str
    catalog: str
    learning: Learning
    scale: Scale | None

    def learn(
        self, kept: Sequence[StoredEvent], shown: Sequence[int], context: ToolContext
    ) -> list[tuple[str, str]]:
        """Learn from facts that were just written.

        Args:
            kept: the facts, with their numbers.
            shown: rows of the list on which the verdicts are.
            context: with the profile of before them.

        Returns:
            What the person is told, as (kind, text) of notices: at most one of each kind.
        """
        if context.user is not None:
            return []
        verdicts = [*self._verdicts(kept, context)][:MOST_VERDICTS]
        asked = self._often(kept, context)
        if not (verdicts or asked):
            return []
        refused = refused_values(self.store, self.profile, self.catalog)
        found = [
            (event, said)
            for event, row, sign in verdicts
            if (said := generalise(row, sign, shown, context, self.learning, refused)) is not None
        ]
        found += [
            (event, Generalised("proposed", event.column, event.text, 1))
            for event in asked
            if (event.column, event.text) not in refused
        ]
        return self._write(found, context)

    def _verdicts(
        self, kept: Sequence[StoredEvent], context: ToolContext
    ) -> Iterator[tuple[StoredEvent, int, int]]:
        """The fact, row and sign of each item on which something was said; of one the first."""
        told: set[str] = set()
        for event in kept:
            said = says(event, self.scale) if event.kind in VERDICTS else None
            row = context.catalog.row_of(event.item) if event.item and said else None
            if row is not None and said and event.item not in told:
                told.add(event.item)
                yield event, row, 1 if said > 0 else -1

    def _often(self, kept: Sequence[StoredEvent], context: ToolContext) -> list[StoredEvent]:
        """The values asked for now and in so many sessions, of which no taste is known."""
        known = {wish[:2] for wish in context.profile.wishes}
        asked = {
            (event.column, event.text): event
            for event in kept
            if event.kind == "said" and _named(event, context.catalog)
        }
        new = {pair: event for pair, event in asked.items() if pair not in known}
        sessions: dict[tuple[str, str], set[str]] = {pair: set() for pair in new}
        for event in self.store.events(self.profile, self.catalog, ("said",)) if new else ():
            if (event.column, event.text) in sessions and event.session:
                sessions[event.column, event.text].add(event.session)
        return [event for pair, event in new.items() if len(sessions[pair]) >= OFTEN]

    def _write(
        self, found: Sequence[tuple[StoredEvent, Generalised]], context: ToolContext
    ) -> list[tuple[str, str]]:
        """Write what is new, and say it; nothing of what was forgotten or taken back meanwhile."""
        with alone(self.store):
            held = self._held([cause.id for cause, _ in found])
            return self._write_new([one for one in found if one[0].id in held], context)

    def _held(self, numbers: Sequence[int]) -> set[int]:
        """Those of these facts that are there and count."""
        marks = ", ".join("?" * len(numbers))
        sql = f"SELECT id FROM events WHERE undone = 0 AND id IN ({marks})"
        return {int(number) for (number,) in self.store.select(sql, numbers)}

    def _write_new(
        self, found: Sequence[tuple[StoredEvent, Generalised]], context: ToolContext
    ) -> list[tuple[str, str]]:
        """`_write`; the lock is held."""
        proposed = self.store.events(self.profile, self.catalog, ("proposed",))
        waiting = {(event.column, event.text): event for event in proposed}
        new: dict[tuple[str, str], tuple[StoredEvent, Generalised]] = {}
        for cause, said in found:
            pair = (said.column, said.value)
            if pair not in new and not (said.kind == "proposed" and pair in waiting):
                new[pair] = (cause, said)
        if not new:
            return []
        for pair, (_, said) in new.items():
            if said.kind == "learned" and pair in waiting:
                self.store.undo_event(waiting[pair])  # it need not wait any more
        events = [self._event(said, cause, context) for cause, said in new.values()]
        notices: dict[str, tuple[str, str]] = {}
        asked = self._asked_in({cause.session for cause, _ in new.values()})
        for number, (cause, said) in zip(
            self.store.commit(events=events), new.values(), strict=True
        ):
            if not said.known and not (asked and said.kind == "proposed"):
                text = told(said, number, self._called(said, context), asked=not cause.item)
                notices.setdefault(said.kind, ("learned", text))
        return list(notices.values())

    def _asked_in(self, sessions: set[str]) -> bool:
        """Whether one of the sessions had its question: one is enough, the others just wait."""
        proposed = self.store.events(self.profile, self.catalog, ("proposed",), undone=True)
        return any(event.session and event.session in sessions for event in proposed)

    def _called(self, said: Generalised, context: ToolContext) -> str:
        """What the value is called: a tag is no thing that one likes ("films tagged slow-burn")."""
        schema = context.catalog.schema
        tag = schema.column(said.column).role is Role.TAGS
        return f"{schema.items} tagged {said.value}" if tag else said.value

    def _event(self, said: Generalised, cause: StoredEvent, context: ToolContext) -> StoredEvent:
        row = context.catalog.row_of(cause.item) if cause.item else None
        of = f"often asked for, last: {cause.source}" if row is None else context.catalog.label(row)
        return StoredEvent(
            self.profile,
            self.catalog,
            said.kind,
            value=float(said.sign),
            text=said.value,
            source=of,
            session=cause.session,
            column=said.column,
            because=cause.id,
        )


def _named(event: StoredEvent, catalog: Catalog) -> bool:
    """Whether a value was asked for by name: a kind, a person, or a tag that stands in the words.

    A mood is read as several tags ("spooky"), which the person may never have heard of.
    """
    column = catalog.schema.find(event.column) if event.column else None
    if column is None or column.name != event.column:
        return False
    return column.role is not Role.TAGS or fold(event.text) in fold(event.source)


def told(said: Generalised, number: int, called: str, *, asked: bool = False) -> str:
    """What the person is told, in one line.

    Args:
        said: what was written.
        number: of the fact.
        called: what the value is called.
        asked: whether it comes from what was asked for, not from a verdict.
    """
    if asked:
        return f"you often ask for {called}; is it a taste? recagent profile pending"
    if said.kind == "proposed":
        asks = "do you" if said.sign > 0 else "don't you"
        return f"{asks} like {called}? recagent profile pending"
    likes = "like" if said.sign > 0 else "do not like"
    return f"I'll take it that you {likes} {called}; recagent profile undo {number} ends that"


def refused_values(store: UserStore, profile: str, catalog: str) -> frozenset[tuple[str, str]]:
    """("column", "value") of what was learned or proposed and the person refused or took back.

    What went because its cause was taken back was not refused; what was accepted was not either, as
    long as a like or dislike of the value stands.
    """
    every = store.events(profile, catalog, ("learned", "proposed"), undone=True)
    gone = [event for event in every if event.undone]
    if not gone:
        return frozenset()
    kinds = (*VERDICTS, "said")
    causes = {e.id for e in store.events(profile, catalog, kinds, undone=True) if e.undone}
    words = store.events(profile, catalog, ("liked", "disliked"))
    held = {(e.column, e.text) for e in words if e.column}
    held |= {(e.column, e.text) for e in every if not e.undone and e.kind == "learned"}
    refused = {(e.column, e.text) for e in gone if e.because not in causes}
    return frozenset(refused - held)
