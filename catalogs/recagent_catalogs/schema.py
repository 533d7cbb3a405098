"""What a catalog's columns mean. Everything that is domain-specific lives here and only here.

A schema is written in `catalog.toml` beside the data; `docs/catalogs.md` describes the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import tomli_w

from .errors import BadInput
from .text import TITLE_CAP, clean, fold
from .toml_text import parse_toml, read_toml

SCHEMA_ID = "recagent.catalog/1"
WORD_CAP = 40
"""Units, labels and names of items stand in prompts and on the screen: a few words, cleaned."""
COLUMN_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


class Role(StrEnum):
    """What a column is for. Code asks for roles, never for names of columns."""

    ID = "id"
    """The item's own id, text. Exactly one."""
    TITLE = "title"
    """What people call it. Exactly one."""
    ALIAS = "alias"
    """Another title: original, translated."""
    YEAR = "year"
    """Year of release, int. At most one."""
    CATEGORIES = "categories"
    """The few broad kinds (genres), list of text. At most one."""
    TAGS = "tags"
    """Themes, moods, keywords: list of text, perhaps with counts. At most one."""
    PEOPLE = "people"
    """Persons or makers: list of text."""
    FACET = "facet"
    """Any other closed set of words (country, platform): list of text."""
    AUDIENCE = "audience"
    """For whom; ordered from all to adult by the column's `order`. At most one."""
    GROUP = "group"
    """Franchise or series: one text. At most one."""
    NUMBER = "number"
    """Any number: runtime, price, hours; float."""
    TEXT = "text"
    """Prose about the item; searched, shown shortened."""
    URL = "url"
    """A link; shown only in JSON and CSV."""
    OTHER = "other"
    """Kept and shown in JSON and CSV, not searched."""


LIST_ROLES = frozenset((Role.CATEGORIES, Role.TAGS, Role.PEOPLE, Role.FACET))
"""Stored as VARCHAR[]; a condition on them is `has` or `lacks`."""
WORD_ROLES = LIST_ROLES | {Role.AUDIENCE, Role.GROUP}
"""Roles with a vocabulary of words."""
NUMBER_ROLES = frozenset((Role.YEAR, Role.NUMBER))
SINGLE_ROLES = frozenset(
    (Role.ID, Role.TITLE, Role.YEAR, Role.CATEGORIES, Role.TAGS, Role.AUDIENCE, Role.GROUP)
)


@dataclass(frozen=True)
class Column:
    """One column of the items table."""

    name: str
    role: Role
    label: str = ""
    """What one value is called in a sentence ("director")."""
    aliases: tuple[str, ...] = ()
    """Other words for the column in a request."""
    cues: tuple[str, ...] = ()
    """Words before a value that point to this column ("directed by")."""
    unit: str = ""
    low: tuple[str, ...] = ()
    """Words that ask for small values ("short")."""
    high: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    """Values from smallest to largest, where they have an order (audience)."""

    @property
    def is_list(self) -> bool:
        """Whether a cell holds a list of text."""
        return self.role in LIST_ROLES


@dataclass(frozen=True)
class Vocabulary:
    """The words of one column; `closed` admits no others; synonyms map folded words to a value."""

    values: tuple[str, ...] = ()
    synonyms: dict[str, str] = field(default_factory=dict)
    closed: bool = False


@dataclass(frozen=True)
class CatalogSchema:
    """The meaning of a catalog: what an item is called, its columns, its words."""

    name: str
    columns: tuple[Column, ...]
    item: str = "item"
    items: str = "items"
    aliases: tuple[str, ...] = ()
    """Other words for items that carry no wish ("movies", "flicks")."""
    verb: str = "try"
    """What one does with an item: watch, play, read."""
    description: str = ""
    simulated: bool = False
    """Whether the interactions were drawn by a generator; said wherever they are shown."""
    vocabularies: dict[str, Vocabulary] = field(default_factory=dict)

    def column(self, name: str) -> Column:
        """The column of that name.

        Raises:
            KeyError: there is none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def find(self, word: str) -> Column | None:
        """The column of that name or alias, folded; None where there is none."""
        wanted = fold(word)
        for column in self.columns:
            names = (column.name, column.label, *column.aliases)
            if any(fold(name) == wanted for name in names if name):
                return column
        return None

    def with_role(self, *roles: Role) -> tuple[Column, ...]:
        """The columns of these roles, in the schema's order."""
        return tuple(column for column in self.columns if column.role in roles)

    def one(self, role: Role) -> Column | None:
        """The first column of this role, or None."""
        found = self.with_role(role)
        return found[0] if found else None

    @property
    def shown(self) -> tuple[Column, ...]:
        """The columns of an item's `columns` object: all but id, title and year."""
        fixed = (Role.ID, Role.TITLE, Role.YEAR)
        return tuple(column for column in self.columns if column.role not in fixed)

    def renamed(self, name: str) -> CatalogSchema:
        """The same schema under another name."""
        return replace(self, name=name)


def load_schema(path: Path) -> CatalogSchema:
    """Read a `catalog.toml`.

    Raises:
        BadInput: no TOML, or no valid schema; the message names the key.
    """
    return parse_schema(parse_toml(read_toml(path), path), source=str(path))


