"""`recagent start`: a short interview, and then a list that is already personal."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from .options import NoBuildOption
from .run import Run, asking

if TYPE_CHECKING:
    from ..agent.turn import Turn
    from ..interview import Interview


MOST_BYTES = 1_000_000
"""Of all answers; a line has some 30."""


@asking
def command(
    run: Run,
    text: Annotated[
        list[str] | None,
        typer.Argument(help="What you like, in your own words; then fewer questions may do."),
    ] = None,
    n: Annotated[
        int, typer.Option("-n", "--count", min=1, max=100, help="How many questions.")
    ] = 12,
    answers: Annotated[
        str,
        typer.Option(
            "--answers", metavar="FILE|-", help="Answers, one a line: ID yes|no|4|never|?"
        ),
    ] = "",
    no_build: NoBuildOption = False,
) -> None:
    """A short interview, then a first list made for you.

    A dozen items to say yes or no to; stop at any time. Through a pipe each line answers the
    next question; with no line the questions are printed.
    """
    from recagent_catalogs.errors import UsageError

    from ..interview import Interview

    if run.form not in ("table", "json", "jsonl"):
        raise UsageError(f"--format {run.form} does not fit here", hint="use table or json")
    options = run.brain_options()
    assistant = run.assistant(fallback=not run.names_model, build=not no_build, **options)
    interview = Interview.about(assistant, n)
    if text:
        _hear(run, interview, " ".join(text))
    if answers:
        interview.answer_lines(_lines(answers), "answers" if answers == "-" else answers)
        broken = False
    elif sys.stdin.isatty():
        broken = _ask(run, interview, heard=bool(text))
    else:
        lines = _answers(sys.stdin.buffer, "-")
        if not lines and not interview.said:
            _print_questions(run, interview)
            return
        broken = _answer_in_turn(run, interview, lines)
    _finish(run, interview, broken)


def _lines(answers: str) -> list[str]:
    """The lines of a file, or of standard input.

    Raises:
        NotFound, BadInput: it cannot be read.
    """
    from recagent_catalogs.errors import BadInput, NotFound

    from ..whole_file import require_stream

    if answers == "-":
        return _answers(sys.stdin.buffer, "-")
    path = Path(answers)
    if not os.path.lexists(path):
        raise NotFound(f"no file {answers}")
    try:
        with require_stream(path).open("rb") as stream:
            return _answers(stream, answers)
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", path=answers) from error


def _answers(stream: IO[bytes], told: str) -> list[str]:
    from recagent_catalogs.errors import BadInput

    body = stream.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise BadInput(
            f"more than {MOST_BYTES:,} bytes", path=told, hint="answers, one a line: ID yes|no|4"
        )
    try:
        return body.decode("utf-8-sig").splitlines()
    except UnicodeError as error:
        raise BadInput("cannot be read: it is not UTF-8", path=told) from error


def _hear(run: Run, interview: Interview, text: str) -> bool:
    """Take the person's own words, and say what was understood."""
    told = interview.hear(text)
    if told:
        run.say(f"understood: {', '.join(told)}")
    else:
        run.say("I understood no taste in that; name kinds, people or titles")
    return bool(told)


def _answer_in_turn(run: Run, interview: Interview, lines: Sequence[str]) -> bool:
    """Lines of a pipe: each answers the next question, as at the prompt."""
    from ..ui.interview import converse

    taken = iter(lines)
    return converse(
        interview,
        lambda: next(taken, None),
        tell=lambda line: None,
        hear=lambda text: _hear(run, interview, text),
        strict=True,
    )


def _ask(run: Run, interview: Interview, *, heard: bool) -> bool:
    """The interview on a terminal; whether Ctrl-C ended it."""
    from ..ui.interview import converse, opening

    def ask() -> str | None:
        sys.stderr.write("> ")
        sys.stderr.flush()
        return sys.stdin.readline() or None

    def tell(line: str) -> None:
        sys.stderr.write(line + "\n")

    for line in opening(interview, heard):
        tell(line)
    return converse(
        interview, ask, tell=tell, hear=lambda text: _hear(run, interview, text), strict=False
    )


def _print_questions(run: Run, interview: Interview) -> None:
    """What would be asked, as data; nothing is answered or noted."""
    from ..ui.interview import interview_json, question_lines
    from ..ui.render import report_text

    if run.form != "table":
        run.out(report_text("interview", interview_json(interview, "", None), run.form))
        return
    for line in question_lines(interview):
        run.out(line)
    run.say("answer them: recagent start on a terminal, or --answers FILE with ID yes|no|4|never|?")


def _finish(run: Run, interview: Interview, broken: bool) -> None:
    """Note the facts, say what was learned, and show the first list."""
    from recagent_catalogs.errors import ExitCode

    from ..interview import counted
    from ..ui.interview import interview_json
    from ..ui.render import report_text

    batch = interview.keep()
    if broken:
        run.say("")  # after the ^C of the terminal
    if batch:
        learned = counted(list(interview.answers.values()), len(interview.said))
        run.say(f"{'stopped; ' * broken}noted: {learned}")
        run.say(f"take it back: recagent profile undo --batch {batch}")
    else:
        run.say("nothing noted: nothing was liked or disliked")
    if broken:
        raise typer.Exit(ExitCode.INTERRUPTED)
    if sys.stderr.isatty():
        run.say("")
    turn: Turn | None = interview.first_list() if batch else None
    if run.form != "table":
        run.out(report_text("interview", interview_json(interview, batch, turn), run.form))
    elif turn is not None:
        run.print_turn(turn, interview.assistant)
