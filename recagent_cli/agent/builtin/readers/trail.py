"""The lists of a conversation and the steps between them, as far as its turns tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...brain import PastTurn


@dataclass(frozen=True)
class Trail:
    """Where a conversation stands among its lists; all are numbers of lists, 0 for none.

    Attributes:
        standing: of the list that stands.
        before: of the list that one step back leads to.
        after: of the list that a step forward leads to.
        last: of the list shown last.
    """

    standing: int = 0
    before: int = 0
    after: int = 0
    last: int = 0


def trail_of(history: Sequence[PastTurn]) -> Trail:
    """Follow the numbers of the turns: a new one is a step on, the one before a step back."""
    done: list[int] = []
    undone: list[int] = []
    standing = last = 0
    for turn in history:
        number = turn.number
        if number == standing:
            continue
        if number <= last and done and done[-1] == number:
            undone.append(standing)
            done.pop()
        elif number <= last and undone and undone[-1] == number:
            done.append(standing)
            undone.pop()
        else:
            done.append(standing)
            undone.clear()
        standing, last = number, max(last, number)
    return Trail(standing, done[-1] if done else 0, undone[-1] if undone else 0, last)


def turn_of(number: int, history: Sequence[PastTurn]) -> PastTurn | None:
    """The turn that showed the list of that number first; None where there is none."""
    shown = (t for t in history if number and t.number == number and t.request is not None)
    return next((turn for turn in shown if turn.shown), None)
