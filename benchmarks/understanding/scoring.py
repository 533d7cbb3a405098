"""Counts, F1 and bootstrap intervals, shared by the sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

Row = dict[str, Any]
Counts = tuple[int, int, int]
"""True positives, false positives, false negatives."""
YEAR_OF_THE_SETS = 2026
DRAWS = 1_000

# What a set's row gave: counts by score name, kept apart by group (dialogue) for the intervals.
Scores = dict[str, list[tuple[str, Counts]]]
Misses = list[str]


def f1(counts: np.ndarray[Any, Any]) -> float:
    right, false, missed = counts
    return float(2 * right / max(2 * right + false + missed, 1))


def interval(
    rows: Sequence[tuple[str, Sequence[float]]], score: Callable[[np.ndarray[Any, Any]], float]
) -> tuple[float, list[float]]:
    """The score of the sums over all rows, and its 95 % interval by bootstrap over groups."""
    groups: dict[str, np.ndarray[Any, Any]] = {}
    for group, values in rows:
        groups[group] = groups.get(group, np.zeros(len(values))) + np.asarray(values, dtype=float)
    if not groups:
        return float("nan"), [float("nan")] * 2
    table = np.stack(list(groups.values()))
    rng = np.random.default_rng(0)
    drawn = [
        score(table[rng.integers(0, len(table), len(table))].sum(axis=0)) for _ in range(DRAWS)
    ]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return round(score(table.sum(axis=0)), 4), [round(float(low), 4), round(float(high), 4)]


def compare(wanted: Iterable[Any], got: Iterable[Any]) -> Counts:
    """Counts of two bags of hashable things."""
    left, right = list(wanted), 0
    false = 0
    for thing in got:
        if thing in left:
            left.remove(thing)
            right += 1
        else:
            false += 1
    return right, false, len(left)


def share(counts: np.ndarray[Any, Any]) -> float:
    return float(counts[0] / max(counts[1], 1))


def amount(counts: np.ndarray[Any, Any]) -> float:
    return float(counts[0])
