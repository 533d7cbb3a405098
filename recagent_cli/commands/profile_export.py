"""`recagent profile export`: all of it, in files that others can read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .exporting import write_export
from .profile_open import open_profiles
from .run import Run, common

FORMS = {".csv": "csv", ".tsv": "tsv"}


@common
def export(
    run: Run,
    file: Annotated[
        str, typer.Argument(help="Where to; - is standard output. A name with .csv gets a table.")
    ] = "-",
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write all that is noted of you: JSON lines, or a table of the items as csv.

    recagent profile export me.jsonl · recagent profile export items.csv
    """
    from ..memory.trace_rows import count_traces
    from ..ui.render import rows_text

    profiles = open_profiles(run)
    form = FORMS.get(Path(file).suffix.lower(), run.form)
    if form in ("csv", "tsv"):
        head, rows = profiles.export_rows(run.catalog)
        text, told = rows_text(head, rows, form, cut=False), f"{len(rows):,} items"
    else:
        lines = list(profiles.export_lines(run.catalog))
        text, told = "\n".join(lines), f"{len(lines) - 1:,} facts"
    write_export(run, Path(file), text, told, force=force)
    if traces := count_traces(profiles.store, profiles.name):
        told = "1 trace of a turn is" if traces == 1 else f"{traces} traces of turns are"
        run.say(f"{told} kept besides, not in it: recagent trace list")
