"""A turn is a stream of typed events; chat, JSON, trace and tests consume the one stream."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recagent_tools.glimpse import Glimpse

    from .turn import Turn


SENT_BACK = "sent back: "
"""How the text of a `ToolFinished` begins where an answer failed its review and changed nothing."""


@dataclass(frozen=True)
class TurnStarted:
    """A turn begins."""

    utterance: str
    brain: str


@dataclass(frozen=True)
class Thought:
    """What the built-in brain is about to do; a model's thoughts are unchecked, and not told."""

    text: str


@dataclass(frozen=True)
class ToolStarted:
    """A tool call begins."""

    call_id: str
    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class ToolFinished:
    """A tool call ended; `before` and `after` are the number of candidates.

    `left` is a look at the candidates, where the call came to others.
    """

    call_id: str
    tool: str
    arguments: dict[str, Any]
    before: int
    after: int
    ms: float
    text: str
    error: bool = False
    left: Glimpse | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ModelAnswered:
    """A language model gave one answer; what it said is in the events that follow.

    Attributes:
        model, mode: who was asked, and how ("native", "text", "plan"), or for what beside the
            steps of the turn ("review", "rewrite").
        prefix_hash: of the system prompt and the tools, which stay the same over a session.
        prompt_hash: of all that was sent.
        ms: with all retries.
        calls: native tool calls in it.
        finish: the provider's word for why it ended.
        prompt_tokens, completion_tokens, cost_usd: None where they are unknown.
    """

    model: str
    mode: str
    prefix_hash: str
    prompt_hash: str
    ms: float
    calls: int
    finish: str
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None


@dataclass(frozen=True)
class CallRefused:
    """A call that a model wrote and that does not run: no such tool, or wrong arguments.

    Attributes:
        tool: the tool's name; as the model wrote it where there is none.
        arguments: what could be read of them.
        problem: what the model is told.
    """

    tool: str
    arguments: dict[str, Any]
    problem: str


@dataclass(frozen=True)
class AnswerReviewed:
    """A model's list held what must not be shown; it goes back, or code mends it.

    Attributes:
        columns: of the catalog, whose conditions an item did not meet.
        ruled_out: whether an item is one that the person has seen or never wants.
    """

    columns: tuple[str, ...]
    ruled_out: bool = False


@dataclass(frozen=True)
class PlanRead:
    """An answer of a model that was asked for a plan was read.

    Attributes:
        calls: how many it plans, and will be run; 0 where it cannot run.
        problems: why it cannot.
        then: what is done about that: "mend", the model is asked for a better one; "steps", it is
            asked step by step from now on.
    """

    calls: int
    problems: tuple[str, ...] = ()
    then: str = ""


@dataclass(frozen=True)
class BrainReplaced:
    """Another brain answers instead, from the state before the turn: what was done is void."""

    brain: str


@dataclass(frozen=True)
class TextDelta:
    """A piece of the answer's text, by sentences as they come.

    A model's words are checked before: what a brain emits is not handed on as it is. `TurnFinished`
    has the text that counts, where more of it changed what is told.
    """

    text: str


@dataclass(frozen=True)
class Notice:
    """Something the person should know: a fallback, a cut, an invented title that was dropped.

    `kind` is a stable word: limit, unused, noted, fallback, cut, dropped, rule,
    model, catalog, correction.
    """

    kind: str
    text: str


@dataclass(frozen=True)
class Progress:
    """Work that takes longer than a second: a name, and the share done from 0 to 1."""

    text: str
    share: float


@dataclass(frozen=True)
class TurnFinished:
    """The turn is over; `turn` holds all of it."""

    turn: Turn = field(repr=False)


Event = (
    TurnStarted
    | Thought
    | ModelAnswered
    | CallRefused
    | AnswerReviewed
    | PlanRead
    | ToolStarted
    | ToolFinished
    | BrainReplaced
    | TextDelta
    | Notice
    | Progress
    | TurnFinished
)
