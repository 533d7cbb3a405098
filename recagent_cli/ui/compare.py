"""A comparison for people and machines: a column for each item, a line for each fact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recagent_catalogs.errors import UsageError
from recagent_catalogs.text import clean

from .clean_json import dumps
from .evidence import signed
from .render import separated_lines

if TYPE_CHECKING:
    from rich.console import RenderableType

    from recagent_tools.comparison import Comparison
    from recagent_tools.toolbox import ToolContext

EVIDENCE_SCHEMA = "recagent.evidence/1"
MOST_APART = 3


def comparison_text(found: Comparison, context: ToolContext, form: str) -> str:
    """JSON (`recagent.evidence/1` of kind "compare"), or csv and tsv with a line for each fact."""
    from recagent_tools.compare import comparison_json

    if form in ("json", "jsonl"):
        head = {"schema": EVIDENCE_SCHEMA, "kind": "compare", "catalog": context.catalog.name}
        told = {**head, **comparison_json(found, context)}
        return dumps(told, indent=2 if form == "json" else None)
    if form not in ("csv", "tsv"):
        raise UsageError(f"--format {form} does not fit here", hint="use table, json, csv or tsv")
    ids = context.catalog.ids([item.row for item in found.items])
    lines = [["", *ids], ["title", *_titles(found, context)]]
    lines += [[column.name, *column.cells] for column in found.columns]
    lines.append(["taken_by", *(str(item.taken_by) for item in found.items)])
    lines.append(["mean_rating", *(_number(item.mean_rating) for item in found.items)])
    lines.append(["fit", *(_number(item.fit) for item in found.items)])
    lines.append(["rating", *(_number(item.rating) for item in found.items)])
    return separated_lines(lines, "," if form == "csv" else "\t").removesuffix("\n")


def _titles(found: Comparison, context: ToolContext) -> list[str]:
    return [item.title for item in context.catalog.items([item.row for item in found.items])]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def comparison_renderables(found: Comparison, context: ToolContext) -> list[RenderableType]:
    """A table with what differs in bold, what they share, and the conclusion."""
    from rich.table import Table
    from rich.text import Text

    from recagent_tools.compare import conclusion, shared_text

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("", style="dim")
    for title in _titles(found, context):
        table.add_column(Text(clean(title, 60)), ratio=1)
    for column in found.columns:
        style = "bold" if column.differs else ""
        cells = [Text(clean(cell, 120) or "–", style=style) for cell in column.cells]
        table.add_row(Text(column.name.replace("_", " ")), *cells)
    for name, cells_ in _figures(found, context):
        table.add_row(Text(name), *(Text(clean(cell, 120) or "–") for cell in cells_))
    parts: list[RenderableType] = [table]
    if shared := shared_text(found):
        parts.append(Text(clean(shared), style="dim"))
    parts.append(Text(clean(conclusion(found, context))))
    return parts


def _figures(found: Comparison, context: ToolContext) -> list[tuple[str, list[str]]]:
    """How people took them, how they fit, what speaks for each."""
    from recagent_tools.compare import received_text
    from recagent_tools.why_not import RETRIEVED_BY

    catalog = context.catalog
    received = [received_text(item, context) for item in found.items]
    name = "people" if all(item.mean_rating is None for item in found.items) else "rated"
    if name == "people":
        received = [text.partition(" ")[0] for text in received]
    lines = [(name, received)] if any(received) else []
    if not found.known:
        return lines
    lines.append(
        ("fit", [signed(item.fit) if item.fit is not None else "" for item in found.items])
    )
    if any(item.rating is not None for item in found.items):
        lines.append(("you would give", [_number(item.rating)[:4] for item in found.items]))
    likes = [
        ", ".join(f"{catalog.item(like.row).title} {signed(like.share)}" for like in item.likes)
        for item in found.items
    ]
    lines.append(("likes", likes))
    for each in found.apart[:MOST_APART]:
        words = RETRIEVED_BY.get(each.name, each.name)
        lines.append((words, [signed(share) for share in each.shares]))
    return lines
