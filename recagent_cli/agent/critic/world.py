"""What is true of the items a text may talk of, and what is known of the person."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from recagent_catalogs.errors import BadCondition
from recagent_catalogs.schema import NUMBER_ROLES, WORD_ROLES, Role
from recagent_catalogs.store import Item
from recagent_catalogs.text import bare_title, fold
from recagent_tools.conditions import parse_condition
from recagent_tools.models.history import History
from recagent_tools.retrieve import profile_history
from recagent_tools.tastes import lasting_tastes
from recagent_tools.toolbox import ToolContext

from ..request import Mention, Request

MAX_HISTORY = 300
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


class World:
    """The items of an answer, those the person named or saw, and what they asked for.

    Args:
        rows: the items presented, best first.
        context: catalog, bus, profile.
        request: what was asked, where it is known.
        about: the one item that the text explains.
        counted: further numbers that tools of this turn counted.
        told: rows that tools of this turn told of; they may be named where no list is shown.
    """

    def __init__(
        self,
        rows: Sequence[int],
        context: ToolContext,
        request: Request | None = None,
        about: int | None = None,
        counted: Collection[float] = (),
        told: Collection[int] = (),
    ) -> None:
        self.rows = tuple(int(row) for row in rows)
        self.context = context
        self.catalog = context.catalog
        self.schema = context.catalog.schema
        self.request = request
        self.about = about
        self.counted = frozenset(counted)
        self.told = () if self.rows else tuple(told)
        # What a picture shows is named beside the list that is made for it.
        self.recognised = tuple(told) if context.pictures else ()
        self._items: dict[int, Item] = {}
        self._told: dict[int, str] = {}
        self.stems: dict[int, frozenset[str]] = {}
        self.meanings: dict[str, list[tuple[str, str, Role]]] = {}
        self.own_words: frozenset[str] | None = None
        self._quantiles: dict[tuple[str, float], float] = {}

    # -- items -----------------------------------------------------------------------------------

    def item(self, row: int) -> Item:
        """An item, read once."""
        if row not in self._items:
            self._items[row] = self.catalog.item(row)
        return self._items[row]

    @cached_property
    def named(self) -> frozenset[int]:
        """Rows that may be named: shown, liked, asked about, and of the person's history."""
        context = self.context
        asked = self.request
        mentioned: Iterable[Mention] = ()
        if asked is not None:
            mentioned = (*asked.liked, *asked.disliked, *asked.seen, *asked.about)
        found = (self.catalog.row_of(m.id) for m in mentioned if m.id is not None)
        own = () if self.about is None else (self.about,)
        return frozenset(
            int(row)
            for row in (
                *self.rows,
                *own,
                *self.told,
                *self.recognised,
                *context.shown,
                *context.shown_before,
                *context.liked,
                *context.disliked,
                *context.profile.disliked,
                *context.profile.seen,
                *self.personal,
                *(row for row in found if row is not None),
            )
        )

    @cached_property
    def asked_about(self) -> tuple[int, ...]:
        """The one item that an "it" means before any is named; empty where nobody knows.

        It is the one that the text explains; where no list is shown, the one that the person asked
        about or, that failing, the only one that tools told of.
        """
        if self.about is not None:
            return (self.about,)
        if self.rows:
            return ()
        asked = () if self.request is None else self.request.about
        found = {self.catalog.row_of(m.id) for m in asked if m.id is not None}
        rows = {int(row) for row in found if row is not None} or set(self.told)
        return tuple(rows) if len(rows) == 1 else ()

    @cached_property
    def history(self) -> History:
        """What is known of the person's taste."""
        return profile_history(self.context)

    @cached_property
    def personal(self) -> frozenset[int]:
        """Rows the person likes or took."""
        rows = self.history.rows[self.history.weights > 0][-MAX_HISTORY:]
        return frozenset(int(row) for row in rows) | {int(row) for row in self.context.liked}

    @cached_property
    def asked(self) -> frozenset[str]:
        """Folded values that were asked for or against, and those that the person likes."""
        wanted = [value for _, value, _ in self.context.wishes]
        wanted += [value for _, value, weight in lasting_tastes(self.context) if weight > 0]
        texts = list(self.request.conditions) if self.request else []
        for stage in self.context.bus.stages:
            texts.extend(stage.texts("where"))
        for text in dict.fromkeys(map(str, texts)):
            try:
                condition = parse_condition(text, self.catalog)
            except BadCondition:
                continue
            wanted.extend(str(value) for value in condition.values)
        if self.request is not None:
            for wish in self.request.wishes:
                wanted.extend((wish.text, wish.search, *(value for _, value in wish.values)))
            wanted.append(self.request.search)
        return frozenset(fold(value) for value in wanted if value)

    @property
    def knows_person(self) -> bool:
        """Whether anything at all is known of the person."""
        return bool(self.personal or self.asked)

    # -- cells -----------------------------------------------------------------------------------

    def cell(self, row: int, column: str) -> list[str]:
        """The values of a cell as texts."""
        value = self.item(row).columns.get(column)
        if isinstance(value, list):
            return [str(part) for part in value]
        return [] if value in (None, "") else [str(value)]

    def values(self, row: int, *roles: Role) -> list[str]:
        """All values of the columns with these roles."""
        return [v for c in self.schema.with_role(*roles) for v in self.cell(row, c.name)]

    def words(self, row: int) -> str:
        """All an item says of itself, folded, with a space at both ends."""
        if row not in self._told:
            self._told[row] = self._words(row)
        return self._told[row]

    def _words(self, row: int) -> str:
        item = self.item(row)
        parts: list[str] = [item.label]
        for column in self.schema.shown:
            if column.role not in (Role.URL, Role.OTHER):
                parts.extend(self.cell(row, column.name))
        return f" {fold(' . '.join(parts))} "

    def numbers(self, row: int) -> dict[str, float]:
        """The number columns of an item by name; without those that are unknown."""
        found: dict[str, float] = {}
        for column in self.schema.columns:
            if column.role not in NUMBER_ROLES:
                continue
            value: Any = (
                self.item(row).year
                if column.role is Role.YEAR
                else self.item(row).columns.get(column.name)
            )
            if isinstance(value, int | float) and not np.isnan(value):
                found[column.name] = float(value)
        return found

    def figures(self, row: int) -> set[float]:
        """Every number that stands in the item's row."""
        told = " ".join(
            [self.item(row).label, *(v for c in self.schema.shown for v in self.cell(row, c.name))]
        )
        found = {to_number(text) for text in _NUMBER.findall(told)}
        return found | set(self.numbers(row).values())

    def rating(self, row: int) -> float | None:
        """Mean rating; None where nobody rated."""
        value = float(self.catalog.mean_rating[row])
        return None if np.isnan(value) else value

    def taken(self, row: int) -> int:
        """How many people took the item."""
        return int(self.catalog.popularity[row])

    def together(self, row: int) -> list[tuple[int, int, int]]:
        """(liked row, took both, took the liked one) as the models count them."""
        if not len(self.history.rows):
            return []
        return self.context.engine.together(row, self.history.liked())

    @cached_property
    def counts(self) -> frozenset[float]:
        """Numbers of candidates and items that may be told of the whole answer."""
        bus = self.context.bus
        found: set[float] = {float(self.catalog.n_items), float(len(self.rows)), float(len(bus))}
        for stage in bus.stages:
            found |= {float(stage.before), float(stage.after)}
        if self.request is not None and self.request.count:
            found.add(float(self.request.count))
        return frozenset(found | self.counted)

    def quantile(self, column: str, share: float) -> float:
        """The value of a number column below which that share of the catalog lies."""
        key = (column, share)
        if key not in self._quantiles:
            values = self.catalog.numbers(column).astype(np.float64)
            self._quantiles[key] = float(np.nanquantile(values, share))
        return self._quantiles[key]

    # -- names -----------------------------------------------------------------------------------

    def people(self, row: int) -> list[str]:
        """The people of an item."""
        return self.values(row, Role.PEOPLE)

    def is_person_of(self, name: str, people: Iterable[str]) -> bool:
        """Whether a folded name or a part of one is among people."""
        return any(f" {name} " in f" {fold(person)} " for person in people)

    def known_value(self, folded: str, *, series: bool = True) -> bool:
        """Whether words are a value of some column of the catalog; `series`: or of a series."""
        for column in self.schema.columns:
            if column.role in WORD_ROLES and (series or column.role is not Role.GROUP):
                if self.catalog.words(column.name).code_of(folded) is not None:
                    return True
        return False

    def is_a_person(self, folded: str) -> bool:
        """Whether somebody in the catalog has that name."""
        return any(
            self.catalog.words(column.name).code_of(folded) is not None
            for column in self.schema.with_role(Role.PEOPLE)
        )

    def same_series(self, row: int) -> bool:
        """Whether an item belongs to a series of an item that may be named."""
        column = self.schema.one(Role.GROUP)
        if column is None:
            return False
        mine = set(self.cell(row, column.name))
        return any(mine & set(self.cell(other, column.name)) for other in self.named)

    @cached_property
    def dotted_titles(self) -> tuple[str, ...]:
        """Titles that may be named and look like more than one sentence ("Super Mario Bros. 3")."""
        titles = (self.item(row).title for row in self.named)
        return tuple(title for title in titles if re.search(r"[.!?]\s", title))

    @cached_property
    def forms(self) -> dict[str, list[int]]:
        """Folded titles of what may be named, presented items first."""
        found: dict[str, list[int]] = {}
        rows = (*self.rows, *sorted(self.named - set(self.rows)))
        for row in rows:
            item = self.item(row)
            titles = [item.title, *self.values(row, Role.ALIAS)]
            titles += [part for title in titles for part in re.split(r":\s+|\s+[–—-]\s+", title)]
            for title in dict.fromkeys(titles):
                folded = fold(title)
                for form in (folded, bare_title(folded)):
                    if form and row not in found.setdefault(form, []):
                        found[form].append(row)
        return found


def to_number(text: str) -> float:
    """`1,234` and `4.2` as numbers; several points or commas divide thousands."""
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", text):
        text = text.replace(",", "")
    text = text.replace(",", ".")
    if text.count(".") > 1:
        text = text.replace(".", "")
    return float(text)


def numbers_in(text: str) -> set[float]:
    """All numbers that stand in a text."""
    return {to_number(number) for number in _NUMBER.findall(text)}
