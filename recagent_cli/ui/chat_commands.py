"""The slash commands of the chat: a name, its usage, a line of help, and what it does.

A further command is one entry of `COMMANDS`. It gets the chat and what was typed behind its name,
and shows its answer with `chat.show` and `chat.note`, or asks with `chat.ask`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from recagent_catalogs.text import clean

from ..agent.loop import NOTED
from .examples import first_screen

if TYPE_CHECKING:
    from .chat import Chat


def _nothing(chat: Chat) -> Sequence[str]:
    return ()


@dataclass(frozen=True)
class ChatCommand:
    """One slash command.

    Attributes:
        name: with its slash.
        run: does it; gets the chat and the rest of the line, without white space at its ends.
        usage: what may follow the name, for the help.
        help: what it does, in a few words; commands with the same words share a line of the help.
        complete: what the rest of the line may be completed to.
        hidden: whether it is only another spelling.
    """

    name: str
    run: Callable[[Chat, str], None]
    usage: str = ""
    help: str = ""
    complete: Callable[[Chat], Sequence[str]] = _nothing
    hidden: bool = False

    @property
    def typed(self) -> str:
        """The name with what may follow it."""
        return f"{self.name} {self.usage}".strip()


# -- talk -----------------------------------------------------------------------------------------


def _fact(name: str, kind: str) -> ChatCommand:
    """The command that writes a verdict down."""

    def note(chat: Chat, rest: str) -> None:
        rows = rows_named(chat, rest)
        if not rows:
            chat.note(f"{name} what? {name} 2, or {name} a title")
            return
        chat.assistant.note(kind, rows, source=f"chat {name}")
        labels = ", ".join(chat.assistant.catalog.label(row) for row in rows)
        chat.note(f"{NOTED[kind]}: {labels}")

    return ChatCommand(name, note, "2", "what you think of an item; by number or title")


def _help(chat: Chat, rest: str) -> None:
    for line in first_screen(chat.assistant, False)[1:2]:
        chat.show(Text(line))
    for line in help_lines():
        chat.show(Text(line))


def _candidates(chat: Chat, rest: str) -> None:
    bus = chat.session.bus
    chat.show(Text(f"{len(bus):,} candidates: {clean(bus.funnel())}"))


def _why(chat: Chat, rest: str) -> None:
    from .evidence import evidence_renderables

    for reference in references(rest) or ["#1"]:
        evidence = chat.assistant.why(reference, session=chat.session)
        chat.show(*evidence_renderables(evidence, chat.assistant.catalog))


def _why_not(chat: Chat, rest: str) -> None:
    from .why_not import why_not_renderables

    names = references(rest)
    if not names:
        chat.note("/why-not what? /why-not and a title")
    for name in names:
        chat.show(*why_not_renderables(*chat.assistant.why_not(name, session=chat.session)))


def _new(chat: Chat, rest: str) -> None:
    chat.session = chat.assistant.new_session()
    chat.note("a new session")


def _quit(chat: Chat, rest: str) -> None:
    chat.over = True


COMMANDS: tuple[ChatCommand, ...] = (
    _fact("/like", "liked"),
    _fact("/dislike", "disliked"),
    _fact("/seen", "seen"),
    _fact("/never", "never"),
    ChatCommand("/more", lambda chat, rest: chat.ask("more"), "", "further items of the same list"),
    ChatCommand(
        "/candidates",
        _candidates,
        "",
        "how the list came about, and how many candidates there are",
    ),
    ChatCommand("/why", _why, "2", "what speaks for an item, in figures; by number or title"),
    ChatCommand("/why-not", _why_not, "TITLE", "why it is not in the list"),
    ChatCommand("/new", _new, "", "begin again"),
    ChatCommand("/help", _help),
    ChatCommand("/quit", _quit),
    ChatCommand("/exit", _quit, hidden=True),
    ChatCommand("/q", _quit, hidden=True),
)


# -- the table ------------------------------------------------------------------------------------


def command_named(name: str) -> ChatCommand | None:
    """The command of that name; None where there is none."""
    return next((command for command in COMMANDS if command.name == name), None)


def help_lines() -> list[str]:
    """The commands with what they do, one line for all that do alike."""
    alike: dict[str, list[str]] = {}
    for command in COMMANDS:
        if not command.hidden:
            alike.setdefault(command.help, []).append(command.typed)
    return [f"  {' · '.join(typed):<42} {about}".rstrip() for about, typed in alike.items()]


def completions(chat: Chat, line: str) -> Iterator[tuple[str, int]]:
    """What the line may go on with: (text, how many characters before the cursor it replaces)."""
    name, space, rest = line.partition(" ")
    if not name.startswith("/"):
        return
    if not space:
        words = sorted(command.name for command in COMMANDS if not command.hidden)
        yield from ((word, len(name)) for word in words if word.startswith(name))
        return
    command = command_named(name)
    for word in command.complete(chat) if command else ():
        if word.casefold().startswith(rest.lstrip().casefold()):
            yield word, len(rest.lstrip())


def rows_named(chat: Chat, rest: str) -> list[int]:
    """Rows of the items that the rest of a line names: numbers of the list, or titles.

    Raises:
        NotFound: the list has no such number, or nothing is called so.
    """
    from ..assistant import resolve_title

    context = chat.assistant.context(chat.session, chat.user)
    context.shown = chat.session.shown
    return [resolve_title(name, context) for name in references(rest)]


def references(rest: str) -> list[str]:
    """`2 3` are two numbers, as `#2`, `#3`; else one title, or several divided by semicolons."""
    parts = [part.lstrip("#") for part in rest.replace(",", " ").split()]
    if parts and all(part.isdigit() for part in parts):
        return [f"#{part}" for part in parts]
    return [part.strip() for part in rest.split(";") if part.strip()]
