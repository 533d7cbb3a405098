"""What `/help` shows: the commands by what they are for, on one screen of 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import theme

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    from .chat_command import ChatCommand

WIDE = 80
HEAD = "Say what you want in your own words, or:"


@dataclass(frozen=True)
class Help:
    """The commands as rich prints them.

    Attributes:
        rows: commands that do alike, and what they do.
        plain: whether in sentences.
    """

    rows: Sequence[tuple[str, str]]
    plain: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """As rich asks for it."""
        from rich.padding import Padding
        from rich.table import Table
        from rich.text import Text

        yield Text(HEAD)
        if self.plain:
            yield from (Text(f"{typed}: {about}") for typed, about in self.rows)
        elif options.max_width < WIDE:
            for typed, about in self.rows:
                yield Text(typed)
                yield Padding(Text(about, style=theme.QUIET), (0, 0, 0, 2), expand=False)
        else:
            table = Table.grid(padding=(0, 2))
            for typed, about in self.rows:
                table.add_row(Text(typed), Text(about, style=theme.QUIET))
            yield table


def help_of(command: ChatCommand) -> list[RenderableType]:
    """One command: how it is typed, and what it does."""
    from rich.text import Text

    return [Text.assemble((command.typed, "bold"), f"  {command.help}")]
