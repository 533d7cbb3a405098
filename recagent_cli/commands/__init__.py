"""The commands, one file each: parse, call, print. What they need is imported when they run."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from . import (
    ask,
    batch,
    build,
    catalog,
    chat,
    config,
    doctor,
    parse,
    paths,
    query,
    recommend,
    session,
    similar,
    tools,
)

app = typer.Typer(
    name="recagent",
    help="A recommender assistant for the terminal: ask in your own words.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from recagent_cli import __version__

        sys.stdout.write(f"recagent {__version__}\n")
        raise typer.Exit


@app.callback()
def _app(
    version: Annotated[
        bool,
        typer.Option("--version", "-V", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """A recommender assistant for the terminal: ask in your own words.

    recagent ask "90s sci-fi like Alien, but no horror" · recagent chat · recagent catalog add PATH
    """


for module in (ask, chat, batch, recommend, similar, query, parse, build, doctor, paths):
    app.command(module.NAME)(module.command)
for group in (catalog, session, tools, config):
    app.add_typer(group.app, name=group.NAME)
