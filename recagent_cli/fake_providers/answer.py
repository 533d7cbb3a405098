"""What the fake server is told to answer, whichever provider it plays."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

KINDS = (
    "auth",
    "not_found",
    "rate_limit",
    "refused",
    "context",
    "credit",
    "no_tools",
    "bad_answer",
    "server",
    "overloaded",
)
"""Kinds of `Answer.error`."""


@dataclass(frozen=True)
class FakeCall:
    """A tool call in a scripted answer. `arguments` may be a text, so that it can be malformed."""

    name: str
    arguments: dict[str, Any] | str | None = None
    id: str | None = None
    """None: the provider's usual kind of id."""
    signature: str = ""
    """Gemini's thought signature."""

    def text(self) -> str:
        """The arguments as JSON text."""
        if isinstance(self.arguments, str):
            return self.arguments
        return json.dumps({} if self.arguments is None else self.arguments)

    def value(self) -> Any:
        """The arguments as a JSON value, for providers that send objects."""
        return json.loads(self.text() or "{}")


@dataclass(frozen=True)
class Answer:
    """One scripted answer of the fake server.

    Attributes:
        text: prose.
        calls: tool calls after it.
        thinking: reasoning before it.
        signature: of the thinking (Anthropic).
        refusal: the words of a refusal (OpenAI).
        finish: the finish word; None for the usual one, "" for none at all.
        usage: (prompt, completion) tokens, or None to send none.
        cached: so many tokens of the prompt came from the provider's cache (where it tells that).
        piece: how many characters of text and arguments go into one chunk; 0 for all in one.
        done: whether a stream ends with its terminator ([DONE]).
        status: HTTP status; with 400 and more `body` is the error.
        body: sent as it is instead of anything built; text, bytes or a JSON value.
        content_type: of `body`.
        headers: further headers.
        events: raw stream parts, sent as they are instead of built ones.
        delay_s: wait before the first byte.
        stall_after: stop (and hold the connection) after that many stream parts.
        cut_after: close the connection, without a proper end, after that many stream parts.
        end_after: end the stream properly after that many parts, as a proxy does.
        empty_choices: send a first chunk without choices, as Azure does.
        failing: the kind of the error, see `error`.
        message: of the error; "" for the provider's usual words.
        in_stream: whether the error comes with status 200, behind the text.
    """

    text: str = ""
    calls: tuple[FakeCall, ...] = ()
    thinking: str = ""
    signature: str = ""
    refusal: str = ""
    finish: str | None = None
    usage: tuple[int, int] | None = (100, 20)
    cached: int = 0
    piece: int = 0
    done: bool = True
    status: int = 200
    body: Any = None
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    events: tuple[str | bytes, ...] | None = None
    delay_s: float = 0.0
    stall_after: int | None = None
    cut_after: int | None = None
    end_after: int | None = None
    empty_choices: bool = False
    failing: str = ""
    message: str = ""
    in_stream: bool = False

    @classmethod
    def error(
        cls,
        kind: str,
        message: str = "",
        *,
        in_stream: bool = False,
        retry_after_s: float | None = None,
        **rest: Any,
    ) -> Answer:
        """An error in the provider's own form: status, body and words.

        Args:
            kind: one of `KINDS`.
            message: the provider's words; "" for its usual ones.
            in_stream: with status 200, behind the answer's text, as errors of a stream come; a
                request that wants no stream gets the body with status 200.
            retry_after_s: the header `retry-after`, seconds.
            rest: further attributes of the answer.

        Raises:
            ValueError: there is no such kind.
        """
        if kind not in KINDS:
            raise ValueError(f"no kind of error {kind!r}: {', '.join(KINDS)}")
        headers = tuple(rest.pop("headers", ()))
        if retry_after_s is not None:
            headers = (*headers, ("retry-after", f"{retry_after_s:g}"))
        return cls(failing=kind, message=message, in_stream=in_stream, headers=headers, **rest)

    def without_end(self) -> Answer:
        """The same, as far as it came before an error in the stream."""
        return replace(self, failing="", done=False, finish="", usage=None)

    def pieces(self, text: str) -> list[str]:
        """A text in pieces of `piece` characters."""
        step = self.piece or max(len(text), 1)
        return [text[start : start + step] for start in range(0, len(text), step)]
