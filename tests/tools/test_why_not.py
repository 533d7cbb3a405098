"""Why an item is not in a list: known answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from recagent_catalogs.ingest import ingest
from recagent_catalogs.store import Catalog
from recagent_tools.bus import CandidateBus
from recagent_tools.conditions import evaluate, parse_condition
from recagent_tools.dropped import lost_at
from recagent_tools.evidence import Change, WayIn
from recagent_tools.models.engine import Engine
from recagent_tools.replay import replay
from recagent_tools.toolbox import EmptyProfile, Toolbox, ToolContext
from recagent_tools.why import evidence_of
from recagent_tools.why_not import lines_of, none_text, why_none, why_not

from .why_not_lists import Lists, ids, run


def test_all_conditions_that_it_fails_with_what_it_has(
    toolbox: Toolbox, context: ToolContext
) -> None:
    lists = Lists(toolbox, context)
    where = ["genres lacks Horror", "runtime <= 115", "year 1990..1999"]
    lists.turn(("filter", {"where": where}), ("popular", {}), ("rank", {}))
    (ash,) = ids(context, "f03")
    answer = why_not(ash, lists.at(1))
    assert answer.kind == "condition" and answer.met == ("year 1990..1999",)
    assert [(f.text, f.value) for f in answer.failed] == [
        ("genres lacks Horror", "Horror, Sci-Fi"),
        ("runtime <= 115", "117 min"),
    ]
    widened, dropped = answer.ways
    assert widened.changes == (
        Change("drop", "genres lacks Horror"),
        Change("widen", "runtime <= 115", "runtime <= 117"),
    )
    assert [change.kind for change in dropped.changes] == ["drop", "drop"]
    assert lines_of(answer, lists.at(1))[0] == (
        "Orbit of Ash (1996) is left out: it is Horror; its runtime is 117 min, not ≤ 115 min."
    )


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("genres has Drama | Western", "it is not Drama or Western but Sci-Fi, Horror"),
        ("year 1970..1979", "it is from 1996, not 1970-1979"),
        ("year != 1996", "it is from 1996"),
        ("audience <= teen", "its audience is adult, not up to teen"),
        ('title ~ "heist"', 'its title has no "heist"'),
        ('title !~ "orbit"', 'its title has "orbit"'),
        ("directors has Nora Vance", "Nora Vance is not among its directors (Bo Lindqvist)"),
        ("directors lacks Bo Lindqvist", "Bo Lindqvist is among its directors"),
    ],
)
def test_a_failed_condition_in_words(
    toolbox: Toolbox, context: ToolContext, condition: str, said: str
) -> None:
    (ash,) = ids(context, "f03")
    run(toolbox, context, "filter", where=[condition])
    assert context.bus.show([int(row) for row in context.bus.rows()[:1]]).rows != (ash,)
    answer = lost_at(ash, context)
    assert lines_of(answer, context)[0] == f"Orbit of Ash (1996) is left out: {said}."
    assert [failed.text for failed in answer.failed] == [
        str(parse_condition(condition, context.catalog))
    ]


def test_an_unknown_value_is_said_to_be_unknown(toolbox: Toolbox, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("id,title,year,genres,runtime\na,Ay,2000,Drama,90\nb,Bee,,Drama,\n")
    ingest(table, tmp_path / "t", name="t")
    catalog = Catalog.open(tmp_path / "t")
    bus = CandidateBus(catalog.n_items, catalog.fingerprint)
    context = ToolContext(catalog, Engine(catalog), bus)
    lists = Lists(toolbox, context)
    lists.turn(("filter", {"where": ["year >= 1990"]}), ("popular", {}), ("rank", {}))
    answer = why_not(1, lists.at(1))
    assert answer.failed[0].value == ""
    assert "its year is not known" in lines_of(answer, lists.at(1))[0]
    (way,) = answer.ways
    assert way.changes == (Change("drop", "year >= 1990"),) and way.left == 2


def test_named_shown_seen_disliked_never(toolbox: Toolbox, context: ToolContext) -> None:
    seen, hated, never = ids(context, "f01", "f02", "f05")

    @dataclass(frozen=True)
    class Known(EmptyProfile):
        never: Sequence[int] = ()

    context.profile = Known(seen=(seen, hated, never), disliked=(hated, never), never=(never,))
    lists = Lists(toolbox, context)
    lists.turn(("popular", {}), ("rank", {}))
    first = lists.context.bus.shown[0]
    lists.turn(
        ("candidates", {"op": "start"}),
        ("candidates", {"op": "drop_shown"}),
        ("similar", {"liked": ["f03"], "unlike": ["f10"]}),
        ("rank", {}),
    )
    then, (seed, unlike) = lists.at(2), ids(context, "f03", "f10")
    kinds = {row: lost_at(row, then).kind for row in range(context.catalog.n_items)}
    assert (kinds[seen], kinds[hated], kinds[never]) == ("seen", "disliked", "never")
    assert kinds[first] in ("shown_before", "named") and kinds[lists.at(1).bus.shown[0]]
    assert kinds[seed] in ("named", "shown_before") and kinds[unlike] == "disliked"
    for row in (seen, hated, never):
        (way,) = why_not(row, then).ways
        assert way.changes == (Change("unsee", kinds[row]),) and way.place is not None


def test_a_seed_is_named_even_where_it_meets_no_condition(
    toolbox: Toolbox, context: ToolContext
) -> None:
    lists = Lists(toolbox, context)
    lists.turn(
        ("filter", {"where": ["genres lacks Horror"]}),
        ("similar", {"liked": ["f03"]}),
        ("rank", {}),
    )
    answer = why_not(ids(context, "f03")[0], lists.at(1))
    assert answer.kind == "named" and [f.text for f in answer.failed] == ["genres lacks Horror"]


def test_a_ranked_item_lost_by_parts_that_sum_to_the_difference(
    toolbox: Toolbox, context: ToolContext
) -> None:
    lists = Lists(toolbox, context)
    weights = {"weights": ["novelty=1", "recency=.5"]}
    lists.turn(("similar", {"liked": ["f03"]}), ("rank", weights))
    then = lists.at(1)
    rows, scores = then.bus.rows(), then.bus.scores()["score"]
    answer = why_not(int(rows[5]), then)
    assert (answer.kind, answer.place, answer.last) == ("ranked", 6, int(rows[2]))
    assert sum(part.share for part in answer.lost) == pytest.approx(
        float(scores[5] - scores[2]), abs=1e-5
    )
    assert list(answer.lost) == sorted(answer.lost, key=lambda part: part.share)
    assert answer.ways[0] == WayIn((Change("more", "3", "6"),), len(then.bus), 6)


def test_an_order_by_numbers_is_told_by_the_number(toolbox: Toolbox, context: ToolContext) -> None:
    run(toolbox, context, "filter", where=["year >= 1900"])
    runtimes = context.catalog.numbers("runtime")
    shortest = np.argsort(runtimes, kind="stable")[:3]
    context.bus.show([int(row) for row in shortest])
    then = replace(context, bus=context.bus.at_list(1), order=("runtime", -5.0))
    longest = int(np.nanargmax(runtimes))
    answer = lost_at(longest, then)
    assert answer.order == "runtime" and answer.place is not None
    assert answer.place == 1 + int((runtimes < runtimes[longest]).sum())
    assert "by runtime" in lines_of(answer, then)[0]


def test_naming_is_no_reason_where_no_step_leaves_out_what_is_named(
    toolbox: Toolbox, context: ToolContext
) -> None:
    (ash,) = ids(context, "f03")
    context.liked = [ash]
    run(toolbox, context, "filter", where=["genres lacks Horror"])
    run(toolbox, context, "rank")
    context.bus.show([int(row) for row in context.bus.rows()[:3]])
    assert lost_at(ash, context).kind == "condition"


def of_the_first_list_only_recipes(
    toolbox: Toolbox, context: ToolContext
) -> tuple[ToolContext, list[str]]:
    """A bus whose first list's stages kept only their recipes, and the kinds of before."""
    lists = Lists(toolbox, context)
    where = ["genres lacks Horror"]
    lists.turn(("filter", {"where": where}), ("popular", {}), ("rank", {"top": 6}))
    then = lists.at(1)
    kinds = [lost_at(row, then).kind for row in range(context.catalog.n_items)]
    bus = context.bus
    for stage in bus.path()[1:]:
        bus.stages[stage.number] = replace(stage, candidates=None, order=None, scores={})
    lists.turn(("candidates", {"op": "start"}), ("popular", {}), ("rank", {}))
    bus.remake = None
    return lists.at(1), [str(kind) for kind in kinds]


