"""Terminals that go away, and Ctrl-C and kill -9 on one."""

from __future__ import annotations

import fcntl
import random
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from tests.hostile import faults as checks
from tests.hostile.on_terminal import OnTerminal

from .at_once import Unit
from .trials import Trial, tried

GONE = "a terminal that goes away"
KEYS = "Ctrl-C on a terminal"
LOCKED = "Ctrl-C while a lock is waited for"
KILLED = "kill -9 of a chat on a terminal"
ENDS_S = 2.0
BUSY_S = 1.5
ANSWERED = "1 "
PROMPTS = {(): "\x1b[?2004h", ("--plain",): "> "}
"""What is written where a line can be typed; the first is how a terminal is told to mark pastes."""
PLACES = {
    "at the first prompt": ("", ""),
    "behind half a line": ("", "sci-"),
    "behind an answer": ("sci-fi", ""),
    "behind two answers": ("I loved Paper Lanterns\rsci-fi", "mo"),
}


def units(films: Any, rng: random.Random) -> Iterator[Unit]:
    """All of them, each in a home of its own."""
    for flags in ((), ("--plain",)):
        for place, (said, half) in PLACES.items():
            yield GONE, partial(_there, films, GONE, place, flags, said, half, _closed)
            yield KILLED, partial(_there, films, KILLED, place, flags, said, half, _killed)
        for _ in range(6):
            moment = rng.uniform(0.0, 0.4)
            yield GONE, partial(_mid_turn, films, GONE, flags, moment, _closed)
            yield KILLED, partial(_mid_turn, films, KILLED, flags, moment, _killed)
            yield KEYS, partial(_mid_turn, films, KEYS, flags, moment, _goes_on)
        yield KEYS, partial(_there, films, KEYS, "at the prompt", flags, "", "", _goes_on)
        yield KEYS, partial(_there, films, KEYS, "behind half a line", flags, "", "s", _goes_on)
    for words in (["ask", "sci-fi"], ["build", "films"], ["recommend"]):
        for _ in range(2):
            yield GONE, partial(_command, films, words, rng.uniform(0.0, 0.5))
    for kind in ("store", "keep", "build"):
        yield LOCKED, partial(_waiting, films, kind)


def _closed(terminal: OnTerminal) -> Iterator[str]:
    terminal.close()
    ended = terminal.end()
    if ended.timed_out or ended.seconds > ENDS_S:
        yield f"it ended after {ended.seconds:.1f} s"
    if ended.busy_s > BUSY_S:
        yield f"busy for {ended.busy_s:.1f} s"
    if ended.code not in (0, 129, -signal.SIGHUP):
        yield f"exit code {ended.code}"


def _killed(terminal: OnTerminal) -> Iterator[str]:
    terminal.send(signal.SIGKILL)
    if (ended := terminal.end()).code not in (0, -signal.SIGKILL):
        yield f"exit code {ended.code}"


def _goes_on(terminal: OnTerminal) -> Iterator[str]:
    """Ctrl-C; the chat is still there, answers, and ends with Ctrl-D."""
    terminal.type("\x03")
    time.sleep(0.3)
    terminal.type("dramas\r")
    if not terminal.until("dramas", 10) or not terminal.until(ANSWERED, 10):
        yield f"no answer behind it: {terminal.shown[-200:]!r}"
    time.sleep(0.3)
    terminal.type("\x04")
    ended = terminal.end(10)
    if ended.timed_out or ended.code:
        yield f"exit code {ended.code} after {ended.seconds:.1f} s: {terminal.shown[-200:]!r}"
    if b"Traceback" in terminal.shown:
        yield f"{terminal.shown[-300:]!r}"


