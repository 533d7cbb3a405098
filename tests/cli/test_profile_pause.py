"""What must not be kept is not: paused, incognito, and what another process forgot meanwhile."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from recagent_catalogs.errors import BadInput, RecagentError
from recagent_cli import Assistant
from recagent_cli.memory.backups import back_up, copies_of
from recagent_cli.memory.erasing import Doomed, compact, erase, last_forgotten, sweep
from recagent_cli.memory.event_rows import StoredEvent
from recagent_cli.memory.pausing import pause, paused_since
from recagent_cli.memory.store import UserStore


def bytes_under(home: Path) -> bytes:
    """All that is in files of the person."""
    places = [home / "data" / "user.sqlite", home / "data" / "user.sqlite-wal"]
    places += sorted((home / "data").glob("backups/*"))
    return b"".join(place.read_bytes() for place in places if place.is_file())


def test_while_paused_nothing_is_written(home: Path) -> None:
    with Assistant("films") as assistant:
        session = assistant.new_session()
        assistant.ask("I loved Paper Lanterns", session=session)
        pause(assistant.store, "me", source="test")
        before = bytes_under(home)
        turn = assistant.ask("westerns for zzcanary", session=session)
        assistant.ask("I loved Blue Static", session=session)
        assert turn.items and bytes_under(home) == before
        with pytest.raises(BadInput, match="not noted: the profile is paused"):
            assistant.note("seen", [3], source="test")
        assert assistant.profile().liked  # what is known is used all the same
        pause(assistant.store, "me", resume=True, source="test")
        assistant.ask("I loved Night Harbour", session=session)
        kept = assistant.store.session(session.id, "me")
        assert len(kept.turns) == 1 and b"zzcanary" not in bytes_under(home)
        liked = [e.item for e in assistant.store.events("me", kinds=["liked"])]
        assert len(liked) == 2


def test_incognito_notes_nothing_by_hand_either(home: Path) -> None:
    with Assistant("films", incognito=True) as assistant:
        assistant.ask("westerns")
        with pytest.raises(BadInput, match="not noted: this is incognito"):
            assistant.note("liked", [3], source="test")
        assert not assistant.store.path.exists()


def test_pausing_twice_is_no_news(tmp_path: Path) -> None:
    store = UserStore(tmp_path / "user.sqlite")
    assert not pause(store, "me", resume=True, source="test") and not store.path.exists()
    assert pause(store, "me", source="test")
    since = paused_since(store, "me")
    assert not pause(store, "me", source="test") and paused_since(store, "me") == since
    assert paused_since(store, "ana") is None
    assert pause(store, "me", resume=True, source="test") and paused_since(store, "me") is None


def test_a_conversation_that_knows_what_is_forgotten_is_kept_no_more(home: Path) -> None:
    with Assistant("films") as running:
        session = running.new_session()
        running.ask("I loved Paper Lanterns", session=session)
        other = UserStore(running.paths.store)
        (liked,) = other.events("me", kinds=["liked"])
        erase(other, "me", Doomed([liked.id], [session.id]))
        turn = running.ask("I loved Blue Static", session=session)
        assert any("forgotten meanwhile" in text for _, text in turn.notices)
        assert other.sessions("me") == []
        (left,) = other.events("me", kinds=["liked"])
        assert left.item != liked.item and left.id > liked.id and not left.session
        fresh = running.ask("westerns")
        assert [head.id for head in other.sessions("me")] == [fresh.session]


def test_erased_rows_are_in_no_file(tmp_path: Path) -> None:
    store = UserStore(tmp_path / "data" / "user.sqlite")
    facts = [StoredEvent("me", "films", "said", text=f"zzcanary{n}" * 300) for n in range(20)]
    store.commit(events=[*facts, StoredEvent("me", "films", "said", text="stays")])
    assert back_up(store) is not None
    numbers = [event.id for event in store.events("me") if "zzcanary" in event.text]
    mark = last_forgotten(store, "me")
    erase(store, "me", Doomed(numbers))
    own = store.path.parent / "backups" / "by-hand.txt"
    own.write_text("mine")
    (own.parent / "folder").mkdir()
    sweep(store)
    assert len(copies_of(store)) == 1 and own.read_text() == "mine"
    assert b"zzcanary" not in bytes_under(tmp_path) and bytes_under(tmp_path).count(b"stays") == 2
    assert last_forgotten(store, "me") > mark == last_forgotten(store, "ana")


def test_a_reader_that_holds_the_log_is_told(tmp_path: Path) -> None:
    store = UserStore(tmp_path / "data" / "user.sqlite")
    store.commit(events=[StoredEvent("me", "films", "said", text="zzcanary")])
    reader = sqlite3.connect(store.path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM events").fetchone()
    erase(store, "me", Doomed([1]))
    with pytest.raises(RecagentError, match="another process reads them"):
        compact(store, seconds=0.1)
    assert store.events("me") == []
    reader.close()
    compact(store)
    assert b"zzcanary" not in bytes_under(tmp_path)
