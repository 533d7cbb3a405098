"""One turn of a stand-in brain through the real assistant, and everything that came of it."""

from __future__ import annotations

import io
import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from recagent_cli import Assistant
from recagent_cli.agent.brain import Brain
from recagent_cli.agent.budget import Limits
from recagent_cli.agent.events import Event
from recagent_cli.agent.llm import LLMBrain
from recagent_cli.agent.turn import Turn
from recagent_cli.memory.event_rows import StoredEvent
from recagent_cli.paths import Paths
from recagent_cli.ui.chat import Chat
from recagent_cli.ui.flow import Flow
from recagent_cli.ui.render import turn_renderables, turn_text

from .attacks import Attack
from .brain import LoopBrain, Obedient, Wire
from .watching import Seen, open_files, watched
from .world import ASKED, NEIGHBOUR, NEIGHBOURS_WORDS, World

FORMS = ("json", "jsonl", "csv", "tsv", "md", "ids")
SHAPES = ("loop", "native", "text", "plan")


@dataclass
class Recording:
    """A turn and what came of it.

    Attributes:
        attack: whose text was obeyed.
        item: the id of its row.
        shape: "loop" (a brain of the loop), or how a model was asked.
        turn: what was answered.
        bus: ids of the candidates that stood in the end.
        ever: ids that were on the bus at any stage of the turn.
        scores: score by id on the bus.
        events: of the turn.
        wire: the model, with what was sent to it; None for a brain of the loop.
        outputs: what every renderer made, by name: bytes of a screen, and the formats.
        told: what was noted to the log, and the trace.
        before, after: the events of all profiles in the store.
        seen: what the process did beyond itself.
        worker: files that the SQL worker held open.
        seconds: how long the turn took, without the renderers.
        raised: an error that ended it.
    """

    attack: Attack
    item: str
    shape: str
    turn: Turn | None = None
    bus: frozenset[str] = frozenset()
    ever: frozenset[str] = frozenset()
    scores: dict[str, float] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    wire: Wire | None = None
    outputs: dict[str, str] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    before: list[StoredEvent] = field(default_factory=list)
    after: list[StoredEvent] = field(default_factory=list)
    seen: Seen = field(default_factory=Seen)
    worker: list[tuple[str, bool]] = field(default_factory=list)
    seconds: float = 0.0
    raised: Exception | None = None


@dataclass
class Stage:
    """An assistant over a catalog with hostile rows, and a neighbour with a profile of their own.

    Attributes:
        home: the folder of `RECAGENT_HOME`.
        world: the catalog.
        assistant: over it.
    """

    home: Path
    world: World
    assistant: Assistant

    def play(
        self,
        attack: Attack,
        item: str,
        shape: str = "loop",
        *,
        brain: Callable[[Assistant], Brain] | None = None,
        said: str = ASKED,
        limits: Limits | None = None,
        renders: bool = True,
    ) -> Recording:
        """One turn in a session of its own.

        Args:
            attack: whose text is obeyed.
            item: the id of its row.
            shape: one of `SHAPES`.
            brain: instead of the stand-in.
            said: the person's words.
            limits: of a model's turn.
            renders: whether the screens and formats are made, which takes longest.
        """
        recording = Recording(attack, item, shape)
        will = Obedient(attack, item)
        if brain is not None:
            actor = brain(self.assistant)
        elif shape == "loop":
            actor = LoopBrain(will)
        else:
            recording.wire = Wire(will, shape)
            mode: Any = "auto" if shape == "plan" else shape
            strategy: Any = "plan" if shape == "plan" else "react"
            actor = LLMBrain(recording.wire, mode=mode, strategy=strategy, limits=limits)
        self._run(recording, actor, said)
        if renders and recording.turn is not None:
            recording.outputs = rendered(recording.turn, recording.events, self.assistant)
        return recording

    def _run(self, recording: Recording, actor: Brain, said: str) -> None:
        assistant, events = self.assistant, recording.events
        assistant.agent.brain, assistant.agent.fallback = actor, assistant.builtin
        session = assistant.new_session()
        recording.before = self.all_events()
        with logged() as log, watched() as seen:
            began = time.perf_counter()
            try:
                recording.turn = assistant.ask(said, session=session, on_event=events.append)
            except Exception as error:
                recording.raised = error
            recording.seconds = time.perf_counter() - began
        recording.seen = seen
        recording.after = self.all_events()
        recording.told["log"] = log.getvalue()
        worker = assistant.sandbox._process
        if worker is not None and worker.poll() is None:
            recording.worker = open_files(worker.pid)
        if recording.turn is None:
            return
        catalog, bus = assistant.catalog, session.bus
        recording.bus = frozenset(catalog.ids([int(row) for row in bus.rows()]))
        rows = {
            int(row) for stage in bus.stages if stage.candidates is not None for row in stage.rows()
        }
        recording.ever = frozenset(catalog.ids(sorted(rows)))
        columns = bus.scores()
        if columns:
            column = columns.get("score", next(iter(columns.values())))
            ids = catalog.ids([int(row) for row in bus.rows()])
            recording.scores = {id: float(score) for id, score in zip(ids, column, strict=True)}
        recording.told["trace"] = json.dumps(
            [
                str(row)
                for row in assistant.store.select(
                    "SELECT * FROM traces ORDER BY rowid DESC LIMIT 1", []
                )
            ]
        )
        recording.told["events"] = "\n".join(map(str, events))

    def all_events(self) -> list[StoredEvent]:
        """The events of everybody."""
        store = self.assistant.store
        return [one for name in ("me", NEIGHBOUR) for one in store.events(name, undone=True)]


