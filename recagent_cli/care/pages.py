"""Rows carved out of the pages of a SQLite file, whatever became of the pages that lead to them.

Each page of a table is looked at by itself, as in
https://www.sqlite.org/fileformat2.html#b_tree_pages. What is found proves itself by the checksum of
its row. Deleted rows are not found: the store overwrites them (`secure_delete`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

TABLE_LEAF, INDEX_LEAF, INDEX_INTERIOR = 0x0D, 0x0A, 0x02
_SIZES = (0, 1, 2, 3, 4, 6, 8)
_MOST_CELLS = 20_000


@dataclass(frozen=True)
class Record:
    """A record as it is stored.

    Attributes:
        number: the row's; None in an index or a table without.
        values: of its columns, in the order they are stored.
    """

    number: int | None
    values: tuple[Any, ...]


def page_size_of(data: bytes, told: int = 0) -> int:
    """Bytes of a page by the file's header; where that is damaged as `told`, else the usual."""
    if len(data) >= 18:
        size = int.from_bytes(data[16:18], "big")
        size = 65536 if size == 1 else size
        if size >= 512 and not size & (size - 1):
            return size
    return told or 4096


def records(data: bytes, page_size: int) -> Iterator[Record]:
    """All records that can be read of all pages of tables and indexes."""
    for begin in range(0, len(data), page_size):
        page = data[begin : begin + page_size]
        head = 100 if begin == 0 else 0
        if len(page) < head + 8:
            continue
        kind = page[head]
        if kind in (TABLE_LEAF, INDEX_LEAF, INDEX_INTERIOR):
            yield from _cells(data, page, head, kind, page_size)


def _cells(data: bytes, page: bytes, head: int, kind: int, size: int) -> Iterator[Record]:
    count = min(int.from_bytes(page[head + 3 : head + 5], "big"), _MOST_CELLS)
    pointers = head + (12 if kind == INDEX_INTERIOR else 8)
    for place in range(count):
        at = int.from_bytes(page[pointers + 2 * place : pointers + 2 * place + 2], "big")
        try:
            yield _cell(data, page, at + 4 * (kind == INDEX_INTERIOR), kind, size)
        except (IndexError, ValueError, struct.error, OverflowError):
            continue  # this one is damaged; the others may be whole


def _cell(data: bytes, page: bytes, at: int, kind: int, size: int) -> Record:
    length, at = _varint(page, at)
    number = None
    if kind == TABLE_LEAF:
        number, at = _varint(page, at)
        number -= (1 << 64) * (number >= 1 << 63)
        most = size - 35
    else:
        most = (size - 12) * 64 // 255 - 23
    if length > len(data):
        raise ValueError("longer than the file")
    if length <= most:
        return Record(number, _values(page[at : at + length], length))
    least = (size - 12) * 32 // 255 - 23
    here = least + (length - least) % (size - 4)
    here = here if here <= most else least
    payload = page[at : at + here]
    follow = int.from_bytes(page[at + here : at + here + 4], "big")
    return Record(number, _values(_followed(data, payload, follow, length, size), length))


def _followed(data: bytes, payload: bytes, page: int, length: int, size: int) -> bytes:
    """The payload with what overflowed onto further pages."""
    parts, held = [payload], len(payload)
    while held < length:
        begin = (page - 1) * size
        if page < 1 or begin + size > len(data):
            raise ValueError("the pages that follow are not there")
        part = data[begin + 4 : begin + size][: length - held]
        parts.append(part)
        held += len(part)
        page = int.from_bytes(data[begin : begin + 4], "big")
    return b"".join(parts)


def _values(payload: bytes, length: int) -> tuple[Any, ...]:
    if len(payload) != length:
        raise ValueError("cut")
    end, at = _varint(payload, 0)
    if end > length:
        raise ValueError("a head longer than the record")
    types = []
    while at < end:
        one, at = _varint(payload, at)
        types.append(one)
    values = []
    for one in types:
        value, at = _value(payload, at, one)
        values.append(value)
    if at != length:
        raise ValueError("another length than the types say")
    return tuple(values)


def _value(payload: bytes, at: int, kind: int) -> tuple[Any, int]:
    if kind in (0, 8, 9):
        return {0: None, 8: 0, 9: 1}[kind], at
    if kind == 7:
        return struct.unpack(">d", payload[at : at + 8])[0], at + 8
    if kind < 7:
        end = at + _SIZES[kind]
        return int.from_bytes(payload[at:end], "big", signed=True), end
    if kind < 12:
        raise ValueError("no such type")
    end = at + (kind - 12) // 2
    raw = payload[at:end]
    return (raw.decode("utf-8", "surrogateescape") if kind % 2 else raw), end


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(9):
        byte = data[at + place]
        if place == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + place + 1
    raise ValueError
