"""Units, decades and number words: what a stretch of text counts, and in what."""

from __future__ import annotations

import re

from recagent_catalogs.schema import Column, Role

from ..builtin.words.lexicon import lexicon
from .world import World, to_number

SMALL = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty"
).split()
_TENS = {"a": 1, "an": 1, "sixty": 60, "ninety": 90, "hundred": 100}
_DECADES = "twenties thirties forties fifties sixties seventies eighties nineties".split()
_BELOW = ("under", "below", "less", "shorter", "at most", "up to", "fewer", "no more", "within")
_ABOVE = ("over", "above", "more", "longer", "at least", "upwards")


def decade(match: re.Match[str]) -> int | None:
    """The first year of a decade as it is written; None where it is none."""
    if match[3]:
        return 1920 + 10 * _DECADES.index(match[3].lower())
    number = int(match[2])
    if number > 99:
        return number if number % 10 == 0 else None
    return 1900 + number if number >= 20 else 2000 + number


def value(text: str) -> float:
    """The number that digits or a word mean."""
    word = text.lower()
    if word in SMALL:
        return float(SMALL.index(word) + 1)
    return float(_TENS[word]) if word in _TENS else to_number(text)


def fits(told: float, known: float, limit: str, room: float, scale: float) -> bool:
    """Whether a figure holds with its words of limit ("under", "about")."""
    if limit.startswith("just"):
        return abs(known - told) <= max(room, 0.1 * told)
    if limit.startswith(_BELOW):
        return known <= told
    if limit.startswith(_ABOVE):
        return known >= told
    if limit:
        return abs(known - told) <= max(room, 0.1 * told)
    return abs(known - told) <= (room if scale == 1 else max(0.09, 0.05 * told))


def units(world: World) -> list[tuple[str, ...]]:
    """The writings of each unit: those of the catalog, and of time."""
    units = [("minutes", "minute", "mins", "min"), ("hours", "hour", "hrs", "hr", "h")]
    for column in world.schema.with_role(Role.NUMBER):
        names = names_of(column.unit, column)
        if column.unit and not any(set(names) & set(known) for known in units):
            units.append(tuple(names))
    return units


def names_of(unit: str, column: Column) -> list[str]:
    """The writings of a unit."""
    groups = (("minutes", "minute", "mins", "min"), ("hours", "hour", "hrs", "hr", "h"))
    for group in groups:
        if unit.lower() in group:
            return list(group)
    named = lexicon().units.get(unit.lower(), {})
    return [name for name in (unit, unit + "s", *named) if name.strip("s")]


def nouns(world: World) -> list[str]:
    """Words for several items."""
    schema = world.schema
    mine = [schema.items, *(a for a in schema.aliases if a.endswith("s"))]
    return [*mine, "items", "picks", "titles", "suggestions", "recommendations", "choices"]
