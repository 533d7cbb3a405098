"""What the lines of a stored trace must be: whoever can write the store can write anything there.

Who reads a trace relies on the types of `recagent.trace/1` and looks no further.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from .request import request_from_json
from .usage import usage_from_json

LATEST = 4_102_444_800.0
"""Seconds since 1970 at which no turn began yet: the year 2100."""
MOST = 10**15
"""No count, time or cost is as large."""
_NUMBER, _TEXT, _COUNT = (int, float), (str,), (int,)
_NONE = type(None)
_HEAD: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("session", "catalog", "utterance", "brain", "data", "models", "known"), _TEXT),
    **dict.fromkeys(("id", "turn", "turns", "facts"), _COUNT),
    **dict.fromkeys(("liked", "unknown"), (list,)),
    "began": _NUMBER,
    "weights": (dict,),
    "before": (dict,),
}
_ANY: Mapping[str, tuple[type, ...]] = {"event": _TEXT, "ms": _NUMBER}
_KINDS: Mapping[str, Mapping[str, tuple[type, ...]]] = {
    "call": {
        **dict.fromkeys(("tool", "text"), _TEXT),
        **dict.fromkeys(("before", "after"), _COUNT),
        "arguments": (dict, _NONE),
        "took_ms": _NUMBER,
        "error": (bool,),
    },
    "model": {
        **dict.fromkeys(("model", "mode", "finish", "prefix_hash", "prompt_hash"), _TEXT),
        **dict.fromkeys(("prompt_tokens", "completion_tokens"), (int, _NONE)),
        "calls": _COUNT,
        "took_ms": _NUMBER,
        "cost_usd": (int, float, _NONE),
    },
    "plan": {"calls": _COUNT, "then": _TEXT},
    "instead": {"brain": _TEXT},
    "notice": {"text": _TEXT},
    "end": {
        **dict.fromkeys(("text", "question", "funnel", "brain"), _TEXT),
        **dict.fromkeys(("shown", "options"), (list,)),
        "list": _COUNT,
        "cut": (bool,),
        "usage": (dict, _NONE),
        "user": (str, _NONE),
        "with": (dict, _NONE),
        "request": (dict,),
    },
}
_MAY: Mapping[str, tuple[type, ...]] = {
    "left_out": _COUNT,
    "first": (list,),
    "problems": (list,),
    "digest": _TEXT,
}
_TEXTS = ("liked", "unknown", "shown", "options", "first", "problems")
"""Lists of texts."""


def check_lines(head: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> None:
    """Hold a trace against what it must be.

    Args:
        head: the first line, with what its row tells.
        events: the others, the end last.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    _finite((head, events))
    _typed(head, _HEAD)
    if type(head["seed"]) is not int:  # which may be of 128 bits
        raise TypeError("no seed")
    if not 0 <= head["began"] < LATEST:
        raise ValueError("no time")
    _before(head["before"])
    for weight in head["weights"].values():
        _is(weight, _NUMBER)
    for told in events:
        _typed(told, _ANY)
        _typed(told, _KINDS.get(told["event"], {}))
    if any(told["event"] == "end" for told in events[:-1]):
        raise ValueError("two ends")
    end = events[-1]
    usage_from_json(end["usage"])
    request_from_json(end["request"])
    if end["with"]:
        _texts(end["with"]["names"])
        _is(end["with"]["by"], _TEXT)


def _before(place: Mapping[str, Any]) -> None:
    """Where the bus stood, as `tracing.mark_json` tells it."""
    for name in ("candidates", "stages", "lists"):
        _is(place[name], _COUNT)
    for pair in (place["place"], *place["done"], *place["undone"]):
        _is(pair, (list,))
        first, second = pair
        _is(first, _COUNT)
        _is(second, _COUNT)
    _is(place["sets"], (dict,))
    for stage in place["sets"].values():
        _is(stage, _COUNT)


def _typed(told: Mapping[str, Any], wanted: Mapping[str, tuple[type, ...]]) -> None:
    for name, types in wanted.items():
        _is(told[name], types)
    for name in _MAY.keys() & told.keys():
        _is(told[name], _MAY[name])
    for name in _TEXTS:
        if name in told:
            _texts(told[name])


def _texts(values: Sequence[Any]) -> None:
    _is(values, (list,))
    for value in values:
        _is(value, _TEXT)


def _is(value: Any, types: tuple[type, ...]) -> None:
    if type(value) not in types:  # a bool is no number
        raise TypeError(f"{type(value).__name__} is none of {types}")
    if isinstance(value, int | float) and abs(value) >= MOST:
        raise ValueError("too large a number")


def _finite(value: Any) -> None:
    """No number, however deep, that JSON has not."""
    if isinstance(value, Mapping):
        for part in value.values():
            _finite(part)
    elif isinstance(value, list | tuple):
        for part in value:
            _finite(part)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("no number")
