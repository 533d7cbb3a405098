"""Slash commands of the chat, through a pipe: what they say, and what they leave in the store."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console
from syrupy.assertion import SnapshotAssertion

from recagent_cli.agent.brain import PastTurn, Usage
from recagent_cli.agent.kept import Kept
from recagent_cli.assistant import Assistant
from recagent_cli.memory.event_rows import StoredEvent
from recagent_cli.memory.store import UserStore
from recagent_cli.ui.chat import Chat
from recagent_cli.ui.chat_commands import COMMANDS, completions, help_rows, unknown
from recagent_cli.ui.help import Help

from ..conftest import Ran, RunCommand


def talk(recagent: RunCommand, *lines: str) -> tuple[str, str]:
    """What was printed as data and as talk, each as one line."""
    ran: Ran = recagent("chat", stdin="\n".join(lines))
    assert ran.code == 0 and "Traceback" not in ran.err
    return " ".join(ran.out.split()), " ".join(ran.err.split())


def noted(home: Path, *kinds: str) -> list[StoredEvent]:
    return UserStore(home / "data" / "user.sqlite").events("me", kinds=list(kinds))


def test_ratings_are_points_on_the_catalogs_scale(recagent: RunCommand, home: Path) -> None:
    _, said = talk(
        recagent, "westerns", "/rate 1 4.5", "/rate Paper Lanterns 4/5", "/rate 1 9", "/rate",
        "/rate 1 4.5.1", "/rate 99 3", "/rate 2 = 2",
    )  # fmt: skip
    assert [event.value for event in noted(home, "rated")] == [4.5, 4.0, 2.0]
    assert "noted, you give 4.5 to: The Long Field" in said
    assert re.search(r"9 is not on the scale of films: from [.\d]+ to 5", said)
    assert "/rate what? from" in said and "'4.5.1' is no number" in said
    assert "the list last shown has 2 items" in said


def test_the_watchlist(recagent: RunCommand, home: Path) -> None:
    out, said = talk(recagent, "/want", "westerns", "/want 2", "/want")
    assert "the watchlist is empty" in said and "on your watchlist: " in said
    (event,) = noted(home, "wanted")
    assert event.value == 1.0 and out.count("The Long Field (2012)") >= 1
    assert out.endswith("The Long Field (2012)")


def test_a_verdict_on_an_answer_makes_no_tastes_of_its_items(
    recagent: RunCommand, home: Path
) -> None:
    _, said = talk(recagent, "/good", "westerns", "/good", "/bad", "/bad 2", "/good 7")
    assert "there is no answer yet" in said and "say what is wrong" in said
    told = [event for event in noted(home, "said") if not event.column]  # not the mood
    assert [(e.item, e.text, e.value) for e in told] == [
        ("", "good answer to: westerns", 1.0),
        ("", "bad answer to: westerns", -1.0),
    ]
    assert len(noted(home, "rejected")) == 1 and not noted(home, "accepted")
    with Assistant("films") as assistant:
        profile = assistant.profile()
    assert not profile.liked and len(profile.disliked) == 1


def test_weights_hold_until_they_are_reset(recagent: RunCommand, home: Path) -> None:
    ran = recagent(
        "chat",
        stdin="sci-fi\n/weights novelty=2, diversity .3\n/weights novelty = 2\nsci-fi\n/weights\n"
        "/weights taste=1\n/weights novelty 99\n/weights novelty 0\n/weights reset\nsci-fi\n",
    )
    said = " ".join(ran.err.split())
    assert "weights: novelty 2; the next list goes by them" in said
    assert "no aspect 'taste'" in said and "novelty must be between" in said
    assert said.count("no weights") == 2
    lists = [part.split("Four")[0].strip() for part in ran.out.split("Sci-Fi films")[1:]]
    assert lists[0] == lists[2] != lists[1]
    assert "ranked: novelty 2" in said


def test_a_query(recagent: RunCommand, home: Path) -> None:
    out, said = talk(
        recagent, "/sql", "/sql SELECT title FROM items WHERE year = 1978", "/sql DROP TABLE items",
        "/sql SELECT title FROM items WHERE year = 1",
    )  # fmt: skip
    assert "The Long Field" in out and "/sql what?" in said and "no rows" in said
    assert said.index("no rows") > said.index("only SELECT") > said.index("/sql what?")


def test_the_list_goes_to_a_file_and_replaces_none(
    recagent: RunCommand, home: Path, tmp_path: Path
) -> None:
    path = tmp_path / "list.csv"
    _, said = talk(
        recagent, f"/export {path}", "westerns", f"/export {path}", f"/export {path}", "/export",
        f"/export {path}.docx", f"/export {tmp_path / 'no' / 'x.csv'}",
    )  # fmt: skip
    assert "there is no list to export yet" in said and "wrote 2 films" in said
    assert "is there already" in said and "/export to which file?" in said
    assert "the end of the name says what is written" in said and "cannot be written" in said
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    assert [row["rank"] for row in rows] == ["1", "2"] and "fit" not in rows[0]
    talk(recagent, "sci-fi", f"/export {path} !")
    assert len(path.read_text(encoding="utf-8").splitlines()) > 3


@pytest.mark.parametrize("flags", [(), ("--incognito",)])
def test_the_talk_goes_to_a_file(
    recagent: RunCommand, home: Path, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    page, data = tmp_path / "talk.md", tmp_path / "talk.json"
    lines = [f"/export {page}", "westerns", "no drama", f"/export {page}", f"/export {data}"]
    ran = recagent("chat", *flags, stdin="\n".join(lines))
    assert "there is nothing to export yet" in ran.err and ran.err.count("wrote 2 turns") == 2
    told = json.loads(data.read_text(encoding="utf-8"))
    assert told["schema"] == "recagent.session/1"
    assert [turn["utterance"] for turn in told["turns"]] == ["westerns", "no drama"]
    assert "**The Long Field (1978)**" in page.read_text(encoding="utf-8")
    if not flags:
        kept = json.loads(recagent("session", "export", "--json").out)
        assert kept["turns"] == told["turns"]


def test_the_last_session_is_taken_up(recagent: RunCommand, home: Path) -> None:
    assert "no earlier session" in talk(recagent, "/continue")[1]
    talk(recagent, "westerns")
    out, said = talk(recagent, "/continue", "who directed the second one?", "/continue")
    assert "going on with “westerns” (1 turn" in said and "1. The Long Field" in out
    assert "has begun already" in said


def test_weights_go_on_with_the_session(recagent: RunCommand, home: Path) -> None:
    talk(recagent, "/weights novelty=.5 diversity=.3", "westerns")
    assert "no weights" in talk(recagent, "/weights")[1]
    said = talk(recagent, "/continue", "/weights", "/weights reset", "/weights")[1]
    assert "weights: novelty .5, diversity .3" in said and said.endswith("diversity=.3")
    assert "weights: novelty .5" in recagent("chat", "--continue", stdin="/weights").err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--user", "nosuch"), 3, "no user 'nosuch'"),
        (("-m", "key=sk-12345678"), 4, "no name of a model"),
    ],
)
def test_what_cannot_be_is_told_at_the_start(
    recagent: RunCommand, home: Path, words: tuple[str, ...], code: int, told: str
) -> None:
    ran = recagent("chat", *words, stdin="westerns\n")
    assert ran.code == code and told in ran.err and not ran.out and "12345678" not in ran.err


def test_who_continues_a_session_continues_it_for_its_user(
    recagent: RunCommand, home: Path
) -> None:
    assert recagent("ask", "westerns", "--user", "u1").code == 0
    talk(recagent, "/continue", "more")
    told = json.loads(recagent("session", "export", "--json").out)
    assert [turn["user"] for turn in told["turns"]] == ["u1", "u1"]


def test_nothing_is_noted_incognito(recagent: RunCommand, home: Path) -> None:
    ran = recagent("chat", "--incognito", stdin="westerns\n/like 1\n/good\n/rate 1 5\n/want 1\n")
    assert ran.err.count("incognito") >= 4
    assert not noted(home, "liked", "said", "rated", "wanted")


def test_what_models_took(home: Path) -> None:
    with Assistant("films") as assistant:
        chat = Chat(assistant, assistant.new_session())
        told: list[str] = []
        setattr(chat, "note", told.append)  # noqa: B010
        run = {command.name: command.run for command in COMMANDS}
        run["/cost"](chat, "")
        assert "the built-in brain answered" in told[0]
        for usage in (Usage("m", 2, 1200, 80, 0.001), Usage("m", 1, 300, 20, None)):
            chat.session.turns.append(PastTurn("x", "y", (), kept=Kept(usage=usage)))
        run["/cost"](chat, "")
        assert told[-2] == "last answer of a model: m · 1 call · 300 + 20 tokens · cost unknown"
        assert told[-1] == (
            "this session: 2 answers · 3 calls · 1,500 + 100 tokens · "
            "at least $0.0010 (1 of 2 answers unknown)"
        )
        run["/new"](chat, "")
        run["/cost"](chat, "")
        assert "the built-in brain answered" in told[-1]


def test_commands_that_there_are_none_of_get_the_nearest() -> None:
    assert unknown("/wy").endswith("did you mean /why or /want or /why-not?")
    assert "/candidates" in unknown("/cand") and unknown("/zzz").endswith("/help lists them")


def test_all_that_was_promised_is_there() -> None:
    names = {command.name for command in COMMANDS}
    promised = (
        "help why why-not more undo redo save sets diff candidates weights like seen never good "
        "bad rate model cost sql export quit want dislike profile incognito"
    )
    assert names >= {f"/{name}" for name in promised.split()}


@pytest.mark.parametrize("width", [40, 80, 120])
def test_help_fits_a_screen(width: int, snapshot: SnapshotAssertion) -> None:
    told = printed(width, Help(help_rows()))
    assert told == snapshot
    assert all(cell_len(line) <= width for line in told.splitlines())
    if width >= 80:
        assert len(told.splitlines()) <= 22, "with the prompt below on 24 rows"


def printed(width: int, shown: object) -> str:
    file = io.StringIO()
    console = Console(_environ={}, file=file, width=width, force_terminal=True, color_system=None)
    console.print(shown)
    return file.getvalue()


def test_what_a_command_takes_is_completed(home: Path) -> None:
    with Assistant("films") as assistant:
        chat = Chat(assistant, assistant.new_session())
        chat.weights["novelty"] = 0.5
        assert ("novelty=", 3) in list(completions(chat, "/weights nov"))
        assert ("builtin", 1) in list(completions(chat, "/model b"))
        assert ("/weights", 3) in list(completions(chat, "/we"))
