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
from recagent_tools.liked import like_shares, shared_values, taken_together
from recagent_tools.models.history import History
from recagent_tools.tastes import lasting_tastes
from recagent_tools.toolbox import ToolContext

from ..request import Request

Style = Literal["fit", "facts", "short"]
"""`fit`: why it fits this person; `facts`: what it is; `short`: one clause."""
STYLES: tuple[str, ...] = get_args(Style)
MAX_POINTS = {"fit": 3, "facts": 4, "short": 1}
MAX_SHARED = 3
MAX_NAMES = 2


@dataclass(frozen=True)
class Point:
    """One thing to say.

    Attributes:
        kind: "like", "together", "shared", "wish", "taste", "reception", "people", "length",
            "traits".
        text: as the template says it.
    """

    kind: str
    text: str

    @property
    def personal(self) -> bool:
        """Whether it cites what this person said or did."""
        return self.kind in ("like", "wish", "taste")


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
    likes = _best_likes(items, context, history)
    tastes = [(column, value) for column, value, w in lasting_tastes(context) if w > 0]
    made: dict[int, list[Point]] = {}
    for item in items:
        points: list[Point] = []
        liked, together = likes.get(item.row, (None, ""))
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
        lasting = _taste_met(item, tastes, " ".join((told, *fresh)))
        if lasting and liked is None:
            points.append(Point("taste", f"you like {lasting}"))
        if not points or (liked is None and len(points) < 2):
            points.extend(_reception(item, context))
        made[item.row] = points
    return made


def _taste_met(item: Item, tastes: Sequence[tuple[str, str]], told: str) -> str:
    """The heaviest lasting taste that an item meets and that was not told yet; "" for none."""
    for column, value in tastes:
        if value in _cell(item, column) and value.casefold() not in told.casefold():
            return value
    return ""


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


def _best_likes(
    items: Sequence[Item], context: ToolContext, history: History
) -> dict[int, tuple[Item, str]]:
    """By row: the like that adds most to the item's score, and how many took both."""
    if not history.n_liked:
        return {}
    best: dict[int, int] = {}
    for item in items:
        for like in like_shares(item.row, history, context).likes:
            if like.row != item.row:
                if like.share > 0:
                    best[item.row] = like.row
                break
    likes = {liked.row: liked for liked in context.catalog.items(list(set(best.values())))}
    return {row: (likes[like], _together(row, like, context)) for row, like in best.items()}


def _together(row: int, liked: int, context: ToolContext) -> str:
    """How many of those who took a like took the item too; "" where that says nothing."""
    verb = taken_verb(context.catalog)
    for told in taken_together(row, History.of([liked]), context):
        return f"{told.both:,} of {told.of:,} who {verb} it {verb} this too"
    return ""


def _shared(item: Item, liked: Item, catalog: Catalog) -> str:
    """What two items have in common: people first, then tags, then categories."""
    found: list[str] = []
    for path in shared_values(item.row, [liked.row], catalog):
        column = catalog.schema.column(path.column)
        if column.role is Role.PEOPLE:
            return f"same {column.label or column.name} {path.value}"
        if column.role in (Role.TAGS, Role.CATEGORIES) and path.value not in found:
            found.append(path.value)
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
