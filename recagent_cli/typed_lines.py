"""Lines typed in chat, kept in prompt_toolkit's history: without those that are forgotten."""

from __future__ import annotations

import re
from pathlib import Path

from recagent_catalogs.text import fold

from .forgetting import AT_ONCE_S, Wanted, Words


def history_without(
    path: Path,
    wanted: Wanted,
    said: frozenset[str],
    span: tuple[float, float] | None = None,
) -> tuple[int, str]:
    """The chat's history without lines that name what is forgotten, or were said of it.

    Args:
        path: of the history.
        wanted: what is forgotten.
        said: lines that go as they are.
        span: commands typed from then to then go, seconds since 1970.

    Returns:
        How many entries go, and the text of what is left, in prompt_toolkit's format.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0, ""
    words, gone, left = Words(wanted.words), 0, []
    for entry in re.split(r"(?m)^(?=# )", text):
        lines = [line[1:] for line in entry.splitlines() if line.startswith("+")]
        typed = "\n".join(lines)
        since = wanted.since is not None and _typed_since(entry, wanted.since)
        named = words.stand_in(typed) or _asks_for(typed, wanted.lines)
        during = span is not None and typed.startswith("/") and _typed_in(entry, span)
        if lines and (wanted.everything or since or during or named or _same(typed, said)):
            gone += 1
        else:
            left.append(entry)
    text = "".join(left)
    return gone, text if text.strip() else ""


def _asks_for(typed: str, lines: frozenset[str]) -> bool:
    """Whether a line, or a command's, ends in one of these, with points or without."""
    if not lines:
        return False
    words = typed.split()
    if not typed.lstrip().startswith("/"):
        return fold(typed) in lines
    ends = [*range(1, len(words))]
    return any(
        fold(" ".join(part)) in lines
        for start in ends
        for part in (words[start:], words[start:-1])
        if part
    )


def _same(typed: str, said: frozenset[str]) -> bool:
    return typed.strip() in said or typed.strip()[:200] in said


def _typed_since(entry: str, since: float) -> bool:
    """Whether an entry's time is since then; of one without a time it is so."""
    when = _typed_at(entry)
    return when is None or when >= since


def _typed_in(entry: str, span: tuple[float, float]) -> bool:
    when = _typed_at(entry)
    return when is not None and span[0] - AT_ONCE_S <= when <= span[1] + AT_ONCE_S


def _typed_at(entry: str) -> float | None:
    """The time of an entry, which is local, in seconds since 1970; None where it tells none."""
    import datetime

    found = re.match(r"# (\S+ \S+)", entry)
    try:
        return datetime.datetime.fromisoformat(found[1]).timestamp() if found else None
    except ValueError:
        return None
