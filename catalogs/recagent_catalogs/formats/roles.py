"""Guessing what the columns of a stranger's table are: by name first, by values else."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from importlib import resources
from typing import Any

from ..errors import BadInput
from ..schema import COLUMN_NAME, LIST_ROLES, SINGLE_ROLES, CatalogSchema, Column, Role
from ..text import clean, fold
from .build import ColumnPlan, loose_number, year_of
from .nouns import Nouns
from .pairs import PairColumns

_DEMOTED = {
    Role.TITLE: Role.ALIAS, Role.YEAR: Role.OTHER, Role.CATEGORIES: Role.FACET,
    Role.TAGS: Role.FACET, Role.AUDIENCE: Role.FACET, Role.GROUP: Role.FACET, Role.ID: Role.OTHER,
}  # fmt: skip
"""What a second column of a role that may stand once becomes."""
_KEYWORDS = frozenset(
    "all and as by case check column default desc distinct end from group having in is join limit "
    "not null on or order select table then to union user using values when where with".split()
)
_YEAR_IN_TITLE = re.compile(r"\((?:18|19|20)\d\d\)\s*$")
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?(?:[T ].*)?|\d{1,2}[./]\d{1,2}[./]\d{4}")
_WORDY = (Role.OTHER, Role.FACET)
"""What short text is guessed to be that no name tells of."""
_SEPARATORS = ("|", ";", ",")
_AGES = (
    ("all", "teen", "adult"),
    ("G", "PG", "PG-13", "R", "NC-17"),
    ("everyone", "everyone 10+", "teen", "mature", "adults only"),
)


@dataclass(frozen=True)
class NameRule:
    """One entry of `vocabularies/columns.toml`: names, and what a column with one of them is."""

    role: Role
    names: tuple[str, ...]
    facts: Mapping[str, Any]


@lru_cache(maxsize=1)
def _rules() -> tuple[
    tuple[NameRule, ...],
    dict[str, tuple[str, ...]],
    Nouns,
    dict[str, frozenset[str]],
]:
    file = resources.files("recagent_catalogs") / "vocabularies" / "columns.toml"
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    facts = ("label", "aliases", "cues", "unit", "low", "high")
    rules = tuple(
        NameRule(Role(t["role"]), tuple(t["names"]), {k: t[k] for k in facts if k in t})
        for t in data["column"]
    )
    pairs = {t["part"]: tuple(t["names"]) for t in data["pair"]}
    names = data["names"]
    nouns = Nouns(data["kind"], frozenset(names["plain"]), names["units"])
    return rules, pairs, nouns, {k: frozenset(v) for k, v in data["year"].items()}


def bare(name: str) -> str:
    """A column name for comparison, folded, without spaces ("Movie ID" -> "movieid")."""
    return fold(name).replace(" ", "")


def find_column(columns: Sequence[str], wanted: str, file: str, option: str) -> str:
    """The column that a person named, in any case.

    Raises:
        BadInput: there is none; the message lists the columns.
    """
    for column in columns:
        if column == wanted or bare(column) == bare(wanted):
            return column
    listed = clean(", ".join(columns), 300)
    raise BadInput(f"no column {wanted!r} ({option}); columns: {listed}", path=file, line=1)


def part_column(columns: Sequence[str], part: str) -> str | None:
    """The column of an interactions table that is its "user", "value" or "time", by name."""
    known = {bare(column): column for column in reversed(columns)}
    return next((known[name] for name in _rules()[1][part] if name in known), None)


def item_column(columns: Sequence[str]) -> str | None:
    """The column with the item's id, by name: a known name, else one that ends in "id"."""
    known = {bare(column): column for column in reversed(columns)}
    users = _rules()[1]["user"]
    for name in _rules()[0][0].names:
        if name in known:
            return known[name]
    return next((c for b, c in known.items() if b.endswith("id") and b not in users), None)


def title_column(columns: Sequence[str]) -> str | None:
    """The column with the title, by name."""
    known = {bare(column): column for column in reversed(columns)}
    return next((known[name] for name in _rules()[0][1].names if name in known), None)


def looks_like_header(columns: Sequence[str]) -> bool:
    """Whether any name is one that is known, of items or of interactions."""
    names = {name for rule in _rules()[0] for name in rule.names}
    names.update(name for part in _rules()[1].values() for name in part)
    return any(bare(column) in names or bare(column).endswith("id") for column in columns)


@dataclass(frozen=True)
class Guess:
    """What a table of items was taken for.

    Attributes:
        schema: of the catalog to be.
        plan: what becomes of each column.
        split_years: whether titles end in "(1999)" and no column gives the year.
    """

    schema: CatalogSchema
    plan: tuple[ColumnPlan, ...]
    split_years: bool


