from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recagent_catalogs.errors import ToolError
from recagent_tools.bus import CandidateBus
from recagent_tools.bus_file import MAX_SAVED_ROWS, bus_from_bytes, bus_to_bytes
from recagent_tools.rowset import RowSet

N = 200
subsets = st.sets(st.integers(0, N - 1))


def of(rows: set[int]) -> RowSet:
    return RowSet.of_rows(sorted(rows), N)


@given(subsets, subsets)
def test_row_sets_behave_as_sets(left: set[int], right: set[int]) -> None:
    a, b = of(left), of(right)
    assert set(map(int, (a & b).rows())) == left & right
    assert set(map(int, (a | b).rows())) == left | right
    assert set(map(int, (a - b).rows())) == left - right
    assert a.count == len(left) and bool(a.mask().sum() == len(left))
    assert all((row in a) == (row in left) for row in range(-1, N + 1))


@given(subsets)
def test_a_set_takes_the_smaller_of_two_forms(rows: set[int]) -> None:
    made = of(rows)
    if len(rows) not in (0, N):
        assert (made.bits is None) == (len(rows) * 32 <= N)
    assert RowSet.of_mask(made.mask()) == made


def test_rows_outside_the_catalog_are_refused() -> None:
    with pytest.raises(ValueError, match="outside"):
        RowSet.of_rows([N], N)


def test_ten_million_candidates_are_a_packed_mask() -> None:
    n = 10_000_000
    mask = np.zeros(n, dtype=bool)
    mask[::2] = True
    made = RowSet.of_mask(mask)
    assert made.bits is not None and made.bits.nbytes == n // 8
    bus = CandidateBus(n)
    bus.narrow("filter", {}, made)
    assert len(bus) == n // 2


operations = st.lists(
    st.one_of(
        st.tuples(st.just("narrow"), subsets),
        st.tuples(st.just("order"), st.integers(1, 30)),
        st.tuples(st.just("undo"), st.none()),
        st.tuples(st.just("redo"), st.none()),
        st.tuples(st.just("start"), st.none()),
    ),
    max_size=12,
)


def apply(bus: CandidateBus, steps: list[tuple[str, object]]) -> None:
    for kind, value in steps:
        if kind == "narrow":
            assert isinstance(value, set)
            bus.narrow("filter", {}, of(value))
        elif kind == "order":
            assert isinstance(value, int)
            rows = bus.rows()[::-1][:value]
            if len(rows):
                scores = np.linspace(1, 0, len(rows), dtype=np.float32)
                bus.score("rank", {}, {"score": scores}, order=rows)
        elif kind == "undo":
            bus.undo()
        elif kind == "redo":
            bus.redo()
        else:
            bus.start()


@settings(max_examples=60)
@given(operations)
def test_undo_takes_the_last_change_back(steps: list[tuple[str, object]]) -> None:
    bus = CandidateBus(N)
    apply(bus, steps)
    before = (bus.cursor, list(bus.rows()))
    bus.narrow("filter", {}, of({1, 2, 3}))
    assert bus.undo() is not None
    assert (bus.cursor, list(bus.rows())) == before
    assert bus.redo() is not None and set(bus.rows()) <= {1, 2, 3}


@settings(max_examples=60)
@given(operations)
def test_a_bus_comes_back_from_bytes_as_it_was(steps: list[tuple[str, object]]) -> None:
    bus = CandidateBus(N, "abc")
    apply(bus, steps)
    bus.save_as("here")
    back = bus_from_bytes(bus_to_bytes(bus))
    assert list(back.rows()) == list(bus.rows()) and back.fingerprint == "abc"
    assert back.funnel() == bus.funnel() and back.saved == bus.saved
    assert [s.after for s in back.stages] == [s.after for s in bus.stages]
    for name, column in bus.scores().items():
        assert np.array_equal(back.scores()[name], column)


@settings(max_examples=60)
@given(operations)
def test_every_item_is_a_candidate_or_has_a_stage_that_dropped_it(
    steps: list[tuple[str, object]],
) -> None:
    bus = CandidateBus(N)
    apply(bus, steps)
    for row in range(0, N, 7):
        stage = bus.dropped_by(row)
        assert (stage is None) == (row in bus.candidates)
        if stage is not None and stage.candidates is not None:
            assert row not in stage.candidates


def test_an_order_of_the_whole_catalog_is_kept() -> None:
    bus = CandidateBus(5)
    order = np.array([3, 1, 4, 0, 2], dtype=np.int32)
    bus.score("rank", {}, {"score": np.arange(5, dtype=np.float32)}, order=order)
    back = bus_from_bytes(bus_to_bytes(bus))
    assert list(back.rows()) == [3, 1, 4, 0, 2] and list(back.scores()["score"]) == [0, 1, 2, 3, 4]


