"""Lists and sets in words: what is read, what the built-in brain does, and what is not hijacked."""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recagent_catalogs.ingest import ingest
from recagent_catalogs.store import Catalog
from recagent_cli.agent.brain import PastTurn
from recagent_cli.agent.builtin.brain import BuiltinBrain
from recagent_cli.agent.builtin.parse import Parser
from recagent_cli.agent.builtin.readers.setnames import key_of_set, name_of_set
from recagent_cli.agent.builtin.readers.trail import Trail, trail_of
from recagent_cli.agent.loop import Agent
from recagent_cli.agent.request import Intent, Operation, Request
from recagent_cli.agent.session import Session
from recagent_cli.agent.turn import Turn
from recagent_tools.bus import CandidateBus
from recagent_tools.models.engine import Engine
from recagent_tools.registry import load_toolbox
from recagent_tools.toolbox import ToolContext
from tests.cli import builtin_catalogs

DATA = Path(__file__).parent.parent / "data"
TABLE = tomllib.loads((DATA / "places.toml").read_text(encoding="utf-8"))
SETS = ("weekend", "date night")


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return builtin_catalogs.films(tmp_path_factory.mktemp("places"))


@pytest.fixture(scope="module")
def parser(films: Catalog) -> Parser:
    return Parser(films, year=lambda: 2026)


def rows_of(catalog: Catalog, *titles: str) -> tuple[int, ...]:
    return tuple(catalog.titles.exact(title.lower())[0] for title in titles)


@pytest.fixture(scope="module")
def history(films: Catalog, parser: Parser) -> list[PastTurn]:
    first = rows_of(films, "Alien", "The Matrix", "Contact", "Gattaca", "Blade Runner")
    second = rows_of(films, "Heat", "Se7en", "Vertigo")
    return [
        PastTurn("sci-fi", "Five Sci-Fi films.", first, parser.parse("sci-fi"), number=1),
        PastTurn("thrillers", "Three.", second, parser.parse("thrillers"), number=2),
    ]


def told(operation: Operation) -> str:
    return f"{operation.op} {operation.name or operation.number or ''}".strip()


# --- what is read --------------------------------------------------------------------------------


@pytest.mark.parametrize("row", TABLE["rows"], ids=lambda row: row["say"])
def test_what_is_said_to_lists(
    row: dict[str, Any], parser: Parser, history: list[PastTurn]
) -> None:
    request = parser.parse(row["say"], history, sets=SETS)
    assert [told(operation) for operation in request.operations] == row.get("ops", [])
    assert [m.title for m in request.disliked] == row.get("left_out", [])
    if "where" in row:
        assert set(request.conditions) == set(row["where"])
    assert str(request.intent) == row.get("intent", "chit_chat")
    assert request.clarify == row.get("said", "")
    assert request.unused == ()


@pytest.mark.parametrize("said", TABLE["others"])
@pytest.mark.parametrize("talking", [False, True])
def test_other_words_are_left_alone(
    said: str, talking: bool, parser: Parser, history: list[PastTurn]
) -> None:
    with_sets = parser.parse(said, history if talking else (), sets=SETS)
    assert with_sets.operations == ()
    assert with_sets == parser.parse(said, history if talking else ())


@pytest.mark.parametrize("table", ["movies", "games", "books", "steam"])
def test_no_utterance_of_the_tables_is_taken_for_an_operation(
    table: str, parser: Parser, history: list[PastTurn]
) -> None:
    found = tomllib.loads((DATA / "utterances" / f"{table}.toml").read_text(encoding="utf-8"))
    for row in found["rows"]:
        for past in ((), history):
            request = parser.parse(row["say"], past, sets=SETS)
            assert request.operations == (), row["say"]


def test_a_title_or_a_kind_wins_over_a_set_of_that_name(
    parser: Parser, history: list[PastTurn]
) -> None:
    sets = ("heat", "horror", "Al Pacino")

    def ops(said: str) -> list[str]:
        return [told(op) for op in parser.parse(said, history, sets=sets).operations]

    assert ops("heat") == ops("horror") == ops("no horror") == ops("add horror") == []
    assert ops("without Heat") == ops("with Al Pacino") == ops("show me horror") == []
    assert ops("load heat") == ops("show my heat") == ops("open the set heat") == ["load heat"]
    assert ops('add "horror"') == ops("add my horror list") == ["union horror"]
    assert ops("everything without the set heat") == [] or ops("without the set heat") == [
        "minus heat"
    ]


