"""What is new for a person, as it is printed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from recagent_catalogs.text import clean

if TYPE_CHECKING:
    from rich.console import RenderableType

    from recagent_catalogs.store import Catalog

    from ..agent.turn import ShownItem
    from ..digest import Digester, Found

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def since_told(moment: float, now: float) -> str:
    """Since when, for people: `today`, `yesterday`, `Tuesday`, the date after a week."""
    then, today = time.localtime(moment), time.localtime(now)
    days = round((_noon(today) - _noon(then)) / 86_400)
    if days <= 0:
        return "today"
    if days == 1:
        return "yesterday"
    return DAYS[then.tm_wday] if days < 7 else time.strftime("%Y-%m-%d", then)


def _noon(of: time.struct_time) -> float:
    return time.mktime((of.tm_year, of.tm_mon, of.tm_mday, 12, 0, 0, 0, 0, -1))


def nothing_told(found: Found, catalog: str) -> str:
    """Why there is nothing to tell."""
    if not found.known:
        return f"nothing is known yet of what you like in {catalog}"
    if found.since is None:
        return "nothing that you noted brings anything up"
    return f"since {since_told(found.since, time.time())} nothing came that fits you"


def items_of(found: Found) -> tuple[ShownItem, ...]:
    """The news as a list of items, numbered."""
    from ..agent.turn import ShownItem

    return tuple(
        ShownItem(
            rank,
            one.item.row,
            one.item.id,
            one.item.title,
            one.item.year,
            one.score,
            one.reason,
            one.item.columns,
        )
        for rank, one in enumerate(found.news, start=1)
    )


def digest_json(found: Found, digester: Digester) -> dict[str, Any]:
    """The body of `recagent.report/1` of the kind `digest`."""
    from ..memory.export import moment

    told = zip(items_of(found), found.news, strict=True)
    return {
        "catalog": digester.catalog.name,
        "profile": digester.profile,
        "since": None if found.since is None else moment(found.since),
        "items": [
            {**item.to_json(), "news": one.kind, "facts": list(one.facts)} for item, one in told
        ],
        "more": found.more,
    }


def digest_renderables(
    found: Found, catalog: Catalog, *, plain: bool = False
) -> list[RenderableType]:
    """The news for people: one line since when, and the list."""
    from rich.text import Text

    from .item_list import ItemList

    head = f"{clean(catalog.name)}: new for you"
    if found.since is not None:
        head += f" since {since_told(found.since, time.time())}"
    if found.more:
        head += f", the best {len(found.news)} of {len(found.news) + found.more}"
    return [Text(head, style="dim"), ItemList(items_of(found), catalog.schema, plain)]
