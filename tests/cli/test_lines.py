"""Lines of tools: words of the catalog, aligned, cut to the width; what a model cost."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from syrupy.assertion import SnapshotAssertion

from recagent_catalogs.store import Catalog
from recagent_cli.agent.events import CallRefused, ToolFinished
from recagent_cli.agent.usage import Usage, spent, usage_from_json
from recagent_cli.commands.progress import Watcher
from recagent_cli.ui.lines import cost_told, is_quiet, spent_line, told_of, tool_line, usage_line


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
    cached = usage_line(Usage("m", 1, 2100, 160, 0.00002, 1500))
    assert cached == "m · 1 call · 2,100 + 160 tokens (1,500 cached) · less than $0.0001"


DOLLARS = st.none() | st.floats(1e-9, 10.0)
USAGES = st.builds(
    Usage,
    st.just("m"),
    st.integers(1, 9),
    st.none() | st.integers(0, 9_999),
    st.none() | st.integers(0, 999),
    DOLLARS,
    st.none() | st.integers(0, 99),
)


@given(st.lists(USAGES, max_size=5))
def test_56_a_sum_is_never_told_too_small(usages: list[Usage]) -> None:
    total = spent(usages)
    if total is None:
        assert not usages
        return
    known = [one.cost_usd for one in usages if one.cost_usd is not None]
    assert (total.answers, total.calls) == (len(usages), sum(one.calls for one in usages))
    assert total.cost_unknown == len(usages) - len(known)
    assert (total.cost_usd is None) == (total.cost_unknown > 0)
    assert total.cost_at_least_usd == (pytest.approx(sum(known)) if known else None)
    prompts = [one.prompt_tokens for one in usages]
    assert total.prompt_tokens == (None if None in prompts else sum(filter(None, prompts)))
    line = spent_line(total)
    assert "$0.0000" not in line
    assert ("at least" in line) == (0 < len(known) < len(usages))
    assert ("cost unknown" in line) == (not known)
    assert all(usage_from_json(asdict(one)) == one for one in usages)


def test_no_cost_is_told_as_nothing() -> None:
    assert cost_told(0.00005) == "$0.0001" and cost_told(0.0000499) == "less than $0.0001"
    assert cost_told(None) == "cost unknown" and usage_from_json(None) is None


def test_a_refused_call_is_told_where_every_call_is(capsys: pytest.CaptureFixture[str]) -> None:
    refused = CallRefused("ra\x1b[31mnk", {"like": "Alien"}, "no field 'like'")
    Watcher(quiet=False, verbose=False)(refused)
    assert capsys.readouterr().err == ""
    Watcher(quiet=False, verbose=True)(refused)
    told = capsys.readouterr().err
    assert told.endswith("refused: no field 'like'\n") and "\x1b" not in told
