"""`recagent bus`: the candidates of a session as scripts use them, one process after the other."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ..conftest import RunCommand, copy_home
from .test_commands import valid


@pytest.fixture(autouse=True)
def _home(home: Path) -> None:
    """Every test here has a home of its own."""


TALKED: dict[Path, str] = {}
"""The session in each home that was kept."""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the home of the first test that talked is kept for the others."""
    return tmp_path_factory.mktemp("talked") / "home"


@pytest.fixture
def session(recagent: RunCommand, home: Path, kept: Path) -> str:
    """Two lists: films from 1990 on, and those without horror."""
    if kept not in TALKED:
        first = valid(recagent("ask", "a film from 1990 to 2020", "--json").out)
        assert recagent("bus", "save", "early").code == 0
        recagent("ask", "--continue", "no thrillers")
        shutil.copytree(home, kept)
        TALKED[kept] = str(first["session"])
    else:
        shutil.rmtree(home)
        copy_home(kept, home)
    return TALKED[kept]


def ids(recagent: RunCommand, *words: str) -> list[str]:
    ran = recagent("bus", *words, "--format", "ids")
    assert ran.code == 0, ran.err
    return ran.out.split()


def report(recagent: RunCommand, *words: str) -> Any:
    body = valid(recagent("bus", *words, "--json").out)
    assert body["schema"] == "recagent.report/1"
    return body


def test_a_script_goes_back_and_forth(recagent: RunCommand, session: str) -> None:
    second = ids(recagent, "show")
    first = ids(recagent, "undo")
    assert first != second and ids(recagent, "show") == first
    assert ids(recagent, "redo") == second and ids(recagent, "list", "1") == first
    assert ids(recagent, "list", "-1") == second == ids(recagent, "show", "--session", session)
    turn = valid(recagent("bus", "undo", "--json").out)
    assert (turn["schema"], turn["list"], turn["session"]) == ("recagent.turn/1", 1, session)
    assert [item["id"] for item in turn["items"]] == first


def test_all_candidates_in_any_format(recagent: RunCommand, session: str) -> None:
    everyone = ids(recagent, "show", "--all")
    body = report(recagent, "show")
    assert len(everyone) == body["candidates"] and len(body["items"]) == 5
    assert body["list"] == 2 and body["lists"] == 2 and body["sets"] == ["early"]
    assert body["funnel"].startswith("16 → ")
    assert ids(recagent, "show", "--all", "-n", "3") == everyone[:3]
    rows = list(csv.DictReader(io.StringIO(recagent("bus", "show", "--all", "-f", "csv").out)))
    lines = recagent("bus", "show", "--all", "-f", "jsonl").out.splitlines()
    items = valid(recagent("bus", "show", "--all", "--json").out)["items"]
    assert [row["id"] for row in rows] == [json.loads(line)["id"] for line in lines] == everyone
    assert [item["id"] for item in items] == everyone
    assert f"{body['candidates']} candidates · list 2: 16 → " in recagent("bus", "show").out


def test_sets(recagent: RunCommand, session: str) -> None:
    early, now = ids(recagent, "load", "early"), ids(recagent, "list", "2")
    assert ids(recagent, "intersect", "early") == [id for id in now if id in early]
    recagent("bus", "undo")
    left = ids(recagent, "minus", "early", "-n", "3")
    assert len(left) == 3 and not set(left) & set(early)
    assert ids(recagent, "union", "early", "-n", "20")[:3] == left
    assert recagent("bus", "save", "everything", "--all").code == 0
    told = {one["set"]: one["items"] for one in report(recagent, "sets")["sets"]}
    assert told["early"] == 5 and told["everything"] == report(recagent, "show")["candidates"]
    assert "early" in recagent("bus", "sets").out
    recagent("bus", "forget", "early")
    assert recagent("bus", "load", "early").code == 3


