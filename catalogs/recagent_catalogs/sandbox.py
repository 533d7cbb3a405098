"""Runs SQL that a model or a person wrote, in a worker process that can be killed.

`max_execution_time` and interrupts of DuckDB are cooperative: single scalar calls were seen to
ignore them and to take 2.5 GB under a limit of 512 MB. So the SQL runs in a process of its own
(`sandbox_worker.py`), which its parent kills at the timeout and starts anew with the next call.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from .errors import BadInput, ToolError

BRAIN_TABLES = frozenset(("items", "item_stats"))
"""What a brain may read."""
PERSON_TABLES = BRAIN_TABLES | {"interactions"}
"""What a person may read of the own catalog with `recagent query`."""
TIMEOUT_S = 5.0
START_TIMEOUT_S = 20.0
MAX_RSS_BYTES = 1_200_000_000
KEPT_BYTES = 250_000_000
"""A worker whose address space grew by more is ended; the next query starts another. What DuckDB
gave back is not always the system's again, and the limits of the process would fail small queries.
"""
_WATCH_S = 0.02
_LINES_AHEAD = 32
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


@dataclass(frozen=True)
class Caps:
    """How much of a result is taken.

    Attributes:
        rows: at most so many rows.
        bytes: at most so many bytes of JSON in all.
        cell: at most so many characters of a text, and a tenth as many parts of a list.
    """

    rows: int = 50
    bytes: int = 64_000
    cell: int = 2_000


BRAIN_CAPS = Caps()
PERSON_CAPS = Caps(1_000_000, 256 << 20, 1_000_000)
"""A million rows of 250 bytes."""


@dataclass(frozen=True)
class Rows:
    """The result of a query: column names, rows of JSON values, and whether rows were cut off."""

    columns: list[str]
    rows: list[list[Any]]
    cut: bool


@dataclass
class Stream:
    """A result that is still coming; `cut` is known once all batches were taken."""

    columns: list[str]
    batches: Iterator[list[list[Any]]]
    cut: bool = False


class NotStarted(ToolError):
    """There is no worker. It ends the call, not the turn: all that needs no SQL goes on."""

    def __init__(self, message: str) -> None:
        super().__init__(message, hint="`recagent doctor` says what is wrong")


class Sandbox:
    """A warm worker process over one DuckDB file. Not for use from several threads at once.

    Args:
        database: the file.
        timeout_s: seconds after which a query's worker is killed, where the query names none.
    """

    def __init__(self, database: Path, *, timeout_s: float = TIMEOUT_S) -> None:
        self._database = database
        self._timeout_s = timeout_s
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str] = queue.Queue()
        self._patience_ms = 0
        self._fresh_bytes = 0

    def query(
        self,
        sql: str,
        *,
        tables: frozenset[str] = BRAIN_TABLES,
        caps: Caps = BRAIN_CAPS,
        timeout_s: float | None = None,
    ) -> Rows:
        """Run one SELECT.

        Raises:
            ToolError: refused by the gate, wrong SQL, or stopped at the timeout.
            NotStarted: there is no worker.
        """
        stream = self.stream(sql, tables=tables, caps=caps, timeout_s=timeout_s)
        rows = [row for batch in stream.batches for row in batch]
        return Rows(stream.columns, rows, stream.cut)

    def stream(
        self,
        sql: str,
        *,
        tables: frozenset[str] = BRAIN_TABLES,
        caps: Caps = BRAIN_CAPS,
        timeout_s: float | None = None,
    ) -> Stream:
        """Run one SELECT and take its rows as they come; the next query ends what is left of it.

        Args:
            sql: the statement.
            tables: names that may stand after FROM.
            caps: how much is taken.
            timeout_s: seconds that the worker may take in all, without those that the caller does.

        Raises:
            ToolError: as `query`; from the batches as well.
        """
        # DuckDB's own limit spares the worker of a model, mostly. A person's timeout is theirs, and
        # DuckDB would count the seconds in which nobody takes the rows.
        self._ensure_started(3_000 if timeout_s is None else 3_600_000)
        clock = _Clock(self._timeout_s if timeout_s is None else timeout_s)
        job = {
            "sql": sql,
            "tables": sorted(tables),
            "max_rows": caps.rows,
            "max_bytes": caps.bytes,
            "max_cell": caps.cell,
            "cpu_s": 2 * clock.left_s + 5,
        }
        with self._ended_if_it_fails(clock):
            self._send(json.dumps(job))
            head = json.loads(self._receive(clock))
        if not head["ok"]:
            raise self._failure(head, clock)
        stream = Stream(head["columns"], iter(()))
        stream.batches = self._batches(stream, clock)
        return stream

    def _batches(self, stream: Stream, clock: _Clock) -> Iterator[list[list[Any]]]:
        ended = False
        try:
            while True:
                with self._ended_if_it_fails(clock):
                    part = json.loads(self._receive(clock))
                if "rows" in part:
                    yield part["rows"]
                    continue
                ended = True
                if not part.get("end"):
                    raise self._failure(part, clock)
                stream.cut = part["cut"]
                return
        finally:
            if not ended:  # rows left in the pipe would be the next query's
                self.close()
            self._retire_if_worn()

    @contextlib.contextmanager
    def _ended_if_it_fails(self, clock: _Clock) -> Iterator[None]:
        try:
            yield
        except queue.Empty:
            self.close()
            raise _too_slow(clock.given_s) from None
        except (OSError, ValueError):
            self.close()
            raise _too_large() from None
        except BaseException:  # Ctrl-C: an answer left in the pipe would be the next query's
            self.close()
            raise

    def _failure(self, told: dict[str, Any], clock: _Clock) -> ToolError:
        self._retire_if_worn()
        match told.get("kind"):
            case "refused":
                return ToolError(f"refused: {told['message']}", hint="one plain SELECT")
            case "stopped":
                return _too_slow(min(clock.given_s, self._patience_ms / 1000))
            case "memory":
                self.close()
                return _too_large()
            case "fatal":
                self.close()
        return ToolError(f"SQL: {told.get('message')}")

    def _ensure_started(self, patience_ms: int) -> None:
        running = self._process is not None and self._process.poll() is None
        if running and self._patience_ms == patience_ms:
            return
        self.close()
        spec = importlib.util.find_spec("recagent_catalogs.sandbox_worker")
        if spec is None or spec.origin is None:
            raise _not_started("it is missing from the installation")
        if not self._database.is_file():
            raise BadInput("no such database", path=self._database)
        self._lines = queue.Queue(_LINES_AHEAD)
        self._patience_ms = patience_ms
        database = str(self._database.absolute())
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-X", "utf8", spec.origin, database, str(patience_ms)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
                cwd="/" if sys.platform != "win32" else None,
                start_new_session=True,
                text=True,
                encoding="utf-8",
            )
        except OSError as error:  # no memory, too many processes, no files left
            raise _not_started(error.strerror or type(error).__name__) from None
        try:
            threading.Thread(target=_pump, args=(self._process, self._lines), daemon=True).start()
            json.loads(self._receive(_Clock(START_TIMEOUT_S)))
        except (queue.Empty, ValueError):
            self.close()
            raise _not_started() from None
        except BaseException:
            self.close()
            raise
        self._fresh_bytes = self._memory()[0]

    def _send(self, line: str) -> None:
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _receive(self, clock: _Clock) -> str:
        """The worker's next line; an empty one is its end. Raises queue.Empty when time is up."""
        with clock.running():
            while True:
                wait_s = max(0.0, min(_WATCH_S, clock.left_s))
                try:
                    return self._lines.get(timeout=wait_s)
                except queue.Empty:
                    if self._memory()[1] > MAX_RSS_BYTES:
                        raise OSError("too much memory") from None
                    if clock.left_s <= 0:
                        raise

    def _retire_if_worn(self) -> None:
        if self._memory()[0] > self._fresh_bytes + KEPT_BYTES:
            self.close()

    def _memory(self) -> tuple[int, int]:
        """Address space and resident memory of the worker; 0 where the system does not tell."""
        if self._process is None:
            return 0, 0
        try:
            words = Path(f"/proc/{self._process.pid}/statm").read_text().split()
            return int(words[0]) * _PAGE, int(words[1]) * _PAGE
        except (OSError, IndexError, ValueError):
            return 0, 0

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
                with contextlib.suppress(OSError, ValueError):
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


