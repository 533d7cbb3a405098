"""What has to go when something is forgotten: facts, what was learned of them, sessions, lines.

The rule: nothing kept may hold an item's id or title, a value, or the words that are forgotten. A
session that names them goes as a whole; one whose candidates only knew of them (a like of long
ago) stays, without that knowledge; a fact that was said in the same words stays, without the words.
A trace or a lesson that names any of it goes, whoever named it.
"""

from __future__ import annotations

import json
import re
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any

from recagent_catalogs.errors import BadInput, NotFound
from recagent_catalogs.text import fold

from .memory.derived_rows import Derived, derived_rows
from .memory.erasing import Doomed
from .memory.event_rows import StoredEvent
from .memory.session_rows import StoredSession
from .memory.store import UserStore

AT_ONCE_S = 1.0
"""What is noted in one turn is so within this time."""
SURE_CHARS = 5
"""A shorter title ("Up", "Her") is looked for as it is written only: its words say other things."""
NAMING = ("shown", "liked", "disliked", "id")
"""Keys under which a turn holds ids of items."""
ASKED = ("utterance", "request")
"""What of a turn tells of the person, not of the items shown."""
COMMANDS = ("present", "digest", "suggestion")
"""Sources that are no words of the person."""
RowFunction = Callable[[StoredSession, str], int | None]
NamesFunction = Callable[[str, str], Sequence[str]]


@dataclass(frozen=True)
class Wanted:
    """What the person wants forgotten; whatever meets one of these goes.

    Attributes:
        everything: all of the profile.
        catalog: all of it that is about this catalog.
        session: a conversation, with the facts that came of it.
        since: all noted since then, seconds since 1970 (UTC).
        items: (catalog, id).
        values: (column, value).
        facts: numbers.
        words: titles, values, anything said.
        lines: folded; whole lines typed in chat, or all that stands after a command.
    """

    everything: bool = False
    catalog: str | None = None
    session: str | None = None
    since: float | None = None
    items: frozenset[tuple[str, str]] = frozenset()
    values: frozenset[tuple[str, str]] = frozenset()
    facts: frozenset[int] = frozenset()
    words: tuple[str, ...] = ()
    lines: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Found:
    """What goes.

    Attributes:
        facts: events, `learned` of them because of others that go.
        sessions: ids, and of how many.
        said: whole lines that the person typed.
        damaged: how many facts cannot be read; they go, as they may hold it.
        traces, lessons: how many of those.
        span: when the conversation was that is to be forgotten, seconds since 1970.
        doomed: the same, and what stays in other words, as `erase` takes it.
    """

    facts: tuple[StoredEvent, ...]
    learned: int
    sessions: tuple[str, ...]
    of_sessions: int
    said: frozenset[str]
    damaged: int
    traces: int
    lessons: int
    span: tuple[float, float] | None
    doomed: Doomed


class Words:
    """Finds words in texts, as whole words, whatever their case and accents."""

    def __init__(self, words: Sequence[str]) -> None:
        sure = [fold(word) for word in words if is_sure(word)]
        short = [word for word in words if not is_sure(word)]
        self._sure, self._short = _any_of(sure), _any_of(short)

    def __bool__(self) -> bool:
        return bool(self._sure or self._short)

    def stand_in(self, text: str) -> bool:
        """Whether one of the words stands in the text."""
        if self._short is not None and self._short.search(text):
            return True
        return self._sure is not None and bool(self._sure.search(fold(text)))


def is_sure(word: str) -> bool:
    """Whether a word says the same however it is written."""
    return len(fold(word)) >= SURE_CHARS or " " in word


def _any_of(words: Sequence[str]) -> re.Pattern[str] | None:
    told = [re.escape(word) for word in words if word.strip()]
    return re.compile(rf"(?<!\w)(?:{'|'.join(told)})(?!\w)") if told else None