def test_why_not_makes_a_past_list_again(toolbox: Toolbox, context: ToolContext) -> None:
    then, kinds = of_the_first_list_only_recipes(toolbox, context)
    context.bus.remake = lambda number: replay(context.bus, toolbox, context, number)
    assert [lost_at(row, then).kind for row in range(context.catalog.n_items)] == kinds
    assert evidence_of(then.bus.shown[0], then).parts


def test_what_cannot_be_made_again_is_not_guessed(toolbox: Toolbox, context: ToolContext) -> None:
    then, kinds = of_the_first_list_only_recipes(toolbox, context)
    for row, kind in enumerate(kinds):
        told = why_not(row, then)
        assert told.kind == (kind if kind in ("shown", "condition") else "forgotten")
        assert lines_of(told, then) and (told.kind != "forgotten" or not told.ways)
    assert not evidence_of(then.bus.shown[0], then).parts


def test_why_not_outlives_the_oldest_steps(toolbox: Toolbox, context: ToolContext) -> None:
    lists = Lists(toolbox, context)
    lists.turn(("filter", {"where": ["genres lacks Horror"]}), ("popular", {}), ("rank", {}))
    bus = context.bus
    for number in (0, 1):
        bus.stages[number] = replace(bus.stages[number], tool="forgotten", candidates=None)
    bus.stages[2] = replace(bus.stages[2], parent=None)
    (ash,) = ids(context, "f03")
    assert why_not(ash, lists.at(1)).kind == "forgotten"


