"""Waiting for a model: in a thread of its own, with a watchdog between the pieces of its answer."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Patience:
    """How long to wait for a model, in seconds, and how often to try again."""

    load_s: float = 90.0
    """The import of litellm, on a slow machine; no part of the time of a turn."""
    first_s: float = 60.0
    """Until the first piece of an answer."""
    between_s: float = 30.0
    """Between two pieces of a stream."""
    total_s: float = 180.0
    """One answer with all its retries."""
    tries: int = 4
    base_s: float = 0.5
    """The first back-off; it doubles from try to try, with jitter."""
    cap_s: float = 20.0
    """The longest wait that is worth it; a provider that asks for more gets an error at once."""


class Stalled(Exception):
    """The watchdog ran out of patience."""

    def __init__(self, what: str, seconds: float) -> None:
        super().__init__(what)
        self.what, self.seconds = what, seconds


class Broken(Exception):
    """The worker's exception, carried to the caller's thread."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(error))
        self.error = error


_END = object()


class Work:
    """A model call in a thread of its own, so that silence can be noticed and Ctrl-C is instant.

    Attributes:
        abandoned: whether nobody listens any more.
        hang_up: ends the worker's connections, from whichever thread; set by the worker.
    """

    def __init__(self, run: Callable[[Work], None]) -> None:
        self.abandoned = False
        self.hang_up: Callable[[], None] | None = None
        self.ended_well = True
        self.usage: Any = None
        self.cost_usd: float | None = None
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._guard, args=(run,), daemon=True)
        self._thread.start()

    def _guard(self, run: Callable[[Work], None]) -> None:
        try:
            run(self)
        # Carried to the other thread and mapped there: a plain ValueError escapes litellm too.
        except BaseException as error:
            self._queue.put(Broken(error))
        else:
            self._queue.put(_END)

    def put(self, chunk: Any) -> None:
        """A piece of the answer."""
        self._queue.put(chunk)

    def pieces(
        self, patience: Patience, deadline: float, clock: Callable[[], float]
    ) -> Iterator[Any]:
        """The chunks as they come.

        Raises:
            Stalled: nothing came in time.
            Broken: the worker failed.
        """
        wait_s, what = patience.first_s, "nothing came for"
        try:
            while True:
                left_s = max(deadline - clock(), 0.0)
                try:
                    piece = self._queue.get(timeout=min(wait_s, left_s))
                except queue.Empty:
                    if left_s <= wait_s:
                        raise Stalled("time was up after", patience.total_s) from None
                    raise Stalled(what, wait_s) from None
                if piece is _END:
                    self.hang_up = None
                    return
                if isinstance(piece, Broken):
                    raise piece
                yield piece
                wait_s, what = patience.between_s, "the stream stood still for"
        finally:
            self._abandon()

    def _abandon(self) -> None:
        """Tell the worker that nobody listens, and wake it.

        A model goes on writing, and costing, as long as somebody holds the line.
        """
        self.abandoned = True
        if self.hang_up is not None and self._thread.is_alive():
            self.hang_up()