class _Clock:
    """The seconds that a worker has; it runs only while somebody waits for the worker."""

    def __init__(self, given_s: float) -> None:
        self.given_s = given_s
        self._used_s = 0.0
        self._since: float | None = None

    @property
    def left_s(self) -> float:
        since = 0.0 if self._since is None else time.monotonic() - self._since
        return self.given_s - self._used_s - since

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        self._since = time.monotonic()
        try:
            yield
        finally:
            self._used_s += time.monotonic() - self._since
            self._since = None


def _not_started(why: str = "") -> NotStarted:
    return NotStarted("the SQL worker did not start" + (f": {why}" if why else ""))


def _too_slow(seconds: float) -> ToolError:
    return ToolError(
        f"the query took longer than {seconds:g} s and was stopped",
        hint="ask for less: fewer rows, no cross joins",
    )


def _too_large() -> ToolError:
    return ToolError(
        "the query needed more memory or time than it may have",
        hint="ask for less: fewer rows, shorter texts and lists, no cross joins",
    )


def _pump(process: subprocess.Popen[str], lines: queue.Queue[str]) -> None:
    """Read the worker's lines, not far ahead of who takes them; an empty one marks its end."""
    assert process.stdout is not None
    with contextlib.suppress(OSError, ValueError):
        for line in process.stdout:
            if not _put(process, lines, line):
                return
    _put(process, lines, "")


def _put(process: subprocess.Popen[str], lines: queue.Queue[str], line: str) -> bool:
    while True:
        try:
            lines.put(line, timeout=0.5)
            return True
        except queue.Full:
            if process.returncode is not None:  # `close` has ended it; nobody takes more
                return False
