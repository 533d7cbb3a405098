"""`recagent catalog`: add, list, show, remove catalogs; choose the one in use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .run import Run, common, plain

if TYPE_CHECKING:
    from recagent_catalogs.report import Dropped
    from recagent_catalogs.store import Catalog

ALL_BEST = 0.95
"""Share of the best ratings from which on it is told that nearly all are."""
BURST_S = 86_400

app = typer.Typer(help="Add, list, show, use and remove catalogs.", no_args_is_help=True)

Column = Annotated[str | None, typer.Option(help="Name of that column in the file.")]


@app.command("add")
@plain
def add(
    run: Run,
    words: Annotated[
        list[str], typer.Argument(metavar="[NAME] PATH", help="A name, and a file, folder or zip.")
    ],
    interactions: Annotated[
        Path | None, typer.Option("--interactions", help="Table of who took what.")
    ] = None,
    schema: Annotated[
        Path | None, typer.Option("--schema", help="A catalog.toml that names the columns' roles.")
    ] = None,
    title_column: Column = None,
    id_column: Column = None,
    year_column: Column = None,
    user_column: Column = None,
    item_column: Column = None,
    value_column: Column = None,
    time_column: Column = None,
    skip_bad_rows: Annotated[
        bool, typer.Option("--skip-bad-rows", help="Leave bad rows out instead of stopping.")
    ] = False,
    rejects: Annotated[
        Path | None, typer.Option("--rejects", help="A new CSV file for the rows left out.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a catalog of that name.")
    ] = False,
) -> None:
    """Read your own data: MovieLens as it comes, or any CSV, TSV, Parquet or JSONL.

    recagent catalog add ml ~/ml-latest-small · recagent catalog add b.csv --interactions reads.csv
    """
    from recagent_catalogs.errors import UsageError
    from recagent_catalogs.ingest import Overrides

    from ..ui.render import report_text
    from ..whole_file import typed_path
    from .opening import open_library

    if rejects is not None and not skip_bad_rows:
        raise UsageError("--rejects needs --skip-bad-rows")
    if len(words) > 2:
        raise UsageError("a name and one path, no more", hint="recagent catalog add [NAME] PATH")
    name, path = (words[0], words[1]) if len(words) == 2 else (None, words[0])
    overrides = Overrides(
        title_column=title_column,
        id_column=id_column,
        year_column=year_column,
        user_column=user_column,
        item_column=item_column,
        value_column=value_column,
        time_column=time_column,
        schema=schema,
    )
    library = open_library(run, once=f"reading {path} …", whole=True)
    name, report = library.add(
        typed_path(path),
        name,
        interactions=interactions,
        overrides=overrides,
        replace=replace,
        skip_bad_rows=skip_bad_rows,
        rejects=rejects,
    )
    run.stack.close()
    if report.rejects:
        where = rejects or library.directory(name) / "rejects.csv"
        run.say(f"{_rejected(report.dropped)}; these rows: {where}")
    if run.form != "table":
        run.out(report_text("catalog", report.to_json(), run.form))
        return
    _show_report(run, name, report.to_json())
    run.say(f"next: recagent build {name}")


@app.command("list")
@plain
def list_(run: Run) -> None:
    """List the catalogs."""
    from ..ui.render import report_text, rows_table
    from .opening import open_library

    library = open_library(run, whole=True)
    current = run.catalog_name
    told = []
    for name in library.names():
        entry: dict[str, Any] = {
            "name": name,
            "in_use": name == current,
            "items": None,
            "users": None,
            "interactions": None,
            "built": False,
        }
        if library.is_installed(name):
            entry.update(_sizes(library.open(name), library))
        told.append(entry)
    if run.form != "table":
        run.out(report_text("catalogs", {"catalogs": told}, run.form))
        return
    rows = [
        [
            "*" if e["in_use"] else "",
            e["name"],
            e["items"],
            e["users"],
            e["interactions"],
            "yes" if e["built"] else "not yet",
        ]
        for e in told
    ]
    run.show(rows_table(["", "catalog", "items", "users", "interactions", "trained"], rows))


@app.command("show")
@common
def show(
    run: Run,
    name: Annotated[str | None, typer.Argument(help="Catalog; default: the one in use.")] = None,
) -> None:
    """Show a catalog: its columns, its data report, its models."""
    from ..ui.render import report_text
    from .opening import open_catalog, open_library

    catalog = open_catalog(run, name, whole=True)
    body = {**catalog.report, **_models(catalog, open_library(run, whole=True))}
    if run.form != "table":
        run.out(report_text("catalog", body, run.form))
        return
    _show_report(run, catalog.path.name, body)


@app.command("remove")
@plain
def remove(
    run: Run,
    name: Annotated[str, typer.Argument(help="Catalog to remove.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove a catalog and its models from this machine; the source files stay."""
    import sys

    from recagent_catalogs.errors import NotFound, UsageError

    from ..paths import find_paths
    from ..settings import set_setting
    from .opening import open_library

    library = open_library(run, whole=True)
    if not library.is_installed(name):
        raise NotFound(f"no catalog {name!r}", hint="recagent catalog list")
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("removing needs a yes", hint=f"recagent catalog remove {name} --yes")
        if not typer.confirm(f"Remove the catalog {name} and its models?", err=True):
            run.say("kept")
            return
    library.remove(name)
    run.say(f"removed {name}")
    if run.settings["catalog"] == name:
        set_setting(find_paths(), "catalog", "")
        run.say("it was the catalog in use; movies is now")


