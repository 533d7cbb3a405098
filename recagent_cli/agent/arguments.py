"""Mending what a model wrote as the arguments and the name of a tool call.

`parse_arguments` reads damaged JSON, `coerce` brings values to the types of the schema, `tool_name`
finds the tool that a decorated name means. What cannot be mended is an `ArgumentError`, whose text
tells the model how to write the call.
"""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from rapidfuzz import fuzz, process

from recagent_catalogs.text import fold

MAX_ARGUMENT_CHARS = 20_000
_LANGUAGE = re.compile(r"[\w-]*")
_NOTHING = frozenset(("", "null", "none", "undefined"))
_WRAPPERS = ("arguments", "parameters", "args", "input", "action_input", "kwargs")


class ArgumentError(Exception):
    """Arguments that cannot be mended; the text is for the model."""


def parse_arguments(raw: Any, *, whole: bool = True) -> dict[str, Any]:
    """Read arguments as a model wrote them: nothing, JSON, JSON in JSON, in a fence, damaged.

    Args:
        raw: text, or a value that is parsed already.
        whole: whether the answer ended well; only then a missing end is added.

    Raises:
        ArgumentError: it is no object.
    """
    value = raw
    for _ in range(4):
        if value is None or value == "":
            return {}
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, dict):
            return {str(key): part for key, part in value.items()}
        if not isinstance(value, str):
            break
        value = loose_json(value, whole=whole)
    raise ArgumentError("the arguments must be one JSON object")


def loose_json(text: str, *, whole: bool = True) -> Any:
    """JSON with the damage that models do: fences, trailing commas, single quotes, a missing end.

    Raises:
        ArgumentError: not even so.
    """
    if len(text) > MAX_ARGUMENT_CHARS:
        raise ArgumentError(f"more than {MAX_ARGUMENT_CHARS} characters")
    text = _unfenced(text.strip())
    if not text:
        return None
    tries = [text, _without_trailing_commas(text)]
    if whole:
        tries.append(_without_trailing_commas(_closed(text)))
    for attempt in tries:
        try:
            return _sendable(json.loads(attempt, strict=False))
        except (ValueError, RecursionError):
            continue
    for attempt in tries:
        found = _python_literal(attempt)
        if isinstance(found, dict | list):
            return _sendable(found)
    raise ArgumentError("the arguments are not valid JSON")


def _unfenced(text: str) -> str:
    """The inside of a fenced block, where the text is one."""
    if not (text.startswith("```") and text.endswith("```") and len(text) >= 6):
        return text
    inner = text[3:-3]
    language = _LANGUAGE.match(inner)
    return inner[language.end() if language else 0 :].strip()


def _sendable(value: Any) -> Any:
    """The value without halves of characters (lone surrogates), which no wire carries."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list | tuple):
        return [_sendable(part) for part in value]
    if isinstance(value, dict):
        return {_sendable(key): _sendable(part) for key, part in value.items()}
    return value


def _python_literal(text: str) -> Any:
    """A Python literal, with JSON's true, false and null allowed; None where it is none."""
    words = {"true": "True", "false": "False", "null": "None"}
    source = re.sub(r"\b(true|false|null)\b(?=\s*[,}\]])", lambda m: words[m.group(1)], text)
    try:
        return ast.literal_eval(source)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None  # too deep, too long, or no literal


def _without_trailing_commas(text: str) -> str:
    """Drop commas that stand before a closing bracket, outside of strings."""
    out: list[str] = []
    quoted = escaped = False
    for char in text:
        if quoted:
            quoted, escaped = (escaped or char != '"'), (char == "\\" and not escaped)
        elif char == '"':
            quoted = True
        elif char in "}]":
            while out and (out[-1].isspace() or out[-1] == ","):
                out.pop()
        out.append(char)
    return "".join(out)


def _closed(text: str) -> str:
    """Add the brackets that are missing at the end, where no string is open."""
    stack: list[str] = []
    quoted = escaped = False
    for char in text:
        if quoted:
            quoted, escaped = (escaped or char != '"'), (char == "\\" and not escaped)
        elif char == '"':
            quoted = True
        elif char in "{[":
            stack.append("}" if char == "{" else "]")
        elif char in "}]" and stack:
            stack.pop()
    return text if quoted else text + "".join(reversed(stack))


