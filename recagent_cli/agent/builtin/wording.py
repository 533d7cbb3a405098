"""The built-in brain's sentences. Everything in them comes from the request and the catalog."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from recagent_catalogs.schema import CatalogSchema, Role
from recagent_catalogs.store import Catalog, Item
from recagent_tools.conditions import Condition, parse_condition

from ..request import Request

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
MOST_READ = 3
_MORE_OF = {
    ("novelty", True): "less known",
    ("rating", True): "well rated",
    ("rating", False): "badly rated",
    ("popularity", True): "popular",
    ("popularity", False): "less popular",
    ("recency", True): "newer",
    ("recency", False): "older",
}
AGAINST = " (against it)"
"""Ends the text of a wish for what speaks against a mood; it is not read out."""


def number(count: int) -> str:
    """A small number in words, a large one with separators."""
    return NUMBERS[count] if count < len(NUMBERS) else f"{count:,}"


def join(parts: Sequence[str], word: str = "and") -> str:
    """Parts of a list in words: a; a and b; a, b and c."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {word} {parts[-1]}"


def condition_text(condition: Condition, schema: CatalogSchema) -> str:
    """A condition as people say it: "from 1990 to 1999", "not Horror", "under 100 min"."""
    column = schema.column(condition.column)
    values = condition.values
    if column.role is Role.YEAR:
        return _years(condition)
    if column.role is Role.NUMBER:
        unit = f" {column.unit}" if column.unit else f" {column.name.replace('_', ' ')}"
        shown = [f"{float(v):g}" for v in values if v is not None]
        word = {"<": "under", "<=": "at most", ">": "over", ">=": "at least", "=": "exactly"}
        if condition.operator == "..":
            return f"{' to '.join(shown)}{unit}"
        return f"{word.get(condition.operator, condition.operator)} {shown[0]}{unit}"
    named = join([str(v) for v in values], "or")
    if condition.operator == "lacks":
        return f"not {named}"
    if column.role is Role.AUDIENCE:
        return {"<=": f"for {named} audiences", "=": f"for {named} audiences"}.get(
            condition.operator, named
        )
    if column.role is Role.PEOPLE:
        return f"with {named} as {column.label}" if column.label else f"with {named}"
    return named


def _years(condition: Condition) -> str:
    values = [None if v is None else int(float(v)) for v in condition.values]
    if condition.operator != "..":
        word = {"=": "from", "<": "before", "<=": "up to", ">": "after", ">=": "since"}
        return f"{word.get(condition.operator, condition.operator)} {values[0]}"
    low, high = values
    if low is None:
        return f"up to {high}"
    if high is None:
        return f"since {low}"
    return f"from {low} to {high}"


def named_kinds(conditions: Iterable[str], catalog: Catalog, noun: str) -> str:
    """Conditions around the noun: "Sci-Fi films from 1990 to 1999, not Horror"."""
    schema = catalog.schema
    before, after, rest = [], [], []
    for condition in (parse_condition(text, catalog) for text in conditions):
        role = schema.column(condition.column).role
        said = condition_text(condition, schema)
        if condition.operator == "has" and role in (Role.CATEGORIES, Role.TAGS, Role.FACET):
            before.append(said)
        elif condition.operator == "lacks":
            rest.append(said)
        else:
            after.append(said)
    head = " ".join([*before, noun])
    return ", ".join([" ".join([head, *after[:1]]), *after[1:], *rest])


def list_text(request: Request, catalog: Catalog, count: int) -> str:
    """The sentence above a list: how many, of what, like what."""
    schema = catalog.schema
    noun = schema.item if count == 1 else schema.items
    text = f"{number(count).capitalize()} {named_kinds(request.conditions, catalog, noun)}"
    liked = [m.title for m in request.liked if m.id is not None]
    if liked:
        text += f", like {join(liked[:4])}"
    if request.search:
        text += f", matching '{request.search}'"
    return " ".join([f"{text}.", *_read_as(request), *_preferring(request)])


