"""The chat screen: reads a line, shows what the turn does, prints the answer.

The conversation is saved after every turn; Ctrl-C stops a turn and keeps what was there, twice at
the prompt leaves. Where standard input is no terminal, lines are read from it without a prompt.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.text import Text

from recagent_catalogs.errors import Cancelled, RecagentError
from recagent_catalogs.text import clean

from ..agent.events import Event, Notice, Progress, Thought, ToolFinished
from ..paths import make_dir
from .chat_commands import command_named, completions
from .examples import first_screen
from .render import explained_lines, make_console, turn_renderables

if TYPE_CHECKING:
    from ..agent.session import Session
    from ..agent.turn import Turn
    from ..assistant import Assistant

PROMPT = "> "


@dataclass
class Chat:
    """A conversation on the terminal.

    Attributes:
        over: whether it ends after this line.
    """

    assistant: Assistant
    session: Session
    user: str | None = None
    quiet: bool = False
    verbose: bool = False
    color: bool = True
    width: int = 0
    over: bool = False
    _console: Any = field(init=False, default=None)
    _talk: Any = field(init=False, default=None)
    _leaving: bool = field(init=False, default=False)

    def run(self) -> None:
        """Talk until the person leaves."""
        is_terminal = sys.stdout.isatty()
        self._console = make_console(color=self.color, width=self.width)
        # Through a pipe only answers go to standard output.
        self._talk = make_console(stderr=not is_terminal, color=self.color, width=self.width)
        if not self.quiet:
            for line in first_screen(self.assistant, bool(self.session.turns)):
                self._talk.print(Text(line, style="dim"))
        for _, notice in self.assistant.take_notices():
            self.note(notice)
        with self.assistant:
            for line in self._lines():
                if not line.strip():
                    continue
                self._handle(line.strip())
                if self.over:
                    return

    def _lines(self) -> Iterator[str]:
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            yield from sys.stdin
            return
        yield from self._typed()

    def _typed(self) -> Iterator[str]:
        """Lines typed at a prompt, with history and completion of commands."""
        from prompt_toolkit import PromptSession
        from prompt_toolkit.completion import CompleteEvent, Completer, Completion
        from prompt_toolkit.document import Document
        from prompt_toolkit.history import FileHistory, History, InMemoryHistory

        chat = self

        class Commands(Completer):
            def get_completions(
                self, document: Document, complete_event: CompleteEvent
            ) -> Iterator[Completion]:
                for text, typed in completions(chat, document.text_before_cursor):
                    yield Completion(text, start_position=-typed)

        history: History = InMemoryHistory()
        if self.assistant.keeps:
            path = self.assistant.paths.history_of(self.assistant.profile_name)
            make_dir(path.parent, private=True)
            path.touch(mode=0o600)
            history = FileHistory(str(path))
        prompt: PromptSession[str] = PromptSession(
            history=history, completer=Commands(), complete_while_typing=False
        )
        while True:
            try:
                line = prompt.prompt(PROMPT)
            except KeyboardInterrupt:
                if prompt.default_buffer.text:  # a line half typed is thrown away, no more
                    self._leaving = False
                    continue
                if self._leaving:
                    return
                self._leaving = True
                self.note("Ctrl-C again, Ctrl-D or /quit leaves")
                continue
            except EOFError:
                return
            self._leaving = False
            yield line

    def _handle(self, line: str) -> None:
        """Do what the line says."""
        name, _, rest = line.partition(" ")
        try:
            if not name.startswith("/"):
                self.ask(line)
            elif (command := command_named(name)) is not None:
                command.run(self, rest.strip())
            else:
                self.note(f"no command {name}; /help lists them")
        except KeyboardInterrupt:
            self.note("stopped")
        except Cancelled as stopped:
            self.note(stopped.message)
        except RecagentError as error:
            self.note(error.message + (f" ({error.hint})" if error.hint else ""))

    def ask(self, line: str) -> None:
        """Ask, and show the answer."""
        turn = self.assistant.ask(line, session=self.session, user=self.user, on_event=self._event)
        self.show_turn(turn)

    def show_turn(self, turn: Turn) -> None:
        """Print a turn: its answer as data, its notices and the path of its list as talk."""
        plain = getattr(self, "plain", False)
        self.show(*turn_renderables(turn, self.assistant.catalog.schema, plain=plain))
        for kind, text in turn.notices:
            if kind != "fallback":
                self.note(text)
        if self.verbose:
            for line in explained_lines(turn):
                self.note(line)
        if turn.items and self.verbose:
            self.note(turn.funnel)
        elif turn.items:
            self.note(self.session.bus.funnel(brief=True))
        if turn.usage is not None and not self.quiet:
            self.note(_usage_line(turn.usage))

    def _event(self, event: Event) -> None:
        """Show what the turn does, as it does it."""
        if self.quiet:
            return
        waits = self.assistant.agent.brain.name != "builtin"
        if isinstance(event, ToolFinished) and (self.verbose or waits):
            self._talk.print(Text(_tool_line(event), style="dim"))
        elif isinstance(event, Thought) and self.verbose:
            self._talk.print(Text(f"  {clean(event.text, 300)}", style="dim italic"))
        elif isinstance(event, Notice) and event.kind == "fallback":
            self.note(event.text)
        elif isinstance(event, Progress):
            return

    def show(self, *parts: Any) -> None:
        """Print an answer, as text or renderables, to standard output."""
        for part in parts:
            self._console.print(part)

    def note(self, text: str) -> None:
        """Tell the person something that is no answer."""
        if not self.quiet:
            self._talk.print(Text(f"  {clean(text)}", style="dim"))


def _tool_line(event: ToolFinished) -> str:
    told = ", ".join(f"{k} {v}" for k, v in event.arguments.items() if v not in ("", [], 0, None))
    counts = f"{event.before:,} → {event.after:,}"
    return f"  {event.tool} {clean(told, 80)}: {counts} ({event.ms:.0f} ms)"


def _usage_line(usage: Any) -> str:
    tokens = "tokens unknown"
    if usage.prompt_tokens is not None:
        tokens = f"{usage.prompt_tokens:,} + {usage.completion_tokens or 0:,} tokens"
    cost = "cost unknown" if usage.cost_usd is None else f"${usage.cost_usd:.4f}"
    return f"{usage.model}: {usage.calls} calls, {tokens}, {cost}"
