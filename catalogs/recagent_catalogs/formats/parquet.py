"""Parquet files: read by a process of their own, because a damaged one can end or hang a reader."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import BadInput, RecagentError
from ..report import Log
from ..text import clean
from .files import FREE_BYTES, MAX_BYTES, MAX_RATIO, SourceFile
from .kinds import refuse_other_kinds

STUCK_S = 20.0
"""So long no row may come; then the reader is ended."""
MANY_ROWS = 1_000_000
"""Up to so many rows a file may declare; past it no more than it has bytes."""
_PATTERN = frozenset("*?[")
MAX_LINE = 64 << 20
"""Bytes of one message of the reader."""


class ParquetTable:
    """A Parquet file; the "line" of a row is its number, from 1.

    Attributes:
        file: the file.
        columns: its names.
        length: how many rows it declares.
        left_out: 0, for a Parquet file has no rows that cannot be taken apart.
    """

    kind = "parquet"
    left_out = 0

    def __init__(self, file: SourceFile, log: Log) -> None:
        """Read the footer.

        Raises:
            BadInput: no Parquet file, damaged, or without rows.
        """
        self.file = file
        with file.open() as stream:
            head = stream.read(4)
        if file.member or file.path.name.lower().endswith(".gz"):
            raise BadInput("a packed Parquet file", path=file.name, hint="unpack it first")
        if head == b"PARE":
            refuse_other_kinds(head, file.name)
        if head != b"PAR1":
            problem = "the file is empty" if not head else "this is no Parquet file"
            hint = (
                "looked for the mark PAR1 at its start; name a text table .csv, JSON lines .jsonl"
            )
            raise BadInput(problem, path=file.name, hint=hint)
        self._reader: _Reader | None = _Reader(file)
        first = self._reader.next()
        self.columns: list[str] = first["columns"]
        self.length: int = first["rows"]
        if not self.length:
            raise BadInput("the file has no rows", path=file.name)
        size = file.path.stat().st_size
        if self.length > max(MANY_ROWS, size):
            raise BadInput(
                f"says it has {self.length:,} rows in {size:,} bytes", path=file.name,
                hint="no table is packed like that; if yours is, write it as CSV",
            )  # fmt: skip

    def rows(self) -> Iterator[tuple[int, list[Any]]]:
        """Row number and cells.

        Raises:
            BadInput: damaged, fewer or more rows than it declares, or past the caps.
        """
        reader, self._reader = self._reader, None
        if reader is None:
            reader = _Reader(self.file)
            reader.next()
        number = 0
        try:
            while isinstance(batch := reader.next(), list):
                for row in batch:
                    number += 1
                    yield number, row
        finally:
            reader.end()
        if not number == batch["end"] == self.length:
            message = f"{number:,} rows where it says it has {self.length:,}"
            raise _damaged(self.file, message)


def _damaged(file: SourceFile, why: str) -> BadInput:
    hint = "was it copied or written to its end?"
    return BadInput(f"damaged Parquet file: {clean(why, 160)}", path=file.name, hint=hint)


class _Reader:
    """The process, and what it tells; ended with this object at the latest."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        size = file.path.stat().st_size
        self._most = min(MAX_BYTES, max(FREE_BYTES, MAX_RATIO * size))
        self._told = 0
        self._stuck = False
        spec = importlib.util.find_spec(f"{__package__}.parquet_worker")
        if spec is None or spec.origin is None:
            raise RecagentError("the reader of Parquet files is missing from the installation")
        folder = tempfile.mkdtemp(prefix="recagent-") if _PATTERN & {*str(file.path)} else ""
        # A session of its own: Ctrl-C is told to us, and we end it.
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-X", "utf8", spec.origin, _plain_path(file.path, folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/" if sys.platform != "win32" else None,
            start_new_session=True,
        )
        self._end = weakref.finalize(self, _kill, self._process, folder)

    def next(self) -> Any:
        """The next thing it tells.

        Raises:
            BadInput: it says what is wrong, dies, hangs, or tells more than the caps allow.
        """
        assert self._process.stdout is not None
        watchdog = threading.Timer(STUCK_S, self._stop)
        watchdog.start()
        try:
            line = self._process.stdout.readline(MAX_LINE)
        finally:
            watchdog.cancel()
        self._told += len(line)
        if self._told > self._most or len(line) >= MAX_LINE:
            self.end()
            raise BadInput(
                f"unpacks to more than {self._told >> 20} MB", path=self._file.name,
                hint="a packed file may grow to 2 GB and to 200 times its size",
            )  # fmt: skip
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            raise _damaged(self._file, self._how_it_ended()) from None
        if isinstance(told, dict) and "error" in told:
            self.end()
            raise _damaged(self._file, told["error"])
        return told

    def _stop(self) -> None:
        self._stuck = True
        self._process.kill()

    def _how_it_ended(self) -> str:
        if self._stuck:
            return f"its reader came to no end within {STUCK_S:g} s"
        self.end()
        code = self._process.returncode
        return f"it ended its reader ({f'signal {-code}' if code < 0 else f'code {code}'})"

    def end(self) -> None:
        """End the process."""
        self._end()


def _plain_path(path: Path, folder: str) -> str:
    """A path that is no pattern for DuckDB, which knows no way to write one of these signs."""
    if not folder:
        return str(path.absolute())
    link = Path(folder, "table.parquet")
    link.symlink_to(path.absolute())
    return str(link)


def _kill(process: subprocess.Popen[bytes], folder: str) -> None:
    # One that has ended by itself keeps its exit code.
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=0.05)
    process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=5)
    if process.stdout is not None:
        process.stdout.close()
    if folder:
        shutil.rmtree(folder, ignore_errors=True)
