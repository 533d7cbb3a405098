"""Every error of recagent, with the exit code it ends a command with.

The tree::

    RecagentError            1  our own fault
    ├── UsageError           2  the command line is wrong
    ├── NotFound             3  no such catalog, item, user, session
    ├── BadInput             4  a file or a value is wrong (file:line:column where known)
    │   └── BadCondition     4  a condition of `filter` is wrong
    ├── ModelError           5  the language model is unreachable or refused
    ├── ToolError            -  inside a turn: tell the model, so that it can mend its call
    └── Cancelled          130  Ctrl-C

It stands on the lowest floor, so that every floor can raise from one tree. Raising never prints.
"""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path


class ExitCode(IntEnum):
    """What a command ends with. The table of `docs/json.md` is held to this one by a test."""

    OK = 0
    """Answered; also "nothing found", with the reason."""
    INTERNAL = 1
    """Our own fault."""
    USAGE = 2
    """The command line is wrong."""
    NOT_FOUND = 3
    """No such catalog, item, user or session."""
    BAD_INPUT = 4
    """A file or a value is wrong."""
    MODEL = 5
    """The model is unreachable or refused, where one was asked for."""
    BATCH = 6
    """Some lines of a batch failed."""
    CUT = 7
    """Answered, but cut by a budget or by a fallback; only with --strict."""
    INTERRUPTED = 130
    """Ctrl-C."""


class RecagentError(Exception):
    """Our own fault, and the root of the tree.

    Attributes:
        message: one line: what was wrong, and where.
        hint: one line: what to do next, or empty.
        kind: the stable word for it in `recagent.error/1`.
        exit_code: what a command ends with.
        in_report: whether the JSON that a command has printed tells it already: there is one
            document on stdout, so no `recagent.error/1` follows.
    """

    kind = "internal"
    exit_code = ExitCode.INTERNAL
    in_report = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(RecagentError):
    """The command line is wrong."""

    kind = "usage"
    exit_code = ExitCode.USAGE


class NotFound(RecagentError):
    """No such catalog, item, user or session."""

    kind = "not_found"
    exit_code = ExitCode.NOT_FOUND


class BadInput(RecagentError):
    """A file or a value is wrong; the message begins with `file:line:column:`."""

    kind = "bad_input"
    exit_code = ExitCode.BAD_INPUT

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        path: Path | str | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        place = ":".join(str(part) for part in (path, line, column) if part is not None)
        super().__init__(f"{place}: {message}" if place else message, hint=hint)
        self.path, self.line, self.column = path, line, column


class BadCondition(BadInput):
    """A condition of `filter` is wrong: unknown column, wrong operator, value of the wrong type."""

    kind = "bad_condition"


class ModelError(RecagentError):
    """The language model is unreachable or refused.

    `reason` is one of: auth, not_found, rate_limit, timeout, unreachable, refused, context, credit,
    no_tools, no_images, bad_image, bad_answer, missing (litellm cannot be imported), server; and,
    of a model that was there and came to no end, budget (a limit of the turn) and stuck (nothing it
    does leads on).
    """

    kind = "model"
    exit_code = ExitCode.MODEL

    def __init__(self, message: str, *, reason: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


class ToolError(RecagentError):
    """A tool call that the brain can mend: the text goes back to it as an observation."""

    kind = "tool"


class Cancelled(RecagentError):
    """Ctrl-C: the turn ends, the state stays."""

    kind = "cancelled"
    exit_code = ExitCode.INTERRUPTED
