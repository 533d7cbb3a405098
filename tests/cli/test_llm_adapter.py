"""The adapter of litellm: every error has a kind, nothing is printed, no key is told."""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import inspect
import os
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from recagent_catalogs.errors import ModelError
from recagent_cli.agent import litellm_loading
from recagent_cli.agent.litellm_adapter import LiteLLMClient
from recagent_cli.agent.litellm_loading import load
from recagent_cli.agent.model_errors import failure, reason_of
from recagent_cli.commands.doctor import KEYS
from recagent_cli.testing import Answer, FakeServer

from ..conftest import RunCommand
from .llm_bench import HELLO, LITELLM_WARNS, client_of, litellm_ready

__all__ = ["litellm_ready"]
pytestmark = [*LITELLM_WARNS, pytest.mark.usefixtures("litellm_ready")]

REASONS = {
    "APIConnectionError": "bad_answer",  # behind it must be the network to be "unreachable"
    "APIError": "server",
    "APIResponseValidationError": "bad_answer",
    "AuthenticationError": "auth",
    "BadGatewayError": "server",
    "BadRequestError": "refused",
    "BlockedPiiEntityError": "refused",
    "BudgetExceededError": "credit",
    "ContentPolicyViolationError": "refused",
    "ContextWindowExceededError": "context",
    "GuardrailRaisedException": "refused",
    "ImageFetchError": "refused",
    "InternalServerError": "server",
    "InvalidRequestError": "refused",
    "JSONSchemaValidationError": "bad_answer",
    "LiteLLMUnknownProvider": "not_found",
    "MidStreamFallbackError": "server",
    "MockException": "server",
    "ModelNotMappedError": "not_found",
    "ModifyResponseException": "refused",
    "NotFoundError": "not_found",
    "OpenAIError": "bad_answer",
    "PermissionDeniedError": "auth",
    "RateLimitError": "rate_limit",
    "RejectedRequestError": "refused",
    "SensitiveDataRouteException": "refused",
    "ServiceUnavailableError": "server",
    "Timeout": "timeout",
    "UnprocessableEntityError": "refused",
    "UnsupportedParamsError": "no_tools",
    "VectorStoreSearchError": "refused",
}
"""What each class of litellm is to us, where its text says nothing."""


def made(cls: type[BaseException]) -> BaseException:
    """An exception of a class of litellm, with plain words."""
    known: dict[str, Any] = {
        "status_code": 500,
        "response": httpx.Response(400, request=httpx.Request("POST", "http://x.test")),
        "request_data": {},
        "failures": [],
        "current_cost": 2.0,
        "max_budget": 1.0,
        "original_exception": None,
        "should_wrap_with_default_message": False,
    }
    needed = [
        parameter
        for parameter in inspect.signature(cls.__init__).parameters.values()
        if parameter.default is inspect.Parameter.empty
        and parameter.name != "self"
        and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    ]
    return cls(**{part.name: known.get(part.name, "something") for part in needed})


def classes() -> dict[str, type[BaseException]]:
    found = vars(load().exceptions).items()
    return {
        name: cls for name, cls in found if inspect.isclass(cls) and issubclass(cls, BaseException)
    }


def test_every_exception_of_litellm_has_a_kind() -> None:
    """A litellm with a new class of errors has to be looked at."""
    assert {name: reason_of(made(cls)) for name, cls in classes().items()} == REASONS


def test_what_a_stream_died_of_decides() -> None:
    wraps: Any = classes()["MidStreamFallbackError"]
    limited = made(classes()["RateLimitError"])
    rest: dict[str, Any] = {"message": "it broke", "model": "m", "llm_provider": "p"}
    assert reason_of(wraps(**rest, original_exception=limited)) == "rate_limit"
    assert (
        reason_of(wraps(**rest, original_exception=ValueError("tool_use_failed"))) == "bad_answer"
    )
    assert reason_of(wraps(**rest, original_exception=ConnectionResetError("gone"))) == "server"


def test_unreachable_only_where_the_network_is_behind_it() -> None:
    error = made(classes()["APIConnectionError"])
    error.__context__ = AttributeError("no attribute 'service_tier'")
    assert not failure(error, model="m").again
    error.__context__.__cause__ = httpx.ReadError("")
    assert failure(error, model="m").error.reason == "unreachable"


# keys


