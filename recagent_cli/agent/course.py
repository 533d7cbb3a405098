"""What happened in a turn so far: the state that the loop drives and that the finish reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from recagent_tools.bus import Mark
from recagent_tools.toolbox import ToolContext

from .brain import Brain, Observation, Step
from .events import Event, Notice
from .picture import Picture, told_with
from .request import Request
from .session import Session
from .telling import Telling
from .turn import TraceEntry

if TYPE_CHECKING:
    from .loop import Agent

Emit = Callable[[Event], None]


@dataclass
class Course:
    """The state of one turn while it runs.

    Attributes:
        agent: brain, tools and fallback.
        utterance: what the person said, cleaned.
        session: what was before.
        context: what the tools touch.
        emit: takes the events.
        given: the request, where it was not read out of the utterance.
        pictures: what the person shows besides.
        notices: what the person was told so far, as (kind, text).
        trace: the calls that ran.
        fell_back: whether another brain took over.
        ran_out: whether the brain came to no end, and its candidates were shown as they stood.
        closing: the text of the step without calls.
        began: the bus before the turn.
        telling: takes the brain's events.
        steps: the steps with what their calls gave.
        aspects: of the ranking, by item.
    """

    agent: Agent
    utterance: str
    session: Session
    context: ToolContext
    emit: Emit
    given: Request | None = None
    pictures: tuple[Picture, ...] = ()
    notices: list[tuple[str, str]] = field(default_factory=list)
    trace: list[TraceEntry] = field(default_factory=list)
    fell_back: bool = False
    ran_out: bool = False
    closing: str = ""
    began: Mark | None = None
    telling: Telling | None = None
    steps: list[tuple[Step, tuple[Observation, ...]]] = field(default_factory=list)
    aspects: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """What was said, as it is kept: of pictures their names."""
        return told_with(self.utterance, self.pictures)

    def is_foreign(self, brain: Brain) -> bool:
        """Whether a brain's words are a model's: shown only where they were checked."""
        return brain is not self.agent.fallback and brain.name != "builtin"

    def notice(self, kind: str, text: str) -> None:
        """Tell the person something beside the answer."""
        self.notices.append((kind, text))
        self.emit(Notice(kind, text))
