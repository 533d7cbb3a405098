"""rich's console with a last look at every text: nothing that a terminal obeys but our own styles.

Import it only where rich is wanted anyway.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.style import Style

from recagent_catalogs.text import harmless


class SafeConsole(Console):
    """A console that prints no control, no hidden character and no link, whoever gave the text.

    Strangers' texts are cleaned where they enter and where a screen is made; this holds where
    somebody forgets it. Markup, highlighting and emoji codes are off.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, highlight=False, emoji=False, **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """The segments of a renderable, made harmless."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            if control is not None:
                yield segment  # rich's own: how a progress bar moves
                continue
            safe = harmless(text)
            if style is not None and style.link is not None:
                yield Segment(safe, style.update_link(None))
            else:
                yield segment if safe is text else Segment(safe, style)

    def out(
        self,
        *objects: Any,
        sep: str = " ",
        end: str = "\n",
        style: str | Style | None = None,
        highlight: bool | None = None,
    ) -> None:
        """Text as it is, but for what is never printed."""
        texts = (harmless(str(one)) for one in objects)
        super().out(*texts, sep=sep, end=end, style=style, highlight=False)

    def on_broken_pipe(self) -> None:
        """Let `main` end the command quietly."""
        raise BrokenPipeError
