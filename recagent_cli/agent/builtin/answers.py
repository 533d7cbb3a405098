"""Answers without a list: facts of items, counts, which value has most. All from the data."""

from __future__ import annotations

import numpy as np

from recagent_catalogs.schema import WORD_ROLES, Role
from recagent_catalogs.store import Catalog, Item
from recagent_tools.conditions import evaluate, parse_condition

from ..brain import TurnView
from ..request import Request
from .wording import (
    attribute_text,
    condition_text,
    join,
    named_kinds,
    short_facts,
    value_text,
)

MOST_ITEMS = 10
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
    asked = () if column else request.conditions
    for item in _in_order(catalog, rows[:MOST_ITEMS], column):
        if asked:
            lines += [_yes_or_no(text, item, catalog) for text in asked]
        elif not column and len(rows) > 1:
            lines.append(short_facts(item, catalog.schema))
        else:
            lines.append(attribute_text(item, column, catalog.schema))
    for mention in missing:
        near = f" The nearest title is {mention.title}." if mention.title else ""
        lines.append(f"'{mention.text}' is not in this catalog.{near}")
    return "\n".join(lines) or "Which one do you mean? Name it, or say its number in the list."


def _in_order(catalog: Catalog, rows: list[int], column: str) -> list[Item]:
    """The items; several that are compared by a number or a year, the smallest first."""
    ordered = (Role.NUMBER, Role.YEAR)
    if len(rows) > 1 and column and catalog.schema.column(column).role in ordered:
        numbers = catalog.numbers(column)
        rows = sorted(rows, key=lambda row: (np.isnan(numbers[row]), float(numbers[row])))
    return list(catalog.items(rows))


def _yes_or_no(text: str, item: Item, catalog: Catalog) -> str:
    """Whether a condition holds of an item, with what the catalog has instead."""
    condition = parse_condition(text, catalog)
    column = catalog.schema.column(condition.column)
    holds = bool(evaluate(condition, catalog)[item.row])
    value = item.year if column.role is Role.YEAR else item.columns.get(column.name)
    if value in (None, "", []):
        return f"The catalog has no {column.name.replace('_', ' ')} for {item.label}."
    told = condition_text(condition, catalog.schema)
    answer = "yes" if holds else "no, not as far as the catalog knows"
    return f"{item.label}, {told}: {answer} ({value_text(value, column.unit)})."


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
