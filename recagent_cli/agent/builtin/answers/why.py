"""Why an item was in the list, told from the request that made the list and the catalog's facts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from recagent_catalogs.schema import Role
from recagent_catalogs.store import Catalog, Item

from ...brain import PastTurn, TurnView
from ...request import Request
from ..words.tokens import Text, tokenize
from .wording import AGAINST, PART, join, named_kinds

_WHY = re.compile(
    r"^(?:(?:and|but|so|ok|okay|hm|hmm) )?"
    r"(?:why|how come|what made you (?:pick|choose|recommend))\b"
)
MOST_SHARED = 4
MOST_TOLD = 5


def asks_why(text: Text) -> bool:
    """Whether the turn asks for the reason of what was shown."""
    return bool(_WHY.match(text.joined)) and "why not" not in text.joined


def why_answer(view: TurnView) -> str:
    """The reasons of the items asked about; empty where the turn does not ask for any."""
    if not asks_why(tokenize(view.utterance)):
        return ""
    catalog = view.context.catalog
    rows = [catalog.row_of(m.id) for m in view.request.about if m.id is not None]
    known = [row for row in rows if row is not None][:MOST_TOLD]
    lines = []
    for item in catalog.items(known):
        request = _made_by(view.history, item.row)
        if request is None:
            lines.append(f"{item.label} was not in my list.")
        else:
            lines.append(f"{item.label}: {_reason(item, request, catalog)}.")
    return "\n".join(lines)


def _made_by(history: Sequence[PastTurn], row: int) -> Request | None:
    """The request of the last list that showed the item."""
    for turn in reversed(history):
        if row in turn.shown and turn.request is not None:
            return turn.request
    return None


def _reason(item: Item, request: Request, catalog: Catalog) -> str:
    parts = []
    if request.conditions:
        asked = named_kinds(request.conditions, catalog, catalog.schema.items)
        parts.append(f"you asked for {asked}")
    carried = [
        value
        for wish in request.wishes
        if wish.weight > 0 and not wish.text.endswith((AGAINST, PART))
        for name, value in wish.values
        if value in _cell(item, name)
    ]
    if carried:
        told = [value.replace("-", " ") for value in dict.fromkeys(carried)]
        parts.append(f"it is tagged {join(told[:MOST_SHARED])}")
    if request.search:
        parts.append(f"its text matches '{request.search}'")
    liked = [row for m in request.liked if m.id and (row := catalog.row_of(m.id)) is not None]
    for other in catalog.items(liked[:2]):
        shared = _shared(item, other, catalog)
        parts.append(
            f"like {other.title} it has {join(shared)}"
            if shared
            else f"who likes {other.title} tends to take it"
        )
    return "; ".join(parts) or f"it is among the best known {catalog.schema.items} that are left"


def _shared(item: Item, other: Item, catalog: Catalog) -> list[str]:
    """What two items have in common: people, then tags, then kinds."""
    found: list[str] = []
    for role in (Role.PEOPLE, Role.TAGS, Role.CATEGORIES):
        for column in catalog.schema.with_role(role):
            there = _cell(other, column.name)
            found += [v.replace("-", " ") for v in _cell(item, column.name) if v in there]
    return list(dict.fromkeys(found))[:MOST_SHARED]


def _cell(item: Item, column: str) -> list[str]:
    value = item.columns.get(column)
    if isinstance(value, list):
        return value
    return [str(value)] if value not in (None, "") else []
