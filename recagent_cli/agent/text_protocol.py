"""Tool calls written as text: for models without native calls, and for those that forget them.

What we ask for is one fenced JSON block; what is understood besides are the dialects that models
fall into: `<tool_call>`, `<invoke>`, `[TOOL_CALLS]`, `Action:/Action Input:`, a bare JSON object.
What is never run: an example inside prose, a quotation, an invented observation, an answer that is
JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .arguments import ArgumentError, loose_json, tool_name
from .wire import WireCall

ARGUMENT_KEYS = ("arguments", "parameters", "args", "input", "action_input", "tool_input", "params")
NAME_KEYS = ("name", "tool", "tool_name", "function", "action", "recipient_name")
ENVELOPES = ("plan", "steps", "calls", "tool_calls", "actions")
"""Keys of an object that holds nothing but a list of calls."""
_THINK = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.S | re.I)
_THINK_END = re.compile(r"\A.*?</(?:think|thinking|reasoning)>", re.S | re.I)
_OBSERVATION = re.compile(r"^\s*\**(?:Observation|Tool result|Result of \w+)\**\s*:", re.M | re.I)
_FENCE = re.compile(r"^[ \t]*```[ \t]*([\w-]*)[ \t]*\n(.*?)(?:^[ \t]*```[ \t]*$|\Z)", re.S | re.M)
_TAGGED = re.compile(
    r"<(tool_call|function_call|tool|function)(?:=([\w.:-]+)|\s+name=\"([\w.:-]+)\")?\s*>"
    r"(.*?)(?:</(?:tool_call|function_call|tool|function)>|\Z)",
    re.S | re.I,
)
_INVOKE = re.compile(r"<invoke\s+name=\"([^\"]+)\"\s*>(.*?)(?:</invoke>|\Z)", re.S)
_PARAMETER = re.compile(
    r"<parameter(?:\s+name=\"([^\"]+)\"|=([\w-]+))\s*>(.*?)</parameter>", re.S | re.I
)
_MISTRAL = re.compile(r"\[TOOL_CALLS?\]\s*(?:([\w.:-]+)\s*(?:\[ARGS\])?\s*(?=\{))?")
_REACT = re.compile(
    r"^[ \t]*\**Action\**:[ \t]*\**[ \t]*`?([\w.:-]+)`?[ \t]*\n+"
    r"[ \t]*\**Action Input\**:[ \t]*(.*?)(?=^[ \t]*\**(?:Action|Thought|Observation|Final Answer)"
    r"\**:|\Z)",
    re.S | re.M | re.I,
)
_FINAL = re.compile(r"^[ \t]*\**Final Answer\**:[ \t]*", re.M | re.I)
_EXAMPLE = re.compile(
    r"\b(for example|example|e\.g\.|for instance|such as|could (?:write|call|use|look)"
    r"|would (?:write|call|look)|looks like|you can (?:write|call|use)|format is|instead of)\b",
    re.I,
)
_AFTER_LIMIT = 0
"""Characters of prose after the last block of calls, above which the block was an example."""


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
    for read in (reader.tagged, reader.invoked, reader.mistral, reader.react, reader.fenced):
        found = read(text)
        if found is not None and found.calls:
            return found
    return reader.bare(text) or TextReply(_prose(text))


def strip_thinking(text: str) -> str:
    """The text without `<think>` parts, also where the opening tag is missing."""
    text = _THINK.sub("", text)
    return _THINK_END.sub("", text).strip()


def may_hold_call(text: str) -> bool:
    """Whether a text that is still arriving may turn out to be a call: it is not shown yet."""
    start = text.lstrip()
    if not start or start[0] in "{[<`":
        return True
    return bool(
        re.search(r"```|<(?:tool|function|invoke|think)|\[TOOL_CALL|^\**Action", text, re.M)
    )


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

    def tagged(self, text: str) -> TextReply | None:
        """`<tool_call>{…}</tool_call>`, `<function=name>{…}</function>`."""
        bare = _without_quotes(text)
        calls: list[WireCall] = []
        for match in _TAGGED.finditer(bare):
            closed = match.group(0).rstrip().endswith(">") and "</" in match.group(0)
            name = match.group(2) or match.group(3)
            inner = match.group(4).strip()
            nested = re.match(r"<function=([\w.:-]+)>(.*?)(?:</function>|\Z)", inner, re.S)
            if nested:
                name, inner = nested.group(1), nested.group(2).strip()
            calls += self._calls(inner, name, whole=closed or self.complete, sure=True)
        return self._before(bare, _TAGGED, calls)

    def invoked(self, text: str) -> TextReply | None:
        """`<invoke name="…"><parameter name="…">…</parameter></invoke>`."""
        bare = _without_quotes(text)
        calls = [
            WireCall(match.group(1), _parameters(match.group(2)), whole=self.complete)
            for match in _INVOKE.finditer(bare)
            if "</invoke>" in match.group(0) or self.complete
        ]
        return self._before(bare, _INVOKE, calls)

    def mistral(self, text: str) -> TextReply | None:
        """`[TOOL_CALLS] [{…}]` and `[TOOL_CALLS]name{…}`."""
        match = _MISTRAL.search(text)
        if not match:
            return None
        calls = self._calls(text[match.end() :], match.group(1), whole=self.complete, sure=True)
        return TextReply(_prose(text[: match.start()]), tuple(calls))

    def react(self, text: str) -> TextReply | None:
        """`Action: name` and `Action Input: {…}`; what follows is the model's imagination."""
        if invented := _OBSERVATION.search(text):
            text = text[: invented.start()]
        calls: list[WireCall] = []
        for match in _REACT.finditer(_without_quotes(text)):
            calls += self._calls(match.group(2).strip(), match.group(1), self.complete, sure=True)
        found = self._before(text, _REACT, calls)
        if found is None:
            return None
        return TextReply(re.sub(r"^\**Thought\**:\s*", "", found.text), found.calls)

    def fenced(self, text: str) -> TextReply | None:
        """Fenced blocks that end the message and are not announced as an example."""
        if invented := _OBSERVATION.search(text):
            text = text[: invented.start()]
        blocks = list(_FENCE.finditer(text))
        calls: list[WireCall] = []
        first = len(text)
        for block in blocks:
            if block.group(1).lower() not in (
                "",
                "json",
                "tool",
                "tool_call",
                "tool_code",
                "jsonc",
            ):
                continue
            if _EXAMPLE.search(text[: block.start()].rstrip()[-160:].rpartition("\n\n")[2]):
                continue
            closed = block.group(0).rstrip().endswith("```") and block.group(2).strip() != ""
            found = self._calls(block.group(2), None, whole=closed and self.complete, sure=False)
            if found:
                first = min(first, block.start())
            calls += found
        if not calls or len(text[blocks[-1].end() :].strip()) > _AFTER_LIMIT:
            return None
        return TextReply(_prose(text[:first]), tuple(calls))

    def bare(self, text: str) -> TextReply | None:
        """The whole message is a JSON object, or a list of them."""
        text = re.sub(r"^<\|python_tag\|>", "", text.strip())
        if invented := _OBSERVATION.search(text):
            text = text[: invented.start()].strip()
        if text[:1] not in ("{", "["):
            return None
        calls = self._calls(text, None, whole=self.complete, sure=False)
        return TextReply("", tuple(calls)) if calls else None

    def _before(
        self, text: str, pattern: re.Pattern[str], calls: list[WireCall]
    ) -> TextReply | None:
        """The calls with the prose that stood before the first of them."""
        match = pattern.search(text)
        return TextReply(_prose(text[: match.start()]), tuple(calls)) if match and calls else None

    def _calls(self, source: str, name: str | None, whole: bool, *, sure: bool) -> list[WireCall]:
        """The calls in a piece of JSON. `sure`: it was marked as a call, not only shaped so."""
        try:
            values = _json_values(source, whole=whole)
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


def _without_quotes(text: str) -> str:
    """Blank what is quoted: `code` within a line, and lines that begin with ">"."""
    text = re.sub(r"(?<!`)`(?!`)[^`\n]*`(?!`)", lambda m: " " * len(m.group(0)), text)
    return re.sub(r"^>.*$", lambda m: " " * len(m.group(0)), text, flags=re.M)


def _json_values(source: str, *, whole: bool) -> list[Any]:
    """The JSON objects of a piece of text: one, a list, several in a row or one a line.

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
    if position >= len(source):
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


def _parameters(source: str) -> str:
    """The parameters of an `<invoke>` as JSON; values that are JSON stay what they are."""
    found: dict[str, Any] = {}
    for match in _PARAMETER.finditer(source):
        text = match.group(3).strip()
        try:
            found[match.group(1) or match.group(2)] = json.loads(text)
        except ValueError:
            found[match.group(1) or match.group(2)] = text
    return json.dumps(found)
