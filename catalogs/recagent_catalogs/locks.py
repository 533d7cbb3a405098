"""Locks between processes: a file each, held by the operating system and gone with its holder.

Ctrl-C, `kill -9` and a power cut leave no stale lock. The files stay: where one is removed, a
process that waits for the old one and a process that makes a new one both come to hold "it".
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

POLL_S = 0.05
_HELD = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
_IMPOSSIBLE = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
"""Some network drives know no locks; there one does without, as every other program does."""


@contextmanager
def locked(
    path: Path, *, seconds: float | None = None, waiting: Callable[[], None] | None = None
) -> Iterator[bool]:
    """Hold the lock of a file for a block; not even the same thread can take it twice.

    Args:
        path: the lock's file, made where it is missing; its directory must be there.
        seconds: how long to wait for another holder; None: until it is done.
        waiting: called over and over as long as another process holds it.

    Yields:
        Whether the lock is held; False only after `seconds`.

    Raises:
        OSError: the file can be neither made nor opened.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        pause = POLL_S / 16
        while not (held := _try(handle)):
            if deadline is not None and time.monotonic() >= deadline:
                break
            if waiting is not None:
                waiting()
            time.sleep(pause)
            pause = min(2 * pause, POLL_S)
        yield held
    finally:
        # Closing frees the lock, on Windows too.
        os.close(handle)


def is_held(path: Path) -> bool:
    """Whether a process holds the lock of that file now.

    Raises:
        OSError: the file can be neither made nor opened.
    """
    with locked(path, seconds=0) as free:
        return not free


def _try(handle: int) -> bool:
    try:
        _lock(handle)
    except OSError as error:
        if error.errno in _HELD:
            return False
        if error.errno not in _IMPOSSIBLE:
            raise
    return True


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