def test_a_set_that_was_loaded_has_its_own_history(toolbox: Toolbox, context: ToolContext) -> None:
    lists = Lists(toolbox, context)
    lists.turn(("filter", {"where": ["genres lacks Horror"]}), ("rank", {"weights": ["novelty=2"]}))
    run(toolbox, context, "candidates", op="save", name="mine", all=True)
    scores = dict(zip(context.bus.rows().tolist(), context.bus.scores()["score"], strict=True))
    lists.turn(
        ("candidates", {"op": "start"}),
        ("filter", {"where": ["year >= 2000"]}),
        ("rank", {"weights": ["recency=2"]}),
    )
    lists.turn(("candidates", {"op": "load", "name": "mine"}))
    then = lists.at(3)
    for row in then.bus.shown:
        told = evidence_of(row, then)
        assert told.score == pytest.approx(float(scores[row]), abs=2e-3)
        assert told.candidates == len(scores) and not told.recomputed
        assert told.conditions == ("genres lacks Horror",)
    for row in range(context.catalog.n_items):
        answer = lost_at(row, then)
        assert not any("year" in failed.text for failed in answer.failed)
        assert (answer.kind == "condition") == (row not in scores)
    (ash,) = ids(context, "f03")
    ways = why_not(ash, then).ways
    assert ways[0].changes == (Change("drop", "genres lacks Horror"),)
    run(toolbox, context, "candidates", op="load", name="list 1")
    context.bus.show(context.bus.shown[:2])
    listed = replace(context, bus=context.bus.at_list(4))
    assert lost_at(ash, listed).kind == "set" and not evidence_of(listed.bus.shown[0], listed).parts


def test_a_drawn_list_says_so(toolbox: Toolbox, context: ToolContext) -> None:
    lists = Lists(toolbox, context)
    lists.turn(("popular", {}), ("rank", {"top": 6}), ("draw", {"count": 3}))
    then = lists.at(1)
    kinds = [lost_at(row, then).kind for row in range(context.catalog.n_items)]
    assert kinds.count("shown") == 3 and kinds.count("drawn") == 3 and kinds.count("cut") == 10
    cut = why_not(kinds.index("cut"), then)
    assert cut.ways[0].changes == (Change("drop", "the cut at 6"),)
    assert cut.ways[0].place is not None and cut.ways[0].place > 6


def test_what_was_narrowed_after_a_draw_was_drawn_too(
    toolbox: Toolbox, context: ToolContext
) -> None:
    lists = Lists(toolbox, context)
    lists.turn(("draw", {"count": 3}), ("filter", {"where": ["genres lacks Horror"]}))
    then = lists.at(1)
    behind = int(then.bus.rows()[5])
    assert lost_at(behind, then).kind == "drawn"
    lists.turn(("popular", {}), ("rank", {}))
    then = lists.at(2)
    assert lost_at(int(then.bus.rows()[5]), then).kind == "ranked", "chance has no part in it"


