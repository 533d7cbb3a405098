"""`/profile` and `/incognito` in a running conversation."""

from __future__ import annotations

from pathlib import Path

import pytest

from recagent_cli.memory.event_rows import StoredEvent
from recagent_cli.memory.store import UserStore
from recagent_cli.ui.said_here import said_here
from tests.conftest import RunCommand


def chat(recagent: RunCommand, *lines: str, words: tuple[str, ...] = ()) -> str:
    ran = recagent("chat", *words, stdin="\n".join(lines) + "\n")
    assert ran.code == 0
    return ran.out + ran.err


def test_the_profile_is_seen_and_put_right_in_chat(home: Path, recagent: RunCommand) -> None:
    store = UserStore(home / "data" / "user.sqlite")
    told = chat(
        recagent,
        "I loved Paper Lanterns",
        "/profile",
        "/profile why Paper Lanterns",
        "/profile set genres=Western -1",
        "/profile all",
        "/profile frob",
        "/profile set Lanterns",
        "/profile why",
        "/profile pending",
        "/profile undo x",
    )
    assert "#1 Paper Lanterns (2001)" in told and "“I loved Paper Lanterns”" in told
    assert "you set genre Western to −1.00" in told and "dislikes genre Western" in told
    assert "/profile frob?" in told and "to which weight?" in told and "why what?" in told
    assert "nothing waits" in told and "which fact?" in told
    number = next(e.id for e in store.events("me") if e.kind == "set")
    assert "taken back" in chat(recagent, f"/profile undo #{number}")
    assert not any(e.kind == "set" for e in store.events("me"))


def test_incognito_begins_and_ends_in_a_running_chat(home: Path, recagent: RunCommand) -> None:
    store = UserStore(home / "data" / "user.sqlite")
    told = chat(
        recagent,
        "I loved Paper Lanterns",
        "/incognito",
        "I loved Blue Static, zzcanary",
        "/like 1",
        "/profile",
        "/incognito on",
        "/incognito off",
        "I hated Laughing Stock",
        "/incognito off",
    )
    assert "nothing is kept" in told and "not looked at here" in told and "not noted" in told
    assert "already incognito" in told and "gone" in told and "not incognito" in told
    (head,) = store.sessions("me")
    turns = store.session(head.id, "me").turns
    assert len(turns) == 2 and "Paper" in turns[0] and "Laughing" in turns[1]
    assert "zzcanary" not in store.path.read_bytes().decode("latin-1")
    noted = {(e.kind, e.item) for e in store.events("me") if e.item and e.kind != "shown"}
    assert noted == {("liked", "f05"), ("disliked", "f07")}


def test_a_chat_begun_incognito_can_end_it(home: Path, recagent: RunCommand) -> None:
    store = UserStore(home / "data" / "user.sqlite")
    lines = ("I loved Blue Static", "/incognito off", "westerns")
    chat(recagent, *lines, words=("--incognito",))
    (head,) = store.sessions("me")
    assert len(store.session(head.id, "me").turns) == 1 and not store.events("me", kinds=["liked"])


def test_notes_name_the_commands_of_the_chat(home: Path, recagent: RunCommand) -> None:
    UserStore(home / "data" / "user.sqlite").commit(
        events=[StoredEvent("me", "films", "never", "f03", source="file.csv", batch="b1")]
    )
    lines = ["westerns", "/why-not Orbit of Ash", "/profile why 1", "/profile undo 77", "/why 1"]
    told = " ".join(chat(recagent, *lines, "/profile undo --batch b1", "/profile").split())
    assert "you never want it again: /profile undo 1." in told
    assert "came with b1; /profile undo --batch b1" in told and "(/profile)" in told
    assert "taken back: #1" in told and "recagent profile" not in told
    assert "recagent profile show" in recagent("profile", "undo", "77").err


@pytest.mark.parametrize(
    ("there", "here"),
    [
        (
            "I'll take it; recagent profile undo 45 ends that",
            "I'll take it; /profile undo 45 ends that",
        ),
        ("is it? recagent profile pending", "is it? /profile pending"),
        ('nothing was asked (recagent ask "90s sci-fi")', 'nothing was asked ("90s sci-fi")'),
        (
            "bring a history: recagent profile import FILE",
            "bring a history: recagent profile import FILE",
        ),
        ("recagent profile pause --resume", "recagent profile pause --resume"),
    ],
)
def test_only_commands_that_the_chat_has_become_its_own(there: str, here: str) -> None:
    assert said_here(there) == here
