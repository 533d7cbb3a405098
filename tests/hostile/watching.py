"""What a process does beyond itself, seen by Python's audit events."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGING = frozenset(
    "os.rename os.remove os.rmdir os.mkdir os.link os.symlink os.truncate os.chmod os.chown "
    "shutil.copyfile shutil.move shutil.rmtree".split()
)
_STARTING = frozenset("subprocess.Popen os.system os.exec os.posix_spawn os.spawn os.fork".split())
_CONNECTING = frozenset("socket.connect socket.getaddrinfo socket.sendto socket.bind".split())


@dataclass
class Seen:
    """What happened while it was watched.

    Attributes:
        written: paths opened for writing, made, moved or removed.
        connected: addresses asked for or connected to.
        started: the command lines of processes.
    """

    written: list[str] = field(default_factory=list)
    connected: list[str] = field(default_factory=list)
    started: list[list[str]] = field(default_factory=list)

    def take(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note an audit event."""
        if event == "open":
            path, mode, flags = arguments
            writes = any(c in mode for c in "wax+") if isinstance(mode, str) else False
            if writes or (isinstance(flags, int) and flags & _WRITES):
                self.written.append(_path(path))
        elif event == "sqlite3.connect":
            if arguments[0] != ":memory:":  # which is no file
                self.written.append(_path(arguments[0]))
        elif event in _CHANGING:
            self.written += [_path(one) for one in arguments[:2] if isinstance(one, str | bytes)]
        elif event in _STARTING:
            words = arguments[1] if event == "subprocess.Popen" else [event, arguments]
            self.started.append([str(word) for word in words])
        elif event in _CONNECTING:
            self.connected.append(
                f"{event} {arguments[1] if event == 'socket.connect' else arguments}"
            )


def _path(path: object) -> str:
    if isinstance(path, int):
        return f"descriptor {path}"
    text = os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else str(path)
    return os.path.abspath(text.removeprefix("file:").partition("?")[0])


_seen: list[Seen] = []
_hooked = False


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _seen and (event == "open" or event in _CHANGING or event in _STARTING or
                  event in _CONNECTING or event == "sqlite3.connect"):  # fmt: skip
        for one in _seen:
            one.take(event, arguments)


@contextmanager
def watched() -> Iterator[Seen]:
    """Watch this process; a hook can be set but not taken away, so it stays, and heeds nothing."""
    global _hooked
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked = True
    seen = Seen()
    _seen.append(seen)
    try:
        yield seen
    finally:
        _seen.remove(seen)


def open_files(pid: int) -> list[tuple[str, bool]]:
    """The files that another process holds open, and whether for writing (Linux only)."""
    found = []
    folder = f"/proc/{pid}/fd"
    for number in os.listdir(folder) if os.path.isdir(folder) else ():
        try:
            target = os.readlink(f"{folder}/{number}")
            with open(f"/proc/{pid}/fdinfo/{number}", encoding="ascii") as file:
                flags = int(next(line for line in file if line.startswith("flags")).split()[1], 8)
        except (OSError, StopIteration):
            continue
        found.append((target, bool(flags & (os.O_WRONLY | os.O_RDWR))))
    return found
