"""The numbered list of an answer on a terminal: title, year, key facts, bars, and why.

From 80 columns on everything about an item stands in columns and the reason below; narrower the
facts take a line of their own, then the bars go, then the facts. Without boxes and bars in plain
mode, for screen readers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recagent_catalogs.text import clean

from . import theme
from .render import items_table, key_facts

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.text import Text

    from recagent_catalogs.schema import CatalogSchema
    from recagent_catalogs.store import Catalog

    from ..agent.turn import ShownItem

WIDE = 80
WITH_BARS = 56
"""From so many columns on bars stand beside the titles."""
WITH_FACTS = 36
GAP = 2
FIT_HEAD, NOVELTY_HEAD = "fit", "novelty"
LEAST_FACTS = 24
MOST_TITLE = 48
"""A longer title goes on below, lest one of them draw the columns apart."""
MOST_WIDTH = 110
"""Reasons are read in lines no longer than this."""


@dataclass(frozen=True)
class ItemList:
    """A list as rich prints it; as wide as there is room, and as it always was through a pipe.

    Attributes:
        items: of the list.
        schema: of the catalog.
        plain: whether in sentences, without bars and columns.
    """

    items: Sequence[ShownItem]
    schema: CatalogSchema
    plain: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """As rich asks for it."""
        if not options.is_terminal:
            yield items_table(self.items, self.schema)
        elif self.plain:
            yield from self._plain()
        elif options.max_width >= WIDE:
            yield from _Columns.of(self, options.max_width, options.ascii_only).lines(
                options.max_width
            )
        else:
            yield from self._stacked(options.max_width, options.ascii_only)

    @property
    def known(self) -> tuple[bool, bool]:
        """Whether fit and novelty are known of any of the items."""
        fits = any(item.fit is not None for item in self.items)
        return fits, any(item.novelty is not None for item in self.items)

    @property
    def digits(self) -> int:
        """Width of the numbers."""
        return len(str(max((item.rank for item in self.items), default=1)))

    # -- plain -----------------------------------------------------------------------------------

    def _plain(self) -> Iterator[RenderableType]:
        from rich.padding import Padding
        from rich.text import Text

        for item in self.items:
            yield Text(f"{item.rank}. {clean(item.label)}")
            facts = ", ".join(key_facts(item, self.schema))
            reason = clean(item.reason) if says_more(item, self.schema) else ""
            for line in (facts, _in_words(item), reason):
                if line:
                    yield Padding(Text(line), (0, 0, 0, 3), expand=False)

    # -- narrow ----------------------------------------------------------------------------------

    def _stacked(self, width: int, ascii_only: bool) -> Iterator[RenderableType]:
        """Title and year, bars at the end of their line; facts and reason below."""
        from rich.padding import Padding
        from rich.text import Text

        fits, novelties = (known and width >= WITH_BARS for known in self.known)
        widths = (self.digits, None, theme.CELLS * fits, len(NOVELTY_HEAD) * novelties)
        if fits or novelties:
            yield in_columns(widths, ["", "", *_heads()], gap=1)
        indent = self.digits + 1
        for item in self.items:
            title = Text(clean(item.title), style=theme.TITLE)
            if item.year is not None:
                title.append(f" ({item.year})", style="not bold")
            cells = [Text(str(item.rank), style=theme.NUMBER), title, *_bars(item, ascii_only)]
            yield in_columns(widths, cells, gap=1)
            facts = fitted(key_facts(item, self.schema), width - indent)
            if facts and width >= WITH_FACTS:
                yield Padding(Text(facts, style=theme.FACTS), (0, 0, 0, indent), expand=False)
            if says_more(item, self.schema):
                told = Text(clean(item.reason), style=theme.QUIET)
                yield Padding(told, (0, 0, 0, indent), expand=False)


@dataclass(frozen=True)
class _Columns:
    """The widths of a list in columns, in cells of the terminal; 0 for a column that is not."""

    shown: ItemList
    ascii_only: bool
    digits: int
    title: int
    year: int
    facts: int
    fit: int
    novelty: int

    @classmethod
    def of(cls, shown: ItemList, width: int, ascii_only: bool) -> _Columns:
        """The widths that these items need, and there is room for."""
        from rich.cells import cell_len

        items = shown.items
        fits, novelties = shown.known
        year = 4 if any(item.year is not None for item in items) else 0
        year = max([year, *(len(str(item.year)) for item in items if item.year is not None)])
        fit, novelty = theme.CELLS * fits, len(NOVELTY_HEAD) * novelties
        fixed = shown.digits + sum(part + GAP for part in (year, fit, novelty) if part)
        room = width - fixed - GAP
        longest = max((cell_len(clean(item.title)) for item in items), default=0)
        longest = min(longest, MOST_TITLE)
        needed = [cell_len(" · ".join(key_facts(item, shown.schema))) for item in items]
        facts = max(needed, default=0)
        if facts and longest + GAP + facts > room:
            facts = min(facts, max(LEAST_FACTS, room - GAP - longest))
        title = min(longest, room - (facts + GAP if facts else 0))
        return cls(
            shown,
            ascii_only,
            shown.digits,
            title,
            year,
            facts,
            fit,
            novelty,
        )

    def lines(self, width: int) -> Iterator[RenderableType]:
        """The head of the bars, and for each item its line and its reason."""
        from rich.constrain import Constrain
        from rich.padding import Padding
        from rich.text import Text

        widths = (self.digits, self.title, self.year, self.facts, self.fit, self.novelty)
        if self.fit or self.novelty:
            yield in_columns(widths, ["", "", "", "", *_heads()], gap=GAP)
        for item in self.shown.items:
            facts = fitted(key_facts(item, self.shown.schema), self.facts)
            cells = [
                Text(str(item.rank), style=theme.NUMBER),
                Text(clean(item.title), style=theme.TITLE),
                Text("" if item.year is None else str(item.year)),
                Text(facts, style=theme.FACTS),
                *_bars(item, self.ascii_only),
            ]
            yield in_columns(widths, cells, gap=GAP)
            if says_more(item, self.shown.schema):
                told = Text(clean(item.reason), style=theme.QUIET)
                lines = Padding(told, (0, 0, 0, self.digits + GAP), expand=False)
                yield Constrain(lines, min(width, MOST_WIDTH))


def in_columns(
    widths: Sequence[int | None], cells: Sequence[RenderableType], *, gap: int
) -> RenderableType:
    """One line of columns, the first one to the right; width None takes what is left, 0 is none."""
    from rich.table import Table

    table = Table.grid(padding=(0, gap, 0, 0), expand=None in widths)
    kept = [(width, cell) for width, cell in zip(widths, cells, strict=True) if width != 0]
    for place, (width, _) in enumerate(kept):
        justify: Any = "left" if place else "right"
        table.add_column(width=width, ratio=1 if width is None else None, justify=justify)
    table.add_row(*(cell for _, cell in kept))
    return table


def _heads() -> list[RenderableType]:
    from rich.text import Text

    return [Text(name, style=theme.QUIET) for name in (FIT_HEAD, NOVELTY_HEAD)]


def _bars(item: ShownItem, ascii_only: bool) -> list[RenderableType]:
    return [
        bar_text(item.fit, theme.FIT, ascii_only),
        bar_text(item.novelty, theme.NOVELTY, ascii_only),
    ]


def bar_text(share: float | None, style: str, ascii_only: bool) -> Text:
    """A bar; blank where the share is not known."""
    from rich.text import Text

    if share is None:
        return Text("")
    full, empty = theme.bar(share, ascii_only=ascii_only)
    return Text.assemble((full, style), (empty, theme.QUIET))


def says_more(item: ShownItem, schema: CatalogSchema) -> bool:
    """Whether the reason is more than a kind that is among the facts anyway."""
    facts = ",".join(key_facts(item, schema))
    told = {part.strip().casefold() for part in facts.split(",")}
    return any(
        part.strip() and part.strip().casefold() not in told
        for part in clean(item.reason).replace(";", ",").split(",")
    )


def _in_words(item: ShownItem) -> str:
    """The bars as text: `fit 4 of 5, novelty 1 of 5`."""
    told = ((FIT_HEAD, item.fit), (NOVELTY_HEAD, item.novelty))
    return ", ".join(
        f"{name} {theme.cells(share)} of {theme.CELLS}" for name, share in told if share is not None
    )


def fitted(facts: Sequence[str], width: int) -> str:
    """The facts in so many cells: of the categories the last ones go first, then an end is cut."""
    from rich.cells import cell_len, set_cell_size

    kept = list(facts)
    while cell_len(told := " · ".join(kept)) > width:
        longest = max(range(len(kept)), key=lambda place: kept[place].count(", "))
        if ", " not in kept[longest]:
            break
        kept[longest] = kept[longest].rpartition(", ")[0]
    if cell_len(told) <= width:
        return told
    return set_cell_size(told, width - 1).rstrip() + "…" if width > 1 else ""


def plain_list(catalog: Catalog, rows: Sequence[int]) -> list[RenderableType]:
    """Items by title and year, a line each, without numbers that a person could point at."""
    from rich.text import Text

    return [Text(f"  {clean(catalog.label(row))}") for row in rows]