@dataclass
class Finder:
    """Looks through the store of one profile.

    Attributes:
        store: the store.
        profile: whose.
        wanted: what is to be forgotten.
        row_of: (session, id) -> row; None where the rows of the session mean nothing any more.
        names_of: (catalog, id) -> how people call the item; none where nobody knows.
    """

    store: UserStore
    profile: str
    wanted: Wanted
    row_of: RowFunction
    names_of: NamesFunction = lambda catalog, item: ()
    _words: Words = field(init=False)
    _items: frozenset[tuple[str, str]] = field(init=False)
    _values: frozenset[tuple[str, str]] = field(init=False)
    _never: set[tuple[str, str]] = field(init=False, default_factory=set)
    _batches: frozenset[str] = field(init=False, default=frozenset())
    _pause: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._words = Words(self.wanted.words)
        self._items, self._values = self.wanted.items, self.wanted.values

    def find(self) -> Found:
        """What goes, and what stays in other words.

        Raises:
            NotFound: there is no such session.
        """
        self.store.damaged.clear()
        events = self.store.events(self.profile, undone=True)
        damaged = {int(told.split()[1]) for told in self.store.damaged if told.startswith("event ")}
        self.store.damaged.clear()
        self._pause = _pause_now(events)
        if self.wanted.since is not None:
            self._batches = _written_since(events, self.wanted.since)
        own = [event for event in events if self._meets(event)]
        facts = [*own, *_learned(own, events)]
        known = [event for event in facts if event.kind != "shown"]
        self._items |= {(event.catalog, event.item) for event in known if event.item}
        self._values |= {(event.column, event.text) for event in known if event.column}
        self._never = {(e.column, e.text) for e in known if e.column and e.kind == "never"}
        sessions, gone, rewritten, said = self._sessions(own)
        numbers = {event.id for event in facts}
        said |= {fact.source for fact in facts if fact.source and fact.source not in COMMANDS}
        reworded = [
            replace(event, source="", text=event.text if event.column else "")
            for event in events
            if event.id not in numbers and self._is_told(event, own)
        ]
        derived = self._derived(gone)
        return Found(
            tuple(facts),
            len(facts) - len(own),
            tuple(gone),
            sessions,
            frozenset(said),
            len(damaged),
            sum(table == "traces" for table, _ in derived),
            sum(table == "lessons" for table, _ in derived),
            self._span(events),
            Doomed(numbers | damaged, gone, reworded, rewritten, derived),
        )

    def _derived(self, gone: Sequence[str]) -> list[Derived]:
        """The traces and lessons that go: those of sessions that go, and those that tell of it."""
        wanted, found = self.wanted, []
        names = {item: list(self.names_of(*item)) for item in self._items}
        told = [*wanted.words, *(value for _, value in self._values)]
        words = Words([*told, *(name for called in names.values() for name in called)])
        for row in derived_rows(self.store, self.profile):
            ids = {item for catalog, item in self._items if catalog == row.catalog}
            if (
                wanted.everything
                or row.texts is None
                or row.session in gone
                or row.catalog == wanted.catalog
                or (wanted.since is not None and row.created >= wanted.since)
                or any(not names[row.catalog, item] for item in ids)
                or any(_tells(text, ids) or words.stand_in(text) for text in row.texts)
            ):
                found.append(row.of)
        return found

    def _span(self, events: Sequence[StoredEvent]) -> tuple[float, float] | None:
        """When the session that is meant began, and when something was last noted in it."""
        if self.wanted.session is None:
            return None
        try:
            session = self.store.session(self.wanted.session, self.profile)
        except BadInput:
            return None
        noted = [event.time for event in events if event.session == session.id]
        return session.created, max([session.updated, *noted])

    def _meets(self, event: StoredEvent) -> bool:
        wanted = self.wanted
        if (wanted.everything or wanted.since is not None) and event.id == self._pause:
            return False  # it ends by the person's word only
        return (
            wanted.everything
            or event.batch in self._batches
            or event.id in wanted.facts
            or (wanted.catalog is not None and event.catalog == wanted.catalog)
            or (wanted.session is not None and event.session == wanted.session)
            or (wanted.since is not None and event.time >= wanted.since)
            or (event.catalog, event.item) in wanted.items
            or (bool(event.column) and (event.column, event.text) in wanted.values)
            or (not event.item and self._words.stand_in(event.text))
        )

    def _is_told(self, event: StoredEvent, own: Sequence[StoredEvent]) -> bool:
        """Whether a fact that stays came in words that go."""
        if self._words.stand_in(event.source) or self._words.stand_in(event.batch):
            return True
        if event.source in ("", *COMMANDS) or event.source.startswith("chat /"):
            return False
        return any(_together(fact, event) for fact in own if fact.source == event.source)

    def _sessions(
        self, own: Sequence[StoredEvent]
    ) -> tuple[int, list[str], list[StoredSession], set[str]]:
        """How many there are, those that go, those written anew, what was said in the first."""
        heads = self.store.session_ids(self.profile)
        said_in = {
            event.session
            for event in own
            if event.session and event.kind != "shown" and not self.wanted.since
        }
        gone: list[str] = []
        rewritten: list[StoredSession] = []
        said: set[str] = set()
        for id in heads:
            try:
                session = self.store.session(id, self.profile)
            except (BadInput, NotFound):  # damaged: what it holds cannot be known
                gone.append(id)
                continue
            turns = list(_turns(session))
            if id in said_in or self._names(session, turns):
                gone.append(id)
                said |= {str(turn.get("utterance", "")) for turn in turns}
            elif (without := self._unknowing(session)) is not None:
                rewritten.append(without)
        self.store.damaged.clear()
        if self.wanted.session is not None and self.wanted.session not in heads:
            raise NotFound(f"no session {self.wanted.session!r}", hint="recagent session list")
        return len(heads), gone, rewritten, said - {""}

    def _names(self, session: StoredSession, turns: Sequence[Mapping[str, Any]]) -> bool:
        wanted = self.wanted
        if (
            wanted.everything
            or session.id == wanted.session
            or session.catalog == wanted.catalog
            or (wanted.since is not None and session.updated >= wanted.since)
        ):
            return True
        ids = {item for catalog, item in wanted.items if catalog == session.catalog}
        if ids and any(not ids.isdisjoint(_ids(turn)) for turn in turns):
            return True
        if not (self._words or self._never):
            return False
        head = head_of(session.bus)
        if any(self._is_never(stage) for stage in (head or {}).get("stages") or ()):
            return True
        if not self._words:
            return False
        if head is None and session.bus:
            return True
        told = [list((head or {}).get("saved", {})), (head or {}).get("stages")]
        if wanted.values and not wanted.items:  # that an item shown has the value says nothing
            told += [[turn.get(key) for key in ASKED] for turn in turns]
        else:
            told += turns
        return any(self._words.stand_in(text) for part in told for text in _texts(part))

    def _is_never(self, stage: Any) -> bool:
        """Whether a stored stage left out what was never wanted, by a fact that goes."""
        told = stage.get("arguments") if isinstance(stage, dict) else None
        if not isinstance(told, dict) or told.get("rule") != "never_value":
            return False
        return (told.get("column"), told.get("value")) in self._never

    def _unknowing(self, session: StoredSession) -> StoredSession | None:
        """The session without what its stages knew of the person; None where they knew nothing."""
        from recagent_tools.bus_file import bus_from_bytes, bus_to_bytes

        head = head_of(session.bus) or {}
        ids = {item for catalog, item in self._items if catalog == session.catalog}
        rows = {self.row_of(session, item) for item in ids}
        known = [self._without(str(text), rows) for text in head.get("inputs", ())]
        if known == list(head.get("inputs", ())):
            return None
        bus = bus_from_bytes(session.bus)
        bus.inputs[: len(known)] = known
        return replace(session, bus=bus_to_bytes(bus))

    def _without(self, text: str, rows: set[int | None]) -> str:
        """What a stage knew, without these rows and wishes; the text as it is where it has none."""
        try:
            told = json.loads(text)
        except ValueError:
            return text
        if None in rows:  # of other data: which item a row was is not known any more
            return ""

        def keep(value: Any, key: str = "") -> Any:
            if isinstance(value, dict):
                return {name: keep(part, name) for name, part in value.items()}
            if key == "ratings" and isinstance(value, list):  # points are no rows
                return [
                    pair
                    for pair in value
                    if not (isinstance(pair, list) and pair[:1] and pair[0] in rows)
                ]
            if isinstance(value, list):
                parts = [part for part in value if not self._is_wish(part)]
                return [keep(part) for part in parts if isinstance(part, list) or part not in rows]
            return value

        left = {
            key: part if key in ("build", "user", "with") else keep(part)
            for key, part in told.items()
        }
        return text if left == told else json.dumps(left, separators=(",", ":"))

    def _is_wish(self, part: Any) -> bool:
        return (
            isinstance(part, list)
            and len(part) == 3
            and all(isinstance(word, str) for word in part[:2])
            and ((part[0], part[1]) in self._values or self._words.stand_in(part[1]))
        )


