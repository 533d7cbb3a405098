"""`recagent session`: the conversations kept."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recagent_catalogs.errors import NotFound

from .run import Run, common

if TYPE_CHECKING:
    from recagent_catalogs.store import Catalog

    from ..memory.store import StoredSession, UserStore

app = typer.Typer(help="List, show and delete conversations.", no_args_is_help=True)


@app.command("list")
@common
def list_(run: Run) -> None:
    """List the sessions, last used first."""
    from ..memory.store import UserStore
    from ..paths import find_paths
    from ..ui.render import report_text, rows_table

    store = UserStore(find_paths().store)
    sessions = store.sessions(run.profile_name)
    _tell_damage(run, store)
    told = [
        {"id": s.id, "catalog": s.catalog, "turns": s.n_turns, "updated": _moment(s.updated)}
        for s in sessions
        if run.catalog in (None, s.catalog)
    ]
    if run.form != "table":
        run.out(report_text("sessions", {"sessions": told}, run.form))
        return
    run.show(rows_table(["id", "catalog", "turns", "updated"], [list(t.values()) for t in told]))


@app.command("show")
@common
def show(
    run: Run,
    session: Annotated[str | None, typer.Argument(help="Id; default: the one used last.")] = None,
) -> None:
    """Show a session: what was asked, what was shown, how the candidates came about."""
    from ..memory.store import UserStore
    from ..paths import find_paths
    from ..ui.render import report_text
    from .opening import open_catalog

    store = UserStore(find_paths().store)
    profile = run.profile_name
    stored = (
        store.session(session, profile) if session else store.last_session(profile, run.catalog)
    )
    _tell_damage(run, store)
    if stored is None:
        raise NotFound("no session yet", hint="recagent session list")
    catalog = open_catalog(run, stored.catalog)
    turns, funnel = _told(stored, catalog)
    if run.form != "table":
        body = {"id": stored.id, "catalog": stored.catalog, "turns": turns, "funnel": funnel}
        run.out(report_text("session", body, run.form))
        return
    for turn in turns:
        of_list = f"  (list {turn['list']})" if turn["list"] and turn["shown"] else ""
        run.out(f"> {turn['utterance']}{of_list}")
        run.out(str(turn["text"]))
        for number, title in enumerate(turn["shown"], start=1):
            run.out(f"  {number}. {title}")
    run.out(funnel)


@app.command("delete")
@common
def delete(run: Run, session: Annotated[str, typer.Argument(help="Id of the session.")]) -> None:
    """Delete a session and its turns."""
    from ..memory.store import UserStore
    from ..paths import find_paths

    profile = run.profile_name
    UserStore(find_paths().store).delete_session(session, profile)
    run.say(f"deleted {session}")


def _tell_damage(run: Run, store: UserStore) -> None:
    if store.damaged:
        run.say(f"note: damaged rows were left out: {', '.join(store.damaged[:5])}")


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def _told(stored: StoredSession, catalog: Catalog) -> tuple[list[dict[str, Any]], str]:
    from recagent_tools.bus_file import bus_from_bytes

    from ..agent.turn import past_from_json

    turns = []
    for body in stored.turns:
        past, ids = past_from_json(body)
        rows = [(item, catalog.row_of(item)) for item in ids]
        shown = [catalog.label(row) if row is not None else item for item, row in rows]
        told = {"utterance": past.utterance, "text": past.text, "shown": shown}
        turns.append({**told, "list": past.number})
    try:
        funnel = bus_from_bytes(stored.bus).funnel()
    except ValueError:  # the turns are there all the same
        funnel = ""
    return turns, funnel
