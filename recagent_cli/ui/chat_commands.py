"""The slash commands of the chat: a name, its usage, a line of help, and what it does.

A further command is one `ChatCommand` in `COMMANDS`. It gets the chat and what was typed behind its
name, and shows its answer with `chat.show` and `chat.note`, or asks with `chat.ask`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from recagent_catalogs.errors import UsageError

from ..agent.loop import NOTED
from ..settings import known
from .chat_command import ITEMS, ChatCommand, references, rows_named
from .chat_places import PLACES
from .examples import first_screen

if TYPE_CHECKING:
    from .chat import Chat


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

    return ChatCommand(
        name, note, "2", "what you think of an item; by number or title", takes=ITEMS
    )


def _help(chat: Chat, rest: str) -> None:
    for line in first_screen(chat.assistant, False)[1:2]:
        chat.show(Text(line))
    table = Table.grid(padding=(0, 2))
    for typed, about in help_rows():
        table.add_row(Text(f"  {typed}"), Text(about, style="dim"))
    chat.show(table)


def _why(chat: Chat, rest: str) -> None:
    from .evidence import evidence_renderables

    rest, style = _style_in(chat, rest)
    for reference in references(rest) or ["#1"]:
        evidence = chat.assistant.why(reference, session=chat.session)
        told = chat.assistant.because(evidence, session=chat.session, style=style)
        chat.show(*evidence_renderables(evidence, told, chat.assistant.catalog))


def _style_in(chat: Chat, rest: str) -> tuple[str, str]:
    """A line without `--style STYLE` at either end, and the style; the chat's own without one."""
    found = re.search(r"(?:^|\s)--style[ =](\S+)(?=\s|$)", rest)
    if found is None:
        return rest, chat.assistant.agent.style
    styles = known("style").choices
    if found[1] not in styles:
        raise UsageError(f"no style {found[1]!r}", hint="styles: " + ", ".join(styles))
    return (rest[: found.start()] + rest[found.end() :]).strip(), found[1]


def _why_not(chat: Chat, rest: str) -> None:
    from .why_not import why_not_renderables

    names = references(rest)
    if not names:
        chat.note("/why-not what? /why-not and a title")
    for name in names:
        chat.show(*why_not_renderables(*chat.assistant.why_not(name, session=chat.session)))


def _compare(chat: Chat, rest: str) -> None:
    from .compare import comparison_renderables

    found, context = chat.assistant.compare(references(rest), session=chat.session, user=chat.user)
    chat.show(*comparison_renderables(found, context))


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
    *PLACES,
    ChatCommand(
        "/why", _why, "2", "what speaks for an item; number or title; --style short", takes=ITEMS
    ),
    ChatCommand("/why-not", _why_not, "TITLE", "why it is not in the list", takes=ITEMS),
    ChatCommand(
        "/compare", _compare, "1 3", "items side by side; numbers, or titles with ;", takes=ITEMS
    ),
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


def help_rows() -> list[tuple[str, str]]:
    """The commands with what they do, one row for all that do alike."""
    alike: dict[str, list[str]] = {}
    for command in COMMANDS:
        if not command.hidden:
            alike.setdefault(command.help, []).append(command.typed)
    return [(" · ".join(typed), about) for about, typed in alike.items()]


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
