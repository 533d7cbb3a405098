"""`recagent profile forget`: removes what is known, everywhere it is kept."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from recagent_catalogs.errors import BadInput, NotFound, UsageError

from .profile_open import confirm, open_profiles
from .run import Run, common

if TYPE_CHECKING:
    from ..forgetting import Wanted
    from ..oblivion import Forgetting
    from ..profiles import Profiles

SPANS = {"h": 3600.0, "d": 86_400.0, "w": 7 * 86_400.0}


@common
def forget(
    run: Run,
    target: Annotated[
        list[str] | None,
        typer.Argument(
            help="A title, a value (genres=Horror), a fact's number, or words you said."
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of this profile.")] = False,
    session: Annotated[
        str | None, typer.Option("--session", help="A conversation, and the facts it left.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="All noted since: 2026-11-01, 3d, 12h, 2w.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Train anew the models that learned from it.")
    ] = False,
    finish: Annotated[
        bool, typer.Option("--finish", help="Clean the files after an earlier one was held up.")
    ] = False,
) -> None:
    """Remove what is known of you, for good: facts, what was learned of them, conversations.

    recagent profile forget Alien · … forget 12 13 · … forget --since 3d · … forget --all --yes
    """
    from ..oblivion import Oblivion
    from ..paths import find_paths

    profiles = open_profiles(run)
    if finish:
        from ..forgetting import Wanted

        Oblivion(profiles, find_paths(), Wanted()).finish()
        run.say("the files hold nothing that was forgotten")
        return
    wanted, about = _wanted(run, profiles, " ".join(target or ()), everything, session, since)
    oblivion = Oblivion(profiles, find_paths(), wanted)
    told = oblivion.look()
    if not told.anything:
        raise NotFound(f"nothing is noted about {about}", hint="recagent profile show")
    if not yes:
        run.say(f"forget {about}: {told.text()}")
        if told.models:
            run.say(f"  models trained with it: {', '.join(told.models)}")
    if not confirm(run, "Remove it for good?", yes=yes):
        run.say("nothing was done")
        return
    done = oblivion.forget()
    rebuilt = _rebuild(run, done) if rebuild else ()
    _print(run, about, done, rebuilt)


def _wanted(
    run: Run,
    profiles: Profiles,
    text: str,
    everything: bool,
    session: str | None,
    since: str | None,
) -> tuple[Wanted, str]:
    """What is meant, and how it is called."""
    from ..forgetting import Wanted
    from ..oblivion import wanted_of
    from ..targets import Targets

    given = [bool(text), everything, session is not None, since is not None]
    if sum(given) > 1 or (everything and run.catalog):
        raise UsageError("forget one thing at a time", hint="a title, --session, --since, --all")
    if everything:
        return Wanted(everything=True), f"all of the profile {profiles.name}"
    if session is not None:
        session = profiles.store.full_id(session, profiles.name)
        return Wanted(session=session), f"the conversation {session}"
    if since is not None:
        return Wanted(since=_moment(since)), f"all since {since}"
    if not text:
        if run.catalog is None:
            raise UsageError("forget what?", hint="a title, a value, a number, -c NAME, or --all")
        return Wanted(catalog=run.catalog), f"all about the catalog {run.catalog}"
    found = Targets.among(profiles, run.catalog, run.catalog_name).meant(text)
    labels = dict.fromkeys(
        f"fact {t.fact}" if t.fact else profiles.label_of(t.catalog, t.column, t.value, t.item)
        for t in found
    )
    return wanted_of(found, text, profiles), ", ".join(labels) or f"the words {text!r}"


def _moment(text: str) -> float:
    """Seconds since 1970 of a date, a time, or a span before now.

    Raises:
        BadInput: it is none.
    """
    import datetime

    plain = text.strip().casefold()
    if plain[-1:] in SPANS and plain[:-1].isascii() and plain[:-1].isdigit():
        return time.time() - int(plain[:-1][:9]) * SPANS[plain[-1]]
    try:
        return datetime.datetime.fromisoformat(plain).timestamp()
    except (ValueError, OverflowError, OSError):
        raise BadInput(f"since: {text!r} is no time", hint="2026-11-01, 3d, 12h, 2w") from None


def _rebuild(run: Run, done: Forgetting) -> tuple[str, ...]:
    """Train the marked models anew, as `recagent build` does; the marked builds go."""
    from .build import train
    from .opening import open_library

    library, rebuilt = open_library(run, "training anew …", whole=True), []
    for name in done.models:
        if library.is_installed(name):
            train(run, library.open(name))
            rebuilt.append(name)
    return tuple(rebuilt)


def _print(run: Run, about: str, done: Forgetting, rebuilt: tuple[str, ...]) -> None:
    from ..ui.render import report_text

    if run.form != "table":
        told = {"about": about, **done.to_json(), "rebuilt": list(rebuilt)}
        run.out(report_text("profile_forgotten", told, run.form))
        return
    run.say(f"forgotten: {about}: {done.text()}")
    for name in done.models:
        if name not in rebuilt:
            run.say(f"the models of {name} learned from it: recagent build {name} makes new ones")
