"""`recagent why`: why an item is in a list."""

from __future__ import annotations

from typing import Annotated

import typer

from .run import Run, common


@common
def command(
    run: Run,
    item: Annotated[str, typer.Argument(help='Place in the list, title or id: 2, "Arrival".')],
    session: Annotated[
        str | None, typer.Option("--session", help="Session; default: the one used last.")
    ] = None,
) -> None:
    """Show why an item is in a list: the evidence, in figures.

    recagent why 2 · recagent why "Arrival" --json
    """
    assistant = run.assistant()
    evidence = assistant.why(item, session=session)
    run.print_evidence("why", evidence, assistant)
