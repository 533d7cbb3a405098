"""`recagent recommend`: a list for a user of the data, for likes, or for the person."""

from __future__ import annotations

from typing import Annotated

import typer

from .run import NoBuildOption, Run, common, read_text


@common
def command(
    run: Run,
    user: Annotated[
        str | None, typer.Option("--user", help="A user of the catalog's data.")
    ] = None,
    like: Annotated[
        list[str] | None,
        typer.Option("--like", help="A liked item, by title or id; repeatable; - reads lines."),
    ] = None,
    unlike: Annotated[
        list[str] | None, typer.Option("--unlike", help="A disliked item; repeatable.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option("--where", help='A condition, as "year 1990..1999"; repeatable.'),
    ] = None,
    n: Annotated[int, typer.Option("-n", "--count", min=1, max=1000, help="How many.")] = 10,
    no_build: NoBuildOption = False,
) -> None:
    """Recommend for a user, for likes, or from your own profile.

    recagent recommend -c ml --user 42 -n 10 --format csv · recagent recommend --like "Alien (1979)"
    """
    liked = [
        title for text in like or () for title in read_text(text).splitlines() if title.strip()
    ]
    assistant = run.assistant(build=not no_build)
    items = assistant.recommend(
        user=user, like=liked, unlike=unlike or (), where=where or (), count=n
    )
    run.print_items(items, assistant)
    if not items:
        run.say("note: nothing is left under these conditions")
