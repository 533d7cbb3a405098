"""Named sets, lists and steps back, as a brain uses them: laws that always hold."""

from __future__ import annotations

import tracemalloc
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recagent_catalogs.store import Catalog
from recagent_tools.bus import CandidateBus
from recagent_tools.bus_file import bus_from_bytes, bus_to_bytes
from recagent_tools.diff import difference
from recagent_tools.models.engine import Engine
from recagent_tools.provenance import provenance
from recagent_tools.registry import load_toolbox
from recagent_tools.replay import replay
from recagent_tools.toolbox import EmptyProfile, Ran, Toolbox, ToolContext

N = 16
subsets = st.sets(st.integers(0, N - 1))
orders = st.lists(st.integers(0, N - 1), unique=True)
property_test = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def toolbox() -> Toolbox:
    return load_toolbox(plugins=False)


@pytest.fixture(scope="module")
def home(films: Catalog, films_home: Path) -> ToolContext:
    """Taken by `new` for each example; its own bus is not used."""
    engine = Engine.open(films, films_home / "data" / "models" / "films")
    return ToolContext(films, engine, CandidateBus(films.n_items, films.fingerprint))


def new(home: ToolContext, **more: Any) -> ToolContext:
    bus = CandidateBus(N, home.bus.fingerprint)
    return replace(home, bus=bus, liked=[], disliked=[], notices=[], **more)


def op(toolbox: Toolbox, context: ToolContext, name: str, /, **arguments: Any) -> Ran:
    return toolbox.run("candidates", {"op": name, **arguments}, context)


def saved(toolbox: Toolbox, context: ToolContext, **sets: Any) -> None:
    """Save sets of these rows, in their order, and begin again."""
    for name, rows in sets.items():
        context.bus.replace("test", {}, np.array(list(rows), dtype=np.int32))
        assert not op(toolbox, context, "save", name=name, all=True).error
    context.bus.start()


def made(toolbox: Toolbox, context: ToolContext, *steps: tuple[str, str]) -> list[int]:
    for name, which in steps:
        ran = op(toolbox, context, name, name=which)
        assert not ran.error, ran.result.text
    return [int(row) for row in context.bus.rows()]


# -- laws of sets --------------------------------------------------------------------------------


@property_test
@given(orders, orders)
def test_set_laws(toolbox: Toolbox, home: ToolContext, a: list[int], b: list[int]) -> None:
    context = new(home)
    saved(toolbox, context, a=a, b=b)

    def get(*steps: tuple[str, str]) -> list[int]:
        return made(toolbox, context, *steps)

    a_or_b = get(("load", "a"), ("union", "b"))
    assert a_or_b == [*a, *(row for row in b if row not in a)], "in the order of a, then of b"
    assert set(a_or_b) == set(get(("load", "b"), ("union", "a")))
    assert get(("load", "a"), ("intersect", "b")) == [row for row in a if row in b]
    assert set(get(("load", "a"), ("intersect", "b"))) == set(
        get(("load", "b"), ("intersect", "a"))
    )
    assert get(("load", "a"), ("minus", "b")) == [row for row in a if row not in b]
    for name in ("union", "intersect"):
        assert get(("load", "a"), (name, "a")) == a, "idempotent"
    assert get(("load", "a"), ("minus", "a")) == []
    assert get(("load", "a"), ("union", "b"), ("intersect", "a")) == a, "absorbed"
    assert get(("load", "a"), ("intersect", "b"), ("union", "a"))[: len(set(a) & set(b))] == [
        row for row in a if row in b
    ]
    context.bus.start()
    outside_both = get(("minus", "a"), ("minus", "b"))
    context.bus.replace("test", {}, np.array(a_or_b, dtype=np.int32))
    op(toolbox, context, "save", name="both", all=True)
    context.bus.start()
    assert get(("minus", "both")) == outside_both, "De Morgan, within the catalog"


@property_test
@given(orders, orders)
def test_a_set_by_its_name_and_by_its_list(
    toolbox: Toolbox, home: ToolContext, a: list[int], b: list[int]
) -> None:
    context = new(home)
    if not a:
        return
    context.bus.show(a)
    saved(toolbox, context, a=a)
    for name in ("load", "union", "minus", "intersect"):
        results = []
        for which in ("a", "list 1", "LIST -1"):
            context.bus.replace("test", {}, np.array(b, dtype=np.int32))
            results.append(made(toolbox, context, (name, which)))
        assert results[0] == results[1] == results[2]


