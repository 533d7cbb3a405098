"""Single typed queries as spans: what each stretch of a query is read as."""

from __future__ import annotations

from pathlib import Path

import pytest

from recagent_cli.agent.builtin.parse import Parser
from recagent_cli.agent.builtin.words.tokens import tokenize
from tests.cli import builtin_catalogs


@pytest.fixture(scope="module")
def parsers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Parser]:
    made: dict[str, Parser] = {}
    for name in ("films", "plain_films"):
        folder: Path = tmp_path_factory.mktemp(name)
        made[name] = Parser(getattr(builtin_catalogs, name)(folder), year=lambda: 2026)
    return made


def stretches(parser: Parser, said: str, *kinds: str) -> list[str]:
    """What is read as one of the kinds, in the order of the text."""
    reading = parser.read(tokenize(said))
    return [reading.text.phrase(s.start, s.end) for s in reading.spans if s.kind in kinds]


def strangers(parser: Parser, said: str) -> list[tuple[str, bool]]:
    """The people whom no column knows, and whether they are makers."""
    spans = parser.read(tokenize(said)).spans
    return [(s.data.name, s.data.maker) for s in spans if s.kind == "stranger"]


GRADES = [
    ("dramas whose average rating is seven from the 1990s", ["seven"], 0.7),
    ("a six ratings average western", ["six"], 0.7),
    ("westerns that were rated a nine", ["nine"], 0.7),
    ("thrillers that scored 8/10", ["8 10"], 0.7),
    ("a horror film rated 2 out of ten", ["2 out of ten"], -0.7),
    ("comedies averaging four stars and above", ["four stars and above"], 0.7),
    ("it received a rating of three", ["three"], -0.2),
    ("have you got a decent musical", ["a decent"], 0.2),
    ("a comedy with all right ratings", ["all right ratings"], 0.2),
]


@pytest.mark.parametrize(("said", "wanted", "weight"), GRADES, ids=[row[0] for row in GRADES])
def test_grades(parsers: dict[str, Parser], said: str, wanted: list[str], weight: float) -> None:
    assert stretches(parsers["plain_films"], said, "quality") == wanted
    assert dict(parsers["plain_films"].parse(said).weights)["rating"] == weight


def test_numbers_that_are_no_grades(parsers: dict[str, Parser]) -> None:
    plain = parsers["plain_films"]
    assert plain.parse("two thrillers").count == 2
    assert not stretches(plain, "ok, a western", "quality")
    assert not stretches(plain, "horror rated r", "quality")


TOPICS = [
    ("a drama about a deep sea diver starring Tom Hanks", ["deep sea diver"]),
    ("any film set in a lighthouse from the 80s", ["lighthouse"]),
    ("westerns that deal with loyalty and received good ratings", ["loyalty"]),
    ("a comedy in which a butler becomes king", ["butler becomes king"]),
    ("did Tom Hanks star as a lonely postman", ["lonely postman"]),
    ("the film with the burning bridge scene", ["burning bridge"]),
    ("what war film about world war i did Sam Mendes direct", ["world war i"]),
    ("a film about her", []),
    ("tell me about Heat", []),
    ("how about something funny", []),
    ("a film about 90 minutes long", []),
]


@pytest.mark.parametrize(("said", "wanted"), TOPICS, ids=[row[0] for row in TOPICS])
def test_topics(parsers: dict[str, Parser], said: str, wanted: list[str]) -> None:
    reading = parsers["plain_films"].read(tokenize(said))
    assert [reading.text.phrase(*stretch) for stretch in reading.topics] == wanted


def test_a_topic_holds_no_title_and_no_name(parsers: dict[str, Parser]) -> None:
    for said in ("a drama about a big heat wave", "a film about alien abduction"):
        assert not stretches(parsers["films"], said, "title", "person", "name", "stranger"), said
    assert stretches(parsers["films"], "tell me about Heat", "title") == ["heat"]


