"""The file of the store: SQLite, opened, brought up to date, and its errors told.

WAL, `synchronous=FULL`, a busy timeout of 30 s and one short `BEGIN IMMEDIATE` a command: 100
processes that write at once lose nothing.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from recagent_catalogs.errors import BadInput, RecagentError
from recagent_catalogs.locks import locked

from ..paths import make_dir, unwritable
from .ledger import note_numbers
from .migrations import MIGRATIONS, migrate

BUSY_TIMEOUT_S = 30.0
BUSY_STEP_MS = 250
UNREADABLE = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What SQLite raises of a damaged file; the second where its own error quotes bytes of it."""
_LEAST_LOG = 32 + 24 + 512
"""Bytes of a log with one page of the smallest size that there is."""


class DiskRefuses(RecagentError):
    """The disk is full, fails, or may not be written."""


class StoreFile:
    """One SQLite file. Nothing is made on disk before something is written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def select(self, sql: str, arguments: Sequence[Any]) -> list[tuple[Any, ...]]:
        """All rows of a query; none where there is no file.

        Raises:
            RecagentError: the file cannot be read.
        """
        if not self.path.exists():
            return []
        try:
            with self.connection() as connection:
                return _all_rows(connection, sql, arguments)
        except DiskRefuses:
            return self._read_only(sql, arguments)

    def _read_only(self, sql: str, arguments: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Read where nothing can be written: a full disk, or one of somebody else's."""
        log = self.path.with_name(f"{self.path.name}-wal")
        try:
            # With a log beside it that holds a page the file alone is not the whole truth.
            if not log.exists() or log.stat().st_size < _LEAST_LOG:
                uri = f"{self.path.absolute().as_uri()}?immutable=1"
                with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
                    version = connection.execute("PRAGMA user_version").fetchone()[0]
                    if version == len(MIGRATIONS):
                        return _all_rows(connection, sql, arguments)
            return self._read_copy(log, sql, arguments)
        except UNREADABLE as error:
            raise _told(error, self.path) from error
        except OSError as error:
            raise unwritable(self.path, error, "cannot be read") from error

    def _read_copy(self, log: Path, sql: str, arguments: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Read a copy, which takes its log in and is brought up to date."""
        with tempfile.TemporaryDirectory(prefix="recagent-") as place:
            copy = Path(place) / self.path.name
            shutil.copyfile(self.path, copy)
            if log.exists():
                shutil.copyfile(log, copy.with_name(log.name))
            with StoreFile(copy).connection() as connection:
                return _all_rows(connection, sql, arguments)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write in one go or not at all, for the rooms beside this one.

        Raises:
            RecagentError: the store cannot be written.
        """
        with self.connection() as connection, immediate(connection):
            yield connection
            note_numbers(connection)

    @contextlib.contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """The file, made where it is missing, with the tables of this version.

        Raises:
            RecagentError: it cannot be opened, or what was done with it failed.
        """
        connection: sqlite3.Connection | None = None
        try:
            if not self.path.exists():
                make_dir(self.path.parent, private=True)
                os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600))
            elif self._is_emptied():
                raise sqlite3.DatabaseError("the file is empty, though it has been copied before")
            connection = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA secure_delete=ON")
            self._prepare(connection)
            yield connection
        except UNREADABLE as error:
            raise _told(error, self.path) from error
        except OSError as error:
            raise unwritable(self.path, error, "cannot be opened") from error
        finally:
            if connection is not None:
                connection.close()

    def _is_emptied(self) -> bool:
        """Whether nothing is left of a store that there was; SQLite takes it for a new one."""
        copies = self.path.parent / "backups"
        return self.path.stat().st_size == 0 and any(copies.glob("user-*.sqlite"))

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Bring a new or an older file to what this version wants, one process at a time."""
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise BadInput(
                "made by a newer recagent", path=self.path, hint="upgrade recagent to read it"
            )
        mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
        if version == len(MIGRATIONS) and mode == "wal":
            return
        with locked(self.path.with_name(f".{self.path.name}.lock")):
            _switch_to_wal(connection)
            with immediate(connection):
                migrate(connection)


def _all_rows(
    connection: sqlite3.Connection, sql: str, arguments: Sequence[Any]
) -> list[tuple[Any, ...]]:
    """All rows; a flipped byte that makes a text no text costs its row alone, not all of them."""
    try:
        return connection.execute(sql, arguments).fetchall()
    except sqlite3.OperationalError as error:
        if "decode" not in str(error):
            raise
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        return connection.execute(sql, arguments).fetchall()


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Done once a file. SQLite's busy timeout does not hold for it: tried until nobody reads."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() >= deadline:
                raise
            time.sleep(0.01)


def _begin(connection: sqlite3.Connection) -> None:
    """Begin to write once nobody else does; SQLite hears no Ctrl-C as long as it waits itself."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    connection.execute(f"PRAGMA busy_timeout={BUSY_STEP_MS}")
    try:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() >= deadline:
                    raise
    finally:
        connection.execute(f"PRAGMA busy_timeout={int(BUSY_TIMEOUT_S * 1000)}")


@contextlib.contextmanager
def immediate(connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction that writes: all of it, or nothing where an error leaves it."""
    _begin(connection)
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _told(error: Exception, path: Path) -> RecagentError:
    text = "its tables cannot be read" if isinstance(error, UnicodeDecodeError) else str(error)
    if "locked" in text or "busy" in text:
        return RecagentError(f"{path}: in use by another process for over {BUSY_TIMEOUT_S:.0f} s")
    if "disk I/O" in text:
        return DiskRefuses(f"{path}: the disk refuses: {text}", hint="is it full, or failing?")
    if "full" in text:
        return DiskRefuses(f"{path}: the disk is full", hint="free some space and try again")
    if "readonly" in text or "unable to open" in text:
        return DiskRefuses(
            f"{path}: cannot be written", hint="set RECAGENT_HOME to a folder that you can write to"
        )
    return BadInput(
        f"damaged: {text}",
        path=path,
        hint="recagent doctor --repair restores what can be, from the newest good backup",
    )
