"""`--dry-run`: the plan is what the real turn does, and nothing of it stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recagent_catalogs.errors import BadInput, NotFound
from recagent_cli import Assistant
from recagent_cli.agent.plan import Plan
from recagent_cli.agent.turn import Turn
from recagent_cli.memory.store import UserStore

from ..conftest import RunCommand
from .test_commands import valid


@pytest.fixture
def assistant(home: Path) -> Iterator[Assistant]:
    with Assistant("films") as made:
        yield made


def calls(made: Plan | Turn) -> list[tuple[Any, ...]]:
    """Tools, arguments and counts; of `present` how many, because a plan names no items."""
    steps = made.steps if isinstance(made, Plan) else made.trace
    return [
        (s.tool, {} if s.tool == "present" else dict(s.arguments), s.before, s.after, s.error)
        for s in steps
    ]


TALKS = [
    ["westerns"],
    ["sci-fi from the 90s, but no horror"],
    ["like Orbit of Ash, 3 of them", "more", "without the second one"],
    ["something like Orbit of Ash, but no sci-fi", "only those before 2000"],
    ["westerns from the 90s under 60 minutes"],
    ["sci-fi horror western musicals from 1950"],
    ["the newest drama", "which of these is the shortest?"],
    ["surprise me"],
    ["I loved Paper Lanterns, something funny"],
    ["who directed Orbit of Ash?"],
    ["how many westerns are there?"],
    ["jkjk"],
    ["thanks"],
    ["hidden gems, nothing popular"],
    ["westerns", "sci-fi instead", "among these the longest"],
]


@pytest.mark.parametrize("talk", TALKS, ids=lambda talk: talk[-1])
def test_the_plan_is_what_the_real_turn_does(assistant: Assistant, talk: list[str]) -> None:
    session = assistant.new_session()
    for text in talk:
        plan = assistant.plan(text, session=session)
        turn = assistant.ask(text, session=session)
        assert calls(plan) == calls(turn)
        assert plan.shown == len(turn.items)
        assert (plan.text, plan.question, plan.options) == (turn.text, turn.question, turn.options)
        assert plan.request == turn.request


def test_a_person_who_is_known_and_a_user_of_the_data(assistant: Assistant) -> None:
    assistant.note("seen", [2, 3], source="test")
    others: list[dict[str, Any]] = [{"user": "u1"}, {"like": ["Orbit of Ash"]}, {"count": 2}]
    for options in others:
        plan, turn = assistant.plan("sci-fi", **options), assistant.ask("sci-fi", **options)
        assert calls(plan) == calls(turn) and plan.shown == len(turn.items)


def test_each_condition_tells_what_it_leaves(assistant: Assistant) -> None:
    plan = assistant.plan("sci-fi from the 90s, but no horror")
    step = next(step for step in plan.steps if step.tool == "filter")
    where = list(step.arguments["where"])
    assert len(step.stages) == len(where) == 3
    for number, (_, after) in enumerate(step.stages, start=1):
        alone = assistant.call_tool("filter", {"where": where[:number]}, assistant.new_session())
        assert alone.after == after


def test_nothing_is_ranked_kept_or_changed(
    assistant: Assistant, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = assistant.new_session()
    assistant.ask("westerns", session=session)
    store = UserStore(home / "data" / "user.sqlite")
    events, stages = store.events("me"), list(session.bus.stages)

    def never(*_: Any) -> Any:
        raise AssertionError("nothing may be ranked")

    monkeypatch.setattr(type(assistant.engine), "rank", never)
    plan = assistant.plan("I loved Orbit of Ash; like it, but shorter", session=session)
    assert plan.shown and any(step.tool == "remember" for step in plan.steps)
    assert store.events("me") == events
    assert [s.n_turns for s in store.sessions("me")] == [1]
    assert session.bus.stages == stages and session.bus.standing == 1 and len(session.turns) == 1
    assert not any(kind == "noted" for kind, _ in plan.notices)


def test_what_is_wrong_is_told_as_by_the_real_thing(assistant: Assistant) -> None:
    with pytest.raises(BadInput, match="nothing was asked"):
        assistant.plan(" ")
    with pytest.raises(NotFound, match="u999"):
        assistant.plan("a film", user="u999")
    with pytest.raises(BadInput, match="colour"):
        assistant.plan_recommend(where=["colour has red"])


def test_the_plan_of_recommend(assistant: Assistant) -> None:
    where = ["year 1990..2010", "genres lacks Horror"]
    plan = assistant.plan_recommend(like=["Orbit of Ash"], where=where, count=2)
    real = assistant.recommend(like=["Orbit of Ash"], where=where, count=2)
    assert [step.tool for step in plan.steps] == ["filter", "filter", "similar", "rank"]
    counted = assistant.query(
        "SELECT count(*) FROM items WHERE year BETWEEN 1990 AND 2010"
        " AND NOT list_contains(genres, 'Horror')"
    ).rows
    assert counted == [[plan.steps[1].after]]
    assert plan.shown == len(real) == 2
    assert plan.to_json()["request"] is None


def test_the_command_prints_a_plan_and_stores_nothing(recagent: RunCommand, home: Path) -> None:
    body = valid(recagent("ask", "sci-fi, but no horror", "--dry-run", "--json").out)
    assert body["kind"] == "plan" and body["shown"] == 3
    assert body["steps"][-1] == {
        "tool": "present", "arguments": {"count": 3}, "before": 3, "after": 3, "stages": [],
    }  # fmt: skip
    told = recagent("ask", "sci-fi, but no horror", "--dry-run").out
    assert "genres lacks Horror" in told and "would show 3 films" in told
    assert "Blue Static" not in told
    assert UserStore(home / "data" / "user.sqlite").sessions("me") == []
    assert valid(recagent("recommend", "--dry-run", "--json", "-n", "4").out)["shown"] == 4


def test_with_a_model_the_plan_is_the_builtin_brains_and_no_model_is_called(
    recagent: RunCommand, home: Path
) -> None:
    ran = recagent("ask", "westerns", "--dry-run", "-m", "openai/none", "--json")
    assert ran.code == 0 and valid(ran.out)["brain"] == "openai/none"
    assert "openai/none decides" in ran.err
