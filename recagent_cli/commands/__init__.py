"""The commands, one file each: parse, call, print. What they need is imported when they run."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Annotated

import typer

COMMANDS = (
    "ask",
    "chat",
    "start",
    "batch",
    "recommend",
    "similar",
    "digest",
    "why",
    "why-not",
    "compare",
    "refine",
    "query",
    "parse",
    "build",
    "eval",
    "doctor",
    "rules",
    "paths",
)
GROUPS = ("catalog", "session", "trace", "bus", "profile", "lessons", "tools", "config")


def make_app(only: str | None = None) -> typer.Typer:
    """The command line; with `only` that command alone, because typer reads all it is given.

    Reading the signatures of all commands costs 50 ms, which help and completion need and a single
    command does not.
    """
    app = typer.Typer(
        name="recagent",
        help="A recommender assistant for the terminal: ask in your own words.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_app)
    for name in COMMANDS if only is None else [only] if only in COMMANDS else []:
        module = import_module(f"{__name__}.{name.replace('-', '_')}")
        app.command(name)(module.command)
    for name in GROUPS if only is None else [only] if only in GROUPS else []:
        app.add_typer(import_module(f"{__name__}.{name}").app, name=name)
    return app


def _version(wanted: bool) -> None:
    if wanted:
        from recagent_cli import __version__

        sys.stdout.write(f"recagent {__version__}\n")
        raise typer.Exit


def _app(
    version: Annotated[
        bool,
        typer.Option("--version", "-V", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """A recommender assistant for the terminal: ask in your own words.

    recagent ask "90s sci-fi like Alien, but no horror" · recagent chat · recagent catalog add PATH
    """
