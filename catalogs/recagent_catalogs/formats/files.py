"""Files from strangers: regular files only, decompression capped, one decision on the encoding."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, cast

from ..errors import BadInput
from ..text import clean

MAX_BYTES = 2 << 30
"""A file may unpack to 2 GB,"""
MAX_RATIO = 200
"""or to 200 times its packed size,"""
FREE_BYTES = 8 << 20
"""past the first 8 MB, where a high ratio is harmless."""
MAX_LITERAL = 1 << 20
"""Characters of a Python literal; Python's parser takes several hundred times their size."""
_CHUNK = 1 << 20
WIDE = ("utf-16", "utf-32")
"""Encodings in which text is full of NUL bytes."""


def require_regular(path: Path) -> Path:
    """Check that `path` is a regular file that can be read; links are followed.

    Raises:
        BadInput: missing (with near names), a folder, a pipe or device, or not readable.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise no_such_file(path) from None
    except (OSError, ValueError) as error:
        raise BadInput(f"cannot be read: {getattr(error, 'strerror', error)}", path=path) from None
    if stat.S_ISDIR(mode):
        raise BadInput("is a folder, a file is needed", path=path)
    if not stat.S_ISREG(mode):
        # Opening a pipe without a writer would wait for ever.
        raise BadInput("is no regular file (a pipe or a device?)", path=path)
    try:
        path.open("rb").close()
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", path=path) from None
    return path


def no_such_file(path: Path) -> BadInput:
    """What to say of a path at which nothing stands: near names, or where a link leads."""
    try:
        aim = os.readlink(path)
    except (OSError, ValueError):
        return BadInput("no such file or folder", path=path, hint=_near_names(path))
    return BadInput(f"a link to {clean(aim, 200)!r}, where nothing stands", path=path)


def _near_names(path: Path) -> str:
    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return "check the path"
    near = get_close_matches(path.name, names, n=3, cutoff=0.6)
    told = " or ".join(clean(name, 100) for name in near)
    return f"did you mean {told}?" if near else "check the path"


@dataclass(frozen=True)
class SourceFile:
    """A file to read: a path, or a member of a zip archive.

    Attributes:
        path: the file on disk.
        member: its name inside the archive `path`, or "".
    """

    path: Path
    member: str = ""

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{self.path}!{self.member}" if self.member else str(self.path)

    @property
    def base(self) -> str:
        """The file name in lower case, without folders and without `.gz`."""
        name = self.member.rsplit("/", 1)[-1] or self.path.name
        return name.lower().removesuffix(".gz")

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open for reading bytes, unpacked.

        Raises:
            BadInput: not readable, not in the packed format its name says, cut short, or unpacking
                to more than the caps allow.
        """
        require_regular(self.path)
        try:
            with self._raw() as (stream, packed):
                capped = _Capped(stream, packed, self.name)
                yield cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, capped), _CHUNK))
        except (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise BadInput(f"damaged or not a packed file: {error}", path=self.name) from error
        except OSError as error:
            raise BadInput(f"cannot be read: {error.strerror or error}", path=self.name) from error

    @contextmanager
    def _raw(self) -> Iterator[tuple[BinaryIO, int]]:
        if self.member:
            with zipfile.ZipFile(self.path) as archive:
                info = archive.getinfo(self.member)
                if info.flag_bits & 1:
                    raise BadInput("encrypted", path=self.name, hint="unpack it first")
                try:
                    member = archive.open(info)
                except NotImplementedError as error:
                    raise BadInput(f"cannot be unpacked: {error}", path=self.name) from error
                with member:
                    yield member, info.compress_size  # type: ignore[misc]
        elif self.path.name.lower().endswith(".gz"):
            with gzip.open(self.path, "rb") as inside:
                yield inside, self.path.stat().st_size  # type: ignore[misc]
        elif not self.path.stat().st_size:
            yield io.BytesIO(), 0  # what /proc calls a file may wait for ever
        else:
            with self.path.open("rb") as inside:
                yield inside, 0

    @cached_property
    def facts(self) -> TextFacts:
        """Encoding and line ends, from one pass over the bytes."""
        with self.open() as stream:
            return _inspect(stream)


class _Capped(io.RawIOBase):
    """Counts what is unpacked and stops at the caps."""

    def __init__(self, stream: BinaryIO, packed: int, name: str) -> None:
        self._stream, self._packed, self._name = stream, packed, name
        self._read = 0
        self._lines = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer))
        self._read += len(data)
        bomb = self._packed and self._read > max(FREE_BYTES, self._packed * MAX_RATIO)
        if bomb or self._read > MAX_BYTES:
            raise BadInput(
                f"{'unpacks to' if self._packed else 'has'} more than {self._read >> 20} MB",
                path=self._name, line=self._lines + 1,
                hint="a packed file may grow to 2 GB and to 200 times its size" if self._packed
                else "2 GB are read at most: leave columns out that are not needed, or write "
                "Parquet",
            )  # fmt: skip
        self._lines += data.count(b"\n")
        buffer[: len(data)] = data
        return len(data)


