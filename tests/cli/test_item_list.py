"""The list on a terminal: its columns, bars and widths; snapshots at 40, 60, 80 and 120 columns."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from syrupy.assertion import SnapshotAssertion

from recagent_catalogs.schema import CatalogSchema, Column, Role
from recagent_cli.agent.turn import ShownItem
from recagent_cli.ui.item_list import ItemList, fitted
from recagent_cli.ui.theme import bar, cells

SCHEMA = CatalogSchema(
    "shelf",
    (
        Column("id", Role.ID),
        Column("title", Role.TITLE),
        Column("year", Role.YEAR),
        Column("genres", Role.CATEGORIES),
        Column("runtime", Role.NUMBER, unit="min"),
    ),
)


def item(rank: int, title: str, year: int | None = 1979, **told: Any) -> ShownItem:
    columns = {"genres": told.pop("genres", ["Horror", "Sci-Fi"]), "runtime": told.pop("min", 117)}
    reason = told.pop("reason", "like Aliens; same actor Sigourney Weaver")
    return ShownItem(rank, rank, str(rank), title, year, 1.0, reason, columns, **told)


ITEMS = (
    item(1, "Alien", fit=1.0, novelty=0.03),
    item(2, "七人の侍", 1954, genres=["Action", "Drama"], min=207, fit=0.52, novelty=0.41),
    item(3, "Ame\u0301lie e\u0301toile\u0301e", 2001, genres=["Romance"], min=None, fit=None),
    item(
        10,
        "Dr. Strangelove or: How I Learned to Stop Worrying and Love the Bomb",
        1964,
        genres=["Comedy", "War", "Satire"],
        fit=0.09,
        novelty=1.0,
        reason="",
    ),
    item(11, "Nameless", None, genres=[], min=None, fit=0.7, novelty=0.61),
)


def printed(width: int, shown: ItemList, *, encoding: str = "utf-8", terminal: bool = True) -> str:
    raw = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace")
    console = Console(
        _environ={},  # a dumb terminal has 80 columns
        file=raw,
        width=width,
        force_terminal=terminal,
        color_system=None,
        legacy_windows=False,
    )
    console.print(shown)
    raw.flush()
    return raw.buffer.getvalue().decode(encoding)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_the_list(width: int, snapshot: SnapshotAssertion) -> None:
    assert printed(width, ItemList(ITEMS, SCHEMA)) == snapshot


def test_plain(snapshot: SnapshotAssertion) -> None:
    told = printed(80, ItemList(ITEMS, SCHEMA, plain=True))
    assert "fit 3 of 5, novelty 2 of 5" in told
    assert told == snapshot


def test_through_a_pipe_it_is_the_table_of_scripts() -> None:
    assert "▰" not in printed(80, ItemList(ITEMS, SCHEMA), terminal=False)


def test_without_unicode_bars_are_ascii() -> None:
    told = printed(80, ItemList(ITEMS, SCHEMA), encoding="ascii")
    assert "#####  -----" in told and "?????" not in told


def test_bars_and_facts_stand_in_columns() -> None:
    lines = printed(80, ItemList(ITEMS, SCHEMA)).splitlines()
    starts = {
        cell_len(line[: line.index(first)])
        for line in lines
        if "▰" in line or "▱" in line
        for first in [min((c for c in "▰▱" if c in line), key=line.index)]
    }
    assert len(starts) <= 2, "fit, or novelty alone where no fit is known"


def test_nothing_known_leaves_no_bars() -> None:
    told = printed(80, ItemList((item(1, "Alien"),), SCHEMA))
    assert "fit" not in told and "novelty" not in told and "▱" not in told


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=90), min_size=1, max_size=4
    ),
    st.integers(20, 200),
    st.one_of(st.none(), st.floats(0, 1)),
)
@settings(max_examples=25)
def test_no_line_is_wider_than_the_screen(
    titles: list[str], width: int, share: float | None
) -> None:
    items = [item(n, t, fit=share, novelty=share) for n, t in enumerate(titles, 1)]
    told = printed(width, ItemList(items, SCHEMA))
    assert all(cell_len(line) <= width for line in told.split("\n"))
    assert all(char == "\n" or char.isprintable() or ord(char) > 0x9F for char in told)


def test_bars_round_to_cells() -> None:
    assert [cells(share) for share in (0.0, 0.09, 0.1, 0.5, 0.89, 0.9, 1.0)] == [
        0,
        0,
        1,
        3,
        4,
        5,
        5,
    ]
    assert bar(0.4) == ("▰▰", "▱▱▱")


def test_a_reason_that_the_facts_say_already_is_left_out() -> None:
    for reason, said in (("sci-fi, Horror", False), ("Sci-Fi; rated 4.1 by 9", True), ("", False)):
        told = printed(80, ItemList((item(1, "Alien", reason=reason),), SCHEMA))
        assert (len(told.splitlines()) == 2) is said


def test_facts_give_way_from_the_end() -> None:
    facts = ["Action, Adventure, Sci-Fi", "127 min"]
    assert fitted(facts, 40) == "Action, Adventure, Sci-Fi · 127 min"
    assert fitted(facts, 27) == "Action, Adventure · 127 min"
    assert fitted(facts, 17) == "Action · 127 min"
    assert fitted(facts, 10) == "Action ·…" and fitted(facts, 1) == ""
