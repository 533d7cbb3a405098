"""Command lines in forks of a process that has imported what they need: a third of a second each.

Only for systems that can fork.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import io
import os
import resource
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

STREAMS = ("stdin", "stdout", "stderr")
UNMADE = io.StringIO()
_leave = os._exit
"""Kept, as children put others in its place."""
_parent = os.getpid()
"""Who may fork."""
WARM = (
    "duckdb",
    "numpy",
    "rich.console",
    "rich.table",
    "typer",
    "recagent_catalogs.ingest",
    "recagent_cli.assistant",
    "recagent_cli.commands.run",
    "recagent_cli.main",
    "recagent_cli.ui.render",
    "recagent_tools.models.engine",
)


@dataclass(frozen=True)
class Ran:
    """How a command line went; `code` is the negative signal's number where one ended it."""

    code: int
    out: str
    err: str
    seconds: float
    timed_out: bool = False


def nothing() -> None:
    """No preparation."""


def warm_up() -> None:
    """Import what an answer of the built-in brain needs; no thread may run afterwards."""
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", OMP_WAIT_POLICY="passive")
    for name in WARM:
        importlib.import_module(name)


def begin(
    words: list[str],
    place: Path,
    *,
    env: Mapping[str, str | None],
    prepare: Callable[[], object] = nothing,
    stdin: bytes = b"",
) -> int:
    """Fork a child that runs a command line; returns its process id.

    Args:
        words: the command line.
        place: a folder for its standard streams.
        env: variables to set, or to take away (None).
        prepare: called in the child before, for instance to limit it.
        stdin: what it reads.
    """
    (place / "in").write_bytes(stdin)
    return apart(partial(_command, words, place, env, prepare))


def apart(body: Callable[[], object]) -> int:
    """Fork a child that runs something and never comes back; returns its process id.

    It ends with 0, with 99 and a traceback on descriptor 2 where an exception came out, and by
    SIGKILL once its parent is gone.
    """
    if os.getpid() != _parent:  # a child that came back all the same
        _leave(98)
    child = os.fork()
    if child:
        return child
    try:
        try:
            _with_parent()
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # as Python does
            body()
            _leave(0)
        except BaseException:
            import traceback

            with contextlib.suppress(OSError):
                os.write(2, traceback.format_exc().encode("utf-8", "replace"))
        finally:
            _leave(99)  # whatever happens, the child is no second parent
    finally:
        _leave(99)  # nor where a signal came between


def as_parent() -> None:
    """In a child that shall fork children of its own, as the workers of a benchmark."""
    global _parent
    _parent = os.getpid()


def _with_parent() -> None:
    """End with the parent, where the system can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != _parent:
            _leave(97)


def _command(
    words: list[str], place: Path, env: Mapping[str, str | None], prepare: Callable[[], object]
) -> None:
    """In a child: run a command line with its streams in files."""
    for descriptor, (name, flags) in enumerate(
        (("in", os.O_RDONLY), ("out", os.O_WRONLY), ("err", os.O_WRONLY))
    ):
        opened = os.open(place / name, flags | os.O_CREAT | os.O_TRUNC * (flags != 0), 0o644)
        os.dup2(opened, descriptor)
        os.close(opened)
    as_main(words, env, prepare)


def as_main(
    words: list[str], env: Mapping[str, str | None], prepare: Callable[[], object] = nothing
) -> None:
    """In a child whose descriptors are as they shall be: run a command line, and end with it."""
    for name in STREAMS:
        setattr(sys, name, UNMADE)
    for name, value in env.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    prepare()
    for number, name in enumerate(STREAMS):  # not before: a file can be told from a pipe
        if name in vars(sys) and getattr(sys, name) is UNMADE:
            mode = "w" if number else "r"
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))
    sys.argv = ["recagent", *words]
    from recagent_cli.main import main

    code: object = 0
    try:
        main()
    except SystemExit as leaving:
        code = leaving.code
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def wait(child: int, place: Path, started: float, seconds: float) -> Ran:
    """Its end, or the end that is made of it after so many seconds; its session ends with it."""
    timed_out = False
    while True:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            break
        if time.perf_counter() - started > seconds:
            os.kill(child, signal.SIGKILL)
            timed_out = True
        time.sleep(0.003)
    took = time.perf_counter() - started

    def read(name: str) -> str:
        try:
            return (place / name).read_bytes().decode("utf-8", "replace")
        except OSError:
            return ""

    code = os.waitstatus_to_exitcode(status)
    return Ran(code, read("out"), read("err"), took, timed_out)


def run(
    words: list[str],
    place: Path,
    *,
    env: Mapping[str, str | None],
    prepare: Callable[[], object] = nothing,
    stdin: bytes = b"",
    seconds: float = 60.0,
) -> Ran:
    """`begin` and `wait`."""
    place.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    return wait(begin(words, place, env=env, prepare=prepare, stdin=stdin), place, started, seconds)


def at_calls(then: Callable[[], object]) -> None:
    """In a child: call something before every write, rename, sync and statement."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"):
            then()
        elif event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wa+x"):
            then()

    sync: Any = os.fsync
    connect: Any = sqlite3.connect

    def synced(descriptor: Any) -> None:
        then()
        sync(descriptor)

    def connected(*words: Any, **more: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*words, **more)
        connection.set_trace_callback(lambda sql: then())
        return connection

    own: Any = (os, sqlite3)
    own[0].fsync, own[1].connect = synced, connected
    sys.addaudithook(hook)


def count_calls(place: Path) -> None:
    """In a child: write into a file how many calls there were, when it ends."""
    count = 0

    def one() -> None:
        nonlocal count
        count += 1

    def left(code: int) -> None:
        total = count
        place.write_text(str(total))
        _leave(code)

    at_calls(one)
    os._exit = left  # type: ignore[assignment]


def die_at(number: int) -> None:
    """In a child: kill it at the n-th call."""
    count = 0

    def one() -> None:
        nonlocal count
        count += 1
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)

    at_calls(one)
