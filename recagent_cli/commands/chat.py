"""`recagent chat`: a conversation on the terminal."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import NoBuildOption, StyleOption, TogetherOption, WithOption
from .run import Run, asking


@asking
def command(
    run: Run,
    user: Annotated[
        str | None, typer.Option("--user", help="A user of the catalog's data to answer for.")
    ] = None,
    continue_: Annotated[
        bool, typer.Option("--continue", help="Go on with the last session of this catalog.")
    ] = False,
    resume: Annotated[
        str | None,
        typer.Option("--resume", "--session", help="Go on with this session."),
    ] = None,
    with_: WithOption = None,
    together: TogetherOption = None,
    style: StyleOption = None,
    no_build: NoBuildOption = False,
    incognito: Annotated[bool, typer.Option("--incognito", help="Keep nothing.")] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="Lines of plain text only, for screen readers.")
    ] = False,
) -> None:
    """Talk: refine, point at what was shown ("the second one, but shorter"), like and dislike.

    /help lists what else can be done; Ctrl-C stops the turn, twice leaves.
    """
    from recagent_catalogs.errors import UsageError

    from ..brains import check_start
    from ..named import user_index
    from ..ui.chat import Chat

    if run.json_ or run.format_ not in (None, "table"):
        raise UsageError("chat prints for people", hint="use ask --json, or batch")

    run.plain = plain  # before the settings are read, which it overrules
    options = run.brain_options()
    if run.names_model:
        check_start(str(options["model"] or "builtin"), options["api_base"])
    run.at_session(resume)
    assistant = run.assistant(
        build=not no_build,
        **run.style_option(style),
        **run.company_options(with_, together, user),
        incognito=incognito,
        **options,
    )
    user_index(user, assistant.catalog)  # told now, not after the first message
    held = assistant.load_session(resume) if resume is not None or continue_ else None
    if held is None and continue_:
        run.say(f"note: no session about {assistant.catalog.name} yet; this is a new one")
    settings = run.settings
    chat = Chat(
        assistant,
        assistant.new_session(),
        user=user,
        quiet=run.quiet,
        verbose=run.verbose,
        color=bool(settings["color"]),
        width=int(settings["width"]),
        plain=run.in_sentences,
        proactive=bool(settings["proactive"]),
    )
    if held is not None:
        chat.take_up(held)
    chat.run()
