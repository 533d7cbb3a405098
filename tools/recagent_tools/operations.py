"""The names of what can be done with lists and sets, for tools, requests and commands."""

from __future__ import annotations

from typing import Literal

OperationKind = Literal[
    "undo",
    "redo",
    "list",
    "sets",
    "save",
    "load",
    "forget",
    "union",
    "minus",
    "intersect",
    "diff",
]
"""What a person may do with lists and sets."""
ToolOperation = Literal["show", "start", OperationKind, "among_shown", "drop_shown", "drop"]
"""What the tool `candidates` does: that, and what a brain needs besides."""
