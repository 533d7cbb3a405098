"""How many threads training may use, and how its native libraries are made to behave."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

MOST_THREADS = 4
NO_OPENMP = (
    "libgomp could not be loaded, so {what}: `apt install libgomp1` (Linux) or "
    "`brew install libomp` (macOS), then build again"
)


def openmp_problem() -> str | None:
    """Why libgomp (or libomp) cannot be loaded, and what to do; None if LightGBM loads."""
    from .lightgbm_library import LibraryMissing, load_library

    try:
        load_library()
    except LibraryMissing as error:
        if is_openmp(str(error)):
            return NO_OPENMP.format(what="ALS is fitted with NumPy and there is no ranker")
        return f"LightGBM cannot be loaded: {error}"
    return None


def is_openmp(message: str) -> bool:
    """Whether a loader's message complains of the OpenMP library."""
    return "gomp" in message or "libomp" in message


def training_threads() -> int:
    """The threads this process may use: its affinity and its cgroup's quota, at most 4."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        cores = os.cpu_count() or 1
    return max(1, min(MOST_THREADS, cores, _quota()))


def _quota() -> int:
    """Whole cores that the cgroup grants, many where it sets no limit."""
    try:
        limit, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()[:2]
        return max(1, int(limit) // int(period))
    except (OSError, ValueError):
        return 1024


def calm_openmp() -> None:
    """Let idle OpenMP threads sleep; call it before implicit or lightgbm is loaded.

    Spinning threads made LightGBM ten times slower on a busy machine (45 s against 4.3 s).
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


@contextmanager
def blas_threads(count: int) -> Iterator[None]:
    """So many BLAS threads inside.

    One beside implicit, which runs its own: the two kinds would fight for the cores. threadpoolctl
    comes with implicit; where it is missing nothing happens.
    """
    try:
        threadpoolctl = import_module("threadpoolctl")
        import_module("scipy.linalg")  # brings a BLAS of its own, which must be there to be limited
    except ImportError:
        yield
        return
    with threadpoolctl.threadpool_limits(count, "blas"):
        yield
