"""The contract of every retriever, and what each of them knows on data with a known answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recagent_catalogs.interactions import Floats
from recagent_tools.models import als as als_module
from recagent_tools.models import closed_form, user_knn
from recagent_tools.models.als import ALS, CONFIDENCE, REGULARIZATION, FoldIn, fit_numpy
from recagent_tools.models.content import Content
from recagent_tools.models.cooccurrence import CoOccurrence
from recagent_tools.models.ease import Ease, item_weights
from recagent_tools.models.history import History
from recagent_tools.models.nearby import Nearby, near_weights, window_counts
from recagent_tools.models.retriever import Retriever, Setting
from recagent_tools.models.scores import Mask, Scores
from recagent_tools.models.stats import Popularity
from recagent_tools.models.topk import FactorIndex, largest
from recagent_tools.models.transitions import LAG_FEATURES, LAGS, Transitions
from recagent_tools.models.user_knn import UserKNN

from .models_data import ITEMS, interactions, training_data

SETTING = Setting(seed=3, threads=1)
EVEN = History.of([0, 4, 8])


class RetrieverContract:
    """What every retriever owes; subclasses name the class."""

    kind: type[Retriever]

    def make(self) -> Retriever:
        return self.kind.fit(training_data(), SETTING)

    def histories(self) -> list[History]:
        many = np.arange(0, ITEMS, 2, dtype=np.int32)
        return [
            History.empty(),
            History.of([5]),
            History.of([0, 4], [1]),
            History.of([], [2]),
            History(many, np.linspace(0.4, 1, len(many), dtype=np.float32), True),
        ]

    def test_scores_are_finite_float32_for_every_history(self) -> None:
        model = self.make()
        for history in self.histories():
            scores = model.scores(history)
            assert scores.dtype == np.float32
            assert scores.shape == (ITEMS,)
            assert np.isfinite(scores).all()

    def test_batch_equals_single(self) -> None:
        model, histories = self.make(), self.histories()
        for many, history in zip(model.score_many(histories), histories, strict=True):
            single = model.score(history)
            np.testing.assert_allclose(many.dense(), single.dense(), rtol=1e-4, atol=1e-5)
            np.testing.assert_allclose(many.moments(), single.moments(), rtol=1e-3, atol=1e-4)

    def test_parts_of_the_scores_agree_with_all_of_them(self) -> None:
        model = self.make()
        mask = np.arange(ITEMS) % 3 > 0
        for history in self.histories():
            scores = model.score(history)
            dense = scores.dense()
            rows = np.array([7, 3, 12], dtype=np.int32)
            np.testing.assert_allclose(scores.of(rows), dense[rows], rtol=1e-5, atol=1e-6)
            others = np.delete(dense, history.rows).astype(np.float64)
            np.testing.assert_allclose(
                scores.moments(), (others.mean(), others.std()), rtol=1e-3, atol=1e-3
            )
            for allowed in (None, mask):
                self._check_top(scores, history, allowed)

    def _check_top(self, scores: Scores, history: History, mask: Mask | None) -> None:
        rows, values = scores.top(5, mask)
        np.testing.assert_allclose(values, scores.of(rows), rtol=1e-5, atol=1e-6)
        assert (np.diff(values) <= 1e-6).all()
        assert not np.isin(rows, history.rows).any()
        allowed = np.ones(ITEMS, bool) if mask is None else mask.copy()
        allowed[history.rows] = False
        assert allowed[rows].all()
        allowed[rows] = False
        if len(rows) == 5:
            assert scores.dense()[allowed].max(initial=-np.inf) <= values[-1] + 1e-5

    def test_saved_and_loaded_gives_the_same_scores(self, tmp_path: Path) -> None:
        model = self.make()
        model.save(tmp_path)
        assert all(path.suffix == ".npy" for path in tmp_path.iterdir())
        again = self.kind.load(tmp_path, ITEMS)
        for history in self.histories():
            np.testing.assert_array_equal(again.scores(history), model.scores(history))

    def test_files_of_another_catalog_are_refused(self, tmp_path: Path) -> None:
        self.make().save(tmp_path)
        with pytest.raises(ValueError):
            self.kind.load(tmp_path, ITEMS + 1)

    def test_truncated_files_are_refused(self, tmp_path: Path) -> None:
        self.make().save(tmp_path)
        for path in tmp_path.iterdir():
            content = path.read_bytes()
            for kept in (0, 40, len(content) - 1):
                path.write_bytes(content[:kept])
                with pytest.raises((ValueError, OSError)):
                    self.kind.load(tmp_path, ITEMS)
            path.write_bytes(content)

    def test_fitting_twice_gives_the_same(self) -> None:
        np.testing.assert_array_equal(self.make().scores(EVEN), self.make().scores(EVEN))

    def test_fitting_leaves_the_order_of_the_data_alone(self) -> None:
        data = training_data()
        before = data.sequences.item.copy()
        self.kind.fit(data, SETTING)
        np.testing.assert_array_equal(data.sequences.item, before)


class KnowsTheCheckerboard(RetrieverContract):
    """Those that learn likeness put every even item before every odd one for an even taste."""

    def test_even_taste_gets_even_items(self) -> None:
        scores = self.make().scores(EVEN)
        others = np.setdiff1d(np.arange(0, ITEMS, 2), EVEN.rows)
        assert scores[others].min() > scores[1::2].max()


class TestALS(KnowsTheCheckerboard):
    kind = ALS


class TestALSInNumPy(KnowsTheCheckerboard):
    kind = ALS

    @pytest.fixture(autouse=True)
    def _no_library(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> None:
            raise ImportError("libgomp.so.1: cannot open shared object file")

        monkeypatch.setattr(als_module, "_fit_implicit", refuse)

    def test_it_says_how_it_was_fitted(self) -> None:
        model = self.make()
        assert isinstance(model, ALS) and model.backend == "numpy"


class TestCoOccurrence(KnowsTheCheckerboard):
    kind = CoOccurrence

    def test_the_score_is_the_root_of_the_asymmetric_cosine(self) -> None:
        data = training_data(interactions([[0, 1], [0, 1, 2], [0, 2], [3]], 4))
        model = CoOccurrence.fit(data, SETTING)
        expected = 2 / ((3 + 5) ** 0.7 * (2 + 5) ** 0.3)
        assert model.scores(History.of([0]))[1] ** 2 == pytest.approx(expected, rel=1e-5)
        assert model.scores(History.of([0]))[0] == 0
        counts = np.array([3, 2, 2, 1], dtype=np.float32)
        assert model.pairs(0, counts)[1].tolist() == [2, 2]
        assert model.pairs(1, counts)[1].tolist() == [2, 1]
        assert not len(model.pairs(3, counts)[0])


class TestUserKNN(KnowsTheCheckerboard):
    kind = UserKNN

    def test_the_nearest_user_counts_by_the_square_of_the_likeness(self) -> None:
        model = UserKNN.fit(training_data(interactions([[0, 1, 2], [0, 3], [4, 5]], 6)), SETTING)
        sums = model.scores(History.of([0, 1])) ** 2
        near, far = (2 / 3**0.3) ** 2, (1 / 2**0.3) ** 2
        np.testing.assert_allclose(sums[[2, 3, 4]], [near, far, 0], rtol=1e-5)

    def test_of_many_users_the_longest_histories_stay(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(user_knn, "MOST_USERS", 1)
        model = UserKNN.fit(training_data(interactions([[0, 3], [0, 1, 2]], 4)), SETTING)
        assert np.flatnonzero(model.scores(History.of([0]))).tolist() == [0, 1, 2]


class TestEase(KnowsTheCheckerboard):
    kind = Ease

    def test_the_weights_are_the_closed_form(self) -> None:
        rng = np.random.default_rng(1)
        taken = (rng.random((30, 8)) < 0.4).astype(np.float64)
        gram = taken.T @ taken
        inverse = np.linalg.inv(gram + np.diag(gram.diagonal() * (1 / (1 - 0.9) - 1) + 100))
        expected = -inverse / inverse.diagonal()
        np.fill_diagonal(expected, 0)
        found = item_weights(gram.astype(np.float32), 0.9, 100.0)
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6)

    def test_items_that_do_not_fit_say_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(closed_form, "free_memory", lambda: 16 * 3**2 / 0.25)
        histories = [[0, 1, 2], [0, 1], [0, 1, 2], [2, 3], [0, 4]]
        model = Ease.fit(training_data(interactions(histories, 5)), SETTING)
        assert np.diff(model.weights.indptr).tolist() == [2, 2, 2, 0, 0]


class TestNearby(RetrieverContract):
    kind = Nearby

    def test_what_came_next_comes_first(self) -> None:
        data = training_data(interactions([list(range(ITEMS))] * 6, ITEMS))
        newest = History(np.array([3, 4], np.int32), np.ones(2, np.float32), True)
        scores = Nearby.fit(data, SETTING).scores(newest)
        scores[[3, 4]] = 0
        assert int(scores.argmax()) == 5

    def test_it_solves_its_equations(self) -> None:
        sequences = training_data().sequences
        every = np.arange(ITEMS)
        ahead = window_counts(sequences, every)
        by_hand = np.zeros((ITEMS, ITEMS))
        for user in range(sequences.n_users):
            rows = sequences.history(user).rows.tolist()
            for place, earlier in enumerate(rows):
                for gap, later in enumerate(rows[place + 1 :], 1):
                    by_hand[earlier, later] += max(0.0, 1 - gap / 40)
        np.testing.assert_allclose(ahead, by_hand, rtol=1e-5)
        taken = np.bincount(sequences.item, minlength=ITEMS).astype(np.float64)
        gram = by_hand + by_hand.T + np.diag(taken / 0.3 + 30)
        expected = np.linalg.solve(gram, by_hand + 0.6 * by_hand.T)
        np.fill_diagonal(expected, 0)
        found = near_weights(ahead, taken.astype(np.float32))
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


class TestTransitions(RetrieverContract):
    kind = Transitions

    def test_what_came_next_is_told_by_its_lag(self) -> None:
        data = training_data(interactions([list(range(ITEMS))] * 6, ITEMS))
        newest = History(np.array([3, 4], np.int32), np.ones(2, np.float32), True)
        model = Transitions.fit(data, SETTING)
        scores = model.scores(newest)
        assert scores[5] > scores[15] == 0
        assert isinstance(model, Transitions)
        told = dict(
            zip(LAG_FEATURES, model.features(newest, np.array([5, 6, 2], np.int32)).T, strict=True)
        )
        shrunk = 6 / (6 + 3)
        np.testing.assert_allclose(told["lag.1"], [shrunk, 0, 0])
        np.testing.assert_allclose(told["lag.2"], [shrunk, 0, 0])
        np.testing.assert_allclose(told["window.count"], [6, 6, 0])
        assert told["before.1"][2] > 0 == told["before.1"][0]

    @given(st.lists(st.lists(st.integers(0, 5), max_size=9, unique=True), min_size=1, max_size=6))
    def test_every_lag_is_counted(self, taken: list[list[int]]) -> None:
        data = training_data(interactions(taken, 6))
        table = Transitions.fit(data, SETTING).table
        every = np.arange(6, dtype=np.int32)
        for earlier in range(6):
            counts = table.of(earlier, every)
            for lag in range(1, LAGS + 1):
                pairs = [pair for rows in taken for pair in zip(rows, rows[lag:], strict=False)]
                expected = [pairs.count((earlier, later)) for later in range(6)]
                assert counts[:, lag - 1].tolist() == expected

    def test_without_an_order_there_is_nothing_to_learn(self) -> None:
        data = training_data(interactions([[0, 1, 2]] * 4, 3, timed=False))
        assert not Transitions.fit(data, SETTING).scores(History.of([0])).any()


class TestContent(RetrieverContract):
    kind = Content

    def test_a_rare_shared_word_beats_a_common_one(self) -> None:
        scores = self.make().scores(History.of([6]))
        assert scores[7] > scores[8] > scores[9]

    def test_affinities_add_up_to_the_score(self) -> None:
        model = self.make()
        assert isinstance(model, Content)
        rows = np.arange(ITEMS, dtype=np.int32)
        parts = model.affinities(EVEN, rows)
        np.testing.assert_allclose(parts.sum(axis=1), model.scores(EVEN) ** 2, atol=1e-6)

    def test_shares_tell_which_item_it_was_like(self) -> None:
        model = self.make()
        assert isinstance(model, Content)
        shares = model.shares(7, History.of([6, 1, 2]))
        assert shares.argmax() == 0 and shares[1] > shares[2] == 0


class TestPopularity(RetrieverContract):
    kind = Popularity

    def test_it_counts_users(self) -> None:
        data = training_data(interactions([[0, 1], [0], [0, 2]], 4))
        scores = Popularity.fit(data, SETTING).scores(History.empty())
        np.testing.assert_allclose(scores, np.log1p([3, 1, 1, 0]), rtol=1e-6)


def _random_factors(n_users: int = 40, size: int = 6) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(5)
    items = rng.normal(size=(ITEMS, size)).astype(np.float32)
    return items, rng.normal(0.3, 1, size=(n_users, size)).astype(np.float32)


def test_fold_in_is_the_minimum_of_its_objective() -> None:
    """(w0 Y'Y + l S^-1 + (a - w0) Yh'Yh) x = a Yh'1 + l S^-1 m, for three likes w0 .02, l .3."""
    items, users = _random_factors()
    model = ALS(FactorIndex.of_factors(items), FoldIn.of(items, users))
    history = History.of([2, 5, 9])
    every = items.astype(np.float64)
    taken = every[history.rows]
    centred = users - users.mean(axis=0, dtype=np.float64)
    spread = centred.T @ centred / len(users)
    spread += np.eye(6) * (1e-2 * np.trace(spread) / 6 + 1e-9)
    precision = np.linalg.inv(spread)
    left = 0.02 * every.T @ every + 0.3 * precision + (CONFIDENCE - 0.02) * taken.T @ taken
    right = CONFIDENCE * taken.sum(axis=0) + 0.3 * precision @ users.mean(axis=0, dtype=np.float64)
    np.testing.assert_allclose(model.person(history), np.linalg.solve(left, right), rtol=1e-4)


