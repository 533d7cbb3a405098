"""What earlier sessions left for a language model; the built-in brain needs none of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .demonstrations import Demonstration


@dataclass(frozen=True)
class Recalled:
    """What earlier sessions of a profile left, about one catalog.

    Attributes:
        lessons: what failed and was mended, a line each, the newest first.
        kept: gives the turns that the person keeps as examples, the newest first.
    """

    lessons: tuple[str, ...] = ()
    kept: Callable[[], Sequence[Demonstration]] = tuple
