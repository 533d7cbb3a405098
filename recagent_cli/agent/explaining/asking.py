"""Asks the model for other words, once for all explanations that failed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from recagent_catalogs.text import clean
from recagent_prompts import render
from recagent_tools.references import facts

from ..critic import Fault
from .aspects import MAX_WORDS, Scene
from .refine import Rewrite, Task

MAX_ANSWER = 8_000


@runtime_checkable
class Rewriter(Protocol):
    """A brain that can be asked for other words beside the steps of a turn."""

    def rewrite(self, task: str, material: str) -> str:
        """The model's answer to a task on some material; "" where it fails or may cost no more."""
        ...


def asker(brain: object, scene: Scene) -> Rewrite | None:
    """A function that asks this brain; None where it cannot be asked."""
    if not isinstance(brain, Rewriter):
        return None

    def ask(tasks: Sequence[Task]) -> Sequence[str]:
        schema = scene.context.catalog.schema
        task = render(
            "refine",
            noun=schema.item,
            nouns=schema.items,
            count=len(tasks),
            words=MAX_WORDS[scene.style],
            style=scene.style,
        )
        told = [_material(one, scene) for one in tasks]
        answer = brain.rewrite(task, json.dumps(told, ensure_ascii=False, indent=1))
        return read_answer(answer, len(tasks))

    return ask


def _material(task: Task, scene: Scene) -> dict[str, Any]:
    """What the model may use for one explanation: data, never instructions."""
    place = scene.place(task.item.row)
    return {
        "facts": facts(task.item, scene.context.catalog),
        "place": None if place is None else f"{place} of {len(scene.rows)}",
        "evidence": [point.text for point in task.plan.points],
        "was": clean(task.text, 300),
        "wrong": [_told(fault) for fault in task.faults],
    }


def _told(fault: Fault) -> str:
    """A fault in words for the model."""
    if fault.kind == "missing":
        return "personal: " + fault.truth
    right = f"; right is {fault.truth}" if fault.truth else ""
    return f"{fault.aspect}: {clean(fault.told, 80)!r} is not so or not known{right}"


def read_answer(answer: str, count: int) -> list[str]:
    """The texts of an answer: a JSON list of strings, perhaps in a fence, or one line each."""
    answer = answer[:MAX_ANSWER]
    start, end = answer.find("["), answer.rfind("]")
    if 0 <= start < end:
        try:
            found = json.loads(answer[start : end + 1])
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, list) and all(isinstance(text, str) for text in found):
            return found[:count]
    lines = [line.strip(" -*0123456789.)\t") for line in answer.splitlines()]
    lines = [line for line in lines if line and not line.startswith("```")]
    return lines if len(lines) == count else []