@contextmanager
def staged(home: Path, world: World, *, build: bool = False) -> Iterator[Stage]:
    """A stage in a home that holds the catalog.

    Args:
        home: the folder of `RECAGENT_HOME`.
        world: the catalog, in that home.
        build: whether models are trained.
    """
    paths = Paths(home / "data", home / "config", home / "cache")
    name = world.place.name
    with Assistant(name, paths=paths, profile=NEIGHBOUR, build=build) as other:
        rows = [row for row in map(other.catalog.row_of, ("w03", "w05")) if row is not None]
        other.note("liked", rows, source=NEIGHBOURS_WORDS)
    with Assistant(name, paths=paths, build=build) as assistant:
        rows = [row for row in [assistant.catalog.row_of("w01")] if row is not None]
        assistant.note("liked", rows, source="chat /like")
        yield Stage(home, world, assistant)


def rendered(turn: Turn, events: Sequence[Event], assistant: Assistant) -> dict[str, str]:
    """What every renderer makes of a turn, as it would leave for a terminal or a pipe."""
    schema = assistant.catalog.schema
    made = {form: turn_text(turn, form, schema) for form in FORMS}
    for name, width, plain in (("table", 80, False), ("narrow", 40, False), ("plain", 80, True)):
        console = screen(width)
        for part in turn_renderables(turn, schema, plain=plain):
            console.print(part)
        made[name] = console.file.getvalue()  # type: ignore[attr-defined]
    made["notes"] = "\n".join(text for _, text in turn.notices)
    for name, plain in (("chat", False), ("chat plain", True)):
        made[name] = chatted(turn, events, assistant, plain=plain)
    return made


def chatted(turn: Turn, events: Sequence[Event], assistant: Assistant, *, plain: bool) -> str:
    """What the chat writes for the events of a turn."""
    chat = Chat(assistant, assistant.new_session(), verbose=True)
    chat.plain = plain
    chat._console = chat._talk = screen(80)
    chat._flow = Flow(chat._console)
    ask = assistant.ask
    try:
        assistant.ask = _replay(turn, events)  # type: ignore[method-assign]
        chat._handle(turn.utterance)
    finally:
        assistant.ask = ask  # type: ignore[method-assign]
    return str(chat._console.file.getvalue())


def _replay(turn: Turn, events: Sequence[Event]) -> Callable[..., Turn]:
    def ask(*arguments: Any, on_event: Callable[[Event], None] | None = None, **more: Any) -> Turn:
        for event in events:
            if on_event is not None:
                on_event(event)
        return turn

    return ask


def screen(width: int) -> Console:
    """A terminal that keeps what is written to it, made as `make_console` makes one."""
    return Console(
        _environ={}, file=io.StringIO(), width=width, force_terminal=True, color_system="truecolor",
        markup=False, highlight=False, emoji=False, legacy_windows=False,
    )  # fmt: skip


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """All that is logged by anybody meanwhile."""
    stream, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(stream)
    root.addHandler(handler)
    try:
        yield stream
    finally:
        root.removeHandler(handler)
