"""Why an item is not in a list, for people and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recagent_catalogs.errors import UsageError
from recagent_catalogs.text import clean

from .clean_json import dumps

if TYPE_CHECKING:
    from rich.console import RenderableType

    from recagent_tools.evidence import WhyNot
    from recagent_tools.toolbox import ToolContext

EVIDENCE_SCHEMA = "recagent.evidence/1"


def why_not_text(answer: WhyNot, context: ToolContext, form: str) -> str:
    """`recagent.evidence/1` of kind "why_not"; the other formats are for tables and lists."""
    from recagent_tools.why_not_json import why_not_json

    if form not in ("json", "jsonl"):
        raise UsageError(f"--format {form} does not fit here", hint="use table or json")
    head = {"schema": EVIDENCE_SCHEMA, "kind": "why_not", "catalog": context.catalog.name}
    told = {**head, **why_not_json(answer, context)}
    return dumps(told, indent=2 if form == "json" else None)


def why_not_renderables(answer: WhyNot, context: ToolContext) -> list[RenderableType]:
    """A sentence, what is known besides, and the ways in as a list."""
    from rich.table import Table
    from rich.text import Text

    from recagent_tools.why_not import also_text, lost_text, reason_text, way_text

    parts: list[RenderableType] = [Text(clean(reason_text(answer, context)), style="bold")]
    for line in (also_text(answer, context), lost_text(answer, context)):
        if line:
            parts.append(Text(clean(line)))
    ways = Table.grid(padding=(0, 1))
    for way in answer.ways:
        ways.add_row(Text(" ·"), Text(clean(way_text(way)), style="dim"))
    return [*parts, ways] if answer.ways else parts
