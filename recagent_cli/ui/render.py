"""Data to text: the one place where answers, items, rows and reports become bytes on stdout."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from recagent_catalogs.errors import RecagentError, UsageError
from recagent_catalogs.text import TITLE_CAP, clean

from ..agent.turn import ITEMS_SCHEMA, ShownItem, Turn, told_together
from .clean_json import dumps
from .markdown import bold, escaped

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from recagent_catalogs.schema import CatalogSchema

    from ..agent.explaining.alone import Explanation

ROWS_SCHEMA = "recagent.rows/1"
REPORT_SCHEMA = "recagent.report/1"
ERROR_SCHEMA = "recagent.error/1"
HEAD = ("rank", "id", "title", "year", "score")


# -- machine formats ----------------------------------------------------------------------------


def turn_text(turn: Turn, form: str, schema: CatalogSchema) -> str:
    """A turn in a machine format or Markdown."""
    if form == "json":
        return dumps(turn.to_json(), indent=2)
    if form == "jsonl":
        return dumps(turn.to_json())
    if form == "md":
        listed = items_text(turn.items, "md", schema, catalog=turn.catalog)
        return "\n\n".join(part for part in (escaped(turn.text), listed) if part)
    return items_text(turn.items, form, schema, catalog=turn.catalog)


def items_text(
    items: Sequence[ShownItem], form: str, schema: CatalogSchema, *, catalog: str
) -> str:
    """A list of items in a machine format or Markdown."""
    told = [item.to_json() for item in items]
    match form:
        case "json":
            body: dict[str, Any] = {"schema": ITEMS_SCHEMA, "catalog": catalog, "items": told}
            body["together"] = told_together(items)
            return dumps(body, indent=2)
        case "jsonl":
            return "\n".join(dumps(item) for item in told)
        case "ids":
            return "\n".join(clean(item.id, TITLE_CAP) for item in items)
        case "md":
            return "\n".join(
                f"{item.rank}. {bold(item.label)}"
                + (f" – {escaped(item.reason)}" if item.reason else "")
                for item in items
            )
        case "csv" | "tsv":
            names = [column.name for column in schema.shown]
            rows = [
                [*(item[key] for key in HEAD), *(item["columns"].get(name) for name in names)]
                for item in told
            ]
            return _separated([*HEAD, *names], rows, "," if form == "csv" else "\t")
    raise UsageError(f"no format {form!r} for items")


def rows_text(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], form: str, *, cut: bool
) -> str:
    """Rows of a query in a machine format or Markdown."""
    names = numbered(columns)
    match form:
        case "json":
            told = [dict(zip(names, map(_safe, row), strict=True)) for row in rows]
            body = {"schema": ROWS_SCHEMA, "columns": names, "rows": told, "cut": cut}
            return dumps(body, indent=2)
        case "jsonl":
            return "\n".join(dumps(dict(zip(names, map(_safe, row), strict=True))) for row in rows)
        case "csv" | "tsv":
            return _separated(
                names, [list(map(_safe, row)) for row in rows], "," if form == "csv" else "\t"
            )
        case "md":
            lines = ["| " + " | ".join(map(escaped, names)) + " |", "|" + " --- |" * len(names)]
            lines += ["| " + " | ".join(escaped(cell_text(c)) for c in row) + " |" for row in rows]
            return "\n".join(lines)
        case "ids":
            if "id" not in names:
                raise UsageError("--format ids needs a column `id`", hint="SELECT id, … FROM items")
            return "\n".join(str(_safe(row[names.index("id")])) for row in rows)
    raise UsageError(f"no format {form!r} for rows")


def numbered(columns: Sequence[str]) -> list[str]:
    """Names of columns, cleaned, a second `title` as `title_2`: JSON keys cannot repeat."""
    names: list[str] = []
    for column in columns:
        name = base = clean(column)
        count = 1
        while name in names:
            count += 1
            name = f"{base}_{count}"
        names.append(name)
    return names


def report_text(kind: str, body: Mapping[str, Any], form: str) -> str:
    """A report as JSON; the other formats are for tables and lists."""
    if form not in ("json", "jsonl"):
        raise UsageError(f"--format {form} does not fit here", hint="use table or json")
    told = {"schema": REPORT_SCHEMA, "kind": kind, **body}
    return dumps(told, indent=2 if form == "json" else None)


def error_json(error: RecagentError, **where: Any) -> str:
    """`recagent.error/1`, on one line."""
    return dumps(
        {
            "schema": ERROR_SCHEMA,
            "kind": error.kind,
            "message": clean(error.message),
            "hint": clean(error.hint),
            "exit_code": int(error.exit_code),
            **where,
        }
    )


def _safe(value: Any) -> Any:
    """A cell of a query with its texts cleaned."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_safe(part) for part in value]
    if isinstance(value, dict):
        return {clean(key): _safe(part) for key, part in value.items()}
    return value


def cell_text(value: Any) -> str:
    """A cell as text: lists joined by a comma, whole floats without a point, nothing for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(cell_text(part) for part in value)
    return clean(value)


def _separated(names: Sequence[str], rows: Sequence[Sequence[Any]], separator: str) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=separator, lineterminator="\n")
    writer.writerow([_no_formula(name) for name in names])
    for row in rows:
        writer.writerow([_csv_cell(value) for value in row])
    return buffer.getvalue().removesuffix("\n")


def separated_lines(rows: Iterable[Sequence[Any]], separator: str) -> str:
    """Lines of csv or tsv, each ended, with cells as in a list of items."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=separator, lineterminator="\n")
    writer.writerows([_csv_cell(value) for value in row] for row in rows)
    return buffer.getvalue()


