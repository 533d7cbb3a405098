"""How providers write one answer on the wire; used by `recagent_cli.testing.FakeServer`.

Written from the providers' behaviour: OpenAI chat completions, Anthropic messages, Gemini
generateContent, Ollama's native chat; each whole and streamed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class FakeCall:
    """A tool call in a scripted answer. `arguments` may be a text, so that it can be malformed."""

    name: str
    arguments: dict[str, Any] | str | None = None
    id: str | None = None
    """None: the dialect's usual kind of id."""
    signature: str = ""
    """Gemini's thought signature."""

    def text(self) -> str:
        """The arguments as JSON text."""
        if isinstance(self.arguments, str):
            return self.arguments
        return json.dumps({} if self.arguments is None else self.arguments)

    def value(self) -> Any:
        """The arguments as a JSON value, for dialects that send objects."""
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
        cached: so many tokens of the prompt came from the provider's cache (not in Ollama).
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

    def pieces(self, text: str) -> list[str]:
        """A text in pieces of `piece` characters."""
        step = self.piece or max(len(text), 1)
        return [text[start : start + step] for start in range(0, len(text), step)]


def dialect_of(path: str) -> str:
    """The dialect spoken at a path: openai, anthropic, gemini, ollama, or "" for none."""
    path = path.partition("?")[0]
    if path.endswith("/chat/completions"):
        return "openai"
    if path.endswith("/messages"):
        return "anthropic"
    if path.endswith((":generateContent", ":streamGenerateContent")):
        return "gemini"
    return "ollama" if path.endswith("/api/chat") else ""


def wants_stream(path: str, body: dict[str, Any]) -> bool:
    """Whether a request asks for a stream."""
    return bool(body.get("stream")) or ":streamGenerateContent" in path


def whole(answer: Answer, dialect: str) -> dict[str, Any]:
    """The answer as one JSON body."""
    return _WHOLE[dialect](answer)


def stream(answer: Answer, dialect: str) -> Iterator[bytes]:
    """The answer as the parts of a stream."""
    if answer.events is not None:
        for event in answer.events:
            yield event.encode() if isinstance(event, str) else event
        return
    yield from _STREAM[dialect](answer)


def stream_type(dialect: str) -> str:
    """The content type of a stream."""
    return "application/x-ndjson" if dialect == "ollama" else "text/event-stream; charset=utf-8"


def _sse(data: Any, event: str = "") -> bytes:
    head = f"event: {event}\n" if event else ""
    return f"{head}data: {json.dumps(data)}\n\n".encode()


def _call_id(call: FakeCall, number: int, prefix: str) -> str:
    return f"{prefix}{number}abcDEF" if call.id is None else call.id


# OpenAI chat completions


def _openai_finish(answer: Answer) -> str | None:
    if answer.finish is not None:
        return answer.finish or None
    return "tool_calls" if answer.calls else "stop"


def _openai_usage(answer: Answer) -> dict[str, Any] | None:
    if answer.usage is None:
        return None
    prompt, completion = answer.usage
    total = prompt + completion
    usage = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total}
    cached = {"prompt_tokens_details": {"cached_tokens": answer.cached}} if answer.cached else {}
    return {**usage, **cached}


def _openai_calls(answer: Answer) -> list[dict[str, Any]]:
    return [
        {
            "id": _call_id(call, number, "call_"),
            "type": "function",
            "function": {"name": call.name, "arguments": call.text()},
        }
        for number, call in enumerate(answer.calls)
    ]


def _openai_whole(answer: Answer) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
    if answer.calls:
        message["tool_calls"] = _openai_calls(answer)
    if answer.thinking:
        message["reasoning_content"] = answer.thinking
    if answer.refusal:
        message["refusal"] = answer.refusal
    choice = {"index": 0, "message": message, "finish_reason": _openai_finish(answer)}
    body = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "fake"}
    usage = _openai_usage(answer)
    return {**body, "choices": [choice], **({"usage": usage} if usage else {})}


