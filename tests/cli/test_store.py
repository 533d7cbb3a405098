from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recagent_catalogs.errors import BadInput, NotFound, RecagentError
from recagent_cli.care.store_check import look_at
from recagent_cli.memory.backups import back_up, copies_of
from recagent_cli.memory.checksums import checksum, event_checksum
from recagent_cli.memory.event_rows import StoredEvent
from recagent_cli.memory.learning import refused_values
from recagent_cli.memory.migrations import MIGRATIONS
from recagent_cli.memory.session_rows import StoredSession
from recagent_cli.memory.store import UserStore
from recagent_cli.memory.tastes import standing
from recagent_cli.memory.undoing import decide, take_back


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


def session(id: str = "s1", profile: str = "me", *, at: float = 2.0) -> StoredSession:
    return StoredSession(id, profile, "films", "abc", at, at, b"\x00bus")


def test_a_session_comes_back_with_its_turns(store: UserStore) -> None:
    store.commit(session=session(), new_turns=["one", "two"])
    assert store.session("s1", "me") == replace(session(), turns=("one", "two"))
    store.commit(session=replace(session(at=3.0), bus=b"bus2"), new_turns=["three"])
    last = store.last_session("me", "films")
    assert last is not None and last == store.last_session("me")
    assert (last.bus, last.turns) == (b"bus2", ("one", "two", "three"))
    assert (last.created, last.updated) == (2.0, 3.0)
    store.delete_session("s1", "me")
    with pytest.raises(NotFound, match="s1"):
        store.session("s1", "me")
    with pytest.raises(NotFound, match="s1"):
        store.delete_session("s1", "me")


def test_a_session_is_its_profiles_alone(store: UserStore) -> None:
    store.commit(session=session(), new_turns=["mine"])
    for refused in (
        lambda: store.session("s1", "bob"),
        lambda: store.delete_session("s1", "bob"),
        lambda: store.commit(session=session(profile="bob"), new_turns=["bob's"]),
    ):
        with pytest.raises(NotFound, match="s1"):
            refused()
    assert store.sessions("bob") == [] and store.last_session("bob") is None
    assert store.session("s1", "me").turns == ("mine",)


def test_deleting_a_session_touches_no_other_profile(store: UserStore) -> None:
    store.commit(session=session(), new_turns=["mine"])
    hers = [replace(event(kind, session="s1"), profile="ana") for kind in ("said", "shown")]
    store.commit(events=[*hers, event("said", session="s1"), event(session="s1")])
    store.delete_session("s1", "me")
    assert [e.kind for e in store.events("ana")] == ["said", "shown"]
    assert [e.kind for e in store.events("me")] == ["liked"]


def test_what_was_accepted_outlives_the_session_that_it_came_from(store: UserStore) -> None:
    said = event("said", "", column="genres", text="Western", session="s1", id=1)
    waits = replace(said, kind="proposed", because=1, id=2)
    store.commit(session=session(), new_turns=["westerns"], events=[said, waits])
    decide(store, "me", [2, 2], accept=True)
    # As an earlier version noted what was accepted.
    store.commit(events=[replace(waits, kind="learned", because=1, session="", id=0)])
    store.delete_session("s1", "me")
    left = [e for e in standing(store.events("me")) if e.kind != "proposed"]
    assert [(e.kind, e.text, e.because) for e in left] == [
        ("liked", "Western", 0),
        ("learned", "Western", 0),
    ]


def test_no_fact_is_of_a_time_to_come(store: UserStore) -> None:
    store.commit(events=[event(time=9e10), event(time=5.0), event()])
    first, early, now = (e.time for e in store.events("me"))
    assert first <= now <= time.time() and early == 5.0


def test_the_newest_that_is_taken_back_is_what_the_person_said(store: UserStore) -> None:
    learned = event("learned", "", column="genres", text="Horror", value=1.0, because=2, id=3)
    store.commit(events=[event(item="f02", id=1), event(id=2), learned])
    assert [e.kind for e in take_back(store, "me")] == ["liked", "learned"]
    assert refused_values(store, "me", "films") == frozenset()
    taken = store.events("me", undone=True)[1:]
    assert all(abs(e.undone - time.time()) < 60 for e in taken)
    assert [e.item for e in take_back(store, "me")] == ["f02"]
    with pytest.raises(NotFound, match="nothing is known yet"):
        take_back(store, "me")


