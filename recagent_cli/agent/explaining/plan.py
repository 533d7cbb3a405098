"""What to say of an item: points chosen from the evidence, for a style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from recagent_catalogs.errors import BadCondition
from recagent_catalogs.schema import Role
from recagent_catalogs.store import Catalog, Item
from recagent_tools.conditions import parse_condition
from recagent_tools.evidence_json import taken_verb
from recagent_tools.models.history import History
from recagent_tools.toolbox import ToolContext

from ..request import Request

Style = Literal["fit", "facts", "short"]
"""`fit`: why it fits this person; `facts`: what it is; `short`: one clause."""
STYLES: tuple[str, ...] = get_args(Style)
MAX_POINTS = {"fit": 3, "facts": 4, "short": 1}
MAX_SHARED = 3
MAX_NAMES = 2
ENOUGH_TOGETHER = 5
"""Fewer people who took both are no evidence, and may be known by name."""


@dataclass(frozen=True)
class Point:
    """One thing to say.

    Attributes:
        kind: "like", "together", "shared", "wish", "reception", "people", "length", "traits".
        text: as the template says it.
    """

    kind: str
    text: str

    @property
    def personal(self) -> bool:
        """Whether it cites what this person said or did."""
        return self.kind in ("like", "wish")


@dataclass(frozen=True)
class Plan:
    """What is to be said of an item, most telling first."""

    row: int
    style: str
    points: tuple[Point, ...]

    def draft(self) -> str:
        """The template's words: "like Alien; both space, Sci-Fi"."""
        return "; ".join(point.text for point in self.points)


def plans(
    items: Sequence[Item],
    request: Request,
    context: ToolContext,
    history: History,
    style: str = "fit",
) -> dict[int, Plan]:
    """A plan for each item, by row.

    For `fit`, in this order: the likes that brought it in, what it shares with them, the wishes and
    conditions it meets, and for an item with none of these, how it is received. What the person
    named now comes before what is known from earlier, which counts only where nothing was named.
    `facts` cites nobody: makers, length, traits, reception. `short` is the first point of `fit`.
    """
    if style == "facts":
        made = {item.row: _facts(item, context) for item in items}
    else:
        made = _fit(items, request, context, history, counted=style == "fit")
    if style == "short":
        made = {row: _in_one(points) for row, points in made.items()}
    most = MAX_POINTS[style]
    return {row: Plan(row, style, tuple(points[:most])) for row, points in made.items()}


def _fit(
    items: Sequence[Item],
    request: Request,
    context: ToolContext,
    history: History,
    *,
    counted: bool = True,
) -> dict[int, list[Point]]:
    """The points of `fit`; `counted`: how many took both comes before what both are."""
    catalog = context.catalog
    wanted = _wanted_values(request, catalog)
    if context.liked:
        history = History.of(context.liked)
    elif wanted and context.user is None:
        history = History.empty()
    seeds = _seed_rows(history)
    seed_items = {item.row: item for item in catalog.items(seeds)} if seeds else {}
    made: dict[int, list[Point]] = {}
    for item in items:
        points: list[Point] = []
        liked, together = _because(item, context, history, seed_items)
        if liked is not None:
            points.append(Point("like", f"like {liked.title}"))
            shared = _shared(item, liked, catalog)
            if counted and together and not shared.startswith("same"):
                points.append(Point("together", together))
            elif shared:
                points.append(Point("shared", shared))
        met = [value for name, value in wanted if value in _cell(item, name)]
        told = " ".join(point.text for point in points).casefold()
        fresh = [v for v in dict.fromkeys(met) if v.casefold() not in told][:MAX_SHARED]
        if fresh:
            points.append(Point("wish", ", ".join(fresh)))
        if not points or (liked is None and len(points) < 2):
            points.extend(_reception(item, context))
        made[item.row] = points
    return made


def _in_one(points: Sequence[Point]) -> list[Point]:
    """The first point, with what is shared where it is a like: "heist, Crime, like Heat"."""
    if len(points) < 2 or points[0].kind != "like" or points[1].kind != "shared":
        return list(points)
    shared = points[1].text.removeprefix("both ").removeprefix("same ")
    told = ", ".join(shared.split(", ")[:2])
    return [Point("like", f"{told}, {points[0].text}")]