@dataclass(frozen=True)
class TextFacts:
    """What one pass over the bytes of a text file tells.

    Attributes:
        encoding: a codec's name; "utf-8-sig" where there is a byte order mark. "utf-8" with a
            `bad_line` is UTF-8 in which single bytes are damaged.
        bad_line: first line that is not UTF-8, or None.
        bad_at: place of the first such byte in its line.
        nul_line: first line with a NUL byte, or None.
        lines: number of lines, the unfinished last one included.
        finished: whether the last line has its line end.
        mixed_ends: whether both CRLF and bare LF (or CR) end lines.
        size: bytes, unpacked.
        head: the first 4,096 bytes.
    """

    encoding: str
    bad_line: int | None
    bad_at: int
    nul_line: int | None
    lines: int
    finished: bool
    mixed_ends: bool
    size: int
    head: bytes


def _inspect(stream: BinaryIO) -> TextFacts:
    head = b""
    size = newlines = returns = crlf = bad_at = 0
    bad_line = nul_line = None
    cp1252, damaged = True, False
    last = b""
    decoder = codecs.getincrementaldecoder("utf-8")()
    while chunk := stream.read(_CHUNK):
        head = head or chunk[:4096]
        if nul_line is None and (at := chunk.find(b"\0")) >= 0:
            nul_line = newlines + chunk.count(b"\n", 0, at) + 1
        if bad_line is None:
            bad_line, bad_at = _bad_line(decoder, chunk, newlines)
            damaged = bad_line is not None and _mostly_utf8(chunk)
        if bad_line is not None and cp1252:
            cp1252 = not any(
                byte in chunk for byte in (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d")
            )
        newlines += chunk.count(b"\n")
        returns += chunk.count(b"\r")
        crlf += chunk.count(b"\r\n") + (last == b"\r" and chunk[:1] == b"\n")
        size += len(chunk)
        last = chunk[-1:]
    if bad_line is None and decoder.getstate()[0]:
        bad_line, damaged = newlines + 1, _mostly_utf8(head)
    encoding = _encoding(head, bad_line, cp1252, damaged)
    if encoding.startswith(WIDE):
        bad_line = nul_line = None
    ends = newlines + returns - crlf
    finished = last in (b"\n", b"\r") or size == 0
    kinds = (crlf > 0) + (newlines > crlf) + (returns > crlf)
    return TextFacts(
        encoding, bad_line, bad_at, nul_line, ends + (not finished), finished, kinds > 1, size,
        head,
    )  # fmt: skip


def _bad_line(
    decoder: codecs.IncrementalDecoder, chunk: bytes, lines_before: int
) -> tuple[int | None, int]:
    try:
        decoder.decode(chunk)
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        return lines_before + before.count(b"\n") + 1, len(before) - before.rfind(b"\n") - 1
    return None, 0


def _mostly_utf8(chunk: bytes) -> bool:
    """Whether there are more good characters past ASCII than bad bytes: UTF-8 that is damaged."""
    text = chunk.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    return len(text) - len(text.encode("ascii", "ignore")) - bad > bad


def _encoding(head: bytes, bad_line: int | None, cp1252: bool, damaged: bool) -> str:
    if wide := _wide(head):
        return wide
    if bad_line is not None and not damaged:
        return "cp1252" if cp1252 else "latin-1"
    return "utf-8-sig" if head.startswith(codecs.BOM_UTF8) else "utf-8"


def _wide(head: bytes) -> str:
    """UTF-16 or UTF-32, by its mark or by where its NUL bytes stand; "" for anything else."""
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # In text that is mostly ASCII every byte of a character but one is NUL.
    for name, width, letter in (
        ("utf-32-le", 4, 0), ("utf-32-be", 4, 3), ("utf-16-le", 2, 0), ("utf-16-be", 2, 1),
    ):  # fmt: skip
        empty = [head[place::width].count(0) for place in range(width)]
        least = len(head) // width * 0.7
        if least > 2 and not empty.pop(letter) and min(empty) >= least:
            return name
    return ""
