"""Forked children: none comes back as a second parent, whatever happens in it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")

PLAYED = """
import json, os, signal, sys
from functools import partial
from pathlib import Path
from tests.hostile import forked

place, number = Path(sys.argv[1]), os.getpid()

def fails(): raise ValueError("in prepare")
def leaves(): raise SystemExit(3)
def closes(): os.close(2); fails()
def stops():
    signal.raise_signal(signal.SIGINT)
def stops_again():
    signal.signal(signal.SIGTERM, lambda *of: stops())  # while it ends
    os.write = lambda *of: signal.raise_signal(signal.SIGTERM)
    fails()
def cannot_leave():
    os._exit = lambda code: fails()
def counts(): forked.count_calls(place / "no" / "such" / "folder")
def forks():
    if forked.apart(fails) >= 0: fails()

ways = (fails, leaves, closes, stops, stops_again, cannot_leave, counts, forks)
codes = {}
for way in ways:
    ran = forked.run(["--version"], place, env={}, prepare=way, seconds=20)
    assert os.getpid() == number, "a second parent"
    codes[way.__name__] = ran.code
    with open(place / "alive", "a") as file: file.write(f"{os.getpid()}\\n")
codes["no folder"] = forked.wait(
    forked.apart(partial(forked._command, [], place / "nowhere", {}, fails)), place, 0.0, 1e9
).code
alive = (place / "alive").read_text().split()
assert alive == [str(number)] * len(ways), alive
print(json.dumps(codes))
"""


def test_whatever_happens_in_a_child_it_never_comes_back(tmp_path: object) -> None:
    paths = os.pathsep.join(os.path.abspath(part) for part in [".", *sys.path] if part)
    done = subprocess.run(
        [sys.executable, "-c", PLAYED, str(tmp_path)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": paths, "RECAGENT_HOME": str(tmp_path)},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    codes = json.loads(done.stdout)
    assert codes.pop("forks") == 98
    assert set(codes.values()) == {99} and len(codes) == 8


@pytest.mark.skipif(sys.platform != "linux", reason="needs prctl")
def test_a_child_ends_with_its_parent() -> None:
    code = (
        "import time, sys\nfrom tests.hostile import forked\n"
        "print(forked.apart(lambda: time.sleep(60)), flush=True)\ntime.sleep(60)"
    )
    paths = os.pathsep.join(os.path.abspath(part) for part in [".", *sys.path] if part)
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths},
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 5
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _runs(child)


def _runs(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
