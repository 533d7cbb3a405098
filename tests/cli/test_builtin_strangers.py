"""Strangers' tables of any domain: what items are called, what columns mean, what is understood."""

# ruff: noqa: E501  (one utterance a line)
from __future__ import annotations

from pathlib import Path

import pytest

from recagent_catalogs.ingest import ingest
from recagent_catalogs.store import Catalog
from recagent_cli.agent.builtin.parse import Parser
from recagent_cli.agent.request import Intent, Request

TABLES = {
    "songs": """
song_id,title,artist,genre,year,duration_sec,bpm
1,Paranoid Android,Radiohead,Rock,1997,384,82
2,Karma Police,Radiohead,Rock,1997,261,75
3,Hurt,Johnny Cash,Country,2002,218,91
4,Jolene,Dolly Parton,Country,1973,162,111
5,Blue in Green,Miles Davis,Jazz,1959,337,60
6,Around the World,Daft Punk,Electronic,1997,429,121
7,One More Time,Daft Punk,Electronic,2000,320,123
8,Hyperballad,Bjork,Electronic,1995,321,134
""",
    "albums": """
album_id,name,band,genres,released
1,OK Computer,Radiohead,Rock|Alternative,1997
2,Kind of Blue,Miles Davis,Jazz,1959
3,Blue Train,John Coltrane,Jazz,1957
""",
    "recipes": """
recipe_id,title,cuisine,ingredients,cook_time_min,calories
1,Shakshuka,Israeli,eggs|tomatoes|peppers,25,320
2,Pad Thai,Thai,rice noodles|shrimp|peanuts,30,520
3,Minestrone,Italian,beans|tomatoes|pasta,45,240
4,Carbonara,Italian,eggs|pasta|bacon,20,650
""",
    "podcasts": """
podcast_id,title,host,category,language,episode_minutes
1,Serial,Sarah Koenig,True Crime,English,45
2,Radiolab,Jad Abumrad,Science,English,40
3,Acquired,Ben Gilbert|David Rosenthal,Business,English,180
""",
    "boardgames": """
id,name,designer,mechanics,min_players,playing_time,price_eur,category
1,Catan,Klaus Teuber,trading|dice,3,90,35,Strategy
2,Pandemic,Matt Leacock,co-op|hand management,2,45,40,Strategy
3,Azul,Michael Kiesling,tile placement,2,40,30,Abstract
4,Codenames,Vlaada Chvatil,word|teams,4,15,20,Party
""",
    "cheeses": """
cheese_id,name,country,milk,price,notes
1,Brie,France,cow,5.5,soft and creamy with a white rind
2,Manchego,Spain,sheep,9,firm and nutty
3,Roquefort,France,sheep,8,blue and sharp
4,Gouda,Netherlands,cow,4,mild and sweet
""",
    "wines": """
wine_id,title,winery,variety,country,price_usd,rating,vintage
1,Chateau Margaux,Margaux,Cabernet,France,500,4.7,2015
2,Penfolds Bin 389,Penfolds,Shiraz,Australia,60,4.3,2018
3,Cloudy Bay,Cloudy Bay,Sauvignon Blanc,New Zealand,25,4.0,2021
""",
}
CALLED = {
    "songs": ("song", "songs", "listen to"),
    "albums": ("album", "albums", "listen to"),
    "recipes": ("recipe", "recipes", "cook"),
    "podcasts": ("podcast", "podcasts", "listen to"),
    "boardgames": ("game", "games", "play"),
    "cheeses": ("cheese", "cheeses", "try"),
    "wines": ("wine", "wines", "drink"),
}
LABELS = {
    "songs": "artist",
    "albums": "band",
    "podcasts": "host",
    "boardgames": "designer",
    "wines": "winery",
}
UNITS = {
    ("songs", "duration_sec"): "sec", ("songs", "bpm"): "bpm", ("recipes", "cook_time_min"): "min",
    ("podcasts", "episode_minutes"): "min", ("boardgames", "price_eur"): "eur",
}  # fmt: skip
# catalog, utterance, conditions
SAID: list[tuple[str, str, list[str]]] = [
    ("songs", "jazz songs", ["genre has Jazz"]),
    ("songs", "songs by daft punk", ["artist has Daft Punk"]),
    ("songs", "electronic tracks under 6 minutes", ["duration_sec < 360", "genre has Electronic"]),
    ("songs", "something slow", ["bpm <= 83"]),
    ("songs", "fast songs from the 90s", ["bpm >= 120", "year 1990..1999"]),
    ("songs", "country tunes", ["genre has Country"]),
    ("songs", "bands like radiohead", ["artist lacks Radiohead"]),
    ("albums", "jazz albums from the 50s", ["genres has Jazz", "year 1950..1959"]),
    ("albums", "albums by john coltrane", ["band has John Coltrane"]),
    ("recipes", "italian recipes under 30 minutes", ["cook_time_min < 30", "cuisine has Italian"]),
    ("recipes", "a quick dish", ["cook_time_min <= 24"]),
    ("recipes", "thai food without peanuts", ["cuisine has Thai", "ingredients lacks peanuts"]),
    ("recipes", "under 400 calories", ["calories < 400"]),
    ("recipes", "what can i cook tonight", []),
    ("podcasts", "true crime podcasts", ["category has True Crime"]),
    ("podcasts", "podcasts hosted by ben gilbert", ["host has Ben Gilbert"]),
    ("podcasts", "shows over an hour", ["episode_minutes > 60"]),
    ("boardgames", "co-op board games", ["mechanics has co-op"]),
    ("boardgames", "party games under 30 euros", ["category has Party", "price_eur < 30"]),
    ("boardgames", "games by klaus teuber", ["designer has Klaus Teuber"]),
    ("cheeses", "a french cheese", ["country has France"]),
    ("cheeses", "cheeses under 8 euros", ["price < 8"]),
    ("cheeses", "sheep cheeses", ["milk has sheep"]),
    ("cheeses", "something cheap", ["price <= 5"]),
    ("wines", "shiraz under 100 dollars", ["price_usd < 100", "variety has Shiraz"]),
    ("wines", "highly rated wines", ["rating >= 4"]),
    ("wines", "at least 4.2 stars", ["rating >= 4.2"]),
    ("wines", "wines by penfolds", ["winery has Penfolds"]),
]