FRAMES = [
    ("who directed the lonely lighthouse", "name", ["the lonely lighthouse"]),
    ("who stars in quiet waters of home", "name", ["quiet waters of home"]),
    ("what is deep river about", "name", ["deep river"]),
    ("what is big about", "title", ["big"]),
    ("what year was contact released", "title", ["contact"]),
    ("when did heat come out", "title", ["heat"]),
    ("how good is up", "title", []),
    ("show me a trailer for zebra crossing", "name", ["zebra crossing"]),
    ("tell me the plot of the film psycho", "title", ["psycho"]),
    ("who was the butler in gran torino", "title", ["gran torino"]),
    ("reviews of the crime movie heat", "title", ["heat"]),
    ("what are the ratings for the godfather films", "title", ["godfather"]),
    ("how many oscars did titanic win", "title", ["titanic"]),
    # no title there
    ("who directed the most horror films", "name", []),
    ("who directed the newest thriller", "name", []),
    ("which actors are in comedies from the 90s", "name", []),
    ("is there a good western", "name", []),
    ("what is it about", "name", []),
    ("who is in the second one", "name", []),
    ("dramas with a rating of seven", "title", []),
    ("when did Tom Hanks come to Hollywood", "name", []),
    ("name a couple of nice films about horses", "name", []),
]


@pytest.mark.parametrize(("said", "kind", "wanted"), FRAMES, ids=[row[0] for row in FRAMES])
def test_frames(parsers: dict[str, Parser], said: str, kind: str, wanted: list[str]) -> None:
    assert stretches(parsers["plain_films"], said, kind) == wanted


def test_an_unknown_title_in_a_question_is_said_to_be_unknown(parsers: dict[str, Parser]) -> None:
    request = parsers["films"].parse("who directed the lonely lighthouse")
    assert request.intent == "item_info" and [m.id for m in request.about] == [None]
    assert any("not in this catalog" in limit for limit in request.limits)


EXTRAS = [
    ("find the film with the song blue rain falling", "songs", "blue rain falling"),
    ("what movie is the song heat of the night from", "songs", "heat of the night"),
    ("which film has the quote here we go again in it", "quotes", "here we go again"),
    ("who played the butler in Gran Torino", "characters", "the butler"),
    ("did Tom Hanks star as forrest", "characters", "forrest"),
    ("show me a trailer for Heat", "trailers", ""),
    ("find a review of Heat", "reviews", ""),
]


@pytest.mark.parametrize(("said", "what", "name"), EXTRAS, ids=[row[0] for row in EXTRAS])
def test_things_no_catalog_has(parsers: dict[str, Parser], said: str, what: str, name: str) -> None:
    request = parsers["films"].parse(said)
    named = f" ({name!r})" if name else ""
    assert f"This catalog has no {what}{named}." in request.limits
    assert not request.search


def test_a_trailer_of_an_item_is_no_wish_for_others_like_it(parsers: dict[str, Parser]) -> None:
    request = parsers["films"].parse("show me a trailer for Heat")
    assert request.intent == "item_info" and not request.liked


def test_who_is_well_known_is_no_wish(parsers: dict[str, Parser]) -> None:
    assert not parsers["films"].parse("a well known western director").weights
    assert parsers["films"].parse("a well known western").weights


STRANGERS = [
    ("comedies starring oriel vantongeren", [("oriel vantongeren", False)]),
    ("a western directed by ubaldo ferrante from the 80s", [("ubaldo ferrante", True)]),
    ("did shanti goodfellow ever direct a thriller", [("shanti goodfellow", True)]),
    ("has boyd crowder been in any comedies", [("boyd crowder", False)]),
    ("dramas with maria del carmen rojas in them", [("maria del carmen rojas", False)]),
    ("movies tess o malley was in", [("tess o malley", False)]),
    ("films by bo holmqvist and pia lind", [("bo holmqvist", True), ("pia lind", True)]),
    ("an orson welles film", [("orson welles", True)]),
    ("a western with orson welles", [("orson welles", False)]),
    # nobody there
    ("a comedy with car chases", []),
    ("did it win any prizes", []),
    ("was there a good western in the 90s", []),
    ("has anything funny been made lately", []),
    ("directed by a highly rated newcomer", []),
    ("thrillers whose average rating is seven", []),
]  # fmt: skip


@pytest.mark.parametrize(("said", "wanted"), STRANGERS, ids=[row[0] for row in STRANGERS])
def test_strangers(parsers: dict[str, Parser], said: str, wanted: list[tuple[str, bool]]) -> None:
    assert strangers(parsers["plain_films"], said) == wanted


def test_a_known_name_is_of_the_column_that_is_meant(parsers: dict[str, Parser]) -> None:
    request = parsers["films"].parse("did Clint Eastwood direct any westerns")
    assert "directors has Clint Eastwood" in request.conditions
    assert parsers["films"].parse("with Clint Eastwood").conditions == ("cast has Clint Eastwood",)
