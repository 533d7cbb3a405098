"""`recagent why-not`: why an item of the catalog is not in a list."""

from __future__ import annotations

from typing import Annotated

import typer

from .run import Run, common


@common
def command(
    run: Run,
    item: Annotated[str, typer.Argument(help='Title or id: "Blade Runner (1982)".')],
    session: Annotated[
        str | None, typer.Option("--session", help="Session; default: the one used last.")
    ] = None,
    number: Annotated[
        int, typer.Option("--list", min=0, help="Number of the list; 0: the one that stands.")
    ] = 0,
) -> None:
    """Say why an item is not in a list, and what would bring it in.

    recagent why-not "Blade Runner" · recagent why-not Heat --json
    """
    from ..ui.why_not import why_not_renderables, why_not_text

    run.at_session(session)
    assistant = run.assistant()
    answer, then = assistant.why_not(item, session=session, number=number)
    run.print_answer(
        assistant,
        lambda: why_not_renderables(answer, then),
        lambda form: why_not_text(answer, then, form),
    )
