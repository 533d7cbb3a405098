"""What the person names: a file, a folder, a zip archive, standard input; opened with care."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from recagent_catalogs.errors import BadInput
from recagent_catalogs.formats.files import SourceFile, require_regular
from recagent_catalogs.text import clean

from ...whole_file import typed_path

MAX_BYTES = 100 << 20
"""Of one history, unpacked: all its files together."""
MAX_FILES = 500
_ENDINGS = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson")
_PAPERS = ("readme", "license", "licence", "changelog", "notice", "profile.csv", "comments.csv")
_DEPTH = 3
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Source:
    """One file of a history.

    Attributes:
        file: where its bytes are.
        name: what the person is told: the path, or the archive and the member.
        inside: its path within the folder or archive, lower case; the file's name where it stands
            alone.
    """

    file: SourceFile
    name: str
    inside: str

    @property
    def short(self) -> str:
        """For facts: the file's name without the folders it lay in on this machine."""
        if self.name == "-":
            return "standard input"
        path = clean(self.file.path.name, 80)
        return f"{path}!{clean(self.file.member, 100)}" if self.file.member else path


@dataclass(frozen=True)
class _Named(SourceFile):
    """A file that messages call by another name: what came in by a pipe."""

    told: str = ""

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.told


@contextlib.contextmanager
def opened(place: str, stdin: BinaryIO | None = None) -> Iterator[list[Source]]:
    """The files of a history, in the order of their names; nothing is unpacked to a path.

    Args:
        place: a path; "-" for what comes by `stdin`.
        stdin: the stream of standard input.

    Raises:
        BadInput: there is nothing, it cannot be read, or it is larger than a history may be.
    """
    if place != "-":
        yield _sources(typed_path(place))
        return
    assert stdin is not None
    with tempfile.TemporaryDirectory(prefix="recagent-") as folder:
        path = _spool(stdin, Path(folder))
        if path.suffix == ".zip":
            yield _members(path, "-")
        else:
            yield [Source(_Named(path, told="-"), "-", "stdin" + path.suffix)]


def _sources(path: Path) -> list[Source]:
    if os.path.isdir(path):
        return _in_folder(path)
    require_regular(path)
    _check_size(path.stat().st_size, str(path))
    if zipfile.is_zipfile(path):
        return _members(path, str(path))
    return [Source(SourceFile(path), str(path), path.name.lower())]


def _in_folder(folder: Path) -> list[Source]:
    found: list[Source] = []
    total = 0
    for here, folders, files in os.walk(folder):
        inner = Path(here).relative_to(folder)
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        if len(inner.parts) >= _DEPTH:
            folders.clear()
        for name in sorted(files):
            path = Path(here) / name
            if not _is_table(name) or not stat.S_ISREG(path.lstat().st_mode):
                continue  # no links: they may lead anywhere
            total += path.stat().st_size
            found.append(Source(SourceFile(path), str(path), str(inner / name).lower()))
            _check_count(len(found), total, str(folder))
    if not found:
        raise BadInput(
            "no table in this folder", path=folder, hint=f"looked for {', '.join(_ENDINGS)}"
        )
    return found


def _members(path: Path, told: str) -> list[Source]:
    """The tables in an archive. They are read through it and never unpacked to a path."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise BadInput(f"damaged or no zip archive: {clean(str(error), 160)}", path=told) from error
    kept = []
    total = 0
    for info in sorted(infos, key=lambda info: info.filename):
        inside = info.filename.replace("\\", "/").lower()
        if not _is_table(inside.rsplit("/", 1)[-1]) or "__macosx/" in inside:
            continue
        total += info.file_size
        name = f"{told}!{clean(info.filename, 120)}"
        kept.append(Source(_Named(path, info.filename, told=name), name, inside))
        _check_count(len(kept), total, told)
    if not kept:
        raise BadInput(
            "no table in this archive", path=told, hint=f"looked for {', '.join(_ENDINGS)}"
        )
    return kept


def _is_table(name: str) -> bool:
    base = name.lower().removesuffix(".gz")
    return base.endswith(_ENDINGS) and not base.startswith((*_PAPERS, "."))


def _check_count(count: int, total: int, told: str) -> None:
    if count > MAX_FILES:
        raise BadInput(
            f"more than {MAX_FILES} tables", path=told, hint="name the file that holds your history"
        )
    _check_size(total, told)


def _check_size(size: int, told: str) -> None:
    if size > MAX_BYTES:
        raise BadInput(
            f"{size >> 20} MB, a history may have {MAX_BYTES >> 20} MB",
            path=told,
            hint="is it one person's history? cut it into parts, each is added to the last",
        )


def check_unpacked(source: Source) -> None:
    """Check the size of a file as it is unpacked, whatever the archive says of it.

    Raises:
        BadInput: it is larger than a history may be, or cannot be read.
    """
    _check_size(source.file.facts.size, source.name)


def _spool(stream: BinaryIO, folder: Path) -> Path:
    """Write what comes by a pipe to a file, with the ending of what it is."""
    path = folder / "stdin"
    size = 0
    head = b""
    with path.open("wb") as out:
        while chunk := stream.read(_CHUNK):
            head = head or chunk[:64]
            size += len(chunk)
            _check_size(size, "-")
            out.write(chunk)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    ending = ".zip" if head.startswith(b"PK\x03\x04") else ".csv"
    if start[:1] in (b"{", b"["):
        ending = ".json"
    return path.rename(path.with_suffix(ending))
