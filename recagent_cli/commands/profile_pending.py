"""`recagent profile pending`: what was generalised and waits for your word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from recagent_catalogs.errors import NotFound, UsageError

from .profile_open import open_profiles, print_done
from .run import Run, common

if TYPE_CHECKING:
    from ..profiles import Profiles

app = typer.Typer(help="What was learned and waits for your word: accept or refuse it.")
Numbers = Annotated[list[str], typer.Argument(metavar="N…|all", help="Numbers, or all.")]


@app.callback(invoke_without_command=True)
@common
def _group(run: Run, context: typer.Context) -> None:
    """What was learned and waits for your word; accept or refuse it.

    recagent profile pending · recagent profile pending accept 12 · … refuse all
    """
    if context.invoked_subcommand is None:
        _print(run, open_profiles(run))
    elif run != Run(stack=run.stack):
        raise UsageError(
            "options stand behind the command", hint="recagent profile pending accept 12 --as ana"
        )


@app.command("list")
@common
def list_(run: Run) -> None:
    """List what waits, with what it was learned from."""
    _print(run, open_profiles(run))


def _print(run: Run, profiles: Profiles) -> None:
    from ..memory.undoing import pending
    from ..ui.profile import pending_table
    from ..ui.render import report_text

    waiting = pending(profiles.store, profiles.name, run.catalog)
    if run.form != "table":
        told = {"facts": [profiles.fact_json(event) for event in waiting]}
        run.out(report_text("profile_pending", told, run.form))
    elif waiting:
        run.show(pending_table(waiting, profiles))
        run.say("recagent profile pending accept N · refuse N · accept all")
    else:
        run.say("nothing waits for your word")


@app.command("accept")
@common
def accept(run: Run, numbers: Numbers) -> None:
    """Let it count from now on."""
    _decide(run, numbers, accept=True)


@app.command("refuse")
@common
def refuse(run: Run, numbers: Numbers) -> None:
    """Refuse it; it is not proposed again."""
    _decide(run, numbers, accept=False)


def _decide(run: Run, numbers: list[str], *, accept: bool) -> None:
    from ..memory.undoing import decide, pending

    profiles = open_profiles(run)
    if numbers == ["all"]:
        chosen = [event.id for event in pending(profiles.store, profiles.name, run.catalog)]
        if not chosen:
            raise NotFound("nothing waits for your word", hint="recagent profile show")
    else:
        chosen = [_number(word) for word in numbers]
    done = decide(profiles.store, profiles.name, chosen, accept=accept)
    print_done(run, "accepted" if accept else "refused", done, profiles)


def _number(word: str) -> int:
    plain = word.removeprefix("#")
    if not (plain.isascii() and plain.isdigit()):
        raise UsageError(f"{word!r} is no number", hint="recagent profile pending")
    return int(plain[:18])
