"""A surprise: candidates drawn at random, as a stage of the bus that says so."""

from __future__ import annotations

import time

import numpy as np

from recagent_catalogs.errors import ToolError

from .references import preview
from .toolbox import Arguments, Tool, ToolContext, ToolResult


class DrawArguments(Arguments):
    """Arguments of `draw`."""

    count: int = 5


def draw(context: ToolContext, arguments: DrawArguments) -> ToolResult:
    """Put candidates drawn at random first; the others stay candidates, in their order behind."""
    bus = context.bus
    if not len(bus):
        raise ToolError("there are no candidates to draw from", hint="relax a condition first")
    started = time.perf_counter()
    rows = bus.rows()
    count = max(1, min(arguments.count, len(rows)))
    drawn = rows[context.rng.choice(len(rows), size=count, replace=False)].astype(np.int32)
    ms = (time.perf_counter() - started) * 1000
    bus.put_first("draw", {"count": count}, drawn, ms=ms, note="drawn at random")
    return ToolResult(
        f"{count} of {len(bus):,} drawn:\n{preview(context, count)}", {"drawn": count}
    )


TOOLS = (
    Tool(
        "draw",
        "ranking",
        "Put random candidates first.",
        DrawArguments,
        draw,
        changes_bus=True,
        own=True,
    ),
)
