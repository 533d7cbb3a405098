# ruff: noqa: E501
"""What words state of a person that lasts: tastes, the watchlist, verdicts by number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from recagent_catalogs.store import Catalog
from recagent_cli.agent.brain import PastTurn
from recagent_cli.agent.builtin.parse import Parser
from recagent_cli.agent.request import Intent, Request, request_from_json
from tests.cli import builtin_catalogs

SHOWN = (0, 1, 2, 3, 4)
MAKERS: dict[str, Callable[[Path], Catalog]] = {
    "films": builtin_catalogs.films,
    "games": builtin_catalogs.games,
    "books": builtin_catalogs.books,
}
Say = Callable[..., Request]


@pytest.fixture(scope="module")
def parsers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Parser]:
    return {
        name: Parser(make(tmp_path_factory.mktemp(name)), year=lambda: 2026)
        for name, make in MAKERS.items()
    }


@pytest.fixture(scope="module")
def after(parsers: dict[str, Parser]) -> Say:
    """The request of a turn after a list of the catalog's first five items."""

    def say(text: str, name: str = "films") -> Request:
        first = Request(Intent.RECOMMEND)
        return parsers[name].parse(text, [PastTurn("something", "Five.", SHOWN, first)])

    return say


def told(request: Request) -> list[str]:
    return [f"{one.kind} {one.column}={one.value}" for one in request.stated]


