"""Traces: what is written down of a turn, what is read again, and that its calls give the same."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import recagent_cli.memory.trace_rows as trace_rows
import recagent_cli.replays as replays
from recagent_catalogs.errors import BadInput, NotFound
from recagent_catalogs.store import Catalog
from recagent_cli import Assistant
from recagent_cli.agent.events import Notice, PlanRead, ToolFinished, TurnFinished, TurnStarted
from recagent_cli.agent.kept_examples import kept_example
from recagent_cli.agent.request import Intent, Operation, Request
from recagent_cli.agent.tracing import MAX_ARGUMENTS, MAX_CHARS, Tracing, read_trace
from recagent_cli.agent.turn import Turn
from recagent_cli.memory.checksums import checksum
from recagent_cli.memory.store import UserStore
from recagent_cli.memory.trace_rows import COLUMNS
from recagent_cli.traces import unfit
from recagent_tools.bus import CandidateBus
from recagent_tools.glimpse import glimpse
from recagent_tools.models.engine import Engine
from recagent_tools.rowset import RowSet
from recagent_tools.toolbox import ToolContext

from ..conftest import RunCommand
from .test_forgetting import store_of

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
SAID = (
    "a drama from the 90s",
    "more",
    "I loved Paper Lanterns",
    "why the first one?",
    "undo",
    "no thrillers",
    "save this as weekend",
    "forget that I loved Paper Lanterns",
    "something like Blue Static",
    "the second one but shorter",
    "never show me Laughing Stock again",
    "back to the first list",
    "surprise me",
    "how many films by Mia Stone are there?",
    "what do you know about me?",
    "I loved 1 and hated 2",
    "redo",
)


@pytest.fixture
def assistant(home: Path) -> Iterator[Assistant]:
    with Assistant("films", build=False) as made:
        yield made


def talk(assistant: Assistant) -> None:
    session = assistant.new_session()
    for text in SAID:
        assistant.ask(text, session=session, weights=["novelty=.5"] if text == "more" else [])
    assistant.operate([Operation("undo")], session=session)
    if session.shown:
        assistant.operate(session=session, drop=["#1"], where=["year > 1900"])


def test_every_kind_of_turn_gives_the_same_again(
    assistant: Assistant, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk(assistant)
    files = {p: p.read_bytes() for p in (home / "data").rglob("*") if p.is_file()}
    traces = assistant.traces()
    assert len(traces) >= len(SAID) + 1 and sum(len(t.calls) for t in traces) > 3 * len(SAID)
    assert len({call.tool for trace in traces for call in trace.calls}) >= 10
    again = [assistant.replay(trace.id) for trace in traces]
    told = {r.trace.utterance: (r.shown, r.calls, r.notes) for r in again if not r.same or r.notes}
    assert told == {}
    # Without the session's own candidates, out of the traces before it.
    monkeypatch.setattr(replays, "stand_at", lambda bus, told: False)
    for trace in (traces[0], traces[len(traces) // 2]):
        made = assistant.replay(trace.id)
        assert made.same and len(made.notes) == 1
    assert {p: p.read_bytes() for p in files} == files, "a replay writes nothing"


def rewritten(store: UserStore, id: int, change: Callable[[list[Any]], None]) -> None:
    """Change the lines of a stored trace, its checksum with them."""
    ((*values,),) = store.select(f"SELECT {COLUMNS} FROM traces WHERE id = ?", [id])
    lines = [json.loads(line) for line in values[-1].split("\n")]
    change(lines)
    values[-1] = "\n".join(map(json.dumps, lines))
    with store.transaction() as connection:
        connection.execute(
            "UPDATE traces SET lines = ?, checksum = ? WHERE id = ?",
            (values[-1], checksum(values), id),
        )


def call_of(lines: list[Any], tool: str) -> Any:
    return next(line for line in lines if line.get("tool") == tool)


@pytest.mark.parametrize(
    ("change", "outcome", "told"),
    [
        (lambda c: c.update(after=9), "counts", "→ 9 then"),
        (lambda c: c.update(first=["f01", *c["first"][1:]]), "items", "place 1 was f01, is "),
        (lambda c: c.update(digest="0"), "items", "others behind the first"),
        (lambda c: c.update(error=True, text="error: no such year"), "error", "no such year then"),
        (lambda c: c.update(text=c["text"].replace("19", "21", 1)), "result", "' then, '"),
        (lambda c: c.update(arguments=None), "not repeated", "too long"),
        (lambda c: c["arguments"].update(where=["year 1980..1989"]), "counts", " now"),
    ],
)
def test_what_differs_is_told(
    assistant: Assistant, change: Callable[[Any], None], outcome: str, told: str
) -> None:
    assistant.ask("a drama from the 90s")
    assert assistant.replay().same
    rewritten(assistant.store, 1, lambda lines: change(call_of(lines, "filter")))
    made = assistant.replay("last")
    found = next(call for call in made.calls if call.tool == "filter")
    assert not made.same and found.outcome == outcome and told in found.told


def test_other_data_models_and_forgotten_facts_are_said(assistant: Assistant) -> None:
    session = assistant.new_session()
    assistant.ask("I loved Paper Lanterns", session=session)
    assistant.ask("a drama", session=session)

    def other(lines: list[Any]) -> None:
        lines[0].update(models="other", known="other")

    rewritten(assistant.store, 2, other)
    made = assistant.replay()
    assert made.same and ["not those of then" in n or "known of you" in n for n in made.notes] == [
        1,
        1,
    ]
    rewritten(assistant.store, 2, lambda lines: lines[0].update(data="other"))
    with assistant.store.transaction() as connection:
        connection.execute("DELETE FROM traces WHERE id = 1")
    notes = assistant.replay().notes
    assert "data have changed" in notes[0] and "turn 1 before it" in notes[1]
    rewritten(assistant.store, 2, lambda lines: lines[-1].update(shown=["f01", "gone"]))
    assert "place 1 was f01" in assistant.replay().shown or "place 2" in assistant.replay().shown


def test_list_show_replay_and_keep(home: Path, recagent: RunCommand) -> None:
    assert "no trace yet" in recagent("trace", "list").err
    recagent("ask", "a drama from the 90s")
    recagent("ask", "--continue", "more")
    recagent("bus", "undo")
    ran = recagent("trace", "list")
    assert [line.split()[0] for line in ran.out.splitlines()] == ["id", "3", "2", "1"]
    assert max(map(len, ran.out.splitlines())) <= 80
    heads = json.loads(recagent("trace", "list", "--json").out)["traces"]
    assert [(h["id"], h["brain"], h["tokens"], h["utterance"]) for h in heads] == [
        (3, "builtin", None, "/undo"),
        (2, "builtin", None, "more"),
        (1, "builtin", None, "a drama from the 90s"),
    ]
    page = recagent("trace", "show", "-3").out
    assert "> a drama from the 90s" in page and "filter" in page and "list 1" in page
    assert max(map(len, page.splitlines())) <= 80
    lines = recagent("trace", "show", "last", "--format", "jsonl").out.splitlines()
    schema = json.loads((SCHEMAS / "recagent.trace-1.json").read_text())
    told = [json.loads(line) for line in lines]
    for line in told:
        jsonschema.validate(line, schema)
    assert (told[0]["id"], told[0]["turn"], told[-1]["event"]) == (3, 3, "end")
    ran = recagent("trace", "replay", "2", "--json")
    assert ran.code == 0 and json.loads(ran.out)["same"] is True
    assert "the same again" in recagent("trace", "replay", "1", "--strict").out
    rewritten(store_of(home), 1, lambda lines: call_of(lines, "filter").update(after=9))
    assert recagent("trace", "replay", "1").code == 0
    ran = recagent("trace", "replay", "1", "--strict")
    assert ran.code == 7 and "other counts" in ran.out and "it differs" in ran.out

    assert "shown it as an example" in recagent("trace", "keep", "2").err
    assert [line[:2] for line in recagent("trace", "list", "--kept").out.splitlines()] == [
        "id",
        "2*",
    ]
    assert recagent("trace", "keep", "2", "--undo").code == 0
    assert recagent("trace", "list", "--kept").out == ""
    assert recagent("trace", "show", "2", "--as", "ben").code == 3, "another's is none"
    for words, code in ((["99"], 3), (["-0"], 3), (["soon"], 4), (["-99"], 3), (["²"], 4)):
        ran = recagent("trace", "show", *words)
        assert (ran.code, ran.out) == (code, ""), words


EVIL = "\x1b[31mE\x9b\u202e\u200b\U000e0041"


def at_end(**fields: Any) -> Callable[[list[Any]], None]:
    return lambda lines: lines[-1].update(fields)


def at_head(**fields: Any) -> Callable[[list[Any]], None]:
    return lambda lines: lines[0].update(fields)


def at_calls(**fields: Any) -> Callable[[list[Any]], Any]:
    return lambda lines: [line.update(fields) for line in lines if line.get("event") == "call"]


ODD: list[Callable[[list[Any]], Any]] = [
    at_end(left_out=EVIL),
    at_end(list=EVIL),
    at_end(list=True),
    at_end(list=10**400),
    at_end(usage={"model": EVIL}),
    at_end(request=[1]),
    at_end(request={}),
    at_end(shown=[1]),
    at_end(shown=None),
    at_end(ms=EVIL),
    at_end(ms=float("nan")),
    at_end(**{"with": {"names": 3}}),
    at_head(began="x"),
    at_head(began=1e300),
    at_head(began=-1),
    at_head(before={}),
    at_head(before={"place": 1}),
    at_head(weights={"x": EVIL}),
    at_calls(arguments=[1]),
    at_calls(took_ms="nan"),
    at_calls(tool=None),
    at_calls(first="f01"),
    lambda lines: lines.insert(1, {"event": "model", "ms": 1}),
    lambda lines: lines.insert(1, {"event": ["call"], "ms": 1}),
    lambda lines: lines.insert(1, lines[-1]),
    lambda lines: lines.insert(1, 5),
]


def test_a_row_that_is_no_trace_is_left_out_like_a_damaged_one(assistant: Assistant) -> None:
    session = assistant.new_session()
    assistant.ask("a drama", session=session)
    assistant.ask("more", session=session)
    traces, store = assistant._traces, assistant.store
    lines = store.select("SELECT lines FROM traces WHERE id = 1", [])[0][0]
    for number, change in enumerate(ODD):
        rewritten(store, 1, lambda told: told.__setitem__(slice(None), whole(lines)))
        assert [trace.id for trace in traces.list()] == [2, 1]
        rewritten(store, 1, change)
        store.damaged.clear()
        assert [trace.id for trace in traces.list()] == [2], number
        assert store.damaged == ["trace 1"]
        with pytest.raises(BadInput, match="trace 1 cannot be read"):
            traces.get("1")
    for column, value in (("created", 1e300), ("created", "x"), ("lines", b"x"), ("turn", "x")):
        with store.transaction() as connection:
            connection.execute(f"UPDATE traces SET {column} = ? WHERE id = 1", (value,))
            (row,) = connection.execute(f"SELECT {COLUMNS} FROM traces WHERE id = 1")
            connection.execute("UPDATE traces SET checksum = ? WHERE id = 1", (checksum(row),))
        assert [trace.id for trace in traces.list()] == [2], column


def whole(lines: str) -> list[Any]:
    return [json.loads(line) for line in lines.split("\n")]


def test_no_character_of_a_trace_steers_a_terminal(home: Path, recagent: RunCommand) -> None:
    recagent("ask", "a drama")
    call: dict[str, Any] = {"before": 1, "after": 1, "took_ms": 1, "error": True, "text": EVIL}
    odd = [
        {"event": "call", "ms": 1, "tool": EVIL, "arguments": {EVIL: [EVIL, "Infinity"]}, **call},
        {"event": EVIL, "ms": 1, "x": EVIL},
        {"event": "plan", "ms": 1, "calls": 0, "problems": [EVIL], "then": "mend"},
        {"event": "plan", "ms": 1, "calls": 2, "then": ""},
    ]

    def change(lines: list[Any]) -> None:
        lines[1:1] = odd
        lines[0].update(utterance=EVIL, catalog=EVIL)
        lines[-1].update(text=EVIL, options=[EVIL], funnel=EVIL, brain=EVIL, shown=[EVIL])

    rewritten(store_of(home), 1, change)
    for words in (["show"], ["show", "--format", "jsonl"], ["show", "--json"], ["list"]):
        ran = recagent("trace", *words)
        assert ran.code == 0 and ran.out, (words, ran.err)
        assert not set(ran.out) & set("\x1b\x9b\u202e\u200b\U000e0041"), words
    lines = recagent("trace", "show", "--format", "jsonl").out.splitlines()
    assert json.loads(lines[1])["tool"] == EVIL, "escaped, and not lost"


def test_a_turn_that_went_badly_is_no_example(home: Path, recagent: RunCommand) -> None:
    recagent("ask", "a drama")
    store = store_of(home)
    for change, why in (
        (lambda lines: lines[-1].update(left_out=2), "too long"),
        (lambda lines: lines[-2].update(error=True), "its last call failed: present"),
        (lambda lines: lines.__delitem__(slice(1, -1)), "no tool did anything"),
        (lambda lines: lines[-1].update(cut=True), "cut its turn"),
    ):
        rewritten(store, 1, change)
        ran = recagent("trace", "keep", "1")
        assert ran.code == 4 and why in ran.err
    rewritten(store, 1, lambda lines: lines.pop())
    assert recagent("trace", "show", "1").code == 4
    assert "trace 1" in recagent("trace", "list").err


def test_the_newest_stay_and_those_that_are_kept(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_rows, "MAX_TRACES", 2)
    monkeypatch.setattr(trace_rows, "MAX_KEPT", 1)
    session, traces = assistant.new_session(), assistant._traces
    assistant.ask("a drama", session=session)
    traces.keep("last")
    for text in ("more", "undo", "redo"):
        assistant.ask(text, session=session)
    assert [(trace.id, trace.kept) for trace in assistant.traces()] == [
        (4, False),
        (3, False),
        (1, True),
    ]
    with pytest.raises(BadInput, match="1 traces are kept"):
        traces.keep("3")
    traces.unkeep("1")
    assistant.ask("more", session=session)
    assert [trace.id for trace in assistant.traces()] == [5, 4]
    with pytest.raises(NotFound):
        traces.unkeep("1")
    assert assistant.trace(5).head["turn"] == 5


def test_a_trace_that_cannot_be_written_costs_no_answer(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*of: Any) -> Any:
        raise RuntimeError("a plug-in's fault")

    with monkeypatch.context() as patch:
        patch.setattr("recagent_cli.agent.tracing._end_json", fails)
        session = assistant.new_session()
        turn = assistant.ask("a drama", session=session)
    told = "no trace of this turn: RuntimeError: a plug-in's fault"
    assert turn.items and told in [text for _, text in turn.notices]
    assert assistant.traces() == []
    assistant.ask("more", session=session)
    assert [trace.head["turn"] for trace in assistant.traces()] == [2] and assistant.replay().same


# -- the lines ------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=20),
    lambda part: (
        st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=8), part, max_size=3)
    ),
    max_leaves=8,
)


def tracing_of(films: Catalog) -> Tracing:
    return Tracing(0, ToolContext(films, Engine.open(films, Path("none")), CandidateBus(16)))


def ended(trace: Tracing) -> list[Any]:
    turn = Turn("u", "t", (), Request(Intent.RECOMMEND), (), (), "builtin", None, "s", "films")
    trace(TurnFinished(turn))
    return [json.loads(line) for line in trace.text().split("\n")]


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=4), st.text())
def test_whatever_a_model_writes_is_read_again(
    films: Catalog, arguments: dict[str, Any], text: str
) -> None:
    trace = tracing_of(films)
    trace(TurnStarted("said", "m"))
    trace(ToolFinished("1", "filter", arguments, 3, 2, 1.0, text))
    ended(trace)
    trace.text().encode()  # no lone surrogates, which no file can hold
    (call,) = read_trace(trace.text(), id=1).calls
    plain = json.dumps([arguments, text[:599]]).isascii() and "\\ud" not in json.dumps(
        [arguments, text]
    )
    if plain and len(text) <= 600:
        assert call.arguments == arguments and call.text == text


def test_a_trace_is_bounded_and_says_so(films: Catalog) -> None:
    trace = tracing_of(films)
    trace(TurnStarted("x" * 9_000, "m"))
    for n in range(200):
        trace(ToolFinished("1", "filter", {"n": n}, 3, 2, 1.0, "y" * 3_000))
    trace(ToolFinished("1", "look_up", {"sql": "z" * MAX_ARGUMENTS}, 3, 2, 1.0, ""))
    lines = ended(trace)
    assert len(trace.text()) < MAX_CHARS + 5_000 and lines[0]["utterance"].endswith("x…")
    assert lines[-1]["left_out"] == 201 - (len(lines) - 2) and lines[1]["text"].endswith("y…")
    trace = tracing_of(films)
    trace(ToolFinished("1", "look_up", {"sql": "z" * MAX_ARGUMENTS}, 3, 2, 1.0, ""))
    assert ended(trace)[1]["arguments"] is None


def test_why_a_plan_did_not_run_is_written_down_and_no_number_that_json_has_not(
    films: Catalog,
) -> None:
    trace = tracing_of(films)
    trace(PlanRead(0, ("nothing ends it", "x" * 900), "mend"))
    trace(ToolFinished("1", "filter", {"n": float("inf")}, 3, 2, 1.0, ""))
    plan = ended(trace)[1]
    assert plan["problems"][0] == "nothing ends it" and plan["problems"][1].endswith("x…")
    assert read_trace(trace.text(), id=1).calls[0].arguments == {"n": "Infinity"}


def test_no_key_is_traced(films: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = 'quoted"canary\\key-1234'
    monkeypatch.setitem(os.environ, "ACME_API_KEY", secret)
    trace = tracing_of(films)
    trace(TurnStarted(f"my key is {secret}", "m"))
    trace(Notice("fallback", f"no answer from http://me:{secret}@host/v1: Bearer\nabcdef0123456"))
    arguments = {f"at {secret}": [f"http://h/?key={secret}", {"x": "sk-abcdefgh12345678"}]}
    trace(ToolFinished("1", "look_up", arguments, 3, 2, 1.0, f"error:\nsk-zyxwvuts{secret}"))
    lines = ended(trace)
    text = json.dumps(lines)
    for piece in ("canary", "abcdefgh12345678", "zyxwvuts", "abcdef0123456", "me:"):
        assert piece not in text
    assert lines[0]["utterance"] == "my key is [key]" and lines[2]["arguments"]["at [key]"]


@given(st.sets(st.integers(0, 2_999)), st.integers(0, 9))
def test_a_glimpse_is_the_beginning_of_all(rows: set[int], count: int) -> None:
    held = RowSet.of_rows(sorted(rows), 3_000)
    assert [int(row) for row in held.first(count)] == sorted(rows)[:count]
    bus = CandidateBus(3_000)
    stage = replace(bus.now, candidates=held, after=held.count)
    seen = glimpse(stage)
    assert list(seen.rows) == [int(row) for row in stage.rows()[:5]]
    if rows:
        fewer = RowSet.of_rows(sorted(rows)[:-1], 3_000)
        assert glimpse(replace(stage, candidates=fewer)).digest != seen.digest
    backwards = stage.rows()[::-1].copy()
    assert (glimpse(replace(stage, order=backwards)).rows == seen.rows) == (len(rows) < 2)


def test_a_turn_that_did_without_a_refused_step_is_no_example(assistant: Assistant) -> None:
    assistant.ask("a drama from the 90s")
    toolbox = assistant.agent.toolbox

    def ranked(lines: list[dict[str, Any]]) -> dict[str, Any]:
        return next(one for one in lines[2:] if one.get("tool") == "rank")

    refused = {"event": "refused", "ms": 0.1, "tool": "rank", "problem": "no such argument"}
    rewritten(assistant.store, 1, lambda lines: lines.insert(1, refused))
    assert unfit(assistant.trace(1)) == "", "a later call of it ran"
    assert kept_example(assistant.trace(1), assistant.catalog, toolbox) is not None
    rewritten(assistant.store, 1, lambda lines: ranked(lines).update(error=True))
    assert "a call of rank was refused" in unfit(assistant.trace(1))
    assert kept_example(assistant.trace(1), assistant.catalog, toolbox) is None
    rewritten(assistant.store, 1, lambda lines: lines.remove(ranked(lines)))
    assert "a call of rank was refused" in unfit(assistant.trace(1))
