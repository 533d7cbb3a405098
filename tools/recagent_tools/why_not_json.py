"""Why an item is not in a list, as JSON values: rows as ids and titles, all figures."""

from __future__ import annotations

from typing import Any

from recagent_catalogs.store import Catalog

from .evidence import WhyNot
from .toolbox import ToolContext
from .why_not import lines_of, way_text

DIGITS = 6


def why_not_json(answer: WhyNot, context: ToolContext) -> dict[str, Any]:
    """The answer for one item, as `recagent.evidence/1` of kind "why_not" has it.

    Args:
        answer: what was found.
        context: that of the turn that made the list.
    """
    catalog = context.catalog
    return {
        "item": named(answer.row, catalog),
        "list": answer.number,
        "of": answer.of,
        "answer": answer.kind,
        "place": answer.place,
        "candidates": answer.candidates,
        "stage": answer.stage,
        "note": answer.note,
        "others": answer.others,
        "undo": answer.undo or None,
        "failed": [
            {"condition": each.text, "column": each.column, "value": each.value or None}
            for each in answer.failed
        ],
        "met": list(answer.met),
        "last": None if answer.last is None else named(answer.last, catalog),
        "lost": [
            {"name": part.name, "words": part.words, "share": round(part.share, DIGITS)}
            for part in answer.lost
        ],
        "retrieved": [
            {"name": each.name, "place": each.place, "of": each.of} for each in answer.retrieved
        ],
        "ways": [
            {
                "changes": [{"kind": c.kind, "was": c.was, "now": c.now} for c in way.changes],
                "left": way.left,
                "place": way.place,
                "text": way_text(way),
            }
            for way in answer.ways
        ],
        "text": lines_of(answer, context),
    }


def named(row: int, catalog: Catalog) -> dict[str, Any]:
    """An item's id, title and year."""
    item = catalog.item(row)
    return {"id": item.id, "title": item.title, "year": item.year}
