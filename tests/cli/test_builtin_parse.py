"""What the parser makes of utterances: a table for films, plain films, games and books; properties."""

# ruff: noqa: E501  (one utterance a line)
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from recagent_catalogs.store import Catalog
from recagent_cli.agent.brain import PastTurn
from recagent_cli.agent.builtin.parse import Parser, wants_list
from recagent_cli.agent.builtin.readers.numbers import sensible
from recagent_cli.agent.request import Intent, Request, request_from_json
from recagent_tools.conditions import parse_condition
from tests.cli import builtin_catalogs

Parse = Callable[[str, str], Request]


@pytest.fixture(scope="session")
def catalogs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Catalog]:
    return {
        name: getattr(builtin_catalogs, name)(tmp_path_factory.mktemp(name))
        for name in ("films", "plain_films", "games", "books")
    }


@pytest.fixture(scope="session")
def parsers(catalogs: dict[str, Catalog]) -> dict[str, Parser]:
    return {name: Parser(catalog, year=lambda: 2026) for name, catalog in catalogs.items()}


def told(request: Request) -> dict[str, Any]:
    """The request without what is empty; mentions by title, wishes by text and sign."""
    found: dict[str, Any] = {"intent": str(request.intent)}
    for name in ("liked", "disliked", "seen", "about"):
        if mentions := getattr(request, name):
            found[name] = [m.title if m.id else None for m in mentions]
    found["where"] = sorted(request.conditions)
    found["weights"] = sorted(dict(request.weights))
    found["count"] = request.count
    found["question"] = (
        (request.question.kind, request.question.column) if request.question else None
    )
    found["search"] = request.search
    return found


