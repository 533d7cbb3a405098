"""What the columns of a table of interactions may be where their names do not tell: by values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..text import clean

FEW = 25
"""So many different numbers are a scale."""
MOST_COLUMNS = 8
_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}|^\d{1,2}[./]\d{1,2}[./]\d{2,4}")
_SECONDS = 10**8
"""Whole numbers from here on are times."""


def likely_pairs(columns: Sequence[str], sample: Sequence[Sequence[Any]]) -> dict[str, str]:
    """Which column may be user, item, value and time; empty where it is no such table."""
    if not 2 <= len(columns) <= MOST_COLUMNS or len(sample) < 2:
        return {}
    cells = {
        name: [str(row[place]).strip() for row in sample] for place, name in enumerate(columns)
    }
    found: dict[str, str] = {}
    rest = [name for name in columns if any(cells[name])]
    for part, tells in (("time", _is_time), ("value", _is_scale)):
        name = next((name for name in rest if tells(cells[name])), None)
        if name is not None:
            found[part] = name
            rest.remove(name)
    # People and items come again and again, in texts of one or two words or whole numbers.
    ids = [name for name in rest if _repeats(cells[name])]
    ids.sort(key=lambda name: -len(set(cells[name])))
    both = sorted(ids[:2], key=list(columns).index)
    return {"user": both[0], "item": both[1], **found} if len(both) == 2 else {}


def options(found: dict[str, str]) -> str:
    """The options that name the columns."""

    def quoted(name: str) -> str:
        told = clean(name, 80)
        return told if told.isidentifier() else f"'{told}'"

    parts = (part for part in ("user", "item", "value", "time") if part in found)
    return " ".join(f"--{part}-column {quoted(found[part])}" for part in parts)


def _is_time(values: Sequence[str]) -> bool:
    there = [value for value in values if value]
    return all(_DATE.match(v) or v.isdigit() and int(v) >= _SECONDS for v in there)


def _is_scale(values: Sequence[str]) -> bool:
    there = {value for value in values if value}
    numeric = all(re.fullmatch(r"-?\d+(?:[.,]\d+)?", value) for value in there)
    words = there <= {"true", "false", "True", "False", "yes", "no"}
    return len(there) <= FEW and (numeric or words) and len(there) * 2 < len(values)


def _repeats(values: Sequence[str]) -> bool:
    there = [value for value in values if value]
    short = all(len(value) <= 40 and value.count(" ") < 3 for value in there)
    return short and 1 < len(set(there)) * 1.2 < len(there)
