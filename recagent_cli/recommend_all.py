"""A list for every user of a catalog: the batch job of `recommend --all-users`.

The lists are made in parts of a few users each, by several processes. A part is a file of plain
numbers, written aside and renamed, in a directory beside the output; so whatever ends the job, all
finished parts stay, and the same call makes only those that are missing. The output itself is
written last and appears by one rename. The system's own locks keep two jobs off one output.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recagent_catalogs.errors import BadInput, RecagentError
from recagent_catalogs.locks import locked

if TYPE_CHECKING:
    from recagent_tools.models.engine import Engine

PART_USERS = 128
"""Users of a part: about a second's work, which is what a `kill -9` can cost."""
LAYOUT = 1
"""Of the parts; those of another version are not gone on with."""
ENTRY = np.dtype([("user", "<i4"), ("rank", "<i4"), ("row", "<i4"), ("score", "<f4")])
"""One line of a part; users and items by their row numbers."""
JOB, LOCK = "job.json", ".lock"
Entries = NDArray[np.void]


@dataclass(frozen=True)
class Job:
    """What is asked for; parts of another job are of no use.

    Attributes:
        catalog: the fingerprint of the data.
        build: the name of the models' build, "" where there is none.
        users: how many there are.
        count: how many items each.
        format: of the output.
        part_users: users of a part.
        layout: of the parts.
    """

    catalog: str
    build: str
    users: int
    count: int
    format: str
    part_users: int = PART_USERS
    layout: int = LAYOUT

    @property
    def n_parts(self) -> int:
        """How many parts it has."""
        return -(-self.users // self.part_users)

    def users_of(self, number: int) -> range:
        """The users of a part."""
        begin = number * self.part_users
        return range(begin, min(begin + self.part_users, self.users))

    def changes(self, other: object) -> list[str]:
        """The fields in which the kept job, read from a file, differs from this one."""
        told = other if isinstance(other, dict) else {}
        return [name for name, value in asdict(self).items() if told.get(name) != value]


class Parts:
    """The finished parts of a job.

    Args:
        place: their directory; `opened` makes it.
        job: what they are parts of.
    """

    def __init__(self, place: Path, job: Job) -> None:
        self.place, self.job, self._done = place, job, False

    @contextmanager
    def opened(self) -> Iterator[list[str]]:
        """Hold the directory for a block.

        Yields:
            What has changed since the job whose parts lay there, which are gone now; else empty.

        Raises:
            BadInput: it cannot be written, or another process makes the same lists.
        """
        with told(self.place):
            self.place.mkdir(exist_ok=True)
        with told(self.place), locked(self.place / LOCK, seconds=0) as held:
            if not held:
                raise BadInput(
                    "another recagent writes this output now",
                    path=self.place,
                    hint="wait for it, or name another --out",
                )
            yield self._start()
        if self._done and self.place.exists():
            shutil.rmtree(self.place, ignore_errors=True)  # Windows keeps a lock that is held

    def _start(self) -> list[str]:
        try:
            kept = json.loads((self.place / JOB).read_text(encoding="utf-8"))
        except FileNotFoundError:
            if any(path.name != LOCK for path in self.place.iterdir()):
                raise BadInput(
                    "this directory is not one of ours, and our parts would go there",
                    path=self.place,
                    hint="move it away, or name another --out",
                ) from None
            kept = asdict(self.job)
        except ValueError:
            kept = None
        changed = self.job.changes(kept)
        if changed:
            for path in self.place.iterdir():
                if path.name != LOCK:
                    path.unlink()
        _replace(self.place / JOB, json.dumps(asdict(self.job)).encode())
        return changed

    def missing(self) -> list[int]:
        """The numbers of the parts that are not there, or not whole."""
        return [number for number in range(self.job.n_parts) if not self._is_whole(number)]

    def _is_whole(self, number: int) -> bool:
        try:
            entries = self.read(number)
        except (OSError, ValueError, EOFError):
            return False
        users = self.job.users_of(number)
        return len(entries) == 0 or bool(
            entries["user"][0] >= users.start and entries["user"][-1] < users.stop
        )

    def read(self, number: int) -> Entries:
        """The entries of a part, by user and rank, memory-mapped.

        Raises:
            OSError, ValueError, EOFError: it is not there, or not whole.
        """
        entries = np.load(self._file(number), mmap_mode="r", allow_pickle=False)
        if entries.dtype != ENTRY or entries.ndim != 1:
            raise ValueError("no part of a job")
        return np.asarray(entries)

    def write(self, number: int, entries: Entries) -> None:
        """Put a part in its place, whole or not at all.

        Raises:
            OSError: the disk is full, or may not be written.
        """
        import io

        buffer = io.BytesIO()
        np.save(buffer, entries, allow_pickle=False)
        _replace(self._file(number), buffer.getvalue())

    def _file(self, number: int) -> Path:
        return self.place / f"{number:08}.npy"

    def remove(self) -> None:
        """Take all parts away; the job is done."""
        self._done = True
        shutil.rmtree(self.place, ignore_errors=True)


def make_part(engine: Engine, job: Job, number: int) -> Entries:
    """The lists of the users of one part: those that `recommend --user` gives, without conditions.

    Args:
        engine: retrieval and ranking.
        job: how many users and items.
        number: of the part.
    """
    from recagent_tools.retrieve import KEEP

    users = job.users_of(number)
    histories = [engine.user_history(user) for user in users]
    lists = engine.recommender.lists(histories, job.count, candidates=KEEP)
    lengths = [len(rows) for rows, _ in lists]
    entries = np.empty(sum(lengths), dtype=ENTRY)
    entries["user"] = np.repeat(np.asarray(users, dtype=np.int32), lengths)
    entries["rank"] = np.concatenate([np.arange(1, length + 1) for length in lengths])
    entries["row"] = np.concatenate([rows for rows, _ in lists])
    entries["score"] = np.concatenate([scores for _, scores in lists])
    return entries


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what the system says of a file that is written into one line for the person.

    Raises:
        BadInput: it cannot be written.
        RecagentError: the disk is full.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise refused(path, error.errno == errno.ENOSPC, error.strerror or str(error)) from error


def refused(path: Path, is_full: bool, why: str) -> RecagentError:
    """The error for an output that the system does not take."""
    if is_full:
        return RecagentError(
            f"the disk is full: {path}",
            hint="free some space; the same call goes on where it stopped",
        )
    return BadInput(f"cannot be written: {why}", path=path)


def _replace(path: Path, content: bytes) -> None:
    """Write a file aside, and rename it into place once it is on the disk."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
