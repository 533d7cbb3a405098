"""`recagent digest`: what is new for you since the last one; for cron and the start of a shell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from .run import Run, common

if TYPE_CHECKING:
    from ..digest import Digester, Found


@common
def command(
    run: Run,
    n: Annotated[int, typer.Option("-n", "--count", min=1, max=100, help="How many.")] = 3,
    peek: Annotated[
        bool, typer.Option("--peek", help="Look; the next digest tells it too.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Also what was told before, unless seen or refused.")
    ] = False,
) -> None:
    """Tell what came into the catalog or newly fits you since the last digest, and why.

    Where nothing did it prints nothing and ends with 0 (-v says so). It trains nothing and asks no
    model. recagent digest -n 5 · in ~/.bashrc: recagent digest --quiet
    """
    from recagent_catalogs.errors import RecagentError

    digester = _open(run)
    if digester is None:
        _nothing(run, f"the models of {run.catalog_name} are not trained yet: recagent build")
        return
    if peek or not digester.knows or not digester.keeps:
        _print(run, digester, digester.look(digester.marks.read("digest"), n, again=again))
        return
    with digester.marks.alone() as mine:
        if not mine:
            _nothing(run, "another process tells you")
            return
        found = digester.look(digester.marks.read("digest"), n, again=again)
        _print(run, digester, found)
        try:
            # Not before it was printed: what nobody could read is told next time.
            if found.known:
                digester.keep(found, "digest")
        except RecagentError as error:
            run.say(f"note: that this was told could not be kept: {error.message}")


def _open(run: Run) -> Digester | None:
    """What finds the news; None where catalog or models would have to be made first."""
    from recagent_catalogs.errors import NotFound

    from ..digest import Digester
    from ..library import Library
    from ..memory.store import UserStore
    from ..paths import find_paths
    from ..rules import house_rules

    paths = find_paths()
    library = Library(paths)
    house_rules(library, str(run.settings["rules"]), run.profile_name)
    try:
        catalog = library.standing(run.catalog_name)
    except NotFound as error:
        raise run.explain_missing(error) from error
    if catalog is None:
        return None
    engine = library.engine(catalog)
    if library.untrained(catalog, engine):
        return None
    store = UserStore(paths.store)
    return Digester(paths, store, run.profile_name, catalog, engine, run.learning)


def _nothing(run: Run, why: str, told: dict[str, Any] | None = None) -> None:
    """Print nothing, but for JSON, which is whole in any case; -v says why."""
    if run.verbose:
        run.say(f"nothing new: {why}")
    if run.form == "json":
        from ..ui.render import report_text

        here = {"catalog": run.catalog_name, "profile": run.profile_name, "since": None}
        run.out(report_text("digest", told or {**here, "items": [], "more": 0}, "json"))


def _print(run: Run, digester: Digester, found: Found) -> None:
    """Print the news in the format asked for; nothing where there is none, but for JSON."""
    from ..ui.digest import digest_json, digest_renderables, items_of, nothing_told
    from ..ui.render import items_text, report_text

    catalog = digester.catalog
    told = digest_json(found, digester)
    if not found.news:
        _nothing(run, nothing_told(found, catalog.name), told)
    elif run.form == "json":
        run.out(report_text("digest", told, "json"))
    elif run.form == "table":
        run.show(*digest_renderables(found, catalog, plain=run.in_sentences))
    else:
        run.out(items_text(items_of(found), run.form, catalog.schema, catalog=catalog.name))
