"""One tiny question to a model, to see what it can do; `recagent doctor --model` asks it."""

from __future__ import annotations

import time
from collections.abc import Callable

from recagent_catalogs.errors import ModelError

from .litellm_adapter import LiteLLMClient
from .text_protocol import read_text
from .wire import Message, ModelClient, ToolSchema

_TOOL = ToolSchema(
    "note_number",
    "Note a number.",
    {
        "type": "object",
        "properties": {"number": {"type": "integer", "description": "The number."}},
        "required": ["number"],
    },
)
_ASK = (
    Message("system", "You are being tested. Do what is asked, by a tool call."),
    Message("user", "Note the number 7 with the tool note_number."),
)


def probe(
    model: str,
    *,
    api_base: str | None = None,
    client: ModelClient | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> str:
    """What a model can do, in one sentence.

    Raises:
        ModelError: it cannot be reached, or refuses.
    """
    client = client or LiteLLMClient(model, api_base=api_base)
    started = clock()
    try:
        reply = client.complete(_ASK, [_TOOL])
    except ModelError as error:
        if error.reason != "no_tools":
            raise
        return "answers; no native tool calls, recagent asks it in plain text"
    seconds = clock() - started
    if any(call.name == _TOOL.name for call in reply.calls):
        return f"answers in {seconds:.1f} s, with native tool calls"
    if read_text(reply.text, [_TOOL.name]).calls:
        return f"answers in {seconds:.1f} s; writes tool calls into its text, which is understood"
    return f"answers in {seconds:.1f} s, but did not call the tool; expect poor results"
