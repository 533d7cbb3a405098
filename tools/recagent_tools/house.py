"""Rules of the house: what whoever runs it keeps from the lists of whom, as conditions.

A rule never shows what meets one of its conditions (`never`), or only what meets all of them
(`only`). Compiled for a catalog it is one mask; `RuledCatalog` hides what is in it. What cannot be
compiled is an error: no list without rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from recagent_catalogs.errors import BadCondition, BadInput
from recagent_catalogs.ruled import Mask, Ruled
from recagent_catalogs.schema import WORD_ROLES, Role
from recagent_catalogs.store import Catalog

from .conditions import evaluate, parse_condition, short


class Elsewhere(Protocol):
    """What other catalogs have than the one that a rule is compiled for."""

    def has_column(self, name: str) -> bool:
        """Whether one of them has a column of that name."""
        ...

    def has_value(self, condition: str) -> bool:
        """Whether a condition on a value can be read in one of them."""
        ...


_VALUES = re.compile(r"^\s*(?P<column>[\w ]+?)\s+(?P<op>has|lacks)\s+(?P<rest>.+)$", re.I | re.S)


@dataclass(frozen=True)
class Rule:
    """One rule, as it was written.

    Attributes:
        name: how it is told to people.
        never: conditions; what meets any of them is kept out.
        only: conditions; what does not meet all of them is kept out.
        profiles: for whom it holds; for everybody where empty.
        catalogs: of what; of every catalog that has the columns where empty.
        reason: why, for people.
        missing: what becomes of items of which a condition's column is not known; "" keeps them
            out by `only` and lets them in by `never`.
        path: the file.
        places: line and column of each condition in it.
    """

    name: str
    never: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    catalogs: tuple[str, ...] = ()
    reason: str = ""
    missing: Literal["", "hide", "allow"] = ""
    path: Path | None = None
    places: dict[str, tuple[int, int]] = field(default_factory=dict, compare=False)

    def wrong(self, condition: str, message: str, hint: str = "") -> BadInput:
        """The error for one of its conditions."""
        line, column = self.places.get(condition, (None, None))
        told = f"the rule '{self.name}': {message}"
        return BadInput(told, hint=hint, path=self.path, line=line, column=column)


@dataclass(frozen=True, eq=False)
class Compiled:
    """A rule for a catalog.

    Attributes:
        rule: it.
        ruled: what it keeps out.
        unmet: of conditions that do not apply here: the condition and why.
    """

    rule: Rule
    ruled: Ruled
    unmet: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class House:
    """All rules of a house.

    Attributes:
        rules: them.
        profiles: the only profiles that may be used; any where empty.
        files: where they are from.
    """

    rules: tuple[Rule, ...] = ()
    profiles: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()

    def check_profile(self, name: str) -> None:
        """See that a profile may be used here.

        Raises:
            BadInput: it may not.
        """
        if self.profiles and name.casefold() not in map(str.casefold, self.profiles):
            allowed = ", ".join(self.profiles)
            raise BadInput(
                f"the rules of this house do not allow the profile {name!r}",
                hint=f"allowed: {allowed}",
            )

    def holding(self, profiles: Iterable[str], catalog: str) -> list[Rule]:
        """The rules that hold of a catalog for any of these profiles."""
        people = {name.casefold() for name in profiles}
        return [
            rule
            for rule in self.rules
            if (not rule.profiles or people & {name.casefold() for name in rule.profiles})
            and (not rule.catalogs or catalog in rule.catalogs)
        ]


def compiled(rule: Rule, catalog: Catalog, others: Elsewhere) -> Compiled:
    """A rule as a mask of a whole catalog.

    Raises:
        BadInput: a condition is wrong; a rule for this catalog names a column that it lacks; a
            column or value stands in no catalog at all.
    """
    mask = np.zeros(catalog.n_items, dtype=bool)
    unmet: list[tuple[str, str]] = []
    for text in (*rule.never, *rule.only):
        only = text in rule.only
        if catalog.schema.find(_column_of(text)) is None:
            unmet.append((text, _elsewhere(text, rule, catalog, others)))
            continue
        met = _met(text, rule, catalog, others)
        unknown = _unknown(text, catalog)
        if (rule.missing or ("hide" if only else "allow")) == "hide":
            mask |= ~met | unknown if only else met | unknown
        else:
            mask |= ~(met | unknown) if only else met & ~unknown
    return Compiled(rule, Ruled(rule.name, mask), tuple(unmet))


def _column_of(text: str) -> str:
    """The column that a condition names."""
    found = re.match(r"\s*([\w ]+?)\s*(?:\b(?:has|lacks)\b|[<>=!~]|[-\d.]*\s*\.\.)", text, re.I)
    return found[1] if found else text


def _elsewhere(text: str, rule: Rule, catalog: Catalog, others: Elsewhere) -> str:
    """Why a condition does not apply to a catalog that lacks its column.

    Raises:
        BadInput: the rule is for this catalog, or no other has the column either.
    """
    name = _column_of(text)
    if rule.catalogs or not others.has_column(name):
        try:
            parse_condition(text, catalog)
        except BadCondition as error:
            raise rule.wrong(text, error.message, error.hint) from None
    return f"{catalog.path.name} has no column {name}"


def _met(text: str, rule: Rule, catalog: Catalog, others: Elsewhere) -> Mask:
    """Which items meet a condition; a value that only other catalogs have is met by none.

    Raises:
        BadInput: the condition is wrong, or a value stands in no catalog.
    """
    try:
        return evaluate(parse_condition(text, catalog), catalog)
    except BadCondition as error:
        match = _VALUES.match(text)
        if match is None or rule.catalogs:
            raise rule.wrong(text, error.message, error.hint) from None
        wrong = error
    found = np.zeros(catalog.n_items, dtype=bool)
    for value in re.findall(r'"[^"]*"|[^|"]+', match["rest"]):
        one = f"{match['column']} has {value.strip()}"
        try:
            found |= evaluate(parse_condition(one, catalog), catalog)
        except BadCondition:
            if not others.has_value(one):
                raise rule.wrong(text, wrong.message, wrong.hint) from None
    return ~found if match["op"].lower() == "lacks" else found


def _unknown(text: str, catalog: Catalog) -> Mask:
    """The items of which nothing is known in the column of a condition: bool [n_items]."""
    column = catalog.schema.find(_column_of(text))
    if column is not None and column.role in (Role.YEAR, Role.NUMBER):
        return np.isnan(catalog.numbers(column.name))
    if column is not None and column.role in WORD_ROLES:
        return np.asarray(np.diff(catalog.words(column.name).forward()[0]) == 0)
    return np.zeros(catalog.n_items, dtype=bool)


def told_rules(names: Sequence[str]) -> str:
    """`the rule 'kids'`, `the rules 'kids' and 'budget'`."""
    quoted = [f"'{name}'" for name in names]
    return f"the rule{'s' * (len(names) > 1)} {' and '.join(quoted)}"


def rules_against(conditions: Sequence[str], catalog: Catalog) -> list[str]:
    """The rules that keep out everything that meets all these conditions; [] where some is left.

    Also [] where nothing meets them, or one of them is wrong.
    """
    if catalog.hidden is None or not conditions:
        return []
    mask = np.ones(catalog.n_items, dtype=bool)
    try:
        for text in conditions:
            mask &= evaluate(parse_condition(text, catalog), catalog)
    except BadCondition:
        return []
    if not mask.any() or bool((mask & ~catalog.hidden).any()):
        return []
    shares = sorted(catalog.rules, key=lambda rule: -int((mask & rule.mask).sum()))
    names: list[str] = []
    for rule in shares:
        if bool((mask & rule.mask).any()):
            names.append(rule.name)
            mask &= ~rule.mask
    return names


def short_of(conditions: Sequence[str], catalog: Catalog) -> str:
    """Conditions in a few words: "Horror, 1990-1999"."""
    told = [short(parse_condition(text, catalog), catalog.schema) for text in conditions]
    return ", ".join(dict.fromkeys(told))


def told_against(names: Sequence[str], what: str) -> str:
    """`the rule 'kids' keeps Horror from this list`."""
    return f"{told_rules(names)} keep{'s' * (len(names) == 1)} {what} from this list"
