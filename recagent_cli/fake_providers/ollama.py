"""Ollama's native chat; written from recorded answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .answer import Answer
from .speaker import Speaker


class Ollama(Speaker):
    """A line of JSON each; arguments are objects, calls have no ids, the finish is "stop"."""

    model = "ollama_chat/llama3.1"
    stream_type = "application/x-ndjson"
    faults = {
        "auth": (401, "", "", "unauthorized"),
        "not_found": (404, "", "", 'model "fake" not found, try pulling it first'),
        "rate_limit": (429, "", "", "too many requests"),
        "refused": (400, "", "", "blocked by the content policy"),
        "context": (400, "", "", "the input exceeds the available context: input is too long"),
        "credit": (402, "", "", "payment required"),
        "no_tools": (400, "", "", "registry.ollama.ai/library/fake does not support tools"),
        "bad_answer": (500, "", "", "error parsing tool call: raw='{' err=unexpected end of JSON"),
        "server": (500, "", "", "llama runner process has terminated: exit status 2"),
        "overloaded": (503, "", "", "server busy, please try again. maximum pending requests"),
    }

    def error(self, status: int, type_: str, code: str, message: str) -> dict[str, Any]:
        """A text."""
        return {"error": message}

    def error_event(self, body: dict[str, Any]) -> bytes:
        """A line."""
        return json.dumps(body).encode() + b"\n"

    def message(self, answer: Answer, text: str, *, calls: bool) -> dict[str, Any]:
        """A message, or a piece of one."""
        message: dict[str, Any] = {"role": "assistant", "content": text}
        if calls and answer.calls:
            message["tool_calls"] = [
                {"function": {"name": call.name, "arguments": call.value()}}
                for call in answer.calls
            ]
        return message

    def line(self, answer: Answer, message: dict[str, Any], *, done: bool) -> dict[str, Any]:
        """One line."""
        line: dict[str, Any] = {"model": "fake", "created_at": "2024-05-24T20:26:46.294874Z"}
        line |= {"message": message, "done": done}
        if done:
            line["done_reason"] = "stop" if answer.finish is None else answer.finish
            names = ("total", "load", "prompt_eval", "eval")
            line |= {f"{name}_duration": 1 for name in names}
            if answer.usage is not None:
                line["prompt_eval_count"], line["eval_count"] = answer.usage
        return line

    def whole(self, answer: Answer) -> dict[str, Any]:
        """The answer as one JSON body."""
        message = self.message(answer, answer.text, calls=True)
        if answer.thinking:
            message["thinking"] = answer.thinking
        return self.line(answer, message, done=True)

    def parts(self, answer: Answer) -> Iterator[bytes]:
        """The answer as the parts of a stream."""
        messages = [
            {**self.message(answer, "", calls=False), "thinking": piece}
            for piece in answer.pieces(answer.thinking)
        ]
        pieces = answer.pieces(answer.text)
        messages += [self.message(answer, piece, calls=False) for piece in pieces]
        if answer.calls:
            messages.append(self.message(answer, "", calls=True))
        for message in messages:
            yield self.error_event(self.line(answer, message, done=False))
        if answer.done:
            end = self.message(answer, "", calls=False)
            yield self.error_event(self.line(answer, end, done=True))
