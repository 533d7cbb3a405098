"""Runs SQL that a model or a person wrote, in a worker process that can be killed.

`max_execution_time` and interrupts of DuckDB are cooperative: single scalar calls were seen to
ignore them and to take 2.5 GB under a limit of 512 MB. So the SQL runs in a process of its own
(`sandbox_worker.py`), which its parent kills at the timeout and starts anew with the next call.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import queue
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from .errors import BadInput, RecagentError, ToolError

BRAIN_TABLES = frozenset(("items", "item_stats"))
"""What a brain may read."""
PERSON_TABLES = BRAIN_TABLES | {"interactions"}
"""What a person may read of the own catalog with `recagent query`."""
MAX_ROWS = 50
MAX_BYTES = 64_000
TIMEOUT_S = 5.0
START_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Rows:
    """The result of a query: column names, rows of JSON values, and whether rows were cut off."""

    columns: list[str]
    rows: list[list[Any]]
    cut: bool


class Sandbox:
    """A warm worker process over one DuckDB file. Not for use from several threads at once."""

    def __init__(self, database: Path, *, timeout_s: float = TIMEOUT_S) -> None:
        self._database = database
        self._timeout_s = timeout_s
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str] = queue.Queue()

    def query(
        self,
        sql: str,
        *,
        tables: frozenset[str] = BRAIN_TABLES,
        max_rows: int = MAX_ROWS,
        max_bytes: int = MAX_BYTES,
        timeout_s: float | None = None,
    ) -> Rows:
        """Run one SELECT.

        Raises:
            ToolError: refused by the gate, wrong SQL, or stopped at the timeout.
            RecagentError: the worker cannot be started.
        """
        limit = self._timeout_s if timeout_s is None else timeout_s
        self._ensure_started()
        job = {"sql": sql, "tables": sorted(tables), "max_rows": max_rows, "max_bytes": max_bytes}
        try:
            self._send(json.dumps(job))
            answer = json.loads(self._receive(limit))
        except queue.Empty:
            self.close()
            raise ToolError(
                f"the query took longer than {limit:g} s and was stopped",
                hint="ask for less: fewer rows, no cross joins",
            ) from None
        except (OSError, ValueError):
            self.close()
            raise ToolError(
                "the query needed more memory or time than it may have", hint="ask for less"
            ) from None
        except BaseException:  # Ctrl-C: an answer left in the pipe would be the next query's
            self.close()
            raise
        if answer["ok"]:
            return Rows(answer["columns"], answer["rows"], answer["cut"])
        if answer["kind"] == "refused":
            raise ToolError(f"refused: {answer['message']}", hint="one plain SELECT")
        raise ToolError(f"SQL: {answer['message']}")

    def _ensure_started(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        spec = importlib.util.find_spec("recagent_catalogs.sandbox_worker")
        if spec is None or spec.origin is None:
            raise RecagentError("the SQL worker is missing from the installation")
        if not self._database.is_file():
            raise BadInput("no such database", path=self._database)
        self._lines = queue.Queue()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-X", "utf8", spec.origin, str(self._database)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/" if sys.platform != "win32" else None,
            start_new_session=True,
            text=True,
            encoding="utf-8",
        )
        threading.Thread(target=_pump, args=(self._process, self._lines), daemon=True).start()
        try:
            json.loads(self._receive(START_TIMEOUT_S))
        except (queue.Empty, ValueError):
            self.close()
            raise RecagentError(
                "the SQL worker did not start", hint="`recagent doctor` says what is wrong"
            ) from None

    def _send(self, line: str) -> None:
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _receive(self, timeout_s: float) -> str:
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                return self._lines.get(timeout=max(0.0, min(0.5, deadline - time.monotonic())))
            except queue.Empty:
                if time.monotonic() >= deadline:
                    raise

    def close(self) -> None:
        """End the worker; the next query starts another."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _pump(process: subprocess.Popen[str], lines: queue.Queue[str]) -> None:
    """Read the worker's lines; an empty one marks its end."""
    assert process.stdout is not None
    with contextlib.suppress(OSError, ValueError):
        for line in process.stdout:
            lines.put(line)
    lines.put("")
