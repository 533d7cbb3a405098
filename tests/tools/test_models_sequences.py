"""Sequences make no copies that are not needed, and cut what they are told to cut."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from recagent_catalogs import arrays
from recagent_tools.models import cooccurrence, sequences
from recagent_tools.models.cooccurrence import CoOccurrence
from recagent_tools.models.retriever import Setting
from recagent_tools.models.sequences import Sequences
from recagent_tools.models.sparse import SparseRows, largest_per_row

from .models_data import checkerboard, interactions, training_data

HISTORIES = st.lists(st.lists(st.integers(0, 7), max_size=9), min_size=1, max_size=6)


@settings(deadline=None)
@given(HISTORIES, st.integers(1, 12))
def test_the_first_of_a_repeated_pair_stays(histories: list[list[int]], block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sequences, "BLOCK", block)
        found = Sequences.of(interactions(histories, 8))
    assert found.item.tolist() == [item for mine in histories for item in dict.fromkeys(mine)]
    lengths = [len(set(mine)) for mine in histories]
    assert found.lengths().tolist() == lengths
    assert found.user.tolist() == np.repeat(np.arange(len(histories)), lengths).tolist()


def test_distinct_pairs_are_not_copied(tmp_path: Path) -> None:
    source = checkerboard()
    assert np.shares_memory(Sequences.of(source).item, source.item)
    big = np.arange(40_000, dtype=np.int32)
    arrays.save(tmp_path, "big", big)
    mapped = arrays.load(tmp_path, "big")
    arrays.release(mapped)
    arrays.release(big)
    assert np.array_equal(mapped, big)


@settings(deadline=None)
@given(HISTORIES, st.integers(0, 4), st.data())
def test_cuts(histories: list[list[int]], count: int, data: st.DataObject) -> None:
    whole = Sequences.of(interactions(histories, 8, rated=True))
    mine = [list(dict.fromkeys(history)) for history in histories]
    newest = whole.newest(count)
    assert newest.item.tolist() == [
        item for one in mine for item in one[max(0, len(one) - count) :]
    ]
    wanted = data.draw(st.lists(st.booleans(), min_size=len(mine), max_size=len(mine)))
    some = whole.of_users(np.array(wanted))
    assert some.item.tolist() == [
        i for one, kept in zip(mine, wanted, strict=True) if kept for i in one
    ]
    assert some.n_users == whole.n_users
    assert np.array_equal(some.weight, whole.weight[np.repeat(wanted, whole.lengths())])
    for user, items in enumerate(mine):
        history = whole.history(user)
        assert history.rows.tolist() == items
        begin = int(whole.indptr[user])
        assert np.array_equal(history.weights, whole.weight[begin : begin + len(items)])


@settings(deadline=None)
@given(
    st.lists(st.lists(st.sampled_from([-1.0, 0.0, 1, 1, 2, 3, 4]), max_size=40), min_size=1),
    st.integers(1, 5),
)
def test_largest_per_row_is_a_stable_sort(rows: list[list[float]], count: int) -> None:
    indptr = np.cumsum([0, *map(len, rows)])
    data = np.array([value for row in rows for value in row], dtype=np.float32)
    indices = np.concatenate([np.arange(len(row)) for row in rows]).astype(np.int32)
    matrix = scipy.sparse.csr_matrix((data, indices, indptr), shape=(len(rows), 40))
    kept = largest_per_row(matrix, count)
    for number, row in enumerate(rows):
        order = np.argsort(-np.array(row), kind="stable").tolist()
        wanted = sorted(place for place in order[:count] if row[place] > 0)
        assert kept.row(number)[0].tolist() == wanted


def test_long_rows_are_cut_by_a_sample_to_the_same() -> None:
    values = np.random.default_rng(0).random(4_000).round(2).astype(np.float32)
    kept = largest_per_row(scipy.sparse.csr_matrix(values), 30)
    assert kept.indices.tolist() == sorted(np.argsort(-values, kind="stable")[:30].tolist())


def test_stacked() -> None:
    part = SparseRows(np.array([0, 1, 1]), np.array([2], np.int32), np.array([0.5], np.float32), 3)
    both = SparseRows.stacked([part, part])
    assert both.indptr.tolist() == [0, 1, 1, 2, 2]
    assert both.indices.tolist() == [2, 2] and both.n_columns == 3


@pytest.mark.parametrize("threads", [1, 3])
def test_cooccurrence_does_not_depend_on_blocks_and_threads(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = training_data()
    whole = CoOccurrence.fit(data, Setting()).weights
    monkeypatch.setattr(cooccurrence, "BLOCK_ENTRIES", 25)
    parts = CoOccurrence.fit(data, Setting(threads=threads)).weights
    assert np.array_equal(parts.indptr, whole.indptr)
    assert np.array_equal(parts.indices, whole.indices)
    assert np.array_equal(parts.data, whole.data)


def test_cooccurrence_pairs_only_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cooccurrence, "LONGEST_HISTORY", 4)
    data = training_data()
    cut = replace(data, sequences=data.sequences.newest(4))
    found, wanted = (CoOccurrence.fit(one, Setting()).weights for one in (data, cut))
    assert np.array_equal(found.indices, wanted.indices)
    assert np.array_equal(found.data, wanted.data)
