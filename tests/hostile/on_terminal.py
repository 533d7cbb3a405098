"""A command line on a pseudo-terminal that can be typed on, closed, and whose end is seen."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from . import forked


@dataclass(frozen=True)
class Ended:
    """How it ended.

    Attributes:
        code: the exit code, negative for a signal.
        seconds: from when it was asked how it ends until it did.
        busy_s: processor time of that while.
        timed_out: whether it had to be killed.
    """

    code: int
    seconds: float
    busy_s: float
    timed_out: bool


class OnTerminal:
    """A child on a terminal of its own, 80 wide; what it prints is in `shown`."""

    def __init__(self, words: list[str], env: Mapping[str, str | None]) -> None:
        self.outer, inner = os.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        there = {**env, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", "NO_COLOR": "1"}
        self.child = forked.apart(partial(_on, self.outer, inner, words, there))
        os.close(inner)
        self.shown, self._read = b"", 0

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self.outer, text.encode())

    def until(self, words: str, seconds: float = 20.0) -> bool:
        """Read until it has shown that, behind what was found last; False where it does not."""
        deadline = time.monotonic() + seconds
        while (place := self.shown.find(words.encode(), self._read)) < 0:
            if not select.select([self.outer], [], [], max(0.0, deadline - time.monotonic()))[0]:
                return False
            try:
                self.shown += os.read(self.outer, 65536)
            except OSError:  # it has gone
                return False
        self._read = place + len(words)
        return True

    def close(self) -> None:
        """Take the terminal away."""
        with contextlib.suppress(OSError):
            os.close(self.outer)
        self.outer = -1

    def send(self, number: int) -> None:
        """A signal."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.child, number)

    def end(self, seconds: float = 20.0) -> Ended:
        """Wait for its end, or make one after so many seconds; reads what it prints."""
        started, timed_out, before = time.perf_counter(), False, self._busy()
        while True:
            found, status, used = os.wait4(self.child, os.WNOHANG)
            if found:
                break
            if time.perf_counter() - started > seconds:
                timed_out = True
                self.send(signal.SIGKILL)
            if self.outer >= 0 and select.select([self.outer], [], [], 0.005)[0]:
                with contextlib.suppress(OSError):
                    self.shown += os.read(self.outer, 65536)
            else:
                time.sleep(0.005)
        took = time.perf_counter() - started
        if self.outer >= 0:
            self.close()
        busy = used.ru_utime + used.ru_stime - before
        return Ended(os.waitstatus_to_exitcode(status), took, busy, timed_out)

    def _busy(self) -> float:
        """Its processor time so far, in seconds."""
        try:
            with open(f"/proc/{self.child}/stat") as file:
                told = file.read().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def _on(outer: int, inner: int, words: list[str], env: Mapping[str, str | None]) -> None:
    """In the child: the terminal is its own, and its three streams."""
    os.close(outer)
    fcntl.ioctl(inner, termios.TIOCSCTTY, 0)
    for descriptor in range(3):
        os.dup2(inner, descriptor)
    os.close(inner)
    forked.as_main(words, env)