def test_undo_is_a_title_before_anything_was_shown(tmp_path: Path) -> None:
    rows = "id,title,year,genres\n1,Undo,2001,Drama\n2,Forward,2003,Comedy\n3,Heat,1995,Crime\n"
    table = tmp_path / "few.csv"
    table.write_text(rows, encoding="utf-8")
    ingest(table, tmp_path / "few", name="few")
    catalog = Catalog.open(tmp_path / "few")
    parser = Parser(catalog, year=lambda: 2026)
    assert parser.parse("Undo").operations == ()
    shown = [PastTurn("crime", "", (2,), Request(Intent.RECOMMEND), number=1)]
    assert [told(op) for op in parser.parse("undo", shown).operations] == ["undo"]


@given(st.text(max_size=80), st.lists(st.text(max_size=20), max_size=3))
@settings(max_examples=60, deadline=None)
def test_any_text_with_any_names_is_read(text: str, names: list[str]) -> None:
    parser = _any_parser()
    request = parser.parse(text, sets=names)
    assert all(len(op.name) <= 60 for op in request.operations)
    assert parser.parse(f"save as {text}", sets=names) == parser.parse(
        f"save as {text}", sets=names
    )


@given(st.text(alphabet="abcdefgh xyz", min_size=1, max_size=90).filter(str.strip))
@settings(max_examples=60, deadline=None)
def test_a_name_between_quotes_comes_back(name: str) -> None:
    parser = _any_parser()
    kept = name_of_set(name)
    saved = parser.parse(f'save this as "{name}"').operations
    assert saved == (Operation("save", name=kept),)
    if key_of_set(kept) and len(kept) < 60:
        loaded = parser.parse(f'load "{name}"', sets=[kept]).operations
        assert loaded == (Operation("load", name=kept),)


_PARSERS: list[Parser] = []


def _any_parser() -> Parser:
    if not _PARSERS:
        catalog = builtin_catalogs.films(Path(tempfile.mkdtemp()))
        _PARSERS.append(Parser(catalog, year=lambda: 2026))
    return _PARSERS[0]


@pytest.mark.parametrize(
    ("numbers", "trail"),
    [
        ([], Trail()),
        ([1, 2, 3], Trail(3, 2, 0, 3)),
        ([1, 2, 2, 3, 2], Trail(2, 1, 3, 3)),
        ([1, 2, 3, 2, 3], Trail(3, 2, 0, 3)),
        ([1, 2, 3, 2, 4], Trail(4, 2, 0, 4)),
        ([1, 0], Trail(0, 0, 1, 1)),
    ],
)
def test_the_trail_follows_the_numbers(numbers: Sequence[int], trail: Trail) -> None:
    turns = [PastTurn("", "", (), None, number=number) for number in numbers]
    assert trail_of(turns) == trail


# --- dialogues -----------------------------------------------------------------------------------


class Chat:
    """A conversation with the built-in brain over the real tools and the real bus."""

    def __init__(self, catalog: Catalog, work: Path) -> None:
        self.catalog = catalog
        self.session = Session("films", CandidateBus(catalog.n_items))
        self.engine = Engine.open(catalog, work / "no-models")
        parser = Parser(catalog, year=lambda: 2026)
        self.agent = Agent(
            load_toolbox(plugins=False),
            BuiltinBrain(),
            lambda words, session: parser.parse(
                words, session.turns, shown=session.shown, sets=tuple(session.bus.saved)
            ),
        )

    def say(self, words: str) -> Turn:
        context = ToolContext(self.catalog, self.engine, self.session.bus)
        return self.agent.turn(words, self.session, context, lambda event: None)

    @property
    def standing(self) -> list[str]:
        return [self.catalog.label(row) for row in self.session.shown]


@pytest.fixture
def chat(films: Catalog, tmp_path: Path) -> Chat:
    return Chat(films, tmp_path)


def labels(turn: Turn) -> list[str]:
    return [item.label for item in turn.items]


def test_undo_and_redo_bring_the_lists_back(chat: Chat) -> None:
    first, second = chat.say("90s films"), chat.say("only sci-fi")
    assert labels(first) != labels(second)
    back = chat.say("undo")
    assert labels(back) == labels(first) and back.number == 1
    assert back.text.startswith("Back to list 1: Five films from the 1990s.")
    again = chat.say("redo")
    assert labels(again) == labels(second) and again.number == 2
    assert "Forward to list 2" in again.text
    assert chat.say("redo").text == "There is nothing to redo."
    assert chat.standing == labels(second)


def test_after_an_undo_the_conditions_are_those_of_the_list(chat: Chat) -> None:
    chat.say("90s films")
    chat.say("only sci-fi")
    chat.say("undo")
    turn = chat.say("only crime")
    assert set(turn.request.conditions) == {"year 1990..1999", "genres has Crime"}
    assert labels(chat.say("undo")) == labels(chat.say("back to the first list"))


