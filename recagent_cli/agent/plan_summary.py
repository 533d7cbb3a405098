"""The sentence above a list that a plan made, in the built-in brain's words.

The text of a plan is written before anything is known. So a model leaves it out, and what is said
is what made the candidates: the conditions that were filtered by, the seeds, the words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from recagent_tools.personal import ALWAYS, keep_to, rules_out
from recagent_tools.references import resolve_all
from recagent_tools.toolbox import ToolContext

from .brain import TurnView
from .builtin.answers.wording import list_text
from .plan import apart
from .request import Intent, Mention, Request

STARTS_OVER = frozenset(
    ("start", "undo", "redo", "list", "load", "union", "among_shown", "intersect")
)
"""Operations after which what was filtered by before does not hold of the list, or not alone."""


def summary(view: TurnView, arguments: Mapping[str, Any]) -> str:
    """What is said above the list; "" where none would be shown.

    Args:
        view: the turn, up to `present`.
        arguments: of `present`.
    """
    count = _shown(view, arguments)
    return list_text(_done(view.context), view.context.catalog, count) if count else ""


def _shown(view: TurnView, arguments: Mapping[str, Any]) -> int:
    """How many items `present` will show."""
    context = view.context
    bus = context.bus
    if rules_out(context) and not bus.settled:
        context = replace(context, bus=apart(bus), notices=[])
        keep_to(context, ALWAYS)
        bus = context.bus
    if items := arguments.get("items"):
        rows, _ = resolve_all(items, context)
        return sum(row in bus.candidates for row in rows)
    return min(int(arguments.get("count") or 0) or view.default_count, len(bus))


def _done(context: ToolContext) -> Request:
    """What led to the candidates, as a request: also of earlier turns, while it still holds."""
    conditions: list[str] = []
    liked: list[str] = []
    words = ""
    for stage in context.bus.path():
        match stage.tool:
            case "candidates" if stage.arguments.get("op") in STARTS_OVER:
                conditions, liked, words = [], [], ""
            case "filter":
                conditions += stage.texts("where")
            case "similar":
                liked += stage.texts("liked")
            case "search":
                words = str(stage.arguments.get("text", ""))
    return Request(
        Intent.RECOMMEND,
        liked=tuple(_mentions(liked, context)),
        conditions=tuple(dict.fromkeys(conditions)),
        search=words,
    )


def _mentions(names: Sequence[str], context: ToolContext) -> list[Mention]:
    """Items that were named, each once, with the catalog's titles."""
    rows, _ = resolve_all(names, context)
    catalog = context.catalog
    return [
        Mention(id, id, catalog.label(row)) for id, row in zip(catalog.ids(rows), rows, strict=True)
    ]