def _tells(text: str, ids: set[str]) -> bool:
    """Whether a text is one of these ids, or shows an item of one."""
    return text in ids or any(f'"id": {json.dumps(id, ensure_ascii=False)}' in text for id in ids)


def _together(one: StoredEvent, other: StoredEvent) -> bool:
    """Whether two facts of the same words were noted in one turn; it may be of no session."""
    if one.session or other.session:
        return (one.session, one.turn) == (other.session, other.turn)
    return not (one.batch or other.batch) and abs(one.time - other.time) < AT_ONCE_S


def _pause_now(events: Sequence[StoredEvent]) -> int:
    """The fact by which nothing is noted now; 0 where all is."""
    since = 0
    for event in events:
        if event.kind == "paused" and not event.undone:
            since = (since or event.id) if event.value else 0
    return since


def _written_since(events: Sequence[StoredEvent], since: float) -> frozenset[str]:
    """Imports made since then; their facts bear the time at which they were true.

    An import tells the day on which it was made; those of the first day are taken for later, unless
    a fact that was noted after them is older.
    """
    day = time.strftime("%Y%m%d", time.localtime(since))
    before = [event.id for event in events if not event.batch and event.time < since]
    last = max(before, default=0)
    made = {event.batch: event.id for event in events if event.batch and event.id > last}
    return frozenset(one for one in made if (at := _MADE.search(one)) and at["day"] >= day)


