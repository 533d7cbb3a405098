"""The sentence above a list that a plan made, in the built-in brain's words.

The text of a plan is written before anything is known. So a model leaves it out, and what is said
is what the plan's own calls did: the conditions that were filtered by, the seeds, the words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from recagent_catalogs.errors import BadCondition
from recagent_catalogs.store import Catalog
from recagent_tools.conditions import parse_condition
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
    return list_text(_done(view), view.context.catalog, count) if count else ""


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


def _done(view: TurnView) -> Request:
    """What the calls of this turn did to the candidates, as a request."""
    conditions: list[str] = []
    liked: list[Mention] = []
    words = ""
    for _, observations in view.steps:
        for observation in observations:
            given = observation.call.arguments
            if observation.error:
                continue
            match observation.call.name:
                case "candidates" if given.get("op") in STARTS_OVER:
                    conditions, liked, words = [], [], ""
                case "filter":
                    conditions += _conditions(given.get("where", ()), view.context.catalog)
                case "similar":
                    liked += _mentions(given.get("liked", ()), view.context)
                case "search":
                    words = str(given.get("text", ""))
    return Request(Intent.RECOMMEND, liked=tuple(liked), conditions=tuple(conditions), search=words)


def _conditions(texts: object, catalog: Catalog) -> list[str]:
    """Conditions as the catalog writes them, each once."""
    found = []
    for text in texts if isinstance(texts, list) else ():
        try:
            found.append(str(parse_condition(str(text), catalog)))
        except BadCondition:
            continue
    return list(dict.fromkeys(found))


def _mentions(names: object, context: ToolContext) -> list[Mention]:
    """Items that were named, with the catalog's titles."""
    rows, _ = resolve_all(list(names) if isinstance(names, list) else [], context)
    catalog = context.catalog
    return [
        Mention(id, id, catalog.label(row)) for id, row in zip(catalog.ids(rows), rows, strict=True)
    ]
