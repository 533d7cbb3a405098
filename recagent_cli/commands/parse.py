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
    from ..agent.brain import PastTurn
    from ..agent.builtin.parse import Parser
    from ..ui.clean_json import dumps
    from .opening import open_catalog

    parser = Parser(open_catalog(run))
    history: list[PastTurn] = []
    for line in context or ():
        if line.strip():
            request = parser.parse(line.strip(), history)
            history.append(PastTurn(line.strip(), "", (), request))
    request = parser.parse(read_text(" ".join(text)), history)
    body = {"schema": "recagent.request/1", **request.to_json()}
    run.out(dumps(body, indent=None if run.form == "jsonl" else 2))
