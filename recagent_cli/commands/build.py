"""`recagent build`: train a catalog's models and say how good they are."""

from __future__ import annotations

from typing import Annotated

import typer

from .run import Run, common


@common
def command(
    run: Run,
    name: Annotated[str | None, typer.Argument(help="Catalog; default: the one in use.")] = None,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="Threads; default: up to 4.")
    ] = None,
) -> None:
    """Train the models of a catalog and measure them on each user's last interaction.

    recagent build ml · recagent build ml --json
    """
    from recagent_catalogs.locks import locked
    from recagent_tools.models.training import build

    from ..agent.events import Progress
    from ..library import BUILDING
    from ..own_builds import clear_stale
    from ..paths import find_paths, make_dir
    from ..ui.render import report_text, rows_table
    from .opening import open_catalog
    from .progress import Watcher

    catalog = open_catalog(run, name)
    told = f"training the models of {catalog.path.name} …"
    watcher = run.stack.enter_context(Watcher(quiet=run.quiet, verbose=run.verbose, once=told))
    seed = run.seed if run.seed is not None else int(run.settings["seed"])
    models = make_dir(find_paths().models / catalog.path.name)
    with locked(models / BUILDING, waiting=lambda: watcher(Progress("another build runs", 0.0))):
        report = build(
            catalog,
            models,
            seed=seed,
            threads=threads,
            progress=lambda text, share: watcher(Progress(text, share)),
            semantic=run.semantic,
        )
    watcher.stop()
    clear_stale(models)
    if run.form != "table":
        run.out(report_text("build", report.to_json(), run.form))
        return
    run.show(rows_table(*report.table()), report.summary())
    if catalog.schema.simulated:
        run.say("note: the interactions of this catalog are simulated; so are these figures")
    if report.ratings:
        run.say(report.ratings_line())
    for notice in report.notices:
        run.say(f"note: {notice}")