def test_a_dislike_lowers_what_is_like_it() -> None:
    items, users = _random_factors()
    model = ALS(FactorIndex.of_factors(items), FoldIn.of(items, users))
    liked = model.scores(History.of([2, 5]))
    refused = model.scores(History.of([2, 5], [int(liked.argmax())]))
    assert refused[liked.argmax()] < liked.max()


def test_contributions_and_the_prior_add_up_to_the_score() -> None:
    items, users = _random_factors()
    model = ALS(FactorIndex.of_factors(items), FoldIn.of(items, users))
    faded = History(
        np.array([4, 1, 8, 3], np.int32), np.array([1, 0.4, -1, 0.7], np.float32), ordered=True
    )
    for history in (
        History.of([2]),
        History.of([2, 5, 9]),
        History.of([2, 5], [9, 11]),
        History.of([], [9]),
        History.of(range(20)),
        faded,
    ):
        shares, prior = model.contributions(7, history)
        assert not shares[history.weights < 0].any(), "a dislike adds nothing by itself"
        score = float(model.scores(history)[7])
        assert float(shares.sum(dtype=np.float64)) + prior == pytest.approx(score, abs=1e-4)


def test_contributions_of_a_small_matrix() -> None:
    """Two factors, worked out by hand: A = Y'Y + 1 + (5 - 1) y0 y0' = [[7, 1], [1, 3]]."""
    items = np.array([[1, 0], [1, 1], [0, 1]], dtype=np.float32)
    model = ALS(FactorIndex.of_factors(items), FoldIn.plain(items, 1.0))
    history = History.of([0])
    shares, prior = model.contributions(1, history)
    # A^-1 = [[3, -1], [-1, 7]] / 20; (1, 1) A^-1 (1, 0)' = 2 / 20, times the confidence 5
    assert shares.tolist() == pytest.approx([0.5]) and prior == 0
    assert model.scores(history).tolist() == pytest.approx([0.75, 0.5, -0.25])


