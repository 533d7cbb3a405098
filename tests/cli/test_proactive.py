"""What the chat suggests unasked: once, at the beginning, to a person, and never after a no."""

from __future__ import annotations

from pathlib import Path

import pytest

from recagent_cli.memory.event_rows import StoredEvent
from recagent_cli.memory.store import UserStore

from ..conftest import RunCommand


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard input and output are as if a person sat there."""
    monkeypatch.setattr("recagent_cli.ui.proactive.is_person", lambda: True)


def note(home: Path, kind: str, item: str) -> None:
    store = UserStore(home / "data" / "user.sqlite")
    store.commit(events=[StoredEvent("me", "films", kind, item, source="test")])


def suggestions(home: Path) -> list[str]:
    events = UserStore(home / "data" / "user.sqlite").events("me", kinds=["shown"])
    return [event.item for event in events if event.source == "suggestion"]


def suggested(recagent: RunCommand, *words: str, said: str = "/quit\n") -> int:
    ran = recagent("chat", *words, stdin=said)
    assert ran.code == 0 and "new for you" not in ran.out
    return ran.err.count("new for you")


@pytest.mark.usefixtures("person")
def test_one_a_session_with_its_reason_and_how_to_end_it(recagent: RunCommand, home: Path) -> None:
    assert suggested(recagent) == 0, "nothing is known of the person"
    note(home, "liked", "f03")
    ran = recagent("chat", stdin="westerns\n/new\nthanks\nsci-fi\n")
    told = " ".join(ran.err.split())
    assert told.count("new for you") == 1
    assert "because you like Orbit of Ash · /digest shows more, /digest off ends this" in told
    assert suggested(recagent) == 0, "nothing was noted since"
    note(home, "liked", "f05")
    assert suggested(recagent) == 1
    assert len(set(suggestions(home))) == 2, "another one"
    assert set(suggestions(home)).isdisjoint(
        recagent("digest", "-n", "10", "-f", "ids").out.split()
    ), "nor does a digest tell it again"


@pytest.mark.usefixtures("person")
def test_whoever_refused_the_last_one_is_left_alone(
    recagent: RunCommand, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note(home, "liked", "f03")
    assert suggested(recagent) == 1
    note(home, "rejected", suggestions(home)[0])
    note(home, "liked", "f05")
    assert suggested(recagent) == 0
    monkeypatch.setattr("recagent_cli.ui.proactive.QUIET_S", 0.0)
    assert suggested(recagent) == 1, "the week is over"


def test_never_where_it_is_not_wanted_or_nobody_reads(
    recagent: RunCommand, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note(home, "liked", "f03")
    assert suggested(recagent, said="westerns\n") == 0, "a pipe"
    monkeypatch.setattr("recagent_cli.ui.proactive.is_person", lambda: True)
    for words in (["--incognito"], ["--continue"], ["--user", "u1"], ["--quiet"]):
        assert suggested(recagent, *words) == 0, words
    recagent("profile", "pause")
    assert suggested(recagent) == 0
    recagent("profile", "resume")
    recagent("config", "set", "proactive", "off")
    assert suggested(recagent) == 0
    recagent("config", "set", "proactive", "on")
    assert "new for you" not in recagent("ask", "sci-fi").err
    assert not suggestions(home)
    assert suggested(recagent) == 1


@pytest.mark.usefixtures("person")
def test_asked_for_in_chat_and_ended_for_good(recagent: RunCommand, home: Path) -> None:
    note(home, "liked", "f03")
    ran = recagent("chat", "--quiet", stdin="/digest\n/digest\n")
    assert ran.out.count("because you like Orbit of Ash") == 3, "once"
    ran = recagent("chat", stdin="/digest\n/digest what\n/digest off\n")
    told = " ".join(ran.err.split())
    assert "since today nothing came that fits you" in told and "/digest what?" in told
    assert "nothing is suggested any more" in told
    note(home, "liked", "f05")
    assert suggested(recagent) == 0
    assert suggested(recagent, said="/digest on\n") == 0
    assert suggested(recagent) == 1
    assert "incognito" in recagent("chat", "--incognito", stdin="/digest\n").err
