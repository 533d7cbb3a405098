"""JSON for stdout: readable letters, but nothing that a terminal would obey."""

from __future__ import annotations

import json
import re
from typing import Any

_DANGEROUS = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e0fff]"
)


def dumps(value: Any, *, indent: int | None = None) -> str:
    """JSON text with control, bidirectional, zero-width, tag and surrogate characters escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)
    return _DANGEROUS.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1]
