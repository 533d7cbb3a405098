"""`recagent build`: train a catalog's models and say how good they are."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .run import Run, common

if TYPE_CHECKING:
    from recagent_catalogs.store import Catalog
    from recagent_tools.models.training import BuildReport, Progress

    from ..champion import Contest


@common
def command(
    run: Run,
    name: Annotated[str | None, typer.Argument(help="Catalog; default: the one in use.")] = None,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="Threads; default: up to 4.")
    ] = None,
    without_me: Annotated[
        bool, typer.Option("--without-me", help="Learn nothing of your own events.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the models in use in any case.")
    ] = False,
) -> None:
    """Train the models of a catalog and measure them on each user's last interaction.

    Where there are models already, your own events are learnt from as well, and the new models
    replace those in use only if they are not worse on what was held back.

    recagent build ml · recagent build ml --json · recagent build ml --without-me
    """
    from ..ui.render import report_text, rows_table
    from .opening import open_catalog

    catalog = open_catalog(run, name, whole=True)
    report, contest = train(run, catalog, threads, without_me=without_me, force=force)
    if run.form != "table":
        body = {**report.to_json(), "contest": None if contest is None else contest.to_json()}
        run.out(report_text("build", body, run.form))
        return
    run.show(rows_table(*report.table()), report.summary())
    for line in contest.lines() if contest is not None else []:
        run.show(line)
    if catalog.schema.simulated:
        run.say("note: the interactions of this catalog are simulated; so are these figures")
    if report.ratings:
        run.say(report.ratings_line())
    for notice in report.notices:
        run.say(f"note: {notice}")


def train(
    run: Run,
    catalog: Catalog,
    threads: int | None = None,
    *,
    without_me: bool = False,
    force: bool = False,
) -> tuple[BuildReport, Contest | None]:
    """Train a catalog's models in full, told on stderr; what was marked as stale goes then."""
    from recagent_catalogs.locks import locked

    from ..agent.events import Progress
    from ..library import BUILDING
    from ..own_builds import clear_stale
    from ..paths import find_paths, make_dir, unwritable
    from .progress import Watcher

    told = f"training the models of {catalog.path.name} …"
    watcher = run.stack.enter_context(Watcher(quiet=run.quiet, verbose=run.verbose, once=told))
    models = make_dir(find_paths().models / catalog.path.name)
    with ExitStack() as stack:
        try:
            waiting = Progress("another build runs", 0.0)
            stack.enter_context(locked(models / BUILDING, waiting=lambda: watcher(waiting)))
        except OSError as error:
            raise unwritable(models / BUILDING, error) from error
        trained = _trained(
            run,
            catalog,
            models,
            threads,
            lambda text, share: watcher(Progress(text, share)),
            without_me=without_me,
            force=force,
        )
    watcher.stop()
    clear_stale(models)
    return trained


def _trained(
    run: Run,
    catalog: Catalog,
    models: Path,
    threads: int | None,
    progress: Progress,
    *,
    without_me: bool,
    force: bool,
) -> tuple[BuildReport, Contest | None]:
    """Train, with the person's own events where there are models already, and let them compete.

    What the person forgets while it runs is in none of the models: they are trained again.
    """
    from ..memory.erasing import last_forgotten
    from ..memory.store import UserStore
    from ..own_builds import retire
    from ..paths import find_paths

    store = UserStore(find_paths().store)
    while True:
        begun = last_forgotten(store, run.profile_name)
        report, contest, own = _once(
            run, catalog, models, threads, progress, begun, without_me=without_me, force=force
        )
        if not own or last_forgotten(store, run.profile_name) == begun:
            return report, contest
        retire(models.parent, run.profile_name, models.name)
        run.say("something was forgotten meanwhile: training again without it")


def _once(
    run: Run,
    catalog: Catalog,
    models: Path,
    threads: int | None,
    progress: Progress,
    begun: int,
    *,
    without_me: bool,
    force: bool,
) -> tuple[BuildReport, Contest | None, bool]:
    """Train and compete once; whether own events are in what was trained.

    Where something was forgotten since `begun`, the models in use stay.
    """
    from recagent_tools.models.training import Mine, Trained, build

    from ..champion import Champion, judge, own_events
    from ..memory.erasing import last_forgotten
    from ..memory.store import UserStore
    from ..own_builds import is_stale
    from ..paths import find_paths

    anyway = FORCED if force else FORGOTTEN if is_stale(models) else ""
    seed = run.seed if run.seed is not None else int(run.settings["seed"])
    store, champion, own = UserStore(find_paths().store), None, None
    if not without_me:
        champion = Champion.of(catalog, models, run.profile_name)
    if champion is not None:
        events = store.events(run.profile_name, catalog.path.name)
        own = own_events(events, catalog, run.profile_name)
    contest: Contest | None = None

    def accept(trained: Trained) -> bool:
        nonlocal contest
        if champion is None or own is None:
            return True
        if last_forgotten(store, run.profile_name) != begun:
            return False
        on_own = champion.on(trained.held, catalog, seed) if trained.held is not None else None
        contest = judge(champion, trained.held, on_own, force=anyway, seed=seed)
        return contest.replaced

    mine = None
    if champion is not None and own is not None:
        mine = Mine(own, champion.held(own), champion.users)
    report = build(
        catalog,
        models,
        seed=seed,
        threads=threads,
        progress=progress,
        semantic=run.semantic,
        mine=mine,
        accept=accept,
    )
    if champion is not None and not report.build:
        report.build = champion.build
    return report, contest, mine is not None


FORGOTTEN = "the models in use learnt what is forgotten since: they are replaced"
FORCED = "they replace the models in use, as you asked"
