"""A slash command of the chat, and what stands behind its name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recagent_catalogs.text import fold

from ..named import is_place, whole_number

if TYPE_CHECKING:
    from .chat import Chat

ITEMS = "items"
"""What a command takes that is about items: numbers of the list, or titles."""

FILE = "file"
"""What a command takes whose first words are the path of a picture."""

NOTHING = "nothing"
"""What a command takes that would do something else than was meant with words behind it."""


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
        takes: `ITEMS`, so that numbers and titles are completed; `FILE`, paths; `NOTHING`; or "",
            anything else.
        hidden: whether it is only another spelling.
    """

    name: str
    run: Callable[[Chat, str], None]
    usage: str = ""
    help: str = ""
    complete: Callable[[Chat], Sequence[str]] = _nothing
    takes: str = ""
    hidden: bool = False

    @property
    def typed(self) -> str:
        """The name with what may follow it."""
        return f"{self.name} {self.usage}".strip()


def rows_named(chat: Chat, rest: str) -> list[int]:
    """Rows of the items that the rest of a line names: numbers of the list, or titles.

    Raises:
        NotFound: the list has no such number, or nothing is called so.
    """
    from ..named import resolve_title

    context = chat.assistant.context(chat.session, chat.user)
    context.shown = chat.session.shown
    return [resolve_title(name, context) for name in references(chat, rest)]


def references(chat: Chat, rest: str) -> list[str]:
    """`2 3` are two numbers, as `#2`, `#3`; else one title, or several divided by semicolons.

    A number that no list is long enough for may be a title, and so may be what holds a semicolon;
    such an item is named by its id.
    """
    parts = rest.replace(",", " ").split()
    if parts and all(whole_number(part.lstrip("#")) is not None for part in parts):
        return [
            (not is_place(part) and _called(chat, part)) or f"#{part.lstrip('#')}" for part in parts
        ]
    if ";" in rest and (whole := _called(chat, rest)):
        return [whole]
    return [part.strip() for part in rest.split(";") if part.strip()]


def _called(chat: Chat, title: str) -> str:
    """The item of exactly that title, as `id:7`; "" where there is none."""
    catalog = chat.assistant.catalog
    rows = catalog.titles.exact(fold(title))
    return f"id:{catalog.ids(rows[:1])[0]}" if rows else ""