def _there(
    films: Any,
    row: str,
    place: str,
    flags: tuple[str, ...],
    said: str,
    half: str,
    then: Callable[[OnTerminal], Iterator[str]],
) -> Iterator[Trial]:
    home = films.fresh()

    def check() -> Iterator[str]:
        before = checks.facts(home)
        terminal = OnTerminal(["chat", *flags], films.env(home))
        if not terminal.until(PROMPTS[flags]):
            yield f"no prompt: {terminal.shown[-200:]!r}"
        for line in said.split("\r") if said else ():
            terminal.type(line + "\r")
            if not terminal.until(ANSWERED) or not terminal.until(PROMPTS[flags]):
                yield f"no answer: {terminal.shown[-200:]!r}"
        answered = checks.facts(home)
        if said and answered == before:
            yield "answered, and not there"
        terminal.type(half)
        time.sleep(0.05)
        yield from then(terminal)
        yield from _opens_again(films, home, answered)

    yield tried(row, f"{place} {' '.join(flags)}".strip(), check)
    shutil.rmtree(home.parent, ignore_errors=True)


def _mid_turn(
    films: Any,
    row: str,
    flags: tuple[str, ...],
    moment: float,
    then: Callable[[OnTerminal], Iterator[str]],
) -> Iterator[Trial]:
    home = films.fresh()

    def check() -> Iterator[str]:
        terminal = OnTerminal(["chat", *flags], films.env(home))
        if not terminal.until(PROMPTS[flags]):
            yield f"no prompt: {terminal.shown[-200:]!r}"
        terminal.type("I loved Paper Lanterns\r")
        if not terminal.until(ANSWERED) or not terminal.until(PROMPTS[flags]):
            yield f"no answer: {terminal.shown[-200:]!r}"
        answered = checks.facts(home)
        terminal.type("sci-fi\r")
        time.sleep(moment)
        yield from then(terminal)
        yield from _opens_again(films, home, answered)

    yield tried(row, f"{moment:.3f} s into a turn {' '.join(flags)}".strip(), check)
    shutil.rmtree(home.parent, ignore_errors=True)


def _command(films: Any, words: list[str], moment: float) -> Iterator[Trial]:
    home = films.fresh()

    def check() -> Iterator[str]:
        before = checks.facts(home)
        terminal = OnTerminal(words, films.env(home))
        time.sleep(moment)
        terminal.close()
        ended = terminal.end()
        if ended.timed_out or ended.seconds > ENDS_S:
            yield f"it ended after {ended.seconds:.1f} s"
        yield from _opens_again(films, home, before)

    yield tried(GONE, f"{' '.join(words)} at {moment:.3f} s", check)
    shutil.rmtree(home.parent, ignore_errors=True)


def _waiting(films: Any, kind: str) -> Iterator[Trial]:
    """Ctrl-C while another holds the store, what is kept, or the models."""
    home = films.fresh()
    words = {
        "store": ["profile", "set", "Blue Static", "like"],
        "keep": ["ask", "I loved Blue Static"],
        "build": ["build", "films"],
    }[kind]
    data = home / "data"

    def check() -> Iterator[str]:
        before = checks.facts(home)
        name = {"keep": "keep.lock", "build": "models/films/.lock"}.get(kind)
        if name is None:
            with closing(sqlite3.connect(data / "user.sqlite")) as connection:
                connection.execute("BEGIN IMMEDIATE")
                yield from _stops(films, home, words)
                connection.rollback()
        else:
            (data / name).parent.mkdir(parents=True, exist_ok=True)
            with (data / name).open("a+b") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield from _stops(films, home, words)
        yield from _opens_again(films, home, before)

    yield tried(LOCKED, kind, check)
    shutil.rmtree(home.parent, ignore_errors=True)


def _stops(films: Any, home: Path, words: list[str]) -> Iterator[str]:
    terminal = OnTerminal(words, films.env(home))
    time.sleep(1.5)
    terminal.type("\x03")
    ended = terminal.end(15)
    if ended.timed_out or ended.seconds > ENDS_S:
        yield f"it ended after {ended.seconds:.1f} s: {terminal.shown[-200:]!r}"
    elif ended.code != 130:
        yield f"exit code {ended.code}: {terminal.shown[-200:]!r}"


def _opens_again(films: Any, home: Path, before: set[tuple[Any, ...]]) -> Iterator[str]:
    yield from checks.kept(home, before, "", "", 0)
    after = films.ran(home, ["ask", "sci-fi", "--format", "ids"])
    yield from checks.went_well(after)
    if left := checks.processes_of(home, wait_s=2.0, kill=True):
        yield f"still there: {left}"
