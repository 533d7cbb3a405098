"""What has to go when something is forgotten: facts, what was learned of them, sessions, lines.

The rule: nothing kept may hold an item's id or title, a value, or the words that are forgotten. A
session that names them goes as a whole; one whose candidates only knew of them (a like of long
ago) stays, without that knowledge; a fact that was said in the same words stays, without the words.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Any

from recagent_catalogs.errors import BadInput, NotFound
from recagent_catalogs.text import fold

from .memory.erasing import Doomed
from .memory.event_rows import StoredEvent
from .memory.session_rows import StoredSession
from .memory.store import UserStore

SURE_CHARS = 5
"""A shorter title ("Up", "Her") is looked for as it is written only: its words say other things."""
NAMING = ("shown", "liked", "disliked", "id")
"""Keys under which a turn holds ids of items."""
ASKED = ("utterance", "request")
"""What of a turn tells of the person, not of the items shown."""
COMMANDS = ("present", "digest", "suggestion")
"""Sources that are no words of the person."""
RowFunction = Callable[[StoredSession, str], int | None]


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
    """

    everything: bool = False
    catalog: str | None = None
    session: str | None = None
    since: float | None = None
    items: frozenset[tuple[str, str]] = frozenset()
    values: frozenset[tuple[str, str]] = frozenset()
    facts: frozenset[int] = frozenset()
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """What goes.

    Attributes:
        facts: events, `learned` of them because of others that go.
        sessions: ids, and of how many.
        said: whole lines that the person typed.
        doomed: the same, and what stays in other words, as `erase` takes it.
    """

    facts: tuple[StoredEvent, ...]
    learned: int
    sessions: tuple[str, ...]
    of_sessions: int
    said: frozenset[str]
    doomed: Doomed


class Words:
    """Finds words in texts, as whole words, whatever their case and accents."""

    def __init__(self, words: Sequence[str]) -> None:
        sure = [fold(word) for word in words if len(fold(word)) >= SURE_CHARS or " " in word]
        short = [word for word in words if len(fold(word)) < SURE_CHARS and " " not in word]
        self._sure, self._short = _any_of(sure), _any_of(short)

    def __bool__(self) -> bool:
        return bool(self._sure or self._short)

    def stand_in(self, text: str) -> bool:
        """Whether one of the words stands in the text."""
        if self._short is not None and self._short.search(text):
            return True
        return self._sure is not None and bool(self._sure.search(fold(text)))


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
    """

    store: UserStore
    profile: str
    wanted: Wanted
    row_of: RowFunction
    _words: Words = field(init=False)
    _items: frozenset[tuple[str, str]] = field(init=False)
    _values: frozenset[tuple[str, str]] = field(init=False)

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
        own = [event for event in events if self._meets(event)]
        facts = [*own, *_learned(own, events)]
        known = [event for event in facts if event.kind != "shown"]
        self._items |= {(event.catalog, event.item) for event in known if event.item}
        self._values |= {(event.column, event.text) for event in known if event.column}
        sessions, gone, rewritten, said = self._sessions(own)
        numbers = {event.id for event in facts}
        said |= {fact.source for fact in facts if fact.source and fact.source not in COMMANDS}
        reworded = [
            replace(event, source="", text=event.text if event.column else "")
            for event in events
            if event.id not in numbers and self._is_told(event, own)
        ]
        return Found(
            tuple(facts),
            len(facts) - len(own),
            tuple(gone),
            sessions,
            frozenset(said),
            Doomed(numbers | damaged, gone, reworded, rewritten),
        )

    def _meets(self, event: StoredEvent) -> bool:
        wanted = self.wanted
        return (
            wanted.everything
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
        if event.source in ("", *COMMANDS):
            return False
        return any(
            fact.session == event.session
            and fact.turn == event.turn
            and fact.source == event.source
            for fact in own
            if fact.session
        )

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
        if not self._words:
            return False
        head = head_of(session.bus)
        if head is None and session.bus:
            return True
        told = [list((head or {}).get("saved", {})), (head or {}).get("stages")]
        if wanted.values and not wanted.items:  # that an item shown has the value says nothing
            told += [[turn.get(key) for key in ASKED] for turn in turns]
        else:
            told += turns
        return any(self._words.stand_in(text) for part in told for text in _texts(part))

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

        def keep(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: keep(part) for key, part in value.items()}
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


def head_of(blob: bytes) -> dict[str, Any] | None:
    """The head of a stored bus; None where it cannot be read."""
    try:
        with zipfile.ZipFile(BytesIO(blob)) as archive:
            raw = archive.read("head.npy")
        head = json.loads(raw[raw.index(b"{", raw.index(b"\n")) :])
    except Exception:  # whatever the bytes are, they are no bus
        return None
    return head if isinstance(head, dict) else None


# -- lines typed in chat -------------------------------------------------------------------------


def history_without(path: Path, wanted: Wanted, said: frozenset[str]) -> tuple[int, str]:
    """The chat's history without lines that name what is forgotten, or were said of it.

    Returns:
        How many entries go, and the text of what is left, in prompt_toolkit's format.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0, ""
    words, gone, left = Words(wanted.words), 0, []
    for entry in re.split(r"(?m)^(?=# )", text):
        lines = [line[1:] for line in entry.splitlines() if line.startswith("+")]
        typed = "\n".join(lines)
        since = wanted.since is not None and _typed_since(entry, wanted.since)
        if lines and (wanted.everything or since or words.stand_in(typed) or _same(typed, said)):
            gone += 1
        else:
            left.append(entry)
    text = "".join(left)
    return gone, text if text.strip() else ""


def _same(typed: str, said: frozenset[str]) -> bool:
    return typed.strip() in said or typed.strip()[:200] in said


def _typed_since(entry: str, since: float) -> bool:
    """Whether an entry's time, which is local, is since then; of one without a time it is so."""
    import datetime

    found = re.match(r"# (\S+ \S+)", entry)
    try:
        when = datetime.datetime.fromisoformat(found[1]) if found else None
    except ValueError:
        when = None
    return when is None or when.timestamp() >= since
