"""The files of a catalog are as they were written: size and sha256 of each, seen when it opens.

A file that was proved before, and whose size and times are the same since, is not read again, so
that opening costs one look at each name. What a disk loses under a file that nobody wrote shows to
`prove` alone, which reads all of it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from . import arrays

SUMS = "sums.json"
PROVED = "proved.json"
"""Size and times of the files when they were proved last."""


def write_sums(directory: Path) -> None:
    """Write size and sha256 of every file, the last step of writing a catalog."""
    sums = {
        path.relative_to(directory).as_posix(): [path.stat().st_size, file_sha256(path)]
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.name not in (SUMS, PROVED)
    }
    _write(directory / SUMS, sums)
    _write(directory / PROVED, {name: _stamp(directory / name) for name in (SUMS, *sums)})


def read_sums(directory: Path) -> dict[str, tuple[int, str]]:
    """Size and sha256 by name.

    Raises:
        BadInput: they are missing or damaged.
    """
    path = directory / SUMS
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): (int(size), str(digest)) for name, (size, digest) in told.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise arrays.damaged(path) from error


def prove(directory: Path) -> list[str]:
    """The files that are missing or differ from what was written; reads all of them.

    Raises:
        BadInput: nobody knows what was written.
    """
    sums = read_sums(directory)
    return [name for name, facts in sums.items() if not _is(directory / name, *facts)]


def check(directory: Path) -> None:
    """Prove the files that have changed since they were proved.

    Raises:
        BadInput: one is missing or differs from what was written.
    """
    known = _read_proved(directory)
    names = [name for name in known if name != SUMS]
    try:
        if known and all(_stamp(directory / name) == known[name] for name in (SUMS, *names)):
            return
    except OSError:
        pass
    stamps = {SUMS: _stamp_or_none(directory / SUMS)}
    for name, (size, digest) in read_sums(directory).items():
        stamps[name] = _stamp_or_none(directory / name)
        if known.get(name) == stamps[name] and stamps[name] is not None:
            continue
        if not _is(directory / name, size, digest):
            raise arrays.damaged(directory / name)
    with contextlib.suppress(OSError):  # a read-only directory is proved anew each time
        _write(directory / PROVED, stamps)


def file_sha256(path: Path) -> str:
    """The sha256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is(path: Path, size: int, digest: str) -> bool:
    try:
        return path.is_file() and path.stat().st_size == size and file_sha256(path) == digest
    except OSError:
        return False


def _stamp(path: Path) -> list[int]:
    told = os.stat(path)
    return [told.st_size, told.st_mtime_ns, told.st_ctime_ns]


def _stamp_or_none(path: Path) -> list[int] | None:
    try:
        return _stamp(path)
    except OSError:
        return None


def _read_proved(directory: Path) -> dict[str, Any]:
    try:
        found = json.loads((directory / PROVED).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and SUMS in found else {}


def _write(path: Path, body: dict[str, Any]) -> None:
    fresh = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        fresh.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        fresh.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise
