"""Command lines in forks of a process that has imported what they need: a third of a second each.

Only for systems that can fork.
"""

from __future__ import annotations

import importlib
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

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
    child = os.fork()
    if child:
        return child
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # as Python does
        for descriptor, (name, flags) in enumerate(
            (("in", os.O_RDONLY), ("out", os.O_WRONLY), ("err", os.O_WRONLY))
        ):
            opened = os.open(place / name, flags | os.O_CREAT | os.O_TRUNC * (flags != 0), 0o644)
            os.dup2(opened, descriptor)
            os.close(opened)
        sys.stdin = open(0, encoding="utf-8", closefd=False)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)
        for name, value in env.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        prepare()
        sys.argv = ["recagent", *words]
        from recagent_cli.main import main

        code: object = 0
        try:
            main()
        except SystemExit as leaving:
            code = leaving.code
        sys.stdout.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)
    except BrokenPipeError:
        os._exit(0)
    except BaseException:
        import traceback

        traceback.print_exc()
        os._exit(99)


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
