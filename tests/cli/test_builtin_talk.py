"""What the built-in brain says beside lists: questions back, small talk, surprises."""

from __future__ import annotations

from pathlib import Path

import pytest

from recagent_catalogs.store import Catalog
from recagent_cli.agent.request import Intent
from recagent_cli.agent.turn import Turn, past_from_json, past_to_json
from tests.cli import builtin_catalogs
from tests.cli.test_builtin_dialogue import Chat, labels


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return builtin_catalogs.films(tmp_path_factory.mktemp("films"))


@pytest.fixture
def chat(films: Catalog, tmp_path: Path) -> Chat:
    return Chat(films, tmp_path)


def said(turn: Turn) -> str:
    return " ".join([turn.text, *(text for _, text in turn.notices)])


# --- questions back -----------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["1", "yes", "the first", "the first one", "Alien", "option 1"])
def test_a_title_asked_about_is_confirmed(chat: Chat, answer: str) -> None:
    chat.say("90s films like Alein")
    turn = chat.say(answer)
    assert [m.title for m in turn.request.liked] == ["Alien (1979)"]
    assert turn.items and "year 1990..1999" in turn.request.conditions


def test_a_title_asked_about_is_denied_or_passed_over(chat: Chat) -> None:
    chat.say("something like Alein")
    turn = chat.say("no")
    assert turn.items == () and "I did not understand" not in turn.text
    chat.say("something like Alein")
    assert chat.say("comedies").request.conditions == ("genres has Comedy",)


def test_an_example_is_taken_by_its_number(chat: Chat) -> None:
    asked = chat.say("qwrtz plmkj")
    turn = chat.say("2")
    assert turn.items and turn.request.liked[0].title in asked.options[1]


def test_a_number_alone_is_an_item_of_the_list(chat: Chat) -> None:
    first = chat.say("dramas")
    turn = chat.say("2")
    assert turn.items == () and turn.text.startswith(first.items[1].label)


def test_options_are_kept_with_the_session(chat: Chat) -> None:
    past = chat.say("something like Alein").past()
    kept, _ = past_from_json(past_to_json(past, []))
    assert past.options and kept.options == past.options


# --- talk ---------------------------------------------------------------------------------------


def test_help_says_what_can_be_done(chat: Chat) -> None:
    for words in ("help", "what can you do?"):
        turn = chat.say(words)
        assert "cannot" not in turn.text and "Try:" in turn.text


def test_off_topic_names_no_list(chat: Chat) -> None:
    turn = chat.say("what's the weather in Paris?")
    assert turn.items == () and turn.request.intent is Intent.OUT_OF_SCOPE


def test_abuse_is_answered_calmly(chat: Chat) -> None:
    turn = chat.say("you are a stupid bot")
    assert turn.items == () and "Hello" not in turn.text


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("are you a fool?", "only a program"),
        ("you are such a moron", "only a program"),
        ("draft me a letter to my landlord", "I cannot help with that"),
        ("summarise my invoices", "I cannot help with that"),
        ("my grandma passed away", "I am sorry to hear that"),
        ("my neighbour slept badly", "What would you like to watch?"),
        ("who is the president of Alienia?", "I cannot help with that"),
    ],
)
def test_where_nothing_is_asked_for_nothing_is_searched(
    chat: Chat, words: str, answer: str
) -> None:
    turn = chat.say(words)
    assert turn.items == () and turn.request.search == "" and answer in said(turn)
    assert "is not in this catalog" not in said(turn)


def test_a_loss_and_a_wish_bring_a_list(chat: Chat) -> None:
    assert chat.say("my dog died, a comedy please").items
    assert chat.say("you are stupid, show me dramas").items


def test_no_alone_brings_others(chat: Chat) -> None:
    first = set(labels(chat.say("dramas")))
    second = set(labels(chat.say("no")))
    assert second and not first & second


def test_the_same_list_does_not_come_again(chat: Chat) -> None:
    first = labels(chat.say("recommend me a film"))
    assert not set(first) & set(labels(chat.say("show me a film")))


# --- surprises ----------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["surprise me", "you decide", "I'm bored", "whatever", "idk"])
def test_whoever_leaves_it_to_us_gets_a_draw(chat: Chat, words: str) -> None:
    turn = chat.say(words)
    assert len(turn.items) == 5 and "random" in turn.text


def test_a_second_surprise_is_another(chat: Chat) -> None:
    first = set(labels(chat.say("surprise me")))
    assert not first & set(labels(chat.say("surprise me")))


def test_a_surprise_keeps_to_what_is_asked(chat: Chat) -> None:
    turn = chat.say("surprise me with a drama, 2 of them")
    assert len(turn.items) == 2
    assert all("Drama" in item.columns["genres"] for item in turn.items)


