"""Text that is printed while it comes: wrapped at words, whatever the pieces are."""

from __future__ import annotations

import re
from typing import Any

from recagent_catalogs.text import clean


class Flow:
    """Prints pieces of a text one behind the other.

    Args:
        console: rich's, which knows the width of now; without one nothing is printed.
    """

    def __init__(self, console: Any = None) -> None:
        self._console = console
        self._told = ""
        self._column = 0

    def begin(self) -> None:
        """A new text begins."""
        self.break_line()
        self._told = ""

    def write(self, text: str) -> None:
        """Print a piece."""
        if self._console is None:
            return
        from rich.cells import cell_len

        self._told += text
        width = max(int(self._console.width), 1)
        out: list[str] = []
        for piece in re.findall(r"\n|[^\S\n]+|\S+", text):
            word = clean(piece) if not piece.isspace() else piece
            if word == "\n":
                self._column = 0
                out.append(word)
                continue
            cells = cell_len(word)
            if self._column and self._column + cells > width:
                out.append("\n")
                self._column = 0
                if word.isspace():
                    continue
            if not (word.isspace() and self._column == 0):
                out.append(word)
                self._column = (self._column + cells - 1) % width + 1
        self._console.out("".join(out), end="", highlight=False)
        self._console.file.flush()

    def break_line(self) -> None:
        """End the line where something else is to be printed."""
        if self._column and self._console is not None:
            self._console.out("", highlight=False)
        self._column = 0

    def end(self) -> str:
        """The text is over: end its line; gives all of it that was printed."""
        self.break_line()
        told, self._told = self._told, ""
        return told
