"""Why an item of the catalog is not in a list, what it lost on, and what would bring it in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from pydantic import Field

from recagent_catalogs.errors import BadCondition, ToolError
from recagent_catalogs.schema import NUMBER_ROLES, Column, Role
from recagent_catalogs.store import Catalog

from .conditions import evaluate, parse_condition, short
from .dropped import is_limit, lost_at
from .evidence import Change, FailedCondition, ScorePart, WayIn, WhyNot
from .filter import conditions_of
from .provenance import provenance
from .references import resolve
from .retrieve import KEEP
from .toolbox import OWN, Arguments, Tool, ToolContext, ToolResult
from .ways_in import ways_in

RETRIEVED_BY = {
    "als": "by the taste that such likes show",
    "user_knn": "by what people with the same likes took",
    "ease": "by what goes with your likes",
    "nearby": "by what is taken near them",
    "transitions": "by what people take next",
    "cooccurrence": "by who took both",
    "content": "by its own words",
    "popularity": "by popularity",
}
BEYOND = "not only among the list shown"
MOST_PARTS = 3
MOST_FAILED = 4


@dataclass(frozen=True)
class WhyNone:
    """Why none, or only these, of all items that meet a condition are in a list.

    Attributes:
        text: the condition.
        of: how many items of the catalog meet it.
        shown: rows of those that are in the list.
        candidates: how many are candidates.
        best: the one that stands highest among them, and its place; None where none is one.
        place: its place; None where the candidates have no order.
        failed: (condition, how many of them fail it), most first.
    """

    text: str
    of: int
    shown: tuple[int, ...]
    candidates: int
    best: int | None
    place: int | None
    failed: tuple[tuple[str, int], ...]


def why_not(row: int, context: ToolContext) -> WhyNot:
    """The one answer for an item of the catalog, with what would bring it in.

    Args:
        row: the item.
        context: that of the turn that made the list, with the bus standing at it
            (`ToolContext.of_list`).
    """
    answer = lost_at(row, context)
    return replace(answer, ways=ways_in(answer, context))


def why_none(text: str, context: ToolContext) -> WhyNone:
    """What became of all items that meet a condition.

    Raises:
        BadCondition: it is none.
    """
    condition = parse_condition(text, context.catalog)
    mask, bus = evaluate(condition, context.catalog), context.bus
    rows = bus.rows()
    held = np.flatnonzero(mask[rows])
    known = bus.now.order is not None
    failed = [
        (str(each), int((mask & ~evaluate(each, context.catalog)).sum()))
        for each in conditions_of(provenance(bus.stages, bus.cursor), context.catalog)
    ]
    return WhyNone(
        str(condition),
        int(mask.sum()),
        tuple(row for row in bus.shown if mask[row]),
        len(held),
        int(rows[held[0]]) if len(held) and known else None,
        int(held[0]) + 1 if len(held) and known else None,
        tuple(sorted((f for f in failed if f[1]), key=lambda f: -f[1])),
    )


# --- in words ------------------------------------------------------------------------------------


def reason_text(answer: WhyNot, context: ToolContext) -> str:
    """Why the item is not in the list, in one sentence."""
    catalog = context.catalog
    label, n = catalog.label(answer.row), f"{answer.candidates:,}"
    match answer.kind:
        case "shown":
            return f"{label} is in the list: number {answer.place}."
        case "named":
            return f"{label} is left out because you named it: the list is what goes with it."
        case "shown_before":
            return f"{label} was left out because it was shown before."
        case "seen" if answer.user:
            return f"{label} was left out: this user has taken it already."
        case "seen" if answer.others:
            return f"{label} was left out because one of you has seen it."
        case "disliked" if answer.others:
            return f"{label} was left out because one of you does not want it."
        case "seen":
            return f"{label} was left out because you have seen it."
        case "disliked":
            return f"{label} was left out because you do not like it."
        case "never":
            return f"{label} was left out because you never want it again{_undo(answer)}."
        case "never_value":
            told = f"{label} was left out because you never want {answer.words}"
            return f"{told}{_undo(answer)}."
        case "recent":
            return f"{label} was left out because it was shown to you of late."
        case "unwanted":
            return f"{label} is not on your watchlist, and only that was meant."
        case "condition":
            return f"{label} is left out: {failed_text(answer.failed, catalog)}."
        case "words":
            return f"{label} does not match the words '{answer.words}'."
        case "set":
            note = answer.note or "another set"
            if note.startswith(("not ", "without ", "also in ")):
                return f"{label} was left out by a step before: {note}."
            return f"{label} is not in what was chosen before: {note}."
        case "retrieved":
            return f"{label} is not among the {KEEP:,} that fit best{_placed(answer)}."
        case "cut" if answer.stage is not None and is_limit(context.bus.stages[answer.stage]):
            return f"{label} was left out, as others of the same stand before it: {answer.note}."
        case "cut":
            return f"{label} came behind the {n} best, which alone were looked at further."
        case "drawn":
            return (
                f"{label} was among the {n} that the list was drawn from at random, "
                "and was not drawn."
            )
        case "forgotten":
            return f"What left {label} out cannot be told: the steps to this list were not kept."
    return _ranked(answer, label, catalog)


def _undo(answer: WhyNot) -> str:
    return f": recagent profile undo {answer.undo}" if answer.undo else ""


def _ranked(answer: WhyNot, label: str, catalog: Catalog) -> str:
    n, shown = f"{answer.candidates:,}", f"the list has {answer.of}"
    if answer.order:
        column = answer.order.replace("_", " ")
        if not answer.value:
            return f"The list is by {column}, and of {label} it is not known."
        by = f"by {column} ({answer.value}) it is number {answer.place:,} of {n}"
        if answer.place is not None and answer.place <= answer.of:  # of equals, or by other words
            return f"{label} is a candidate, and {by}, but others were chosen."
        return f"{label} is a candidate, but {by}; {shown}."
    if answer.place is None:
        return f"{label} is one of {n} candidates, which nothing has ranked."
    if answer.place <= answer.of:
        return f"{label} is number {answer.place} of {n} candidates, but others were chosen."
    return f"{label} is a candidate, but number {answer.place:,} of {n}; {shown}."


def _placed(answer: WhyNot) -> str:
    if not answer.retrieved:
        return ""
    best = answer.retrieved[0]
    how = RETRIEVED_BY.get(best.name, f"by {best.name}")
    return f": its best place is {best.place:,} of {best.of:,}, {how}"


def failed_text(failed: Sequence[FailedCondition], catalog: Catalog) -> str:
    """What of an item goes against the conditions that it fails: "it is Horror"."""
    told = [_against(each, catalog) for each in failed[:MOST_FAILED]]
    if len(failed) > MOST_FAILED:
        told.append(f"{len(failed) - MOST_FAILED} more")
    return "; ".join(told)


def _against(failed: FailedCondition, catalog: Catalog) -> str:
    """What the item has, and what was asked for instead; by the roles of the schema only."""
    condition = parse_condition(failed.text, catalog)
    column = catalog.schema.column(condition.column)
    name = column.label or column.name.replace("_", " ")
    asked = short(condition, catalog.schema).removeprefix(f"{name} ")
    no = condition.operator in ("lacks", "!=", "!~")
    if column.role in NUMBER_ROLES and not failed.value:
        return f"its {name} is not known"
    if column.role is Role.YEAR:
        return f"it is from {failed.value}" + ("" if no else f", not {asked}")
    if column.role in NUMBER_ROLES or column.order:
        return f"its {name} is {failed.value or 'not known'}" + ("" if no else f", not {asked}")
    if condition.operator in ("~", "!~"):
        return f"its {name} has {'' if no else 'no '}{asked.removeprefix('not ')}"
    if no:
        own = failed.value.split(", ")
        held = [str(value) for value in condition.values if value in own] or own
        is_it = column.role is Role.CATEGORIES
        return f"it is {join(held)}" if is_it else f"{join(held)} is among its {_of_many(column)}"
    if column.role is Role.CATEGORIES:
        return f"it is not {asked}" + (f" but {failed.value}" if failed.value else "")
    return f"{asked} is not among its {_of_many(column)} ({failed.value or 'not known'})"


def _of_many(column: Column) -> str:
    return column.name.replace("_", " ")


def join(parts: Sequence[str], word: str = "and") -> str:
    """`a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {word} {parts[-1]}"


def lost_text(answer: WhyNot, context: ToolContext) -> str:
    """What a ranked item lost on against the last one shown; "" where nothing is known of it."""
    if answer.last is None or not answer.lost:
        return ""
    losses = [part for part in answer.lost if part.share < 0][:MOST_PARTS]
    gains = [part for part in reversed(answer.lost) if part.share > 0][:1]
    told = []
    if losses:
        told.append(f"it loses on {join([_part(p) for p in losses])}")
    if gains:
        told.append(f"it gains on {_part(gains[0])}")
    last = context.catalog.label(answer.last)
    return f"Compared with {last}, the last one shown, {' and '.join(told)}."


def _part(part: ScorePart) -> str:
    return f"{part.words} ({part.share:+.2f})"


def also_text(answer: WhyNot, context: ToolContext) -> str:
    """The conditions that it fails besides, where something else came first; or ""."""
    if answer.kind in ("condition", "shown") or not answer.failed:
        return ""
    return f"Besides, {failed_text(answer.failed, context.catalog)}."


def way_text(way: WayIn) -> str:
    """One way in, in a sentence."""
    told = join([_change(change) for change in way.changes])
    if all(change.kind == "more" for change in way.changes):
        return f"It comes in with {told}."
    left = f"{way.left:,} {'is' if way.left == 1 else 'are'} left"
    place = f", and it is number {way.place:,}" if way.place is not None else ""
    return f"{told[:1].upper()}{told[1:]}, {left}{place}."


def _change(change: Change) -> str:
    match change.kind:
        case "drop":
            return f"without '{change.was}'" if change.was != "the list shown" else BEYOND
        case "widen":
            return f"with {change.now} instead of {change.was}"
        case "add":
            return f"with {change.now} besides"
        case "more":
            return f"{change.now} items (-n {change.now})"
        case "weight":
            return f"with the weight {change.now}"
        case "like":
            return "had you not named it"
    return {
        "shown_before": "had it not been shown",
        "disliked": "if you take back that you do not like it",
        "never": "if you take back that you never want it",
        "never_value": f"if you take back that you never want {change.now}",
        "recent": "if what was shown of late may come again",
        "unwanted": "if you put it on your watchlist",
    }.get(change.was, "if you take back that you have seen it")


def lines_of(answer: WhyNot, context: ToolContext) -> list[str]:
    """All of it, a sentence a line."""
    told = [reason_text(answer, context), also_text(answer, context), lost_text(answer, context)]
    return [line for line in (*told, *map(way_text, answer.ways)) if line]


def short_text(answer: WhyNot, context: ToolContext) -> str:
    """One or two sentences: why, and what it lost on or the smallest change that brings it in."""
    more = lost_text(answer, context)
    if not more and answer.ways:
        more = way_text(answer.ways[0])
    return f"{reason_text(answer, context)} {more}".strip()


def none_text(answer: WhyNone, context: ToolContext) -> str:
    """What became of all items that meet a condition, in one to three sentences."""
    catalog = context.catalog
    noun = catalog.schema.item if answer.of == 1 else catalog.schema.items
    told = f"{answer.of:,} {noun} of this catalog meet{'s' * (answer.of == 1)} {answer.text}"
    if answer.shown:
        return f"{told}, and the list shows {join([catalog.label(r) for r in answer.shown])}."
    if not answer.of:
        return f"No {catalog.schema.item} of this catalog meets {answer.text}."
    failed = join([f"{text} ({n:,})" for text, n in answer.failed[:MOST_PARTS]])
    kept = f" Kept out by {failed}." if failed else ""
    if not answer.candidates:
        return f"{told}; none is a candidate.{kept}"
    are = "is a candidate" if answer.candidates == 1 else "are candidates"
    best = ""
    if answer.best is not None and answer.place is not None:
        is_best = "it is" if answer.candidates == 1 else "the best is"
        best = f"; {is_best} {catalog.label(answer.best)}, number {answer.place:,}"
    return f"{told}; {answer.candidates:,} {are}{best} of {len(context.bus):,}.{kept}"


# --- the tool ------------------------------------------------------------------------------------


class WhyNotArguments(Arguments):
    """Arguments of `why_not`."""

    item: str = ""
    where: str = Field(default="", json_schema_extra=OWN)
    """Instead of an item: a condition, as "directors has Ang Lee"."""
    number: int = Field(default=0, json_schema_extra=OWN)
    """Of the list; 0 is the one that stands."""


def tell_why_not(context: ToolContext, arguments: WhyNotArguments) -> ToolResult:
    """Say why an item, or all that meet a condition, are not in a list."""
    if context.of_list is None:
        raise ToolError("there is no list to look at")
    then = context.of_list(arguments.number)
    if arguments.where and not arguments.item:
        try:
            found = why_none(arguments.where, then)
        except BadCondition as error:
            raise ToolError(error.message, hint=error.hint) from error
        said = none_text(found, then)
        return ToolResult(said, {"kind": "group", "candidates": found.candidates, "said": said})
    answer = why_not(resolve(arguments.item, context), then)
    data = {
        "kind": answer.kind,
        "id": context.catalog.ids([answer.row])[0],
        "place": answer.place,
        "candidates": answer.candidates,
        "failed": [each.text for each in answer.failed],
        "said": short_text(answer, then),
    }
    return ToolResult("\n".join(lines_of(answer, then)), data)


TOOLS = (
    Tool(
        "why_not",
        "explanation",
        "Why an item is not in the list shown, and what would bring it in.",
        WhyNotArguments,
        tell_why_not,
        offered=lambda context: bool(context.shown) and context.of_list is not None,
    ),
)
