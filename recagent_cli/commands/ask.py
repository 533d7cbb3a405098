"""`recagent ask`: one question, one answer."""

from __future__ import annotations

from typing import Annotated

import typer

from .run import Run, common, read_text


@common
def command(
    run: Run,
    text: Annotated[list[str], typer.Argument(help="What you want; - reads standard input.")],
    n: Annotated[
        int | None, typer.Option("-n", "--count", min=1, max=100, help="How many.")
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", help="A user of the catalog's data to answer for.")
    ] = None,
    like: Annotated[
        list[str] | None, typer.Option("--like", help="A liked item; repeatable.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Language model, as litellm names it.")
    ] = None,
    api_base: Annotated[
        str | None, typer.Option("--api-base", help="Address of an OpenAI-compatible server.")
    ] = None,
    continue_: Annotated[
        bool, typer.Option("--continue", help="Go on with the last session.")
    ] = False,
    session: Annotated[
        str | None, typer.Option("--session", help="Go on with this session.")
    ] = None,
    no_build: Annotated[
        bool, typer.Option("--no-build", help="Answer without training models first.")
    ] = False,
    incognito: Annotated[bool, typer.Option("--incognito", help="Keep nothing.")] = False,
) -> None:
    """Ask in your own words, get a list with reasons.

    recagent ask "90s sci-fi like Alien, but no horror" · recagent ask --continue "but shorter"
    """
    utterance = read_text(" ".join(text))
    chosen = model or str(run.settings["model"]) or None
    assistant = run.assistant(
        model=chosen,
        api_base=api_base or str(run.settings["api_base"]) or None,
        fallback=model is None,
        build=not no_build,
        incognito=incognito,
        max_steps=int(run.settings["max_steps"]),
        timeout_s=float(run.settings["timeout_s"]),
    )
    for _, notice in assistant.notices:
        run.say(f"note: {notice}")
    held = assistant.load_session(session) if session or continue_ else None
    turn = assistant.ask(utterance, session=held, user=user, like=like or (), count=n)
    run.print_turn(turn, assistant)
