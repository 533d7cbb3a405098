"""Relaxation: counted by hand, and against all subsets tried one by one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recagent_catalogs.ingest import ingest
from recagent_catalogs.store import Catalog
from recagent_tools.conditions import Condition, evaluate, parse_condition
from recagent_tools.relaxation import (
    Census,
    Relaxation,
    changed,
    minimal_levels,
    price,
    rows_left,
)
from recagent_tools.rowset import RowSet
from recagent_tools.widening import neighbour, step_of, widen

Make = Callable[[str, str], Catalog]


def schema(**columns: str) -> str:
    """A catalog.toml with an id, a title and these columns: the role, then what else is told."""
    told = {"id": "id", "title": "title", **columns}
    lines = ['schema = "recagent.catalog/1"', 'name = "toys"']
    for name, text in told.items():
        role, *more = text.split("; ")
        lines += [f"[columns.{name}]", f'role = "{role}"', *more]
    return "\n".join(lines) + "\n"


SCHEMA = schema()
YEARS = schema(
    year="year",
    kinds="categories",
    makers="people",
    length='number; unit = "min"',
    price="number",
    audience='audience; order = ["all", "teen", "adult"]',
)
TOYS = """id,title,year,kinds,makers,length,price,audience
a,Ant,1991,Western,Ada,80,5,all
b,Bee,1985,Western|Adventure,Ben,95,0,all
c,Cat,1995,Adventure,Ada,100,10,teen
d,Dog,1999,Adventure|Drama,Cyd,120,20,adult
e,Elk,,Drama,Ada,,,adult
f,Fox,2004,Musical,Ben,130,4.99,teen
g,Gnu,1994,Drama,Cyd,60,15,
"""


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def catalog(schema: str, rows: str) -> Catalog:
        (tmp_path / "catalog.toml").write_text(schema, encoding="utf-8")
        (tmp_path / "items.csv").write_text(rows, encoding="utf-8")
        place = tmp_path / "made"
        ingest(tmp_path, place, name="toys")
        return Catalog.open(place)

    return catalog


@pytest.fixture
def toys(make: Make) -> Catalog:
    return make(YEARS, TOYS)


def census(catalog: Catalog, *texts: str, base: RowSet | None = None) -> Census:
    conditions = [parse_condition(text, catalog) for text in texts]
    return Census(conditions, catalog, base or RowSet.all(catalog.n_items))


def told(relaxations: Sequence[Relaxation]) -> list[tuple[list[str], int]]:
    """Each as its changes in short, and what it leaves."""
    return [
        ([f"{c.condition} > {c.becomes or '-'}" for c in r.changes], r.left) for r in relaxations
    ]


# --- known answers -------------------------------------------------------------------------------


def test_one_condition_that_nothing_meets(toys: Catalog) -> None:
    found = census(toys, "year 2010..2019")
    assert (found.left, found.alone, found.without) == (0, (0,), (7,))
    assert told(found.relaxations()) == [(["year 2010..2019 > year 2000.."], 1)]


def test_the_smallest_way_comes_first(toys: Catalog) -> None:
    found = census(toys, "kinds has Western", "year 1996..1999", "makers has Ada")
    assert (found.left, found.alone, found.without) == (0, (2, 1, 3), (0, 1, 0))
    assert told(found.relaxations()) == [
        (["year 1996..1999 > -"], 1),
        (
            [
                "kinds has Western > kinds has Western | Adventure",
                "year 1996..1999 > year 1993..2002",
            ],
            1,
        ),
        (["kinds has Western > kinds has Western | Adventure", "makers has Ada > -"], 1),
    ]


def test_what_had_to_hold_together_becomes_alternatives(toys: Catalog) -> None:
    found = census(toys, "kinds has Western", "kinds has Musical")
    first, *rest = found.relaxations()
    assert first.conditions == ("kinds has Western | Musical",) and first.left == 3
    assert first.size == 1 and first.removed == 0
    assert [r.left for r in rest if r.removed == 1] == [1, 2]


def test_too_few_is_not_enough(toys: Catalog) -> None:
    found = census(toys, "kinds has Adventure", "year 1990..1999")
    assert found.left == 2 and found.relaxations(2) == []
    assert told(found.relaxations(3))[0] == (["year 1990..1999 > year 1980..2009"], 3)


def test_all_conditions_impossible(toys: Catalog) -> None:
    found = census(toys, "price >= 1000", "length <= 1", "year ..1900", "year 2020..2021")
    assert found.alone == (0, 0, 0, 0) and found.without == (0, 0, 0, 0)
    assert found.relaxations() == []


def test_contradictory_ranges(toys: Catalog) -> None:
    found = census(toys, "year 1980..1989", "year 2000..2009")
    both = ["year 1980..1989 > year ..1999", "year 2000..2009 > year 1990.."]
    assert told(found.relaxations()) == [
        (["year 1980..1989 > -"], 1), (["year 2000..2009 > -"], 1), (both, 4)
    ]  # fmt: skip


def test_the_same_condition_twice_is_one(toys: Catalog) -> None:
    found = census(toys, "kinds has Musical", "kinds has Musical", "makers has Cyd")
    assert [str(c) for c in found.conditions] == ["kinds has Musical", "makers has Cyd"]
    assert found.without == (2, 1)


def test_an_unknown_number_is_met_only_without_the_condition(toys: Catalog) -> None:
    found = census(toys, "title ~ elk", "length <= 100")
    assert told(found.relaxations()) == [
        (["length <= 100 > -"], 1), (['title ~ "elk" > -'], 4)
    ]  # fmt: skip


def test_only_the_candidates_count(toys: Catalog) -> None:
    few = RowSet.of_rows([0, 2], toys.n_items)
    many = RowSet.of_mask(np.array([True, False, True, True, True, True, False]))
    assert few.rows_ is None or many.bits is not None
    found = census(toys, "kinds has Western", "year 1995..1999", base=few)
    assert (found.total, found.alone, found.without) == (2, (1, 1), (1, 1))
    found = census(toys, "kinds has Drama", "kinds has Musical", base=many)
    assert (found.total, found.alone) == (5, (2, 1))
    assert told(found.relaxations())[0][1] == 3


def test_few_candidates_of_many_items(make: Make) -> None:
    rows = "".join(f"{i},T{i},{1900 + i},Drama,Ada,{i},{i},all\n" for i in range(100))
    catalog = make(YEARS, "id,title,year,kinds,makers,length,price,audience\n" + rows)
    base = RowSet.of_rows([90, 95], 100)
    assert base.rows_ is not None
    found = census(catalog, "year 1996..1999", "kinds has Drama", base=base)
    assert (found.total, found.alone, found.without) == (2, (0, 2), (2, 0))
    assert told(found.relaxations()) == [(["year 1996..1999 > year 1993.."], 1)]


def test_no_candidates_and_no_conditions(toys: Catalog) -> None:
    assert census(toys, "kinds has Drama", base=RowSet.of_rows([], 7)).relaxations() == []
    assert census(toys).left == 7 and census(toys).relaxations() == []
    assert census(toys).relaxations(8) == []


def test_a_catalog_without_years_and_kinds(make: Make) -> None:
    catalog = make(SCHEMA, "id,title\na,Red ant\nb,Red bee\nc,Blue cat\n")
    found = census(catalog, "title ~ red", "title ~ cat", "title !~ ant")
    assert found.wider == (None, None, None)
    assert [r.left for r in found.relaxations()] == [1, 1]


def test_too_many_conditions_are_refused(toys: Catalog) -> None:
    with pytest.raises(ValueError, match="12"):
        census(toys, *(f"price <= {i}" for i in range(13)))


def test_prices(toys: Catalog) -> None:
    texts = ("year 1990..1999", "kinds has Drama", "makers has Ada", "audience <= teen")
    prices = [price(parse_condition(t, toys), toys) for t in (*texts, "kinds lacks Drama")]
    assert prices == sorted(prices) and len(set(prices)) == 5
    assert price(parse_condition("year != 1999", toys), toys) == prices[-1]


def test_changes_are_applied_in_place(toys: Catalog) -> None:
    found = census(toys, "kinds has Western", "kinds has Musical", "makers has Ada")
    for relaxation in found.relaxations():
        texts = [str(condition) for condition in found.conditions]
        assert changed(texts, relaxation.changes) == relaxation.conditions


# --- one step wider ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wider"),
    [
        ("year 1990..1999", "year 1980..2009"),  # on both sides past all there is
        ("year 2000..2009", "year 1990.."),  # nothing is newer than 2004
        ("year 1980..1989", "year ..1999"),
        ("year 1994..1996", "year 1991..1999"),
        ("year = 1995", "year 1992..1998"),
        ("year 1990..", "year 1980.."),
        ("year ..1979", "year ..1989"),
        ("year < 1970", "year < 1980"),
        ("year > 1987", "year > 1982"),
        ("year != 1995", None),
        ("length <= 100", "length <= 115"),
        ("length < 98", "length < 115"),
        ("length 90..110", "length 75..125"),
        ("length >= 30", "length >= 25"),
        ("length = 100", "length 85..115"),
        ("price <= 20", "price <= 22"),
        ("price < 4.99", "price < 5.5"),
        ("price <= 100", "price <= 110"),
        ("price = 0", "price 0..1"),
        ("price 0..10", "price 0..11"),
        ("price >= 0", None),
        ("audience <= all", "audience <= teen"),
        ("audience >= teen", "audience >= all"),
        ("audience <= adult", None),
        ("audience = all", "audience has all | teen"),
        ("kinds has Western", "kinds has Western | Adventure"),
        ("kinds has Musical", None),  # it stands with no other kind
        ("kinds lacks Western", None),
        ("makers has Ada", None),
        ('title ~ "ant"', None),
    ],
)
def test_the_next_value(toys: Catalog, text: str, wider: str | None) -> None:
    found = widen(parse_condition(text, toys), toys)
    assert (found and str(found)) == wider
    if wider is not None:
        assert parse_condition(wider, toys) == found


def test_the_neighbour_is_told_by_the_data(films: Catalog) -> None:
    words = films.words("genres")
    for value in words.values:
        carriers = set(words.rows_with(value).tolist())
        best, most = None, 0.0
        for code, other in enumerate(words.values):
            both = len(carriers & set(words.rows_with(other).tolist()))
            chance = len(carriers) * int(words.counts[code]) / films.n_items
            if other != value and both > chance:
                surprise = both * np.log(both / chance) - both + chance
                if surprise > most + 1e-12:
                    best, most = other, surprise
        assert neighbour(words, (value,), films.n_items) == best


@given(st.floats(1e-6, 1e9))
def test_a_step_is_about_an_eighth(size: float) -> None:
    step, grid = step_of(size)
    assert 0.078 * size < step < 0.2 * size and 0 < grid < step


_NUMBERS = st.floats(-500, 2500).map(lambda x: round(x, 2))
_OPERATORS = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
_RANGES = st.tuples(_NUMBERS, _NUMBERS).map(lambda pair: (min(pair), max(pair)))


def test_what_is_open_on_both_sides_has_nothing_wider(toys: Catalog) -> None:
    assert widen(Condition("year", "..", (None, None)), toys) is None
    assert widen(Condition("length", "..", (None, None)), toys) is None


@settings(deadline=None)
@given(
    st.sampled_from(["year", "length", "price", "kinds", "audience"]), _OPERATORS, _NUMBERS, _RANGES
)
def test_whatever_meets_it_meets_it_widened(
    fixed: Catalog, column: str, operator: str, number: float, ends: tuple[float, float]
) -> None:
    conditions = [Condition("kinds", "has", ("Drama",)), Condition("audience", "<=", ("teen",))]
    if column in ("year", "length", "price"):
        conditions = [Condition(column, operator, (number,)), Condition(column, "..", ends)]
        conditions += [
            Condition(column, "..", (number, None)),
            Condition(column, "..", (None, number)),
        ]
    for condition in conditions:
        wide = widen(condition, fixed)
        if wide is not None:
            assert not (evaluate(condition, fixed) & ~evaluate(wide, fixed)).any()
            assert wide != condition


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """The small catalog again, for properties."""
    place = tmp_path_factory.mktemp("fixed")
    (place / "catalog.toml").write_text(YEARS, encoding="utf-8")
    (place / "items.csv").write_text(TOYS, encoding="utf-8")
    ingest(place, place / "made", name="toys")
    return Catalog.open(place / "made")


# --- against all subsets -------------------------------------------------------------------------

_POOL = (
    "year 1990..1999", "year 1995..1996", "year >= 2003", "year != 1995", "kinds has Western",
    "kinds has Drama", "kinds has Adventure", "kinds lacks Drama", "kinds lacks Western | Musical",
    "makers has Ada", "makers has Ben", "makers lacks Cyd", "length <= 60", "length 90..100",
    "price <= 5", "price = 0", "audience <= all", "audience = teen", 'title ~ "fox"',
)  # fmt: skip
Levels = tuple[int, ...]


def oracle(
    conditions: Sequence[Condition], catalog: Catalog, base: RowSet, enough: int
) -> dict[tuple[frozenset[int], Levels], int]:
    """(places that became alternatives, keep / widen / remove for the rest) -> left; by trying."""
    n = len(conditions)
    together = [
        frozenset(i for i, c in enumerate(conditions) if (c.column, c.operator) == (name, "has"))
        for name in ("kinds", "makers")
    ]
    groups = [group for group in together if len(group) > 1]
    base_mask = base.mask()
    left: dict[tuple[frozenset[int], Levels], int] = {}
    for number in range(len(groups) + 1):
        for chosen in itertools.combinations(groups, number):
            joined = frozenset().union(*chosen)
            for levels in itertools.product((0, 1, 2), repeat=n):
                size = sum(level > 0 for level in levels) + number
                if size > 3 or any(levels[i] for i in joined):
                    continue
                mask = base_mask.copy()
                for group in chosen:
                    any_of = np.zeros(catalog.n_items, dtype=bool)
                    for i in group:
                        any_of |= evaluate(conditions[i], catalog)
                    mask &= any_of
                for i, level in enumerate(levels):
                    if i in joined or level == 2:
                        continue
                    wide = widen(conditions[i], catalog) if level else conditions[i]
                    mask &= evaluate(wide or conditions[i], catalog)
                left[joined, levels] = int(mask.sum())

    def milder(a: tuple[frozenset[int], Levels], b: tuple[frozenset[int], Levels]) -> bool:
        return a != b and a[0] <= b[0] and all(x <= y for x, y in zip(a[1], b[1], strict=True))

    good = {key: count for key, count in left.items() if count >= enough}
    return {k: n for k, n in good.items() if not any(milder(other, k) for other in good)}


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from(_POOL), min_size=1, max_size=5, unique=True),
    st.sets(st.integers(0, 6)),
    st.integers(1, 4),
)
def test_all_minimal_sets_and_no_others(
    fixed: Catalog, texts: list[str], rows: set[int], enough: int
) -> None:
    conditions = [parse_condition(text, fixed) for text in texts]
    base = RowSet.of_rows(sorted(rows), fixed.n_items)
    found = Census(conditions, fixed, base)
    masks = [evaluate(condition, fixed) & base.mask() for condition in conditions]
    assert found.alone == tuple(int(mask.sum()) for mask in masks)
    for place, without in enumerate(found.without):
        rest = [mask for i, mask in enumerate(masks) if i != place]
        assert without == int(np.logical_and.reduce([base.mask(), *rest]).sum())
    relaxations = found.relaxations(enough)
    expected = oracle(conditions, fixed, base, enough)
    expected.pop((frozenset(), (0,) * len(texts)), None)
    assert {_key(r, conditions): r.left for r in relaxations} == expected
    assert len(relaxations) == len(expected)
    weights = [(r.size, r.removed, r.prices, r.left) for r in relaxations]
    assert weights == sorted(weights)
    for relaxation in relaxations:
        kept = [parse_condition(text, fixed) for text in relaxation.conditions]
        assert len(rows_left(kept, fixed, base)) == relaxation.left


def _key(relaxation: Relaxation, conditions: Sequence[Condition]) -> tuple[frozenset[int], Levels]:
    places = {str(condition): i for i, condition in enumerate(conditions)}
    columns = [c.becomes for c in relaxation.changes]
    joined = frozenset(
        places[c.condition]
        for c in relaxation.changes
        if c.becomes is not None and columns.count(c.becomes) > 1
    )
    levels = [0] * len(conditions)
    for change in relaxation.changes:
        if places[change.condition] not in joined:
            levels[places[change.condition]] = 2 if change.becomes is None else 1
    return joined, tuple(levels)


@settings(deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.data())
def test_levels_of_any_counts(n: int, enough: int, data: st.DataObject) -> None:
    cells = data.draw(st.lists(st.integers(0, 2), min_size=3**n, max_size=3**n))
    counts = np.array(cells, dtype=np.int64).reshape((3,) * n)
    left = {
        levels: int(counts[tuple(slice(0, level + 1) for level in levels)].sum())
        for levels in itertools.product((0, 1, 2), repeat=n)
        if sum(level > 0 for level in levels) <= 3
    }
    good = {levels for levels, count in left.items() if count >= enough}
    minimal = {
        a: left[a]
        for a in good
        if not any(b != a and all(x <= y for x, y in zip(b, a, strict=True)) for b in good)
    }
    found = list(minimal_levels(counts, 3, enough))
    assert dict(found) == minimal and len(found) == len(minimal)
