"""The interview as it is held and told: one item at a time, by lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from recagent_catalogs.errors import BadInput
from recagent_catalogs.text import clean

from ..agent.turn import ShownItem, Turn, shown_items
from ..interview import BACK, STOP, Answer, Interview
from .render import key_facts

FEWEST_WORDS = 3
"""A line of so many words is no answer, but says something of a taste."""


def opening(interview: Interview, heard: bool) -> list[str]:
    """What this is, and the answers that there are."""
    schema = interview.assistant.catalog.schema
    count = len(interview.rows)
    noun = schema.item if count == 1 else schema.items
    lines = [f"{count} {noun}: what do you think of {'it' if count == 1 else 'them'}?"]
    lines.append(interview.choices)
    if not heard:
        lines.append("Or say what you like in your own words, at any time.")
    return lines


def converse(
    interview: Interview,
    ask: Callable[[], str | None],
    *,
    tell: Callable[[str], None],
    hear: Callable[[str], bool],
    strict: bool,
) -> bool:
    """Ask for one item after the other until there is no more, or the person stops.

    Args:
        interview: takes the answers.
        ask: gives a line that was typed, None for the end of the input.
        tell: shows a line.
        hear: takes a line of the person's own words; False where it says nothing of a taste.
        strict: whether what is no answer is an error, not asked again.

    Returns:
        Whether Ctrl-C ended it; what was answered before stays.

    Raises:
        BadInput: what was said is no answer, where that is an error; with its line.
    """
    place, line = 0, 0
    try:
        while place < len(interview.rows):
            row = interview.rows[place]
            tell(question(interview, place))
            while True:
                typed, line = ask(), line + 1
                word = (typed or "").strip()
                if typed is None or word.casefold() in STOP:
                    return False
                if word.casefold() in BACK:
                    place = max(place - 1, 0)
                    interview.answers.pop(interview.rows[place], None)
                    break
                try:
                    interview.answers[row] = interview.read(word)
                    place += 1
                    break
                except BadInput as error:
                    if len(word.split()) >= FEWEST_WORDS:
                        hear(word)
                    elif strict:
                        raise BadInput(error.message, line=line, hint=error.hint) from error
                    else:
                        tell(clean(error.message))
                        tell(error.hint)
    except KeyboardInterrupt:
        return True
    return False


def question(interview: Interview, place: int) -> str:
    """`3/12  Fargo (1996) · Crime, Drama`."""
    return f"{place + 1}/{len(interview.rows)}  {_described(_shown(interview)[place], interview)}"


def question_lines(interview: Interview) -> Iterator[str]:
    """All questions for people: the id, and what is asked for."""
    for item in _shown(interview):
        yield f"{clean(item.id)}  {_described(item, interview)}"


def _described(item: ShownItem, interview: Interview) -> str:
    facts = key_facts(item, interview.assistant.catalog.schema)[:1]
    return " · ".join([clean(item.label), *facts])


def _shown(interview: Interview) -> tuple[ShownItem, ...]:
    items = interview.assistant.catalog.items(interview.rows)
    return shown_items(items, [None] * len(items), {})


def interview_json(interview: Interview, batch: str, turn: Turn | None) -> dict[str, Any]:
    """The body of `recagent start --json`; docs/json.md tells what it holds."""
    catalog = interview.assistant.catalog
    asked = [
        {"id": item.id, "title": item.title, "year": item.year, "columns": dict(item.columns)}
        for item in _shown(interview)
    ]
    return {
        "catalog": catalog.name,
        "questions": asked,
        "answers": [_answer_json(interview, *pair) for pair in interview.answers.items()],
        "said": [
            {
                "kind": kind,
                "column": column,
                "value": value if column else "",
                "item": "" if column else value,
            }
            for kind, column, value in interview.said
        ],
        "batch": batch or None,
        "turn": None if turn is None else turn.to_json(),
    }


def _answer_json(interview: Interview, row: int, answer: Answer) -> dict[str, Any]:
    item = interview.assistant.catalog.item(row)
    return {"id": item.id, "title": item.title, "kind": answer.kind, "value": answer.value}
