"""The protocol that both brains implement, and what passes between a brain and the loop.

The loop (`loop.py`) asks a brain for the next step, runs the step's tool calls, gives the
observations back, and ends the turn when `present` or `ask_person` ran or a step had no calls.
It cannot tell the brains apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from .events import Event
from .kept import Kept
from .picture import Picture
from .recalled import Recalled
from .request import Request
from .usage import Usage as Usage

if TYPE_CHECKING:
    from recagent_tools.relaxation import Change
    from recagent_tools.together import With
    from recagent_tools.toolbox import Tool, ToolContext


@dataclass(frozen=True)
class Call:
    """One tool call of a step.

    `extra` is the provider's own data, handed back unchanged. `behind` is the name of a call before
    it that was to shape the candidates, and that its brain could not make runnable.
    """

    name: str
    arguments: dict[str, Any]
    id: str = ""
    extra: dict[str, Any] | None = None
    behind: str = ""


@dataclass(frozen=True)
class Observation:
    """What a call gave: text for the brain (capped), data for code.

    `before` and `after` are the number of candidates; None where nothing ran.
    """

    call: Call
    text: str
    data: Any = None
    error: bool = False
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True)
class Step:
    """One answer of a brain: tool calls to run, or, without calls, the closing text.

    `planned` steps come of an answer that an earlier step came of, too: they cost nothing, and do
    not count against the steps of a turn; their calls do.
    `objection` is set by the loop, on a closing text that could not stand: why, for the brain.
    """

    calls: tuple[Call, ...] = ()
    text: str = ""
    thought: str = ""
    extra: dict[str, Any] | None = None
    planned: bool = False
    objection: str = ""


@dataclass(frozen=True)
class PastTurn:
    """An earlier turn of the session, as far as a brain needs it."""

    utterance: str
    text: str
    shown: tuple[int, ...]
    """Rows shown, in order."""
    request: Request | None = None
    options: tuple[str, ...] = ()
    """The numbered options of the question that the turn ended with."""
    number: int = 0
    """Number of the list that stood after the turn; 0 for none."""
    user: str | None = None
    """The user of the catalog's data for whom it was asked."""
    liked: tuple[str, ...] = ()
    """Ids of the liked items that the list was made for, beside the profile's."""
    disliked: tuple[str, ...] = ()
    """Ids of the disliked ones."""
    relaxations: tuple[tuple[Change, ...], ...] = ()
    """What each option changes, where the question was what to give up."""
    together: With | None = None
    """With whom it was asked; None for nobody else."""
    kept: Kept = field(default_factory=Kept, compare=False)
    """How it looked, for whoever reads the session again; no brain needs it."""


@dataclass
class TurnView:
    """All that a brain may look at in a turn.

    Attributes:
        utterance: what the person wrote, cleaned.
        request: the built-in parser's reading of it, state of earlier turns merged in.
        history: earlier turns of the session, oldest first.
        tools: the tools offered in this step; empty when the budget says to close.
        listed: all tools that a model is told of, the same over a whole session; none: `tools`.
        context: catalog, engine, bus and profile, as the tools see them.
        steps: what was done in this turn so far.
        default_count: how many items to show where the person did not say.
        style: how items are explained: "fit", "facts" or "short".
        recall: gives what earlier sessions left for a model.
        pictures: what the person shows besides; brains that cannot look at them say so.
        spent: what is used up, so that only what ends the turn is offered; "" where nothing is.
    """

    utterance: str
    request: Request
    history: Sequence[PastTurn]
    tools: Sequence[Tool]
    context: ToolContext
    steps: list[tuple[Step, tuple[Observation, ...]]] = field(default_factory=list)
    default_count: int = 5
    style: str = "fit"
    recall: Callable[[], Recalled] = Recalled
    pictures: tuple[Picture, ...] = ()
    listed: Sequence[Tool] = ()
    spent: str = ""


class Brain(Protocol):
    """Reads a view of the turn, says what to do next."""

    name: str
    """`builtin`, or the model's name."""

    def next_step(self, view: TurnView, emit: Callable[[Event], None]) -> Step:
        """The next step of the turn.

        Args:
            view: the turn so far.
            emit: takes Thought, TextDelta and Notice events as they come; text is handed on only
                as far as it was checked.

        Raises:
            ModelError: the model cannot be reached or refuses.
        """
        ...

    def usage(self) -> Usage | None:
        """What this turn consumed so far; None for a brain that costs nothing."""
        ...