def test_a_large_stage_is_kept_as_its_recipe() -> None:
    n = MAX_SAVED_ROWS * 4
    bus = CandidateBus(n)
    mask = np.zeros(n, dtype=bool)
    mask[: MAX_SAVED_ROWS * 2] = True
    bus.narrow("filter", {"where": ["year >= 1990"]}, RowSet.of_mask(mask))
    back = bus_from_bytes(bus_to_bytes(bus))
    assert back.now.candidates is None
    assert back.now.arguments == {"where": ["year >= 1990"]} and len(back) == len(bus)
    with pytest.raises(ToolError, match="too many"):
        _ = back.candidates


def test_scores_stay_with_their_items() -> None:
    bus = CandidateBus(10)
    bus.score("a", {}, {"a": np.arange(10, dtype=np.float32)})
    bus.narrow("filter", {}, RowSet.of_rows([2, 5, 9], 10))
    assert list(bus.scores()["a"]) == [2, 5, 9]
    order = np.array([9, 2], dtype=np.int32)
    bus.score("b", {}, {"b": np.array([7, 1], dtype=np.float32)}, order=order)
    assert list(bus.rows()) == [9, 2]
    assert list(bus.scores()["a"]) == [9, 2] and list(bus.scores()["b"]) == [7, 1]


def test_an_order_may_hold_only_candidates() -> None:
    bus = CandidateBus(10)
    bus.narrow("filter", {}, RowSet.of_rows([1, 2], 10))
    with pytest.raises(ValueError, match="only candidates"):
        bus.score("rank", {}, {}, order=np.array([3], dtype=np.int32))


def test_a_foreign_blob_is_no_bus() -> None:
    for blob in (b"", b"PK\x03\x04nonsense", b"\x80\x04K\x01."):
        with pytest.raises(ValueError, match="not a saved bus"):
            bus_from_bytes(blob)


def test_the_funnel_in_one_line() -> None:
    bus = CandidateBus(9742)
    bus.narrow("filter", {}, RowSet.of_rows(range(312), 9742), note="genres has Sci-Fi")
    bus.score("rank", {}, {}, order=bus.rows(), note="ranked")
    assert bus.funnel() == "9,742 → 312 (genres has Sci-Fi) → ranked"


def test_a_saved_bus_stays_small_and_keeps_the_newest_stages() -> None:
    n = 1_000_000
    bus = CandidateBus(n)
    rng = np.random.default_rng(0)
    for _ in range(40):
        bus.start()
        rows = np.flatnonzero(rng.random(n) < 0.09).astype(np.int32)
        bus.narrow("filter", {"where": ["year >= 1990"]}, RowSet.of_rows(rows, n))
    blob = bus_to_bytes(bus)
    assert len(blob) < 5_000_000
    back = bus_from_bytes(blob)
    assert list(back.rows()) == list(bus.rows())
    assert back.stages[2].candidates is None and len(back.stages) == len(bus.stages)


def loaded() -> CandidateBus:
    """A set saved of horror, then comedies, then the set loaded twice."""
    bus = CandidateBus(2945)
    bus.narrow("filter", {}, RowSet.of_rows(range(292), 2945), note="Horror")
    bus.score("rank", {}, {}, order=bus.rows(), note="ranked: novelty .4 (2.1 → 3.4 bits)")
    bus.save_as("horror", [3, 1, 2])
    bus.start()
    bus.narrow("filter", {}, RowSet.of_rows(range(500, 900), 2945), note="Comedy")
    for _ in range(2):
        known = {"op": "load", "name": "horror"}
        bus.combine("load", known, stage=bus.saved["horror"], note="set horror")
    return bus


def test_the_funnel_of_a_loaded_set_is_that_of_the_set() -> None:
    bus = loaded()
    whole = "2,945 → 292 (Horror) → ranked: novelty .4 (2.1 → 3.4 bits) → 3 (set horror)"
    assert bus.funnel() == whole
    assert bus.funnel(brief=True) == "set horror: 3"
    bus.narrow("filter", {}, RowSet.of_rows([1, 2], 2945), note="1990-1999")
    bus.narrow("filter", {}, RowSet.of_rows([1, 2], 2945), note="Korean")
    bus.score("rank", {}, {}, order=bus.rows(), note="ranked: novelty .4 (2.1 → 3.4 bits)")
    bus.show([1, 2])
    told = "set horror: 3 → 2 (1990-1999) → ranked: novelty .4"
    assert bus.funnel(brief=True) == told, "what changed nothing is left out"


def test_a_brief_funnel_has_two_lines_at_most() -> None:
    bus = CandidateBus(1000)
    for n in range(30):
        bus.narrow("filter", {}, RowSet.of_rows(range(900 - n), 1000), note=f"not kind {n}")
    told = bus.funnel(brief=True)
    assert len(told) <= 150 and told.startswith("1,000 → … → ")
    assert told.endswith("871 (not kind 29)") and len(bus.funnel()) > 150
