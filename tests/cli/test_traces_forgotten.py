"""Traces and lessons hold what was said and shown: what is forgotten is in none of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recagent_cli.memory.backups import back_up
from recagent_cli.memory.checksums import checksum
from recagent_cli.memory.store import UserStore
from recagent_cli.memory.trace_rows import new_trace, traces_of, write_trace

from ..conftest import RunCommand
from .test_forgetting import WORD, holding, store_of

HEAD = json.dumps({"schema": "recagent.trace/1", "utterance": "westerns"})
END = json.dumps({"event": "end", "text": "", "shown": [], "brain": "builtin"})


def add_trace(store: UserStore, session: str, event: dict[str, object], **head: object) -> int:
    """A trace of that session with one more event."""
    lines = [json.dumps({**json.loads(HEAD), **head}), json.dumps(event), END]
    with store.transaction() as connection:
        trace = new_trace("me", "films", session, 1, "\n".join(lines))
        return write_trace(connection, trace)


def add_lesson(store: UserStore, session: str, text: str) -> None:
    row = ("me", "films", session, 1e9, text)
    with store.transaction() as connection:
        connection.execute(
            "INSERT INTO lessons (profile, catalog, session, created, text, checksum)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (*row, checksum(row)),
        )


@pytest.mark.parametrize(
    "event",
    [
        {"event": "call", "text": f"films of the {WORD} kind"},
        {"event": "call", "arguments": {"where": [f'tags has "{WORD}"']}},
        {"event": "call", "arguments": {WORD: 1}},
        {"event": "notice", "kind": "noted", "text": f"noted: {WORD}"},
    ],
)
def test_words_in_a_trace_go_and_its_session_stays(
    home: Path, recagent: RunCommand, event: dict[str, object]
) -> None:
    store = store_of(home)
    recagent("ask", "westerns")
    kept = store.sessions("me")[0].id
    number = add_trace(store, kept, event)
    add_lesson(store, kept, f"no {WORD} there is")
    add_lesson(store, kept, "another one")
    assert back_up(store) is not None or holding(home, WORD)
    ran = recagent("profile", "forget", WORD, "--yes", "--json")
    told = json.loads(ran.out)
    assert (told["sessions"], told["traces"], told["lessons"]) == (0, 1, 1)
    assert holding(home, WORD) == set()
    assert store.sessions("me")[0].id == kept
    assert [trace.turn for trace in traces_of(store, "me")] == [1]
    assert all(trace.id != number for trace in traces_of(store, "me"))
    assert store.select("SELECT text FROM lessons", []) == [("another one",)]


def test_traces_go_with_their_session_and_by_every_form_of_forgetting(
    home: Path, recagent: RunCommand
) -> None:
    store = store_of(home)
    for word in ("one", "two", "three", "four"):
        recagent("ask", f"westerns {WORD}{word}")
        add_lesson(store, store.sessions("me")[0].id, f"lesson {WORD}{word}")
    four, three, two, one = (head.id for head in store.sessions("me"))
    assert len(traces_of(store, "me")) == 4 and f"{WORD}one" in traces_of(store, "me")[-1].lines
    assert recagent("session", "delete", one, "--yes").code == 0
    assert holding(home, f"{WORD}one") == set()
    assert recagent("profile", "forget", "--session", two, "--yes").code == 0
    assert holding(home, f"{WORD}two") == set()
    assert recagent("profile", "forget", "--since", "1h", "--yes").code == 0
    assert holding(home, f"{WORD}three") == holding(home, f"{WORD}four") == set()
    recagent("ask", f"westerns {WORD}")
    assert recagent("profile", "forget", "-c", "films", "--yes").code == 0
    assert holding(home, WORD) == set() and traces_of(store, "me") == []
    recagent("ask", f"westerns {WORD}")
    add_lesson(store, store.sessions("me")[0].id, "a lesson")
    with store.transaction() as connection:  # what a damaged row holds cannot be known
        connection.execute("UPDATE traces SET lines = lines || ' '")
        connection.execute("UPDATE lessons SET text = text || ' '")
    assert traces_of(store, "me") == [] and store.damaged[-1].startswith("trace ")
    assert recagent("profile", "forget", "nothing like this", "--yes").code == 0
    for table in ("traces", "lessons"):
        assert store.select(f"SELECT count(*) FROM {table}", []) == [(0,)]
    assert recagent("profile", "forget", "--all", "--yes").code == 0
    assert holding(home, WORD) == set()


def test_an_item_that_a_trace_shows_is_nowhere_after(home: Path, recagent: RunCommand) -> None:
    store = store_of(home)
    recagent("ask", "I loved Paper Lanterns")
    recagent("ask", "dramas")
    recagent("ask", "who are you?")
    shown = [trace for trace in traces_of(store, "me") if "Paper Lanterns" in trace.lines]
    assert shown
    fact = next(event for event in store.events("me", kinds=["liked"]))
    assert recagent("profile", "forget", str(fact.id), "--yes").code == 0
    assert all("Paper Lanterns" not in trace.lines for trace in traces_of(store, "me"))
    assert traces_of(store, "me"), "one that tells of something else stays"


def test_incognito_and_paused_turns_leave_no_trace(home: Path, recagent: RunCommand) -> None:
    store = store_of(home)
    recagent("ask", "westerns", "--incognito")
    recagent("profile", "pause")
    recagent("ask", "westerns")
    assert traces_of(store, "me") == []
    recagent("profile", "resume")
    recagent("ask", "westerns")
    assert len(traces_of(store, "me")) == 1
