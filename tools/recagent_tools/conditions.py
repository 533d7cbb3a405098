"""The grammar of `filter`: hard conditions, typed against the schema.

    condition = column "has" value { "|" value }            one of these values
              | column "lacks" value { "|" value }          none of these
              | column ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) number
              | column [ number ] ".." [ number ]           both ends included
              | column ( "=" | "<=" | ">=" ) word           columns with an order (audience)
              | column ( "~" | "!~" ) text                  folded words stand / do not in the cell
    value     = a word of the column's vocabulary, any case, a known synonym, quoted or not

The same text is what why-not and rules print; the funnel has it in short. `docs/conditions.md`
describes it.
A number that an item lacks meets no condition, except `!=`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.errors import BadCondition
from recagent_catalogs.schema import CatalogSchema, Column, Role
from recagent_catalogs.store import Catalog
from recagent_catalogs.text import fold

Mask = NDArray[np.bool_]

_WORD = re.compile(r"^\s*(?P<column>[\w ]+?)\s+(?P<op>has|lacks)\s+(?P<rest>.+)$", re.I | re.S)
_RANGE = re.compile(r"^\s*(?P<column>[\w ]+?)\s+(?P<low>[-\d.]*?)\s*\.\.\s*(?P<high>[-\d.]*)\s*$")
_OPERATOR = re.compile(
    r"^\s*(?P<column>[\w ]+?)\s*(?P<op><=|>=|!=|!~|=|<|>|~)\s*(?P<rest>.+)$", re.S
)
_TEXT_ROLES = frozenset((Role.TITLE, Role.ALIAS, Role.TEXT))


@dataclass(frozen=True)
class Condition:
    """One hard condition.

    `operator` is one of has, lacks, =, !=, <, <=, >, >=, .., ~, !~. `values` are vocabulary words,
    one text, or numbers; of a range (`..`) two numbers, None where an end is open.
    """

    column: str
    operator: str
    values: tuple[str | float | None, ...]

    def __str__(self) -> str:
        """The canonical text; parsing it gives the same condition."""
        if self.operator == "..":
            low, high = (_number_text(value) for value in self.values)
            return f"{self.column} {low}..{high}"
        if self.operator in ("has", "lacks"):
            return f"{self.column} {self.operator} " + " | ".join(_quoted(v) for v in self.values)
        value = self.values[0]
        if self.operator in ("~", "!~"):
            return f'{self.column} {self.operator} "{value}"'
        shown = value if isinstance(value, str) else _number_text(value)
        return f"{self.column} {self.operator} {shown}"


def _quoted(value: object) -> str:
    text = str(value)
    return f'"{text}"' if "|" in text or text != text.strip() or '"' in text else text


def _number_text(value: object) -> str:
    if value is None:
        return ""
    number = float(str(value))
    return str(int(number)) if number.is_integer() else repr(number)


MOST_SHORT = 4
"""Values of a condition that its short wording names."""


def short(condition: Condition, schema: CatalogSchema) -> str:
    """A condition in the few words of a funnel: "Sci-Fi", "not Horror", "1990-1999", "≤ 100 min".

    By the roles of the schema only. For people to read; it cannot be parsed again.
    """
    column = schema.column(condition.column)
    op, values = condition.operator, condition.values
    if column.role in (Role.YEAR, Role.NUMBER):
        told = _short_number(op, values)
        unit = f" {column.unit}" if column.unit else ""
        named = "" if unit or column.role is Role.YEAR else f"{column.name.replace('_', ' ')} "
        return f"{named}{told}{unit}"
    if op in ("~", "!~"):
        return f'not "{values[0]}"' if op == "!~" else f'"{values[0]}"'
    names = [str(value) for value in values]
    if len(names) > MOST_SHORT:
        names = [*names[: MOST_SHORT - 1], f"{len(names) - MOST_SHORT + 1} more"]
    told = " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    told = {"lacks": "not ", "<=": "up to ", ">=": "from "}.get(op, "") + told
    if column.role is Role.AUDIENCE:  # "all" alone would say nothing
        return f"{column.label or column.name.replace('_', ' ')} {told}"
    return told


def _short_number(op: str, values: tuple[str | float | None, ...]) -> str:
    """A range or a comparison: "1990-1999", "≥ 90", "not 1995"."""
    if op != "..":
        word = {"=": "", "!=": "not ", "<=": "≤ ", ">=": "≥ "}.get(op, f"{op} ")
        return f"{word}{_number_text(values[0])}"
    low, high = values
    if low is None or high is None:
        return f"≤ {_number_text(high)}" if low is None else f"≥ {_number_text(low)}"
    dash = "-" if float(low) >= 0 else " to "
    return f"{_number_text(low)}{dash}{_number_text(high)}"


def parse_condition(text: str, catalog: Catalog) -> Condition:
    """Read one condition and check it against the catalog's schema and vocabulary.

    Raises:
        BadCondition: no condition, unknown column, operator that does not fit the column, a value
            of the wrong type or not in the vocabulary; the hint names what would do.
    """
    if match := _WORD.match(text):
        column = _column(match["column"], catalog)
        return _word_condition(column, match["op"].lower(), match["rest"], catalog)
    if match := _RANGE.match(text):
        column = _column(match["column"], catalog)
        _expect_number(column, "..")
        low, high = (_number(match[end], column) if match[end] else None for end in ("low", "high"))
        if low is None and high is None:
            raise BadCondition(f"{text!r}: a range needs at least one end", hint="year 1990..1999")
        if low is not None and high is not None and low > high:
            low, high = high, low
        return Condition(column.name, "..", (low, high))
    if match := _OPERATOR.match(text):
        column = _column(match["column"], catalog)
        return _operator_condition(column, match["op"], match["rest"].strip(), catalog)
    raise BadCondition(
        f"{text!r} is no condition",
        hint="write: genres has Sci-Fi · genres lacks Horror · year 1990..1999 · runtime <= 100",
    )


def _operator_condition(column: Column, op: str, rest: str, catalog: Catalog) -> Condition:
    if op in ("~", "!~"):
        if column.role not in _TEXT_ROLES:
            raise BadCondition(f"{column.name}: {op} is for text columns", hint="use has or lacks")
        words = rest.strip().strip('"')
        if not fold(words):
            raise BadCondition(f"{column.name} {op}: nothing to look for")
        return Condition(column.name, op, (words,))
    if column.role in (Role.YEAR, Role.NUMBER):
        return Condition(column.name, op, (_number(rest, column),))
    if column.order and op in ("=", "<=", ">="):
        return Condition(column.name, op, (_ordered_word(column, rest),))
    if op in ("=", "!="):
        return _word_condition(column, "has" if op == "=" else "lacks", rest, catalog)
    raise BadCondition(
        f"{column.name}: {op} does not fit a column of words", hint="use has or lacks"
    )


def _column(name: str, catalog: Catalog) -> Column:
    column = catalog.schema.find(name)
    if column is None:
        from rapidfuzz import process  # 20 ms, which a command without slips need not pay

        names = [c.name for c in catalog.schema.columns]
        near = process.extractOne(name.strip(), names, score_cutoff=60)
        raise BadCondition(
            f"no column {name.strip()!r}",
            hint=(f"did you mean {near[0]}? " if near else "") + "columns: " + ", ".join(names),
        )
    return column


def _expect_number(column: Column, op: str) -> None:
    if column.role not in (Role.YEAR, Role.NUMBER):
        raise BadCondition(f"{column.name}: {op} is for numbers", hint="use has or lacks")


def _number(text: str, column: Column) -> float:
    try:
        number = float(text.strip().strip('"').removesuffix(column.unit or "\0").strip())
    except ValueError:
        raise BadCondition(f"{column.name}: {text.strip()!r} is no number") from None
    if not np.isfinite(number):
        raise BadCondition(f"{column.name}: {text.strip()!r} is no number")
    return number


def _ordered_word(column: Column, text: str) -> str:
    for word in column.order:
        if fold(word) == fold(text):
            return word
    raise BadCondition(
        f"{column.name}: no value {text!r}", hint="values: " + ", ".join(column.order)
    )


def _word_condition(column: Column, op: str, rest: str, catalog: Catalog) -> Condition:
    if column.role in _TEXT_ROLES or column.role in (Role.YEAR, Role.NUMBER):
        wanted = "~" if column.role in _TEXT_ROLES else "= or .."
        raise BadCondition(f"{column.name}: {op} is for columns of words", hint=f"use {wanted}")
    try:
        words = catalog.words(column.name)
    except KeyError:
        raise BadCondition(f"{column.name} cannot be filtered") from None
    values: list[str] = []
    for part in _split(rest):
        value = words.resolve(part)
        if value is None:
            near = [name for name, *_ in words.near(part, 4)]
            raise BadCondition(
                f"{column.name}: no value {part!r}",
                hint="near: " + ", ".join(near) if near else "",
            )
        if value not in values:
            values.append(value)
    if not values:
        raise BadCondition(f"{column.name} {op}: no value given")
    return Condition(column.name, op, tuple(values))


def _split(rest: str) -> list[str]:
    parts = re.findall(r'"([^"]*)"|([^|"]+)', rest)
    return [text for quoted, bare in parts if (text := (quoted or bare).strip())]


def evaluate(condition: Condition, catalog: Catalog) -> Mask:
    """Which items meet the condition: bool [n_items]."""
    column = catalog.schema.column(condition.column)
    op = condition.operator
    if column.role in (Role.YEAR, Role.NUMBER):
        return _evaluate_number(catalog.numbers(column.name), op, condition.values)
    if op in ("~", "!~"):
        mask = np.zeros(catalog.n_items, dtype=bool)
        mask[catalog.rows_with_text(column.name, str(condition.values[0]))] = True
        return mask if op == "~" else ~mask
    mask = catalog.words(column.name).mask(_meant(condition, column))
    return np.logical_not(mask, out=mask) if op == "lacks" else mask


def evaluate_wider(condition: Condition, mask: Mask, wider: Condition, catalog: Catalog) -> Mask:
    """Which items meet a wider form of a condition whose own mask is known: bool [n_items].

    Of words only those are looked up that the condition has not.
    """
    column = catalog.schema.column(condition.column)
    if column.role in (Role.YEAR, Role.NUMBER) or wider.operator in ("~", "!~", "lacks"):
        return evaluate(wider, catalog)
    known = set(_meant(condition, column))
    more = [word for word in _meant(wider, column) if word not in known]
    found = catalog.words(column.name).mask(more)
    found |= mask
    return found


def _meant(condition: Condition, column: Column) -> list[str]:
    """The words of which an item needs one, or for `lacks` has none."""
    words = [str(value) for value in condition.values]
    if condition.operator not in ("=", "<=", ">=") or not column.order:
        return words
    place = column.order.index(words[0])
    held = {
        "=": column.order[place : place + 1],
        "<=": column.order[: place + 1],
        ">=": column.order[place:],
    }
    return list(held[condition.operator])


def _evaluate_number(
    numbers: NDArray[np.float32], op: str, values: tuple[str | float | None, ...]
) -> Mask:
    if op == "..":
        low, high = (None if value is None else np.float32(float(value)) for value in values)
        # Whatever is compared with NaN fails.
        above = np.asarray(numbers >= low, dtype=bool) if low is not None else None
        if high is None:
            return ~np.isnan(numbers) if above is None else above
        below = np.asarray(numbers <= high, dtype=bool)
        return below if above is None else np.logical_and(above, below, out=above)
    value = np.float32(float(str(values[0])))
    compare = {
        "=": np.equal,
        "!=": np.not_equal,
        "<": np.less,
        "<=": np.less_equal,
        ">": np.greater,
        ">=": np.greater_equal,
    }[op]
    return np.asarray(compare(numbers, value), dtype=bool)
