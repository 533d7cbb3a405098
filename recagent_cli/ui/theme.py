"""Looks of the screen: the terminal's own colours, readable on light and dark, and bars.

Styles name only bold, dim and the first sixteen colours, so that whoever set up the terminal has
chosen them; without colours (`NO_COLOR`, `--no-color`) bold and dim are left.
"""

from __future__ import annotations

TITLE = "bold"
NUMBER = "bold"
FACTS = "cyan"
QUIET = "dim"
FIT = "green"
NOVELTY = "yellow"
CELLS = 5
"""Of a bar."""
FULL, EMPTY = "▰", "▱"
ASCII_FULL, ASCII_EMPTY = "#", "-"


def cells(share: float) -> int:
    """How many cells of a bar are full, 0 to 5, for a share of 0 to 1."""
    return min(CELLS, max(0, int(share * CELLS + 0.5)))


def bar(share: float, *, ascii_only: bool = False) -> tuple[str, str]:
    """The full and the empty cells of a bar: `▰▰▰` and `▱▱`."""
    full = cells(share)
    one, none = (ASCII_FULL, ASCII_EMPTY) if ascii_only else (FULL, EMPTY)
    return one * full, none * (CELLS - full)
