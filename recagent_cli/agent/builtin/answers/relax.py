"""What to give up when nothing meets all conditions: one at a time, and the least."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from recagent_catalogs.schema import Role
from recagent_catalogs.store import Catalog
from recagent_tools.conditions import Condition, evaluate, parse_condition

from ..readers.numbers import sensible
from .wording import condition_text, join

MIN_SLACK_YEARS = 3


MOST_WAYS = 4
MOST_TITLES = 2
"""So few items that a way out leaves are named."""


@dataclass(frozen=True)
class Relaxation:
    """A smaller demand: the conditions that are left, and what was given up, in words.

    `dropped` are the conditions left out altogether; `dear` is whether a person, an audience or an
    exclusion is among them, which nobody gives up unasked.
    """

    conditions: tuple[str, ...]
    said: str
    left: int
    dropped: tuple[str, ...] = ()
    dear: bool = False


def relax(conditions: tuple[str, ...], catalog: Catalog) -> Relaxation | None:
    """The smallest relaxation that leaves something; None where even one condition leaves nothing.

    First number ranges are widened, then kinds that had to hold together become alternatives,
    then a single condition is dropped: the one whose loss changes least, people and exclusions
    last.
    """
    parsed = [parse_condition(text, catalog) for text in conditions]
    masks = [evaluate(condition, catalog) for condition in parsed]
    for place, wider, said in (*_widened(parsed, catalog), *_either(parsed, catalog)):
        left = _left(
            [m for i, m in enumerate(masks) if i not in place], catalog, evaluate(wider, catalog)
        )
        if left:
            kept = [c for i, c in enumerate(parsed) if i not in place]
            return Relaxation(tuple(map(str, [*kept, wider])), said, left)
    return _dropped(parsed, masks, catalog)


def _left(
    masks: list[np.ndarray[tuple[int], np.dtype[np.bool_]]],
    catalog: Catalog,
    also: np.ndarray[tuple[int], np.dtype[np.bool_]] | None,
) -> int:
    mask = np.ones(catalog.n_items, dtype=bool) if also is None else also.copy()
    for other in masks:
        mask &= other
    return int(mask.sum())


def _widened(
    parsed: list[Condition], catalog: Catalog
) -> Iterator[tuple[set[int], Condition, str]]:
    for share in (0.1, 0.3, 0.6):
        for i, condition in enumerate(parsed):
            column = catalog.schema.column(condition.column)
            if column.role not in (Role.YEAR, Role.NUMBER):
                continue
            wider = _wider(condition, share, column.role is Role.YEAR)
            if wider is not None:
                was, now = (condition_text(c, catalog.schema) for c in (condition, wider))
                yield {i}, wider, f"nothing fits with '{was}', so I widened it to '{now}'"


def _wider(condition: Condition, share: float, year: bool) -> Condition | None:
    if condition.operator == "!=":
        return None
    numbers = [None if v is None else float(v) for v in condition.values]
    if condition.operator == "..":
        low, high = numbers
    else:
        low = numbers[0] if condition.operator in (">", ">=", "=") else None
        high = numbers[0] if condition.operator in ("<", "<=", "=") else None
    slack_low = max(MIN_SLACK_YEARS, round(share * 12)) if year else share * abs(low or 0.0)
    slack_high = max(MIN_SLACK_YEARS, round(share * 12)) if year else share * abs(high or 0.0)
    low = None if low is None else _stepped(low - slack_low, low, year)
    high = None if high is None else _stepped(high + slack_high, high, year)
    return Condition(condition.column, "..", (low, high))


def _stepped(value: float, was: float, year: bool) -> float:
    """The widened end as people say it, further out than it was."""
    if year:
        return float(round(value))
    told = sensible(value)
    return told if (told - was) * (value - was) > 0 else round(value, 1)


def _either(parsed: list[Condition], catalog: Catalog) -> Iterator[tuple[set[int], Condition, str]]:
    """Several values of one column that had to hold together become alternatives."""
    places: dict[str, list[int]] = {}
    for i, condition in enumerate(parsed):
        if condition.operator == "has":
            places.setdefault(condition.column, []).append(i)
    for column, found in places.items():
        if len(found) > 1:
            values = tuple(dict.fromkeys(v for i in found for v in parsed[i].values))
            named = " and ".join(str(v) for v in values)
            yield (
                set(found),
                Condition(column, "has", values),
                f"nothing is {named} at once, so any of them counts",
            )


def gain(conditions: tuple[str, ...], catalog: Catalog, gone: Sequence[int]) -> tuple[str, int]:
    """The condition without which most would be left beside what is gone, and how many.

    Number ranges first, exclusions and people last; ("", 0) where giving up one gains nothing.
    """
    parsed = [parse_condition(text, catalog) for text in conditions]
    masks = [evaluate(condition, catalog) for condition in parsed]
    free = np.ones(catalog.n_items, dtype=bool)
    free[list(gone)] = False
    found = []
    for i, condition in enumerate(parsed):
        left = _left([m for j, m in enumerate(masks) if j != i], catalog, free)
        role = catalog.schema.column(condition.column).role
        numeric = 0 if role in (Role.YEAR, Role.NUMBER) else 1
        rank = 4 if condition.operator == "lacks" else _LAST.get(role, numeric)
        if left and len(parsed) > 1:
            found.append((rank, -left, condition_text(condition, catalog.schema)))
    return (min(found)[2], -min(found)[1]) if found else ("", 0)


_LAST = {Role.PEOPLE: 2, Role.AUDIENCE: 3}


def _rank(condition: Condition, catalog: Catalog) -> int:
    """How dear a condition is: kinds and numbers least, people and audiences more, exclusions most.

    From 2 on it is not given up unasked.
    """
    role = catalog.schema.column(condition.column).role
    return 4 if condition.operator == "lacks" else _LAST.get(role, 1)


def _dropped(
    parsed: list[Condition],
    masks: list[np.ndarray[tuple[int], np.dtype[np.bool_]]],
    catalog: Catalog,
) -> Relaxation | None:
    """Gives up conditions until something is left: one if that will do, else the strictest."""
    if len(parsed) < 2:
        return None  # without it, anything would do
    found = []
    for i, condition in enumerate(parsed):
        left = _left([m for j, m in enumerate(masks) if j != i], catalog, None)
        if left:
            found.append((_rank(condition, catalog), left, i))
    if found:
        _, left, gone = min(found)
    else:
        ranked = [(_rank(c, catalog), int(masks[i].sum()), i) for i, c in enumerate(parsed)]
        _, left, gone = min(ranked)
    dropped: tuple[str, ...] = (str(parsed[gone]),)
    dear = _rank(parsed[gone], catalog) > 1
    rest = tuple(str(c) for j, c in enumerate(parsed) if j != gone)
    if found:
        return Relaxation(rest, _without(dropped, catalog), left, dropped, dear)
    further = relax(rest, catalog)
    if further is None:
        return None
    dropped += further.dropped
    said = _without(dropped, catalog)
    if not further.dropped:
        said += f", and {further.said}"
    return Relaxation(further.conditions, said, further.left, dropped, dear or further.dear)


def _without(dropped: Sequence[str], catalog: Catalog) -> str:
    """What was left out, in words."""
    named = join(
        [f"'{condition_text(parse_condition(text, catalog), catalog.schema)}'" for text in dropped]
    )
    return f"nothing fits all of it, so I left out {named}"


@dataclass(frozen=True)
class WayOut:
    """What somebody may choose to give up, in words, and what then remains."""

    conditions: tuple[str, ...]
    text: str


def ways_out(conditions: tuple[str, ...], catalog: Catalog) -> list[WayOut]:
    """What could be given up, the smallest first: one condition each, else two together."""
    parsed = [parse_condition(text, catalog) for text in conditions]
    masks = [evaluate(condition, catalog) for condition in parsed]
    for size in (1, 2):
        found = []
        for gone in itertools.combinations(range(len(parsed)), size):
            kept = [m for i, m in enumerate(masks) if i not in gone]
            left = np.logical_and.reduce(kept) if kept else np.zeros(catalog.n_items, dtype=bool)
            if left.any():
                rank = max(_rank(parsed[i], catalog) for i in gone)
                found.append((rank, int(left.sum()), gone, left))
        if found:
            found.sort(key=lambda way: way[:3])
            return [_way(parsed, gone, left, catalog) for _, _, gone, left in found[:MOST_WAYS]]
    return []


def _way(
    parsed: list[Condition],
    gone: tuple[int, ...],
    left: np.ndarray[tuple[int], np.dtype[np.bool_]],
    catalog: Catalog,
) -> WayOut:
    named = join([f"'{condition_text(parsed[i], catalog.schema)}'" for i in gone])
    rows = [int(row) for row in np.flatnonzero(left)[: MOST_TITLES + 1]]
    many = f"{int(left.sum()):,} {catalog.schema.items}"
    told = many if len(rows) > MOST_TITLES else join([catalog.label(row) for row in rows])
    kept = tuple(str(c) for i, c in enumerate(parsed) if i not in gone)
    return WayOut(kept, f"without {named}: {told}")
