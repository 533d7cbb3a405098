"""`recagent compare`: items side by side, and what sets them apart for a person."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import NoBuildOption
from .run import Run, common


@common
def command(
    run: Run,
    items: Annotated[list[str], typer.Argument(help="Two to five: places, titles or ids.")],
    session: Annotated[
        str | None, typer.Option("--session", help="Go by the likes of this session's list too.")
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", help="A user of the catalog's data to compare for.")
    ] = None,
    no_build: NoBuildOption = False,
) -> None:
    """Compare items side by side, and say which suits the person better.

    recagent compare 1 3 · recagent compare "Heat (1995)" Ronin
    """
    from ..ui.compare import comparison_renderables, comparison_text

    run.at_session(session)
    assistant = run.assistant(build=not no_build)
    found, context = assistant.compare(items, session=session, user=user)
    run.print_answer(
        assistant,
        lambda: comparison_renderables(found, context),
        lambda form: comparison_text(found, context, form),
    )
