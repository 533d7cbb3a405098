"""What is forgotten while a turn, a lesson or a build runs does not come back with its end."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recagent_cli import Assistant
from recagent_cli.agent.loop import Agent
from recagent_cli.forgetting import Finder, Wanted
from recagent_cli.memory.backups import back_up
from recagent_cli.memory.erasing import Doomed, erase, sweep
from recagent_cli.memory.event_rows import StoredEvent, write_event
from recagent_cli.memory.learning import Learner
from recagent_cli.memory.pausing import pause
from recagent_cli.memory.session_rows import StoredSession
from recagent_cli.memory.store import UserStore
from recagent_cli.memory.undoing import take_back
from recagent_cli.oblivion import Oblivion
from recagent_cli.own_builds import own_builds
from recagent_cli.paths import find_paths
from recagent_cli.profiles import Profiles
from recagent_tools.models import training

from ..conftest import RunCommand

WORD = "zzcanary"


def facts(store: UserStore) -> list[tuple[str, str]]:
    return [(event.kind, event.item) for event in store.events("me") if event.kind != "shown"]


def forget(assistant: Assistant, **wanted: Any) -> None:
    profiles = Profiles(UserStore(find_paths().store), "me", assistant.library)
    Oblivion(profiles, find_paths(), Wanted(**wanted)).forget()


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Something that happens once an answer is there and not yet kept."""
    turn = Agent.turn

    def slow(self: Agent, *given: Any, **named: Any) -> Any:
        answer = turn(self, *given, **named)
        act()
        return answer

    monkeypatch.setattr(Agent, "turn", slow)


def test_a_turn_that_runs_writes_nothing_back(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = UserStore(find_paths().store)
    with Assistant("films") as assistant:
        session = assistant.new_session()
        assistant.ask("westerns", session=session)
        with monkeypatch.context() as patch:
            meanwhile(patch, lambda: forget(assistant, everything=True))
            turn = assistant.ask("I loved Paper Lanterns", session=session)
        assert any("forgotten meanwhile" in text for _, text in turn.notices)
        assert store.events("me", undone=True) == [] and store.session_ids("me") == []
        with monkeypatch.context() as patch:
            meanwhile(patch, lambda: pause(store, "me", source="profile pause"))
            assistant.ask("I loved Paper Lanterns")
        assert facts(store) == [("paused", "")] and store.session_ids("me") == []
        pause(store, "me", source="profile resume", resume=True)
        assistant.ask("I loved Paper Lanterns")
        assert ("liked", "f05") in facts(store)


def test_nothing_is_learned_of_what_is_gone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = UserStore(find_paths().store)
    generalised = Learner._write

    def late(self: Learner, found: Any, context: Any) -> Any:
        if found:
            erase(store, "me", Doomed([cause.id for cause, _ in found]))
            came.append(found)
        return generalised(self, found, context)

    came: list[Any] = []
    monkeypatch.setattr(Learner, "_write", late)
    with Assistant("films") as assistant:
        session = assistant.new_session()
        assistant.ask("films", session=session)
        for word in ("love 1", "I loved the first one", "I hated the second one"):
            assistant.ask(word, session=session)
    assert came, "something would have been learned"
    assert not store.events("me", kinds=("learned", "proposed"), undone=True)


def test_what_is_taken_back_between_look_and_deed_stays_so(home: Path) -> None:
    store = UserStore(find_paths().store)
    store.commit(events=[StoredEvent("me", "films", "liked", "f01", source="zzcanary nights")])
    found = Finder(store, "me", Wanted(words=("zzcanary",)), lambda *of: None).find()
    take_back(store, "me", [1])
    erase(store, "me", found.doomed)
    (left,) = store.events("me", undone=True)
    assert left.undone and not left.source


def test_a_build_that_runs_learns_nothing_that_is_forgotten(
    home: Path, recagent: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    recagent("ask", "I loved Paper Lanterns and Blue Static, I hated Laughing Stock")
    train, runs = training.train, list[int]()

    def slow(*given: Any, **named: Any) -> Any:
        trained = train(*given, **named)
        runs.append(len(named["mine"].own))
        if len(runs) == 1:
            assert recagent("profile", "forget", "Paper Lanterns", "--yes").code == 0
        return trained

    monkeypatch.setattr(training, "train", slow)
    ran = recagent("build", "films", "--force")
    assert ran.code == 0 and "forgotten meanwhile" in ran.err
    assert runs[1] < runs[0]
    (build,) = own_builds(find_paths().models, "me")
    manifest = json.loads((build.place / "manifest.json").read_bytes())
    assert manifest["settings"]["own_events"]["events"] == runs[1]
    ran = recagent("profile", "forget", "--all", "--yes", "--json")
    assert json.loads(ran.out)["models"] == ["films"]
    # Models that hold what was forgotten can be named although no fact is left.
    ran = recagent("profile", "forget", "--all", "--yes", "--json")
    assert ran.code == 0 and json.loads(ran.out)["models"] == ["films"]


def test_ratings_that_a_list_knew_go_by_their_item_not_by_their_points() -> None:
    finder = Finder(UserStore(Path("none")), "me", Wanted(), lambda *of: None)
    knew = {"user": None, "profile": {"liked": [4, 5], "ratings": [[5, 4.0], [4, 5.0], [7, 4.0]]}}
    left = json.loads(finder._without(json.dumps(knew), {4}))
    assert left["profile"] == {"liked": [5], "ratings": [[5, 4.0], [7, 4.0]]}


def test_nothing_deleted_is_in_the_free_pages_of_a_copy(tmp_path: Path) -> None:
    """Words are overwritten, but pages that move leave old ones behind: they need the VACUUM."""
    store, dice = UserStore(tmp_path / "user.sqlite"), random.Random(1)

    def words(other: str, most: int) -> str:
        return (f"{WORD} " if dice.random() < 0.3 else other) * dice.randint(1, most)

    for n in range(10):
        said = [words("other ", 15) for _ in range(30)]
        store.commit(
            events=[StoredEvent("me", "m", "said", f"i{k}", source=s) for k, s in enumerate(said)]
        )
        bus = b"busdata" * dice.randint(10, 900)
        session = StoredSession(f"s{n % 5}", "me", "m", "f", 1.0, 2.0, bus)
        store.commit(session=session, new_turns=[words("x ", 200)])
    with store.transaction() as connection:
        for event in dice.sample(store.events("me"), 75):
            connection.execute("DELETE FROM events WHERE id = ?", (event.id,))
        for event in dice.sample(store.events("me"), 37):
            cut = dice.random() < 0.5
            left = event.source[:20] if cut else event.source + "y" * dice.randint(0, 900)
            write_event(connection, replace(event, source=left), anew=False)
    assert back_up(store) is not None
    gone = [event.id for event in store.events("me") if "zz" in event.source]
    erase(store, "me", Doomed(gone, store.session_ids("me")))
    sweep(store)
    left_in = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(left_in) > 1 and not any(WORD.encode() in path.read_bytes() for path in left_in)
