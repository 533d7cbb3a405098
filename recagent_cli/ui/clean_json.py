"""JSON for stdout: readable letters, but nothing that a terminal would obey."""

from __future__ import annotations

import json
from typing import Any

from recagent_catalogs.text import escaped_hidden


def dumps(value: Any, *, indent: int | None = None) -> str:
    """JSON text with what a terminal would obey or nobody would see escaped.

    Those are control, bidirectional, zero-width, tag, private, unassigned and surrogate characters,
    and letters that look like nothing; whoever reads the JSON gets them as they are in the data.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)
    return escaped_hidden(text, lambda char: json.dumps(char)[1:-1])
