"""What an item may be called: an id, "id:7", a title, or "#2" of the list last shown."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from recagent_catalogs.errors import ToolError
from recagent_catalogs.schema import Role
from recagent_catalogs.store import Catalog, Item

from .toolbox import ToolContext

_NUMBER = re.compile(r"#\s?(\d{1,4})$")
SURE_SCORE = 94.0
"""Below this a fuzzy title is not taken: at 86 every eighth title that is not in the catalog was
linked to a neighbour, at 94 every twenty-fifth (measured on ReDial titles)."""
TEXT_CHARS = 160


def resolve(reference: str, context: ToolContext) -> int:
    """The row that a reference means.

    Raises:
        ToolError: nothing is called so; the text names the nearest titles.
    """
    text = reference.strip()
    if match := _NUMBER.match(text):
        number = int(match[1])
        if 1 <= number <= len(context.shown):
            return int(context.shown[number - 1])
        count = len(context.shown)
        raise ToolError(
            f"{text}: the list last shown has {count:,} {'item' if count == 1 else 'items'}"
        )
    row = context.catalog.row_of(text)
    if row is None and text.startswith("id:"):
        row = context.catalog.row_of(text.removeprefix("id:").strip())
    if row is not None:
        return row
    matches = context.catalog.titles.find(text, limit=4, cutoff=60.0)
    if matches and matches[0].score >= SURE_SCORE:
        return matches[0].row
    if context.catalog.names_hidden(text):
        raise ToolError(context.catalog.told_absent(text), hint="recagent rules")
    near = ", ".join(context.catalog.label(match.row) for match in matches)
    raise ToolError(context.catalog.told_absent(text), hint=f"nearest: {near}" if near else "")


def resolve_all(references: Sequence[str], context: ToolContext) -> tuple[list[int], list[str]]:
    """The rows of all references that mean something, and the errors of the others."""
    rows: list[int] = []
    problems: list[str] = []
    for reference in references:
        try:
            row = resolve(reference, context)
        except ToolError as error:
            problems.append(error.message + (f" ({error.hint})" if error.hint else ""))
            continue
        if row not in rows:
            rows.append(row)
    return rows, problems


def facts(item: Item, catalog: Catalog, *, brief: bool = False) -> dict[str, Any]:
    """An item's facts for a brain; `brief` keeps people, categories and numbers."""
    told: dict[str, Any] = {"id": item.id, "title": item.title}
    if item.year is not None:
        told["year"] = item.year
    for column in catalog.schema.shown:
        value = item.columns.get(column.name)
        if value in (None, "", []):
            continue
        if brief and column.role not in (Role.CATEGORIES, Role.NUMBER, Role.PEOPLE):
            continue
        if column.role in (Role.URL, Role.OTHER):
            continue
        if isinstance(value, list):
            value = value[: 3 if brief else 12]
        elif isinstance(value, str):
            value = value[:TEXT_CHARS]
        told[column.name] = value
    return told


def preview(context: ToolContext, limit: int = 8, rows: Sequence[int] | None = None) -> str:
    """The first candidates (or of these rows) as one JSON object a line: data, never orders."""
    first = (context.bus.rows() if rows is None else rows)[:limit]
    items = context.catalog.items([int(row) for row in first])
    return "\n".join(
        json.dumps(facts(item, context.catalog, brief=True), ensure_ascii=False) for item in items
    )
