"""What to give up when too little meets all conditions: counted exactly, for every way there is.

Each condition can be kept, widened by one step (`widening.widen`) or removed; several conditions
of one column that had to hold together ("Western" and "Musical") can become alternatives, which is
one change. A *relaxation* is a set of at most three changes that leaves enough. It is *minimal* if
no milder one does: one with fewer of its changes, or with a condition widened that it removes.
`docs/conditions.md` has the definition for people.

How it is counted: an item's state under a condition is one of three (meets it, meets it widened,
fails); the states under n conditions are a number below 3**n, and one count of these numbers over
all candidates answers every question: a set of changes leaves the items whose state is nowhere
beyond what the set allows, a cumulative sum over at most three axes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.schema import LIST_ROLES, NUMBER_ROLES, Role
from recagent_catalogs.store import Catalog

from .conditions import Condition, Mask, evaluate, evaluate_wider
from .rowset import RowSet
from .widening import widen

MAX_CONDITIONS = 12
MAX_CHANGES = 3
KEEP, WIDEN, REMOVE = 0, 1, 2
NUMBERS, TOGETHER, KINDS, PEOPLE, AUDIENCE, EXCLUDED = range(6)
"""How dear it is to change a condition, least first."""
DEAR = PEOPLE
"""From this on nobody gives it up unasked."""

Counts = NDArray[np.int64]


def price(condition: Condition, catalog: Catalog) -> int:
    """How dear a condition is: numbers least, then kinds, people, audience, exclusions most."""
    if condition.operator in ("lacks", "!=", "!~"):
        return EXCLUDED
    role = catalog.schema.column(condition.column).role
    if role in NUMBER_ROLES:
        return NUMBERS
    return {Role.PEOPLE: PEOPLE, Role.AUDIENCE: AUDIENCE}.get(role, KINDS)


@dataclass(frozen=True)
class Change:
    """What becomes of one condition; `becomes` is None where it is removed."""

    condition: str
    becomes: str | None


@dataclass(frozen=True)
class Relaxation:
    """A set of changes that leaves enough.

    Attributes:
        changes: one for each condition concerned; those that become alternatives of one another
            have the same `becomes`.
        conditions: what then has to hold.
        left: how many candidates that leaves.
        size: number of changes; conditions that become alternatives count as one.
        removed: how many of them are removals.
        prices: how dear the changes are, the dearest first.
    """

    changes: tuple[Change, ...]
    conditions: tuple[str, ...]
    left: int
    size: int
    removed: int
    prices: tuple[int, ...]

    @property
    def dear(self) -> bool:
        """Whether a person, an audience or an exclusion is among what is changed."""
        return self.prices[0] >= DEAR

    @property
    def weight(self) -> tuple[int, int, tuple[int, ...]]:
        """How much is asked of the person; of two that weigh the same neither is smaller."""
        return self.size, self.removed, self.prices

    @property
    def by_result(self) -> dict[str | None, list[str]]:
        """The conditions concerned, by what becomes of them; None: those removed, the last."""
        found: dict[str | None, list[str]] = {}
        for change in sorted(self.changes, key=lambda change: change.becomes is None):
            found.setdefault(change.becomes, []).append(change.condition)
        return found

    def text(self) -> str:
        """The changes in the grammar of conditions, in one line."""
        told = [
            f"without {' and '.join(before)}"
            if becomes is None
            else f"{becomes} instead of {' and '.join(before)}"
            for becomes, before in self.by_result.items()
        ]
        return ", ".join(told)

    def to_json(self) -> dict[str, Any]:
        """The changes and what they leave, as `relaxations` of `recagent.turn/1` has them."""
        changes = [{"condition": c.condition, "becomes": c.becomes} for c in self.changes]
        return {"changes": changes, "left": self.left}


def changed(conditions: Sequence[str], changes: Sequence[Change]) -> tuple[str, ...]:
    """The conditions after the changes, in their order, each once."""
    becomes = {change.condition: change.becomes for change in changes}
    kept = (becomes.get(condition, condition) for condition in conditions)
    return tuple(dict.fromkeys(condition for condition in kept if condition is not None))


class Census:
    """How many candidates meet, would meet if widened, or fail each of some conditions.

    Args:
        conditions: at most `MAX_CONDITIONS`; one that stands twice counts once.
        catalog: the catalog.
        base: the candidates before the conditions.

    Raises:
        ValueError: too many conditions.

    Attributes:
        conditions: the conditions, each once.
        wider: each one step wider, or None.
        total: number of candidates.
        alone: how many candidates each condition would leave by itself.
    """

    def __init__(self, conditions: Sequence[Condition], catalog: Catalog, base: RowSet) -> None:
        self.conditions = tuple(dict.fromkeys(conditions))
        if len(self.conditions) > MAX_CONDITIONS:
            raise ValueError(f"at most {MAX_CONDITIONS} conditions")
        self._catalog = catalog
        self.total = base.count
        self.wider = tuple(widen(condition, catalog) for condition in self.conditions)
        self.alone, counts = _count(self.conditions, self.wider, catalog, base)
        self._joined: dict[tuple[int, ...], tuple[tuple[int, ...], Counts]] = {
            (): (tuple(range(len(self.conditions))), counts)
        }

    @property
    def left(self) -> int:
        """How many candidates meet all conditions."""
        return int(self._joined[()][1].flat[0])

    @cached_property
    def without(self) -> tuple[int, ...]:
        """How many are left when one condition is removed and the others stay."""
        n = len(self.conditions)
        return tuple(self._left((), _one(n, place)) for place in range(n))

    @cached_property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """Places of `has` conditions of one column that have to hold together."""
        places: dict[str, list[int]] = {}
        for place, condition in enumerate(self.conditions):
            role = self._catalog.schema.column(condition.column).role
            if condition.operator == "has" and role in LIST_ROLES:
                places.setdefault(condition.column, []).append(place)
        return tuple(tuple(found) for found in places.values() if len(found) > 1)

    def relaxations(self, enough: int = 1) -> list[Relaxation]:
        """All minimal relaxations, the smallest first; none where enough is left as it is.

        By number of changes, then removals, then how dear they are, then how little they leave,
        then the order of the conditions.

        Args:
            enough: how many candidates have to be left, at least 1.
        """
        found: list[tuple[tuple[int, ...], tuple[int, ...], int]] = []
        for number in range(min(MAX_CHANGES, len(self.groups)) + 1):
            for chosen in itertools.combinations(range(len(self.groups)), number):
                found += self._minimal(chosen, max(1, enough))
        made = [
            (self._made(chosen, levels, left), chosen, levels) for chosen, levels, left in found
        ]
        made.sort(key=lambda m: (m[0].weight, m[0].left, [-level for level in m[2]], m[1]))
        return [relaxation for relaxation, *_ in made if relaxation.changes]

    def _minimal(
        self, chosen: tuple[int, ...], enough: int
    ) -> Iterator[tuple[tuple[int, ...], tuple[int, ...], int]]:
        """Minimal sets in which exactly the chosen groups become alternatives."""
        axes, counts = self._alternatives(chosen)
        for levels, left in minimal_levels(counts, MAX_CHANGES - len(chosen), enough):
            full = [KEEP] * len(self.conditions)
            for axis, level in zip(axes, levels, strict=True):
                full[axis] = level
            milder = (tuple(g for g in chosen if g != group) for group in chosen)
            if all(self._left(fewer, tuple(full)) < enough for fewer in milder):
                yield chosen, tuple(full), left

    def _alternatives(self, chosen: tuple[int, ...]) -> tuple[tuple[int, ...], Counts]:
        """Axes and counts once the chosen groups are alternatives: those that meet any of each."""
        if chosen not in self._joined:
            axes, counts = self._alternatives(chosen[:-1])
            group = self.groups[chosen[-1]]
            places = tuple(axes.index(place) for place in group)
            fails = tuple(slice(1, None) if a in places else slice(None) for a in range(len(axes)))
            met = counts.sum(axis=places) - counts[fails].sum(axis=places)
            rest = tuple(axis for axis in axes if axis not in group)
            self._joined[chosen] = rest, np.asarray(met, dtype=np.int64)
        return self._joined[chosen]

    def _left(self, chosen: tuple[int, ...], levels: Sequence[int]) -> int:
        """How many are left with these groups as alternatives and each condition so changed."""
        axes, counts = self._alternatives(chosen)
        return int(counts[tuple(slice(0, levels[axis] + 1) for axis in axes)].sum())

    def _made(self, chosen: tuple[int, ...], levels: Sequence[int], left: int) -> Relaxation:
        changes: dict[int, Change] = {}
        for group in (self.groups[g] for g in chosen):
            members = [self.conditions[place] for place in group]
            values = tuple(dict.fromkeys(v for member in members for v in member.values))
            either = str(Condition(members[0].column, "has", values))
            changes |= {p: Change(str(self.conditions[p]), either) for p in group}
        # Of two kinds either is still what was asked for; of many, any one is far from it.
        prices = [TOGETHER if len(self.groups[g]) == 2 else KINDS for g in chosen]
        for place, level in enumerate(levels):
            if level != KEEP:
                wider = self.wider[place] if level == WIDEN else None
                becomes = None if wider is None else str(wider)
                changes[place] = Change(str(self.conditions[place]), becomes)
                prices.append(price(self.conditions[place], self._catalog))
        told = tuple(changes[place] for place in sorted(changes))
        return Relaxation(
            told,
            changed([str(c) for c in self.conditions], told),
            left,
            len(prices),
            sum(level == REMOVE for level in levels),
            tuple(sorted(prices, reverse=True)),
        )


def _one(n: int, place: int) -> tuple[int, ...]:
    return tuple(REMOVE if other == place else KEEP for other in range(n))


def _count(
    conditions: Sequence[Condition],
    wider: Sequence[Condition | None],
    catalog: Catalog,
    base: RowSet,
) -> tuple[tuple[int, ...], Counts]:
    """How many candidates each condition leaves alone, and how many are in each state.

    Returns:
        alone: one number a condition.
        counts: int64 [3] * n, by state under each condition.
    """
    inside = base.mask() if base.bits is not None else None
    codes = _Codes(catalog.n_items if base.rows_ is None else base.count)
    alone = []
    for condition, wide in zip(conditions, wider, strict=True):
        mask = evaluate(condition, catalog)
        wide_mask = None if wide is None else evaluate_wider(condition, mask, wide, catalog)
        if base.rows_ is not None:
            mask = mask[base.rows_]
            wide_mask = None if wide_mask is None else wide_mask[base.rows_]
        alone.append(int(np.count_nonzero(mask if inside is None else mask & inside)))
        codes.add(mask, wide_mask)
    return tuple(alone), codes.counts(inside)


class _Codes:
    """One number an item for its states, put together in bytes as long as they hold it.

    A condition that cannot be widened has two states, which keeps the numbers small.
    """

    def __init__(self, size: int) -> None:
        self._parts = [np.zeros(size, dtype=np.uint8)]
        self._sizes = [1]
        self._states: list[int] = []
        self._state = np.empty(size, dtype=np.uint8)

    def add(self, mask: Mask, wide: Mask | None) -> None:
        """Take the next condition: who meets it, and who meets it widened (None: nobody else)."""
        states = 2 if wide is None else 3
        if self._sizes[-1] * states > 256:
            self._parts.append(np.zeros_like(self._state))
            self._sizes.append(1)
        np.subtract(np.uint8(states - 1), mask.view(np.uint8), out=self._state)
        if wide is not None:
            self._state -= wide.view(np.uint8)
        self._parts[-1] *= np.uint8(states)
        self._parts[-1] += self._state
        self._sizes[-1] *= states
        self._states.append(states)

    def counts(self, inside: Mask | None) -> Counts:
        """How many of the items inside are in each state: int64 [3] * n."""
        total = prod(self._sizes)
        code = self._parts[0].astype(np.min_scalar_type(total - 1), copy=False)
        for size, part in zip(self._sizes[1:], self._parts[1:], strict=True):
            code *= code.dtype.type(size)
            code += part
        counted = np.bincount(code if inside is None else code[inside], minlength=total)
        counts = np.zeros((3,) * len(self._states), dtype=np.int64)
        met = tuple(slice(None) if n == 3 else slice(None, None, REMOVE) for n in self._states)
        counts[met] = counted.reshape(self._states)
        return counts


def minimal_levels(counts: Counts, most: int, enough: int) -> Iterator[tuple[tuple[int, ...], int]]:
    """The minimal levels (keep, widen, remove; one an axis) that leave enough, each once.

    Args:
        counts: int64 [3] * n, items by state.
        most: so many axes at most are changed.
        enough: how many have to be left.

    Returns:
        Levels and how many they leave.
    """
    n = counts.ndim
    most = min(most, n)
    if int(counts.flat[0]) >= enough:
        yield (KEEP,) * n, int(counts.flat[0])
        return
    if not most:
        return
    strides = 3 ** np.arange(n - 1, -1, -1, dtype=np.int64)
    chosen = np.array(list(itertools.combinations(range(n), most)), dtype=np.int64)
    places = np.zeros((len(chosen), *(1,) * most), dtype=np.int64)
    for axis in range(most):
        steps = strides[chosen[:, axis]][:, None] * np.arange(3)
        places = places + steps.reshape(len(chosen), *(3 if a == axis else 1 for a in range(most)))
    left = counts.reshape(-1)[places]
    for axis in range(1, most + 1):
        left = left.cumsum(axis=axis)
    good = left >= enough
    minimal = good.copy()
    for axis in range(1, most + 1):
        later = tuple(slice(1, None) if a == axis else slice(None) for a in range(most + 1))
        milder = tuple(slice(0, -1) if a == axis else slice(None) for a in range(most + 1))
        minimal[later] &= ~good[milder]
    told: set[tuple[int, ...]] = set()
    for number, *levels in np.argwhere(minimal).tolist():
        full = [KEEP] * n
        for axis, level in zip(chosen[number].tolist(), levels, strict=True):
            full[axis] = level
        if (key := tuple(full)) not in told:
            told.add(key)
            yield key, int(left[(number, *levels)])


def rows_left(conditions: Sequence[Condition], catalog: Catalog, base: RowSet) -> NDArray[np.intp]:
    """The candidates that meet all conditions, ascending."""
    mask = base.mask()
    for condition in conditions:
        mask = mask & evaluate(condition, catalog)
    return np.flatnonzero(mask)
