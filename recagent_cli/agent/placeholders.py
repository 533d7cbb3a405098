"""What the examples of requests are filled with: a catalog's own columns and commonest values."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from recagent_catalogs.interactions import Rows
from recagent_catalogs.schema import Column, Role
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import clean, fold

from .instructions import middle_of

LOOKED_AT = 60
"""So many of the commonest values, or best-known items, are looked through for plain ones."""
SAME_BEGINNING = 4
"""Letters by which titles of one series are taken to be alike."""
_PLAIN = re.compile(r"[^\W\d_][\w .&-]{0,26}[\w.]")
"""Values that stand in a condition, in SQL and in a sentence as they are."""
_TITLE = re.compile(r"[\w][\w .,'&-]{0,38}[\w.]")
_RESERVED = frozenset(
    "all and asc case cast check column create default desc distinct do else end except from "
    "group having in into limit not null offset on only or order primary references select "
    "some table then to true union unique user using when where window with".split()
)


def placeholders(catalog: Catalog) -> dict[str, str]:
    """The words that fill examples, by name; what the catalog has nothing for is missing.

    The same catalog gives the same words. `docs/prompts.md` lists the names.
    """
    schema = catalog.schema
    found = {
        "item": clean(schema.item, 40),
        "items": clean(schema.items, 40),
        "verb": clean(schema.verb, 40),
    }
    _add_titles(catalog, found)
    _add_kinds(catalog, found)
    _add_years(catalog, found)
    _add_people(catalog, found)
    _add_number(catalog, found)
    _add_others(catalog, found)
    return {name: value for name, value in found.items() if value}


def plain_values(catalog: Catalog, column: Column) -> list[str]:
    """The commonest values of a column that need no quotes anywhere."""
    try:
        words = catalog.words(column.name)
    except KeyError:
        return []
    known = [words.value(code) for code in range(min(LOOKED_AT, len(words.counts)))]
    return [value for value in known if _PLAIN.fullmatch(value) and clean(value) == value]


def sql_name(name: str) -> str:
    """A column as it stands in SQL."""
    return f'"{name}"' if name in _RESERVED else name


def _add_titles(catalog: Catalog, found: dict[str, str]) -> None:
    """Two items that many know; not of one series, where their titles can tell."""
    told: list[str] = []
    for title in _plain_titles(catalog):
        alike = [fold(one)[:SAME_BEGINNING] for one in (*told[:1], title)]
        if not told:
            told = [title]
        elif alike[0] != alike[1]:
            told[1:] = [title]
            break
        elif len(told) == 1:
            told.append(title)
    found.update(zip(("title", "other_title"), told, strict=False))


def _plain_titles(catalog: Catalog) -> Iterator[str]:
    """Titles of well-known items that are no other item's, and need no quotes."""
    for item in catalog.items(list(_best_known(catalog))):
        if _TITLE.fullmatch(item.title) and len(catalog.titles.exact(fold(item.title))) == 1:
            yield item.title


def _best_known(catalog: Catalog) -> Iterator[int]:
    """The rows taken most often, those first; of equals the first in the catalog."""
    taken = np.asarray(catalog.popularity)
    few = min(LOOKED_AT, len(taken))
    least = np.partition(taken, -few)[-few] if few else 0
    rows = np.flatnonzero(taken >= least)[: max(few, int((taken > least).sum()))]
    yield from (int(row) for row in rows[np.argsort(-taken[rows], kind="stable")])


def _add_kinds(catalog: Catalog, found: dict[str, str]) -> None:
    column = catalog.schema.one(Role.CATEGORIES)
    if column is None:
        return
    values = plain_values(catalog, column)
    found["category_column"] = column.name
    found["category_sql"] = sql_name(column.name)
    names = ("category", "other_category", "third_category")
    found.update(zip(names, values, strict=False))