def test_contributions_are_those_of_implicit() -> None:
    """By implicit's settings (zeros for what is unnamed, no prior) they are its `explain`."""
    implicit = pytest.importorskip("implicit.cpu.als")
    scipy_sparse = pytest.importorskip("scipy.sparse")
    rng = np.random.default_rng(3)
    taken = (rng.random((40, 25)) < 0.25) * (1 + rng.integers(0, 6, (40, 25)))
    matrix = scipy_sparse.csr_matrix(taken.astype(np.float32))
    fitted = implicit.AlternatingLeastSquares(
        factors=8, regularization=0.7, iterations=5, num_threads=1, random_state=1
    )
    fitted.fit(matrix, show_progress=False)
    model = ALS(FactorIndex.of_factors(fitted.item_factors), FoldIn.plain(fitted.item_factors, 0.7))
    for user in (0, 7, 31):
        rows = np.flatnonzero(taken[user]).astype(np.int32)
        history = History(rows, (taken[user][rows] / CONFIDENCE).astype(np.float32))
        for item in (1, 13, 24):
            total, theirs, _ = fitted.explain(user, matrix, item, N=len(rows))
            shares, prior = model.contributions(item, history)
            assert prior == 0 and float(shares.sum()) == pytest.approx(total, abs=1e-4)
            ours = dict(zip(rows.tolist(), shares.tolist(), strict=True))
            assert ours == pytest.approx({int(row): share for row, share in theirs}, abs=1e-4)
            assert float(model.scores(history)[item]) == pytest.approx(total, abs=1e-4)


