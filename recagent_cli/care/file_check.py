"""Settings, marks, caches, who may read what, and what killed processes left behind."""

from __future__ import annotations

import json
import os
import re
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from recagent_catalogs.errors import RecagentError

from ..memory.backups import copies_of
from ..memory.marks import Marks
from ..memory.store_file import StoreFile
from ..paths import Paths
from ..settings import load_settings
from .findings import REPAIR, Checked, Finding
from .keys import keys_in

LEFT_S = 24 * 3600
"""What a killed process left is removed once it is older; a younger one may still be written."""
_TEMPORARY = re.compile(
    r"\.(new|old|current)-[^/]+|\.[^/]+\.(old\.|removed\.)[^/]*|\.(?![^/]*\.lock$)[^/]+-\d+|next\.tmp"
    r"|\.config\.toml\.[^/]+|\.repair-[^/]+|\.[a-z0-9_-]+\.[a-z0-9_]{8}"
)


def check_settings(paths: Paths) -> Checked:
    """Whether the settings can be read, and hold no key."""
    found = []
    try:
        load_settings(paths, directory=paths.config)
    except RecagentError as error:
        where = str(paths.settings)
        text = error.message.removeprefix(f"{where}: ")
        hint = "put it right by hand; recagent never overwrites it"
        found.append(Finding("settings", where, text, hint))
    found += keys_in(paths.settings, "settings")
    told = "can be read" if paths.settings.exists() else "none set"
    return Checked("settings", told if not found else "not as they should be", tuple(found))


def check_digests(paths: Paths) -> Checked:
    """The marks of up to where each profile was told what is new."""
    found, count = [], 0
    for path in _files(paths.digests):
        profile, _, rest = path.name.partition(".")
        catalog, _, kind = rest.rpartition(".")
        if kind not in ("digest", "chat") or not profile or not catalog:
            continue
        count += 1
        if Marks(paths.digests, profile, catalog).read(kind) is None:
            hint = f"{REPAIR} moves it aside; the next digest begins anew"
            found.append(Finding("digest", str(path), "damaged", hint))
    return Checked("digests", f"{count} kept", tuple(found))


def check_cache(paths: Paths) -> Checked:
    """What was learned of language models; a damaged file is made anew without a word."""
    found = []
    path = paths.models_known
    if path.exists() and not _is_json(path):
        hint = "nothing: it is made anew"
        found.append(Finding("cache", str(path), "damaged", hint, serious=False))
    return Checked("cache", "may be deleted at any time", tuple(found))


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    return True


def private_paths(paths: Paths) -> Iterator[Path]:
    """What only its owner may read: files and folders that are there."""
    store = paths.store
    yield from (store, store.with_name(f"{store.name}-wal"), store.with_name(f"{store.name}-shm"))
    backups = store.parent / "backups"
    yield backups
    yield from copies_of(StoreFile(store))
    yield from (path for path in _files(backups) if path.name.startswith("damaged-"))
    yield paths.digests
    yield from _files(paths.digests)
    yield from (paths.settings, paths.models_known)  # rules are no secret
    yield from (path for path in _files(paths.data) if path.name.startswith("chat-history"))


def open_to_others(paths: Paths) -> list[Path]:
    """What others may read or write though it is private."""
    if os.name == "nt":
        return []
    found = []
    for path in private_paths(paths):
        try:
            told = path.stat()
        except OSError:
            continue
        if told.st_mode & 0o077 and not path.name.endswith(".lock"):
            found.append(path)
    return found


def check_private(paths: Paths) -> Checked:
    """Whether only their owner may read the files that tell of the person."""
    found = []
    for path in open_to_others(paths):
        mode = stat.S_IMODE(path.stat().st_mode)
        hint = f"{REPAIR}, or chmod {'700' if path.is_dir() else '600'} {path}"
        found.append(Finding("permissions", str(path), f"open to others (mode {mode:o})", hint))
    return Checked("permissions", "private files are yours alone", tuple(found))


def leftovers(paths: Paths) -> Iterator[Path]:
    """Temporary files and folders of processes that were killed, or still run."""
    folders = [paths.data, paths.data / "backups", paths.digests, paths.config, paths.catalogs]
    folders += [path for path in _entries(paths.models) if path.is_dir()]
    for folder in folders:
        yield from (path for path in _entries(folder) if _TEMPORARY.fullmatch(path.name))


def check_leftovers(paths: Paths) -> Checked:
    """What killed processes left: it harms nothing and takes room."""
    found = []
    now = time.time()
    for path in leftovers(paths):
        if is_old(path, now):
            hint = f"{REPAIR} removes it"
            told = "left by a process that was killed"
            found.append(Finding("leftover", str(path), told, hint, serious=False))
    return Checked("leftovers", f"{len(found) or 'none'} of killed processes", tuple(found))


def is_old(path: Path, now: float) -> bool:
    """Whether nobody can still be writing it."""
    try:
        return now - path.lstat().st_mtime > LEFT_S
    except OSError:
        return False


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _files(folder: Path) -> list[Path]:
    return [path for path in _entries(folder) if path.is_file()]
