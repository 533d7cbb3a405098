"""The bus as a tool: look, go back, name a set, join sets."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from recagent_catalogs.errors import ToolError
from recagent_catalogs.interactions import Rows

from .references import preview, resolve_all
from .rowset import RowSet
from .toolbox import Arguments, Tool, ToolContext, ToolResult

Operation = Literal[
    "show",
    "start",
    "undo",
    "redo",
    "save",
    "load",
    "union",
    "minus",
    "intersect",
    "among_shown",
    "drop_shown",
    "drop",
]


class CandidatesArguments(Arguments):
    """Arguments of `candidates`."""

    op: Operation = Field(
        description="show; start (whole catalog); undo; redo; save/load NAME; union/minus/"
        "intersect "
        "with NAME; among_shown (only the list last shown); drop_shown; drop ITEMS."
    )
    name: str = Field(default="", description="Name of a saved set.")
    items: list[str] = Field(default=[], description="For drop.")


def candidates(context: ToolContext, arguments: CandidatesArguments) -> ToolResult:
    """Run one operation on the bus."""
    bus = context.bus
    match arguments.op:
        case "start":
            bus.start()
        case "undo" | "redo":
            moved = bus.undo() if arguments.op == "undo" else bus.redo()
            if moved is None:
                raise ToolError(f"nothing to {arguments.op}")
        case "save":
            bus.save_as(_name(arguments))
        case "load" | "union" | "minus" | "intersect":
            _with_named(context, arguments)
        case "among_shown":
            if not context.shown:
                raise ToolError("nothing was shown yet")
            rows = np.asarray(context.shown, dtype=np.int32)
            bus.replace("candidates", arguments.model_dump(), rows, note="the list shown")
        case "drop_shown":
            _drop(context, arguments, [*context.shown, *context.shown_before], "not shown before")
        case "drop":
            rows_, problems = resolve_all(arguments.items, context)
            if not rows_:
                raise ToolError("; ".join(problems) or "drop: no item named")
            _drop(context, arguments, rows_, "without the named ones")
        case "show":
            pass
    text = f"{len(bus):,} candidates: {bus.funnel()}"
    shown = preview(context) if len(bus) < bus.n_items else ""
    return ToolResult(f"{text}\n{shown}" if shown else text, {"left": len(bus)})


def _name(arguments: CandidatesArguments) -> str:
    name = arguments.name.strip()
    if not name:
        raise ToolError(f"{arguments.op}: give the set a name")
    return name[:60]


def _drop(context: ToolContext, arguments: CandidatesArguments, rows: list[int], note: str) -> None:
    n_items = context.catalog.n_items
    keep = RowSet.all(n_items) - RowSet.of_rows(rows, n_items)
    context.bus.narrow("candidates", arguments.model_dump(), keep, note=note)


def _with_named(context: ToolContext, arguments: CandidatesArguments) -> None:
    name = _name(arguments)
    bus = context.bus
    if name not in bus.saved:
        known = ", ".join(sorted(bus.saved)) or "none yet"
        raise ToolError(f"no set called {name!r}", hint=f"saved sets: {known}")
    stage = bus.named(name)
    if stage.candidates is None:
        raise ToolError(f"the set {name!r} was too large to be kept", hint="make it again")
    other: Rows = stage.order if stage.order is not None else stage.candidates.rows()
    if arguments.op == "load":
        bus.replace("candidates", arguments.model_dump(), other, note=f"set {name}")
    elif arguments.op == "union":
        mine = bus.rows()
        rest = other[~bus.candidates.mask()[other]]
        rows = np.concatenate([mine, rest])
        bus.replace("candidates", arguments.model_dump(), rows, note=f"with {name}")
    else:
        everything = RowSet.all(bus.n_items)
        keep = stage.candidates if arguments.op == "intersect" else everything - stage.candidates
        word = "also in" if arguments.op == "intersect" else "without"
        bus.narrow("candidates", arguments.model_dump(), keep, note=f"{word} {name}")


TOOLS = (
    Tool(
        "candidates",
        "bus",
        "Operations on the candidates: begin again, go back, named sets, only what was shown.",
        CandidatesArguments,
        candidates,
        changes_bus=True,
    ),
)
