"""Anthropic's messages; written from recorded answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .answer import Answer
from .speaker import Speaker, call_id, sse

INVALID = "invalid_request_error"


class Anthropic(Speaker):
    """Typed blocks, each opened, filled and closed; a stream of named events."""

    model = "anthropic/claude-sonnet-4-20250514"
    faults = {
        "auth": (401, "authentication_error", "", "invalid x-api-key"),
        "not_found": (404, "not_found_error", "", "model: fake"),
        "rate_limit": (429, "rate_limit_error", "", "This request would exceed the rate limit."),
        "refused": (400, INVALID, "", "Output blocked by content filtering policy"),
        "context": (400, INVALID, "", "prompt is too long: 212345 tokens > 200000 maximum"),
        "credit": (400, INVALID, "", "Your credit balance is too low to access the Anthropic API."),
        "no_tools": (400, INVALID, "", "tools.0.custom.input_schema: this schema is not supported"),
        "bad_answer": (400, INVALID, "", "tool_use_failed"),
        "server": (500, "api_error", "", "Internal server error"),
        "overloaded": (529, "overloaded_error", "", "Overloaded"),
    }

    def error(self, status: int, type_: str, code: str, message: str) -> dict[str, Any]:
        """The body of an error."""
        return {
            "type": "error",
            "error": {"type": type_, "message": message},
            "request_id": "req_1",
        }

    def error_event(self, body: dict[str, Any]) -> bytes:
        """Named "error"."""
        return sse({"type": "error", "error": {"details": None, **body["error"]}}, "error")

    def finish(self, answer: Answer) -> str | None:
        """The finish word."""
        if answer.finish is not None:
            return answer.finish or None
        return "tool_use" if answer.calls else "end_turn"

    def blocks(self, answer: Answer) -> list[dict[str, Any]]:
        """The parts of the answer."""
        blocks: list[dict[str, Any]] = []
        if answer.thinking:
            thinking = {"type": "thinking", "thinking": answer.thinking}
            blocks.append({**thinking, "signature": answer.signature})
        if answer.text:
            blocks.append({"type": "text", "text": answer.text})
        for number, call in enumerate(answer.calls):
            block = {"type": "tool_use", "id": call_id(call, number, "toolu_"), "name": call.name}
            blocks.append({**block, "input": call.value(), "caller": {"type": "direct"}})
        return blocks

    def usage(self, answer: Answer) -> dict[str, Any]:
        """Tokens, and what the cache held."""
        prompt, completion = answer.usage or (0, 0)
        return {
            "input_tokens": prompt - answer.cached,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": answer.cached,
            "output_tokens": completion,
        }

    def message(self, answer: Answer, content: list[Any], stop: str | None) -> dict[str, Any]:
        """The message around the blocks."""
        cache = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0}
        own = {"cache_creation": cache, "service_tier": "standard", "inference_geo": "global"}
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "fake",
            "content": content,
            "stop_reason": stop,
            "stop_sequence": None,
            "usage": {**self.usage(answer), **own},
        }

    def whole(self, answer: Answer) -> dict[str, Any]:
        """The answer as one JSON body."""
        return self.message(answer, self.blocks(answer), self.finish(answer))

    def parts(self, answer: Answer) -> Iterator[bytes]:
        """The answer as the parts of a stream."""
        message = self.message(answer, [], None)
        yield sse({"type": "message_start", "message": message}, "message_start")
        for number, block in enumerate(self.blocks(answer)):
            yield from self.block_parts(answer, number, block)
            if number == 0:
                yield sse({"type": "ping"}, "ping")
        stop = self.finish(answer)
        if not answer.done and stop is None:
            return
        end = {"stop_reason": stop, "stop_sequence": None}
        yield sse(
            {"type": "message_delta", "delta": end, "usage": self.usage(answer)}, "message_delta"
        )
        if answer.done:
            yield sse({"type": "message_stop"}, "message_stop")

    def block_parts(self, answer: Answer, number: int, block: dict[str, Any]) -> Iterator[bytes]:
        """One block: opened, filled, closed."""
        kind = block["type"]
        empty = {"text": {"text": ""}, "thinking": {"thinking": "", "signature": ""}}
        start = {**block, **empty.get(kind, {"input": {}})}
        yield sse(
            {"type": "content_block_start", "index": number, "content_block": start},
            "content_block_start",
        )
        if kind == "tool_use":
            texts = answer.pieces(json.dumps(block["input"]))
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in texts]
        else:
            pieces = answer.pieces(block[kind])
            deltas = [{"type": f"{kind}_delta", kind: piece} for piece in pieces]
        if kind == "thinking":
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
        for delta in deltas:
            data = {"type": "content_block_delta", "index": number, "delta": delta}
            yield sse(data, "content_block_delta")
        yield sse({"type": "content_block_stop", "index": number}, "content_block_stop")
