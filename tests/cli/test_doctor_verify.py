"""`recagent doctor --verify`: whatever is damaged is named, with what to do next."""

from __future__ import annotations

import contextlib
import json
import os
import random
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from recagent_cli.care.log_file import read_log, replayed
from recagent_cli.care.store_check import check_log, look_at
from recagent_cli.memory.backups import back_up
from recagent_cli.memory.ledger import A
from recagent_cli.memory.migrations import MIGRATIONS
from recagent_cli.memory.store import UserStore

from ..conftest import RunCommand
from ..hostile.storage import (
    flipped,
    make_store,
    rows_in,
    silent_change,
    silently_wrong,
    told_by,
)
from .test_commands import valid


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of a few facts and conversations, never written."""
    return make_store(tmp_path_factory.mktemp("whole") / "user.sqlite", facts=40).path


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    copy = tmp_path / "data" / "user.sqlite"
    copy.parent.mkdir()
    copy.write_bytes(whole.read_bytes())
    return copy


def change(path: Path, sql: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(sql)


def test_a_whole_store_is_whole(whole: Path) -> None:
    look = look_at(whole)
    assert look.whole, look.wrong
    counts = {"events": 80, "sessions": 6, "turns": 12, "traces": 12, "lessons": 6}
    assert dict(look.counts) == counts


def test_a_store_without_a_row_is_whole(tmp_path: Path) -> None:
    store = UserStore(tmp_path / "user.sqlite")
    with store.transaction():
        pass
    assert look_at(store.path).whole, look_at(store.path).wrong


def test_no_flipped_bit_changes_anything_in_silence(whole: Path, tmp_path: Path) -> None:
    raw, rows, told = whole.read_bytes(), rows_in(whole), told_by(UserStore(whole))
    draw = random.Random(9)
    places = [(draw.randrange(100), draw.randrange(8)) for _ in range(5)]  # the header
    places += [(draw.randrange(len(raw)), draw.randrange(8)) for _ in range(13)]
    for at, bit in places:
        damaged = flipped(raw, at, bit)
        assert list(silent_change(tmp_path / "one", damaged, rows)) == [], (at, bit)
        assert list(silently_wrong(tmp_path / "two", damaged, told)) == [], (at, bit)


@pytest.mark.parametrize(
    ("sql", "where", "text"),
    [
        ("UPDATE events SET value = 5 WHERE id = 3", "event 3", "checksum"),
        ("UPDATE events SET id = 9999 WHERE id = 3", "event 9999", "checksum"),
        ("UPDATE sessions SET bus = x'00' WHERE id = 'me-1'", "session me-1", "checksum"),
        ("UPDATE sessions SET head = x'00' WHERE id = 'me-1'", "session me-1", "checksum"),
        ("UPDATE turns SET body = '' WHERE number = 2", "turn 2 of session ben-0", "checksum"),
        ("UPDATE traces SET kept = 1 WHERE id = 2", "trace 2", "checksum"),
        ("UPDATE lessons SET text = 'x' WHERE id = 4", "lesson 4", "checksum"),
        ("DELETE FROM turns WHERE session = 'me-0' AND number = 1", "session me-0", "missing: 1"),
        ("DELETE FROM sessions WHERE id = 'ben-2'", "session ben-2", "2 of its turns"),
        (
            f"UPDATE ledger SET n = n + 1, ids = ids + 99, proof = proof + {A} + 7919 * 99"
            " WHERE of = 'events' AND owner = 'ben' AND catalog = 'toys' AND kind = 'seen'",
            "seen about toys of ben", "missing: number 99",
        ),
        ("UPDATE ledger SET n = 7 WHERE of = 'lessons'", "lessons", "the count of these rows"),
        ("UPDATE sqlite_sequence SET seq = 2 WHERE name = 'lessons'", "lessons", "given last"),
        ("DROP INDEX events_of", "tables", "not those of this version"),
        (f"PRAGMA user_version = {len(MIGRATIONS) + 3}", "header", "version"),
    ],
)  # fmt: skip
def test_each_damage_is_named(path: Path, sql: str, where: str, text: str) -> None:
    change(path, sql)
    wrong = look_at(path).wrong
    assert any(where in place and text in told for place, told in wrong), wrong


@pytest.mark.parametrize("size", [0, 50, 5_000, 30_000])
def test_a_cut_file_is_found(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])
    assert not look_at(path).whole


def test_a_store_of_a_newer_version_is_left_alone(path: Path) -> None:
    change(path, f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    change(path, "CREATE TABLE moods (id INTEGER)")
    before = path.read_bytes()
    look = look_at(path)
    assert look.newer and not look.whole and path.read_bytes() == before


@pytest.fixture
def logged(path: Path) -> tuple[Path, bytes]:
    """A store whose log was not written back, as after a kill, and its rows."""
    store = UserStore(path)
    reader = sqlite3.connect(path)
    reader.execute("SELECT count(*) FROM events").fetchone()
    for number in range(4):
        store.commit(events=[], session=None)
        store.commit(events=[store.events("me")[number]])
    main, log = path.read_bytes(), path.with_name("user.sqlite-wal").read_bytes()
    reader.close()
    for name in ("user.sqlite-wal", "user.sqlite-shm"):
        path.with_name(name).unlink(missing_ok=True)
    path.write_bytes(main)
    path.with_name("user.sqlite-wal").write_bytes(log)
    return path, log


def test_a_log_is_read_as_sqlite_reads_it(logged: tuple[Path, bytes]) -> None:
    path, log = logged
    found = read_log(log)
    assert found.frames and not found.damaged
    main = path.read_bytes()
    path.with_name("alone.sqlite").write_bytes(replayed(main, log, found.frames, found.page_size))
    assert look_at(path).whole
    assert rows_in(path) == rows_in(path.with_name("alone.sqlite"))


def test_no_flipped_bit_of_a_log_loses_a_write_in_silence(logged: tuple[Path, bytes]) -> None:
    path, log = logged
    draw = random.Random(4)
    for _ in range(25):
        at = draw.randrange(len(log))
        path.with_name("user.sqlite-wal").write_bytes(flipped(log, at, draw.randrange(8)))
        # Bytes 12 to 16 count how often the log was begun anew, and are under its checksum too.
        assert check_log(path).damaged, at


def test_salts_that_look_like_those_of_the_log_before_hide_no_write(
    logged: tuple[Path, bytes],
) -> None:
    _, log = logged
    first, *_, last = read_log(log).frames
    for frame in (first, last):
        for bit in range(32):
            found = read_log(flipped(log, frame.begin - 16 + bit // 8, bit % 8))
            assert found.damaged and found.frames + found.lost == read_log(log).frames, bit


def test_a_write_that_was_cut_is_no_damage(logged: tuple[Path, bytes]) -> None:
    path, log = logged
    whole = read_log(log)
    for cut in (1, 2_000, 4_119):
        assert not read_log(log[:-cut]).damaged
    assert len(read_log(log[:-1]).frames) < len(whole.frames)


def test_a_whole_home_ends_with_0(home: Path, recagent: RunCommand) -> None:
    recagent("ask", "westerns", "--quiet")
    ran = recagent("doctor", "--verify", "--json")
    body = valid(ran.out)
    assert ran.code == 0 and body["whole"] and body["findings"] == []
    told = {check["what"]: check["text"] for check in body["checks"]}
    assert "1 session" in told["store"] and "no damaged files" in told["catalog films"]


def _row(home: Path) -> None:
    change(home / "data" / "user.sqlite", "UPDATE sessions SET bus = x'00'")


def _backup(home: Path) -> None:
    copy = back_up(UserStore(home / "data" / "user.sqlite"))
    assert copy is not None
    change(copy, "UPDATE sessions SET bus = x'00'")


def _turn_a_byte(path: Path) -> None:
    path.write_bytes(flipped(path.read_bytes(), path.stat().st_size // 2, 3))


def _array(home: Path) -> None:
    _turn_a_byte(home / "data" / "catalogs" / "films" / "arrays" / "popularity.npy")


def _model(home: Path) -> None:
    folder = home / "data" / "models" / "films"
    build = json.loads((folder / "current").read_bytes())["build"]
    _turn_a_byte(next((folder / build).glob("*.npy")))


def _settings(home: Path) -> None:
    (home / "config").mkdir(exist_ok=True, mode=0o700)
    (home / "config" / "config.toml").write_text("count = [\n")
    (home / "config" / "config.toml").chmod(0o600)


def _key(home: Path) -> None:
    (home / "config").mkdir(exist_ok=True, mode=0o700)
    (home / "config" / "config.toml").write_text('api_base = "http://me:geheim@127.0.0.1"\n')
    (home / "config" / "config.toml").chmod(0o600)


def _rules(text: str) -> Callable[[Path], None]:
    def write(home: Path) -> None:
        (home / "config").mkdir(exist_ok=True, mode=0o700)
        (home / "config" / "rules.toml").write_text(text)

    return write


def _digest(home: Path) -> None:
    (home / "data" / "digests").mkdir(mode=0o700)
    (home / "data" / "digests" / "me.films.digest").write_text('{"time": 1}')
    (home / "data" / "digests" / "me.films.digest").chmod(0o600)


def _open(home: Path) -> None:
    (home / "data" / "user.sqlite").chmod(0o644)


@pytest.mark.parametrize(
    ("damage", "what", "text"),
    [
        (_row, "store", "session"), (_backup, "backup", "checksum"), (_array, "catalog", "arrays"),
        (_model, "models", "not as it was written"), (_settings, "settings", "TOML"),
        (_key, "settings", "looks like a key"), (_digest, "digest", "damaged"),
        (_rules("[[rule]\n"), "rules", "rules.toml:1:7: not valid TOML"),
        (_rules('[[rule]]\nnevr = "Horror"\n'), "rules", "rules.toml:2:1: no key 'nevr'"),
        (_rules('[[rule]]\nnever = ["colour:red"]\n'), "rules", "rules.toml:2:11: "),
        pytest.param(
            _open, "permissions", "open to others",
            marks=pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes"),
        ),
    ],
)  # fmt: skip
def test_whatever_is_damaged_ends_with_4(
    home: Path, recagent: RunCommand, damage: Callable[[Path], None], what: str, text: str
) -> None:
    recagent("ask", "westerns", "--quiet")
    damage(home)
    ran = recagent("doctor", "--verify")
    lines = [line for line in ran.out.splitlines() if line.startswith(f"{what}: ")]
    assert ran.code == 4 and any(text in line for line in lines), ran.out
    assert "geheim" not in ran.out and "Traceback" not in ran.err


def test_what_a_killed_process_left_is_named(home: Path, recagent: RunCommand) -> None:
    left = home / "data" / "models" / "films" / ".new-99-abcd"
    left.mkdir()
    (home / "data" / "models" / "films" / ".new-98-abcd").mkdir()  # one that may still run
    os.utime(left, (time.time() - 2 * 86_400,) * 2)
    ran = recagent("doctor", "--verify", "--json")
    (finding,) = valid(ran.out)["findings"]
    assert ran.code == 0 and finding["where"] == str(left) and not finding["serious"]
