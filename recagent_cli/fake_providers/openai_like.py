"""OpenAI's chat completions, and the providers that speak it with habits of their own.

OpenAI, Azure, Groq and DeepSeek are written from recorded answers; Mistral, OpenRouter, vLLM,
llama.cpp and LM Studio from their documentation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .answer import Answer
from .speaker import Fault, Speaker, call_id, sse

INVALID = "invalid_request_error"
_FAULTS: dict[str, Fault] = {
    "auth": (401, INVALID, "invalid_api_key", "Incorrect API key provided."),
    "not_found": (404, INVALID, "model_not_found", "The model `fake` does not exist."),
    "rate_limit": (429, "tokens", "rate_limit_exceeded", "Rate limit reached for fake."),
    "refused": (400, INVALID, "content_policy_violation", "Rejected by our safety system."),
    "context": (
        400,
        INVALID,
        "context_length_exceeded",
        "This model's maximum context length is 8192 tokens, and 9000 were sent.",
    ),
    "credit": (429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota."),
    "no_tools": (400, INVALID, "", "tools is not supported with this model"),
    "bad_answer": (400, INVALID, "", "Tool call validation failed"),
    "server": (500, "server_error", "", "The server had an error while processing your request."),
    "overloaded": (503, "server_error", "", "The engine is currently overloaded."),
}


class OpenAI(Speaker):
    """OpenAI itself; the others change what they do otherwise."""

    model = "openai/fake"
    faults = _FAULTS
    fields: dict[str, Any] = {"service_tier": "default", "system_fingerprint": "fp_1"}
    """Fields of every answer and chunk."""
    choice_fields: dict[str, Any] = {"logprobs": None}
    chunk_fields: dict[str, Any] = {"usage": None, "obfuscation": "x"}
    """Fields of chunks only."""
    delta_fields: dict[str, Any] = {"refusal": None}
    """Fields of the first delta."""
    message_fields: dict[str, Any] = {"refusal": None, "annotations": []}
    id_prefix = "call_"
    thinking_key = "reasoning_content"
    whole_calls = False
    """A call always comes in one chunk."""
    usage_in_last = False
    """Usage comes with the finish word, not in a chunk of its own."""

    def error(self, status: int, type_: str, code: str, message: str) -> dict[str, Any]:
        """The body of an error."""
        return {"error": {"message": message, "type": type_, "param": None, "code": code or None}}

    def finish(self, answer: Answer) -> str | None:
        """The finish word."""
        if answer.finish is not None:
            return answer.finish or None
        return "tool_calls" if answer.calls else "stop"

    def usage(self, answer: Answer) -> dict[str, Any] | None:
        """Tokens."""
        if answer.usage is None:
            return None
        prompt, completion = answer.usage
        total = prompt + completion
        counts = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total}
        return {**counts, **self.token_details(answer)}

    def token_details(self, answer: Answer) -> dict[str, Any]:
        """What else stands in the usage."""
        written = dict.fromkeys(
            (
                "reasoning_tokens",
                "audio_tokens",
                "accepted_prediction_tokens",
                "rejected_prediction_tokens",
            ),
            0,
        )
        return {
            "prompt_tokens_details": {"cached_tokens": answer.cached, "audio_tokens": 0},
            "completion_tokens_details": written,
        }

    def calls(self, answer: Answer) -> list[dict[str, Any]]:
        """The calls, whole."""
        return [
            {
                "id": call_id(call, number, self.id_prefix),
                "type": "function",
                "function": {"name": call.name, "arguments": call.text()},
            }
            for number, call in enumerate(answer.calls)
        ]

    def whole(self, answer: Answer) -> dict[str, Any]:
        """The answer as one JSON body."""
        message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
        message |= self.message_fields
        if answer.calls:
            message["tool_calls"] = self.calls(answer)
        if answer.thinking:
            message[self.thinking_key] = answer.thinking
        if answer.refusal:
            message["refusal"] = answer.refusal
        choice = {
            "index": 0,
            "message": message,
            "finish_reason": self.finish(answer),
            **self.choice_fields,
        }
        body = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "fake"}
        usage = self.usage(answer)
        return {**body, "choices": [choice], **self.fields, **({"usage": usage} if usage else {})}

    def chunk(
        self, delta: dict[str, Any] | None, finish: str | None = None, **rest: Any
    ) -> dict[str, Any]:
        """One chunk of a stream; without choices where there is no delta."""
        choice = {"index": 0, "delta": delta, "finish_reason": finish, **self.choice_fields}
        head = {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "fake",
        }
        choices = [] if delta is None else [choice]
        return {**head, "choices": choices, **self.fields, **self.chunk_fields, **rest}

    def opening(self, answer: Answer) -> Iterator[bytes]:
        """What comes before everything else."""
        if answer.empty_choices:
            yield sse(self.chunk(None))

    def first(self, answer: Answer) -> dict[str, Any]:
        """The first chunk with a choice."""
        content = None if answer.calls else ""
        return self.chunk({"role": "assistant", "content": content, **self.delta_fields})

    def parts(self, answer: Answer) -> Iterator[bytes]:
        """The answer as the parts of a stream."""
        yield from self.opening(answer)
        yield sse(self.first(answer))
        for piece in answer.pieces(answer.thinking):
            yield sse(self.chunk(self.thinking_delta(piece)))
        for piece in answer.pieces(answer.text):
            yield sse(self.chunk({"content": piece}))
        if answer.refusal:
            yield sse(self.chunk({"refusal": answer.refusal}))
        for number, call in enumerate(self.calls(answer)):
            yield from self.call_parts(answer, number, call)
        yield from self.closing(answer)
        if answer.done:
            yield b"data: [DONE]\n\n"

    def closing(self, answer: Answer) -> Iterator[bytes]:
        """The finish word, and the usage."""
        usage, finish = self.usage(answer), self.finish(answer)
        if not answer.done and finish is None and usage is None:
            return
        if self.usage_in_last:
            yield sse(self.chunk(self.last_delta(), finish, **({"usage": usage} if usage else {})))
            return
        yield sse(self.chunk(self.last_delta(), finish))
        if usage:
            yield sse(self.chunk(None, usage=usage))

    def last_delta(self) -> dict[str, Any]:
        """The delta beside the finish word."""
        return {}

    def thinking_delta(self, piece: str) -> dict[str, Any]:
        """A piece of the reasoning."""
        return {self.thinking_key: piece}

    def call_parts(self, answer: Answer, number: int, call: dict[str, Any]) -> Iterator[bytes]:
        """A call: whole, or its name first and its arguments in pieces."""
        function = call["function"]
        if self.whole_calls or not answer.piece:
            yield sse(self.chunk({"tool_calls": [{"index": number, **call}]}))
            return
        start = {**call, "function": {"name": function["name"], "arguments": ""}}
        yield sse(self.chunk({"tool_calls": [{"index": number, **start}]}))
        for piece in answer.pieces(function["arguments"]):
            part = {"index": number, "function": {"arguments": piece}}
            yield sse(self.chunk({"tool_calls": [part]}))


class Azure(OpenAI):
    """The first chunk has no choices; every choice carries results of the content filter."""

    model = "azure/fake"
    fields = {"service_tier": "default", "system_fingerprint": None}
    choice_fields = {"logprobs": None, "content_filter_results": {}}
    faults = _FAULTS | {
        "auth": (401, "", "401", "Access denied due to invalid subscription key."),
        "not_found": (404, "", "DeploymentNotFound", "The API deployment does not exist."),
        "rate_limit": (429, "", "429", "Requests have exceeded call rate limit. Retry after 1 s."),
        "refused": (
            400,
            "",
            "content_filter",
            "The response was filtered due to the prompt triggering Azure OpenAI's content "
            "management policy.",
        ),
    }

    def opening(self, answer: Answer) -> Iterator[bytes]:
        """The results of the filter of prompts."""
        verdict = {"filtered": False, "severity": "safe"}
        names = ("hate", "self_harm", "sexual", "violence")
        results: dict[str, Any] = dict.fromkeys(names, verdict)
        results["jailbreak"] = {"detected": False, "filtered": False}
        filtered = [{"prompt_index": 0, "content_filter_results": results}]
        yield sse(
            {
                "choices": [],
                "created": 0,
                "id": "",
                "model": "",
                "object": "",
                "prompt_filter_results": filtered,
            }
        )


class Groq(OpenAI):
    """Calls come whole; usage twice, once under `x_groq`; a bad call is `tool_use_failed`."""

    model = "groq/fake"
    fields = {"system_fingerprint": "fp_1"}
    chunk_fields: dict[str, Any] = {}
    delta_fields: dict[str, Any] = {}
    message_fields: dict[str, Any] = {}
    id_prefix = "functions.fake:"
    thinking_key = "reasoning"
    whole_calls = True
    faults = _FAULTS | {
        "rate_limit": (
            429,
            "tokens",
            "rate_limit_exceeded",
            "Rate limit reached for model `fake` on tokens per minute (TPM). "
            "Please try again in 1.5s.",
        ),
        "context": (
            400,
            INVALID,
            "context_length_exceeded",
            "Please reduce the length of the messages or completion.",
        ),
        "no_tools": (400, INVALID, "", "`tool calling` is not supported with this model"),
        "bad_answer": (400, INVALID, "tool_use_failed", "Tool call validation failed"),
        "overloaded": (503, "internal_server_error", "", "fake is currently over capacity."),
    }

    def error(self, status: int, type_: str, code: str, message: str) -> dict[str, Any]:
        """With the call that failed, where one did."""
        error = {"message": message, "type": type_, **({"code": code} if code else {})}
        if code == "tool_use_failed":
            error["failed_generation"] = '{"name": "fake", "arguments": {"foo": 1}}'
        return {"error": error}

    def error_event(self, body: dict[str, Any]) -> bytes:
        """Named "error", with the status inside."""
        return sse({"error": {**body["error"], "status_code": 400}}, "error")

    def token_details(self, answer: Answer) -> dict[str, Any]:
        """Times."""
        names = ("queue_time", "prompt_time", "completion_time", "total_time")
        return dict.fromkeys(names, 0.1)

    def whole(self, answer: Answer) -> dict[str, Any]:
        """With the request's id."""
        own = {"x_groq": {"id": "req_1", "seed": 1}, "service_tier": "on_demand"}
        return {**super().whole(answer), **own}

    def first(self, answer: Answer) -> dict[str, Any]:
        """With the request's id."""
        return {**super().first(answer), "x_groq": {"id": "req_1", "seed": 1}}

    def thinking_delta(self, piece: str) -> dict[str, Any]:
        """A piece of the reasoning."""
        return {"reasoning": piece, "channel": "analysis"}

    def closing(self, answer: Answer) -> Iterator[bytes]:
        """The usage, with the finish word under `x_groq`, and once more by itself."""
        usage, finish = self.usage(answer), self.finish(answer)
        if not answer.done and finish is None and usage is None:
            return
        own = {"x_groq": {"id": "req_1", **({"usage": usage} if usage else {})}}
        yield sse(self.chunk({}, finish, **own))
        if usage:
            yield sse(self.chunk(None, usage=usage, service_tier="on_demand"))