def test_going_back_and_on_is_one_change(chat: Chat) -> None:
    chat.say("90s films")
    second = chat.say("only sci-fi")
    third = chat.say("back to the first list, but no drama")
    assert set(third.request.conditions) == {"year 1990..1999", "genres lacks Drama"}
    assert third.number == 3 and labels(chat.say("undo")) == labels(second)
    assert labels(chat.say("redo")) == labels(third)


def test_nothing_to_undo(chat: Chat) -> None:
    assert chat.say("undo").text == "There is nothing to undo."
    first = chat.say("sci-fi")
    gone = chat.say("undo")
    assert gone.items == () and "nothing is shown now" in gone.text
    assert chat.session.bus.standing == 0
    assert labels(chat.say("redo")) == labels(first)
    assert "There is no list 7; there is one list so far." in chat.say("back to the 7th list").text


def test_two_steps_where_there_is_one(chat: Chat) -> None:
    chat.say("sci-fi")
    chat.say("no horror")
    chat.say("no action")
    assert chat.say("two steps back").number == 1
    assert chat.say("redo").number == 2


def test_sets_are_saved_joined_and_taken_away(chat: Chat) -> None:
    weekend = chat.say("90s sci-fi")
    assert chat.say("save as weekend").text == f"Saved these {_n(weekend)} as 'weekend'."
    comedies = chat.say("80s comedies")
    both = chat.say("add weekend")
    assert labels(both) == [*labels(comedies), *labels(weekend)]
    assert both.text == f"weekend and this list: {len(both.items)} films."
    narrowed = chat.say("only sci-fi")
    assert labels(narrowed) == labels(weekend)
    assert narrowed.request.base == both.number
    further = chat.say("no drama")
    assert further.request.base == both.number
    assert labels(further) == ["The Matrix (1999)"]
    assert labels(chat.say("undo")) == labels(narrowed)
    assert labels(chat.say("undo")) == labels(both)
    assert labels(chat.say("only what is also in weekend")) == labels(weekend)
    assert labels(chat.say("load weekend")) == labels(weekend)
    assert chat.say("minus weekend").text == "This list without weekend: no film."


def _n(turn: Turn) -> str:
    return ("no", "one", "two", "three", "four", "five")[len(turn.items)]


def test_a_fresh_request_leaves_the_set(chat: Chat) -> None:
    chat.say("90s sci-fi")
    chat.say("save as weekend")
    chat.say("load weekend")
    inside = chat.say("from the 80s")
    assert inside.items == () and "start over" in inside.text
    turn = chat.say("start over, comedies with Bill Murray")
    assert turn.request.base == 0 and "Ghostbusters (1984)" in labels(turn)


@pytest.mark.parametrize("words", ["find me a western", "80s comedies", "surprise me"])
def test_what_is_asked_anew_is_not_looked_for_in_the_set(chat: Chat, words: str) -> None:
    chat.say("90s sci-fi")
    chat.say("save as weekend")
    chat.say("load weekend")
    turn = chat.say(words)
    assert turn.request.base == 0 and turn.items
    assert not set(labels(turn)) & {"The Matrix (1999)", "Contact (1997)", "Gattaca (1997)"}


@pytest.mark.parametrize(
    ("words", "alike"),
    [
        ("surprise me", False),
        ("find me a western", False),
        ("something with Al Pacino", False),
        ("show me something with Al Pacino", False),
        ("with Al Pacino", True),
        ("no horror", True),
        ("something shorter", True),
        ("show me something newer", True),
    ],
)
def test_what_is_asked_anew_forgets_what_was_asked(chat: Chat, words: str, alike: bool) -> None:
    chat.say("90s thrillers like Heat")
    turn = chat.say(words)
    assert turn.items or alike
    assert bool(turn.request.liked) == alike
    assert ("genres has Thriller" in turn.request.conditions) == alike


def test_a_surprise_after_a_list_is_drawn(chat: Chat) -> None:
    chat.say("like Heat")
    assert "at random" in chat.say("surprise me").text


@pytest.mark.parametrize(
    "narrow", ["among these, something with Bill Murray", "only those by Alfred Hitchcock"]
)
def test_where_nothing_is_left_the_list_stays(chat: Chat, narrow: str) -> None:
    first = chat.say("90s sci-fi")
    assert not chat.say(narrow).items
    assert chat.standing == labels(first)
    left = chat.say("without the first")
    assert labels(left) == labels(first)[1:]


