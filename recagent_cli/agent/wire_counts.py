"""Counts of tokens in what a provider sends: what is no count is taken out before it is read.

litellm reads them in another way for each provider, and most of these ways throw a good answer away
where a count is a fraction, words or null.
"""

from __future__ import annotations

import re
from typing import Any

_VALUE = rb'"(?:[^"\\]|\\.)*"|\[[^\[\]]*\]|\{[^{}]*\}|[^\s,"{}\[\]]+'
_NAME = rb'("(?:\w+_tokens|\w*[tT]okenCount|(?:prompt_)?eval_count)"\s*:\s*)'
_COUNT = re.compile(_NAME + rb"(?!(?:0|[1-9]\d{0,14})\s*(?:[,}]|$))(?:" + _VALUE + rb")")
"""A count that is none. Inside a text of the model the quotes of a name are escaped: no match."""
_NO_OBJECT = re.compile(
    rb'("(?:usage|usageMetadata|\w+_details)"\s*:\s*)(?!\{)(?:' + _VALUE + rb")"
)
"""What should hold counts and is no object."""
_NOR_NULL = re.compile(_NO_OBJECT.pattern.replace(rb"(?!\{)", rb"(?!\{|null)"))
"""The same for OpenAI's dialect, which sends null as long as nothing is counted."""
_HINTS = (b"oken", b"eval_count", b'"usage')


class WholeCounts:
    """An httpx decoder around another one: 0 for what is no count, line by line.

    No reader of a stream takes half a line, so nothing comes later than without it. 0 is what is
    sent where nothing was counted.

    Args:
        inner: the decoder.
        null: whether null may stand for all counts.
    """

    def __init__(self, inner: Any, *, null: bool = False) -> None:
        self._inner = inner
        self._null = null
        self._rest = b""

    def decode(self, data: bytes) -> bytes:
        """What came, up to the end of the last whole line."""
        held = self._rest + self._inner.decode(data)
        end = max(held.rfind(b"\n"), held.rfind(b"\r")) + 1
        self._rest = held[end:]
        return whole_counts(held[:end], null=self._null)

    def flush(self) -> bytes:
        """The rest, which has no end of a line."""
        held, self._rest = self._rest + self._inner.flush(), b""
        return whole_counts(held, null=self._null)


def whole_counts(data: bytes, *, null: bool = False) -> bytes:
    """JSON, or lines with JSON in them, in which every count of tokens is a whole number."""
    if not any(hint in data for hint in _HINTS):
        return data
    no_object = _NOR_NULL if null else _NO_OBJECT
    return _COUNT.sub(rb"\g<1>0", no_object.sub(rb"\g<1>{}", data))


def with_whole_counts(client: Any) -> None:
    """Have an httpx client hand on such counts only.

    Args:
        client: one of httpx, or what litellm or OpenAI wrap around one.
    """
    inner = getattr(client, "client", None) or getattr(client, "_client", None) or client
    hooks = getattr(inner, "event_hooks", None)
    if isinstance(hooks, dict):
        inner.event_hooks = {**hooks, "response": [*hooks.get("response", ()), _decode]}


def _decode(response: Any) -> None:
    """Put the decoder into a response: httpx takes the one that is there, and offers no way."""
    make = getattr(response, "_get_content_decoder", None)
    if make is not None:
        null = response.request.url.path.endswith("/chat/completions")
        response._decoder = WholeCounts(make(), null=null)