# -- undo and redo -------------------------------------------------------------------------------

changes = st.lists(
    st.one_of(
        st.tuples(st.just("show"), st.integers(1, 6)),
        st.tuples(st.sampled_from(("undo", "redo", "start", "drop_shown", "among_shown"))),
        st.tuples(st.just("list"), st.integers(-1, 4)),
        st.tuples(st.just("save"), st.sampled_from("ab"), st.booleans()),
        st.tuples(
            st.sampled_from(("load", "union", "minus", "intersect")),
            st.sampled_from(("a", "b", "list 1", "list 2")),
        ),
        st.tuples(
            st.just("filter"), st.sampled_from(("genres has Drama", "year >= 2000", "year < 1990"))
        ),
        st.tuples(st.sampled_from(("popular", "rank", "draw"))),
    ),
    max_size=10,
)


def apply(toolbox: Toolbox, context: ToolContext, steps: list[tuple[Any, ...]]) -> None:
    """Do them; what is refused (no such set, nothing to undo) changes nothing."""
    for name, *rest in steps:
        if name == "show":
            rows = context.bus.rows()[: rest[0]]
            if len(rows):
                context.bus.show(rows.tolist())
                context.shown = context.bus.shown
        elif name == "filter":
            toolbox.run("filter", {"where": [rest[0]]}, context)
        elif name in ("popular", "rank", "draw"):
            toolbox.run(name, {}, context)
        elif name == "list":
            op(toolbox, context, "list", number=rest[0])
        elif name == "save":
            op(toolbox, context, "save", name=rest[0], all=rest[1])
        elif rest:
            op(toolbox, context, name, name=rest[0])
        else:
            op(toolbox, context, name)


def state(bus: CandidateBus) -> tuple[Any, ...]:
    scores = {name: column.tolist() for name, column in bus.scores().items()}
    return bus.place, bus.shown, bus.rows().tolist(), scores


SINGLE = [
    ("start",),
    ("drop_shown",),
    ("among_shown",),
    ("list", 1),
    ("load", "a"),
    ("union", "a"),
    ("minus", "a"),
    ("intersect", "list 1"),
    ("filter", "year >= 2000"),
    ("popular",),
    ("draw",),
]


@property_test
@given(changes, st.sampled_from(SINGLE))
def test_undo_takes_any_change_back_and_redo_makes_it_again(
    toolbox: Toolbox, home: ToolContext, before: list[tuple[Any, ...]], change: tuple[Any, ...]
) -> None:
    context = new(home)
    apply(toolbox, context, before)
    bus, was = context.bus, state(context.bus)
    apply(toolbox, context, [change])
    is_now = state(bus)
    if is_now == was:
        return
    assert not op(toolbox, context, "undo").error
    assert state(bus) == was
    assert not op(toolbox, context, "redo").error
    assert state(bus) == is_now


@property_test
@given(changes, changes, st.integers(1, 6))
def test_a_list_is_one_change_with_all_that_led_to_it(
    toolbox: Toolbox,
    home: ToolContext,
    before: list[tuple[Any, ...]],
    between: list[tuple[Any, ...]],
    count: int,
) -> None:
    context = new(home)
    apply(toolbox, context, [*before, ("start",), ("show", 3)])
    bus, was = context.bus, state(context.bus)
    n_lists = len(bus.lists)
    going = ("undo", "redo", "list", "show")
    apply(toolbox, context, [step for step in between if step[0] not in going])
    if not len(bus):
        return
    shown = bus.show(bus.rows()[:count].tolist())
    is_now = state(bus)
    assert shown.number in (n_lists, n_lists + 1), "numbers grow by one, or the list stands already"
    if is_now != was:
        assert bus.undo() is not None and state(bus) == was
        assert bus.redo() is not None and state(bus) == is_now
    assert [one.number for one in bus.lists] == list(range(1, len(bus.lists) + 1))


@property_test
@given(changes)
def test_settling_ends_where_the_list_stands(
    toolbox: Toolbox, home: ToolContext, steps: list[tuple[Any, ...]]
) -> None:
    context = new(home)
    apply(toolbox, context, steps)
    bus = context.bus
    bus.settle()
    stands = bus.standing
    assert bus.cursor == (bus.lists[stands - 1].stage if stands else 0) or not bus.done


# -- provenance, bytes, replay -------------------------------------------------------------------


