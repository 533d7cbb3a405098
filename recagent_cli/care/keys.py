"""Finds what looks like a key in a file of settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from .findings import Finding

_KEY = re.compile(
    r"\b(sk-[\w-]{12,}|gsk_\w{12,}|AIza[\w-]{20,}|xai-\w{12,}|hf_\w{12,}|ghp_\w{12,})|://[^/\s@]+:[^/\s@]+@"
)
_MOST_BYTES = 1_000_000


def keys_in(path: Path, what: str) -> Iterator[Finding]:
    """The lines of a text that hold what looks like a key; none of what cannot be read."""
    try:
        if not path.is_file():
            return
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if _KEY.search(line):
            hint = "take it out, and keep keys in the environment"
            yield Finding(what, f"{path}:{number}", "looks like a key", hint)
