"""`recagent doctor --repair`: what is whole stays, what was lost comes back or is named."""

from __future__ import annotations

import contextlib
import json
import random
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from recagent_catalogs.errors import BadInput, RecagentError
from recagent_cli.care import repair, restore
from recagent_cli.care.pages import records
from recagent_cli.care.repair import StoreDoctor, StoreRepair
from recagent_cli.care.salvage import read_whole, salvage
from recagent_cli.care.store_check import look_at
from recagent_cli.memory.backups import ASIDE, back_up, copies_of, delete_backups
from recagent_cli.memory.erasing import Doomed, erase, sweep
from recagent_cli.memory.event_rows import StoredEvent
from recagent_cli.memory.migrations import MIGRATIONS
from recagent_cli.memory.store import UserStore
from recagent_cli.paths import Paths

from ..conftest import RunCommand
from ..hostile.storage import Rows, flipped, make_store, rows_in
from .test_commands import valid


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a copy made of it, never written."""
    store = make_store(tmp_path_factory.mktemp("whole") / "data" / "user.sqlite", facts=40)
    assert back_up(store) is not None
    return store.path.parent


@pytest.fixture
def paths(whole: Path, tmp_path: Path) -> Paths:
    """A copy of both."""
    data = tmp_path / "data"
    (data / "backups").mkdir(parents=True, mode=0o700)
    for path in (*whole.glob("user.sqlite"), *whole.glob("backups/*.sqlite")):
        copy = data / path.relative_to(whole)
        copy.write_bytes(path.read_bytes())
        copy.chmod(0o600)
    return Paths(data, tmp_path / "config", tmp_path / "cache")


def change(path: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        for sql in statements:
            connection.execute(sql)


def mended(paths: Paths) -> StoreRepair:
    done = StoreDoctor(paths, seconds=0.2).repair()
    assert done is not None and look_at(paths.store).whole, look_at(paths.store).wrong
    assert StoreDoctor(paths).look() is None
    return done


def lines(rows: Rows) -> Rows:
    """The rows without those of the ledger that tell of what is gone."""
    return {table: [row for row in found if row[0] != "gone"] for table, found in rows.items()}


def test_pages_give_up_all_rows_without_what_leads_to_them(paths: Paths) -> None:
    data = paths.store.read_bytes()
    head = b"\0" * 100 + data[100:]
    paths.store.with_name("headless").write_bytes(head)
    left = salvage(paths.store.with_name("headless"))
    good = read_whole(paths.store)
    assert left.rows == good.rows and left.told == good.told
    assert sum(1 for _ in records(data, 4096)) > 100


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: b"\0" * 100 + raw[100:],  # the header
        lambda raw: raw[: len(raw) // 2 // 4096 * 4096],
        lambda raw: b"",
        lambda raw: b"this is no database, but a text. " * 500,
        lambda raw: raw[:4096] + bytes(4096) * 3 + raw[4 * 4096 :],
    ],
)
def test_a_destroyed_store_is_as_its_copy_again(
    paths: Paths, damage: Callable[[bytes], bytes]
) -> None:
    before, raw = rows_in(paths.store), paths.store.read_bytes()
    paths.store.write_bytes(damage(raw))
    done = mended(paths)
    assert lines(rows_in(paths.store)) == before and done.result.lost == []
    assert done.aside is not None
    assert (done.aside / "user.sqlite").read_bytes() == damage(raw)  # nothing is deleted
    assert paths.store.stat().st_mode & 0o077 == 0


def test_a_folder_in_its_place_and_nothing_in_its_place(paths: Paths) -> None:
    before = rows_in(paths.store)
    paths.store.unlink()
    paths.store.mkdir()
    (paths.store / "note").write_text("mine")
    done = mended(paths)
    assert done.aside is not None
    assert (done.aside / "what-stood-there" / "note").read_text() == "mine"
    paths.store.unlink()
    mended(paths)
    assert rows_in(paths.store) == before


def test_a_damaged_row_comes_back_and_what_is_newer_stays(paths: Paths) -> None:
    store = UserStore(paths.store)
    third = store.events("me")[2]
    store.undo_event(store.events("me")[5])  # newer than the copy
    fresh = store.commit(events=[replace(third, item="fresh")])
    before = rows_in(paths.store)
    change(paths.store, "UPDATE events SET item = 'x' WHERE id = 3")
    change(paths.store, "UPDATE turns SET body = 'x' WHERE session = 'me-1' AND number = 2")
    done = mended(paths)
    assert rows_in(paths.store) == before and done.result.lost == []
    told = " ".join(done.result.from_copy)
    assert "event 3 (20" in told and "turn 2 of session me-1" in told
    assert len(done.result.from_copy) == 2 and store.events("me")[-1].id == fresh[0]


def test_without_a_copy_the_rest_stays_and_the_loss_is_named(paths: Paths) -> None:
    delete_backups(UserStore(paths.store))
    change(
        paths.store,
        "UPDATE events SET item = 'x' WHERE id = 3",
        "UPDATE turns SET body = 'x' WHERE session = 'me-1' AND number = 1",
        "UPDATE sessions SET bus = x'00' WHERE id = 'ben-0'",
    )
    done = mended(paths)
    lost = "\n".join(done.result.lost)
    for told in (
        "event 3 (20",
        "turn 1 of session me-1",
        "session ben-0 (20",
        "turn 2 of session ben-0",
    ):
        assert told in lost, lost
    assert len(done.result.lost) == 5 and done.result.copy is None
    store = UserStore(paths.store)
    assert [e.id for e in store.events("me")][:3] == [1, 2, 4]
    assert store.commit(events=[StoredEvent("me", "films", "seen", "f1")]) == [81]
    store.delete_session("me-1", "me")
    assert look_at(paths.store).whole


def test_what_was_removed_since_the_copy_does_not_come_back(paths: Paths) -> None:
    store = UserStore(paths.store)
    with store.transaction() as connection:  # as a consolidation does
        connection.execute("DELETE FROM events WHERE id IN (4, 5)")
    change(paths.store, "UPDATE events SET item = 'x' WHERE id = 3")
    mended(paths)
    assert [e.id for e in store.events("me")][:4] == [1, 2, 3, 6]


def _forget(store: UserStore, number: int) -> None:
    erase(store, "me", Doomed(facts=[number]))


CANARY = "zzcanary77"


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize("rest", [slice(0), slice(100)])
def test_what_was_forgotten_does_not_come_back(paths: Paths, finished: bool, rest: slice) -> None:
    """Also where forgetting was killed before it made the copies anew, and nothing is left."""
    store = UserStore(paths.store)
    (number,) = store.commit(events=[StoredEvent("me", "films", "liked", CANARY)])
    delete_backups(store)
    assert back_up(store) is not None
    _forget(store, number)
    if finished:
        sweep(store)
    whole = paths.store.read_bytes()
    paths.store.write_bytes(b"\0" * len(whole[rest]) + whole[100:] if rest.stop else b"")
    mended(paths)
    assert CANARY not in [event.item for event in store.events("me", undone=True)]
    assert CANARY.encode() not in paths.store.read_bytes()
    assert len(store.events("ben")) == 40


def test_damaged_files_that_lie_aside_go_when_something_is_forgotten(paths: Paths) -> None:
    change(paths.store, "UPDATE events SET item = 'x' WHERE id = 3")
    done = mended(paths)
    assert done.aside is not None and done.aside.name.startswith(ASIDE)
    store = UserStore(paths.store)
    _forget(store, 3)
    sweep(store)
    assert not done.aside.exists() and len(copies_of(store)) == 1


def test_a_write_behind_a_damaged_page_of_the_log_is_kept(paths: Paths) -> None:
    store = UserStore(paths.store)
    reader = sqlite3.connect(paths.store)
    reader.execute("SELECT count(*) FROM events").fetchone()
    for number in range(3):
        store.commit(events=[StoredEvent("me", "films", "seen", f"new{number}")])
    wal = paths.store.with_name("user.sqlite-wal")
    main, log = paths.store.read_bytes(), wal.read_bytes()
    reader.close()
    paths.store.write_bytes(main)
    paths.store.with_name("user.sqlite-shm").unlink(missing_ok=True)
    wal.write_bytes(flipped(log, 32 + 10, 2))  # of the first page: SQLite would drop all of it
    done = mended(paths)
    assert [e.item for e in store.events("me")][-3:] == ["new0", "new1", "new2"]
    assert done.result.lost == [] and done.aside is not None
    assert (done.aside / "user.sqlite-wal").read_bytes() == flipped(log, 42, 2)


class Killed(BaseException):
    """Ends a repair as a kill does."""


@pytest.mark.parametrize("headless", [False, True])
@pytest.mark.parametrize("at", ["write_store", "_set_aside", "_sync", "_replace"])
def test_killed_in_a_repair_the_next_one_does_it(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, headless: bool, at: str
) -> None:
    before = rows_in(paths.store)
    raw = paths.store.read_bytes()
    if headless:
        paths.store.write_bytes(b"\0" * 100 + raw[100:])
    else:
        change(paths.store, "UPDATE events SET item = 'x' WHERE id = 3")
    damaged = paths.store.read_bytes()

    def killed(*_: object) -> None:
        raise Killed

    owner = StoreDoctor if at in ("_set_aside", "_replace") else repair
    if at == "_replace" and not headless:
        pytest.skip("SQLite itself puts that in place")
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(owner, at, killed)
        StoreDoctor(paths).repair()
    assert headless is False or paths.store.read_bytes() == damaged
    mended(paths)
    assert lines(rows_in(paths.store)) == before
    assert not list(paths.data.glob(".repair-*"))


def test_while_another_process_holds_the_store_nothing_is_done(paths: Paths) -> None:
    change(paths.store, "UPDATE events SET item = 'x' WHERE id = 3")
    raw = paths.store.read_bytes()
    other = sqlite3.connect(paths.store, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(RecagentError, match="another process"):
        StoreDoctor(paths, seconds=0.1).repair()
    other.execute("ROLLBACK")
    other.close()
    assert paths.store.read_bytes() == raw


def test_of_two_repairs_at_once_one_does_it(paths: Paths) -> None:
    change(paths.store, "UPDATE events SET item = 'x' WHERE id = 3")
    done: list[StoreRepair | None] = []
    both = [threading.Thread(target=lambda: done.append(StoreDoctor(paths).repair())) for _ in "12"]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(60)
    assert len([one for one in done if one is not None]) == 1 and len(done) == 2
    assert look_at(paths.store).whole


def test_what_is_written_meanwhile_is_kept(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    change(paths.store, "UPDATE events SET item = 'x' WHERE id = 3")
    store = UserStore(paths.store)
    event = StoredEvent("me", "films", "seen", "meanwhile")
    writer = threading.Thread(target=lambda: store.commit(events=[event]))
    real = restore.write_store

    def slow(*arguments: object) -> None:
        writer.start()
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(repair, "write_store", slow)
    StoreDoctor(paths, seconds=0.2).repair()
    writer.join(60)
    assert look_at(paths.store).whole
    assert UserStore(paths.store).events("me")[-1].item == "meanwhile"


def test_a_store_of_a_newer_version_is_refused(paths: Paths) -> None:
    change(paths.store, f"PRAGMA user_version = {len(MIGRATIONS) + 1}", "CREATE TABLE m (id)")
    raw = paths.store.read_bytes()
    with pytest.raises(BadInput, match="newer"):
        StoreDoctor(paths).repair()
    assert paths.store.read_bytes() == raw


def test_a_damaged_copy_is_never_used(paths: Paths) -> None:
    (copy,) = copies_of(UserStore(paths.store))
    change(copy, "UPDATE events SET item = 'y' WHERE id = 3")
    change(paths.store, "UPDATE events SET item = 'x' WHERE id = 3")
    done = mended(paths)
    assert done.result.copy is None and "event 3" in done.result.lost[0]


def test_random_damage_loses_nothing_that_the_copy_has(paths: Paths) -> None:
    before, raw = rows_in(paths.store), paths.store.read_bytes()
    draw = random.Random(3)
    for _ in range(6):
        at = draw.randrange(len(raw))
        paths.store.write_bytes(raw[:at] + draw.randbytes(900) + raw[at + 900 :])
        if not look_at(paths.store).whole:
            mended(paths)
        assert lines(rows_in(paths.store)) == before, at


def test_a_damaged_store_pushes_out_no_good_copy(paths: Paths) -> None:
    store = UserStore(paths.store)
    change(paths.store, "UPDATE events SET item = 'x' WHERE id = 3")
    (copy,) = copies_of(store)
    with pytest.raises(BadInput, match="event 3"):
        back_up(store, now=copy.stat().st_mtime + 100_000)
    assert copies_of(store) == [copy] and not list(copy.parent.glob("next.tmp*"))


def test_by_the_command(home: Path, recagent: RunCommand) -> None:
    recagent("ask", "westerns", "--quiet")
    store = home / "data" / "user.sqlite"
    assert back_up(UserStore(store)) is not None
    assert "nothing is damaged" in recagent("doctor", "--repair").out
    change(store, "UPDATE sessions SET bus = x'00'")
    models = home / "data" / "models" / "films"
    build = json.loads((models / "current").read_bytes())["build"]
    array = next((models / build).glob("*.npy"))
    array.write_bytes(flipped(array.read_bytes(), array.stat().st_size // 2, 1))
    store.chmod(0o644)
    assert recagent("doctor", "--repair").code == 2  # nobody can be asked
    assert recagent("doctor", "--verify", "-q").code == 4
    body = valid(recagent("doctor", "--repair", "--yes", "--json").out)
    assert body["store"]["lost"] == [] and len(body["store"]["from_backup"]) == 1
    assert {mend["what"] for mend in body["done"]} == {"models", "permissions"}
    assert recagent("doctor", "--verify", "-q").code == 0
    assert "nothing is damaged" in recagent("doctor", "--repair", "--yes").out


def test_a_store_that_tells_nothing_is_not_told_to_have_lost_nothing(
    home: Path, recagent: RunCommand
) -> None:
    recagent("ask", "westerns", "--quiet")
    store = home / "data" / "user.sqlite"
    store.write_bytes(b"")
    told = recagent("doctor", "--repair", "--yes")
    assert told.code == 0 and told.err == "" and "nothing is lost" not in told.out
    assert "that is lost, for there is no good backup" in told.out
    recagent("ask", "westerns", "--quiet")
    back_up(UserStore(store))  # unless the command before did
    store.unlink()
    told = recagent("doctor", "--verify")
    assert told.code == 4 and "is not there, though there is a copy of it" in told.out
    told = recagent("doctor", "--repair", "--yes")
    assert told.code == 0 and "what was noted after the backup is lost" in told.out
    assert "nothing is lost" not in told.out
    assert told.out.count("is not there, though") == 1  # not told twice


def test_what_only_the_person_can_put_right(home: Path, recagent: RunCommand) -> None:
    array = home / "data" / "catalogs" / "films" / "arrays" / "popularity.npy"
    array.write_bytes(flipped(array.read_bytes(), array.stat().st_size - 1, 1))
    raw = array.read_bytes()
    ran = recagent("doctor", "--repair", "--yes")
    assert ran.code == 4 and "recagent catalog add films" in ran.out and array.read_bytes() == raw
