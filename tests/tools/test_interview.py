"""Which items an interview asks for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recagent_catalogs.ingest import ingest
from recagent_catalogs.store import Catalog
from recagent_tools.answered import Regression
from recagent_tools.interview import questions, spread
from recagent_tools.models.engine import Engine
from recagent_tools.toolbox import EmptyProfile

NOBODY = EmptyProfile()


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Ten books of two tastes that nobody has read; the first of each has the most words."""
    lines = ["id,title,genres,tags"]
    for number in range(10):
        kind = "crime" if number % 2 else "poetry"
        tags = "long|praised" if number < 2 else ""
        lines.append(f"b{number},Book {number},{kind},{tags}")
    place = tmp_path_factory.mktemp("books")
    (place / "books.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    ingest(place / "books.csv", place / "catalog", name="books")
    return Catalog.open(place / "catalog")


def test_both_sides_of_two_tastes_are_asked_for() -> None:
    """Two groups along two axes, the first one far better known."""
    rng = np.random.default_rng(3)
    vectors = np.vstack(
        (
            np.column_stack((1 + rng.random(20) / 10, rng.random(20) / 10)),
            np.column_stack((rng.random(20) / 10, 1 + rng.random(20) / 10)),
        )
    )
    weight = np.concatenate((np.full(20, 1.5), np.ones(20)))
    chosen = spread(vectors, weight, 4, np.eye(2), np.empty((0, 2)))
    assert sorted(place // 20 for place in chosen[:2]) == [0, 1]
    assert sorted(place // 20 for place in chosen) == [0, 0, 1, 1]
    answered = vectors[:3]
    assert spread(vectors, weight, 1, np.eye(2), answered)[0] >= 20, "the side not asked for yet"
    assert weight.argmax() < 20, "by popularity alone it would be the other one"


@settings(max_examples=40)
@given(
    st.integers(1, 12).flatmap(
        lambda n: st.lists(
            st.lists(st.floats(-2, 2), min_size=3, max_size=3), min_size=n, max_size=n
        )
    ),
    st.integers(1, 15),
)
def test_questions_are_different_and_the_same_each_time(
    lines: list[list[float]], count: int
) -> None:
    vectors = np.array(lines)
    weight = np.ones(len(lines))
    chosen = spread(vectors, weight, count, np.eye(3), np.empty((0, 3)))
    assert chosen == spread(vectors, weight, count, np.eye(3), np.empty((0, 3)))
    assert len(set(chosen)) == len(chosen) == min(count, int(vectors.any(axis=1).sum()))
    assert all(vectors[place].any() for place in chosen)


def test_without_interactions_the_kinds_are_spread(books: Catalog) -> None:
    engine = Engine(books)
    asked = questions(books, engine, 2, NOBODY)
    assert sorted(asked) == [0, 1], "one of each kind, of those the most is written of"
    assert len(set(questions(books, engine, 99, NOBODY))) == 10


def test_what_is_known_or_never_wanted_is_not_asked_for(books: Catalog) -> None:
    engine = Engine(books)
    person = EmptyProfile(liked=[0], disliked=[2], seen=[0, 2, 4], ratings={6: 3.0})
    asked = questions(books, engine, 99, person, known=[8])
    assert sorted(asked) == [1, 3, 5, 7, 9]
    assert asked[0] == 1
    never = EmptyProfile(never=[1], never_values=[("genres", "poetry")])
    assert sorted(questions(books, engine, 99, never)) == [3, 5, 7, 9]


def test_answers_of_before_turn_the_questions_to_the_other_side(books: Catalog) -> None:
    asked = questions(books, Engine(books), 1, EmptyProfile(liked=[1, 3, 5], seen=[1, 3, 5]))
    assert asked == [0], "poetry, of which nothing is known"
    asked = questions(books, Engine(books), 1, EmptyProfile(liked=[0, 2, 4], seen=[0, 2, 4]))
    assert asked == [1]


def test_items_that_nothing_tells_apart_are_not_asked_for(tmp_path: Path) -> None:
    (tmp_path / "ids.csv").write_text("id\n" + "\n".join("abcdef") + "\n", encoding="utf-8")
    ingest(tmp_path / "ids.csv", tmp_path / "ids", name="ids")
    catalog = Catalog.open(tmp_path / "ids")
    assert questions(catalog, Engine(catalog), 5, NOBODY) == []


def test_answers_say_who_takes_what() -> None:
    """Two groups of people: who knows the first's item and not the second's is of the first."""
    lists = [[0, 2, 3]] * 8 + [[1, 4, 5]] * 8 + [[0, 1, 6]]
    item = np.array([row for rows in lists for row in rows], dtype=np.int32)
    indptr = np.arange(0, 3 * len(lists) + 1, 3)
    model = Regression.of(item, indptr, 7, np.array([0, 1]))
    matrix = np.zeros((len(lists), 7))
    for user, rows in enumerate(lists):
        matrix[user, rows] = 1
    centred = matrix - matrix.mean(axis=0)
    assert np.allclose(model.covariance, (centred.T @ centred)[[0, 1]])
    first, second = model.expected([0]), model.expected([1])
    assert first[[2, 3]].min() > first[[4, 5]].max() and second[[4, 5]].min() > second[2]
    assert np.allclose(model.expected([0])[[2, 3]], model.expected([1])[[4, 5]])
