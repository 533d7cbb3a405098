"""`recagent bus`: the candidates of a session, for scripts: look, go back, join, save."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recagent_catalogs.errors import BadInput, NotFound, RecagentError

from .run import Run, common

if TYPE_CHECKING:
    from ..agent.request import Operation
    from ..agent.session import Session
    from ..assistant import Assistant

app = typer.Typer(
    help="The candidates of a session: go back, join sets, see what changed.",
    no_args_is_help=True,
)
SessionOption = Annotated[
    str | None, typer.Option("--session", help="Which session; default: the one used last.")
]
CountOption = Annotated[int | None, typer.Option("-n", "--count", min=1, help="How many items.")]
NameArgument = Annotated[str, typer.Argument(help='Name of a set, or "list 2".')]


@app.command("show")
@common
def show(
    run: Run,
    all_: Annotated[bool, typer.Option("--all", help="All candidates, not the list.")] = False,
    n: CountOption = None,
    session: SessionOption = None,
) -> None:
    """Show how many candidates there are, how they came about, and the list that stands.

    recagent bus show --all --format ids -n 50
    """
    assistant, held = _opened(run, session)
    if all_:
        run.print_items(assistant.candidates(held, n), assistant)
        return
    bus, items = held.bus, assistant.standing(held)[:n]
    if run.form == "json":
        body = {
            "session": held.id,
            "catalog": assistant.catalog.name,
            "candidates": len(bus),
            "funnel": bus.funnel(),
            "list": bus.standing,
            "lists": len(bus.lists),
            "sets": sorted(bus.saved),
            "items": [item.to_json() for item in items],
        }
        _report(run, "bus", body)
    elif run.form == "table":
        from rich.text import Text

        from recagent_catalogs.text import clean

        number = f" · list {bus.standing}" if bus.standing else ""
        run.show(Text(f"{len(bus):,} candidates{number}: {clean(bus.funnel())}"))
        run.print_items(items, assistant)
    else:
        run.print_items(items, assistant)


@app.command("lists")
@common
def lists(run: Run, session: SessionOption = None) -> None:
    """List the lists that were shown, by their numbers."""
    from ..bus_report import lists_table, lists_told

    assistant, held = _opened(run, session)
    body = {"session": held.id, "lists": lists_told(held)}
    _told(run, assistant, "lists", body, *lists_table(held))


@app.command("sets")
@common
def sets(run: Run, session: SessionOption = None) -> None:
    """List the named sets."""
    from ..bus_report import sets_table, sets_told

    assistant, held = _opened(run, session)
    body = {"session": held.id, "sets": sets_told(held.bus)}
    _told(run, assistant, "sets", body, *sets_table(held.bus))


@app.command("history")
@common
def history(run: Run, session: SessionOption = None) -> None:
    """List the stages: every tool that changed the candidates, with counts and times."""
    from ..agent.ruled import scrubbed
    from ..bus_report import history_table, history_told

    assistant, held = _opened(run, session)
    stages = scrubbed(history_told(held.bus), assistant.catalog)
    body = {"session": held.id, "stages": stages}
    _told(run, assistant, "history", body, *history_table(held.bus))


@app.command("diff")
@common
def diff(
    run: Run,
    first: Annotated[
        str, typer.Argument(help="A list's number or a set; default: the list before.")
    ] = "",
    second: Annotated[
        str, typer.Argument(help="Likewise; default: the list that stands now.")
    ] = "",
    session: SessionOption = None,
) -> None:
    """Show what changed from one list or set to another: added, gone, moved.

    recagent bus diff · recagent bus diff 1 3 · recagent bus diff weekend
    """
    from ..bus_report import difference_table, difference_told

    assistant, held = _opened(run, session)
    told = difference_told(held.bus, assistant.catalog, first, second)
    body = {"session": held.id, **told}
    _told(run, assistant, "diff", body, *difference_table(told))


# -- operations -----------------------------------------------------------------------------------


def _step(op: str, about: str) -> None:
    """Add a command that goes a step among the lists."""

    def command(run: Run, session: SessionOption = None) -> None:
        _operate(run, session, op)

    command.__doc__ = about
    app.command(op)(common(command))


def _with_set(op: str, about: str) -> None:
    """Add a command that makes other candidates by a set or list."""

    def command(
        run: Run, name: NameArgument, n: CountOption = None, session: SessionOption = None
    ) -> None:
        _operate(run, session, op, n, name=name)

    command.__doc__ = about
    app.command(op)(common(command))


_step("undo", "Go back to the list before the last change.")
_step("redo", "Take the last undo back.")


@app.command("list", context_settings={"ignore_unknown_options": True})
@common
def list_(
    run: Run,
    number: Annotated[int, typer.Argument(help="Of the list; -1 is the last one shown.")],
    session: SessionOption = None,
) -> None:
    """Go back to a list by its number."""
    _operate(run, session, "list", number=number)


@app.command("save")
@common
def save(
    run: Run,
    name: Annotated[str, typer.Argument(help="Name of the set.")],
    all_: Annotated[bool, typer.Option("--all", help="All candidates, not the list.")] = False,
    session: SessionOption = None,
) -> None:
    """Give the list that stands a name; with --all all candidates."""
    _operate(run, session, "save", name=name, all=all_)


_with_set("load", "Make a named set the candidates.")


@app.command("forget")
@common
def forget(
    run: Run,
    name: Annotated[str, typer.Argument(help="Name of the set.")],
    session: SessionOption = None,
) -> None:
    """Take a set's name away."""
    _operate(run, session, "forget", name=name)