class DeepSeek(OpenAI):
    """Reasoning beside the text; calls carry their index; usage with the finish word."""

    model = "deepseek/fake"
    fields = {"system_fingerprint": "fp_1"}
    chunk_fields: dict[str, Any] = {}
    delta_fields: dict[str, Any] = {}
    message_fields: dict[str, Any] = {}
    id_prefix = "call_00_"
    usage_in_last = True
    faults = _FAULTS | {
        "auth": (401, "authentication_error", INVALID, "Authentication Fails (no such user)"),
        "credit": (402, "unknown_error", INVALID, "Insufficient Balance"),
    }

    def calls(self, answer: Answer) -> list[dict[str, Any]]:
        """With their index, also in whole answers."""
        return [{"index": n, **call} for n, call in enumerate(super().calls(answer))]

    def token_details(self, answer: Answer) -> dict[str, Any]:
        """What the cache held."""
        return {
            "prompt_tokens_details": {"cached_tokens": answer.cached},
            "completion_tokens_details": {"reasoning_tokens": 0},
            "prompt_cache_hit_tokens": answer.cached,
            "prompt_cache_miss_tokens": 0,
        }

    def last_delta(self) -> dict[str, Any]:
        """An empty text."""
        return {"content": ""}


class Mistral(OpenAI):
    """Calls come whole, in the chunk of the finish word's kind; ids of nine letters."""

    model = "mistral/fake"
    path = "/v1"
    fields: dict[str, Any] = {}
    choice_fields: dict[str, Any] = {}
    chunk_fields: dict[str, Any] = {}
    delta_fields: dict[str, Any] = {}
    message_fields: dict[str, Any] = {}
    id_prefix = "aB"
    whole_calls = True
    usage_in_last = True
    faults = _FAULTS | {
        "auth": (401, "", "", "Unauthorized"),
        "not_found": (400, "invalid_model", "1500", "Invalid model: fake"),
        "rate_limit": (429, "rate_limited", "1300", "Requests rate limit exceeded"),
        "context": (
            400,
            "invalid_request_prompt",
            "3051",
            "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
        ),
    }

    def error(self, status: int, type_: str, code: str, message: str) -> dict[str, Any]:
        """Flat."""
        return {"object": "error", "message": message, "type": type_ or None, "code": code or None}

    def token_details(self, answer: Answer) -> dict[str, Any]:
        """Nothing."""
        return {}

    def last_delta(self) -> dict[str, Any]:
        """An empty text."""
        return {"content": ""}


