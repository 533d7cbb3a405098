"""The store under damage: flipped bytes, cut files, repairs, a hundred writers at once.

Damaged models are tried in `models.py`.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from recagent_catalogs.bundled import install_bundled
from recagent_catalogs.errors import RecagentError
from recagent_catalogs.store import Catalog
from recagent_catalogs.sums import PROVED
from recagent_cli.care.repair import StoreDoctor
from recagent_cli.care.store_check import check_log, look_at
from recagent_cli.memory.backups import back_up, copies_of
from recagent_cli.memory.event_rows import StoredEvent
from recagent_cli.memory.store import UserStore
from recagent_cli.paths import Paths
from tests.hostile.storage import (
    Rows,
    flipped,
    make_store,
    rows_in,
    silent_change,
    silently_wrong,
    told_by,
)

from .trials import Corpora, Trial, tried

FLIPS = 250
WRITERS = 100
FACTS = 100_000
VERIFY_S = 2.0


def run(corpora: Corpora) -> Iterable[Trial]:
    """All trials of the store, and of a catalog's files."""
    folder = corpora.folder("storage")
    store = make_store(folder / "data" / "user.sqlite", facts=300)
    back_up(store)
    draw = random.Random(corpora.seed)
    yield from _flips(folder, store, draw)
    yield from _log_flips(folder, store, draw)
    yield from _copy_flips(folder, store, draw)
    yield from _repairs(folder, store, draw)
    yield from _catalog_flips(folder, draw)
    yield from _killed_repairs(folder, store, min(corpora.kills, 40), draw)
    yield from _writers(folder)
    yield from _pairs(folder)
    yield _verified(folder)


def _flips(folder: Path, store: UserStore, draw: random.Random) -> Iterator[Trial]:
    raw, rows, told = store.path.read_bytes(), rows_in(store.path), told_by(store)
    for number in range(FLIPS):
        at = draw.randrange(100 if number < 50 else len(raw))
        damaged = flipped(raw, at, draw.randrange(8))
        one = folder / "one"
        yield tried(
            "store: a flipped bit, by doctor --verify", f"byte {at}",
            lambda damaged=damaged, one=one: silent_change(one, damaged, rows),
        )  # fmt: skip
        yield tried(
            "store: a flipped bit, by any command", f"byte {at}",
            lambda damaged=damaged, one=one: silently_wrong(one, damaged, told),
        )  # fmt: skip


def _logged(folder: Path, store: UserStore) -> tuple[Path, bytes]:
    """A copy of a store whose log was not written back, as after a kill, and the log."""
    path = folder / "logged" / "user.sqlite"
    shutil.rmtree(path.parent, ignore_errors=True)
    path.parent.mkdir()
    path.write_bytes(store.path.read_bytes())
    reader = sqlite3.connect(path)
    reader.execute("SELECT count(*) FROM events").fetchone()
    for number in range(12):
        event = StoredEvent("me", "films", "seen", f"new{number}")
        UserStore(path).commit(events=[event])
    main, log = path.read_bytes(), Path(f"{path}-wal").read_bytes()
    reader.close()
    path.write_bytes(main)
    Path(f"{path}-shm").unlink(missing_ok=True)
    return path, log


def _log_flips(folder: Path, store: UserStore, draw: random.Random) -> Iterator[Trial]:
    path, log = _logged(folder, store)
    main = path.read_bytes()
    paths = Paths(path.parent, folder / "config", folder / "cache")
    for number in range(FLIPS):
        at = draw.randrange(len(log))
        damaged = flipped(log, at, draw.randrange(8))

        def found(damaged: bytes = damaged) -> Iterator[str]:
            Path(f"{path}-wal").write_bytes(damaged)
            if not check_log(path).damaged:
                yield "not found out"

        yield tried("log: a flipped bit is found out", f"byte {at}", found)
        if number % 10:
            continue

        def mended(damaged: bytes = damaged) -> Iterator[str]:
            path.write_bytes(main)
            Path(f"{path}-shm").unlink(missing_ok=True)
            Path(f"{path}-wal").write_bytes(damaged)
            StoreDoctor(paths).repair()
            kept = [e.item for e in UserStore(path).events("me") if e.item.startswith("new")]
            # A flip in a row costs that row, and it is named; never those written after it.
            if not look_at(path).whole or len(kept) < 11:
                yield f"{len(kept)} of 12 writes of the log are kept"

        yield tried("log: repaired with what lies behind the damage", f"byte {at}", mended)


