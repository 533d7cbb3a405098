"""`recagent profile show` and `why`: what is known, and where it comes from."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from .profile_open import find_target, open_profiles
from .run import Run, common


@common
def show(
    run: Run,
    everything: Annotated[
        bool, typer.Option("--all", help="Every fact, not only the latest few.")
    ] = False,
) -> None:
    """Show all that is known of you: tastes, verdicts, what was seen, the watchlist.

    recagent profile show · recagent profile show -c games --all · recagent profile show --json
    """
    from ..ui.profile import profile_renderables
    from ..ui.render import report_text

    profiles = open_profiles(run)
    known = profiles.known(run.catalog)
    if run.form != "table":
        run.out(report_text("profile", profiles.to_json(known), run.form))
        return
    drawn = (sys.stdout.encoding or "").lower().startswith("utf")
    run.show(*profile_renderables(profiles, known, everything=everything, ascii_only=not drawn))
    if profiles.store.damaged:
        run.say(f"note: damaged rows were left out: {', '.join(profiles.store.damaged[:5])}")


@common
def why(
    run: Run,
    target: Annotated[
        list[str], typer.Argument(help="Number of a fact, a title, or a value: genres=Horror.")
    ],
) -> None:
    """Say where a fact or a taste comes from, and how its weight came about.

    recagent profile why 12 · recagent profile why Alien · recagent profile why genres=Horror
    """
    from ..ui.profile import why_renderables
    from ..ui.render import report_text

    profiles = open_profiles(run)
    origin = profiles.origin(find_target(run, profiles, " ".join(target)))
    if run.form != "table":
        run.out(report_text("profile_why", profiles.why_json(origin), run.form))
        return
    run.show(*why_renderables(origin, profiles))
