"""Answers without a list: facts of items, counts, which value has most. All from the data."""

from __future__ import annotations

import numpy as np

from recagent_catalogs.schema import WORD_ROLES, Role

from ..brain import TurnView
from ..request import Request
from .wording import attribute_text, join, named_kinds

MOST_ITEMS = 4
MOST_VALUES = 5


def item_answer(request: Request, view: TurnView) -> str:
    """The answer to a question about items, or what is missing to answer it."""
    catalog = view.context.catalog
    rows = [
        row for m in request.about if m.id is not None and (row := catalog.row_of(m.id)) is not None
    ]
    missing = [m for m in request.about if m.id is None]
    lines = []
    column = request.question.column if request.question else ""
    for item in catalog.items(rows[:MOST_ITEMS]):
        lines.append(attribute_text(item, column, catalog.schema))
    for mention in missing:
        near = f" The nearest title is {mention.title}." if mention.title else ""
        lines.append(f"'{mention.text}' is not in this catalog.{near}")
    return "\n".join(lines) or "Which one do you mean? Name it, or say its number in the list."


def count_answer(request: Request, view: TurnView) -> str:
    """How many candidates are left, or how many different values they have."""
    context = view.context
    schema, left = context.catalog.schema, len(context.bus)
    noun = schema.item if left == 1 else schema.items
    what = named_kinds(request.conditions, context.catalog, noun)
    if request.search:
        what += f" matching '{request.search}'"
    column = request.question.column if request.question else ""
    if column and schema.column(column).role in WORD_ROLES:
        counts = _value_counts(column, view)
        return (
            f"{int((counts > 0).sum()):,} different {column.replace('_', ' ')} among "
            f"{left:,} {what}."
        )
    verb = "is" if left == 1 else "are"
    return (
        f"There {verb} {f'{left:,}' if left else 'no'} {what}, of "
        f"{context.catalog.n_items:,} in the catalog."
    )


def _value_counts(column: str, view: TurnView) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    words = view.context.catalog.words(column)
    indptr, codes, _ = words.forward()
    rows = view.context.bus.candidates.rows()
    starts, ends = indptr[rows], indptr[rows + 1]
    picked = (
        np.concatenate([codes[s:e] for s, e in zip(starts, ends, strict=True)])
        if len(rows)
        else codes[:0]
    )
    return np.bincount(picked, minlength=len(words.values))


def most_answer(request: Request, view: TurnView) -> str:
    """Which values the candidates have most often."""
    assert request.question is not None  # noqa: S101 - the caller looked
    column = view.context.catalog.schema.column(request.question.column)
    schema = view.context.catalog.schema
    noun = named_kinds(request.conditions, view.context.catalog, schema.items)
    if column.role is Role.YEAR:
        numbers = view.context.catalog.numbers(column.name)[view.context.bus.candidates.rows()]
        known = numbers[~np.isnan(numbers)].astype(int)
        if not len(known):
            return "No years are known there."
        years, counts = np.unique(known, return_counts=True)
        best = np.argsort(-counts, kind="stable")[:MOST_VALUES]
        named = [f"{years[i]} ({counts[i]})" for i in best]
    else:
        counts = _value_counts(column.name, view)
        values = view.context.catalog.words(column.name).values
        best = np.argsort(-counts, kind="stable")[:MOST_VALUES]
        named = [f"{values[i]} ({counts[i]})" for i in best if counts[i]]
    if not named:
        return "Nothing is known about that there."
    word = column.label or column.name.replace("_", " ").removesuffix("s")
    return f"Most {noun} by {word}: {join(named)}."