def _preferring(request: Request) -> list[str]:
    """What the weights move, in words."""
    named = [
        _MORE_OF.get((name, weight > 0), "")
        for name, weight in request.weights
        if abs(weight) > 0.15
    ]
    kept = [word for word in dict.fromkeys(named) if word]
    return [f"I prefer {join(kept)} ones."] if kept else []


def _read_as(request: Request) -> list[str]:
    """How wishes without a column were read."""
    told: list[str] = []
    unread: list[str] = []
    for wish in request.wishes:
        if wish.text.endswith(AGAINST):
            continue
        values = list({value.casefold(): value for _, value in reversed(wish.values)}.values())[
            ::-1
        ]
        if not values:
            if wish.search not in request.search and wish.search:
                unread.append(f"'{wish.text}'")
        elif len(told) < MOST_READ and [v.casefold() for v in values] != [wish.text.casefold()]:
            word = "less of" if wish.weight < 0 else "I read"
            shown = ", ".join(values[:4])
            told.append(f"less {shown}" if wish.weight < 0 else f"{word} '{wish.text}' as {shown}")
    lines = []
    if told:
        lines.append(_sentence("; ".join(told)))
    if unread:
        lines.append(f"Nothing in this catalog carries {join(unread[:4], 'or')}.")
    return lines


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def value_text(value: object, unit: str = "") -> str:
    """A cell as text."""
    if isinstance(value, list):
        return join([str(v) for v in value[:8]])
    if isinstance(value, float):
        return f"{value:g}{' ' + unit if unit else ''}"
    return str(value)


def facts_text(item: Item, schema: CatalogSchema) -> str:
    """What the catalog knows of an item, in a few sentences."""
    lines = []
    for column in schema.shown:
        value = item.columns.get(column.name)
        if value in (None, "", []) or column.role in (Role.URL, Role.OTHER, Role.ALIAS):
            continue
        if column.role is Role.TEXT:
            lines.append(str(value))
        else:
            cell = value[:6] if isinstance(value, list) else value
            lines.append(f"{column.name.replace('_', ' ')}: {value_text(cell, column.unit)}")
    return (
        f"{item.label}. "
        + "; ".join(lines[:8])
        + ("." if lines and not lines[-1].endswith(".") else "")
    )


def attribute_text(item: Item, column_name: str, schema: CatalogSchema) -> str:
    """The answer to a question for one column of one item."""
    if not column_name:
        return facts_text(item, schema)
    column = schema.column(column_name)
    if column.role is Role.YEAR:
        known = item.year
        return (
            f"{item.title} is from {known}."
            if known
            else f"I do not know the year of {item.title}."
        )
    value = item.columns.get(column_name)
    name = column.name.replace("_", " ")
    if value in (None, "", []):
        return f"The catalog has no {name} for {item.label}."
    if column.role is Role.TEXT:
        return f"{item.label}: {value}"
    return f"{item.label}: {name}: {value_text(value, column.unit)}."


def examples(catalog: Catalog) -> tuple[str, ...]:
    """Three requests that this catalog can answer."""
    import numpy as np

    schema, made = catalog.schema, []
    kinds = schema.one(Role.CATEGORIES)
    known = catalog.words(kinds.name).values if kinds else []
    if known and schema.one(Role.YEAR):
        made.append(f"{known[0]} from the 90s" + (f", no {known[1]}" if len(known) > 1 else ""))
    elif known:
        made.append(f"{known[0]}, no {known[-1]}")
    if catalog.n_items:
        made.append(f"something like {catalog.label(int(np.argmax(catalog.popularity)))}")
    people = schema.one(Role.PEOPLE)
    if people and (names := catalog.words(people.name).values):
        made.append(f"{schema.items} with {names[0]}")
    return tuple(made)


def what_i_can(catalog: Catalog) -> str:
    """What can be asked here, with examples of this catalog."""
    shown = " · ".join(f'"{text}"' for text in examples(catalog))
    return f"I recommend {catalog.schema.items} out of {catalog.n_items:,}. Try: {shown}"
