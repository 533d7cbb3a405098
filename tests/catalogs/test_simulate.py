"""Statistics of the simulated people; never a checksum or an exact list."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.data import InteractionTable, ItemTable
from recagent_catalogs.schema import CatalogSchema, Column, Role
from recagent_catalogs.simulate import FIRST_DAY, LAST_DAY, MIN_LIKES, simulate
from recagent_catalogs.tastes import FITTING, MILD, Taste, Tastes, derived_tastes

YEAR_S = 365.25 * 86_400


def table(tags: list[list[str]], years: list[int | None] | None = None) -> ItemTable:
    n = len(tags)
    columns = (
        Column("id", Role.ID), Column("title", Role.TITLE), Column("year", Role.YEAR),
        Column("tags", Role.TAGS),
    )  # fmt: skip
    cells: dict[str, list[Any]] = {
        "id": [str(row) for row in range(n)],
        "title": [f"Item {row}" for row in range(n)],
        "year": years or [1990] * n,
        "tags": tags,
    }
    return ItemTable(CatalogSchema("toy", columns), cells)


def checkerboard(n: int = 60) -> ItemTable:
    """Items of two kinds that share nothing; the first four are new."""
    years: list[int | None] = [2022 if row < 4 else 1990 for row in range(n)]
    return table([["even" if row % 2 == 0 else "odd"] for row in range(n)], years)


TASTES = [Taste("even", 1.0, tuple(range(0, 60, 2))), Taste("odd", 1.0, tuple(range(1, 60, 2)))]


def drawn(items: ItemTable, tastes: list[Taste], seed: int = 0) -> InteractionTable:
    return simulate(items, tastes, np.random.default_rng(seed))


def taken(people: InteractionTable, n_items: int) -> NDArray[np.bool_]:
    """Bool [people, items]."""
    matrix = np.zeros((len(people.users), n_items), dtype=bool)
    matrix[people.user, people.item] = True
    return matrix


def test_the_same_seed_gives_the_same_people() -> None:
    first, second, other = (drawn(checkerboard(), TASTES, seed) for seed in (1, 1, 2))
    assert np.array_equal(first.item, second.item)
    assert first.time is not None and second.time is not None
    assert np.array_equal(first.time, second.time)
    assert len(first) != len(other) or not np.array_equal(first.item, other.item)


def test_likes_are_dated_distinct_and_after_the_release() -> None:
    people = drawn(checkerboard(), TASTES)
    assert people.time is not None and people.time_kind == "seconds" and people.value is None
    assert FIRST_DAY.timestamp() <= people.time.min() and people.time.max() <= LAST_DAY.timestamp()
    pairs = people.user.astype(np.int64) * 60 + people.item
    assert len(np.unique(pairs)) == len(pairs)
    assert np.bincount(people.item, minlength=60).min() >= MIN_LIKES
    new = people.time[people.item < 4]
    assert new.min() >= np.datetime64("2022-06-01").astype("datetime64[s]").astype(np.int64)


def test_what_is_of_no_year_can_be_taken_at_any_time() -> None:
    people = drawn(table([["x"]] * 30, [None] * 30), [Taste("x", 1.0, tuple(range(30)))])
    assert people.time is not None
    assert people.time.max() - people.time.min() > 6 * YEAR_S


def test_people_keep_to_their_taste() -> None:
    board = checkerboard()
    people = drawn(board, [TASTES[0]])
    assert (people.item % 2 == 0).mean() > 0.8
    both = drawn(board, TASTES)
    kind = both.item % 2 == 0
    share = np.bincount(both.user, weights=kind) / np.bincount(both.user)
    # Mixed people exist, but far more than chance alone would give take mostly one kind.
    assert ((share < 0.2) | (share > 0.8)).mean() > 0.25


def test_the_first_of_a_list_are_taken_most() -> None:
    people = drawn(table([["x"]] * 400), [Taste("x", 1.0, tuple(range(400)))])
    counts = np.bincount(people.item, minlength=400)
    assert counts[:40].mean() > 2 * counts[-200:].mean()


def test_tastes_that_share_items_meet_in_people() -> None:
    """Four lists of 60; the first two overlap, so do the last two."""
    items = table([[str(row)] for row in range(200)])
    starts = (0, 40, 100, 140)
    tastes = [Taste(str(start), 1.0, tuple(range(start, start + 60))) for start in starts]
    matrix = taken(drawn(items, tastes), 200)
    only = [matrix[:, part].sum(axis=1) for part in (slice(0, 40), slice(60, 100), slice(160, 200))]
    fans = only[0] > np.quantile(only[0], 0.8)
    assert only[1][fans].mean() > 1.5 * only[2][fans].mean()


def test_tastes_drift() -> None:
    """The first half of a person's likes resembles the second less than its own odd half."""
    items = table([[str(row // 25)] for row in range(500)])
    tastes = [Taste(str(n), 1.0, tuple(range(25 * n, 25 * n + 25))) for n in range(20)]
    people = drawn(items, tastes)
    apart, together = [], []
    for user in range(len(people.users)):
        kinds = people.item[people.user == user] // 25
        if len(kinds) >= 40:
            middle = len(kinds) // 2
            apart.append(_overlap(kinds[:middle], kinds[middle:]))
            together.append(_overlap(kinds[::2], kinds[1::2]))
    assert len(apart) > 50
    assert np.mean(apart) < np.mean(together) - 0.1


def _overlap(some: NDArray[np.int32], others: NDArray[np.int32]) -> float:
    """Of two histograms, 0 to 1."""
    first, second = (np.bincount(kinds, minlength=20) / len(kinds) for kinds in (some, others))
    return float(np.minimum(first, second).sum())


def test_there_is_noise() -> None:
    """Items of no taste are taken too, but little."""
    people = drawn(table([[str(row)] for row in range(300)]), [Taste("x", 1.0, tuple(range(150)))])
    outside = (people.item >= 150).mean()
    assert 0.005 < outside < 0.3


def test_a_taste_takes_mildly_to_what_is_like_it() -> None:
    tags = [["shark", "sea"]] * 30 + [["shark", "sea"]] * 30 + [["court", "law"]] * 140
    lists = [Taste("sharks", 1.0, tuple(range(30))), Taste("law", 1.0, tuple(range(60, 200)))]
    tastes = Tastes.of(table(tags), lists)
    assert tastes.love[0, 0] == 1.0
    assert 0 < tastes.love[0, 30:60].max() <= MILD
    assert not tastes.love[0, 60:].any()
    assert np.count_nonzero(tastes.love[0, 30:]) <= FITTING


def test_every_item_is_somebodys() -> None:
    board = checkerboard()
    tastes = Tastes.of(board, [Taste("half", 1.0, tuple(range(0, 60, 4)))])
    assert tastes.love[:, 2::4].any(axis=0).all()


def test_tastes_are_derived_where_none_are_written() -> None:
    few = checkerboard(12)
    names = {taste.name: taste.rows for taste in derived_tastes(few)}
    assert names["tags: even"] == (0, 2, 4, 6, 8, 10)
    assert np.bincount(drawn(few, []).item, minlength=12).min() >= MIN_LIKES


def test_items_that_share_nothing_are_drawn_all_the_same() -> None:
    lonely = table([[] for _ in range(8)])
    assert np.bincount(drawn(lonely, []).item, minlength=8).min() >= MIN_LIKES