class OpenRouter(OpenAI):
    """Comment lines while it waits; errors with status 200 and inside of chunks."""

    model = "openrouter/fake/fake"
    fields = {"provider": "Fake"}
    choice_fields = {"native_finish_reason": None, "logprobs": None}
    chunk_fields: dict[str, Any] = {}
    delta_fields: dict[str, Any] = {}
    message_fields = {"refusal": None}
    thinking_key = "reasoning"
    faults = _FAULTS | {
        "auth": (401, "", "401", "No auth credentials found"),
        "not_found": (400, "", "400", "fake/fake is not a valid model ID"),
        "rate_limit": (429, "", "429", "Rate limit exceeded: free-models-per-min."),
        "refused": (403, "", "403", "Your input was flagged by moderation: requires moderation"),
        "credit": (402, "", "402", "Insufficient credits. Add more and retry the request."),
        "no_tools": (404, "", "404", "No endpoints found that support tool use."),
        "server": (502, "", "502", "Provider returned error"),
        "overloaded": (503, "", "503", "No instances available"),
    }

    def error(self, status: int, type_: str, code: str, message: str) -> dict[str, Any]:
        """The status as the code."""
        return {"error": {"code": status, "message": message}, "user_id": "user_1"}

    def opening(self, answer: Answer) -> Iterator[bytes]:
        """A comment."""
        yield b": OPENROUTER PROCESSING\n\n"

    def error_event(self, body: dict[str, Any]) -> bytes:
        """Beside a choice that ends with "error"."""
        return sse(self.chunk({"content": ""}, "error", error=body["error"]))


