"""Text of a model as it arrives, held back where it may be a call."""

from __future__ import annotations

from collections.abc import Callable

from .events import Event, TextDelta
from .text_protocol import may_hold_call

MARK_CHARS = 40
"""A mark that begins a call is no longer than that."""


class TextGate:
    """Lets text through as it arrives, until it may be a call; then the rest waits for the end."""

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._emit = emit
        self._held = ""
        self._tail = ""
        """The end of what came: only there a mark may still be completed."""
        self._holds = False
        self._since = 0
        self.shown = False

    def __call__(self, piece: str) -> None:
        """A piece of text."""
        self._held += piece
        if self._holds:
            return
        self._tail += piece
        if may_hold_call(self._tail, begins=not self.shown, since=self._since):
            self._holds = bool(self._tail.strip())
            return
        self._let_out()
        if len(self._tail) > MARK_CHARS:
            self._tail, self._since = self._tail[-MARK_CHARS:], 1

    def finish(self, text: str) -> None:
        """It was prose after all: show what was held, or the whole where nothing was shown yet."""
        if not self.shown:
            self._held = text
        if self._held:
            self._let_out()

    def _let_out(self) -> None:
        self.shown = True
        self._emit(TextDelta(self._held))
        self._held = ""
