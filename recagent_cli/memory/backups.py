"""Copies of the store, beside it: one a day, the last three."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from recagent_catalogs.locks import locked

from ..paths import make_dir, unwritable
from .store_file import StoreFile

BACKUPS_KEPT = 3
BACKUP_EVERY_S = 24 * 3600


def back_up(file: StoreFile, *, now: float | None = None) -> Path | None:
    """Copy the store aside once a day, keeping the last three copies; returns the new copy.

    Raises:
        RecagentError: the copy cannot be made.
    """
    if not file.path.exists():
        return None
    folder = make_dir(_folder(file), private=True)
    moment = time.time() if now is None else now
    try:
        with locked(folder / ".lock", seconds=0) as held:
            return _copy(file, folder, moment) if held and _is_due(folder, moment) else None
    except OSError as error:
        raise unwritable(folder, error) from error


def copies_of(file: StoreFile) -> list[Path]:
    """The copies that `back_up` made and kept, oldest first."""
    return _copies(_folder(file))


def _copy(file: StoreFile, folder: Path, moment: float) -> Path:
    target = folder / time.strftime("user-%Y%m%d-%H%M%S.sqlite", time.gmtime(moment))
    temporary = folder / "next.tmp"
    temporary.unlink(missing_ok=True)
    with file.connection() as source:
        copy = sqlite3.connect(temporary)
        try:
            source.backup(copy)
        finally:
            copy.close()
    temporary.chmod(0o600)
    temporary.replace(target)
    # Those of days to come, by a clock that was wrong, are older than the one just made.
    copies = sorted(_copies(folder), key=lambda each: (each.name <= target.name, each.name))
    for old in copies[:-BACKUPS_KEPT]:
        old.unlink(missing_ok=True)
    return target


def delete_backups(file: StoreFile) -> int:
    """Delete the copies of the store; returns how many there were.

    What else lies in the folder was put there by hand, and stays.

    Raises:
        RecagentError: one cannot be deleted.
    """
    folder = _folder(file)
    if not folder.is_dir():
        return 0
    try:
        with locked(make_dir(folder, private=True) / ".lock"):
            copies = _copies(folder)
            for path in [*copies, *folder.glob("user-*-wal"), *folder.glob("user-*-shm")]:
                path.unlink(missing_ok=True)
            (folder / "next.tmp").unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(folder, error, "cannot be deleted") from error
    return len(copies)


def _folder(file: StoreFile) -> Path:
    return file.path.parent / "backups"


def _copies(folder: Path) -> list[Path]:
    """The copies of a store, oldest first."""
    return sorted(folder.glob("user-*.sqlite"))


def _is_due(folder: Path, moment: float) -> bool:
    ages = [moment - copy.stat().st_mtime for copy in _copies(folder)]
    # A copy of more than a day ahead was made by a wrong clock.
    return not any(abs(age) < BACKUP_EVERY_S for age in ages)
