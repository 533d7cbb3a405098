"""Interactions sorted block by block are what sorting all of them at once gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recagent_catalogs import sorting
from recagent_catalogs.data import InteractionTable
from recagent_catalogs.sorting import user_blocks, write_sorted

USERS, ITEMS = 7, 5
ROW = st.tuples(st.integers(0, USERS - 1), st.integers(0, ITEMS - 1), st.integers(0, 9))


def table(rows: list[tuple[int, int, int]], *, timed: bool) -> InteractionTable:
    """Each row's value is its number."""
    user, item, time = np.array(rows).T
    return InteractionTable(
        [f"u{n}" for n in range(USERS)], user.astype(np.int32), item.astype(np.int32),
        np.arange(len(rows), dtype=np.float32), time.astype(np.int64) if timed else None,
    )  # fmt: skip


def expected(rows: list[tuple[int, int, int]], *, timed: bool) -> list[tuple[int, int, int]]:
    """User, item and number of every row that counts, in order."""
    order = sorted(range(len(rows)), key=lambda n: (rows[n][0], rows[n][2] if timed else 0, n))
    last = {rows[n][:2]: n for n in order}
    return [(rows[n][0], rows[n][1], n) for n in order if last[rows[n][:2]] == n]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(ROW, min_size=1, max_size=60), timed=st.booleans(), strip=st.integers(1, 9))
def test_sorted_like_all_at_once(
    rows: list[tuple[int, int, int]],
    timed: bool,
    strip: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sorting, "STRIP", strip)
        patch.setattr(sorting, "LEAST", 8)
        patch.setattr(sorting, "MOST", 8)
        data = write_sorted(tmp_path, table(rows, timed=timed), ITEMS)
    wanted = expected(rows, timed=timed)
    found = data.read(0, len(data))
    columns = (found["user"].tolist(), found["item"].tolist(), found["value"].astype(int).tolist())
    assert list(zip(*columns, strict=True)) == wanted
    for name, path in data.files.items():
        assert np.array_equal(np.load(path), found[name])
        assert b"".join(data.raw(name)) == found[name].tobytes()
    assert data.indptr.tolist() == [sum(u < user for u, _, _ in wanted) for user in range(8)]
    assert data.popularity.tolist() == [sum(i == n for _, i, _ in wanted) for n in range(ITEMS)]
    assert data.sums.sum() == sum(number for _, _, number in wanted)
    if timed:
        times = [[rows[n][2] for _, i, n in wanted if i == item] for item in range(ITEMS)]
        assert [min(t) for t in times if t] == data.first[data.popularity > 0].tolist()
        assert [max(t) for t in times if t] == data.last[data.popularity > 0].tolist()
    else:
        assert "time" not in data.files and list(data.raw("time")) == [b"-"]


def test_a_part_is_read(tmp_path: Path) -> None:
    data = write_sorted(tmp_path, table([(0, n, n) for n in range(5)], timed=True), ITEMS)
    assert data.read(2, 4)["item"].tolist() == [2, 3]


@pytest.mark.parametrize("ordered", [True, False])
def test_blocks_hold_whole_users_and_everything_once(
    ordered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sorting, "STRIP", 100)
    monkeypatch.setattr(sorting, "LEAST", 50)
    user = np.random.default_rng(0).integers(0, 40, 1_000).astype(np.int32)
    user = np.sort(user) if ordered else user
    blocks = list(user_blocks(user, 45))
    assert len(blocks) > 5
    assert np.array_equal(np.sort(np.concatenate(blocks)), np.arange(1_000))
    assert all(np.array_equal(np.sort(block), block) for block in blocks)
    people = [set(user[block].tolist()) for block in blocks]
    assert sum(map(len, people)) == len(set(user.tolist()))


def test_distinct_counts_pairs_once_and_forget_frees() -> None:
    found = table([(0, 1, 0), (0, 1, 5), (1, 1, 0), (6, 4, 2)], timed=True)
    assert found.distinct == 3
    found.forget()
    assert len(found) == 0 and found.value is None and found.time is None
