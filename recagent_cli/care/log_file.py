"""The write-ahead log of the store as it lies on disk, read without SQLite.

SQLite takes the frames up to the first whose checksum fails and drops the rest without a word, as
they might be of a write that was cut. What was acknowledged before a byte flipped is lost so. The
format is that of https://www.sqlite.org/fileformat2.html#the_write_ahead_log.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

HEADER, FRAME = 32, 24
_MAGIC = 0x377F0682
_M = 0xFFFFFFFF


@dataclass(frozen=True)
class Frame:
    """One page in the log.

    Attributes:
        page: its number, from 1.
        committed: pages of the file after the transaction that ends here; 0 within one.
        begin: where its bytes begin in the log.
    """

    page: int
    committed: int
    begin: int


@dataclass(frozen=True)
class LogFile:
    """The frames of a log.

    Attributes:
        page_size: bytes of a page; 0 where the header is damaged.
        frames: those whose checksums hold, up to the last that ends a transaction.
        lost: further ones of the same log, which SQLite drops, in order.
        damaged: what is wrong; "" where nothing is, or where the last write was only cut.
    """

    page_size: int
    frames: tuple[Frame, ...] = ()
    lost: tuple[Frame, ...] = ()
    damaged: str = ""


def read_log(data: bytes) -> LogFile:
    """The frames of a log and whether its checksums hold."""
    if len(data) < HEADER:
        return LogFile(0)
    magic, _, size, _, salt, _, *sums = struct.unpack(">8I", data[:HEADER])
    order = ">" if magic & 1 else "<"
    if magic | 1 != _MAGIC | 1 or _sums(data[:FRAME], order, (0, 0)) != tuple(sums):
        held = len(data) > HEADER
        return LogFile(0, damaged="the header of the log is damaged" if held else "")
    if size < 512 or size & (size - 1) or size > 65536:
        return LogFile(0, damaged="the header of the log is damaged")
    return _frames(data, size, salt, order, (sums[0], sums[1]))


def _frames(data: bytes, size: int, salt: int, order: str, sums: tuple[int, int]) -> LogFile:
    good: list[Frame] = []
    rest: list[Frame] = []
    wanted = data[16:24]
    for begin in range(HEADER, len(data) - FRAME - size + 1, FRAME + size):
        page, committed, first, _, *told = struct.unpack(">6I", data[begin : begin + FRAME])
        frame = Frame(page, committed, begin + FRAME)
        head = data[begin : begin + FRAME]
        if not rest:
            sums = _sums(head[:8] + data[begin + FRAME : begin + FRAME + size], order, sums)
            if sums == tuple(told) and page:
                # They hold from the frames before on: it is of this log. If its salts, of which
                # there is no sum, say otherwise, they are damaged.
                (good if head[8:16] == wanted else rest).append(frame)
                continue
        # Behind the end lie frames of the log before, under other salts: the first counts up.
        if (salt - first) & _M == 0 or (salt - first) & _M > 1_000_000:
            rest.append(frame)
        elif not rest:
            break
    ends = [n for n, frame in enumerate(good, start=1) if frame.committed]
    kept = good[: ends[-1]] if ends else []
    if not any(frame.committed for frame in rest):
        return LogFile(size, tuple(kept))
    while not rest[-1].committed:
        rest.pop()
    cut = tuple(good[len(kept) :] + rest)
    text = f"page {len(good) + 1} of the log is damaged: what was written last is not read"
    return LogFile(size, tuple(kept), cut, text)


def _sums(data: bytes, order: str, sums: tuple[int, int]) -> tuple[int, int]:
    a, b = sums
    words = iter(struct.unpack(f"{order}{len(data) // 4}I", data))
    for x, y in zip(words, words, strict=True):
        a = (a + x + b) & _M
        b = (b + y + a) & _M
    return a, b


def replayed(data: bytes, log: bytes, frames: tuple[Frame, ...], page_size: int) -> bytes:
    """The file of the store with these pages of its log put in place."""
    pages = bytearray(data)
    most = len(data) + len(log)
    for frame in frames:
        at = (frame.page - 1) * page_size
        if not 0 <= at <= most:
            continue  # the number of the page is what was damaged
        if len(pages) < at + page_size:
            pages.extend(bytes(at + page_size - len(pages)))
        pages[at : at + page_size] = log[frame.begin : frame.begin + page_size]
    return bytes(pages)
