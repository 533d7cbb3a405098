"""What a turn asks for in passing: the events of kind "said", the mood of a session."""

from __future__ import annotations

from collections.abc import Iterator

from recagent_catalogs.errors import BadCondition
from recagent_catalogs.schema import LIST_ROLES, Role
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import fold
from recagent_tools.conditions import parse_condition

from ..agent.request import Intent, Request

MOST = 8
"""Values noted a turn."""
MOST_OF_ONE = 3
"""Values noted of one wish or condition: more are alternatives, a mood spelt out in tags."""
_ROLES = LIST_ROLES | {Role.GROUP}
_ASKING = (Intent.RECOMMEND, Intent.REFINE)

Asked = tuple[str, str, float]


def asked_for(request: Request, before: Request | None, catalog: Catalog) -> list[Asked]:
    """What a request wants that the turn before it did not want yet, bounded.

    Kinds, people and the like that it asks for, by conditions or softly, and items that the list
    should be like; not what it excludes, which is of this one list, nor what it asks about.

    Args:
        request: of this turn, with what still holds from earlier ones.
        before: of the turn before it in the session; None for the first.
        catalog: whose vocabulary it is in.

    Returns:
        ("column", "value", weight from 0 to 1), the weight 1 where a condition asks for it; of an
        item ("", its id, 1).
    """
    if request.intent not in _ASKING:
        return []
    known = {(column, value) for column, value, _ in _wanted(before, catalog)} if before else set()
    found: dict[tuple[str, str], float] = {}
    for column, value, weight in _wanted(request, catalog):
        if (column, value) not in known:
            found.setdefault((column, value), weight)
    return [(*key, weight) for key, weight in list(found.items())[:MOST]]


def _named(pair: tuple[str, str], text: str, catalog: Catalog) -> bool:
    """Whether words name a value: a mood ("chill") is read as several tags nobody spoke of."""
    column = catalog.schema.find(pair[0])
    if column is None or column.role is not Role.TAGS:
        return True
    return fold(pair[1].replace("-", " ")) in fold(text.replace("-", " "))


def _wanted(request: Request, catalog: Catalog) -> Iterator[Asked]:
    for text in request.conditions:
        try:
            condition = parse_condition(text, catalog)
        except BadCondition:  # of the catalog as it was
            continue
        if condition.operator == "has" and catalog.schema.column(condition.column).role in _ROLES:
            for value in condition.values[:MOST_OF_ONE]:
                yield condition.column, str(value), 1.0
    for wish in request.wishes:
        if wish.weight > 0:
            named = [pair for pair in wish.values if _named(pair, wish.text, catalog)]
            for column, value in named[:MOST_OF_ONE]:
                yield column, value, min(1.0, wish.weight)
    for mention in request.liked[:MOST_OF_ONE]:
        if mention.id is not None:
            yield "", mention.id, 1.0