# catalog, utterance, what must be so (only the keys given are compared)
TABLE: list[tuple[str, str, dict[str, Any]]] = [
    # seeds
    ("films", "90s sci-fi like Alien, but no horror", {"liked": ["Alien (1979)"], "where": ["genres has Sci-Fi", "genres lacks Horror", "year 1990..1999"]}),
    ("films", "like Heat and The Usual Suspects, from before 1990, no westerns, 7 of them", {"liked": ["Heat (1995)", "The Usual Suspects (1995)"], "where": ["genres lacks Western", "year ..1989"], "count": 7}),
    ("films", "movies like alien 1979 and blade runner", {"liked": ["Alien (1979)", "Blade Runner (1982)"], "where": []}),
    ("films", 'movies like "Fight Club"', {"liked": ["Fight Club (1999)"]}),
    ("films", "something similar to the matrix", {"liked": ["The Matrix (1999)"]}),
    ("films", "Captian Phillips", {"liked": ["Captain Phillips (2013)"]}),
    ("films", "12 angry men", {"liked": ["12 Angry Men (1957)"], "count": None}),
    ("films", "something like Se7en", {"liked": ["Se7en (1995)"]}),
    ("films", "movies like It", {"liked": ["It (2017)"]}),
    ("films", "I loved It (2017)", {"liked": ["It (2017)"], "intent": "recommend"}),
    ("films", "films like Up and Her", {"liked": ["Up (2009)", "Her (2013)"]}),
    ("films", "like 1917", {"liked": ["1917 (2019)"], "where": []}),
    ("films", "godfather 2", {"liked": ["The Godfather Part II (1974)"]}),
    ("films", "Alien (1979)", {"liked": ["Alien (1979)"]}),
    ("films", "how about Inception", {"liked": ["Inception (2010)"], "intent": "recommend"}),
    ("films", "I hated Titanic", {"disliked": ["Titanic (1997)"]}),
    ("films", "I've seen Heat and loved it", {"liked": ["Heat (1995)"], "seen": ["Heat (1995)"]}),
    ("films", "I just watched Toy Story with my cousin and we adored it", {"liked": ["Toy Story (1995)"], "seen": ["Toy Story (1995)"]}),
    ("films", "haven't seen Heat", {"intent": "feedback", "about": ["Heat (1995)"]}),
    ("films", "something newer than Gattaca", {"liked": ["Gattaca (1997)"], "where": ["year 1998.."]}),
    # what the catalog does not have
    ("films", "something like Interstellar", {"liked": [None]}),
    ("films", "something like The Terminator", {"liked": [None]}),
    ("films", "starring Xavier Nobody", {"search": "xavier nobody", "where": []}),
    # words that are titles and are not meant
    ("films", "what's up", {"intent": "chit_chat"}),
    ("films", "is it any good, her new one?", {"where": []}),
    ("films", "7 of them", {"count": 7, "where": []}),
    # superlatives over numbers and years
    ("films", "shortest film you have", {"intent": "recommend", "weights": ["runtime"], "where": []}),
    ("films", "longest war movies", {"weights": ["runtime"], "where": ["genres has War"]}),
    ("films", "the oldest horror film", {"weights": ["year"], "where": ["genres has Horror"]}),
    ("films", "the least popular Hitchcock", {"weights": ["popularity"], "where": ["directors has Alfred Hitchcock"]}),
    ("films", "less popular comedies", {"weights": ["popularity"], "where": ["genres has Comedy"]}),
    # all of a person or series is known
    ("films", "I've seen everything by Hitchcock, what next?", {"intent": "recommend", "where": ["directors lacks Alfred Hitchcock"], "liked": ["Psycho (1960)", "Vertigo (1958)", "Rear Window (1954)"]}),
    ("films", "my dad has seen each of the Godfather movies", {"where": ["franchise lacks The Godfather"]}),
    # exclusions by title and by a part of it
    ("films", "what's a good heist film that isn't Heat?", {"intent": "recommend", "disliked": ["Heat (1995)"], "question": None}),
    ("films", "a thriller other than Psycho", {"where": ["genres has Thriller"], "disliked": ["Psycho (1960)"]}),
    ("films", "everything by Miyazaki except Totoro", {"where": ["directors has Hayao Miyazaki"], "disliked": ["My Neighbor Totoro (1988)"]}),
    # what cannot be
    ("films", "Tom Hanks movies without Tom Hanks", {"intent": "chit_chat", "where": []}),
    ("films", "films from 1850", {"intent": "chit_chat", "where": []}),
    ("films", "movies from 3020", {"intent": "chit_chat", "where": []}),
    ("films", "etwas Lustiges aus den 90ern ohne Romantik", {"intent": "chit_chat", "search": ""}),
    # counts
    ("films", "give me 3 westerns older than Unforgiven", {"count": 3, "liked": ["Unforgiven (1992)"]}),
    ("films", "just two dramas", {"count": 2, "where": ["genres has Drama"]}),
    ("films", "500 films please", {"count": 100, "search": ""}),
    ("films", "200 comedies", {"count": 100, "where": ["genres has Comedy"]}),
    ("games", "no violence", {"where": ["tags lacks violent"]}),
    ("games", "nothing too violent", {"where": []}),
    ("films", "horror but no slasher horror", {"intent": "recommend", "where": ["genres has Horror"]}),
    ("games", "non violent shooters", {"where": ["genres has Shooter", "tags lacks violent"]}),
    ("films", "sci-fi, nothing with aliens", {"where": ["genres has Sci-Fi", "tags lacks alien"]}),
    ("games", "nothing violent please", {"where": ["tags lacks violent"]}),
    # kinds and their joining
    ("films", "slow thrillers", {"where": ["genres has Thriller"], "intent": "recommend"}),
    ("films", "comedy or drama", {"where": ["genres has Comedy | Drama"]}),
    ("films", "comedies and thrillers", {"where": ["genres has Comedy | Thriller"]}),
    ("films", "action comedy", {"where": ["genres has Action", "genres has Comedy"]}),
    ("films", "science fiction", {"where": ["genres has Sci-Fi"]}),
    ("films", "scifi", {"where": ["genres has Sci-Fi"]}),
    ("films", "scary movies", {"where": ["genres has Horror"]}),
    ("films", "cartoons", {"where": ["genres has Animation"]}),
    ("films", "docs", {"where": ["genres has Documentary"]}),
    ("films", "romantic comedies", {"where": ["genres has Comedy", "genres has Romance"]}),
    ("films", "rom com from the nineties", {"where": ["genres has Comedy", "genres has Romance", "year 1990..1999"]}),
    ("films", "horroe movies", {"where": ["genres has Horror"]}),
    ("films", "thrilers from the 70s", {"where": ["genres has Thriller", "year 1970..1979"]}),
    ("films", "in Korean", {"where": ["language has Korean"]}),
    ("films", "French films", {"where": ["language has French"]}),
    ("films", "japanese animation", {"where": ["genres has Animation", "language has Japanese"]}),
    # negation
    ("films", "scary but not gory", {"where": ["genres has Horror"]}),
    ("films", "anything except horror, though thrillers are fine", {"where": ["genres lacks Horror"]}),
    ("films", "I like everything but fantasy", {"where": ["genres lacks Fantasy"]}),
    ("films", "no horror, western or war", {"where": ["genres lacks Horror", "genres lacks War", "genres lacks Western"]}),
    ("films", "no horror, comedy please", {"where": ["genres has Comedy", "genres lacks Horror"]}),
    ("films", "I'm not into horror flicks, but love thrillers", {"where": ["genres has Thriller", "genres lacks Horror"]}),
    ("films", "I don't like stupid comedy", {"where": []}),
    ("films", "not too scary", {"where": []}),
    ("films", "less romance", {"where": []}),
    ("films", "not sure, maybe a comedy", {"intent": "recommend"}),
    ("films", "without Tom Hanks", {"where": ["cast lacks Tom Hanks"]}),
    ("films", "something with Brad Pitt but not Fight Club", {"where": ["cast has Brad Pitt"], "disliked": ["Fight Club (1999)"]}),
    ("films", "nothing before 1980", {"where": ["year 1980.."]}),
    # people
    ("films", "the funniest thing Bill Murray was in", {"where": ["cast has Bill Murray"]}),
    ("films", "hitchcock thrillers", {"where": ["directors has Alfred Hitchcock", "genres has Thriller"]}),
    ("films", "films by Clint Eastwood", {"where": ["directors has Clint Eastwood"]}),
    ("films", "films starring Clint Eastwood", {"where": ["cast has Clint Eastwood"]}),
    ("films", "Brad Pitt and Morgan Freeman", {"where": ["cast has Brad Pitt", "cast has Morgan Freeman"]}),
    ("films", "with Brad Pitt or Tom Hanks", {"where": ["cast has Brad Pitt | Tom Hanks"]}),
    ("films", "movies with Pacino", {"where": ["cast has Al Pacino"]}),
    ("films", "movies with Brad Pit", {"where": ["cast has Brad Pitt"]}),
    ("films", "directed by christopher nolan", {"where": ["directors has Christopher Nolan"]}),
    # times
    ("films", "early 80s", {"where": ["year 1980..1984"]}),
    ("films", "late nineties comedies", {"where": ["genres has Comedy", "year 1995..1999"]}),
    ("films", "80s and 90s thrillers", {"where": ["genres has Thriller", "year 1980..1999"]}),
    ("films", "from the 1950s", {"where": ["year 1950..1959"]}),
    ("films", "movies of the 2010 s", {"where": ["year 2010..2019"]}),
    ("films", "before 1960", {"where": ["year ..1959"]}),
    ("films", "until 1960", {"where": ["year ..1960"]}),
    ("films", "after 2000", {"where": ["year 2001.."]}),
    ("films", "since 2010", {"where": ["year 2010.."]}),
    ("films", "post-2000 dramas", {"where": ["genres has Drama", "year 2000.."]}),
    ("films", "pre 1970", {"where": ["year ..1969"]}),
    ("films", "from 1995 to 2005", {"where": ["year 1995..2005"]}),
    ("films", "between 1995 and 2005", {"where": ["year 1995..2005"]}),
    ("films", "1990-1995", {"where": ["year 1990..1995"]}),
    ("films", "from 1995", {"where": ["year = 1995"]}),
    ("films", "1995 or later", {"where": ["year 1995.."]}),
    ("films", "the last ten years", {"where": ["year 2016.."]}),
    ("films", "in the past 3 decades", {"where": ["year 1996.."]}),
    ("films", "this year", {"where": ["year = 2026"]}),
    ("films", "before the 60s", {"where": ["year ..1959"]}),
    ("films", "20th century films", {"where": ["year 1901..2000"]}),
    ("films", "set in the 80s", {"where": []}),
    # numbers
    ("films", "something under two hours with Tom Hanks", {"where": ["cast has Tom Hanks", "runtime < 120"]}),
    ("films", "films shorter than 100 minutes", {"where": ["runtime < 100"]}),
    ("films", "at least two and a half hours", {"where": ["runtime >= 150"]}),
    ("films", "between 90 and 120 minutes", {"where": ["runtime 90..120"]}),
    ("films", "2h or less", {"where": ["runtime <= 120"]}),
    ("films", "no longer than 95 min", {"where": ["runtime <= 95"]}),
    ("films", "less than an hour and a half", {"where": ["runtime < 90"]}),
    ("films", "a 16 hour flight tomorrow, any thriller", {"where": ["genres has Thriller"]}),
    ("films", "short films", {"where": ["runtime <= 106"]}),
    # counts
    ("films", "five films", {"count": 5}),
    ("films", "a movie", {"count": None, "intent": "recommend"}),
    ("films", "top 10 thrillers", {"count": 10}),
    ("films", "give me 3", {"count": 3}),
    ("films", "two comedies please", {"count": 2, "where": ["genres has Comedy"]}),
    ("films", "7 good horror films", {"count": 7, "where": ["genres has Horror"]}),
    # quality, mood, audience
    ("films", "critically acclaimed dramas", {"where": ["genres has Drama"], "weights": ["popularity", "rating"]}),
    ("films", "hidden gems", {"weights": ["novelty", "rating"]}),
    ("films", "most popular films", {"weights": ["popularity"]}),
    ("films", "recent films", {"weights": ["recency"], "where": []}),
    ("films", "something for my kids", {"where": ["audience <= all"]}),
    ("films", "with my 7 year old", {"where": ["audience <= all"]}),
    ("films", "rated r", {"where": ["audience = adult"]}),
    ("films", "something for a rainy day", {"where": [], "intent": "recommend"}),
    # questions
    ("films", "who directed Alien?", {"intent": "item_info", "about": ["Alien (1979)"], "question": ("attribute", "directors")}),
    ("films", "who stars in The Matrix", {"intent": "item_info", "question": ("attribute", "cast")}),
    ("films", "how long is Heat?", {"intent": "item_info", "question": ("attribute", "runtime")}),
    ("films", "what year did Psycho come out", {"intent": "item_info", "question": ("attribute", "year")}),
    ("films", "what genre is Vertigo", {"intent": "item_info", "question": ("attribute", "genres")}),
    ("films", "tell me about Blade Runner", {"intent": "item_info", "about": ["Blade Runner (1982)"]}),
    ("films", "how many horror films do you have?", {"intent": "aggregate", "question": ("count", ""), "where": ["genres has Horror"]}),
    ("films", "how many 90s thrillers", {"intent": "aggregate", "question": ("count", "")}),
    ("films", "which director has the most films?", {"intent": "aggregate", "question": ("most", "directors")}),
    # talk
    ("films", "thanks", {"intent": "closing"}),
    ("films", "thank you, bye!", {"intent": "closing"}),
    ("films", "hello", {"intent": "chit_chat"}),
    ("films", "what's the weather today", {"intent": "out_of_scope"}),
    ("films", "what can you do?", {"intent": "out_of_scope"}),
    ("films", "qwrtz plmkj", {"intent": "unclear"}),
    ("films", "", {"intent": "unclear"}),
    ("films", "Fine, thank you. We need a few scary films", {"intent": "recommend", "where": ["genres has Horror"]}),
    # a catalog without people, languages, runtime, audience
    ("plain_films", "something with Bill Murray", {"search": "bill murray", "where": []}),
    ("plain_films", "movies directed by Nolan", {"search": "nolan"}),
    ("plain_films", "for my kids", {"where": ["genres has Children"]}),
    ("plain_films", "horror from the 80s", {"where": ["genres has Horror", "year 1980..1989"]}),
    ("plain_films", "which actor has the most films?", {"intent": "aggregate", "question": ("most", "")}),
    # games
    ("games", "something like Portal, but longer", {"liked": ["Portal (2007)"], "where": ["hours > 3"]}),
    ("games", "cosy games under 20 hours", {"where": ["hours < 20"]}),
    ("games", "co-op on the Switch", {"where": ["modes has co-op", "platforms has Nintendo Switch"]}),
    ("games", "games by Valve", {"where": ["developers has Valve"]}),
    ("games", "a puzzle game from before 2010", {"where": ["genres has Puzzle", "year ..2009"]}),
    ("games", "rpgs with a great story", {"where": ["genres has RPG"]}),
    ("games", "who developed Hades?", {"intent": "item_info", "question": ("attribute", "developers")}),
    ("games", "how many hours is Portal 2", {"intent": "item_info", "question": ("attribute", "hours")}),
    ("games", "on PC, no shooters", {"where": ["genres lacks Shooter", "platforms has PC"]}),
    ("games", "something like doom but not violent", {"liked": ["Doom (1993)"], "where": ["tags lacks violent"]}),
    ("games", "which developer has the most games", {"question": ("most", "developers")}),
    ("games", "between 10 and 30 hours", {"where": ["hours 10..30"]}),
    # books
    ("books", "something by Agatha Christie", {"where": ["authors has Agatha Christie"]}),
    ("books", "mysteries under 300 pages", {"where": ["genres has Mystery", "pages < 300"]}),
    ("books", "I loved The Hobbit and Dune", {"liked": ["The Hobbit (1937)", "Dune (1965)"]}),
    ("books", "I enjoyed book Hobbit, is there anything similar?", {"liked": ["The Hobbit (1937)"]}),
    ("books", "short novels by Murakami", {"where": ["authors has Haruki Murakami", "pages <= 289"]}),
    ("books", "who wrote Emma?", {"intent": "item_info", "question": ("attribute", "authors")}),
    ("books", "how many pages does Dune have", {"intent": "item_info", "question": ("attribute", "pages")}),
    ("books", "around 350 pages tops", {"where": ["pages <= 350"]}),
    # where it comes from, and where it is set
    ("films", "japanese animation that's not by miyazaki", {"where": ["directors lacks Hayao Miyazaki", "genres has Animation", "language has Japanese"]}),
    ("films", "french comedies from the last 15 years", {"where": ["genres has Comedy", "language has French", "year 2011.."]}),
    ("films", "no french films please", {"where": ["language lacks French"]}),
    ("films", "films in french", {"where": ["language has French"]}),
    ("films", "a korean thriller", {"where": ["genres has Thriller", "language has Korean"]}),
    ("films", "not in english", {"where": ["language lacks English"]}),
    ("films", "foreign films", {"where": ["language lacks English"]}),
    ("films", "something slow set in paris", {"where": [], "search": "paris"}),
    ("books", "japanese fiction", {"where": ["genres has Fiction", "language has Japanese"]}),
    ("plain_films", "french thrillers", {"where": ["genres has Thriller"], "intent": "recommend"}),
    # whole requests as people open with
    ("films", "90s sci-fi like alien but no gore", {"liked": ["Alien (1979)"], "where": ["genres has Sci-Fi", "year 1990..1999"]}),
    ("films", "i loved parasite and inception, what next", {"intent": "recommend", "liked": ["Parasite (2019)", "Inception (2010)"]}),
    ("films", "funny movies for a rainy sunday with my 8 year old", {"where": ["audience <= all", "genres has Comedy"]}),
    ("films", "a heist movie that isn't heat", {"disliked": ["Heat (1995)"], "search": "heist"}),
    ("films", "any good comdies with bill murray?", {"where": ["cast has Bill Murray", "genres has Comedy"]}),
    ("films", "dark psychological thrillers with a twist, i've already seen se7en and psycho", {"seen": ["Se7en (1995)", "Psycho (1960)"], "where": ["genres has Thriller"], "intent": "recommend"}),
    ("films", "scary but not gory, more atmosphere than jump scares", {"intent": "recommend", "where": ["genres has Horror"]}),
    ("films", "show me westerns by clint eastwood", {"where": ["directors has Clint Eastwood", "genres has Western"]}),
    ("films", "a romantic comedy under 100 minutes", {"where": ["genres has Comedy", "genres has Romance", "runtime < 100"]}),
    ("films", "something like the godfather", {"liked": ["The Godfather (1972)"]}),
    ("films", "in the style of blade runner", {"liked": ["Blade Runner (1982)"]}),
    ("films", "3 war films that are not about world war two", {"where": ["genres has War", "tags lacks world-war-two"], "count": 3}),
    ("films", "mafia movies but not the godfather", {"where": ["franchise lacks The Godfather", "genres has Crime"]}),
    ("films", "best five comedies", {"where": ["genres has Comedy"], "weights": ["popularity", "rating"], "count": 5}),
    ("films", "i've seen groundhog day. something funny", {"intent": "recommend", "seen": ["Groundhog Day (1993)"], "where": ["genres has Comedy"]}),
    ("films", "i hated heat, something else like se7en", {"liked": ["Se7en (1995)"], "disliked": ["Heat (1995)"]}),
    ("films", "how about something shorter than 100 minutes", {"where": ["runtime < 100"]}),
    ("films", "about 100 minutes long", {"where": ["runtime 90..110"]}),
    ("films", "not too long and not depressing", {"where": ["runtime <= 106"]}),
    ("films", "they have seen toy story and up already", {"intent": "feedback", "seen": ["Toy Story (1995)", "Up (2009)"]}),
    ("films", "i never saw that", {"intent": "feedback", "liked": None}),
    ("films", "thanks for the suggestions, bye", {"intent": "closing"}),
    # what is not there, or only nearly
    ("films", "movies like titanica", {"liked": [None]}),
    ("films", "movies with jane doe", {"search": "jane doe", "where": []}),
    ("films", "the funniest with tilda nobody, the weirder the better", {"search": "tilda nobody", "where": []}),
    ("films", "show me the film xyzzy", {"liked": [None]}),
    ("films", "movies where the bad guy wins", {"intent": "unclear", "search": ""}),
    ("plain_films", "comedies with bill murray", {"where": ["genres has Comedy"], "search": "bill murray"}),
    ("plain_films", "did shawn levy direct any comedies", {"where": ["genres has Comedy"], "search": "shawn levy"}),
    # games and books
    ("games", "something like hades but easier", {"liked": ["Hades (2020)"], "where": []}),
    ("games", "cosy games like stardew valley", {"liked": ["Stardew Valley (2016)"]}),
    ("games", "couch co-op games for two people", {"where": ["modes has couch co-op"]}),
    ("games", "a long rpg with a great story, no turn based combat", {"where": ["genres has RPG", "hours >= 21", "tags lacks turn-based"]}),
    ("games", "short games under 5 hours", {"where": ["hours < 5"]}),
    ("games", "shooters that aren't doom", {"disliked": ["Doom (1993)"], "where": ["franchise lacks Doom", "genres has Shooter"]}),
    ("games", "games by valve on pc", {"where": ["developers has Valve", "platforms has PC"]}),
    ("games", "relaxing games on the switch", {"where": ["platforms has Nintendo Switch"]}),
    ("games", "i loved portal and hades", {"liked": ["Portal (2007)", "Hades (2020)"]}),
    ("games", "less violent, more story", {"intent": "recommend", "where": []}),
    ("games", "co-op puzzle games", {"where": ["genres has Puzzle", "modes has co-op"]}),
    ("games", "is portal on the switch", {"intent": "item_info", "about": ["Portal (2007)"], "where": ["platforms has Nintendo Switch"]}),
    ("books", "something by christie on a train", {"where": ["authors has Agatha Christie"], "search": "train"}),
    ("books", "i loved dune, what next", {"intent": "recommend", "liked": ["Dune (1965)"]}),
    ("books", "short mysteries", {"where": ["genres has Mystery", "pages <= 289"]}),
]  # fmt: skip


