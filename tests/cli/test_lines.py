"""Lines of tools: words of the catalog, aligned, cut to the width; what a model cost."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len
from syrupy.assertion import SnapshotAssertion

from recagent_catalogs.store import Catalog
from recagent_cli.agent.brain import Usage
from recagent_cli.agent.events import ToolFinished
from recagent_cli.ui.lines import is_quiet, told_of, tool_line, usage_line


def done(tool: str, before: int, after: int, ms: float = 4.2, **arguments: Any) -> ToolFinished:
    return ToolFinished("1", tool, arguments, before, after, ms, "text")


def calls(films: Catalog) -> list[ToolFinished]:
    liked, other = films.ids([0, 1])
    failed = ToolFinished("1", "filter", {"where": ["x"]}, 9, 9, 0.3, "error: no column x", True)
    return [
        done("filter", 9742, 137, where=["genres has Sci-Fi", "year 1990..1999"]),
        done("similar", 137, 100, 12.4, liked=[liked, "Some Title"], unlike=[other]),
        done("rank", 100, 100, 1304.0, by="fit", weights=["novelty=0.5", "popularity=-1"]),
        done(
            "look_up", 100, 100, sql="SELECT title,\n  year FROM items WHERE year < 1960 LIMIT 12"
        ),
        done("predict_rating", 100, 100, item=liked),
        done("remember", 100, 100, kind="liked", items=[liked]),
        done("a_plugin", 100, 7, 3.0, depth=2, empty="", text="\x1b[31mred"),
        failed,
    ]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_lines_of_tools(films: Catalog, width: int, snapshot: SnapshotAssertion) -> None:
    lines = [tool_line(event, films, width).plain for event in calls(films)]
    assert lines == snapshot
    assert all(cell_len(line) <= width and "\x1b" not in line for line in lines)


def test_lines_as_sentences(films: Catalog) -> None:
    first = tool_line(calls(films)[0], films, 80, plain=True).plain
    assert first == "filter: Sci-Fi, 1990-1999, 9,742 to 137, 4 ms"


def test_whatever_a_model_gives_is_told(films: Catalog) -> None:
    for arguments in (
        {"where": "genres has Sci-Fi"},
        {"where": [3, None]},
        {"where": {"a": 1}},
        {},
    ):
        assert isinstance(told_of(done("filter", 3, 3, **arguments), films), str)
    assert told_of(done("similar", 3, 3, liked=["Nope"]), films) == "like Nope"


def test_what_ends_a_turn_is_seen_without_a_line() -> None:
    assert is_quiet(done("present", 5, 5)) and is_quiet(done("candidates", 5, 5, op="start"))
    assert not is_quiet(done("filter", 5, 5)) and not is_quiet(done("candidates", 5, 9, op="load"))


def test_what_a_model_took() -> None:
    assert (
        usage_line(Usage("m", 3, 2100, 160, 0.00213))
        == "m · 3 calls · 2,100 + 160 tokens · $0.0021"
    )
    assert usage_line(Usage("m", 1)) == "m · 1 call · tokens unknown · cost unknown"
