"""`recagent profile export`: all of it, in files that others can read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .profile_open import open_profiles
from .run import Run, common

FORMS = {".csv": "csv", ".tsv": "tsv"}


@common
def export(
    run: Run,
    file: Annotated[
        str, typer.Argument(help="Where to; - is standard output. A name with .csv gets a table.")
    ] = "-",
) -> None:
    """Write all that is noted of you: JSON lines, or a table of the items as csv.

    recagent profile export me.jsonl · recagent profile export items.csv
    """
    from ..paths import write_private
    from ..ui.render import rows_text

    profiles = open_profiles(run)
    form = FORMS.get(Path(file).suffix.lower(), run.form)
    if form in ("csv", "tsv"):
        head, rows = profiles.export_rows(run.catalog)
        text, told = rows_text(head, rows, form, cut=False), f"{len(rows):,} items"
    else:
        lines = list(profiles.export_lines(run.catalog))
        text, told = "\n".join(lines), f"{len(lines) - 1:,} facts"
    if file == "-":
        run.out(text)
        return
    write_private(Path(file), text + "\n")
    run.say(f"written to {file}: {told}")