def _openai_chunk(delta: dict[str, Any] | None, finish: str | None = None) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "fake"}
    return _sse({**head, "choices": choices})


def _openai_stream(answer: Answer) -> Iterator[bytes]:
    if answer.empty_choices:
        yield _openai_chunk(None)
    yield _openai_chunk({"role": "assistant", "content": None if answer.calls else ""})
    for piece in answer.pieces(answer.thinking):
        yield _openai_chunk({"reasoning_content": piece})
    for piece in answer.pieces(answer.text):
        yield _openai_chunk({"content": piece})
    if answer.refusal:
        yield _openai_chunk({"refusal": answer.refusal})
    for number, call in enumerate(_openai_calls(answer)):
        yield from _openai_call(answer, number, call)
    yield _openai_chunk({}, _openai_finish(answer))
    if usage := _openai_usage(answer):
        head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1}
        yield _sse({**head, "model": "fake", "choices": [], "usage": usage})
    if answer.done:
        yield b"data: [DONE]\n\n"


def _openai_call(answer: Answer, number: int, call: dict[str, Any]) -> Iterator[bytes]:
    function = call["function"]
    if not answer.piece:
        yield _openai_chunk({"tool_calls": [{"index": number, **call}]})
        return
    opening = {**call, "function": {"name": function["name"], "arguments": ""}}
    yield _openai_chunk({"tool_calls": [{"index": number, **opening}]})
    for piece in answer.pieces(function["arguments"]):
        yield _openai_chunk({"tool_calls": [{"index": number, "function": {"arguments": piece}}]})


# Anthropic messages


def _anthropic_finish(answer: Answer) -> str | None:
    if answer.finish is not None:
        return answer.finish or None
    return "tool_use" if answer.calls else "end_turn"


def _anthropic_blocks(answer: Answer) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if answer.thinking:
        thinking = {"type": "thinking", "thinking": answer.thinking}
        blocks.append({**thinking, "signature": answer.signature})
    if answer.text:
        blocks.append({"type": "text", "text": answer.text})
    for number, call in enumerate(answer.calls):
        id_ = _call_id(call, number, "toolu_")
        blocks.append({"type": "tool_use", "id": id_, "name": call.name, "input": call.value()})
    return blocks


def _anthropic_message(answer: Answer, content: list[Any], stop: str | None) -> dict[str, Any]:
    prompt, completion = answer.usage or (0, 0)
    usage = {"input_tokens": prompt - answer.cached, "output_tokens": completion}
    if answer.cached:
        usage["cache_read_input_tokens"] = answer.cached
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "fake", "content": content,
        "stop_reason": stop, "stop_sequence": None,
        "usage": usage,
    }  # fmt: skip


def _anthropic_whole(answer: Answer) -> dict[str, Any]:
    return _anthropic_message(answer, _anthropic_blocks(answer), _anthropic_finish(answer))


def _anthropic_stream(answer: Answer) -> Iterator[bytes]:
    message = _anthropic_message(answer, [], None)
    yield _sse({"type": "message_start", "message": message}, "message_start")
    for number, block in enumerate(_anthropic_blocks(answer)):
        yield from _anthropic_block(answer, number, block)
    stop = {"stop_reason": _anthropic_finish(answer), "stop_sequence": None}
    usage = {"output_tokens": (answer.usage or (0, 0))[1]}
    yield _sse({"type": "message_delta", "delta": stop, "usage": usage}, "message_delta")
    if answer.done:
        yield _sse({"type": "message_stop"}, "message_stop")