def test_dropping_and_filtering(recagent: RunCommand, session: str) -> None:
    now = ids(recagent, "show")
    left = ids(recagent, "drop", "2", now[3])
    assert [id for id in left if id in now] == [now[0], now[2], now[4]]
    assert all(
        item["year"] < 2005
        for item in valid(recagent("bus", "filter", "year < 2005", "--json").out)["items"]
    )
    ran = recagent("bus", "filter", "year < 1900")
    assert ran.code == 0 and "None of its films fits" in ran.out
    assert report(recagent, "show")["list"] == 4, "what stood before stands"


def test_lists_history_and_differences(recagent: RunCommand, session: str) -> None:
    told = report(recagent, "lists")["lists"]
    assert [(one["list"], one["asked"], one["stands"]) for one in told] == [
        (1, "a film from 1990 to 2020", False),
        (2, "no thrillers", True),
    ]
    stages = report(recagent, "history")["stages"]
    assert [one["stage"] for one in stages] == list(range(len(stages)))
    assert [one["list"] for one in stages if one["list"]] == [1, 2]
    assert sum(one["here"] for one in stages) == 1
    changed = report(recagent, "diff")
    assert (changed["from"], changed["to"]) == ("list 1", "list 2")
    first, second = ids(recagent, "list", "1"), ids(recagent, "list", "2")
    assert [item["id"] for item in changed["gone"]] == [id for id in first if id not in second]
    assert [item["id"] for item in changed["added"]] == [id for id in second if id not in first]
    assert changed["only_to"] == ["genres lacks Thriller"]
    back = report(recagent, "diff", "2", "1")
    assert (back["added"], back["gone"]) == (changed["gone"], changed["added"])
    same = report(recagent, "diff", "1", "early")
    assert not same["added"] and not same["gone"] and not same["moved"]
    for words in (["lists"], ["history"], ["diff"]):
        assert recagent("bus", *words).out.count("\n") > 2


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["show", "--session", "nope"], 3, "session list"),
        (["show", "-c", "games"], 3, "no session"),
        (["load", "nope"], 3, "early"),
        (["forget", "nope"], 3, "early"),
        (["minus", "list 9"], 3, "lists 1 to 2"),
        (["list", "9"], 3, "lists 1 to 2"),
        (["diff", "1", "9"], 3, "lists 1 to 2"),
        (["diff", "nope"], 3, "nope"),
        (["drop", "9"], 3, "5 items"),
        (["drop", "Zzzz"], 3, "not in this catalog"),
        (["filter", "colour has red"], 4, "columns"),
        (["redo"], 3, "nothing to redo"),
        (["save", "list 2"], 4, "name of a list"),
        (["list", "x"], 2, "number"),
        (["sets", "--format", "csv"], 2, "table or json"),
    ],
)
def test_a_mistake_gets_one_clear_line_and_its_code(
    recagent: RunCommand, session: str, words: list[str], code: int, said: str
) -> None:
    ran = recagent("bus", *words)
    assert ran.code == code, ran.err
    assert said in ran.err and len(ran.err.splitlines()) <= 3
    assert report(recagent, "show", "--session", session)["list"] == 2


def test_session_show_names_the_lists(recagent: RunCommand, session: str) -> None:
    told = valid(recagent("session", "show", "--json").out)["turns"]
    assert [turn["list"] for turn in told] == [1, 1, 2]
    assert "> no thrillers  (list 2)" in recagent("session", "show").out


def test_scripts_at_once_lose_no_change(recagent: RunCommand, session: str) -> None:
    everyone = ids(recagent, "show", "--all")
    gone = everyone[:3]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [sys.executable, "-m", "recagent_cli", "bus", "drop"]
    running = [subprocess.Popen([*command, id, "-q"], env=environment) for id in gone]
    assert [process.wait(timeout=120) for process in running] == [0, 0, 0]
    assert ids(recagent, "show", "--all") == everyone[3:]
    assert len(report(recagent, "lists")["lists"]) == 5
