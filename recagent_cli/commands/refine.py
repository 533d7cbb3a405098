"""`recagent refine`: explanations from elsewhere, checked and rewritten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from .batch import parse_line, read_lines
from .options import NoBuildOption, StyleOption
from .run import Run, asking

if TYPE_CHECKING:
    from ..agent.explaining.alone import Explanation

FIELDS = {"item": (str, int), "text": str, "user": (str, int), "liked": list}
EXAMPLE = '{"item": "Alien (1979)", "text": "A comedy from 1982.", "liked": ["Heat"]}'


@asking
def command(
    run: Run,
    file: Annotated[str, typer.Argument(help="A JSONL file; - reads standard input.")] = "-",
    style: StyleOption = None,
    no_build: NoBuildOption = False,
) -> None:
    """Check and mend explanations from elsewhere: {"item", "text", "user", "liked"} a line.

    One recagent.explanation/1 a line, in order; a bad line gives a recagent.error/1 and the rest
    goes on. With a model, it rewrites what code cannot mend, and is checked again.
    """
    from recagent_catalogs.errors import BadInput, ExitCode, RecagentError, UsageError

    from ..ui.clean_json import dumps
    from ..ui.render import error_json, explanation_renderables

    if run.form not in ("table", "json", "jsonl"):
        raise UsageError("refine prints JSON lines or a table", hint="leave --format out")
    assistant = run.assistant(
        fallback=not run.names_model,
        build=not no_build,
        incognito=True,
        **run.style_option(style),
        **run.brain_options(),
    )
    table = run.format_ == "table" and not run.json_
    failed = 0
    for number, line in enumerate(read_lines(file), start=1):
        if not line.strip():
            continue
        try:
            job = parse_line(line, EXAMPLE)
            check_job(job)
            done: Explanation = assistant.refine(
                str(job["item"]),
                job["text"],
                user=str(job["user"]) if "user" in job else None,
                liked=job.get("liked", ()),
            )
            if table:
                run.show(*explanation_renderables(done))
            else:
                run.out(dumps(done.to_json()))
        except RecagentError as error:
            failed += 1
            run.say(f"line {number}: {error.message}")
            if not table:
                run.out(error_json(error, line=number))
        except UnicodeEncodeError as error:
            failed += 1
            wrong = BadInput(f"text cannot be encoded: {error.reason}")
            if not table:
                run.out(error_json(wrong, line=number))
    if failed:
        raise typer.Exit(ExitCode.BATCH)


def check_job(job: dict[str, Any]) -> None:
    """Check the fields of a line.

    Raises:
        BadInput: an unknown field, a field of the wrong type, no item, no text.
    """
    from recagent_catalogs.errors import BadInput

    for name, value in job.items():
        if name not in FIELDS:
            raise BadInput(f"unknown field {name!r}", hint="fields: " + ", ".join(FIELDS))
        if isinstance(value, bool) or not isinstance(value, FIELDS[name]):  # type: ignore[arg-type]
            raise BadInput(f"field {name!r} is of the wrong type", hint=EXAMPLE)
        if isinstance(value, list) and not all(isinstance(part, str) for part in value):
            raise BadInput(f"field {name!r} must be a list of text", hint=EXAMPLE)
    for name in ("item", "text"):
        if not str(job.get(name, "")).strip():
            raise BadInput(f"no {name}", hint=EXAMPLE)