def _anthropic_block(answer: Answer, number: int, block: dict[str, Any]) -> Iterator[bytes]:
    kind = block["type"]
    empty = {"text": {"text": ""}, "thinking": {"thinking": "", "signature": ""}}
    start = {**block, **empty.get(kind, {"input": {}})}
    yield _sse(
        {"type": "content_block_start", "index": number, "content_block": start},
        "content_block_start",
    )
    deltas: list[dict[str, str]] = []
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
        yield _sse(data, "content_block_delta")
    yield _sse({"type": "content_block_stop", "index": number}, "content_block_stop")


# Gemini generateContent


def _gemini_part(call: FakeCall) -> dict[str, Any]:
    part: dict[str, Any] = {"functionCall": {"name": call.name, "args": call.value()}}
    if call.signature:
        part["thoughtSignature"] = call.signature
    return part


def _gemini_body(answer: Answer, parts: list[Any], finish: str | None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    body: dict[str, Any] = {"candidates": [candidate], "modelVersion": "fake"}
    if answer.usage is not None and finish:
        prompt, completion = answer.usage
        body["usageMetadata"] = {
            "promptTokenCount": prompt,
            "candidatesTokenCount": completion,
            "totalTokenCount": prompt + completion,
            **({"cachedContentTokenCount": answer.cached} if answer.cached else {}),
        }
    return body


def _gemini_finish(answer: Answer) -> str | None:
    return "STOP" if answer.finish is None else answer.finish or None


def _gemini_whole(answer: Answer) -> dict[str, Any]:
    parts: list[Any] = [{"text": answer.text}] if answer.text else []
    parts += [_gemini_part(call) for call in answer.calls]
    return _gemini_body(answer, parts, _gemini_finish(answer))


def _gemini_stream(answer: Answer) -> Iterator[bytes]:
    parts = [{"text": piece} for piece in answer.pieces(answer.text)]
    parts += [_gemini_part(call) for call in answer.calls]
    for number, part in enumerate(parts):
        finish = _gemini_finish(answer) if number == len(parts) - 1 else None
        yield _sse(_gemini_body(answer, [part], finish))
    if not parts:
        yield _sse(_gemini_body(answer, [], _gemini_finish(answer)))


# Ollama's native chat


def _ollama_message(answer: Answer, text: str, *, calls: bool) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if calls and answer.calls:
        message["tool_calls"] = [
            {"function": {"name": call.name, "arguments": call.value()}} for call in answer.calls
        ]
    return message


def _ollama_line(answer: Answer, message: dict[str, Any], *, done: bool) -> dict[str, Any]:
    line: dict[str, Any] = {"model": "fake", "created_at": "2024-05-24T20:26:46.294874Z"}
    line |= {"message": message, "done": done}
    if done:
        line["done_reason"] = "stop" if answer.finish is None else answer.finish
        if answer.usage is not None:
            line["prompt_eval_count"], line["eval_count"] = answer.usage
    return line


def _ollama_whole(answer: Answer) -> dict[str, Any]:
    return _ollama_line(answer, _ollama_message(answer, answer.text, calls=True), done=True)


def _ollama_stream(answer: Answer) -> Iterator[bytes]:
    lines = [
        _ollama_line(answer, _ollama_message(answer, piece, calls=False), done=False)
        for piece in answer.pieces(answer.text)
    ]
    if answer.calls:
        lines.append(_ollama_line(answer, _ollama_message(answer, "", calls=True), done=False))
    if answer.done:
        lines.append(_ollama_line(answer, _ollama_message(answer, "", calls=False), done=True))
    for line in lines:
        yield json.dumps(line).encode() + b"\n"


_WHOLE: dict[str, Callable[[Answer], dict[str, Any]]] = {
    "openai": _openai_whole,
    "anthropic": _anthropic_whole,
    "gemini": _gemini_whole,
    "ollama": _ollama_whole,
}
_STREAM: dict[str, Callable[[Answer], Iterator[bytes]]] = {
    "openai": _openai_stream,
    "anthropic": _anthropic_stream,
    "gemini": _gemini_stream,
    "ollama": _ollama_stream,
}
