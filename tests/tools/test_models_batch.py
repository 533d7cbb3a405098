"""Many at once: lists for blocks of histories, and exact largest products, as one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from recagent_catalogs.store import Catalog
from recagent_tools.models import recommender, topk_many
from recagent_tools.models.engine import Engine
from recagent_tools.models.history import History
from recagent_tools.models.recommender import Recommender, interleaved
from recagent_tools.models.topk import FactorIndex
from recagent_tools.models.topk_many import top_many

Array = NDArray[np.float32]
N = 6_000

# -- lists ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def engine(films_home: Path) -> Engine:
    data = films_home / "data"
    return Engine.open(Catalog.open(data / "catalogs" / "films"), data / "models" / "films")


def histories(engine: Engine) -> list[History]:
    """Users of the data, seeds without order, dislikes, and nothing at all, in turn."""
    users = [engine.user_history(user) for user in range(engine.catalog.n_users)]
    named = [History.of([row, row + 3], [row + 1]) for row in range(6)]
    return [*users[:7], *named, History.empty(), *users[7:], History.of([], [2])]


def assert_same_one_by_one(
    found: Recommender, asked: list[History], k: int, mask: object = None
) -> None:
    """A block gives what each history gives alone."""
    many = found.lists(asked, k, mask)  # type: ignore[arg-type]
    assert len(many) == len(asked)
    for history, (rows, scores) in zip(asked, many, strict=True):
        [(alone, alone_scores)] = found.lists([history], k, mask)  # type: ignore[arg-type]
        assert rows.tolist() == alone.tolist() and rows.dtype == np.int32
        np.testing.assert_allclose(scores, alone_scores, atol=1e-5)
        assert np.all(np.diff(scores) <= 0)
        assert not set(rows.tolist()) & set(history.rows.tolist())


@pytest.mark.parametrize("k", [1, 4, 100])
def test_a_block_gives_what_each_history_gives_alone(engine: Engine, k: int) -> None:
    assert_same_one_by_one(engine.recommender, histories(engine), k)


def test_a_mask_holds_in_a_block(engine: Engine) -> None:
    mask = np.arange(engine.catalog.n_items) % 3 > 0
    assert_same_one_by_one(engine.recommender, histories(engine), 3, mask)
    for rows in engine.recommender.top(histories(engine), 3, mask):
        assert mask[rows].all()


def test_small_blocks_change_nothing(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = histories(engine)
    whole = engine.recommender.top(asked, 5)
    monkeypatch.setattr(recommender, "MOST_AT_ONCE", 3)
    parts = engine.recommender.top(asked, 5)
    assert [rows.tolist() for rows in parts] == [rows.tolist() for rows in whole]


def test_lists_order_as_rank_does(engine: Engine) -> None:
    for history in histories(engine):
        [rows] = engine.recommender.top([history], 100)
        ascending = np.sort(rows)
        scores = engine.recommender.rank(ascending, history)
        assert rows.tolist() == ascending[np.argsort(-scores, kind="stable")].tolist()


def test_nobody_gets_no_list(engine: Engine) -> None:
    assert engine.recommender.top([], 5) == []


@given(
    lists=st.lists(st.lists(st.integers(0, 30), unique=True, max_size=12), max_size=5),
    k=st.integers(0, 40),
)
def test_interleaved_takes_first_places_first(lists: list[list[int]], k: int) -> None:
    wanted: list[int] = []
    for place in range(max(map(len, lists), default=0)):
        wanted += [rows[place] for rows in lists if place < len(rows)]
    found = interleaved([np.asarray(rows, dtype=np.int32) for rows in lists], k)
    assert found.tolist() == list(dict.fromkeys(wanted))[:k]
    assert found.dtype == np.int32


# -- largest products -----------------------------------------------------------------------------


def factors(kind: str, rng: np.random.Generator) -> Array:
    """Items whose factors are long and short, all alike, tied, or negative."""
    drawn = rng.standard_normal((N, 16)).astype(np.float32)
    match kind:
        case "skewed":
            drawn *= rng.pareto(1.2, (N, 1)).clip(0, 20).astype(np.float32)
        case "tied":
            drawn = np.round(drawn[rng.integers(0, 40, N)])
        case "negative":
            drawn = -np.abs(drawn)
        case "nothing":
            drawn[:] = 0
    return drawn


@pytest.mark.parametrize("kind", ["flat", "skewed", "tied", "negative", "nothing"])
@pytest.mark.parametrize("k", [1, 10, 90, 1_000])
def test_top_many_is_top_of_each(kind: str, k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    index = FactorIndex.of_factors(factors(kind, rng))
    people = np.abs(rng.standard_normal((40, 16))).astype(np.float32)
    people[3] = 0
    people[4] *= -1
    seen = [rng.choice(N, count, replace=False).astype(np.int32) for count in range(0, 400, 10)]
    monkeypatch.setattr(topk_many, "PEOPLE", 16)
    monkeypatch.setattr(topk_many, "FIRST", 64)
    for person, rows, (found, scores) in zip(
        people, seen, top_many(index, people, k, seen), strict=True
    ):
        wanted, exact = index.top(person, k, None, rows)
        np.testing.assert_array_equal(found, wanted)
        np.testing.assert_array_equal(scores, exact)  # to the last bit
        assert found.dtype == np.int32


def test_the_best_were_all_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    index = FactorIndex.of_factors(factors("skewed", rng))
    people = rng.standard_normal((5, 16)).astype(np.float32)
    seen = [index.top(person, 3_000)[0] for person in people]
    for person, rows, (found, _) in zip(
        people, seen, top_many(index, people, 10, seen), strict=True
    ):
        assert found.tolist() == index.top(person, 10, None, rows)[0].tolist()


def test_fewer_are_allowed_than_asked_for() -> None:
    index = FactorIndex.of_factors(np.eye(8, dtype=np.float32))
    people = np.ones((2, 8), dtype=np.float32)
    seen = [np.arange(6, dtype=np.int32), np.arange(8, dtype=np.int32)]
    some, nothing = top_many(index, people, 5, seen)
    assert some[0].tolist() == [6, 7] and nothing[0].tolist() == []
    assert top_many(index, people, 0)[0][0].tolist() == []
    assert top_many(index, people[:0], 3) == []


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), k=st.integers(1, 40), people=st.integers(1, 30))
def test_top_many_on_any_factors(seed: int, k: int, people: int) -> None:
    rng = np.random.default_rng(seed)
    patch = pytest.MonkeyPatch()
    with patch.context():
        patch.setattr(topk_many, "FIRST", 32)
        patch.setattr(topk_many, "ITEMS", 100)
        n = int(rng.integers(1, 3_000))
        drawn = rng.integers(-3, 4, (n, 4)).astype(np.float32)
        index = FactorIndex.of_factors(drawn)
        asked = rng.integers(-3, 4, (people, 4)).astype(np.float32)
        for person, (found, scores) in zip(asked, top_many(index, asked, k), strict=True):
            wanted, exact = index.top(person, k)
            np.testing.assert_array_equal(found, wanted)
            np.testing.assert_array_equal(scores, exact)
    patch.undo()
