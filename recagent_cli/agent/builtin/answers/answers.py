"""Answers without a list: facts of items, counts, values, means. All from the data."""

from __future__ import annotations

import numpy as np

from recagent_catalogs.schema import WORD_ROLES, Role
from recagent_catalogs.store import Catalog, Item
from recagent_tools.conditions import evaluate, parse_condition

from ...brain import TurnView
from ...request import Request
from ..meaning.questions import asks_whether_there
from .aggregates import RATING
from .wording import (
    AGAINST,
    PART,
    attribute_text,
    cell_values,
    condition_text,
    join,
    named_kinds,
    plain,
    short_facts,
    value_text,
)

MOST_ITEMS = 10
MOST_VALUES = 5
MOST_LISTED = 30
"""So many values of a column are listed."""
MOST_SAID = 3
MOST_TAGS = 8


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
    for item in catalog.items(rows[:MOST_ITEMS]):
        if asked:
            lines += [_yes_or_no(text, item, catalog) for text in asked]
        elif column == RATING and RATING not in {c.name for c in catalog.schema.columns}:
            lines.append(reception(item, catalog))
        elif not column and (told := _carries(item, request, catalog)):
            lines.append(told)
        elif not column and len(rows) > 1:
            lines.append(short_facts(item, catalog.schema))
        else:
            lines.append(attribute_text(item, column, catalog.schema))
    for mention in missing:
        near = f" The nearest title is {mention.title}." if mention.title else ""
        lines.append(f"{catalog.told_absent(mention.text)}.{near}")
    if lines and rows and asks_whether_there(view.utterance):
        lines[0] = f"Yes: {lines[0]}"
    answer = "\n".join(lines) or "Which one do you mean? Name it, or say its number in the list."
    return " ".join([*(limit for limit in request.limits if column == ""), answer])


def _carries(item: Item, request: Request, catalog: Catalog) -> str:
    """Whether an item has what a mood was read as: "is it violent?"; empty where none is asked."""
    wishes = [w for w in request.wishes if w.values and not w.text.endswith((AGAINST, PART))]
    if not wishes or request.question is None:
        return ""
    told = []
    for wish in wishes:
        cells = {value for name, _ in wish.values for value in cell_values(item, name)}
        named = [value for _, value in wish.values]
        has = [plain(value) for value in named if value in cells]
        lacks = f"not known as {join([plain(v) for v in dict.fromkeys(named)][:MOST_SAID], 'or')}"
        told.append(f"yes, it is {join(has)}" if has else lacks)
    tags = catalog.schema.one(Role.TAGS)
    known = [plain(value) for value in cell_values(item, tags.name)] if tags else []
    rest = f" Its tags: {join(known[:MOST_TAGS])}." if known else ""
    return f"{item.label}: {join(told)}.{rest}"


def reception(item: Item, catalog: Catalog) -> str:
    """How an item is received: what people gave, else how many took it."""
    taken, rating = int(catalog.popularity[item.row]), float(catalog.mean_rating[item.row])
    facts = short_facts(item, catalog.schema)
    if not np.isnan(rating):
        overall = float(np.nanmean(catalog.mean_rating))
        if catalog.verdicts:
            return (
                f"{item.label}: {rating:.0%} of {taken:,} people liked it "
                f"({overall:.0%} is the mean here)."
            )
        return (
            f"{item.label} is rated {rating:.1f} on average by {taken:,} people; "
            f"the mean of all {catalog.schema.items} is {overall:.1f}."
        )
    if np.isnan(catalog.mean_rating).all():
        return f"This catalog has no ratings, and I have no opinion. {facts}"
    return f"Too few people have rated {item.label} to tell. {facts}"


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


def list_answer(request: Request, view: TurnView) -> str:
    """Which values a column has, the most frequent first."""
    assert request.question is not None  # noqa: S101 - the caller looked
    catalog, column = view.context.catalog, request.question.column
    counts, values = _value_counts(column, view), catalog.words(column).values
    best = [int(i) for i in np.argsort(-counts, kind="stable") if counts[i]]
    named = [f"{values[i]} ({counts[i]:,})" for i in best[:MOST_LISTED]]
    word = column.replace("_", " ").removesuffix("s") + "s"
    if not named:
        return f"No {word} are known there."
    if len(best) > MOST_LISTED:
        return f"The {MOST_LISTED} most frequent of {len(best):,} {word}: {join(named)}."
    return f"{len(best)} {word}: {join(named)}."


def average_answer(request: Request, view: TurnView) -> str:
    """The mean of a column of numbers, or of what people gave, over the candidates."""
    assert request.question is not None  # noqa: S101 - the caller looked
    catalog, name = view.context.catalog, request.question.column
    rows = view.context.bus.candidates.rows()
    schema = catalog.schema
    rated = name == RATING and RATING not in {c.name for c in schema.columns}
    numbers = catalog.mean_rating[rows] if rated else catalog.numbers(name)[rows]
    known = numbers[~np.isnan(numbers)]
    what = named_kinds(request.conditions, catalog, schema.items)
    if not len(known):
        return "This catalog has no ratings." if rated else f"No {name} is known of {what}."
    if rated and catalog.verdicts:
        return f"{known.mean():.0%} of what people said of {what} was a liking."
    if rated:
        return f"The mean rating of {len(known):,} {what} is {known.mean():.2f}."
    column = schema.column(name)
    if column.role is Role.YEAR:
        return f"The mean year of {len(known):,} {what} is {known.mean():.0f}."
    unit = f" {column.unit}" if column.unit else ""
    mean, low, high = (f"{float(v):.3g}" for v in (known.mean(), known.min(), known.max()))
    return (
        f"The average {name.replace('_', ' ')} of {len(known):,} {what} is {mean}{unit} "
        f"(from {low} to {high})."
    )