def _copy_flips(folder: Path, store: UserStore, draw: random.Random) -> Iterator[Trial]:
    (copy,) = copies_of(store)
    raw, rows = copy.read_bytes(), rows_in(store.path)
    for _ in range(FLIPS // 5):
        at = draw.randrange(len(raw))
        damaged = flipped(raw, at, draw.randrange(8))
        yield tried(
            "backup: a flipped bit is found out", f"byte {at}",
            lambda damaged=damaged: silent_change(folder / "one", damaged, rows),
        )  # fmt: skip


def _home(folder: Path, store: UserStore) -> Paths:
    data = folder / "home" / "data"
    shutil.rmtree(data, ignore_errors=True)
    (data / "backups").mkdir(parents=True, mode=0o700)
    (data / "user.sqlite").write_bytes(store.path.read_bytes())
    for copy in copies_of(store):
        (data / "backups" / copy.name).write_bytes(copy.read_bytes())
    return Paths(data, folder / "home" / "config", folder / "home" / "cache")


def _without_gone(rows: Rows) -> Rows:
    return {table: [row for row in found if row[0] != "gone"] for table, found in rows.items()}


def _repairs(folder: Path, store: UserStore, draw: random.Random) -> Iterator[Trial]:
    raw, rows = store.path.read_bytes(), rows_in(store.path)
    damages = {
        f"cut to {size:,} bytes": raw[:size]
        for size in (0, 1, 99, 100, 512, 4_096, len(raw) // 2, len(raw) - 4_096, len(raw) - 1)
    }
    damages |= {
        "header of noughts": bytes(100) + raw[100:],
        "no database": b"this is a text\n" * 9_000,
        "noughts": bytes(len(raw)),
        "behind it another file": raw + os.urandom(5_000),
        "pages in another order": raw[:4_096] + raw[8_192:] + raw[4_096:8_192],
    }
    for _ in range(30):
        at = draw.randrange(len(raw))
        much = draw.choice([1, 16, 512, 4_096, 20_000])
        damages[f"{much:,} bytes from {at:,}"] = (
            raw[:at] + draw.randbytes(much) + raw[at + much :]
        )[: len(raw)]
    for id, damaged in damages.items():

        def check(damaged: bytes = damaged) -> Iterator[str]:
            paths = _home(folder, store)
            paths.store.write_bytes(damaged)
            done = StoreDoctor(paths).repair()
            look = look_at(paths.store)
            if not look.whole:
                yield f"not whole after the repair: {look.wrong[:2]}"
            elif _without_gone(rows_in(paths.store)) != rows:
                yield "not what it was"
            if done is not None and (done.result.lost or done.aside is None):
                yield f"told as lost: {done.result.lost[:2]}"

        yield tried("repair: all comes back that the backup has", id, check)


def _catalog_flips(folder: Path, draw: random.Random) -> Iterator[Trial]:
    place = folder / "catalog"
    install_bundled("games", place)
    files = sorted(path for path in place.rglob("*") if path.is_file())
    for number in range(FLIPS // 2):
        path = files[number % len(files)]
        raw = path.read_bytes()
        at = draw.randrange(len(raw)) if raw else 0
        stat = path.stat()

        def check(path: Path = path, raw: bytes = raw, at: int = at) -> Iterator[str]:
            path.write_bytes(flipped(raw, at, 4) if raw else b"x")
            try:
                if not Catalog.open(place).verify():
                    yield "not found out"
            except RecagentError:
                pass
            finally:
                path.write_bytes(raw)

        name = path.relative_to(place).as_posix()
        if name != PROVED:  # it only saves reading: what does not agree with it is read
            yield tried("catalog: a flipped bit is found out", f"{name} byte {at}", check)
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


_REPAIR = """
import sys; from pathlib import Path
from recagent_cli.care.repair import StoreDoctor
from recagent_cli.paths import Paths
home = Path(sys.argv[1])
StoreDoctor(Paths(home / "data", home / "config", home / "cache")).repair()
"""


def _environment() -> dict[str, str]:
    path = os.pathsep.join(os.path.abspath(part) for part in sys.path if part)
    return {**os.environ, "PYTHONPATH": path}


def _killed_repairs(
    folder: Path, store: UserStore, kills: int, draw: random.Random
) -> Iterator[Trial]:
    raw, rows = store.path.read_bytes(), rows_in(store.path)
    for number in range(kills):
        wait = 0.15 + 0.5 * draw.random()

        def check(number: int = number, wait: float = wait) -> Iterator[str]:
            paths = _home(folder, store)
            at = len(raw) // 2
            damaged = (
                bytes(100) + raw[100:] if number % 2 else raw[:at] + bytes(900) + raw[at + 900 :]
            )
            paths.store.write_bytes(damaged)
            words = [sys.executable, "-P", "-c", _REPAIR, str(paths.data.parent)]
            process = subprocess.Popen(words, env=_environment(), stderr=subprocess.DEVNULL)
            time.sleep(wait)
            process.kill()
            process.wait()
            StoreDoctor(paths).repair()
            if not look_at(paths.store).whole or _without_gone(rows_in(paths.store)) != rows:
                yield "not what it was"

        yield tried("repair: killed, and done again", f"after {wait:.2f} s", check)


def _writers(folder: Path) -> Iterator[Trial]:
    """A hundred `recagent profile set` at once, each with an item of its own."""
    home = folder / "writers"
    environment = {**_environment(), "RECAGENT_HOME": str(home)}
    install_bundled("games", home / "data" / "catalogs" / "games")
    catalog = Catalog.open(home / "data" / "catalogs" / "games")
    ids = catalog.all_ids()[:WRITERS]
    command = [sys.executable, "-P", "-m", "recagent_cli", "profile", "set", "-c", "games"]
    begun = time.perf_counter()
    processes = [
        subprocess.Popen(
            [*command, id, "like"],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )
        for id in ids
    ]  # fmt: skip
    ended = [(process.communicate()[1], process.returncode) for process in processes]
    seconds = time.perf_counter() - begun
    store = UserStore(home / "data" / "user.sqlite")
    there = {event.item for event in store.events("me")}
    for id, (told, code) in zip(ids, ended, strict=True):
        why = "" if code == 0 else f"exit {code}: {told.decode(errors='replace')[-200:]}"
        why = why or ("" if id in there else "acknowledged and not there")
        yield Trial(f"{WRITERS} commands write at once", id, not why, seconds, why)
    yield tried(f"{WRITERS} commands write at once", "the store", lambda: look_at(store.path).wrong)  # type: ignore[arg-type, return-value]


FILMS = Path(__file__).resolve().parents[2] / "tests" / "data"
ADD = [
    "catalog", "add", "films", str(FILMS / "films.csv"),
    "--interactions", str(FILMS / "films-ratings.csv"),
]  # fmt: skip
ASK = ["ask", "sci-fi films I could like", "-c", "films"]
PAIRS: dict[str, tuple[list[str], list[str], tuple[int, ...]]] = {
    "ask during a build": (["build", "films"], ASK, (0,)),
    "ask during catalog add --replace": ([*ADD, "--replace"], ASK, (0,)),
    "verify during a write": (
        ["profile", "set", "-c", "films", "genres=Drama", "like"], ["doctor", "--verify"], (0,),
    ),
    "ask during profile forget": (["profile", "forget", "--all", "--yes"], ASK, (0,)),
    "ask during catalog remove": (["catalog", "remove", "films", "--yes"], ASK, (0, 3)),
}  # fmt: skip
"""What begins first, what while it runs, and how that may end; 3: the catalog is gone."""


def _pairs(folder: Path) -> Iterator[Trial]:
    """Two commands at once, the second begun at two moments of the first."""
    home = folder / "pairs"
    environment = {**_environment(), "RECAGENT_HOME": str(home)}
    command = [sys.executable, "-P", "-m", "recagent_cli"]

    def begun(words: list[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*command, *words], env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip

    for id, (first, second, allowed) in PAIRS.items():
        for wait in (0.2, 0.8):

            def check(
                first: list[str] = first,
                second: list[str] = second,
                allowed: tuple[int, ...] = allowed,
                wait: float = wait,
            ) -> Iterator[str]:
                if not (home / "data" / "catalogs" / "films").is_dir():
                    begun(ADD).communicate()
                one = begun(first)
                time.sleep(wait)
                other = begun(second)
                for process, codes in ((one, (0,)), (other, allowed)):
                    told = process.communicate()[1].decode(errors="replace")
                    if process.returncode not in codes or "Traceback" in told:
                        yield f"exit {process.returncode}: {told[-200:]}"

            yield tried("two commands at once", f"{id}, after {wait} s", check)


def _verified(folder: Path) -> Trial:
    store = UserStore(folder / "large" / "user.sqlite")
    events = [
        StoredEvent("me", "films", "rated", f"f{n}", 3.5, source="import", time=1e9 + n)
        for n in range(FACTS)
    ]
    store.commit(events=events)

    def check() -> Iterator[str]:
        begun = time.process_time()
        look = look_at(store.path)
        seconds = time.process_time() - begun
        if not look.whole or look.counts["events"] != FACTS:
            yield f"not whole: {look.wrong[:2]}"
        if seconds > VERIFY_S:
            yield f"{seconds:.2f} s of processor time, more than {VERIFY_S} s"

    return tried(f"verify: {FACTS:,} facts in under {VERIFY_S:.0f} s", "the store", check)
