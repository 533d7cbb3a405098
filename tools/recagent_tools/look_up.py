"""Information query: one SELECT, the facts of items, what is known of the person."""

from __future__ import annotations

import json

import numpy as np

from recagent_catalogs.errors import ToolError
from recagent_catalogs.text import clean

from .references import facts, resolve_all
from .toolbox import Arguments, Tool, ToolContext, ToolResult
from .user_state import user_state

MAX_ITEMS = 10


class LookUpArguments(Arguments):
    """Arguments of `look_up`."""

    sql: str


class ItemInfoArguments(Arguments):
    """Arguments of `item_info`."""

    items: list[str]


class UserInfoArguments(Arguments):
    """Arguments of `user_info`: none."""


def look_up(context: ToolContext, arguments: LookUpArguments) -> ToolResult:
    """Run one SELECT in the sandbox."""
    if context.sandbox is None:
        raise ToolError("SQL is not available here")
    result = context.sandbox.query(arguments.sql)
    rows = [
        {
            name: clean(cell) if isinstance(cell, str) else cell
            for name, cell in zip(result.columns, row, strict=True)
        }
        for row in result.rows
    ]
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    head = f"{len(rows)} rows" + (
        " (more were cut off; use LIMIT or count(*))" if result.cut else ""
    )
    return ToolResult("\n".join([head, *lines]), rows)


def item_info(context: ToolContext, arguments: ItemInfoArguments) -> ToolResult:
    """Facts of named items."""
    rows, problems = resolve_all(arguments.items[:MAX_ITEMS], context)
    if not rows:
        raise ToolError("; ".join(problems) or "no item named")
    told = []
    for item in context.catalog.items(rows):
        entry = facts(item, context.catalog)
        taken = int(context.catalog.popularity[item.row])
        if taken:
            entry["interactions"] = taken
        rating = float(context.catalog.mean_rating[item.row])
        if not np.isnan(rating):
            name = "liked_by_share" if context.catalog.verdicts else "mean_rating"
            entry[name] = round(rating, 2)
        told.append(entry)
    lines = [json.dumps(entry, ensure_ascii=False) for entry in told]
    return ToolResult("\n".join(lines + problems), told)


def user_info(context: ToolContext, arguments: UserInfoArguments) -> ToolResult:
    """What is known of the person, of one size whatever the history: `user_state`."""
    told = user_state(context)
    return ToolResult(
        json.dumps(told, ensure_ascii=False) if told else "nothing is known yet", told
    )


TOOLS = (
    Tool(
        "look_up",
        "information",
        "Facts and counts by SQL: one SELECT over items and item_stats(id, interactions, "
        "mean_rating, first_time, last_time). Lists: list_contains(col, 'x').",
        LookUpArguments,
        look_up,
        offered=lambda context: context.sandbox is not None,
    ),
    Tool("item_info", "information", "All facts of named items.", ItemInfoArguments, item_info),
    Tool(
        "user_info",
        "information",
        "What the person likes, dislikes and has seen.",
        UserInfoArguments,
        user_info,
    ),
)
