"""`recagent chat`: a conversation on the terminal."""

from __future__ import annotations

from typing import Annotated

import typer

from .run import Run, common


@common
def command(
    run: Run,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Language model, as litellm names it.")
    ] = None,
    api_base: Annotated[
        str | None, typer.Option("--api-base", help="Address of an OpenAI-compatible server.")
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", help="A user of the catalog's data to answer for.")
    ] = None,
    continue_: Annotated[
        bool, typer.Option("--continue", help="Go on with the last session.")
    ] = False,
    resume: Annotated[str | None, typer.Option("--resume", help="Go on with this session.")] = None,
    no_build: Annotated[
        bool, typer.Option("--no-build", help="Answer without training models first.")
    ] = False,
    incognito: Annotated[bool, typer.Option("--incognito", help="Keep nothing.")] = False,
) -> None:
    """Talk: refine, point at what was shown ("the second one, but shorter"), like and dislike.

    /help lists what else can be done; Ctrl-C stops the turn, twice leaves.
    """
    from ..ui.chat import Chat

    assistant = run.assistant(
        model=model or str(run.settings["model"]) or None,
        api_base=api_base or str(run.settings["api_base"]) or None,
        build=not no_build,
        incognito=incognito,
        max_steps=int(run.settings["max_steps"]),
        timeout_s=float(run.settings["timeout_s"]),
    )
    held = assistant.load_session(resume) if resume or continue_ else None
    settings = run.settings
    chat = Chat(
        assistant,
        held or assistant.new_session(),
        user=user,
        quiet=run.quiet,
        verbose=run.verbose,
        color=bool(settings["color"]),
        width=int(settings["width"]),
    )
    chat.run()
