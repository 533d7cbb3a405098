from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recagent_catalogs.schema import Column, Role, Vocabulary
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import fold
from recagent_catalogs.words import WordColumn, general_synonyms, write_words

WORDS = st.sampled_from(["Sci-Fi", "Drama", "War", "Film-Noir", "Kids", "Été", "a b"])
CELLS = st.lists(st.lists(WORDS, unique=True, max_size=4), min_size=1, max_size=12)


def open_column(
    folder: Path, cells: list[list[str]], role: Role = Role.CATEGORIES, **synonyms: str
) -> WordColumn:
    folder.mkdir(exist_ok=True)
    write_words(folder, "kinds", cells)
    words = Vocabulary(synonyms={fold(word): value for word, value in synonyms.items()})
    return WordColumn(folder, Column("kinds", role), words, len(cells))


@settings(max_examples=40)
@given(cells=CELLS)
def test_lists_agree_with_the_cells(
    tmp_path_factory: pytest.TempPathFactory, cells: list[list[str]]
) -> None:
    column = open_column(tmp_path_factory.mktemp("words"), cells)
    for row, cell in enumerate(cells):
        assert column.of(row) == cell
    for value in {value for cell in cells for value in cell}:
        expected = [row for row, cell in enumerate(cells) if value in cell]
        assert column.rows_with(value).tolist() == expected
        assert column.counts[column.code(value)] == len(expected)
        assert np.flatnonzero(column.mask([value])).tolist() == expected
    assert list(column.counts) == sorted(column.counts, reverse=True)


def test_a_value_is_resolved_in_steps(tmp_path: Path) -> None:
    column = open_column(
        tmp_path, [["Sci-Fi"], ["Westerns", "Comedy"], ["Sci-Fi"]], spacey="Sci-Fi"
    )
    assert column.resolve("Sci-Fi") == "Sci-Fi"
    assert column.resolve("SCI FI") == "Sci-Fi"
    assert column.resolve("spacey") == "Sci-Fi"
    assert column.resolve("science fiction") == "Sci-Fi"
    assert column.resolve("comedies") == "Comedy"
    assert column.resolve("western") == "Westerns"
    assert column.resolve("horror") is None
    assert column.resolve("") is None


@pytest.mark.parametrize("value", ["Children", "Children's", "Kids", "Family", "kids & family"])
def test_a_synonym_gives_the_word_that_the_data_has(tmp_path: Path, value: str) -> None:
    column = open_column(tmp_path, [[value]])
    expected = value if value != "kids & family" else None
    assert column.resolve("for kids") == expected


def test_romcom_is_not_romance(tmp_path: Path) -> None:
    column = open_column(tmp_path, [["Romance", "Comedy"]])
    assert column.resolve("romcom") is None and column.resolve("romantic comedy") is None


def test_people_have_no_singular(tmp_path: Path) -> None:
    column = open_column(tmp_path, [["Tom Hank"]], Role.PEOPLE)
    assert column.resolve("tom hanks") is None
    assert column.resolve("TOM HANK") == "Tom Hank"


def test_near_values_come_with_scores(tmp_path: Path) -> None:
    column = open_column(tmp_path, [["Horror", "Drama", "Western"]])
    (best, score), *_ = column.near("horor", 2)
    assert best == "Horror" and 80 < score <= 100


def test_the_more_frequent_of_two_spellings_wins(tmp_path: Path) -> None:
    column = open_column(tmp_path, [["noir"], ["Noir"], ["Noir"]])
    assert column.resolve("NOIR") == "Noir"


def test_an_unknown_value_has_no_rows(tmp_path: Path) -> None:
    column = open_column(tmp_path, [["A b"]])
    assert column.code("nothing") is None
    assert len(column.rows_with("nothing")) == 0 and not column.mask(["nothing"]).any()


def test_tags_keep_their_counts(movielens: Catalog) -> None:
    tags = movielens.words("tags")
    assert tags.of(0) == ["space", "scary"]
    indptr, codes, weights = tags.forward()
    assert weights is not None
    assert weights[indptr[0] : indptr[1]].tolist() == [2.0, 1.0]
    assert len(codes) == len(weights) == indptr[-1]


def test_general_synonyms_are_folded_and_grouped() -> None:
    groups = general_synonyms()
    assert "sci fi" in groups["categories", "science fiction"]
    assert ("people", "sci fi") not in groups
    assert all(word == fold(word) and word for _, word in groups)
