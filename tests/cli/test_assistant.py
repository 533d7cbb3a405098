"""The Python API, with both brains behind the same loop, tools and bus."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from recagent_catalogs.errors import BadInput, Cancelled, ExitCode, ModelError, NotFound
from recagent_cli import Assistant
from recagent_cli.agent.brain import Call, Step, Usage
from recagent_cli.agent.builtin.brain import BuiltinBrain
from recagent_cli.agent.events import Event, TextDelta, ToolFinished, TurnFinished, TurnStarted
from recagent_cli.agent.watchdog import Patience
from recagent_cli.memory.store import UserStore
from recagent_cli.testing import Answer, FakeCall, FakeServer, ScriptedBrain

from ..conftest import RunCommand


@pytest.fixture
def assistant(home: Path) -> Iterator[Assistant]:
    with Assistant("films") as made:
        yield made


def script(assistant: Assistant, *steps: Step | Exception) -> ScriptedBrain:
    brain = ScriptedBrain(steps)
    assistant.agent.brain = brain
    return brain


def present(*items: str, **more: Any) -> Step:
    return Step((Call("present", {"items": list(items), **more}),))


def test_ask(assistant: Assistant) -> None:
    turn = assistant.ask("westerns")
    assert {item.id for item in turn.items} == {"f10", "f11"}
    assert all(item.reason for item in turn.items)
    assert turn.funnel.startswith("16 → 2 (Western)")


def test_the_bus_outlives_turn_and_process(assistant: Assistant, home: Path) -> None:
    session = assistant.new_session()
    assistant.ask("westerns", session=session)
    with Assistant("films") as later:
        back = later.load_session()
        assert back is not None and back.id == session.id
        assert list(back.bus.rows()) == list(session.bus.rows())
        assert back.shown == session.shown and back.bus.funnel() == session.bus.funnel()
        turn = later.ask("who directed the second one?", session=back)
    assert ("Sam Doyle" in turn.text) != ("Nora Vance" in turn.text)


def test_recommend_similar_query(assistant: Assistant) -> None:
    assert len(assistant.recommend(user="u1", count=3)) == 3
    assert "f03" not in [item.id for item in assistant.similar("Orbit of Ash", count=3)]
    assert assistant.query("SELECT count(*) FROM items").rows == [[16]]
    with pytest.raises(BadInput):
        assistant.query("SELECT 1; SELECT 2")
    with pytest.raises(NotFound, match="u999"):
        assistant.recommend(user="u999")


def test_an_invented_item_is_dropped_and_announced(assistant: Assistant) -> None:
    script(assistant, present("f03", "The Film That Never Was", "f04"))
    turn = assistant.ask("space films")
    assert [item.id for item in turn.items] == ["f03", "f04"]
    assert any(kind == "dropped" and "Never Was" in text for kind, text in turn.notices)


def test_an_item_that_was_filtered_out_cannot_be_shown(assistant: Assistant) -> None:
    script(
        assistant,
        Step((Call("filter", {"where": ["genres has Western"]}),)),
        present("f03", "f10"),
    )
    assert [item.id for item in assistant.ask("westerns").items] == ["f10"]


def test_titles_and_years_come_from_the_store(assistant: Assistant) -> None:
    script(assistant, present("f03", text="Watch **Orbit of Ash (2021)**. It has a crew."))
    turn = assistant.ask("space")
    assert turn.items[0].label == "Orbit of Ash (1996)"
    assert "2021" not in turn.text and "It has a crew." in turn.text
    assert any(kind == "correction" for kind, _ in turn.notices)


@pytest.mark.parametrize(
    "lie",
    [
        "Also see Paper Lanterns (2001).",
        "You may prefer “Blue Static”.",
        "1. The Invented Masterpiece",
        "Try *Knives in the Rain* instead.",
        "My favourite is The Great Nothing (1987).",
    ],
)
def test_a_title_that_is_not_shown_is_struck(assistant: Assistant, lie: str) -> None:
    script(assistant, present("f10", text=f"Here is a western.\n{lie}"))
    turn = assistant.ask("westerns")
    assert turn.text == "Here is a western."
    assert len([n for n in turn.notices if n[0] == "correction"]) == 1


def test_a_wrong_call_is_an_observation(assistant: Assistant) -> None:
    brain = script(
        assistant,
        Step((Call("filter", {"where": ["genres has Sciffi"]}), Call("nope", {}))),
        Step((Call("rank", {"weights": ["fame=3"]}),)),
        present(count=2),
    )
    turn = assistant.ask("sci-fi")
    assert len(turn.items) == 2
    seen = brain.views[-1][2]
    assert "Sci-Fi" in seen[0] and "no tool 'nope'" in seen[1] and "aspects" in seen[2]


def test_a_brain_that_never_ends_is_ended(assistant: Assistant) -> None:
    step = Step((Call("filter", {"where": ["genres has Sci-Fi"]}),))
    brain = script(assistant, *[step] * 50)
    turn = assistant.ask("sci-fi")
    assert turn.cut and turn.items and any(kind == "cut" for kind, _ in turn.notices)
    assert set(brain.views[-1][1]) == {"ask_person", "present"}
    assert len(brain.views) == assistant.agent.max_steps


def test_ctrl_c_keeps_what_was_there(assistant: Assistant) -> None:
    session = assistant.new_session()
    assistant.ask("westerns", session=session)
    cursor, turns = session.bus.cursor, len(session.turns)

    class Interrupted(ScriptedBrain):
        def next_step(self, view: Any, emit: Any) -> Step:
            if self.views:
                raise KeyboardInterrupt
            return super().next_step(view, emit)

    builtin = assistant.agent.brain
    assistant.agent.brain = Interrupted([Step((Call("candidates", {"op": "start"}),))])
    with pytest.raises(Cancelled):
        assistant.ask("comedies", session=session)
    assert (session.bus.cursor, len(session.turns)) == (cursor, turns)
    assistant.agent.brain = builtin
    assert len(assistant.ask("more", session=session).text) > 0


def test_events_tell_the_turn(assistant: Assistant) -> None:
    events: list[Event] = []
    turn = assistant.ask("westerns", on_event=events.append)
    assert isinstance(events[0], TurnStarted) and isinstance(events[-1], TurnFinished)
    tools = [event.tool for event in events if isinstance(event, ToolFinished)]
    assert tools == [entry.tool for entry in turn.trace]


def test_facts_change_only_through_remember(assistant: Assistant) -> None:
    assistant.ask("I loved Paper Lanterns")
    kinds = [(e.kind, e.item) for e in assistant.store.events("me", "films", ["liked", "seen"])]
    assert kinds == [("liked", "f05")]
    assert [assistant.catalog.ids([r])[0] for r in assistant.profile().liked] == ["f05"]


# -- the model over the wire ---------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as made:
        yield made


@pytest.fixture
def model(home: Path, server: FakeServer) -> Iterator[Assistant]:
    with Assistant("films", model="openai/any", api_base=server.url, fallback=False) as made:
        yield made


def test_a_model_drives_the_same_tools(model: Assistant, server: FakeServer) -> None:
    server.script(
        Answer(
            calls=(
                FakeCall("filter", {"where": ["genres has Sci-Fi", "genres lacks Horror"]}),
                FakeCall("similar", {"liked": ["Orbit of Ash"]}),
                FakeCall("rank", {}),
            )
        ),
        Answer(calls=(FakeCall("present", {"count": 2, "text": "Two of them."}),)),
    )
    turn = model.ask("sci-fi like Orbit of Ash, no horror")
    assert turn.brain == "openai/any" and turn.usage is not None and turn.usage.calls == 2
    assert len(turn.items) == 2 and turn.text == "Two of them."
    assert all("Horror" not in item.columns["genres"] for item in turn.items)
    names = {tool["function"]["name"] for tool in server.requests[0].body["tools"]}
    assert {"filter", "similar", "rank", "present", "look_up"} <= names
    assert "user" in str(server.requests[0].body["messages"][-1]["role"])


def test_both_brains_end_in_the_same_bus(model: Assistant, server: FakeServer) -> None:
    with Assistant("films") as other:
        assert isinstance(other.agent.brain, BuiltinBrain)
        own = other.ask("sci-fi from the 90s, no horror")
    calls = [FakeCall(entry.tool, dict(entry.arguments)) for entry in own.trace]
    server.script(Answer(calls=tuple(calls)))
    told = model.ask("sci-fi from the 90s, no horror")
    assert [item.id for item in told.items] == [item.id for item in own.items]
    assert told.funnel == own.funnel


def test_text_is_streamed_as_events(model: Assistant, server: FakeServer) -> None:
    server.script(Answer(text="Hello there, what would you like to watch?"))
    events: list[Event] = []
    turn = model.ask("hello", on_event=events.append)
    streamed = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert turn.text == "Hello there, what would you like to watch?" == streamed


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every retry comes at once."""
    monkeypatch.setattr("recagent_cli.agent.llm.Patience", partial(Patience, base_s=0.0))