@property_test
@given(changes)
def test_every_item_is_a_candidate_or_was_dropped_by_a_stage(
    toolbox: Toolbox, home: ToolContext, steps: list[tuple[Any, ...]]
) -> None:
    context = new(home)
    apply(toolbox, context, steps)
    back = bus_from_bytes(bus_to_bytes(context.bus))
    for bus in (context.bus, back):
        path = provenance(bus.stages, bus.cursor)
        numbers = [stage.number for stage in path]
        for row in range(N):
            dropper = bus.dropped_by(row)
            assert (dropper is None) == (row in bus.candidates)
            if dropper is not None:
                place = numbers.index(dropper.number)
                assert row not in dropper.set and row in path[place - 1].set


@property_test
@given(changes)
def test_a_bus_comes_back_from_bytes_whole(
    toolbox: Toolbox, home: ToolContext, steps: list[tuple[Any, ...]]
) -> None:
    context = new(home)
    apply(toolbox, context, steps)
    bus = context.bus
    back = bus_from_bytes(bus_to_bytes(bus), N)
    assert state(back) == state(bus) and back.lists == bus.lists
    assert (back.done, back.undone, back.saved) == (bus.done, bus.undone, bus.saved)
    assert back.funnel() == bus.funnel()
    for was, now in zip(bus.stages, back.stages, strict=True):
        assert (was.tool, dict(was.arguments), was.note) == (now.tool, now.arguments, now.note)
        assert was.rows().tolist() == now.rows().tolist() and was.parent == now.parent
        assert list(was.scores) == list(now.scores)


@property_test
@given(changes)
def test_stages_of_which_only_the_recipes_are_left_are_made_again_as_they_were(
    toolbox: Toolbox, home: ToolContext, steps: list[tuple[Any, ...]]
) -> None:
    context = new(home, profile=EmptyProfile(liked=(4,), disliked=(8,), seen=(4, 8, 15)))
    apply(toolbox, context, steps)
    bus = context.bus
    stages = list(bus.stages)
    for number in range(len(stages) - 1, -1, -1):
        if stages[number].tool == "test":
            continue
        lean = [replace(s, candidates=None, order=None, scores={}) for s in stages]
        bus.stages[:] = lean
        # What is known of the person has changed since; the stages were made with what was known.
        later = replace(new(home, profile=EmptyProfile(liked=(1, 2))), bus=bus)
        bus.remake = lambda n, later=later: replay(bus, toolbox, later, n)
        assert replay(bus, toolbox, later, number)
        again, was = bus.stages[number], stages[number]
        assert again.rows().tolist() == was.rows().tolist()
        assert {k: v.tolist() for k, v in again.scores.items()} == {
            k: v.tolist() for k, v in was.scores.items()
        }
        assert (again.order is None) == (was.order is None)


def lean(bus: CandidateBus) -> None:
    """Leave only the recipes of all stages but the first."""
    bus.stages[1:] = [replace(s, candidates=None, order=None, scores={}) for s in bus.stages[1:]]


def test_what_was_drawn_at_random_is_made_again_as_it_was(
    toolbox: Toolbox, home: ToolContext
) -> None:
    context = new(home, rng=np.random.default_rng(7))
    toolbox.run("rank", {}, context)
    toolbox.run("draw", {"count": 3}, context)
    bus, was = context.bus, state(context.bus)
    back = bus_from_bytes(bus_to_bytes(bus))
    for each in (bus, back):
        lean(each)
        assert replay(each, toolbox, new(home))
        assert state(each) == was


def test_a_ranking_is_made_again_with_the_conditions_before_it(
    toolbox: Toolbox, home: ToolContext
) -> None:
    context = new(home)
    toolbox.run("filter", {"where": ["genres has Drama"]}, context)
    toolbox.run("filter", {"where": ["year >= 1950"]}, context)
    toolbox.run("rank", {}, context)
    bus, was = context.bus, state(context.bus)
    lean(bus)
    assert replay(bus, toolbox, replace(new(home), bus=bus))
    assert state(bus) == was


def test_other_models_make_no_other_candidates(toolbox: Toolbox, home: ToolContext) -> None:
    context = new(home)
    toolbox.run("filter", {"where": ["year >= 1990"]}, context)
    toolbox.run("rank", {}, context)
    bus = context.bus
    other = copy(home.engine)
    other.manifest = {**(home.engine.manifest or {}), "build": "another"}
    later = replace(new(home), engine=other, bus=bus)
    lean(bus)
    assert not replay(bus, toolbox, later)
    assert bus.now.candidates is None, "models of today know nothing of the list of then"
    assert bus.stages[1].candidates is not None, "conditions mean the same to all models"
    assert replay(bus, toolbox, replace(new(home), bus=bus))