def test_where_nothing_of_a_set_is_left_it_stays(chat: Chat) -> None:
    chat.say("90s sci-fi")
    chat.say("save as weekend")
    first = chat.say("load weekend")
    assert not chat.say("from the 80s").items
    assert chat.standing == labels(first)
    assert labels(chat.say("without the first")) == labels(first)[1:]
    assert not chat.say("from the 80s").items
    assert chat.say("no horror").request.conditions == ("genres lacks Horror",)


def test_praise_of_one_in_a_set_brings_others_like_it(chat: Chat) -> None:
    chat.say("90s sci-fi")
    chat.say("save as weekend")
    chat.say("load weekend")
    turn = chat.say("I loved the second one")
    assert turn.request.base == 0 and turn.items
    assert turn.request.liked[0].title not in labels(turn)


def test_what_a_list_was_narrowed_by_can_be_changed(chat: Chat) -> None:
    first = chat.say("90s thrillers")
    dropped = chat.say("without the first")
    assert dropped.request.base == 1 and labels(dropped) == labels(first)[1:]
    turn = chat.say("from the 50s")
    assert turn.request.base == 0
    assert set(labels(turn)) == {"Vertigo (1958)", "Rear Window (1954)"}


def test_items_left_out_stay_out_and_come_back_by_undo(chat: Chat) -> None:
    first = chat.say("dramas")
    second = chat.say("without the second")
    gone = labels(first)[1]
    assert gone not in labels(second) and f"Without {gone}." in second.text
    assert labels(second)[:4] == [label for label in labels(first) if label != gone]
    third = chat.say("no romance")
    assert gone not in labels(third) and chat.say("more").items
    assert labels(chat.say("back to list 2")) == labels(second)
    assert labels(chat.say("undo")) != labels(second)
    assert labels(chat.say("back to the first list")) == labels(first)
    title = labels(first)[0]
    assert title not in labels(chat.say(f"without {title.partition(' (')[0]}"))


def test_more_goes_on_inside_a_set(chat: Chat) -> None:
    chat.say("3 dramas")
    chat.say("save as d")
    chat.say("2 comedies")
    turn = chat.say("add my set d")
    assert len(turn.items) == 2 and "5 films" in turn.text
    more = chat.say("more")
    assert len(more.items) == 2 and not set(labels(more)) & set(labels(turn))
    last = chat.say("more")
    assert len(last.items) == 1
    assert chat.say("more").text == "That was all of this list."


def test_of_those_in_a_set_the_shortest(chat: Chat) -> None:
    chat.say("90s sci-fi")
    chat.say("save as weekend")
    chat.say("80s comedies")
    chat.say("add weekend")
    turn = chat.say("of those, the shortest")
    assert "When Harry Met Sally... (1989)" in {*labels(turn), turn.text.split(": ")[0]}


def test_what_changed(chat: Chat) -> None:
    first, second = chat.say("90s dramas"), chat.say("no romance")
    turn = chat.say("what changed?")
    for label in set(labels(first)) - set(labels(second)):
        assert label in turn.text
    assert turn.items == () and chat.standing == labels(second)
    chat.say("save as now")
    assert chat.say("difference to now").text == "Nothing changed against 'now'."


def test_wrong_names_are_told(chat: Chat) -> None:
    chat.say("90s dramas")
    assert "none is saved yet" in chat.say("load the set weekend").text
    chat.say("save as weekend")
    before = chat.standing
    turn = chat.say("load wekend")
    assert turn.text == "There is no set called 'wekend'; there is 'weekend'."
    assert chat.say("delete the set weekend").text.startswith("The set 'weekend' is deleted")
    assert chat.session.bus.saved == {} and chat.standing == before
    after = chat.say("no romance")
    assert set(after.request.conditions) == {
        "year 1990..1999", "genres has Drama", "genres lacks Romance",
    }  # fmt: skip


def test_a_name_is_asked_for(chat: Chat) -> None:
    chat.say("dramas")
    assert "Under which name?" in chat.say("save this list").text
    assert chat.session.bus.saved == {}


def test_sets_and_lists_are_told(chat: Chat) -> None:
    assert "No set is saved yet" in chat.say("my lists").text
    chat.say("90s sci-fi")
    chat.say("save as Weekend Fun")
    told_sets = chat.say("which sets do I have?").text
    assert "'Weekend Fun' (3)" in told_sets
    assert "List 1: Three Sci-Fi films from the 1990s." in told_sets
    assert labels(chat.say("weekend fun")) == chat.standing


def test_facts_are_not_undone(chat: Chat) -> None:
    chat.say("dramas")
    chat.say("I've seen the second")
    turn = chat.say("undo")
    assert "seen" not in turn.text and "noted" not in turn.text