@pytest.mark.parametrize("n", [90, 300])
def test_the_way_into_a_draw_is_one_that_can_be_gone(
    toolbox: Toolbox, tmp_path: Path, n: int
) -> None:
    table = tmp_path / "t.csv"
    lines = [f"i{i},Item {i},{1900 + i % 50},{'Drama' if i else 'Western'}" for i in range(n)]
    table.write_text("id,title,year,genres\n" + "\n".join(lines) + "\n")
    ingest(table, tmp_path / "t", name="t")
    catalog = Catalog.open(tmp_path / "t")
    bus = CandidateBus(n, catalog.fingerprint)
    lists = Lists(toolbox, ToolContext(catalog, Engine(catalog), bus))
    lists.turn(("draw", {"count": 5}), count=5)
    then = lists.at(1)
    rows = [row for row in range(1, n) if row not in bus.shown]
    assert 0 not in bus.shown
    (way,) = why_not(0, then).ways
    if n <= 100:
        assert way == WayIn((Change("more", "5", str(n)),), n, None)
    else:
        assert way == WayIn((Change("add", "", "genres has Western"),), 1, None)
        assert why_not(rows[0], then).ways == ()


def test_of_equal_numbers_the_place_is_that_of_the_list(
    toolbox: Toolbox, context: ToolContext
) -> None:
    catalog = context.catalog
    run(toolbox, context, "filter", where=["year >= 1900"])
    years = catalog.numbers("year")
    best = sorted(context.bus.rows().tolist(), key=lambda r: (-years[r], -catalog.popularity[r], r))
    for count in range(1, len(best)):
        context.bus.show(best[:count])
        then = replace(context, bus=context.bus.at_list(count), order=("year", 1.0))
        for place, row in enumerate(best[count:], count + 1):
            assert lost_at(row, then).place == place
    context.bus.show(best[1:3])
    then = replace(context, bus=context.bus.at_list(len(best)), order=("year", 1.0))
    assert lines_of(lost_at(best[0], then), then)[0].endswith("but others were chosen.")


def test_what_a_set_left_out(toolbox: Toolbox, context: ToolContext) -> None:
    lists = Lists(toolbox, context)
    lists.turn(("popular", {}), ("rank", {}))
    context.shown = context.bus.shown
    run(toolbox, context, "candidates", op="save", name="mine")
    lists.turn(("candidates", {"op": "among_shown"}), ("rank", {}), count=2)
    outside = int(lists.at(1).bus.rows()[7])
    assert lost_at(outside, lists.at(2)).kind == "set"
    lists.turn(("candidates", {"op": "drop", "items": ["#1"]}), ("rank", {}), count=1)
    gone = lists.at(2).bus.shown[0]
    answer = why_not(gone, lists.at(3))
    assert answer.kind == "set" and answer.ways and answer.ways[0].changes[0].kind == "drop"


def test_all_of_a_person_at_once(toolbox: Toolbox, context: ToolContext) -> None:
    lists = Lists(toolbox, context)
    lists.turn(("filter", {"where": ["year >= 1995"]}), ("popular", {}), ("rank", {}))
    then = lists.at(1)
    found = why_none("directors has Ada Quill", then)
    mask = evaluate(parse_condition("directors has Ada Quill", then.catalog), then.catalog)
    assert found.of == int(mask.sum()) and found.candidates == int(mask[then.bus.rows()].sum())
    fails = int((mask & (then.catalog.numbers("year") < 1995)).sum())
    assert dict(found.failed) == {"year >= 1995": fails}
    assert none_text(found, then)
    if found.best is not None:
        assert mask[found.best] and then.bus.rows()[(found.place or 0) - 1] == found.best


def test_the_tool_is_offered_once_a_list_was_shown(toolbox: Toolbox, context: ToolContext) -> None:
    offered = {tool.name for tool in toolbox.offered(context)}
    assert "why_not" not in offered
    lists = Lists(toolbox, context)
    lists.turn(("popular", {}), ("rank", {}))
    context.shown, context.of_list = context.bus.shown, lambda number: lists.at(number or 1)
    assert "why_not" in {tool.name for tool in toolbox.offered(context)}
    ran = run(toolbox, context, "why_not", item="#1")
    assert ran.result.data["kind"] == "shown" and "number 1" in ran.result.text
    assert toolbox.run("why_not", {"item": "No Such Film At All"}, context).error
    assert toolbox.run("why_not", {"where": "nonsense"}, context).error
