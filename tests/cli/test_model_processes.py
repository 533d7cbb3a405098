"""A model in whole processes: Ctrl-C, kill -9, a closed pipe, no terminal, two at once.

Each process costs a few seconds, because it imports litellm: few, and several things in each.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from recagent_cli.agent.litellm_adapter import LiteLLMClient
from recagent_cli.agent.wire import Message
from recagent_cli.assistant import Assistant
from recagent_cli.memory.store import UserStore
from recagent_cli.testing import Answer, FakeServer, Received, wait_until

from ..conftest import RunCommand
from .llm_bench import LITELLM_WARNS, MODELS, call, calls, litellm_ready  # noqa: F401
from .test_chat import Terminal

pytestmark = [
    *LITELLM_WARNS,
    pytest.mark.skipif(sys.platform == "win32", reason="signals and pseudo-terminals of POSIX"),
]
HANGS = Answer(text="never", delay_s=30.0)
SLOW = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range % 7 = b.range % 11"
WESTERNS = calls(
    call("filter", {"where": ["genres has Western"]}),
    call("filter", {"where": ["genre has Western"]}),
    call("look_up", {"sql": "SELECT title, year FROM items WHERE year < 1980 ORDER BY year"}),
    call("rank", {"by": "fit"}),
)
TWO = calls(call("present", {"count": 2, "text": "Two westerns. I love Invented Film (1999)."}))
POPULAR = calls(call("popular", {"window": "all"}), call("present", {"count": 5}))


def paired(messages: list[dict[str, Any]]) -> bool:
    """Whether every call is answered directly after its message, and nothing else is."""
    waiting: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting:
                return False
            waiting.remove(message["tool_call_id"])
            continue
        if waiting:
            return False
        waiting = [one["id"] for one in message.get("tool_calls") or ()]
    return not waiting


def respond(script: dict[str, tuple[Answer, ...]]) -> list[Callable[[Received], Answer]]:
    """Answers by what was said last and how many calls were made since; the last one again.

    Not in order: what falls short of a request, or was struck, may go back to the model.
    """

    def answer(request: Received) -> Answer:
        made = 0
        for message in reversed(request.messages):
            made += bool(message.get("tool_calls"))
            said = str(message["content"]) if message["role"] == "user" else ""
            for words, answers in script.items():
                if said.startswith(words):
                    return answers[min(made, len(answers) - 1)]
        return Answer(status=500, body={"error": {"message": "no answer to that"}})

    return [answer] * 30


def model(server: FakeServer) -> tuple[str, ...]:
    return ("-m", "openai/any", "--api-base", server.url)


# -- the line to the model ------------------------------------------------------------------------

BEGUN = {
    "openai": b'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m",'
    b'"choices":[{"index":0,"delta":{"content":"abc"}}]}\n\n',
    "anthropic": b'event: message_start\ndata: {"type":"message_start","message":{"id":"1",'
    b'"type":"message","role":"assistant","content":[],"model":"m",'
    b'"usage":{"input_tokens":1,"output_tokens":1}}}\n\n',
    "gemini": b'data: {"candidates":[{"content":{"parts":[{"text":"abc"}],"role":"model"}}]}\n\n',
    "ollama": b'{"model":"m","message":{"role":"assistant","content":"abc"},"done":false}\n',
}
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


class Listener:
    """A server that begins an answer, or not even that, sends Ctrl-C, and notes who hangs up."""

    def __init__(self, begun: bytes) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._begun = begun
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self.struck = self.ended = 0.0
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        line, _ = self._server.accept()
        line.settimeout(5)
        while b"hello" not in line.recv(65536):
            pass
        if self._begun:
            line.sendall(HEAD + f"{len(self._begun):x}\r\n".encode() + self._begun + b"\r\n")
        time.sleep(0.1)  # so that the other side waits, for the first byte or for the next
        self.struck = time.monotonic()
        os.kill(os.getpid(), signal.SIGINT)
        try:
            while line.recv(65536):
                pass
        except TimeoutError:
            return
        except OSError:
            pass
        self.ended = time.monotonic()


@pytest.mark.parametrize("begun", [False, True], ids=["waiting", "streaming"])
@pytest.mark.parametrize("dialect", BEGUN)
def test_54_ctrl_c_hangs_up(
    dialect: str,
    begun: bool,
    litellm_ready: None,  # noqa: F811
) -> None:
    """A model goes on writing, and costing, as long as somebody holds the line."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        listener = Listener(BEGUN[dialect] if begun else b"")
        with pytest.raises(KeyboardInterrupt):
            LiteLLMClient(MODELS[dialect], api_base=listener.url).complete(
                [Message("user", "hello")]
            )
        raised = time.monotonic()
    finally:
        signal.signal(signal.SIGINT, before)
    listener.thread.join(6)
    assert raised - listener.struck < 0.5 and 0 < listener.ended - listener.struck < 0.5


# -- processes ------------------------------------------------------------------------------------