STATED = [
    ("films", "I love westerns", ["liked genres=Western"]),
    ("films", "I really love sci-fi and westerns.", ["liked genres=Sci-Fi", "liked genres=Western"]),
    ("films", "I've always loved musicals", ["liked genres=Musical"]),
    ("films", "I'm a huge fan of Tom Hanks", ["liked cast=Tom Hanks"]),
    ("films", "My favorite director is David Fincher", ["liked directors=David Fincher"]),
    ("films", "Westerns are my favorite", ["liked genres=Western"]),
    ("films", "I love films by Alfred Hitchcock", ["liked directors=Alfred Hitchcock"]),
    ("films", "I like funny movies", ["liked tags=funny"]),
    ("films", "I don't like horror", ["disliked genres=Horror"]),
    ("films", "Horror isn't for me", ["disliked genres=Horror"]),
    ("films", "I can't stand musicals or horror", ["disliked genres=Musical", "disliked genres=Horror"]),
    ("films", "I hate Bill Murray", ["disliked cast=Bill Murray"]),
    ("films", "I love westerns but I hate horror", ["liked genres=Western", "disliked genres=Horror"]),
    ("films", "I love westerns and hate horror", ["liked genres=Western", "disliked genres=Horror"]),
    ("films", "I love westerns, what do you have?", ["liked genres=Western"]),
    ("films", "a comedy from the 90s, I hate horror", ["disliked genres=Horror"]),
    ("films", "never horror again", ["never genres=Horror"]),
    ("films", "no horror ever again", ["never genres=Horror"]),
    ("films", "Never show me musicals", ["never genres=Musical"]),
    ("films", "please don't ever recommend Tom Hanks films", ["never cast=Tom Hanks"]),
    ("films", "I never want to see a musical again", ["never genres=Musical"]),
    ("films", "Never again anything with Tom Hanks!", ["never cast=Tom Hanks"]),
    ("games", "I love puzzle games", ["liked genres=Puzzle"]),
    ("games", "I hate shooters", ["disliked genres=Shooter"]),
    ("games", "I'm into games by Valve", ["liked developers=Valve"]),
    ("games", "never racing games again", ["never genres=Racing"]),
    ("books", "I love Agatha Christie", ["liked authors=Agatha Christie"]),
    ("books", "I don't like romance", ["disliked genres=Romance"]),
    ("books", "never show me horror", ["never genres=Horror"]),
    # the last word on a value holds
    ("films", "I love horror. No, I hate horror", ["disliked genres=Horror"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "expected"), STATED)
def test_lasting_tastes_are_stated(
    parsers: dict[str, Parser], name: str, text: str, expected: list[str]
) -> None:
    assert told(parsers[name].parse(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "no horror",
        "not too scary, no musicals",
        "westerns, please",
        "I want a western",
        "I'd love a western",
        "I would like some horror",
        "something like Heat",
        "I don't want horror",
        "don't show me horror",
        "no more horror",
        "I don't like horror tonight",
        "I'm not in the mood for musicals right now",
        "what should I watch if I like westerns?",
        "do I like westerns?",
        "my wife loves westerns",
        "people who like horror",
        "I used to love westerns",
        "I love westerns with Clint Eastwood",
        "I love westerns from the 50s",
        "I love dark comedies",
        "I love Heat",
        "I never watch trailers",
        "never mind the horror",
        "I've never liked being early",
        "",
    ],
)
def test_a_wish_for_this_list_is_no_taste(parsers: dict[str, Parser], text: str) -> None:
    assert told(parsers["films"].parse(text)) == []


def test_stating_filters_as_the_wish_does(parsers: dict[str, Parser]) -> None:
    parse = parsers["films"].parse
    assert parse("I hate horror").conditions == parse("no horror").conditions
    assert parse("Horror isn't for me").conditions == ("genres lacks Horror",)
    assert parse("never show me musicals").conditions == ("genres lacks Musical",)
    assert parse("I love westerns").conditions == ("genres has Western",)


def test_what_is_stated_is_stated_once(parsers: dict[str, Parser]) -> None:
    parser = parsers["films"]
    first = parser.parse("I love westerns, put Heat on my watchlist")
    assert told(first) and first.want
    second = parser.parse("something newer", [PastTurn("…", "Five.", SHOWN, first)])
    assert second.stated == () and second.want == ()
    assert "genres has Western" in second.conditions
    assert request_from_json(first.to_json()) == first


def titles(mentions: object) -> list[str]:
    assert isinstance(mentions, tuple)
    return [mention.title for mention in mentions]


WANT = [
    ("add the second to my watchlist", ["Aliens (1986)"]),
    ("put Heat on my list for later", ["Heat (1995)"]),
    ("Save Gattaca for later", ["Gattaca (1997)"]),
    ("put 2 and 4 on my watchlist", ["Aliens (1986)", "The Matrix (1999)"]),
    ("could you add #3 to my to-watch list?", ["Blade Runner (1982)"]),
    ("I'll put the first and the third on my watchlist", ["Alien (1979)", "Blade Runner (1982)"]),
    ("I want to add Heat and Gattaca to my watchlist", ["Heat (1995)", "Gattaca (1997)"]),
]


@pytest.mark.parametrize(("text", "expected"), WANT)
def test_items_are_put_on_the_watchlist(after: Say, text: str, expected: list[str]) -> None:
    request = after(text)
    assert titles(request.want) == expected and request.unwant == ()
    assert request.intent is Intent.FEEDBACK and not request.unused and not request.exclude_shown


def test_the_watchlist_speaks_every_catalog(after: Say) -> None:
    assert titles(after("put Hades on my backlog", "games").want) == ["Hades (2020)"]
    assert titles(after("add 1 to my reading list", "books").want) == ["The Hobbit (1937)"]
    assert titles(after("take Dune off my reading list", "books").unwant) == ["Dune (1965)"]


def test_off_the_watchlist(after: Say) -> None:
    request = after("take 2 off my watchlist")
    assert titles(request.unwant) == ["Aliens (1986)"] and request.want == ()
    assert titles(after("remove Heat from my watchlist").unwant) == ["Heat (1995)"]


def test_which_one_is_asked_where_nothing_is_pointed_at(after: Say) -> None:
    for text in ("add it to my watchlist", "take it off my watchlist"):
        request = after(text)
        assert not request.want and not request.unwant and "Which one" in request.clarify


def test_a_wish_beside_the_watchlist_counts(after: Say) -> None:
    request = after("westerns please, and put Heat on my watchlist")
    assert titles(request.want) == ["Heat (1995)"]
    assert request.conditions == ("genres has Western",) and request.intent is Intent.REFINE


@pytest.mark.parametrize(
    "text", ["what's on my watchlist", "What is on my watchlist?", "show me my watchlist"]
)
def test_the_watchlist_is_shown(after: Say, text: str) -> None:
    request = after(text)
    assert request.wanted and request.seen_too and request.intent is Intent.RECOMMEND
    assert request.conditions == () and not request.unused


def test_a_look_at_the_watchlist_changes_no_wish(parsers: dict[str, Parser], after: Say) -> None:
    parse = parsers["films"].parse
    comedies = PastTurn("comedies", "Five.", SHOWN, parse("comedies"))
    look = PastTurn("…", "Two.", SHOWN[:2], parse("what's on my watchlist?", [comedies]))
    request = parse("something newer", [comedies, look])
    assert request.conditions[:1] == ("genres has Comedy",)
    assert not request.wanted and not request.seen_too and request.count is None


def test_only_the_watchlist_holds_on(parsers: dict[str, Parser], after: Say) -> None:
    request = after("a comedy from my watchlist")
    assert request.wanted and request.conditions == ("genres has Comedy",)
    assert after("only from my watchlist").wanted
    history = [PastTurn("…", "Five.", SHOWN, request)]
    parse = parsers["films"].parse
    assert parse("something newer", history).wanted
    assert not parse("not only from my watchlist", history).wanted
    assert not parse("start over, thrillers", history).wanted


def test_a_set_of_that_name_is_no_watchlist(parsers: dict[str, Parser]) -> None:
    history = [PastTurn("…", "Five.", SHOWN, Request(Intent.RECOMMEND))]
    request = parsers["films"].parse("only from my watchlist", history, sets=("watchlist",))
    assert not request.wanted


@pytest.mark.parametrize(
    "text",
    [
        "also what I have seen",
        "including ones I've seen",
        "comedies, including films I've already seen",
        "even ones I have watched before",
        "it can be something I've seen",
        "seen ones are fine",
        "I don't mind rewatching",
    ],
)
def test_what_was_seen_may_be_offered(after: Say, text: str) -> None:
    request = after(text)
    assert request.seen_too and request.intent in (Intent.RECOMMEND, Intent.REFINE)


@pytest.mark.parametrize("text", ["I have seen 2", "nothing I've seen", "I've already seen Heat"])
def test_what_was_seen_stays_out(after: Say, text: str) -> None:
    assert not after(text).seen_too


def test_seen_too_is_taken_back(parsers: dict[str, Parser], after: Say) -> None:
    history = [PastTurn("…", "Five.", SHOWN, after("comedies, including ones I've seen"))]
    assert parsers["films"].parse("something newer", history).seen_too
    assert not parsers["films"].parse("but nothing I've seen", history).seen_too


VERDICTS = [
    ("2 was great", ["Aliens (1986)"], [], []),
    ("the first one was boring", [], ["Alien (1979)"], []),
    ("1 and 3 were boring", [], ["Alien (1979)", "Blade Runner (1982)"], []),
    ("1 was great, 2 was bad", ["Alien (1979)"], ["Aliens (1986)"], []),
    ("the first was great, the second was awful", ["Alien (1979)"], ["Aliens (1986)"], []),
    ("3: 8/10", ["Blade Runner (1982)"], [], []),
    ("2 4/5", ["Aliens (1986)"], [], []),
    ("I give 2 one star", [], ["Aliens (1986)"], []),
    ("I watched 2, loved it", ["Aliens (1986)"], [], ["Aliens (1986)"]),
    ("not 3", [], ["Blade Runner (1982)"], []),
]


@pytest.mark.parametrize(("text", "liked", "disliked", "seen"), VERDICTS)
def test_verdicts_by_number(
    after: Say, text: str, liked: list[str], disliked: list[str], seen: list[str]
) -> None:
    request = after(text)
    assert titles(request.liked) == liked and titles(request.disliked) == disliked
    assert titles(request.seen) == seen and not request.unused


@pytest.mark.parametrize(
    "text", ["I'll take the second", "I'll take 2", "I'm going with number 2", "2 it is"]
)
def test_one_of_the_list_is_taken(after: Say, text: str) -> None:
    request = after(text)
    assert request.intent is Intent.FEEDBACK and titles(request.about) == ["Aliens (1986)"]
    assert not request.exclude_shown and not request.unused


@pytest.mark.parametrize("text", ["3 comedies", "2 players", "from the 2 thousands"])
def test_other_numbers_are_none_of_the_list(after: Say, text: str) -> None:
    request = after(text)
    assert not (request.liked or request.disliked or request.seen or request.about)
