"""The metrics against ir-measures, and against answers worked out by hand."""

from __future__ import annotations

import ir_measures
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ir_measures import RR, R, Success, nDCG
from scipy.sparse import csr_matrix

from recagent_catalogs.interactions import Rows
from recagent_cli.evaluation.bootstrap import Resampling, means_of
from recagent_tools.models import metrics
from recagent_tools.models.metrics import stacked

N_ITEMS = 12
LONGEST = 8
Person = tuple[list[int], list[int]]
ranking = st.permutations(range(N_ITEMS)).flatmap(
    lambda rows: st.integers(0, LONGEST).map(lambda length: rows[:length])
)
relevant = st.lists(st.integers(0, N_ITEMS - 1), min_size=1, unique=True)
people = st.lists(st.tuples(ranking, relevant), min_size=1, max_size=4)


def rows(values: list[int]) -> Rows:
    return np.array(values, dtype=np.int32)


def theirs(persons: list[Person], measure: ir_measures.Measure) -> list[float]:
    """What ir-measures says of each person."""
    qrels = [
        ir_measures.Qrel(str(user), str(row), 1)
        for user, (_, wanted) in enumerate(persons)
        for row in wanted
    ]
    run = [
        ir_measures.ScoredDoc(str(user), str(row), float(-place))
        for user, (found, _) in enumerate(persons)
        for place, row in enumerate(found)
    ]
    found = {m.query_id: m.value for m in ir_measures.iter_calc([measure], qrels, run)}
    return [found.get(str(user), 0.0) for user in range(len(persons))]


@settings(deadline=None, max_examples=60)
@given(persons=people, k=st.integers(1, LONGEST + 2))
def test_they_are_those_of_ir_measures(persons: list[Person], k: int) -> None:
    lists = stacked([rows(found) for found, _ in persons], LONGEST)
    targets = [rows(wanted) for _, wanted in persons]
    count = np.array([len(wanted) for wanted in targets])
    hits = metrics.hits_of(lists, targets, N_ITEMS)
    assert metrics.ndcg(hits, count, k) == pytest.approx(theirs(persons, nDCG @ k))
    assert metrics.recall(hits, count, k) == pytest.approx(theirs(persons, R @ k))
    assert metrics.hit_rate(hits, k) == pytest.approx(theirs(persons, Success @ k))
    assert metrics.reciprocal_rank(hits[:, :k]) == pytest.approx(theirs(persons, RR @ k))


@settings(deadline=None, max_examples=60)
@given(persons=people, k=st.integers(1, LONGEST))
def test_truncated_recall_is_1_for_the_best_possible_list(persons: list[Person], k: int) -> None:
    targets = [rows(wanted) for _, wanted in persons]
    count = np.array([len(wanted) for wanted in targets])
    hits = metrics.hits_of(stacked(targets, LONGEST), targets, N_ITEMS)
    assert metrics.truncated_recall(hits, count, k) == pytest.approx(np.ones(len(persons)))
    assert metrics.ndcg(hits, count, k) == pytest.approx(np.ones(len(persons)))


def test_coverage_counts_what_any_list_shows() -> None:
    lists = np.array([[1, 2, 3], [1, 4, -1]], dtype=np.int32)
    assert metrics.coverage(lists, 10, 1) == pytest.approx(0.1)
    assert metrics.coverage(lists, 10, 3) == pytest.approx(0.4)


def test_novelty_is_in_bits() -> None:
    counts = np.array([8, 4, 0])
    lists = np.array([[0, 1], [2, -1], [-1, -1]], dtype=np.int32)
    # of 8 users all, a half, nobody (who counts as one)
    assert metrics.novelty(lists, counts, 8, 2)[:2] == pytest.approx([0.5, 3.0])
    assert np.isnan(metrics.novelty(lists, counts, 8, 2)[2])


def test_diversity_is_the_mean_distance_of_the_pairs() -> None:
    words = csr_matrix(np.array([[1, 1, 0], [1, 1, 0], [0, 1, 1], [0, 0, 0]], dtype=np.float32))
    lists = np.array([[0, 1, 2], [0, 2, 3], [3, -1, -1]], dtype=np.int32)
    found = metrics.diversity(lists, words, [2, 3])
    # items 0 and 1 are the same; 2 shares one of three words with each; 3 has no words
    assert found[0] == pytest.approx([0.0, 4 / 9])
    assert found[1] == pytest.approx([2 / 3, 2 / 3])
    assert np.isnan(found[2]).all()


def test_intervals_are_those_of_the_mean() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(5, 2, size=(400, 1))
    [[low, high]] = Resampling(400, rng).intervals(values)
    error = values.std() / 20
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error)


def test_differences_are_paired() -> None:
    rng = np.random.default_rng(3)
    noisy = rng.normal(0, 100, size=(50, 1))
    [[low, high]] = Resampling(50, rng).intervals((noisy + 1) - noisy)
    assert (low, high) == pytest.approx((1, 1))


def test_people_without_a_value_count_in_no_mean() -> None:
    values = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan]])
    assert means_of(values)[0] == 2 and np.isnan(means_of(values)[1])
    bounds = Resampling(3, np.random.default_rng(0)).intervals(values)
    assert bounds[0].tolist() == [1.0, 3.0] and np.isnan(bounds[1]).all()
