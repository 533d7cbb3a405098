"""Folds in processes of their own: `python -m recagent_tools.models.fold_worker DIRECTORY NUMBER`.

Threads would not do: making groups is Python. A worker ends when its parent does, whose end of the
pipe to its standard input is then closed.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from recagent_catalogs import children

from .fold_files import load_folds, load_result, save_folds, save_result
from .folds import FoldResult, Folds, run_fold

WORKER = "recagent_tools.models.fold_worker"
WORTH_A_PROCESS = 20_000
"""Interactions; smaller folds are done before a process has started."""


class FoldPool:
    """Runs all folds, beside the caller where that pays; to be used in a `with` statement."""

    def __init__(self, folds: Folds) -> None:
        self._folds = folds
        self._place: tempfile.TemporaryDirectory[str] | None = None
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> FoldPool:
        threads, known = self._folds.setting.threads, self._folds.known
        if threads > 1 and len(known) >= WORTH_A_PROCESS and self._folds.users:
            with contextlib.suppress(OSError):
                self._start()
        return self

    def _start(self) -> None:
        self._place = tempfile.TemporaryDirectory(prefix="recagent-folds-")
        save_folds(self._folds, Path(self._place.name))
        for number in range(min(self._folds.setting.threads - 1, len(self._folds.users))):
            self._processes.append(_start(self._place.name, number))

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stdin is not None:
                process.stdin.close()
        if self._place is not None:
            self._place.cleanup()

    def results(self) -> Iterator[FoldResult]:
        """The results in the order of the folds; what no worker did is done here."""
        own = {
            number: run_fold(self._folds, number)
            for number in range(len(self._processes), len(self._folds.users))
        }
        for number in range(len(self._folds.users)):
            yield own[number] if number in own else self._result(number)

    def _result(self, number: int) -> FoldResult:
        assert self._place is not None
        if self._processes[number].wait() == 0:
            with contextlib.suppress(OSError, ValueError, KeyError):
                return load_result(_path(self._place.name, number), self._folds.kinds)
        # killed, out of memory, not allowed to start: slower, not lost
        return run_fold(self._folds, number)


def _start(place: str, number: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*children.python(WORKER), place, str(number)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=children.environment(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1"),
        cwd=place,
        start_new_session=True,
    )


def _path(place: str, number: int) -> Path:
    return Path(place) / f"result.{number}.npz"


def main() -> None:
    """Do one fold."""
    place, number = sys.argv[1], int(sys.argv[2])
    # A parent that was killed has cleaned up nothing; what lies there tells who took what.
    children.end_with_parent(lambda: shutil.rmtree(place, ignore_errors=True))
    path = _path(place, number)
    aside = path.with_suffix(".part")
    folds = load_folds(Path(place))
    alone = replace(folds, setting=replace(folds.setting, threads=1))
    save_result(run_fold(alone, number), aside)
    aside.replace(path)


if __name__ == "__main__":
    main()