def test_the_table_is_long_enough() -> None:
    assert len(TABLE) >= 120


@pytest.mark.parametrize(("catalog", "utterance", "expected"), TABLE)
def test_table(
    parsers: dict[str, Parser], catalog: str, utterance: str, expected: dict[str, Any]
) -> None:
    got = told(parsers[catalog].parse(utterance))
    assert {key: got.get(key) for key in expected} == expected


PLAIN = [
    "slow thrillers", "90s sci-fi like Alien, but no horror", "comedies with Bill Murray",
    "something like heat", "five films from the 80s", "rom coms under two hours",
    "scary but not gory", "movies by hitchcock", "something for my kids", "hidden gems",
]  # fmt: skip


@pytest.mark.parametrize("utterance", PLAIN)
def test_manners_do_not_change_the_request(parsers: dict[str, Parser], utterance: str) -> None:
    parse = parsers["films"].parse
    plain = told(parse(utterance))
    for polite in (f"{utterance}, please", f"{utterance} thanks", f"{utterance}. Thank you!"):
        assert told(parse(polite)) == plain, polite


@pytest.mark.parametrize("utterance", PLAIN)
def test_case_does_not_change_the_request(parsers: dict[str, Parser], utterance: str) -> None:
    parse = parsers["films"].parse
    assert told(parse(utterance.lower())) == told(parse(utterance.upper()))
    assert told(parse(utterance.lower())) == told(parse(utterance))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.text(max_size=120))
