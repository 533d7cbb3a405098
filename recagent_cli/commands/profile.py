"""`recagent profile`: what is known of you, and how to take it back."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from .run import Run, common

app = typer.Typer(help="See what is known of you; take facts back.", no_args_is_help=True)
FACTS = ("liked", "disliked", "rated", "seen", "never")


@app.command("show")
@common
def show(run: Run) -> None:
    """Show every fact about items that counts, with where it comes from."""
    from ..memory.store import UserStore
    from ..paths import find_paths
    from ..ui.render import report_text, rows_table

    store = UserStore(find_paths().store)
    events = store.events(run.profile_name, run.catalog, FACTS)
    told = [
        {"id": e.id, "catalog": e.catalog, "kind": e.kind, "item": e.item, "said": e.source,
         "time": time.strftime("%Y-%m-%d %H:%M", time.localtime(e.time))}
        for e in events
    ]  # fmt: skip
    if run.form != "table":
        run.out(report_text("profile", {"facts": told}, run.form))
    elif told:
        run.show(rows_table(list(told[0]), [list(fact.values()) for fact in told]))
    else:
        run.say("nothing is known yet")


@app.command("undo")
@common
def undo(
    run: Run,
    fact: Annotated[
        int | None, typer.Argument(help="Number of the fact; default: the newest.")
    ] = None,
) -> None:
    """Take a fact back: it counts no more."""
    from recagent_catalogs.errors import NotFound

    from ..memory.store import UserStore
    from ..paths import find_paths

    store = UserStore(find_paths().store)
    events = store.events(run.profile_name, run.catalog, FACTS)
    chosen = [event for event in events if fact in (None, event.id)]
    if not chosen:
        raise NotFound(
            f"no fact {fact}" if fact else "nothing is known yet", hint="recagent profile show"
        )
    store.undo_event(chosen[-1])
    run.say(f"taken back: {chosen[-1].kind} {chosen[-1].item}")
