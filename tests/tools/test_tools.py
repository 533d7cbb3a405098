"""The tools on a small catalog: what they do to the bus, and what they tell a brain."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import Field

from recagent_catalogs.errors import ToolError, UsageError
from recagent_catalogs.sandbox import Sandbox
from recagent_catalogs.store import Catalog
from recagent_tools.bus import CandidateBus
from recagent_tools.models.engine import Engine
from recagent_tools.rank import parse_weights
from recagent_tools.registry import load_toolbox
from recagent_tools.replay import replay
from recagent_tools.toolbox import (
    MAX_OBSERVATION_CHARS,
    Arguments,
    EmptyProfile,
    Ran,
    Tool,
    Toolbox,
    ToolContext,
    ToolResult,
)


@pytest.fixture
def context(films: Catalog, films_home: Path) -> ToolContext:
    engine = Engine.open(films, films_home / "data" / "models" / "films")
    assert engine.trained
    return ToolContext(films, engine, CandidateBus(films.n_items, films.fingerprint))


@pytest.fixture(scope="module")
def toolbox() -> Toolbox:
    return load_toolbox()


def ids(context: ToolContext) -> list[str]:
    return context.catalog.ids([int(row) for row in context.bus.rows()])


def run(toolbox: Toolbox, context: ToolContext, tool: str, /, **arguments: Any) -> Ran:
    return toolbox.run(tool, arguments, context)


def test_filter_makes_a_stage_for_each_condition(toolbox: Toolbox, context: ToolContext) -> None:
    ran = run(toolbox, context, "filter", where=["genres has Sci-Fi", "genres lacks Horror"])
    assert (ran.before, ran.after, ran.error) == (16, 3, False)
    assert context.bus.funnel() == "16 → 4 (Sci-Fi) → 3 (not Horror)"
    assert context.bus.dropped_by(2) is context.bus.stages[-1]


def test_an_empty_filter_says_what_each_condition_costs(
    toolbox: Toolbox, context: ToolContext
) -> None:
    ran = run(toolbox, context, "filter", where=["genres has Western", "year 1990..1999"])
    assert ran.after == 0 and not ran.error
    assert ran.result.data["alone"] == [2, 4] and ran.result.data["without"] == [4, 2]
    assert "nothing is left" in ran.result.text and "without it" in ran.result.text


def test_an_empty_filter_names_the_smallest_changes(toolbox: Toolbox, context: ToolContext) -> None:
    ran = run(toolbox, context, "filter", where=["genres has Western", "year 1990..1999"])
    first = ran.result.data["relaxations"][0]
    (change,) = first["changes"]
    assert change["condition"] == "genres has Western" and first["left"] > 0
    assert f"{change['becomes']} instead of genres has Western" in ran.result.text
    assert len(ran.result.text.splitlines()) <= 6
    way = context.relaxations[0]
    run(toolbox, context, "candidates", op="start")
    again = run(toolbox, context, "filter", where=list(way.conditions))
    assert (again.after, context.relaxed) == (way.left, way)


def test_a_filter_that_leaves_too_few_says_what_gives_more(
    toolbox: Toolbox, context: ToolContext
) -> None:
    few = run(toolbox, context, "filter", where=["genres has Sci-Fi", "genres lacks Horror"])
    assert "smallest" not in few.result.text and "relaxations" not in few.result.data
    run(toolbox, context, "candidates", op="start")
    where = ["genres has Sci-Fi", "genres lacks Horror"]
    ran = run(toolbox, context, "filter", where=where, enough=4)
    assert ran.after == 3 and "smallest change" in ran.result.text
    assert all(way["left"] >= 4 for way in ran.result.data["relaxations"])
    run(toolbox, context, "candidates", op="start")
    run(toolbox, context, "filter", where=["genres has Drama"])
    assert context.relaxations == [] and context.relaxed is None


def test_conditions_of_every_kind_are_told_shortly(toolbox: Toolbox, context: ToolContext) -> None:
    where = [f"year != {year}" for year in range(1990, 2001)] + ["runtime <= 1"]
    ran = run(toolbox, context, "filter", where=where)
    assert ran.after == 0 and len(ran.result.text.splitlines()) <= 6
    assert len(ran.result.data["alone"]) == 12


def test_a_wrong_condition_is_told_to_the_brain(toolbox: Toolbox, context: ToolContext) -> None:
    ran = run(toolbox, context, "filter", where=["genre has Westren"])
    assert ran.error and "Western" in ran.result.text and len(context.bus.stages) == 1


def test_similar_drops_the_seed_and_scores_the_rest(toolbox: Toolbox, context: ToolContext) -> None:
    ran = run(toolbox, context, "similar", liked=["Orbit of Ash (1996)"])
    assert not ran.error and "f03" not in ids(context) and len(context.bus) == 15
    assert {"als", "cooccurrence", "content", "likeness"} <= set(context.bus.scores())
    assert set(ids(context)[:4]) & {"f04", "f08", "f13", "f09"}
    assert context.liked == [2]


def test_rank_orders_by_fit_and_weights(toolbox: Toolbox, context: ToolContext) -> None:
    run(toolbox, context, "rank", by="recency")
    years = context.catalog.numbers("year")[context.bus.rows()]
    assert years[0] == 2022 and years[-1] == 1978
    context.bus.start()
    ran = run(toolbox, context, "rank", weights=["popularity=5"], top=3)
    assert ran.after == 3 and "score" in context.bus.scores()
    scores = context.bus.scores()["score"]
    assert np.all(scores[:-1] >= scores[1:])


def test_the_weight_of_an_aspect_never_lowers_its_sum(
    toolbox: Toolbox, context: ToolContext
) -> None:
    sums = []
    for weight in (-2.0, 0.0, 0.5, 1.0, 3.0):
        context.bus.start()
        run(toolbox, context, "rank", weights=[f"popularity={weight}"], top=5)
        sums.append(float(context.bus.scores()["popularity"].sum()))
    assert sums == sorted(sums)


def test_wishes_move_the_ranking(toolbox: Toolbox, context: ToolContext) -> None:
    context.wishes = [("tags", "food", 3.0)]
    run(toolbox, context, "rank")
    assert ids(context)[0] == "f15"


def test_seen_items_leave_the_ranking(toolbox: Toolbox, context: ToolContext) -> None:
    context.profile = EmptyProfile(seen=(9, 10))
    run(toolbox, context, "filter", where=["genres has Western"])
    run(toolbox, context, "rank")
    assert ids(context) == ["f10", "f11"], "nothing else is left"
    context.bus.start()
    run(toolbox, context, "rank")
    assert not {"f10", "f11"} & set(ids(context))


@pytest.mark.parametrize("text", ["fame=1", "novelty=much", "novelty=9", "novelty"])
def test_wrong_weights_are_told(text: str) -> None:
    with pytest.raises(ToolError):
        parse_weights([text])


def test_search_keeps_what_matches(toolbox: Toolbox, context: ToolContext) -> None:
    ran = run(toolbox, context, "search", text="spirits")
    assert set(ids(context)) == {"f05", "f15"} and ran.result.data == {"found": 2}
    ran = run(toolbox, context, "search", text="zzz")
    assert len(context.bus) == 2 and "unchanged" in ran.result.text


def test_popular_and_for_user(toolbox: Toolbox, context: ToolContext) -> None:
    run(toolbox, context, "popular")
    taken = context.catalog.popularity[context.bus.rows()]
    assert list(taken) == sorted(taken, reverse=True)
    assert run(toolbox, context, "for_user").error
    context.bus.start()
    context.user = 0
    history = context.engine.user_history(0).rows
    assert not run(toolbox, context, "for_user").error
    assert not set(history.tolist()) & set(context.bus.rows().tolist())


def test_sets_can_be_named_and_joined(toolbox: Toolbox, context: ToolContext) -> None:
    run(toolbox, context, "filter", where=["genres has Western"])
    run(toolbox, context, "candidates", op="save", name="west")
    run(toolbox, context, "candidates", op="start")
    run(toolbox, context, "filter", where=["genres has Drama"])
    run(toolbox, context, "candidates", op="minus", name="west")
    assert "f11" not in ids(context)
    run(toolbox, context, "candidates", op="undo")
    run(toolbox, context, "candidates", op="intersect", name="west")
    assert ids(context) == ["f11"]
    run(toolbox, context, "candidates", op="union", name="west")
    assert set(ids(context)) == {"f10", "f11"}
    assert run(toolbox, context, "candidates", op="load", name="east").error


def test_among_shown_and_drop_shown(toolbox: Toolbox, context: ToolContext) -> None:
    context.shown, context.shown_before = [4, 2], [4, 2, 7]
    run(toolbox, context, "candidates", op="drop_shown")
    assert not {"f05", "f03", "f08"} & set(ids(context))
    run(toolbox, context, "candidates", op="among_shown")
    assert ids(context) == ["f05", "f03"]
    run(toolbox, context, "candidates", op="drop", items=["#1"])
    assert ids(context) == ["f03"]


def test_item_info_and_references(toolbox: Toolbox, context: ToolContext) -> None:
    context.shown = [4]
    ran = run(toolbox, context, "item_info", items=["#1", "night harbor", "f09", "Nothing At All"])
    told = [json.loads(line) for line in ran.result.text.splitlines() if line[0] == "{"]
    assert [fact["title"] for fact in told] == ["Paper Lanterns", "Night Harbour", "It"]
    assert "'Nothing At All' is not in this catalog" in ran.result.text
    assert run(toolbox, context, "item_info", items=["#2"]).error


def test_look_up_runs_in_the_sandbox(toolbox: Toolbox, context: ToolContext) -> None:
    assert "look_up" not in [tool.name for tool in toolbox.offered(context)]
    assert run(toolbox, context, "look_up", sql="SELECT 1").error
    with Sandbox(context.catalog.path / "catalog.duckdb") as sandbox:
        context.sandbox = sandbox
        ran = run(toolbox, context, "look_up", sql="SELECT count(*) AS n FROM items")
        assert ran.result.data == [{"n": 16}]
        assert run(toolbox, context, "look_up", sql="SELECT * FROM interactions").error


def test_present_takes_only_candidates(toolbox: Toolbox, context: ToolContext) -> None:
    run(toolbox, context, "filter", where=["genres has Western"])
    ran = run(toolbox, context, "present", items=["f10", "f03", "no such"], reasons=["why not"])
    assert context.presented == [9] and context.reasons == {9: "why not"}
    assert not ran.error and context.notices[0][0] == "dropped"
    assert run(toolbox, context, "present", items=["f03"]).error


def test_remember_and_ask(toolbox: Toolbox, context: ToolContext) -> None:
    run(toolbox, context, "remember", kind="liked", items=["It", "f05"])
    assert context.remembered == [("liked", 8), ("liked", 4)]
    context.may_remember = False
    assert run(toolbox, context, "remember", kind="liked", items=["It"]).error
    run(toolbox, context, "ask_person", question="Old or new?", options=["old", "new"])
    assert context.question == ("Old or new?", ("old", "new"))


def test_remember_takes_values_and_only_what_was_said(
    toolbox: Toolbox, context: ToolContext
) -> None:
    run(toolbox, context, "remember", kind="liked", items=["genres=western", "It"])
    assert context.stated == [("liked", "genres", "Western")]
    assert context.remembered == [("liked", 8)]
    assert run(toolbox, context, "remember", kind="seen", items=["genres=Western"]).error
    assert run(toolbox, context, "remember", kind="liked", items=["genres=Nonsense"]).error
    assert run(toolbox, context, "remember", kind="liked", items=["year=1999"]).error
    context.sayable, context.sayable_values = {}, {("genres", "Horror"): frozenset(("never",))}
    for kind, value in (("liked", "Western"), ("disliked", "Horror"), ("never", "Western")):
        assert run(toolbox, context, "remember", kind=kind, items=[f"genres={value}"]).error
    assert not run(toolbox, context, "remember", kind="never", items=["genres=Horror"]).error
    assert context.stated[1:] == [("never", "genres", "Horror")]


def test_wrong_arguments_are_told(toolbox: Toolbox, context: ToolContext) -> None:
    wrong: list[dict[str, Any]] = [{}, {"where": "x"}, {"where": [], "why": 1}, {"where": []}]
    for arguments in wrong:
        ran = toolbox.run("filter", arguments, context)
        assert ran.error and ran.result.text.startswith("error: filter")


class Shout(Arguments):
    text: str = Field(description="What to shout.")


def shout(context: ToolContext, arguments: Shout) -> ToolResult:
    return ToolResult(arguments.text.upper() * 3000)


def test_a_plug_in_comes_in_by_the_same_door(context: ToolContext) -> None:
    toolbox = load_toolbox(plugins=False)
    tool = Tool("shout", "information", "Shouts.", Shout, shout)
    toolbox.add(tool)
    ran = toolbox.run("shout", {"text": "hey"}, context)
    assert len(ran.result.text) <= MAX_OBSERVATION_CHARS and ran.result.text.startswith("HEYHEY")
    assert tool.schema()["properties"]["text"]["type"] == "string"
    with pytest.raises(UsageError, match="two tools"):
        toolbox.add(tool)
    with pytest.raises(UsageError, match="group"):
        toolbox.add(Tool("other", "nonsense", "", Shout, shout))


def test_a_stage_that_kept_its_recipe_is_made_again(toolbox: Toolbox, context: ToolContext) -> None:
    run(toolbox, context, "filter", where=["genres has Sci-Fi", "genres lacks Horror"])
    run(toolbox, context, "similar", liked=["f03"])
    run(toolbox, context, "rank")
    wanted, bus = ids(context), context.bus
    for number in range(2, len(bus.stages)):
        recipe = replace(bus.stages[number], candidates=None, order=None, scores={})
        bus.stages[number] = recipe
    assert replay(bus, toolbox, context)
    assert ids(context) == wanted
