"""The chat screen: reads a message, shows what the turn does, prints the answer as it comes.

The conversation is saved after every turn. Ctrl-C stops a turn and keeps what was there; at the
prompt it throws away what is half typed, and twice at an empty prompt it leaves, as Ctrl-D does.
Where standard input is no terminal, lines are read from it without a prompt.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from rich.padding import Padding
from rich.text import Text

from recagent_catalogs.errors import Cancelled, RecagentError
from recagent_catalogs.text import clean

from ..agent.events import (
    CallRefused,
    Event,
    Notice,
    TextDelta,
    Thought,
    ToolFinished,
    ToolStarted,
    TurnStarted,
)
from ..faults import as_fault
from .chat_command import NOTHING
from .chat_commands import command_named, unknown
from .examples import first_screen
from .flow import Flow
from .lines import is_quiet, tool_line, usage_line
from .live import LiveLine
from .proactive import suggest
from .recap import where_one_was
from .render import explained_lines, make_console, turn_renderables
from .said_here import said_here, shown_here
from .signals import ends_by_signal, ends_without_terminal, no_echo, stoppable

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..agent.session import Session
    from ..agent.turn import Turn
    from ..assistant import Assistant
    from .prompt import Reads


@dataclass
class Chat:
    """A conversation on the terminal.

    Attributes:
        plain: lines of plain text only: no colours, nothing that moves or is drawn twice.
        weights: aspects of the ranking with their weight, for all that is asked from now on.
        over: whether it ends after this line.
        paused: whether the profile learns nothing at the moment.
        aside: the conversation that goes on once this one is no longer incognito.
        proactive: whether something may be suggested unasked, once.
    """

    assistant: Assistant
    session: Session
    user: str | None = None
    quiet: bool = False
    verbose: bool = False
    color: bool = True
    width: int = 0
    plain: bool = False
    weights: dict[str, float] = field(default_factory=dict)
    over: bool = False
    paused: bool = False
    aside: Session | None = None
    proactive: bool = False
    _console: Any = field(init=False, default=None)
    _talk: Any = field(init=False, default=None)
    _prompt: Reads | None = field(init=False, default=None)
    _live: LiveLine = field(init=False, default_factory=lambda: LiveLine(draws=False))
    _flow: Flow = field(init=False, default_factory=Flow)
    _owed: list[str] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.plain = self.plain or os.environ.get("TERM") == "dumb"
        self._open()

    @property
    def colored(self) -> bool:
        """Whether colours may be used."""
        return self.color and not self.plain and not os.environ.get("NO_COLOR")

    @property
    def ascii_only(self) -> bool:
        """Whether bars and the like are drawn with ASCII: in plain mode, or where no other can."""
        return self.plain or bool(self._console.options.ascii_only)

    def run(self) -> None:
        """Talk until the person leaves."""
        if not self.quiet:
            for line in first_screen(self.assistant, bool(self.session.turns)):
                self._talk.print(Text(line, style="dim"))
            suggest(self)
            self._space()
            told = where_one_was(self.session, self.assistant.catalog)
            for line in told:
                self._talk.print(Text(line))
            if told:
                self._space()
        for _, notice in self.assistant.take_notices():
            self.note(notice)
        # What is typed while nobody reads does not show; it waits for the prompt.
        echo = no_echo() if self._prompts and not self.plain else contextlib.nullcontext()
        with self.assistant, ends_without_terminal(), ends_by_signal(self._leave), echo:
            for line in self._lines():
                if not line.strip():
                    continue
                self._handle(line.strip())
                if self.over:
                    return
                self._space()

    def _open(self) -> None:
        is_terminal = sys.stdout.isatty()
        options: dict[str, Any] = {"color": self.color, "width": self.width, "plain": self.plain}
        self._console = make_console(**options)
        # Through a pipe only answers go to standard output.
        self._talk = make_console(stderr=not is_terminal, **options)
        draws = is_terminal and not self.plain and not self.quiet
        self._live = LiveLine(sys.stdout, draws=draws)
        self._flow = Flow(self._console)

    @property
    def _prompts(self) -> bool:
        """Whether lines are asked for; else they are read as they come."""
        return sys.stdin.isatty() and sys.stdout.isatty()

    def _space(self) -> None:
        """An empty line, where a prompt comes next."""
        if self._prompts and not (self.plain or self.quiet):
            self._talk.print()

    def take_up(self, held: Session) -> None:
        """Go on with an earlier conversation, for the user of the data that it was for.

        Not where another user was named, or people for whom it is from now on. What counted in its
        last ranking counts again.
        """
        from recagent_tools.rank import ASPECTS

        self.session = held
        last = held.turns[-1].request if held.turns else None
        weights = dict(last.weights) if last is not None else {}
        self.weights = {name: weights[name] for name in weights if name in (*ASPECTS, "fit")}
        if self.user is None and not self.assistant.with_now(held).names:
            self.user = held.user_in(self.assistant.catalog)

    def look_up(self) -> None:
        """See whether the profile learns; it may have been paused from elsewhere."""
        self.paused = not (self.assistant.incognito or self.assistant.keeps)

    def _leave(self, leaving: SystemExit) -> bool:
        return self._prompt is not None and self._prompt.leave(leaving)

    # -- reading ---------------------------------------------------------------------------------

    def _lines(self) -> Iterator[str]:
        if not self._prompts:
            yield from sys.stdin
            return
        from .prompt import PlainPrompt, Prompt, messages

        self._prompt = PlainPrompt() if self.plain else Prompt(self)
        yield from messages(self, self._prompt)

    def _handle(self, line: str) -> None:
        """Do what the line says; whatever happens, the next one can be typed."""
        name, *behind = line.split(maxsplit=1)
        rest = "".join(behind)
        command = command_named(name) if name.startswith("/") else None
        with stoppable():
            try:
                while self._owed:
                    self.note(self._owed.pop(0))
                with self._live:
                    if not name.startswith("/"):
                        self.ask(line)
                    elif command is not None and rest and command.takes == NOTHING:
                        self.note(f"{command.name} takes nothing behind it")
                    elif command is not None:
                        command.run(self, rest.strip())
                    else:
                        self.note(unknown(name))
            except (KeyboardInterrupt, Cancelled):
                if self.plain and self._prompt is not None:
                    self._talk.print()  # behind the ^C that the terminal shows
                self.note(self._stopped())
            except RecagentError as error:
                self._tell_error(error)
            except BrokenPipeError:
                raise
            except Exception as error:
                if isinstance(error, OSError) and error.errno == errno.EIO:
                    raise  # the terminal is gone
                self._tell_error(as_fault(error))

    def _tell_error(self, error: RecagentError) -> None:
        self.note(error.message + (f" ({error.hint})" if error.hint else ""))

    def _stopped(self) -> str:
        if self.session.bus.lists:
            return "stopped; your last list still stands"
        return "stopped; nothing of this turn was kept"

    # -- answering -------------------------------------------------------------------------------

    def ask(self, line: str, images: Sequence[str] = ()) -> None:
        """Ask, with pictures from files or without, and show the answer."""
        weights = [f"{name}={weight:g}" for name, weight in self.weights.items()]
        turn = self.assistant.ask(
            line,
            session=self.session,
            user=self.user,
            weights=weights,
            images=images,
            on_event=self._event,
        )
        self.show_turn(turn)

    def show_turn(self, turn: Turn) -> None:
        """Print a turn: its answer as data, its notices and the path of its list as talk."""
        told = self._flow.end()
        # What came as it was written is not printed again.
        text = said_here(turn.text)
        shown = replace(turn, text="" if told == text else text)
        schema = self.assistant.catalog.schema
        self.show(*turn_renderables(shown, schema, plain=self.plain))
        for kind, text in turn.notices:
            if kind != "fallback":
                self.note(text)
        if self.verbose:
            for line in explained_lines(turn):
                self.note(line)
        if turn.items and self.verbose:
            self.note(turn.funnel)
        elif turn.items and turn.brain == "builtin":  # of a model each tool was told
            self.note(self.session.bus.funnel(brief=True))
        if turn.usage is not None:
            self.note(usage_line(turn.usage))

    def _event(self, event: Event) -> None:
        """Show what the turn does, as it does it."""
        brain = self.assistant.agent.brain.name
        if isinstance(event, TextDelta):
            self._live.show("")  # it would be drawn over the line that is being written
            with self._live.away():
                self._flow.write(said_here(event.text))
        elif isinstance(event, TurnStarted):
            self._flow.begin()
            self._live.show("reading" if brain == "builtin" else brain)
        elif isinstance(event, ToolStarted):
            self._flow.begin()  # what was told so far only led up to it
            self._live.show(event.tool)
        elif isinstance(event, ToolFinished):
            self._live.show("answering" if brain == "builtin" else brain)
        if self.quiet:
            return
        if isinstance(event, ToolFinished):
            if self.verbose or (brain != "builtin" and not is_quiet(event)):
                catalog, width = self.assistant.catalog, self._talk.width
                self._tell(tool_line(event, catalog, width, plain=self.plain))
        elif isinstance(event, CallRefused) and self.verbose:
            self.note(f"{clean(event.tool, 40)} refused: {clean(event.problem, 300)}")
        elif isinstance(event, Thought) and self.verbose:
            self._tell(Text(f"  {clean(event.text, 300)}", style="dim italic"))
        elif isinstance(event, Notice) and event.kind == "fallback":
            self._flow.begin()
            self.note(event.text)

    # -- printing --------------------------------------------------------------------------------

    def show(self, *parts: Any) -> None:
        """Print an answer, as text or renderables, to standard output."""
        with self._live.away():
            self._flow.break_line()
            for part in parts:
                self._console.print(shown_here(part))

    def note(self, text: str) -> None:
        """Tell the person something that is no answer."""
        if not self.quiet:
            self._tell(
                Padding(Text(clean(said_here(text)), style="dim"), (0, 0, 0, 2), expand=False)
            )

    def later(self, text: str) -> None:
        """A note that would stand in the middle of the prompt now; told with the next message."""
        self._owed.append(text)

    def _tell(self, text: RenderableType) -> None:
        with self._live.away():
            self._flow.break_line()
            self._talk.print(text)
