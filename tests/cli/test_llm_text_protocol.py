"""Calls written as text: which run, and which must not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recagent_cli.agent.arguments import tool_name
from recagent_cli.agent.text_gate import TextGate
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
        f'```json {{"tool": "filter", "arguments": {INNER}}}```',
        f'```json [{{"tool": "filter",\n"arguments": {INNER}}}]```',
        f'~~~json\n{{"tool": "filter", "arguments": {INNER}}}\n~~~',
        f'{{"tool_calls": [{{"name": "filter", "arguments": {INNER}}}]}}',
        f"[TOOL_CALLS]filter[CALL_ID]a1b2c3d4e[ARGS]{INNER}",
        "<tool_call>\n<function=filter>\n<parameter=where>\n"
        '["year > 1990"]\n</parameter>\n</function>\n</tool_call>',
        "<tool_call>filter\n<arg_key>where</arg_key>\n"
        '<arg_value>["year > 1990"]</arg_value>\n</tool_call>',
        f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>filter\n```json\n{INNER}\n"
        "```<｜tool▁call▁end｜><｜tool▁calls▁end｜><｜end▁of▁sentence｜>",
        f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>filter<｜tool▁sep｜>{INNER}<｜tool▁call▁end｜>",
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.filter:0"
        f"<|tool_call_argument_begin|>{INNER}<|tool_call_end|><|tool_calls_section_end|>",
        f'<|tool_call|>[{{"name": "filter", "arguments": {INNER}}}]<|/tool_call|>',
        "<|channel|>analysis<|message|>Maybe popular.<|end|><|start|>assistant<|channel|>commentary"
        f" to=functions.filter <|constrain|>json<|message|>{INNER}<|call|>",
        f"<|start|>assistant to=functions.filter<|channel|>commentary<|message|>{INNER}<|call|>",
        f'```xml\n<tool_call>{{"name": "filter", "arguments": {INNER}}}</tool_call>\n```',
        f'<tool_call>{{"name": "filter", "arguments": {INNER}}}</tool_call>\n'
        '<tool_response>{"left": 3}</tool_response>\n<tool_call>{"name": "present"}</tool_call>',
        f"**Action:** filter\n**Action Input:** {INNER}\n\nI will wait for the result.",
    ],
)
def test_20_21_24_dialects(text: str) -> None:
    (found,) = read(text)
    assert (tool_name(found[0], NAMES), found[1]) == ("filter", ARGUMENTS)


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
        'Write <tool_call>{"name": "popular", "arguments": {}}</tool_call> and wait.',
        'He wrote "<tool_call>{"name": "popular", "arguments": {}}</tool_call>"',
        'For example:\n<tool_call>{"name": "popular", "arguments": {}}</tool_call>\n'
        '<tool_call>{"name": "popular", "arguments": {}}</tool_call>',
        'An example:\n```\n<tool_call>{"name": "popular", "arguments": {}}</tool_call>\n```',
        'So:\n```\n<tool_call>{"name": "popular", "arguments": {}}</tool_call>\n```\nis a call.',
        "So:\n~~~\nAction: popular\nAction Input: {}\n~~~\nis a call.",
        'For instance:\n```json\n{"tool": "popular", "arguments": {"a": "'
        + "b" * 200
        + '"}}\n```\n\n'
        '```json\n{"tool": "popular", "arguments": {}}\n```',
        'As in ``<tool_call>{"name": "popular", "arguments": {}}</tool_call>``',
        '<|channel|>analysis<|message|>{"name": "popular", "arguments": {}}<|end|>'
        "<|start|>assistant<|channel|>final<|message|>Nothing to do.<|return|>",
        '{"steps": [{"title": "Alien"}, {"title": "Heat"}]}',
        "<tool_call></tool_call>",
        '<tool_response>{"left": 3}</tool_response><tool_call>{"name": "popular"}</tool_call>',
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
    marks = "".join(
        f"[TOOL_CALLS]{c['tool']}[ARGS]{json.dumps(c['arguments'])}" for c in (one, two)
    )
    assert read(marks) == expected
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


PIECES = [
    "```json\n", "```", "\n", "`", "~~~\n", " ", "{", "}", "[", "]", '"', "'", ",", "\\", "- ",
    "> ",
    "<think>", "</think>", "<tool_call>", "</tool_call>", "<function=popular>", "</function>",
    '<invoke name="filter">', "</invoke>", "<parameter=where>", "</parameter>", "<arg_key>",
    "<arg_value>", "[TOOL_CALLS]", "[ARGS]", "Action: popular\n", "Action Input: ", "Observation: ",
    "Thought: ", "Final Answer: ", "<|python_tag|>", "<|channel|>", "<|message|>", "<|start|>",
    "to=functions.popular ", "<｜tool▁call▁begin｜>", "<｜tool▁sep｜>", "for example: ", "popular",
    '{"tool": "popular", "arguments": {}}', '{"name": "filter", "arguments": ' + INNER + "}", "{}",
]  # fmt: skip
WRITTEN = st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=25).map("".join)


@given(WRITTEN, st.booleans())
def test_any_text_can_be_read(text: str, complete: bool) -> None:
    found = read_text(text, NAMES, complete=complete)
    assert found.calls or len(found.text) <= len(text), "prose is never made longer"
    for call in found.calls:
        assert call.name in text and (not call.whole or json.loads(call.arguments) is not ...)


QUOTES: list[Callable[[str], str]] = [
    lambda call: f"You could write `{call}` here.",
    lambda call: f"Write {call} and wait.",
    lambda call: f"He said “{call}” once.",
    lambda call: f"> {call}\n\nThat is what you wrote.",
    lambda call: f"For example:\n\n```json\n{call}\n```",
    lambda call: f"```json\n{call}\n```\nis how a call is written.",
    lambda call: f"<think>I could {call}</think>Nothing to do.",
    lambda call: json.dumps({"answer": f"Write {call}"}),
]
CALLS = [
    '{"tool": "popular", "arguments": {}}',
    '<tool_call>{"name": "popular", "arguments": {}}</tool_call>',
    "<function=popular>{}</function>",
    '<invoke name="popular"></invoke>',
]


@pytest.mark.parametrize("call", CALLS)
@given(
    quote=st.sampled_from(QUOTES),
    around=st.lists(st.sampled_from(["Fine.", "Well, yes.", "A list:\n- one\n- two"]), max_size=3),
)
def test_22_a_call_in_prose_never_runs(
    call: str, quote: Callable[[str], str], around: list[str]
) -> None:
    text = "\n\n".join([*around, quote(call)])
    assert read(text) == [] and read("\n\n".join([quote(call), *around])) == []


MUCH = 50_000
LONG = [
    "`" * MUCH, "```\n" * (MUCH // 4), "```" + " " * MUCH + "!", "``` " * (MUCH // 4), "[" * MUCH,
    "{" * MUCH, "[{" * (MUCH // 2), "[]" * (MUCH // 2), "\n" * MUCH, " " * MUCH + "x", "<" * MUCH,
    "<tool_call>" * (MUCH // 11), "<tool_call>{" * (MUCH // 12), "<function=a>" * (MUCH // 12),
    "<tool" + " " * MUCH, "<parameter=a>" * (MUCH // 13), '<invoke name="a"><parameter=a>' * 1_500,
    "<tool_call>a<arg_key>b</arg_key><arg_value>" * 1_250, "[TOOL_CALLS]" * (MUCH // 12),
    "[TOOL_CALLS]a" + " " * MUCH + "x", "[TOOL_CALLS]" + "a" * MUCH, "Action:" + " " * MUCH,
    "Action: a\n" * (MUCH // 10), "Action: a\nAction Input: {}\n" * (MUCH // 27),
    "<think>" * (MUCH // 7), "</think>" * (MUCH // 8), "*" * MUCH, "> \n" * (MUCH // 3),
    "<|channel|>" * (MUCH // 11), "<|channel|>a<|message|>" * (MUCH // 23),
    "<｜tool▁call▁begin｜>" * (MUCH // 19), "Observation" * (MUCH // 11), "for example " * 4_000,
    '{"name"' + " " * MUCH, '{"tool": "popular", "arguments": {}} ' * 1_350, "1 " * (MUCH // 2),
    '"' * MUCH, "\\" * MUCH, "```json\n{\"tool\": \"popular\"}\n```\n" * 1_500,
    "-" * MUCH, "9" * MUCH,
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(LONG)))
def test_long_hostile_text_is_read_in_linear_time(number: int) -> None:
    """Were it not linear, this would take minutes."""
    text = LONG[number]
    for complete in (True, False):
        assert len(read_text(text, NAMES, complete=complete).text) <= len(text)
    told: list[str] = []
    gate = TextGate(lambda event: told.append(event.text))  # type: ignore[union-attr]
    for start in range(0, len(text), 50):
        gate(text[start : start + 50])
    assert text.startswith("".join(told))


@pytest.mark.parametrize("text", ["", '{"na', "```js", "Sure.\n```json", "<tool", "Hm <think>x"])
def test_possible_calls_are_held_back(text: str) -> None:
    assert may_hold_call(text)
    assert not may_hold_call("Here are two films")