@pytest.fixture
def canaries(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A key in every variable that may hold one, in the forms of different providers."""
    made = []
    for number, name in enumerate((*KEYS, "RECAGENT_API_KEY", "HF_TOKEN", "AWS_SECRET_ACCESS_KEY")):
        key = f"canary{number:02}plainletters{'x' * number}"
        monkeypatch.setenv(name, key)
        made.append(key)
    return made


@pytest.mark.parametrize("provider", ["openai", "anthropic", "gemini", "ollama", "groq"])
@pytest.mark.parametrize("kind", ["auth", "server", "bad_answer"])
def test_42_no_key_in_any_error(provider: str, kind: str, canaries: list[str]) -> None:
    """Not in what is told, not in notes, not in the traceback that Python would print."""
    unknown = "sk-proj-Unknown_1234567890abc"
    told = f"no: {' '.join(canaries)} {unknown} at https://u:pass9word@x.test/v1?key=zz99zz&b=1"
    for answer in (Answer.error(kind, told), Answer.error(kind, told, in_stream=True)):
        with FakeServer(*[answer] * 4, provider=provider) as server:
            with pytest.raises(ModelError) as caught:
                client_of(server, model=server.model).complete(HELLO)
        printed = "".join(traceback.format_exception(caught.value)) + caught.value.hint
        for secret in (*canaries, unknown, "pass9word", "zz99zz"):
            assert secret not in printed, secret


@pytest.mark.usefixtures("home")
def test_42_no_key_on_the_command_line(recagent: RunCommand, canaries: list[str]) -> None:
    refused = Answer.error("auth", f"Incorrect API key provided: {canaries[0]} {canaries[-1]}")
    for words in (
        ("ask", "-m", "openai/x", "--debug", "--verbose", "a drama"),
        ("ask", "-m", "openai/x", "--json", "a drama"),
        ("doctor", "-m", "openai/x"),
        ("doctor", "-m", "openai/x", "--json"),
    ):
        with FakeServer(refused, refused) as server:
            ran = recagent(*words, "--api-base", server.url)
        assert ran.code == 5 and "does not accept the key" in ran.err
        assert ("Traceback" in ran.err) == ("--debug" in words)
        for key in canaries:
            assert key not in ran.out + ran.err, words
    assert "litellm.exceptions.AuthenticationError" in recagent_debug(recagent, refused)


def recagent_debug(recagent: RunCommand, refused: Answer) -> str:
    """What --debug adds: who told it."""
    with FakeServer(refused) as server:
        words = ("ask", "-m", "openai/x", "--debug", "--api-base", server.url, "a drama")
        return recagent(*words).err


# litellm itself

QUIET = """
import os, sys, threading
from recagent_cli.agent.litellm_adapter import LiteLLMClient
from recagent_cli.agent.litellm_loading import warm
from recagent_cli.agent.wire import Message
from recagent_cli.testing import Answer, FakeServer
assert "litellm" not in sys.modules
thread = warm()
thread.join()
assert "litellm" in sys.modules and not threading.current_thread() is thread
for provider in ("openai", "anthropic", "ollama"):
    with FakeServer(Answer(text="ok"), Answer.error("auth"), provider=provider) as server:
        client = LiteLLMClient(server.model, api_base=server.api_base)
        assert client.complete((Message("user", "hi"),)).text == "ok"
        try:
            client.complete((Message("user", "hi"),))
        except Exception as error:
            assert error.reason == "auth", error
import litellm
assert "FROM_DOT_ENV" not in os.environ and not litellm.num_retries and not litellm.telemetry
"""


def test_import_and_calls_are_quiet_and_read_no_dot_env(tmp_path: Path) -> None:
    """A whole process of its own: what litellm prints, it prints while it is imported."""
    (tmp_path / ".env").write_text("FROM_DOT_ENV=1\n")
    places = [str(Path(entry).resolve()) for entry in sys.path if entry]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(places),
        # A download of the price list would end here, at once and with a warning.
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.1",
    }
    ran = subprocess.run(
        [sys.executable, "-c", QUIET],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@pytest.fixture
def other_litellm(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Room for another litellm than the installed one; afterwards that one is back."""
    monkeypatch.setattr(litellm_loading, "_loaded", None)
    monkeypatch.delitem(sys.modules, "litellm")
    yield monkeypatch
    sys.modules.pop("litellm", None)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("missing", "cannot be imported"),
        ("x = (", "cannot be imported: SyntaxError"),
        ("import no_such_module_of_its_own", "No module named 'no_such_module_of_its_own'"),
        ("half = True", "has no attribute 'completion'"),
        ("old", "litellm 1.40.2 is too old: 1.91 or newer is needed"),
    ],
)
def test_65_litellm_missing_broken_or_old_is_one_line(
    state: str,
    says: str,
    other_litellm: pytest.MonkeyPatch,
    recagent: RunCommand,
    tmp_path: Path,
) -> None:
    if state == "missing":
        other_litellm.setitem(sys.modules, "litellm", None)
    elif state == "old":
        installed = importlib.metadata.version
        other_litellm.setitem(sys.modules, "litellm", ModuleType("litellm"))
        other_litellm.setattr(
            importlib.metadata, "version", lambda n: "1.40.2" if n == "litellm" else installed(n)
        )
    else:
        (tmp_path / "site").mkdir()
        (tmp_path / "site" / "litellm.py").write_text(state)
        other_litellm.syspath_prepend(str(tmp_path / "site"))
    for command in (("ask", "a drama"), ("doctor",)):
        ran = recagent(command[0], "-m", "gpt-4o-mini", *command[1:])
        first, hint = ran.err.splitlines()
        assert ran.code == 5 and says in first and "pip install" in hint
    assert recagent("ask", "a drama").code == 0


def test_load_gives_the_same_module_without_another_look(monkeypatch: pytest.MonkeyPatch) -> None:
    first = load()
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0.1")
    assert load() is first and LiteLLMClient("gpt-4o-mini").model == "gpt-4o-mini"


def test_65_a_provider_that_needs_more_than_litellm() -> None:
    """Vertex AI wants Google's own library, which is not installed with recagent."""
    with contextlib.suppress(ImportError):
        importlib.import_module("google.auth")
        pytest.skip("Google's library is installed here")
    with pytest.raises(ModelError) as caught:
        LiteLLMClient("vertex_ai/gemini-2.5-flash").complete(HELLO)
    assert caught.value.reason == "missing" and "beside litellm" in caught.value.hint
