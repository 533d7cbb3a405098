"""`recagent query`: one SELECT over your own catalog, read-only and limited."""

from __future__ import annotations

from typing import Annotated

import typer

from .run import Run, common, read_text

TABLE_ROWS = 1_000


@common
def command(
    run: Run,
    sql: Annotated[str, typer.Argument(help="One SELECT; - reads standard input.")],
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="At most this many rows.")
    ] = 1_000_000,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.1, max=3600, help="Seconds it may take.")
    ] = 5.0,
) -> None:
    """Run one SELECT over items, item_stats and interactions.

    recagent query "SELECT title, year FROM items WHERE list_contains(genres, 'Film-Noir')"
    """
    from recagent_catalogs.errors import BadInput, ExitCode, ToolError
    from recagent_catalogs.sandbox import PERSON_TABLES, Sandbox

    from ..ui.render import rows_table, rows_text
    from .opening import open_catalog

    catalog = open_catalog(run)
    form = run.form
    rows = min(limit, TABLE_ROWS) if form == "table" else limit
    with Sandbox(catalog.path / "catalog.duckdb") as sandbox:
        try:
            result = sandbox.query(
                read_text(sql),
                tables=PERSON_TABLES,
                max_rows=rows,
                max_bytes=1 << 30,
                timeout_s=timeout,
            )
        except ToolError as error:
            raise BadInput(error.message, hint=error.hint) from error
    if form == "table":
        run.show(rows_table(result.columns, result.rows))
    else:
        run.out(rows_text(result.columns, result.rows, form, cut=result.cut))
    if result.cut:
        run.say(f"note: only the first {len(result.rows):,} rows are shown")
        if run.strict:
            raise typer.Exit(ExitCode.CUT)
