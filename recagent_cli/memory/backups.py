"""Copies of the store, beside it: one a day, the last three; each proved before it counts."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from recagent_catalogs.errors import BadInput
from recagent_catalogs.locks import locked

from ..paths import make_dir, unwritable
from .store_file import StoreFile

BACKUPS_KEPT = 3
BACKUP_EVERY_S = 24 * 3600
ASIDE = "damaged-"
"""Begins the names of folders with damaged files that a repair took out of the way."""
FORGETTING = ".forgetting"
"""Is there while something is being forgotten that the copies still hold."""


def back_up(file: StoreFile, *, now: float | None = None) -> Path | None:
    """Copy the store aside once a day, keeping the last three copies; returns the new copy.

    Raises:
        BadInput: the store is damaged; the copies there are stay.
        RecagentError: the copy cannot be made.
    """
    if not file.path.exists():
        return None
    folder = make_dir(folder_of(file), private=True)
    moment = time.time() if now is None else now
    try:
        with locked(folder / ".lock", seconds=0) as held:
            return _copy(file, folder, moment) if held and _is_due(folder, moment) else None
    except OSError as error:
        raise unwritable(folder, error) from error


def copies_of(file: StoreFile) -> list[Path]:
    """The copies that `back_up` made and kept, oldest first."""
    return _copies(folder_of(file))


def _copy(file: StoreFile, folder: Path, moment: float) -> Path:
    from ..care.store_check import look_at  # it stands above

    target = folder / time.strftime("user-%Y%m%d-%H%M%S.sqlite", time.gmtime(moment))
    temporary = folder / "next.tmp"
    for left in folder.glob("next.tmp*"):  # of a killed process; a journal would be read into it
        left.unlink(missing_ok=True)
    os.close(os.open(temporary, os.O_CREAT | os.O_WRONLY, 0o600))
    with file.connection() as source, contextlib.closing(sqlite3.connect(temporary)) as copy:
        source.backup(copy)
    look = look_at(temporary, copy=True)
    if not look.whole:
        temporary.unlink(missing_ok=True)
        where, text = look.wrong[0]
        raise BadInput(
            f"{where}: {text}", path=file.path, hint="recagent doctor --repair; older copies stay"
        )
    temporary.replace(target)
    # Those of days to come, by a clock that was wrong, are older than the one just made.
    copies = sorted(_copies(folder), key=lambda each: (each.name <= target.name, each.name))
    for old in copies[:-BACKUPS_KEPT]:
        old.unlink(missing_ok=True)
    return target


def delete_backups(file: StoreFile) -> int:
    """Delete the copies of the store, damaged ones too; returns how many there were.

    What else lies in the folder was put there by hand, and stays.

    Raises:
        RecagentError: one cannot be deleted.
    """
    folder = folder_of(file)
    if not folder.is_dir():
        return 0
    try:
        with locked(make_dir(folder, private=True) / ".lock"):
            copies = _copies(folder)
            for path in [*copies, *folder.glob("user-*-wal"), *folder.glob("user-*-shm")]:
                path.unlink(missing_ok=True)
            for left in folder.glob("next.tmp*"):
                left.unlink(missing_ok=True)
            damaged = aside_folders(file)
            for aside in damaged:
                shutil.rmtree(aside)
            (folder / FORGETTING).unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(folder, error, "cannot be deleted") from error
    return len(copies) + len(damaged)


@contextlib.contextmanager
def forgetting(file: StoreFile, owner: str) -> Iterator[None]:
    """Say that the copies hold what is being forgotten, until `delete_backups` is done.

    Where nothing was forgotten after all, because an error leaves the block, nothing is said.

    Args:
        file: the store.
        owner: whose, in a word that does not tell the name.

    Raises:
        RecagentError: it cannot be written.
    """
    folder = folder_of(file)
    if not folder.is_dir():
        yield
        return
    note = folder / FORGETTING
    try:
        before = note.stat().st_size if note.exists() else 0
        handle = os.open(note, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(owner + "\n")
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise unwritable(note, error) from error
    try:
        yield
    except Exception:
        if not before:
            note.unlink(missing_ok=True)
        raise


def owners_forgetting(file: StoreFile) -> list[str] | None:
    """Whose forgetting has not come to its end; None where there is none, empty if it is unsure."""
    try:
        return (folder_of(file) / FORGETTING).read_text(encoding="utf-8").split()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError):
        return []


def folder_of(file: StoreFile) -> Path:
    """Where the copies are."""
    return file.path.parent / "backups"


def aside_folders(file: StoreFile) -> list[Path]:
    """Folders with damaged files that were taken out of the way, oldest first."""
    return sorted(path for path in folder_of(file).glob(f"{ASIDE}*") if path.is_dir())


def _copies(folder: Path) -> list[Path]:
    """The copies of a store, oldest first."""
    return sorted(folder.glob("user-*.sqlite"))


def _is_due(folder: Path, moment: float) -> bool:
    ages = [moment - copy.stat().st_mtime for copy in _copies(folder)]
    # A copy of more than a day ahead was made by a wrong clock.
    return not any(abs(age) < BACKUP_EVERY_S for age in ages)
