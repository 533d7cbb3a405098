"""A profile never reads another's: whatever is asked as ben, nothing of ana's comes out."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from prompt_toolkit.history import FileHistory

from recagent_cli.commands import make_app
from recagent_cli.memory.event_rows import StoredEvent
from recagent_cli.memory.store import UserStore
from tests.conftest import RunCommand

WORD = "zzcanary"
LINES = f"/profile all\n/sets\n/lists\n/candidates\n/{WORD[:2]}\nmore\nwhat did I like?\n"
ASKED: dict[str, list[list[str]]] = {
    "profile": [
        ["show"], ["show", "--all"], ["show", "--json"], ["why", "1"], ["why", "Café Lumen"],
        ["pending"], ["pending", "list", "--json"], ["pending", "accept", "all"], ["export"],
        ["export", "-f", "csv"], ["undo"], ["undo", "1"], ["undo", "--batch", "b1"],
        ["forget", "1", "--yes"], ["forget", "Café Lumen", "--yes"], ["forget", "--since", "1d"],
        ["pause"], ["resume"], ["set", "Café Lumen", ".5"], ["import", "/dev/null"],
    ],
    "session": [["list"], ["list", "--json"], ["show"], ["show", "ID"], ["export"],
                ["export", "ID"], ["delete", "ID"]],
    "bus": [["show"], ["show", "--all"], ["lists"], ["sets"], ["history"], ["history", "--json"],
            ["diff"], ["undo"], ["redo"], ["list", "1"], ["save", "mine"], ["load", "mine"],
            ["forget", "mine"], ["union", "1"], ["minus", "1"], ["intersect", "1"],
            ["drop", "1"], ["filter", "year < 1990"], ["show", "--session", "ID"]],
}  # fmt: skip
OTHERS = [
    ["ask", "--continue", "more"], ["ask", "what have I liked?"], ["ask", "westerns"],
    ["ask", "--session", "ID", "more"], ["chat", "--continue"], ["chat"], ["recommend"],
    ["why", "1"], ["why-not", "Night Harbour"], ["compare", "1", "2"], ["doctor"],
    ["tools", "call", "user_info"], ["recommend", "--dry-run"],
]  # fmt: skip


@pytest.fixture
def ana(home: Path, recagent: RunCommand) -> str:
    """The id of ana's session; her facts are the first of the store."""
    store = UserStore(home / "data" / "user.sqlite")
    facts = [
        StoredEvent("ana", "films", "liked", "f12", source=f"{WORD} of ana", batch="b1"),
        StoredEvent("ana", "films", "liked", column="tags", text=WORD),
        StoredEvent("ana", "films", "proposed", column="tags", text=f"{WORD} rain", because=1),
        StoredEvent("ana", "films", "said", text=WORD),
    ]
    store.commit(events=facts)
    recagent("ask", f"I loved Paper Lanterns, {WORD}", "--as", "ana")
    recagent("bus", "save", WORD, "--as", "ana")
    FileHistory(str(home / "data" / "chat-history-ana")).store_string(WORD)
    return store.sessions("ana")[0].id


def test_nothing_of_another_profile_is_printed(ana: str, home: Path, recagent: RunCommand) -> None:
    assert WORD in recagent("profile", "show", "--as", "ana").out
    store = UserStore(home / "data" / "user.sqlite")
    hers = store.events("ana", undone=True)
    for words in [*([group, *rest] for group in ASKED for rest in ASKED[group]), *OTHERS]:
        said = [ana if word == "ID" else word for word in words]
        ran = recagent(*said, "--as", "ben", stdin=LINES if words[0] == "chat" else "")
        told = ran.out + ran.err
        assert WORD not in told.lower(), words
        assert "ID" in words or ana not in told, words
        assert "our own fault" not in told, words
    assert store.events("ana", undone=True) == hers and store.sessions("ana")[0].id == ana
    for name, path in {"out.jsonl": "me", "out.csv": "table"}.items():
        recagent("profile", "export", str(home / name), "--as", "ben")
        assert WORD not in (home / name).read_text(encoding="utf-8"), path


def test_every_command_that_reads_a_profile_is_asked() -> None:
    for group, asked in ASKED.items():
        click = typer.main.get_command(make_app(group)).commands[group]  # type: ignore[attr-defined]
        assert set(click.commands) <= {words[0] for words in asked}, group


@pytest.mark.parametrize("name", ["../ana", "a b", "", "x" * 65])
def test_a_profile_is_called_by_letters_and_digits(recagent: RunCommand, name: str) -> None:
    ran = recagent("profile", "show", "--as", name)
    assert ran.code == 2 and "profile's name" in ran.err
