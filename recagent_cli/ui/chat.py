"""The chat screen: reads a line, shows what the turn does, prints the answer.

The conversation is saved after every turn; Ctrl-C stops a turn and keeps what was there, twice at
the prompt leaves. Where standard input is no terminal, lines are read from it without a prompt.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.text import Text

from recagent_catalogs.errors import Cancelled, RecagentError
from recagent_catalogs.text import clean

from ..agent.events import Event, Notice, Progress, Thought, ToolFinished
from ..agent.loop import NOTED
from ..paths import make_dir
from .examples import first_screen
from .render import make_console, turn_renderables

if TYPE_CHECKING:
    from ..agent.session import Session
    from ..assistant import Assistant

PROMPT = "> "
FACTS = {"/like": "liked", "/dislike": "disliked", "/seen": "seen", "/never": "never"}
HELP = (
    ("/like 2 · /dislike 2 · /seen 2 · /never 2", "what you think of an item; by number or title"),
    ("/more", "further items of the same list"),
    ("/candidates", "how the list came about, and how many candidates there are"),
    ("/new", "begin again"),
    ("/help · /quit", ""),
)


@dataclass
class Chat:
    """A conversation on the terminal."""

    assistant: Assistant
    session: Session
    user: str | None = None
    quiet: bool = False
    verbose: bool = False
    color: bool = True
    width: int = 0
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
            self._note(notice)
        with self.assistant:
            for line in self._lines():
                if not line.strip():
                    continue
                if self._handle(line.strip()):
                    return

    def _lines(self) -> Iterator[str]:
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            yield from sys.stdin
            return
        yield from self._typed()

    def _typed(self) -> Iterator[str]:
        """Lines typed at a prompt, with history and completion of commands."""
        from prompt_toolkit import PromptSession
        from prompt_toolkit.completion import WordCompleter
        from prompt_toolkit.history import FileHistory, History, InMemoryHistory

        history: History = InMemoryHistory()
        if not self.assistant.incognito:
            path = self.assistant.paths.history
            make_dir(path.parent, private=True)
            path.touch(mode=0o600)
            history = FileHistory(str(path))
        words = sorted({word for names, _ in HELP for word in names.split() if word[0] == "/"})
        completer = WordCompleter(words, sentence=True)
        prompt: PromptSession[str] = PromptSession(
            history=history, completer=completer, complete_while_typing=False
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
                self._note("Ctrl-C again, Ctrl-D or /quit leaves")
                continue
            except EOFError:
                return
            self._leaving = False
            yield line

    def _handle(self, line: str) -> bool:
        """Do what the line says; True ends the conversation."""
        word, _, rest = line.partition(" ")
        try:
            if word in ("/quit", "/exit", "/q"):
                return True
            if not word.startswith("/"):
                self._ask(line)
            elif word in FACTS:
                self._fact(word, rest)
            elif (command := self._commands().get(word)) is not None:
                command()
            else:
                self._note(f"no command {word}; /help lists them")
        except KeyboardInterrupt:
            self._note("stopped")
        except Cancelled as stopped:
            self._note(stopped.message)
        except RecagentError as error:
            self._note(error.message + (f" ({error.hint})" if error.hint else ""))
        return False

    def _commands(self) -> dict[str, Callable[[], None]]:
        return {
            "/help": self._help,
            "/more": lambda: self._ask("more"),
            "/candidates": self._candidates,
            "/new": self._new,
        }

    def _ask(self, line: str) -> None:
        turn = self.assistant.ask(line, session=self.session, user=self.user, on_event=self._event)
        for part in turn_renderables(turn, self.assistant.catalog.schema):
            self._console.print(part)
        for kind, text in turn.notices:
            if kind != "fallback":
                self._note(text)
        if turn.items and not self.verbose:
            self._note(turn.funnel)
        if turn.usage is not None and not self.quiet:
            self._note(_usage_line(turn.usage))

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
            self._note(event.text)
        elif isinstance(event, Progress):
            return

    def _fact(self, word: str, rest: str) -> None:
        from ..assistant import resolve_title

        context = self.assistant.context(self.session, self.user)
        context.shown = self.session.shown
        names = [f"#{part}" if part.isdigit() else part for part in _named(rest)]
        if not names:
            self._note(f"{word} what? {word} 2, or {word} a title")
            return
        rows = [resolve_title(name, context) for name in names]
        self.assistant.note(FACTS[word], rows, source=f"chat {word}")
        labels = ", ".join(self.assistant.catalog.label(row) for row in rows)
        self._note(f"{NOTED[FACTS[word]]}: {labels}")

    def _help(self) -> None:
        for line in first_screen(self.assistant, False)[1:2]:
            self._console.print(Text(line))
        for names, about in HELP:
            self._console.print(Text(f"  {names:<42} {about}".rstrip()))

    def _candidates(self) -> None:
        bus = self.session.bus
        self._console.print(Text(f"{len(bus):,} candidates: {clean(bus.funnel())}"))

    def _new(self) -> None:
        self.session = self.assistant.new_session()
        self._note("a new session")

    def _note(self, text: str) -> None:
        if not self.quiet:
            self._talk.print(Text(f"  {clean(text)}", style="dim"))


def _named(rest: str) -> list[str]:
    """`2 3` are two numbers; anything else is one title, or several divided by semicolons."""
    parts = rest.replace(",", " ").split()
    if parts and all(part.lstrip("#").isdigit() for part in parts):
        return [part.lstrip("#") for part in parts]
    return [part.strip() for part in rest.split(";") if part.strip()]


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
