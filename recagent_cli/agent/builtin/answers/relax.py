"""What to give up when too little meets all conditions: what is done unasked, and what is offered.

The ways out themselves are counted by `recagent_tools.relaxation`; here they are chosen and said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recagent_catalogs.store import Catalog
from recagent_tools.conditions import parse_condition
from recagent_tools.relaxation import TOGETHER, Change, Relaxation, rows_left
from recagent_tools.rowset import RowSet

from ...brain import TurnView
from .wording import condition_text, join

MOST_WAYS = 4
MOST_TITLES = 2
"""So few items that a way out leaves are named."""
LONGEST = 119
"""Characters of an option; with titles that would make it longer only the count is told."""


def unasked(ways: Sequence[Relaxation]) -> Relaxation | None:
    """The way that may be taken without asking: the smallest, where it is cheap and alone so small.

    Cheap are numbers, and two kinds that had to hold together becoming alternatives. What kind of
    thing it is, a person, an audience or an exclusion nobody gives up for somebody else.
    """
    if not ways or ways[0].prices[0] > TOGETHER or not ways[0].conditions:
        return None
    rivals = [way for way in ways[1:] if way.weight == ways[0].weight and way.conditions]
    return None if rivals else ways[0]


def offered(ways: Sequence[Relaxation], *, free: bool) -> list[Relaxation]:
    """The ways to offer, the smallest first.

    Args:
        ways: all there are.
        free: whether something is asked for besides the conditions, so that all may go.
    """
    return [way for way in ways if way.conditions or free][:MOST_WAYS]


def only_one(conditions: Sequence[str], alone: Sequence[int]) -> list[Relaxation]:
    """Where no three changes help: each condition by itself, those that leave least first."""
    found = sorted((count, place) for place, count in enumerate(alone) if count)
    ways = []
    for count, place in found[:MOST_WAYS]:
        changes = tuple(Change(c, None) for i, c in enumerate(conditions) if i != place)
        kept = (conditions[place],)
        ways.append(Relaxation(changes, kept, count, len(changes), len(changes), (0,)))
    return ways


def way_text(way: Relaxation, catalog: Catalog, base: RowSet) -> str:
    """A way as an option: "without 'not Horror': 12 films"."""
    many = f"{way.left:,} {catalog.schema.item if way.left == 1 else catalog.schema.items}"
    told = f"{changes_text(way, catalog)}: {many}"
    if way.left > MOST_TITLES:
        return told
    rows = rows_left([parse_condition(text, catalog) for text in way.conditions], catalog, base)
    named = join([catalog.label(int(row)) for row in rows])
    longer = f"{changes_text(way, catalog)}: {named}"
    room = LONGEST - len(named) - len("…: ")
    if len(longer) > LONGEST and way.left == 1 and room > 0:  # its title says more
        return f"{changes_text(way, catalog)[:room]}…: {named}"
    return longer if len(longer) <= LONGEST else told


def changes_text(way: Relaxation, catalog: Catalog) -> str:
    """The changes in words: "'since 1980' instead of 'from 1990 to 1995', and without 'Horror'"."""
    if len(way.conditions) == 1 and way.size == way.removed > 1:
        return f"only {_quoted(way.conditions[0], catalog)}"
    told = [
        f"{_quoted(becomes, catalog)} instead of {_all_of(befores, catalog)}"
        for becomes, befores in way.by_result.items()
        if becomes is not None
    ]
    return ", and ".join([*told, *_without(way, catalog)])


def applied_text(way: Relaxation, catalog: Catalog) -> str:
    """The sentence on a way that was taken unasked."""
    told = []
    results = way.by_result
    for becomes, befores in results.items():
        if becomes is None:
            told.append(f"I left out {_all_of(befores, catalog)}")
        elif len(befores) > 1:
            told.append(f"{_quoted(becomes, catalog)} is enough")
        elif len(results) > 1:
            told.append(f"I widened {_all_of(befores, catalog)} to {_quoted(becomes, catalog)}")
        else:
            now = _quoted(becomes, catalog)
            return f"Nothing fits with {_all_of(befores, catalog)}, so I widened it to {now}."
    return f"Nothing fits all of it, so {join(told)}."


def would_text(ways: Sequence[Relaxation], catalog: Catalog) -> str:
    """What would give more: "; without 'under 140 min' there would be 12"; empty where nothing.

    A person, an audience or an exclusion is touched only where nothing else helps.
    """
    some = [way for way in ways if way.conditions]
    if not some:
        return ""
    way = next((way for way in some if not way.dear), some[0])
    wider = [_quoted(text, catalog) for text in way.by_result if text is not None]
    told = [*([f"with {join(wider)}"] if wider else []), *_without(way, catalog)]
    return f"; {' and '.join(told)} there would be {way.left:,}"


def counted(view: TurnView) -> dict[str, Any]:
    """What the last `filter` counted where it left too little; empty without one."""
    for _, observations in reversed(view.steps):
        for observation in reversed(observations):
            if observation.call.name == "filter" and isinstance(observation.data, dict):
                return observation.data if "alone" in observation.data else {}
    return {}


def would_among(view: TurnView) -> str:
    """What would give some of a list that was shown, but not all of it; empty where nothing."""
    total = int(counted(view).get("of", 0))
    ways = [way for way in view.context.relaxations if way.left < total]
    return would_text(ways, view.context.catalog)


def _without(way: Relaxation, catalog: Catalog) -> list[str]:
    gone = [change.condition for change in way.changes if change.becomes is None]
    return [f"without {_all_of(gone, catalog)}"] if gone else []


def _quoted(text: str, catalog: Catalog) -> str:
    return f"'{condition_text(parse_condition(text, catalog), catalog.schema)}'"


def _all_of(texts: Sequence[str], catalog: Catalog) -> str:
    return join([_quoted(text, catalog) for text in texts])
