"""Items side by side, and what sets them apart for a person."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recagent_catalogs.errors import ToolError
from recagent_catalogs.ingest import ingest
from recagent_catalogs.store import Catalog
from recagent_tools.bus import CandidateBus
from recagent_tools.compare import (
    comparison_json,
    conclusion,
    lines_of,
    received_text,
    shared_text,
)
from recagent_tools.comparison import _causes, compare
from recagent_tools.evidence import LikeShare
from recagent_tools.models.engine import Engine
from recagent_tools.models.history import History
from recagent_tools.registry import load_toolbox
from recagent_tools.toolbox import EmptyProfile, ToolContext


@pytest.fixture
def context(films: Catalog, films_home: Path) -> ToolContext:
    engine = Engine.open(films, films_home / "data" / "models" / "films")
    return ToolContext(films, engine, CandidateBus(films.n_items, films.fingerprint))


def rows(context: ToolContext, *ids: str) -> list[int]:
    return [row for each in ids if (row := context.catalog.row_of(each)) is not None]


def test_facts_side_by_side_and_what_they_share(context: ToolContext) -> None:
    found = compare(rows(context, "f03", "f04"), context)
    cells = {column.name: column.cells for column in found.columns}
    assert cells["runtime"] == ("117 min", "131 min") and cells["year"] == ("1996", "1999")
    differs = {column.name: column.differs for column in found.columns}
    assert differs["runtime"] and not differs["directors"]
    assert ("directors", "Bo Lindqvist") in found.shared and ("genres", "Sci-Fi") in found.shared
    assert found.shared[0][0] == "directors", "people first"
    assert "Bo Lindqvist" in shared_text(found)


def test_without_a_history_it_cannot_know(context: ToolContext) -> None:
    found = compare(rows(context, "f07", "f10"), context)
    assert not found.known and all(item.fit is None for item in found.items) and not found.apart
    means = [item.mean_rating for item in found.items]
    told = conclusion(found, context)
    assert told.startswith("I know nothing of your taste")
    if None not in means and found.best is not None:
        assert context.catalog.label(found.items[found.best].row) in told


def test_likes_decide_as_the_ranker_does(context: ToolContext) -> None:
    (like,) = rows(context, "f03")
    context.profile = EmptyProfile(liked=(like,), seen=(like,))
    pair = rows(context, "f04", "f12")
    found = compare(pair, context)
    scores = context.engine.rank(np.asarray(pair, np.int32), History.of([like]))
    assert found.known and found.best == int(np.argmax(scores))
    assert found.items[found.best].fit == max(item.fit or 0.0 for item in found.items)
    best = found.items[found.best]
    assert context.catalog.label(best.row) in conclusion(found, context)
    sizes = [each.size for each in found.apart]
    assert sizes == sorted(sizes, reverse=True)
    for item in found.items:
        assert {each.row for each in item.likes} <= {like}


def test_an_item_does_not_speak_for_itself(context: ToolContext) -> None:
    both = rows(context, "f03", "f04")
    context.profile = EmptyProfile(liked=tuple(both), seen=(both[0],))
    found = compare(both, context)
    assert not found.known and not any(item.likes for item in found.items)
    assert [item.seen for item in found.items] == [True, True], "a like is known too"


def test_two_to_five_different_items(context: ToolContext) -> None:
    for names in (["f01"], ["f01", "f01"], [f"f0{n}" for n in range(1, 7)]):
        with pytest.raises(ToolError, match="2 to 5"):
            compare(rows(context, *names), context)


def test_items_that_are_nothing_but_ids(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("id,title\na,Ay\nb,Bee\nc,Cee\n")
    ingest(table, tmp_path / "t", name="t")
    catalog = Catalog.open(tmp_path / "t")
    bus = CandidateBus(catalog.n_items, catalog.fingerprint)
    context = ToolContext(catalog, Engine(catalog), bus)
    found = compare([0, 1], context)
    assert found.best is None and not found.columns and not found.shared
    assert conclusion(found, context).startswith("I know nothing of your taste")
    assert lines_of(found, context) and comparison_json(found, context)["best"] is None


def test_the_tool_answers_in_sentences_and_figures(context: ToolContext) -> None:
    ran = load_toolbox(plugins=False).run("compare", {"items": ["f03", "f04"]}, context)
    assert not ran.error and ran.result.text.count("\n") == 2
    assert [item["id"] for item in ran.result.data["items"]] == ["f03", "f04"]
    assert load_toolbox(plugins=False).run("compare", {"items": ["f03"]}, context).error


def test_only_likes_that_add_notably_are_causes() -> None:
    best = [LikeShare(1, 0.30), LikeShare(2, 0.31), LikeShare(3, 0.01)]
    rest = [LikeShare(2, 0.30), LikeShare(1, 0.05)]
    assert _causes(best, rest) == (LikeShare(1, 0.25),), "what adds as much to both sets none apart"
    many = [LikeShare(n, 0.03) for n in range(100)]
    assert _causes(many, []) == (), "a hundredth of it each"


def test_it_says_where_the_expected_rating_contradicts(context: ToolContext) -> None:
    (like,) = rows(context, "f03")
    context.profile = EmptyProfile(liked=(like,), seen=(like,))
    found = compare(rows(context, "f04", "f12"), context)
    assert found.best is not None
    better, worse = (replace(i, rating=r) for i, r in zip(found.items, (3.5, 4.1), strict=True))
    told = conclusion(replace(found, items=(better, worse), best=0), context)
    assert told.endswith("higher: 4.1 against 3.5.") and "would probably rate" in told
    assert "higher" not in conclusion(replace(found, items=(better, worse), best=1), context)
    assert "already" not in told


def test_counts_of_simulated_people_are_not_told(context: ToolContext) -> None:
    found = compare(rows(context, "f07", "f10"), context)
    assert any(received_text(item, context) for item in found.items)
    catalog = context.catalog
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog, "schema", replace(catalog.schema, simulated=True))
        assert not any(received_text(item, context) for item in found.items)
        assert "rated" not in " ".join(lines_of(found, context))
        assert conclusion(found, context).endswith("which one suits you.")
