"""The chat: through a pipe, and on a real pseudo-terminal."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect
import pyte
import pytest

from recagent_cli.memory.store import UserStore
from recagent_cli.testing import Answer, FakeCall, FakeServer

from ..conftest import RunCommand, heeds_ctrl_c

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")


def test_lines_from_a_pipe_are_answered(recagent: RunCommand, home: Path) -> None:
    ran = recagent("chat", stdin="westerns\nthe second one, but shorter\n/candidates\n/quit\nx\n")
    assert ran.code == 0
    assert "The Long Field (1978)" in ran.out and ran.out.count("The Long Field") >= 3
    assert "candidates · list 2: 16 →" in ran.out
    assert "/help" not in ran.out and "/help" in ran.err, "only answers on stdout"


def test_facts_by_number_reach_the_profile(recagent: RunCommand, home: Path) -> None:
    ran = recagent("chat", stdin="westerns\n/seen 1\n/like Paper Lanterns\n/like 9\n/like\n/x\n")
    said = " ".join(ran.err.split())
    assert "noted as seen: The Long Field" in said
    assert "the list last shown has 2 items" in said and "no command /x" in said
    events = UserStore(home / "data" / "user.sqlite").events("me", kinds=["seen", "liked"])
    assert [(e.kind, e.source) for e in events] == [("seen", "chat /seen"), ("liked", "chat /like")]


def test_why_tells_of_an_item_by_number_or_title(recagent: RunCommand, home: Path) -> None:
    ran = recagent("chat", stdin="westerns\n/why 2\n/why The Long Field\n/why 7\n")
    assert ran.code == 0 and ran.out.count("ranking (place 2 of 2)") == 1
    assert ran.out.count("meets") == 2 and "Western" in ran.out
    assert "the list" in ran.err and "2 items" in ran.err


def test_a_conversation_goes_on_later(recagent: RunCommand, home: Path) -> None:
    recagent("chat", stdin="westerns\n")
    ran = recagent("chat", "--continue", stdin="who directed the first one?\n")
    assert "Doyle" in ran.out or "Vance" in ran.out


def test_lists_and_sets_by_slash_commands(recagent: RunCommand, home: Path) -> None:
    said = [
        "sci-fi", "/save mine", "no horror", "/undo", "/redo", "/minus mine", "/undo", "/list 1",
        "/lists", "/sets", "/drop 1", "/diff", "/diff 1 2", "/diff mine", "/diff mine 1",
        "/filter year < 2010", "/candidates", "/union mine", "/intersect mine", "/load mine",
        "/forget mine", "/sets",
        "/list 99", "/list x", "/load", "/load nope", "/save", "/drop", "/filter", "/diff nope",
        "/undo now please", "/help",
    ]  # fmt: skip
    ran = recagent("chat", stdin="\n".join(said))
    out, err = " ".join(ran.out.split()), " ".join(ran.err.split())
    assert "Back to list 1" in out and "Forward to list 2" in out
    assert "list items candidates asked 1 4 4 sci-fi" in out
    assert "mine 4 16 → 4 (Sci-Fi)" in out
    assert "from list 2 to list 3" in out and "from mine to list 3" in out
    assert "from list 1 to list 2" in out and "between mine and list 1" in err
    assert "candidates · list 4: 16 → " in out
    assert "no set yet" in err, "it was forgotten"
    for told in (
        "no list 99 (lists 1 to", "no number (/lists", "/load what?", "no set called 'nope'",
        "under which name?", "/drop what?", "/filter by what?",
    ):  # fmt: skip
        assert told in err, told
    assert "/union NAME" in out, "help"
    assert "Traceback" not in ran.err


class Terminal:
    """The chat in a process of its own on a pseudo-terminal."""

    def __init__(self, home: Path, *options: str, **variables: str) -> None:
        environment = {
            **{name: value for name, value in os.environ.items() if name != "COLUMNS"},
            "RECAGENT_HOME": str(home),
            "RECAGENT_CATALOG": "films",
            "TERM": "xterm-256color",
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
            **variables,
        }
        self.written = b""
        self.screen = pyte.HistoryScreen(80, 60, history=1000)
        self.stream = pyte.ByteStream(self.screen)
        self.child = pexpect.spawn(
            sys.executable,
            ["-m", "recagent_cli", "chat", *options],
            env=environment,
            timeout=60,
            dimensions=(60, 80),
            preexec_fn=heeds_ctrl_c,
        )

    def leave(self) -> None:
        """Type /quit; it must end well."""
        self.child.send("/quit\r")
        self.child.expect(pexpect.EOF)
        self.child.close()
        assert self.child.exitstatus == 0

    def resize(self, columns: int) -> None:
        """The person makes the window narrow or wide."""
        self.screen.resize(60, columns)
        self.child.setwinsize(60, columns)

    @property
    def shown(self) -> str:
        """What a terminal of 80 columns shows by now."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def wait_for_prompt(self) -> None:
        """Until nothing stands behind the last prompt: the turn is over."""
        self.wait_until(lambda: self.shown.rstrip().endswith("\n>"), "a new prompt")

    def wait_for(self, text: str) -> str:
        """Until the text stands on the screen; returns all of it."""
        self.wait_until(lambda: text in self.shown, repr(text))
        return self.shown

    def wait_until(self, appeared: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            chunk: Any = b""
            with contextlib.suppress(pexpect.TIMEOUT, pexpect.EOF):
                chunk = self.child.read_nonblocking(4096, timeout=0.2)
            self.written += chunk
            self.stream.feed(chunk)
            if b"\x1b[6n" in chunk:  # it asks where the cursor stands
                cursor = self.screen.cursor
                self.child.send(f"\x1b[{cursor.y + 1};{cursor.x + 1}R")
            if appeared():
                return
        raise AssertionError(f"{what} never appeared:\n{self.shown}")


def test_a_real_terminal(home: Path) -> None:
    terminal = Terminal(home)
    terminal.wait_for("/help · /quit")
    terminal.child.send("sci-fi, no horror, 2 of them\r")
    shown = terminal.wait_for("ranked")
    terminal.child.send("/cand\t")
    terminal.wait_for("> /candidates")
    terminal.child.send("\r")
    terminal.wait_for("candidates · list 1: 16")
    terminal.child.send("\x03")
    terminal.wait_for("Ctrl-C again")
    terminal.leave()
    assert "Sci-Fi" in shown
    sessions = UserStore(home / "data" / "user.sqlite").sessions("me")
    assert len(sessions) == 1 and sessions[0].n_turns == 1


SAID = "You are welcome. I am glad to help. I love The Invented Title (1999). What next? Tell me."
COLOR = re.compile(rb"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;\d+)*m")


def test_a_turn_is_told_as_it_comes_and_stopped_and_the_terminal_is_left_in_order(
    home: Path,
) -> None:
    stalls = Answer(text=SAID, piece=8, stall_after=11)  # before the last words of it
    show = Answer(
        calls=(FakeCall("filter", {"where": ["genres has Western"]}), FakeCall("present"))
    )
    with FakeServer(show, stalls) as server:
        model = ("-m", "openai/any", "--api-base", server.url)
        terminal = Terminal(home, *model, NO_COLOR="1")
        terminal.wait_for("films · openai/any")
        terminal.child.send("westerns\r")
        terminal.wait_for("2 candidates · 120 tokens")
        terminal.resize(40)
        terminal.child.send("thanks a lot for all of this, my dear")
        terminal.wait_for("my dear")
        terminal.resize(200)
        terminal.child.send(" friend\r")
        shown = terminal.wait_for("I am glad to help.")
        assert "Invented" not in shown and "openai/any · " not in shown.split("my dear")[1]
        terminal.child.send("\x03\x03")
        terminal.wait_for("stopped; your last list still stands")
        terminal.wait_for("2 candidates")
        assert "I am glad to help." in terminal.shown
        terminal.child.send("half a li")
        terminal.wait_for("half a li")
        terminal.child.kill(signal.SIGTERM)
        with contextlib.suppress(pexpect.EOF):
            rest: Any = terminal.child.read()
            terminal.written += rest
        terminal.child.close()
    assert terminal.child.exitstatus == 128 + signal.SIGTERM
    assert not COLOR.search(terminal.written), "NO_COLOR"
    assert terminal.written.rstrip().endswith(b"\x1b[?2004l"), "pasting is as it was"
    sessions = UserStore(home / "data" / "user.sqlite").sessions("me")
    assert len(sessions) == 1 and sessions[0].n_turns == 1


def test_a_terminal_that_can_do_nothing_gets_plain_lines(home: Path) -> None:
    terminal = Terminal(home, TERM="dumb")
    terminal.wait_for(">")
    terminal.child.send("sci-fi, \\\rno horror, 2 of them\r")
    terminal.wait_for("ranked")
    terminal.wait_for_prompt()
    terminal.child.send("\x03")
    terminal.wait_for("Ctrl-C again")
    terminal.child.send("\x04")
    terminal.child.expect(pexpect.EOF)
    terminal.child.close()
    assert terminal.child.exitstatus == 0
    assert b"\x1b" not in terminal.written, "no escape sequence of any kind"
    assert not set("▰▱⠋│─") & set(terminal.written.decode())
