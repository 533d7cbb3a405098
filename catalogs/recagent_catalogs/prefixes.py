"""Very many texts by their first letters: sorted once, searched by halves."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import arrays
from .textblock import TextBlock

_WORD = 8
"""Bytes that are compared as one number."""
_WORDS = 3


class Prefixes:
    """Finds the texts of a block that begin with some bytes, without a look at the others.

    Attributes:
        texts: the block.
        begins: int64 [entries]: where each entry begins in the block, sorted by its bytes.
        numbers: int32 [entries]: the text that each entry belongs to.
    """

    def __init__(
        self, texts: TextBlock, begins: NDArray[np.int64], numbers: NDArray[np.int32]
    ) -> None:
        self.texts = texts
        self.begins = begins
        self.numbers = numbers

    @classmethod
    def of(cls, texts: TextBlock, *, last_words: bool = False) -> Prefixes:
        """Sort the texts.

        Args:
            texts: folded texts.
            last_words: whether a text is found by its last word too, as people are by surnames.
        """
        begins, numbers = _begins(texts), np.arange(len(texts), dtype=np.int32)
        if last_words:
            spaces = np.flatnonzero(texts.block == 32)
            owner = np.searchsorted(texts.ends, spaces).astype(np.int32)
            last = np.append(owner[1:] != owner[:-1], True)[: len(owner)]
            begins = np.concatenate([begins, spaces[last] + 1])
            numbers = np.concatenate([numbers, owner[last]])
        order = _sorted(texts, begins, numbers)
        return cls(texts, begins[order], numbers[order])

    @classmethod
    def load(cls, directory: Path, name: str, texts: TextBlock) -> Prefixes:
        """Open what `save` wrote; sorts anew where a catalog of an earlier release has none.

        Raises:
            BadInput: the file does not fit the texts.
        """
        if not arrays.exists(directory, name):
            return cls.of(texts)
        numbers = arrays.load_list(directory, name, "iu")
        if (
            len(numbers) != len(texts)
            or len(numbers)
            and not (0 <= numbers.min() <= numbers.max() < len(texts))
        ):
            raise arrays.damaged(directory / f"{name}.npy")
        return cls(texts, _begins(texts)[numbers], numbers)

    def save(self, directory: Path, name: str) -> None:
        """Write the order of the texts, which were sorted without their last words."""
        arrays.save(directory, name, self.numbers)

    def beginning(self, prefix: str) -> NDArray[np.int32]:
        """The numbers of the texts that begin so, in the order of their bytes; a view.

        A text that is found by its beginning and by its last word stands there twice.
        """
        wanted = prefix.encode("utf-8", "replace")
        size = len(wanted)

        def head(place: int) -> bytes:
            begin = int(self.begins[place])
            end = min(int(self.texts.ends[self.numbers[place]]), begin + size)
            return self.texts.block[begin:end].tobytes()

        places = range(len(self.begins))
        low = bisect_left(places, wanted, key=head)
        return self.numbers[low : bisect_right(places, wanted, lo=low, key=head)]


def _begins(texts: TextBlock) -> NDArray[np.int64]:
    begins = np.zeros(len(texts), dtype=np.int64)
    begins[1:] = texts.ends[:-1] + 1
    return begins


def _sorted(
    texts: TextBlock, begins: NDArray[np.int64], numbers: NDArray[np.int32]
) -> NDArray[np.int64]:
    """The entries in the order of their bytes: by numbers made of the first ones, ties one by one.

    Equal texts stay in the order of their numbers.
    """
    if not len(begins):
        return np.empty(0, dtype=np.int64)
    ends = texts.ends[numbers]
    keys: list[NDArray[Any]] = []
    for place in range(_WORDS):
        keys.append(_key(texts.block, begins + _WORD * place, ends))
    order: NDArray[np.int64] = np.lexsort([numbers, *keys[::-1]])
    long = ends - begins > _WORD * _WORDS
    if not long.any():
        return order
    same = np.ones(len(order) - 1, dtype=bool)
    for key in keys:
        same &= key[order[1:]] == key[order[:-1]]
    tied = np.flatnonzero(np.diff(np.concatenate([[False], same, [False]]).astype(np.int8)))
    for first, last in zip(tied[::2].tolist(), (tied[1::2] + 1).tolist(), strict=True):
        run = order[first:last]
        if long[run].any():
            order[first:last] = sorted(run.tolist(), key=_rest(texts, begins, ends))
    return order


def _rest(texts: TextBlock, begins: NDArray[np.int64], ends: NDArray[np.int64]) -> Any:
    def rest(entry: int) -> bytes:
        return texts.block[begins[entry] + _WORD * _WORDS : ends[entry]].tobytes()

    return rest


def _key(
    block: NDArray[np.uint8], begins: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """The next eight bytes of each text as one number, zeros behind its end."""
    key = np.zeros(len(begins), dtype=np.uint64)
    for place in range(_WORD):
        at = begins + place
        inside = at < ends
        byte = np.where(inside, block[np.minimum(at, len(block) - 1)], 0)
        key = (key << np.uint64(8)) | byte.astype(np.uint64)
    return key
