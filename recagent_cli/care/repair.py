"""Puts right what is damaged: `recagent doctor --repair`. Nothing of the store is ever deleted."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from recagent_catalogs.errors import BadInput, RecagentError
from recagent_catalogs.locks import locked

from ..memory.backups import ASIDE, aside_folders, folder_of, owners_forgetting
from ..memory.store_file import UNREADABLE, StoreFile
from ..paths import Paths, make_dir, unwritable
from .log_file import read_log, replayed
from .pages import page_size_of
from .restore import Restored, good_copy, restored, write_store
from .salvage import salvage
from .store_check import GONE, look_at

WAIT_S = 10.0
"""How long other processes are waited for."""


@dataclass
class StoreRepair:
    """What is or was done with the store.

    Attributes:
        wrong: what is wrong with it, (where, what).
        result: what it becomes.
        aside: where the damaged files lie now; None before it is done.
        note: what else the person must know; "" for nothing.
    """

    wrong: list[tuple[str, str]]
    result: Restored
    aside: Path | None = None
    note: str = ""


def _unknown(copy: Path | None) -> str:
    told = "nothing in it tells what else it held: "
    if copy is None:
        return f"{told}that is lost, for there is no good backup"
    return f"{told}what was noted after the backup is lost"


class StoreDoctor:
    """Repairs the store.

    Args:
        paths: where everything is kept.
        seconds: how long other processes are waited for.
    """

    def __init__(self, paths: Paths, *, seconds: float = WAIT_S) -> None:
        self._path = paths.store
        self._seconds = seconds

    def look(self) -> StoreRepair | None:
        """What would be done; None where nothing is damaged.

        Raises:
            BadInput: it was made by a newer recagent.
        """
        wrong = self._wrong()
        if not wrong:
            return None
        with self._workroom() as room:
            return self._planned(wrong, room, _read(self._path), _read(_log_of(self._path)))

    def repair(self) -> StoreRepair | None:
        """Do it; None where nothing is damaged any more.

        Either the old or the new store stands, whenever this is ended.

        Raises:
            BadInput: it was made by a newer recagent.
            RecagentError: another process uses the store, or the disk refuses.
        """
        make_dir(self._path.parent, private=True)
        try:
            with locked(self._path.parent / "keep.lock", seconds=self._seconds) as held:
                if not held:
                    raise _busy(self._path)
                wrong = self._wrong()
                return self._repair(wrong) if wrong else None
        except OSError as error:
            raise unwritable(self._path, error) from error

    def _wrong(self) -> list[tuple[str, str]]:
        if not os.path.lexists(self._path):
            if good_copy(self._path) is None:
                return []
            return [("file", GONE)]
        look = look_at(self._path)
        if look.newer:
            raise BadInput(
                "made by a newer recagent: it is left as it is",
                path=self._path, hint="upgrade recagent to read it",
            )  # fmt: skip
        if look.wrong and _is_older(look.wrong):
            with StoreFile(self._path).connection():  # brings it up to date
                pass
            look = look_at(self._path)
        return look.wrong

    def _repair(self, wrong: list[tuple[str, str]]) -> StoreRepair:
        with self._workroom() as room, self._held() as (hold, main, log):
            plan = self._planned(wrong, room, main, log)
            fresh = room / "new.sqlite"
            write_store(fresh, plan.result, page_size_of(main, read_log(log).page_size))
            plan.aside = self._set_aside(main, log)
            if hold is not None:
                with contextlib.closing(sqlite3.connect(fresh)) as source:
                    source.backup(hold)
            else:
                self._replace(fresh, plan.aside)
        return plan

    def _planned(
        self, wrong: list[tuple[str, str]], room: Path, main: bytes, log: bytes
    ) -> StoreRepair:
        work = room / "work.sqlite"
        log = log or self._log_set_aside(main)
        found = read_log(log)
        size = page_size_of(main, found.page_size)
        frames = found.frames + found.lost if found.page_size == size else ()
        _write(work, replayed(main, log, frames, size))
        copy, note = good_copy(self._path), ""
        owners = owners_forgetting(StoreFile(self._path))
        if owners is not None:
            note = "something is being forgotten: recagent profile forget --finish"
            copy = copy if owners else None
        result = restored(salvage(work), copy, owners or ())
        if result.blind:
            note = f"{note}; {_unknown(copy)}" if note else _unknown(copy)
        return StoreRepair(wrong, result, None, note)

    @contextlib.contextmanager
    def _workroom(self) -> Iterator[Path]:
        """A folder beside the store that only its owner may read; gone in the end."""
        make_dir(self._path.parent, private=True)
        room = Path(tempfile.mkdtemp(prefix=".repair-", dir=self._path.parent))
        try:
            yield room
        finally:
            shutil.rmtree(room, ignore_errors=True)

    @contextlib.contextmanager
    def _held(self) -> Iterator[tuple[sqlite3.Connection | None, bytes, bytes]]:
        """Keep all others out; the connection that does (None: it is no database), and the files.

        The files stay open until the end: closing one would give SQLite's locks on it away.
        """
        if not self._path.is_file():
            yield None, b"", b""
            return
        with self._path.open("rb") as main, contextlib.ExitStack() as stack:
            connection = sqlite3.connect(self._path, timeout=self._seconds, isolation_level=None)
            stack.callback(connection.close)
            try:
                connection.execute("PRAGMA synchronous=FULL")
                connection.execute("PRAGMA locking_mode=EXCLUSIVE")
                connection.execute("BEGIN EXCLUSIVE")
                connection.execute("ROLLBACK")
                hold = connection if self._path.stat().st_size else None
            except UNREADABLE as error:
                if "locked" in str(error) or "busy" in str(error):
                    raise _busy(self._path) from error
                hold = None
            yield hold, main.read(), _read(_log_of(self._path))

    def _set_aside(self, main: bytes, log: bytes) -> Path:
        """Copies of the damaged files, in a folder of their own among the copies."""
        folder = make_dir(folder_of(StoreFile(self._path)), private=True)
        with tempfile.TemporaryDirectory(prefix=".repair-", dir=folder) as room:
            for name, data in (("user.sqlite", main), ("user.sqlite-wal", log)):
                if data or name == "user.sqlite":
                    _write(Path(room) / name, data)
            return named_aside(Path(room), folder)

    def _log_set_aside(self, main: bytes) -> bytes:
        """The log that a repair which was killed had taken from beside this very file."""
        for folder in reversed(aside_folders(StoreFile(self._path))):
            if _read(folder / "user.sqlite") == main and main:
                return _read(folder / "user.sqlite-wal")
        return b""

    def _replace(self, fresh: Path, aside: Path) -> None:
        """Put a new file in the place of one that SQLite cannot open, so that nobody has it open.

        Its log goes first: beside the new file it would be read into it. A copy of it lies aside.
        """
        for name in ("-wal", "-shm"):
            self._path.with_name(self._path.name + name).unlink(missing_ok=True)
        if os.path.lexists(self._path) and not self._path.is_file():
            self._path.rename(aside / "what-stood-there")
        _sync(fresh)
        fresh.replace(self._path)
        _sync(self._path.parent)


def named_aside(room: Path, folder: Path) -> Path:
    """A folder of damaged files under its lasting name; `room` becomes it."""
    for number in range(100):
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        target = folder / f"{ASIDE}{stamp}{f'-{number}' if number else ''}"
        if not target.exists():
            target.mkdir(mode=0o700)
            for path in room.iterdir():
                path.rename(target / path.name)
            _sync(target)
            return target
    raise RecagentError(f"{folder}: too many damaged files lie there")


def _is_older(wrong: list[tuple[str, str]]) -> bool:
    return len(wrong) == 1 and wrong[0][1].startswith("of version ")


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _busy(path: Path) -> RecagentError:
    return RecagentError(
        f"{path}: another process uses the store", hint="end it, then recagent doctor --repair"
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _write(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(path: Path) -> None:
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