def test_a_long_chain_of_sets_is_made_again(toolbox: Toolbox, home: ToolContext) -> None:
    bus = CandidateBus(N)
    for number in range(2_000):
        bus.combine("load", {"op": "load"}, stage=number)
        bus.stages[-1] = replace(bus.now, parent=0)
    lean(bus)
    bus.remake = lambda number: replay(bus, toolbox, replace(new(home), bus=bus), number)
    assert len(bus.rows()) == N
    bus.stages[0] = replace(bus.stages[0], tool="test", candidates=None)
    lean(bus)
    assert not bus.remake(bus.cursor)


def test_a_turn_without_a_list_leaves_redo(toolbox: Toolbox, home: ToolContext) -> None:
    context = new(home)
    apply(toolbox, context, [("show", 2), ("filter", "year >= 2000"), ("show", 3), ("undo",)])
    bus, was = context.bus, state(context.bus)
    apply(toolbox, context, [("start",), ("filter", "year < 1990")])
    bus.settle()
    assert state(bus) == was
    assert bus.redo() is not None and bus.standing == 2
    assert bus.undo() is not None
    apply(toolbox, context, [("filter", "year < 1990"), ("show", 1)])
    assert bus.redo() is None, "what was shown since stands in its place"


def test_seeds_and_what_was_seen_leave_by_stages_that_can_be_made_again(
    toolbox: Toolbox, home: ToolContext
) -> None:
    context = new(home, profile=EmptyProfile(seen=(9,)))
    toolbox.run("similar", {"liked": ["f03"]}, context)
    toolbox.run("rank", {"top": 5}, context)
    bus = context.bus
    notes = {row: stage.note for row in range(N) if (stage := bus.dropped_by(row))}
    assert notes[2].startswith("without ") and notes[9] == "not seen yet"
    assert sum(note.startswith("ranked by likeness") for note in notes.values()) == N - 2 - 5
    whole = list(bus.stages)
    bus.stages[1:] = [replace(s, candidates=None, order=None, scores={}) for s in whole[1:]]
    assert replay(bus, toolbox, new(home))
    assert [s.rows().tolist() for s in bus.stages] == [s.rows().tolist() for s in whole]


@pytest.mark.parametrize("known", ["", "{", "[]", "{}", '{"profile": 1}', "[" * 100_000, "null"])
def test_what_was_known_may_be_damaged(toolbox: Toolbox, home: ToolContext, known: str) -> None:
    context = new(home)
    toolbox.run("popular", {}, context)
    bus = context.bus
    lean = replace(bus.now, candidates=None, order=None, scores={}, inputs=len(bus.inputs))
    bus.inputs.append(known)
    bus.stages[-1] = lean
    assert not replay(bus, toolbox, new(home)) and bus.now is lean


def test_a_set_keeps_its_meaning_when_its_name_is_given_anew(
    toolbox: Toolbox, home: ToolContext
) -> None:
    context = new(home)
    saved(toolbox, context, west=[9, 10])
    made(toolbox, context, ("load", "west"))
    stage = context.bus.now
    saved(toolbox, context, west=[1])
    context.bus.stages[stage.number] = replace(stage, candidates=None, order=None)
    assert context.bus.whole(stage.number).rows().tolist() == [9, 10]


# -- the tool's words ----------------------------------------------------------------------------


def test_saving_takes_the_list_shown_or_all(toolbox: Toolbox, home: ToolContext) -> None:
    context = new(home)
    toolbox.run("filter", {"where": ["genres has Drama"]}, context)
    apply(toolbox, context, [("show", 2)])
    assert op(toolbox, context, "save", name=" my  weekend ").result.data == {
        "name": "my weekend",
        "count": 2,
    }
    assert op(toolbox, context, "save", name="dramas", all=True).result.data["count"] == 5
    told = op(toolbox, context, "sets").result
    assert told.data["sets"] == {"my weekend": 2, "dramas": 5}
    assert told.data["lists"] == [{"number": 1, "count": 2}]
    assert "list 1: 2 of 16 → 5 (Drama), stands now" in told.text
    assert not op(toolbox, context, "save", name="My Weekend", all=True).error
    assert op(toolbox, context, "sets").result.data["sets"] == {"dramas": 5, "My Weekend": 5}
    assert not op(toolbox, context, "forget", name="DRAMAS").error
    assert op(toolbox, context, "load", name="dramas").error


