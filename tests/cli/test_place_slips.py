"""Lists and sets where words, names and stored sessions could be taken wrongly."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recagent_catalogs.errors import BadInput, NotFound
from recagent_cli import Assistant
from recagent_cli.agent.request import Operation
from recagent_cli.agent.session import Session, numbered, relist
from recagent_cli.agent.turn import Turn
from recagent_cli.memory.store import UserStore
from recagent_cli.paths import find_paths
from recagent_tools.bus import CandidateBus
from recagent_tools.explain import explained
from recagent_tools.toolbox import ToolContext

from ..conftest import RunCommand


@pytest.fixture
def assistant(home: Path) -> Iterator[Assistant]:
    with Assistant("films", incognito=True) as made:
        yield made


def ids(turn: Turn) -> list[str]:
    return [item.id for item in turn.items]


def one_list(assistant: Assistant, count: int = 2) -> tuple[Session, Turn]:
    session = assistant.new_session()
    return session, assistant.ask("sci-fi", session=session, count=count)


def outside(assistant: Assistant, session: Session) -> str:
    """Title of a film that is no candidate."""
    rows = (r for r in range(assistant.catalog.n_items) if r not in session.bus.candidates)
    return assistant.catalog.item(next(rows)).title


@pytest.mark.parametrize("name", ["undo", "Redo", "go back", "the list", "sets", "union"])
def test_no_set_takes_a_commands_place(assistant: Assistant, name: str) -> None:
    session, _ = one_list(assistant)
    with pytest.raises(BadInput, match="command"):
        assistant.operate([Operation("save", name=name)], session=session)
    assert not session.bus.saved
    turn = assistant.ask("save as undo", session=session)
    assert "command" in turn.text and not session.bus.saved


def test_a_set_that_is_also_a_value_is_told(assistant: Assistant) -> None:
    session, _ = one_list(assistant)
    assistant.ask("save as 80s", session=session)
    assistant.ask("thrillers", session=session)
    turn = assistant.ask("without the set 80s", session=session)
    assert [op.op for op in turn.request.operations] == ["minus"]
    assert any("80s" in text and "set" in text for _, text in turn.notices)
    turn = assistant.ask("no, undo", session=session)
    assert not any("80s" in text for _, text in turn.notices)


def test_a_set_with_a_kind_in_its_name_is_no_doubt(assistant: Assistant) -> None:
    session, _ = one_list(assistant)
    assistant.ask("save as horror night", session=session)
    turn = assistant.ask("show horror night", session=session)
    assert turn.items and not any("not for a condition" in text for _, text in turn.notices)


def test_without_an_item_keeps_the_rest_of_the_list(assistant: Assistant) -> None:
    session, first = one_list(assistant)
    more = [row for row in session.bus.rows() if int(row) not in first.rows]
    title = assistant.catalog.item(int(more[-1])).title
    turn = assistant.ask(f"without {title}", session=session, count=2)
    assert ids(turn) == ids(first) and turn.text.startswith("Without ")
    assert int(more[-1]) not in session.bus.candidates


def test_without_what_is_not_there_changes_nothing(assistant: Assistant) -> None:
    session, first = one_list(assistant)
    title, before = outside(assistant, session), session.bus.place
    turn = assistant.ask(f"without {title}", session=session)
    assert "not among them" in turn.text and not turn.items
    with pytest.raises(NotFound, match="not among them"):
        assistant.operate(session=session, drop=[title])
    assert session.bus.place == before and len(session.bus.lists) == 1
    assert [item.id for item in assistant.standing(session)] == ids(first)


def test_a_drop_is_no_refusal_of_the_ranking_before_it(assistant: Assistant) -> None:
    session, first = one_list(assistant, count=4)
    then = assistant.why(first.items[1].id, session=session)
    assistant.operate(session=session, drop=["#1"])
    now = assistant.why(first.items[1].id, session=session)
    assert now.parts and not now.recomputed
    assert [part.words for part in now.parts] == [part.words for part in then.parts]
    assert now.score == pytest.approx(then.score, abs=1e-5)


def test_a_set_is_forgotten_by_its_name_alone(assistant: Assistant) -> None:
    session, _ = one_list(assistant)
    assistant.ask("save as weekend", session=session)
    turn = assistant.ask("forget weekend", session=session)
    assert not session.bus.saved and "deleted" in turn.text


def test_without_a_list_nothing_is_saved_but_on_demand(assistant: Assistant) -> None:
    session = assistant.new_session()
    turn = assistant.ask("save as Alien", session=session)
    assert "no list" in turn.text and not session.bus.saved
    assistant.ask("sci-fi", session=session)
    assistant.ask("undo", session=session)
    with pytest.raises(BadInput, match="no list stands"):
        assistant.operate([Operation("save", name="x")], session=session)
    assistant.operate([Operation("save", name="x", all=True)], session=session)
    assert session.bus.named("x").after == assistant.catalog.n_items


def test_after_the_first_undo_both_whys_speak_of_the_last_list(assistant: Assistant) -> None:
    session, first = one_list(assistant)
    assistant.ask("undo", session=session)
    assert assistant.why("1", session=session).row == first.rows[0]
    title = assistant.catalog.item(_strange(assistant, first)).title
    _, then = assistant.why_not(title, session=session)
    assert then.bus.standing == 1


def _strange(assistant: Assistant, turn: Turn) -> int:
    return next(r for r in range(assistant.catalog.n_items) if r not in turn.rows)


def test_nothing_to_undo_is_something_not_found(assistant: Assistant) -> None:
    session = assistant.new_session()
    for op in ("undo", "redo"):
        with pytest.raises(NotFound, match=f"nothing to {op}"):
            assistant.operate([Operation(op)], session=session)


def test_a_minus_tells_of_what_it_was_taken(assistant: Assistant) -> None:
    session, _ = one_list(assistant, count=1)
    assistant.ask("save as weekend", session=session)
    assistant.ask("thrillers", session=session, count=1)
    many = len(session.bus)
    turn = assistant.ask("without weekend", session=session)
    assert many > 1 and turn.text.startswith("The candidates without weekend: ")


# -- sessions from before lists were kept ---------------------------------------------------------


def test_lists_are_made_of_what_earlier_turns_showed(assistant: Assistant) -> None:
    session, first = one_list(assistant)
    second = assistant.ask("no horror", session=session, count=2)
    old = CandidateBus(session.bus.n_items, session.bus.fingerprint, list(session.bus.stages))
    old.cursor, old.inputs = session.bus.cursor, session.bus.inputs
    turns = [replace(turn, number=0) for turn in session.turns]
    relist(old, turns)
    assert [shown.rows for shown in old.lists] == [first.rows, second.rows]
    assert old.standing == 2 and len(old) == len(session.bus)
    again = Session("films", old, session.id, numbered(turns, old))
    assert [turn.number for turn in again.turns] == [1, 2]
    assert explained(first.rows[0], _context(assistant, again)) is not None
    dropped = assistant.operate(session=again, drop=["#1"])
    assert set(second.rows[1:]) <= set(dropped.rows) and second.rows[0] not in dropped.rows
    assert assistant.operate([Operation("list", number=1)], session=again).rows == first.rows
    for _ in range(3):
        back = assistant.operate([Operation("undo")], session=again)
    assert back.number == 1


def _context(assistant: Assistant, session: Session) -> ToolContext:
    context = assistant.context(session, None)
    context.shown = session.shown
    return context


def test_a_stored_session_of_the_first_schema_keeps_its_lists(home: Path) -> None:
    with Assistant("films") as assistant:
        session, first = one_list(assistant)
        second = assistant.ask("no horror", session=session, count=2)
        _as_of_before(assistant, session)
    with Assistant("films") as assistant:
        held = assistant.load_session("old")
        assert held is not None and [s.rows for s in held.bus.lists] == [first.rows, second.rows]
        assistant.operate([Operation("undo")], session=held)
    with Assistant("films") as assistant:
        held = assistant.load_session("old")
        assert held is not None and held.bus.standing == 1
        assert [turn.number for turn in held.turns] == [1, 2, 1]


def _as_of_before(assistant: Assistant, session: Session) -> None:
    """Store the session once more as "old", as the version before lists wrote it."""
    store = UserStore(assistant.paths.store)
    kept = store.session(session.id, "me")
    bodies = [json.loads(body) for body in kept.turns]
    for body in bodies:
        for key in ("list", "user", "liked", "disliked", "relaxations"):
            del body[key]
    old = replace(kept, id="old", bus=_first_schema(kept.bus), turns=())
    store.commit(session=old, new_turns=[json.dumps(body) for body in bodies])


def _first_schema(blob: bytes) -> bytes:
    """A bus as its first schema has it: an array for each stage, no lists."""
    with np.load(io.BytesIO(blob)) as opened:
        pools = dict(opened)
    head = json.loads(pools["head"].tobytes())
    for key in ("lists", "standing", "done", "inputs"):
        del head[key]
    arrays = {}
    for number, meta in enumerate(head["stages"]):
        for key in ("inputs", "recipe", "sorts"):
            meta.pop(key, None)
        if meta["kind"] == "rows":
            begin, size = meta.pop("rows")
            arrays[f"{number}.rows"] = pools["rows"][begin : begin + size]
            for name, (at, length) in meta["scores"].items():
                arrays[f"{number}.score.{name}"] = pools["scores"][at : at + length]
            meta["scores"] = list(meta["scores"])
    head = {**head, "schema": "recagent.bus/1", "undone": []}
    told = np.frombuffer(json.dumps(head).encode(), dtype=np.uint8)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, head=told, **arrays)
    return buffer.getvalue()


# -- several at once -------------------------------------------------------------------------------


def test_sets_saved_at_once_are_all_kept(home: Path) -> None:
    with Assistant("films") as assistant:
        session, _ = one_list(assistant)
        assistant.ask("save as before", session=session)
        held = [assistant.load_session(session.id) for _ in range(3)]
        for number, one in enumerate(held):
            assert one is not None
            assistant.ask(f"save as {'abc'[number]}x", session=one)
        turn = assistant.ask("forget before", session=held[2])
        assert not any("meanwhile" in text for _, text in turn.notices)
        last = assistant.load_session(session.id)
    assert last is not None and last.bus.standing == 1
    assert sorted(last.bus.saved) == ["ax", "bx", "cx"]


def test_that_the_catalog_changed_is_told_where_a_set_is_gone(
    home: Path, recagent: RunCommand
) -> None:
    recagent("ask", "sci-fi", "-c", "films")
    recagent("bus", "save", "keep", "-c", "films")
    store = UserStore(find_paths().store)
    kept = store.last_session("me", "films")
    assert kept is not None
    store.commit(session=replace(kept, fingerprint="another"))
    ran = recagent("bus", "load", "keep", "-c", "films")
    assert ran.code == 3 and "catalog has changed" in ran.err and "no set" in ran.err


def test_tables_of_the_bus_fit_a_narrow_terminal(
    home: Path, recagent: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    recagent("ask", "sci-fi", "-c", "films")
    monkeypatch.setenv("COLUMNS", "40")
    told = recagent("bus", "history", "-c", "films").out
    assert "note" in told and "before" not in told and "Sci-Fi" in told
    assert max(map(len, told.splitlines())) <= 40
    assert "asked" in recagent("bus", "lists", "-c", "films").out


@pytest.mark.skipif(sys.platform == "win32", reason="no ending by a signal there")
@pytest.mark.parametrize("name", ["run", "_run"])
def test_ctrl_c_while_a_dataclass_is_made_ends_with_its_code(name: str, tmp_path: Path) -> None:
    code = (
        "import recagent_cli.main as m\n"
        "def stop(words): exec('raise KeyboardInterrupt')\n"
        f"m.{name} = stop\nm.main(['paths'])"
    )
    (tmp_path / "stopped.py").write_text(code)  # only with -m does Python end by the signal
    paths = os.pathsep.join([str(tmp_path), *sys.path])
    ran = subprocess.run(
        [sys.executable, "-m", "stopped"],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert ran.returncode == 130
