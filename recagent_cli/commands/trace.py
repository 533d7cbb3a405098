"""`recagent trace`: what was done in each turn, looked at, run again, kept as a demonstration."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from recagent_catalogs.errors import ExitCode, NotFound

from .run import Run, common

if TYPE_CHECKING:
    from recagent_catalogs.store import Catalog

    from ..agent.tracing import Trace
    from ..traces import Traces

app = typer.Typer(
    help="What was done in each turn: list, show, run again, keep as an example.",
    no_args_is_help=True,
)
LOOSE = {"ignore_unknown_options": True}
"""So that -2 is a trace and no option."""
WhichArgument = Annotated[
    str, typer.Argument(help="Its number; last, -1: the newest one; -2: the one before it.")
]


@app.command("list")
@common
def list_(
    run: Run,
    kept: Annotated[bool, typer.Option("--kept", help="Only the demonstrations.")] = False,
) -> None:
    """List the traces, newest first: the last 200 turns, and those kept.

    recagent trace list · recagent trace list -c movies --json
    """
    from ..ui.render import report_text
    from ..ui.traces import trace_heads, traces_table

    traces = _traces(run)
    found = traces.list(run.catalog, kept=kept)
    if traces.store.damaged:
        run.say(f"note: damaged rows were left out: {', '.join(traces.store.damaged[:5])}")
    if run.form != "table":
        run.out(report_text("traces", {"traces": trace_heads(found)}, run.form))
    elif not found:
        run.say("no trace is kept" if kept else 'no trace yet; recagent ask "…" leaves one')
    else:
        run.show(traces_table(found, time.time()))


@app.command("show", context_settings=LOOSE)
@common
def show(run: Run, trace: WhichArgument = "last") -> None:
    """Show a turn as it went: answers of the model, tool calls, counts, times.

    recagent trace show last · recagent trace show 12 --format jsonl (recagent.trace/1)
    """
    from ..ui.clean_json import dumps
    from ..ui.render import report_text
    from ..ui.traces import timeline

    found = _traces(run).get(trace)
    if run.form == "table":
        run.show(*timeline(found, _catalog(run, found), int(run.settings["width"]) or 80))
    elif run.form == "jsonl":
        for told in (found.head, *found.events):
            run.out(dumps(dict(told)))
    else:
        body = {"head": dict(found.head), "events": [dict(told) for told in found.events]}
        run.out(report_text("trace", body, run.form))


@app.command("replay", context_settings=LOOSE)
@common
def replay(run: Run, trace: WhichArgument = "last") -> None:
    """Run the tools of a turn again, without a model, and say where the result differs.

    Nothing is written. With --strict it ends with 7 where it differs.
    """
    from ..ui.render import report_text
    from ..ui.traces import replay_lines

    found = _traces(run).get(trace)
    run.catalog = run.catalog or str(found.head["catalog"])
    again = run.assistant(build=False).replay(found.id)
    if run.form == "table":
        run.show(*replay_lines(again))
    else:
        run.out(report_text("replay", again.to_json(), run.form))
    if run.strict and not again.same:
        raise typer.Exit(ExitCode.CUT)


@app.command("keep", context_settings=LOOSE)
@common
def keep(
    run: Run,
    trace: WhichArgument = "last",
    undo: Annotated[bool, typer.Option("--undo", help="Keep it no longer.")] = False,
) -> None:
    """Keep a turn as a demonstration: models see it as an example, with your words.

    Only of a turn that went well. recagent trace keep 12 · recagent trace keep 12 --undo
    """
    if undo:
        _unkeep(run, trace)
        return
    found = _traces(run).keep(trace)
    run.say(f"trace {found.id} is kept; models are shown it as an example, with your words")
    run.say(f"recagent trace unkeep {found.id} ends that")


@app.command("unkeep", context_settings=LOOSE)
@common
def unkeep(run: Run, trace: WhichArgument = "last") -> None:
    """Let a turn be a demonstration no longer; it goes when it is old enough."""
    _unkeep(run, trace)


def _unkeep(run: Run, trace: str) -> None:
    found = _traces(run).unkeep(trace)
    run.say(f"trace {found.id} is no demonstration")


def _traces(run: Run) -> Traces:
    from ..memory.store import UserStore
    from ..paths import find_paths
    from ..traces import Traces

    return Traces(UserStore(find_paths().store), run.profile_name)


def _catalog(run: Run, trace: Trace) -> Catalog | None:
    """The catalog of a trace, for its titles; None where it is not there any more."""
    from .opening import open_catalog

    try:
        return open_catalog(run, str(trace.head["catalog"]))
    except NotFound:
        return None
