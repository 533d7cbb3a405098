from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recagent_catalogs.errors import BadCondition
from recagent_catalogs.store import Catalog
from recagent_tools.conditions import evaluate, parse_condition, short


@pytest.mark.parametrize(
    ("text", "canonical", "ids"),
    [
        ("genres has Sci-Fi", "genres has Sci-Fi", "f03 f04 f08 f13"),
        ("genre HAS sci fi", "genres has Sci-Fi", "f03 f04 f08 f13"),
        ("genres has Western | War", "genres has Western | War", "f06 f10 f11"),
        ("genres = Western", "genres has Western", "f10 f11"),
        ("year 1994..1996", "year 1994..1996", "f01 f02 f03"),
        ("year 1996..1994", "year 1994..1996", "f01 f02 f03"),
        ("year ..1994", "year ..1994", "f01 f02 f10"),
        ("year 2020 ..", "year 2020..", "f15 f16"),
        ("year=1994", "year = 1994", "f01 f02"),
        ("runtime <= 90", "runtime <= 90", "f05 f15"),
        ("runtime > 130", "runtime > 130", "f04 f06 f11"),
        ('title ~ "orbit of ash"', 'title ~ "orbit of ash"', "f03 f04"),
        ("about ~ spirits", 'about ~ "spirits"', "f05 f15"),
        ("directors has ada quill", "directors has Ada Quill", "f01 f02 f08 f14"),
        ("audience <= all", "audience <= all", "f02 f05 f12 f13 f15 f16"),
    ],
)
def test_a_condition_and_what_meets_it(films: Catalog, text: str, canonical: str, ids: str) -> None:
    condition = parse_condition(text, films)
    assert str(condition) == canonical
    rows = np.flatnonzero(evaluate(condition, films))
    assert sorted(films.ids(list(rows))) == ids.split()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("genres has Sci-Fi", "Sci-Fi"),
        ("genres lacks Horror", "not Horror"),
        ("genres has Western | War | Drama", "Western, War or Drama"),
        ("genres lacks Western | War", "not Western or War"),
        ("tags has heist | rain | autumn | space | alien", "heist, rain, autumn or 2 more"),
        ("directors has Ada Quill", "Ada Quill"),
        ("year 1990..1999", "1990-1999"),
        ("year ..1979", "≤ 1979"),
        ("year 2010..", "≥ 2010"),
        ("year != 1995", "not 1995"),
        ("year -50..10", "-50 to 10"),
        ("runtime <= 100", "≤ 100 min"),
        ("runtime 90..120", "90-120 min"),
        ("runtime < 90.5", "< 90.5 min"),
        ("audience <= teen", "audience up to teen"),
        ("audience has all", "audience all"),
        ('title ~ "alien"', '"alien"'),
        ('about !~ "war"', 'not "war"'),
    ],
)
def test_a_condition_in_short(films: Catalog, text: str, told: str) -> None:
    assert short(parse_condition(text, films), films.schema) == told


def test_lacks_is_the_rest(films: Catalog) -> None:
    has = evaluate(parse_condition("genres has Drama", films), films)
    lacks = evaluate(parse_condition("genres lacks Drama", films), films)
    assert np.array_equal(has, ~lacks)


def test_a_missing_number_meets_no_condition(films: Catalog) -> None:
    row = films.row_of("f16")
    for text in ("runtime <= 1000", "runtime >= 0", "runtime 0..1000"):
        assert not evaluate(parse_condition(text, films), films)[row]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("colour has red", "columns:"),
        ("genres has Sciffi", "Sci-Fi"),
        ("genres > 3", "has or lacks"),
        ("year has 1994", "="),
        ("year >= soon", "no number"),
        ("year ..", "one end"),
        ("nonsense", "write:"),
        ("title has Orbit", "~"),
        ("audience <= everybody", "values:"),
        ("genres has ", "write:"),
        ("runtime <= nan", "no number"),
    ],
)
def test_a_wrong_condition_says_what_would_do(films: Catalog, text: str, named: str) -> None:
    with pytest.raises(BadCondition) as caught:
        parse_condition(text, films)
    assert named in f"{caught.value.message} {caught.value.hint}"


@given(st.text(max_size=60))
def test_any_text_is_a_condition_or_a_clear_error(films: Catalog, text: str) -> None:
    try:
        condition = parse_condition(text, films)
    except BadCondition as error:
        assert error.message
    else:
        assert len(evaluate(condition, films)) == films.n_items


@given(
    st.sampled_from(["year", "runtime"]),
    st.sampled_from(["=", "!=", "<", "<=", ">", ">=", ".."]),
    st.integers(0, 3000),
    st.integers(0, 3000),
)
def test_the_canonical_text_is_the_same_condition(
    films: Catalog, column: str, operator: str, low: int, high: int
) -> None:
    text = f"{column} {low}..{high}" if operator == ".." else f"{column} {operator} {low}"
    condition = parse_condition(text, films)
    again = parse_condition(str(condition), films)
    assert again == condition