# --- questions ----------------------------------------------------------------------------------


def test_values_of_a_column_are_listed(chat: Chat) -> None:
    for words in ("list the genres", "what genres do you have?", "which kinds of films are there?"):
        turn = chat.say(words)
        assert turn.items == () and "Drama (" in turn.text, words
    assert "Alfred Hitchcock (3)" in chat.say("list all directors").text


def test_means_are_answered(chat: Chat) -> None:
    told = chat.say("what is the average length of horror films?").text
    assert "4 horror films is 127 min" in told
    assert "no ratings" in chat.say("average rating of comedies").text
    assert "130 min" in chat.say("how long are westerns on average?").text


@pytest.mark.parametrize("words", ["do you have Heat?", "have you got Heat", "is Heat available?"])
def test_what_is_there_is_told(chat: Chat, words: str) -> None:
    turn = chat.say(words)
    assert turn.items == () and turn.text.startswith("Yes: Heat (1995)")


def test_have_you_anything_like_it_is_a_request(chat: Chat) -> None:
    assert chat.say("do you have anything like Heat?").items


@pytest.mark.parametrize(
    "words",
    ["is Heat any good?", "should I watch Heat?", "how good is Heat", "is Heat worth watching?"],
)
def test_an_opinion_is_what_people_gave(chat: Chat, words: str) -> None:
    turn = chat.say(words)
    assert turn.items == () and "no ratings" in turn.text and turn.request.unused == ()


def test_moods_of_items_are_told_from_their_tags(chat: Chat) -> None:
    assert "yes, it is heart warming" in chat.say("is Up heartwarming?").text
    turn = chat.say("is Notting Hill violent?")
    assert "charming" in turn.text and "yes" not in turn.text


def test_is_it_long_is_a_question(chat: Chat) -> None:
    first = chat.say("dramas").items[2]
    turn = chat.say("is the third one long?")
    assert turn.items == () and turn.text.startswith(f"{first.label}: ")


def test_it_is_then_the_shortest(chat: Chat) -> None:
    chat.say("films with Brad Pitt")
    chat.say("which one of those is the shortest?")
    assert "Se7en" in chat.say("who directed it?").text


def test_a_question_about_the_list(chat: Chat) -> None:
    first = chat.say("dramas").items[0]
    assert chat.say("what's that about?").text.startswith(first.label)


def test_columns_of_items_are_asked_for_by_name(chat: Chat) -> None:
    assert "Al Pacino" in chat.say("cast of Heat").text
    assert chat.say("runtime of Heat").text == "Heat (1995): 170 min."


def test_items_are_compared(chat: Chat) -> None:
    lines = chat.say("which is longer, Alien or Heat?").text.splitlines()
    assert [line[:5] for line in lines] == ["Heat ", "Alien"]
    assert len(chat.say("compare Heat and Alien").text.splitlines()) == 3  # each, and for whom


# --- what cannot be met -------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["directed by a woman", "films by female directors"])
def test_what_people_are_is_not_known(chat: Chat, words: str) -> None:
    turn = chat.say(words)
    assert turn.items == () and "only the names of people" in said(turn)


def test_a_female_lead_is_a_tag_where_there_is_one(chat: Chat) -> None:
    assert "only the names" not in said(chat.say("comedies with a dancing lead"))


def test_other_things_are_not_searched_for(chat: Chat) -> None:
    turn = chat.say("I want a book")
    assert turn.items == () and "only films here" in said(turn)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("Ich suche einen lustigen Film", "Ich verstehe"), ("quiero ver algo divertido", "solo"),
        ("je voudrais un film comme Alien", "anglais"), ("ищу комедию", "only English"),
        ("何か面白い映画", "only English"),
    ],
)  # fmt: skip
def test_other_languages_are_answered(chat: Chat, words: str, answer: str) -> None:
    turn = chat.say(words)
    assert turn.items == () and answer in turn.text


def test_about_love_is_not_lost(chat: Chat) -> None:
    turn = chat.say("movies about love, no drama")
    assert "I read 'about love' as" in turn.text
    assert "genres lacks Drama" in turn.request.conditions


# --- lists --------------------------------------------------------------------------------------


def test_an_order_holds_beside_a_title(chat: Chat) -> None:
    turn = chat.say("the newest films like Heat")
    years = [item.year or 0 for item in turn.items]
    assert years == sorted(years, reverse=True) and len(years) == 5
    assert "newest first" in turn.text and "Heat (1995)" not in labels(turn)


def test_the_first_of_an_order_is_named(chat: Chat) -> None:
    assert "The Godfather Part II (1974) has 202 min" in chat.say("the longest crime film").text


