"""What a person's profile rules in and out: stages of their own, told, kept, and taken back."""

from __future__ import annotations

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
from recagent_tools.dropped import lost_at
from recagent_tools.evidence import Change
from recagent_tools.models.engine import Engine
from recagent_tools.personal import asked_values, left_out_text, rows_with
from recagent_tools.replay import replay
from recagent_tools.retrieve import profile_history
from recagent_tools.toolbox import EmptyProfile, Toolbox, ToolContext
from recagent_tools.why_not import lines_of, why_not

from .why_not_lists import Lists, ids, run

HORROR = ("genres", "Horror")


def horrors(catalog: Catalog) -> set[int]:
    return {int(row) for row in rows_with(catalog, *HORROR)}


@pytest.mark.parametrize("tool", ["popular", "similar", "for_user", "search", "load", "union"])
def test_never_again_holds_in_every_way_of_asking(
    toolbox: Toolbox, context: ToolContext, tool: str
) -> None:
    never, liked = ids(context, "f05", "f01")
    every: dict[str, list[tuple[str, dict[str, Any]]]] = {
        "popular": [("popular", {})],
        "similar": [("similar", {"liked": ["f05"]})],
        "for_user": [("for_user", {})],
        "search": [("search", {"text": "spirits"})],
        "load": [("candidates", {"op": "load", "name": "mine"})],
        "union": [("candidates", {"op": "union", "name": "mine"})],
    }
    context.bus.save_as("mine", [never, liked, 7])
    context.profile = EmptyProfile(
        liked=(liked,), disliked=(never,), never=(never,), seen=(never, liked)
    )
    for name, arguments in every[tool]:
        run(toolbox, context, name, **arguments)
    context.seen_too = True
    run(toolbox, context, "present", count=16)
    assert context.presented and never not in context.presented


def test_a_list_gone_back_to_leaves_out_what_is_never_wanted_since(
    toolbox: Toolbox, context: ToolContext
) -> None:
    lists = Lists(toolbox, context)
    lists.turn(("popular", {}), ("rank", {}), count=4)
    never = context.bus.shown[1]
    id = context.catalog.ids([never])[0]
    context.profile = EmptyProfile(disliked=(never,), never=(never,), never_by={("", id): 7})
    run(toolbox, context, "candidates", op="list", number=1)
    run(toolbox, context, "present")
    assert len(context.presented or ()) == 3 and never not in (context.presented or ())
    assert any("recagent profile undo 7" in text for _, text in context.notices)


def test_a_value_is_never_offered_but_where_it_is_asked_for(
    toolbox: Toolbox, context: ToolContext
) -> None:
    bad = horrors(context.catalog)
    context.profile = EmptyProfile(never_values=(HORROR,), never_by={HORROR: 3})
    for liked in ([], ["f01"]):
        run(toolbox, context, "candidates", op="start")
        if liked:
            run(toolbox, context, "similar", liked=liked)
        run(toolbox, context, "rank")
        assert not bad & {int(row) for row in context.bus.rows()}
    run(toolbox, context, "candidates", op="start")
    context.asked = asked_values(
        ["genres has Horror | Western", "genres lacks Drama"], context.catalog
    )
    assert context.asked == {HORROR, ("genres", "Western")}
    run(toolbox, context, "rank")
    assert bad <= {int(row) for row in context.bus.rows()}
    assert [text for _, text in context.notices] == [
        "you never want Horror, but you asked for it here; to end it: recagent profile undo 3"
    ]


def test_only_the_watchlist(toolbox: Toolbox, context: ToolContext) -> None:
    context.only_wanted = True
    ran = toolbox.run("rank", {}, context)
    assert ran.error and "your watchlist is empty" in ran.result.text and "say " in ran.result.text
    context.profile = EmptyProfile(wanted=(2, 5, 9), seen=(5,))
    run(toolbox, context, "personal")
    assert context.bus.rows().tolist() == [2, 9]
    assert context.bus.funnel() == "16 → 3 (on your watchlist) → 2 (not seen yet)"


def test_what_was_shown_of_late_is_left_out_of_new_lists_only(
    toolbox: Toolbox, context: ToolContext
) -> None:
    context.profile = EmptyProfile(recent=(1, 2))
    run(toolbox, context, "rank")
    assert not {1, 2} & {int(row) for row in context.bus.rows()}
    context.bus.save_as("mine", [1, 2, 3])
    run(toolbox, context, "candidates", op="load", name="mine")
    run(toolbox, context, "rank")
    assert sorted(context.bus.rows().tolist()) == [1, 2, 3]