def _csv_cell(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(int(value)) if float(value).is_integer() else repr(value)
    text = "|".join(map(str, value)) if isinstance(value, list) else cell_text(value)
    return _no_formula(clean(text))


def _no_formula(text: str) -> str:
    """A spreadsheet must not run a title that begins like a formula."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t") else text


# -- the terminal -------------------------------------------------------------------------------


def turn_renderables(
    turn: Turn, schema: CatalogSchema, *, plain: bool = False
) -> list[RenderableType]:
    """A turn for people: the text, the list, the options of a question.

    Args:
        turn: the turn.
        schema: of its catalog.
        plain: whether a terminal gets the list without bars and columns, for screen readers.
    """
    from rich.text import Text

    from .item_list import ItemList
    from .together import together_lines

    parts: list[RenderableType] = []
    if turn.text:
        parts.append(Text(clean(turn.text, newlines=True)))
    if turn.items:
        parts.append(ItemList(turn.items, schema, plain))
        parts += together_lines(turn.items)
    if turn.question and turn.question != turn.text:
        parts.append(Text(clean(turn.question)))
    for number, option in enumerate(turn.options, start=1):
        parts.append(Text(f"  {number}. {clean(option)}"))
    return parts


def explained_lines(turn: Turn) -> list[str]:
    """What was found wrong with the model's reasons and what became of them; a line each."""
    lines = []
    for one, item in zip(turn.explained, turn.items, strict=True):
        if one.faults:
            found = "; ".join(
                f"{fault.aspect} {fault.kind}" + (f" {fault.told!r}" if fault.told else "")
                for fault in one.faults
            )
            rounds = f", asked again {one.rounds}x" if one.rounds else ""
            lines.append(f"explained {item.label}: {found} -> {one.source}{rounds}")
    return [clean(line, 400) for line in lines]


def explanation_renderables(done: Explanation) -> list[RenderableType]:
    """An explanation for people: the item, the words, and what was wrong."""
    from rich.text import Text

    line = Text(clean(done.label), style="bold")
    line.append(f"  {clean(done.text)}", style="not bold")
    parts: list[RenderableType] = [line]
    for fault in done.faults:
        right = f" (right: {fault.truth})" if fault.truth else ""
        told = f": {fault.told}" if fault.told else ""
        found = clean(f"{fault.aspect}, {fault.kind}{told}{right}")
        parts.append(Text(f"  {found}", style="dim"))
    return parts


def items_table(items: Sequence[ShownItem], schema: CatalogSchema) -> RenderableType:
    """Numbered items: title and year, key facts, and why; two lines an item where they fit."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    for item in items:
        line = Text(clean(item.title), style="bold")
        if item.year is not None:
            line.append(f" ({item.year})", style="not bold")
        facts = " · ".join(key_facts(item, schema))
        if facts:
            line.append("  " + facts, style="not bold cyan")
        if item.reason:
            line.append("\n" + clean(item.reason), style="not bold dim")
        table.add_row(Text(str(item.rank), style="bold"), line)
    return table


def key_facts(item: ShownItem, schema: CatalogSchema) -> list[str]:
    """Categories, and the first number that has a unit: `Horror, Sci-Fi` and `117 min`."""
    from recagent_catalogs.schema import Role

    facts = []
    for column in schema.with_role(Role.CATEGORIES):
        values = item.columns.get(column.name) or []
        if values:
            facts.append(", ".join(clean(value, 40) for value in values[:3]))
    for column in schema.with_role(Role.NUMBER):
        value = item.columns.get(column.name)
        if column.unit and isinstance(value, int | float):
            facts.append(f"{cell_text(float(value))} {column.unit}")
            break
    return facts


def rows_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> RenderableType:
    """Rows of a query for people."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for position, name in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[position], int | float | None) for row in rows)
        table.add_column(Text(clean(name, 60)), justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*(Text(clean(cell_text(cell), 200)) for cell in row))
    return table


def texts(*cells: Any) -> list[RenderableType]:
    """Cells of a table: each string as a `Text`, which means nothing but itself."""
    from rich.text import Text

    return [Text(cell) if isinstance(cell, str) else cell for cell in cells]


def make_console(
    *, stderr: bool = False, color: bool = True, width: int = 0, plain: bool = False
) -> Console:
    """A `SafeConsole`; plain where there is no terminal.

    With `plain` it writes nothing but text, on a terminal too.
    """
    import os
    import sys

    from .safe_console import SafeConsole

    stream = sys.stderr if stderr else sys.stdout
    is_terminal = stream.isatty()
    no_color = not color or bool(os.environ.get("NO_COLOR"))
    return SafeConsole(
        file=stream,
        no_color=no_color,
        force_terminal=is_terminal,  # what lies in the environment makes no file a terminal
        color_system="auto" if is_terminal and not (no_color or plain) else None,
        width=width or (None if is_terminal else 80),
        soft_wrap=False,
        legacy_windows=False,
    )
