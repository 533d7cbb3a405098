"""Cohere's chat, version 2; written from its documentation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .answer import Answer
from .speaker import Speaker, call_id, sse


class Cohere(Speaker):
    """A plan before the calls; finish words in capitals; errors are one message."""

    model = "cohere_chat/fake"
    path = "/v2/chat"
    faults = {
        "auth": (401, "", "", "invalid api token"),
        "not_found": (404, "", "", "model 'fake' not found"),
        "rate_limit": (429, "", "", "You are using a Trial key, which is limited to 10 calls."),
        "refused": (400, "", "", "blocked by the content policy"),
        "context": (400, "", "", "too many tokens: size limit exceeded by 9000 tokens."),
        "credit": (402, "", "", "payment required: please add a payment method"),
        "no_tools": (400, "", "", "tools are not supported by this model"),
        "bad_answer": (422, "", "", "tool call validation failed"),
        "server": (500, "", "", "internal server error"),
        "overloaded": (503, "", "", "service unavailable"),
    }

    def error(self, status: int, type_: str, code: str, message: str) -> dict[str, Any]:
        """A message."""
        return {"id": "fake", "message": message}

    def finish(self, answer: Answer) -> str | None:
        """The finish word."""
        if answer.finish is not None:
            return answer.finish or None
        return "TOOL_CALL" if answer.calls else "COMPLETE"

    def usage(self, answer: Answer) -> dict[str, Any]:
        """Tokens, billed and read."""
        prompt, completion = answer.usage or (0, 0)
        counts = {"input_tokens": prompt, "output_tokens": completion}
        return {"billed_units": counts, "tokens": counts} if answer.usage else {}

    def calls(self, answer: Answer) -> list[dict[str, Any]]:
        """The calls, whole."""
        return [
            {
                "id": call_id(call, number, f"{call.name}_"),
                "type": "function",
                "function": {"name": call.name, "arguments": call.text()},
            }
            for number, call in enumerate(answer.calls)
        ]

    def whole(self, answer: Answer) -> dict[str, Any]:
        """The answer as one JSON body: text beside calls is the plan."""
        message: dict[str, Any] = {"role": "assistant"}
        if answer.calls:
            message |= {"tool_plan": answer.text, "tool_calls": self.calls(answer)}
        else:
            message["content"] = [{"type": "text", "text": answer.text}]
        end = {"finish_reason": self.finish(answer), "usage": self.usage(answer)}
        return {"id": "fake", "message": message, **end}

    def event(self, type_: str, message: dict[str, Any] | None = None, **rest: Any) -> bytes:
        """One event."""
        delta = {} if message is None else {"delta": {"message": message}}
        return sse({"type": type_, **rest, **delta}, type_)

    def parts(self, answer: Answer) -> Iterator[bytes]:
        """The answer as the parts of a stream."""
        yield self.event("message-start", {"role": "assistant"}, id="fake")
        if answer.calls:
            for piece in answer.pieces(answer.text):
                yield self.event("tool-plan-delta", {"tool_plan": piece})
        elif answer.text:
            start = {"content": {"type": "text", "text": ""}}
            yield self.event("content-start", start, index=0)
            for piece in answer.pieces(answer.text):
                yield self.event("content-delta", {"content": {"text": piece}}, index=0)
            yield self.event("content-end", index=0)
        for number, call in enumerate(self.calls(answer)):
            yield from self.call_parts(answer, number, call)
        finish = self.finish(answer)
        if not answer.done and finish is None:
            return
        end = {"finish_reason": finish, "usage": self.usage(answer)}
        yield sse({"type": "message-end", "delta": end}, "message-end")

    def call_parts(self, answer: Answer, number: int, call: dict[str, Any]) -> Iterator[bytes]:
        """One call: opened, filled, closed."""
        function = call["function"]
        start = {**call, "function": {"name": function["name"], "arguments": ""}}
        yield self.event("tool-call-start", {"tool_calls": start}, index=number)
        for piece in answer.pieces(function["arguments"]):
            part = {"tool_calls": {"function": {"arguments": piece}}}
            yield self.event("tool-call-delta", part, index=number)
        yield self.event("tool-call-end", index=number)
