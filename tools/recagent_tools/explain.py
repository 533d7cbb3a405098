"""`explain`: why items are in the list that shows them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from recagent_catalogs.errors import ToolError
from recagent_catalogs.text import fold

from .evidence import Evidence
from .evidence_json import evidence_json, taken_verb
from .past_lists import list_of
from .references import resolve_all
from .toolbox import Arguments, Tool, ToolContext, ToolResult
from .why import evidence_of

MOST_EXPLAINED = 5
MOST_TOLD = 4


class ExplainArguments(Arguments):
    """Arguments of `explain`."""

    items: list[str]


def explain(context: ToolContext, arguments: ExplainArguments) -> ToolResult:
    """The evidence for items of a list; the objects are in `context.explained`, JSON in `data`."""
    rows, problems = resolve_all(arguments.items, context)
    found = []
    for row in rows[:MOST_EXPLAINED]:
        evidence = explained(row, context)
        if evidence is None:
            problems.append(f"{context.catalog.label(row)} was in no list")
        else:
            found.append(evidence)
    if not found:
        raise ToolError("; ".join(problems) or "explain: no item named")
    context.explained.extend(found)
    lines = [json.dumps(_brief(evidence, context), ensure_ascii=False) for evidence in found]
    data = {"items": [evidence_json(evidence, context.catalog) for evidence in found]}
    return ToolResult("\n".join([*lines, *problems]), data)


def explained(row: int, context: ToolContext) -> Evidence | None:
    """The evidence for an item in the list that shows it; None where no list does.

    Of items with the same title, the one that was shown is meant.
    """
    shown = next((same for same in _of_that_title(row, context) if list_of(same, context)), None)
    if shown is None or context.of_list is None:
        return None
    return evidence_of(shown, context.of_list(list_of(shown, context)))


def is_shown(row: int, context: ToolContext) -> bool:
    """Whether a list shows the item, or one of the same title."""
    return any(list_of(same, context) for same in _of_that_title(row, context))


def _of_that_title(row: int, context: ToolContext) -> Iterator[int]:
    """The item itself, then those of the list shown that are called the same."""
    yield row
    title = fold(context.catalog.item(row).title)
    for item in context.catalog.items([int(shown) for shown in context.shown]):
        if fold(item.title) == title:
            yield item.row


def _brief(evidence: Evidence, context: ToolContext) -> dict[str, Any]:
    """The most telling figures, for a model."""
    catalog = context.catalog
    verb = taken_verb(catalog)
    title = catalog.item(evidence.row)
    told: dict[str, Any] = {
        "id": title.id,
        "title": title.title,
        "place": f"{evidence.place} of {evidence.of}",
        "ranked_of": evidence.candidates,
        "score": _short(evidence.score or 0.0),
        "parts": {part.words: _short(part.share) for part in evidence.parts[:MOST_TOLD]},
        "meets": list(evidence.conditions),
        "likes": {
            catalog.label(like.row): _short(like.share) for like in evidence.likes[:MOST_TOLD]
        },
        "together": [
            f"of {told.of} people who {verb} {catalog.label(told.row)}, {told.both} {verb} this"
            for told in evidence.together
        ],
        "shares": [
            f"{catalog.label(path.liked)} -> {path.column} -> {path.value}"
            for path in evidence.shared[:MOST_TOLD]
        ],
        "ranker": {words: _short(share) for words, share in evidence.grouped()[:MOST_TOLD]},
    }
    return {key: value for key, value in told.items() if value not in ([], {}, 0)}


def _short(value: float) -> float:
    return round(value, 2)


TOOLS = (
    Tool(
        "explain",
        "explanation",
        "Why items are in the list shown.",
        ExplainArguments,
        explain,
        offered=lambda context: bool(context.shown) and context.of_list is not None,
    ),
)
