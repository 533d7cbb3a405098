"""Very many short texts in one block of bytes on disk, read one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import arrays
from .hashes import Bytes, Hashes, Places, hash_block

_AT_ONCE = 200_000


class TextBlock:
    """Texts by number, without making strings of those that nobody asks for.

    Attributes:
        block: the bytes, texts divided (and the last one ended) by line breaks.
        ends: where each text ends.
        path: of the file, for the error where it is damaged.
    """

    def __init__(self, block: Bytes, ends: Places, path: Path = Path()) -> None:
        self.block = block
        self.ends = ends
        self.path = path

    @classmethod
    def of(cls, texts: Sequence[str]) -> TextBlock:
        """The block of texts that hold no line breaks."""
        joined = "\n".join(texts) + "\n" if texts else ""
        return cls.of_bytes(joined.encode("utf-8", "replace"))

    @classmethod
    def of_bytes(cls, data: bytes | bytearray) -> TextBlock:
        """The block of texts each of which is ended by a line break."""
        block = np.frombuffer(data, dtype=np.uint8)
        return cls(block, np.flatnonzero(block == 10))

    @classmethod
    def load(cls, directory: Path, name: str, count: int) -> TextBlock:
        """Open the texts that `save` (or `arrays.save_texts`) wrote.

        Raises:
            BadInput: the file is missing or damaged, or holds another number of texts.
        """
        path = directory / f"{name}.npy"
        block = arrays.load_list(directory, name, "u")
        if block.dtype != np.uint8:
            raise arrays.damaged(path)
        if count and (not len(block) or block[-1] != 10):
            block = np.append(block, np.uint8(10))  # written by `arrays.save_texts`
        if arrays.exists(directory, f"{name}.ends"):
            ends = arrays.load_list(directory, f"{name}.ends", "iu")
        else:
            ends = np.flatnonzero(block == 10)
        if len(ends) != count or count and ends[-1] != len(block) - 1:
            raise arrays.damaged(path)
        return cls(block, ends, path)

    def save(self, directory: Path, name: str) -> None:
        """Write the block and where its texts end."""
        arrays.save(directory, name, self.block)
        arrays.save(directory, f"{name}.ends", self.ends.astype(np.int64, copy=False))

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, number: int) -> str:
        if not 0 <= number < len(self.ends):
            raise arrays.damaged(self.path)  # so says another file of the catalog
        start = self.ends[number - 1] + 1 if number else 0
        return self._read(self.block[start : self.ends[number]])

    def many(self, numbers: Iterable[int]) -> list[str]:
        """The texts of those numbers."""
        return [self[number] for number in numbers]

    def sizes(self, numbers: NDArray[np.int32]) -> NDArray[np.int64]:
        """The bytes of the texts of those numbers."""
        before = np.where(numbers > 0, self.ends[numbers - 1], -1)
        sizes: NDArray[np.int64] = self.ends[numbers] - before - 1
        return sizes

    def hashes(self) -> Hashes:
        """The hash of each text."""
        found = np.empty(len(self), dtype=np.uint64)
        for begin in range(0, len(self), _AT_ONCE):
            ends = self.ends[begin : begin + _AT_ONCE]
            first = int(self.ends[begin - 1]) + 1 if begin else 0
            piece = self.block[first : int(ends[-1]) + 1]
            found[begin : begin + len(ends)] = hash_block(piece, ends - first)
        return found

    def all(self) -> list[str]:
        """All texts as strings."""
        return self._read(self.block).split("\n")[: len(self)]

    def _read(self, block: Bytes) -> str:
        try:
            return block.tobytes().decode("utf-8")
        except UnicodeDecodeError as error:
            raise arrays.damaged(self.path) from error
