"""Mending arguments and names of calls."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recagent_cli.agent.arguments import (
    MAX_ARGUMENT_CHARS,
    ArgumentError,
    coerce,
    parse_arguments,
    tool_name,
    unknown_tool,
)

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "where": {"type": "array", "items": {"type": "string"}},
        "count": {"type": "integer"},
        "share": {"type": "number"},
        "kind": {"type": "string", "enum": ["liked", "seen"]},
        "text": {"type": "string"},
        "deep": {"type": "boolean"},
    },
    "required": [],
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(), part, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_valid_json_comes_back_unchanged(value: dict[str, Any]) -> None:
    text = json.dumps(value)
    assert parse_arguments(text) == value
    assert parse_arguments(json.dumps(text)) == value
    assert parse_arguments(f"```json\n{text}\n```") == value


@given(st.text(max_size=60))
def test_anything_is_an_object_or_an_argument_error(text: str) -> None:
    try:
        assert isinstance(parse_arguments(text), dict)
    except ArgumentError:
        pass


@pytest.mark.parametrize(
    "written",
    [
        '{"a": ["x, ]", "y"], "b": 1}',
        '{"a": ["x, ]", "y",], "b": 1,}',
        "{'a': ['x, ]', 'y'], 'b': 1}",
        '[{"a": ["x, ]", "y"], "b": 1}]',
        '{"a": ["x, ]", "y"], "b": 1',
        '```\n{"a": ["x, ]", "y"], "b": 1}\n```',
    ],
)
def test_25_26_damage_is_mended(written: str) -> None:
    assert parse_arguments(written) == {"a": ["x, ]", "y"], "b": 1}


def test_36_a_missing_end_is_added_only_where_the_answer_ended_well() -> None:
    cut = '{"where": ["year > 1990"'
    assert parse_arguments(cut) == {"where": ["year > 1990"]}
    with pytest.raises(ArgumentError):
        parse_arguments(cut, whole=False)
    with pytest.raises(ArgumentError):
        parse_arguments('{"where": ["year > 19')


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary(max_size=3)
    | st.sampled_from([10**400, "1e999", "\ud83d", "null", "", -0.0]),
    lambda part: (
        st.lists(part, max_size=3)
        | st.dictionaries(st.text(max_size=8) | st.sampled_from(["count", "where", "kind"]), part)
    ),
    max_leaves=8,
)
DAMAGED = st.lists(
    st.sampled_from([*"{}[]\"',:\\", "```", "\n", "null", "1e9", "\\ud83d", '"count":', "-", "x"]),
    max_size=30,
).map("".join)


@given(ANYTHING | DAMAGED, st.booleans())
def test_25_28_anything_is_sendable_arguments_or_an_argument_error(value: Any, whole: bool) -> None:
    """Whatever a model writes: nothing but `ArgumentError`, and nothing that no wire carries."""
    try:
        given_ = parse_arguments(value, whole=whole)
        mended = coerce(given_, SCHEMA)
    except ArgumentError as error:
        assert str(error).encode("utf-8", "replace")
        return
    assert json.dumps(mended, ensure_ascii=False, allow_nan=False)
    assert set(mended) <= set(SCHEMA["properties"])
    assert isinstance(mended.get("count", 0), int) and isinstance(mended.get("text", ""), str)
    if isinstance(value, str):
        json.dumps(mended, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "bomb",
    ["[" * 100_000, "{" * 100_000, '{"a":' * 20_000, "-" * 19_999, "(" * 19_999, "9" * 19_999]
    + ["{'a':" * 3_900, "not " * 4_900 + "1", "[1," * 6_600, "\\" * 19_999, "`" * 100_000],
)
def test_25_nested_bombs_are_argument_errors(bomb: str) -> None:
    for whole in (True, False):
        with pytest.raises(ArgumentError):
            parse_arguments(bomb, whole=whole)


@pytest.mark.parametrize("bomb", ["[" * 19_000, '{"a":' * 3_000, "x" * (MAX_ARGUMENT_CHARS + 1)])
def test_bombs_are_argument_errors(bomb: str) -> None:
    with pytest.raises(ArgumentError):
        parse_arguments(bomb)


@pytest.mark.parametrize(
    ("given_", "mended"),
    [
        ({"count": "5"}, {"count": 5}),
        ({"count": 5.0}, {"count": 5}),
        ({"share": ".5"}, {"share": 0.5}),
        ({"where": "year > 1990"}, {"where": ["year > 1990"]}),
        ({"where": '["a", "b"]'}, {"where": ["a", "b"]}),
        ({"where": [1999, None, {"title": "Alien"}]}, {"where": ["1999", "Alien"]}),
        ({"kind": "LIKED"}, {"kind": "liked"}),
        ({"text": ["one"]}, {"text": "one"}),
        ({"text": 1999}, {"text": "1999"}),
        ({"where": [1234567, 7.0, 2.5]}, {"where": ["1234567", "7", "2.5"]}),
        ({"count": "null", "kind": "", "deep": "None", "text": "None"}, {"text": "None"}),
        ({"deep": "true"}, {"deep": True}),
        ({"count": None, "text": None, "other": None}, {}),
        ({"Where": ["a"]}, {"where": ["a"]}),
        ({"arguments": {"count": 3}}, {"count": 3}),
        ({"input": '{"count": 3}'}, {"count": 3}),
    ],
)
def test_27_28_values_are_brought_to_their_types(
    given_: dict[str, Any], mended: dict[str, Any]
) -> None:
    assert coerce(given_, SCHEMA) == mended


@pytest.mark.parametrize(
    ("given_", "says"),
    [
        ({"count": "many"}, "'count' must be a whole number"),
        ({"count": 1.5}, "'count' must be a whole number"),
        ({"count": 10**400}, "'count' must be a whole number"),
        ({"share": "nan"}, "'share' must be a number"),
        ({"share": float("inf")}, "'share' must be a number"),
        ({"count": True}, "'count' must be a whole number"),
        ({"kind": "hated"}, 'one of "liked", "seen"'),
        ({"where": [{"x": 1}]}, "'where' must be a list of text"),
        ({"genre": "Drama"}, "no field 'genre'"),
    ],
)
def test_27_28_what_cannot_be_meant_is_explained(given_: dict[str, Any], says: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        coerce(given_, SCHEMA)
    assert says in str(caught.value) and "Example" in str(caught.value)


def test_28_missing_field_is_named() -> None:
    with pytest.raises(ArgumentError, match="'where' is missing.*Example.*where"):
        coerce({"count": 2}, {**SCHEMA, "required": ["where"]})


NAMES = ["look_up", "filter", "ask_person"]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("filter", "filter"),
        ("Filter", "filter"),
        ("functions.filter", "filter"),
        ("default_api.look_up", "look_up"),
        ("mcp__recagent__look_up", "look_up"),
        ("lookUp", "look_up"),
        ("ask-person", "ask_person"),
        ("functions.filter:0", "filter"),
        ("filters", None),
        ("rm", None),
        ("", None),
    ],
)
def test_29_names(written: str, name: str | None) -> None:
    assert tool_name(written, NAMES) == name


def test_29_unknown_name_is_answered_with_near_ones() -> None:
    assert "Did you mean filter" in unknown_tool("filter_items", NAMES)
    assert "look_up" in unknown_tool("zzz", NAMES)