def test_seen_all_of_these_brings_others(chat: Chat) -> None:
    first = set(labels(chat.say("dramas")))
    second = set(labels(chat.say("I've seen all of these")))
    assert second and not first & second


def test_less_of_a_kind_that_has_to_hold(chat: Chat) -> None:
    chat.say("horror")
    turn = chat.say("less scary")
    assert "as little 'scary'" in turn.text.lower() and labels(turn)[-1] == "It (2017)"


def test_blame_is_of_its_own_name(chat: Chat) -> None:
    request = chat.say("I loved Heat and Alien, hated Big").request
    assert [m.title for m in request.liked] == ["Heat (1995)", "Alien (1979)"]
    assert [m.title for m in request.disliked] == ["Big (1988)"]


# --- going on -----------------------------------------------------------------------------------


def test_a_count_is_narrowed(chat: Chat) -> None:
    assert "4 horror films" in chat.say("how many horror films do you have?").text
    turn = chat.say("and from the 80s?")
    assert "1 horror film" in turn.text
    assert labels(chat.say("show them")) == ["The Shining (1980)"]


def test_how_many_are_there_counts_what_was_asked_for(chat: Chat) -> None:
    chat.say("films with Brad Pitt")
    assert "2 films" in chat.say("how many are there?").text


def test_what_others_hate_is_left_out(chat: Chat) -> None:
    chat.say("something romantic")
    assert "genres lacks Comedy" in chat.say("she hates comedies").request.conditions


def test_a_title_taken_back_is_gone(chat: Chat) -> None:
    chat.say("films like Heat and Alien")
    assert [m.title for m in chat.say("forget Heat").request.liked] == ["Alien (1979)"]


def test_numbers_alone_are_no_topic(chat: Chat) -> None:
    assert chat.say("I have 2 hours").request.search == ""


def test_it_after_a_list_is_no_item_of_it(chat: Chat) -> None:
    chat.say("dramas")
    turn = chat.say("this is crap")
    assert turn.items and turn.request.disliked == () and turn.remembered == ()


def test_something_with_a_person_is_no_draw(chat: Chat) -> None:
    assert "random" not in chat.say("something with Bill Murray").text
    chat.say("start over")
    assert "random" in chat.say("something good").text


@pytest.mark.parametrize(
    "words",
    ["Is Alien any good? What other films are there?", "How long is Alien? And show me dramas"],
)
def test_a_question_and_a_request_after_it_are_both_met(chat: Chat, words: str) -> None:
    chat.say("comedies")
    turn = chat.say(words)
    assert "Alien (1979)" in turn.text
    assert turn.items


def test_what_streams_where_is_not_known(chat: Chat) -> None:
    turn = chat.say("a thriller on netflix or prime video")
    assert turn.items and turn.request.conditions == ("genres has Thriller",)
    assert turn.request.unused == ()
    assert "no list of what streams where" in said(turn)


def test_what_others_recommend_is_left_out(chat: Chat) -> None:
    turn = chat.say("Everyone keeps recommending Titanic, but I want something like Alien")
    assert [m.title for m in turn.request.liked] == ["Alien (1979)"]
    assert "Titanic (1997)" not in [item.title for item in turn.items]


def test_a_year_in_a_list_of_titles_is_a_title(chat: Chat) -> None:
    request = chat.say("I like Fight Club, 1932, Heat").request
    assert [m.text for m in request.liked] == ["Fight Club", "1932", "Heat"]
    assert request.conditions == ()


def test_a_described_kind_is_not_left_out(chat: Chat) -> None:
    request = chat.say("I don't like slow-burn dramas, show me something tense").request
    assert "genres lacks Drama" not in request.conditions
    assert request.disliked == ()


@pytest.mark.parametrize(
    "words", ["a crime film, but none of the Godfather movies", "crime, except the Godfather ones"]
)
def test_a_series_is_left_out_as_a_whole(chat: Chat, words: str) -> None:
    turn = chat.say(words)
    assert turn.items
    assert not any("Godfather" in item.title for item in turn.items)


@pytest.mark.parametrize(
    "words",
    [
        "I want to catch that one",
        "I must look this one up",
        "that one is new to me too",
        "sounds like a terrific film",
        "it goes on my watchlist",
    ],
)
def test_an_offer_taken_or_not_known_brings_no_list(chat: Chat, words: str) -> None:
    chat.say("dramas, one of them")
    turn = chat.say(words)
    assert turn.request.intent is Intent.FEEDBACK and turn.items == ()


def test_taken_and_asked_for_others(chat: Chat) -> None:
    first = chat.say("dramas")
    turn = chat.say("I'll add that one to my watchlist. Are there any others?")
    assert turn.items and not set(labels(turn)) & set(labels(first))
