"""`recagent ask`: one question, one answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

import typer

from recagent_catalogs.errors import UsageError

from .options import (
    DryRunOption,
    ImageOption,
    NoBuildOption,
    NoRepeatsOption,
    SeenTooOption,
    StyleOption,
    TogetherOption,
    WatchlistOption,
    WeightsOption,
    WithOption,
)
from .run import Run, asking, read_text


@asking
def command(
    run: Run,
    text: Annotated[
        list[str] | None, typer.Argument(help="What you want; - reads standard input.")
    ] = None,
    n: Annotated[
        int | None, typer.Option("-n", "--count", min=1, max=100, help="How many.")
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", help="A user of the catalog's data to answer for.")
    ] = None,
    like: Annotated[
        list[str] | None, typer.Option("--like", help="A liked item; repeatable.")
    ] = None,
    weights: WeightsOption = None,
    with_: WithOption = None,
    together: TogetherOption = None,
    seen_too: SeenTooOption = False,
    from_watchlist: WatchlistOption = False,
    no_repeats: NoRepeatsOption = None,
    continue_: Annotated[
        bool, typer.Option("--continue", help="Go on with the last session of this catalog.")
    ] = False,
    session: Annotated[
        str | None, typer.Option("--session", help="Go on with this session.")
    ] = None,
    style: StyleOption = None,
    image: ImageOption = None,
    no_build: NoBuildOption = False,
    incognito: Annotated[bool, typer.Option("--incognito", help="Keep nothing.")] = False,
    dry_run: DryRunOption = False,
) -> None:
    """Ask in your own words, get a list with reasons.

    recagent ask "90s sci-fi like Alien, but no horror" · recagent ask --continue "but shorter"
    """
    from .going_on import going_on, held_session, is_old

    if not (text or image):
        raise UsageError("Missing argument 'TEXT...'", hint="see: recagent ask --help")
    if image and dry_run:
        raise UsageError("a plan is of words alone", hint="--dry-run without --image")
    utterance = read_text(" ".join(text or ()))
    run.at_session(session)
    options = run.brain_options()
    pictures = _pictures(image or (), options["model"])
    decides = str(options["model"] or "builtin")
    if dry_run:  # no model is opened, nor anything trained
        options["model"] = None
    assistant = run.assistant(
        fallback=not run.names_model,
        build=not (no_build or dry_run),
        **run.style_option(style),
        **run.repeats_option(no_repeats),
        **run.company_options(with_, together, user),
        incognito=incognito,
        **options,
    )
    held = held_session(assistant, session) if session is not None or continue_ else None
    if held is not None and session is None and is_old(held):
        run.say(going_on(held))
    if user is None and held is not None and not with_:
        user = held.user_in(assistant.catalog)
    asked: dict[str, Any] = {"user": user, "like": like or (), "weights": weights or (), "count": n}
    asked |= {"seen_too": seen_too, "only_wanted": from_watchlist}
    if dry_run:
        plan = assistant.plan(utterance, session=held, **asked)
        run.print_plan(replace(plan, brain=decides), assistant)
        return
    turn = assistant.ask(utterance, session=held, images=pictures, **asked)
    run.print_turn(turn, assistant)


def _pictures(files: Sequence[str], model: str | None) -> Sequence[str]:
    """The files of --image, all of them seen to be pictures, before anything is opened or built.

    Raises:
        UsageError: there is no model to look at them, or they are too many.
        BadInput: one is no picture.
    """
    if not files:
        return ()
    from ..agent.picture import MOST_PICTURES, NEEDS_MODEL, NO_EYES, open_pictures

    if model is None:
        raise UsageError(NO_EYES, hint=NEEDS_MODEL)
    if len(files) > MOST_PICTURES:
        raise UsageError(f"{len(files)} times --image", hint=f"at most {MOST_PICTURES}")
    open_pictures(files, model)
    return files
