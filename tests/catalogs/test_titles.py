from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recagent_catalogs.store import Catalog
from recagent_catalogs.text import fold
from recagent_catalogs.titles import (
    ALIAS,
    FULL,
    PART,
    article_first,
    canonical,
    split_title,
    title_forms,
)


@pytest.mark.parametrize(
    ("raw", "title", "year", "aliases"),
    [
        ("Matrix, The (1999)", "The Matrix", 1999, ()),
        ("Alien (1979)", "Alien", 1979, ()),
        ("Seven (a.k.a. Se7en) (1995)", "Seven", 1995, ("Se7en",)),
        (
            "City of Lost Children, The (Cité des enfants perdus, La) (1995)",
            "The City of Lost Children",
            1995,
            ("La Cité des enfants perdus",),
        ),
        ("Avventura, L' (Adventure, The) (1960)", "L'Avventura", 1960, ("The Adventure",)),
        ("Godfather: Part II, The (1974)", "The Godfather: Part II", 1974, ()),
        ("Blade Runner 2049", "Blade Runner 2049", None, ()),
        ("2001: A Space Odyssey (1968)", "2001: A Space Odyssey", 1968, ()),
        ("Babylon 5 (Season 1)", "Babylon 5 (Season 1)", None, ()),
        ("(500) Days of Summer (2009)", "(500) Days of Summer", 2009, ()),
    ],
)
def test_a_title_is_taken_apart(
    raw: str, title: str, year: int | None, aliases: tuple[str, ...]
) -> None:
    parts = split_title(raw)
    assert (parts.title, parts.year, parts.aliases) == (title, year, aliases)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("the godfather part ii", "godfather 2"),
        ("rocky ii", "rocky 2"),
        ("twelve monkeys", "12 monkeys"),
        ("kill bill vol 2", "kill bill 2"),
        ("star wars episode iv", "star wars 4"),
    ],
)
def test_numerals_have_one_form(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


def test_different_numerals_stay_different() -> None:
    assert canonical("rocky ii") != canonical("rocky iii")


def test_forms_carry_their_strength() -> None:
    forms = dict(title_forms("The Lord of the Rings: The Two Towers", ["LOTR II"]))
    assert forms["the lord of the rings the two towers"] == FULL
    assert forms["lord of the rings the two towers"] == ALIAS
    assert forms["lotr 2"] == ALIAS
    assert forms["lord of the rings"] == PART
    assert forms["the two towers"] == forms[canonical("two towers")] == PART


def test_a_one_word_tail_is_no_form() -> None:
    assert "origins" not in dict(title_forms("Batman: Origins"))


@given(st.text(max_size=60))
def test_forms_are_folded_and_each_once(title: str) -> None:
    forms = [form for form, _ in title_forms(title)]
    assert len(forms) == len(set(forms))
    assert all(form == fold(form) and form for form in forms)


@given(st.text(max_size=40))
def test_moving_the_article_twice_changes_nothing(title: str) -> None:
    assert article_first(article_first(title)) == article_first(article_first(article_first(title)))


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("the matrix", "The Matrix"),
        ("Matrix, The", "The Matrix"),
        ("matrix", "The Matrix"),
        ("“The Matrix”", "The Matrix"),
        ("alien 1979", "Alien"),
        ("Alien (1979)", "Alien"),
        ("Alien (1980)", "Alien"),
        ("se7en", "Seven"),
        ("la cite des enfants perdus", "The City of Lost Children"),
        ("the godfather 2", "The Godfather: Part II"),
        ("ROCKY 2", "Rocky II"),
    ],
)
def test_a_writing_of_the_whole_title_is_exact(movielens: Catalog, typed: str, title: str) -> None:
    match = movielens.titles.find(typed)[0]
    assert match.title == title and match.exact


@pytest.mark.parametrize(
    ("typed", "title"),
    [("the matrx", "The Matrix"), ("city of lost childern", "The City of Lost Children")],
)
def test_a_near_spelling_is_found_but_not_exact(movielens: Catalog, typed: str, title: str) -> None:
    match = movielens.titles.find(typed)[0]
    assert match.title == title and not match.exact and 84 <= match.score < 100


def test_a_part_of_a_title_is_weaker(movielens: Catalog) -> None:
    match = movielens.titles.find("star wars")[0]
    assert match.title.startswith("Star Wars") and not match.exact and match.score == 92
    assert movielens.titles.exact_kind("star wars") == PART


def test_a_sequel_of_another_number_is_no_match(movielens: Catalog) -> None:
    assert [match.title for match in movielens.titles.find("rocky 3")] == ["Rocky III"]
    assert movielens.titles.find("rocky 4") == []


def test_another_year_is_not_exact(movielens: Catalog) -> None:
    match = movielens.titles.find("Alien (2010)")[0]
    assert match.score <= 90 and not match.exact


@pytest.mark.parametrize("typed", ["", "   ", '"', "xq", "Terminator", "\ud800", "(1999)"])
def test_what_is_no_title_finds_nothing(movielens: Catalog, typed: str) -> None:
    assert movielens.titles.find(typed) == []


@given(typed=st.text(max_size=50))
def test_any_text_may_be_asked_for(movielens: Catalog, typed: str) -> None:
    for match in movielens.titles.find(typed):
        assert 84 <= match.score <= 100
        assert movielens.item(match.row).title == match.title


def test_every_item_is_found_by_its_label(movielens: Catalog) -> None:
    for row in range(movielens.n_items):
        assert row in [match.row for match in movielens.titles.find(movielens.label(row))]


def test_popular_items_come_first_among_equals(tmp_path: Path) -> None:
    from .helpers import read

    items = "id,title,year\na,Dune,1984\nb,Dune,2021\n"
    pairs = "user,item\nu1,b\nu2,b\nu1,a\n"
    catalog, _ = read(tmp_path, items, pairs)
    assert catalog.ids(catalog.titles.exact("dune")) == ["b", "a"]
    assert catalog.titles.find("dune 1984")[0].year == 1984


def test_the_index_is_read_only(movielens: Catalog) -> None:
    with pytest.raises(sqlite3.OperationalError):
        movielens._sqlite.execute("DELETE FROM items")
