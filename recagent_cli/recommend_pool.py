"""Several processes that make the parts of one batch job."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from recagent_catalogs import children
from recagent_catalogs.errors import RecagentError

from .recommend_all import Parts, refused

WORTH_A_PROCESS = 4
"""Parts; a process takes as long to start as one of them."""


def pool_size(threads: int, parts: int) -> int:
    """How many processes are worth their start."""
    return max(1, min(threads, parts // WORTH_A_PROCESS))


class WorkerPool:
    """Processes, each with a thread that hands it one part after the other.

    Args:
        directory: the catalog's.
        models: the catalog's models.
        parts: where the parts go.
        size: how many processes.
    """

    def __init__(self, directory: Path, models: Path, parts: Parts, size: int) -> None:
        self._parts = parts
        self._todo: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._told: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._processes: list[subprocess.Popen[str]] = []
        self._command = [
            *children.python("recagent_cli.recommend_worker"),
            *(str(path.absolute()) for path in (directory, models, parts.place)),
            json.dumps(asdict(parts.job)),
        ]
        self._size = size

    def make(self, numbers: Sequence[int], done: Callable[[int], None]) -> None:
        """Make these parts; `done` is called after each, in this thread.

        Raises:
            RecagentError: a process failed; finished parts stay.
        """
        for number in numbers:
            self._todo.put(number)
        try:
            for _ in range(self._size):
                self._start()
            for _ in numbers:
                message = self._told.get()
                if "done" not in message:
                    raise self._failure(message)
                done(int(message["done"]))
        finally:
            for process in self._processes:
                process.kill()
                process.wait()

    def _failure(self, message: dict[str, Any]) -> RecagentError:
        why = str(message.get("failed", "the process ended without a word"))
        if "full" in message:
            return refused(self._parts.place, bool(message["full"]), why)
        return RecagentError(
            f"the lists could not be made: {why}", hint="the same call goes on where it stopped"
        )

    def _start(self) -> None:
        process = subprocess.Popen(
            self._command,
            env=children.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C is ours to answer
        )
        self._processes.append(process)
        threading.Thread(target=self._drive, args=(process,), daemon=True).start()

    def _drive(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None and process.stdout is not None
        try:
            with process.stdin as orders, process.stdout as answers:
                self._hand_out(orders, answers)
        except (OSError, ValueError):
            self._told.put({})

    def _hand_out(self, orders: IO[str], answers: IO[str]) -> None:
        while not self._todo.empty():
            try:
                number = self._todo.get_nowait()
            except queue.Empty:
                return
            orders.write(f"{number}\n")
            orders.flush()
            message = json.loads(answers.readline() or "{}")
            self._told.put(message)
            if "done" not in message:
                return
