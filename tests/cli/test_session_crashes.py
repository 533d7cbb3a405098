"""Sessions whose process died, whose disk was full, or that two went on with at once."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from recagent_catalogs.locks import is_held
from recagent_cli.memory.store import UserStore

from ..conftest import RunCommand

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs kill -9 and limits")

CHAT = """
import os, resource, signal, sqlite3, sys
import recagent_cli.sessions as sessions
from recagent_cli.main import main
from recagent_cli.memory.store import UserStore

where, turn = sys.argv[1], int(sys.argv[2])
begun = done = 0
connect, commit, keep = sqlite3.connect, UserStore.commit, sessions.Sessions.keep

def die():
    os.kill(os.getpid(), signal.SIGKILL)

last = ""

def seen(sql):
    global begun, last
    # a statement is told once more for each trigger that it sets off
    begun += sql.startswith("INSERT INTO turns") and sql != last
    last = sql
    if begun == turn and sql.startswith({"half written": "INSERT INTO turns",
            "before the commit": "COMMIT"}.get(where, "nothing")):
        die()

def connected(*words, **more):
    connection = connect(*words, **more)
    connection.set_trace_callback(seen)
    return connection

def committed(self, **what):
    written = commit(self, **what)
    if where == "after the commit" and begun == turn:
        die()
    return written

def kept(self, session, told, begun=None):
    global done
    done += 1
    if where == "before it is kept" and done == turn:
        die()
    if where == "full disk" and done - turn in (0, 1):
        most = 4096 if done == turn else resource.RLIM_INFINITY
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    return keep(self, session, told, begun)

sqlite3.connect, UserStore.commit, sessions.Sessions.keep = connected, committed, kept
main(["chat", *sys.argv[3:]])
"""


def chat(where: str, turn: int, lines: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A chat in a process of its own, to which something happens in that turn."""
    paths = os.pathsep.join(os.path.abspath(part) for part in sys.path if part)
    return subprocess.run(
        [sys.executable, "-c", CHAT, where, str(turn), *words],
        input=lines,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": paths},
    )


def sound(store: UserStore) -> None:
    """The file is whole, no row is damaged and nobody holds a lock."""
    connection = sqlite3.connect(store.path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    for lock in store.path.parent.glob("*.lock"):
        assert not is_held(lock), lock
    assert store.events("me") is not None and store.sessions("me") and store.damaged == []


@pytest.mark.parametrize(
    ("where", "whole"),
    [
        ("before it is kept", 1),
        ("half written", 1),
        ("before the commit", 1),
        ("after the commit", 2),
    ],
)
def test_killed_in_a_turn_all_finished_ones_are_whole(
    recagent: RunCommand, home: Path, where: str, whole: int
) -> None:
    died = chat(where, 2, "westerns\nI loved Paper Lanterns, sci-fi\nx\n")
    assert died.returncode == -9, died.stderr
    store = UserStore(home / "data" / "user.sqlite")
    sound(store)
    (head,) = store.sessions("me")
    assert head.n_turns == whole
    facts = store.events("me")
    assert {fact.turn for fact in facts} == set(range(1, whole + 1)), "facts of whole turns only"
    assert [fact.kind for fact in facts].count("liked") == whole - 1
    ran = recagent("chat", "--continue", stdin="more\n/undo\n")
    assert ran.code == 0 and f"“westerns” ({whole} turn" in ran.err
    assert store.sessions("me")[0].n_turns == whole + 2


def test_killed_between_turns_nothing_is_lost(recagent: RunCommand, home: Path) -> None:
    paths = os.pathsep.join(os.path.abspath(part) for part in sys.path if part)
    process = subprocess.Popen(
        [sys.executable, "-m", "recagent_cli", "chat", "-q"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert process.stdin is not None and process.stdout is not None
    for line, told in (("sci-fi\n", "Sci-Fi"), ("/save mine\n", "Saved")):
        process.stdin.write(line)
        process.stdin.flush()
        while told not in process.stdout.readline():  # once it is told, it is kept
            assert process.poll() is None
    process.kill()
    process.communicate(timeout=30)
    store = UserStore(home / "data" / "user.sqlite")
    sound(store)
    assert "mine" in recagent("bus", "sets").out
    turn = json.loads(recagent("ask", "--continue", "no horror", "--json").out)
    assert turn["list"] == 2 and store.sessions("me")[0].n_turns == 3


def test_on_a_full_disk_answers_go_on_and_the_session_stays_whole(
    recagent: RunCommand, home: Path
) -> None:
    ran = chat("full disk", 2, "westerns\nsci-fi\ndramas\n")
    told = " ".join(ran.stderr.split())
    assert ran.returncode == 0, told
    assert told.count("this turn could not be kept") == 1 and "damaged" not in told, told
    assert "Sci-Fi" in ran.stdout and "drama" in ran.stdout, (ran.stdout, told)
    store = UserStore(home / "data" / "user.sqlite")
    sound(store)
    # The turn that could not be kept is kept with the next one.
    (head,) = store.sessions("me")
    assert head.n_turns == 3
    assert "list 3:" in recagent("chat", "--continue", stdin="/quit\n").err


def test_two_chats_on_one_session_keep_all_turns(recagent: RunCommand, home: Path) -> None:
    recagent("ask", "westerns")
    paths = os.pathsep.join(os.path.abspath(part) for part in sys.path if part)
    pair = [
        subprocess.Popen(
            [sys.executable, "-m", "recagent_cli", "chat", "--continue"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": paths},
        )
        for _ in range(2)
    ]
    told = [
        process.communicate(lines, timeout=60)
        for process, lines in zip(pair, ("sci-fi\nno horror\n", "dramas\nmore\n"), strict=True)
    ]
    assert [process.returncode for process in pair] == [0, 0], told
    store = UserStore(home / "data" / "user.sqlite")
    sound(store)
    (head,) = store.sessions("me")
    said = [json.loads(body)["utterance"] for body in store.session(head.id, "me").turns]
    assert said[0] == "westerns" and sorted(said) == sorted(
        ["westerns", "sci-fi", "no horror", "dramas", "more"]
    )
    assert recagent("chat", "--continue", stdin="more\n").code == 0
