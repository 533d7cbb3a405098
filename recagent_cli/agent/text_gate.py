"""Text of a model as it arrives, held back where it may be a call."""

from __future__ import annotations

from collections.abc import Callable

from .events import Event, TextDelta
from .text_protocol import may_hold_call


class TextGate:
    """Lets text through as it arrives, until it may be a call; then the rest waits for the end."""

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._emit = emit
        self._held = ""
        self._seen = ""
        self.shown = False

    def __call__(self, piece: str) -> None:
        """A piece of text."""
        self._seen += piece
        self._held += piece
        if not may_hold_call(self._seen):
            self._let_out()

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
