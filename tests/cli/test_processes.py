"""Whole processes: closed pipes, Ctrl-C, two at once, a library that is missing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes of POSIX")


START = (
    # A shell's background jobs ignore Ctrl-C, and so would everything that they start.
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    "from recagent_cli.main import main; main()"
)


def start(*words: str, **more: str) -> subprocess.Popen[bytes]:
    """A command in a process of its own."""
    path = os.pathsep.join(part for part in sys.path if part)
    return subprocess.Popen(
        [sys.executable, "-c", START, *words],
        env={**os.environ, "PYTHONPATH": path, **more},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("words", [["--help"], ["tools", "list"], ["ask", "westerns"]])
def test_a_pipe_closed_at_once_is_silent(home: Path, words: list[str]) -> None:
    process = start(*words)
    assert process.stdout is not None and process.stdin is not None
    process.stdout.close()
    process.stdin.close()
    assert process.wait(60) == 0
    assert process.stderr is not None
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()


def test_a_closed_pipe_is_silent(home: Path) -> None:
    process = start("query", "SELECT i, repeat('x', 500) AS x FROM range(20000) t(i)", "-f", "csv")
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.readline() == b"i,x\n"
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(30) == 0
    process.stderr.close()
    assert process.stdin is not None
    process.stdin.close()


def test_ctrl_c_ends_with_130_and_one_word(home: Path) -> None:
    process = start("batch")
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(b'{"text": "westerns"}\n')
    process.stdin.flush()
    assert process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130  # before standard input is closed
    out, err = process.communicate(timeout=30)
    assert out == b"" and err.strip() == b"stopped"


def test_ctrl_c_while_training_loses_nothing(home: Path) -> None:
    models = home / "data" / "models" / "films"
    current = (models / "current").read_bytes()
    process = start("build", "films")
    time.sleep(1.2)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode in (0, 130)
    assert process.returncode == 0 or (models / "current").read_bytes() == current
    again = start("ask", "westerns", "--format", "ids")
    assert again.communicate(timeout=60)[0].split() and again.returncode == 0


def test_two_first_runs_at_once_both_answer(films_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "both"
    source = str(Path(__file__).parent.parent / "data" / "films.csv")
    pair = [
        start("catalog", "add", "two", source, "--replace", "-q", RECAGENT_HOME=str(home))
        for _ in range(2)
    ]
    errors = [process.communicate(timeout=60)[1] for process in pair]
    assert [process.returncode for process in pair] == [0, 0], errors
    asked = [
        start("ask", "westerns", "-c", "two", "-f", "ids", RECAGENT_HOME=str(home))
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=60)[0].split() for process in asked]
    assert [set(answer) for answer in answers] == [{b"f10", b"f11"}] * 2


def test_without_openmp_it_still_answers(home: Path, tmp_path: Path) -> None:
    """The loader finds no libgomp: as on a slim image."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(
        "import ctypes, sys\n"
        "class Hidden(ctypes.CDLL):\n"
        "    def __init__(self, name, *a, **k):\n"
        "        if 'lightgbm' in str(name):\n"
        "            raise OSError('libgomp.so.1: cannot open shared object file')\n"
        "        super().__init__(name, *a, **k)\n"
        "ctypes.CDLL = Hidden\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name in ('lightgbm', 'implicit'):\n"
        "            raise OSError('libgomp.so.1: cannot open shared object file')\n"
        "sys.meta_path.insert(0, Finder())\n"
    )
    path = os.pathsep.join([str(hidden), *(part for part in sys.path if part)])
    process = start("ask", "westerns", "--format", "ids", PYTHONPATH=path)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and set(out.split()) == {b"f10", b"f11"}
    built = start("build", "films", PYTHONPATH=path)
    out, err = built.communicate(timeout=60)
    assert built.returncode == 0, err
    assert b"libgomp" in err and b"Traceback" not in err
    asked = start("similar", "Orbit of Ash", "-n", "2", "--format", "ids", PYTHONPATH=path)
    assert len(asked.communicate(timeout=60)[0].split()) == 2


def test_an_unwritable_home_still_answers_and_says_that_nothing_is_kept(
    home: Path, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    process = start("ask", "westerns", "-c", "movies", RECAGENT_HOME=str(blocked / "below"))
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and b"could not be kept" in err and b"Traceback" not in err
    assert out
