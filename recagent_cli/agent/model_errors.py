"""What went wrong at a model, in a few kinds of our own, each with a hint; and how long to wait.

Works on the names of exception classes and on texts, so that it needs no litellm to be imported.
"""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from recagent_catalogs.errors import ModelError
from recagent_catalogs.text import clean

from .blind import about_pictures

RETRYABLE = frozenset(("rate_limit", "timeout", "unreachable", "server"))
_SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL)", re.I)
_SECRET_TEXT = re.compile(
    r"\b(?:sk|pk|gsk|xai|hf|AIza|AKIA)[-_A-Za-z0-9*]{8,}|(?i:bearer|basic)\s+[\w.~+/=-]{8,}"
    r"|(?<=key=)[^&\s\"']+|(?<=://)[^/@\s]+@"
)


def _patterns(*rows: tuple[str, str]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((reason, re.compile(pattern, re.I)) for reason, pattern in rows)


_SURE = _patterns(
    ("missing", r"SDK not found|no module named|pip install|ImportError"),
    (
        "not_found",
        r"LLM Provider NOT provided|unknown provider|unmapped LLM provider|not a valid model"
        r"|invalid model:|model\W.{0,80}(does not exist|not found)|try pulling it|models/\S+ is not"
        r" found|deployment.{0,20}does not exist",
    ),
    (
        "auth",
        r"missing credentials|missing .{0,30}api.?key|api_key client option must be set"
        r"|no api.?key (was )?(provided|set|found)|(invalid|incorrect).{0,10}api.?(key|token)"
        r"|api.?key not valid|invalid subscription key|authentication fails|no auth credentials"
        r"|\bunauthorized\b",
    ),
    (
        "unreachable",
        r"connection (error|refused|reset)|connecterror|cannot connect|errno (111|61|-2|-3|8)\b"
        r"|name or service not known|temporary failure in name|getaddrinfo|nodename nor serv"
        r"|certificate|ssl: |wrong_version_number|network is unreachable|no route to host",
    ),
    (
        "bad_answer",
        r"tool_use_failed|failed_generation|tool call validation|malformed_function"
        r"|error parsing tool call",
    ),
    (
        "no_tools",
        r"(does|do) ?n[o']t support (tools|tool|function)|tools? (is|are) not supported"
        r"|support(s|ed)? parameters: \[?'?tools|tool.?(use|call\w*|choice|s param).{0,40}"
        r"(not supported|unsupported|requires --)|no endpoints found that support tool"
        r"|function calling is not (enabled|supported)"
        r"|invalid schema for function|invalid tool|tools\.\d+\.|function_declarations",
    ),
    (
        "context",
        r"context.?(length|window)|maximum context|too many (input )?tokens"
        r"|prompt is too long|input is too long|exceeds? the (maximum|available) "
        r"(number of tokens|context)|token count .{0,40}exceeds|reduce the length of the messages",
    ),
    (
        "credit",
        r"insufficient_quota|credit balance|insufficient (credit|balance|funds)|billing"
        r"|payment required|exceeded your current quota|out of credit",
    ),
    (
        "refused",
        r"content management policy|content filtering policy|input was flagged|flagged by"
        r"|prompt was blocked",
    ),
)
"""Kinds told by the text, whatever the class: litellm makes most errors in a stream a 503."""
_MAYBE = _patterns(
    ("refused", r"content.?(policy|filter|management)|safety|responsible.?ai|blocked"),
    ("rate_limit", r"rate.?limit|resource.?exhausted|too many requests"),
    (
        "server",
        r"overloaded|server had an error|internal (server )?error|unavailable|over capacity"
        r"|runner process|server busy",
    ),
    ("timeout", r"timed? ?out"),
)
"""Kinds told by the text where the class says nothing."""
_NAMES = (
    ("ContextWindowExceededError", "context"),
    ("ContentPolicyViolationError", "refused"),
    ("AuthenticationError", "auth"),
    ("PermissionDeniedError", "auth"),
    ("NotFoundError", "not_found"),
    ("LiteLLMUnknownProvider", "not_found"),
    ("UnsupportedParamsError", "no_tools"),
    ("ImageFetchError", "refused"),
    ("RejectedRequestError", "refused"),
    ("GuardrailRaisedException", "refused"),
    ("BlockedPiiEntityError", "refused"),
    ("ModifyResponseException", "refused"),
    ("SensitiveDataRouteException", "refused"),
    ("UnprocessableEntityError", "refused"),
    ("BudgetExceededError", "credit"),
    ("APIResponseValidationError", "bad_answer"),
    ("ModelNotMappedError", "not_found"),
    ("RateLimitError", "rate_limit"),
    ("APITimeoutError", "timeout"),
    ("TimeoutException", "timeout"),
    ("ServiceUnavailableError", "server"),
    ("BadGatewayError", "server"),
    ("InternalServerError", "server"),
    ("APIConnectionError", "unreachable"),
)
_STATUSES = {401: "auth", 402: "credit", 403: "auth", 404: "not_found", 408: "timeout"}
_STATUSES |= {413: "context", 429: "rate_limit", 529: "server"}
_HINTS = {
    "missing": "install what this provider needs beside litellm",
    "auth": "set the provider's key in the environment ({key})",
    "not_found": "check the name (-m or the setting); with --api-base it is the server's own",
    "rate_limit": "wait and try again, or choose another model",
    "timeout": "try again; --timeout SECONDS gives a slow model more time",
    "unreachable": "check the network, the address (--api-base) and that the server runs",
    "refused": "word the request differently, or ask without a model",
    "context": "begin a new session, or use a model with a larger context",
    "credit": "top up the account with the provider, or choose another model",
    "no_tools": "this model has no tool calls; recagent then asks it in plain text",
    "bad_answer": "try again, or choose another model",
    "no_images": "choose one that can, or say in words what it shows",
    "bad_image": "try a smaller one, as JPEG or PNG",
    "server": "the provider has trouble; try again later",
}
_KEYS = {
    "openai": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "gemini": "GEMINI_API_KEY",
    "groq": "GROQ_API_KEY",
    "mistral": "MISTRAL_API_KEY",
    "deepseek": "DEEPSEEK_API_KEY",
    "openrouter": "OPENROUTER_API_KEY",
    "azure": "AZURE_API_KEY",
    "cohere": "COHERE_API_KEY",
    "xai": "XAI_API_KEY",
    "together_ai": "TOGETHERAI_API_KEY",
}


@dataclass(frozen=True)
class Failure:
    """A mapped error.

    Attributes:
        error: what to raise.
        again: whether another try may help.
        wait_s: how long the provider says to wait, seconds, or None.
    """

    error: ModelError
    again: bool
    wait_s: float | None = None


def no_images(model: str) -> ModelError:
    """The refusal of pictures for a model that is known to be blind."""
    says = f"{model}: {_SAYS['no_images']}"
    return ModelError(says, reason="no_images", hint=_HINTS["no_images"])


def no_answer(model: str, why: str) -> ModelError:
    """What is told of a model that gave no answer in time."""
    says = f"{model}: {_SAYS['timeout']} ({why})"
    return ModelError(says, reason="timeout", hint=_HINTS["timeout"])


def key_name(provider: str, *, own_base: bool) -> str:
    """The environment variable that holds the key for this provider."""
    if own_base:
        return "RECAGENT_API_KEY"
    return _KEYS.get(provider, f"{provider.upper()}_API_KEY" if provider else "…_API_KEY")


def failure(
    error: BaseException,
    *,
    model: str,
    provider: str = "",
    own_base: bool = False,
    pictures: bool = False,
    address: str = "",
) -> Failure:
    """Map whatever a model client raised.

    Args:
        error: the exception, of any class.
        model: the name to show.
        provider: as litellm calls it; names the key in the hint.
        own_base: whether the person gave the address.
        pictures: whether some were sent.
        address: host and port that were asked, without name and password; told where nobody
            answers there.
    """
    if isinstance(error, ModelError):
        return Failure(error, error.reason in RETRYABLE)
    reason = reason_of(error, pictures=pictures)
    hint = _HINTS[reason].format(key=key_name(provider, own_base=own_base))
    if reason == "refused" and not _about_content(error):
        hint = "the server does not take this request; try another model, or none"
    headers = _headers(error)
    wait_s = retry_after(headers, str(error)) if reason in RETRYABLE else None
    if "LLM Provider NOT provided" in str(error):
        says = f"{model}: no such model, or its provider is missing (provider/model)"
    elif reason == "auth" and re.search(r"(?i)missing|must be set|no api.?key", str(error)):
        says = f"{model}: no key is set"
    else:
        at = f" at {address}" if address and reason == "unreachable" else ""
        says = f"{model}: {_SAYS[reason]}{at}{_detail(error)}"
    mapped = ModelError(says, reason=reason, hint=hint)
    mapped.add_note(f"told by {type(error).__module__}.{type(error).__qualname__}")
    return Failure(mapped, reason in RETRYABLE, wait_s)


_SAYS = {
    "missing": "a part of litellm is missing",
    "auth": "the provider does not accept the key",
    "not_found": "no such model",
    "rate_limit": "the provider's rate limit is reached",
    "timeout": "no answer in time",
    "unreachable": "cannot be reached",
    "refused": "the request was refused",
    "context": "the conversation is too long for the model",
    "credit": "the account is out of credit",
    "no_tools": "no support for tools",
    "bad_answer": "the answer cannot be used",
    "no_images": "this model cannot look at pictures",
    "bad_image": "the picture was refused",
    "server": "the provider failed",
}


def reason_of(error: BaseException, *, pictures: bool = False) -> str:
    """The kind of an exception: one of the reasons of `ModelError`."""
    chain = list(_chain(error))
    text = " ".join(str(part) for part in chain)
    status = next((s for part in chain if (s := _status(part))), 0)
    if pictures and (about := about_pictures(status, text)):
        return about
    if sure := _said(_SURE, text):
        return sure
    names = {cls.__name__ for part in chain for cls in type(part).__mro__}
    by_name = next((reason for name, reason in _NAMES if name in names), "")
    by_status = _STATUSES.get(status, "server" if status >= 500 else "")
    by_text = _said(_MAYBE, text)
    if by_name == "unreachable":
        if by_status not in ("", "server"):
            return by_status
        if by_text in ("timeout", "rate_limit", "server"):
            return by_text
        # litellm gives this name to whatever it did not expect, its own faults among it.
        return "unreachable" if _of_network(error) else "bad_answer"
    return by_name or by_status or by_text or ("refused" if status == 400 else "bad_answer")


def _said(patterns: Iterable[tuple[str, re.Pattern[str]]], text: str) -> str:
    return next((reason for reason, pattern in patterns if pattern.search(text)), "")


def _of_network(error: BaseException) -> bool:
    """Whether the network is behind an exception: an error of sockets, or of httpx's transport."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen or len(seen) > 20:
            continue
        seen.add(id(current))
        names = {cls.__name__ for cls in type(current).__mro__}
        if isinstance(current, OSError) or "TransportError" in names:
            return True
        wrapped = getattr(current, "original_exception", None)
        waiting += [current.__cause__, current.__context__]
        waiting += [wrapped] if isinstance(wrapped, BaseException) else []
    return False


def _about_content(error: BaseException) -> bool:
    named = type(error).__name__ == "ContentPolicyViolationError"
    return named or "refused" in (_said(_SURE, str(error)), _said(_MAYBE, str(error)))


def _chain(error: BaseException) -> Iterable[BaseException]:
    """The exception and what it wraps: litellm's stream error hides the real one."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen and len(seen) < 6:
        seen.add(id(current))
        yield current
        wrapped = getattr(current, "original_exception", None)
        current = wrapped if isinstance(wrapped, BaseException) else None


def _status(error: BaseException) -> int:
    status = getattr(error, "status_code", 0)
    return int(status) if isinstance(status, int | str) and str(status).isdigit() else 0


def _headers(error: BaseException) -> Mapping[str, str]:
    for part in _chain(error):
        for source in (getattr(part, "response", None), part):
            for name in ("headers", "litellm_response_headers"):
                headers = getattr(source, name, None)
                if headers:
                    return {str(k).lower(): str(v) for k, v in dict(headers).items()}
    return {}


_CLASS_NAMES = re.compile(
    r"^(litellm\.|\w+(Error|Exception|Timeout)\b\s*[:-]?\s*|\w+Exception\s*-\s*)+"
    r"|File an issue if litellm error\S* - \S+|Handle with `litellm\.\w+`\.?"
)
_WORDS = re.compile(
    r"""["'](?:message|error)["']\s*:\s*(["'])((?:\\.|(?!\1).)+)\1|^Message: (.+), Metadata: """,
    re.S,
)
"""The provider's words inside JSON, inside a dict as Python writes it, or as OpenRouter's."""
_VALIDATED = re.compile(r"\d+ validation errors? for .*", re.S)
"""What pydantic says of an answer in litellm: many lines, of use to nobody."""
_MARKUP = re.compile(r"(?is)<(style|script|title)\b.*?</\1>|<[^>]{1,500}>")


def _detail(error: BaseException) -> str:
    """The provider's own words, short, without markup, addresses of litellm's help, and keys."""
    last = list(_chain(error))[-1]
    text = str(getattr(last, "message", "") or last)
    text = text.partition("Traceback (most recent call last)")[0]
    if said := _WORDS.search(text):
        text = (said.group(2) or said.group(3)).replace('\\"', '"').replace("\\n", " ")
    text = _VALIDATED.sub("something in the answer is of the wrong kind", text)
    text = _CLASS_NAMES.sub("", text)
    text = _MARKUP.sub(" ", text)
    text = redact(" ".join(clean(text).split()))
    short = text if len(text) <= 200 else text[:199] + "…"
    return f": {short}" if short else ""


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Replace everything that is, or looks like, a key. Values of the environment's keys count."""
    return redactor(secrets)(text)


def redactor(secrets: Iterable[str] = ()) -> Callable[[str], str]:
    """`redact` for many texts: the environment is read once."""
    values = [v for k, v in os.environ.items() if _SECRET_NAME.search(k) and len(v) >= 8]
    values = sorted({*values, *(s for s in secrets if s)}, key=len, reverse=True)

    def hidden(text: str) -> str:
        for value in values:
            text = text.replace(value, "[key]")
        return _SECRET_TEXT.sub("[key]", text)

    return hidden


_AGAIN_IN = re.compile(
    r"(?:try again|retry(?: after)?|retrydelay\W+|wait)\D{0,12}?"
    r"((?:\d+(?:\.\d+)?\s*(?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?)\s*)+)",
    re.I,
)
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|milli\w*|h|m(?!s)|s)", re.I)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def retry_after(headers: Mapping[str, str], text: str = "") -> float | None:
    """Seconds to wait, by `retry-after-ms`, `retry-after` (seconds, a date) or the text."""
    if (ms := _number(headers.get("retry-after-ms"))) is not None:
        return ms / 1000
    if value := headers.get("retry-after"):
        if (seconds := _number(value)) is not None:
            return seconds
        try:
            return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
        except (ValueError, TypeError):
            return None
    found = _AGAIN_IN.search(text)
    if not found:
        return None
    return sum(float(n) * _UNITS[_unit(unit)] for n, unit in _PART.findall(found.group(1)))


def _unit(word: str) -> str:
    word = word.lower()
    return "ms" if word.startswith(("ms", "milli")) else word[0]


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value is not None else math.nan
    except ValueError:
        return None
    return max(0.0, number) if math.isfinite(number) else None