def guess_items(
    name: str,
    columns: Sequence[str],
    sample: Sequence[Sequence[Any]],
    given: Mapping[str, Role],
    *,
    ids: str,
    said: bool = False,
    skip: frozenset[str] = frozenset(),
) -> Guess:
    """Guess the roles of a table of items.

    Args:
        name: the catalog's name.
        columns: the names in the file.
        sample: the first rows.
        given: source column -> role, where the person said so.
        ids: the column of ids; it is the one of titles too where `given` or its name says so, or
            where it was said and there is no other.
        said: whether the person named the column of ids.
        skip: columns that belong to the interactions.
    """
    plan: list[ColumnPlan] = []
    order = sorted(range(len(columns)), key=lambda n: _rank(columns[n], (*given, ids)))
    taken: set[Role] = {Role.ID, *given.values()}
    names: set[str] = set()
    by_name = Role.TITLE not in taken and ids == title_column(columns)
    both = by_name or given.get(ids) is Role.TITLE
    if both:
        taken.add(Role.TITLE)
    for number in order:
        source = columns[number]
        if source in skip:
            continue
        values = [row[number] for row in sample if row[number] not in (None, "")]
        role = given.get(source) if source != ids else Role.ID if said else None
        entry = _guess_column(source, values, role, taken, names, source == ids)
        taken.add(entry.column.role)
        names.add(entry.column.name)
        plan.append(entry)
    if both or said and Role.TITLE not in taken and _like_titles(columns, sample, ids):
        how = "given" if ids in given else "name" if both else "values"
        plan.append(
            ColumnPlan(ids, Column(_free_name(ids, Role.TITLE, names), Role.TITLE), "", how)
        )
    plan.sort(key=lambda entry: (_place(entry.column.role), columns.index(entry.source)))
    return _guess(name, columns, sample, plan)


def _like_titles(columns: Sequence[str], sample: Sequence[Sequence[Any]], source: str) -> bool:
    """Whether the values of a column read like titles and not like codes."""
    number = columns.index(source)
    texts = [str(row[number]).strip() for row in sample if row[number] not in (None, "")]
    return not _numeric(texts) and sum(" " in text for text in texts) * 4 > len(texts)


def unique_columns(columns: Sequence[str], sample: Sequence[Sequence[Any]]) -> list[str]:
    """Columns of short text whose values are all there and all differ, one of titles first."""
    found = []
    for number, source in enumerate(columns):
        texts = [row[number].strip() for row in sample if isinstance(row[number], str)]
        there = len(texts) == len(sample) and all(texts)
        if there and len(set(texts)) == len(texts) and _role_by_values(texts) in _WORDY:
            found.append(source)
    return sorted(found, key=lambda source: source != title_column(columns))


def _rank(source: str, given: Sequence[str]) -> tuple[int, int]:
    """Columns that are settled first, then those with the better names."""
    if source in given:
        return (-1, 0)
    for rule in _rules()[0]:
        if bare(source) in rule.names:
            return (0, rule.names.index(bare(source)))
    return (1, 0)


def _place(role: Role) -> int:
    return list(Role).index(role)


def _guess(
    name: str, columns: Sequence[str], sample: Sequence[Sequence[Any]], plan: list[ColumnPlan]
) -> Guess:
    found = [entry.column for entry in plan]
    roles = {column.role for column in found}
    title = next((entry for entry in plan if entry.column.role is Role.TITLE), None)
    if title is None:
        found.insert(
            min(1, len(found)),
            Column("title" if all(c.name != "title" for c in found) else "name_", Role.TITLE),
        )
    split_years = False
    if title is not None:
        number = columns.index(title.source)
        texts = [str(row[number]) for row in sample if row[number]]
        dated = sum(bool(_YEAR_IN_TITLE.search(text)) for text in texts)
        split_years = dated * 2 > len(texts)
        if split_years and Role.YEAR not in roles:
            found.insert(
                2, Column("year" if all(c.name != "year" for c in found) else "year_", Role.YEAR)
            )
    kind = _rules()[2].kind(name, columns)
    schema = CatalogSchema(
        name=name,
        columns=tuple(found),
        item=kind.get("item", "item"),
        items=kind.get("items", "items"),
        aliases=tuple(kind.get("aliases", ())),
        verb=kind.get("verb", "try"),
    )
    return Guess(schema, tuple(plan), split_years)


