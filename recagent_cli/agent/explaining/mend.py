"""Mends an explanation by code: replaces what has a right value, strikes the clause of the rest."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..critic import Fault, plain
from .plan import Plan

_CLAUSE = re.compile(r"(?<=[.!?])\s+|;\s*")
"""Only what stands for itself is kept beside what is struck: a comma's part may hang on it."""
_HANGING = re.compile(r"^(?:and|but|or|which|who|with|because|since|so|as|yet|also)\b[\s,]*", re.I)
_TAIL = re.compile(
    r"[\s,;:–—-]*(?:\b(?:and|but|or|which|with|because|since|so|as|the|a|an|of|by))?$", re.I
)
LEAST_WORDS = 2


def mended(text: str, faults: Sequence[Fault], plan: Plan) -> str:
    """The text without its faults as far as code can; empty where nothing worth saying is left.

    Args:
        text: the explanation.
        faults: what is wrong with it; their places are those in `plain(text)`.
        plan: what to cite where nothing of the person is cited.
    """
    told = plain(text)
    if any(f.kind == "length" or (f.kind == "repeated" and f.text == told) for f in faults):
        told = _shortened(told, faults)
        faults = [f for f in faults if f.mend and f.end <= len(told)]
    placed = [fault for fault in faults if fault.kind != "missing" and fault.end > fault.start]
    struck: list[tuple[int, int]] = []
    for fault in sorted(placed, key=lambda f: -f.start):
        if fault.mend or fault.kind in ("filler", "repeated"):
            told = told[: fault.start] + fault.mend + told[fault.end :]
            moved = len(fault.mend) - (fault.end - fault.start)
            struck = [(a + moved, b + moved) for a, b in struck]
        else:
            struck.append((fault.start, fault.end))
    kept = [clause for start, end, clause in _clauses(told) if not _hit(start, end, struck)]
    told = "; ".join(filter(None, map(_trimmed, kept))) if struck else _trimmed(told)
    if any(fault.kind == "missing" for fault in faults):
        cited = next((point.text for point in plan.points if point.personal), "")
        told = f"{cited}; {told}" if cited and told else ""
    return told if len(told.split()) >= LEAST_WORDS else ""


def _clauses(text: str) -> list[tuple[int, int, str]]:
    """(start, end, words) of each clause."""
    found, start = [], 0
    for match in _CLAUSE.finditer(text):
        found.append((start, match.start(), text[start : match.start()]))
        start = match.end()
    found.append((start, len(text), text[start:]))
    return found


def _hit(start: int, end: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(a < end and start < b for a, b in spans)


def _trimmed(clause: str) -> str:
    """A clause without a joining word at its head and signs at its ends."""
    clause = re.sub(r"\s{2,}", " ", clause).strip(" ,;:–—-")
    clause = _HANGING.sub("", clause)
    return _TAIL.sub("", clause).strip() if clause else ""


def _shortened(text: str, faults: Sequence[Fault]) -> str:
    """The first sentence or clause, where the whole is too long."""
    if any(fault.kind == "repeated" for fault in faults):
        return ""
    first = re.split(r"(?<=[.!?])\s+|;\s*", text, maxsplit=1)[0]
    return first
