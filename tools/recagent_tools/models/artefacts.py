"""Builds on disk: `models_dir/<hash>/` with plain arrays and a manifest, and the pointer `current`.

A build is written into a temporary directory beside its place, fsynced, renamed; the pointer is
replaced last, and one process at a time does so. Readers take no lock: the build they were pointed
to stays until the second build after it.

Nothing is unpickled, ever, and nothing is handed to a native library before its checksum was
verified: a truncated LightGBM text ends the interpreter.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recagent_catalogs.errors import RecagentError
from recagent_catalogs.locks import locked

EXPOSURE = "exposure.npy"
"""float32 [n_items], in how many measured people's top ten an item stood."""
SCHEMA = "recagent.models/3"
MANIFEST = "manifest.json"
CURRENT = "current"
CHECKED = "checked.json"
LOCK = ".lock"
STALE_S = 24 * 3600
"""What a killed build left aside is removed once it is older."""
LOOKS = 3
"""How often a reader looks again where the pointer changed under its eyes."""
ALWAYS_HASHED = (".txt",)
"""Read in full and hashed every time: the models that LightGBM parses."""


class ArtefactError(Exception):
    """A build cannot be used; the text says why, in one line, for the person."""


def write_build(
    models_dir: Path, write: Callable[[Path], None], manifest: dict[str, Any]
) -> tuple[str, Path]:
    """Write a build and make it the current one.

    Args:
        models_dir: where the builds of a catalog live; made if missing.
        write: writes the files into the directory it is given.
        manifest: what is to be said of the build; `files` and `build` are added.

    Returns:
        The build's name (16 hex digits, the same for the same content) and its directory.

    Raises:
        RecagentError: the disk is full or may not be written.
    """
    aside = models_dir / f".new-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        aside.mkdir(parents=True)
        write(aside)
        files = {path.name: describe(path) for path in sorted(aside.iterdir())}
        name = _name(files, manifest)
        whole = {"schema": SCHEMA, "build": name, **manifest, "files": files}
        text = json.dumps(whole, indent=1, sort_keys=True)
        (aside / MANIFEST).write_text(text, encoding="utf-8")
        for path in aside.iterdir():
            _sync(path)
        _sync(aside)
        with locked(models_dir / LOCK):
            _put(aside, models_dir / name)
            _forget_old(models_dir, _point(models_dir, name))
    except OSError as error:
        raise RecagentError(
            f"the models could not be written to {models_dir}: {error.strerror or error}",
            hint="check the free space and the permissions of that directory",
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return name, models_dir / name


def open_build(models_dir: Path, fingerprint: str) -> tuple[Path, dict[str, Any]] | None:
    """The current build, its checksums verified; None if nothing was ever built.

    Args:
        models_dir: where the builds live.
        fingerprint: the catalog's; a build of other data is refused.

    Raises:
        ArtefactError: it is damaged, of another version, or of other data.
    """
    for _ in range(LOOKS):
        pointer = _read_pointer(models_dir)
        if pointer is None:
            return None
        try:
            return _open(models_dir, pointer, fingerprint)
        except ArtefactError:
            # Another process may have built meanwhile, and forgotten what it pointed to before.
            if _read_pointer(models_dir) == pointer:
                raise
    raise ArtefactError("the models are being replaced over and over; try again")


def _read_pointer(models_dir: Path) -> bytes | None:
    """The text that says which build is current; None if nothing was ever built."""
    try:
        return (models_dir / CURRENT).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ArtefactError("the models are damaged (the pointer); build again") from error


def _open(models_dir: Path, text: bytes, fingerprint: str) -> tuple[Path, dict[str, Any]]:
    try:
        pointer = json.loads(text)
        directory = models_dir / str(pointer["build"])
        raw = (directory / MANIFEST).read_bytes()
    except FileNotFoundError as error:
        raise ArtefactError("the models are damaged (no manifest); build again") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtefactError("the models are damaged (the pointer); build again") from error
    if hashlib.sha256(raw).hexdigest() != pointer.get("manifest"):
        raise ArtefactError("the models are damaged (the manifest); build again")
    manifest = json.loads(raw)
    if manifest.get("schema") != SCHEMA:
        raise ArtefactError("the models were built by another version; build again")
    if manifest.get("data", {}).get("fingerprint") != fingerprint:
        raise ArtefactError("the catalog has changed since its models were built; build again")
    verify(directory, manifest["files"])
    return directory, manifest


def verify(directory: Path, files: dict[str, dict[str, Any]]) -> None:
    """Hold the files against their sizes and checksums.

    A file that was verified before and whose size, inode and times are the same since is not read
    again; LightGBM's texts always are.

    Raises:
        ArtefactError: a file is missing or differs.
    """
    known = _read_checked(directory)
    now: dict[str, list[int]] = {}
    for name, expected in files.items():
        path = directory / name
        try:
            stat = path.stat()
        except OSError as error:
            raise ArtefactError(f"the models are damaged ({name} is missing)") from error
        if stat.st_size != expected["bytes"]:
            raise ArtefactError(f"the models are damaged ({name} has another size); build again")
        now[name] = [stat.st_size, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns]
        if known.get(name) == now[name] and path.suffix not in ALWAYS_HASHED:
            continue
        try:
            found = describe(path)["sha256"]
        except OSError as error:  # forgotten by another process between the two looks
            raise ArtefactError(f"the models are damaged ({name} is missing)") from error
        if found != expected["sha256"]:
            raise ArtefactError(f"the models are damaged ({name}: wrong checksum); build again")
    if now != known:
        _write_checked(directory, now)


def read_verified(path: Path, expected: dict[str, Any]) -> bytes:
    """A whole file, its bytes verified before they are handed out.

    Raises:
        ArtefactError: it is missing or differs.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ArtefactError(f"the models are damaged ({path.name}: {error.strerror})") from error
    size, checksum = expected.get("bytes"), expected.get("sha256")
    if len(content) != size or hashlib.sha256(content).hexdigest() != checksum:
        raise ArtefactError(f"the models are damaged ({path.name}: wrong checksum); build again")
    return content


def describe(path: Path) -> dict[str, Any]:
    """Size and sha256 of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": digest}


def _name(files: dict[str, dict[str, Any]], manifest: dict[str, Any]) -> str:
    """16 hex digits of what was learnt from what; times and metrics play no part."""
    parts = {name: facts["sha256"] for name, facts in files.items()}
    same = json.dumps([parts, manifest.get("data"), manifest.get("settings")], sort_keys=True)
    return hashlib.sha256(same.encode()).hexdigest()[:16]


def _put(aside: Path, place: Path) -> None:
    """Rename into place. What stands there already stays if it is whole: somebody may read it."""
    if _is_whole(place):
        return
    if place.exists():
        old = place.with_name(f".old-{secrets.token_hex(4)}")
        place.rename(old)
        aside.rename(place)
        shutil.rmtree(old, ignore_errors=True)
    else:
        aside.rename(place)


def _is_whole(place: Path) -> bool:
    """Whether every file of a build is as it was written; all of them are read."""
    try:
        files = json.loads((place / MANIFEST).read_bytes())["files"]
        return bool(files) and all(describe(place / name) == files[name] for name in files)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _point(models_dir: Path, name: str) -> set[str]:
    """Replace the pointer, the last step; returns the builds to keep: this one and the one before.

    The pointer names the one before it: times on disk do not tell, a build may come back.
    """
    checksum = describe(models_dir / name / MANIFEST)["sha256"]
    before = _previous(models_dir, name)
    fresh = models_dir / f".{CURRENT}-{secrets.token_hex(4)}"
    pointer = {"build": name, "manifest": checksum, "previous": before}
    fresh.write_text(json.dumps(pointer), encoding="utf-8")
    _sync(fresh)
    fresh.replace(models_dir / CURRENT)
    _sync(models_dir)
    return {name, before}


def _previous(models_dir: Path, name: str) -> str:
    """The build that was current before `name` became so; "" if there is none."""
    try:
        pointer = json.loads((models_dir / CURRENT).read_bytes())
        build = str(pointer["build"])
        return build if build != name else str(pointer.get("previous", ""))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""


def _forget_old(models_dir: Path, kept: set[str]) -> None:
    """Remove all other builds, and what killed processes left aside long ago; the lock is held."""
    for path in list(models_dir.iterdir()):
        if path.name.startswith((".new-", ".old-", f".{CURRENT}-")):
            doomed = _is_stale(path)
        else:
            doomed = path.name not in kept and (path / MANIFEST).is_file()
        if doomed and path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif doomed:
            path.unlink(missing_ok=True)


def _is_stale(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > STALE_S
    except OSError:
        return False  # a writer was done with it this moment


def _sync(path: Path) -> None:
    """Flush a file or directory to the disk; directories cannot be opened on Windows."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read_checked(directory: Path) -> dict[str, list[int]]:
    try:
        found = json.loads((directory / CHECKED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write_checked(directory: Path, stamps: dict[str, list[int]]) -> None:
    """Remember what was verified; a read-only directory is verified anew each time."""
    fresh = directory / f".{CHECKED}-{secrets.token_hex(4)}"
    try:
        fresh.write_text(json.dumps(stamps), encoding="utf-8")
        fresh.replace(directory / CHECKED)
    except OSError:
        fresh.unlink(missing_ok=True)
