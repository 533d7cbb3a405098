"""Units of trials in a few forked processes at once."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from tests.hostile import faults as checks
from tests.hostile import forked

from .trials import Trial

AT_ONCE = 4
Unit = tuple[str, Callable[[], Iterable[Trial]]]
"""Its row, and what tries; it shares no files with other units."""


def at_once(units: Sequence[Unit], place: Path, *, seconds: float = 1800.0) -> Iterator[Trial]:
    """The trials of all units, in their order.

    A unit that does not come to its end is a trial that fell, and so is one of whose commands a
    process is left in the end; that is killed.

    Args:
        units: what is to be done.
        place: a folder of the run's own, below which all of its homes lie.
        seconds: after so many everything that still runs is killed.
    """
    told = place / "told"
    told.mkdir(exist_ok=True)
    tickets, given = os.pipe()
    for number in range(len(units)):
        os.write(given, number.to_bytes(4, "big"))  # all of them fit into a pipe
    os.close(given)
    workers = [forked.apart(partial(_work, units, tickets, told)) for _ in range(AT_ONCE)]
    os.close(tickets)
    deadline = time.monotonic() + seconds
    for worker in workers:
        _ended(worker, deadline)
    for number, (row, _) in enumerate(units):
        try:
            yield from pickle.loads((told / str(number)).read_bytes())
        except OSError:
            yield Trial(row, f"unit {number}", False, seconds, "it came to no end")
    left = checks.processes_of(place, wait_s=5.0, kill=True)
    if left:
        yield Trial(units[0][0], "processes", False, 0.0, f"left in the end: {left}")


def _work(units: Sequence[Unit], tickets: int, told: Path) -> None:
    """In a worker: do what nobody has begun."""
    forked.as_parent()
    while ticket := os.read(tickets, 4):
        number = int.from_bytes(ticket, "big")
        row, tries = units[number]
        found: list[Trial] = []
        try:
            found.extend(tries())
        except Exception as error:
            found.append(Trial(row, f"unit {number}", False, 0.0, f"{error!r}"[:500]))
        (told / f".{number}").write_bytes(pickle.dumps(found))
        (told / f".{number}").rename(told / str(number))


def _ended(worker: int, deadline: float) -> None:
    while not os.waitpid(worker, os.WNOHANG)[0]:
        if time.monotonic() > deadline:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)  # its children end with it
        time.sleep(0.02)
