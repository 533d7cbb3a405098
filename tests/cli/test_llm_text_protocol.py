"""Calls written as text: which run, and which must not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recagent_cli.agent.text_protocol import may_hold_call, read_text, strip_thinking, write_calls
from recagent_cli.agent.wire import WireCall

NAMES = ["filter", "popular", "present"]
ARGUMENTS = {"where": ["year > 1990"]}
INNER = json.dumps(ARGUMENTS)


def read(text: str, *, complete: bool = True) -> list[tuple[str, Any]]:
    found = read_text(text, NAMES, complete=complete)
    return [(call.name, json.loads(call.arguments)) for call in found.calls]


@pytest.mark.parametrize(
    "text",
    [
        f'```json\n{{"tool": "filter", "arguments": {INNER}}}\n```',
        f'I will narrow it.\n```json\n{{"name": "filter", "parameters": {INNER}}}\n```\n',
        f'```\n[{{"name": "filter", "args": {INNER}}}]\n```',
        f'```tool_call\n{{"action": "filter", "action_input": {INNER}}}\n```',
        f'{{"name": "filter", "input": {INNER}}}',
        f'{{"function": {{"name": "filter", "arguments": {json.dumps(INNER)}}}}}',
        '<think>Should I call {"name": "popular"}?</think>'
        f'{{"name":"filter","arguments":{INNER}}}',
        f'<tool_call>\n{{"name": "filter", "arguments": {INNER}}}\n</tool_call>',
        f'Sure.<tool_call>{{"name": "filter", "arguments": {INNER}}}',
        f"<function=filter>{INNER}</function>",
        f"<tool_call><function=filter>{INNER}</function></tool_call>",
        '<invoke name="filter"><parameter name="where">["year > 1990"]</parameter></invoke>',
        f'[TOOL_CALLS] [{{"name": "filter", "arguments": {INNER}}}]',
        f"[TOOL_CALLS]filter{INNER}",
        f"Thought: narrow\nAction: filter\nAction Input: {INNER}",
        f"Action: filter\nAction Input: {INNER}\nObservation: 12 left\nFinal Answer: Alien",
        f"**Action**: filter\n**Action Input**: {INNER}\n",
        f'<|python_tag|>{{"name": "filter", "parameters": {INNER}}}',
    ],
)
def test_20_21_24_dialects(text: str) -> None:
    assert read(text) == [("filter", ARGUMENTS)]


@pytest.mark.parametrize(
    "text",
    [
        'You could write `{"name": "popular", "arguments": {}}` here.',
        'For example:\n```json\n{"name": "popular", "arguments": {}}\n```',
        'A call looks like this:\n```json\n{"tool": "popular", "arguments": {}}\n```\nShall I?',
        '```json\n{"tool": "popular", "arguments": {}}\n```\nThat is how it would be done.',
        'Use `<tool_call>{"name": "popular", "arguments": {}}</tool_call>` for that.',
        '> <tool_call>{"name": "popular", "arguments": {}}</tool_call>\nis what you quoted.',
        '{"title": "Alien", "year": 1979}',
        '{"name": "popular", "year": 1979}',
        '[{"name": "Alien"}, {"name": "Heat"}]',
        '{"name": "The Thing", "arguments": {}}',
        "```python\npopular()\n```",
        "popular is a tool.",
        "Observation: filter gave 12.\nAction: popular\nAction Input: {}",
        "",
    ],
)
def test_22_examples_quotes_and_data_do_not_run(text: str) -> None:
    assert read(text) == []


def test_23_several_calls_keep_their_order() -> None:
    one, two = {"tool": "popular", "arguments": {}}, {"tool": "filter", "arguments": ARGUMENTS}
    expected = [("popular", {}), ("filter", ARGUMENTS)]
    assert read(f"```json\n{json.dumps([one, two])}\n```") == expected
    assert read(f"```json\n{json.dumps(one)}\n{json.dumps(two)}\n```") == expected
    blocks = "\n".join(f"```json\n{json.dumps(call)}\n```" for call in (one, two))
    assert read(blocks) == expected
    tags = "".join(f"<tool_call>{json.dumps(call)}</tool_call>" for call in (one, two))
    assert read(tags) == expected


def test_24_nothing_after_an_invented_observation_counts() -> None:
    text = (
        f'```json\n{{"tool": "filter", "arguments": {INNER}}}\n```\n'
        'Observation: {"result": "3 left"}\n```json\n{"tool": "present", "arguments": {}}\n```'
    )
    assert read(text) == [("filter", ARGUMENTS)]


def test_29_unknown_name_in_a_marked_call_is_reported() -> None:
    text = '```json\n{"tool": "find_movies", "arguments": {"q": "x"}}\n```'
    assert read(text) == [("find_movies", {"q": "x"})]


@pytest.mark.parametrize(
    "text",
    [
        '```json\n{"tool": "filter", "arguments": {"where": ["year',
        '<tool_call>{"name": "filter", "arguments": {"where": ["ye',
        '{"name": "filter", "arguments": {"where": ["ye',
    ],
)
def test_36_cut_call_is_not_whole(text: str) -> None:
    (call,) = read_text(text, NAMES, complete=False).calls
    assert call.name == "filter" and not call.whole


def test_prose_for_the_person() -> None:
    assert read_text("Thought: done\nFinal Answer: Try Alien.", NAMES).text == "Try Alien."
    assert read_text("<think>hm</think>Hello.", NAMES).text == "Hello."
    assert strip_thinking("so I think\n</think>\nHello.") == "Hello."
    found = read_text(f'Narrowing.\n```json\n[{{"tool":"filter","arguments":{INNER}}}]\n```', NAMES)
    assert found.text == "Narrowing."


VALUES = st.dictionaries(
    st.from_regex(r"[a-z]{1,6}", fullmatch=True),
    st.text(max_size=20) | st.lists(st.text(max_size=10), max_size=3) | st.integers(),
    max_size=3,
)


@given(st.lists(st.tuples(st.sampled_from(NAMES), VALUES), min_size=1, max_size=3))
def test_what_we_write_is_what_we_read(made: list[tuple[str, dict[str, Any]]]) -> None:
    text = write_calls([WireCall(name, json.dumps(arguments)) for name, arguments in made])
    assert read("Next.\n" + text) == made


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    for complete in (True, False):
        found = read_text(text, NAMES, complete=complete)
        assert found.calls or len(found.text) <= len(text), "prose is never made longer"


@pytest.mark.parametrize("text", ["", '{"na', "```js", "Sure.\n```json", "<tool", "Hm <think>x"])
def test_possible_calls_are_held_back(text: str) -> None:
    assert may_hold_call(text)
    assert not may_hold_call("Here are two films")