def _guess_column(
    source: str,
    values: list[Any],
    given: Role | None,
    taken: set[Role],
    names: set[str],
    is_id: bool,
) -> ColumnPlan:
    facts: Mapping[str, Any] = {}
    how = "given" if given is not None else "name"
    role = given or (Role.ID if is_id else None)
    if role is None:
        for rule in _rules()[0]:
            if bare(source) in rule.names:
                role, facts = rule.role, rule.facts
                break
        if role is Role.YEAR and "year" not in bare(source) and not _years(values):
            role = None
        elif role is None and Role.YEAR not in taken and _names_year(source, values):
            role, how = Role.YEAR, "values"
    if role is None or role is Role.NUMBER and not _numeric(values, loose=True):
        role, how = _role_by_values(values), "values"
    if given is None and not is_id:
        if role is Role.YEAR and role in taken and _numeric(values):
            role = Role.NUMBER
        elif role in SINGLE_ROLES and role in taken:
            role = _DEMOTED[role]
        if role is Role.FACET and bare(source) != "status" and how == "name" and _numeric(values):
            role, how = Role.NUMBER, "values"
    order = _order(values) if role is Role.AUDIENCE else ()
    name = _free_name(source, role, names)
    words = {key: tuple(facts.get(key, ())) for key in ("cues", "low", "high")}
    label, unit = _label(source, facts), facts.get("unit", "")
    if role is Role.NUMBER and not unit and (unit := _rules()[2].unit(source)):
        words |= {key: words[key] or _same_unit(unit, key) for key in ("low", "high")}
    column = Column(name, role, label, _aliases(name, facts), unit=unit, order=order, **words)
    separator = guess_separator(values, role) if role in LIST_ROLES else ""
    return ColumnPlan(source, column, separator, how)


def _label(source: str, facts: Mapping[str, Any]) -> str:
    """What one value is called: the header's own noun where the rule knows it, else the rule's."""
    own = bare(source).removesuffix("s")
    return own if own in facts.get("aliases", ()) else str(facts.get("label", ""))


def _same_unit(unit: str, key: str) -> tuple[str, ...]:
    """The words for small or large values of the first known column that counts in that unit."""
    standard = "price" if unit in ("usd", "eur", "gbp") else ""
    standard = standard or ("runtime" if unit in ("min", "h", "sec", "ms") else "")
    for rule in _rules()[0]:
        same = standard in rule.names if standard else rule.facts.get("unit") == unit
        if rule.role is Role.NUMBER and same:
            return tuple(rule.facts.get(key, ()))
    return ()


