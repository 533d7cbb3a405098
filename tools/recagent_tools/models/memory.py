"""How much memory this process can have."""

from __future__ import annotations

import os
from pathlib import Path

ASSUMED = 4 << 30
"""Free bytes where the system does not tell."""
CGROUP = Path("/sys/fs/cgroup")
FILE_PAGES = ("active_file", "inactive_file")


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
        stat = (CGROUP / "memory.stat").read_text(encoding="ascii")
    except (OSError, ValueError):  # no cgroup, or "max"
        return 1 << 62
    # pages of files that were read count as used, and go when memory is asked for
    pages = [line.split()[1] for line in stat.splitlines() if line.split()[0] in FILE_PAGES]
    return max(0, most - used + sum(map(int, pages)))
