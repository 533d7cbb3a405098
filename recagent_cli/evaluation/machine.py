"""What this machine can spare: free memory, and threads for dense algebra."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

ASSUMED = 4 << 30
"""Free bytes where the system does not tell."""
CGROUP = Path("/sys/fs/cgroup")


def free_memory() -> int:
    """Bytes that can be had without swapping: of the machine, or of the cgroup if that is less."""
    return min(_available(), _cgroup())


def _available() -> int:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError, IndexError):
        return ASSUMED


def _cgroup() -> int:
    try:
        most = int((CGROUP / "memory.max").read_text(encoding="ascii"))
        used = int((CGROUP / "memory.current").read_text(encoding="ascii"))
    except (OSError, ValueError):  # no cgroup, or "max"
        return 1 << 62
    return max(0, most - used)


@contextmanager
def blas_threads(count: int) -> Iterator[None]:
    """So many BLAS threads inside; implicit and the dense solve of EASE want different ones.

    threadpoolctl comes with implicit; where it is missing nothing happens.
    """
    try:
        threadpoolctl = import_module("threadpoolctl")
        import_module("scipy.linalg")  # brings a BLAS of its own, which must be there to be limited
    except ImportError:
        yield
        return
    with threadpoolctl.threadpool_limits(count, "blas"):
        yield
