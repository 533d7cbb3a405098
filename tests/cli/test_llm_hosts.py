"""With an address, words and key go to it and nowhere else: seen at the sockets."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from recagent_catalogs.errors import BadInput, ModelError
from recagent_cli.agent import litellm_adapter
from recagent_cli.agent.hosts import LOGINS, OBEYS, check_address
from recagent_cli.agent.litellm_adapter import LiteLLMClient
from recagent_cli.agent.litellm_loading import load
from recagent_cli.agent.model_names import check_name, sends_to
from recagent_cli.agent.watchdog import Patience
from recagent_cli.agent.wire import Message
from recagent_cli.assistant import Assistant
from recagent_cli.brains import check_start
from recagent_cli.paths import find_paths
from recagent_cli.testing import Answer, FakeServer

from ..conftest import RunCommand
from .llm_bench import HELLO, LITELLM_WARNS, litellm_ready

__all__ = ["litellm_ready"]
pytestmark = [*LITELLM_WARNS, pytest.mark.usefixtures("litellm_ready")]
ONCE = Patience(first_s=30.0, between_s=30.0, total_s=60.0, tries=1)
WORDS = (Message("system", "be brief"), Message("user", "SECRETWORDS about films"))
OFTEN = (
    *("openai", "azure", "anthropic", "gemini", "ollama_chat", "groq", "mistral", "deepseek"),
    *("openrouter", "cohere_chat", "hosted_vllm", "together_ai"),
)
"""Those of docs/models.md; all of them, with seconds of imports, where tests are to be thorough."""
THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
FOREIGN = (
    *("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_ORGANIZATION", "OPENAI_PROJECT_ID"),
    *("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "GEMINI_API_KEY", "GOOGLE_API_KEY"),
    *("OLLAMA_API_KEY", "AZURE_API_KEY", "AZURE_AD_TOKEN", "HF_TOKEN", "HUGGINGFACE_API_KEY"),
    *("REPLICATE_API_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    *(f"{provider.upper()}_API_KEY" for provider in sorted(OBEYS)),
)


@dataclass
class Place:
    """A server that says to every request the same, and what it was sent."""

    port: int
    seen: list[str] = field(default_factory=list)


@contextmanager
def place(status: int, location: str = "") -> Iterator[Place]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            held.seen.append(f"{self.path}\n{self.headers}\n{body.decode()}")
            self.send_response(status)
            if location:
                self.send_header("location", location)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_POST

        def log_message(self, *arguments: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    held = Place(int(server.server_address[1]))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield held
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, Any]]:
    """What is looked up or connected to; also where whoever tried swallows the error."""
    seen: set[tuple[str, Any]] = set()
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def connects(self: socket.socket, address: Any) -> None:
        seen.add((str(address[0]), address[1]))
        connect(self, address)

    def looks_up(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        seen.add((host.decode() if isinstance(host, bytes) else str(host), port))
        return look_up(host, port, *rest, **more)

    monkeypatch.setattr(socket.socket, "connect", connects)
    monkeypatch.setattr(socket, "getaddrinfo", looks_up)
    return seen


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FOREIGN:
        monkeypatch.setenv(name, "CANARY-" + name)
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-A: CANARY-A\nAuthorization: Bearer CANARY-B")
    monkeypatch.setenv("RECAGENT_API_KEY", "own-key-of-the-server")


def refused(model: str, base: str | None, *, stream: bool = False) -> ModelError:
    with pytest.raises(ModelError) as caught:
        LiteLLMClient(model, api_base=base, stream=stream, patience=ONCE).complete(WORDS)
    return caught.value


def test_words_and_key_go_to_the_address_and_a_redirect_is_not_followed(
    reached: set[tuple[str, Any]], keys: None
) -> None:
    with place(200) as other, place(307, f"http://localhost:{other.port}/x") as server:
        for provider in sorted(OBEYS) if THOROUGH else OFTEN:
            server.seen.clear()
            reached.clear()
            error = refused(f"{provider}/a-model", f"http://127.0.0.1:{server.port}")
            told = "\n".join(server.seen)
            assert "SECRETWORDS" in told, (provider, error)
            assert "own-key-of-the-server" in told and "CANARY" not in told, (provider, told)
            assert reached == {("127.0.0.1", server.port)}, provider
            assert f"127.0.0.1:{server.port} sends on to localhost:{other.port}" in error.message
            assert error.reason == "refused" and "--api-base" in error.hint
        assert not other.seen


@pytest.mark.parametrize("model", ["openai/x", "anthropic/x", "gemini/x", "ollama_chat/x"])
def test_a_redirect_of_a_stream(model: str, reached: set[tuple[str, Any]], keys: None) -> None:
    with place(200) as other, place(308, f"http://localhost:{other.port}/x") as server:
        error = refused(model, f"http://127.0.0.1:{server.port}", stream=True)
    assert "sends on to localhost" in error.message and not other.seen
    assert reached == {("127.0.0.1", server.port)}


def test_a_redirect_on_the_same_server_is_followed() -> None:
    with place(307, "/v2/elsewhere") as server:
        refused("openai/x", f"http://127.0.0.1:{server.port}/v1")
    assert any(seen.startswith("/v2/elsewhere") for seen in server.seen)


def test_a_provider_of_whom_that_is_not_known_is_not_asked(
    reached: set[tuple[str, Any]], keys: None
) -> None:
    providers = {str(getattr(name, "value", name)) for name in load().provider_list}
    with place(200) as server:
        base = f"http://127.0.0.1:{server.port}"
        for provider in sorted(providers - OBEYS):
            error = refused(f"{provider}/x/y", base)
            assert error.reason == "refused", provider
            if provider not in LOGINS:
                assert error.hint.startswith("for an OpenAI-compatible server")
                assert f"openai/{provider}/x/y" in error.hint
            with pytest.raises(ModelError):
                check_start(f"{provider}/x", base)
        assert not server.seen and not reached
    assert providers >= OBEYS, "a provider that litellm no longer has"


def test_behind_the_list_the_guard_holds_what_would_go_elsewhere(
    reached: set[tuple[str, Any]], keys: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider that begins to contact another host with another version of litellm."""
    monkeypatch.setattr(litellm_adapter, "check_provider", lambda *given: None)
    with place(200) as server:
        base = f"http://127.0.0.1:{server.port}"
        for provider, host in (
            ("replicate", "api.replicate.com"),
            ("bytez", "api.bytez.com"),
            ("gigachat", "ngw.devices.sberbank.ru"),
        ):
            assert host in refused(f"{provider}/x", base).message
        assert not server.seen and not reached