def _facts(item: Item, context: ToolContext) -> list[Point]:
    """Who made it, how long it is, what it is like, how it is received."""
    schema = context.catalog.schema
    points: list[Point] = []
    for column in schema.with_role(Role.PEOPLE)[:1]:
        names = _cell(item, column.name)[:MAX_NAMES]
        if names:
            points.append(Point("people", f"{column.label or column.name} {', '.join(names)}"))
    for column in schema.with_role(Role.NUMBER):
        value = item.columns.get(column.name)
        if column.unit and isinstance(value, int | float):
            points.append(Point("length", f"{value:g} {column.unit}"))
            break
    traits = [v for c in schema.with_role(Role.TAGS) for v in _cell(item, c.name)]
    traits = traits or [v for c in schema.with_role(Role.CATEGORIES) for v in _cell(item, c.name)]
    if traits:
        points.append(Point("traits", ", ".join(traits[:MAX_SHARED])))
    return points + _reception(item, context)


def _seed_rows(history: History) -> list[int]:
    return [int(row) for row in history.rows[history.weights > 0]][-20:]


def _because(
    item: Item, context: ToolContext, history: History, seeds: dict[int, Item]
) -> tuple[Item | None, str]:
    """The like that contributed most to this item, and how many took both.

    Counts of simulated people would be worth nothing, so there are none in such a catalog.
    """
    if not seeds:
        return None, ""
    evidence = context.engine.evidence(item.row, history)
    for row, share in evidence.get("because", ()):
        if share > 0 and int(row) in seeds:
            counts = {int(seed): (both, of) for seed, both, of in evidence["cooccurrence"]}
            both, of = counts.get(int(row), (0, 0))
            if both < ENOUGH_TOGETHER or context.catalog.schema.simulated:
                return seeds[int(row)], ""
            verb = taken_verb(context.catalog)
            return seeds[int(row)], f"{both:,} of {of:,} who {verb} it {verb} this too"
    return None, ""


def _shared(item: Item, liked: Item, catalog: Catalog) -> str:
    """What two items have in common: people first, then tags, then categories."""
    for column in catalog.schema.with_role(Role.PEOPLE):
        both = [name for name in _cell(item, column.name) if name in _cell(liked, column.name)]
        if both:
            return f"same {column.label or column.name} {both[0]}"
    found: list[str] = []
    for column in (
        *catalog.schema.with_role(Role.TAGS),
        *catalog.schema.with_role(Role.CATEGORIES),
    ):
        mine, theirs = _cell(item, column.name), _cell(liked, column.name)
        found.extend(value for value in mine if value in theirs and value not in found)
    return "both " + ", ".join(found[:MAX_SHARED]) if found else ""


def _wanted_values(request: Request, catalog: Catalog) -> list[tuple[str, str]]:
    """The ("column", "value") pairs that were asked for, hard and soft."""
    wanted: list[tuple[str, str]] = []
    for text in request.conditions:
        try:
            condition = parse_condition(text, catalog)
        except BadCondition:
            continue
        if condition.operator == "has":
            wanted.extend((condition.column, str(value)) for value in condition.values)
    for wish in request.wishes:
        if wish.weight > 0:
            wanted.extend(wish.values)
    return wanted


def _cell(item: Item, column: str) -> list[str]:
    value = item.columns.get(column)
    if isinstance(value, list):
        return value
    return [str(value)] if value not in (None, "") else []


def _reception(item: Item, context: ToolContext) -> list[Point]:
    """How an item is received: its mean rating, or how popular it is among the catalog's items."""
    catalog = context.catalog
    taken = int(catalog.popularity[item.row])
    rating = float(catalog.mean_rating[item.row])
    if taken >= 5 and not np.isnan(rating):
        if catalog.verdicts:
            return [Point("reception", f"{rating:.0%} of {taken:,} liked it")]
        return [Point("reception", f"rated {rating:.1f} by {taken:,}")]
    if taken and not catalog.schema.simulated:
        share = float((catalog.popularity > taken).mean())
        if share < 0.05:
            return [Point("reception", "among the most popular")]
    return []
