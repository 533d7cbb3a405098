"""`rank`: named aspects and their weights, diversity by MMR, and what was asked by degree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recagent_catalogs.errors import ToolError
from recagent_catalogs.ingest import ingest
from recagent_catalogs.interactions import Floats, Rows
from recagent_catalogs.store import Catalog
from recagent_tools.asked import asked_parts
from recagent_tools.bus import CandidateBus
from recagent_tools.filter import FilterArguments, filter_candidates
from recagent_tools.models.als import ALS, FoldIn
from recagent_tools.models.diversity import Traits, reranked
from recagent_tools.models.engine import Engine
from recagent_tools.models.features import FirstStage
from recagent_tools.models.history import History
from recagent_tools.models.leaning import leaning
from recagent_tools.models.sparse import SparseRows
from recagent_tools.models.stats import ItemStats
from recagent_tools.models.topk import FactorIndex
from recagent_tools.rank import ASPECTS, VALUES, RankArguments, aspect, parse_weights, rank
from recagent_tools.toolbox import ToolContext


@dataclass
class Numbers:
    """An engine that is nothing but numbers."""

    fit: Floats
    taken: Floats
    shown: Floats
    ages: Floats = field(default_factory=lambda: np.empty(0, np.float32))
    factors: Floats | None = None

    @property
    def recommender(self) -> SimpleNamespace:
        stats = replace(ItemStats.of_counts(self.taken.astype(np.int32)), age=self.ages)
        return SimpleNamespace(first=first_of(self.factors), stats=stats)

    def rank(self, rows: Rows, history: History) -> Floats:
        return self.fit[rows]

    def popularity(self, window: str) -> Floats:
        return self.taken

    def likeness(self, history: History, rows: Rows) -> Floats:
        assert self.factors is not None
        refused = self.factors[history.rows[history.weights < 0]]
        return np.asarray(-(self.factors[rows] @ refused.T).sum(axis=1), dtype=np.float32)

    def exposure(self) -> Floats:
        return self.shown


def first_of(factors: Floats | None) -> FirstStage:
    """A first stage of no more than these factors."""
    if factors is None:
        return FirstStage({}, np.empty(0, np.float32))
    als = ALS(FactorIndex.of_factors(factors), FoldIn.of(factors, factors))
    return FirstStage({"als": als}, np.empty(0, np.float32))


def context_of(catalog: Catalog, engine: Numbers) -> ToolContext:
    return ToolContext(catalog, cast(Engine, engine), CandidateBus(catalog.n_items))


def context_for(
    catalog: Catalog,
    fit: Sequence[float] = (),
    taken: Sequence[float] = (),
    shown: Sequence[float] = (),
    factors: Floats | None = None,
) -> ToolContext:
    def full(values: Sequence[float]) -> Floats:
        whole = np.zeros(catalog.n_items, dtype=np.float32)
        whole[: len(values)] = values
        return whole

    return context_of(catalog, Numbers(full(fit), full(taken), full(shown), factors=factors))


def ranked(context: ToolContext, *weights: str, top: int = 0) -> list[int]:
    context.bus.start()
    rank(context, RankArguments(weights=list(weights), top=top))
    return [int(row) for row in context.bus.rows()]


# --- aspects that are a value of each item ------------------------------------------------------


numbers = st.lists(st.floats(-50, 50, width=32), min_size=16, max_size=16)
counts = st.lists(st.integers(0, 40), min_size=16, max_size=16)


@settings(max_examples=60, deadline=None)
@given(
    fit=numbers,
    taken=counts,
    shown=counts,
    name=st.sampled_from(VALUES),
    weights=st.tuples(st.integers(-50, 50), st.integers(-50, 50)),
    other=st.tuples(st.sampled_from(VALUES), st.integers(-50, 50)),
    top=st.integers(1, 16),
)
def test_a_larger_weight_never_lowers_the_sum_of_its_aspect(
    films: Catalog,
    fit: list[float],
    taken: list[int],
    shown: list[int],
    name: str,
    weights: tuple[int, int],
    other: tuple[str, int],
    top: int,
) -> None:
    context = context_for(films, fit, taken, shown)
    beside = [f"{other[0]}={other[1] / 10}"] if other[0] != name else []
    sums = []
    for weight in sorted(weights):
        ranked(context, *beside, f"{name}={weight / 10}", top=top)
        sums.append(float(context.bus.scores()[name].astype(np.float64).sum()))
    assert sums[0] <= sums[1] + 1e-4


@pytest.mark.parametrize("name", VALUES)
def test_a_weight_below_zero_asks_for_the_opposite(films: Catalog, name: str) -> None:
    context = context_for(films, taken=range(16), shown=range(0, 32, 2))
    order = ranked(context, "fit=0", f"{name}=1")
    values = aspect(name, np.asarray(order, dtype=np.int32), context)
    assert np.all(np.diff(values) <= 1e-6)
    values = aspect(name, np.asarray(ranked(context, "fit=0", f"{name}=-1"), np.int32), context)
    assert np.all(np.diff(values) >= -1e-6)


def test_novelty_is_counted_in_bits(films: Catalog) -> None:
    taken = [0, 1, 3, films.n_users]
    context = context_for(films, taken=taken)
    novelty = aspect("novelty", np.arange(4, dtype=np.int32), context)
    expected = [-np.log2((count + 1) / (films.n_users + 1)) for count in taken]
    assert novelty == pytest.approx(expected, abs=1e-5) and novelty[3] == 0


def test_in_the_long_tail_nobody_is_more_popular(films: Catalog) -> None:
    # 100 takes: items 0 to 3 make 80 of them, the others are the tail
    taken = [35, 20, 15, 10, 8, 6, 4, 2]
    context = context_for(films, taken=taken)
    told = aspect("popularity", np.arange(8, dtype=np.int32), context)
    assert told == pytest.approx(np.log1p([35, 20, 15, 10, 10, 10, 10, 10]))
    context = context_for(films, fit=[0, 0, 0, 0, 0, 0, 1, 0], taken=taken)
    assert ranked(context, "popularity=-5")[0] == 6, "fit decides among the less popular"


def test_exposure_is_for_what_is_shown_less_than_it_deserves(films: Catalog) -> None:
    # 10 places in lists for 20 takes: items 0 and 1 deserve four each, item 2 two.
    context = context_for(films, taken=[8, 8, 4], shown=[8, 1, 1])
    told = aspect("exposure", np.arange(4, dtype=np.int32), context)
    assert told == pytest.approx(np.log([5 / 9, 5 / 2, 3 / 2, 1]), abs=1e-6)
    assert ranked(context, "exposure=2", "fit=0")[:2] == [1, 2]


def test_an_aspect_that_tells_nothing_is_said(films: Catalog) -> None:
    context = context_for(films, fit=range(16), taken=[3] * 16)
    assert ranked(context, "exposure=5") == list(range(15, -1, -1))
    assert [text for _, text in context.notices if "exposure" in text]
    context = context_for(films, fit=range(16))
    assert ranked(context, "diversity=1") == list(range(15, -1, -1))
    assert [text for _, text in context.notices if "diversity" in text]


def test_without_years_recency_is_the_first_time(tmp_path: Path) -> None:
    (tmp_path / "tools.csv").write_text("id,title\na,Axe\nb,Bow\nc,Chain\n", encoding="utf-8")
    ingest(tmp_path / "tools.csv", tmp_path / "catalog", name="tools")
    catalog = Catalog.open(tmp_path / "catalog")
    zeros = np.zeros(3, dtype=np.float32)
    ages = np.array([0.9, np.nan, 0.1], dtype=np.float32)
    context = context_of(catalog, Numbers(zeros, zeros, zeros, ages))
    told = aspect("recency", np.arange(3, dtype=np.int32), context)
    assert told == pytest.approx([-0.9, -0.5, -0.1]), "what is unknown counts as average"
    assert ranked(context, "recency=1") == [2, 1, 0]
    assert ranked(context, "recency=-1") == [0, 1, 2]


def test_weights_are_read() -> None:
    assert parse_weights(["Novelty=.5", " diversity = -1"]) == {"novelty": 0.5, "diversity": -1.0}
    for text in ("diversity=1.5", "recency=6", "fit=nan", "recency"):
        with pytest.raises(ToolError):
            parse_weights([text])
    with pytest.raises(ToolError) as unknown:
        parse_weights(["fame=1"])
    assert all(name in (unknown.value.hint or "") for name in ASPECTS)


# --- diversity ----------------------------------------------------------------------------------


def some_traits(seed: int, size: int, gaps: bool) -> Traits:
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(size, 4)).astype(np.float32)
    lengths = rng.integers(0 if gaps else 1, 4, size)
    indptr = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    indices = rng.integers(0, 5, int(indptr[-1])).astype(np.int32)
    words = SparseRows(indptr, indices, np.ones(len(indices), np.float32), 5)
    if gaps:
        factors[rng.random(size) < 0.3] = 0
    return Traits.of(np.arange(size, dtype=np.int32), words=words, factors=factors)


def beginnings(traits: Traits, order: Rows, length: int) -> Floats:
    return np.array([traits.diversity(order[:n]) for n in range(2, length + 1)], np.float32)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    size=st.integers(2, 40),
    length=st.integers(2, 15),
    weight=st.sampled_from([-1.0, -0.5, 0.0, 0.1, 0.25, 0.5, 0.75, 1.0]),
    gaps=st.booleans(),
)
def test_no_beginning_of_a_list_is_less_diverse_than_without_the_weight(
    seed: int, size: int, length: int, weight: float, gaps: bool
) -> None:
    traits = some_traits(seed, size, gaps)
    relevance = np.sort(np.random.default_rng(seed).random(size))[::-1]
    order = reranked(relevance, traits, weight, length)
    plain = np.arange(size, dtype=np.int32)
    length = min(length, size)
    assert sorted(order.tolist()) == plain.tolist() and order[0] == 0
    assert np.all(np.diff(order[length:]) > 0), "the rest keep their order"
    before, after = beginnings(traits, plain, length), beginnings(traits, order, length)
    if weight > 0:
        assert np.all(after >= before - 1e-4)
    elif weight < 0:
        assert np.all(after <= before + 1e-4)
    else:
        assert order.tolist() == plain.tolist()
    assert order.tolist() == reranked(relevance, traits, weight, length).tolist()


def test_diversity_takes_turns_between_kinds() -> None:
    kinds = np.array([[1, 0], [1, 0], [1, 0], [0, 1], [0, 1]], dtype=np.float32)
    traits = Traits.of(np.arange(5, dtype=np.int32), factors=kinds)
    relevance = np.array([1.0, 0.9, 0.8, 0.7, 0.6])
    assert reranked(relevance, traits, 0.0, 5).tolist() == [0, 1, 2, 3, 4]
    assert reranked(relevance, traits, 0.5, 2).tolist() == [0, 3, 1, 2, 4]
    assert reranked(relevance, traits, -0.5, 3).tolist() == [0, 1, 2, 3, 4]
    assert traits.diversity(np.array([0, 1], np.int32)) == 0
    assert traits.diversity(np.array([0, 3], np.int32)) == 1
    assert traits.diversity(np.array([0, 1, 3], np.int32)) == pytest.approx(2 / 3)


def test_words_and_factors_count_the_same_and_gaps_as_the_average() -> None:
    words = SparseRows(
        np.array([0, 1, 2, 3, 3], np.int64),
        np.array([0, 0, 1], np.int32),
        np.array([2, 1, 1], np.float32),
        2,
    )
    factors = np.array([[1, 0], [0, 1], [1, 0], [1, 0]], dtype=np.float32)
    traits = Traits.of(np.arange(4, dtype=np.int32), words=words, factors=factors)
    unlike = traits.unlike(np.arange(4, dtype=np.int32))
    assert unlike[0, 1] == pytest.approx(0.5), "the same words, other people"
    assert unlike[0, 2] == pytest.approx(0.5) and unlike[1, 2] == pytest.approx(1)
    # Of three pairs with words one is alike: an item without words is a third alike to all.
    assert unlike[0, 3] == pytest.approx(1 - 0.5 / 3 - 0.5, abs=1e-6)
    assert np.allclose(unlike, unlike.T, atol=1e-6)


def test_a_diverse_list_keeps_its_best_and_all_candidates(films: Catalog) -> None:
    factors = np.eye(4, dtype=np.float32)[np.arange(16) // 4]
    context = context_for(films, fit=range(16, 0, -1), factors=factors)
    assert ranked(context) == list(range(16))
    varied = ranked(context, "diversity=.7", top=4)
    assert varied[0] == 0 and {row // 4 for row in varied} == {0, 1, 2, 3}
    assert sorted(ranked(context, "diversity=.7")) == list(range(16))
    assert {row // 4 for row in ranked(context, "diversity=-1", top=4)} == {0}


# --- what was asked -----------------------------------------------------------------------------


@pytest.fixture
def kinds(tmp_path: Path) -> Catalog:
    """Six films: sci-fi alone, one kind of two, one of five, and others; few are tagged."""
    lines = [
        "id,title,genres,tags",
        "a,Alone,Sci-Fi,dark",
        "b,Both,Sci-Fi|Drama,dark",
        "c,Crowd,Sci-Fi|Drama|War|Comedy|Music,dark",
        "d,Drama,Drama|War,light",
        "e,Echo,Drama|War,",
        "f,Fable,Comedy|Music,",
    ]
    (tmp_path / "kinds.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    ingest(tmp_path / "kinds.csv", tmp_path / "kinds", name="kinds")
    return Catalog.open(tmp_path / "kinds")


def test_of_the_kind_asked_for_what_is_little_else_comes_first(kinds: Catalog) -> None:
    context = context_for(kinds)
    filter_candidates(context, FilterArguments(where=["genres has Sci-Fi"]))
    rank(context, RankArguments())
    assert kinds.ids(context.bus.rows().tolist()) == ["a", "b", "c"]
    context.bus.start()
    assert not asked_parts(context.bus.rows(), context), "what was asked before is over"


def test_a_wish_counts_by_degree_and_removes_nothing(kinds: Catalog) -> None:
    context = context_for(kinds)
    context.wishes = [("genres", "Sci-Fi", 1.0)]
    assert ranked(context)[:3] == [0, 1, 2] and len(context.bus) == 6
    context.wishes = [("genres", "Sci-Fi", -1.0)]
    assert ranked(context)[-1] == 0
    context.wishes = [("nothing", "x", 1.0)]
    assert ranked(context) == list(range(6))


def test_a_mood_carries_over_to_what_is_like_the_tagged_ones(kinds: Catalog) -> None:
    # Taken by the same people: the dark ones and Echo; Drama and Fable.
    factors = np.array([[1, 0], [1, 0], [1, 0], [0, 1], [1, 0.1], [0, 1]], dtype=np.float32)
    context = context_for(kinds, taken=[9] * 6, factors=factors)
    context.wishes = [("tags", "dark", 1.0)]
    order = kinds.ids(ranked(context))
    assert set(order[:3]) == {"a", "b", "c"} and order[3] == "e"
    context.wishes = [("tags", "light", 1.0)]
    assert kinds.ids(ranked(context))[0] == "d", "one item tells of no direction"


def test_what_is_like_a_refused_item_sinks(films: Catalog) -> None:
    factors = np.eye(15, dtype=np.float32)[[0, 0, *range(1, 15)]]
    context = context_for(films, fit=range(16, 0, -1), factors=factors)
    context.disliked = [0]  # without likes there is no likeness on the bus
    order = ranked(context)
    assert order[:4] == [2, 3, 4, 5] and {0, 1} <= set(order[6:])
    assert [row for row in order if row > 1] == list(range(2, 16)), "the rest stay as they were"


def test_leaning_needs_three_carriers_and_is_standardised() -> None:
    rows = np.arange(6, dtype=np.int32)
    factors = np.array([[1, 0], [1, 0], [1, 0], [0, 1], [9, 1], [0, 0]], dtype=np.float32)
    first, counts = first_of(factors), np.full(6, 90, dtype=np.float32)
    leans = leaning(first, counts, rows, rows[:3])
    assert leans.mean() == pytest.approx(0, abs=1e-6) and leans.std() == pytest.approx(1)
    assert leans[4] > leans[5] > leans[3], "length is no matter; the unknown is in the middle"
    assert not leaning(first, counts, rows, rows[:2]).any()
    assert len(leaning(first, counts, rows[:0], rows[:3])) == 0
    counts[4:] = 0
    fewer = leaning(first, counts, rows, rows[:3])
    assert fewer[4] == pytest.approx(fewer[5]), "nobody's choice tells nothing"
