"""Arrays and lists of text on disk: `.npy` files without pickles, memory-mapped where that pays."""

from __future__ import annotations

import errno
import math
import mmap
import os
import stat
from collections.abc import Iterable
from io import BufferedReader
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .errors import BadInput

_MAPPED_FROM_BYTES = 1 << 16
"""Below this, reading a file is cheaper than mapping it (and an empty array cannot be mapped)."""

_ODD = (
    getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)  # opening a pipe without a writer would wait for ever


def save(directory: Path, name: str, array: NDArray[Any]) -> None:
    """Write `array` as `directory/name.npy`."""
    np.save(directory / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)


def load(directory: Path, name: str) -> NDArray[Any]:
    """Read what `save` wrote; large arrays come memory-mapped and read-only.

    Raises:
        BadInput: the file is missing, cut short, or no array.
    """
    path = directory / f"{name}.npy"
    try:
        return read_array(path)
    except (OSError, ValueError) as error:
        raise damaged(path) from error


def read_array(path: Path) -> NDArray[Any]:
    """The array of a `.npy` file; a large one comes memory-mapped and read-only.

    What the header says is believed only where the file is as long as that.

    Raises:
        OSError: it cannot be read, or is no regular file.
        ValueError: no npy file, or one of objects.
    """
    with open_regular(path) as file:
        shape, fortran, dtype = _header(file, path.name)
        begin, size = file.tell(), os.fstat(file.fileno()).st_size
        # Python's integers do not overflow: a product of large sizes stays large
        count = math.prod(shape)
        if dtype.hasobject or not dtype.itemsize or min(shape, default=1) < 0:
            raise ValueError(f"{path.name}: no array of plain values")
        if count * dtype.itemsize != size - begin:
            raise ValueError(f"{path.name}: its header and its length do not agree")
        order: Literal["F", "C"] = "F" if fortran else "C"
        if size >= _MAPPED_FROM_BYTES and count:
            # a plain view: np.memmap's own slicing costs microseconds on every access
            return np.asarray(np.memmap(file, dtype, "r", begin, shape, order))
        read = np.frombuffer(bytearray(file.read()), dtype=dtype, count=count)
        return read.reshape(shape, order=order)


def _header(file: BufferedReader, name: str) -> tuple[tuple[int, ...], bool, Any]:
    """Shape, order and type that a `.npy` file says it has."""
    try:
        version = np.lib.format.read_magic(file)
        if version not in ((1, 0), (2, 0)):
            raise ValueError("another version")
        if version == (1, 0):
            return np.lib.format.read_array_header_1_0(file)
        return np.lib.format.read_array_header_2_0(file)
    except Exception as error:  # numpy reads it as Python: tokenizer's errors and others come too
        raise ValueError(f"{name}: no array") from error


def open_regular(path: Path) -> BufferedReader:
    """Open a file to be read; a pipe, a device or a directory is refused and never waited for.

    Raises:
        OSError: it cannot be opened, or is no regular file.
    """
    handle = os.open(path, os.O_RDONLY | _ODD)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "no regular file", str(path))
    return open(handle, "rb")


def load_list(directory: Path, name: str, kinds: str) -> NDArray[Any]:
    """Read an array of one dimension whose numbers are of one of the kinds ("iu": whole).

    Raises:
        BadInput: the file is missing or damaged, or holds something else.
    """
    array = load(directory, name)
    if array.ndim != 1 or array.dtype.kind not in kinds:
        raise damaged(directory / f"{name}.npy")
    return array


def exists(directory: Path, name: str) -> bool:
    """Whether `save` wrote an array of that name."""
    return (directory / f"{name}.npy").is_file()


def release(array: NDArray[Any]) -> None:
    """Let go of the memory of a mapped array; what is needed again is read again from the file."""
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)


def save_texts(directory: Path, name: str, texts: Iterable[str]) -> None:
    """Write texts without line breaks as one UTF-8 block: a list of 100,000 reads in 3 ms."""
    block = "\n".join(texts).encode("utf-8", "replace")
    save(directory, name, np.frombuffer(block, dtype=np.uint8))


def damaged(path: Path) -> BadInput:
    """The error for a file of a catalog that cannot be read."""
    return BadInput(
        "missing or damaged", path=path, hint="add the catalog again from its source files"
    )
