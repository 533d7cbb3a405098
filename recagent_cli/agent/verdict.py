"""A model's review of an answer: a typed call, never a word searched in prose."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from recagent_catalogs.text import clean
from recagent_prompts import render
from recagent_tools.references import facts

from .arguments import ArgumentError, coerce, loose_json, parse_arguments
from .course import Course
from .text_protocol import read_text
from .wire import Reply, ToolSchema

MOST_CHARS = 300
"""Characters of one problem."""
VERDICT = ToolSchema(
    "verdict",
    "Your judgement of the answer.",
    {
        "type": "object",
        "properties": {
            "ok": {"type": "boolean", "description": "true: it may be shown as it is."},
            "problems": {
                "type": "array",
                "items": {"type": "string"},
                "description": "What is wrong, each in one short sentence; empty if ok.",
            },
        },
        "required": ["ok"],
    },
)


@dataclass(frozen=True)
class Verdict:
    """What a model says of an answer."""

    ok: bool
    problems: tuple[str, ...] = ()


@runtime_checkable
class Reviewer(Protocol):
    """A brain that can be asked for its judgement beside the steps of a turn."""

    def judge(self, material: str) -> Verdict | None:
        """The model's verdict on an answer; None where there is none that can be read."""
        ...


def reviewer(brain: object) -> Callable[[str], Verdict | None] | None:
    """A function that asks this brain; None where it cannot be asked."""
    return brain.judge if isinstance(brain, Reviewer) else None


def task_of(*, text_mode: bool) -> str:
    """What the model is asked to do."""
    return render("verdict", tool=VERDICT.name, text_mode=text_mode).strip()


def material_of(course: Course) -> str:
    """The answer that is about to be given, with the person's words, as JSON data."""
    context = course.context
    items = context.catalog.items(context.presented or [])
    told: dict[str, Any] = {
        "said_before": [clean(t.utterance, 300) for t in course.session.turns[-3:]],
        "said": clean(course.utterance, 2_000, newlines=True),
        "items": [facts(item, context.catalog) for item in items],
        "text": clean(context.text or course.closing, 2_000, newlines=True),
    }
    if context.question is not None:
        told["question"], told["options"] = context.question[0], list(context.question[1])
    if context.relaxed is not None:
        told["given_up"] = context.relaxed.text()
    return json.dumps(told, ensure_ascii=False)


def read_verdict(reply: Reply) -> Verdict | None:
    """The verdict in an answer: a native call, a call as text, or its arguments in a fence."""
    text = read_text(reply.text, [VERDICT.name], complete=reply.complete)
    for call in (*reply.calls, *text.calls):
        try:
            return _verdict(parse_arguments(call.arguments, whole=call.whole))
        except ArgumentError:
            continue
    try:
        bare = loose_json(reply.text, whole=reply.complete)
        return _verdict(parse_arguments(bare)) if isinstance(bare, dict) else None
    except ArgumentError:
        return None


def _verdict(arguments: dict[str, Any]) -> Verdict | None:
    """The verdict that arguments state.

    Raises:
        ArgumentError: they state none.
    """
    checked = coerce(arguments, VERDICT.parameters)
    told = [clean(str(one), MOST_CHARS) for one in checked.get("problems") or ()]
    problems = tuple(one for one in told if one)
    # Not ok for no reason says nothing that could be mended.
    return Verdict(bool(checked["ok"]) or not problems, problems)
