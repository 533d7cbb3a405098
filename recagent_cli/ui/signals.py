"""Ctrl-C while something runs, and being told to end: the terminal is left as it was found."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

ENDING = ("SIGTERM", "SIGHUP")
"""Signals that end the chat; on Windows there is no SIGHUP."""


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Ctrl-C raises `KeyboardInterrupt` once; again only with a third, if the first got stuck.

    What has to be put back after the first one is so not broken off by an impatient second.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    count = 0

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        if count != 2:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def ends_by_signal(at_prompt: Callable[[SystemExit], bool]) -> Iterator[None]:
    """SIGTERM and SIGHUP end the chat as an exit does, with 128 and the signal's number.

    Args:
        at_prompt: hands the exit to the prompt that waits for a line; False where none does.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        leaving = SystemExit(128 + number)
        if not at_prompt(leaving):
            raise leaving

    before: dict[int, Any] = {}
    for name in ENDING:
        if (number := getattr(signal, name, None)) is not None:
            before[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def ends_without_terminal() -> Iterator[None]:
    """A terminal that is gone ends the chat as SIGHUP does: nobody is there to be told."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        _silence()
        raise SystemExit(128 + int(getattr(signal, "SIGHUP", 1))) from None
    except SystemExit as leaving:
        if leaving.code == 128 + int(getattr(signal, "SIGHUP", 1)):
            _silence()
        raise


def _silence() -> None:
    """What is still to be written goes nowhere, or the interpreter would complain at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


@contextlib.contextmanager
def no_echo() -> Iterator[None]:
    """Keys that are typed ahead do not show between the lines; they wait for the next prompt."""
    try:
        import termios
    except ImportError:  # Windows
        yield
        return
    try:
        descriptor = sys.stdin.fileno()
        found = termios.tcgetattr(descriptor)
        quiet = [*found]
        quiet[3] &= ~termios.ECHO
        termios.tcsetattr(descriptor, termios.TCSADRAIN, quiet)
    except (OSError, ValueError, termios.error):  # no terminal
        yield
        return
    try:
        yield
    finally:
        with contextlib.suppress(OSError, termios.error):
            termios.tcsetattr(descriptor, termios.TCSADRAIN, found)
