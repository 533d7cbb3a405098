"""Questions, small talk and thanks between wishes: what each of them is, and what it is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from recagent_catalogs.store import Catalog
from recagent_cli.agent.brain import PastTurn
from recagent_cli.agent.builtin.parse import Parser, wants_list
from recagent_cli.agent.request import Intent, Request
from tests.cli import builtin_catalogs

OFFER = "How about Heat?"
Say = Callable[..., Request]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return builtin_catalogs.films(tmp_path_factory.mktemp("films"))


@pytest.fixture(scope="module")
def parser(films: Catalog) -> Parser:
    return Parser(films, year=lambda: 2026)


@pytest.fixture(scope="module")
def history(films: Catalog, parser: Parser) -> Callable[[str], list[PastTurn]]:
    """Thrillers were asked for, and then we said something."""
    first = parser.parse("thrillers")

    def after(said: str) -> list[PastTurn]:
        shown = tuple(films.titles.exact("heat")[:1]) if "Heat" in said else ()
        return [PastTurn("thrillers", said, shown, first)]

    return after


@pytest.fixture(scope="module")
def say(parser: Parser, history: Callable[[str], list[PastTurn]]) -> Say:
    """The request of a turn after what we said."""
    return lambda text, said=OFFER: parser.parse(text, history(said))


@pytest.mark.parametrize(
    "text",
    [
        "Nachos with extra cheese. You?",
        "A cold drink and a big sofa. And you?",
        "pretzels for me, and u?",
        "the aisle seat, always. Yourself?",
        "Candles and a blanket. You?",
    ],
)
def test_a_bare_you_asks_back(say: Say, text: str) -> None:
    assert not wants_list(say(text, "What is your favorite snack?"))


@pytest.mark.parametrize("text", ["Comedies mostly. You?", "westerns and dramas. And you?"])
def test_a_kind_before_it_is_a_wish_still(say: Say, text: str) -> None:
    assert wants_list(say(text, "What kind of movies do you like?"))


@pytest.mark.parametrize(
    "text",
    [
        "nice and it is set in Boston, correct?",
        "That's the one about the bank robbers right?",
        "Is that the one based on a true story?",
        "so it has a long shootout in it, doesn't it?",
        "ok that one is in black and white, right?",
        "it was shot at night, wasn't it?",
        "no i havent what is it about",
        "yes i did who was the director",
        "Can you tell me more about Heat?",
        "No, I haven't. Can you tell me a bit more about it?",
        "hmm, when was this movie's release?",
    ],
)
def test_questions_of_what_was_offered(say: Say, text: str) -> None:
    request = say(text)
    assert request.intent is Intent.ITEM_INFO and not wants_list(request)
    assert [m.title for m in request.about] == ["Heat (1995)"]


@pytest.mark.parametrize(
    "text", ["that sounds good, right?", "that's fine, right?", "I'll watch it, ok?"]
)
def test_a_tag_after_a_verdict_asks_nothing(say: Say, text: str) -> None:
    assert say(text).intent is Intent.FEEDBACK


@pytest.mark.parametrize(
    "title",
    [
        "Maple Street Nights",
        "The Glass Harbour",
        "Northbound",
        "Sunken Orchard",
        "Glass Rain",
    ],
)
def test_more_about_an_unknown_title_says_that_it_is_unknown(say: Say, title: str) -> None:
    request = say(f"No, I haven't. Can you tell me more about {title}?")
    assert request.intent is Intent.ITEM_INFO
    assert [(m.text, m.id) for m in request.about] == [(title, None)]


@pytest.mark.parametrize("text", ["tell me about horror films", "tell me about some good comedies"])
def test_tell_me_about_a_kind_is_a_request(say: Say, text: str) -> None:
    assert wants_list(say(text))


@pytest.mark.parametrize(
    "text",
    [
        "What did you think of the shootout in Heat? I feel like the ending was rushed",
        "who directed Heat? i feel like he did better ones",
        "what do you think of Heat? I feel like it is too much",
    ],
)
def test_feel_like_before_a_view_is_no_request(say: Say, text: str) -> None:
    assert say(text).intent is Intent.ITEM_INFO


def test_feel_like_before_a_kind_is_one(say: Say) -> None:
    assert "genres has Western" in say("I feel like a western").conditions


@pytest.mark.parametrize(
    "text",
    [
        "I'd say Tom Hanks although I haven't seen many of his older films",
        "Tom Hanks, but I have not seen much of his work",
        "Tom Hanks I guess, havent seen all his stuff",
        "maybe Tom Hanks, I haven't watched a lot of his movies",
        "Tom Hanks. I haven't seen most of his films though",
    ],
)
def test_not_having_seen_many_is_no_answer_to_an_offer(say: Say, text: str) -> None:
    request = say(text, "Who is your favorite actor?")
    assert wants_list(request) and "Tom Hanks" in " ".join(request.conditions)


@pytest.mark.parametrize("text", ["I haven't seen it", "haven't seen any of those"])
def test_not_having_seen_what_was_offered_is_one(say: Say, text: str) -> None:
    assert say(text).intent is Intent.FEEDBACK


@pytest.mark.parametrize(
    "text",
    [
        "thank you, can i have some zydeco now please?",
        "thanks! could you find some quizzical ones next?",
        "ty, can we have some comedies now?",
        "thanks, may I have a western as well?",
        "thank you. Can you add a few dramas?",
    ],
)
def test_a_request_after_thanks_closes_nothing(say: Say, text: str) -> None:
    assert wants_list(say(text))


@pytest.mark.parametrize(
    "text",
    [
        "thanks, I'll find it somewhere",
        "I have, but ages ago. It was good to hear of older films that I like! Thanks for the tips",
        "good one. thanks for the suggestions, there are some I like",
        "great, thank you",
        "Thanks for all the ideas that we liked",
    ],
)
def test_thanks_at_the_end_close(say: Say, text: str) -> None:
    assert not wants_list(say(text))


@pytest.mark.parametrize(
    "text",
    [
        "Yes, I liked that one. Have you ever seen Se7en? It's great",
        "I watched it last week, loved it. Have you seen Se7en?",
        "yes i have seen it have you seen Se7en yet",
        "I saw it twice. Have you seen Se7en?",
        "loved that movie! have you watched Se7en?",
    ],
)
def test_one_more_title_after_a_verdict_is_taste(say: Say, text: str) -> None:
    request = say(text)
    named = [m.title for m in (*request.liked, *request.seen)]
    assert wants_list(request) and "Se7en (1995)" in named


@pytest.mark.parametrize("text", ["have you seen Se7en?", "No I haven't. Have you seen Se7en?"])
def test_without_a_verdict_it_is_a_question(say: Say, text: str) -> None:
    assert say(text).intent is Intent.ITEM_INFO


@pytest.mark.parametrize(
    "text",
    [
        "Yes I know Tom Hanks. What else does he star in?",
        "I like Tom Hanks. What else has he been in?",
        "Tom Hanks is great. What movies did he make?",
        "oh, Tom Hanks! what other films was he in",
    ],
)
def test_he_is_who_was_named(say: Say, text: str) -> None:
    request = say(text)
    assert request.intent is Intent.AGGREGATE
    assert request.question is not None and request.question.kind == "items"
    assert "Tom Hanks" in " ".join(request.conditions)


@pytest.mark.parametrize(
    ("text", "moves"),
    [
        ("we loved it, so scary and sad", {"seen"}),
        ("Seen it, very inspiring", {"seen"}),
        ("I loved it but I want something funny", {"seen", "critique"}),
        ("you have been lovely, thanks", set()),
    ],
)
def test_moves(
    parser: Parser, history: Callable[[str], list[PastTurn]], text: str, moves: set[str]
) -> None:
    assert parser.moves(text, history(OFFER)) == moves


@pytest.mark.parametrize(
    "text",
    [
        "I haven't seen it, but I love westerns",
        "no, never heard of it, but we really like Al Pacino",
        "havent watched that one though i do love heists",
    ],
)
def test_liking_something_of_what_is_unknown_takes_it(
    parser: Parser, history: Callable[[str], list[PastTurn]], text: str
) -> None:
    assert "accept" in parser.moves(text, history(OFFER))


@pytest.mark.parametrize("text", ["I haven't seen it", "I haven't seen it. Got any westerns?"])
def test_not_knowing_it_alone_does_not(
    parser: Parser, history: Callable[[str], list[PastTurn]], text: str
) -> None:
    assert "accept" not in parser.moves(text, history(OFFER))
