"""Where requests may go: to the address that a person gave, and nowhere else.

litellm takes an address for every provider, and leaves it aside for some. So at an address only
those are let through that were seen to keep to it, and a guard stands in the HTTP clients as well.
"""

from __future__ import annotations

import os
import re
from typing import Any
from urllib.parse import SplitResult, urlsplit

from recagent_catalogs.errors import BadInput, ModelError
from recagent_catalogs.text import clean

OBEYS = frozenset(
    """
    ai21 ai21_chat aiml anthropic azure azure_ai baseten cerebras codestral cohere cohere_chat
    cometapi custom_openai dashscope databricks deepinfra deepseek docker_model_runner
    featherless_ai fireworks_ai friendliai gemini github groq heroku hosted_vllm hyperbolic
    lambda_ai lemonade litellm_proxy llamafile lm_studio meta_llama minimax mistral
    modelscope moonshot nebius novita nscale nvidia_nim ollama ollama_chat openai openrouter
    ovhcloud perplexity sambanova scaleway together_ai v0 vercel_ai_gateway volcengine wandb xai
    xinference zai
    """.split()
)
"""Providers for which litellm keeps to an address: it was seen at the wire that requests, with the
words and `RECAGENT_API_KEY`, go to it and that nothing else is looked up or reached
(tests/cli/test_llm_hosts.py). Of the others some are asked at their own host whatever the address
(replicate, bytez, sagemaker), some fetch a token with the key elsewhere (gigachat, watsonx), some
ask huggingface.co about the model; of the rest it was not tried.
"""
LOGINS = frozenset(("chatgpt", "github_copilot"))
"""Providers for which litellm begins a login: it prints a code, and waits for minutes."""
_OPENAI_OWN = ("openai-organization", "openai-project")
_SECRET = re.compile(r"key|token|secret|passw|pwd|auth|sig|code|credential", re.I)
_KEY_CHARS = 24
_PORTS = {"http": 80, "https": 443}


def check_address(api_base: str | None) -> None:
    """See that an address can be one of a server.

    Raises:
        BadInput: it cannot; what was given is not repeated, as it may hold a password.
    """
    if api_base is None:
        return
    try:
        parts = urlsplit(api_base)
        good = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or api_base != "".join(clean(api_base).split()):
        raise BadInput(
            "the address of the model's server is none",
            hint="--api-base wants one like http://127.0.0.1:8080/v1",
        )


def check_no_secret(api_base: str) -> None:
    """See that an address may be stored and shown: it holds no password and no key.

    Raises:
        BadInput: it does; what was given is not repeated.
    """
    if without_secrets(api_base) != api_base:
        raise BadInput(
            "an address with a password or a key in it is not stored",
            hint="give the address alone, and the key by RECAGENT_API_KEY",
        )


def without_secrets(api_base: str) -> str:
    """An address with … for name and password, and for whatever in its query may be a key."""
    try:
        parts = urlsplit(api_base)
    except ValueError:
        return "…" if "@" in api_base else api_base
    pairs = [pair.partition("=") for pair in parts.query.split("&")]
    query = "&".join(
        f"{name}=…" if _SECRET.search(name) or len(value) >= _KEY_CHARS else f"{name}{sign}{value}"
        for name, sign, value in pairs
    )
    place = f"…@{_place(parts)}" if "@" in parts.netloc else parts.netloc
    return parts._replace(netloc=place, query=query).geturl()


def host_of(api_base: str) -> str:
    """Host and port of an address, for people: no name, no password, no path."""
    try:
        parts = urlsplit(api_base)
        return _place(parts) or "the server at --api-base"
    except ValueError:
        return "the server at --api-base"


def _place(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]


def check_provider(model: str, api_base: str | None) -> None:
    """See that litellm sends a model's messages where they should go; nothing is sent.

    Args:
        model: as litellm wants it, with its provider where there is an address.
        api_base: address of the person's own server.

    Raises:
        ModelError: it would begin a login, or is not known to keep to an address (reason
            "refused").
    """
    head, slash, _ = model.partition("/")
    if slash and head in LOGINS:
        raise ModelError(
            f"{model}: litellm begins a login for {head}, which recagent does not do",
            reason="refused",
            hint="choose another provider",
        )
    if api_base is not None and head not in OBEYS:
        raise ModelError(
            f"{model}: not asked, as for {head} messages may go elsewhere than to --api-base",
            reason="refused",
            hint=f"for an OpenAI-compatible server name it openai/{model}; else without --api-base",
        )


class Guard:
    """Keeps the requests for one answer to their host, as hooks of httpx clients.

    Args:
        model: the name to show.
        api_base: address of the person's own server; None: the provider's hosts, whichever.
        key: what is sent to the server.

    Attributes:
        astray: what was held back, and why; None where nothing was.
    """

    def __init__(self, model: str, api_base: str | None, key: str = "") -> None:
        self.astray: ModelError | None = None
        self._model, self._key = model, key
        self._base = api_base

    def watch(self, client: Any) -> None:
        """Stand in a client of httpx."""
        hooks = client.event_hooks
        client.event_hooks = {
            "request": [*hooks["request"], self._before],
            "response": [self._after, *hooks["response"]],
        }

    def _before(self, request: Any) -> None:
        if self._base is None:
            return
        if not _same(_origin(urlsplit(self._base)), _origin(urlsplit(str(request.url)))):
            there = _place(urlsplit(str(request.url)))
            raise self._held(f"a request for {there} was held back, as it is not --api-base", "")
        for name in _OPENAI_OWN:
            request.headers.pop(name, None)
        for name, value in _openai_custom():
            if request.headers.get(name) == value:
                del request.headers[name]
                if name.casefold() == "authorization":
                    request.headers[name] = f"Bearer {self._key}"

    def _after(self, response: Any) -> None:
        if not response.has_redirect_location:
            return
        import httpx  # loaded by now, with litellm

        here = urlsplit(str(response.request.url))
        try:
            url = response.request.url.join(response.headers["location"])
            there = urlsplit(str(url))
            same = _same(_origin(here), _origin(there))
        except (httpx.InvalidURL, ValueError):  # httpx says itself that this is no address
            return
        if same:
            return
        told = [clean(_place(parts))[:100] for parts in (here, there)]
        raise self._held(
            f"{told[0]} sends on to {told[1]}, where nothing is sent",
            f"if {told[1]} is the server you mean, give its address with --api-base",
        )

    def _held(self, what: str, hint: str) -> ModelError:
        self.astray = ModelError(f"{self._model}: {what}", reason="refused", hint=hint)
        return self.astray


def _origin(parts: SplitResult) -> tuple[str, str, int | None]:
    scheme = parts.scheme.lower()
    return scheme, parts.hostname or "", parts.port or _PORTS.get(scheme)


def _same(here: tuple[str, str, int | None], there: tuple[str, str, int | None]) -> bool:
    """Whether it is the same server; one that goes over to TLS on its usual port is."""
    upgrade = (here[0], here[2], there[0], there[2]) == ("http", 80, "https", 443)
    return here == there or (upgrade and here[1] == there[1])


def _openai_custom() -> list[tuple[str, str]]:
    """Headers that OpenAI's client takes from the environment, for OpenAI."""
    lines = os.environ.get("OPENAI_CUSTOM_HEADERS", "").splitlines()
    pairs = [line.partition(":") for line in lines if ":" in line]
    return [(name.strip(), value.strip()) for name, _, value in pairs]
