"""Putting a reply together, from a whole message or from the chunks of a stream.

Reads objects of OpenAI's shape by attribute, so that no model library has to be imported.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .wire import Reply, WireCall

_FINISH_CUT = frozenset(("length", "max_tokens", "model_length"))


@dataclass
class _Draft:
    """A call that is still arriving."""

    name: str = ""
    id: str = ""
    pieces: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def arguments(self) -> str:
        return "".join(self.pieces)

    def done(self, *, complete: bool) -> WireCall:
        whole = complete or is_json(self.arguments)
        return WireCall(self.name, self.arguments, self.id, self.extra or None, whole)


@dataclass
class Assembly:
    """A reply in the making. Feed it chunks (or one whole message), then ask for the reply."""

    text: list[str] = field(default_factory=list)
    thought: list[str] = field(default_factory=list)
    refusal: list[str] = field(default_factory=list)
    finish: str = ""
    drafts: list[_Draft] = field(default_factory=list)
    slots: dict[int, _Draft] = field(default_factory=dict)
    blocks: list[dict[str, Any]] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)
    chunks: int = 0

    def add(self, chunk: Any) -> str:
        """Take one chunk; gives the piece of text in it, perhaps empty."""
        self.chunks += 1
        choices = getattr(chunk, "choices", None)
        if not choices:
            return ""
        if finish := getattr(choices[0], "finish_reason", None):
            self.finish = str(finish)
        delta = getattr(choices[0], "delta", None) or getattr(choices[0], "message", None)
        return self._add_message(delta) if delta is not None else ""

    def _add_message(self, delta: Any) -> str:
        piece = getattr(delta, "content", None)
        text = piece if isinstance(piece, str) else ""
        self.text.append(text)
        if isinstance(thought := getattr(delta, "reasoning_content", None), str):
            self.thought.append(thought)
        own = _plain(getattr(delta, "provider_specific_fields", None)) or {}
        refusal = getattr(delta, "refusal", None) or own.pop("refusal", None)
        if isinstance(refusal, str):
            self.refusal.append(refusal)
        own.pop("thinking_blocks", None)
        self.fields.update({key: value for key, value in own.items() if value})
        for block in getattr(delta, "thinking_blocks", None) or ():
            self._add_block(_plain(block) or {})
        for call in getattr(delta, "tool_calls", None) or ():
            self._add_call(call)
        return text

    def _add_block(self, block: dict[str, Any]) -> None:
        """Join the pieces of a thinking block; its signature closes it.

        litellm sends the whole thinking once more beside the signature.
        """
        last = self.blocks[-1] if self.blocks else None
        if block.get("type") != "thinking" or last is None or last.get("signature"):
            self.blocks.append(dict(block))
            return
        before, piece = last.get("thinking") or "", block.get("thinking") or ""
        repeated = bool(block.get("signature")) and piece == before
        last["thinking"] = before if repeated else before + piece
        if block.get("signature"):
            last["signature"] = block["signature"]

    def _add_call(self, call: Any) -> None:
        function = getattr(call, "function", None)
        name = getattr(function, "name", None) or ""
        piece = getattr(function, "arguments", None)
        id_ = getattr(call, "id", None) or ""
        index = getattr(call, "index", None)
        draft = self._draft(index if isinstance(index, int) else len(self.drafts), name, id_)
        draft.name = draft.name or name
        draft.id = draft.id or id_
        if piece is not None and piece != "":
            draft.pieces.append(piece if isinstance(piece, str) else json.dumps(piece))
        extra = _plain(getattr(call, "provider_specific_fields", None))
        draft.extra.update(extra or {})

    def _draft(self, index: int, name: str, id_: str) -> _Draft:
        """The call at this index; a new one where a server counts every call as number 0."""
        current = self.slots.get(index)
        other_id = bool(current and id_ and current.id and id_ != current.id)
        again = bool(current and name and current.name and is_json(current.arguments))
        if current is None or (name and (other_id or again)):
            current = self.slots[index] = _Draft()
            self.drafts.append(current)
        return current

    def reply(self, *, complete: bool = True, ended: bool = True) -> Reply:
        """What arrived.

        Args:
            complete: whether no error broke the stream.
            ended: whether a finish word was seen. Without one a text counts as complete all the
                same (some servers send none), a call only if its arguments are valid JSON.
        """
        complete = complete and self.finish not in _FINISH_CUT
        calls = tuple(draft.done(complete=complete and ended) for draft in self.drafts)
        extra = dict(self.fields)
        if self.blocks:
            extra["thinking_blocks"] = self.blocks
        if refusal := "".join(self.refusal):
            extra["refusal"] = refusal
        return Reply(
            text="".join(self.text),
            calls=tuple(call for call in calls if call.name),
            finish=self.finish,
            thought="".join(self.thought),
            complete=complete,
            extra=extra or None,
        )


def is_json(text: str) -> bool:
    """Whether a text is one whole JSON object."""
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _plain(value: Any) -> dict[str, Any] | None:
    """A dict out of a dict or of a pydantic model."""
    if value is None or isinstance(value, dict):
        return dict(value) if value else None
    dump = getattr(value, "model_dump", None)
    made = dump() if callable(dump) else None
    return dict(made) if isinstance(made, Mapping) else None
