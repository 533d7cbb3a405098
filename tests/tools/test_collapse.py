"""No more than n of a series or by one person: known answers on made-up titles."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pytest

from recagent_catalogs.errors import ToolError
from recagent_catalogs.ingest import ingest
from recagent_catalogs.interactions import Floats, Rows
from recagent_catalogs.store import Catalog
from recagent_tools.bus import CandidateBus
from recagent_tools.collapse import (
    collapsed,
    named_behind,
    parse_limits,
    series_by_title,
    series_name,
    told_limits,
)
from recagent_tools.models.engine import Engine
from recagent_tools.models.history import History
from recagent_tools.rank import RankArguments, rank
from recagent_tools.toolbox import ToolContext


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Tin Soldiers", "Tin Soldiers 2"),
        ("Tin Soldiers 2", "Tin Soldiers III"),
        ("The Vault", "The Vault: Part II"),
        ("The Vault Part Two", "The Vault, Part 3"),
        ("Vexed: Vol. 1", "Vexed: Vol. 2"),
        ("The Lost Crown: The First Gate", "Lost Crown: The Second Gate"),
        ("Ida Marsh and the Stone Door", "Ida Marsh and the Paper King"),
        ("Star Harbour: Episode IV - A Light", "Star Harbour: Episode V - A Shade"),
        ("Creature", "Creatures"),
        ("Creature", "Creature³"),
        ("The Long Field", "The Long Field"),
        ("Half-Tide 2: Episode One", "Half-Tide"),
    ],
)
def test_titles_of_one_series(one: str, other: str) -> None:
    assert series_name(one) == series_name(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Thing", "Thing"),
        ("Heat", "The Heat"),
        ("2001: A Long Way", "2010: A Longer Way"),
        ("Tin Soldiers", "Tin Cans"),
        ("Room 101", "Room 237"),
        ("Ida and the Stone Door", "Ida Marsh and the Paper King"),
    ],
)
def test_titles_of_different_series(one: str, other: str) -> None:
    assert series_name(one) != series_name(other)


LINES = [
    "id,title,genres,directors",
    "a,Grid Runner (1999),Sci-Fi|Action,Ana Bly",
    "b,Grid Runner Reloaded (2003),Sci-Fi|Action,Ana Bly",
    "c,Quiet Water (1990),Drama,Ana Bly",
    "d,Quiet Water (2011),Drama|Romance,Joss Penn",
    "e,Grid Runner Goes to the Opera With His Aunt (2004),Comedy,Joss Penn",
    "f,Heat Wave (1995),Comedy,Tove Ek",
    "g,Heat (1996),Crime|Thriller,Max Orr",
    "h,Lone Title (1997),Drama,",
]
OFFSHOOTS = [
    "id,title,genres",
    "a,Star Harbour: Episode IV - A Light (1977),Action|Sci-Fi",
    "b,Star Harbour: Episode V - A Shade (1980),Action|Sci-Fi",
    "c,Solo Run: A Star Harbour Story (2018),Action|Sci-Fi",
    "d,Rogue Six: The Star Harbour Movie (2016),Action|Adventure|Sci-Fi",
    "e,Building It: The Story of the Star Harbour Films (2004),Documentary",
    "f,Ada: A Star Harbour Story (2019),Romance",
    "g,Two Roads (1990),Drama",
    "h,Ida: A Two Roads Story (1994),Drama",
    "i,Tin Cans: A Love Story (1991),Comedy",
    "j,Tin Cans 2: A Star Harbour Story (1993),Action|Sci-Fi",
]


@pytest.fixture
def shelf(tmp_path: Path) -> Catalog:
    (tmp_path / "shelf.csv").write_text("\n".join(LINES) + "\n", encoding="utf-8")
    ingest(tmp_path / "shelf.csv", tmp_path / "shelf", name="shelf")
    return Catalog.open(tmp_path / "shelf")


def kept(catalog: Catalog, *limits: str, rows: str = "abcdefgh") -> tuple[str, str]:
    order = np.array([catalog.row_of(item) for item in rows], dtype=np.int32)
    stays, surplus = collapsed(order, parse_limits(limits, catalog), catalog)
    ids = ["".join(catalog.ids(order[places].tolist())) for places in (stays, surplus)]
    return ids[0], ids[1]


def test_no_more_than_n_share_a_value(shelf: Catalog) -> None:
    assert kept(shelf) == ("abcdefgh", "")
    assert kept(shelf, "series=1") == ("acefgh", "bd")
    assert kept(shelf, "series=1", rows="hdcba") == ("hdb", "ca"), "the best of each stays"
    assert kept(shelf, "series=2") == ("abcdefgh", "")
    assert kept(shelf, "directors=1") == ("adfgh", "bce"), "who has none is not limited"
    assert kept(shelf, "director=2") == ("abdefgh", "c")
    assert told_limits({"series": 1, "directors": 2}, shelf).startswith(
        "at most 1 of a series, 2 of"
    )


@pytest.mark.parametrize(
    ("title", "behind"),
    [
        ("Solo Run: A Star Harbour Story", "star harbour"),
        ("Rogue Six: The Star Harbour Movie", "star harbour"),
        ("Solo Run - Tales of Creatures", "of creature"),
        ("Solo Run: A Story", ""),
        ("Star Harbour", ""),
    ],
)
def test_what_a_title_names_behind_its_colon(title: str, behind: str) -> None:
    assert named_behind(title) == behind


def test_an_offshoot_belongs_to_the_series_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "shelf.csv").write_text("\n".join(OFFSHOOTS) + "\n", encoding="utf-8")
    ingest(tmp_path / "shelf.csv", tmp_path / "shelf", name="shelf")
    catalog = Catalog.open(tmp_path / "shelf")
    found = series_by_title(np.arange(catalog.n_items, dtype=np.int32), catalog)
    told = dict(zip(catalog.ids(range(catalog.n_items)), found, strict=True))
    series = {id for id, name in told.items() if name == "star harbour"}
    assert series == {"a", "b", "c", "d"}, "a romance and a book about it are not of it"
    assert told["h"] == "", "one other is no series"
    assert told["i"] == told["j"] == "tin cans", "its own series comes first"
    catalog.close()


@pytest.mark.parametrize(
    "text", ["series", "series=0", "series=x", "title=1", "year=1", "=1", "x=1"]
)
def test_wrong_limits_are_told(shelf: Catalog, text: str) -> None:
    with pytest.raises(ToolError):
        parse_limits([text], shelf)


def test_numbered_items_are_no_series(tmp_path: Path) -> None:
    lines = ["id,title", *(f"t{n},Toy {n}" for n in range(1, 31))]
    (tmp_path / "toys.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    ingest(tmp_path / "toys.csv", tmp_path / "toys", name="toys")
    catalog = Catalog.open(tmp_path / "toys")
    stays, surplus = collapsed(np.arange(30, dtype=np.int32), {"series": 1}, catalog)
    assert len(stays) == 30 and not len(surplus)


class Alphabetical:
    """An engine that ranks by row."""

    trained = True
    ordered = False

    def rank(self, rows: Rows, history: History) -> Floats:
        return -rows.astype(np.float32)


def test_rank_drops_what_is_too_many(shelf: Catalog) -> None:
    engine = cast(Engine, Alphabetical())
    context = ToolContext(shelf, engine, CandidateBus(shelf.n_items))
    rank(context, RankArguments(at_most=["series=1"]))
    ids = "".join(shelf.ids(context.bus.rows().tolist()))
    assert ids == "acefgh"
    assert context.bus.funnel() == "8 → ranked → 6 (at most 1 of a series)"
    assert context.bus.now.arguments == {"at_most": ["series=1"]}
    assert len(context.bus.scores()["score"]) == 6
    context.bus.start()
    rank(context, RankArguments(at_most=["series=2"]))
    assert context.bus.funnel() == "8 → ranked, at most 2 of a series"
    context.bus.start()
    rank(context, RankArguments(at_most=["series=1"], top=3))
    assert "".join(shelf.ids(context.bus.rows().tolist())) == "ace"
    assert context.bus.now.arguments["at_most"] == ["series=1"], "it can be made again"