@pytest.mark.parametrize("provider", sorted(LOGINS))
def test_no_login_is_begun(provider: str, reached: set[tuple[str, Any]]) -> None:
    for ask in (
        lambda: LiteLLMClient(f"{provider}/x", patience=ONCE).complete(WORDS),
        lambda: check_name(f"{provider}/x", None),
        lambda: check_start(f"{provider}/x", None),
        lambda: LiteLLMClient(f"{provider}/x").facts(),
    ):
        with pytest.raises(ModelError, match="begins a login"):
            ask()
    assert not reached


def test_no_ollama_server_is_asked_for_facts(reached: set[tuple[str, Any]], keys: None) -> None:
    with FakeServer(Answer(text="ok")) as server:
        client = LiteLLMClient("ollama_chat/any:7b", api_base=server.url)
        assert client.facts().context == 16_384 and not client.facts().priced
        assert client.complete(HELLO).text == "ok"
    assert reached == {("127.0.0.1", server.port)}
    assert [request.path for request in server.requests] == ["/api/chat"]
    assert not LiteLLMClient("ollama_chat/any:7b").facts().priced
    assert reached == {("127.0.0.1", server.port)}


@pytest.mark.parametrize(
    "base",
    ["http://user:secret@[bad/v1", "nonsense", "box:80", "http://h:x/", "ftp://h", "http://"],
)
def test_an_address_that_is_none(base: str) -> None:
    for take in (check_address, lambda given: LiteLLMClient("x", api_base=given)):
        with pytest.raises(BadInput) as caught:
            take(base)
        assert "secret" not in caught.value.message and "http://" in caught.value.hint
    assert "secret" not in sends_to("m", base)


def test_a_password_in_the_address_is_not_shown(recagent: RunCommand, home: Path) -> None:
    with FakeServer(*[Answer(text="7")] * 2) as server:
        base = f"http://user:secret@127.0.0.1:{server.port}"
        ran = recagent("doctor", "-m", "fake.gguf", "--api-base", base)
        assert f"at 127.0.0.1:{server.port}" in ran.out and "secret" not in ran.out + ran.err
    ran = recagent("ask", "-m", "x", "--api-base", "http://user:secret@[bad/v1", "a drama")
    assert (
        ran.code == 4
        and "secret" not in ran.out + ran.err
        and "our own fault" not in ran.out + ran.err
    )


@pytest.mark.parametrize(
    "base",
    [
        "http://user:hunter2@host:8080/v1",
        "http://hunter2@host/v1",
        "http://host/v1?api_key=hunter2",
        "http://host/v1?version=1&Access-Token=hunter2",
        "http://host/v1?x=hunter2hunter2hunter2hunter2",
        "hunter2",
    ],
)
def test_no_password_is_stored(
    base: str, recagent: RunCommand, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = recagent("config", "set", "api_base", base)
    assert ran.code == 4 and "hunter2" not in ran.out + ran.err
    assert len(ran.err.strip().splitlines()) == 2
    assert not [
        file for file in home.rglob("*") if file.is_file() and b"hunter2" in file.read_bytes()
    ]
    if base.startswith("http"):
        monkeypatch.setenv("RECAGENT_API_BASE", base)
        for form in ("table", "json"):
            ran = recagent("config", "show", "--format", form)
            assert ran.code == 0 and "hunter2" not in ran.out + ran.err and "host" in ran.out


def test_an_address_without_a_key_is_stored(recagent: RunCommand, home: Path) -> None:
    base = "https://name.openai.azure.com/v1?api-version=2024-10-21"
    assert recagent("config", "set", "api_base", base).code == 0
    assert base in recagent("config", "show", "--format", "json").out


def test_incognito_keeps_nothing_of_a_model(home: Path) -> None:
    refusal = Answer(status=400, body={"error": {"message": "this model does not support tools"}})
    file = find_paths().models_known
    with FakeServer(refusal, Answer(text="Hello."), refusal, Answer(text="Hello.")) as server:
        options: dict[str, Any] = {"model": "openai/any", "api_base": server.url, "fallback": False}
        with Assistant("films", incognito=True, **options) as assistant:
            assistant.ask("hello")
        assert server.requests and not file.exists()
        with Assistant("films", **options) as assistant:
            assistant.ask("hello")
    assert "openai/any" in file.read_text()