@pytest.fixture(scope="module")
def parsers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Parser]:
    work = tmp_path_factory.mktemp("strangers")
    found = {}
    for name, text in TABLES.items():
        (work / f"{name}.csv").write_text(text.lstrip(), encoding="utf-8")
        found[name] = parser_of(work / f"{name}.csv", work / name)
    return found


def parser_of(table: Path, folder: Path) -> Parser:
    ingest(table, folder, name=table.stem)
    return Parser(Catalog.open(folder), year=lambda: 2026)


@pytest.mark.parametrize("name", TABLES)
def test_items_are_called_as_the_file_tells(parsers: dict[str, Parser], name: str) -> None:
    schema = parsers[name].vocabulary.schema
    assert (schema.item, schema.items, schema.verb) == CALLED[name]


@pytest.mark.parametrize("name", LABELS)
def test_people_are_called_as_the_header_tells(parsers: dict[str, Parser], name: str) -> None:
    labels = [c.label for c in parsers[name].vocabulary.schema.columns if c.role == "people"]
    assert labels == [LABELS[name]]


def test_headers_tell_units(parsers: dict[str, Parser]) -> None:
    got = {key: parsers[key[0]].vocabulary.schema.column(key[1]).unit for key in UNITS}
    assert got == UNITS


@pytest.mark.parametrize(("name", "said", "where"), SAID)
def test_what_is_said_is_understood(
    parsers: dict[str, Parser], name: str, said: str, where: list[str]
) -> None:
    request: Request = parsers[name].parse(said)
    assert (request.intent, sorted(request.conditions)) == (Intent.RECOMMEND, where)
    assert request.unused == ()


def test_a_plain_file_says_nothing_of_its_items(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("id,title\n1,One\n2,Two\n", encoding="utf-8")
    schema = parser_of(tmp_path / "data.csv", tmp_path / "built").vocabulary.schema
    assert (schema.item, schema.items) == ("item", "items")
