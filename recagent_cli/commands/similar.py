"""`recagent similar`: items like one item."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import NoBuildOption, StyleOption
from .run import Run, common


@common
def command(
    run: Run,
    title: Annotated[str, typer.Argument(help='Title or id: "Alien (1979)".')],
    n: Annotated[int, typer.Option("-n", "--count", min=1, max=1000, help="How many.")] = 10,
    style: StyleOption = None,
    no_build: NoBuildOption = False,
) -> None:
    """Show items like one item.

    recagent similar "Toy Story" · recagent similar -c games "Portal" --format ids
    """
    assistant = run.assistant(build=not no_build, **run.style_option(style))
    run.print_items(assistant.similar(title, count=n), assistant)
