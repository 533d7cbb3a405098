"""kill -9 at the n-th write, rename, sync or statement: what was there stays, all opens again."""

from __future__ import annotations

import errno
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from recagent_catalogs.errors import BadInput
from recagent_cli import main
from recagent_cli.faults import as_fault
from recagent_cli.memory import store_file
from recagent_cli.memory.event_rows import StoredEvent
from recagent_cli.memory.store import UserStore

from ..conftest import RunCommand
from ..hostile import faults

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")

KILLS = """
import json, random, sys
from functools import partial
from pathlib import Path
from tests.hostile import faults, forked

home, place = Path(sys.argv[1]), Path(sys.argv[2])
forked.warm_up()
rng, told, hits = random.Random(), [], 0
writers = ((3, ["ask", "I loved Paper Lanterns"]), (7, ["profile", "set", "Blue Static", "like"]))
for kills, words in writers:
    forked.run(words, place, env={}, prepare=partial(forked.count_calls, place / "calls"))
    calls = int((place / "calls").read_text())
    for _ in range(kills):
        before, call = faults.facts(home), rng.randint(1, calls)
        ran = forked.run(words, place, env={}, prepare=partial(forked.die_at, call))
        hits += ran.code == -9
        wrong = list(faults.kept(home, before, "facts", ran.out, ran.code))
        told += [f"{words[0]} at {call} of {calls}: {one}" for one in wrong]
print(json.dumps([hits, told]))
"""


def test_ten_kills_lose_nothing_that_was_there(
    recagent: RunCommand, home: Path, tmp_path: Path
) -> None:
    paths = os.pathsep.join(os.path.abspath(part) for part in [".", *sys.path] if part)
    done = subprocess.run(
        [sys.executable, "-c", KILLS, str(home), str(tmp_path / "ran")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    hits, told = json.loads(done.stdout)
    assert told == [] and hits >= 8
    assert recagent("profile", "set", "Blue Static", "like").code == 0
    checked = recagent("doctor", "--json")
    assert list(faults.doctor_is_content(checked)) == []


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device", "x"),
        sqlite3.OperationalError("database or disk is full"),
        RuntimeError('FATAL Error: Could not write file "x": No space left on device'),
    ],
)
def test_a_full_disk_is_told_as_such_whoever_found_it_full(error: Exception) -> None:
    assert as_fault(error).message.startswith("the disk is full")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_an_error_that_cannot_be_written_as_json_is_told_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is left to flush is thrown away, so that the interpreter can end."""
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main._tell(BadInput("no such thing"), ["ask", "--json"]) == 4
    assert capsys.readouterr().err == "recagent: no such thing\n"


def test_ctrl_c_is_heard_while_another_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_file, "BUSY_TIMEOUT_S", 3.0)
    store = UserStore(tmp_path / "user.sqlite")
    liked = StoredEvent("me", "films", "liked", "f01")
    store.commit(events=[liked])

    def pressed(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(store_file, "BUSY_STEP_MS", 20)
    before = signal.signal(signal.SIGALRM, pressed)
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        try:
            with pytest.raises(KeyboardInterrupt):
                store.commit(events=[liked])
        finally:
            signal.signal(signal.SIGALRM, before)
        assert time.monotonic() - started < 1.5
        other.execute("ROLLBACK")
    store.commit(events=[liked])
    assert len(store.events("me")) == 2


def test_what_the_system_refuses_is_no_fault_of_ours() -> None:
    told = as_fault(PermissionError(errno.EACCES, "Permission denied", "/data/bus.lock"))
    assert told.message == "/data/bus.lock: the system refuses: Permission denied"