def test_where_all_was_seen_it_is_said(toolbox: Toolbox, context: ToolContext) -> None:
    western = rows_with(context.catalog, "genres", "Western").tolist()
    where = ["genres has Western"]
    context.profile = EmptyProfile(seen=tuple(western))
    assert left_out_text(context, where) == (
        f'You have seen all {len(western)} films that fit. Say "also what I have seen" to have '
        "those as well."
    )
    context.profile = EmptyProfile(seen=tuple(western[1:]), never=(western[0],))
    assert "1 never wanted, 1 seen" in left_out_text(context, where)
    context.profile = EmptyProfile(seen=tuple(western[1:]))
    assert not left_out_text(context, where), "something is left"
    assert not left_out_text(context, [*where, "year 1800..1801"]), "nothing is of that kind"


def test_a_named_user_of_the_data_has_no_such_rules(toolbox: Toolbox, context: ToolContext) -> None:
    context.profile = EmptyProfile(seen=tuple(range(8)), never=(9,), never_values=(HORROR,))
    context.user = 0
    run(toolbox, context, "personal")
    assert len(context.bus) == 16


def test_ratings_count_by_value(toolbox: Toolbox, context: ToolContext, films_home: Path) -> None:
    context.engine = Engine.open(context.catalog, films_home / "data" / "models" / "films")
    low, high = context.engine.rating_scale or (0.0, 0.0)
    assert high > low
    context.profile = EmptyProfile(
        liked=(1, 2, 3), disliked=(4, 5), ratings={1: high, 2: high - (high - low) / 4, 5: low}
    )
    history = profile_history(context)
    told = dict(zip(history.rows.tolist(), history.weights.tolist(), strict=True))
    assert told == {1: 1.0, 2: pytest.approx(0.7), 3: 1.0, 4: -1.0, 5: -1.0}
    context.profile = replace(context.profile, ratings={1: low})  # the later word was a like
    assert profile_history(context).weights.tolist()[0] == 1.0


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sets=st.lists(st.sets(st.integers(0, 15), max_size=4), min_size=4, max_size=4),
    value=st.booleans(),
    only=st.booleans(),
    too=st.booleans(),
    picked=st.integers(0, 15),
)
def test_the_rules_hold_survive_the_file_and_are_told(
    toolbox: Toolbox,
    films: Catalog,
    sets: list[set[int]],
    value: bool,
    only: bool,
    too: bool,
    picked: int,
) -> None:
    never, seen, recent, wanted = (tuple(sorted(rows)) for rows in sets)
    profile = EmptyProfile(
        disliked=never,
        never=never,
        seen=tuple(sorted({*never, *seen})),
        recent=recent,
        wanted=wanted,
        never_values=(HORROR,) if value else (),
    )
    bus = CandidateBus(films.n_items, films.fingerprint)
    context = ToolContext(films, Engine(films), bus, profile=profile)
    context.seen_too, context.only_wanted = too, only and bool(wanted)
    lists = Lists(toolbox, context)
    lists.turn(("personal", {}), ("popular", {}), ("rank", {}), count=2)
    out = {*never, *recent, *(() if too else seen), *(horrors(films) if value else ())}
    left = ({*wanted} if context.only_wanted else {*range(16)}) - out
    if not left:
        assert not bus.lists
        return
    assert {int(row) for row in bus.rows()} == left
    kept = bus_from_bytes(bus_to_bytes(bus))
    kept.stages = [replace(s, candidates=None, order=None, scores={}) for s in kept.stages]
    nobody = ToolContext(films, Engine(films), kept)
    assert replay(kept, toolbox, nobody), "whoever is there now, the stages are made again"
    assert [s.after for s in kept.stages] == [s.after for s in bus.stages]
    assert np.array_equal(kept.rows(), bus.rows())
    then = lists.at(1)
    answer = why_not(picked, then)
    assert (answer.kind in ("shown", "ranked")) == (picked in left)
    expected = {
        "unwanted": context.only_wanted and picked not in wanted,
        "never": picked in never,
        "never_value": value and picked in horrors(films),
        "seen": picked in seen and not too,
        "recent": picked in recent,
    }
    if answer.kind in expected:
        assert expected[answer.kind] and lines_of(answer, then)
        (way,) = answer.ways
        assert {change.kind for change in way.changes} == {"unsee"}
        assert (
            Change("unsee", "never_value", "Horror") in way.changes or not (expected["never_value"])
        )
        assert len(set(way.changes)) == len(way.changes)
    else:
        assert picked in left
    assert lost_at(picked, then).kind == answer.kind
