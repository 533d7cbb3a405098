"""A catalog's place on disk: filled by renaming, one process at a time, and tidied up.

A directory cannot be replaced in one step, so for a moment between two renames nothing stands in
the place. Whoever swaps holds `.NAME.lock`; a reader who finds nothing waits for it (`settle`).
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import BadInput
from .locks import locked

STALE_S = 24 * 3600
"""What a killed process left aside is removed once it is older."""
SETTLE_S = 10.0
OLD, REMOVED, INSIDE = "old.", "removed.", "catalog"


def lock_file(place: Path) -> Path:
    """The lock of those who rename in that place."""
    return place.with_name(f".{place.name}.lock")


@contextmanager
def aside(place: Path) -> Iterator[Path]:
    """A temporary sibling that takes the place when the block ends well.

    Raises:
        BadInput: the disk cannot be written.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = _beside(place)
    except OSError as error:
        raise BadInput(f"cannot write: {error.strerror}", path=place.parent) from error
    try:
        yield temporary
        _sync_tree(temporary)
        with locked(lock_file(place)):
            _swap(temporary, place)
            _sweep(place)
    except OSError as error:
        raise BadInput(f"cannot write: {error.strerror or error}", path=place) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def remove(place: Path) -> None:
    """Take a directory away, and all that `settle` could put in its place again.

    Raises:
        OSError: it cannot be moved.
    """
    with locked(lock_file(place)):
        if place.exists():
            os.rename(place, _beside(place, REMOVED) / INSIDE)
        _sweep(place, (OLD, REMOVED))


def settle(place: Path) -> None:
    """Wait for a swap in that place to end; put back what a killed one had taken away."""
    lock = lock_file(place)
    if not lock.exists():
        return
    try:
        with locked(lock, seconds=SETTLE_S) as held:
            if held and not place.exists():
                _put_back(place)
    except OSError:
        # A read-only disk: another user's process may still be about to swap.
        time.sleep(0.05)


def _beside(place: Path, kind: str = "") -> Path:
    return Path(tempfile.mkdtemp(prefix=f".{place.name}.{kind}", dir=place.parent))


def _swap(temporary: Path, place: Path) -> None:
    """Rename into place; what stood there before is gone only once the new one stands."""
    old = _beside(place, OLD)
    try:
        if place.exists():
            os.rename(place, old / INSIDE)
        os.rename(temporary, place)
    except BaseException:  # Ctrl-C between the two renames too
        if not place.exists() and (old / INSIDE).exists():
            os.rename(old / INSIDE, place)
        raise
    finally:
        if place.exists():
            shutil.rmtree(old, ignore_errors=True)
    _sync(place.parent)


def _put_back(place: Path) -> None:
    """The newest directory that a swap had taken away before it was killed."""
    taken = [path for path in _leftovers(place, (OLD,)) if (path / INSIDE).is_dir()]
    if taken:
        newest = max(taken, key=lambda path: path.stat().st_mtime_ns)
        os.rename(newest / INSIDE, place)


def _leftovers(place: Path, kinds: tuple[str, ...] = ("",)) -> list[Path]:
    starts = tuple(f".{place.name}.{kind}" for kind in kinds)
    return [
        path
        for path in place.parent.iterdir()
        if path.name.startswith(starts) and path.is_dir() and not path.is_symlink()
    ]


def _sweep(place: Path, at_once: tuple[str, ...] = ()) -> None:
    """Remove what killed processes left beside the place: the old, and of some kinds all."""
    doomed = [path for path in _leftovers(place) if _is_stale(path)]
    for path in (*doomed, *(_leftovers(place, at_once) if at_once else ())):
        shutil.rmtree(path, ignore_errors=True)


def _is_stale(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > STALE_S
    except OSError:
        return False  # a writer was done with it this moment


def _sync_tree(directory: Path) -> None:
    os.chmod(directory, 0o755)
    for path in sorted(directory.rglob("*")):
        _sync(path)
    _sync(directory)


def _sync(path: Path) -> None:
    if path.is_dir() and os.name == "nt":
        return  # Windows cannot open a directory
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