def test_names_that_cannot_be_given(toolbox: Toolbox, home: ToolContext) -> None:
    context = new(home)
    for name in ("", "  ", "list 2", "List -1", "\x1b[31m"):
        ran = op(toolbox, context, "save", name=name)
        assert ran.error or "\x1b" not in ran.result.text
    for arguments in ({"name": "list 1"}, {"name": ""}, {"name": "west"}, {"name": "list 0"}):
        for name in ("load", "union", "minus", "intersect", "diff"):
            assert op(toolbox, context, name, **arguments).error
    assert op(toolbox, context, "list", number=1).error and op(toolbox, context, "list").error


def test_back_to_a_list_shows_its_items(toolbox: Toolbox, home: ToolContext) -> None:
    context = new(home)
    apply(toolbox, context, [("show", 2), ("filter", "genres has Drama"), ("show", 3)])
    ran = op(toolbox, context, "list", number=1)
    assert ran.result.data == {"left": 16, "list": 1, "ids": ["f01", "f02"]}
    assert context.shown == (0, 1) and "list 1 stands" in ran.result.text
    assert op(toolbox, context, "undo").result.data["list"] == 2
    assert op(toolbox, context, "redo").result.data["list"] == 1
    assert op(toolbox, context, "list", name="list -1").result.data["list"] == 2


def test_the_difference_of_two_lists(toolbox: Toolbox, home: ToolContext) -> None:
    context = new(home)
    toolbox.run("filter", {"where": ["genres has Drama"]}, context)
    context.bus.show([1, 5, 10])
    toolbox.run("filter", {"where": ["year >= 2000"]}, context)
    context.bus.show([10, 5, 12])
    ran = op(toolbox, context, "diff")
    assert ran.result.data["added"] == ["f13"] and ran.result.data["gone"] == ["f02"]
    assert ran.result.data["moved"] == [{"id": "f11", "from": 3, "to": 1}]
    assert ran.result.data["only_now"] == ["year >= 2000"] and ran.result.data["only_then"] == []
    assert "gone (1): The Glass Orchard" in ran.result.text
    assert op(toolbox, context, "diff", name="list 2").result.text == "no difference"
    context.shown = context.bus.shown
    op(toolbox, context, "save", name="late")
    named = op(toolbox, context, "diff", name="late").result
    assert named.text == "no difference", "a name changes nothing"
    everything = op(toolbox, context, "diff", name="list 1", all=True).result.data
    assert everything["counts"] == {"added": 0, "gone": 1, "moved": 0}


@given(orders, orders)
def test_a_difference_adds_up(now: list[int], then: list[int]) -> None:
    found = difference(now, then)
    assert found.added.tolist() == [row for row in now if row not in then]
    assert found.gone.tolist() == [row for row in then if row not in now]
    assert all(now[b - 1] == row == then[a - 1] for row, a, b in found.moved)
    in_both_now = [row for row in now if row in then]
    in_both_then = [row for row in then if row in now]
    changed = {a for a, b in zip(in_both_now, in_both_then, strict=True) if a != b}
    places = {row: (then.index(row), now.index(row)) for row in changed}
    assert {row for row, _, _ in found.moved} == {row for row, (a, b) in places.items() if a != b}
    assert not difference(now, then, ordered=False).moved
    assert list(found.moved.first(2)) == list(found.moved)[:2]
    assert len(found.moved) == len(list(found.moved))


def test_a_difference_of_many_makes_no_object_for_each() -> None:
    orders = [np.random.default_rng(seed).permutation(200_000).astype(np.int32) for seed in (1, 2)]
    tracemalloc.start()
    moved = difference(*orders).moved
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(moved) > 199_000 and peak < 200_000 * 120


def test_a_difference_tells_only_what_a_person_said(toolbox: Toolbox, home: ToolContext) -> None:
    context = new(home)
    toolbox.run("filter", {"where": ["genres has Drama"]}, context)
    context.bus.show([1, 5, 10])
    context.shown = context.bus.shown
    op(toolbox, context, "among_shown")
    op(toolbox, context, "drop", items=["f02"])
    toolbox.run("rank", {"top": 5, "weights": {"novelty": 0.4}}, context)
    context.bus.show([10, 5])
    told = op(toolbox, context, "diff").result.data
    assert told["only_now"] == ["without The Glass Orchard"] and told["only_then"] == []
