"""`recagent session`: the conversations kept."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recagent_catalogs.errors import NotFound, UsageError
from recagent_catalogs.text import clean

from .exporting import write_export
from .run import Run, common

if TYPE_CHECKING:
    from ..agent.kept import KeptItem
    from ..memory.session_rows import SessionHead, StoredSession
    from ..memory.store import UserStore

app = typer.Typer(help="List, show, export and delete conversations.", no_args_is_help=True)
SessionArgument = Annotated[
    str | None, typer.Argument(help="Id, or enough of it; default: the one used last.")
]
DAY_S = 86_400.0


@app.command("list")
@common
def list_(run: Run) -> None:
    """List the sessions, last used first: when, how many turns, what was asked first."""
    from ..conversation import moment, title_of
    from ..ui.recap import when_told
    from ..ui.render import report_text, rows_table

    store = _store()
    heads = [s for s in store.sessions(run.profile_name) if run.catalog in (None, s.catalog)]
    _tell_damage(run, store)
    if run.form != "table":
        told = [
            {
                "id": head.id,
                "catalog": head.catalog,
                "title": title_of(head),
                "turns": head.n_turns,
                "created": moment(head.created),
                "updated": moment(head.updated),
            }
            for head in heads
        ]
        run.out(report_text("sessions", {"sessions": told}, run.form))
        return
    if not heads:
        run.say('no session yet; recagent ask "…" begins one')
        return
    now = time.time()
    rows = [
        [h.id, when_told(h.updated, now), h.n_turns, h.catalog, clean(title_of(h), 80)]
        for h in heads
    ]
    run.show(rows_table(["id", "when", "turns", "catalog", "asked first"], rows))


@app.command("show")
@common
def show(run: Run, session: SessionArgument = None) -> None:
    """Show a session: what was asked, what was shown, how the candidates came about."""
    from ..ui.render import report_text
    from ..ui.session_text import session_lines

    told = _told(run, session)
    if run.form == "table":
        for line in session_lines(told):
            run.out(line)
        return
    turns = [
        {
            "utterance": turn["utterance"],
            "text": turn["text"],
            "shown": [_label(item) for item in turn["items"]],
            "list": turn["list"],
            "usage": turn["usage"],
        }
        for turn in told["turns"]
    ]
    body = {name: told[name] for name in ("id", "catalog", "title", "usage")}
    run.out(report_text("session", {**body, "turns": turns, "funnel": told["funnel"]}, run.form))


@app.command("export")
@common
def export(
    run: Run,
    session: SessionArgument = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; default, and -: print it.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Export a session as Markdown, or as JSON (recagent.session/1).

    recagent session export -o evening.md · recagent session export 1f3a --json
    """
    from ..ui.clean_json import dumps
    from ..ui.session_text import session_markdown

    form = _export_form(run, out)
    told = _told(run, session)
    text = session_markdown(told) if form == "md" else dumps(told, indent=2)
    turns = len(told["turns"])
    write_export(run, out, text, f"{turns:,} turn{'s' * (turns != 1)}", force=force)


@app.command("delete")
@common
def delete(
    run: Run,
    sessions: Annotated[
        list[str] | None, typer.Argument(help="Ids, or enough of them.", show_default=False)
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="All of this profile.")] = False,
    older_than: Annotated[
        float | None,
        typer.Option("--older-than", min=0, metavar="DAYS", help="Not used for so many days."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete sessions: their turns, lists and candidates, in the store and its copies.

    With --catalog, --all and --older-than take only those about that catalog.
    """
    from ..memory.deletion import delete_sessions

    if sum((bool(sessions), all_, older_than is not None)) != 1:
        raise UsageError("which sessions?", hint="ids, --all, or --older-than DAYS")
    store, profile = _store(), run.profile_name
    if sessions:
        ids = list(dict.fromkeys(store.full_id(one, profile) for one in sessions))
    else:
        ids = [head.id for head in _unused(run, store, older_than or 0.0)]
        if not ids:
            run.say("no such session")
            return
    if not _sure(len(ids), yes):
        run.say("kept")
        return
    left = _facts_of(store, ids, profile)
    copies = delete_sessions(store, ids, profile)
    run.say(f"deleted {ids[0]}" if len(ids) == 1 else f"deleted {len(ids)} sessions")
    if left:
        told = "1 fact that it gave stays" if left == 1 else f"{left} facts that they gave stay"
        run.say(f"{told} in the profile: recagent profile show")
    if copies:
        run.say(f"note: still in a copy that cannot be opened: {', '.join(copies)}")


# -- shared ---------------------------------------------------------------------------------------


def _store() -> UserStore:
    from ..memory.store import UserStore
    from ..paths import find_paths

    return UserStore(find_paths().store)


def _told(run: Run, session: str | None) -> dict[str, Any]:
    """The session asked for as `recagent.session/1`.

    Raises:
        NotFound: there is none.
    """
    from ..conversation import conversation

    store, profile = _store(), run.profile_name
    stored = (
        store.last_session(profile, run.catalog)
        if session is None
        else store.session(session, profile)
    )
    _tell_damage(run, store)
    if stored is None:
        raise NotFound("no session yet", hint="recagent session list")
    return conversation(stored, lambda item: _named(run, stored, item))


def _named(run: Run, stored: StoredSession, item: str) -> KeptItem:
    """An item of a turn from before titles were kept, as the catalog calls it today."""
    from ..agent.kept import KeptItem
    from .opening import open_catalog

    try:
        catalog = open_catalog(run, stored.catalog)
    except NotFound:
        return KeptItem(item, item)
    row = catalog.row_of(item)
    found = None if row is None else catalog.item(row)
    return KeptItem(item, item) if found is None else KeptItem(item, found.title, found.year)


def _label(item: dict[str, Any]) -> str:
    from ..agent.kept import KeptItem

    return KeptItem(item["id"], item["title"], item["year"]).label


def _export_form(run: Run, out: Path | None) -> str:
    """Which format: the one named, else by the file's name, else Markdown.

    Raises:
        UsageError: neither Markdown nor JSON was named, or the file's name says another format.
    """
    named = "json" if run.json_ else run.format_
    if named is None:
        suffix = "" if out is None else out.suffix.lower()
        if suffix not in ("", ".md", ".markdown", ".txt", ".json"):
            raise UsageError(f"{suffix}: a session is written as .md or .json", hint="or name -f")
        return "json" if suffix == ".json" else "md"
    if named not in ("md", "json"):
        raise UsageError(f"no format {named!r} for a session", hint="formats: md, json")
    return named


def _unused(run: Run, store: UserStore, days: float) -> list[SessionHead]:
    before = time.time() - days * DAY_S
    heads = store.sessions(run.profile_name)
    _tell_damage(run, store)
    return [h for h in heads if h.updated <= before and run.catalog in (None, h.catalog)]


def _sure(count: int, yes: bool) -> bool:
    """Whether that many sessions may go.

    Raises:
        UsageError: nobody is there to be asked.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError("deleting these needs a yes", hint="add --yes")
    return typer.confirm(f"Delete {count} session{'s'[: count != 1]}?", err=True)


def _facts_of(store: UserStore, ids: list[str], profile: str) -> int:
    """How many facts of the profile came of these sessions."""
    facts = store.events(profile)
    return sum(fact.session in ids and fact.kind not in ("said", "shown") for fact in facts)


def _tell_damage(run: Run, store: UserStore) -> None:
    if store.damaged:
        run.say(f"note: damaged rows were left out: {', '.join(store.damaged[:5])}")
