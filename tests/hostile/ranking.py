"""What a poisoned row does to a list that an honest brain makes (I12).

A catalog is compared with itself where the text is harmless, both untrained: models that were
trained on other texts are other models, and order near ties in other ways.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from recagent_cli import Assistant
from recagent_cli.paths import Paths

from .attacks import Attack
from .world import ASKED, make, poisoned_id

LIKED = "Low Orbit"
ASKS = (ASKED, f"{ASKED} like {LIKED}", f"films like {LIKED}")


def moved(folder: Path, attacks: Sequence[Attack]) -> Iterator[str]:
    """What is otherwise in the lists of two catalogs that differ by these texts alone.

    The poisoned rows themselves may stand anywhere: they are left out of both lists. Of the others
    the order has to be the same.

    Args:
        folder: an empty one.
        attacks: a row each.
    """
    lists = [_lists(folder / name, attacks, name == "harmless") for name in ("harmless", "hostile")]
    own = {poisoned_id(number) for number in range(len(attacks))}
    for asked, harmless, hostile in zip(ASKS, *lists, strict=True):
        before, after = ([id for id in ids if id not in own] for ids in (harmless, hostile))
        if before != after:
            place = next(
                (
                    n
                    for n, pair in enumerate(zip(before, after, strict=False))
                    if pair[0] != pair[1]
                ),
                0,
            )
            there = slice(place, place + 3)
            yield f"{asked!r}: from place {place + 1} on {before[there]} -> {after[there]}"


def _lists(home: Path, attacks: Sequence[Attack], harmless: bool) -> list[list[str]]:
    """The ids of the list for each of `ASKS`, all that there are."""
    make(home, attacks, harmless=harmless)
    paths = Paths(home / "data", home / "config", home / "cache")
    with Assistant("p", paths=paths, build=False, incognito=True) as assistant:
        return [[item.id for item in assistant.ask(text, count=100).items] for text in ASKS]