@app.command("use")
@plain
def use(run: Run, name: Annotated[str, typer.Argument(help="Catalog to use from now on.")]) -> None:
    """Choose the catalog that is used where none is named."""
    from ..paths import find_paths
    from ..settings import set_setting
    from .opening import open_library

    open_library(run, whole=True).open(name)
    set_setting(find_paths(), "catalog", name)
    run.say(f"using {name}")


def _sizes(catalog: Catalog, library: Any) -> dict[str, Any]:
    interactions = catalog.interactions
    return {
        "items": catalog.n_items,
        "users": catalog.n_users,
        "interactions": 0 if interactions is None else len(interactions),
        "built": library.engine(catalog).trained,
    }


def _models(catalog: Catalog, library: Any) -> dict[str, Any]:
    manifest = library.engine(catalog).manifest
    return {"simulated": catalog.schema.simulated, "models": manifest}


def _show_report(run: Run, name: str, body: dict[str, Any]) -> None:
    """The data report for people: sizes, columns, what was dropped, warnings."""
    from ..ui.render import cell_text, rows_table

    run.out(
        f"{name}: {body['items']:,} items, {body['users']:,} users, "
        f"{body['interactions']:,} interactions ({body['feedback']})"
    )
    if body.get("simulated"):
        run.out("the interactions are simulated: drawn by a seeded generator from taste lists")
    if body.get("density"):
        run.out(f"density {body['density']:.3%}, order by {body['order']}")
    for key in ("values", "time"):
        if body.get(key):
            told = ", ".join(f"{k} {cell_text(v)}" for k, v in body[key].items())
            run.out(f"{key}: {told}")
    roles = body.get("roles") or []
    if roles:
        rows = [[r["source"] or "–", r["column"], r["role"], r["how"]] for r in roles]
        run.show(rows_table(["in the file", "column", "role", "known by"], rows))
    for dropped in body.get("dropped") or []:
        lines = ", ".join(map(str, dropped["lines"]))
        more = " …" if dropped["count"] > len(dropped["lines"]) else ""
        where = f" ({'lines' if ',' in lines else 'line'} {lines}{more})" if lines else ""
        run.out(f"left out: {dropped['count']:,} of {dropped['file']}: {dropped['reason']}{where}")
    for group in body.get("look_alikes") or []:
        run.out(_look_alikes(group))
    for warning in body.get("warnings") or []:
        run.say(f"note: {_warning(warning)}")


def _look_alikes(group: dict[str, Any]) -> str:
    """One line on users who look alike: what is seen, and no verdict on them."""
    pushed = ", ".join(item["title"] or item["id"] for item in group["items"][:3])
    pushed += " …" if len(group["items"]) > 3 else ""
    signs = []
    if group["best"] is not None and group["best"] >= ALL_BEST:
        signs.append("nearly all of their ratings are the best")
    if group["within_s"] is not None and group["within_s"] <= BURST_S:
        signs.append("all within a day")
    told = f" ({', '.join(signs)})" if signs else ""
    return (
        f"look alike: {group['users']:,} users have nearly the same history, and many of those who "
        f"took {pushed} are among them{told}; perhaps a class or a club, perhaps made up; kept, "
        "but the models count them as one person (look_alikes in --json has their ids)"
    )


def _rejected(dropped: list[Dropped]) -> str:
    """How many bad rows were left out, by reason."""
    bad = sorted((entry for entry in dropped if entry.rows), key=lambda entry: -entry.count)
    told = ", ".join(f"{entry.count:,} {entry.reason}" for entry in bad)
    count = sum(entry.count for entry in bad)
    return f"{count:,} bad {'row' if count == 1 else 'rows'} left out ({told})"


def _warning(warning: Any) -> str:
    if isinstance(warning, str):
        return warning
    place = ":".join(str(warning[key]) for key in ("file", "line") if warning.get(key))
    return f"{place}: {warning['message']}" if place else str(warning["message"])
