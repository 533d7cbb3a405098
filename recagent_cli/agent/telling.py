"""A model's closing words, told sentence by sentence, each only once it was checked."""

from __future__ import annotations

from collections.abc import Callable

from .critic import plain
from .critic.sentences import sentences
from .events import Event, TextDelta

FIRST = 2
"""So many sentences must be whole before the first is told: one alone may announce a tool call."""


class Telling:
    """Takes a brain's events and hands them on, its text as far as it holds.

    What is written is checked from its beginning with every sentence that is whole, because a
    sentence may speak of what another one named. What was told is never taken back: where the check
    of more finds otherwise, nothing more is told, and the turn has the text that holds.

    Args:
        check: gives a text without what is not so.
        emit: takes the events.
    """

    def __init__(self, check: Callable[[str], str], emit: Callable[[Event], None]) -> None:
        self._check = check
        self._emit = emit
        self._heard = ""
        self._whole = 0
        self._told = ""

    def __call__(self, event: Event) -> None:
        """Take an event of the brain."""
        if not isinstance(event, TextDelta):
            self._emit(event)
            return
        self._heard += event.text
        text = plain(self._heard)
        found = sentences(text)
        if len(found) > max(FIRST, self._whole):
            self._whole = len(found)
            self._tell(self._check(text[: found[-2].end]))

    def close(self, text: str) -> None:
        """Tell what is left of the text of the turn."""
        self._tell(text)

    def _tell(self, text: str) -> None:
        if text.startswith(self._told) and len(text) > len(self._told):
            self._emit(TextDelta(text[len(self._told) :]))
            self._told = text
