"""What a model that plans is told of results while calls are still to be made: no item text.

The calls of a plan are fixed before text of items is read, so that no such text can add one
(plan-then-execute: Beurer-Kellner et al. 2025, "Design Patterns for Securing LLM Agents against
Prompt Injections"). Until the model asks to look, and then only has words left, a result is its
counts; of an error, only what repeats the model's own words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from recagent_catalogs.text import clean
from recagent_tools.toolbox import Tool

from .brain import Observation, PastTurn

FAILED = "it failed; its arguments named what the catalog does not have, or cannot be used so"
ERROR_CHARS = 300
_UNKNOWN = re.compile(r"error: (['\"]).*\1 is not in this catalog")
LOOKING = ("information", "explanation")
"""Groups of tools that are called to read what they give."""


def unread_result(observation: Observation) -> str:
    """A tool's result as JSON, without a word of any item."""
    if observation.error:
        return json.dumps({"error": _error(observation)}, ensure_ascii=False)
    told: dict[str, object] = {"result": "done"}
    if observation.after is not None:
        told["candidates"] = observation.after
    return json.dumps(told)


def unread_answer(answer: str) -> str:
    """What code answered to a call that did not run, without the result of an earlier one."""
    told = json.loads(answer)
    if isinstance(told, dict) and "before" in told:
        told = {key: value for key, value in told.items() if key != "before"}
    return json.dumps(told, ensure_ascii=False)


def unread_words(past: PastTurn) -> str:
    """What is told of the answer of an earlier turn; it may hold titles and facts."""
    if past.shown:
        return "(shown)"
    return "(asked)" if past.options else "(answered)"


def looks(observations: Iterable[Observation], tools: Iterable[Tool]) -> bool:
    """Whether something was read: a call of these ran whose result is what it was made for."""
    reading = {tool.name for tool in tools if tool.group in LOOKING}
    return any(one.call.name in reading and not one.error for one in observations)


def _error(observation: Observation) -> str:
    """An error as far as it is made of the call's own words: hints name items and values."""
    text, data = observation.text, observation.data
    if isinstance(data, dict) and isinstance(data.get("unread"), str):  # an answer sent back
        return clean(data["unread"], ERROR_CHARS)
    if observation.before is None:  # it did not run, and says why in words of ours
        return clean(text, ERROR_CHARS)
    if observation.call.name == "filter" or _UNKNOWN.match(text):
        return clean(text.partition(" (")[0], ERROR_CHARS)
    return FAILED