def test_two_that_continue_one_session_lose_no_turn(store: UserStore) -> None:
    store.commit(session=session(), new_turns=["one"])
    for held, said in ((UserStore(store.path), "left"), (UserStore(store.path), "right")):
        liked = event(session="s1")
        held.commit(events=[liked], session=session(at=3.0), new_turns=[said])
    assert store.session("s1", "me").turns == ("one", "left", "right")
    assert [e.turn for e in store.events("me")] == [2, 3]


def test_a_damaged_turn_is_left_out_and_its_number_kept(store: UserStore) -> None:
    store.commit(session=session(), new_turns=["one", "two", "three"])
    with sqlite3.connect(store.path) as connection:
        connection.execute("UPDATE turns SET body = 'xyz' WHERE number = 2")
    connection.close()
    assert store.session("s1", "me").turns == ("one", "three")
    assert store.damaged == ["turn 2 of session s1"]
    store.commit(session=session(at=3.0), new_turns=["four"])
    assert store.session("s1", "me").turns == ("one", "three", "four")


def test_a_damaged_session_is_said_to_be(store: UserStore) -> None:
    store.commit(session=session(), new_turns=["one"])
    with sqlite3.connect(store.path) as connection:
        connection.execute("UPDATE sessions SET updated = 9")
    connection.close()
    with pytest.raises(BadInput, match="damaged"):
        store.session("s1", "me")
    assert UserStore(store.path).sessions("me") == []


