"""`recagent paths`: where everything is kept."""

from __future__ import annotations

from .run import Run, plain


@plain
def command(run: Run) -> None:
    """Show where catalogs, models, profile and settings are kept."""
    from ..paths import find_paths
    from ..ui.render import report_text, rows_table

    told = find_paths().to_json()
    if run.form == "table":
        run.show(rows_table(["what", "where"], [list(pair) for pair in told.items()]))
    else:
        run.out(report_text("paths", told, run.form))
