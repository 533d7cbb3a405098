"""Histories, sequences, counts at a moment, groups, features, measures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recagent_tools.models import measured, memory
from recagent_tools.models.blend import blend, standardised
from recagent_tools.models.content import Content
from recagent_tools.models.cooccurrence import CoOccurrence
from recagent_tools.models.features import (
    FirstStage,
    feature_matrix,
    feature_names,
)
from recagent_tools.models.groups import likes_cuts, next_cuts, training_groups
from recagent_tools.models.history import History
from recagent_tools.models.likeness import likeness
from recagent_tools.models.measured import best_places, measure_cuts
from recagent_tools.models.metrics import hit_rate, hits_of, ndcg, stacked
from recagent_tools.models.retriever import Setting
from recagent_tools.models.scores import DenseScores, SparseScores
from recagent_tools.models.sequences import Sequences, like_weights
from recagent_tools.models.sparse import SparseRows, largest_per_row
from recagent_tools.models.stats import TimedStats
from recagent_tools.models.topk import largest

from .models_data import ITEMS, START, facts, interactions, training_data

histories = st.lists(
    st.lists(st.integers(0, 7), min_size=1, max_size=8, unique=True), min_size=1, max_size=6
)


def test_an_item_liked_and_disliked_is_disliked() -> None:
    history = History.of([1, 2, 2], [2, 3])
    assert history.rows.tolist() == [1, 2, 3]
    assert history.weights.tolist() == [1, -1, -1]
    assert history.n_liked == 1


def test_only_ordered_histories_fade() -> None:
    ordered = History(np.arange(3, dtype=np.int32), np.ones(3, np.float32), True)
    assert ordered.faded(1.0).tolist() == [0.25, 0.5, 1.0]
    assert History.of([0, 1, 2]).faded(1.0).tolist() == [1.0, 1.0, 1.0]


def test_repeated_pairs_count_once_at_their_first_place() -> None:
    sequences = Sequences.of(interactions([[3, 1, 3, 2], [1]], 4))
    assert sequences.history(0).rows.tolist() == [3, 1, 2]
    assert sequences.lengths().tolist() == [3, 1]


def test_ratings_become_weights_between_a_weak_and_a_full_like() -> None:
    weights = like_weights(np.array([0.5, 5.0], np.float32))
    np.testing.assert_allclose(weights, [0.4, 1.0])
    assert like_weights(np.array([3.0, 3.0], np.float32)).tolist() == [1.0, 1.0]


def test_the_last_item_is_held_back() -> None:
    sequences = Sequences.of(interactions([[3, 1, 2], [0], [2, 3]], 4))
    known = sequences.without_last(np.array([0, 2]))
    assert [known.history(user).rows.tolist() for user in range(3)] == [[3, 1], [0], [2]]


@given(histories, st.integers(-50, 900))
def test_counts_before_a_moment_hold_nothing_of_its_future(
    taken: list[list[int]], time: int
) -> None:
    sequences = Sequences.of(interactions(taken, 8))
    stats = TimedStats(sequences).before(START + time)
    assert sequences.time is not None
    past = np.bincount(sequences.item[sequences.time < START + time], minlength=8)
    assert (stats.count <= past).all()
    assert (stats.recent <= stats.count).all()


@given(histories)
def test_counts_now_are_all_of_them(taken: list[list[int]]) -> None:
    sequences = Sequences.of(interactions(taken, 8, rated=True))
    now = TimedStats(sequences).now()
    np.testing.assert_array_equal(now.count, np.bincount(sequences.item, minlength=8))
    assert np.isfinite(now.rating).all()
    untimed = TimedStats(Sequences.of(interactions(taken, 8, timed=False))).now()
    np.testing.assert_array_equal(untimed.count, now.count)
    assert np.isnan(untimed.age).all()


def test_the_largest_of_each_row_stay() -> None:
    import scipy.sparse

    dense = np.array([[0, 5, 3, 3, -1], [0, 0, 0, 0, 2], [0, 0, 0, 0, 0]], dtype=np.float32)
    kept = largest_per_row(scipy.sparse.csr_matrix(dense), 2)
    assert kept.row(0)[1].tolist() == [5, 3]
    assert kept.row(1)[0].tolist() == [4]
    assert len(kept.row(2)[0]) == 0


@given(st.integers(0, 5), st.lists(st.integers(0, 4), max_size=4))
def test_sparse_sums_are_dense_sums(seed: int, rows: list[int]) -> None:
    import scipy.sparse

    rng = np.random.default_rng(seed)
    dense = np.where(rng.random((5, 7)) < 0.4, rng.random((5, 7)), 0).astype(np.float32)
    sparse = SparseRows.from_scipy(scipy.sparse.csr_matrix(dense))
    index, weights = np.array(rows, dtype=np.int32), rng.random(len(rows)).astype(np.float32)
    expected = weights @ dense[index] if rows else np.zeros(7)
    np.testing.assert_allclose(sparse.weighted_sum(index, weights), expected, rtol=1e-5, atol=1e-6)
    best = (weights[:, None] * dense[index]).max(axis=0) if rows else np.zeros(7)
    wanted = rng.permutation(7)[:4].astype(np.int32)
    np.testing.assert_allclose(sparse.weighted_max(index, weights, wanted), best[wanted], rtol=1e-6)
    columns, values = sparse.combined(index, weights)
    assert (np.diff(columns) > 0).all()
    np.testing.assert_allclose(values, expected[columns], rtol=1e-5, atol=1e-6)
    assert not np.delete(expected, columns).any()
    back = sparse.transposed().transposed()
    np.testing.assert_allclose(back.to_scipy().toarray(), dense)


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=12), st.integers(1, 14))
def test_top_rows_are_a_stable_sort(values: list[int], count: int) -> None:
    scores = np.array(values, dtype=np.float32)
    expected = np.argsort(-scores, kind="stable")[:count]
    assert largest(scores, count).tolist() == expected.tolist()


@given(
    st.lists(st.integers(-2, 4), min_size=3, max_size=14),
    st.sets(st.integers(0, 2)),
    st.sets(st.integers(0, 13)),
    st.integers(1, 14),
)
def test_sparse_and_dense_scores_agree(
    values: list[int], seen: set[int], allowed: set[int], count: int
) -> None:
    dense = np.array(values, dtype=np.float32)
    known = np.flatnonzero(dense).astype(np.int32)
    history = np.array(sorted(seen), dtype=np.int32)
    sparse = SparseScores(len(dense), history, known, dense[known])
    full = DenseScores(dense, history)
    np.testing.assert_array_equal(sparse.dense(), full.dense())
    np.testing.assert_allclose(sparse.moments(), full.moments(), atol=1e-5)
    mask = np.isin(np.arange(len(dense)), sorted(allowed))
    for only in (None, mask):
        rows, best = full.top(count, only)
        told = best > 0
        assert sparse.top(count, only)[0].tolist() == rows[told].tolist()
        assert not set(rows.tolist()) & seen


def test_a_product_over_many_columns_is_the_same() -> None:
    """Sorting and adding up into a dense array are two ways to one sum."""
    wide = SparseRows(
        np.array([0, 3, 5]),
        np.array([1, 5, 900, 5, 901], np.int32),
        np.arange(1, 6, dtype=np.float32),
        1_000,
    )
    columns, values = wide.combined(np.array([0, 1]), np.array([1.0, 2.0]))
    assert columns.tolist() == [1, 5, 900, 901]
    assert values.tolist() == [1, 2 + 8, 3, 10]


def _first_stage() -> tuple[FirstStage, TimedStats, Sequences]:
    data = training_data()
    setting = Setting()
    retrievers = {
        "cooccurrence": CoOccurrence.fit(data, setting),
        "content": Content.fit(data, setting),
    }
    return FirstStage(retrievers, facts().years()), TimedStats(data.sequences), data.sequences


def test_cuts_split_what_a_user_took() -> None:
    _, _, sequences = _first_stage()
    rng = np.random.default_rng(0)
    for make in (likes_cuts, next_cuts):
        for cut in make(sequences, list(range(20)), 3, rng):
            assert len(cut.history) and len(cut.targets)
            assert not np.isin(cut.targets, cut.history.rows).any()
            assert cut.history.ordered == (make is next_cuts)


def test_an_ordered_cut_knows_only_what_came_before_its_target() -> None:
    _, _, sequences = _first_stage()
    for cut in next_cuts(sequences, [0], 4, np.random.default_rng(0)):
        taken = sequences.history(0).rows.tolist()
        assert taken[: len(cut.history) + 1] == [*cut.history.rows, *cut.targets]
        assert sequences.time is not None and cut.time == sequences.time[len(cut.history)]


def test_groups_hold_targets_and_others_but_nothing_of_the_history() -> None:
    first, stats, sequences = _first_stage()
    rng = np.random.default_rng(0)
    cuts = likes_cuts(sequences, list(range(30)), 2, rng)
    groups = list(training_groups("likes", first, stats, cuts, rng))
    assert len(groups) > 20
    for group in groups:
        assert group.features.shape == (len(group.rows), len(feature_names("likes")))
        assert 0 < group.labels.sum() < len(group.labels)


def test_features_are_right_where_their_value_is_known() -> None:
    first, stats, _ = _first_stage()
    history = History.of([0, 4])
    rows = np.array([2, 3], dtype=np.int32)
    now = stats.now()
    features = feature_matrix(first, now, first.scored(history), rows)
    named = dict(zip(feature_names("likes"), features.T, strict=True))
    assert named["cooccurrence.z"][0] > named["cooccurrence.z"][1]
    assert named["cooccurrence.rank"][0] < named["cooccurrence.rank"][1]
    assert np.isnan(named["als.z"]).all()
    np.testing.assert_allclose(named["year"], [1982, 1983])
    np.testing.assert_allclose(named["year.gap"], [0, 1])
    np.testing.assert_allclose(named["year.nearest"], [2, 1])
    np.testing.assert_allclose(named["popularity.count"], np.log1p(now.count[rows]))
    np.testing.assert_allclose(named["history.length"], np.log1p(2))


def test_the_blend_of_an_empty_history_is_silent() -> None:
    first, _, _ = _first_stage()
    everything = np.arange(ITEMS, dtype=np.int32)
    assert not blend(first.scored(History.empty()), everything, 8.0).any()
    assert not standardised(np.full(4, 2.5, np.float32)).any()


def test_ndcg_by_hand() -> None:
    hits = np.array([[True, False, False], [False, True, False], [True, False, True]])
    ideal = 1 + 1 / np.log2(3)
    expected = [1.0, 1 / np.log2(3), (1 + 0.5) / ideal]
    assert ndcg(hits, np.array([1, 1, 2]), 10) == pytest.approx(expected)


def test_a_constant_score_wins_nothing_by_its_ties() -> None:
    rng = np.random.default_rng(0)
    lists = [best_places(np.zeros(100, np.float32), rng).astype(np.int32) for _ in range(400)]
    hits = hits_of(stacked(lists, 10), [np.array([0], np.int32)] * 400, 100)
    assert hit_rate(hits, 10).mean() == pytest.approx(0.1, abs=0.05)


@pytest.mark.parametrize("many", [ITEMS - 1, ITEMS])
def test_seen_items_are_never_listed(many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where all items are looked at, nor where only the best of all models are."""
    monkeypatch.setattr(measured, "MANY_ITEMS", many)
    first, stats, sequences = _first_stage()
    cuts = likes_cuts(sequences, list(range(20)), 2, np.random.default_rng(0))
    for one in measure_cuts(first, stats, cuts, np.random.default_rng(0)):
        for rows in one.lists.values():
            assert len(rows) == 10 and len(set(rows.tolist())) == 10
            assert not np.isin(rows, one.cut.history.rows).any()


