"""Files -> a catalog directory with a data report."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from .data import InteractionTable, ItemTable
from .errors import BadInput
from .formats import movielens, table
from .formats.files import SourceFile, require_regular
from .rejects import NAME, Rejects
from .report import BadRow, GuessedRole, Log, Report
from .text import clean
from .writer import Progress, silent, write_catalog

SURVEY_S = 3.0
"""So long it is looked for more bad rows than the first."""


@dataclass(frozen=True)
class Overrides:
    """What the person says about the columns, instead of guessing; names as in the file, any case.

    Attributes:
        schema: a `catalog.toml` that names the columns and their roles.
    """

    title_column: str | None = None
    id_column: str | None = None
    year_column: str | None = None
    user_column: str | None = None
    item_column: str | None = None
    value_column: str | None = None
    time_column: str | None = None
    schema: Path | None = None


def ingest(
    source: Path,
    destination: Path,
    *,
    name: str,
    interactions: Path | None = None,
    overrides: Overrides = Overrides(),  # noqa: B008  (frozen)
    progress: Progress = silent,
    skip_bad_rows: bool = False,
    rejects: Path | None = None,
) -> Report:
    """Read a data set and write it as a catalog.

    Args:
        source: a MovieLens folder or zip, or a table of items (CSV, TSV, Parquet, JSONL; .gz).
        destination: the catalog's directory; what stands there is replaced once all is written.
        name: the catalog's name.
        interactions: a table of interactions; MovieLens brings its own.
        overrides: what the person says about the columns.
        progress: told what is being done, and how much of it (0-1).
        skip_bad_rows: leave bad rows out and report them, instead of ending with an error; they
            stand in `rejects.csv` of the catalog's directory.
        rejects: where else they should stand; a new file.

    Raises:
        BadInput: with file, line and column; nothing is written then.
    """
    started = time.perf_counter()
    source = Path(source)
    if rejects is not None and os.path.lexists(rejects):
        raise BadInput("there is such a file already", path=rejects, hint="name a new file")
    with tempfile.TemporaryDirectory(prefix="recagent-") as folder, Rejects(
        Path(folder, NAME)
    ) as bad:  # fmt: skip
        log = Log(skip_bad_rows, bad if skip_bad_rows else None)
        try:
            read = _read(source, name, interactions, overrides, log, progress)
        except BadRow as error:
            _tell_more(error, lambda again, watch: _read(
                source, name, interactions, overrides, again, watch
            ))  # fmt: skip
            raise
        bad.close()
        report = make_report(name, *read, log)
        report.rejects = bad.count
        if rejects is not None and bad.count:
            _copy(bad.path, rejects)
        report.seconds = round(time.perf_counter() - started, 3)
        beside = (bad.path,) if bad.count else ()
        body = report.to_json()
        report.fingerprint = write_catalog(
            destination, read[1], read[2], body, progress, beside=beside
        )
        report.look_alikes = body["look_alikes"]
    report.seconds = round(time.perf_counter() - started, 3)
    return report


def _copy(path: Path, place: Path) -> None:
    try:
        shutil.copy(path, place)
    except OSError as error:
        raise BadInput(f"cannot write: {error.strerror}", path=place) from error


class _Enough(Exception):
    """The time to look for more bad rows is over."""


def _tell_more(error: BadRow, read: Callable[[Log, Progress], object]) -> None:
    """Say in the hint of an error how many more rows are bad, as far as a short look tells."""
    ends = time.monotonic() + SURVEY_S
    log = Log(skip_bad_rows=True)

    def watch(step: str, done: float) -> None:
        if time.monotonic() > ends:
            raise _Enough

    least = ""
    try:
        read(log, watch)
    except _Enough:
        least = "at least "
    except BadInput:
        pass
    bad = [entry for entry in log.dropped if entry.rows]
    like = next((d for d in bad if (d.reason, d.file) == (error.reason, str(error.path))), None)
    if like is not None and like.count > 1:
        lines = ", ".join(str(line) for line in like.lines if line != error.line)
        more = ", …" if like.count > len(like.lines) else ""
        word = "line" if like.count == 2 else "lines"
        error.hint += f"; {least}{like.count - 1:,} more like it: {word} {lines}{more}"
    others = sum(d.count for d in bad if d is not like)
    if others:
        kinds = "bad row of another kind" if others == 1 else "bad rows of other kinds"
        error.hint += f"; {least}{others:,} more {kinds}"


def _read(
    source: Path,
    name: str,
    interactions: Path | None,
    overrides: Overrides,
    log: Log,
    progress: Progress,
) -> tuple[str, ItemTable, InteractionTable | None, list[GuessedRole]]:
    """The format, the items, the interactions, and what the columns were taken for."""
    if overrides.schema is not None:
        require_regular(Path(overrides.schema))
    files = movielens.files_of(source)
    kind = movielens.detect(files) if interactions is None else None
    if kind is not None:
        _not_used(overrides, source, log)
        items, pairs, roles = movielens.read_movielens(kind, files, name, log, progress)
    else:
        wanted, items_file, pairs_file = _tables(source, files, interactions, overrides)
        kind = items_file.base.rsplit(".", 1)[-1]
        items, pairs, roles = table.read_tables(items_file, pairs_file, name, wanted, log, progress)
    return kind, items, pairs, roles


def _not_used(overrides: Overrides, source: Path, log: Log) -> None:
    """Tell of what was said about columns that a known format does not ask for."""
    for part in fields(overrides):
        if getattr(overrides, part.name) is not None:
            option = "--" + part.name.replace("_", "-")
            log.warn(f"{option} is not used: the columns of MovieLens are known", str(source))


def _tables(
    source: Path,
    files: dict[str, SourceFile],
    interactions: Path | None,
    overrides: Overrides,
) -> tuple[table.Wanted, SourceFile, SourceFile | None]:
    """Which file holds the items, which the interactions, and what was said about their columns."""
    schema = overrides.schema
    pairs_file = SourceFile(Path(interactions)) if interactions is not None else None
    if os.path.isdir(source):
        tables = {base: file for base, file in files.items() if file.path != interactions}
        if schema is None and "catalog.toml" in files:
            schema = files["catalog.toml"].path
        items_file, found = table.choose_files(tables, source)
        pairs_file = pairs_file or found
    elif source.suffix.lower() == ".zip":
        listed = clean(", ".join(sorted(files)[:8]) + (", …" if len(files) > 8 else ""), 200)
        raise BadInput(
            f"no MovieLens data set in this archive (it holds {listed or 'nothing'})", path=source,
            hint="looked for u.item, movies.dat or movies.csv; unpack it and name the file with "
            "the items",
        )  # fmt: skip
    else:
        items_file = SourceFile(require_regular(source))
    if pairs_file is not None:
        require_regular(pairs_file.path)
    o = overrides
    wanted = table.Wanted(
        o.title_column, o.id_column, o.year_column, o.user_column, o.item_column, o.value_column,
        o.time_column, schema,
    )  # fmt: skip
    return wanted, items_file, pairs_file


def make_report(
    name: str,
    kind: str,
    items: ItemTable,
    pairs: InteractionTable | None,
    roles: list[GuessedRole],
    log: Log,
) -> Report:
    """Gather what was read into the report."""
    if log.silenced:
        log.warnings.append(type(log.warnings[0])(f"and {log.silenced} more warnings"))
    report = Report(
        name, kind, log.files, items=len(items), roles=roles, dropped=log.dropped,
        warnings=log.warnings, simulated=items.schema.simulated,
    )  # fmt: skip
    if pairs is None or not len(pairs):
        return report
    report.users, report.interactions = len(pairs.users), pairs.distinct
    report.density = round(pairs.distinct / (len(pairs.users) * len(items)), 6)
    report.feedback = "ratings" if pairs.explicit else "strengths"
    if pairs.value is None:
        report.feedback = "pairs"
    else:
        low, high = pairs.value.min(), pairs.value.max()
        mean = pairs.value.mean(dtype=np.float64)
        if pairs.explicit and set(np.unique(pairs.value).tolist()) <= {0.0, 1.0}:
            report.feedback = "verdicts"
        report.values = {"min": float(low), "max": float(high), "mean": round(float(mean), 4)}
    if pairs.time is not None and pairs.time_kind == "seconds":
        report.order = "time"
        first, last = (_day(int(moment)) for moment in (pairs.time.min(), pairs.time.max()))
        report.time = {"first": first, "last": last}
    elif pairs.time_kind:
        report.order = pairs.time_kind
    return report


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