def test_54_58_stopped_while_waiting_and_in_a_tool_then_killed_and_taken_up_again(
    recagent: RunCommand,
    home: Path,
    litellm_ready: None,  # noqa: F811
) -> None:
    only = call("filter", {"where": ["genres has Sci-Fi"]})
    script = {
        "westerns": (WESTERNS, TWO),
        "and now?": (HANGS,),
        "how many pairs?": (calls(only, call("look_up", {"sql": SLOW})),),
        "something popular": (POPULAR,),
        "and sci-fi?": (calls(only), HANGS),
    }
    with FakeServer(*respond(script)) as server:
        terminal = Terminal(home, *model(server))
        terminal.wait_for("films · openai/any")
        terminal.child.send("westerns\r")
        terminal.wait_for("2 candidates ·")
        terminal.child.send("and now?\r")
        assert wait_until(lambda: "and now?" in str(server.requests[-1].messages[-1]), 20)
        assert _stop(terminal, 1) < 0.7
        terminal.child.send("how many pairs?\r")
        terminal.wait_for("2 → 0")  # the filter is done, the query runs
        assert _stop(terminal, 2) < 0.7
        terminal.child.send("something popular\r")
        terminal.wait_until(lambda: terminal.shown.count("cost unknown") == 2, "an answer")
        last = server.requests[-1].messages
        assert paired(last) and "and now?" not in str(last) and "pairs?" not in str(last)
        terminal.child.send("and sci-fi?\r")
        assert wait_until(lambda: _in_turn(server, "and sci-fi?"), 20)
        terminal.child.kill(signal.SIGKILL)
        terminal.child.close()
    store = UserStore(home / "data" / "user.sqlite")
    with sqlite3.connect(store.path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    (head,) = store.sessions("me")
    assert head.n_turns == 2 and not store.damaged
    with FakeServer(Answer(text="You are welcome.")) as server:
        ran = recagent("ask", "--continue", "thanks", *model(server), "--json")
    sent = server.requests[0].messages
    assert ran.code == 0 and json.loads(ran.out)["list"] == 2, ran.err
    assert paired(sent) and "Two westerns." in str(sent) and "sci-fi?" not in str(sent)


def _in_turn(server: FakeServer, words: str) -> bool:
    """Whether a call of the turn that these words began was answered."""
    messages = server.requests[-1].messages
    return messages[-1]["role"] == "tool" and words in str(messages[-3])


def _stop(terminal: Terminal, times: int) -> float:
    """Seconds from Ctrl-C until the chat says that it has stopped."""
    struck = time.monotonic()
    terminal.child.send("\x03")
    terminal.wait_until(lambda: terminal.shown.count("stopped; your last list") == times, "a stop")
    return time.monotonic() - struck


@pytest.fixture
def narrow(home: Path) -> Iterator[dict[str, str]]:
    """The environment of a process without a terminal, 40 columns wide, without colours."""
    yield {
        **{name: value for name, value in os.environ.items() if name != "FORCE_COLOR"},
        "PYTHONPATH": os.pathsep.join(os.path.abspath(part) for part in sys.path if part),
        "COLUMNS": "40",
        "RECAGENT_WIDTH": "40",
        "TERM": "xterm-256color",
        "NO_COLOR": "1",
    }


def begin(words: tuple[str, ...], variables: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "recagent_cli", *words],
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_63_64_a_narrow_pipe_that_is_closed_in_the_middle(
    home: Path, narrow: dict[str, str], snapshot: SnapshotAssertion
) -> None:
    broken = Answer(text="Here you are, and there is mo", piece=9, cut_after=3)
    words = Answer(text="You are welcome. " * 20, piece=5)
    script = {"westerns": (WESTERNS, TWO), "thanks": (broken,), "thank you": (words,)}
    with FakeServer(*respond(script)) as server:
        process = begin(("chat", *model(server)), narrow)
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write("westerns\nthanks\nthank you\nthank you\n")
        process.stdin.close()
        out = [process.stdout.readline()]
        while "You are welcome" not in out[-1]:
            out.append(process.stdout.readline())
        process.stdout.close()  # | head
        assert process.wait(60) == 0
    assert process.stderr is not None
    err = process.stderr.read()
    process.stderr.close()
    assert "\x1b" not in "".join(out) + err
    assert "Traceback" not in err and "Broken pipe" not in err, err
    lines = [line.rstrip() for line in err.splitlines()]
    end = lines.index("  the model's answer broke off") + 3  # with what that answer took
    told = [*(line.rstrip() for line in out[:-1]), *lines[:end]]
    assert max(map(len, told)) <= 40
    assert told == snapshot
    (head,) = UserStore(home / "data" / "user.sqlite").sessions("me")
    assert head.n_turns >= 2


def test_66_two_assistants_at_once_keep_apart(
    home: Path,
    litellm_ready: None,  # noqa: F811
) -> None:
    """Two turns with tools, two threads, two sessions, one litellm between."""
    wanted = {"Western": "westerns", "Sci-Fi": "sci-fi"}
    found: dict[str, tuple[Any, ...]] = {}
    gate = threading.Barrier(2)

    def work(kind: str, server: FakeServer) -> None:
        with Assistant("films", model="openai/any", api_base=server.url) as assistant:
            session = assistant.new_session()
            gate.wait(20)
            for text in (wanted[kind], "thanks"):
                found[kind] = (*found.get(kind, ()), assistant.ask(text, session=session))

    def answers(kind: str) -> tuple[Answer, ...]:
        made = (call("filter", {"where": [f"genres has {kind}"]}), call("present", {"count": 2}))
        return calls(*made, piece=1), Answer(text=f"Only {kind} here.", piece=1)

    with FakeServer(*answers("Western")) as one, FakeServer(*answers("Sci-Fi")) as two:
        pairs = zip(wanted, (one, two), strict=True)
        threads = [threading.Thread(target=work, args=pair) for pair in pairs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    for kind, other, server in (("Western", "Sci-Fi", one), ("Sci-Fi", "Western", two)):
        first, second = found[kind]
        assert first.items and all(kind in item.columns["genres"] for item in first.items)
        assert not any(turn.notices for turn in (first,)), first.notices
        last = server.requests[-1].messages
        assert len(server.requests) == 2 and paired(last)
        assert f"genres has {other}" not in str(last) and second.usage.calls == 1
    store = UserStore(home / "data" / "user.sqlite")
    assert sorted(head.n_turns for head in store.sessions("me")) == [2, 2]