def coerce(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Bring the values to the schema's types; drop what says nothing.

    Raises:
        ArgumentError: a field is unknown, missing or of a type that cannot be meant.
    """
    properties: Mapping[str, Any] = schema.get("properties", {})
    mended: dict[str, Any] = {}
    for name, written in fields_named(arguments, schema).items():
        value = _value(name, written, properties[name], schema)
        if value is not None:
            mended[name] = value
    missing = [name for name in schema.get("required", ()) if name not in mended]
    if missing:
        raise ArgumentError(f"{missing[0]!r} is missing; {describe(schema)}")
    return mended


def fields_named(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments under the schema's names of fields, values as they are; without what is empty.

    Raises:
        ArgumentError: a field is unknown.
    """
    properties: Mapping[str, Any] = schema.get("properties", {})
    named: dict[str, Any] = {}
    for key, value in _unwrapped(dict(arguments), properties).items():
        name = _field(key, properties)
        if name is None:
            if value in (None, "", [], {}):
                continue
            raise ArgumentError(f"no field {key!r}; {describe(schema)}")
        if value is not None:
            named.setdefault(name, value)
    return named


def _unwrapped(given: dict[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments that came in an envelope: {"arguments": {...}}."""
    if len(given) == 1:
        key, value = next(iter(given.items()))
        if key in _WRAPPERS and key not in properties and isinstance(value, dict | str | None):
            return parse_arguments(value)
    return given


def _field(key: str, properties: Mapping[str, Any]) -> str | None:
    """The field that a key means: the same but for case and punctuation."""
    if key in properties:
        return key
    wanted = fold(key).replace(" ", "")
    return next((name for name in properties if fold(name).replace(" ", "") == wanted), None)


def _value(name: str, value: Any, part: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    """One value in its type; None drops the field."""
    kind = part.get("type", "string")
    blank = kind not in ("string", "array") or part.get("enum")
    if value is None or (blank and isinstance(value, str) and fold(value) in _NOTHING):
        return None
    mended = _MENDERS[kind](value, part) if kind in _MENDERS else value
    if mended is None:
        raise ArgumentError(f"{name!r} must be {_type_words(part)}; {describe(schema)}")
    return mended


def _text(value: Any, part: Mapping[str, Any]) -> str | None:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    # An id that came as a number: 1234567, and 7.0 for 7.
    whole = isinstance(value, float) and value.is_integer()
    text = value if isinstance(value, str) else _digits(int(value) if whole else value)
    options = part.get("enum")
    if not options:
        return text
    return next((option for option in options if fold(str(option)) == fold(text)), None)


def _digits(number: float | int) -> str:
    """A number as text; "" for one of more digits than anybody means."""
    try:
        return str(number)
    except ValueError:
        return ""


def _number(value: Any, part: Mapping[str, Any]) -> float | int | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() else number


def _integer(value: Any, part: Mapping[str, Any]) -> int | None:
    number = _number(value, part)
    return number if isinstance(number, int) else None


def _boolean(value: Any, part: Mapping[str, Any]) -> bool | None:
    if isinstance(value, bool):
        return value
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    return words.get(str(value).strip().lower()) if isinstance(value, str | int) else None


def _array(value: Any, part: Mapping[str, Any]) -> list[Any] | None:
    if isinstance(value, str):
        value = _listed(value)
    if isinstance(value, int | float):
        value = [value]
    if not isinstance(value, list | tuple):
        return None
    item = part.get("items", {"type": "string"})
    mend = _MENDERS.get(item.get("type", "string"), _text)
    mended = [mend(_item(entry), item) for entry in value if entry is not None]
    return None if any(entry is None for entry in mended) else mended


def _listed(text: str) -> list[Any] | str:
    """A list that came as text: JSON, or the one entry that it is."""
    if not text.strip():
        return []
    if text.lstrip().startswith("["):
        try:
            found = loose_json(text)
        except ArgumentError:
            found = None
        if isinstance(found, list):
            return found
    return [text]


def _item(entry: Any) -> Any:
    """An entry that came as an object with one telling key: {"title": "Alien"}."""
    if isinstance(entry, dict):
        for key in ("id", "title", "name", "value", "item"):
            if isinstance(entry.get(key), str | int):
                return entry[key]
    return entry


_MENDERS = {
    "string": _text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "array": _array,
}
_TYPE_WORDS = {"string": "text", "integer": "a whole number", "number": "a number"}
_EXAMPLES: dict[str, Any] = {"string": "…", "integer": 5, "number": 0.5, "boolean": True}


def _type_words(part: Mapping[str, Any]) -> str:
    if options := part.get("enum"):
        return "one of " + ", ".join(json.dumps(option) for option in options)
    kind = part.get("type", "string")
    if kind == "array":
        return f"a list of {_type_words(part.get('items', {}))}"
    return _TYPE_WORDS.get(kind, str(kind))


def describe(schema: Mapping[str, Any]) -> str:
    """The fields of a schema with an example, for an error text."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    if not properties:
        return "it takes no arguments: {}"
    fields = "; ".join(f"{name}: {_type_words(part)}" for name, part in properties.items())
    wanted = list(schema.get("required", ())) or list(properties)[:1]
    example = {name: example_of(properties[name]) for name in wanted if name in properties}
    return f"fields: {fields}. Example: {json.dumps(example, ensure_ascii=False)}"


def example_of(part: Mapping[str, Any]) -> Any:
    """A value of the type that a part of a schema wants."""
    if options := part.get("enum"):
        return options[0]
    kind = part.get("type", "string")
    return [example_of(part.get("items", {}))] if kind == "array" else _EXAMPLES.get(kind, "…")


def tool_name(written: str, names: Sequence[str]) -> str | None:
    """The tool that a name means: exact, in another case, or with a prefix ("functions.filter")."""
    if written in names:
        return written
    plain = {_plain(name): name for name in names}
    parts = re.split(r"[.:/]|__", written.strip())
    for candidate in (written, parts[-1], parts[0]):
        if found := plain.get(_plain(candidate)):
            return found
    return next((plain[_plain(part)] for part in parts if _plain(part) in plain), None)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", re.sub(r"[_:]?\d+$", "", name.strip().lower()))


def unknown_tool(written: str, names: Sequence[str]) -> str:
    """What to tell a model that called a tool which does not exist."""
    found = process.extract(written.lower(), names, scorer=fuzz.WRatio, limit=3, score_cutoff=60)
    near = [name for name, _, _ in found]
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"no tool {written[:60]!r}.{hint} Tools: {', '.join(names)}"
