"""Every item of the catalog has exactly one answer, true of the bus, with ways in that hold."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recagent_catalogs.errors import ToolError
from recagent_catalogs.store import Catalog
from recagent_tools.bus import CandidateBus
from recagent_tools.bus_file import bus_from_bytes, bus_to_bytes
from recagent_tools.conditions import evaluate, parse_condition
from recagent_tools.dropped import lost_at
from recagent_tools.evidence import WayIn, WhyNot, WhyNotKind
from recagent_tools.models.engine import Engine
from recagent_tools.provenance import provenance
from recagent_tools.retrieve import keep_best
from recagent_tools.toolbox import EmptyProfile, Toolbox, ToolContext
from recagent_tools.ways_in import ways_in
from recagent_tools.why_not import lines_of, why_not
from recagent_tools.wider import wide_enough

from .why_not_lists import Lists, run

CONDITIONS = (
    "genres has Sci-Fi",
    "genres lacks Horror",
    "genres has Drama | Thriller",
    "year 1990..1999",
    "year >= 1995",
    "runtime <= 110",
    "runtime > 100",
    "audience <= teen",
    'title ~ "orbit"',
    "directors has Ada Quill",
)

wheres = st.lists(st.sampled_from(CONDITIONS), min_size=1, max_size=3, unique=True)
items = st.sampled_from([f"f{n:02}" for n in range(1, 17)])
narrowing = st.one_of(
    wheres.map(lambda where: ("filter", {"where": where})),
    st.sampled_from(["start", "undo", "redo", "among_shown", "drop_shown", "show"]).map(
        lambda op: ("candidates", {"op": op})
    ),
    items.map(lambda item: ("candidates", {"op": "drop", "items": [item]})),
    st.tuples(st.sampled_from(["save", "load", "union", "minus", "intersect"])).map(
        lambda ops: ("candidates", {"op": ops[0], "name": "mine"})
    ),
    st.sampled_from(["space", "heist", "winter"]).map(lambda text: ("search", {"text": text})),
)
scoring: st.SearchStrategy[tuple[str, dict[str, Any]]] = st.one_of(
    st.just(("popular", {})),
    st.tuples(items, items).map(
        lambda pair: ("similar", {"liked": [pair[0]], "unlike": [pair[1]]})
    ),
    st.just(("for_user", {})),
)
ranking = st.builds(
    lambda by, weights, top: ("rank", {"by": by, "weights": weights, "top": top}),
    st.sampled_from(["fit", "fit", "rating"]),
    st.sampled_from([[], ["novelty=1"], ["popularity=-1", "recency=.5"], ["diversity=.4"]]),
    st.sampled_from([0, 0, 2, 5]),
)
turns = st.builds(
    lambda narrow, score, ranked, drawn, count, picks: (
        [*narrow, *score, *ranked, *([("draw", {"count": 2})] if drawn else [])],
        count,
        picks,
    ),
    st.lists(narrowing, max_size=4),
    st.lists(scoring, max_size=1),
    st.lists(ranking, max_size=2),
    st.booleans(),
    st.integers(1, 4),
    st.sampled_from([0, 0, 0, 1]),
)
profiles = st.builds(
    lambda liked, disliked, never, recent, values: EmptyProfile(
        tuple(liked),
        tuple(sorted({*disliked, *never})),
        tuple(sorted({*liked, *disliked, *never})),
        never=tuple(never),
        recent=tuple(recent),
        never_values=tuple(values),
    ),
    st.lists(st.integers(0, 15), max_size=2, unique=True),
    st.sets(st.integers(0, 15), max_size=2),
    st.sets(st.integers(0, 15), max_size=1),
    st.sets(st.integers(0, 15), max_size=2),
    st.sampled_from([[], [], [("genres", "Horror")]]),
)
Turn = tuple[list[tuple[str, dict[str, Any]]], int, int]


def named(bus: CandidateBus, key: str, catalog: Catalog) -> set[int | None]:
    """Rows of the seeds that led to the candidates."""
    path = provenance(bus.stages, bus.cursor)
    seeds = (stage.arguments for stage in path if stage.tool == "similar")
    return {catalog.row_of(id) for arguments in seeds for id in arguments[key]}


def is_true(answer: WhyNot, context: ToolContext) -> None:
    """Whether an answer agrees with the bus."""
    bus, catalog, row = context.bus, context.catalog, answer.row
    assert answer.kind in get_args(WhyNotKind)
    assert (answer.kind == "shown") == (row in bus.shown)
    if row not in bus.shown:
        assert (answer.kind in ("ranked", "drawn")) == (row in bus.candidates)
        assert (answer.stage is None) == (row in bus.candidates)
    for failed in answer.failed:
        assert not evaluate(parse_condition(failed.text, catalog), catalog)[row]
    for text in answer.met:
        assert evaluate(parse_condition(text, catalog), catalog)[row]
    if answer.stage is not None:
        path = provenance(bus.stages, bus.cursor)
        place = [stage.number for stage in path].index(answer.stage)
        before, after = path[place - 1].candidates, path[place].candidates
        assert before is not None and row in before and after is not None and row not in after
        assert all(s.candidates is not None and row not in s.candidates for s in path[place:])
    stage = None if answer.stage is None else bus.stages[answer.stage]
    match answer.kind:
        case "condition":
            assert stage is not None
            assert {f.text for f in answer.failed} & {*stage.arguments["where"]}
        case "words":
            assert row not in catalog.search(answer.words, 100)[0]
        case "shown_before":
            assert row in {*context.shown, *context.shown_before}
        case "named":
            assert row in {*context.liked, *named(bus, "liked", catalog)}
        case "disliked" | "never":
            refused = {*context.disliked, *named(bus, "unlike", catalog)}
            assert row in {*refused, *context.profile.disliked}
        case "never_value":
            assert row in catalog.words("genres").rows_with(answer.words)
            assert ("genres", answer.words) in context.profile.never_values
        case "recent":
            assert row in context.profile.recent
        case "seen":
            assert row in {*context.profile.seen, *context.profile.liked}
        case "ranked" if answer.place is not None:
            assert int(bus.rows()[answer.place - 1]) == row


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    requests=st.lists(turns, min_size=1, max_size=3),
    profile=profiles,
    picked=st.integers(0, 15),
    saved=st.booleans(),
)
def test_every_item_has_one_true_answer(
    toolbox: Toolbox,
    films: Catalog,
    films_home: Path,
    requests: list[Turn],
    profile: EmptyProfile,
    picked: int,
    saved: bool,
) -> None:
    engine = Engine.open(films, films_home / "data" / "models" / "films")
    bus = CandidateBus(films.n_items, films.fingerprint)
    lists = Lists(toolbox, ToolContext(films, engine, bus, profile=profile))
    for calls, count, picks in requests:
        lists.turn(*calls, count=count, picks=picks)
    if saved:
        lists.context.bus = bus_from_bytes(bus_to_bytes(bus))
    for number in lists.then:
        then = lists.at(number)
        stages = len(then.bus.stages)
        for row in range(films.n_items):
            answer = lost_at(row, then)
            is_true(answer, then)
            assert lines_of(answer, then)
        answer = why_not(picked, then)
        for way in answer.ways:
            holds(way, answer, then, toolbox)
            assert lines_of(answer, then)[-1]
        assert len(then.bus.stages) == stages, "looking changes nothing"


def holds(way: WayIn, answer: WhyNot, context: ToolContext, toolbox: Toolbox) -> None:
    """Whether the changes of conditions alone do what is said, counted anew."""
    assert way.changes and (way.place is None or 1 <= way.place <= context.bus.n_items)
    if any(change.kind == "more" for change in way.changes):
        assert way.place is None or way.place > answer.of
        return
    path = provenance(context.bus.stages, context.bus.cursor)
    plain = all(s.tool in ("start", "filter", "popular", "rank") for s in path)
    if (
        context.profile.seen
        or not plain
        or not all(change.kind in ("drop", "widen", "add") for change in way.changes)
    ):
        return
    catalog = context.catalog
    was = {change.was: change.now for change in way.changes if change.was}
    told = [text for s in path if s.tool == "filter" for text in s.arguments["where"]]
    texts = [was.get(text, text) for text in told]
    texts += [change.now for change in way.changes if change.kind == "add"]
    mask = np.ones(catalog.n_items, dtype=bool)
    for text in filter(None, texts):
        mask &= evaluate(parse_condition(text, catalog), catalog)
    assert mask[answer.row] and int(mask.sum()) == way.left


@given(st.sampled_from(CONDITIONS), st.integers(0, 15))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_wider_condition_lets_the_item_in_and_nothing_out(
    films: Catalog, text: str, row: int
) -> None:
    condition = parse_condition(text, films)
    mask = evaluate(condition, films)
    if mask[row]:
        return
    wider = wide_enough(condition, row, films)
    if wider is not None:
        assert parse_condition(str(wider), films) == wider
        after = evaluate(wider, films)
        assert after[row] and not (mask & ~after).any()


def test_without_a_list_there_is_no_way_in(context: ToolContext, toolbox: Toolbox) -> None:
    run(toolbox, context, "filter", where=["year >= 1995"])
    answer = lost_at(0, context)
    assert answer.number == 0 and ways_in(answer, context) == ()
    with pytest.raises(ToolError):
        context.bus.at_list(1)


def test_what_the_retrievers_did_not_bring_has_a_place_behind_what_they_did(
    toolbox: Toolbox, context: ToolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recagent_tools.retrieve.keep_best", partial(keep_best, keep=6))
    lists = Lists(toolbox, context)
    lists.turn(("popular", {}), ("rank", {}))
    then = lists.at(1)
    answers = [lost_at(row, then) for row in range(context.catalog.n_items)]
    behind = [answer for answer in answers if answer.kind == "retrieved"]
    assert len(behind) == 10
    assert sorted(a.retrieved[0].place for a in behind) == list(range(7, 17))
    assert "by popularity" in lines_of(behind[0], then)[0]