def _aliases(name: str, facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Other words for the column: the rule's, and the name in singular and with spaces."""
    plain = name.replace("_", " ").strip()
    single = plain[:-3] + "y" if plain.endswith("ies") else plain.removesuffix("s")
    words = dict.fromkeys((*facts.get("aliases", ()), plain, single))
    return tuple(word for word in words if word != name and len(word) > 2)


def _free_name(source: str, role: Role, names: set[str]) -> str:
    """A column name for SQL; id, title and year are always called so where the name is free."""
    fixed = {Role.ID: "id", Role.TITLE: "title", Role.YEAR: "year"}.get(role)
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", source)
    ascii_only = fold(split).encode("ascii", "ignore").decode()
    name = (
        fixed if fixed and fixed not in names else re.sub(r"\W+", "_", ascii_only).strip("_")[:50]
    )
    if name in _KEYWORDS or name in ("id", "title", "year") and fixed is None:
        name += "_"
    if not COLUMN_NAME.fullmatch(name):
        name = f"c_{name}".rstrip("_") if name else "column"
    free, number = name, 2
    while free in names:
        free, number = f"{name}_{number}", number + 1
    return free


def _numeric(values: Sequence[Any], *, loose: bool = False) -> bool:
    """Whether nearly all values are numbers.

    Args:
        values: the values of a column.
        loose: its name says numbers, so half of them will do, and units too ("$9.99", "Free").
    """
    hits = sum(loose and not math.isnan(loose_number(v)) or _is_number(v) for v in values)
    return bool(values) and hits >= (0.5 if loose else 0.8) * len(values)


def _years(values: Sequence[Any], share: float = 0.5) -> bool:
    """Whether enough of the values are years or dates; also where there are no values at all."""
    years = map(year_of, values)
    return sum(year is not None and year >= 1000 for year in years) >= share * len(values)


def _names_year(source: str, values: Sequence[Any]) -> bool:
    """Whether a column that no rule knows is the year: a word of its name and its values say so."""
    words = set(fold(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", source)).split())
    if not values or words & _rules()[3]["other"]:
        return False
    if words & _rules()[3]["words"]:
        return sum(map(_plain_year, values)) >= 0.8 * len(values)
    dates = sum(isinstance(v, date) or bool(_DATE.fullmatch(str(v).strip())) for v in values)
    return dates >= 0.8 * len(values)


def _plain_year(value: Any) -> bool:
    """Whether a value is a year or a written date; no large number that could be money."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return len(str(value)) <= 40 and year_of(value) is not None
    digits = 1_000 <= number <= 2_100 or 10_000_000 < number < 21_000_000
    return number.is_integer() and digits


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _role_by_values(values: Sequence[Any]) -> Role:
    if not values:
        return Role.OTHER
    if _numeric(values) and not any(isinstance(value, bool) for value in values):
        return Role.NUMBER
    if any(isinstance(value, dict) for value in values):
        return Role.OTHER
    if any(isinstance(value, list) for value in values):
        return Role.FACET
    texts = [str(value).strip() for value in values]
    if sum(text.startswith(("http://", "https://", "www.")) for text in texts) > len(texts) / 2:
        return Role.URL
    if sum(map(len, texts)) / len(texts) > 60:
        return Role.TEXT
    separator = guess_separator(texts, Role.FACET)
    words = [
        word.strip() for text in texts for word in (text.split(separator) if separator else [text])
    ]
    # A word that comes back is a facet; values which are nearly all different name the item.
    few = len(set(words)) <= max(12, len(words) // 5)
    return Role.FACET if few and sum(map(len, words)) / max(len(words), 1) < 30 else Role.OTHER


def _order(values: Sequence[Any]) -> tuple[str, ...]:
    present = {fold(str(value)) for value in values}
    for scale in _AGES:
        if present and present <= {fold(word) for word in scale}:
            return scale
    return ()


def guess_separator(values: Sequence[Any], role: Role) -> str:
    """What divides the values of a cell: `|`, `;`, or `,` where that gives words that come back."""
    texts = [value for value in values if isinstance(value, str)]
    texts = [text for text in texts if text[:1] not in "[{"]
    for mark in _SEPARATORS:
        holding = [text for text in texts if mark in text]
        if len(holding) < max(0.02 * len(texts), 1):
            continue
        if mark != ",":
            return mark
        parts = [part.strip() for text in holding for part in text.split(",")]
        if role is Role.PEOPLE:
            # "Lucas, George" is one person; "Brad Pitt, Edward Norton" are two.
            named = sum(" " in part for part in parts)
            return mark if named > 0.6 * len(parts) else ""
        return mark if sum(map(len, parts)) / len(parts) < 30 else ""
    return ""


def plan_for_schema(
    schema: CatalogSchema, columns: Sequence[str], sample: Sequence[Sequence[Any]]
) -> tuple[CatalogSchema, tuple[ColumnPlan, ...], list[str]]:
    """The plan where a `catalog.toml` was given: columns by name, any case.

    Returns:
        The schema without the columns that the file lacks, the plan, and the lacking names.
    """
    known = {bare(column): column for column in reversed(columns)}
    plan, missing = [], []
    for column in schema.columns:
        source = known.get(bare(column.name))
        if source is None:
            missing.append(column.name)
            continue
        number = columns.index(source)
        values = [row[number] for row in sample if row[number] not in (None, "")]
        separator = guess_separator(values, column.role) if column.is_list else ""
        plan.append(ColumnPlan(source, column, separator, "given"))
    needed = (Role.ID, Role.TITLE)
    kept = tuple(c for c in schema.columns if c.name not in missing or c.role in needed)
    return replace(schema, columns=kept), tuple(plan), missing


def guess_pairs(
    columns: Sequence[str],
    file: str,
    *,
    user: str | None = None,
    item: str | None = None,
    value: str | None = None,
    time: str | None = None,
) -> PairColumns:
    """Which columns of a table of interactions hold what; the arguments are the person's own words.

    Raises:
        BadInput: no column of users or of items; the message lists the columns.
    """

    def given(wanted: str | None, option: str) -> str | None:
        return find_column(columns, wanted, file, option) if wanted else None

    users = given(user, "--user-column") or part_column(columns, "user")
    rest = [column for column in columns if column != users]
    items = given(item, "--item-column") or item_column(rest) or title_column(rest)
    for found, option, what in (
        (users, "--user-column", "users"),
        (items, "--item-column", "items"),
    ):
        if found is None:
            raise BadInput(
                f"no column of {what}; columns: {clean(', '.join(columns), 300)}",
                path=file,
                line=1,
                hint=f"name it with {option}",
            )
    assert users is not None and items is not None
    rest = [column for column in rest if column != items]
    values = given(value, "--value-column") or part_column(rest, "value")
    rest = [column for column in rest if column != values]
    return PairColumns(
        users, items, values, given(time, "--time-column") or part_column(rest, "time")
    )
