"""Tool calls written as text: for models without native calls, and for those that forget them.

What we ask for is one fenced JSON block; what is understood besides are the dialects that models
fall into (`text_marks.py`), and a bare JSON object. What is never run: an example inside prose, a
quotation, an invented observation, an answer that is JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .arguments import ArgumentError, loose_json, tool_name
from .text_marks import (
    Mark,
    actions,
    channels,
    examples,
    fences,
    marks,
    up_to_invented,
)
from .wire import WireCall

ARGUMENT_KEYS = ("arguments", "parameters", "args", "input", "action_input", "tool_input", "params")
NAME_KEYS = ("name", "tool", "tool_name", "function", "action", "recipient_name")
ENVELOPES = ("plan", "steps", "calls", "tool_calls", "actions")
"""Keys of an object that holds nothing but a list of calls."""
LANGUAGES = ("", "json", "jsonc", "tool", "tool_call", "tool_calls", "tool_code")
"""Of fenced blocks that may be calls."""
_THINK = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.S | re.I)
_THINK_END = re.compile(r"\A.*?</(?:think|thinking|reasoning)>", re.S | re.I)
_PARAMETER = re.compile(
    r"<parameter(?:\s{1,3}name=\"([^\"\n]{1,80})\"|=([\w-]{1,80}))\s{0,3}>"
    r"(.*?)(?:</parameter>|(?=<parameter[\s=])|\Z)",
    re.S | re.I,
)
_ARG = re.compile(
    r"<arg_key>([^<]{1,80})</arg_key>\s{0,3}<arg_value>(.*?)(?:</arg_value>|(?=<arg_key>)|\Z)", re.S
)
_FINAL = re.compile(r"^[ \t]{0,8}\*{0,2}Final Answer\*{0,2}:\*{0,2}[ \t]{0,8}", re.M | re.I)
_THOUGHT = re.compile(r"\A\*{0,2}Thought\*{0,2}:\s{0,3}", re.I)
_PYTHON_TAG = "<|python_tag|>"
_MAY_HOLD = re.compile(
    r"```|~~~|<(?:tool|function|invoke|think|[|｜])|\[TOOL_CALL|^\*{0,2}Action", re.M
)


@dataclass(frozen=True)
class TextReply:
    """A text taken apart: the prose for the person and the calls."""

    text: str
    calls: tuple[WireCall, ...] = ()


def read_text(text: str, names: Sequence[str], *, complete: bool = True) -> TextReply:
    """Take a model's text apart.

    Args:
        text: as it came.
        names: the tools that exist.
        complete: whether the answer ended well; a call that broke off is marked as not whole.
    """
    text = strip_thinking(text)
    reader = _Reader(names, complete)
    if (found := reader.channelled(text)) is not None:
        return found
    for read in (reader.marked, reader.fenced, reader.bare):
        found = read(up_to_invented(text))
        if found is not None and found.calls:
            return found
    return TextReply(_prose(text))


def strip_thinking(text: str) -> str:
    """The text without `<think>` parts, also where the opening tag is missing."""
    text = _THINK.sub("", text)
    return _THINK_END.sub("", text).strip()


def may_hold_call(text: str, *, begins: bool = True, since: int = 0) -> bool:
    """Whether a text that is still arriving may turn out to be a call: it is not shown yet.

    Args:
        text: so far, or the end of it.
        begins: whether it begins with the text's first character.
        since: where marks may begin; what stands before it only tells where a line begins.
    """
    if begins and text.lstrip()[:1] in ("", "{", "[", "<", "`"):
        return True
    return _MAY_HOLD.search(text, since) is not None


def write_calls(calls: Sequence[WireCall]) -> str:
    """Calls in the shape that the text protocol asks for."""
    objects = [f'{{"tool": {json.dumps(c.name)}, "arguments": {c.arguments}}}' for c in calls]
    inner = objects[0] if len(objects) == 1 else "[" + ",\n ".join(objects) + "]"
    return f"```json\n{inner}\n```"


def _prose(text: str) -> str:
    """Text for the person: what stands after "Final Answer:", without an invented observation."""
    if final := _FINAL.search(text):
        return text[final.end() :].strip()
    return text.strip()


class _Reader:
    """Reads one dialect after the other."""

    def __init__(self, names: Sequence[str], complete: bool) -> None:
        self.names = names
        self.complete = complete

    def channelled(self, text: str) -> TextReply | None:
        """Harmony: calls go to a recipient, words for the person stand in the final channel."""
        found = list(channels(text))
        if not found:
            return None
        calls: list[WireCall] = []
        for _, recipient, body, ended in found:
            if recipient is not None:
                calls += self._calls(body, recipient, ended or self.complete, sure=True)
        said = [body for channel, to, body, _ in found if channel == "final" and to is None]
        return TextReply("\n".join(said), tuple(calls))

    def marked(self, text: str) -> TextReply | None:
        """Calls in tags and tokens, or as `Action:` and `Action Input:`."""
        for found in (marks(text), actions(text)):
            calls = [call for mark in found for call in self._of_mark(mark)]
            if calls:
                before = _prose(text[: found[0].start])
                return TextReply(_THOUGHT.sub("", before), tuple(calls))
        return None

    def _of_mark(self, mark: Mark) -> list[WireCall]:
        whole = mark.closed or self.complete
        pairs = _pairs(mark.body)
        if mark.name is not None and (pairs or not mark.body):
            return [WireCall(mark.name, json.dumps(pairs), whole=whole)]
        return self._calls(mark.body, mark.name, whole, sure=True) if mark.body else []

    def fenced(self, text: str) -> TextReply | None:
        """Fenced blocks that end the message and are not announced as an example."""
        blocks = fences(text)
        if not blocks or text[blocks[-1].end :].strip():
            return None
        calls: list[WireCall] = []
        first = len(text)
        announced = examples(text, [(block.start, block.end) for block in blocks])
        for block, example in zip(blocks, announced, strict=True):
            if block.language.lower() in LANGUAGES and not example:
                whole = block.closed and block.body.strip() != "" and self.complete
                found = self._calls(block.body, None, whole, sure=False)
                first = min(first, block.start) if found else first
                calls += found
        return TextReply(_prose(text[:first]), tuple(calls)) if calls else None

    def bare(self, text: str) -> TextReply | None:
        """The whole message is a JSON object, or a list of them."""
        text = text.strip().removeprefix(_PYTHON_TAG).strip()
        if text[:1] not in ("{", "["):
            return None
        calls = self._calls(text, None, whole=self.complete, sure=False)
        return TextReply("", tuple(calls)) if calls else None

    def _calls(self, source: str, name: str | None, whole: bool, *, sure: bool) -> list[WireCall]:
        """The calls in a piece of JSON. `sure`: it was marked as a call, not only shaped so."""
        try:
            values = _json_values(source, whole=whole, one=name is not None)
        except ArgumentError:
            return self._damaged(source, name, sure=sure)
        if name is not None:
            return [WireCall(name, json.dumps(values[0] if values else {}), whole=whole)]
        values = [call for value in values for call in _unwrapped(value)]
        found = [_as_call(value, self.names, sure=sure) for value in values]
        if any(call is None for call in found):
            return []
        return [call for call in found if call is not None]

    def _damaged(self, source: str, name: str | None, *, sure: bool) -> list[WireCall]:
        """A call that cannot be read, so that the model hears of it; it does not run."""
        if name is None:
            quoted = re.search(r'"(?:name|tool|function|action)"\s*:\s*"([\w.:-]+)"', source)
            name = quoted.group(1) if quoted else None
        if name is None or not (sure or tool_name(name, self.names)):
            return []
        return [WireCall(name, source[:2_000], whole=False)]


def _json_values(source: str, *, whole: bool, one: bool = False) -> list[Any]:
    """The JSON objects of a piece of text: one, a list, several in a row or one a line.

    With `one` what follows the first in lines of its own does not count.

    Raises:
        ArgumentError: it is no JSON.
    """
    source = source.strip()
    decoder = json.JSONDecoder(strict=False)
    values: list[Any] = []
    position = 0
    while position < len(source):
        try:
            value, position = decoder.raw_decode(source, position)
        except (ValueError, RecursionError):
            break
        values += value if isinstance(value, list) else [value]
        while position < len(source) and source[position] in " \t\r\n;,":
            position += 1
    if position >= len(source) or (one and values and "\n" in source[:position]):
        return values
    value = loose_json(source, whole=whole)
    return value if isinstance(value, list) else [value]


def _unwrapped(value: Any) -> list[Any]:
    """The calls in an envelope: {"plan": [...]}."""
    if isinstance(value, dict) and len(value) == 1:
        key, inner = next(iter(value.items()))
        if key in ENVELOPES and isinstance(inner, list):
            return inner
    return [value]


def _as_call(value: Any, names: Sequence[str], *, sure: bool) -> WireCall | None:
    """An object as a call, or None where it is only data."""
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("function"), dict):
        value = value["function"]
    name_key = next((key for key in NAME_KEYS if isinstance(value.get(key), str)), None)
    if name_key is None:
        return None
    name = value[name_key]
    key = next((key for key in ARGUMENT_KEYS if key in value), None)
    known = tool_name(name, names) is not None
    if key is None:
        rest = {k: v for k, v in value.items() if k not in (name_key, "id", "type")}
        return WireCall(name, "{}") if (known and not rest) or sure else None
    if not known and not (sure or re.fullmatch(r"[A-Za-z_][\w.:-]{0,63}", name)):
        return None
    if not isinstance(value[key], dict | str | None):
        return None
    arguments = value[key]
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return WireCall(name, text, _id(value.get("id")))


def _id(given: Any) -> str:
    return str(given) if isinstance(given, str | int) and not isinstance(given, bool) else ""


def _pairs(source: str) -> dict[str, Any]:
    """Arguments written as pairs of tags; values that are JSON stay what they are."""
    found: dict[str, Any] = {}
    for match in _PARAMETER.finditer(source):
        found[match[1] or match[2]] = _value(match[3].strip())
    for match in _ARG.finditer(source):
        found[match[1].strip()] = _value(match[2].strip())
    return found


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
