"""`recagent why`: why an item is in a list."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import StyleOption
from .run import Run, common


@common
def command(
    run: Run,
    item: Annotated[str, typer.Argument(help='Place in the list, title or id: 2, "Arrival".')],
    session: Annotated[
        str | None, typer.Option("--session", help="Session; default: the one used last.")
    ] = None,
    style: StyleOption = None,
) -> None:
    """Show why an item is in a list: the evidence, in words and figures.

    recagent why 2 · recagent why 2 --style short · recagent why "Arrival" --json
    """
    run.at_session(session)
    assistant = run.assistant(**run.style_option(style))
    held = assistant.load_session(session)
    evidence = assistant.why(item, session=held)
    run.print_evidence("why", evidence, assistant.because(evidence, session=held), assistant)
