"""The fast entry. `--version` imports nothing; errors end here, each with its exit code."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recagent_catalogs.errors import RecagentError


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with the documented code."""
    words = sys.argv[1:] if arguments is None else arguments
    open_streams()
    if words[:1] in (["--version"], ["-V"]):
        from . import __version__

        sys.stdout.write(f"recagent {__version__}\n")
        return
    try:
        sys.exit(run(words))
    except KeyboardInterrupt:  # while modules were still being imported
        _own_exit_code()
        sys.exit(130)


def open_streams() -> None:
    """Let there be streams that take any text.

    Those that whoever started this had closed lead nowhere, lest a file that is opened take their
    place; what an encoding lacks becomes a question mark.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
        elif mode == "w" and getattr(stream, "errors", "") == "strict":
            stream.reconfigure(errors="replace")


def _own_exit_code() -> None:
    """Let the exit code stand after Ctrl-C.

    Where it came while Python ran source text (as dataclasses do when they are made), Python
    remembers that, and would end by the signal; running any text makes it forget.
    """
    exec("")


def run(words: list[str]) -> int:
    """Run the command line; returns the exit code."""
    # Threads of OpenMP and BLAS spin while others work; set before any library is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from recagent_catalogs.errors import ExitCode, RecagentError

    try:
        return _run(words)
    except RecagentError as error:
        if "--debug" in words:
            _trace(error)
        return _tell(error, words)
    except BrokenPipeError:
        _silence()
        return int(ExitCode.OK)
    except KeyboardInterrupt:
        _own_exit_code()
        sys.stderr.write("\nstopped\n")
        return int(ExitCode.INTERRUPTED)
    except Exception as error:
        if "--debug" in words:
            _trace(error)
        from .faults import as_fault

        return _tell(as_fault(error), words)


def _run(words: list[str]) -> int:
    import typer
    from typer.exceptions import TyperException

    from recagent_catalogs.errors import ExitCode

    from .commands import COMMANDS, GROUPS, make_app

    words = with_ask(words)
    first = words[0] if words else ""
    command = typer.main.get_command(make_app(first if first in (*COMMANDS, *GROUPS) else None))
    try:
        result = command.main(words, prog_name="recagent", standalone_mode=False)
        sys.stdout.flush()
    except TyperException as error:
        told = _usage(error)
        if not told.message:  # no command: typer has printed the help
            return int(told.exit_code)
        raise told from error
    except SystemExit as gone:
        if gone.code != 1:
            raise
        return 0  # so rich and typer end where standard output was closed
    except typer.Abort:
        raise KeyboardInterrupt from None
    if result == ExitCode.INTERRUPTED:  # typer turns Ctrl-C into this
        raise KeyboardInterrupt
    return result if isinstance(result, int) else 0


def with_ask(words: list[str]) -> list[str]:
    """`recagent "90s sci-fi"` means `ask`: only where the first word holds white space."""
    if words and not words[0].startswith("-") and len(words[0].split()) > 1:
        return ["ask", *words]
    return words


def _trace(error: Exception) -> None:
    """Write the traceback, without the keys that may stand in what a provider said."""
    import traceback

    from .agent.model_errors import redact

    sys.stderr.write(redact("".join(traceback.format_exception(error))))


_PLAINLY = (
    (r"Input should be a valid integer.*", "it must be a whole number"),
    (r"Input should be a valid number.*", "it must be a number"),
)
"""What typer's validation says, and how people say it."""


def _usage(error: Exception) -> RecagentError:
    """A usage error in one line, with the nearest command where it is unknown."""
    import re

    from recagent_catalogs.errors import UsageError

    message = str(getattr(error, "format_message", error.__str__)())
    for theirs, ours in _PLAINLY:
        message = re.sub(theirs, ours, message)
    path = getattr(getattr(error, "ctx", None), "command_path", "recagent")
    return UsageError(" ".join(message.split()).rstrip("."), hint=f"see: {path} --help")


def _tell(error: RecagentError, words: list[str]) -> int:
    """Print an error on stderr, and on stdout too where JSON was asked for; returns its code."""
    import contextlib

    from recagent_catalogs.text import clean

    if _wants_json(words) and not error.in_report:
        from .ui.render import error_json

        try:
            sys.stdout.write(error_json(error) + "\n")
            sys.stdout.flush()
        except (OSError, ValueError):  # as below; nor may Python try again while it ends
            _silence()
    with contextlib.suppress(OSError, ValueError):  # nobody may be there to read it
        sys.stderr.write(f"recagent: {clean(error.message)}\n")
        if error.hint:
            sys.stderr.write(f"  {clean(error.hint)}\n")
        sys.stderr.flush()
    return int(error.exit_code)


def _wants_json(words: list[str]) -> bool:
    forms = {os.environ.get("RECAGENT_FORMAT", "")}
    for word, value in zip(words, [*words[1:], ""], strict=False):
        name, _, given = word.partition("=")
        if name in ("--format", "-f"):
            forms = {given or value}
    return "--json" in words or bool(forms & {"json", "jsonl"})


def _silence() -> None:
    """After a closed pipe the interpreter must not complain while it flushes."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())


if __name__ == "__main__":
    main()
