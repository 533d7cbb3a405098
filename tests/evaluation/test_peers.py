"""What every peer owes, and that each is what its name says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recagent_catalogs.interactions import Rows
from recagent_cli.evaluation import peers
from recagent_cli.evaluation.lists import Pool, best_unseen
from recagent_cli.evaluation.peers import ALS, EASE, NEVER, PEERS, CoOccurrence, Peer, Popularity
from recagent_cli.evaluation.splits import Plan
from recagent_cli.evaluation.tuning import Tuner
from recagent_tools.models.history import History
from recagent_tools.models.sequences import Sequences

from ..tools.models_data import ITEMS, checkerboard, interactions

BOARD = Sequences.of(checkerboard())
SMALL: dict[type[Peer], dict[str, float]] = {
    ALS: {"factors": 2, "regularization": 1.0, "alpha": 5.0},
    EASE: {"lambda": 10.0},
}


def fitted(peer: type[Peer], train: Sequences = BOARD) -> Peer:
    return peer.fit(train, SMALL.get(peer, {}), seed=0, threads=1)


def pool(train: Sequences = BOARD, allowed: Any = None) -> Pool:
    allowed = np.ones(train.n_items, dtype=bool) if allowed is None else allowed
    counts = np.bincount(train.item, minlength=train.n_items)
    return Pool.of(allowed, counts, np.random.default_rng(0))


def top(peer: Peer, histories: list[list[int]], k: int, among: Pool | None = None) -> list[Rows]:
    return peer.top([History.of(rows) for rows in histories], k, among or pool())


def dense(matrix: Any) -> Any:
    return matrix.toarray().astype(np.float64)


@pytest.mark.parametrize("peer", PEERS)
class TestContract:
    def test_lists_hold_unseen_rows_once(self, peer: type[Peer]) -> None:
        for history, rows in zip(
            ([0, 2], [], [1, 3, 5]),
            top(fitted(peer), [[0, 2], [], [1, 3, 5]], 10),
            strict=True,
        ):
            assert rows.dtype == np.int32 and len(rows) == 10 == len(set(rows.tolist()))
            assert not set(rows.tolist()) & set(history)

    def test_only_the_pool_is_recommended(self, peer: type[Peer]) -> None:
        allowed = np.zeros(ITEMS, dtype=bool)
        allowed[[0, 2, 4, 6, 7, 9]] = True
        [rows] = top(fitted(peer), [[0, 2]], 10, pool(allowed=allowed))
        assert sorted(rows.tolist()) == [4, 6, 7, 9]

    def test_a_batch_gives_what_single_calls_give(self, peer: type[Peer]) -> None:
        model, histories = fitted(peer), [[0, 2, 4], [1], [3, 5, 7, 9]]
        together = top(model, histories, 5)
        for history, rows in zip(histories, together, strict=True):
            assert top(model, [history], 5)[0].tolist() == rows.tolist()

    def test_it_is_repeatable(self, peer: type[Peer]) -> None:
        first, second = (top(fitted(peer), [[0, 2], [5]], 8) for _ in range(2))
        assert [rows.tolist() for rows in first] == [rows.tolist() for rows in second]

    def test_it_learns_the_known_answer(self, peer: type[Peer]) -> None:
        if peer is Popularity:
            pytest.skip("knows nobody's taste")
        for rows in top(fitted(peer), [[0, 2, 4], [6, 8]], 4):
            assert set((rows % 2).tolist()) == {0}
        for rows in top(fitted(peer), [[1, 3, 5], [7, 9]], 4):
            assert set((rows % 2).tolist()) == {1}

    def test_what_nobody_took_comes_last(self, peer: type[Peer]) -> None:
        train = Sequences.of(interactions([[0, 1, 2], [1, 2, 3], [0, 3, 2]] * 4, 9))
        [rows] = top(fitted(peer, train), [[0]], 8, pool(train))
        assert set(rows[:3].tolist()) == {1, 2, 3} and set(rows[3:].tolist()) == {4, 5, 6, 7, 8}

    def test_one_user_with_one_item_is_enough(self, peer: type[Peer]) -> None:
        train = Sequences.of(interactions([[1]], 3))
        assert len(top(fitted(peer, train), [[1]], 5, pool(train))[0]) == 2

    def test_it_never_looks_at_ratings_or_times(self, peer: type[Peer]) -> None:
        bare = Sequences.of(interactions([[0, 1, 2], [1, 2, 3]] * 3, 5, timed=False))
        rated = Sequences.of(interactions([[0, 1, 2], [1, 2, 3]] * 3, 5, rated=True))
        plain, other = (fitted(peer, data) for data in (bare, rated))
        assert top(plain, [[0]], 4, pool(bare))[0].tolist() == (
            top(other, [[0]], 4, pool(bare))[0].tolist()
        )


@pytest.fixture(params=["a table", "by way of the users"])
def table_or_not(request: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if request.param != "a table":
        monkeypatch.setattr(peers, "most_dense", lambda: 0)
    yield


@pytest.mark.usefixtures("table_or_not")
def test_cosine_is_the_cosine_of_the_columns() -> None:
    matrix = dense(peers.matrix_of(BOARD))
    lengths = np.sqrt((matrix**2).sum(axis=0))
    expected = (matrix.T @ matrix) / np.outer(lengths, lengths)
    scores = fitted(CoOccurrence).scores(peers.ones([np.array([3, 6], np.int32)], ITEMS))
    assert scores[0] == pytest.approx(expected[3] + expected[6], abs=1e-5)


def test_ease_is_the_closed_form_of_its_paper() -> None:
    matrix = dense(peers.matrix_of(BOARD))
    inverse = np.linalg.inv(matrix.T @ matrix + 10 * np.eye(ITEMS))
    expected = inverse / -np.diag(inverse)
    np.fill_diagonal(expected, 0)
    model = fitted(EASE)
    assert isinstance(model, EASE)
    assert model.weights == pytest.approx(expected, abs=1e-5)


def test_ease_says_what_it_left_out() -> None:
    counts = np.bincount(BOARD.item, minlength=ITEMS)
    model = EASE.fit(BOARD, {"lambda": 10.0}, seed=0, threads=1, most=6)
    assert "6 most popular of 20 items" in model.notes and not fitted(EASE).notes
    assert counts[model.rows].min() >= np.sort(counts)[-6]
    scores = model.scores(peers.ones([model.rows[:2]], ITEMS))
    assert (scores[0] == NEVER).sum() == ITEMS - 6


def test_als_folds_in_as_its_paper_does() -> None:
    model = fitted(ALS)
    assert isinstance(model, ALS)
    factors = model.model.item_factors.astype(np.float64)
    taken = factors[[3, 5]]
    # everything else is a zero of weight 1; regularization 1, alpha 5
    left = factors.T @ factors + np.eye(2) + (5 - 1) * taken.T @ taken
    person = np.linalg.solve(left, 5 * taken.sum(axis=0))
    scores = model.scores(peers.ones([np.array([3, 5], np.int32)], ITEMS))
    assert scores[0] == pytest.approx(factors @ person, abs=1e-4)


@settings(deadline=None, max_examples=60)
@given(
    values=st.lists(st.integers(-3, 3), min_size=2, max_size=30),
    seen=st.sets(st.integers(0, 29)),
    k=st.integers(1, 12),
)
def test_the_best_are_the_best_and_ties_go_by_the_pool(
    values: list[int], seen: set[int], k: int
) -> None:
    scores = np.array([values], dtype=np.float32)
    history = History.of([row for row in seen if row < len(values)])
    counts = np.arange(len(values)) % 4
    among = Pool.of(np.ones(len(values), dtype=bool), counts, np.random.default_rng(0))
    [rows] = best_unseen(scores, [history], among, k)
    left = [row for row in among.rows.tolist() if row not in seen]
    assert rows.tolist() == sorted(left, key=lambda row: -values[row])[:k]
    assert scores[0].tolist() == values


def test_the_most_taken_stand_first_in_a_pool() -> None:
    counts = np.array([1, 9, 1, 5, 1, 0])
    among = Pool.of(counts > 0, counts, np.random.default_rng(0))
    assert among.rows[:2].tolist() == [1, 3] and 5 not in among.rows
    assert sorted(among.rows.tolist()) == [0, 1, 2, 3, 4]
    assert among.only(counts > 1).mask.tolist() == [False, True, False, True, False, False]


class Guesser(Peer):
    """Ranks by row, upwards or downwards."""

    name = "guesser"
    grid = ({"sign": 1.0}, {"sign": -1.0})

    def __init__(self, sign: float, n_items: int) -> None:
        self.sign, self.n_items = sign, n_items

    @classmethod
    def fit(cls, train: Sequences, parameters: Any, *, seed: int, threads: int) -> Guesser:
        return cls(parameters["sign"], train.n_items)

    def scores(self, histories: Any) -> Any:
        row = (self.sign * np.arange(self.n_items)).astype(np.float32)
        return np.broadcast_to(row, histories.shape)


def test_the_better_setting_is_chosen_on_the_validation_people() -> None:
    train = Sequences.of(interactions([[19 - user % 3, 10, user % 3] for user in range(30)], 20))
    tuner = Tuner.of(train, Plan(), pool(train), 5, np.random.default_rng(0), seed=0, threads=1)
    chosen = tuner.choose(Guesser)
    # the second-last items of this training part, 0 to 2, have the lowest rows
    assert chosen.parameters == {"sign": -1.0} and chosen.users == 30
    assert chosen.ndcg is not None and chosen.ndcg > 0.5


def test_with_too_few_people_nothing_is_chosen() -> None:
    train = Sequences.of(interactions([[0, 1, 2]] * 4, 5))
    tuner = Tuner.of(train, Plan(), pool(train), 5, np.random.default_rng(0), seed=0, threads=1)
    assert tuner.choose(Guesser).ndcg is None
