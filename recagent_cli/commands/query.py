"""`recagent query`: one SELECT over your own catalog, read-only and limited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .run import Run, common, read_text

if TYPE_CHECKING:
    from recagent_catalogs.sandbox import Stream

TABLE_ROWS = 1_000
IN_PIECES = ("csv", "tsv", "jsonl", "ids")
"""Formats that are written while the rows come: a large export needs little memory."""


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
    from dataclasses import replace

    from recagent_catalogs.errors import BadInput, ExitCode, ToolError
    from recagent_catalogs.sandbox import PERSON_CAPS, PERSON_TABLES, NotStarted, Sandbox

    from ..rules import unseen_by_sql
    from .opening import open_catalog

    catalog = open_catalog(run)
    unseen_by_sql(catalog)
    caps = replace(PERSON_CAPS, rows=min(limit, TABLE_ROWS) if run.form == "table" else limit)
    with Sandbox(catalog.path / "catalog.duckdb") as sandbox:
        try:
            stream = sandbox.stream(
                read_text(sql), tables=PERSON_TABLES, caps=caps, timeout_s=timeout
            )
            count = _write(run, stream)
        except NotStarted:
            raise
        except ToolError as error:
            raise BadInput(error.message, hint=_more_time(error, timeout)) from error
    if stream.cut:
        run.say(f"note: only the first {count:,} rows are shown")
        if run.strict:
            raise typer.Exit(ExitCode.CUT)


def _more_time(error: Exception, timeout_s: float) -> str:
    hint = str(getattr(error, "hint", ""))
    return f"{hint}, or more with --timeout" if "took longer" in str(error) else hint


def _write(run: Run, stream: Stream) -> int:
    """Write a result; how many rows it was."""
    from ..ui.render import rows_table, rows_text

    form, columns = run.form, stream.columns
    if form not in IN_PIECES:
        rows = [row for batch in stream.batches for row in batch]
        if form == "table":
            run.show(rows_table(columns, rows))
        else:
            run.out(rows_text(columns, rows, form, cut=stream.cut))
        return len(rows)
    head = rows_text(columns, [], form, cut=False)
    run.out(head)
    count = 0
    for batch in stream.batches:
        text = rows_text(columns, batch, form, cut=False)
        run.out(text[len(head) :].removeprefix("\n"))
        count += len(batch)
    return count
