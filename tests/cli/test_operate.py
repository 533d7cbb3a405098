"""Lists and sets without words: `Assistant.operate`, and what stays of it in the store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recagent_catalogs.errors import BadInput, NotFound
from recagent_cli import Assistant
from recagent_cli.agent.request import Operation
from recagent_cli.agent.session import Session
from recagent_cli.agent.turn import Turn
from recagent_cli.memory.store import UserStore
from recagent_cli.testing import ScriptedBrain


@pytest.fixture
def assistant(home: Path) -> Iterator[Assistant]:
    with Assistant("films") as made:
        yield made


def ids(turn: Turn) -> list[str]:
    return [item.id for item in turn.items]


def two_lists(assistant: Assistant) -> tuple[Session, Turn, Turn]:
    session = assistant.new_session()
    first = assistant.ask("sci-fi", session=session)
    return session, first, assistant.ask("no horror", session=session)


UNDO, REDO = Operation("undo"), Operation("redo")


def test_undo_and_redo_show_a_list_exactly_as_it_was(assistant: Assistant) -> None:
    session, first, second = two_lists(assistant)
    back = assistant.operate([UNDO], session=session)
    assert (back.number, back.items, back.utterance) == (1, first.items, "/undo")
    forth = assistant.operate([REDO], session=session)
    assert (forth.number, forth.items) == (2, second.items)
    assert assistant.standing(session) == second.items
    assert [turn.utterance for turn in session.turns[2:]] == ["/undo", "/redo"]


def test_after_a_step_back_words_build_on_the_list_that_stands(assistant: Assistant) -> None:
    session, first, _ = two_lists(assistant)
    assistant.operate([UNDO], session=session)
    turn = assistant.ask("only thrillers", session=session)
    assert not any("Horror" in text for text in turn.request.conditions)
    assert "genres has Thriller" in turn.request.conditions
    assert ids(assistant.operate([UNDO], session=session)) == ids(first)


def test_sets_are_joined_and_taken_out(assistant: Assistant) -> None:
    session, first, second = two_lists(assistant)
    assistant.operate([Operation("save", name="calm")], session=session)
    westerns = assistant.ask("forget that, westerns", session=session)
    both = assistant.operate([Operation("union", name="calm")], session=session)
    assert ids(both) == [*ids(westerns), *ids(second)]
    left = assistant.operate([Operation("minus", name="calm")], session=session)
    assert ids(left) == ids(westerns)
    none = assistant.operate([Operation("intersect", name="calm")], session=session)
    assert not none.items and none.number == left.number, "nothing in both: what stood stays"
    calm = assistant.operate([Operation("load", name="calm")], session=session)
    assert ids(calm) == ids(second)
    named = assistant.operate([Operation("union", name="list 1")], session=session)
    assert set(ids(named)) == {*ids(first), *ids(second)}


def test_dropping_and_filtering_keep_the_order(assistant: Assistant) -> None:
    session = assistant.new_session()
    first = assistant.ask("a film from 1990 to 2020", session=session)
    left = assistant.operate(session=session, drop=["#2", first.items[3].title])
    kept = [id for n, id in enumerate(ids(first)) if n not in (1, 3)]
    assert ids(left)[:3] == kept and len(left.items) == len(first.items)
    assert left.utterance.startswith("/drop ")
    late = assistant.operate(session=session, where=["year >= 2000"])
    assert all((item.year or 0) >= 2000 for item in late.items)
    assert not set(ids(late)) & {first.items[1].id, first.items[3].id}, "still dropped"
    more = assistant.ask("more", session=session)
    assert more.items, "more goes on among the same candidates"
    assert all((item.year or 0) >= 2000 for item in more.items)
    assert not set(ids(more)) & {first.items[1].id, first.items[3].id, *ids(late)}


def test_no_fact_is_written_of_what_is_dropped(assistant: Assistant, home: Path) -> None:
    session, _, second = two_lists(assistant)
    assistant.operate(session=session, drop=["#1"])
    kinds = {event.kind for event in UserStore(home / "data" / "user.sqlite").events("me")}
    assert kinds <= {"shown", "said"}  # what the lists were asked for


def test_what_is_wrong_changes_nothing(assistant: Assistant) -> None:
    session, _, second = two_lists(assistant)
    place, turns = session.bus.place, len(session.turns)
    wrong: list[tuple[type[Exception], dict[str, object]]] = [
        (NotFound, {"operations": [Operation("load", name="nope")]}),
        (NotFound, {"operations": [Operation("forget", name="nope")]}),
        (NotFound, {"operations": [Operation("minus", name="list 9")]}),
        (NotFound, {"operations": [Operation("list", number=9)]}),
        (NotFound, {"drop": ["Zzzz"]}),
        (NotFound, {"drop": ["#9"]}),
        (BadInput, {"where": ["colour has red"]}),
        (BadInput, {"operations": [Operation("save")]}),
        (BadInput, {"operations": [UNDO, UNDO, UNDO, UNDO]}),
        (NotFound, {"operations": [REDO]}),
        (BadInput, {"operations": [UNDO], "drop": ["#1"]}),
        (BadInput, {}),
    ]
    for error, what in wrong:
        with pytest.raises(error):
            assistant.operate(session=session, **what)  # type: ignore[arg-type]
        assert session.bus.place == place and len(session.turns) == turns
    assert assistant.standing(session) == second.items


def test_a_model_is_not_asked(assistant: Assistant) -> None:
    session, first, _ = two_lists(assistant)
    assistant.agent.brain = ScriptedBrain([])
    back = assistant.operate([UNDO], session=session)
    assert back.items == first.items and back.brain == "builtin"


def test_lists_and_sets_outlive_the_process(assistant: Assistant) -> None:
    session, first, second = two_lists(assistant)
    assistant.operate([Operation("save", name="calm")], session=session)
    assistant.operate([UNDO], session=session)
    with Assistant("films") as later:
        back = later.load_session()
        assert back is not None and back.bus.standing == 1 and list(back.bus.saved) == ["calm"]
        assert later.standing(back) == first.items
        assert later.operate([REDO], session=back).items == second.items
        assert ids(later.operate([Operation("load", name="calm")], session=back)) == ids(second)


def test_where_the_catalog_has_changed_lists_are_lost_and_words_still_work(
    assistant: Assistant, home: Path
) -> None:
    session, _, second = two_lists(assistant)
    assistant.operate(session=session, drop=["#1"])
    store = UserStore(home / "data" / "user.sqlite")
    kept = store.last_session("me", "films")
    assert kept is not None
    with Assistant("films") as later:
        later.catalog.fingerprint = "another"
        back = later.load_session()
        assert back is not None and not back.bus.lists and back.bus.standing == 0
        assert any("start anew" in text for _, text in later.take_notices())
        assert [later.catalog.ids([row])[0] for row in back.shown] == ids_of(back, later)
        with pytest.raises(NotFound, match="no list 1"):
            later.operate([Operation("list", number=1)], session=back)
        with pytest.raises(NotFound, match="undo"):
            later.operate([UNDO], session=back)
        turn = later.ask("only thrillers", session=back)
        assert turn.items and turn.number == 1


def ids_of(session: Session, assistant: Assistant) -> list[str]:
    """Ids of the list last shown, by the turns."""
    shown = next(turn.shown for turn in reversed(session.turns) if turn.shown)
    return assistant.catalog.ids(list(shown))


STEPS = st.lists(
    st.sampled_from(["undo", "redo", "list 1", "list 2", "minus", "union", "drop", "words"]),
    max_size=6,
)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(STEPS)
def test_undo_takes_back_any_turn_that_showed_another_list(
    assistant: Assistant, steps: list[str]
) -> None:
    session, _, _ = two_lists(assistant)
    assistant.operate([Operation("save", name="calm")], session=session, keep=False)
    for step in steps:
        before, number = session.shown, len(session.bus.lists)
        done = _step(assistant, session, step)
        if done is None or len(session.bus.lists) == number:
            continue  # it went to a list, or came to nothing
        back = assistant.operate([UNDO], session=session, keep=False)
        assert session.shown == before == tuple(back.rows)
        forth = assistant.operate([REDO], session=session, keep=False)
        assert forth.items == done.items and forth.number == done.number


def _step(assistant: Assistant, session: Session, step: str) -> Turn | None:
    operations = {
        "undo": [UNDO],
        "redo": [REDO],
        "list 1": [Operation("list", number=1)],
        "list 2": [Operation("list", number=2)],
        "minus": [Operation("minus", name="calm")],
        "union": [Operation("union", name="calm")],
    }
    try:
        if step == "words":
            words = "back to the first list, but only thrillers"
            return assistant.ask(words, session=session, keep=False)
        if step == "drop":
            return assistant.operate(session=session, drop=["#1"], keep=False)
        return assistant.operate(operations[step], session=session, keep=False)
    except (BadInput, NotFound):
        return None
