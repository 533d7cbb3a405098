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
    if words[:1] in (["--version"], ["-V"]):
        from . import __version__

        sys.stdout.write(f"recagent {__version__}\n")
        return
    sys.exit(run(words))


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
            raise
        _tell(error)
        return int(error.exit_code)
    except BrokenPipeError:
        _silence()
        return int(ExitCode.OK)
    except KeyboardInterrupt:
        sys.stderr.write("\nstopped\n")
        return int(ExitCode.INTERRUPTED)
    except Exception as error:
        if "--debug" in words:
            raise
        what = " ".join(str(error).split())[:300]
        sys.stderr.write(
            f"recagent: our own fault: {type(error).__name__}: {what}\n"
            "  run it again with --debug and report what it prints\n"
        )
        return int(ExitCode.INTERNAL)


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
        return _usage(error)
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


def _usage(error: Exception) -> int:
    """Print a usage error in one line, with the nearest commands where the command is unknown."""
    from recagent_catalogs.errors import ExitCode
    from recagent_catalogs.text import clean

    format_message = getattr(error, "format_message", error.__str__)
    message = clean(format_message()).rstrip(".")
    sys.stderr.write(f"recagent: {message}\n")
    context = getattr(error, "ctx", None)
    path = getattr(context, "command_path", "recagent")
    sys.stderr.write(f"  see: {path} --help\n")
    return int(ExitCode.USAGE)


def _tell(error: RecagentError) -> None:
    from recagent_catalogs.text import clean

    sys.stderr.write(f"recagent: {clean(error.message)}\n")
    if error.hint:
        sys.stderr.write(f"  {clean(error.hint)}\n")


def _silence() -> None:
    """After a closed pipe the interpreter must not complain while it flushes."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())


if __name__ == "__main__":
    main()
