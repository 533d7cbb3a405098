"""Writing down and forgetting, one at a time; and what stood when something began to be noted."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from recagent_catalogs.errors import RecagentError
from recagent_catalogs.locks import locked

from ..paths import make_dir
from .erasing import last_forgotten
from .pausing import paused_since
from .store import UserStore


@dataclass(frozen=True)
class Begun:
    """What stood when a turn began; where it changed since, nothing of the turn is written.

    Attributes:
        forgotten: as `last_forgotten` has it.
        paused: since when nothing is noted, as `paused_since` has it.
    """

    forgotten: int
    paused: float | None

    @classmethod
    def now(cls, store: UserStore, profile: str) -> Begun:
        """What stands now."""
        return cls(last_forgotten(store, profile), paused_since(store, profile))

    def ended(self, now: Begun) -> str:
        """Why nothing is written any more, for the person; "" where all is as it was."""
        if now.forgotten != self.forgotten:
            return "something was forgotten meanwhile: nothing of this turn is kept"
        if now.paused is not None and self.paused is None:
            return "the profile was paused meanwhile: nothing of this turn is kept"
        return ""


@contextlib.contextmanager
def alone(store: UserStore) -> Iterator[None]:
    """Nobody else keeps a turn, learns, or forgets, while this is held; never twice in a thread.

    Raises:
        RecagentError: the lock cannot be taken.
    """
    lock = make_dir(store.path.parent, private=True) / "keep.lock"
    try:
        with locked(lock):
            yield
    except OSError as error:
        raise RecagentError(f"the store cannot be locked: {error}") from error
