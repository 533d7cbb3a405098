"""How a command writes what it exports: to standard output, or into a file that was not there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from recagent_catalogs.errors import BadInput

if TYPE_CHECKING:
    from .run import Run


def write_export(run: Run, out: Path | None, text: str, told: str, *, force: bool) -> None:
    """Print the text, or write it whole into a file.

    Args:
        run: the command.
        out: the file; None and `-` are standard output.
        text: without a line break at its end.
        told: what it is, for people: "12 facts".
        force: whether a file that is there is replaced.

    Raises:
        BadInput: it is there already, or it cannot be written.
    """
    from ..whole_file import write_whole

    if out is None or str(out) == "-":
        run.out(text)
        return
    try:
        is_there = out.exists()
    except OSError as error:  # a name of thousands of letters
        raise BadInput(f"cannot be written: {error.strerror}", path=str(out)[:200]) from error
    if not force and is_there:
        raise BadInput("it is there already", path=out, hint="--force replaces it")
    write_whole(out, text + "\n")
    run.say(f"written to {out}: {told}")
