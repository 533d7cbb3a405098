"""What a model is told of the person: of one size, whatever the history."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from recagent_catalogs.text import clean

from .toolbox import ToolContext

MAX_CHARS = 1_200
"""Of the state as JSON: about 300 tokens of English titles."""
MAX_LABEL = 60
MOST = {
    "tastes": 8,
    "avoids": 6,
    "never": 6,
    "liked": 8,
    "disliked": 5,
    "taken": 5,
    "turned_down": 5,
    "wanted": 5,
    "seen": 5,
    "liked_most": 10,
}
"""Entries of each list, before any is left out for want of room."""
LATEST = 50
"""So many likes are looked through for the best rated."""
COUNTED = ("liked", "disliked", "taken", "turned_down", "seen", "wanted")


def user_state(context: ToolContext) -> dict[str, object]:
    """What is known of the person in this catalog, and of the named user of the data.

    Lists of labels: lasting tastes of values, the heaviest first ("tastes", "avoids"), what is
    never wanted again ("never"), items with the latest word first ("disliked", "wanted", "seen";
    "taken" and "turned_down": in a list, without another word on them), of the likes the best rated
    of late ("liked"); and "counts" of what there is of each. Where nothing is known a key is
    missing. As JSON it has at most `MAX_CHARS` characters: entries of the longest lists are left
    out till it fits.
    """
    profile = context.profile
    values = [(value, weight) for _, value, weight in profile.wishes]
    never = [value for _, value in profile.never_values]
    counted: dict[str, Sequence[int]] = {name: getattr(profile, name) for name in COUNTED}
    counted["liked"] = _without(profile.liked, profile.taken)
    counted["disliked"] = _without(profile.disliked, (*profile.never, *profile.turned_down))
    lists = {
        "tastes": [value for value, weight in values if weight > 0],
        "avoids": [value for value, weight in values if weight < 0 and value not in never],
        "never": [*never[: MOST["never"]], *_labels(context, profile.never, "never")],
        **{name: _labels(context, rows, name) for name, rows in counted.items()},
        "liked": _labels(context, _best_last(context, counted["liked"]), "liked"),
    }
    told: dict[str, object] = {
        name: [_short(entry) for entry in entries[: MOST[name]]]
        for name, entries in lists.items()
        if entries
    }
    counts = {name: len(rows) for name, rows in counted.items()}
    if any(counts.values()):
        told["counts"] = {name: count for name, count in counts.items() if count}
    if context.user is not None:
        told |= _user_of_the_data(context, context.user)
    return _fitted(told)


def _labels(context: ToolContext, rows: Sequence[int], name: str) -> list[str]:
    """Labels of the last rows, the latest first."""
    return [context.catalog.label(int(row)) for row in list(rows[-MOST[name] :])[::-1]]


def _without(rows: Sequence[int], others: Sequence[int]) -> list[int]:
    told_else = {*map(int, others)}
    return [int(row) for row in rows if int(row) not in told_else]


def _best_last(context: ToolContext, liked: Sequence[int]) -> list[int]:
    """The latest likes with the best rated at the end; what was liked outright is as good."""
    ratings, rows = context.profile.ratings, [int(row) for row in liked[-LATEST:]]
    best = max((ratings[row] for row in rows if row in ratings), default=0.0)
    return sorted(rows, key=lambda row: ratings.get(row, best))


def _user_of_the_data(context: ToolContext, user: int) -> dict[str, object]:
    history = context.engine.user_history(user)
    best = np.argsort(-history.weights, kind="stable")[: MOST["liked_most"]]
    return {
        "user": _short(context.catalog.user_id(user)),
        "taken": len(history.rows),
        "liked_most": [_short(context.catalog.label(int(history.rows[i]))) for i in best],
    }


def _short(text: str) -> str:
    return clean(text, MAX_LABEL)


def _fitted(told: dict[str, object]) -> dict[str, object]:
    """Without the last entries of its longest lists, as far as it must be."""
    while len(json.dumps(told, ensure_ascii=False)) > MAX_CHARS:
        lists = [entries for entries in told.values() if isinstance(entries, list) and entries]
        max(lists, key=lambda entries: len("".join(entries))).pop()
    return {name: entry for name, entry in told.items() if entry != []}
