"""`recagent parse`: how the built-in brain reads an utterance."""

from __future__ import annotations

from typing import Annotated

import typer

from .run import Run, common, read_text


@common
def command(
    run: Run,
    text: Annotated[list[str], typer.Argument(help="An utterance; - reads standard input.")],
    context: Annotated[
        typer.FileText | None,
        typer.Option(
            "--context", help="Earlier utterances of the person, one a line, oldest first."
        ),
    ] = None,
) -> None:
    """Show the typed request that an utterance is read as.

    recagent parse "something funny but not romantic, from the 80s" --json
    """
    from recagent_catalogs.errors import UsageError

    from ..agent.brain import PastTurn
    from ..agent.builtin.parse import Parser
    from ..ui.clean_json import dumps
    from .opening import open_catalog

    if run.form not in ("table", "json", "jsonl"):
        raise UsageError("parse prints JSON", hint="leave --format out")
    parser = Parser(open_catalog(run))
    history: list[PastTurn] = []
    for line in context or ():
        if line.strip():
            request = parser.parse(line.strip(), history)
            history.append(PastTurn(line.strip(), "", (), request))
    request = parser.parse(read_text(" ".join(text)), history)
    body = {"schema": "recagent.request/1", **request.to_json()}
    run.out(dumps(body, indent=None if run.form == "jsonl" else 2))