def test_long_histories_fold_in_as_implicit_does() -> None:
    """With the prior of ALS itself (covariance 1/r, mean 0) it is implicit's `recalculate_user`."""
    implicit = pytest.importorskip("implicit.cpu.als")
    import scipy.sparse

    from recagent_tools.models.threads import blas_threads

    rng = np.random.default_rng(0)
    taken = (rng.random((80, 150)) < 0.5).astype(np.float32)
    with blas_threads(1):
        theirs = implicit.AlternatingLeastSquares(
            factors=8, regularization=REGULARIZATION, iterations=4, num_threads=1, random_state=1
        )
        theirs.fit(scipy.sparse.csr_matrix(taken * CONFIDENCE), show_progress=False)
        history = np.flatnonzero(taken[0])
        row = scipy.sparse.csr_matrix(taken[0] * CONFIDENCE)
        expected = theirs.recalculate_user(0, row)
        near, _ = theirs.similar_items(3, N=11)
    assert len(history) >= 60
    factors = theirs.item_factors
    gram = (factors.T @ factors).astype(np.float64)
    mine = ALS(
        FactorIndex.of_factors(factors),
        FoldIn(gram, REGULARIZATION * np.eye(8), np.zeros(8), np.zeros(8)),
    )
    np.testing.assert_allclose(mine.person(History.of(history.tolist())), expected, atol=2e-3)
    assert set(largest(mine.similar(3), 11).tolist()) == set(near.tolist())


def test_numpy_als_solves_what_it_says() -> None:
    """At the end each item's factors solve its own equations, the users' being fixed."""
    matrix = training_data().sequences.matrix
    items, users = fit_numpy(matrix, SETTING, factors=4)
    row = users[matrix.T.tocsr()[6].indices].astype(np.float64)
    people = users.astype(np.float64)
    left = people.T @ people + REGULARIZATION * np.eye(4) + (CONFIDENCE - 1) * row.T @ row
    np.testing.assert_allclose(items[6], np.linalg.solve(left, CONFIDENCE * row.sum(0)), rtol=1e-3)
