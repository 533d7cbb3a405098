"""A profile as JSON lines: what goes out comes back, and what strangers write is held at bay."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recagent_catalogs.errors import BadInput, UsageError
from recagent_catalogs.text import clean
from recagent_cli.memory.event_rows import EVENT_KINDS, StoredEvent
from recagent_cli.memory.export import export_lines, is_export, read_export
from recagent_cli.memory.names import check_profile
from recagent_cli.memory.store import UserStore

WORDS = st.text(max_size=40).map(lambda text: clean(text))
NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def facts(draw: st.DrawFn) -> StoredEvent:
    of_value = draw(st.booleans())
    return StoredEvent(
        "me",
        draw(WORDS),
        draw(st.sampled_from(EVENT_KINDS)),
        "" if of_value else draw(WORDS),
        draw(NUMBERS),
        text=draw(WORDS),
        source=draw(WORDS),
        session=draw(WORDS),
        turn=draw(st.none() | st.integers(0, 10**6)),
        time=draw(st.integers(10**6, 10**16)) / 1e6,
        undone=draw(st.integers(0, 1)),
        column=draw(WORDS) if of_value else "",
        batch=draw(WORDS),
        because=draw(st.integers(0, 10**6)),
        id=draw(st.integers(1, 10**6)),
    )


def untitled(catalog: str, item: str) -> tuple[str, int | None]:
    return "", None


@settings(max_examples=50)
@given(st.lists(facts(), max_size=5))
def test_an_export_reads_back_as_it_was(events: list[StoredEvent]) -> None:
    lines = list(export_lines(events, "me", untitled, now=1e9))
    assert is_export(lines[0]) and json.loads(lines[0])["facts"] == len(events)
    assert all("\n" not in line for line in lines)
    again = read_export(lines, "me")
    assert [replace(e, time=0.0) for e in again] == [replace(e, time=0.0) for e in events]
    assert [e.time for e in again] == pytest.approx([e.time for e in events], abs=2e-6)
    assert {e.profile for e in read_export(lines, "ana")} <= {"ana"}


GOOD = json.loads(
    list(export_lines([StoredEvent("me", "films", "liked", "f01", id=3)], "me", untitled, now=0))[1]
)
HEAD = '{"schema": "recagent.profile/1"}'


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "[]",
        "{}",
        "[" * 100_000,
        json.dumps({**GOOD, "kind": "adored"}),
        json.dumps({**GOOD, "time": "yesterday"}),
        json.dumps({**GOOD, "time": "9999-12-31T23:59:59-23:59"}),
        json.dumps({**GOOD, "value": "many"}),
        json.dumps({**GOOD, "value": 1e999}),
        json.dumps({**GOOD, "item": ["f01"]}),
        json.dumps({**GOOD, "column": "genres"}),
        json.dumps({**GOOD, "turn": 1e999}),
        json.dumps({**GOOD, "turn": 1e30}),
        json.dumps({**GOOD, "fact": 1e999}),
        json.dumps({**GOOD, "fact": -1}),
        json.dumps({**GOOD, "because": 10**23}),
    ],
)
def test_a_wrong_line_is_named(line: str) -> None:
    with pytest.raises(BadInput, match=r"^mine\.jsonl:3: "):
        read_export([HEAD, json.dumps(GOOD), line], "me", path="mine.jsonl")
    with pytest.raises(BadInput, match=r"^mine\.jsonl:1: "):
        read_export([line], "me", path="mine.jsonl")


def test_what_is_read_obeys_no_terminal() -> None:
    hostile = json.dumps({**GOOD, "source": "\x1b[2Jhello\u202e", "item": "f01\x07"})
    (event,) = read_export([HEAD, hostile], "me")
    assert (event.source, event.item) == ("hello", "f01")


def test_numbers_are_given_anew_and_never_twice(tmp_path: Path) -> None:
    store = UserStore(tmp_path / "user.sqlite")
    store.commit(events=[StoredEvent("ana", "films", "seen", "f09")])
    cause = StoredEvent("me", "films", "liked", "f01", id=40)
    learned = StoredEvent("me", "films", "learned", column="genres", text="Drama", because=40)
    store.commit(events=[cause, learned, replace(learned, because=7)])
    first, second, third = store.events("me")
    assert (first.id, second.because, third.because) == (2, 2, 7)
    store.undo_event(third)
    assert len(store.events("me")) == 2 and len(store.events("me", undone=True)) == 3


@pytest.mark.parametrize("name", ["me", "ana-2", "José", "Jose\u0301", "x" * 64])
def test_a_name_of_letters_and_digits_is_one(name: str) -> None:
    assert check_profile(name) == name.replace("e\u0301", "é")


@pytest.mark.parametrize("name", ["", " ", "a b", "../x", "a/b", "x" * 65, "a\n", "a\x1b[m", "a'"])
def test_another_is_none(name: str) -> None:
    with pytest.raises(UsageError, match="profile's name"):
        check_profile(name)
