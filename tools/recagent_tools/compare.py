"""A comparison in words and as JSON, and the tool that makes one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recagent_catalogs.errors import ToolError
from recagent_catalogs.schema import Role
from recagent_catalogs.store import Catalog

from .comparison import Compared, Comparison, compare
from .evidence_json import taken_verb
from .references import resolve_all
from .toolbox import Arguments, Tool, ToolContext, ToolResult
from .why_not import RETRIEVED_BY, join

CLOSE = 0.1
"""Standard deviations of fit by which items are said to fit about equally."""
ALIKE = 0.05
"""Points of the mean rating (or share of people) that tell nothing."""
MOST_SAID = 2
MOST_SHARED = 6
DIGITS = 6


def conclusion(found: Comparison, context: ToolContext) -> str:
    """Which one, and mainly why, in one or two sentences; or that it cannot be known."""
    catalog = context.catalog
    if not found.known:
        told = "I know nothing of your taste, so I cannot tell which one suits you"
        return f"{told}{_received(found, context)}."
    if found.best is None:
        return "For you nothing tells them apart."
    best = found.items[found.best]
    rest = max(
        (item for n, item in enumerate(found.items) if n != found.best),
        key=lambda item: item.fit or 0.0,
    )
    who = "For you" if context.user is None else f"For user {catalog.user_id(context.user)}"
    why = _because(best, rest, found, catalog)
    if (best.fit or 0.0) - (rest.fit or 0.0) < CLOSE:
        told = f"{who} they fit about equally, {catalog.label(best.row)} a little better{why}."
    else:
        told = f"{who} {catalog.label(best.row)}{why}."
    return told + _though(best, found, context) + _known_already(found, context)


def _though(best: Compared, found: Comparison, context: ToolContext) -> str:
    """That another would be rated higher, though this one fits better: two models, two answers."""
    rated = [item for item in found.items if item.rating is not None]
    top = max(rated, key=lambda item: item.rating or 0.0, default=best)
    if best.rating is None or (top.rating or 0.0) - best.rating < CLOSE:
        return ""
    who = "you" if context.user is None else "they"
    figures = f"{top.rating or 0.0:.1f} against {best.rating:.1f}"
    return f" But {who} would probably rate {context.catalog.label(top.row)} higher: {figures}."


def _known_already(found: Comparison, context: ToolContext) -> str:
    """Which of them the person knows; of a user of the data, which they took."""
    seen = [context.catalog.label(item.row) for item in found.items if item.seen]
    if not seen:
        return ""
    if context.user is None:
        return f" You know {join(seen)} already."
    user, verb = context.catalog.user_id(context.user), taken_verb(context.catalog)
    return f" User {user} {verb} {join(seen)}."


def _because(best: Compared, rest: Compared, found: Comparison, catalog: Catalog) -> str:
    """The likes, else the models, that speak most for it against the next one."""
    titles = [catalog.item(like.row).title for like in found.causes[:MOST_SAID]]
    if titles:
        return f", mainly because of {join(titles)}"
    mine, next_ = found.items.index(best), found.items.index(rest)
    told = [each for each in found.apart if each.shares[mine] > each.shares[next_]]
    if told:
        most = max(told, key=lambda each: each.shares[mine] - each.shares[next_])
        return f", mainly {RETRIEVED_BY.get(most.name, most.name)}"
    return ""


def _received(found: Comparison, context: ToolContext) -> str:
    """Which is received best, where anything tells."""
    if found.best is None:
        return ""
    catalog, best = context.catalog, found.items[found.best]
    label = catalog.label(best.row)
    rated = [item for item in found.items if item.mean_rating is not None]
    if catalog.schema.simulated:
        return ""
    if best.mean_rating is not None and len(rated) > 1:
        rest = max(item.mean_rating or 0.0 for item in rated if item is not best)
        if best.mean_rating - rest >= ALIKE:
            return f"; people rate {label} highest ({received_text(best, context)})"
        return "; people rate them about alike"
    if best.taken_by and best.mean_rating is None:
        return f"; more people took {label} ({best.taken_by:,})"
    return ""


def received_text(item: Compared, context: ToolContext) -> str:
    """`4.1 by 102`, `93% of 512`, `102 people`; "" of nobody, or simulated users."""
    if context.catalog.schema.simulated:
        return ""
    if item.mean_rating is not None:
        if context.catalog.verdicts:
            return f"{item.mean_rating:.0%} of {item.taken_by:,}"
        return f"{item.mean_rating:.1f} by {item.taken_by:,}"
    if not item.taken_by:
        return ""
    return f"{item.taken_by:,} {'person' if item.taken_by == 1 else 'people'}"


def shared_text(found: Comparison) -> str:
    """What all of them have; "" where nothing."""
    values = list(dict.fromkeys(value for _, value in found.shared))
    more = ["more"] * (len(values) > MOST_SHARED)
    who = "Both" if len(found.items) == 2 else "All"
    return f"{who} have {join([*values[:MOST_SHARED], *more])}." if values else ""


def lines_of(found: Comparison, context: ToolContext) -> list[str]:
    """The comparison in sentences: each item, what differs, the conclusion."""
    catalog = context.catalog
    lines = []
    for n, item in enumerate(found.items):
        told = [
            f"{column.name.replace('_', ' ')} {column.cells[n]}"
            for column in found.columns
            if column.differs and column.cells[n] and column.name not in _years(catalog)
        ][:3]
        received = received_text(item, context) if item.mean_rating is not None else ""
        told += [f"rated {received}"] * bool(received)
        lines.append(f"{catalog.label(item.row)}: {'; '.join(told) or 'nothing more is known'}.")
    return [*lines, conclusion(found, context)]


def _years(catalog: Catalog) -> Sequence[str]:
    return [column.name for column in catalog.schema.with_role(Role.YEAR)]


def comparison_json(found: Comparison, context: ToolContext) -> dict[str, Any]:
    """The comparison as `recagent.evidence/1` of kind "compare" has it."""
    catalog = context.catalog
    items = []
    for compared in found.items:
        item = catalog.item(compared.row)
        items.append(
            {
                "id": item.id,
                "title": item.title,
                "year": item.year,
                "columns": dict(item.columns),
                "taken_by": compared.taken_by,
                "mean_rating": _rounded(compared.mean_rating),
                "fit": _rounded(compared.fit),
                "rating": _rounded(compared.rating),
                "seen": compared.seen,
                "likes": [
                    {
                        "id": catalog.ids([like.row])[0],
                        "title": catalog.item(like.row).title,
                        "share": _rounded(like.share),
                    }
                    for like in compared.likes
                ],
            }
        )
    return {
        "known": found.known,
        "best": None if found.best is None else items[found.best]["id"],
        "items": items,
        "columns": [{"name": column.name, "differs": column.differs} for column in found.columns],
        "shared": [{"column": column, "value": value} for column, value in found.shared],
        "apart": [
            {
                "name": each.name,
                "words": RETRIEVED_BY.get(each.name, each.name),
                "scores": [_rounded(share) for share in each.shares],
            }
            for each in found.apart
        ],
        "conclusion": conclusion(found, context),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)


class CompareArguments(Arguments):
    """Arguments of `compare`."""

    items: list[str]


def tell_comparison(context: ToolContext, arguments: CompareArguments) -> ToolResult:
    """Compare items for this person, by the likes of the list that stands where there is one."""
    rows, problems = resolve_all(arguments.items, context)
    if len(rows) < 2:
        raise ToolError("; ".join(problems) or "compare takes two items or more")
    then = context
    if context.bus.lists and context.of_list is not None:
        then = context.of_list(0)
    found = compare(rows, then)
    lines = [*lines_of(found, then), *problems]
    return ToolResult("\n".join(lines), comparison_json(found, then))


TOOLS = (
    Tool(
        "compare",
        "explanation",
        "Two to five items side by side.",
        CompareArguments,
        tell_comparison,
        offered=lambda context: bool(context.shown),
    ),
)
