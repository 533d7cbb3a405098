"""What a turn does to what was offered, and whether a list is due."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from recagent_catalogs.store import Catalog
from recagent_cli.agent.brain import PastTurn
from recagent_cli.agent.builtin.dialogue.asked import answer, asked
from recagent_cli.agent.builtin.parse import Parser, wants_list
from recagent_cli.agent.builtin.words.phrases import Phrases
from recagent_cli.agent.builtin.words.tokens import tokenize
from recagent_cli.agent.request import Intent
from tests.cli import builtin_catalogs


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return builtin_catalogs.films(tmp_path_factory.mktemp("films"))


@pytest.fixture(scope="module")
def after(films: Catalog) -> Callable[[str], tuple[Parser, list[PastTurn]]]:
    """A parser, and a history in which thrillers were asked for and we then said something."""
    parser = Parser(films, year=lambda: 2026)
    first = parser.parse("thrillers")

    def said(text: str) -> tuple[Parser, list[PastTurn]]:
        shown = tuple(
            row for title in ("Heat", "Se7en") if title in text
            for row in films.titles.exact(title.lower())[:1]
        )  # fmt: skip
        return parser, [PastTurn("thrillers", text, shown, first)]

    return said


OFFER = "How about Heat?"


@pytest.mark.parametrize(
    ("said", "reply", "moves"),
    [
        ("Have you seen Heat?", "Yes", {"seen"}),
        ("Have you seen Heat?", "yep, twice. loved it", {"seen"}),
        ("Have you seen Heat?", "nope", set()),
        ("Did you like Heat?", "very much so", {"seen"}),
        ("Did you like Heat?", "Not really", {"reject"}),
        (OFFER, "I've already watched it, it was brilliant", {"seen"}),
        (OFFER, "saw that one years ago", {"seen"}),
        (OFFER, "Never heard of it", set()),
        (OFFER, "that's not really my cup of tea", {"reject"}),
        (OFFER, "I'd rather skip that one", {"reject"}),
        (OFFER, "I heard it got terrible reviews", {"reject"}),
        (OFFER, "I couldn't get into it", {"reject"}),
        (OFFER, "Sounds interesting, I'll give it a try", {"accept"}),
        (OFFER, "haven't seen it but I'll definitely look it up", {"accept"}),
        (OFFER, "adding it to my watchlist", {"accept"}),
        (OFFER, "What is it about?", {"inquire"}),
        (OFFER, "Who directed it?", {"inquire"}),
        (OFFER, "never seen it, who's in it?", {"inquire"}),
        (OFFER, "something funnier please", {"critique"}),
        (OFFER, "Loved it. Got anything like that?", {"seen", "critique"}),
        (OFFER, "it's a bit too violent for me", {"reject", "critique"}),
        (OFFER, "What about a comedy?", {"critique"}),
    ],
)
def test_moves(
    after: Callable[[str], tuple[Parser, list[PastTurn]]], said: str, reply: str, moves: set[str]
) -> None:
    parser, history = after(said)
    assert parser.moves(reply, history) == moves


@pytest.mark.parametrize(
    "reply",
    [
        "ok, thanks for all the suggestions",
        "Great, I'll put it on my list. Thanks for the tips and have a good night!",
        "That looks super interesting, thank you!",
        "I'm looking forward to it, thanks again",
        "Cool.",
        "ok nice",
        "Perfect!",
        "same here",
        "which sort of films are you fond of?",
        "what's your favourite thriller?",
        "Have you seen it?",
        "I have yet to see it",
        "it sounds like a fun movie, I think I'll watch it tonight",
        "No I haven't, but it sounds a lot like Alien",
        "is it scary?",
        "no thanks, that's all for today",
        "my bad!",
        "I want to know a bit about the plot",
    ],
)
def test_no_list_is_due(after: Callable[[str], tuple[Parser, list[PastTurn]]], reply: str) -> None:
    parser, history = after(OFFER)
    assert not wants_list(parser.parse(reply, history)), reply


@pytest.mark.parametrize(
    "reply",
    [
        "Thanks! Do you have anything with Al Pacino?",
        "that one I adore as well",
        "yeah, it was superb",
        "never heard of this either",
        "seen it already, it was a bit boring",
        "not for me",
        "I also like comedies",
        "How about Alien?",
        "any others?",
        "can you give me two more please",
        "I want to watch a comedy. Any recomendations?",
    ],
)
def test_a_list_is_due(after: Callable[[str], tuple[Parser, list[PastTurn]]], reply: str) -> None:
    parser, history = after(OFFER)
    assert wants_list(parser.parse(reply, history)), reply


@pytest.mark.parametrize(
    ("reply", "conditions"),
    [
        ("yes, it was a scary horror movie", set()),
        ("it looks funny, I'll watch it", set()),
        ("It is more of a drama, isn't it", set()),
        ("It should be a comedy", {"genres has Comedy"}),
        ("something that is more of a comedy", {"genres has Comedy"}),
    ],
)
def test_what_is_told_of_the_offer_is_no_wish(
    after: Callable[[str], tuple[Parser, list[PastTurn]]], reply: str, conditions: set[str]
) -> None:
    parser, history = after(OFFER)
    genres = {c for c in parser.parse(reply, history).conditions if "Thriller" not in c}
    assert genres == conditions


def test_a_question_about_the_offer_keeps_what_it_asks(
    after: Callable[[str], tuple[Parser, list[PastTurn]]],
) -> None:
    parser, history = after(OFFER)
    request = parser.parse("is it a comedy?", history)
    assert request.intent is Intent.ITEM_INFO
    assert request.conditions == ("genres has Comedy",)


def test_an_unknown_wish_is_asked_back(films: Catalog) -> None:
    request = Parser(films).parse("can you recommend some zydeco?")
    assert request.intent is Intent.RECOMMEND and "zydeco" in request.clarify


def test_a_year_in_brackets_ends_no_sentence() -> None:
    text = tokenize("I think Alien (1979) was great. (Really) good")
    assert [text.begins_sentence(i) for i in (2, 3, 4, 6, 7)] == [False, False, False, True, True]


@pytest.mark.parametrize(
    ("said", "asks"),
    [
        ("", ""),
        ("Here are five thrillers.", ""),
        ("Have you seen Heat?", "seen"),
        ("It is by Michael Mann. Did you like it?", "liked"),
        ("Which genres of films do you enjoy?", "open"),
        ("Would you like some more suggestions?", "more"),
        ("Would you like to watch it?", "try"),
        ("Hi! How are you?", "how"),
        ("1. What Did You Like? (1970)\n2. Have You Seen Her? (1990)", ""),
    ],
)
def test_asked(said: str, asks: str) -> None:
    assert asked(said) == asks


@pytest.mark.parametrize(
    ("reply", "told"),
    [("Yeah I did", "yes"), ("oh yes!", "yes"), ("not yet", "no"), ("I haven't", "no"),
     ("comedies", ""), ("nothing violent", ""), ("I have a cat", "")],
)  # fmt: skip
def test_answer(reply: str, told: str) -> None:
    assert answer(tokenize(reply)) == told


def test_phrases() -> None:
    phrases = Phrases(frozenset(("really",)))
    phrases.add("{ill,i will} {check {it,that} out,try{, it}}", "accept")
    phrases.add("try", "try")
    assert phrases.get("i will try") == ("accept",)
    assert phrases.get("ill check that out") == ("accept",)
    assert phrases.get("i will check out") == ()
    walked = list(phrases.walk("ill really try it now".split(), 0, 9))
    assert walked == [(3, "accept"), (4, "accept")]
    assert "try" in phrases and "will try" not in phrases


@pytest.mark.parametrize(
    ("asked_for", "kind"),
    [
        ("what films has Al Pacino been in?", "items"),
        ("do you know which movies Michael Mann directed", "items"),
        ("what is the latest film by Ridley Scott?", "items"),
        ("has Al Pacino ever been in a comedy?", "count"),
        ("what good films has Al Pacino been in?", ""),
        ("films with Al Pacino", ""),
    ],
)
def test_works_of_somebody(films: Catalog, asked_for: str, kind: str) -> None:
    request = Parser(films).parse(asked_for)
    assert (request.question.kind if request.question else "") == kind
    assert request.intent is (Intent.AGGREGATE if kind else Intent.RECOMMEND)
    assert request.conditions


def test_a_title_proposed_is_no_question(
    after: Callable[[str], tuple[Parser, list[PastTurn]]],
) -> None:
    parser, history = after(OFFER)
    assert parser.parse("how about Alien?", history).liked[0].title == "Alien (1979)"
    assert parser.parse("what about Heat?", history).intent is Intent.ITEM_INFO


SAID = {
    "accept": (
        "I'll consider that one",
        "ok I will consider it",
        "I hope to see it soon",
        "I need to see that",
        "I really need to watch that one",
        "I bet it's a good one",
        "That might be a good one",
        "might be interesting",
        "I may give it a go",
        "I want to watch this one",
        "I've been wanting to watch this one",
        "that could work",
        "That'll do nicely",
        "I could watch that",
        "I'd watch that",
        "I'm going to have to watch that now",
        "we might watch that tonight",
        "let's go with that one",
        "I'll go with Heat",
        "Think I'll rent it tonight",
        "I'll see if I can get it",
        "I will see if I can find it",
        "I'll look for it",
        "I'll have to find that one",
        "Heat sounds good",
        "I should watch that",
        "I have to see that",
        "I'm gonna watch it this weekend",
        "ok i will try that",
        "I'll definitely look this one up",
        "I'll make sure to watch it",
        "I will watch it again",
        "Maybe I will watch Heat",
        "You convinced me",
        "I like the sound of that",
        "sounds like something I would like",
        "sounds like my kind of movie",
        "That sounds like a nice film",
        "sounds like a good watch",
        "Yes, I'd very much like to see this",
        "I would like to watch that",
        "I'd love to see it",
        "I would be interested in that",
        "I might be interested in that one",
        "that looks good",
        "It looks like a fun movie",
        "Adding it to the list",
        "I'll put that on my list",
        "I am putting this one on the list",
        "I'll keep it in mind",
        "Alright, I'm going to take a look at this",
        "Ill see it",
        "for sure I'll be checking it out",
        "definitely checking that out",
        "I am going to be checking this out",
        "I'll be watching that tonight",
        "I am planning to see it",
        "I plan to watch it",
        "great idea",
        "Good call",
        "excellent choice",
        "I'll probably enjoy it",
        "I think I'd like that",
        "I think I would enjoy that one",
        "I heard that was good",
        "I've heard great things about it",
        "I've heard of it and want to see it",
    ),
    "reject": (
        "I don't think I'd like that",
        "I don't think I would enjoy it",
        "Not a fan of that one",
        "I'm not into that",
        "I'm not big on those",
        "that isn't what I'm looking for",
        "That's not what I had in mind",
        "I want something else",
        "It was boring",
        "I found it boring",
        "I thought it was terrible",
        "It was awful",
        "I didn't care for it",
        "I didn't care for that movie",
        "I did not like it",
        "didn't like that one much",
        "I wasn't impressed",
        "It wasn't for me",
        "it was okay but not my favorite",
        "I don't like that kind of movie",
        "I don't like scary movies",
        "I do not enjoy horror",
        "too scary for me",
        "That one is too violent",
        "I'll pass on that",
        "pass",
        "no thanks",
        "Nah",
        "Not interested",
        "I'm not interested in that one",
        "doesn't interest me",
        "doesn't sound like my thing",
        "that doesn't sound good",
        "I hated it",
        "I hate that movie",
        "it sucked",
        "that was a bad movie",
        "worst movie ever",
        "I can't stand him",
        "I couldn't finish it",
        "I turned it off halfway through",
        "I walked out of it",
        "overrated",
        "waste of time",
        "not my favorite",
        "I don't want to watch that",
        "I won't be watching that",
        "I have no interest in that",
        "never been a fan",
        "I've never really liked it",
        "it's not my style",
        "I avoid those",
        "I was disappointed",
        "it was disappointing",
        "It didn't do anything for me",
        "didn't do it for me",
        "I can't watch that",
        "I got bored",
    ),
    "seen": (
        "I've seen it",
        "seen it",
        "Yes I've seen that",
        "I've watched every one of them",
        "Already watched that",
        "I watched it last week",
        "I saw that in the theater",
        "I just saw that one",
        "saw it",
        "I saw Heat last year",
        "I've watched Heat many times",
        "I own it",
        "I have it on DVD",
        "I adore that film",
        "that's one of my favorites",
        "That is a classic",
        "that was so good",
        "Great film",
        "it was amazing",
        "Heat was great",
        "I really enjoyed Heat",
        "I grew up with that movie",
        "I've seen that a million times",
        "my favorite movie",
        "I remember that one",
        "Oh yes, that one is awesome",
        "it was pretty good",
        "It was ok",
        "I liked it",
        "liked it",
        "Very good movie",
        "I did see that one",
        "I think I saw it",
        "Watched it twice",
        "we saw it when it came out",
        "I've already seen that one, any others?",
        "loved Heat",
    ),
    "inquire": (
        "What's it about?",
        "who stars in that?",
        "Is it any good?",
        "is it on Netflix?",
        "is that a comedy?",
        "who is the director",
        "When did it come out?",
        "is it new?",
        "How long is it",
        "what genre is it",
        "Does it have a sad ending?",
        "is it scary",
        "which genre is that film",
        "would you tell me more about it",
        "tell me about it",
        "what's the plot",
        "what happens in it",
        "Was it good?",
        "is it worth watching",
        "is it suitable for kids?",
        "Is it a true story?",
        "is it based on a book",
        "Who plays in it",
        "what year was it made",
        "Is this the sequel?",
        "what is the rating?",
        "Can you tell me what it's about?",
        "never seen it, what's it about",
        "don't know it, is it any good?",
        "Any good?",
        "what's that?",
        "really? who's in it",
        "What did critics say?",
        "does he play the bad guy?",
    ),
    "critique": (
        "something less violent",
        "I want something funnier",
        "anything newer?",
        "I prefer comedies",
        "I'd rather have a comedy",
        "do you have anything more recent?",
        "How about a comedy instead",
        "something similar to that",
        "it's too long",
        "That's a bit too dark",
        "I was hoping for a comedy",
        "I was thinking more of a thriller",
        "that's more of a drama",
        "isn't that a horror movie?",
        "anything like that but funnier?",
        "I like romantic comedies more",
        "what about horror?",
        "any thrillers?",
        "one with more action",
        "I need a scary movie",
        "not so old",
        "a little older maybe",
        "something in the 90s",
        "are there any similar movies",
    ),
}
"""What people say to an offer, by the move it is."""


@pytest.mark.parametrize(
    ("move", "reply"), [(move, reply) for move, replies in SAID.items() for reply in replies]
)
def test_ways_to_say_it(
    after: Callable[[str], tuple[Parser, list[PastTurn]]], move: str, reply: str
) -> None:
    parser, history = after("What about Heat? It is great.")
    assert move in parser.moves(reply, history)
    due = move not in ("accept", "inquire")
    assert wants_list(parser.parse(reply, history)) == due


@pytest.mark.parametrize(
    "reply",
    [
        "I'll watch it. Do you have any others?",
        "Loved it. Are there any good films with Al Pacino?",
        "What a film! Any others?",
        "have you got any other good films?",
    ],
)
def test_a_request_for_items_is_no_question_about_one(
    after: Callable[[str], tuple[Parser, list[PastTurn]]], reply: str
) -> None:
    parser, history = after(OFFER)
    assert wants_list(parser.parse(reply, history))


def test_an_opening_request_may_ask_on_its_way(films: Catalog) -> None:
    request = Parser(films).parse(
        "I want something like Alien (what if nobody hears you?), have you seen it?"
    )
    assert wants_list(request) and request.liked[0].title == "Alien (1979)"
