"""`recagent recommend --all-users`: what the person sees of the batch job."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recagent_catalogs.errors import BadInput, NotFound, UsageError

if TYPE_CHECKING:
    from recagent_catalogs.store import Catalog
    from recagent_tools.models.engine import Engine

    from ..recommend_all import Parts
    from .progress import Watcher
    from .run import Run

FORMATS = ("parquet", "csv", "tsv", "jsonl")
NAMES = "parquet, csv, tsv or jsonl"
PATIENCE_S = 7 * 24 * 3600.0
"""A batch job waits for the models, however long they train."""
MAKING = "making the lists …"
EXAMPLE = "recagent recommend --all-users --out lists.parquet"


def recommend_all(
    run: Run,
    given: Mapping[str, Any],
    *,
    out: Path | None,
    count: int,
    build: bool,
    threads: int | None,
) -> None:
    """Make a list for every user, and write them to a file or to standard output.

    Args:
        run: the common options.
        given: options that do not go with this one, with their values.
        out: the file; None or `-` for standard output.
        count: items of a list.
        build: whether models are trained first where there are none.
        threads: processes; by default as many as training may use.

    Raises:
        UsageError: options that do not go together, or no format.
        NotFound: no such catalog, or nobody in it.
        BadInput: the file cannot be written.
        RecagentError: the disk is full.
    """
    from .. import recommend_all as batch
    from ..recommend_worker import build_of
    from .progress import Watcher

    for name, value in given.items():
        if value:
            raise UsageError(f"--all-users takes no {name}", hint=EXAMPLE)
    out = None if out is not None and str(out) == "-" else out
    form = chosen_format(run, out)
    file = None if out is None else writable(out)
    catalog, engine = _open(run, build)
    if not catalog.n_users:
        raise NotFound(
            f"the catalog {catalog.name} has no users",
            hint="recagent catalog add NAME ITEMS --interactions FILE brings some",
        )
    watcher = run.stack.enter_context(
        Watcher(quiet=run.quiet, verbose=run.verbose, color=_color(run), once=MAKING)
    )
    job = batch.Job(
        catalog.fingerprint,
        build_of(engine),
        catalog.n_users,
        count,
        form,
        part_users=batch.PART_USERS,
    )
    parts = batch.Parts(_place(run, catalog, form, file), job)
    with parts.opened() as changed:
        if changed:
            run.say(f"note: {' and '.join(changed)} changed since the last call; starting anew")
        _make(run, parts, catalog, engine, watcher, threads)
        _deliver(run, parts, catalog, file, watcher)


def chosen_format(run: Run, out: Path | None) -> str:
    """The format asked for, else the one that the file's name or the settings say.

    Raises:
        UsageError: there is none, or it cannot go where it should.
    """
    asked = "json" if run.json_ else run.format_
    suffix = out.suffix.lower().lstrip(".") if out is not None else ""
    configured = str(run.settings["format"])
    form = asked or next((name for name in (suffix, configured) if name in FORMATS), "")
    if not form:
        raise UsageError("--all-users needs a format", hint=f"--format {NAMES}; or {EXAMPLE}")
    if form not in FORMATS:
        raise UsageError(f"--all-users writes {NAMES}, not {form}", hint=EXAMPLE)
    if form == "parquet" and out is None and sys.stdout.isatty():
        raise UsageError("parquet is nothing for a terminal", hint=EXAMPLE)
    return form


def writable(out: Path) -> Path:
    """The file that is meant, links followed, if it can be written.

    Raises:
        BadInput: it cannot.
    """
    try:
        file = out.expanduser().resolve()
        if file.is_dir():
            raise BadInput("a directory, not a file", path=out, hint=EXAMPLE)
        if file.exists() and not file.is_file():
            raise BadInput("no regular file", path=out, hint="leave --out out to write to a pipe")
        if not file.parent.is_dir():
            raise BadInput("no such directory", path=out.parent)
    except (OSError, RuntimeError, ValueError) as error:
        raise BadInput(f"cannot be written: {error}", path=out) from error
    return file


def _open(run: Run, build: bool) -> tuple[Catalog, Engine]:
    """The catalog and its models; they are trained first where there are none.

    Raises:
        BadInput: rules of the house keep items out, which these lists know nothing of.
    """
    from recagent_tools.house import told_rules

    from .opening import open_library

    library = open_library(run)
    try:
        catalog = library.open(run.catalog_name)
    except NotFound as error:
        raise run.explain_missing(error) from error
    if catalog.rules:
        told = told_rules([rule.name for rule in catalog.rules])
        raise BadInput(
            f"no lists for all users: {told} keep items of {catalog.path.name} out, and these "
            "lists are made without rules",
            hint="recagent recommend --user ID makes one with them",
        )
    engine = library.engine(catalog)
    if not engine.trained and build and catalog.n_users:
        library.build_within(catalog.path.name, PATIENCE_S)
        engine = library.engine(catalog)
    for notice in engine.notices:
        run.say(f"note: {notice}")
    return catalog, engine


def _place(run: Run, catalog: Catalog, form: str, file: Path | None) -> Path:
    """Where the parts lie: beside the file, so that it is renamed and not copied."""
    from ..paths import find_paths, make_dir

    if file is not None:
        return file.with_name(f".{file.name}.parts")
    return make_dir(find_paths().cache / "lists") / f"{catalog.path.name}.{form}.parts"


def _make(
    run: Run,
    parts: Parts,
    catalog: Catalog,
    engine: Engine,
    watcher: Watcher,
    threads: int | None,
) -> None:
    """Make the parts that are missing."""
    from recagent_tools.models.threads import training_threads

    from .. import recommend_all as batch
    from ..agent.events import Progress
    from ..paths import find_paths
    from ..recommend_pool import WorkerPool, pool_size

    job, missing = parts.job, parts.missing()
    made = job.users - sum(len(job.users_of(number)) for number in missing)
    if made:
        run.say(f"going on: {made:,} of {job.users:,} users are done")

    def done(number: int) -> None:
        nonlocal made
        made += len(job.users_of(number))
        watcher(Progress(f"{made:,} of {job.users:,} users", made / job.users))

    watcher(Progress(f"{made:,} of {job.users:,} users", made / job.users))
    size = pool_size(threads or training_threads(), len(missing))
    try:
        if size > 1:
            models = find_paths().models / catalog.path.name
            WorkerPool(catalog.path, models, parts, size).make(missing, done)
            return
        for number in missing:
            entries = batch.make_part(engine, job, number)
            with batch.told(parts.place):
                parts.write(number, entries)
            done(number)
    except KeyboardInterrupt:
        watcher.stop()
        run.say(f"{made:,} of {job.users:,} users are done; the same call goes on there")
        raise


def _deliver(run: Run, parts: Parts, catalog: Catalog, file: Path | None, watcher: Watcher) -> None:
    """Write the output, then take the parts away."""
    from ..agent.events import Progress
    from ..list_files import write_file, write_parquet, write_text
    from ..recommend_all import told

    watcher(Progress(f"writing {parts.job.format}", 1.0))
    if file is not None:
        count = write_file(parts, catalog, file)
    else:
        watcher.stop()
        try:
            if parts.job.format == "parquet":
                whole = parts.place / "whole.parquet"
                with told(parts.place):
                    count = write_parquet(parts, catalog, whole)
                    with whole.open("rb") as stream:
                        shutil.copyfileobj(stream, sys.stdout.buffer)
                    sys.stdout.buffer.flush()
            else:
                count = write_text(parts, catalog, lambda text: run.out(text.removesuffix("\n")))
        except BrokenPipeError:
            parts.remove()
            raise
    parts.remove()
    watcher.stop()
    where = f" -> {file}" if file is not None else ""
    run.say(f"{parts.job.users:,} users, {count:,} rows{where}")


def _color(run: Run) -> bool:
    return bool(run.settings["color"])