_MADE = re.compile(r"(?:^|-)(?P<day>\d{8})-[0-9a-f]{6}$")
"""The end of a batch's name."""


def _learned(own: Sequence[StoredEvent], events: Sequence[StoredEvent]) -> list[StoredEvent]:
    """What was learned because of these, and because of that; parents come before children."""
    gone = {event.id for event in own}
    found = []
    for event in events:
        if event.because in gone and event.id not in gone:
            gone.add(event.id)
            found.append(event)
    return found


def _turns(session: StoredSession) -> Iterator[dict[str, Any]]:
    for body in session.turns:
        try:
            told = json.loads(body)
        except ValueError:
            told = {"utterance": body}
        yield told if isinstance(told, dict) else {"utterance": body}


def _ids(value: Any, key: str = "") -> Iterator[str]:
    """Ids of items in a stored turn."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _ids(part, name)
    elif isinstance(value, list):
        for part in value:
            yield from _ids(part, key)
    elif isinstance(value, str) and key in NAMING:
        yield value


def _texts(value: Any) -> Iterator[str]:
    """All texts of a JSON value, without keys."""
    if isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, str):
        yield value


_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    KeyError,
    ValueError,
    RuntimeError,  # a password, a compression that nobody knows, lists nested without end
)


def head_of(blob: bytes) -> dict[str, Any] | None:
    """The head of a stored bus; None where it cannot be read."""
    try:
        with zipfile.ZipFile(BytesIO(blob)) as archive:
            raw = archive.read("head.npy")
        head = json.loads(raw[raw.index(b"{", raw.index(b"\n")) :])
    except _UNREADABLE:  # whatever the bytes are, they are no bus
        return None
    return head if isinstance(head, dict) else None