@example(text="\ud800 like \x00 (")
@example(text="\"\" '' (1979) #9 #0")
@example(text="½ ² Ⅻ ﷺ like ½ hours")
@example(text="9999999999999999999999 minutes under 0 hours")
def test_no_string_crashes(parsers: dict[str, Parser], text: str) -> None:
    for parser in parsers.values():
        request = parser.parse(text)
        assert request_from_json(request.to_json()) == request


WORDS = [w for _, u, _ in TABLE for w in u.split()]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    words=st.lists(st.sampled_from(WORDS), max_size=14),
    name=st.sampled_from(["films", "games", "books"]),
)
def test_every_condition_can_be_read_back(
    parsers: dict[str, Parser], catalogs: dict[str, Catalog], words: list[str], name: str
) -> None:
    request = parsers[name].parse(" ".join(words))
    for condition in request.conditions:
        assert str(parse_condition(condition, catalogs[name])) == condition


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(turns=st.lists(st.sampled_from([u for c, u, _ in TABLE if c == "films"]), max_size=4))
def test_dialogues_never_crash(parsers: dict[str, Parser], turns: list[str]) -> None:
    history: list[PastTurn] = []
    for turn in turns:
        request = parsers["films"].parse(turn, history)
        history.append(PastTurn(turn, "", (0, 3, 5) if wants_list(request) else (), request))