@pytest.mark.usefixtures("no_pauses")
def test_an_unreachable_model_is_an_error_where_it_was_asked_for(
    home: Path, recagent: RunCommand
) -> None:
    ran = recagent(
        "ask", "westerns", "-m", "openai/any", "--api-base", "http://127.0.0.1:9", "--json"
    )
    assert ran.code == ExitCode.MODEL and '"kind": "model"' in ran.out


@pytest.mark.usefixtures("no_pauses")
def test_in_a_conversation_the_builtin_brain_steps_in_and_says_so(
    home: Path, recagent: RunCommand
) -> None:
    ran = recagent(
        "chat", "-m", "openai/any", "--api-base", "http://127.0.0.1:9", stdin="westerns\n"
    )
    assert ran.code == 0
    assert "The Long Field" in ran.out
    assert "built-in brain answers instead" in " ".join(ran.err.split())


@pytest.mark.usefixtures("no_pauses")
def test_strict_ends_with_7_where_a_fallback_answered(
    home: Path, recagent: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECAGENT_MODEL", "openai/any")
    monkeypatch.setenv("RECAGENT_API_BASE", "http://127.0.0.1:9")
    assert recagent("ask", "westerns", "--strict").code == ExitCode.CUT
    ran = recagent("ask", "westerns")
    assert ran.code == 0 and "built-in brain answers instead" in ran.err


def test_a_refusing_provider_gives_a_hint_and_no_key(
    home: Path, recagent: RunCommand, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECAGENT_API_KEY", "sk-canary-55cc")
    server.script(Answer(status=401, body={"error": {"message": "bad key sk-canary-55cc"}}))
    ran = recagent("ask", "westerns", "-m", "openai/any", "--api-base", server.url)
    assert ran.code == ExitCode.MODEL and "canary" not in ran.err + ran.out


def test_a_key_in_the_environment_configures_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    with Assistant("films") as made:
        assert made.ask("westerns").brain == "builtin"


def test_model_errors_pass_where_there_is_no_fallback(assistant: Assistant) -> None:
    script(assistant, ModelError("gone", reason="unreachable"))
    with pytest.raises(ModelError):
        assistant.ask("westerns")


def test_damaged_facts_are_left_out_and_said(assistant: Assistant) -> None:
    assistant.note("liked", [4, 9], source="test")
    with sqlite3.connect(assistant.store.path) as connection:
        connection.execute("UPDATE events SET item = 'f02' WHERE item = 'f05'")
    connection.close()
    assert list(assistant.profile().liked) == [9]
    assert any("damaged" in text for _, text in assistant.notices)


def test_candidates_that_cannot_be_read_start_anew(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recagent_cli.sessions.bus_to_bytes", lambda bus: b"of another version")
    session = assistant.new_session()
    shown = assistant.ask("westerns", session=session).items
    back = assistant.load_session(session.id)
    assert back is not None and len(back.bus) == 16
    assert list(back.shown) == [item.row for item in shown], "what was shown is known all the same"
    assert any("start anew" in text for _, text in assistant.notices)


class Failing(ScriptedBrain):
    """A model that costs, and fails after its script."""

    def usage(self) -> Usage:
        return Usage("failing", 1)


def test_nothing_that_a_failed_model_did_survives(assistant: Assistant) -> None:
    builtin = assistant.agent.brain
    calls = (
        Call("filter", {"where": ["genres has Drama"]}),
        Call("remember", {"kind": "liked", "items": ["f10"]}),
    )
    steps: list[Step | Exception] = [
        Step(calls),
        ModelError("the model is gone.", reason="server"),
    ]
    assistant.agent.brain, assistant.agent.fallback = Failing(steps, name="failing"), builtin
    session = assistant.new_session()
    turn = assistant.ask("thanks, bye", session=session)
    assert turn.brain == "builtin" and turn.cut and not turn.items and not turn.remembered
    assert len(session.bus) == 16
    assert turn.notices[0] == ("fallback", "the model is gone. The built-in brain answers instead.")
    assistant.agent.brain = Failing(
        [Step(calls), ModelError("gone", reason="server")], name="failing"
    )
    assistant.agent.fallback = None
    cursor = session.bus.cursor
    with pytest.raises(ModelError):
        assistant.ask("westerns", session=session)
    assert session.bus.cursor == cursor


def test_a_turn_without_a_list_after_a_fallback_shows_none(assistant: Assistant) -> None:
    builtin = assistant.agent.brain
    session = assistant.new_session()
    assistant.ask("westerns", session=session)
    assistant.agent.brain = Failing([ModelError("gone", reason="server")], name="failing")
    assistant.agent.fallback = builtin
    assert assistant.ask("thanks, bye", session=session).items == ()


@pytest.mark.parametrize(
    ("said", "kind", "item"),
    [
        ("hello there", "never", "f03"),
        ("who directed It?", "never", "f09"),
        ("I loved Paper Lanterns", "never", "f05"),
        ("something like It", "disliked", "f09"),
        ("something like It", "liked", "f09"),
        ("something like It", "seen", "f09"),
        ("less like It please", "never", "f09"),
        ("I don't know It", "liked", "f09"),
        ("is It any good?", "liked", "f09"),
        ("I hated It", "liked", "f09"),
        ("no horror", "disliked", "genres=Horror"),
        ("I love westerns", "liked", "genres=Horror"),
        ("I love westerns", "never", "genres=Western"),
        ("I loved It", "wanted", "f09"),
    ],
)
def test_a_model_writes_only_what_the_person_said(
    assistant: Assistant, said: str, kind: str, item: str
) -> None:
    script(assistant, Step((Call("remember", {"kind": kind, "items": [item]}),)))
    turn = assistant.ask(said)
    assert not turn.remembered and turn.trace[0].error
    kinds = ["liked", "disliked", "seen", "never"]
    assert assistant.store.events("me", "films", kinds) == []


def test_what_holds_of_an_earlier_turn_is_not_said_again(assistant: Assistant) -> None:
    session = assistant.new_session()
    assistant.ask("something like It", session=session)
    script(assistant, Step((Call("remember", {"kind": "liked", "items": ["f09"]}),)))
    turn = assistant.ask("only from the 90s", session=session)
    assert turn.request.liked and not turn.remembered and turn.trace[0].error


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("a salvage crew on a burnt-out station", True),
        ("Sci-Fi and Horror by Bo Lindqvist, 117 minutes, 1996", True),
        ("Directed by Steven Spielberg", False),
        ("from 1950", False),
        ("131 minutes long", False),
        ("see http://evil.example", False),
    ],
)
def test_a_reason_agrees_with_the_row_or_is_ours(
    assistant: Assistant, reason: str, kept: bool
) -> None:
    script(assistant, present("f03", reasons=[reason]))
    turn = assistant.ask("space")
    assert (reason in turn.items[0].reason) == kept
    assert turn.items[0].reason
    assert any(kind == "correction" for kind, _ in turn.notices) != kept


def test_a_question_names_no_invented_items(assistant: Assistant) -> None:
    options = ["Night Harbour", "The Great Nothing", "something new", "Blue Static (1950)"]
    question = "Did you mean “The Great Nothing”?"
    script(assistant, Step((Call("ask_person", {"question": question, "options": options}),)))
    turn = assistant.ask("space")
    assert turn.question == "What would you like?"
    assert turn.options == ("Night Harbour", "something new")


def test_a_tool_that_breaks_does_not_end_the_turn(assistant: Assistant) -> None:
    def broken(context: object, arguments: object) -> None:
        raise ZeroDivisionError("boom")

    tool = assistant.toolbox.get("popular")
    assert tool is not None
    assistant.toolbox._tools["popular"] = replace(tool, run=broken)  # type: ignore[arg-type]
    script(assistant, Step((Call("popular", {}),)), present("f03"))
    turn = assistant.ask("space")
    assert "ZeroDivisionError" in turn.trace[0].error and len(turn.items) == 1


def test_the_calls_of_a_turn_are_capped(assistant: Assistant) -> None:
    step = Step(tuple(Call("popular", {}) for _ in range(12)))
    script(assistant, step, step, present(count=1))
    turn = assistant.ask("space")
    assert sum(entry.tool == "popular" for entry in turn.trace) == assistant.agent.max_calls
    assert len(turn.items) == 1


def test_an_answer_that_cannot_be_kept_is_still_given(assistant: Assistant, tmp_path: Path) -> None:
    (tmp_path / "no-folder").write_text("")
    assistant.store = UserStore(tmp_path / "no-folder" / "user.sqlite")
    turn = assistant.ask("westerns")
    assert len(turn.items) == 2
    assert any("could not be kept" in text for _, text in turn.notices)
    told = assistant.ask("I loved Paper Lanterns").notices
    assert [text for _, text in told if "noted" in text] == [text for _, text in told]
    assert len(told) == 1 and "could not be kept, nothing of it is noted" in told[0][1]


def test_a_reason_names_what_was_asked_for_now(assistant: Assistant) -> None:
    assistant.note("liked", [4, 11], source="test")
    turn = assistant.ask("westerns")
    assert turn.items and all("like " not in item.reason for item in turn.items)
    turn = assistant.ask("something like Orbit of Ash (1996)")
    assert turn.items and all("like Orbit of Ash" in item.reason for item in turn.items[:2])
    assert any("like " in item.reason for item in assistant.recommend(count=3))


def test_what_was_stated_is_kept_with_the_turn(assistant: Assistant) -> None:
    session = assistant.new_session()
    first = assistant.ask("I love westerns", session=session)
    assert first.items and ("noted", "noted that you like: Western") in first.notices
    ids = [item.id for item in first.items]
    second = assistant.ask("1 was great", session=session)
    assert f"you like {first.items[0].label}" in second.text
    assistant.ask(f"put {first.items[0].title} on my watchlist", session=session)
    told = assistant.ask(f"take {first.items[0].title} off my watchlist", session=session)
    assert "off your watchlist" in told.text and not told.items
    assistant.ask("never horror again", session=session)
    kept = assistant.store.events("me", "films", ["liked", "wanted", "never"])
    assert [(e.kind, e.item, e.column, e.text, e.value) for e in kept] == [
        ("liked", "", "genres", "Western", None),
        ("liked", ids[0], "", "", None),
        ("wanted", ids[0], "", "", 1.0),
        ("wanted", ids[0], "", "", 0.0),
        ("never", "", "genres", "Horror", None),
    ]
    assert all(event.source and event.session == session.id for event in kept)


def test_what_was_offered_is_taken_or_refused(assistant: Assistant) -> None:
    session = assistant.new_session()
    items = assistant.ask("dramas", session=session).items
    assistant.ask("not 1", session=session)
    taken = assistant.ask(f"I'll take {items[1].title}", session=session)
    assert taken.items == () and "Enjoy" in taken.text
    kept = assistant.store.events("me", "films", ["accepted", "rejected", "disliked", "liked"])
    assert [(e.kind, e.item) for e in kept] == [
        ("rejected", items[0].id), ("accepted", items[1].id),
    ]  # fmt: skip
