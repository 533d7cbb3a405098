"""What the sentence around a stretch says it is: a story, a person, a rating, a word of a title."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from recagent_cli.agent.builtin.meaning.reading import Reading
from recagent_cli.agent.builtin.parse import Parser
from recagent_cli.agent.builtin.words.tokens import tokenize
from tests.cli import builtin_catalogs


@pytest.fixture(scope="module")
def parsers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Parser]:
    found = {}
    for name in ("films", "plain_films"):
        catalog = getattr(builtin_catalogs, name)(tmp_path_factory.mktemp(name))
        found[name] = Parser(catalog, year=lambda: 2026)
    return found


@pytest.fixture(scope="module")
def read(parsers: dict[str, Parser]) -> Callable[[str], Reading]:
    return lambda text: parsers["plain_films"].read(tokenize(text))


def stretches(reading: Reading, *kinds: str) -> list[str]:
    """The words of the spans of these kinds."""
    return [reading.text.phrase(s.start, s.end) for s in reading.spans if s.kind in kinds]


def topics(reading: Reading) -> list[str]:
    return [reading.text.phrase(start, end) for start, end in reading.topics]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        # a story about somebody: they need not play in it
        ("a film with meg ryan about walter raleigh", ["meg ryan"]),
        ("did tom hanks star with meg ryan in a film about bakers", ["tom hanks", "meg ryan"]),
        # a kind behind a name is none of its words
        ("is there a peter graham western four star film", ["peter graham"]),
        # well-known makers, without any cue
        ("the best judd apatow films", ["judd apatow"]),
        ("which kubrick films have you got", ["kubrick"]),
    ],
)  # fmt: skip
def test_strangers(read: Callable[[str], Reading], text: str, named: list[str]) -> None:
    reading = read(text)
    assert stretches(reading, "stranger") == named
    assert not stretches(reading, "title", "name")


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("find the film starring meg ryan about the grand canyon", []),
        ("were tom hanks and meg ryan in any films together", []),
        ("show me a thriller that had a rating of around seven", []),
        ("who directed the original version of psycho", ["psycho"]),
        ("when was the first psycho film released", ["psycho"]),
        ("when did the first horror film come out", []),
    ],
)
def test_titles(read: Callable[[str], Reading], text: str, titles: list[str]) -> None:
    assert stretches(read(text), "title", "name") == titles


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("is there a curling film", ["curling"]),
        ("a film with meg ryan as a lighthouse keeper", ["lighthouse keeper"]),
        ("meg ryan plays a beekeeper in which film", ["beekeeper"]),
        ("a film with a five star rating from 1990", []),
    ],
)
def test_topics(read: Callable[[str], Reading], text: str, told: list[str]) -> None:
    assert topics(read(text)) == told


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("a film with a song by nina simone", ["nina simone"]),
        ("which actor played sully in heat", ["sully"]),
        ("who starred as rufus in heat", ["rufus"]),
        ("films with the character rufus from the 1990s", ["rufus"]),
    ],
)
def test_extras(read: Callable[[str], Reading], text: str, asked: list[str]) -> None:
    assert stretches(read(text), "extra") == asked


@pytest.mark.parametrize(
    ("text", "ratings"),
    [
        ("a comedy rated pg 13 or r", ["rated pg 13", "r"]),
        ("an r film about bakers", ["r film"]),
    ],
)
def test_ratings(read: Callable[[str], Reading], text: str, ratings: list[str]) -> None:
    assert stretches(read(text), "audience") == ratings


def test_average_of_something_is_no_wish_for_the_middling(read: Callable[[str], Reading]) -> None:
    said = stretches(read("a drama with an average rating of eight"), "quality")
    assert not any("average" in words for words in said)
    assert stretches(read("a drama of average rating"), "quality")


def test_past_year(parsers: dict[str, Parser]) -> None:
    request = parsers["films"].parse("dramas from the past year")
    assert sorted(request.conditions) == ["genres has Drama", "year 2025.."]


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("any films with the word night in the title", ('title ~ "night"',)),
        ("are there dramas with river in the title", ("genres has Drama", 'title ~ "river"')),
        ("a film that has moon in its name", ('title ~ "moon"',)),
    ],
)
def test_words_of_titles(parsers: dict[str, Parser], text: str, conditions: tuple[str]) -> None:
    request = parsers["films"].parse(text)
    assert tuple(sorted(request.conditions)) == conditions
    assert not request.unused
