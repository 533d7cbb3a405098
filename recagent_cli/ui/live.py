"""What runs at the moment, in one quiet line that goes away again."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import TextIO

from recagent_catalogs.text import clean

AFTER_S = 0.3
"""What is over sooner is not told."""
EVERY_S = 0.1
SECONDS_FROM = 2.0
FRAMES, PLAIN_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "|/-\\"


class LiveLine:
    """A line on a terminal that a thread draws; whoever prints has it put `away`.

    Args:
        stream: the terminal.
        draws: whether it is drawn at all.
    """

    def __init__(self, stream: TextIO | None = None, *, draws: bool) -> None:
        self._stream = stream or sys.stdout
        self._draws = draws
        self._lock = threading.RLock()
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self._text = ""
        self._since = 0.0
        self._drawn = False
        encoding = (getattr(self._stream, "encoding", "") or "").lower().replace("-", "")
        self._frames = FRAMES if encoding == "utf8" else PLAIN_FRAMES

    def show(self, text: str) -> None:
        """Say what runs now; drawn once it has run for a while. Nothing takes the line away."""
        if not self._draws:
            return
        with self._lock:
            if text != self._text:
                self._text, self._since = clean(text, 120), time.monotonic()
            if not text:
                self._clear()
        if text and self._thread is None:
            self._end.clear()
            self._thread = threading.Thread(target=self._run, name="live-line", daemon=True)
            self._thread.start()

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """While something else is printed; the line comes back where the same still runs."""
        with self._lock:
            self._clear()
            yield

    def _clear(self) -> None:
        if self._drawn:
            self._write("\r\x1b[K")
            self._drawn = False

    def stop(self) -> None:
        """Take the line away for good."""
        self._end.set()
        if self._thread is not None:
            self._thread.join(1.0)
            self._thread = None
        with self._lock:
            self._text = ""
            self._clear()

    def __enter__(self) -> LiveLine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self) -> None:
        frame = 0
        while not self._end.wait(EVERY_S):
            frame += 1
            with self._lock:
                if not self._end.is_set():
                    self._draw(frame)

    def _draw(self, frame: int) -> None:
        from rich.cells import cell_len, set_cell_size

        lasted = time.monotonic() - self._since
        if not self._text or lasted < AFTER_S:
            return
        seconds = f" {lasted:.0f} s" if lasted >= SECONDS_FROM else ""
        line = f"{self._frames[frame % len(self._frames)]} {self._text}{seconds}"
        room = max(self._width() - 1, 0)
        line = line if cell_len(line) <= room else set_cell_size(line, room)
        self._write(f"\r\x1b[K\x1b[2m{line}\x1b[0m")
        self._drawn = True

    def _width(self) -> int:
        try:
            return os.get_terminal_size(self._stream.fileno()).columns
        except (OSError, ValueError):
            return 80

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # the terminal is gone
            self._end.set()
