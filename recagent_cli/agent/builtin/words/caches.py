"""Caches of what short texts mean; a long text is read anew, as its like hardly comes again."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

MOST_CHARACTERS = 80
_T = TypeVar("_T")


def cached(size: int) -> Callable[[Callable[[str], _T]], Callable[[str], _T]]:
    """Keep the last results of a function, for texts of at most `MOST_CHARACTERS`."""

    def around(function: Callable[[str], _T]) -> Callable[[str], _T]:
        kept = lru_cache(maxsize=size)(function)

        @wraps(function)
        def call(text: str) -> _T:
            return kept(text) if len(text) <= MOST_CHARACTERS else function(text)

        return call

    return around