def test_long_text_is_cut_and_said(parsers: dict[str, Parser]) -> None:
    request = parsers["films"].parse("I want a thriller " + "and blah " * 10_000)
    assert "genres has Thriller" in request.conditions
    assert any("first" in limit for limit in request.limits)


def test_an_unknown_title_is_never_a_neighbour(parsers: dict[str, Parser]) -> None:
    request = parsers["films"].parse("something like The Terminator")
    assert [m.id for m in request.liked] == [None]
    assert any("not in this catalog" in limit for limit in request.limits)


def test_unused_words_are_reported(parsers: dict[str, Parser]) -> None:
    assert "stupid" in parsers["films"].parse("I don't like stupid comedy").unused


def test_limits_are_said(parsers: dict[str, Parser]) -> None:
    assert parsers["plain_films"].parse("movies directed by Nolan").limits
    assert parsers["plain_films"].parse("French thrillers").limits
    assert parsers["plain_films"].parse("thrillers under 90 minutes").limits
    assert parsers["plain_films"].parse("the funniest thing Bill Murray was in").limits


def test_a_mood_is_read_as_values_of_the_catalog(
    parsers: dict[str, Parser], catalogs: dict[str, Catalog]
) -> None:
    wishes = parsers["films"].parse("something for a rainy day").wishes
    pairs = [pair for wish in wishes for pair in wish.values]
    assert ("tags", "cosy") in pairs
    assert all(catalogs["films"].words(column).code(value) is not None for column, value in pairs)


