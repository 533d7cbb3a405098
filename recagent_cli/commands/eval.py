"""`recagent eval`: our engine against what people would use instead, on the person's own data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .run import Run, common

MOST_AT = 1000


@common
def command(
    run: Run,
    name: Annotated[str | None, typer.Argument(help="Catalog; default: the one in use.")] = None,
    protocol: Annotated[
        str,
        typer.Option("--protocol", help="leave-last-out, global-time, k-items or strong."),
    ] = "leave-last-out",
    k: Annotated[
        int | None,
        typer.Option("--k", min=1, max=1000, help="Likes named under k-items; default: 5."),
    ] = None,
    min_item_count: Annotated[
        int,
        typer.Option("--min-item-count", min=0, help="Leave out items that fewer users took."),
    ] = 1,
    at: Annotated[
        str, typer.Option("--at", help="Cut-offs; settings and the plot go by the first.")
    ] = "10,20,100",
    users: Annotated[
        int, typer.Option("--users", min=1, help="Measure at most so many, drawn at random.")
    ] = 5_000,
    folds: Annotated[
        int | None,
        typer.Option("--folds", min=2, max=20, help="k-items, strong: hold out everybody once."),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Write bars with intervals into this SVG.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="Threads; default: up to 4.")
    ] = None,
) -> None:
    """Compare recagent with popularity, als, cooccurrence and ease on your data.

    Everything is fitted on a training part; what was held back is to be found.

    recagent eval ml · recagent eval ml --protocol k-items --k 3 --json
    """
    from ..ui.evaluation import evaluation_renderables, evaluation_text
    from .opening import open_catalog
    from .progress import Watcher

    check_format(run)
    cutoffs = parse_cutoffs(at)
    check_options(protocol, k, folds)
    if plot is not None:
        from ..evaluation.plot import check_place, write_plot

        check_place(plot)
    catalog = open_catalog(run, name, whole=True)

    from recagent_tools.models.threads import training_threads

    from ..agent.events import Progress
    from ..evaluation.compare import Options, evaluate
    from ..evaluation.splits import Plan

    options = Options(
        plan=Plan(protocol, k or 5, users, folds or 1),
        min_item_count=min_item_count,
        cutoffs=cutoffs,
        seed=run.seed if run.seed is not None else int(run.settings["seed"]),
        threads=threads or training_threads(),
    )
    once = f"comparing on {catalog.path.name}: {protocol} …"
    watcher = run.stack.enter_context(Watcher(quiet=run.quiet, verbose=False, once=once))
    report = evaluate(catalog, options, lambda text, share: watcher(Progress(text, share)))
    watcher.stop()
    if run.form == "table":
        run.show(*evaluation_renderables(report))
    else:
        run.out(evaluation_text(report, run.form))
    if plot is not None:
        write_plot(report, plot)
        run.say(f"plot: {plot}")
    for line in report.choices():
        run.say(line)
    for notice in report.notices:
        run.say(f"note: {notice}")


def check_format(run: Run) -> None:
    """Whether the format fits; asked before the work, not after it.

    Raises:
        UsageError: it does not.
    """
    from recagent_catalogs.errors import UsageError

    if run.form == "ids":
        raise UsageError("--format ids does not fit here", hint="use table, json, csv, tsv or md")


def check_options(protocol: str, k: int | None, folds: int | None) -> None:
    """Whether there is such a protocol, and the options are its own.

    Raises:
        UsageError: they are not.
    """
    from recagent_catalogs.errors import UsageError

    # Not imported from evaluation.splits: that would load NumPy for a typing error.
    protocols = ("leave-last-out", "global-time", "k-items", "strong")
    if protocol not in protocols:
        raise UsageError(f"no protocol {protocol!r}", hint="protocols: " + ", ".join(protocols))
    if k is not None and protocol != "k-items":
        raise UsageError("--k belongs to --protocol k-items", hint="leave it out, or name that one")
    if folds is not None and protocol not in ("k-items", "strong"):
        raise UsageError("--folds belongs to --protocol k-items and strong", hint="leave it out")


def parse_cutoffs(text: str) -> tuple[int, ...]:
    """The cut-offs of `--at`, in the order given, each once.

    Raises:
        UsageError: they are no whole numbers from 1 to 1,000.
    """
    from recagent_catalogs.errors import UsageError

    try:
        cutoffs = tuple(dict.fromkeys(int(part) for part in text.split(",")))
    except ValueError:
        cutoffs = ()
    if not cutoffs or min(cutoffs) < 1 or max(cutoffs) > MOST_AT:
        raise UsageError(
            f"--at {text!r}: no whole numbers from 1 to {MOST_AT:,}", hint="as in --at 10,20,100"
        )
    return cutoffs