class VLLM(OpenAI):
    """Errors are flat; without two switches it takes no tools."""

    model = "hosted_vllm/fake"
    path = "/v1"
    fields: dict[str, Any] = {}
    chunk_fields: dict[str, Any] = {}
    delta_fields: dict[str, Any] = {}
    message_fields = {"refusal": None, "reasoning_content": None}
    id_prefix = "chatcmpl-tool-"
    faults = _FAULTS | {
        "auth": (401, "", "", "Unauthorized"),
        "not_found": (404, "NotFoundError", "", "The model `fake` does not exist."),
        "no_tools": (
            400,
            "BadRequestError",
            "",
            '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be '
            "set",
        ),
        "server": (500, "InternalServerError", "", "Internal server error"),
    }

    def error(self, status: int, type_: str, code: str, message: str) -> dict[str, Any]:
        """Flat, the status as the code."""
        return {
            "object": "error",
            "message": message,
            "type": type_,
            "param": None,
            "code": status,
        }

    def token_details(self, answer: Answer) -> dict[str, Any]:
        """Nothing."""
        return {"prompt_tokens_details": None}


class LlamaCpp(OpenAI):
    """The server of llama.cpp: without --jinja it answers tools with status 500."""

    model = "openai/fake.gguf"
    path = "/v1"
    fields = {"system_fingerprint": "b5000"}
    choice_fields: dict[str, Any] = {}
    chunk_fields: dict[str, Any] = {}
    delta_fields: dict[str, Any] = {}
    message_fields: dict[str, Any] = {}
    faults = _FAULTS | {
        "auth": (401, "authentication_error", "", "Invalid API Key"),
        "context": (
            400,
            "exceed_context_size_error",
            "",
            "the request exceeds the available context size, try increasing it",
        ),
        "no_tools": (500, "server_error", "", "tools param requires --jinja flag"),
        "server": (500, "server_error", "", "Failed to parse input at pos 0"),
        "overloaded": (503, "unavailable_error", "", "Loading model"),
    }

    def error(self, status: int, type_: str, code: str, message: str) -> dict[str, Any]:
        """The status as the code."""
        return {"error": {"code": status, "message": message, "type": type_}}

    def token_details(self, answer: Answer) -> dict[str, Any]:
        """Nothing."""
        return {}


class LMStudio(OpenAI):
    """The server of LM Studio: ids are numbers, errors texts."""

    model = "lm_studio/fake"
    path = "/v1"
    fields = {"system_fingerprint": "fake"}
    chunk_fields: dict[str, Any] = {}
    delta_fields: dict[str, Any] = {}
    message_fields: dict[str, Any] = {}
    id_prefix = "36527"
    faults = _FAULTS | {
        "not_found": (404, "", "", 'Model "fake" not found'),
        "context": (
            400,
            "",
            "",
            "Trying to keep the first 9000 tokens when context the overflows. However, the model "
            "is loaded with context length of only 4096 tokens",
        ),
    }

    def error(self, status: int, type_: str, code: str, message: str) -> dict[str, Any]:
        """A text."""
        return {"error": message}

    def token_details(self, answer: Answer) -> dict[str, Any]:
        """Nothing."""
        return {}