_with_set("union", "Add a set to the list that stands.")
_with_set("minus", "Take a set away from the candidates.")
_with_set("intersect", "Keep only the candidates that are also in a set.")


@app.command("drop")
@common
def drop(
    run: Run,
    items: Annotated[list[str], typer.Argument(help="Places in the list, titles or ids.")],
    n: CountOption = None,
    session: SessionOption = None,
) -> None:
    """Drop items: by their place in the list that stands, by title or id.

    recagent bus drop 2 4 "Heat"
    """
    named = tuple(f"#{item}" if item.isdigit() else item for item in items)
    _narrowed(run, session, n, drop=named)


@app.command("filter")
@common
def filter_(
    run: Run,
    where: Annotated[list[str], typer.Argument(help='Conditions, as "year < 1990".')],
    n: CountOption = None,
    session: SessionOption = None,
) -> None:
    """Keep only the candidates that meet all conditions.

    recagent bus filter "year < 1990" "genres lacks Horror"
    """
    _narrowed(run, session, n, where=where)


# -- shared ---------------------------------------------------------------------------------------


def _opened(run: Run, session: str | None, *, changing: bool = False) -> tuple[Assistant, Session]:
    """The session; where it is to be changed, one command after the other, lest one be lost."""
    from recagent_catalogs.locks import locked

    from ..paths import make_dir

    run.at_session(session)
    assistant = run.assistant(build=False)
    if changing:
        if not assistant.keeps:
            raise BadInput("not kept: the profile is paused", hint="recagent profile resume")
        lock = make_dir(assistant.paths.store.parent, private=True) / "bus.lock"
        run.stack.enter_context(locked(lock))
    held = assistant.load_session(session)
    if held is None:
        raise NotFound(
            f"no session in the catalog {assistant.catalog.name} yet",
            hint='recagent ask "…" begins one',
        )
    return assistant, held


@contextmanager
def _noted(run: Run, assistant: Assistant) -> Iterator[None]:
    """Tell the notices also where the command fails: they may be the reason."""
    try:
        yield
    except RecagentError:
        for _, notice in assistant.take_notices():
            run.say(f"note: {notice}")
        raise


def _operate(
    run: Run, session: str | None, op: Any, count: int | None = None, **arguments: Any
) -> None:
    from ..agent.request import Operation

    assistant, held = _opened(run, session, changing=True)
    wanted: Sequence[Operation] = (Operation(op, **arguments),)
    with _noted(run, assistant):
        turn = assistant.operate(wanted, session=held, count=count)
    run.print_turn(turn, assistant)


def _narrowed(
    run: Run,
    session: str | None,
    count: int | None,
    *,
    drop: Sequence[str] = (),
    where: Sequence[str] = (),
) -> None:
    assistant, held = _opened(run, session, changing=True)
    with _noted(run, assistant):
        turn = assistant.operate(session=held, drop=drop, where=where, count=count)
    run.print_turn(turn, assistant)


def _report(run: Run, kind: str, body: dict[str, Any]) -> None:
    from ..ui.render import report_text

    run.out(report_text(kind, body, run.form))


def _told(
    run: Run,
    assistant: Assistant,
    kind: str,
    body: dict[str, Any],
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
) -> None:
    """A table for people, a report for programs."""
    from ..ui.render import rows_table

    for _, notice in assistant.take_notices():
        run.say(f"note: {notice}")
    if run.form != "table":
        _report(run, kind, body)
    elif rows:
        run.show(rows_table(columns, rows))
    else:
        run.say("none yet" if kind != "diff" else "no difference")
