"""Learn, act, critic: what a like or dislike of an item says of its people, tags and kinds.

After RAH (Shu et al. 2023, "RAH! RecSys-Assistant-Human"): *learn* proposes what the verdict may
come from, *act* ranks what was shown with the profile that would follow, and the *critic* compares
that with what the person did. What passes counts, weakly; what does not waits for the person.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from recagent_catalogs.schema import Role
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import fold
from recagent_tools.bus import CandidateBus
from recagent_tools.rank import RankArguments, scored_parts
from recagent_tools.toolbox import EmptyProfile, ProfileView, ToolContext

from .tastes import IMPORTANCE, Learning

ROLES = (Role.PEOPLE, Role.TAGS, Role.CATEGORIES)
"""What is tried, in this order: one value each, so at most three tries."""
LEAST_SHOWN = 2
"""Among fewer other items there is no middle to be above."""
MOST_SHOWN = 50
FEWEST = 2
"""Items of one verdict that tell of a person: one film has many people, and none is meant."""
SMOOTHING = 0.5
"""Added to every count, so that chance does not decide on few items."""


@dataclass(frozen=True)
class Generalised:
    """What a verdict came to.

    Attributes:
        kind: "learned" where the critic agreed, "proposed" where the person is to say.
        column, value: of the item.
        sign: 1 for liked, -1 for disliked.
        known: whether the profile held the same taste already.
    """

    kind: Literal["learned", "proposed"]
    column: str
    value: str
    sign: int
    known: bool = False


def generalise(
    row: int,
    sign: int,
    shown: Sequence[int],
    context: ToolContext,
    learning: Learning,
    refused: Collection[tuple[str, str]] = (),
) -> Generalised | None:
    """What a verdict on an item says of a value that it has; None where it says nothing.

    A like is kept if the profile with the new taste ranks the item above the median of what was
    shown, and the profile without it no higher; a dislike mirror-wise. Both rank for real, what
    was shown with the item, without the verdict itself.

    Args:
        row: the item.
        sign: 1 for liked, -1 for disliked.
        shown: rows of the list that the person saw.
        context: with the profile of before the verdict.
        learning: how fast a profile moves.
        refused: ("column", "value") of what the person refused or took back: never again.
    """
    others = [other for other in dict.fromkeys(map(int, shown)) if other != row][:MOST_SHOWN]
    if len(others) < LEAST_SHOWN:
        return None
    profile = context.profile
    ours, against = profile.liked, profile.disliked
    if sign < 0:
        ours, against = against, ours
    tried = [
        pair
        for pair in proposals(row, [*ours, row], others, context.catalog, against)
        if pair not in refused and _held(profile, pair) * sign >= 0
    ]
    if not tried:
        return None
    before = _place(row, others, context, profile)
    for column, value in tried:
        held = _held(profile, (column, value))
        weight = held + learning.eta * IMPORTANCE["learned"] * (sign - held)
        after = _place(row, others, context, _with(profile, column, value, weight))
        if after.margin * sign > 0 and after.score * sign >= before.score * sign:
            return Generalised("learned", column, value, sign, held != 0)
    column, value = tried[0]
    known = _held(profile, tried[0]) != 0
    return None if known else Generalised("proposed", column, value, sign)


def proposals(
    row: int,
    liked: Sequence[int],
    shown: Sequence[int],
    catalog: Catalog,
    against: Sequence[int] = (),
) -> Iterator[tuple[str, str]]:
    """The most telling value of an item as ("column", "value"): of people, of tags, of kinds.

    Telling is the lift: the share of items with the value among those of the same verdict, against
    its share of what was shown. What is no rarer there, stands on no other item, or as often on
    items of the contrary verdict, tells nothing; nor does one item tell of its people. A tag that
    only says again what the item has as a person or kind ("action") is not tried: the other stands
    for it.

    Args:
        row: the item.
        liked: rows of the same verdict, the item among them.
        shown: rows of the other items shown.
        catalog: whose values.
        against: rows of the contrary verdict.
    """
    named = _named_elsewhere(row, catalog)
    for role in ROLES:
        best: tuple[float, int, tuple[str, str]] | None = None
        for column in catalog.schema.with_role(role):
            words = catalog.words(column.name)
            indptr, codes, _ = words.forward()
            mine = codes[indptr[row] : indptr[row + 1]]
            counts = (_counts(mine, rows, indptr, codes) for rows in (liked, shown, against))
            for code, own, other, contrary in zip(mine.tolist(), *counts, strict=True):
                fewest = FEWEST if role is Role.PEOPLE else 1
                if words.counts[code] < 2 or contrary >= own or own < fewest:
                    continue
                if role is Role.TAGS and fold(words.value(code)) in named:
                    continue
                own_share = (own + SMOOTHING) / (len(liked) + 2 * SMOOTHING)
                lift = own_share / ((other + SMOOTHING) / (len(shown) + 2 * SMOOTHING))
                told = (lift, int(words.counts[code]), (column.name, str(words.values[code])))
                if lift > 1 and (best is None or told[:2] > best[:2]):
                    best = told
        if best is not None:
            yield best[2]


def _named_elsewhere(row: int, catalog: Catalog) -> frozenset[str]:
    """What an item has as a person or kind, folded."""
    found: set[str] = set()
    for role in (Role.PEOPLE, Role.CATEGORIES):
        for column in catalog.schema.with_role(role):
            words = catalog.words(column.name)
            indptr, codes, _ = words.forward()
            found |= {fold(words.value(int(code))) for code in codes[indptr[row] : indptr[row + 1]]}
    return frozenset(found)


def _counts(
    mine: np.ndarray, rows: Sequence[int], indptr: np.ndarray, codes: np.ndarray
) -> list[int]:
    """On how many of the rows each of the codes stands."""
    held = [set(codes[indptr[row] : indptr[row + 1]].tolist()) for row in dict.fromkeys(rows)]
    return [sum(code in one for one in held) for code in mine.tolist()]


@dataclass(frozen=True)
class _Place:
    """An item's score less the others' median, and the share of the others that it beats."""

    margin: float
    score: float


def _place(row: int, others: Sequence[int], context: ToolContext, profile: ProfileView) -> _Place:
    rows = np.array(sorted({row, *others}), dtype=np.int32)
    bus = CandidateBus(context.catalog.n_items, context.catalog.fingerprint)
    acting = replace(
        context, bus=bus, profile=profile, user=None, liked=[], disliked=[], wishes=[], weights={}
    )
    total = scored_parts(acting, rows, RankArguments()).total
    own = float(total[rows == row][0])
    rest = total[rows != row]
    return _Place(own - float(np.median(rest)), float(np.mean(rest < own)))


def _held(profile: ProfileView, pair: tuple[str, str]) -> float:
    """The weight of a taste, 0 where there is none."""
    return next((weight for c, v, weight in profile.wishes if (c, v) == pair), 0.0)


def _with(profile: ProfileView, column: str, value: str, weight: float) -> ProfileView:
    """The profile with one taste more; what the ranking looks at of it."""
    wishes = [wish for wish in profile.wishes if wish[:2] != (column, value)]
    return EmptyProfile(
        liked=profile.liked,
        disliked=profile.disliked,
        seen=profile.seen,
        ratings=profile.ratings,
        wishes=(*wishes, (column, value, weight)),
    )
