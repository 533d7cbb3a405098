"""A turn as lines of JSON, `recagent.trace/1`: what is written down of its events, and read again.

`Tracing` is a consumer of the event stream like the screen; it writes nothing itself. `read_trace`
gives back what it wrote. `docs/json.md` describes the lines.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from hashlib import blake2b
from typing import Any

import numpy as np

from recagent_catalogs.text import clean
from recagent_tools.bus import CandidateBus, Mark
from recagent_tools.toolbox import ProfileView, ToolContext

from .events import (
    AnswerReviewed,
    Event,
    ModelAnswered,
    Progress,
    TextDelta,
    ToolFinished,
    ToolStarted,
    TurnFinished,
    TurnStarted,
)
from .model_errors import redactor
from .turn import Turn

SCHEMA = "recagent.trace/1"
MAX_TEXT = 600
"""Characters of one text: a tool's result, an answer, an utterance."""
MAX_ARGUMENTS = 8_000
"""Characters of a call's arguments; of longer ones nothing is kept."""
MAX_CHARS = 64_000
"""Characters of a trace; what comes after is left out but for the end, and counted there."""
SHAPING = frozenset(("filter", "rank"))
"""Tools without whose call a list is another one, and a turn no example of it."""
MAX_PLACES = 100
"""Places that undo and redo go to."""
ROWS_KNOWN = (
    "liked",
    "disliked",
    "seen",
    "never",
    "wanted",
    "recent",
    "taken",
    "turned_down",
)
"""What of a profile are rows."""
PASSED_OVER = (TurnStarted, ToolStarted, TextDelta, Progress, AnswerReviewed)
"""Events that others tell again: the head, the call's end, the answer as a whole."""


_encode = json.JSONEncoder(ensure_ascii=False).encode


