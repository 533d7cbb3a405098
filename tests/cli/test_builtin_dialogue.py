"""State over turns, and whole turns of the built-in brain through the loop."""

from __future__ import annotations

from pathlib import Path

import pytest

from recagent_catalogs.store import Catalog
from recagent_cli.agent.brain import PastTurn
from recagent_cli.agent.builtin.brain import BuiltinBrain
from recagent_cli.agent.builtin.parse import Parser, wants_list
from recagent_cli.agent.loop import Agent
from recagent_cli.agent.request import Intent, Request
from recagent_cli.agent.session import Session
from recagent_cli.agent.turn import Turn
from recagent_tools.bus import CandidateBus
from recagent_tools.models.engine import Engine
from recagent_tools.registry import register
from recagent_tools.toolbox import Toolbox, ToolContext
from tests.cli import builtin_catalogs


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return builtin_catalogs.films(tmp_path_factory.mktemp("films"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return builtin_catalogs.plain_films(tmp_path_factory.mktemp("plain"))


class Talk:
    """A conversation with the parser alone; the list shown is given by hand."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.parser = Parser(catalog, year=lambda: 2026)
        self.history: list[PastTurn] = []

    def say(self, utterance: str, *shown: str) -> Request:
        request = self.parser.parse(utterance, self.history)
        rows = tuple(self.catalog.titles.exact(title.lower())[0] for title in shown)
        self.history.append(PastTurn(utterance, "", rows, request))
        return request


@pytest.fixture
def talk(films: Catalog) -> Talk:
    return Talk(films)


def test_constraints_carry_on(talk: Talk) -> None:
    talk.say("90s thrillers", "Heat", "Se7en")
    request = talk.say("with Al Pacino")
    assert set(request.conditions) == {
        "year 1990..1999", "genres has Thriller", "cast has Al Pacino",
    }  # fmt: skip
    assert request.intent is Intent.REFINE


def test_a_new_value_replaces_after_a_list_was_shown(talk: Talk) -> None:
    talk.say("90s thrillers", "Heat", "Se7en")
    assert set(talk.say("comedies instead").conditions) == {"year 1990..1999", "genres has Comedy"}


def test_also_adds(talk: Talk) -> None:
    talk.say("thrillers", "Heat")
    assert set(talk.say("also drama").conditions) == {"genres has Thriller", "genres has Drama"}


def test_an_exclusion_removes_what_was_wanted(talk: Talk) -> None:
    talk.say("horror or comedy", "Psycho", "Big")
    assert set(talk.say("no horror").conditions) == {"genres has Comedy", "genres lacks Horror"}


def test_a_year_is_changed(talk: Talk) -> None:
    talk.say("90s thrillers", "Heat")
    assert "year 1950..1959" in talk.say("from the 50s").conditions


def test_taken_back(talk: Talk) -> None:
    talk.say("90s thrillers", "Heat")
    assert talk.say("any year is fine").conditions == ("genres has Thriller",)


def test_start_over(talk: Talk) -> None:
    talk.say("90s thrillers", "Heat")
    assert talk.say("start over").conditions == ()
    assert talk.say("a comedy").conditions == ("genres has Comedy",)


def test_a_new_request_after_a_closing_starts_afresh(talk: Talk) -> None:
    talk.say("90s thrillers", "Heat")
    assert talk.say("thanks, bye").intent is Intent.CLOSING
    assert talk.say("a comedy").conditions == ("genres has Comedy",)


def test_a_whole_new_request_starts_afresh(talk: Talk) -> None:
    talk.say("90s thrillers like Heat", "Se7en")
    request = talk.say("I'm looking for comedies with Bill Murray")
    assert set(request.conditions) == {"genres has Comedy", "cast has Bill Murray"}
    assert request.liked == ()


def test_more_keeps_everything_and_leaves_out_what_was_shown(talk: Talk) -> None:
    talk.say("90s thrillers", "Heat")
    for words in ("more", "anything else?", "another one", "show me more"):
        request = talk.say(words)
        assert request.intent is Intent.MORE, words
        assert request.exclude_shown
        assert "genres has Thriller" in request.conditions


def test_the_second_one(talk: Talk) -> None:
    talk.say("thrillers", "Heat", "Se7en", "Vertigo")
    request = talk.say("who directed the second one?")
    assert [m.title for m in request.about] == ["Se7en (1995)"]
    assert request.question is not None and request.question.column == "directors"


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("tell me about the last one", "Vertigo (1958)"), ("what is #2 about", "Se7en (1995)"),
        ("how long is number 3", "Vertigo (1958)"), ("how long is the first?", "Heat (1995)"),
        ("who is in the third one", "Vertigo (1958)"), ("who directed it?", "Heat (1995)"),
    ],
)  # fmt: skip
def test_pointing(talk: Talk, words: str, title: str) -> None:
    talk.say("thrillers", "Heat", "Se7en", "Vertigo")
    assert [m.title for m in talk.say(words).about] == [title]


def test_like_the_second_one(talk: Talk) -> None:
    talk.say("thrillers", "Heat", "Se7en")
    request = talk.say("more like the second one")
    assert [m.title for m in request.liked] == ["Se7en (1995)"]


def test_something_older_and_shorter(talk: Talk) -> None:
    talk.say("thrillers", "Heat", "Se7en")
    assert "year ..1994" in talk.say("something older").conditions
    talk.history[-1] = PastTurn("x", "", talk.history[0].shown, talk.history[-1].request)
    assert "runtime < 148.5" in talk.say("but shorter").conditions


def test_it_means_what_was_just_talked_about(talk: Talk) -> None:
    talk.say("thrillers", "Heat", "Se7en", "Vertigo")
    talk.say("who directed the third one?")
    assert [m.title for m in talk.say("how long is it?").about] == ["Vertigo (1958)"]


def test_not_those(talk: Talk) -> None:
    talk.say("thrillers", "Heat", "Se7en")
    request = talk.say("not those")
    assert request.exclude_shown
    assert request.conditions == ("genres has Thriller",)


def test_seen_is_noted_and_left_out(talk: Talk) -> None:
    talk.say("thrillers", "Heat", "Se7en")
    request = talk.say("I've seen the first one")
    assert [m.title for m in request.seen] == ["Heat (1995)"]
    assert request.intent is Intent.FEEDBACK


def test_a_question_does_not_disturb_the_state(talk: Talk) -> None:
    talk.say("90s thrillers", "Heat")
    assert talk.say("how many comedies do you have?").conditions == ("genres has Comedy",)
    assert "genres has Thriller" in talk.say("more").conditions


def test_history_without_requests_is_read_again(films: Catalog) -> None:
    parser = Parser(films, year=lambda: 2026)
    history = [PastTurn("90s thrillers", "", ()), PastTurn("no horror", "", ())]
    request = parser.parse("with Al Pacino", history)
    assert {"year 1990..1999", "genres has Thriller", "genres lacks Horror"} <= set(
        request.conditions
    )


@pytest.mark.parametrize(
    "words", ["sounds good", "I'll check it out", "great suggestion", "never heard of it"]
)
def test_feedback_that_wants_no_list(talk: Talk, words: str) -> None:
    talk.say("thrillers", "Heat")
    request = talk.say(words)
    assert request.intent is Intent.FEEDBACK and not request.exclude_shown


@pytest.mark.parametrize(
    ("words", "condition"),
    [
        ("the first one is too long", "runtime < 170"),
        ("the second one is too short", "runtime > 127"),
        ("the first one is too old", "year 1996.."), ("the third one is too new", "year ..1957"),
    ],
)  # fmt: skip
def test_too_much_of_something(talk: Talk, words: str, condition: str) -> None:
    talk.say("thrillers", "Heat", "Se7en", "Vertigo")
    request = talk.say(words)
    assert condition in request.conditions
    assert len(request.disliked) == 1


def test_only_two_keeps_the_rest(talk: Talk) -> None:
    talk.say("thrillers", "Heat")
    request = talk.say("only 2")
    assert (request.count, request.conditions) == (2, ("genres has Thriller",))


def test_taken_back_by_name(talk: Talk) -> None:
    talk.say("thrillers with Al Pacino", "Heat")
    assert talk.say("forget Pacino, anyone is fine").conditions == ("genres has Thriller",)


def test_a_kind_and_a_time_are_taken_back(talk: Talk) -> None:
    talk.say("90s comedies", "Big")
    assert talk.say("remove the 90s").conditions == ("genres has Comedy",)
    assert talk.say("drop the comedies, show me westerns").conditions == ("genres has Western",)


def test_a_new_order_replaces_the_old(talk: Talk) -> None:
    talk.say("shortest dramas", "Up")
    assert talk.say("longest").weights == (("runtime", 5.0),)
    assert [name for name, _ in talk.say("the oldest").weights] == ["year"]


# --- whole turns --------------------------------------------------------------------------------


class Chat:
    """The built-in brain in the loop."""

    def __init__(self, catalog: Catalog, models: Path) -> None:
        parser = Parser(catalog, year=lambda: 2026)
        toolbox = Toolbox()
        register(toolbox.add)
        self.engine = Engine.open(catalog, models)
        self.session = Session(catalog.name, CandidateBus(catalog.n_items, catalog.fingerprint))
        self.catalog = catalog
        self.agent = Agent(
            toolbox, BuiltinBrain(),
            lambda words, session: parser.parse(words, session.turns, shown=session.shown),
        )  # fmt: skip

    def say(self, words: str) -> Turn:
        context = ToolContext(self.catalog, self.engine, self.session.bus)
        turn = self.agent.turn(words, self.session, context, lambda event: None)
        assert not [entry for entry in turn.trace if entry.error], turn.trace
        return turn


@pytest.fixture
def chat(films: Catalog, tmp_path: Path) -> Chat:
    return Chat(films, tmp_path)


def labels(turn: Turn) -> list[str]:
    return [item.label for item in turn.items]


def test_a_list_meets_the_conditions(chat: Chat) -> None:
    turn = chat.say("90s sci-fi like Alien, but no horror")
    assert set(labels(turn)) == {"The Matrix (1999)", "Contact (1997)", "Gattaca (1997)"}
    assert "Sci-Fi" in turn.text and "Alien (1979)" in turn.text


def test_count_is_kept(chat: Chat) -> None:
    assert len(chat.say("3 comedies").items) == 3


def test_empty_is_relaxed_and_said(chat: Chat) -> None:
    turn = chat.say("westerns from 1994 to 1996")
    assert labels(turn) == ["Unforgiven (1992)"]
    assert "1994 to 1996" in turn.text


def test_more_shows_others(chat: Chat) -> None:
    first = set(labels(chat.say("dramas")))
    second = set(labels(chat.say("more")))
    assert first and second and not first & second


def test_item_question_is_answered_from_the_data(chat: Chat) -> None:
    turn = chat.say("who directed Gattaca?")
    assert "Andrew Niccol" in turn.text
    assert turn.items == ()
    assert "106" in chat.say("and how long is Gattaca?").text


def test_counts_and_most(chat: Chat) -> None:
    assert "4 horror films" in chat.say("how many horror films do you have?").text.replace(
        "are ", ""
    )
    assert "Alfred Hitchcock (3)" in chat.say("which director has the most films?").text


def test_no_list_for_talk(chat: Chat) -> None:
    for words in ("hello", "thanks!", "what's the weather", "", "fuck you", "qwrtz plmkj"):
        turn = chat.say(words)
        assert turn.items == (), words
        assert turn.text, words


def test_nothing_understood_asks_with_examples(chat: Chat) -> None:
    turn = chat.say("qwrtz plmkj")
    assert turn.question and len(turn.options) >= 2


def test_an_unknown_title_is_said(chat: Chat) -> None:
    turn = chat.say("something like Interstellar")
    said = turn.text + " ".join(text for _, text in turn.notices)
    assert "Interstellar" in said and "not in this catalog" in said


def test_seen_items_do_not_come(chat: Chat) -> None:
    turn = chat.say("thrillers, I have seen Heat and Se7en")
    assert turn.items and not {"Heat (1995)", "Se7en (1995)"} & set(labels(turn))


def test_liking_is_remembered_and_examples_are_not(chat: Chat) -> None:
    assert [kind for kind, _ in chat.say("I loved Gattaca").remembered] == ["liked"]
    assert chat.say("start over, something like Heat").remembered == ()


def test_people_without_a_column_are_found_by_tags(plain: Catalog, tmp_path: Path) -> None:
    turn = Chat(plain, tmp_path).say("the funniest thing Bill Murray was in")
    assert set(labels(turn)) <= {
        "Groundhog Day (1993)", "Ghostbusters (1984)", "Lost in Translation (2003)",
    }  # fmt: skip
    assert turn.items


def test_facts_are_remembered_beside_a_wish(chat: Chat) -> None:
    turn = chat.say("I loved Gattaca, something like Alien please")
    labelled = {(kind, chat.catalog.label(row)) for kind, row in turn.remembered}
    assert labelled == {("liked", "Gattaca (1997)")}
    seen = chat.say("start over. I've seen Heat. a thriller with Brad Pitt")
    assert ("seen", "Heat (1995)") in {(k, chat.catalog.label(r)) for k, r in seen.remembered}
    assert labels(seen) == ["Se7en (1995)"]


def test_what_is_left_out_is_not_disliked(chat: Chat) -> None:
    assert chat.say("crime films, not Heat").remembered == ()
    turn = chat.say("start over, I hated Heat, something like Se7en")
    assert [kind for kind, _ in turn.remembered] == ["disliked"]


def test_a_count_is_taken_up(chat: Chat) -> None:
    chat.say("how many thrillers from the 90s do you have?")
    turn = chat.say("show me the best two")
    assert len(turn.items) == 2
    assert set(turn.request.conditions) == {"genres has Thriller", "year 1990..1999"}


def test_a_superlative_compares_the_list(chat: Chat) -> None:
    chat.say("films with Brad Pitt")
    lines = chat.say("which one of those is the shortest?").text.splitlines()
    assert lines[0].startswith("Se7en (1995): 127 min")


def test_a_yes_or_no_question_is_answered(chat: Chat) -> None:
    chat.say("with Bill Murray")
    assert "no" in chat.say("is the first one in French?").text


def test_widening_is_said_in_round_numbers(chat: Chat) -> None:
    turn = chat.say("a thriller with Brad Pitt under 113 minutes")
    assert labels(turn) == ["Se7en (1995)"] and "130 min" in turn.text


def test_a_superlative_orders_the_list(chat: Chat) -> None:
    assert labels(chat.say("the 2 shortest comedies")) == [
        "Toy Story (1995)", "When Harry Met Sally... (1989)",
    ]  # fmt: skip
    assert labels(chat.say("start over, the oldest horror film"))[0] == "Psycho (1960)"


def test_what_is_too_long_is_not_shown_again(chat: Chat) -> None:
    first = chat.say("dramas")
    turn = chat.say("the first one is too long")
    limit = first.items[0].columns["runtime"]
    assert turn.items and all(item.columns["runtime"] < limit for item in turn.items)


def test_nothing_more_is_said_plainly(chat: Chat) -> None:
    assert len(chat.say("westerns under 140 minutes").items) == 1
    turn = chat.say("more")
    assert turn.items == ()
    assert "nothing more that fits" in turn.text and "without 'under 140 min'" not in turn.text


def test_a_near_title_is_asked_about(chat: Chat) -> None:
    turn = chat.say("something like Alein")
    assert "Alien (1979)" in turn.question and "Alien (1979)" in turn.options
    assert turn.items == ()


def test_years_that_the_catalog_has_none_of(chat: Chat) -> None:
    turn = chat.say("films from 1850")
    assert turn.items == () and "1954 to 2019" in turn.text


def test_a_reason_is_given(chat: Chat) -> None:
    first = chat.say("dystopia films like Blade Runner")
    turn = chat.say("why did you recommend the first one?")
    assert turn.items == ()
    assert turn.text.startswith(first.items[0].label) and "dystopia" in turn.text
    assert "\n" in chat.say("why these?").text


def test_what_is_known_of_the_person(chat: Chat) -> None:
    assert "nothing about you" in chat.say("what do you know about me?").text


def test_a_number_past_the_list(chat: Chat) -> None:
    chat.say("3 comedies")
    turn = chat.say("number 17")
    assert turn.items == () and "only 3" in turn.text
    assert "seen" in [kind for kind, _ in chat.say("I've seen number 2").remembered]


def test_no_ratings_is_said(chat: Chat) -> None:
    turn = chat.say("the worst horror films")
    said = turn.text + " ".join(text for _, text in turn.notices)
    assert "no ratings" in said and "badly rated" not in said


@pytest.mark.parametrize("words", ["the second one, but shorter", "but shorter", "longer ones"])
def test_a_number_that_the_catalog_has_none_of_leaves_the_list(words: str, plain: Catalog) -> None:
    talk = Talk(plain)
    before = talk.say("thrillers", "Heat", "Se7en")
    request = talk.say(words)
    assert request.clarify.startswith("This catalog knows no lengths")
    assert not wants_list(request) and request.conditions == before.conditions
    assert not request.about and not request.limits
    assert wants_list(talk.say("shorter dramas")) and wants_list(talk.say("more"))
