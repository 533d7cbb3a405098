"""Gemini's generateContent; written from recorded answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .answer import Answer, FakeCall
from .speaker import Speaker, sse

_STATUSES = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


class Gemini(Speaker):
    """Parts of a candidate; calls are objects, their ids may be missing."""

    model = "gemini/gemini-2.5-flash"
    stream_type = "text/event-stream"
    faults = {
        "auth": (400, "", "", "API key not valid. Please pass a valid API key."),
        "not_found": (404, "", "", "models/fake is not found for API version v1beta."),
        "rate_limit": (429, "", "", "Resource exhausted. Please try again later."),
        "refused": (400, "", "", "The prompt was blocked for safety."),
        "context": (
            400,
            "",
            "",
            "The input token count (1200000) exceeds the maximum number of tokens allowed "
            "(1048576).",
        ),
        "credit": (
            429,
            "",
            "",
            "You exceeded your current quota, please check your plan and billing details.",
        ),
        "no_tools": (400, "", "", "Function calling is not enabled for models/fake"),
        "bad_answer": (400, "", "", "MALFORMED_FUNCTION_CALL"),
        "server": (500, "", "", "An internal error has occurred. Please retry."),
        "overloaded": (503, "", "", "The model is overloaded. Please try again later."),
    }

    def error(self, status: int, type_: str, code: str, message: str) -> dict[str, Any]:
        """The body of an error."""
        return {"error": {"code": status, "message": message, "status": _STATUSES[status]}}

    def part(self, call: FakeCall) -> dict[str, Any]:
        """A call."""
        made: dict[str, Any] = {"name": call.name, "args": call.value()}
        if call.id:
            made["id"] = call.id
        part: dict[str, Any] = {"functionCall": made}
        return {**part, "thoughtSignature": call.signature} if call.signature else part

    def body(self, answer: Answer, parts: list[Any], finish: str | None) -> dict[str, Any]:
        """One body, or one part of a stream."""
        candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
        if finish:
            candidate["finishReason"] = finish
            if answer.calls:
                candidate["finishMessage"] = "Model generated function call(s)."
        body: dict[str, Any] = {"candidates": [candidate]}
        if answer.usage is not None:
            prompt, completion = answer.usage
            body["usageMetadata"] = {
                "promptTokenCount": prompt,
                "candidatesTokenCount": completion,
                "totalTokenCount": prompt + completion,
                "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt}],
                **({"cachedContentTokenCount": answer.cached} if answer.cached else {}),
            }
        return {**body, "modelVersion": "fake", "responseId": "fake"}

    def finish(self, answer: Answer) -> str | None:
        """The finish word."""
        return "STOP" if answer.finish is None else answer.finish or None

    def thoughts(self, answer: Answer, text: str) -> list[Any]:
        """Reasoning, as parts."""
        return [{"text": piece, "thought": True} for piece in answer.pieces(text)] if text else []

    def whole(self, answer: Answer) -> dict[str, Any]:
        """The answer as one JSON body."""
        parts = self.thoughts(answer, answer.thinking)
        parts += [{"text": answer.text}] if answer.text else []
        parts += [self.part(call) for call in answer.calls]
        return self.body(answer, parts, self.finish(answer))

    def parts(self, answer: Answer) -> Iterator[bytes]:
        """The answer as the parts of a stream."""
        parts = self.thoughts(answer, answer.thinking)
        parts += [{"text": piece} for piece in answer.pieces(answer.text)]
        parts += [self.part(call) for call in answer.calls]
        for number, part in enumerate(parts):
            finish = self.finish(answer) if number == len(parts) - 1 else None
            yield sse(self.body(answer, [part], finish), end="\r\n\r\n")
        if not parts:
            yield sse(self.body(answer, [], self.finish(answer)), end="\r\n\r\n")