class Tracing:
    """Takes the events of one turn; `text` is the trace. It never raises: an answer comes first.

    Args:
        turns: how many were before it in the session.
        context: what its tools may touch.
        version: of recagent.
        clock: seconds, for the time between events.
        now: seconds since 1970 (UTC).
    """

    def __init__(
        self,
        turns: int,
        context: ToolContext,
        *,
        version: str = "",
        clock: Callable[[], float] = time.perf_counter,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._clock, self._began, self._version = clock, clock(), version
        self._context, self._hide = context, redactor()
        self._head: dict[str, Any] = {}
        self._lines: list[str] = []
        self._chars = self._left_out = 0
        self._broken = ""
        self._guarded(lambda: self._begin(turns, now()))

    def __call__(self, event: Event) -> None:
        """Take an event."""
        self._guarded(lambda: self._take(event))

    def text(self) -> str:
        """The lines so far, the head first; "" where something of the turn cannot be told."""
        return (
            ""
            if self._broken or not self._lines
            else "\n".join((self._line(self._head), *self._lines))
        )

    @property
    def lost(self) -> str:
        """Why there is no trace, for the person; "" while there is one."""
        return self._broken

    def _guarded(self, work: Callable[[], None]) -> None:
        if self._broken:
            return
        try:
            work()
        except Exception as error:  # a plug-in's arguments, a disk that fails: the answer stands
            self._broken = clean(f"{type(error).__name__}: {error}", 200)

    def _begin(self, turns: int, now: float) -> None:
        context = self._context
        self._head = {
            "schema": SCHEMA,
            "utterance": "",
            "brain": "",
            "version": self._version,
            "began": round(now, 3),
            "data": context.catalog.fingerprint,
            "models": build_of(context),
            "turns": turns,
            "liked": context.catalog.ids(context.liked),
            "weights": dict(context.weights),
            "unknown": context.catalog.ids(context.unknown),
            "seed": _seed_of(context),
            "known": known_digest(context.profile),
            "before": mark_json(context.bus),
        }

    def _take(self, event: Event) -> None:
        if isinstance(event, TurnStarted):
            self._head |= {"utterance": cut_text(event.utterance), "brain": event.brain}
        if isinstance(event, PASSED_OVER):
            return
        told = {"event": _name_of(event), "ms": round((self._clock() - self._began) * 1000, 2)}
        if isinstance(event, TurnFinished):
            told |= _end_json(event.turn)
            if self._left_out:
                told["left_out"] = self._left_out
            self._lines.append(self._line(told))
            return
        told |= self._told(event)
        line = self._line(told)
        if self._chars + len(line) > MAX_CHARS:
            self._left_out += 1
            return
        self._chars += len(line)
        self._lines.append(line)

    def _told(self, event: Event) -> dict[str, Any]:
        if isinstance(event, ToolFinished):
            return self._call_json(event)
        if isinstance(event, ModelAnswered):
            told = _fields_of(event)
            told["took_ms"] = round(told.pop("ms"), 2)
            return told
        return _fields_of(event)

    def _call_json(self, event: ToolFinished) -> dict[str, Any]:
        arguments = dict(event.arguments)
        whole = len(_encode(arguments)) <= MAX_ARGUMENTS
        told: dict[str, Any] = {
            "tool": event.tool,
            "arguments": arguments if whole else None,
            "before": event.before,
            "after": event.after,
            "took_ms": round(event.ms, 2),
            "error": event.error,
            "text": cut_text(event.text),
        }
        if event.left is not None:
            told["first"] = self._context.catalog.ids(event.left.rows)
            told["digest"] = event.left.digest
        return told

    def _line(self, told: Mapping[str, Any]) -> str:
        texts: list[str] = []
        _gather(told, texts)
        fit = self._is_fit("\n".join(texts))
        return _encode(told if fit else _hidden(told, self._hide))

    def _is_fit(self, text: str) -> bool:
        """Whether all of a text may be written: most may, so that it is looked at only once."""
        try:
            return bool(text.isascii() or text.encode()) and self._hide(text) == text
        except UnicodeEncodeError:
            return False


# -- reading --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TracedCall:
    """One tool call of a trace.

    Attributes:
        tool, arguments: what was called; None where the arguments were too long to be kept, and
            without the words for the person where the call ended the turn.
        before, after: number of candidates.
        text: what the brain was told; its beginning where it was long.
        error: whether that was an error.
        first: ids of the first candidates, where the call came to others.
        digest: of all of them, by rows of the data of then.
        part: 0 for the brain that was asked; 1 for the one that answered instead of it.
    """

    tool: str
    arguments: Mapping[str, Any] | None
    before: int
    after: int
    text: str
    error: bool = False
    first: tuple[str, ...] = ()
    digest: str = ""
    part: int = 0


@dataclass(frozen=True)
class Trace:
    """A turn as it was written down.

    Attributes:
        head: the first line.
        events: the others, the end among them.
    """

    head: Mapping[str, Any]
    events: tuple[Mapping[str, Any], ...] = field(repr=False)

    @property
    def id(self) -> int:
        """Its number."""
        return int(self.head["id"])

    @property
    def kept(self) -> bool:
        """Whether it serves as a demonstration."""
        return bool(self.head.get("kept"))

    @property
    def utterance(self) -> str:
        """What the person said."""
        return str(self.head["utterance"])

    @property
    def end(self) -> Mapping[str, Any]:
        """The last line."""
        return self.events[-1]

    @property
    def brain(self) -> str:
        """Who answered: `builtin`, or the model's name."""
        return str(self.end["brain"])

    @property
    def shown(self) -> tuple[str, ...]:
        """Ids of the list that was shown."""
        return tuple(map(str, self.end["shown"]))

    @property
    def calls(self) -> tuple[TracedCall, ...]:
        """The tool calls, in order."""
        found, part = [], 0
        for told in self.events:
            if told["event"] == "instead":
                part = 1
            elif told["event"] == "call":
                found.append(_call_of(told, part))
        return tuple(found)

    @property
    def fell_back(self) -> bool:
        """Whether another brain answered than was asked."""
        return any(told["event"] == "instead" for told in self.events)

    @property
    def missed(self) -> tuple[str, ...]:
        """Tools that shape a list of which the last call in the answering part did not run."""
        missed: dict[str, None] = {}
        for told in self.events:
            name = str(told.get("tool", ""))
            if told["event"] == "instead":
                missed.clear()
            elif name in SHAPING and told["event"] in ("call", "refused"):
                missed.pop(name, None)
                if told["event"] == "refused" or told["error"]:
                    missed[name] = None
        return tuple(missed)

    @property
    def models(self) -> int:
        """Answers of a model in it."""
        return sum(told["event"] == "model" for told in self.events)

    def lines(self) -> list[str]:
        """It as JSON lines."""
        return [_encode(told) for told in (self.head, *self.events)]


def read_trace(text: str, **row: Any) -> Trace:
    """Read a trace.

    Args:
        text: what `Tracing` gave.
        row: what else its head tells: id, session, turn, profile, catalog, time, kept.

    Raises:
        ValueError: it is none of ours.
    """
    # NaN and Infinity, as a model may write them, are no JSON: they become texts.
    lines = [json.loads(line, parse_constant=str) for line in text.split("\n")]
    whole = len(lines) > 1 and all(isinstance(line, dict) for line in lines)
    if not whole or lines[0].get("schema") != SCHEMA or lines[-1].get("event") != "end":
        raise ValueError(f"no {SCHEMA}")
    head = {"schema": SCHEMA, **row, **{k: v for k, v in lines[0].items() if k not in row}}
    return Trace(head, tuple(lines[1:]))


def _call_of(told: Mapping[str, Any], part: int) -> TracedCall:
    return TracedCall(
        str(told["tool"]),
        told["arguments"],
        int(told["before"]),
        int(told["after"]),
        str(told["text"]),
        bool(told["error"]),
        tuple(map(str, told.get("first", ()))),
        str(told.get("digest", "")),
        part,
    )


# -- what stood before a turn ---------------------------------------------------------------------


def mark_json(bus: CandidateBus) -> dict[str, Any]:
    """Where a bus stands, so that its history can be cut there again."""
    mark = bus.mark()
    return {
        "candidates": len(bus),
        "stages": len(bus.stages),
        "place": list(mark.place),
        "done": [list(place) for place in mark.done[-MAX_PLACES:]],
        "undone": [list(place) for place in mark.undone[-MAX_PLACES:]],
        "sets": dict(mark.saved),
        "lists": mark.n_lists,
    }


def stand_at(bus: CandidateBus, told: Mapping[str, Any]) -> bool:
    """Cut the history of a bus where it stood once; False where it is no history of that bus."""
    stages, (cursor, standing) = int(told["stages"]), told["place"]
    if len(bus.stages) < stages or len(bus.lists) < told["lists"] or not 0 <= cursor < stages:
        return False
    if bus.stages[cursor].after != told["candidates"]:
        return False
    places = ([(int(a), int(b)) for a, b in told[name]] for name in ("done", "undone"))
    done, undone = (tuple(each) for each in places)
    sets = tuple((str(name), int(stage)) for name, stage in told["sets"].items())
    bus.back_to(Mark((int(cursor), int(standing)), done, undone, sets, int(told["lists"])))
    del bus.stages[stages:]
    return True


def known_digest(profile: ProfileView) -> str:
    """A hash of what is known of a person, to tell whether it is still the same."""
    digest = blake2b(digest_size=8)
    for name in ROWS_KNOWN:
        digest.update(np.fromiter(getattr(profile, name), np.int64).tobytes() + b"|")
    digest.update(np.fromiter(profile.ratings.keys(), np.int64).tobytes() + b"|")
    digest.update(np.fromiter(profile.ratings.values(), np.float64).round(3).tobytes() + b"|")
    values = [[(c, v, round(w, 3)) for c, v, w in profile.wishes], list(profile.never_values)]
    digest.update(repr(values).encode("utf-8", "replace"))
    return digest.hexdigest()


def build_of(context: ToolContext) -> str:
    """The name of the models' build; "" where there is none."""
    return str((context.engine.manifest or {}).get("build", ""))


def _seed_of(context: ToolContext) -> int:
    """What the turn's randomness began with; 0 where it cannot be told."""
    entropy = getattr(context.rng.bit_generator.seed_seq, "entropy", None)
    return entropy if isinstance(entropy, int) else 0


def _end_json(turn: Turn) -> dict[str, Any]:
    return {
        "text": cut_text(turn.text),
        "shown": [item.id for item in turn.items],
        "list": turn.number,
        "question": cut_text(turn.question),
        "options": [cut_text(option) for option in turn.options],
        "funnel": turn.funnel,
        "brain": turn.brain,
        "cut": turn.cut,
        "usage": asdict(turn.usage) if turn.usage else None,
        "user": turn.user,
        "with": None if turn.together is None else asdict(turn.together),
        "request": turn.request.to_json(),
    }


_NAMES = {
    "CallRefused": "refused",
    "ModelAnswered": "model",
    "PlanRead": "plan",
    "ToolFinished": "call",
    "BrainReplaced": "instead",
    "TurnFinished": "end",
}


def _name_of(event: Event) -> str:
    name = type(event).__name__
    return _NAMES.get(name) or name.lower()


def _fields_of(event: object) -> dict[str, Any]:
    """The plain fields of an event, whatever it is."""
    if not is_dataclass(event):
        return {}
    found = ((one.name, getattr(event, one.name)) for one in fields(event))
    told: dict[str, Any] = {}
    for name, value in found:
        if isinstance(value, str):
            told[name] = cut_text(value)
        elif value is None or isinstance(value, int | float):
            told[name] = value
        elif isinstance(value, tuple) and all(isinstance(part, str) for part in value):
            told[name] = [cut_text(part) for part in value]
    return told


def cut_text(text: str) -> str:
    """The beginning of a text, as a trace has it."""
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _gather(value: Any, found: list[str]) -> None:
    """All texts of a JSON value, keys too."""
    if isinstance(value, str):
        found.append(value)
    elif isinstance(value, dict):
        for name, part in value.items():
            found.append(str(name))
            _gather(part, found)
    elif isinstance(value, list | tuple):
        for part in value:
            _gather(part, found)


def _hidden(value: Any, hide: Callable[[str], str]) -> Any:
    """A JSON value without what looks like a key of a provider."""
    if isinstance(value, str):
        # Half of a pair of surrogates, as a model may write it, can stand in no file.
        whole = value if value.isascii() else value.encode("utf-8", "replace").decode()
        return hide(whole)
    if isinstance(value, dict):
        return {_hidden(str(name), hide): _hidden(part, hide) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(part, hide) for part in value]
    return value
