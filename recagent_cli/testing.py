"""Public fakes, for our own tests and for authors of tools and brains.

`ScriptedBrain` answers a turn from a queue of steps. `FakeServer` is a model provider on loopback,
which speaks as one of thirteen real ones does and gives the answers that it was told to::

    with FakeServer(Answer(calls=(FakeCall("popular"),)), Answer(text="Here.")) as server:
        client = LiteLLMClient(server.model, api_base=server.api_base)

`FakeServer(…, provider="groq")` has Groq's habits; `Answer.error("rate_limit")` is an error as the
provider writes it. docs/testing.md shows how tools and brains are tested with them.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from .agent.brain import Step, TurnView, Usage
from .agent.events import Event
from .fake_providers import (
    PROVIDERS,
    Answer,
    FakeCall,
    Speaker,
    dialect_of,
    wants_stream,
)

__all__ = ["PROVIDERS", "Answer", "FakeCall", "FakeServer", "Received", "ScriptedBrain"]


class ScriptedBrain:
    """A brain that does what it was told.

    Args:
        steps: the steps, in order; an exception among them is raised. When none is left, a step
            without calls ends the turn.
        name: what it calls itself.

    Attributes:
        views: the view at every step: (utterance, names of the tools offered, texts observed).
    """

    def __init__(self, steps: Iterable[Step | Exception] = (), *, name: str = "scripted") -> None:
        self.name = name
        self._steps = list(steps)
        self.views: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []

    def next_step(self, view: TurnView, emit: Callable[[Event], None]) -> Step:
        """The next step of the script."""
        tools = tuple(tool.name for tool in view.tools)
        seen = tuple(o.text for _, observations in view.steps for o in observations)
        self.views.append((view.utterance, tools, seen))
        step = self._steps.pop(0) if self._steps else Step()
        if isinstance(step, Exception):
            raise step
        return step

    def usage(self) -> Usage | None:
        """Nothing: a script costs nothing."""
        return None


@dataclass(frozen=True)
class Received:
    """A request that the fake server got."""

    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: dict[str, Any] = field(default_factory=dict)
    dialect: str = ""

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages of the request (Gemini calls them contents)."""
        return list(self.body.get("messages") or self.body.get("contents") or [])


Scripted = Answer | Callable[[Received], Answer]


class FakeServer:
    """A model provider on loopback, in a thread of its own.

    The path of a request says which dialect is spoken, its body whether a stream is wanted.
    Answers are given in order; a callable is asked with the request. After the last one: HTTP 500.

    Args:
        answers: what it answers, in order.
        provider: one of `PROVIDERS`. Among those that speak OpenAI's dialect the path cannot tell
            which one is meant; the others are known by their path.

    Attributes:
        requests: what was asked, in order.

    Raises:
        ValueError: there is no such provider.
    """

    def __init__(self, *answers: Scripted, provider: str = "openai") -> None:
        if provider not in PROVIDERS:
            raise ValueError(f"no provider {provider!r}: {', '.join(PROVIDERS)}")
        self.provider = provider
        self._answers: list[Scripted] = list(answers)
        self.requests: list[Received] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The address, as `--api-base` wants it for most providers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def api_base(self) -> str:
        """What `--api-base` wants for `model`."""
        return self.url + PROVIDERS[self.provider].path

    @property
    def model(self) -> str:
        """The name of a model of this provider, as `--model` wants it."""
        return PROVIDERS[self.provider].model

    def speaker(self, dialect: str) -> Speaker:
        """Who answers in a dialect."""
        own = PROVIDERS[self.provider]
        return own if isinstance(own, type(PROVIDERS[dialect])) else PROVIDERS[dialect]

    def __enter__(self) -> FakeServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def script(self, *answers: Scripted) -> None:
        """Add answers."""
        with self._lock:
            self._answers.extend(answers)

    def take(self, request: Received) -> Answer:
        """Note a request and give the next answer."""
        with self._lock:
            self.requests.append(request)
            if not self._answers:
                return Answer(status=500, body={"error": {"message": "no answer scripted"}})
            answer = self._answers.pop(0)
        return answer(request) if callable(answer) else answer

    def hold(self, seconds: float = 30.0) -> None:
        """Hold a connection open, until the server closes."""
        self._closing.wait(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: clients under test leave in mid sentence."""


def _handler(server: FakeServer) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        owner = server

    return Handler


class _Handler(BaseHTTPRequestHandler):
    """Reads a request, writes the scripted answer."""

    protocol_version = "HTTP/1.1"
    owner: FakeServer

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: tests look at `FakeServer.requests`."""

    def do_POST(self) -> None:
        """Answer as scripted."""
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            body = json.loads(raw or b"{}")
        except ValueError:
            body = {"raw": raw.decode("utf-8", "replace")}
        headers = {key.lower(): value for key, value in self.headers.items()}
        dialect = dialect_of(self.path)
        if not dialect:
            self._send(404, "application/json", b'{"error": "no such path"}', ())
            return
        answer = self.owner.take(Received(self.path, headers, body, dialect))
        try:
            speaker = self.owner.speaker(dialect)
            self._answer(answer, speaker, wants_stream(self.path, body))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client has left

    do_GET = do_POST

    def _answer(self, answer: Answer, speaker: Speaker, streaming: bool) -> None:
        if answer.delay_s:
            self.owner.hold(answer.delay_s)
        if answer.failing and not (streaming and answer.in_stream):
            status, body = speaker.fault(answer)
            status = 200 if answer.in_stream else status
            self._send(status, "application/json", _bytes(body), answer.headers)
        elif answer.body is not None or answer.status >= 400:
            self._send(answer.status, answer.content_type, _bytes(answer.body), answer.headers)
        elif streaming:
            self._stream(answer, speaker)
        else:
            written = _bytes(speaker.whole(answer))
            self._send(answer.status, "application/json", written, answer.headers)

    def _send(
        self, status: int, content_type: str, body: bytes, headers: Sequence[tuple[str, str]]
    ) -> None:
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, answer: Answer, speaker: Speaker) -> None:
        self.send_response(answer.status)
        self.send_header("content-type", speaker.stream_type)
        self.send_header("transfer-encoding", "chunked")
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        for number, part in enumerate(speaker.stream(answer)):
            if answer.stall_after == number:
                self.owner.hold()
            if number in (answer.stall_after, answer.cut_after):
                self.close_connection = True
                return
            if number == answer.end_after:
                break
            self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")


def _bytes(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def wait_until(condition: Callable[[], bool], seconds: float = 2.0) -> bool:
    """Wait, at most that long, until something holds; says whether it does."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True
