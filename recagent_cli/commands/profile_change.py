"""`recagent profile set`, `undo`, `pause` and `resume`: what is known is put right."""

from __future__ import annotations

from typing import Annotated

import typer

from recagent_catalogs.errors import UsageError

from .profile_open import find_target, open_profiles, print_done
from .run import Run, common


@common
def set_(
    run: Run,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="TARGET WEIGHT",
            help="A title, a value (genres=Horror) or a fact's number, then -1 to 1, "
            "or like, dislike, never.",
        ),
    ],
) -> None:
    """Set what you think of an item or a value; it counts at once, and over all said before.

    recagent profile set genres=Horror -1 · recagent profile set "Ridley Scott" 0.8
    """
    from ..profiles import parse_weight

    if len(words) < 2:
        raise UsageError("set what to which weight?", hint='recagent profile set "Ridley Scott" .8')
    *named, weight = words
    unknown = [word for word in named if word.startswith("-")]
    if unknown:
        raise UsageError(f"no such option: {unknown[0]}", hint="see: recagent profile set --help")
    profiles = open_profiles(run)
    parse_weight(weight)
    meant = find_target(run, profiles, " ".join(named))
    made = profiles.set_weight(meant, weight, source="profile set")
    print_done(run, "noted", [made], profiles)


@common
def undo(
    run: Run,
    facts: Annotated[
        list[int] | None, typer.Argument(help="Numbers of facts; default: the newest.")
    ] = None,
    batch: Annotated[
        str, typer.Option("--batch", help="All that came with this import or interview.")
    ] = "",
) -> None:
    """Take facts back, and what was learned of them: they count no more.

    recagent profile undo · recagent profile undo 12 13 · recagent profile undo --batch B
    """
    from ..memory.undoing import take_back

    if facts and batch:
        raise UsageError("either numbers or --batch", hint="recagent profile undo 12")
    profiles = open_profiles(run)
    taken = take_back(profiles.store, profiles.name, facts or (), batch=batch)
    print_done(run, "taken back", taken, profiles)


@common
def pause(
    run: Run,
    on: Annotated[bool, typer.Option("--resume", help="Note again from now on.")] = False,
) -> None:
    """Note nothing of you until resumed; what is known is used all the same."""
    _pause(run, resume=on)


@common
def resume(run: Run) -> None:
    """Note again what you say and do."""
    _pause(run, resume=True)


def _pause(run: Run, *, resume: bool) -> None:
    from ..memory.pausing import pause as note_pause
    from ..ui.render import report_text

    profiles = open_profiles(run)
    source = "profile resume" if resume else "profile pause"
    news = note_pause(profiles.store, profiles.name, source=source, resume=resume)
    if run.form != "table":
        run.out(report_text("profile_pause", {"paused": not resume, "news": news}, run.form))
        return
    already = "" if news else "already "
    if resume:
        run.say(f"{already}noting: what you say and are shown is kept again")
    else:
        run.say(
            f"{already}paused: nothing new is noted, no facts, lists or conversations; "
            "recagent profile resume ends it"
        )