def test_one_shared_user_does_not_make_two_items_alike() -> None:
    """Sparse data: what a single stranger had besides stands behind what is like it in words."""
    data = training_data(interactions([[0, 1], [2, 3], [4, 5], [6, 7]], ITEMS))
    first = FirstStage(
        {
            "cooccurrence": CoOccurrence.fit(data, Setting()),
            "content": Content.fit(data, Setting()),
        },
        facts().years(),
    )
    counts = TimedStats(data.sequences).now().count
    alike = likeness(first, counts, History.of([2]), np.array([3, 4, 5], dtype=np.int32))
    assert alike[0] > alike[1] > alike[2]
    many = training_data(interactions([[2, 5]] * 400 + [[0], [1]], ITEMS))
    trusted = FirstStage(
        {**first.retrievers, "cooccurrence": CoOccurrence.fit(many, Setting())}, first.year
    )
    counts = TimedStats(many.sequences).now().count
    alike = likeness(trusted, counts, History.of([2]), np.array([3, 4, 5], dtype=np.int32))
    assert alike[2] > alike[1], "four hundred are evidence"


def test_pages_of_files_are_free_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in {
        "memory.max": "4000000000",
        "memory.current": "3900000000",
        "memory.stat": "anon 400000000\ninactive_file 3000000000\nactive_file 500000000\n",
    }.items():
        (tmp_path / name).write_text(text, encoding="ascii")
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    assert memory._cgroup() == 3_600_000_000
    (tmp_path / "memory.max").write_text("max", encoding="ascii")
    assert memory._cgroup() > 1 << 60