def test_a_near_title_is_asked_about_and_a_slip_is_said(parsers: dict[str, Parser]) -> None:
    asked = parsers["films"].parse("movies like titanica")
    assert "Titanic (1997)" in asked.clarify and "Titanic (1997)" in asked.options
    assert any("I took" in limit for limit in parsers["films"].parse("captian phillips").limits)


def test_numbers_are_said_as_people_say_them() -> None:
    assert [sensible(n) for n in (124.2, 79.2, 8.8, 2.2)] == [125, 80, 9, 2]


def test_more_of_a_manner_is_no_request_for_more_items(parsers: dict[str, Parser]) -> None:
    shown = [PastTurn("relaxing games", "", (0, 6), parsers["games"].parse("relaxing games"))]
    assert parsers["games"].parse("more story", shown).intent is Intent.REFINE
    assert parsers["games"].parse("more please", shown).intent is Intent.MORE


def test_less_of_something_is_a_negative_wish(parsers: dict[str, Parser]) -> None:
    wishes = parsers["films"].parse("thrillers, less violent").wishes
    assert [wish.weight < 0 for wish in wishes if wish.text == "violent"] == [True]


def test_nothing_heavy_at_import() -> None:
    import subprocess
    import sys

    code = "import sys, recagent_cli.agent.builtin.parse; print([m for m in ('duckdb','scipy','implicit','lightgbm','litellm') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[2], env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert done.stdout.strip() == "[]"


def test_intents_that_want_a_list() -> None:
    assert wants_list(Request(Intent.MORE))
    assert not wants_list(Request(Intent.CLOSING))
