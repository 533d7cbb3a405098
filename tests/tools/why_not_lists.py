"""Turns on one bus, for the tests of why an item is not in a list."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from recagent_tools.toolbox import Ran, Toolbox, ToolContext


@dataclass
class Lists:
    """Turns on one bus, each with its context, as a session has them."""

    toolbox: Toolbox
    context: ToolContext

    def __post_init__(self) -> None:
        self.then: dict[int, ToolContext] = {}

    def turn(self, *calls: tuple[str, dict[str, Any]], count: int = 3, picks: int = 0) -> None:
        """One turn: tools, then a list of the first `count` or of others that a brain picks."""
        bus = self.context.bus
        context = replace(
            self.context, shown=bus.shown, shown_before=bus.shown_ever, liked=[], disliked=[]
        )
        for tool, arguments in calls:
            self.toolbox.run(tool, dict(arguments), context)
        rows = bus.rows()[picks : picks + count]
        if not len(rows):
            bus.settle()
            return
        shown = bus.show([int(row) for row in rows])
        if shown.number not in self.then:
            self.then[shown.number] = context

    def at(self, number: int) -> ToolContext:
        """The context of a list, on a bus that stands there."""
        return replace(self.then[number], bus=self.context.bus.at_list(number))


def ids(context: ToolContext, *names: str) -> list[int]:
    return [row for name in names if (row := context.catalog.row_of(name)) is not None]


def run(toolbox: Toolbox, context: ToolContext, tool: str, /, **arguments: Any) -> Ran:
    ran = toolbox.run(tool, arguments, context)
    assert not ran.error, ran.result.text
    return ran
