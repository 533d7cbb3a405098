"""`recagent batch`: one request a line on standard input, one answer a line on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from .options import NoBuildOption
from .run import Run, asking

if TYPE_CHECKING:
    from ..assistant import Assistant

FIELDS = {
    "id": (str, int),
    "text": str,
    "catalog": str,
    "user": (str, int),
    "like": list,
    "n": int,
    "context": list,
    "weights": (str, dict),
}
MAX_LINE_BYTES = 1_000_000
ENDLESS_BYTES = 1_000_000_000
"""Of one line: past them it is taken to have no end (a device, a stream gone wrong)."""


@asking
def command(
    run: Run,
    file: Annotated[str, typer.Argument(help="A JSONL file; - reads standard input.")] = "-",
    no_build: NoBuildOption = False,
) -> None:
    """Answer many requests, one JSON object a line.

    {"id", "text", "catalog", "user", "like", "n", "context", "weights": "novelty=.4"}; only text
    is needed. One recagent.turn/1 a line, in order; a bad line gives a recagent.error/1 and the
    rest goes on.
    """
    from recagent_catalogs.errors import BadInput, Cancelled, ExitCode, RecagentError, UsageError

    from ..ui.clean_json import dumps
    from ..ui.render import error_json

    if run.form not in ("table", "json", "jsonl"):
        raise UsageError("batch prints JSON lines", hint="leave --format out")
    options = {
        **run.brain_options(),
        "fallback": not run.names_model,
        "build": not no_build,
        "incognito": True,
    }
    assistants: dict[str, Assistant] = {}
    failed = cut = 0
    for number, line in enumerate(read_lines(file), start=1):
        if not line.strip():
            continue
        where: dict[str, Any] = {"line": number}
        try:
            job = parse_line(line)
            if isinstance(job.get("id"), str | int):
                where["id"] = job["id"]
            check_job(job)
            name = str(job.get("catalog") or run.catalog_name)
            if name not in assistants:
                assistants[name] = run.assistant(name, **options)
            turn = answer(assistants[name], job)
            cut += turn.cut
            run.out(dumps({"id": job.get("id", number), **turn.to_json()}))
        except Cancelled:
            raise KeyboardInterrupt from None
        except RecagentError as error:
            failed += 1
            run.out(error_json(error, **where))
            run.say(f"line {number}: {error.message}")
        except UnicodeEncodeError as error:
            failed += 1
            run.out(error_json(BadInput(f"text cannot be encoded: {error.reason}"), **where))
    if failed:
        raise typer.Exit(ExitCode.BATCH)
    if cut and run.strict:
        raise typer.Exit(ExitCode.CUT)


def read_lines(file: str) -> Iterator[str]:
    """The lines of a file, or of standard input for `-`; of one too long its beginning."""
    from pathlib import Path

    from recagent_catalogs.errors import BadInput

    from ..whole_file import require_stream

    if file == "-":
        yield from _capped(sys.stdin.buffer, file)
        return
    path = require_stream(Path(file))
    try:
        with path.open("rb") as stream:
            yield from _capped(stream, file)
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", path=file) from error


def _capped(stream: IO[bytes], told: str) -> Iterator[str]:
    """Lines; of one that is too long only as much as shows that it is."""
    from recagent_catalogs.errors import BadInput

    number = 0
    while line := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        yield line.decode("utf-8", "replace")
        skipped = 0
        while len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            line = stream.readline(MAX_LINE_BYTES + 1)
            skipped += len(line)
            if not line:
                return
            if skipped > ENDLESS_BYTES:
                raise BadInput(
                    "a line without an end: what follows was not read", path=told, line=number
                )


def parse_line(line: str, example: str = '{"id": "a", "text": "slow thrillers"}') -> dict[str, Any]:
    """The JSON object of one line; `example` is shown where there is none.

    Raises:
        BadInput: there is none.
    """
    from recagent_catalogs.errors import BadInput

    if len(line) > MAX_LINE_BYTES:
        raise BadInput(f"longer than {MAX_LINE_BYTES:,} characters")
    try:
        job = json.loads(line)
    except json.JSONDecodeError as error:
        raise BadInput(f"no JSON at column {error.colno}", hint=example) from error
    except RecursionError as error:
        raise BadInput("no JSON: nested too deep", hint=example) from error
    except ValueError as error:
        raise BadInput("no JSON: a number of too many digits", hint=example) from error
    if not isinstance(job, dict):
        raise BadInput("not a JSON object", hint=example)
    return job


def check_job(job: dict[str, Any]) -> None:
    """Check the fields of a request.

    Raises:
        BadInput: an unknown field, a field of the wrong type, no text.
    """
    from recagent_catalogs.errors import BadInput

    for name, value in job.items():
        if name not in FIELDS:
            raise BadInput(f"unknown field {name!r}", hint="fields: " + ", ".join(FIELDS))
        kinds = FIELDS[name]
        if isinstance(value, bool) or not isinstance(value, kinds):  # type: ignore[arg-type]
            raise BadInput(f"field {name!r} is of the wrong type")
        if isinstance(value, list) and not all(isinstance(part, str) for part in value):
            raise BadInput(f"field {name!r} must be a list of text")
    if not str(job.get("text", "")).strip():
        raise BadInput("no text", hint='{"id": "a", "text": "slow thrillers"}')
    if "n" in job and not 1 <= job["n"] <= 100:
        raise BadInput("field 'n' must be between 1 and 100")


def weights_of(job: dict[str, Any]) -> list[str]:
    """The weights of a request, given as text or as an object: `aspect=weight` texts."""
    given = job.get("weights", "")
    if isinstance(given, dict):
        return [f"{name}={value}" for name, value in given.items()]
    return [given]


def answer(assistant: Assistant, job: dict[str, Any]) -> Any:
    """Answer one request, after its earlier utterances."""
    session = assistant.new_session()
    for earlier in job.get("context", ()):
        if earlier.strip():
            assistant.ask(earlier, session=session, keep=False)
    return assistant.ask(
        job["text"],
        session=session,
        user=str(job["user"]) if "user" in job else None,
        like=job.get("like", ()),
        weights=weights_of(job),
        count=job.get("n"),
        keep=False,
    )
