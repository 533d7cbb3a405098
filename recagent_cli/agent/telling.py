"""A model's closing words, told sentence by sentence, each only once it was checked."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from recagent_catalogs.text import TEXT_CAP

from .critic import plain
from .critic.sentences import sentences
from .events import Event, TextDelta

FIRST = 2
"""So many sentences must be whole before the first is told: one alone may announce a tool call."""

REST = 4.0
"""After a check so many times as long as it took is none: it takes a fifth of the time at most."""
CHEAP_S = 0.005
"""A check that took no longer needs no rest."""
_ENDED = re.compile(r"[.!?][\"”’)]*\s+\S|\n")
"""Only where this has come may another sentence be whole."""


class Telling:
    """Takes a brain's events and hands them on, its text as far as it holds.

    What is written is checked from its beginning with every sentence that is whole, because a
    sentence may speak of what another one named. What was told is never taken back: where the check
    of more finds otherwise, nothing more is told, and the turn has the text that holds.

    A check costs more the more was written, so that one for every sentence would take far longer
    than the whole answer: after a slow one sentences wait for the next.

    Args:
        check: gives a text without what is not so.
        emit: takes the events.
        clock: seconds, from anywhere.
    """

    def __init__(
        self,
        check: Callable[[str], str],
        emit: Callable[[Event], None],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._check = check
        self._emit = emit
        self._clock = clock
        self._heard = ""
        self._fresh = ""
        """What was heard since a sentence ended."""
        self._due = False
        """Whether more sentences may be whole than were looked at."""
        self._not_before = 0.0
        self._text = ""
        self._full = False
        """Whether nothing that still comes counts: a text has its most characters."""
        self._whole = 0
        self._told = ""

    def __call__(self, event: Event) -> None:
        """Take an event of the brain."""
        if not isinstance(event, TextDelta):
            self._emit(event)
            return
        self._heard += event.text
        self._fresh += event.text
        for ended in [*_ENDED.finditer(self._fresh)][-1:]:
            self._due = True
            self._fresh = self._fresh[ended.end() - 1 :].lstrip("\n")
        if self._due and not self._full and self._clock() >= self._not_before:
            self._due = False
            self._look()

    def _look(self) -> None:
        """Tell the sentences that are whole by now."""
        text = plain(self._heard)
        self._full = len(self._heard) > TEXT_CAP and text == self._text
        self._text = text
        found = sentences(text)
        if len(found) <= max(FIRST, self._whole):
            return
        self._whole = len(found)
        began = self._clock()
        held = self._check(text[: found[-2].end])
        took = self._clock() - began
        self._not_before = began + took + (REST * took if took > CHEAP_S else 0.0)
        self._tell(held)

    @property
    def told(self) -> str:
        """What was told so far."""
        return self._told

    def close(self, text: str) -> None:
        """Tell what is left of the text of the turn."""
        self._tell(text)

    def _tell(self, text: str) -> None:
        if text.startswith(self._told) and len(text) > len(self._told):
            self._emit(TextDelta(text[len(self._told) :]))
            self._told = text