def parse_schema(data: dict[str, Any], *, source: str = "catalog.toml") -> CatalogSchema:
    """Turn the parsed TOML into a schema, checking every key.

    Raises:
        BadInput: an unknown key, role or shape; the message names it.
    """
    if data.get("schema") != SCHEMA_ID:
        raise BadInput(f'`schema` must be "{SCHEMA_ID}"', path=source)
    tables = data.get("columns")
    if not isinstance(tables, dict) or not tables:
        raise BadInput("no [columns.NAME] tables", path=source)
    columns = tuple(_parse_column(name, table, source) for name, table in tables.items())
    for role in SINGLE_ROLES:
        if sum(column.role is role for column in columns) > 1:
            raise BadInput(f"more than one column has the role {role}", path=source)
    for role in (Role.ID, Role.TITLE):
        if not any(column.role is role for column in columns):
            raise BadInput(f"no column has the role {role}", path=source)
    words = data.get("vocabulary", {})
    if not isinstance(words, dict):
        raise BadInput("`vocabulary` must be tables", path=source)
    vocabularies = {name: _parse_vocabulary(name, table, source) for name, table in words.items()}
    return CatalogSchema(
        name=_text(data, "name", source, "catalog"),
        columns=columns,
        item=_text(data, "item", source, "item"),
        items=_text(data, "items", source, "items"),
        aliases=_texts(data, "aliases", source),
        verb=_text(data, "verb", source, "try"),
        description=_text(data, "description", source, ""),
        simulated=bool(data.get("simulated", False)),
        vocabularies=vocabularies,
    )


def dump_schema(schema: CatalogSchema, path: Path) -> None:
    """Write a schema as `catalog.toml`; `load_schema` gives it back."""
    data: dict[str, Any] = {
        "schema": SCHEMA_ID,
        "name": schema.name,
        "item": schema.item,
        "items": schema.items,
        "aliases": list(schema.aliases),
        "verb": schema.verb,
        "description": schema.description,
        "simulated": schema.simulated,
        "columns": {column.name: _column_table(column) for column in schema.columns},
        "vocabulary": {
            name: _vocabulary_table(vocabulary) for name, vocabulary in schema.vocabularies.items()
        },
    }
    path.write_text(tomli_w.dumps(data), encoding="utf-8")


def _column_table(column: Column) -> dict[str, Any]:
    table: dict[str, Any] = {"role": str(column.role)}
    for key in ("label", "unit"):
        if value := getattr(column, key):
            table[key] = value
    for key in ("aliases", "cues", "low", "high", "order"):
        if values := getattr(column, key):
            table[key] = list(values)
    return table


def _vocabulary_table(vocabulary: Vocabulary) -> dict[str, Any]:
    groups: dict[str, list[str]] = {}
    for word, value in vocabulary.synonyms.items():
        groups.setdefault(value, []).append(word)
    return {"closed": vocabulary.closed, "values": list(vocabulary.values), "synonyms": groups}


def _parse_column(name: str, table: Any, source: str) -> Column:
    if not isinstance(table, dict):
        raise BadInput(f"[columns.{name}] must be a table", path=source)
    if not COLUMN_NAME.fullmatch(name):
        raise BadInput(
            f"column name {name!r}: lower-case letters, digits and _ only, a letter first",
            path=source,
        )
    known = {"role", "label", "aliases", "cues", "unit", "low", "high", "order"}
    if unknown := sorted(set(table) - known):
        raise BadInput(f"[columns.{name}]: unknown key {unknown[0]!r}", path=source)
    try:
        role = Role(table.get("role", "other"))
    except ValueError:
        raise BadInput(
            f"[columns.{name}]: unknown role {table.get('role')!r}",
            path=source,
            hint="roles: " + ", ".join(Role),
        ) from None
    return Column(
        name=name,
        role=role,
        label=_text(table, "label", source, ""),
        aliases=_texts(table, "aliases", source),
        cues=_texts(table, "cues", source),
        unit=_text(table, "unit", source, ""),
        low=_texts(table, "low", source),
        high=_texts(table, "high", source),
        order=_texts(table, "order", source),
    )


def _parse_vocabulary(name: str, table: Any, source: str) -> Vocabulary:
    if not isinstance(table, dict):
        raise BadInput(f"[vocabulary.{name}] must be a table", path=source)
    groups = table.get("synonyms", {})
    if not isinstance(groups, dict):
        raise BadInput(f"[vocabulary.{name}.synonyms] must be a table", path=source)
    synonyms = {fold(word): value for value in groups for word in _texts(groups, value, source)}
    return Vocabulary(_texts(table, "values", source), synonyms, bool(table.get("closed", False)))


def _text(table: dict[str, Any], key: str, source: str, default: str) -> str:
    value = table.get(key, default)
    if not isinstance(value, str):
        raise BadInput(f"`{key}` must be text", path=source)
    return clean(value, WORD_CAP if key != "description" else TITLE_CAP)


def _texts(table: dict[str, Any], key: str, source: str) -> tuple[str, ...]:
    values = table.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise BadInput(f"`{key}` must be a list of text", path=source)
    return tuple(clean(value, TITLE_CAP) for value in values)
