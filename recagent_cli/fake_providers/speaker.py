"""What every provider has in common: answers and errors, whole and in pieces."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from .answer import Answer, FakeCall

Fault = tuple[int, str, str, str]
"""HTTP status, type, code and words of an error."""


class Speaker(ABC):
    """How one provider writes answers on the wire.

    Attributes:
        model: a name of a model of it, as litellm takes it.
        path: what is appended to the server's address for `--api-base`.
        stream_type: the content type of a stream.
        faults: its errors, by the kind of `Answer.error`.
    """

    model = "openai/fake"
    path = ""
    stream_type = "text/event-stream; charset=utf-8"
    faults: dict[str, Fault] = {}

    @abstractmethod
    def whole(self, answer: Answer) -> dict[str, Any]:
        """The answer as one JSON body."""

    @abstractmethod
    def parts(self, answer: Answer) -> Iterator[bytes]:
        """The answer as the parts of a stream."""

    @abstractmethod
    def error(self, status: int, type_: str, code: str, message: str) -> dict[str, Any]:
        """The body of an error."""

    def fault(self, answer: Answer) -> tuple[int, dict[str, Any]]:
        """Status and body of the error that an answer asks for."""
        status, type_, code, words = self.faults[answer.failing]
        return status, self.error(status, type_, code, answer.message or words)

    def stream(self, answer: Answer) -> Iterator[bytes]:
        """The parts of a stream: as given, or built, perhaps with an error behind them."""
        if answer.events is not None:
            for event in answer.events:
                yield event.encode() if isinstance(event, str) else event
        elif answer.failing:
            if answer.text:
                yield from self.before_error(answer)
            yield self.error_event(self.fault(answer)[1])
        else:
            yield from self.parts(answer)

    def before_error(self, answer: Answer) -> Iterator[bytes]:
        """What comes before an error in the stream."""
        yield from self.parts(answer.without_end())

    def error_event(self, body: dict[str, Any]) -> bytes:
        """An error in a stream."""
        return sse(body)


def sse(data: Any, event: str = "", end: str = "\n\n") -> bytes:
    """A server-sent event with JSON data."""
    head = f"event: {event}\n" if event else ""
    return f"{head}data: {json.dumps(data)}{end}".encode()


def call_id(call: FakeCall, number: int, prefix: str) -> str:
    """The call's own id, or one of the provider's usual kind."""
    return f"{prefix}{number}abcDEF" if call.id is None else call.id
