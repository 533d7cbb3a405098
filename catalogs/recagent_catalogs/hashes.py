"""Hashes of many texts at once, and of the texts with one letter less; the same in every process.

A text's hash is a polynomial over its UTF-8 bytes modulo 2**64, mixed at the end. So the hash
without one byte follows from two sums, and a million texts take a second. Equal hashes of unlike
texts are as rare as chance makes them; whoever must be sure compares the texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]

_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 1 << 64)
_MIX = np.uint64(0xFF51AFD7ED558CCD)
_HALF = np.uint64(33)
_POWERS = 512
"""Longer texts use the powers again: that makes their hashes no less distinct in practice."""


def _running(base: int, count: int) -> Hashes:
    powers = np.full(count, base, dtype=np.uint64)
    powers[:1] = 1
    return np.cumprod(powers, dtype=np.uint64)


_TABLE = _running(_BASE, _POWERS)


def block_of(texts: Sequence[str]) -> tuple[Bytes, Places]:
    """Texts (without line breaks) as one block of bytes, each ended by a line break; their ends."""
    block = np.frombuffer(("\n".join(texts) + "\n").encode("utf-8", "replace"), dtype=np.uint8)
    return block, np.flatnonzero(block == 10)[: len(texts)]


def _terms(block: Bytes, ends: Places) -> tuple[Hashes, Places]:
    """Each byte's term of its text's sum (0 for the bytes between texts), and the texts' starts."""
    starts = np.empty_like(ends)
    starts[:1] = 0
    starts[1:] = ends[:-1] + 1
    place = np.arange(len(block)) - np.repeat(starts, ends - starts + 1)
    terms: Hashes = (block.astype(np.uint64) + np.uint64(1)) * _TABLE[place % _POWERS]
    terms[ends] = 0
    return terms, starts


def _mixed(sums: Hashes) -> Hashes:
    found: Hashes = (sums ^ (sums >> _HALF)) * _MIX
    return found ^ (found >> _HALF)


def hash_block(block: Bytes, ends: Places) -> Hashes:
    """The hash of each text of a block; `ends` is where each one's closing byte stands.

    The last of them must be the block's last byte.
    """
    if not len(ends):
        return np.empty(0, dtype=np.uint64)
    terms, starts = _terms(block, ends)
    return _mixed(np.add.reduceat(terms, starts))


def hash_texts(texts: Sequence[str]) -> Hashes:
    """The hash of each text."""
    return hash_block(*block_of(texts)) if texts else np.empty(0, dtype=np.uint64)


def hash_deletes(block: Bytes, ends: Places) -> tuple[Hashes, NDArray[np.int32]]:
    """The hashes of the texts with one byte left out, and the number of the text of each."""
    if not len(ends):
        return np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int32)
    terms, starts = _terms(block, ends)
    sums = np.cumsum(terms, dtype=np.uint64)
    before = np.concatenate((np.zeros(1, dtype=np.uint64), sums))
    owner = np.repeat(np.arange(len(ends), dtype=np.int32), ends - starts + 1)
    kept = np.ones(len(block), dtype=bool)
    kept[ends] = False
    at, owner = np.flatnonzero(kept), owner[kept]
    head = before[at] - before[starts[owner]]
    tail = (before[ends[owner]] - before[at + 1]) * np.uint64(_INVERSE)
    return _mixed(head + tail), owner


def hash_stretches(
    words: Sequence[str], longest: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], Hashes]:
    """The hashes of all stretches of up to `longest` words, one space between them.

    Returns:
        Number of the first word, number after the last one, hash; the longest first of each start.
    """
    n = len(words)
    block, _ = block_of([" ".join(words)])
    sizes = np.fromiter((len(w.encode("utf-8", "replace")) for w in words), np.int64, n)
    first = np.cumsum(sizes + 1) - sizes - 1
    lengths = np.minimum(longest, n - np.arange(n))
    starts = np.repeat(np.arange(n), lengths)
    within = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    ends = starts + np.repeat(lengths, lengths) - within
    terms = (block.astype(np.uint64) + np.uint64(1)) * _long_powers(_BASE, len(block))[: len(block)]
    before = np.concatenate((np.zeros(1, dtype=np.uint64), np.cumsum(terms, dtype=np.uint64)))
    sums = before[first[ends - 1] + sizes[ends - 1]] - before[first[starts]]
    return starts, ends, _mixed(sums * _long_powers(_INVERSE, len(block))[first[starts]])


_kept = lru_cache(maxsize=4)(_running)


def _long_powers(base: int, count: int) -> Hashes:
    return _kept(base, -(-count // 1024) * 1024)