def _add_years(catalog: Catalog, found: dict[str, str]) -> None:
    """The decade with most items, and the year after it."""
    column = catalog.schema.one(Role.YEAR)
    if column is None:
        return
    years = catalog.numbers(column.name)
    known = years[np.isfinite(years)].astype(np.int64)
    if not len(known):
        return
    decades, counts = np.unique(known // 10 * 10, return_counts=True)
    decade = int(decades[np.argmax(counts)])
    found |= {
        "year_column": column.name,
        "decade": str(decade),
        "decade_end": str(decade + 9),
        "later": str(decade + 10),
    }


def _add_people(catalog: Catalog, found: dict[str, str]) -> None:
    """The person with most items; the kind that most of these are of, and their first year."""
    for column in catalog.schema.with_role(Role.PEOPLE):
        values = plain_values(catalog, column)
        if not values:
            continue
        found |= {
            "people_column": column.name,
            "people_sql": sql_name(column.name),
            "people_label": clean(column.label or column.name.replace("_", " "), 40),
            "person": values[0],
            "cue": clean(next(iter(column.cues), "with"), 40),
        }
        rows = catalog.words(column.name).rows_with(values[0])[:LOOKED_AT]
        found["their_category"] = _commonest_kind(catalog, rows)
        found["their_first"] = _first_year(catalog, rows)
        return


def _commonest_kind(catalog: Catalog, rows: Rows) -> str:
    """The kind that most of some items are of; "" for none."""
    column = catalog.schema.one(Role.CATEGORIES)
    if column is None:
        return ""
    plain = set(plain_values(catalog, column))
    words = catalog.words(column.name)
    kinds = [kind for row in rows for kind in words.of(int(row)) if kind in plain]
    return max(kinds, key=kinds.count, default="")


def _first_year(catalog: Catalog, rows: Rows) -> str:
    """The first year of some items, where others are older; "" for none."""
    column = catalog.schema.one(Role.YEAR)
    if column is None:
        return ""
    years = catalog.numbers(column.name)
    theirs, known = years[rows], years[np.isfinite(years)]
    if not len(rows) or not np.isfinite(theirs).all() or theirs.min() <= known.min():
        return ""
    return str(int(theirs.min()))


def _add_number(catalog: Catalog, found: dict[str, str]) -> None:
    """A number that some of the commonest kind do not exceed."""
    column = catalog.schema.one(Role.NUMBER)
    if column is None:
        return
    rows = _of_the_kind(catalog, found)
    values = catalog.numbers(column.name)
    known = values if rows is None else values[rows]
    known = known[np.isfinite(known)]
    middle = middle_of(catalog, column.name, rows)
    if not middle or not len(known) or known.min() > middle:
        return
    found |= {
        "number_column": column.name,
        "number_sql": sql_name(column.name),
        "number": f"{middle:g}",
        "unit": clean(column.unit or column.label or column.name.replace("_", " "), 40),
    }


def _add_others(catalog: Catalog, found: dict[str, str]) -> None:
    """A topic, for whom it is, series, and whether items are rated."""
    schema = catalog.schema
    if (tags := schema.one(Role.TAGS)) is not None:
        found["topic"] = _topic(catalog, tags, _of_the_kind(catalog, found))
    audience = schema.one(Role.AUDIENCE)
    if audience is not None and audience.order:
        found |= {"audience_column": audience.name, "audience": audience.order[0]}
    if (group := schema.one(Role.GROUP)) is not None:
        found["group_column"] = group.name
    if not catalog.verdicts and bool(np.isfinite(catalog.mean_rating).any()):
        found["rated"] = "yes"


def _topic(catalog: Catalog, tags: Column, rows: Rows | None) -> str:
    """A tag that is neither everywhere nor rare, of an item of the commonest kind."""
    plain = plain_values(catalog, tags)
    words = catalog.words(tags.name)
    if rows is not None:
        theirs = {tag for row in rows[:LOOKED_AT] for tag in words.of(int(row))}
        plain = [tag for tag in plain if tag in theirs]
    return plain[len(plain) // 2].replace("-", " ") if plain else ""


def _of_the_kind(catalog: Catalog, found: dict[str, str]) -> Rows | None:
    """The items of the kind that examples name; None where they name none."""
    if "category" not in found:
        return None
    return catalog.words(found["category_column"]).rows_with(found["category"])