def test_a_list_of_sessions_reads_no_bus(store: UserStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        store.commit(session=session(f"s{number}", at=float(number)), new_turns=["a"] * number)
    opened: list[str] = []
    connect = sqlite3.connect

    def counted(*words: Any, **more: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*words, **more)
        connection.set_trace_callback(opened.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", counted)
    listed = store.sessions("me")
    assert [(s.id, s.n_turns) for s in listed] == [(f"s{n}", n) for n in (4, 3, 2, 1, 0)]
    assert len([sql for sql in opened if sql.startswith("SELECT")]) == 1
    plan = connect(store.path).execute(f"EXPLAIN QUERY PLAN {opened[-1]}").fetchall()
    assert "COVERING INDEX sessions_listed" in str(plan)


def test_a_store_of_the_first_version_is_brought_up(store: UserStore) -> None:
    store.path.parent.mkdir(parents=True)
    with sqlite3.connect(store.path) as connection:
        connection.executescript(MIGRATIONS[0] + "; PRAGMA user_version = 1")
        for name, healthy in (("good", True), ("bad", False)):
            row = (name, "me", "films", "abc", 1.0, 2.0, b"bus")
            sum_ = checksum(row) if healthy else b"12345678"
            connection.execute("INSERT INTO sessions VALUES (?,?,?,?,?,?,?,?)", (*row, sum_))
    connection.close()
    assert [s.id for s in store.sessions("me")] == ["good"]
    assert store.damaged == ["session bad"]
    assert store.session("good", "me").bus == b"bus"


def test_a_store_of_the_second_version_keeps_its_facts(store: UserStore) -> None:
    """Rows that were whole get the checksum of their new columns; damaged ones stay damaged."""
    store.path.parent.mkdir(parents=True)
    with sqlite3.connect(store.path) as connection:
        connection.create_function("row_checksum", -1, lambda *row: checksum(row))
        for step in MIGRATIONS[:2]:
            connection.executescript(step)
        connection.execute("PRAGMA user_version = 2")
        facts = [("liked", "f01", None, 0), ("rated", "f02", 4.5, 0), ("seen", "f03", None, 1)]
        for kind, item, value, undone in facts:
            row = ("me", "films", kind, item, value, "", "ask", "s1", 2, 9.5, undone)
            connection.execute(_OLD_EVENT, (*row, checksum(row)))
        flipped = ("me", "films", "liked", "f09", None, "", "ask", "s1", 2, 9.5, 0)
        connection.execute(_OLD_EVENT, (*flipped, checksum((*flipped[:3], "f08", *flipped[4:]))))
    connection.close()
    told = {"source": "ask", "session": "s1", "turn": 2, "time": 9.5}
    expected = [event("liked", "f01", **told), event("rated", "f02", value=4.5, **told)]
    for _ in range(2):  # the second time nothing is left to bring up
        store.damaged.clear()
        assert store.events("me") == [replace(e, id=n) for n, e in enumerate(expected, 1)]
        assert store.damaged == ["event 4"]
    assert [e.item for e in store.events("me", undone=True)] == ["f01", "f02", "f03"]
    store.commit(events=[event("liked", column="genres", text="Drama", batch="b", because=1)])
    fresh = store.events("me")[-1]
    assert (fresh.id, fresh.column, fresh.batch, fresh.because) == (5, "genres", "b", 1)


def _store_of_version(path: Path, version: int) -> dict[str, list[tuple[Any, ...]]]:
    """A store as that version wrote it, with a fact damaged; its rows without their checksums."""
    path.parent.mkdir(parents=True)
    rows: dict[str, list[tuple[Any, ...]]] = {
        "events": [
            (1, "me", "films", "liked", "f1", None, "", "ask", "s1", 1, 9.5, 0, "", "", 0),
            (2, "ben", "toys", "rated", "t2", 4.5, "", "import", "", None, 9.5, 1, "", "b", 0),
            (7, "me", "films", "said", "", None, "Drama", "ask", "s1", 1, 9.5, 0, "genres", "", 1),
        ],
        "sessions": [("s1", "me", "films", "abc", 1.0, 2.0, b"bus")],
        "turns": [("s1", 1, "{}"), ("s1", 2, '{"a": "é"}')],
    }
    if version >= 5:
        rows["traces"] = [(3, "me", "films", "s1", 1, 9.5, 1, "{}")]
        rows["lessons"] = [(2, "me", "films", "s1", 9.5, "genres is not a number")]
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.create_function("row_checksum", -1, lambda *row: checksum(row))
        for step in MIGRATIONS[:version]:
            connection.executescript(step)
        connection.execute(f"PRAGMA user_version = {version}")
        for table, written in rows.items():
            names = _NAMES[table]
            sql = f"INSERT INTO {table} ({names}, checksum) VALUES (?{', ?' * names.count(',')}, ?)"
            for row in written:
                values = row[1:] if table in ("events", "traces", "lessons") else row
                connection.execute(sql, (*row, checksum(values)))
        connection.execute(_HEADS)
        other = (9, "me", "films", "liked", "f9", None, "", "ask", "", None, 9.5, 0, "", "", 0)
        sql = f"INSERT INTO events ({_NAMES['events']}, checksum) VALUES (?{', ?' * 15})"
        connection.execute(sql, (*other, b"damaged!"))
    return rows


_HEADS = (
    "UPDATE sessions SET head = row_checksum(id, profile, catalog, fingerprint, created, updated)"
)
_NAMES = {
    "events": "id, profile, catalog, kind, item, value, text, source, session, turn, time, undone,"
    ' "column", batch, because',
    "sessions": "id, profile, catalog, fingerprint, created, updated, bus",
    "turns": "session, number, body",
    "traces": "id, profile, catalog, session, turn, created, kept, lines",
    "lessons": "id, profile, catalog, session, created, text",
}


@pytest.mark.parametrize("version", [3, 4, 5])
def test_a_store_of_a_later_version_keeps_every_row(store: UserStore, version: int) -> None:
    rows = _store_of_version(store.path, version)
    assert [e.id for e in store.events("me")] == [1, 7] and store.damaged == ["event 9"]
    with contextlib.closing(sqlite3.connect(store.path)) as connection:
        for table, written in rows.items():
            found = connection.execute(f"SELECT {_NAMES[table]} FROM {table} ORDER BY 1, 2")
            assert [row for row in found if row[0] != 9] == sorted(written)
    look = look_at(store.path)
    assert look.wrong == [("event 9", "the checksum of the row fails")]
    assert look.counts["traces"] == len(rows.get("traces", []))
    fresh = store.commit(events=[event()])
    assert fresh == [10] and store.session("s1", "me").turns == ("{}", '{"a": "é"}')


_DIES = """
import os, sys; from pathlib import Path
from recagent_cli.memory import migrations
from recagent_cli.memory.store import UserStore
real, left = migrations._statements, int(sys.argv[2])
def dies(step):
    global left
    for statement in real(step):
        if left == 0:
            os.kill(os.getpid(), 9)
        left -= 1
        yield statement
migrations._statements = dies
UserStore(Path(sys.argv[1])).events("me")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
@pytest.mark.parametrize("after", [12, 26])
def test_killed_while_it_is_brought_up_it_is_the_old_or_the_new(
    store: UserStore, after: int
) -> None:
    _store_of_version(store.path, 3)
    words = [sys.executable, "-P", "-c", _DIES, str(store.path), str(after)]
    path = os.pathsep.join(os.path.abspath(part) for part in sys.path if part)
    ran = subprocess.run(words, env={**os.environ, "PYTHONPATH": path}, timeout=30)
    assert ran.returncode == -9
    with contextlib.closing(sqlite3.connect(store.path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (3,)
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (4,)
    assert [e.id for e in store.events("me")] == [1, 7]
    assert look_at(store.path).wrong == [("event 9", "the checksum of the row fails")]


_OLD_EVENT = (
    "INSERT INTO events (profile, catalog, kind, item, value, text, source, session, turn, time,"
    " undone, checksum) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"
)


_ANY = st.one_of(
    st.none(), st.text(max_size=3), st.floats(), st.integers(-9, 9), st.binary(max_size=3)
)
_TEXT = st.text(st.characters(codec=None), max_size=4)


@given(
    st.tuples(
        *[_TEXT] * 4, st.none() | st.floats(), *[_TEXT] * 3, st.none() | st.integers(),
        st.floats(), st.integers(0, 1), _TEXT, _TEXT, st.integers(), st.integers(),
    ),
    st.integers(0, 14), _ANY,
)  # fmt: skip
def test_the_fast_checksum_is_the_checksum(row: tuple[Any, ...], place: int, other: object) -> None:
    for values in (row, (*row[:place], other, *row[place + 1 :])):
        assert event_checksum(values) == checksum(values)


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
        "from recagent_cli.memory.event_rows import StoredEvent\n"
        "from recagent_cli.memory.store import UserStore\n"
        "store = UserStore(Path(sys.argv[1]))\n"
        "event = StoredEvent('me', 'films', 'seen', sys.argv[2])\n"
        "for i in range(5): store.commit(events=[event])\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(store.path), f"f{n:02}"])
        for n in range(12)
    ]
    assert [process.wait(60) for process in processes] == [0] * 12
    assert len(store.events("me")) == 60 and store.damaged == []


def test_backups_are_made_once_a_day_and_three_are_kept(store: UserStore) -> None:
    assert back_up(store) is None
    store.commit(events=[event()])
    first = back_up(store)
    assert first is not None and back_up(store) is None
    copies = first.parent
    for day in range(1, 6):
        newest = max(path.stat().st_mtime for path in copies.glob("*.sqlite"))
        assert back_up(store, now=newest + day * 90_000) is not None
    assert len(list(copies.glob("*.sqlite"))) == 3 and not list(copies.glob("*.tmp"))
    assert UserStore(sorted(copies.glob("*.sqlite"))[-1]).events("me")[0].item == "f01"


def test_a_clock_that_ran_ahead_stops_no_backups(store: UserStore) -> None:
    store.commit(events=[event()])
    now = time.time()
    for day in (400, 402, 404):
        copy = back_up(store, now=now + day * 86_400)
        assert copy is not None
        os.utime(copy, (now + day * 86_400,) * 2)
    today = back_up(store, now=now)
    assert today in copies_of(store) and len(copies_of(store)) == 3
    assert back_up(store, now=now) is None


def test_a_backup_that_cannot_be_made_is_one_clear_line(store: UserStore) -> None:
    store.commit(events=[event()])
    (store.path.parent / "backups").write_text("in the way")
    with pytest.raises(RecagentError, match="backups"):
        back_up(store)
