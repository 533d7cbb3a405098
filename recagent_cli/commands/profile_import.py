"""`recagent profile import`: a history from elsewhere, into the profile."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .run import Run, common

if TYPE_CHECKING:
    from recagent_catalogs.store import Catalog

    from ..memory.imports.importing import History, Written
    from ..memory.imports.sources import Source


@common
def command(
    run: Run,
    place: Annotated[
        str, typer.Argument(metavar="FILE|FOLDER|ZIP|-", help="The export; - reads standard input.")
    ],
    accept_doubtful: Annotated[
        bool, typer.Option("--accept-doubtful", help="Take the likeliest item of doubtful titles.")
    ] = False,
    skip_doubtful: Annotated[
        bool, typer.Option("--skip-doubtful", help="Leave doubtful titles out without asking.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be imported; write nothing.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE", help="Write what became of each title, as csv."),
    ] = None,
    means: Annotated[
        str, typer.Option("--means", help="Rows without a verdict: seen, wanted, liked, disliked.")
    ] = "",
    title: Annotated[
        str, typer.Option("--title", metavar="COLUMN", help="Column of the titles.")
    ] = "",
    year: Annotated[str, typer.Option("--year", metavar="COLUMN", help="Of the years.")] = "",
    rating: Annotated[str, typer.Option("--rating", metavar="COLUMN", help="Of the ratings.")] = "",
    date: Annotated[str, typer.Option("--date", metavar="COLUMN", help="Of the dates.")] = "",
    people: Annotated[str, typer.Option("--people", metavar="COLUMN", help="Of the makers.")] = "",
    id_: Annotated[
        str, typer.Option("--id", metavar="COLUMN", help="Of the catalog's own ids.")
    ] = "",
    scale: Annotated[
        float, typer.Option("--scale", metavar="MAX", min=0.0, help="Highest rating there is.")
    ] = 0.0,
    user: Annotated[
        str, typer.Option("--user", metavar="ID", help="Whose rows, in a file of several people.")
    ] = "",
) -> None:
    """Bring your history: Letterboxd, IMDb, Trakt, Goodreads, Steam, MovieLens, or any table.

    Titles are matched to the catalog; what is doubtful is asked on a terminal, else left out and
    told. All of it is one batch, which `recagent profile undo --batch` takes back.
    """
    from recagent_catalogs.errors import BadInput, UsageError

    from ..agent.events import Progress
    from ..memory.imports.entries import MEANINGS, Given
    from ..memory.imports.importing import read_history, write
    from ..memory.imports.ours import is_ours
    from ..memory.imports.sources import opened
    from ..memory.store import UserStore
    from ..paths import find_paths
    from .opening import open_catalog
    from .progress import Watcher

    if accept_doubtful and skip_doubtful:
        raise UsageError("--accept-doubtful and --skip-doubtful exclude each other")
    if means and means not in MEANINGS:
        raise UsageError(f"--means {means}?", hint="one of " + ", ".join(MEANINGS))
    if run.form not in ("table", "json", "jsonl"):
        raise UsageError(f"--format {run.form} does not fit here", hint="use table or json")
    given = Given(title, year, rating, date, people, id_, scale, means, user)
    profile = run.profile_name
    catalog = open_catalog(run)
    store = UserStore(find_paths().store)
    with opened(place, sys.stdin.buffer if place == "-" else None) as sources:
        ours = [source for source in sources if is_ours(source)]
        if ours:
            if len(sources) > 1:
                raise BadInput(
                    "an export of recagent among other files", path=place, hint="name it"
                )
            _import_ours(run, ours[0], catalog, store, profile, dry_run)
            return
        with Watcher(quiet=run.quiet, verbose=False, once="reading your history …") as watcher:
            history = read_history(
                sources, catalog, given, place=place,
                progress=lambda text, share: watcher(Progress(text, share)),
            )  # fmt: skip
    if run.catalog is None:
        _require_kin(run, history)
    _settle(run, history, accept=accept_doubtful, skip=skip_doubtful)
    if report is not None:
        _write_report(report, history)
    written = write(history, store, profile, dry_run=dry_run)
    _tell(run, history, written, dry_run, report)


def _import_ours(
    run: Run, source: Source, catalog: Catalog, store: Any, profile: str, dry_run: bool
) -> None:
    """Import an export of a profile."""
    from ..memory.imports.ours import read_ours, write_ours
    from ..ui.imports import own_json, own_lines
    from ..ui.render import report_text

    history = read_ours(source, catalog, profile)
    written = write_ours(history, store, profile, dry_run=dry_run)
    if run.form == "table":
        for line in own_lines(history, written, dry_run):
            run.out(line)
    else:
        run.out(report_text("import", own_json(history, written, dry_run), run.form))


def _require_kin(run: Run, history: History) -> None:
    """A catalog that nobody named must be about what the history is about.

    Raises:
        BadInput: it is not.
    """
    from recagent_catalogs.errors import BadInput

    from ..memory.imports.importing import elsewhere

    other = elsewhere(history)
    if other is None:
        return
    family, noun = other
    fitting = " or ".join(f"-c {name}" for name in _catalogs_of(run, noun)[:3])
    raise BadInput(
        f"{family} has {noun}s, {history.catalog.name} has {history.catalog.schema.items}",
        hint=f"name the catalog: {fitting or '-c NAME'}",
    )


def _catalogs_of(run: Run, noun: str) -> list[str]:
    """The catalogs whose items are called so; nothing is installed to find out."""
    from importlib import resources

    from recagent_catalogs.errors import RecagentError
    from recagent_catalogs.schema import load_schema

    from ..memory.imports.importing import nouns
    from .opening import open_library

    library, found = open_library(run), []
    for name in library.names():
        place = library.directory(name)
        if not library.is_installed(name):
            place = Path(str(resources.files("recagent_catalogs") / name))
        try:
            if noun in nouns(load_schema(place / "catalog.toml")):
                found.append(name)
        except (RecagentError, OSError):  # a damaged one is no hint
            continue
    return found


def _settle(run: Run, history: History, *, accept: bool, skip: bool) -> None:
    """Decide what is doubtful: by the option, by asking on a terminal; else it stays."""
    doubtful = list(history.gathered.doubtful)
    if accept:
        for key in doubtful:
            history.accept(key, history.gathered.doubtful[key].match.rows[0])
    elif doubtful and not skip and _may_ask(run):
        _ask(run, history, doubtful)


def _may_ask(run: Run) -> bool:
    return run.form == "table" and not run.quiet and sys.stdin.isatty() and sys.stderr.isatty()


def _ask(run: Run, history: History, doubtful: Sequence[object]) -> None:
    """Ask for each doubtful title which item it is."""
    from ..named import whole_number
    from ..ui.imports import question

    run.say(f"{len(doubtful):,} doubtful. A number takes that one, Enter none;")
    run.say("a takes the first of each that is left, q none of them")
    every = False
    for place, key in enumerate(doubtful, start=1):
        unsure = history.gathered.doubtful[key]
        rows = unsure.match.rows
        if every:
            history.accept(key, rows[0])
            continue
        for line in question(unsure, history.catalog, place, len(doubtful)):
            run.say(line)
        while True:
            sys.stderr.write("> ")
            sys.stderr.flush()
            typed = sys.stdin.readline()
            word = typed.strip().lower()
            if not typed or word in ("q", "quit"):
                return
            if word in ("a", "all"):
                every = True
                history.accept(key, rows[0])
            elif 1 <= (whole_number(word) or 0) <= len(rows):
                history.accept(key, rows[int(word) - 1])
            elif word not in ("", "n", "no", "s", "skip"):
                run.say(f"{'1' if len(rows) == 1 else f'1 to {len(rows)}'}, Enter, a or q")
                continue
            break


def _write_report(path: Path, history: History) -> None:
    """Write the csv of all titles, whole or not at all."""
    from ..ui.imports import report_rows
    from ..ui.render import separated_lines
    from ..whole_file import write_whole

    write_whole(path, separated_lines(report_rows(history), ","))


def _tell(run: Run, history: History, written: Written, dry_run: bool, report: Path | None) -> None:
    """Print what was imported."""
    from ..ui.imports import import_json, import_lines
    from ..ui.render import report_text

    if run.form != "table":
        run.out(report_text("import", import_json(history, written, dry_run), run.form))
    else:
        for line in import_lines(history, written, dry_run, told=report is not None):
            run.out(line)
    if report is not None:
        run.say(f"every title is in {report}")
    if not history.items:
        schema = history.catalog.schema
        run.say(
            f"nothing of it is among the {schema.items} of {history.catalog.name}; "
            "choose another catalog with -c"
        )
