from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from recagent_catalogs.errors import BadInput, RecagentError
from recagent_cli.memory.store import MIGRATIONS, StoredEvent, StoredSession, UserStore


def event(kind: str = "liked", item: str = "f01", **more: object) -> StoredEvent:
    return StoredEvent("me", "films", kind, item, **more)  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> UserStore:
    return UserStore(tmp_path / "data" / "user.sqlite")


def test_reading_makes_no_file(store: UserStore) -> None:
    assert store.events("me") == [] and store.last_session("me", "films") is None
    assert not store.path.exists()


def test_what_was_written_comes_back(store: UserStore) -> None:
    store.commit(
        events=[event(value=4.5, text="great", source="ask", turn=2), event("seen", "f02")]
    )
    liked, seen = store.events("me")
    assert (liked.kind, liked.item, liked.value, liked.turn) == ("liked", "f01", 4.5, 2)
    assert seen.kind == "seen" and seen.time > 1_600_000_000
    assert store.events("ana") == [] and store.events("me", kinds=["seen"]) == [seen]


def test_an_undone_event_counts_no_more(store: UserStore) -> None:
    store.commit(events=[event()])
    store.undo_event(store.events("me")[0])
    assert store.events("me") == [] and store.damaged == []


def test_only_the_owner_may_read_the_file(store: UserStore) -> None:
    store.commit(events=[event()])
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


def test_an_unknown_kind_writes_nothing(store: UserStore) -> None:
    with pytest.raises(ValueError, match="unknown kind"):
        store.commit(events=[event(), event("adored")])
    assert store.events("me") == []


def test_a_session_comes_back_with_its_turns(store: UserStore) -> None:
    session = StoredSession("s1", "me", "films", "abc", 1.0, 2.0, b"\x00bus", ("one", "two"))
    store.commit(session=session)
    assert store.session("s1") == session
    longer = StoredSession("s1", "me", "films", "abc", 1.0, 3.0, b"bus2", ("one", "two", "three"))
    store.commit(session=longer, turns_from=2)
    assert store.last_session("me", "films") == longer
    assert store.delete_session("s1") and store.session("s1") is None
    assert not store.delete_session("s1")


@pytest.mark.parametrize("column", ["item", "kind", "value", "time", "text"])
def test_a_changed_row_is_found_and_left_out(store: UserStore, column: str) -> None:
    store.commit(events=[event(value=3.0), event(item="f02")])
    with sqlite3.connect(store.path) as connection:
        connection.execute(f"UPDATE events SET {column} = '9' WHERE id = 1")
    connection.close()
    assert [e.item for e in store.events("me")] == ["f02"]
    assert store.damaged == ["event 1"]


def test_a_file_that_is_no_store_is_a_clear_error(store: UserStore) -> None:
    store.path.parent.mkdir(parents=True)
    store.path.write_bytes(b"this is no database at all, but long enough to be read as one" * 20)
    with pytest.raises(BadInput, match="damaged"):
        store.events("me")


def test_a_store_of_a_newer_version_is_left_alone(store: UserStore) -> None:
    store.commit(events=[event()])
    connection = sqlite3.connect(store.path)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(BadInput, match="newer"):
        store.events("me")


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecagentError, match="cannot be"):
        UserStore(tmp_path / "file" / "user.sqlite").commit(events=[event()])


def test_many_processes_write_at_once(store: UserStore) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from recagent_cli.memory.store import StoredEvent, UserStore\n"
        "store = UserStore(Path(sys.argv[1]))\n"
        "event = StoredEvent('me', 'films', 'seen', sys.argv[2])\n"
        "for i in range(5): store.commit(events=[event])\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(store.path), f"f{n:02}"])
        for n in range(8)
    ]
    assert [process.wait(60) for process in processes] == [0] * 8
    assert len(store.events("me")) == 40 and store.damaged == []


def test_backups_are_made_once_a_day_and_three_are_kept(store: UserStore) -> None:
    assert store.back_up() is None
    store.commit(events=[event()])
    first = store.back_up()
    assert first is not None and store.back_up() is None
    copies = first.parent
    for day in range(1, 6):
        newest = max(path.stat().st_mtime for path in copies.iterdir())
        assert store.back_up(now=newest + day * 90_000) is not None
    assert len(list(copies.iterdir())) == 3
    assert UserStore(sorted(copies.iterdir())[-1]).events("me")[0].item == "f01"
