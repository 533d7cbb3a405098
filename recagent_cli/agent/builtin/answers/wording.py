"""The built-in brain's sentences. Everything in them comes from the request and the catalog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from recagent_catalogs.schema import CatalogSchema, Column, Role
from recagent_catalogs.store import Catalog, Item
from recagent_tools.collapse import told_limits
from recagent_tools.conditions import Condition, parse_condition

from ...request import Request, Wish
from ..readers.numbers import ORDER
from ..words.lexicon import key_of

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
MOST_READ = 3
NEAREST = ", the nearest in meaning."
"""Ends the sentence on a wish that no word list knew."""
_MORE_OF = {
    ("novelty", True): "less known",
    ("rating", True): "well rated",
    ("rating", False): "badly rated",
    ("popularity", True): "popular",
    ("popularity", False): "less popular",
    ("recency", True): "newer",
    ("recency", False): "older",
}
MOST_NAMED = 4
MOST_FACTS = 9
MOST_IN_FACT = 6
MOST_KNOWN = 20
_PREPOSITIONS = {
    "country": "from", "countries": "from", "language": "in", "platform": "on", "platforms": "on",
}  # fmt: skip
PART = " (in part)"
"""Ends the text of what also speaks for a mood, though less; it is not read out."""
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
    """A condition as people say it: "from the 1990s", "not Horror", "under 100 min"."""
    column = schema.column(condition.column)
    values = condition.values
    if column.role is Role.YEAR:
        return _years(condition)
    if column.role is Role.NUMBER:
        unit = f" {column.unit}" if column.unit else ""
        named = "" if unit else f"with {column.name.replace('_', ' ')} "
        shown = [f"{float(v):g}" for v in values if v is not None]
        word = {"<": "under", "<=": "at most", ">": "over", ">=": "at least", "=": "exactly"}
        if condition.operator == "..":
            if len(shown) == 1:
                open_end = "at least" if values[1] is None else "at most"
                return f"{named}{open_end} {shown[0]}{unit}"
            return f"{named}{' to '.join(shown)}{unit}"
        return f"{named}{word.get(condition.operator, condition.operator)} {shown[0]}{unit}"
    known = [str(v) for v in values]
    if column.role is Role.AUDIENCE:
        words = {"all": "for all ages", "adult": "for adults", "teen": "fit for teens"}
        return words.get(known[0], f"for {join(known, 'or')} audiences")
    return _named(condition, column, known)


def _named(condition: Condition, column: Column, known: list[str]) -> str:
    """A condition on words: "with Bill Murray", "not about heist", "in French"."""
    many = known if len(known) <= MOST_NAMED else [*known[:MOST_NAMED], "others like it"]
    named = join(many, "or")
    if column.role is Role.CATEGORIES:
        told = named
    elif column.role is Role.PEOPLE:
        told = f"{column.cues[0] if column.cues else 'with'} {named}"
    elif column.role is Role.GROUP:
        told = f"of the {named} series"
    elif column.role is Role.TAGS:
        told = f"tagged {join([v.replace('-', ' ') for v in many], 'or')}"
    else:
        word = _PREPOSITIONS.get(column.label or column.name, "with")
        told = named.lower() if named in ("Silent", "None") else f"{word} {named}"
    return f"not {told}" if condition.operator == "lacks" else told


def _years(condition: Condition) -> str:
    values = [None if v is None else int(float(v)) for v in condition.values]
    if condition.operator != "..":
        word = {"=": "from", "<": "before", "<=": "up to", ">": "after", ">=": "since"}
        return f"{word.get(condition.operator, condition.operator)} {values[0]}"
    low, high = values
    if low is not None and high is not None and low % 10 == 0 and high - low == 9:
        return f"from the {low}s"
    if low is None:
        return f"up to {high}"
    if high is None:
        return f"since {low}"
    return f"from {low} to {high}"


def named_kinds(conditions: Iterable[str], catalog: Catalog, noun: str) -> str:
    """Conditions around the noun: "Sci-Fi films from the 1990s with Bill Murray, not Horror"."""
    schema = catalog.schema
    kinds: list[str] = []
    after: dict[str, list[str]] = {}
    without: list[str] = []
    for condition in (parse_condition(text, catalog) for text in conditions):
        role = schema.column(condition.column).role
        said = condition_text(condition, schema)
        if condition.operator == "lacks":
            without.append(lower_kind(said) if role is Role.CATEGORIES else said)
        elif role is Role.CATEGORIES and condition.operator == "has":
            kinds.append(lower_kind(said))
        else:
            lead, _, rest = said.partition(" ")
            joined = role in (Role.PEOPLE, Role.TAGS, Role.FACET) and condition.operator == "has"
            if joined and role is Role.PEOPLE:
                cues = schema.column(condition.column).cues
                lead = cues[0] if cues else "with"
                rest = said.removeprefix(lead).strip()
            after.setdefault(lead if joined else said, []).append(rest if joined else "")
    tail = [f"{lead} {join(rest)}".strip() for lead, rest in after.items()]
    head = " ".join([*kinds, noun, *tail])
    return ", ".join([head, *without])


def lower_kind(kind: str) -> str:
    """A kind inside a sentence: "horror", but "Sci-Fi" and "RPG" as they are."""
    words = kind.split(" ")
    plain = [w[1:].islower() and w[:1].isupper() and "-" not in w for w in words]
    return " ".join(w.lower() if p else w for w, p in zip(words, plain, strict=True))


def list_text(request: Request, catalog: Catalog, count: int, first: int | None = None) -> str:
    """The sentence above a list: how many, of what, like what.

    Args:
        request: what was asked.
        catalog: the catalog.
        count: how many are shown.
        first: the row of the first one, where the list is in the order of a number.
    """
    schema = catalog.schema
    noun = schema.item if count == 1 else schema.items
    text = f"{number(count).capitalize()} {named_kinds(request.conditions, catalog, noun)}"
    liked = [m.title for m in request.liked if m.id is not None]
    if liked:
        text += f", like {join(liked[:4])}"
    if request.wanted:
        text += " on your watchlist"
    if request.search:
        text += f", matching '{request.search}'"
    if request.at_most:
        text += f", {told_limits(dict(request.at_most), catalog, number)}"
    return " ".join([f"{text}.", *_read_as(request), *_preferring(request, catalog, first)])


def order_of(request: Request, catalog: Catalog) -> tuple[str, float] | None:
    """The column of numbers or years by which the list is ordered, with the sign; or None."""
    numeric = {c.name for c in catalog.schema.with_role(Role.NUMBER)}
    numeric |= {c.name for c in catalog.schema.with_role(Role.YEAR)}
    return next(((n, w) for n, w in request.weights if abs(w) >= ORDER and n in numeric), None)


def _preferring(request: Request, catalog: Catalog, first: int | None) -> list[str]:
    """What the weights move, in words."""
    if (order := order_of(request, catalog)) is not None and first is not None:
        column, most = catalog.schema.column(order[0]), order[1] > 0
        label = catalog.label(first)
        if column.role is Role.YEAR:
            return [f"The {'newest' if most else 'oldest'} first: {label}."]
        told = value_text(float(catalog.numbers(column.name)[first]), column.unit)
        way = "highest" if most else "lowest"
        return [f"By {column.name.replace('_', ' ')}, the {way} first: {label} has {told}."]
    rated = not np.isnan(catalog.mean_rating).all()
    named = [
        _MORE_OF.get((name, weight > 0), "")
        for name, weight in request.weights
        if abs(weight) > 0.15 and (rated or name != "rating")
    ]
    kept = [word for word in dict.fromkeys(named) if word]
    lines = [f"I prefer {join(kept)} ones."] if kept else []
    if diversity := dict(request.weights).get("diversity", 0.0):
        way = "differ from" if diversity > 0 else "be like"
        lines.append(f"They are chosen to {way} each other.")
    return lines


def _read_as(request: Request) -> list[str]:
    """How wishes without a column were read."""
    told: list[str] = []
    unread: list[str] = []
    nearest = [limit for limit in request.limits if limit.endswith(NEAREST)]
    for wish in request.wishes:
        if wish.text.endswith((AGAINST, PART)):
            continue
        values = list({value.casefold(): value for _, value in reversed(wish.values)}.values())[
            ::-1
        ]
        if not values:
            if wish.search not in request.search and wish.search:
                unread.append(f"'{wish.text}'")
        elif any(f"looked for {wish.text!r}" in limit for limit in request.limits):
            continue
        elif any(f"I read {wish.text!r}" in line for line in nearest):
            continue
        elif len(told) < MOST_READ and not _says_itself(wish.text, values):
            if wish.weight < 0 and _all_wanted(wish, request):
                told.append(f"as little '{wish.text}' as can be")
                continue
            shown = join([value.replace("-", " ") for value in values[:4]])
            told.append(
                f"as little {lower_kind(shown)} as can be"
                if wish.weight < 0
                else f"I read '{wish.text}' as {lower_kind(shown)}"
            )
    lines = nearest
    if told:
        lines.append(_sentence("; ".join(told)))
    if unread:
        lines.append(f"Nothing in this catalog carries {join(unread[:4], 'or')}.")
    return lines


def _all_wanted(wish: Wish, request: Request) -> bool:
    """Whether all that a wish is read as has to hold anyway: less scary, but horror."""
    return all(f"{column} has {value}" in request.conditions for column, value in wish.values)


def _says_itself(text: str, values: Sequence[str]) -> bool:
    """Whether what a wish was read as is the very word ("romantic comedy": romantic-comedy)."""
    return len(values) == 1 and key_of(values[0]) == key_of(text)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def plain(value: str) -> str:
    """A value inside a sentence: "feel-good" is feel good, "Horror" is horror."""
    return lower_kind(value.replace("-", " ")) if value.islower() else lower_kind(value)


def cell_values(item: Item, column: str) -> list[str]:
    """The words of a cell."""
    value = item.columns.get(column)
    if isinstance(value, list):
        return value
    return [str(value)] if value not in (None, "") else []


def value_text(value: object, unit: str = "") -> str:
    """A cell as text."""
    if isinstance(value, list):
        return join([str(v) for v in value[:8]])
    if isinstance(value, float):
        return f"{value:g}{' ' + unit if unit else ''}"
    return str(value)


def facts_text(item: Item, schema: CatalogSchema) -> str:
    """What the catalog knows of an item, in a few sentences: first what it is about."""
    about, parts = "", []
    for column in schema.shown:
        value = item.columns.get(column.name)
        if value in (None, "", []) or column.role in (Role.URL, Role.OTHER, Role.ALIAS):
            continue
        if column.role is Role.TEXT:
            about = about or f" {str(value).rstrip('.')}."
        else:
            parts.append(_fact(value, column))
    told = "; ".join(parts[:MOST_FACTS])
    return f"{item.label}:{about} {told[:1].upper()}{told[1:]}.".replace(": .", ".")


def _fact(value: object, column: Column) -> str:
    """A cell with what it is, where the words do not show it: "by Al", "98 min", "tags: cosy"."""
    cell = value[:MOST_IN_FACT] if isinstance(value, list) else value
    told = value_text(cell, column.unit)
    if column.role is Role.CATEGORIES:
        return told
    if column.role is Role.PEOPLE and column.cues:
        return f"{column.cues[0]} {told}"
    if column.role is Role.NUMBER and column.unit:
        return told
    if column.role is Role.TAGS:
        told = told.replace("-", " ")
    return f"{column.name.replace('_', ' ')}: {told}"


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
    told = value_text(value, column.unit)
    if column.role is Role.PEOPLE and column.cues and column.cues[0].endswith("by"):
        was = "was " if " " in column.cues[0] else "is "
        return f"{item.label} {was}{column.cues[0]} {told}."
    if column.role is Role.NUMBER:
        return f"{item.label}: {told}."
    return f"{item.label}, {name}: {told}."


def short_facts(item: Item, schema: CatalogSchema) -> str:
    """An item in a line, where several are told of: what it is about, else its kinds."""
    for role in (Role.TEXT, Role.CATEGORIES):
        column = schema.one(role)
        value = item.columns.get(column.name) if column else None
        if value:
            return f"{item.label}: {value_text(value)}"
    return f"{item.label}."


_NOTED = {
    "liked": "you like {}",
    "disliked": "you do not like {}",
    "never": "{} never again",
    "seen": "you have seen {}",
    "wanted": "{} on your watchlist",
    "unwanted": "{} off your watchlist",
}


def noted(told: Mapping[str, Sequence[str]]) -> str:
    """What was written down of what the person told in passing, by kind of fact."""
    parts = [way.format(join(_some(told[k]))) for k, way in _NOTED.items() if told.get(k)]
    return f"Noted: {'; '.join(parts)}." if parts else ""


def _some(labels: Sequence[str], most: int = 4) -> list[str]:
    """The first of many labels, and how many more there are."""
    if len(labels) <= most + 1:
        return list(labels)
    return [*labels[:most], f"{len(labels) - most} more"]


def known_text(told: Mapping[str, object]) -> str:
    """What is known of the person, from `user_info`."""
    ways = {
        "tastes": "you are drawn to",
        "avoids": "you would rather not have",
        "never": "you never want",
        "liked": "you like",
        "disliked": "you do not like",
        "taken": "you took",
        "turned_down": "you turned down",
        "wanted": "you want to get to",
        "seen": "you have seen",
    }
    parts, counts = [], told.get("counts")
    for name, said in ways.items():
        labels = told.get(name)
        if isinstance(labels, list) and labels:
            names = [str(label) for label in labels][:MOST_KNOWN]
            more = int(counts.get(name, 0)) - len(names) if isinstance(counts, dict) else 0
            parts.append(f"{said} {join([*names, *([f'{more:,} more'] if more > 0 else [])])}")
    if "user" in told:
        parts.append(f"you are user {told['user']} of the data, with {told['taken']} items")
    return f"I know that {'; '.join(parts)}." if parts else "I know nothing about you yet."
