"""Dialogue: note a fact, ask one question, present the answer."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from recagent_catalogs.errors import ToolError
from recagent_catalogs.ruled import told_kept_out
from recagent_catalogs.schema import WORD_ROLES
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import clean

from .personal import ALWAYS, keep_to, without_never
from .references import resolve, resolve_all
from .toolbox import Arguments, Tool, ToolContext, ToolResult

MAX_SHOWN = 100
MOST_NAMED = 200
"""So many of the items named are looked up; each that is no id is searched for among titles."""
OF_VALUES = ("liked", "disliked", "never")
"""Kinds of fact that may be said of a value."""
MAX_OPTIONS = 6
MAX_OPTION_CHARS = 200


class RememberArguments(Arguments):
    """Arguments of `remember`."""

    kind: Literal[
        "liked", "disliked", "seen", "never", "wanted", "unwanted", "accepted", "rejected"
    ] = Field(json_schema_extra={"enum": ["liked", "disliked", "seen", "never", "wanted"]})
    """The last three are for our own code; a model is not told of them."""
    items: list[str]
    """Items, or values of a column: "genres=Horror"."""


class AskPersonArguments(Arguments):
    """Arguments of `ask_person`."""

    question: str
    options: list[str] = Field(default=[], description="At most six.")


class PresentArguments(Arguments):
    """Arguments of `present`."""

    items: list[str] = Field(
        default=[], description="Ids of candidates, best first; empty: the first of the ranking."
    )
    count: int = Field(default=0, description="Without items.")
    text: str = ""
    reasons: list[str] = Field(default=[], description="One short reason per item, same order.")


def remember(context: ToolContext, arguments: RememberArguments) -> ToolResult:
    """Note what the person said of items and values; only what their own words say."""
    if not context.may_remember:
        raise ToolError("nothing may be remembered in this turn")
    kind, catalog = arguments.kind, context.catalog
    values = [value for text in arguments.items if (value := _value(text, catalog)) is not None]
    items = [text for text in arguments.items if _value(text, catalog) is None]
    rows, problems = resolve_all(items, context)
    if not rows and not values:
        raise ToolError("; ".join(problems) or "remember: no item named")
    if context.sayable is not None:
        unsaid = [catalog.label(row) for row in rows if kind not in context.sayable.get(row, ())]
        said = context.sayable_values
        unsaid += [pair[1] for pair in values if kind not in said.get(pair, ())]
        if unsaid:
            raise ToolError(f"the person did not say so of: {', '.join(unsaid)}")
    elif values and kind not in OF_VALUES:
        raise ToolError(f"a value cannot be {kind}: {', '.join(OF_VALUES)}")
    context.remembered.extend((kind, row) for row in rows)
    context.stated.extend((kind, column, value) for column, value in values)
    labels = ", ".join([*map(catalog.label, rows), *(value for _, value in values)])
    lines = [f"noted as {kind}: {labels}", *problems]
    return ToolResult("\n".join(lines), {"rows": rows, "kind": kind, "values": values})


def _value(text: str, catalog: Catalog) -> tuple[str, str] | None:
    """("column", "value") of "genres=Horror" as the catalog writes it; None for anything else."""
    name, equals, typed = (part.strip() for part in text.partition("="))
    column = catalog.schema.find(name) if equals else None
    if column is None or column.role not in WORD_ROLES or catalog.row_of(text) is not None:
        return None
    value = catalog.words(column.name).resolve(typed)
    return None if value is None else (column.name, value)


def ask_person(context: ToolContext, arguments: AskPersonArguments) -> ToolResult:
    """Ask one question; the turn is over."""
    options = tuple(clean(option, MAX_OPTION_CHARS) for option in arguments.options[:MAX_OPTIONS])
    context.question = (clean(arguments.question, 400), options)
    return ToolResult("asked")


def present(context: ToolContext, arguments: PresentArguments) -> ToolResult:
    """Show candidates by reference; what is not on the bus is dropped and announced."""
    if not context.bus.settled:
        keep_to(context, ALWAYS)
    dropped: list[str] = []
    if arguments.items:
        rows, reasons, dropped = _named(context, arguments)
        if not rows:
            raise ToolError(
                "none of these is a candidate", hint="name ids that candidates(op=show) lists"
            )
    else:
        rows = _the_first(context, arguments.count)
        reasons = {
            row: clean(text, 300)
            for row, text in zip(rows, arguments.reasons, strict=False)
            if text.strip()
        }
    context.presented = without_never(context, rows)[:MAX_SHOWN]
    context.reasons = reasons
    context.text = clean(arguments.text, newlines=True)
    ids = context.catalog.ids(context.presented)
    return ToolResult(f"shown: {', '.join(ids)}", {"ids": ids, "dropped": dropped})


def _the_first(context: ToolContext, count: int) -> list[int]:
    """The first of the candidates; after a step back the list that stands, as it was shown."""
    bus = context.bus
    if bus.standing and bus.settled and count in (0, len(bus.shown)):
        return list(bus.shown)
    return [int(row) for row in bus.rows()[: max(1, min(count or 5, MAX_SHOWN))]]


def _named(
    context: ToolContext, arguments: PresentArguments
) -> tuple[list[int], dict[int, str], list[str]]:
    """The rows of the items named, their reasons, and the first names of what is no candidate."""
    rows: list[int] = []
    reasons: dict[int, str] = {}
    dropped = []
    for position, reference in enumerate(arguments.items[:MOST_NAMED]):
        try:
            row = resolve(reference, context)
        except ToolError:
            row = -1
        if row < 0 or row not in context.bus.candidates:
            rule = context.catalog.names_hidden(reference)
            dropped.append(told_kept_out(rule) if rule else clean(reference, 80))
            continue
        if row not in rows:
            rows.append(row)
        if position < len(arguments.reasons) and arguments.reasons[position].strip():
            reasons[row] = clean(arguments.reasons[position], 300)
    if (beyond := len(arguments.items) - MOST_NAMED) > 0:
        told = f"{beyond:,} more that the model named were not looked at"
        context.notices.append(("dropped", told))
    if dropped:
        context.notices.append(
            (
                "dropped",
                f"{len(dropped)} named by the model but not among the candidates: "
                + ", ".join(dropped[:5]),
            )
        )
    return rows, reasons, dropped[:5]


TOOLS = (
    Tool(
        "remember",
        "dialogue",
        "Note what the person said of items; only their own words count.",
        RememberArguments,
        remember,
        offered=lambda context: context.may_remember,
    ),
    Tool(
        "ask_person",
        "dialogue",
        "Ask one short question; ends the turn.",
        AskPersonArguments,
        ask_person,
        ends_turn=True,
    ),
    Tool(
        "present",
        "dialogue",
        "Show the answer: candidates by id, a sentence, short reasons. Ends the turn.",
        PresentArguments,
        present,
        ends_turn=True,
    ),
)
